package admin

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/dryrun"
	"portico/app/fault"
	"portico/app/i18n"
	"portico/app/openid"
	"portico/app/signin"
	"portico/app/userflow"
	"portico/handlers"
	"portico/handlers/hosted"
	"portico/models"
	views "portico/views/admin"
)

// The test bench: an admin walks a user flow as a pretend visitor. Nothing is written and nothing is sent
// (app/dryrun); the walk itself travels sealed in the page, so any instance can go on with it.

func benchHelp() views.Help {
	return views.Help{What: "The test bench walks a user flow with the real rules, as a pretend visitor. Nothing is written, no message is sent, no token is made, and no entry in the logs tells of it.",
		Do: "Choose who comes and from where, then answer the pages. At the left is the page that a customer would see; below it stands what was decided at each step, and why. Codes that would be mailed are shown instead."}
}

// What a button of the bench means: something on the customer's page, or something about the walk.
const (
	pressPage  = "page:" // name=value of the page's button; the main one has no name
	pressWait  = "wait:"
	pressBack  = "back"
	pressAgain = "again"
)

func (p *Portal) benchRoutes() []handlers.Route {
	const at = "/admin/t/:tenant/user-flows/:id/bench"
	return []handlers.Route{
		{Method: get, Path: at, Handler: p.benchStart, Permission: access.FlowRead},
		{Method: post, Path: at, Handler: p.benchStep, Permission: access.FlowRead}, // it changes nothing
	}
}

// benchChoices are the parameters of the bench's address: what a walk begins with.
func benchChoice(c *fiber.Ctx) dryrun.Choice {
	q := func(name string) string { return strings.TrimSpace(strings.ToValidUTF8(c.Query(name), "")) }
	choice := dryrun.Choice{FlowID: c.Params("id"), Draft: q("version") == "draft", ClientID: q("app"), Visitor: dryrun.Visitor(q("visitor")),
		Locale: q("locale"), Country: strings.ToUpper(q("country")), IP: q("ip"), Platform: q("platform"), Risk: q("risk")}
	if q("prompt") != "" {
		choice.Prompt = []string{q("prompt")}
	}
	return choice
}

// address is the walk's beginning as an address.
func benchAddress(base string, c dryrun.Choice, begin bool) string {
	q := url.Values{}
	for name, value := range map[string]string{"app": c.ClientID, "visitor": string(c.Visitor), "locale": c.Locale, "country": c.Country, "ip": c.IP,
		"platform": c.Platform, "risk": c.Risk, "prompt": strings.Join(c.Prompt, " ")} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if c.Draft {
		q.Set("version", "draft")
	}
	if begin {
		q.Set("begin", "yes")
	}
	return base + "/bench?" + q.Encode()
}

// benchFlow is what a walk is about: the published flow with its apps, and its draft if there is one.
type benchFlow struct {
	models.UserFlow
	draft *userflow.Flow
}

func (v *visit) benchFlow(ctx context.Context, id string) (benchFlow, error) {
	f, err := v.tenant.Flow(ctx, id)
	if err != nil {
		return benchFlow{}, err
	}
	out := benchFlow{UserFlow: f}
	d, has, err := v.tenant.Draft(ctx, id)
	if has {
		out.draft = &d.Flow
	}
	return out, err
}

// apps are the flow's applications, as a choice.
func (f benchFlow) apps(v *visit) []*openid.Client {
	var out []*openid.Client
	for _, cl := range sortedClients(v.dir) {
		if slices.Contains(f.ApplicationIDs, cl.ObjectID) {
			out = append(out, cl)
		}
	}
	return out
}

