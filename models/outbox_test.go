package models_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"portico/app/outbox"
	"portico/models"
	"portico/models/modelstest"
)

func TestOutboxRows(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx := t.Context()
		tenant := s.Tenant(models.NewID())
		put := func(payload string) {
			t.Helper()
			if err := tenant.EnqueueOutbox(ctx, outbox.Item{Kind: outbox.Mail, Payload: []byte(payload)}); err != nil {
				t.Fatal(err)
			}
		}
		claim := func(owner string, want int) []outbox.Item {
			t.Helper()
			items, err := s.ClaimOutbox(ctx, owner, s.Now(), time.Minute, 10)
			if err != nil || len(items) != want {
				t.Fatalf("%s got %d items (%v), want %d", owner, len(items), err, want)
			}
			return items
		}
		rolledBack := errors.New("no")
		if err := tenant.InTx(ctx, func(tx *models.Tenant) error {
			if err := tx.EnqueueOutbox(ctx, outbox.Item{Kind: outbox.Mail, Payload: []byte("never")}); err != nil {
				return err
			}
			return rolledBack
		}); !errors.Is(err, rolledBack) {
			t.Fatal(err)
		}
		claim("a", 0) // what a transaction took back is not sent
		told := func(want bool) {
			t.Helper()
			select {
			case <-s.Queued():
				if !want {
					t.Error("the worker was woken for nothing")
				}
			default:
				if want {
					t.Error("the worker was not told")
				}
			}
		}
		told(false)

		put("one")
		told(true)
		items := claim("a", 1)
		if string(items[0].Payload) != "one" || items[0].TenantID != tenant.ID || items[0].Attempts != 0 {
			t.Errorf("got %+v", items[0])
		}
		claim("b", 0) // under lease
		s.Clock.Advance(time.Minute + time.Second)
		taken := claim("b", 1) // the lease ran out: taken over
		if taken[0].Attempts != 1 {
			t.Errorf("attempts %d", taken[0].Attempts)
		}
		if err := s.DeliveredOutbox(ctx, items[0].ID, "a"); err != nil {
			t.Fatal(err)
		}
		if err := s.RetryOutbox(ctx, taken[0].ID, "b", s.Now().Add(time.Hour), "later"); err != nil {
			t.Fatal(err)
		}
		claim("b", 0) // paused; and a's late word changed nothing
		s.Clock.Advance(time.Hour)
		last := claim("b", 1)
		if err := s.BuryOutbox(ctx, last[0].ID, "b", "refused"); err != nil {
			t.Fatal(err)
		}
		put("two")
		if pending, buried, err := s.OutboxBacklog(ctx); err != nil || pending != 1 || buried != 1 {
			t.Errorf("backlog %d, %d, %v", pending, buried, err)
		}
		s.Clock.Advance(time.Hour)
		if err := s.PurgeOutbox(ctx, s.Now()); err != nil {
			t.Fatal(err)
		}
		if pending, buried, _ := s.OutboxBacklog(ctx); pending != 1 || buried != 0 {
			t.Errorf("after the purge: %d, %d", pending, buried)
		}
	})
}

func TestOutboxClaimsAreExclusive(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx := t.Context()
		tenant := s.Tenant(models.NewID())
		const n = 40
		for i := range n {
			if err := tenant.EnqueueOutbox(ctx, outbox.Item{Kind: outbox.Mail, Payload: []byte(fmt.Sprint(i))}); err != nil {
				t.Fatal(err)
			}
		}
		stores := []*models.Store{s.Store, s.Again(t)}
		var mu sync.Mutex
		seen := map[string]int{}
		var group sync.WaitGroup
		for w := range 8 {
			group.Go(func() {
				for {
					items, err := stores[w%2].ClaimOutbox(ctx, fmt.Sprint(w), s.Now(), time.Minute, 3)
					if err != nil {
						t.Error(err)
						return
					}
					if len(items) == 0 {
						return
					}
					mu.Lock()
					for _, it := range items {
						seen[it.ID]++
					}
					mu.Unlock()
				}
			})
		}
		group.Wait()
		for id, times := range seen {
			if times != 1 {
				t.Errorf("%s was claimed %d times", id, times)
			}
		}
		// A worker may stop early while others hold the rest (SKIP LOCKED), so some may be left; none twice.
		if len(seen) == 0 {
			t.Error("nothing was claimed")
		}
	})
}

func TestJobLeases(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx := t.Context()
		acquire := func(owner string, want bool) {
			t.Helper()
			got, err := s.AcquireLease(ctx, "purge", owner, s.Now(), time.Minute)
			if err != nil || got != want {
				t.Fatalf("%s: %v (%v), want %v", owner, got, err, want)
			}
		}
		acquire("a", true)
		acquire("b", false)
		if err := s.ReleaseLease(ctx, "purge", "b", s.Now(), ""); err != nil { // not b's
			t.Fatal(err)
		}
		acquire("b", false)
		if err := s.ReleaseLease(ctx, "purge", "a", s.Now().Add(time.Hour), "it broke"); err != nil {
			t.Fatal(err)
		}
		acquire("b", false) // not due
		s.Clock.Advance(time.Hour)
		acquire("b", true)
		s.Clock.Advance(2 * time.Minute)
		acquire("a", true) // b died
		jobs, err := s.Jobs(ctx)
		if err != nil || len(jobs) != 1 || jobs[0].Problem != "it broke" {
			t.Errorf("%+v %v", jobs, err)
		}
	})
}

func TestJobLeaseIsForOne(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		got := make(chan bool, 16)
		for i := range cap(got) {
			go func() {
				ok, err := s.AcquireLease(context.WithoutCancel(t.Context()), "once", fmt.Sprint(i), s.Now(), time.Minute)
				if err != nil {
					t.Error(err)
				}
				got <- ok
			}()
		}
		n := 0
		for range cap(got) {
			if <-got {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d got the lease", n)
		}
	})
}

func TestMailbox(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx := t.Context()
		for _, to := range []string{"Ann@example.com", "bob@example.com", "ann@example.com"} {
			if err := s.PutMailbox(ctx, models.MailboxRow{Channel: "mail", To: to, Subject: "Hello " + to, Code: "123456"}); err != nil {
				t.Fatal(err)
			}
		}
		rows, err := s.Mailbox(ctx, "ANN@example.com", 10)
		if err != nil || len(rows) != 2 || rows[0].To != "ann@example.com" {
			t.Errorf("%+v %v", rows, err)
		}
		if m, ok, err := s.MailboxMessage(ctx, rows[1].ID); !ok || err != nil || m.Subject != "Hello Ann@example.com" {
			t.Errorf("%+v %v %v", m, ok, err)
		}
	})
}

// TestOutboxLeavesTenantsOut: what tenants that have their share already wait for stays where it is.
func TestOutboxLeavesTenantsOut(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		busy, other := modelstest.MustTenant(t, s, "busy"), modelstest.MustTenant(t, s, "other")
		for _, tn := range []*models.Tenant{busy, busy, other} {
			must(t, tn.EnqueueOutbox(t.Context(), outbox.Item{Kind: outbox.Mail, Payload: []byte("x")}))
		}
		of := func(without ...string) (out []string) {
			for _, it := range modelstest.Must(s.ClaimOutbox(t.Context(), "w", s.Now(), time.Minute, 10, without...))(t) {
				out = append(out, it.TenantID)
			}
			return out
		}
		if got := of(busy.ID); len(got) != 1 || got[0] != other.ID {
			t.Errorf("claimed %v", got)
		}
		if got := of(); len(got) != 2 || got[0] != busy.ID {
			t.Errorf("then %v", got)
		}
	})
}
