package main

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"portico/app/factor"
	"portico/app/openid"
	"portico/app/outbox"
	"portico/app/record"
	"portico/app/signin"
	"portico/handlers"
	"portico/handlers/hosted"
	door "portico/handlers/openid"
)

// doors opens the sign-in pages and the OpenID Provider: the pages start for the protocol, and the
// protocol answers for the pages.
func (s *server) doors(limits *handlers.Limits, brands *handlers.Brands, channels map[outbox.Kind]outbox.Deliver) error {
	var breached factor.Breached
	if path := s.config.BreachedPasswords; path != "" {
		list, err := factor.OpenBreached(path)
		if err != nil {
			return err
		}
		breached = list
	}
	pages, err := hosted.New(hosted.Deps{Store: s.store, Bundle: s.bundle, Hasher: factor.NewHasher(factor.DefaultArgon(), 0, 0),
		BaseURL: s.config.BaseURL, Now: s.now, Limits: limits, Brands: brands, Breached: breached,
		Development: s.config.Development()})
	if err != nil {
		return err
	}
	provider := openid.New(openid.Options{Stores: s.store, MAC: s.store.Sealer().MAC, Now: s.now, Gate: pages.Gate(), Log: signInLog{s}})
	h := &door.Handler{Provider: provider, Store: s.store, BaseURL: s.config.BaseURL, Starter: pages, Sessions: pages.Sessions(),
		Pages: pages, CSRF: handlers.CSRF{Key: s.store.Sealer().MAC("form tokens", nil)}, Limits: limits}
	pages.AddIssuer(signin.OpenID, door.Issuer{Provider: provider})
	channels[outbox.BackChannelLogout] = provider.Deliver(
		func(ctx context.Context, tenantID string) (*openid.Realm, error) {
			dir, err := s.store.Directory(ctx, tenantID)
			if err != nil {
				return nil, err
			}
			return h.Realm(dir)
		},
		func(ctx context.Context, tenantSlug, to, token string) (int, error) {
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(url.Values{"logout_token": {token}}.Encode()))
			if err != nil {
				return 0, err
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			a, err := s.outbound.Do(ctx, tenantSlug, r)
			return a.Status, err
		})
	pages.Mount(s.app)
	h.Mount(s.app)
	return nil
}

// signInLog keeps the sign-ins that happen without a page: refreshes and service tokens.
type signInLog struct{ s *server }

func (l signInLog) SignIn(r record.SignIn) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := l.s.store.Tenant(r.TenantID).FoldSignIn(ctx, r); err != nil {
		l.s.log.Error("sign-in log", "error", err)
	}
}

// closeAttempts ends the sign-in attempts that ran out, in portions.
func (s *server) closeAttempts(ctx context.Context, _ time.Time) error {
	for {
		if n, err := s.store.ExpireAttempts(ctx, 200); err != nil || n < 200 {
			return err
		}
	}
}
