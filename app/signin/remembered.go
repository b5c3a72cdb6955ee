package signin

import (
	"slices"
	"time"

	"portico/app/policy"
)

// remembered.go: what a device counts for on which somebody showed a second factor before and asked not to be
// asked again. Which device it is, the shell reads from a cookie; here only what follows.

// MayRemember reports whether a device may stand in for the second factor of this attempt at all: where the
// directory offers it, for an app, and not where somebody resets a password or steps up on purpose.
func MayRemember(a Attempt, w World) bool {
	return w.Tenant.Governed() && w.Tenant.Settings.RememberDays > 0 && !a.ownPages() && !Resetting(a, w) &&
		len(a.Request.Contexts) == 0 && a.Request.Action == ""
}

// recall gives the person the second factor of a remembered device, when nothing says that it must be fresh:
// risk, a change of password, or a policy about how old proofs may be. Its time stays what it was. What stands in is
// good for this one answer: no session keeps it (openSession), and a grant keeps it under a word of its own, so that
// risk at refresh does not take it for more than it is (policy.RememberedDevice).
func recall(a Attempt, w World, p Person, d policy.Decision) Person {
	r := w.Remembered
	if r == nil || !p.Proven || !p.MFATime.IsZero() || r.UserID != p.Account.ID || p.Account.ID == "" || !MayRemember(a, w) {
		return p
	}
	change, _ := d.Asks(policy.KindPasswordChange)
	f, age := d.Frequency, w.Now.Sub(r.MFATime)
	limit := time.Duration(w.Tenant.Settings.RememberDays) * 24 * time.Hour
	for _, shorter := range []time.Duration{f.Any, f.Second} {
		if shorter > 0 {
			limit = min(limit, shorter)
		}
	}
	if change || because(d) || f.EveryTime || f.EverySecond || age > limit || age < 0 || !w.Now.Before(r.ExpiresAt) ||
		r.MFATime.Before(p.Account.SessionsValidFrom) {
		return p
	}
	p.MFATime, p.Remembered = r.MFATime, true
	p.Methods, p.AMR = append(union(p.Methods, r.Methods), policy.RememberedDevice), union(p.AMR, []string{"mfa"})
	slices.Sort(p.AMR)
	return p
}
