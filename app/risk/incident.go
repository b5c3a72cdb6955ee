package risk

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// States of an incident.
const (
	IncidentOpen   = "open"
	IncidentClosed = "closed"
)

// Incident is a wave as it is told: what belongs to it, added up. It is bounded whatever comes.
type Incident struct {
	ID        string     `json:"id"`
	Kind      string     `json:"kind"`
	State     string     `json:"state"`
	Level     string     `json:"level"`
	Name      string     `json:"name"`
	BeganAt   time.Time  `json:"beganAt"`
	LastAt    time.Time  `json:"lastAt"`
	ClosedAt  *time.Time `json:"closedAt,omitempty"`
	UpdatedAt time.Time  `json:"updatedAt"`
	Response  string     `json:"response,omitempty"` // "", challenge, block
	Until     *time.Time `json:"until,omitempty"`
	Simulated bool       `json:"simulated,omitempty"`
	For       string     `json:"for,omitempty"` // the test person for whom it is simulated, by id

	Keys      []string       `json:"keys"`             // by which it is known
	Origin    string         `json:"origin,omitempty"` // where it came from when it was noticed, in a word or two
	Attempts  int            `json:"attempts"`
	Failures  int            `json:"failures"`
	Successes int            `json:"successes"`
	SignUps   int            `json:"signUps,omitempty"`
	Usual     float64        `json:"usual,omitempty"` // sign-ups in an hour, or text messages in a day
	Code      string         `json:"code,omitempty"`  // calling code of text messages
	Texts     int            `json:"texts,omitempty"`
	Refused   int            `json:"refused,omitempty"` // text messages that were not sent, or sign-ins that were blocked
	Agents    map[string]int `json:"agents,omitempty"`
	Countries map[string]int `json:"countries,omitempty"`
	Networks  map[string]int `json:"networks,omitempty"`
	Step      int            `json:"step"` // seconds between two beats
	Beats     []Beat         `json:"beats,omitempty"`
	Entries   []Entry        `json:"entries,omitempty"`
	Passed    []Entry        `json:"passed,omitempty"` // who got in from there and is most likely the owner
	Tried     Sketch         `json:"tried,omitempty"`
	Unknown   Sketch         `json:"unknown,omitempty"`
	Acts      []Act          `json:"acts,omitempty"`
	Told      bool           `json:"told,omitempty"` // administrators were
	// SeenAt and SeenID are how far the sign-in log was read for it.
	SeenAt time.Time `json:"seenAt,omitzero"`
	SeenID string    `json:"seenId,omitempty"`
}

// Beat is what happened in one step of the picture.
type Beat struct {
	At       time.Time `json:"at"`
	Attempts int       `json:"attempts"`
	Failures int       `json:"failures"`
	Entered  int       `json:"entered,omitempty"`
}

// Entry is an account whose password the wave knew: Through when nothing stopped it.
type Entry struct {
	UserID   string    `json:"userId"`
	Name     string    `json:"name,omitempty"`
	SignInID string    `json:"signInId"`
	At       time.Time `json:"at"`
	Through  bool      `json:"through,omitempty"`
	Unwound  bool      `json:"unwound,omitempty"`
	Told     bool      `json:"told,omitempty"` // the person was
}

// Act is something that an admin did about it, or that happened to it.
type Act struct {
	At    time.Time `json:"at"`
	Actor string    `json:"actor"`
	What  string    `json:"what"` // opened, challenge, block, withdraw, notify, unwind, close, reopen
	Count int       `json:"count,omitempty"`
	Note  string    `json:"note,omitempty"`
}

// Try is one entry of the sign-in log as an incident counts it.
type Try struct {
	ID      string
	At      time.Time
	Source  string
	Keys    []string
	Agent   string // in words: browser and system
	Country string
	Network string
	UserID  string // "" = nobody has the name
	Name    string // what the name is counted by
	Person  string // display name
	Failed  bool
	Right   bool // the first factor was right
	Through bool // and nothing stopped it
	SignUp  bool
	Refused bool // by policy or by the response
	Known   bool // somebody who came from there, or with this device, before the wave: an honest bystander
	Times   int
}

// Bounds of an incident's picture.
const (
	incidentBeats   = 96
	incidentValues  = 24
	IncidentEntries = 500
	incidentActs    = 100
	// Other gathers what has no room of its own.
	Other = "…"
)

// Belongs reports whether something with these keys belongs to the incident.
func (i *Incident) Belongs(keys []string) bool {
	return slices.ContainsFunc(keys, func(k string) bool { return slices.Contains(i.Keys, k) })
}

// Tool reports whether at least half of the attempts have this agent: it says more than an address that anybody may have.
func (i *Incident) Tool(agent string) bool { return i.Attempts > 0 && 2*i.Agents[agent] >= i.Attempts }

