package tenant

import (
	"net/url"

	"portico/app/fault"
)

const (
	maxBannedWords = 1000
	maxLink        = 500
)

// bound is the range of a number; 0 always means the default.
type bound struct {
	name      string
	value     int
	low, high int
}

func (s Settings) bounds() []bound {
	return []bound{
		{"sessionIdleMinutes", s.SessionIdleMinutes, 5, 30 * 24 * 60},
		{"persistentIdleDays", s.PersistentIdleDays, 1, 365},
		{"passwordMinLength", s.PasswordMinLength, 8, 64},
		{"lockoutThreshold", s.LockoutThreshold, 3, 100},
		{"lockoutSeconds", s.LockoutSeconds, 5, 24 * 60 * 60},
		{"requestsPerSecondPerIp", s.RequestsPerSecondPerIP, 1, 100000},
		{"logRetentionDays", s.LogRetentionDays, 1, 3650},
	}
}

// Validate says what an admin must mend before the settings can be saved. Portal, management API and
// configuration files ask it alike.
func (s Settings) Validate() error {
	var bad fault.Fields
	for _, b := range s.bounds() {
		if b.value != 0 && (b.value < b.low || b.value > b.high) {
			bad.Add(b.name, "tenant.settings.range", map[string]any{"low": b.low, "high": b.high})
		}
	}
	if len(s.BannedWords) > maxBannedWords {
		bad.Add("bannedWords", "admin.banned.many", nil)
	}
	for name, link := range map[string]string{"supportUrl": s.SupportURL, "privacyUrl": s.PrivacyURL, "termsUrl": s.TermsURL} {
		if !shownLink(link) {
			bad.Add(name, "admin.address", nil)
		}
	}
	return bad.Err()
}

// shownLink accepts what a page may link to: http, https or a mail address; empty is none.
func shownLink(s string) bool {
	if s == "" {
		return true
	}
	u, err := url.Parse(s)
	if err != nil || len(s) > maxLink {
		return false
	}
	switch u.Scheme {
	case "http", "https":
		return u.Host != ""
	case "mailto":
		return u.Opaque != ""
	}
	return false
}
