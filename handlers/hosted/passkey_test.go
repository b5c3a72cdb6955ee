package hosted_test

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/app/factor"
	"portico/app/policy"
	"portico/app/record"
	"portico/app/signin"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// passkey registers one for somebody by an app's sign-in that always asks for one.
func (s *site) passkey(email string) *authenticator {
	s.t.Helper()
	s.publish(mfa(userflow.MFAAlways, "fido2"))
	a := &authenticator{origin: s.base, flags: 0x05}
	b := s.browser().start(request{}).fill("email", email, "password", goodPassword)
	if b.page.step() == string(signin.Password) {
		b.fill("password", goodPassword)
	}
	b.at(signin.Enrol).fill("credential", a.create(s.t, asked(s.t, b.page))).at(signin.Recover).fill().signedIn()
	return a
}

// byPasskey answers the page with a passkey in place of name and password.
func (b *browser) byPasskey(a *authenticator) *browser {
	b.s.t.Helper()
	return b.fill("action", "passkey", "credential", a.get(b.s.t, asked(b.s.t, b.page)))
}

// TestPasskeyAlone: a passkey says who somebody is, proves it and counts as the second factor (R 4.5.1, 16.1).
func TestPasskeyAlone(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch)
		s.settings(neverStay)
		u := s.user(anna)
		a := s.passkey(anna)

		b := s.browser().start(request{}).at(signin.SignIn)
		c := asked(t, b.page)
		if c.RPID != "localhost" || c.UserVerification != "required" || strings.Contains(b.page.body, "allowCredentials") {
			t.Errorf("%+v", c)
		}
		if again := b.get(b.page.at); asked(t, again.page).Challenge != c.Challenge {
			t.Error("looking at the page changes the challenge")
		}
		g := b.byPasskey(a).signedIn()
		if g.UserID != u.ID || !slices.Equal(g.AMR, []string{"fido", "mfa"}) || g.ACR != signin.ACRMulti {
			t.Errorf("%+v", g)
		}
		rec := s.records()
		last := rec[len(rec)-1]
		if last.User.ID != u.ID || last.Outcome.Result != record.Success || !slices.ContainsFunc(last.Proofs, func(p record.Proof) bool { return p.Method == "passkey" && p.OK }) {
			t.Errorf("%+v", last)
		}
		b.start(request{ACR: []string{signin.ACRMulti}}).signedIn() // the session has both

		// Whatever the flow asks for, and however it introduces people.
		for _, edit := range []func(*userflow.Flow){bothWays, mfa(userflow.MFAOff, "fido2"), mfa(userflow.MFAConditional, "fido2", "softwareOath"), mfa(userflow.MFAAlways, "fido2", "softwareOath")} {
			s.publish(edit)
			s.browser().start(request{}).byPasskey(a).signedIn()
		}
		// After a name, on the page that asks for its password.
		s.publish(bothWays)
		s.browser().start(request{}).fill("email", anna).at(signin.Password).byPasskey(a).signedIn()
	})
}

