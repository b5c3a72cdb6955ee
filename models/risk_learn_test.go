package models_test

import (
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/app/record"
	"portico/app/risk"
	"portico/models"
	"portico/models/modelstest"
)

// An installation with a log and without statistics learns what it would know, had it learnt while people signed in.
func TestAnUpgradeLearnsFromTheLog(t *testing.T) {
	eachRiskWorld(t, func(w *riskWorld) {
		ctx := t.Context()
		other := modelstest.MustTenant(t, w.Store, "")
		bob := modelstest.MustUser(t, w.tn, "bob@example.com")
		of := func(id string) func(*record.SignIn) {
			return func(r *record.SignIn) { r.User.ID = id }
		}
		stranger := func(r *record.SignIn) {
			r.Signals = record.Signals{IP: netip.MustParseAddr("203.0.113.66"), Country: "KP", City: "P", Region: "P", ASN: 64999, Browser: "Curl 8", OS: "Linux", DeviceType: "desktop", DeviceID: "thief"}
		}
		at := func(r *record.SignIn) {
			r.Signals.City, r.Signals.Region, r.Signals.ASN, r.Signals.DeviceID = "Kiel", "SH", 64500, "own"
		}
		for day := range 30 {
			w.signIn(func(r *record.SignIn) { at(r) })
			if day%3 == 0 {
				w.signIn(of(bob.ID))
			}
			w.signIn(wrongPassword)
			w.signIn(func(r *record.SignIn) { at(r); r.Session.Reused = true })
			if day == 20 { // got in before anybody assessed anything
				w.signIn(stranger, found("unfamiliarFeatures", "high"))
			}
			w.Clock.Advance(24 * time.Hour)
		}
		person := func(id string) risk.Person {
			return modelstest.Must(w.tn.RiskHistory(ctx, id, record.Signals{}, w.Now()))(t).Person
		}
		change := func(statements ...string) {
			t.Helper()
			db := raw(t, w.Scratch)
			for _, s := range statements {
				if _, err := db.ExecContext(ctx, s); err != nil {
					t.Fatal(err)
				}
			}
		}
		learn := func(s *models.Store) {
			for {
				if n := modelstest.Must(s.Tenant(w.tn.ID).LearnLog(ctx))(t); n == 0 {
					return
				}
			}
		}
		live, liveBob := person(w.ann.ID), person(bob.ID)
		w.fold(w.tn)
		same := func(what string, got, want risk.Person) {
			t.Helper()
			if got.Times != want.Times || !got.First.Equal(want.First) || !got.Last.Equal(want.Last) || got.KnowsCountry("KP") {
				t.Errorf("%s: %d sign-ins from %s to %s, want %d from %s to %s", what, got.Times, got.First, got.Last, want.Times, want.First, want.Last)
			}
			for _, f := range risk.Features() {
				byValue := func(x, y risk.Seen) int { return strings.Compare(x.Value, y.Value) }
				a, b := got.Usual(f), want.Usual(f)
				slices.SortFunc(a, byValue)
				slices.SortFunc(b, byValue)
				if len(a) != len(b) {
					t.Errorf("%s: %s is %v, want %v", what, f, a, b)
				}
				for i := range min(len(a), len(b)) {
					if a[i].Value != b[i].Value || math.Abs(a[i].N-b[i].N) > .01 {
						t.Errorf("%s: %s is %v, want %v", what, f, a[i], b[i])
					}
				}
			}
		}
		learn(w.Store)
		same("who is known already", person(w.ann.ID), live)

		change("DELETE FROM risk_people", "DELETE FROM risk_cursors WHERE reader = 'learn'", "UPDATE sign_ins SET risk_level = 'none', risk_state = '', risk_aggregate = ''",
			`UPDATE sign_ins SET record = REPLACE(REPLACE(record, '"riskLevel":"high"', '"riskLevel":"none"'), '"type":"unfamiliarFeatures","level":"high"', '"type":"unfamiliarFeatures","level":"low"')`)
		learn(w.Store)
		same("an upgrade", person(w.ann.ID), live)
		same("an upgrade, for somebody else", person(bob.ID), liveBob)
		learn(w.Again(t))
		change("DELETE FROM risk_cursors WHERE reader = 'learn'")
		learn(w.Again(t))
		same("once more", person(w.ann.ID), live)

		// Somebody signs in after the upgrade before the job comes to them.
		change("DELETE FROM risk_people", "DELETE FROM risk_cursors WHERE reader = 'learn'")
		w.signIn(func(r *record.SignIn) { at(r) })
		learn(w.Store)
		if p := person(w.ann.ID); p.Times != live.Times+1 || !p.First.Equal(live.First) {
			t.Errorf("%d sign-ins since %s", p.Times, p.First)
		}
		if n := modelstest.Must(other.LearnLog(ctx))(t); n != 0 {
			t.Errorf("another directory has %d people", n)
		}
	})
}
