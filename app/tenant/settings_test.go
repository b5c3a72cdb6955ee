package tenant

import (
	"slices"
	"strings"
	"testing"

	"portico/app/fault"
)

func TestSettingsSayWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		settings Settings
		bad      string // names of the fields, joined
	}{
		{Settings{}, ""},
		{Settings{SessionIdleMinutes: 5, PersistentIdleDays: 365, PasswordMinLength: 12, LockoutThreshold: 3, LockoutSeconds: 5, RequestsPerSecondPerIP: 1, LogRetentionDays: 3650}, ""},
		{Settings{SessionIdleMinutes: 4}, "sessionIdleMinutes"},
		{Settings{PasswordMinLength: 7}, "passwordMinLength"},
		{Settings{LockoutThreshold: -1}, "lockoutThreshold"},
		{Settings{LogRetentionDays: 3651}, "logRetentionDays"},
		{Settings{SupportURL: "https://help.example", PrivacyURL: "http://localhost/p", TermsURL: "mailto:legal@example.com"}, ""},
		{Settings{SupportURL: "javascript:alert(1)"}, "supportUrl"},
		{Settings{PrivacyURL: "//evil.example"}, "privacyUrl"},
		{Settings{TermsURL: "https://" + strings.Repeat("a", 600)}, "termsUrl"},
		{Settings{BannedWords: slices.Repeat([]string{"fernhill"}, 1001)}, "bannedWords"},
		{Settings{BannedWords: []string{"fernhill", "kiwi", "Fernhill Group"}}, ""},
		{Settings{BannedWords: []string{"fernhill", "kea", "ox"}}, "bannedWords"},
		{Settings{BannedWords: []string{strings.Repeat("a", 65)}}, "bannedWords"},
		{Settings{UserNames: UserNames{Enabled: true}}, ""},
		{Settings{UserNames: UserNames{Patterns: []string{`[A-Z]{2}-\d{4}`, `\d+`}, Message: "Like FH-1001"}}, ""},
		{Settings{UserNames: UserNames{Patterns: []string{"a", "b", "c"}, Message: "x"}}, "userNames.patterns"},
		{Settings{UserNames: UserNames{Patterns: []string{`\d+`}}}, "userNames.message"},
		{Settings{UserNames: UserNames{Patterns: []string{`\d+`}, Message: strings.Repeat("x", 251)}}, "userNames.message"},
		{Settings{UserNames: UserNames{Patterns: []string{`\d+`}, Message: "x\u202Ey"}}, "userNames.message"},
		{Settings{UserNames: UserNames{Patterns: []string{`\d+`, `(`}, Message: "x"}}, "userNames.patterns[1]"},
		{Settings{UserNames: UserNames{Patterns: []string{"a\u202Eb"}, Message: "x"}}, "userNames.patterns[0]"},
		{Settings{UserNames: UserNames{Patterns: []string{`(?=a)a`}, Message: "x"}}, "userNames.patterns[0]"},
		{Settings{UserNames: UserNames{Patterns: []string{`(a{999}){999}`}, Message: "x"}}, "userNames.patterns[0]"},
		{Settings{UserNames: UserNames{Patterns: []string{`.*`}, Message: "x"}}, "userNames.patterns[0]"},
		{Settings{UserNames: UserNames{Patterns: []string{`[\w.]+@[\w.]+`}, Message: "x"}}, "userNames.patterns[0]"},
		{Settings{UserNames: UserNames{Patterns: []string{`[a-z]+`, `[a-z]+@[a-z.]+x`}, Message: "x"}}, "userNames.patterns[1]"}, // no name matches it
		{Settings{UserNames: UserNames{Patterns: []string{`a[@]c`}, Message: "x"}}, "userNames.patterns[0]"},
		{Settings{UserNames: UserNames{Patterns: []string{`[^@\s]{3,20}`}, Message: "x"}}, ""},
	} {
		var names []string
		if err := c.settings.Validate(); err != nil {
			for _, f := range fault.Of(err).Fields {
				names = append(names, f.Name)
			}
		}
		if got := strings.Join(names, ","); got != c.bad {
			t.Errorf("%+v: %q, want %q", c.settings, got, c.bad)
		}
	}
}

func TestUserNamesThatTheTenantAllows(t *testing.T) {
	two := UserNames{Patterns: []string{`FH-\d{4}`, `[a-z]{3,8}`}}
	for _, c := range []struct {
		policy UserNames
		name   string
		want   bool
	}{
		{UserNames{}, "anything", true},
		{two, "FH-1001", true},
		{two, " FH-1001 ", true},
		{two, "anna", true},
		{two, "FH-10012", false}, // the whole name must match
		{two, "xFH-1001", false},
		{two, "Anna", false},
		{two, "", false},
		{UserNames{Patterns: []string{"("}}, "(", false}, // unreadable: allows nothing
		{UserNames{Patterns: []string{"a|b"}}, "ab", false},
	} {
		if got := c.policy.Allows(c.name); got != c.want {
			t.Errorf("%v %q: %v", c.policy.Patterns, c.name, got)
		}
	}
}

func TestSettingsAreTidied(t *testing.T) {
	got := Settings{BannedWords: []string{" Fernhill ", "", "fernhill", "Kiwi"}, UserNames: UserNames{Patterns: []string{"", " a ", "A"}, Message: " x "}}.Tidied()
	if !slices.Equal(got.BannedWords, []string{"Fernhill", "Kiwi"}) || !slices.Equal(got.UserNames.Patterns, []string{"a", "A"}) || got.UserNames.Message != "x" {
		t.Errorf("%+v", got)
	}
}
