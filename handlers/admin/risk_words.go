package admin

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"portico/app/i18n"
	"portico/app/record"
	"portico/app/risk"
	views "portico/views/admin"
)

// riskStates are what reports can be narrowed to (R 6.6.6).
func riskStates() []views.Option {
	var out []views.Option
	for _, s := range []string{"atRisk", "confirmedCompromised", "confirmedSafe", "dismissed", "remediated"} {
		out = append(out, views.Option{Value: s, Label: riskStateWord(s)})
	}
	return out
}

// riskStateBadge is a state in its word, shape and colour.
func riskStateBadge(state string) views.Cell {
	tone := "neutral"
	switch state {
	case "atRisk":
		tone = "warn"
	case "confirmedCompromised":
		tone = "danger"
	case "confirmedSafe", "remediated":
		tone = "ok"
	}
	return badge(tone, riskStateWord(state))
}

// riskLevels are what reports can be narrowed to.
func riskLevels(none bool) []views.Option {
	out := []views.Option{{Value: risk.High, Label: "High"}, {Value: risk.Medium, Label: "Medium"}, {Value: risk.Low, Label: "Low"}}
	if none {
		out = append(out, views.Option{Value: risk.None, Label: "None"})
	}
	return out
}

// levelCell is a level as a word with bars.
func levelCell(level string) views.Cell {
	if level == "" {
		level = risk.None
	}
	return views.Cell{Kind: views.Level, Text: level}
}

// timingWord says when a detection is made.
func timingWord(timing string) string {
	switch timing {
	case "", risk.RealTime:
		return "While the person signed in"
	case "nearRealtime":
		return "Moments after the sign-in"
	case risk.Offline:
		return "Afterwards"
	}
	return humane(timing)
}

// featureWord names one property that the score looks at.
func featureWord(name string) string {
	if w, ok := map[string]string{"ip": "IP address", "subnet": "Address range", "network": "Network", "country": "Country", "region": "Region", "city": "City",
		"software": "Browser and system, with versions", "agent": "Browser and system", "system": "System and kind of device", "deviceId": "Browser, by its device cookie",
		"language": "Language", "hour": "Hour of the day", "failures": "Failed attempts from the address", "strangers": "Others who came through the network for the first time", "lists": "Lists that the address is on"}[name]; ok {
		return w
	}
	return humane(name)
}

// featureValue is what the sign-in had, as people read it.
func featureValue(f record.Feature) views.Cell {
	switch f.Name {
	case "deviceId":
		return plain(choose(f.Person > 0, "Seen before", "Not seen before"))
	case "hour":
		return plain(f.Value + ":00 UTC")
	case "network":
		return plain(choose(strings.Trim(f.Value, "0123456789") == "", "AS"+f.Value, f.Value))
	case "region", "city":
		return views.Cell{Kind: views.Name, Text: f.Value[strings.LastIndex(f.Value, "/")+1:]}
	case "ip", "subnet", "country", "language":
		return code(f.Value)
	}
	return views.Cell{Kind: views.Name, Text: f.Value}
}

// compared reports whether a feature is one that the person and everybody have shares of.
func compared(f record.Feature) bool {
	return !slices.Contains([]string{"failures", "strangers", "lists"}, f.Name)
}

// told are the features that say something of their own.
func told(features []record.Feature) []record.Feature {
	var out []record.Feature
	for _, f := range features {
		if f.Name != "history" {
			out = append(out, f)
		}
	}
	return out
}

// shareWord is a share in words that people read: never, in 3 of 100, nearly always.
func shareWord(x float64) string {
	switch {
	case x <= 0 || math.IsNaN(x):
		return "Never"
	case x < .001:
		return "Less than 1 in 1,000"
	case x < .01:
		return fmt.Sprintf("%.1f %%", x*100)
	case x >= .995:
		return "Always"
	}
	return fmt.Sprintf("%.0f %%", x*100)
}

