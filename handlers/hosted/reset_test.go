package hosted_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/app/account"
	"portico/app/branding"
	"portico/app/factor"
	"portico/app/message"
	"portico/app/record"
	"portico/app/signin"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

const newPassword = "another long battery"

func resets(f *userflow.Flow) { f.PasswordReset = true }

// told gives the notices "your password was changed" to an address.
func (s *site) told(to string) int {
	n := 0
	for _, note := range s.notes() {
		if note.To == to && note.Kind == message.PasswordChanged {
			n++
		}
	}
	return n
}

func (s *site) sessions(id string) int {
	s.t.Helper()
	return len(modelstest.Must(s.tenant.SessionsOf(s.t.Context(), id, s.clock.Now()))(s.t))
}

func TestAForgottenPassword(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch, resets)
		s.settings(neverStay)
		u := s.user(anna)
		elsewhere := s.browser().start(request{}).fill("email", anna, "password", goodPassword)
		elsewhere.signedIn()
		s.clock.Advance(time.Minute)

		// From the form with both boxes: nothing typed asks for the address, and keeps what was.
		b := s.browser().start(request{}).at(signin.SignIn).says("Forgot your password?")
		b.fill("action", "forgot", "email", "anna@").at(signin.Forgot).says(`value="anna@"`)
		b.fill("email", anna).at(signin.Code).says("If anna@example.com has an account")
		code := s.lastCode(anna)
		b.fill("code", code).at(signin.ResetPassword).says("Sign out everywhere else")
		b.fill("newPassword", "short", "everywhere", "1").at(signin.ResetPassword).says("at least")
		b.fill("newPassword", goodPassword, "everywhere", "1").at(signin.ResetPassword).says("not used before")
		if g := b.fill("newPassword", newPassword, "everywhere", "1").signedIn(); g.UserID != u.ID || !slices.Equal(g.AMR, []string{"otp"}) {
			t.Errorf("grant %+v", g)
		}
		if n := s.sessions(u.ID); n != 1 {
			t.Errorf("%d sessions, the new one should be the only one", n)
		}
		elsewhere.start(request{Prompt: []string{"none"}}).refused("login_required")
		if n := s.told(anna); n != 1 {
			t.Errorf("told %d times", n)
		}
		var last record.SignIn
		for _, r := range s.records() {
			if r.Outcome.Result == record.Success && r.User.ID == u.ID {
				last = r
			}
		}
		if last.Outcome.Result != record.Success || !slices.Contains(last.Notes, "password_reset") || last.Proofs[0].Method != "emailCode" || last.Proofs[0].Reason != "signin.reset" {
			t.Errorf("record %+v", last)
		}
		s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.SignIn).says("Check your email address")
		s.browser().start(request{}).fill("email", anna, "password", newPassword).signedIn()
	})
}

func TestAResetMayKeepTheOtherSessions(t *testing.T) {
	s := newSite(t, resets)
	s.settings(neverStay)
	u := s.user(anna)
	elsewhere := s.browser().start(request{}).fill("email", anna, "password", goodPassword)
	elsewhere.signedIn()
	s.clock.Advance(time.Minute)
	b := s.browser().start(request{}).fill("action", "forgot", "email", anna).at(signin.Code)
	b.fill("code", s.lastCode(anna)).at(signin.ResetPassword)
	b.fill("newPassword", "short").at(signin.ResetPassword) // an unticked box stays so
	if regexp.MustCompile(`name="everywhere"[^>]*checked`).MatchString(b.page.body) {
		t.Error("the box is ticked again")
	}
	b.fill("newPassword", newPassword).signedIn()
	if n := s.sessions(u.ID); n != 2 {
		t.Errorf("%d sessions, want both", n)
	}
	elsewhere.start(request{Prompt: []string{"none"}}).signedIn()
}

// noise is what differs between two pages of the same kind.
var noise = regexp.MustCompile(`value="[^"]{40,}"|/signin/[0-9a-f-]{36}|'sha256-[^']*'|seconds?">|[0-9a-f-]{36}`)

