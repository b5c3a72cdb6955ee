package main

import (
	"context"
	"crypto/rand"
	"unicode/utf8"

	"portico/app/audit"
	"portico/app/factor"
	"portico/app/signin"
	"portico/app/tenant"
	"portico/app/ways"
	"portico/handlers"
	"portico/handlers/account"
	"portico/handlers/admin"
	"portico/handlers/hosted"
	"portico/models"
	"portico/seed"
)

// passwords checks a password that an admin or an API client chooses by its tenant's rules, and makes
// its slow hash.
type passwords struct {
	store    *models.Store
	hasher   *factor.Hasher
	breached factor.Breached
}

// Hash refuses a password that the rules refuse; names are what it must not contain.
func (p passwords) Hash(ctx context.Context, tenantID, password string, names ...string) (string, error) {
	dir, err := p.store.Directory(ctx, tenantID)
	if err != nil {
		return "", err
	}
	if err := p.rules(dir.Tenant).Check(password, append(names, dir.Tenant.Name)...); err != nil {
		return "", err
	}
	return p.hasher.Hash(ctx, password)
}

// Verify compares a password with a stored hash.
func (p passwords) Verify(ctx context.Context, hash, password string) (ok, stale bool, err error) {
	return p.hasher.Verify(ctx, hash, password)
}

func (p passwords) rules(t tenant.Tenant) factor.Rules {
	x := t.Settings
	return factor.Rules{Min: x.PasswordMinLength, ThreeOfFour: x.PasswordThreeOfFour, Banned: x.BannedWords, Breached: p.breached}
}

// Judge says what a tenant's rules would say to a password, and its score. Nothing of it is kept.
func (p passwords) Judge(t tenant.Tenant, password string) (score int, refusal error) {
	rules := p.rules(t)
	if utf8.RuneCountInString(password) <= factor.MaxPassword { // longer ones are refused for that, and dear to score
		score = rules.Score(password)
	}
	return score, rules.Check(password, t.Name)
}

// KnowsBreaches reports whether a list of known passwords is loaded.
func (p passwords) KnowsBreaches() bool { return p.breached != nil }

// passwords makes the one rule for passwords that an admin or an API client chooses.
func (s *server) passwords() (passwords, error) {
	breached, err := s.breached()
	return passwords{store: s.store, hasher: s.hasher, breached: breached}, err
}

// portal makes the admin portal: its own sign-in is one more protocol of the pages.
func (s *server) portal(pages *hosted.Hosted, brands *handlers.Brands, csrf handlers.CSRF, checked passwords) *admin.Portal {
	portal := &admin.Portal{Store: s.store, Directories: s.store, Starter: pages, Sessions: pages.Sessions(), CSRF: csrf,
		Bundle: s.bundle, Brands: brands, Bench: pages.Bench(), BaseURL: s.config.BaseURL, AdminHost: s.config.AdminHost, Development: s.config.Development(),
		MailReady:  s.config.SMTPURL != "" || s.config.Development() && s.config.DevMailbox,
		TextsReady: s.textsReady(), Passwords: checked, Judge: checked, Net: s.providers(), Now: s.now,
		Hosts: admin.OwnHosts{Own: s.config.OwnAddresses(), Reach: s.reach}}
	if s.config.Development() {
		portal.Sample = &admin.Sample{Slug: seed.Slug, Remove: func(ctx context.Context, by audit.Actor) error { return seed.Remove(ctx, s.store, by) }}
	}
	pages.AddIssuer(signin.Portal, portal.Issuer())
	return portal
}

// account makes the account pages: their sign-in, too, is one more protocol of the pages.
func (s *server) account(pages *hosted.Hosted, limits *handlers.Limits, brands *handlers.Brands, csrf handlers.CSRF) (*account.Pages, error) {
	desk, err := s.desk()
	if err != nil {
		return nil, err
	}
	own := &account.Pages{Store: s.store, Directories: s.store, Starter: pages, Sessions: pages.Sessions(), Leaver: pages, CSRF: csrf, Bundle: s.bundle, Brands: brands,
		Limits: limits, BaseURL: s.config.BaseURL, Desk: desk, Actions: pages.Gate(), Now: s.now}
	pages.AddIssuer(signin.Account, own.Issuer())
	return own, nil
}

// desk takes what people change about how they sign in.
func (s *server) desk() (*ways.Desk, error) {
	breached, err := s.breached()
	if err != nil {
		return nil, err
	}
	passkeys, err := factor.NewPasskeys(s.config.BaseURL, "Portico")
	if err != nil {
		return nil, err
	}
	return &ways.Desk{Stores: s.store, Hasher: s.hasher, Breached: breached, Passkeys: passkeys, MAC: s.store.Sealer().MAC, Random: rand.Reader, Now: s.now,
		BaseURL: s.config.BaseURL, Texts: s.textsReady(), Relaxed: s.config.Development()}, nil
}
