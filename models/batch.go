package models

import (
	"context"
	"fmt"
	"sync"

	"gorm.io/gorm"
)

// batchMax is how many callers share one transaction at most.
const batchMax = 256

// batcher is the group commit of SQLite's one writer: while one transaction is being made durable, the
// next callers gather, and all of them are written and synced to disk together. Nobody waits for a
// timer, so a lone caller pays nothing.
type batcher struct {
	mu      sync.Mutex
	waiting []*batched
	busy    bool // somebody leads
}

type batched struct {
	tenant   *Tenant
	ctx      context.Context
	f        func(*Tenant) error
	after    []func()
	err      error
	panicked any
	done     chan bool // true: the work is done; false: lead the next batch
}

// InBatch is InTx for small hot writes (refresh rotation, log rows). On SQLite the writes of several
// callers share one transaction, each in a savepoint of its own: one that fails undoes only itself, and
// InBatch returns only after the shared commit is on disk. Inside, f must use nothing but the handle it
// is given and must be quick, because others wait for it; its context being cancelled does not
// interrupt it. On Postgres, where the server groups commits itself, it is InTx.
func (t *Tenant) InBatch(ctx context.Context, f func(*Tenant) error) error {
	if t.tx != nil {
		return f(t)
	}
	if t.dialect != "sqlite" {
		return t.InTx(ctx, f)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return t.batches.run(&batched{tenant: t, ctx: ctx, f: f, done: make(chan bool, 1)})
}

func (b *batcher) run(mine *batched) error {
	b.mu.Lock()
	b.waiting = append(b.waiting, mine)
	lead := !b.busy
	b.busy = true
	b.mu.Unlock()
	if !lead {
		lead = !<-mine.done
	}
	if lead {
		b.lead()
	}
	if mine.panicked != nil {
		panic(mine.panicked)
	}
	if mine.err != nil {
		return mine.err
	}
	for _, g := range mine.after {
		g()
	}
	return nil
}

// lead writes everything that waits, tells the others, and hands the lead to whoever came meanwhile.
// The leader's own work is always the first in line.
func (b *batcher) lead() {
	b.mu.Lock()
	n := min(len(b.waiting), batchMax)
	batch := b.waiting[:n:n]
	b.waiting = b.waiting[n:]
	b.mu.Unlock()
	write(batch)
	for _, other := range batch[1:] {
		other.done <- true
	}
	b.mu.Lock()
	if len(b.waiting) > 0 {
		b.waiting[0].done <- false
	} else {
		b.busy, b.waiting = false, nil
	}
	b.mu.Unlock()
}

func write(batch []*batched) {
	store := batch[0].tenant.Store
	err := store.transactions.WithContext(context.Background()).Transaction(func(tx *gorm.DB) error {
		for _, one := range batch {
			if err := savepoint(tx, one); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		return
	}
	for _, one := range batch { // the shared commit failed: nobody's work is kept
		if one.err == nil && one.panicked == nil {
			one.err = err
		}
	}
}

// savepoint runs one caller's work; its own failure is its own, an error returned here is everybody's.
func savepoint(tx *gorm.DB, one *batched) error {
	if err := one.ctx.Err(); err != nil { // it left while it waited
		one.err = err
		return nil
	}
	if err := tx.Exec("SAVEPOINT batched").Error; err != nil {
		return err
	}
	func() {
		defer func() { one.panicked = recover() }()
		one.err = one.f(&Tenant{Store: one.tenant.Store, ID: one.tenant.ID, tx: tx, after: &one.after, shared: true, at: one.tenant.at})
	}()
	if one.err != nil || one.panicked != nil {
		if err := tx.Exec("ROLLBACK TO batched").Error; err != nil {
			return fmt.Errorf("undo one of a batch: %w", err)
		}
	}
	return tx.Exec("RELEASE batched").Error
}
