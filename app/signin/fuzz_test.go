package signin

import (
	"testing"
	"unicode/utf8"

	"portico/app/userflow"
)

func FuzzReadAttributes(f *testing.F) {
	fields := []userflow.Attribute{{ID: "givenName", Required: true}, {ID: "country"}, {ID: "extension_age", DataType: "int64"},
		{ID: "extension_terms", DataType: "boolean", Required: true}, {ID: "extension_pick", InputType: "radioSingleSelect", Options: []userflow.Option{{Value: "a"}, {Value: "b"}}},
		{ID: "surname", ReadOnly: true}}
	f.Add("Anna", "DE", "42", "true", "a", "x")
	f.Add("", "\x00", "-1e9", "on", "c", "")
	f.Add("\xff", "🏠", "９", "", "", "y")
	f.Fuzz(func(t *testing.T, given, country, age, terms, pick, surname string) {
		form := map[string]string{"givenName": given, "country": country, "attributes[extension_age]": age,
			"attributes[extension_terms]": terms, "attributes[extension_pick]": pick, "surname": surname}
		got, err := ReadAttributes(fields, func(n string) []string { return []string{form[n]} })
		if err != nil {
			return
		}
		if got["givenName"] == "" || got["extension_terms"] != true || got["surname"] != nil {
			t.Errorf("accepted %v", got)
		}
		for id, v := range got {
			if s, ok := v.(string); ok && (!utf8.ValidString(s) || len([]rune(s)) > 250) {
				t.Errorf("%s: %q", id, s)
			}
		}
		if p := got["extension_pick"]; p != nil && p != "a" && p != "b" {
			t.Errorf("not offered: %v", p)
		}
	})
}

// Labels can never be read as others: the whole verifier rests on it.
func FuzzLabels(f *testing.F) {
	f.Add("a", "bc", "ab", "c")
	f.Add("", "", "\x00", "")
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		same := string(labels(a, b)) == string(labels(c, d))
		if same != (a == c && b == d) {
			t.Errorf("%q %q and %q %q", a, b, c, d)
		}
	})
}
