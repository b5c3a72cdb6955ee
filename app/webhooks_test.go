package main

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/app/access"
	"portico/app/account"
	"portico/app/audit"
	"portico/app/message"
	"portico/app/message/smtptest"
	"portico/app/outbound"
	"portico/app/outbox"
	"portico/app/tenant"
	"portico/app/webhook"
	"portico/models"
)

// wantsNoMore is a receiver that answers 410.
type wantsNoMore struct{}

func (wantsNoMore) Do(context.Context, string, *http.Request) (outbound.Answer, error) {
	return outbound.Answer{Status: http.StatusGone}, nil
}

// TestAPausedWebhookIsMailed: from the receiver's answer to the mail server. It reaches those who look after webhooks of
// the tenant, once, and nobody else; the address that it names is without the query, which may hold a token.
func TestAPausedWebhookIsMailed(t *testing.T) {
	t.Chdir(t.TempDir())
	var mails smtptest.Server
	now := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	p, err := open(world{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, now: func() time.Time { return now },
		environ: []string{"PORT=3000", "PORTICO_DEV_MAILBOX=false", "PORTICO_MAIL_FROM=portico@example.com", "SMTP_URL=smtp://" + mails.Listen(t, false)}})
	must(t, err)
	t.Cleanup(p.close)
	must(t, p.store.Migrate(t.Context()))
	s, by := newServer(p), audit.System("test")
	must(t, s.wire(t.Context()))
	row, err := p.store.TenantBy(t.Context(), tenant.WorkforceSlug)
	must(t, err)
	staff := p.store.Tenant(row.ID)
	shop, err := p.store.CreateTenant(t.Context(), by, tenant.Tenant{Slug: "shop", Name: "Shop"})
	must(t, err)
	other, err := p.store.CreateTenant(t.Context(), by, tenant.Tenant{Slug: "other", Name: "Other"})
	must(t, err)
	role := access.Roles()[slices.IndexFunc(access.Roles(), func(r access.Role) bool { return r.Name == "Authentication Extensibility Administrator" })].ID
	person := func(in *models.Tenant, email string) models.User {
		t.Helper()
		u, err := in.CreateUser(t.Context(), by, models.User{Account: account.Account{DisplayName: email, Mail: email, Enabled: true, FirstFactor: "emailPassword",
			Identities: []account.Identity{{SignInType: account.SignInEmail, Value: email}}}}, "hash:x")
		must(t, err)
		return u
	}
	for email, a := range map[string]access.Assignment{"global@staff.example": {RoleID: access.GlobalAdministratorID, TenantID: access.AllTenants},
		"hooks@staff.example": {RoleID: role, TenantID: shop.ID}, "elsewhere@staff.example": {RoleID: role, TenantID: other.ID}} {
		_, err := staff.AssignRole(t.Context(), by, person(staff, email).ID, a)
		must(t, err)
	}
	in := p.store.Tenant(shop.ID)
	_, _, err = in.CreateWebhook(t.Context(), by, webhook.Subscription{Name: "CRM", URL: "https://crm.example/in?key=private", Events: []string{webhook.UserCreated}}, true,
		func(webhook.Subscription) error { return nil })
	must(t, err)
	person(in, "ana@example.com")
	base, err := url.Parse("http://localhost:3000")
	must(t, err)
	courier := &webhook.Courier{Store: p.store, HTTP: wantsNoMore{}, Now: s.now}
	worker := &outbox.Worker{Store: models.WebhookQueue{Store: p.store}, Channels: map[outbox.Kind]outbox.Deliver{webhook.Channel: courier.Deliver}, Owner: "test", Now: s.now,
		Jitter: func() float64 { return .5 }}
	if n, err := worker.Once(t.Context()); n != 1 || err != nil {
		t.Fatalf("%d deliveries, %v", n, err)
	}

	must(t, s.tellWebhooks(t.Context(), shop))
	must(t, s.tellWebhooks(t.Context(), shop))
	must(t, s.tellWebhooks(t.Context(), other))
	channels, err := s.mailChannels(letters{bundle: s.bundle, baseURL: base, tenant: s.tenantOf, plain: message.Plain{Bundle: s.bundle, Tenant: s.tenantName}})
	must(t, err)
	_, err = s.deliverer(newMetrics(), channels).Once(t.Context())
	must(t, err)
	got := mails.Mails()
	if len(got) != 1 || strings.Trim(got[0].To, "<>") != "hooks@staff.example" {
		t.Fatalf("%d mails: %+v", len(got), got)
	}
	for _, want := range []string{"CRM", "410", "/admin/t/shop/webhooks/"} {
		if !strings.Contains(got[0].Data, want) {
			t.Errorf("the mail does not say %q:\n%s", want, got[0].Data)
		}
	}
	if strings.Contains(got[0].Data, "private") || strings.Contains(got[0].Data, "ana@") {
		t.Errorf("the mail says too much:\n%s", got[0].Data)
	}
}
