package openid

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"

	"portico/app/userflow"
)

// Transform is a simple change of a value on its way into a token.
type Transform string

const (
	Lowercase      Transform = "lowercase"
	Uppercase      Transform = "uppercase"
	EmailLocalPart Transform = "emailLocalPart" // before the @; a text without one stays as it is
	EmailDomain    Transform = "emailDomain"    // after the @; a text without one has none
	Join           Transform = "join"           // two attributes with a separator; what is missing is left out with its separator
	YesNo          Transform = "yesNo"          // true and false as "yes" and "no"
)

// Transforms lists them in the order in which an admin is offered them.
func Transforms() []Transform {
	return []Transform{Lowercase, Uppercase, EmailLocalPart, EmailDomain, Join, YesNo}
}

// BuiltinAttribute is an attribute that every person may have, by Graph's name.
type BuiltinAttribute struct {
	ID, Label, Example string
}

// BuiltinAttributes are what a claim can be made from besides the tenant's custom attributes, in the order
// in which an admin is offered them. The examples are those of a pretend customer (Sample).
func BuiltinAttributes() []BuiltinAttribute {
	return []BuiltinAttribute{
		{"displayName", "Display name", "Mia Sample"}, {"givenName", "Given name", "Mia"}, {"surname", "Surname", "Sample"},
		{"mail", "Email address", "mia.sample@example.com"}, {"userName", "User name", "mia"},
		{"userPrincipalName", "What they sign in with", "mia.sample@example.com"},
		{"jobTitle", "Job title", "Gardener"}, {"streetAddress", "Street address", "1 Sample Street"}, {"postalCode", "Postal code", "10115"},
		{"city", "City", "Berlin"}, {"state", "State or province", "Berlin"}, {"country", "Country or region", "DE"},
		{"mobilePhone", "Mobile phone", "+4930123456"}, {"preferredLanguage", "Preferred language", "en"},
		{"createdDateTime", "Account made on", "2026-01-02T03:04:05Z"}, {"id", "Object ID", "00000000-0000-4000-8000-000000000001"},
	}
}

// attributeType is what an attribute holds; false = there is none of this id.
func attributeType(id string, definitions map[string]userflow.Definition) (userflow.DataType, bool) {
	if _, ok := (User{}).builtin(id); ok {
		return userflow.String, true
	}
	d, ok := definitions[id]
	return d.DataType, ok
}

// builtin gives a built-in attribute by its Graph name ("" = the person has none); false = not built in.
func (u User) builtin(id string) (string, bool) {
	switch id {
	case "displayName":
		return u.Name, true
	case "givenName":
		return u.GivenName, true
	case "surname":
		return u.FamilyName, true
	case "mail", "email":
		return u.Email, true
	case "userName":
		return u.UserName, true
	case "userPrincipalName":
		return u.PreferredUsername, true
	case "jobTitle":
		return u.JobTitle, true
	case "streetAddress":
		return u.Street, true
	case "postalCode":
		return u.PostalCode, true
	case "city":
		return u.City, true
	case "state":
		return u.Region, true
	case "country":
		return u.Country, true
	case "mobilePhone":
		return u.Phone, true
	case "preferredLanguage":
		return u.Locale, true
	case "createdDateTime":
		if u.CreatedAt.IsZero() {
			return "", true
		}
		return u.CreatedAt.UTC().Format(time.RFC3339), true
	case "id":
		return u.ID, true
	}
	return "", false
}

// person gives the attributes of somebody; the custom ones are decoded when the first is asked for, so an
// app without such a claim pays nothing.
type person struct {
	User
	custom map[string]any
}

