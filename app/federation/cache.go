package federation

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Cache keeps what providers publish (metadata, keys) for the whole process. The zero value is ready. What it holds is
// kept apart by tenant, because the operator may let one tenant reach places that another must not. Shelf, if there is one,
// keeps the little across restarts that helps while a provider cannot be read.
type Cache struct {
	Shelf   Shelf
	mu      sync.Mutex
	entries map[string]*published
}

// published is one document: its last good reading, and how the last try went.
type published struct {
	value any
	read  time.Time
	tried time.Time
	err   error
	busy  chan struct{} // closed when the reading under way has ended
}

const (
	cacheMost  = 1000
	cacheFor   = time.Hour
	cacheStale = 24 * time.Hour   // how long a reading serves while the provider cannot be read
	cacheAgain = time.Minute      // between two readings that somebody's unknown key asks for
	cacheFail  = 5 * time.Second  // how long a failure answers for those who come right after
	cacheFirst = 10 * time.Second // until a stale reading is tried again
)

// get gives a document, reading it when there is none or it is old, and when renew asks for it: then at most once a
// minute, so that made-up key ids cannot make us hammer a provider. Everybody who comes meanwhile waits for the one
// reading.
func (c *Cache) get(ctx context.Context, key string, now func() time.Time, renew bool, load func(context.Context) (any, error)) (any, error) {
	for {
		c.mu.Lock()
		e := c.entries[key]
		if e == nil {
			e = c.add(key, now())
		}
		if e.busy != nil {
			wait := e.busy
			c.mu.Unlock()
			select {
			case <-wait:
				renew = false // what was just read is new enough
				continue
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		if !e.due(now(), renew) {
			value, err := e.value, e.err
			c.mu.Unlock()
			if value != nil {
				return value, nil
			}
			return nil, err
		}
		e.busy, e.tried = make(chan struct{}), now()
		c.mu.Unlock()

		return c.fill(ctx, e, now, load)
	}
}

// earlier is how a reading ends that failed while an earlier one is still at hand. That one serves like any that is as old:
// a day at most, and soon tried again.
type earlier struct {
	value any
	read  time.Time
	err   error
}

func (e *earlier) Error() string { return e.err.Error() }
func (e *earlier) Unwrap() error { return e.err }

// errBroken is what a reading ends with that panicked: those who wait for it go on, and the panic goes up its own request.
var errBroken = errors.New("federation: the reading broke off")

// fill reads an entry for everybody who waits, so it does not end with the request that happened to start it.
func (c *Cache) fill(ctx context.Context, e *published, now func() time.Time, load func(context.Context) (any, error)) (value any, err error) {
	err = errBroken
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		var old *earlier
		if errors.As(err, &old) {
			if err = old.err; e.value == nil || e.read.Before(old.read) {
				e.value, e.read = old.value, old.read
			}
		}
		e.err = err
		if err == nil {
			e.value, e.read = value, now()
		} else if e.value != nil && now().Sub(e.read) > cacheStale {
			e.value = nil
		}
		close(e.busy)
		e.busy = nil
		if value = e.value; value != nil {
			err = nil
		}
	}()
	return load(context.WithoutCancel(ctx))
}

func (e *published) due(now time.Time, renew bool) bool {
	switch since := now.Sub(e.tried); {
	case e.tried.IsZero():
		return true
	case e.value == nil:
		return since >= cacheFail
	case renew:
		return since >= cacheAgain
	default:
		return now.Sub(e.read) >= cacheFor && since >= cacheFirst
	}
}

// add makes room for one more: what was read longest ago goes. The lock is held.
func (c *Cache) add(key string, now time.Time) *published {
	if c.entries == nil {
		c.entries = map[string]*published{}
	}
	for len(c.entries) >= cacheMost {
		oldest, at := "", now.Add(time.Hour)
		for k, e := range c.entries {
			if e.busy == nil && e.tried.Before(at) {
				oldest, at = k, e.tried
			}
		}
		if oldest == "" {
			break
		}
		delete(c.entries, oldest)
	}
	e := &published{}
	c.entries[key] = e
	return e
}
