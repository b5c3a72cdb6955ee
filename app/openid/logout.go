package openid

import (
	"context"
	"strings"
	"time"
)

// LogoutRequest is a parsed request to the logout endpoint (RP-Initiated Logout 1.0 §2).
type LogoutRequest struct {
	Hinted    bool   // a valid id_token_hint came
	UserID    string // whom the hint means; "" = whoever is signed in here
	SID       string // the session the hint means
	ClientID  string // from the hint's audience or client_id
	Return    string // validated post_logout_redirect_uri; "" = our own page
	State     string
	UILocales []string
}

// BrowserSession is who is signed in at the browser that asks.
type BrowserSession struct {
	SID    string
	UserID string
	Here   bool
}

// ParseLogout reads a logout request. A nil error with Return "" means our own signed-out page. Errors
// are shown on a page; nobody is sent to a URI that is not registered.
func (p *Provider) ParseLogout(ctx context.Context, realm *Realm, in Params, at BrowserSession) (LogoutRequest, *Error) {
	if err := in.Bad(); err != nil {
		return LogoutRequest{}, err
	}
	out := LogoutRequest{State: in.Get("state"), UILocales: capped(in.List("ui_locales"))}
	if s := in.Get("id_token_hint"); s != "" {
		h, err := p.readHint(ctx, realm, s)
		if err != nil {
			return out, refuse(InvalidRequest, 90023, "The parameter 'id_token_hint' is not an ID token of this directory.")
		}
		out.Hinted, out.UserID, out.SID, out.ClientID = true, h.OID, h.SID, h.Audience
		if id := in.Get("client_id"); id != "" && !strings.EqualFold(id, h.Audience) {
			return out, refuse(InvalidRequest, 90023, "The parameters 'client_id' and 'id_token_hint' name different apps.")
		}
	} else {
		out.ClientID = in.Get("client_id")
		if oid, ok := p.openLoginHint(ctx, realm, in.Get("logout_hint")); ok && at.Here && oid == at.UserID {
			// Only our own ID token of this very person holds that value: proof enough that the app means it.
			out.Hinted, out.UserID = true, oid
		}
	}
	uri := in.Get("post_logout_redirect_uri")
	if uri == "" {
		if out.ClientID != "" {
			if _, ok := realm.Client(out.ClientID); !ok {
				return out, refuse(InvalidRequest, 700016, "No app with this client id is registered in this directory.")
			}
		}
		return out, nil
	}
	allowed, bad := p.returnable(ctx, realm, out.ClientID, uri, at)
	if bad != nil {
		return out, bad
	}
	if !allowed {
		e := refuse(InvalidRequest, 50011, "The address to return to after signing out, '"+clip(uri)+"', is not registered for this app.")
		if c, ok := realm.Client(out.ClientID); ok {
			e.mistake(c.ID, "postLogoutUri", uri, registered(c)+"\n"+strings.Join(c.PostLogoutRedirectURIs, "\n"))
		}
		return out, e
	}
	out.Return = uri
	return out, nil
}

// returnable reports whether the URI may be returned to: registered for the client that asks, or, when
// none is named (MSAL Browser), for a client that took part in the session.
func (p *Provider) returnable(ctx context.Context, realm *Realm, clientID, uri string, at BrowserSession) (bool, *Error) {
	if clientID != "" {
		c, ok := realm.Client(clientID)
		return ok && c.Enabled && c.PostLogout(uri), nil
	}
	if !at.Here {
		// Nobody is signed in here any more: a second click on "sign out", or another tab was faster.
		// Nothing can be ended, so any app of this directory may have its visitor back.
		for _, c := range realm.Clients {
			if c.Enabled && c.PostLogout(uri) {
				return true, nil
			}
		}
		return false, nil
	}
	took, err := p.stores.OpenID(realm.Tenant.ID).OpenIDSessionClients(ctx, at.SID)
	if err != nil {
		return false, failure(err)
	}
	for _, t := range took {
		if c, ok := realm.Client(t.ClientID); ok && c.Enabled && c.PostLogout(uri) {
			return true, nil
		}
	}
	return false, nil
}

// NeedsQuestion reports whether the person has to confirm: somebody is signed in here, and the request
// does not prove that it comes from an app that this very person uses (RP-Initiated Logout 1.0 §2, §6).
func (r LogoutRequest) NeedsQuestion(at BrowserSession) bool {
	if !at.Here {
		return false
	}
	return !r.Hinted || r.UserID != "" && r.UserID != at.UserID
}

// Answer is where the browser goes after signing out; "" = our own page. State is returned unchanged.
func (r LogoutRequest) Answer() string {
	if r.Return == "" {
		return ""
	}
	return answer(ModeQuery, r.Return, [][2]string{{"state", r.State}}).Redirect
}

// Notice is one back-channel logout to deliver: small enough to wait in the outbox, and without a
// token, which is made at each try so that it is fresh.
type Notice struct {
	TenantID string `json:"tenantId"`
	ClientID string `json:"clientId"`
	UserID   string `json:"userId"`
	SID      string `json:"sid"`
	Host     string `json:"host,omitempty"` // of the tenant's own, whose issuer the app knows
}

// Notices lists the apps to tell that a session has ended (Back-Channel Logout 1.0 §2.5).
func (p *Provider) Notices(ctx context.Context, realm *Realm, sid string) ([]Notice, error) {
	took, err := p.stores.OpenID(realm.Tenant.ID).OpenIDSessionClients(ctx, sid)
	if err != nil {
		return nil, err
	}
	var out []Notice
	for _, t := range took {
		if c, ok := realm.Client(t.ClientID); ok && c.Enabled && c.BackChannelLogoutURI != "" {
			out = append(out, Notice{TenantID: realm.Tenant.ID, ClientID: c.ID, UserID: t.UserID, SID: sid, Host: t.Host})
		}
	}
	return out, nil
}

// EndSession kills what came from a session: its grants, and with them every refresh token.
func (p *Provider) EndSession(ctx context.Context, tenantID, sid string) error {
	return p.stores.OpenID(tenantID).RevokeOpenIDSession(ctx, sid, "signed out", p.Now())
}

// logoutTokenLifetime follows the recommendation of Back-Channel Logout 1.0 §4.
const logoutTokenLifetime = 2 * time.Minute

// LogoutToken makes the token for one notice and says where to post it; "" when the app is not
// registered or takes no notices any more (Back-Channel Logout 1.0 §2.4).
func (p *Provider) LogoutToken(ctx context.Context, realm *Realm, n Notice) (to, token string, err error) {
	c, ok := realm.Client(n.ClientID)
	if !ok || c.BackChannelLogoutURI == "" {
		return "", "", nil
	}
	key, err := p.keys.signer(ctx, realm.Tenant.ID, c.SigningAlg)
	if err != nil {
		return "", "", err
	}
	sub, err := p.Subject(ctx, realm.Tenant.ID, c.ID, n.UserID)
	if err != nil {
		return "", "", err
	}
	id, err := secretText(16)
	if err != nil {
		return "", "", err
	}
	now := p.Now()
	token, err = key.sign(typLogout, map[string]any{"iss": realm.Issuer, "aud": c.ID, "sub": sub, "sid": n.SID, "iat": now.Unix(),
		"exp": now.Add(logoutTokenLifetime).Unix(), "jti": id,
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}})
	return c.BackChannelLogoutURI, token, err
}
