package admin

import (
	"fmt"
	"math"
	"strings"

	"portico/app/i18n"
	"portico/app/record"
	"portico/app/risk"
	"portico/models"
	views "portico/views/admin"
)

// riskTypeWord names a kind of detection.
func riskTypeWord(_ *i18n.Localizer, typ string) string {
	if k, ok := risk.KindOf(typ); ok && k.Name != "" {
		return k.Name
	}
	return humane(typ)
}

// techniqueID is the attack type of a kind of detection by its number in MITRE ATT&CK.
func techniqueID(typ string) string {
	k, _ := risk.KindOf(typ)
	return k.Technique
}

// techniqueOf is the attack type with its name, where the name is known here.
func techniqueOf(typ string) string {
	id := techniqueID(typ)
	if name, ok := map[string]string{
		"T1078": "Valid accounts", "T1078.004": "Valid cloud accounts", "T1090": "Proxy", "T1090.003": "Multi-hop proxy", "T1110": "Brute force", "T1110.001": "Password guessing",
		"T1110.003": "Password spraying", "T1110.004": "Credential stuffing", "T1111": "Interception of second factors", "T1136": "Making accounts", "T1136.003": "Making cloud accounts",
		"T1496": "Resource hijacking", "T1496.003": "SMS pumping", "T1528": "Stealing application access tokens", "T1539": "Stealing session cookies", "T1550": "Use of stolen authentication material", "T1550.001": "Use of stolen application access tokens",
		"T1566": "Phishing", "T1583": "Buying infrastructure", "T1584": "Compromised infrastructure", "T1585": "Making accounts for attacks", "T1586": "Compromising accounts", "T1589.001": "Gathering credentials", "T1589": "Gathering identities", "T1621": "Flooding with requests for a second factor", "T1071": "Application layer protocol",
	}[id]; ok {
		return id + ", " + name
	}
	return id
}

// scoreWords say what a score means.
func scoreWords(r record.SignIn) string {
	if len(r.Features) == 0 {
		return ""
	}
	times := math.Exp(math.Abs(r.RiskScore))
	how := "about " + thousands(int(min(times, 1e6))) + " times"
	switch {
	case times < 2:
		return "All in all it is about as likely to be somebody else as to be the person themselves."
	case times >= 1e6:
		how = "more than a million times"
	}
	if r.RiskScore > 0 {
		return "All in all an attack looks like this " + how + " as often as this person’s own sign-ins do."
	}
	return "All in all this person’s own sign-ins look like this " + how + " as often as an attack does."
}

// usualSection says what was usual for the person, what differed, and how much that counted.
func usualSection(r record.SignIn) views.Section {
	out := views.Section{ID: "usual", Title: "What is usual for this person, and what differed"}
	if len(r.Features) == 0 {
		out.Lead = "Nothing was counted for this sign-in: statistics took no part in it."
		return out
	}
	out.Says = append(usualWords(r.Features), scoreWords(r))
	out.Table = featureTable(r.Features)
	return out
}

// foundWords tell one detection in sentences.
func foundWords(l *i18n.Localizer, d models.Detection) []string {
	out := []string{findingWord(l, d.Type, d.Key, d.Evidence)}
	if from, ok := d.Evidence["trustedFrom"].(string); ok {
		out = append(out, "It came from a trusted place, which takes one level off: from elsewhere it would be "+from+".")
	}
	if d.Count > 1 {
		out = append(out, fmt.Sprintf("The same was found %d times within the hour.", d.Count))
	}
	if k, ok := risk.KindOf(d.Type); ok && k.Sees != "" {
		out = append(out, "What this kind of detection looks at: "+strings.ToLower(k.Sees[:1])+k.Sees[1:])
	}
	return out
}
