package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"portico/app/e2e/formfill"
)

// firefox is an ordinary browser, so that nothing but the place is strange about a sign-in.
const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

// detectionOf is a person's detection of a type, as the API tells it; nil when there is none.
func (a *api) detectionOf(id, kind string) values {
	a.t.Helper()
	for _, d := range a.call(http.MethodGet, "/v1.0/identityProtection/riskDetections?$filter="+url.QueryEscape("userId eq '"+id+"'"), nil)["value"].([]any) {
		if d := d.(values); d["riskEventType"] == kind {
			return d
		}
	}
	return nil
}

// TestANewCountryAsksForMore is R 16.4's first story by a place that an MMDB knows: a person signs in from home until that
// is usual; from a country that nobody comes from, the policy on medium risk asks for a second factor, and passing it
// puts the risk right. At home, before and afterwards, nothing is asked.
func TestANewCountryAsksForMore(t *testing.T) {
	const home, away = "203.0.113.7", "192.0.2.9"
	s := boot(t, behindProxy, "PORTICO_GEOIP="+writePlaces(t, map[string]string{"203.0.113.0/24": "NL", "192.0.2.0/25": "KE Africa/Nairobi"}))
	manage := newAPI(t, s)
	manage.withoutPolicies()
	p := market(t, s)
	manage.mfa(manage.flowOf(p.clientID), "conditional", "sms")
	manage.policy("Strange sign-ins confirm it", "enabled", p.clientID, []string{"mfa"}, values{"signInRiskLevels": []string{"medium", "high"}})
	const email = "wanjiru@example.com"
	id := manage.person(email, formfill.Person(email, password)["tel"])

	// The browser stays the same, with its device cookie: only the country is new.
	f := newFiller(t, s, email, password).at(home, firefox)
	own := f.Client.Transport.(from).RoundTripper
	arrive := func(ip string) (factors string) {
		t.Helper()
		f.Client.Transport = from{own, ip, firefox}
		got, err := p.redeem(f.Client, p.code(f.walk(p.authorize("prompt=login"), p.redirect)))
		if err != nil || got.IDToken == "" {
			t.Fatalf("from %s: %+v %v", ip, got, err)
		}
		return fmt.Sprint(claims(t, got.IDToken)["amr"])
	}
	for i := range 4 {
		if amr := arrive(home); strings.Contains(amr, "mfa") {
			t.Fatalf("sign-in %d from home: %s", i+1, amr)
		}
	}
	// How rare a country is among everybody's sign-ins is counted by a job that reads the log.
	eventually(t, 60*time.Second, "sign-ins are counted", func() error {
		if n := manage.call(http.MethodGet, "/beta/portico/riskBudget", nil)["signIns"]; n == nil || n == 0.0 {
			return fmt.Errorf("%v so far", n)
		}
		return nil
	})
	if amr := arrive(away); !strings.Contains(amr, "mfa") {
		t.Errorf("from a new country: %s", amr)
	}
	d := manage.detectionOf(id, "newCountry")
	if d == nil || d["riskLevel"] != "medium" || d["riskState"] != "remediated" || d["riskDetail"] != "userPassedMFADrivenByRiskBasedPolicy" || d["ipAddress"] != away {
		t.Fatalf("the detection is %v", d)
	}
	if reason := d["portico"].(values)["reason"]; reason != "First sign-in from Kenya. So far they usually signed in from Netherlands." {
		t.Errorf("the reason is %v", reason)
	}
	if where, _ := d["location"].(values); where["countryOrRegion"] != "KE" {
		t.Errorf("it is said to be at %v", d["location"])
	}
	var risky values
	for _, x := range manage.call(http.MethodGet, "/v1.0/auditLogs/signIns?$filter="+url.QueryEscape("userId eq '"+id+"'"), nil)["value"].([]any) {
		if x := x.(values); x["ipAddress"] == away {
			risky = x
		}
	}
	if risky == nil || risky["riskLevelDuringSignIn"] != "medium" || risky["riskState"] != "remediated" || risky["riskDetail"] != "userPassedMFADrivenByRiskBasedPolicy" {
		t.Errorf("the log says %v %v %v", risky["riskLevelDuringSignIn"], risky["riskState"], risky["riskDetail"])
	}
	// Whoever is asked whether it was them reads the time by the clock on the wall there.
	eventually(t, 30*time.Second, "the question with the place's own time", func() error {
		for _, m := range mails(t, http.DefaultClient, s.base, email) {
			if strings.Contains(m.Text, "Kenya") && strings.Contains(m.Text, "UTC+3") {
				return nil
			}
		}
		return fmt.Errorf("none among %d mails", len(mails(t, http.DefaultClient, s.base, email)))
	})
	if amr := arrive(home); strings.Contains(amr, "mfa") {
		t.Errorf("back home: %s", amr)
	}
}
