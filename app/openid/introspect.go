package openid

import (
	"context"
	"crypto/subtle"
	"encoding/json"
)

// Introspection is the answer of RFC 7662 §2.2. A token that does not count says only that.
type introspection struct {
	Active    bool     `json:"active"`
	TokenType string   `json:"token_type,omitempty"`
	Issuer    string   `json:"iss,omitempty"`
	Audience  string   `json:"aud,omitempty"`
	Subject   string   `json:"sub,omitempty"`
	OID       string   `json:"oid,omitempty"`
	TenantID  string   `json:"tid,omitempty"`
	ClientID  string   `json:"client_id,omitempty"`
	Username  string   `json:"username,omitempty"`
	Scope     string   `json:"scope,omitempty"`
	Roles     []string `json:"roles,omitempty"`
	SID       string   `json:"sid,omitempty"`
	ID        string   `json:"jti,omitempty"`
	IssuedAt  int64    `json:"iat,omitempty"`
	Expiry    int64    `json:"exp,omitempty"`
}

// Introspect answers RFC 7662. Only a client that proved itself may ask, and only about tokens that
// are for it or were given to it; about all others it learns nothing.
func (p *Provider) Introspect(ctx context.Context, realm *Realm, in TokenRequest) ([]byte, *Error) {
	if err := in.Form.Bad(); err != nil {
		return nil, err
	}
	client, method, bad := p.Authenticate(ctx, realm, Credentials{Authorization: in.Authorization, Form: &in.Form})
	if bad != nil {
		return nil, bad
	}
	if method == MethodNone {
		return nil, unauthenticated("Only an app that proves itself may ask about tokens.",
			&Mistake{ClientID: client.ID, Kind: "clientAuthMissing"}).number(7000218)
	}
	raw := in.Form.Get("token")
	if raw == "" {
		return nil, Missing("token")
	}
	out, bad := p.inspect(ctx, realm, client, raw)
	if bad != nil {
		return nil, bad
	}
	b, err := json.Marshal(out)
	if err != nil {
		return nil, failure(err)
	}
	return b, nil
}

func (p *Provider) inspect(ctx context.Context, realm *Realm, client *Client, raw string) (introspection, *Error) {
	if t, ok := readRefreshToken(p.mac, raw); ok {
		return p.inspectRefresh(ctx, realm, client, t)
	}
	t, g, u, bad := p.use(ctx, realm, raw)
	if bad != nil {
		if bad.Code == ServerError {
			return introspection{}, bad
		}
		return introspection{}, nil
	}
	if t.ClientID != client.ID && t.Audience != client.ID {
		return introspection{}, nil
	}
	out := introspection{Active: true, TokenType: "Bearer", Issuer: t.Issuer, Audience: t.Audience, Subject: t.Subject, OID: t.ObjectID,
		TenantID: t.TenantID, ClientID: t.ClientID, Scope: join(t.Scopes), Roles: t.Roles, SID: t.SID, ID: t.TokenID,
		IssuedAt: t.IssuedAt.Unix(), Expiry: t.ExpiresAt.Unix()}
	if g.ID != "" {
		out.Username = u.PreferredUsername
	}
	return out, nil
}

func (p *Provider) inspectRefresh(ctx context.Context, realm *Realm, client *Client, t refreshToken) (introspection, *Error) {
	held, ok, err := p.stores.OpenID(realm.Tenant.ID).OpenIDHolding(ctx, t.grantID)
	if err != nil {
		return introspection{}, failure(err)
	}
	g := held.Grant
	if !ok || g.ClientID != client.ID || subtle.ConstantTimeCompare(t.hash, g.RefreshHash) != 1 || !p.Now().Before(g.RefreshExpiresAt) ||
		held.standing(realm, client) != nil {
		return introspection{}, nil
	}
	sub, err := p.Subject(ctx, realm.Tenant.ID, client.ID, g.UserID)
	if err != nil {
		return introspection{}, failure(err)
	}
	return introspection{Active: true, TokenType: "refresh_token", Issuer: realm.Issuer, Subject: sub, OID: g.UserID,
		TenantID: realm.Tenant.ID, ClientID: client.ID, Username: held.User.PreferredUsername, Scope: join(g.Scopes), SID: g.SID,
		Expiry: g.RefreshExpiresAt.Unix()}, nil
}

func join(list []string) string {
	out := ""
	for i, w := range list {
		if i > 0 {
			out += " "
		}
		out += w
	}
	return out
}

// Revoke answers RFC 7009. A refresh token's end is its family's; so is an access token's, because a
// JWT cannot be called back alone. An unknown token is already what the client wants it to be.
func (p *Provider) Revoke(ctx context.Context, realm *Realm, in TokenRequest) *Error {
	if err := in.Form.Bad(); err != nil {
		return err
	}
	client, method, bad := p.Authenticate(ctx, realm, Credentials{Authorization: in.Authorization, Form: &in.Form})
	if bad != nil {
		return bad
	}
	raw := in.Form.Get("token")
	if raw == "" {
		return Missing("token")
	}
	store := p.stores.OpenID(realm.Tenant.ID)
	grantID := ""
	t, isRefresh := readRefreshToken(p.mac, raw)
	if isRefresh {
		grantID = t.grantID
	} else if at, err := p.VerifyAccess(ctx, realm, raw, ""); err == nil {
		grantID = at.GrantID
	}
	if grantID == "" {
		return mustProve(client, method, client.platform())
	}
	g, ok, err := store.OpenIDGrant(ctx, grantID)
	if err != nil {
		return failure(err)
	}
	if !ok {
		return mustProve(client, method, client.platform())
	}
	if bad := mustProve(client, method, g.Platform); bad != nil {
		return bad
	}
	if g.ClientID != client.ID {
		return refuse(InvalidGrant, 70000, "The token was given to another app.") // RFC 7009 §2.1
	}
	if isRefresh && !t.ours && subtle.ConstantTimeCompare(t.hash, g.RefreshHash) != 1 {
		return nil // not one of ours
	}
	if !g.RevokedAt.IsZero() {
		return nil
	}
	if err := store.RevokeOpenIDGrant(ctx, g.ID, "revoked by the app", p.Now()); err != nil {
		return failure(err)
	}
	return nil
}
