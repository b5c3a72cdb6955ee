package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/branding"
	"portico/app/extension"
	"portico/app/factor"
	"portico/app/fault"
	"portico/app/federation"
	"portico/app/message"
	"portico/app/openid"
	"portico/app/outbox"
	"portico/app/signal"
	"portico/app/signin"
	"portico/app/tenant"
	"portico/handlers"
	"portico/handlers/admin"
	"portico/handlers/graph"
	"portico/handlers/hosted"
	openiddoor "portico/handlers/openid"
	"portico/seed"
)

// wire puts the parts together, in the order in which a request meets them.
func (s *server) wire(ctx context.Context) error {
	base, err := url.Parse(s.config.BaseURL)
	if err != nil {
		return err
	}
	if err := seed.Bootstrap(ctx, s.store); err != nil {
		return err
	}
	roots, err := s.localRoots()
	if err != nil {
		return err
	}
	s.outbound.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	places := signal.OpenPlaces(s.config.GeoIP)
	if err := places.Broken(); err != nil {
		s.log.Warn("places cannot be told", "error", err)
	}
	lists := signal.OpenLists(s.config.IPLists, s.now)
	if err := lists.Broken(); err != nil {
		s.log.Warn("lists of addresses cannot be read", "error", err)
	}
	limits := &handlers.Limits{Now: s.now}
	if s.config.Development() {
		limits.Exempt = netip.Addr.IsLoopback
	}
	metrics, brands := newMetrics(), &handlers.Brands{KeepSheet: s.keepSheet}
	metrics.backlog(s.store.OutboxBacklog)
	metrics.counts("portico_extension_calls_dropped_total", "Recorded calls of custom authentication extensions that could not be kept.", s.store.DroppedCalls)
	web := &handlers.Web{Development: s.config.Development(), BaseURL: base, AdminHost: s.config.AdminHost, Hosts: s.store, Bundle: s.bundle,
		Proxies: s.proxies, Places: places, Lists: lists, Log: s.log, Now: s.now, Limits: limits, Observe: metrics.observe, ErrorPage: brands.ErrorPage}
	s.app = web.NewApp()
	s.probes(metrics)
	handlers.MountAssets(s.app)

	tokens := &eventTokens{}
	asker := s.caller(tokens, metrics)
	site, err := s.hosted(limits, brands, asker)
	if err != nil {
		return err
	}
	provider := openid.New(openid.Options{Stores: s.store, MAC: s.store.Sealer().MAC, Gate: site.Gate(), Now: s.now,
		Extensions: asker, Keep: s.keepCall})
	site.AddIssuer(signin.OpenID, openiddoor.Issuer{Provider: provider})
	site.AddTrials(provider, s.config.BaseURL)
	csrf := handlers.CSRF{Key: s.store.Sealer().MAC("form tokens", nil)}
	protocol := &openiddoor.Handler{Provider: provider, Store: s.store, BaseURL: s.config.BaseURL, Starter: site, Sessions: site.Sessions(), Leaver: site,
		Pages: site, CSRF: csrf, Limits: limits, MAC: s.store.Sealer().MAC}
	tokens.provider, tokens.realm = provider, protocol.Issuing
	web.Rows = append(web.Rows, special(protocol.Routes())...)
	web.Failing = protocol.Failing
	checked, err := s.passwords()
	if err != nil {
		return err
	}
	portal := s.portal(site, brands, csrf, checked)
	portal.Keys, portal.Tokens, portal.Extensions = provider, provider, asker
	portal.Sources = admin.Sources{Places: places, Lists: lists}
	courier, err := s.courier()
	if err != nil {
		return err
	}
	portal.Courier = courier
	tried, err := s.tenantMail()
	if err != nil {
		return err
	}
	portal.Post = tried
	portal.MailFrom, err = s.mailFrom()
	if err != nil {
		return err
	}
	hooks := s.hooks()
	portal.Hooks = hooks
	portal.RiskSources = s.riskSources(places, lists)
	web.Rows = append(web.Rows, special(portal.Routes())...)
	portal.Mount(s.app)
	api := graph.New(graph.API{Store: s.store, Tokens: graph.ProviderTokens{Provider: provider, Realm: protocol.RealmKnowing}, Passwords: checked,
		Actions: site.Gate(), Texts: s.textsReady(), BaseURL: s.config.BaseURL, Words: s.bundle.Match("en"), Bundle: s.bundle, Courier: courier, Hooks: hooks, Log: s.log,
		Outbound: s.outbound, Lookup: s.providers().Lookup, Elsewhere: s.config.Development(), Own: s.config.OwnAddresses(), Reach: s.reach})
	web.Rows = append(web.Rows, special(api.Routes())...)
	api.Mount(s.app)
	(&handlers.BrandFiles{Directories: s.store,
		Picture: func(ctx context.Context, tenantID, hash string) ([]byte, branding.Picture, error) {
			return s.store.Tenant(tenantID).Picture(ctx, hash)
		},
		StyleSheet: func(ctx context.Context, tenantID, hash string) (string, error) {
			return s.store.Tenant(tenantID).StyleSheet(ctx, hash)
		}}).Mount(s.app)
	protocol.Mount(s.app)
	web.Rows = append(web.Rows, special(site.Routes())...)
	site.Mount(s.app)
	own, err := s.account(site, limits, brands, csrf)
	if err != nil {
		return err
	}
	own.Mount(s.app)
	if err := s.sample(ctx); err != nil {
		return err
	}
	s.app.Use(func(*fiber.Ctx) error { return fiber.ErrNotFound })

	channels, err := s.mailChannels(letters{bundle: s.bundle, baseURL: base, tenant: s.tenantOf, look: s.lookOf,
		plain: message.Plain{Bundle: s.bundle, Tenant: s.tenantName}})
	if err != nil {
		return err
	}
	channels[outbox.Mail] = message.Relayed(s.relay(asker), channels[outbox.Mail])
	channels[outbox.SMS] = message.Relayed(s.relay(asker), channels[outbox.SMS])
	channels[outbox.BackChannelLogout] = provider.Deliver(protocol.RealmOf, s.postLogoutToken)
	s.background(metrics, channels, s.jobs(provider))
	s.workers = append(s.workers, s.flushSignIns, s.importPeople(checked), s.exporting(metrics, courier), s.webhooking(metrics, hooks), s.rereadSources(places, lists))
	return nil
}

