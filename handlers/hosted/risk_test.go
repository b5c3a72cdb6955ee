package hosted_test

import (
	"context"
	"errors"
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

// rainyDay is a detection that somebody adds: a file with this function, and a line in risk.Detectors.
func rainyDay(level string) risk.Detector {
	return risk.Detector{Type: "rainyDay", Timing: risk.RealTime, Detect: func(in risk.Input) []record.Finding {
		return []record.Finding{{Type: "rainyDay", Level: level, Key: "risk.found.tor", Evidence: map[string]any{"ip": in.Signals.IP.String()}}}
	}}
}

func (s *site) detections(userID string) []models.Detection {
	s.t.Helper()
	return modelstest.Must(s.tenant.Detections(s.t.Context(), models.DetectionQuery{UserID: userID}))(s.t).Items
}

func (s *site) detect(more ...risk.Detector) {
	s.more = more
	s.hosted = nil
	s.base = s.serve(s.store)
}

func riskOf(levels ...string) func(*policy.Policy) {
	return func(p *policy.Policy) { p.Conditions.SignInRiskLevels = levels }
}

// A detection is one file and one line: what it finds is in the record, a policy acts on it, and it is kept as a row.
func TestADetectionIsOneFileAndOneLine(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch)
		s.settings(neverStay)
		u := s.user(anna)
		s.detect(rainyDay(risk.Medium))
		s.policy("Not in the rain", demands("OR", "block"), riskOf("medium", "high"))
		s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Blocked)
		i := slices.IndexFunc(s.records(), func(r record.SignIn) bool { return len(r.Risk) > 0 })
		if i < 0 {
			t.Fatal("no record has the finding")
		}
		if r := s.records()[i]; r.Risk[0].Type != "rainyDay" || r.RiskLevel != "medium" || r.Outcome.Code != signin.CodeBlocked || r.Inputs.SignInRisk != "medium" {
			t.Errorf("the record says %+v, %s, %d", r.Risk, r.RiskLevel, r.Outcome.Code)
		}
		if found := s.detections(u.ID); len(found) != 1 || found[0].Type != "rainyDay" || found[0].Level != "medium" {
			t.Errorf("kept: %+v", found)
		}
	})
}

// MFA that a policy asks for because of risk: whoever has registered nothing is blocked, and whoever shows what they
// registered before goes on, which the record tells.
func TestRiskAsksForWhatWasRegisteredBefore(t *testing.T) {
	s := newSite(t, mfa(userflow.MFAConditional, "softwareOath"))
	s.settings(neverStay)
	s.user(anna)
	s.user("bob@example.com")
	secret := s.enrolledInApp(anna)
	s.publish(mfa(userflow.MFAConditional, "softwareOath"))
	s.detect(rainyDay(risk.High))
	s.policy("Risky sign-ins", demands("OR", "mfa"), riskOf("medium", "high"))
	s.browser().start(request{}).fill("email", "bob@example.com", "password", goodPassword).at(signin.Blocked)
	b := s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Challenge)
	b.fill("code", "000000").at(signin.Challenge)
	failed := s.records()[len(s.records())-1]
	if failed.RiskLevel != "high" || len(failed.Risk) == 0 {
		t.Errorf("a second factor that fails after the right password is recorded without risk: %+v", failed.Risk)
	}
	b.fill("code", codeAt(secret, s.clock.Now())).signedIn()
	if r := s.lastSuccess(); !slices.Contains(r.Notes, signin.NoteRemediated) || r.RiskLevel != "high" {
		t.Errorf("notes %v, level %s", r.Notes, r.RiskLevel)
	}
}

// A password of the list of breached ones is noticed when it is right, and never before: the person is at risk, and
// another password ends it in the same sign-in.
func TestABreachedPasswordIsNoticedWhereItIsTyped(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch, mfa(userflow.MFAConditional, "softwareOath"))
		s.settings(neverStay)
		u := s.user(anna)
		secret := s.enrolledInApp(anna)
		s.publish(mfa(userflow.MFAConditional, "softwareOath"))
		s.known = []string{goodPassword, "a wrong password 55"}
		s.policy("Risky people", demands("AND", "mfa", "passwordChange"), func(p *policy.Policy) { p.Conditions.UserRiskLevels = []string{"high"} })
		b := s.browser().start(request{}).fill("email", anna, "password", "a wrong password 55").at(signin.SignIn)
		if found := s.detections(u.ID); len(found) != 0 {
			t.Errorf("a wrong password made %+v", found)
		}
		b = b.fill("email", anna, "password", goodPassword).at(signin.Challenge)
		b.fill("code", codeAt(secret, s.clock.Now())).at(signin.ChangePassword).fill("newPassword", "another good secret 77").signedIn()
		r := s.lastSuccess()
		if !slices.ContainsFunc(r.Risk, func(f record.Finding) bool { return f.Type == "leakedCredentials" && f.Level == "high" }) || r.RiskLevel != "none" {
			t.Errorf("found %+v; the sign-in itself is %s", r.Risk, r.RiskLevel)
		}
		if !slices.Contains(r.Notes, signin.NoteSecured) {
			t.Errorf("notes %v", r.Notes)
		}
		if risk := modelstest.Must(s.tenant.User(t.Context(), u.ID))(t).Risk; signin.UserRisk(risk) != "none" {
			t.Errorf("after the change the person is %+v", risk)
		}
		s.clock.Advance(time.Minute)
		s.browser().start(request{}).fill("email", anna, "password", "another good secret 77").signedIn()
	})
}

