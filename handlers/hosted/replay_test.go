package hosted_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"portico/app/policy"
	"portico/app/record"
	"portico/app/signin"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// TestReplayReproducesWhatTheMachineDecided: under the policies that held, everything that real sign-ins wrote down
// comes out again, policy by policy, and a replay of the same policies finds no difference; with those that were
// only watched switched on it finds exactly what they had said.
func TestReplayReproducesWhatTheMachineDecided(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		ctx := t.Context()
		s := newSiteOn(t, scratch, mfa(userflow.MFAConditional, "softwareOath"))
		s.settings(neverStay)
		u, bob, carol := s.user(anna), s.user("bob@example.com"), s.user("carol@example.com")
		secret := s.enrolledInApp(anna)
		s.publish(mfa(userflow.MFAConditional, "softwareOath"))
		before := len(s.records())
		s.policy("Second factor", demands("OR", "mfa"), func(p *policy.Policy) { p.Conditions.Users.ExcludeUsers = []string{bob.ID} })
		s.policy("Not Bob", demands("OR", "block"), func(p *policy.Policy) { p.Conditions.Users = policy.Users{IncludeUsers: []string{bob.ID}} })
		s.policy("Watched block", demands("OR", "block"), watched, func(p *policy.Policy) { p.Conditions.Users = policy.Users{IncludeUsers: []string{u.ID}} })
		s.policy("Watched factor", demands("OR", "mfa"), watched)
		s.policy("Off", demands("OR", "block"), func(p *policy.Policy) { p.State = policy.Off })
		rules := modelstest.Must(s.tenant.Rules(ctx))(t)

		open := func(email string) *browser {
			s.clock.Advance(time.Minute)
			return s.browser().start(request{}).fill("email", email, "password", goodPassword)
		}
		confirm := func(b *browser) *browser { b.fill("code", codeAt(secret, s.clock.Now())).signedIn(); return b }
		held := confirm(open(anna).at(signin.Challenge))
		for range 3 {
			confirm(open(anna).at(signin.Challenge))
			open("bob@example.com").at(signin.Blocked)
		}
		for range 2 { // single sign-on
			s.clock.Advance(time.Minute)
			held.start(request{}).signedIn()
			held.start(request{Prompt: []string{"none"}}).signedIn()
		}
		b := open("carol@example.com").at(signin.Enrol) // whoever has none registers one
		b.fill("code", codeAt(totpSecret(t, b.page), s.clock.Now())).at(signin.Recover).fill().signedIn()
		open(anna).at(signin.Challenge).fill("code", "000000").at(signin.Challenge) // and some leave it at that
		s.clock.Advance(2 * time.Hour)
		modelstest.Must(s.store.ExpireAttempts(ctx, 100))(t)
		for _, r := range []struct {
			user    string
			methods []string
			mfa     time.Time
		}{{u.ID, []string{"password", "totp"}, s.clock.Now()}, {bob.ID, []string{"password"}, time.Time{}}, {carol.ID, []string{"password"}, time.Time{}}} {
			now := s.clock.Now()
			a := modelstest.Must(s.hosted.Gate().Refresh(ctx, policy.Request{TenantID: s.tenant.ID, UserID: r.user, ClientID: s.app.ClientID,
				Inputs: record.Inputs{Methods: r.methods, AuthTime: now.Add(-time.Minute), MFATime: r.mfa}}))(t)
			result := record.Success
			if a.Block || len(a.Unmet) > 0 {
				result = record.Failure
			}
			e := record.SignIn{ID: models.NewID(), Kind: record.NonInteractive, Protocol: "refresh", StartedAt: now, EndedAt: now, App: record.Party{ID: s.app.ClientID},
				User: record.Party{ID: r.user}, Inputs: a.Inputs, Policies: a.Policies, Outcome: record.Outcome{Result: result}}
			if err := s.tenant.RecordSignIn(ctx, e); err != nil {
				t.Fatal(err)
			}
		}

		set, asked, said := rules.Compile(), 0, map[string]int{}
		interruptible := func(r record.SignIn) bool { // written down while the person could still go on
			return r.Outcome.Result != record.Success && r.Outcome.Step != string(signin.Blocked) && r.Protocol != "refresh"
		}
		for _, r := range s.records()[before:] {
			q, ok := policy.RequestOf(r)
			if !ok {
				continue
			}
			asked++
			if got := set.Trace(set.Evaluate(q), policy.ShownOf(q.Inputs), !interruptible(r)); !reflect.DeepEqual(got, r.Policies) {
				t.Errorf("%s %s at %s: recorded %+v, asked again %+v", r.Protocol, r.Outcome.Result, r.Outcome.Step, r.Policies, got)
			}
			for _, p := range r.Policies {
				said[p.Result]++
			}
		}
		for _, want := range []string{policy.Success, policy.Failure, policy.Interrupted, policy.NotApplied, policy.NotEnabled, policy.ReportOnlyFailure, policy.ReportOnlySuccess,
			policy.ReportOnlyInterrupted, policy.ReportOnlyNotApplied} {
			if said[want] == 0 {
				t.Errorf("no policy said %s: %v", want, said)
			}
		}
		replay := func(draft policy.Rules) policy.Report {
			t.Helper()
			s.clock.Advance(time.Second)
			r := modelstest.Must(s.tenant.StartReplay(ctx, modelstest.Actor(), models.ReplayDraft{Name: "Again", Days: 1, Present: rules, Draft: draft}))(t)
			if err := s.tenant.StepReplay(ctx, r.ID, 0); err != nil {
				t.Fatal(err)
			}
			return modelstest.Must(s.tenant.Replay(ctx, r.ID))(t).Report
		}
		same := replay(rules)
		if asked < 15 || same.SignIns[policy.Same] != same.Asked || same.Asked < int64(asked) {
			t.Errorf("the same policies again, of %d: %+v", asked, same)
		}
		draft := rules
		draft.Policies = slices.Clone(rules.Policies)
		for i := range draft.Policies {
			if draft.Policies[i].State == policy.ReportOnly {
				draft.Policies[i].State = policy.On
			}
		}
		if r := replay(draft); r.SignIns[policy.Blocked] < int64(said[policy.ReportOnlyFailure]) {
			t.Errorf("switched on, %d were to be blocked: %+v", said[policy.ReportOnlyFailure], r.SignIns)
		}
	})
}
