package risk

import (
	"testing"
	"time"
)

// assessments are those of somebody with a year of sign-ins, at home as on most days, and from somewhere new where nearly
// everything speaks against it.
func assessments() map[string]Input {
	p := usedTo("Utrecht", 365, time.Hour)
	out := map[string]Input{
		"at home":        {Signals: at("Utrecht"), Shown: Shown{Password: true}, History: History{Source: Source{Attempts: 3, Accounts: 1}}},
		"all suspicions": {Signals: listedAs(at("Madrid"), ListTor), Shown: Shown{Password: true}, History: History{Source: Source{Attempts: 90, Failures: 90, Accounts: 60}}},
	}
	for name, in := range out {
		in.UserID, in.Now, in.History.Person, in.History.Everyone = "u", noon(), p, everybody(10_000)
		for _, k := range Keys(in.Signals) {
			in.History.Everyone[k] = Count{N: 100, At: noon()}
		}
		out[name] = in
	}
	return out
}

// BenchmarkAssessAll: all detections (budget: 20 µs).
func BenchmarkAssessAll(b *testing.B) {
	detectors := Detectors()
	for name, in := range assessments() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Assess(detectors, in)
			}
		})
	}
}

// TestAnAssessmentStaysSmall: time varies with the machine, what is allocated does not, and most of the time went
// there.
func TestAnAssessmentStaysSmall(t *testing.T) {
	detectors := Detectors()
	for name, in := range assessments() {
		most := map[string]float64{"at home": 18, "all suspicions": 72}[name]
		if n := testing.AllocsPerRun(50, func() { Assess(detectors, in) }); n > most {
			t.Errorf("%s: %.0f allocations, and %.0f are the most", name, n, most)
		}
	}
}

// TestWhatWouldBeOtherwiseIsWeighedOnce: the levels told of one part as usual are those of the sum worked out anew.
func TestWhatWouldBeOtherwiseIsWeighedOnce(t *testing.T) {
	in := assessments()["all suspicions"]
	in.Settings = in.Settings.Filled()
	a := Assess([]Detector{unfamiliar()}, in)
	if len(a.Findings) != 1 {
		t.Fatalf("found %v", a.Findings)
	}
	in.weighed = weigh(&in)
	in.Score = in.weighed.score
	told, _ := a.Findings[0].Evidence["otherwise"].([]Otherwise)
	anew := otherwise(in)
	if len(told) == 0 || len(told) != len(anew) || told[0] != anew[0] || told[0].Part != "place" || told[0].Score >= round(a.Score) {
		t.Fatalf("told %v, anew %v, of %v", told, anew, a.Score)
	}
}
