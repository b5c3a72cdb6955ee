package models

import (
	"context"
	"encoding/json"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/outbox"
	"portico/app/webhook"
)

const (
	deliveryPending   = "pending"
	deliveryDelivered = "delivered"
	deliveryDead      = "dead"

	// How much one receiver, and one tenant, has under way at once in all instances: who is slow delays nobody else.
	receiverAtOnce = 4
	tenantAtOnce   = 12
	// keptAnswers bounds what a delivery remembers of its attempts.
	keptAnswers = 10
	// longestRest is how long a receiver that is away is left alone before one event tries again.
	longestRest = 5 * time.Minute
)

// WebhookQueue is the outbox of webhooks: its items stay after their end, and receivers take turns.
type WebhookQueue struct{ *Store }

// ClaimOutbox implements outbox.Store. Of the receivers that have something due and do not rest, who was served longest
// ago comes first; a receiver that failed last gets one event at a time until it takes one. Webhooks of disabled and of
// deleted tenants rest. It has shares of its own, so that it needs no word about tenants that are busy.
func (s WebhookQueue) ClaimOutbox(ctx context.Context, owner string, now time.Time, lease time.Duration, n int, _ ...string) ([]outbox.Item, error) {
	now = micro(now)
	waiting := func(db *gorm.DB) *gorm.DB {
		return db.WithContext(ctx).Model(&WebhookRow{}).Where("enabled AND rest_until <= ?", now).
			Where("EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.webhook_id = webhooks.id AND d.state = 'pending' AND d.due_at <= ?)", now).
			Where("tenant_id IN (SELECT id FROM tenants WHERE NOT disabled AND deleted_at IS NULL)")
	}
	var some []string
	if err := waiting(s.read).Limit(1).Pluck("id", &some).Error; err != nil || len(some) == 0 {
		return nil, err
	}
	var items []outbox.Item
	err := s.transactions.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		items = nil
		var receivers []WebhookRow
		if err := waiting(tx).Select("id", "tenant_id", "failures").Clauses(clause.Locking{Strength: "UPDATE", Options: "SKIP LOCKED"}).Order("served_at, id").Limit(4 * n).Find(&receivers).Error; err != nil {
			return err
		}
		byReceiver, byTenant, err := underWay(ctx, tx, now)
		if err != nil {
			return err
		}
		for _, r := range receivers {
			most := receiverAtOnce
			if r.Failures > 0 {
				most = 1
			}
			most = min(most-byReceiver[r.ID], tenantAtOnce-byTenant[r.TenantID], n-len(items))
			if most <= 0 {
				continue
			}
			var rows []WebhookDeliveryRow
			if err := tx.WithContext(ctx).Where("webhook_id = ? AND state = 'pending' AND due_at <= ?", r.ID, now).Order("due_at").Limit(most).Find(&rows).Error; err != nil {
				return err
			}
			var ids []string
			for _, d := range rows {
				ids = append(ids, d.ID)
				items = append(items, outbox.Item{ID: d.ID, TenantID: d.TenantID, Kind: webhook.Channel, Attempts: d.Attempts, CreatedAt: d.CreatedAt, NotAfter: d.NotAfter.UTC()})
			}
			if len(ids) == 0 {
				continue
			}
			byTenant[r.TenantID] += len(ids)
			if err := tx.WithContext(ctx).Model(&WebhookDeliveryRow{}).Where("id IN ?", ids).
				UpdateColumns(map[string]any{"owner": owner, "due_at": now.Add(lease), "attempts": gorm.Expr("attempts + 1")}).Error; err != nil {
				return err
			}
			if err := tx.WithContext(ctx).Model(&WebhookRow{}).Where("id = ?", r.ID).UpdateColumn("served_at", now).Error; err != nil {
				return err
			}
		}
		return nil
	})
	return items, err
}

// underWay counts what is leased at this moment.
func underWay(ctx context.Context, tx *gorm.DB, now time.Time) (byReceiver, byTenant map[string]int, err error) {
	var held []struct {
		TenantID, WebhookID string
		N                   int
	}
	err = tx.WithContext(ctx).Model(&WebhookDeliveryRow{}).Select("tenant_id, webhook_id, COUNT(*) AS n").
		Where("owner <> '' AND state = 'pending' AND due_at > ?", now).Group("tenant_id, webhook_id").Scan(&held).Error
	byReceiver, byTenant = map[string]int{}, map[string]int{}
	for _, h := range held {
		byReceiver[h.WebhookID] += h.N
		byTenant[h.TenantID] += h.N
	}
	return byReceiver, byTenant, err
}

func (s WebhookQueue) end(ctx context.Context, id, owner string, to map[string]any) error {
	return s.write.WithContext(ctx).Model(&WebhookDeliveryRow{}).Where("id = ? AND owner = ? AND state = ?", id, owner, deliveryPending).UpdateColumns(to).Error
}

