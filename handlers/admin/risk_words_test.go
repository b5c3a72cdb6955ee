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
