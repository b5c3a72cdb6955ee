package openid

import (
	"context"
	"encoding/json"
	"log/slog"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// AuthorizeRequest is an authorization request, parsed once (OpenID Connect Core §3.1.2.1). It is what
// stays parked in the attempt until the person has signed in.
type AuthorizeRequest struct {
	TenantID      string        `json:"tenantId"`
	Issuer        string        `json:"issuer"`
	Host          string        `json:"host,omitempty"` // of the tenant's own, that it was sent to
	ClientID      string        `json:"clientId"`
	RedirectURI   string        `json:"redirectUri"`
	Platform      Platform      `json:"platform"`
	ResponseMode  string        `json:"responseMode"`
	Scopes        []string      `json:"scopes"`
	State         string        `json:"state,omitempty"`
	Nonce         string        `json:"nonce,omitempty"`
	CodeChallenge string        `json:"codeChallenge,omitempty"`
	Prompt        []string      `json:"prompt,omitempty"`
	MaxAge        *int          `json:"maxAge,omitempty"`
	ACR           []string      `json:"acr,omitempty"`
	Contexts      []string      `json:"contexts,omitempty"` // authentication contexts asked for, that the directory has
	LoginHint     string        `json:"loginHint,omitempty"`
	DomainHint    string        `json:"domainHint,omitempty"`
	SIDHint       string        `json:"sidHint,omitempty"`
	SubHint       string        `json:"subHint,omitempty"`
	UILocales     []string      `json:"uiLocales,omitempty"`
	Claims        ClaimsRequest `json:"claims,omitzero"`
	ClientInfo    bool          `json:"clientInfo,omitempty"`
	CorrelationID string        `json:"correlationId,omitempty"`
	Demands       Demands       `json:"demands,omitzero"`
}

// Demands are what the answer must fulfil or else be an error.
type Demands struct {
	UserID   string   `json:"userId,omitempty"`   // whom the id_token_hint means (OpenID Connect Core §3.1.2.1)
	Subjects []string `json:"subjects,omitempty"` // sub asked by value, as this app knows people (§5.5.1)
	ACR      []string `json:"acr,omitempty"`      // acr asked as essential, by value (§5.5.1.1)
	Contexts []string `json:"contexts,omitempty"` // of which one must be reached (claim "acrs", asked as essential)
}

// LogValue leaves out what ties the request to a person or proves something.
func (r *AuthorizeRequest) LogValue() slog.Value {
	return slog.GroupValue(slog.String("client", r.ClientID), slog.String("redirect_uri", r.RedirectURI),
		slog.String("scope", strings.Join(r.Scopes, " ")), slog.String("prompt", strings.Join(r.Prompt, " ")))
}

// ClaimsRequest is the claims parameter (OpenID Connect Core §5.5). Unknown members and claims are
// ignored, as the specification wants; MSAL asks for several of its own in every request.
type ClaimsRequest struct {
	IDToken  map[string]ClaimWish `json:"id_token,omitempty"`
	UserInfo map[string]ClaimWish `json:"userinfo,omitempty"`
	// AccessToken is the vendor's member, read for the authentication contexts in it and not kept.
	AccessToken map[string]ClaimWish `json:"access_token,omitempty"`
}

// IsZero lets an empty wish stay out of JSON.
func (c ClaimsRequest) IsZero() bool { return len(c.IDToken) == 0 && len(c.UserInfo) == 0 }

// ClaimWish is one requested claim; null in JSON means "voluntary, no value asked".
type ClaimWish struct {
	Essential bool     `json:"essential,omitempty"`
	Value     string   `json:"value,omitempty"`
	Values    []string `json:"values,omitempty"`
}

// UnmarshalJSON takes null, and values of any type, of which only strings count.
func (w *ClaimWish) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	var raw struct {
		Essential bool  `json:"essential"`
		Value     any   `json:"value"`
		Values    []any `json:"values"`
	}
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	w.Essential = raw.Essential
	if s, ok := raw.Value.(string); ok {
		w.Value = s
	}
	for _, v := range raw.Values {
		if s, ok := v.(string); ok {
			w.Values = append(w.Values, s)
		}
	}
	return nil
}

// values are the values asked for, of value and values alike.
func (w ClaimWish) values() []string {
	out := append([]string(nil), w.Values...)
	if w.Value != "" {
		out = append(out, w.Value)
	}
	return out
}

