package admin

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/openid"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

func appsHelp() views.Help {
	return views.Help{What: "An application is something that people sign in to, or a program that gets tokens for itself. Registering it gives it an ID that it sends with each request.",
		Do: "Register one, copy the ready text from “Connect your app” into it, and put it into a user flow so that people get a sign-in page."}
}

func kindOptions() []views.Option {
	return []views.Option{
		{Value: models.WebApp, Label: "Web application", Hint: "Runs on a server and can keep a secret: Node, Java, .NET, PHP, Python, Go."},
		{Value: models.SPAApp, Label: "Single-page application", Hint: "Runs in the browser and calls interfaces from there: React, Angular, Vue."},
		{Value: models.NativeApp, Label: "Mobile and desktop application", Hint: "Installed on a phone or computer: iOS, Android, Electron, a command line tool."},
		{Value: models.DaemonApp, Label: "Daemon or service", Hint: "A program that acts for itself, with nobody signing in: a job, a back end calling another."},
	}
}

func kindLabel(kind string) string {
	for _, o := range kindOptions() {
		if o.Value == kind {
			return o.Label
		}
	}
	return humane(kind)
}

func enabledOptions() []views.Option {
	return []views.Option{{Label: "Any state"}, {Value: "yes", Label: "Enabled"}, {Value: "no", Label: "Disabled"}}
}

func yesNo(s string) *bool {
	switch s {
	case "yes":
		b := true
		return &b
	case "no":
		b := false
		return &b
	}
	return nil
}

func (p *Portal) appList(c *fiber.Ctx) error {
	v, w := visitOf(c), viewOf(c, "search", "kind", "enabled", "sort")
	q := models.ApplicationQuery{Search: w.get("search"), Kind: w.get("kind"), Enabled: yesNo(w.get("enabled")), Desc: w.get("sort") == "name-desc", After: w.get("after")}
	if f := c.Query("format"); f == "csv" || f == "json" {
		return p.appDownload(c, f, q)
	}
	page, err := v.tenant.Applications(c.UserContext(), q)
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Applications", "What your customers sign in to, and programs that act for themselves.", appsHelp())
	if err != nil {
		return err
	}
	create := &views.Link{Label: "Register an application", Href: v.base() + "/applications/new"}
	if v.may(access.AppWrite) {
		s.Primary = create
	} else {
		create = nil
	}
	l := views.List{Filter: w.filter(3,
		views.Field{Name: "search", Label: "Name or ID", Type: "search"},
		views.Field{Kind: views.Select, Name: "kind", Label: "Kind", Options: append([]views.Option{{Label: "Any kind"}}, kindOptions()...)},
		views.Field{Kind: views.Select, Name: "enabled", Label: "State", Options: enabledOptions()}),
		Table: appTable(v, w, page.Items), Shown: shown(len(page.Items), "application", "by name"),
		Empty: emptyOf(w, "No applications yet", "Register the first one; it takes a minute, and you get ready text for your library.", create),
		Also:  []views.Link{{Label: "Deleted applications", Href: v.base() + "/applications/deleted"}}}
	w.finish(&l, page.Next)
	return p.list(c, s, l)
}

func appTable(v *visit, w view, apps []models.Application) views.Table {
	t := views.Table{Caption: "Applications", Columns: []views.Column{w.sortable("Name", "", "name-desc", true), {Label: "Kind"}, {Label: "Client ID"}, {Label: "User flow"}, {Label: "Credentials"}, {Label: "State"}}}
	for _, a := range apps {
		flow := views.Cell{Text: "None", Tone: "soft"}
		if f, ok := v.dir.Flow(a.ClientID); ok {
			flow = views.Cell{Kind: views.Name, Text: f.Name, Href: v.base() + "/user-flows/" + f.ID}
		} else if a.Kind == models.DaemonApp {
			flow = views.Cell{Text: "Needs none"}
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{
			{Kind: views.Name, Text: a.Name, Href: v.base() + "/applications/" + a.ID}, plain(kindLabel(a.Kind)), code(a.ClientID), flow,
			plain(credentialWords(a)), stateBadge(a.Enabled)}})
	}
	return t
}

func stateBadge(enabled bool) views.Cell {
	if enabled {
		return badge("ok", "Enabled")
	}
	return badge("warn", "Disabled")
}

