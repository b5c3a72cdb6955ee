package federation

import (
	"errors"
	"slices"
	"strings"
)

// Formats of names (SAML core §8.3).
const (
	NameUnspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
	NameEmail       = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
	NamePersistent  = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	NameTransient   = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
)

// saml is any company's provider that speaks SAML 2.0. Its attributes are brought into the names of OpenID Connect first
// (claimsOf), so that one mapping serves both.
func saml() preset {
	claims := standardClaims()
	claims["jobTitle"] = "title"
	return preset{kind: SAML, label: "SAML 2.0", claims: claims}
}

// samlNames say where companies put what we want, best first: Entra and AD FS by URI, others by OID, Okta and Google by
// whatever the admin there typed.
func samlNames() map[string][]string {
	const ms, oid = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/", "urn:oid:"
	return map[string][]string{
		"email":                  {ms + "emailaddress", oid + "0.9.2342.19200300.100.1.3", "email", "mail", "emailAddress", "email_address", "Email", "EmailAddress", "User.Email", "user.email"},
		"name":                   {"http://schemas.microsoft.com/identity/claims/displayname", oid + "2.16.840.1.113730.3.1.241", "displayName", "DisplayName", "name", "fullName", "full_name", oid + "2.5.4.3", "cn"},
		"given_name":             {ms + "givenname", oid + "2.5.4.42", "givenName", "given_name", "firstName", "first_name", "FirstName", "User.FirstName", "user.firstName"},
		"family_name":            {ms + "surname", oid + "2.5.4.4", "sn", "surname", "familyName", "family_name", "lastName", "last_name", "LastName", "User.LastName", "user.lastName"},
		"address.street_address": {ms + "streetaddress", oid + "2.5.4.9", "streetAddress", "street"},
		"address.locality":       {ms + "locality", oid + "2.5.4.7", "l", "city"},
		"address.region":         {ms + "stateorprovince", oid + "2.5.4.8", "st", "state"},
		"address.postal_code":    {ms + "postalcode", oid + "2.5.4.17", "postalCode", "zip"},
		"address.country":        {ms + "country", oid + "2.5.4.6", "c", "country"},
		"title":                  {oid + "2.5.4.12", "title", "jobTitle", "job_title"},
	}
}

// methods is the attribute in which Entra says how somebody proved themselves.
const methods = "http://schemas.microsoft.com/claims/authnmethodsreferences"

// claimsOf brings an assertion into the shape in which the other protocols bring theirs. Who it is, and how they proved
// it, is never taken from an attribute that merely has such a name.
func (s said) claimsOf(p Provider) (claims, error) {
	c := claims{}
	put := func(name string, values []string) {
		if _, there := c[name]; there || name == "" || len(values) == 0 {
			return
		}
		if len(values) == 1 {
			c[name] = values[0]
			return
		}
		list := make([]any, len(values))
		for i, v := range values {
			list[i] = v
		}
		c[name] = list
	}
	for _, a := range s.attributes {
		put(a.name, a.values)
	}
	for _, a := range s.attributes { // a friendly name is only a help (SAML core §2.7.3.1): it never hides a real one
		put(a.friendly, a.values)
	}
	subject := s.name.Value
	if p.SubjectClaim != "" {
		subject = c.first(p.SubjectClaim)
	}
	told := c.texts(methods)
	for _, reserved := range []string{"sub", "amr", "acr", "sid", "iss", "auth_time"} {
		delete(c, reserved)
	}
	for name, places := range samlNames() {
		for _, place := range places {
			if v := c.first(place); v != "" {
				c[name] = v
				break
			}
		}
	}
	if c.text("email") == "" && s.name.Format == NameEmail {
		c["email"] = s.name.Value
	}
	switch {
	case subject == "" && p.SubjectClaim != "":
		return c, errors.New("the attribute “" + words(p.SubjectClaim) + "”, which says who somebody is, is missing")
	case subject == "":
		return c, errors.New("the assertion does not say who it is about (NameID)")
	case s.name.Format == NameTransient && p.SubjectClaim == "":
		return c, errors.New("the name is another one at each sign-in (transient); ask the company for a persistent one, or say which attribute says who somebody is")
	}
	c["sub"], c["iss"], c["auth_time"] = subject, p.EntityID, float64(s.at.Unix())
	if len(s.contexts) > 0 {
		c["acr"] = s.contexts[0]
	}
	var amr []any
	for _, v := range append(slices.Clone(s.contexts), told...) {
		amr = append(amr, v)
	}
	if len(amr) > 0 {
		c["amr"] = amr
	}
	if s.index != "" {
		c["sid"] = s.index
	}
	return c, nil
}

// first is a claim's first text.
func (c claims) first(name string) string {
	switch v := c[name].(type) {
	case string:
		return strings.TrimSpace(v)
	case []any:
		if s, ok := v[0].(string); ok {
			return strings.TrimSpace(s)
		}
	}
	return ""
}
