package models_test

import (
	"fmt"
	"testing"
	"time"

	"portico/app/record"
	"portico/models"
	"portico/models/modelstest"
)

// judged is a sign-in about which policies said something (id, result, …).
func judged(at time.Time, client string, said ...string) record.SignIn {
	r := record.SignIn{ID: models.NewID(), Kind: record.Interactive, Protocol: "openid", StartedAt: at.Add(-time.Second), EndedAt: at, App: record.Party{ID: client},
		User: record.Party{ID: "u1"}, Inputs: &record.Inputs{ClientApp: "browser"}, Outcome: record.Outcome{Result: record.Success}}
	for i := 0; i+1 < len(said); i += 2 {
		r.Policies = append(r.Policies, record.Policy{ID: said[i], Result: said[i+1]})
	}
	return r
}

// What policies did is counted exactly, whatever part of it the job has counted already.
func TestEffectsAreExactAtEveryMoment(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx := t.Context()
		tn, other := modelstest.MustTenant(t, s.Store, "shop"), modelstest.MustTenant(t, s.Store, "other")
		record := func(tn *models.Tenant, r record.SignIn) {
			t.Helper()
			if err := tn.RecordSignIn(ctx, r); err != nil {
				t.Fatal(err)
			}
		}
		wants := func(step string, from time.Time, want string) {
			t.Helper()
			got, err := tn.PolicyEffects(ctx, from)
			if err != nil {
				t.Fatal(err)
			}
			a, b := got["p1"], got["p2"]
			if text := fmt.Sprintf("%d/%d of %d, %d of %d", a.Of("failure"), a.Of("success"), a.All(), b.Of("failure"), b.All()); text != want {
				t.Errorf("%s: %s, want %s", step, text, want)
			}
		}
		fold := func() {
			t.Helper()
			for {
				n, err := tn.FoldEffects(ctx)
				if err != nil {
					t.Fatal(err)
				}
				if n == 0 {
					return
				}
			}
		}
		day := s.Now().AddDate(0, 0, -3)
		record(other, judged(s.Now(), "a", "p1", "failure"))
		record(tn, judged(day, "a", "p1", "failure", "p2", "reportOnlyNotApplied"))
		record(tn, judged(s.Now(), "b", "p1", "success", "p2", "reportOnlyFailure", "p3", "notEnabled"))
		week := s.Now().AddDate(0, 0, -7)
		wants("nothing counted yet", week, "1/1 of 2, 1 of 2")
		wants("the last day", s.Now().Add(-24*time.Hour), "0/1 of 1, 1 of 1")
		fold()
		wants("the settled part counted", week, "1/1 of 2, 1 of 2")
		s.Clock.Advance(time.Hour)
		fold()
		fold()
		wants("everything counted", week, "1/1 of 2, 1 of 2")
		wants("by the hour", s.Now().Add(-24*time.Hour), "0/1 of 1, 1 of 1")
		folded := judged(s.Now(), "a", "p1", "failure")
		folded.Count = 5
		record(tn, folded)
		wants("a folded entry counts as often", week, "6/1 of 7, 1 of 2")
		record(tn, judged(day.Add(time.Hour), "a", "p1", "failure")) // closed long after it ended
		wants("an entry of the past", week, "7/1 of 8, 1 of 2")
		fold()
		wants("an entry of the past, counted", week, "7/1 of 8, 1 of 2")
		if _, err := tn.ImportSignIns(ctx, []signInRecord{judged(day, "c", "p1", "success"), judged(s.Now(), "c", "p2", "reportOnlySuccess")}); err != nil {
			t.Fatal(err)
		}
		wants("an import", week, "7/2 of 9, 1 of 3")
		s.Clock.Advance(time.Hour)
		fold()
		wants("an import, counted", week, "7/2 of 9, 1 of 3")
		parts, err := tn.PolicyEffect(ctx, "p1", week)
		if err != nil || len(parts) != 4 {
			t.Errorf("by app and day: %+v %v", parts, err)
		}
		samples, err := tn.EffectSamples(ctx, "p2", week, 3)
		if err != nil || len(samples["reportOnlyFailure"]) != 1 || samples["reportOnlyNotApplied"] != nil {
			t.Errorf("samples %+v %v", samples, err)
		}
		s.Clock.Advance(60 * 24 * time.Hour)
		if err := tn.PurgeEffects(ctx); err != nil {
			t.Fatal(err)
		}
		wants("after two months", s.Now().AddDate(0, 0, -7), "0/0 of 0, 0 of 0")
	})
}

// signInRecord is the type, where record is a function.
type signInRecord = record.SignIn
