package models_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"portico/app/fault"
	"portico/app/policy"
	"portico/app/record"
	"portico/models"
	"portico/models/modelstest"
)

// everybody is a policy about everybody and every app.
func everybody(id string, controls ...string) policy.Policy {
	return policy.Policy{ID: id, Name: id, State: policy.On, Conditions: policy.Conditions{Users: policy.Users{IncludeUsers: []string{policy.All}},
		Applications: policy.Applications{IncludeApplications: []string{policy.All}}}, GrantControls: &policy.GrantControls{Operator: "AND", BuiltInControls: controls}}
}

// history records sign-ins of some people over ten days under some rules, and gives how many there were.
func history(t testing.TB, tn *models.Tenant, rules policy.Rules, n int) {
	t.Helper()
	r, set := rand.New(rand.NewPCG(7, 8)), rules.Compile()
	var list []record.SignIn
	for i := range n {
		at := tn.Now().Add(-time.Duration(i+1) * 10 * 24 * time.Hour / time.Duration(n+1)).Truncate(time.Microsecond)
		in := record.Inputs{ClientApp: "browser", SignInRisk: "none", UserRisk: "none", Switch: "conditional", Kinds: []string{"totp"}, Methods: []string{"password"}, AuthTime: at}
		if r.IntN(2) == 0 {
			in.Enrolled = []string{"totp"}
		}
		s := record.SignIn{ID: models.NewID(), TenantID: tn.ID, Kind: record.Interactive, Protocol: "openid", StartedAt: at.Add(-time.Minute), EndedAt: at,
			User: record.Party{ID: fmt.Sprint("user-", i%7)}, App: record.Party{ID: fmt.Sprint("app-", i%3)}, Inputs: &in, Outcome: record.Outcome{Result: record.Success}}
		s.Signals.Country, s.Signals.Platform = []string{"DE", "FR", ""}[r.IntN(3)], []string{"iOS", "windows"}[r.IntN(2)]
		q, _ := policy.RequestOf(s)
		s.Policies = set.Trace(set.Evaluate(q), policy.ShownOf(in), true)
		list = append(list, s)
	}
	if _, err := tn.ImportSignIns(t.Context(), list); err != nil {
		t.Fatal(err)
	}
}

