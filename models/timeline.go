package models

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"portico/app/record"
	"portico/app/userflow"
)

// TimelineEntry is one thing in a person's history; exactly one of the pointers is set.
type TimelineEntry struct {
	ID         string
	At         time.Time
	SignIn     *record.SignIn
	Audit      *AuditEntry          // a change to the account, or something that the person did
	Invitation *userflow.Invitation // the one that was accepted
	Agreed     *userflow.Acceptance // to terms
	Report     *SignInReport        // "this wasn't me"
}

// timelineOnce is how many invitations, agreements and reports a person's history looks at: far more than
// anybody has.
const timelineOnce = 200

// Timeline lists what happened around one person, newest first: their sign-ins, every change to their
// account, by themselves or by others, what they did elsewhere in the tenant, how they came, what they agreed
// to and what they reported.
func (t *Tenant) Timeline(ctx context.Context, userID, after string, limit int) (Page[TimelineEntry], error) {
	limit = clampLimit(limit)
	from := cursor{}
	if after != "" {
		c, err := parseCursor(after)
		if err != nil {
			return Page[TimelineEntry]{}, err
		}
		from = c
	}
	former, err := t.MergedFrom(ctx, userID)
	if err != nil {
		return Page[TimelineEntry]{}, err
	}
	ids := append([]string{userID}, former...)
	var entries []TimelineEntry
	for _, id := range ids {
		more, err := t.loggedEntries(ctx, id, ids, after, limit)
		if err != nil {
			return Page[TimelineEntry]{}, err
		}
		entries = append(entries, more...)
	}
	rare, err := t.rareEntries(ctx, userID)
	if err != nil {
		return Page[TimelineEntry]{}, err
	}
	for _, e := range rare {
		if after == "" || newer(from.Time, from.ID, e.At, e.ID) {
			entries = append(entries, e)
		}
	}
	slices.SortFunc(entries, func(a, b TimelineEntry) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.ID, a.ID)) })
	return page(entries, limit, func(e TimelineEntry) cursor { return cursor{Time: e.At, ID: e.ID} }), nil
}

// loggedEntries are those of the logs that speak of one of a person's ids: their own, and of accounts that went into
// theirs.
func (t *Tenant) loggedEntries(ctx context.Context, userID string, ids []string, after string, limit int) ([]TimelineEntry, error) {
	signIns, err := t.SignInRows(ctx, SignInQuery{UserID: userID, After: after, Limit: limit + 1})
	if err != nil {
		return nil, err
	}
	about, err := t.Audits(ctx, AuditQuery{TargetID: userID, After: after, Limit: limit + 1})
	if err != nil {
		return nil, err
	}
	by, err := t.Audits(ctx, AuditQuery{ActorID: userID, After: after, Limit: limit + 1})
	if err != nil {
		return nil, err
	}
	var entries []TimelineEntry
	for _, row := range signIns.Items {
		r, err := row.SignIn()
		if err != nil {
			return nil, err
		}
		entries = append(entries, TimelineEntry{ID: row.ID, At: row.CreatedAt.UTC(), SignIn: &r})
	}
	for i, a := range about.Items {
		entries = append(entries, TimelineEntry{ID: a.ID, At: a.At, Audit: &about.Items[i]})
	}
	for i, a := range by.Items {
		if !slices.Contains(ids, a.Target.ID) { // those about themselves are there already
			entries = append(entries, TimelineEntry{ID: a.ID, At: a.At, Audit: &by.Items[i]})
		}
	}
	return entries, nil
}

// rareEntries are those of which a person has a few.
func (t *Tenant) rareEntries(ctx context.Context, userID string) ([]TimelineEntry, error) {
	var out []TimelineEntry
	var invitations []InvitationRow
	if err := t.q(ctx).Where("accepted_by = ?", userID).Limit(timelineOnce).Find(&invitations).Error; err != nil {
		return nil, err
	}
	for _, r := range invitations {
		i, err := r.value()
		if err != nil {
			return nil, err
		}
		out = append(out, TimelineEntry{ID: i.ID, At: i.AcceptedAt, Invitation: &i})
	}
	agreed, err := t.Acceptances(ctx, userID)
	if err != nil {
		return nil, err
	}
	for _, a := range agreed {
		out = append(out, TimelineEntry{ID: fmt.Sprintf("%s/%d", a.TermsID, a.Version), At: a.At, Agreed: &a})
	}
	reports, err := t.ReportsOf(ctx, userID, timelineOnce)
	if err != nil {
		return nil, err
	}
	for _, r := range reports {
		out = append(out, TimelineEntry{ID: r.SignInID + "/report", At: r.At, Report: &r})
	}
	return out, nil
}

func newer(at time.Time, id string, than time.Time, thanID string) bool {
	if at.Equal(than) {
		return id > thanID
	}
	return at.After(than)
}
