package models

import (
	"context"
	"time"

	"gorm.io/gorm/clause"

	"portico/app/audit"
	"portico/app/openid"
)

// OpenIDKeyRow is a signing key or the tenant's secret for pairwise subjects. Private is sealed. Turn
// counts the keys of one algorithm, so that two instances which make the same key at the same time end
// with one.
type OpenIDKeyRow struct {
	TenantID  string `gorm:"primaryKey;size:36"`
	Alg       string `gorm:"primaryKey;size:16"`
	Turn      int    `gorm:"primaryKey;autoIncrement:false"`
	ID        string `gorm:"size:64;index:openid_keys_id"`
	Private   []byte
	CreatedAt time.Time
	SignFrom  time.Time
	RetireAt  *time.Time
}

func (OpenIDKeyRow) TableName() string { return "openid_keys" }

func openIDKeySeal(tenantID, id string) string { return "openid key " + tenantID + " " + id }

// OpenIDKeys reads the tenant's keys, oldest first.
func (t *Tenant) OpenIDKeys(ctx context.Context) ([]openid.StoredKey, error) {
	var rows []OpenIDKeyRow
	if err := t.q(ctx).Order("alg, turn").Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]openid.StoredKey, 0, len(rows))
	for _, r := range rows {
		private, err := t.seal.Open(r.Private, openIDKeySeal(t.ID, r.ID))
		if err != nil {
			return nil, err
		}
		out = append(out, openid.StoredKey{ID: r.ID, Alg: r.Alg, Turn: r.Turn, Private: private, CreatedAt: r.CreatedAt.UTC(),
			SignFrom: r.SignFrom.UTC(), RetireAt: timeOf(r.RetireAt)})
	}
	return out, nil
}

// AddOpenIDKey stores a key unless this turn of the algorithm is taken; whoever asked reads again.
func (t *Tenant) AddOpenIDKey(ctx context.Context, by audit.Actor, k openid.StoredKey) error {
	sealed, err := t.seal.Seal(k.Private, openIDKeySeal(t.ID, k.ID))
	if err != nil {
		return err
	}
	return t.audited(ctx, by, func(t *Tenant) (audit.Event, error) {
		r := t.w(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&OpenIDKeyRow{TenantID: t.ID, Alg: k.Alg, Turn: k.Turn, ID: k.ID,
			Private: sealed, CreatedAt: k.CreatedAt.UTC(), SignFrom: k.SignFrom.UTC(), RetireAt: timePtr(k.RetireAt)})
		if r.Error != nil || r.RowsAffected != 1 {
			return audit.Event{}, r.Error
		}
		return keyEvent("Add signing key", "Add", k.ID, audit.Change{Property: "algorithm", New: k.Alg}, audit.Change{Property: "signsFrom", New: k.SignFrom.UTC()}), nil
	})
}

// RetireOpenIDKey says when a key leaves the published set. The time of its making means that nothing it
// signed counts any more.
func (t *Tenant) RetireOpenIDKey(ctx context.Context, by audit.Actor, id string, at time.Time) error {
	return t.audited(ctx, by, func(t *Tenant) (audit.Event, error) {
		return keyEvent("Retire signing key", "Update", id, audit.Change{Property: "retiresAt", New: at.UTC()}),
			oneRow(t.u(ctx).Model(&OpenIDKeyRow{}).Where("id = ?", id).Update("retire_at", at.UTC()))
	})
}

func keyEvent(activity, operation, id string, changes ...audit.Change) audit.Event {
	return audit.Event{Activity: activity, Category: "DirectoryManagement", Operation: operation,
		Target: audit.Target{Kind: "signingKey", ID: id}, Changes: changes}
}

// PurgeOpenIDKeys deletes keys retired before a time, but never the newest of its algorithm, so that a
// turn is not given twice.
func (t *Tenant) PurgeOpenIDKeys(ctx context.Context, before time.Time) error {
	var highest []OpenIDKeyRow
	if err := t.q(ctx).Select("alg", "MAX(turn) AS turn").Group("alg").Find(&highest).Error; err != nil {
		return err
	}
	for _, h := range highest {
		err := t.audited(ctx, audit.System("background job"), func(t *Tenant) (audit.Event, error) {
			var old []string
			q := "alg = ? AND turn < ? AND retire_at IS NOT NULL AND retire_at < ?"
			if err := t.lock(ctx).Model(&OpenIDKeyRow{}).Where(q, h.Alg, h.Turn, before.UTC()).Pluck("id", &old).Error; err != nil || len(old) == 0 {
				return audit.Event{}, err
			}
			return keyEvent("Forget retired signing keys", "Delete", old[0], audit.Change{Property: "keys", Old: old}, audit.Change{Property: "algorithm", Old: h.Alg}),
				t.u(ctx).Where(q, h.Alg, h.Turn, before.UTC()).Delete(&OpenIDKeyRow{}).Error
		})
		if err != nil {
			return err
		}
	}
	return nil
}
