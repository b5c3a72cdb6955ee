package hosted

import (
	"sort"

	"portico/app/i18n"
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
	case "mobilePhone":
		return "tel"
	case "birthdate":
		return "bday"
	}
	return ""
}

func label(l *i18n.Localizer, a Attribute) string {
	if a.Label != "" || !a.Builtin() {
		if a.Label == "" {
			return a.ID
		}
		return a.Label
	}
	return l.T("attribute." + a.ID)
}

// field makes the box of an attribute that is written in one.
func (p Page) field(l *i18n.Localizer, a Attribute) ui.Field {
	name := a.Name()
	f := ui.Text(name, label(l, a), p.value(name), autocompleteOf(a.ID)).WithHint(a.Hint).WithError(p.bad(name)).AsOptional(!a.Required)
	f.ReadOnly = a.ReadOnly
	if a.MaxLength > 0 {
		f.MaxLength = a.MaxLength
	}
	switch {
	case a.ID == "country" && a.Options == nil:
		f.Options = Countries(l, f.Value)
	case a.Kind == "select":
		f.Options = append([]ui.Option{{Text: l.T("ui.choose")}}, selected(a.Options, []string{f.Value})...)
	case a.Kind == "number":
		f.InputMode, f.Dir, f.Class = "numeric", "ltr", "input--medium"
	case a.ID == "mobilePhone":
		f.Type, f.Dir = "tel", "ltr"
	case a.ID == "email":
		f.Type, f.Dir = "email", "ltr"
	case a.ID == "postalCode":
		f.Dir, f.Class = "ltr", "input--medium"
	}
	return f
}

func (p Page) group(l *i18n.Localizer, a Attribute) ui.Group {
	name := a.Name()
	return ui.Group{Name: name, Legend: label(l, a), Hint: a.Hint, Error: p.bad(name), Optional: !a.Required,
		Multiple: a.Kind == "checkboxes", Options: selected(a.Options, split(p.value(name)))}
}

func (p Page) date(l *i18n.Localizer, a Attribute) ui.Date {
	name := a.Name()
	return ui.Date{Name: name, Legend: label(l, a), Hint: a.Hint, Error: p.bad(name), Optional: !a.Required, Birthday: a.ID == "birthdate",
		Day: p.value(name + ".day"), Month: p.value(name + ".month"), Year: p.value(name + ".year")}
}

func (p Page) check(l *i18n.Localizer, a Attribute) ui.Checkbox {
	name := a.Name()
	v := p.value(name)
	return ui.Checkbox{Name: name, Label: label(l, a), Hint: a.Hint, Error: p.bad(name), Value: "true", Checked: v == "true" || v == "yes" || v == "on"}
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

// split takes several choices apart; they travel comma-separated (R 2.5.3).
func split(s string) []string {
	var list []string
	start := 0
	for i := 0; i <= len(s); i++ {
		if i == len(s) || s[i] == ',' {
			list = append(list, s[start:i])
			start = i + 1
		}
	}
	return list
}

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
