package risk

import (
	"testing"
	"time"

	"portico/app/record"
)

// What was seen by a clock that ran ahead keeps nobody a beginner until real time gets there.
func TestAClockThatRanAheadMakesNoBeginners(t *testing.T) {
	now := time.Date(2026, 3, 27, 10, 0, 0, 0, time.UTC)
	var p Person
	for i := range 40 {
		p.Observe(record.Signals{Country: "DE", DeviceID: "d"}, now.AddDate(0, 0, i-40))
	}
	p.Observe(record.Signals{Country: "DE", DeviceID: "d"}, now.AddDate(1, 0, 0))
	if !p.Since.After(now) {
		t.Fatal("the scene is wrong")
	}
	if Learning(p, Settings{}, now) {
		t.Error("a year's jump of the clock makes somebody a beginner for a year")
	}
}
