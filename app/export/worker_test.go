package export

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// memory is a store of one log and some exports.
type memory struct {
	mu      sync.Mutex
	log     []Record
	jobs    map[string]*kept
	reads   int
	refuses error // of ReadExport
}

type kept struct {
	job   Job
	owner string
	until time.Time
	due   time.Time
	sent  int
	last  string
}

func (m *memory) ClaimExports(_ context.Context, owner string, now time.Time, lease time.Duration, n int) ([]Job, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []Job
	for _, id := range slices.Sorted(mapKeys(m.jobs)) {
		k := m.jobs[id]
		if len(out) < n && !k.due.After(now) && (k.owner == "" || !k.until.After(now)) {
			k.owner, k.until = owner, now.Add(lease)
			j := k.job
			j.Cursors = map[Kind]Cursor{}
			for kind, c := range k.job.Cursors {
				j.Cursors[kind] = c
			}
			out = append(out, j)
		}
	}
	return out, nil
}

func mapKeys(m map[string]*kept) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func (m *memory) held(id, owner string) (*kept, error) {
	k := m.jobs[id]
	if k == nil || k.owner != owner {
		return nil, ErrLost
	}
	return k, nil
}

func (m *memory) ReadExport(_ context.Context, _ string, kind Kind, f Filter, after Cursor, until time.Time, limit int) ([]Record, Cursor, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	if m.refuses != nil {
		return nil, after, m.refuses
	}
	sorted := slices.Clone(m.log)
	slices.SortFunc(sorted, func(a, b Record) int { return cmp.Or(a.At.Compare(b.At), strings.Compare(a.ID, b.ID)) })
	var out []Record
	next, n := after, 0
	for _, r := range sorted {
		behind := r.At.After(after.At) || r.At.Equal(after.At) && r.ID > after.ID
		if r.Kind != kind || !behind || !r.At.Before(until) || n == limit {
			continue
		}
		n++
		next = Cursor{At: r.At, ID: r.ID}
		if f.Takes(r.Level, r.Event) {
			out = append(out, r)
		}
	}
	return out, next, nil
}

func (m *memory) AdvanceExport(_ context.Context, id, owner string, kind Kind, to Cursor, sent int, now time.Time, lease time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, err := m.held(id, owner)
	if err != nil {
		return err
	}
	k.job.Cursors[kind], k.until = to, now.Add(lease)
	k.sent += sent
	if sent > 0 {
		k.job.Failures, k.last = 0, ""
	}
	return nil
}

func (m *memory) FailExport(_ context.Context, id, owner string, again time.Time, reason string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, err := m.held(id, owner)
	if err != nil {
		return err
	}
	k.owner, k.due, k.last = "", again, reason
	k.job.Failures++
	return nil
}

func (m *memory) RestExport(_ context.Context, id, owner string, again time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, err := m.held(id, owner)
	if err != nil {
		return err
	}
	k.owner, k.due = "", again
	return nil
}

// takes is a courier that a test answers for.
type takes func(p Parcel) error

func (f takes) Deliver(_ context.Context, p Parcel) error { return f(p) }

// many are records of one kind, a second apart, well settled.
func many(n int) []Record {
	var out []Record
	for i := range n {
		r := rec(fmt.Sprintf("r%03d", i))
		r.At = now().Add(-time.Hour + time.Duration(i)*time.Second)
		out = append(out, r)
	}
	return out
}

func oneExport(ids ...string) map[string]*kept {
	out := map[string]*kept{}
	for _, id := range ids {
		out[id] = &kept{job: Job{ID: id, TenantID: "t1", TenantSlug: "shop", Target: Target{Kind: Webhook, Records: []Kind{RiskDetection}}, Cursors: map[Kind]Cursor{}}}
	}
	return out
}

func ids(all []Record) string {
	var out []string
	for _, r := range all {
		out = append(out, r.ID)
	}
	return strings.Join(out, " ")
}

func TestWorkerSendsEverythingInOrderAndOnlyOnceWhenNothingFails(t *testing.T) {
	m := &memory{log: many(25), jobs: oneExport("e1")}
	var got []Record
	at := now()
	w := &Worker{Store: m, Owner: "a", Now: func() time.Time { return at }, Jitter: func() float64 { return 0.5 }, Batch: 10, Courier: takes(func(p Parcel) error {
		if len(p.Records) > 10 || p.ExportID != "e1" || p.TenantSlug != "shop" {
			t.Errorf("a parcel of %d for %s", len(p.Records), p.ExportID)
		}
		got = append(got, p.Records...)
		return nil
	})}
	if _, err := w.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ids(got) != ids(many(25)) || m.jobs["e1"].sent != 25 {
		t.Errorf("sent %s", ids(got))
	}
	// What changes later goes out again, and what is too young waits.
	young, changed := rec("young"), many(1)[0]
	young.At, changed.At = at.Add(-time.Second), at.Add(-time.Minute)
	m.log = append(m.log, young, changed)
	at = at.Add(5 * time.Second)
	if _, err := w.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ids(got[25:]) != "r000" {
		t.Errorf("then %s", ids(got[25:]))
	}
	at = at.Add(10 * time.Second)
	if _, err := w.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ids(got[26:]) != "young" {
		t.Errorf("in the end %s", ids(got[26:]))
	}
}

