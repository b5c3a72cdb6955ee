package models_test

import (
	"sync"
	"testing"
	"time"

	"portico/app/access"
	"portico/app/fault"
	"portico/models"
	"portico/models/modelstest"
)

// TestNobodyLeavesARoleOrphaned: the last everyday holder of a role that must be held stays, by every way out
// and also when two go at once.
func TestNobodyLeavesARoleOrphaned(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, by := t.Context(), modelstest.Actor()
		work, shop := modelstest.MustTenant(t, s.Store, "workforce"), modelstest.MustTenant(t, s.Store, "shop")
		there := s.Again(t).Tenant(work.ID)
		give := func(u models.User, role, tenant string) string {
			t.Helper()
			id, err := work.AssignRole(ctx, by, u.ID, access.Assignment{RoleID: role, TenantID: tenant})
			if err != nil {
				t.Fatal(err)
			}
			return id
		}
		ada, bea, glass, local := modelstest.MustUser(t, work, "ada@example.com"), modelstest.MustUser(t, work, "bea@example.com"), modelstest.MustUser(t, work, "glass@example.com"), modelstest.MustUser(t, work, "local@example.com")
		global, operator := access.GlobalAdministratorID, access.InstallationOperatorID
		adas := give(ada, global, access.AllTenants)
		give(glass, global, access.AllTenants)
		if _, err := work.SetEmergency(ctx, by, glass.ID, true); err != nil {
			t.Fatal(err)
		}
		operates := give(ada, operator, access.AllTenants)
		locals := give(local, global, shop.ID)
		refused := func(what string, err error) {
			t.Helper()
			if !fault.Is(err, fault.Conflict) || fault.Of(err).Key != "role.last_admin" {
				t.Errorf("%s: %v", what, err)
			}
		}
		refused("an emergency account stands in for everyday", work.RemoveRole(ctx, by, adas))
		refused("the last operator", work.RemoveRole(ctx, by, operates))
		_, err := work.SetEmergency(ctx, by, ada.ID, true)
		refused("the last everyday one becomes an emergency account", err)
		self := by
		self.ID = local.ID
		refused("leaving a tenant by oneself", work.RemoveRole(ctx, self, locals))
		if err := work.RemoveRole(ctx, by, locals); err != nil { // an administrator of all tenants may take it
			t.Error(err)
		}
		if _, err := work.AssignRole(ctx, by, bea.ID, access.Assignment{RoleID: operator, TenantID: shop.ID}); !fault.Is(err, fault.Invalid) {
			t.Errorf("an operator of one tenant: %v", err)
		}
		give(bea, global, access.AllTenants)
		give(bea, operator, access.AllTenants)
		var wg sync.WaitGroup // one is disabled while the other is deleted
		var errs [2]error
		wg.Go(func() { _, errs[0] = work.SetUserEnabled(ctx, by, ada.ID, false) })
		wg.Go(func() { errs[1] = there.DeleteUser(ctx, by, bea.ID) })
		wg.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Errorf("both left, or neither: %v, %v", errs[0], errs[1])
		}
	})
}

func TestTwentyRolesReachATenant(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, by := t.Context(), modelstest.Actor()
		work, shop, other := modelstest.MustTenant(t, s, "workforce"), modelstest.MustTenant(t, s, "shop"), modelstest.MustTenant(t, s, "other")
		ada, n := modelstest.MustUser(t, work, "ada@example.com"), 0
		var extra access.Role
		for _, r := range access.Roles() {
			switch {
			case r.Installation:
			case n == access.MostRoles:
				extra = r
			default:
				n++
				in := shop.ID
				if n%2 == 0 {
					in = access.AllTenants
				}
				if _, err := work.AssignRole(ctx, by, ada.ID, access.Assignment{RoleID: r.ID, TenantID: in}); err != nil {
					t.Fatal(err)
				}
			}
		}
		for in, want := range map[string]bool{shop.ID: false, access.AllTenants: false, other.ID: true} {
			if _, err := work.AssignRole(ctx, by, ada.ID, access.Assignment{RoleID: extra.ID, TenantID: in}); (err == nil) != want {
				t.Errorf("one more in %s: %v", in, err)
			}
		}
	})
}

// TestExpiryIsToldOnceForEachDistance, by however many instances.
func TestExpiryIsToldOnceForEachDistance(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx := t.Context()
		shop := modelstest.MustTenant(t, s.Store, "shop")
		app, _ := modelstest.MustApp(t, shop, "Market", "https://market.example/cb")
		end := s.Now().AddDate(0, 0, 40)
		if _, _, err := shop.AddSecret(ctx, modelstest.Actor(), app.ID, "prod", end); err != nil {
			t.Fatal(err)
		}
		there := s.Again(t).Tenant(shop.ID)
		told := map[int]int{}
		var mu sync.Mutex
		for range 45 {
			for range 3 { // the job comes by several times a day
				for _, in := range []*models.Tenant{shop, there} {
					err := in.TellExpiring(ctx, func(_ *models.Tenant, all []models.ExpiringCredential) error {
						mu.Lock()
						told[int(end.Truncate(24*time.Hour).Sub(s.Now().Truncate(24*time.Hour))/(24*time.Hour))]++
						mu.Unlock()
						if len(all) != 1 || all[0].Name != "prod" || all[0].ApplicationName != "Market" {
							t.Errorf("told %+v", all)
						}
						return nil
					})
					if err != nil {
						t.Fatal(err)
					}
				}
				s.Clock.Advance(8 * time.Hour)
			}
		}
		for _, days := range []int{30, 7, 1, 0} {
			if told[days] != 1 {
				t.Errorf("%d days before: %d times", days, told[days])
			}
			delete(told, days)
		}
		if len(told) != 0 {
			t.Errorf("told besides: %v", told)
		}
	})
}
