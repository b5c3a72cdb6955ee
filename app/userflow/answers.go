package userflow

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"

	"portico/app/fault"
)

// FieldName is the name of an attribute's form field: the id of a built-in one and of UserName,
// attributes[<id>] of a custom one. A date is written in three boxes: name.day, name.month, name.year.
func FieldName(id string) string {
	if _, ok := Builtin()[id]; ok || id == UserName {
		return id
	}
	return fmt.Sprintf("attributes[%s]", id)
}

// Answers reads the answers to a page's questions out of a form: only those asked, never a hidden or
// read-only one, each in its own type. Complaints are named as the form's fields are.
func Answers(asked []Attribute, form func(string) []string) (map[string]any, error) {
	out := map[string]any{}
	var bad fault.Fields
	for _, a := range asked {
		if a.ReadOnly || a.Hidden {
			continue
		}
		name := FieldName(a.ID)
		given := trimmed(form(name))
		if a.Input() == DateBoxes {
			given = trimmed([]string{dateOf(form, name)})
		}
		if len(given) == 0 {
			switch {
			case a.Required:
				bad.Add(name, required(a), map[string]any{"label": a.Label, "id": a.ID})
			case a.Type() == Boolean:
				out[a.ID] = false
			}
			continue
		}
		v, key := a.Read(given)
		if key != "" {
			bad.Add(name, key, a.words())
			continue
		}
		out[a.ID] = v
	}
	return out, bad.Err()
}

func required(a Attribute) string {
	switch a.Input() {
	case RadioSingleSelect, Dropdown:
		return "field.attribute.choose"
	case CheckboxMultiSelect:
		return "field.attribute.tick_one"
	case CheckboxSingle:
		return "field.attribute.tick"
	}
	return "field.attribute.required"
}

// trimmed leaves out what nobody sees anything of: blank letters and signs without width are no answer.
func trimmed(given []string) []string {
	var out []string
	for _, g := range given {
		if g = strings.TrimSpace(g); visible(g) {
			out = append(out, g)
		}
	}
	return out
}

func number(n *int64) any {
	if n == nil {
		return nil
	}
	return *n
}

// dateOf joins the three boxes as year-month-day; a date in one box is taken as it is.
func dateOf(form func(string) []string, name string) string {
	one := func(part string) string {
		for _, v := range trimmed(form(name + part)) {
			return western(v)
		}
		return ""
	}
	d, m, y := one(".day"), one(".month"), one(".year")
	if d == "" && m == "" && y == "" {
		return one("")
	}
	pad := func(s string) string {
		if utf8.RuneCountInString(s) == 1 {
			return "0" + s
		}
		return s
	}
	return y + "-" + pad(m) + "-" + pad(d)
}

// Read turns what was typed into the attribute's value: a string, a bool or an int64. key is a message key
// when it cannot be taken.
func (a Attribute) Read(answers []string) (value any, key string) {
	for _, s := range answers {
		switch {
		case !Readable(s):
			return nil, "field.attribute.invalid"
		case utf8.RuneCountInString(s) > a.Longest():
			return nil, "field.attribute.long"
		}
	}
	if len(answers) == 0 {
		return nil, "field.attribute.required"
	}
	switch a.Type() {
	case Boolean:
		yes := slices.Contains([]string{"true", "on", "1", "yes"}, answers[0])
		if a.Required && !yes {
			return nil, "field.attribute.tick"
		}
		return yes, ""
	case Int:
		return a.readInt(western(answers[0]))
	case Date:
		day := western(answers[0])
		t, err := time.Parse(time.DateOnly, day)
		if err != nil || t.Year() < 1800 || t.Year() > 2999 {
			return nil, "field.attribute.date"
		}
		return day, ""
	case Phone:
		return readPhone(answers[0])
	}
	return a.readText(answers)
}

// western turns the digits of Arabic, Persian and East Asian keyboards into the ones that are stored.
func western(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c >= '\u0660' && c <= '\u0669':
			return c - '\u0660' + '0'
		case c >= '\u06f0' && c <= '\u06f9':
			return c - '\u06f0' + '0'
		case c >= '\uff10' && c <= '\uff19':
			return c - '\uff10' + '0'
		}
		return c
	}, s)
}

func (a Attribute) readInt(s string) (any, string) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return nil, "field.attribute.number"
	}
	if d := a.Definition; d != nil {
		switch {
		case d.Low != nil && n < *d.Low:
			return nil, "field.attribute.low"
		case d.High != nil && n > *d.High:
			return nil, "field.attribute.high"
		}
	}
	return n, ""
}

