package risk

import (
	"testing"
	"time"
)

// BenchmarkAssessAll: all detections over somebody with a year of sign-ins, at home as on most days, and from somewhere
// new where nearly everything speaks against it (budget: 20 µs).
func BenchmarkAssessAll(b *testing.B) {
	p, detectors := usedTo("Utrecht", 365, time.Hour), Detectors()
	for name, in := range map[string]Input{
		"at home":        {Signals: at("Utrecht"), Shown: Shown{Password: true}, History: History{Source: Source{Attempts: 3, Accounts: 1}}},
		"all suspicions": {Signals: listedAs(at("Madrid"), ListTor), Shown: Shown{Password: true}, History: History{Source: Source{Attempts: 90, Failures: 90, Accounts: 60}}},
	} {
		in.UserID, in.Now, in.History.Person, in.History.Everyone = "u", noon(), p, everybody(10_000)
		for _, k := range Keys(in.Signals) {
			in.History.Everyone[k] = Count{N: 100, At: noon()}
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Assess(detectors, in)
			}
		})
	}
}
