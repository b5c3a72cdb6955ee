package openid

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"portico/app/fault"
	"portico/app/policy"
	"portico/app/record"
)

// Lifetimes of what the protocol hands out.
const (
	CodeLifetime    = time.Minute
	twinWindow      = 2 * time.Second  // a refused twin of a code revokes nothing
	rotationWindow  = 10 * time.Second // the same refresh token again gets the same successor
	spaRefresh      = 24 * time.Hour   // not extended by rotation
	defaultRefresh  = 90 * 24 * time.Hour
	defaultLifetime = time.Hour
)

// TokenRequest is a token request with what the web layer knows about it.
type TokenRequest struct {
	Form          Params
	Authorization string
	Received      time.Time             // when it came in; a twin is told from a replay by this
	Signals       func() record.Signals // worked out only where it is asked for
	CorrelationID string
	TraceID       string
}

// TokenResponse is the answer of RFC 6749 §5.1 with the vendor's additions.
type TokenResponse struct {
	TokenType        string `json:"token_type"`
	Scope            string `json:"scope,omitempty"`
	ExpiresIn        int64  `json:"expires_in"`
	ExtExpiresIn     int64  `json:"ext_expires_in"`
	AccessToken      string `json:"access_token"`
	RefreshToken     string `json:"refresh_token,omitempty"`
	RefreshExpiresIn int64  `json:"refresh_token_expires_in,omitempty"`
	IDToken          string `json:"id_token,omitempty"`
	ClientInfo       string `json:"client_info,omitempty"`
}

// Token answers the token endpoint. The phases that every grant shares stand here, so a new grant
// cannot forget them: the form, the client, then the grant.
func (p *Provider) Token(ctx context.Context, realm *Realm, in TokenRequest) (*TokenResponse, *Error) {
	if err := in.Form.Bad(); err != nil {
		return nil, err
	}
	if in.Received.IsZero() {
		in.Received = p.Now()
	}
	grantType := in.Form.Get("grant_type")
	if grantType == "" {
		return nil, Missing("grant_type")
	}
	if err := knownGrant(realm, grantType, in.Form.Get("client_id")); err != nil {
		return nil, err
	}
	client, method, err := p.Authenticate(ctx, realm, Credentials{Authorization: in.Authorization, Form: &in.Form})
	if err != nil {
		if err.Mistake != nil && grantType == "client_credentials" {
			if c, ok := realm.Client(err.Mistake.ClientID); ok {
				if lost := p.logService(ctx, realm, c, apiScope{}, in, err); lost != nil {
					return nil, failure(lost)
				}
			}
		}
		return nil, err
	}
	switch grantType {
	case "authorization_code":
		return p.redeem(ctx, realm, client, method, in)
	case "refresh_token":
		return p.refresh(ctx, realm, client, method, in)
	}
	return p.clientCredentials(ctx, realm, client, method, in)
}

// knownGrant refuses what is not offered, before anybody's credentials are looked at: above all the
// password grant, whoever asks for it.
func knownGrant(realm *Realm, grantType, clientID string) *Error {
	var e *Error
	switch grantType {
	case "authorization_code", "refresh_token", "client_credentials":
		return nil
	case "password":
		e = refuse(UnsupportedGrantType, 7000218, "Apps never see passwords here: the password grant is not supported. Use the authorization code with PKCE.")
	default:
		e = refuse(UnsupportedGrantType, 70003, "The grant type '"+clip(grantType)+"' is not supported.")
	}
	if c, ok := realm.Client(clientID); ok {
		e.mistake(c.ID, "grantType", grantType, "authorization_code refresh_token client_credentials")
	}
	return e
}

// badCode is one answer for every code that does not work, so that nobody learns which codes exist.
func badCode(c *Client, why string) *Error {
	return refuse(InvalidGrant, 70008, "The authorization code is not valid: it is unknown, expired or already used.").
		mistake(c.ID, "code", why, "")
}

