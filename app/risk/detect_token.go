package risk

import (
	"strings"

	"portico/app/record"
)

// anomalousToken: tokens of one sign-in that are renewed by something else than before (R 6.4.4). A refresh token that
// comes a second time was copied; a client that is another one from one renewal to the next, in another network or
// country too, is not the app that got the tokens. A new network alone is a train ride, a new browser alone an update.
func anomalousToken() Detector {
	const kind = "anomalousToken"
	return Detector{Type: kind, Timing: RealTime, Refresh: true,
		Name:   "Anomalous token",
		Sees:   "A refresh token was used twice, or the tokens of a sign-in moved to another client in another network.",
		Levels: []string{Medium, High}, Technique: "T1528", Simulated: true,
		Detect: func(in Input) []record.Finding {
			was := in.Shown.Before
			if !in.Shown.Reused && (was == nil || sameClient(*was, in.Signals) || !elsewhere(*was, in.Signals)) {
				return nil
			}
			e := whereabouts(in.Signals)
			e["browser"], e["os"] = in.Signals.Browser, in.Signals.OS
			if in.Shown.Reused {
				return []record.Finding{{Type: kind, Level: High, Key: "risk.found.token_reused", Evidence: e}}
			}
			e["fromBrowser"], e["fromOs"], e["fromIp"], e["fromCountry"], e["fromCity"] = was.Browser, was.OS, was.IP.String(), was.Country, was.City
			level := Medium
			if was.Country != in.Signals.Country && was.Country != "" && in.Signals.Country != "" {
				level = High
			}
			return []record.Finding{{Type: kind, Level: level, Key: "risk.found.token_moved", Evidence: e}}
		}}
}

// sameClient compares families: "Firefox 140" and "Firefox 141" are one, and an update changes neither platform.
func sameClient(a, b record.Signals) bool {
	return a.Platform == b.Platform && family(a.Browser) == family(b.Browser)
}

// family is a browser's name without its version.
func family(browser string) string {
	name, version, ok := cutLast(browser, " ")
	if ok && version != "" && version[0] >= '0' && version[0] <= '9' {
		return name
	}
	return browser
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// elsewhere: in another country or network. Where neither is known, the address itself has to do.
func elsewhere(a, b record.Signals) bool {
	switch {
	case a.Country != "" && b.Country != "" && a.Country != b.Country, a.ASN != 0 && b.ASN != 0 && a.ASN != b.ASN:
		return true
	case a.Country == "" && b.Country == "" && a.ASN == 0 && b.ASN == 0:
		return a.IP != b.IP
	}
	return false
}
