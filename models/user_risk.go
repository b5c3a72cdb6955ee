package models

import (
	"context"
	"time"

	"portico/app/account"
	"portico/app/audit"
	"portico/app/fault"
)

// The risk of a person, in Graph's words (R 6.3). Until Identity Protection computes it, it comes from what
// people report and what administrators know.
const (
	RiskAtRisk      = "atRisk"
	RiskConfirmed   = "confirmedCompromised"
	RiskRemediated  = "remediated"
	RiskDismissed   = "dismissed"
	RiskHigh        = "high"
	RiskNone        = "none"
	RiskByAdmin     = "adminConfirmedUserCompromised"
	RiskWaved       = "adminDismissedAllRiskForUser"
	RiskReported    = "userReportedSuspiciousActivity" // a detection's word: Graph has no riskDetail for it
	RiskSetByOwner  = "userPerformedSecuredPasswordChange"
	RiskResetByUser = "userPerformedSecuredPasswordReset"
)

// maxRiskIDs is how many people one call may name.
const maxRiskIDs = 60

func riskOf(r UserRow) account.Risk {
	level := r.RiskLevel
	if level == RiskNone {
		level = ""
	}
	return account.Risk{Level: level, State: r.RiskState, Detail: r.RiskDetail, At: timeOf(r.RiskAt)}
}

// setRisk writes a person's risk inside a transaction, and says what changed.
func (t *Tenant) setRisk(ctx context.Context, u User, r account.Risk) ([]audit.Change, error) {
	r.At = t.Now()
	level := r.Level
	if level == "" {
		level = RiskNone
	}
	err := oneRow(t.u(ctx).Model(&UserRow{}).Where("id = ?", u.ID).
		UpdateColumns(map[string]any{"risk_level": level, "risk_state": r.State, "risk_detail": r.Detail, "risk_at": r.At}))
	var d differences
	was := u.Risk.Level
	if was == "" {
		was = RiskNone
	}
	d.note("riskLevel", "", was, level, audit.Public)
	d.note("riskState", "", u.Risk.State, r.State, audit.Public)
	d.note("riskDetail", "", u.Risk.Detail, r.Detail, audit.Public)
	return d.changes, err
}

// ConfirmCompromised says that these accounts are in other hands: their risk is high from now on, which policies
// see at the next sign-in and refresh (R 6.7.4). All of them, or, when one is not there, none.
func (t *Tenant) ConfirmCompromised(ctx context.Context, actor audit.Actor, ids []string) error {
	return t.eachRisk(ctx, actor, ids, "Confirm user compromised", account.Risk{Level: RiskHigh, State: RiskConfirmed, Detail: RiskByAdmin}, nil)
}

// DismissRisk says that these people are at no risk. It cannot be undone; passwords stay (R 6.7.5).
func (t *Tenant) DismissRisk(ctx context.Context, actor audit.Actor, ids []string) error {
	return t.eachRisk(ctx, actor, ids, "Dismiss user risk", account.Risk{State: RiskDismissed, Detail: RiskWaved},
		func(u User) bool { return u.Risk.Level != "" })
}

func (t *Tenant) eachRisk(ctx context.Context, actor audit.Actor, ids []string, activity string, r account.Risk, applies func(User) bool) error {
	if len(ids) == 0 || len(ids) > maxRiskIDs {
		return fault.BadField("userIds", "risk.user_ids", map[string]any{"max": maxRiskIDs})
	}
	return t.InTx(ctx, func(t *Tenant) error {
		for _, id := range ids {
			err := t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
				u, err := t.userWhere(ctx, t.lock(ctx).Where("id = ? AND deleted_at IS NULL", id))
				if err != nil || applies != nil && !applies(u) {
					return audit.Event{}, err
				}
				changes, err := t.setRisk(ctx, u, r)
				return audit.Event{Activity: activity, Category: "IdentityProtection", Operation: "Update", Target: userTarget(u), Changes: changes}, err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// RemediateRisk ends a person's risk because they did what ends it: they set another password after a second
// factor, or reset it (R 6.8.2, 6.8.4). detail is Graph's word for which. Nothing happens to who is at no risk.
func (t *Tenant) RemediateRisk(ctx context.Context, actor audit.Actor, id, detail string) error {
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		u, err := t.userWhere(ctx, t.lock(ctx).Where("id = ?", id))
		if err != nil || u.Risk.Level == "" {
			return audit.Event{}, err
		}
		changes, err := t.setRisk(ctx, u, account.Risk{State: RiskRemediated, Detail: detail})
		return audit.Event{Activity: "Remediate user risk", Category: "IdentityProtection", Operation: "Update", Target: userTarget(u), Changes: changes}, err
	})
}

// RiskQuery narrows the list of people whose risk was ever set, the latest change first.
type RiskQuery struct {
	Search  string // as in UserQuery; deleted people are found too
	Level   string // low, medium, high, none; "" = any
	State   string
	Detail  string
	Since   time.Time // changed then or later
	Before  time.Time // excluded
	Deleted *bool
	After   string
	Limit   int
}

// riskyIDs are the people whom a search means, deleted or not.
func (t *Tenant) riskyIDs(ctx context.Context, search string) ([]string, error) {
	ids := []string{}
	for _, deleted := range []bool{false, true} {
		people, err := t.Users(ctx, UserQuery{Search: search, Deleted: deleted, Limit: searchedUsers})
		if err != nil {
			return nil, err
		}
		for _, u := range people.Items {
			ids = append(ids, u.ID)
		}
	}
	return ids, nil
}

// RiskyUsers lists one page of the people whose risk was ever set. Deleted people are among them (R 6.6.7).
func (t *Tenant) RiskyUsers(ctx context.Context, f RiskQuery) (Page[User], error) {
	q := equals(t.q(ctx).Where("risk_at IS NOT NULL"), [][2]string{{"risk_level", f.Level}, {"risk_state", f.State}, {"risk_detail", f.Detail}})
	if !f.Since.IsZero() {
		q = q.Where("risk_at >= ?", f.Since.UTC())
	}
	if !f.Before.IsZero() {
		q = q.Where("risk_at < ?", f.Before.UTC())
	}
	if f.Deleted != nil {
		q = q.Where(map[bool]string{true: "deleted_at IS NOT NULL", false: "deleted_at IS NULL"}[*f.Deleted])
	}
	if f.Search != "" {
		ids, err := t.riskyIDs(ctx, f.Search)
		if err != nil || len(ids) == 0 {
			return Page[User]{}, err
		}
		q = q.Where("id IN ?", ids)
	}
	q, err := keyset(q, "risk_at", f.After, true, true)
	if err != nil {
		return Page[User]{}, err
	}
	limit := clampLimit(f.Limit)
	var rows []UserRow
	if err := q.Limit(limit + 1).Find(&rows).Error; err != nil {
		return Page[User]{}, err
	}
	p := page(rows, limit, func(r UserRow) cursor { return cursor{Time: *r.RiskAt, ID: r.ID} })
	users, err := t.usersOf(ctx, p.Items)
	return Page[User]{Items: users, Next: p.Next}, err
}
