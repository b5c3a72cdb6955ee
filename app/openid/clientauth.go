package openid

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Method is how a client proved itself (OpenID Connect Core §9).
type Method string

const (
	MethodNone  Method = "none"
	MethodBasic Method = "client_secret_basic"
	MethodPost  Method = "client_secret_post"
	MethodKey   Method = "private_key_jwt"
)

// assertionType is the only client_assertion_type (RFC 7523 §2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// maxAssertionAge bounds how long an assertion's id must be remembered.
const maxAssertionAge = 24 * time.Hour

// clockSkew is what we forgive a client's clock.
const clockSkew = 5 * time.Minute

// Credentials is what a request brought to prove the client, wherever it stood.
type Credentials struct {
	Authorization string // the header
	Form          *Params
}

// LogValue keeps secrets out of every log.
func (Credentials) LogValue() slog.Value { return slog.StringValue("(credentials)") }

// Authenticate finds and proves the client of a request. It touches no code and no token, so a refused
// first try can be repeated with another method, as x/oauth2 does.
func (p *Provider) Authenticate(ctx context.Context, realm *Realm, in Credentials) (*Client, Method, *Error) {
	form := in.Form
	id, secret, method := form.Get("client_id"), "", MethodNone
	used := 0
	if scheme, rest, ok := strings.Cut(in.Authorization, " "); ok && strings.EqualFold(scheme, "Basic") {
		used++
		user, pass, ok := basic(rest)
		if !ok {
			return nil, "", unauthenticated("The Authorization header is not proper Basic authentication.", nil)
		}
		if id != "" && !strings.EqualFold(id, user) {
			return nil, "", refuse(InvalidRequest, 90023, "The client id of the header and that of the body differ.")
		}
		id, secret, method = user, pass, MethodBasic
	}
	if form.Has("client_secret") {
		used++
		secret, method = form.Get("client_secret"), MethodPost
	}
	if form.Has("client_assertion") || form.Has("client_assertion_type") {
		used++
		method = MethodKey
		if form.Get("client_assertion_type") != assertionType {
			return nil, "", refuse(InvalidRequest, 90023, "The parameter 'client_assertion_type' must be '"+assertionType+"'.")
		}
		if id == "" {
			id = assertedID(form.Get("client_assertion"))
		}
	}
	if used > 1 {
		// RFC 6749 §2.3: one method per request.
		return nil, "", refuse(InvalidRequest, 90023, "The request proves the client in more than one way; use one.")
	}
	if id == "" {
		return nil, "", Missing("client_id")
	}
	client, ok := realm.Client(id)
	if !ok {
		return nil, "", unauthenticated("No app with this client id is registered in this directory.", nil).number(700016)
	}
	var err *Error
	switch method {
	case MethodBasic, MethodPost:
		err = p.checkSecret(client, secret)
	case MethodKey:
		err = p.checkAssertion(ctx, realm, client, form.Get("client_assertion"))
	}
	if err != nil {
		return nil, "", err
	}
	if !client.Enabled {
		return nil, "", refuse(UnauthorizedClient, 7000112, "This app is switched off.").mistake(client.ID, "disabled", "", "")
	}
	return client, method, nil
}

func unauthenticated(description string, m *Mistake) *Error {
	return &Error{Code: InvalidClient, Number: 7000215, Description: description, Status: 401, Mistake: m}
}

func (e *Error) number(n int) *Error { e.Number = n; return e }

// mustProve refuses a client that did not prove itself although the platform that the grant came by asks
// for it (RFC 6749 §3.2.1), whether or not it has a credential at the moment.
func mustProve(c *Client, m Method, platform Platform) *Error {
	if m != MethodNone || c.AllowPublic || platform == SPA || platform == Native {
		return nil
	}
	return unauthenticated("This app must prove itself with a client secret or a client assertion.",
		&Mistake{ClientID: c.ID, Kind: "clientAuthMissing"}).number(7000218)
}

// basic decodes RFC 6749 §2.3.1: both halves are form-encoded before base64.
func basic(encoded string) (id, secret string, ok bool) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil || len(raw) > 4096 {
		return "", "", false
	}
	u, s, ok := strings.Cut(string(raw), ":")
	if !ok {
		return "", "", false
	}
	id, err1 := url.QueryUnescape(u)
	secret, err2 := url.QueryUnescape(s)
	return id, secret, err1 == nil && err2 == nil && id != "" && clean(id)
}

// checkSecret compares with every live secret. Secrets have 256 random bits, so one SHA-256 is enough.
func (p *Provider) checkSecret(c *Client, secret string) *Error {
	if len(c.Secrets) == 0 {
		kind := "clientSecret"
		if c.Public() {
			kind = "publicClient"
		}
		return unauthenticated("The client secret is not valid.", &Mistake{ClientID: c.ID, Kind: kind})
	}
	sum := sha256.Sum256([]byte(secret))
	now, found, expired := p.now(), false, time.Time{}
	for i := range c.Secrets {
		s := &c.Secrets[i]
		if subtle.ConstantTimeCompare(sum[:], s.Hash[:]) != 1 {
			continue
		}
		if !s.ExpiresAt.IsZero() && !now.Before(s.ExpiresAt) {
			expired = s.ExpiresAt
			continue
		}
		found = true
	}
	switch {
	case found:
		return nil
	case !expired.IsZero():
		return unauthenticated("The client secret has expired. Make a new one in the admin portal.",
			&Mistake{ClientID: c.ID, Kind: "secretExpired", Expected: expired.UTC().Format(time.RFC3339)}).number(7000222)
	}
	return unauthenticated("The client secret is not valid. Send its value, not its id.", &Mistake{ClientID: c.ID, Kind: "clientSecret"})
}

