package admin

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"portico/views/ui"
)

// The view models speak of what a page says; the components of views/ui speak of how it is drawn. These
// functions stand between them.

func (f Filter) droppedTitle() string {
	if f.Nobody {
		return "Nobody is shown, because this filter cannot be read"
	}
	return "Left out, because it cannot be read"
}

func (s Shell) frame() ui.Shell {
	f := ui.Shell{Title: s.Title, Lead: s.Lead, Tenant: s.Tenant.Name, AdminName: s.AdminName, AdminMail: s.AdminMail,
		SignOut: "/admin/sign-out", CSRF: s.CSRF, Warnings: s.Warnings, Errors: problems(s.Problems)}
	if s.Primary != nil {
		f.Action = ui.Link{Text: s.Primary.Label, Href: s.Primary.Href}
	}
	if s.MayCreate {
		f.NewTenant = "/admin/tenants/new"
	}
	for _, c := range s.Crumbs {
		f.Crumbs = append(f.Crumbs, ui.Link{Text: c.Label, Href: c.Href})
	}
	if len(f.Crumbs) > 0 {
		f.Crumbs = append(f.Crumbs, ui.Link{Text: s.Title})
	}
	for _, g := range s.Nav {
		group := ui.NavGroup{Label: g.Label}
		for _, i := range g.Items {
			group.Links = append(group.Links, ui.Link{Text: i.Label, Href: i.Href, Current: i.Current, Icon: navIcon(i.Label)})
		}
		f.Nav = append(f.Nav, group)
	}
	for _, t := range s.Tenants {
		f.Tenants = append(f.Tenants, ui.Link{Text: t.Name, Href: t.Href, Current: t.Current})
	}
	if s.Tenant.Name == "" && len(s.Tenants) > 0 {
		f.Tenant = "Choose a tenant"
	}
	if s.Flash != nil {
		f.Flash = &ui.Flash{Tone: ui.Tone(s.Flash.Kind), Text: s.Flash.Text}
		if s.Flash.Secret == "" && s.Flash.Note != "" { // that of a secret stands beside it
			f.Flash.Text += " " + s.Flash.Note
		}
		if s.Flash.Undo != nil {
			f.Flash.Action = action(*s.Flash.Undo, s.CSRF, true)
		}
	}
	return f
}

func navIcon(label string) string {
	switch label {
	case "Start":
		return "home"
	case "Applications":
		return "app"
	case "User flows":
		return "flow"
	case "Users":
		return "users"
	case "Groups":
		return "groups"
	case "Admins":
		return "shield"
	case "Risk overview":
		return "chart"
	case "Risky users":
		return "users"
	case "Risky sign-ins", "Risk detections", "Incidents":
		return "alert"
	case "Threat indicators", "Signal sources":
		return "list"
	case "Exports":
		return "download"
	case "Sign-in logs":
		return "log"
	case "What-If":
		return "search"
	case "Replay":
		return "history"
	case "Audit logs":
		return "history"
	case "Custom attributes":
		return "list"
	case "Terms of use":
		return "document"
	case "Invitations":
		return "mail"
	case "Help desk":
		return "phone"
	case "Policies":
		return "lock"
	case "Authentication methods":
		return "key"
	case "Company branding":
		return "palette"
	}
	return "settings"
}

func problems(list []Problem) []ui.FieldError {
	var out []ui.FieldError
	for _, p := range list {
		out = append(out, ui.FieldError{Name: p.Name, Text: p.Text})
	}
	return out
}

func (p Public) frame() ui.Shell {
	s := ui.Shell{Title: p.Title, Lead: p.Lead, Bare: true}
	if p.Form != nil {
		s.Errors = problems(p.Form.Problems)
	}
	return s
}

func (f Field) input() ui.Field {
	out := ui.Field{Name: f.Name, Label: f.Label, Hint: f.Hint, Value: f.Value, Error: f.Error, Optional: f.Optional, Type: f.Type,
		Autocomplete: f.AutoComplete, InputMode: f.InputMode, Rows: f.Rows, Dir: "auto"}
	if f.Code {
		out.Dir = "ltr"
	}
	switch {
	case f.InputMode == "numeric":
		out.Class, out.Dir = "input--medium", "ltr"
		if f.Suffix != "" {
			out.Label += " (" + f.Suffix + ")"
		}
	case f.Type == "password":
		out.Show, out.Dir, out.Class = true, "ltr", ""
	case f.Type == "datetime-local":
		out.Dir = ""
	}
	if f.Kind == Select {
		out.Options, out.Dir = f.options(), ""
	}
	return out
}

func (f Field) options() []ui.Option {
	out := make([]ui.Option, 0, len(f.Options))
	for _, o := range f.Options {
		chosen := o.Value == f.Value
		for _, v := range f.Values {
			chosen = chosen || v == o.Value
		}
		out = append(out, ui.Option{Value: o.Value, Text: o.Label, Hint: o.Hint, Selected: chosen})
	}
	return out
}

func (f Field) group() ui.Group {
	return ui.Group{Name: f.Name, Legend: f.Label, Hint: f.Hint, Error: f.Error, Optional: f.Optional, Multiple: f.Kind == Checks,
		Cards: f.Kind == Radios && hinted(f.Options), Options: f.options()}
}

func hinted(options []Option) bool {
	for _, o := range options {
		if o.Hint != "" {
			return true
		}
	}
	return false
}

func (f Field) check() ui.Checkbox {
	return ui.Checkbox{Name: f.Name, Label: f.Label, Hint: f.Hint, Error: f.Error, Checked: f.Value != ""}
}

