package admin

import (
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/account"
	"portico/app/fault"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// userGroups is the tab of groups and app roles.
func (p *Portal) userGroups(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := v.person(c)
	if err != nil {
		return err
	}
	groups, err := p.groupsSection(c, u)
	if err != nil {
		return err
	}
	roles, err := p.rolesSection(c, u)
	if err != nil {
		return err
	}
	return p.tabPage(c, u, personGroups, nil, groups, roles)
}

func (p *Portal) groupsSection(c *fiber.Ctx, u models.User) (views.Section, error) {
	v := visitOf(c)
	s := views.Section{ID: "groups", Title: "Groups", Empty: "This person is in no group."}
	direct, err := v.tenant.GroupsOf(c.UserContext(), u.ID, false)
	if err != nil {
		return s, err
	}
	every, err := v.tenant.GroupsOf(c.UserContext(), u.ID, true)
	if err != nil {
		return s, err
	}
	may := v.may(access.GroupWrite)
	s.Table = &views.Table{Caption: "Groups", Columns: []views.Column{{Label: "Group"}, {Label: "How"}}, Actions: may}
	isDirect := map[string]bool{}
	for _, g := range direct {
		isDirect[g.ID] = true
	}
	for _, g := range every {
		row := views.Row{Cells: []views.Cell{{Kind: views.Name, Text: g.Name, Href: v.base() + "/groups/" + g.ID, Sub: g.Description}, plain("Through another group")}}
		if isDirect[g.ID] {
			row.Cells[1].Text = choose(g.Rule != "", "By the group's rule", "Directly")
			if may && g.Rule == "" {
				row.Actions = []views.Action{{Label: "Remove", About: g.Name, Post: v.userBase(u) + "/groups/remove", Fields: map[string]string{"group": g.ID}}}
			}
		}
		s.Table.Rows = append(s.Table.Rows, row)
	}
	if !may || !u.DeletedAt.IsZero() {
		return s, nil
	}
	options, err := p.groupOptions(c, "")
	if err != nil {
		return s, err
	}
	options = slices.DeleteFunc(options, func(o views.Option) bool { return isDirect[o.Value] })
	if len(options) > 0 {
		s.Form = &views.Form{Action: v.userBase(u) + "/groups/add", Submit: "Add", Fields: []views.Field{{Kind: views.Select, Name: "group", Label: "Add to a group", Options: options}}}
	}
	return s, nil
}

func (p *Portal) rolesSection(c *fiber.Ctx, u models.User) (views.Section, error) {
	v := visitOf(c)
	s := views.Section{ID: "roles", Title: "App roles", Lead: "Roles given to this person directly. Those of an assigned group are on the group's page.", Empty: "No app role is given to this person directly."}
	page, err := v.tenant.AppRoleAssignments(c.UserContext(), models.AssignmentQuery{PrincipalID: u.ID, Limit: 200})
	if err != nil {
		return s, err
	}
	may := v.may(access.AssignmentWrite)
	names, options, err := v.roleNames(c)
	if err != nil {
		return s, err
	}
	s.Table = &views.Table{Caption: "App roles", Columns: []views.Column{{Label: "Application"}, {Label: "Role"}, {Label: "Given"}}, Actions: may}
	have := map[string]bool{}
	for _, a := range page.Items {
		key := a.ApplicationID + " " + a.RoleID
		have[key] = true
		row := views.Row{Cells: []views.Cell{{Kind: views.Name, Text: a.ApplicationName}, {Kind: views.Name, Text: choose(names[key] == "", "A role that is gone", names[key])}, when(a.CreatedAt)}}
		if v.may(access.AppRead) {
			row.Cells[0].Href = v.base() + "/applications/" + a.ApplicationID
		}
		if may {
			row.Actions = []views.Action{{Label: "Remove", About: names[key] + " of " + a.ApplicationName, Post: v.userBase(u) + "/roles/remove", Fields: map[string]string{"assignment": a.ID}}}
		}
		s.Table.Rows = append(s.Table.Rows, row)
	}
	options = slices.DeleteFunc(options, func(o views.Option) bool { return have[o.Value] })
	if may && u.DeletedAt.IsZero() && len(options) > 0 {
		s.Form = &views.Form{Action: v.userBase(u) + "/roles/add", Submit: "Give", Fields: []views.Field{{Kind: views.Select, Name: "role", Label: "Give an app role", Options: options}}}
	}
	return s, nil
}

// roleNames names every role that a person can have, by "application role", and offers the enabled ones.
func (v *visit) roleNames(c *fiber.Ctx) (map[string]string, []views.Option, error) {
	apps, err := v.tenant.ListApplications(c.UserContext(), models.Listing{Where: []models.Condition{{SQL: "deleted_at IS NULL"}}, Column: "name_norm", Limit: 500})
	if err != nil {
		return nil, nil, err
	}
	names, options := map[string]string{}, []views.Option(nil)
	for _, a := range apps {
		names[a.ID+" "+models.NoAppRole] = "Default access"
		options = append(options, views.Option{Value: a.ID + " " + models.NoAppRole, Label: a.Name + ": default access"})
		for _, r := range a.Spec.AppRoles {
			names[a.ID+" "+r.ID] = r.Name
			if r.Enabled && slices.Contains(r.MemberTypes, "User") {
				options = append(options, views.Option{Value: a.ID + " " + r.ID, Label: a.Name + ": " + r.Name})
			}
		}
	}
	return names, options, nil
}

// saidConflict turns a refusal that is no fault of a form into a notice on the page.
func (p *Portal) saidConflict(c *fiber.Ctx, to string, err error) error {
	e := fault.Of(err)
	if !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.NotFound) {
		return err
	}
	key, args := e.Key, e.Args
	if len(e.Fields) > 0 {
		key, args = e.Fields[0].Key, e.Fields[0].Args
	}
	return p.doneWith(c, to, models.PortalFlash{Kind: "warn", Text: handlers.InfoOf(c).Locale.T(key, args)})
}

