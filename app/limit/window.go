package limit

import "time"

// Window is how many may happen in a span.
type Window struct {
	Span time.Duration
	Max  int
}

// PerDestination, PerAddress and PerTenant are the table R 4.4.3, for mail as for texts.
func PerDestination() []Window {
	return []Window{{15 * time.Minute, 15}, {time.Hour, 20}, {24 * time.Hour, 30}, {7 * 24 * time.Hour, 50}}
}

// PerAddress limits one client address.
func PerAddress() []Window {
	return []Window{{15 * time.Minute, 100}, {time.Hour, 300}, {24 * time.Hour, 500}}
}

// PerTenant limits one directory.
func PerTenant() []Window {
	return []Window{{15 * time.Minute, 500}, {time.Hour, 1500}, {24 * time.Hour, 5000}}
}

// Scale relaxes or tightens windows by a tenant's factor of/per; never below one.
func Scale(windows []Window, of, per int) []Window {
	if of <= 0 {
		return windows
	}
	out := make([]Window, len(windows))
	for i, w := range windows {
		out[i] = Window{w.Span, max(1, w.Max*of/per)}
	}
	return out
}

// Count is how many happened in the running span of one window.
type Count struct {
	Since time.Time `json:"since"`
	N     int       `json:"n"`
}

// Take counts one more in every window, or says no and for how long. A refused try is not counted.
func Take(windows []Window, counts []Count, now time.Time) ([]Count, time.Duration, bool) {
	next := make([]Count, len(windows))
	var wait time.Duration
	for i, w := range windows {
		if i < len(counts) && now.Sub(counts[i].Since) < w.Span {
			next[i] = counts[i]
		} else {
			next[i] = Count{Since: now}
		}
		if next[i].N >= w.Max {
			wait = max(wait, next[i].Since.Add(w.Span).Sub(now))
		}
		next[i].N++
	}
	if wait > 0 {
		return counts, wait, false
	}
	return next, 0, true
}

// Longest is the longest span: a row of counts untouched for so long may be dropped.
func Longest(windows []Window) time.Duration {
	var d time.Duration
	for _, w := range windows {
		d = max(d, w.Span)
	}
	return d
}
