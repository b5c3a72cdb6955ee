package openid

import (
	"context"
	"encoding/json"

	"portico/app/record"
)

// Document is a public document made once: its bytes and their entity tag.
type Document struct {
	Body []byte
	ETag string
}

// metadata is OpenID Connect Discovery 1.0 §3 and RFC 8414 §2.
type metadata struct {
	Issuer                string   `json:"issuer"`
	Authorization         string   `json:"authorization_endpoint"`
	Token                 string   `json:"token_endpoint"`
	UserInfo              string   `json:"userinfo_endpoint"`
	JWKS                  string   `json:"jwks_uri"`
	EndSession            string   `json:"end_session_endpoint"`
	Introspection         string   `json:"introspection_endpoint"`
	Revocation            string   `json:"revocation_endpoint"`
	Scopes                []string `json:"scopes_supported"`
	ResponseTypes         []string `json:"response_types_supported"`
	ResponseModes         []string `json:"response_modes_supported"`
	GrantTypes            []string `json:"grant_types_supported"`
	SubjectTypes          []string `json:"subject_types_supported"`
	ACRValues             []string `json:"acr_values_supported"`
	IDTokenAlgs           []string `json:"id_token_signing_alg_values_supported"`
	TokenAuth             []string `json:"token_endpoint_auth_methods_supported"`
	TokenAuthAlgs         []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	IntrospectionAuth     []string `json:"introspection_endpoint_auth_methods_supported"`
	IntrospectionAuthAlgs []string `json:"introspection_endpoint_auth_signing_alg_values_supported"`
	RevocationAuth        []string `json:"revocation_endpoint_auth_methods_supported"`
	RevocationAuthAlgs    []string `json:"revocation_endpoint_auth_signing_alg_values_supported"`
	Display               []string `json:"display_values_supported"`
	ClaimTypes            []string `json:"claim_types_supported"`
	Claims                []string `json:"claims_supported"`
	Prompts               []string `json:"prompt_values_supported"`
	Challenges            []string `json:"code_challenge_methods_supported"`
	ClaimsParameter       bool     `json:"claims_parameter_supported"`
	RequestParameter      bool     `json:"request_parameter_supported"`
	RequestURIParameter   bool     `json:"request_uri_parameter_supported"`
	IssInResponse         bool     `json:"authorization_response_iss_parameter_supported"`
	BackChannel           bool     `json:"backchannel_logout_supported"`
	BackChannelSession    bool     `json:"backchannel_logout_session_supported"`
	FrontChannel          bool     `json:"frontchannel_logout_supported"`
}

// Discovery makes a realm's metadata document. URLs are spelled with the tenant's id whatever the
// request said, so that there is one issuer (DESIGN §7).
func (r *Realm) Discovery() (Document, error) {
	assertion := []string{"PS256", "RS256", "ES256", "EdDSA"}
	proven := []string{string(MethodBasic), string(MethodPost), string(MethodKey)}
	m := metadata{Issuer: r.Issuer, Authorization: r.authorizeURL(), Token: r.tokenURL(), UserInfo: r.userinfoURL(),
		JWKS: r.keysURL(), EndSession: r.logoutURL(), Introspection: r.introspectURL(), Revocation: r.revokeURL(),
		Scopes:        []string{ScopeOpenID, ScopeProfile, ScopeEmail, ScopePhone, ScopeAddress, ScopeOffline},
		ResponseTypes: []string{"code"}, ResponseModes: []string{ModeQuery, ModeFragment, ModeFormPost},
		GrantTypes:   []string{"authorization_code", "refresh_token", "client_credentials"},
		ACRValues:    append([]string{record.ACRSingle, record.ACRMulti}, r.Contexts...),
		SubjectTypes: []string{"pairwise"}, IDTokenAlgs: []string{ES256, RS256, EdDSA},
		TokenAuth: append(append([]string{}, proven...), string(MethodNone)), TokenAuthAlgs: assertion,
		IntrospectionAuth: proven, IntrospectionAuthAlgs: assertion,
		RevocationAuth: append(append([]string{}, proven...), string(MethodNone)), RevocationAuthAlgs: assertion,
		Display: []string{"page", "popup"}, ClaimTypes: []string{"normal"},
		Claims: []string{"sub", "iss", "aud", "exp", "iat", "nbf", "auth_time", "acr", "acrs", "amr", "nonce", "sid", "oid", "tid", "ver", "at_hash",
			"login_hint", "name", "given_name", "family_name", "preferred_username", "locale", "updated_at", "email",
			"email_verified", "phone_number", "phone_number_verified", "address", "roles"},
		Prompts:         []string{"none", "login", "select_account", "consent", "create"},
		Challenges:      []string{"S256"},
		ClaimsParameter: true, IssInResponse: true, BackChannel: true, BackChannelSession: true}
	b, err := json.Marshal(m)
	if err != nil {
		return Document{}, err
	}
	return Document{Body: b, ETag: etagOf(b)}, nil
}

// JWKS is the tenant's key set document; a tenant without keys gets its first here.
func (p *Provider) JWKS(ctx context.Context, tenantID string) (Document, error) {
	s, err := p.keys.get(ctx, tenantID, false)
	if err != nil {
		return Document{}, err
	}
	if len(s.keys) == 0 {
		if _, err := p.keys.signer(ctx, tenantID, ES256); err != nil {
			return Document{}, err
		}
		if s, err = p.keys.get(ctx, tenantID, false); err != nil {
			return Document{}, err
		}
	}
	return Document{Body: s.jwks, ETag: s.etag}, nil
}
