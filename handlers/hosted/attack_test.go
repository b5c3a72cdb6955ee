package hosted_test

import (
	"fmt"
	"testing"
	"time"

	"portico/app/audit"
	"portico/app/policy"
	"portico/app/risk"
	"portico/app/signin"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// attacks are the incidents that the jobs find in what came in so far.
func (s *site) attacks() []risk.Incident {
	s.t.Helper()
	s.clock.Advance(10 * time.Second)
	for n := 1; n > 0; {
		n = modelstest.Must(s.tenant.FoldRisk(s.t.Context()))(s.t)
	}
	modelstest.Must(s.tenant.FindIncidents(s.t.Context(), models.WaveFinder{By: audit.System("test"), Rules: modelstest.Must(s.tenant.Get(s.t.Context()))(s.t).Settings.Risk.Waves()}))(s.t)
	return modelstest.Must(s.tenant.Incidents(s.t.Context(), models.IncidentQuery{}))(s.t).Items
}

func named(list []risk.Incident) (out []string) {
	for _, i := range list {
		out = append(out, i.Name)
	}
	return out
}

// A burst of sign-ups, page by page: it becomes one incident, the next account of it carries a detection, and blocking it
// refuses the next. Customers who sign up or in meanwhile notice nothing.
func TestABurstOfSignUpsPageByPage(t *testing.T) {
	s := newSite(t, byCode)
	s.settings(neverStay)
	arrive := func(email, from string) *browser {
		b := s.browser()
		b.from = from
		return b.start(request{}).at(signin.Identify).fill("email", email).at(signin.Code).fill("code", s.lastCode(email))
	}
	unsuspected := func(email, from string) {
		t.Helper()
		arrive(email, from).signedIn()
		if r := s.lastSuccess(); len(r.Risk) > 0 {
			t.Errorf("%s is suspected: %+v", email, r.Risk)
		}
	}
	unsuspected("carla@example.org", "203.0.113.50")
	for n := range 30 {
		arrive(fmt.Sprintf("bot%d@mailtrap.example", n), fmt.Sprintf("198.51.100.%d", n)).signedIn()
		s.clock.Advance(5 * time.Second)
	}
	list := s.attacks()
	if len(list) != 1 || list[0].Kind != risk.SignUpBurst || list[0].SignUps != 30 {
		t.Fatalf("%d incidents: %v", len(list), named(list))
	}
	next := arrive("bot30@mailtrap.example", "198.51.100.30").signedIn()
	if found := s.detections(next.UserID); len(found) != 1 || found[0].Type != "suspiciousSignUp" || found[0].Level != risk.Medium {
		t.Errorf("the next one of the burst: %+v", found)
	}
	unsuspected("dora@example.org", "203.0.113.51")
	modelstest.Must(s.tenant.RespondIncident(t.Context(), modelstest.Actor(), list[0].ID, models.IncidentResponse{Response: risk.Block, For: time.Hour}))(t)
	arrive("bot31@mailtrap.example", "198.51.100.31").at(signin.Blocked)
	unsuspected("edda@example.org", "203.0.113.52")
	s.clock.Advance(time.Minute)
	unsuspected("carla@example.org", "203.0.113.50")
	if list = s.attacks(); len(list) != 1 {
		t.Errorf("%d incidents in the end", len(list))
	}
}

// Text messages that only earn somebody money, page by page: to a country that texts do not go to they cost nothing of
// the day's share, and an administrator is told. A customer gets their code.
func TestSMSPumpingPageByPage(t *testing.T) {
	s := newSite(t, mfa(userflow.MFAAlways, "sms"))
	s.settings(neverStay)
	s.settings(func(n *tenant.Settings) {
		n.Risk.PumpTexts, n.Methods.SMS.DailyLimit = 10, 2
	})
	ask := func(n int, number string) *browser {
		email := fmt.Sprintf("p%d@example.com", n)
		s.user(email)
		b := s.browser()
		b.from = fmt.Sprintf("198.51.%d.7", n) // from one neighbourhood it would be a password spray too
		return b.start(request{}).fill("email", email, "password", goodPassword).at(signin.Enrol).fill("phone", number)
	}
	for n := range 12 {
		ask(n, fmt.Sprintf("+937012345%02d", n)).at(signin.Enrol).says("cannot send text messages to this country")
	}
	list := s.attacks()
	if len(list) != 1 || list[0].Kind != risk.SMSPumping || list[0].Code != "93" || list[0].Attempts != 12 || list[0].Refused != 12 {
		t.Fatalf("%d incidents: %v", len(list), named(list))
	}
	ask(20, phone).at(signin.Enrol).says("Check your phone").fill("code", s.lastText(phone)).signedIn()
	if list = s.attacks(); len(list) != 1 {
		t.Errorf("%d incidents in the end", len(list))
	}
}

// What the confirmation of *Unwind* says, walked: the person is confirmed compromised, signed out and marked for another
// password (models.UnwindIncident), and comes back with the old one.
func TestTheWayBackAfterUnwinding(t *testing.T) {
	risky := func(p *policy.Policy) { p.Conditions.UserRiskLevels = []string{"high"} }
	for name, c := range map[string]struct {
		second bool
		policy []func(*policy.Policy) // none = no policy
		want   signin.Name            // after the old password, and the second factor where one is asked for
		first  bool                   // the second factor is asked for before
		ends   bool                   // with that the risk has ended
		reset  bool                   // the mailbox leads in
	}{
		"no policy, no second factor":                     {false, nil, signin.ChangePassword, false, false, true},
		"no policy, a second factor":                      {true, nil, signin.ChangePassword, false, false, true},
		"a policy wants another password, no second":      {false, []func(*policy.Policy){demands("AND", "mfa", "passwordChange"), risky}, signin.Blocked, false, false, false},
		"a policy wants another password, a second":       {true, []func(*policy.Policy){demands("AND", "mfa", "passwordChange"), risky}, signin.ChangePassword, true, true, true},
		"a policy blocks at high user risk":               {true, []func(*policy.Policy){demands("OR", "block"), risky}, signin.Blocked, false, false, false},
		"a policy blocks whoever changes their password":  {false, []func(*policy.Policy){demands("OR", "block"), changing}, signin.Blocked, false, false, false},
		"one that blocks changing passwords at high risk": {false, []func(*policy.Policy){demands("OR", "block"), changing, risky}, signin.Blocked, false, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			later := func(f *userflow.Flow) { f.MFA.MayPostpone = true }
			s := newSite(t, mfa(userflow.MFAConditional, "softwareOath"), later, resets)
			s.settings(neverStay)
			u := s.user(anna)
			var secret []byte
			if c.second {
				secret = s.enrolledInApp(anna)
				s.publish(mfa(userflow.MFAConditional, "softwareOath"))
			}
			if c.policy != nil {
				s.policy("Risky people", c.policy...)
			}
			if err := s.tenant.ConfirmCompromised(t.Context(), modelstest.Actor(), []string{u.ID}); err != nil {
				t.Fatal(err)
			}
			modelstest.Must(s.tenant.UpdateUser(t.Context(), modelstest.Actor(), u.ID, func(u *models.User) error { u.MustChangePassword = true; return nil }))(t)
			s.clock.Advance(time.Minute)
			prove := func(b *browser) *browser {
				if b.page.step() == string(signin.Challenge) {
					b.fill("code", codeAt(secret, s.clock.Now()))
				}
				if b.page.step() == string(signin.Enrol) { // it is only offered
					b.fill("action", "skip")
				}
				return b
			}
			b := s.browser().start(request{}).fill("email", anna, "password", goodPassword)
			if asked := b.page.step() == string(signin.Challenge); asked != c.first {
				t.Errorf("a second factor is asked for: %v", asked)
			}
			prove(b).at(c.want)
			if c.want == signin.ChangePassword {
				b.fill("newPassword", newPassword).signedIn()
				if ended := signin.UserRisk(modelstest.Must(s.tenant.User(t.Context(), u.ID))(t).Risk) == "none"; ended != c.ends {
					t.Errorf("the risk has ended: %v", ended)
				}
			}
			s.clock.Advance(time.Hour)
			b = prove(s.browser().start(request{}).fill("action", "forgot").fill("email", anna).fill("code", s.lastCode(anna)))
			if led := b.page.step() == string(signin.ResetPassword); led != c.reset {
				t.Fatalf("the mailbox leads in: %v (%s)", led, b.page.title())
			}
			if !c.reset {
				return
			}
			prove(b.fill("newPassword", "a third long battery", "everywhere", "1")).signedIn()
			if risk := modelstest.Must(s.tenant.User(t.Context(), u.ID))(t).Risk; signin.UserRisk(risk) != "none" {
				t.Errorf("after the reset the risk is %+v", risk)
			}
		})
	}
}

func changing(p *policy.Policy) {
	p.Conditions.Applications = policy.Applications{IncludeUserActions: []string{policy.ChangePassword}}
}
