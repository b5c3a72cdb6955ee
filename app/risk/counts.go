package risk

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"portico/app/record"
)

// Count is a number of sightings that fades with time. N is what it was worth at At.
type Count struct {
	N  float64   `json:"n"`
	At time.Time `json:"t"`
}

// Now is what the count is worth at a moment.
func (c Count) Now(at time.Time) float64 {
	if !(c.N > 0) { // nor is what is no number
		return 0
	}
	return min(c.N, 1e12) * fading(at.Sub(c.At))
}

// Add is the count after n more sightings. One that is told late counts as what it is worth by then.
func (c Count) Add(n float64, at time.Time) Count {
	if c.N <= 0 {
		return Count{N: n, At: at}
	}
	if at.Before(c.At) {
		return Count{N: c.N + n*fading(c.At.Sub(at)), At: c.At}
	}
	return Count{N: c.Now(at) + n, At: at}
}

// Key names one value of one feature among all of a tenant's sign-ins.
type Key struct {
	Feature string // ip, network, country, …; "" with Value "" is the number of all successful sign-ins
	Value   string
}

// Everyone is how often the values of one sign-in occur among all of a tenant's.
type Everyone map[Key]Count

func (e Everyone) now(k Key, at time.Time) float64 { return e[k].Now(at) }

// Counts of their own: of failed first factors, of sign-ins of people who have a history, and of those among them who
// came with a value that was new for them. The last say what is normal here: where addresses change daily, a new
// one says little; and a network through which everybody comes for the first time is none that people live in.
const (
	failed   = "!"        // prefix of a feature: its value at a failed sign-in
	known    = "known"    // sign-ins of people with a history
	fresh    = "new"      // by feature: how many of them came with a new value
	early    = "~"        // suffix: the same of people's first sign-ins, when much is new that later is not
	stranger = "stranger" // by "ip=…" and "network=…": how many of those who came through it had never come that way
	visitor  = "visitor"  // how many people with a history came through it at all
)

// shared are the features whose values everybody's sign-ins and everybody's failures are compared by.
func shared() []feature {
	return []feature{fIP, fSubnet, fNetwork, fCountry, fRegion, fCity, fSoftware, fAgent, fSystem, fLanguage}
}

// suspect are the features at which failed sign-ins are counted.
func suspect() []feature { return []feature{fNetwork, fCountry, fAgent} }

// novel are the features for which new values are counted.
func novel() []feature {
	return []feature{fIP, fSubnet, fNetwork, fCountry, fRegion, fCity, fSoftware, fAgent, fSystem, fCookie, fLanguage}
}

// Keys lists the counts that an assessment of these signals looks up: General and Particular.
func Keys(s record.Signals) []Key { return append(General(), Particular(s)...) }

// General lists those among them that are the same whatever the signals are.
func General() []Key {
	keys := make([]Key, 0, 56)
	keys = append(keys, Key{}, Key{Feature: failed}, Key{Feature: known}, Key{known, early}, Key{stranger, ""}, Key{visitor, ""})
	for _, f := range novel() {
		keys = append(keys, Key{fresh, f.name()}, Key{fresh, f.name() + early})
	}
	return append(keys, Key{fresh, FeatureCrowd}, Key{fresh, FeatureCrowdSubnet})
}

// Particular lists those of the values of the signals.
func Particular(s record.Signals) []Key {
	v := valuesOf(s)
	keys := make([]Key, 0, 24)
	for _, f := range shared() {
		if v[f] != "" {
			keys = append(keys, Key{f.name(), v[f]})
		}
	}
	for _, f := range suspect() {
		if v[f] != "" {
			keys = append(keys, Key{failed + f.name(), v[f]})
		}
	}
	for _, way := range ways(v) {
		keys = append(keys, Key{stranger, way}, Key{visitor, way})
	}
	return keys
}

// ways are what somebody comes through that may be one that nobody lives in.
func ways(v values) []string {
	var out []string
	for _, f := range []feature{fIP, fNetwork} {
		if v[f] != "" {
			out = append(out, f.name()+"="+v[f])
		}
	}
	return out
}

// Adds lists the counts to each of which one finished interactive sign-in adds one. Features are those of its
// assessment (record.SignIn.Features): they say what was new for the person. A failed one only adds to the
// counts of failures.
func Adds(s record.Signals, features []record.Feature, success bool) []Key {
	v := valuesOf(s)
	if !success {
		keys := []Key{{Feature: failed}}
		for _, f := range suspect() {
			if v[f] != "" {
				keys = append(keys, Key{failed + f.name(), v[f]})
			}
		}
		return keys
	}
	keys := make([]Key, 0, 32)
	keys = append(keys, Key{})
	times, days := historic(features)
	settled := times >= earlySignIns && days >= settledDays
	for _, f := range shared() {
		if v[f] != "" && (settled || f != fIP && f != fSubnet) {
			keys = append(keys, Key{f.name(), v[f]})
		}
	}
	if times == 0 {
		return keys
	}
	when := ""
	if times < earlySignIns {
		when = early
	}
	keys = append(keys, Key{known, when}, Key{visitor, ""})
	unknownNetwork, otherAgent := false, false
	for _, f := range features {
		otherAgent = otherAgent || f.Name == FeatureAgent && f.Person == 0
	}
	for _, f := range features {
		if (f.Name == FeatureCrowd || f.Name == FeatureCrowdSubnet) && f.Value == nobody {
			keys = append(keys, Key{fresh, f.Name})
		}
		if f.Person > 0 || f.Value == "" || f.Name == FeatureCookie && otherAgent { // as Person.Observe
			continue
		}
		if f.Name == FeatureNetwork {
			unknownNetwork = true
		}
		if at, ok := featureOf(f.Name); ok && slices.Contains(novel(), at) {
			keys = append(keys, Key{fresh, f.Name + when})
		}
	}
	if unknownNetwork {
		keys = append(keys, Key{stranger, ""})
	}
	for _, way := range ways(v) {
		keys = append(keys, Key{visitor, way})
		if unknownNetwork {
			keys = append(keys, Key{stranger, way})
		}
	}
	return keys
}

// earlySignIns is how long somebody is new: until then much is new that later is not.
const earlySignIns = 5

// settledDays is how long somebody must have been known before their address counts as one that people come from.
// Whoever could vouch for an address with an account that was made for it would be believed from there.
const settledDays = 5

// historic is how often somebody had signed in before, and since how many days, by the features of an assessment.
func historic(features []record.Feature) (times, days uint64) {
	for _, f := range features {
		if f.Name != FeatureHistory {
			continue
		}
		if n, err := fmt.Sscanf(f.Value, "%d/%d", &times, &days); n == 0 && err != nil {
			return 0, 0
		}
		return times, days
	}
	return 0, 0
}

// history is the value of FeatureHistory.
func history(p *Person, now time.Time) string {
	days := max(now.Sub(p.First).Hours()/24, 0)
	if p.Times == 0 {
		days = 0
	}
	return strconv.FormatUint(p.Times, 10) + "/" + strconv.FormatInt(int64(days), 10)
}

// FeatureHistory is the feature that says how much was known of the person: its Person is their number of sign-ins that
// still count, its Value how many there ever were, and since how many days ("12/34").
const FeatureHistory = "history"
