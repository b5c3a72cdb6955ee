package openid

import (
	"context"
	"log/slog"
	"time"

	"portico/app/record"
)

// Lifetimes of what the protocol hands out.
const (
	CodeLifetime    = time.Minute
	twinWindow      = 2 * time.Second  // a refused twin of a code revokes nothing
	rotationWindow  = 10 * time.Second // the same refresh token again gets the same successor
	spaRefresh      = 24 * time.Hour   // not extended by rotation
	defaultRefresh  = 90 * 24 * time.Hour
	defaultLifetime = time.Hour
)

// TokenRequest is a token request with what the web layer knows about it.
type TokenRequest struct {
	Form          Params
	Authorization string
	Received      time.Time             // when it came in; a twin is told from a replay by this
	Signals       func() record.Signals // worked out only where it is asked for
	CorrelationID string
	TraceID       string
}

// LogValue shows which parameters came, not their values.
func (r TokenRequest) LogValue() slog.Value {
	return slog.GroupValue(slog.Any("form", r.Form), slog.String("correlation_id", r.CorrelationID))
}

// TokenResponse is the answer of RFC 6749 §5.1 with the vendor's additions.
type TokenResponse struct {
	TokenType        string `json:"token_type"`
	Scope            string `json:"scope,omitempty"`
	ExpiresIn        int64  `json:"expires_in"`
	ExtExpiresIn     int64  `json:"ext_expires_in"`
	AccessToken      string `json:"access_token"`
	RefreshToken     string `json:"refresh_token,omitempty"`
	RefreshExpiresIn int64  `json:"refresh_token_expires_in,omitempty"`
	IDToken          string `json:"id_token,omitempty"`
	ClientInfo       string `json:"client_info,omitempty"`
}

// LogValue keeps the tokens out of every log.
func (r TokenResponse) LogValue() slog.Value {
	return slog.GroupValue(slog.String("scope", r.Scope), slog.Int64("expires_in", r.ExpiresIn))
}

// Token answers the token endpoint. The phases that every grant shares stand here, so a new grant
// cannot forget them: the form, the client, then the grant.
func (p *Provider) Token(ctx context.Context, realm *Realm, in TokenRequest) (*TokenResponse, *Error) {
	if err := in.Form.Bad(); err != nil {
		return nil, err
	}
	if in.Received.IsZero() {
		in.Received = p.Now()
	}
	grantType := in.Form.Get("grant_type")
	if grantType == "" {
		return nil, Missing("grant_type")
	}
	if err := knownGrant(realm, grantType, in.Form.Get("client_id")); err != nil {
		return nil, err
	}
	client, method, err := p.Authenticate(ctx, realm, Credentials{Authorization: in.Authorization, Form: &in.Form})
	if err != nil {
		if err.Mistake != nil && grantType == "client_credentials" {
			if c, ok := realm.Client(err.Mistake.ClientID); ok {
				if lost := p.logService(ctx, realm, c, apiScope{}, in, err); lost != nil {
					return nil, failure(lost)
				}
			}
		}
		return nil, err
	}
	switch grantType {
	case "authorization_code":
		return p.redeem(ctx, realm, client, method, in)
	case "refresh_token":
		return p.refresh(ctx, realm, client, method, in)
	}
	return p.clientCredentials(ctx, realm, client, method, in)
}

// knownGrant refuses what is not offered, before anybody's credentials are looked at: above all the
// password grant, whoever asks for it.
func knownGrant(realm *Realm, grantType, clientID string) *Error {
	var e *Error
	switch grantType {
	case "authorization_code", "refresh_token", "client_credentials":
		return nil
	case "password":
		e = refuse(UnsupportedGrantType, 7000218, "Apps never see passwords here: the password grant is not supported. Use the authorization code with PKCE.")
	default:
		e = refuse(UnsupportedGrantType, 70003, "The grant type '"+clip(grantType)+"' is not supported.")
	}
	if c, ok := realm.Client(clientID); ok {
		e.mistake(c.ID, "grantType", grantType, "authorization_code refresh_token client_credentials")
	}
	return e
}
