package admin

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/openid"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

func rolesHelp() views.Help {
	return views.Help{What: "An app role is a word that this application understands, such as Editor. Who has it reads it in the claim “roles” of their tokens; what it allows is the application's own affair.",
		Do: "Declare the roles that the application knows, then assign them to people, groups or other applications. To delete a role, switch it off first: its tokens stop naming it, and nothing is lost until you delete it."}
}

// roleSection is the roles on the application's own page.
func roleSection(v *visit, a models.Application, base string, counts map[string]int) views.Section {
	t := &views.Table{Caption: "App roles", Columns: []views.Column{{Label: "Role"}, {Label: "Value in tokens"}, {Label: "For"}, {Label: "Assigned", Num: true}, {Label: "State"}}, Actions: true}
	for _, r := range a.Spec.AppRoles {
		at := base + "/roles/" + r.ID
		actions := []views.Action{{Label: "Edit", About: r.Name, Href: at + "/edit"}}
		if r.Enabled {
			actions = append(actions, views.Action{Label: "Switch off", About: r.Name, Post: at + "/enabled", Fields: map[string]string{"enabled": "no"}})
		} else {
			actions = append(actions, views.Action{Label: "Switch on", About: r.Name, Post: at + "/enabled", Fields: map[string]string{"enabled": "yes"}},
				views.Action{Label: "Delete", About: r.Name, Href: at + "/delete"})
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: r.Name, Sub: r.Description}, code(r.Value), plain(roleFor(r.MemberTypes)),
			{Kind: views.Num, Text: strconv.Itoa(counts[r.ID])}, badge(choose(r.Enabled, "ok", "neutral"), choose(r.Enabled, "On", "Off"))}, Actions: actions})
	}
	return views.Section{ID: "roles", Title: "App roles", Lead: "Words that this application understands. Who has one reads it in the claim “roles”.",
		Table: t, Empty: "None. Needed when people of this application may do different things.", Action: &views.Link{Label: "Declare an app role", Href: base + "/roles/new"}}
}

func roleFor(types []string) string {
	people, apps := slices.Contains(types, models.RoleForUsers), slices.Contains(types, models.RoleForApps)
	switch {
	case people && apps:
		return "People, groups and applications"
	case apps:
		return "Applications"
	}
	return "People and groups"
}

// assignmentSection says for whom the application is.
func assignmentSection(v *visit, a models.Application, base string, counts map[string]int) views.Section {
	n := 0
	for _, c := range counts {
		n += c
	}
	s := views.Section{ID: "assignments", Title: "Users and groups", Lead: "Who is assigned to this application, with which role.",
		Summary: []views.Fact{{Label: "Assignments", Value: views.Cell{Kind: views.Num, Text: strconv.Itoa(n)}},
			{Label: "Assignment required", Value: plain(choose(a.Spec.AppRoleRequired, "Yes: only who is assigned can sign in", "No: everybody of this tenant can sign in")), Change: base + "/assignment-required"},
			{Label: "Groups in tokens", Value: plain(groupClaimWords(a.Spec)), Change: base + "/group-claims"}}}
	s.Action = &views.Link{Label: "Users and groups", Href: base + "/assignments"}
	if warning := signUpWarning(v, a); a.Spec.AppRoleRequired && warning != "" {
		s.Summary = append(s.Summary, fact("Sign-up", views.Cell{Kind: views.Badge, Tone: "warn", Text: "Closed for this application", Sub: warning}))
	}
	return s
}

// signUpWarning says what becomes of a sign-up that the application's user flow offers.
func signUpWarning(v *visit, a models.Application) string {
	if f, ok := v.dir.Flow(a.ClientID); ok && f.SignUpAllowed {
		return "The user flow “" + f.Name + "” offers sign-up, but nobody can sign up through this application: a new account is assigned to nothing. Invite people instead."
	}
	return ""
}

func groupClaimOptions() []views.Option {
	return []views.Option{{Value: "", Label: "None"}, {Value: string(openid.SecurityGroups), Label: "Every group that the person is in", Hint: "Directly or through other groups."},
		{Value: string(openid.AppGroups), Label: "Only groups that are assigned to this application", Hint: "If the person is in them directly."}}
}

