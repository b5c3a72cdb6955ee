package tenant

import "slices"

// MethodsPolicy says which ways to confirm it's you there are at all in a directory, and for whom (R 4.1.1).
// The zero value has all of them for everybody. A user flow chooses among them.
type MethodsPolicy struct {
	Email    MethodRule  `json:"email,omitzero"`
	SMS      SMSRule     `json:"sms,omitzero"`
	TOTP     MethodRule  `json:"softwareOath,omitzero"`
	Passkey  PasskeyRule `json:"fido2,omitzero"`
	Recovery MethodRule  `json:"recovery,omitzero"`
}

// MethodRule switches one method. Groups are ids; no included group means everybody; excluded wins.
type MethodRule struct {
	Off     bool     `json:"off,omitempty"`
	Include []string `json:"includeGroups,omitempty"`
	Exclude []string `json:"excludeGroups,omitempty"`
}

// SMSRule adds to which countries texts go, by calling code (R 4.4.5). About 110 costly ones are off by
// default; Regions switches some of them on, Barred others off.
type SMSRule struct {
	MethodRule
	Regions []string `json:"includeRegions,omitempty"`
	Barred  []string `json:"excludeRegions,omitempty"`
	// DailyLimit is how many texts the directory sends in a day at most; 0 = the default of R 4.4.3.
	DailyLimit int `json:"dailyLimit,omitempty"`
}

// PasskeyRule adds which passkeys may be registered (R 4.5.3).
type PasskeyRule struct {
	MethodRule
	SelfServiceOff bool     `json:"selfServiceOff,omitempty"` // nobody registers one on the hosted pages
	Attested       bool     `json:"attested,omitempty"`       // only models that prove what they are
	Allowed        []string `json:"allowedAAGUIDs,omitempty"` // only these models; empty = any
	Blocked        []string `json:"blockedAAGUIDs,omitempty"`
}

// Allows reports whether somebody in these groups (nested ones counted) may use a method.
func (r MethodRule) Allows(groups []string) bool {
	in := func(list []string) bool {
		return slices.ContainsFunc(list, func(id string) bool { return slices.Contains(groups, id) })
	}
	return !r.Off && (len(r.Include) == 0 || in(r.Include)) && !in(r.Exclude)
}