// TestPasskeyAloneRefused: each line is an answer that must open nothing, and the words are always the same.
func TestPasskeyAloneRefused(t *testing.T) {
	s := newSite(t, bothWays)
	s.settings(neverStay)
	s.user(anna)
	a := s.passkey(anna)
	s.user("carl@example.com")
	carl := s.passkey("carl@example.com")
	in := func() *browser { return s.browser().start(request{}).at(signin.Identify) }
	other := func() *authenticator { x := *a; return &x }

	for name, answer := range map[string]func(b *browser) string{
		"no answer":         func(*browser) string { return "" },
		"not an answer":     func(*browser) string { return `{"id":"x"}` },
		"another attempt's": func(*browser) string { return a.get(t, asked(t, in().page)) },
		"another origin's": func(b *browser) string {
			x := other()
			x.origin = "https://evil.example"
			return x.get(t, asked(t, b.page))
		},
		"without verification": func(b *browser) string { x := other(); x.flags = 0x01; return x.get(t, asked(t, b.page)) },
		"an unknown passkey": func(b *browser) string {
			x := other()
			x.id = bytes.Repeat([]byte{9}, 32)
			return x.get(t, asked(t, b.page))
		},
		"an unknown person": func(b *browser) string {
			x := other()
			x.user = []byte("0199aaaa-0000-7000-8000-000000000000")
			return x.get(t, asked(t, b.page))
		},
		"no person":            func(b *browser) string { x := other(); x.user = []byte{0xff, 0x00}; return x.get(t, asked(t, b.page)) },
		"somebody else's name": func(b *browser) string { x := other(); x.user = carl.user; return x.get(t, asked(t, b.page)) },
		"another key":          func(b *browser) string { x := other(); x.key = carl.key; return x.get(t, asked(t, b.page)) },
	} {
		b := in()
		b.fill("action", "passkey", "credential", answer(b))
		if b.page.step() != string(signin.Identify) || !strings.Contains(b.page.body, "could not be checked") || b.page.left != nil {
			t.Errorf("%s: %d %q %q", name, b.page.status, b.page.step(), b.page.title())
		}
		s.clock.Advance(time.Hour) // past what was counted
	}

	// The page of one person takes nobody else's.
	b := s.browser().start(request{}).fill("email", anna).at(signin.Password)
	b.byPasskey(carl).at(signin.Password).says("could not be checked")
	b = s.browser().start(request{}).fill("email", "nobody@example.com").at(signin.Password)
	b.byPasskey(carl).at(signin.Password).says("could not be checked")

	// The challenge of one page is not that of the next.
	b = in()
	early := a.get(t, asked(t, b.page))
	b.fill("email", anna).at(signin.Password).fill("action", "passkey", "credential", early).at(signin.Password).says("could not be checked")

	// An answer is used once, in one browser.
	b = in()
	answer := a.get(t, asked(t, b.page))
	form := b.form(b.page, "action", "passkey", "credential", answer)
	stranger := s.browser()
	if p := stranger.do(stranger.form(b.page, "action", "passkey", "credential", answer)); p.left != nil || p.step() != string(signin.Elsewhere) {
		t.Errorf("another browser: %q", p.step())
	}
	b.page = b.do(form)
	b.signedIn()
	n := s.issuer.count()
	b.do(b.form(b.page, "action", "passkey", "credential", answer))
	again := in()
	again.fill("action", "passkey", "credential", answer).at(signin.Identify)
	if s.issuer.count() != n {
		t.Error("an answer worked twice")
	}

	// Another tenant has no such passkey.
	far := modelstest.MustTenant(t, s.store, "")
	app, _ := modelstest.MustApp(t, far, "Far", callback)
	flow := modelstest.Must(far.CreateFlow(t.Context(), modelstest.Actor(), userflow.Flow{Name: "Far", SignUpMethod: userflow.EmailPassword, MFA: userflow.MFA{Enforcement: userflow.MFAConditional, Methods: []string{"fido2"}}}))(t)
	if err := far.AddFlowApp(t.Context(), modelstest.Actor(), flow.ID, app.ID); err != nil {
		t.Fatal(err)
	}
	home, homeApp := s.slug, s.app
	s.slug, s.app = modelstest.Must(far.Get(t.Context()))(t).Slug, app
	s.browser().start(request{}).at(signin.SignIn).byPasskey(a).at(signin.SignIn).says("could not be checked")
	s.slug, s.app = home, homeApp
}