// Known, unknown and switched off: the same pages to the byte, and the same number of queued mails.
func TestAResetTellsNobodyWhoHasAnAccount(t *testing.T) {
	for name, edit := range map[string]func(*userflow.Flow){"passwords": resets, "both ways": func(f *userflow.Flow) { bothWays(f); resets(f) }, "closed": func(f *userflow.Flow) { closed(f); resets(f) }} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, edit)
			s.user("known1@example.com")
			off := s.user("off001@example.com")
			modelstest.Must(s.tenant.SetUserEnabled(t.Context(), modelstest.Actor(), off.ID, false))(t)
			var pages [][]string
			for _, who := range []string{"known1@example.com", "off001@example.com", "nobody@example.com"} {
				before := len(s.notes())
				b := s.browser().start(request{})
				if b.page.step() == string(signin.Identify) {
					b.fill("email", who).at(signin.Password).fill("action", "forgot")
				} else {
					b.fill("email", who, "action", "forgot")
				}
				b.at(signin.Code)
				seen := []string{b.page.body}
				seen = append(seen, b.fill("code", "00000000").at(signin.Code).page.body)
				seen = append(seen, b.fill("action", "resend").at(signin.Code).page.body)
				s.clock.Advance(2 * time.Minute)
				seen = append(seen, b.fill("action", "resend").at(signin.Code).page.body)
				if n := len(s.notes()) - before; n != 2 {
					t.Errorf("%s: %d mails queued", who, n)
				}
				for i := range seen {
					seen[i] = noise.ReplaceAllString(strings.ReplaceAll(seen[i], who, "WHO"), "")
				}
				pages = append(pages, seen)
			}
			for i := range pages[0] {
				if pages[1][i] != pages[0][i] || pages[2][i] != pages[0][i] {
					t.Errorf("page %d differs:\n%s\n%s\n%s", i, pages[0][i], pages[1][i], pages[2][i])
				}
			}
			for _, n := range s.notes() {
				if n.To == "nobody@example.com" != n.Decoy {
					t.Errorf("to %s: decoy %v", n.To, n.Decoy)
				}
			}
		})
	}
}

func TestASwitchedOffAccountIsToldAfterTheCode(t *testing.T) {
	s := newSite(t, resets)
	u := s.user(anna)
	modelstest.Must(s.tenant.SetUserEnabled(t.Context(), modelstest.Actor(), u.ID, false))(t)
	b := s.browser().start(request{}).fill("email", anna, "action", "forgot").at(signin.Code)
	b.fill("code", s.lastCode(anna)).at(signin.Blocked).says("cannot be used")
	hash := modelstest.Must(s.tenant.Password(t.Context(), u.ID))(t)
	b.fill("newPassword", newPassword)
	if modelstest.Must(s.tenant.Password(t.Context(), u.ID))(t) != hash {
		t.Error("the password was changed")
	}
}

func TestAResetIsOfferedOnlyWhereTheFlowSaysSo(t *testing.T) {
	s := newSite(t)
	s.user(anna)
	b := s.browser().start(request{})
	if strings.Contains(b.page.body, "Forgot your password") {
		t.Error("offered")
	}
	b.fill("email", anna, "action", "forgot").at(signin.SignIn).says("Enter your password")
	if len(s.notes()) != 0 {
		t.Error("a code was mailed")
	}
}

func TestAResetLiftsTheLockOut(t *testing.T) {
	s := newSite(t, resets)
	s.settings(func(n *tenant.Settings) { neverStay(n); n.LockoutThreshold, n.LockoutSeconds = 3, 3600 })
	s.user(anna)
	for i := range 4 {
		s.browser().start(request{}).fill("email", anna, "password", fmt.Sprint("wrong ", i)).at(signin.SignIn)
	}
	s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.SignIn).says("Too many wrong tries")
	b := s.browser().start(request{}).fill("email", anna, "action", "forgot").at(signin.Code)
	b.fill("code", s.lastCode(anna)).fill("newPassword", newPassword, "everywhere", "1").signedIn()
	s.browser().start(request{}).fill("email", anna, "password", newPassword).signedIn()
}

