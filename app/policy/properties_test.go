package policy

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	"portico/app/record"
)

// draw makes random policies and requests over a small world, so that much of it meets.
type draw struct{ *rand.Rand }

func (d draw) some(of ...string) []string {
	var out []string
	for _, s := range of {
		if d.IntN(4) == 0 {
			out = append(out, s)
		}
	}
	return out
}

func (d draw) one(of ...string) string { return of[d.IntN(len(of))] }

func (d draw) policy(id int) Policy {
	p := Policy{ID: fmt.Sprint(id), Name: fmt.Sprint("P", id), State: []State{On, On, On, ReportOnly, Off}[d.IntN(5)]}
	c := &p.Conditions
	c.Users = Users{IncludeUsers: d.some(All, All, "u1", "u2", Guests, None), ExcludeUsers: d.some("u1", Guests), IncludeGroups: d.some("g1", "g2"),
		ExcludeGroups: d.some("g2", "g3"), IncludeRoles: d.some("r1"), ExcludeRoles: d.some("r2")}
	if d.IntN(3) > 0 {
		c.Users.IncludeUsers = append(c.Users.IncludeUsers, All)
	}
	switch d.IntN(6) {
	case 0:
		c.Applications.IncludeUserActions = d.some(UserActions()...)
	case 1:
		c.Applications.IncludeContexts = d.some("c1", "c2")
	default:
		c.Applications = Applications{IncludeApplications: append(d.some("a1", "a2"), d.some(All, All)...), ExcludeApplications: d.some("a2")}
	}
	if d.IntN(3) == 0 {
		c.ClientAppTypes = d.some(Browser, NativeClient, AnyClient)
	}
	if d.IntN(3) == 0 {
		c.Platforms = &Platforms{Include: d.some("all", "windows", "iOS"), Exclude: d.some("windows", "linux")}
	}
	if d.IntN(3) == 0 {
		c.Locations = &Locations{Include: d.some(All, All, AllTrusted, "office", "europe", "gone"), Exclude: d.some(AllTrusted, "shop", "both", "gone")}
	}
	if d.IntN(4) == 0 {
		c.SignInRiskLevels = d.some(RiskNone, RiskLow, RiskMedium, RiskHigh)
	}
	if d.IntN(4) == 0 {
		c.UserRiskLevels = d.some(RiskLow, RiskMedium, RiskHigh)
	}
	if d.IntN(6) == 0 {
		c.AuthenticationFlows = &TransferMethod{Methods: d.one(DeviceCode, TransferOfApp, DeviceCode+","+TransferOfApp)}
	}
	if d.IntN(5) > 0 {
		p.GrantControls = &GrantControls{Operator: d.one("AND", "OR"), BuiltInControls: d.some(ControlBlock, ControlMFA, ControlMFA, ControlPasswordChange, "odd"), TermsOfUse: d.some("t1", "t2")}
		if d.IntN(4) == 0 {
			p.GrantControls.Strength = &StrengthRef{ID: d.one(StrengthMFA, StrengthPhishingResistant, "gone")}
		}
	}
	if d.IntN(3) == 0 {
		p.SessionControls = &SessionControls{
			SignInFrequency:   &SignInFrequency{IsEnabled: d.IntN(2) == 0, Type: d.one("hours", "days"), Value: 1 + d.IntN(9), FrequencyInterval: d.one(TimeBased, EveryTime), AuthenticationType: d.one(SecondOnly, BothProofs)},
			PersistentBrowser: &PersistentBrowser{IsEnabled: d.IntN(2) == 0, Mode: d.one("always", "never")}}
	}
	return p
}

func (d draw) policies() []Policy {
	out := make([]Policy, d.IntN(8))
	for i := range out {
		out[i] = d.policy(i)
	}
	return out
}

func (d draw) request() Request {
	r := Request{UserID: d.one("", "u1", "u2", "u3"), ClientID: d.one("a1", "a2", "a3")}
	r.Signals = record.Signals{IP: netip.MustParseAddr(d.one("198.51.100.4", "203.0.113.7", "192.0.2.1", "2001:db8:1::1")), Country: d.one("", "DE", "FR", "US"),
		Platform: d.one("", "windows", "iOS", "linux")}
	r.Inputs = record.Inputs{Groups: d.some("g1", "g2", "g3"), Roles: d.some("r1", "r2"), Guest: d.IntN(2) == 0, ClientApp: d.one("", Browser, NativeClient),
		Transfer: d.one("", "", DeviceCode), Contexts: d.some("c1", "c2"), SignInRisk: d.one(RiskNone, RiskLow, RiskHigh), UserRisk: d.one(RiskNone, RiskHigh)}
	if d.IntN(4) == 0 {
		r.Action = d.one(UserActions()...)
		if d.IntN(2) == 0 {
			r.ClientID = ""
		}
	}
	return r
}

// ignorant is the request with some inputs that failed to load, and whatever was in them gone.
func (d draw) ignorant(r Request) Request {
	for _, input := range d.some(InputGroups, InputRoles, InputGuest, InputContexts, InputPlatform, InputLocation, InputClientApp, InputSignInRisk, InputUserRisk, InputTransfer) {
		r.Unknown = append(slices.Clone(r.Unknown), input)
		switch input {
		case InputGroups:
			r.Groups = nil
		case InputRoles:
			r.Roles = nil
		case InputGuest:
			r.Guest = false
		case InputContexts:
			r.Contexts = nil
		case InputPlatform:
			r.Signals.Platform = ""
		case InputLocation:
			r.Signals.Country, r.Signals.IP = "", netip.Addr{}
		case InputClientApp:
			r.ClientApp = ""
		case InputSignInRisk:
			r.SignInRisk = ""
		case InputUserRisk:
			r.UserRisk = ""
		case InputTransfer:
			r.Transfer = ""
		}
	}
	if d.IntN(3) == 0 {
		r.Signals.Country, r.Signals.PlaceFailed = "", true
	}
	return r
}

