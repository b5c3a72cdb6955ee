package policy

import (
	mathbits "math/bits"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/language"

	"portico/app/fault"
)

// shortest is the longest mask that is refused: a range must be narrower than /8 (R 5.6.1).
const shortest = 8

// ParseRanges reads address ranges from text or CSV: one per line, or separated by commas or semicolons; a
// single address stands for itself, first-last for what lies between; what follows a # is a remark, and a
// heading line is passed over. Complaints name the line.
func ParseRanges(text string) ([]netip.Prefix, error) {
	var f fault.Fields
	var out []netip.Prefix
	seen := map[netip.Prefix]bool{}
	complain := func(key, what string, line int) {
		if len(f) < 20 {
			if r := []rune(what); len(r) > 60 {
				what = string(r[:60]) + "…"
			}
			f.Add("ipRanges", key, map[string]any{"range": strings.ToValidUTF8(what, "�"), "line": line})
		}
	}
	number := 0
	for line := range strings.SplitSeq(strings.TrimPrefix(text, "\ufeff"), "\n") {
		number++
		line, _, _ = strings.Cut(line, "#")
		for one := range strings.FieldsFuncSeq(line, func(r rune) bool { return r == ',' || r == ';' }) {
			one = strings.Trim(strings.TrimSpace(one), `"' `+"\t\r")
			if one == "" || number == 1 && heading(one) {
				continue
			}
			found, ok := parseRange(one)
			if !ok {
				complain("policy.range_malformed", one, number)
				continue
			}
			for _, r := range found {
				switch {
				case r.Bits() <= shortest:
					complain("policy.range_wide", one, number)
				case seen[r]:
					complain("policy.range_twice", r.String(), number)
				case len(out) < MaxRanges:
					seen[r] = true
					out = append(out, r)
				default:
					f.Add("ipRanges", "policy.ranges_many", map[string]any{"max": MaxRanges})
					return nil, f.Err()
				}
			}
		}
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	return out, nil
}

func heading(s string) bool {
	switch strings.ToLower(s) {
	case "range", "ranges", "iprange", "ipranges", "cidr", "cidraddress", "address", "ip":
		return true
	}
	return false
}

func parseRange(s string) ([]netip.Prefix, bool) {
	if from, to, ok := strings.Cut(s, "-"); ok {
		a, err := netip.ParseAddr(strings.TrimSpace(from))
		b, err2 := netip.ParseAddr(strings.TrimSpace(to))
		if err != nil || err2 != nil {
			return nil, false
		}
		return Between(a, b)
	}
	r, err := netip.ParsePrefix(s)
	if err != nil {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return nil, false
		}
		a = a.Unmap()
		return []netip.Prefix{netip.PrefixFrom(a, a.BitLen())}, true
	}
	if r.Addr().Is4In6() {
		if r.Bits() < 96 {
			return nil, false
		}
		r = netip.PrefixFrom(r.Addr().Unmap(), r.Bits()-96)
	}
	return []netip.Prefix{r.Masked()}, true
}

// Between gives the ranges that cover the addresses from a to b, both counted; false when there are none.
func Between(a, b netip.Addr) ([]netip.Prefix, bool) {
	a, b = a.Unmap(), b.Unmap()
	if !a.IsValid() || !b.IsValid() || a.BitLen() != b.BitLen() || a.Zone() != "" || b.Zone() != "" || b.Less(a) {
		return nil, false
	}
	var out []netip.Prefix
	for {
		n := a.BitLen()
		// The widest range that begins at a and ends at b or before.
		best := netip.PrefixFrom(a, n)
		for n > 0 && trailing(a) >= a.BitLen()-n+1 {
			wider := netip.PrefixFrom(a, n-1)
			if b.Less(last(wider)) {
				break
			}
			best, n = wider, n-1
		}
		out = append(out, best)
		end := last(best)
		if !end.Less(b) || len(out) > 256 {
			return out, !end.Less(b)
		}
		a = end.Next()
	}
}

// trailing counts the zero bits at an address's end.
func trailing(a netip.Addr) int {
	if a.Is4() {
		return min(mathbits.TrailingZeros32(v4(a)), 32)
	}
	x := v6(a)
	if x.low != 0 {
		return mathbits.TrailingZeros64(x.low)
	}
	return 64 + mathbits.TrailingZeros64(x.high)
}

// last address of a range.
func last(r netip.Prefix) netip.Addr {
	raw := r.Masked().Addr().AsSlice()
	for i := r.Bits(); i < len(raw)*8; i++ {
		raw[i/8] |= 1 << (7 - i%8)
	}
	a, _ := netip.AddrFromSlice(raw)
	return a
}

