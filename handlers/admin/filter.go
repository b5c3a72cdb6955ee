package admin

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	views "portico/views/admin"
)

// view is a list's address: what is searched and filtered, and where the page starts. A view is a URL
// that can be saved and shared; chips and pages are the same URL with one part changed.
type view struct {
	path    string
	q       url.Values
	dropped [][2]string // name and value of what cannot be read
}

// maxFilter is the longest value of a filter; longer ones are cut.
const maxFilter = 400

// viewOf reads the known parameters; unknown and empty ones are dropped, so that addresses stay short.
func viewOf(c *fiber.Ctx, names ...string) view {
	v := view{path: c.Path(), q: url.Values{}}
	for _, n := range append(names, "after") {
		v.take(n, c.Query(n))
	}
	return v
}

// take reads one parameter.
func (v *view) take(name, value string) {
	switch s := filterText(value); {
	case s == "":
	case readable(name, s):
		v.q.Set(name, s)
	default:
		v.dropped = append(v.dropped, [2]string{name, s})
	}
}

// filterText is a parameter's value as filters have it.
func filterText(s string) string {
	s = strings.ReplaceAll(strings.TrimSpace(strings.ToValidUTF8(s, "")), "\x00", "")
	if len(s) > maxFilter {
		s = strings.ToValidUTF8(s[:maxFilter], "")
	}
	return s
}

// readable reports whether a filter's value means something. One that does not would narrow nothing, and
// must not look as if it did.
func readable(name, value string) bool {
	switch name {
	case "from", "to", "createdFrom", "createdTo", "lastFrom", "lastTo":
		_, ok := parseWhen(value)
		return ok
	case "enabled", "signup", "deleted", "simulated", "entered":
		return yesNo(value) != nil
	case "risk", "level", "aggregate", "realtime", "detection", "timing", "about", "detail", "condition", "wave":
		return readableRisk(name, value)
	case "range":
		return slices.ContainsFunc(presets(), func(p preset) bool { return p.value == value })
	case "version":
		n, err := strconv.Atoi(value)
		return err == nil && n > 0
	case "invited":
		return slices.ContainsFunc(invitationStates(), func(o views.Option) bool { return o.Value == value })
	case "state":
		return slices.ContainsFunc(userStates(), func(o views.Option) bool { return o.Value == value })
	case "last":
		return slices.ContainsFunc(lastSignIns(), func(o views.Option) bool { return o.Value == value })
	}
	return true
}

// unreadable refuses what a download cannot be narrowed by: a file would not say that it holds more.
func unreadable(c *fiber.Ctx) error {
	var bad error
	c.Request().URI().QueryArgs().VisitAll(func(k, b []byte) {
		name, value := string(k), strings.TrimSpace(strings.ToValidUTF8(string(b), ""))
		if bad == nil && value != "" && !readable(name, value) {
			bad = &fault.Error{Code: fault.Invalid, Key: "admin.filter.unreadable", Args: map[string]any{"name": name, "value": value}}
		}
	})
	return bad
}

func (v view) get(name string) string { return v.q.Get(name) }

func (v view) has(name string) bool { return v.q.Get(name) != "" }

// narrowed reports whether anything is searched or filtered; order and columns do not count.
func (v view) narrowed() bool {
	for name := range v.q {
		if name != "sort" && name != "columns" && (name != "risk" || v.get(name) != anyRisk) {
			return true
		}
	}
	return false
}

// href is the same view with name set to value ("" removes it), from its first page.
func (v view) href(name, value string) string {
	q := url.Values{}
	for k, s := range v.q {
		if k != "after" && k != "format" && k != name {
			q[k] = s
		}
	}
	if value != "" {
		q.Set(name, value)
	}
	if len(q) == 0 {
		return v.path
	}
	return v.path + "?" + q.Encode()
}

// filter builds the form and its chips. Fields carry the values already typed.
func (v view) filter(front int, fields ...views.Field) views.Filter {
	f := views.Filter{Action: v.path, Clear: v.path, More: min(front, len(fields))}
	for i := range fields {
		fields[i].Value = v.get(fields[i].Name)
		if fields[i].Value == "" {
			continue
		}
		f.Applied = true
		f.Open = f.Open || i >= f.More
		f.Chips = append(f.Chips, views.Chip{Label: fields[i].Label, Value: labelOf(fields[i]), Remove: v.href(fields[i].Name, "")})
	}
	for _, d := range v.dropped {
		label := d[0]
		for _, field := range fields {
			if field.Name == label {
				label = field.Label
				break
			}
		}
		f.Dropped = append(f.Dropped, views.Chip{Label: label, Value: d[1]})
	}
	f.Fields = fields
	for _, name := range []string{"sort", "columns"} {
		if v.has(name) {
			f.Hidden = append(f.Hidden, [2]string{name, v.get(name)})
		}
	}
	return f
}

// sortable is the heading of a column by which the list can be sorted: a click turns the order round.
// up and down are the values of the parameter sort; an empty one is the list's own order.
func (v view) sortable(label, up, down string, upFirst bool) views.Column {
	c := views.Column{Label: label}
	switch v.get("sort") {
	case up:
		c.Sort, c.Href = "ascending", v.href("sort", down)
	case down:
		c.Sort, c.Href = "descending", v.href("sort", up)
	default:
		c.Href = v.href("sort", choose(upFirst, up, down))
	}
	return c
}

func labelOf(f views.Field) string {
	for _, o := range f.Options {
		if o.Value == f.Value {
			return o.Label
		}
	}
	return f.Value
}

// finish adds paging and downloads to a list.
func (v view) finish(l *views.List, next string) {
	if v.has("after") {
		l.First = v.href("after", "")
	}
	if next != "" {
		l.Next = v.href("after", next)
	}
	l.CSV, l.JSON = v.href("format", "csv"), v.href("format", "json")
}

// span is a range of time: presets for the usual, exact ends for the rest.
func (v view) span(now time.Time) (from, to time.Time) {
	for _, p := range presets() {
		if p.value == v.get("range") {
			from = now.Add(-p.length)
		}
	}
	if t, ok := parseWhen(v.get("from")); ok && t.After(from) { // both narrow
		from = t
	}
	if t, ok := parseWhen(v.get("to")); ok {
		to = t
	}
	return from, to
}

type preset struct {
	value, label string
	length       time.Duration
}

func presets() []preset {
	return []preset{
		{"1h", "Last hour", time.Hour}, {"24h", "Last 24 hours", 24 * time.Hour}, {"7d", "Last 7 days", 7 * 24 * time.Hour},
		{"30d", "Last 30 days", 30 * 24 * time.Hour}, {"90d", "Last 90 days", 90 * 24 * time.Hour},
	}
}

func spanFields() []views.Field {
	options := []views.Option{{Value: "", Label: "Any time"}}
	for _, p := range presets() {
		options = append(options, views.Option{Value: p.value, Label: p.label})
	}
	return []views.Field{
		{Kind: views.Select, Name: "range", Label: "Time range", Options: options},
		{Name: "from", Label: "From (UTC)", Type: "datetime-local"},
		{Name: "to", Label: "To (UTC)", Type: "datetime-local"},
	}
}

// parseWhen reads what a datetime-local control sends, or RFC 3339, or a day; without a zone it is UTC.
func parseWhen(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}
