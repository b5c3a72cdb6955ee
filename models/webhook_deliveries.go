package models

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"gorm.io/gorm"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/outbox"
	"portico/app/webhook"
)

// mostRedelivered bounds how many dead letters one call sends again.
const mostRedelivered = 5000

// WebhookDelivery is one event on its way to one receiver.
type WebhookDelivery struct {
	ID        string
	WebhookID string
	EventID   string
	Kind      string
	Subject   string
	Body      string
	State     string // pending, delivered, dead
	DueAt     time.Time
	Attempts  int
	Status    int
	Took      time.Duration
	Reason    string
	Answers   []webhook.Answer
	CreatedAt time.Time
	NotAfter  time.Time
	EndedAt   time.Time
}

// Pending, Delivered and Dead say how far it is.
func (d WebhookDelivery) Pending() bool { return d.State == deliveryPending }

// Delivered reports that the receiver has it.
func (d WebhookDelivery) Delivered() bool { return d.State == deliveryDelivered }

// Dead reports that it is tried no more.
func (d WebhookDelivery) Dead() bool { return d.State == deliveryDead }

func (r WebhookDeliveryRow) answers() (out []webhook.Answer, err error) {
	if r.Answers == "" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(r.Answers), &out); err != nil {
		return nil, badJSON("answers of webhook delivery", r.ID, err)
	}
	return out, nil
}

// Delivery is the decoded delivery of a row.
func (r WebhookDeliveryRow) Delivery() (WebhookDelivery, error) {
	answers, err := r.answers()
	return WebhookDelivery{ID: r.ID, WebhookID: r.WebhookID, EventID: r.EventID, Kind: r.Kind, Subject: r.Subject, Body: r.Body, State: r.State, DueAt: r.DueAt.UTC(),
		Attempts: r.Attempts, Status: r.Status, Took: time.Duration(r.Took) * time.Microsecond, Reason: r.Reason, Answers: answers,
		CreatedAt: r.CreatedAt.UTC(), NotAfter: r.NotAfter.UTC(), EndedAt: timeOf(r.EndedAt)}, err
}

// DeliveryQuery narrows the list of deliveries, the latest first.
type DeliveryQuery struct {
	WebhookID string
	State     string
	Kind      string
	EventID   string
	Subject   string
	After     string
	Limit     int
}

func (t *Tenant) deliveryFilter(q *gorm.DB, f DeliveryQuery) *gorm.DB {
	return equals(q, [][2]string{{"webhook_id", strings.ToLower(f.WebhookID)}, {"state", f.State}, {"kind", f.Kind}, {"event_id", strings.ToLower(f.EventID)}, {"subject", f.Subject}})
}

// WebhookDeliveries lists one page.
func (t *Tenant) WebhookDeliveries(ctx context.Context, f DeliveryQuery) (Page[WebhookDelivery], error) {
	q, err := keyset(t.deliveryFilter(t.q(ctx), f), "created_at", f.After, true, true)
	if err != nil {
		return Page[WebhookDelivery]{}, err
	}
	limit := clampLimit(f.Limit)
	var rows []WebhookDeliveryRow
	if err := q.Limit(limit + 1).Find(&rows).Error; err != nil {
		return Page[WebhookDelivery]{}, err
	}
	p := page(rows, limit, func(r WebhookDeliveryRow) cursor { return cursor{Time: r.CreatedAt, ID: r.ID} })
	out := Page[WebhookDelivery]{Items: make([]WebhookDelivery, len(p.Items)), Next: p.Next}
	for i, r := range p.Items {
		if out.Items[i], err = r.Delivery(); err != nil {
			return out, err
		}
	}
	return out, nil
}

// WebhookDelivery reads one.
func (t *Tenant) WebhookDelivery(ctx context.Context, id string) (WebhookDelivery, error) {
	var r WebhookDeliveryRow
	if err := t.q(ctx).Where("id = ?", strings.ToLower(id)).Take(&r).Error; err != nil {
		return WebhookDelivery{}, found(err)
	}
	return r.Delivery()
}

// WebhookCounts are how many deliveries of a webhook wait and how many are dead letters, each up to most.
func (t *Tenant) WebhookCounts(ctx context.Context, webhookID string, most int) (waiting, dead int, err error) {
	count := func(state string) (int, error) {
		var n int64
		some := t.q(ctx).Model(&WebhookDeliveryRow{}).Select("id").Where("webhook_id = ? AND state = ?", webhookID, state).Limit(most)
		err := t.r(ctx).Table("(?) AS counted", some).Count(&n).Error
		return int(n), err
	}
	if waiting, err = count(deliveryPending); err != nil {
		return 0, 0, err
	}
	dead, err = count(deliveryDead)
	return waiting, dead, err
}

// again is how a delivery begins anew. Its event keeps its id, so that a receiver that has it drops it.
func (t *Tenant) again() map[string]any {
	now := t.Now()
	return map[string]any{"state": deliveryPending, "owner": "", "due_at": now, "attempts": 0, "not_after": now.Add(webhook.Keep), "ended_at": nil}
}

// Redeliver sends one again, delivered or not.
func (t *Tenant) Redeliver(ctx context.Context, actor audit.Actor, id string) (WebhookDelivery, error) {
	var after WebhookDelivery
	err := t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		r, _, err := t.lockDelivery(ctx, strings.ToLower(id))
		if err != nil {
			return audit.Event{}, err
		}
		w, err := t.running(ctx, r.WebhookID)
		if err != nil {
			return audit.Event{}, err
		}
		if r.State == deliveryPending {
			if r.Owner != "" && r.DueAt.After(t.Now()) {
				return audit.Event{}, fault.New(fault.Conflict, "webhook.under_way")
			}
		}
		if err := t.u(ctx).Model(&WebhookDeliveryRow{}).Where("id = ?", r.ID).UpdateColumns(t.again()).Error; err != nil {
			return audit.Event{}, err
		}
		t.afterCommit(t.wakeWebhooks)
		if after, err = t.WebhookDelivery(ctx, r.ID); err != nil {
			return audit.Event{}, err
		}
		return webhookEvent(w, "Redeliver event", "Update", audit.Change{Property: "delivery", New: r.ID}, audit.Change{Property: "event", New: r.Kind}), nil
	})
	return after, err
}

