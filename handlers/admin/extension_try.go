package admin

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/audit"
	"portico/app/extension"
	"portico/app/fault"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// ExtensionCaller asks extensions by an admin's hand, and knows which are not called at all now.
type ExtensionCaller interface {
	Try(ctx context.Context, conf *extension.Configuration, chosen extension.Chosen, o *extension.Occasion, t extension.Trial) extension.Result
	Circuit(tenantID, extensionID string) extension.Breaker
}

// tryForm sends a sample. Nothing comes of the answer but its record: nobody signs in or up.
func (v *visit) tryForm(x extension.Extension) views.Form {
	apps := []views.Option{}
	for _, cl := range sortedClients(v.dir) {
		apps = append(apps, views.Option{Value: cl.ID, Label: cl.Name})
	}
	at := v.extensionBase(x.ID)
	f := views.Form{Action: at + "/try", Cancel: at, Submit: "Send a sample", Note: "Your API is called for real, with a pretend person. Nothing comes of its answer: nobody signs in or up, and nothing is stored but the record of the call.",
		Fields: []views.Field{{Kind: views.Select, Name: "app", Label: "As if signing in to", Options: apps}, urlField(x)}}
	if v.may(access.UserRead) && wordsOfEvent(x.Event).person {
		f.Fields = append(f.Fields, views.Field{Name: "person", Label: "With the data of a real person", Hint: "A name, an email address or an object ID. Left empty, a pretend person is sent.", Optional: true})
	}
	return f
}

func urlField(x extension.Extension) views.Field {
	return views.Field{Name: "url", Label: "To another URL", Hint: "For example a test server. Left empty, it goes to the target URL. To another host neither our token nor a signature goes along.", Type: "url", Code: true, Optional: true}
}

