package federation

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"portico/app/fault"
)

// Rules are what this installation lets a provider be.
type Rules struct {
	// Reach refuses an address that could never be called.
	Reach func(*url.URL) error
	// Elsewhere lets the well-known providers' endpoints be replaced, for trying out and tests: whoever answers there is
	// believed about addresses that only the well-known one gives out.
	Elsewhere bool
	// Ours are the names that this tenant goes by itself (OurNames): no other place may be kept under them.
	Ours []string
	// Attributes are the tenant's custom attributes.
	Attributes func(id string) bool
}

// Filled is a provider with what follows from the rest, and without what its kind does not have.
func (p Provider) Filled() Provider {
	trim := strings.TrimSpace
	p.Name, p.ClientID, p.Issuer, p.Discovery = trim(p.Name), trim(p.ClientID), trim(p.Issuer), trim(p.Discovery)
	p.AuthorizationURL, p.TokenURL, p.UserInfoURL, p.KeysURL, p.EndSessionURL = trim(p.AuthorizationURL), trim(p.TokenURL), trim(p.UserInfoURL), trim(p.KeysURL), trim(p.EndSessionURL)
	p.Directory, p.TeamID, p.KeyID = strings.ToLower(trim(p.Directory)), trim(p.TeamID), trim(p.KeyID)
	p.Authoritative = nil // proven domains alone make an enterprise authoritative
	switch p.Kind {
	case SAML:
		p = p.filledSAML()
	case Microsoft:
		p.Directory = or(p.Directory, "common")
	case OpenID:
		if p.Issuer == "" && strings.HasSuffix(p.Discovery, wellKnown) {
			p.Issuer = strings.TrimSuffix(p.Discovery, wellKnown)
		}
		if p.Discovery == "" && p.Issuer != "" && p.AuthorizationURL == "" && p.TokenURL == "" && p.KeysURL == "" {
			p.Discovery = DiscoveryOf(p.Issuer)
		}
	}
	if p.Kind != Microsoft {
		p.Directory = ""
	}
	if p.Kind != Apple {
		p.TeamID = ""
	}
	return p
}

// Check says what an admin must mend before a provider can be saved. has says which secrets there are.
func (p Provider) Check(r Rules, hasSecret, hasKey bool) error {
	var bad fault.Fields
	k, known := presetOf(p.Kind)
	if !known {
		return fault.BadField("kind", "provider.kind.unknown", nil)
	}
	for field, name := range map[string]string{"issuer": p.Issuer, "entityId": p.EntityID} {
		if name != "" && slices.Contains(r.Ours, strings.ToLower(strings.TrimRight(name, "/"))) {
			bad.Add(field, "provider.issuer.ours", nil)
		}
	}
	switch n := utf8.RuneCountInString(p.Name); {
	case n == 0:
		bad.Add("displayName", "provider.name.required", nil)
	case n > 64 || strings.ContainsFunc(p.Name, unprintable):
		bad.Add("displayName", "provider.name.bad", map[string]any{"max": 64})
	}
	if p.Kind == SAML {
		p.checkSAML(&bad, r, hasKey)
		p.checkWord(&bad, k, r)
		return bad.Err()
	}
	switch {
	case p.ClientID == "":
		bad.Add("clientId", "provider.client.required", nil)
	case len(p.ClientID) > 255 || strings.ContainsFunc(p.ClientID, func(c rune) bool { return unicode.IsSpace(c) || unprintable(c) }):
		bad.Add("clientId", "provider.client.bad", nil)
	}
	p.checkAddresses(&bad, r)
	p.checkAuth(&bad, k, hasSecret, hasKey)
	p.checkWord(&bad, k, r)
	return bad.Err()
}

func unprintable(c rune) bool { return !unicode.IsPrint(c) }

// Addresses are the places of a provider that an admin may set, by the name of the field.
func (p Provider) Addresses() map[string]string {
	return map[string]string{"discovery": p.Discovery, "authorizationUrl": p.AuthorizationURL, "tokenUrl": p.TokenURL, "userInfoUrl": p.UserInfoURL, "keysUrl": p.KeysURL, "endSessionUrl": p.EndSessionURL}
}

