package main

import (
	"context"
	"net/netip"
	"net/url"

	"github.com/gofiber/fiber/v2"

	"portico/app/message"
	"portico/app/signal"
	"portico/app/tenant"
	"portico/handlers"
	"portico/seed"
)

// wire puts the parts together, in the order in which a request meets them.
func (s *server) wire(ctx context.Context) error {
	base, err := url.Parse(s.config.BaseURL)
	if err != nil {
		return err
	}
	places := signal.OpenPlaces(s.config.GeoIP)
	if places.Broken != nil {
		s.log.Warn("places cannot be told", "error", places.Broken)
	}
	limits := &handlers.Limits{Now: s.now}
	if s.config.Development() {
		limits.Exempt = netip.Addr.IsLoopback
	}
	metrics, brands := newMetrics(), &handlers.Brands{}
	web := &handlers.Web{Development: s.config.Development(), BaseURL: base, AdminHost: s.config.AdminHost, Bundle: s.bundle,
		Proxies: s.proxies, Places: places, Log: s.log, Now: s.now, Limits: limits, Observe: metrics.observe, ErrorPage: brands.ErrorPage}
	s.app = web.NewApp()
	s.probes(metrics)
	handlers.MountAssets(s.app)
	channels, err := s.mailChannels(letters{bundle: s.bundle, baseURL: base, tenant: s.tenantOf,
		plain: message.Plain{Bundle: s.bundle, Tenant: s.tenantName}})
	if err != nil {
		return err
	}
	if err := s.doors(limits, brands, channels); err != nil {
		return err
	}
	s.background(metrics, channels)
	if err := seed.Bootstrap(ctx, s.store); err != nil {
		return err
	}
	if err := s.sample(ctx); err != nil {
		return err
	}
	s.app.Use(func(*fiber.Ctx) error { return fiber.ErrNotFound })
	return nil
}

func (s *server) tenantOf(ctx context.Context, tenantID string) (tenant.Tenant, error) {
	return s.store.Tenant(tenantID).Get(ctx)
}

// tenantName is what mail is signed with.
func (s *server) tenantName(ctx context.Context, tenantID string) (string, error) {
	t, err := s.store.Tenant(tenantID).Get(ctx)
	return t.Name, err
}
