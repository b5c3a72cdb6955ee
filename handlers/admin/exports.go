package admin

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/export"
	"portico/app/fault"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// exportRoutes are the continuous exports: where records of risk and logs go by themselves.
func (p *Portal) exportRoutes() []handlers.Route {
	const at = "/admin/t/:tenant/exports"
	const read, write = access.RiskEventRead, access.RiskConfigure
	return []handlers.Route{
		{Method: get, Path: at, Handler: p.exportList, Permission: read, NavGroup: navRisk, NavLabel: "Exports"},
		{Method: get, Path: at + "/new", Handler: p.guarded(p.exportNew), Permission: write},
		{Method: post, Path: at, Handler: p.guarded(p.exportCreate), Permission: write},
		{Method: get, Path: at + "/:id", Handler: p.exportDetail, Permission: read},
		{Method: get, Path: at + "/:id/edit", Handler: p.guarded(p.exportEdit), Permission: write},
		{Method: post, Path: at + "/:id/edit", Handler: p.guarded(p.exportSave), Permission: write},
		{Method: post, Path: at + "/:id/enabled", Handler: p.guarded(p.exportEnabled), Permission: write},
		{Method: post, Path: at + "/:id/test", Handler: p.guarded(p.exportTest), Permission: write},
		{Method: get, Path: at + "/:id/secret", Handler: p.guarded(p.exportSecretForm), Permission: write},
		{Method: post, Path: at + "/:id/secret", Handler: p.guarded(p.exportSecret), Permission: write},
		{Method: get, Path: at + "/:id/again", Handler: p.guarded(p.exportAgainForm), Permission: write},
		{Method: post, Path: at + "/:id/again", Handler: p.guarded(p.exportAgain), Permission: write},
		{Method: get, Path: at + "/:id/delete", Handler: p.guarded(p.exportDeleteForm), Permission: write},
		{Method: post, Path: at + "/:id/delete", Handler: p.guarded(p.exportDelete), Permission: write},
	}
}

func exportHelp() views.Help {
	return views.Help{What: "An export sends records to another tool as they come to be: risk detections, changes of people's risk, sign-ins, the audit log. Each record arrives at least once and in the order in which it last changed, so a receiver drops what it has already by the record's id. What cannot be delivered waits and is tried again; nothing is lost while the log keeps it.",
		Do: "Make an export, send the test record, and look whether it arrived. A webhook's receiver should check the signature with the secret, which is shown once."}
}

func (v *visit) exportsBase() string         { return v.base() + "/exports" }
func (v *visit) exportBase(id string) string { return v.exportsBase() + "/" + id }
func (v *visit) exportCrumbs() []views.Link {
	return []views.Link{{Label: "Exports", Href: v.exportsBase()}}
}
func (v *visit) writesExports() bool { return v.may(access.RiskConfigure) && v.dir.Tenant.Governed() }
func (p *Portal) exportStore(c *fiber.Ctx) models.ExportStore {
	return models.ExportStore{Store: p.Store, Say: handlers.InfoOf(c).Locale.Evidence}
}

// maySend reports whether the admin may read everything that an export sends: nobody sends elsewhere what they may
// not see here.
func (v *visit) maySend(t export.Target) bool {
	return !slices.ContainsFunc(t.Rights(), func(need access.Permission) bool { return !v.may(need) })
}

// sends refuses who may not, and trials.
func (v *visit) sends(targets ...export.Target) error {
	if !v.dir.Tenant.Governed() {
		return fault.New(fault.Denied, "tenant.trial.feature")
	}
	for _, t := range targets {
		if !v.maySend(t) {
			return fault.BadField("records", "export.not_yours", nil)
		}
	}
	return nil
}

// exportOf reads the export of the address; every change needs the rights to all that it sends.
func (v *visit) exportOf(c *fiber.Ctx, change bool) (models.Export, error) {
	e, err := v.tenant.Export(c.UserContext(), c.Params("id"))
	if err != nil || !change {
		return e, err
	}
	if err := v.sends(e.Target); err != nil {
		return e, fault.New(fault.Denied, "export.not_yours")
	}
	return e, nil
}

func targetLabel(k export.TargetKind) string {
	return map[export.TargetKind]string{export.Webhook: "Webhook", export.Syslog: "Syslog", export.File: "Files"}[k]
}

