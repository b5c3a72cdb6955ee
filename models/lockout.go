package models

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"time"

	"gorm.io/gorm/clause"

	"portico/app/fault"
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

// TryPassword compares the password of somebody who has signed in already, under the same smart lock-out as
// on the account pages: whoever holds a stolen token can try as often as anybody. A wrong one is
// fault.Invalid on field, a locked account fault.TooMany.
func (t *Tenant) TryPassword(ctx context.Context, userID, field, password string, verify func(ctx context.Context, hash, password string) (ok, stale bool, err error)) error {
	self, err := t.Get(ctx)
	if err != nil {
		return err
	}
	key := signin.OwnLock(t.seal.MAC, t.ID, userID)
	set, tries := self.Settings, signInStore{t}
	ticket, until, admitted, err := tries.BeginTry(ctx, key, limit.LockRules{Threshold: set.LockoutThreshold, First: time.Duration(set.LockoutSeconds) * time.Second}, t.Now())
	if err != nil {
		return err
	}
	if !admitted {
		wait := until.Sub(t.Now())
		return &fault.Error{Code: fault.TooMany, Key: "signin.locked", Args: map[string]any{"count": max(1, int((wait+time.Minute-1)/time.Minute))}, RetryAfter: wait}
	}
	hash, err := t.Password(ctx, userID)
	if err == nil {
		var right bool
		if right, _, err = verify(ctx, hash, password); err == nil && !right {
			if err := tries.FailTry(ctx, key, ticket, t.seal.MAC("lockout.password", append(append([]byte{}, key...), password...))); err != nil {
				return err
			}
			return fault.BadField(field, "account.password.wrong", nil)
		}
	}
	if err != nil {
		if failed := tries.RefundTry(ctx, key, ticket); failed != nil {
			return failed
		}
		return err
	}
	return tries.ClearTries(ctx, key)
}
