package risk

import "portico/app/record"

// newCountry: the person's first sign-in from a country (R 6.4.12).
func newCountry() Detector {
	return Detector{Type: "newCountry", Timing: RealTime, Needs: []string{NeedPerson, NeedEveryone, NeedPlace},
		Name:   "New country",
		Sees:   "The first sign-in of a person from a country.",
		Levels: []string{Low, Medium}, Technique: "T1078", Simulated: true,
		Detect: func(in Input) []record.Finding {
			p := in.History.Person
			usual := p.Usual(FeatureCountry)
			// Whose places were never known has no usual ones: then no country is new.
			if float64(p.Times) < in.Settings.CountrySignIns || len(usual) == 0 || p.KnowsCountry(in.Signals.Country) {
				return nil
			}
			level, all := Low, in.History.Everyone.now(Key{}, in.Now)
			here := in.History.Everyone.now(Key{FeatureCountry, in.Signals.Country}, in.Now)
			if all > 0 && 100*here/all < in.Settings.CountryRare {
				level = Medium
			}
			e := whereabouts(in.Signals)
			e["usualCountry"], e["share"] = usual[0].Value, int(100*p.Share(FeatureCountry, usual[0].Value)+0.5)
			return []record.Finding{{Type: "newCountry", Level: level, Key: "risk.found.new_country", Evidence: e}}
		}}
}
