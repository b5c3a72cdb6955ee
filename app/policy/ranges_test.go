package policy

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"portico/app/record"
	"strings"
	"testing"
)

func TestParseRanges(t *testing.T) {
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "10.%d.%d.0/24\n", i/256, i%256)
		}
		return b.String()
	}
	for _, c := range []struct {
		what, text, want string
		keys             string
	}{
		{"lines, v4 and v6", "203.0.113.0/24\n2001:db8::/32\r\n", "203.0.113.0/24 2001:db8::/32", ""},
		{"CSV with a heading and quotes", "\ufeffcidrAddress,\n\"203.0.113.0/24\",\n", "203.0.113.0/24", ""},
		{"remarks and blanks", "# offices\n\n203.0.113.0/24 # Berlin\n", "203.0.113.0/24", ""},
		{"commas and semicolons", "203.0.113.0/24, 198.51.100.0/24;192.0.2.0/24", "203.0.113.0/24 198.51.100.0/24 192.0.2.0/24", ""},
		{"host bits are dropped", "203.0.113.77/24", "203.0.113.0/24", ""},
		{"one address", "203.0.113.77\n2001:db8::1", "203.0.113.77/32 2001:db8::1/128", ""},
		{"from to", "203.0.113.6 - 203.0.113.9", "203.0.113.6/31 203.0.113.8/31", ""},
		{"from to, v6", "2001:db8::-2001:db8::3", "2001:db8::/126", ""},
		{"mapped", "::ffff:203.0.113.0/120", "203.0.113.0/24", ""},
		{"malformed", "203.0.113.0/33", "", "policy.range_malformed"},
		{"backwards", "203.0.113.9-203.0.113.6", "", "policy.range_malformed"},
		{"two families", "203.0.113.9-2001:db8::1", "", "policy.range_malformed"},
		{"words", "the office", "", "policy.range_malformed"},
		{"a zone", "fe80::1%eth0", "", "policy.range_malformed"},
		{"a zone in a range", "fe80::%eth0/64", "", "policy.range_malformed"},
		{"everything", "0.0.0.0/0", "", "policy.range_wide"},
		{"/8", "10.0.0.0/8", "", "policy.range_wide"},
		{"/8 v6", "2000::/8", "", "policy.range_wide"},
		{"everything from to", "0.0.0.0-255.255.255.255", "", "policy.range_wide"},
		{"/9", "10.0.0.0/9", "10.0.0.0/9", ""},
		{"twice", "10.0.0.0/24\n10.0.0.5/24", "", "policy.range_twice"},
		{"two complaints", "x\n10.0.0.0/8", "", "policy.range_malformed policy.range_wide"},
		{"most", many(MaxRanges), "", ""},
		{"one too many", many(MaxRanges + 1), "", "policy.ranges_many"},
		{"nothing", "", "", ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			got, err := ParseRanges(c.text)
			if keys := strings.Join(keysOf(err), " "); keys != c.keys {
				t.Fatalf("%q, want %q", keys, c.keys)
			}
			var words []string
			for _, r := range got {
				words = append(words, r.String())
			}
			if c.what != "most" && strings.Join(words, " ") != c.want {
				t.Errorf("%v", words)
			}
		})
	}
}

