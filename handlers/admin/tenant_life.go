package admin

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/tenant"
	"portico/handlers"
	views "portico/views/admin"
)

// The pages of tenants as such are the installation operator's: a Global Administrator of one tenant, or of
// all, administers what is in them.

const tenantsPath = "/admin/tenants"

// tenantRoutes have no tenant of their own, so that their permission must be held for all tenants.
func (p *Portal) tenantRoutes() []handlers.Route {
	const operate = access.TenantOperate
	return []handlers.Route{
		{Method: get, Path: tenantsPath, Handler: p.tenantList},
		{Method: post, Path: tenantsPath, Handler: p.tenantCreate, Permission: operate},
		{Method: get, Path: tenantsPath + "/new", Handler: p.tenantNew, Permission: operate},
		{Method: get, Path: tenantsPath + "/defaults", Handler: p.tenantDefaults, Permission: operate},
		{Method: post, Path: tenantsPath + "/defaults", Handler: p.tenantDefaultsSave, Permission: operate},
		{Method: get, Path: tenantsPath + "/deleted", Handler: p.tenantDeletedList, Permission: operate},
		{Method: post, Path: tenantsPath + "/deleted/:id/restore", Handler: p.tenantRestore, Permission: operate},
		{Method: get, Path: tenantsPath + "/:id", Handler: p.tenantDetail, Permission: operate},
		{Method: get, Path: tenantsPath + "/:id/plan", Handler: p.tenantPlan, Permission: operate},
		{Method: post, Path: tenantsPath + "/:id/plan", Handler: p.tenantPlanSave, Permission: operate},
		{Method: get, Path: tenantsPath + "/:id/disable", Handler: p.tenantDisable, Permission: operate},
		{Method: post, Path: tenantsPath + "/:id/enabled", Handler: p.tenantEnabled, Permission: operate},
		{Method: get, Path: tenantsPath + "/:id/delete", Handler: p.tenantDeleteForm, Permission: operate},
		{Method: post, Path: tenantsPath + "/:id/delete", Handler: p.tenantDelete, Permission: operate},
	}
}

// operates reports whether the admin runs the installation.
func (v *visit) operates() bool { return access.Allow(v.have, access.AllTenants, access.TenantOperate) }

// tenantList shows the tenants that the admin's roles reach.
func (p *Portal) tenantList(c *fiber.Ctx) error {
	v := visitOf(c)
	s, err := p.shell(c, "Tenants", "The directories that you may administer.", tenantHelp())
	if err != nil {
		return err
	}
	every, err := p.Store.Tenants(c.UserContext())
	if err != nil {
		return err
	}
	t := views.Table{Caption: "Tenants", Columns: []views.Column{{Label: "Name"}, {Label: "Short name"}, {Label: "Plan"}, {Label: "State"}, {Label: "Created"}}}
	for _, one := range every {
		if !v.sees(one.ID) {
			continue
		}
		row := views.Row{Cells: []views.Cell{{Kind: views.Name, Text: one.Name, Href: "/admin/t/" + one.Slug}, code(one.Slug), p.planCell(one), tenantState(one), {Kind: views.Day, Time: one.CreatedAt}}}
		if v.operates() {
			row.Actions = []views.Action{{Label: "Manage", Href: tenantsPath + "/" + one.ID, About: one.Name}}
		}
		t.Rows = append(t.Rows, row)
	}
	l := views.List{Table: t, Shown: shown(len(t.Rows), "tenant", "by name"), Empty: views.Empty{Title: "No tenants", Text: "None of your roles reaches a tenant."}}
	if v.operates() {
		s.Primary = &views.Link{Label: "Create a tenant", Href: tenantsPath + "/new"}
		l.Also = []views.Link{{Label: "Deleted tenants", Href: tenantsPath + "/deleted"}, {Label: "Defaults for new tenants", Href: tenantsPath + "/defaults"}}
	}
	return p.list(c, s, l)
}

func (p *Portal) planCell(t tenant.Tenant) views.Cell {
	switch {
	case t.Plan != tenant.Trial:
		return plain("Standard")
	case t.ReadOnly(p.Now()):
		return views.Cell{Kind: views.Badge, Tone: "warn", Text: "Trial over"}
	}
	return views.Cell{Kind: views.Badge, Tone: "info", Text: "Trial", Sub: numberWords(t.TrialDaysLeft(p.Now()), "days") + " left"}
}

