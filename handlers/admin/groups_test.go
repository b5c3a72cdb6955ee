package admin

import (
	"strings"
	"testing"

	"portico/app/account"
	"portico/app/openid"
	"portico/models"
	"portico/models/modelstest"
)

const groupsAt = "/admin/t/shop/groups"

// holds checks what stands in the page's source.
func (a answer) holds(t testing.TB, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(a.body, p) {
			t.Errorf("the source lacks %q", p)
		}
	}
}

func (b *bench) groupNamed(name string) account.Group {
	b.Helper()
	p, err := b.shop.Groups(b.Context(), models.GroupQuery{Search: name})
	b.must(err)
	for _, g := range p.Items {
		if g.Name == name {
			return g
		}
	}
	b.Fatalf("no group %q", name)
	return account.Group{}
}

// A group from its making to its end, as an admin meets it.
func TestTheLifeOfAGroup(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	w.get(groupsAt).wants(t, 200, "No groups yet", "New group")
	w.post(groupsAt, "displayName", "").wants(t, 422, "Give the group a name")
	if a := w.post(groupsAt, "displayName", "Editors", "description", "Who writes"); a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	w.post(groupsAt, "displayName", "EDITORS").wants(t, 422, "There is a group named “EDITORS” already")
	g := b.groupNamed("Editors")
	at := groupsAt + "/" + g.ID
	w.get(at).wants(t, 200, "Editors", "Who writes", "Nobody yet", "Add members", "No application is assigned to it")

	// By search, and many at once; what names nobody stays in the box, the rest is in.
	w.get(at+"/members/add?find="+th.user.DisplayName).wants(t, 200, th.user.DisplayName, "Add")
	modelstest.MustUser(t, b.shop, "zoe@example.com")
	a := w.post(at+"/members/add", "principals", "Zoe Z <ZOE@example.com>\nnobody@example.com, "+th.user.ID)
	a.wants(t, 422, "Nobody is known by: nobody@example.com", "2 members added")
	a.holds(t, ">nobody@example.com</textarea>")
	w.get(at+"/members").wants(t, 200, "zoe", th.user.DisplayName, "2 members on this page")
	w.get(at+"/members?search=zoe").wants(t, 200, "zoe@example.com")
	w.post(groupsAt, "displayName", "Inner")
	inner := b.groupNamed("Inner")
	if a := w.post(at+"/members/add", "principals", "inner"); a.status != 303 {
		t.Errorf("%d %s", a.status, text(a.body))
	}
	w.post(groupsAt+"/"+inner.ID+"/members/add", "member", g.ID).wants(t, 422, "cannot be put into Inner")
	w.get(at+"/members?inside=all").wants(t, 200, "with those of groups inside", "Inner")
	w.get(groupsAt+"/"+inner.ID).wants(t, 200, "Inside these groups", "Editors")
	if a := w.post(at+"/members/remove", "member", inner.ID); a.status != 303 {
		t.Errorf("%d", a.status)
	}
	w.get(groupsAt).wants(t, 200, "Editors", "Inner")

	// Two admins at once: the second is told, and may insist.
	w.post(at+"/edit", "displayName", "Authors", "description", "Who writes", "version", "1")
	a = w.post(at+"/edit", "displayName", "Writers", "description", "", "version", "1")
	a.wants(t, 422, "Somebody else changed this group")
	a.holds(t, `value="Writers"`, `name="version" value="2"`)
	w.post(at+"/edit", "displayName", "Writers", "description", "", "version", "2")
	b.groupNamed("Writers")

	w.get(at+"/delete").wants(t, 200, "Its 2 members stay")
	w.post(at + "/delete")
	w.get(at).wants(t, 404)
	if e := b.shopAudits()[0]; e.Activity != "Delete group" || e.Actor.ID != w.userID {
		t.Errorf("%+v", e)
	}
}