func TestACodeIsForItsOwnAttemptBrowserAndPurpose(t *testing.T) {
	s := newSite(t, bothWays, resets)
	s.user(anna)
	a := s.browser().start(request{}).fill("email", anna).at(signin.Password).fill("action", "forgot").at(signin.Code)
	reset := s.lastCode(anna)
	other := s.browser().start(request{}).fill("email", anna).at(signin.Password).fill("action", "forgot").at(signin.Code)
	if reset == s.lastCode(anna) {
		t.Skip("the same digits twice")
	}
	other.fill("code", reset).at(signin.Code).says("not the right code")
	s.browser().get(a.page.at).says("Opened somewhere else")
	signing := s.browser().start(request{}).fill("email", anna).fill("action", "code").at(signin.Code)
	signing.fill("code", reset).at(signin.Code).says("not the right code")
	a.fill("code", reset).at(signin.ResetPassword)
	a.get(a.page.at).at(signin.ResetPassword)
}

// Whoever has shown the mailbox already, in this attempt, is not asked for another code; somebody who
// never had a password may set one.
func TestAProvenMailboxMaySetAPassword(t *testing.T) {
	s := newSite(t, bothWays, resets, func(f *userflow.Flow) { f.SignUpMethod = userflow.EmailCode })
	s.settings(neverStay)
	u := s.user(anna)
	b := s.browser().start(request{}).fill("email", anna).fill("action", "code").at(signin.Code)
	b.fill("code", s.lastCode(anna)).at(signin.Password).fill("action", "forgot").at(signin.ResetPassword)
	b.fill("newPassword", newPassword).signedIn()

	b = s.browser().start(request{}).fill("action", "signUp").fill("email", "code@example.com").at(signin.Code)
	id := b.fill("code", s.lastCode("code@example.com")).signedIn().UserID
	s.clock.Advance(time.Minute)
	b = s.browser().start(request{}).fill("email", "code@example.com").at(signin.Password).fill("action", "forgot").at(signin.Code)
	b.fill("code", s.lastCode("code@example.com")).at(signin.ResetPassword).fill("newPassword", newPassword).signedIn()
	if got := modelstest.Must(s.tenant.User(t.Context(), id))(t); !got.HasPassword || id == u.ID {
		t.Errorf("%+v", got)
	}
	s.browser().start(request{}).fill("email", "code@example.com").fill("password", newPassword).signedIn()
}

func TestAResetShowsTheOtherFactorFirst(t *testing.T) {
	s := newSite(t, resets, mfa(userflow.MFAAlways, "softwareOath", "email"))
	s.settings(neverStay)
	s.user(anna)
	b := s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Enrol).fill("method", factor.TOTP).at(signin.Enrol)
	secret := totpSecret(t, b.page)
	b.fill("code", factor.TOTPCode(secret, s.clock.Now())).at(signin.Recover).fill().signedIn()
	s.clock.Advance(time.Minute)
	b = s.browser().start(request{}).fill("email", anna, "action", "forgot").at(signin.Code)
	b.fill("code", s.lastCode(anna)).at(signin.Challenge)
	b.fill("newPassword", newPassword).at(signin.Challenge) // not before
	b.fill("code", factor.TOTPCode(secret, s.clock.Now())).at(signin.ResetPassword)
	if g := b.fill("newPassword", newPassword, "everywhere", "1").signedIn(); !slices.Contains(g.AMR, "mfa") {
		t.Errorf("%v", g.AMR)
	}
}

