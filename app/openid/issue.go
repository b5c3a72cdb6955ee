package openid

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"portico/app/record"
)

// Signed is what a finished sign-in says about the person.
type Signed struct {
	UserID   string
	SID      string
	SignInID string
	AuthTime time.Time
	AMR      []string
	ACR      string
	Methods  []string
	AAGUIDs  []string
	Contexts []string // authentication contexts that were asked for and met
	MFATime  time.Time
	Provider string   // id of the identity provider that vouched
	Scopes   []string // asked minus refused
}

// Issue makes the authorization code inside the transaction that ends the attempt, and the answer
// that carries it (RFC 6749 §4.1.2, RFC 9207). It makes no network call.
//
// Whoever has signed in but is not whom the app asked for, or not as strongly as it demanded, gets no code:
// the answer is an error.
func (p *Provider) Issue(ctx context.Context, store GrantStore, r *AuthorizeRequest, s Signed) (Answer, error) {
	unmet, err := p.meets(ctx, r, &s)
	if err != nil {
		return Answer{}, err
	}
	if unmet != nil {
		a := r.Deny(unmet)
		a.Refused = string(unmet.Code)
		return a, nil
	}
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
		Methods: s.Methods, AAGUIDs: s.AAGUIDs, Contexts: s.Contexts, MFATime: s.MFATime, Provider: s.Provider, Host: r.Host,
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

// meets holds a sign-in against what the request demanded. Two factors are one factor and more, so they
// fulfil the demand for the lower class, and the answer names the class that was demanded.
func (p *Provider) meets(ctx context.Context, r *AuthorizeRequest, s *Signed) (*Error, error) {
	d := r.Demands
	if d.UserID != "" && d.UserID != s.UserID {
		return refuse(LoginRequired, 50058, "Somebody else is signed in than the id_token_hint names."), nil
	}
	if len(d.Subjects) > 0 {
		sub, err := p.Subject(ctx, r.TenantID, r.ClientID, s.UserID)
		if err != nil {
			return nil, err
		}
		if !has(d.Subjects, sub) {
			return refuse(LoginRequired, 50058, "Somebody else is signed in than the parameter 'claims' asks for."), nil
		}
	}
	switch {
	case len(d.Contexts) > 0 && !slices.ContainsFunc(d.Contexts, func(c string) bool { return has(s.Contexts, c) }):
		return refuse(UnmetRequirements, 50074, "The sign-in did not reach an authentication context that the parameter 'claims' demands: "+clip(strings.Join(d.Contexts, " "))+"."), nil
	case len(d.ACR) == 0 || has(d.ACR, s.ACR), slices.ContainsFunc(d.ACR, func(c string) bool { return isContext(c) && has(s.Contexts, c) }):
		s.ACR = r.class(s)
	case s.ACR == record.ACRMulti && has(d.ACR, record.ACRSingle):
		s.ACR = record.ACRSingle
	default:
		return refuse(UnmetRequirements, 50074, "The person could not sign in as strongly as the parameter 'claims' demands: "+clip(strings.Join(d.ACR, " "))+"."), nil
	}
	return nil, nil
}
