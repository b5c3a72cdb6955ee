package hosted_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"portico/app/account"
	"portico/app/policy"
	"portico/app/record"
	"portico/app/signin"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// policy saves a policy for everybody and every app; edits say the rest.
func (s *site) policy(name string, edits ...func(*policy.Policy)) policy.Policy {
	s.t.Helper()
	p := policy.Policy{Name: name, State: policy.On, Conditions: policy.Conditions{Users: policy.Users{IncludeUsers: []string{policy.All}},
		Applications: policy.Applications{IncludeApplications: []string{policy.All}}, ClientAppTypes: []string{policy.AnyClient}}}
	for _, e := range edits {
		e(&p)
	}
	return modelstest.Must(s.tenant.CreatePolicy(s.t.Context(), modelstest.Actor(), p, record.Signals{}))(s.t)
}

func (s *site) changePolicy(id string, edit func(*policy.Policy)) {
	s.t.Helper()
	modelstest.Must(s.tenant.UpdatePolicy(s.t.Context(), modelstest.Actor(), id, record.Signals{}, func(p *policy.Policy) error { edit(p); return nil }))(s.t)
}

func demands(operator string, controls ...string) func(*policy.Policy) {
	return func(p *policy.Policy) {
		p.GrantControls = &policy.GrantControls{Operator: operator, BuiltInControls: controls}
	}
}

func watched(p *policy.Policy) { p.State = policy.ReportOnly }

// enrolledInApp signs somebody up for an authenticator app, whose secret it gives.
func (s *site) enrolledInApp(email string) []byte {
	s.t.Helper()
	s.publish(mfa(userflow.MFAAlways, "softwareOath"))
	b := s.browser().start(request{}).fill("email", email, "password", goodPassword).at(signin.Enrol)
	secret := totpSecret(s.t, b.page)
	b.fill("code", codeAt(secret, s.clock.Now())).at(signin.Recover).fill().signedIn()
	s.clock.Advance(time.Minute)
	return secret
}

// lastSuccess is the sign-in that succeeded last.
func (s *site) lastSuccess() record.SignIn {
	s.t.Helper()
	var last record.SignIn
	for _, r := range s.records() {
		if r.Outcome.Result == record.Success && !r.EndedAt.Before(last.EndedAt) {
			last = r
		}
	}
	return last
}

// TestAPolicyTakesHoldAtOnce: what is saved in the portal counts for the next form of a sign-in that is under way,
// for single sign-on, and at refresh.
func TestAPolicyTakesHoldAtOnce(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch, mfa(userflow.MFAConditional, "softwareOath"))
		s.settings(neverStay)
		u := s.user(anna)
		secret := s.enrolledInApp(anna)
		s.publish(mfa(userflow.MFAConditional, "softwareOath"))
		gate := s.hosted.Gate()
		refresh := func() policy.Answer {
			t.Helper()
			return modelstest.Must(gate.Refresh(t.Context(), policy.Request{TenantID: s.tenant.ID, UserID: u.ID, ClientID: s.app.ClientID,
				Inputs: record.Inputs{Methods: []string{"password"}, AuthTime: s.clock.Now().Add(-time.Hour)}}))(t)
		}
		signedIn := s.browser().start(request{}).fill("email", anna, "password", goodPassword)
		if g := signedIn.signedIn(); !g.MFATime.IsZero() || !slices.Equal(g.Methods, []string{"password"}) {
			t.Errorf("nothing was demanded: %+v", g)
		}
		if d := refresh(); d.Block || len(d.Unmet) > 0 || d.Stale || d.Inputs == nil {
			t.Errorf("refresh before the policy: %+v", d)
		}
		midway := s.browser().start(request{}).at(signin.SignIn)

		p := s.policy("Second factor", demands("OR", "mfa"))
		midway.fill("email", anna, "password", goodPassword).at(signin.Challenge)
		signedIn.start(request{Prompt: []string{"none"}}).refused("interaction_required")
		s.clock.Advance(time.Second)
		signedIn.start(request{}).at(signin.Challenge)
		if d := refresh(); len(d.Unmet) != 1 || len(d.Policies) != 1 || d.Policies[0].Result != policy.Failure {
			t.Errorf("refresh under the policy: %+v", d)
		}
		g := midway.fill("code", codeAt(secret, s.clock.Now())).signedIn()
		if g.MFATime.IsZero() || !slices.Contains(g.AMR, "mfa") || !slices.Equal(g.Methods, []string{"password", "totp"}) {
			t.Errorf("the grant: %+v", g)
		}
		last := s.lastSuccess()
		if last.Inputs == nil || last.Inputs.Switch != "conditional" || !slices.Equal(last.Inputs.Enrolled, []string{"totp"}) || len(last.Policies) != 1 ||
			last.Policies[0].Result != policy.Success || !slices.Contains(last.Notes, "mfa_by_policy") || !slices.Contains(last.Notes, "mfa_met_in_attempt") {
			t.Errorf("the record: inputs %+v, policies %+v, notes %v", last.Inputs, last.Policies, last.Notes)
		}
		if q, ok := policy.RequestOf(last); !ok || len(policy.Compile([]policy.Policy{p}, nil, nil).Evaluate(q).Unmet(policy.ShownOf(*last.Inputs))) > 0 {
			t.Error("what was recorded does not give the decision again")
		}

		s.changePolicy(p.ID, watched)
		s.clock.Advance(time.Second)
		signedIn.start(request{Prompt: []string{"none"}}).signedIn()
		if last := s.lastSuccess(); len(last.Policies) != 1 || last.Policies[0].Result != policy.ReportOnlyInterrupted {
			t.Errorf("report-only is in the log and has no effect: %+v", last.Policies)
		}
		s.changePolicy(p.ID, func(p *policy.Policy) { p.State = policy.On; demands("OR", "block")(p) })
		signedIn.start(request{}).at(signin.Blocked)
		if d := refresh(); !d.Block {
			t.Errorf("refresh under a block: %+v", d)
		}
		if err := s.tenant.DeletePolicy(t.Context(), modelstest.Actor(), p.ID); err != nil {
			t.Fatal(err)
		}
		signedIn.start(request{}).signedIn()
	})
}

