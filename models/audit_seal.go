package models

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"portico/app/audit"
)

// AuditBlockRow seals a run of audit rows: its hash covers their content and the hash of the block
// before, so that whoever changes, adds or removes a row afterwards must rewrite every later block, and
// the newest hash, which the program's log carries too, gives it away (see CheckAudits).
type AuditBlockRow struct {
	ID        string `gorm:"primaryKey;size:36"`
	TenantID  string `gorm:"size:36;uniqueIndex:audit_blocks_number,priority:1"`
	Number    int64  `gorm:"uniqueIndex:audit_blocks_number,priority:2"`
	Previous  string `gorm:"size:64"` // hash of the block before, "" for the first
	Content   string `gorm:"size:64"` // hash of its rows; "" in a block from before there was one
	Hash      string `gorm:"size:64"` // of everything above and below but ID and Purged
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
		if block.Content, err = auditContent(rows); err != nil {
			return err
		}
		if block.Hash, err = block.sum(); err != nil {
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

// PurgeAudits forgets the rows of the oldest blocks that ended before a time; the blocks stay, so that
// the chain holds, and an entry says how far it went, so that nobody can forget more than that unnoticed.
// It says how many blocks it emptied.
func (t *Tenant) PurgeAudits(ctx context.Context, by audit.Actor, before time.Time, most int) (int, error) {
	var blocks []AuditBlockRow
	if err := t.q(ctx).Where("purged = ? AND last_at < ?", false, before.UTC()).Order("number").Limit(most).Find(&blocks).Error; err != nil || len(blocks) == 0 {
		return 0, err
	}
	err := t.audited(ctx, by, func(t *Tenant) (audit.Event, error) {
		rows := 0
		for _, b := range blocks {
			if err := t.u(ctx).Where("block = ?", b.ID).Delete(&AuditRow{}).Error; err != nil {
				return audit.Event{}, err
			}
			if err := t.u(ctx).Model(&AuditBlockRow{}).Where("id = ?", b.ID).UpdateColumn("purged", gorm.Expr("?", true)).Error; err != nil {
				return audit.Event{}, err
			}
			rows += b.Rows
		}
		return audit.Event{Activity: auditPurge, Category: "Policy", Operation: "Delete", Target: audit.Target{Kind: "auditLog", ID: t.ID},
			Changes: []audit.Change{{Property: purgedThrough, New: blocks[len(blocks)-1].Number}, {Property: "entries", New: rows}}}, nil
	})
	if err != nil {
		return 0, err
	}
	return len(blocks), nil
}

// What the entry of a purge says; the verifier reads it.
const (
	auditPurge    = "Purge audit log"
	purgedThrough = "throughBlock"
)

// auditLine is a row as it is hashed and exported: JSON without the block, which the row gets when it is
// sealed. A column that is added to AuditRow later must be left out of the JSON when it is empty, or sealed
// blocks no longer verify.
func auditLine(r AuditRow) ([]byte, error) {
	r.Block, r.CreatedAt = "", r.CreatedAt.UTC()
	return json.Marshal(r)
}

// auditContent is SHA-256 over the rows, one line each.
func auditContent(rows []AuditRow) (string, error) {
	slices.SortFunc(rows, func(a, b AuditRow) int {
		if c := a.CreatedAt.Compare(b.CreatedAt); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	h := sha256.New()
	for _, r := range rows {
		line, err := auditLine(r)
		if err != nil {
			return "", err
		}
		h.Write(append(line, '\n'))
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// sum is the block's hash: over the one before, what the block says of itself, and its rows' hash, so that
// an emptied block can still be checked.
func (b AuditBlockRow) sum() (string, error) {
	line, err := json.Marshal([]any{b.TenantID, b.Number, b.Previous, b.Rows, b.FirstAt.UTC(), b.LastAt.UTC(), b.CreatedAt.UTC(), b.Content})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(line)
	return hex.EncodeToString(sum[:]), nil
}

// oldSum is the hash of a block without Content: over the one before and the rows themselves.
func oldSum(previous string, lines [][]byte) string {
	h := sha256.New()
	h.Write([]byte(previous + "\n"))
	for _, l := range lines {
		h.Write(append(l[:len(l):len(l)], '\n'))
	}
	return hex.EncodeToString(h.Sum(nil))
}
