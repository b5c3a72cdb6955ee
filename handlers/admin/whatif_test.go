package admin

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"portico/app/account"
	"portico/app/policy"
	"portico/app/record"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// mfaFor is a saved policy that asks everybody for a second factor in one app.
func (b *bench) policy(edit func(*policy.Policy)) policy.Policy {
	b.Helper()
	p := policy.Policy{Name: "Second factor", State: policy.On, Conditions: policy.Conditions{Users: policy.Users{IncludeUsers: []string{policy.All}},
		Applications: policy.Applications{IncludeApplications: []string{policy.All}}}, GrantControls: &policy.GrantControls{Operator: "OR", BuiltInControls: []string{policy.ControlMFA}}}
	if edit != nil {
		edit(&p)
	}
	p, err := b.shop.CreatePolicy(b.Context(), modelstest.Actor(), p, record.Signals{})
	b.must(err)
	return p
}

// asked is a sign-in of somebody that policies were asked about, an hour ago.
func (b *bench) asked(u models.User, clientID string, set *policy.Set) record.SignIn {
	b.Helper()
	at := b.store.Now().Add(-time.Hour)
	in := record.Inputs{ClientApp: policy.Browser, SignInRisk: "none", UserRisk: "none", Switch: "conditional", Kinds: []string{"totp"}, Methods: []string{"password"}, AuthTime: at}
	r := record.SignIn{ID: models.NewID(), TenantID: b.shop.ID, Kind: record.Interactive, Protocol: "openid", StartedAt: at, EndedAt: at, User: record.Party{ID: u.ID, Name: u.DisplayName},
		App: record.Party{ID: clientID, Name: "Market"}, Signals: record.Signals{IP: netip.MustParseAddr("203.0.113.9"), Country: "DE", Platform: "iOS"}, Inputs: &in, Outcome: record.Outcome{Result: record.Success}}
	q, _ := policy.RequestOf(r)
	r.Policies = set.Trace(set.Evaluate(q), policy.ShownOf(in), true)
	b.must(b.shop.RecordSignIn(b.Context(), r))
	return r
}

func TestWhatIf(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	const at = "/admin/t/shop/what-if"
	w.get(at).wants(t, 200, "What would the policies say", "Person", "Application or action")
	b.policy(nil)
	b.policy(func(p *policy.Policy) {
		p.Name, p.GrantControls = "No strange places", &policy.GrantControls{Operator: "OR", BuiltInControls: []string{policy.ControlBlock}}
		p.Conditions.Locations = &policy.Locations{Include: []string{policy.All}}
	})
	b.policy(func(p *policy.Policy) { p.Name, p.State = "Only a thought", policy.ReportOnly })
	staffOnly := b.policy(func(p *policy.Policy) {
		p.Name, p.GrantControls.BuiltInControls = "Testers stay out", []string{policy.ControlBlock}
		g, err := b.shop.CreateGroup(b.Context(), modelstest.Actor(), account.Group{Name: "Testers"})
		b.must(err)
		p.Conditions.Users = policy.Users{IncludeGroups: []string{g.ID}}
	})
	q := func(pairs ...string) answer {
		v := url.Values{}
		for i := 0; i+1 < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return w.get(at + "?" + v.Encode())
	}
	q("user", "ada@example.com").wants(t, 422, "Choose an application or an action")
	q("user", "nobody@example.com", "target", th.app.ClientID).wants(t, 422, "Nobody has this name")
	q("target", th.app.ClientID, "ip", "everywhere").wants(t, 422, "Enter an IP address")
	q("target", th.app.ClientID, "groups", "Nobodies").wants(t, 422, "No group has this name: Nobodies")
	a := q("user", "ada@example.com", "target", th.app.ClientID)
	a.wants(t, 200, "Gets in", "switch is off: nobody is asked", "Second factor", "not enough information", "First unmet: locations")
	_, err := b.shop.PublishFlow(t.Context(), modelstest.Actor(), th.flow.ID, func(f *userflow.Flow) error {
		f.MFA = userflow.MFA{Enforcement: userflow.MFAConditional, Methods: []string{"softwareOath"}}
		return nil
	})
	b.must(err)
	q("user", "ada@example.com", "target", th.app.ClientID).wants(t, 200, "Gets in after more", "Set up a second factor", "Authenticator app")
	q("user", "ada@example.com", "target", th.app.ClientID, "country", "DE").wants(t, 200, "Does not get in", "Blocked by a policy")
	q("target", th.app.ClientID, "groups", "testers").wants(t, 200, "Does not get in", staffOnly.Name)
	w.get(at+"?policy="+staffOnly.ID).wants(t, 200, "Person")

	// What-If about a recorded sign-in gives what the log has.
	set, err := b.shop.PolicySet(t.Context())
	b.must(err)
	r := b.asked(th.user, th.app.ClientID, set)
	a = w.get(at + "?signIn=" + r.ID)
	a.wants(t, 200, "The very inputs of a recorded sign-in", "Said then", "Failure", "Report-only: User action required", "Not applied")
	if !strings.Contains(a.body, `value="203.0.113.9"`) {
		t.Error("the form does not hold the sign-in")
	}
	w.get("/admin/t/shop/sign-ins/"+r.ID).wants(t, 200, "What if this again?")
	b.admin("reader@staff.example", b.roleID("User Administrator"), b.shop.ID).get(at).wants(t, 403)
}

