package models

import (
	"context"
	"time"

	"portico/app/record"
)

// TimelineEntry is one thing in a person's history: exactly one of SignIn and Audit is set.
type TimelineEntry struct {
	ID     string
	At     time.Time
	SignIn *record.SignIn
	Audit  *AuditEntry
}

// Timeline lists what happened around one person, newest first: their sign-ins, and every change to
// their account, by themselves or by others.
func (t *Tenant) Timeline(ctx context.Context, userID, after string, limit int) (Page[TimelineEntry], error) {
	limit = clampLimit(limit)
	var entries []TimelineEntry
	signIns, err := t.SignInRows(ctx, SignInQuery{UserID: userID, After: after, Limit: limit + 1})
	if err != nil {
		return Page[TimelineEntry]{}, err
	}
	audits, err := t.Audits(ctx, AuditQuery{TargetID: userID, After: after, Limit: limit + 1})
	if err != nil {
		return Page[TimelineEntry]{}, err
	}
	s, a := signIns.Items, audits.Items
	for len(entries) <= limit && len(s)+len(a) > 0 {
		if len(a) == 0 || len(s) > 0 && newer(s[0].CreatedAt, s[0].ID, a[0].At, a[0].ID) {
			r, err := s[0].SignIn()
			if err != nil {
				return Page[TimelineEntry]{}, err
			}
			entries = append(entries, TimelineEntry{ID: s[0].ID, At: s[0].CreatedAt.UTC(), SignIn: &r})
			s = s[1:]
			continue
		}
		entries = append(entries, TimelineEntry{ID: a[0].ID, At: a[0].At, Audit: &a[0]})
		a = a[1:]
	}
	return page(entries, limit, func(e TimelineEntry) cursor { return cursor{Time: e.At, ID: e.ID} }), nil
}

func newer(at time.Time, id string, than time.Time, thanID string) bool {
	if at.Equal(than) {
		return id > thanID
	}
	return at.After(than)
}
