package models_test

import (
	"testing"

	"portico/app/account"
	"portico/app/fault"
	"portico/models"
	"portico/models/modelstest"
)

// Who a rule finds is in its group: after the rule was made, and after a person changed.
func TestGroupsByRule(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn := modelstest.MustTenant(t, s.Store, "")
		ann, ben := modelstest.MustUser(t, tn, "ann@example.com"), modelstest.MustUser(t, tn, "ben@example.com")
		move := func(u models.User, country string) {
			t.Helper()
			modelstest.Must(tn.UpdateUser(ctx, actor, u.ID, func(u *models.User) error { u.Country = country; return nil }))(t)
		}
		move(ann, "DE")
		if _, err := tn.CreateGroup(ctx, actor, account.Group{Name: "Bad", Rule: `user.country = "DE"`}); fault.Of(err).Fields[0].Key != "group.rule.word" || fault.Of(err).Fields[0].Args["column"] != 14 {
			t.Errorf("a bad rule: %v", err)
		}
		if _, err := tn.CreateGroup(ctx, actor, account.Group{Name: "Bad", Rule: `user.extension_x -eq "DE"`}); fault.Of(err).Fields[0].Key != "group.rule.unknown" {
			t.Errorf("an attribute that there is not: %v", err)
		}
		g := modelstest.Must(tn.CreateGroup(ctx, actor, account.Group{Name: "Germans", Rule: `user.country -eq "de"`}))(t)
		step := func() (n int) {
			t.Helper()
			for {
				done, err := tn.StepGroupRules(ctx, actor)
				if err != nil {
					t.Fatal(err)
				}
				if done == 0 {
					return n
				}
				n += done
			}
		}
		in := func(want string) {
			t.Helper()
			if got := memberNames(t, tn, g, models.MemberQuery{}); got != want {
				t.Errorf("in it: %q, want %q", got, want)
			}
		}
		if !g.Processing {
			t.Error("it does not say that it is being worked out")
		}
		in("")
		if step() == 0 {
			t.Error("nothing was worked out")
		}
		in("ann")
		if step() != 0 {
			t.Error("it was worked out twice")
		}
		move(ben, "DE") // in the same transaction
		in("ann ben")
		move(ann, "AT")
		in("ben")
		for _, err := range []error{tn.AddMember(ctx, actor, g.ID, ann.ID), tn.RemoveMember(ctx, actor, g.ID, ben.ID)} {
			if fault.Of(err).Key != "group.member.by_rule" {
				t.Errorf("by hand: %v", err)
			}
		}
		newcomer := modelstest.Must(tn.CreateUser(ctx, actor, models.User{Account: account.Account{DisplayName: "cem", Enabled: true}, Country: "DE"}, ""))(t)
		in("ben cem")
		if log := modelstest.Must(tn.Timeline(ctx, newcomer.ID, "", 10))(t); len(log.Items) != 2 {
			t.Errorf("history %+v", log.Items)
		}
		// Paused: nothing moves. Going on: it is worked out anew.
		pause := func(on bool) {
			t.Helper()
			modelstest.Must(tn.UpdateGroup(ctx, actor, g.ID, func(g *account.Group) error { g.RulePaused = on; return nil }))(t)
		}
		pause(true)
		move(ben, "FR")
		if step() != 0 {
			t.Error("a paused rule was worked out")
		}
		in("ben cem")
		pause(false)
		step()
		in("cem")
		if trial := modelstest.Must(tn.TryRule(ctx, `user.country -in ["FR","AT"]`, ann.ID))(t); !trial.In || trial.Found != 2 || trial.LookedAt != 3 || !trial.All {
			t.Errorf("%+v", trial)
		}
		// Without its rule it keeps its members, and they are anybody's to change.
		modelstest.Must(tn.UpdateGroup(ctx, actor, g.ID, func(g *account.Group) error { g.Rule = ""; return nil }))(t)
		if err := tn.AddMember(ctx, actor, g.ID, ann.ID); err != nil {
			t.Error(err)
		}
		in("ann cem")
		// A rule for a group that has members already replaces them.
		other := group(t, tn, "other")
		join(t, tn, other, ben.ID, g.ID)
		modelstest.Must(tn.UpdateGroup(ctx, actor, other.ID, func(g *account.Group) error { g.Rule = `user.displayName -startsWith "a"`; return nil }))(t)
		step()
		if got := memberNames(t, tn, other, models.MemberQuery{}); got != "ann" {
			t.Errorf("in the other: %q", got)
		}
		if err := tn.ImportUsers(ctx, actor, []models.User{{Account: account.Account{ID: "imported", DisplayName: "abe", Enabled: true, CreatedAt: s.Now()}}}); err != nil {
			t.Fatal(err)
		}
		step()
		if got := memberNames(t, tn, other, models.MemberQuery{}); got != "abe ann" {
			t.Errorf("after an import: %q", got)
		}
	})
}
