package models

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/webhook"
)

// mostWebhooks is how many subscriptions a tenant has: each event is written down once for each.
const mostWebhooks = 20

// Why a webhook paused itself.
const (
	WebhookGone    = "gone"    // the receiver said so (410)
	WebhookFailing = "failing" // nothing was taken for webhook.Keep
)

// Webhook is a subscription to events and how its receiver fares.
type Webhook struct {
	webhook.Subscription
	ID           string
	Enabled      bool
	SecretHint   string
	FormerUntil  time.Time // the former secret signs too until then
	PausedFor    string    // "" = by nobody or an admin
	PausedAt     time.Time
	Failures     int64
	FailingSince time.Time
	RestUntil    time.Time
	Delivered    int64
	DeliveredAt  time.Time
	AnsweredAt   time.Time
	LastStatus   int
	LastProblem  string
	CreatedAt    time.Time
	ModifiedAt   time.Time
}

func webhookSeal(id string) string { return "webhook " + id }

func webhookFormerSeal(id string) string { return "webhook former " + id }

func (r WebhookRow) value() (Webhook, error) {
	w := Webhook{ID: r.ID, Enabled: r.Enabled, SecretHint: r.SecretHint, FormerUntil: timeOf(r.FormerUntil), PausedFor: r.PausedFor, PausedAt: timeOf(r.PausedAt),
		Failures: r.Failures, FailingSince: timeOf(r.FailingSince), RestUntil: r.RestUntil.UTC(), Delivered: r.Delivered, DeliveredAt: timeOf(r.DeliveredAt),
		AnsweredAt: timeOf(r.AnsweredAt), LastStatus: r.LastStatus, LastProblem: r.LastProblem, CreatedAt: r.CreatedAt.UTC(), ModifiedAt: timeOf(r.ModifiedAt)}
	if err := json.Unmarshal([]byte(r.Settings), &w.Subscription); err != nil {
		return w, badJSON("webhook", r.ID, err)
	}
	return w, nil
}

// webhookChanges are what the audit log says of a change. A URL may hold a token of the receiver, so that only its
// place is told.
func webhookChanges(before, after webhook.Subscription) []audit.Change {
	var d differences
	d.note("place", "", before.Place(), after.Place(), audit.Public)
	if before.URL != after.URL {
		d.note("url", "", before.URL, after.URL, audit.Secret)
	}
	before.URL, after.URL = "", ""
	d.fields("", before, after)
	return d.changes
}

func webhookEvent(w Webhook, activity, operation string, changes ...audit.Change) audit.Event {
	return audit.Event{Activity: activity, Category: "DirectoryManagement", Operation: operation, Target: audit.Target{Kind: "webhook", ID: w.ID, Name: w.Name}, Changes: changes}
}

// Webhooks lists the subscriptions by name.
func (t *Tenant) Webhooks(ctx context.Context) ([]Webhook, error) {
	var rows []WebhookRow
	if err := t.q(ctx).Order("name, id").Limit(mostWebhooks).Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]Webhook, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = r.value(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Webhook reads one.
func (t *Tenant) Webhook(ctx context.Context, id string) (Webhook, error) {
	var r WebhookRow
	if err := t.q(ctx).Where("id = ?", strings.ToLower(id)).Take(&r).Error; err != nil {
		return Webhook{}, found(err)
	}
	return r.value()
}

// newWebhookSecret is 32 random bytes as text, and that text sealed: receivers compute with the text.
func (t *Tenant) newWebhookSecret(id string) (secret string, sealed []byte, err error) {
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return "", nil, err
	}
	secret = "whsec_" + base64.RawURLEncoding.EncodeToString(raw)
	sealed, err = t.seal.Seal([]byte(secret), webhookSeal(id))
	return secret, sealed, err
}

// webhookHint is how many characters of a secret stay readable, so that two can be told apart.
const webhookHint = len("whsec_") + 3

