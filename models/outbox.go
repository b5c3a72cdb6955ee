package models

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"portico/app/outbox"
)

// OutboxRow is one thing to deliver. A delivered one is deleted; a buried one is kept for a while so
// that an operator can see it. DueAt is also the lease: a claimed row is due again when the lease ends.
type OutboxRow struct {
	ID        string `gorm:"primaryKey;size:36"`
	TenantID  string `gorm:"size:36"`
	Kind      string `gorm:"size:32"`
	Payload   []byte // sealed, bound to the row
	State     string `gorm:"size:16;index:outbox_due,priority:1"` // pending, buried
	DueAt     time.Time
	Owner     string `gorm:"size:64"`
	Attempts  int
	Reason    string
	CreatedAt time.Time
	NotAfter  *time.Time
}

func (OutboxRow) TableName() string { return "outbox" }

const (
	outboxPending = "pending"
	outboxBuried  = "buried"
)

func outboxSeal(id string) string { return "outbox " + id }

// EnqueueOutbox writes an item; inside a transaction it exists only if that commits.
func (t *Tenant) EnqueueOutbox(ctx context.Context, it outbox.Item) error {
	if it.ID == "" {
		it.ID = NewID()
	}
	sealed, err := t.seal.Seal(it.Payload, outboxSeal(it.ID))
	if err != nil {
		return err
	}
	now := t.Now()
	row := OutboxRow{ID: it.ID, TenantID: t.ID, Kind: string(it.Kind), Payload: sealed, State: outboxPending, DueAt: now, CreatedAt: now}
	if !it.NotAfter.IsZero() {
		until := it.NotAfter.UTC().Truncate(time.Microsecond)
		row.NotAfter = &until
	}
	if err := t.w(ctx).Create(&row).Error; err != nil {
		return err
	}
	t.afterCommit(func() {
		select {
		case t.queued <- struct{}{}:
		default:
		}
	})
	return nil
}

// Queued tells the outbox worker of this instance that something was committed to the outbox.
func (s *Store) Queued() <-chan struct{} { return s.queued }

// ClaimOutbox implements outbox.Store.
func (s *Store) ClaimOutbox(ctx context.Context, owner string, now time.Time, lease time.Duration, n int, without ...string) ([]outbox.Item, error) {
	now = now.UTC().Truncate(time.Microsecond)
	due := func(db *gorm.DB) *gorm.DB {
		db = db.WithContext(ctx).Model(&OutboxRow{}).Where("state = ? AND due_at <= ?", outboxPending, now)
		if len(without) > 0 {
			db = db.Where("tenant_id NOT IN ?", without)
		}
		return db
	}
	var waiting []string
	if err := due(s.read).Limit(1).Pluck("id", &waiting).Error; err != nil || len(waiting) == 0 {
		return nil, err
	}
	var rows []OutboxRow
	err := s.transactions.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := due(tx).Clauses(clause.Locking{Strength: "UPDATE", Options: "SKIP LOCKED"}).Order("due_at").Limit(n).Find(&rows).Error; err != nil || len(rows) == 0 {
			return err
		}
		ids := make([]string, len(rows))
		for i, r := range rows {
			ids[i] = r.ID
		}
		return tx.Model(&OutboxRow{}).Where("id IN ?", ids).
			Updates(map[string]any{"owner": owner, "due_at": now.Add(lease), "attempts": gorm.Expr("attempts + 1")}).Error
	})
	if err != nil {
		return nil, err
	}
	items := make([]outbox.Item, 0, len(rows))
	for _, r := range rows {
		plain, err := s.seal.Open(r.Payload, outboxSeal(r.ID))
		if err != nil { // sealed under a secret that is gone: it can never be delivered
			if err := s.BuryOutbox(ctx, r.ID, owner, err.Error()); err != nil {
				return nil, err
			}
			continue
		}
		it := outbox.Item{ID: r.ID, TenantID: r.TenantID, Kind: outbox.Kind(r.Kind), Payload: plain, Attempts: r.Attempts, CreatedAt: r.CreatedAt}
		if r.NotAfter != nil {
			it.NotAfter = *r.NotAfter
		}
		items = append(items, it)
	}
	return items, nil
}

// DeliveredOutbox implements outbox.Store.
func (s *Store) DeliveredOutbox(ctx context.Context, id, owner string) error {
	return s.write.WithContext(ctx).Where("id = ? AND owner = ? AND state = ?", id, owner, outboxPending).Delete(&OutboxRow{}).Error
}

// RetryOutbox implements outbox.Store.
func (s *Store) RetryOutbox(ctx context.Context, id, owner string, at time.Time, reason string) error {
	return s.endOutbox(ctx, id, owner, map[string]any{"owner": "", "due_at": at.UTC().Truncate(time.Microsecond), "reason": reason})
}

// BuryOutbox implements outbox.Store. What was to be delivered is forgotten; that and why it failed stay.
func (s *Store) BuryOutbox(ctx context.Context, id, owner, reason string) error {
	return s.endOutbox(ctx, id, owner, map[string]any{"owner": "", "state": outboxBuried, "payload": []byte{}, "due_at": s.Now(), "reason": reason})
}

func (s *Store) endOutbox(ctx context.Context, id, owner string, to map[string]any) error {
	return s.write.WithContext(ctx).Model(&OutboxRow{}).
		Where("id = ? AND owner = ? AND state = ?", id, owner, outboxPending).Updates(to).Error
}

// OutboxBacklog counts what waits for delivery and what was buried, for doctor and metrics.
func (s *Store) OutboxBacklog(ctx context.Context) (pending, buried int64, err error) {
	var rows []struct {
		State string
		N     int64
	}
	err = s.read.WithContext(ctx).Model(&OutboxRow{}).Select("state, COUNT(*) AS n").Group("state").Scan(&rows).Error
	for _, r := range rows {
		switch r.State {
		case outboxPending:
			pending = r.N
		case outboxBuried:
			buried = r.N
		}
	}
	return pending, buried, err
}

// PurgeOutbox forgets what was buried before a time.
func (s *Store) PurgeOutbox(ctx context.Context, before time.Time) error {
	return s.write.WithContext(ctx).Where("state = ? AND due_at < ?", outboxBuried, before.UTC()).Delete(&OutboxRow{}).Error
}
