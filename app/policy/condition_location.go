package policy

import (
	"cmp"
	"slices"
	"strings"

	"portico/app/fault"
)

// places is one side of the location condition.
type places struct {
	all, trusted, gone bool // gone: it names a location that there is no more
	areas              list
}

func placesOf(c *compiler, ids []string) places {
	var out places
	for _, id := range ids {
		switch id {
		case All:
			out.all = true
		case AllTrusted:
			out.trusted = true
		default:
			n := c.area(id)
			out.gone = out.gone || n < 0
			if n >= 0 {
				out.areas = append(out.areas, n)
			}
		}
	}
	return out
}

func (c *compiler) area(id string) int {
	for n := range c.set.areas {
		if strings.EqualFold(c.set.areas[n].id, id) {
			return n
		}
	}
	return -1
}

// hold says whether the request comes from one of the places.
func (p *places) hold(q *question) answer {
	if p.all {
		return hit
	}
	out := miss
	if p.gone {
		out = unknown
	}
	if p.trusted {
		out = out.or(q.inTrusted())
	}
	for _, n := range p.areas {
		if out == hit {
			break
		}
		out = out.or(q.in(n))
	}
	return out
}

func locationCondition() Condition {
	return Condition{Name: "location", Label: "Locations",
		compile: func(c *compiler, p *Policy) ask {
			l := p.Conditions.Locations
			if l == nil || len(l.Include)+len(l.Exclude) == 0 {
				return nil
			}
			in, out := placesOf(c, l.Include), placesOf(c, l.Exclude)
			return func(q *question) answer { return without(in.hold(q), out.hold(q)) }
		},
		detail: func(q *question, b *bound, a answer) string { return q.whereabouts(a) },
		words:  locationWords,
		check:  checkLocations,
	}
}

// whereabouts is where the request comes from: its country and the named locations that it is in.
func (q *question) whereabouts(a answer) string {
	if q.place == "" {
		words := []string{cmp.Or(q.r.Signals.Country, "unknown country")}
		switch {
		case q.lacks(noLocation), q.r.Signals.Country == "" && q.r.Signals.PlaceFailed:
			words[0] = "the place could not be looked up"
		case !q.ip.IsValid():
			words = append(words, "no address")
		}
		for n := range q.set.areas {
			if q.in(n) == hit && len(words) < 6 {
				words = append(words, "in "+q.set.areas[n].name)
			}
		}
		if q.inTrusted() == hit {
			words = append(words, "trusted")
		}
		q.place = strings.Join(words, ", ")
	}
	return q.place
}

func locationWords(w *sentence, p *Policy) {
	l := p.Conditions.Locations
	if l == nil || len(l.Include)+len(l.Exclude) == 0 {
		return
	}
	all, trustedOut := slices.Contains(l.Include, All), slices.Contains(l.Exclude, AllTrusted)
	switch {
	case all && len(l.Exclude) == 1 && trustedOut:
		w.text(" from ")
		w.value("outside trusted places")
		return
	case all && len(l.Exclude) > 0:
		w.text(" from anywhere but ")
		w.list(w.places(l.Exclude, "trusted places"), "and")
		return
	case all:
		w.text(" from ")
		w.value("anywhere")
		return
	}
	w.text(" from ")
	w.list(w.places(l.Include, "a trusted place"), "or")
	if len(l.Exclude) > 0 {
		w.text(" but not ")
		w.list(w.places(l.Exclude, "a trusted place"), "or")
	}
}

func (w *sentence) places(ids []string, trusted string) []Phrase {
	var out []Phrase
	for _, id := range ids {
		if id == AllTrusted {
			out = append(out, value(trusted))
			continue
		}
		out = append(out, w.name(ThingLocation, id))
	}
	return out
}

func checkLocations(p *Policy, k Known, f *fault.Fields) {
	l := p.Conditions.Locations
	if l == nil {
		return
	}
	const at = "conditions.locations."
	checkList(f, at+"includeLocations", l.Include, "policy.location_unknown", k.there(ThingLocation, All, AllTrusted))
	checkList(f, at+"excludeLocations", l.Exclude, "policy.location_unknown", k.there(ThingLocation, AllTrusted))
	switch {
	case len(l.Include) == 0 && len(l.Exclude) > 0:
		f.Add(at+"includeLocations", "policy.include_missing", nil)
	case cancels(l.Include, l.Exclude):
		f.Add(at+"excludeLocations", "policy.locations_cancel", nil)
	}
}