// TestARiskyPersonChangesThePassword: a second factor first, then another password, and the risk is gone
// (R 5.7.3, R 6.8). Whoever has registered nothing is refused, in words and without a rule's name.
func TestARiskyPersonChangesThePassword(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch, mfa(userflow.MFAConditional, "softwareOath"), func(f *userflow.Flow) { f.PasswordReset = true })
		s.settings(neverStay)
		u, other := s.user(anna), s.user("bob@example.com")
		secret := s.enrolledInApp(anna)
		s.publish(mfa(userflow.MFAConditional, "softwareOath"))
		s.policy("Top secret rule", demands("AND", "mfa", "passwordChange"), func(p *policy.Policy) { p.Conditions.UserRiskLevels = []string{"high"} })
		compromised := func() {
			t.Helper()
			if err := s.tenant.ConfirmCompromised(t.Context(), modelstest.Actor(), []string{u.ID, other.ID}); err != nil {
				t.Fatal(err)
			}
			s.clock.Advance(time.Minute)
		}
		risk := func() account.Risk {
			t.Helper()
			return modelstest.Must(s.tenant.User(t.Context(), u.ID))(t).Risk
		}
		compromised()
		b := s.browser().start(request{}).fill("email", "bob@example.com", "password", goodPassword).at(signin.Blocked).says("contact support")
		if strings.Contains(b.page.body, "Top secret rule") {
			t.Error("the page names the rule")
		}
		b = s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Challenge)
		b.fill("code", codeAt(secret, s.clock.Now())).at(signin.ChangePassword)
		if risk().Level != "high" {
			t.Error("the risk went away before the password did")
		}
		b.fill("newPassword", "another good secret 77").signedIn()
		if r := risk(); r.Level != "" || r.State != models.RiskRemediated || r.Detail != signin.RemediatedByChange {
			t.Errorf("after the change: %+v", r)
		}
		s.clock.Advance(time.Minute)
		s.browser().start(request{}).fill("email", anna, "password", "another good secret 77").signedIn()

		compromised()
		b = s.browser().start(request{}).fill("action", "forgot", "email", anna).at(signin.Code)
		b.fill("code", s.lastCode(anna)).at(signin.Challenge).fill("code", codeAt(secret, s.clock.Now())).at(signin.ResetPassword)
		b.fill("newPassword", "a third good secret 99", "everywhere", "on").signedIn()
		if r := risk(); r.Level != "" || r.Detail != signin.RemediatedByReset {
			t.Errorf("after the reset: %+v", r)
		}
	})
}

