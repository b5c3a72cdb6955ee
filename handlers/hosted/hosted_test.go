package hosted_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"portico/app/record"
	"portico/app/signin"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

const anna = "anna@example.com"

func TestSignUpAndInWithPassword(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch, asksName)
		b := s.browser().start(request{Scopes: []string{"openid"}}).at(signin.SignIn)
		b.fill("action", "signUp").at(signin.SignUp)
		b.fill("email", " Anna@Example.com ").at(signin.Code)
		b.fill("code", s.lastCode(anna)).at(signin.ChoosePassword)
		b.fill("newPassword", goodPassword).at(signin.AskAttributes)
		if n := modelstest.Must(s.tenant.CountUsers(t.Context()))(t); n != 0 {
			t.Fatalf("%d accounts before the end", n)
		}
		b.fill("givenName", "Anna", "country", "DE", "surname", "not asked for").at(signin.AskStay)
		b.fill("action", "no")
		g := b.signedIn()
		if !g.SignUp || len(g.AMR) != 1 || g.AMR[0] != "pwd" || g.SID == "" || g.Scopes[0] != "openid" {
			t.Errorf("grant %+v", g)
		}
		u := modelstest.Must(s.tenant.User(t.Context(), g.UserID))(t)
		if u.DisplayName != "Anna" || u.Mail != "Anna@Example.com" || !u.MailVerified || u.Country != "DE" || u.Surname != "" ||
			u.FirstFactor != string(userflow.EmailPassword) || !u.HasPassword || u.CreationType != "SelfServiceSignUp" {
			t.Errorf("account %+v", u)
		}
		rec := s.records()
		if len(rec) != 1 || rec[0].Outcome.Result != record.Success || !rec[0].SignUp || rec[0].User.ID != g.UserID || len(rec[0].Steps) != 6 ||
			rec[0].Proofs[0].Method != "emailCode" || rec[0].App.Name != "Shop" || rec[0].Flow.Name != "Customers" || rec[0].ID != g.SignInID {
			t.Errorf("record %+v", rec)
		}

		// The same browser goes on without a page, another one signs in.
		if again := b.start(request{}).signedIn(); again.SID != g.SID || again.UserID != g.UserID || !again.AuthTime.Equal(g.AuthTime) {
			t.Errorf("single sign-on: %+v", again)
		}
		c := s.browser().start(request{}).at(signin.SignIn)
		c.fill("email", "ANNA@example.com", "password", goodPassword, "stay", "1")
		if in := c.signedIn(); in.UserID != g.UserID || in.SID == g.SID || in.SignUp {
			t.Errorf("sign-in %+v", in)
		}
		if list := modelstest.Must(s.tenant.SessionsOf(t.Context(), g.UserID, s.clock.Now()))(t); len(list) != 2 || !list[0].Persistent && !list[1].Persistent {
			t.Errorf("sessions %+v", list)
		}
	})
}

func TestSignUpAndInByCode(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch, byCode)
		s.settings(neverStay)
		b := s.browser().start(request{}).at(signin.Identify)
		b.fill("email", anna).at(signin.Code).fill("code", s.lastCode(anna))
		up := b.signedIn()
		if !up.SignUp || up.AMR[0] != "otp" {
			t.Errorf("%+v", up)
		}
		s.clock.Advance(time.Minute)
		b = s.browser().start(request{}).at(signin.Identify)
		b.fill("email", anna).at(signin.Code)
		code := s.lastCode(anna)
		b.fill("code", code[:4]+" "+code[4:])
		if in := b.signedIn(); in.UserID != up.UserID || in.SignUp {
			t.Errorf("%+v", in)
		}
	})
}

func TestASignUpThatMeetsAnAccountGoesOnAsItsSignIn(t *testing.T) {
	s := newSite(t)
	u := s.user(anna)
	b := s.browser().start(request{Prompt: []string{"create"}}).at(signin.SignUp)
	b.fill("email", anna).at(signin.Code).fill("code", s.lastCode(anna)).at(signin.Password)
	b.fill("password", goodPassword).at(signin.AskStay).fill("action", "yes")
	if g := b.signedIn(); g.UserID != u.ID || g.SignUp {
		t.Errorf("%+v", g)
	}
}

