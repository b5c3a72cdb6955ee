package graph

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"portico/app/access"
)

// field is one property of a resource: a row of its table. What is left out is refused: no get means
// that the property reads as null, no set that it is read-only.
type field[R any] struct {
	name string
	get  func(*R) any
	set  func(*R, json.RawMessage) error

	selectOnly bool                // answered only when $select names it
	once       bool                // answered when the object is made, and never again unless $select names it: a new secret
	basic      bool                // what User.ReadBasic.All may see
	own        bool                // people may change it in their own record
	createOnly bool                // can be set when the object is made, not later
	narrow     []access.Permission // further permissions that may change just this property
	column     *column             // how $filter asks for it
	sort       func(*R) any        // its value in sort order; nil = not sortable
	unmanaged  bool                // not part of configuration as code
	merge      bool                // a PATCH of a part keeps the rest (complex types)
	expand     bool                // a relation: answered only when $expand names it
}

// str is a text property. An explicit null clears it.
func str[R any](name string, max int, p func(*R) *string) field[R] {
	return field[R]{name: name, get: func(r *R) any { return text(*p(r)) }, set: setString(name, max, p)}
}

func setString[R any](name string, max int, p func(*R) *string) func(*R, json.RawMessage) error {
	return func(r *R, raw json.RawMessage) error {
		var s *string
		if err := json.Unmarshal(raw, &s); err != nil {
			return badRequest("A text was expected for property '"+name+"'.", name)
		}
		if s == nil {
			*p(r) = ""
			return nil
		}
		if err := checkText(name, *s, max); err != nil {
			return err
		}
		*p(r) = *s
		return nil
	}
}

func checkText(name, s string, max int) error {
	if utf8.RuneCountInString(s) > max {
		return invalidValue(name, fmt.Sprintf(": at most %d characters", max))
	}
	if strings.ContainsFunc(s, func(c rune) bool { return c < ' ' && c != '\n' && c != '\t' && c != '\r' || c == 0x7f }) {
		return invalidValue(name, ": control characters are not allowed")
	}
	return nil
}

// boolean is a property that is true or false, never null.
func boolean[R any](name string, p func(*R) *bool) field[R] {
	return field[R]{name: name, get: func(r *R) any { return *p(r) }, set: func(r *R, raw json.RawMessage) error {
		var b *bool
		if err := json.Unmarshal(raw, &b); err != nil || b == nil {
			return badRequest("true or false was expected for property '"+name+"'.", name)
		}
		*p(r) = *b
		return nil
	}}
}

// strs is a collection of texts.
func strs[R any](name string, maxItems, maxLength int, p func(*R) *[]string) field[R] {
	return field[R]{name: name, get: func(r *R) any { return list(*p(r)) }, set: func(r *R, raw json.RawMessage) error {
		var l []string
		if err := json.Unmarshal(raw, &l); err != nil {
			return badRequest("A collection of texts was expected for property '"+name+"'.", name)
		}
		if len(l) > maxItems {
			return invalidValue(name, fmt.Sprintf(": at most %d values", maxItems))
		}
		for _, s := range l {
			if err := checkText(name, s, maxLength); err != nil {
				return err
			}
		}
		*p(r) = l
		return nil
	}}
}

// list makes sure that an empty collection is [] and not null.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}

// complexField is a property with properties of its own, as a struct type whose JSON tags name them.
// Unknown ones are refused, and a PATCH that names some keeps the others.
func complexField[R, T any](name string, get func(*R) T, set func(*R, T) error) field[R] {
	return field[R]{name: name, get: func(r *R) any { return get(r) }, merge: true, set: func(r *R, raw json.RawMessage) error {
		var v T
		if err := strict(name, raw, &v); err != nil {
			return err
		}
		return set(r, v)
	}}
}

// constant is a property that always has the same value here and cannot be changed.
func constant[R any](name string, v any) field[R] {
	return field[R]{name: name, get: func(*R) any { return v }}
}

// readOnly is a computed property.
func readOnly[R any](name string, get func(*R) any) field[R] { return field[R]{name: name, get: get} }

func (f field[R]) filterable(sql string, c column) field[R] {
	c.sql = sql
	f.column = &c
	return f
}

func (f field[R]) asked(c *column) field[R]         { f.column = c; return f }
func (f field[R]) sortable(v func(*R) any) field[R] { f.sort = v; return f }
func (f field[R]) onlySelected() field[R]           { f.selectOnly = true; return f }
func (f field[R]) forBasic() field[R]               { f.basic = true; return f }
func (f field[R]) forOwner() field[R]               { f.own = true; return f }
func (f field[R]) notManaged() field[R]             { f.unmanaged = true; return f }
func (f field[R]) onCreate() field[R]               { f.createOnly = true; return f }
func (f field[R]) whenAny(p ...access.Permission) field[R] {
	f.narrow = p
	return f
}

// merged lays a patch over a value: objects merge, everything else is replaced.
func merged(have, patch any) any {
	p, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	h, ok := have.(map[string]any)
	if !ok {
		h = map[string]any{}
	}
	out := make(map[string]any, len(h)+len(p))
	for k, v := range h {
		out[k] = v
	}
	for k, v := range p {
		out[k] = merged(h[k], v)
	}
	return out
}