// TestWhoCannotChangeThePasswordHereIsShownTheWay: where the flow never asks for a second factor the mailbox is the one
// safe way to another password, and the page that refuses leads there, if the flow has it. A second factor that the flow
// does not take changes nothing (R 6.8.3).
func TestWhoCannotChangeThePasswordHereIsShownTheWay(t *testing.T) {
	for _, offered := range []bool{true, false} {
		s := newSite(t, func(f *userflow.Flow) { f.PasswordReset = offered })
		s.settings(neverStay)
		u := s.user(anna)
		modelstest.Must(s.tenant.AddCredential(t.Context(), modelstest.Actor(), models.Credential{UserID: u.ID, Kind: models.KindSMS, Name: "+4915123456789"}))(t)
		s.policy("Password change for high user risk", demands("AND", "mfa", "passwordChange"), func(p *policy.Policy) { p.Conditions.UserRiskLevels = []string{"high"} })
		if err := s.tenant.ConfirmCompromised(t.Context(), modelstest.Actor(), []string{u.ID}); err != nil {
			t.Fatal(err)
		}
		s.clock.Advance(time.Minute)
		b := s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Blocked).says("You need a new password")
		if !offered {
			b.says("contact support")
			if strings.Contains(b.page.body, `value="forgot"`) {
				t.Error("a way is offered that the flow does not have")
			}
			b.fill("action", "forgot").refused("access_denied") // and is not there by force
			continue
		}
		b.says("Forgot your password?").fill("action", "forgot").at(signin.Forgot)
		if !strings.Contains(b.page.body, `value="`+anna+`"`) {
			t.Error("the address has to be typed again")
		}
		b.fill("email", anna).at(signin.Code).fill("code", s.lastCode(anna)).at(signin.ResetPassword).fill("newPassword", "another good secret 77", "everywhere", "on").signedIn()
		if r := modelstest.Must(s.tenant.User(t.Context(), u.ID))(t).Risk; r.Level != "" || r.Detail != signin.RemediatedByReset {
			t.Errorf("after the reset: %+v", r)
		}
	}
}

// TestAPersistentSessionEndsWithTheBrowser: a policy of today holds for a session of yesterday (R 5.8.4).
func TestAPersistentSessionEndsWithTheBrowser(t *testing.T) {
	s := newSite(t)
	s.user(anna)
	b := s.browser().start(request{}).fill("email", anna, "password", goodPassword, "stay", "on")
	g := b.signedIn()
	kept := func() bool {
		t.Helper()
		list := modelstest.Must(s.tenant.SessionsOf(t.Context(), g.UserID, s.clock.Now()))(t)
		if len(list) != 1 {
			t.Fatalf("%d sessions", len(list))
		}
		return list[0].Persistent
	}
	if !kept() {
		t.Fatal("the person asked to stay")
	}
	never := s.policy("Never", func(p *policy.Policy) {
		p.SessionControls = &policy.SessionControls{PersistentBrowser: &policy.PersistentBrowser{IsEnabled: true, Mode: "never"}}
	})
	if again := b.start(request{}).signedIn(); again.SID != g.SID || kept() {
		t.Errorf("single sign-on under never: the same session %v, kept %v", again.SID == g.SID, kept())
	}
	s.changePolicy(never.ID, func(p *policy.Policy) { p.SessionControls.PersistentBrowser.Mode = "always" })
	g = b.start(request{Prompt: []string{"login"}}).fill("email", anna, "password", goodPassword).signedIn()
	if !kept() {
		t.Error("always: not kept")
	}
}

// TestAPolicyForAGroup: who is in it, directly or through another, is asked for more; the others are not.
func TestAPolicyForAGroup(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch)
		s.settings(neverStay)
		u := s.user(anna)
		s.user("bob@example.com")
		outer := modelstest.Must(s.tenant.CreateGroup(t.Context(), modelstest.Actor(), account.Group{Name: "Everybody at risk"}))(t)
		inner := modelstest.Must(s.tenant.CreateGroup(t.Context(), modelstest.Actor(), account.Group{Name: "Some"}))(t)
		for _, m := range [][2]string{{outer.ID, inner.ID}, {inner.ID, u.ID}} {
			if err := s.tenant.AddMember(t.Context(), modelstest.Actor(), m[0], m[1]); err != nil {
				t.Fatal(err)
			}
		}
		s.policy("Not them", demands("OR", "block"), func(p *policy.Policy) {
			p.Conditions.Users = policy.Users{IncludeGroups: []string{outer.ID}}
		})
		s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Blocked)
		s.browser().start(request{}).fill("email", "bob@example.com", "password", goodPassword).signedIn()
		for _, r := range s.records() {
			if r.Outcome.Step == string(signin.Blocked) && (r.Inputs == nil || len(r.Inputs.Groups) != 2 || r.Policies[0].Result != policy.Failure) {
				t.Errorf("a blocked sign-in is written down whole: %+v %+v", r.Inputs, r.Policies)
			}
		}
		d := modelstest.Must(s.hosted.Gate().Refresh(t.Context(), policy.Request{TenantID: s.tenant.ID, UserID: u.ID, ClientID: s.app.ClientID}))(t)
		if !d.Block || len(d.Inputs.Groups) != 2 {
			t.Errorf("at refresh: %+v", d)
		}
	})
}