func TestAChangedMethodAffectsNewPeopleOnly(t *testing.T) {
	s := newSite(t)
	s.settings(neverStay)
	s.user(anna)
	s.publish(func(f *userflow.Flow) { f.SignUpMethod = userflow.EmailCode }, bothWays)
	b := s.browser().start(request{}).at(signin.Identify).fill("email", anna).at(signin.Password)
	b.fill("password", goodPassword).signedIn()

	// Whoever signed up with a password keeps it, also after showing a code.
	b = s.browser().start(request{}).fill("email", anna).at(signin.Password).fill("action", "code").at(signin.Code)
	b.fill("code", s.lastCode(anna)).at(signin.Password).fill("password", goodPassword).signedIn()

	// A newcomer gets what the flow says now.
	b = s.browser().start(request{}).fill("action", "signUp").fill("email", "new@example.com").at(signin.Code)
	g := b.fill("code", s.lastCode("new@example.com")).signedIn()
	if u := modelstest.Must(s.tenant.User(t.Context(), g.UserID))(t); u.FirstFactor != string(userflow.EmailCode) || u.HasPassword {
		t.Errorf("%+v", u)
	}
}

func TestPrompts(t *testing.T) {
	s := newSite(t)
	s.settings(neverStay)
	u := s.user(anna)
	zero, hour := 0, 3600
	in := func(b *browser) *browser {
		b.start(request{}).at(signin.SignIn).fill("email", anna, "password", goodPassword).signedIn()
		return b
	}
	t.Run("none without a session", func(t *testing.T) {
		s.browser().start(request{Prompt: []string{"none"}}).refused("login_required")
	})
	t.Run("none with a session", func(t *testing.T) {
		in(s.browser()).start(request{Prompt: []string{"none"}}).signedIn()
	})
	t.Run("none, an account of another address", func(t *testing.T) {
		in(s.browser()).start(request{Prompt: []string{"none"}, LoginHint: "bob@example.com"}).refused("login_required")
	})
	t.Run("none, another session", func(t *testing.T) {
		in(s.browser()).start(request{Prompt: []string{"none"}, SIDHint: "other"}).refused("login_required")
	})
	t.Run("none, this session", func(t *testing.T) {
		b := in(s.browser())
		b.start(request{Prompt: []string{"none"}, SIDHint: s.issuer.last(t).SID, SubHint: u.ID, LoginHint: anna}).signedIn()
	})
	t.Run("none when consent is due", func(t *testing.T) {
		in(s.browser()).start(request{Prompt: []string{"none"}, ConsentScopes: []string{"orders"}}).refused("consent_required")
	})
	t.Run("login", func(t *testing.T) {
		b := in(s.browser())
		before := s.issuer.last(t)
		s.clock.Advance(time.Second)
		b.start(request{Prompt: []string{"login"}}).at(signin.SignIn).says(`value="anna@example.com"`)
		after := b.fill("email", anna, "password", goodPassword).signedIn()
		if after.SID != before.SID || !after.AuthTime.After(before.AuthTime) {
			t.Errorf("the session goes on with a fresh proof: %+v", after)
		}
	})
	t.Run("max_age", func(t *testing.T) {
		b := in(s.browser())
		b.start(request{MaxAge: &hour}).signedIn()
		s.clock.Advance(time.Second)
		b.start(request{MaxAge: &zero}).at(signin.SignIn)
	})
	t.Run("select_account", func(t *testing.T) {
		b := in(s.browser())
		sid := s.issuer.last(t).SID
		b.start(request{Prompt: []string{"select_account"}}).at(signin.Select).says(anna)
		b.fill("account", "forged").at(signin.Select)
		b.fill("account", sid).signedIn()
		b.start(request{Prompt: []string{"select_account"}}).fill("action", "other").at(signin.SignIn)
	})
	t.Run("create", func(t *testing.T) {
		in(s.browser()).start(request{Prompt: []string{"create"}}).at(signin.SignUp)
	})
	t.Run("create when sign-up is off", func(t *testing.T) {
		c := newSite(t, closed)
		c.browser().start(request{Prompt: []string{"create"}}).refused("access_denied")
		if b := c.browser().start(request{}); strings.Contains(b.page.body, "Create one") {
			t.Error("the page offers what is off")
		}
	})
	t.Run("login_hint", func(t *testing.T) {
		s.browser().start(request{LoginHint: "zoe@example.com"}).at(signin.SignIn).says(`value="zoe@example.com"`)
	})
	t.Run("ui_locales", func(t *testing.T) {
		b := s.browser().start(request{UILocales: []string{"xx", "ar-EG"}})
		b.says(`lang="ar"`)
		b.get(b.page.at + "?ui_locales=en").says(`lang="en"`).get(strings.Split(b.page.at, "?")[0]).says(`lang="en"`)
	})
	t.Run("consent", func(t *testing.T) {
		b := in(s.browser()).start(request{ConsentScopes: []string{"orders"}, Scopes: []string{"openid", "orders"}}).at(signin.AskConsent)
		b.fill("action", "decline").refused("access_denied")
		b = in(s.browser()).start(request{ConsentScopes: []string{"orders"}}).at(signin.AskConsent)
		b.fill("action", "accept").signedIn()
		b.start(request{ConsentScopes: []string{"orders"}}).signedIn()
		b.start(request{ConsentScopes: []string{"orders"}, Prompt: []string{"none"}}).signedIn()
		b.start(request{ConsentScopes: []string{"orders"}, Prompt: []string{"consent"}}).at(signin.AskConsent)
	})
	t.Run("cancel", func(t *testing.T) {
		s.browser().start(request{}).fill("action", "cancel").refused("access_denied")
	})
}