func TestLocationValidate(t *testing.T) {
	var many []netip.Prefix
	for i := range MaxRanges + 1 {
		many = append(many, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 0}), 24))
	}
	for _, c := range []struct {
		what string
		l    Location
		want string
	}{
		{"ranges", Location{Name: "Office", Trusted: true, Ranges: prefixes("203.0.113.0/24", "203.0.113.0/25")}, ""},
		{"countries", Location{Name: "Here", Countries: []string{"DE", "at", "XK"}}, ""},
		{"unknown only", Location{Name: "Nowhere", IncludeUnknown: true}, ""},
		{"most ranges", Location{Name: "Many", Ranges: many[:MaxRanges]}, ""},
		{"too many", Location{Name: "Many", Ranges: many}, "policy.ranges_many"},
		{"no name", Location{Ranges: prefixes("203.0.113.0/24")}, "policy.name_missing"},
		{"nothing", Location{Name: "X"}, "policy.location_empty"},
		{"both kinds", Location{Name: "X", Ranges: prefixes("203.0.113.0/24"), Countries: []string{"DE"}}, "policy.location_mixed"},
		{"trusted country", Location{Name: "X", Trusted: true, Countries: []string{"DE"}}, "policy.location_trusted_country"},
		{"/0", Location{Name: "X", Ranges: prefixes("0.0.0.0/0")}, "policy.range_wide"},
		{"/8", Location{Name: "X", Ranges: prefixes("2000::/8")}, "policy.range_wide"},
		{"no range", Location{Name: "X", Ranges: []netip.Prefix{{}}}, "policy.range_malformed"},
		{"twice", Location{Name: "X", Ranges: prefixes("203.0.113.0/24", "203.0.113.9/24")}, "policy.range_twice"},
		{"unknown code", Location{Name: "X", Countries: []string{"ZZ"}}, "policy.country_unknown"},
		{"no code", Location{Name: "X", Countries: []string{"Germany"}}, "policy.country_unknown"},
		{"alias", Location{Name: "X", Countries: []string{"UK"}}, "policy.country_unknown"},
		{"a continent", Location{Name: "X", Countries: []string{"EU"}}, "policy.country_unknown"},
		{"country twice", Location{Name: "X", Countries: []string{"DE", "de"}}, "policy.country_twice"},
	} {
		if got := strings.Join(keysOf(c.l.Validate()), " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

func TestStrengthValidate(t *testing.T) {
	for _, c := range []struct {
		what string
		s    Strength
		want string
	}{
		{"right", Strength{Name: "S", Combinations: []string{"password,softwareOath", "softwareOath,email"}}, ""},
		{"models", Strength{Name: "S", Combinations: []string{"fido2"}, AAGUIDs: []string{"ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4"}}, ""},
		{"no name", Strength{Combinations: []string{"fido2"}}, "policy.name_missing"},
		{"nothing", Strength{Name: "S"}, "policy.combinations_missing"},
		{"one channel twice", Strength{Name: "S", Combinations: []string{"email,email"}}, "policy.combination_unknown"},
		{"a single factor", Strength{Name: "S", Combinations: []string{"password"}}, "policy.combination_unknown"},
		{"nothing that we have", Strength{Name: "S", Combinations: []string{"windowsHelloForBusiness"}}, "policy.combination_unknown"},
		{"models of no passkey", Strength{Name: "S", Combinations: []string{"password,sms"}, AAGUIDs: []string{"ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4"}}, "policy.aaguids_without_passkey"},
		{"no model", Strength{Name: "S", Combinations: []string{"fido2"}, AAGUIDs: []string{"yubikey"}}, "policy.aaguid_malformed"},
	} {
		if got := strings.Join(keysOf(c.s.Validate()), " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

// Finding an address by halving says what looking at every range says.
func TestAreaHolds(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for range 300 {
		var l Location
		for range 1 + r.IntN(12) {
			bits := 9 + r.IntN(24)
			l.Ranges = append(l.Ranges, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(r.IntN(3)), byte(r.IntN(4)), byte(r.IntN(256))}), bits))
			l.Ranges = append(l.Ranges, netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20, 1, 7: byte(r.IntN(3)), 15: byte(r.IntN(256))}), 30+r.IntN(99)))
		}
		a := areasOf([]Location{l})[0]
		for range 60 {
			ip := netip.AddrFrom4([4]byte{10, byte(r.IntN(4)), byte(r.IntN(5)), byte(r.IntN(256))})
			if r.IntN(2) == 0 {
				ip = netip.AddrFrom16([16]byte{0x20, 1, 7: byte(r.IntN(4)), 8: byte(r.IntN(2)), 15: byte(r.IntN(256))})
			}
			want := false
			for _, p := range l.Ranges {
				want = want || p.Contains(ip)
			}
			if a.holds(ip) != want {
				t.Fatalf("%v in %v: %v", ip, l.Ranges, !want)
			}
		}
	}
}

// Whatever is uploaded, what comes out is narrow, sound and not too much; and it can be read again.
func FuzzParseRanges(f *testing.F) {
	for _, s := range []string{"203.0.113.0/24", "a\nb,c;d", "10.0.0.0-10.0.0.255", "::ffff:1.2.3.4/100", "\ufeffrange\n1.2.3.4", "2001:db8::-2001:db8:ffff::", "0.0.0.1-255.255.255.254"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ParseRanges(text)
		if err != nil {
			if got != nil || len(keysOf(err)) == 0 {
				t.Fatal("ranges and a complaint, or no complaint")
			}
			return
		}
		var lines []string
		for _, r := range got {
			if !r.IsValid() || r.Bits() <= shortest || r != r.Masked() {
				t.Fatal(r)
			}
			lines = append(lines, r.String())
		}
		again, err := ParseRanges(strings.Join(lines, "\n"))
		if err != nil || len(again) != len(got) {
			t.Fatalf("%v %v", again, err)
		}
		if len(got) > 0 {
			if err := (Location{Name: "X", Ranges: got}).Validate(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// Trusted is about named locations that are marked so; a place that could not be told is not trusted.
func TestTrusted(t *testing.T) {
	set := Compile(nil, []Location{
		{ID: "office", Trusted: true, Ranges: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}},
		{ID: "cafe", Ranges: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}},
	}, nil)
	for ip, want := range map[string]bool{"198.51.100.7": true, "::ffff:198.51.100.7": true, "203.0.113.7": false, "192.0.2.1": false} {
		if got := set.Trusted(record.Signals{IP: netip.MustParseAddr(ip)}); got != want {
			t.Errorf("%s: %v", ip, got)
		}
	}
	var none *Set
	if none.Trusted(record.Signals{}) || set.Trusted(record.Signals{}) {
		t.Error("nowhere is trusted")
	}
}
