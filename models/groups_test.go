package models_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"portico/app/account"
	"portico/app/audit"
	"portico/app/fault"
	"portico/models"
	"portico/models/modelstest"
)

func group(t testing.TB, tn *models.Tenant, name string) account.Group {
	t.Helper()
	return modelstest.Must(tn.CreateGroup(t.Context(), modelstest.Actor(), account.Group{Name: name}))(t)
}

func join(t testing.TB, tn *models.Tenant, g account.Group, members ...string) {
	t.Helper()
	for _, m := range members {
		if err := tn.AddMember(t.Context(), modelstest.Actor(), g.ID, m); err != nil {
			t.Fatalf("%s into %s: %v", m, g.Name, err)
		}
	}
}

func groupNames(list []account.Group) string {
	var out []string
	for _, g := range list {
		out = append(out, g.Name)
	}
	return strings.Join(out, " ")
}

func memberNames(t testing.TB, tn *models.Tenant, g account.Group, q models.MemberQuery) string {
	t.Helper()
	var out []string
	for {
		p, err := tn.FindMembers(t.Context(), g.ID, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range p.Items {
			out = append(out, m.Name)
		}
		if q.After = p.Next; q.After == "" {
			slices.Sort(out)
			return strings.Join(out, " ")
		}
	}
}

func TestGroupsAreNamedOnce(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn, other := modelstest.MustTenant(t, s.Store, ""), modelstest.MustTenant(t, s.Store, "")
		g := group(t, tn, " Staff of the Market ")
		if g.Name != "Staff of the Market" || g.MailNickname != "StaffoftheMarket" || g.Version != 1 || len(g.ID) != 36 {
			t.Errorf("made %+v", g)
		}
		group(t, other, "staff of the market") // another tenant's names are its own
		for name, bad := range map[string]account.Group{
			"taken":            {Name: "STAFF of the market"},
			"without a name":   {Name: "  "},
			"too long":         {Name: strings.Repeat("x", 257)},
			"with a line":      {Name: "a\nb"},
			"invisible":        {Name: "a\u202eb"},
			"strange nickname": {Name: "x", MailNickname: "a@b"},
		} {
			if _, err := tn.CreateGroup(ctx, actor, bad); len(fault.Of(err).Fields) != 1 {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := tn.CreateGroup(ctx, actor, account.Group{Name: strings.Repeat("ä", 256)}); err != nil {
			t.Errorf("256 letters: %v", err)
		}
		edited, err := tn.UpdateGroup(ctx, actor, g.ID, func(g *account.Group) error { g.Name, g.Description = "Staff", "All of them"; return nil })
		if err != nil || edited.Version != 2 || edited.Name != "Staff" {
			t.Errorf("edited %+v, %v", edited, err)
		}
		if _, err := tn.UpdateGroup(ctx, actor, g.ID, func(x *account.Group) error { x.Name, x.Version = "Late", g.Version; return nil }); !fault.Is(err, fault.Conflict) {
			t.Errorf("an edit of an older state: %v", err)
		}
		group(t, tn, "Alpha")
		p, err := tn.Groups(ctx, models.GroupQuery{Limit: 2})
		if err != nil || groupNames(p.Items) != "Alpha Staff" || p.Next == "" {
			t.Errorf("first page %v %v", groupNames(p.Items), err)
		}
		if p, err := tn.Groups(ctx, models.GroupQuery{Search: "STA"}); err != nil || groupNames(p.Items) != "Staff" {
			t.Errorf("found %v %v", groupNames(p.Items), err)
		}
		if p, err := tn.Groups(ctx, models.GroupQuery{Search: "%"}); err != nil || len(p.Items) != 0 {
			t.Errorf("a wildcard finds %v %v", groupNames(p.Items), err)
		}
		if _, err := other.Group(ctx, g.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("another tenant's group: %v", err)
		}
		if _, err := tn.CreateGroup(ctx, audit.Actor{}, account.Group{Name: "Nobody's"}); err == nil {
			t.Error("a change without an actor")
		}
	})
}

func TestWhoIsInAGroup(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn, other := modelstest.MustTenant(t, s.Store, ""), modelstest.MustTenant(t, s.Store, "")
		ann, ben := modelstest.MustUser(t, tn, "ann@example.com"), modelstest.MustUser(t, tn, "ben@example.com")
		stranger := modelstest.MustUser(t, other, "eve@example.com")
		app, _ := modelstest.MustApp(t, tn, "Batch", "https://a.example/cb")
		outer, middle, inner := group(t, tn, "outer"), group(t, tn, "middle"), group(t, tn, "inner")
		join(t, tn, outer, middle.ID, ann.ID)
		join(t, tn, middle, inner.ID, app.ServicePrincipalID)
		join(t, tn, inner, ben.ID, ann.ID)

		for _, c := range []struct {
			g    account.Group
			q    models.MemberQuery
			want string
		}{
			{outer, models.MemberQuery{}, "ann middle"},
			{outer, models.MemberQuery{Transitive: true}, "Batch ann ben inner middle"},
			{outer, models.MemberQuery{Transitive: true, Limit: 2}, "Batch ann ben inner middle"},
			{outer, models.MemberQuery{Limit: 1}, "ann middle"},
			{outer, models.MemberQuery{Transitive: true, Kind: account.MemberUser}, "ann ben"},
			{outer, models.MemberQuery{Transitive: true, Search: "BEN@"}, "ben"},
			{middle, models.MemberQuery{Search: "bat"}, "Batch"},
			{inner, models.MemberQuery{Transitive: true}, "ann ben"},
		} {
			if got := memberNames(t, tn, c.g, c.q); got != c.want {
				t.Errorf("%s, %+v: %q, want %q", c.g.Name, c.q, got, c.want)
			}
		}
		for id, want := range map[string][2]string{ben.ID: {"inner", "inner middle outer"}, ann.ID: {"inner outer", "inner middle outer"},
			app.ServicePrincipalID: {"middle", "middle outer"}, inner.ID: {"middle", "middle outer"}, stranger.ID: {"", ""}} {
			for i, transitive := range []bool{false, true} {
				if got, err := tn.GroupsOf(ctx, id, transitive); err != nil || groupNames(got) != want[i] {
					t.Errorf("groups of %s: %q, %v, want %q", id, groupNames(got), err, want[i])
				}
			}
		}
		if ids, err := tn.GroupIDsOf(ctx, ben.ID); err != nil || len(ids) != 3 || !slices.IsSorted(ids) {
			t.Errorf("ids %v, %v", ids, err)
		}
		gone := modelstest.MustUser(t, tn, "gone@example.com")
		if err := tn.DeleteUser(ctx, actor, gone.ID); err != nil {
			t.Fatal(err)
		}
		theirs := group(t, other, "theirs")
		for name, c := range map[string]struct {
			group, member string
			want          fault.Code
		}{
			"twice":                  {inner.ID, ben.ID, fault.Conflict},
			"into itself":            {inner.ID, inner.ID, fault.Conflict},
			"a circle of two":        {inner.ID, middle.ID, fault.Conflict},
			"a circle of three":      {inner.ID, outer.ID, fault.Conflict},
			"another tenant's":       {inner.ID, stranger.ID, fault.NotFound},
			"another tenant's group": {inner.ID, theirs.ID, fault.NotFound},
			"into another tenant's":  {theirs.ID, ben.ID, fault.NotFound},
			"a deleted person":       {inner.ID, gone.ID, fault.NotFound},
			"an application's id":    {inner.ID, app.ID, fault.NotFound}, // it is the service principal that is a member
			"nothing":                {inner.ID, "", fault.NotFound},
		} {
			if err := tn.AddMember(ctx, actor, c.group, c.member); !fault.Is(err, c.want) {
				t.Errorf("%s: %v, want %s", name, err, c.want)
			}
		}
		if err := tn.RemoveMember(ctx, actor, inner.ID, stranger.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("removing who is not in it: %v", err)
		}
		if err := other.RemoveMember(ctx, actor, inner.ID, ben.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("removing from another tenant: %v", err)
		}
		// Who is deleted is listed no more, and is back after a restore.
		if err := tn.DeleteUser(ctx, actor, ben.ID); err != nil {
			t.Fatal(err)
		}
		if got := memberNames(t, tn, inner, models.MemberQuery{}); got != "ann" {
			t.Errorf("after the deletion %q", got)
		}
		if _, err := tn.RestoreUser(ctx, actor, ben.ID); err != nil {
			t.Fatal(err)
		}
		if got := memberNames(t, tn, inner, models.MemberQuery{}); got != "ann ben" {
			t.Errorf("after the restore %q", got)
		}
		if err := tn.RemoveMember(ctx, actor, inner.ID, ben.ID); err != nil {
			t.Fatal(err)
		}
		log, err := tn.Timeline(ctx, ben.ID, "", 10)
		if err != nil || len(log.Items) < 2 || log.Items[0].Audit.Activity != "Remove member from group" {
			t.Errorf("history %+v, %v", log.Items, err)
		}
		// A deleted group leaves nothing behind.
		if err := tn.DeleteGroup(ctx, actor, middle.ID); err != nil {
			t.Fatal(err)
		}
		if got := memberNames(t, tn, outer, models.MemberQuery{Transitive: true}); got != "ann" {
			t.Errorf("after the group went %q", got)
		}
		if got := state(t, s.Store); strings.Contains(got, `"group_id":"`+middle.ID) || strings.Contains(got, `"member_id":"`+middle.ID) {
			t.Error("memberships of a deleted group are left")
		}
		if err := tn.DeleteUser(ctx, actor, ann.ID); err != nil {
			t.Fatal(err)
		}
		if err := tn.PurgeUser(ctx, actor, ann.ID); err != nil {
			t.Fatal(err)
		}
		if got, err := tn.GroupsOf(ctx, ann.ID, false); err != nil || len(got) != 0 {
			t.Errorf("a purged person is in %v, %v", groupNames(got), err)
		}
	})
}

