package models_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"portico/app/account"
	"portico/app/risk"
	"portico/models"
	"portico/models/modelstest"
)

// TestWhoIsAtRiskIsToldOnce walks R 16.4 row 9: at the threshold, again after a newer detection, never because an
// older sign-in is rated anew, and one mail in five seconds.
func TestWhoIsAtRiskIsToldOnce(t *testing.T) {
	eachRiskWorld(t, func(w *riskWorld) {
		told := func(want int, why string) []models.PersonAtRisk {
			w.Helper()
			var got []models.PersonAtRisk
			must(w.T, w.tn.TellAtRisk(w.Context(), risk.High, func(_ *models.Tenant, people []models.PersonAtRisk) error { got = people; return nil }))
			if len(got) != want {
				w.Errorf("%s: told of %+v", why, got)
			}
			return got
		}
		add := func(userID, kind, level string, at time.Time) {
			w.Helper()
			modelstest.Must(w.tn.AddDetection(w.Context(), modelstest.Actor(), models.Detection{UserID: userID, Type: kind, Level: level, ActivityAt: at, Timing: risk.Offline, Activity: models.ActivityUser}))(w.T)
			w.Clock.Advance(time.Second)
		}
		bob := modelstest.MustUser(w.T, w.tn, "bob@example.com")

		w.signIn(nil, found("newCountry", "medium"))
		w.Clock.Advance(time.Second)
		told(0, "below the threshold")
		before := w.Now().Add(-time.Hour)
		add(w.ann.ID, models.UserReported, "high", w.Now())
		if p := told(1, "it is reached"); len(p) == 1 && (p[0].Address != "ann@example.com" || p[0].Level != "high" || len(p[0].Types) != 1) {
			w.Errorf("%+v", p)
		}
		told(0, "nobody is told twice")
		w.Clock.Advance(time.Second)
		add(w.ann.ID, "passwordSpray", "high", w.Now())
		add(bob.ID, models.AdminConfirmed, "high", w.Now())
		told(0, "less than five seconds after the last mail")
		w.Clock.Advance(models.RiskMailGap)
		told(2, "a newer detection, and somebody else, in one mail")
		w.Clock.Advance(time.Minute)
		add(w.ann.ID, "unlikelyTravel", "high", before)
		w.Clock.Advance(time.Minute)
		told(0, "an older sign-in is rated anew")
		add(bob.ID, "unlikelyTravel", "high", w.Now())
		must(w.T, w.tn.DismissRisk(w.Context(), modelstest.Actor(), []string{bob.ID}))
		told(0, "it was dismissed before anybody was told")
	})
}

// TestOneMailFromManyInstances: whoever is first tells, the others find nothing to tell.
func TestOneMailFromManyInstances(t *testing.T) {
	eachRiskWorld(t, func(w *riskWorld) {
		modelstest.Must(w.tn.AddDetection(w.Context(), modelstest.Actor(), models.Detection{UserID: w.ann.ID, Type: models.UserReported, Level: "high", Timing: risk.Offline, Activity: models.ActivityUser}))(w.T)
		var mails, digests atomic.Int64
		var all sync.WaitGroup
		day := w.Now().UTC().Weekday()
		for range 8 {
			all.Go(func() {
				if err := w.tn.TellAtRisk(w.Context(), risk.High, func(*models.Tenant, []models.PersonAtRisk) error { mails.Add(1); return nil }); err != nil {
					w.Error(err)
				}
				if err := w.tn.TellWeek(w.Context(), day, time.Time{}, func(*models.Tenant, models.RiskWeek) error { digests.Add(1); return nil }); err != nil {
					w.Error(err)
				}
			})
		}
		all.Wait()
		if mails.Load() != 1 || digests.Load() > 1 {
			w.Errorf("%d mails, %d digests", mails.Load(), digests.Load())
		}
	})
}

// TestTheWeekIsToldOnItsDay: once, from seven in the morning, of the seven days before.
func TestTheWeekIsToldOnItsDay(t *testing.T) {
	eachRiskWorld(t, func(w *riskWorld) {
		for w.Now().UTC().Weekday() != time.Wednesday || w.Now().UTC().Hour() != 12 {
			w.Clock.Advance(time.Hour)
		}
		modelstest.Must(w.tn.AddDetection(w.Context(), modelstest.Actor(), models.Detection{UserID: w.ann.ID, Type: models.UserReported, Level: "high", Timing: risk.Offline, Activity: models.ActivityUser}))(w.T)
		var weeks []models.RiskWeek
		step := func(d time.Duration, want int, why string) {
			w.Helper()
			w.Clock.Advance(d)
			must(w.T, w.tn.TellWeek(w.Context(), time.Friday, time.Time{}, func(_ *models.Tenant, r models.RiskWeek) error { weeks = append(weeks, r); return nil }))
			if len(weeks) != want {
				w.Fatalf("%s: %d", why, len(weeks))
			}
		}
		step(0, 0, "Wednesday")
		step(42*time.Hour, 0, "Friday at six")
		step(time.Hour, 1, "Friday at seven")
		step(time.Hour, 1, "once")
		step(7*24*time.Hour, 2, "a week later")
		if p := weeks[0].People; p["high"] != 1 || len(weeks[1].People) != 0 {
			w.Errorf("%+v", weeks)
		}
	})
}

// TestTheNumbersOfTheOverview: who is at risk, and by what it ended.
func TestTheNumbersOfTheOverview(t *testing.T) {
	eachRiskWorld(t, func(w *riskWorld) {
		begun := w.Now()
		w.signIn(nil, found("newCountry", "medium"))
		p := modelstest.Must(w.tn.PeopleAtRisk(w.Context()))(w.T)
		if p["medium"].Count != 1 || !p["medium"].Since.Equal(begun) || p["high"].Count != 0 {
			w.Errorf("%+v", p)
		}
		w.Clock.Advance(time.Minute)
		must(w.T, w.tn.DismissRisk(w.Context(), modelstest.Actor(), []string{w.ann.ID}))
		if p := modelstest.Must(w.tn.PeopleAtRisk(w.Context()))(w.T); p["medium"].Count != 0 {
			w.Errorf("%+v", p)
		}
		if e := modelstest.Must(w.tn.RiskEndings(w.Context(), begun))(w.T); len(e) != 1 || e[0].State != models.RiskDismissed || e[0].Count != 1 {
			w.Errorf("%+v", e)
		}
		none, of, err := w.tn.WithoutSecondFactor(w.Context())
		must(w.T, err)
		if none > of {
			w.Errorf("%d of %d", none, of)
		}
		// A proven address is a second factor of whoever has a password, and of nobody else.
		for n, u := range []struct{ password, proven, none bool }{{true, true, false}, {true, false, true}, {false, true, true}} {
			hash := ""
			if u.password {
				hash = "$argon2id$x"
			}
			_, err := w.tn.CreateUser(w.Context(), modelstest.Actor(), models.User{Account: account.Account{DisplayName: "x", Enabled: true, Mail: fmt.Sprintf("x%d@example.com", n), MailVerified: u.proven}, LastSignInAt: w.Now()}, hash)
			must(w.T, err)
			more, all, err := w.tn.WithoutSecondFactor(w.Context())
			must(w.T, err)
			if all != of+1 || (more == none+1) != u.none {
				w.Errorf("%+v: %d of %d, before %d of %d", u, more, all, none, of)
			}
			none, of = more, all
		}
	})
}
