package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

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
func (s *server) caller(tokens *eventTokens, m *metrics) *extension.Caller {
	c := extension.NewCaller(extension.Options{Client: s.outbound, Now: s.now, NewID: models.NewID, Bearer: tokens.bearer, Open: s.store.OpenExtensionSecret,
		Turned: s.circuitTurned, Counted: func(e extension.Event, outcome string) { m.calls.WithLabelValues(string(e), outcome).Inc() }})
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "portico_extension_circuits_open", Help: "Custom authentication extensions that this instance does not call for now, since they failed too often."},
		func() float64 { return float64(c.OpenCircuits()) }))
	return c
}

// circuitTurned tells whoever runs the installation that an API of a tenant is down, or back.
func (s *server) circuitTurned(tenant, name string, open bool, reason string) {
	if open {
		s.log.Warn("an extension failed too often and is not called for now", "tenant", tenant, "extension", name, "reason", reason)
		return
	}
	s.log.Info("an extension answers again", "tenant", tenant, "extension", name)
}

// keepCall records a call.
func (s *server) keepCall(tenantID string, c extension.Call) { s.store.Tenant(tenantID).KeepCall(c) }
