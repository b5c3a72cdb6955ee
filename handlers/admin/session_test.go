package admin

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/session"
	"portico/app/signin"
	"portico/handlers"
	"portico/models"
	"portico/models/modelstest"
)

func TestPortalSendsStrangersToSignIn(t *testing.T) {
	b := newBench(t)
	w := b.browser()
	a := w.get("/admin/t/shop/users?search=ada")
	if a.status != fiber.StatusSeeOther || len(*b.starts) != 1 {
		t.Fatalf("%d, %d starts", a.status, len(*b.starts))
	}
	asked := (*b.starts)[0]
	if asked.Protocol != signin.Portal || asked.ClientID != ClientID || asked.MaxAge == nil || *asked.MaxAge != 1800 {
		t.Errorf("asked %+v", asked)
	}
	if !strings.Contains(string(asked.Return), "/admin/t/shop/users?search=ada") {
		t.Errorf("the way back is lost: %s", asked.Return)
	}
}

func TestHandoffWorksOnceInItsBrowserOnly(t *testing.T) {
	b := newBench(t)
	id := b.global().userID
	w, thief := b.browser(), b.browser()
	w.get("/admin/t/shop/users")
	out := b.issue((*b.starts)[len(*b.starts)-1], id, "mfa", "pwd")
	if a := thief.get(out.Redirect); a.location != "/admin" || thief.cookies["workforce-admin"] != "" {
		t.Errorf("another browser got %d %s", a.status, a.location)
	}
	if a := w.get(out.Redirect); a.status != fiber.StatusSeeOther || a.location != "/admin/t/shop/users" || w.cookies["workforce-admin"] == "" {
		t.Fatalf("the browser got %d %s", a.status, a.location)
	}
	w.get("/admin/t/shop").wants(t, 200, "Get started")
	if a := w.get(out.Redirect); a.location != "/admin" {
		t.Errorf("the handoff worked twice: %s", a.location)
	}
}

func TestNoPortalWithoutSecondFactor(t *testing.T) {
	b := newBench(t)
	w := b.browser()
	w.get("/admin")
	_, err := b.portal.Issuer().Issue(t.Context(), b.workforce, signin.Grant{UserID: b.global().userID, AMR: []string{"pwd"}, Request: (*b.starts)[0]})
	if !fault.Is(err, fault.Denied) {
		t.Errorf("a password alone opened the portal: %v", err)
	}
}

// TestSessionsEnd: idle, absolute, disabled, revoked, role removed, signed out.
func TestSessionsEnd(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(*bench, *browser)
		want int // 303 is the way to sign in again
	}{
		"nothing happened":    {func(*bench, *browser) {}, 200},
		"idle for 29 minutes": {func(b *bench, _ *browser) { b.clock.Advance(29 * time.Minute) }, 200},
		"idle for 31 minutes": {func(b *bench, _ *browser) { b.clock.Advance(31 * time.Minute) }, 303},
		"busy for over 12 hours": {func(b *bench, w *browser) {
			for range 37 {
				b.clock.Advance(20 * time.Minute)
				w.get("/admin/t/shop")
			}
		}, 303},
		"account disabled": {func(b *bench, w *browser) {
			_, err := b.workforce.SetUserEnabled(b.Context(), modelstest.Actor(), w.userID, false)
			b.must(err)
		}, 303},
		"sessions revoked": {func(b *bench, w *browser) {
			b.clock.Advance(time.Second)
			_, err := b.workforce.RevokeSessions(b.Context(), modelstest.Actor(), w.userID)
			b.must(err)
		}, 303},
		"signed out elsewhere": {func(b *bench, w *browser) {
			now := b.store.Now()
			b.must(b.workforce.PutSession(b.Context(), session.Session{SID: "sid", TenantID: b.workforce.ID, UserID: w.userID, AuthTime: now, CreatedAt: now, LastSeenAt: now}, "secret", "", signin.SessionInfo{ExpiresAt: now.Add(time.Hour)}))
			if a := w.get("/admin/t/shop"); a.status != 200 {
				b.Errorf("with a live session: %d", a.status)
			}
			b.must(b.workforce.EndSession(b.Context(), "sid", "test", now))
		}, 303},
		"role removed": {func(b *bench, w *browser) {
			all, err := b.workforce.RoleAssignments(b.Context(), w.userID)
			b.must(err)
			b.must(b.workforce.RemoveRole(b.Context(), modelstest.Actor(), all[0].ID))
		}, 403},
		"signed out": {func(b *bench, w *browser) {
			secret := w.cookies["workforce-admin"]
			if a := w.post("/admin/sign-out"); a.location != "/admin/signed-out" {
				b.Errorf("sign-out answered %d %s", a.status, a.location)
			}
			w.cookies["workforce-admin"] = secret // a copy of the cookie is worth nothing
		}, 303},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.global()
			w := b.admin("second@staff.example", access.GlobalAdministratorID, access.AllTenants)
			c.do(b, w)
			if a := w.get("/admin/t/shop"); a.status != c.want {
				t.Errorf("%d, want %d", a.status, c.want)
			}
		})
	}
}

