package admin

import (
	"slices"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// startWith is a flow as most tenants want it. In the directory of admins nobody signs up by themselves, and
// everybody shows a second factor.
func startWith(dir *models.Directory) userflow.Flow {
	if dir.Tenant.Kind == tenant.Workforce {
		return userflow.Flow{SignUpMethod: userflow.EmailPassword, PasswordReset: true, MFA: userflow.MFA{Enforcement: userflow.MFAAlways, Methods: []string{"softwareOath", "fido2"}}}
	}
	second := userflow.MFA{Enforcement: userflow.MFAConditional, Methods: []string{"email", "softwareOath", "fido2"}}
	if !dir.Tenant.Governed() { // a trial has none
		second = userflow.MFA{Enforcement: userflow.MFAOff}
	}
	return userflow.Flow{SignUpMethod: userflow.EmailPassword, SignUpAllowed: true, PasswordReset: true, MFA: second,
		Attributes: []userflow.Attribute{{ID: "givenName"}, {ID: "surname"}}}
}

func (p *Portal) flowNew(c *fiber.Ctx) error {
	return p.flowNewPage(c, startWith(visitOf(c).dir), nil, nil)
}

// flowNewPage asks the few questions that a flow cannot do without; the designer has the rest.
func (p *Portal) flowNewPage(c *fiber.Ctx, f userflow.Flow, chosen []string, problem error) error {
	v := visitOf(c)
	form := newFlowForm(v, f, chosen)
	if problem != nil && !complainDesign(c, &form, problem, "", "") {
		return problem
	}
	preview, err := p.previewOf(c, v, f, v.base()+"/user-flows/new", "new")
	if err != nil {
		return err
	}
	s, err := p.shell(c, "New user flow", "A few questions; you can change every answer later.", flowsHelp(), views.Link{Label: "User flows", Href: v.base() + "/user-flows"})
	if err != nil {
		return err
	}
	status := fiber.StatusOK
	if len(form.Problems) > 0 {
		status, s.Problems = fiber.StatusUnprocessableEntity, form.Problems
	}
	return handlers.Render(c, status, views.DesignerPage(s, views.Designer{Parts: []views.DesignPart{{ID: "new", Form: &form}}, Preview: preview}))
}

// usual are the attributes that are offered at once; the others are folded away.
func usual() []string { return []string{"givenName", "surname", "displayName", "country"} }

func newFlowForm(v *visit, f userflow.Flow, chosen []string) views.DesignForm {
	var ticked []string
	for _, a := range f.Attributes {
		ticked = append(ticked, a.ID)
	}
	var front, more []views.Option
	open := false
	for _, o := range offered(v.dir, func(id string) bool { return id == userflow.UserName }) {
		if slices.Contains(usual(), o.Value) {
			front = append(front, o)
			continue
		}
		more, open = append(more, o), open || slices.Contains(ticked, o.Value)
	}
	form := views.DesignForm{Action: v.base() + "/user-flows", Submit: "Create user flow", Cancel: v.base() + "/user-flows", Previewed: true, Groups: []views.FieldGroup{
		{Fields: []views.Field{
			{Name: "name", Label: "1. What is it called?", Hint: "For admins, for example “Sign up and sign in”.", Value: f.Name},
			methodField(f.SignUpMethod, ""),
			{Kind: views.Checks, Name: "attribute", Label: "3. What do you ask of new people?", Hint: "Besides the email address. Ask for little: each field loses people.", Values: ticked, Options: front, Optional: true}}},
		{Fold: "Show more attributes", Open: open, Fields: []views.Field{
			{Kind: views.Checks, Name: "moreAttribute", Label: "Further attributes", Hint: "Custom ones are made under Custom attributes.", Values: ticked, Options: more, Optional: true}}}}}
	form.Groups[0].Fields[1].Label = "2. How do new people prove who they are?"
	if apps := freeApps(v.dir); len(apps) > 0 {
		form.Groups = append(form.Groups, views.FieldGroup{Fields: []views.Field{{Kind: views.Checks, Name: "application", Label: "4. Which applications use it?", Hint: "Those that are in no flow yet.", Values: chosen, Options: apps, Optional: true}}})
	}
	return form
}

// readNewFlow reads the form. The attributes come in the order in which people expect them.
func readNewFlow(c *fiber.Ctx, dir *models.Directory) userflow.Flow {
	f := startWith(dir)
	f.Name, f.SignUpMethod, f.Attributes = typed(c, "name"), userflow.Method(typed(c, "signUpMethod")), nil
	f.PasswordReset = f.SignUpMethod == userflow.EmailPassword
	f.SignInMethods = []userflow.Method{f.SignUpMethod}
	chosen := append(all(c, "attribute"), all(c, "moreAttribute")...)
	order := append(usual(), attributeIDs()...)
	for _, id := range append(order, chosen...) {
		if slices.Contains(chosen, id) && !f.Asks(id) {
			a := userflow.Attribute{ID: id}
			if x, ok := dir.Definitions[id]; ok {
				a.Definition = &x
			}
			f.Attributes = append(f.Attributes, a)
		}
	}
	return f
}

func (p *Portal) flowNewPreview(c *fiber.Ctx) error {
	v := visitOf(c)
	return p.sendPicture(c, v, readNewFlow(c, v.dir))
}

func (p *Portal) flowCreate(c *fiber.Ctx) error {
	v := visitOf(c)
	f := readNewFlow(c, v.dir)
	apps := all(c, "application")
	made, err := v.tenant.CreateFlow(c.UserContext(), v.actor(c), f)
	if err != nil {
		return p.flowNewPage(c, f, apps, err)
	}
	text := "User flow “" + made.Name + "” created; it is version 1. What you change from here on is a draft until you publish it."
	for _, id := range apps {
		if err := v.tenant.AddFlowApp(c.UserContext(), v.actor(c), made.ID, id); err != nil {
			e := fault.Of(err)
			if e.Code == fault.Internal || e.Code == fault.Unavailable {
				return err
			}
			text += " " + handlers.InfoOf(c).Locale.T(e.Key, e.Args)
		}
	}
	return p.done(c, v.flowBase(made.ID)+"/attributes", text)
}
