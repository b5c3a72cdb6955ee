package policy

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"portico/app/record"
)

// Two hundred believable policies: people by group, apps, places, platforms and risk, a few of them blocks.
func two(hundred int) ([]Policy, []Location) {
	var locations []Location
	for i := range 20 {
		l := Location{ID: fmt.Sprintf("10000000-0000-0000-0000-%012d", i), Name: fmt.Sprint("Office ", i), Trusted: i%2 == 0}
		for j := range 200 {
			l.Ranges = append(l.Ranges, netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(20 + i), byte(j), 0, 0}), 24))
		}
		locations = append(locations, l)
	}
	var out []Policy
	for i := range hundred {
		p := Policy{ID: fmt.Sprintf("00000000-0000-0000-0000-%012d", i), Name: fmt.Sprint("Policy ", i), State: On,
			Conditions: Conditions{Users: Users{IncludeUsers: []string{All}, ExcludeGroups: []string{fmt.Sprintf("20000000-0000-0000-0000-%012d", i%7)}},
				Applications: Applications{IncludeApplications: []string{fmt.Sprintf("30000000-0000-0000-0000-%012d", i%10)}}},
			GrantControls: &GrantControls{Operator: "OR", BuiltInControls: []string{ControlMFA}}}
		switch i % 5 {
		case 0:
			p.Conditions.Locations = &Locations{Include: []string{All}, Exclude: []string{AllTrusted}}
		case 1:
			p.Conditions.Platforms = &Platforms{Include: []string{"android", "iOS"}}
			p.Conditions.Locations = &Locations{Include: []string{locations[i%20].ID, locations[(i+1)%20].ID}}
		case 2:
			p.Conditions.SignInRiskLevels = []string{RiskMedium, RiskHigh}
		case 3:
			p.Conditions.Applications = Applications{IncludeApplications: []string{All}}
			p.Conditions.UserRiskLevels = []string{RiskHigh}
		case 4:
			p.SessionControls = &SessionControls{SignInFrequency: &SignInFrequency{IsEnabled: true, Type: "hours", Value: i + 1}}
		}
		out = append(out, p)
	}
	return out, locations
}

func request() Request {
	return Request{UserID: "u", ClientID: "30000000-0000-0000-0000-000000000003",
		Signals: record.Signals{IP: netip.MustParseAddr("203.0.113.9"), Country: "DE", Platform: "windows"},
		Inputs: record.Inputs{Groups: []string{"20000000-0000-0000-0000-000000000003", "20000000-0000-0000-0000-000000000009"},
			ClientApp: Browser, SignInRisk: RiskNone, UserRisk: RiskNone}}
}

func BenchmarkEvaluate200(b *testing.B) {
	policies, locations := two(200)
	s := Compile(policies, locations, nil)
	r := request()
	b.ReportAllocs()
	for b.Loop() {
		if d := s.Evaluate(r); len(d.Results) != 200 {
			b.Fatal("short")
		}
	}
}

func BenchmarkTrace200(b *testing.B) {
	policies, locations := two(200)
	s := Compile(policies, locations, nil)
	d := s.Evaluate(request())
	shown := Shown{MFA: time.Unix(1, 0)}
	b.ReportAllocs()
	for b.Loop() {
		if t := s.Trace(d, shown, true); len(t) != 200 {
			b.Fatal("short")
		}
	}
}