// DeliveredOutbox implements outbox.Store.
func (s WebhookQueue) DeliveredOutbox(ctx context.Context, id, owner string) error {
	return s.end(ctx, id, owner, map[string]any{"owner": "", "state": deliveryDelivered, "reason": "", "ended_at": s.Now()})
}

// RetryOutbox implements outbox.Store.
func (s WebhookQueue) RetryOutbox(ctx context.Context, id, owner string, at time.Time, reason string) error {
	return s.end(ctx, id, owner, map[string]any{"owner": "", "due_at": micro(at), "reason": reason})
}

// BuryOutbox implements outbox.Store: the delivery becomes a dead letter, which can be sent again. When the receiver has
// taken nothing for as long as it was tried, the webhook pauses itself.
func (s WebhookQueue) BuryOutbox(ctx context.Context, id, owner, reason string) error {
	var d WebhookDeliveryRow
	if err := s.read.WithContext(ctx).Where("id = ? AND owner = ? AND state = ?", id, owner, deliveryPending).Take(&d).Error; err != nil {
		return ignoreMissing(found(err))
	}
	return s.Tenant(d.TenantID).InTx(ctx, func(t *Tenant) error {
		var r WebhookRow // first, as everywhere (lockDelivery)
		if err := t.lock(ctx).Where("id = ?", d.WebhookID).Take(&r).Error; err != nil {
			return ignoreMissing(found(err))
		}
		dead := t.u(ctx).Model(&WebhookDeliveryRow{}).Where("id = ? AND owner = ? AND state = ?", id, owner, deliveryPending).
			UpdateColumns(map[string]any{"owner": "", "state": deliveryDead, "reason": reason, "ended_at": t.Now()})
		if dead.Error != nil || dead.RowsAffected == 0 || d.Kind == webhook.Test {
			return dead.Error
		}
		if !r.Enabled || r.Failures == 0 || r.DeliveredAt != nil && r.DeliveredAt.After(d.NotAfter.Add(-webhook.Keep)) {
			return nil
		}
		return t.pauseWebhook(ctx, r, WebhookFailing, reason)
	})
}

// WebhookParcel implements webhook.Store.
func (s *Store) WebhookParcel(ctx context.Context, tenantID, deliveryID string) (webhook.Parcel, error) {
	t := s.Tenant(tenantID)
	var d WebhookDeliveryRow
	if err := t.q(ctx).Where("id = ?", deliveryID).Take(&d).Error; err != nil {
		return webhook.Parcel{}, found(err)
	}
	var r WebhookRow
	if err := t.q(ctx).Where("id = ?", d.WebhookID).Take(&r).Error; err != nil {
		return webhook.Parcel{}, found(err)
	}
	w, err := r.value()
	if err != nil {
		return webhook.Parcel{}, err
	}
	self, err := t.Get(ctx)
	if err != nil {
		return webhook.Parcel{}, err
	}
	if self.Disabled || !self.DeletedAt.IsZero() {
		return webhook.Parcel{}, fault.New(fault.NotFound, "error.not_found")
	}
	p := webhook.Parcel{TenantSlug: self.Slug, URL: w.URL, Kind: d.Kind, Body: []byte(d.Body)}
	secret, err := s.seal.Open(r.Secret, webhookSeal(r.ID))
	if err != nil {
		return p, err
	}
	p.Secrets = [][]byte{secret}
	if r.FormerUntil != nil && s.Now().Before(r.FormerUntil.UTC()) {
		former, err := s.seal.Open(r.Former, webhookFormerSeal(r.ID))
		if err != nil {
			return p, err
		}
		p.Secrets = append(p.Secrets, former)
	}
	return p, nil
}

// lockDelivery takes a delivery and its webhook for the running transaction, the webhook first: whoever needs both takes
// them in this order, so that nobody waits for each other.
func (t *Tenant) lockDelivery(ctx context.Context, id string) (d WebhookDeliveryRow, r WebhookRow, err error) {
	if err = t.w(ctx).Select("webhook_id").Where("tenant_id = ? AND id = ?", t.ID, id).Take(&d).Error; err != nil {
		return d, r, found(err)
	}
	if err = t.lock(ctx).Where("id = ?", d.WebhookID).Take(&r).Error; err != nil {
		return d, r, found(err)
	}
	err = t.lock(ctx).Where("id = ?", id).Take(&d).Error
	return d, r, found(err)
}

// lockWebhooks takes all webhooks of the tenant, for what touches deliveries of several; false = there is none, and so no
// delivery either.
func (t *Tenant) lockWebhooks(ctx context.Context) (bool, error) {
	var ids []string
	err := t.lock(ctx).Model(&WebhookRow{}).Order("id").Pluck("id", &ids).Error
	return len(ids) > 0, err
}

