package graph

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"portico/app/access"
	"portico/app/webhook"
	"portico/handlers/graph/odata"
	"portico/models"
)

// hook is a subscription to events. Its secret is answered once, by what makes it.
type hook struct {
	models.Webhook
	enabled bool
	secret  string
	whole   bool // the caller may see the whole URL, which can hold a token of the receiver
}

// webhooks is /beta/portico/webhooks: other systems that hear what happens here.
func (a *API) webhooks() *collection[hook] {
	write := []access.Permission{access.ExtensionWrite}
	r := &collection[hook]{
		path: []string{"portico", "webhooks"}, name: "portico/webhooks", typ: "portico.webhook", plural: "webhooks", beta: true,
		read: []access.Permission{access.ExtensionRead}, write: write, normalPage: 100, largestPage: 100, order: odata.Order{Path: "displayName"},
		id: func(h *hook) string { return h.ID },
	}
	r.fields = []field[hook]{
		readOnly("id", func(h *hook) any { return h.ID }),
		str("displayName", 100, func(h *hook) *string { return &h.Name }).sortable(func(h *hook) any { return folded(h.Name) }),
		{name: "url", get: func(h *hook) any {
			if h.whole {
				return text(h.URL)
			}
			return text(h.Place())
		}, set: setString("url", 2000, func(h *hook) *string { return &h.URL })},
		{name: "events", get: func(h *hook) any { return list(h.Events) }, set: func(h *hook, raw json.RawMessage) error { return strict("events", raw, &h.Events) }},
		strs("appIds", 100, 64, func(h *hook) *[]string { return &h.Apps }),
		boolean("includesPersonalData", func(h *hook) *bool { return &h.Profile }),
		boolean("isEnabled", func(h *hook) *bool { return &h.enabled }),
		readOnly("pausedFor", func(h *hook) any { return text(h.PausedFor) }),
		readOnly("pausedDateTime", func(h *hook) any { return stamp(h.PausedAt) }),
		readOnly("secretHint", func(h *hook) any { return text(h.SecretHint) }),
		readOnly("formerSecretUntilDateTime", func(h *hook) any { return stamp(h.FormerUntil) }),
		{name: "secret", selectOnly: true, once: true, get: func(h *hook) any { return text(h.secret) }},
		readOnly("eventsDelivered", func(h *hook) any { return h.Delivered }),
		readOnly("lastDeliveryDateTime", func(h *hook) any { return stamp(h.DeliveredAt) }),
		readOnly("failuresInARow", func(h *hook) any { return h.Failures }),
		readOnly("failingSinceDateTime", func(h *hook) any { return stamp(h.FailingSince) }),
		readOnly("lastError", func(h *hook) any { return text(h.LastProblem) }),
		readOnly("createdDateTime", func(h *hook) any { return stamp(h.CreatedAt) }),
		readOnly("modifiedDateTime", func(h *hook) any { return stamp(h.ModifiedAt) }),
	}
	wrap := func(c *call, w models.Webhook) hook {
		return hook{Webhook: w, enabled: w.Enabled, whole: c.caller.may(access.ExtensionWrite)}
	}
	r.all = func(ctx context.Context, c *call) ([]hook, error) {
		found, err := c.tenant.Webhooks(ctx)
		out := make([]hook, len(found))
		for i, w := range found {
			out[i] = wrap(c, w)
		}
		return out, err
	}
	r.find = func(ctx context.Context, c *call, _, key string) (*hook, error) {
		w, err := c.tenant.Webhook(ctx, key)
		row := wrap(c, w)
		return &row, err
	}
	r.fresh = func(*call) hook { return hook{enabled: true, whole: true} }
	r.create = func(ctx context.Context, c *call, h *hook) error {
		made, secret, err := c.tenant.CreateWebhook(ctx, c.actor(), h.Subscription, h.enabled, func(s webhook.Subscription) error { return c.maySubscribe(ctx, s) })
		h.Webhook, h.secret = made, secret
		return hookWords(err)
	}
	r.update = func(ctx context.Context, c *call, before hook, h *hook, again func(*hook) error) error {
		if !c.readsAll(before.Subscription) {
			return denied()
		}
		var enabled bool
		made, err := c.tenant.UpdateWebhook(ctx, c.actor(), h.ID, func(s *webhook.Subscription) error {
			row := before
			row.Subscription = *s
			if err := again(&row); err != nil {
				return err
			}
			*s, enabled = row.Subscription, row.enabled
			return nil
		}, func(was, s webhook.Subscription) error {
			if !c.readsAll(was) {
				return denied()
			}
			return c.maySubscribe(ctx, s)
		})
		if err != nil {
			return hookWords(err)
		}
		if enabled != made.Enabled {
			if made, err = c.tenant.EnableWebhook(ctx, c.actor(), h.ID, enabled); err != nil {
				return err
			}
		}
		h.Webhook = made
		return nil
	}
	r.delete = func(ctx context.Context, c *call, h *hook) error {
		if !c.readsAll(h.Subscription) {
			return denied()
		}
		return c.tenant.DeleteWebhook(ctx, c.actor(), h.ID)
	}
	// A secret is made where the file is applied and is in no file: renewSecret shows one.
	r.managing = &managing[hook]{key: "displayName", keyOf: func(h *hook) string { return h.Name }, name: func(h *hook) string { return h.Name },
		adopt: func(h *hook, key string) error { h.Name = key; return nil }}
	r.actions = []action[hook]{
		{method: http.MethodPost, path: "test", need: write, run: a.testWebhook},
		{method: http.MethodPost, path: "renewSecret", need: write, run: func(ctx context.Context, c *call, h *hook) (*response, error) {
			if !c.readsAll(h.Subscription) {
				return nil, denied()
			}
			_, secret, err := c.tenant.RenewWebhookSecret(ctx, c.actor(), h.ID)
			if err != nil {
				return nil, err
			}
			return c.entity("portico/webhooks('"+h.ID+"')/renewSecret", object{{"secret", secret}}), nil
		}},
		{method: http.MethodPost, path: "redeliver", need: write, run: func(ctx context.Context, c *call, h *hook) (*response, error) {
			if !c.readsAll(h.Subscription) {
				return nil, denied()
			}
			var kind *string
			if err := c.bodyOf(map[string]any{"event": &kind}); err != nil {
				return nil, err
			}
			q := models.DeliveryQuery{WebhookID: h.ID}
			if kind != nil {
				q.Kind = *kind
			}
			n, err := c.tenant.RedeliverDead(ctx, c.actor(), q)
			if err != nil {
				return nil, err
			}
			return c.entity("portico/webhooks('"+h.ID+"')/redeliver", object{{"count", n}}), nil
		}},
	}
	return r
}

