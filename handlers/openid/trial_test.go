package openid_test

import (
	"testing"
	"time"

	"portico/app/signin"
)

// An admin's link marks a sign-in as a test; whatever else somebody writes there is ignored, and the sign-in
// goes on.
func TestTrials(t *testing.T) {
	w := newWorld(t)
	mac := signin.MAC(w.store.Sealer().MAC)
	mark := mac.TrialMark(w.tenant.ID, w.web.ClientID, "https://app.example/cb", w.clock.Now())
	w.handler.MAC = mac
	for _, c := range []struct {
		name  string
		app   registered
		mark  string
		after time.Duration
		want  bool
	}{
		{"no mark", w.web, "", 0, false},
		{"made for it", w.web, mark, 0, true},
		{"made for another app", w.second, mark, 0, false},
		{"nonsense", w.web, "1.x", 0, false},
		{"too old", w.web, mark, 2 * time.Hour, false},
	} {
		w.clock.Advance(c.after)
		w.browser().code(c.app, "portico_test", c.mark)
		if got := w.starter.last.Test; got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
