package models_test

import (
	"context"
	"net"
	"slices"
	"testing"
	"time"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/tenant"
	"portico/models"
	"portico/models/modelstest"
)

// zone is a DNS with what was put into it.
type zone map[string][]string

func (z zone) lookup(_ context.Context, name string) ([]string, error) {
	if len(z[name]) == 0 {
		return nil, &net.DNSError{Err: "no such host", IsNotFound: true}
	}
	return z[name], nil
}

func (z zone) put(d models.CustomDomain) { z[d.Record] = append(z[d.Record], d.Value) }

func (z zone) drop(d models.CustomDomain) {
	z[d.Record] = slices.DeleteFunc(z[d.Record], func(s string) bool { return s == d.Value })
}

// refusal is the sentence that an error says; of a field, that of the field.
func refusal(err error) string {
	if err == nil {
		return ""
	}
	if f := fault.Of(err).Fields; len(f) > 0 {
		return f[0].Key
	}
	return fault.Of(err).Key
}

// Two tenants claim one host: whoever proves it answers there, the other one only once the first one's record is gone, and then
// nothing of the first one rests on the host.
func TestAHostThatTwoClaim(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor, dns := t.Context(), modelstest.Actor(), zone{}
		a, b := modelstest.MustTenant(t, s.Store, "alpha"), modelstest.MustTenant(t, s.Store, "bravo")
		for name, why := range map[string]string{"Id.Portico.Example": "domain.installation", "x.y.id.portico.example.": "domain.installation", "admin.example": "domain.installation", "203.0.113.7": "domain.bad", "localhost": "domain.bad",
			"a b.example": "domain.bad", "u@x.example": "domain.bad", "https://x.example": "domain.bad", "x.example:443": "domain.bad", "*.x.example": "domain.bad", "0x7f.1": "domain.bad"} {
			if _, err := a.AddCustomDomain(ctx, actor, name, false, "https://id.portico.example", "admin.example"); refusal(err) != why {
				t.Errorf("%s: %v", name, err)
			}
		}
		if d := modelstest.Must(a.AddCustomDomain(ctx, actor, "Anmelden.Bücher.Example.", false, "https://id.portico.example"))(t); d.Host != "anmelden.xn--bcher-kva.example" {
			t.Errorf("kept as %q", d.Host)
		}
		first := modelstest.Must(a.AddCustomDomain(ctx, actor, "login.contoso.com", false))(t)
		second := modelstest.Must(b.AddCustomDomain(ctx, actor, "LOGIN.contoso.com", false))(t)
		if _, err := a.AddCustomDomain(ctx, actor, "login.contoso.com", false); refusal(err) != "domain.taken" {
			t.Errorf("twice: %v", err)
		}
		answers := func(what, want string) {
			t.Helper()
			id, err := s.TenantAt(ctx, "login.contoso.com")
			if id != want || (want == "") != fault.Is(err, fault.NotFound) {
				t.Errorf("%s: %q %v, want %q", what, id, err, want)
			}
		}
		answers("claimed only", "")
		if _, err := a.ProveCustomDomain(ctx, actor, first.ID, dns.lookup); refusal(err) != "provider.domain.missing" {
			t.Errorf("without a record: %v", err)
		}
		dns.put(first)
		modelstest.Must(a.ProveCustomDomain(ctx, actor, first.ID, dns.lookup))(t)
		answers("proven", a.ID)
		must(t, a.ChooseHosts(ctx, actor, "login.contoso.com", false))
		modelstest.Must(a.NoteReach(ctx, actor, first.ID, ""))(t)
		must(t, a.ChooseHosts(ctx, actor, "login.contoso.com", true))
		if _, err := b.ProveCustomDomain(ctx, actor, second.ID, dns.lookup); refusal(err) != "provider.domain.missing" {
			t.Errorf("by the other's record: %v", err)
		}
		dns.put(second)
		if _, err := b.ProveCustomDomain(ctx, actor, second.ID, dns.lookup); refusal(err) != "domain.held" {
			t.Errorf("while the first record stands: %v", err)
		}
		if _, err := b.AddCustomDomain(ctx, actor, "other.contoso.com", true); err != nil {
			t.Error(err)
		}
		answers("both records are there", a.ID)
		dns.drop(first)
		modelstest.Must(b.ProveCustomDomain(ctx, actor, second.ID, dns.lookup))(t)
		answers("it changed hands", b.ID)
		if self := modelstest.Must(a.Get(ctx))(t); self.PrimaryHost != "" || self.OwnHostsOnly || len(self.Hosts) != 0 {
			t.Errorf("the first one still rests on it: %q %v %v", self.PrimaryHost, self.OwnHostsOnly, self.Hosts)
		}
		if d := modelstest.Must(a.CustomDomain(ctx, first.ID))(t); d.Proven() || d.LostAt.IsZero() {
			t.Errorf("the first claim: %+v", d)
		}
		if dir := modelstest.Must(s.Directory(ctx, a.ID))(t); dir.Tenant.Answers("login.contoso.com") || !dir.Tenant.Answers("") {
			t.Error("the first one's snapshot still answers there")
		}
		if _, err := a.ProveCustomDomain(ctx, actor, first.ID, dns.lookup); refusal(err) != "provider.domain.missing" {
			t.Errorf("taken back without a record: %v", err)
		}
		must(t, b.RemoveCustomDomain(ctx, actor, second.ID))
		answers("removed", "")
	})
}

