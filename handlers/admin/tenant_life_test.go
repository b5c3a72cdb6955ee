package admin

import (
	"strings"
	"testing"
	"time"

	"portico/app/access"
	"portico/app/tenant"
	"portico/models"
	"portico/models/modelstest"
)

// TestTenantsAreTheOperators walks the life of a tenant through its pages, and shows that a Global
// Administrator of everything has no part in it.
func TestTenantsAreTheOperators(t *testing.T) {
	b := newBench(t)
	w := b.global()
	global := b.admin("only-global@staff.example", access.GlobalAdministratorID, access.AllTenants)
	other := modelstest.MustTenant(t, b.store, "other")
	at := "/admin/tenants/" + other.ID
	for _, r := range b.portal.tenantRoutes() {
		if r.Permission == "" {
			continue
		}
		path := strings.Replace(r.Path, ":id", other.ID, 1)
		a := global.get(path)
		if r.Method == post {
			a = global.post(path, "name", "Other", "plan", "trial", "enabled", "no", "slug", "mine", "defaultLocale", "en")
		}
		if a.status != 403 {
			t.Errorf("%s %s is open to a Global Administrator: %d", r.Method, r.Path, a.status)
		}
	}
	global.get("/admin/tenants").wants(t, 200, "Other", "Shop")

	w.post(at+"/plan", "plan", "gold").wants(t, 422, "Choose a plan")
	follow := func(a answer, words ...string) {
		t.Helper()
		if a.status != 303 {
			t.Fatalf("%d: %s", a.status, text(a.body))
		}
		w.get(a.location).wants(t, 200, words...)
	}
	follow(w.post(at+"/plan", "plan", "trial"), "Trial", "30 days left", "0 of 10,000")
	w.get("/admin/t/other").wants(t, 200, "30 days left")
	follow(w.post(at+"/enabled", "enabled", "no"), "Disabled")
	w.get("/admin/t/other").wants(t, 200, "This tenant is disabled")
	if _, err := b.store.Directory(t.Context(), "other"); err == nil {
		t.Error("the doors of a disabled tenant are open")
	}
	follow(w.post(at+"/enabled", "enabled", "yes"), "Enabled")

	w.post(at+"/delete", "name", "Othr").wants(t, 422, "Type the name exactly")
	follow(w.post(at+"/delete", "name", "Other"), "Deleted tenants", "Other", "14 Feb 2026")
	w.get("/admin/t/other").wants(t, 404)
	w.get(at).wants(t, 404)
	w.post("/admin/tenants", "name", "Thief", "slug", "other", "defaultLocale", "en", "plan", "standard").wants(t, 422, "The short name other is taken")
	w.post("/admin/tenants/"+b.shop.ID+"/delete", "name", "Shop").wants(t, 422, "This is the last tenant for customers")
	w.post("/admin/tenants/"+b.workforce.ID+"/delete", "name", "Portico").wants(t, 422, "directory of admins")
	follow(w.post("/admin/tenants/deleted/"+other.ID+"/restore"), "restored")
	w.get("/admin/t/other").wants(t, 200)
	w.post("/admin/tenants/deleted/"+other.ID+"/restore").wants(t, 404)
}

// TestDefaultsForNewTenants are copied into the next tenant.
func TestDefaultsForNewTenants(t *testing.T) {
	b := newBench(t)
	w := b.global()
	w.post("/admin/tenants/defaults", "defaultLocale", "de", "passwordMinLength", "7", "lockoutThreshold", "x").wants(t, 422, "Enter a whole number")
	if a := w.post("/admin/tenants/defaults", "defaultLocale", "de", "passwordMinLength", "14", "supportUrl", "https://help.example"); a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	w.get("/admin/tenants/defaults").wants(t, 200)
	if a := w.post("/admin/tenants", "name", "New", "slug", "new-one", "plan", "trial"); a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	made, err := b.store.TenantBy(t.Context(), "new-one")
	if err != nil || made.DefaultLocale != "de" || made.Settings.PasswordMinLength != 14 || made.Settings.SupportURL == "" || made.Plan != tenant.Trial {
		t.Errorf("%+v, %v", made, err)
	}
}

// TestAnEndedTrialIsLookedAtOnly: every form answers with the page that explains it, and nothing changes;
// looking, downloading and leaving go on.
func TestAnEndedTrialIsLookedAtOnly(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	if a := w.post("/admin/tenants/"+b.shop.ID+"/plan", "plan", "trial"); a.status != 303 {
		t.Fatal(a.status)
	}
	b.clock.Advance(tenant.TrialDays*24*time.Hour + time.Minute)
	w = b.signIn(w.userID)
	before := len(b.audits())
	for _, r := range b.portal.Routes() {
		if r.Method != post || isPublic(r) || !strings.Contains(r.Path, ":tenant") {
			continue
		}
		path := strings.NewReplacer(":tenant", "shop", ":id", th.app.ID, ":key", "k", ":version", "1").Replace(r.Path)
		if a := w.post(path, "displayName", "Changed", "enabled", "no", "name", "Changed"); a.status != 403 || !strings.Contains(text(a.body), "The trial of this tenant is over") {
			t.Errorf("%s: %d %.200s", path, a.status, text(a.body))
		}
	}
	if n := len(b.audits()) - before; n > 1 { // the refusals, folded
		t.Errorf("%d entries were written", n)
	}
	w.get("/admin/t/shop/users").wants(t, 200, "The trial of this tenant is over")
	if a := w.get("/admin/t/shop/users?format=csv"); a.status != 200 {
		t.Errorf("a download: %d", a.status)
	}
	if a := w.post("/admin/tenants/"+b.shop.ID+"/plan", "plan", "standard"); a.status != 303 {
		t.Fatal(a.status)
	}
	if a := w.post("/admin/t/shop/settings/edit", "name", "The Shop", "defaultLocale", "en"); a.status != 303 {
		t.Errorf("after the switch: %d", a.status)
	}
	if a := w.post("/admin/sign-out"); a.status != 303 {
		t.Errorf("signing out: %d", a.status)
	}
}

// TestRefusalsAreRecordedOnce: who tries what they may not is in the admins' log, each way once an hour.
func TestRefusalsAreRecordedOnce(t *testing.T) {
	b := newBench(t)
	w := b.admin("reports@staff.example", b.roleID("Reports Reader"), b.shop.ID)
	count := func() (n int) {
		t.Helper()
		page, err := b.workforce.Audits(t.Context(), models.AuditQuery{ActorID: w.userID, Result: "failure", Limit: 100})
		b.must(err)
		for _, e := range page.Items {
			if e.Activity != "Try what is not allowed" || e.Target.ID == "" || len(e.Changes) != 2 {
				t.Errorf("%+v", e)
			}
		}
		return len(page.Items)
	}
	for range 5 {
		w.get("/admin/t/shop/users/"+models.NewID()).wants(t, 403)
	}
	w.post("/admin/t/shop/settings/edit", "name", "Mine").wants(t, 403)
	if n := count(); n != 2 {
		t.Errorf("%d entries, want one for each way", n)
	}
	b.clock.Advance(61 * time.Minute)
	w = b.signIn(w.userID)
	w.get("/admin/t/shop/users/"+models.NewID()).wants(t, 403)
	if n := count(); n != 3 {
		t.Errorf("%d entries after an hour", n)
	}
}
