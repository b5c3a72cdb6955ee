package admin

import (
	"cmp"
	"github.com/gofiber/fiber/v2"
	"slices"

	"portico/app/fault"
	"portico/app/tenant"
	"portico/handlers"
	views "portico/views/admin"
)

// home sends the admin to the tenant they most likely mean: the only one, or the first of customers.
func (p *Portal) home(c *fiber.Ctx) error {
	v := visitOf(c)
	all, err := p.tenantsOf(c, v)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return handlers.Render(c, fiber.StatusForbidden, views.PublicPage(views.Public{
			Title: "No role yet", Lead: "You are signed in as " + v.admin.Name + ", but no admin role was given to you.",
			Paragraphs: []string{"Ask a Global Administrator to assign one."}, Form: signOutForm(), CSRF: p.CSRF.Token(v.session.ID)}))
	}
	to := all[0].Href
	for _, t := range all {
		if t.Slug != tenant.WorkforceSlug {
			to = t.Href
			break
		}
	}
	return c.Redirect(to, fiber.StatusSeeOther)
}

func tenantHelp() views.Help {
	return views.Help{What: "A tenant is a directory of its own: people, applications, keys, branding and logs, apart from every other tenant.",
		Do: "Make one per brand, or one for testing. Its short name is part of every address, so choose it well: it never changes."}
}

func (p *Portal) tenantForm(n tenant.Tenant) views.Form {
	return views.Form{Action: tenantsPath, Submit: "Create tenant", Cancel: tenantsPath, Fields: []views.Field{
		{Name: "name", Label: "Name", Hint: "Shown to customers on sign-in pages and in mail.", Value: n.Name, AutoComplete: "organization"},
		{Name: "slug", Label: "Short name", Hint: "Part of addresses: lower-case letters, digits and hyphens, 3 to 63 characters, a letter first. It cannot be changed later.", Value: n.Slug, Code: true},
		{Kind: views.Select, Name: "defaultLocale", Label: "Language when a visitor's own is not available", Value: n.DefaultLocale, Options: p.localeOptions()},
		{Kind: views.Radios, Name: "plan", Label: "Plan", Value: string(n.Plan), Options: planOptions()},
	}}
}

// localeOptions are the languages that there is a catalogue for.
func (p *Portal) localeOptions() []views.Option {
	var out []views.Option
	for _, tag := range p.Bundle.Tags() {
		out = append(out, views.Option{Value: tag.String(), Label: p.Bundle.Name(tag)})
	}
	return out
}

func (p *Portal) tenantNew(c *fiber.Ctx) error {
	d, err := p.Store.TenantDefaults(c.UserContext())
	if err != nil {
		return err
	}
	return p.tenantFormPage(c, p.tenantForm(tenant.Tenant{DefaultLocale: cmp.Or(d.Locale, "en"), Plan: tenant.Standard}))
}

func (p *Portal) tenantFormPage(c *fiber.Ctx, f views.Form) error {
	s, err := p.shell(c, "Create a tenant", "A directory of its own for a brand, a product or a test.", tenantHelp(), tenantCrumbs(tenant.Tenant{})...)
	if err != nil {
		return err
	}
	return p.form(c, s, f)
}

func (p *Portal) tenantCreate(c *fiber.Ctx) error {
	n := tenant.Tenant{Name: typed(c, "name"), Slug: typed(c, "slug"), DefaultLocale: typed(c, "defaultLocale"), Plan: tenant.Plan(typed(c, "plan"))}
	made, err := p.Store.CreateTenant(c.UserContext(), visitOf(c).actor(c), n)
	if err != nil {
		f := p.tenantForm(n)
		if !complain(handlers.InfoOf(c).Locale, &f, err) {
			return err
		}
		return p.tenantFormPage(c, f)
	}
	return p.done(c, "/admin/t/"+made.Slug, "Tenant “"+made.Name+"” created.")
}

// settings shows the tenant's own settings.
func (p *Portal) settings(c *fiber.Ctx) error {
	v := visitOf(c)
	t, err := v.tenant.Get(c.UserContext())
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Tenant settings", "What holds for the whole of "+t.Name+".", views.Help{
		What: "Lifetimes, limits and links that apply to every application and person of this tenant.",
		Do:   "Leave a value empty to use the default. A change takes hold at once, also for people who are signing in right now."})
	if err != nil {
		return err
	}
	edit := ""
	if v.may("Organization.ReadWrite.All") {
		edit = v.base() + "/settings/edit"
		s.Primary = &views.Link{Label: "Change settings", Href: edit}
	}
	e := endpoints{base: t.Base(p.BaseURL), tenantID: t.ID}
	return p.detail(c, s, views.Detail{Sections: append([]views.Section{
		{Title: "Identity", Summary: facts(fact("Name", plain(t.Name)), fact("Short name", code(t.Slug)), fact("Tenant ID", code(t.ID)),
			fact("Plan", p.planCell(t)), fact("State", tenantState(t)), fact("Default language", code(t.DefaultLocale)), fact("Created", when(t.CreatedAt)))},
		{Title: "Addresses", Action: &views.Link{Label: "Custom domains", Href: v.hostsBase()}, Lead: "For the configuration of your applications.", Summary: facts(fact("Authority", code(e.authority())), fact("Issuer", code(e.issuer())), fact("Discovery document", code(e.metadata())))},
	}, slices.Concat(settingSections(t.Settings, v.base()), p.keysSection(v), p.installationSection(v), p.sampleSection(v))...)})
}

