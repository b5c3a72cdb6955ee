package main

import (
	"context"
	"math/rand/v2"
	"net/url"
	"time"

	"portico/app/access"
	"portico/app/message"
	"portico/app/outbox"
	"portico/app/tenant"
	"portico/app/webhook"
	"portico/models"
)

// webhooksAtOnce is how many deliveries of webhooks one instance has under way. They have a worker of their own: what
// is slow there keeps no mail waiting.
const webhooksAtOnce = 32

// hooks sends events to the receivers of webhooks.
func (s *server) hooks() *webhook.Courier {
	return &webhook.Courier{Store: s.store, HTTP: s.outbound, Now: s.now, Reach: s.outbound.Check}
}

// webhooking keeps the deliveries of all tenants going. What is not taken is tried again until it is too old, not until
// it was tried a number of times.
func (s *server) webhooking(m *metrics, c *webhook.Courier) func(context.Context) {
	const unlimited = 1 << 30
	w := &outbox.Worker{Store: models.WebhookQueue{Store: s.store}, Channels: map[outbox.Kind]outbox.Deliver{webhook.Channel: c.Deliver}, Owner: s.owner,
		Now: s.now, Jitter: rand.Float64, Attempts: unlimited, Parallel: webhooksAtOnce, Each: webhooksAtOnce,
		Observe: func(k outbox.Kind, result string) { m.outbox.WithLabelValues(string(k), result).Inc() },
		Failed: func(it outbox.Item, result string, err error) {
			s.log.Warn("webhook", "delivery", it.ID, "tenant", it.TenantID, "result", result, "attempts", it.Attempts+1, "error", err)
		}}
	return func(ctx context.Context) { w.Run(ctx, s.store.WebhooksQueued(), time.Second) }
}

// tellWebhooks mails those who look after webhooks when one has paused itself.
func (s *server) tellWebhooks(ctx context.Context, t tenant.Tenant) error {
	if t.Disabled || !t.DeletedAt.IsZero() {
		return nil
	}
	return s.store.Tenant(t.ID).TellWebhooks(ctx, func(in *models.Tenant, w models.Webhook) error {
		staff, err := in.TenantBy(ctx, tenant.WorkforceSlug)
		if err != nil {
			return err
		}
		to, err := readersOf(ctx, in.In(staff.ID), t.ID, access.ExtensionWrite)
		if err != nil {
			return err
		}
		what := w.Name
		if w.LastProblem != "" {
			what += " · " + w.LastProblem
		}
		link := s.adminURL("/admin/t/"+url.PathEscape(t.Slug)+"/webhooks/"+w.ID, nil)
		for _, u := range to {
			if u.Address() == "" {
				continue
			}
			change := message.Change{TenantID: t.ID, To: u.Address(), Locale: u.PreferredLanguage}
			if err := message.PostWebhookPaused(ctx, in, change, what, w.PausedFor, link, s.now()); err != nil {
				return err
			}
		}
		return nil
	})
}
