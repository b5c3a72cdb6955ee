package risk

import "portico/app/record"

// whereabouts is the evidence about where a request comes from. Countries are codes; i18n makes words of "place", which
// is city and country, when the sentence is read.
func whereabouts(s record.Signals) map[string]any {
	return map[string]any{"ip": s.IP.String(), "city": s.City, "country": s.Country, "network": s.Network}
}
