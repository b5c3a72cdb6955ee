package admin

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"portico/app/audit"
	"portico/app/fault"
	views "portico/views/admin"
)

// Sample is the development company, when this is its portal: which tenant it is, and how it goes.
type Sample struct {
	Slug   string
	Remove func(ctx context.Context, by audit.Actor) error
}

// of reports whether a tenant is the sample company.
func (s *Sample) of(slug string) bool { return s != nil && s.Slug == slug }

// sampleSection offers to remove the sample company on its own settings page.
func (p *Portal) sampleSection(v *visit) []views.Section {
	if !p.Sample.of(v.dir.Tenant.Slug) || !v.may("Organization.ReadWrite.All") {
		return nil
	}
	return []views.Section{{ID: "danger", Title: "Remove the sample company", Danger: true,
		Lead:    "Fernhill Group is here to try things out. When you are done, it goes with its applications, customers and logs.",
		Buttons: []views.Action{{Label: "Remove the sample company", Href: v.base() + "/settings/remove-sample", Danger: true, About: v.dir.Tenant.Name}}}}
}

func (p *Portal) sampleConfirm(c *fiber.Ctx) error {
	v := visitOf(c)
	if !p.Sample.of(v.dir.Tenant.Slug) {
		return fault.New(fault.NotFound, "error.not_found")
	}
	s, err := p.shell(c, "Remove the sample company?", "", views.Help{}, views.Link{Label: "Tenant settings", Href: v.base() + "/settings"})
	if err != nil {
		return err
	}
	return p.confirm(c, s, views.Confirm{Consequences: []string{"Its three applications, its customers and its logs are erased at once.",
		"It does not come back when Portico starts again. To have it once more, begin with an empty database.", "Your other tenants and the admins stay as they are."},
		Form: views.Form{Action: v.base() + "/settings/remove-sample", Submit: "Remove the sample company", Danger: true, Cancel: v.base() + "/settings"}})
}

func (p *Portal) sampleRemove(c *fiber.Ctx) error {
	v := visitOf(c)
	if !p.Sample.of(v.dir.Tenant.Slug) {
		return fault.New(fault.NotFound, "error.not_found")
	}
	if err := p.Sample.Remove(c.UserContext(), v.actor(c)); err != nil {
		return err
	}
	return c.Redirect("/admin", fiber.StatusSeeOther)
}
