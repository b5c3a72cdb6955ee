package signin

import (
	"cmp"
	"context"

	"portico/app/account"
)

// leaving.go: somebody who deleted their account signs in before it is gone. They are asked once, after they
// have proven who they are; nothing is undone before everything else that the sign-in asks for was shown.

// noteLeft is the outcome of "leave it deleted".
const noteLeft = "signin.left_deleted"

// usableAgain reports whether the account may be used: at all, or because its owner, who had deleted it, wants
// it back in time.
func usableAgain(f Facts, p Person, w World) bool {
	return p.Account.Usable() || f.Restored != nil && p.Account.Returnable(w.Now)
}

// away is the page for an account that may not be used, or not for this app: a question to whoever deleted it
// themselves, else no.
func away(a Attempt, w World, p Person) (Name, string) {
	if usableAgain(a.Facts, p, w) {
		return Blocked, unassigned
	}
	if p.Account.Returnable(w.Now) {
		return AskRestore, ""
	}
	return Blocked, "signin.blocked.account"
}

// comeBack undoes the deletion in the transaction of the commit, and tells the owner.
func (r *run) comeBack(ctx context.Context, s Store, who account.Account) error {
	if r.a.Facts.Restored == nil || !who.Leaving() {
		return nil
	}
	if err := s.Return(ctx, who.ID, r.visit.Signals.IP.String(), r.a.Request.CorrelationID); err != nil {
		return err
	}
	return r.Mailer.Returned(ctx, s.Tx(), ChangeMail{TenantID: r.a.TenantID, ClientID: r.a.Request.ClientID, To: who.Address(), Locale: cmp.Or(who.PreferredLanguage, r.visit.Wish),
		At: r.w.Now, Signals: r.visit.Signals})
}