func (p *Portal) benchStart(c *fiber.Ctx) error {
	v := visitOf(c)
	f, err := v.benchFlow(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	choice := benchChoice(c)
	if c.Query("begin") == "" {
		return p.benchForm(c, f, choice, nil, fiber.StatusOK)
	}
	if err := p.checkBench(v, f, choice); err != nil {
		return p.benchForm(c, f, choice, err, fiber.StatusUnprocessableEntity)
	}
	w, err := dryrun.Begin(choice, rand.Reader, p.Now())
	if err != nil {
		return err
	}
	return p.benchPage(c, f, w, nil, fiber.StatusOK)
}

// checkBench refuses what no select of the form offers, and an address that is none.
func (p *Portal) checkBench(v *visit, f benchFlow, c dryrun.Choice) error {
	var bad fault.Fields
	if !slices.Contains(dryrun.Visitors(), c.Visitor) {
		bad.Add("visitor", "dryrun.visitor", nil)
	}
	if _, err := netip.ParseAddr(c.IP); c.IP != "" && err != nil {
		bad.Add("ip", "dryrun.ip", nil)
	}
	if len(c.Country) != 0 && (len(c.Country) != 2 || strings.Trim(c.Country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "") {
		bad.Add("country", "dryrun.country", nil)
	}
	if c.Draft && f.draft == nil {
		bad.Add("version", "dryrun.no_draft", nil)
	}
	if c.ClientID != "" && !slices.ContainsFunc(f.apps(v), func(cl *openid.Client) bool { return cl.ID == c.ClientID }) {
		bad.Add("app", "dryrun.app", nil)
	}
	for name, one := range map[string]struct {
		value   string
		options []views.Option
	}{"platform": {c.Platform, platformOptions()}, "risk": {c.Risk, riskOptions()}, "prompt": {strings.Join(c.Prompt, " "), promptOptions()},
		"locale": {c.Locale, append(p.localeOptions(), views.Option{})}} {
		if !slices.ContainsFunc(one.options, func(o views.Option) bool { return o.Value == one.value }) {
			bad.Add(name, "dryrun.choice", nil)
		}
	}
	return bad.Err()
}

func platformOptions() []views.Option {
	return []views.Option{{Label: "Unknown"}, {Value: "windows", Label: "Windows"}, {Value: "macOS", Label: "macOS"}, {Value: "linux", Label: "Linux"}, {Value: "android", Label: "Android"}, {Value: "iOS", Label: "iOS"}}
}

func riskOptions() []views.Option {
	return []views.Option{{Label: "What risk detection says"}, {Value: "low", Label: "Pretend: low"}, {Value: "medium", Label: "Pretend: medium"}, {Value: "high", Label: "Pretend: high"}}
}

func promptOptions() []views.Option {
	return []views.Option{{Label: "Sign-in, or single sign-on"}, {Value: "login", Label: "Sign-in, always"}, {Value: "create", Label: "Sign-up"}, {Value: "select_account", Label: "A choice of account"}, {Value: "none", Label: "No page at all (silent sign-in)"}}
}

// visitorWord names a pretend visitor.
func visitorWord(v dryrun.Visitor) string {
	switch v {
	case dryrun.Newcomer:
		return "Somebody new"
	case dryrun.Customer:
		return "A customer with a password"
	case dryrun.Temporary:
		return "A customer with a temporary password"
	case dryrun.CodeOnly:
		return "A customer who signs in with codes by email"
	case dryrun.Lacking:
		return "A customer who lacks a required answer"
	case dryrun.OldTerms:
		return "A customer who agreed to older terms"
	case dryrun.WithApp:
		return "A customer with an authenticator app"
	case dryrun.WithKey:
		return "A customer with a passkey"
	case dryrun.UserNamed:
		return "A customer with a user name"
	case dryrun.SignedInTo:
		return "A customer who is signed in already"
	case dryrun.Disabled:
		return "A customer whose account is disabled"
	}
	return string(v)
}

// benchForm asks for the choices.
func (p *Portal) benchForm(c *fiber.Ctx, f benchFlow, choice dryrun.Choice, problem error, status int) error {
	v := visitOf(c)
	base := v.flowBase(f.ID)
	versions := []views.Option{{Label: fmt.Sprintf("Version %d, which customers have now", f.Version)}}
	version := ""
	if f.draft != nil {
		versions = append(versions, views.Option{Value: "draft", Label: "The draft"})
		if choice.Draft || c.Query("visitor") == "" {
			version = "draft"
		}
	}
	apps := []views.Option{}
	for _, cl := range f.apps(v) {
		apps = append(apps, views.Option{Value: cl.ID, Label: cl.Name})
	}
	apps = append(apps, views.Option{Label: "None in particular"})
	if c.Query("visitor") == "" && choice.ClientID == "" {
		choice.ClientID = apps[0].Value
	}
	var visitors []views.Option
	for _, one := range dryrun.Visitors() {
		visitors = append(visitors, views.Option{Value: string(one), Label: visitorWord(one)})
	}
	if choice.Visitor == "" {
		choice.Visitor = dryrun.Newcomer
		choice.Prompt = []string{"create"}
	}
	form := views.Form{Get: true, Action: base + "/bench", Submit: "Begin the walk", Cancel: base, Fields: []views.Field{
		{Kind: views.Hidden, Name: "begin", Value: "yes"},
		{Kind: views.Select, Name: "version", Label: "Version", Options: versions, Value: version},
		{Kind: views.Select, Name: "visitor", Label: "Who comes", Options: visitors, Value: string(choice.Visitor)},
		{Kind: views.Select, Name: "prompt", Label: "The application asks for", Options: promptOptions(), Value: strings.Join(choice.Prompt, " ")},
		{Kind: views.Select, Name: "app", Label: "Application", Options: apps, Value: choice.ClientID},
		{Kind: views.Select, Name: "locale", Label: "Language", Options: p.localeOptions(), Value: first(choice.Locale, p.Bundle.Match(v.dir.Tenant.DefaultLocale).Lang())},
		{Kind: views.Grid, Label: "Where from", Hint: "What Conditional Access and risk look at.", Fields: []views.Field{
			{Name: "country", Label: "Country code", Optional: true, Code: true, Value: choice.Country},
			{Name: "ip", Label: "IP address", Optional: true, Code: true, Value: choice.IP},
			{Kind: views.Select, Name: "platform", Label: "Device", Options: platformOptions(), Value: choice.Platform},
			{Kind: views.Select, Name: "risk", Label: "Risk", Options: riskOptions(), Value: choice.Risk}}}}}
	if problem != nil && !complain(handlers.InfoOf(c).Locale, &form, problem) {
		return problem
	}
	s, err := p.shell(c, "Test bench", "Walk “"+f.Name+"” as a pretend visitor. Nothing is written and nothing is sent.", benchHelp(),
		views.Link{Label: "User flows", Href: v.base() + "/user-flows"}, views.Link{Label: f.Name, Href: base})
	if err != nil {
		return err
	}
	s.Problems = form.Problems
	return handlers.Render(c, status, views.FormPage(s, form))
}

func first(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

// benchStep takes what was pressed. The walk that came with it is the only state there is.
func (p *Portal) benchStep(c *fiber.Ctx) error {
	v := visitOf(c)
	f, err := v.benchFlow(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	w, err := dryrun.Open(handlers.Form(c, "walk"), p.Store.Sealer(), v.dir.Tenant.ID, v.admin.ID, p.Now())
	if err == nil && w.Choice.FlowID != f.ID {
		err = fault.New(fault.Expired, "dryrun.stale")
	}
	if err == nil && w.Choice.Draft && f.draft == nil {
		err = fault.New(fault.Expired, "dryrun.no_draft")
	}
	if err != nil {
		return p.benchForm(c, f, dryrun.Choice{}, err, fiber.StatusGone)
	}
	event, press := dryrun.Event{}, handlers.Form(c, "press")
	wait, waits := strings.CutPrefix(press, pressWait)
	pressed, onPage := strings.CutPrefix(press, pressPage)
	switch {
	case press == pressBack:
		return p.benchPage(c, f, w.Back(), nil, fiber.StatusOK)
	case press == pressAgain:
		event.Again = true
	case waits:
		if event.Wait, err = time.ParseDuration(wait); err != nil || event.Wait <= 0 || event.Wait > 24*time.Hour {
			return p.benchPage(c, f, w, nil, fiber.StatusUnprocessableEntity)
		}
	case onPage, press == "": // Enter in a browser that names no button
		event = visitorEvent(c, pressed)
	}
	next, err := w.Then(event)
	if err != nil {
		return p.benchPage(c, f, w, err, fiber.StatusUnprocessableEntity)
	}
	return p.benchPage(c, f, next, nil, fiber.StatusOK)
}

// visitorEvent reads what the pretend visitor answered and pressed.
func visitorEvent(c *fiber.Ctx, pressed string) dryrun.Event {
	e := dryrun.Event{Step: signin.Name(handlers.Form(c, "step")), Values: map[string][]string{}}
	c.Request().PostArgs().VisitAll(func(k, value []byte) {
		if name, ok := strings.CutPrefix(string(k), benchField); ok && len(value) > 0 {
			name = strings.ToValidUTF8(name, "")
			e.Values[name] = append(e.Values[name], strings.ToValidUTF8(string(value), "\uFFFD"))
		}
	})
	name, value, _ := strings.Cut(pressed, "=")
	switch name {
	case "":
	case "action":
		e.Action = value
	default:
		e.Values[name] = []string{value}
	}
	return e
}

// scene is the real configuration of a walk.
func (p *Portal) scene(v *visit, f benchFlow, c dryrun.Choice) dryrun.Scene {
	flow := f.Flow
	if c.Draft {
		flow = *f.draft
	}
	s := dryrun.Scene{Place: signin.Place{Tenant: v.dir.Tenant, Flow: flow, Policies: v.dir.Policies, Terms: v.dir.Terms}}
	s.Request = signin.Request{Protocol: signin.OpenID, Prompt: c.Prompt, UILocales: nonEmpty(c.Locale), Scopes: []string{"openid", "profile", "email"}}
	if f.ID == userflow.Administrators {
		s.Request.Protocol, s.Request.ClientID, s.Request.ClientName = signin.Portal, ClientID, ClientName
	}
	if cl := v.dir.Clients[c.ClientID]; cl != nil {
		s.Request.ClientID, s.Request.ClientName = cl.ID, cl.Name
		s.Request.ConsentScopes = (&openid.AuthorizeRequest{Scopes: s.Request.Scopes, Prompt: c.Prompt}).ConsentScopes(cl)
	}
	return s
}

// benchPage walks and shows where the visitor is.
func (p *Portal) benchPage(c *fiber.Ctx, f benchFlow, w dryrun.Walk, problem error, status int) error {
	v := visitOf(c)
	scene := p.scene(v, f, w.Choice)
	tale, err := p.Bench.Walk(c.UserContext(), scene, w)
	if err != nil {
		e := fault.Of(err)
		if e.Code == fault.Internal || errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		return p.benchForm(c, f, w.Choice, err, handlers.Status(e.Code))
	}
	b := views.Bench{Action: v.flowBase(f.ID) + "/bench", Chosen: benchChosen(v, f, w.Choice, tale)}
	if tale.Cut { // what fits no more is forgotten, so that the walk can go on
		w.Events = w.Events[:len(tale.Moments)-1]
		b.Notice = "The user flow or its rules have changed since this walk began, and later answers fit no more. It goes on from here."
	}
	if problem != nil {
		e := fault.Of(problem)
		b.Notice = handlers.InfoOf(c).Locale.T(e.Key, e.Args)
	}
	if b.Walk, err = dryrun.Seal(w, p.Store.Sealer(), v.dir.Tenant.ID, v.admin.ID); err != nil {
		return err
	}
	b.Restart = views.Link{Label: "Begin again with the same choices", Href: benchAddress(v.flowBase(f.ID), w.Choice, true)}
	b.Change = views.Link{Label: "Choose otherwise", Href: benchAddress(v.flowBase(f.ID), w.Choice, false)}
	l := p.Bundle.Match(w.Choice.Locale)
	if err := p.benchNow(c, v, &b, l, tale, w); err != nil {
		return err
	}
	for i, m := range tale.Moments {
		b.Steps = append(b.Steps, benchWords(handlers.InfoOf(c).Locale, i, m))
	}
	s, err := p.shell(c, "Test bench: "+f.Name, "A pretend visitor. Nothing is written and nothing is sent.", benchHelp(),
		views.Link{Label: "User flows", Href: v.base() + "/user-flows"}, views.Link{Label: f.Name, Href: v.flowBase(f.ID)}, views.Link{Label: "Test bench", Href: b.Change.Href})
	if err != nil {
		return err
	}
	return handlers.Render(c, status, views.BenchPage(s, b))
}

// benchNow fills in the page that the visitor sees now with what can be done there, or the end.
func (p *Portal) benchNow(c *fiber.Ctx, v *visit, b *views.Bench, l *i18n.Localizer, tale dryrun.Tale, w dryrun.Walk) error {
	last := tale.Last()
	if len(w.Events) > 0 {
		b.Also = append(b.Also, views.BenchButton{Press: pressBack, Label: "Go back one step"})
	}
	if last.Over() {
		over, err := p.benchOver(c, v, last, tale)
		if err != nil {
			return err
		}
		b.Over, b.Where = &over, "The end"
		b.Buttons = []views.BenchButton{{Press: pressAgain, Label: "Come to the application once more", Main: true}}
		return nil
	}
	for _, m := range last.Mails {
		b.Mails = append(b.Mails, benchMail(m))
	}
	form := typedBefore(last)
	frame, err := p.previewFrame(c, p.brand(v), l, hosted.Page(p.brand(v), l, last.Result, form), views.Frame{Title: "The page as the customer sees it"})
	if err != nil {
		return err
	}
	b.Page, b.Where = frame, fmt.Sprintf("Page %d: %s", pages(tale), lowerFirst(stepWord(string(last.Result.Step.Name))))
	inputs, buttons := readHosted(frame.HTML)
	b.Fields = append([]views.Field{{Kind: views.Hidden, Name: "step", Value: string(last.Result.Step.Name)}}, visitorFields(inputs, tale, w)...)
	b.Buttons = visitorButtons(buttons)
	for _, x := range []struct{ after, words string }{{"1m", "Let a minute pass"}, {"10m", "Let ten minutes pass"}, {"1h", "Let an hour pass"}} {
		b.Also = append(b.Also, views.BenchButton{Press: pressWait + x.after, Label: x.words})
	}
	return nil
}

// pages counts the pages that were shown.
func pages(t dryrun.Tale) int {
	n := 0
	for _, m := range t.Moments {
		if !m.Over() && (m.Event == nil || m.Result.Changed || m.Event.Again) {
			n++
		}
	}
	return max(n, 1)
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// typedBefore is what comes back to a page that had a complaint.
func typedBefore(m dryrun.Moment) *signin.Form {
	if m.Event == nil || m.Result.Problem == nil {
		return nil
	}
	return &signin.Form{Step: m.Event.Step, Values: func(n string) []string { return m.Event.Values[n] }, Value: func(n string) string {
		if v := m.Event.Values[n]; len(v) > 0 {
			return v[0]
		}
		return ""
	}}
}

func benchMail(m signin.CodeMail) views.BenchMail {
	out := views.BenchMail{To: m.To, Code: m.Code}
	if m.Decoy {
		out.Note = "In truth nothing would be delivered: nobody has this address. The page is the same, so that nobody learns it."
	}
	return out
}

func benchChosen(v *visit, f benchFlow, c dryrun.Choice, t dryrun.Tale) []views.Fact {
	version := fmt.Sprintf("Version %d", f.Version)
	if c.Draft {
		version = "The draft"
	}
	app := ""
	if cl := v.dir.Clients[c.ClientID]; cl != nil {
		app = cl.Name
	}
	var where []string
	where = append(where, nonEmpty(c.Country, c.IP, c.Platform)...)
	if c.Risk != "" {
		where = append(where, "risk pretended: "+c.Risk)
	}
	return facts(fact("User flow", plain(version)), fact("Visitor", plain(visitorWord(c.Visitor))), fact("Application", views.Cell{Kind: views.Name, Text: app}),
		fact("Where from", plain(strings.Join(where, ", "))), fact("Clock of the walk", when(t.Now)))
}
