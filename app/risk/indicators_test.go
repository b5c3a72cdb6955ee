package risk

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"portico/app/fault"
	"portico/app/record"
)

func TestWhatAnIndicatorMayBe(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	for _, c := range []struct{ kind, value, level, kept, complaint string }{
		{IndicatorIP, " 203.0.113.7 ", "high", "203.0.113.7", ""},
		{IndicatorIP, "203.0.113.7/24", "", "203.0.113.0/24", ""},
		{IndicatorIP, "::ffff:203.0.113.0/120", "low", "203.0.113.0/24", ""},
		{IndicatorIP, "2001:DB8::1/64", "low", "2001:db8::/64", ""},
		{IndicatorIP, "0.0.0.0/0", "high", "", "risk.indicator.wide"},
		{IndicatorIP, "10.0.0.0/7", "high", "", "risk.indicator.wide"},
		{IndicatorIP, "2000::/3", "high", "", "risk.indicator.wide"},
		{IndicatorIP, "example.com", "high", "", "risk.indicator.ip"},
		{IndicatorIP, "", "high", "", "risk.indicator.ip"},
		{IndicatorASN, "as65101", "high", "AS65101", ""},
		{IndicatorASN, "65101", "high", "AS65101", ""},
		{IndicatorASN, "AS0", "high", "", "risk.indicator.asn"},
		{IndicatorASN, "AS99999999999", "high", "", "risk.indicator.asn"},
		{IndicatorAgent, "python-requests", "medium", "python-requests", ""},
		{IndicatorAgent, "Mozilla", "high", "", "risk.indicator.everyday"},
		{IndicatorAgent, "Chrome/140", "high", "", "risk.indicator.everyday"},
		{IndicatorAgent, "abc", "high", "", "risk.indicator.agent"},
		{IndicatorAgent, "curl\x00/8", "high", "", "risk.indicator.agent"},
		{"domain", "example.com", "high", "", "admin.choose"},
		{IndicatorASN, "AS65101", "enormous", "", "admin.choose"},
	} {
		i := Indicator{Kind: c.kind, Value: c.value, Level: c.level}.Normal()
		err := i.Validate(now)
		switch {
		case c.complaint == "" && (err != nil || i.Value != c.kept):
			t.Errorf("%q: kept as %q, %v", c.value, i.Value, err)
		case c.complaint != "" && (err == nil || fault.Of(err).Fields[0].Key != c.complaint):
			t.Errorf("%q: %v, want %s", c.value, err, c.complaint)
		}
	}
	if err := (Indicator{Kind: IndicatorASN, Value: "AS1", Level: Low, ExpiresAt: now}).Validate(now); err == nil {
		t.Error("an indicator that has ended already is taken")
	}
}

func TestWhatIndicatorsMatch(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	x := CompileIndicators([]Indicator{{ID: "range", Kind: IndicatorIP, Value: "203.0.113.0/24"}, {ID: "one", Kind: IndicatorIP, Value: "203.0.113.7"}, {ID: "six", Kind: IndicatorIP, Value: "2001:db8::/48"},
		{ID: "net", Kind: IndicatorASN, Value: "AS65101"}, {ID: "tool", Kind: IndicatorAgent, Value: "Python-Requests"}, {ID: "over", Kind: IndicatorASN, Value: "AS65102", ExpiresAt: now}})
	for _, c := range []struct {
		s    record.Signals
		want string
	}{
		{record.Signals{IP: netip.MustParseAddr("203.0.113.7")}, "range one"},
		{record.Signals{IP: netip.MustParseAddr("::ffff:203.0.113.8")}, "range"},
		{record.Signals{IP: netip.MustParseAddr("2001:db8::5")}, "six"},
		{record.Signals{IP: netip.MustParseAddr("198.51.100.1"), ASN: 65101}, "net"},
		{record.Signals{ASN: 65102}, ""},
		{record.Signals{UserAgent: "python-requests/2.32"}, "tool"},
		{record.Signals{}, ""},
	} {
		var got []string
		for _, i := range x.Match(c.s, now) {
			got = append(got, i.ID)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%v: %v, want %s", c.s.IP, got, c.want)
		}
	}
	if (*Indicators)(nil).Match(record.Signals{}, now) != nil {
		t.Error("no indicators match something")
	}
}

func TestAFileOfIndicators(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	list, bad, err := ParseIndicators(strings.NewReader("\ufeffkind,value,level,note,expires\nip,203.0.113.7,high,from a partner,2027-01-31\nIP,203.0.113.7\nasn,nonsense,high\n\"ip,broken\n"), now)
	if err != nil || len(list) != 1 || list[0].Note != "from a partner" || list[0].ExpiresAt.Year() != 2027 {
		t.Errorf("%+v %v", list, err)
	}
	if len(bad) != 2 || bad[0].Row != 4 {
		t.Errorf("%+v", bad)
	}
	var many strings.Builder
	for i := range MaxIndicators + 1 {
		fmt.Fprintf(&many, "asn,%d\n", i+1)
	}
	if _, _, err := ParseIndicators(strings.NewReader(many.String()), now); err == nil {
		t.Error("a file without an end is read")
	}
}

func FuzzIndicators(f *testing.F) {
	for _, s := range []string{"ip,203.0.113.7", "asn,AS1,low,x,2030-01-01", "userAgent,curl,high", "\"", "ip,::/0", "ip,fe80::1%eth0"} {
		f.Add(s)
	}
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, s string) {
		list, _, _ := ParseIndicators(strings.NewReader(s), now)
		for _, i := range list {
			if err := i.Validate(now); err != nil {
				t.Fatalf("%+v was taken: %v", i, err)
			}
			if again := i.Normal(); again != i {
				t.Fatalf("%+v is kept as %+v", i, again)
			}
		}
		CompileIndicators(list).Match(record.Signals{IP: netip.MustParseAddr("203.0.113.7"), ASN: 1, UserAgent: "curl/8"}, now)
	})
}

func BenchmarkIndicators(b *testing.B) {
	var list []Indicator
	for i := range 9000 {
		list = append(list, Indicator{Kind: IndicatorIP, Value: fmt.Sprintf("10.%d.%d.0/24", i/250, i%250)})
	}
	for i := range MaxAgentIndicators {
		list = append(list, Indicator{Kind: IndicatorAgent, Value: fmt.Sprintf("attacker-tool-%d", i)})
	}
	x := CompileIndicators(list)
	s := record.Signals{IP: netip.MustParseAddr("203.0.113.7"), ASN: 65101, UserAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"}
	for b.Loop() {
		x.Match(s, time.Time{})
	}
}
