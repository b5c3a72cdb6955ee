package risk

import (
	"math"
	"slices"
	"strconv"
	"time"

	"portico/app/record"
)

// halfLife is how long it takes until a sighting counts half. What somebody did last winter still says something,
// what they did last week says more.
const halfLife = 90 * 24 * time.Hour

// dormant is how long somebody stays away until they are learnt anew (R 6.4.18).
const dormant = 180 * 24 * time.Hour

// Bounds of what is kept of one person, whatever they or a stranger do.
const (
	maxVisits  = 6
	maxEncoded = 4096
)

// Person is what was usual for one person: fading counts of the values of each feature, how often something new came
// up, and where they signed in last. All of it is bounded. The zero value is somebody who never signed in.
type Person struct {
	SignIns float64 // fading, as of Last
	Times   uint64  // how often they signed in, ever: what does not fade
	First   time.Time
	Last    time.Time
	Since   time.Time // when they began to sign in without a break so long that they had to be learnt anew
	// Visits are the last different places they signed in from, the latest last.
	Visits []Visit
	seen   [features][]Seen
	fresh  [features]float64 // how many of the sign-ins came with a value that was new then; fading
}

// Seen is one value of one feature, and how much of it was seen, as of the person's last sign-in.
type Seen struct {
	Value string
	N     float64
	Last  time.Time
}

// Visit is a place that somebody signed in from.
type Visit struct {
	At        time.Time
	IP        string
	Network   string // as the feature says it: the number of the autonomous system
	Country   string
	Region    string
	City      string
	Latitude  float64
	Longitude float64
	Device    string // the device cookie
}

func (v Visit) samePlace(w Visit) bool {
	return v.Network == w.Network && v.Country == w.Country && v.Region == w.Region && v.City == w.City
}

// Observe counts one sign-in that the person themselves made, as far as anybody knows.
func (p *Person) Observe(s record.Signals, at time.Time) {
	at = at.UTC()
	if p.First.IsZero() {
		p.First, p.Last, p.Since = at, at, at
	}
	weight := 1.0
	if at.After(p.Last) {
		if at.Sub(p.Last) > dormant {
			p.Since = at
		}
		p.fade(fading(at.Sub(p.Last)))
		p.Last = at
	} else if at.Before(p.First) { // a clock that jumped back, or a log that arrives late
		weight, p.First = fading(p.Last.Sub(at)), at
		p.Since = earlier(p.Since, at)
	} else {
		weight = fading(p.Last.Sub(at))
	}
	v := valuesOf(s)
	v[fHour] = strconv.Itoa(at.Hour())
	other := p.share(fAgent, v[fAgent]) == 0
	for f, k := range kinds() {
		if v[f] == "" {
			continue
		}
		// Another device has another cookie; what is counted is how often one is gone from a browser they use.
		isNew := p.add(feature(f), k.keep, v[f], weight, at) && !(feature(f) == fCookie && other)
		if isNew && p.Times > 0 {
			p.fresh[f] += weight
		}
	}
	p.SignIns += weight
	p.Times++
	if !hidden(s) { // the exit of a VPN is no place that anybody travels from
		p.visit(Visit{At: at, IP: v[fIP], Network: v[fNetwork], Country: cut(s.Country), Region: cut(s.Region), City: cut(s.City),
			Latitude: degrees(s.Latitude, 90), Longitude: degrees(s.Longitude, 180), Device: v[fCookie]})
	}

	p.shrink()
}

// Renew notes that a browser renewed its tokens: the person is still there, where network and device are known already.
// Nothing new is learnt and nothing counts more, because whoever stole a token renews it as well as its owner; and
// somebody who was away so long that they are learnt anew stays away until they sign in.
func (p *Person) Renew(s record.Signals, at time.Time) {
	at = at.UTC()
	v := valuesOf(s)
	device := fAgent
	if v[fCookie] != "" {
		device = fCookie
	}
	if !at.After(p.Last) || at.Sub(p.Last) > dormant || p.share(fNetwork, v[fNetwork]) == 0 || p.share(device, v[device]) == 0 {
		return
	}
	p.fade(fading(at.Sub(p.Last)))
	p.Last = at
	for f := range kinds() {
		for i := range p.seen[f] {
			if p.seen[f][i].Value == v[f] {
				p.seen[f][i].Last = at
			}
		}
	}
	p.shrink()
}

