package models

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"gorm.io/gorm"
)

// AuditCheck says what to check of a tenant's log.
type AuditCheck struct {
	Since   time.Time        // blocks that ended before it are left out; zero = from the first block on
	Newest  int              // only so many of the newest blocks; 0 = all
	Anchors map[int64]string // hashes by block number, kept where the database cannot reach
}

// AuditFinding is what a check found. Checking ends with the first problem: what follows a broken link
// proves nothing.
type AuditFinding struct {
	Blocks   int       // checked, emptied ones included
	Purged   int       // of them: emptied, so that only the chain was checked
	Rows     int       // entries whose hash was checked
	Unsealed int       // entries that no block covers yet
	Oldest   time.Time // of those
	Anchored int       // blocks whose hash was compared with an anchor
	LastHash string
	Problem  *AuditProblem
}

// AuditProblem is the first thing that is not as it was written.
type AuditProblem struct {
	Block int64     // 0 = outside of any block
	At    time.Time // of the block's or the entry's end
	Text  string
}

func (p AuditProblem) Error() string {
	if p.Block == 0 {
		return "audit log: " + p.Text
	}
	if p.At.IsZero() { // a block that is gone
		return fmt.Sprintf("audit block %d: %s", p.Block, p.Text)
	}
	return fmt.Sprintf("audit block %d (until %s): %s", p.Block, p.At.UTC().Format(time.RFC3339), p.Text)
}

// VerifyAuditsJob is the name of the job that checks the newest blocks each day.
const VerifyAuditsJob = "verify the audit log"

// SealLate is how old an entry may be that no block covers yet; the program seals each minute.
const SealLate = 10 * time.Minute

// auditTail is how much older than a sealed block an entry may be that no block covers yet.
const auditTail = 10 * time.Minute

const auditPage = 200 // blocks in memory at a time

// CheckAudits walks the chain of a tenant from its first block to its tail, a page of blocks and the rows of
// one block at a time. It changes nothing and needs no running program.
func (t *Tenant) CheckAudits(ctx context.Context, c AuditCheck) (AuditFinding, error) {
	var f AuditFinding
	fail := func(b AuditBlockRow, format string, args ...any) (AuditFinding, error) {
		f.Problem = &AuditProblem{Block: b.Number, At: b.LastAt, Text: fmt.Sprintf(format, args...)}
		return f, nil
	}
	from, err := t.firstToCheck(ctx, c)
	if err != nil {
		return f, err
	}
	allowed, err := t.purgedThrough(ctx)
	if err != nil {
		return f, err
	}
	var before *AuditBlockRow
	anchors := map[int64]bool{}
	for {
		var blocks []AuditBlockRow
		if err := t.q(ctx).Where("number >= ?", from).Order("number").Limit(auditPage).Find(&blocks).Error; err != nil {
			return f, err
		}
		for _, b := range blocks {
			f.Blocks++
			switch {
			case before == nil && from <= 1 && (b.Number != 1 || b.Previous != ""):
				return fail(b, "the chain does not begin with block 1")
			case before != nil && (b.Number != before.Number+1 || b.Previous != before.Hash):
				return fail(b, "it does not follow block %d", before.Number)
			}
			if want, ok := c.Anchors[b.Number]; ok {
				if f.Anchored++; want != b.Hash {
					return fail(b, "its hash is %s, and the anchor says %s: the chain was rewritten", b.Hash, want)
				}
				anchors[b.Number] = true
			}
			if b.Purged && b.Number > allowed {
				return fail(b, "it is marked as purged, and no entry says that it was")
			}
			rows, problem, err := t.checkBlock(ctx, b)
			if err != nil {
				return f, err
			}
			if problem != "" {
				return fail(b, "%s", problem)
			}
			if rows < 0 {
				f.Purged++
			} else {
				f.Rows += rows
			}
			one := b
			before, f.LastHash = &one, b.Hash
		}
		if len(blocks) < auditPage {
			break
		}
		from = blocks[len(blocks)-1].Number + 1
	}
	for number := range c.Anchors {
		if !anchors[number] && (before == nil || number > before.Number || c.Since.IsZero() && c.Newest == 0) {
			return fail(AuditBlockRow{Number: number}, "an anchor names it, and it is gone")
		}
	}
	if c.Newest == 0 {
		if f, err = t.checkStrays(ctx, f); err != nil || f.Problem != nil {
			return f, err
		}
	}
	if f, err = t.checkBeginning(ctx, f); err != nil || f.Problem != nil {
		return f, err
	}
	return t.checkTail(ctx, f, before)
}

