package policy

import (
	"slices"

	"portico/app/record"
)

// Explained is what one policy says to a What-If question.
type Explained struct {
	Policy     Policy
	Applies    bool // its conditions are met; one that is off is asked too, and demands nothing
	Conditions []record.Condition
	Missing    []string // conditions whose input was not given: not enough information
	FirstUnmet string   // name of the first condition that kept it from applying; "" = it applies
	Controls   []string // what it asks for, as the log has it
	Result     string   // in Graph's words, as the log would have it
}

// NotGiven is the detail of a condition whose input a What-If question did not give.
const NotGiven = "not given"

// WhatIf asks every policy about a sign-in that may never happen. It is Evaluate, except for what was not given:
// a condition about that is not met (R 5.11.3), whereas at a real sign-in an input that failed to load counts as
// applying. missing are names of conditions (EveryCondition). With nothing missing the answer is that of the
// sign-in itself.
func (s *Set) WhatIf(r Request, shown Shown, missing []string) (Decision, []Explained) {
	d := s.Evaluate(r)
	if len(d.Results) == 0 {
		return d, nil
	}
	traced := s.Trace(d, shown, false)
	every := EveryCondition()
	out := make([]Explained, 0, len(traced))
	asked := Decision{Results: make([]Result, len(d.Results)), request: d.request}
	for i, t := range traced {
		x := Explained{Policy: s.policies[i], Conditions: slices.Clone(t.Conditions), Controls: t.Controls, Result: t.Result}
		res := d.Results[i]
		for j, c := range x.Conditions {
			if !slices.Contains(missing, c.Name) {
				continue
			}
			bit := slices.IndexFunc(every, func(e Condition) bool { return e.Name == c.Name })
			res.Hit, res.Unknown, res.Miss = res.Hit&^(1<<bit), res.Unknown&^(1<<bit), res.Miss|1<<bit
			x.Missing = append(x.Missing, c.Name)
			x.Conditions[j].Answer, x.Conditions[j].Detail = record.Miss, NotGiven
		}
		x.Applies, x.FirstUnmet = res.Miss == 0, res.FirstUnmet()
		if !x.Applies && res != d.Results[i] && x.Policy.State != Off {
			x.Result = NotApplied
			if x.Policy.State == ReportOnly {
				x.Result = ReportOnlyNotApplied
			}
		}
		res.Applies = x.Applies
		asked.Results[i] = res
		out = append(out, x)
	}
	s.join(&asked)
	return asked, out
}
