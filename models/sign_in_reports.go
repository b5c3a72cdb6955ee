package models

import (
	"context"
	"time"

	"gorm.io/gorm/clause"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/record"
	"portico/app/risk"
)

// ReportSignIn notes that a person says a sign-in was not theirs (R 6.5.10): true when they had not said so
// before. It must be about their own account. A password opens nothing from then on: whoever got in may know it,
// and must not be the one who chooses the next. The account is at high risk, which policies see.
func (t *Tenant) ReportSignIn(ctx context.Context, actor audit.Actor, userID, signInID string) (bool, error) {
	first := false
	err := t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		u, err := t.userWhere(ctx, t.lock(ctx).Where("id = ?", userID))
		if err != nil {
			return audit.Event{}, err
		}
		r, err := t.SignIn(ctx, signInID)
		if err != nil {
			return audit.Event{}, err
		}
		if r.User.ID != userID {
			return audit.Event{}, fault.New(fault.NotFound, "error.not_found")
		}
		made := t.w(ctx).Clauses(clause.OnConflict{DoNothing: true}).
			Create(&SignInReportRow{TenantID: t.ID, SignInID: signInID, UserID: userID, CreatedAt: t.Now()})
		if made.Error != nil || made.RowsAffected == 0 {
			return audit.Event{}, made.Error
		}
		first = true
		if u.HasPassword {
			// The row stays: the account goes on being one with a password, which "Forgot your password?" replaces.
			if err := t.voidPassword(ctx, userID); err != nil {
				return audit.Event{}, err
			}
			if err := t.u(ctx).Model(&UserRow{}).Where("id = ?", userID).Updates(map[string]any{"must_change_password": true, "updated_at": t.Now()}).Error; err != nil {
				return audit.Event{}, err
			}
		}
		d := detectionAt(r, record.Finding{Type: UserReported, Level: RiskHigh, Key: "risk.found.user_reported", Evidence: map[string]any{"signIn": signInID}, Timing: risk.Offline}, t.Now())
		d.SignInID, d.UserName, d.Address = "", u.DisplayName, u.Mail // it is about the account (R 6.5.10)
		if !r.StartedAt.IsZero() {                                    // what was registered in it is the stranger's too (RiskSince)
			d.ActivityAt = r.StartedAt
		}
		if _, err := t.relearn(ctx, userID); err != nil {
			return audit.Event{}, err
		}
		if _, err := t.putDetections(ctx, []Detection{d}); err != nil {
			return audit.Event{}, err
		}
		more, err := t.moveRisk(ctx, userID, riskMove{By: actor, Types: []string{UserReported}, Fresh: true})
		if err != nil {
			return audit.Event{}, err
		}
		changes := append([]audit.Change{{Property: "signIn", New: signInID}}, more...)
		return audit.Event{Activity: "Report suspicious sign-in", Category: "UserManagement", Operation: "Add", Target: userTarget(u), Changes: changes}, nil
	})
	return first, err
}

// SignInReports says which of some sign-ins their owners reported, and when. Risk detection reads it, and so
// does the log.
func (t *Tenant) SignInReports(ctx context.Context, signInIDs []string) (map[string]time.Time, error) {
	out := map[string]time.Time{}
	if len(signInIDs) == 0 {
		return out, nil
	}
	var rows []SignInReportRow
	if err := t.q(ctx).Where("sign_in_id IN ?", signInIDs).Find(&rows).Error; err != nil {
		return nil, err
	}
	for _, r := range rows {
		out[r.SignInID] = r.CreatedAt.UTC()
	}
	return out, nil
}
