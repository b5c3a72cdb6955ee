package models

import (
	"context"
	"time"

	"portico/app/userflow"
)

// TermsAcceptance is who agreed to a version of terms.
type TermsAcceptance struct {
	userflow.Acceptance
	UserID   string
	UserName string // "" when the person is gone for good
	UserMail string
}

// TermsAcceptances lists who agreed to terms, newest first, those after the one given (nil = from the
// start); of it, time, user and version count.
func (t *Tenant) TermsAcceptances(ctx context.Context, termsID string, after *TermsAcceptance, limit int) ([]TermsAcceptance, error) {
	q := t.r(ctx).Table("terms_acceptances AS a").Select("a.terms_id, a.user_id, a.version, a.locale, a.accepted_at, u.display_name, u.mail").
		Joins("LEFT JOIN users AS u ON u.id = a.user_id AND u.tenant_id = a.tenant_id").
		Where("a.tenant_id = ? AND a.terms_id = ?", t.ID, termsID).
		Order("a.accepted_at DESC, a.user_id DESC, a.version DESC").Limit(limit)
	if after != nil {
		q = q.Where("(a.accepted_at, a.user_id, a.version) < (?, ?, ?)", micro(after.At), after.UserID, after.Version)
	}
	var rows []struct {
		TermsID, UserID string
		Version         int
		Locale          string
		AcceptedAt      time.Time
		DisplayName     *string
		Mail            *string
	}
	if err := q.Scan(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]TermsAcceptance, len(rows))
	for i, r := range rows {
		out[i] = TermsAcceptance{UserID: r.UserID, Acceptance: userflow.Acceptance{TermsID: r.TermsID, Version: r.Version, Locale: r.Locale, At: r.AcceptedAt.UTC()}}
		if r.DisplayName != nil {
			out[i].UserName = *r.DisplayName
		}
		if r.Mail != nil {
			out[i].UserMail = *r.Mail
		}
	}
	return out, nil
}