func tenantState(t tenant.Tenant) views.Cell {
	if t.Disabled {
		return views.Cell{Kind: views.Badge, Tone: "danger", Text: "Disabled"}
	}
	return views.Cell{Kind: views.Badge, Tone: "ok", Text: "Enabled"}
}

// managed finds the tenant that a page of the operator is about.
func (p *Portal) managed(c *fiber.Ctx) (tenant.Tenant, error) {
	id := c.Params("id")
	t, err := p.Store.TenantBy(c.UserContext(), id)
	if err == nil && !strings.EqualFold(t.ID, id) { // a short name is no name for it here
		err = fault.New(fault.NotFound, "error.not_found")
	}
	return t, err
}

func tenantCrumbs(t tenant.Tenant) []views.Link {
	out := []views.Link{{Label: "Tenants", Href: tenantsPath}}
	if t.ID != "" {
		out = append(out, views.Link{Label: t.Name, Href: tenantsPath + "/" + t.ID})
	}
	return out
}

func (p *Portal) tenantDetail(c *fiber.Ctx) error {
	t, err := p.managed(c)
	if err != nil {
		return err
	}
	s, err := p.shell(c, t.Name, "", tenantHelp(), tenantCrumbs(tenant.Tenant{})...)
	if err != nil {
		return err
	}
	s.Primary = &views.Link{Label: "Open", Href: "/admin/t/" + t.Slug}
	at := tenantsPath + "/" + t.ID
	identity := views.Section{Title: "Identity", Summary: facts(fact("Name", views.Cell{Kind: views.Name, Text: t.Name}), fact("Short name", code(t.Slug)), fact("Tenant ID", code(t.ID)),
		fact("State", tenantState(t)), fact("Created", when(t.CreatedAt))),
		Action: &views.Link{Label: "Tenant settings", Href: "/admin/t/" + t.Slug + "/settings"}}
	sections := []views.Section{identity}
	if t.Kind == tenant.Workforce {
		identity.Lead = "This is the directory of admins. It cannot be disabled, become a trial or be deleted."
		return p.detail(c, s, views.Detail{Sections: []views.Section{identity}})
	}
	plan := views.Section{ID: "plan", Title: "Plan", Summary: facts(fact("Plan", p.planCell(t))), Action: &views.Link{Label: "Change the plan", Href: at + "/plan"}}
	if t.Plan == tenant.Trial {
		n, err := p.Store.Tenant(t.ID).Objects(c.UserContext(), tenant.TrialObjects+1)
		if err != nil {
			return err
		}
		plan.Summary = append(plan.Summary, fact("Trial ends", when(t.TrialEndsAt)),
			fact("People, groups and applications", plain(countWithin(n, tenant.TrialObjects)+" of "+countWithin(tenant.TrialObjects, tenant.TrialObjects))))
	}
	danger := views.Section{ID: "danger", Title: "Close or delete", Danger: true, Lead: "A disabled tenant keeps everything and lets nobody in. A deleted one can be restored for " + numberWords(tenant.RestoreDays, "days") + "."}
	if t.Disabled {
		danger.Buttons = append(danger.Buttons, views.Action{Label: "Enable", Post: at + "/enabled", Fields: map[string]string{"enabled": "yes"}, About: t.Name})
	} else {
		danger.Buttons = append(danger.Buttons, views.Action{Label: "Disable", Href: at + "/disable", About: t.Name})
	}
	danger.Buttons = append(danger.Buttons, views.Action{Label: "Delete", Href: at + "/delete", Danger: true, About: t.Name})
	return p.detail(c, s, views.Detail{Sections: append(sections, plan, danger)})
}

// countWithin is a count that was made up to a bound.
func countWithin(n, bound int) string {
	if n > bound {
		return "More than " + countWords(bound)
	}
	if n >= 1000 {
		return fmt.Sprintf("%d,%03d", n/1000, n%1000)
	}
	return fmt.Sprint(n)
}

func planOptions() []views.Option {
	return []views.Option{
		{Value: string(tenant.Standard), Label: "Standard", Hint: "Everything, without an end."},
		{Value: string(tenant.Trial), Label: "Trial", Hint: fmt.Sprintf("%d days and %s people, groups and applications. No multifactor authentication, Conditional Access or Identity Protection. Afterwards customers go on signing in, and the portal only shows.", tenant.TrialDays, "10,000")},
	}
}