func recordLabel(k export.Kind) string {
	return map[export.Kind]string{export.RiskDetection: "Risk detections", export.RiskyUser: "Changes of people's risk", export.SignIn: "Sign-ins", export.DirectoryAudit: "Audit log"}[k]
}

func formatLabel(f export.Format) string {
	return map[export.Format]string{export.NDJSON: "One JSON object per line", export.JSONArray: "A JSON array", export.RFC5424: "RFC 5424, the record as JSON", export.CEF: "RFC 5424, the record as CEF"}[f]
}

func exportState(e models.Export) views.Cell {
	switch {
	case !e.Enabled:
		return badge("neutral", "Paused")
	case e.Failures > 0:
		return views.Cell{Kind: views.Badge, Tone: "danger", Text: "Failing", Sub: numberWords(int(e.Failures), "times") + " in a row"}
	}
	return badge("ok", "Running")
}

// waitingMost bounds what is counted behind an export.
const waitingMost = 1000

func lagWords(l models.ExportLag) string {
	if l.Waiting == 0 {
		return "Up to date"
	}
	n := grouped(int64(l.Waiting))
	if l.More {
		n = "more than " + n
	}
	return roughly(l.Behind) + " behind, " + n + choose(l.Waiting == 1 && !l.More, " record waits", " records wait")
}

// roughly is a span in one unit.
func roughly(d time.Duration) string {
	switch {
	case d < time.Minute:
		return numberWords(max(int(d/time.Second), 1), "seconds")
	case d < time.Hour:
		return numberWords(int(d/time.Minute), "minutes")
	case d < 48*time.Hour:
		return numberWords(int(d/time.Hour), "hours")
	}
	return numberWords(int(d/(24*time.Hour)), "days")
}

func recordLabels(kinds []export.Kind) []string {
	out := make([]string, len(kinds))
	for i, k := range kinds {
		out[i] = recordLabel(k)
	}
	return out
}

// placeOf is where an export sends, as this admin may see it.
func placeOf(e export.Target) string {
	if e.Kind == export.File {
		return "The operator's export folder"
	}
	return e.Place()
}

func (p *Portal) exportList(c *fiber.Ctx) error {
	v := visitOf(c)
	s, err := p.shell(c, "Exports", "Records that go to other tools by themselves.", exportHelp())
	if err != nil {
		return err
	}
	list, err := v.tenant.Exports(c.UserContext())
	if err != nil {
		return err
	}
	var tabs []views.Action
	if v.writesExports() {
		s.Primary = &views.Link{Label: "New webhook", Href: v.exportsBase() + "/new?kind=webhook"}
		tabs = append(tabs, views.Action{Label: "New syslog export", Href: v.exportsBase() + "/new?kind=syslog"})
		if p.Courier.Files != nil {
			tabs = append(tabs, views.Action{Label: "New export to files", Href: v.exportsBase() + "/new?kind=file"})
		}
	}
	t := &views.Table{Caption: "Exports", Columns: []views.Column{{Label: "Name"}, {Label: "State"}, {Label: "Goes to"}, {Label: "Sends"}, {Label: "Lag"}, {Label: "Sent", Num: true}, {Label: "Last delivery"}, {Label: "Last error"}}}
	for _, e := range list {
		lag := models.ExportLag{}
		if v.dir.Tenant.Governed() {
			if lag, err = p.exportStore(c).Lag(c.UserContext(), v.tenant.ID, e, waitingMost); err != nil {
				return err
			}
		}
		last := plain("Never")
		if !e.SentAt.IsZero() {
			last = when(e.SentAt)
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: e.Name, Href: v.exportBase(e.ID)}, exportState(e), {Text: targetLabel(e.Kind), Sub: placeOf(e.Target)},
			{Kind: views.Lines, List: recordLabels(e.Records)}, plain(lagWords(lag)), {Kind: views.Num, Text: grouped(e.Sent)}, last, plain(choose(e.LastError == "", "None", e.LastError))}})
	}
	return p.detail(c, s, views.Detail{Notices: v.riskTrial(), Sections: []views.Section{{ID: "exports", Title: numberWords(len(list), "exports"), Table: t, Buttons: tabs,
		Empty: choose(v.dir.Tenant.Governed(), "None yet. A webhook is the quickest: give its address, send the test record, and check the signature.", "Nothing is exported in a trial.")}}})
}

