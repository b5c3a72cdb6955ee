package risk

import "portico/app/record"

// detect_wave.go: a sign-in that belongs to many. Failed attempts alone are no detection of anybody (R 6.4.13): a
// right password that comes from where many others were tried is.

func passwordSpray() Detector {
	return Detector{Type: PasswordSpray, Timing: RealTime, Needs: []string{NeedWaves, NeedSource},
		Name:   "Password spray",
		Sees:   "The right password came from an address from which many accounts were tried with few passwords each.",
		Levels: []string{Low, Medium, High}, Technique: "T1110.003", Simulated: true,
		Detect: func(in Input) []record.Finding { return guessed(in, PasswordSpray, "risk.found.spray") }}
}

func credentialStuffing() Detector {
	return Detector{Type: CredentialStuffing, Timing: RealTime, Needs: []string{NeedWaves, NeedSource},
		Name:   "Credential stuffing",
		Sees:   "The right password came from an address from which a list of names was tried, many of which nobody has here.",
		Levels: []string{Low, Medium, High}, Technique: "T1110.004", Simulated: true,
		Detect: func(in Input) []record.Finding { return guessed(in, CredentialStuffing, "risk.found.stuffing") }}
}

// guessed: the right password, from a source that tried many names itself, or from near an attack that is known: its
// neighbourhood, its network and tool, or an address of it that did little. What others did next door says less than
// what was done from here, and whoever usually signs in from that very address may be its owner all the same: one level
// less each.
func guessed(in Input, kind, key string) []record.Finding {
	if !in.Shown.Password || in.SignUp {
		return nil
	}
	itself := in.History.Source.shape(in.Settings)
	wave, found := in.History.wave(PasswordSpray, CredentialStuffing)
	if found && wave.Kind != kind || !found && itself != kind {
		return nil
	}
	shared := found && !in.History.Source.Trying()
	if shared && (!wave.Counted && !wave.Tool || in.History.Person.regular(in.Signals)) { // next door to an attack is not yet the attack
		return nil
	}
	e := whereabouts(in.Signals)
	if found {
		e["incident"] = wave.IncidentID
	}
	level := High
	switch {
	case shared:
		level, key = Medium, sharedWave
	case itself == "":
		level, key = Medium, nearWave
	}
	if in.History.Person.Knows(FeatureIP, addressOf(in.Signals.IP)) {
		level = less(level)
	}
	e["accounts"], e["failures"] = in.History.Source.tried(), in.History.Source.Failures
	return []record.Finding{{Type: kind, Level: level, Key: key, Evidence: e}}
}

// nearWave is the message about an address that did little itself, near one that did much.
const nearWave = "risk.found.wave_near"

// sharedWave is the message about an address that by itself did next to nothing, of an attack that is spread over so many
// that none of them does more.
const sharedWave = "risk.found.wave_shared"

// regular reports whether a person came from this address or with this device before.
func (p Person) regular(s record.Signals) bool {
	return p.Knows(FeatureIP, addressOf(s.IP)) || p.KnowsDevice(s.DeviceID)
}

func less(level string) string {
	if level == High {
		return Medium
	}
	return Low
}

// Trying reports whether a source tried more names than its owner's, in vain. A right password from where nothing failed
// belongs to no attack that is seen from there: an attack of one attempt from each address is only seen as a whole (Wave).
func (s Source) Trying() bool { return s.tried() > 1 && s.Failures > 1 }

// shape is the kind of attack that one source looks like by itself: names that nobody has come from lists that were
// stolen elsewhere, names that people have come from somebody who knows them.
func (s Source) shape(set Settings) string {
	if !s.many(set.SprayAccounts, set.SourceShare/100) {
		return ""
	}
	if s.Unknown > s.Accounts {
		return CredentialStuffing
	}
	return PasswordSpray
}

// many reports whether so many names were tried from a source, and such a share of its attempts was in vain.
func (s Source) many(names, failureShare float64) bool {
	return float64(s.tried()) >= names && s.Attempts > 0 && float64(s.Failures) >= failureShare*float64(s.Attempts)
}

// wave finds an attack under way of one of the kinds.
func (h History) wave(kinds ...string) (Wave, bool) {
	for _, w := range h.Waves {
		for _, k := range kinds {
			if w.Kind == k {
				return w, true
			}
		}
	}
	return Wave{}, false
}

const suspiciousSignUpType = "suspiciousSignUp"

// suspiciousSignUp: one of many accounts that are made from the same place.
func suspiciousSignUp() Detector {
	const kind = suspiciousSignUpType
	return Detector{Type: kind, Timing: RealTime, Needs: []string{NeedWaves, NeedSource},
		Name:   "Suspicious sign-up",
		Sees:   "One of many accounts that were made from the same address in a day, or in a burst of sign-ups.",
		Levels: []string{Medium}, Technique: "T1585", Simulated: true,
		Detect: func(in Input) []record.Finding {
			if !in.SignUp {
				return nil
			}
			e := whereabouts(in.Signals)
			e["count"] = in.History.Source.SignUps
			if w, found := in.History.wave(SignUpBurst); found {
				e["incident"] = w.IncidentID
				return []record.Finding{{Type: kind, Level: Medium, Key: "risk.found.sign_up_wave", Evidence: e}}
			}
			if float64(in.History.Source.SignUps) < in.Settings.SignUpsPerSource {
				return nil
			}
			return []record.Finding{{Type: kind, Level: Medium, Key: "risk.found.sign_ups", Evidence: e}}
		}}
}

// incidentResponse: an admin wants everything that belongs to an attack to be asked for more.
func incidentResponse() Detector {
	const kind = "incidentResponse"
	return Detector{Type: kind, Timing: RealTime, Needs: []string{NeedWaves}, Firm: true,
		Name:   "Part of an incident",
		Sees:   "It comes from where an attack comes from, and an administrator has decided to challenge all of it.",
		Levels: []string{Medium}, Technique: "T1110", Simulated: true,
		Detect: func(in Input) []record.Finding {
			for _, w := range in.History.Waves {
				if w.Response == Challenge {
					e := whereabouts(in.Signals)
					e["incident"] = w.IncidentID
					return []record.Finding{{Type: kind, Level: Medium, Key: "risk.found.incident", Evidence: e}}
				}
			}
			return nil
		}}
}
