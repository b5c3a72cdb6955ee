package extension

import (
	"testing"
	"time"
)

func TestChoose(t *testing.T) {
	on := func(id string, change func(*Listener)) Listener {
		l := Listener{ID: id, Event: TokenIssuanceStart, Extension: "e", Priority: DefaultPriority, AllApps: true, Enabled: true}
		if change != nil {
			change(&l)
		}
		return l
	}
	early := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name string
		have []Listener
		want string // "" = nobody
	}{
		{"nobody listens", nil, ""},
		{"for all apps", []Listener{on("a", nil)}, "a"},
		{"for this app", []Listener{on("a", func(l *Listener) { l.AllApps, l.Apps = false, []string{"app"} })}, "a"},
		{"for another app", []Listener{on("a", func(l *Listener) { l.AllApps, l.Apps = false, []string{"other"} })}, ""},
		{"for no app", []Listener{on("a", func(l *Listener) { l.AllApps = false })}, ""},
		{"another event", []Listener{on("a", func(l *Listener) { l.Event = OtpSend })}, ""},
		{"switched off", []Listener{on("a", func(l *Listener) { l.Enabled = false })}, ""},
		{"its extension is switched off", []Listener{on("a", func(l *Listener) { l.Extension = "off" })}, ""},
		{"its extension is gone: the failure is said, not hidden", []Listener{on("a", func(l *Listener) { l.Extension = "gone" })}, "a"},
		{"another flow", []Listener{on("a", func(l *Listener) { l.Flow = "other" })}, ""},
		{"this flow before any", []Listener{on("a", nil), on("b", func(l *Listener) { l.Flow = "flow" })}, "b"},
		{"the highest priority", []Listener{on("a", nil), on("b", func(l *Listener) { l.Priority = 501 })}, "b"},
		{"priority before the app", []Listener{on("a", func(l *Listener) { l.Priority = 501 }), on("b", func(l *Listener) { l.AllApps, l.Apps = false, []string{"app"} })}, "a"},
		{"this app before all", []Listener{on("a", nil), on("b", func(l *Listener) { l.AllApps, l.Apps = false, []string{"app"} })}, "b"},
		{"the older", []Listener{on("a", func(l *Listener) { l.CreatedAt = early.Add(1) }), on("b", func(l *Listener) { l.CreatedAt = early })}, "b"},
	} {
		c := &Configuration{Listeners: tc.have, Extensions: map[string]*Extension{"e": {ID: "e", Enabled: true}, "off": {ID: "off"}}}
		got, ok := c.Choose(TokenIssuanceStart, "app", "flow")
		if ok != (tc.want != "") || got.Listener.ID != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got.Listener.ID, tc.want)
		}
	}
	if _, ok := (*Configuration)(nil).Choose(OtpSend, "app", ""); ok {
		t.Error("nothing set up listens")
	}
}

// TestFailure: the default blocks where skipping would let through what the API might have refused, or leak a code.
func TestFailure(t *testing.T) {
	for _, tc := range []struct {
		event    Event
		declared OnFailure
		want     OnFailure
	}{
		{TokenIssuanceStart, "", Block}, {TokenIssuanceStart, Continue, Continue}, {TokenIssuanceStart, Fallback, Block},
		{AttributeCollectionStart, "", Continue}, {AttributeCollectionStart, Block, Block},
		{AttributeCollectionSubmit, "", Block}, {AttributeCollectionSubmit, Continue, Continue},
		{OtpSend, "", Block}, {OtpSend, Fallback, Fallback}, {OtpSend, Continue, Block},
		{PasswordSubmit, "", Block}, {PasswordSubmit, Continue, Block}, {PasswordSubmit, Fallback, Block},
		{"onSomethingElse", Continue, Block},
	} {
		l := Listener{Event: tc.event, OnFailure: tc.declared}
		if got := l.Failure(); got != tc.want {
			t.Errorf("%s declaring %q: %s, want %s", tc.event, tc.declared, got, tc.want)
		}
	}
	for _, e := range Events() {
		if e.Label() == "" || len(e.Actions()) == 0 {
			t.Errorf("%s has no label or no answers", e)
		}
		for _, f := range e.Failures() {
			if e.Consequence(f) == "" {
				t.Errorf("%s: nothing says what %s means", e, f)
			}
		}
	}
}

func TestBreaker(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	var b Breaker
	fails := func(n int) {
		for range n {
			b = b.Note(false, now)
		}
	}
	allowed := func() bool {
		var ok bool
		b, ok = b.Allow(now)
		return ok
	}
	expect := func(what string, state State, ok bool) {
		t.Helper()
		if s := b.State(now); s != state {
			t.Errorf("%s: %s, want %s", what, s, state)
		}
		if got := allowed(); got != ok {
			t.Errorf("%s: let through %v, want %v", what, got, ok)
		}
	}
	expect("new", Closed, true)
	fails(4)
	expect("four failures", Closed, true)
	b = b.Note(true, now)
	fails(4)
	expect("a success starts the count anew", Closed, true)
	fails(1)
	expect("five in a row", Open, false)
	now = now.Add(firstPause - 1)
	expect("just before the pause is over", Open, false)
	now = now.Add(1)
	expect("the pause is over: one tries", HalfOpen, true)
	expect("and only one", HalfOpen, false)
	fails(1)
	expect("it failed", Open, false)
	now = now.Add(firstPause)
	expect("the second pause is longer", Open, false)
	now = now.Add(firstPause)
	expect("one tries again", HalfOpen, true)
	now = now.Add(8 * time.Second)
	expect("whoever tried never told", HalfOpen, true)
	b = b.Note(true, now)
	expect("it is back", Closed, true)
	for range 20 {
		fails(failuresToOpen)
		if d := b.Until.Sub(now); d > longestPause {
			t.Fatalf("a pause of %s", d)
		}
		now = b.Until
	}
}

func TestBucket(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	var b bucket
	n := 0
	for range 200 {
		var ok bool
		if b, ok = b.take(CallsPerSecond, now); ok {
			n++
		}
	}
	if n != CallsPerSecond {
		t.Errorf("%d calls at once, want %d", n, CallsPerSecond)
	}
	if b, _ = b.take(CallsPerSecond, now.Add(20*time.Millisecond)); b.used > CallsPerSecond {
		t.Error("more than a second's worth")
	}
	if _, ok := b.take(CallsPerSecond, now.Add(time.Second)); !ok {
		t.Error("a second later there is room again")
	}
}
