package main

import (
	"testing"
	"time"

	"portico/app/extension"
	"portico/app/outbox"
)

// TestACodeThatNobodyWasAskedToBringIsTriedAgain: while it counts; where the built-in way would bring it, for a moment.
func TestACodeThatNobodyWasAskedToBringIsTriedAgain(t *testing.T) {
	made := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		rule     string
		age      time.Duration
		attempts int
		declared extension.OnFailure
		want     bool
	}{
		{"closed, at once", 0, 0, extension.Block, true},
		{"closed, minutes later", 4 * time.Minute, 3, extension.Block, true},
		{"closed, it would come too late", 9*time.Minute + 59*time.Second, 6, extension.Block, false},
		{"there is another way, at once", 0, 0, extension.Fallback, true},
		{"there is another way, a moment later", 12 * time.Second, 2, extension.Fallback, false},
	} {
		it := outbox.Item{Attempts: c.attempts, CreatedAt: made, NotAfter: made.Add(10 * time.Minute)}
		if got := inTime(made.Add(c.age), it, c.declared); got != c.want {
			t.Errorf("%s: %v", c.rule, got)
		}
	}
	for _, c := range []struct {
		call extension.Call
		want bool
	}{
		{extension.Call{Code: extension.Throttled}, false}, {extension.Call{Code: extension.Blocked}, false},
		{extension.Call{Code: extension.TimedOut, Attempts: make([]extension.Attempt, 2)}, true},
		{extension.Call{Code: extension.Throttled, Attempts: make([]extension.Attempt, 1)}, true}, // the first try may have arrived
		{extension.Call{Code: extension.ResourceNotFound}, true},                                  // no try changes that
	} {
		if got := c.call.Asked(); got != c.want {
			t.Errorf("%+v: %v", c.call, got)
		}
	}
}