// redeem answers grant_type=authorization_code (RFC 6749 §4.1.3, RFC 7636 §4.6).
func (p *Provider) redeem(ctx context.Context, realm *Realm, c *Client, m Method, in TokenRequest) (*TokenResponse, *Error) {
	code := in.Form.Get("code")
	if code == "" {
		return nil, Missing("code")
	}
	store := p.stores.OpenID(realm.Tenant.ID)
	hash := hashOf(code)
	held, ok, err := store.OpenIDHoldingByCode(ctx, hash)
	if err != nil {
		return nil, failure(err)
	}
	if !ok {
		if err := mustProve(c, m, Web); err != nil {
			return nil, err
		}
		return nil, badCode(c, "unknown")
	}
	g := held.Grant
	if err := mustProve(c, m, g.Platform); err != nil {
		return nil, err
	}
	verifier := in.Form.Get("code_verifier")
	same := g.ClientID == c.ID && verifierFits(g.CodeChallenge, verifier)
	if !g.CodeUsedAt.IsZero() {
		return nil, p.replay(ctx, store, c, g, same, in.Received)
	}
	if g.ClientID != c.ID {
		return nil, badCode(c, "it belongs to another app")
	}
	now := p.Now()
	if !now.Before(g.CodeExpiresAt) {
		return nil, badCode(c, "expired")
	}
	if uri := in.Form.Get("redirect_uri"); uri != g.RedirectURI {
		return nil, refuse(InvalidGrant, 500112, "The parameter 'redirect_uri' is not the one of the authorization request.").
			mistake(c.ID, "tokenRedirectUri", uri, g.RedirectURI)
	}
	if !same {
		return nil, refuse(InvalidGrant, 501481, "The parameter 'code_verifier' does not fit the code challenge of the authorization request.").
			mistake(c.ID, "pkceWrong", "", "")
	}
	words, granted, bad := narrow(c, g.Scopes, in.Form.List("scope"))
	if bad != nil {
		return nil, bad
	}
	g.Scopes = granted
	if bad := held.standing(realm, c); bad != nil {
		return nil, bad
	}
	user := held.User
	r := Redemption{GrantID: g.ID, Now: now, Scopes: granted}
	var refresh string
	if has(granted, ScopeOffline) {
		token, err := newRefreshToken(p.mac, g.ID)
		if err != nil {
			return nil, failure(err)
		}
		refresh = token.text
		r.RefreshHash, r.RefreshExpiresAt = token.hash, now.Add(c.refreshLifetime(g.Platform))
		g.RefreshExpiresAt = r.RefreshExpiresAt
	}
	// Tokens are signed first, so that a failure to sign leaves the code unused.
	out, bad := p.userTokens(ctx, realm, c, m, &g, user, words, now, g.Nonce, in)
	if bad != nil {
		return nil, bad
	}
	won, err := store.RedeemOpenIDCode(ctx, r)
	if err != nil {
		return nil, failure(err)
	}
	if !won {
		g, ok, err := store.OpenIDGrant(ctx, g.ID)
		if err != nil {
			return nil, failure(err)
		}
		if !ok || g.CodeUsedAt.IsZero() {
			return nil, badCode(c, "revoked")
		}
		return nil, p.replay(ctx, store, c, g, same, in.Received)
	}
	out.addRefresh(refresh, &g, now)
	return out, nil
}

// replay answers a used code. Somebody else holding it means that it leaked, so the family dies
// (RFC 6749 §4.1.2, RFC 9700 §2.1.1); only the same client's own twin request within two seconds does not.
func (p *Provider) replay(ctx context.Context, store Store, c *Client, g Grant, same bool, received time.Time) *Error {
	if same && received.Sub(g.CodeUsedAt) <= twinWindow {
		return badCode(c, "used a moment ago").number(54005)
	}
	if g.RevokedAt.IsZero() {
		if err := store.RevokeOpenIDGrant(ctx, g.ID, "code replayed", p.Now()); err != nil {
			return failure(err)
		}
	}
	return badCode(c, "used before").number(54005)
}

func verifierFits(challenge, verifier string) bool {
	if challenge == "" {
		return verifier == "" // RFC 9700 §2.1.1: a verifier without a challenge is a downgrade
	}
	if len(verifier) < 43 || len(verifier) > 128 || !unreserved(verifier) {
		return false
	}
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) == 1
}

