package graph

import (
	"context"
	"slices"

	"portico/app/fault"
	"portico/app/openid"
	"portico/app/policy"
	"portico/app/record"
)

// ProviderTokens verifies access tokens with the OpenID Provider of this program.
type ProviderTokens struct {
	Provider *openid.Provider
	// Realm finds the protocol's view of a tenant by its id, in a state that knows the app, if there is one.
	Realm func(ctx context.Context, tenantID, clientID string) (*openid.Realm, error)
}

// VerifyManagement checks that a token is ours, for the management API under base, and still counts.
// The tenant is the one that the token names, and the token must be signed with that tenant's key.
func (p ProviderTokens) VerifyManagement(ctx context.Context, base, token string) (Token, error) {
	tenantID, clientID := openid.Unverified(token)
	if tenantID == "" {
		return Token{}, fault.New(fault.Denied, "error.denied")
	}
	realm, err := p.Realm(ctx, tenantID, clientID)
	if err != nil {
		return Token{}, err
	}
	if realm.Tenant.ID != tenantID {
		return Token{}, fault.New(fault.Denied, "error.denied")
	}
	t, bad := p.Provider.CheckAccess(ctx, realm, token, base)
	if bad != nil {
		if bad.Code == openid.InvalidToken {
			return Token{}, fault.New(fault.Denied, "error.denied")
		}
		return Token{}, bad
	}
	out := Token{TenantID: t.TenantID, ClientID: t.ClientID, UserID: t.UserID, Roles: t.Roles, Scopes: t.Scopes, AuthTime: t.AuthTime, AMR: t.AMR, SID: t.SID}
	if t.GrantID != "" { // the token says that there was a second factor; the grant, when, and whether it was a remembered one
		g, ok, err := p.Provider.GrantOf(ctx, t)
		if err != nil {
			return Token{}, err
		}
		if ok {
			shown := record.Inputs{Methods: g.Methods, AAGUIDs: g.AAGUIDs, MFATime: g.MFATime}
			if slices.Contains(g.Methods, policy.RememberedDevice) {
				shown = policy.Forget(shown)
			}
			out.Methods, out.AAGUIDs, out.MFATime, out.ClientApp = shown.Methods, shown.AAGUIDs, shown.MFATime, g.Platform.ClientApp()
		}
	}
	return out, nil
}
