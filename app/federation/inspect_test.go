package federation

import (
	"strings"
	"testing"
	"time"
)

// TestSAMLIsInspected: what the certificates come to, in words.
func TestSAMLIsInspected(t *testing.T) {
	for name, c := range map[string]struct {
		at   time.Duration
		says string
		tone string
	}{
		"in force": {0, "signs until", "ok"}, "ends soon": {360 * 24 * time.Hour, "Ask the company for the next one", "warn"}, "has ended": {400 * 24 * time.Hour, "No certificate is in force", "danger"},
	} {
		co := newSAMLCorp(t)
		p := co.provider()
		co.now = testNow.Add(c.at)
		seen := samlConnector{}.Inspect(t.Context(), co.net(), p, Secrets{}, "")
		last := Note{}
		if n := len(seen.Notes); n > 0 {
			last = seen.Notes[n-1]
		}
		if seen.Refusal != nil || last.Tone != c.tone || !strings.Contains(last.Text, c.says) {
			t.Errorf("%s: %+v", name, seen)
		}
	}
}
