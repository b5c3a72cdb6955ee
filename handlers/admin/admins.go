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

func (a admin) roleWords(v *visit) []string {
	var out []string
	for _, r := range a.roles {
		out = append(out, roleName(r.RoleID)+" ("+strings.ToLower(where(r, v)[:1])+where(r, v)[1:]+")")
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
	v, w := visitOf(c), viewOf(c, "search", "role")
	all, err := p.adminsOf(c.UserContext(), v)
	if err != nil {
		return err
	}
	var rows []admin
	for _, a := range all {
		words := strings.ToLower(userName(a.user) + " " + signInName(a.user))
		if strings.Contains(words, strings.ToLower(w.get("search"))) && (!w.has("role") || a.holds(w.get("role"))) {
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
			{Kind: views.Lines, List: a.roleWords(v)}, secondFactorWords(a.user), last, stateBadge(a.user.Enabled)}})
	}
	l := views.List{Filter: w.filter(3, views.Field{Name: "search", Label: "Name or address", Type: "search"}, views.Field{Kind: views.Select, Name: "role", Label: "Role", Options: roleOptions("Any role", access.Roles())}),
		Table: t, Shown: shown(len(rows), "admin", "oldest role first"), Empty: emptyOf(w, "No admins", "", nil)}
	w.finish(&l, "")
	return p.list(c, s, l)
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
		out = append(out, views.Option{Value: r.ID, Label: r.Name})
	}
	return out
}

// grantable are the roles that the admin may give in a tenant: every right of the role is their own
// there (DESIGN §9.8).
func (v *visit) grantable(tenantID string) []access.Role {
	var out []access.Role
	for _, r := range access.Roles() {
		if v.mayGrant(access.Assignment{RoleID: r.ID, TenantID: tenantID}) {
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
	a := access.Assignment{RoleID: typed(c, "role"), TenantID: v.dir.Tenant.ID}
	if typed(c, "reach") == "all" {
		a.TenantID = access.AllTenants
	}
	if a.RoleID == "" {
		return a, fault.BadField("role", "admin.role.choose", nil)
	}
	if !v.mayGrant(a) {
		return a, &fault.Error{Code: fault.Denied, Key: "admin.role.not_held", Fields: []fault.Field{{Name: "role", Key: "admin.role.not_held"}}}
	}
	return a, nil
}

func (v *visit) roleFields(role, reach string) []views.Field {
	fields := []views.Field{{Kind: views.Select, Name: "role", Label: "Role", Value: role, Options: roleOptions("Choose a role", v.grantable(v.dir.Tenant.ID))}}
	if access.Allow(v.have, access.AllTenants, access.RoleWrite) {
		fields = append(fields, views.Field{Kind: views.Radios, Name: "reach", Label: "Where?", Value: choose(reach == "", "this", reach), Options: []views.Option{{Value: "this", Label: "Only in " + v.dir.Tenant.Name}, {Value: "all", Label: "In all tenants, also future ones"}}})
	}
	return fields
}

func (v *visit) inviteForm(email, name, role, reach string) views.Form {
	fields := []views.Field{{Name: "email", Label: "Email address", Hint: "A work address. If it is an admin already, they get the role in addition.", Value: email, Type: "email", AutoComplete: "off", Code: true},
		{Name: "displayName", Label: "Name", Hint: "Shown in the audit log.", Value: name}}
	return views.Form{Action: v.base() + "/admins/invite", Submit: "Make invitation link", Cancel: v.base() + "/admins", Fields: append(fields, v.roleFields(role, reach)...),
		Note: "You get a link that works once, within 24 hours. Give it to the person on a safe way: whoever opens it chooses the password and sets up the second factor."}
}

func (p *Portal) adminInviteForm(c *fiber.Ctx) error {
	return p.invitePage(c, visitOf(c).inviteForm("", "", "", ""), nil)
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
		return p.invitePage(c, v.inviteForm(email, name, typed(c, "role"), typed(c, "reach")), err)
	}
	canonical, err := account.CanonicalEmail(email)
	if err != nil {
		return again(err)
	}
	if name == "" {
		return again(fault.BadField("displayName", "admin.invite.name", nil))
	}
	a, err := v.assignment(c)
	if err != nil {
		return again(err)
	}
	var link string
	u, err := p.inviteTx(c, v, canonical, email, name, a, &link)
	if err != nil {
		return again(err)
	}
	flash := models.PortalFlash{Kind: "ok", Text: "“" + userName(u) + "” is now " + roleName(a.RoleID) + "."}
	if link != "" {
		flash.Text = "“" + userName(u) + "” is invited as " + roleName(a.RoleID) + "."
		flash.Label, flash.Secret, flash.Note = "Invitation link", p.linkURL(link), "Works once, within 24 hours. It is shown only now."
	}
	return p.doneWith(c, v.base()+"/admins/"+u.ID, flash)
}

// inviteTx makes the admin when there is none with the address, gives the role, and makes the link for
// a new one.
func (p *Portal) inviteTx(c *fiber.Ctx, v *visit, canonical, email, name string, a access.Assignment, link *string) (models.User, error) {
	var u models.User
	ctx := c.UserContext()
	err := p.Store.Tenant(v.session.TenantID).InTx(ctx, func(t *models.Tenant) error {
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
		if _, err := t.AssignRole(ctx, v.actor(c), u.ID, a); err != nil {
			return err
		}
		if fresh {
			*link, err = t.CreateLink(ctx, models.LinkAdminLogin, u.ID, inviteLife)
		}
		return err
	})
	return u, err
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
	roles := views.Section{ID: "roles", Title: "Roles", Table: &views.Table{Caption: "Roles", Columns: []views.Column{{Label: "Role"}, {Label: "Where"}}, Actions: true}, Empty: "None."}
	for _, r := range a.roles {
		row := views.Row{Cells: []views.Cell{plain(roleName(r.RoleID)), plain(where(r, v))}}
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
		fact("Second factor", secondFactorWords(a.user)), fact("Last sign-in", last), fact("State", stateBadge(a.user.Enabled)), fact("User ID", code(a.user.ID))}}, roles,
		{ID: "access", Title: "Lost password or second factor", Lead: "Makes a link that works once, within 24 hours. Whoever opens it chooses a new password; the second factors are removed, so a new one is set up at the next sign-in. Every session of this admin ends.",
			Buttons: []views.Action{{Label: "Make a recovery link", Post: base + "/link", About: userName(a.user)}}}}
	if !v.may(access.RoleWrite) || !v.outranks(a) {
		sections[1].Form, sections[2].Buttons = nil, nil
		sections = sections[:2]
	}
	return handlers.Render(c, status, views.DetailPage(s, views.Detail{Sections: sections}))
}