// The mailbox cannot be both factors: the password is changed, and a fresh sign-in takes it.
func TestAResetWhereTheMailboxIsTheOnlySecondFactor(t *testing.T) {
	s := newSite(t, resets, mfa(userflow.MFAAlways, "softwareOath", "email"))
	s.settings(neverStay)
	s.user(anna)
	b := s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Enrol)
	b.fill("method", factor.EmailCode).at(signin.Enrol).fill("code", s.lastCode(anna)).signedIn()
	s.clock.Advance(5 * time.Minute)
	b = s.browser().start(request{}).fill("email", anna, "action", "forgot").at(signin.Code)
	b.fill("code", s.lastCode(anna)).at(signin.ResetPassword)
	b.fill("newPassword", newPassword, "everywhere", "1").at(signin.ResetDone).says("Your password was changed")
	b.get(b.page.at).at(signin.ResetDone)
	b.fill().at(signin.SignIn).says(`value="anna@example.com"`)
	s.clock.Advance(5 * time.Minute)
	b.fill("email", anna, "password", newPassword).at(signin.Challenge)
	b.fill("method", factor.EmailCode).at(signin.Challenge).fill("code", s.lastCode(anna)).signedIn()
	if s.told(anna) != 1 {
		t.Error("the owner was not told")
	}
}

func TestATemporaryPasswordIsChangedAndItsOwnerTold(t *testing.T) {
	s := newSite(t)
	s.settings(neverStay)
	u := s.user(anna)
	modelstest.Must(s.tenant.UpdateUser(t.Context(), modelstest.Actor(), u.ID, func(u *models.User) error { u.MustChangePassword = true; return nil }))(t)
	b := s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.ChangePassword)
	b.fill("newPassword", goodPassword).at(signin.ChangePassword).says("not used before")
	b.fill("newPassword", newPassword).signedIn()
	if s.told(anna) != 1 {
		t.Error("the owner was not told")
	}
	s.browser().start(request{}).fill("email", anna, "password", newPassword).signedIn()
}

func TestSignInByUserName(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch, resets, func(f *userflow.Flow) {
			f.UserNames, f.Attributes = true, []userflow.Attribute{{ID: userflow.UserName, Required: true}, {ID: "givenName"}}
		})
		s.settings(func(n *tenant.Settings) {
			neverStay(n)
			n.UserNames = tenant.UserNames{Enabled: true, Patterns: []string{`[A-Za-z]{3,8}`}, Message: "Use three to eight letters"}
		})
		join := func(email, name string) *browser {
			b := s.browser().start(request{}).says("Email address or user name").fill("action", "signUp").at(signin.SignUp)
			b.fill("email", email).at(signin.Code).fill("code", s.lastCode(email)).at(signin.ChoosePassword)
			return b.fill("newPassword", goodPassword).at(signin.AskAttributes).fill(userflow.UserName, name)
		}
		b := join(anna, "a1")
		b.at(signin.AskAttributes).says("Use three to eight letters")
		b.fill(userflow.UserName, "Annabel", "givenName", "Anna")
		id := b.signedIn().UserID
		u := modelstest.Must(s.tenant.User(t.Context(), id))(t)
		if len(u.Identities) != 2 || u.Attributes[userflow.UserName] != nil {
			t.Errorf("%+v", u)
		}
		join("bob@example.com", "ANNABEL").at(signin.AskAttributes).says("Somebody has this user name already").fill(userflow.UserName, "bobby").signedIn()

		// By the name in any case, by the address, and wrongly: known and unknown get the same words.
		if g := s.browser().start(request{}).fill("email", " annaBEL ", "password", goodPassword).signedIn(); g.UserID != id {
			t.Errorf("%+v", g)
		}
		if rec := s.records(); rec[len(rec)-1].IdentifierType != account.SignInUserName {
			t.Errorf("%+v", rec[len(rec)-1])
		}
		s.browser().start(request{}).fill("email", anna, "password", goodPassword).signedIn()
		for _, who := range []string{"annabel", "nobodyatall"} {
			s.browser().start(request{}).fill("email", who, "password", "wrong").at(signin.SignIn).says("email address or user name and your password")
		}
		for i := range 20 { // wrong by the name, locked by the address: one account
			s.browser().start(request{}).fill("email", "bobby", "password", fmt.Sprint("wrong ", i)).at(signin.SignIn)
		}
		s.browser().start(request{}).fill("email", "bob@example.com", "password", goodPassword).at(signin.SignIn).says("Too many wrong tries")
		s.browser().start(request{}).fill("email", "no spaces", "password", "x").at(signin.SignIn).says("without spaces")
		s.browser().start(request{}).fill("action", "signUp").fill("email", "annabel").at(signin.SignUp).says("Enter an email address")

		// A reset by user name does not say whose address it goes to.
		s.clock.Advance(time.Minute)
		known := s.browser().start(request{}).fill("email", "annabel", "action", "forgot").at(signin.Code)
		code := s.lastCode(anna)
		unknown := s.browser().start(request{}).fill("email", "nobodya", "action", "forgot").at(signin.Code)
		if strings.Contains(known.page.body, "example.com") || noise.ReplaceAllString(known.page.body, "") != noise.ReplaceAllString(unknown.page.body, "") {
			t.Errorf("pages differ:\n%s\n%s", known.page.body, unknown.page.body)
		}
		known.fill("code", code).at(signin.ResetPassword).fill("newPassword", newPassword).signedIn()
		s.browser().start(request{}).fill("email", "annabel", "password", newPassword).signedIn()
	})
}

