package transfer

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"portico/app/account"
	"portico/app/userflow"
)

// setter takes a value into a person: a string from a cell, anything from JSON. It gives the key of a
// complaint, or "".
type setter func(p *Person, v any) string

// Texts are the properties that are plain texts, in the order of an export.
func Texts() []string {
	return []string{"displayName", "givenName", "surname", "jobTitle", "streetAddress", "city", "state", "postalCode", "country", "mobilePhone", "preferredLanguage"}
}

// Extras are Graph's properties that Portico only keeps, and the id that the former product knew.
func Extras() []string {
	return []string{"externalId", "companyName", "department", "employeeId", "employeeType", "officeLocation", "faxNumber", "usageLocation", "ageGroup", "consentProvidedForMinor"}
}

func lists() []string { return []string{"otherMails", "businessPhones"} }

// plainName makes one of "E-Mail address", "email_address" and "emailAddress".
func plainName(s string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "_", "", "-", "", ".", "", "\u00A0", "").Replace(strings.TrimSpace(s)))
}

// aliases are other names of columns, as former products and people write them, in plain form.
func aliases() map[string]string {
	return map[string]string{
		"name": "displayName", "fullname": "displayName", "nickname": "displayName",
		"firstname": "givenName", "lastname": "surname", "familyname": "surname",
		"emailaddress": "email", "signinname": "email", "mailverified": "emailVerified", "verified": "emailVerified",
		"username": "userName", "login": "userName", "enabled": "accountEnabled", "active": "accountEnabled",
		"created": "createdDateTime", "createdat": "createdDateTime", "createdtimestamp": "createdDateTime", "language": "preferredLanguage", "locale": "preferredLanguage",
		"phone": "mobilePhone", "phonenumber": "mobilePhone", "mobile": "mobilePhone", "street": "streetAddress", "zip": "postalCode", "zipcode": "postalCode", "region": "state",
		"hash": "passwordHash", "algorithm": "passwordAlgorithm", "hashalgorithm": "passwordAlgorithm", "salt": "passwordSalt", "iterations": "passwordIterations",
		"temporary": "temporaryPassword", "forcechangepasswordnextsignin": "temporaryPassword", "localid": "externalId", "userid": "externalId", "group": "groups", "terms": "termsAccepted",
	}
}

// unread are columns that other exports have and that nobody can set.
func unread() []string {
	return []string{"lastSignInDateTime", "deletedDateTime", "userType", "signInActivity", "userPrincipalName", "imAddresses", "proxyAddresses",
		"externalUserState", "lastPasswordChangeDateTime", "signInSessionsValidFromDateTime", "passwordPolicies", "mailNickname", "lastSignedInAt", "photoUrl", "picture",
		"updatedAt", "lastLogin", "lastIp", "loginsCount", "totp", "notBefore", "requiredActions", "disableableCredentialTypes", "_id", "validSince", "realmRoles", "clientRoles", "access", "signInName1"}
}

// columns are all that a file of the tenant may say, by plain name.
type columns map[string]setter

