package admin

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/account"
	"portico/app/fault"
	"portico/app/userflow"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// groupRoutes are the groups of people, and who has which role of an application.
func (p *Portal) groupRoutes() []handlers.Route {
	const at, app = "/admin/t/:tenant/groups", "/admin/t/:tenant/applications/:id"
	return []handlers.Route{
		{Method: get, Path: at, Handler: p.groupList, Permission: access.GroupRead, NavGroup: navPeople, NavLabel: "Groups"},
		{Method: get, Path: at + "/new", Handler: p.groupNew, Permission: access.GroupWrite},
		{Method: post, Path: at, Handler: p.groupCreate, Permission: access.GroupWrite},
		{Method: get, Path: at + "/:id", Handler: p.groupDetail, Permission: access.GroupRead},
		{Method: get, Path: at + "/:id/edit", Handler: p.groupEdit, Permission: access.GroupWrite},
		{Method: post, Path: at + "/:id/edit", Handler: p.groupSave, Permission: access.GroupWrite},
		{Method: get, Path: at + "/:id/members", Handler: p.memberList, Permission: access.GroupRead},
		{Method: get, Path: at + "/:id/members/add", Handler: p.memberAddForm, Permission: access.GroupWrite},
		{Method: post, Path: at + "/:id/members/add", Handler: p.memberAdd, Permission: access.GroupWrite},
		{Method: post, Path: at + "/:id/members/remove", Handler: p.memberRemove, Permission: access.GroupWrite},
		{Method: get, Path: at + "/:id/delete", Handler: p.groupDeleteForm, Permission: access.GroupWrite},
		{Method: post, Path: at + "/:id/delete", Handler: p.groupDelete, Permission: access.GroupWrite},

		{Method: get, Path: app + "/roles/new", Handler: p.roleNew, Permission: access.AppWrite},
		{Method: post, Path: app + "/roles", Handler: p.roleAdd, Permission: access.AppWrite},
		{Method: get, Path: app + "/roles/:role/edit", Handler: p.roleEdit, Permission: access.AppWrite},
		{Method: post, Path: app + "/roles/:role/edit", Handler: p.roleSave, Permission: access.AppWrite},
		{Method: post, Path: app + "/roles/:role/enabled", Handler: p.roleEnabled, Permission: access.AppWrite},
		{Method: get, Path: app + "/roles/:role/delete", Handler: p.roleDeleteForm, Permission: access.AppWrite},
		{Method: post, Path: app + "/roles/:role/delete", Handler: p.roleDelete, Permission: access.AppWrite},
		{Method: get, Path: app + "/group-claims", Handler: p.groupClaimsForm, Permission: access.AppWrite},
		{Method: post, Path: app + "/group-claims", Handler: p.groupClaimsSave, Permission: access.AppWrite},
		{Method: get, Path: app + "/assignments", Handler: p.assignmentList, Permission: access.AppRead},
		{Method: get, Path: app + "/assignments/add", Handler: p.assignForm, Permission: access.AssignmentWrite},
		{Method: post, Path: app + "/assignments/add", Handler: p.assign, Permission: access.AssignmentWrite},
		{Method: post, Path: app + "/assignments/remove", Handler: p.unassign, Permission: access.AssignmentWrite},
		{Method: get, Path: app + "/assignment-required", Handler: p.assignmentRequiredForm, Permission: access.AppWrite},
		{Method: post, Path: app + "/assignment-required", Handler: p.assignmentRequired, Permission: access.AppWrite},
	}
}

func groupsHelp() views.Help {
	return views.Help{What: "A group is a set of people, of other groups and of applications. It gives its members the roles of applications that are assigned to it, and an application can read a person's groups in its tokens.",
		Do: "Make a group for what people have in common, put them in, then assign it on the page of an application. Groups inside a group count in tokens; for roles and for “assignment required” only those who are in the assigned group itself count."}
}

func (v *visit) groupBase(id string) string { return v.base() + "/groups/" + id }

func (v *visit) groupCrumbs(more ...views.Link) []views.Link {
	return append([]views.Link{{Label: "Groups", Href: v.base() + "/groups"}}, more...)
}

