package policy

import (
	"slices"
	"strings"
	"time"

	"portico/app/record"
)

// Set is a tenant's policies made ready to be asked: names resolved, ranges sorted. It never changes, and a nil
// Set is one without policies.
type Set struct {
	policies   []Policy
	compiled   []compiled
	areas      []area
	strengths  map[string]*Strength
	clauses    [][]Control // every one that a policy asks for, in their fixed order
	conditions int         // that are configured, over all policies
	needs      Needs

	users, groups, roles, apps, contexts names
}

// Policies gives the policies in the order of a decision's results.
func (s *Set) Policies() []Policy {
	if s == nil {
		return nil
	}
	return s.policies
}

// Strength gives a strength by id, a built-in one too.
func (s *Set) Strength(id string) (Strength, bool) {
	if s == nil {
		return Strength{}, false
	}
	one, ok := s.strengths[strings.ToLower(id)]
	if !ok {
		return Strength{}, false
	}
	return *one, true
}

// Needs says which facts about a person some policy looks at, so that others need not be loaded. Policies that
// are off count too: they may be asked about what was recorded.
type Needs struct{ Groups, Roles, Guest, Terms bool }

// Needs of the set.
func (s *Set) Needs() Needs {
	if s == nil {
		return Needs{}
	}
	return s.needs
}

func (n Needs) with(p *Policy) Needs {
	u := p.Conditions.Users
	n.Groups = n.Groups || len(u.IncludeGroups)+len(u.ExcludeGroups) > 0
	n.Roles = n.Roles || len(u.IncludeRoles)+len(u.ExcludeRoles) > 0
	n.Guest = n.Guest || slices.Contains(u.IncludeUsers, Guests) || slices.Contains(u.ExcludeUsers, Guests)
	n.Terms = n.Terms || p.GrantControls != nil && len(p.GrantControls.TermsOfUse) > 0
	return n
}

// Evaluate visits every policy and joins what those demand that are on.
func (s *Set) Evaluate(r Request) Decision {
	if s == nil || len(s.compiled) == 0 {
		return Decision{}
	}
	q := s.question(&r)
	d := Decision{Results: make([]Result, len(s.compiled)), request: &r}
	for i := range s.compiled {
		d.Results[i] = s.compiled[i].ask(q)
	}
	s.join(&d)
	return d
}

// join adds up what the policies demand that apply and are on.
func (s *Set) join(d *Decision) {
	var wanted, risky bits
	always := false
	for i := range s.compiled {
		c, res := &s.compiled[i], d.Results[i]
		if !res.Applies || !c.on {
			continue
		}
		d.Block, d.BlockRisk = d.Block || c.block, d.BlockRisk || c.block && c.risk
		d.NeverPersistent = d.NeverPersistent || c.never
		always = always || c.always && res.Unknown == 0 // it loosens: only where everything could be told
		d.Frequency = d.Frequency.min(c.frequency)
		for _, n := range c.clauses {
			if wanted == nil {
				both := make(bits, 2*((len(s.clauses)+63)/64))
				wanted, risky = both[:len(both)/2], both[len(both)/2:]
			}
			wanted.set(n)
			if c.risk {
				risky.set(n)
			}
		}
	}
	d.AlwaysPersistent = always && !d.NeverPersistent
	if wanted != nil {
		for n, anyOf := range s.clauses {
			if wanted.has(n) {
				d.Clauses = append(d.Clauses, Clause{AnyOf: anyOf, Risk: risky.has(n)})
			}
		}
	}
}

// ask visits every condition of a policy: none is left out because another has said no.
func (c *compiled) ask(q *question) Result {
	var res Result
	for i := range c.bounds {
		b := &c.bounds[i]
		switch b.ask(q) {
		case hit:
			res.Hit |= 1 << b.bit
		case unknown:
			res.Unknown |= 1 << b.bit
		default:
			res.Miss |= 1 << b.bit
		}
	}
	res.Applies = res.Miss == 0
	return res
}

// Trusted reports whether a request comes from a named location that is marked as trusted. A place that could not be
// told is not trusted.
func (s *Set) Trusted(from record.Signals) bool {
	if s == nil || len(s.areas) == 0 {
		return false
	}
	return s.question(&Request{Signals: from}).inTrusted() == hit
}

// Unmet are the clauses of a decision that what was shown does not meet.
func (d Decision) Unmet(s Shown) []Clause {
	var out []Clause
	for _, c := range d.Clauses {
		if !c.Met(s) {
			out = append(out, c)
		}
	}
	return out
}

// Met reports whether one of a clause's controls is.
func (c Clause) Met(s Shown) bool {
	if c.Risk && s.Remembered { // whoever holds the device is not therefore its owner
		s.MFA = time.Time{}
	}
	if c.Risk {
		s = s.former()
	}
	return slices.ContainsFunc(c.AnyOf, func(one Control) bool { return one.Met(s) })
}

// former is what was shown without second factors that were registered only since the person is at risk.
func (s Shown) former() Shown {
	if !s.AtRisk {
		return s
	}
	first := slices.Clone(s.Methods[:min(1, len(s.Methods))])
	if len(first) > 0 && ModeOf(first[0]) == modePasskey && !slices.Contains(s.Former, first[0]) {
		first[0] = EarlierPasskey
	}
	if s.Methods = append(first, s.Former...); len(s.Former) == 0 {
		s.MFA, s.AAGUIDs = time.Time{}, nil
	}
	return s
}

// Met reports whether what was shown meets a control.
func (c Control) Met(s Shown) bool {
	switch c.Kind {
	case KindMFA:
		return s.MFAOff || !s.MFA.IsZero()
	case KindPasswordChange:
		return s.PasswordChanged
	case KindTerms:
		return slices.Contains(s.Terms, c.Terms)
	case KindStrength:
		return s.MFAOff || !s.MFA.IsZero() && c.Strength != nil && c.Strength.MetBy(s.Methods, s.AAGUIDs)
	}
	return false // none of ours: it cannot be met, and is not skipped
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

// Stale reports whether proofs are too old: of the person, and of the second factor, which then counts as not
// shown.
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
	Stale    bool     // a proof is older than a policy allows
	Contexts []string // those of the request's authentication contexts that still hold
	Inputs   *record.Inputs
	Policies []record.Policy
	// What risk found about the renewal, for the record.
	Risk         []record.Finding
	RiskLevel    string
	CouldNotTell []string
}