// TestPasskeyAloneAndTheAccount: what becomes of the account ends what its passkey opens.
func TestPasskeyAloneAndTheAccount(t *testing.T) {
	s := newSite(t)
	s.settings(neverStay)
	u := s.user(anna)
	a := s.passkey(anna)
	in := func() *browser { return s.browser().start(request{}).byPasskey(a) }
	edit := func(change func(*models.User)) {
		modelstest.Must(s.tenant.UpdateUser(t.Context(), modelstest.Actor(), u.ID, func(x *models.User) error { change(x); return nil }))(t)
	}
	edit(func(x *models.User) { x.Enabled = false })
	in().at(signin.Blocked)
	edit(func(x *models.User) { x.Enabled = true })
	in().signedIn()

	s.publish(mfa(userflow.MFAAlways, "fido2", "softwareOath")) // nobody may be left without a way
	s.settings(func(n *tenant.Settings) { n.Methods.Passkey.Off = true })
	if b := s.browser().start(request{}).at(signin.SignIn); strings.Contains(b.page.body, "data-passkey") {
		t.Error("offered although the tenant has none")
	}
	s.settings(func(n *tenant.Settings) {
		n.Methods.Passkey.Off, n.Methods.Passkey.Blocked = false, []string{"EA9B8D66-4d01-1d21-3ce4-b6b48cb575d4"}
	})
	in().signedIn() // it does not say its model
	s.settings(func(n *tenant.Settings) {
		n.Methods.Passkey.Blocked, n.Methods.Passkey.Allowed = nil, []string{"ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4"}
	})
	in().at(signin.SignIn).says("could not be checked")
	s.settings(func(n *tenant.Settings) { n.Methods.Passkey = tenant.PasskeyRule{} })

	held := modelstest.Must(s.tenant.Credentials(t.Context(), u.ID, factor.Passkey))(t)
	if err := s.tenant.RemoveCredential(t.Context(), modelstest.Actor(), u.ID, held[0].ID); err != nil {
		t.Fatal(err)
	}
	in().at(signin.SignIn).says("could not be checked")
}

// TestPasskeyGuessesAreCounted: of one network; and never so that a stranger locks somebody out who has a passkey.
func TestPasskeyGuessesAreCounted(t *testing.T) {
	s := newSite(t)
	s.settings(neverStay)
	s.user(anna)
	a := s.passkey(anna)
	wrong := *a
	wrong.id = bytes.Repeat([]byte{7}, 32)
	for range 12 {
		s.browser().start(request{}).byPasskey(&wrong)
	}
	s.browser().start(request{}).byPasskey(&wrong).says("Too many wrong tries")
	s.browser().start(request{}).byPasskey(a).signedIn()
}

// TestRememberedDevice: "Don't ask again on this device" (F144).
func TestRememberedDevice(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch, mfa(userflow.MFAAlways, "fido2"))
		s.settings(neverStay)
		u := s.user(anna)
		a := s.passkey(anna)
		in := func(b *browser) *browser {
			return b.start(request{Prompt: []string{"login"}}).fill("email", anna, "password", goodPassword)
		}
		show := func(b *browser, more ...string) *browser {
			return b.at(signin.Challenge).fill(append([]string{"credential", a.get(t, asked(t, b.page))}, more...)...)
		}
		// Not offered, not taken.
		b := s.browser()
		if in(b); strings.Contains(b.page.body, `name="remember"`) {
			t.Error("offered although the tenant remembers nothing")
		}
		show(b, "remember", "1").signedIn()
		in(b).at(signin.Challenge)

		s.settings(func(n *tenant.Settings) { n.RememberDays = 30 })
		in(b).says("Don’t ask again on this device for 30 days")
		show(b).signedIn()
		in(b).at(signin.Challenge) // it was not ticked
		show(b, "remember", "1").signedIn()
		cookie := func() string {
			home, _ := url.Parse(s.base)
			for _, c := range b.client.Jar.Cookies(home) {
				if strings.HasSuffix(c.Name, "trusted") {
					return c.Value
				}
			}
			return ""
		}
		first := cookie()
		g := in(b).signedIn()
		if !slices.Contains(g.AMR, "mfa") || g.ACR != signin.ACRMulti || len(first) < 43 || cookie() == first {
			t.Errorf("%+v, the secret was kept: %v", g, cookie() == first)
		}
		last := s.records()
		if r := last[len(last)-1]; slices.ContainsFunc(r.Proofs, func(p record.Proof) bool { return p.Method == "passkey" }) {
			t.Errorf("the record says that a passkey was shown: %+v", r.Proofs)
		}
		in(b).signedIn()

		// Nobody else's browser, nobody else in this one, no former secret.
		in(s.browser()).at(signin.Challenge)
		thief := s.browser()
		home, _ := url.Parse(s.base)
		for _, c := range b.client.Jar.Cookies(home) {
			if strings.HasSuffix(c.Name, "trusted") {
				thief.client.Jar.SetCookies(home, []*http.Cookie{{Name: c.Name, Value: first, Path: "/"}})
			}
		}
		in(thief).at(signin.Challenge)
		s.user("carl@example.com")
		b.start(request{Prompt: []string{"login"}}).fill("email", "carl@example.com", "password", goodPassword).at(signin.Enrol)
		in(b).signedIn()

		// Listed, and ended by its owner, by an admin, by the days.
		list := modelstest.Must(s.tenant.RememberedDevices(t.Context(), u.ID))(t)
		if len(list) != 1 || !slices.Equal(list[0].Methods, []string{factor.Passkey}) {
			t.Fatalf("%+v", list)
		}
		if err := s.tenant.ForgetDevice(t.Context(), modelstest.Actor(), u.ID, list[0].ID); err != nil {
			t.Fatal(err)
		}
		in(b).at(signin.Challenge)
		show(b, "remember", "1").signedIn()
		s.settings(func(n *tenant.Settings) { n.RememberDays = 2 })
		in(b).signedIn()
		s.clock.Advance(49 * time.Hour)
		in(b).at(signin.Challenge)
		show(b, "remember", "1").signedIn()
		s.clock.Advance(time.Second)
		modelstest.Must(s.tenant.RevokeSessions(t.Context(), modelstest.Actor(), u.ID))(t)
		in(b).at(signin.Challenge)
	})
}