func (p *Portal) targetForm(v *visit, action, cancel string, t export.Target) views.Form {
	f := views.Form{Action: action, Cancel: cancel, Submit: "Save export", Fields: []views.Field{{Kind: views.Hidden, Name: "kind", Value: string(t.Kind)},
		{Name: "displayName", Label: "Name", Hint: "For example the name of the tool that receives.", Value: t.Name}}}
	switch t.Kind {
	case export.Webhook:
		f.Fields = append(f.Fields, views.Field{Name: "url", Label: "Address (URL)", Hint: "Batches are posted here over https. It must be reachable from the public internet.", Type: "url", Value: t.URL, Code: true})
	case export.Syslog:
		f.Fields = append(f.Fields, views.Field{Name: "address", Label: "Receiver", Hint: "Host and port, for example collector.example.com:6514. TCP with octet counting.", Value: t.Address, Code: true},
			views.Field{Kind: views.Check, Name: "plain", Label: "Without TLS", Hint: "Only to receivers that the operator of this installation has allowed: whoever is on the way can read the records.", Value: tick(t.Plain)})
	}
	if formats := t.Kind.Formats(); len(formats) > 1 {
		var options []views.Option
		for _, x := range formats {
			options = append(options, views.Option{Value: string(x), Label: formatLabel(x)})
		}
		f.Fields = append(f.Fields, views.Field{Kind: views.Radios, Name: "format", Label: "Form", Options: options, Value: string(t.Format)})
	}
	var kinds []views.Option
	for _, k := range export.Kinds() {
		o := views.Option{Value: string(k), Label: recordLabel(k)}
		if !v.maySend(export.Target{Records: []export.Kind{k}}) {
			o.Disabled, o.Hint = true, "Your roles do not let you read these."
		} else if k == export.SignIn {
			o.Hint = "About three minutes after they happened, when equal ones are counted."
		}
		kinds = append(kinds, o)
	}
	var chosen []string
	for _, k := range t.Records {
		chosen = append(chosen, string(k))
	}
	levels := []views.Option{{Value: "low", Label: "Low"}, {Value: "medium", Label: "Medium"}, {Value: "high", Label: "High"}}
	f.Fields = append(f.Fields, views.Field{Kind: views.Checks, Name: "records", Label: "What it sends", Options: kinds, Values: chosen},
		views.Field{Kind: views.Checks, Name: "riskLevels", Label: "Risk detections of these levels only", Hint: "None ticked means all.", Options: levels, Values: t.Filter.Levels, Optional: true},
		views.Field{Name: "riskEventTypes", Label: "Risk detections of these types only", Hint: "Separated by commas, for example passwordSpray, impossibleTravel. Empty means all.", Value: strings.Join(t.Filter.Types, ", "), Optional: true, Code: true})
	return f
}

// sentTarget lays the form onto a target.
func sentTarget(c *fiber.Ctx, t *export.Target) {
	t.Name, t.URL, t.Address, t.Plain = typed(c, "displayName"), typed(c, "url"), typed(c, "address"), ticked(c, "plain")
	if f := typed(c, "format"); f != "" {
		t.Format = export.Format(f)
	}
	t.Records = nil
	for _, k := range all(c, "records") {
		t.Records = append(t.Records, export.Kind(k))
	}
	t.Filter.Levels, t.Filter.Types = all(c, "riskLevels"), export.Types(typed(c, "riskEventTypes"))
}

func (p *Portal) exportFormPage(c *fiber.Ctx, title string, f views.Form, problem error, crumbs ...views.Link) error {
	v := visitOf(c)
	if c.Method() == fiber.MethodPost {
		keepTyped(c, &f)
	}
	if problem != nil && !complain(handlers.InfoOf(c).Locale, &f, problem) {
		return problem
	}
	s, err := p.shell(c, title, "", exportHelp(), append(v.exportCrumbs(), crumbs...)...)
	if err != nil {
		return err
	}
	if notices := v.riskTrial(); notices != nil {
		return p.detail(c, s, views.Detail{Notices: notices})
	}
	return p.form(c, s, f)
}

// newTarget is what an empty form begins with.
func newTarget(kind string) export.Target {
	t := export.Target{Kind: export.TargetKind(kind), Records: []export.Kind{export.RiskDetection, export.RiskyUser}}
	if t.Kind.Formats() == nil {
		t.Kind = export.Webhook
	}
	return t.Filled()
}

