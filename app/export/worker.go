package export

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"portico/app/outbox"
)

// Job is one export that a worker holds the lease of.
type Job struct {
	ID, TenantID, TenantSlug string
	Target                   Target
	Secret                   []byte
	Cursors                  map[Kind]Cursor
	Failures                 int // in a row
}

// Store keeps exports and reads what they send. Claim leases up to n exports that are due and that nobody holds;
// the others change an export only while owner still holds it, and say so (ErrLost) when it does not.
type Store interface {
	ClaimExports(ctx context.Context, owner string, now time.Time, lease time.Duration, n int) ([]Job, error)
	// ReadExport gives the next records of one kind behind a cursor, in the order of (At, ID), of those that changed
	// before until; next is where it came to, which may be further than the last record given.
	ReadExport(ctx context.Context, tenantID string, kind Kind, f Filter, after Cursor, until time.Time, limit int) (records []Record, next Cursor, err error)
	AdvanceExport(ctx context.Context, id, owner string, kind Kind, to Cursor, sent int, now time.Time, lease time.Duration) error
	FailExport(ctx context.Context, id, owner string, again time.Time, reason string) error
	RestExport(ctx context.Context, id, owner string, again time.Time) error
}

// ErrLost says that another instance holds the export by now, or that it was paused or deleted.
var ErrLost = errors.New("export: the lease is lost")

// Worker keeps exports going, several at a time: one that hangs takes one place, not all.
type Worker struct {
	Store   Store
	Courier interface {
		Deliver(ctx context.Context, p Parcel) error
	}
	Owner    string
	Now      func() time.Time
	Jitter   func() float64
	Lease    time.Duration // longer than a delivery may take; 0 = 1 min
	Turn     time.Duration // that one export has before others come first; 0 = 30 s
	Batch    int           // records of one delivery; 0 = 1000
	Parallel int           // 0 = 8
	Idle     time.Duration // until an export is looked at again when nothing was left; 0 = 2 s
	// Observe is told of each delivery: "delivered" or "failed", and how many records.
	Observe func(kind TargetKind, result string, records int)
	Failed  func(j Job, err error)
}

// Run works until the context ends.
func (w *Worker) Run(ctx context.Context, every time.Duration) {
	free := make(chan struct{}, or(w.Parallel, 8))
	var all sync.WaitGroup
	defer all.Wait()
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		if n := cap(free) - len(free); n > 0 {
			jobs, err := w.Store.ClaimExports(ctx, w.Owner, w.Now(), or(w.Lease, time.Minute), n)
			if err != nil && ctx.Err() == nil {
				w.failed(Job{}, err)
			}
			for _, j := range jobs {
				free <- struct{}{}
				all.Go(func() {
					defer func() { <-free }()
					w.one(ctx, j)
				})
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// Once works off what is due, one after the other, and returns how many exports it looked at: for tests and the
// command line.
func (w *Worker) Once(ctx context.Context) (int, error) {
	jobs, err := w.Store.ClaimExports(ctx, w.Owner, w.Now(), or(w.Lease, time.Minute), or(w.Parallel, 8))
	for _, j := range jobs {
		w.one(ctx, j)
	}
	return len(jobs), err
}

// one gives an export its turn and writes down how it went, even while the program stops.
func (w *Worker) one(ctx context.Context, j Job) {
	err := w.turn(ctx, j)
	note, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	now := w.Now()
	switch {
	case errors.Is(err, ErrLost):
		return
	case ctx.Err() != nil:
		err = w.Store.RestExport(note, j.ID, w.Owner, now)
	case errors.Is(err, errMore):
		err = w.Store.RestExport(note, j.ID, w.Owner, now)
	case err != nil:
		again := now.Add(outbox.Pause(j.Failures, w.Jitter()))
		var refused *Refused
		if errors.As(err, &refused) && refused.After > 0 {
			again = now.Add(refused.After)
		}
		w.failed(j, err)
		err = w.Store.FailExport(note, j.ID, w.Owner, again, reason(err))
	default:
		err = w.Store.RestExport(note, j.ID, w.Owner, now.Add(or(w.Idle, 2*time.Second)))
	}
	if err != nil && !errors.Is(err, ErrLost) {
		w.failed(j, err)
	}
}

// errMore says that the turn is over and there is more to send.
var errMore = errors.New("export: more is left")

// turn sends batch after batch until nothing is left or the turn is over. The cursor moves after each batch that
// arrived, so a crash repeats one batch at most.
func (w *Worker) turn(ctx context.Context, j Job) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	began := w.Now()
	batch := or(w.Batch, 1000)
	if j.Failures > 0 { // after a failure, ask with little
		batch = min(batch, 50)
	}
	for _, kind := range j.Target.Records {
		at := j.Cursors[kind]
		for {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			records, next, err := w.Store.ReadExport(ctx, j.TenantID, kind, j.Target.Filter, at, w.Now().Add(-kind.Settle()), batch)
			if err != nil {
				return err
			}
			if next == at {
				break
			}
			if len(records) == 0 { // what the filter leaves out is behind as well
				if err := w.Store.AdvanceExport(ctx, j.ID, w.Owner, kind, next, 0, w.Now(), or(w.Lease, time.Minute)); err != nil {
					return err
				}
			}
			for len(records) > 0 {
				n := 0
				if n, batch, err = w.hand(ctx, j, records, batch); err != nil {
					return err
				}
				to := next
				if n < len(records) {
					to = Cursor{At: records[n-1].At, ID: records[n-1].ID}
				}
				if err := w.Store.AdvanceExport(ctx, j.ID, w.Owner, kind, to, n, w.Now(), or(w.Lease, time.Minute)); err != nil {
					return err
				}
				records = records[n:]
				if len(records) > 0 && w.Now().Sub(began) > or(w.Turn, 30*time.Second) {
					return errMore
				}
			}
			at = next
			if w.Now().Sub(began) > or(w.Turn, 30*time.Second) {
				return errMore
			}
		}
	}
	return nil
}

// hand delivers the first of some records, fewer when the receiver says that they are too many at once, and says how many
// it took and how many to offer next. Each part counts by itself: with a slow receiver of small parts the whole could
// outlast the lease, and would begin again for ever.
func (w *Worker) hand(ctx context.Context, j Job, records []Record, batch int) (n, offer int, err error) {
	for {
		n = min(batch, len(records))
		err := w.Courier.Deliver(ctx, Parcel{ExportID: j.ID, TenantID: j.TenantID, TenantSlug: j.TenantSlug, Target: j.Target, Secret: j.Secret, Records: records[:n]})
		var refused *Refused
		if errors.As(err, &refused) && refused.Status == http.StatusRequestEntityTooLarge && n > 1 {
			batch = n / 2
			continue
		}
		if err != nil {
			w.observe(j, "failed", n)
			return 0, batch, err
		}
		w.observe(j, "delivered", n)
		return n, min(batch*2, or(w.Batch, 1000)), nil
	}
}

func (w *Worker) observe(j Job, result string, n int) {
	if w.Observe != nil {
		w.Observe(j.Target.Kind, result, n)
	}
}

func (w *Worker) failed(j Job, err error) {
	if w.Failed != nil {
		w.Failed(j, err)
	}
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
