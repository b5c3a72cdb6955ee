package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"portico/app/e2e/formfill"
)

// receiver takes what a continuous export sends.
type receiver struct {
	mu   sync.Mutex
	seen []values
	web  *httptest.Server
}

func receive(t testing.TB) *receiver {
	r := &receiver{}
	r.web = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		var list []values
		if err != nil || json.Unmarshal(body, &list) != nil || q.Header.Get("Portico-Signature") == "" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.seen = append(r.seen, list...)
	}))
	t.Cleanup(r.web.Close)
	return r
}

// last is the newest record for which is says yes.
func (r *receiver) last(is func(values) bool) values {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := len(r.seen) - 1; i >= 0; i-- {
		if is(r.seen[i]) {
			return r.seen[i]
		}
	}
	return nil
}

// from makes a browser without script seem to be somewhere, as a proxy in front would say it.
type from struct {
	http.RoundTripper
	ip, agent string
}

func (f from) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Forwarded-For", f.ip)
	if f.agent != "" {
		r.Header.Set("User-Agent", f.agent)
	}
	return f.RoundTripper.RoundTrip(r)
}

func (f *filler) at(ip, agent string) *filler {
	f.Client.Transport = from{f.Client.Transport, ip, agent}
	return f
}

const behindProxy = "PORTICO_TRUSTED_PROXIES=127.0.0.0/8,::1/128"

// riskOf is what the API says of a person's risk.
func (a *api) riskOf(id string) (level, state, detail string) {
	a.t.Helper()
	u := a.call(http.MethodGet, "/v1.0/identityProtection/riskyUsers/"+id, nil)
	word := func(name string) string { s, _ := u[name].(string); return s }
	return word("riskLevel"), word("riskState"), word("riskDetail")
}

// TestARiskyPersonChoosesAnotherPassword is the story of issue 6: an administrator confirms in the portal that an account
// is in other hands; at the next sign-in its owner shows a second factor and chooses another password; the risk clears
// with the right word, and what was exported says the same.
func TestARiskyPersonChoosesAnotherPassword(t *testing.T) {
	t.Parallel()
	to := receive(t)
	where, err := url.Parse(to.web.URL)
	if err != nil {
		t.Fatal(err)
	}
	s := boot(t, "PORTICO_OUTBOUND_ALLOW="+where.Host)
	manage := newAPI(t, s)
	manage.withoutPolicies()
	p := market(t, s)
	flow := manage.flowOf(p.clientID)
	manage.mfa(flow, "conditional", "sms")
	manage.call(http.MethodPost, "/v1.0/identity/conditionalAccess/policies", values{"displayName": "Risky people choose another password", "state": "enabled",
		"conditions":    values{"users": values{"includeUsers": []string{"All"}}, "applications": values{"includeApplications": []string{"All"}}, "clientAppTypes": []string{"all"}, "userRiskLevels": []string{"high"}},
		"grantControls": values{"operator": "AND", "builtInControls": []string{"mfa", "passwordChange"}}})
	const email, number, fresh = "mara@example.com", "+49 30 1234561", "an entirely different passphrase"
	id := manage.person(email, number)
	manage.call(http.MethodPost, "/beta/portico/exports", values{"displayName": "SIEM", "kind": "webhook", "format": "jsonArray", "records": []string{"riskDetection", "riskyUserHistoryItem"}, "url": to.web.URL + "/risk"})

	ada := openBrowser(t, s, "risk-portal")
	ada.intoPortal("ada@fernhill.example")
	ada.goTo(s.base + "/admin/t/fernhill/users/" + id + "/risk")
	ada.accessible("person-risk")
	ada.goTo(s.base + "/admin/t/fernhill/users/" + id + "/risk/confirm")
	ada.accessible("confirm-compromised")
	ada.press(`form[action$="/risk/confirm"] button[type=submit]`)
	ada.sees("compromised")
	ada.accessible("person-confirmed")
	if level, state, detail := manage.riskOf(id); level != "high" || state != "confirmedCompromised" || detail != "adminConfirmedUserCompromised" {
		t.Fatalf("after the administrator: %s %s %s", level, state, detail)
	}
	ada.goTo(s.base + "/admin/t/fernhill/risky-users?risk=confirmedCompromised")
	ada.sees("mara")
	ada.accessible("risky-users")

	seen := map[string]bool{}
	b := openBrowser(t, s, "risk-owner")
	if got := b.arrives(p.authorize(), p.redirect, email); got != "challenge" {
		t.Fatalf("she arrives at %s\n%s", got, b.words())
	}
	b.sees("To protect your account, confirm it’s you first")
	b.accessible("challenge-because")
	if b.has("button[name=method][value=sms]") {
		b.press("button[name=method][value=sms]")
	}
	b.typeInto(codeBox, b.code(strings.ReplaceAll(number, " ", ""), seen))
	b.submit()
	b.sees("To protect your account, choose a new password")
	b.accessible("protect-password")
	b.typeInto(newPasswordBox, fresh)
	b.submit()
	for range 3 {
		if strings.HasPrefix(b.url(), p.redirect) || strings.Contains(b.url(), "/demo/") {
			break
		}
		b.submit() // "stay signed in?"
	}
	if at := b.url(); !strings.HasPrefix(at, p.redirect) && !strings.Contains(at, "/demo/") {
		t.Fatalf("she ends at %s\n%s", at, b.words())
	}
	if level, state, detail := manage.riskOf(id); level != "none" || state != "remediated" || detail != "userPerformedSecuredPasswordChange" {
		t.Errorf("afterwards: %s %s %s", level, state, detail)
	}
	detections := manage.call(http.MethodGet, "/v1.0/identityProtection/riskDetections?$filter="+url.QueryEscape("userId eq '"+id+"'"), nil)["value"].([]any)
	if len(detections) == 0 {
		t.Error("the API knows no detection")
	}
	for _, d := range detections {
		if d := d.(values); d["riskState"] != "remediated" || d["riskDetail"] != "userPerformedSecuredPasswordChange" {
			t.Errorf("the API's detection: %v %v %v", d["riskEventType"], d["riskState"], d["riskDetail"])
		}
	}
	history := manage.call(http.MethodGet, "/v1.0/identityProtection/riskyUsers/"+id+"/history", nil)["value"].([]any)
	told := map[any]any{} // who set it, by what happened
	for _, h := range history {
		h := h.(values)
		told[h["riskDetail"]] = h["initiatedBy"]
	}
	if len(history) != 2 || told["adminConfirmedUserCompromised"] == nil || told["userPerformedSecuredPasswordChange"] != id {
		t.Errorf("the history is %v", history)
	}
	eventually(t, 60*time.Second, "the exported records say the same", func() error {
		user := to.last(func(v values) bool { return v["userId"] == id && v["riskEventType"] == nil })
		found := to.last(func(v values) bool { return v["userId"] == id && v["riskEventType"] == "adminConfirmedUserCompromised" })
		if user == nil || found == nil || user["riskState"] != "remediated" || user["riskDetail"] != "userPerformedSecuredPasswordChange" || user["riskLevel"] != "none" ||
			found["riskState"] != "remediated" || found["riskDetail"] != "userPerformedSecuredPasswordChange" {
			return fmt.Errorf("user %v, detection %v", user, found)
		}
		return nil
	})
}

