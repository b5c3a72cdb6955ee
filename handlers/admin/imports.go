package admin

import (
	"bufio"
	"context"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/factor"
	"portico/app/fault"
	"portico/app/i18n"
	"portico/app/tenant"
	"portico/app/transfer"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// importRoutes bring people in and out as files. They stand before the routes of one person, whose pattern
// would take them.
func (p *Portal) importRoutes() []handlers.Route {
	const users = "/admin/t/:tenant/users"
	return []handlers.Route{
		{Method: get, Path: users + "/imports", Handler: p.importList, Permission: access.UserWrite},
		{Method: get, Path: users + "/imports/new", Handler: p.importNew, Permission: access.UserWrite},
		{Method: get, Path: users + "/imports/template", Handler: p.importTemplate, Permission: access.UserWrite},
		{Method: post, Path: users + "/imports", Handler: p.importUpload, Permission: access.UserWrite, BodyLimit: 64 << 10, Streams: true},
		{Method: get, Path: users + "/imports/:id", Handler: p.importDetail, Permission: access.UserWrite},
		{Method: get, Path: users + "/imports/:id/report", Handler: p.importReport, Permission: access.UserWrite},
		{Method: post, Path: users + "/imports/:id/start", Handler: p.importStart, Permission: access.UserWrite},
		{Method: get, Path: users + "/imports/:id/cancel", Handler: p.importCancelForm, Permission: access.UserWrite},
		{Method: post, Path: users + "/imports/:id/cancel", Handler: p.importCancel, Permission: access.UserWrite},
		{Method: get, Path: users + "/export", Handler: p.exportForm, Permission: access.ExportData},
		{Method: get, Path: users + "/export/download", Handler: p.exportDownload, Permission: access.ExportData},
	}
}

func importHelp() views.Help {
	return views.Help{What: "A file of people from another product, from a spreadsheet or from another Portico. Nobody has to choose a new password if the file has password hashes: bcrypt, scrypt, PBKDF2, Argon2, SSHA and Firebase’s scrypt are understood, and become strong ones of Portico when their owners sign in for the first time.",
		Do: "Send the file. Portico reads it and says what it would do, line by line, without changing anything. Mend the file and send it again, or import what is right. You may leave the page at any time; the import goes on, even when the server restarts."}
}

// customers refuses in the directory of admins: whoever writes people there would make admins.
func (v *visit) customers() error {
	if v.dir.Tenant.Kind == tenant.Workforce {
		return fault.New(fault.NotFound, "error.not_found")
	}
	return nil
}

func (v *visit) importBase(id string) string { return v.base() + "/users/imports/" + id }

// transferLinks lead from the list of people to what brings them in and out.
func (v *visit) transferLinks() []views.Link {
	var out []views.Link
	if v.customers() != nil {
		return nil
	}
	if v.may(access.UserWrite) {
		out = append(out, views.Link{Label: "Import people", Href: v.base() + "/users/imports"})
	}
	if v.may(access.ExportData) {
		out = append(out, views.Link{Label: "Export people", Href: v.base() + "/users/export"})
	}
	return out
}

func (v *visit) importCrumbs() []views.Link {
	return []views.Link{{Label: "Users", Href: v.base() + "/users"}, {Label: "Imports", Href: v.base() + "/users/imports"}}
}

// importStates are the words for a state, and its tone.
func importState(i models.Import) (tone, words string) {
	switch i.State {
	case models.ImportReceiving:
		return "info", "Receiving the file"
	case models.ImportWaiting:
		return "info", "Waiting"
	case models.ImportRunning:
		return "info", choose(i.DryRun, "Checking", "Importing")
	case models.ImportChecked:
		return "warn", "Checked, not imported yet"
	case models.ImportDone:
		return "ok", "Imported"
	case models.ImportCancelled:
		return "neutral", "Cancelled"
	}
	return "danger", "Failed"
}

func (p *Portal) importList(c *fiber.Ctx) error {
	v, w := visitOf(c), viewOf(c)
	if err := v.customers(); err != nil {
		return err
	}
	page, err := v.tenant.Imports(c.UserContext(), w.get("after"), 50)
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Imports", "Files of people. Reports are kept for 30 days.", importHelp(), v.importCrumbs()[:1]...)
	if err != nil {
		return err
	}
	s.Primary = &views.Link{Label: "Import people", Href: v.base() + "/users/imports/new"}
	t := views.Table{Caption: "Imports", Columns: []views.Column{{Label: "File"}, {Label: "State"}, {Label: "Created", Num: true}, {Label: "Updated", Num: true}, {Label: "Refused", Num: true}, {Label: "By"}, {Label: "Time"}}}
	for _, i := range page.Items {
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: i.FileName, Href: v.importBase(i.ID)}, badge(importState(i)), count(i.Created), count(i.Updated), count(i.Refused), {Kind: views.Name, Text: i.Actor.Name}, when(i.CreatedAt)}})
	}
	l := views.List{Table: t, Shown: shown(len(page.Items), "import", "newest first"), Empty: emptyOf(w, "No imports yet", "Bring people from another product, with their passwords.", s.Primary)}
	if v.may(access.ExportData) {
		l.Also = []views.Link{{Label: "Export people", Href: v.base() + "/users/export"}}
	}
	w.finish(&l, page.Next)
	l.CSV, l.JSON = "", ""
	return p.list(c, s, l)
}