// installationSection leads from a tenant's settings to what the installation's operator does with it.
func (p *Portal) installationSection(v *visit) []views.Section {
	if !v.operates() {
		return nil
	}
	if v.dir.Tenant.Kind == tenant.Workforce {
		return []views.Section{{ID: "installation", Title: "New tenants", Lead: "What a tenant starts with when it is made.", Action: &views.Link{Label: "Defaults for new tenants", Href: tenantsPath + "/defaults"}}}
	}
	return []views.Section{{ID: "installation", Title: "Plan, closing and deleting", Lead: "What the installation’s operator decides about this tenant.", Action: &views.Link{Label: "Manage this tenant", Href: tenantsPath + "/" + v.dir.Tenant.ID}}}
}

func settingSections(x tenant.Settings, base string) []views.Section {
	link := func(label, href string) views.Fact {
		if href == "" {
			return views.Fact{Label: label, Value: plain("Not set")}
		}
		return views.Fact{Label: label, Value: code(href)}
	}
	return []views.Section{
		{Title: "Sessions", Summary: []views.Fact{
			fact("Session ends without use after", plain(orDefault(x.SessionIdleMinutes, 1440, "minutes"))),
			fact("“Stay signed in” lasts", plain(orDefault(x.PersistentIdleDays, 90, "days"))),
			fact("“Stay signed in?”", plain(choose(x.StayedSignedInOff, "Not offered", "Offered"))),
			fact("“Was this you?” by mail", plain(choose(x.AskOwnerOff, "Not asked", "After a sign-in from a new device or an unusual one")))}},
		{Title: "Languages", Action: &views.Link{Label: "Languages", Href: base + "/settings/languages"}, Summary: []views.Fact{
			fact("Offered to customers", plain(choose(len(x.Languages) == 0, "All that there are texts in", numberWords(len(x.Languages), "languages"))))}},
		{Title: "Sign-in identifiers", Action: &views.Link{Label: "Sign-in identifiers", Href: base + "/settings/sign-in-identifiers"}, Summary: []views.Fact{
			fact("Email address", plain("Always")),
			fact("User name", plain(userNameWords(x.UserNames)))}},
		{Title: "Passwords", Action: &views.Link{Label: "Password rules", Href: base + "/settings/passwords"}, Summary: []views.Fact{
			fact("Shortest password", plain(orDefault(x.PasswordMinLength, 8, "characters"))),
			fact("Three of four kinds of characters", plain(choose(x.PasswordThreeOfFour, "Demanded", "Not demanded"))),
			fact("Banned words", plain(choose(len(x.BannedWords) == 0, "Only those that are banned everywhere", numberWords(len(x.BannedWords), "words")+" of your own")))}},
		{Title: "Lock-out", Summary: []views.Fact{
			fact("Pause after", plain(orDefault(x.LockoutThreshold, 10, "wrong passwords"))),
			fact("First pause", plain(orDefault(x.LockoutSeconds, 60, "seconds, then longer")))}},
		{Title: "Logs and limits", Summary: []views.Fact{
			fact("Logs are kept for", plain(orDefault(x.LogRetentionDays, 90, "days"))),
			fact("Risk detections that are closed are kept for", plain(orDefault(x.RiskRetentionDays, 365, "days"))),
			fact("Sign-ins of people deleted for good", plain(choose(x.KeepSignInsOfDeleted, "kept whole until then", "stripped of name, address and IP"))),
			fact("Requests per second and address", plain(orDefault(x.RequestsPerSecondPerIP, 20, "")))}},
		{Title: "Links on sign-in pages", Summary: []views.Fact{link("Support", x.SupportURL), link("Privacy", x.PrivacyURL), link("Terms", x.TermsURL)}},
	}
}

func orDefault(n, standard int, unit string) string {
	if n == 0 {
		return numberWords(standard, unit) + " (default)"
	}
	return numberWords(n, unit)
}

func choose(b bool, yes, no string) string {
	if b {
		return yes
	}
	return no
}