func (p *Portal) groupList(c *fiber.Ctx) error {
	v, w := visitOf(c), viewOf(c, "search", "sort")
	q := models.GroupQuery{Search: w.get("search"), Desc: w.get("sort") == "name-desc", After: w.get("after")}
	if f := c.Query("format"); f == "csv" || f == "json" {
		cols := []column[account.Group]{{"id", func(g account.Group) string { return g.ID }}, {"displayName", func(g account.Group) string { return g.Name }},
			{"description", func(g account.Group) string { return g.Description }}, {"createdDateTime", func(g account.Group) string { return stamp(g.CreatedAt) }}}
		return download(c, f, "groups-"+v.dir.Tenant.Slug, cols, nil, func(ctx context.Context, after string) ([]account.Group, string, error) {
			q.After, q.Limit = after, 500
			page, err := v.tenant.Groups(ctx, q)
			return page.Items, page.Next, err
		})
	}
	page, err := v.tenant.Groups(c.UserContext(), q)
	if err != nil {
		return err
	}
	ids := make([]string, len(page.Items))
	for i, g := range page.Items {
		ids[i] = g.ID
	}
	counts, err := v.tenant.CountMembers(c.UserContext(), ids)
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Groups", "Sets of people that applications and rules can name.", groupsHelp())
	if err != nil {
		return err
	}
	create := &views.Link{Label: "New group", Href: v.base() + "/groups/new"}
	if v.may(access.GroupWrite) {
		s.Primary = create
	} else {
		create = nil
	}
	t := views.Table{Caption: "Groups", Columns: []views.Column{w.sortable("Name", "", "name-desc", true), {Label: "Members", Num: true}, {Label: "Changed"}}}
	for _, g := range page.Items {
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: g.Name, Sub: g.Description, Href: v.groupBase(g.ID)},
			{Kind: views.Num, Text: memberCount(counts[g.ID])}, day(g.UpdatedAt)}})
		if g.Rule != "" {
			t.Rows[len(t.Rows)-1].Cells[1].Sub = "By rule"
		}
	}
	l := views.List{Filter: w.filter(1, views.Field{Name: "search", Label: "Name or ID", Type: "search"}), Table: t, Shown: shown(len(page.Items), "group", "by name"),
		Empty: emptyOf(w, "No groups yet", "Make one, put people into it, then assign it to an application.", create)}
	w.finish(&l, page.Next)
	return p.list(c, s, l)
}

// memberCount is a count that ends where counting would take long.
func memberCount(n int) string {
	if n > 1000 {
		return "1000+"
	}
	return strconv.Itoa(n)
}

func groupForm(action, cancel, submit string, g account.Group) views.Form {
	return views.Form{Action: action, Cancel: cancel, Submit: submit, Fields: []views.Field{
		{Name: "displayName", Label: "Name", Hint: "Unique in this tenant. Applications may read it in tokens.", Value: g.Name},
		{Kind: views.TextArea, Name: "description", Label: "Description", Hint: "For you and other admins.", Value: g.Description, Rows: 3, Optional: true},
		{Kind: views.TextArea, Name: "membershipRule", Label: "Rule for its members", Hint: "Leave it empty to choose the members yourself. With a rule, everybody whom it finds is in the group, and nobody else. For example: user.country -eq \"DE\" -and user.city -in [\"Berlin\", \"Hamburg\"]. There are -eq, -ne, -startsWith, -notStartsWith, -contains, -notContains, -in, -notIn, -and, -or, -not and parentheses; a custom attribute is user. and its ID.", Value: g.Rule, Rows: 4, Optional: true, Code: true},
		{Name: "tester", Label: "Try the rule with", Hint: "An email address, a user name or an object ID of somebody. Nothing is saved.", Optional: true, Buttons: []views.Try{{Label: "Try the rule", Name: "do", Value: "try"}}},
		{Kind: views.Check, Name: "rulePaused", Label: "Pause the rule: its members stay as they are", Value: tick(g.RulePaused)},
		{Kind: views.Hidden, Name: "version", Value: strconv.FormatInt(g.Version, 10)}}}
}

func typedGroup(c *fiber.Ctx) account.Group {
	return account.Group{Name: typed(c, "displayName"), Description: typed(c, "description"), Rule: typed(c, "membershipRule"), RulePaused: ticked(c, "rulePaused")}
}