func columnsOf(definitions []userflow.Definition) columns {
	c := columns{}
	for _, name := range unread() {
		c[plainName(name)] = func(*Person, any) string { return "" }
	}
	for _, d := range definitions { // a built-in name wins over an attribute's; its API name is its own
		c[plainName(d.Name)] = attribute(d)
	}
	for _, name := range append(Texts(), Extras()...) {
		c[plainName(name)] = text(func(p *Person, s string) { p.setText(name, s) })
	}
	for _, name := range lists() {
		c[plainName(name)] = list(func(p *Person, l []string) {
			if p.Lists == nil {
				p.Lists = map[string][]string{}
			}
			p.Lists[name] = l
		})
	}
	for name, set := range map[string]setter{
		"id":   text(func(p *Person, s string) { p.ID = strings.ToLower(s) }),
		"mail": text(func(p *Person, s string) { p.Mail = s }),
		"email": text(func(p *Person, s string) {
			p.identity(account.SignInEmail, "", s)
		}),
		"emailVerified":      yesNo(func(p *Person, b bool) { p.MailVerified = &b }),
		"userName":           text(func(p *Person, s string) { p.userNames = append(p.userNames, s) }),
		"accountEnabled":     yesNo(func(p *Person, b bool) { p.Enabled = &b }),
		"disabled":           yesNo(func(p *Person, b bool) { b = !b; p.Enabled = &b }),
		"blocked":            yesNo(func(p *Person, b bool) { b = !b; p.Enabled = &b }),
		"createdDateTime":    instant(func(p *Person, t time.Time) { p.CreatedAt = t }),
		"password":           exactText(func(p *Person, s string) { p.Password = s }),
		"temporaryPassword":  yesNo(func(p *Person, b bool) { p.MustChange = &b }),
		"passwordHash":       text(func(p *Person, s string) { p.foreign.Hash = s }),
		"passwordAlgorithm":  text(func(p *Person, s string) { p.foreign.Algorithm = s }),
		"passwordSalt":       text(func(p *Person, s string) { p.foreign.Salt = s }),
		"passwordIterations": whole(func(p *Person, n int) { p.foreign.Iterations = n }),
		"firstFactor":        oneOf(func(p *Person, s string) { p.FirstFactor = s }, string(userflow.EmailPassword), string(userflow.EmailCode)),
		"creationType":       oneOf(func(p *Person, s string) { p.CreationType = s }, "LocalAccount", "SelfServiceSignUp", "Admin"),
		"mfaEmail":           yesNo(func(p *Person, b bool) { p.EmailMethod = &b }),
		"groups":             list(func(p *Person, l []string) { p.Groups = l }),
		"termsAccepted":      agreements,
		"identities":         identities,
		"passwordProfile":    passwordProfile,
		"credentials":        keycloakCredentials,
		"providerUserInfo":   firebaseProviders,
	} {
		c[plainName(name)] = set
	}
	for alias, name := range aliases() {
		if _, taken := c[alias]; !taken || alias == "name" {
			c[alias] = c[plainName(name)]
		}
	}
	for _, d := range definitions {
		c[plainName(d.ID)] = attribute(d)
	}
	return c
}

func text(set func(*Person, string)) setter {
	return exactText(func(p *Person, s string) {
		if s = strings.TrimSpace(s); s != "" {
			set(p, s)
		}
	})
}

func exactText(set func(*Person, string)) setter {
	return func(p *Person, v any) string {
		switch v := v.(type) {
		case string:
			set(p, v)
		case json.Number:
			set(p, v.String())
		default:
			return "import.cell.text"
		}
		return ""
	}
}

func yesNo(set func(*Person, bool)) setter {
	return func(p *Person, v any) string {
		b, ok := readBool(v)
		if !ok {
			return "import.cell.bool"
		}
		set(p, b)
		return ""
	}
}

func readBool(v any) (b, ok bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case json.Number:
		return v.String() == "1", v.String() == "1" || v.String() == "0"
	case string:
		switch strings.ToLower(strings.TrimSpace(v)) {
		case "yes", "true", "1", "y", "ja", "wahr", "نعم":
			return true, true
		case "no", "false", "0", "n", "nein", "falsch", "لا":
			return false, true
		}
	}
	return false, false
}

func whole(set func(*Person, int)) setter {
	return func(p *Person, v any) string {
		n, err := strconv.Atoi(strings.TrimSpace(fmt.Sprint(v)))
		if err != nil {
			return "import.cell.number"
		}
		set(p, n)
		return ""
	}
}

func oneOf(set func(*Person, string), choices ...string) setter {
	return func(p *Person, v any) string {
		s, _ := v.(string)
		i := slices.IndexFunc(choices, func(c string) bool { return strings.EqualFold(c, strings.TrimSpace(s)) })
		if i < 0 {
			return "import.cell.choice"
		}
		set(p, choices[i])
		return ""
	}
}

// instant reads a date, a time, or milliseconds since 1970 as Firebase and Keycloak write them.
func instant(set func(*Person, time.Time)) setter {
	return func(p *Person, v any) string {
		t, ok := readTime(strings.TrimSpace(fmt.Sprint(v)))
		if !ok {
			return "import.cell.time"
		}
		set(p, t)
		return ""
	}
}