// add counts a value and says whether it was new. Where there is no room, the one that says least gives way.
func (p *Person) add(f feature, keep int, value string, weight float64, at time.Time) (isNew bool) {
	list := p.seen[f]
	for i := range list {
		if list[i].Value == value {
			list[i].N += weight
			list[i].Last = later(list[i].Last, at)
			return false
		}
	}
	if len(list) >= keep {
		list = slices.Delete(list, least(list), least(list)+1)
	}
	p.seen[f] = append(list, Seen{Value: value, N: weight, Last: at})
	return true
}

// least is the value that says least about what is usual now.
func least(list []Seen) int {
	at := 0
	for i, s := range list {
		if s.N < list[at].N || s.N == list[at].N && s.Last.Before(list[at].Last) {
			at = i
		}
	}
	return at
}

func (p *Person) fade(by float64) {
	p.SignIns *= by
	for f := range p.seen {
		p.fresh[f] *= by
		for i := range p.seen[f] {
			p.seen[f][i].N *= by
		}
	}
}

func (p *Person) visit(v Visit) {
	p.Visits = slices.DeleteFunc(p.Visits, func(w Visit) bool { return w.samePlace(v) && !w.At.After(v.At) })
	p.Visits = append(p.Visits, v)
	slices.SortStableFunc(p.Visits, func(a, b Visit) int { return a.At.Compare(b.At) })
	if len(p.Visits) > maxVisits {
		p.Visits = slices.Delete(p.Visits, 0, len(p.Visits)-maxVisits)
	}
}

// shrink drops what says least until the person fits into its row.
func (p *Person) shrink() {
	for p.size() > maxEncoded {
		worst, at := feature(-1), 0
		for f := range p.seen {
			if len(p.seen[f]) < 2 {
				continue
			}
			i := least(p.seen[f])
			if worst < 0 || p.seen[f][i].N < p.seen[worst][at].N {
				worst, at = feature(f), i
			}
		}
		if worst < 0 {
			return
		}
		p.seen[worst] = slices.Delete(p.seen[worst], at, at+1)
	}
}

// Usual lists the values of a feature that the person is known by, the commonest first.
func (p Person) Usual(name string) []Seen {
	f, ok := featureOf(name)
	if !ok {
		return nil
	}
	out := slices.Clone(p.seen[f])
	slices.SortStableFunc(out, func(a, b Seen) int {
		switch {
		case a.N > b.N:
			return -1
		case a.N < b.N:
			return 1
		}
		return b.Last.Compare(a.Last)
	})
	return out
}

// Share is the part of the person's sign-ins that came with this value, from 0 to 1.
func (p Person) Share(name, value string) float64 {
	f, ok := featureOf(name)
	if !ok {
		return 0
	}
	return p.share(f, value)
}

// Knows reports whether the person is known by a value of a feature.
func (p Person) Knows(name, value string) bool { return p.Share(name, value) > 0 }

// KnowsDevice reports whether the person signed in with this device cookie before.
func (p Person) KnowsDevice(id string) bool { return id != "" && p.Knows(FeatureCookie, cut(id)) }

// KnowsCountry reports whether the person signed in from a country before.
func (p Person) KnowsCountry(code string) bool {
	return code != "" && p.Knows(FeatureCountry, cut(code))
}

func (p Person) share(f feature, value string) float64 {
	var n, sum float64
	for _, s := range p.seen[f] {
		sum += s.N
		if s.Value == value {
			n = s.N
		}
	}
	if sum <= 0 || value == "" {
		return 0
	}
	return n / sum
}

// usual is the commonest value, "" where there is none.
func (p Person) usual(f feature) string {
	best, n := "", -1.0
	for _, s := range p.seen[f] {
		if s.N > n {
			best, n = s.Value, s.N
		}
	}
	return best
}

func featureOf(name string) (feature, bool) {
	for f := range features {
		if f.name() == name {
			return f, true
		}
	}
	return 0, false
}

// fading is what a sighting is worth after a while: one half after each half-life.
func fading(d time.Duration) float64 {
	if d <= 0 {
		return 1
	}
	return math.Exp2(-float64(d) / float64(halfLife))
}

// degrees refuses what is no coordinate.
func degrees(d, limit float64) float64 {
	if math.IsNaN(d) || d < -limit || d > limit {
		return 0
	}
	return d
}