func (p *Portal) exportNewForm(v *visit, t export.Target) views.Form {
	f := p.targetForm(v, v.exportsBase(), v.exportsBase(), t)
	f.Submit = "Make export"
	f.Fields = append(f.Fields, views.Field{Kind: views.Radios, Name: "from", Label: "Begin with", Value: "now", Options: []views.Option{
		{Value: "now", Label: "What happens from now on"}, {Value: "all", Label: "Everything that is kept", Hint: "Then what happens from now on."}}})
	return f
}

func exportTitle(k export.TargetKind) string {
	return map[export.TargetKind]string{export.Webhook: "New webhook", export.Syslog: "New syslog export", export.File: "New export to files"}[k]
}

func (p *Portal) exportNew(c *fiber.Ctx) error {
	t := newTarget(c.Query("kind"))
	return p.exportFormPage(c, exportTitle(t.Kind), p.exportNewForm(visitOf(c), t), nil)
}

func (p *Portal) exportCreate(c *fiber.Ctx) error {
	v := visitOf(c)
	t := newTarget(typed(c, "kind"))
	form := p.exportNewForm(v, t)
	sentTarget(c, &t)
	from := p.Now()
	if typed(c, "from") == "all" {
		from = time.Time{}
	}
	e, secret, err := v.tenant.CreateExport(c.UserContext(), v.actor(c), t, true, from, func(t export.Target) error {
		if err := p.Courier.Check(v.dir.Tenant.Slug, t); err != nil {
			return err
		}
		return v.sends(t)
	})
	if err != nil {
		return p.exportFormPage(c, exportTitle(t.Kind), form, err)
	}
	return p.exportMade(c, e, "Export “"+e.Name+"” is running.", secret)
}

// exportMade leads to an export and shows its secret, if there is one, this once.
func (p *Portal) exportMade(c *fiber.Ctx, e models.Export, text, secret string) error {
	v := visitOf(c)
	if secret == "" {
		return p.done(c, v.exportBase(e.ID), text)
	}
	return p.doneWith(c, v.exportBase(e.ID), models.PortalFlash{Kind: "ok", Text: text, Label: "Signing secret", Secret: secret,
		Note: "Copy it now: it is shown only this once. The receiver checks each request's Portico-Signature with it."})
}

func (p *Portal) exportDetail(c *fiber.Ctx) error {
	v := visitOf(c)
	e, err := v.exportOf(c, false)
	if err != nil {
		return err
	}
	store := p.exportStore(c)
	lag, err := store.Lag(c.UserContext(), v.tenant.ID, e, waitingMost)
	if err != nil {
		return err
	}
	at := v.exportBase(e.ID)
	s, err := p.shell(c, e.Name, targetLabel(e.Kind)+" export.", exportHelp(), v.exportCrumbs()...)
	if err != nil {
		return err
	}
	mine := v.writesExports() && v.maySend(e.Target)
	going := views.Section{ID: "going", Title: "How it goes", Summary: facts(fact("State", exportState(e)), fact("Lag", plain(lagWords(lag))), fact("Records sent", plain(grouped(e.Sent))),
		fact("Last delivery", when(e.SentAt)), fact("Last error", views.Cell{Text: e.LastError, Tone: "danger"}), fact("Failed last", when(e.FailedAt)))}
	if e.Enabled && e.Failures > 0 {
		going.Summary = append(going.Summary, fact("Tried again", when(e.DueAt)))
	}
	if mine {
		s.Primary = &views.Link{Label: "Edit export", Href: at + "/edit"}
		going.Buttons = []views.Action{{Label: "Send a test record", Post: at + "/test", About: e.Name}, {Label: choose(e.Enabled, "Pause", "Resume"), Post: at + "/enabled", Fields: map[string]string{"enabled": tick(!e.Enabled)}, About: e.Name},
			{Label: "Send again…", Href: at + "/again", About: e.Name}}
	}
	what := views.Section{ID: "what", Title: "What goes where", Summary: facts(fact("Goes to", code(placeOf(e.Target))), fact("Form", plain(formatLabel(e.Format))),
		fact("Sends", views.Cell{Kind: views.Lines, List: recordLabels(e.Records)}), fact("Levels of detections", plain(strings.Join(e.Filter.Levels, ", "))), fact("Types of detections", plain(strings.Join(e.Filter.Types, ", "))),
		fact("Made", when(e.CreatedAt)), fact("Changed", when(e.ModifiedAt)))}
	sections := []views.Section{going, what}
	if e.Kind == export.Webhook {
		sign := views.Section{ID: "signature", Title: "Signature", Lead: "Each request carries Portico-Signature: t=<seconds>,v1=<hex>. v1 is HMAC-SHA256 with the secret over t, a dot and the body as it came. Compare in constant time, and refuse a t that is more than five minutes away. Portico-Delivery is the same when the same records come again.",
			Summary: facts(fact("Secret begins with", code(e.SecretHint+"…")))}
		if mine {
			sign.Buttons = []views.Action{{Label: "New secret", Href: at + "/secret", About: e.Name}}
		}
		sections = append(sections, sign)
	}
	if v.maySend(e.Target) && v.dir.Tenant.Governed() {
		sample, err := p.exportSample(c.UserContext(), store, v, e)
		if err != nil {
			return err
		}
		sections = append(sections, sample)
	}
	if mine {
		lead := "What was not sent yet is not sent."
		if e.Kind == export.File {
			lead += " The files that it wrote stay."
		}
		sections = append(sections, views.Section{ID: "danger", Title: "Delete", Danger: true, Lead: lead, Buttons: []views.Action{{Label: "Delete export", Href: at + "/delete", Danger: true, About: e.Name}}})
	}
	return p.detail(c, s, views.Detail{Notices: v.riskTrial(), Sections: sections})
}

