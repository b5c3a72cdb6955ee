package signin

import (
	"context"
	"slices"

	"portico/app/account"
	"portico/app/factor"
	"portico/app/fault"
	"portico/app/userflow"
)

// stepup.go: somebody who is signed in to their own pages shows once more that it's them.

// SteppingUp reports whether an attempt is such a proof: it is for the person of this browser's session, until
// they say that they are somebody else.
func SteppingUp(a Attempt, w World) bool {
	return a.Request.Protocol == Account && a.Request.Asks("login") && w.Session != nil && a.Facts.Other == nil
}

// stepUp names the session's person, who need not type what the browser knows, and goes straight to their proof.
// It mails a code to whoever has no password that opens anything: that tells nothing to anybody but them. Where it
// cannot, the first page asks as it asks everybody.
func (r *run) stepUp(ctx context.Context) error {
	if !SteppingUp(r.a, r.w) {
		return nil
	}
	who := r.w.Holder
	id := r.ownName(who)
	if id == nil {
		return nil
	}
	if who.HasPassword && !who.PasswordVoid && r.w.Flow.Accepts(userflow.EmailPassword) {
		r.a.Facts.Identified, r.w.Account = id, who
		return nil
	}
	if id.Type == account.SignInUserName || !slices.Contains(WaysIn(who, r.w.Flow, r.w.Providers), factor.EmailCode) {
		return nil
	}
	err := r.mailTo(ctx, PurposeProve, who, id, false)
	if fault.Is(err, fault.TooMany) {
		return nil
	}
	if err == nil {
		r.a.Facts.Identified, r.w.Account = id, who
	}
	return err
}

// ownName is what somebody signs in with here: an address before a user name.
func (r *run) ownName(who account.Account) *Identified {
	var name *Identified
	for _, i := range who.Identities {
		switch {
		case i.SignInType == account.SignInEmail:
			return &Identified{Typed: i.Value, Canonical: i.Canonical, At: r.w.Now}
		case i.SignInType == account.SignInUserName && r.w.Flow.UserNames:
			name = &Identified{Typed: i.Value, Canonical: i.Canonical, Type: account.SignInUserName, At: r.w.Now}
		}
	}
	return name
}
