package admin

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/app/risk"
	"portico/app/tenant"
	"portico/handlers"
	views "portico/views/admin"
)

func thresholdHelp() views.Help {
	return views.Help{What: "Every detection with what it looks at, and every number that it goes by. An empty box means the default, which a later version of Portico may improve.",
		Do: "Change one thing at a time, and look after some days what it did on the overview. The challenge budget chooses the thresholds of unfamiliar sign-in properties for you."}
}

// levelsWord names the levels that a detection may have.
func levelsWord(levels []string) string {
	words := make([]string, len(levels))
	for i, l := range levels {
		words[i] = strings.ToLower(levelWord(l))
	}
	return strings.Join(words, ", ")
}

func (p *Portal) thresholds(c *fiber.Ctx) error {
	t, err := visitOf(c).tenant.Get(c.UserContext())
	if err != nil {
		return err
	}
	return p.thresholdsPage(c, t.Settings.Risk, nil)
}

// thresholdHint says what a number does, its default and its bounds.
func thresholdHint(f risk.Field) string {
	unit := f.Unit
	if unit != "" {
		unit = " " + unit
	}
	return f.Help + " Default " + trimFloat(f.Default) + unit + "; from " + trimFloat(f.Min) + " to " + trimFloat(f.Max) + "."
}

// thresholdsForm has a box for every detection that can be switched off, and for every number.
func thresholdsForm(base string, s risk.Settings) views.Form {
	f := views.Form{Action: base + "/thresholds", Submit: "Save thresholds", Main: true}
	numbers := map[string][]views.Field{}
	var others []views.Field // of what is no detection of a sign-in: how attacks are noticed
	kinds := risk.Catalogue()
	for _, x := range risk.Fields() {
		field := views.Field{Name: x.ID, Label: x.Name + choose(x.Unit == "", "", " ("+x.Unit+")"), Hint: thresholdHint(x), InputMode: "decimal", Optional: true}
		if x.Own(s) {
			field.Value = trimFloat(x.Of(s))
		}
		if slices.ContainsFunc(kinds, func(k risk.Kind) bool { return k.Type == x.Type }) {
			numbers[x.Type] = append(numbers[x.Type], field)
		} else {
			others = append(others, field)
		}
	}
	for _, k := range kinds {
		if k.Always {
			continue
		}
		hint := k.Sees
		if len(k.Levels) > 0 {
			hint += " Level: " + levelsWord(k.Levels) + "."
		}
		hint += " " + timingWord(k.Timing) + "."
		f.Fields = append(f.Fields, views.Field{Kind: views.Heading, Label: k.Name},
			views.Field{Kind: views.Check, Name: "on." + k.Type, Label: "Look for “" + k.Name + "”", Hint: hint, Value: tick(s.Runs(k.Type))})
		f.Fields = append(f.Fields, numbers[k.Type]...)
	}
	if len(others) > 0 {
		f.Fields = append(f.Fields, views.Field{Kind: views.Heading, Label: "Attacks"})
		f.Fields = append(f.Fields, others...)
	}
	return f
}

func (p *Portal) thresholdsPage(c *fiber.Ctx, s risk.Settings, problem error) error {
	v := visitOf(c)
	now, err := v.tenant.Get(c.UserContext())
	if err != nil {
		return err
	}
	form := thresholdsForm(v.protectBase(), s)
	if c.Method() == fiber.MethodPost {
		keepTyped(c, &form)
	}
	form.Fields = append(form.Fields, loadedFrom(c, now.Settings.Risk, problem))
	if !complain(handlers.InfoOf(c).Locale, &form, problem) {
		return problem
	}
	part := views.Section{ID: "thresholds", Title: "Detections and their thresholds", Form: &form}
	m := views.Protect{Tab: tabThresholds}
	switch {
	case !v.decidesRisk():
		part.Form, part.Table = nil, thresholdsTable(now.Settings.Risk)
		m.Rest = []views.Section{part}
	default:
		m.Rest = []views.Section{part, {ID: "reset", Title: "Back to the defaults", Danger: true, Lead: "Every detection is switched on and every number is the default again. The challenge budget is forgotten.",
			Buttons: []views.Action{{Label: "Reset all thresholds", Post: v.protectBase() + "/thresholds/reset", Danger: true}}}}
	}
	return p.protect(c, "Risk thresholds", "What is looked for, and from where on it counts.", thresholdHelp(), m, form.Problems)
}

// thresholdsTable shows the numbers to who may not change them.
func thresholdsTable(s risk.Settings) *views.Table {
	t := &views.Table{Caption: "Detections and their thresholds", Columns: []views.Column{{Label: "Detection"}, {Label: "State"}, {Label: "Thresholds"}}}
	for _, k := range risk.Catalogue() {
		var list []string
		for _, f := range risk.Fields() {
			if f.Type == k.Type {
				list = append(list, f.Name+": "+trimFloat(f.Of(s))+choose(f.Unit == "", "", " "+f.Unit)+choose(f.Own(s), "", " (default)"))
			}
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Text: k.Name, Sub: k.Sees}, badge(choose(s.Runs(k.Type), "ok", "neutral"), choose(s.Runs(k.Type), "On", "Off")), {Kind: views.Lines, List: list}}})
	}
	return t
}

// decimal reads a number as people type it; empty is the default.
func decimal(c *fiber.Ctx, bad *fault.Fields, f risk.Field) float64 {
	s := strings.ReplaceAll(strings.ReplaceAll(typed(c, f.ID), " ", ""), ",", ".")
	if s == "" {
		return f.Default
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) || x < f.Min || x > f.Max {
		bad.Add(f.ID, "risk.setting_range", map[string]any{"min": f.Min, "max": f.Max})
	}
	return x
}

func (p *Portal) thresholdsSave(c *fiber.Ctx) error {
	v := visitOf(c)
	var bad fault.Fields
	values := map[string]float64{}
	for _, f := range risk.Fields() {
		values[f.ID] = decimal(c, &bad, f)
	}
	if err := bad.Err(); err != nil {
		return p.thresholdsPage(c, v.dir.Tenant.Settings.Risk, err)
	}
	_, err := v.tenant.Update(c.UserContext(), v.actor(c), func(t *tenant.Tenant) error {
		if err := unchanged(c, t.Settings.Risk); err != nil {
			return err
		}
		s, was := &t.Settings.Risk, t.Settings.Risk
		s.Off = nil
		for _, k := range risk.Catalogue() {
			if !k.Always && !ticked(c, "on."+k.Type) {
				s.Off = append(s.Off, k.Type)
			}
		}
		for _, f := range risk.Fields() {
			f.Set(s, values[f.ID])
		}
		if s.UnfamiliarMedium != was.UnfamiliarMedium { // chosen by hand: no budget stands behind it any more
			s.ChallengeShare = 0
		}
		return nil
	})
	if err != nil {
		return p.thresholdsPage(c, v.dir.Tenant.Settings.Risk, err)
	}
	return p.done(c, v.protectBase()+"/thresholds", "The thresholds are saved. They count from the next sign-in.")
}

func (p *Portal) thresholdsReset(c *fiber.Ctx) error {
	v := visitOf(c)
	if _, err := v.tenant.Update(c.UserContext(), v.actor(c), func(t *tenant.Tenant) error { t.Settings.Risk = risk.Settings{}; return nil }); err != nil {
		return err
	}
	return p.done(c, v.protectBase()+"/thresholds", "All thresholds are the defaults again.")
}
