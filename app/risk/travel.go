package risk

import (
	"math"
	"slices"
	"time"

	"portico/app/record"
)

// leg is the way from where somebody signed in the time before to where they do now.
type leg struct {
	from  Visit
	km    float64 // at least: what is not known about either place is taken off
	hours float64
}

func (l leg) kmh() float64 { return l.km / l.hours }

// shortest is the least time that is taken to lie between two sign-ins: clocks of two machines differ, and one that
// was set back must neither divide by zero nor make anybody slower.
const shortest = time.Minute

// travelled gives the way since the last sign-in whose place is known; false where there is none, or where the address
// is no place where somebody is: an anonymising network, or one that so many people sign in from that it is their
// organisation's way out. (Addresses of anonymising networks are no visits in the first place.)
func travelled(in Input) (leg, bool) {
	i := lastIndex(in.History.Person.Visits, Visit.located)
	if i < 0 || hidden(in.Signals) || common(in) {
		return leg{}, false
	}
	from := in.History.Person.Visits[i]
	if from.IP == addressOf(in.Signals.IP) {
		return leg{}, false
	}
	km := distance(from.Latitude, from.Longitude, in.Signals.Latitude, in.Signals.Longitude) - 2*float64(in.Signals.AccuracyKm)
	return leg{from, max(km, 0), max(in.Now.Sub(from.At), shortest).Hours()}, true
}

func lastIndex(visits []Visit, is func(Visit) bool) int {
	for i := len(visits) - 1; i >= 0; i-- {
		if is(visits[i]) {
			return i
		}
	}
	return -1
}

func (v Visit) located() bool { return v.Latitude != 0 || v.Longitude != 0 }

// hidden reports whether an address stands for somebody who is elsewhere.
func hidden(s record.Signals) bool {
	return slices.ContainsFunc(s.Lists, func(l string) bool { return l == ListTor || l == ListVPN || l == ListProxy })
}

// common reports whether the address is a way out that many people share.
func common(in Input) bool {
	all := in.History.Everyone.now(Key{}, in.Now)
	here := in.History.Everyone.now(Key{FeatureIP, addressOf(in.Signals.IP)}, in.Now)
	return all >= 50 && 100*here/all >= in.Settings.CommonShare
}

// distance is the length of the great circle between two places in km (haversine).
func distance(lat1, lon1, lat2, lon2 float64) float64 {
	const radius, rad = 6371, math.Pi / 180
	a := math.Pow(math.Sin((lat2-lat1)*rad/2), 2) + math.Cos(lat1*rad)*math.Cos(lat2*rad)*math.Pow(math.Sin((lon2-lon1)*rad/2), 2)
	return 2 * radius * math.Asin(math.Sqrt(min(max(a, 0), 1)))
}

// way is the evidence about a leg.
func (l leg) way(in Input) map[string]any {
	e := evidence(in.Signals, 12)
	e["fromCity"], e["fromCountry"], e["fromIp"] = l.from.City, l.from.Country, l.from.IP
	e["km"], e["kmh"] = int(l.km), int(min(l.kmh(), 1e6))
	e["count"] = max(1, int(math.Round(l.hours*60))) // minutes in between
	return e
}