func (a Attribute) readText(answers []string) (any, string) {
	if choices := a.Choices(); len(choices) > 0 {
		for _, s := range answers {
			if !slices.ContainsFunc(choices, func(o Option) bool { return o.Value == s }) {
				return nil, "field.attribute.choice"
			}
		}
	}
	if a.ID == "country" && a.Input() == Dropdown && len(a.Options) == 0 && !country(answers[0]) {
		return nil, "field.attribute.choice"
	}
	if a.Input() == CheckboxMultiSelect {
		slices.Sort(answers)
		joined := strings.Join(slices.Compact(answers), ",")
		if utf8.RuneCountInString(joined) > MaxText {
			return nil, "field.attribute.many"
		}
		return joined, ""
	}
	if len(answers) > 1 {
		return nil, "field.attribute.choice"
	}
	if a.ID != "streetAddress" && strings.ContainsAny(answers[0], "\r\n") {
		return nil, "field.attribute.invalid"
	}
	if d := a.Definition; d != nil && d.Pattern != "" {
		re, err := CompilePattern(d.Pattern)
		if err != nil || !re.MatchString(answers[0]) { // a pattern that became unreadable refuses
			return nil, "field.attribute.pattern"
		}
	}
	return answers[0], ""
}

// country reports whether a text is a country's code (ISO 3166-1 alpha-2), as the page's list holds them.
func country(s string) bool {
	r, err := language.ParseRegion(s)
	return err == nil && len(s) == 2 && r.IsCountry() && r.String() == s
}

// A zero in brackets is dialled inside the country only: +49 (0)30 is +49 30.
var phoneNoise = regexp.MustCompile(`\(0\)|[\s().\-/\x{A0}\x{2010}-\x{2015}]`)
var phoneShape = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// readPhone takes a number with its country code, in whatever grouping, and gives it in E.164.
func readPhone(s string) (any, string) {
	s = phoneNoise.ReplaceAllString(western(s), "")
	if rest, ok := strings.CutPrefix(s, "00"); ok {
		s = "+" + rest
	}
	if !phoneShape.MatchString(s) {
		return nil, "field.attribute.phone"
	}
	return s, ""
}

// Take reads a value that comes from elsewhere than a form (portal, management API, import): a text, a bool
// or a whole number, as the definition wants it. complaint is nil when it can be taken.
func (d Definition) Take(v any) (value any, complaint *fault.Field) {
	a := Attribute{ID: d.ID, Label: d.Name, Definition: &d}
	text, key := "", "field.attribute.invalid"
	switch v := v.(type) {
	case bool:
		if d.DataType == Boolean {
			return v, nil
		}
	case string:
		if d.DataType != Boolean && d.DataType != Int {
			text = strings.TrimSpace(v)
		}
	default:
		if n, ok := whole(v); ok && d.DataType == Int {
			text = strconv.FormatInt(n, 10)
		} else if d.DataType == Int {
			key = "field.attribute.number"
		}
	}
	if text != "" {
		value, key = a.Read([]string{text})
	}
	if key != "" {
		return nil, &fault.Field{Name: d.ID, Key: key, Args: a.words()}
	}
	return value, nil
}

// whole gives the whole number that a value is, if none of its digits is lost.
func whole(v any) (int64, bool) {
	switch v := v.(type) {
	case int:
		return int64(v), true
	case int32:
		return int64(v), true
	case int64:
		return v, true
	case json.Number:
		n, err := v.Int64()
		return n, err == nil
	case float64:
		const exact = 1 << 53
		return int64(v), v == math.Trunc(v) && v >= -exact && v <= exact
	}
	return 0, false
}

// words are what a complaint about the attribute may name.
func (a Attribute) words() map[string]any {
	values := []string{}
	for _, o := range a.Choices() {
		values = append(values, o.Value)
	}
	args := map[string]any{"label": a.Label, "id": a.ID, "count": a.Longest(), "values": strings.Join(values, ", ")}
	if a.Definition != nil {
		args["message"], args["low"], args["high"] = a.Definition.Message, number(a.Definition.Low), number(a.Definition.High)
	}
	return args
}

// Defaults are the values of fields that nobody is asked for: hidden and read-only ones with a default.
func (f Flow) Defaults() map[string]any {
	out := map[string]any{}
	for _, a := range f.Attributes {
		if (a.Hidden || a.ReadOnly) && a.Default != "" {
			if v, key := a.Read(a.Typed(a.Default)); key == "" {
				out[a.ID] = v
			}
		}
	}
	return out
}

// Typed gives a value as it would be typed into the attribute's field: what a form is filled with
// beforehand. Numbers may come out of JSON as floats.
func (a Attribute) Typed(v any) []string {
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		if a.Input() == CheckboxMultiSelect {
			return strings.Split(v, ",")
		}
		return []string{v}
	case float64:
		return []string{strconv.FormatFloat(v, 'f', -1, 64)}
	}
	return []string{fmt.Sprint(v)}
}
