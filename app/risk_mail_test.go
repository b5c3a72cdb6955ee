package main

import (
	"io"
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
	"portico/app/risk"
	"portico/app/tenant"
	"portico/models"
)

// TestPeopleAtRiskAreMailed: from a detection to the mail server. It reaches the holders of three roles over the tenant
// and whom its admins added, each once, and nobody else; it names people by what they sign in with.
func TestPeopleAtRiskAreMailed(t *testing.T) {
	t.Chdir(t.TempDir())
	var mails smtptest.Server
	address := mails.Listen(t, false)
	now := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	p, err := open(world{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, now: func() time.Time { return now },
		environ: []string{"PORT=3000", "PORTICO_DEV_MAILBOX=false", "PORTICO_MAIL_FROM=portico@example.com", "SMTP_URL=smtp://" + address}})
	must(t, err)
	t.Cleanup(p.close)
	must(t, p.store.Migrate(t.Context()))
	s, by := newServer(p), audit.System("test")
	must(t, s.wire(t.Context()))
	base, err := url.Parse("http://localhost:3000")
	must(t, err)
	row, err := p.store.TenantBy(t.Context(), tenant.WorkforceSlug)
	must(t, err)
	staff := p.store.Tenant(row.ID)
	shop, err := p.store.CreateTenant(t.Context(), by, tenant.Tenant{Slug: "shop", Name: "Shop", Settings: tenant.Settings{RiskMail: tenant.RiskMail{Also: []string{"soc@example.com", "Global@staff.example"}}}})
	must(t, err)
	other, err := p.store.CreateTenant(t.Context(), by, tenant.Tenant{Slug: "other", Name: "Other"})
	must(t, err)
	in := p.store.Tenant(shop.ID)
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
	admin("reader@staff.example", access.SecurityReaderID, shop.ID, false)
	admin("elsewhere@staff.example", access.SecurityAdministratorID, other.ID, false)
	ann, err := in.CreateUser(t.Context(), by, models.User{Account: account.Account{DisplayName: "Click here", Mail: "ann@example.com", Enabled: true, FirstFactor: "emailPassword",
		Identities: []account.Identity{{SignInType: account.SignInEmail, Value: "ann@example.com"}}}}, "hash:x")
	must(t, err)
	_, err = in.AddDetection(t.Context(), by, models.Detection{UserID: ann.ID, Type: models.UserReported, Level: risk.High, Timing: risk.Offline, Activity: models.ActivityUser})
	must(t, err)

	deliver := func() (to []string, text string) {
		t.Helper()
		was := len(mails.Mails())
		channels, err := s.mailChannels(letters{bundle: s.bundle, baseURL: base, tenant: s.tenantOf, plain: message.Plain{Bundle: s.bundle, Tenant: s.tenantName}})
		must(t, err)
		_, err = s.deliverer(newMetrics(), channels).Once(t.Context())
		must(t, err)
		for _, m := range mails.Mails()[was:] {
			to, text = append(to, strings.Trim(m.To, "<>")), m.Data
		}
		slices.Sort(to)
		return to, text
	}
	must(t, s.tellAtRisk(t.Context(), shop))
	must(t, s.tellAtRisk(t.Context(), shop))
	to, text := deliver()
	if want := []string{"global@staff.example", "reader@staff.example", "soc@example.com"}; !slices.Equal(to, want) {
		t.Errorf("mailed to %q, want %q", to, want)
	}
	if !strings.Contains(text, "ann@example.com") || strings.Contains(text, "Click here") || !strings.Contains(text, "/admin/t/shop/risky-users") {
		t.Error(text)
	}

	for now.Weekday() != time.Monday || now.Hour() != 7 {
		now = now.Add(time.Hour)
	}
	must(t, s.tellWeek(t.Context(), shop))
	must(t, s.tellWeek(t.Context(), shop))
	if to, text := deliver(); len(to) != 3 || !strings.Contains(text, "high 1") {
		t.Errorf("the digest went to %q: %s", to, text)
	}

	trial := shop
	trial.Plan = tenant.Trial
	if watched(trial) {
		t.Error("a trial has no Identity Protection")
	}
}
