package models_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"portico/app/audit"
	"portico/models"
	"portico/models/modelstest"
)

// A domain whose record vanished goes on for seven days, with notice, and then is routed no more. A name server that does
// not answer changes nothing; a record that is back mends it.
func TestDomainsWhoseRecordVanishes(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn := modelstest.MustTenant(t, s.Store, "")
		corp := modelstest.Must(tn.CreateProvider(ctx, actor, companyProvider("Corp", "https://login.corp.example"), models.ProviderSecret{Client: "a-secret-that-ends-in-1234"}, asIs))(t)
		d := modelstest.Must(tn.AddProviderDomain(ctx, actor, corp.ID, "corp.example", false))(t)
		modelstest.Must(tn.AddProviderDomain(ctx, actor, corp.ID, "waived.example", true))(t)
		there := func(context.Context, string) ([]string, error) { return []string{d.Value}, nil }
		gone := func(context.Context, string) ([]string, error) {
			return nil, &net.DNSError{Err: "no such host", IsNotFound: true}
		}
		broken := func(context.Context, string) ([]string, error) { return nil, errors.New("server misbehaving") }
		modelstest.Must(tn.ProveProviderDomain(ctx, actor, d.ID, there))(t)
		told := 0
		look := func(what string, lookup func(context.Context, string) ([]string, error), routed, lost bool) {
			t.Helper()
			s.Clock.Advance(25 * time.Hour)
			must(t, tn.WatchProviderDomains(ctx, audit.System("job"), lookup))
			dir := modelstest.Must(s.Directory(ctx, tn.ID))(t)
			now := modelstest.Must(tn.ProviderDomain(ctx, d.ID))(t)
			if (dir.Domains["corp.example"] != "") != routed || !now.LostAt.IsZero() != lost || dir.Domains["waived.example"] == "" {
				t.Errorf("%s: routed %v, %+v", what, dir.Domains, now)
			}
			must(t, tn.TellExpiring(ctx, func(_ *models.Tenant, all []models.ExpiringCredential) error { told += len(all); return nil }))
		}
		look("it is there", there, true, false)
		look("nobody knows", broken, true, false)
		look("it is gone", gone, true, true)
		if told != 1 {
			t.Errorf("told %d times", told)
		}
		look("it is back", there, true, false)
		for range 7 {
			look("gone again", gone, true, true)
		}
		look("a week later", gone, false, true)
		if told < 3 {
			t.Errorf("told %d times", told)
		}
		modelstest.Must(tn.ProveProviderDomain(ctx, actor, d.ID, there))(t)
		look("proven anew", there, true, false)
	})
}
