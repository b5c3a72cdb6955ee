package models

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"time"

	"gorm.io/gorm/clause"

	"portico/app/limit"
	"portico/app/signin"
)

// LockoutRow is one smart lock-out counter (app/limit.Lock as JSON). Key is a MAC of tenant and account,
// or one of 2^20 shared names for addresses that nobody has; idle rows are purged.
type LockoutRow struct {
	Key       string    `gorm:"primaryKey;size:64"`
	TenantID  string    `gorm:"primaryKey;size:36"`
	State     string    `gorm:"type:text"`
	UpdatedAt time.Time `gorm:"index:lockouts_idle"`
}

func (LockoutRow) TableName() string { return "lockouts" }

func (s signInStore) BeginTry(ctx context.Context, key []byte, rules limit.LockRules, now time.Time) (limit.Ticket, time.Time, bool, error) {
	var ticket limit.Ticket
	var until time.Time
	admitted := false
	begin := func(l limit.Lock) limit.Lock {
		l, ticket, admitted = l.Begin(rules, micro(now))
		until = l.LockedUntil
		return l
	}
	text, err := json.Marshal(begin(limit.Lock{}))
	if err != nil {
		return ticket, until, false, err
	}
	err = s.InBatch(ctx, func(t *Tenant) error { // nearly always there is no counter yet: one statement
		r := t.w(ctx).Clauses(clause.OnConflict{DoNothing: true}).
			Create(&LockoutRow{Key: lockName(key), TenantID: t.ID, State: string(text), UpdatedAt: t.Now()})
		if r.Error != nil || r.RowsAffected == 1 {
			return r.Error
		}
		return (signInStore{t}).changeLock(ctx, key, begin)
	})
	return ticket, until, admitted, err
}

func (s signInStore) FailTry(ctx context.Context, key []byte, t limit.Ticket, mac []byte) error {
	return s.changeLock(ctx, key, func(l limit.Lock) limit.Lock { return l.Fail(t, mac) })
}

func (s signInStore) RefundTry(ctx context.Context, key []byte, t limit.Ticket) error {
	return s.changeLock(ctx, key, func(l limit.Lock) limit.Lock { return l.Refund(t) })
}

func (s signInStore) ClearTries(ctx context.Context, key []byte) error {
	return s.u(ctx).Where("key = ?", lockName(key)).Delete(&LockoutRow{}).Error
}

func lockName(key []byte) string { return base64.RawURLEncoding.EncodeToString(key) }

// changeLock reads and writes one counter while nobody else can. The row is made or touched in one statement,
// which locks it: after an insert that found one there, a right answer elsewhere could still delete it.
func (s signInStore) changeLock(ctx context.Context, key []byte, change func(limit.Lock) limit.Lock) error {
	return s.InBatch(ctx, func(t *Tenant) error {
		name := lockName(key)
		if err := t.w(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "key"}, {Name: "tenant_id"}}, DoUpdates: clause.AssignmentColumns([]string{"updated_at"})}).
			Create(&LockoutRow{Key: name, TenantID: t.ID, State: "{}", UpdatedAt: t.Now()}).Error; err != nil {
			return err
		}
		var row LockoutRow
		if err := t.lock(ctx).Where("key = ?", name).Take(&row).Error; err != nil {
			return err
		}
		var l limit.Lock
		if err := json.Unmarshal([]byte(row.State), &l); err != nil {
			return badJSON("lockout", name, err)
		}
		text, err := json.Marshal(change(l))
		if err != nil {
			return err
		}
		return t.u(ctx).Model(&LockoutRow{}).Where("key = ?", name).
			UpdateColumns(map[string]any{"state": string(text), "updated_at": t.Now()}).Error
	})
}

// Unlock clears every lock-out counter of a person; a new password does it (R 14.1.8).
func (t *Tenant) Unlock(ctx context.Context, userID string) error {
	for _, key := range signin.LockKeys(t.seal.MAC, t.ID, userID) {
		if err := (signInStore{t}).ClearTries(ctx, key); err != nil {
			return err
		}
	}
	return nil
}