func groupClaimWords(x models.ApplicationSpec) string {
	names := choose(x.GroupNames, ", by name", ", by object ID")
	switch x.GroupClaims {
	case openid.SecurityGroups, openid.AllGroups:
		return "Every group of the person" + names
	case openid.AppGroups:
		return "Groups assigned to this application" + names
	}
	return "None"
}

func (p *Portal) groupClaimsForm(c *fiber.Ctx) error {
	return p.appFormPage(c, "Groups in tokens", nil, func(a models.Application, base string) views.Form {
		return groupClaimForm(base, a.Spec.GroupClaims, a.Spec.GroupNames)
	})
}

func groupClaimForm(base string, which openid.GroupClaims, names bool) views.Form {
	if which == openid.AllGroups {
		which = openid.SecurityGroups
	}
	if which == openid.NoGroups {
		which = ""
	}
	return views.Form{Action: base + "/group-claims", Submit: "Save", Cancel: base + "#assignments", Fields: []views.Field{
		{Kind: views.Radios, Name: "groupMembershipClaims", Label: "Groups in the claim “groups”", Hint: fmt.Sprintf("In ID tokens, at the userinfo endpoint, and in access tokens for this application's own API. Somebody in more than %d groups gets the address of the management API instead, as the vendor's tokens do.", openid.MaxGroups), Value: string(which), Options: groupClaimOptions()},
		{Kind: views.Check, Name: "groupNames", Label: "Names instead of object IDs", Hint: "Easier to read, but a renamed group is another one to the application.", Value: tick(names)}}}
}

func (p *Portal) groupClaimsSave(c *fiber.Ctx) error {
	v, which, names := visitOf(c), openid.GroupClaims(typed(c, "groupMembershipClaims")), ticked(c, "groupNames")
	a, err := v.tenant.UpdateApplication(c.UserContext(), v.actor(c), c.Params("id"), func(a *models.Application) error {
		a.Spec.GroupClaims, a.Spec.GroupNames = which, names
		return nil
	})
	if err != nil {
		return p.appFormPage(c, "Groups in tokens", err, func(_ models.Application, base string) views.Form { return groupClaimForm(base, which, names) })
	}
	return p.done(c, v.appBase(a)+"#assignments", "Groups in the tokens of “"+a.Name+"” saved.")
}

// roleForm is the form of one role; the id stands in the address.
func roleForm(action, base, submit string, r models.AppRole) views.Form {
	if len(r.MemberTypes) == 0 {
		r.MemberTypes = []string{models.RoleForUsers}
	}
	return views.Form{Action: action, Submit: submit, Cancel: base + "#roles", Fields: []views.Field{
		{Name: "displayName", Label: "Name", Hint: "What you choose by when you assign it, for example “Editors”.", Value: r.Name},
		{Name: "appRoles", Label: "Value", Hint: "What stands in the claim “roles”, for example Article.Edit. Up to 120 letters, digits and marks without spaces.", Value: r.Value, Code: true},
		{Kind: views.TextArea, Name: "description", Label: "Description", Hint: "What whoever has it may do.", Value: r.Description, Rows: 3, Optional: true},
		{Kind: views.Checks, Name: "allowedMemberTypes", Label: "Who can have it", Values: r.MemberTypes, Options: []views.Option{
			{Value: models.RoleForUsers, Label: "People and groups"}, {Value: models.RoleForApps, Label: "Applications", Hint: "For applications that call this one without a person."}}}}}
}

func typedRole(c *fiber.Ctx) models.AppRole {
	r := models.AppRole{Name: typed(c, "displayName"), Value: typed(c, "appRoles"), Description: typed(c, "description"), Enabled: true}
	for _, m := range []string{models.RoleForUsers, models.RoleForApps} { // nothing else can be ticked
		if slices.Contains(all(c, "allowedMemberTypes"), m) {
			r.MemberTypes = append(r.MemberTypes, m)
		}
	}
	return r
}

// checkRole says what is missing at its field; the pattern is the application's own rule.
func checkRole(r models.AppRole) error {
	var bad fault.Fields
	if r.Name == "" {
		bad.Add("displayName", "admin.role.name", nil)
	}
	if len(r.MemberTypes) == 0 {
		bad.Add("allowedMemberTypes", "admin.role.whom", nil)
	}
	if len(r.Description) > 1024 {
		bad.Add("description", "field.too_long", map[string]any{"max": 1024})
	}
	return bad.Err()
}