func TestWithoutUserNamesAnAddressIsAsked(t *testing.T) {
	s := newSite(t, func(f *userflow.Flow) { f.UserNames = true }) // the tenant has none
	s.user(anna)
	b := s.browser().start(request{}).at(signin.SignIn)
	if strings.Contains(b.page.body, "or user name") {
		t.Error("user names are offered")
	}
	b.fill("email", "annabel", "password", goodPassword).at(signin.SignIn).says("Enter an email address")
}

func TestDomainsThatMayNotSignUp(t *testing.T) {
	s := newSite(t, func(f *userflow.Flow) { f.Domains = userflow.Domains{Deny: []string{"rival.example"}} })
	s.settings(neverStay)
	s.user("old@rival.example")
	s.browser().start(request{}).fill("email", "old@rival.example", "password", goodPassword).signedIn()
	for _, who := range []string{"old@rival.example", "new@sub.rival.example"} { // known or not: the same words
		s.browser().start(request{}).fill("action", "signUp").fill("email", who).at(signin.SignUp).says("cannot sign up here")
	}
	if len(s.notes()) != 0 {
		t.Error("a code was mailed")
	}
	s.browser().start(request{}).fill("action", "signUp").fill("email", "new@example.com").at(signin.Code)

	s = newSite(t, byCode, func(f *userflow.Flow) {
		f.Domains = userflow.Domains{Allow: []string{"friend.example"}, RefuseDisposable: true}
	})
	b := s.browser().start(request{}).fill("email", anna).at(signin.Code) // never before the code
	b.fill("code", s.lastCode(anna)).at(signin.NoAccount).says("addresses of its domain")
	s.browser().start(request{}).fill("email", "x@friend.example").fill("code", s.lastCode("x@friend.example")).at(signin.AskStay)
}

// An attempt goes on with the flow that it began with; policies and accounts are read anew.
func TestAnAttemptKeepsItsFlow(t *testing.T) {
	s := newSite(t, asksName)
	s.settings(neverStay)
	b := s.browser().start(request{}).fill("action", "signUp").fill("email", anna).at(signin.Code)
	s.publish(func(f *userflow.Flow) {
		f.SignUpAllowed, f.Attributes = false, []userflow.Attribute{{ID: "surname", Required: true}}
	})
	b.fill("code", s.lastCode(anna)).at(signin.ChoosePassword).fill("newPassword", goodPassword).at(signin.AskAttributes).says("First name")
	id := b.fill("givenName", "Anna").signedIn().UserID
	if u := modelstest.Must(s.tenant.User(t.Context(), id))(t); u.GivenName != "Anna" || u.Surname != "" {
		t.Errorf("%+v", u)
	}
	if rec := s.records(); rec[len(rec)-1].Flow.Version != 1 {
		t.Errorf("version %d", rec[len(rec)-1].Flow.Version)
	}
	s.browser().start(request{Prompt: []string{"create"}}).refused("access_denied")
	if strings.Contains(s.browser().start(request{}).page.body, "Create one") {
		t.Error("sign-up is still offered")
	}
}