// A rule is tried before it is saved, and points at its mistake.
func TestGroupsByRuleInThePortal(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	w.post(groupsAt, "displayName", "All", "membershipRule", `user.displayName = "a"`).wants(t, 422, "cannot be read at character 18")
	a := w.post(groupsAt, "displayName", "All", "membershipRule", `user.accountEnabled -eq true`, "tester", "ada@example.com", "do", "try")
	a.wants(t, 200, "ada would be in the group. It finds 1 of 1 people")
	a.holds(t, `value="All"`)
	w.post(groupsAt, "displayName", "All", "membershipRule", `user.city -eq "x"`, "tester", "nobody", "do", "try").wants(t, 200, "Nobody is known by “nobody”")
	w.post(groupsAt, "displayName", "All", "membershipRule", `user.city -like "x"`, "do", "try").wants(t, 422, "an operator is expected")
	if p, err := b.shop.Groups(t.Context(), models.GroupQuery{}); err != nil || len(p.Items) != 0 {
		t.Errorf("a trial made %+v, %v", p.Items, err)
	}
	if a := w.post(groupsAt, "displayName", "All", "membershipRule", `user.accountEnabled -eq true`); a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	at := groupsAt + "/" + b.groupNamed("All").ID
	w.get(at).wants(t, 200, "Working out its members", "user.accountEnabled")
	_, err := b.shop.StepGroupRules(t.Context(), modelstest.Actor())
	b.must(err)
	page := w.get(at)
	page.wants(t, 200, "Up to date", th.user.DisplayName)
	if strings.Contains(page.body, "Add members") || strings.Contains(page.body, ">Remove<") {
		t.Error("members by rule can be changed by hand")
	}
	w.post(at+"/members/add", "principals", "ada@example.com").wants(t, 422, "A rule decides who is in All")
	w.post(at+"/members/remove", "member", th.user.ID).wants(t, 409)

	// A rule that reads what customers write themselves is warned of, on the form and on the group's page.
	const warning = "themselves, and so put themselves into this group"
	if a := w.get(at); strings.Contains(text(a.body), warning) {
		t.Error("warned of a rule that customers cannot bend")
	}
	w.post(groupsAt, "displayName", "Names", "membershipRule", `user.accountEnabled -eq true -and user.givenName -eq "Ada"`, "do", "try").wants(t, 200, "Customers can change “First name” "+warning)
	if a := w.post(groupsAt, "displayName", "Names", "membershipRule", `user.givenName -eq "Ada"`); a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	names := groupsAt + "/" + b.groupNamed("Names").ID
	w.get(names).wants(t, 200, "Customers can change “First name” "+warning)
	w.get(names+"/edit").wants(t, 200, warning)
}

