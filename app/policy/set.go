package policy

import (
	"slices"
	"time"

	"portico/app/record"
)

// Set is a tenant's policies made ready to be asked: names resolved, ranges sorted. It never changes, and a nil
// Set is one without policies.
type Set struct {
	policies  []Policy
	locations []Location
	strengths []Strength
}

// Compile makes a set. A policy that names a location or strength which is gone is kept; that condition could
// not tell (DESIGN §5.2).
func Compile(policies []Policy, locations []Location, strengths []Strength) *Set {
	return &Set{policies: slices.Clone(policies), locations: slices.Clone(locations), strengths: slices.Clone(strengths)}
}

// Policies gives the policies in the order of a decision's results.
func (s *Set) Policies() []Policy {
	if s == nil {
		return nil
	}
	return s.policies
}

// Needs says which facts about a person some policy looks at, so that others need not be loaded.
type Needs struct{ Groups, Roles, Guest, Terms bool }

// Needs of the set.
func (s *Set) Needs() Needs { return Needs{} }

// Evaluate visits every policy and joins what those demand that are on.
func (s *Set) Evaluate(r Request) Decision {
	var d Decision
	for range s.Policies() {
		d.Results = append(d.Results, Result{})
	}
	return d
}

// Trace writes a decision out for the record: every policy with its conditions, what it asks for, and its
// result in Graph's words, given what was shown. final says that the sign-in has ended; until then what is
// still missing is an interruption and no failure.
func (s *Set) Trace(d Decision, shown Shown, final bool) []record.Policy {
	var out []record.Policy
	for i, p := range s.Policies() {
		if i < len(d.Results) {
			out = append(out, record.Policy{ID: p.ID, Name: p.Name, State: string(p.State), Result: "notApplied"})
		}
	}
	return out
}

// Unmet are the clauses of a decision that what was shown does not meet.
func (d Decision) Unmet(s Shown) []Clause {
	var out []Clause
	for _, c := range d.Clauses {
		if !slices.ContainsFunc(c.AnyOf, func(one Control) bool { return one.met(s) }) {
			out = append(out, c)
		}
	}
	return out
}

func (c Control) met(s Shown) bool {
	switch c.Kind {
	case KindMFA:
		return s.MFAOff || !s.MFA.IsZero()
	case KindPasswordChange:
		return s.PasswordChanged
	case KindTerms:
		return slices.Contains(s.Terms, c.Terms)
	case KindStrength:
		return s.MFAOff
	}
	return false
}

// Asks reports whether a decision asks for a kind of control, and whether because of risk.
func (d Decision) Asks(k Kind) (asks, risk bool) {
	for _, c := range d.Clauses {
		if slices.ContainsFunc(c.AnyOf, func(one Control) bool { return one.Kind == k }) {
			asks, risk = true, risk || c.Risk
		}
	}
	return asks, risk
}

// Stale reports whether proofs are too old: of the person, and of the second factor.
func (f Frequency) Stale(auth, second, now time.Time) (person, factor bool) {
	grace := func(every bool, limit time.Duration) time.Duration {
		if every && (limit == 0 || limit > EveryTimeGrace) {
			return EveryTimeGrace
		}
		return limit
	}
	if limit := grace(f.EveryTime, f.Any); limit > 0 {
		person = now.Sub(auth) > limit
	}
	if limit := grace(f.EverySecond, f.Second); limit > 0 && !second.IsZero() {
		factor = now.Sub(second) > limit
	}
	return person, factor
}

// Answer is what the token endpoint hears at refresh.
type Answer struct {
	Block    bool
	Unmet    []Clause
	Stale    bool // a proof is older than a policy allows
	Inputs   *record.Inputs
	Policies []record.Policy
}
