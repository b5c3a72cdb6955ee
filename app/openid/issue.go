package openid

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Signed is what a finished sign-in says about the person.
type Signed struct {
	UserID   string
	SID      string
	SignInID string
	AuthTime time.Time
	AMR      []string
	ACR      string
	Scopes   []string // asked minus refused
}

// Issue makes the authorization code inside the transaction that ends the attempt, and the answer
// that carries it (RFC 6749 §4.1.2, RFC 9207). It makes no network call.
func (p *Provider) Issue(ctx context.Context, store GrantStore, r *AuthorizeRequest, s Signed) (Answer, error) {
	code, err := secretText(32)
	if err != nil {
		return Answer{}, err
	}
	now := p.Now()
	scopes := s.Scopes
	if scopes == nil {
		scopes = r.Scopes
	}
	g := Grant{ID: uuid.Must(uuid.NewV7()).String(), TenantID: r.TenantID, ClientID: r.ClientID, UserID: s.UserID, SID: s.SID,
		SignInID: s.SignInID, Platform: r.Platform, RedirectURI: r.RedirectURI, Scopes: scopes, Nonce: r.Nonce,
		CodeChallenge: r.CodeChallenge, AuthTime: s.AuthTime.UTC().Truncate(time.Microsecond), AMR: s.AMR, ACR: s.ACR,
		Claims: r.Claims, ClientInfo: r.ClientInfo, CreatedAt: now, CodeHash: hashOf(code), CodeExpiresAt: now.Add(CodeLifetime)}
	if err := store.AddOpenIDGrant(ctx, g); err != nil {
		return Answer{}, err
	}
	fields := [][2]string{{"code", code}, {"state", r.State}, {"iss", r.Issuer}}
	if r.ClientInfo {
		fields = append(fields, [2]string{"client_info", clientInfo(s.UserID, r.TenantID)})
	}
	return answer(r.ResponseMode, r.RedirectURI, fields), nil
}
