package models_test

import (
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"portico/app/fault"
	"portico/app/record"
	"portico/app/risk"
	"portico/models"
	"portico/models/modelstest"
)

func wrongPassword(r *record.SignIn) {
	r.Outcome = record.Outcome{Result: record.Failure, Code: 50126}
	r.Proofs = []record.Proof{{Method: "password", At: r.EndedAt, Reason: "wrong"}}
}

// all folds until nothing is left.
func (w *riskWorld) fold(tn *models.Tenant) int {
	w.Helper()
	total := 0
	for {
		n := modelstest.Must(tn.FoldRisk(w.Context()))(w.T)
		if total += n; n == 0 {
			return total
		}
	}
}

// everyone is how many sign-ins were counted, and how many failures.
func (w *riskWorld) everyone() (all, failures float64) {
	w.Helper()
	h := modelstest.Must(w.tn.RiskHistory(w.Context(), w.ann.ID, record.Signals{}, w.Now()))(w.T)
	for k, c := range h.Everyone {
		if k.Value == "" && k.Feature == "" {
			all = c.Now(w.Now())
		}
		if k.Value == "" && k.Feature == "!" {
			failures = c.Now(w.Now())
		}
	}
	return all, failures
}

func (w *riskWorld) source() risk.Source {
	w.Helper()
	return modelstest.Must(w.tn.RiskHistory(w.Context(), w.ann.ID, record.Signals{IP: netip.MustParseAddr("192.0.2.1")}, w.Now()))(w.T).Source
}