func (p *Portal) roleNew(c *fiber.Ctx) error { return p.roleNewPage(c, models.AppRole{}, nil) }

func (p *Portal) roleNewPage(c *fiber.Ctx, r models.AppRole, problem error) error {
	return p.appFormPage(c, "Declare an app role", problem, func(_ models.Application, base string) views.Form {
		return roleForm(base+"/roles", base, "Declare role", r)
	})
}

func (p *Portal) roleAdd(c *fiber.Ctx) error {
	v, r := visitOf(c), typedRole(c)
	r.ID = uuid.NewString()
	a, err := v.tenant.UpdateApplication(c.UserContext(), v.actor(c), c.Params("id"), func(a *models.Application) error {
		a.Spec.AppRoles = append(a.Spec.AppRoles, r)
		return checkRole(r)
	})
	if err != nil {
		return p.roleNewPage(c, r, err)
	}
	return p.done(c, v.appBase(a)+"#roles", "Role “"+r.Name+"” declared. Now assign it.")
}

// role is the role that the address names.
func (v *visit) role(c *fiber.Ctx) (models.Application, models.AppRole, error) {
	a, err := v.app(c)
	if err != nil {
		return a, models.AppRole{}, err
	}
	r, ok := a.Role(c.Params("role"))
	if !ok {
		return a, r, fault.New(fault.NotFound, "error.not_found")
	}
	return a, r, nil
}

func (p *Portal) roleEdit(c *fiber.Ctx) error {
	_, r, err := visitOf(c).role(c)
	if err != nil {
		return err
	}
	return p.roleEditPage(c, r, nil)
}

func (p *Portal) roleEditPage(c *fiber.Ctx, r models.AppRole, problem error) error {
	_, now, err := visitOf(c).role(c)
	if err != nil {
		return err
	}
	return p.appFormPage(c, "Edit app role", problem, func(_ models.Application, base string) views.Form {
		f := roleForm(base+"/roles/"+now.ID+"/edit", base, "Save role", r)
		f.Fields = append(f.Fields, loadedFrom(c, now, problem))
		return f
	})
}

// editRole changes one role in place.
func (v *visit) editRole(c *fiber.Ctx, edit func(*models.AppRole) error) (models.Application, models.AppRole, error) {
	var out models.AppRole
	a, err := v.tenant.UpdateApplication(c.UserContext(), v.actor(c), c.Params("id"), func(a *models.Application) error {
		for i := range a.Spec.AppRoles {
			if a.Spec.AppRoles[i].ID == c.Params("role") {
				err := edit(&a.Spec.AppRoles[i])
				out = a.Spec.AppRoles[i]
				return err
			}
		}
		return fault.New(fault.NotFound, "error.not_found")
	})
	return a, out, err
}

func (p *Portal) roleSave(c *fiber.Ctx) error {
	v, r := visitOf(c), typedRole(c)
	a, out, err := v.editRole(c, func(now *models.AppRole) error {
		if err := unchanged(c, *now); err != nil {
			return err
		}
		now.Name, now.Value, now.Description, now.MemberTypes = r.Name, r.Value, r.Description, r.MemberTypes
		return checkRole(*now)
	})
	if fault.Is(err, fault.NotFound) {
		return err
	}
	if err != nil {
		return p.roleEditPage(c, r, err)
	}
	return p.done(c, v.appBase(a)+"#roles", "Role “"+out.Name+"” saved.")
}

func (p *Portal) roleEnabled(c *fiber.Ctx) error {
	v, on := visitOf(c), typed(c, "enabled") == "yes"
	a, r, err := v.editRole(c, func(r *models.AppRole) error { r.Enabled = on; return nil })
	if err != nil {
		return err
	}
	return p.done(c, v.appBase(a)+"#roles", choose(on, "Role “"+r.Name+"” switched on.", "Role “"+r.Name+"” switched off: no token names it any more. Who has it keeps it."))
}

func (p *Portal) roleDeleteForm(c *fiber.Ctx) error { return p.roleDeletePage(c, nil) }

