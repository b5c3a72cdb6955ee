package admin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/extension"
	"portico/app/fault"
	"portico/models"
	views "portico/views/admin"
)

// callFilters are the parameters of the recorder's address.
func callFilters() []string {
	return []string{"range", "from", "to", "event", "extension", "outcome", "code", "signin", "app", "correlation", "trial"}
}

func (p *Portal) callQuery(w view) models.RecorderQuery {
	from, to := w.span(p.Now())
	code, _ := strconv.Atoi(w.get("code"))
	return models.RecorderQuery{From: from, To: to, Event: extension.Event(w.get("event")), ExtensionID: w.get("extension"), Failed: failedOnly(w.get("outcome")), Code: extension.Code(code),
		SignInID: w.get("signin"), AppID: strings.TrimSpace(w.get("app")), Correlation: strings.TrimSpace(w.get("correlation")), Trial: yesNo(w.get("trial")), After: w.get("after")}
}

func failedOnly(outcome string) *bool {
	yes := outcome == "failed"
	if outcome == "" {
		return nil
	}
	return &yes
}

func (v *visit) callFields(all []models.AuthExtension) []views.Field {
	events := []views.Option{{Label: "Any event"}}
	for _, e := range extension.Events() {
		events = append(events, views.Option{Value: string(e), Label: e.Label()})
	}
	names := []views.Option{{Label: "Any extension"}}
	for _, x := range all {
		names = append(names, views.Option{Value: x.ID, Label: x.Name})
	}
	span := spanFields()
	return []views.Field{
		{Kind: views.Select, Name: "outcome", Label: "Result", Options: []views.Option{{Label: "Any result"}, {Value: "answered", Label: "Answered"}, {Value: "failed", Label: "Failed"}}},
		{Kind: views.Select, Name: "event", Label: "Event", Options: events}, {Kind: views.Select, Name: "extension", Label: "Extension", Options: names},
		span[0], span[1], span[2], {Name: "code", Label: "Error code", Code: true, InputMode: "numeric"}, {Name: "signin", Label: "Sign-in ID", Code: true},
		{Kind: views.Select, Name: "app", Label: "Application", Options: append([]views.Option{{Label: "Any application"}}, v.targetApps()...)}, {Name: "correlation", Label: "Correlation ID", Code: true},
		{Kind: views.Select, Name: "trial", Label: "Samples and replays", Options: []views.Option{{Label: "Among the others"}, {Value: "yes", Label: "Only them"}, {Value: "no", Label: "Leave them out"}}},
	}
}

func (p *Portal) callList(c *fiber.Ctx) error {
	v, w := visitOf(c), viewOf(c, callFilters()...)
	page, err := v.tenant.RecordedCalls(c.UserContext(), p.callQuery(w))
	if err != nil {
		return err
	}
	all, err := v.tenant.Extensions(c.UserContext())
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Extension calls", "What your APIs were asked, and what they answered.", views.Help{
		What: "One entry per call, with passwords, codes and tokens masked. The newest are kept, up to a bound: those of long ago are gone.",
		Do:   "Open a failed call: it says in plain words what was wrong and what to do. When your API is mended, replay the call and compare the answers."}, v.extensionCrumbs()...)
	if err != nil {
		return err
	}
	l := views.List{Filter: w.filter(3, v.callFields(all)...), Table: v.callTable(page.Items), Shown: shown(len(page.Items), "call", "newest first"),
		Empty: emptyOf(w, "No calls yet", "As soon as a listener asks one of your APIs, you see it here.", &views.Link{Label: "Extensions", Href: v.extensionsBase()})}
	w.finish(&l, page.Next)
	return p.list(c, s, l)
}

func (v *visit) callTable(items []extension.Call) views.Table {
	t := views.Table{Caption: "Calls", Columns: []views.Column{{Label: "Time"}, {Label: "Result"}, {Label: "Extension"}, {Label: "Event"}, {Label: "Status", Num: true}, {Label: "Took", Num: true}, {Label: "Retries", Num: true}, {Label: "Instead of an answer"}}}
	for _, x := range items {
		name := views.Cell{Kind: views.Name, Text: x.Name}
		if x.Trial {
			name.Sub = "Sample or replay"
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.When, Time: x.At, Href: v.callsBase() + "/" + x.ID}, callResult(x), name, plain(x.Event.Label()),
			{Kind: views.Num, Text: numberText(x.Status)}, {Kind: views.Num, Text: milliseconds(x.Duration)}, {Kind: views.Num, Text: strconv.Itoa(x.Retries())}, plain(insteadWords(x))}})
	}
	return t
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }

// callResult is what a call came to.
func callResult(x extension.Call) views.Cell {
	if x.Code == 0 {
		c := badge("ok", "Answered")
		c.Sub = actionWord(x.Action)
		return c
	}
	c := badge("danger", "Failed")
	c.Sub = strconv.Itoa(int(x.Code)) + " " + callCodeWords(int(x.Code)).name
	return c
}

// actionWord says an answer.
func actionWord(a extension.Action) string {
	switch a {
	case extension.ProvideClaims:
		return "Gave claims"
	case extension.DefaultBehavior:
		return "Went on"
	case extension.SetPrefillValues:
		return "Filled fields in"
	case extension.ModifyAttributes:
		return "Corrected details"
	case extension.ShowValidationError:
		return "Asked to correct details"
	case extension.ShowBlockPage, extension.BlockPassword:
		return "Blocked"
	case extension.MigratePassword:
		return "Took the password over"
	case extension.UpdatePassword:
		return "Asked for another password"
	case extension.RetryPassword:
		return "Said that the password is wrong"
	}
	return string(a)
}

// insteadWords says what was done where there was no answer.
func insteadWords(x extension.Call) string {
	switch {
	case x.Code == 0:
		return ""
	case x.Trial:
		return "Nothing: nobody was waiting"
	}
	switch x.OnFailure {
	case extension.Block:
		return "Stopped"
	case extension.Continue:
		return "Went on without it"
	case extension.Fallback:
		return "Did it ourselves"
	}
	return string(x.OnFailure)
}

func (p *Portal) callDetail(c *fiber.Ctx) error {
	v := visitOf(c)
	x, err := v.tenant.ExtensionCall(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Call of “"+x.Name+"”", x.Event.Label()+".", extensionHelp(), v.extensionCrumbs(views.Link{Label: "Calls", Href: v.callsBase()})...)
	if err != nil {
		return err
	}
	if err := v.sawCall(c, x); err != nil {
		return err
	}
	x = v.readable(x)
	d := views.Detail{Badges: []views.Cell{callResult(x)}, Sections: v.callSections(x)}
	if x.Code != 0 {
		w := callCodeWords(int(x.Code))
		d.Notices = append(d.Notices, views.Notice{Tone: "warn", Title: w.cause, Text: w.do})
	}
	if other := c.Query("against"); other != "" {
		was, err := v.tenant.ExtensionCall(c.UserContext(), other)
		if err != nil {
			return err
		}
		if err := v.sawCall(c, was); err != nil {
			return err
		}
		d.Sections = append([]views.Section{v.answersDiff(v.readable(was), x)}, d.Sections...)
	}
	if v.writesEvent(x.Event) && v.readsCall(x) {
		s.Primary = &views.Link{Label: "Replay this call", Href: v.callsBase() + "/" + x.ID + "/replay"}
	}
	return p.detail(c, s, d)
}

// readsCall reports whether the admin may see what a call says of a person: a sample says nothing of anybody.
func (v *visit) readsCall(x extension.Call) bool { return x.Sample || v.may(access.UserRead) }

func (v *visit) readable(x extension.Call) extension.Call {
	if v.readsCall(x) {
		return x
	}
	return x.Impersonal()
}

// sawCall notes in the history of the person whom a call is about that an admin saw what it says of them.
func (v *visit) sawCall(c *fiber.Ctx, x extension.Call) error {
	if x.UserID == "" || x.Sample || !v.may(access.UserRead) {
		return nil
	}
	u, err := v.tenant.User(c.UserContext(), x.UserID)
	if fault.Is(err, fault.NotFound) { // erased meanwhile
		return nil
	}
	if err != nil {
		return err
	}
	return v.looked(c, u)
}

func (v *visit) callSections(x extension.Call) []views.Section {
	about := views.Section{ID: "call", Title: "The call", Summary: facts(fact("Extension", views.Cell{Kind: views.Name, Text: x.Name, Href: v.extensionBase(x.ExtensionID)}), fact("Event", plain(x.Event.Label())), fact("Time", when(x.At)),
		fact("Target URL", code(x.URL)), fact("Status", plain(choose(x.Status == 0, "No answer", strconv.Itoa(x.Status)))), fact("Took", plain(milliseconds(x.Duration))), fact("Retries", plain(strconv.Itoa(x.Retries()))))}
	if x.Code != 0 {
		about.Summary = append(about.Summary, facts(fact("Error code", plain(strconv.Itoa(int(x.Code))+" "+callCodeWords(int(x.Code)).name)), fact("Exactly", plain(x.Detail)), fact("What happened instead", plain(insteadWords(x))))...)
	} else {
		about.Summary = append(about.Summary, facts(fact("Answer", plain(actionWord(x.Action))), fact("What it gave", plain(strings.Join(x.Changed, ", "))))...)
	}
	about.Summary = append(about.Summary, facts(fact("Circuit before the call", plain(circuitWord(x.Circuit))), fact("Application", views.Cell{Kind: views.Name, Text: v.clientName(x.AppID)}), fact("Correlation ID", code(x.CorrelationID)))...)
	if v.may(access.AuditRead) {
		switch {
		case x.SignInID != "":
			about.Action = &views.Link{Label: "The sign-in it belongs to", Href: v.base() + "/sign-ins/" + x.SignInID}
		case x.CorrelationID != "" && !x.Trial:
			about.Action = &views.Link{Label: "The sign-in it belongs to", Href: v.base() + "/sign-ins?correlation=" + x.CorrelationID}
		}
	}
	out := []views.Section{about}
	if len(x.Attempts) > 1 {
		t := &views.Table{Caption: "Attempts", Columns: []views.Column{{Label: "Attempt", Num: true}, {Label: "Status", Num: true}, {Label: "Error code", Num: true}, {Label: "Took", Num: true}}}
		for i, a := range x.Attempts {
			t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Num, Text: strconv.Itoa(i + 1)}, {Kind: views.Num, Text: numberText(a.Status)}, {Kind: views.Num, Text: numberText(int(a.Code))}, {Kind: views.Num, Text: milliseconds(a.Duration)}}})
		}
		out = append(out, views.Section{ID: "attempts", Title: "Attempts", Table: t})
	}
	sent, answered := bodySection("request", "What was sent", x.Request, "Nothing: the call did not get that far."), bodySection("response", "What was answered", x.Response, "Nothing.")
	if !v.readsCall(x) {
		if x.Request != "" {
			sent.Lead = maskedLead
		}
		if x.Response != "" {
			answered.Lead = maskedLead
		}
	}
	return append(out, sent, answered)
}