// Add counts one entry of the log. It reports whether the account is one more that the wave entered.
func (i *Incident) Add(t Try) (entered bool) {
	n := max(t.Times, 1)
	i.Attempts += n
	if t.SignUp {
		i.SignUps += n
	}
	if t.Failed {
		i.Failures += n
	}
	if t.Refused {
		i.Refused += n
	}
	if t.Through {
		i.Successes += n
	}
	i.Agents = counted(i.Agents, t.Agent, n)
	i.Countries = counted(i.Countries, t.Country, n)
	i.Networks = counted(i.Networks, t.Network, n)
	if i.Tried == nil {
		i.Tried, i.Unknown = NewSketch(IncidentSketch), NewSketch(IncidentSketch)
	}
	switch {
	case t.UserID != "":
		i.Tried.Add(t.UserID)
	case t.Name != "":
		i.Unknown.Add(t.Name)
	}
	if i.BeganAt.IsZero() || t.At.Before(i.BeganAt) {
		i.BeganAt = t.At
	}
	if t.At.After(i.LastAt) {
		i.LastAt = t.At
	}
	if entered = t.Right && t.UserID != "" && !t.Known && !t.SignUp && i.enter(t); entered {
		i.beat(t.At).Entered++
	}
	if t.Known && t.Through && t.UserID != "" && len(i.Passed) < IncidentEntries && !slices.ContainsFunc(i.Passed, func(e Entry) bool { return e.UserID == t.UserID }) {
		i.Passed = append(i.Passed, Entry{UserID: t.UserID, Name: t.Person, SignInID: t.ID, At: t.At, Through: true})
	}
	b := i.beat(t.At)
	b.Attempts += n
	if t.Failed {
		b.Failures += n
	}
	return entered
}

// enter notes an account whose password was right: once, the deepest it went.
func (i *Incident) enter(t Try) bool {
	at := slices.IndexFunc(i.Entries, func(e Entry) bool { return e.UserID == t.UserID })
	if at >= 0 {
		e := &i.Entries[at]
		if t.Through && !e.Through {
			e.Through, e.SignInID, e.At = true, t.ID, t.At
		}
		return false
	}
	if len(i.Entries) >= IncidentEntries {
		return false
	}
	i.Entries = append(i.Entries, Entry{UserID: t.UserID, Name: t.Person, SignInID: t.ID, At: t.At, Through: t.Through})
	return true
}

// EnteredThrough is how many of the accounts somebody got into.
func (i *Incident) EnteredThrough() int {
	n := 0
	for _, e := range i.Entries {
		if e.Through {
			n++
		}
	}
	return n
}

// Note writes down what was done.
func (i *Incident) Note(a Act) {
	i.Acts = append(i.Acts, a)
	if more := len(i.Acts) - incidentActs; more > 0 {
		i.Acts = slices.Delete(i.Acts, 1, 1+more) // how it began stays
	}
}

// Rate is how bad it is: somebody who got in makes it high.
func (i *Incident) Rate() string {
	switch {
	case i.EnteredThrough() > 0:
		return High
	case len(i.Entries) > 0 || i.Kind == SMSPumping || i.Kind == SignUpBurst:
		return Medium
	}
	return Low
}

// steps of the picture in seconds, each a multiple of the one before.
func steps() []int { return []int{60, 300, 900, 3600, 4 * 3600, 24 * 3600, 7 * 24 * 3600} }

// beat is the step of the picture that a moment falls into. The picture gets coarser when it has no room for it.
func (i *Incident) beat(at time.Time) *Beat {
	if i.Step == 0 {
		i.Step = steps()[0]
	}
	for {
		start := at.UTC().Truncate(time.Duration(i.Step) * time.Second)
		n, found := slices.BinarySearchFunc(i.Beats, start, func(b Beat, t time.Time) int { return b.At.Compare(t) })
		if found {
			return &i.Beats[n]
		}
		first, last := start, start
		if len(i.Beats) > 0 {
			first, last = earlier(start, i.Beats[0].At), later(start, i.Beats[len(i.Beats)-1].At)
		}
		if int(last.Sub(first)/time.Second)/i.Step < incidentBeats || !i.coarser() {
			i.Beats = slices.Insert(i.Beats, n, Beat{At: start})
			return &i.Beats[n]
		}
	}
}

// coarser joins beats into the next longer step.
func (i *Incident) coarser() bool {
	at := slices.Index(steps(), i.Step)
	if at < 0 || at+1 == len(steps()) {
		return false
	}
	i.Step = steps()[at+1]
	was := i.Beats
	i.Beats = nil
	for _, b := range was {
		start := b.At.Truncate(time.Duration(i.Step) * time.Second)
		if n := len(i.Beats); n == 0 || !i.Beats[n-1].At.Equal(start) {
			i.Beats = append(i.Beats, Beat{At: start})
		}
		to := &i.Beats[len(i.Beats)-1]
		to.Attempts += b.Attempts
		to.Failures += b.Failures
		to.Entered += b.Entered
	}
	return true
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// counted adds to the count of a value. Values for which there is no room are counted together.
func counted(m map[string]int, value string, n int) map[string]int {
	if m == nil {
		m = map[string]int{}
	}
	if _, there := m[value]; !there && len(m) >= incidentValues {
		value = Other
	}
	m[value] += n
	return m
}

// Ranked are the values of a count, the most first.
func Ranked(m map[string]int) []string {
	return slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		if c := m[b] - m[a]; c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
}