func (p *Portal) roleDeletePage(c *fiber.Ctx, problem error) error {
	v := visitOf(c)
	a, r, err := v.role(c)
	if err != nil {
		return err
	}
	counts, err := v.tenant.CountAssignments(c.UserContext(), a.ID)
	if err != nil {
		return err
	}
	base := v.appBase(a)
	m := views.Confirm{Consequences: []string{fmt.Sprintf("%s with this role lose it.", numberWords(counts[r.ID], "assignments"))}, Form: views.Form{Action: base + "/roles/" + r.ID + "/delete", Submit: "Delete role", Danger: true, Cancel: base + "#roles"}}
	if a.Spec.AppRoleRequired {
		m.Consequences = append(m.Consequences, "Whoever has nothing else of this application can sign in to it no more.")
	}
	if !complain(handlers.InfoOf(c).Locale, &m.Form, problem) {
		return problem
	}
	s, err := p.shell(c, "Delete the role “"+r.Name+"”?", "", rolesHelp(), views.Link{Label: "Applications", Href: v.base() + "/applications"}, views.Link{Label: a.Name, Href: base})
	if err != nil {
		return err
	}
	return p.confirm(c, s, m)
}

func (p *Portal) roleDelete(c *fiber.Ctx) error {
	v := visitOf(c)
	_, r, err := v.role(c)
	if err != nil {
		return err
	}
	a, err := v.tenant.UpdateApplication(c.UserContext(), v.actor(c), c.Params("id"), func(a *models.Application) error {
		a.Spec.AppRoles = slices.DeleteFunc(a.Spec.AppRoles, func(x models.AppRole) bool { return x.ID == r.ID })
		return nil
	})
	if err != nil {
		return p.roleDeletePage(c, err)
	}
	return p.done(c, v.appBase(a)+"#roles", "Role “"+r.Name+"” deleted.")
}

// assignmentRequiredForm asks once more, with who could and who could not sign in afterwards.
func (p *Portal) assignmentRequiredForm(c *fiber.Ctx) error {
	v := visitOf(c)
	a, err := v.app(c)
	if err != nil {
		return err
	}
	counts, err := v.tenant.CountAssignments(c.UserContext(), a.ID)
	if err != nil {
		return err
	}
	n := 0
	for _, k := range counts {
		n += k
	}
	base := v.appBase(a)
	m := views.Confirm{Form: views.Form{Action: base + "/assignment-required", Cancel: base + "#assignments", Fields: []views.Field{{Kind: views.Hidden, Name: "required", Value: choose(a.Spec.AppRoleRequired, "no", "yes")}}}}
	title := "Require assignment to “" + a.Name + "”?"
	if a.Spec.AppRoleRequired {
		title, m.Form.Submit = "Open “"+a.Name+"” to everybody?", "Open to everybody"
		m.Consequences = []string{"Everybody of this tenant can sign in to it, assigned or not.", "Other applications get tokens for its API without a role of it."}
	} else {
		m.Form.Submit, m.Form.Danger = "Require assignment", true
		m.Consequences = []string{fmt.Sprintf("Only who is assigned, directly or by a group that they are in themselves, can sign in. Assigned so far: %s.", numberWords(n, "assignments")),
			"Others who are signed in get no new tokens when theirs run out, within an hour or so.", "Accepting an invitation to this application assigns it.",
			"Applications without a person get tokens for its API only with a role of it."}
		if w := signUpWarning(v, a); w != "" {
			m.Consequences = append(m.Consequences, w)
		}
		m.See = &views.Link{Label: "See who is assigned", Href: base + "/assignments"}
	}
	s, err := p.shell(c, title, "", rolesHelp(), views.Link{Label: "Applications", Href: v.base() + "/applications"}, views.Link{Label: a.Name, Href: base})
	if err != nil {
		return err
	}
	return p.confirm(c, s, m)
}

func (p *Portal) assignmentRequired(c *fiber.Ctx) error {
	required := typed(c, "required") == "yes"
	return p.appEditPart(c, "assignments", choose(required, "Only who is assigned can sign in to “%s” now.", "Everybody can sign in to “%s” now."), func(a *models.Application) error {
		a.Spec.AppRoleRequired = required
		return nil
	}, nil)
}

// mayAssign reports whether the admin may say who has which role.
func (v *visit) mayAssign() bool { return v.may(access.AssignmentWrite) }
