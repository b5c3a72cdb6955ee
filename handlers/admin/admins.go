package admin

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/account"
	"portico/app/fault"
	"portico/app/message"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

func adminsHelp() views.Help {
	return views.Help{What: "Admins live in a directory of their own, apart from customers. A role says what an admin may do, in one tenant or in all of them.",
		Do: "Give the smallest role that is enough, and have two Global Administrators, so that one can help the other. You can only give rights that you hold yourself."}
}

// admin is one admin with the roles that concern the selected tenant.
type admin struct {
	user  models.User
	roles []models.RoleAssignment
}

// adminsOf lists the admins whose roles reach the tenant, by name.
func (p *Portal) adminsOf(ctx context.Context, v *visit) ([]admin, error) {
	workforce := p.Store.Tenant(v.session.TenantID)
	assignments, err := workforce.RoleAssignments(ctx, "")
	if err != nil {
		return nil, err
	}
	byUser, order := map[string]*admin{}, []string{}
	for _, a := range assignments {
		if a.TenantID != access.AllTenants && a.TenantID != v.dir.Tenant.ID {
			continue
		}
		if byUser[a.UserID] == nil {
			u, err := workforce.User(ctx, a.UserID)
			if fault.Is(err, fault.NotFound) || err == nil && !u.DeletedAt.IsZero() {
				continue
			}
			if err != nil {
				return nil, err
			}
			byUser[a.UserID] = &admin{user: u}
			order = append(order, a.UserID)
		}
		byUser[a.UserID].roles = append(byUser[a.UserID].roles, a)
	}
	out := make([]admin, 0, len(order))
	for _, id := range order {
		out = append(out, *byUser[id])
	}
	return out, nil
}

func roleName(id string) string {
	for _, r := range access.Roles() {
		if r.ID == id {
			return r.Name
		}
	}
	return id
}

// where names the tenant of an assignment.
func where(a models.RoleAssignment, v *visit) string {
	if a.TenantID == access.AllTenants {
		return "All tenants"
	}
	return v.dir.Tenant.Name
}

// roleWords is a role with where it counts. A tenant's name stays as it is written.
func roleWords(a access.Assignment, v *visit) string {
	if a.TenantID == access.AllTenants {
		return roleName(a.RoleID) + " (all tenants)"
	}
	return roleName(a.RoleID) + " (" + v.dir.Tenant.Name + ")"
}

func (a admin) roleWords(v *visit) []string {
	var out []string
	for _, r := range a.roles {
		out = append(out, roleWords(r.Assignment, v))
	}
	return out
}

func secondFactorWords(u models.User) views.Cell {
	for _, m := range u.Methods {
		if m.Kind == models.KindTOTP || m.Kind == models.KindPasskey {
			return badge("ok", methodWord(m.Kind))
		}
	}
	return badge("warn", "Not set up yet")
}

