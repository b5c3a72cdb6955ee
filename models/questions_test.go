package models_test

import (
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
