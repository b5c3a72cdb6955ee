package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/app/access"
	"portico/app/account"
	"portico/app/audit"
	"portico/app/federation"
	"portico/app/message"
	"portico/app/tenant"
	"portico/models"
)

// TestWhoIsToldOfExpiringSecrets: those who look after the tenant's applications; its Global Administrators only
// where there is nobody else; never another tenant's admins, nor an emergency account.
func TestWhoIsToldOfExpiringSecrets(t *testing.T) {
	t.Chdir(t.TempDir())
	now := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	p, err := open(world{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, now: func() time.Time { return now }, environ: []string{"PORT=3000"}})
	must(t, err)
	t.Cleanup(p.close)
	must(t, p.store.Migrate(t.Context()))
	s, by := newServer(p), audit.System("test")
	must(t, s.wire(t.Context()))
	row, err := p.store.TenantBy(t.Context(), tenant.WorkforceSlug)
	must(t, err)
	staff := p.store.Tenant(row.ID)
	opened := func(slug string) (tenant.Tenant, *models.Tenant) {
		made, err := p.store.CreateTenant(t.Context(), by, tenant.Tenant{Slug: slug, Name: slug})
		must(t, err)
		return made, p.store.Tenant(made.ID)
	}
	shop, in := opened("shop")
	other, _ := opened("other")
	role := func(name string) string {
		for _, r := range access.Roles() {
			if r.Name == name {
				return r.ID
			}
		}
		t.Fatalf("no role %q", name)
		return ""
	}
	admin := func(email, roleID, over string, emergency bool) {
		t.Helper()
		u, err := staff.CreateUser(t.Context(), by, models.User{Account: account.Account{DisplayName: email, Mail: email, Enabled: true, FirstFactor: "emailPassword", Emergency: emergency,
			Identities: []account.Identity{{SignInType: account.SignInEmail, Value: email}}}}, "hash:x")
		must(t, err)
		_, err = staff.AssignRole(t.Context(), by, u.ID, access.Assignment{RoleID: roleID, TenantID: over})
		must(t, err)
	}
	admin("global@staff.example", access.GlobalAdministratorID, access.AllTenants, false)
	admin("glass@staff.example", access.GlobalAdministratorID, access.AllTenants, true)
	admin("elsewhere@staff.example", role("Application Administrator"), other.ID, false)
	admin("people@staff.example", role("User Administrator"), shop.ID, false)

	app, err := in.CreateApplication(t.Context(), by, models.Application{Name: "Market", Kind: models.WebApp, Enabled: true})
	must(t, err)
	_, _, err = in.AddSecret(t.Context(), by, app.ID, "prod", now.AddDate(0, 0, 8))
	must(t, err)
	want, page := "Market · prod", "/admin/t/shop/applications"
	told := func() (to []string) {
		t.Helper()
		now = now.AddDate(0, 0, 1)
		must(t, s.tellExpiring(t.Context(), shop))
		items, err := p.store.ClaimOutbox(t.Context(), "test", now, 1000*time.Hour, 100)
		must(t, err)
		for _, it := range items {
			var n message.Note
			must(t, json.Unmarshal(it.Payload, &n))
			if n.Kind == message.CredentialsExpiring {
				to = append(to, n.To)
				if !strings.Contains(n.Message, want) || !strings.HasSuffix(n.URL, page) {
					t.Errorf("%s: %s", n.Message, n.URL)
				}
			}
		}
		slices.Sort(to)
		return to
	}
	if got := told(); !slices.Equal(got, []string{"global@staff.example"}) {
		t.Errorf("nobody looks after its applications: %q", got)
	}
	admin("apps@staff.example", role("Application Administrator"), shop.ID, false)
	now = now.AddDate(0, 0, 5)
	if got := told(); !slices.Equal(got, []string{"apps@staff.example"}) {
		t.Errorf("somebody does: %q", got)
	}
	if got := told(); len(got) > 1 {
		t.Errorf("told again: %q", got)
	}

	// Of an identity provider's secret: who looks after identity providers. A new secret with another last day is told of
	// anew, one that is switched off is nobody's care.
	admin("upstream@staff.example", role("External Identity Provider Administrator"), shop.ID, false)
	fits := func(federation.Provider, bool, bool) error { return nil }
	harbour, err := in.CreateProvider(t.Context(), by, federation.Provider{Kind: federation.OpenID, Name: "Harbour", ClientID: "us", Issuer: "https://harbour.example", Enabled: true},
		models.ProviderSecret{Client: "a secret of theirs", Expires: true, ExpiresAt: now.AddDate(0, 0, 5)}, fits)
	must(t, err)
	want, page = "Harbour · 2026", "/admin/t/shop/identity-providers"
	now = now.AddDate(0, 0, 1) // the application's has ended, longer than a day ago
	if got := told(); !slices.Equal(got, []string{"upstream@staff.example"}) {
		t.Errorf("an identity provider's secret: %q", got)
	}
	change := func(enabled bool, days int) {
		t.Helper()
		_, err := in.UpdateProvider(t.Context(), by, harbour.ID, func(p *federation.Provider, s *models.ProviderSecret) error {
			p.Enabled, s.Client, s.Expires, s.ExpiresAt = enabled, "another secret of theirs", true, now.AddDate(0, 0, days)
			return nil
		}, fits)
		must(t, err)
	}
	change(true, 6)
	if got := told(); len(got) != 1 {
		t.Errorf("another secret: %q", got)
	}
	change(false, 3)
	if got := told(); len(got) != 0 {
		t.Errorf("one that is off: %q", got)
	}

	// Of a sender whose domain's record is gone: who may change the directory's settings.
	must(t, in.SaveMail(t.Context(), by, tenant.Mail{Address: "hello@shop.example"}, "", func(tenant.Mail) error { return nil }))
	sender, err := in.MailSender(t.Context())
	must(t, err)
	_, err = in.ProveMailSender(t.Context(), by, func(context.Context, string) ([]string, error) { return []string{sender.Value}, nil })
	must(t, err)
	want, page = "hello@shop.example · _portico.shop.example (TXT) · 2026", "/admin/t/shop/settings/mail"
	if got := told(); len(got) != 0 {
		t.Errorf("its record is there: %q", got)
	}
	now = now.Add(time.Hour) // it was looked for more than a day ago
	must(t, in.WatchMailSender(t.Context(), by, func(context.Context, string) ([]string, error) { return nil, &net.DNSError{IsNotFound: true} }))
	if got := told(); !slices.Equal(got, []string{"global@staff.example"}) {
		t.Errorf("its record is gone: %q", got)
	}
}
