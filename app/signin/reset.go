package signin

import (
	"cmp"
	"context"
	"time"

	"portico/app/account"
	"portico/app/userflow"
)

// reset.go: "Forgot your password?" (F074). It is no door of its own: one more fact in the attempt, after
// which the mailed code stands in for the password. What the account is asked for besides stays what it is:
// the same risk, the same policies, the same second factor, never the mailbox twice.

// Resettable reports whether people may choose a new password by themselves.
func Resettable(f userflow.Flow) bool { return f.PasswordReset && f.Accepts(userflow.EmailPassword) }

// ResetHelps reports whether somebody who is refused because another password is due can choose it by their mailbox
// (canChange). They are proven, so that saying so tells nobody who has an account.
func ResetHelps(s Step, a Attempt, w World) bool {
	return s.Name == Blocked && s.Reason == blockedPassword && s.Person.Proven && s.Person.Account.HasPassword && s.Person.Account.Address() != "" &&
		a.Facts.Identified != nil && !Resetting(a, w) && Resettable(w.Flow)
}

// Resetting reports whether somebody is about to choose a new password in place of a forgotten one.
func Resetting(a Attempt, w World) bool { return a.Facts.Reset != nil && Resettable(w.Flow) }

// resetProves reports whether the code that was mailed for the reset proves the person: not once their
// sessions were revoked afterwards, by anybody but this very reset.
func resetProves(a Attempt, w World) bool {
	since := a.Facts.Email.At
	if c := a.Facts.Changed; c != nil && c.Stored && c.At.After(since) {
		since = c.At
	}
	return Resetting(a, w) && !since.Before(w.Account.SessionsValidFrom)
}

// resetDue: the person is proven and has not chosen yet.
func resetDue(a Attempt, w World, p Person) bool {
	return Resetting(a, w) && a.Facts.Changed == nil && !p.Newcomer && !p.Resumed
}

// afterReset is what the second factor comes to when a mailed code has stood in for a forgotten password.
// Whoever has another way to confirm it's them shows it before the new password is taken, demanded or not:
// a mailbox alone must not undo a second factor. Whoever has none but the mailbox itself would be shut out,
// because one channel is never both factors (DESIGN §5.4): their password is changed, and they sign in
// afresh with it and the mailbox.
func (x *asking) afterReset() {
	off := x.w.Flow.MFA.Enforcement == userflow.MFAOff
	switch {
	case x.later, !Resetting(x.a, x.w), x.p.Resumed, x.p.Newcomer:
		return
	case len(x.methods) > 0:
		if x.need == needNothing && !off && x.shown.MFA.IsZero() {
			x.need = needChallenge
		}
		return
	}
	then := newAsking(x.a, x.w, withPassword(x.p), x.verdict)
	then.later = true
	then.work()
	mailbox := len(registered(x.a, x.w, withPassword(x.p))) > 0
	switch {
	case x.need == needDeny && then.need != needDeny, x.need == needEnrol && mailbox,
		x.need == needNothing && mailbox && wantsMFA(x.a.Request.ACR) && !off:
		x.need, x.reason, x.notes = needLater, "", nil
	case x.need == needOffer && mailbox:
		x.need = needNothing
	}
}

// forgot takes "Forgot your password?" from the page that asks who somebody is. What was typed is kept;
// when it names nobody yet, the next page asks for it.
func (r *run) forgot(ctx context.Context, typed string) error {
	r.a.Facts.Reset = cmp.Or(r.a.Facts.Reset, &Mark{At: r.w.Now})
	id, err := r.named(typed, true)
	if err != nil || r.a.Facts.Identified != nil {
		r.a.Request.LoginHint = cmp.Or(typed, r.a.Request.LoginHint)
		return nil
	}
	return r.mailReset(ctx, id)
}

// mailReset names the person and mails the code. Nobody and a disabled account get the same page, the
// same counters and the same queued mail; what is queued for nobody is never delivered.
func (r *run) mailReset(ctx context.Context, id *Identified) error {
	who, err := r.find(ctx, r.store, id)
	if err != nil {
		return err
	}
	if err := r.mailTo(ctx, PurposeReset, who, id, who.ID == ""); err != nil {
		return err
	}
	r.a.Facts.Identified, r.w.Account = id, who
	return nil
}

// changed plans the write of a new password together with the notice to its owner.
func (r *run) changed(ctx context.Context, s Store, who account.Account, p PasswordChange) error {
	p.IP, p.Correlation = r.visit.Signals.IP.String(), r.a.Request.CorrelationID
	if err := s.SetPassword(ctx, who.ID, p); err != nil {
		return err
	}
	return r.Mailer.PasswordChanged(ctx, s.Tx(), ChangeMail{TenantID: r.a.TenantID, ClientID: r.a.Request.ClientID, To: who.Address(), Locale: cmp.Or(who.PreferredLanguage, r.visit.Wish),
		At: p.At, Signals: r.visit.Signals})
}

// remediate takes the risk off whoever changed their password as a policy wants it.
// since is when the second factor that speaks for them had been registered; zero = it is the mailbox that does.
func (r *run) remediate(ctx context.Context, s Store, who account.Account, detail string, since time.Time) error {
	if UserRisk(who.Risk) == riskNone {
		return nil
	}
	return s.RemediateRisk(ctx, who.ID, detail, since, r.visit.Signals.IP.String(), r.a.Request.CorrelationID)
}

// replace takes the new password of a reset. It is stored with the fact, not at the end of the attempt:
// whoever closes the browser on the next page has changed it all the same.
// secure says that it was chosen after everything that this person can be asked for.
func (r *run) replace(who account.Account, hash string, everywhere, secure bool) {
	at := r.Now().UTC().Truncate(time.Microsecond)
	p := person(r.a, r.w)
	first := firstProof(r.a, r.w, p)
	r.a.Facts.Changed = &NewPassword{At: at, Stored: true}
	r.effects = append(r.effects, func(ctx context.Context, s Store) error {
		if first { // before the new password is there, which stays
			if err := r.link(ctx, s, p, at); err != nil {
				return err
			}
		}
		if err := r.changed(ctx, s, who, PasswordChange{Hash: hash, Reset: true, EndSessions: everywhere, At: at}); err != nil || !secure {
			return err
		}
		return r.remediate(ctx, s, who, RemediatedByReset, time.Time{})
	})
	if secure {
		r.w.Account.Risk, r.w.RiskSince, r.since = account.Risk{}, time.Time{}, time.Time{}
	}
	if everywhere || first { // the world of this request; the next one reads it
		r.w.Account.SessionsValidFrom = at
	}
}