func TestEverySignInIsCountedOnce(t *testing.T) {
	eachRiskWorld(t, func(w *riskWorld) {
		counted := func(what string, all, failures int) {
			t.Helper()
			if a, f := w.everyone(); int(a+.5) != all || int(f+.5) != failures {
				t.Errorf("%s: %.2f sign-ins and %.2f failures, want %d and %d", what, a, f, all, failures)
			}
		}
		settle := func() { w.Clock.Advance(10 * time.Second) }
		for range 3 {
			w.signIn(nil)
		}
		for i := range 12 {
			w.signIn(func(r *record.SignIn) {
				wrongPassword(r)
				if i >= 4 {
					r.User, r.Identifier = record.Party{}, fmt.Sprintf("nobody%d@example.com", i)
				}
			})
		}
		if w.fold(w.tn); w.source().Attempts != 0 {
			t.Error("what may still be added to is counted")
		}
		settle()
		// Two instances at once, several times over.
		var wg sync.WaitGroup
		for _, s := range []*models.Store{w.Store, w.Again(t)} {
			for range 3 {
				wg.Go(func() {
					if _, err := s.Tenant(w.tn.ID).FoldRisk(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
		}
		wg.Wait()
		w.fold(w.tn)
		counted("two instances", 3, 12)
		s := w.source()
		if s.Attempts != 15 || s.Failures != 12 || s.Successes != 3 || s.Accounts != 1 || s.Unknown != 8 {
			t.Errorf("%+v", s)
		}

		// Not what an admin tries, what a policy refused, or what an attacker did.
		w.signIn(func(r *record.SignIn) { r.Test = true })
		w.signIn(func(r *record.SignIn) { r.Outcome = record.Outcome{Result: record.Failure, Code: 53003} })
		w.signIn(nil, found("newCountry", "high"))
		w.signIn(func(r *record.SignIn) { r.Kind = record.NonInteractive })
		settle()
		w.fold(w.tn)
		counted("what does not count", 3, 12)

		// An entry of long ago, and one more wrong guess of an attempt that was counted.
		guess := w.signIn(wrongPassword)
		settle()
		w.fold(w.tn)
		counted("a guess", 3, 13)
		w.signIn(func(r *record.SignIn) { r.EndedAt = r.EndedAt.Add(-time.Minute) })
		again := func(r *record.SignIn) { wrongPassword(r); r.ID = guess }
		before := w.source().Failures
		w.signIn(again)
		counted("what came late", 4, 13)
		if n := w.source().Failures - before; n != 1 {
			t.Errorf("one more guess counts %d", n)
		}
		settle()
		w.fold(w.tn)
		counted("what came late, and the job", 4, 13)

		days := map[string]int64{}
		for _, d := range modelstest.Must(w.tn.RiskDays(t.Context(), w.Now().AddDate(0, 0, -1), w.Now()))(t) {
			days[d.Kind+" "+d.Value] += d.Count
		}
		for what, n := range map[string]int64{"signIns success": 5, "signIns failure": 14, "level high": 1, "type newCountry": 1, "detected high": 1} {
			if days[what] != n {
				t.Errorf("%s: %d, want %d (%v)", what, days[what], n, days)
			}
		}
	})
}

// Three instances whose clocks are five minutes apart write and count in turns: whatever the order, each entry counts
// once.
func TestClocksApartCountEachSignInOnce(t *testing.T) {
	eachRiskWorld(t, func(w *riskWorld) {
		skews := []time.Duration{0, 5 * time.Minute, -5 * time.Minute}
		by := func(i int) *models.Tenant { return w.tn.At(w.Now().Add(skews[i%len(skews)])) }
		written := 0
		write := func(tn *models.Tenant) {
			at := tn.Now()
			r := record.SignIn{ID: models.NewID(), CorrelationID: "c", Kind: record.Interactive, StartedAt: at, EndedAt: at, User: record.Party{ID: w.ann.ID},
				Outcome: record.Outcome{Result: record.Success}, RiskLevel: risk.None, Signals: record.Signals{IP: netip.MustParseAddr("192.0.2.1"), Country: "DE"}}
			must(t, tn.RecordSignIn(t.Context(), r))
			written++
		}
		for round := range 40 {
			for i := range skews {
				write(by(i + round))
				w.Clock.Advance(time.Duration(round%7) * time.Second)
			}
			w.fold(by(round * 2))
			w.fold(by(round / 3))
		}
		w.Clock.Advance(20 * time.Minute)
		w.fold(w.tn)
		if n := w.source().Attempts; n != written {
			t.Errorf("%d of %d sign-ins are counted", n, written)
		}
		days := int64(0)
		for _, d := range modelstest.Must(w.tn.RiskDays(t.Context(), w.Now().AddDate(0, 0, -1), w.Now()))(t) {
			if d.Kind == models.DaySignIns {
				days += d.Count
			}
		}
		if days != int64(written) {
			t.Errorf("the days say %d of %d", days, written)
		}
	})
}

func TestWhatSaysNothingAnyMoreIsForgotten(t *testing.T) {
	eachRiskWorld(t, func(w *riskWorld) {
		ctx := t.Context()
		w.signIn(wrongPassword)
		for range 20 {
			w.signIn(func(r *record.SignIn) { r.Signals.Country = "DE" })
		}
		w.signIn(func(r *record.SignIn) { r.Signals.Country = "IS" })
		w.Clock.Advance(10 * time.Second)
		w.fold(w.tn)
		knows := func(country string) bool {
			h := modelstest.Must(w.tn.RiskHistory(ctx, w.ann.ID, record.Signals{Country: country}, w.Now()))(t)
			return h.Everyone[risk.Key{Feature: risk.FeatureCountry, Value: country}].N > 0
		}
		must(t, w.tn.PruneRisk(ctx))
		if !knows("IS") || !knows("DE") || w.source().Failures != 1 {
			t.Error("forgotten too early")
		}
		w.Clock.Advance(200 * 24 * time.Hour)
		must(t, w.tn.PruneRisk(ctx))
		if knows("IS") || !knows("DE") {
			t.Errorf("after 200 days: a country seen once is known: %v, one seen often: %v", knows("IS"), knows("DE"))
		}
	})
}

// R 16.4.6, R 6.13: low ones age out, medium ones stay, and what is closed is kept for its time.
func TestDetectionsAge(t *testing.T) {
	eachRiskWorld(t, func(w *riskWorld) {
		ctx := t.Context()
		id := w.signIn(nil, found("unfamiliarFeatures", "low"))
		w.Clock.Advance(time.Second)
		bob := modelstest.MustUser(t, w.tn, "bob@example.com")
		w.signIn(func(r *record.SignIn) { r.User.ID = bob.ID }, found("newCountry", "medium"))
		w.signIn(func(r *record.SignIn) { passedMFA(true)(r); r.User.ID = bob.ID; r.Signals.IP = netip.Addr{} }, found("newCountry", "medium"))
		tidy := func() (aged, purged int) {
			return modelstest.Must(w.tn.AgeDetections(ctx, 10))(t), modelstest.Must(w.tn.PurgeDetections(ctx, w.Now().AddDate(0, 0, -365), 10))(t)
		}
		for _, c := range []struct {
			days, aged, purged, left int
		}{{179, 0, 0, 3}, {2, 1, 0, 2}, {180, 0, 0, 2}, {10, 0, 1, 1}, {4000, 0, 0, 1}} {
			w.Clock.Advance(time.Duration(c.days) * 24 * time.Hour)
			aged, purged := tidy()
			left := modelstest.Must(w.tn.CountDetections(ctx, models.DetectionQuery{}, 10))(t)
			if aged != c.aged || purged != c.purged || left != c.left {
				t.Errorf("%d days later: %d aged, %d purged, %d left, want %d, %d, %d", c.days, aged, purged, left, c.aged, c.purged, c.left)
			}
		}
		w.of(id, "none - - unfamiliarFeatures")
		w.person("- - -")
		if r := modelstest.Must(w.tn.User(ctx, bob.ID))(t).Risk; r.Level != "medium" {
			t.Errorf("%+v", r)
		}
	})
}

func TestWhatIsKnownOfAPersonGoesWithThem(t *testing.T) {
	eachRiskWorld(t, func(w *riskWorld) {
		ctx, actor := t.Context(), modelstest.Actor()
		id := w.signIn(nil, found("newCountry", "medium"))
		w.signIn(nil)
		must(t, w.tn.ConfirmSignInCompromised(ctx, actor, []string{id}))
		must(t, w.tn.DeleteUser(ctx, actor, w.ann.ID))
		must(t, w.tn.PurgeUser(ctx, actor, w.ann.ID))
		w.detections()
		h := modelstest.Must(w.tn.RiskHistory(ctx, w.ann.ID, record.Signals{}, w.Now()))(t)
		events := modelstest.Must(w.tn.RiskHistoryOf(ctx, w.ann.ID, "", 10))(t)
		undo := modelstest.Must(w.tn.UndoableRisk(ctx, []string{id}))(t)
		if h.Person.Times != 0 || len(events.Items) != 0 || len(undo) != 0 {
			t.Errorf("%+v %+v %+v", h.Person, events, undo)
		}
		if err := w.tn.DismissRisk(ctx, actor, []string{w.ann.ID}); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
		must(t, w.tn.DismissSignInRisk(ctx, actor, []string{id})) // the log still has it
	})
}