func credentialWords(a models.Application) string {
	if len(a.Secrets)+len(a.Certificates) == 0 {
		if a.Kind == models.SPAApp || a.Kind == models.NativeApp {
			return "Needs none"
		}
		return "None"
	}
	var out []string
	if n := len(a.Secrets); n > 0 {
		out = append(out, numberWords(n, "secrets"))
	}
	if n := len(a.Certificates); n > 0 {
		out = append(out, numberWords(n, "certificates"))
	}
	return strings.Join(out, ", ")
}

func (p *Portal) appDownload(c *fiber.Ctx, format string, q models.ApplicationQuery) error {
	v := visitOf(c)
	cols := []column[models.Application]{
		{"id", func(a models.Application) string { return a.ID }}, {"appId", func(a models.Application) string { return a.ClientID }},
		{"displayName", func(a models.Application) string { return a.Name }}, {"kind", func(a models.Application) string { return a.Kind }},
		{"accountEnabled", func(a models.Application) string { return fmt.Sprint(a.Enabled) }},
		{"redirectUris", func(a models.Application) string {
			var out []string
			for _, r := range a.Spec.RedirectURIs {
				out = append(out, r.URI)
			}
			return strings.Join(out, " ")
		}},
		{"createdDateTime", func(a models.Application) string { return stamp(a.CreatedAt) }},
		{"deletedDateTime", func(a models.Application) string { return stamp(a.DeletedAt) }},
	}
	return download(c, format, "applications-"+v.dir.Tenant.Slug, cols, nil, func(ctx context.Context, after string) ([]models.Application, string, error) {
		q.After, q.Limit = after, 500
		page, err := v.tenant.Applications(ctx, q)
		return page.Items, page.Next, err
	})
}

func (p *Portal) appDeletedList(c *fiber.Ctx) error {
	v, w := visitOf(c), viewOf(c, "search")
	q := models.ApplicationQuery{Search: w.get("search"), Deleted: true, After: w.get("after")}
	if f := c.Query("format"); f == "csv" || f == "json" {
		return p.appDownload(c, f, q)
	}
	page, err := v.tenant.Applications(c.UserContext(), q)
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Deleted applications", "Kept for 30 days, then erased for good.", views.Help{
		What: "Deleted applications stopped working at once, but nothing of them is lost for 30 days.", Do: "Restore one to bring it back exactly as it was, with its secrets and its place in the user flow."},
		views.Link{Label: "Applications", Href: v.base() + "/applications"})
	if err != nil {
		return err
	}
	t := views.Table{Caption: "Deleted applications", Columns: []views.Column{{Label: "Name"}, {Label: "Kind"}, {Label: "Client ID"}, {Label: "Deleted"}}, Actions: true}
	for _, a := range page.Items {
		row := views.Row{Cells: []views.Cell{{Kind: views.Name, Text: a.Name}, plain(kindLabel(a.Kind)), code(a.ClientID), when(a.DeletedAt)}}
		if v.may(access.AppWrite) {
			row.Actions = []views.Action{{Label: "Restore", About: a.Name, Post: v.base() + "/applications/deleted/" + a.ID + "/restore"}}
		}
		t.Rows = append(t.Rows, row)
	}
	l := views.List{Filter: w.filter(3, views.Field{Name: "search", Label: "Name or ID", Type: "search"}), Table: t, Shown: shown(len(page.Items), "application", "by name"),
		Empty: emptyOf(w, "No deleted applications", "An application that you delete waits here for 30 days.", nil)}
	w.finish(&l, page.Next)
	return p.list(c, s, l)
}

func (p *Portal) appRestore(c *fiber.Ctx) error {
	v := visitOf(c)
	a, err := v.tenant.RestoreApplication(c.UserContext(), v.actor(c), c.Params("id"))
	if e := fault.Of(err); fault.Is(err, fault.Conflict) {
		return p.doneWith(c, v.base()+"/applications/deleted", models.PortalFlash{Kind: "warn", Text: "Not restored. " + handlers.InfoOf(c).Locale.T(e.Key, e.Args)})
	}
	if err != nil {
		return err
	}
	return p.done(c, v.base()+"/applications/"+a.ID, "Application “"+a.Name+"” restored.")
}

