package extension

import "time"

// State of a circuit breaker.
type State string

const (
	Closed   State = "closed"   // calls go through
	Open     State = "open"     // it failed too often: calls fail at once
	HalfOpen State = "halfOpen" // one call tries whether it is back
)

// When a circuit opens, and for how long: the pause doubles while the API stays down.
const (
	failuresToOpen = 5
	firstPause     = 10 * time.Second
	longestPause   = 2 * time.Minute
)

// Breaker keeps a dead API from holding up sign-ins, as a value: each call takes one and gives the next. What counts as a
// failure is that the API could not be reached, took too long or said 5xx; a bad answer comes from one that is alive.
// The zero value is closed.
type Breaker struct {
	Failures int       // in a row
	Until    time.Time // open until then; zero = closed
	Pauses   int       // how often it opened in a row
	Probe    time.Time // when the call that tries was let through; zero = none is under way
}

// State at a moment.
func (b Breaker) State(now time.Time) State {
	switch {
	case b.Until.IsZero():
		return Closed
	case now.Before(b.Until):
		return Open
	}
	return HalfOpen
}

// Allow says whether a call may go out now. A call that tries and never tells how it went (its process ended it) gives its
// turn back when it cannot be under way any more.
func (b Breaker) Allow(now time.Time) (Breaker, bool) {
	switch b.State(now) {
	case Closed:
		return b, true
	case Open:
		return b, false
	}
	if !b.Probe.IsZero() && now.Sub(b.Probe) < 2*MaxTimeout*(MaxRetries+1) {
		return b, false
	}
	b.Probe = now
	return b, true
}

// Note takes up how a call went.
func (b Breaker) Note(alive bool, now time.Time) Breaker {
	if alive {
		return Breaker{}
	}
	b.Failures++
	if b.Until.IsZero() && b.Failures < failuresToOpen {
		return b
	}
	if !b.Until.IsZero() && now.Before(b.Until) { // a call that began before it opened
		return b
	}
	pause := longestPause
	if b.Pauses < 4 {
		pause = min(firstPause<<b.Pauses, longestPause)
	}
	b.Pauses, b.Probe = b.Pauses+1, time.Time{}
	b.Until = now.Add(pause)
	return b
}

// bucket is a rate as a value: it fills by rate a second and holds a second's worth.
type bucket struct {
	used float64
	at   time.Time
}

func (b bucket) take(rate float64, now time.Time) (bucket, bool) {
	if d := now.Sub(b.at).Seconds(); d > 0 {
		b.used, b.at = max(0, b.used-d*rate), now
	}
	if b.used+1 > rate {
		return b, false
	}
	b.used++
	return b, true
}