// exportSample is one record as it would travel: the latest one, or the test record when there is none.
func (p *Portal) exportSample(ctx context.Context, store models.ExportStore, v *visit, e models.Export) (views.Section, error) {
	out := views.Section{ID: "sample", Title: "Sample", Lead: "The latest record, as it travels.", Wrap: true}
	r, ok, err := store.Latest(ctx, v.tenant.ID, e.Target)
	if err == nil && !ok {
		out.Lead = "There is no record yet. This is the test record, as it travels."
		r, err = export.Sample(v.tenant.ID, p.Now())
	}
	if err != nil {
		return out, err
	}
	out.Code = p.Courier.Preview(export.Parcel{ExportID: e.ID, TenantID: v.tenant.ID, TenantSlug: v.dir.Tenant.Slug, Target: e.Target, Records: []export.Record{r}})
	return out, nil
}

func (p *Portal) exportEdit(c *fiber.Ctx) error {
	v := visitOf(c)
	e, err := v.exportOf(c, true)
	if err != nil {
		return err
	}
	at := v.exportBase(e.ID)
	return p.exportFormPage(c, "Edit export", p.targetForm(v, at+"/edit", at, e.Target), nil, views.Link{Label: e.Name, Href: at})
}

func (p *Portal) exportSave(c *fiber.Ctx) error {
	v := visitOf(c)
	was, err := v.exportOf(c, true)
	if err != nil {
		return err
	}
	at := v.exportBase(was.ID)
	e, secret, err := v.tenant.UpdateExport(c.UserContext(), v.actor(c), was.ID, func(t *export.Target) error {
		sentTarget(c, t)
		return nil
	}, func(before, after export.Target) error {
		if err := p.Courier.Check(v.dir.Tenant.Slug, after); err != nil {
			return err
		}
		return v.sends(before, after)
	})
	if err != nil {
		return p.exportFormPage(c, "Edit export", p.targetForm(v, at+"/edit", at, was.Target), err, views.Link{Label: was.Name, Href: at})
	}
	return p.exportMade(c, e, "Export “"+e.Name+"” saved.", secret)
}

func (p *Portal) exportEnabled(c *fiber.Ctx) error {
	v := visitOf(c)
	e, err := v.exportOf(c, true)
	if err != nil {
		return err
	}
	if e, err = v.tenant.EnableExport(c.UserContext(), v.actor(c), e.ID, ticked(c, "enabled")); err != nil {
		return err
	}
	return p.done(c, v.exportBase(e.ID), "Export “"+e.Name+"” "+choose(e.Enabled, "goes on where it was.", "is paused. What happens meanwhile waits."))
}

// exportTest sends the marked sample while the admin waits, and says what came back.
func (p *Portal) exportTest(c *fiber.Ctx) error {
	v := visitOf(c)
	e, err := v.exportOf(c, true)
	if err != nil {
		return err
	}
	parcel, err := v.tenant.ExportParcel(c.UserContext(), e.ID)
	if err != nil {
		return err
	}
	problem := p.Courier.Test(c.UserContext(), parcel)
	if err := v.tenant.NoteExportTest(c.UserContext(), v.actor(c), e, problem); err != nil {
		return err
	}
	if problem != nil {
		return p.doneWith(c, v.exportBase(e.ID), models.PortalFlash{Kind: "warn", Text: "The test record did not arrive: " + problem.Error() + "."})
	}
	return p.done(c, v.exportBase(e.ID), "The test record was taken. It says of itself that nothing happened.")
}

