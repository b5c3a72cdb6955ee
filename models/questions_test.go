package models_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"portico/app/fault"
	"portico/app/record"
	"portico/app/signin"
	"portico/models"
	"portico/models/modelstest"
)

// Questions work for their tenant, for as long as they say; a device is asked about once a day; "no" counts once, also
// after a "yes"; "yes" dismisses what was found and can be taken back by an administrator.
func TestQuestionsAboutSignIns(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn := modelstest.MustTenant(t, s.Store, "")
		u := modelstest.MustUser(t, tn, "ann@example.com")
		ctx, id := t.Context(), models.NewID()
		if err := tn.RecordSignIn(ctx, record.SignIn{ID: id, Kind: record.Interactive, StartedAt: tn.Now(), EndedAt: tn.Now(), User: record.Party{ID: u.ID, Name: "Ann"},
			Risk: []record.Finding{{Type: "unfamiliarFeatures", Level: "medium", Timing: "realtime"}}, RiskLevel: "medium", Outcome: record.Outcome{Result: record.Success}}); err != nil {
			t.Fatal(err)
		}
		ask := func(device, token string) bool {
			return modelstest.Must(tn.AskOwner(ctx, signin.Question{ID: models.NewID(), UserID: u.ID, SignInID: id, Device: device, Familiar: []string{"home"}, AskedAt: tn.Now(),
				ExpiresAt: tn.Now().Add(signin.QuestionLifetime), Told: signin.Told{At: tn.Now(), App: "Shop"}}, token))(t)
		}
		if !ask("new", "first") || ask("new", "again") {
			t.Fatal("a device is asked about once a day")
		}
		for n := range 12 {
			if got, want := ask(strings.Repeat("x", n+1), strings.Repeat("t", n+1)), n < 9; got != want {
				t.Errorf("question %d of the day: %v", n+2, got)
			}
		}
		q := modelstest.Must(tn.QuestionByToken(ctx, "first"))(t)
		if q.UserID != u.ID || q.SignInID != id || q.Told.App != "Shop" || len(q.Familiar) != 1 {
			t.Errorf("%+v", q)
		}
		for _, token := range []string{"again", "", "unknown"} {
			if _, err := tn.QuestionByToken(ctx, token); !fault.Is(err, fault.Expired) {
				t.Errorf("%q: %v", token, err)
			}
		}
		if _, err := modelstest.MustTenant(t, s.Store, "").QuestionByToken(ctx, "first"); !fault.Is(err, fault.Expired) {
			t.Error("another tenant opens it:", err)
		}
		if err := tn.AnswerYes(ctx, modelstest.Actor(), q); err != nil {
			t.Fatal(err)
		}
		if row := modelstest.Must(tn.SignInRow(ctx, id))(t); row.RiskState != models.RiskDismissed || row.RiskDetail != models.RiskSafeByAI || row.RiskAggregate != "none" || row.RiskLevel != "medium" {
			t.Errorf("after yes: %s %s %s", row.RiskState, row.RiskDetail, row.RiskAggregate)
		}
		if err := tn.UndoRisk(ctx, modelstest.Actor(), []models.RiskUndo{modelstest.Must(tn.UndoableRisk(ctx, []string{id}))(t)[id]}); err != nil {
			t.Error("an administrator cannot take it back:", err)
		}
		if row := modelstest.Must(tn.SignInRow(ctx, id))(t); row.RiskState != models.RiskAtRisk {
			t.Error("taken back:", row.RiskState)
		}
		if !modelstest.Must(tn.AnswerNo(ctx, q.ID))(t) {
			t.Error("no does not count after a yes")
		}
		if modelstest.Must(tn.AnswerNo(ctx, q.ID))(t) {
			t.Error("no counts twice")
		}
		s.Clock.Advance(signin.QuestionLifetime + time.Minute)
		if _, err := tn.QuestionByToken(ctx, "first"); !fault.Is(err, fault.Expired) {
			t.Error("it never runs out:", err)
		}
		if n := modelstest.Must(s.Store.PurgeQuestions(ctx, tn.Now(), 100))(t); n != 10 {
			t.Errorf("%d were forgotten", n)
		}
	})
}