func TestReplayOnThePortal(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	const at = "/admin/t/shop/policy-replays"
	w.get(at).wants(t, 200, "No replay yet")
	p := b.policy(func(p *policy.Policy) { p.State = policy.Off })
	r := b.asked(th.user, th.app.ClientID, policy.Compile(nil, nil, nil))
	w.get(at+"/new?policy="+p.ID).wants(t, 200, "Second factor (Off)", "Switched on, as it is saved")
	w.post(at, "policy", p.ID, "try", "on", "days", "0").wants(t, 422, "Choose between 1 and 90 days")
	w.post(at, "days", "7").wants(t, 422, "Choose a policy, or paste a draft")
	w.post(at, "days", "7", "document", "{").wants(t, 422, "Paste one policy as JSON")
	w.post(at, "days", "7", "document", `{"displayName":"Bare"}`).wants(t, 422)
	a := w.post(at, "policy", p.ID, "try", "on", "days", "7")
	if a.status != 303 || !strings.HasPrefix(a.location, at+"/") {
		t.Fatalf("%d %s %s", a.status, a.location, text(a.body))
	}
	done := w.get(a.location)
	done.wants(t, 200, "Finished", "1 of 1 sign-in would go another way", "Asked for more", "Set up a second factor", "Market", "Germany", "iOS", "What was tried")
	if !strings.Contains(done.body, "/sign-ins/"+r.ID) {
		t.Error("no example")
	}
	// Who may not read the log sees the numbers, and no example of it.
	few := b.admin("policies@staff.example", b.roleID("Conditional Access Administrator"), b.shop.ID)
	few.get("/admin/t/shop/sign-ins/"+r.ID).wants(t, 403)
	counts := few.get(a.location)
	counts.wants(t, 200, "1 of 1 sign-in would go another way")
	if strings.Contains(counts.body, r.ID) {
		t.Error("an example of the log is shown to somebody who may not read it")
	}
	w.post(a.location+"/cancel").wants(t, 303)
	a = w.post(at, "days", "30", "document", `{"displayName":"Stay out","state":"enabledForReportingButNotEnforced","conditions":{"users":{"includeUsers":["All"]},"applications":{"includeApplications":["All"]},"clientAppTypes":["all"]},"grantControls":{"operator":"OR","builtInControls":["block"]}}`)
	if a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	w.get(a.location).wants(t, 200, "Kept out", "Stay out, as a draft")
	w.get(at).wants(t, 200, "Second factor, switched on", "Stay out, as a draft")
	w.get(at+"/"+models.NewID()).wants(t, 404)
}

// The log is narrowed to what a policy said, and a sign-in shows what would have been apart.
func TestTheLogOfAPolicy(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	p := b.policy(func(p *policy.Policy) { p.State = policy.ReportOnly })
	other := b.policy(func(p *policy.Policy) {
		p.Name, p.Conditions.Applications.IncludeApplications = "Elsewhere", []string{th.app.ClientID}
		p.Conditions.Platforms = &policy.Platforms{Include: []string{"linux"}}
	})
	set, err := b.shop.PolicySet(t.Context())
	b.must(err)
	r := b.asked(th.user, th.app.ClientID, set)
	narrowed := func(query string, there bool) {
		t.Helper()
		if a := w.get("/admin/t/shop/sign-ins?" + query); a.status != 200 || strings.Contains(a.body, "/sign-ins/"+r.ID) != there {
			t.Errorf("%s: %d, there: %t", query, a.status, !there)
		}
	}
	narrowed("policy="+p.ID, true)
	narrowed("policy="+other.ID, false)
	narrowed("policy="+other.ID+"&said=notApplied", true)
	narrowed("policy="+p.ID+"&said=interrupted", true)
	narrowed("policy="+p.ID+"&said=failure", false)
	narrowed("policy="+p.ID+"&app=nothing", false)
	w.get("/admin/t/shop/sign-ins?said=failure").wants(t, 200, "What it said")
	w.get("/admin/t/shop/sign-ins/"+r.ID).wants(t, 200, "Conditional Access: report-only", "Report-only: User action required", "Second factor", "Conditional")
}
