package branding

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// leaves calls do with each thing that an admin can set, and with its name.
func leaves(v reflect.Value, name string, do func(name string, v reflect.Value)) {
	if v.Kind() != reflect.Struct {
		do(strings.TrimPrefix(name, "."), v)
		return
	}
	for i := range v.NumField() {
		leaves(v.Field(i), name+"."+v.Type().Field(i).Name, do)
	}
}

// mark sets a leaf to something that only layer n has; a switch says whether n is even.
func mark(t *testing.T, v reflect.Value, n int) {
	t.Helper()
	text := fmt.Sprintf("layer %d", n)
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Pointer:
		v.Set(reflect.ValueOf(new(n%2 == 0)))
	case reflect.Map: // a key of its own, and one that all have
		m := reflect.MakeMap(v.Type())
		for _, key := range []string{"shared", text} {
			m.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), reflect.ValueOf(text))
		}
		v.Set(m)
	default:
		t.Fatalf("no mark for a %s", v.Kind())
	}
}

// TestEveryElementFallsBack: each element is that of the theme in the language, else of the theme, else of the company in
// the language, else of the company (R 3.1.4), whichever of the four have it. A map falls back key by key.
func TestEveryElementFallsBack(t *testing.T) {
	n := 0
	leaves(reflect.ValueOf(&Elements{}).Elem(), "", func(name string, _ reflect.Value) {
		n++
		for set := range 1 << 4 { // which of the layers have the element; bit 0 is the company in all languages
			var layers [4]Elements
			nearest := -1
			for i := range layers {
				if set&(1<<i) == 0 {
					continue
				}
				nearest = i
				leaves(reflect.ValueOf(&layers[i]).Elem(), "", func(of string, v reflect.Value) {
					if of == name {
						mark(t, v, i)
					}
				})
			}
			document := func(all, french Elements) Document {
				return Document{Languages: map[string]Elements{"": all, "fr-FR": french}}
			}
			s := Set{Company: document(layers[0], layers[1]), Themes: map[string]Document{"red": document(layers[2], layers[3])}, OfApp: map[string]string{"app": "red"}}
			look := s.For("app", "fr").Elements
			leaves(reflect.ValueOf(&look).Elem(), "", func(of string, got reflect.Value) {
				var want Elements
				leaves(reflect.ValueOf(&want).Elem(), "", func(it string, v reflect.Value) {
					if it != of || of != name || nearest < 0 {
						return
					}
					mark(t, v, nearest)
					if v.Kind() == reflect.Map {
						for i := range layers {
							if set&(1<<i) != 0 {
								text := reflect.ValueOf(fmt.Sprintf("layer %d", i))
								v.SetMapIndex(text.Convert(v.Type().Key()), text)
							}
						}
					}
					if !reflect.DeepEqual(got.Interface(), v.Interface()) {
						t.Errorf("%s, set in layers %04b: %v, want %v", name, set, show(got), show(v))
					}
				})
				if of != name && !got.IsZero() {
					t.Errorf("%s was set, and %s is %v", name, of, show(got))
				}
			})
		}
	})
	if n < 25 {
		t.Errorf("only %d elements were looked at", n)
	}
}

func show(v reflect.Value) any {
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		return v.Elem()
	}
	return v
}

// TestTheNearestLanguage: a wish gets the look's own tag, else the one of its region, else another of its language and
// script, and never what holds for all.
func TestTheNearestLanguage(t *testing.T) {
	all := func(tags ...string) Document {
		d := Document{Languages: map[string]Elements{"": {}}}
		for _, tag := range tags {
			d.Languages[tag] = Elements{}
		}
		return d
	}
	for _, c := range []struct {
		has        []string
		wish, want string
	}{
		{[]string{"fr", "fr-FR"}, "fr", "fr"},
		{[]string{"fr-CA", "fr-FR"}, "fr", "fr-FR"},
		{[]string{"fr-CA", "fr-CH"}, "fr", "fr-CA"},
		{[]string{"fr-FR"}, "fr-CA", "fr-FR"},
		{[]string{"pt-BR"}, "pt-PT", "pt-BR"},
		{[]string{"zh-CN"}, "zh-HK", ""},
		{[]string{"de-DE"}, "fr", ""},
		{[]string{"de-DE"}, "", ""},
		{[]string{"de-DE"}, "!", ""},
		{nil, "fr", ""},
	} {
		if got := all(c.has...).Nearest(c.wish); got != c.want {
			t.Errorf("%v for %q: %q, want %q", c.has, c.wish, got, c.want)
		}
	}
}
