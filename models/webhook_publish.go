package models

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"portico/app/audit"
	"portico/app/record"
	"portico/app/webhook"
)

// subscribersAge is how long an instance believes what it knows about a tenant's subscriptions: a new one hears of what
// happens in another instance within that time.
const subscribersAge = time.Second

// subscribers are the enabled subscriptions of tenants, as this instance read them last: asking the database at each
// change would cost those who have none.
type subscribers struct {
	tenants sync.Map // tenant id → *subscribed
}

type subscribed struct {
	read time.Time
	list []subscriber
}

type subscriber struct {
	id string
	webhook.Subscription
}

func (s *subscribers) forget(tenantID string) { s.tenants.Delete(tenantID) }

// subscribersOf reads through the running transaction, so that it waits for no second connection.
func (t *Tenant) subscribersOf(ctx context.Context) ([]subscriber, error) {
	now := t.Store.Now()
	if known, ok := t.subscribers.tenants.Load(t.ID); ok {
		s := known.(*subscribed)
		if age := now.Sub(s.read); age >= 0 && age < subscribersAge {
			return s.list, nil
		}
	}
	var rows []WebhookRow
	if err := t.q(ctx).Select("id", "settings").Where("enabled").Limit(mostWebhooks).Find(&rows).Error; err != nil {
		return nil, err
	}
	s := &subscribed{read: now}
	for _, r := range rows {
		sub := subscriber{id: r.ID}
		if err := json.Unmarshal([]byte(r.Settings), &sub.Subscription); err != nil {
			return nil, badJSON("webhook", r.ID, err)
		}
		s.list = append(s.list, sub)
	}
	t.subscribers.tenants.Store(t.ID, s)
	return s.list, nil
}

// heard reports whether anybody subscribes to any of some kinds: what is needed to say more is read only then.
func (t *Tenant) heard(ctx context.Context, kinds ...string) (bool, error) {
	list, err := t.subscribersOf(ctx)
	return err == nil && slices.ContainsFunc(list, func(s subscriber) bool {
		return slices.ContainsFunc(kinds, func(k string) bool { return slices.Contains(s.Events, k) })
	}), err
}

// publish writes an event down for everybody who subscribes to it, in the transaction of what happened: both are there
// or neither is. What is written about the past (At) is news to nobody.
func (t *Tenant) publish(ctx context.Context, e webhook.Event) error {
	if !t.at.IsZero() {
		return nil
	}
	list, err := t.subscribersOf(ctx)
	if err != nil || len(list) == 0 {
		return err
	}
	var rows []WebhookDeliveryRow
	var bodies [2][]byte // without and with what is personal
	for _, s := range list {
		if !s.Takes(e) {
			continue
		}
		which := 0
		if s.Profile {
			which = 1
		}
		if len(rows) == 0 {
			e.ID, e.TenantID = NewID(), t.ID
			if e.At.IsZero() {
				e.At = t.Now()
			}
		}
		if s.Profile && e.Profile == nil && e.Data.User != nil {
			if e.Profile, err = t.profileOf(ctx, e.Data.User.ID); err != nil {
				return err
			}
		}
		if bodies[which] == nil {
			if bodies[which], err = e.Body(s.Profile); err != nil {
				return err
			}
		}
		rows = append(rows, t.deliveryRow(s.id, e, bodies[which]))
	}
	if len(rows) == 0 {
		return nil
	}
	t.afterCommit(t.wakeWebhooks)
	return t.insertDeliveries(ctx, rows)
}

// insertDelivery is written by hand: who signs in waits for it, and the library's insert costs as much as the database's.
const insertDelivery = "INSERT INTO webhook_deliveries (id, tenant_id, webhook_id, event_id, kind, subject, body, state, due_at, owner, attempts, status, took, reason, answers, created_at, not_after)" +
	" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '', 0, 0, 0, '', '', ?, ?)"

