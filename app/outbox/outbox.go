// Package outbox knows at-least-once delivery, once for all: mail, SMS, back-channel logout, webhooks,
// exports. Whoever changes something writes the item in the same transaction; a worker claims it with
// a lease, delivers it, and tries again with growing pauses until it succeeds, is refused for good, or
// is too old to matter. It knows neither the database nor any of the channels.
package outbox

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Kind names a channel; each has one Deliver function.
type Kind string

const (
	Mail              Kind = "mail"
	SMS               Kind = "sms"
	BackChannelLogout Kind = "backChannelLogout"
)

// Item is one thing to deliver. Payload is the channel's own JSON; it is sealed at rest, because mail
// carries codes.
type Item struct {
	ID        string
	TenantID  string
	Kind      Kind
	Payload   []byte
	Attempts  int // deliveries begun before this one
	CreatedAt time.Time
	NotAfter  time.Time // zero: no limit. A code that has expired is not worth sending
}

// Store keeps the items. Claim leases up to n items that are due (never tried, their pause is over, or
// their lease ran out because the worker died) and counts the attempt; the others change an item only
// while owner still holds it. Items of tenants in without are left where they are.
type Store interface {
	ClaimOutbox(ctx context.Context, owner string, now time.Time, lease time.Duration, n int, without ...string) ([]Item, error)
	DeliveredOutbox(ctx context.Context, id, owner string) error
	RetryOutbox(ctx context.Context, id, owner string, at time.Time, reason string) error
	BuryOutbox(ctx context.Context, id, owner, reason string) error
}

// Deliver hands one item to its channel. It may be called twice for one item.
type Deliver func(ctx context.Context, it Item) error

// Permanent marks an error that another try cannot change.
func Permanent(err error) error { return permanent{err} }

type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// After is an error after which the other side asked to be left alone for a while: the next try comes no sooner.
func After(err error, d time.Duration) error { return after{err, d} }

type after struct {
	error
	d time.Duration
}

func (a after) Unwrap() error { return a.error }

// Worker delivers.
type Worker struct {
	Store    Store
	Channels map[Kind]Deliver
	Owner    string
	Now      func() time.Time
	Jitter   func() float64 // in [0,1): spreads retries
	Lease    time.Duration  // longer than a delivery may take; 0 = 1 min
	Attempts int            // deliveries before an item is buried; 0 = 10
	Batch    int            // claimed at once; 0 = 16
	Parallel int            // deliveries at once; 0 = 32
	// Each is how many deliveries of one tenant may be under way before others go first; 0 = 4. A tenant whose own API
	// hangs must not keep anybody else's codes waiting.
	Each int
	// Observe is told of each delivery's end: "delivered", "retry", "buried" or "error".
	Observe func(kind Kind, result string)
	// Failed is told what went wrong, for the log.
	Failed func(it Item, result string, err error)
}

// Once claims what is due and delivers it; it returns how many items it handled.
func (w *Worker) Once(ctx context.Context) (int, error) {
	items, err := w.Store.ClaimOutbox(ctx, w.Owner, w.Now(), or(w.Lease, time.Minute), or(w.Batch, 16))
	if err != nil || len(items) == 0 {
		return 0, err
	}
	slots := make(chan struct{}, or(w.Parallel, 32))
	errs := make(chan error, len(items))
	for _, it := range items {
		slots <- struct{}{}
		go func() {
			defer func() { <-slots }()
			errs <- w.one(ctx, it)
		}()
	}
	var all error
	for range items {
		all = errors.Join(all, <-errs)
	}
	return len(items), all
}

// one delivers an item and writes down how it went. The note is written even while the program stops,
// so that a delivered item is not delivered again.
func (w *Worker) one(ctx context.Context, it Item) error {
	err := w.deliver(ctx, it)
	note, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	now := w.Now()
	if err == nil {
		w.observe(it, "delivered", nil)
		return w.Store.DeliveredOutbox(note, it.ID, w.Owner)
	}
	at := now.Add(Pause(it.Attempts, w.Jitter()))
	var asked after
	if errors.As(err, &asked) && asked.d > at.Sub(now) {
		at = now.Add(asked.d)
	}
	var p permanent
	switch {
	case errors.As(err, &p), it.Attempts+1 >= or(w.Attempts, 10), !it.NotAfter.IsZero() && at.After(it.NotAfter):
		w.observe(it, "buried", err)
		return w.Store.BuryOutbox(note, it.ID, w.Owner, reason(err))
	}
	w.observe(it, "retry", err)
	return w.Store.RetryOutbox(note, it.ID, w.Owner, at, reason(err))
}