// assertedID reads whom an assertion names, unverified: only to find the keys to verify it with.
func assertedID(raw string) string {
	jws, err := jose.ParseSignedCompact(raw, assertionAlgs())
	if err != nil {
		return ""
	}
	var c struct {
		Subject string `json:"sub"`
	}
	if json.Unmarshal(jws.UnsafePayloadWithoutVerification(), &c) != nil || !clean(c.Subject) {
		return ""
	}
	return c.Subject
}

func assertionAlgs() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{jose.PS256, jose.RS256, jose.ES256, jose.EdDSA}
}

// checkAssertion verifies private_key_jwt (RFC 7523 §3, OpenID Connect Core §9). The certificate is
// found by kid, x5t#S256 or x5t; without any, each is tried.
func (p *Provider) checkAssertion(ctx context.Context, realm *Realm, c *Client, raw string) *Error {
	bad := func(why string) *Error {
		return unauthenticated("The client assertion is not valid: "+why+".",
			&Mistake{ClientID: c.ID, Kind: "assertion", Given: why}).number(700027)
	}
	if len(c.Certificates) == 0 {
		return bad("no certificate is registered for this app")
	}
	jws, err := jose.ParseSignedCompact(raw, assertionAlgs())
	if err != nil || len(jws.Signatures) != 1 {
		return bad("it is not a JWT signed with PS256, RS256, ES256 or EdDSA")
	}
	head := jws.Signatures[0].Protected
	now := p.Now()
	var payload []byte
	expired := false
	for _, cert := range c.Certificates {
		if !named(cert, head) {
			continue
		}
		if !cert.ExpiresAt.IsZero() && !now.Before(cert.ExpiresAt) {
			expired = true
			continue
		}
		if b, err := jws.Verify(cert.Key); err == nil {
			payload = b
			break
		}
	}
	if payload == nil && expired {
		return bad("the certificate has expired")
	}
	if payload == nil {
		return bad("no registered certificate of this app verifies its signature")
	}
	var claims struct {
		Issuer    string   `json:"iss"`
		Subject   string   `json:"sub"`
		Audience  oneOrAll `json:"aud"`
		ID        string   `json:"jti"`
		Expiry    *float64 `json:"exp"`
		NotBefore *float64 `json:"nbf"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return bad("its claims cannot be read")
	}
	if !strings.EqualFold(claims.Issuer, c.ID) || !strings.EqualFold(claims.Subject, c.ID) {
		return bad("iss and sub must be the client id")
	}
	audience := false
	for _, a := range claims.Audience {
		audience = audience || realm.isAudience(a)
	}
	if !audience {
		return bad("aud must be the token endpoint or the issuer")
	}
	if claims.Expiry == nil {
		return bad("exp is missing")
	}
	expires := unix(*claims.Expiry)
	switch {
	case !now.Before(expires):
		return bad("it has expired; mind the clock")
	case expires.After(now.Add(maxAssertionAge)):
		return bad("exp lies more than a day ahead")
	case claims.NotBefore != nil && unix(*claims.NotBefore).After(now.Add(clockSkew)):
		return bad("nbf lies in the future; mind the clock")
	case claims.ID == "" || !clean(claims.ID):
		return bad("jti is missing")
	}
	sum := sha256.Sum256([]byte(claims.ID))
	first, err := p.stores.OpenID(realm.Tenant.ID).UseOpenIDAssertion(ctx, c.ID, sum[:], now, expires)
	if err != nil {
		return failure(err)
	}
	if !first {
		return bad("it was used before; make a new one for each request")
	}
	return nil
}

// named reports whether an assertion's header may mean this certificate.
func named(cert Certificate, head jose.Header) bool {
	s256, _ := head.ExtraHeaders["x5t#S256"].(string)
	s1, _ := head.ExtraHeaders["x5t"].(string)
	switch {
	case s256 != "":
		return strings.TrimRight(s256, "=") == cert.ThumbprintS256
	case s1 != "":
		return strings.TrimRight(s1, "=") == cert.ThumbprintS1
	case head.KeyID != "" && (head.KeyID == cert.ID || head.KeyID == cert.ThumbprintS256 || head.KeyID == cert.ThumbprintS1):
		return true
	}
	return true // a kid of the client's own naming, or none: the signature decides
}

func unix(f float64) time.Time {
	if f > 1<<40 || f < 0 {
		return time.Unix(1<<40, 0)
	}
	return time.Unix(int64(f), 0)
}

// oneOrAll is a JSON string or an array of strings, as aud may be (RFC 7519 §4.1.3).
type oneOrAll []string

func (o *oneOrAll) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*o = oneOrAll{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(o))
}
