package graph

import (
	"reflect"
	"slices"
	"strings"
)

// wholeValue writes a value with every property that its JSON form can have, those at their defaults too,
// which omitempty would leave out: a file that does not name a setting leaves it as it is, so a file that
// shall be the whole truth names them all.
func wholeValue(v any, without ...string) any { return wholeOf(reflect.ValueOf(v), without) }

func wholeOf(v reflect.Value, without []string) any {
	switch v.Kind() {
	case reflect.Struct:
		out := object{}
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			if name == "" || name == "-" || slices.Contains(without, name) {
				continue
			}
			out.add(name, wholeOf(v.Field(i), without))
		}
		return out
	case reflect.Slice:
		out := make([]any, 0, v.Len())
		for i := range v.Len() {
			out = append(out, wholeOf(v.Index(i), without))
		}
		return out
	}
	return v.Interface()
}
