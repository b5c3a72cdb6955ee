package risk

import "portico/app/record"

// maliciousAddress: an address with a bad name, or one that fails far more often than people do (R 6.4.8).
func maliciousAddress() Detector {
	const kind = "maliciousIPAddress"
	return Detector{Type: kind, Timing: RealTime, Needs: []string{NeedSource, NeedLists},
		Name:   "Malicious IP address",
		Sees:   "The address is on a list of malicious ones, or nearly everything that came from it in the last day failed, on many accounts.",
		Levels: []string{Medium, High}, Technique: "T1110", Simulated: true,
		Detect: func(in Input) []record.Finding {
			on, fails := listed(in, ListMalicious), failing(in)
			if !on && !fails {
				return nil
			}
			e := whereabouts(in.Signals)
			e["attempts"], e["failures"], e["accounts"] = in.History.Source.Attempts, in.History.Source.Failures, in.History.Source.tried()
			f := record.Finding{Type: kind, Level: Medium, Key: "risk.found.malicious_list", Evidence: e}
			switch {
			case on && fails:
				f.Level, f.Key = High, "risk.found.malicious_both"
			case fails:
				f.Key = "risk.found.malicious_failures"
			}
			return []record.Finding{f}
		}}
}

// failing holds a source against the three thresholds.
func failing(in Input) bool {
	s, set := in.History.Source, in.Settings
	return s.Attempts > 0 && float64(s.Failures) >= set.SourceFailures && float64(s.tried()) >= set.SourceAccounts &&
		100*float64(s.Failures)/float64(s.Attempts) >= set.SourceShare
}

// tried is how many names were tried from a source, about: of people who exist, and of nobody.
func (s Source) tried() int { return s.Accounts + s.Unknown }