func count(n int64) views.Cell { return views.Cell{Kind: views.Num, Text: grouped(n)} }

// grouped is a number with its thousands apart.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for at := len(s) - 3; at > 0; at -= 3 {
		s = s[:at] + "," + s[at:]
	}
	return s
}

func (p *Portal) importForm(c *fiber.Ctx) views.Form {
	v := visitOf(c)
	get := func(name, otherwise string) string {
		if c.Method() != fiber.MethodPost {
			return otherwise
		}
		return v.field(c, name)
	}
	return views.Form{Action: v.base() + "/users/imports", Upload: true, Submit: "Upload and check", Cancel: v.base() + "/users/imports",
		Note: "Nothing is changed yet: first you see what would happen, line by line.",
		Fields: []views.Field{
			{Kind: views.Radios, Name: "mode", Label: "People who are there already", Value: get("mode", models.ImportCreate), Options: []views.Option{
				{Value: models.ImportCreate, Label: "Refuse the line", Hint: "Only new people are taken."},
				{Value: models.ImportUpdate, Label: "Update them", Hint: "Found by id, email address or user name. Empty cells change nothing, and a password that somebody has stays."},
				{Value: models.ImportSkip, Label: "Leave them as they are"}}},
			{Kind: views.Check, Name: "temporary", Label: "Plain passwords of the file are temporary", Hint: "Their owners choose another one when they first sign in. Password hashes are not affected.", Value: get("temporary", "yes")},
			{Kind: views.Radios, Name: "first", Label: "People without a password", Value: get("first", "emailCode"), Options: []views.Option{
				{Value: "emailCode", Label: "Sign in with a code by email"}, {Value: "emailPassword", Label: "Choose a password by “Forgot your password?”"}}},
			{Kind: views.Check, Name: "unknown", Label: "Leave out columns that Portico does not know", Hint: "Otherwise the file is refused, so that nothing is lost by a typing mistake.", Value: get("unknown", "")},
			{Kind: views.Heading, Label: "Only from Firebase"},
			{Name: "signerKey", Label: "Signer key", Hint: "In the Firebase console: Authentication, Users, Password hash parameters.", Code: true, Optional: true, Value: get("signerKey", "")},
			{Kind: views.Grid, Label: "Other hash parameters", Fields: []views.Field{
				{Name: "saltSeparator", Label: "Salt separator", Code: true, Optional: true, Value: get("saltSeparator", "Bw==")},
				{Name: "rounds", Label: "Rounds", InputMode: "numeric", Optional: true, Value: get("rounds", "8")},
				{Name: "memoryCost", Label: "Memory cost", InputMode: "numeric", Optional: true, Value: get("memoryCost", "14")}}},
			{Kind: views.Heading, Label: "The file"},
			{Name: "file", Label: "File of people", Type: "file", Hint: "CSV (with commas, semicolons or tabs), JSON or NDJSON, up to " + strconv.Itoa(models.MaxImportBytes>>20) + " MB"},
		}}
}

func (p *Portal) importNew(c *fiber.Ctx) error {
	if err := visitOf(c).customers(); err != nil {
		return err
	}
	return p.importFormPage(c, p.importForm(c))
}

