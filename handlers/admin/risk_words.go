package admin

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"portico/app/i18n"
	"portico/app/record"
	"portico/app/risk"
	"portico/models"
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

// Choices of a report's risk state besides Graph's states.
const (
	openRisk = "open" // what still counts
	anyRisk  = "any"
)

// chosenStates are what a report's risk state stands for; none = any.
func chosenStates(w view) []string {
	switch state := w.get("risk"); state {
	case openRisk:
		return []string{models.RiskAtRisk, models.RiskConfirmed}
	case anyRisk:
		return nil
	default:
		return one(state)
	}
}

// readableRisk reports whether a filter of the reports means something.
func readableRisk(name, value string) bool {
	has := func(list []views.Option) bool {
		return slices.ContainsFunc(list, func(o views.Option) bool { return o.Value == value })
	}
	switch name {
	case "risk":
		return value == openRisk || value == anyRisk || has(riskStates())
	case "level", "aggregate", "realtime":
		return has(riskLevels(true))
	case "detection":
		_, ok := risk.KindOf(value)
		return ok
	case "timing":
		return value == risk.RealTime || value == risk.Offline
	case "about":
		return value == risk.OfSignIn || value == risk.OfUser
	case "detail":
		return slices.Contains(riskDetails(), value)
	case "condition":
		return value == risk.IncidentOpen || value == risk.IncidentClosed
	case "wave":
		return slices.Contains(risk.WaveKinds(), value)
	}
	return true
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
	if w, ok := map[string]string{risk.FeatureIP: "IP address", risk.FeatureSubnet: "Address range", risk.FeatureNetwork: "Network", risk.FeatureCountry: "Country", risk.FeatureRegion: "Region", risk.FeatureCity: "City",
		risk.FeatureSoftware: "Browser and system, with versions", risk.FeatureAgent: "Browser and system", risk.FeatureSystem: "System and kind of device", risk.FeatureCookie: "Browser, by its device cookie",
		risk.FeatureCrowd: "Others at this address", risk.FeatureCrowdSubnet: "Others in this address range", risk.FeatureLanguage: "Language", risk.FeatureHour: "Hour of the day", "failures": "Failed attempts from the address", "strangers": "Others who came through the network for the first time", "lists": "Lists that the address is on"}[name]; ok {
		return w
	}
	return humane(name)
}

// featureValue is what the sign-in had, as people read it.
func featureValue(l *i18n.Localizer, f record.Feature) views.Cell {
	switch f.Name {
	case risk.FeatureCookie:
		return plain(choose(f.Person > 0, "Seen before", "Not seen before"))
	case risk.FeatureHour:
		return plain(f.Value + ":00 UTC")
	case risk.FeatureNetwork:
		return plain(choose(strings.Trim(f.Value, "0123456789") == "", "AS"+f.Value, f.Value))
	case risk.FeatureRegion, risk.FeatureCity:
		return views.Cell{Kind: views.Name, Text: f.Value[strings.LastIndex(f.Value, "/")+1:]}
	case risk.FeatureCountry:
		return plain(l.Country(f.Value))
	case risk.FeatureCrowd, risk.FeatureCrowdSubnet:
		return plain(choose(f.Value == "nobody", "Nobody else comes from there", "Others come from there too"))
	case risk.FeatureIP, risk.FeatureSubnet, risk.FeatureLanguage:
		return code(f.Value)
	}
	var parts []string // a part that nobody knows is empty, or has an empty version
	for part := range strings.SplitSeq(f.Value, "|") {
		parts = append(parts, strings.TrimSpace(part))
	}
	return views.Cell{Kind: views.Name, Text: joinedWith(", ", parts...)}
}

// networkWord is a network as people look it up: by its number, and its name where it is known.
func networkWord(asn uint, name string) string {
	if asn == 0 {
		return name
	}
	return strings.TrimSpace(fmt.Sprintf("AS%d %s", asn, name))
}

// compared reports whether a feature is one that the person and everybody have shares of.
func compared(f record.Feature) bool {
	return !slices.Contains([]string{"failures", "strangers", "lists"}, f.Name)
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
		return "Says little: too common or too little known among all"
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

// weightWord is a weight as a number, where it is one to speak of.
func weightWord(weight float64) string {
	if math.Abs(weight) < .25 || math.IsNaN(weight) {
		return ""
	}
	return fmt.Sprintf(" (%+.1f)", weight)
}

// featureTable shows how much each property of a sign-in speaks for or against its being the person's own.
func featureTable(l *i18n.Localizer, list []differs) *views.Table {
	t := &views.Table{Caption: "What made this sign-in usual or unusual", Columns: []views.Column{{Label: "Property"}, {Label: "This sign-in"}, {Label: "Usually"}, {Label: "Share of the person’s sign-ins"}, {Label: "Share of everybody’s"}, {Label: "What it says"}}}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b differs) int { return cmp.Compare(math.Abs(b.Weight), math.Abs(a.Weight)) }) // what counts most comes first
	most := 0.0
	for _, f := range list {
		if x := math.Abs(f.Weight); !math.IsInf(x, 0) && !math.IsNaN(x) {
			most = max(most, x)
		}
	}
	for _, f := range list {
		own, all, usual := views.Cell{}, views.Cell{}, views.Cell{}
		if compared(f.Feature) {
			own, all = plain(shareWord(f.Person)), plain(shareWord(f.Everyone))
		}
		switch {
		case f.Usual == "":
		case f.Usual == f.Value:
			usual = plain("The same")
		default:
			usual = featureValue(l, record.Feature{Name: f.Name, Value: f.Usual, Person: f.Often})
			usual.Sub = "In " + strings.ToLower(shareWord(f.Often)) + " of them"
			if f.Often >= .995 {
				usual.Sub = "Always"
			}
		}
		part := 0.0
		if most > 0 {
			part = math.Abs(f.Weight) / most
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{plain(featureWord(f.Name)), featureValue(l, f.Feature), usual, own, all,
			{Kind: views.Meter, Text: pull(f.Weight) + weightWord(f.Weight), Share: part, Tone: choose(f.Weight < 0, "ok", "danger")}}})
	}
	return t
}

// usualWords say in sentences what of a sign-in was unusual, and what was not.
func usualWords(l *i18n.Localizer, list []differs) []string {
	var odd, never, usual, also []string
	for _, f := range list {
		what := featureWord(f.Name)
		if value := featureValue(l, f.Feature).Text; value != "" && f.Name != risk.FeatureCookie {
			what += " (" + value + ")"
		}
		switch {
		case !compared(f.Feature):
			if f.Weight >= .25 {
				also = append(also, what)
			}
		case f.Weight >= .25 && f.Person <= 0:
			if f.Usual != "" && f.Name != risk.FeatureCookie {
				what += ", usually " + featureValue(l, record.Feature{Name: f.Name, Value: f.Usual, Person: f.Often}).Text
			}
			never = append(never, what)
		case f.Weight >= .25 && f.Person < .2:
			odd = append(odd, fmt.Sprintf("%s, seen in %s of this person’s sign-ins", what, strings.ToLower(shareWord(f.Person))))
		case f.Weight <= -.25:
			usual = append(usual, what)
		}
	}
	var out []string
	if len(never) > 0 {
		out = append(out, "Never seen with this person before: "+strings.Join(never, "; ")+".")
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
		return l.Evidence(key, evidence)
	}
	if key == "" {
		return riskTypeWord(l, typ)
	}
	return reasonWord(l, key)
}
