package tenant

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/language"

	"portico/app/fault"
)

// A banned word shorter than four characters would forbid too much and is not looked for (R 14.3.2); the
// longest is ours.
const (
	maxBannedWords = 1000
	shortestBanned = 4
	longestBanned  = 64
	maxLink        = 500
)

// Tidied is the settings as they are stored: banned words and patterns trimmed, each once, empty lines gone.
func (s Settings) Tidied() Settings {
	s.BannedWords = lines(s.BannedWords, strings.ToLower)
	s.UserNames.Patterns = lines(s.UserNames.Patterns, func(p string) string { return p })
	s.UserNames.Message = strings.TrimSpace(s.UserNames.Message)
	s.Methods = s.Methods.Tidied()
	s.RiskMail = s.RiskMail.tidied()
	s.Mail = s.Mail.tidied()
	return s
}

// lines trims a list; of those that fold alike the first stays.
func lines(list []string, fold func(string) string) []string {
	var out []string
	seen := map[string]bool{}
	for _, l := range list {
		if l = strings.TrimSpace(l); l == "" || seen[fold(l)] {
			continue
		}
		seen[fold(l)], out = true, append(out, l)
	}
	return out
}

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
		{"riskRetentionDays", s.RiskRetentionDays, 1, 3650},
		{"rememberDays", s.RememberDays, 1, 365},
	}
}

// Validate says what an admin must mend before the settings can be saved. Portal, management API and
// configuration files ask it alike.
func (s Settings) Validate() error {
	var bad fault.Fields
	if s.NewTenants != nil {
		if err := s.NewTenants.Validate(); err != nil {
			return err
		}
	}
	for _, b := range s.bounds() {
		if b.value != 0 && (b.value < b.low || b.value > b.high) {
			bad.Add(b.name, "tenant.settings.range", map[string]any{"low": b.low, "high": b.high})
		}
	}
	if len(s.BannedWords) > maxBannedWords {
		bad.Add("bannedWords", "admin.banned.many", nil)
	}
	for _, word := range s.BannedWords {
		if n := utf8.RuneCountInString(word); n < shortestBanned || n > longestBanned {
			bad.Add("bannedWords", "tenant.banned.length", map[string]any{"word": word, "low": shortestBanned, "high": longestBanned})
			break
		}
	}
	for _, lang := range s.Languages {
		if tag, err := language.Parse(lang); err != nil || tag.String() != lang || len(s.Languages) > 100 {
			bad.Add("languages", "branding.language.unknown", map[string]any{"language": lang})
			break
		}
	}
	bad = append(bad, s.UserNames.check()...)
	if err := s.Methods.Validate(); err != nil {
		bad = append(bad, fault.Of(err).Fields...)
	}
	if err := s.Risk.Validate(); err != nil {
		bad = append(bad, fault.Of(err).Fields...)
	}
	if err := s.RiskMail.Validate(); err != nil {
		bad = append(bad, fault.Of(err).Fields...)
	}
	if err := s.Mail.Validate(); err != nil {
		bad = append(bad, fault.Of(err).Fields...)
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
