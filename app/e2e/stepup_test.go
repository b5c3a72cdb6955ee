package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestAnAppAsksForMore: an app lets somebody in by password, and asks for an authentication context only where it
// shows what is worth more. The token says whether it was reached.
func TestAnAppAsksForMore(t *testing.T) {
	t.Parallel()
	s := boot(t)
	manage := newAPI(t, s)
	manage.withoutPolicies()
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<!doctype html><title>App</title>Back at the app")
	}))
	t.Cleanup(app.Close)
	p := manage.register("Payments", strings.Replace(app.URL, "127.0.0.1", "localhost", 1)+"/callback", true)
	manage.mfa(manage.flowOf(p.clientID), "conditional", "sms")
	manage.call(http.MethodPatch, "/v1.0/identity/conditionalAccess/authenticationContextClassReferences/c1", values{"displayName": "Move money", "isAvailable": true})
	manage.call(http.MethodPost, "/v1.0/identity/conditionalAccess/policies", values{"displayName": "Money needs a phone", "state": "enabled",
		"conditions": values{"users": values{"includeUsers": []string{"All"}}, "clientAppTypes": []string{"all"},
			"applications": values{"includeAuthenticationContextClassReferences": []string{"c1"}}},
		"grantControls": values{"operator": "OR", "builtInControls": []string{"mfa"}}})
	const email, number = "mona@example.com", "+49 30 901821"
	manage.person(email, number)

	b := openBrowser(t, s, "step-up")
	said := func() map[string]any {
		t.Helper()
		got, err := p.redeem(s.client(t), p.code(b.url()))
		if err != nil || got.IDToken == "" {
			t.Fatalf("%+v %v", got, err)
		}
		return claims(t, got.IDToken)
	}
	if got := b.arrives(p.authorize(), p.redirect, email); got != "in" {
		t.Fatalf("by password alone she is %s\n%s", got, b.words())
	}
	if c := said(); c["acrs"] != nil || strings.Contains(fmt.Sprint(c["amr"]), "mfa") {
		t.Errorf("before the step: acrs %v, amr %v", c["acrs"], c["amr"])
	}

	seen := map[string]bool{}
	if got := b.arrives(p.authorize("acr_values=c1"), p.redirect, email); got != "challenge" {
		t.Fatalf("asked for more, she is %s\n%s", got, b.words())
	}
	b.accessible("challenge")
	b.press("button[name=method][value=sms]")
	b.typeInto(codeBox, b.code(strings.ReplaceAll(number, " ", ""), seen))
	b.submit()
	for range 3 {
		if strings.HasPrefix(b.url(), p.redirect) {
			break
		}
		b.submit()
	}
	if c := said(); fmt.Sprint(c["acrs"]) != "[c1]" || !strings.Contains(fmt.Sprint(c["amr"]), "mfa") || c["acr"] != "c1" {
		t.Errorf("after the step: acrs %v, amr %v, acr %v", c["acrs"], c["amr"], c["acr"])
	}
}