func (f Field) date() ui.Date {
	d := ui.Date{Name: f.Name, Legend: f.Label, Hint: f.Hint, Error: f.Error, Optional: f.Optional}
	parts := strings.SplitN(f.Value, "-", 3)
	if len(parts) == 3 {
		d.Year, d.Month, d.Day = parts[0], strings.TrimPrefix(parts[1], "0"), strings.TrimPrefix(parts[2], "0")
	}
	return d
}

// tries reports whether a form can be sent for a look at one of its fields. Enter in a field must still
// mean the form's own button, which is why a hidden one then stands first.
func tries(fields []Field) bool {
	return slices.ContainsFunc(fields, func(f Field) bool { return len(f.Buttons) > 0 })
}

// table turns a table into the component's: the first cell is the row's name and its only link there.
func (t Table) list(csrf string) ui.Table {
	out := ui.Table{Caption: t.Caption, HideCaption: true, Select: t.Select}
	for _, c := range t.Columns {
		label := c.Label
		if label == "Time" {
			label = "Time (UTC)"
		}
		out.Columns = append(out.Columns, ui.Column{Label: label, Number: c.Num, Href: c.Href, Sort: c.Sort})
	}
	actions := false
	for _, r := range t.Rows {
		actions = actions || len(r.Actions) > 0
	}
	if actions {
		out.Columns = append(out.Columns, ui.Column{Label: "Actions"})
	}
	for _, r := range t.Rows {
		row := ui.TableRow{Name: r.Cells[0].words(), Href: r.Cells[0].Href, Sub: r.Cells[0].Sub, Value: r.Value}
		for _, c := range r.Cells[1:] {
			row.Cells = append(row.Cells, cell(c))
		}
		if actions {
			row.Cells = append(row.Cells, actionList(r.Actions, csrf))
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

// percent is how full a bar is.
func (c Cell) percent() string { return strconv.Itoa(int(max(0, min(1, c.Share)) * 100)) }

// words is a cell as plain text.
func (c Cell) words() string {
	if c.Kind == When {
		return timeWords(c.Time)
	}
	if c.Kind == Lines {
		return strings.Join(c.List, ", ")
	}
	return c.Text
}

func timeWords(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2 Jan 2006, 15:04:05")
}

func facts(list []Fact) []ui.Row {
	out := make([]ui.Row, 0, len(list))
	for _, f := range list {
		row := ui.Row{Term: f.Label, Value: cell(f.Value)}
		if f.Change != "" {
			row.Change = ui.Link{Text: "Change", Href: f.Change}
		}
		out = append(out, row)
	}
	return out
}

func events(list []Line) []ui.Event {
	var out []ui.Event
	for _, l := range list {
		out = append(out, ui.Event{When: ui.Moment(l.Time, time.UTC), Text: lineText(l), Tone: ui.Tone(tone(l.Tone))})
	}
	return out
}

func tone(s string) ui.Tone {
	switch s {
	case "ok", "warn", "danger", "info":
		return ui.Tone(s)
	}
	return ui.Neutral
}

func pager(l List) ui.Pager {
	out := ui.Pager{Summary: l.Shown, Previous: l.First, Next: l.Next}
	for _, d := range []ui.Link{{Text: "Download CSV", Href: l.CSV}, {Text: "Download JSON", Href: l.JSON}} {
		if d.Href != "" {
			out.Downloads = append(out.Downloads, d)
		}
	}
	return out
}

func empty(e Empty, filtered bool) ui.Empty {
	out := ui.Empty{Icon: "info", Title: e.Title, Text: e.Text}
	if filtered {
		out.Icon = "filter"
	}
	if e.Action != nil {
		out.Action = ui.Link{Text: e.Action.Label, Href: e.Action.Href}
	}
	return out
}

func tasks(steps []Step) []ui.Task {
	var out []ui.Task
	for _, s := range steps {
		t := ui.Task{Title: s.Label, Text: s.Text, Done: s.Done}
		if s.Action != nil {
			t.Action = ui.Link{Text: s.Action.Label, Href: s.Action.Href}
		}
		out = append(out, t)
	}
	return out
}

func stats(list []Figure) []ui.Stat {
	var out []ui.Stat
	for _, f := range list {
		out = append(out, ui.Stat{Label: f.Label, Figure: f.Value, Note: f.Note, Href: f.Href})
	}
	return out
}

func tabs(list []Link, current string) []ui.Link {
	var out []ui.Link
	for _, l := range list {
		out = append(out, ui.Link{Text: l.Label, Href: l.Href, Current: l.Label == current})
	}
	return out
}

func itoa(n int) string { return strconv.Itoa(n) }

func method(f Form) string {
	if f.Get {
		return "get"
	}
	return "post"
}

func buttonKind(f Form) string {
	if f.Danger {
		return "danger"
	}
	if f.Quiet {
		return ""
	}
	return "primary"
}

func smallKind(f Form) string {
	switch {
	case f.Main:
		return "primary"
	case f.Danger:
		return "danger"
	}
	return ""
}

func fieldsOf(a Action) [][2]string {
	var out [][2]string
	for k, v := range a.Fields {
		out = append(out, [2]string{k, v})
	}
	return out
}

func actionOf(s Section) ui.Link {
	if s.Action == nil {
		return ui.Link{}
	}
	return ui.Link{Text: s.Action.Label, Href: s.Action.Href}
}

func nothing(s Section) bool {
	return (s.Table == nil || len(s.Table.Rows) == 0) && len(s.Lines) == 0 && len(s.Diff) == 0
}

func runLink(l *Link) ui.Link {
	if l == nil {
		return ui.Link{}
	}
	return ui.Link{Text: l.Label, Href: l.Href}
}

// again is the panel's link to ask once more, if there is one.
func again(l *Link) ui.Link {
	if l == nil {
		return ui.Link{}
	}
	return ui.Link{Text: l.Label, Href: l.Href}
}