// checkBeginning compares the first thing in the log with the tenant's own date: making a tenant leaves an
// entry, so that a log which begins later, or not at all, was emptied. Purged blocks keep their times.
func (t *Tenant) checkBeginning(ctx context.Context, f AuditFinding) (AuditFinding, error) {
	var self []TenantRow
	if err := t.r(ctx).Where("id = ?", t.ID).Limit(1).Find(&self).Error; err != nil || len(self) == 0 {
		return f, err
	}
	var blocks []AuditBlockRow
	if err := t.q(ctx).Order("number").Limit(1).Find(&blocks).Error; err != nil {
		return f, err
	}
	var first time.Time
	if len(blocks) > 0 {
		first = blocks[0].FirstAt
	} else {
		var rows []AuditRow
		if err := t.q(ctx).Order("created_at, id").Limit(1).Find(&rows).Error; err != nil {
			return f, err
		}
		if len(rows) == 0 {
			f.Problem = &AuditProblem{Text: "it is empty, and making the tenant left an entry: the log was deleted"}
			return f, nil
		}
		first = rows[0].CreatedAt
	}
	if first.After(self[0].CreatedAt.Add(auditTail)) {
		f.Problem = &AuditProblem{At: first, Text: fmt.Sprintf("it begins at %s, and the tenant was made at %s, which left an entry: what came before was deleted",
			first.UTC().Format(time.RFC3339), self[0].CreatedAt.UTC().Format(time.RFC3339))}
	}
	return f, nil
}

// firstToCheck is the number of the first block that a check looks at.
func (t *Tenant) firstToCheck(ctx context.Context, c AuditCheck) (int64, error) {
	from := int64(1)
	if !c.Since.IsZero() {
		var first []int64
		if err := t.q(ctx).Model(&AuditBlockRow{}).Where("last_at >= ?", c.Since.UTC()).Order("number").Limit(1).Pluck("number", &first).Error; err != nil {
			return 0, err
		}
		if len(first) == 0 { // all of them ended before: there is only the tail
			return math.MaxInt64, nil
		}
		from = first[0]
	}
	if c.Newest > 0 {
		var newest []int64
		if err := t.q(ctx).Model(&AuditBlockRow{}).Order("number DESC").Limit(1).Pluck("number", &newest).Error; err != nil {
			return 0, err
		}
		if len(newest) == 1 {
			from = max(from, newest[0]-int64(c.Newest)+1)
		}
	}
	return from, nil
}

// checkBlock compares a block with its rows; -1 rows means that they were purged.
func (t *Tenant) checkBlock(ctx context.Context, b AuditBlockRow) (int, string, error) {
	var rows []AuditRow
	if err := t.q(ctx).Where("block = ?", b.ID).Order("created_at, id").Limit(auditBlockMost + 1).Find(&rows).Error; err != nil {
		return 0, "", err
	}
	if !b.Purged && len(rows) == 0 { // its time may have come while we looked
		var now AuditBlockRow
		err := t.q(ctx).Where("id = ?", b.ID).Take(&now).Error
		if err != nil && !errors.Is(err, gorm.ErrRecordNotFound) {
			return 0, "", err
		}
		b.Purged = now.Purged
	}
	lines := make([][]byte, len(rows))
	for i, r := range rows {
		var err error
		if lines[i], err = auditLine(r); err != nil {
			return 0, "", err
		}
	}
	if b.Purged {
		if len(rows) > 0 {
			return 0, fmt.Sprintf("it is marked as purged, and %d entries stand in it", len(rows)), nil
		}
		return -1, b.matches(nil), nil
	}
	return len(rows), b.matches(lines), nil
}

// matches says what is wrong with a block; nil lines mean that only the block itself is looked at.
func (b AuditBlockRow) matches(lines [][]byte) string {
	if b.Content == "" {
		if lines != nil && oldSum(b.Previous, lines) != b.Hash {
			return "it or its entries were changed after it was sealed"
		}
		return ""
	}
	if sum, err := b.sum(); err != nil || sum != b.Hash {
		return "the block itself was changed after it was sealed"
	}
	switch {
	case lines == nil:
	case len(lines) < b.Rows:
		return fmt.Sprintf("%d of its %d entries are missing", b.Rows-len(lines), b.Rows)
	case len(lines) > b.Rows:
		return fmt.Sprintf("it has more entries than the %d that were sealed", b.Rows)
	case linesHash(lines) != b.Content:
		return "one of its entries was changed after it was sealed"
	}
	return ""
}