func TestWorkerKeepsItsPlaceWhenTheReceiverFails(t *testing.T) {
	for _, c := range []struct {
		name  string
		err   error
		after time.Duration
	}{
		{"500", &Refused{Status: 500}, 2 * time.Second},
		{"429 with Retry-After", &Refused{Status: 429, After: 7 * time.Minute}, 7 * time.Minute},
		{"a line that breaks", errors.New("connection reset"), 2 * time.Second},
	} {
		m := &memory{log: many(30), jobs: oneExport("e1")}
		at, calls := now(), 0
		var got []Record
		w := &Worker{Store: m, Owner: "a", Now: func() time.Time { return at }, Jitter: func() float64 { return 0.5 }, Batch: 10, Courier: takes(func(p Parcel) error {
			if calls++; calls == 2 {
				return c.err
			}
			got = append(got, p.Records...)
			return nil
		})}
		if _, err := w.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		k := m.jobs["e1"]
		if len(got) != 10 || k.sent != 10 || k.job.Failures != 1 || k.last != c.err.Error() || !k.due.Equal(at.Add(c.after)) {
			t.Errorf("%s: %d sent, %d failures, due after %s, %q", c.name, len(got), k.job.Failures, k.due.Sub(at), k.last)
		}
		if n, _ := w.Once(t.Context()); n != 0 {
			t.Errorf("%s: it did not wait", c.name)
		}
		at = at.Add(c.after)
		if _, err := w.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		if ids(got) != ids(many(30)) || k.job.Failures != 0 || k.last != "" {
			t.Errorf("%s: in the end %s", c.name, ids(got))
		}
	}
}

func TestWorkerAsksWithLessWhenABatchIsTooLarge(t *testing.T) {
	m := &memory{log: many(20), jobs: oneExport("e1")}
	var got []Record
	w := &Worker{Store: m, Owner: "a", Now: now, Jitter: func() float64 { return 0 }, Batch: 20, Courier: takes(func(p Parcel) error {
		if len(p.Records) > 6 {
			return &Refused{Status: 413}
		}
		got = append(got, p.Records...)
		return nil
	})}
	if _, err := w.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ids(got) != ids(many(20)) {
		t.Errorf("sent %s", ids(got))
	}
}

// A crash between delivery and the cursor repeats the batch: at least once.
func TestWorkerRepeatsWhatIsNotNoted(t *testing.T) {
	m := &memory{log: many(5), jobs: oneExport("e1")}
	at := now()
	var got []Record
	w := &Worker{Store: m, Owner: "a", Now: func() time.Time { return at }, Jitter: func() float64 { return 0 }, Courier: takes(func(p Parcel) error {
		if got = append(got, p.Records...); len(got) == 5 {
			m.jobs["e1"].owner = "somebody else" // the lease ran out meanwhile
		}
		return nil
	})}
	if _, err := w.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.jobs["e1"].owner = ""
	if _, err := w.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ids(got) != ids(many(5))+" "+ids(many(5)) {
		t.Errorf("sent %s", ids(got))
	}
}

func TestWorkerOutlivesAPanic(t *testing.T) {
	m := &memory{log: many(5), jobs: oneExport("e1")}
	w := &Worker{Store: m, Owner: "a", Now: now, Jitter: func() float64 { return 0 }, Courier: takes(func(Parcel) error { panic("no") })}
	if _, err := w.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if k := m.jobs["e1"]; k.job.Failures != 1 || k.last != "panic: no" {
		t.Errorf("%+v", k)
	}
}

func TestWorkerLeavesOutWhatTheFilterDoes(t *testing.T) {
	log := many(40)
	for i := range log {
		if i%10 != 0 {
			log[i].Level = "low"
		}
	}
	m := &memory{log: log, jobs: oneExport("e1")}
	m.jobs["e1"].job.Target.Filter = Filter{Levels: []string{"high"}}
	n := 0
	w := &Worker{Store: m, Owner: "a", Now: now, Jitter: func() float64 { return 0 }, Batch: 7, Courier: takes(func(p Parcel) error { n += len(p.Records); return nil })}
	if _, err := w.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	reads := m.reads
	m.jobs["e1"].due = now()
	if _, err := w.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n != 4 || m.reads != reads+1 {
		t.Errorf("%d sent, %d reads and then %d", n, reads, m.reads-reads)
	}
}

// One receiver that hangs takes one place; another export goes on meanwhile.
func TestOneSlowTargetStopsNoOther(t *testing.T) {
	m := &memory{log: many(3), jobs: oneExport("slow", "swift")}
	ctx, stop := context.WithCancel(t.Context())
	hangs, swift := make(chan struct{}), make(chan struct{})
	w := &Worker{Store: m, Owner: "a", Now: now, Jitter: func() float64 { return 0 }, Parallel: 2, Courier: takes(func(p Parcel) error {
		if p.ExportID == "slow" {
			<-hangs
			return errors.New("hung")
		}
		close(swift)
		return nil
	})}
	ended := make(chan struct{})
	go func() { w.Run(ctx, time.Millisecond); close(ended) }()
	<-swift
	close(hangs)
	stop()
	<-ended
	if k := m.jobs["swift"]; k.sent != 3 {
		t.Errorf("the swift one sent %d", k.sent)
	}
}
