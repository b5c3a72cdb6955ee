package openid

import (
	"context"
	"strings"
	"time"
)

// clientCredentials answers grant_type=client_credentials (RFC 6749 §4.4): one resource, asked as
// {resource}/.default. The OpenID scopes that MSAL Go appends mean nothing without a person and are
// ignored.
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
	if api := s.to.client; api == nil {
		at.Roles = c.applicationPermissions()
	} else {
		service := User{ID: c.PrincipalID}
		if err := p.member(ctx, realm, &service, nil, api); err != nil {
			return nil, failure(err)
		}
		if api.AssignmentRequired && !service.Member.directly(api) {
			bad := refuse(InvalidGrant, 501051, "The app has no role of '"+api.Name+"', which is only for apps that have one. An administrator can assign it.").
				mistake(c.ID, "assignment", asked[0], api.Name)
			if err := p.logService(ctx, realm, c, s, in, bad); err != nil {
				return nil, failure(err)
			}
			return nil, bad
		}
		at.Roles = service.Member.roles(api, forApps)
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
