package admin

import (
	"bufio"
	"context"
	"errors"
	"io"
	"iter"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/fault"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// leakedRoutes are lists of addresses whose accounts were leaked elsewhere.
func (p *Portal) leakedRoutes() []handlers.Route {
	const list = "/admin/t/:tenant/leaked-addresses"
	const read, write = access.RiskEventRead, access.RiskEventWrite
	return []handlers.Route{
		{Method: get, Path: list, Handler: p.leakedList, Permission: read},
		{Method: get, Path: list + "/new", Handler: p.guarded(p.leakedNew), Permission: write},
		{Method: post, Path: list, Handler: p.guarded(p.leakedUpload), Permission: write, BodyLimit: 64 << 10, Streams: true},
		{Method: get, Path: list + "/:id", Handler: p.leakedPage, Permission: read},
		{Method: post, Path: list + "/:id/apply", Handler: p.guarded(p.leakedApply), Permission: write},
		{Method: get, Path: list + "/:id/delete", Handler: p.guarded(p.leakedDeleteForm), Permission: write},
		{Method: post, Path: list + "/:id/delete", Handler: p.guarded(p.leakedDelete), Permission: write},
	}
}

func leakedHelp() views.Help {
	return views.Help{What: "A list of addresses whose passwords were stolen from somebody else’s service. Whoever has a password here that is as old as the leak may use the same one: their risk is high until they choose another.",
		Do: "Send the list. Portico counts whom it concerns, and nothing happens before you have seen the count. Addresses are kept as keyed hashes only; passwords in the file are not read."}
}

func (v *visit) leakedBase() string { return v.base() + "/leaked-addresses" }

func (v *visit) leakedCrumbs() []views.Link {
	return []views.Link{{Label: "Threat indicators", Href: v.indicatorsBase()}, {Label: "Leaked addresses", Href: v.leakedBase()}}
}

func leakedState(i models.LeakedImport) views.Cell {
	switch i.State {
	case models.LeakReading:
		return badge("info", "Being read")
	case models.LeakReady:
		return badge("warn", "Waits for you")
	case models.LeakApplying:
		return badge("info", "Being applied")
	}
	return badge("ok", "Counts")
}

func (p *Portal) leakedList(c *fiber.Ctx) error {
	v, w := visitOf(c), viewOf(c)
	page, err := v.tenant.LeakedImports(c.UserContext(), w.get("after"), 50)
	if err != nil {
		return err
	}
	l := views.List{Notices: v.riskTrial(), Empty: views.Empty{Title: "No list of leaked addresses", Text: "Bring in a list that was published or sent to you, and see which of your customers it concerns."}, Shown: numberWords(len(page.Items), "lists") + ", the latest first",
		Table: views.Table{Caption: "Lists of leaked addresses", Columns: []views.Column{{Label: "List"}, {Label: "State"}, {Label: "Leaked"}, {Label: "Addresses", Num: true}, {Label: "People concerned", Num: true}, {Label: "Brought in"}}}}
	for _, i := range page.Items {
		in := when(i.CreatedAt)
		in.Sub = i.ActorName
		l.Table.Rows = append(l.Table.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: i.Source, Href: v.leakedBase() + "/" + i.ID}, leakedState(i), day(i.LeakedAt),
			{Kind: views.Num, Text: grouped(i.Rows - i.Bad)}, {Kind: views.Num, Text: grouped(i.People)}, in}})
	}
	w.finish(&l, page.Next)
	l.CSV, l.JSON = "", ""
	s, err := p.shell(c, "Leaked addresses", "Accounts that were leaked elsewhere, and whom of your customers they concern.", leakedHelp(), v.leakedCrumbs()[:1]...)
	if err != nil {
		return err
	}
	if v.may(access.RiskEventWrite) {
		s.Primary = &views.Link{Label: "Bring in a list", Href: v.leakedBase() + "/new"}
	}
	return p.list(c, s, l)
}

func (p *Portal) leakedNew(c *fiber.Ctx) error { return p.leakedForm(c, nil) }