// openRule warns of a rule that reads what customers can change themselves in some user flow: it lets them
// decide for themselves whether they are in the group, and so which roles they have.
func (v *visit) openRule(ctx context.Context, rule string) (string, error) {
	reads, err := v.tenant.RuleReads(ctx, rule)
	if err != nil || len(reads) == 0 {
		return "", err
	}
	flows := make([]userflow.Flow, 0, len(v.dir.Flows))
	for _, f := range v.dir.Flows {
		flows = append(flows, *f)
	}
	slices.SortFunc(flows, func(a, b userflow.Flow) int { return strings.Compare(a.ID, b.ID) })
	var open []string
	for _, id := range reads {
		if id == "preferredLanguage" || slices.ContainsFunc(userflow.Profile(flows), func(a userflow.Attribute) bool { return a.ID == id && !a.ReadOnly }) {
			open = append(open, "“"+v.attributeName(id)+"”")
		}
	}
	if len(open) == 0 {
		return "", nil
	}
	return "Customers can change " + strings.Join(open, " and ") + " themselves, and so put themselves into this group. Do not give it a role that not everybody may have, or hide the attribute or make it read-only in the user flows.", nil
}

// tryRule says beside the form what the rule would do; nothing is saved.
func (p *Portal) tryRule(c *fiber.Ctx, f *views.Form) error {
	v, who := visitOf(c), typed(c, "tester")
	field := slices.IndexFunc(f.Fields, func(x views.Field) bool { return x.Name == "tester" })
	f.Fields[field].Value = who
	var id, name string
	if who != "" {
		one, ok, err := v.principal(c.UserContext(), who)
		if err != nil {
			return err
		}
		if !ok || one.kind != account.MemberUser {
			f.Fields[field].Verdict = &views.Verdict{Tone: "warn", Text: "Nobody is known by “" + who + "”."}
			return nil
		}
		id, name = one.id, one.name
	}
	trial, err := v.tenant.TryRule(c.UserContext(), typed(c, "membershipRule"), id)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("It finds %d of %d people.", trial.Found, trial.LookedAt)
	if !trial.All {
		text = fmt.Sprintf("It finds %d of the first %d people.", trial.Found, trial.LookedAt)
	}
	tone := "info"
	if trial.Asked {
		tone = choose(trial.In, "ok", "warn")
		text = choose(trial.In, name+" would be in the group. ", name+" would not be in the group. ") + text
	}
	f.Fields[field].Verdict = &views.Verdict{Tone: tone, Text: text}
	return nil
}

func (p *Portal) groupNew(c *fiber.Ctx) error { return p.groupNewPage(c, account.Group{}, nil) }

func (p *Portal) groupNewPage(c *fiber.Ctx, g account.Group, problem error) error {
	v := visitOf(c)
	f := groupForm(v.base()+"/groups", v.base()+"/groups", "Create group", g)
	var err error
	if f.Note, err = v.openRule(c.UserContext(), g.Rule); err != nil {
		return err
	}
	if typed(c, "do") == "try" {
		problem = p.tryRule(c, &f)
	}
	return p.groupFormPage(c, "New group", f, problem, v.groupCrumbs()...)
}

func (p *Portal) groupFormPage(c *fiber.Ctx, title string, f views.Form, problem error, crumbs ...views.Link) error {
	if !complain(handlers.InfoOf(c).Locale, &f, problem) {
		return problem
	}
	s, err := p.shell(c, title, "", groupsHelp(), crumbs...)
	if err != nil {
		return err
	}
	return p.form(c, s, f)
}

func (p *Portal) groupCreate(c *fiber.Ctx) error {
	v := visitOf(c)
	g := typedGroup(c)
	if typed(c, "do") == "try" {
		return p.groupNewPage(c, g, nil)
	}
	made, err := v.tenant.CreateGroup(c.UserContext(), v.actor(c), g)
	if err != nil {
		return p.groupNewPage(c, g, err)
	}
	return p.done(c, v.groupBase(made.ID), "Group “"+made.Name+"” created. "+choose(made.Rule == "", "Now put people into it.", "Its members are being worked out."))
}