func (t *Tenant) insertDeliveries(ctx context.Context, rows []WebhookDeliveryRow) error {
	pool, insert := t.w(ctx).Statement.ConnPool, t.numbered(insertDelivery)
	for i := range rows {
		r := &rows[i]
		if _, err := pool.ExecContext(ctx, insert, r.ID, r.TenantID, r.WebhookID, r.EventID, r.Kind, r.Subject, r.Body, r.State, r.DueAt, r.CreatedAt, r.NotAfter); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tenant) deliveryRow(webhookID string, e webhook.Event, body []byte) WebhookDeliveryRow {
	now := t.Now()
	return WebhookDeliveryRow{ID: NewID(), TenantID: t.ID, WebhookID: webhookID, EventID: e.ID, Kind: e.Kind, Subject: e.Subject, Body: string(body),
		State: deliveryPending, DueAt: now, CreatedAt: now, NotAfter: now.Add(webhook.Keep)}
}

// wakeWebhooks tells the worker of this instance that there is something to send.
func (s *Store) wakeWebhooks() {
	select {
	case s.webhooksQueued <- struct{}{}:
	default:
	}
}

// WebhooksQueued tells the worker of this instance that something was committed for it.
func (s *Store) WebhooksQueued() <-chan struct{} { return s.webhooksQueued }

// profileOf is what is personal about somebody; nothing when they are gone for good.
func (t *Tenant) profileOf(ctx context.Context, userID string) (*webhook.Profile, error) {
	var rows []UserRow
	err := t.q(ctx).Select("display_name", "given_name", "surname", "mail").Where("id = ?", userID).Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &webhook.Profile{DisplayName: rows[0].DisplayName, GivenName: rows[0].GivenName, Surname: rows[0].Surname, Mail: rows[0].Mail}, nil
}

// publishAudit tells of what an entry of the audit log is about.
func (t *Tenant) publishAudit(ctx context.Context, actor audit.Actor, a audit.Event) error {
	list, err := t.subscribersOf(ctx)
	if err != nil || len(list) == 0 {
		return err
	}
	e, ok := webhook.FromAudit(actor, a)
	if !ok {
		return nil
	}
	return t.publish(ctx, e)
}

// publishSignIn tells of a sign-in with a person that succeeded or was not allowed. Wrong passwords are neither.
func (t *Tenant) publishSignIn(ctx context.Context, r record.SignIn) error {
	kind := webhook.OfSignIn(r)
	if kind == "" {
		return nil
	}
	if on, err := t.heard(ctx, kind); err != nil || !on {
		return err
	}
	at := r.EndedAt
	if at.IsZero() {
		at = r.StartedAt
	}
	e := webhook.Event{Kind: kind, At: at, Subject: r.User.ID, ClientID: r.App.ID, Network: &webhook.Network{UserAgent: r.Signals.UserAgent}}
	if r.Signals.IP.IsValid() {
		e.Network.IP = r.Signals.IP.Unmap().String()
	}
	if r.User.ID != "" {
		e.Data.User = &webhook.User{ID: r.User.ID}
	} else {
		e.Subject = r.ID
	}
	if r.App.ID != "" {
		e.Data.App = &webhook.App{ClientID: r.App.ID, Name: r.App.Name}
	}
	e.Data.SignIn = &webhook.SignIn{ID: r.ID, CorrelationID: r.CorrelationID, SignUp: r.SignUp, SingleSignOn: r.Session.Reused, ErrorCode: r.Outcome.Code,
		RiskLevel: r.RiskLevel, Country: r.Signals.Country}
	return t.publish(ctx, e)
}

// publishDetections tells of what was found.
func (t *Tenant) publishDetections(ctx context.Context, fresh []Detection) error {
	for _, d := range fresh {
		e := webhook.Event{Kind: webhook.RiskDetected, At: d.DetectedAt, Subject: d.UserID, ClientID: d.ClientID, Data: webhook.Data{Risk: &webhook.Risk{DetectionID: d.ID,
			Type: d.Type, Level: d.Level, State: d.State, Detail: d.Detail, SignInID: d.SignInID, Simulated: d.Simulated}}}
		if d.UserID != "" {
			e.Data.User = &webhook.User{ID: d.UserID}
		} else {
			e.Subject = d.ID
		}
		if err := t.publish(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// publishEnded tells of sessions that ended.
func (t *Tenant) publishEnded(ctx context.Context, userID, reason string, sids []string) error {
	if len(sids) == 0 {
		return nil
	}
	return t.publish(ctx, webhook.Event{Kind: webhook.SessionEnded, Subject: userID, Data: webhook.Data{User: &webhook.User{ID: userID}, Session: &webhook.Session{IDs: sids, Reason: reason}}})
}