func (p *Portal) adminList(c *fiber.Ctx) error {
	v, w := visitOf(c), viewOf(c, "search", "role", "standing")
	all, err := p.adminsOf(c.UserContext(), v)
	if err != nil {
		return err
	}
	var rows []admin
	for _, a := range all {
		words := strings.ToLower(userName(a.user) + " " + signInName(a.user))
		if strings.Contains(words, strings.ToLower(w.get("search"))) && (!w.has("role") || a.holds(w.get("role"))) && a.isIn(w.get("standing")) {
			rows = append(rows, a)
		}
	}
	if f := c.Query("format"); f == "csv" || f == "json" {
		cols := []column[admin]{{"id", func(a admin) string { return a.user.ID }}, {"displayName", func(a admin) string { return userName(a.user) }}, {"signInName", func(a admin) string { return signInName(a.user) }},
			{"roles", func(a admin) string { return strings.Join(a.roleWords(v), "; ") }}, {"lastSignInDateTime", func(a admin) string { return stamp(a.user.LastSignInAt) }}}
		return download(c, f, "admins-"+v.dir.Tenant.Slug, cols, nil, func(context.Context, string) ([]admin, string, error) { return rows, "", nil })
	}
	s, err := p.shell(c, "Admins", "Who may administer "+v.dir.Tenant.Name+", and what.", adminsHelp())
	if err != nil {
		return err
	}
	if v.may(access.RoleWrite) {
		s.Primary = &views.Link{Label: "Invite an admin", Href: v.base() + "/admins/invite"}
	}
	t := views.Table{Caption: "Admins", Columns: []views.Column{{Label: "Name"}, {Label: "Signs in as"}, {Label: "Roles"}, {Label: "Second factor"}, {Label: "Last sign-in"}, {Label: "State"}}}
	for _, a := range rows {
		last := day(a.user.LastSignInAt)
		if a.user.LastSignInAt.IsZero() {
			last = views.Cell{Text: "Never", Tone: "soft"}
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: userName(a.user), Href: v.base() + "/admins/" + a.user.ID}, {Kind: views.Name, Text: signInName(a.user)},
			{Kind: views.Lines, List: a.roleWords(v)}, secondFactorWords(a.user), last, a.state()}})
	}
	l := views.List{Filter: w.filter(3, views.Field{Name: "search", Label: "Name or address", Type: "search"}, views.Field{Kind: views.Select, Name: "role", Label: "Role", Options: roleOptions("Any role", access.Roles())},
		views.Field{Kind: views.Select, Name: "standing", Label: "State", Options: []views.Option{{Label: "Any state"}, {Value: "enabled", Label: "Enabled"}, {Value: "disabled", Label: "Disabled"}, {Value: "emergency", Label: "Emergency account"}, {Value: "weak", Label: "No second factor"}}}),
		Table: t, Shown: shown(len(rows), "admin", "oldest role first"), Empty: emptyOf(w, "No admins", "", nil)}
	l.Also = []views.Link{{Label: "Roles and what they allow", Href: v.base() + "/admins/roles"}}
	w.finish(&l, "")
	return p.list(c, s, l)
}

// state is how an admin stands: an emergency account is marked wherever it is shown.
func (a admin) state() views.Cell {
	if a.user.Enabled && a.user.Emergency {
		return badge("warn", "Emergency account")
	}
	return stateBadge(a.user.Enabled)
}

func (a admin) isIn(state string) bool {
	switch state {
	case "enabled":
		return a.user.Enabled
	case "disabled":
		return !a.user.Enabled
	case "emergency":
		return a.user.Emergency
	case "weak":
		return secondFactorWords(a.user).Tone != "ok"
	}
	return true
}

func (a admin) holds(roleID string) bool {
	for _, r := range a.roles {
		if r.RoleID == roleID {
			return true
		}
	}
	return false
}

func roleOptions(first string, roles []access.Role) []views.Option {
	out := []views.Option{{Label: first}}
	for _, r := range roles {
		out = append(out, views.Option{Value: r.ID, Label: r.Name, Hint: r.Description})
	}
	return out
}

// grantable are the roles that the admin may give in a tenant: every right of the role is their own
// there (DESIGN §9.8).
func (v *visit) grantable(tenantID string) []access.Role {
	var out []access.Role
	for _, r := range access.Roles() {
		at := tenantID
		if r.Installation {
			at = access.AllTenants
		}
		if v.mayGrant(access.Assignment{RoleID: r.ID, TenantID: at}) {
			out = append(out, r)
		}
	}
	return out
}

// mayGrant reports whether the admin holds every right that the assignment would give, and may give any.
func (v *visit) mayGrant(a access.Assignment) bool {
	return access.MayGrant(v.rights(), a)
}

// assignment reads the form's role and reach, and refuses what the admin does not hold.
func (v *visit) assignment(c *fiber.Ctx) (access.Assignment, error) {
	give, err := v.assignments(c)
	if err == nil && len(give) != 1 {
		err = fault.BadField("role", "admin.role.choose", nil)
	}
	if err != nil {
		return access.Assignment{}, err
	}
	return give[0], nil
}

