package account

import (
	"strings"
	"testing"

	"portico/app/fault"
)

func TestPhoneAsItIsWrittenAtHome(t *testing.T) {
	for _, c := range []struct{ country, typed, want string }{
		{"DE", "0151 12345678", "+4915112345678"},
		{"DE", "151 12345678", "+4915112345678"},
		{"DE", "+351 912 345 678", "+351912345678"}, // the code that was written wins
		{"", "+351 912 345 678", "+351912345678"},
		{"IT", "06 1234 5678", "+390612345678"}, // the zero belongs to the number
		{"US", "(202) 555-0123", "+12025550123"},
		{"US", "1 202 555 0123", "+12025550123"},
		{"JM", "876 555 0123", "+18765550123"},
		{"JM", "555 0123", "+18765550123"},
		{"RU", "8 912 345-67-89", "+79123456789"},
		{"HU", "06 20 123 4567", "+36201234567"},
		{"GB", "٠٧٧٠٠ ٩٠٠١٢٣", "+447700900123"},
		{"", "0151 12345678", "field.phone.country"},
		{"ZZ", "0151 12345678", "field.phone.country"},
		{"DE", "12", "field.phone.invalid"},
		{"DE", "", "field.phone.required"},
		{"DE", "+999 1234567", "field.phone.country"},
		{"DE", "call me", "field.phone.invalid"},
	} {
		got, err := PhoneIn(c.country, c.typed)
		if err != nil {
			got = fault.Of(err).Fields[0].Key
		}
		if got != c.want {
			t.Errorf("%s %q: %q, want %q", c.country, c.typed, got, c.want)
		}
	}
}

func TestCallings(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Callings() {
		if CallingCode("+"+c.Code+"0000000") == "" {
			t.Errorf("%s is nobody's code", c.Code)
		}
		for _, country := range c.Countries {
			if len(country) != 2 || strings.ToUpper(country) != country {
				t.Errorf("%s: %q", c.Code, country)
			}
			seen[country] = true
		}
	}
	for _, code := range callingCodes() {
		if Called("+"+code+"5550123", func() (all []string) {
			for _, c := range Callings() {
				all = append(all, c.Code)
			}
			return all
		}()) == "" {
			t.Errorf("%s has no country", code)
		}
	}
	if len(seen) < 230 {
		t.Errorf("%d countries", len(seen))
	}
}

func FuzzPhoneIn(f *testing.F) {
	f.Add("DE", "0151 12345678")
	f.Add("US", "(202) 555-0123")
	f.Add("", "+")
	f.Fuzz(func(t *testing.T, country, typed string) {
		got, err := PhoneIn(country, typed)
		if err != nil {
			if len(fault.Of(err).Fields) == 0 {
				t.Errorf("%q %q: %v stands beside no field", country, typed, err)
			}
			return
		}
		if again, err := CanonicalPhone(got); err != nil || again != got {
			t.Errorf("%q %q gives %q, which is %q %v", country, typed, got, again, err)
		}
	})
}
