package admin

import (
	"testing"

	"portico/app/record"
	"portico/app/risk"
)

// Parts of a value that nobody knows leave no trace in its words, and networks have their number.
func TestWordsOfProperties(t *testing.T) {
	for value, want := range map[string]string{"Firefox 102|Linux |desktop": "Firefox 102, Linux, desktop", "Firefox 102|Windows 11|desktop": "Firefox 102, Windows 11, desktop", "| |mobile": "mobile"} {
		if got := featureValue(nil, record.Feature{Name: risk.FeatureSoftware, Value: value}).Text; got != want {
			t.Errorf("%q reads %q, want %q", value, got, want)
		}
	}
	for want, asn := range map[string]uint{"AS64501 Example Net": 64501, "Example Net": 0} {
		if got := networkWord(asn, "Example Net"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// What a sign-in was compared with is a number of sign-ins and of days, and reads like that.
func TestHistoryInWords(t *testing.T) {
	const all = ", of which later ones count more, and with everybody’s."
	for value, want := range map[string]string{
		"41/120": "Compared with 41 earlier sign-ins of this person in 120 days" + all,
		"8/0":    "Compared with 8 earlier sign-ins of this person, all within one day" + all,
		"8/1":    "Compared with 8 earlier sign-ins of this person in 1 day" + all,
		"1/3":    "Compared with 1 earlier sign-in of this person in 3 days, and with everybody’s.",
		"1/0":    "Compared with 1 earlier sign-in of this person, within one day, and with everybody’s.",
		"41":     "Compared with 41 earlier sign-ins of this person" + all,
		"0/0":    "Nothing was known of this person yet: it was compared with everybody’s sign-ins.",
		"?":      "",
	} {
		if got := historyWords(value); got != want {
			t.Errorf("%q reads %q, want %q", value, got, want)
		}
	}
}