func (p *Portal) groupEdit(c *fiber.Ctx) error {
	v := visitOf(c)
	g, err := v.tenant.Group(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	return p.groupEditPage(c, g, nil)
}

func (p *Portal) groupEditPage(c *fiber.Ctx, g account.Group, problem error) error {
	v := visitOf(c)
	base := v.groupBase(c.Params("id"))
	f := groupForm(base+"/edit", base, "Save group", g)
	var err error
	if f.Note, err = v.openRule(c.UserContext(), g.Rule); err != nil {
		return err
	}
	if typed(c, "do") == "try" {
		problem = p.tryRule(c, &f)
	}
	return p.groupFormPage(c, "Edit group", f, problem, v.groupCrumbs(views.Link{Label: g.Name, Href: base})...)
}

func (p *Portal) groupSave(c *fiber.Ctx) error {
	v := visitOf(c)
	was, err := strconv.ParseInt(typed(c, "version"), 10, 64)
	if err != nil {
		return fault.New(fault.Conflict, "group.changed_meanwhile")
	}
	wanted := typedGroup(c)
	if wanted.Version = was; typed(c, "do") == "try" {
		return p.groupEditPage(c, wanted, nil)
	}
	g, err := v.tenant.UpdateGroup(c.UserContext(), v.actor(c), c.Params("id"), func(g *account.Group) error {
		g.Name, g.Description, g.Rule, g.RulePaused, g.Version = wanted.Name, wanted.Description, wanted.Rule, wanted.RulePaused, wanted.Version
		return nil
	})
	if err != nil {
		if fault.Of(err).Key == "group.changed_meanwhile" { // sent again, it replaces the change that its sender now knows of
			if now, readErr := v.tenant.Group(c.UserContext(), c.Params("id")); readErr == nil {
				wanted.Version = now.Version
			}
		}
		return p.groupEditPage(c, wanted, err)
	}
	return p.done(c, v.groupBase(g.ID), "Group “"+g.Name+"” saved.")
}

// firstMembers is how many members the group's own page shows.
const firstMembers = 10

func (p *Portal) groupDetail(c *fiber.Ctx) error {
	v := visitOf(c)
	g, err := v.tenant.Group(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	base := v.groupBase(g.ID)
	s, err := p.shell(c, g.Name, g.Description, groupsHelp(), v.groupCrumbs()...)
	if err != nil {
		return err
	}
	members, err := v.tenant.GroupMembers(c.UserContext(), g.ID, "", firstMembers)
	if err != nil {
		return err
	}
	counts, err := v.tenant.CountMembers(c.UserContext(), []string{g.ID})
	if err != nil {
		return err
	}
	parents, err := v.tenant.GroupsOf(c.UserContext(), g.ID, false)
	if err != nil {
		return err
	}
	roles, err := v.assignmentsOf(c.UserContext(), g.ID)
	if err != nil {
		return err
	}
	list := views.Section{ID: "members", Title: "Members", Lead: "The newest first.", Table: v.memberTable(g, members.Items), Empty: "Nobody yet.",
		Action: &views.Link{Label: "All members, search, groups inside", Href: base + "/members"}}
	sections := []views.Section{{ID: "overview", Title: "Overview", Summary: facts(
		views.Fact{Label: "Name", Value: views.Cell{Kind: views.Name, Text: g.Name}, Change: base + "/edit"},
		fact("Members", views.Cell{Kind: views.Num, Text: memberCount(counts[g.ID])}), fact("Rule", code(g.Rule)), fact("State of the rule", ruleState(g)), fact("Object ID", code(g.ID)),
		fact("Mail nickname", code(g.MailNickname)), fact("Created", when(g.CreatedAt)), fact("Changed", when(g.UpdatedAt)))},
		list, v.parentSection(parents), {ID: "roles", Title: "What it gives", Lead: "Roles of applications that everybody who is in this group itself has.", Table: roles, Empty: "No application is assigned to it."}}
	if v.may(access.GroupWrite) {
		s.Primary = &views.Link{Label: "Edit group", Href: base + "/edit"}
		if g.Rule == "" {
			s.Primary = &views.Link{Label: "Add members", Href: base + "/members/add"}
		}
		sections = append(sections, views.Section{ID: "danger", Title: "Delete", Danger: true, Lead: "Its members stay; what the group gave them is gone.",
			Buttons: []views.Action{{Label: "Delete group", Href: base + "/delete", Danger: true, About: g.Name}}})
	} else {
		for i := range sections {
			keep := sections[i].Action
			readOnly(&sections[i])
			sections[i].Action = keep
		}
	}
	page := views.Detail{Sections: sections}
	open, err := v.openRule(c.UserContext(), g.Rule)
	if err != nil {
		return err
	}
	if open != "" {
		page.Notices = []views.Notice{{Tone: "warn", Title: "Customers decide who is in it", Text: open}}
	}
	return p.detail(c, s, page)
}

// ruleState says how far a rule has come; empty for a group without one.
func ruleState(g account.Group) views.Cell {
	switch {
	case g.Rule == "":
		return views.Cell{}
	case g.RulePaused:
		return badge("neutral", "Paused")
	case g.Processing:
		return badge("info", "Working out its members")
	}
	return badge("ok", "Up to date")
}

func (v *visit) parentSection(parents []account.Group) views.Section {
	s := views.Section{ID: "parents", Title: "Inside these groups", Empty: "In no other group.", Table: &views.Table{Caption: "Groups that hold this group", Columns: []views.Column{{Label: "Name"}}}}
	for _, g := range parents {
		s.Table.Rows = append(s.Table.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: g.Name, Sub: g.Description, Href: v.groupBase(g.ID)}}})
	}
	return s
}

