package models_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"portico/app/access"
	"portico/app/account"
	"portico/app/audit"
	"portico/app/fault"
	"portico/app/tenant"
	"portico/models"
	"portico/models/modelstest"
)

// What a bulk change says it would do is what it does, when nothing changes in between.
func TestABulkChangeDoesWhatItsDryRunSaid(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, system := t.Context(), modelstest.Actor()
		dice := rand.New(rand.NewPCG(3, 4))
		for _, action := range models.BulkActions() {
			for _, ticked := range []bool{true, false} {
				tn, other := modelstest.MustTenant(t, s, ""), modelstest.MustTenant(t, s, "")
				g, err := tn.CreateGroup(ctx, system, account.Group{Name: "Friends"})
				if err != nil {
					t.Fatal(err)
				}
				stranger := modelstest.MustUser(t, other, "p0@example.com")
				me := modelstest.MustUser(t, tn, "me@example.com")
				actor := audit.Actor{Kind: audit.ActorUser, ID: me.ID, Name: "Me"}
				ids := []string{me.ID, stranger.ID}
				for i := range 25 {
					hash := ""
					if dice.IntN(2) == 0 {
						hash = "hash"
					}
					u := modelstest.MustUserWithPassword(t, tn, fmt.Sprintf("p%d@example.com", dice.IntN(1<<30)), hash)
					if i%3 == 0 {
						must(t, tn.AddMember(ctx, system, g.ID, u.ID))
					}
					if dice.IntN(3) == 0 {
						_, err := tn.AddCredential(ctx, system, models.Credential{UserID: u.ID, Kind: models.KindTOTP, Secret: []byte("s")})
						must(t, err)
					}
					if dice.IntN(4) == 0 {
						_, err := tn.SetUserEnabled(ctx, system, u.ID, false)
						must(t, err)
					}
					if hash != "" && dice.IntN(3) == 0 {
						_, err := tn.UpdateUser(ctx, system, u.ID, func(u *models.User) error { u.MustChangePassword = true; return nil })
						must(t, err)
					}
					if i%4 == 1 {
						must(t, tn.ConfirmCompromised(ctx, system, []string{u.ID}))
					}
					ids = append(ids, u.ID)
					if dice.IntN(3) == 0 {
						must(t, tn.DeleteUser(ctx, system, u.ID))
						switch dice.IntN(3) {
						case 0: // somebody else takes the address
							ids = append(ids, modelstest.MustUser(t, tn, u.Mail).ID)
						case 1: // and goes too: one of the two can come back
							v := modelstest.MustUser(t, tn, u.Mail)
							must(t, tn.DeleteUser(ctx, system, v.ID))
							ids = append(ids, v.ID)
						}
					}
				}
				if !ticked {
					ids = nil
				}
				b, err := tn.StartBulk(ctx, actor, models.Bulk{Action: action, GroupID: g.ID}, ids, models.UserQuery{})
				must(t, err)
				for more := b.State == models.BulkCounting; more; {
					more, err = tn.CountBulk(ctx, b.ID)
					must(t, err)
				}
				b, err = tn.BulkChange(ctx, b.ID)
				must(t, err)
				if b.State != models.BulkReady || b.Planned == 0 || ticked && b.Planned >= b.People {
					t.Fatalf("%s: %+v", action, b)
				}
				if more, err := tn.StepBulk(ctx, b.ID); more || err != nil {
					t.Fatalf("%s ran before it was confirmed: %v", action, err)
				}
				if _, err := tn.ConfirmBulk(ctx, actor, b.ID, b.Planned+1); !fault.Is(err, fault.Invalid) {
					t.Fatalf("%s: another count than the one that was shown: %v", action, err)
				}
				if _, err := other.ConfirmBulk(ctx, actor, b.ID, b.Planned); !fault.Is(err, fault.NotFound) {
					t.Fatalf("%s: another tenant's change: %v", action, err)
				}
				_, err = tn.ConfirmBulk(ctx, actor, b.ID, b.Planned)
				must(t, err)
				must(t, s.RunBulks(ctx))
				people, err := tn.BulkPeople(ctx, b.ID, 0, 999, false)
				must(t, err)
				done := int64(0)
				for _, p := range people {
					want := p.Reason
					if want == "" {
						want = models.ResultDone
						done++
					}
					if p.Result != want {
						t.Errorf("%s of %s: planned %q, was %q", action, p.User.Mail, p.Reason, p.Result)
					}
				}
				b, err = tn.BulkChange(ctx, b.ID)
				must(t, err)
				if b.State != models.BulkDone || b.Done != b.Planned || b.Done != done || b.Done+b.Skipped != b.People || b.Failed != 0 {
					t.Errorf("%s: %+v", action, b)
				}
				if u, err := other.User(ctx, stranger.ID); err != nil || !u.Enabled || !u.DeletedAt.IsZero() {
					t.Errorf("%s reached another tenant: %+v %v", action, u, err)
				}
				entries, err := tn.Audits(ctx, models.AuditQuery{CorrelationID: b.ID, Limit: 999})
				must(t, err)
				if action != models.BulkRevoke && int64(len(entries.Items)) < b.Done+1 { // one for each person, one for the change; the clock stands still, so some were revoked now already
					t.Errorf("%s: %d entries for %d people", action, len(entries.Items), b.Done)
				}
			}
		}
	})
}

