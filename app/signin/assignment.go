package signin

import "context"

// assignment.go: an app that is only for people who are assigned to it (F020). Nobody hears of it before
// they have proven who they are, for who may use an app is nobody else's business.

// unassigned is why a proven person is turned away, as a message key.
const unassigned = "signin.blocked.unassigned"

// turnedAway reports whether the app is not for this person. An invitation that is being accepted is the
// assignment: the commit that spends it writes it.
func turnedAway(a Attempt, w World) bool {
	return w.Restricted && !w.Assigned && a.Request.Invitation == nil
}

// loadAssignment reads whether the proven person is assigned, for the few apps that ask. Nobody can be
// assigned before there is an account, so such an app has no sign-up of its own.
func (r *run) loadAssignment(ctx context.Context, s Store, w *World) error {
	if r.place.Assigned == "" {
		return nil
	}
	w.Restricted, w.Flow.SignUpAllowed = true, false
	who := person(r.a, *w)
	if !who.Proven || who.Account.ID == "" {
		return nil
	}
	var err error
	w.Assigned, err = s.Assigned(ctx, who.Account.ID, r.place.Assigned)
	return err
}

// assign gives whoever accepts an invitation what they were invited to, in the same transaction.
func (r *run) assign(ctx context.Context, s Store, userID string) error {
	if r.place.Assigned == "" || r.w.Assigned {
		return nil
	}
	return s.Assign(ctx, userID, r.place.Assigned, r.visit.Signals.IP.String(), r.a.Request.CorrelationID)
}