// Two changes that are harmless alone close a circle together: one of them has to be refused.
func TestNoCircleUnderConcurrency(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn := modelstest.MustTenant(t, s.Store, "")
		const n = 8
		var ring [n]account.Group
		for i := range ring {
			ring[i] = group(t, tn, fmt.Sprintf("g%d", i))
		}
		var wg sync.WaitGroup
		errs := make([]error, n)
		for i := range ring {
			wg.Go(func() {
				errs[i] = tn.AddMember(context.Background(), modelstest.Actor(), ring[i].ID, ring[(i+1)%n].ID)
			})
		}
		wg.Wait()
		refused := 0
		for _, err := range errs {
			if err != nil {
				refused++
				if fault.Of(err).Key != "group.circle" {
					t.Errorf("refused because %v", err)
				}
			}
		}
		if refused != 1 {
			t.Errorf("%d of %d were refused, want 1", refused, n)
		}
	})
}

func TestDeepNesting(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn := modelstest.MustTenant(t, s.Store, "")
		u := modelstest.MustUser(t, tn, "deep@example.com")
		last := group(t, tn, "level 00")
		top := last
		for i := 1; i < 30; i++ {
			next := group(t, tn, fmt.Sprintf("level %02d", i))
			join(t, tn, last, next.ID)
			last = next
		}
		join(t, tn, last, u.ID)
		if got, err := tn.GroupsOf(t.Context(), u.ID, true); err != nil || len(got) != 30 {
			t.Errorf("in %d groups, %v", len(got), err)
		}
		if got := memberNames(t, tn, top, models.MemberQuery{Transitive: true, Kind: account.MemberUser}); got != "deep" {
			t.Errorf("at the bottom of it %q", got)
		}
	})
}

