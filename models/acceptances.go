package models

import (
	"context"
	"strconv"

	"portico/app/fault"
	"portico/app/userflow"
)

// Agreement is one line of the list of who agreed to some terms.
type Agreement struct {
	userflow.Acceptance
	UserID   string
	UserName string // "" when the person has no name, or is gone
}

// AgreementQuery narrows the list of who agreed. The zero value lists everybody, newest first.
type AgreementQuery struct {
	Version int    // 0 = any
	After   string // Next of the page before
	Limit   int    // 50 unless told, 999 at most
}

// Agreements lists one page of who agreed to the terms, newest first.
func (t *Tenant) Agreements(ctx context.Context, termsID string, f AgreementQuery) (Page[Agreement], error) {
	limit := clampLimit(f.Limit)
	q := t.q(ctx).Where("terms_id = ?", termsID)
	if f.Version > 0 {
		q = q.Where("version = ?", f.Version)
	}
	if f.After != "" {
		c, err := parseCursor(f.After)
		if err != nil {
			return Page[Agreement]{}, err
		}
		version, err := strconv.Atoi(c.Text)
		if err != nil {
			return Page[Agreement]{}, fault.BadField("after", "list.cursor", nil)
		}
		q = q.Where("(accepted_at, user_id, version) < (?, ?, ?)", c.Time, c.ID, version)
	}
	var rows []AcceptanceRow
	if err := q.Order("accepted_at DESC, user_id DESC, version DESC").Limit(limit + 1).Find(&rows).Error; err != nil {
		return Page[Agreement]{}, err
	}
	p := page(rows, limit, func(r AcceptanceRow) cursor {
		return cursor{Time: r.AcceptedAt, Text: strconv.Itoa(r.Version), ID: r.UserID}
	})
	names, err := t.peopleNames(ctx, p.Items)
	return mapPage(p, func(r AcceptanceRow) Agreement {
		return Agreement{Acceptance: userflow.Acceptance{TermsID: r.TermsID, Version: r.Version, Locale: r.Locale, At: r.AcceptedAt.UTC()}, UserID: r.UserID, UserName: names[r.UserID]}
	}), err
}

// peopleNames reads the names of the people of some acceptances in one query.
func (t *Tenant) peopleNames(ctx context.Context, rows []AcceptanceRow) (map[string]string, error) {
	out := map[string]string{}
	if len(rows) == 0 {
		return out, nil
	}
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.UserID
	}
	var people []UserRow
	if err := t.q(ctx).Select("id", "tenant_id", "display_name", "mail").Where("id IN ?", ids).Find(&people).Error; err != nil {
		return nil, err
	}
	for _, u := range people {
		out[u.ID] = u.DisplayName
		if u.DisplayName == "" {
			out[u.ID] = u.Mail
		}
	}
	return out, nil
}

// AgreementCounts says how many people agreed to each version of the terms.
func (t *Tenant) AgreementCounts(ctx context.Context, termsID string) (map[int]int, error) {
	var counts []struct{ Version, N int }
	err := t.q(ctx).Model(&AcceptanceRow{}).Select("version, COUNT(*) AS n").Where("terms_id = ?", termsID).Group("version").Scan(&counts).Error
	out := make(map[int]int, len(counts))
	for _, c := range counts {
		out[c.Version] = c.N
	}
	return out, err
}
