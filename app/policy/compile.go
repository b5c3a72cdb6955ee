package policy

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// compiled is a policy made ready to be asked.
type compiled struct {
	bounds    []bound
	on        bool
	block     bool
	clauses   []int // numbers in Set.clauses
	risk      bool  // has a sign-in-risk or user-risk condition
	frequency Frequency
	never     bool // keep signed in: never
	always    bool
	controls  []string
}

// compiler numbers what policies name.
type compiler struct {
	set     *Set
	strings map[string]int // of clauses
}

// Compile makes a set. A policy that names a location or strength which is gone is kept: that condition could
// not tell, and that strength cannot be shown (DESIGN §5.2). The built-in strengths are always there.
func Compile(policies []Policy, locations []Location, strengths []Strength) *Set {
	s := &Set{policies: slices.Clone(policies), areas: areasOf(locations), strengths: map[string]*Strength{},
		users: names{}, groups: names{}, roles: names{}, apps: names{}, contexts: names{}}
	for _, one := range append(BuiltInStrengths(), strengths...) {
		s.strengths[strings.ToLower(one.ID)] = &one
	}
	c := &compiler{set: s, strings: map[string]int{}}
	every := EveryCondition()
	s.compiled = make([]compiled, len(policies))
	for i := range s.policies {
		p := &s.policies[i]
		out := &s.compiled[i]
		for bit, cond := range every {
			if ask := cond.compile(c, p); ask != nil {
				out.bounds = append(out.bounds, bound{bit: bit, ask: ask})
			}
		}
		// A state that is none of ours counts as on: nothing gets more permissive because of a fault.
		out.on = p.State != Off && p.State != ReportOnly
		out.risk = len(p.Conditions.SignInRiskLevels) > 0 || len(p.Conditions.UserRiskLevels) > 0
		c.grant(p, out)
		session(p.SessionControls, out)
		s.needs = s.needs.with(p)
		s.conditions += len(out.bounds)
	}
	c.sort()
	return s
}

// numbered gives the sorted numbers of names.
func numbered(n names, ids []string) list {
	var out list
	for _, id := range ids {
		out = append(out, n.add(id))
	}
	slices.Sort(out)
	return out
}

// grant makes the clauses of a policy: one per control with AND, one of all with OR.
func (c *compiler) grant(p *Policy, out *compiled) {
	g := p.GrantControls
	if g == nil {
		return
	}
	var controls []Control
	for _, b := range g.BuiltInControls {
		if b == ControlBlock {
			out.block = true
			out.controls = append(out.controls, ControlBlock)
			continue
		}
		controls = append(controls, Control{Kind: Kind(b)}) // one that is none of ours cannot be met
	}
	if g.Strength != nil {
		strength, ok := c.set.strengths[strings.ToLower(g.Strength.ID)]
		if !ok {
			strength = &Strength{ID: g.Strength.ID} // gone: no combination shows it
		}
		controls = append(controls, Control{Kind: KindStrength, Strength: strength})
	}
	for _, id := range g.TermsOfUse {
		controls = append(controls, Control{Kind: KindTerms, Terms: id})
	}
	slices.SortFunc(controls, compareControls)
	controls = slices.CompactFunc(controls, func(a, b Control) bool { return compareControls(a, b) == 0 })
	for _, one := range controls {
		out.controls = append(out.controls, one.String())
	}
	if len(controls) == 0 {
		return
	}
	if strings.EqualFold(g.Operator, "OR") {
		out.clauses = append(out.clauses, c.clause(controls))
		return
	}
	for _, one := range controls {
		out.clauses = append(out.clauses, c.clause([]Control{one}))
	}
}

// clause numbers a clause; the same one of two policies is one.
func (c *compiler) clause(anyOf []Control) int {
	key := clauseKey(anyOf)
	i, ok := c.strings[key]
	if !ok {
		i = len(c.set.clauses)
		c.strings[key] = i
		c.set.clauses = append(c.set.clauses, anyOf)
	}
	return i
}

func clauseKey(anyOf []Control) string {
	var b strings.Builder
	for _, one := range anyOf {
		b.WriteString(one.String() + "\n")
	}
	return b.String()
}

// sort puts the clauses into their fixed order, whatever the order of the policies.
func (c *compiler) sort() {
	order := make([]int, len(c.set.clauses))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return slices.CompareFunc(c.set.clauses[a], c.set.clauses[b], compareControls)
	})
	place := make([]int, len(order))
	sorted := make([][]Control, len(order))
	for to, from := range order {
		place[from], sorted[to] = to, c.set.clauses[from]
	}
	c.set.clauses = sorted
	for i := range c.set.compiled {
		for j, n := range c.set.compiled[i].clauses {
			c.set.compiled[i].clauses[j] = place[n]
		}
	}
}

// order of a kind: the order in which people are asked (R 5.9.2).
func (k Kind) order() int {
	return slices.Index([]Kind{KindMFA, KindStrength, KindPasswordChange, KindTerms}, k)
}

func compareControls(a, b Control) int {
	id := func(c Control) string {
		if c.Strength != nil {
			return c.Strength.ID
		}
		return c.Terms
	}
	return cmp.Or(cmp.Compare(a.Kind.order(), b.Kind.order()), cmp.Compare(a.Kind, b.Kind), cmp.Compare(id(a), id(b)))
}

// String is how the record names a control: Graph's word, and which one where there are several.
func (c Control) String() string {
	switch {
	case c.Kind == KindStrength && c.Strength != nil:
		return string(c.Kind) + ":" + c.Strength.ID
	case c.Kind == KindTerms:
		return string(c.Kind) + ":" + c.Terms
	}
	return string(c.Kind)
}

// session reads the session controls.
func session(sc *SessionControls, out *compiled) {
	if sc == nil {
		return
	}
	if f := sc.SignInFrequency; f != nil && f.IsEnabled {
		out.frequency = f.frequency()
		out.controls = append(out.controls, "signInFrequency")
	}
	if b := sc.PersistentBrowser; b != nil && b.IsEnabled {
		out.always = b.Mode == "always"
		out.never = !out.always
		out.controls = append(out.controls, "persistentBrowser")
	}
}

// frequency says how old proofs may be. One that counts from both factors limits both.
func (f SignInFrequency) frequency() Frequency {
	secondOnly := f.AuthenticationType == SecondOnly
	if f.FrequencyInterval == EveryTime {
		return Frequency{EveryTime: !secondOnly, EverySecond: true}
	}
	unit := time.Hour
	if f.Type == "days" {
		unit = 24 * time.Hour
	}
	limit := time.Duration(f.Value) * unit
	if limit <= 0 { // nothing sensible was stored: the strictest
		return Frequency{EveryTime: !secondOnly, EverySecond: true}
	}
	out := Frequency{Second: limit}
	if !secondOnly {
		out.Any = limit
	}
	return out
}

// Words of SignInFrequency.
const (
	EveryTime  = "everyTime"
	TimeBased  = "timeBased"
	SecondOnly = "secondaryAuthentication"
	BothProofs = "primaryAndSecondaryAuthentication"
)

// min joins two limits; zero is none.
func (f Frequency) min(o Frequency) Frequency {
	least := func(a, b time.Duration) time.Duration {
		if a == 0 || b != 0 && b < a {
			return b
		}
		return a
	}
	return Frequency{Any: least(f.Any, o.Any), Second: least(f.Second, o.Second),
		EveryTime: f.EveryTime || o.EveryTime, EverySecond: f.EverySecond || o.EverySecond}
}
