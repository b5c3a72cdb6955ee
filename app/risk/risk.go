// Package risk knows how signals and history become findings and a level. Each detector is a small
// pure function in a file of its own, listed in detectors.go; the level is the worst finding. What was
// usual for a person, and for everybody, is counted as sign-ins happen (person.go, counts.go), so that
// the cost of an assessment does not grow with the history. It reads no clock and stores nothing.
package risk

import (
	"time"

	"portico/app/record"
)

// Levels of a risk, in Graph's words (riskLevel).
const (
	None   = "none"
	Low    = "low"
	Medium = "medium"
	High   = "high"
)

// When a detection is made, in Graph's words (detectionTimingType).
const (
	RealTime = "realtime" // while the person signs in: policies see it
	Offline  = "offline"  // afterwards, from what happened meanwhile
)

// Input is everything that a detector may look at. History is fetched beforehand.
type Input struct {
	TenantID string
	UserID   string // "" = an account that is about to exist
	SignUp   bool
	Refresh  bool // an app renews its tokens: nobody sits at a browser
	Signals  record.Signals
	Now      time.Time
	Shown    Shown
	Trusted  bool // from a trusted named location, which lowers the level (R 6.2.7)
	History  History
	Settings Settings
}

// Shown is what came to light in this attempt besides its signals.
type Shown struct {
	Breached bool            // the right password is on the list of breached ones
	Began    *record.Signals // of a refresh: where the grant began; nil = unknown
}

// History is what had been recorded before, as far as one assessment needs it.
type History struct {
	Person     Person
	Everyone   Everyone
	Source     Source
	Indicators []Indicator // of the tenant, which these signals match
	Waves      []Wave      // attacks under way that come from where this does
	Leaked     bool        // the address is on a list of leaked accounts, and the password is as old
	// Missing names what failed to load ("person", "everyone", "source", "indicators", "waves"): detections that
	// need it could not tell, and are named in the assessment.
	Missing []string
}

// Source is what came from one address, or from one /64 of IPv6, in the last day.
type Source struct {
	Attempts  int
	Failures  int
	Accounts  int // that were tried and exist, about
	Unknown   int // addresses that were tried and that nobody has, about
	SignUps   int
	Successes int
}

// Indicator is something that the operator or an admin knows to be bad: an address, a network or an agent.
type Indicator struct {
	ID    string
	Kind  string // ip, asn, userAgent
	Value string
	Level string
	Note  string
}

// Wave is an attack under way, as far as a sign-in that fits it needs to know.
type Wave struct {
	IncidentID string
	Kind       string // passwordSpray, credentialStuffing, signUpBurst, smsPumping
	Response   string // what an admin decided: "", challenge, block
}

// Detector looks at one kind of evidence.
type Detector struct {
	Type   string   // Graph riskEventType, or a word of ours where Graph has none
	Timing string   // RealTime, Offline
	Needs  []string // parts of History without which it could not tell
	// Detect gives at most one finding per reason. It is not called when something that it needs is missing.
	Detect func(Input) []record.Finding
}

// Assessment is what all detectors found together.
type Assessment struct {
	Level    string // none, low, medium, high
	Findings []record.Finding
	// Score is how unusual the sign-in is for this person: the logarithm of how much likelier it is to be somebody
	// else. Features say what made it so.
	Score        float64
	Features     []record.Feature
	CouldNotTell []string // detections that lacked what they need
}

// Assess runs the detectors; the level is that of the worst finding.
func Assess(detectors []Detector, in Input) Assessment {
	a := Assessment{Level: None}
	for _, d := range detectors {
		a.Findings = append(a.Findings, d.Detect(in)...)
	}
	for _, f := range a.Findings {
		a.Level = Worse(a.Level, f.Level)
	}
	return a
}

// Worse is the higher one of two levels.
func Worse(a, b string) string {
	if Rank(b) > Rank(a) {
		return b
	}
	return a
}

// Rank orders levels: none (and what is no level) is 0, high is 3.
func Rank(level string) int {
	switch level {
	case Low:
		return 1
	case Medium:
		return 2
	case High:
		return 3
	}
	return 0
}