// refreshLifetime is how long a refresh token lives unused; for a SPA, at all. What an admin set for a
// single-page app holds; an app of another kind that has SPA redirect URIs besides gets a day there.
func (c *Client) refreshLifetime(platform Platform) time.Duration {
	switch {
	case platform == SPA && (c.Kind != string(SPA) && c.RefreshIdle > spaRefresh || c.RefreshIdle <= 0):
		return spaRefresh
	case c.RefreshIdle > 0:
		return c.RefreshIdle
	}
	return defaultRefresh
}

// refreshToken is <grant id>.<secret>.<tag>: the id finds the family's one row, the secret's hash is
// what the row keeps, and the tag proves that we made it, so that a guess cannot kill a family.
type refreshToken struct {
	text    string
	grantID string
	secret  []byte
	hash    []byte
	ours    bool
}

const refreshPrefix = "1."

func newRefreshToken(mac MAC, grantID string) (refreshToken, error) {
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return refreshToken{}, err
	}
	return makeRefreshToken(mac, grantID, secret)
}

func makeRefreshToken(mac MAC, grantID string, secret []byte) (refreshToken, error) {
	id, err := uuid.Parse(grantID)
	if err != nil {
		return refreshToken{}, err
	}
	body := append(slices.Clone(id[:]), secret...)
	tag := mac("openid refresh tag", body)[:16]
	t := refreshToken{text: refreshPrefix + base64.RawURLEncoding.EncodeToString(append(body, tag...)), grantID: grantID,
		secret: secret, ours: true}
	t.hash = hashOf(t.text[:len(refreshPrefix)] + base64.RawURLEncoding.EncodeToString(body))
	return t, nil
}

