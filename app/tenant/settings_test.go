package tenant

import (
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
		{Settings{BannedWords: make([]string, 1001)}, "bannedWords"},
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
