package models_test

import (
	"testing"
	"time"

	"portico/app/fault"
	"portico/app/record"
	"portico/models"
	"portico/models/modelstest"
)

// The risk of a person comes from what they report and what administrators know, and ends by a safe change of the
// password or when an administrator says so.
func TestTheRiskOfAPerson(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn, other := modelstest.MustTenant(t, s.Store, ""), modelstest.MustTenant(t, s.Store, "")
		ann, bob, joe := modelstest.MustUserWithPassword(t, tn, "ann@example.com", "$argon2id$x"), modelstest.MustUser(t, tn, "bob@example.com"), modelstest.MustUser(t, tn, "joe@example.com")
		wants := func(id, level, state, detail string) {
			t.Helper()
			if r := modelstest.Must(tn.User(ctx, id))(t).Risk; r.Level != level || r.State != state || r.Detail != detail || !r.At.Equal(s.Now()) {
				t.Errorf("%+v, want %s %s %s", r, level, state, detail)
			}
		}
		if r := ann.Risk; r.Level != "" || r.State != "" || !r.At.IsZero() {
			t.Errorf("a new account: %+v", r)
		}
		signIn := record.SignIn{ID: models.NewID(), TenantID: tn.ID, Kind: record.Interactive, StartedAt: s.Now(), EndedAt: s.Now(), User: record.Party{ID: ann.ID}, Outcome: record.Outcome{Result: record.Success}}
		must(t, tn.RecordSignIn(ctx, signIn))
		modelstest.Must(tn.ReportSignIn(ctx, actor, ann.ID, signIn.ID))(t)
		wants(ann.ID, "high", models.RiskAtRisk, "")

		s.Clock.Advance(time.Minute)
		must(t, tn.ConfirmCompromised(ctx, actor, []string{ann.ID}))
		must(t, tn.ConfirmCompromised(ctx, actor, []string{bob.ID, ann.ID}))
		wants(ann.ID, "high", models.RiskConfirmed, "adminConfirmedUserCompromised")
		wants(bob.ID, "high", models.RiskConfirmed, "adminConfirmedUserCompromised")
		if e := lastAudit(t, tn); e.Activity != "Confirm user compromised" || e.Category != "IdentityProtection" || e.Target.ID != bob.ID || len(e.Changes) != 3 || e.Changes[0].Old != "none" {
			t.Errorf("%+v", e)
		}
		s.Clock.Advance(time.Minute)
		must(t, tn.RemediateRisk(ctx, actor, ann.ID, models.RiskSetByOwner))
		wants(ann.ID, "", models.RiskRemediated, models.RiskSetByOwner)
		must(t, tn.DismissRisk(ctx, actor, []string{bob.ID, joe.ID}))
		wants(bob.ID, "", models.RiskDismissed, "adminDismissedAllRiskForUser")
		if r := modelstest.Must(tn.User(ctx, joe.ID))(t).Risk; r.State != "" {
			t.Errorf("nothing to dismiss, and yet: %+v", r)
		}
		last := lastAudit(t, tn).ID
		must(t, tn.RemediateRisk(ctx, actor, joe.ID, models.RiskSetByOwner))
		if lastAudit(t, tn).ID != last {
			t.Error("nobody was at risk, and the log says something else")
		}

		s.Clock.Advance(time.Minute)
		must(t, tn.ConfirmCompromised(ctx, actor, []string{joe.ID}))
		for name, q := range map[string]models.RiskQuery{"joe,bob,ann": {}, "joe": {Level: "high"}, "bob": {State: models.RiskDismissed}, "bob,ann": {Level: "none"}} {
			got := ""
			for q.Limit = 1; ; {
				page := modelstest.Must(tn.RiskyUsers(ctx, q))(t)
				for _, u := range page.Items {
					if got != "" {
						got += ","
					}
					got += u.DisplayName
				}
				if q.After = page.Next; q.After == "" {
					break
				}
			}
			// Ann and Bob changed in the same moment: either may come first.
			if got != name && got != map[string]string{"joe,bob,ann": "joe,ann,bob", "bob,ann": "ann,bob"}[name] {
				t.Errorf("%+v gives %s, want %s", q, got, name)
			}
		}

		if err := tn.ConfirmCompromised(ctx, actor, []string{ann.ID, "nobody"}); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
		if r := modelstest.Must(tn.User(ctx, ann.ID))(t).Risk; r.State != models.RiskRemediated {
			t.Errorf("half of a list was done: %+v", r)
		}
		if err := other.ConfirmCompromised(ctx, actor, []string{ann.ID}); !fault.Is(err, fault.NotFound) {
			t.Error("another tenant's person")
		}
		for _, ids := range [][]string{nil, make([]string, 61)} {
			if err := tn.DismissRisk(ctx, actor, ids); complaint(err) != "userIds risk.user_ids" {
				t.Error(err)
			}
		}
	})
}
