package models

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"portico/app/account"
	"portico/app/federation"
)

// provider_state.go: what happens to a provider while nobody changes it: the last sign-in by it, its last test, and how
// many people come by it.

// signInGrain is how exact the last sign-in is: more often than that nobody writes, so that it is no hot row.
const signInGrain = time.Minute

// mostPeopleCounted bounds the count that a list shows.
const mostPeopleCounted = 10000

// ProviderState is what happened to a provider.
type ProviderState struct {
	LastSignInAt time.Time
	TestedAt     time.Time       // zero = never
	TestCode     federation.Code // "" = it worked
	TestReason   string
	Stale        bool // the settings that were tested are not the present ones
}

// testedAs is a digest of everything that decides whether a provider works. Its name and whether it is on do not.
func (r ProviderRow) testedAs() (string, error) {
	p, err := r.provider()
	if err != nil {
		return "", err
	}
	p.Name, p.Enabled = "", false
	if err := r.write(p); err != nil {
		return "", err
	}
	h := sha256.New()
	for _, part := range [][]byte{[]byte(r.Document), r.Secret, r.Key} {
		sum := sha256.Sum256(part)
		h.Write(sum[:])
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)), nil
}

// ProviderStates gives what happened to the tenant's providers, by id.
func (t *Tenant) ProviderStates(ctx context.Context) (map[string]ProviderState, error) {
	var rows []ProviderStateRow
	if err := t.q(ctx).Find(&rows).Error; err != nil {
		return nil, err
	}
	var now []ProviderRow
	if err := t.q(ctx).Find(&now).Error; err != nil {
		return nil, err
	}
	as := make(map[string]string, len(now))
	for _, r := range now {
		var err error
		if as[r.ID], err = r.testedAs(); err != nil {
			return nil, err
		}
	}
	out := make(map[string]ProviderState, len(rows))
	for _, r := range rows {
		out[r.ProviderID] = ProviderState{LastSignInAt: timeOf(r.LastSignInAt), TestedAt: timeOf(r.TestedAt), TestCode: federation.Code(r.TestCode), TestReason: r.TestReason,
			Stale: r.TestedAt != nil && r.TestedAs != as[r.ProviderID]}
	}
	return out, nil
}

// cameBy notes a sign-in by a provider, in its transaction.
func (t *Tenant) cameBy(ctx context.Context, providerID string, at time.Time) error {
	if providerID == "" {
		return nil
	}
	var rows []ProviderStateRow
	if err := t.q(ctx).Where("provider_id = ?", providerID).Limit(1).Find(&rows).Error; err != nil {
		return err
	}
	at = micro(at)
	switch {
	case len(rows) == 0:
		return t.w(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&ProviderStateRow{ProviderID: providerID, TenantID: t.ID, LastSignInAt: &at}).Error
	case rows[0].LastSignInAt != nil && at.Sub(*rows[0].LastSignInAt) < signInGrain:
		return nil
	}
	return t.u(ctx).Model(&ProviderStateRow{}).Where("provider_id = ? AND (last_sign_in_at IS NULL OR last_sign_in_at < ?)", providerID, at).UpdateColumn("last_sign_in_at", at).Error
}

// noteTest keeps the verdict of a test with the settings that it is about.
func (t *Tenant) noteTest(ctx context.Context, providerID string, r federation.Report) error {
	var p ProviderRow
	if err := t.q(ctx).Where("id = ?", providerID).Take(&p).Error; err != nil {
		return found(err)
	}
	as, err := p.testedAs()
	if err != nil {
		return err
	}
	at := micro(r.At)
	row := ProviderStateRow{ProviderID: providerID, TenantID: t.ID, TestedAt: &at, TestedAs: as, TestCode: string(r.Refused), TestReason: clip(r.Reason)}
	return t.w(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "provider_id"}}, DoUpdates: clause.AssignmentColumns([]string{"tested_at", "tested_as", "test_code", "test_reason"})}).Create(&row).Error
}

// KeepPublished keeps what a provider's metadata said last. A provider that is deleted meanwhile leaves nothing behind.
func (t *Tenant) KeepPublished(ctx context.Context, providerID, document string) error {
	if err := t.q(ctx).Where("id = ?", providerID).Take(&ProviderRow{}).Error; err != nil {
		return found(err)
	}
	return t.w(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "provider_id"}}, DoUpdates: clause.AssignmentColumns([]string{"published"})}).
		Create(&ProviderStateRow{ProviderID: providerID, TenantID: t.ID, Published: document}).Error
}

// Published is what KeepPublished kept; "" = nothing.
func (t *Tenant) Published(ctx context.Context, providerID string) (string, error) {
	var kept []string
	err := t.q(ctx).Model(&ProviderStateRow{}).Where("provider_id = ?", providerID).Limit(1).Pluck("published", &kept).Error
	if err != nil || len(kept) == 0 {
		return "", err
	}
	return kept[0], nil
}

// CountProviderPeople says how many identities of a provider there are, up to ten thousand and one.
func (t *Tenant) CountProviderPeople(ctx context.Context, p federation.Provider) (int, error) {
	kept := federation.StoredIssuers(p)
	if kept == "" {
		return 0, nil
	}
	q := t.r(ctx).Model(&IdentityRow{}).Select("user_id").Where("tenant_id = ? AND sign_in_type = ?", t.ID, account.SignInFederated)
	if before, _, many := strings.Cut(kept, "{tenantid}"); many {
		q = q.Where("substr(issuer, 1, ?) = ?", len(before), before)
	} else {
		q = q.Where("issuer = ?", kept)
	}
	var n int64
	err := t.r(ctx).Session(&gorm.Session{NewDB: true}).Table("(?) AS linked", q.Limit(mostPeopleCounted+1)).Count(&n).Error
	return int(n), err
}