// keepSheet keeps a company's own style sheet. All pages wait for it that have it for the first time, whoever asked for
// them, so it has no request's context.
func (s *server) keepSheet(tenantID, sheet string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	hash, err := s.store.Tenant(tenantID).KeepStyleSheet(ctx, sheet)
	if err != nil {
		s.log.Warn("a company's style sheet stays in its pages", "tenant", tenantID, "error", err)
	}
	return hash, err
}

// special are the rows that the request stack must know before it reads a body.
func special(rows []handlers.Route) []handlers.Route {
	var out []handlers.Route
	for _, r := range rows {
		if r.BodyLimit > 0 || r.CrossOrigin {
			out = append(out, r)
		}
	}
	return out
}

// hosted makes the sign-in machine and its pages.
func (s *server) hosted(limits *handlers.Limits, brands *handlers.Brands, asker *extension.Caller) (*hosted.Hosted, error) {
	deps := hosted.Deps{Store: s.store, Bundle: s.bundle, Hasher: s.hasher, BaseURL: s.config.BaseURL, Now: s.now, Limits: limits, Brands: brands,
		Texts: s.textsReady(), Development: s.config.Development(), Extensions: s.journey(asker)}
	deps.Upstream = hosted.Providers{BaseURL: s.config.BaseURL, Connect: federation.Connect,
		Net: s.providers(),
		Secrets: func(ctx context.Context, tenantID, providerID string) (federation.Secrets, error) {
			return s.store.Tenant(tenantID).ProviderSecrets(ctx, providerID)
		},
		Slug: func(ctx context.Context, tenantID string) (string, error) {
			t, err := s.tenantOf(ctx, tenantID)
			return t.Slug, err
		}}
	if s.config.AdminHost != "" {
		deps.AdminURL = s.adminURL("", nil)
	}
	var err error
	if deps.Breached, err = s.breached(); err != nil {
		return nil, err
	}
	return hosted.New(deps)
}

// breached opens the list of known passwords; nil when none is configured.
func (p *program) breached() (factor.Breached, error) {
	if p.config.BreachedPasswords == "" {
		return nil, nil
	}
	list, err := factor.OpenBreached(p.config.BreachedPasswords)
	if err != nil {
		return nil, fmt.Errorf("PORTICO_BREACHED_PASSWORDS: %w", err)
	}
	return list, nil
}

// postLogoutToken sends a back-channel logout token to an app.
func (s *server) postLogoutToken(ctx context.Context, tenantSlug, to, token string) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(url.Values{"logout_token": {token}}.Encode()))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := s.outbound.Do(ctx, tenantSlug, r)
	return answer.Status, err
}

// flushSignIns writes folded entries every second and once more at the end.
func (s *server) flushSignIns(ctx context.Context) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		ended := false
		select {
		case <-ctx.Done():
			ended = true
		case <-t.C:
		}
		flush, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		if err := s.store.FlushSignIns(flush); err != nil {
			s.log.Error("sign-in log", "error", err)
		}
		if err := s.store.FlushCalls(flush); err != nil {
			s.log.Error("calls of extensions", "error", err)
		}
		cancel()
		if ended {
			return
		}
	}
}

// rereadSources takes up places and lists that the operator has replaced, and tells the log once of what is wrong.
func (s *server) rereadSources(places *signal.Places, lists *signal.Lists) func(context.Context) {
	return func(ctx context.Context) {
		t := time.NewTicker(10 * time.Second)
		defer t.Stop()
		told := fmt.Sprint(places.Broken(), lists.Broken())
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
			}
			places.Reload()
			lists.Reload()
			if now := fmt.Sprint(places.Broken(), lists.Broken()); now != told {
				s.log.Warn("places and lists of addresses", "places", places.Broken(), "lists", lists.Broken())
				told = now
			}
		}
	}
}

func (s *server) tenantOf(ctx context.Context, tenantID string) (tenant.Tenant, error) {
	return s.store.Tenant(tenantID).Get(ctx)
}

// lookOf is what letters look like. A tenant that is being deleted writes its last ones without.
func (s *server) lookOf(ctx context.Context, tenantID, clientID string) (branding.Set, string, error) {
	dir, err := s.store.ManagedDirectory(ctx, tenantID)
	if fault.Is(err, fault.NotFound) {
		return branding.Set{}, "", nil
	}
	if err != nil {
		return branding.Set{}, "", err
	}
	if client := dir.Clients[clientID]; client != nil {
		return dir.Branding, client.ObjectID, nil
	}
	return dir.Branding, "", nil
}

// tenantName is what mail is signed with.
func (s *server) tenantName(ctx context.Context, tenantID string) (string, error) {
	t, err := s.store.Tenant(tenantID).Get(ctx)
	return t.Name, err
}
