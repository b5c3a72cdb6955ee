package risk

import "portico/app/record"

// threatIntelligence: something that an admin or the operator knows to be bad (R 6.4.11). Whoever entered it has said
// how bad, so that a trusted place does not change it.
func threatIntelligence() Detector {
	const kind = "investigationsThreatIntelligence"
	return Detector{Type: kind, Timing: RealTime, Needs: []string{NeedIndicators}, Firm: true, Refresh: true,
		Name:   "Threat intelligence",
		Sees:   "The address, the network or the browser matches an indicator that an administrator has entered.",
		Levels: []string{Low, Medium, High}, Technique: "T1078", Simulated: true,
		Detect: func(in Input) []record.Finding {
			var out []record.Finding
			for _, i := range in.History.Indicators {
				f := record.Finding{Type: kind, Level: i.Level, Key: "risk.found.indicator_" + i.Kind, Evidence: whereabouts(in.Signals)}
				if Rank(f.Level) == 0 {
					f.Level = Medium
				}
				f.Evidence["indicator"], f.Evidence["value"] = i.ID, i.Value
				if i.Note != "" {
					f.Evidence["note"] = i.Note
				}
				switch i.Kind {
				case "ip", "asn", "userAgent":
				default:
					f.Key = "risk.found.indicator"
				}
				out = append(out, f)
			}
			return out
		}}
}
