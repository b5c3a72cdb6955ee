package openid

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"time"
)

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
		if err := mustProve(c, m, c.platform()); err != nil {
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
	if bad := p.admit(ctx, realm, &user, c, words, g.Platform); bad != nil {
		return nil, bad
	}
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
		if in.Signals != nil {
			r.From = in.Signals()
		}
	}
	consume := func() *Error {
		won, err := store.RedeemOpenIDCode(ctx, r)
		if err != nil {
			return failure(err)
		}
		if won {
			return nil
		}
		g, ok, err := store.OpenIDGrant(ctx, g.ID)
		if err != nil {
			return failure(err)
		}
		if !ok || g.CodeUsedAt.IsZero() {
			return badCode(c, "revoked")
		}
		return p.replay(ctx, store, c, g, same, in.Received)
	}
	q, asks := p.asks(realm, c, words, user, in)
	if asks {
		// The API is somebody else's, so the code is used up before it hears of it: one code asks once.
		if bad := consume(); bad != nil {
			return nil, bad
		}
		q.occasion.SignInID = g.SignInID
		if bad := p.provide(ctx, q, &user); bad != nil {
			return nil, p.burnt(ctx, realm, c, store, &g, user, in, q, bad)
		}
	}
	// Without one, tokens are signed first, so that a failure to sign leaves the code unused.
	out, bad := p.userTokens(ctx, realm, c, m, &g, user, words, now, g.Nonce, in)
	if bad != nil {
		if asks {
			return nil, p.burnt(ctx, realm, c, store, &g, user, in, q, bad)
		}
		return nil, bad
	}
	if !asks {
		if bad := consume(); bad != nil {
			return nil, bad
		}
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
