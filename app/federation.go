package main

import (
	"context"
	"crypto/rand"
	"log/slog"
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

// shelf keeps in the store what providers publish, across restarts and for all processes.
type shelf struct{ p *program }

// Keep implements federation.Shelf.
func (s shelf) Keep(ctx context.Context, slug, providerID string, document []byte) {
	t, err := s.p.store.TenantBy(ctx, slug)
	if err == nil {
		err = s.p.store.Tenant(t.ID).KeepPublished(ctx, providerID, string(document))
	}
	if err != nil {
		slog.WarnContext(ctx, "keeping what an identity provider publishes", "provider", providerID, "error", err)
	}
}

// Kept implements federation.Shelf.
func (s shelf) Kept(ctx context.Context, slug, providerID string) []byte {
	t, err := s.p.store.TenantBy(ctx, slug)
	doc := ""
	if err == nil {
		doc, err = s.p.store.Tenant(t.ID).Published(ctx, providerID)
	}
	if err != nil {
		slog.WarnContext(ctx, "finding what an identity provider published", "provider", providerID, "error", err)
	}
	return []byte(doc)
}
