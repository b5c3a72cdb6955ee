package hosted_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"portico/app/signin"
	"portico/handlers/hosted"
)

// An admin tries a flow and looks at the result here: who signed in and what an app would be told, at this
// browser only; no code, no token, and the sign-in log says that it was a test.
func TestTryingAFlow(t *testing.T) {
	s := newSite(t)
	s.settings(neverStay)
	s.user("anna@example.com")
	mac := signin.MAC(s.store.Sealer().MAC)
	link := func(what string) string {
		return s.base + hosted.TrialPath(s.slug, what, mac.TrialMark(s.tenant.ID, what, "", s.clock.Now()), url.Values{"ui_locales": {"en"}})
	}
	for name, what := range map[string]string{"a flow without an app": s.flow.ID, "an app's flow": s.app.ClientID} {
		b := s.browser()
		b.get(link(what)).at(signin.SignIn).says("Test: opened from the portal")
		b.fill("email", "anna@example.com", "password", goodPassword)
		b.says("Signed in").says("anna@example.com").says("preferred_username")
		if strings.Contains(b.page.at, "code=") {
			t.Errorf("%s: a code was made: %s", name, b.page.at)
		}
		if other := s.browser().get(b.page.at); other.page.status != 410 || strings.Contains(other.page.body, "anna") {
			t.Errorf("%s: another browser sees the result: %d", name, other.page.status)
		}
		last := s.records()[len(s.records())-1]
		if !last.Test || last.Protocol != string(signin.Trial) {
			t.Errorf("%s: the log says %+v", name, last)
		}
	}
	if s.issuer.count() != 0 {
		t.Error("an app was told")
	}
	b := s.browser()
	b.get(link(s.flow.ID)).fill("action", "cancel")
	b.says("access_denied").says("ended without a result")
	for name, at := range map[string]string{"no mark": s.base + "/" + s.slug + "/trial?of=" + s.flow.ID, "another flow's mark": strings.Replace(link(s.flow.ID), "of="+s.flow.ID, "of="+s.app.ClientID, 1),
		"nonsense as a result": s.base + "/" + s.slug + "/trial/result?result=abc"} {
		if p := s.browser().get(at).page; p.status != 410 {
			t.Errorf("%s: %d", name, p.status)
		}
	}
	old := link(s.flow.ID)
	s.clock.Advance(2 * time.Hour)
	if p := s.browser().get(old).page; p.status != 410 {
		t.Errorf("a link of two hours ago: %d", p.status)
	}
}
