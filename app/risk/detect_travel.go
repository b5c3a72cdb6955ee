package risk

import "portico/app/record"

// impossibleTravel: two places, and less time between than anybody needs (R 6.4.7, in real time here).
func impossibleTravel() Detector {
	return Detector{Type: "impossibleTravel", Timing: RealTime, Needs: []string{NeedPerson, NeedEveryone, NeedPosition},
		Name:   "Impossible travel",
		Sees:   "The way from the place of the last sign-in would take a speed that nobody travels at.",
		Levels: []string{Medium, High}, Technique: "T1078", Simulated: true,
		Detect: func(in Input) []record.Finding {
			l, ok := travelled(in)
			if !ok || l.km < in.Settings.TravelKm || l.kmh() <= in.Settings.TravelKmh {
				return nil
			}
			level := Medium
			if !in.History.Person.KnowsCountry(in.Signals.Country) {
				level = High // and they had never been there
			}
			e := l.way(in)
			e["limit"] = int(in.Settings.TravelKmh)
			return []record.Finding{{Type: "impossibleTravel", Level: level, Key: "risk.found.impossible_travel", Evidence: e}}
		}}
}

// unlikelyTravel is the vendor's atypical travel (R 6.4.6): possible, but fast, and to a country that is not usual for
// the person. It learns first, and no policy of the same sign-in sees it, because it errs too often for that.
func unlikelyTravel() Detector {
	return Detector{Type: "unlikelyTravel", Timing: Offline, Needs: []string{NeedPerson, NeedEveryone, NeedPosition},
		Name:   "Atypical travel",
		Sees:   "A fast way from the last sign-in to a country that is not usual for the person.",
		Levels: []string{Low, Medium}, Technique: "T1078", Simulated: true,
		Detect: func(in Input) []record.Finding {
			p, set := in.History.Person, in.Settings
			if in.Now.Sub(p.First).Hours() < 24*set.AtypicalDays && float64(p.Times) < set.AtypicalSignIns {
				return nil
			}
			l, ok := travelled(in)
			if !ok || l.km < set.TravelKm || l.kmh() <= set.AtypicalKmh || l.kmh() > set.TravelKmh {
				return nil
			}
			usual := 100 * p.Share(FeatureCountry, in.Signals.Country)
			if usual >= set.AtypicalShare {
				return nil
			}
			level := Low
			if usual == 0 && l.kmh() > (set.AtypicalKmh+set.TravelKmh)/2 {
				level = Medium
			}
			e := l.way(in)
			e["share"] = int(usual + 0.5)
			return []record.Finding{{Type: "unlikelyTravel", Level: level, Key: "risk.found.atypical_travel", Evidence: e}}
		}}
}