func TestFormsBelongToStepAttemptAndBrowser(t *testing.T) {
	s := newSite(t, bothWays)
	s.user(anna)
	first := s.browser().start(request{}).at(signin.Identify)
	identify := first.page
	first.fill("email", anna).at(signin.Password)
	password := first.page

	t.Run("the form of an earlier step changes nothing", func(t *testing.T) {
		b := *first
		b.page = b.do(b.form(identify, "email", "bob@example.com"))
		b.at(signin.Password).says(anna)
	})
	t.Run("the proof of one step is none of another", func(t *testing.T) {
		b := *first
		forged := identify
		forged.body = strings.Replace(identify.body, `value="identify"`, `value="password"`, 1)
		b.page = b.do(b.form(forged, "password", goodPassword))
		b.at(signin.Password).says("out of date")
	})
	t.Run("no step data at all", func(t *testing.T) {
		b := *first
		b.page = b.do(b.post(password.at, map[string][]string{"password": {goodPassword}}))
		b.at(signin.Password)
	})
	t.Run("another attempt of the same browser", func(t *testing.T) {
		b := *first
		b.start(request{}).fill("email", anna).at(signin.Password)
		u := b.page.at
		b.page = b.do(b.post(u, map[string][]string{"step": {"password"}, "proof": {password.hidden("proof")}, "password": {goodPassword}}))
		b.at(signin.Password).says("out of date")
	})
	t.Run("another browser never finishes it", func(t *testing.T) {
		b := s.browser()
		b.get(password.at).says("Opened somewhere else")
		b.page = b.do(b.form(password, "password", goodPassword))
		b.says("Opened somewhere else")
		if s.issuer.count() != 0 {
			t.Error("it was finished elsewhere")
		}
		b.get(password.at).fill("action", "restart").at(signin.Identify) // their own, knowing nothing
		if strings.Contains(b.page.body, anna) || b.page.at == password.at {
			t.Error("it goes on with somebody else's attempt")
		}
	})
	t.Run("what was typed stays", func(t *testing.T) {
		b := s.browser().start(request{})
		u := b.page.at
		b.page = b.do(b.post(u, map[string][]string{"step": {"identify"}, "proof": {"old"}, "email": {"typed@example.com"}}))
		b.at(signin.Identify).says(`value="typed@example.com"`)
	})
	t.Run("and it still works afterwards", func(t *testing.T) {
		b := *first
		b.page = b.do(b.form(password, "password", goodPassword))
		b.at(signin.AskStay)
		stay := b.page
		b.fill("action", "no").signedIn()
		sid := s.issuer.last(t).SID
		b.page = b.do(b.form(stay, "action", "no")) // a double click: the first answer may never arrive
		if b.signedIn(); s.issuer.last(t).SID != sid || s.issuer.count() != 2 {
			t.Errorf("another session, or %d sign-ins", s.issuer.count())
		}
		b.get(stay.at).says("already finished") // Back
		b.fill("action", "restart").signedIn()
		clean := s.browser() // the cookie of the session was lost with the first answer
		u := mustURL(b.base)
		for _, c := range b.client.Jar.Cookies(u) {
			if !strings.HasSuffix(c.Name, "session") {
				clean.client.Jar.SetCookies(u, []*http.Cookie{c})
			}
		}
		clean.page = clean.do(b.form(stay, "action", "no"))
		if clean.signedIn(); s.issuer.last(t).SID != sid {
			t.Error("another session")
		}
	})
	t.Run("not you", func(t *testing.T) {
		b := s.browser().start(request{}).fill("email", "wrong@example.com").at(signin.Password)
		before := b.page.at
		b.fill("action", "restart").at(signin.Identify)
		if b.page.at == before {
			t.Error("the same attempt goes on")
		}
	})
	t.Run("an attempt that does not exist", func(t *testing.T) {
		b := s.browser().get(s.base + "/" + s.slug + "/signin/01234567-0123-7123-8123-012345678901")
		if b.page.status != 410 {
			t.Errorf("%d", b.page.status)
		}
	})
}

