package admin

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// shell is what surrounds a page: the menu of what this admin may see in this tenant, the tenants they
// may switch to, the notice of what was just done.
func (p *Portal) shell(c *fiber.Ctx, title, lead string, help views.Help, crumbs ...views.Link) (views.Shell, error) {
	v := visitOf(c)
	s := views.Shell{Title: title, Lead: lead, Help: help, Crumbs: crumbs, AdminName: v.admin.Name, AdminMail: v.admin.Mail,
		CSRF: p.CSRF.Token(v.session.ID), MayCreate: v.operates()}
	workforce := p.Store.Tenant(v.session.TenantID)
	if clicked(c) {
		flash, err := workforce.TakeFlash(c.UserContext(), v.session, c.Path())
		if err != nil {
			return s, err
		}
		if flash != nil {
			s.Flash = flashView(*flash)
		}
	}
	tenants, err := p.tenantsOf(c, v)
	if err != nil {
		return s, err
	}
	s.Tenants = tenants
	if len(tenants) > 1 || v.operates() {
		s.Tenants = append(s.Tenants, views.TenantLink{Name: "All tenants", Href: tenantsPath, Current: c.Path() == tenantsPath})
	}
	if v.dir != nil {
		s.Tenant = views.TenantLink{Name: v.dir.Tenant.Name, Slug: v.dir.Tenant.Slug, Href: v.base(), Current: true}
		s.Nav = p.nav(c, v)
	}
	if v.dir != nil {
		if words := trialWords(v.dir.Tenant, p.Now()); words != "" {
			s.Warnings = append(s.Warnings, words)
		}
		if v.dir.Tenant.Disabled {
			s.Warnings = append(s.Warnings, "This tenant is disabled: nobody can sign in to it, and applications get no tokens.")
		}
	}
	if !p.Development && p.AdminHost == "" {
		s.Warnings = append(s.Warnings, "The portal shares its host with customers' pages. Set PORTICO_ADMIN_HOST to keep them apart.")
	}
	return s, nil
}

// clicked reports whether a person asked for the page, rather than the page for itself (the panel that
// waits for an app's first request). Such a page neither keeps a session alive nor takes a notice.
func clicked(c *fiber.Ctx) bool {
	dest := c.Get("Sec-Fetch-Dest")
	return dest == "" || dest == "document"
}

func flashView(f models.PortalFlash) *views.Flash {
	out := &views.Flash{Kind: f.Kind, Text: f.Text, Label: f.Label, Secret: f.Secret, Note: f.Note}
	if f.Undo != nil {
		out.Undo = &views.Action{Label: "Undo", Post: f.Undo.Post, Fields: f.Undo.Fields}
	}
	return out
}

// nav is the menu: the rows with a label that the admin may use, grouped.
func (p *Portal) nav(c *fiber.Ctx, v *visit) []views.NavGroup {
	var groups []views.NavGroup
	// Lists of leaked addresses are opened from the threat indicators, and have no row of their own.
	at := strings.Replace(c.Path(), v.leakedBase(), v.base()+"/threat-indicators", 1)
	best, group, item := "", -1, -1 // where one is: as indices, since lists move when they grow
	for _, r := range p.Routes() {
		if r.NavLabel == "" {
			continue
		}
		if _, ok := v.lacks(r, v.dir.Tenant.ID); !ok {
			continue
		}
		if len(groups) == 0 || groups[len(groups)-1].Label != r.NavGroup {
			groups = append(groups, views.NavGroup{Label: r.NavGroup})
		}
		g := &groups[len(groups)-1]
		href := strings.Replace(r.Path, ":tenant", v.dir.Tenant.Slug, 1)
		g.Items = append(g.Items, views.NavItem{Label: r.NavLabel, Href: href})
		if (at == href || strings.HasPrefix(at, href+"/")) && len(href) > len(best) {
			best, group, item = href, len(groups)-1, len(g.Items)-1
		}
	}
	if group >= 0 {
		groups[group].Items[item].Current = true
	}
	return groups
}

// tenantsOf lists the tenants that the admin's roles reach.
func (p *Portal) tenantsOf(c *fiber.Ctx, v *visit) ([]views.TenantLink, error) {
	all, err := p.Store.Tenants(c.UserContext())
	if err != nil {
		return nil, err
	}
	var out []views.TenantLink
	for _, t := range all {
		if v.sees(t.ID) {
			out = append(out, views.TenantLink{Name: t.Name, Slug: t.Slug, Href: "/admin/t/" + t.Slug, Current: v.dir != nil && v.dir.Tenant.ID == t.ID})
		}
	}
	return out, nil
}

// list, detail, form and the others render one kind of page each.

func (p *Portal) list(c *fiber.Ctx, s views.Shell, l views.List) error {
	return handlers.Render(c, fiber.StatusOK, views.ListPage(s, l))
}

func (p *Portal) detail(c *fiber.Ctx, s views.Shell, d views.Detail) error {
	return handlers.Render(c, fiber.StatusOK, views.DetailPage(s, d))
}

// form shows a form; with problems it is the same form again with what was typed, and 422.
func (p *Portal) form(c *fiber.Ctx, s views.Shell, f views.Form) error {
	status := fiber.StatusOK
	if len(f.Problems) > 0 {
		status, s.Problems = fiber.StatusUnprocessableEntity, f.Problems
	}
	return handlers.Render(c, status, views.FormPage(s, f))
}

func (p *Portal) confirm(c *fiber.Ctx, s views.Shell, m views.Confirm) error {
	status := fiber.StatusOK
	if len(m.Form.Problems) > 0 {
		status, s.Problems = fiber.StatusUnprocessableEntity, m.Form.Problems
	}
	return handlers.Render(c, status, views.ConfirmPage(s, m))
}
