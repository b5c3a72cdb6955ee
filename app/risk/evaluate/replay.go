package evaluate

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"portico/app/record"
	"portico/app/risk"
)

// Attackers, as the literature has them.
const (
	Naive    = "naive"    // from anywhere, with what is common
	VPN      = "vpn"      // from the country of the victim
	Targeted = "targeted" // from the place of the victim, with their browser
)

// Options of a run.
type Options struct {
	Columns  map[string]string // other names of columns
	Bad      func(BadRow)      // told of each row that is left out
	Progress func(share float64, rows int)
	Settings risk.Settings
	Stop     func() error     // an error ends the run
	Now      func() time.Time // measures what a decision costs
}

// judged is what is kept of a decision: 12 bytes.
type judged struct {
	who   uint32
	score float32
	class uint8 // 0 = honest
	level uint8
	fresh bool // the person was still being learnt
}

// run is a log on its way through the engine.
type run struct {
	Options
	detectors []risk.Detector
	settings  risk.Settings
	people    map[string]*someone
	everyone  risk.Everyone
	sources   map[string]*source
	swept     time.Time

	rows, failed int
	spent        time.Duration
	decisions    []judged
	simple       []float32         // how many things were new: what a simple rule would go by
	types        map[string][2]int // type of detection → honest, attacks
	labelled     bool              // the log says which sign-ins are takeovers
	derived      bool
	first, last  time.Time
}

// someone is a person in the form in which the product stores them.
type someone struct {
	number uint32
	body   []byte
}

// Run plays a log through the engine and tells what came of it.
func Run(f file, o Options) (Report, error) {
	if o.Now == nil {
		o.Now = func() time.Time { return time.Time{} }
	}
	r := &run{Options: o, detectors: risk.Detectors(), settings: o.Settings.Filled(), people: map[string]*someone{}, everyone: risk.Everyone{},
		sources: map[string]*source{}, types: map[string][2]int{}}
	bad, err := each(f, o.Columns, o.Bad, func(s survey) { r.labelled = s.takeovers }, func(share float64) {
		if o.Progress != nil {
			o.Progress(share, r.rows)
		}
	}, r.row)
	if err != nil {
		return Report{}, err
	}
	if r.rows == 0 {
		return Report{}, fmt.Errorf("no sign-in could be read: %d rows were left out", bad)
	}
	return r.report(bad), nil
}

// errRow is about one row, which is left out.
var errRow = errors.New("evaluate")

// row does what the product does at one sign-in: a wrong password is counted at its source and among the failures; a
// right one is assessed, challenged from medium risk on, and learnt when it was not challenged, or when the one who
// sits there passes the challenge, which the owner of the account does and nobody else.
func (r *run) row(row Row) error {
	if r.rows++; r.rows%4096 == 0 && r.Stop != nil {
		if err := r.Stop(); err != nil {
			return err
		}
	}
	if r.first.IsZero() {
		r.first = row.At
	}
	r.last = row.At
	from := r.sourceOf(row)
	if !row.OK {
		r.failed++
		r.count(risk.Adds(row.Signals, nil, false), row.At)
		from.add(row, false)
		return nil
	}
	who := r.people[row.User]
	if who == nil {
		who = &someone{number: uint32(len(r.people))}
		r.people[row.User] = who
	}
	person, err := risk.DecodePerson(who.body)
	if err != nil { // what an odd row left behind; the product begins anew too
		who.body = nil
		return fmt.Errorf("%w: what was kept of the person cannot be read: %w", errRow, err)
	}
	in := risk.Input{TenantID: "log", UserID: row.User, Signals: row.Signals, Now: row.At, Settings: r.settings,
		History: risk.History{Person: person, Everyone: r.everyone, Source: from.last(row.At)}}
	began := r.Now()
	a := risk.Assess(r.detectors, in)
	r.spent += r.Now().Sub(began)

	attack := r.attack(row)
	r.judge(row, attack, who, person, a)
	if risk.Rank(a.Level) >= risk.Rank(risk.Medium) && attack {
		r.count(risk.Adds(row.Signals, nil, false), row.At)
		from.add(row, false)
		return nil
	}
	person.Observe(row.Signals, row.At)
	if who.body, err = person.Encode(); err != nil {
		return err
	}
	r.count(risk.Adds(row.Signals, a.Features, true), row.At)
	from.add(row, true)
	return nil
}