func TestTwoTabs(t *testing.T) {
	s := newSite(t)
	s.settings(neverStay)
	s.user(anna)
	one := s.browser().start(request{})
	two := *one
	two.start(request{})
	if one.page.at == two.page.at {
		t.Fatal("two tabs are two attempts")
	}
	one.fill("email", anna, "password", goodPassword).signedIn()
	two.fill("email", anna, "password", goodPassword).signedIn()
}

func TestAnExpiredAttemptIsRecordedAndMayStartAgain(t *testing.T) {
	s := newSite(t, bothWays)
	s.settings(neverStay)
	s.user(anna)
	b := s.browser().start(request{}).fill("email", anna).at(signin.Password)
	idle := s.browser().start(request{}).at(signin.Identify)
	s.clock.Advance(61 * time.Minute)
	b.fill("password", goodPassword).at(signin.Expired)
	again := *b
	again.fill("action", "restart").at(signin.Identify).fill("email", anna).at(signin.Password).fill("password", goodPassword).signedIn()
	idle.get(idle.page.at).at(signin.Expired)

	gone := s.browser().start(request{}).fill("email", "gone@example.com").at(signin.Password)
	s.clock.Advance(2 * time.Hour)
	for range 2 {
		modelstest.Must(s.store.ExpireAttempts(t.Context(), 100))(t)
	}
	gone.get(gone.page.at).at(signin.Expired)
	back := *gone
	back.fill("action", "restart").at(signin.Identify).fill("email", anna).at(signin.Password).fill("password", goodPassword).signedIn()
	late := s.browser().start(request{})
	s.clock.Advance(61 * time.Minute)
	late.get(late.page.at).at(signin.Expired).fill("action", "cancel").refused("access_denied")
	count := map[record.Result]int{}
	for _, r := range s.records() {
		count[r.Outcome.Result]++
		if r.Outcome.Result == record.Abandoned && (r.Identifier != "gone@example.com" || r.Outcome.Step != "password") {
			t.Errorf("abandoned: %+v", r)
		}
	}
	if count[record.Abandoned] != 1 || count[record.Success] != 2 {
		t.Errorf("records %v", count)
	}
	if err := s.store.PurgeAttempts(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestNothingIsHalfDone(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch)
		b := s.browser().start(request{Prompt: []string{"create"}}).fill("email", anna).at(signin.Code)
		b.fill("code", s.lastCode(anna)).at(signin.ChoosePassword).fill("newPassword", goodPassword).at(signin.AskStay)
		s.issuer.fail = errBroken
		stay := b.page
		if b.fill("action", "yes"); b.page.status != 500 {
			t.Fatalf("%d", b.page.status)
		}
		if n := modelstest.Must(s.tenant.CountUsers(t.Context()))(t); n != 0 || len(s.records()) != 0 {
			t.Errorf("%d accounts, %d records after a failed commit", n, len(s.records()))
		}
		s.issuer.fail = nil
		b.page = b.do(b.form(stay, "action", "yes"))
		b.signedIn()
	})
}

