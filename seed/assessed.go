package seed

import (
	"net/netip"
	"time"

	"portico/app/record"
	"portico/app/risk"
)

// assessed.go: the invented past goes once, in order of time, through the very engine that assesses sign-ins, so that
// what the log, the reports and the people's own statistics say is what they would say had it happened.

// assessed is what the engine said of a history, and what it has learnt by the end of it.
type assessed struct {
	signIns map[string]risk.Assessment
	people  map[string]risk.Person
}

// assess plays a history through the engine.
func (h history) assess() assessed {
	out := assessed{signIns: map[string]risk.Assessment{}, people: map[string]risk.Person{}}
	detectors, everyone, joined := risk.Detectors(), risk.Everyone{}, h.joiners()
	for n := int(Window/day) - 1; n >= 0; n-- {
		for _, r := range h.day(n, joined[n]) {
			if r.User.ID == "" || !proven(r) {
				continue
			}
			p := out.people[r.User.ID]
			a := risk.Assess(detectors, risk.Input{TenantID: r.TenantID, UserID: r.User.ID, SignUp: r.SignUp, Signals: r.Signals, Now: r.EndedAt,
				History: risk.History{Person: p, Everyone: everyone}})
			out.signIns[r.ID] = a
			// Only the stranger teaches nothing: whatever else was found turned out to be the person's own.
			if r.Signals.Network == strangersNetwork || r.Outcome.Result != record.Success {
				continue
			}
			for _, k := range risk.Adds(r.Signals, a.Features, true) {
				everyone[k] = everyone[k].Add(1, r.EndedAt)
			}
			p.Observe(r.Signals, r.EndedAt)
			out.people[r.User.ID] = p
		}
	}
	return out
}

// proven reports whether the first factor was right: before that nobody is assessed.
func proven(r record.SignIn) bool {
	if r.Session.Reused {
		return true
	}
	for _, p := range r.Proofs {
		if p.OK {
			return true
		}
	}
	return false
}

// risky gives a sign-in what the engine said of it.
func (h history) risky(r record.SignIn) record.SignIn {
	a, ok := h.risks[r.ID]
	if !ok {
		return r
	}
	r.RiskLevel, r.Risk, r.RiskScore, r.Features, r.CouldNotTell = a.Level, a.Findings, a.Score, a.Features, a.CouldNotTell
	return r
}

// atOf is where a town is, in degrees.
func atOf(town string) (latitude, longitude float64) {
	at := map[string][2]float64{
		"Freiburg": {47.99, 7.85}, "Leipzig": {51.34, 12.37}, "Hamburg": {53.55, 9.99}, "Kassel": {51.31, 9.48},
		"Lyon": {45.76, 4.84}, "Nantes": {47.22, -1.55}, "Lille": {50.63, 3.06},
		"Bristol": {51.45, -2.59}, "Leeds": {53.8, -1.55}, "Cardiff": {51.48, -3.18}, "Glasgow": {55.86, -4.25},
		"Cork": {51.9, -8.47}, "Galway": {53.27, -9.06}, "Dublin": {53.35, -6.26},
		"Valencia": {39.47, -0.38}, "Bilbao": {43.26, -2.93}, "Sevilla": {37.39, -5.99},
		"Wrocław": {51.11, 17.03}, "Gdańsk": {54.35, 18.65}, "Łódź": {51.76, 19.46},
		"Göteborg": {57.71, 11.97}, "Uppsala": {59.86, 17.64}, "Malmö": {55.6, 13},
		"Bologna": {44.49, 11.34}, "Torino": {45.07, 7.69}, "İzmir": {38.42, 27.14}, "Ankara": {39.93, 32.86},
		"القاهرة": {30.04, 31.24}, "الإسكندرية": {31.2, 29.92}, "Lagos": {6.52, 3.38}, "Abuja": {9.06, 7.49},
		"Pune": {18.52, 73.86}, "Bengaluru": {12.97, 77.59}, "京都市": {35.01, 135.77}, "札幌市": {43.06, 141.35},
		"Recife": {-8.05, -34.88}, "Curitiba": {-25.43, -49.27}, "Portland": {43.66, -70.26}, "Pittsburgh": {40.44, -79.99},
		"Amsterdam": {52.37, 4.9}, "Manila": {14.6, 120.98}}[town]
	return at[0], at[1]
}

// hidden sends a few visits through a VPN, and fewer through Tor: addresses that the operator's lists would name.
func (h history) hidden(p Person, at time.Time, s record.Signals) record.Signals {
	d := h.aside(p.ID+at.String(), "hidden")
	switch x := d.Float64(); {
	case x < 0.0003:
		s.IP, s.Country, s.Region, s.City, s.ASN, s.Network = netip.AddrFrom4([4]byte{198, 51, 100, byte(200 + d.IntN(8))}), "SE", "Skåne", "Malmö", 65121, "Northlight Relays"
		s.Lists = []string{"tor"}
	case x < 0.0012:
		s.IP, s.Country, s.Region, s.City, s.ASN, s.Network = netip.AddrFrom4([4]byte{198, 51, 100, byte(60 + d.IntN(20))}), "GB", "England", "Leeds", 65122, "Cloakline VPN"
		s.Lists = []string{"vpn"}
	default:
		return s
	}
	return placed(s)
}

// placed gives signals the position of their town.
func placed(s record.Signals) record.Signals {
	s.Latitude, s.Longitude = atOf(s.City)
	return s
}
