package main

import (
	"context"
	"time"

	"portico/app/extension"
	"portico/app/openid"
	"portico/models"
)

// eventTokens make the tokens with which APIs of extensions are called. It is filled once the provider is there, which
// asks extensions itself.
type eventTokens struct {
	provider *openid.Provider
	realm    func(ctx context.Context, segment string) (*openid.Realm, error)
}

func (e *eventTokens) bearer(ctx context.Context, tenantID string, api extension.API) (string, time.Time, error) {
	realm, err := e.realm(ctx, tenantID)
	if err != nil {
		return "", time.Time{}, err
	}
	return e.provider.EventToken(ctx, realm, api.ClientID)
}

// caller makes the one that asks custom authentication extensions: for tokens, sign-ups, codes and trials alike, so that
// they share its circuits and limits.
func (s *server) caller(tokens *eventTokens) *extension.Caller {
	return extension.NewCaller(extension.Options{Client: s.outbound, Now: s.now, NewID: models.NewID, Bearer: tokens.bearer, Open: s.store.OpenExtensionSecret})
}

// keepCall records a call.
func (s *server) keepCall(tenantID string, c extension.Call) { s.store.Tenant(tenantID).KeepCall(c) }
