package admin

import (
	"strings"
	"testing"
	"time"

	"portico/app/access"
	"portico/app/message"
	"portico/models"
	"portico/models/modelstest"
)

func TestAnAdminIsInvitedByMailWithSeveralRoles(t *testing.T) {
	b := newBench(t)
	b.things()
	boss := b.global()
	a := boss.post("/admin/t/shop/admins/invite", "email", "eve@staff.example", "displayName", "Eve", "role", b.roleID("Reports Reader"), "role", b.roleID("User Administrator"), "reach", "this")
	page := boss.get(a.location)
	page.wants(t, 200, "invited as Reports Reader and User Administrator", "on its way by mail", "Create, change and delete people", "Read sign-in and audit logs", "Sees sign-ins, audit log and reports.")
	if strings.Contains(page.body, "token=") {
		t.Error("the link is shown although it was mailed")
	}
	sent := b.notes()[message.AdminInvitation]
	if len(sent) != 1 || sent[0].To != "eve@staff.example" || !strings.Contains(sent[0].URL, "/admin/setup?token=") || sent[0].Until.Sub(b.store.Now()) != inviteLife ||
		sent[0].By != "Admin global@staff.example" || sent[0].Roles != "Reports Reader ("+b.directory().Tenant.Name+")\nUser Administrator ("+b.directory().Tenant.Name+")" {
		t.Fatalf("mailed %+v", sent)
	}
	w := b.browser()
	w.get(strings.TrimPrefix(sent[0].URL, "http://localhost:3000")).wants(t, 200, "Choose a new password", "eve@staff.example")
	// Twenty roles reach one tenant, and no more.
	form := []string{"email", "max@staff.example", "displayName", "Max"}
	for i, r := range access.Roles() {
		if i <= access.MostRoles && !r.Installation {
			form = append(form, "role", r.ID)
		}
	}
	if a := boss.post("/admin/t/shop/admins/invite", form...); a.status != 303 {
		t.Errorf("twenty: %d %s", a.status, text(a.body))
	}
	boss.post("/admin/t/shop/admins/invite", append(form, "role", access.InstallationOperatorID)...).wants(t, 422, "more than 20 roles")
	max, err := b.workforce.UserByIdentity(t.Context(), "emailAddress", "", "max@staff.example")
	b.must(err)
	last := access.Roles()[len(access.Roles())-1].ID
	boss.post("/admin/t/shop/admins/"+max.ID+"/roles/add", "role", last).wants(t, 422, "more than 20 roles")
	boss.post("/admin/t/shop/admins/"+max.ID+"/roles/add", "role", last, "reach", "all").wants(t, 422, "more than 20 roles")
}

func TestAdminsAreListedByRoleAndState(t *testing.T) {
	b := newBench(t)
	boss := b.global()
	reader := b.admin("reader@staff.example", b.roleID("Reports Reader"), b.shop.ID)
	const admins = "/admin/t/shop/admins"
	boss.get(boss.post(admins+"/"+reader.userID+"/emergency", "on", "yes").location).wants(t, 200, "is an emergency account now", "Emergency account")
	for query, both := range map[string][2]bool{"": {true, true}, "?role=" + b.roleID("Reports Reader"): {false, true}, "?standing=emergency": {false, true}, "?standing=weak": {true, true},
		"?standing=disabled": {false, false}, "?search=READER": {false, true}} {
		page := boss.get(admins + query)
		if g, r := strings.Contains(page.body, admins+"/"+boss.userID), strings.Contains(page.body, admins+"/"+reader.userID); g != both[0] || r != both[1] {
			t.Errorf("%q lists %v %v", query, g, r)
		}
	}
	boss.get(admins+"/roles").wants(t, 200, "Helpdesk Administrator", "Sees people, groups and applications.")
	for _, p := range append(access.Known(), access.TenantOperate) {
		if permissionWords(p) == "" {
			t.Errorf("%s has no words", p)
		}
	}
	// Out, and back in.
	boss.get(boss.post(admins+"/"+reader.userID+"/enabled", "enabled", "no").location).wants(t, 200, "signed out everywhere", "Disabled")
	if a := reader.get("/admin/t/shop/audits"); a.status != 303 {
		t.Errorf("a disabled admin goes on: %d", a.status)
	}
	boss.get(boss.post(admins+"/"+reader.userID+"/enabled", "enabled", "yes").location).wants(t, 200, "is enabled")
	boss.get(boss.post(admins+"/"+reader.userID+"/delete").location).wants(t, 200, "is deleted")
	boss.get(admins+"/"+reader.userID).wants(t, 404)
	// The last one cannot end themselves.
	boss.get(boss.post(admins+"/"+boss.userID+"/delete").location).wants(t, 200, "This is the last")
	boss.get(boss.post(admins+"/"+boss.userID+"/enabled", "enabled", "no").location).wants(t, 200, "This is the last")
	boss.post(admins+"/"+boss.userID+"/emergency", "on", "yes").wants(t, 403, "Nobody marks")
}

