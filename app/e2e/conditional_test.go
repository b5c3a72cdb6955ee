package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// flowOf gives the id of the user flow that a sample application belongs to.
func (a *api) flowOf(clientID string) string {
	a.t.Helper()
	for _, f := range a.call(http.MethodGet, "/v1.0/identity/authenticationEventsFlows?$expand=conditions", nil)["value"].([]any) {
		flow := f.(values)
		apps := a.call(http.MethodGet, "/v1.0/identity/authenticationEventsFlows/"+flow["id"].(string)+"/conditions/applications/includeApplications", nil)["value"].([]any)
		if slices.ContainsFunc(apps, func(x any) bool { return x.(values)["appId"] == clientID }) {
			return flow["id"].(string)
		}
	}
	a.t.Fatalf("%s is in no user flow", clientID)
	return ""
}

// mfa sets the switch of a user flow.
func (a *api) mfa(flow, enforcement string, methods ...string) {
	a.t.Helper()
	a.call(http.MethodPatch, "/beta/identity/authenticationEventsFlows/"+flow, values{
		"@odata.type": "#microsoft.graph.externalUsersSelfServiceSignUpEventsFlow",
		"portico":     values{"multifactorAuthentication": values{"enforcement": enforcement, "methods": methods}}})
}

// policy makes a Conditional Access policy for everybody and one app, and gives its id.
func (a *api) policy(name, state, clientID string, controls []string, more values) string {
	a.t.Helper()
	conditions := values{"users": values{"includeUsers": []string{"All"}}, "applications": values{"includeApplications": []string{clientID}}, "clientAppTypes": []string{"all"}}
	for k, v := range more {
		conditions[k] = v
	}
	made := a.call(http.MethodPost, "/v1.0/identity/conditionalAccess/policies", values{"displayName": name, "state": state,
		"conditions": conditions, "grantControls": values{"operator": "OR", "builtInControls": controls}})
	return made["id"].(string)
}

// withoutPolicies takes away what the sample company has.
func (a *api) withoutPolicies() {
	a.t.Helper()
	for _, p := range a.call(http.MethodGet, "/v1.0/identity/conditionalAccess/policies", nil)["value"].([]any) {
		a.call(http.MethodDelete, "/v1.0/identity/conditionalAccess/policies/"+p.(values)["id"].(string), nil)
	}
}

// person makes a customer with a password, and with a phone as a registered method when one is given.
func (a *api) person(email, phone string) string {
	a.t.Helper()
	made := a.call(http.MethodPost, "/v1.0/users", values{"accountEnabled": true, "displayName": strings.Split(email, "@")[0], "givenName": "Mara", "surname": "Matrix", "mail": email,
		"identities":      []values{{"signInType": "emailAddress", "issuer": "fernhill", "issuerAssignedId": email}},
		"passwordProfile": values{"password": password, "forceChangePasswordNextSignIn": false}})
	id := made["id"].(string)
	if phone != "" {
		a.call(http.MethodPost, "/v1.0/users/"+id+"/authentication/phoneMethods", values{"phoneNumber": phone, "phoneType": "mobile"})
	}
	return id
}

// arrives signs somebody in by password and says where it ended: at the app ("in"), at the enrolment page, at
// the challenge, or at a page that says no.
func (b *tab) arrives(address, redirect, email string) string {
	b.t.Helper()
	b.goTo(address)
	for range 6 {
		at := b.url()
		switch {
		case strings.HasPrefix(at, redirect), strings.Contains(at, "/demo/"):
			return "in"
		case b.has("input[name=step][value=enrol]"):
			return "enrol"
		case b.has("input[name=step][value=challenge]"):
			return "challenge"
		case b.has("input[name=step][value=blocked]"):
			return "blocked"
		case b.has(passwordBox):
			if b.has(emailBox) {
				b.typeInto(emailBox, email)
			}
			b.typeInto(passwordBox, password)
			b.submit()
		case b.has(emailBox):
			b.typeInto(emailBox, email)
			b.submit()
		default:
			b.submit() // "stay signed in?"
		}
	}
	b.t.Fatalf("%s never arrives: %s\n%s", email, b.url(), b.words())
	return ""
}