// purgedThrough is the number of the last block that an entry says was purged.
func (t *Tenant) purgedThrough(ctx context.Context) (int64, error) {
	var rows []AuditRow
	if err := t.q(ctx).Where("target_id = ? AND activity = ?", t.ID, auditPurge).Order("created_at DESC, id DESC").Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return 0, err
	}
	var changes []struct {
		Property string          `json:"property"`
		New      json.RawMessage `json:"new"`
	}
	if err := json.Unmarshal([]byte(rows[0].Changes), &changes); err != nil {
		return 0, nil // it was changed, which its own block shows
	}
	for _, c := range changes {
		var n int64
		if c.Property == purgedThrough && json.Unmarshal(c.New, &n) == nil {
			return n, nil
		}
	}
	return 0, nil
}

// checkStrays looks for entries that name a block that there is not. It walks through the whole log.
func (t *Tenant) checkStrays(ctx context.Context, f AuditFinding) (AuditFinding, error) {
	var strays []AuditRow
	known := t.r(ctx).Model(&AuditBlockRow{}).Select("id").Where("tenant_id = ?", t.ID)
	if err := t.q(ctx).Where("block <> '' AND block NOT IN (?)", known).Order("created_at, id").Limit(1).Find(&strays).Error; err != nil {
		return f, err
	}
	if len(strays) > 0 {
		f.Problem = &AuditProblem{At: strays[0].CreatedAt, Text: fmt.Sprintf("the entry %s of %s belongs to a block that is gone", strays[0].ID, strays[0].CreatedAt.UTC().Format(time.RFC3339))}
	}
	return f, nil
}

// checkTail looks at the entries that no block covers: none may be older than what is sealed already.
func (t *Tenant) checkTail(ctx context.Context, f AuditFinding, last *AuditBlockRow) (AuditFinding, error) {
	var first []AuditRow
	if err := t.q(ctx).Where("block = ''").Order("created_at, id").Limit(1).Find(&first).Error; err != nil || len(first) == 0 {
		return f, err
	}
	if last != nil && first[0].CreatedAt.Before(last.LastAt.Add(-auditTail)) {
		f.Problem = &AuditProblem{At: first[0].CreatedAt, Text: fmt.Sprintf("the entry %s of %s stands outside the chain, and everything until %s is sealed",
			first[0].ID, first[0].CreatedAt.UTC().Format(time.RFC3339), last.LastAt.UTC().Format(time.RFC3339))}
		return f, nil
	}
	var n int64
	err := t.q(ctx).Model(&AuditRow{}).Where("block = ''").Count(&n).Error
	f.Unsealed, f.Oldest = int(n), first[0].CreatedAt.UTC()
	return f, err
}

// LostTenants lists the ids of tenants whose own row is gone while parts of their log are there. Purging a
// tenant takes its log with it, so somebody else removed the row.
func (s *Store) LostTenants(ctx context.Context) ([]string, error) {
	var ids []string
	err := s.read.WithContext(ctx).Raw(`SELECT tenant_id FROM audit_blocks WHERE tenant_id NOT IN (SELECT id FROM tenants)
		UNION SELECT tenant_id FROM audits WHERE tenant_id NOT IN (SELECT id FROM tenants) ORDER BY tenant_id`).Scan(&ids).Error
	return ids, err
}

// EachAuditBlock visits the blocks that ended at or after from and began before to, oldest first; zero times
// do not bound.
func (t *Tenant) EachAuditBlock(ctx context.Context, from, to time.Time, visit func(AuditBlockRow) error) error {
	next := int64(1)
	for {
		q := t.q(ctx).Where("number >= ?", next)
		if !from.IsZero() {
			q = q.Where("last_at >= ?", from.UTC())
		}
		if !to.IsZero() {
			q = q.Where("first_at < ?", to.UTC())
		}
		var blocks []AuditBlockRow
		if err := q.Order("number").Limit(auditPage).Find(&blocks).Error; err != nil {
			return err
		}
		for _, b := range blocks {
			if err := visit(b); err != nil {
				return err
			}
		}
		if len(blocks) < auditPage {
			return nil
		}
		next = blocks[len(blocks)-1].Number + 1
	}
}
