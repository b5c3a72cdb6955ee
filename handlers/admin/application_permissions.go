package admin

import (
	"slices"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/fault"
	"portico/models"
	views "portico/views/admin"
)

// permissionSection lists what an application may do at the management API by itself.
func permissionSection(a models.Application, base string) views.Section {
	t := &views.Table{Caption: "Management API permissions", Columns: []views.Column{{Label: "Permission"}, {Label: "Allows"}}}
	for _, p := range a.Spec.Permissions {
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{code(p), plain(permissionWords(access.Permission(p)))}})
	}
	return views.Section{ID: "permissions", Title: "Management API permissions", Lead: "What this application may do with this tenant through the management API: by itself, or for the person who is signed in to it.",
		Table: t, Empty: "None.", Action: &views.Link{Label: "Change permissions", Href: base + "/permissions"}}
}

// permissionForm offers every permission; those that the admin does not hold cannot be given.
func (v *visit) permissionForm(chosen []string) func(models.Application, string) views.Form {
	return func(a models.Application, base string) views.Form {
		field := views.Field{Kind: views.Checks, Name: "permissions", Label: "Permissions", Hint: "Give as few as possible. You can give only what you hold yourself.", Values: chosen, Optional: true}
		if chosen == nil {
			field.Values = a.Spec.Permissions
		}
		for _, p := range append(access.All(), access.Delegated()...) {
			if v.mayGive(p) || slices.Contains(a.Spec.Permissions, string(p)) {
				field.Options = append(field.Options, views.Option{Value: string(p), Label: string(p), Hint: permissionWords(p)})
			}
		}
		return views.Form{Action: base + "/permissions", Submit: "Save permissions", Cancel: base + "#permissions", Fields: []views.Field{field}}
	}
}

func (p *Portal) permissionsForm(c *fiber.Ctx) error {
	return p.appFormPage(c, "Management API permissions", nil, visitOf(c).permissionForm(nil))
}

// permissionsSave replaces the permissions. What is added must be held by the admin (DESIGN §9.8).
func (p *Portal) permissionsSave(c *fiber.Ctx) error {
	v, chosen := visitOf(c), all(c, "permissions")
	a, err := v.tenant.UpdateApplication(c.UserContext(), v.actor(c), c.Params("id"), func(a *models.Application) error {
		for _, p := range chosen {
			if known := slices.Contains(append(access.All(), access.Delegated()...), access.Permission(p)); !slices.Contains(a.Spec.Permissions, p) && (!known || !v.mayGive(access.Permission(p))) {
				return fault.BadField("permissions", "admin.permission.not_held", nil)
			}
		}
		a.Spec.Permissions = chosen
		return nil
	})
	if err != nil {
		return p.appFormPage(c, "Management API permissions", err, v.permissionForm(chosen))
	}
	return p.done(c, v.appBase(a)+"#permissions", "Permissions of “"+a.Name+"” saved.")
}
