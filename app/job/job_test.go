package job

import (
	"context"
	"errors"
	"testing"
	"time"
)

type row struct {
	owner      string
	until, due time.Time
	problem    string
}

// board keeps leases in memory by the rules of the real store.
type board map[string]*row

func (b board) AcquireLease(_ context.Context, job, owner string, now time.Time, lease time.Duration) (bool, error) {
	r := b[job]
	if r == nil {
		r = &row{}
		b[job] = r
	}
	if r.due.After(now) || r.owner != "" && r.until.After(now) {
		return false, nil
	}
	r.owner, r.until = owner, now.Add(lease)
	return true, nil
}

func (b board) ReleaseLease(_ context.Context, job, owner string, due time.Time, problem string) error {
	if r := b[job]; r.owner == owner {
		*r = row{due: due, problem: problem}
	}
	return nil
}

func TestRunner(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	b := board{}
	runs := 0
	answer := error(nil)
	jobs := []Job{
		{Name: "purge", Every: time.Hour, Lease: time.Minute, Run: func(_ context.Context, at time.Time) error {
			if !at.Equal(now) {
				t.Errorf("the job was told %v", at)
			}
			runs++
			return answer
		}},
		{Name: "broken", Every: time.Hour, Run: func(context.Context, time.Time) error { panic("boom") }},
	}
	a := &Runner{Leases: b, Jobs: jobs, Owner: "a", Now: clock}
	other := &Runner{Leases: b, Jobs: jobs, Owner: "b", Now: clock}
	once := func(r *Runner, want int) {
		t.Helper()
		if err := r.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		if runs != want {
			t.Fatalf("%d runs, want %d", runs, want)
		}
	}
	once(a, 1)
	once(a, 1)     // not due
	once(other, 1) // nor in another instance
	if b["broken"].problem != "panic: boom" {
		t.Errorf("a panic must be noted, got %q", b["broken"].problem)
	}
	now = now.Add(time.Hour)
	answer = errors.New("disk full")
	once(other, 2)
	if b["purge"].problem != "disk full" {
		t.Errorf("problem %q", b["purge"].problem)
	}
	// An instance that died while holding the lease is replaced when it runs out.
	now = now.Add(time.Hour)
	b["purge"].owner, b["purge"].until = "dead", now.Add(time.Minute)
	once(a, 2)
	now = now.Add(2 * time.Minute)
	once(a, 3)
}

func TestRunStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ran := 0
	r := &Runner{Leases: board{}, Owner: "a", Now: time.Now, Jobs: []Job{{Name: "x", Every: time.Hour,
		Run: func(context.Context, time.Time) error { ran++; cancel(); return nil }}}}
	r.Run(ctx, time.Hour, func(error) {})
	if ran != 1 {
		t.Errorf("%d runs", ran)
	}
}
