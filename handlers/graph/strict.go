package graph

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
)

// strict decodes a property's value. Unknown names are refused at every depth, names in another letter
// case among them: encoding/json would take those, and a PATCH could then hold a property twice.
func strict(name string, raw json.RawMessage, into any) error {
	if bytes.Equal(bytes.TrimSpace(raw), []byte("null")) {
		return nil
	}
	err := json.Unmarshal(raw, into)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		path := name
		if wrong.Field != "" {
			path += "/" + strings.ReplaceAll(wrong.Field, ".", "/")
		}
		return badRequest("A value of another type was expected for property '"+path+"'.", path)
	}
	if err != nil {
		return badRequest("The value of property '"+name+"' is not valid.", name)
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return badRequest("The value of property '"+name+"' is not valid.", name)
	}
	if path := unknownName(reflect.TypeOf(into), v, name); path != "" {
		return badRequest("Invalid property '"+path+"'.", path)
	}
	return nil
}

// unknownName finds a name in v that the type does not have; "" when there is none.
func unknownName(t reflect.Type, v any, path string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			at := path + "/" + key
			var of reflect.Type
			switch t.Kind() {
			case reflect.Struct:
				of = fieldType(t, key)
			case reflect.Map:
				of = t.Elem()
			default:
				continue
			}
			if of == nil {
				return at
			}
			if bad := unknownName(of, inner, at); bad != "" {
				return bad
			}
		}
	case []any:
		if t.Kind() != reflect.Slice {
			return ""
		}
		for _, item := range v {
			if bad := unknownName(t.Elem(), item, path); bad != "" {
				return bad
			}
		}
	}
	return ""
}

func fieldType(t reflect.Type, key string) reflect.Type {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous && f.Type.Kind() == reflect.Struct && f.Tag.Get("json") == "" { // its properties are the outer one's
			if of := fieldType(f.Type, key); of != nil {
				return of
			}
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" {
			name = f.Name
		}
		if f.IsExported() && name == key && name != "-" {
			return f.Type
		}
	}
	return nil
}