func (p *Portal) extensionTryForm(c *fiber.Ctx) error {
	x, err := visitOf(c).tenant.Extension(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	return p.tryPage(c, x, nil)
}

func (p *Portal) tryPage(c *fiber.Ctx, x models.AuthExtension, problem error) error {
	v := visitOf(c)
	f := v.tryForm(x.Extension)
	if c.Method() == fiber.MethodPost {
		keepTyped(c, &f)
	}
	if problem != nil && !complain(handlers.InfoOf(c).Locale, &f, problem) {
		return problem
	}
	s, err := p.shell(c, "Send a sample to “"+x.Name+"”", wordsOfEvent(x.Event).when, extensionHelp(), v.extensionCrumbs(views.Link{Label: x.Name, Href: v.extensionBase(x.ID)})...)
	if err != nil {
		return err
	}
	return p.form(c, s, f)
}

func (p *Portal) extensionTry(c *fiber.Ctx) error {
	v := visitOf(c)
	x, err := v.tenant.Extension(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	to, err := p.otherURL(v, typed(c, "url"))
	if err != nil {
		return p.tryPage(c, x, err)
	}
	who, n, err := v.samplePerson(c.UserContext(), typed(c, "person"))
	if err != nil {
		return err
	}
	if typed(c, "person") != "" && who == nil && v.may(access.UserRead) {
		return p.tryPage(c, x, fault.BadField("person", choose(n == 0, "extension.try.nobody", "extension.try.several"), nil))
	}
	o := p.sampleOccasion(v, x.Event, typed(c, "app"), who)
	if who != nil {
		if err := v.looked(c, *who); err != nil {
			return err
		}
	}
	call, err := p.try(c, x, &o, extension.Trial{URL: to}, who == nil, "Send sample to custom authentication extension")
	if err != nil {
		return err
	}
	return c.Redirect(v.callsBase()+"/"+call.ID, fiber.StatusSeeOther)
}

// otherURL checks an address that an admin typed in place of an extension's.
func (p *Portal) otherURL(v *visit, s string) (string, error) {
	if s == "" {
		return "", nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.Fragment != "" {
		return "", fault.BadField("url", "extension.url", nil)
	}
	if p.Net.Client.Check(v.dir.Tenant.Slug, u) != nil {
		return "", fault.BadField("url", "extension.url.refused", nil)
	}
	return s, nil
}

// try asks an extension by the admin's hand, writes down who did, and keeps the call. sample: it is about nobody.
func (p *Portal) try(c *fiber.Ctx, x models.AuthExtension, o *extension.Occasion, t extension.Trial, sample bool, activity string) (extension.Call, error) {
	v := visitOf(c)
	if p.Extensions == nil {
		return extension.Call{}, fault.New(fault.NotFound, "error.not_found")
	}
	goes := x.URL
	if t.URL != "" {
		goes = t.URL
	}
	person := ""
	if o.User != nil && t.Body == nil {
		person = o.User.ID
	}
	err := v.tenant.WriteAudit(c.UserContext(), v.actor(c), audit.Event{Activity: activity, Category: "Policy", Operation: "Test", Target: audit.Target{Kind: "customAuthenticationExtension", ID: x.ID, Name: x.Name},
		Changes: []audit.Change{{Property: "host", New: hostOf(goes)}, {Property: "person", New: person}}})
	if err != nil {
		return extension.Call{}, err
	}
	listeners, err := v.tenant.Listeners(c.UserContext())
	if err != nil {
		return extension.Call{}, err
	}
	chosen := extension.Chosen{Listener: extension.Listener{Event: x.Event, Extension: x.ID}, Extension: &x.Extension}
	for _, l := range listeners { // as its first listener would declare it
		if l.Extension == x.ID {
			chosen = l.Of(&x.Extension)
			break
		}
	}
	r := p.Extensions.Try(c.UserContext(), v.dir.Extensions, chosen, o, t)
	r.Call.Sample = sample
	return r.Call, v.tenant.RecordCall(c.UserContext(), r.Call)
}

// replayable says why a call cannot be sent again; "" = it can. What is masked in the record cannot be sent as it was,
// and somebody would be sent a mail.
func replayable(x extension.Call) string {
	switch {
	case x.Event == extension.OtpSend || x.Event == extension.PasswordSubmit:
		return "Codes and passwords are masked in the record, so this call cannot be sent again as it was. Send a sample instead."
	case x.Request == "":
		return "Nothing was sent, so there is nothing to send again. Send a sample instead."
	case !json.Valid([]byte(x.Request)):
		return "Only the beginning of what was sent is kept, so it cannot be sent again. Send a sample instead."
	}
	return ""
}

func (p *Portal) callReplayForm(c *fiber.Ctx) error { return p.replayCallPage(c, nil) }

func (p *Portal) replayCallPage(c *fiber.Ctx, problem error) error {
	v := visitOf(c)
	call, err := v.tenant.ExtensionCall(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	x, err := v.tenant.Extension(c.UserContext(), call.ExtensionID)
	if err != nil {
		return err
	}
	at := v.callsBase() + "/" + call.ID
	s, err := p.shell(c, "Replay the call of “"+x.Name+"”", x.Event.Label()+".", extensionHelp(), v.extensionCrumbs(views.Link{Label: "Calls", Href: v.callsBase()})...)
	if err != nil {
		return err
	}
	if why := replayable(call); why != "" {
		return p.detail(c, s, views.Detail{Notices: []views.Notice{{Tone: "info", Title: "This call cannot be replayed", Text: why, Links: []views.Link{{Label: "Send a sample", Href: v.extensionBase(x.ID) + "/try"}}}}})
	}
	f := views.Form{Action: at + "/replay", Cancel: at, Submit: "Replay call", Fields: []views.Field{urlField(x.Extension)},
		Note: "Your API is sent the same question again, with what was masked still masked. Nothing comes of its answer: nobody signs in or up. The two answers are then compared."}
	if c.Method() == fiber.MethodPost {
		keepTyped(c, &f)
	}
	if problem != nil && !complain(handlers.InfoOf(c).Locale, &f, problem) {
		return problem
	}
	return p.form(c, s, f)
}

func (p *Portal) callReplay(c *fiber.Ctx) error {
	v := visitOf(c)
	was, err := v.tenant.ExtensionCall(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	x, err := v.tenant.Extension(c.UserContext(), was.ExtensionID)
	if err != nil {
		return err
	}
	to, err := p.otherURL(v, typed(c, "url"))
	if err != nil {
		return p.replayCallPage(c, err)
	}
	if replayable(was) != "" {
		return p.replayCallPage(c, nil)
	}
	o := p.sampleOccasion(v, x.Event, was.AppID, nil)
	o.User, o.CorrelationID = nil, models.NewID()
	o.PersonKey = was.PersonKey
	if was.UserID != "" { // whose call it is, so that it goes when they are erased
		o.User = &extension.Person{ID: was.UserID}
	}
	call, err := p.try(c, x, &o, extension.Trial{URL: to, Body: []byte(was.Request)}, was.Sample, "Replay call of custom authentication extension")
	if err != nil {
		return err
	}
	return c.Redirect(v.callsBase()+"/"+call.ID+"?against="+url.QueryEscape(was.ID), fiber.StatusSeeOther)
}

// hostName is the host of an address without its port.
func hostName(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}