// NoteWebhookAnswer implements webhook.Store.
func (s *Store) NoteWebhookAnswer(ctx context.Context, tenantID, deliveryID string, a webhook.Answer) error {
	return s.Tenant(tenantID).InTx(ctx, func(t *Tenant) error {
		d, r, err := t.lockDelivery(ctx, deliveryID)
		if err != nil {
			return ignoreMissing(err) // it was deleted meanwhile
		}
		answers, err := d.answers()
		if err != nil {
			return err
		}
		if answers = append(answers, a); len(answers) > keptAnswers { // how it began, and how it went lately
			answers = append(answers[:1], answers[len(answers)-keptAnswers+1:]...)
		}
		body, err := json.Marshal(answers)
		if err != nil {
			return err
		}
		if err := t.u(ctx).Model(&WebhookDeliveryRow{}).Where("id = ?", d.ID).
			UpdateColumns(map[string]any{"status": a.Status, "took": a.Duration.Microseconds(), "answers": string(body)}).Error; err != nil {
			return err
		}
		if d.Kind == webhook.Test && !a.Taken() && !a.Gone() { // what an admin tries out is not counted against it
			return nil
		}
		return t.fares(ctx, r, a)
	})
}

// fares writes down how a receiver fares, and pauses it where that means so.
func (t *Tenant) fares(ctx context.Context, r WebhookRow, a webhook.Answer) error {
	now := t.Now()
	to := map[string]any{"answered_at": now, "last_status": a.Status, "last_problem": a.Problem}
	if a.Taken() {
		to["failures"], to["failing_since"], to["rest_until"], to["delivered"], to["delivered_at"] = 0, nil, now, gorm.Expr("delivered + 1"), now
		if r.Failures > 0 { // it is back: what waited for its next try need not wait longer
			if err := t.u(ctx).Model(&WebhookDeliveryRow{}).Where("webhook_id = ? AND state = ? AND owner = '' AND due_at > ?", r.ID, deliveryPending, now).UpdateColumn("due_at", now).Error; err != nil {
				return err
			}
			t.afterCommit(t.wakeWebhooks)
		}
		return t.u(ctx).Model(&WebhookRow{}).Where("id = ?", r.ID).UpdateColumns(to).Error
	}
	to["failures"] = gorm.Expr("failures + 1")
	since := now
	if r.FailingSince != nil {
		since = r.FailingSince.UTC()
	}
	to["failing_since"] = since
	if a.Busy() {
		to["rest_until"] = now.Add(max(min(outbox.Pause(int(r.Failures), .5), longestRest), a.After))
	}
	if err := t.u(ctx).Model(&WebhookRow{}).Where("id = ?", r.ID).UpdateColumns(to).Error; err != nil {
		return err
	}
	switch {
	case !r.Enabled:
		return nil
	case a.Gone():
		return t.pauseWebhook(ctx, r, WebhookGone, a.Problem)
	case now.Sub(since) >= webhook.Keep:
		return t.pauseWebhook(ctx, r, WebhookFailing, a.Problem)
	}
	return nil
}

// pauseWebhook stops a webhook by itself. What waits becomes dead letters, to be sent again once somebody has looked.
func (t *Tenant) pauseWebhook(ctx context.Context, r WebhookRow, why, problem string) error {
	now := t.Now()
	if err := t.u(ctx).Model(&WebhookRow{}).Where("id = ?", r.ID).UpdateColumns(map[string]any{"enabled": false, "paused_for": why, "paused_at": now, "told": false}).Error; err != nil {
		return err
	}
	if err := t.u(ctx).Model(&WebhookDeliveryRow{}).Where("webhook_id = ? AND state = ?", r.ID, deliveryPending).
		UpdateColumns(map[string]any{"state": deliveryDead, "owner": "", "reason": problem, "ended_at": now}).Error; err != nil {
		return err
	}
	t.afterCommit(func() { t.subscribers.forget(t.ID) })
	w, err := r.value()
	if err != nil {
		return err
	}
	return t.writeAudit(ctx, audit.System("webhook deliveries"), webhookEvent(w, "Pause webhook", "Update",
		audit.Change{Property: "enabled", Old: true, New: false}, audit.Change{Property: "pausedFor", New: why}, audit.Change{Property: "problem", New: problem}))
}

// WebhookBacklog counts what waits for delivery and what is a dead letter, for metrics.
func (s *Store) WebhookBacklog(ctx context.Context) (pending, dead int64, err error) {
	live := s.read.WithContext(ctx).Model(&WebhookDeliveryRow{})
	if err = live.Where("state = ?", deliveryPending).Count(&pending).Error; err != nil {
		return 0, 0, err
	}
	err = s.read.WithContext(ctx).Model(&WebhookDeliveryRow{}).Where("state = ?", deliveryDead).Count(&dead).Error
	return pending, dead, err
}