// App roles, who has them, assignment required, groups in tokens.
func TestRolesAndAssignmentsOfAnApplication(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	at := "/admin/t/shop/applications/" + th.app.ID
	w.get(at).wants(t, 200, "App roles", "Declare an app role", "Users and groups", "No: everybody of this tenant can sign in")
	w.post(at+"/roles", "displayName", "", "appRoles", "with space").wants(t, 422, "Give the role a name", "Choose who can have the role")
	w.post(at+"/roles", "displayName", "Editors", "appRoles", "with space", "allowedMemberTypes", "User").holds(t, `value="with space"`)
	if a := w.post(at+"/roles", "displayName", "Editors", "appRoles", "Article.Edit", "allowedMemberTypes", "User", "description", "May write"); a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	app := func() models.Application { return modelstest.Must(b.shop.Application(t.Context(), th.app.ID))(t) }
	role := app().Spec.AppRoles[0]
	w.get(at).wants(t, 200, "Article.Edit", "People and groups", "Switch off")

	w.get(at+"/assignments").wants(t, 200, "Nobody is assigned")
	w.get(at+"/assignments/add?find="+th.user.DisplayName+"&as="+role.ID).wants(t, 200, th.user.DisplayName, "Assign")
	if a := w.post(at+"/assignments/add", "principal", th.user.ID, "role", role.ID); a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	w.post(at+"/assignments/add", "principal", th.user.ID, "role", role.ID).wants(t, 422, "has this role already")
	w.post(groupsAt, "displayName", "Crowd")
	a := w.post(at+"/assignments/add", "principals", "crowd\n"+th.app.Name, "role", role.ID)
	a.wants(t, 422, "is for people and groups, not for apps", "1 assignment made")
	a.holds(t, ">"+th.app.Name+"</textarea>")
	w.get(at+"/assignments").wants(t, 200, th.user.DisplayName, "Crowd", "Article.Edit")
	w.get(at+"/assignments?search=crow").wants(t, 200, "Crowd")
	if a := w.get(at + "/assignments?format=csv"); !strings.Contains(a.body, "Article.Edit") {
		t.Error(a.body)
	}
	w.get(groupsAt+"/"+b.groupNamed("Crowd").ID).wants(t, 200, "What it gives", "Editors")

	w.get(at+"/assignment-required").wants(t, 200, "Assigned so far: 2 assignments", "Accepting an invitation")
	w.post(at+"/assignment-required", "required", "yes")
	w.get(at).wants(t, 200, "Yes: only who is assigned can sign in")
	w.post(at+"/group-claims", "groupMembershipClaims", "SecurityGroup", "groupNames", "yes")
	if x := app().Spec; !x.AppRoleRequired || x.GroupClaims != openid.SecurityGroups || !x.GroupNames {
		t.Errorf("%+v", x)
	}
	w.post(at+"/group-claims", "groupMembershipClaims", "Everything").wants(t, 422, "Choose which groups the tokens name")

	// A role goes when it is switched off.
	w.post(at+"/roles/"+role.ID+"/delete").wants(t, 422, "is switched on")
	w.post(at+"/roles/"+role.ID+"/enabled", "enabled", "no")
	w.get(at+"/roles/"+role.ID+"/delete").wants(t, 200, "2 assignments with this role lose it")
	w.post(at + "/roles/" + role.ID + "/delete")
	if x := app(); len(x.Spec.AppRoles) != 0 {
		t.Errorf("%+v", x.Spec.AppRoles)
	}
	w.get(at+"/assignments").wants(t, 200, "Nobody is assigned")

	// Roles and groups as claims under other names.
	w.get(at+"/claims/new?source=groups").wants(t, 200, "Names of the groups")
	if a := w.post(at+"/claims", "source", "groups", "name", "teams", "id", "displayName"); a.status != 303 {
		t.Errorf("%d %s", a.status, text(a.body))
	}
	w.get(at+"/claims").wants(t, 200, "teams", "The names of the groups that the person is in")
}

// A reader sees groups and assignments and changes nothing.
func TestReadersOfGroups(t *testing.T) {
	b := newBench(t)
	th := b.things()
	g := modelstest.Must(b.shop.CreateGroup(t.Context(), modelstest.Actor(), account.Group{Name: "Crew"}))(t)
	b.must(b.shop.AddMember(t.Context(), modelstest.Actor(), g.ID, th.user.ID))
	w := b.admin("reader@example.com", "Global Reader")
	at := groupsAt + "/" + g.ID
	for _, path := range []string{at, at + "/members", "/admin/t/shop/applications/" + th.app.ID + "/assignments"} {
		a := w.get(path)
		if a.status == 403 {
			continue // what the role may read is the catalogue's affair
		}
		a.wants(t, 200)
		for _, word := range []string{"Add members", "Delete group", ">Remove<", ">Assign<"} {
			if strings.Contains(a.body, word) {
				t.Errorf("%s offers %s", path, word)
			}
		}
	}
	for _, path := range []string{groupsAt, at + "/edit", at + "/members/add", at + "/members/remove", at + "/delete"} {
		if a := w.post(path, "displayName", "x", "member", th.user.ID); a.status != 403 {
			t.Errorf("%s: %d", path, a.status)
		}
	}
}
