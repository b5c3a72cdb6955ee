package models_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"portico/app/access"
	"portico/app/account"
	"portico/app/audit"
	"portico/app/fault"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// A deleted tenant is closed at once, complete for 30 days, and then gone from every table.
func TestTheLifeOfATenant(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		staff := modelstest.MustTenant(t, s.Store, tenant.WorkforceSlug)
		shop, other := modelstest.MustTenant(t, s.Store, "shop"), modelstest.MustTenant(t, s.Store, "other")
		mark(t, shop)
		modelstest.MustUserWithPassword(t, other, "anna@a.example", "$argon2id$x")
		modelstest.MustApp(t, other, "Other app", "https://a.example/cb")
		admin := modelstest.MustUser(t, staff, "admin@staff.example")
		modelstest.Must(staff.AssignRole(ctx, actor, admin.ID, access.Assignment{RoleID: access.GlobalAdministratorID, TenantID: shop.ID}))(t)
		if _, err := s.Directory(ctx, "shop"); err != nil {
			t.Fatal(err)
		}
		before, second := rowsOf(t, s.Store, shop.ID), s.Again(t)
		if _, err := second.Directory(ctx, "shop"); err != nil {
			t.Fatal(err)
		}

		want := func(what string, err error, code fault.Code) {
			t.Helper()
			if code == "" && err != nil || code != "" && !fault.Is(err, code) {
				t.Errorf("%s: %v, want %q", what, err, code)
			}
		}
		want("deleting the directory of admins", s.DeleteTenant(ctx, actor, staff.ID), fault.Conflict)
		want("restoring what is not deleted", s.RestoreTenant(ctx, actor, shop.ID), fault.NotFound)
		want("deleting", s.DeleteTenant(ctx, actor, shop.ID), "")
		want("deleting twice", s.DeleteTenant(ctx, actor, shop.ID), fault.NotFound)
		want("deleting the last one of customers", s.DeleteTenant(ctx, actor, other.ID), fault.Conflict)
		_, err := s.Directory(ctx, "shop")
		want("its directory", err, fault.NotFound)
		_, err = s.ManagedDirectory(ctx, shop.ID)
		want("its directory for the portal", err, fault.NotFound)
		s.Clock.Advance(2 * time.Second)
		_, err = second.Directory(ctx, "shop")
		want("its directory in another instance", err, fault.NotFound)
		_, err = s.CreateTenant(ctx, actor, tenant.Tenant{Slug: "shop", Name: "Thief"})
		want("its short name", err, fault.Conflict)
		_, err = shop.Update(ctx, actor, func(t *tenant.Tenant) error { t.Name = "x"; return nil })
		want("changing it", err, fault.NotFound)
		if n, err := s.PurgeTenants(ctx, actor, 10); n != 0 || err != nil {
			t.Errorf("purged %d at once, %v", n, err)
		}
		if list, err := s.Tenants(ctx); err != nil || len(list) != 2 {
			t.Errorf("%d tenants, %v", len(list), err)
		}
		if gone, err := s.DeletedTenants(ctx); err != nil || len(gone) != 1 || gone[0].ID != shop.ID {
			t.Errorf("deleted: %+v, %v", gone, err)
		}

		s.Clock.Advance(29 * 24 * time.Hour)
		want("restoring", s.RestoreTenant(ctx, actor, shop.ID), "")
		if d, err := s.Directory(ctx, "shop"); err != nil || len(d.Clients) == 0 {
			t.Errorf("after restoring: %v", err)
		}
		for _, line := range before {
			if after := strings.Join(rowsOf(t, s.Store, shop.ID), "\n"); !strings.Contains(after, line) {
				t.Fatalf("lost meanwhile: %s", line)
			}
		}

		want("deleting again", s.DeleteTenant(ctx, actor, shop.ID), "")
		s.Clock.Advance(30*24*time.Hour + time.Second)
		want("restoring too late", s.RestoreTenant(ctx, actor, shop.ID), fault.NotFound)
		untouched := rowsOf(t, s.Store, other.ID)
		if n, err := s.PurgeTenants(ctx, actor, 2); n != 1 || err != nil {
			t.Fatalf("purged %d, %v", n, err)
		}
		for _, table := range models.Tables() {
			if _, ok := reflect.TypeOf(table).Elem().FieldByName("TenantID"); ok {
				if n := countOf(t, s, table, "tenant_id", shop.ID); n != 0 {
					t.Errorf("%T keeps %d rows", table, n)
				}
			}
		}
		if strings.Contains(state(t, s.Store), `"TargetTenant":"`+shop.ID) {
			t.Error("a role in it is left")
		}
		if after := rowsOf(t, s.Store, other.ID); strings.Join(untouched, "\n") != strings.Join(after, "\n") {
			t.Errorf("the other tenant changed: %s", firstDifference(strings.Join(untouched, "\n"), strings.Join(after, "\n")))
		}
		page, err := staff.Audits(ctx, models.AuditQuery{TargetID: shop.ID, Limit: 50})
		var did []string
		for _, e := range page.Items {
			did = append(did, e.Activity)
		}
		if err != nil || strings.Join(did, ", ") != "Purge tenant, Delete tenant, Restore tenant, Delete tenant" {
			t.Errorf("the operator's log says %v, %v", did, err)
		}
		if _, err := s.CreateTenant(ctx, actor, tenant.Tenant{Slug: "shop", Name: "Next"}); err != nil {
			t.Errorf("the short name is free again, but: %v", err)
		}
	})
}