// TestARememberedDeviceIsNoSecondFactorOfTheSession: what stands in for a second factor once is judged anew each time
// (ADR 36). Whoever holds the device and a password gets no further than habit goes.
func TestARememberedDeviceIsNoSecondFactorOfTheSession(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch, mfa(userflow.MFAConditional, "fido2"))
		s.settings(neverStay)
		s.settings(func(n *tenant.Settings) { n.RememberDays = 30 })
		u := s.user(anna)
		a := s.passkey(anna)
		if err := s.tenant.PutContext(t.Context(), modelstest.Actor(), policy.Context{ID: "c7", Name: "Payments", Available: true}); err != nil {
			t.Fatal(err)
		}
		s.policy("habit", demands("AND", policy.ControlMFA))
		s.policy("payments", demands("AND", policy.ControlMFA), func(p *policy.Policy) {
			p.Conditions.Applications = policy.Applications{IncludeContexts: []string{"c7"}}
		})
		s.policy("risk", demands("AND", policy.ControlMFA), func(p *policy.Policy) { p.Conditions.UserRiskLevels = []string{"high"} })
		b := s.browser()
		in := func() *browser {
			return b.start(request{Prompt: []string{"login"}}).fill("email", anna, "password", goodPassword)
		}
		show := func(b *browser) *browser {
			return b.at(signin.Challenge).fill("credential", a.get(t, asked(t, b.page)), "remember", "1")
		}
		in()
		first := show(b).signedIn()
		if slices.Contains(first.Methods, policy.RememberedDevice) {
			t.Errorf("shown, and called remembered: %v", first.Methods)
		}
		b.start(request{Prompt: []string{"none"}, Contexts: []string{"c7"}}).signedIn() // a real one, shown in this session
		grant := in().signedIn()
		if !slices.Contains(grant.AMR, "mfa") || !slices.Contains(grant.Methods, policy.RememberedDevice) {
			t.Errorf("remembered: %+v", grant)
		}
		sso := b.start(request{Prompt: []string{"none"}}).signedIn()
		if !slices.Contains(sso.Methods, policy.RememberedDevice) || !sso.MFATime.Equal(first.MFATime) {
			t.Errorf("ordinary single sign-on: %+v", sso)
		}
		b.start(request{}).signedIn()

		b.start(request{Prompt: []string{"none"}, Contexts: []string{"c7"}}).refused("interaction_required")
		b.start(request{Contexts: []string{"c7"}}).at(signin.Challenge)
		b.start(request{Protocol: signin.Account, ClientID: "portico-account"}).at(signin.Challenge)

		refresh := func(g signin.Grant) policy.Answer {
			t.Helper()
			r := policy.Request{TenantID: s.tenant.ID, UserID: u.ID, ClientID: s.app.ClientID, Inputs: record.Inputs{Methods: g.Methods, AAGUIDs: g.AAGUIDs, AuthTime: g.AuthTime, MFATime: g.MFATime, Contexts: []string{"c7"}}}
			return modelstest.Must(s.hosted.Gate().Refresh(t.Context(), r))(t)
		}
		if d := refresh(sso); d.Block || len(d.Unmet) > 0 || len(d.Contexts) > 0 {
			t.Errorf("refresh: %+v", d)
		}
		if d := refresh(first); len(d.Unmet) > 0 || len(d.Contexts) != 1 {
			t.Errorf("refresh of one that was shown: %+v", d)
		}
		s.clock.Advance(time.Minute)
		if err := s.tenant.ConfirmCompromised(t.Context(), modelstest.Actor(), []string{u.ID}); err != nil {
			t.Fatal(err)
		}
		for name, g := range map[string]signin.Grant{"of the sign-in": grant, "of single sign-on": sso} {
			if d := refresh(g); len(d.Unmet) != 1 || !d.Unmet[0].Risk {
				t.Errorf("refresh at risk, %s: %+v", name, d)
			}
		}
		if d := refresh(first); len(d.Unmet) > 0 {
			t.Errorf("refresh at risk of one that was shown: %+v", d)
		}
		b.start(request{Prompt: []string{"none"}}).refused("interaction_required")
		b.start(request{}).at(signin.Challenge)
	})
}

