package openid

import "context"

// CheckAccess verifies an access token for a resource of our own (the management API): everything that
// VerifyAccess checks, and that whatever stands behind the token still counts. A token that does not
// count is an *Error with InvalidToken; another code is a failure on our side.
func (p *Provider) CheckAccess(ctx context.Context, realm *Realm, raw, audience string) (AccessToken, *Error) {
	t, _, _, bad := p.use(ctx, realm, raw)
	if bad != nil {
		return AccessToken{}, bad
	}
	if t.Audience != audience {
		return AccessToken{}, badAccess("The access token is for another resource.")
	}
	return t, nil
}

// GrantOf reads the sign-in that a token comes from.
func (p *Provider) GrantOf(ctx context.Context, t AccessToken) (Grant, bool, error) {
	return p.stores.OpenID(t.TenantID).OpenIDGrant(ctx, t.GrantID)
}
