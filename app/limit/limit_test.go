package limit

import (
	"fmt"
	"testing"
	"time"
)

var start = time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)

// try is one sign-in attempt with a password; right passwords clear the lock, as the machine does.
func try(l *Lock, now time.Time, password string, right bool) bool {
	next, ticket, admitted := l.Begin(LockRules{}, now)
	*l = next
	if !admitted {
		return false
	}
	if right {
		*l = Lock{}
	} else {
		*l = l.Fail(ticket, []byte(password))
	}
	return true
}

func TestTenWrongPasswordsLock(t *testing.T) {
	var l Lock
	for i := range 10 {
		if !try(&l, start, fmt.Sprint("wrong", i), false) {
			t.Fatalf("try %d was refused", i+1)
		}
	}
	for _, after := range []time.Duration{0, 30 * time.Second, 59 * time.Second} {
		if try(&l, start.Add(after), "right", true) {
			t.Errorf("admitted %s after the lock", after)
		}
	}
	if !try(&l, start.Add(60*time.Second), "again wrong", false) {
		t.Fatal("still locked after 60 s")
	}
	if try(&l, start.Add(61*time.Second), "x", false) {
		t.Error("the first failure after a lock locks again (R 14.1.5)")
	}
	if try(&l, start.Add(179*time.Second), "x", false) {
		t.Error("the second lock lasts longer than the first")
	}
	if !try(&l, start.Add(181*time.Second), "right", true) || l.Failures != 0 {
		t.Error("after the second lock the right password passes and clears the counter")
	}
}

func TestTheSameWrongPasswordCountsOnce(t *testing.T) {
	var l Lock
	for i := range 50 {
		if !try(&l, start, "old password", false) {
			t.Fatalf("refused at try %d (R 14.1.2)", i+1)
		}
	}
	for i := range 3 { // three others push it out of memory
		try(&l, start, fmt.Sprint("other", i), false)
	}
	before := l.Failures
	if try(&l, start, "old password", false); l.Failures != before+1 {
		t.Error("only the last three wrong passwords are remembered")
	}
}

func TestParallelTriesNeverPassTheThreshold(t *testing.T) {
	var l Lock
	admitted := 0
	for range 200 { // 200 begin before any is verified
		next, _, ok := l.Begin(LockRules{}, start)
		l = next
		if ok {
			admitted++
		}
	}
	if admitted != 10 {
		t.Errorf("%d tries were admitted, want 10", admitted)
	}
}

func TestARefundReopensTheLockItClosed(t *testing.T) {
	var l Lock
	for i := range 9 {
		try(&l, start, fmt.Sprint(i), false)
	}
	next, ticket, ok := l.Begin(LockRules{}, start)
	if !ok || !ticket.Locked || !start.Before(next.LockedUntil) {
		t.Fatal("the tenth try closes the lock behind itself")
	}
	if l = next.Refund(ticket); start.Before(l.LockedUntil) || l.Failures != 9 || l.Locks != 0 {
		t.Errorf("%+v", l)
	}
}

func TestLocksGrowToAnHourAndAreForgotten(t *testing.T) {
	l, now := Lock{}, start
	for i := range 40 {
		try(&l, now, fmt.Sprint(i), false)
		if l.LockedUntil.After(now) {
			now = l.LockedUntil
		}
	}
	l, _, _ = l.Begin(LockRules{}, now)
	if d := l.LockedUntil.Sub(now); d != time.Hour {
		t.Errorf("the longest lock is %s", d)
	}
	l, _, ok := l.Begin(LockRules{}, now.Add(25*time.Hour))
	if !ok || l.Failures != 1 || l.Locks != 0 {
		t.Errorf("a counter idle for a day starts again: %+v", l)
	}
}

func TestTenantsChooseThresholdAndDuration(t *testing.T) {
	r := LockRules{Threshold: 3, First: 5 * time.Minute}
	var l Lock
	for range 3 {
		l, _, _ = l.Begin(r, start)
	}
	if _, _, ok := l.Begin(r, start.Add(299*time.Second)); ok {
		t.Error("locked for five minutes after three")
	}
}

func TestWindows(t *testing.T) {
	var counts []Count
	now, sent := start, 0
	send := func() (time.Duration, bool) {
		next, wait, ok := Take(PerDestination(), counts, now)
		counts = next
		if ok {
			sent++
		}
		return wait, ok
	}
	for range 15 {
		if _, ok := send(); !ok {
			t.Fatal("15 in 15 minutes are allowed")
		}
	}
	if wait, ok := send(); ok || wait != 15*time.Minute {
		t.Errorf("the 16th waits %s, %v", wait, ok)
	}
	now = now.Add(15 * time.Minute)
	for range 5 {
		send()
	}
	if _, ok := send(); ok || sent != 20 {
		t.Errorf("20 in an hour, sent %d", sent)
	}
	for range 24 * 10 {
		now = now.Add(time.Hour)
		send()
	}
	if perWeek := 50 * 2; sent > perWeek+30 {
		t.Errorf("sent %d in ten days", sent)
	}
	if Longest(PerDestination()) != 7*24*time.Hour {
		t.Error("a row is kept for a week")
	}
}

func TestATenantScalesItsOwnLimits(t *testing.T) {
	for of, want := range map[int]int{0: 500, 20: 500, 200: 5000, 1: 25} {
		if got := Scale(PerTenant(), of, 20)[0].Max; got != want {
			t.Errorf("factor %d/20: %d, want %d", of, got, want)
		}
	}
	if Scale([]Window{{time.Hour, 3}}, 1, 100)[0].Max != 1 {
		t.Error("never below one")
	}
}