func (p *person) attribute(id string) (any, error) {
	if s, ok := p.builtin(id); ok {
		return present(s), nil
	}
	if p.custom == nil {
		p.custom = map[string]any{}
		if len(p.Attributes) > 0 {
			d := json.NewDecoder(bytes.NewReader(p.Attributes))
			d.UseNumber() // a whole number of 64 bits stays exact
			if err := d.Decode(&p.custom); err != nil {
				return nil, fmt.Errorf("openid: the attributes of user %s are not JSON: %w", p.ID, err)
			}
		}
	}
	switch v := p.custom[id].(type) {
	case string:
		return present(v), nil
	case bool, json.Number:
		return v, nil
	}
	return nil, nil
}

func present(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// value is the claim's value for a person: a string, a bool or a number; nil = leave the claim out.
func (m ClaimMapping) value(p *person) (any, error) {
	if m.Source == FromConstant {
		return m.Value, nil
	}
	if m.Source != FromUser {
		return nil, nil
	}
	first, err := p.attribute(m.ID)
	if err != nil {
		return nil, err
	}
	if m.Transform != Join {
		return m.Transform.apply(first), nil
	}
	second, err := p.attribute(m.SecondID)
	if err != nil {
		return nil, err
	}
	var parts []string
	for _, v := range []any{first, second} {
		if v != nil {
			parts = append(parts, asText(v))
		}
	}
	return present(strings.Join(parts, m.Separator)), nil
}

// apply changes a text, or a yes and no; what it does not suit stays as it is.
func (t Transform) apply(v any) any {
	if b, ok := v.(bool); ok && t == YesNo {
		if b {
			return "yes"
		}
		return "no"
	}
	s, ok := v.(string)
	if !ok {
		return v
	}
	at := strings.LastIndexByte(s, '@')
	switch t {
	case Lowercase:
		return cases.Lower(language.Und).String(s)
	case Uppercase:
		return cases.Upper(language.Und).String(s) // of whole texts: straße becomes STRASSE (Unicode Standard §3.13.2)
	case EmailLocalPart:
		if at >= 0 {
			return present(s[:at])
		}
	case EmailDomain:
		if at < 0 {
			return nil
		}
		return present(s[at+1:])
	}
	return s
}

func asText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	}
	return fmt.Sprint(v)
}

// mapped works out an app's own claims for a person; a claim without a value is there with nil, so that
// whoever lays them over others takes that one away.
func (c *Client) mapped(u User, base string) (map[string]any, error) {
	if c == nil || len(c.Claims) == 0 {
		return nil, nil
	}
	p := person{User: u}
	out := make(map[string]any, len(c.Claims))
	for _, m := range c.Claims {
		switch m.Source {
		case FromRoles:
			out[m.ClaimName()] = nil
			if roles := u.Member.roles(c, forPeople); len(roles) > 0 {
				out[m.ClaimName()] = roles
			}
			continue
		case FromGroups:
			out[m.ClaimName()] = nil
			sayGroups(out, m.ClaimName(), u.Member.Groups, m.ID == GroupNames, base, u.ID)
			continue
		case FromProvider:
			if u.Provided != nil && !ReservedClaim(m.Name) { // nil: nobody was asked, so nothing is said of it
				out[m.Name] = u.Provided[m.ID]
			}
			continue
		}
		v, err := m.value(&p)
		if err != nil {
			return nil, err
		}
		out[m.Name] = v
	}
	return out, nil
}

// under adds to mapped claims what they do not speak of.
func under(mapped, said map[string]any) map[string]any {
	if mapped == nil {
		return said
	}
	for name, v := range said {
		if have, ok := mapped[name]; !ok {
			mapped[name] = v
		} else {
			mapped[name] = both(have, v)
		}
	}
	return mapped
}

// both is the claim that wins; of where to ask for claims, each says its own.
func both(wins, other any) any {
	a, ok := wins.(map[string]string)
	b, too := other.(map[string]string)
	if !ok || !too {
		return wins
	}
	out := maps.Clone(b)
	maps.Copy(out, a)
	return out
}

// lay puts mapped claims over others: they win, also by their absence.
func lay(mapped, into map[string]any) {
	for name, v := range mapped {
		if v == nil {
			delete(into, name)
		} else {
			into[name] = both(v, into[name])
		}
	}
}
