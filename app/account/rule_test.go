package account

import (
	"strings"
	"testing"
)

func anna(attribute string) any {
	return map[string]any{"country": "DE", "city": "Köln", "displayName": "Anna Berg", "accountEnabled": true, "extension_level": int64(3), "jobTitle": nil}[attribute]
}

func knownAttribute(a string) bool {
	return strings.Contains("country city displayName accountEnabled extension_level jobTitle surname", a) && a != ""
}

func TestRules(t *testing.T) {
	for rule, want := range map[string]bool{
		`user.country -eq "DE"`:                                                true,
		`user.country -eq "de"`:                                                true,
		`user.country eq "DE"`:                                                 true,
		`user.country -EQ 'DE'`:                                                true,
		`user.country -ne "DE"`:                                                false,
		`user.city -startsWith "KÖ"`:                                           true,
		`user.city -notStartsWith "b"`:                                         true,
		`user.displayName -contains "berg"`:                                    true,
		`user.displayName -notContains "berg"`:                                 false,
		`user.country -in ["AT", "DE"]`:                                        true,
		`user.country -notIn ["AT", "DE"]`:                                     false,
		`user.accountEnabled -eq true`:                                         true,
		`user.accountEnabled -eq false`:                                        false,
		`user.extension_level -eq 3`:                                           true,
		`user.jobTitle -eq null`:                                               true,
		`user.jobTitle -ne null`:                                               false,
		`user.country -ne null`:                                                true,
		`user.jobTitle -contains ""`:                                           false,
		`user.jobTitle -ne "x"`:                                                true,
		`user.country -eq "AT" -or user.city -eq "Köln"`:                       true,
		`user.country -eq "DE" -and user.city -eq "Bonn"`:                      false,
		`user.country -eq "DE" -or user.city -eq "x" -and user.city -eq "y"`:   true, // -and binds closer
		`(user.country -eq "DE" -or user.city -eq "x") -and user.city -eq "y"`: false,
		`-not (user.country -eq "AT")`:                                         true,
		`-not -not user.country -eq "DE"`:                                      true,
		`user.displayName -eq "Anna ` + "`" + `"Berg"`:                         false, // an escaped quotation mark
		"user.country -eq \"DE\"\n-and (user.city -in [\"Berlin\",\"Köln\"])":  true,
		`user.country -eq "DE" -and (user.jobTitle -contains "x" -or user.surname -eq 1)`: false,
	} {
		r, err := ParseRule(rule, knownAttribute)
		if err != nil {
			t.Errorf("%s: %v", rule, err)
			continue
		}
		if got := r.Match(anna); got != want {
			t.Errorf("%s: %v", rule, got)
		}
	}
	if (Rule{}).Match(anna) {
		t.Error("no rule matches nobody")
	}
}

func TestRulesPointAtTheMistake(t *testing.T) {
	for rule, want := range map[string]string{
		``:                                          `column 1: group.rule.empty ""`,
		`user.country`:                              `column 13: group.rule.operator ""`,
		`user.country -like "D"`:                    `column 14: group.rule.operator "-like"`,
		`user.country -match "D.*"`:                 `column 14: group.rule.operator "-match"`,
		`user.shoeSize -eq 4`:                       `column 1: group.rule.unknown "user.shoeSize"`,
		`device.os -eq "x"`:                         `column 1: group.rule.attribute "device.os"`,
		`"user.country" -eq "x"`:                    `column 1: group.rule.attribute "user.country"`,
		`user.country -eq DE`:                       `column 18: group.rule.value "DE"`,
		`user.country -eq "DE`:                      `column 18: group.rule.quote "\"DE"`,
		`(user.country -eq "DE"`:                    `column 23: group.rule.close ""`,
		`user.country -eq "DE")`:                    `column 22: group.rule.end ")"`,
		`user.country -eq "DE" user.city -eq 1`:     `column 23: group.rule.end "user.city"`,
		`user.country -in "DE"`:                     `column 18: group.rule.list "DE"`,
		`user.country -in ["DE" "AT"]`:              `column 24: group.rule.list "AT"`,
		`user.country -eq "DE" -and`:                `column 27: group.rule.attribute ""`,
		`user.country = "DE"`:                       `column 14: group.rule.word "="`,
		strings.Repeat("(", 40) + `user.city -eq 1`: `column 34: group.rule.deep "("`,
	} {
		_, err := ParseRule(rule, knownAttribute)
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", rule, err, want)
		}
	}
}

func FuzzParseRule(f *testing.F) {
	for _, s := range []string{`user.country -eq "DE" -and (user.city -in ["a","b"] -or -not user.jobTitle -eq null)`, `((`, `-not`, "user.city -eq \"`", `user.city -in [`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRule(s, knownAttribute)
		if err != nil && (err.Column < 1 || err.Key == "") {
			t.Errorf("%q: %v", s, err)
		}
		if err == nil {
			again, err := ParseRule(s, knownAttribute)
			if err != nil || again.Match(anna) != r.Match(anna) {
				t.Errorf("%q is read differently", s)
			}
		}
	})
}