func readTime(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC().Truncate(time.Microsecond), t.Year() >= 1900 && t.Year() < 2200
		}
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && n > 1e11 && n < 1e13 {
		return time.UnixMilli(n).UTC(), true
	}
	return time.Time{}, false
}

// list reads "a; b" or a JSON array.
func list(set func(*Person, []string)) setter {
	return func(p *Person, v any) string {
		if s, isText := v.(string); isText && strings.HasPrefix(strings.TrimSpace(s), "[") {
			if err := json.Unmarshal([]byte(s), &v); err != nil {
				return "import.cell.list"
			}
		}
		var out []string
		switch v := v.(type) {
		case string:
			for part := range strings.SplitSeq(v, ";") {
				if part = strings.TrimSpace(part); part != "" {
					out = append(out, part)
				}
			}
		case []any:
			for _, x := range v {
				s, ok := x.(string)
				if !ok {
					return "import.cell.list"
				}
				if s = strings.TrimSpace(s); s != "" {
					out = append(out, s)
				}
			}
		default:
			return "import.cell.list"
		}
		if len(out) > 250 {
			return "import.cell.list"
		}
		if len(out) > 0 {
			set(p, out)
		}
		return ""
	}
}

// attribute reads a value of a custom attribute into its data type; whether it is a good one, its definition
// says later.
func attribute(d userflow.Definition) setter {
	return func(p *Person, v any) string {
		if s, isText := v.(string); isText {
			switch s = strings.TrimSpace(s); d.DataType {
			case userflow.Boolean:
				b, ok := readBool(s)
				if !ok {
					return "import.cell.bool"
				}
				v = b
			case userflow.Int:
				n, err := strconv.ParseInt(s, 10, 64)
				if err != nil {
					return "import.cell.number"
				}
				v = n
			default:
				v = s
				for _, o := range d.Options {
					if o.Text == s {
						v = o.Value
					}
				}
			}
		}
		if n, isNumber := v.(json.Number); isNumber {
			i, err := n.Int64()
			if err != nil {
				return "import.cell.number"
			}
			v = i
			if d.DataType != userflow.Int {
				v = n.String()
			}
		}
		if p.Attributes == nil {
			p.Attributes = map[string]any{}
		}
		p.Attributes[d.ID] = v
		return ""
	}
}

// agreements reads "Terms of use|2|2024-05-31; …" or a JSON array of objects.
func agreements(p *Person, v any) string {
	var out []Agreement
	switch v := v.(type) {
	case string:
		for part := range strings.SplitSeq(v, ";") {
			cells := strings.Split(part, "|")
			a := Agreement{Terms: strings.TrimSpace(cells[0])}
			if a.Terms == "" {
				continue
			}
			if len(cells) > 1 && cells[1] != "" {
				n, err := strconv.Atoi(strings.TrimSpace(cells[1]))
				if err != nil || n < 1 {
					return "import.cell.terms"
				}
				a.Version = n
			}
			if len(cells) > 2 && cells[2] != "" {
				at, ok := readTime(strings.TrimSpace(cells[2]))
				if !ok {
					return "import.cell.terms"
				}
				a.At = at
			}
			if len(cells) > 3 {
				a.Locale = strings.TrimSpace(cells[3])
			}
			out = append(out, a)
		}
	default:
		b, err := json.Marshal(v)
		if err != nil || json.Unmarshal(b, &out) != nil {
			return "import.cell.terms"
		}
	}
	if len(out) > 100 || slices.ContainsFunc(out, func(a Agreement) bool { return a.Terms == "" || a.Version < 0 || len(a.Locale) > 35 }) {
		return "import.cell.terms"
	}
	for i := range out {
		out[i].At = out[i].At.UTC().Truncate(time.Microsecond)
	}
	p.Terms = out
	return ""
}

// objects gives the objects of an array; a cell holds it as text.
func objects(v any) ([]map[string]any, bool) {
	if s, isText := v.(string); isText {
		if json.Unmarshal([]byte(s), &v) != nil {
			return nil, false
		}
	}
	array, ok := v.([]any)
	if !ok || len(array) > 100 {
		return nil, false
	}
	var out []map[string]any
	for _, x := range array {
		o, ok := x.(map[string]any)
		if !ok {
			return nil, false
		}
		out = append(out, o)
	}
	return out, true
}

