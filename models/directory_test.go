package models_test

import (
	"strings"
	"testing"
	"time"

	"portico/app/fault"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

func TestDirectoryIsFoundBySlugOrIDInAnyCase(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		tn := modelstest.MustTenant(t, s, "fernhill")
		app, _ := modelstest.MustApp(t, tn, "Market", "https://market.example/cb")
		flow := modelstest.MustFlow(t, tn, "Customers", userflow.EmailPassword, app)
		for _, segment := range []string{"fernhill", "FernHill", tn.ID, strings.ToUpper(tn.ID)} {
			d, err := s.Directory(t.Context(), segment)
			if err != nil {
				t.Fatalf("%s: %v", segment, err)
			}
			if c := d.Clients[app.ClientID]; c == nil || len(c.Secrets) != 1 || c.RedirectURIs[0].URI != "https://market.example/cb" {
				t.Errorf("%s: client is %+v", segment, c)
			}
			if f, ok := d.Flow(app.ClientID); !ok || f.ID != flow.ID {
				t.Errorf("%s: flow is %+v", segment, f)
			}
		}
	})
}

func TestUnknownTenantIsReadThroughEachTime(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		if _, err := s.Directory(t.Context(), "later"); !fault.Is(err, fault.NotFound) {
			t.Fatalf("unknown tenant: %v", err)
		}
		modelstest.MustTenant(t, s, "later")
		if _, err := s.Directory(t.Context(), "later"); err != nil {
			t.Errorf("a tenant that exists by now: %v", err)
		}
	})
}

func TestChangesTakeHoldAtOnceHereAndWithinASecondElsewhere(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, here modelstest.Scratch) {
		there := here.Again(t)
		tn := modelstest.MustTenant(t, here.Store, "fernhill")
		app, _ := modelstest.MustApp(t, tn, "Market", "https://market.example/cb")
		enabled := func(s *models.Store) bool {
			d, err := s.Directory(t.Context(), "fernhill")
			if err != nil {
				t.Fatal(err)
			}
			return d.Clients[app.ClientID].Enabled
		}
		if !enabled(here.Store) || !enabled(there) {
			t.Fatal("a new application is enabled")
		}
		if _, err := tn.SetApplicationEnabled(t.Context(), modelstest.Actor(), app.ID, false); err != nil {
			t.Fatal(err)
		}
		if enabled(here.Store) {
			t.Error("the instance that made the change does not see it")
		}
		here.Clock.Advance(time.Second)
		if enabled(there) {
			t.Error("another instance does not see the change after a second")
		}
		if _, err := tn.Update(t.Context(), modelstest.Actor(), func(n *tenant.Tenant) error { n.Disabled = true; return nil }); err != nil {
			t.Fatal(err)
		}
		if _, err := here.Directory(t.Context(), "fernhill"); !fault.Is(err, fault.NotFound) {
			t.Errorf("a disabled tenant: %v", err)
		}
		here.Clock.Advance(time.Second)
		if _, err := there.Directory(t.Context(), tn.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a disabled tenant, elsewhere, by id: %v", err)
		}
	})
}

func TestWhatASnapshotDoesNotKnowIsReadThrough(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, here modelstest.Scratch) {
		there := here.Again(t)
		tn := modelstest.MustTenant(t, here.Store, "fernhill")
		if _, err := there.Directory(t.Context(), "fernhill"); err != nil {
			t.Fatal(err)
		}
		app, _ := modelstest.MustApp(t, tn, "Market", "https://market.example/cb")
		d, err := there.LatestDirectory(t.Context(), "fernhill")
		if err != nil || d.Clients[app.ClientID] == nil {
			t.Errorf("an app registered elsewhere a moment ago: %v", err)
		}
	})
}

func TestASlugMayBelongToAnotherTenantLater(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		first := modelstest.MustTenant(t, s.Store, "fernhill")
		if _, err := s.Directory(t.Context(), "fernhill"); err != nil {
			t.Fatal(err)
		}
		if _, err := raw(t, s).Exec("DELETE FROM tenants WHERE id = '" + first.ID + "'"); err != nil {
			t.Fatal(err)
		}
		s.Clock.Advance(time.Second)
		for _, segment := range []string{"fernhill", first.ID} {
			if _, err := s.Directory(t.Context(), segment); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s after the removal: %v", segment, err)
			}
		}
		second := modelstest.MustTenant(t, s.Store, "fernhill")
		if d, err := s.Directory(t.Context(), "fernhill"); err != nil || d.Tenant.ID != second.ID {
			t.Errorf("the new tenant: %+v, %v", d, err)
		}
	})
}
