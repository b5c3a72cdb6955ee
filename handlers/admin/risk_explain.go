package admin

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
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
		"T1566": "Phishing", "T1583": "Buying infrastructure", "T1584": "Compromised infrastructure", "T1584.005": "Botnets", "T1585": "Making accounts for attacks", "T1586": "Compromising accounts", "T1589.001": "Gathering credentials", "T1589": "Gathering identities", "T1621": "Flooding with requests for a second factor", "T1071": "Application layer protocol",
	}[id]; ok {
		return id + ", " + name
	}
	return id
}

// differs is one property of a sign-in, as the evidence of unfamiliar properties tells it.
type differs struct {
	record.Feature
	Usual string  `json:"usual"` // what the person comes with mostly
	Often float64 `json:"often"` // the share of that
}

// likeness is what the engine said of a sign-in's properties.
type likeness struct {
	history string // how many sign-ins it was compared with, and from how many days ("12/34", risk.FeatureHistory)
	score   float64
	list    []differs
	// otherwise is the level that the same sign-in would have, were one part of it as usual.
	otherwise []otherwise
}

type otherwise struct {
	Part  string `json:"part"`
	Level string `json:"level"`
}

// comparisonOf reads what a sign-in was compared with: from the evidence of the detection, which says most, or from
// the sign-in itself.
func comparisonOf(r record.SignIn, evidence map[string]any) likeness {
	out := likeness{score: r.RiskScore}
	if evidence["features"] == nil {
		for _, f := range r.Risk {
			if f.Evidence["features"] != nil {
				evidence = f.Evidence
				break
			}
		}
	}
	for _, f := range r.Features {
		out.list = append(out.list, differs{Feature: f})
	}
	if list, ok := as[[]differs](evidence["features"]); ok && len(list) > 0 {
		out.list = list
		if score, ok := evidence["score"].(float64); ok {
			out.score = score
		}
		out.otherwise, _ = as[[]otherwise](evidence["otherwise"])
	}
	out.list = slices.DeleteFunc(out.list, func(f differs) bool {
		if f.Name == risk.FeatureHistory {
			out.history = f.Value
		}
		return f.Name == risk.FeatureHistory
	})
	return out
}

// as reads one value of evidence, which comes out of storage as JSON.
func as[T any](value any) (T, bool) {
	var out T
	if value == nil {
		return out, false
	}
	b, err := json.Marshal(value)
	if err != nil {
		return out, false
	}
	return out, json.Unmarshal(b, &out) == nil
}

// otherwiseWords say what the level would have been, had one part been as usual: “From the usual place this would be
// low.” The engine works that out when it makes the detection.
func otherwiseWords(cmp likeness) []string {
	var out []string
	from := "From an address that nothing else speaks against"
	for _, f := range cmp.list {
		if slices.Contains([]string{risk.FeatureIP, risk.FeatureNetwork, risk.FeatureCountry, risk.FeatureCity}, f.Name) && f.Person < .2 && f.Weight > 0 {
			from = "From the usual place"
		}
	}
	for _, o := range cmp.otherwise {
		words, ok := map[string]string{"place": from, "software": "With the usual browser and system", "device": "In a browser that was seen before"}[o.Part]
		if !ok {
			words = "With the usual " + humane(o.Part)
		}
		out = append(out, fmt.Sprintf("%s this would be %s.", words, choose(risk.Rank(o.Level) == 0, "no risk", o.Level)))
	}
	return out
}

// scoreWords say what a score means.
func scoreWords(score float64) string {
	times := math.Exp(min(math.Abs(score), 40))
	how := "about " + thousands(int(min(times, 1e6))) + " times"
	switch {
	case times < 2:
		return "All in all it is about as likely to be somebody else as to be the person themselves."
	case times >= 1e6:
		how = "more than a million times"
	}
	if score > 0 {
		return "All in all it is " + how + " as likely to come from an attacker as from this person."
	}
	return "All in all it is " + how + " as likely to come from this person as from an attacker."
}

// usualSection says what was usual for the person, what differed, and how much that counted.
func usualSection(l *i18n.Localizer, cmp likeness) views.Section {
	out := views.Section{ID: "usual", Title: "What is usual for this person, and what differed"}
	if len(cmp.list) == 0 {
		out.Lead = "Statistics took no part in this: what was found does not depend on what the person usually does."
		return out
	}
	if cmp.history != "" {
		out.Lead = historyWords(cmp.history)
	}
	out.Says = append(append(usualWords(l, cmp.list), scoreWords(cmp.score)), otherwiseWords(cmp)...)
	out.Table = featureTable(l, cmp.list)
	return out
}

// historyWords say how much was known of the person, from the value of risk.FeatureHistory.
func historyWords(value string) string {
	first, second, _ := strings.Cut(value, "/")
	times, err := strconv.Atoi(first)
	if err != nil {
		return ""
	}
	days, err := strconv.Atoi(second)
	span := " in " + numberWords(days, "days")
	switch {
	case times <= 0:
		return "Nothing was known of this person yet: it was compared with everybody’s sign-ins."
	case err != nil:
		span = ""
	case days <= 0:
		span = ", " + choose(times == 1, "", "all ") + "within one day"
	}
	return "Compared with " + numberWords(times, "earlier sign-ins") + " of this person" + span + choose(times == 1, "", ", of which later ones count more") + ", and with everybody’s."
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
	if words, ok := unless()[d.Type]; ok {
		out = append(out, words)
	}
	if k, ok := risk.KindOf(d.Type); ok && k.Sees != "" {
		out = append(out, "What this kind of detection looks at: "+strings.ToLower(k.Sees[:1])+k.Sees[1:])
	}
	return out
}

// unless says of detections that rest on a rule, by their type, when they would not have been made. What rests on
// statistics says it with levels (otherwiseWords).
func unless() map[string]string {
	const list = "From an address that is on no list nothing would have been found."
	const travel = "From the place of the sign-in before, or with more time in between, nothing would have been found."
	return map[string]string{
		"newCountry": "From a country that is usual for the person nothing would have been found.", "impossibleTravel": travel, "unlikelyTravel": travel,
		"anonymizedIPAddress": list, "malwareInfectedIPAddress": list, "nationStateIP": list,
		"maliciousIPAddress":               "From an address with fewer failed attempts, and on no list, nothing would have been found.",
		"investigationsThreatIntelligence": "Without the threat indicator that it matches nothing would have been found.",
		"leakedCredentials":                "With a password that is on no list of leaked ones nothing would have been found.",
		"passwordSpray":                    "Had the password been wrong, or had the address tried fewer accounts, nothing would have been found.",
		"anomalousToken":                   "Had the tokens stayed with the app that got them nothing would have been found.",
	}
}
