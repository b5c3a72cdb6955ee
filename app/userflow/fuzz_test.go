package userflow

import (
	"testing"
	"unicode/utf8"
)

func FuzzAnswers(f *testing.F) {
	fields := []Attribute{{ID: "givenName", Required: true}, {ID: "country"}, {ID: "extension_age", Definition: &Definition{ID: "extension_age", DataType: Int}},
		{ID: "extension_terms", Required: true, Definition: &Definition{ID: "extension_terms", DataType: Boolean}}, {ID: "extension_pick", InputType: RadioSingleSelect, Options: []Option{{Value: "a"}, {Value: "b"}}},
		{ID: "surname", ReadOnly: true}}
	f.Add("Anna", "DE", "42", "true", "a", "x")
	f.Add("", "\x00", "-1e9", "on", "c", "")
	f.Add("\xff", "🏠", "９", "", "", "y")
	f.Fuzz(func(t *testing.T, given, country, age, terms, pick, surname string) {
		form := map[string]string{"givenName": given, "country": country, "attributes[extension_age]": age,
			"attributes[extension_terms]": terms, "attributes[extension_pick]": pick, "surname": surname}
		got, err := Answers(fields, func(n string) []string { return []string{form[n]} })
		if err != nil {
			return
		}
		if got["givenName"] == "" || got["extension_terms"] != true || got["surname"] != nil {
			t.Errorf("accepted %v", got)
		}
		for id, v := range got {
			if s, ok := v.(string); ok && (!utf8.ValidString(s) || len([]rune(s)) > 256) {
				t.Errorf("%s: %q", id, s)
			}
		}
		if p := got["extension_pick"]; p != nil && p != "a" && p != "b" {
			t.Errorf("not offered: %v", p)
		}
	})
}
