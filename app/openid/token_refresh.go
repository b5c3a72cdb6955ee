package openid

import (
	"context"
	"crypto/subtle"
	"time"

	"portico/app/fault"
	"portico/app/policy"
	"portico/app/record"
)

func badRefresh() *Error {
	return refuse(InvalidGrant, 70000, "The refresh token is not valid.")
}

// dead is the refusal of a refresh token whose grant no longer counts: apps of the web and native
// platforms prompt again; a SPA gets no suberror, so that it tries its hidden frame first, as MSAL Browser does.
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
		if err := mustProve(c, m, c.platform()); err != nil {
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
	if state == reused {
		return nil, p.copied(ctx, realm, c, store, g, user, in, bad)
	}
	if bad != nil {
		return nil, bad
	}
	if bad := held.standing(realm, c); bad != nil {
		return nil, p.refusedRefresh(ctx, store, p.refreshEntry(realm, c, &g, user, in, bad, policy.Answer{}), bad)
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
	if bad := p.admit(ctx, realm, &user, c, asked, g.Platform); bad != nil {
		return nil, p.refusedRefresh(ctx, store, p.refreshEntry(realm, c, &g, user, in, bad, policy.Answer{}), bad)
	}
	decision, bad := p.ask(ctx, realm, &g, user, in)
	if bad == nil {
		g.reached(realm, decision)
		bad = g.wanted(in.Form.Get("claims"), decision)
	}
	if bad != nil {
		return nil, p.refusedRefresh(ctx, store, p.refreshEntry(realm, c, &g, user, in, bad, decision), bad)
	}
	// The token is rotated only after its extension has answered: a failure leaves it as it is.
	q, asks := p.asks(realm, c, asked, user, in)
	if asks {
		if bad := p.provide(ctx, q, &user); bad != nil {
			return nil, p.refusedRefresh(ctx, store, q.told(p.refreshEntry(realm, c, &g, user, in, bad, decision)), bad)
		}
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
			ExpiresAt: g.RefreshExpiresAt, Entry: q.told(p.refreshEntry(realm, c, &g, user, in, nil, decision))})
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
			state, bad := p.presented(ctx, store, again, t, next, in.Received)
			if state == reused {
				return nil, p.copied(ctx, realm, c, store, again, user, in, bad)
			}
			if bad != nil {
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
	reused                     // used before, for the first time that it is noticed: the family has just been ended
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
		state := current
		if g.RevokedAt.IsZero() {
			if err := store.RevokeOpenIDGrant(ctx, g.ID, "refresh token reused", p.Now()); err != nil {
				return 0, failure(err)
			}
			state = reused
		}
		return state, dead(g.Platform, 50173, "The refresh token was used before. All tokens of this sign-in are revoked.")
	}
	return 0, badRefresh()
}

// copied records that a refresh token came a second time, with what risk says of it. The family is ended already, so
// whatever fails here changes only the record.
func (p *Provider) copied(ctx context.Context, realm *Realm, c *Client, store Store, g Grant, user User, in TokenRequest, bad *Error) *Error {
	var d policy.Answer
	if p.gate != nil {
		r := p.question(realm, &g, user, in)
		r.Reused = true
		var err error
		if d, err = p.gate.Refresh(ctx, r); err != nil && !fault.Is(err, fault.Denied) && !fault.Is(err, fault.NotFound) {
			return failure(err)
		}
	}
	return p.refusedRefresh(ctx, store, p.refreshEntry(realm, c, &g, user, in, bad, d), bad)
}

// ask puts the question to risk and policy. An answer that demands more does not consume the token.
func (p *Provider) ask(ctx context.Context, realm *Realm, g *Grant, u User, in TokenRequest) (policy.Answer, *Error) {
	if p.gate == nil {
		return policy.Answer{Contexts: g.Contexts}, nil
	}
	d, err := p.gate.Refresh(ctx, p.question(realm, g, u, in))
	switch {
	case fault.Is(err, fault.Denied), fault.Is(err, fault.NotFound):
		return d, dead(g.Platform, 50105, "This app takes no sign-ins at the moment.")
	case err != nil:
		return d, failure(err) // never skipped (DESIGN §9.2)
	}
	asks := func(k policy.Kind) bool {
		for _, c := range d.Unmet {
			for _, one := range c.AnyOf {
				if one.Kind == k {
					return true
				}
			}
		}
		return false
	}
	switch {
	case d.Block:
		return d, refuse(InvalidGrant, 53003, "Access is blocked by a policy of the organisation.")
	case asks(policy.KindMFA), asks(policy.KindStrength):
		return d, stepUp(50076, "A policy now asks for a second factor.", d)
	case asks(policy.KindPasswordChange):
		e := stepUp(50055, "The password has to be changed.", d)
		e.Code, e.Suberror, e.Claims = InvalidGrant, SubPasswordExpired, ""
		return d, e
	case len(d.Unmet) > 0:
		return d, stepUp(50158, "A policy now asks for something that only the person can give.", d)
	case d.Stale:
		return d, stepUp(70043, "A policy asks people to sign in again after a while.", d)
	}
	return d, nil
}

// question is what risk and policy are asked about a renewal.
func (p *Provider) question(realm *Realm, g *Grant, u User, in TokenRequest) policy.Request {
	r := policy.Request{TenantID: realm.Tenant.ID, UserID: g.UserID, ClientID: g.ClientID, Refresh: true, Before: g.RenewedFrom, Provider: g.Provider,
		Inputs: record.Inputs{Methods: g.Methods, AAGUIDs: g.AAGUIDs, AuthTime: g.AuthTime, MFATime: g.MFATime,
			Contexts: g.Contexts, ClientApp: g.Platform.ClientApp()},
		Account: &policy.Account{Usable: u.Enabled && !u.Deleted, PasswordChangeDue: u.PasswordChangeDue, Risk: u.Risk}}
	if in.Signals != nil {
		r.Signals = in.Signals()
	}
	return r
}

func stepUp(number int, description string, d policy.Answer) *Error {
	e := refuse(InteractionRequired, number, description)
	e.Suberror = SubBasicAction
	e.Claims = claimsFor("capolids", applied(d.Policies))
	return e
}

// applied are the ids of the policies that stand in the way; where a proof is merely old, of those that apply.
func applied(policies []record.Policy) []string {
	var failed, met []string
	for _, r := range policies {
		switch r.Result {
		case policy.Failure:
			failed = append(failed, r.ID)
		case policy.Success:
			met = append(met, r.ID)
		}
	}
	if len(failed) > 0 {
		return failed
	}
	return met
}
