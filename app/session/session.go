// Package session knows the rules of a single sign-on session: how long it lives, when it is fresh
// enough, whether it survives the browser. It is arithmetic over times that are passed in; it stores
// nothing and asks no clock.
package session

import "time"

// Session is one person signed in at one browser in one tenant.
type Session struct {
	SID        string // public session id (claim "sid"), not the cookie's secret
	TenantID   string
	UserID     string
	AuthTime   time.Time // when the person last proved who they are
	AMR        []string  // RFC 8176 method references proven in this session
	MFATime    time.Time // when a second factor was last proven; zero = never
	Methods    []string  // kinds of factors proven in this session (package factor's words)
	AAGUIDs    []string  // models of the passkeys among them
	Persistent bool      // the person chose to stay signed in
	CreatedAt  time.Time
	LastSeenAt time.Time
	RevokedAt  time.Time // zero = live
	Upstream   Upstream  // the session at an identity provider that it stands on
}

// Upstream is where a session began, when an identity provider vouched for the person.
type Upstream struct {
	Provider string // id; "" = none
	Issuer   string
	Subject  string
	SID      string // of the session there
	Hint     string // id_token, by which it is ended
}

// Remembered is a browser on which one person is not asked for a second factor for a while, because they
// showed it there and said so.
type Remembered struct {
	ID         string
	UserID     string
	Name       string    // browser and system, for people
	Methods    []string  // kinds of factors that were shown then
	MFATime    time.Time // when
	CreatedAt  time.Time
	LastUsedAt time.Time // zero = not since
	ExpiresAt  time.Time
}

// Lifetimes of a session (R 1.7.7, R 1.7.8). All are durations; zero means the default.
type Lifetimes struct {
	Idle           time.Duration // not persistent: 24 h sliding
	PersistentIdle time.Duration // persistent: 90 days sliding
	Absolute       time.Duration // both: 180 days
}

// defaultLifetimes are the vendor's lifetimes plus an absolute end.
func defaultLifetimes() Lifetimes {
	return Lifetimes{Idle: 24 * time.Hour, PersistentIdle: 90 * 24 * time.Hour, Absolute: 180 * 24 * time.Hour}
}

// ExpiresAt is when the session ends if nobody comes back after LastSeenAt.
func ExpiresAt(s Session, l Lifetimes) time.Time {
	d := defaultLifetimes()
	idle := pick(l.Idle, d.Idle)
	if s.Persistent {
		idle = pick(l.PersistentIdle, d.PersistentIdle)
	}
	end := s.LastSeenAt.Add(idle)
	if abs := s.CreatedAt.Add(pick(l.Absolute, d.Absolute)); abs.Before(end) {
		return abs
	}
	return end
}

// Live reports whether the session counts at now. A person's sessions-valid-from time
// (revokeSignInSessions, password change) ends every session that was proven before it.
func Live(s Session, l Lifetimes, validFrom, now time.Time) bool {
	return s.RevokedAt.IsZero() && now.Before(ExpiresAt(s, l)) && !s.AuthTime.Before(validFrom)
}

func pick(v, d time.Duration) time.Duration {
	if v > 0 {
		return v
	}
	return d
}

// Counts reports whether a remembered device still stands in for a second factor at now: for as many days as the
// tenant says today, and not once what was proven before a moment (validFrom) was revoked.
func (d Remembered) Counts(days int, validFrom, now time.Time) bool {
	return days > 0 && now.Before(d.ExpiresAt) && now.Before(d.MFATime.AddDate(0, 0, days)) && !d.MFATime.Before(validFrom)
}
