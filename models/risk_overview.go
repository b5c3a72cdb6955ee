package models

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"

	"portico/app/risk"
)

// risk_overview.go: the few numbers of the overview of Identity Protection that are not counted by the day. Each reads
// an index or is bounded, so that the page does not grow with the tenant.

const (
	mostEndings  = 20_000 // entries of the histories that are looked at
	factorSample = 500    // people whose second factors are looked at
)

// PeopleAtRisk says how many people are at risk now, and since when the first of them.
type PeopleAtRisk struct {
	Level string
	Count int
	Since time.Time // of whoever has been longest at this level
}

// PeopleAtRisk counts who is at risk now, by level, without what is simulated.
func (t *Tenant) PeopleAtRisk(ctx context.Context) (map[string]PeopleAtRisk, error) {
	testers, err := t.simulatedPeople(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]PeopleAtRisk{}
	for _, level := range []string{risk.Low, risk.Medium, risk.High} {
		of := func() *gorm.DB {
			return t.via(ctx, "users", way{"users_risk_level", "risk_level = ? AND risk_level <> '' AND risk_level <> 'none' AND deleted_at IS NULL", []any{level}})
		}
		var n int64
		if err := of().Model(&UserRow{}).Count(&n).Error; err != nil {
			return nil, err
		}
		p := PeopleAtRisk{Level: level, Count: int(n)}
		var rows []UserRow
		if n > 0 { // whoever is longest at it may be a test person
			if err := of().Select("id", "risk_at").Order("risk_at").Limit(1 + len(testers)).Find(&rows).Error; err != nil {
				return nil, err
			}
		}
		for _, r := range rows {
			if !slices.ContainsFunc(testers, func(u UserRow) bool { return u.ID == r.ID }) {
				p.Since = timeOf(r.RiskAt)
				break
			}
		}
		for _, r := range testers {
			if r.RiskLevel == level {
				p.Count--
			}
			real, err := realRiskOf(r)
			if err != nil {
				return nil, err
			}
			if real.Level == level {
				if p.Count++; p.Since.IsZero() || real.At.Before(p.Since) {
					p.Since = real.At
				}
			}
		}
		out[level] = p
	}
	return out, nil
}

// RiskEnding is one way in which people's risk ended.
type RiskEnding struct {
	State  string
	Detail string
	Count  int
}

// RiskEndings counts how people's risk ended since a moment, the most frequent first, among the latest entries of the
// histories. What is simulated ends nothing.
func (t *Tenant) RiskEndings(ctx context.Context, since time.Time) ([]RiskEnding, error) {
	latest := t.q(ctx).Model(&RiskEventRow{}).Select("state", "detail").Where("at >= ? AND NOT simulated", since.UTC()).Order("at DESC").Limit(mostEndings)
	var out []RiskEnding
	err := t.r(ctx).Table("(?) AS latest", latest).Select("state, detail, COUNT(*) AS count").Where("state NOT IN ?", append(openStates(), RiskNone, "")).
		Group("state, detail").Order("COUNT(*) DESC, state, detail").Scan(&out).Error
	return out, err
}

// WithoutSecondFactor says how many of those who signed in last have no second factor, and how many were looked at. A
// proven address is one, as sign-in reads it (DESIGN §5.3): for whoever has a password, where codes by mail are allowed.
func (t *Tenant) WithoutSecondFactor(ctx context.Context) (none, of int, err error) {
	own, err := t.Get(ctx)
	if err != nil {
		return 0, 0, err
	}
	last := t.via(ctx, "users", way{"users_last", "last_sign_in_at IS NOT NULL AND deleted_at IS NULL", nil}).Model(&UserRow{}).Select("id, mail_verified").Order("last_sign_in_at DESC, id DESC").Limit(factorSample)
	var got []struct{ Without, Total int }
	err = t.r(ctx).Table("(?) AS latest", last).Select("COUNT(*) AS total, COALESCE(SUM(CASE WHEN EXISTS (SELECT 1 FROM credentials AS c WHERE c.tenant_id = ? AND c.user_id = latest.id AND c.kind IN ?) THEN 0 WHEN ? AND mail_verified AND EXISTS (SELECT 1 FROM credentials AS c WHERE c.tenant_id = ? AND c.user_id = latest.id AND c.kind = 'password') THEN 0 ELSE 1 END), 0) AS without",
		t.ID, []string{"totp", "passkey", "email", "sms"}, !own.Settings.Methods.Email.Off, t.ID).Scan(&got).Error
	if err != nil || len(got) == 0 {
		return 0, 0, err
	}
	return got[0].Without, got[0].Total, nil
}