func word(o map[string]any, name string) string {
	switch v := o[name].(type) {
	case string:
		return strings.TrimSpace(v)
	case json.Number:
		return v.String()
	}
	return ""
}

// identities reads Graph's objectIdentity, and Auth0's shape of the same idea.
func identities(p *Person, v any) string {
	all, ok := objects(v)
	if !ok {
		return "import.cell.identities"
	}
	for _, o := range all {
		issuer, value := word(o, "issuer"), word(o, "issuerAssignedId")
		switch kind := word(o, "signInType"); {
		case kind == account.SignInEmail || kind == account.SignInUserName:
			p.identity(kind, "", value)
		case kind == account.SignInFederated:
			if issuer == "" || value == "" {
				return "import.cell.identities"
			}
			p.identity(kind, issuer, value)
		case kind == "userPrincipalName": // a name of the directory, no way in
		case word(o, "provider") == "auth0":
		case word(o, "provider") != "" && word(o, "user_id") != "":
			p.identity(account.SignInFederated, word(o, "provider"), word(o, "user_id"))
		default:
			return "import.cell.identities"
		}
	}
	return ""
}

func passwordProfile(p *Person, v any) string {
	o, ok := v.(map[string]any)
	if !ok {
		return "import.cell.text"
	}
	if s, ok := o["password"].(string); ok {
		p.Password = s
	}
	if b, ok := o["forceChangePasswordNextSignIn"].(bool); ok {
		p.MustChange = &b
	}
	return ""
}

// firebaseProviders reads how somebody signed in to Firebase besides by password.
func firebaseProviders(p *Person, v any) string {
	all, ok := objects(v)
	if !ok {
		return "import.cell.identities"
	}
	for _, o := range all {
		if provider := word(o, "providerId"); provider != "" && provider != "password" && provider != "phone" && provider != "emailLink" {
			p.identity(account.SignInFederated, provider, word(o, "rawId"))
		}
	}
	return ""
}

// keycloakCredentials reads the password of a realm's export.
func keycloakCredentials(p *Person, v any) string {
	all, ok := objects(v)
	if !ok {
		return "import.cell.text"
	}
	for _, o := range all {
		if word(o, "type") != "password" {
			continue
		}
		var secret struct {
			Value, Salt string
		}
		var how struct {
			HashIterations int
			Algorithm      string
			Additional     map[string][]string `json:"additionalParameters"`
		}
		if json.Unmarshal([]byte(word(o, "secretData")), &secret) != nil || json.Unmarshal([]byte(word(o, "credentialData")), &how) != nil {
			return "import.hash.damaged"
		}
		if how.Algorithm != "argon2" {
			p.foreign.Hash, p.foreign.Salt, p.foreign.Iterations, p.foreign.Algorithm = secret.Value, secret.Salt, how.HashIterations, how.Algorithm
			continue
		}
		one := func(name, otherwise string) string {
			if l := how.Additional[name]; len(l) > 0 {
				return l[0]
			}
			return otherwise
		}
		version := map[string]string{"1.3": "19", "1.0": "16"}[one("version", "1.3")]
		p.foreign.Hash = fmt.Sprintf("$argon2%s$v=%s$m=%s,t=%d,p=%s$%s$%s", one("type", "id"), version, one("memory", "7168"), how.HashIterations, one("parallelism", "1"),
			strings.TrimRight(secret.Salt, "="), strings.TrimRight(secret.Value, "="))
	}
	return ""
}

// take gives a value to its column. found is false when nobody knows the name.
func (c columns) take(p *Person, name string, v any) (found bool) {
	set, found := c[plainName(name)]
	if !found {
		return false
	}
	if key := set(p, v); key != "" {
		p.Bad.Add(fieldName(name), key, map[string]any{"name": name})
	}
	return true
}

// fieldName keeps a heading that somebody else wrote short enough to be shown.
func fieldName(name string) string {
	if r := []rune(name); len(r) > 64 {
		return string(r[:64]) + "…"
	}
	return name
}
