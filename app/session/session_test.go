package session

import (
	"testing"
	"time"
)

func TestLive(t *testing.T) {
	const day = 24 * time.Hour
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		persistent bool
		lifetimes  Lifetimes
		seen       time.Duration // after the start, last
		revoked    bool
		validFrom  time.Duration // after the start; 0 = never raised
		now        time.Duration // after the start
		want       bool
	}{
		"within a day of rest":                      {now: day - 1, want: true},
		"a day of rest is enough":                   {now: day},
		"it slides":                                 {seen: 20 * time.Hour, now: 40 * time.Hour, want: true},
		"stay signed in: 90 days of rest":           {persistent: true, now: 90*day - 1, want: true},
		"and not longer":                            {persistent: true, now: 90 * day},
		"nothing slides past the absolute end":      {persistent: true, seen: 179 * day, now: 180 * day},
		"the tenant's own idle time":                {lifetimes: Lifetimes{Idle: time.Hour}, now: time.Hour},
		"the tenant's idle time is not for staying": {persistent: true, lifetimes: Lifetimes{Idle: time.Hour}, now: 2 * time.Hour, want: true},
		"the tenant's own time for staying":         {persistent: true, lifetimes: Lifetimes{PersistentIdle: day}, now: day},
		"revoked":                                   {revoked: true, now: 1},
		"proven before all sessions were ended":     {validFrom: time.Minute, now: time.Hour},
		"proven at the very moment they were ended": {validFrom: 0, now: time.Hour, want: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := Session{AuthTime: start, CreatedAt: start, LastSeenAt: start.Add(c.seen), Persistent: c.persistent}
			if c.revoked {
				s.RevokedAt = start
			}
			if got := Live(s, c.lifetimes, start.Add(c.validFrom), start.Add(c.now)); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
