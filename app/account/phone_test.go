package account

import (
	"testing"

	"portico/app/fault"
)

func TestCanonicalPhone(t *testing.T) {
	for _, c := range []struct{ typed, want, key string }{
		{"+49 30 1234567", "+49301234567", ""},
		{"0049 30 1234567", "+49301234567", ""},
		{"+49 (0)30 / 123-45.67", "+49301234567", ""},
		{"+1 (415) 555-0132", "+14155550132", ""},
		{"\u200e+٤٩ ٣٠ ١٢٣٤٥٦٧", "+49301234567", ""},
		{"＋４９ ３０ １２３４５６７", "+49301234567", ""},
		{"+351 912 345 678", "+351912345678", ""},
		{"", "", "field.phone.required"},
		{"  ", "", "field.phone.required"},
		{"030 1234567", "", "field.phone.country"},
		{"+999 1234567", "", "field.phone.country"},
		{"+800 12345678", "", "field.phone.country"}, // freephone
		{"+979 12345678", "", "field.phone.country"}, // premium rate
		{"+870 77312345", "", "field.phone.country"}, // satellite: dear to send to
		{"+49 12", "", "field.phone.invalid"},
		{"+4930123456789012", "", "field.phone.invalid"},
		{"+1 415 555 013", "", "field.phone.invalid"},
		{"+1 115 555 0132", "", "field.phone.invalid"},
		{"+7 495 123 456", "", "field.phone.invalid"},
		{"+49 30 CALL ME", "", "field.phone.invalid"},
		{"+49301234567;ext=1", "", "field.phone.invalid"},
		{"+49301234567\r\nBcc: x", "", "field.phone.invalid"},
	} {
		got, err := CanonicalPhone(c.typed)
		if got != c.want || c.key == "" && err != nil || c.key != "" && (err == nil || fault.Of(err).Fields[0].Key != c.key) {
			t.Errorf("%q: %q %v, want %q %q", c.typed, got, err, c.want, c.key)
		}
	}
}

func TestNoCallingCodeBeginsWithAnother(t *testing.T) {
	codes := callingCodes()
	for _, a := range codes {
		for _, b := range codes {
			if a != b && len(a) < len(b) && b[:len(a)] == a {
				t.Errorf("%s begins with %s", b, a)
			}
		}
	}
}

func TestMaskPhone(t *testing.T) {
	if got := MaskPhone("+49301234567"); got != "+49 ***** 67" {
		t.Error(got)
	}
}