// TestTheEnforcementMatrix drives every row of R 16.2 in a browser: the flow's switch, what a policy asks for,
// whether the person has registered a second factor.
func TestTheEnforcementMatrix(t *testing.T) {
	t.Parallel()
	s := boot(t)
	manage := newAPI(t, s)
	manage.withoutPolicies()
	p := market(t, s)
	flow := manage.flowOf(p.clientID)
	b := openBrowser(t, s, "matrix")
	n := 0
	for _, row := range []struct{ enforcement, policy, enrolled, want string }{
		{"off", "block", "yes", "blocked"},
		{"alwaysOn", "block", "yes", "blocked"},
		{"conditional", "block", "no", "blocked"},
		{"off", "none", "no", "in"},
		{"off", "none", "yes", "in"},
		{"off", "mfa", "yes", "in"},
		{"off", "mfa", "no", "in"},
		{"off", "risk", "no", "in"},
		{"alwaysOn", "none", "yes", "challenge"},
		{"alwaysOn", "mfa", "yes", "challenge"},
		{"alwaysOn", "none", "no", "enrol"},
		{"alwaysOn", "mfa", "no", "enrol"},
		{"alwaysOn", "risk", "no", "blocked"},
		{"alwaysOn", "risk", "yes", "challenge"},
		{"conditional", "none", "yes", "in"},
		{"conditional", "none", "no", "enrol"},
		{"conditional", "mfa", "no", "enrol"},
		{"conditional", "mfa", "yes", "challenge"},
		{"conditional", "risk", "no", "blocked"},
		{"conditional", "risk", "yes", "challenge"},
	} {
		n++
		name := fmt.Sprintf("%s, %s, enrolled %s", row.enforcement, row.policy, row.enrolled)
		methods := []string{"sms", "softwareOath"}
		manage.mfa(flow, row.enforcement, methods...)
		phone := ""
		if row.enrolled == "yes" {
			phone = fmt.Sprintf("+49 3012345%02d", n)
		}
		email := fmt.Sprintf("matrix%d@example.com", n)
		id := manage.person(email, phone)
		policy := ""
		switch row.policy {
		case "block", "mfa":
			policy = manage.policy(name, "enabled", p.clientID, []string{row.policy}, nil)
		case "risk":
			policy = manage.policy(name, "enabled", p.clientID, []string{"mfa"}, values{"userRiskLevels": []string{"high"}})
			manage.call(http.MethodPost, "/v1.0/identityProtection/riskyUsers/confirmCompromised", values{"userIds": []string{id}})
		}
		b.forgetCookies()
		if got := b.arrives(p.authorize(), p.redirect, email); got != row.want {
			t.Errorf("%s: %s, want %s\n%s", name, got, row.want, b.words())
		}
		if row.want != "in" && n%3 == 0 {
			b.accessible("matrix-" + row.want)
		}
		if policy != "" {
			manage.call(http.MethodDelete, "/v1.0/identity/conditionalAccess/policies/"+policy, nil)
		}
	}
}

// phoneOf registers a number on the enrolment page by the texted code.
func (b *tab) addPhone(number string, seen map[string]bool) {
	b.t.Helper()
	if b.has("button[name=method][value=sms]") {
		b.accessible("choose-method")
		b.press("button[name=method][value=sms]")
	}
	b.accessible("phone-number")
	b.typeInto("input[type=tel]", number)
	b.submit()
	b.accessible("phone-code")
	b.typeInto(codeBox, b.code(strings.ReplaceAll(number, " ", ""), seen))
	b.submit()
}

