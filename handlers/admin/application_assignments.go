package admin

import (
	"context"
	"fmt"
	"slices"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/fault"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

func assignmentColumns(a models.Application) []column[models.AppRoleAssignment] {
	return []column[models.AppRoleAssignment]{{"id", func(x models.AppRoleAssignment) string { return x.ID }}, {"principalType", func(x models.AppRoleAssignment) string { return x.PrincipalKind }},
		{"principalId", func(x models.AppRoleAssignment) string { return x.PrincipalID }}, {"principalDisplayName", func(x models.AppRoleAssignment) string { return x.PrincipalName }},
		{"appRoleId", func(x models.AppRoleAssignment) string { return x.RoleID }}, {"appRoleValue", func(x models.AppRoleAssignment) string { r, _ := a.Role(x.RoleID); return r.Value }},
		{"createdDateTime", func(x models.AppRoleAssignment) string { return stamp(x.CreatedAt) }}}
}

// assignmentList is who has which role of the application.
func (p *Portal) assignmentList(c *fiber.Ctx) error {
	v, w := visitOf(c), viewOf(c, "search", "role")
	a, err := v.app(c)
	if err != nil {
		return err
	}
	q := models.AssignmentQuery{ApplicationID: a.ID, Search: w.get("search"), RoleID: w.get("role"), After: w.get("after")}
	if f := c.Query("format"); f == "csv" || f == "json" {
		if !v.may(access.ExportData) {
			return p.refuse(c, access.ExportData)
		}
		return download(c, f, "assignments-"+v.dir.Tenant.Slug, assignmentColumns(a), nil, func(ctx context.Context, after string) ([]models.AppRoleAssignment, string, error) {
			q.After, q.Limit = after, 500
			page, err := v.tenant.AppRoleAssignments(ctx, q)
			return page.Items, page.Next, err
		})
	}
	page, err := v.tenant.AppRoleAssignments(c.UserContext(), q)
	if err != nil {
		return err
	}
	base := v.appBase(a)
	lead := choose(a.Spec.AppRoleRequired, "Assignment is required: only these can sign in.", "Assignment is not required: others can sign in too, without a role.")
	s, err := p.shell(c, "Users and groups of “"+a.Name+"”", lead, rolesHelp(), views.Link{Label: "Applications", Href: v.base() + "/applications"}, views.Link{Label: a.Name, Href: base})
	if err != nil {
		return err
	}
	add := &views.Link{Label: "Assign", Href: base + "/assignments/add"}
	if v.mayAssign() {
		s.Primary = add
	} else {
		add = nil
	}
	t := views.Table{Caption: "Assignments", Columns: []views.Column{{Label: "Who"}, {Label: "Kind"}, {Label: "Role"}, {Label: "Since"}}, Actions: v.mayAssign()}
	for _, x := range page.Items {
		role := views.Cell{Text: "May use it, without a role", Tone: "soft"}
		if r, ok := a.Role(x.RoleID); ok {
			role = views.Cell{Kind: views.Name, Text: r.Name, Sub: choose(r.Enabled, r.Value, r.Value+" (switched off)")}
		}
		row := views.Row{Cells: []views.Cell{v.memberCell(x.PrincipalKind, x.PrincipalID, x.PrincipalName, ""), plain(memberKind(x.PrincipalKind)), role, day(x.CreatedAt)}}
		if t.Actions {
			row.Actions = []views.Action{{Label: "Remove", About: x.PrincipalName, Post: base + "/assignments/remove", Fields: map[string]string{"assignment": x.ID}}}
		}
		t.Rows = append(t.Rows, row)
	}
	l := views.List{Filter: w.filter(2, views.Field{Name: "search", Label: "Name or address", Type: "search"}, views.Field{Kind: views.Select, Name: "role", Label: "Role", Options: append([]views.Option{{Label: "Any"}}, appRoleOptions(a, true)...)}),
		Table: t, Shown: shown(len(page.Items), "assignment", "newest first"), Empty: emptyOf(w, "Nobody is assigned", "Assign people, groups or applications, with a role or without.", add)}
	w.finish(&l, page.Next)
	v.exportable(&l)
	return p.list(c, s, l)
}

// appRoleOptions are the application's roles to choose from; a role that is off cannot be given.
func appRoleOptions(a models.Application, off bool) []views.Option {
	var out []views.Option
	for _, r := range a.Spec.AppRoles {
		if off || r.Enabled {
			out = append(out, views.Option{Value: r.ID, Label: r.Name, Hint: roleFor(r.MemberTypes)})
		}
	}
	return append(out, views.Option{Value: models.NoAppRole, Label: "No role, only the right to use it"})
}

func (p *Portal) assignForm(c *fiber.Ctx) error { return p.assignPage(c, c.Query("as"), "", 0, nil) }

func (p *Portal) assignPage(c *fiber.Ctx, role, box string, added int, problem error) error {
	v := visitOf(c)
	a, err := v.app(c)
	if err != nil {
		return err
	}
	base, roles := v.appBase(a), appRoleOptions(a, false)
	if !slices.ContainsFunc(roles, func(o views.Option) bool { return o.Value == role }) {
		role = roles[0].Value
	}
	s, err := p.shell(c, "Assign “"+a.Name+"”", "", rolesHelp(), views.Link{Label: "Applications", Href: v.base() + "/applications"}, views.Link{Label: a.Name, Href: base},
		views.Link{Label: "Users and groups", Href: base + "/assignments"})
	if err != nil {
		return err
	}
	choice := views.Field{Kind: views.Select, Name: "role", Label: "Role", Value: role, Options: roles}
	find, err := p.principalSearch(c, v, base+"/assignments/add", []views.Field{{Kind: views.Select, Name: "as", Label: "Role to assign", Value: role, Options: roles}}, func(x found) views.Action {
		return views.Action{Label: "Assign", About: x.name, Post: base + "/assignments/add", Fields: map[string]string{"principal": x.id, "role": role}}
	})
	if err != nil {
		return err
	}
	f := views.Form{Action: base + "/assignments/add", Submit: "Assign", Cancel: base + "/assignments", Fields: []views.Field{choice, principalBox(box)}}
	if added > 0 {
		f.Note = fmt.Sprintf("%s made. What is left in the box was not assigned.", numberWords(added, "assignments"))
	}
	status := fiber.StatusOK
	if problem != nil {
		if !complain(handlers.InfoOf(c).Locale, &f, ofRole(problem)) {
			return problem
		}
		status, s.Problems = fiber.StatusUnprocessableEntity, f.Problems
	}
	return handlers.Render(c, status, views.DetailPage(s, views.Detail{Sections: append(find, views.Section{ID: "many", Title: "Many at once", Form: &f})}))
}

// ofRole names the fields of an assignment as the form does.
func ofRole(err error) error {
	e := *fault.Of(err)
	e.Fields = slices.Clone(e.Fields)
	for i := range e.Fields {
		switch e.Fields[i].Name {
		case "appRoleId":
			e.Fields[i].Name = "role"
		case "principalId":
			e.Fields[i].Name = "principals"
		}
	}
	return &e
}

// assign gives a role to one that was found by the search, or to everything in the box.
func (p *Portal) assign(c *fiber.Ctx) error {
	v, role := visitOf(c), typed(c, "role")
	a, err := v.app(c)
	if err != nil {
		return err
	}
	to := v.appBase(a) + "/assignments"
	if one := typed(c, "principal"); one != "" {
		n, err := v.tenant.AssignAppRole(c.UserContext(), v.actor(c), models.AppRoleAssignment{ApplicationID: a.ID, PrincipalID: one, RoleID: role})
		if err != nil {
			return p.assignPage(c, role, "", 0, err)
		}
		return p.done(c, to, "“"+n.PrincipalName+"” assigned.")
	}
	who, left, problem, err := v.principals(c.UserContext(), typed(c, "principals"))
	if err != nil {
		return err
	}
	added := 0
	for _, x := range who {
		_, err := v.tenant.AssignAppRole(c.UserContext(), v.actor(c), models.AppRoleAssignment{ApplicationID: a.ID, PrincipalID: x.id, RoleID: role})
		switch e := fault.Of(err); {
		case err == nil:
			added++
		case e.Key == "assignment.there": // as wanted
		case e.Code == fault.Invalid:
			left, problem = append(left, x.name), err
		default:
			return err
		}
	}
	if problem != nil {
		return p.assignPage(c, role, lines(left), added, problem)
	}
	notice := numberWords(added, "assignments") + " made."
	if there := len(who) - added; there > 0 {
		notice += fmt.Sprintf(" %d had it before.", there)
	}
	return p.done(c, to, notice)
}

func (p *Portal) unassign(c *fiber.Ctx) error {
	v := visitOf(c)
	a, err := v.app(c)
	if err != nil {
		return err
	}
	x, err := v.tenant.AppRoleAssignment(c.UserContext(), typed(c, "assignment"))
	if err == nil && x.ApplicationID != a.ID {
		err = fault.New(fault.NotFound, "error.not_found")
	}
	if err == nil {
		err = v.tenant.UnassignAppRole(c.UserContext(), v.actor(c), x.ID)
	}
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	return p.done(c, v.appBase(a)+"/assignments", "Assignment removed.")
}