func (p *Portal) settingsForm(base string, t tenant.Tenant) views.Form {
	x := t.Settings
	num := func(name, label, hint string, n int, suffix string) views.Field {
		return views.Field{Name: name, Label: label, Hint: hint, Value: numberText(n), InputMode: "numeric", Suffix: suffix, Optional: true}
	}
	address := func(name, label, value string) views.Field {
		return views.Field{Name: name, Label: label, Type: "url", Value: value, Code: true, Optional: true}
	}
	return views.Form{Action: base + "/settings/edit", Submit: "Save settings", Cancel: base + "/settings", Fields: []views.Field{
		{Kind: views.Heading, Label: "Identity"},
		{Name: "name", Label: "Name", Hint: "Shown to customers on sign-in pages and in mail.", Value: t.Name},
		{Kind: views.Select, Name: "defaultLocale", Label: "Language when a visitor's own is not available", Value: t.DefaultLocale, Options: p.localeOptions()},
		{Kind: views.Heading, Label: "Sessions"},
		num("sessionIdleMinutes", "Session ends without use after", "Default 1440 minutes, one day.", x.SessionIdleMinutes, "minutes"),
		num("persistentIdleDays", "“Stay signed in” lasts", "Default 90 days.", x.PersistentIdleDays, "days"),
		{Kind: views.Check, Name: "staySignedInOff", Label: "Do not offer “Stay signed in?”", Value: tick(x.StayedSignedInOff)},
		{Kind: views.Check, Name: "wasThisYouOff", Label: "Do not ask “Was this you?” by mail",
			Hint: "Otherwise people are asked after a sign-in from a device that is new to their account, or an unusual one: once for each device and day.", Value: tick(x.AskOwnerOff)},
		{Kind: views.Heading, Label: "Lock-out"},
		num("lockoutThreshold", "Pause sign-in after", "Default 10.", x.LockoutThreshold, "wrong passwords"),
		num("lockoutSeconds", "First pause", "Default 60. Each further pause is longer.", x.LockoutSeconds, "seconds"),
		{Kind: views.Heading, Label: "Logs and limits"},
		num("logRetentionDays", "Keep logs for", "Default 90.", x.LogRetentionDays, "days"),
		num("riskRetentionDays", "Keep risk detections that are closed for", "Default 365. Open ones stay until somebody deals with them; of low risk, for 180 days.", x.RiskRetentionDays, "days"),
		{Kind: views.Check, Name: "keepSignInsOfDeleted", Label: "When somebody is deleted for good, keep their sign-in log entries whole",
			Hint: "Otherwise name, address and network address are taken out of them at once. Entries of the audit log stay as they are until their time is over, because they are sealed.", Value: tick(x.KeepSignInsOfDeleted)},
		num("requestsPerSecondPerIp", "Requests per second and address", "Default 20. Raise it when many customers share one address.", x.RequestsPerSecondPerIP, ""),
		{Kind: views.Heading, Label: "Links on sign-in pages"},
		address("supportUrl", "Support", x.SupportURL), address("privacyUrl", "Privacy", x.PrivacyURL), address("termsUrl", "Terms", x.TermsURL),
	}}
}

func (p *Portal) settingsEdit(c *fiber.Ctx) error {
	v := visitOf(c)
	t, err := v.tenant.Get(c.UserContext())
	if err != nil {
		return err
	}
	f := p.settingsForm(v.base(), t)
	f.Fields = append(f.Fields, loadedFrom(c, generalSettings(t), nil))
	return p.settingsPage(c, f)
}

func (p *Portal) settingsPage(c *fiber.Ctx, f views.Form) error {
	v := visitOf(c)
	s, err := p.shell(c, "Change tenant settings", "", views.Help{}, views.Link{Label: "Tenant settings", Href: v.base() + "/settings"})
	if err != nil {
		return err
	}
	return p.form(c, s, f)
}

func (p *Portal) settingsSave(c *fiber.Ctx) error {
	v := visitOf(c)
	shown := v.dir.Tenant
	var now any
	saved, err := v.tenant.Update(c.UserContext(), v.actor(c), func(t *tenant.Tenant) error {
		now = generalSettings(*t)
		if err := unchanged(c, now); err != nil {
			return err
		}
		t.Name, t.DefaultLocale = typed(c, "name"), typed(c, "defaultLocale")
		err := readSettings(c, &t.Settings)
		shown = *t
		return err
	})
	if err != nil {
		f := p.settingsForm(v.base(), shown)
		keepTyped(c, &f)
		f.Fields = append(f.Fields, loadedFrom(c, now, err))
		if !complain(handlers.InfoOf(c).Locale, &f, err) {
			return err
		}
		return p.settingsPage(c, f)
	}
	return p.done(c, v.base()+"/settings", "Settings of “"+saved.Name+"” saved.")
}

// readSettings reads the form over the present settings; what the form does not know stays.
func readSettings(c *fiber.Ctx, x *tenant.Settings) error {
	var bad fault.Fields
	for name, to := range map[string]*int{"sessionIdleMinutes": &x.SessionIdleMinutes, "persistentIdleDays": &x.PersistentIdleDays, "lockoutThreshold": &x.LockoutThreshold, "lockoutSeconds": &x.LockoutSeconds, "logRetentionDays": &x.LogRetentionDays, "riskRetentionDays": &x.RiskRetentionDays, "requestsPerSecondPerIp": &x.RequestsPerSecondPerIP} {
		*to = number(c, &bad, name)
	}
	x.StayedSignedInOff, x.KeepSignInsOfDeleted = ticked(c, "staySignedInOff"), ticked(c, "keepSignInsOfDeleted")
	x.AskOwnerOff = ticked(c, "wasThisYouOff")
	x.SupportURL, x.PrivacyURL, x.TermsURL = typed(c, "supportUrl"), typed(c, "privacyUrl"), typed(c, "termsUrl")
	return bad.Err()
}
