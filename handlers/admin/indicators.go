package admin

import (
	"encoding/csv"
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/audit"
	"portico/app/fault"
	"portico/app/i18n"
	"portico/app/record"
	"portico/app/risk"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// indicatorsBody is the largest file of indicators: ten thousand of the longest.
const indicatorsBody = 6 << 20

// indicatorRoutes are what an admin knows to be bad, and lists of leaked addresses.
func (p *Portal) indicatorRoutes() []handlers.Route {
	const list = "/admin/t/:tenant/threat-indicators"
	const read, write = access.RiskEventRead, access.RiskConfigure
	return []handlers.Route{
		{Method: get, Path: list, Handler: p.indicatorList, Permission: read, NavGroup: navRisk, NavLabel: "Threat indicators"},
		{Method: get, Path: list + "/new", Handler: p.guarded(p.indicatorNew), Permission: write},
		{Method: post, Path: list, Handler: p.guarded(p.indicatorCreate), Permission: write},
		{Method: get, Path: list + "/csv", Handler: p.indicatorDownload, Permission: read},
		{Method: get, Path: list + "/file", Handler: p.guarded(p.indicatorFile), Permission: write},
		{Method: post, Path: list + "/file", Handler: p.guarded(p.indicatorUpload), Permission: write, BodyLimit: indicatorsBody, Streams: true},
		{Method: get, Path: list + "/:id", Handler: p.guarded(p.indicatorEdit), Permission: write},
		{Method: post, Path: list + "/:id", Handler: p.guarded(p.indicatorSave), Permission: write},
		{Method: post, Path: list + "/:id/delete", Handler: p.guarded(p.indicatorDelete), Permission: write},
	}
}

func indicatorHelp() views.Help {
	return views.Help{What: "An indicator is something that you know to be bad: an address or a range, the number of a network, or a part of the user agent. Every sign-in that matches has the risk that you choose, also from trusted places.",
		Do: "Enter what another company or your own logs tell you. Give it an end: addresses change hands. Policies about the risk of sign-ins then ask for more, or block."}
}

func (v *visit) indicatorsBase() string { return v.base() + "/threat-indicators" }

func indicatorKindWord(kind string) string {
	switch kind {
	case risk.IndicatorIP:
		return "Address or range"
	case risk.IndicatorASN:
		return "Network (AS number)"
	case risk.IndicatorAgent:
		return "Part of the user agent"
	}
	return humane(kind)
}

func indicatorKindOptions() []views.Option {
	var out []views.Option
	for _, k := range risk.IndicatorKinds() {
		out = append(out, views.Option{Value: k, Label: indicatorKindWord(k)})
	}
	return out
}

func (p *Portal) indicatorList(c *fiber.Ctx) error {
	v, w := visitOf(c), viewOf(c, "search", "kind")
	page, err := v.tenant.Indicators(c.UserContext(), models.IndicatorQuery{Kind: w.get("kind"), Search: w.get("search"), After: w.get("after")})
	if err != nil {
		return err
	}
	l := views.List{Notices: v.riskTrial(), Filter: w.filter(2, views.Field{Name: "search", Label: "Value or note", Type: "search"}, views.Field{Kind: views.Select, Name: "kind", Label: "Kind", Options: append([]views.Option{{Label: "Any kind"}}, indicatorKindOptions()...)}),
		Empty: emptyOf(w, "No threat indicator", "Enter what you know to be bad: an address, a network, a tool.", nil), Shown: numberWords(len(page.Items), "indicators") + ", the latest first",
		Table: views.Table{Caption: "Threat indicators", Columns: []views.Column{{Label: "Value"}, {Label: "Kind"}, {Label: "Level"}, {Label: "Note"}, {Label: "Ends"}, {Label: "Entered"}}, Actions: v.decidesRisk()}}
	for _, i := range page.Items {
		ends := views.Cell{Text: "Never", Tone: "soft"}
		if !i.ExpiresAt.IsZero() {
			if ends = when(i.ExpiresAt); !i.ExpiresAt.After(p.Now()) {
				ends = badge("neutral", "Ended")
			}
		}
		value := code(i.Value)
		if v.decidesRisk() {
			value.Href = v.indicatorsBase() + "/" + i.ID
		}
		by := when(i.CreatedAt)
		by.Sub = i.By
		row := views.Row{Cells: []views.Cell{value, plain(indicatorKindWord(i.Kind)), levelCell(i.Level), {Kind: views.Name, Text: i.Note}, ends, by}}
		if l.Table.Actions {
			row.Actions = []views.Action{{Label: "Delete", Post: v.indicatorsBase() + "/" + i.ID + "/delete", About: i.Value}}
		}
		l.Table.Rows = append(l.Table.Rows, row)
	}
	w.finish(&l, page.Next)
	l.CSV, l.JSON = v.indicatorsBase()+"/csv", ""
	s, err := p.shell(c, "Threat indicators", "What you know to be bad. Sign-ins that match it are risky.", indicatorHelp())
	if err != nil {
		return err
	}
	if v.decidesRisk() {
		s.Primary = &views.Link{Label: "Add indicator", Href: v.indicatorsBase() + "/new"}
		l.Also = append(l.Also, views.Link{Label: "Bring in a file", Href: v.indicatorsBase() + "/file"})
	}
	l.Also = append(l.Also, views.Link{Label: "Leaked addresses", Href: v.leakedBase()})
	return p.list(c, s, l)
}

func (p *Portal) indicatorForm(v *visit, i risk.Indicator) views.Form {
	f := views.Form{Action: v.indicatorsBase(), Cancel: v.indicatorsBase(), Submit: "Save indicator", Fields: []views.Field{
		{Kind: views.Radios, Name: "kind", Label: "Kind", Value: i.Kind, Options: indicatorKindOptions()},
		{Name: "value", Label: "Value", Hint: "For example 203.0.113.0/24, AS65101, or python-requests.", Value: i.Value, Code: true},
		{Kind: views.Radios, Name: "level", Label: "Level of the sign-ins that match", Value: i.Level, Options: riskLevels(false)},
		{Name: "note", Label: "Note", Hint: "Who says so, and why. It stands in the explanation of each detection.", Value: i.Note, Optional: true},
		{Name: "expires", Label: "Ends on", Type: "date", Hint: "The indicator counts until the end of that day (UTC).", Optional: true}}}
	if !i.ExpiresAt.IsZero() {
		f.Fields[4].Value = i.ExpiresAt.UTC().Add(-time.Second).Format(time.DateOnly)
	}
	if i.ID != "" {
		f.Action = v.indicatorsBase() + "/" + i.ID
		f.Fields = f.Fields[2:] // what it is about stays
	}
	return f
}

func (p *Portal) indicatorPage(c *fiber.Ctx, title string, f views.Form, problem error) error {
	v := visitOf(c)
	if problem != nil {
		keepTyped(c, &f)
		if !complain(handlers.InfoOf(c).Locale, &f, problem) {
			return problem
		}
	}
	s, err := p.shell(c, title, "", indicatorHelp(), views.Link{Label: "Threat indicators", Href: v.indicatorsBase()})
	if err != nil {
		return err
	}
	return p.form(c, s, f)
}

// sentIndicator reads the form of an indicator.
func sentIndicator(c *fiber.Ctx) (risk.Indicator, error) {
	i := risk.Indicator{Kind: typed(c, "kind"), Value: typed(c, "value"), Level: typed(c, "level"), Note: typed(c, "note")}
	if s := typed(c, "expires"); s != "" {
		day, err := time.Parse(time.DateOnly, s)
		if err != nil {
			return i, fault.BadField("expires", "risk.indicator.date", nil)
		}
		i.ExpiresAt = day.AddDate(0, 0, 1)
	}
	if i.Level == "" {
		return i, fault.BadField("level", "admin.choose", nil)
	}
	return i, nil
}

func (p *Portal) indicatorNew(c *fiber.Ctx) error {
	return p.indicatorPage(c, "Add a threat indicator", p.indicatorForm(visitOf(c), risk.Indicator{Kind: risk.IndicatorIP, Level: risk.High}), nil)
}

func (p *Portal) indicatorCreate(c *fiber.Ctx) error {
	v := visitOf(c)
	i, err := sentIndicator(c)
	if err == nil {
		i, err = v.tenant.PutIndicator(c.UserContext(), v.actor(c), i)
	}
	if err != nil {
		return p.indicatorPage(c, "Add a threat indicator", p.indicatorForm(v, risk.Indicator{}), err)
	}
	return p.indicatorSaved(c, i)
}

// indicatorSaved says what counts now, and warns whoever has named themselves.
func (p *Portal) indicatorSaved(c *fiber.Ctx, i risk.Indicator) error {
	v := visitOf(c)
	f := models.PortalFlash{Kind: "ok", Text: "“" + i.Value + "” counts from now on."}
	if here, err := netip.ParseAddr(addressOf(c)); err == nil && i.Kind == risk.IndicatorIP && len(risk.CompileIndicators([]risk.Indicator{i}).Match(record.Signals{IP: here}, p.Now())) > 0 {
		f.Kind, f.Note = "warn", "Your own address, "+here.String()+", is in it."
	}
	return p.doneWith(c, v.indicatorsBase(), f)
}

func (p *Portal) indicatorEdit(c *fiber.Ctx) error {
	v := visitOf(c)
	i, err := v.tenant.Indicator(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	return p.indicatorPage(c, i.Value, p.indicatorForm(v, i), nil)
}

func (p *Portal) indicatorSave(c *fiber.Ctx) error {
	v := visitOf(c)
	was, err := v.tenant.Indicator(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	i, err := sentIndicator(c)
	if i.ID = was.ID; err == nil {
		i, err = v.tenant.PutIndicator(c.UserContext(), v.actor(c), i)
	}
	if err != nil {
		return p.indicatorPage(c, was.Value, p.indicatorForm(v, was), err)
	}
	return p.indicatorSaved(c, i)
}

func (p *Portal) indicatorDelete(c *fiber.Ctx) error {
	v := visitOf(c)
	i, err := v.tenant.Indicator(c.UserContext(), c.Params("id"))
	if fault.Is(err, fault.NotFound) {
		return p.doneWith(c, v.indicatorsBase(), models.PortalFlash{Kind: "info", Text: "That indicator is deleted already."})
	}
	if err == nil {
		err = v.tenant.DeleteIndicator(c.UserContext(), v.actor(c), i.ID)
	}
	if err != nil {
		return p.saidConflict(c, v.indicatorsBase(), err)
	}
	fields := map[string]string{"kind": i.Kind, "value": i.Value, "level": i.Level, "note": i.Note}
	if i.ExpiresAt.After(p.Now()) {
		fields["expires"] = i.ExpiresAt.UTC().Add(-time.Second).Format(time.DateOnly)
	}
	return p.doneUndo(c, v.indicatorsBase(), "“"+i.Value+"” counts no longer.", models.PortalUndo{Post: v.indicatorsBase(), Fields: fields})
}

func (p *Portal) indicatorDownload(c *fiber.Ctx) error {
	v := visitOf(c)
	if err := v.tenant.WriteAudit(c.UserContext(), v.actor(c), audit.Event{Activity: "Download list", Category: "IdentityProtection", Operation: "Download",
		Target: audit.Target{Kind: "tenant", ID: v.dir.Tenant.ID, Name: "threat indicators"}, Changes: []audit.Change{{Property: "format", New: "csv"}}}); err != nil {
		return err
	}
	var b strings.Builder
	file := csv.NewWriter(&b)
	_ = file.Write(risk.IndicatorColumns())
	for after := ""; ; {
		page, err := v.tenant.Indicators(c.UserContext(), models.IndicatorQuery{After: after, Limit: 500})
		if err != nil {
			return err
		}
		for _, i := range page.Items {
			until := ""
			if !i.ExpiresAt.IsZero() {
				until = i.ExpiresAt.UTC().Format(time.RFC3339)
			}
			_ = file.Write([]string{i.Kind, neutral(i.Value), i.Level, neutral(i.Note), until})
		}
		if after = page.Next; after == "" {
			break
		}
	}
	file.Flush()
	c.Set(fiber.HeaderContentType, "text/csv; charset=utf-8")
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="threat-indicators.csv"`)
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.SendString(b.String())
}

func (p *Portal) indicatorFile(c *fiber.Ctx) error { return p.indicatorFilePage(c, nil, nil) }

// indicatorFilePage is the form of a file, with the rows of the last one that could not be read.
func (p *Portal) indicatorFilePage(c *fiber.Ctx, rows []risk.RowProblem, problem error) error {
	v, l := visitOf(c), handlers.InfoOf(c).Locale
	f := views.Form{Action: v.indicatorsBase() + "/file", Cancel: v.indicatorsBase(), Submit: "Bring in", Upload: true, Fields: []views.Field{
		{Kind: views.Check, Name: "replace", Label: "Replace what is there", Hint: "Indicators that are not in the file are deleted.", Value: v.field(c, "replace")},
		{Kind: views.Check, Name: "lenient", Label: "Leave out rows that are wrong", Hint: "Otherwise nothing is brought in while one row is wrong.", Value: v.field(c, "lenient")},
		{Name: "file", Label: "CSV file", Type: "file", Hint: "Columns: " + strings.Join(risk.IndicatorColumns(), ", ") + ". Kind is ip, asn or userAgent. Level, note and expires may be empty. At most " + grouped(risk.MaxIndicators) + " rows."}}}
	if problem != nil && !complain(l, &f, problem) {
		return problem
	}
	s, err := p.shell(c, "Bring in threat indicators", "", indicatorHelp(), views.Link{Label: "Threat indicators", Href: v.indicatorsBase()})
	if err != nil {
		return err
	}
	d := views.Detail{Sections: []views.Section{{ID: "file", Title: "File", Form: &f}}}
	if len(rows) > 0 {
		d.Sections = append(d.Sections, rowReport(l, rows))
	}
	status := fiber.StatusOK
	if s.Problems = f.Problems; len(f.Problems) > 0 {
		status = fiber.StatusUnprocessableEntity
	}
	return handlers.Render(c, status, views.DetailPage(s, d))
}

// reportedRows is how many wrong rows a page shows.
const reportedRows = 100

func rowReport(l *i18n.Localizer, rows []risk.RowProblem) views.Section {
	t := &views.Table{Caption: "Rows that are wrong", Columns: []views.Column{{Label: "Row", Num: true}, {Label: "What is wrong"}}}
	for n, r := range rows {
		if n == reportedRows {
			break
		}
		e := fault.Of(r.Err)
		var words []string
		for _, f := range e.Fields {
			words = append(words, l.T(f.Key, f.Args))
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Num, Text: thousands(r.Row)}, {Kind: views.Lines, List: words}}})
	}
	return views.Section{ID: "rows", Title: choose(len(rows) > reportedRows, "The first rows that are wrong", "Rows that are wrong"), Table: t}
}

func (p *Portal) indicatorUpload(c *fiber.Ctx) error {
	v := visitOf(c)
	if v.upload == nil || v.upload.file == nil {
		return p.indicatorFilePage(c, nil, fault.BadField("file", "import.file.required", nil))
	}
	list, bad, err := risk.ParseIndicators(v.upload.file, p.Now())
	if err != nil {
		_, _ = io.Copy(io.Discard, io.LimitReader(v.upload.file, uploadDrained)) // the browser shows what was wrong only when it has sent all
		if !fault.Is(err, fault.Invalid) {
			return fiber.ErrBadRequest // the sender went away
		}
		return p.indicatorFilePage(c, bad, err)
	}
	switch {
	case len(bad) > 0 && v.field(c, "lenient") == "":
		return p.indicatorFilePage(c, bad, fault.BadField("file", "risk.indicator.rows", map[string]any{"count": len(bad)}))
	case len(list) == 0:
		return p.indicatorFilePage(c, bad, fault.BadField("file", "import.file.empty", nil))
	}
	added, removed, err := v.tenant.ImportIndicators(c.UserContext(), v.actor(c), list, v.field(c, "replace") != "")
	if err != nil {
		return p.indicatorFilePage(c, bad, err)
	}
	text := numberWords(len(list), "indicators") + " read: " + thousands(added) + " new, " + thousands(len(list)-added) + " there already"
	if removed > 0 {
		text += ", " + thousands(removed) + " deleted"
	}
	if len(bad) > 0 {
		return p.doneWith(c, v.indicatorsBase(), models.PortalFlash{Kind: "warn", Text: text + ".", Note: numberWords(len(bad), "rows") + " left out, the first one is row " + thousands(bad[0].Row) + "."})
	}
	return p.done(c, v.indicatorsBase(), text+".")
}
