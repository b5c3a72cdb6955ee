package models_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"portico/models"
	"portico/models/modelstest"
)

// TestAnAssertionIsUsedOnce: of everybody who brings an assertion one gets in, in each tenant, until it would be refused
// for its age anyway.
func TestAnAssertionIsUsedOnce(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx := t.Context()
		tn, other := modelstest.MustTenant(t, s.Store, ""), modelstest.MustTenant(t, s.Store, "")
		until := s.Now().Add(5 * time.Minute)
		for _, row := range []struct {
			about string
			by    *models.Tenant
			what  string
			want  bool
		}{
			{"the first", tn, "a", true}, {"again", tn, "a", false}, {"another one", tn, "b", true},
			{"the same in another tenant", other, "a", true}, {"again there", other, "a", false},
		} {
			if got := modelstest.Must(row.by.UseAssertion(ctx, row.what, until))(t); got != row.want {
				t.Errorf("%s: %t", row.about, got)
			}
		}

		var first atomic.Int32
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				mine, err := tn.UseAssertion(ctx, "raced", until)
				if err != nil {
					t.Error(err)
				}
				if mine {
					first.Add(1)
				}
			})
		}
		all.Wait()
		if n := first.Load(); n != 1 {
			t.Errorf("%d at once were the first", n)
		}

		if err := s.PurgeAttempts(ctx); err != nil {
			t.Fatal(err)
		}
		if modelstest.Must(tn.UseAssertion(ctx, "a", until))(t) {
			t.Error("forgotten while it could still come again")
		}
		s.Clock.Advance(6 * time.Minute)
		if err := s.PurgeAttempts(ctx); err != nil {
			t.Fatal(err)
		}
		if !modelstest.Must(tn.UseAssertion(ctx, "a", until))(t) {
			t.Error("remembered for ever")
		}
	})
}

// TestWhatAProviderPublishedIsKept: with its provider, for its tenant, and beside whatever else happens to it.
func TestWhatAProviderPublishedIsKept(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn, other := modelstest.MustTenant(t, s.Store, ""), modelstest.MustTenant(t, s.Store, "")
		x := modelstest.Must(tn.CreateProvider(ctx, actor, companyProvider("Corp", "https://login.corp.example"), models.ProviderSecret{Client: "a-secret-that-ends-in-1234"}, asIs))(t)
		kept := func(by *models.Tenant) string { return modelstest.Must(by.Published(ctx, x.ID))(t) }
		if got := kept(tn); got != "" {
			t.Errorf("nothing was kept: %q", got)
		}
		for _, doc := range []string{"first", "second"} {
			if err := tn.KeepPublished(ctx, x.ID, doc); err != nil || kept(tn) != doc {
				t.Errorf("%q %v", kept(tn), err)
			}
		}
		if err := other.KeepPublished(ctx, x.ID, "hostile"); err == nil || kept(other) != "" || kept(tn) != "second" {
			t.Errorf("another tenant's: %v %q %q", err, kept(other), kept(tn))
		}
		if err := tn.DeleteProvider(ctx, actor, x.ID, true); err != nil {
			t.Fatal(err)
		}
		if err := tn.KeepPublished(ctx, x.ID, "late"); err == nil || kept(tn) != "" {
			t.Errorf("of a provider that is gone: %v %q", err, kept(tn))
		}
	})
}
