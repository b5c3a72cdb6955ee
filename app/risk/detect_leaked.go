package risk

import "portico/app/record"

// leakedCredentials: the person's password is known to others (R 6.5.5): always high, whatever the place, and gone
// with the next password. It says nothing of who is signing in, so it raises the person's risk and not the sign-in's.
func leakedCredentials() Detector {
	const kind = "leakedCredentials"
	return Detector{Type: kind, Timing: RealTime, Needs: []string{NeedBreached, NeedLeaked}, OfUser: true, Firm: true,
		Name:   "Leaked credentials",
		Sees:   "The password just given is in the set of breached ones, or the address is on an imported list of leaked accounts and the password is as old.",
		Levels: []string{High}, Technique: "T1589.001", Simulated: true,
		Detect: func(in Input) []record.Finding {
			switch {
			case in.Shown.Breached:
				return []record.Finding{{Type: kind, Level: High, Key: "risk.found.breached_password", Evidence: map[string]any{}}}
			case in.History.Leaked:
				return []record.Finding{{Type: kind, Level: High, Key: "risk.found.leaked_address", Evidence: map[string]any{}}}
			}
			return nil
		}}
}
