package openid

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/go-jose/go-jose/v4"
)

var errToken = errors.New("openid: token refused")

// open verifies a token of ours: signature under a published key of the tenant, the key's own
// algorithm, the type, and the issuer. Time is the caller's business.
func (p *Provider) open(ctx context.Context, realm *Realm, raw, typ string, claims any) error {
	if len(raw) > maxValue {
		return errToken
	}
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.EdDSA})
	if err != nil || len(jws.Signatures) != 1 {
		return errToken
	}
	head := jws.Signatures[0].Protected
	if t, _ := head.ExtraHeaders[jose.HeaderType].(string); t != typ {
		return errToken
	}
	set, err := p.keys.get(ctx, realm.Tenant.ID, false)
	if err != nil {
		return err
	}
	key := set.byID(head.KeyID)
	if key == nil { // made by another instance a moment ago?
		if set, err = p.keys.get(ctx, realm.Tenant.ID, p.now().Sub(set.readAt) > keysTTL/10); err != nil {
			return err
		}
		if key = set.byID(head.KeyID); key == nil {
			return errToken
		}
	}
	if key.Alg != head.Algorithm {
		return errToken
	}
	if key.revoked() || typ == typAccess && key.retired(p.now()) {
		return errToken // a hint outlives a key that was retired in its time, but not one that others may know
	}
	payload, err := jws.Verify(key.public)
	if err != nil {
		return errToken
	}
	if err := json.Unmarshal(payload, claims); err != nil {
		return errToken
	}
	return nil
}

// VerifyAccess checks an access token of this realm. audience "" takes any.
func (p *Provider) VerifyAccess(ctx context.Context, realm *Realm, raw, audience string) (AccessToken, error) {
	var c accessClaims
	if err := p.open(ctx, realm, raw, typAccess, &c); err != nil {
		return AccessToken{}, err
	}
	now := p.now()
	if c.Issuer != realm.Issuer || c.TenantID != realm.Tenant.ID || audience != "" && c.Audience != audience ||
		!now.Before(time.Unix(c.Expiry, 0)) || now.Add(time.Minute).Before(time.Unix(c.NotBefore, 0)) {
		return AccessToken{}, errToken
	}
	t := AccessToken{Issuer: c.Issuer, Audience: c.Audience, TenantID: c.TenantID, ClientID: c.ClientID, ObjectID: c.OID,
		Subject: c.Subject, SID: c.SID, GrantID: c.GrantID, TokenID: c.ID, Scopes: words(c.Scope), Roles: c.Roles,
		AMR: c.AMR, IssuedAt: time.Unix(c.IssuedAt, 0), ExpiresAt: time.Unix(c.Expiry, 0)}
	if c.IDType != "app" {
		t.UserID = c.OID
	}
	if c.AuthTime != 0 {
		t.AuthTime = time.Unix(c.AuthTime, 0)
	}
	return t, nil
}

// Unverified reads the tenant and the app that an access token claims, so that the right directory can be
// found, in a state that knows the app; the token must be verified against that directory afterwards.
func Unverified(raw string) (tenantID, clientID string) {
	if len(raw) > maxValue {
		return "", ""
	}
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.EdDSA})
	if err != nil {
		return "", ""
	}
	var c struct {
		TenantID string `json:"tid"`
		ClientID string `json:"azp"`
	}
	if json.Unmarshal(jws.UnsafePayloadWithoutVerification(), &c) != nil {
		return "", ""
	}
	return c.TenantID, c.ClientID
}

// hint is what an id_token_hint tells. Expired tokens are accepted (RP-Initiated Logout 1.0 §2).
type hint struct {
	Issuer   string `json:"iss"`
	Audience string `json:"aud"`
	OID      string `json:"oid"`
	SID      string `json:"sid"`
	Subject  string `json:"sub"`
}

func (p *Provider) readHint(ctx context.Context, realm *Realm, raw string) (hint, error) {
	var h hint
	if err := p.open(ctx, realm, raw, typID, &h); err != nil {
		return h, err
	}
	if h.Issuer != realm.Issuer || h.OID == "" {
		return h, errToken
	}
	return h, nil
}