func TestReplay(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn := modelstest.MustTenant(t, s.Store, "shop")
		present := policy.Rules{Policies: []policy.Policy{everybody("p1", policy.ControlMFA)}}
		present.Policies[0].Conditions.Applications.IncludeApplications = []string{"app-0"}
		history(t, tn, present, 300)
		for _, old := range []record.SignIn{{Outcome: record.Outcome{Result: record.Success}, Kind: record.Interactive}, {Outcome: record.Outcome{Result: record.Failure}}, {Outcome: record.Outcome{Result: record.Success}, Kind: record.Service}} {
			old.StartedAt, old.EndedAt = s.Now().Add(-time.Hour), s.Now().Add(-time.Hour)
			if err := tn.RecordSignIn(ctx, old); err != nil {
				t.Fatal(err)
			}
		}
		start := func(days int, draft policy.Rules) models.Replay {
			t.Helper()
			r, err := tn.StartReplay(ctx, actor, models.ReplayDraft{Name: "Try", Days: days, Present: present, Draft: draft})
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		ended := func(id string) models.Replay {
			t.Helper()
			if err := s.RunReplays(ctx, 0); err != nil {
				t.Fatal(err)
			}
			r, err := tn.Replay(ctx, id)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}

		// The same rules again make no difference, in any sign-in.
		same := ended(start(30, present).ID)
		if same.State != models.ReplayDone || same.Report.Asked != 300 || same.Report.Unasked != 1 || same.Report.SignIns[policy.Same] != 300 || same.Percent() != 100 {
			t.Errorf("unchanged: %+v", same)
		}
		// And each of them says again what it said.
		set := present.Compile()
		err := tn.EachSignIn(ctx, models.SignInQuery{}, func(r record.SignIn) error {
			q, asked := policy.RequestOf(r)
			if asked && !reflect.DeepEqual(set.Trace(set.Evaluate(q), policy.ShownOf(q.Inputs), true), r.Policies) {
				t.Errorf("%s is not reproduced", r.ID)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}

		// A policy about another app challenges its people, all seven of them.
		draft := models.WithPolicy(present, everybody("p2", policy.ControlMFA))
		more := ended(start(30, draft).ID)
		if r := more.Report; r.SignIns[policy.Challenged] != 200 || r.SignIns[policy.Same] != 100 || r.People[policy.Challenged] != 7 || len(r.Apps) != 3 ||
			r.Apps[2].Changed() != 0 || r.Apps[0].SignIns[policy.Challenged] != 100 || len(r.Samples[policy.Challenged]) != 7 {
			t.Errorf("more: %+v", r)
		}
		// Without it, those of the first app are asked no more: none of them had shown one, so they were stopped there.
		if r := ended(start(30, policy.Rules{}).ID).Report; r.SignIns[policy.Freed] != 100 {
			t.Errorf("less: %+v", r.SignIns)
		}
		if r := ended(start(2, draft).ID).Report; r.Asked != 60 {
			t.Errorf("two days: %d", r.Asked)
		}

		// Work in pieces, by two instances in turn, adds up to the same. Who was overtaken writes nothing down.
		ticking := func() *models.Tenant { // each look at the clock takes a moment, so that a step is one page
			store := modelstest.Must(models.Open(s.DSN, modelstest.Sealer(t), func() time.Time { s.Clock.Advance(time.Microsecond); return s.Clock.Now() }))(t)
			t.Cleanup(func() { _ = store.Close() })
			store.ReadLogBy(50)
			return store.Tenant(tn.ID)
		}
		workers := []*models.Tenant{ticking(), ticking()}
		pieces, steps := start(30, draft), 0
		for got := pieces; got.Open(); steps++ {
			if steps > 10 {
				t.Fatalf("it does not end: %+v", got)
			}
			held, err := workers[steps%2].HoldReplay(ctx, pieces.ID)
			if err == nil {
				err = workers[(steps+1)%2].StepReplay(ctx, pieces.ID, time.Nanosecond)
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := held(); !errors.Is(err, models.ErrReplayTaken) {
				t.Fatalf("a worker that was overtaken: %v", err)
			}
			if got, err = tn.Replay(ctx, pieces.ID); err != nil {
				t.Fatal(err)
			}
			if got.Open() && got.Read != int64(50*(steps+1)) {
				t.Fatalf("after %d steps %d entries were read", steps+1, got.Read)
			}
		}
		if got := ended(pieces.ID); steps != 7 || got.State != models.ReplayDone || !reflect.DeepEqual(got.Report.SignIns, more.Report.SignIns) ||
			!reflect.DeepEqual(got.Report.People, more.Report.People) || got.Read != more.Read {
			t.Errorf("%d pieces: %+v", steps, got)
		}

		// A list has the sums, and neither rules nor people.
		list, err := tn.Replays(ctx, 10)
		if err != nil || len(list) != 5 {
			t.Fatal(len(list), err)
		}
		if l := list[0]; l.ID != pieces.ID || l.Draft.Name != "Try" || l.Draft.Days != 30 || l.Draft.From.IsZero() || l.Report.SignIns[policy.Challenged] != 200 || l.Percent() != 100 ||
			len(l.Draft.Present.Policies)+len(l.Draft.Draft.Policies)+len(l.Report.Apps)+len(l.Report.Places)+len(l.Report.Systems)+len(l.Report.Samples) > 0 {
			t.Errorf("in a list: %+v", l)
		}

		// One that is cancelled stays as it is.
		gone := start(30, draft)
		if err := tn.CancelReplay(ctx, actor, gone.ID); err != nil {
			t.Fatal(err)
		}
		if got := ended(gone.ID); got.State != models.ReplayCancelled || got.Report.Asked != 0 {
			t.Errorf("cancelled: %+v", got)
		}
		if err := tn.CancelReplay(ctx, actor, gone.ID); !fault.Is(err, fault.Conflict) {
			t.Errorf("cancelled twice: %v", err)
		}

		a, err := tn.Affected(ctx, present, models.WithPolicy(present, everybody("p3", policy.ControlBlock)))
		if err != nil || a.Blocked != 7 || !a.Whole || a.SignIns != 300 {
			t.Errorf("affected %+v %v", a, err)
		}
		if a, err := tn.Affected(ctx, present, present); err != nil || a.SignIns != 0 || a.Blocked != 0 {
			t.Errorf("nobody is affected by nothing: %+v %v", a, err)
		}
		for _, days := range []int{0, 91, -1} {
			if _, err := tn.StartReplay(ctx, actor, models.ReplayDraft{Days: days}); !fault.Is(err, fault.Invalid) {
				t.Errorf("%d days: %v", days, err)
			}
		}
		if list, err := tn.Replays(ctx, 1); err != nil || len(list) != 1 || list[0].State != models.ReplayCancelled {
			t.Errorf("one without a report, in a list: %+v %v", list, err)
		}
		begun := make(chan error, 12)
		for range cap(begun) {
			go func() {
				_, err := tn.StartReplay(ctx, actor, models.ReplayDraft{Name: "Try", Days: 1, Present: present, Draft: draft})
				begun <- err
			}()
		}
		refused := 0
		for range cap(begun) {
			if err := <-begun; fault.Is(err, fault.Conflict) {
				refused++
			} else if err != nil {
				t.Fatal(err)
			}
		}
		if refused != 12-5 {
			t.Errorf("twelve at once: %d are refused", refused)
		}
		if list, err := modelstest.MustTenant(t, s.Store, "").Replays(ctx, 10); err != nil || len(list) != 0 {
			t.Errorf("another tenant sees %d: %v", len(list), err)
		}
		s.Clock.Advance(40 * 24 * time.Hour)
		if err := tn.PurgeReplays(ctx); err != nil {
			t.Fatal(err)
		}
		if list, err := tn.Replays(ctx, 10); err != nil || len(list) != 0 {
			t.Errorf("%d reports are kept: %v", len(list), err)
		}
	})
}