func (w *Worker) deliver(ctx context.Context, it Item) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	channel, ok := w.Channels[it.Kind]
	switch {
	case !ok:
		return Permanent(fmt.Errorf("no channel for %q", it.Kind))
	case !it.NotAfter.IsZero() && w.Now().After(it.NotAfter):
		return Permanent(errors.New("too old to matter"))
	}
	ctx, cancel := context.WithTimeout(ctx, or(w.Lease, time.Minute)*3/4)
	defer cancel()
	return channel(ctx, it)
}

func (w *Worker) observe(it Item, result string, err error) {
	if w.Observe != nil {
		w.Observe(it.Kind, result)
	}
	if err != nil && w.Failed != nil {
		w.Failed(it, result, err)
	}
}

// Run works until the context ends. wake tells it that something was just written; besides, it looks
// every so often for what other instances left. It claims no more than it can begin at once: a delivery that hangs
// takes one place, and what is behind it goes on in the others. A tenant that has its share of them under way waits, so
// that it has less than twice its share however much it sends.
func (w *Worker) Run(ctx context.Context, wake <-chan struct{}, every time.Duration) {
	slots := make(chan struct{}, or(w.Parallel, 32))
	freed := make(chan struct{}, 1)
	at := shares{of: map[string]int{}, each: or(w.Each, 4)}
	var all sync.WaitGroup
	defer all.Wait()
	t := time.NewTicker(every)
	defer t.Stop()
	for ctx.Err() == nil {
		most := min(cap(slots)-len(slots), or(w.Batch, 16), at.each)
		var items []Item
		if most > 0 {
			var err error
			if items, err = w.Store.ClaimOutbox(ctx, w.Owner, w.Now(), or(w.Lease, time.Minute), most, at.used()...); err != nil {
				w.failed(ctx, err)
			}
		}
		for _, it := range items {
			slots <- struct{}{}
			at.take(it.TenantID)
			all.Go(func() {
				defer func() {
					at.give(it.TenantID)
					<-slots
					select {
					case freed <- struct{}{}:
					default:
					}
				}()
				if err := w.one(ctx, it); err != nil {
					w.failed(ctx, err)
				}
			})
		}
		if len(items) > 0 && len(items) == most && len(slots) < cap(slots) { // there may be more
			continue
		}
		select {
		case <-ctx.Done():
		case <-wake:
		case <-t.C:
		case <-freed:
		}
	}
}

// shares counts the deliveries under way by tenant.
type shares struct {
	mu   sync.Mutex
	of   map[string]int
	each int
}

func (s *shares) take(tenantID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.of[tenantID]++
}

func (s *shares) give(tenantID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of[tenantID]--; s.of[tenantID] == 0 {
		delete(s.of, tenantID)
	}
}

// used are the tenants that have their share under way.
func (s *shares) used() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for id, n := range s.of {
		if n >= s.each {
			out = append(out, id)
		}
	}
	return out
}

func (w *Worker) failed(ctx context.Context, err error) {
	if w.Failed != nil && ctx.Err() == nil {
		w.Failed(Item{}, "error", err)
	}
}

// Pause is how long to wait after the given number of earlier attempts: 2 s, 8 s, 32 s, … at most one
// hour, each spread by ±25 % so that what failed together does not return together.
func Pause(attempts int, jitter float64) time.Duration {
	const longest = time.Hour
	d := 2 * time.Second
	for range attempts {
		if d *= 4; d >= longest {
			d = longest
			break
		}
	}
	return time.Duration(float64(d) * (0.75 + jitter/2))
}

func reason(err error) string {
	const most = 300
	s := err.Error()
	if len(s) > most {
		s = s[:most]
	}
	return s
}

func or[T int | time.Duration](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}
