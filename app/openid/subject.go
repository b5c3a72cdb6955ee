package openid

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// Subject is a person's pairwise identifier at one client (OpenID Connect Core §8.1): an HMAC under a
// secret of the tenant, so it depends on neither host nor installation secret and tells apps nothing
// that they could compare.
func (p *Provider) Subject(ctx context.Context, tenantID, clientID, userID string) (string, error) {
	key, err := p.keys.secret(ctx, tenantID)
	if err != nil {
		return "", err
	}
	return subject(key, clientID, userID), nil
}

func subject(key []byte, clientID, userID string) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte("sub\x00" + clientID + "\x00" + userID))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// hintPrefix marks our opaque login_hint claim, so that a typed address is never taken for one.
const hintPrefix = "O."

// loginHint is the opaque claim that comes back as login_hint and logout_hint in what MSAL sends.
func loginHint(key []byte, userID string) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte("login_hint\x00" + userID))
	return hintPrefix + base64.RawURLEncoding.EncodeToString(append([]byte(userID), m.Sum(nil)[:16]...))
}

// openLoginHint gives the person that an opaque hint names.
func (p *Provider) openLoginHint(ctx context.Context, realm *Realm, hint string) (userID string, ok bool) {
	body, ok := strings.CutPrefix(hint, hintPrefix)
	if !ok {
		return "", false
	}
	raw, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil || len(raw) <= 16 {
		return "", false
	}
	key, err := p.keys.secret(ctx, realm.Tenant.ID)
	if err != nil {
		return "", false
	}
	userID = string(raw[:len(raw)-16])
	return userID, hmac.Equal([]byte(loginHint(key, userID)), []byte(hint))
}