func (p *Portal) leakedForm(c *fiber.Ctx, problem error) error {
	v := visitOf(c)
	f := views.Form{Action: v.leakedBase(), Cancel: v.leakedBase(), Submit: "Send and count", Upload: true, Fields: []views.Field{
		{Name: "source", Label: "Name of the list", Hint: "Whose service it was stolen from, for example. It stands in the explanation of each detection.", Value: v.field(c, "source")},
		{Name: "leakedAt", Label: "Day of the leak", Type: "date", Hint: "Passwords that were chosen later are not concerned. If you do not know it, choose the day on which you got the list.", Value: v.field(c, "leakedAt")},
		{Name: "file", Label: "File", Type: "file", Hint: "One address in each line, or a CSV file with the address in its first column. At most " + grouped(models.MaxLeaked) + " lines."}}}
	if problem != nil && !complain(handlers.InfoOf(c).Locale, &f, problem) {
		return problem
	}
	s, err := p.shell(c, "Bring in leaked addresses", "", leakedHelp(), v.leakedCrumbs()...)
	if err != nil {
		return err
	}
	return p.form(c, s, f)
}

// longestLine is how much of a line is looked at: an address is at most 254 characters.
const longestLine = 1024

// fileLines reads a file line by line; of a long one only the beginning. An error other than the end comes last.
func fileLines(r io.Reader) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		in := bufio.NewReaderSize(r, longestLine)
		for {
			line, long, err := in.ReadLine()
			text := string(line)
			for long && err == nil {
				_, long, err = in.ReadLine()
			}
			switch {
			case errors.Is(err, io.EOF) && text == "":
				return
			case err != nil && !errors.Is(err, io.EOF):
				yield("", err)
				return
			}
			if !yield(text, nil) {
				return
			}
		}
	}
}

func (p *Portal) leakedUpload(c *fiber.Ctx) error {
	v := visitOf(c)
	if v.upload == nil || v.upload.file == nil {
		return p.leakedForm(c, fault.BadField("file", "import.file.required", nil))
	}
	var at time.Time
	if s := v.field(c, "leakedAt"); s != "" {
		day, err := time.Parse(time.DateOnly, s)
		if err != nil {
			return p.leakedForm(c, fault.BadField("leakedAt", "risk.leaked.date", nil))
		}
		if at = day.AddDate(0, 0, 1).Add(-time.Microsecond); at.After(p.Now()) && !day.After(p.Now()) { // today, as far as it has gone
			at = p.Now()
		}
	}
	// The request's own deadline is for pages; a file may take longer.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.UserContext()), uploadTime)
	defer cancel()
	i, err := v.tenant.ImportLeaked(ctx, v.actor(c), v.field(c, "source"), at, fileLines(v.upload.file))
	if err != nil {
		if !fault.Is(err, fault.Invalid) {
			return err
		}
		_, _ = io.Copy(io.Discard, io.LimitReader(v.upload.file, uploadDrained))
		return p.leakedForm(c, err)
	}
	return c.Redirect(v.leakedBase()+"/"+i.ID, fiber.StatusSeeOther)
}

