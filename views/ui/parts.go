package ui

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/a-h/templ"
)

// Tone says how something is, never by colour alone: each tone has its own shape or icon.
type Tone string

const (
	Neutral Tone = ""
	OK      Tone = "ok"
	Warn    Tone = "warn"
	Danger  Tone = "danger"
	Info    Tone = "info"
)

func toned(block string, t Tone) string {
	switch t {
	case OK, Warn, Danger, Info:
		return block + " " + block + "--" + string(t)
	}
	return block
}

func (t Tone) icon() string {
	switch t {
	case OK:
		return "check-circle"
	case Warn:
		return "warning"
	case Danger:
		return "alert"
	}
	return "info"
}

// Plain is text as a component, for cells and rows.
func Plain(s string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, templ.EscapeString(s))
		return err
	})
}

// Lines is several lines of text.
func Lines(lines []string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		var b strings.Builder
		for i, l := range lines {
			if i > 0 {
				b.WriteString("<br>")
			}
			b.WriteString(templ.EscapeString(l))
		}
		_, err := io.WriteString(w, b.String())
		return err
	})
}

// Row is one line of a summary list: a term, its value, and a link to change it.
type Row struct {
	Term   string
	Value  templ.Component
	Change Link // Text defaults to "Change"; the term is added for those who cannot see the row
}

// Column is one column of a table.
type Column struct {
	Label  string
	Number bool
	Href   string // sorts by this column
	Sort   string // "ascending", "descending", "" = not sorted by this one
}

// TableRow is one thing. Its name is the row's header and its only link.
type TableRow struct {
	Name  string
	Href  string
	Sub   string            // a softer second line below the name
	Value string            // of the row's checkbox in a table with Select
	Cells []templ.Component // the other columns, in order
}

// Table is a list of things. The first column is the naming one.
type Table struct {
	Caption     string
	HideCaption bool
	Columns     []Column
	Rows        []TableRow
	Select      string // name of the checkboxes; "" = none
}

func (t Table) label(i int) string {
	if i+1 < len(t.Columns) {
		return t.Columns[i+1].Label
	}
	return ""
}

func (t Table) number(i int) bool { return i+1 < len(t.Columns) && t.Columns[i+1].Number }

// Chip is one filter that applies; Href is the same list without it.
type Chip struct {
	Text string
	Href string
}

// Filter is the GET form above a list.
type Filter struct {
	Action string
	Fields []Field
	Hidden [][2]string // what the form must keep, the sort order for one
	Chips  []Chip
	Clear  string // the list without filters
}

// Pager leads through a list by keyset. Summary is the count in words.
type Pager struct {
	Summary   string
	Previous  string
	Next      string
	Downloads []Link
}

// Empty is one of three: nothing yet (an action), nothing found (clear the filters), nothing wrong.
type Empty struct {
	Icon   string
	Title  string
	Text   string
	Action Link
	More   Link
}

// Stat is a figure with its name and a comparison in words.
type Stat struct {
	Label, Figure, Note string
	Href                string
}

// Event is one entry of a timeline.
type Event struct {
	When templ.Component
	Text templ.Component
	Note string
	Tone Tone
}

// Task is one entry of a checklist.
type Task struct {
	Title  string
	Text   string
	Done   bool
	Action Link
}

// Part is a piece of a sentence: given words, or a value that somebody chose.
type Part struct {
	Text   string
	Value  bool // chosen by an admin; marked
	Strong bool // when, from, then
	Gone   bool // a value that is no more
}

// Sentence reads a rule as a sentence, with the chosen parts marked. It is written here because no space may come
// between a value and the comma after it.
func Sentence(parts []Part) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		var b strings.Builder
		b.WriteString(`<p class="sentence">`)
		for i, p := range parts {
			before, after := "", ""
			switch {
			case p.Gone:
				before, after = "<del>", "</del>"
			case p.Value:
				before, after = "<em>", "</em>"
			case p.Strong:
				before, after = "<strong>", "</strong>"
			}
			b.WriteString(before + templ.EscapeString(p.Text) + after + gap(parts, i))
		}
		b.WriteString("</p>")
		_, err := io.WriteString(w, b.String())
		return err
	})
}

// gap is what stands between a part and the next: parts that bring their own spaces and commas need none.
func gap(parts []Part, i int) string {
	if i+1 == len(parts) || strings.HasSuffix(parts[i].Text, " ") || strings.ContainsAny(parts[i+1].Text[:min(1, len(parts[i+1].Text))], " ,.;:") {
		return ""
	}
	return " "
}

// Secret is shown once, in an output that can be copied.
type Secret struct {
	ID    string
	Label string
	Value string
	Note  string
}

// NavGroup is one heading of the portal's navigation with its pages.
type NavGroup struct {
	Label string
	Links []Link
}

// Flash is what was just done, in words that name the thing.
type Flash struct {
	Tone   Tone
	Text   string
	Action templ.Component // takes it back, where that has a meaning
}

// Shell is the frame of every admin page.
type Shell struct {
	Title     string // the h1 and the window's title
	Lead      string // one sentence below it
	Action    Link   // the one primary action, "" = none
	Crumbs    []Link
	Nav       []NavGroup
	Tenant    string
	Tenants   []Link // where else; Current marks this one
	NewTenant string // address of the form for a new tenant, "" = may not
	AdminName string
	AdminMail string
	Account   []Link // the admin's own menu
	SignOut   string // address to POST to
	CSRF      string
	Flash     *Flash
	Warnings  []string
	Errors    []FieldError // the summary above the h1; the title starts "Error: "
	Bare      bool         // no navigation: set-up, refused
	Wide      bool         // of a bare page: as wide as the portal's
	Scheme    string       // light or dark whatever the system says; "" = the system's
	Dir       string       // rtl in the gallery only: the portal is English
}

// Hidden is a hidden input.
func Hidden(name, value string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, `<input type="hidden" name="`+templ.EscapeString(name)+`" value="`+templ.EscapeString(value)+`">`)
		return err
	})
}

// CSRFField is the name of the hidden input that carries the form token (handlers.CSRFField).
const CSRFField = "_csrf"

// Moment writes a time in a zone, with the zone, as a time element. Relative words are the caller's.
func Moment(t time.Time, zone *time.Location) templ.Component {
	if t.IsZero() {
		return Plain("–")
	}
	if zone == nil {
		zone = time.UTC
	}
	local := t.In(zone)
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, `<time class="nowrap" datetime="`+t.UTC().Format(time.RFC3339)+`">`+
			templ.EscapeString(local.Format("2 Jan 2006, 15:04:05 MST"))+`</time>`)
		return err
	})
}

// withChild renders a component that takes children with one child.
func withChild(c, child templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return c.Render(templ.WithChildren(ctx, child), w)
	})
}
