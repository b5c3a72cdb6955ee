package openid

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
)

// Bearer finds the access token of a request: in the header, or in a form body (RFC 6750 §2.1, §2.2);
// never in both, never in the query.
func Bearer(authorization string, form *Params) (string, *Error) {
	token := ""
	if scheme, rest, ok := strings.Cut(authorization, " "); ok && strings.EqualFold(scheme, "Bearer") {
		token = strings.TrimSpace(rest)
	}
	if form != nil {
		if err := form.Bad("access_token"); err != nil {
			return "", err
		}
		if body := form.Get("access_token"); body != "" {
			if token != "" {
				return "", refuse(InvalidRequest, 90023, "The request carries the access token twice.")
			}
			token = body
		}
	}
	if token == "" {
		return "", &Error{Code: InvalidToken, Number: 90014, Status: 401, Description: "The request carries no access token."}
	}
	return token, nil
}

func badAccess(description string) *Error {
	return &Error{Code: InvalidToken, Number: 50078, Status: 401, Description: description}
}

// use verifies an access token of a person and asks for the standing of everything behind it.
func (p *Provider) use(ctx context.Context, realm *Realm, raw string) (AccessToken, Grant, User, *Error) {
	t, err := p.VerifyAccess(ctx, realm, raw, "")
	if err != nil {
		if !errors.Is(err, errToken) {
			return t, Grant{}, User{}, failure(err)
		}
		return t, Grant{}, User{}, badAccess("The access token is not valid or has expired.")
	}
	client, ok := realm.Client(t.ClientID)
	if !ok {
		client = nil
	}
	if t.GrantID == "" { // a token of an app without a person
		s := Standing{TenantDisabled: realm.Tenant.Disabled, ClientGone: client == nil, ClientDisabled: client != nil && !client.Enabled}
		if s.Refusal(Web) != nil {
			return t, Grant{}, User{}, badAccess("The access token does not count any more.")
		}
		return t, Grant{}, User{}, nil
	}
	held, ok, err := p.stores.OpenID(realm.Tenant.ID).OpenIDHolding(ctx, t.GrantID)
	if err != nil {
		return t, Grant{}, User{}, failure(err)
	}
	if !ok || held.standing(realm, client) != nil {
		return t, Grant{}, User{}, badAccess("The access token does not count any more.")
	}
	return t, held.Grant, held.User, nil
}

// UserInfo answers the userinfo endpoint (OpenID Connect Core §5.3): any access token of ours that
// carries openid, whatever resource it is for.
func (p *Provider) UserInfo(ctx context.Context, realm *Realm, raw string) ([]byte, *Error) {
	t, g, u, bad := p.use(ctx, realm, raw)
	if bad != nil {
		return nil, bad
	}
	if !has(t.Scopes, ScopeOpenID) || t.GrantID == "" {
		return nil, &Error{Code: InsufficientScope, Number: 90094, Status: 403, Description: "The access token lacks the scope 'openid'."}
	}
	client, _ := realm.Client(t.ClientID) // what stands behind the token was looked at
	if client != nil && (t.Audience == realm.userinfoURL() || t.Audience == client.ID) {
		if err := p.member(ctx, realm, &u, client, nil); err != nil {
			return nil, failure(err)
		}
	}
	out, err := information(realm, client, t, g, u)
	if err != nil {
		return nil, failure(err)
	}
	b, err := json.Marshal(out)
	if err != nil {
		return nil, failure(err)
	}
	return b, nil
}

// Check is what another door of ours (the management API) asks of an access token: the audience is
// base, and everything behind the token still stands.
func (p *Provider) Check(ctx context.Context, realm *Realm, raw string) (AccessToken, *Error) {
	t, _, _, bad := p.use(ctx, realm, raw)
	if bad != nil {
		return t, bad
	}
	if t.Audience != realm.Base {
		return t, badAccess("The access token is for another resource.")
	}
	return t, nil
}