// readsAll reports whether the caller may read all that a subscription sends: nobody sends elsewhere what they may not see.
func (c *call) readsAll(s webhook.Subscription) bool {
	return !slices.ContainsFunc(s.Rights(), func(need access.Permission) bool { return !c.caller.may(need) })
}

func (c *call) maySubscribe(ctx context.Context, s webhook.Subscription) error {
	self, err := c.tenant.Get(ctx)
	if err != nil {
		return err
	}
	if err := c.api.Hooks.Check(self.Slug, s); err != nil {
		return err
	}
	if !c.readsAll(s) {
		return denied()
	}
	return nil
}

// hookWords gives complaints the properties' names.
func hookWords(err error) error {
	return renamed(err, func(name string) string {
		if name == "apps" {
			return "appIds"
		}
		return name
	})
}

// testWebhook sends the test event while the caller waits.
func (a *API) testWebhook(ctx context.Context, c *call, h *hook) (*response, error) {
	if !c.readsAll(h.Subscription) {
		return nil, denied()
	}
	owner := "api " + models.NewID()
	it, err := c.tenant.BeginWebhookTest(ctx, c.actor(), h.ID, owner)
	if err != nil {
		return nil, err
	}
	if err := a.Hooks.SendNow(ctx, models.WebhookQueue{Store: a.Store}, it, owner); err != nil {
		return nil, err
	}
	d, err := c.tenant.WebhookDelivery(ctx, it.ID)
	if err != nil {
		return nil, err
	}
	return c.entity("portico/webhooks('"+h.ID+"')/test", object{{"delivered", d.Delivered()}, {"error", text(d.Reason)}, {"deliveryId", d.ID}}), nil
}

type hookDelivery struct {
	models.WebhookDelivery
	readable bool
}

