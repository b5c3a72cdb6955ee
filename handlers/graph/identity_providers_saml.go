package graph

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"portico/app/federation"
)

// samlProvider is Graph's type of a company that speaks SAML; its properties are those of samlOrWsFedProvider. Graph keeps
// it below /directory/federationConfigurations; here it stands beside the other identity providers.
const samlProvider = "samlOrWsFedExternalDomainFederation"

// samlExtra are the settings of SAML that Graph has no names for.
type samlExtra struct {
	OurEntityID   string   `json:"serviceProviderEntityId"`
	SignInBinding string   `json:"signInBinding"`
	SignOutURL    string   `json:"signOutUrl"`
	Certificates  []string `json:"signingCertificates"`
	NameIDFormat  string   `json:"nameIdFormat"`
	SubjectClaim  string   `json:"subjectAttribute"`
	SignRequests  bool     `json:"signRequests"`
	WantEncrypted bool     `json:"requireEncryptedAssertions"`
	AuthnContexts []string `json:"authenticationContexts"`
}

func shownSAML(u *upstream) *samlExtra {
	if u.Kind != federation.SAML {
		return nil
	}
	return &samlExtra{OurEntityID: u.ClientID, SignInBinding: u.SignInBinding, SignOutURL: u.SignOutURL, Certificates: list(u.Certificates), NameIDFormat: u.NameIDFormat,
		SubjectClaim: u.SubjectClaim, SignRequests: u.SignRequests, WantEncrypted: u.WantEncrypted, AuthnContexts: list(u.AuthnContext)}
}

func setSAML(u *upstream, x *samlExtra) {
	if x == nil {
		return
	}
	u.ClientID, u.SignInBinding, u.SignOutURL, u.NameIDFormat, u.SubjectClaim = x.OurEntityID, x.SignInBinding, x.SignOutURL, x.NameIDFormat, x.SubjectClaim
	u.SignRequests, u.WantEncrypted, u.AuthnContext = x.SignRequests, x.WantEncrypted, x.AuthnContexts
	if len(x.Certificates) > 0 {
		u.Certificates = x.Certificates
	}
}

// samlFields are the properties of the type.
func samlFields(of func(string, func(*upstream) any) func(*upstream) any) []field[upstream] {
	plain := func(name string, most int, p func(*upstream) *string) field[upstream] {
		return field[upstream]{name: name, get: of(samlProvider, func(u *upstream) any { return text(*p(u)) }), set: setString(name, most, p)}
	}
	return []field[upstream]{
		plain("issuerUri", 500, func(u *upstream) *string { return &u.EntityID }),
		plain("metadataExchangeUri", 1000, func(u *upstream) *string { return &u.MetadataURL }),
		plain("passiveSignInUri", 1000, func(u *upstream) *string { return &u.SignInURL }),
		{name: "preferredAuthenticationProtocol", get: of(samlProvider, func(*upstream) any { return "saml" }), set: func(_ *upstream, raw json.RawMessage) error {
			var s string
			if err := strict("preferredAuthenticationProtocol", raw, &s); err != nil || s == "saml" {
				return err
			}
			return invalidValue("preferredAuthenticationProtocol", ": only saml is offered")
		}, unmanaged: true},
		{name: "signingCertificate", get: of(samlProvider, func(u *upstream) any { return text(firstCertificate(u)) }), set: setSigningCertificate, unmanaged: true},
	}
}

// firstCertificate is how Graph shows certificates: base64 of one. The others are in portico/saml.
func firstCertificate(u *upstream) string {
	if len(u.Certificates) == 0 {
		return ""
	}
	all, err := federation.ParseCertificates(u.Certificates[0])
	if err != nil || len(all) == 0 {
		return ""
	}
	return base64.StdEncoding.EncodeToString(all[0].Raw)
}

// setSigningCertificate takes one, or keeps all of them where it is the one that was shown.
func setSigningCertificate(u *upstream, raw json.RawMessage) error {
	var s string
	if err := setString("signingCertificate", 16<<10, func(*upstream) *string { return &s })(u, raw); err != nil {
		return err
	}
	if s = strings.TrimSpace(s); s == "" || s == firstCertificate(u) {
		return nil
	}
	u.Certificates = []string{s}
	return nil
}