func (p *Portal) importFormPage(c *fiber.Ctx, f views.Form) error {
	v := visitOf(c)
	s, err := p.shell(c, "Import people", "From another product, a spreadsheet, or another Portico.", importHelp(), v.importCrumbs()...)
	if err != nil {
		return err
	}
	s.Primary = &views.Link{Label: "Download a template", Href: v.base() + "/users/imports/template"}
	return p.form(c, s, f)
}

// importUpload takes the file as it comes, piece by piece, and has it checked.
func (p *Portal) importUpload(c *fiber.Ctx) error {
	v := visitOf(c)
	if err := v.customers(); err != nil {
		return err
	}
	f := p.importForm(c)
	id, err := p.receive(c, v)
	if err == nil {
		return c.Redirect(v.importBase(id), fiber.StatusSeeOther)
	}
	if !complain(handlers.InfoOf(c).Locale, &f, err) {
		return err
	}
	return p.importFormPage(c, f)
}

func (p *Portal) receive(c *fiber.Ctx, v *visit) (string, error) {
	if v.upload == nil || v.upload.file == nil {
		return "", fault.BadField("file", "import.file.required", nil)
	}
	o := models.ImportOptions{Mode: v.field(c, "mode"), IgnoreUnknown: v.field(c, "unknown") != "", TemporaryPasswords: v.field(c, "temporary") != "",
		FirstFactor: choose(v.field(c, "first") == "emailPassword", "emailPassword", "emailCode"), Groups: v.may(access.GroupWrite)}
	if key := v.field(c, "signerKey"); key != "" {
		rounds, err := strconv.Atoi(choose(v.field(c, "rounds") == "", "8", v.field(c, "rounds")))
		if err != nil {
			return "", fault.BadField("rounds", "admin.number", nil)
		}
		memory, err := strconv.Atoi(choose(v.field(c, "memoryCost") == "", "14", v.field(c, "memoryCost")))
		if err != nil {
			return "", fault.BadField("memoryCost", "admin.number", nil)
		}
		o.Firebase = factor.FirebaseScrypt{SignerKey: key, SaltSeparator: v.field(c, "saltSeparator"), Rounds: rounds, MemoryCost: memory}
	}
	// The request's own deadline is for pages; a file may take longer.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.UserContext()), uploadTime)
	defer cancel()
	by := v.actor(c)
	i, err := v.tenant.BeginImport(ctx, by, v.upload.file.FileName(), o)
	if err != nil {
		return "", err
	}
	hash, err := v.upload.send(models.MaxImportBytes, models.ImportChunk, func(number int, body []byte) error {
		return v.tenant.AddImportChunk(ctx, i.ID, number, body)
	})
	if err == nil {
		err = v.tenant.ImportReceived(ctx, by, i.ID, hash, true)
	}
	if err != nil {
		if end := v.tenant.CancelImport(context.WithoutCancel(ctx), by, i.ID); end != nil && !fault.Is(end, fault.Conflict) {
			return "", end
		}
	}
	return i.ID, err
}

func (v *visit) theImport(c *fiber.Ctx) (models.Import, error) {
	if err := v.customers(); err != nil {
		return models.Import{}, err
	}
	return v.tenant.Import(c.UserContext(), c.Params("id"))
}

func (p *Portal) importDetail(c *fiber.Ctx) error {
	v := visitOf(c)
	i, err := v.theImport(c)
	if err != nil {
		return err
	}
	s, err := p.shell(c, i.FileName, "", importHelp(), v.importCrumbs()...)
	if err != nil {
		return err
	}
	m := importView(handlers.InfoOf(c).Locale, i)
	if m.Running {
		m.Sections = append(m.Sections, views.Section{ID: "cancel", Title: "Stop", Lead: choose(i.DryRun, "Nothing has been changed yet.", "People who were imported already stay."), Buttons: []views.Action{{Label: "Cancel this import", Href: v.importBase(i.ID) + "/cancel"}}})
		return handlers.Render(c, fiber.StatusOK, views.ImportPage(s, m))
	}
	if n := i.Created + i.Updated; i.State == models.ImportChecked && n > 0 {
		m.Sections = append(m.Sections, views.Section{ID: "start", Title: "Import", Lead: choose(i.Refused > 0, "The lines that are refused are left out. Mend them and send them again at any time.", "Everything is in order."),
			Form: &views.Form{Action: v.importBase(i.ID) + "/start", Submit: "Import " + people(n), Main: true, Cancel: v.importBase(i.ID) + "/cancel"}})
	}
	report, err := p.complaints(c, v, i)
	if err != nil {
		return err
	}
	if i.State != models.ImportFailed || i.Complaints > 0 { // a file that could not be read was not found free of faults
		m.Sections = append(m.Sections, report)
	}
	return handlers.Render(c, fiber.StatusOK, views.ImportPage(s, m))
}