// A device vouches for a sign-in when it was in use long before it, and nobody doubts its own sign-in. Otherwise a
// thief's first browser would vouch for the second.
func TestOnlyDevicesFromBeforeTheTroubleVouch(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		rule   string
		seen   time.Duration // how long before the sign-in in question the device was used first
		used   time.Duration // and last
		about  string        // what became of the question about the device itself: "" = none was asked, or open, yes, no
		asked  time.Duration // how long before
		result record.Result
		want   bool
	}{
		{"used for long", 30 * day, day, "", 0, record.Success, true},
		{"used for a week", 7 * day, time.Hour, "", 0, record.Success, true},
		{"used for less", 6 * day, time.Hour, "", 0, record.Success, false},
		{"used for a minute", time.Minute, time.Minute, "", 0, record.Success, false},
		{"a failure is no use", 30 * day, day, "", 0, record.Failure, false},
		{"used last before those days, and the log has forgotten it", 0, 40 * day, "", 0, record.Success, true},
		{"its own question is open", 8 * day, day, "open", 8 * day, record.Success, false},
		{"its own question was answered with yes", 8 * day, day, "yes", 8 * day, record.Success, true},
		{"its own question was answered with no", 20 * day, day, "no", 20 * day, record.Success, false},
		{"nobody answered in time", 40 * day, day, "open", 40 * day, record.Success, true},
		{"used last before those days, with an open question", 0, 9 * day, "open", 9 * day, record.Success, false},
	} {
		t.Run(c.rule, func(t *testing.T) {
			modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
				tn := modelstest.MustTenant(t, s.Store, "")
				u, ctx, now := modelstest.MustUser(t, tn, "ann@example.com"), t.Context(), tn.Now()
				entry := func(device string, at time.Time) string {
					r := record.SignIn{ID: models.NewID(), Kind: record.Interactive, StartedAt: at, EndedAt: at, User: record.Party{ID: u.ID}, Signals: record.Signals{DeviceID: device}, Outcome: record.Outcome{Result: c.result}}
					if err := tn.RecordSignIn(ctx, r); err != nil {
						t.Fatal(err)
					}
					return r.ID
				}
				if c.seen > 0 {
					entry("used_1", now.Add(-c.seen))
				}
				entry("usedx1", now.Add(-30*day)) // another one
				id := entry("new", now)
				if c.about != "" {
					about := signin.Question{ID: models.NewID(), UserID: u.ID, SignInID: id, Device: "used_1", AskedAt: now.Add(-c.asked), ExpiresAt: now.Add(-c.asked).Add(signin.QuestionLifetime)}
					modelstest.Must(tn.AskOwner(ctx, about, "about"))(t)
					switch c.about {
					case "no":
						modelstest.Must(tn.AnswerNo(ctx, about.ID))(t)
					case "yes":
						if err := tn.AnswerYes(ctx, modelstest.Actor(), about); err != nil {
							t.Fatal(err)
						}
					}
				}
				q := signin.Question{ID: models.NewID(), UserID: u.ID, SignInID: id, Device: "new", AskedAt: now, ExpiresAt: now.Add(signin.QuestionLifetime), Familiar: []string{"used_1"}}
				if c.used < signin.KnownFor {
					q.Lately = q.Familiar
				}
				modelstest.Must(tn.AskOwner(ctx, q, "this"))(t)
				q = modelstest.Must(tn.QuestionByToken(ctx, "this"))(t)
				if got := slices.Contains(q.Familiar, "used_1"); got != c.want {
					t.Errorf("it vouches: %v", got)
				}
			})
		})
	}
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) { // what is said of the device afterwards counts as well
		tn := modelstest.MustTenant(t, s.Store, "")
		u, ctx, id := modelstest.MustUser(t, tn, "ann@example.com"), t.Context(), models.NewID()
		if err := tn.RecordSignIn(ctx, record.SignIn{ID: id, Kind: record.Interactive, StartedAt: tn.Now(), EndedAt: tn.Now(), User: record.Party{ID: u.ID}, Outcome: record.Outcome{Result: record.Success}}); err != nil {
			t.Fatal(err)
		}
		q := signin.Question{ID: models.NewID(), UserID: u.ID, SignInID: id, Device: "new", AskedAt: tn.Now(), ExpiresAt: tn.Now().Add(signin.QuestionLifetime), Familiar: []string{"used"}}
		modelstest.Must(tn.AskOwner(ctx, q, "this"))(t)
		q.ID, q.Device = models.NewID(), "used"
		modelstest.Must(tn.AskOwner(ctx, q, "about"))(t)
		modelstest.Must(tn.AnswerNo(ctx, q.ID))(t)
		if q = modelstest.Must(tn.QuestionByToken(ctx, "this"))(t); len(q.Familiar) != 0 {
			t.Error("it vouches still")
		}
	})
}