func TestStatesAtTheDoor(t *testing.T) {
	s := newSite(t)
	s.settings(neverStay)
	u := s.user(anna)
	b := s.browser()
	in := func() *browser {
		return b.start(request{Prompt: []string{"login"}}).at(signin.SignIn).fill("email", anna, "password", goodPassword)
	}
	in().signedIn()
	t.Run("sessions revoked", func(t *testing.T) {
		s.clock.Advance(time.Second)
		modelstest.Must(s.tenant.RevokeSessions(t.Context(), modelstest.Actor(), u.ID))(t)
		b.start(request{}).at(signin.SignIn)
		s.clock.Advance(time.Second)
		in().signedIn()
	})
	t.Run("session ended", func(t *testing.T) {
		if err := s.tenant.EndSession(t.Context(), s.issuer.last(t).SID, "test", s.clock.Now()); err != nil {
			t.Fatal(err)
		}
		b.start(request{}).at(signin.SignIn)
		in().signedIn()
	})
	t.Run("account switched off", func(t *testing.T) {
		modelstest.Must(s.tenant.SetUserEnabled(t.Context(), modelstest.Actor(), u.ID, false))(t)
		b.start(request{}).at(signin.SignIn)
		in().at(signin.Blocked).says("You cannot sign in with this account")
		for _, r := range s.records() { // all of one moment: their order says nothing
			if r.Outcome.Step == string(signin.Blocked) {
				wantReference(t, s, b.page, r.CorrelationID)
			}
		}
		b.fill("action", "cancel").refused("access_denied")
		modelstest.Must(s.tenant.SetUserEnabled(t.Context(), modelstest.Actor(), u.ID, true))(t)
	})
	t.Run("idle for a day", func(t *testing.T) {
		in().signedIn()
		s.clock.Advance(25 * time.Hour)
		b.start(request{}).at(signin.SignIn)
	})
	t.Run("in use every hour", func(t *testing.T) {
		in().signedIn()
		for range 30 {
			s.clock.Advance(time.Hour)
			b.start(request{}).signedIn()
		}
	})
	t.Run("account deleted", func(t *testing.T) {
		if err := s.tenant.DeleteUser(t.Context(), modelstest.Actor(), u.ID); err != nil {
			t.Fatal(err)
		}
		b.start(request{}).at(signin.SignIn)
		in().at(signin.SignIn).says("Check your email address and password")
	})
	t.Run("app switched off", func(t *testing.T) {
		modelstest.Must(s.tenant.UpdateApplication(t.Context(), modelstest.Actor(), s.app.ID, func(a *models.Application) error { a.Enabled = false; return nil }))(t)
		if b.start(request{}); b.page.status != 403 {
			t.Errorf("%d", b.page.status)
		}
		b.start(request{Prompt: []string{"none"}}).refused("access_denied")
	})
}

func TestAnotherPersonTakesTheBrowserOver(t *testing.T) {
	s := newSite(t)
	s.settings(neverStay)
	s.user(anna)
	s.user("bob@example.com")
	b := s.browser()
	first := b.start(request{}).fill("email", anna, "password", goodPassword).signedIn()
	second := b.start(request{Prompt: []string{"login"}}).fill("email", "bob@example.com", "password", goodPassword).signedIn()
	if first.SID == second.SID || first.UserID == second.UserID {
		t.Errorf("%+v", second)
	}
	old, ok, err := s.tenant.SessionBySID(t.Context(), first.SID)
	if err != nil || !ok || old.RevokedAt.IsZero() || old.RevokedFor != "replaced" {
		t.Errorf("the first session lives on: %+v %v", old, err)
	}
}