func people(n int64) string {
	if n == 1 {
		return "1 person"
	}
	return grouped(n) + " people"
}

// importView says how far an import is, and what to do next.
func importView(words *i18n.Localizer, i models.Import) views.Import {
	tone, state := importState(i)
	m := views.Import{Title: state, Running: i.Open(), Tone: tone}
	if i.Bytes > 0 {
		m.Percent = int(min(100, 100*i.Cursor/i.Bytes))
	}
	m.Progress = fmt.Sprintf("%s: %d %%, %s lines read", state, m.Percent, grouped(i.Rows))
	switch i.State {
	case models.ImportChecked:
		switch {
		case i.Rows == 0:
			m.Text = "The file names nobody."
		case i.Created+i.Updated == 0:
			m.Text = "There is nothing to import in this file."
		default:
			m.Tone, m.Text = "info", "Nothing has been changed yet. This is what the import would do. The file is kept for a day."
		}
	case models.ImportDone:
		m.Text = "Finished. The file itself has been erased; this report stays for 30 days."
	case models.ImportCancelled:
		m.Text = choose(i.Created+i.Updated > 0 && !i.DryRun, "Stopped. Whoever had been imported by then stays.", "Nothing was imported.")
	case models.ImportFailed:
		m.Text = words.T(i.Problem.Key, i.Problem.Args)
		if !i.DryRun && i.Created+i.Updated > 0 {
			m.Text += " " + "What stands below had been imported by then."
		}
	}
	would := i.DryRun
	m.Facts = []views.Fact{fact(choose(would, "Would be created", "Created"), count(i.Created)), fact(choose(would, "Would be updated", "Updated"), count(i.Updated)),
		fact(choose(i.Options.Mode == models.ImportSkip, "There already, left as they are", "Unchanged"), count(i.Unchanged)), fact("Refused", count(i.Refused))}
	if i.Warned > 0 {
		m.Facts = append(m.Facts, fact("With a remark", count(i.Warned)))
	}
	m.Facts = append(m.Facts, fact("Size", plain(sizeWords(i.Bytes))), fact("By", views.Cell{Kind: views.Name, Text: i.Actor.Name}), fact("Sent", when(i.CreatedAt)))
	if !i.FinishedAt.IsZero() && !i.StartedAt.IsZero() {
		m.Facts = append(m.Facts, fact("Took", plain(i.FinishedAt.Sub(i.StartedAt).Round(100*time.Millisecond).String())))
	}
	return m
}

func sizeWords(bytes int64) string {
	if bytes < 1<<20 {
		return fmt.Sprintf("%d KB", (bytes+1023)>>10)
	}
	return fmt.Sprintf("%.1f MB", float64(bytes)/(1<<20))
}

// complaints is the report, a page of it.
func (p *Portal) complaints(c *fiber.Ctx, v *visit, i models.Import) (views.Section, error) {
	after, _ := strconv.ParseInt(c.Query("after"), 10, 64)
	list, next, err := v.tenant.ImportComplaints(c.UserContext(), i.ID, after, 100)
	l := handlers.InfoOf(c).Locale
	t := &views.Table{Caption: "Report", Columns: []views.Column{{Label: "Line"}, {Label: "Person"}, {Label: "Column"}, {Label: "What is wrong"}, {Label: "Result"}}}
	for _, x := range list {
		result := badge("danger", "Refused")
		if !x.Refused {
			result = badge("info", "Taken")
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{plain(grouped(x.Line)), {Kind: views.Name, Text: x.Who}, code(p.columnName(v, x.Field.Name)), plain(l.T(x.Field.Key, x.Field.Args)), result}})
	}
	s := views.Section{ID: "report", Title: "Line by line", Table: t, Empty: "Nothing to complain about."}
	if i.Complaints > 0 {
		s.Buttons = append(s.Buttons, views.Action{Label: "Download the report", Href: v.importBase(i.ID) + "/report"})
	}
	if i.Refused+i.Warned > i.Complaints {
		s.Lead = "Only the first " + grouped(i.Complaints) + " remarks are listed."
	}
	if next != 0 {
		s.Action = &views.Link{Label: "More", Href: v.importBase(i.ID) + "?after=" + strconv.FormatInt(next, 10) + "#report"}
	} else if after != 0 {
		s.Action = &views.Link{Label: "From the beginning", Href: v.importBase(i.ID) + "#report"}
	}
	return s, err
}