const maskedLead = "Values that can be somebody’s are masked: reading them takes the right to read people, besides that to read extensions."

func bodySection(id, title, body, none string) views.Section {
	s := views.Section{ID: id, Title: title, Code: readableJSON(body), Wrap: true}
	if body == "" {
		s.Lead = none
	}
	return s
}

// readableJSON sets JSON over several lines; what is none stays as it came.
func readableJSON(s string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(s), "", "  ") != nil {
		return s
	}
	return b.String()
}

func circuitWord(s extension.State) string {
	switch s {
	case extension.Closed:
		return "Closed: calls go through"
	case extension.Open:
		return "Open: not called, since it failed too often"
	case extension.HalfOpen:
		return "Trying whether it is back"
	}
	return ""
}

// answersDiff compares two calls, property by property.
func (v *visit) answersDiff(was, now extension.Call) views.Section {
	s := views.Section{ID: "diff", Title: "Compared with the call before", Lead: "Both calls sent the same question."}
	add := func(property, before, after string) {
		if before != after {
			s.Diff = append(s.Diff, views.Diff{Property: property, Before: before, After: after, WasEmpty: before == "", NowEmpty: after == ""})
		}
	}
	add("Status", numberText(was.Status), numberText(now.Status))
	add("Error code", numberText(int(was.Code)), numberText(int(now.Code)))
	add("Answer", actionWord(was.Action), actionWord(now.Action))
	before, after := flattened(was.Response), flattened(now.Response)
	for _, path := range unionOf(before, after) {
		add(path, before[path], after[path])
	}
	switch {
	case !v.readsCall(was) || !v.readsCall(now):
		s.Lead = maskedLead
	case len(s.Diff) == 0:
		s.Says = []string{"The answers are the same."}
	}
	s.Action = &views.Link{Label: "The call before", Href: v.callsBase() + "/" + was.ID}
	return s
}

// downloadJSON sends a document to be kept as a file.
func downloadJSON(c *fiber.Ctx, name string, body []byte) error {
	c.Set(fiber.HeaderContentType, "application/json; charset=utf-8")
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="`+name+`"`)
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.Send(body)
}