func TestTheSessionsSecretChangesWithEachProof(t *testing.T) {
	s := newSite(t)
	s.settings(neverStay)
	s.user(anna)
	b := s.browser()
	cookie := func() string {
		for _, v := range b.page.header.Values("Set-Cookie") {
			if strings.Contains(v, "-session=") {
				return v
			}
		}
		return ""
	}
	b.start(request{}).fill("email", anna, "password", goodPassword).signedIn()
	one := cookie()
	if one == "" || !strings.Contains(one, "HttpOnly") || !strings.Contains(one, "SameSite=Lax") {
		t.Fatal(one)
	}
	if b.start(request{}).signedIn(); cookie() != "" {
		t.Error("going on changes nothing")
	}
	b.start(request{Prompt: []string{"login"}}).fill("email", anna, "password", goodPassword).signedIn()
	if two := cookie(); two == "" || two == one {
		t.Error("a fresh proof brings a fresh secret")
	}
}

func TestPasswordChangeIsDemanded(t *testing.T) {
	s := newSite(t)
	s.settings(neverStay)
	u := s.user(anna)
	elsewhere := s.browser().start(request{}).fill("email", anna, "password", goodPassword)
	elsewhere.signedIn()
	modelstest.Must(s.tenant.UpdateUser(t.Context(), modelstest.Actor(), u.ID, func(u *models.User) error { u.MustChangePassword = true; return nil }))(t)
	s.clock.Advance(time.Second)
	b := s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.ChangePassword)
	b.fill("newPassword", "anna1234").at(signin.ChangePassword).says("does not contain your name")
	b.fill("newPassword", goodPassword).at(signin.ChangePassword).says("not used before")
	b.fill("newPassword", "another horse battery").signedIn()
	b.start(request{}).signedIn()
	elsewhere.start(request{}).at(signin.SignIn)
	elsewhere.fill("email", anna, "password", goodPassword).at(signin.SignIn)
	elsewhere.fill("email", anna, "password", "another horse battery").signedIn()
}

func TestTenantsPasswordRules(t *testing.T) {
	s := newSite(t)
	s.settings(func(n *tenant.Settings) { n.BannedWords = []string{"fernhill"}; n.PasswordMinLength = 12 })
	b := s.browser().start(request{Prompt: []string{"create"}}).fill("email", anna).fill("code", s.lastCode(anna)).at(signin.ChoosePassword)
	b.fill("newPassword", "kx7#vq2mzzz").at(signin.ChoosePassword).says("at least 12 characters")
	b.fill("newPassword", "Fernhill1234").at(signin.ChoosePassword).says("easy to guess")
	b.fill("newPassword", "").at(signin.ChoosePassword)
	b.fill("newPassword", goodPassword).at(signin.AskStay)
}

// An app registered at one instance a moment ago works at another at once.
func TestAnAppThatTheSnapshotDoesNotKnowYet(t *testing.T) {
	s := newSite(t)
	s.settings(neverStay)
	s.user(anna)
	b := s.browser()
	b.base = s.serve(s.scratch.Again(t))
	b.start(request{}).at(signin.SignIn) // the second instance has its snapshot now
	app, _ := modelstest.MustApp(t, s.tenant, "New shop", callback)
	if err := s.tenant.AddFlowApp(t.Context(), modelstest.Actor(), s.flow.ID, app.ID); err != nil {
		t.Fatal(err)
	}
	b.start(request{ClientID: app.ClientID, ClientName: "New shop"}).at(signin.SignIn).fill("email", anna, "password", goodPassword).signedIn()
}

// An app may demand a person or a class that the sign-in does not meet: it gets an error, and the log does
// not call that a success.
func TestADemandThatIsNotMetIsNoSuccess(t *testing.T) {
	s := newSite(t)
	s.settings(neverStay)
	s.user(anna)
	s.issuer.unmet = "login_required"
	s.browser().start(request{}).fill("email", anna, "password", goodPassword).refused("login_required")
	for _, r := range s.records() {
		if r.Outcome.Result == record.Success {
			t.Errorf("the record says success: %+v", r.Outcome)
		}
		if r.Outcome.Key == "signin.unmet" && r.User.ID != "" {
			return
		}
	}
	t.Error("nothing was recorded")
}
