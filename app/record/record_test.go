package record_test

import (
	"testing"
	"time"

	"portico/app/record"
)

// A zone that is unknown, or that names the machine's own, makes no local time: it is UTC then, and said to be.
func TestTheClockOnTheWallOfThePlace(t *testing.T) {
	at := time.Date(2026, 1, 15, 13, 3, 0, 0, time.UTC)
	for zone, want := range map[string]string{"": "13:03 +0000", "Europe/Madrid": "14:03 +0100", "Asia/Kolkata": "18:33 +0530", "Local": "13:03 +0000", "../etc/passwd": "13:03 +0000", "Nowhere/Atall": "13:03 +0000"} {
		if got := (record.Signals{TimeZone: zone}).Local(at); got.Format("15:04 -0700") != want || !got.Equal(at) {
			t.Errorf("%q: %s, want %s", zone, got.Format("15:04 -0700"), want)
		}
	}
}
