package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"time"

	"portico/app/fault"
	"portico/handlers"
	"portico/handlers/demo"
	"portico/seed"
	"portico/views/account"
)

// sample makes the sample company and mounts its applications and the mailbox: development only. The
// company's history is written in the background.
func (s *server) sample(ctx context.Context) error {
	if !s.config.Development() {
		return nil
	}
	handlers.MountGallery(s.app, s.bundle, account.Fixtures)
	company, exists, err := seed.Fernhill(ctx, s.store, s.config.BaseURL)
	if err != nil {
		return fmt.Errorf("sample company: %w", err)
	}
	client, err := s.selfClient()
	if err != nil {
		return err
	}
	demo.New(demo.Deps{Development: true, BaseURL: s.config.BaseURL, Sessions: s.store, SignIns: s.store, Mailbox: s.store,
		HTTP: client, Now: s.now, Random: func(b []byte) { _, _ = rand.Read(b) }, // never fails (crypto/rand)
		Clients: func(ctx context.Context) ([]demo.Client, error) { return s.sampleClients(ctx, company, exists) },
		Claims: func(ctx context.Context, slug string) (map[string]string, error) {
			return s.sampleClaims(ctx, company, slug)
		},
		Loyalty: seed.LoyaltyClient(company.TenantID), People: func() []demo.Person { return samplePeople(company) }}).Mount(s.app)
	if exists {
		s.workers = append(s.workers, func(ctx context.Context) {
			if err := seed.Dress(ctx, s.store, company); err != nil && ctx.Err() == nil {
				s.log.Error("sample look", "error", err)
			}
			if _, err := seed.Fill(ctx, s.store, company); err != nil && ctx.Err() == nil {
				s.log.Error("sample history", "error", err)
			}
		})
	}
	return nil
}

// sampleClients tells the sample applications how they are registered; nothing once the company is gone.
func (s *server) sampleClients(ctx context.Context, c seed.Company, exists bool) ([]demo.Client, error) {
	if !exists {
		return nil, nil
	}
	if _, err := s.store.Directory(ctx, c.TenantID); fault.Is(err, fault.NotFound) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	var list []demo.Client
	for _, a := range c.Apps {
		list = append(list, demo.Client{Slug: a.Slug, Issuer: s.config.BaseURL + "/" + c.TenantID + "/v2.0", ClientID: a.ClientID, Secret: a.Secret})
	}
	return list, nil
}

// sampleClaims says where the claims come from that an administrator gave a sample application.
func (s *server) sampleClaims(ctx context.Context, c seed.Company, slug string) (map[string]string, error) {
	dir, err := s.store.Directory(ctx, c.TenantID)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, a := range c.Apps {
		if client, ok := dir.Clients[a.ClientID]; ok && a.Slug == slug {
			for _, m := range client.Claims {
				out[m.Name] = m.Words(dir.Definitions)
			}
		}
	}
	return out, nil
}

func samplePeople(c seed.Company) []demo.Person {
	var list []demo.Person
	for _, p := range seed.Showcase(c) {
		list = append(list, demo.Person{Name: p.Name(), Email: p.Email, Place: p.City})
	}
	return list
}

// selfClient is how the sample applications reach the public endpoints: as anybody would, trusting the
// certificates that this server itself serves with.
func (s *server) selfClient() (*http.Client, error) {
	roots, err := s.localRoots()
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return &http.Client{Transport: transport, Timeout: 10 * time.Second}, nil
}

type seedCommand struct {
	Users   int      `help:"How many customers to add." default:"1000"`
	SignIns int      `name:"sign-ins" help:"How many sign-ins of theirs to add, over three months." default:"10000"`
	Number  uint64   `help:"Another number makes other people; with the same one the people stay and get more sign-ins." default:"1"`
	RiskLog string   `name:"risk-log" help:"Write a labelled log for app risk evaluate into this file instead; no database is touched." placeholder:"FILE"`
	Assume  []string `help:"With --risk-log, what to assume: sparse, daily, noplaces, noagents, nocookies, unlabelled, mobile, quiet, exact."`
}

// Run generates customers and sign-ins in the sample company, for load and demonstrations.
func (c seedCommand) Run(ctx context.Context, w world) error {
	if c.RiskLog != "" {
		return c.riskLog(w)
	}
	p, err := open(w)
	if err != nil {
		return err
	}
	defer p.close()
	if !p.config.Development() {
		return errors.New("app seed invents people; it works in development only")
	}
	if c.Users < 0 || c.SignIns < 0 || c.SignIns > 0 && c.Users == 0 {
		return errors.New("--users and --sign-ins must not be negative, and sign-ins need users")
	}
	if err := p.store.Migrate(ctx); err != nil {
		return err
	}
	if err := seed.Bootstrap(ctx, p.store); err != nil {
		return err
	}
	company, exists, err := seed.Fernhill(ctx, p.store, p.config.BaseURL)
	if err != nil {
		return err
	}
	if !exists {
		return errors.New("the sample company was removed; delete the database to begin again")
	}
	users, signIns := 0, 0
	told := p.now()
	load := seed.Load{Users: c.Users, SignIns: c.SignIns, Number: c.Number, Tell: func(u, n int) {
		users, signIns = u, n
		if now := p.now(); now.Sub(told) > 5*time.Second {
			told = now
			fmt.Fprintf(w.stderr, "%d customers, %d sign-ins so far\n", u, n)
		}
	}}
	if err := load.Run(ctx, p.store, company); err != nil {
		return err
	}
	fmt.Fprintf(w.stdout, "Added %d customers and %d sign-ins to Fernhill Group.\n", users, signIns)
	return nil
}
