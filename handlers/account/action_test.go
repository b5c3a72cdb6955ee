package account_test

import (
	"strings"
	"testing"
	"time"

	"portico/app/factor"
	"portico/app/policy"
	"portico/app/record"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// about makes a policy about what everyone does on their own pages.
func (s *site) about(action string, edit func(*policy.Policy)) policy.Policy {
	s.t.Helper()
	p := policy.Policy{Name: "A policy", State: policy.On, Conditions: policy.Conditions{Users: policy.Users{IncludeUsers: []string{policy.All}},
		Applications: policy.Applications{IncludeUserActions: []string{action}}}, GrantControls: &policy.GrantControls{Operator: "AND", BuiltInControls: []string{policy.ControlBlock}}}
	if edit != nil {
		edit(&p)
	}
	return modelstest.Must(s.tenant.CreatePolicy(s.t.Context(), modelstest.Actor(), p, record.Signals{}))(s.t)
}

func demandsSecond(p *policy.Policy) { p.GrantControls.BuiltInControls = []string{policy.ControlMFA} }

// A policy that blocks an action is a page in words, on the form and on what it sends; other pages stay open.
func TestPoliciesBlockActions(t *testing.T) {
	for _, c := range []struct {
		action string
		closed []string
		open   string
	}{
		{policy.RegisterSecurityInfo, []string{"/methods/totp", "/methods/passkey", "/methods/recovery", "/methods/recovery.txt", "/methods/email", "/methods/email/code", "/methods/phone", "/methods/second/x"}, "/methods/password"},
		{policy.ChangePassword, []string{"/methods/password", "/methods/password/remove"}, "/methods/totp"},
		{policy.DeleteAccount, []string{"/data/delete"}, "/methods/password"},
	} {
		t.Run(c.action, func(t *testing.T) {
			s := newSite(t)
			s.user(anna)
			b := s.in(anna)
			form := b.open(c.closed[0])
			if form.status != 200 {
				t.Fatalf("%d before", form.status)
			}
			body, at := form.body, form.at
			p := s.about(c.action, nil)
			for _, path := range c.closed {
				if b.open(path).status != 403 {
					t.Errorf("%s: %d", path, b.status)
				}
				b.says("You cannot do this from here").lacks(p.Name)
			}
			if b.open(c.open).status != 200 || b.open("/profile").status != 200 {
				t.Errorf("another page is closed: %d", b.status)
			}
			b.body, b.at = body, at // the form was open before the policy was made
			if b.send(c.closed[0]).status != 403 {
				t.Errorf("the form: %d %s", b.status, b.at)
			}
			logged := s.logged()
			if len(logged) == 0 || logged[0].Inputs == nil || logged[0].Inputs.Action != c.action || logged[0].Outcome.Code != 53003 ||
				len(logged[0].Policies) != 1 || logged[0].Policies[0].Result != policy.Failure {
				t.Errorf("%+v", logged)
			}
			modelstest.Must(s.tenant.UpdatePolicy(t.Context(), modelstest.Actor(), p.ID, record.Signals{}, func(p *policy.Policy) error {
				p.State = policy.ReportOnly
				return nil
			}))(t)
			if b.open(c.closed[0]).status != 200 {
				t.Errorf("report-only: %d", b.status)
			}
		})
	}
}

// logged are the sign-ins that a policy stopped.
func (s *site) logged() []record.SignIn {
	s.t.Helper()
	var out []record.SignIn
	page := modelstest.Must(s.tenant.SignIns(s.t.Context(), models.SignInQuery{}))(s.t)
	for _, r := range page.Items {
		full := modelstest.Must(s.tenant.SignIn(s.t.Context(), r.ID))(s.t)
		if full.Outcome.Step == "userAction" {
			out = append(out, full)
		}
	}
	return out
}

// What a policy wants for an action is asked for in the sign-in that proves who it is, and then the page opens.
func TestPoliciesDemandForActions(t *testing.T) {
	s := newSite(t, func(f *userflow.Flow) {
		f.MFA = userflow.MFA{Enforcement: userflow.MFAConditional, Methods: []string{"softwareOath"}, MayPostpone: true}
	})
	u := s.user(anna)
	secret := []byte("12345678901234567890")
	b := s.in(anna)
	s.about(policy.ChangePassword, func(p *policy.Policy) {
		demandsSecond(p)
		p.SessionControls = &policy.SessionControls{SignInFrequency: &policy.SignInFrequency{IsEnabled: true, Type: "hours", Value: 1, AuthenticationType: policy.SecondOnly}}
	})
	// Somebody without a second factor registers one on the way, as at any door that asks for it.
	b.open("/methods/password")
	if !strings.Contains(b.at, "/signin/") {
		t.Fatalf("the page is open: %s", b.at)
	}
	b.send("", "email", anna, "password", goodPassword)
	if !strings.Contains(b.at, "/signin/") || strings.Contains(b.at, "/account") {
		t.Fatalf("no second factor was asked for: %s %q", b.at, b.title())
	}
	modelstest.Must(s.tenant.AddCredential(t.Context(), modelstest.Actor(), models.Credential{UserID: u.ID, Kind: models.KindTOTP, Name: "Phone", Secret: secret}))(t)
	b = s.browser().open("").signIn(anna)
	code := func() string { s.clock.Advance(time.Minute); return factor.TOTPCode(secret, s.clock.Now()) }
	b.send("", "code", code())
	b.on("")
	if b.open("/methods/password").status != 200 {
		t.Fatalf("shown a moment ago, and asked again: %s", b.at)
	}
}

// Registering the first second factor where a policy wants one already is refused in words, not a circle.
func TestFirstFactorWherePolicyWantsOne(t *testing.T) {
	s := newSite(t, func(f *userflow.Flow) {
		f.MFA = userflow.MFA{Enforcement: userflow.MFAConditional, Methods: []string{"softwareOath"}, MayPostpone: true}
	})
	s.user(anna)
	b := s.in(anna)
	s.about(policy.RegisterSecurityInfo, demandsSecond)
	b.open("/methods/totp").send("", "email", anna, "password", goodPassword)
	if b.status == 200 && strings.Contains(b.body, `name="code"`) {
		t.Fatalf("a first factor can be registered: %s %q", b.at, b.title())
	}
	b.says("contact support")
}
