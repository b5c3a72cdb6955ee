package hosted_test

import (
	"slices"
	"testing"
	"time"

	"portico/app/policy"
	"portico/app/record"
	"portico/app/risk"
	"portico/app/signin"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// Whoever knows only the password registers a factor where an ordinary policy asks for one, and comes back with it: it
// meets nothing that is asked because of risk, and ends no risk, whatever was found when.
func TestAFactorFromSinceTheRiskEndsNone(t *testing.T) {
	cases := map[string]struct {
		live, later string // what is found while the first sign-in is made; and of it, afterwards
		again       string // what is found in the second
	}{
		"found while they signed in":                {live: risk.High},
		"found afterwards":                          {later: "passwordSpray"},
		"found while they signed in, and once more": {live: risk.High, again: risk.Medium},
		"found afterwards, and once more":           {later: "passwordSpray", again: risk.Medium},
	}
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				s := newSiteOn(t, scratch, mfa(userflow.MFAConditional, "softwareOath"))
				s.settings(neverStay)
				u := s.user(anna)
				s.policy("Everybody", demands("OR", "mfa"))
				s.policy("Risky sign-ins", demands("OR", "mfa"), riskOf("medium", "high"), watchedIf(c.live != ""))
				s.policy("Risky people", demands("AND", "mfa", "passwordChange"), func(p *policy.Policy) { p.Conditions.UserRiskLevels = []string{"high"} })
				if c.live != "" {
					s.detect(rainyDay(c.live))
				}
				b := s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Enrol)
				secret := totpSecret(t, b.page)
				s.clock.Advance(20 * time.Second)
				b.fill("code", codeAt(secret, s.clock.Now())).at(signin.Recover)
				s.clock.Advance(20 * time.Second)
				b.fill().signedIn()
				if c.later != "" {
					modelstest.Must(s.tenant.AddDetection(t.Context(), modelstest.Actor(), models.Detection{SignInID: s.lastSuccess().ID, UserID: u.ID, Type: c.later, Level: risk.High}))(t)
				}
				if s.detect(); c.again != "" {
					s.detect(rainyDay(c.again))
				}
				s.clock.Advance(2 * time.Minute)
				s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Blocked)
				last := s.records()[len(s.records())-1]
				if last.Outcome.Key != "signin.blocked.unenrolled" || last.Inputs == nil || last.Inputs.RiskSince.IsZero() || len(last.Inputs.Former) > 0 || slices.Contains(last.Notes, signin.NoteRemediated) {
					t.Errorf("recorded: %+v, %+v, %v", last.Outcome, last.Inputs, last.Notes)
				}
				q, _ := policy.RecordedOf(last)
				rules := modelstest.Must(s.tenant.Rules(t.Context()))(t).Compile()
				if out := rules.Evaluate(q.Request).Outcome(q.Inputs, policy.Given(q, true), q.At); out.Stopped != policy.StoppedNotEnrolled {
					t.Errorf("replay says %+v", out)
				}
				if who := modelstest.Must(s.tenant.User(t.Context(), u.ID))(t); signin.UserRisk(who.Risk) != risk.High {
					t.Errorf("the person is at %+v", who.Risk)
				}
				for _, d := range s.detections(u.ID) {
					if d.State != models.RiskAtRisk {
						t.Errorf("%s is %s, %s", d.Type, d.State, d.Detail)
					}
				}
				if known := modelstest.Must(s.tenant.RiskHistory(t.Context(), u.ID, record.Signals{}, s.clock.Now()))(t).Person.Times; c.live != "" && known != 0 {
					t.Errorf("%d sign-ins are usual", known)
				}
			})
		}
	})
}

func watchedIf(on bool) func(*policy.Policy) {
	return func(p *policy.Policy) {
		if on {
			watched(p)
		}
	}
}

// Honest people: what was registered before ends the risk, also beside something newer, and whoever has only newer things
// takes the way by the mailbox where no policy wants more.
func TestWhatWasRegisteredBeforeTheRiskEndsIt(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch, mfa(userflow.MFAConditional, "softwareOath"))
		s.settings(neverStay)
		u := s.user(anna)
		secret := s.enrolledInApp(anna)
		s.publish(mfa(userflow.MFAConditional, "softwareOath"))
		first := s.lastSuccess()
		s.policy("Risky people", demands("AND", "mfa", "passwordChange"), func(p *policy.Policy) { p.Conditions.UserRiskLevels = []string{"high"} })
		s.clock.Advance(time.Hour)
		modelstest.Must(s.tenant.AddDetection(t.Context(), modelstest.Actor(), models.Detection{UserID: u.ID, Type: "leakedCredentials", Level: risk.High}))(t)
		s.clock.Advance(time.Hour)
		thiefs := modelstest.Must(s.tenant.AddCredential(t.Context(), modelstest.Actor(), models.Credential{UserID: u.ID, Kind: models.KindTOTP, Secret: []byte("12345678901234567890")}))(t)
		_, _ = first, thiefs
		b := s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Challenge)
		b = b.fill("code", codeAt([]byte("12345678901234567890"), s.clock.Now())).at(signin.Challenge)
		b.fill("code", codeAt(secret, s.clock.Now())).at(signin.ChangePassword).fill("newPassword", "another good secret 77").signedIn()
		if who := modelstest.Must(s.tenant.User(t.Context(), u.ID))(t); signin.UserRisk(who.Risk) != risk.None {
			t.Errorf("the person is at %+v", who.Risk)
		}
	})
}