// TestPhoneForOneAppOnly is the order of the issue: one directory, car insurance without a second factor,
// home insurance with phone verification by a policy on all users and that app.
func TestPhoneForOneAppOnly(t *testing.T) {
	t.Parallel()
	s := boot(t)
	manage := newAPI(t, s)
	manage.withoutPolicies()
	auto, home := sample(t, s, "auto"), sample(t, s, "home")
	manage.mfa(manage.flowOf(auto.clientID), "off")
	manage.mfa(manage.flowOf(home.clientID), "conditional", "sms")
	manage.policy("Phone for home insurance", "enabled", home.clientID, []string{"mfa"}, nil)
	const email, number = "vera@example.com", "+49 30 901820"
	seen := map[string]bool{}
	b := openBrowser(t, s, "phone")
	b.signUp("auto", email, true, seen)
	b.sees("Hello, Noor")
	if got := b.words(); strings.Contains(got, "\"mfa\"") {
		t.Error("car insurance asked for a second factor")
	}
	b.goTo(s.base + "/demo/home")
	b.press("#signin")
	for range 6 { // her sign-in at the car insurance is gone on with, or proven again by code
		switch {
		case b.has("input[type=tel]"), b.has("button[name=method][value=sms]"):
		case b.has(codeBox):
			b.typeInto(codeBox, b.code(email, seen))
			b.submit()
			continue
		case b.has(emailBox):
			b.typeInto(emailBox, email)
			b.submit()
			continue
		}
		break
	}
	b.addPhone(number, seen)
	for range 5 {
		if strings.Contains(b.url(), "/demo/home") {
			break
		}
		if b.has("input[autocomplete~=postal-code]") {
			b.typeInto("input[autocomplete~=postal-code]", "9712 JG")
		}
		if b.has("input[type=radio]") {
			b.do("choose", chromedp.Click(chromedp.CSS("input[type=radio]")))
		}
		if b.has("div.terms") {
			b.do("agree", chromedp.Click(chromedp.CSS("input[type=checkbox]")))
		}
		b.submit() // questions of the flow, recovery codes, "stay signed in?"
	}
	b.sees("Hello")
	b.accessible("home-after-phone")
	if amr := b.words(); !strings.Contains(amr, "mfa") {
		t.Errorf("the token does not say that a second factor was shown:\n%s", amr)
	}

	// A new browser at the home insurance: the phone is asked for, and only there.
	b.forgetCookies()
	b.goTo(s.base + "/demo/home")
	b.press("#signin")
	b.typeInto(emailBox, email)
	b.submit()
	if b.has(codeBox) {
		b.typeInto(codeBox, b.code(email, seen))
		b.submit()
	}
	if !b.has("input[name=step][value=challenge]") {
		t.Fatalf("the phone is not asked for: %s\n%s", b.url(), b.words())
	}
	b.accessible("phone-challenge")
	if strings.Contains(b.words(), "901820") {
		t.Error("the page shows the whole number")
	}
}

// TestReportOnlyChangesNothing: a policy in report-only blocks nobody, and the log says what it would have done.
func TestReportOnlyChangesNothing(t *testing.T) {
	s := boot(t)
	manage := newAPI(t, s)
	manage.withoutPolicies()
	p := market(t, s)
	manage.policy("Would block everybody", "enabledForReportingButNotEnforced", p.clientID, []string{"block"}, nil)
	f := newFiller(t, s, "rhea@example.com", password)
	got, err := p.redeem(f.Client, p.code(f.walk(p.authorize("prompt=create"), p.redirect)))
	if err != nil || got.AccessToken == "" {
		t.Fatalf("%+v %v", got, err)
	}
	oid, _ := claims(t, got.AccessToken)["oid"].(string)
	entries := manage.call(http.MethodGet, "/v1.0/auditLogs/signIns?$filter="+url.QueryEscape("userId eq '"+oid+"'"), nil)["value"].([]any)
	if len(entries) == 0 {
		t.Fatal("the sign-in is not in the log")
	}
	applied, _ := entries[len(entries)-1].(values)["appliedConditionalAccessPolicies"].([]any)
	if len(applied) != 1 || applied[0].(values)["result"] != "reportOnlyFailure" {
		t.Errorf("the log says %v", applied)
	}
}

// TestAPolicyTakesHoldAtRefresh: what is saved counts at the next refresh, and the token is not used up.
func TestAPolicyTakesHoldAtRefresh(t *testing.T) {
	s := boot(t)
	manage := newAPI(t, s)
	manage.withoutPolicies()
	p := manage.register("refreshes", "http://localhost:1/callback", true)
	flow := manage.flowOf(p.clientID)
	manage.mfa(flow, "conditional", "sms", "softwareOath", "email")
	f := newFiller(t, s, "ria@example.com", password)
	f.walk(p.authorize("prompt=create"), p.redirect)
	f = newFiller(t, s, "ria@example.com", password) // signs in by password alone
	got, err := p.redeem(f.Client, p.code(f.walk(p.authorize(), p.redirect)))
	if err != nil || got.RefreshToken == "" {
		t.Fatalf("%+v %v", got, err)
	}
	policy := manage.policy("Second factor now", "enabled", p.clientID, []string{"mfa"}, nil)
	refused, err := p.refresh(f.Client, got.RefreshToken)
	if err != nil || refused.Error != "interaction_required" || refused.AccessToken != "" {
		t.Fatalf("after the policy: %+v %v", refused, err)
	}
	manage.call(http.MethodPatch, "/v1.0/identity/conditionalAccess/policies/"+policy, values{"state": "disabled"})
	again, err := p.refresh(f.Client, got.RefreshToken)
	if err != nil || again.AccessToken == "" {
		t.Errorf("the refused refresh used the token up: %+v %v", again, err)
	}
}
