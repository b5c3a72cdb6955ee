package e2e

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestAdminGovernsSignIns is an admin's way to a policy: its sentence while it is made, What-If, the replay of past
// sign-ins, and the switch from report-only to on, which holds at the next sign-in.
func TestAdminGovernsSignIns(t *testing.T) {
	t.Parallel()
	s := boot(t)
	newAPI(t, s).withoutPolicies()
	p := market(t, s)
	ada := openBrowser(t, s, "governor")
	ada.intoPortal("ada@fernhill.example")
	portal := s.base + "/admin/t/fernhill"

	ada.goTo(portal + "/conditional-access")
	ada.accessible("policies-none")
	ada.goTo(portal + "/conditional-access/new")
	form := "/conditional-access"
	ada.set(form, "displayName", "Market from elsewhere")
	ada.set(form, "who", "all")
	ada.set(form, "target", "apps")
	ada.set(form, "apps", "some")
	ada.set(form, "includeApplications", p.clientID)
	ada.set(form, "grant", "block")
	ada.set(form, "state", "enabledForReportingButNotEnforced")
	eventually(t, 10*time.Second, "the sentence follows the form", func() error {
		if words := evaluate[string](ada, `document.querySelector("[data-said]").innerText`); !strings.Contains(words, "Fernhill Market") || !strings.Contains(words, "block") {
			return errText(words)
		}
		return nil
	})
	ada.accessible("policy-editor")
	ada.send(form)
	ada.sees("Market from elsewhere")
	ada.accessible("policy")
	policy := strings.Split(ada.url(), "?")[0]

	// Report-only changes nothing for a customer, and the log says what it would have done.
	const email = "gwen@example.com"
	f := newFiller(t, s, email, password)
	f.walk(p.authorize("prompt=create"), p.redirect)
	ada.goTo(portal + "/sign-ins")
	ada.accessible("log-with-policies")

	ada.goTo(portal + "/what-if?" + url.Values{"user": {email}, "target": {p.clientID}}.Encode())
	ada.sees("Market from elsewhere")
	ada.accessible("what-if")

	ada.goTo(portal + "/policy-replays")
	ada.accessible("replays")

	ada.goTo(policy + "/state")
	if !ada.has("form") {
		t.Fatalf("no way to switch it on: %s", ada.words())
	}
	ada.accessible("policy-state")
	// The page counts who would be kept out and wants a tick for them. The sample company's history is still being
	// filled: when people are counted only between the page and its form, the page comes back.
	for range 3 {
		if !strings.Contains(ada.url(), "/state") {
			break
		}
		if ada.has("input[name=losing]") {
			ada.set("/state", "losing", "true")
		}
		ada.press(`form[action$="/state"] button.button--primary:not([tabindex])`)
	}
	ada.goTo(policy)
	ada.sees("On")

	gwen := openBrowser(t, s, "gwen")
	if got := gwen.arrives(p.authorize(), p.redirect, email); got != "blocked" {
		t.Errorf("with the policy on she is %s\n%s", got, gwen.words())
	}
	gwen.accessible("blocked-by-policy")
	if words := gwen.words(); strings.Contains(words, "Market from elsewhere") {
		t.Errorf("the page tells the rule's name:\n%s", words)
	}
}