func (p Provider) checkAddresses(bad *fault.Fields, r Rules) {
	for field, place := range p.Addresses() {
		if place == "" {
			continue
		}
		u, err := url.Parse(place)
		if err == nil && r.Reach != nil {
			err = r.Reach(u)
		}
		switch {
		case err != nil || u.Host == "" || u.Fragment != "" || len(place) > 1000:
			bad.Add(field, "provider.url.bad", nil)
		case p.Kind != OpenID && !r.Elsewhere:
			bad.Add(field, "provider.url.fixed", nil)
		}
	}
	if p.Kind == OpenID {
		switch {
		case p.Issuer == "":
			bad.Add("issuer", "provider.issuer.required", nil)
		case p.Discovery == "" && (p.AuthorizationURL == "" || p.TokenURL == "" || p.KeysURL == ""):
			bad.Add("discovery", "provider.endpoints", nil)
		}
	} else if p.Issuer != "" && !r.Elsewhere {
		bad.Add("issuer", "provider.url.fixed", nil)
	}
	if u, err := url.Parse(p.Issuer); p.Issuer != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" ||
		strings.ContainsAny(p.Issuer, "{}") && p.Kind != Microsoft || len(p.Issuer) > 500 || u.Scheme == "http" && r.Reach != nil && r.Reach(u) != nil) {
		bad.Add("issuer", "provider.issuer.bad", nil)
	}
}

func (p Provider) checkAuth(bad *fault.Fields, k preset, hasSecret, hasKey bool) {
	switch p.ClientAuth {
	case "", SecretBasic, SecretPost, SecretJWT, PrivateKeyJWT, NoSecret:
	default:
		bad.Add("clientAuth", "provider.auth.unknown", nil)
	}
	switch {
	case p.Kind == Apple:
		if !appleID(p.TeamID) {
			bad.Add("teamId", "provider.apple.team", nil)
		}
		if !appleID(p.KeyID) {
			bad.Add("keyId", "provider.apple.key", nil)
		}
		if !hasKey {
			bad.Add("privateKey", "provider.key.required", nil)
		}
	case p.ClientAuth == PrivateKeyJWT:
		if !hasKey {
			bad.Add("clientAuth", "provider.key.required", nil)
		}
	case p.ClientAuth == NoSecret && p.Kind == OpenID:
	case !hasSecret:
		bad.Add("clientSecret", "provider.secret.required", nil)
	}
	if p.Kind != OpenID && p.ClientAuth != "" && p.ClientAuth != k.clientAuth {
		bad.Add("clientAuth", "provider.url.fixed", nil)
	}
	if p.ResponseMode != "" && p.ResponseMode != "query" && p.ResponseMode != "form_post" {
		bad.Add("responseMode", "provider.mode.bad", nil)
	}
	for _, s := range p.Scopes {
		if s == "" || len(s) > 200 || strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c > '~' || c == '"' || c == '\\' }) { // RFC 6749 §3.3
			bad.Add("scopes", "provider.scope.bad", nil)
			break
		}
	}
	if len(p.Scopes) > 50 {
		bad.Add("scopes", "provider.scope.bad", nil)
	} else if len(p.Scopes) > 0 && k.read == nil && p.Kind != Apple && !slices.Contains(p.Scopes, "openid") {
		bad.Add("scopes", "provider.scope.openid", nil)
	}
}

// appleID is how Apple writes the ids of teams and keys.
func appleID(s string) bool {
	return len(s) == 10 && !strings.ContainsFunc(s, func(c rune) bool { return (c < 'A' || c > 'Z') && (c < '0' || c > '9') })
}

// checkWord looks at what the provider's word is to be worth. Of a kind that speaks for many companies (every Entra
// directory) nobody can promise that its addresses are proven: any admin anywhere could claim anybody's.
func (p Provider) checkWord(bad *fault.Fields, k preset, r Rules) {
	if p.Kind == Microsoft && p.Directory != "common" && p.Directory != "organizations" && p.Directory != "consumers" && !directoryID.MatchString(p.Directory) {
		bad.Add("directory", "provider.directory.bad", nil)
	}
	if p.TrustEmail && p.Kind == Microsoft && (p.Directory == "common" || p.Directory == "organizations") {
		bad.Add("trustEmail", "provider.trust.many", nil)
	}
	mapped := func(attribute string) bool {
		return standardClaims()[attribute] != "" || attribute == "jobTitle" || r.Attributes != nil && r.Attributes(attribute)
	}
	for attribute, claim := range p.Claims {
		if !mapped(attribute) || claim == "" || len(claim) > 200 || strings.ContainsFunc(claim, unprintable) {
			bad.Add("claims", "provider.claims.bad", map[string]any{"attribute": attribute})
			break
		}
	}
	for attribute, refresh := range p.Refresh {
		if !mapped(attribute) || attribute == "email" || attribute == "emailVerified" || refresh != Never && refresh != WhenEmpty && refresh != Always {
			bad.Add("refresh", "provider.refresh.bad", map[string]any{"attribute": attribute})
			break
		}
	}
	if len(p.MFAValues) > 20 || slices.ContainsFunc(p.MFAValues, func(s string) bool { return s == "" || len(s) > 200 || strings.ContainsFunc(s, unprintable) }) {
		bad.Add("mfaValues", "provider.mfa.bad", nil)
	}
}
