package admin

import (
	"net/url"
	"slices"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/extension"
	"portico/app/fault"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// extensionForm is the form of one extension. The API's identifier is made from its address and its application, since
// the two must agree anyway (R 8.2.2).
func (v *visit) extensionForm(action, cancel string, x extension.Extension) views.Form {
	_, api := apiOf(x.Resource)
	apps := []views.Option{{Label: "Choose an application"}}
	for _, cl := range sortedClients(v.dir) {
		apps = append(apps, views.Option{Value: cl.ID, Label: cl.Name})
	}
	f := views.Form{Action: action, Cancel: cancel, Submit: "Save extension", Fields: []views.Field{{Kind: views.Hidden, Name: "event", Value: string(x.Event)},
		{Name: "displayName", Label: "Name", Hint: "For example “Loyalty tiers”.", Value: x.Name},
		{Name: "description", Label: "Description", Value: x.Description, Optional: true},
		{Name: "targetUrl", Label: "Target URL", Hint: "We post here over https. It must be reachable from the public internet.", Type: "url", Value: x.URL, Code: true},
		{Kind: views.Select, Name: "api", Label: "Application that stands for your API", Hint: "Our token is made out to it: your API compares aud with its client ID. Register one under Applications if there is none; it needs no redirect URI.", Options: apps, Value: api},
		{Name: "timeoutInMilliseconds", Label: "Timeout", Suffix: "ms", Hint: "How long one attempt may take, from 200 to 2000. Somebody is waiting meanwhile.", InputMode: "numeric", Value: strconv.FormatInt(x.Wait().Milliseconds(), 10)},
		{Kind: views.Radios, Name: "maximumRetries", Label: "If it cannot be reached, takes too long or has a problem of its own", Options: []views.Option{{Value: "1", Label: "Ask once more"}, {Value: "0", Label: "Do not ask again"}}, Value: strconv.Itoa(x.Retries)},
		{Kind: views.Check, Name: "signed", Label: "Sign each request", Hint: "Besides the token: your API can tell that the body came from us unchanged, and when. The secret is shown once.", Value: tick(x.Signed)}}}
	if x.Event == extension.TokenIssuanceStart {
		f.Fields = append(f.Fields, views.Field{Kind: views.TextArea, Name: "claims", Label: "Claims that it gives", Hint: "One per line, by the names of your API’s answer. An application’s claims can then choose them.", Value: lines(x.Claims), Rows: 4, Code: true, Optional: true})
	}
	return f
}

// sentExtension reads the form into an extension.
func sentExtension(c *fiber.Ctx, x *extension.Extension) error {
	var bad fault.Fields
	x.Name, x.Description, x.URL = typed(c, "displayName"), typed(c, "description"), typed(c, "targetUrl")
	x.Resource, x.Signed = identifierOf(x.URL, typed(c, "api")), ticked(c, "signed")
	x.Timeout = number(c, &bad, "timeoutInMilliseconds")
	if s := typed(c, "maximumRetries"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			bad.Add("maximumRetries", "admin.number", nil)
		}
		x.Retries = n
	} else {
		x.Retries = 0
	}
	if x.Event == extension.TokenIssuanceStart {
		x.Claims = slices.Compact(splitLines(typed(c, "claims")))
	}
	return bad.Err()
}

// extensionCheck are what this installation lets an extension be.
func (p *Portal) extensionCheck(v *visit) models.ExtensionCheck {
	return func(e *extension.Extension) fault.Fields {
		return e.Check(func(u *url.URL) error { return p.Net.Client.Check(v.dir.Tenant.Slug, u) })
	}
}

func (p *Portal) extensionFormPage(c *fiber.Ctx, title, lead string, f views.Form, problem error, crumbs ...views.Link) error {
	v := visitOf(c)
	if c.Method() == fiber.MethodPost {
		keepTyped(c, &f)
	}
	if problem != nil && !complain(handlers.InfoOf(c).Locale, &f, inWordsOf(problem, map[string]string{"resourceId": "api"})) {
		return problem
	}
	s, err := p.shell(c, title, lead, extensionHelp(), v.extensionCrumbs(crumbs...)...)
	if err != nil {
		return err
	}
	return p.form(c, s, f)
}