// A flow that is deleted meanwhile leaves what the app has now: another flow, or nothing.
func TestADeletedFlowLeavesTheAppsPresentOne(t *testing.T) {
	s := newSite(t)
	s.user(anna)
	b := s.browser().start(request{}).at(signin.SignIn)
	if err := s.tenant.DeleteFlow(t.Context(), modelstest.Actor(), s.flow.ID); err != nil {
		t.Fatal(err)
	}
	if b.fill("email", anna, "password", goodPassword); b.page.status < 400 {
		t.Errorf("%d %s", b.page.status, b.page.title())
	}
	other := modelstest.Must(s.tenant.CreateFlow(t.Context(), modelstest.Actor(), userflow.Flow{Name: "Other", SignUpMethod: userflow.EmailCode, MFA: userflow.MFA{Enforcement: userflow.MFAOff}}))(t)
	if err := s.tenant.AddFlowApp(t.Context(), modelstest.Actor(), other.ID, s.app.ID); err != nil {
		t.Fatal(err)
	}
	b.get(b.page.at).at(signin.Identify)
}

// A company with a page of its own for lost passwords sends people there whether or not the flow has a way of ours, from
// where the password is asked for and, in words of its own, from where the address is (R 3.2.16).
func TestACompanysOwnPageForLostPasswords(t *testing.T) {
	const own, ours = `href="https://fernhill.example/help"`, `value="forgot"`
	for name, c := range map[string]struct {
		flow            []func(*userflow.Flow)
		look            branding.Reset
		first, password string // the link there; "" = none
	}{
		"nothing, no reset":  {},
		"nothing, reset":     {[]func(*userflow.Flow){resets}, branding.Reset{}, "", ours},
		"own page, no reset": {nil, branding.Reset{URL: "https://fernhill.example/help"}, "", own},
		"own page, reset":    {[]func(*userflow.Flow){resets}, branding.Reset{URL: "https://fernhill.example/help"}, "", own},
		"with words for both": {nil, branding.Reset{URL: "https://fernhill.example/help", AccountText: "Lost?", PasswordText: "Stuck?"},
			own + "><bdi>Lost?</bdi>", own + "><bdi>Stuck?</bdi>"},
		"our way with words": {[]func(*userflow.Flow){resets}, branding.Reset{AccountText: "Lost?"}, ">Lost?</", ours},
		"words alone":        {nil, branding.Reset{AccountText: "Lost?", PasswordText: "Stuck?"}, "", ""},
		"hidden":             {nil, branding.Reset{URL: "https://fernhill.example/help", AccountText: "Lost?", Hidden: new(true)}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, append(c.flow, bothWays)...)
			modelstest.Must(s.tenant.EditPublishedBranding(t.Context(), modelstest.Actor(), branding.Company, "", func(d *branding.Document) error {
				d.Languages = map[string]branding.Elements{"": {Reset: c.look}}
				return nil
			}))(t)
			offers := func(b *browser, want string) {
				t.Helper()
				any := strings.Contains(b.page.body, own) || strings.Contains(b.page.body, ours)
				if any != (want != "") || !strings.Contains(b.page.body, want) {
					t.Errorf("%s: want %q: %s", b.page.step(), want, b.page.body)
				}
			}
			b := s.browser().start(request{}).at(signin.Identify)
			offers(b, c.first)
			offers(b.fill("email", "nobody@example.com").at(signin.Password), c.password)
			s.publish(func(f *userflow.Flow) { f.SignInMethods = []userflow.Method{userflow.EmailPassword} })
			offers(s.browser().start(request{}).at(signin.SignIn), c.password)
		})
	}
}