func (r *run) count(keys []risk.Key, at time.Time) {
	for _, k := range keys {
		r.everyone[k] = r.everyone[k].Add(1, at)
	}
	if len(r.everyone) > maxCounts { // what was seen once, long ago, says nothing any more
		for k, c := range r.everyone {
			if c.Now(at) < 0.6 {
				delete(r.everyone, k)
			}
		}
	}
}

// maxCounts bounds the counters in memory, about 150 bytes each.
const maxCounts = 8_000_000

// attack says what a row counts as. A log without any takeover tells at least which addresses attackers use.
func (r *run) attack(row Row) bool {
	if r.labelled {
		return row.Takeover
	}
	return row.Listed
}

func (r *run) judge(row Row, attack bool, who *someone, p risk.Person, a risk.Assessment) {
	j := judged{who: who.number, score: float32(a.Score), level: uint8(risk.Rank(a.Level)), fresh: risk.Learning(p, r.settings, row.At)}
	if attack {
		class := row.Attacker
		if class == "" {
			class, r.derived = derive(a.Features), true
		}
		j.class = classNumber(class)
	}
	r.decisions = append(r.decisions, j)
	r.simple = append(r.simple, simple(a.Features))
	for _, f := range a.Findings {
		t := r.types[f.Type]
		if attack {
			t[1]++
		} else {
			t[0]++
		}
		r.types[f.Type] = t
	}
}

// derive says of an attack in a log without the column which attacker it is like: one from a country that is new for
// the victim is naive; one from a network or a city that the victim uses, with a browser and system that the victim
// uses, is targeted; the others come from the right country and know no more.
func derive(features []record.Feature) string {
	has := func(name string) bool {
		return slices.ContainsFunc(features, func(f record.Feature) bool { return f.Name == name && f.Person > 0 })
	}
	switch {
	case !has(risk.FeatureCountry):
		return Naive
	case (has(risk.FeatureNetwork) || has(risk.FeatureCity)) && has(risk.FeatureAgent):
		return Targeted
	}
	return VPN
}

// simple counts what is new, the country and the cookie twice: the rule that everybody would begin with. Of somebody
// who never signed in everything is new, which that rule would leave alone.
func simple(features []record.Feature) float32 {
	var n float32
	for _, f := range features {
		if f.Name == risk.FeatureHistory && f.Person == 0 {
			return 0
		}
		if f.Person > 0 {
			continue
		}
		switch f.Name {
		case risk.FeatureIP, risk.FeatureNetwork, risk.FeatureAgent:
			n++
		case risk.FeatureCountry, risk.FeatureCookie:
			n += 2
		}
	}
	return n
}

func classNumber(class string) uint8 {
	return uint8(slices.Index(classNames(), class))
}

// classNames are the classes by their number; the honest come first.
func classNames() []string { return []string{"", Naive, VPN, Targeted} }

// source is what came from one address in the last day, hour by hour, as the product keeps it.
type source struct {
	hours [24]hour
}

type hour struct {
	at               int64 // hours since 1970
	tries, bad, good int
	names            risk.Sketch
}

func (r *run) sourceOf(row Row) *source {
	if row.At.Sub(r.swept) > 6*time.Hour {
		for k, s := range r.sources {
			if s.idle(row.At) {
				delete(r.sources, k)
			}
		}
		r.swept = row.At
	}
	key := risk.SourceOf(row.Signals.IP)
	s := r.sources[key]
	if s == nil {
		s = &source{}
		r.sources[key] = s
	}
	return s
}

func hourOf(t time.Time) int64 { return t.Unix() / 3600 }

func (s *source) idle(now time.Time) bool {
	for _, h := range s.hours {
		if hourOf(now)-h.at < 24 {
			return false
		}
	}
	return true
}

func (s *source) add(row Row, ok bool) {
	at := hourOf(row.At)
	h := &s.hours[((at%24)+24)%24]
	if h.at != at {
		*h = hour{at: at}
	}
	h.tries++
	if ok {
		h.good++
		return
	}
	h.bad++
	if h.names == nil {
		h.names = risk.NewSketch(risk.SourceSketch)
	}
	h.names.Add(row.User)
}

func (s *source) last(now time.Time) risk.Source {
	var out risk.Source
	var names risk.Sketch
	for i := range s.hours {
		h := &s.hours[i]
		if h.tries == 0 || hourOf(now)-h.at >= 24 || h.at > hourOf(now) {
			continue
		}
		out.Attempts += h.tries
		out.Failures += h.bad
		out.Successes += h.good
		if h.names != nil {
			if names == nil {
				names = risk.NewSketch(risk.SourceSketch)
			}
			names.Merge(h.names)
		}
	}
	out.Accounts = names.Count()
	return out
}