// outranks reports whether everything that the other admin may do is also this admin's right; only then
// may the other's way in be changed.
func (v *visit) outranks(a admin) bool {
	for _, r := range a.roles {
		if !v.mayGrant(r.Assignment) {
			return false
		}
	}
	return true
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
		return p.adminPage(c, err)
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
		if e := fault.Of(err); fault.Is(err, fault.Conflict) {
			return p.doneWith(c, to, models.PortalFlash{Kind: "warn", Text: handlers.InfoOf(c).Locale.T(e.Key, e.Args)})
		}
		if err != nil {
			return err
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
	if !v.outranks(a) || !p.soleReach(c, v, a) {
		return fault.New(fault.Denied, "admin.role.not_held")
	}
	ctx, link := c.UserContext(), ""
	err = p.Store.Tenant(v.session.TenantID).InTx(ctx, func(t *models.Tenant) error {
		if err := t.RemoveCredentials(ctx, v.actor(c), a.user.ID); err != nil {
			return err
		}
		if _, err := t.RevokeSessions(ctx, v.actor(c), a.user.ID); err != nil {
			return err
		}
		link, err = t.CreateLink(ctx, models.LinkAdminLogin, a.user.ID, inviteLife)
		return err
	})
	if err != nil {
		return err
	}
	return p.doneWith(c, v.base()+"/admins/"+a.user.ID, models.PortalFlash{Kind: "ok", Text: "Recovery link for “" + userName(a.user) + "” made.", Label: "Recovery link", Secret: p.linkURL(link), Note: "Works once, within 24 hours. It is shown only now."})
}

// soleReach reports whether the signed-in admin holds every right that the other has in any tenant, the
// ones outside the selected tenant included.
func (p *Portal) soleReach(c *fiber.Ctx, v *visit, a admin) bool {
	every, err := p.Store.Tenant(v.session.TenantID).RoleAssignments(c.UserContext(), a.user.ID)
	return err == nil && v.outranks(admin{user: a.user, roles: every})
}
