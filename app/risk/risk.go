// Package risk knows how signals and history become findings and a level. Each detector is a small
// pure function in a file of its own, listed in detectors.go; the level is the worst finding.
package risk

import (
	"time"

	"portico/app/record"
)

// Input is everything that a detector may look at. History is fetched beforehand.
type Input struct {
	TenantID string
	UserID   string
	SignUp   bool
	Signals  record.Signals
	Now      time.Time
}

// Detector looks at one kind of evidence.
type Detector struct {
	Type   string // Graph riskEventType
	Detect func(Input) []record.Finding
}

// Assessment is what all detectors found together.
type Assessment struct {
	Level    string // none, low, medium, high
	Findings []record.Finding
}

// Assess runs the detectors; the level is that of the worst finding.
func Assess(detectors []Detector, in Input) Assessment {
	a := Assessment{Level: "none"}
	for _, d := range detectors {
		a.Findings = append(a.Findings, d.Detect(in)...)
	}
	for _, f := range a.Findings {
		if rank(f.Level) > rank(a.Level) {
			a.Level = f.Level
		}
	}
	return a
}

func rank(level string) int {
	switch level {
	case "low":
		return 1
	case "medium":
		return 2
	case "high":
		return 3
	}
	return 0
}
