package admin

import (
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/fault"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// adminRoleList is the catalogue: what each role allows, and how many hold it here.
func (p *Portal) adminRoleList(c *fiber.Ctx) error {
	v := visitOf(c)
	all, err := p.adminsOf(c.UserContext(), v)
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Roles", "What admins can be allowed to do. Choose the smallest that is enough.", adminsHelp(), views.Link{Label: "Admins", Href: v.base() + "/admins"})
	if err != nil {
		return err
	}
	t := views.Table{Caption: "Roles", Columns: []views.Column{{Label: "Role"}, {Label: "Allows"}, {Label: "Admins", Num: true}}}
	for _, r := range access.Roles() {
		n := 0
		for _, a := range all {
			if a.holds(r.ID) {
				n++
			}
		}
		name := views.Cell{Kind: views.Name, Text: r.Name, Href: v.base() + "/admins?role=" + r.ID}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{name, plain(r.Description), plain(strconv.Itoa(n))}})
	}
	return p.list(c, s, views.List{Table: t, Shown: shown(len(t.Rows), "role", "broadest first")})
}

// allowed lists what the roles of an admin come to in the selected tenant.
func (v *visit) allowed(a admin) views.Section {
	s := views.Section{ID: "allowed", Title: "What this admin may do", Table: &views.Table{Caption: "Rights", Columns: []views.Column{{Label: "May"}, {Label: "Permission"}}}, Empty: "Nothing."}
	have := make([]access.Assignment, len(a.roles))
	for i, r := range a.roles {
		have[i] = r.Assignment
	}
	for _, p := range append(access.All(), access.TenantOperate) {
		scope := v.dir.Tenant.ID
		if p == access.TenantOperate {
			scope = access.AllTenants
		}
		if access.Allow(have, scope, p) {
			s.Table.Rows = append(s.Table.Rows, views.Row{Cells: []views.Cell{plain(permissionWords(p)), code(string(p))}})
		}
	}
	return s
}

// adminSessions signs an admin out everywhere.
func (p *Portal) adminSessions(c *fiber.Ctx) error {
	return p.adminChange(c, func(t *models.Tenant, v *visit, a admin) error {
		if _, err := t.RevokeSessions(c.UserContext(), v.actor(c), a.user.ID); err != nil {
			return err
		}
		return t.EndPortalSessionsOf(c.UserContext(), a.user.ID)
	}, "Every session of “%s” has ended.", "")
}

// adminEnabled disables or enables an admin.
func (p *Portal) adminEnabled(c *fiber.Ctx) error {
	on, words := typed(c, "enabled") == "yes", "“%s” is disabled and signed out everywhere."
	if on {
		words = "“%s” is enabled."
	}
	return p.adminChange(c, func(t *models.Tenant, v *visit, a admin) error {
		if _, err := t.SetUserEnabled(c.UserContext(), v.actor(c), a.user.ID, on); err != nil || on {
			return err
		}
		return t.EndPortalSessionsOf(c.UserContext(), a.user.ID)
	}, words, "")
}

func (p *Portal) adminDeleteForm(c *fiber.Ctx) error {
	v := visitOf(c)
	a, err := p.theAdmin(c)
	if err != nil {
		return err
	}
	at := v.base() + "/admins/" + a.user.ID
	s, err := p.shell(c, "Delete “"+userName(a.user)+"”?", "", views.Help{}, views.Link{Label: "Admins", Href: v.base() + "/admins"}, views.Link{Label: userName(a.user), Href: at})
	if err != nil {
		return err
	}
	return p.confirm(c, s, views.Confirm{Consequences: []string{"The admin is signed out and cannot sign in any more, in any tenant.", "For 30 days the account can be restored among the deleted users of the directory of admins, with its roles; then it is erased.",
		"What the admin did stays in the audit log."}, Form: views.Form{Action: at + "/delete", Submit: "Delete admin", Danger: true, Cancel: at}})
}

func (p *Portal) adminDelete(c *fiber.Ctx) error {
	v := visitOf(c)
	return p.adminChange(c, func(t *models.Tenant, v *visit, a admin) error {
		if err := t.DeleteUser(c.UserContext(), v.actor(c), a.user.ID); err != nil {
			return err
		}
		return t.EndPortalSessionsOf(c.UserContext(), a.user.ID)
	}, "“%s” is deleted.", v.base()+"/admins")
}

// adminChange changes an admin by whoever has all the rights of the admin, wherever those are.
func (p *Portal) adminChange(c *fiber.Ctx, change func(*models.Tenant, *visit, admin) error, words, to string) error {
	v := visitOf(c)
	a, err := p.theAdmin(c)
	if err != nil {
		return err
	}
	over, err := p.overEverything(c, v, a)
	if err != nil {
		return err
	}
	if !over {
		return fault.New(fault.Denied, "admin.over")
	}
	at := v.base() + "/admins/" + a.user.ID
	err = p.Store.Tenant(v.session.TenantID).InTx(c.UserContext(), func(t *models.Tenant) error { return change(t, v, a) })
	if err != nil {
		return p.refusedChange(c, at, err)
	}
	return p.done(c, choose(to == "", at, to), strings.Replace(words, "%s", userName(a.user), 1))
}

// overEverything reports whether the signed-in admin has every right that the other has in any tenant, the
// ones outside the selected tenant included.
func (p *Portal) overEverything(c *fiber.Ctx, v *visit, a admin) (bool, error) {
	theirs, err := p.Store.Tenant(v.session.TenantID).Assignments(c.UserContext(), a.user.ID)
	return err == nil && access.Over(v.rights(), theirs), err
}

// adminRoutes are the pages about admins.
func (p *Portal) adminRoutes() []handlers.Route {
	const admins = "/admin/t/:tenant/admins"
	return []handlers.Route{
		{Method: get, Path: admins, Handler: p.adminList, Permission: access.RoleRead, NavGroup: navPeople, NavLabel: "Admins"},
		{Method: get, Path: admins + "/roles", Handler: p.adminRoleList, Permission: access.RoleRead},
		{Method: get, Path: admins + "/invite", Handler: p.adminInviteForm, Permission: access.RoleWrite},
		{Method: post, Path: admins + "/invite", Handler: p.adminInvite, Permission: access.RoleWrite},
		{Method: get, Path: admins + "/:id", Handler: p.adminDetail, Permission: access.RoleRead},
		{Method: post, Path: admins + "/:id/roles/add", Handler: p.adminRoleAdd, Permission: access.RoleWrite},
		{Method: post, Path: admins + "/:id/roles/remove", Handler: p.adminRoleRemove, Permission: access.RoleWrite},
		{Method: post, Path: admins + "/:id/link", Handler: p.adminLink, Permission: access.RoleWrite},
		{Method: post, Path: admins + "/:id/sessions", Handler: p.adminSessions, Permission: access.RoleWrite},
		{Method: post, Path: admins + "/:id/enabled", Handler: p.adminEnabled, Permission: access.RoleWrite},
		{Method: post, Path: admins + "/:id/emergency", Handler: p.adminEmergency, Permission: access.RoleWrite},
		{Method: get, Path: admins + "/:id/delete", Handler: p.adminDeleteForm, Permission: access.RoleWrite},
		{Method: post, Path: admins + "/:id/delete", Handler: p.adminDelete, Permission: access.RoleWrite},
		{Method: post, Path: "/admin/t/:tenant/emergency/noted", Handler: p.emergencyNoted, Permission: access.RoleWrite},
	}
}
