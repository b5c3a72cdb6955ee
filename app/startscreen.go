package main

import (
	"context"
	"fmt"
	"time"

	"portico/app/tenant"
	"portico/models"
)

// startScreen tells a developer where to look. In production a log line does.
func (s *server) startScreen(ctx context.Context, started time.Time) error {
	took := s.now().Sub(started).Round(time.Millisecond)
	if !s.config.Development() {
		s.log.Info("serving", "url", s.config.BaseURL, "port", s.config.Port, "took", took)
		_, has, err := s.administrators(ctx)
		if err == nil && !has {
			s.log.Warn("there is no administrator yet: run app admin create --email you@example.com")
		}
		return err
	}
	base := s.config.BaseURL
	fmt.Fprintf(s.stdout, "\n  Portico is running at %s (ready in %s)\n\n", base, took)
	line := func(what, where string) { fmt.Fprintf(s.stdout, "  %-18s %s\n", what, where) }
	line("Try it", base+"/demo")
	line("Mailbox", base+"/dev/mailbox   (every mail and code lands here)")
	staff, has, err := s.administrators(ctx)
	if err != nil {
		return err
	}
	if has {
		line("Admin portal", s.adminURL("/admin", nil))
	} else {
		token, err := staff.CreateLink(ctx, models.LinkSetup, "", setupLinkLife)
		if err != nil {
			return err
		}
		line("Set up the portal", s.setupURL(token))
		line("", "(makes you the first administrator; works once, for 30 minutes)")
	}
	if s.config.TLS == "local" {
		line("Trust this once", "data/ca.pem   (the local certificate authority)")
	}
	line("Stop", "Ctrl-C; your data stays in data/")
	fmt.Fprintln(s.stdout)
	return nil
}

// administrators gives the directory where administrators live, and whether there is one already.
func (s *server) administrators(ctx context.Context) (*models.Tenant, bool, error) {
	t, err := s.store.TenantBy(ctx, tenant.WorkforceSlug)
	if err != nil {
		return nil, false, err
	}
	staff := s.store.Tenant(t.ID)
	has, err := staff.HasGlobalAdmin(ctx)
	return staff, has, err
}