// ParseAuthorize reads an authorization request. The order of the checks decides where an error goes:
// while the client and the redirect URI are not proven to belong together, the request is nil and the
// error is shown on a page of ours, so nobody is ever redirected to an unregistered URI; from then on
// request and error come together and Deny makes the redirect (RFC 6749 §4.1.2.1).
func (p *Provider) ParseAuthorize(ctx context.Context, realm *Realm, in Params) (*AuthorizeRequest, *Error) {
	if err := in.Bad("client_id", "redirect_uri"); err != nil {
		return nil, err
	}
	if !in.Has("client_id") {
		return nil, Missing("client_id")
	}
	client, ok := realm.Client(in.Get("client_id"))
	if !ok {
		return nil, refuse(UnauthorizedClient, 700016, "No app with the client id '"+clip(in.Get("client_id"))+"' is registered in this directory.")
	}
	if !client.Enabled {
		return nil, refuse(UnauthorizedClient, 7000112, "This app is switched off.").mistake(client.ID, "disabled", "", "")
	}
	if !in.Has("redirect_uri") {
		return nil, Missing("redirect_uri").mistake(client.ID, "redirectUri", "", registered(client))
	}
	to, ok := client.Redirect(in.Get("redirect_uri"))
	if !ok {
		return nil, refuse(InvalidRequest, 50011, "The redirect URI '"+clip(in.Get("redirect_uri"))+"' is not registered for this app.").
			mistake(client.ID, "redirectUri", in.Get("redirect_uri"), registered(client))
	}

	r := &AuthorizeRequest{TenantID: realm.Tenant.ID, Issuer: realm.Issuer, Host: realm.Tenant.Host, ClientID: client.ID, RedirectURI: to.URI,
		Platform: to.Platform, ResponseMode: ModeQuery, State: in.Get("state"), Nonce: in.Get("nonce"),
		LoginHint: in.Get("login_hint"), DomainHint: in.Get("domain_hint"), SIDHint: in.Get("sid"),
		ClientInfo: in.Get("client_info") == "1", CorrelationID: correlation(in.Get("client-request-id"))}
	types := in.List("response_type")
	switch mode := in.Get("response_mode"); mode {
	case ModeQuery, ModeFragment, ModeFormPost:
		r.ResponseMode = mode
	case "":
		if has(types, "token") || has(types, "id_token") {
			r.ResponseMode = ModeFragment // where such a client listens (OAuth 2.0 Multiple Response Types §5)
		}
	default:
		return r, refuse(InvalidRequest, 70007, "The response mode '"+clip(mode)+"' is not supported; use query, fragment or form_post.").
			mistake(client.ID, "responseMode", mode, "query fragment form_post")
	}
	if err := in.Bad(); err != nil {
		return r, err.mistake(client.ID, "parameter", err.Description, "")
	}
	// OpenID Connect Core §6: the provider need not support these, but must say so.
	switch {
	case in.Has("request"):
		return r, refuse(RequestNotSupported, 90055, "Request objects are not supported; send the parameters themselves.").
			mistake(client.ID, "parameter", "request", "")
	case in.Has("request_uri"):
		return r, refuse(RequestURINotSupported, 90055, "Request objects by reference are not supported; send the parameters themselves.").
			mistake(client.ID, "parameter", "request_uri", "")
	case in.Has("registration"):
		return r, refuse(RegistrationUnsupported, 90055, "The parameter 'registration' is not supported.").
			mistake(client.ID, "parameter", "registration", "")
	}
	if len(types) == 0 {
		return r, Missing("response_type").mistake(client.ID, "responseType", "", "code")
	}
	if len(types) != 1 || types[0] != "code" {
		return r, refuse(UnsupportedResponseType, 700051, "The response type '"+clip(in.Get("response_type"))+"' is not enabled; use 'code' with PKCE.").
			mistake(client.ID, "responseType", in.Get("response_type"), "code")
	}
	if err := r.pkce(client, in); err != nil {
		return r, err
	}
	if r.Scopes = in.List("scope"); len(r.Scopes) == 0 {
		return r, Missing("scope").mistake(client.ID, "scope", "", "openid")
	}
	if err := realm.checkScopes(client, r.Scopes); err != nil {
		return r, err
	}
	if err := r.prompts(client, in); err != nil {
		return r, err
	}
	if s := in.Get("max_age"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			return r, refuse(InvalidRequest, 90023, "The parameter 'max_age' must be a number of seconds.").
				mistake(client.ID, "parameter", "max_age="+s, "")
		}
		r.MaxAge = &n
	}
	r.ACR = capped(in.List("acr_values"))
	r.UILocales = capped(in.List("ui_locales"))
	if len(r.UILocales) == 0 {
		r.UILocales = capped(in.List("mkt")) // the vendor's older spelling (R 1.3.15)
	}
	if s := in.Get("claims"); s != "" {
		if err := json.Unmarshal([]byte(s), &r.Claims); err != nil {
			return r, refuse(InvalidRequest, 90023, "The parameter 'claims' is not a JSON object as OpenID Connect describes it.").
				mistake(client.ID, "parameter", "claims="+s, "")
		}
		r.Demands.Subjects = append(r.Claims.IDToken["sub"].values(), r.Claims.UserInfo["sub"].values()...)
		if w, ok := r.Claims.IDToken["acr"]; ok {
			switch list := capped(w.values()); {
			case w.Essential && len(list) > 0:
				r.ACR, r.Demands.ACR = list, list
			case len(r.ACR) == 0:
				r.ACR = list
			}
		}
	}
	if bad := r.stepUps(realm, client); bad != nil {
		return r, bad
	}
	r.Claims.keepKnown()
	if s := in.Get("id_token_hint"); s != "" {
		hint, err := p.readHint(ctx, realm, s)
		if err != nil {
			return r, refuse(InvalidRequest, 90023, "The parameter 'id_token_hint' is not an ID token of this directory.").
				mistake(client.ID, "parameter", "id_token_hint", "")
		}
		r.SubHint, r.Demands.UserID = hint.OID, hint.OID
	} else if oid, ok := p.openLoginHint(ctx, realm, r.LoginHint); ok {
		r.SubHint, r.LoginHint = oid, ""
	}
	return r, nil
}