// assignments reads the form's roles, as many as are ticked, and their reach.
func (v *visit) assignments(c *fiber.Ctx) ([]access.Assignment, error) {
	where := v.dir.Tenant.ID
	if typed(c, "reach") == "all" {
		where = access.AllTenants
	}
	var give []access.Assignment
	for _, id := range unique(all(c, "role")) {
		a := access.Assignment{RoleID: id, TenantID: where}
		if r, ok := access.RoleOf(id); ok && r.Installation {
			a.TenantID = access.AllTenants // it has no other meaning
		}
		if !v.mayGrant(a) {
			return nil, &fault.Error{Code: fault.Denied, Key: "admin.role.not_held", Fields: []fault.Field{{Name: "role", Key: "admin.role.not_held"}}}
		}
		give = append(give, a)
	}
	switch {
	case len(give) == 0:
		return nil, fault.BadField("role", "admin.roles.choose", nil)
	case len(give) > access.MostRoles:
		return nil, fault.BadField("role", "role.many", map[string]any{"max": access.MostRoles})
	}
	return give, nil
}

func (v *visit) roleFields(role, reach string) []views.Field {
	fields := []views.Field{{Kind: views.Select, Name: "role", Label: "Role", Value: role, Options: roleOptions("Choose a role", v.grantable(v.dir.Tenant.ID))}}
	if access.Allow(v.have, access.AllTenants, access.RoleWrite) {
		fields = append(fields, views.Field{Kind: views.Radios, Name: "reach", Label: "Where?", Value: choose(reach == "", "this", reach), Options: []views.Option{{Value: "this", Label: "Only in " + v.dir.Tenant.Name}, {Value: "all", Label: "In all tenants, also future ones"}}})
	}
	return fields
}

func (v *visit) inviteForm(email, name string, roles []string, reach string) views.Form {
	fields := []views.Field{{Name: "email", Label: "Email address", Hint: "A work address. If it is an admin already, they get the roles in addition.", Value: email, Type: "email", AutoComplete: "off", Code: true},
		{Name: "displayName", Label: "Name", Hint: "Shown in the audit log.", Value: name}}
	more := v.roleFields("", reach)
	more[0] = views.Field{Kind: views.Checks, Name: "role", Label: "Roles", Values: roles, Options: roleOptions("", v.grantable(v.dir.Tenant.ID))[1:]}
	return views.Form{Action: v.base() + "/admins/invite", Submit: "Invite", Cancel: v.base() + "/admins", Fields: append(fields, more...),
		Note: "A new admin gets a link that works once, within 24 hours: whoever opens it chooses the password and sets up the second factor."}
}

func (p *Portal) adminInviteForm(c *fiber.Ctx) error {
	return p.invitePage(c, visitOf(c).inviteForm("", "", nil, ""), nil)
}

func (p *Portal) invitePage(c *fiber.Ctx, f views.Form, problem error) error {
	v := visitOf(c)
	if !complain(handlers.InfoOf(c).Locale, &f, problem) {
		return problem
	}
	s, err := p.shell(c, "Invite an admin", "", adminsHelp(), views.Link{Label: "Admins", Href: v.base() + "/admins"})
	if err != nil {
		return err
	}
	return p.form(c, s, f)
}

// inviteLife is how long an invitation works.
const inviteLife = 24 * time.Hour

func (p *Portal) adminInvite(c *fiber.Ctx) error {
	v := visitOf(c)
	email, name := typed(c, "email"), typed(c, "displayName")
	again := func(err error) error {
		return p.invitePage(c, v.inviteForm(email, name, all(c, "role"), typed(c, "reach")), err)
	}
	canonical, err := account.CanonicalEmail(email)
	if err != nil {
		return again(err)
	}
	if name == "" {
		return again(fault.BadField("displayName", "admin.invite.name", nil))
	}
	give, err := v.assignments(c)
	if err != nil {
		return again(err)
	}
	u, link, err := p.inviteTx(c, v, canonical, email, name, give)
	if err != nil {
		return again(roleWordsOf(err))
	}
	names := make([]string, len(give))
	for i, a := range give {
		names[i] = roleName(a.RoleID)
	}
	flash := models.PortalFlash{Kind: "ok", Text: "“" + userName(u) + "” is now " + andList(names) + "."}
	switch {
	case link != "" && p.MailReady:
		flash.Text = "“" + userName(u) + "” is invited as " + andList(names) + ". The link is on its way by mail; it works once, within 24 hours."
	case link != "":
		flash.Text = "“" + userName(u) + "” is invited as " + andList(names) + "."
		flash.Label, flash.Secret, flash.Note = "Invitation link", p.linkURL(link), "Works once, within 24 hours. It is shown only now: give it to the person on a safe way."
	}
	return p.doneWith(c, v.base()+"/admins/"+u.ID, flash)
}