// webhookDeliveries is /beta/portico/webhookDeliveries: what was sent, and what came of it.
func (a *API) webhookDeliveries() *collection[hookDelivery] {
	r := &collection[hookDelivery]{
		path: []string{"portico", "webhookDeliveries"}, name: "portico/webhookDeliveries", typ: "portico.webhookDelivery", beta: true, read: []access.Permission{access.ExtensionRead},
		normalPage: 50, largestPage: 200, order: odata.Order{Path: "createdDateTime", Desc: true}, id: func(d *hookDelivery) string { return d.ID },
	}
	exact := column{kind: odata.String, ops: opEq, fold: clientID}
	word := column{kind: odata.String, ops: opEq | opNe, fold: strings.TrimSpace}
	r.fields = []field[hookDelivery]{
		readOnly("id", func(d *hookDelivery) any { return d.ID }),
		readOnly("webhookId", func(d *hookDelivery) any { return d.WebhookID }).filterable("webhook_deliveries.webhook_id", exact),
		readOnly("eventId", func(d *hookDelivery) any { return d.EventID }).filterable("webhook_deliveries.event_id", exact),
		readOnly("event", func(d *hookDelivery) any { return d.Kind }).filterable("webhook_deliveries.kind", word),
		readOnly("subject", func(d *hookDelivery) any { return text(d.Subject) }).filterable("webhook_deliveries.subject", exact),
		readOnly("state", func(d *hookDelivery) any { return d.State }).filterable("webhook_deliveries.state", graphWord("pending", "delivered", "dead")),
		readOnly("attempts", func(d *hookDelivery) any { return d.Attempts }),
		readOnly("status", func(d *hookDelivery) any { return d.Status }),
		readOnly("durationInMilliseconds", func(d *hookDelivery) any { return d.Took.Milliseconds() }),
		readOnly("error", func(d *hookDelivery) any { return text(d.Reason) }),
		readOnly("createdDateTime", func(d *hookDelivery) any { return stamp(d.CreatedAt) }).filterable("webhook_deliveries.created_at", column{kind: odata.Time, ops: opEq | opOrder}).
			sortable(func(d *hookDelivery) any { return d.CreatedAt.UTC() }),
		readOnly("nextAttemptDateTime", func(d *hookDelivery) any {
			if !d.Pending() {
				return nil
			}
			return stamp(d.DueAt)
		}),
		readOnly("endedDateTime", func(d *hookDelivery) any { return stamp(d.EndedAt) }),
		readOnly("content", func(d *hookDelivery) any {
			if !d.readable {
				return nil
			}
			return d.Body
		}),
		readOnly("answers", func(d *hookDelivery) any {
			out := []object{}
			for _, x := range d.Answers {
				body := any(nil)
				if d.readable {
					body = text(x.Body)
				}
				out = append(out, object{{"dateTime", stamp(x.At)}, {"status", x.Status}, {"durationInMilliseconds", int64(x.Duration / time.Millisecond)}, {"error", text(x.Problem)}, {"body", body}})
			}
			return out
		}),
	}
	wrap := func(c *call, d models.WebhookDelivery) hookDelivery {
		k, known := webhook.KindOf(d.Kind)
		return hookDelivery{d, d.Kind == webhook.Test || known && c.caller.may(k.Right) && c.caller.may(access.UserRead)}
	}
	r.page = func(ctx context.Context, c *call, l models.Listing) ([]hookDelivery, error) {
		rows, err := models.ListRows[models.WebhookDeliveryRow](ctx, c.tenant, l)
		if err != nil {
			return nil, err
		}
		out := make([]hookDelivery, len(rows))
		for i, row := range rows {
			d, err := row.Delivery()
			if err != nil {
				return nil, err
			}
			out[i] = wrap(c, d)
		}
		return out, nil
	}
	r.find = func(ctx context.Context, c *call, _, key string) (*hookDelivery, error) {
		d, err := c.tenant.WebhookDelivery(ctx, key)
		row := wrap(c, d)
		return &row, err
	}
	r.actions = []action[hookDelivery]{{method: http.MethodPost, path: "redeliver", need: []access.Permission{access.ExtensionWrite}, run: func(ctx context.Context, c *call, d *hookDelivery) (*response, error) {
		w, err := c.tenant.Webhook(ctx, d.WebhookID)
		if err != nil {
			return nil, err
		}
		if !c.readsAll(w.Subscription) {
			return nil, denied()
		}
		_, err = c.tenant.Redeliver(ctx, c.actor(), d.ID)
		return emptied(err)
	}}}
	return r
}
