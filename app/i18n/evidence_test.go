package i18n

import (
	"strings"
	"testing"
)

// Large numbers of evidence are read at a glance: with their thousands apart, as the language does it.
func TestNumbersOfEvidenceAreGrouped(t *testing.T) {
	b := load(t)
	for lang, want := range map[string]string{"en": "10,592", "de": "10.592", "ar": "10,592"} {
		if got := b.Match(lang).Evidence("risk.found.impossible_travel", map[string]any{"km": 10592.0, "kmh": 999, "count": 7}); !strings.Contains(got, want) || !strings.Contains(got, "999") {
			t.Errorf("%s: %q lacks %s", lang, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -12345: "−12,345"} {
		if got := b.Match("en").Grouped(n); got != want {
			t.Errorf("%d is written %q, want %q", n, got, want)
		}
	}
}
