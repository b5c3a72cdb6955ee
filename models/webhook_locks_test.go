package models_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"portico/app/audit"
	"portico/app/record"
	"portico/app/webhook"
	"portico/models"
	"portico/models/modelstest"
)

func (b *hookBench) signsIn(u models.User) {
	b.t.Helper()
	must(b.t, b.tenant.RecordSignIn(b.t.Context(), record.SignIn{Kind: record.Interactive, StartedAt: b.Now(), EndedAt: b.Now(), App: record.Party{ID: "app"},
		User: record.Party{ID: u.ID}, Outcome: record.Outcome{Result: record.Success}}))
}

// TestWebhookBeforeDelivery: whoever takes a webhook and a delivery of it takes the webhook first, or two that need both
// would wait for each other until the database ends one.
func TestWebhookBeforeDelivery(t *testing.T) {
	for name, does := range map[string]func(b *hookBench, id string) error{
		"note": func(b *hookBench, id string) error {
			return b.NoteWebhookAnswer(context.Background(), b.tenant.ID, id, webhook.Answer{At: b.Now(), Status: 500, Problem: "status 500"})
		},
		"bury": func(b *hookBench, id string) error {
			return models.WebhookQueue{Store: b.Store}.BuryOutbox(context.Background(), id, "worker", "enough")
		},
		"redeliver": func(b *hookBench, id string) error {
			_, err := b.tenant.Redeliver(context.Background(), audit.System("test"), id)
			return err
		},
		"expire": func(b *hookBench, _ string) error {
			_, err := b.tenant.ExpireWebhookDeliveries(context.Background(), 100)
			return err
		},
		"erase": func(b *hookBench, _ string) error {
			for _, u := range modelstest.Must(b.tenant.ListUsers(context.Background(), models.Listing{Limit: 10}))(b.t) {
				if err := b.tenant.DeleteUser(context.Background(), audit.System("test"), u.ID); err != nil {
					return err
				}
				if err := b.tenant.PurgeUser(context.Background(), audit.System("test"), u.ID); err != nil {
					return err
				}
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newHookBench(t, modelstest.OpenScratch(t, modelstest.Postgres), webhook.Subscription{Events: []string{webhook.UserSignedIn}})
			b.signsIn(modelstest.MustUser(t, b.tenant, "ana@example.com"))
			if name == "bury" {
				items, err := models.WebhookQueue{Store: b.Store}.ClaimOutbox(t.Context(), "worker", b.Now(), time.Minute, 5)
				if err != nil || len(items) != 1 {
					t.Fatal(items, err)
				}
			}
			id := b.deliveries(models.DeliveryQuery{})[0].ID
			if name == "expire" {
				b.Clock.Advance(webhook.Keep + time.Hour)
			}
			var other sync.WaitGroup
			var problem error
			must(t, b.HoldWebhook(t.Context(), b.hook.ID, id, func() {
				other.Go(func() { problem = does(b, id) })
				time.Sleep(300 * time.Millisecond) // it has taken what it takes first
			}))
			other.Wait()
			must(t, problem)
		})
	}
}

// TestLateDeliveriesAreFoundByAnIndex: what is delivered and what is not late is not walked through.
func TestLateDeliveriesAreFoundByAnIndex(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		plan := modelstest.Must(modelstest.MustTenant(t, s.Store, "late").LateDeliveriesPlan(t.Context()))(t)
		if !strings.Contains(plan, "webhook_deliveries_late") {
			t.Errorf("found by %s", plan)
		}
	})
}