// columnName calls a custom attribute by its name.
func (p *Portal) columnName(v *visit, name string) string {
	id := strings.TrimSuffix(strings.TrimPrefix(name, "attributes["), "]")
	if d, defined := v.dir.Definitions[id]; defined {
		return d.Name
	}
	return name
}

func (p *Portal) importReport(c *fiber.Ctx) error {
	v := visitOf(c)
	i, err := v.theImport(c)
	if err != nil {
		return err
	}
	l := handlers.InfoOf(c).Locale
	cols := []column[models.ImportComplaint]{{"line", func(x models.ImportComplaint) string { return strconv.FormatInt(x.Line, 10) }}, {"person", func(x models.ImportComplaint) string { return x.Who }},
		{"column", func(x models.ImportComplaint) string { return p.columnName(v, x.Field.Name) }}, {"problem", func(x models.ImportComplaint) string { return l.T(x.Field.Key, x.Field.Args) }},
		{"result", func(x models.ImportComplaint) string { return choose(x.Refused, "refused", "taken") }}}
	return download(c, "csv", "import-report", cols, nil, func(ctx context.Context, after string) ([]models.ImportComplaint, string, error) {
		from, _ := strconv.ParseInt(after, 10, 64)
		list, next, err := v.tenant.ImportComplaints(ctx, i.ID, from, 500)
		if next == 0 {
			return list, "", err
		}
		return list, strconv.FormatInt(next, 10), err
	})
}

func (p *Portal) importStart(c *fiber.Ctx) error {
	v := visitOf(c)
	i, err := v.theImport(c)
	if err != nil {
		return err
	}
	if i.Options.Groups && !v.may(access.GroupWrite) { // somebody with more rights had it checked
		return p.doneWith(c, v.importBase(i.ID), models.PortalFlash{Kind: "warn", Text: "This file was sent by somebody who may change groups. Ask them to import it, or send it yourself."})
	}
	if err := v.tenant.StartImport(c.UserContext(), v.actor(c), i.ID); fault.Is(err, fault.Conflict) {
		return p.doneWith(c, v.importBase(i.ID), models.PortalFlash{Kind: "warn", Text: "This import has moved on meanwhile."})
	} else if err != nil {
		return err
	}
	return p.done(c, v.importBase(i.ID), "The import of “"+i.FileName+"” has begun.")
}

func (p *Portal) importCancelForm(c *fiber.Ctx) error {
	v := visitOf(c)
	i, err := v.theImport(c)
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Cancel this import?", i.FileName, importHelp(), append(v.importCrumbs(), views.Link{Label: i.FileName, Href: v.importBase(i.ID)})...)
	if err != nil {
		return err
	}
	stays := "Nobody has been imported yet."
	if n := i.Created + i.Updated; !i.DryRun && n > 0 {
		stays = people(n) + " imported so far stay as they are now."
	}
	return p.confirm(c, s, views.Confirm{Consequences: []string{stays, "The file is erased. To go on, send it again."},
		Form: views.Form{Action: v.importBase(i.ID) + "/cancel", Submit: "Cancel the import", Cancel: v.importBase(i.ID), Danger: true}})
}

func (p *Portal) importCancel(c *fiber.Ctx) error {
	v := visitOf(c)
	i, err := v.theImport(c)
	if err != nil {
		return err
	}
	if err := v.tenant.CancelImport(c.UserContext(), v.actor(c), i.ID); fault.Is(err, fault.Conflict) {
		return p.doneWith(c, v.importBase(i.ID), models.PortalFlash{Kind: "warn", Text: "This import had ended already."})
	} else if err != nil {
		return err
	}
	return p.done(c, v.importBase(i.ID), "The import of “"+i.FileName+"” is cancelled.")
}

