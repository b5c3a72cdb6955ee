package policy

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// R 16.3.13: What-If about the inputs of a recorded sign-in answers what the sign-in did.
func TestWhatIfIsTheSignInItself(t *testing.T) {
	r := random{rand.New(rand.NewPCG(9, 10))}
	for range 3000 {
		set := r.rules().Compile()
		q, _ := RequestOf(r.signIn())
		d := set.Evaluate(q)
		traced := set.Trace(d, ShownOf(q.Inputs), false)
		got, list := set.WhatIf(q, ShownOf(q.Inputs), nil)
		if !reflect.DeepEqual(got, d) {
			t.Fatalf("%+v\n%+v", got, d)
		}
		for i, x := range list {
			if x.Applies != d.Results[i].Applies || x.Result != traced[i].Result || !slices.Equal(x.Conditions, traced[i].Conditions) || (x.FirstUnmet == "") != x.Applies {
				t.Fatalf("%+v\n%+v", x, traced[i])
			}
		}
	}
}

// R 5.11.3, 16.3.12: what was not given is not met, and the first of these is named.
func TestWhatIfWithoutWhatAPolicyAsks(t *testing.T) {
	away := with(forAll("away", On, ControlBlock), func(p *Policy) { p.Conditions.Locations = &Locations{Include: []string{All}} })
	risky := with(forAll("risky", ReportOnly, ControlMFA), func(p *Policy) { p.Conditions.SignInRiskLevels = []string{"high"} })
	off := forAll("off", Off, ControlBlock)
	mfa := forAll("mfa", On, ControlMFA)
	set := Compile([]Policy{away, risky, off, mfa}, nil, nil)
	q := somebody().Request
	q.SignInRisk = "high"
	d, list := set.WhatIf(q, Shown{}, []string{"location", "signInRisk"})
	if d.Block || len(d.Clauses) != 1 {
		t.Errorf("%+v", d)
	}
	for i, want := range []Explained{{FirstUnmet: "location", Missing: []string{"location"}, Result: NotApplied}, {FirstUnmet: "signInRisk", Missing: []string{"signInRisk"}, Result: ReportOnlyNotApplied},
		{Applies: true, Result: NotEnabled}, {Applies: true, Result: Interrupted}} {
		x := list[i]
		if x.FirstUnmet != want.FirstUnmet || !slices.Equal(x.Missing, want.Missing) || x.Result != want.Result || x.Applies != want.Applies {
			t.Errorf("%s: %+v", x.Policy.Name, x)
		}
	}
	if d, _ := set.WhatIf(q, Shown{}, nil); !d.Block {
		t.Error("a place that is anywhere was not met although it was asked")
	}
	var none *Set
	if d, list := none.WhatIf(Request{}, Shown{}, []string{"location"}); d.Block || len(list) != 0 {
		t.Errorf("%+v %+v", d, list)
	}
}
