package tenant

import "portico/app/fault"

// Defaults are what a new tenant starts with where whoever makes it says nothing. They are copied: a later
// change touches no tenant that exists.
type Defaults struct {
	Locale   string   `json:"locale,omitempty"`
	Settings Settings `json:"settings,omitzero"`
}

// Validate says what the operator must mend before the defaults can be saved.
func (d Defaults) Validate() error {
	if d.Settings.NewTenants != nil {
		return fault.New(fault.Denied, "error.denied")
	}
	return d.Settings.Validate()
}

// Or fills what a new tenant leaves open from the defaults.
func (t Tenant) Or(d Defaults) Tenant {
	if t.DefaultLocale == "" {
		t.DefaultLocale = d.Locale
	}
	t.Settings = t.Settings.or(d.Settings)
	return t
}

// or takes from other what s leaves at its zero value. What belongs to one tenant alone (how it looks, its
// user names) is not among it.
func (s Settings) or(other Settings) Settings {
	for _, n := range []struct{ to, from *int }{{&s.SessionIdleMinutes, &other.SessionIdleMinutes}, {&s.PersistentIdleDays, &other.PersistentIdleDays},
		{&s.PasswordMinLength, &other.PasswordMinLength}, {&s.LockoutThreshold, &other.LockoutThreshold}, {&s.LockoutSeconds, &other.LockoutSeconds},
		{&s.RequestsPerSecondPerIP, &other.RequestsPerSecondPerIP}, {&s.LogRetentionDays, &other.LogRetentionDays}, {&s.RiskRetentionDays, &other.RiskRetentionDays}} {
		if *n.to == 0 {
			*n.to = *n.from
		}
	}
	for _, l := range []struct{ to, from *string }{{&s.SupportURL, &other.SupportURL}, {&s.PrivacyURL, &other.PrivacyURL}, {&s.TermsURL, &other.TermsURL}} {
		if *l.to == "" {
			*l.to = *l.from
		}
	}
	s.PasswordThreeOfFour = s.PasswordThreeOfFour || other.PasswordThreeOfFour
	s.StayedSignedInOff = s.StayedSignedInOff || other.StayedSignedInOff
	s.AskOwnerOff = s.AskOwnerOff || other.AskOwnerOff
	s.KeepSignInsOfDeleted = s.KeepSignInsOfDeleted || other.KeepSignInsOfDeleted
	if len(s.BannedWords) == 0 {
		s.BannedWords = append([]string(nil), other.BannedWords...)
	}
	return s
}