// CreateWebhook makes a subscription to what happens from now on. Its secret is given this once. check refuses what
// cannot be reached, and what the actor may not see.
func (t *Tenant) CreateWebhook(ctx context.Context, actor audit.Actor, s webhook.Subscription, enabled bool, check func(webhook.Subscription) error) (w Webhook, secret string, err error) {
	w = Webhook{Subscription: s.Filled(), ID: NewID(), Enabled: enabled}
	if err := check(w.Subscription); err != nil {
		return w, "", err
	}
	err = t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var n int64
		if err := t.q(ctx).Model(&WebhookRow{}).Count(&n).Error; err != nil {
			return audit.Event{}, err
		}
		if n >= mostWebhooks {
			return audit.Event{}, fault.BadField("displayName", "webhook.many", map[string]any{"max": mostWebhooks})
		}
		var sealed []byte
		var err error
		if secret, sealed, err = t.newWebhookSecret(w.ID); err != nil {
			return audit.Event{}, err
		}
		now := t.Now()
		w.SecretHint, w.CreatedAt = secret[:webhookHint], now
		row := WebhookRow{ID: w.ID, TenantID: t.ID, Secret: sealed, RestUntil: now, ServedAt: now, CreatedAt: now}
		if err := row.write(w); err != nil {
			return audit.Event{}, err
		}
		t.afterCommit(func() { t.subscribers.forget(t.ID) })
		return webhookEvent(w, "Add webhook", "Add", append(webhookChanges(webhook.Subscription{}, w.Subscription), audit.Change{Property: "enabled", New: enabled})...), t.w(ctx).Create(&row).Error
	})
	if err != nil {
		secret = ""
	}
	return w, secret, err
}

func (r *WebhookRow) write(w Webhook) error {
	settings, err := json.Marshal(w.Subscription)
	r.Name, r.Enabled, r.Settings, r.SecretHint = w.Name, w.Enabled, string(settings), w.SecretHint
	return err
}

// changeWebhook edits one under its lock.
func (t *Tenant) changeWebhook(ctx context.Context, actor audit.Actor, id string, f func(t *Tenant, r *WebhookRow, w *Webhook) (audit.Event, error)) (Webhook, error) {
	var after Webhook
	err := t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var r WebhookRow
		if err := t.lock(ctx).Where("id = ?", strings.ToLower(id)).Take(&r).Error; err != nil {
			return audit.Event{}, found(err)
		}
		w, err := r.value()
		if err != nil {
			return audit.Event{}, err
		}
		event, err := f(t, &r, &w)
		after = w
		if err != nil || event.Activity == "" {
			return event, err
		}
		now := t.Now()
		r.ModifiedAt = &now
		if err := r.write(w); err != nil {
			return event, err
		}
		if err := t.w(ctx).Save(&r).Error; err != nil {
			return event, err
		}
		t.afterCommit(func() { t.subscribers.forget(t.ID); t.wakeWebhooks() })
		after, err = r.value()
		return event, err
	})
	return after, err
}

// UpdateWebhook changes where and what. What waits goes to the new address.
func (t *Tenant) UpdateWebhook(ctx context.Context, actor audit.Actor, id string, edit func(*webhook.Subscription) error, check func(before, after webhook.Subscription) error) (Webhook, error) {
	return t.changeWebhook(ctx, actor, id, func(t *Tenant, r *WebhookRow, w *Webhook) (audit.Event, error) {
		before := w.Subscription
		after, err := cloneJSON(w.Subscription)
		if err != nil {
			return audit.Event{}, err
		}
		if err := edit(&after); err != nil {
			return audit.Event{}, err
		}
		after = after.Filled()
		if err := check(before, after); err != nil {
			return audit.Event{}, err
		}
		changes := webhookChanges(before, after)
		if len(changes) == 0 {
			return audit.Event{}, nil
		}
		w.Subscription = after
		if before.URL != after.URL { // how the former receiver fared says nothing about this one
			r.healthy(t.Now())
		}
		return webhookEvent(*w, "Update webhook", "Update", changes...), nil
	})
}

func (r *WebhookRow) healthy(now time.Time) {
	r.Failures, r.FailingSince, r.RestUntil, r.LastStatus, r.LastProblem = 0, nil, now, 0, ""
}

