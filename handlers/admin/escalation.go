package admin

import (
	"context"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/tenant"
	"portico/handlers"
	"portico/models"
)

// Nobody raises their own rights (DESIGN §9.8). Giving rights is one way, and the handlers that give them
// ask access.MayGrant. The other way is to become somebody who has them, or to get hold of a program that
// does. Those ways are many, and each new page may add one, so they are shut here, at the guard, for every
// row of the table: a new page is shut until somebody says that it is harmless.

// raises refuses a change that would put the rights of somebody, or of an application, into the hands of an
// admin who lacks them.
func (p *Portal) raises(c *fiber.Ctx, v *visit) error {
	if v.dir == nil || !changes(v.route) {
		return nil
	}
	area, rest, _ := strings.Cut(strings.TrimPrefix(v.route.Path, "/admin/t/:tenant/"), "/")
	switch {
	case area == "applications" && !harmlessToApps(rest):
		return p.overApplication(c.UserContext(), v, c.Params("id"))
	case v.dir.Tenant.Kind == tenant.Workforce && !harmlessToAdmins(area, rest):
		return p.overAdmins(c.UserContext(), v, area, rest, c.Params("id"))
	}
	return nil
}

// harmlessToApps are the rows about applications that hand nobody an application's rights: a new one has
// none, less is no more, and the last four look for themselves, with words beside the field.
func harmlessToApps(rest string) bool {
	switch rest {
	case "", "new", ":id/enabled", ":id/delete", ":id/credentials/:key/delete", ":id/connect/forget",
		":id/permissions", ":id/secrets", ":id/secrets/new", ":id/certificates", ":id/certificates/new":
		return true
	}
	// Who may use an application says nothing about what the application may do.
	part, _, _ := strings.Cut(strings.TrimPrefix(rest, ":id/"), "/")
	return part == "people" || part == "assignments" || part == "roles"
}

// overApplication refuses to change where the tokens of an application go, or what is in them, or to bring it
// back, when it may do more than the admin.
func (p *Portal) overApplication(ctx context.Context, v *visit, id string) error {
	a, err := v.tenant.Application(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return nil // the page says so
	}
	if err != nil {
		return err
	}
	if v.mayKey(a) != nil {
		if !a.DeletedAt.IsZero() { // restored, its keys would work again
			return fault.New(fault.Denied, "admin.permission.restore")
		}
		return fault.New(fault.Denied, "admin.permission.over")
	}
	return nil
}

// harmlessToAdmins are the rows of the directory of admins that let nobody in as somebody else: a new person
// has no rights, the pages of admins and applications look for themselves, and the rest is not about people.
func harmlessToAdmins(area, rest string) bool {
	switch area {
	case "users":
		return rest == "" || rest == "new" || rest == "views" || rest == "views/remove"
	case "admins", "emergency", "applications", "user-flows", "user-attributes", "terms", "groups", "invitations", "settings", "sign-ins", "audits", "conditional-access":
		return true
	}
	return false
}

// overAdmins refuses to change a person in the directory of admins who may do more; a change of many needs
// somebody who is over everybody.
func (p *Portal) overAdmins(ctx context.Context, v *visit, area, rest, id string) error {
	one := area == "users" && (strings.HasPrefix(rest, ":id") || strings.HasPrefix(rest, "deleted/:id"))
	if !one {
		id = ""
	}
	theirs, err := p.Store.Tenant(v.session.TenantID).Assignments(ctx, id)
	if err != nil {
		return err
	}
	if id == v.admin.ID && one {
		return nil
	}
	if !access.Over(access.Rights(v.have), theirs) {
		return fault.New(fault.Denied, "admin.over")
	}
	return nil
}

// rights are what the admin may do where.
func (v *visit) rights() access.Holds { return access.Rights(v.have) }

// mayGive reports whether the admin holds all that a permission of an application can bring. In the directory
// of admins an application can act on people whose rights reach everywhere, so it takes rights everywhere.
func (v *visit) mayGive(p access.Permission) bool {
	scope := access.AllTenants
	if v.dir != nil && v.dir.Tenant.Kind != tenant.Workforce {
		scope = v.dir.Tenant.ID
	}
	return !slices.ContainsFunc(access.Needed(p), func(need access.Permission) bool { return !access.Allow(v.have, scope, need) })
}

// mayKey refuses a new key of an application that may do more than the admin: whoever holds its key holds
// its rights.
func (v *visit) mayKey(a models.Application) error {
	for _, p := range a.Spec.Permissions {
		if !v.mayGive(access.Permission(p)) {
			return fault.New(fault.Denied, "admin.permission.key")
		}
	}
	return nil
}

// changes reports whether a row changes something, or is the form for it.
func changes(r handlers.Route) bool {
	return r.Method != fiber.MethodGet || r.Permission.Writes()
}
