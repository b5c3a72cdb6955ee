package openid

import (
	"crypto/hmac"
	"crypto/rand"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// refreshLifetime is how long a refresh token lives unused; for a SPA, at all. What an admin set for a
// single-page app holds; an app of another kind that has SPA redirect URIs besides gets a day there.
func (c *Client) refreshLifetime(platform Platform) time.Duration {
	switch {
	case platform == SPA && (c.Kind != string(SPA) && c.RefreshIdle > spaRefresh || c.RefreshIdle <= 0):
		return spaRefresh
	case c.RefreshIdle > 0:
		return c.RefreshIdle
	}
	return defaultRefresh
}

// refreshToken is <grant id>.<secret>.<tag>: the id finds the family's one row, the secret's hash is
// what the row keeps, and the tag proves that we made it, so that a guess cannot kill a family.
type refreshToken struct {
	text    string
	grantID string
	secret  []byte
	hash    []byte
	ours    bool
}

const refreshPrefix = "1."

func newRefreshToken(mac MAC, grantID string) (refreshToken, error) {
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return refreshToken{}, err
	}
	return makeRefreshToken(mac, grantID, secret)
}

func makeRefreshToken(mac MAC, grantID string, secret []byte) (refreshToken, error) {
	id, err := uuid.Parse(grantID)
	if err != nil {
		return refreshToken{}, err
	}
	body := append(slices.Clone(id[:]), secret...)
	tag := mac("openid refresh tag", body)[:16]
	t := refreshToken{text: refreshPrefix + base64.RawURLEncoding.EncodeToString(append(body, tag...)), grantID: grantID,
		secret: secret, ours: true}
	t.hash = hashOf(t.text[:len(refreshPrefix)] + base64.RawURLEncoding.EncodeToString(body))
	return t, nil
}

func readRefreshToken(mac MAC, text string) (refreshToken, bool) {
	enc, ok := strings.CutPrefix(text, refreshPrefix)
	if !ok {
		return refreshToken{}, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(enc)
	if err != nil || len(raw) != 16+32+16 {
		return refreshToken{}, false
	}
	body := raw[:48]
	t := refreshToken{text: text, grantID: uuid.UUID(raw[:16]).String(), secret: raw[16:48],
		ours: hmac.Equal(raw[48:], mac("openid refresh tag", body)[:16])}
	t.hash = hashOf(refreshPrefix + base64.RawURLEncoding.EncodeToString(body))
	return t, true
}

// successor is derived from the presented token under a server key: the same token gives the same
// successor in every instance, and only hashes need to be stored (DESIGN §5.9).
func (t refreshToken) successor(mac MAC) (refreshToken, error) {
	return makeRefreshToken(mac, t.grantID, mac("openid refresh successor", t.secret)[:32])
}
