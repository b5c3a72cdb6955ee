package signin

import (
	"context"

	"portico/app/fault"
	"portico/app/userflow"
)

// invitation.go: an attempt that an invitation opened (F081). The link only begins it: a code mailed to the
// invited address proves who goes on, and the commit that signs them in spends the invitation.

// invite names the invited person and mails the code, so that a forwarded link is of no use to another.
func (r *run) invite(ctx context.Context) error {
	inv := r.a.Request.Invitation
	if inv == nil || r.a.Facts.Resumed != nil || r.a.Facts.Identified != nil || invitationOver(r.a, r.w, Person{}) {
		return nil
	}
	id := &Identified{Typed: inv.Email, Canonical: inv.Canonical, At: r.w.Now}
	who, err := r.find(ctx, r.store, id)
	if err != nil {
		return err
	}
	r.a.Facts.Identified, r.w.Account = id, who
	return r.mailTo(ctx, PurposeProve, who, id, false)
}

// invitationOver reports whether the invitation that opened the attempt can be used no more. For whoever
// accepted it, in this browser, and sent the last form twice it is as good as before: they go on to the app.
func invitationOver(a Attempt, w World, p Person) bool {
	return a.Request.Invitation != nil && w.Invitation.State(w.Now) != userflow.InvitationPending && !accepted(w, p)
}

func accepted(w World, p Person) bool {
	return p.Resumed && p.Account.ID != "" && p.Account.ID == w.Invitation.AcceptedBy
}

// loadInvitation reads the invitation as it is now; one that is gone counts as revoked.
func (r *run) loadInvitation(ctx context.Context, s Store, w *World) error {
	inv := r.a.Request.Invitation
	if inv == nil {
		return nil
	}
	var err error
	if w.Invitation, err = s.Invitation(ctx, inv.ID); fault.Is(err, fault.NotFound) {
		w.Invitation, err = userflow.Invitation{RevokedAt: w.Now}, nil
	}
	return err
}

// spend uses the invitation up with the account that it led to, and gives an account that was there already
// the prepared answers that it lacks. Somebody who was faster leaves something due: the page that says so.
func (r *run) spend(ctx context.Context, s Store, p Person, userID string) error {
	inv := r.a.Request.Invitation
	if inv == nil || accepted(r.w, p) {
		return nil
	}
	won, err := s.SpendInvitation(ctx, inv.ID, userID, r.w.Now)
	if err == nil && !won {
		err = errDue
	}
	if err == nil {
		err = r.assign(ctx, s, userID)
	}
	if err != nil || p.Newcomer {
		return err
	}
	values := map[string]any{}
	for _, a := range r.w.Flow.Attributes {
		v, ok := inv.Values[a.ID]
		if !ok || a.ID == "email" || a.ID == userflow.UserName || p.Account.Value(a.ID) != nil || r.answered(a.ID) {
			continue
		}
		if v, key := a.Read(a.Typed(v)); key == "" {
			values[a.ID] = v
		}
	}
	if len(values) == 0 {
		return nil
	}
	return s.SetAttributes(ctx, userID, values, r.visit.Signals.IP.String(), r.a.Request.CorrelationID)
}

func (r *run) answered(id string) bool {
	if r.a.Facts.Attributes == nil {
		return false
	}
	_, ok := r.a.Facts.Attributes.Values[id]
	return ok
}
