package federation

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

// Whoever waits for a reading that panics goes on with an error, or with what was read before; the next one reads again.
func TestNobodyHangsWhenAReadingPanics(t *testing.T) {
	for name, before := range map[string]any{"nothing read before": nil, "something read before": "old"} {
		t.Run(name, func(t *testing.T) {
			var c Cache
			now := time.Unix(0, 0)
			var mu sync.Mutex
			clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
			later := func(d time.Duration) { mu.Lock(); now = now.Add(d); mu.Unlock() }
			if before != nil {
				if _, err := c.get(t.Context(), "k", clock, false, func(context.Context) (any, error) { return before, nil }); err != nil {
					t.Fatal(err)
				}
				later(2 * cacheFor)
			}
			begun, fall := make(chan struct{}), make(chan struct{})
			broke := make(chan any)
			go func() {
				defer func() { broke <- recover() }()
				_, _ = c.get(t.Context(), "k", clock, false, func(context.Context) (any, error) { close(begun); <-fall; panic("so it goes") })
			}()
			<-begun
			type answer struct {
				value any
				err   error
			}
			waits := make(chan answer)
			go func() {
				v, err := c.get(t.Context(), "k", clock, false, func(context.Context) (any, error) { return nil, errors.New("too early") })
				waits <- answer{v, err}
			}()
			close(fall)
			if got := <-broke; got != "so it goes" {
				t.Errorf("the panic was lost: %v", got)
			}
			if got := <-waits; got.value != before || (got.err == nil) != (before != nil) {
				t.Errorf("%+v", got)
			}
			later(2 * cacheAgain)
			if v, err := c.get(t.Context(), "k", clock, false, func(context.Context) (any, error) { return "new", nil }); err != nil || v != "new" {
				t.Errorf("%v %v", v, err)
			}
		})
	}
}