// importTemplate is an empty file with every column of this tenant.
func (p *Portal) importTemplate(c *fiber.Ctx) error {
	v := visitOf(c)
	if err := v.customers(); err != nil {
		return err
	}
	definitions, err := v.tenant.Definitions(c.UserContext())
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString("\uFEFF") // spreadsheets read it as UTF-8 only so
	w := csv.NewWriter(&b)
	if err := w.Write(transfer.TemplateColumns(definitions)); err != nil {
		return err
	}
	w.Flush()
	c.Set(fiber.HeaderContentType, "text/csv; charset=utf-8")
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="people-`+v.dir.Tenant.Slug+`.csv"`)
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.SendString(b.String())
}

func (p *Portal) exportForm(c *fiber.Ctx) error {
	v := visitOf(c)
	if err := v.customers(); err != nil {
		return err
	}
	n, err := v.tenant.CountUsers(c.UserContext())
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Export people", "Everybody who is not deleted: "+people(n)+".", views.Help{What: "A file with everything about people that can be imported again, here or elsewhere: names, addresses, identities, attributes, groups, terms. Passwords and their hashes are never part of it.",
		Do: "Choose a format. The download is recorded in the audit log. Keep the file as safe as the people in it deserve."}, v.importCrumbs()[:1]...)
	if err != nil {
		return err
	}
	return p.form(c, s, views.Form{Get: true, Action: v.base() + "/users/export/download", Submit: "Download", Cancel: v.base() + "/users", Note: "The file holds personal data of everybody. The download is recorded in the audit log.",
		Fields: []views.Field{{Kind: views.Radios, Name: "format", Label: "Format", Value: transfer.CSV, Options: []views.Option{
			{Value: transfer.CSV, Label: "CSV", Hint: "For spreadsheets. Cells that look like formulas get an apostrophe in front, which an import takes away again."},
			{Value: transfer.JSON, Label: "JSON", Hint: "In the shapes of the management API."}, {Value: transfer.NDJSON, Label: "NDJSON", Hint: "The same, one person in each line: for large amounts."}}}}})
}

// exportDownload streams everybody, a page of people at a time.
func (p *Portal) exportDownload(c *fiber.Ctx) error {
	v := visitOf(c)
	if err := v.customers(); err != nil {
		return err
	}
	if err := unreadable(c); err != nil {
		return err
	}
	format := choose(c.Query("format") == "", transfer.CSV, c.Query("format"))
	kind := map[string]string{transfer.CSV: "text/csv", transfer.JSON: "application/json", transfer.NDJSON: "application/x-ndjson"}[format]
	if kind == "" {
		return fault.New(fault.NotFound, "error.not_found")
	}
	definitions, err := v.tenant.Definitions(c.UserContext())
	if err != nil {
		return err
	}
	people, after, err := v.tenant.PersonPage(c.UserContext(), "") // before the header, so that a failure is a failure
	if err != nil {
		return err
	}
	n, err := v.tenant.CountUsers(c.UserContext())
	if err != nil {
		return err
	}
	if err := v.tenant.WriteAudit(c.UserContext(), v.actor(c), models.ExportEvent(format, n)); err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, kind+"; charset=utf-8")
	c.Set(fiber.HeaderContentDisposition, fmt.Sprintf(`attachment; filename="people-%s.%s"`, v.dir.Tenant.Slug, format))
	c.Set(fiber.HeaderCacheControl, "no-store")
	conn, who := c.Context().Conn(), v.tenant
	c.Context().SetBodyStreamWriter(func(out *bufio.Writer) {
		ctx, cancel := context.WithTimeout(context.Background(), uploadTime)
		defer cancel()
		w, err := transfer.NewWriter(out, format, definitions)
		for err == nil {
			for _, person := range people {
				if err = w.Write(person); err != nil {
					return
				}
			}
			if err = w.Flush(); err != nil || out.Flush() != nil {
				return // nobody reads any more
			}
			if after == "" {
				_ = w.Close()
				return
			}
			if conn != nil { // a long list may take long, as long as somebody takes it
				_ = conn.SetWriteDeadline(time.Now().Add(time.Minute))
			}
			if people, after, err = who.PersonPage(ctx, after); err != nil {
				_ = w.Fail()
			}
		}
	})
	return nil
}
