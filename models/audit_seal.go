package models

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
)

// AuditBlockRow seals a run of audit rows: its hash covers their content and the hash of the block
// before, so that whoever changes, adds or removes a row afterwards must rewrite every later block, and
// the newest hash, which the program's log carries too, gives it away.
type AuditBlockRow struct {
	ID        string `gorm:"primaryKey;size:36"`
	TenantID  string `gorm:"size:36;uniqueIndex:audit_blocks_number,priority:1"`
	Number    int64  `gorm:"uniqueIndex:audit_blocks_number,priority:2"`
	Previous  string `gorm:"size:64"` // hash of the block before, "" for the first
	Hash      string `gorm:"size:64"`
	Rows      int
	FirstAt   time.Time
	LastAt    time.Time
	Purged    bool // its rows outlived their retention and are gone
	CreatedAt time.Time
}

func (AuditBlockRow) TableName() string { return "audit_blocks" }

const (
	auditBlockMost = 500             // rows in one block
	auditSettle    = 2 * time.Second // a row that is younger may still get company from a slower transaction
)

// SealAudits seals up to one block of the rows that are not sealed yet and gives it; false when there is
// nothing to seal. Two instances that try at once cannot both make the same number.
func (t *Tenant) SealAudits(ctx context.Context) (AuditBlockRow, bool, error) {
	var block AuditBlockRow
	err := t.InTx(ctx, func(t *Tenant) error {
		var rows []AuditRow
		if err := t.q(ctx).Where("block = '' AND created_at < ?", t.Now().Add(-auditSettle)).
			Order("created_at, id").Limit(auditBlockMost).Find(&rows).Error; err != nil || len(rows) == 0 {
			return err
		}
		var last []AuditBlockRow
		if err := t.q(ctx).Order("number DESC").Limit(1).Find(&last).Error; err != nil {
			return err
		}
		block = AuditBlockRow{ID: NewID(), TenantID: t.ID, Number: 1, Rows: len(rows), FirstAt: rows[0].CreatedAt,
			LastAt: rows[len(rows)-1].CreatedAt, CreatedAt: t.Now()}
		if len(last) == 1 {
			block.Number, block.Previous = last[0].Number+1, last[0].Hash
		}
		var err error
		if block.Hash, err = auditHash(block.Previous, rows); err != nil {
			return err
		}
		if err := t.w(ctx).Create(&block).Error; err != nil {
			return err
		}
		ids := make([]string, len(rows))
		for i, r := range rows {
			ids[i] = r.ID
		}
		done := t.u(ctx).Model(&AuditRow{}).Where("id IN ? AND block = ''", ids).UpdateColumn("block", block.ID)
		if done.Error == nil && done.RowsAffected != int64(len(rows)) {
			return fmt.Errorf("audit block %d: %d of %d rows were free", block.Number, done.RowsAffected, len(rows))
		}
		return done.Error
	})
	return block, err == nil && block.ID != "", err
}

// VerifyAudits checks the newest blocks of a tenant, at most so many, and says how many it checked.
func (t *Tenant) VerifyAudits(ctx context.Context, most int) (int, error) {
	var blocks []AuditBlockRow
	if err := t.q(ctx).Order("number DESC").Limit(most).Find(&blocks).Error; err != nil {
		return 0, err
	}
	for i, b := range blocks {
		if i+1 < len(blocks) && (b.Previous != blocks[i+1].Hash || b.Number != blocks[i+1].Number+1) {
			return i, fmt.Errorf("audit block %d does not follow block %d", b.Number, blocks[i+1].Number)
		}
		if b.Purged {
			continue
		}
		var rows []AuditRow
		if err := t.q(ctx).Where("block = ?", b.ID).Order("created_at, id").Find(&rows).Error; err != nil {
			return i, err
		}
		hash, err := auditHash(b.Previous, rows)
		if err != nil {
			return i, err
		}
		if hash != b.Hash {
			return i, fmt.Errorf("audit block %d was changed after it was sealed at %s", b.Number, b.CreatedAt.UTC().Format(time.RFC3339))
		}
	}
	return len(blocks), nil
}

// PurgeAudits forgets the rows of the oldest blocks that ended before a time; the blocks stay, so that
// the chain holds. It says how many blocks it emptied.
func (t *Tenant) PurgeAudits(ctx context.Context, before time.Time, most int) (int, error) {
	var blocks []AuditBlockRow
	if err := t.q(ctx).Where("purged = ? AND last_at < ?", false, before.UTC()).Order("number").Limit(most).Find(&blocks).Error; err != nil {
		return 0, err
	}
	for i, b := range blocks {
		err := t.InTx(ctx, func(t *Tenant) error {
			if err := t.u(ctx).Where("block = ?", b.ID).Delete(&AuditRow{}).Error; err != nil {
				return err
			}
			return t.u(ctx).Model(&AuditBlockRow{}).Where("id = ?", b.ID).UpdateColumn("purged", gorm.Expr("?", true)).Error
		})
		if err != nil {
			return i, err
		}
	}
	return len(blocks), nil
}

// auditHash is SHA-256 over the hash before and each row as JSON, one line each. A column that is added
// to AuditRow later must be left out of the JSON when it is empty, or sealed blocks no longer verify.
func auditHash(previous string, rows []AuditRow) (string, error) {
	slices.SortFunc(rows, func(a, b AuditRow) int {
		if c := a.CreatedAt.Compare(b.CreatedAt); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	var b bytes.Buffer
	b.WriteString(previous + "\n")
	enc := json.NewEncoder(&b)
	for _, r := range rows {
		r.Block, r.CreatedAt = "", r.CreatedAt.UTC()
		if err := enc.Encode(r); err != nil {
			return "", err
		}
	}
	sum := sha256.Sum256(b.Bytes())
	return hex.EncodeToString(sum[:]), nil
}
