package signin

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"portico/app/fault"
	"portico/app/userflow"
)

// longestCustom is the length of a custom attribute's text (R 13.6).
const longestCustom = 250

// ReadAttributes reads the answers to a flow's questions: only those asked, never a read-only one, each
// in its own type.
func ReadAttributes(fields []userflow.Attribute, values func(string) []string) (map[string]any, error) {
	out := map[string]any{}
	var bad fault.Fields
	for _, f := range fields {
		if f.ReadOnly {
			continue
		}
		name := FieldName(f.ID)
		given := values(name)
		var answers []string
		for _, g := range given {
			if g = strings.TrimSpace(g); g != "" {
				answers = append(answers, g)
			}
		}
		if len(answers) == 0 {
			if f.Required {
				bad.Add(name, "field.attribute.required", map[string]any{"label": f.Label, "id": f.ID})
			} else if f.DataType == "boolean" {
				out[f.ID] = false
			}
			continue
		}
		v, err := readAttribute(f, answers)
		if err != "" {
			bad.Add(name, err, map[string]any{"label": f.Label, "id": f.ID, "count": longest(f)})
			continue
		}
		out[f.ID] = v
	}
	return out, bad.Err()
}

// FieldName is the name of an attribute's form field: the id of a built-in one, attributes[<id>] of a
// custom one.
func FieldName(id string) string {
	if _, ok := userflow.Builtin()[id]; ok {
		return id
	}
	return fmt.Sprintf("attributes[%s]", id)
}

func readAttribute(f userflow.Attribute, answers []string) (any, string) {
	for _, a := range answers {
		if !utf8.ValidString(a) || strings.ContainsFunc(a, func(c rune) bool { return c < ' ' && c != '\n' && c != '\r' && c != '\t' }) {
			return nil, "field.attribute.invalid"
		}
		if utf8.RuneCountInString(a) > longest(f) {
			return nil, "field.attribute.long"
		}
		if len(f.Options) > 0 && !offered(f, a) {
			return nil, "field.attribute.choice"
		}
	}
	switch f.DataType {
	case "boolean":
		yes := answers[0] == "true" || answers[0] == "on" || answers[0] == "1" || answers[0] == "yes"
		if f.Required && !yes {
			return nil, "field.attribute.required"
		}
		return yes, ""
	case "int64":
		n, err := strconv.ParseInt(answers[0], 10, 64)
		if err != nil {
			return nil, "field.attribute.number"
		}
		return n, ""
	}
	if strings.Contains(strings.ToLower(f.InputType), "multi") {
		return strings.Join(answers, ","), ""
	}
	return answers[0], ""
}

func offered(f userflow.Attribute, v string) bool {
	for _, o := range f.Options {
		if o.Value == v {
			return true
		}
	}
	return false
}

func longest(f userflow.Attribute) int {
	if n, ok := userflow.Builtin()[f.ID]; ok {
		return n
	}
	return longestCustom
}
