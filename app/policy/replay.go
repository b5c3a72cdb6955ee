package policy

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Change is what another set of policies would have made of a recorded sign-in.
type Change string

const (
	Same        Change = "same"
	Challenged  Change = "challenged"  // asked for more than they were
	Blocked     Change = "blocked"     // would not have got in
	Freed       Change = "freed"       // would have got in, or been asked for less
	Differently Change = "differently" // asked for something else
)

// Changes are the kinds of change that matter, the gravest first.
func Changes() []Change { return []Change{Blocked, Challenged, Differently, Freed} }

// Replay asks two sets of rules about recorded sign-ins. It is for one goroutine at a time.
type Replay struct {
	present, draft          *Set
	changedWas, changedWill *Set // only the policies in which the two differ
	apps                    map[string]bool
}

// NewReplay prepares the comparison of a draft with the present rules.
func NewReplay(present, draft Rules) *Replay {
	was, will := differing(present, draft), differing(draft, present)
	x := &Replay{present: present.Compile(), draft: draft.Compile(), changedWas: Rules{was, present.Locations, present.Strengths}.Compile(),
		changedWill: Rules{will, draft.Locations, draft.Strengths}.Compile()}
	x.apps = touched(append(slices.Clone(was), will...))
	return x
}

// Nothing reports whether the two cannot differ in any sign-in.
func (x *Replay) Nothing() bool {
	return len(x.changedWas.Policies()) == 0 && len(x.changedWill.Policies()) == 0
}

// Ask says what becomes of one recorded sign-in. Only what the change touches is asked first: where that demands
// the same, the rest, which is the same on both sides, cannot make a difference (a decision is a join, DESIGN §5.1).
func (x *Replay) Ask(r Recorded) (Change, Outcome, Outcome) {
	if x.apps != nil && !x.apps[strings.ToLower(r.ClientID)] {
		return Same, Outcome{}, Outcome{}
	}
	if sameDemands(x.changedWas.Evaluate(r.Request), x.changedWill.Evaluate(r.Request)) {
		return Same, Outcome{}, Outcome{}
	}
	was, will := x.present.Evaluate(r.Request), x.draft.Evaluate(r.Request)
	demanded, _ := was.asksForSecond()
	given := Given(r, demanded || r.Switch == SwitchAlways)
	before, after := was.Outcome(r.Inputs, given, r.At), will.Outcome(r.Inputs, given, r.At)
	return Compare(before, after), before, after
}

// Compare names the difference between two outcomes.
func Compare(was, will Outcome) Change {
	switch {
	case was.Stopped != "" && will.Stopped != "":
		return Same
	case will.Stopped != "":
		return Blocked
	case was.Stopped != "":
		return Freed
	}
	more := slices.ContainsFunc(will.Asks, func(a string) bool { return !slices.Contains(was.Asks, a) })
	less := slices.ContainsFunc(was.Asks, func(a string) bool { return !slices.Contains(will.Asks, a) })
	switch {
	case more && less:
		return Differently
	case more:
		return Challenged
	case less:
		return Freed
	}
	return Same
}

// differing are the policies of one side that are not on the other in the same words, or that name a location or
// a strength which is not the same on both sides.
func differing(one, other Rules) []Policy {
	var out []Policy
	moved := movedNames(one, other)
	for _, p := range one.Policies {
		if p.State == Off || p.State == ReportOnly { // it demands nothing; where the other side's is on, that one is listed
			continue
		}
		i := slices.IndexFunc(other.Policies, func(q Policy) bool { return q.ID == p.ID })
		if i < 0 || !sameRule(p, other.Policies[i]) || namesAny(p, moved) {
			out = append(out, p)
		}
	}
	return out
}

// sameRule leaves out what a policy is called and when it was written.
func sameRule(a, b Policy) bool {
	return a.State == b.State && reflect.DeepEqual(a.Conditions, b.Conditions) && reflect.DeepEqual(a.GrantControls, b.GrantControls) &&
		reflect.DeepEqual(a.SessionControls, b.SessionControls)
}

// movedNames are the ids of locations and strengths that the two sides do not have alike. AllTrusted stands for
// every trusted location.
func movedNames(one, other Rules) map[string]bool {
	out := map[string]bool{}
	same := func(a, b any) bool {
		x, err := json.Marshal(a)
		y, err2 := json.Marshal(b)
		return err == nil && err2 == nil && string(x) == string(y)
	}
	for _, pair := range [][2]Rules{{one, other}, {other, one}} {
		for _, l := range pair[0].Locations {
			i := slices.IndexFunc(pair[1].Locations, func(m Location) bool { return m.ID == l.ID })
			if i < 0 || !same(l, pair[1].Locations[i]) {
				out[l.ID] = true
				if l.Trusted || i >= 0 && pair[1].Locations[i].Trusted {
					out[AllTrusted] = true
				}
			}
		}
		for _, s := range pair[0].Strengths {
			i := slices.IndexFunc(pair[1].Strengths, func(m Strength) bool { return m.ID == s.ID })
			if i < 0 || !same(s, pair[1].Strengths[i]) {
				out[s.ID] = true
			}
		}
	}
	return out
}

func namesAny(p Policy, moved map[string]bool) bool {
	has := func(list []string) bool { return slices.ContainsFunc(list, func(s string) bool { return moved[s] }) }
	if l := p.Conditions.Locations; l != nil && (has(l.Include) || has(l.Exclude)) {
		return true
	}
	return p.GrantControls != nil && p.GrantControls.Strength != nil && moved[p.GrantControls.Strength.ID]
}

// touched are the apps that policies can be about, in lower case; nil = any sign-in.
func touched(policies []Policy) map[string]bool {
	apps := map[string]bool{}
	for _, p := range policies {
		a := p.Conditions.Applications
		if len(a.IncludeUserActions)+len(a.IncludeContexts) > 0 || len(a.IncludeApplications) == 0 || slices.Contains(a.IncludeApplications, All) {
			return nil
		}
		for _, id := range a.IncludeApplications {
			apps[strings.ToLower(id)] = true
		}
	}
	return apps
}

// sameDemands reports whether two decisions ask for the same.
func sameDemands(a, b Decision) bool {
	return a.Block == b.Block && a.Frequency == b.Frequency && a.NeverPersistent == b.NeverPersistent && a.AlwaysPersistent == b.AlwaysPersistent &&
		slices.EqualFunc(a.Clauses, b.Clauses, func(x, y Clause) bool { return x.Risk == y.Risk && slices.EqualFunc(x.AnyOf, y.AnyOf, sameControl) })
}

func sameControl(a, b Control) bool {
	if a.Kind != b.Kind || a.Terms != b.Terms || (a.Strength == nil) != (b.Strength == nil) {
		return false
	}
	return a.Strength == nil || a.Strength.ID == b.Strength.ID && slices.Equal(a.Strength.Combinations, b.Strength.Combinations) &&
		slices.Equal(a.Strength.AAGUIDs, b.Strength.AAGUIDs)
}

// LongestReplay is how far back a replay goes.
const LongestReplay = 90 * 24 * time.Hour
