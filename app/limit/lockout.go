package limit

import (
	"crypto/subtle"
	"time"
)

// LockRules are a tenant's choices (R 14.1.1).
type LockRules struct {
	Threshold int           // failures until the lock; 0 = 10
	First     time.Duration // the first lock; 0 = 60 s; each further one doubles it, up to an hour
}

const (
	longestLock = time.Hour
	forgetAfter = 24 * time.Hour // a counter that nobody touched for so long starts again
	remembered  = 3              // wrong passwords that do not count when repeated (R 14.1.2)
)

// Lock is the counter of one account (or of one unknown identifier) at familiar or unfamiliar places.
type Lock struct {
	Failures    int       `json:"failures"`
	Locks       int       `json:"locks,omitempty"`
	LockedUntil time.Time `json:"lockedUntil,omitzero"`
	Recent      [][]byte  `json:"recent,omitempty"` // keyed MACs of the last wrong passwords
	TouchedAt   time.Time `json:"touchedAt"`
}

// Ticket is one admitted try; the answer of the verification is told to the lock with it.
type Ticket struct {
	Locked bool      // this try closed the lock behind itself, before it was verified
	Before time.Time // LockedUntil before this try
}

// Begin counts a try before anything is verified. It says no while the lock is closed. The try that
// reaches the threshold closes the lock at once, so that no number of parallel tries gets past it.
func (l Lock) Begin(r LockRules, now time.Time) (Lock, Ticket, bool) {
	if now.Before(l.LockedUntil) {
		return l, Ticket{}, false
	}
	if now.Sub(l.TouchedAt) > forgetAfter {
		l = Lock{}
	}
	t := Ticket{Before: l.LockedUntil}
	l.Failures++
	l.TouchedAt = now
	if l.Failures >= r.threshold() {
		l.LockedUntil = now.Add(r.duration(l.Locks))
		l.Locks++
		t.Locked = true
	}
	return l, t, true
}

// Fail tells that the try was wrong. The same wrong password as one of the last three is refunded.
func (l Lock) Fail(t Ticket, mac []byte) Lock {
	for _, m := range l.Recent {
		if subtle.ConstantTimeCompare(m, mac) == 1 {
			return l.Refund(t)
		}
	}
	recent := append([][]byte{}, l.Recent...)
	recent = append(recent, mac)
	if len(recent) > remembered {
		recent = recent[len(recent)-remembered:]
	}
	l.Recent = recent
	return l
}

// Refund takes a try back: it told nobody anything new, or it was never verified.
func (l Lock) Refund(t Ticket) Lock {
	l.Failures = max(0, l.Failures-1)
	if t.Locked {
		l.LockedUntil = t.Before
		l.Locks = max(0, l.Locks-1)
	}
	return l
}

func (r LockRules) threshold() int {
	if r.Threshold > 0 {
		return r.Threshold
	}
	return 10
}

func (r LockRules) duration(locks int) time.Duration {
	d := r.First
	if d <= 0 {
		d = time.Minute
	}
	for i := 0; i < locks && d < longestLock; i++ {
		d *= 2
	}
	return min(d, longestLock)
}