// blind is a store that cannot read what was known before.
type blind struct{ signin.Stores }

type blindStore struct{ signin.Store }

func (b blind) SignIns(id string) signin.Store { return blindStore{b.Stores.SignIns(id)} }

func (b blindStore) Atomically(ctx context.Context, f func(signin.Store) error) error {
	return b.Store.Atomically(ctx, func(s signin.Store) error { return f(blindStore{s}) })
}

func (blindStore) RiskHistory(context.Context, string, record.Signals, time.Time) (risk.History, error) {
	return risk.History{Missing: []string{risk.NeedPerson, risk.NeedWaves}}, errors.New("gone")
}

// What was known before failed to load: a policy about the risk of sign-ins could not tell and counts as applying; one
// without such a condition is not touched, and the record names the detections that could not tell.
func TestRiskThatCouldNotBeToldRelaxesNothing(t *testing.T) {
	s := newSite(t)
	s.settings(neverStay)
	s.user(anna)
	s.hosted.Blind(func(stores signin.Stores) signin.Stores { return blind{stores} })
	s.browser().start(request{}).fill("email", anna, "password", goodPassword).signedIn()
	if r := s.lastSuccess(); !slices.Contains(r.CouldNotTell, "passwordSpray") || !slices.Contains(r.CouldNotTell, "newCountry") || !slices.Contains(r.Inputs.Unknown, policy.InputSignInRisk) {
		t.Errorf("could not tell: %v, unknown inputs %v", r.CouldNotTell, r.Inputs.Unknown)
	}
	s.policy("No risk", demands("OR", "block"), riskOf("high"))
	s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Blocked)
}

// Whoever knows the password of somebody without a second factor can register their own where an ordinary policy asks
// for one. That says nothing about who they are: what was found stays open, and is not usual for the person.
func TestWhoRegistersAFactorInARiskySignInClearsNothing(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch, mfa(userflow.MFAConditional, "softwareOath"))
		s.settings(neverStay)
		u := s.user(anna)
		s.policy("Everybody", demands("OR", "mfa"))
		s.detect(rainyDay(risk.High))
		b := s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Enrol)
		secret := totpSecret(t, b.page)
		b.fill("code", codeAt(secret, s.clock.Now())).at(signin.Recover).fill().signedIn()
		if r := s.lastSuccess(); r.RiskLevel != "high" || slices.Contains(r.Notes, signin.NoteConfirmed) || slices.Contains(r.Notes, signin.NoteRemediated) {
			t.Errorf("level %s, notes %v", r.RiskLevel, r.Notes)
		}
		known := func() uint64 {
			return modelstest.Must(s.tenant.RiskHistory(t.Context(), u.ID, record.Signals{}, s.clock.Now()))(t).Person.Times
		}
		if found := s.detections(u.ID); len(found) != 1 || found[0].State != models.RiskAtRisk {
			t.Errorf("what was found: %+v", found)
		}
		if who := modelstest.Must(s.tenant.User(t.Context(), u.ID))(t); who.Risk.Level != "high" || known() != 0 {
			t.Errorf("the person is at %q, %d sign-ins are usual", who.Risk.Level, known())
		}

		// Coming back with it says no more: nothing that was found ends, and nothing of it is usual.
		s.clock.Advance(time.Hour)
		s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Challenge).fill("code", codeAt(secret, s.clock.Now())).signedIn()
		if r := s.lastSuccess(); slices.Contains(r.Notes, signin.NoteConfirmed) || known() != 0 {
			t.Errorf("notes %v, %d sign-ins are usual", r.Notes, known())
		}
		if found := s.detections(u.ID); len(found) != 2 || found[0].State != models.RiskAtRisk || found[1].State != models.RiskAtRisk {
			t.Errorf("what was found: %+v", found)
		}
		if who := modelstest.Must(s.tenant.User(t.Context(), u.ID))(t); who.Risk.Level != "high" {
			t.Errorf("the person is at %q", who.Risk.Level)
		}
	})
}

// R 6.8.5: somebody leaves a risky sign-in at the second factor and comes back with the one that they always had, when
// nothing speaks against them any more. It was them, then as well.
func TestWhoLeavesAndComesBackWithTheirFactorWasThemselves(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch, mfa(userflow.MFAConditional, "softwareOath"))
		s.settings(neverStay)
		u := s.user(anna)
		secret := s.enrolledInApp(anna)
		s.publish(mfa(userflow.MFAConditional, "softwareOath"))
		s.policy("Everybody", demands("OR", "mfa"))
		s.clock.Advance(time.Hour)
		s.detect(rainyDay(risk.High))
		b := s.browser()
		b.start(request{}).fill("email", anna, "password", goodPassword).at(signin.Challenge).fill("code", "000000").at(signin.Challenge)
		if found := s.detections(u.ID); len(found) != 1 || found[0].State != models.RiskAtRisk {
			t.Fatalf("what was found: %+v", found)
		}
		s.detect()
		s.clock.Advance(time.Minute)
		b.base = s.base
		b.start(request{}).fill("email", anna, "password", goodPassword).at(signin.Challenge).fill("code", codeAt(secret, s.clock.Now())).signedIn()
		if found := s.detections(u.ID); found[0].State != models.RiskDismissed || found[0].Detail != models.RiskSafeByAI {
			t.Errorf("what was found then is %s, %s", found[0].State, found[0].Detail)
		}
		if who := modelstest.Must(s.tenant.User(t.Context(), u.ID))(t); signin.UserRisk(who.Risk) != "none" {
			t.Errorf("the person is at %+v", who.Risk)
		}
	})
}
