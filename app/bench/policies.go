package main

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"portico/app/policy"
	"portico/app/record"
)

// policies measures one question to 200 policies: the decision with one bit per condition, and the decision
// written out for the record.
func policies(r *report) {
	set, ask := twoHundred()
	per := func(f func(*testing.B)) float64 { return float64(testing.Benchmark(f).NsPerOp()) / 1e3 }
	decide := per(func(b *testing.B) {
		for b.Loop() {
			set.Evaluate(ask)
		}
	})
	d := set.Evaluate(ask)
	write := per(func(b *testing.B) {
		for b.Loop() {
			set.Trace(d, policy.Shown{}, true)
		}
	})
	r.add("policies", figure{what: "Evaluate, 200 policies, every condition's answer", value: fmt.Sprintf("%.1f µs", decide), budget: "≤ 20 µs", ok: decide <= 20})
	r.add("policies", figure{what: "the same written out for the record", value: fmt.Sprintf("%.1f µs", write), note: "once for each sign-in that is recorded"})
}

// twoHundred are policies as a large directory might have them: by group, app, place, platform and risk.
func twoHundred() (*policy.Set, policy.Request) {
	id := func(kind, n int) string { return fmt.Sprintf("%d0000000-0000-0000-0000-%012d", kind, n) }
	var places []policy.Location
	for i := range 20 {
		l := policy.Location{ID: id(1, i), Name: fmt.Sprint("Office ", i), Trusted: i%2 == 0}
		for j := range 200 {
			l.Ranges = append(l.Ranges, netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(20 + i), byte(j), 0, 0}), 24))
		}
		places = append(places, l)
	}
	var list []policy.Policy
	for i := range 200 {
		p := policy.Policy{ID: id(0, i), Name: fmt.Sprint("Policy ", i), State: policy.On,
			Conditions: policy.Conditions{Users: policy.Users{IncludeUsers: []string{policy.All}, ExcludeGroups: []string{id(2, i%7)}},
				Applications: policy.Applications{IncludeApplications: []string{id(3, i%10)}}},
			GrantControls: &policy.GrantControls{Operator: "OR", BuiltInControls: []string{policy.ControlMFA}}}
		switch i % 5 {
		case 0:
			p.Conditions.Locations = &policy.Locations{Include: []string{policy.All}, Exclude: []string{policy.AllTrusted}}
		case 1:
			p.Conditions.Platforms = &policy.Platforms{Include: []string{"android", "iOS"}}
			p.Conditions.Locations = &policy.Locations{Include: []string{id(1, i%20)}}
		case 2:
			p.Conditions.SignInRiskLevels = []string{policy.RiskMedium, policy.RiskHigh}
		case 3:
			p.Conditions.Applications = policy.Applications{IncludeApplications: []string{policy.All}}
			p.Conditions.UserRiskLevels = []string{policy.RiskHigh}
		case 4:
			p.SessionControls = &policy.SessionControls{SignInFrequency: &policy.SignInFrequency{IsEnabled: true, Type: "hours", Value: i + 1}}
		}
		list = append(list, p)
	}
	return policy.Compile(list, places, nil), policy.Request{UserID: "u", ClientID: id(3, 3),
		Signals: record.Signals{IP: netip.MustParseAddr("203.0.113.9"), Country: "DE", Platform: "windows"},
		Inputs: record.Inputs{Groups: []string{id(2, 3), id(2, 9)}, ClientApp: policy.Browser, SignInRisk: policy.RiskNone, UserRisk: policy.RiskNone,
			AuthTime: time.Now()}}
}