// TestARiskySignIn: from an address on the operator's list a second factor is asked for, which puts the risk right; who
// has none is stopped; and "no, it wasn't me" ends it all.
func TestARiskySignIn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	list := filepath.Join(dir, "tor.txt")
	if err := os.WriteFile(list, []byte("203.0.113.0/24\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := boot(t, behindProxy, "PORTICO_IP_LISTS="+list)
	manage := newAPI(t, s)
	manage.withoutPolicies()
	p := market(t, s)
	manage.mfa(manage.flowOf(p.clientID), "conditional", "sms")
	manage.policy("Strange sign-ins confirm it", "enabled", p.clientID, []string{"mfa"}, values{"signInRiskLevels": []string{"medium", "high"}})
	const email = "petra@example.com"
	id := manage.person(email, formfill.Person(email, password)["tel"])
	f := newFiller(t, s, email, password).at("203.0.113.7", "")
	got, err := p.redeem(f.Client, p.code(f.walk(p.authorize(), p.redirect)))
	if err != nil || got.AccessToken == "" {
		t.Fatalf("%+v %v", got, err)
	}
	if amr := fmt.Sprint(claims(t, got.IDToken)["amr"]); !strings.Contains(amr, "mfa") {
		t.Errorf("amr %s", amr)
	}
	var entry values
	for _, d := range manage.call(http.MethodGet, "/v1.0/identityProtection/riskDetections?$filter="+url.QueryEscape("userId eq '"+id+"'"), nil)["value"].([]any) {
		if d := d.(values); d["riskEventType"] == "anonymizedIPAddress" {
			entry = d
		}
	}
	if entry == nil || entry["riskState"] != "remediated" || entry["riskDetail"] != "userPassedMFADrivenByRiskBasedPolicy" || entry["ipAddress"] != "203.0.113.7" {
		t.Fatalf("the detection is %v", entry)
	}

	// Who has registered nothing is stopped, kindly.
	manage.person("nils@example.com", "")
	n := newFiller(t, s, "nils@example.com", password).at("203.0.113.8", "")
	if _, err := n.Walk(p.authorize(), p.redirect); err == nil {
		t.Error("somebody without a second factor came in")
	}
	if titles := strings.Join(n.Titles, " "); !strings.Contains(titles, "We stopped this sign-in") {
		t.Errorf("he saw %s", titles)
	}

	// She is asked, and says no.
	link := ""
	eventually(t, 20*time.Second, "the question arrives", func() error {
		for _, m := range mails(t, f.Client, s.base, email) {
			if i := strings.Index(m.Text, s.base+"/fernhill/account/was-this-you?q="); i >= 0 {
				link = strings.Fields(m.Text[i:])[0]
				return nil
			}
		}
		return errors.New("none yet")
	})
	b := openBrowser(t, s, "was-this-you")
	b.goTo(link + "&ui_locales=ar")
	b.accessible("question-arabic")
	b.goTo(link + "&ui_locales=en")
	b.sees("Was this you?")
	b.accessible("question")
	b.press("button[name=answer][value=no]")
	b.sees("Every device and every app has been signed out")
	b.accessible("disowned")
	if again, err := p.refresh(f.Client, got.RefreshToken); err != nil || again.Error != "invalid_grant" {
		t.Errorf("the refresh token answers %+v %v", again, err)
	}
	if level, state, _ := manage.riskOf(id); level != "high" || state != "atRisk" {
		t.Errorf("her risk is %s %s", level, state)
	}
	if b.has(`form[action$="/recover"]`) {
		b.press(`form[action$="/recover"] button[type=submit]`)
		if evaluate[string](b, `document.querySelector("input[name=email]").value`) != email {
			t.Error("her address is not filled in")
		}
		b.accessible("recover")
	}
	b.goTo(s.base + "/fernhill/account/was-this-you?q=nothing")
	b.sees("This link no longer works")
	b.accessible("question-over")
}

// TestAnAttackWaveIsOneIncident: wrong passwords for many people from many addresses are told as one thing.
func TestAnAttackWaveIsOneIncident(t *testing.T) {
	t.Parallel()
	s := boot(t, behindProxy)
	manage := newAPI(t, s)
	manage.withoutPolicies()
	p := market(t, s)
	open := func() []any {
		return manage.call(http.MethodGet, "/beta/portico/incidents?$filter="+url.QueryEscape("status eq 'open'"), nil)["value"].([]any)
	}
	before := map[string]bool{}
	for _, x := range open() {
		before[x.(values)["id"].(string)] = true
	}
	people := manage.call(http.MethodGet, "/v1.0/users?$top=60&$select=id,mail", nil)["value"].([]any)
	tried := 0
	for _, x := range people {
		mail, _ := x.(values)["mail"].(string)
		if mail == "" || tried >= 45 {
			continue
		}
		f := newFiller(t, s, mail, "Summer2026! and on").at(fmt.Sprintf("198.51.100.%d", 1+tried%9), "sprayer/7.1") // not the agent of the sample company's night
		page := f.stand(p, 1)
		_ = f.post(page)
		tried++
	}
	if tried < 40 {
		t.Fatalf("only %d people", tried)
	}
	// The sample company's own night may be found meanwhile: ours came from our addresses.
	sources := func(incident values) []any {
		return manage.call(http.MethodGet, "/beta/portico/incidents/"+incident["id"].(string)+"/sources", nil)["value"].([]any)
	}
	ours := func(incident values) bool {
		return slices.ContainsFunc(sources(incident), func(x any) bool { return strings.HasPrefix(x.(values)["source"].(string), "198.51.100.") })
	}
	var wave values
	eventually(t, 90*time.Second, "an incident", func() error {
		var fresh []values
		for _, x := range open() {
			if i := x.(values); !before[i["id"].(string)] && ours(i) {
				fresh = append(fresh, i)
			}
		}
		if len(fresh) != 1 {
			return fmt.Errorf("%d incidents", len(fresh))
		}
		if n, _ := fresh[0]["accountsTried"].(float64); n < 35 {
			return fmt.Errorf("it has %v accounts so far", n)
		}
		wave = fresh[0]
		return nil
	})
	if wave["kind"] != "passwordSpray" || wave["accountsEntered"] != 0.0 || wave["successes"] != 0.0 {
		t.Errorf("the incident is %v", wave)
	}
	if from := sources(wave); len(from) != 9 {
		t.Errorf("it came from %v", from)
	}
	ada := openBrowser(t, s, "incidents")
	ada.intoPortal("ada@fernhill.example")
	ada.goTo(s.base + "/admin/t/fernhill/incidents")
	ada.accessible("incidents")
	ada.goTo(s.base + "/admin/t/fernhill/incidents/" + wave["id"].(string))
	ada.sees("attempts")
	ada.accessible("incident")
}
