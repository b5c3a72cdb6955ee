package risk

import (
	"testing"

	"portico/app/record"
)

func TestTheLevelIsTheWorstFinding(t *testing.T) {
	found := func(levels ...string) Detector {
		return Detector{Type: "test", Detect: func(Input) []record.Finding {
			var out []record.Finding
			for _, l := range levels {
				out = append(out, record.Finding{Type: "test", Level: l})
			}
			return out
		}}
	}
	for _, c := range []struct {
		detectors []Detector
		level     string
		findings  int
	}{
		{nil, "none", 0},
		{[]Detector{found()}, "none", 0},
		{[]Detector{found("low")}, "low", 1},
		{[]Detector{found("high"), found("low")}, "high", 2},
		{[]Detector{found("low", "medium"), found("low")}, "medium", 3},
	} {
		if a := Assess(c.detectors, Input{}); a.Level != c.level || len(a.Findings) != c.findings {
			t.Errorf("%d detectors: %s with %d findings, want %s with %d", len(c.detectors), a.Level, len(a.Findings), c.level, c.findings)
		}
	}
}