// A page that asks again by itself neither keeps the session alive nor takes another tab's notice.
func TestPollingIsNoClick(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	panel := "/admin/t/shop/applications/" + th.app.ID + "/connect"
	poll := func() answer {
		r := httptest.NewRequest(http.MethodGet, panel, nil)
		r.Header.Set("Sec-Fetch-Dest", "empty")
		return w.send(r)
	}
	a := w.post("/admin/t/shop/applications/"+th.app.ID+"/secrets", "name", "prod", "expiresAt", "90")
	if body := poll().body; strings.Contains(body, "new-secret") {
		t.Error("the panel took the secret of another tab")
	}
	if body := w.get("/admin/t/shop/users").body; strings.Contains(body, "new-secret") {
		t.Error("another page took the secret")
	}
	w.get(strings.Split(a.location, "#")[0]).wants(t, 200, "shown only this once")
	for range 3 {
		b.clock.Advance(15 * time.Minute)
		a = poll()
	}
	if a.status != fiber.StatusSeeOther {
		t.Errorf("polling kept the session alive: %d", a.status)
	}
}

// TestNothingTypedIsLost: the session ended, or the page is from before the last sign-in.
func TestNothingTypedIsLost(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	path := "/admin/t/shop/applications/" + th.app.ID + "/edit"
	send := func(w *browser, token string) answer {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(url.Values{"displayName": {"Typed <b>with care"}, "password": {"hunter2"}, handlers.CSRFField: {token}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		return w.send(r)
	}
	old := b.portal.CSRF.Token(w.session)
	b.clock.Advance(time.Hour)
	a := send(w, old)
	a.wants(t, fiber.StatusConflict, "You were signed out")
	w = b.signIn(w.userID)
	a = send(w, old)
	a.wants(t, fiber.StatusConflict, "This page was too old")
	if !strings.Contains(a.body, "Typed &lt;b&gt;with care") || strings.Contains(a.body, "hunter2") {
		t.Errorf("the wrong things were kept: %s", a.body)
	}
	if app, err := b.shop.Application(t.Context(), th.app.ID); err != nil || app.Name != "Market" {
		t.Errorf("something was done: %v %v", app.Name, err)
	}
	if a := send(w, csrf(a)); a.status != fiber.StatusSeeOther {
		t.Errorf("sending again answered %d", a.status)
	}
}

func TestOnlyOwnPathsAreWaysBack(t *testing.T) {
	for in, want := range map[string]string{
		"/admin/t/shop/users?search=a": "/admin/t/shop/users?search=a", "/admin": "/admin", "": "/admin",
		"https://evil.example/admin": "/admin", "//evil.example/admin": "/admin", "/adminx": "/admin", "/shop/signin": "/admin",
		`/admin\@evil.example`: "/admin", "/admin//evil": "/admin", "javascript:alert(1)": "/admin", "/admin/../demo": "/admin",
		"/admin/session?code=x": "/admin", "/admin/setup?token=x": "/admin", "/admin/sign-out": "/admin",
	} {
		if got := samePath(in); got != want {
			t.Errorf("samePath(%q) = %q, want %q", in, got, want)
		}
	}
}

func (w *browser) setup(token, csrf, email, password string) answer {
	w.b.Helper()
	return w.postRaw("/admin/setup", "token", token, handlers.CSRFField, csrf, "email", email, "displayName", "Ada", "password", password)
}

// csrf reads the form's token out of a page.
func csrf(a answer) string {
	_, rest, _ := strings.Cut(a.body, `name="_csrf" value="`)
	token, _, _ := strings.Cut(rest, `"`)
	return token
}

func TestSetUpLinkMakesTheFirstAdminOnce(t *testing.T) {
	b := newBench(t)
	token, err := b.workforce.CreateLink(t.Context(), models.LinkSetup, "", 30*time.Minute)
	b.must(err)
	w := b.browser()
	for range 3 { // opening it, as a mail scanner does, uses nothing up
		w.get("/admin/setup?token="+token).wants(t, 200, "Create the first admin", "At least 12 characters")
	}
	page := w.get("/admin/setup?token=" + token)
	if a := w.setup(token, "", "ada@staff.example", "correct horse battery"); a.status != 403 {
		t.Errorf("without its token the form answered %d", a.status)
	}
	w.setup(token, csrf(page), "ada@", "short").wants(t, 422, "There is a problem", "Enter an email address")
	a := w.setup(token, csrf(page), "ada@staff.example", "correct horse battery")
	if a.status != fiber.StatusSeeOther || !strings.HasPrefix(a.location, "/admin?login_hint=ada%40staff.example") {
		t.Fatalf("set-up answered %d %s %s", a.status, a.location, text(a.body))
	}
	if w.get(a.location); (*b.starts)[len(*b.starts)-1].LoginHint != "ada@staff.example" {
		t.Error("the sign-in does not know who comes")
	}
	if has, err := b.workforce.HasGlobalAdmin(t.Context()); err != nil || !has {
		t.Errorf("there is no admin: %v", err)
	}
	w.get("/admin/setup?token="+token).wants(t, fiber.StatusGone, "This link does not work any more", "app admin create --email")
	w.setup(token, csrf(page), "eve@staff.example", "correct horse battery").wants(t, fiber.StatusGone)
}

func TestSetUpLinkExpiresAndIsNoUseOnceThereIsAnAdmin(t *testing.T) {
	b := newBench(t)
	token, err := b.workforce.CreateLink(t.Context(), models.LinkSetup, "", 30*time.Minute)
	b.must(err)
	w := b.browser()
	page := w.get("/admin/setup?token=" + token)
	b.global()
	w.setup(token, csrf(page), "eve@staff.example", "correct horse battery").wants(t, fiber.StatusGone)
	b.clock.Advance(31 * time.Minute)
	w.get("/admin/setup?token="+token).wants(t, fiber.StatusGone)
	w.get("/admin/setup?token=nonsense").wants(t, fiber.StatusGone)
	w.get("/admin/setup").wants(t, fiber.StatusGone)
}

// TestSetUpLinkCannotBeRaced: many browsers with one link make one admin.
func TestSetUpLinkCannotBeRaced(t *testing.T) {
	b := newBench(t)
	token, err := b.workforce.CreateLink(t.Context(), models.LinkSetup, "", 30*time.Minute)
	b.must(err)
	const n = 20
	results := make([]int, n)
	var wg sync.WaitGroup
	for i := range n {
		w := b.browser()
		page := w.get("/admin/setup?token=" + token)
		wg.Go(func() {
			results[i] = w.setup(token, csrf(page), "admin"+string(rune('a'+i))+"@staff.example", "correct horse battery").status
		})
	}
	wg.Wait()
	won := 0
	for _, s := range results {
		if s == fiber.StatusSeeOther {
			won++
		}
	}
	all, err := b.workforce.RoleAssignments(t.Context(), "")
	if b.must(err); won != 1 || len(all) != len(access.FirstAdmin()) {
		t.Errorf("%d browsers won (%v), %d roles were given", won, results, len(all))
	}
}

func TestLoginLinkLetsAnInvitedAdminChooseAPassword(t *testing.T) {
	b := newBench(t)
	boss := b.global()
	b.portal.MailReady = false
	a := boss.post("/admin/t/shop/admins/invite", "email", "eve@staff.example", "displayName", "Eve", "role", b.roleID("Reports Reader"), "reach", "this")
	page := boss.get(a.location)
	_, rest, _ := strings.Cut(page.body, `/admin/setup?token=`)
	token, _, _ := strings.Cut(rest, "<")
	token, err := url.QueryUnescape(token)
	b.must(err)
	w := b.browser()
	form := w.get("/admin/setup?token=" + token)
	form.wants(t, 200, "Choose a new password", "eve@staff.example")
	if a := w.setup(token, csrf(form), "", "correct horse battery"); !strings.Contains(a.location, "eve%40staff.example") {
		t.Fatalf("%d %s %s", a.status, a.location, text(a.body))
	}
	w.get("/admin/setup?token="+token).wants(t, fiber.StatusGone)
	id := strings.TrimPrefix(a.location, "/admin/t/shop/admins/")
	eve := b.signIn(id)
	eve.get("/admin/t/shop/sign-ins").wants(t, 200)
	eve.get("/admin/t/shop/applications").wants(t, 403)
}

// TestNobodyGrantsWhatTheyDoNotHold is DESIGN §9.8 for admins.
func TestNobodyGrantsWhatTheyDoNotHold(t *testing.T) {
	b := newBench(t)
	boss := b.global()
	local := b.admin("local@staff.example", access.GlobalAdministratorID, b.shop.ID)
	target := b.admin("target@staff.example", b.roleID("Reports Reader"), b.shop.ID)
	const admins = "/admin/t/shop/admins/"
	if a := local.post(admins+target.userID+"/roles/add", "role", b.roleID("User Administrator"), "reach", "this"); a.status != 303 {
		t.Errorf("a right held was refused: %d %s", a.status, text(a.body))
	}
	local.post(admins+target.userID+"/roles/add", "role", access.GlobalAdministratorID, "reach", "all").wants(t, 422, "You can give only roles that you hold yourself")
	local.post("/admin/t/shop/admins/invite", "email", "e@staff.example", "displayName", "E", "role", access.GlobalAdministratorID, "reach", "all").wants(t, 422, "You can give only roles")
	if a := local.post(admins + boss.userID + "/link"); a.status != 403 {
		t.Errorf("a lesser admin made a recovery link for a greater one: %d", a.status)
	}
	if a := boss.post(admins + local.userID + "/link"); a.status != 303 {
		t.Errorf("the greater one could not: %d", a.status)
	}
}

func TestNobodyGivesAnAppWhatTheyDoNotHold(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.admin("apps@staff.example", b.roleID("Application Administrator"), b.shop.ID)
	path := "/admin/t/shop/applications/" + th.app.ID + "/permissions"
	w.post(path, "permissions", "User.ReadWrite.All").wants(t, 422, "You can grant only permissions that you hold yourself")
	if a := w.post(path, "permissions", "Application.Read.All"); a.status != fiber.StatusSeeOther {
		t.Errorf("a permission held was refused: %d", a.status)
	}
	b.global().post(path, "permissions", "Application.Read.All", "permissions", "User.ReadWrite.All")
	w.post("/admin/t/shop/applications/"+th.app.ID+"/secrets", "expiresAt", "90").wants(t, 422, "This application may do more than you")
	if a := w.post(path, "permissions", "User.ReadWrite.All"); a.status != fiber.StatusSeeOther {
		t.Errorf("what the application has already could not stay: %d", a.status)
	}
}

func TestTheLastGlobalAdministratorStays(t *testing.T) {
	b := newBench(t)
	boss := b.global()
	all, err := b.workforce.RoleAssignments(t.Context(), boss.userID)
	b.must(err)
	a := boss.post("/admin/t/shop/admins/"+boss.userID+"/roles/remove", "assignment", all[0].ID)
	boss.get(a.location).wants(t, 200, "This is the last Global Administrator")
	if left, err := b.workforce.RoleAssignments(t.Context(), boss.userID); err != nil || len(left) != len(all) {
		t.Errorf("the role is gone: %v %v", left, err)
	}
	if a := boss.post("/admin/t/workforce/users/"+boss.userID+"/enabled", "enabled", "no"); a.status != 303 {
		t.Errorf("%d", a.status)
	}
	boss.get("/admin/t/workforce/users/"+boss.userID).wants(t, 200, "This is the last Global Administrator", "Enabled")
}

// The menu shows what the guard allows, and nothing else.
func TestMenuAndGuardAgree(t *testing.T) {
	b := newBench(t)
	for _, role := range access.Roles() {
		w := b.admin(strings.ReplaceAll(strings.ToLower(role.Name), " ", "-")+"@staff.example", role.ID, b.reach(role))
		page := w.get("/admin/t/shop")
		var labels []string
		for _, r := range b.portal.Routes() {
			if r.NavLabel == "" {
				continue
			}
			href := strings.Replace(r.Path, ":tenant", "shop", 1)
			in, may := strings.Contains(page.body, `href="`+href+`"`), w.get(href).status == 200
			if in && !may || may && !in {
				t.Errorf("%s: %s in the menu %v, allowed %v", role.Name, href, in, may)
			}
			if slices.Contains(labels, r.NavLabel) {
				t.Errorf("%s twice in the menu", r.NavLabel)
			}
			labels = append(labels, r.NavLabel)
		}
	}
}
