package admin

import (
	"strings"
	"testing"
	"time"

	"portico/app/policy"
	"portico/app/record"
	"portico/app/userflow"
	"portico/handlers"
	"portico/models/modelstest"
)

// sentForm is the form of a policy about one application, as the editor sends it.
func sentForm(name, clientID string, more ...string) []string {
	return append([]string{"displayName", name, "who", "all", "target", "apps", "apps", "some", "includeApplications", clientID, "grant", "block", "state", "enabledForReportingButNotEnforced"}, more...)
}

// What was typed into a policy that somebody deleted meanwhile comes back, and can be saved as a new one.
func TestAPolicyDeletedWhileItIsEdited(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	x := b.policy(nil)
	at := policiesAt + "/" + x.ID
	b.must(b.shop.DeletePolicy(t.Context(), modelstest.Actor(), x.ID))
	form := sentForm("Mine", th.app.ClientID, "description", "Typed for long")
	a := w.post(at+"/edit", form...)
	a.wants(t, 422, "Somebody else deleted this policy meanwhile", "Save as a new policy", "Market")
	a.holds(t, `value="Typed for long"`, `action="`+policiesAt+`"`)
	w.post(at+"/edit", append(form, "do", "preview")...).wants(t, 422, "Save as a new policy")
	if a := w.post(policiesAt, form...); a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	b.policyNamed("Mine")
	w.post(policiesAt+"/8f0f4b62-1111-4222-8333-444455556666/edit", form...).wants(t, 404)
}

// Whoever comes second is told which fields the first one changed.
func TestTheConflictOfAPolicySaysWhatChanged(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	x := b.policy(nil)
	b.clock.Advance(time.Minute)
	_, err := b.shop.UpdatePolicy(t.Context(), modelstest.Actor(), x.ID, record.Signals{}, func(x *policy.Policy) error {
		x.Description, x.Conditions.Platforms = "Theirs", &policy.Platforms{Include: []string{"linux"}}
		return nil
	})
	b.must(err)
	a := w.post(policiesAt+"/"+x.ID+"/edit", sentForm("Mine", th.app.ClientID, "modified", stamp(x.ModifiedAt))...)
	a.wants(t, 422, "Somebody else changed this policy meanwhile", "Changed meanwhile: description and device platforms.")
}

// Two presses of "Restore" end at the policy, or the location, that is there.
func TestRestoringTwice(t *testing.T) {
	b := newBench(t)
	w := b.global()
	x := b.policy(nil)
	b.must(b.shop.DeletePolicy(t.Context(), modelstest.Actor(), x.ID))
	place, err := b.shop.CreateLocation(t.Context(), modelstest.Actor(), policy.Location{Name: "home", Countries: []string{"DE"}})
	b.must(err)
	b.must(b.shop.DeleteLocation(t.Context(), modelstest.Actor(), place.ID))
	for path, page := range map[string]string{policiesAt + "/deleted/" + x.ID: policiesAt + "/" + x.ID, policiesAt + "/locations/deleted/" + place.ID: policiesAt + "/locations/" + place.ID} {
		w.post(path + "/restore")
		w.get(page).wants(t, 200, "restored.")
		if a := w.post(path + "/restore"); a.status != 303 || a.location != page {
			t.Errorf("%s: %d %s", path, a.status, a.location)
		}
		w.get(page).wants(t, 200, "is restored already")
	}
	w.post(policiesAt+"/deleted/8f0f4b62-1111-4222-8333-444455556666/restore").wants(t, 404)
}

// The form of countries complains once, and of countries.
func TestNoCountryChosen(t *testing.T) {
	b := newBench(t)
	a := b.global().post(policiesAt+"/locations", "displayName", "home", "kind", "countries")
	a.wants(t, 422, "Choose at least one country")
	if words := text(a.body); strings.Contains(words, "address ranges, or") || strings.Count(a.body, `href="#f-countriesAndRegions"`) != 1 {
		t.Error(words)
	}
}

// What is no policy at all, or was cut off, is said with its line.
func TestWhatIsNoPolicyInJSON(t *testing.T) {
	b := newBench(t)
	w := b.global()
	for sent, wants := range map[string]string{
		"null":     "What stands on line 1 is not a policy",
		"123":      "What stands on line 1 is not a policy",
		`"policy"`: "What stands on line 1 is not a policy",
		"{\n  \"displayName\": \"x\",\n  \"state\"\n": "The text ends on line 3, in the middle of a policy",
		"[1]": "[0] is not a policy",
	} {
		w.post(policiesAt+"/import", "json", sent).wants(t, 422, wants)
	}
}

