package models_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"portico/app/outbox"
	"portico/models"
	"portico/models/modelstest"
)

// Single statements and transactions share SQLite's one writer. However they meet, nobody may wait for
// somebody who waits for them: a transaction hung for good when the writer's statements were prepared
// and others were waiting to use the same statement for the first time.
func TestWritersDoNotWaitForEachOther(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		tenant := s.Tenant(models.NewID())
		var group sync.WaitGroup
		err := tenant.InTx(ctx, func(tx *models.Tenant) error {
			begun := make(chan struct{})
			for range 6 {
				group.Go(func() {
					begun <- struct{}{}
					if err := s.PutMailbox(ctx, models.MailboxRow{To: "ann@example.com"}); err != nil {
						t.Error(err)
					}
				})
			}
			for range 6 {
				<-begun
			}
			for range 10_000 { // until all of them wait for the connection
				runtime.Gosched()
			}
			return tx.EnqueueOutbox(ctx, outbox.Item{Kind: outbox.Mail, Payload: []byte("x")})
		})
		if err != nil {
			t.Error(err)
		}
		group.Wait()
	})
}