// A change that is interrupted goes on where it stopped, and who changed meanwhile is left alone.
func TestABulkChangeGoesOn(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn := modelstest.MustTenant(t, s, "")
		var people []models.User
		for i := range 120 {
			people = append(people, modelstest.MustUser(t, tn, fmt.Sprintf("p%d@example.com", i)))
		}
		b, err := tn.StartBulk(ctx, actor, models.Bulk{Action: models.BulkDisable}, nil, models.UserQuery{})
		must(t, err)
		must(t, s.RunBulks(ctx)) // counts
		b, err = tn.BulkChange(ctx, b.ID)
		must(t, err)
		modelstest.MustUser(t, tn, "late@example.com") // nobody who came after the count
		_, err = tn.ConfirmBulk(ctx, actor, b.ID, 120)
		must(t, err)
		if more, err := tn.StepBulk(ctx, b.ID); !more || err != nil {
			t.Fatal(more, err)
		}
		last := people[0]
		for _, u := range people {
			if now, err := tn.User(ctx, u.ID); err != nil || now.Enabled {
				last = u
			}
		}
		must(t, tn.DeleteUser(ctx, actor, last.ID))
		must(t, s.RunBulks(ctx))
		must(t, s.RunBulks(ctx))
		b, err = tn.BulkChange(ctx, b.ID)
		must(t, err)
		if b.State != models.BulkDone || b.Done != 119 || b.Skipped != 1 {
			t.Errorf("%+v", b)
		}
		if p, err := tn.Users(ctx, models.UserQuery{}); err != nil || len(p.Items) != 50 {
			t.Errorf("%d, %v", len(p.Items), err)
		}
		yes := true
		if p, err := tn.Users(ctx, models.UserQuery{Enabled: &yes}); err != nil || len(p.Items) != 1 || p.Items[0].Mail != "late@example.com" {
			t.Errorf("%+v, %v", p.Items, err)
		}
	})
}

// Admins are changed one by one, never in bulk.
func TestABulkChangeLeavesAdminsAlone(t *testing.T) {
	s := modelstest.Open(t)
	ctx, actor := t.Context(), modelstest.Actor()
	staff := modelstest.MustTenant(t, s, "workforce")
	boss, plain := modelstest.MustUser(t, staff, "boss@example.com"), modelstest.MustUser(t, staff, "plain@example.com")
	_, err := staff.AssignRole(ctx, actor, boss.ID, access.Assignment{RoleID: access.GlobalAdministratorID, TenantID: access.AllTenants})
	must(t, err)
	b, err := staff.StartBulk(ctx, actor, models.Bulk{Action: models.BulkDelete}, []string{boss.ID, plain.ID}, models.UserQuery{})
	must(t, err)
	if b.Planned != 1 {
		t.Errorf("%+v", b)
	}
	if reasons, err := staff.BulkReasons(ctx, b.ID); err != nil || reasons[models.SkipAdmin] != 1 {
		t.Errorf("%v %v", reasons, err)
	}
}

// A trial knows no risk: what was counted before is not confirmed there, and what runs leaves the rest as they are.
func TestABulkChangeOfRiskEndsWithThePlan(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn := modelstest.MustTenant(t, s, "")
		for i := range 60 {
			modelstest.MustUser(t, tn, fmt.Sprintf("p%d@example.com", i))
		}
		plan := func(plan tenant.Plan) {
			t.Helper()
			modelstest.Must(tn.Update(ctx, actor, func(x *tenant.Tenant) error { x.Plan = plan; return nil }))(t)
		}
		b := modelstest.Must(tn.StartBulk(ctx, actor, models.Bulk{Action: models.BulkCompromised}, nil, models.UserQuery{}))(t)
		must(t, s.RunBulks(ctx)) // counts
		was := modelstest.Must(tn.Get(ctx))(t).Plan
		plan(tenant.Trial)
		if _, err := tn.ConfirmBulk(ctx, actor, b.ID, 60); !fault.Is(err, fault.Denied) {
			t.Fatalf("confirmed in a trial: %v", err)
		}
		plan(was)
		modelstest.Must(tn.ConfirmBulk(ctx, actor, b.ID, 60))(t)
		modelstest.Must(tn.StepBulk(ctx, b.ID))(t)
		done := modelstest.Must(tn.BulkChange(ctx, b.ID))(t).Done
		plan(tenant.Trial)
		must(t, s.RunBulks(ctx))
		b = modelstest.Must(tn.BulkChange(ctx, b.ID))(t)
		if reasons := modelstest.Must(tn.BulkLeft(ctx, b.ID, models.SkipTrial, 100))(t); b.State != models.BulkDone || done == 0 || done == 60 || b.Done != done || b.Skipped != 60-done || len(reasons) != int(60-done) {
			t.Errorf("%d were changed before the plan changed, and %d left as they are: %+v", done, len(reasons), b)
		}
		if at := modelstest.Must(tn.RiskyUsers(ctx, models.RiskQuery{Limit: 100}))(t); int64(len(at.Items)) != done {
			t.Errorf("%d are at risk, want %d", len(at.Items), done)
		}
	})
}