// EnableWebhook pauses a subscription or lets it go on. While it is paused nothing new is written down for it, and what
// waits rests.
func (t *Tenant) EnableWebhook(ctx context.Context, actor audit.Actor, id string, enabled bool) (Webhook, error) {
	return t.changeWebhook(ctx, actor, id, func(t *Tenant, r *WebhookRow, w *Webhook) (audit.Event, error) {
		if w.Enabled == enabled {
			return audit.Event{}, nil
		}
		was := w.Enabled
		w.Enabled = enabled
		now := t.Now()
		activity := "Pause webhook"
		r.PausedFor, r.PausedAt, r.Told = "", &now, false
		if enabled {
			activity, r.PausedAt = "Resume webhook", nil
			r.healthy(now)
		}
		return webhookEvent(*w, activity, "Update", audit.Change{Property: "enabled", Old: was, New: enabled}), nil
	})
}

// RenewWebhookSecret gives another secret, this once; the former one signs too for webhook.Overlap, so that no event is
// refused while the receiver learns the new one. Renewing again within that time ends the oldest at once.
func (t *Tenant) RenewWebhookSecret(ctx context.Context, actor audit.Actor, id string) (w Webhook, secret string, err error) {
	w, err = t.changeWebhook(ctx, actor, id, func(t *Tenant, r *WebhookRow, w *Webhook) (audit.Event, error) {
		former, err := t.seal.Open(r.Secret, webhookSeal(r.ID))
		if err != nil {
			return audit.Event{}, err
		}
		if r.Former, err = t.seal.Seal(former, webhookFormerSeal(r.ID)); err != nil {
			return audit.Event{}, err
		}
		until := t.Now().Add(webhook.Overlap)
		r.FormerUntil = &until
		if secret, r.Secret, err = t.newWebhookSecret(r.ID); err != nil {
			return audit.Event{}, err
		}
		w.SecretHint = secret[:webhookHint]
		return webhookEvent(*w, "Renew secret of webhook", "Update", audit.Change{Property: "secret", Old: "changed", New: "changed", Class: audit.Secret}), nil
	})
	if err != nil {
		secret = ""
	}
	return w, secret, err
}

// DeleteWebhook ends a subscription, and forgets its deliveries.
func (t *Tenant) DeleteWebhook(ctx context.Context, actor audit.Actor, id string) error {
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		w, err := t.Webhook(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		t.afterCommit(func() { t.subscribers.forget(t.ID) })
		if err := oneRow(t.u(ctx).Where("id = ?", w.ID).Delete(&WebhookRow{})); err != nil {
			return audit.Event{}, err
		}
		return webhookEvent(w, "Delete webhook", "Delete", webhookChanges(w.Subscription, webhook.Subscription{})...), t.u(ctx).Where("webhook_id = ?", w.ID).Delete(&WebhookDeliveryRow{}).Error
	})
}

// TellWebhooks calls tell once for each webhook that paused itself, in the transaction that remembers it.
func (t *Tenant) TellWebhooks(ctx context.Context, tell func(*Tenant, Webhook) error) error {
	untold := func(t *Tenant) ([]WebhookRow, error) {
		var rows []WebhookRow
		return rows, t.q(ctx).Where("NOT enabled AND NOT told AND paused_for <> ''").Limit(mostWebhooks).Find(&rows).Error
	}
	if rows, err := untold(t); err != nil || len(rows) == 0 {
		return err
	}
	return t.InTx(ctx, func(t *Tenant) error {
		rows, err := untold(t)
		if err != nil {
			return err
		}
		for _, r := range rows {
			taken := t.u(ctx).Model(&WebhookRow{}).Where("id = ? AND NOT told", r.ID).UpdateColumn("told", true)
			if taken.Error != nil || taken.RowsAffected == 0 {
				return taken.Error
			}
			w, err := r.value()
			if err != nil {
				return err
			}
			if err := tell(t, w); err != nil {
				return err
			}
		}
		return nil
	})
}
