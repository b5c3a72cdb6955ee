package federation

import (
	"net/url"
	"slices"
	"strings"
	"unicode"

	"portico/app/fault"
)

// NameFormats are the formats of names that may be asked for; "" = the company chooses.
func NameFormats() []string {
	return []string{"", NamePersistent, NameEmail, NameUnspecified, NameTransient}
}

// filledSAML tidies what an admin said. Where metadata have an address, they alone say the rest: two sources of one thing
// would drift apart.
func (p Provider) filledSAML() Provider {
	trim := strings.TrimSpace
	p.EntityID, p.MetadataURL, p.SignInURL, p.SignOutURL, p.SubjectClaim = trim(p.EntityID), trim(p.MetadataURL), trim(p.SignInURL), trim(p.SignOutURL), trim(p.SubjectClaim)
	if p.MetadataURL != "" {
		p.SignInURL, p.SignOutURL, p.Certificates = "", "", nil
	}
	var kept []string
	for _, text := range p.Certificates {
		all, err := ParseCertificates(text)
		if err != nil { // Check complains about it
			kept = append(kept, text)
			continue
		}
		for _, c := range all {
			if one := CertificatePEM(c); !slices.Contains(kept, one) {
				kept = append(kept, one)
			}
		}
	}
	p.Certificates = kept
	p.ClientAuth, p.Scopes, p.Issuer, p.Discovery, p.ResponseMode, p.KeyID = "", nil, "", "", "", ""
	p.AuthorizationURL, p.TokenURL, p.UserInfoURL, p.KeysURL, p.EndSessionURL = "", "", "", "", ""
	return p
}

// checkSAML says what must be mended of a company that speaks SAML.
func (p Provider) checkSAML(bad *fault.Fields, r Rules, hasKey bool) {
	spaced := func(s string) bool {
		return strings.ContainsFunc(s, func(c rune) bool { return unicode.IsSpace(c) || unprintable(c) })
	}
	switch {
	case p.EntityID == "":
		bad.Add("entityId", "provider.saml.entity.required", nil)
	case len(p.EntityID) > 500 || spaced(p.EntityID):
		bad.Add("entityId", "provider.saml.entity.bad", nil)
	}
	if len(p.ClientID) > 255 || spaced(p.ClientID) {
		bad.Add("clientId", "provider.saml.entity.bad", nil)
	}
	for field, place := range map[string]string{"metadataUrl": p.MetadataURL, "signInUrl": p.SignInURL, "signOutUrl": p.SignOutURL} {
		if place == "" {
			continue
		}
		u, err := url.Parse(place)
		if err == nil && r.Reach != nil {
			err = r.Reach(u)
		}
		if err != nil || u.Host == "" || u.Fragment != "" || len(place) > 1000 {
			bad.Add(field, "provider.url.bad", nil)
		}
	}
	if p.MetadataURL == "" {
		p.checkExplicit(bad)
	}
	if p.SignInBinding != "" && p.SignInBinding != "redirect" && p.SignInBinding != "post" {
		bad.Add("signInBinding", "provider.saml.binding", nil)
	}
	if !slices.Contains(NameFormats(), p.NameIDFormat) {
		bad.Add("nameIdFormat", "provider.saml.format", nil)
	}
	if p.NameIDFormat == NameTransient && p.SubjectClaim == "" {
		bad.Add("subjectClaim", "provider.saml.subject", nil)
	}
	if len(p.SubjectClaim) > 200 || strings.ContainsFunc(p.SubjectClaim, unprintable) {
		bad.Add("subjectClaim", "provider.saml.subject.bad", nil)
	}
	if len(p.AuthnContext) > 10 || slices.ContainsFunc(p.AuthnContext, func(s string) bool { return s == "" || len(s) > 200 || spaced(s) }) {
		bad.Add("authnContext", "provider.saml.context", nil)
	}
	if !hasKey {
		bad.Add("privateKey", "provider.key.required", nil)
	}
}

func (p Provider) checkExplicit(bad *fault.Fields) {
	if p.SignInURL == "" {
		bad.Add("signInUrl", "provider.saml.place", nil)
	}
	switch n := len(p.Certificates); {
	case n == 0:
		bad.Add("certificates", "provider.saml.certificate.required", nil)
	case n > MostCertificates:
		bad.Add("certificates", "provider.saml.certificate.many", map[string]any{"max": MostCertificates})
	}
	for _, text := range p.Certificates {
		all, err := ParseCertificates(text)
		if err != nil {
			bad.Add("certificates", "provider.saml.certificate.bad", nil)
			return
		}
		if !slices.ContainsFunc(all, strong) {
			bad.Add("certificates", "provider.saml.certificate.weak", nil)
			return
		}
	}
}
