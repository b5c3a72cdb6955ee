package models

import (
	"context"
	"strconv"
	"time"

	"portico/app/fault"
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
	return t.acceptancesOf(ctx, termsID, 0, after, limit)
}

// acceptancesOf is TermsAcceptances of one version only; 0 = of any.
func (t *Tenant) acceptancesOf(ctx context.Context, termsID string, version int, after *TermsAcceptance, limit int) ([]TermsAcceptance, error) {
	q := t.r(ctx).Table("terms_acceptances AS a").Select("a.terms_id, a.user_id, a.version, a.locale, a.accepted_at, u.display_name, u.mail").
		Joins("LEFT JOIN users AS u ON u.id = a.user_id AND u.tenant_id = a.tenant_id").
		Where("a.tenant_id = ? AND a.terms_id = ?", t.ID, termsID).
		Order("a.accepted_at DESC, a.user_id DESC, a.version DESC").Limit(limit)
	if version > 0 {
		q = q.Where("a.version = ?", version)
	}
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

// AcceptanceQuery narrows the list of who agreed. The zero value lists everybody, newest first.
type AcceptanceQuery struct {
	Version int    // 0 = any
	After   string // Next of the page before
	Limit   int    // 50 unless told, 999 at most
}

// AcceptancePage is TermsAcceptances page by page.
func (t *Tenant) AcceptancePage(ctx context.Context, termsID string, f AcceptanceQuery) (Page[TermsAcceptance], error) {
	limit, after := clampLimit(f.Limit), (*TermsAcceptance)(nil)
	if f.After != "" {
		c, err := parseCursor(f.After)
		if err != nil {
			return Page[TermsAcceptance]{}, err
		}
		version, err := strconv.Atoi(c.Text)
		if err != nil {
			return Page[TermsAcceptance]{}, fault.BadField("after", "list.cursor", nil)
		}
		after = &TermsAcceptance{UserID: c.ID, Acceptance: userflow.Acceptance{At: c.Time, Version: version}}
	}
	rows, err := t.acceptancesOf(ctx, termsID, f.Version, after, limit+1)
	return page(rows, limit, func(a TermsAcceptance) cursor {
		return cursor{Time: a.At, Text: strconv.Itoa(a.Version), ID: a.UserID}
	}), err
}

// AcceptanceCounts says how many people agreed to each version of the terms.
func (t *Tenant) AcceptanceCounts(ctx context.Context, termsID string) (map[int]int, error) {
	var counts []struct{ Version, N int }
	err := t.q(ctx).Model(&AcceptanceRow{}).Select("version, COUNT(*) AS n").Where("terms_id = ?", termsID).Group("version").Scan(&counts).Error
	out := make(map[int]int, len(counts))
	for _, c := range counts {
		out[c.Version] = c.N
	}
	return out, err
}