func (p *Portal) leakedPage(c *fiber.Ctx) error {
	v := visitOf(c)
	i, err := v.tenant.LeakedImport(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	at := v.leakedBase() + "/" + i.ID
	s, err := p.shell(c, i.Source, "", leakedHelp(), v.leakedCrumbs()...)
	if err != nil {
		return err
	}
	d := views.Detail{Badges: []views.Cell{leakedState(i)}, Notices: v.riskTrial(), Refresh: i.State == models.LeakApplying || i.State == models.LeakReading,
		Sections: []views.Section{{ID: "count", Title: "What is in it", Summary: []views.Fact{fact("Leaked", day(i.LeakedAt)), fact("Lines", plain(grouped(i.Rows))), fact("No address", plain(grouped(i.Bad))),
			fact("Not on another list", plain(grouped(i.Added))), fact("People with a password as old", plain(grouped(i.People)))}}}}
	switch i.State {
	case models.LeakReady:
		if v.may(access.RiskEventWrite) {
			d.Sections = append(d.Sections, views.Section{ID: "apply", Title: "Apply", Lead: numberWords(int(i.People), "people") + " get a high risk with the detection “Leaked credentials”. Policies about the risk of people apply at their next sign-in: one that requires another password clears it. Nobody is told by mail.",
				Form: &views.Form{Action: at + "/apply", Submit: "Apply to " + numberWords(int(i.People), "people"), Danger: true, Fields: []views.Field{{Kind: views.Hidden, Name: "count", Value: strconv.FormatInt(i.People, 10)}}}})
		}
	case models.LeakApplying, models.LeakDone:
		d.Sections = append(d.Sections, views.Section{ID: "found", Title: "What came of it", Summary: []views.Fact{fact("Detections made", plain(grouped(i.Found)))},
			Action: &views.Link{Label: "Detections of leaked credentials", Href: v.base() + "/risk-detections?detection=leakedCredentials"}})
	}
	if len(i.Lines) > 0 {
		t := &views.Table{Caption: "Lines that are no address", Columns: []views.Column{{Label: "Line", Num: true}, {Label: "What is wrong"}}}
		for _, x := range i.Lines {
			t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Num, Text: grouped(x.Line)}, plain("No email address. What it says is not kept: it may be a password.")}})
		}
		d.Sections = append(d.Sections, views.Section{ID: "lines", Title: choose(i.Bad > int64(len(i.Lines)), "The first lines that are no address", "Lines that are no address"), Table: t})
	}
	if v.may(access.RiskEventWrite) {
		d.Sections = append(d.Sections, views.Section{ID: "danger", Title: "Delete", Danger: true, Lead: "The list counts no longer. Detections that were made of it stay.", Buttons: []views.Action{{Label: "Delete list", Href: at + "/delete", Danger: true, About: i.Source}}})
	}
	return p.detail(c, s, d)
}

func (p *Portal) leakedApply(c *fiber.Ctx) error {
	v := visitOf(c)
	at := v.leakedBase() + "/" + c.Params("id")
	count, err := strconv.ParseInt(typed(c, "count"), 10, 64)
	if err != nil {
		return fiber.ErrBadRequest
	}
	i, err := v.tenant.ApplyLeaked(c.UserContext(), v.actor(c), c.Params("id"), count)
	if err != nil {
		return p.saidConflict(c, at, err)
	}
	return p.done(c, at, "“"+i.Source+"” counts. Its detections are being made.")
}

func (p *Portal) leakedDeleteForm(c *fiber.Ctx) error {
	v := visitOf(c)
	i, err := v.tenant.LeakedImport(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	at := v.leakedBase() + "/" + i.ID
	s, err := p.shell(c, "Delete “"+i.Source+"”?", "", leakedHelp(), append(v.leakedCrumbs(), views.Link{Label: i.Source, Href: at})...)
	if err != nil {
		return err
	}
	return p.confirm(c, s, views.Confirm{Consequences: []string{"Its " + grouped(i.Rows-i.Bad) + " addresses are forgotten, and sign-ins are not compared with it any more.", "Detections that were made of it stay: dismiss them where the list was wrong.", "To have it back, send the file again."},
		Form: views.Form{Action: at + "/delete", Submit: "Delete list", Danger: true, Cancel: at}})
}

func (p *Portal) leakedDelete(c *fiber.Ctx) error {
	v := visitOf(c)
	i, err := v.tenant.LeakedImport(c.UserContext(), c.Params("id"))
	if err == nil {
		err = v.tenant.DeleteLeaked(c.UserContext(), v.actor(c), i.ID)
	}
	if fault.Is(err, fault.NotFound) {
		return p.doneWith(c, v.leakedBase(), models.PortalFlash{Kind: "info", Text: "That list is deleted already."})
	}
	if err != nil {
		return p.saidConflict(c, v.leakedBase(), err)
	}
	return p.done(c, v.leakedBase(), "“"+i.Source+"” is deleted.")
}
