package main

import (
	"context"
	"crypto/rand"
	"net"
	"time"

	"portico/app/federation"
)

// providers is how identity providers are reached; whoever uses it says for which tenant.
func (p *program) providers() federation.Net {
	return federation.Net{Client: p.outbound, Cache: p.published, Now: p.now, Random: rand.Reader, Lookup: net.DefaultResolver.LookupTXT, Once: p.usedOnce}
}

// usedOnce remembers in the store, which all processes share, what may be used only once.
func (p *program) usedOnce(ctx context.Context, slug, what string, until time.Time) (bool, error) {
	t, err := p.store.TenantBy(ctx, slug)
	if err != nil {
		return false, err
	}
	return p.store.Tenant(t.ID).UseAssertion(ctx, what, until)
}