func countOf(t *testing.T, s modelstest.Scratch, table any, column, value string) int {
	t.Helper()
	name := table.(interface{ TableName() string }).TableName()
	query := fmt.Sprintf("SELECT count(*) FROM %s WHERE %s = '%s'", name, column, value)
	var n int
	if err := raw(t, s).QueryRow(query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// What new tenants start with is copied: what exists stays, and what the maker says wins.
func TestNewTenantsStartWithTheDefaults(t *testing.T) {
	s := modelstest.Open(t)
	ctx, actor := t.Context(), modelstest.Actor()
	old := modelstest.MustTenant(t, s, "old")
	staff := modelstest.MustTenant(t, s, tenant.WorkforceSlug)
	defaults := tenant.Defaults{Locale: "de", Settings: tenant.Settings{PasswordMinLength: 14, LogRetentionDays: 30, BannedWords: []string{"fernhill"}, SupportURL: "https://help.example"}}
	set := func(d tenant.Defaults) error {
		_, err := staff.Update(ctx, actor, func(t *tenant.Tenant) error { t.Settings.NewTenants = &d; return nil })
		return err
	}
	if err := set(tenant.Defaults{Settings: tenant.Settings{PasswordMinLength: 3}}); !fault.Is(err, fault.Invalid) {
		t.Errorf("bad defaults: %v", err)
	}
	if err := set(defaults); err != nil {
		t.Fatal(err)
	}
	made, err := s.CreateTenant(ctx, actor, tenant.Tenant{Slug: "made", Name: "Made", Settings: tenant.Settings{LogRetentionDays: 7}})
	if err != nil {
		t.Fatal(err)
	}
	x := made.Settings
	if made.DefaultLocale != "de" || x.PasswordMinLength != 14 || x.LogRetentionDays != 7 || len(x.BannedWords) != 1 || x.SupportURL == "" || x.NewTenants != nil {
		t.Errorf("%+v", made)
	}
	if was, err := old.Get(ctx); err != nil || was.Settings.PasswordMinLength != 0 {
		t.Errorf("an old tenant changed: %+v, %v", was, err)
	}
}

// A trial lasts 30 days and holds so many objects; the switch back ends both.
func TestTrials(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		made, err := s.CreateTenant(ctx, actor, tenant.Tenant{Slug: "try", Name: "Try", Plan: tenant.Trial})
		if err != nil {
			t.Fatal(err)
		}
		try := s.Tenant(made.ID)
		plan := func(p tenant.Plan) tenant.Tenant {
			t.Helper()
			now, err := try.Update(ctx, actor, func(t *tenant.Tenant) error { t.Plan, t.TrialEndsAt = p, time.Time{}; return nil })
			if err != nil {
				t.Fatal(err)
			}
			return now
		}
		is := func(what string, now tenant.Tenant, left int, readOnly, governed bool) {
			t.Helper()
			if now.TrialDaysLeft(s.Now()) != left || now.ReadOnly(s.Now()) != readOnly || now.Governed() != governed {
				t.Errorf("%s: %d days, read-only %v, governed %v", what, now.TrialDaysLeft(s.Now()), now.ReadOnly(s.Now()), now.Governed())
			}
		}
		is("new", made, 30, false, false)
		s.Clock.Advance(29*24*time.Hour + time.Hour)
		now, _ := try.Get(ctx)
		is("on the last day", now, 1, false, false)
		is("saved again", plan(tenant.Trial), 1, false, false)
		s.Clock.Advance(24 * time.Hour)
		now, _ = try.Get(ctx)
		is("over", now, 0, true, false)
		is("standard", plan(tenant.Standard), 0, false, true)
		is("a trial once more", plan(tenant.Trial), 30, false, false)

		staff := modelstest.MustTenant(t, s.Store, tenant.WorkforceSlug)
		if _, err := staff.Update(ctx, actor, func(t *tenant.Tenant) error { t.Plan = tenant.Trial; return nil }); !fault.Is(err, fault.Invalid) {
			t.Errorf("the directory of admins as a trial: %v", err)
		}
		if _, err := staff.Update(ctx, actor, func(t *tenant.Tenant) error { t.Disabled = true; return nil }); !fault.Is(err, fault.Invalid) {
			t.Errorf("the directory of admins disabled: %v", err)
		}

		modelstest.MustApp(t, try, "Market", "https://market.example/cb")
		fillTenant(t, try, tenant.TrialObjects-2) // and one application: room for one more
		if _, err := try.CreateUser(ctx, actor, person("last@example.com", nil), ""); err != nil {
			t.Errorf("the last one: %v", err)
		}
		full := func(what string, err error) {
			t.Helper()
			if !fault.Is(err, fault.Denied) || fault.Of(err).Key != models.TrialFull {
				t.Errorf("%s in a full trial: %v", what, err)
			}
		}
		_, err = try.CreateUser(ctx, actor, person("more@example.com", nil), "")
		full("a person", err)
		_, err = try.CreateApplication(ctx, actor, models.Application{Name: "More", Kind: models.WebApp})
		full("an application", err)
		_, err = try.CreateGroup(ctx, actor, account.Group{Name: "More"})
		full("a group", err)
		full("an import", try.ImportUsers(ctx, actor, []models.User{person("import@example.com", nil)}))
		_, err = try.CreateFlow(ctx, actor, userflow.Flow{Name: "A flow", SignUpMethod: userflow.EmailCode, MFA: userflow.MFA{Enforcement: userflow.MFAOff}})
		if err != nil {
			t.Errorf("a flow is no object: %v", err)
		}
		plan(tenant.Standard)
		if _, err := try.CreateUser(ctx, actor, person("more@example.com", nil), ""); err != nil {
			t.Errorf("in a standard tenant: %v", err)
		}
	})
}

// fillTenant adds people without addresses.
func fillTenant(t *testing.T, tn *models.Tenant, n int) {
	t.Helper()
	for n > 0 {
		some := min(n, 1000)
		list := make([]models.User, some)
		for i := range list {
			list[i] = person(fmt.Sprintf("p%d-%d@example.com", n, i), nil)
			list[i].ID, list[i].CreatedAt = models.NewID(), tn.Now()
		}
		if err := tn.ImportUsers(t.Context(), audit.System("test"), list); err != nil {
			t.Fatal(err)
		}
		n -= some
	}
}