// A file brought in a second time doubles nothing unless that is ticked.
func TestPoliciesBroughtInTwice(t *testing.T) {
	b := newBench(t)
	w := b.global()
	one := `{"displayName":"One","state":"disabled","conditions":{"users":{"includeUsers":["All"]},"applications":{"includeApplications":["All"]},"clientAppTypes":["all"]},"grantControls":{"operator":"OR","builtInControls":["mfa"]}}`
	two := "[" + one + "," + strings.Replace(one, "One", "Two", 1) + "]"
	count := func(want int) {
		t.Helper()
		if list, err := b.shop.Policies(t.Context()); err != nil || len(list) != want {
			t.Fatalf("%d, not %d: %v", len(list), want, err)
		}
	}
	w.post(policiesAt+"/import", "json", two)
	count(2)
	a := w.post(policiesAt+"/import", "json", two)
	a.wants(t, 422, "policies with these names already: “One”, “Two”", "Make them all the same")
	a.holds(t, `name="doubles"`)
	a = w.upload(policiesAt+"/import", "p.json", two, handlers.CSRFField, w.token())
	a.wants(t, 422, "policies with these names already", "Make them all the same", "displayName")
	count(2)
	w.post(policiesAt+"/import", "json", two, "doubles", "yes").wants(t, 303)
	count(4)
	w.post(policiesAt+"/import", "json", one).wants(t, 200, "There is a policy with this name already")
}

// A trial shows why there is no Conditional Access, and no form that could only fail.
func TestConditionalAccessInATrial(t *testing.T) {
	b := newBench(t)
	stock := b.policies(b.things())
	w := b.global()
	if a := w.post("/admin/tenants/"+b.shop.ID+"/plan", "plan", "trial"); a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	for _, path := range []string{"/new", "/import", "/locations/new?kind=ranges", "/locations/new?kind=countries", "/strengths/new", "/contexts/new", "/" + stock.policy + "/edit", "/locations/" + stock.place + "/edit"} {
		a := w.get(policiesAt + path)
		a.wants(t, 200, "A trial has no Conditional Access")
		for _, form := range []string{`name="displayName"`, `name="json"`} {
			if strings.Contains(a.body, form) {
				t.Errorf("%s has a form", path)
			}
		}
	}
	if a := w.get("/admin/t/shop/policy-replays/new"); strings.Contains(a.body, `name="days"`) || !strings.Contains(a.body, "A trial has no Conditional Access") {
		t.Error(text(a.body))
	}
	for _, path := range []string{policiesAt, policiesAt + "/locations", policiesAt + "/strengths", policiesAt + "/contexts", policiesAt + "/" + stock.policy, "/admin/t/shop/policy-replays"} {
		a := w.get(path)
		a.wants(t, 200, "A trial has no Conditional Access")
		for _, way := range []string{"conditional-access/new", "/locations/new", "/strengths/new", "/contexts/new", "/policy-replays/new", "/edit\""} {
			if strings.Contains(a.body, way) {
				t.Errorf("%s leads to %s", path, way)
			}
		}
	}
}

// Switching on what keeps out people who got in takes a tick, as in the editor.
func TestSwitchingOnWhatKeepsPeopleOut(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	b.asked(th.user, th.app.ClientID, policy.Compile(nil, nil, nil))
	x := b.policy(func(p *policy.Policy) {
		p.State, p.Conditions.Applications.IncludeApplications = policy.ReportOnly, []string{th.app.ClientID}
		p.GrantControls.BuiltInControls = []string{policy.ControlBlock}
	})
	at := policiesAt + "/" + x.ID + "/state"
	a := w.post(at, "state", "enabled")
	a.wants(t, 200, "1 person who got in would be kept out", "Yes, they shall be kept out")
	w.post(at, "state", "enabled", "sure", "yes").wants(t, 422, "This would keep out people who got in lately")
	if b.policyNamed(x.Name).State != policy.ReportOnly {
		t.Fatal("on without the tick")
	}
	w.post(at, "state", "enabled", "sure", "yes", "losing", "yes").wants(t, 303)
	if b.policyNamed(x.Name).State != policy.On {
		t.Error("not on")
	}
}