// pull says how strongly a feature speaks for or against the person, from its weight: the natural logarithm of how
// much likelier its value is with somebody else than with them.
func pull(weight float64) string {
	strength := "A little"
	switch x := math.Abs(weight); {
	case x < .25 || math.IsNaN(x):
		return "Says nothing"
	case x >= 3:
		strength = "Strongly"
	case x >= 1.2:
		strength = "Clearly"
	}
	if weight > 0 {
		return strength + " unusual for this person"
	}
	return strength + " usual for this person"
}

// featureTable shows how much each property of a sign-in speaks for or against its being the person's own.
func featureTable(features []record.Feature) *views.Table {
	t := &views.Table{Caption: "What made this sign-in usual or unusual", Columns: []views.Column{{Label: "Property"}, {Label: "This sign-in"}, {Label: "Of this person’s sign-ins"}, {Label: "Of everybody’s"}, {Label: "What it says"}}}
	most := 0.0
	features = told(features)
	for _, f := range features {
		if x := math.Abs(f.Weight); !math.IsNaN(x) && !math.IsInf(x, 0) {
			most = max(most, x)
		}
	}
	for _, f := range features {
		own, all := views.Cell{}, views.Cell{}
		if compared(f) {
			own, all = plain(shareWord(f.Person)), plain(shareWord(f.Everyone))
		}
		part := 0.0
		if most > 0 {
			part = math.Abs(f.Weight) / most
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{plain(featureWord(f.Name)), featureValue(f), own, all,
			{Kind: views.Meter, Text: fmt.Sprintf("%s (%+.1f)", pull(f.Weight), f.Weight), Share: part, Tone: choose(f.Weight < 0, "ok", "danger")}}})
	}
	return t
}

// usualWords say in sentences what of a sign-in was unusual, and what was not.
func usualWords(features []record.Feature) []string {
	var odd, never, usual, also []string
	for _, f := range told(features) {
		what := featureWord(f.Name)
		if value := featureValue(f).Text; value != "" && f.Name != "deviceId" {
			what += " (" + value + ")"
		}
		switch {
		case !compared(f):
			if f.Weight >= .25 {
				also = append(also, what)
			}
		case f.Weight >= .25 && f.Person <= 0:
			never = append(never, what)
		case f.Weight >= .25:
			odd = append(odd, fmt.Sprintf("%s, seen in %s of this person’s sign-ins", what, strings.ToLower(shareWord(f.Person))))
		case f.Weight <= -.25:
			usual = append(usual, what)
		}
	}
	var out []string
	for _, f := range features {
		if f.Name == "history" {
			out = append(out, "Compared with "+f.Value+" earlier sign-ins of this person, of which later ones count more.")
		}
	}
	if len(never) > 0 {
		out = append(out, "Never seen with this person before: "+strings.Join(never, ", ")+".")
	}
	if len(odd) > 0 {
		out = append(out, "Rare for this person: "+strings.Join(odd, "; ")+".")
	}
	if len(also) > 0 {
		out = append(out, "Besides: "+strings.Join(also, ", ")+".")
	}
	if len(usual) > 0 {
		out = append(out, "As usual: "+strings.Join(usual, ", ")+".")
	}
	return out
}

// couldNotTellWords name the detections that lacked what they need.
func couldNotTellWords(l *i18n.Localizer, types []string) []string {
	var out []string
	for _, t := range types {
		out = append(out, riskTypeWord(l, t)+": could not tell, because what it needs could not be read. That never lowers a level.")
	}
	return out
}

// findingWord is a finding's reason with its evidence, in a sentence.
func findingWord(l *i18n.Localizer, typ, key string, evidence map[string]any) string {
	if key != "" && l.Has(key) {
		return l.T(key, evidence)
	}
	if key == "" {
		return riskTypeWord(l, typ)
	}
	return reasonWord(l, key)
}
