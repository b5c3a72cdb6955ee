package openid

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"time"

	"portico/app/extension"
	"portico/app/policy"
)

// Gate lets risk and policy speak at refresh: somebody's access goes on without a browser in between.
type Gate interface {
	Refresh(ctx context.Context, r policy.Request) (policy.Answer, error)
}

// GateFunc is a Gate that is one function.
type GateFunc func(ctx context.Context, r policy.Request) (policy.Answer, error)

// Refresh calls the function.
func (f GateFunc) Refresh(ctx context.Context, r policy.Request) (policy.Answer, error) {
	return f(ctx, r)
}

// MAC is a keyed hash under the installation's secret; purpose separates the uses.
type MAC func(purpose string, data []byte) []byte

// Options are what a Provider is made of.
type Options struct {
	Stores Stores
	MAC    MAC
	Gate   Gate // nil: nothing is demanded at refresh
	Now    func() time.Time
	// Extensions asks the tenant's API about claims just before tokens are issued; nil: nobody is asked.
	Extensions *extension.Caller
	// Keep takes up the record of a call, and does not wait for it to be written.
	Keep func(tenantID string, c extension.Call)
}

// Provider is the OpenID Provider of every tenant. It holds no state besides keys read from the store.
type Provider struct {
	stores Stores
	mac    MAC
	gate   Gate
	now    func() time.Time
	keys   *keyRing

	extensions *extension.Caller
	keep       func(tenantID string, c extension.Call)
}

// New makes the provider.
func New(o Options) *Provider {
	p := &Provider{stores: o.Stores, mac: o.MAC, gate: o.Gate, now: o.Now, extensions: o.Extensions, keep: o.Keep}
	if p.now == nil {
		p.now = time.Now
	}
	p.keys = &keyRing{stores: o.Stores, now: p.now, sets: map[string]*tenantKeys{}}
	return p
}

// Now is the provider's clock, in whole microseconds as the store keeps them.
func (p *Provider) Now() time.Time { return p.now().UTC().Truncate(time.Microsecond) }

// secretText is n random bytes, base64url.
func secretText(n int) (string, error) {
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}