// TestAnEmergencyAccountIsNeverUsedQuietly (F302).
func TestAnEmergencyAccountIsNeverUsedQuietly(t *testing.T) {
	b := newBench(t)
	boss := b.global()
	glass := b.admin("glass@staff.example", access.GlobalAdministratorID, access.AllTenants)
	b.admin("reader@staff.example", b.roleID("Reports Reader"), access.AllTenants)
	b.must(b.workforce.TouchSignIn(t.Context(), boss.userID))
	boss.post("/admin/t/shop/admins/"+glass.userID+"/emergency", "on", "yes")
	if b.notes()[message.EmergencyUsed] != nil {
		t.Error("an ordinary sign-in alarms")
	}
	b.must(b.workforce.TouchSignIn(t.Context(), glass.userID))
	sent := b.notes()[message.EmergencyUsed]
	if len(sent) != 1 || sent[0].To != "global@staff.example" || !strings.Contains(sent[0].App, "glass@") {
		t.Errorf("told %+v", sent)
	}
	logged := false
	for _, a := range b.audits() {
		logged = logged || a.Activity == "Emergency account used" && a.Target.ID == glass.userID
	}
	if !logged {
		t.Error("it is not in the audit log")
	}
	page := boss.get("/admin/t/shop")
	page.wants(t, 200, "An emergency account was used", "I know of it", "Admin glass@staff.example")
	if panel := between(page.body, "panel--danger", "I know of it"); !strings.Contains(panel, "/admin/t/workforce/admins/"+glass.userID) || !strings.Contains(panel, "<time ") {
		t.Errorf("the warning says neither who nor when: %s", text(panel))
	}
	until := between(page.body, `name="until" value="`, `"`)
	glass.post("/admin/t/shop/emergency/noted", "until", until) // one's own use is for others to note
	boss.get("/admin/t/shop").wants(t, 200, "An emergency account was used")
	b.clock.Advance(time.Minute)
	b.must(b.workforce.TouchSignIn(t.Context(), glass.userID)) // after the page was drawn
	boss.post("/admin/t/shop/emergency/noted", "until", until)
	boss.get("/admin/t/shop").wants(t, 200, "An emergency account was used")
	boss.post("/admin/t/shop/emergency/noted", "until", between(boss.get("/admin/t/shop").body, `name="until" value="`, `"`))
	if strings.Contains(boss.get("/admin/t/shop").body, "An emergency account was used") {
		t.Error("the warning stays")
	}
	// Emergency accounts do not stand in for those who administer day by day.
	boss.get(boss.post("/admin/t/shop/admins/"+boss.userID+"/enabled", "enabled", "no").location).wants(t, 200, "day by day")
}

func between(s, from, to string) string {
	_, s, _ = strings.Cut(s, from)
	s, _, _ = strings.Cut(s, to)
	return s
}

func TestTheStartPageListsSecretsThatEnd(t *testing.T) {
	b := newBench(t)
	th := b.things()
	_, _, err := b.shop.AddSecret(t.Context(), modelstest.Actor(), th.app.ID, "nightly", b.store.Now().Add(5*24*time.Hour))
	b.must(err)
	boss := b.global()
	boss.get("/admin/t/shop").wants(t, 200, "Secrets and certificates that end soon", "nightly", "Ends soon")
	if page := b.admin("reader@staff.example", b.roleID("Reports Reader"), b.shop.ID).get("/admin/t/shop"); strings.Contains(page.body, "nightly") {
		t.Error("who may not see applications sees their secrets")
	}
	_, err = b.shop.UpdateApplication(t.Context(), modelstest.Actor(), th.app.ID, func(a *models.Application) error { a.Enabled = false; return nil })
	b.must(err)
	if strings.Contains(boss.get("/admin/t/shop").body, "nightly") {
		t.Error("an application that is off needs no new secret")
	}
}