func (p *Portal) userGroupAdd(c *fiber.Ctx) error {
	return p.userGroupChange(c, "“%s” is in “%g” now.", func(v *visit, u models.User, group string) error {
		return v.tenant.AddMember(c.UserContext(), v.actor(c), group, u.ID)
	})
}

func (p *Portal) userGroupRemove(c *fiber.Ctx) error {
	return p.userGroupChange(c, "“%s” is no longer in “%g”.", func(v *visit, u models.User, group string) error {
		return v.tenant.RemoveMember(c.UserContext(), v.actor(c), group, u.ID)
	})
}

func (p *Portal) userGroupChange(c *fiber.Ctx, says string, change func(*visit, models.User, string) error) error {
	v := visitOf(c)
	u, err := v.user(c)
	if err != nil {
		return err
	}
	to := v.userBase(u) + "/groups"
	g, err := v.tenant.Group(c.UserContext(), typed(c, "group"))
	if err == nil {
		err = change(v, u, g.ID)
	}
	if err != nil {
		return p.saidConflict(c, to, err)
	}
	return p.done(c, to, strings.NewReplacer("%s", userName(u), "%g", g.Name).Replace(says))
}

func (p *Portal) userRoleAdd(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := v.user(c)
	if err != nil {
		return err
	}
	to := v.userBase(u) + "/groups"
	app, role, _ := strings.Cut(typed(c, "role"), " ")
	a, err := v.tenant.AssignAppRole(c.UserContext(), v.actor(c), models.AppRoleAssignment{PrincipalID: u.ID, PrincipalKind: account.MemberUser, ApplicationID: app, RoleID: role})
	if err != nil {
		return p.saidConflict(c, to, err)
	}
	return p.done(c, to, "“"+userName(u)+"” has a role of “"+a.ApplicationName+"” now.")
}

func (p *Portal) userRoleRemove(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := v.user(c)
	if err != nil {
		return err
	}
	to := v.userBase(u) + "/groups"
	a, err := v.tenant.AppRoleAssignment(c.UserContext(), typed(c, "assignment"))
	if err == nil && a.PrincipalID != u.ID {
		err = fault.New(fault.NotFound, "error.not_found")
	}
	if err == nil {
		err = v.tenant.UnassignAppRole(c.UserContext(), v.actor(c), a.ID)
	}
	if err != nil {
		return p.saidConflict(c, to, err)
	}
	return p.done(c, to, "“"+userName(u)+"” no longer has that role of “"+a.ApplicationName+"”.")
}
