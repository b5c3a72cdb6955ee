package models_test

import (
	"bytes"
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

// Several admins, the person and the engine act on one person at once: each waits for the others, and none fails.
func TestWhatConcernsOnePersonAtOnce(t *testing.T) {
	eachRiskWorld(t, func(w *riskWorld) {
		ctx, actor := w.Context(), modelstest.Actor()
		bob := modelstest.MustUserWithPassword(t, w.tn, "bob@example.com", "$argon2id$x")
		both := func(r *record.SignIn) { r.User.ID = bob.ID }
		for round := range 20 {
			w.Clock.Advance(time.Minute)
			first := w.signIn(failed, found("newCountry", "medium"), found("unfamiliarFeatures", "low"))
			second := w.signIn(nil, found("atypicalTravel", "high"))
			his := w.signIn(both, found("atypicalTravel", "high"))
			his2 := w.signIn(both, found("newCountry", "high"))
			var wg sync.WaitGroup
			for what, do := range map[string]func() error{
				"safe":        func() error { return w.tn.ConfirmSignInSafe(ctx, actor, []string{first, his2}) },
				"compromised": func() error { return w.tn.ConfirmSignInCompromised(ctx, actor, []string{his, second}) },
				"person safe": func() error { return w.tn.ConfirmSafe(ctx, actor, []string{bob.ID, w.ann.ID}) },
				"dismissed":   func() error { return w.tn.DismissRisk(ctx, actor, []string{w.ann.ID, bob.ID}) },
				"remediated":  func() error { return w.tn.RemediateRisk(ctx, actor, w.ann.ID, models.RiskSetByOwner) },
				"undone": func() error {
					if err := w.tn.UndoRisk(ctx, actor, []string{second}); !fault.Is(err, fault.Conflict) {
						return err
					}
					return nil
				},
				"signed in": func() error {
					now := w.Now()
					return w.tn.RecordSignIn(ctx, record.SignIn{ID: models.NewID(), Kind: record.Interactive, StartedAt: now, EndedAt: now, User: record.Party{ID: w.ann.ID, Name: "Ann"},
						Outcome: record.Outcome{Result: record.Success}, RiskLevel: "medium", Risk: []record.Finding{found("newCountry", "medium")}, Notes: []string{"sign_in_risk_remediated"},
						Inputs: &record.Inputs{MFATime: now}, Signals: record.Signals{IP: netip.MustParseAddr("192.0.2.1"), UserAgent: "x"}})
				},
				"found": func() error {
					_, err := w.tn.AddDetection(ctx, actor, models.Detection{UserID: w.ann.ID, SignInID: first, Type: "newCountry", Level: "medium"})
					return err
				},
			} {
				wg.Go(func() {
					if err := do(); err != nil {
						t.Errorf("round %d, %s: %v", round, what, err)
					}
				})
			}
			wg.Wait()
		}
	})
}

// A clock moves while something is said: taking it back unlearns all the same, and not what came later.
func TestTakingBackUnlearnsWhileTheClockMoves(t *testing.T) {
	eachRiskWorld(t, func(w *riskWorld) {
		ctx, actor := w.Context(), modelstest.Actor()
		var mu sync.Mutex
		at := w.Now()
		sealer := modelstest.Must(models.NewSealer(bytes.Repeat([]byte{7}, 32), nil))(t)
		store := modelstest.Must(models.Open(w.DSN, sealer, func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			at = at.Add(time.Millisecond)
			return at
		}))(t)
		defer func() { _ = store.Close() }()
		w.tn = store.Tenant(w.tn.ID)
		knows := func(country string) bool {
			return modelstest.Must(w.tn.RiskHistory(ctx, w.ann.ID, record.Signals{}, at))(t).Person.KnowsCountry(country)
		}
		from := func(country string) func(*record.SignIn) {
			return func(r *record.SignIn) { r.Signals.Country = country }
		}
		for _, before := range []bool{false, true} {
			if before {
				w.signIn(from("DE"))
			}
			strange := w.signIn(from("NL"), found("newCountry", "high"))
			must(t, w.tn.ConfirmSignInSafe(ctx, actor, []string{strange}))
			if !knows("NL") {
				t.Fatal("a sign-in that was said to be safe taught nothing")
			}
			must(t, w.tn.UndoRisk(ctx, actor, []string{strange}))
			if knows("NL") || knows("DE") != before {
				t.Errorf("known before: %v; after it was taken back: NL %v, DE %v", before, knows("NL"), knows("DE"))
			}
		}
		strange := w.signIn(from("NL"), found("newCountry", "high"))
		must(t, w.tn.ConfirmSignInSafe(ctx, actor, []string{strange}))
		w.signIn(from("FR"))
		must(t, w.tn.UndoRisk(ctx, actor, []string{strange}))
		if !knows("FR") {
			t.Error("what was learnt since is forgotten")
		}
	})
}

// Whoever has stolen a token renews it from anywhere: that is not usual for the person.
func TestRenewalsTeachNothingNew(t *testing.T) {
	eachRiskWorld(t, func(w *riskWorld) {
		person := func() risk.Person {
			return modelstest.Must(w.tn.RiskHistory(w.Context(), w.ann.ID, record.Signals{}, w.Now()))(t).Person
		}
		at := func(asn uint, country string, kind record.Kind) {
			w.Clock.Advance(24 * time.Hour)
			w.signIn(func(r *record.SignIn) { r.Signals.ASN, r.Signals.Country, r.Kind = asn, country, kind })
		}
		at(64500, "DE", record.Interactive)
		for range 10 {
			at(64666, "NL", record.NonInteractive)
		}
		if p := person(); p.KnowsCountry("NL") || p.Times != 1 || len(p.Visits) != 1 || w.Now().Sub(p.Last) < 9*24*time.Hour {
			t.Errorf("%d sign-ins, %v, last %s", p.Times, p.Visits, p.Last)
		}
		at(64500, "DE", record.NonInteractive)
		if p := person(); !p.Last.Equal(w.Now()) || p.Times != 1 {
			t.Errorf("where the person is known: %d sign-ins, last %s", p.Times, p.Last)
		}
	})
}

// A clock that ran ahead of the others must not stop the counting until real time catches up.
func TestAClockThatRanAhead(t *testing.T) {
	eachRiskWorld(t, func(w *riskWorld) {
		w.signIn(nil)
		w.Clock.Advance(10 * 24 * time.Hour)
		w.fold(w.tn)
		w.signIn(nil)
		w.Clock.Advance(time.Minute)
		w.fold(w.tn) // the cursor is there now
		w.Clock.Advance(-9 * 24 * time.Hour)
		before, _ := w.everyone()
		w.signIn(nil) // another instance, whose clock is right, while the job still runs by the other clock
		if after, _ := w.everyone(); int(after-before+.5) != 1 {
			t.Errorf("behind the cursor: %.2f before, %.2f after", before, after)
		}
		w.fold(w.tn) // by the right clock
		w.signIn(nil)
		before, _ = w.everyone()
		w.Clock.Advance(time.Minute)
		w.fold(w.tn)
		if after, _ := w.everyone(); after-before < .5 {
			t.Errorf("after the cursor came back: %.2f before, %.2f after", before, after)
		}
	})
}
