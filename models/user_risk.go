package models

import (
	"context"
	"time"

	"portico/app/account"
)

// The risk of a person, in Graph's words (R 6.3).
const (
	RiskAtRisk       = "atRisk"
	RiskConfirmed    = "confirmedCompromised"
	RiskSafe         = "confirmedSafe"
	RiskRemediated   = "remediated"
	RiskDismissed    = "dismissed"
	RiskHigh         = "high"
	RiskNone         = "none"
	RiskByAdmin      = "adminConfirmedUserCompromised"
	RiskSignInTaken  = "adminConfirmedSigninCompromised"
	RiskSignInSafe   = "adminConfirmedSigninSafe"
	RiskSignInWaved  = "adminDismissedRiskForSignIn"
	RiskAccountSafe  = "adminConfirmedAccountSafe"
	RiskWaved        = "adminDismissedAllRiskForUser"
	RiskTempPassword = "adminGeneratedTemporaryPassword"
	RiskReported     = "userReportedSuspiciousActivity" // a detection's word: Graph has no riskDetail for it
	RiskSetByOwner   = "userPerformedSecuredPasswordChange"
	RiskResetByUser  = "userPerformedSecuredPasswordReset"
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

// RiskQuery narrows the list of people whose risk was ever set, the latest change first.
type RiskQuery struct {
	Search  string // as in UserQuery; deleted people are found too
	Level   string // low, medium, high, none; "" = any
	State   string
	States  []string // any of them; none = all
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
	if len(f.States) > 0 {
		q = q.Where("risk_state IN ?", f.States)
	}
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
