package e2e

import (
	"database/sql"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"
)

// monthPasses moves the end of every trial into the past, as 31 days would: the program's clock is the machine's.
func (s *server) monthPasses() {
	s.t.Helper()
	if err := s.stop(); err != nil {
		s.t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(s.dir, "data", "portico.db"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.Exec("UPDATE tenants SET trial_ends_at = ? WHERE plan = 'trial'", time.Now().UTC().AddDate(0, 0, -1)); err != nil {
		s.t.Fatal(err)
	}
	s.start()
}

// TestATrialTenant is DESIGN §5.12 from the outside: the operator makes the tenant a trial, and the pages of what it then
// lacks explain themselves, the API refuses them, and whoever was stopped by risk or asked for a second factor signs in
// without, which the log says. After day 30 customers go on signing in, and the portal changes nothing.
func TestATrialTenant(t *testing.T) {
	t.Parallel()
	s := boot(t)
	manage := newAPI(t, s)
	manage.withoutPolicies()
	p := market(t, s)
	manage.mfa(manage.flowOf(p.clientID), "alwaysOn", "sms")
	manage.policy("Compromised people stay out", "enabled", p.clientID, []string{"block"}, values{"userRiskLevels": []string{"high"}})
	enrolled, stopped := manage.person("enrolled@example.com", "+49 30 1234567"), manage.person("stopped@example.com", "+49 30 1234568")
	manage.call(http.MethodPost, "/v1.0/identityProtection/riskyUsers/confirmCompromised", values{"userIds": []string{stopped}})
	b := openBrowser(t, s, "trial-customer")
	arrive := func(when string, want map[string]string) {
		t.Helper()
		for email, to := range want {
			b.forgetCookies()
			if got := b.arrives(p.authorize(), p.redirect, email); got != to {
				t.Errorf("%s: %s: %s, want %s\n%s", when, email, got, to, b.words())
			}
		}
	}
	everybodyIn := map[string]string{"enrolled@example.com": "in", "stopped@example.com": "in"}
	arrive("standard", map[string]string{"enrolled@example.com": "challenge", "stopped@example.com": "blocked"})

	ada := openBrowser(t, s, "trial-operator")
	ada.intoPortal("ada@fernhill.example")
	plan := s.base + "/admin/tenants/" + p.tenantID() + "/plan"
	change := func(to string) {
		t.Helper()
		ada.goTo(plan)
		ada.set("/plan", "plan", to)
		ada.send("/plan")
		ada.sees("now has the plan")
	}
	change("trial")
	ada.accessible("tenant-on-trial")
	portal := s.base + "/admin/t/fernhill"
	for page, words := range map[string]string{"/conditional-access": "A trial has no Conditional Access", "/protection": "A trial has no Identity Protection",
		"/risky-users": "A trial has no Identity Protection", "/incidents": "A trial has no Identity Protection", "/exports": "A trial has no Identity Protection",
		"/authentication-methods": "A trial has no second factors"} {
		ada.goTo(portal + page)
		ada.sees(words)
		ada.sees("This tenant is a trial: 30 days left")
		if strings.Contains(ada.words(), "Something went wrong") {
			t.Errorf("%s: %s", page, ada.words())
		}
	}
	ada.goTo(portal + "/protection")
	ada.accessible("risk-in-a-trial")
	for _, path := range []string{"/v1.0/identity/conditionalAccess/policies", "/v1.0/identityProtection/riskyUsers", "/v1.0/policies/authenticationMethodsPolicy", "/beta/portico/incidents"} {
		if status, said := manage.try(http.MethodGet, path, nil); status != http.StatusForbidden {
			t.Errorf("%s answers %d %v", path, status, said)
		}
	}
	arrive("in the trial", everybodyIn)
	entry := manage.call(http.MethodGet, "/v1.0/auditLogs/signIns?$top=1&$filter="+url.QueryEscape("userId eq '"+enrolled+"'"), nil)["value"].([]any)[0].(values)
	if entry["conditionalAccessStatus"] != "notApplied" || entry["riskLevelDuringSignIn"] != "none" || entry["authenticationRequirement"] != "singleFactorAuthentication" {
		t.Errorf("the log says %v %v %v", entry["conditionalAccessStatus"], entry["riskLevelDuringSignIn"], entry["authenticationRequirement"])
	}
	ada.goTo(portal + "/sign-ins/" + entry["id"].(string))
	ada.sees("Risk and policies were skipped: this is a trial tenant")

	s.monthPasses()
	ada.goTo(portal + "/settings/edit")
	ada.sees("The trial of this tenant is over")
	ada.set("/settings/edit", "name", "Fernhill after the trial")
	ada.press(`form[action$="/settings/edit"] button.button--primary:not([tabindex])`)
	ada.sees("Nothing was changed")
	ada.accessible("trial-over")
	if status, said := manage.try(http.MethodPatch, "/v1.0/users/"+enrolled, values{"displayName": "Changed"}); status != http.StatusForbidden {
		t.Errorf("a change after the trial answers %d %v", status, said)
	}
	if who := manage.call(http.MethodGet, "/v1.0/users/"+enrolled, nil); who["displayName"] != "enrolled" {
		t.Errorf("after the trial: %v", who)
	}
	arrive("after the trial", everybodyIn)

	change("standard")
	arrive("standard again", map[string]string{"enrolled@example.com": "challenge", "stopped@example.com": "blocked"})
}
