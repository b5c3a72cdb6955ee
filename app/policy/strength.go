package policy

import (
	"slices"
	"strings"
)

// Graph's words for the methods that combinations are made of. A recovery code is the vendor's one-time
// temporary access pass: issued once, used once.
const (
	modePassword = "password"
	modeEmail    = "email"
	modeSMS      = "sms"
	modeTOTP     = "softwareOath"
	modePasskey  = "fido2"
	modeRecovery = "temporaryAccessPassOneTime"
)

// ModeOf gives Graph's word for one of our kinds of factors (package factor's words); "" for none of them.
func ModeOf(kind string) string {
	switch kind {
	case "password":
		return modePassword
	case "email":
		return modeEmail
	case "sms":
		return modeSMS
	case "totp":
		return modeTOTP
	case "passkey":
		return modePasskey
	case "recovery":
		return modeRecovery
	}
	return ""
}

// Combinations lists what an authentication strength may be made of: every way to confirm it's you twice that
// there is. One channel is never both factors, and a passkey is both by itself (DESIGN §5.4).
func Combinations() []string {
	return []string{modePasskey,
		modePassword + "," + modeTOTP, modePassword + "," + modeSMS, modePassword + "," + modeEmail, modePassword + "," + modeRecovery,
		modeEmail + "," + modeTOTP, modeEmail + "," + modeSMS, modeEmail + "," + modeRecovery}
}

// BuiltInStrengths are the vendor's three (R 4.6.1).
func BuiltInStrengths() []Strength {
	return []Strength{
		{ID: StrengthMFA, Name: "Multifactor authentication", BuiltIn: true, Combinations: Combinations(),
			Description: "Any two ways to confirm it’s you, or a passkey."},
		{ID: StrengthPasswordless, Name: "Passwordless MFA", BuiltIn: true, Combinations: []string{modePasskey},
			Description: "Two factors without a password: a passkey."},
		{ID: StrengthPhishingResistant, Name: "Phishing-resistant MFA", BuiltIn: true, Combinations: []string{modePasskey},
			Description: "Ways that a false page cannot pass on: a passkey."},
	}
}

// MetBy reports whether kinds of factors (package factor's words), with the models of the passkeys among them,
// make one of the combinations.
func (s Strength) MetBy(kinds, aaguids []string) bool {
	return slices.ContainsFunc(s.Combinations, func(combination string) bool {
		for mode := range strings.SplitSeq(combination, ",") {
			if !slices.ContainsFunc(kinds, func(k string) bool { return ModeOf(k) == mode }) {
				return false
			}
			if mode == modePasskey && len(s.AAGUIDs) > 0 &&
				!slices.ContainsFunc(aaguids, func(a string) bool { return containsFold(s.AAGUIDs, a) }) {
				return false
			}
		}
		return true
	})
}

func containsFold(list []string, one string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, one) })
}
