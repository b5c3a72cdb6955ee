package policy

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"hash/fnv"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Bounds of a report.
const (
	samplesEach = 10
	maxParts    = 300 // of a breakdown; the rest is counted together under ""
)

// Report is what a replay found. All its numbers are exact: a folded entry of the log counts as often as it stands
// for.
type Report struct {
	From    time.Time           `json:"from"`
	To      time.Time           `json:"to"`
	Asked   int64               `json:"asked"`   // sign-ins whose decision was made again
	Unasked int64               `json:"unasked"` // sign-ins without a recorded decision: from before, trials, failed first factors
	SignIns map[Change]int64    `json:"signIns"`
	People  map[Change]int64    `json:"people"` // distinct
	Reached map[string]int64    `json:"reached,omitempty"`
	Apps    []Part              `json:"applications,omitempty"`
	Places  []Part              `json:"countries,omitempty"`
	Systems []Part              `json:"platforms,omitempty"`
	Samples map[Change][]Sample `json:"samples,omitempty"` // the newest, one of each person
}

// Part is one line of a breakdown: an app's client id, a country or a platform; "" = unknown.
type Part struct {
	Key     string           `json:"key"`
	Asked   int64            `json:"asked"`
	SignIns map[Change]int64 `json:"signIns"`
}

// Sample is a recorded sign-in that would have gone another way.
type Sample struct {
	ID       string    `json:"id"`
	At       time.Time `json:"createdDateTime"`
	UserID   string    `json:"userId,omitempty"`
	ClientID string    `json:"appId,omitempty"`
	Was      Outcome   `json:"present"`
	Will     Outcome   `json:"draft"`
}

// Tally adds recorded sign-ins up to a report. Its state can be kept and gone on with (State, ResumeTally).
type Tally struct {
	report Report
	people map[Change]map[uint64]struct{}
	parts  [3]map[string]*Part
}

// NewTally begins a report.
func NewTally() *Tally {
	t := &Tally{report: Report{SignIns: map[Change]int64{}, People: map[Change]int64{}, Reached: map[string]int64{}, Samples: map[Change][]Sample{}},
		people: map[Change]map[uint64]struct{}{}}
	for i := range t.parts {
		t.parts[i] = map[string]*Part{}
	}
	return t
}

// Skip counts an entry without a recorded decision.
func (t *Tally) Skip(times int64) { t.report.Unasked += times }

// Add counts an entry of the log and what becomes of it; entries come newest first.
func (t *Tally) Add(id string, r Recorded, times int64, what Change, was, will Outcome) {
	rep := &t.report
	rep.Asked += times
	rep.SignIns[what] += times
	for i, key := range []string{r.ClientID, r.Signals.Country, r.Signals.Platform} {
		p := t.part(i, key)
		p.Asked += times
		if what != Same {
			p.SignIns[what] += times
		}
	}
	if what == Same {
		return
	}
	first := t.person(what, r.UserID)
	for _, a := range will.Asks {
		if !slices.Contains(was.Asks, a) {
			rep.Reached[a] += times
		}
	}
	if (first || r.UserID == "") && len(rep.Samples[what]) < samplesEach {
		rep.Samples[what] = append(rep.Samples[what], Sample{ID: id, At: r.At, UserID: r.UserID, ClientID: r.ClientID, Was: was, Will: will})
	}
}

func (t *Tally) part(i int, key string) *Part {
	p, ok := t.parts[i][key]
	if !ok {
		if len(t.parts[i]) >= maxParts {
			key = ""
			if p, ok = t.parts[i][key]; ok {
				return p
			}
		}
		p = &Part{Key: key, SignIns: map[Change]int64{}}
		t.parts[i][key] = p
	}
	return p
}

// person notes who it was, and says whether this is the first time. Newcomers without an account are nobody yet.
func (t *Tally) person(what Change, id string) bool {
	if id == "" {
		return false
	}
	seen := t.people[what]
	if seen == nil {
		seen = map[uint64]struct{}{}
		t.people[what] = seen
	}
	n := short(id)
	if _, again := seen[n]; again {
		return false
	}
	seen[n] = struct{}{}
	return true
}

// short is eight bytes of an id, in which a million people hardly ever are alike.
func short(id string) uint64 {
	if u, err := uuid.Parse(id); err == nil {
		return binary.BigEndian.Uint64(u[8:]) ^ binary.BigEndian.Uint64(u[:8])
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(id))
	return h.Sum64()
}

// Report gives what was counted so far.
func (t *Tally) Report() Report {
	r := t.report
	r.SignIns, r.Reached, r.Samples = maps.Clone(r.SignIns), maps.Clone(r.Reached), maps.Clone(r.Samples)
	r.People = map[Change]int64{}
	for what, seen := range t.people {
		r.People[what] = int64(len(seen))
	}
	r.Apps, r.Places, r.Systems = t.sorted(0), t.sorted(1), t.sorted(2)
	return r
}

// sorted lists a breakdown, most changed first.
func (t *Tally) sorted(i int) []Part {
	out := make([]Part, 0, len(t.parts[i]))
	for _, p := range t.parts[i] {
		one := *p
		one.SignIns = maps.Clone(p.SignIns)
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b Part) int {
		return cmp.Or(cmp.Compare(b.Changed(), a.Changed()), cmp.Compare(b.Asked, a.Asked), cmp.Compare(a.Key, b.Key))
	})
	return out
}

// Changed is how many sign-ins of the part would have gone another way.
func (p Part) Changed() int64 {
	n := int64(0)
	for what, k := range p.SignIns {
		if what != Same {
			n += k
		}
	}
	return n
}

// TallyState is a tally as it is kept between two pieces of work.
type TallyState struct {
	Report Report            `json:"report"`
	People map[Change]string `json:"people,omitempty"`
}

// State gives what ResumeTally goes on from.
func (t *Tally) State() TallyState {
	s := TallyState{Report: t.Report(), People: map[Change]string{}}
	for what, seen := range t.people {
		b := make([]byte, 0, 8*len(seen))
		for n := range seen {
			b = binary.BigEndian.AppendUint64(b, n)
		}
		s.People[what] = base64.StdEncoding.EncodeToString(b)
	}
	return s
}

// ResumeTally goes on with a report.
func ResumeTally(s TallyState) (*Tally, error) {
	t := NewTally()
	for what, n := range s.Report.SignIns {
		t.report.SignIns[what] = n
	}
	for what, n := range s.Report.Reached {
		t.report.Reached[what] = n
	}
	for what, list := range s.Report.Samples {
		t.report.Samples[what] = list
	}
	t.report.From, t.report.To, t.report.Asked, t.report.Unasked = s.Report.From, s.Report.To, s.Report.Asked, s.Report.Unasked
	for i, list := range [][]Part{s.Report.Apps, s.Report.Places, s.Report.Systems} {
		for _, p := range list {
			p.SignIns = maps.Clone(p.SignIns)
			if p.SignIns == nil {
				p.SignIns = map[Change]int64{}
			}
			t.parts[i][p.Key] = &p
		}
	}
	for what, packed := range s.People {
		b, err := base64.StdEncoding.DecodeString(packed)
		if err != nil {
			return nil, err
		}
		t.people[what] = make(map[uint64]struct{}, len(b)/8)
		for ; len(b) >= 8; b = b[8:] {
			t.people[what][binary.BigEndian.Uint64(b)] = struct{}{}
		}
	}
	return t, nil
}
