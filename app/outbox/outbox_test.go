package outbox

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"
)

// shelf is a store in memory that keeps the rules of the real one.
type shelf struct {
	mu    sync.Mutex
	items map[string]*slot
}

type slot struct {
	Item
	due, leased time.Time
	owner       string
	state       string
	reason      string
}

func (s *shelf) put(it Item) {
	s.items[it.ID] = &slot{Item: it, due: it.CreatedAt}
}

func (s *shelf) ClaimOutbox(_ context.Context, owner string, now time.Time, lease time.Duration, n int, without ...string) ([]Item, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Item
	for _, id := range slices.Sorted(maps.Keys(s.items)) {
		it := s.items[id]
		if slices.Contains(without, it.TenantID) {
			continue
		}
		if it.state != "" || it.due.After(now) || it.leased.After(now) || len(out) == n {
			continue
		}
		it.owner, it.leased = owner, now.Add(lease)
		out = append(out, it.Item)
		it.Attempts++
	}
	return out, nil
}

func (s *shelf) held(id, owner string, f func(*slot)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	it := s.items[id]
	if it.owner != owner {
		return fmt.Errorf("%s is not %s's", id, owner)
	}
	it.owner, it.leased = "", time.Time{}
	f(it)
	return nil
}

func (s *shelf) DeliveredOutbox(_ context.Context, id, owner string) error {
	return s.held(id, owner, func(it *slot) { it.state = "delivered" })
}

func (s *shelf) RetryOutbox(_ context.Context, id, owner string, at time.Time, reason string) error {
	return s.held(id, owner, func(it *slot) { it.due, it.reason = at, reason })
}

func (s *shelf) BuryOutbox(_ context.Context, id, owner, reason string) error {
	return s.held(id, owner, func(it *slot) { it.state, it.reason = "buried", reason })
}

func TestDelivery(t *testing.T) {
	refused, down := Permanent(errors.New("no such mailbox")), errors.New("connection refused")
	cases := []struct {
		name     string
		answers  []error // of each delivery; the last one repeats
		kind     Kind
		notAfter time.Duration
		rounds   int
		state    string
		calls    int
	}{
		{"delivered at once", []error{nil}, Mail, 0, 3, "delivered", 1},
		{"delivered at the third try", []error{down, down, nil}, Mail, 0, 3, "delivered", 3},
		{"refused for good", []error{refused}, Mail, 0, 3, "buried", 1},
		{"given up after ten tries", []error{down}, Mail, 0, 20, "buried", 10},
		{"not tried again once it is too old", []error{down}, Mail, 5 * time.Second, 3, "buried", 2},
		{"never sent when already too old", []error{nil}, Mail, -time.Second, 1, "buried", 0},
		{"no such channel", []error{nil}, "pigeon", 0, 1, "buried", 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			s := &shelf{items: map[string]*slot{}}
			it := Item{ID: "1", Kind: c.kind, CreatedAt: now}
			if c.notAfter != 0 {
				it.NotAfter = now.Add(c.notAfter)
			}
			s.put(it)
			calls := 0
			w := &Worker{Store: s, Owner: "a", Now: func() time.Time { return now }, Jitter: func() float64 { return .5 },
				Channels: map[Kind]Deliver{Mail: func(context.Context, Item) error {
					calls++
					return c.answers[min(calls, len(c.answers))-1]
				}}}
			for range c.rounds {
				if _, err := w.Once(t.Context()); err != nil {
					t.Fatal(err)
				}
				if at := s.items["1"].due; at.After(now) {
					now = at
				}
			}
			if s.items["1"].state != c.state || calls != c.calls {
				t.Errorf("%s after %d calls (%s), want %s after %d", s.items["1"].state, calls, s.items["1"].reason, c.state, c.calls)
			}
		})
	}
}

func TestAnotherWorkerTakesOver(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := &shelf{items: map[string]*slot{}}
	s.put(Item{ID: "1", Kind: Mail, CreatedAt: now})
	worker := func(owner string, d Deliver) *Worker {
		return &Worker{Store: s, Owner: owner, Now: func() time.Time { return now }, Jitter: func() float64 { return 0 },
			Channels: map[Kind]Deliver{Mail: d}}
	}
	// The first worker dies between claiming and delivering.
	if _, err := s.ClaimOutbox(t.Context(), "dead", now, time.Minute, 1); err != nil {
		t.Fatal(err)
	}
	delivered := 0
	second := worker("b", func(context.Context, Item) error { delivered++; return nil })
	if n, _ := second.Once(t.Context()); n != 0 {
		t.Fatal("an item under lease was taken")
	}
	now = now.Add(time.Minute + time.Second)
	if n, err := second.Once(t.Context()); n != 1 || err != nil || delivered != 1 {
		t.Fatalf("not taken over: %d items, %v", n, err)
	}
	// Had the first one only been slow, its late word counts for nothing.
	if err := s.RetryOutbox(t.Context(), "1", "dead", now, "late"); err == nil {
		t.Error("a worker without the lease could change the item")
	}
}

func TestPauseGrows(t *testing.T) {
	for attempts, want := range []time.Duration{2, 8, 32, 128, 512, 2048, 3600, 3600} {
		low, high := Pause(attempts, 0), Pause(attempts, 1)
		if mid := want * time.Second; low != mid*3/4 || high != mid*5/4 {
			t.Errorf("after %d attempts: %v to %v, want around %v", attempts, low, high, mid)
		}
	}
}

func TestAPanicIsARetry(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := &shelf{items: map[string]*slot{}}
	s.put(Item{ID: "1", Kind: Mail, CreatedAt: now})
	w := &Worker{Store: s, Owner: "a", Now: func() time.Time { return now }, Jitter: func() float64 { return 0 },
		Channels: map[Kind]Deliver{Mail: func(context.Context, Item) error { panic("boom") }}}
	if _, err := w.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s.items["1"].reason != "panic: boom" {
		t.Errorf("reason %q", s.items["1"].reason)
	}
}

// TestAHangingTenantDelaysNobodyElse: a hundred codes of a tenant whose API never answers are due first; the one of
// another tenant goes out while they hang.
func TestAHangingTenantDelaysNobodyElse(t *testing.T) {
	let := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-let:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(hanging.Close)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := &shelf{items: map[string]*slot{}}
	for i := range 100 {
		s.put(Item{ID: fmt.Sprintf("a%03d", i), TenantID: "hangs", Kind: Mail, CreatedAt: now})
	}
	s.put(Item{ID: "z", TenantID: "other", Kind: Mail, CreatedAt: now})
	began, arrived := make(chan string, 200), make(chan struct{})
	w := &Worker{Store: s, Owner: "a", Now: func() time.Time { return now }, Jitter: func() float64 { return 0 }, Parallel: 16,
		Channels: map[Kind]Deliver{Mail: func(ctx context.Context, it Item) error {
			if it.TenantID == "other" {
				close(arrived)
				return nil
			}
			began <- it.ID
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, hanging.URL, nil)
			if err != nil {
				return err
			}
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				return err
			}
			return res.Body.Close()
		}}}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); w.Run(ctx, nil, time.Hour) }()
	select {
	case <-arrived:
	case <-time.After(time.Minute):
		t.Error("a code waits for another tenant's API")
	}
	if n := len(began); n >= 8 {
		t.Errorf("%d deliveries of one tenant are under way, with a share of 4", n)
	}
	close(let) // it answers again: all of its own go out too
	for range 100 {
		select {
		case <-began:
		case <-time.After(time.Minute):
			t.Fatal("the rest is not delivered once the API answers")
		}
	}
	stop()
	<-ended
}
