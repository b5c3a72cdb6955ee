package risk

import "portico/app/record"

// whereabouts is the evidence about where a request comes from. Countries are codes; i18n makes words of "place", which
// is city and country, when the sentence is read.
func whereabouts(s record.Signals) map[string]any { return evidence(s, 8) }

// evidence is the same with room for more, so that a map that is filled at once need not grow.
func evidence(s record.Signals, room int) map[string]any {
	e := make(map[string]any, room)
	e["ip"], e["city"], e["country"], e["network"] = s.IP.String(), s.City, s.Country, s.Network
	return e
}
