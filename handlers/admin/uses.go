package admin

import (
	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/fault"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// inUse is a delete page without a button: it lists what uses the thing, so that nobody presses in vain. After
// a press that came too late it says why, with 422.
func (p *Portal) inUse(c *fiber.Ctx, title, lead string, u models.Uses, problem error, more []views.Section, crumbs ...views.Link) error {
	s, err := p.shell(c, title, "", views.Help{}, crumbs...)
	if err != nil {
		return err
	}
	status := fiber.StatusOK
	if e := fault.Of(problem); e != nil {
		if e.Code != fault.Conflict {
			return problem
		}
		status, s.Problems = fiber.StatusUnprocessableEntity, []views.Problem{{Text: handlers.InfoOf(c).Locale.T(e.Key, e.Args)}}
	}
	sections := append([]views.Section{visitOf(c).usesSection(u, lead)}, more...)
	return handlers.Render(c, status, views.DetailPage(s, views.Detail{Sections: sections}))
}

// usesSection lists the flows and applications that use something, with the way to where it is taken out.
func (v *visit) usesSection(u models.Uses, lead string) views.Section {
	t := &views.Table{Caption: "Used by", Columns: []views.Column{{Label: "Used by"}, {Label: "Where"}}}
	for _, f := range u.Flows {
		where := "User flow, as published and in its draft"
		switch {
		case !f.Draft:
			where = "User flow, as published"
		case !f.Published:
			where = "User flow, in its draft"
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: f.Name, Href: choose(v.may(access.FlowRead), v.flowBase(f.ID), "")}, plain(where)}})
	}
	for _, a := range u.Apps {
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: a.Name, Href: choose(v.may(access.AppRead), v.appBase(a)+"/claims", "")}, plain("Claims of the application")}})
	}
	return views.Section{ID: "uses", Title: "Used by", Lead: lead, Table: t, Empty: "No user flow and no application uses it."}
}