// roleWordsOf puts what the store says about a role beside the portal's field for it.
func roleWordsOf(err error) error {
	e := fault.Of(err)
	if len(e.Fields) == 1 && e.Fields[0].Name == "roleDefinitionId" {
		return fault.BadField("role", e.Fields[0].Key, e.Fields[0].Args)
	}
	return err
}

func andList(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// inviteTx makes the admin when there is none with the address, gives the roles, and makes the link for a new
// one, which goes by mail where mail works.
func (p *Portal) inviteTx(c *fiber.Ctx, v *visit, canonical, email, name string, give []access.Assignment) (u models.User, link string, err error) {
	ctx := c.UserContext()
	err = p.Store.Tenant(v.session.TenantID).InTx(ctx, func(t *models.Tenant) error {
		var err error
		u, err = t.UserByIdentity(ctx, account.SignInEmail, "", canonical)
		fresh := fault.Is(err, fault.NotFound)
		if fresh {
			u, err = t.CreateUser(ctx, v.actor(c), models.User{Account: account.Account{DisplayName: name, Mail: email, Enabled: true, FirstFactor: "emailPassword",
				Identities: []account.Identity{{SignInType: account.SignInEmail, Value: email}}}, CreationType: "Admin"}, "")
		}
		if err != nil {
			return err
		}
		for _, a := range give {
			if _, err := t.AssignRole(ctx, v.actor(c), u.ID, a); err != nil {
				return err
			}
		}
		if !fresh {
			return nil
		}
		if link, err = t.CreateLink(ctx, models.LinkAdminLogin, u.ID, inviteLife); err != nil || !p.MailReady {
			return err
		}
		words := make([]string, len(give))
		for i, a := range give {
			words[i] = roleWords(a, v)
		}
		return message.PostAdminInvitation(ctx, t, message.Change{TenantID: t.ID, To: email, Locale: handlers.InfoOf(c).Locale.Lang()},
			message.Invited{Roles: lines(words), By: v.actor(c).Name, URL: p.linkURL(link), Until: t.Now().Add(inviteLife)}, t.Now())
	})
	return u, link, err
}

// linkURL is the address that a link's token belongs to, on the portal's own host.
func (p *Portal) linkURL(token string) string {
	base := p.BaseURL
	if p.AdminHost != "" {
		if u, err := url.Parse(base); err == nil {
			u.Host = p.AdminHost
			base = u.String()
		}
	}
	return base + "/admin/setup?token=" + url.QueryEscape(token)
}

// theAdmin finds the admin of the address among those whom the selected tenant's admins may see.
func (p *Portal) theAdmin(c *fiber.Ctx) (admin, error) {
	all, err := p.adminsOf(c.UserContext(), visitOf(c))
	if err != nil {
		return admin{}, err
	}
	for _, a := range all {
		if a.user.ID == c.Params("id") {
			return a, nil
		}
	}
	return admin{}, fault.New(fault.NotFound, "error.not_found")
}

func (p *Portal) adminDetail(c *fiber.Ctx) error { return p.adminPage(c, nil) }

func (p *Portal) adminPage(c *fiber.Ctx, problem error) error {
	v := visitOf(c)
	a, err := p.theAdmin(c)
	if err != nil {
		return err
	}
	base := v.base() + "/admins/" + a.user.ID
	roles := views.Section{ID: "roles", Title: "Roles", Table: &views.Table{Caption: "Roles", Columns: []views.Column{{Label: "Role"}, {Label: "Where"}, {Label: "Allows"}}, Actions: true}, Empty: "None."}
	for _, r := range a.roles {
		known, _ := access.RoleOf(r.RoleID)
		row := views.Row{Cells: []views.Cell{plain(roleName(r.RoleID)), plain(where(r, v)), plain(known.Description)}}
		if v.mayGrant(r.Assignment) {
			row.Actions = []views.Action{{Label: "Remove", About: roleName(r.RoleID), Post: base + "/roles/remove", Fields: map[string]string{"assignment": r.ID}}}
		}
		roles.Table.Rows = append(roles.Table.Rows, row)
	}
	roles.Form = &views.Form{Action: base + "/roles/add", Submit: "Add role", Fields: v.roleFields(typed(c, "role"), typed(c, "reach"))}
	status := fiber.StatusOK
	if problem != nil {
		if status = fiber.StatusUnprocessableEntity; !complain(handlers.InfoOf(c).Locale, roles.Form, problem) {
			return problem
		}
	}
	s, err := p.shell(c, userName(a.user), signInName(a.user), adminsHelp(), views.Link{Label: "Admins", Href: v.base() + "/admins"})
	if err != nil {
		return err
	}
	s.Problems = roles.Form.Problems
	last := when(a.user.LastSignInAt)
	if a.user.LastSignInAt.IsZero() {
		last = plain("Never")
	}
	sections := []views.Section{{ID: "profile", Title: "Account", Summary: []views.Fact{fact("Name", views.Cell{Kind: views.Name, Text: userName(a.user)}), fact("Signs in as", code(signInName(a.user))),
		fact("Second factor", secondFactorWords(a.user)), fact("Last sign-in", last), fact("State", a.state()), fact("User ID", code(a.user.ID))}}, roles,
		v.allowed(a)}
	over, err := p.overEverything(c, v, a)
	if err != nil {
		return err
	}
	if !v.may(access.RoleWrite) || !over {
		sections[1].Form = nil
		return handlers.Render(c, status, views.DetailPage(s, views.Detail{Sections: sections}))
	}
	sections = append(sections, v.adminActions(a, base)...)
	return handlers.Render(c, status, views.DetailPage(s, views.Detail{Sections: sections}))
}

// adminActions are what one admin may do to another: to a colleague who lost a phone, and to one who left.
func (v *visit) adminActions(a admin, base string) []views.Section {
	about := userName(a.user)
	end := views.Action{Label: "End all sessions", Post: base + "/sessions", About: about}
	if a.user.ID == v.admin.ID {
		return []views.Section{{ID: "access", Title: "Sessions", Lead: "Signs you out everywhere. A recovery link for you is made by another admin, or by app admin reset on the server.", Buttons: []views.Action{end}}}
	}
	out := []views.Section{{ID: "access", Title: "Lost password or second factor", Lead: "Makes a link that works once, within 24 hours. From now on only the link opens the account: the password and the second factors are removed and every session ends. Whoever opens the link chooses a new password, and sets up a new second factor at the next sign-in. The admin is told of it by mail.",
		Buttons: []views.Action{{Label: "Make a recovery link", Post: base + "/link", About: about}, end}}}
	if v.mayEmergency() {
		x := views.Section{ID: "emergency", Title: "Emergency account", Lead: "For the day on which nobody else gets in. Have two, with passkeys in different safes, used for nothing else. Each use is in the audit log, mailed at once to every other Global Administrator of all tenants, and warned of on the start page.",
			Buttons: []views.Action{{Label: "Mark as emergency account", Post: base + "/emergency", Fields: map[string]string{"on": "yes"}, About: about}}}
		if a.user.Emergency {
			x.Buttons = []views.Action{{Label: "Make an ordinary account again", Post: base + "/emergency", Fields: map[string]string{"on": "no"}, About: about}}
		}
		out = append(out, x)
	}
	enable := views.Action{Label: "Disable", Post: base + "/enabled", Fields: map[string]string{"enabled": "no"}, About: about}
	if !a.user.Enabled {
		enable = views.Action{Label: "Enable", Post: base + "/enabled", Fields: map[string]string{"enabled": "yes"}, About: about}
	}
	return append(out, views.Section{ID: "end", Title: "No longer an admin", Lead: "Disabling signs the admin out everywhere at once and can be taken back at any time.", Danger: true,
		Buttons: []views.Action{enable, {Label: "Delete", Href: base + "/delete", Danger: true, About: about}}})
}

func (p *Portal) adminRoleAdd(c *fiber.Ctx) error {
	v := visitOf(c)
	a, err := p.theAdmin(c)
	if err != nil {
		return err
	}
	give, err := v.assignment(c)
	if err != nil {
		return p.adminPage(c, err)
	}
	if _, err := p.Store.Tenant(v.session.TenantID).AssignRole(c.UserContext(), v.actor(c), a.user.ID, give); err != nil {
		return p.adminPage(c, roleWordsOf(err))
	}
	if err := p.rightsChanged(c, v, a.user.ID); err != nil {
		return err
	}
	return p.done(c, v.base()+"/admins/"+a.user.ID+"#roles", "“"+userName(a.user)+"” is now "+roleName(give.RoleID)+".")
}

func (p *Portal) adminRoleRemove(c *fiber.Ctx) error {
	v := visitOf(c)
	a, err := p.theAdmin(c)
	if err != nil {
		return err
	}
	to := v.base() + "/admins/" + a.user.ID
	for _, r := range a.roles {
		if r.ID != typed(c, "assignment") {
			continue
		}
		if !v.mayGrant(r.Assignment) {
			return fault.New(fault.Denied, "admin.role.not_held")
		}
		err := p.Store.Tenant(v.session.TenantID).RemoveRole(c.UserContext(), v.actor(c), r.ID)
		if err != nil {
			return p.refusedChange(c, to, err)
		}
		if err := p.rightsChanged(c, v, a.user.ID); err != nil {
			return err
		}
		if len(a.roles) == 1 {
			to = v.base() + "/admins"
		}
		return p.done(c, to, "“"+userName(a.user)+"” is no longer "+roleName(r.RoleID)+".")
	}
	return fault.New(fault.NotFound, "error.not_found")
}

// rightsChanged gives the other admin a new session at the next click, because their privilege is
// another one now. One's own session goes on: the guard reads one's roles at each request anyway.
func (p *Portal) rightsChanged(c *fiber.Ctx, v *visit, userID string) error {
	if userID == v.admin.ID {
		return nil
	}
	return p.Store.Tenant(v.session.TenantID).EndPortalSessionsOf(c.UserContext(), userID)
}

// adminLink makes a recovery link for an admin who lost a password or a factor.
func (p *Portal) adminLink(c *fiber.Ctx) error {
	v := visitOf(c)
	a, err := p.theAdmin(c)
	if err != nil {
		return err
	}
	if a.user.ID == v.admin.ID { // it would be a way around the second factor for whoever took the session
		return fault.New(fault.Denied, "admin.link.self")
	}
	over, err := p.overEverything(c, v, a)
	if err != nil {
		return err
	}
	if !over {
		return fault.New(fault.Denied, "admin.over")
	}
	ctx, link := c.UserContext(), ""
	err = p.Store.Tenant(v.session.TenantID).InTx(ctx, func(t *models.Tenant) error {
		if err := t.RemoveCredentials(ctx, v.actor(c), a.user.ID); err != nil {
			return err
		}
		if _, err := t.RevokeSessions(ctx, v.actor(c), a.user.ID); err != nil {
			return err
		}
		if err := t.EndPortalSessionsOf(ctx, a.user.ID); err != nil {
			return err
		}
		if link, err = t.CreateLink(ctx, models.LinkAdminLogin, a.user.ID, inviteLife); err != nil {
			return err
		}
		return message.PostAdminRecovery(ctx, t, message.Change{TenantID: t.ID, To: a.user.Address(), Locale: a.user.PreferredLanguage, At: t.Now()}, v.actor(c).Name, t.Now())
	})
	if err != nil {
		return p.refusedChange(c, v.base()+"/admins/"+a.user.ID, err)
	}
	return p.doneWith(c, v.base()+"/admins/"+a.user.ID, models.PortalFlash{Kind: "ok", Text: "Recovery link for “" + userName(a.user) + "” made.", Label: "Recovery link", Secret: p.linkURL(link), Note: "Works once, within 24 hours. It is shown only now."})
}