func (p *Portal) tenantPlan(c *fiber.Ctx) error {
	t, err := p.managed(c)
	if err != nil {
		return err
	}
	return p.tenantPlanPage(c, t, string(t.Plan), nil)
}

func (p *Portal) tenantPlanPage(c *fiber.Ctx, t tenant.Tenant, value string, problem error) error {
	s, err := p.shell(c, "Change the plan", "What "+t.Name+" may use.", views.Help{What: "A plan counts from the moment it is saved, also for people who are signing in right now.",
		Do: "Choosing “Trial” for a standard tenant switches its second factors and policies off. Nothing that people registered is lost."}, tenantCrumbs(t)...)
	if err != nil {
		return err
	}
	f := views.Form{Action: tenantsPath + "/" + t.ID + "/plan", Submit: "Save plan", Cancel: tenantsPath + "/" + t.ID, Fields: []views.Field{
		{Kind: views.Radios, Name: "plan", Label: "Plan", Value: value, Options: planOptions()}, loadedFrom(c, t.Plan, problem)}}
	if !complain(handlers.InfoOf(c).Locale, &f, problem) {
		return problem
	}
	return p.form(c, s, f)
}

func (p *Portal) tenantPlanSave(c *fiber.Ctx) error {
	t, err := p.managed(c)
	if err != nil {
		return err
	}
	want := typed(c, "plan")
	saved, err := p.Store.Tenant(t.ID).Update(c.UserContext(), visitOf(c).actor(c), func(t *tenant.Tenant) error {
		if err := unchanged(c, t.Plan); err != nil {
			return err
		}
		t.Plan = tenant.Plan(want)
		return nil
	})
	if err != nil {
		return p.tenantPlanPage(c, t, want, err)
	}
	return p.done(c, tenantsPath+"/"+t.ID, "“"+saved.Name+"” now has the plan "+humane(string(saved.Plan))+".")
}

func (p *Portal) tenantDisable(c *fiber.Ctx) error {
	t, err := p.managed(c)
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Disable “"+t.Name+"”?", "", views.Help{}, tenantCrumbs(t)...)
	if err != nil {
		return err
	}
	at := tenantsPath + "/" + t.ID
	return p.confirm(c, s, views.Confirm{Consequences: []string{"Nobody can sign in or sign up, at once. Sign-in pages and account pages are not found.",
		"Applications get no tokens, refresh tokens and the management API are refused, and the key set is not found.",
		"Everything is kept. The portal still opens the tenant, and you can enable it again at any time."},
		Form: views.Form{Action: at + "/enabled", Submit: "Disable the tenant", Danger: true, Cancel: at, Fields: []views.Field{{Kind: views.Hidden, Name: "enabled", Value: "no"}}}})
}

func (p *Portal) tenantEnabled(c *fiber.Ctx) error {
	t, err := p.managed(c)
	if err != nil {
		return err
	}
	enable := typed(c, "enabled") == "yes"
	saved, err := p.Store.Tenant(t.ID).Update(c.UserContext(), visitOf(c).actor(c), func(t *tenant.Tenant) error { t.Disabled = !enable; return nil })
	if err != nil {
		return err
	}
	return p.done(c, tenantsPath+"/"+t.ID, "“"+saved.Name+"” is "+choose(enable, "enabled.", "disabled. Nobody can sign in to it."))
}

func (p *Portal) tenantDeleteForm(c *fiber.Ctx) error {
	t, err := p.managed(c)
	if err != nil {
		return err
	}
	return p.tenantDeletePage(c, t, nil)
}

func (p *Portal) tenantDeletePage(c *fiber.Ctx, t tenant.Tenant, problem error) error {
	s, err := p.shell(c, "Delete “"+t.Name+"”?", "", views.Help{}, tenantCrumbs(t)...)
	if err != nil {
		return err
	}
	at := tenantsPath + "/" + t.ID
	f := views.Form{Action: at + "/delete", Submit: "Delete the tenant", Danger: true, Cancel: at, Fields: []views.Field{
		{Name: "name", Label: "Type the tenant’s name to confirm", Hint: "It is: " + t.Name, AutoComplete: "off", Value: typed(c, "name")}}}
	if !complain(handlers.InfoOf(c).Locale, &f, problem) {
		return problem
	}
	return p.confirm(c, s, views.Confirm{Consequences: []string{"Every door closes at once: nobody signs in, applications get no tokens, the management API is refused, and the portal does not open it.",
		fmt.Sprintf("For %d days you can restore it as it was. Its short name “%s” stays reserved meanwhile.", tenant.RestoreDays, t.Slug),
		"After that its people, applications, keys and logs are erased for good."}, Form: f})
}