// eventOf reads the event that a new extension is for.
func eventOf(s string) (extension.Event, error) {
	e := extension.Event(s)
	if !e.Known() {
		return "", fault.New(fault.NotFound, "error.not_found")
	}
	return e, nil
}

// extensionNew asks for the event first: what follows depends on it.
func (p *Portal) extensionNew(c *fiber.Ctx) error {
	v := visitOf(c)
	if c.Query("event") == "" {
		s, err := p.shell(c, "Add an extension", "When should your API be asked?", extensionHelp(), v.extensionCrumbs()...)
		if err != nil {
			return err
		}
		return p.detail(c, s, views.Detail{Sections: []views.Section{v.eventSection()}})
	}
	e, err := eventOf(c.Query("event"))
	if err != nil {
		return err
	}
	if !v.mayHand(e) {
		return p.refuse(c, access.PasswordExtensionWrite)
	}
	return p.extensionFormPage(c, newExtensionTitle(e), wordsOfEvent(e).when, p.newExtensionForm(v, extension.Extension{Event: e, Retries: 1}), nil)
}

func newExtensionTitle(e extension.Event) string { return "Add an extension: " + e.Label() }

func (p *Portal) newExtensionForm(v *visit, x extension.Extension) views.Form {
	f := v.extensionForm(v.extensionsBase(), v.extensionsBase(), x)
	f.Submit = "Add extension"
	f.Note = "Nothing changes for customers yet: your API is asked when a listener says so, which is the next step."
	return f
}

func (p *Portal) extensionCreate(c *fiber.Ctx) error {
	v := visitOf(c)
	e, err := eventOf(typed(c, "event"))
	if err != nil {
		return err
	}
	if !v.mayHand(e) {
		return p.refuse(c, access.PasswordExtensionWrite)
	}
	x := extension.Extension{Event: e, Enabled: true}
	err = sentExtension(c, &x)
	var made models.AuthExtension
	if err == nil {
		made, err = v.tenant.CreateExtension(c.UserContext(), v.actor(c), x, p.extensionCheck(v))
	}
	if err != nil {
		return p.extensionFormPage(c, newExtensionTitle(e), wordsOfEvent(e).when, p.newExtensionForm(v, x), err)
	}
	return p.extensionMade(c, made, "“"+made.Name+"” is added. Send it a sample, then add a listener.")
}

// extensionMade leads to an extension and shows its signing secret, if there is a new one, this once.
func (p *Portal) extensionMade(c *fiber.Ctx, x models.AuthExtension, text string) error {
	at := visitOf(c).extensionBase(x.ID)
	if x.NewSecret == "" {
		return p.done(c, at, text)
	}
	return p.doneWith(c, at, models.PortalFlash{Kind: "ok", Text: text, Label: "Signing secret", Secret: x.NewSecret,
		Note: "Copy it now: it is shown only this once. Your API checks each request’s " + extension.SignatureHeader + " with it."})
}

func (p *Portal) extensionEdit(c *fiber.Ctx) error {
	v := visitOf(c)
	x, err := v.tenant.Extension(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	at := v.extensionBase(x.ID)
	return p.extensionFormPage(c, "Edit “"+x.Name+"”", x.Event.Label()+": "+wordsOfEvent(x.Event).when, v.extensionForm(at+"/edit", at, x.Extension), nil, views.Link{Label: x.Name, Href: at})
}

func (p *Portal) extensionSave(c *fiber.Ctx) error {
	v := visitOf(c)
	was, err := v.tenant.Extension(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	x, err := v.tenant.UpdateExtension(c.UserContext(), v.actor(c), was.ID, false, func(x *extension.Extension) error { return sentExtension(c, x) }, p.extensionCheck(v))
	if err != nil {
		at := v.extensionBase(was.ID)
		return p.extensionFormPage(c, "Edit “"+was.Name+"”", was.Event.Label()+": "+wordsOfEvent(was.Event).when, v.extensionForm(at+"/edit", at, was.Extension), err, views.Link{Label: was.Name, Href: at})
	}
	return p.extensionMade(c, x, "“"+x.Name+"” is saved. It counts for the next sign-in at once.")
}
