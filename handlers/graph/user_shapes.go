package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"

	"portico/app/account"
	"portico/app/fault"
	"portico/app/userflow"
	"portico/handlers/graph/odata"
	"portico/models"
)

// passwordProfile is write-only as far as the password goes.
type passwordProfile struct {
	ForceChange        *bool   `json:"forceChangePasswordNextSignIn"`
	ForceChangeWithMFA *bool   `json:"forceChangePasswordNextSignInWithMfa"`
	Password           *string `json:"password"`
}

type objectIdentity struct {
	SignInType       string `json:"signInType"`
	Issuer           string `json:"issuer"`
	IssuerAssignedID string `json:"issuerAssignedId"`
}

// signInUPN mirrors userPrincipalName in identities; it is no way in of its own.
const signInUPN = "userPrincipalName"

func folded(s string) string { return strings.ToLower(norm.NFKC.String(strings.TrimSpace(s))) }

// foldIdentity is the compared form of an identity.
func foldIdentity(s string) string {
	if c, err := account.CanonicalEmail(s); err == nil {
		return c
	}
	if c, err := account.CanonicalUserName(s); err == nil {
		return c
	}
	return folded(s)
}

func (u *user) upn() any {
	if s, _ := u.Attributes[signInUPN].(string); s != "" {
		return s
	}
	if u.ID == "" || u.domain == "" {
		return nil
	}
	return u.ID + "@" + u.domain
}

// extra properties are Graph's, have no column, and are kept beside the custom attributes, whose names
// all begin with extension_.
func extraText(name string, max int) field[user] {
	get := func(u *user) any {
		s, _ := u.Attributes[name].(string)
		return text(s)
	}
	return field[user]{name: name, get: get, set: func(u *user, raw json.RawMessage) error {
		var s string
		if err := setString(name, max, func(*user) *string { return &s })(u, raw); err != nil {
			return err
		}
		u.attribute(name, text(s))
		return nil
	}}
}