func (p *Portal) tenantDelete(c *fiber.Ctx) error {
	t, err := p.managed(c)
	if err != nil {
		return err
	}
	if strings.Join(strings.Fields(typed(c, "name")), " ") != strings.Join(strings.Fields(t.Name), " ") {
		return p.tenantDeletePage(c, t, fault.BadField("name", "admin.tenant.name", nil))
	}
	if err := p.Store.DeleteTenant(c.UserContext(), visitOf(c).actor(c), t.ID); err != nil {
		return p.tenantDeletePage(c, t, err)
	}
	if err := p.sampleStays(c, t, true); err != nil {
		return err
	}
	return p.done(c, tenantsPath+"/deleted", fmt.Sprintf("“%s” is deleted. It can be restored for %d days.", t.Name, tenant.RestoreDays))
}

// sampleStays remembers that the sample company was deleted by hand, so that the next start does not make it
// again when its 30 days are over.
func (p *Portal) sampleStays(c *fiber.Ctx, t tenant.Tenant, away bool) error {
	v := visitOf(c)
	if !p.Sample.of(t.Slug) {
		return nil
	}
	_, err := p.Store.Tenant(v.session.TenantID).Update(c.UserContext(), v.actor(c), func(t *tenant.Tenant) error { t.Settings.SampleRemoved = away; return nil })
	return err
}

func (p *Portal) tenantDeletedList(c *fiber.Ctx) error {
	s, err := p.shell(c, "Deleted tenants", "They are erased for good when their time is over.", views.Help{What: "A deleted tenant is closed and complete.",
		Do: "Restore it to open its doors again: everybody’s accounts, applications and keys are as they were."}, tenantCrumbs(tenant.Tenant{})...)
	if err != nil {
		return err
	}
	gone, err := p.Store.DeletedTenants(c.UserContext())
	if err != nil {
		return err
	}
	t := views.Table{Caption: "Deleted tenants", Columns: []views.Column{{Label: "Name"}, {Label: "Short name"}, {Label: "Deleted"}, {Label: "Erased from"}}}
	for _, one := range gone {
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: one.Name}, code(one.Slug), when(one.DeletedAt), {Kind: views.Day, Time: one.PurgeFrom()}},
			Actions: []views.Action{{Label: "Restore", Post: tenantsPath + "/deleted/" + one.ID + "/restore", About: one.Name}}})
	}
	return p.list(c, s, views.List{Table: t, Shown: shown(len(t.Rows), "tenant", "latest first"),
		Empty: views.Empty{Title: "No deleted tenants", Text: "A tenant that you delete stands here for 30 days.", Action: &views.Link{Label: "Tenants", Href: tenantsPath}}})
}

func (p *Portal) tenantRestore(c *fiber.Ctx) error {
	gone, err := p.Store.DeletedTenants(c.UserContext())
	if err != nil {
		return err
	}
	i := slices.IndexFunc(gone, func(t tenant.Tenant) bool { return t.ID == c.Params("id") })
	if i < 0 {
		return fault.New(fault.NotFound, "error.not_found")
	}
	if err := p.Store.RestoreTenant(c.UserContext(), visitOf(c).actor(c), gone[i].ID); err != nil {
		return err
	}
	if err := p.sampleStays(c, gone[i], false); err != nil {
		return err
	}
	return p.done(c, tenantsPath+"/"+gone[i].ID, "“"+gone[i].Name+"” is restored.")
}

// tenantDefaults is what new tenants start with.
func (p *Portal) tenantDefaults(c *fiber.Ctx) error {
	d, err := p.Store.TenantDefaults(c.UserContext())
	if err != nil {
		return err
	}
	return p.tenantDefaultsPage(c, p.defaultsForm(c, d, nil), nil)
}