// appNewForm asks for as little as possible: what it is, its name, where sign-in comes back to.
func appNewForm(v *visit, kind, name, redirect, flow string) views.Form {
	form := views.Form{Action: v.base() + "/applications", Submit: "Register application", Cancel: v.base() + "/applications", Fields: []views.Field{
		{Kind: views.Radios, Name: "kind", Label: "What is it?", Value: kind, Options: kindOptions()},
		{Name: "displayName", Label: "Name", Hint: "Customers see it when they sign in.", Value: name},
		{Name: "redirectUris", Label: "Redirect URI", Hint: "Where people come back to after signing in, for example https://www.example.com/callback or http://localhost:8080/callback. A daemon needs none; more can be added later.", Value: redirect, Optional: true, Code: true},
	}}
	if !v.may(access.FlowWrite) { // who may not change flows is not asked
		return form
	}
	flows := []views.Option{{Label: "Decide later"}}
	for _, f := range sortedFlows(v.dir) {
		flows = append(flows, views.Option{Value: f.ID, Label: f.Name})
	}
	form.Fields = append(form.Fields, views.Field{Kind: views.Select, Name: "flow", Label: "User flow", Hint: "The sign-up and sign-in pages that its people see. A daemon needs none.", Value: flow, Options: flows})
	return form
}

func (p *Portal) appNew(c *fiber.Ctx) error {
	v := visitOf(c)
	kind := c.Query("kind")
	flow := ""
	if all := sortedFlows(v.dir); len(all) == 1 {
		flow = all[0].ID
	}
	return p.appNewPage(c, appNewForm(v, kind, "", "", flow))
}

func (p *Portal) appNewPage(c *fiber.Ctx, f views.Form) error {
	v := visitOf(c)
	s, err := p.shell(c, "Register an application", "", appsHelp(), views.Link{Label: "Applications", Href: v.base() + "/applications"})
	if err != nil {
		return err
	}
	return p.form(c, s, f)
}

// platformOf is the platform of the redirect URIs that a kind of application has.
func platformOf(kind string) openid.Platform {
	switch kind {
	case models.SPAApp:
		return openid.SPA
	case models.NativeApp:
		return openid.Native
	}
	return openid.Web
}

// createApp registers an application; a redirect URI typed for a daemon is a mistake rather than lost.
func (v *visit) createApp(c *fiber.Ctx, a models.Application) (models.Application, error) {
	if a.Kind != models.DaemonApp || len(a.Spec.RedirectURIs) == 0 {
		return v.tenant.CreateApplication(c.UserContext(), v.actor(c), a)
	}
	a.Spec.RedirectURIs = nil
	var bad fault.Fields
	if err := a.Validate(); err != nil {
		bad = append(bad, fault.Of(err).Fields...)
	}
	bad.Add("redirectUris", "admin.redirect.daemon", nil)
	return a, bad.Err()
}

func (p *Portal) appCreate(c *fiber.Ctx) error {
	v := visitOf(c)
	a := models.Application{Name: typed(c, "displayName"), Kind: typed(c, "kind"), Enabled: true}
	redirect, flow := typed(c, "redirectUris"), typed(c, "flow")
	if redirect != "" {
		a.Spec.RedirectURIs = []openid.RedirectURI{{URI: redirect, Platform: platformOf(a.Kind)}}
	}
	made, err := v.createApp(c, a)
	if err != nil {
		f := appNewForm(v, a.Kind, a.Name, redirect, flow)
		if !complain(handlers.InfoOf(c).Locale, &f, err) {
			return err
		}
		return p.appNewPage(c, f)
	}
	text := "Application “" + made.Name + "” registered."
	if flow != "" && made.Kind != models.DaemonApp && v.may(access.FlowWrite) {
		if err := v.tenant.AddFlowApp(c.UserContext(), v.actor(c), flow, made.ID); err != nil {
			text += " It could not be added to the user flow: add it there."
		}
	}
	return p.done(c, v.base()+"/applications/"+made.ID+"/connect", text)
}

// app reads the application that the address names, deleted ones left out.
func (v *visit) app(c *fiber.Ctx) (models.Application, error) {
	a, err := v.tenant.Application(c.UserContext(), c.Params("id"))
	if err == nil && !a.DeletedAt.IsZero() {
		return a, fault.New(fault.NotFound, "error.not_found")
	}
	return a, err
}

func (v *visit) appBase(a models.Application) string { return v.base() + "/applications/" + a.ID }

func (p *Portal) appDetail(c *fiber.Ctx) error {
	a, err := visitOf(c).app(c)
	if err != nil {
		return err
	}
	return p.appPage(c, a, nil)
}