// A record that vanishes: seven days with notice, then nobody answers there.
func TestHostsWhoseRecordVanishes(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor, dns := t.Context(), modelstest.Actor(), zone{}
		tn := modelstest.MustTenant(t, s.Store, "")
		d := modelstest.Must(tn.AddCustomDomain(ctx, actor, "login.contoso.com", false))(t)
		modelstest.Must(tn.AddCustomDomain(ctx, actor, "waived.contoso.com", true))(t)
		dns.put(d)
		modelstest.Must(tn.ProveCustomDomain(ctx, actor, d.ID, dns.lookup))(t)
		must(t, tn.ChooseHosts(ctx, actor, "login.contoso.com", false))
		told := 0
		look := func(what string, answered, lost bool) {
			t.Helper()
			s.Clock.Advance(25 * time.Hour)
			must(t, tn.WatchCustomDomains(ctx, audit.System("job"), dns.lookup))
			id, _ := s.TenantAt(ctx, "login.contoso.com")
			waived, _ := s.TenantAt(ctx, "waived.contoso.com")
			now := modelstest.Must(tn.CustomDomain(ctx, d.ID))(t)
			if (id == tn.ID) != answered || !now.LostAt.IsZero() != lost || now.Primary != answered || waived != tn.ID {
				t.Errorf("%s: answered by %q, %+v", what, id, now)
			}
			must(t, tn.TellExpiring(ctx, func(_ *models.Tenant, all []models.ExpiringCredential) error {
				for _, x := range all {
					if x.Host != "login.contoso.com" || x.Of() != x.Host || x.Kind != "host" {
						t.Errorf("told of %+v", x)
					}
				}
				told += len(all)
				return nil
			}))
		}
		look("it is there", true, false)
		dns.drop(d)
		look("it is gone", true, true)
		if told != 1 {
			t.Errorf("told %d times", told)
		}
		dns.put(d)
		look("it is back", true, false)
		dns.drop(d)
		for range 7 {
			look("gone again", true, true)
		}
		look("a week later", false, true)
		if told < 3 {
			t.Errorf("told %d times", told)
		}
		dns.put(d)
		look("back too late", false, true)
		modelstest.Must(tn.ProveCustomDomain(ctx, actor, d.ID, dns.lookup))(t)
		if id, err := s.TenantAt(ctx, "login.contoso.com"); id != tn.ID {
			t.Errorf("proven anew: %q %v", id, err)
		}
	})
}

// The installation's address is refused only where a host of the tenant's own was seen to work a moment ago, and its last host
// cannot go while it is.
func TestOwnHostsOnlyIsGuarded(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn := modelstest.MustTenant(t, s.Store, "")
		claimed := modelstest.Must(tn.AddCustomDomain(ctx, actor, "claimed.contoso.com", false))(t)
		d := modelstest.Must(tn.AddCustomDomain(ctx, actor, "login.contoso.com", true))(t)
		choose := func(why, primary string, only bool) {
			t.Helper()
			if err := tn.ChooseHosts(ctx, actor, primary, only); refusal(err) != why {
				t.Errorf("%q %v: %v, want %q", primary, only, err, why)
			}
		}
		choose("domain.unproven", claimed.Host, false)
		choose("domain.unproven", "elsewhere.example", false)
		choose("domain.only.primary", "", true)
		choose("domain.only.unreached", d.Host, true)
		modelstest.Must(tn.NoteReach(ctx, actor, d.ID, "login.contoso.com did not answer in time."))(t)
		choose("domain.only.unreached", d.Host, true)
		modelstest.Must(tn.NoteReach(ctx, actor, d.ID, ""))(t)
		s.Clock.Advance(11 * time.Minute)
		choose("domain.only.unreached", d.Host, true)
		modelstest.Must(tn.NoteReach(ctx, actor, d.ID, ""))(t)
		choose("", d.Host, true)
		dir := modelstest.Must(s.Directory(ctx, tn.ID))(t)
		if dir.Tenant.Answers("") || !dir.Tenant.Answers(d.Host) || dir.Tenant.Answers(claimed.Host) || dir.Tenant.Issuing().Host != d.Host {
			t.Errorf("answers: %+v", dir.Tenant)
		}
		choose("domain.only.primary", "", true)
		if err := tn.RemoveCustomDomain(ctx, actor, d.ID); refusal(err) != "domain.last" {
			t.Errorf("the last one: %v", err)
		}
		must(t, tn.RemoveCustomDomain(ctx, actor, claimed.ID))
		choose("", d.Host, false)
		must(t, tn.RemoveCustomDomain(ctx, actor, d.ID))
		if self := modelstest.Must(tn.Get(ctx))(t); self.PrimaryHost != "" {
			t.Errorf("primary is %q", self.PrimaryHost)
		}
		staff := modelstest.Must(s.CreateTenant(ctx, actor, tenant.Tenant{Slug: tenant.WorkforceSlug, Name: "Staff", Kind: tenant.Workforce}))(t)
		if _, err := s.Tenant(staff.ID).AddCustomDomain(ctx, actor, "admin.contoso.com", true); refusal(err) != "domain.workforce" {
			t.Errorf("administrators: %v", err)
		}
	})
}
