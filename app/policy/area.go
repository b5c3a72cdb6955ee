package policy

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
	"sort"
	"strings"
)

// area is a named location made ready: ranges sorted and joined, so that an address is found by halving.
type area struct {
	id, name       string
	trusted        bool
	byCountry      bool
	countries      []string // sorted, upper case
	unknownCountry bool
	v4             []span4
	v6             []span6
}

type span4 struct{ from, to uint32 }

type span6 struct{ from, to address6 }

type address6 struct{ high, low uint64 }

func (a address6) compare(b address6) int {
	return cmp.Or(cmp.Compare(a.high, b.high), cmp.Compare(a.low, b.low))
}

func areasOf(locations []Location) []area {
	out := make([]area, len(locations))
	for i, l := range locations {
		a := area{id: strings.ToLower(l.ID), name: l.Name, trusted: l.Trusted, byCountry: l.ByCountry(), unknownCountry: l.IncludeUnknown}
		for _, c := range l.Countries {
			a.countries = append(a.countries, strings.ToUpper(c))
		}
		slices.Sort(a.countries)
		for _, r := range l.Ranges {
			a.add(r)
		}
		a.join()
		out[i] = a
	}
	return out
}

func (a *area) add(r netip.Prefix) {
	if !r.IsValid() {
		return
	}
	r = r.Masked()
	if r.Addr().Is4() {
		from := v4(r.Addr())
		a.v4 = append(a.v4, span4{from, from | uint32(uint64(1)<<(32-r.Bits())-1)})
		return
	}
	from, to := v6(r.Addr()), v6(r.Addr())
	if r.Bits() <= 64 {
		to.low = ^uint64(0)
		if r.Bits() < 64 {
			to.high |= 1<<(64-r.Bits()) - 1
		}
	} else if r.Bits() < 128 {
		to.low |= 1<<(128-r.Bits()) - 1
	}
	a.v6 = append(a.v6, span6{from, to})
}

// join sorts the ranges and makes one of those that overlap.
func (a *area) join() {
	slices.SortFunc(a.v4, func(x, y span4) int { return cmp.Compare(x.from, y.from) })
	kept := a.v4[:0]
	for _, s := range a.v4 {
		if n := len(kept); n > 0 && s.from <= kept[n-1].to {
			kept[n-1].to = max(kept[n-1].to, s.to)
			continue
		}
		kept = append(kept, s)
	}
	a.v4 = kept
	slices.SortFunc(a.v6, func(x, y span6) int { return x.from.compare(y.from) })
	kept6 := a.v6[:0]
	for _, s := range a.v6 {
		if n := len(kept6); n > 0 && s.from.compare(kept6[n-1].to) <= 0 {
			if s.to.compare(kept6[n-1].to) > 0 {
				kept6[n-1].to = s.to
			}
			continue
		}
		kept6 = append(kept6, s)
	}
	a.v6 = kept6
}

func v4(a netip.Addr) uint32 {
	b := a.As4()
	return binary.BigEndian.Uint32(b[:])
}

func v6(a netip.Addr) address6 {
	b := a.As16()
	return address6{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

// holds reports whether the address is in one of the ranges. No address is in none.
func (a *area) holds(ip netip.Addr) bool {
	switch {
	case ip.Is4():
		x := v4(ip)
		i := sort.Search(len(a.v4), func(i int) bool { return a.v4[i].from > x })
		return i > 0 && x <= a.v4[i-1].to
	case ip.Is6():
		x := v6(ip)
		i := sort.Search(len(a.v6), func(i int) bool { return a.v6[i].from.compare(x) > 0 })
		return i > 0 && x.compare(a.v6[i-1].to) <= 0
	}
	return false
}

// in says whether the request comes from the area. A country that nobody knows is an ordinary value; one that
// failed to load could not be told (DESIGN §5.2).
func (q *question) in(n int) answer {
	a := &q.set.areas[n]
	if a.byCountry {
		switch country := q.r.Signals.Country; {
		case q.lacks(noLocation), country == "" && q.r.Signals.PlaceFailed:
			return unknown
		case country == "":
			return tell(a.unknownCountry)
		default:
			_, found := slices.BinarySearch(a.countries, country)
			return tell(found)
		}
	}
	if q.lacks(noLocation) {
		return unknown
	}
	if !q.asked.has(n) {
		q.asked.set(n)
		if a.holds(q.ip) {
			q.inside.set(n)
		}
	}
	return tell(q.inside.has(n))
}

// inTrusted says whether the request comes from a place that is marked as trusted.
func (q *question) inTrusted() answer {
	if !q.trustedKnown {
		q.trustedKnown = true
		for n := range q.set.areas {
			if q.set.areas[n].trusted {
				if q.trusted = q.trusted.or(q.in(n)); q.trusted == hit {
					break
				}
			}
		}
	}
	return q.trusted
}
