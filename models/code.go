package models

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"portico/app/factor"
	"portico/app/limit"
	"portico/app/signin"
)

// MailedCodeRow is a one-time code on its way: a keyed hash, bound to attempt and purpose.
type MailedCodeRow struct {
	ID        string `gorm:"primaryKey;size:36"`
	TenantID  string `gorm:"size:36"`
	AttemptID string `gorm:"size:36;index:mailed_codes_attempt"`
	Purpose   string `gorm:"size:16"`
	Hash      []byte
	Tries     int
	UsedAt    *time.Time
	ExpiresAt time.Time `gorm:"index:mailed_codes_expiry"`
	CreatedAt time.Time
}

func (MailedCodeRow) TableName() string { return "mailed_codes" }

// LimitRow counts events per destination, address or tenant; it belongs to no tenant, because a mailbox
// does not either. Key is a MAC.
type LimitRow struct {
	Key       string    `gorm:"primaryKey;size:64"`
	Counts    string    `gorm:"type:text"`
	ExpiresAt time.Time `gorm:"index:limits_expiry"`
}

func (LimitRow) TableName() string { return "limits" }

func (s signInStore) AddCode(ctx context.Context, c signin.CodeRow) error {
	return s.w(ctx).Create(&MailedCodeRow{ID: c.ID, TenantID: s.ID, AttemptID: c.AttemptID, Purpose: c.Purpose, Hash: c.Hash,
		ExpiresAt: micro(c.ExpiresAt), CreatedAt: micro(c.CreatedAt)}).Error
}

// TryCode counts the try in one statement, so that no number of parallel tries gets past the limit.
func (s signInStore) TryCode(ctx context.Context, id string, now time.Time) (signin.CodeRow, bool, error) {
	var row MailedCodeRow
	alive := false
	err := s.InBatch(ctx, func(t *Tenant) error {
		r := t.u(ctx).Model(&MailedCodeRow{}).Where("id = ? AND used_at IS NULL AND tries < ? AND expires_at > ?", id, factor.CodeTries, now).
			UpdateColumn("tries", gorm.Expr("tries + 1"))
		if alive = r.RowsAffected == 1; r.Error != nil || !alive {
			return r.Error
		}
		return t.q(ctx).Where("id = ?", id).Take(&row).Error
	})
	return signin.CodeRow{ID: row.ID, AttemptID: row.AttemptID, Purpose: row.Purpose, Hash: row.Hash, Tries: row.Tries,
		ExpiresAt: row.ExpiresAt.UTC(), CreatedAt: row.CreatedAt.UTC()}, alive, err
}

func (s signInStore) SpendCode(ctx context.Context, id string, now time.Time) (bool, error) {
	r := s.u(ctx).Model(&MailedCodeRow{}).Where("id = ? AND used_at IS NULL AND expires_at > ?", id, now).UpdateColumn("used_at", micro(now))
	return r.RowsAffected == 1, r.Error
}

func (s signInStore) BurnCodes(ctx context.Context, attemptID, purpose string, now time.Time) error {
	return s.u(ctx).Model(&MailedCodeRow{}).Where("attempt_id = ? AND purpose = ? AND used_at IS NULL", attemptID, purpose).
		UpdateColumn("used_at", micro(now)).Error
}

func (s signInStore) Take(ctx context.Context, key []byte, windows []limit.Window, now time.Time) (time.Duration, bool, error) {
	name, wait, ok := base64.RawURLEncoding.EncodeToString(key), time.Duration(0), false
	now = micro(now)
	err := s.InBatch(ctx, func(t *Tenant) error {
		lockedRow := clause.OnConflict{Columns: []clause.Column{{Name: "key"}}, DoUpdates: clause.AssignmentColumns([]string{"key"})} // so that no purge comes between
		if err := t.w(ctx).Clauses(lockedRow).Create(&LimitRow{Key: name, Counts: "[]", ExpiresAt: now}).Error; err != nil {
			return err
		}
		var row LimitRow
		if err := t.w(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).Where("key = ?", name).Take(&row).Error; err != nil {
			return err
		}
		var counts []limit.Count
		if err := json.Unmarshal([]byte(row.Counts), &counts); err != nil {
			return badJSON("limit", name, err)
		}
		if counts, wait, ok = limit.Take(windows, counts, now); !ok {
			return nil
		}
		text, err := json.Marshal(counts)
		if err != nil {
			return err
		}
		return t.w(ctx).Model(&LimitRow{}).Where("key = ?", name).
			UpdateColumns(map[string]any{"counts": string(text), "expires_at": now.Add(limit.Longest(windows))}).Error
	})
	return wait, ok, err
}