// running is a webhook that something can be sent to. Whoever sends again wants it tried at once.
func (t *Tenant) running(ctx context.Context, id string) (Webhook, error) {
	w, err := t.Webhook(ctx, id)
	if err != nil {
		return w, err
	}
	if !w.Enabled {
		return w, fault.New(fault.Conflict, "webhook.paused")
	}
	return w, t.u(ctx).Model(&WebhookRow{}).Where("id = ?", w.ID).UpdateColumn("rest_until", t.Now()).Error
}

// RedeliverDead sends the dead letters of a webhook again, all or those of one kind of event, the oldest first, and says
// how many.
func (t *Tenant) RedeliverDead(ctx context.Context, actor audit.Actor, f DeliveryQuery) (int, error) {
	n := 0
	err := t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		w, err := t.running(ctx, f.WebhookID)
		if err != nil {
			return audit.Event{}, err
		}
		f.State, f.WebhookID = deliveryDead, w.ID
		some := t.deliveryFilter(t.w(ctx).Model(&WebhookDeliveryRow{}).Where("tenant_id = ?", t.ID), f).Select("id").Order("created_at, id").Limit(mostRedelivered)
		done := t.u(ctx).Model(&WebhookDeliveryRow{}).Where("id IN (?)", some).UpdateColumns(t.again())
		if n = int(done.RowsAffected); done.Error != nil || n == 0 {
			return audit.Event{}, done.Error
		}
		t.afterCommit(t.wakeWebhooks)
		return webhookEvent(w, "Redeliver dead letters", "Update", audit.Change{Property: "count", New: n}, audit.Change{Property: "event", New: f.Kind}), nil
	})
	return n, err
}

// BeginWebhookTest writes the test event down, leased to whoever waits for it: should they not come back, it is sent by
// the worker.
func (t *Tenant) BeginWebhookTest(ctx context.Context, actor audit.Actor, id, owner string) (outbox.Item, error) {
	var it outbox.Item
	err := t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		w, err := t.Webhook(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		e := webhook.TestEvent(t.ID, NewID(), t.Now())
		body, err := e.Body(false)
		if err != nil {
			return audit.Event{}, err
		}
		row := t.deliveryRow(w.ID, e, body)
		row.Owner, row.DueAt, row.NotAfter, row.Attempts = owner, row.DueAt.Add(time.Minute), row.DueAt.Add(10*time.Minute), 1
		it = outbox.Item{ID: row.ID, TenantID: t.ID, Kind: webhook.Channel, CreatedAt: row.CreatedAt, NotAfter: row.NotAfter}
		return webhookEvent(w, "Test webhook", "Update"), t.w(ctx).Create(&row).Error
	})
	return it, err
}

// lateDeliveries finds by its index alone what waits too long: the state stands in the text, or no plan could use that.
const lateDeliveries = "tenant_id = ? AND state = 'pending' AND not_after < ? AND due_at < ?"

// ExpireWebhookDeliveries makes dead letters of what waited longer than it is tried (a paused webhook's is claimed by
// nobody), and forgets what is kept no longer. It works off some rows, and says how many.
func (t *Tenant) ExpireWebhookDeliveries(ctx context.Context, limit int) (n int, err error) {
	err = t.InTx(ctx, func(t *Tenant) error {
		if some, err := t.lockWebhooks(ctx); err != nil || !some {
			return err
		}
		n, err = t.expireDeliveries(ctx, limit)
		return err
	})
	return n, err
}

func (t *Tenant) expireDeliveries(ctx context.Context, limit int) (int, error) {
	now := t.Now()
	at := func(age time.Duration) time.Time { return now.Add(-age) }
	late := t.w(ctx).Model(&WebhookDeliveryRow{}).Select("id").Where(lateDeliveries, t.ID, now, now).Limit(limit)
	buried := t.u(ctx).Model(&WebhookDeliveryRow{}).Where("id IN (?)", late).UpdateColumns(map[string]any{"state": deliveryDead, "owner": "", "ended_at": now, "reason": "it waited too long"})
	if buried.Error != nil {
		return 0, buried.Error
	}
	old := t.w(ctx).Model(&WebhookDeliveryRow{}).Select("id").Where("tenant_id = ? AND ((created_at < ? AND state = ? AND ended_at < ?) OR (created_at < ? AND state = ? AND ended_at < ?))",
		t.ID, at(webhook.KeepDelivered), deliveryDelivered, at(webhook.KeepDelivered), at(webhook.KeepDead), deliveryDead, at(webhook.KeepDead)).Limit(limit)
	gone := t.u(ctx).Where("id IN (?)", old).Delete(&WebhookDeliveryRow{})
	return int(max(gone.RowsAffected, buried.RowsAffected)), gone.Error
}

// forgetEvents erases what is kept of events about people who are erased, dead letters and what still waits included:
// bodies and answers may say their names. That they are gone is told after this, by an event with nothing but the id.
func (t *Tenant) forgetEvents(ctx context.Context, userIDs ...string) error {
	if some, err := t.lockWebhooks(ctx); err != nil || !some {
		return err
	}
	return t.u(ctx).Where("subject IN ?", userIDs).Delete(&WebhookDeliveryRow{}).Error
}