func (p *Portal) exportSecretForm(c *fiber.Ctx) error {
	v := visitOf(c)
	e, err := v.exportOf(c, true)
	if err != nil {
		return err
	}
	return p.exportConfirm(c, e, "New secret for “"+e.Name+"”?", "secret", "Make a new secret", false,
		"The former secret counts no more: until the receiver has the new one, it refuses what is sent.", "Refused records wait and are sent again.")
}

func (p *Portal) exportConfirm(c *fiber.Ctx, e models.Export, title, path, submit string, danger bool, consequences ...string) error {
	v := visitOf(c)
	at := v.exportBase(e.ID)
	s, err := p.shell(c, title, "", views.Help{}, append(v.exportCrumbs(), views.Link{Label: e.Name, Href: at})...)
	if err != nil {
		return err
	}
	return p.confirm(c, s, views.Confirm{Consequences: consequences, Form: views.Form{Action: at + "/" + path, Submit: submit, Danger: danger, Cancel: at}})
}

func (p *Portal) exportSecret(c *fiber.Ctx) error {
	v := visitOf(c)
	e, err := v.exportOf(c, true)
	if err != nil {
		return err
	}
	e, secret, err := v.tenant.RenewExportSecret(c.UserContext(), v.actor(c), e.ID)
	if err != nil {
		return err
	}
	return p.exportMade(c, e, "“"+e.Name+"” has a new secret.", secret)
}

func (p *Portal) exportAgainForm(c *fiber.Ctx) error { return p.exportAgainPage(c, nil) }

func (p *Portal) exportAgainPage(c *fiber.Ctx, problem error) error {
	v := visitOf(c)
	e, err := v.exportOf(c, true)
	if err != nil {
		return err
	}
	at := v.exportBase(e.ID)
	f := views.Form{Action: at + "/again", Submit: "Send again", Cancel: at, Note: "Everything that changed from then on is sent once more. A receiver that knows the ids drops what it has.",
		Fields: []views.Field{{Kind: views.Date, Name: "from", Label: "From", Hint: "For example 27 3 2026. Empty means everything that is kept.", Optional: true}}}
	return p.exportFormPage(c, "Send “"+e.Name+"” again", f, problem, views.Link{Label: e.Name, Href: at})
}

func (p *Portal) exportAgain(c *fiber.Ctx) error {
	v := visitOf(c)
	e, err := v.exportOf(c, true)
	if err != nil {
		return err
	}
	from, err := exportDay(c)
	if err == nil {
		e, err = v.tenant.RewindExport(c.UserContext(), v.actor(c), e.ID, from)
	}
	if err != nil {
		return p.exportAgainPage(c, err)
	}
	return p.done(c, v.exportBase(e.ID), "“"+e.Name+"” sends again"+choose(from.IsZero(), " everything that is kept.", " what changed since "+from.Format("2 January 2006")+"."))
}

// exportDay reads the three boxes of the date; empty is the beginning.
func exportDay(c *fiber.Ctx) (time.Time, error) {
	d, m, y := typed(c, "from.day"), typed(c, "from.month"), typed(c, "from.year")
	if d+m+y == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse("2006-1-2", y+"-"+strings.TrimPrefix(m, "0")+"-"+strings.TrimPrefix(d, "0"))
	if err != nil {
		return at, fault.BadField("from", "export.from", nil)
	}
	return at, nil
}

func (p *Portal) exportDeleteForm(c *fiber.Ctx) error {
	v := visitOf(c)
	e, err := v.exportOf(c, true)
	if err != nil {
		return err
	}
	return p.exportConfirm(c, e, "Delete “"+e.Name+"”?", "delete", "Delete export", true, "Nothing more is sent, what waits included.", "It cannot be brought back.")
}

func (p *Portal) exportDelete(c *fiber.Ctx) error {
	v := visitOf(c)
	e, err := v.exportOf(c, true)
	if err != nil {
		return err
	}
	if err := v.tenant.DeleteExport(c.UserContext(), v.actor(c), e.ID); err != nil {
		return err
	}
	return p.done(c, v.exportsBase(), "Export “"+e.Name+"” deleted.")
}
