package models_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"portico/app/record"
	"portico/models"
	"portico/models/modelstest"
)

// A sign-in is found by each type of risk that was ever found in it, in order, as long as it is in the log.
func TestSignInsByTypeOfRisk(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn, other := modelstest.MustTenant(t, s.Store, ""), modelstest.MustTenant(t, s.Store, "")
		ctx, base := t.Context(), s.Now().AddDate(0, 0, -1)
		kinds := [][]string{nil, {"newCountry"}, {"newCountry", "anonymizedIPAddress"}, {"anonymizedIPAddress"}}
		var ids []string
		for i := range 24 {
			r := entry(base.Add(time.Duration(i/2)*time.Minute), func(r *record.SignIn) { // two at each moment
				r.ID = fmt.Sprintf("0000000%02d", i)
				r.App.ID = fmt.Sprint("app-", i%3)
				for _, kind := range kinds[i%4] {
					r.Risk = append(r.Risk, record.Finding{Type: kind, Level: "low", Key: "risk.found.new_country"})
				}
				if len(r.Risk) > 0 {
					r.RiskLevel = "low"
				}
			})
			ids = append(ids, r.ID)
			if err := tn.RecordSignIn(ctx, r); err != nil {
				t.Fatal(err)
			}
		}
		if err := other.RecordSignIn(ctx, entry(base, func(r *record.SignIn) {
			r.RiskLevel, r.Risk = "low", []record.Finding{{Type: "newCountry", Level: "low", Key: "risk.found.new_country"}}
		})); err != nil {
			t.Fatal(err)
		}
		check := func(name string, q models.SignInQuery, want func(i int) bool) {
			t.Helper()
			var expected, got []string
			for i := range ids {
				if want(i) {
					expected = append(expected, ids[i])
				}
			}
			if !q.OldestFirst {
				slices.Reverse(expected)
			}
			for q.Limit = 3; ; {
				p := modelstest.Must(tn.SignInRows(ctx, q))(t)
				for _, r := range p.Items {
					got = append(got, r.ID)
				}
				if q.After = p.Next; q.After == "" {
					break
				}
			}
			if !slices.Equal(got, expected) {
				t.Errorf("%s: %v, want %v", name, got, expected)
			}
			if n := modelstest.Must(tn.CountSignIns(ctx, q, 100))(t); n != len(expected) {
				t.Errorf("%s: %d are counted, want %d", name, n, len(expected))
			}
			if n := modelstest.Must(tn.CountSignIns(ctx, q, 2))(t); n != min(2, len(expected)) {
				t.Errorf("%s: %d are counted up to 2", name, n)
			}
		}
		has := func(kind string) func(int) bool { return func(i int) bool { return slices.Contains(kinds[i%4], kind) } }
		check("one type", models.SignInQuery{RiskType: "newCountry"}, has("newCountry"))
		check("oldest first", models.SignInQuery{RiskType: "anonymizedIPAddress", OldestFirst: true}, has("anonymizedIPAddress"))
		check("a type that none has", models.SignInQuery{RiskType: "newCount"}, func(int) bool { return false })
		check("in time", models.SignInQuery{RiskType: "newCountry", From: base.Add(2 * time.Minute), To: base.Add(9 * time.Minute)},
			func(i int) bool { return has("newCountry")(i) && i >= 4 && i < 18 })
		check("and an app", models.SignInQuery{RiskType: "newCountry", ClientID: "app-1"}, func(i int) bool { return has("newCountry")(i) && i%3 == 1 })
		check("open", models.SignInQuery{RiskType: "newCountry", RiskState: "atRisk"}, has("newCountry"))
		check("and a state that none has", models.SignInQuery{RiskType: "newCountry", RiskState: "dismissed"}, func(int) bool { return false })

		// What is found later counts from then on.
		modelstest.Must(tn.AddDetection(ctx, modelstest.Actor(), models.Detection{ID: models.NewID(), DetectedAt: s.Now(), ActivityAt: base, UserID: "user-1", SignInID: ids[0], Type: "passwordSpray", Level: "high", State: "atRisk",
			Detail: "none", Timing: "offline", Activity: "signin", Key: "risk.found.new_country"}))(t)
		check("found later", models.SignInQuery{RiskType: "passwordSpray"}, func(i int) bool { return i == 0 })
		// Another list in place of the one that was.
		if _, err := raw(t, s).ExecContext(ctx, "UPDATE sign_ins SET risk_types = 'newCountry' WHERE id IN ('"+ids[3]+"', '"+ids[2]+"')"); err != nil {
			t.Fatal(err)
		}
		check("changed", models.SignInQuery{RiskType: "newCountry"}, func(i int) bool { return has("newCountry")(i) || i == 3 })
		check("no longer", models.SignInQuery{RiskType: "anonymizedIPAddress"}, func(i int) bool { return has("anonymizedIPAddress")(i) && i > 3 })
		// What leaves the log is not found, and leaves nothing behind.
		if _, err := tn.PurgeSignIns(ctx, base.Add(time.Hour), 100); err != nil {
			t.Fatal(err)
		}
		check("purged", models.SignInQuery{RiskType: "newCountry"}, func(int) bool { return false })
		var left int
		if err := raw(t, s).QueryRowContext(ctx, "SELECT COUNT(*) FROM sign_in_types WHERE tenant_id = '"+tn.ID+"'").Scan(&left); err != nil || left != 0 {
			t.Errorf("%d entries are left, %v", left, err)
		}
	})
}
