package openid

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
)

// userTokens signs what a person's grant gives for the words that the answer is for.
func (p *Provider) userTokens(ctx context.Context, realm *Realm, c *Client, m Method, g *Grant, u User, asked []string, now time.Time,
	nonce string, in TokenRequest) (*TokenResponse, *Error) {
	key, err := p.keys.signer(ctx, realm.Tenant.ID, c.SigningAlg)
	if err != nil {
		return nil, failure(err)
	}
	secret, err := p.keys.secret(ctx, realm.Tenant.ID)
	if err != nil {
		return nil, failure(err)
	}
	id, err := secretText(16)
	if err != nil {
		return nil, failure(err)
	}
	f := facts{realm: realm, client: c, method: m, grant: g, user: u, asked: asked, now: now, nonce: nonce, tokenID: id,
		subject: subject(secret, c.ID, g.UserID), hint: loginHint(secret, g.UserID)}
	f.audience, f.scp = realm.permissions(asked)
	life := lifetime(c.AccessTokenLifetime)
	out := &TokenResponse{TokenType: "Bearer", Scope: strings.Join(asked, " "), ExpiresIn: int64(life / time.Second),
		ExtExpiresIn: int64(life / time.Second)}
	at, err := f.access()
	if err != nil {
		return nil, failure(err)
	}
	if out.AccessToken, err = key.sign(typAccess, at); err != nil {
		return nil, failure(err)
	}
	if f.givesIdentity() {
		idc, err := f.identity(atHash(key.Alg, out.AccessToken))
		if err != nil {
			return nil, failure(err)
		}
		if out.IDToken, err = key.sign(typID, idc); err != nil {
			return nil, failure(err)
		}
	}
	if g.ClientInfo || in.Form.Get("client_info") == "1" {
		out.ClientInfo = clientInfo(g.UserID, realm.Tenant.ID)
	}
	return out, nil
}

func (t *TokenResponse) addRefresh(token string, g *Grant, now time.Time) {
	if token == "" {
		return
	}
	t.RefreshToken = token
	t.RefreshExpiresIn = int64(g.RefreshExpiresAt.Sub(now) / time.Second)
}

// clientInfo is what every MSAL keys its cache by: base64url without padding; padded, MSAL Go cannot read it.
func clientInfo(userID, tenantID string) string {
	b, err := json.Marshal(struct {
		UID  string `json:"uid"`
		UTID string `json:"utid"`
	}{userID, tenantID})
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// atHash is the left half of the token's hash (OpenID Connect Core §3.1.3.6); with EdDSA over
// Ed25519 the hash is SHA-512.
func atHash(alg, token string) string {
	if alg == EdDSA {
		sum := sha512.Sum512([]byte(token))
		return base64.RawURLEncoding.EncodeToString(sum[:32])
	}
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

func strength(m Method) string {
	switch m {
	case MethodKey:
		return "2"
	case MethodBasic, MethodPost:
		return "1"
	}
	return "0"
}

func lifetime(d time.Duration) time.Duration {
	if d <= 0 {
		return defaultLifetime
	}
	return d
}

// hashOf is how codes and refresh tokens are kept.
func hashOf(s string) []byte {
	sum := sha256.Sum256([]byte(s))
	return sum[:]
}
