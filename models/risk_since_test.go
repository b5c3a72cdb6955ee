package models_test

import (
	"testing"
	"time"

	"portico/app/record"
	"portico/models"
	"portico/models/modelstest"
)

func from(country, device string) func(*record.SignIn) {
	return func(r *record.SignIn) { r.Signals.Country, r.Signals.DeviceID = country, device }
}

// Somebody is at risk since the sign-in of the oldest medium or high detection that is open began.
func TestSinceWhenSomebodyIsAtRisk(t *testing.T) {
	eachRiskWorld(t, func(w *riskWorld) {
		ctx := t.Context()
		since := func() time.Time { return modelstest.Must(w.tn.RiskSince(ctx, w.ann.ID))(t) }
		w.signIn(nil, found("newCountry", "low"))
		if !since().IsZero() {
			t.Errorf("a low risk: since %s", since())
		}
		w.Clock.Advance(time.Hour)
		began := w.Now().Add(-10 * time.Minute)
		id := w.signIn(func(r *record.SignIn) { r.StartedAt = began }, found("unfamiliarFeatures", "high"))
		w.Clock.Advance(time.Hour)
		later := w.Now()
		w.signIn(nil, found("impossibleTravel", "medium"))
		if !since().Equal(began) {
			t.Errorf("since %s, want when the sign-in began, %s", since(), began)
		}
		must(t, w.tn.ConfirmSignInSafe(ctx, modelstest.Actor(), []string{id}))
		if !since().Equal(later) {
			t.Errorf("since %s, want %s", since(), later)
		}
		// A factor from since then changes nothing, although it was shown before this came to light.
		store := models.SignInStores{Store: w.Store}.SignIns(w.tn.ID)
		must(t, store.RemediateRisk(ctx, w.ann.ID, models.RiskSetByOwner, later, "", ""))
		w.person("medium atRisk -")
		must(t, store.RemediateRisk(ctx, w.ann.ID, models.RiskSetByOwner, later.Add(-time.Hour), "", ""))
		if !since().IsZero() {
			t.Errorf("put right, and at risk since %s", since())
		}
	})
}

// What an attacker taught is unlearnt once somebody says that it was one.
func TestWhatAnAttackerTaughtIsUnlearnt(t *testing.T) {
	eachRiskWorld(t, func(w *riskWorld) {
		ctx, actor := t.Context(), modelstest.Actor()
		knows := func(what, country string, want bool) {
			t.Helper()
			p := modelstest.Must(w.tn.RiskHistory(ctx, w.ann.ID, record.Signals{}, w.Now()))(t).Person
			if p.KnowsCountry(country) != want {
				t.Errorf("%s: %s is usual: %t", what, country, !want)
			}
			if !p.KnowsCountry("DE") {
				t.Errorf("%s: their own country is forgotten", what)
			}
		}
		for range 5 {
			w.signIn(from("DE", "own"))
			w.Clock.Advance(24 * time.Hour)
		}
		quiet := w.signIn(from("NL", "thief"))
		knows("a quiet one", "NL", true)
		must(t, w.tn.ConfirmSignInCompromised(ctx, actor, []string{quiet}))
		knows("compromised", "NL", false)
		undo := func(id string) {
			t.Helper()
			said := modelstest.Must(w.tn.UndoableRisk(ctx, []string{id}))(t)[id]
			must(t, w.tn.UndoRisk(ctx, actor, []models.RiskUndo{said}))
		}
		undo(quiet)
		knows("taken back", "NL", true)
		must(t, w.tn.ConfirmSignInCompromised(ctx, actor, []string{quiet}))
		w.signIn(from("DE", "own"))
		undo(quiet)
		knows("taken back after the owner came", "NL", true)

		strange := w.signIn(from("KP", "thief"), found("unfamiliarFeatures", "high"))
		knows("a strange one", "KP", false)
		must(t, w.tn.ConfirmSignInSafe(ctx, actor, []string{strange}))
		knows("said to be theirs by mistake", "KP", true)
		w.Clock.Advance(time.Hour)
		w.signIn(from("DE", "own"))
		undo(strange)
		knows("which is taken back", "KP", false)

		w.signIn(from("SE", "thief"))
		mine := w.signIn(from("FR", "own"), found("newCountry", "medium"))
		must(t, w.tn.ConfirmSignInSafe(ctx, actor, []string{mine}))
		other := w.signIn(from("SE", "thief"))
		if first := modelstest.Must(w.tn.ReportSignIn(ctx, actor, w.ann.ID, other))(t); !first {
			t.Fatal("not reported")
		}
		knows("another one of there", "SE", true)
		knows("theirs", "FR", true)
		must(t, w.tn.ConfirmSignInCompromised(ctx, actor, []string{quiet}))
		last := w.signIn(from("IT", "thief"))
		if _, err := w.tn.ReportSignIn(ctx, actor, w.ann.ID, last); err != nil {
			t.Fatal(err)
		}
		knows("not theirs", "IT", false)
		knows("nor that", "NL", false)
	})
}

// Behind one address many have the same browser: what was found with another device cookie stays open.
func TestAnotherDeviceIsNotTheSameBrowser(t *testing.T) {
	eachRiskWorld(t, func(w *riskWorld) {
		left := func(device string) string {
			return w.signIn(func(r *record.SignIn) {
				from("DE", device)(r)
				r.Outcome = record.Outcome{Result: record.Interrupted}
			}, found("unfamiliarFeatures", "medium"))
		}
		other, own, none := left("other"), left("own"), left("")
		w.Clock.Advance(time.Minute)
		w.signIn(func(r *record.SignIn) { from("DE", "own")(r); passedMFA(false)(r) })
		for id, want := range map[string]string{other: models.RiskAtRisk, own: models.RiskDismissed, none: models.RiskDismissed} {
			if d := modelstest.Must(w.tn.Detections(t.Context(), models.DetectionQuery{SignInID: id}))(t).Items; len(d) != 1 || d[0].State != want {
				t.Errorf("want %s: %+v", want, d)
			}
		}
		w.person("medium atRisk -")
	})
}