// Validate complains about everything that is wrong with a location.
func (l Location) Validate() error {
	var f fault.Fields
	checkName(&f, l.Name)
	switch {
	case len(l.Ranges) > 0 && l.ByCountry():
		f.Add("ipRanges", "policy.location_mixed", nil)
	case len(l.Ranges) == 0 && !l.ByCountry():
		f.Add("ipRanges", "policy.location_empty", nil)
	case l.ByCountry() && l.Trusted:
		f.Add("isTrusted", "policy.location_trusted_country", nil)
	}
	if len(l.Ranges) > MaxRanges {
		f.Add("ipRanges", "policy.ranges_many", map[string]any{"max": MaxRanges})
		return f.Err()
	}
	seen := map[netip.Prefix]bool{}
	for i, r := range l.Ranges {
		args := map[string]any{"range": r.String(), "line": i + 1}
		switch {
		case !r.IsValid() || r.Addr().Is4In6():
			f.Add("ipRanges", "policy.range_malformed", args)
		case r.Bits() <= shortest:
			f.Add("ipRanges", "policy.range_wide", args)
		case seen[r.Masked()]:
			f.Add("ipRanges", "policy.range_twice", args)
		}
		if len(f) > 20 {
			break
		}
		seen[r.Masked()] = true
	}
	codes := map[string]bool{}
	for _, c := range l.Countries {
		switch {
		case !Country(c):
			f.Add("countriesAndRegions", "policy.country_unknown", map[string]any{"id": c})
		case codes[strings.ToUpper(c)]:
			f.Add("countriesAndRegions", "policy.country_twice", map[string]any{"id": c})
		}
		codes[strings.ToUpper(c)] = true
		if len(f) > 20 {
			break
		}
	}
	return f.Err()
}

// Normal is the location as it is stored: ranges without host bits and of IPv4 where they are, codes in
// upper case.
func (l Location) Normal() Location {
	l.Name = strings.TrimSpace(l.Name)
	l.Ranges, l.Countries = slices.Clone(l.Ranges), slices.Clone(l.Countries)
	for i, r := range l.Ranges {
		if !r.IsValid() {
			continue
		}
		if r.Addr().Is4In6() && r.Bits() >= 96 {
			r = netip.PrefixFrom(r.Addr().Unmap(), r.Bits()-96)
		}
		l.Ranges[i] = r.Masked()
	}
	for i, c := range l.Countries {
		l.Countries[i] = strings.ToUpper(strings.TrimSpace(c))
	}
	return l
}

// Country reports whether a code is one of ISO 3166-1 (alpha-2), or XK, which address databases use for Kosovo.
func Country(code string) bool {
	if len(code) != 2 {
		return false
	}
	code = strings.ToUpper(code)
	r, err := language.ParseRegion(code)
	return code == "XK" || err == nil && r.Canonicalize().String() == code && r.IsCountry()
}

func checkName(f *fault.Fields, name string) {
	switch name = strings.TrimSpace(name); {
	case name == "":
		f.Add("displayName", "policy.name_missing", nil)
	case utf8.RuneCountInString(name) > MaxName:
		f.Add("displayName", "policy.name_long", map[string]any{"max": MaxName})
	}
}

// Validate complains about everything that is wrong with a strength: it must be able to be met by ways to
// confirm it's you that there are.
func (s Strength) Validate() error {
	var f fault.Fields
	checkName(&f, s.Name)
	if utf8.RuneCountInString(s.Description) > MaxDescription {
		f.Add("description", "policy.description_long", map[string]any{"max": MaxDescription})
	}
	if len(s.Combinations) == 0 {
		f.Add("allowedCombinations", "policy.combinations_missing", nil)
	}
	if len(s.Combinations) > len(Combinations()) {
		f.Add("allowedCombinations", "policy.list_long", map[string]any{"max": len(Combinations())})
	}
	for _, c := range s.Combinations {
		if !slices.Contains(Combinations(), Combination(c)) {
			f.Add("allowedCombinations", "policy.combination_unknown", map[string]any{"id": c})
			break
		}
	}
	if len(s.AAGUIDs) > 0 && !slices.Contains(s.Combinations, modePasskey) {
		f.Add("allowedAAGUIDs", "policy.aaguids_without_passkey", nil)
	}
	if len(s.AAGUIDs) > 100 {
		f.Add("allowedAAGUIDs", "policy.list_long", map[string]any{"max": 100})
	}
	for _, a := range s.AAGUIDs {
		if !aaguid(a) {
			f.Add("allowedAAGUIDs", "policy.aaguid_malformed", map[string]any{"id": a})
			break
		}
	}
	return f.Err()
}

// Combination writes a combination's words in our order, so that "sms,password" is "password,sms".
func Combination(c string) string {
	var parts []string
	for p := range strings.SplitSeq(c, ",") {
		parts = append(parts, strings.TrimSpace(p))
	}
	slices.Sort(parts)
	for _, one := range Combinations() {
		words := strings.Split(one, ",")
		slices.Sort(words)
		if slices.Equal(words, parts) {
			return one
		}
	}
	return c
}

// aaguid reports whether s has the form of a UUID.
func aaguid(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, r := range s {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (r == '-') || !dash && !strings.ContainsRune("0123456789abcdefABCDEF", r) {
			return false
		}
	}
	return true
}