func TestPagesOfALargeGroup(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx := t.Context()
		tn := modelstest.MustTenant(t, s.Store, "")
		g := group(t, tn, "large")
		var ids []string
		err := tn.InTx(ctx, func(tn *models.Tenant) error {
			for i := range 5000 {
				u, err := tn.CreateUser(ctx, modelstest.Actor(), models.User{Account: account.Account{DisplayName: fmt.Sprintf("p%04d", i), Enabled: true}}, "")
				if err != nil {
					return err
				}
				ids = append(ids, u.ID)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		added, there, unknown, err := tn.AddMembers(ctx, modelstest.Actor(), g.ID, append(slices.Clone(ids), ids[0], "nobody"))
		if err != nil || added != 5000 || len(there) != 1 || len(unknown) != 1 {
			t.Fatalf("added %d, there %v, unknown %v, %v", added, there, unknown, err)
		}
		for _, transitive := range []bool{false, true} {
			seen, pages := map[string]bool{}, 0
			for q := (models.MemberQuery{Transitive: transitive, Limit: 700}); ; pages++ {
				p, err := tn.FindMembers(ctx, g.ID, q)
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range p.Items {
					if seen[m.ID] {
						t.Fatalf("%s is listed twice", m.Name)
					}
					seen[m.ID] = true
				}
				if q.After = p.Next; q.After == "" {
					break
				}
			}
			if len(seen) != 5000 || pages != 7 {
				t.Errorf("transitive %v: %d members on %d pages", transitive, len(seen), pages+1)
			}
		}
		if n, err := tn.CountMembers(ctx, []string{g.ID}); err != nil || n[g.ID] != 1001 {
			t.Errorf("counted %v, %v", n, err)
		}
	})
}

func role(id, value string, kinds ...string) models.AppRole {
	return models.AppRole{ID: id, Value: value, Name: value, MemberTypes: kinds, Enabled: true}
}

func TestWhoHasWhichAppRole(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn, other := modelstest.MustTenant(t, s.Store, ""), modelstest.MustTenant(t, s.Store, "")
		ann, ben, eve := modelstest.MustUser(t, tn, "ann@example.com"), modelstest.MustUser(t, tn, "ben@example.com"), modelstest.MustUser(t, other, "eve@example.com")
		off := role("r-off", "Off", models.RoleForUsers)
		off.Enabled = false
		app := modelstest.MustAppOf(t, tn, models.Application{Name: "Shop", Kind: models.WebApp, Enabled: true, Spec: models.ApplicationSpec{AppRoles: []models.AppRole{
			role("r-read", "Read", models.RoleForUsers), role("r-job", "Job", models.RoleForApps), off}}})
		daemon := modelstest.MustAppOf(t, tn, models.Application{Name: "Nightly", Kind: models.DaemonApp, Enabled: true})
		staff, all := group(t, tn, "staff"), group(t, tn, "all")
		join(t, tn, all, staff.ID)
		join(t, tn, staff, ben.ID)
		give := func(principal, role string) (models.AppRoleAssignment, error) {
			return tn.AssignAppRole(ctx, actor, models.AppRoleAssignment{PrincipalID: principal, ApplicationID: app.ID, RoleID: role})
		}
		assigned := func(u models.User) bool {
			t.Helper()
			return modelstest.Must(tn.Assigned(ctx, u.ID, app.ID))(t)
		}
		if assigned(ann) || assigned(ben) {
			t.Error("somebody is assigned to begin with")
		}
		toAll, err := give(all.ID, "r-read")
		if err != nil {
			t.Fatal(err)
		}
		if assigned(ben) {
			t.Error("a group inside an assigned group counts") // R 1.2.13
		}
		toStaff, err := give(staff.ID, models.NoAppRole)
		if err != nil || !assigned(ben) || assigned(ann) {
			t.Errorf("by a group: %v", err)
		}
		toAnn, err := give(ann.ID, "r-read")
		if err != nil || toAnn.PrincipalKind != account.MemberUser || !assigned(ann) {
			t.Errorf("directly: %+v, %v", toAnn, err)
		}
		if _, err := give(daemon.ServicePrincipalID, "r-job"); err != nil {
			t.Error(err)
		}
		for name, c := range map[string]struct {
			principal, role string
			want            string
		}{
			"twice":                     {ann.ID, "r-read", "assignment.there"},
			"a role that is not there":  {ann.ID, "r-none", "assignment.role.unknown"},
			"a role that is off":        {ann.ID, "r-off", "assignment.role.disabled"},
			"an app's role to a person": {ann.ID, "r-job", "assignment.role.apps_only"},
			"an app's role to a group":  {staff.ID, "r-job", "assignment.role.apps_only"},
			"a person's role to an app": {daemon.ServicePrincipalID, "r-read", "assignment.role.people_only"},
			"another tenant's person":   {eve.ID, "r-read", "error.not_found"},
		} {
			if _, err := give(c.principal, c.role); err == nil || fault.Of(err).Key != c.want {
				t.Errorf("%s: %v, want %s", name, err, c.want)
			}
		}
		if _, err := other.AssignAppRole(ctx, actor, models.AppRoleAssignment{PrincipalID: eve.ID, ApplicationID: app.ID}); !fault.Is(err, fault.NotFound) {
			t.Errorf("another tenant's application: %v", err)
		}
		list := func(q models.AssignmentQuery) string {
			t.Helper()
			var out []string
			for {
				p, err := tn.AppRoleAssignments(ctx, q)
				if err != nil {
					t.Fatal(err)
				}
				for _, a := range p.Items {
					out = append(out, a.PrincipalName)
				}
				if q.After = p.Next; q.After == "" {
					slices.Sort(out)
					return strings.Join(out, " ")
				}
			}
		}
		for want, q := range map[string]models.AssignmentQuery{
			"Nightly all ann staff": {ApplicationID: app.ID, Limit: 1}, "ann": {PrincipalID: ann.ID}, "all ann": {RoleID: "r-read"}, "staff": {Search: "STAFF"}} {
			if got := list(q); got != want {
				t.Errorf("%+v lists %q, want %q", q, got, want)
			}
		}
		if err := other.UnassignAppRole(ctx, actor, toAnn.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("taking away in another tenant: %v", err)
		}
		if err := tn.UnassignAppRole(ctx, actor, toAnn.ID); err != nil || assigned(ann) {
			t.Errorf("taking away: %v", err)
		}
		// A role goes when it is switched off, with all who have it.
		drop := func(a *models.Application) error {
			a.Spec.AppRoles = slices.DeleteFunc(a.Spec.AppRoles, func(r models.AppRole) bool { return r.ID == "r-read" })
			return nil
		}
		if _, err := tn.UpdateApplication(ctx, actor, app.ID, drop); fault.Of(err).Key != "application.role.enabled" {
			t.Errorf("deleting a role in use: %v", err)
		}
		if _, err := tn.UpdateApplication(ctx, actor, app.ID, func(a *models.Application) error { a.Spec.AppRoles[0].Enabled = false; return nil }); err != nil {
			t.Fatal(err)
		}
		if _, err := tn.UpdateApplication(ctx, actor, app.ID, drop); err != nil {
			t.Fatal(err)
		}
		if _, err := tn.AppRoleAssignment(ctx, toAll.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("the role is gone, its assignment: %v", err)
		}
		if err := tn.DeleteGroup(ctx, actor, staff.ID); err != nil || assigned(ben) {
			t.Errorf("after the group went: %v", err)
		}
		if _, err := tn.AppRoleAssignment(ctx, toStaff.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("the group is gone, its assignment: %v", err)
		}
		// A purged application is nobody's member and has no role.
		if err := tn.DeleteApplication(ctx, actor, daemon.ID); err != nil {
			t.Fatal(err)
		}
		if got := list(models.AssignmentQuery{ApplicationID: app.ID}); got != "" {
			t.Errorf("still assigned: %q", got)
		}
		if err := tn.PurgeApplication(ctx, actor, daemon.ID); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(state(t, s.Store), `"principal_id":"`+daemon.ServicePrincipalID) {
			t.Error("an assignment of a purged application is left")
		}
	})
}