func (p *Portal) defaultsForm(c *fiber.Ctx, d tenant.Defaults, problem error) views.Form {
	base := p.settingsForm("", tenant.Tenant{DefaultLocale: d.Locale, Settings: d.Settings})
	f := views.Form{Action: tenantsPath + "/defaults", Submit: "Save defaults", Cancel: tenantsPath}
	for _, field := range base.Fields {
		if field.Name == "name" || field.Kind == views.Heading && field.Label == "Identity" {
			continue
		}
		f.Fields = append(f.Fields, field)
	}
	x := d.Settings
	f.Fields = append(f.Fields, views.Field{Kind: views.Heading, Label: "Passwords"},
		views.Field{Name: "passwordMinLength", Label: "Shortest password", Hint: "From 8 to 64; 8 when it is empty.", Value: numberText(x.PasswordMinLength), InputMode: "numeric", Suffix: "characters", Optional: true},
		views.Field{Kind: views.Check, Name: "passwordThreeOfFour", Label: "Demand three of four: small letters, capital letters, digits, symbols", Value: tick(x.PasswordThreeOfFour)},
		views.Field{Kind: views.TextArea, Name: "bannedWords", Label: "Banned words", Hint: "One in each line, from 4 to 64 characters.", Value: lines(x.BannedWords), Rows: 4, Optional: true},
		loadedFrom(c, d, problem))
	return f
}

func (p *Portal) tenantDefaultsPage(c *fiber.Ctx, f views.Form, problem error) error {
	s, err := p.shell(c, "Defaults for new tenants", "What a tenant starts with. Tenants that exist stay as they are.", views.Help{
		What: "When a tenant is made, these values are copied into its settings.", Do: "Put here what your organisation wants everywhere; each tenant’s admins can change theirs afterwards."},
		tenantCrumbs(tenant.Tenant{})...)
	if err != nil {
		return err
	}
	if !complain(handlers.InfoOf(c).Locale, &f, problem) {
		return problem
	}
	return p.form(c, s, f)
}

func (p *Portal) tenantDefaultsSave(c *fiber.Ctx) error {
	v := visitOf(c)
	shown := tenant.Defaults{}
	_, err := p.Store.Tenant(v.session.TenantID).Update(c.UserContext(), v.actor(c), func(t *tenant.Tenant) error {
		now := tenant.Defaults{}
		if t.Settings.NewTenants != nil {
			now = *t.Settings.NewTenants
		}
		if err := unchanged(c, now); err != nil {
			return err
		}
		var bad fault.Fields
		now.Locale = typed(c, "defaultLocale")
		if err := readSettings(c, &now.Settings); err != nil {
			bad = append(bad, fault.Of(err).Fields...)
		}
		now.Settings.PasswordMinLength = number(c, &bad, "passwordMinLength")
		now.Settings.PasswordThreeOfFour, now.Settings.BannedWords = ticked(c, "passwordThreeOfFour"), splitLines(typed(c, "bannedWords"))
		now.Settings = now.Settings.Tidied()
		shown = now
		if err := bad.Err(); err != nil {
			return err
		}
		if err := now.Validate(); err != nil {
			return err
		}
		t.Settings.NewTenants = &now
		return nil
	})
	if err != nil {
		f := p.defaultsForm(c, shown, err)
		keepTyped(c, &f)
		return p.tenantDefaultsPage(c, f, err)
	}
	return p.done(c, tenantsPath, "The defaults for new tenants are saved.")
}

// trialWords are what the pages of a trial say above everything else; "" when the tenant is none.
func trialWords(t tenant.Tenant, now time.Time) string {
	switch {
	case t.ReadOnly(now):
		return "The trial of this tenant is over. Customers go on signing in; here you can look at everything and download it, and change nothing. Whoever runs this installation can give it the standard plan."
	case t.Plan == tenant.Trial:
		return fmt.Sprintf("This tenant is a trial: %s left, until %s. It has no multifactor authentication, Conditional Access or Identity Protection.",
			numberWords(t.TrialDaysLeft(now), "days"), t.TrialEndsAt.UTC().Format("2 Jan 2006"))
	}
	return ""
}

// trialOver is the page instead of a change in a tenant whose trial has ended. What was typed is on the page
// that the browser goes back to.
func (p *Portal) trialOver(c *fiber.Ctx, v *visit) error {
	page := views.Public{Title: "Nothing was changed", Lead: trialWords(v.dir.Tenant, p.Now()), Links: []views.Link{{Label: "Back to the portal", Href: v.base()}}}
	if v.operates() {
		page.Links = append(page.Links, views.Link{Label: "Change the plan", Href: tenantsPath + "/" + v.dir.Tenant.ID + "/plan"})
	}
	return handlers.Render(c, fiber.StatusForbidden, views.PublicPage(page))
}