// atLeast says how one decision is weaker than another; "" = it is not.
func atLeast(weak, strong Decision) string {
	limit := func(a, b time.Duration) bool { return a == 0 || b != 0 && b <= a }
	switch {
	case weak.Block && !strong.Block:
		return "a block is gone"
	case weak.NeverPersistent && !strong.NeverPersistent:
		return "people stay signed in"
	case !limit(weak.Frequency.Any, strong.Frequency.Any), !limit(weak.Frequency.Second, strong.Frequency.Second),
		weak.Frequency.EveryTime && !strong.Frequency.EveryTime, weak.Frequency.EverySecond && !strong.Frequency.EverySecond:
		return "proofs may be older"
	}
	for _, c := range weak.Clauses {
		i := slices.IndexFunc(strong.Clauses, func(o Clause) bool { return clauseKey(o.AnyOf) == clauseKey(c.AnyOf) })
		if i < 0 {
			return "a demand is gone: " + clauseKey(c.AnyOf)
		}
		if c.Risk && !strong.Clauses[i].Risk {
			return "a demand is no longer because of risk"
		}
	}
	return ""
}

const rounds = 4000

// Order is irrelevant, and asking twice or having every policy twice makes no difference.
func TestOrderFreeAndIdempotent(t *testing.T) {
	d := draw{rand.New(rand.NewPCG(1, 2))}
	for range rounds {
		policies, r := d.policies(), d.request()
		s := Compile(policies, places5(), nil)
		one := s.Evaluate(r)
		shuffled := slices.Clone(policies)
		d.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		double := slices.Concat(policies, policies)
		for name, other := range map[string]Decision{"again": s.Evaluate(r), "shuffled": Compile(shuffled, places5(), nil).Evaluate(r), "double": Compile(double, places5(), nil).Evaluate(r)} {
			a, b := one, other
			a.Results, b.Results, a.request, b.request = nil, nil, nil, nil
			if !reflect.DeepEqual(a, b) {
				t.Fatalf("%s: %+v, was %+v\n%+v\n%+v", name, b, a, policies, r)
			}
		}
	}
}

// Another policy never weakens; nor does a policy that goes from off to report-only.
func TestMonotoneInPolicies(t *testing.T) {
	d := draw{rand.New(rand.NewPCG(3, 4))}
	for range rounds {
		policies, r := d.policies(), d.request()
		before := Compile(policies, places5(), nil).Evaluate(r)
		after := Compile(append(slices.Clone(policies), d.policy(99)), places5(), nil).Evaluate(r)
		if why := atLeast(before, after); why != "" {
			t.Fatalf("another policy weakened: %s\n%+v\n%+v", why, policies, r)
		}
	}
}

// Knowing less never weakens: what applied applies still, and nothing is loosened.
func TestMonotoneInIgnorance(t *testing.T) {
	d := draw{rand.New(rand.NewPCG(5, 6))}
	weaker := 0
	for range rounds {
		policies, r := d.policies(), d.request()
		s := Compile(policies, places5(), nil)
		known, less := s.Evaluate(r), s.Evaluate(d.ignorant(r))
		if why := atLeast(known, less); why != "" {
			t.Fatalf("ignorance weakened: %s\n%+v\n%+v", why, policies, r)
		}
		if less.AlwaysPersistent && !known.AlwaysPersistent {
			t.Fatal("ignorance keeps people signed in")
		}
		for i := range known.Results {
			if known.Results[i].Applies && !less.Results[i].Applies {
				t.Fatalf("policy %d no longer applies\n%+v\n%+v", i, policies[i], r)
			}
			if !known.Results[i].Applies && less.Results[i].Applies {
				weaker++
			}
		}
	}
	if weaker == 0 {
		t.Error("ignorance never made a difference: the draw proves nothing")
	}
}

// Each condition of each policy has exactly one answer, and the trace says what the bits say.
func TestTraceIsTheDecision(t *testing.T) {
	d := draw{rand.New(rand.NewPCG(7, 8))}
	for range rounds / 4 {
		policies, r := d.policies(), d.request()
		s := Compile(policies, places5(), nil)
		decision := s.Evaluate(r)
		for i, line := range s.Trace(decision, Shown{}, true) {
			res := decision.Results[i]
			if res.Hit&res.Miss|res.Hit&res.Unknown|res.Miss&res.Unknown != 0 {
				t.Fatalf("two answers: %+v", res)
			}
			missed := slices.ContainsFunc(line.Conditions, func(c record.Condition) bool { return c.Answer == record.Miss })
			if missed == res.Applies {
				t.Fatalf("%+v but %+v", line, res)
			}
			if applied := line.Result != NotApplied && line.Result != ReportOnlyNotApplied && line.Result != NotEnabled; applied != (res.Applies && policies[i].State != Off) {
				t.Fatalf("%s but applies %v", line.Result, res.Applies)
			}
		}
	}
}