// A replay says what it compares with, and when there is nothing to compare.
func TestAReplayComparesWithTodaysPolicies(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	const at = "/admin/t/shop/policy-replays"
	b.asked(th.user, th.app.ClientID, policy.Compile(nil, nil, nil))
	on := b.policy(nil)
	a := w.get(w.post(at, "policy", on.ID, "try", "on", "days", "7").location)
	a.wants(t, 200, "Compared with today’s policies", "demands just what the policies in force demanded")
	if words := text(a.body); strings.Contains(words, "no difference") || strings.Contains(words, "1 sign-ins") {
		t.Error(words)
	}
	w.get(w.post(at, "policy", on.ID, "try", "off", "days", "7").location).wants(t, 200, "of 1 sign-in would go another way than with today’s policies", "Both are asked with what was recorded then", "With today’s policies")
	elsewhere := b.policy(func(p *policy.Policy) {
		p.State, p.Conditions.Platforms = policy.Off, &policy.Platforms{Include: []string{"linux"}}
	})
	w.get(w.post(at, "policy", elsewhere.ID, "try", "on", "days", "7").location).wants(t, 200, "would decide each of 1 sign-in as today’s policies do")
	w.get(at).wants(t, 200, "Nothing, in 1 sign-in ")
}

// What-If, opened from a policy, answers at once also where the policy is about every application.
func TestWhatIfFromAPolicy(t *testing.T) {
	b := newBench(t)
	b.things()
	w := b.global()
	for _, aim := range []policy.Applications{{IncludeApplications: []string{policy.All}}, {IncludeUserActions: []string{policy.RegisterSecurityInfo}}} {
		x := b.policy(func(p *policy.Policy) { p.Conditions.Applications = aim })
		body := w.get(policiesAt + "/" + x.ID).body
		_, rest, found := strings.Cut(body, `href="/admin/t/shop/what-if?policy=`)
		if !found {
			t.Fatal("no way to What-If")
		}
		query, _, _ := strings.Cut(rest, `"`)
		w.get("/admin/t/shop/what-if?policy="+strings.ReplaceAll(query, "&amp;", "&")).wants(t, 200, "What it would come to")
	}
}

// The words of a policy scroll in a panel of their own; state and "Save" are in another one below it.
func TestSaveIsNotScrolledAwayWithTheWarnings(t *testing.T) {
	b := newBench(t)
	b.things()
	body := b.global().get(policiesAt + "/new").body
	_, says, _ := strings.Cut(body, `id="says"`)
	said, save := strings.Index(says, "data-said"), strings.Index(says, "Save policy")
	if said < 0 || save < said || !strings.Contains(says[said:save], `<section class="panel`) {
		t.Error("the button is inside the panel that scrolls")
	}
}

// A flow's Properties list the policies about its applications, and lead to a new one that is aimed at them.
func TestPoliciesOfAUserFlow(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	at := "/admin/t/shop/user-flows/" + th.flow.ID
	a := w.get(at)
	a.wants(t, 200, "Conditional Access", "No policy is about these applications", "Add policy")
	_, rest, found := strings.Cut(a.body, `href="`+policiesAt+`/new?apps=`)
	apps, _, _ := strings.Cut(rest, `"`)
	if !found || !strings.Contains(apps, th.app.ClientID) {
		t.Fatalf("Add policy leads to %q", apps)
	}
	w.get(policiesAt+"/new?apps="+apps).wants(t, 200, "It is aimed at", "Market")
	b.policy(func(p *policy.Policy) { p.Conditions.Applications.IncludeApplications = []string{th.app.ClientID} })
	b.policy(func(p *policy.Policy) {
		p.Name, p.Conditions.Applications.IncludeApplications = "Elsewhere", []string{policy.None}
	})
	a = w.get(at)
	a.wants(t, 200, "When anyone signs in to Market , then require a second factor .", "MFA enforcement is Off, and a policy asks for a second factor")
	if strings.Contains(text(a.body), "Elsewhere") {
		t.Error("a policy about other applications is listed")
	}
}

// A flow that asks for a second factor and offers none that can be used is refused beside the methods.
func TestAConditionalFlowNeedsASecondFactor(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	at := "/admin/t/shop/user-flows/" + th.flow.ID + "/properties"
	_, err := b.shop.PublishFlow(t.Context(), modelstest.Actor(), th.flow.ID, func(f *userflow.Flow) error {
		f.SignUpMethod = userflow.EmailCode
		return nil
	})
	b.must(err)
	a := w.post(at, "name", "Kept", "signUpAllowed", "yes", "mfa", "conditional", "mfaMethods", "email")
	a.wants(t, 422, "need a second factor other than email")
	a.holds(t, `href="#f-mfa"`, `id="f-mfa-error"`, `value="Kept"`)
}