func readRefreshToken(mac MAC, text string) (refreshToken, bool) {
	enc, ok := strings.CutPrefix(text, refreshPrefix)
	if !ok {
		return refreshToken{}, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(enc)
	if err != nil || len(raw) != 16+32+16 {
		return refreshToken{}, false
	}
	body := raw[:48]
	t := refreshToken{text: text, grantID: uuid.UUID(raw[:16]).String(), secret: raw[16:48],
		ours: hmac.Equal(raw[48:], mac("openid refresh tag", body)[:16])}
	t.hash = hashOf(refreshPrefix + base64.RawURLEncoding.EncodeToString(body))
	return t, true
}

// successor is derived from the presented token under a server key: the same token gives the same
// successor in every instance, and only hashes need to be stored (DESIGN §5.9).
func (t refreshToken) successor(mac MAC) (refreshToken, error) {
	return makeRefreshToken(mac, t.grantID, mac("openid refresh successor", t.secret)[:32])
}

func badRefresh() *Error {
	return refuse(InvalidGrant, 70000, "The refresh token is not valid.")
}

// dead is the refusal of a refresh token whose grant no longer counts: apps of the web and native
// platforms prompt again; a SPA gets no suberror, so that it tries its hidden frame first (clients.md S3).
func dead(platform Platform, number int, description string) *Error {
	e := refuse(InvalidGrant, number, description)
	if platform != SPA {
		e.Suberror = SubBadToken
	}
	return e
}

// refresh answers grant_type=refresh_token (RFC 6749 §6, RFC 9700 §4.14).
func (p *Provider) refresh(ctx context.Context, realm *Realm, c *Client, m Method, in TokenRequest) (*TokenResponse, *Error) {
	raw := in.Form.Get("refresh_token")
	if raw == "" {
		return nil, Missing("refresh_token")
	}
	t, ok := readRefreshToken(p.mac, raw)
	if !ok {
		return nil, badRefresh()
	}
	store := p.stores.OpenID(realm.Tenant.ID)
	held, ok, err := store.OpenIDHolding(ctx, t.grantID)
	if err != nil {
		return nil, failure(err)
	}
	g, user := held.Grant, held.User
	if !ok || g.ClientID != c.ID {
		if err := mustProve(c, m, Web); err != nil {
			return nil, err
		}
		return nil, badRefresh()
	}
	if err := mustProve(c, m, g.Platform); err != nil {
		return nil, err
	}
	now := p.Now()
	next, err := t.successor(p.mac)
	if err != nil {
		return nil, failure(err)
	}
	state, bad := p.presented(ctx, store, g, t, next, in.Received)
	if bad != nil {
		return nil, bad
	}
	if bad := held.standing(realm, c); bad != nil {
		return nil, p.refusedRefresh(ctx, store, p.refreshEntry(realm, c, &g, user, in, bad, nil), bad)
	}
	if !now.Before(g.RefreshExpiresAt) {
		number, words := 700082, "The refresh token has expired because it was not used for too long."
		if g.Platform == SPA {
			number, words = 700084, "The refresh token of a single-page app lives for a day, and that day is over."
		}
		return nil, dead(g.Platform, number, words)
	}
	asked, granted, bad := narrow(c, g.Scopes, in.Form.List("scope"))
	if bad != nil {
		return nil, bad
	}
	g.Scopes = granted
	decision, bad := p.ask(ctx, realm, &g, in)
	if bad != nil {
		return nil, p.refusedRefresh(ctx, store, p.refreshEntry(realm, c, &g, user, in, bad, decision.Results), bad)
	}
	if g.Platform != SPA {
		g.RefreshExpiresAt = now.Add(c.refreshLifetime(g.Platform))
	}
	out, bad := p.userTokens(ctx, realm, c, m, &g, user, asked, now, "", in)
	if bad != nil {
		return nil, bad
	}
	if state == current {
		won, err := store.RotateOpenIDRefresh(ctx, Rotation{GrantID: g.ID, Presented: t.hash, Successor: next.hash,
			ExpiresAt: g.RefreshExpiresAt, Entry: p.refreshEntry(realm, c, &g, user, in, nil, decision.Results)})
		if err != nil {
			return nil, failure(err)
		}
		if !won { // a twin was faster, or somebody revoked the grant meanwhile
			again, ok, err := store.OpenIDGrant(ctx, g.ID)
			if err != nil {
				return nil, failure(err)
			}
			if !ok {
				return nil, badRefresh()
			}
			if _, bad := p.presented(ctx, store, again, t, next, in.Received); bad != nil {
				return nil, bad
			}
			if !again.RevokedAt.IsZero() {
				return nil, dead(g.Platform, 50173, "The grant was revoked. The person has to sign in again.")
			}
		}
	}
	out.addRefresh(next.text, &g, now)
	return out, nil
}

// refusedRefresh records a refusal and gives it back.
func (p *Provider) refusedRefresh(ctx context.Context, store Store, r record.SignIn, bad *Error) *Error {
	if bad.Code != ServerError {
		if err := store.FoldSignIn(ctx, r); err != nil {
			return failure(err)
		}
	}
	return bad
}

type tokenState int

const (
	current  tokenState = iota // the valid one
	replaced                   // replaced a moment ago; its twin gets the same successor
)

// presented tells the valid token from its twin and from a reuse, which kills the family.
func (p *Provider) presented(ctx context.Context, store Store, g Grant, t, next refreshToken, received time.Time) (tokenState, *Error) {
	switch {
	case subtle.ConstantTimeCompare(t.hash, g.RefreshHash) == 1:
		return current, nil
	case subtle.ConstantTimeCompare(t.hash, g.RefreshPrevious) == 1 &&
		subtle.ConstantTimeCompare(next.hash, g.RefreshHash) == 1 && received.Sub(g.RotatedAt) <= rotationWindow:
		return replaced, nil
	case t.ours || subtle.ConstantTimeCompare(t.hash, g.RefreshPrevious) == 1:
		if g.RevokedAt.IsZero() {
			if err := store.RevokeOpenIDGrant(ctx, g.ID, "refresh token reused", p.Now()); err != nil {
				return 0, failure(err)
			}
		}
		return 0, dead(g.Platform, 50173, "The refresh token was used before. All tokens of this sign-in are revoked.")
	}
	return 0, badRefresh()
}

// ask puts the question to risk and policy. An answer that demands more does not consume the token.
func (p *Provider) ask(ctx context.Context, realm *Realm, g *Grant, in TokenRequest) (policy.Decision, *Error) {
	if p.gate == nil {
		return policy.Decision{}, nil
	}
	r := policy.Request{TenantID: realm.Tenant.ID, UserID: g.UserID, ClientID: g.ClientID, Refresh: true}
	if in.Signals != nil {
		r.Signals = in.Signals()
	}
	d, err := p.gate.Refresh(ctx, r)
	switch {
	case fault.Is(err, fault.Denied), fault.Is(err, fault.NotFound):
		return d, dead(g.Platform, 50105, "This app takes no sign-ins at the moment.")
	case err != nil:
		return d, failure(err) // never skipped (DESIGN §9.2)
	}
	now := p.Now()
	switch {
	case d.Block:
		return d, refuse(InvalidGrant, 53003, "Access is blocked by a policy of the organisation.")
	case d.RequireMFA && !has(g.AMR, "mfa"):
		return d, stepUp(50076, "A policy now asks for a second factor.", d)
	case d.PasswordChange:
		e := stepUp(50055, "The password has to be changed.", d)
		e.Code, e.Suberror, e.Claims = InvalidGrant, SubPasswordExpired, ""
		return d, e
	case d.SignInFrequency > 0 && now.Sub(g.AuthTime) > d.SignInFrequency:
		return d, stepUp(70043, "A policy asks people to sign in again after a while.", d)
	}
	return d, nil
}

func stepUp(number int, description string, d policy.Decision) *Error {
	e := refuse(InteractionRequired, number, description)
	e.Suberror = SubBasicAction
	var ids []string
	for _, r := range d.Results {
		if r.Result == "success" || r.Result == "failure" {
			ids = append(ids, r.ID)
		}
	}
	b, err := json.Marshal(map[string]any{"access_token": map[string]any{"capolids": map[string]any{"essential": true, "values": ids}}})
	if err == nil {
		e.Claims = string(b)
	}
	return e
}

// userTokens signs what a person's grant gives for the words that the answer is for.
func (p *Provider) userTokens(ctx context.Context, realm *Realm, c *Client, m Method, g *Grant, u User, asked []string, now time.Time,
	nonce string, in TokenRequest) (*TokenResponse, *Error) {
	key, err := p.keys.signer(ctx, realm.Tenant.ID, c.SigningAlg)
	if err != nil {
		return nil, failure(err)
	}
	secret, err := p.keys.secret(ctx, realm.Tenant.ID)
	if err != nil {
		return nil, failure(err)
	}
	sub := subject(secret, c.ID, g.UserID)
	audience, scp := realm.permissions(asked)
	life := lifetime(c.AccessTokenLifetime)
	id, err := secretText(16)
	if err != nil {
		return nil, failure(err)
	}
	at := accessClaims{Issuer: realm.Issuer, Audience: audience, Subject: sub, OID: g.UserID, TenantID: realm.Tenant.ID,
		Version: "2.0", IssuedAt: now.Unix(), NotBefore: now.Unix(), Expiry: now.Add(life).Unix(), ID: id, UTI: id,
		ClientID: c.ID, AZP: c.ID, AZPACR: strength(m), Scope: strings.Join(scp, " "), Roles: u.Roles,
		AuthTime: g.AuthTime.Unix(), AMR: g.AMR, ACR: g.ACR, SID: g.SID, GrantID: g.ID}
	if has(scp, ScopeProfile) {
		at.Name, at.Username = u.Name, u.PreferredUsername
	}
	out := &TokenResponse{TokenType: "Bearer", Scope: strings.Join(asked, " "), ExpiresIn: int64(life / time.Second),
		ExtExpiresIn: int64(life / time.Second)}
	if out.AccessToken, err = key.sign(typAccess, at); err != nil {
		return nil, failure(err)
	}
	if has(asked, ScopeOpenID) || len(asked) > 0 && has(g.Scopes, ScopeOpenID) {
		idc := map[string]any{"iss": realm.Issuer, "aud": c.ID, "sub": sub, "oid": g.UserID, "tid": realm.Tenant.ID, "ver": "2.0",
			"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(lifetime(c.IDTokenLifetime)).Unix(),
			"auth_time": g.AuthTime.Unix(), "at_hash": atHash(key.Alg, out.AccessToken), "uti": id,
			"login_hint": loginHint(secret, g.UserID)}
		if g.SID != "" {
			idc["sid"] = g.SID
		}
		if len(g.AMR) > 0 {
			idc["amr"] = g.AMR
		}
		if g.ACR != "" {
			idc["acr"] = g.ACR
		}
		if nonce != "" {
			idc["nonce"] = nonce
		}
		if len(u.Roles) > 0 {
			idc["roles"] = u.Roles
		}
		u.fill(idc, asked, g.Claims.IDToken)
		if u.PreferredUsername != "" && !has(asked, ScopeProfile) && has(g.Scopes, ScopeProfile) {
			idc["preferred_username"] = u.PreferredUsername
		}
		if out.IDToken, err = key.sign(typID, idc); err != nil {
			return nil, failure(err)
		}
	}
	if g.ClientInfo || in.Form.Get("client_info") == "1" {
		out.ClientInfo = clientInfo(g.UserID, realm.Tenant.ID)
	}
	return out, nil
}

func (t *TokenResponse) addRefresh(token string, g *Grant, now time.Time) {
	if token == "" {
		return
	}
	t.RefreshToken = token
	t.RefreshExpiresIn = int64(g.RefreshExpiresAt.Sub(now) / time.Second)
}

// clientInfo is what every MSAL keys its cache by: base64url without padding (clients.md M11).
func clientInfo(userID, tenantID string) string {
	b, err := json.Marshal(struct {
		UID  string `json:"uid"`
		UTID string `json:"utid"`
	}{userID, tenantID})
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// atHash is the left half of the token's hash (OpenID Connect Core §3.1.3.6); with EdDSA over
// Ed25519 the hash is SHA-512.
func atHash(alg, token string) string {
	if alg == EdDSA {
		sum := sha512.Sum512([]byte(token))
		return base64.RawURLEncoding.EncodeToString(sum[:32])
	}
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

func strength(m Method) string {
	switch m {
	case MethodKey:
		return "2"
	case MethodBasic, MethodPost:
		return "1"
	}
	return "0"
}

func lifetime(d time.Duration) time.Duration {
	if d <= 0 {
		return defaultLifetime
	}
	return d
}

// hashOf is how codes and refresh tokens are kept.
func hashOf(s string) []byte {
	sum := sha256.Sum256([]byte(s))
	return sum[:]
}

// clientCredentials answers grant_type=client_credentials (RFC 6749 §4.4): one resource, asked as
// {resource}/.default. The OpenID scopes that MSAL Go appends mean nothing without a person and are
// ignored (clients.md M10).
func (p *Provider) clientCredentials(ctx context.Context, realm *Realm, c *Client, m Method, in TokenRequest) (*TokenResponse, *Error) {
	if m == MethodNone {
		return nil, unauthenticated("An app without a person must prove itself with a client secret or a client assertion.",
			&Mistake{ClientID: c.ID, Kind: "clientAuthMissing"}).number(7000218)
	}
	var asked []string
	for _, w := range in.Form.List("scope") {
		if !oidcScope(w) {
			asked = append(asked, w)
		}
	}
	if len(asked) == 0 {
		return nil, Missing("scope").mistake(c.ID, "scope", "", realm.Base+"/.default")
	}
	s, ok := realm.resolve(asked[0])
	if !ok || len(asked) != 1 || !strings.HasSuffix(asked[0], "/.default") {
		return nil, refuse(InvalidScope, 1002012, "An app without a person asks for exactly one scope: the resource followed by '/.default'.").
			mistake(c.ID, "scope", strings.Join(asked, " "), realm.Base+"/.default")
	}
	key, err := p.keys.signer(ctx, realm.Tenant.ID, c.SigningAlg)
	if err != nil {
		return nil, failure(err)
	}
	id, err := secretText(16)
	if err != nil {
		return nil, failure(err)
	}
	now := p.Now()
	life := lifetime(c.AccessTokenLifetime)
	at := accessClaims{Issuer: realm.Issuer, Audience: s.to.audience, Subject: c.ObjectID, OID: c.ObjectID,
		TenantID: realm.Tenant.ID, Version: "2.0", IssuedAt: now.Unix(), NotBefore: now.Unix(), Expiry: now.Add(life).Unix(),
		ID: id, UTI: id, ClientID: c.ID, AZP: c.ID, AZPACR: strength(m), IDType: "app"}
	if s.to.client == nil {
		at.Roles = c.Permissions
	}
	out := &TokenResponse{TokenType: "Bearer", ExpiresIn: int64(life / time.Second), ExtExpiresIn: int64(life / time.Second)}
	if out.AccessToken, err = key.sign(typAccess, at); err != nil {
		return nil, failure(err)
	}
	if err := p.logService(ctx, realm, c, s, in, nil); err != nil {
		return nil, failure(err)
	}
	return out, nil
}
