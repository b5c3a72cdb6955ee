package ways

import (
	"context"

	"portico/app/audit"
	"portico/app/message"
	"portico/app/session"
	"portico/app/signin"
)

// Questions is what the answers to "was this you?" need remembered.
type Questions interface {
	AnswerNo(ctx context.Context, questionID string) (bool, error)
	AnswerYes(ctx context.Context, actor audit.Actor, q signin.Question) error
}

// Disown takes "no, it wasn't me" from the link of a mail, where nobody need be signed in: every session and everything
// that apps hold of the person ends, the password opens nothing any more, and their account counts as in danger, as when
// they say so on their account pages (Report). It does nothing the second time. The person is told by mail.
func (d *Desk) Disown(ctx context.Context, v Visit, q signin.Question) error {
	return d.store(v).Together(ctx, func(s Store) error {
		first, err := s.AnswerNo(ctx, q.ID)
		if err != nil || !first {
			return err
		}
		first, err = s.ReportSignIn(ctx, v.Actor, q.UserID, q.SignInID)
		if err != nil || !first { // they have said so on their account pages already
			return err
		}
		if err := s.KeepOnly(ctx, v.Actor, q.UserID, session.Session{}, d.now(), false); err != nil {
			return err
		}
		return d.tell(ctx, s, v, message.Notice{Kind: message.SignInReported})
	})
}

// Own takes "yes, it was me". It lowers the risk of the sign-in only where the browser that says so is one that the
// person used before that sign-in and is signed in with now; else it changes nothing.
func (d *Desk) Own(ctx context.Context, v Visit, q signin.Question) error {
	if !q.FamiliarTo(v.Session, v.Signals.DeviceID) {
		return nil
	}
	return d.store(v).AnswerYes(ctx, v.Actor, q)
}
