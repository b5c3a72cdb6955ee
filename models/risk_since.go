package models

import (
	"context"
	"time"

	"portico/app/risk"
)

// risk_since.go: which second factors speak for somebody at risk: those that were registered before it (ADR 39).

// RiskSince is when the oldest of what is open of a person at medium or high risk happened; zero = nothing is. What was
// found in a sign-in happened when that began: whoever made it may have registered something in it.
func (t *Tenant) RiskSince(ctx context.Context, userID string) (time.Time, error) {
	var rows []RiskDetectionRow
	err := t.via(ctx, "risk_detections", way{"risk_detections_user", "user_id = ?", []any{userID}}).Select("id", "sign_in_id", "activity_at").
		Where("state IN ? AND level IN ?", openStates(), []string{risk.Medium, risk.High}).Order("activity_at, id").Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return time.Time{}, err
	}
	since := rows[0].ActivityAt.UTC()
	if rows[0].SignInID == "" {
		return since, nil
	}
	var made []SignInRow
	if err := t.q(ctx).Select("id", "tenant_id", "record").Where("id = ?", rows[0].SignInID).Limit(1).Find(&made).Error; err != nil || len(made) == 0 {
		return since, err
	}
	r, err := made[0].SignIn()
	if err != nil {
		return since, err
	}
	if !r.StartedAt.IsZero() && r.StartedAt.Before(since) {
		since = r.StartedAt.UTC()
	}
	return since, nil
}

// youngFactor reports whether a second factor was registered only since somebody has been at risk. The zero time is no
// factor.
func (t *Tenant) youngFactor(ctx context.Context, userID string, registered time.Time) (bool, error) {
	if registered.IsZero() {
		return false, nil
	}
	since, err := t.RiskSince(ctx, userID)
	return err == nil && !since.IsZero() && !registered.Before(since), err
}