// TestACopiedDeviceIsNoticed: whoever uses a copy of the cookie first has a new secret; when the one that it replaced is
// shown, nobody can tell which of the two is the owner, and the device is forgotten for both.
func TestACopiedDeviceIsNoticed(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch, mfa(userflow.MFAAlways, "fido2"))
		s.settings(neverStay)
		s.settings(func(n *tenant.Settings) { n.RememberDays = 30 })
		u := s.user(anna)
		a := s.passkey(anna)
		home, _ := url.Parse(s.base)
		in := func(b *browser) *browser {
			return b.start(request{Prompt: []string{"login"}}).fill("email", anna, "password", goodPassword)
		}
		owner, thief := s.browser(), s.browser()
		in(owner).at(signin.Challenge).fill("credential", a.get(t, asked(t, owner.page)), "remember", "1").signedIn()
		steal := func() {
			for _, c := range owner.client.Jar.Cookies(home) {
				if strings.HasSuffix(c.Name, "trusted") {
					thief.client.Jar.SetCookies(home, []*http.Cookie{{Name: c.Name, Value: c.Value, Path: "/"}})
				}
			}
		}
		left := func() int { return len(modelstest.Must(s.tenant.RememberedDevices(t.Context(), u.ID))(t)) }
		reasons := func() int {
			n := 0
			for _, e := range modelstest.Must(s.tenant.Audits(t.Context(), models.AuditQuery{TargetID: u.ID, Activity: "Forget remembered device", Limit: 10}))(t).Items {
				for _, c := range e.Changes {
					if c.Property == "reason" {
						n++
					}
				}
			}
			return n
		}
		steal()
		in(thief).signedIn()
		s.clock.Advance(30 * time.Second)
		in(owner).at(signin.Challenge) // two tabs at once look like this, so it says nothing yet
		if left() != 1 || reasons() != 0 {
			t.Fatalf("%d devices, %d reasons", left(), reasons())
		}
		s.clock.Advance(time.Minute)
		// Without the password, an old secret does nothing.
		owner.start(request{Prompt: []string{"login"}}).fill("email", anna, "password", "not the password")
		if left() != 1 {
			t.Fatal("forgotten for somebody who proved nothing")
		}
		// A secret that we never made says nothing about any device.
		other := s.browser()
		for _, c := range owner.client.Jar.Cookies(home) {
			if strings.HasSuffix(c.Name, "trusted") {
				other.client.Jar.SetCookies(home, []*http.Cookie{{Name: c.Name, Value: strings.Repeat("A", 43), Path: "/"}})
			}
		}
		in(other).at(signin.Challenge)
		if left() != 1 {
			t.Fatal("forgotten for a secret that is not ours")
		}
		in(owner).at(signin.Challenge)
		if left() != 0 || reasons() != 1 {
			t.Fatalf("%d devices, %d reasons", left(), reasons())
		}
		in(thief).at(signin.Challenge)
	})
}
