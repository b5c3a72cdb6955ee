// Package risk knows how signals and history become findings and a level. Each detector is a small
// pure function in a file of its own, listed in detectors.go; the level is the worst finding. What was
// usual for a person, and for everybody, is counted as sign-ins happen (person.go, counts.go), so that
// the cost of an assessment does not grow with the history. It reads no clock and stores nothing.
package risk

import (
	"maps"
	"slices"
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
	Refresh  bool // an app renews its tokens: nobody sits at a browser, and the address may be that of the app's server
	Signals  record.Signals
	Now      time.Time
	Shown    Shown
	Trusted  bool // from a trusted named location, which lowers the level (R 6.2.7)
	History  History
	Settings Settings
	// Score and Features are how unusual the sign-in is for the person; Assess works them out from the rest.
	Score    float64
	Features []record.Feature
	weighed  *weighed // what they were worked out from; nil = they were not
}

// Shown is what came to light in this attempt besides its signals.
type Shown struct {
	Password bool // the right password was given, in this very attempt
	Breached bool // and it is on the list of breached ones
	Unread   bool // that list could not be read
	// Before is where the same tokens were renewed the time before; nil = this is the first time, or not known.
	Before *record.Signals
	Reused bool // a refresh token came that was used before
}

// History is what had been recorded before, as far as one assessment needs it.
type History struct {
	Person     Person
	Everyone   Everyone
	Source     Source
	Indicators []Indicator // of the tenant, which these signals match
	Waves      []Wave      // attacks under way that come from where this does
	Leaked     bool        // the address is on a list of leaked accounts, and the password is as old
	// Missing names what failed to load (NeedPerson, …): detections that need it could not tell, and are named in
	// the assessment.
	Missing []string
}

// What a detector may need. The first ones are parts of History, which either load or are Missing; place and position
// are of the signals: the country, and the coordinates.
const (
	NeedPerson     = "person"
	NeedEveryone   = "everyone"
	NeedSource     = "source"
	NeedIndicators = "indicators"
	NeedWaves      = "waves"
	NeedLeaked     = "leaked"
	NeedPlace      = "place"
	NeedPosition   = "position"
	NeedLists      = "lists"
	NeedBreached   = "breached"
)

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
	ID        string
	Kind      string // IndicatorIP, …
	Value     string
	Level     string
	Note      string
	ExpiresAt time.Time // zero = it counts until it is deleted
	CreatedAt time.Time
	By        string // who entered it
}

// Wave is an attack under way, as far as a sign-in that fits it needs to know.
type Wave struct {
	IncidentID string
	Kind       string // PasswordSpray, …
	Response   string // what an admin decided: "", Challenge, Block
	// Counted and Tool tell what is of the attack from what is only next door: this very address is counted in it, or at
	// least half of its attempts have this browser and system.
	Counted, Tool bool
}

// Detector looks at one kind of evidence.
type Detector struct {
	Type   string   // Graph riskEventType, or a word of ours where Graph has none
	Timing string   // RealTime, Offline: an offline finding is recorded, and no policy of this sign-in sees it
	Needs  []string // without which it could not tell (NeedPerson, …)
	// Detect gives at most one finding per reason. It is not called when something that it needs is missing.
	Detect func(Input) []record.Finding

	OfUser  bool // it speaks of the person: their own risk rises, not that of the sign-in
	Firm    bool // a trusted named location does not lower it
	Refresh bool // it also looks at tokens that are renewed; the others do not, because an app's server is no person

	// For people who read about it (Catalogue).
	Name      string
	Sees      string
	Levels    []string
	Technique string // MITRE ATT&CK
	Simulated bool
}

// Assessment is what all detectors found together.
type Assessment struct {
	Level     string // none, low, medium, high: of the sign-in
	UserLevel string // of the person, by what came to light in this sign-in: none, low, medium, high
	Findings  []record.Finding
	// Score is how unusual the sign-in is for this person: the logarithm of how much likelier it is to be somebody
	// else. Features say what made it so.
	Score        float64
	Features     []record.Feature
	CouldNotTell []string // detections that lacked what they need
	// Block: it belongs to an attack that an admin has decided to keep out.
	Block bool
}

// Assess runs the detectors; the level is that of the worst finding that a policy may see. A detection that is
// switched off says nothing; one that lacks what it needs is named, and is no reason for or against anything.
func Assess(detectors []Detector, in Input) Assessment {
	in.Settings = in.Settings.Filled()
	a := Assessment{Level: None, UserLevel: None}
	if len(detectors) > 0 && !in.Refresh && !lacks(&in, NeedPerson) && !lacks(&in, NeedEveryone) {
		in.weighed = weigh(&in)
		in.Score, in.Features = in.weighed.score, in.weighed.list()
		a.Score, a.Features = in.Score, in.Features
	}
	for _, d := range detectors {
		if !in.Settings.Runs(d.Type) || in.Refresh && !d.Refresh {
			continue
		}
		found, told := d.look(&in)
		if !told {
			a.CouldNotTell = append(a.CouldNotTell, d.Type)
		}
		for _, f := range found {
			if f, counts := d.lowered(f, in.Trusted); counts {
				a.add(d, f)
			}
		}
	}
	for _, w := range in.History.Waves {
		a.Block = a.Block || w.Response == Block && !in.Refresh
	}
	return a
}

func (a *Assessment) add(d Detector, f record.Finding) {
	if f.Timing == "" {
		f.Timing = d.Timing
	}
	a.Findings = append(a.Findings, f)
	switch {
	case d.OfUser:
		a.UserLevel = Worse(a.UserLevel, f.Level)
	case f.Timing != Offline:
		a.Level = Worse(a.Level, f.Level)
	}
}

// look asks one detector. A list that could not be read leaves the old one in place, so that what is found counts all
// the same; only "nothing" could not be told.
func (d Detector) look(in *Input) (found []record.Finding, told bool) {
	told = true
	for _, n := range d.Needs {
		if lacks(in, n) {
			if n != NeedLists && n != NeedBreached {
				return nil, false
			}
			told = false
		}
	}
	found = d.Detect(*in)
	return found, told || len(found) > 0
}

func lacks(in *Input, need string) bool {
	switch need {
	case NeedPlace:
		return in.Signals.Country == ""
	case NeedPosition:
		return !in.Signals.Located()
	case NeedLists:
		return in.Signals.ListsFailed
	case NeedBreached:
		return in.Shown.Unread
	}
	return slices.Contains(in.History.Missing, need)
}

// lowered is a finding as it counts from where the request comes from: one level less from a trusted place, and below
// low it is none. What is known about the person or the attacker whatever the place stays as it is.
func (d Detector) lowered(f record.Finding, trusted bool) (record.Finding, bool) {
	if !trusted || d.Firm || d.OfUser {
		return f, true
	}
	evidence := maps.Clone(f.Evidence)
	if evidence == nil {
		evidence = map[string]any{}
	}
	evidence["trustedFrom"] = f.Level // what it would be elsewhere
	f.Evidence = evidence
	switch f.Level {
	case High:
		f.Level = Medium
	case Medium:
		f.Level = Low
	default:
		return f, false
	}
	return f, true
}

// Blind reports whether part of the history failed to load, so that the level itself could not be told.
func (h History) Blind() bool { return len(h.Missing) > 0 }

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