// assignmentsOf is the table of what a person, a group or an application was assigned.
func (v *visit) assignmentsOf(ctx context.Context, principalID string) (*views.Table, error) {
	page, err := v.tenant.AppRoleAssignments(ctx, models.AssignmentQuery{PrincipalID: principalID, Limit: 200})
	if err != nil {
		return nil, err
	}
	t := &views.Table{Caption: "Assigned applications", Columns: []views.Column{{Label: "Application"}, {Label: "Role"}, {Label: "Since"}}}
	for _, a := range page.Items {
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: a.ApplicationName, Href: v.base() + "/applications/" + a.ApplicationID + "/assignments"},
			v.roleCell(ctx, a), day(a.CreatedAt)}})
	}
	return t, nil
}

// roleCell names the role of an assignment.
func (v *visit) roleCell(ctx context.Context, a models.AppRoleAssignment) views.Cell {
	if a.RoleID == models.NoAppRole {
		return views.Cell{Text: "May use it, without a role", Tone: "soft"}
	}
	app, err := v.tenant.Application(ctx, a.ApplicationID)
	if err == nil {
		if r, ok := app.Role(a.RoleID); ok {
			return views.Cell{Kind: views.Name, Text: r.Name, Sub: r.Value}
		}
	}
	return code(a.RoleID)
}

func (p *Portal) groupDeleteForm(c *fiber.Ctx) error {
	v := visitOf(c)
	g, err := v.tenant.Group(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	counts, err := v.tenant.CountMembers(c.UserContext(), []string{g.ID})
	if err != nil {
		return err
	}
	given, err := v.tenant.AppRoleAssignments(c.UserContext(), models.AssignmentQuery{PrincipalID: g.ID, Limit: 20})
	if err != nil {
		return err
	}
	parents, err := v.tenant.GroupsOf(c.UserContext(), g.ID, false)
	if err != nil {
		return err
	}
	m := views.Confirm{Consequences: []string{fmt.Sprintf("Its %s members stay, but are in this group no more. This cannot be undone.", memberCount(counts[g.ID]))},
		Form: views.Form{Action: v.groupBase(g.ID) + "/delete", Submit: "Delete group", Danger: true, Cancel: v.groupBase(g.ID)}}
	for _, a := range given.Items {
		m.Consequences = append(m.Consequences, "Whoever is assigned to “"+a.ApplicationName+"” only through this group loses that.")
	}
	for _, o := range parents {
		m.Consequences = append(m.Consequences, "Its members are no more among those of “"+o.Name+"”.")
	}
	s, err := p.shell(c, "Delete “"+g.Name+"”?", "", views.Help{}, v.groupCrumbs(views.Link{Label: g.Name, Href: v.groupBase(g.ID)})...)
	if err != nil {
		return err
	}
	return p.confirm(c, s, m)
}

func (p *Portal) groupDelete(c *fiber.Ctx) error {
	v := visitOf(c)
	g, err := v.tenant.Group(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	if err := v.tenant.DeleteGroup(c.UserContext(), v.actor(c), g.ID); err != nil {
		return p.refusedChange(c, v.groupBase(g.ID), err)
	}
	return p.done(c, v.base()+"/groups", "Group “"+g.Name+"” deleted.")
}
