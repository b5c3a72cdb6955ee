package odata

import (
	"encoding/json"
	"math"
	"strings"
)

// Eval applies a filter to a JSON object: what small collections that have no columns are filtered
// with, and what tests compare the database's answers with. Texts compare without letter case, as
// they do in the vendor's directory. A missing property is null; comparing null with gt, ge, lt or le
// is false.
func Eval(e Expr, object any) bool {
	switch e := e.(type) {
	case And:
		return Eval(e.Left, object) && Eval(e.Right, object)
	case Or:
		return Eval(e.Left, object) || Eval(e.Right, object)
	case Not:
		return !Eval(e.Of, object)
	case Truth:
		b, _ := Lookup(object, e.Path).(bool)
		return b
	case Compare:
		return compare(Lookup(object, e.Path), e.Op, e.Value)
	case In:
		have := Lookup(object, e.Path)
		for _, v := range e.Values {
			if compare(have, Eq, v) {
				return true
			}
		}
		return false
	case Match:
		s, ok := Lookup(object, e.Path).(string)
		if !ok {
			return false
		}
		s, v := strings.ToLower(s), strings.ToLower(e.Value)
		switch e.Func {
		case "startswith":
			return strings.HasPrefix(s, v)
		case "endswith":
			return strings.HasSuffix(s, v)
		}
		return strings.Contains(s, v)
	case Any:
		list, _ := Lookup(object, e.Path).([]any)
		for _, item := range list {
			if e.Body == nil || Eval(e.Body, item) {
				return true
			}
		}
		return false
	}
	return false
}

// Lookup finds the value at a path of a decoded JSON object; property names compare without letter
// case. "$count" gives the size of a collection.
func Lookup(object any, p Path) any {
	for _, name := range p.Parts {
		if name == "$count" {
			list, _ := object.([]any)
			return float64(len(list))
		}
		m, ok := object.(map[string]any)
		if !ok {
			return nil
		}
		v, ok := m[name]
		if !ok {
			for k, candidate := range m {
				if strings.EqualFold(k, name) {
					v = candidate
					break
				}
			}
		}
		object = v
	}
	return object
}

func compare(have any, op Op, want Value) bool {
	if have == nil || want.Kind == Null {
		same := have == nil && want.Kind == Null
		return op == Eq && same || op == Ne && !same
	}
	c, ok := order(have, want)
	if !ok {
		return op == Ne
	}
	switch op {
	case Eq:
		return c == 0
	case Ne:
		return c != 0
	case Gt:
		return c > 0
	case Ge:
		return c >= 0
	case Lt:
		return c < 0
	}
	return c <= 0
}

func order(have any, want Value) (int, bool) {
	switch have := have.(type) {
	case bool:
		if want.Kind != Bool {
			return 0, false
		}
		return btoi(have) - btoi(want.Bool), true
	case json.Number:
		f, err := have.Float64()
		if err != nil {
			return 0, false
		}
		return order(f, want)
	case float64:
		if want.Kind != Number || math.IsNaN(have) {
			return 0, false
		}
		switch {
		case have < want.Float:
			return -1, true
		case have > want.Float:
			return 1, true
		}
		return 0, true
	case string:
		if want.Kind == Time {
			t, ok := ParseTime(have)
			return t.Compare(want.Time), ok
		}
		if want.Kind != String && want.Kind != GUID {
			return 0, false
		}
		return strings.Compare(strings.ToLower(have), strings.ToLower(want.Text)), true
	}
	return 0, false
}