func extraList(u *user, name string) []string {
	out := []string{}
	l, _ := u.Attributes[name].([]any)
	for _, v := range l {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func setExtraList(name string, items, length int) func(*user, json.RawMessage) error {
	return func(u *user, raw json.RawMessage) error {
		var l []string
		if err := strs(name, items, length, func(*user) *[]string { return &l }).set(u, raw); err != nil {
			return err
		}
		var v any
		if len(l) > 0 {
			list := make([]any, len(l))
			for i, s := range l {
				list[i] = s
			}
			v = list
		}
		u.attribute(name, v)
		return nil
	}
}

// attribute sets or clears one attribute in a map of its own, so that the value before stays as it was.
func (u *user) attribute(name string, v any) {
	m := make(map[string]any, len(u.Attributes)+1)
	for k, old := range u.Attributes {
		m[k] = old
	}
	if v == nil {
		delete(m, name)
	} else {
		m[name] = v
	}
	u.Attributes = m
}

var extensionName = regexp.MustCompile(`^extension_[A-Za-z0-9_]{1,200}$`)

// extension finds a custom attribute by its API name.
func (a *API) extension(ctx context.Context, c *call, name string) (field[user], bool, error) {
	if !extensionName.MatchString(name) {
		return field[user]{}, false, nil
	}
	d, err := c.tenant.Definition(ctx, name)
	if fault.Is(err, fault.NotFound) {
		return field[user]{}, false, nil
	}
	if err != nil {
		return field[user]{}, false, err
	}
	return field[user]{name: name, selectOnly: true, column: a.attributeColumn(name, d.DataType), get: func(u *user) any { return u.Attributes[name] },
		set: func(u *user, raw json.RawMessage) error {
			v, err := extensionValue(d.ID, d, raw)
			if err == nil {
				u.attribute(name, v)
			}
			return err
		}}, true, nil
}

// attributeColumn is how $filter asks for what is kept beside the columns.
func (a *API) attributeColumn(name string, t userflow.DataType) *column {
	c := column{sql: a.Store.AttributeSQL(name), kind: odata.String, ops: opEq | opNe | opStarts, nullable: true, asText: true}
	switch t {
	case userflow.Boolean:
		c.kind, c.ops = odata.Bool, opsID
	case userflow.Int:
		c.kind, c.ops = odata.Number, opsID
	}
	return &c
}

// extensionValue reads a value of a custom attribute by the rules of its definition; null clears it. where is
// the property that a complaint names: a value of another JSON type is the caller's mistake and said so, what
// the rules refuse is said as a person at a form would read it.
func extensionValue(where string, d userflow.Definition, raw json.RawMessage) (any, error) {
	var v any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		return nil, invalidValue(where, "")
	}
	fits := false
	switch v.(type) {
	case nil:
		return nil, nil
	case bool:
		fits = d.DataType == userflow.Boolean
	case json.Number:
		fits = d.DataType == userflow.Int
	case string:
		fits = d.DataType != userflow.Boolean && d.DataType != userflow.Int
	}
	if !fits {
		return nil, invalidValue(where, ": a value of type "+string(d.DataType)+" is needed")
	}
	if v == "" {
		return nil, nil
	}
	taken, complaint := d.Take(v)
	if complaint != nil {
		return nil, fault.BadField(where, complaint.Key, complaint.Args)
	}
	return taken, nil
}

// identityColumn lets $filter look for an identity. The issuer of local identities is the tenant, so
// it does not matter how a caller spells it.
func identityColumn() *column {
	return &column{
		exists: "users.id IN (SELECT identities.user_id FROM identities WHERE identities.tenant_id = {tenant} AND " +
			"identities.sign_in_type IN ('emailAddress', 'userName', 'federated') AND (%s))",
		of: map[string]column{
			"issuerassignedid": {sql: "identities.canonical", kind: odata.String, ops: opEq | opStarts, fold: foldIdentity},
			"signintype":       {sql: "identities.sign_in_type", kind: odata.String, ops: opEq},
			"issuer": {kind: odata.String, ops: opEq, via: func(_, v string) models.Condition {
				return models.Condition{SQL: "identities.issuer IN (?, '')", Args: []any{v}}
			}},
		},
	}
}

// byUPN finds people by principal name: a generated one carries the object id, another is an identity.
func byUPN(how, v string) models.Condition {
	const sub = "users.id IN (SELECT identities.user_id FROM identities WHERE identities.tenant_id = users.tenant_id AND identities.sign_in_type = 'emailAddress' AND identities.canonical "
	if how != "eq" {
		return models.Condition{SQL: sub + `LIKE ? ESCAPE '\')`, Args: []any{pattern(how, strings.ToLower(v))}}
	}
	name, _, _ := strings.Cut(v, "@")
	return models.Condition{SQL: "users.id = ? OR " + sub + "= ?)", Args: []any{strings.ToLower(name), foldIdentity(v)}}
}

func (u *user) shownIdentities() []objectIdentity {
	out := make([]objectIdentity, 0, len(u.Identities)+1)
	for _, i := range u.Identities {
		issuer := i.Issuer
		if issuer == "" {
			issuer = u.domain
		}
		out = append(out, objectIdentity{i.SignInType, issuer, i.Value})
	}
	if upn, ok := u.upn().(string); ok {
		out = append(out, objectIdentity{signInUPN, u.domain, upn})
	}
	return out
}

// setIdentities replaces all identities. Checks of each value are the account's own.
func setIdentities(u *user, raw json.RawMessage) error {
	var l []objectIdentity
	if err := strict("identities", raw, &l); err != nil {
		return err
	}
	if len(l) > 20 {
		return invalidValue("identities", ": at most 20")
	}
	u.Identities = nil
	for _, i := range l {
		switch {
		case strings.HasPrefix(i.SignInType, account.SignInEmail):
			canonical, err := account.CanonicalEmail(i.IssuerAssignedID)
			if err != nil {
				return invalidValue("identities", ": '"+i.IssuerAssignedID+"' is not an email address")
			}
			u.Identities = append(u.Identities, account.Identity{SignInType: account.SignInEmail, Value: i.IssuerAssignedID, Canonical: canonical})
		case strings.EqualFold(i.SignInType, account.SignInUserName): // the vendor writes username in places
			canonical, err := account.CanonicalUserName(i.IssuerAssignedID)
			if err != nil {
				return invalidValue("identities", ": a user name has at most 64 letters and digits of one script, and starts with one")
			}
			u.Identities = append(u.Identities, account.Identity{SignInType: account.SignInUserName, Value: i.IssuerAssignedID, Canonical: canonical})
		case i.SignInType == account.SignInFederated:
			if i.Issuer == "" || len(i.Issuer) > 512 || i.IssuerAssignedID == "" || len(i.IssuerAssignedID) > 512 {
				return invalidValue("identities", ": a federated identity needs issuer and issuerAssignedId")
			}
			u.Identities = append(u.Identities, account.Identity{SignInType: account.SignInFederated, Issuer: i.Issuer,
				Value: i.IssuerAssignedID, Canonical: i.IssuerAssignedID})
		case i.SignInType == signInUPN:
			// It mirrors userPrincipalName.
		default:
			return invalidValue("identities", ": the sign-in type '"+i.SignInType+"' is not supported")
		}
	}
	return nil
}

// setUPN takes a chosen principal name, which is an address to sign in with.
func setUPN(u *user, raw json.RawMessage) error {
	var s string
	if err := setString(signInUPN, 254, func(*user) *string { return &s })(u, raw); err != nil {
		return err
	}
	if s == "" {
		return nil
	}
	if _, err := account.CanonicalEmail(s); err != nil {
		return invalidValue(signInUPN, "")
	}
	u.attribute(signInUPN, s)
	return nil
}

func setPassword(u *user, raw json.RawMessage) error {
	var p *passwordProfile
	if err := strict("passwordProfile", raw, &p); err != nil {
		return err
	}
	if p == nil {
		return nil
	}
	if p.ForceChange != nil {
		u.MustChangePassword = *p.ForceChange
	}
	if p.ForceChangeWithMFA != nil && *p.ForceChangeWithMFA {
		u.MustChangePassword = true
	}
	u.password = p
	return nil
}
