package hosted

import (
	"sort"
	"strings"
	"time"

	"portico/app/i18n"
	"portico/app/markup"
	"portico/app/userflow"
	"portico/views/ui"
)

// autocompleteOf is the standard token of a built-in attribute (HTML §4.10.18.7), "" for unknown ids.
func autocompleteOf(id string) string {
	switch id {
	case "givenName":
		return "given-name"
	case "surname":
		return "family-name"
	case "displayName":
		return "name"
	case "email":
		return "email"
	case "jobTitle":
		return "organization-title"
	case "streetAddress":
		return "street-address"
	case "city":
		return "address-level2"
	case "state":
		return "address-level1"
	case "postalCode":
		return "postal-code"
	case "country":
		return "country"
	case userflow.UserName:
		return "username"
	}
	return ""
}

func label(l *i18n.Localizer, a Attribute) string {
	if key := "attribute." + a.ID; l.Owns(key) { // the words for this language before the one label for all
		return l.T(key)
	}
	if a.Label != "" || !a.Builtin() {
		if a.Label == "" {
			return a.ID
		}
		return a.Label
	}
	return l.T("attribute." + a.ID)
}

// PlainLabel is what an attribute is called in an error or a list: no links, no emphasis.
func PlainLabel(l *i18n.Localizer, a userflow.Attribute) string {
	return markup.Plain(label(l, layout(a)))
}

// answer is what stands in an attribute's field: what was typed, else what it is filled with beforehand.
func (p Page) answer(a Attribute) string {
	if v, ok := p.Values[a.Name()]; ok {
		return v
	}
	return a.Value
}

// field makes the box of an attribute that is written in one.
func (p Page) field(l *i18n.Localizer, a Attribute) ui.Field {
	name := a.Name()
	f := ui.Text(name, label(l, a), p.answer(a), autocompleteOf(a.ID)).WithHint(a.Hint).WithError(p.bad(name)).AsOptional(!a.Required)
	f.Rich, f.Required = true, a.Required
	if a.MaxLength > 0 {
		f.MaxLength = a.MaxLength
	}
	switch {
	case a.Kind == "select" && a.Options == nil && a.ID == "country":
		f.Options = Countries(l, f.Value)
	case a.Kind == "select":
		f.Options = append([]ui.Option{{Text: l.T("ui.choose")}}, plain(selected(a.Options, []string{f.Value}))...)
	case a.Kind == "number":
		f.InputMode, f.Dir, f.Class, f.MaxLength = "numeric", "ltr", "input--medium", 20
	case a.Kind == "phone":
		f.Type, f.Dir, f.Autocomplete, f.MaxLength = "tel", "ltr", "tel", 40
		if f.Hint == "" {
			f.Hint = l.T("phone.example")
		}
	case a.ID == userflow.UserName:
		f.Dir = "ltr"
	case a.ID == "email":
		f.Type, f.Dir = "email", "ltr"
	case a.ID == "postalCode":
		f.Dir, f.Class = "ltr", "input--medium"
	}
	return f
}

func (p Page) group(l *i18n.Localizer, a Attribute) ui.Group {
	name := a.Name()
	return ui.Group{Name: name, Legend: label(l, a), Hint: a.Hint, Error: p.bad(name), Optional: !a.Required, Required: a.Required, Rich: true,
		Multiple: a.Kind == "checkboxes", Options: selected(a.Options, split(p.answer(a)))}
}

// date takes a value apart that was filled in beforehand; what was typed comes box by box.
func (p Page) date(l *i18n.Localizer, a Attribute) ui.Date {
	name := a.Name()
	d := ui.Date{Name: name, Legend: label(l, a), Hint: a.Hint, Error: p.bad(name), Optional: !a.Required, Required: a.Required, Rich: true, Birthday: birthday(a.ID)}
	if d.Hint == "" {
		d.Hint = l.T("date.example")
	}
	if _, typed := p.Values[name+".day"]; typed {
		d.Day, d.Month, d.Year = p.value(name+".day"), p.value(name+".month"), p.value(name+".year")
	} else if t, err := time.Parse(time.DateOnly, p.answer(a)); err == nil {
		d.Day, d.Month, d.Year = itoa(t.Day()), itoa(int(t.Month())), itoa(t.Year())
	}
	return d
}

// birthday reports whether a date is the day somebody was born, by its API name: then the browser knows it.
func birthday(id string) bool { return strings.Contains(strings.ToLower(id), "birth") }

func (p Page) check(l *i18n.Localizer, a Attribute) ui.Checkbox {
	name := a.Name()
	return ui.Checkbox{Name: name, Label: label(l, a), Hint: a.Hint, Error: p.bad(name), Value: "true", Checked: ticked(p.answer(a)),
		Optional: !a.Required, Required: a.Required, Rich: true}
}

func ticked(v string) bool { return v == "true" || v == "yes" || v == "on" }

// shown gives the value of a read-only attribute in words.
func (a Attribute) shown(l *i18n.Localizer) string {
	switch {
	case a.Value == "" && a.Kind != "boolean":
		return l.T("attributes.empty")
	case a.Kind == "boolean" && ticked(a.Value):
		return l.T("ui.yes")
	case a.Kind == "boolean":
		return l.T("ui.no")
	case a.Kind == "date":
		if t, err := time.Parse(time.DateOnly, a.Value); err == nil {
			return l.Date(t)
		}
	case a.ID == "country" && a.Options == nil:
		if name, ok := l.Countries()[a.Value]; ok {
			return name
		}
	}
	var list []string
	for _, o := range selected(a.Options, split(a.Value)) {
		if o.Selected {
			list = append(list, markup.Plain(o.Text))
		}
	}
	if len(list) == 0 {
		return a.Value
	}
	return strings.Join(list, l.T("ui.list"))
}

func selected(options []ui.Option, values []string) []ui.Option {
	out := make([]ui.Option, len(options))
	for i, o := range options {
		for _, v := range values {
			o.Selected = o.Selected || v != "" && o.Value == v
		}
		out[i] = o
	}
	return out
}

// plain takes the marks out of the options of a list, which can hold no link.
func plain(options []ui.Option) []ui.Option {
	for i := range options {
		options[i].Text = markup.Plain(options[i].Text)
	}
	return options
}

// split takes several choices apart; they travel comma-separated (R 2.5.3).
func split(s string) []string { return strings.Split(s, ",") }

// Countries lists the countries in the reader's language, sorted as that language sorts, with ISO codes
// as values and a blank first entry.
func Countries(l *i18n.Localizer, chosen string) []ui.Option {
	names := l.Countries()
	options := make([]ui.Option, 0, len(names)+1)
	for code, name := range names {
		options = append(options, ui.Option{Value: code, Text: name, Selected: code == chosen})
	}
	compare := l.Compare()
	sort.Slice(options, func(i, j int) bool { return compare(options[i].Text, options[j].Text) < 0 })
	return append([]ui.Option{{Text: l.T("ui.choose")}}, options...)
}
