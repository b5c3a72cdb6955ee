package policy

import (
	"strings"

	"portico/app/record"
)

// Results of a policy in Graph's words (R 5.10); Interrupted is ours for a sign-in that is not over.
const (
	Success               = "success"
	Failure               = "failure"
	NotApplied            = "notApplied"
	NotEnabled            = "notEnabled"
	Interrupted           = "interrupted"
	ReportOnlySuccess     = "reportOnlySuccess"
	ReportOnlyFailure     = "reportOnlyFailure"
	ReportOnlyInterrupted = "reportOnlyInterrupted" // the person would have been asked
	ReportOnlyNotApplied  = "reportOnlyNotApplied"
)

// Trace writes a decision out for the record: every policy with its conditions, what it asks for, and its
// result in Graph's words, given what was shown. final says that the sign-in has ended; until then what is
// still missing is an interruption and no failure.
func (s *Set) Trace(d Decision, shown Shown, final bool) []record.Policy {
	if s == nil || len(d.Results) == 0 {
		return nil
	}
	var q *question
	if d.request != nil {
		q = s.question(d.request)
	}
	every := EveryCondition()
	conditions := make([]record.Condition, 0, s.conditions) // one allocation for all of them
	out := make([]record.Policy, 0, len(s.policies))
	for i := range s.policies {
		if i >= len(d.Results) {
			break
		}
		p, c, res := &s.policies[i], &s.compiled[i], d.Results[i]
		from := len(conditions)
		for j := range c.bounds {
			b := &c.bounds[j]
			a := res.answer(b.bit)
			one := record.Condition{Name: every[b.bit].Name, Answer: a.record()}
			if q != nil {
				one.Detail = every[b.bit].detail(q, b, a)
			}
			conditions = append(conditions, one)
		}
		out = append(out, record.Policy{ID: p.ID, Name: p.Name, State: string(p.State), Controls: c.controls,
			Conditions: conditions[from:len(conditions):len(conditions)], Result: s.result(i, res, shown, final)})
	}
	return out
}

// result is what became of one policy.
func (s *Set) result(i int, res Result, shown Shown, final bool) string {
	c, state := &s.compiled[i], s.policies[i].State
	if state == Off {
		return NotEnabled
	}
	what := c.outcome(s, res, shown)
	if state != ReportOnly {
		if what == Interrupted && final {
			return Failure
		}
		return what
	}
	return "reportOnly" + strings.ToUpper(what[:1]) + what[1:]
}

// outcome of a policy if it were on.
func (c *compiled) outcome(s *Set, res Result, shown Shown) string {
	if !res.Applies {
		return NotApplied
	}
	if c.block {
		return Failure
	}
	what := Success
	for _, n := range c.clauses {
		clause := Clause{AnyOf: s.clauses[n]}
		switch {
		case clause.Met(shown):
		case clause.possible():
			what = Interrupted
		default:
			return Failure
		}
	}
	return what
}

// possible reports whether a person could meet a clause at all.
func (c Clause) possible() bool {
	for _, one := range c.AnyOf {
		switch one.Kind {
		case KindMFA, KindPasswordChange, KindTerms:
			return true
		case KindStrength:
			if one.Strength != nil && len(one.Strength.Combinations) > 0 {
				return true
			}
		}
	}
	return false
}
