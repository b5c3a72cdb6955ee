package admin

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/app/i18n"
	"portico/app/userflow"
	views "portico/views/admin"
)

// Attributes of a person are edited with the control that suits what they hold, on each page where an
// admin fills them in: a person, a new person, an invitation. Every answer may be left empty: what customers
// must answer is their user flow's affair.

// definedAttributes are the tenant's custom attributes as fields of a form, by name.
func definedAttributes(definitions map[string]userflow.Definition) []userflow.Attribute {
	list := slices.SortedFunc(maps.Values(definitions), func(a, b userflow.Definition) int {
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	out := make([]userflow.Attribute, len(list))
	for i, d := range list {
		out[i] = userflow.Attribute{ID: d.ID, Label: d.Name, Definition: &d}
	}
	return out
}

// addressAttributes are the built-in attributes besides the names.
func addressAttributes() []userflow.Attribute {
	var out []userflow.Attribute
	for _, id := range []string{"jobTitle", "streetAddress", "postalCode", "city", "state", "country"} {
		out = append(out, userflow.Attribute{ID: id, Label: attributeLabel(id)})
	}
	return out
}

// attributeInput is the control of one attribute. typed is what it holds, as it would be typed.
func attributeInput(l *i18n.Localizer, a userflow.Attribute, typed []string) views.Field {
	f := views.Field{Name: userflow.FieldName(a.ID), Label: attributeName(a), Optional: true, AutoComplete: "off"}
	if len(typed) > 0 {
		f.Value = typed[0]
	}
	if d := a.Definition; d != nil {
		f.Hint = d.Description
	}
	switch a.Input() {
	case userflow.CheckboxSingle:
		f.Kind, f.Options = views.Select, []views.Option{{Label: "Not answered"}, {Value: "true", Label: "Yes"}, {Value: "false", Label: "No"}}
	case userflow.RadioSingleSelect, userflow.Dropdown:
		f.Kind, f.Options = views.Select, append([]views.Option{{Label: "Not answered"}}, choicesOf(l, a)...)
		if f.Value != "" && !slices.ContainsFunc(f.Options, func(o views.Option) bool { return o.Value == f.Value }) {
			f.Options = append(f.Options, views.Option{Value: f.Value, Label: f.Value}) // answered when there was such an option
		}
	case userflow.CheckboxMultiSelect:
		f.Kind, f.Values, f.Options, f.Value = views.Checks, typed, choicesOf(l, a), ""
	case userflow.DateBoxes:
		f.Kind = views.Date
	case userflow.NumericTextBox:
		f.Code = true
	case userflow.PhoneBox:
		f.Type, f.Code = "tel", true
		f.Hint = strings.TrimSpace(f.Hint + " With its country code: +49 30 123456.")
	default:
		if a.ID == "streetAddress" {
			f.Kind, f.Rows = views.TextArea, 2
		}
	}
	return f
}

func choicesOf(l *i18n.Localizer, a userflow.Attribute) []views.Option {
	var out []views.Option
	if a.ID == "country" && len(a.Choices()) == 0 {
		countries := l.Countries()
		for _, code := range slices.SortedFunc(maps.Keys(countries), func(x, y string) int { return strings.Compare(countries[x], countries[y]) }) {
			out = append(out, views.Option{Value: code, Label: countries[code]})
		}
		return out
	}
	for _, o := range a.Choices() {
		out = append(out, views.Option{Value: o.Value, Label: withoutLinks(o.Text)})
	}
	return out
}

// withoutLinks leaves the words of Markdown links.
func withoutLinks(s string) string {
	for {
		at := strings.Index(s, "](")
		if at < 0 {
			return s
		}
		open, end := strings.LastIndex(s[:at], "["), strings.Index(s[at:], ")")
		if open < 0 || end < 0 {
			return s
		}
		s = s[:open] + s[open+1:at] + s[at+end+1:]
	}
}

// typedValue turns a stored value back into what would be typed.
func typedValue(a userflow.Attribute, v any) []string {
	switch v := v.(type) {
	case nil:
		return nil
	case bool:
		return []string{strconv.FormatBool(v)}
	case int64:
		return []string{strconv.FormatInt(v, 10)}
	case string:
		if a.Input() == userflow.CheckboxMultiSelect {
			return strings.Split(v, ",")
		}
		return nonEmpty(v)
	}
	return []string{fmt.Sprint(v)}
}

// valueWords is a stored value as people read it: an option by its text, yes and no, a date in words.
func valueWords(l *i18n.Localizer, a userflow.Attribute, v any) string {
	switch x := v.(type) {
	case bool:
		return choose(x, "Yes", "No")
	case int64:
		return strconv.FormatInt(x, 10)
	case string:
		if a.Type() == userflow.Date {
			if day, ok := parseWhen(x); ok {
				return day.Format("2 January 2006")
			}
		}
		options := choicesOf(l, a)
		if len(options) == 0 {
			return x
		}
		parts := []string{x}
		if a.Input() == userflow.CheckboxMultiSelect {
			parts = strings.Split(x, ",")
		}
		for i, part := range parts {
			for _, o := range options {
				if o.Value == part {
					parts[i] = o.Label
				}
			}
		}
		return strings.Join(parts, ", ")
	}
	return textOf(v)
}

// typedAnswers reads what was sent for an attribute.
func typedAnswers(c *fiber.Ctx, a userflow.Attribute) []string {
	name := userflow.FieldName(a.ID)
	if a.Input() != userflow.DateBoxes {
		var out []string
		for _, s := range all(c, name) {
			out = append(out, strings.ReplaceAll(strings.ReplaceAll(s, "\x00", ""), "\r\n", "\n"))
		}
		return out
	}
	d, m, y := typed(c, name+".day"), typed(c, name+".month"), typed(c, name+".year")
	if d+m+y == "" {
		return nonEmpty(typed(c, name))
	}
	two := func(s string) string {
		if len(s) == 1 {
			return "0" + s
		}
		return s
	}
	return []string{y + "-" + two(m) + "-" + two(d)}
}

// readAttributes reads each attribute's answer: its value, or nil for one that was left empty. What stands
// there already (have) may stay, whatever the rules say by now. Complaints are named as the fields are.
func readAttributes(c *fiber.Ctx, asked []userflow.Attribute, have func(id string) any) (map[string]any, fault.Fields) {
	out, bad := map[string]any{}, fault.Fields{}
	for _, a := range asked {
		given := typedAnswers(c, a)
		if len(given) == 0 {
			out[a.ID] = nil
			continue
		}
		if before := have(a.ID); before != nil && slices.Equal(given, typedValue(a, before)) {
			out[a.ID] = before
			continue
		}
		a.Required = false // nothing must be answered here
		v, key := a.Read(given)
		if key == "" {
			out[a.ID] = v
			continue
		}
		args := map[string]any{"label": attributeName(a), "id": a.ID, "count": a.Longest()}
		if d := a.Definition; d != nil {
			args["message"], args["low"], args["high"] = d.Message, limitText(d.Low), limitText(d.High)
		}
		bad.Add(userflow.FieldName(a.ID), key, args)
	}
	return out, bad
}

// nothingYet is what a new thing has.
func nothingYet(string) any { return nil }

// answered leaves only what has a value.
func answered(values map[string]any) map[string]any {
	out := map[string]any{}
	for id, v := range values {
		if v != nil {
			out[id] = v
		}
	}
	return out
}