// pkce checks RFC 7636: S256 only, required unless an admin let a confidential client leave it out.
func (r *AuthorizeRequest) pkce(c *Client, in Params) *Error {
	challenge, method := in.Get("code_challenge"), in.Get("code_challenge_method")
	if challenge == "" {
		if method == "" && c.PKCEOptional && !c.Public() && !c.AllowPublic && r.Platform == Web {
			return nil
		}
		return refuse(InvalidRequest, 9002325, "Proof Key for Code Exchange is required: send 'code_challenge' and 'code_challenge_method=S256'.").
			mistake(c.ID, "pkceMissing", "", "S256")
	}
	if method != "S256" {
		if method == "" {
			method = "plain" // RFC 7636 §4.3: the default
		}
		return refuse(InvalidRequest, 9002325, "The code challenge method '"+clip(method)+"' is not supported; use S256.").
			mistake(c.ID, "pkceMethod", method, "S256")
	}
	if len(challenge) != 43 || !unreserved(challenge) {
		return refuse(InvalidRequest, 501491, "The parameter 'code_challenge' must be the base64url SHA-256 of the verifier, without padding.").
			mistake(c.ID, "parameter", "code_challenge", "")
	}
	r.CodeChallenge = challenge
	return nil
}

// prompts checks OpenID Connect Core §3.1.2.1 and Initiating User Registration 1.0.
func (r *AuthorizeRequest) prompts(c *Client, in Params) *Error {
	r.Prompt = in.List("prompt")
	for _, w := range r.Prompt {
		switch w {
		case "login", "select_account", "consent", "create":
		case "none":
			if len(r.Prompt) > 1 {
				return refuse(InvalidRequest, 90023, "The prompt 'none' cannot be combined with another.").
					mistake(c.ID, "parameter", "prompt="+in.Get("prompt"), "")
			}
		default:
			return refuse(InvalidRequest, 90023, "The prompt '"+clip(w)+"' is not supported.").
				mistake(c.ID, "parameter", "prompt="+w, "none login select_account consent create")
		}
	}
	return nil
}

// ConsentScopes are the words that a person must agree to; none when the admin agreed for all (R 1.2.7).
func (r *AuthorizeRequest) ConsentScopes(c *Client) []string {
	if c.AskConsent || has(r.Prompt, "consent") {
		return r.Scopes
	}
	return nil
}

// Deny is the authorization error response (RFC 6749 §4.1.2.1, RFC 9207).
func (r *AuthorizeRequest) Deny(e *Error) Answer {
	return answer(r.ResponseMode, r.RedirectURI, [][2]string{
		{"error", e.Code}, {"error_description", e.Words()}, {"state", r.State}, {"iss", r.Issuer}})
}

// Refusal is the error of an attempt that ended without a grant. Its description goes through the
// same filter as all others; the words of OAuth come from the sign-in machine.
func Refusal(code, description string) *Error {
	number := 50126
	switch code {
	case LoginRequired:
		number = 50058
	case InteractionRequired:
		number = 50076
	case ConsentRequired:
		number = 65001
	case AccessDenied:
		number = 65004
	}
	if description == "" {
		description = "The sign-in did not take place."
	}
	return refuse(code, number, description)
}

// keepKnown drops what no claim of ours answers, so that a request cannot grow what is stored.
func (c *ClaimsRequest) keepKnown() {
	c.AccessToken = nil
	for _, m := range []map[string]ClaimWish{c.IDToken, c.UserInfo} {
		for name := range m {
			if !claimKnown(name) && name != "acr" && name != "auth_time" {
				delete(m, name)
			}
		}
	}
}

func registered(c *Client) string {
	var b []string
	for _, u := range c.RedirectURIs {
		b = append(b, u.URI)
	}
	return strings.Join(b, "\n")
}

func capped(list []string) []string {
	if len(list) > 10 {
		return list[:10]
	}
	return list
}

// clip keeps a foreign string short where it is repeated in a description.
func clip(s string) string {
	if len(s) > 200 {
		return s[:200] + "..."
	}
	return s
}

// correlation takes the client's request id when it is one: APIs that are asked read it as a GUID.
func correlation(s string) string {
	id, err := uuid.Parse(s)
	if err != nil {
		return ""
	}
	return id.String()
}

func unreserved(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' && c != '~' {
			return false
		}
	}
	return true
}