// appPage is the application with its small forms. failed holds a form of a section, by the section's
// id, that must be shown again with what was typed.
func (p *Portal) appPage(c *fiber.Ctx, a models.Application, failed map[string]views.Form) error {
	v := visitOf(c)
	s, err := p.shell(c, a.Name, kindLabel(a.Kind), appsHelp(), views.Link{Label: "Applications", Href: v.base() + "/applications"})
	if err != nil {
		return err
	}
	s.Primary = &views.Link{Label: "Connect your app", Href: v.appBase(a) + "/connect"}
	seen, err := firstSeen(c, v, a)
	if err != nil {
		return err
	}
	assigned, err := v.tenant.CountAssignments(c.UserContext(), a.ID)
	if err != nil {
		return err
	}
	sections := p.appSections(v, a, seen, assigned)
	status := fiber.StatusOK
	for i := range sections {
		if f, ok := failed[sections[i].ID]; ok {
			sections[i].Form = &f
			status, s.Problems = fiber.StatusUnprocessableEntity, f.Problems
		}
		if !v.may(access.AppWrite) {
			link := sections[i].Action
			readOnly(&sections[i])
			if sections[i].ID == "assignments" { // a list that a reader may see
				sections[i].Action = link
			}
		}
	}
	return handlers.Render(c, status, views.DetailPage(s, views.Detail{Sections: sections}))
}

// readOnly takes away what a reader may not use; the routes refuse it anyway.
func readOnly(s *views.Section) {
	s.Form, s.Action, s.Buttons = nil, nil, nil
	for i := range s.Summary {
		s.Summary[i].Change = ""
	}
	if s.Table != nil {
		s.Table.Actions = false
		for i := range s.Table.Rows {
			s.Table.Rows[i].Actions = nil
		}
	}
}

// redirectForm is the form of the section "redirect-uris".
func redirectForm(base, kind, uri, platform string) views.Form {
	if platform == "" {
		platform = string(platformOf(kind))
	}
	return views.Form{Action: base + "/redirects/add", Submit: "Add redirect URI", Fields: []views.Field{
		{Name: "redirectUris", Label: "Add a redirect URI", Hint: "Compared character by character. https, or http on this computer (localhost with any port).", Value: uri, Code: true},
		{Kind: views.Select, Name: "platform", Label: "Platform", Value: platform, Options: []views.Option{{Value: "web", Label: "Web"}, {Value: "spa", Label: "Single-page application"}, {Value: "native", Label: "Mobile and desktop"}}},
	}}
}

func (p *Portal) appRedirectAdd(c *fiber.Ctx) error {
	uri, platform := typed(c, "redirectUris"), typed(c, "platform")
	return p.appEditPart(c, "redirect-uris", "Redirect URI “"+uri+"” added to “%s”.", func(a *models.Application) error {
		if uri == "" {
			return fault.BadField("redirectUris", "admin.redirect.required", nil)
		}
		a.Spec.RedirectURIs = append(a.Spec.RedirectURIs, openid.RedirectURI{URI: uri, Platform: openid.Platform(platform)})
		return nil
	}, func(a models.Application, base string) views.Form { return redirectForm(base, a.Kind, uri, platform) })
}

func (p *Portal) appRedirectRemove(c *fiber.Ctx) error {
	uri := handlers.Form(c, "uri")
	return p.appEditPart(c, "redirect-uris", "Redirect URI “"+uri+"” removed from “%s”.", func(a *models.Application) error {
		a.Spec.RedirectURIs = slices.DeleteFunc(a.Spec.RedirectURIs, func(r openid.RedirectURI) bool { return r.URI == uri })
		return nil
	}, nil)
}

// appEditPart is every small change of an application: change, save, notice; or the page again with the
// section's form as it was typed.
func (p *Portal) appEditPart(c *fiber.Ctx, section, notice string, edit func(*models.Application) error, again func(models.Application, string) views.Form) error {
	v := visitOf(c)
	a, err := v.tenant.UpdateApplication(c.UserContext(), v.actor(c), c.Params("id"), edit)
	if err == nil {
		return p.done(c, v.appBase(a)+"#"+section, strings.Replace(notice, "%s", a.Name, 1))
	}
	if again == nil {
		return err
	}
	current, readErr := v.app(c)
	if readErr != nil {
		return readErr
	}
	f := again(current, v.appBase(current))
	if !complain(handlers.InfoOf(c).Locale, &f, err) {
		return err
	}
	return p.appPage(c, current, map[string]views.Form{section: f})
}
