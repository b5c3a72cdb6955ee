package ways

import (
	"context"

	"portico/app/message"
)

// EndOthers ends every session of the person but the one they are in, and gives that one a new secret.
func (d *Desk) EndOthers(ctx context.Context, v Visit) (string, error) {
	secret, err := d.secret()
	if err != nil {
		return "", err
	}
	return secret, d.store(v).Together(ctx, func(s Store) error {
		// What was proven since this session's own proof, by a sign-in that is not finished, goes on counting: pushing
		// the time forward would make an old proof look new.
		if err := s.KeepOnly(ctx, v.Actor, v.Person.ID, v.Session, v.Session.AuthTime, false); err != nil {
			return err
		}
		return s.RenewSession(ctx, v.Session.SID, secret, SessionChange{})
	})
}

// Report notes that a sign-in was not the person's. Every other session ends, and so does everything that any
// app holds of them; a password opens nothing any more, until the person sets a new one, with the old one from
// this very session or by their mailbox. A second report of the same sign-in does nothing: it must not make a
// session's proof young. Nothing that anybody proved before counts, not
// even in a sign-in that is not finished; this session's own proof is as old as the door allows. The person is told by mail, once for each sign-in.
func (d *Desk) Report(ctx context.Context, v Visit, signInID string) (string, error) {
	secret, err := d.secret()
	if err != nil {
		return "", err
	}
	done := false
	err = d.store(v).Together(ctx, func(s Store) error {
		first, err := s.ReportSignIn(ctx, v.Actor, v.Person.ID, signInID)
		if err != nil || !first {
			return err
		}
		done = true
		now := d.now()
		if err := s.KeepOnly(ctx, v.Actor, v.Person.ID, v.Session, now, true); err != nil {
			return err
		}
		if err := s.RenewSession(ctx, v.Session.SID, secret, SessionChange{AuthTime: now}); err != nil {
			return err
		}
		return d.tell(ctx, s, v, message.Notice{Kind: message.SignInReported})
	})
	if err != nil || !done {
		return "", err
	}
	return secret, nil
}
