package admin

import (
	"slices"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/handlers"
	views "portico/views/admin"
)

// identifierRoutes are the rules of what people sign in with: the names of accounts, and passwords.
func (p *Portal) identifierRoutes() []handlers.Route {
	const at = "/admin/t/:tenant/settings"
	return []handlers.Route{
		{Method: get, Path: at + "/sign-in-identifiers", Handler: p.identifiers, Permission: access.OrganizationRead},
		{Method: post, Path: at + "/sign-in-identifiers", Handler: p.identifiersSave, Permission: access.OrganizationWrite},
		{Method: get, Path: at + "/passwords", Handler: p.passwordRules, Permission: access.OrganizationRead},
		{Method: post, Path: at + "/passwords", Handler: p.passwordRulesSave, Permission: access.OrganizationWrite},
	}
}

func userNameWords(u tenant.UserNames) string {
	switch {
	case !u.Enabled:
		return "Switched off"
	case len(u.Patterns) == 0:
		return "Switched on; any user name is taken"
	}
	return "Switched on; must match " + numberWords(len(u.Patterns), "patterns")
}

// settingsPart renders a page of settings: one form among what it is about. After a refusal it is the same
// page with what was typed, and 422.
func (p *Portal) settingsPart(c *fiber.Ctx, title, lead string, help views.Help, problems []views.Problem, sections ...views.Section) error {
	v := visitOf(c)
	s, err := p.shell(c, title, lead, help, views.Link{Label: "Tenant settings", Href: v.base() + "/settings"})
	if err != nil {
		return err
	}
	status := fiber.StatusOK
	if s.Problems = problems; len(problems) > 0 {
		status = fiber.StatusUnprocessableEntity
	}
	return handlers.Render(c, status, views.DetailPage(s, views.Detail{Sections: sections}))
}

func (p *Portal) identifiers(c *fiber.Ctx) error {
	t, err := visitOf(c).tenant.Get(c.UserContext())
	if err != nil {
		return err
	}
	return p.identifiersPage(c, t.Settings.UserNames, "", nil, nil)
}

func (p *Portal) identifiersPage(c *fiber.Ctx, u tenant.UserNames, example string, verdict *views.Verdict, problem error) error {
	v := visitOf(c)
	flows, err := v.tenant.Flows(c.UserContext())
	if err != nil {
		return err
	}
	help := views.Help{What: "Everybody can sign in with an email address. Besides, people may have a user name. Names that look alike count as one, so that nobody can pass for somebody else.",
		Do: "Switch user names on here, then in each user flow that should take them. Give people their user names on their pages, by the management API, or let newcomers choose one by adding the field “User name” to a user flow."}
	now, err := v.tenant.Get(c.UserContext())
	if err != nil {
		return err
	}
	form := identifiersForm(v.base(), u, example, verdict)
	form.Fields = append(form.Fields, loadedFrom(c, now.Settings.UserNames, problem))
	if !complain(handlers.InfoOf(c).Locale, &form, problem) {
		return problem
	}
	used := views.Section{ID: "flows", Title: "User flows", Lead: "Where people can type their user name.", Empty: "No user flow takes user names yet."}
	t := &views.Table{Caption: "User flows", Columns: []views.Column{{Label: "User flow"}, {Label: "Takes user names"}, {Label: "Newcomers choose one"}}}
	for _, f := range flows {
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: f.Name, Href: choose(v.may(access.FlowRead), v.base()+"/user-flows/"+f.ID, "")}, yesNoBadge(f.UserNames), yesNoBadge(f.Asks(userflow.UserName))}})
	}
	used.Table = t
	rules := views.Section{ID: "user-names", Title: "User names", Form: &form, Lead: "A user name is a name of the person’s own choice, or a number that you gave them: a customer, member, insurance or frequent-flyer number."}
	if !v.may(access.OrganizationWrite) {
		rules.Form = nil
		rules.Summary = facts(fact("User names", plain(userNameWords(u))), fact("Patterns", views.Cell{Kind: views.Lines, List: u.Patterns}), fact("What people read whose choice does not match", views.Cell{Kind: views.Name, Text: u.Message}))
	}
	return p.settingsPart(c, "Sign-in identifiers", "What people may sign in with.", help, form.Problems,
		views.Section{ID: "email", Title: "Email address", Summary: []views.Fact{fact("Email address", badge("ok", "Always")), fact("Several of them", plain("A person may have more than one; each belongs to one person only."))}}, rules, used)
}

func yesNoBadge(yes bool) views.Cell {
	return badge(choose(yes, "ok", "neutral"), choose(yes, "Yes", "No"))
}

func identifiersForm(base string, u tenant.UserNames, example string, verdict *views.Verdict) views.Form {
	patterns := append(slices.Clone(u.Patterns), "", "")
	return views.Form{Action: base + "/settings/sign-in-identifiers", Submit: "Save", Main: true, Fields: []views.Field{
		{Kind: views.Check, Name: "userNames.enabled", Label: "People may have a user name", Hint: "When this is off, nobody can sign in with one, not even those who have one.", Value: tick(u.Enabled)},
		{Name: "userNames.patterns[0]", Label: "Pattern", Hint: "A regular expression that the whole name must match: \\d{6} is a customer number of six digits, [A-Z]{2}\\d{6} two capital letters and six digits. Leave it empty to take any name. No pattern may match an email address.", Value: patterns[0], Code: true, Optional: true},
		{Name: "userNames.patterns[1]", Label: "Second pattern", Hint: "A name is taken when it matches one or the other, for example the numbers of a member and of a guest.", Value: patterns[1], Code: true, Optional: true},
		{Name: "userNames.message", Label: "What people read whose choice does not match", Hint: "Say how it should look: “Enter the six digits on your card”.", Value: u.Message, Optional: true},
		{Name: "example", Label: "Value to try", Hint: "Nothing is saved by trying.", Value: example, Optional: true, Buttons: []views.Try{{Label: "Try a value", Name: "do", Value: "try"}}, Verdict: verdict},
	}}
}

func readUserNames(c *fiber.Ctx) tenant.UserNames {
	return tenant.UserNames{Enabled: ticked(c, "userNames.enabled"), Message: typed(c, "userNames.message"),
		Patterns: nonEmpty(typed(c, "userNames.patterns[0]"), typed(c, "userNames.patterns[1]"))}
}

func (p *Portal) identifiersSave(c *fiber.Ctx) error {
	v, u, example := visitOf(c), readUserNames(c), typed(c, "example")
	if onlyLooking(c) {
		return p.identifiersPage(c, u, example, patternVerdict(handlers.InfoOf(c).Locale, u.Patterns, example), nil)
	}
	_, err := v.tenant.Update(c.UserContext(), v.actor(c), func(t *tenant.Tenant) error {
		if err := unchanged(c, t.Settings.UserNames); err != nil {
			return err
		}
		t.Settings.UserNames = u
		return nil
	})
	if err != nil {
		return p.identifiersPage(c, u, example, nil, err)
	}
	return p.done(c, v.base()+"/settings/sign-in-identifiers", "The rules for user names are saved.")
}
