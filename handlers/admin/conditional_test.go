package admin

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"portico/app/policy"
	"portico/app/record"
	"portico/handlers"
	"portico/models/modelstest"
)

const policiesAt = "/admin/t/shop/conditional-access"

func (b *bench) policyNamed(name string) policy.Policy {
	b.Helper()
	list, err := b.shop.Policies(b.Context())
	b.must(err)
	for _, x := range list {
		if x.Name == name {
			return x
		}
	}
	b.Fatalf("no policy %q among %+v", name, list)
	return policy.Policy{}
}

// A policy from its making to its end, as an admin meets it.
func TestTheLifeOfAPolicy(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	w.get(policiesAt).wants(t, 200, "No policies yet", "New policy", "Choose a template", "Named locations")
	w.get(policiesAt+"/new").wants(t, 200, "What it says", "anyone", "Whom it is about", "Report-only", "Market")

	// Everything that is wrong is said at once, beside its control, and nothing typed is lost.
	form := []string{"displayName", "", "who", "some", "target", "apps", "apps", "some", "grant", "grant", "operator", "AND", "frequency", "time", "frequencyValue", "soon", "frequencyType", "hours", "state", "enabled", "description", "Kept"}
	a := w.post(policiesAt, form...)
	a.wants(t, 422, "Give it a name", "Choose whom the policy is about", "whole number")
	a.holds(t, `value="Kept"`, `value="soon"`, `href="#f-displayName"`, `id="f-displayName"`, `href="#f-find-include"`, `id="f-find-include"`)

	// People and groups are found by a search that keeps what was ticked before.
	w.post(groupsAt, "displayName", "Break-glass")
	group := b.groupNamed("Break-glass")
	a = w.post(policiesAt, "displayName", "Second factor", "who", "all", "target", "apps", "apps", "some", "includeApplications", th.app.ClientID, "grant", "grant", "mfa", "yes", "state", "enabledForReportingButNotEnforced",
		"find.exclude", "break", "do", "find.exclude")
	a.wants(t, 200, "Found. Tick whom you mean.", "Break-glass", "anyone", "Market", "require a second factor")
	a.holds(t, `name="excludeGroups" value="`+group.ID+`"`, `value="Second factor"`)
	form = []string{"displayName", "Second factor", "who", "all", "excludeGroups", group.ID, "target", "apps", "apps", "some", "includeApplications", th.app.ClientID, "grant", "grant", "mfa", "yes", "operator", "AND", "state", "enabledForReportingButNotEnforced"}
	w.post(policiesAt, append(form, "do", "preview")...).wants(t, 200, "When anyone except Break-glass signs in to Market , then require a second factor .")
	if list, _ := b.shop.Policies(t.Context()); len(list) != 0 {
		t.Fatalf("a preview saved %+v", list)
	}
	a = w.post(policiesAt, form...)
	if a.status != 303 {
		t.Fatalf("%d %s %s", a.status, a.location, text(a.body))
	}
	x := b.policyNamed("Second factor")
	at := policiesAt + "/" + x.ID
	w.get(at).wants(t, 200, "It only reports", "Report-only", "Break-glass", "Edit policy", "Download JSON", "History", "where MFA enforcement is Off")
	w.get(policiesAt).wants(t, 200, "Second factor", "Report-only", "Break-glass")
	w.get(policiesAt+"?state=disabled").wants(t, 200, "Nothing fits these filters")
	w.get(policiesAt+"?app="+th.app.ClientID+"&search=break-glass").wants(t, 200, "1 policy")

	// On is asked once more; Off is not.
	w.post(at+"/state", "state", "enabled").wants(t, 200, "Switch on “Second factor”?", "It holds from the next request")
	if b.policyNamed("Second factor").State != policy.ReportOnly {
		t.Error("on without a second look")
	}
	w.post(at+"/state", "state", "enabled", "sure", "yes")
	if b.policyNamed("Second factor").State != policy.On {
		t.Error("not on")
	}
	w.post(at+"/state", "state", "sideways").wants(t, 422, "Choose Off, Report-only or On")
	w.post(at+"/state", "state", "disabled")
	if b.policyNamed("Second factor").State != policy.Off {
		t.Error("not off")
	}

	// Two admins at once: the second is told, and may insist.
	a = w.post(at+"/edit", append(form, "modified", "2020-01-01T00:00:00Z", "description", "Mine")...)
	a.wants(t, 422, "Somebody else changed this policy meanwhile")
	a.holds(t, `value="Mine"`, `name="modified" value="`+stamp(b.policyNamed("Second factor").ModifiedAt)+`"`)

	var file map[string]any
	a = w.get(at + "/export")
	if err := json.Unmarshal([]byte(a.body), &file); err != nil || file["displayName"] != "Second factor" || !strings.Contains(a.header.Get("Content-Disposition"), ".json") {
		t.Errorf("%v %s", err, a.body)
	}
	w.get(at+"/delete").wants(t, 200, "It is not on", "restored for 30 days")
	w.post(at + "/delete")
	w.get(at).wants(t, 404)
	w.get(policiesAt+"/deleted").wants(t, 200, "Second factor", "Restore")
	w.post(policiesAt + "/deleted/" + x.ID + "/restore")
	w.get(at).wants(t, 200, "restored")
	if e := b.shopAudits()[0]; e.Target.ID != x.ID || e.Actor.ID != w.userID {
		t.Errorf("%+v", e)
	}
}

// Everybody in every application is possible, but not by accident.
func TestAPolicyForEverythingIsConfirmed(t *testing.T) {
	b := newBench(t)
	b.things()
	w := b.global()
	form := []string{"displayName", "All of it", "who", "all", "target", "apps", "apps", "all", "grant", "block", "state", "enabled"}
	w.post(policiesAt, form...).wants(t, 422, "Tick that it shall hold for everybody", "blocks every sign-in")
	if a := w.post(policiesAt, append(form, "confirmed", "yes")...); a.status != 303 {
		t.Fatalf("%d %s %s", a.status, a.location, text(a.body))
	}
	b.policyNamed("All of it")
}

// Asking for a new password goes with user risk alone (R 5.7.3): each other condition is complained about where it is.
func TestANewPasswordAtOtherConditions(t *testing.T) {
	b := newBench(t)
	b.things()
	w := b.global()
	form := []string{"displayName", "New password", "who", "all", "target", "apps", "apps", "all", "userRisk", "high", "grant", "grant", "mfa", "yes", "passwordChange", "yes", "operator", "AND",
		"state", "disabled", "confirmed", "yes"}
	a := w.post(policiesAt, append(form, "signInRisk", "high", "platforms", "some", "includePlatforms", "iOS", "places", "all", "excludeLocations", policy.AllTrusted, "clients", policy.Browser, "transfer", policy.DeviceCode)...)
	a.wants(t, 422, "Take this condition out")
	for _, control := range []string{"signInRisk", "platforms", "places", "clients", "transfer"} {
		a.holds(t, `href="#f-`+control+`"`, `id="f-`+control+`"`)
	}
	if a := w.post(policiesAt, form...); a.status != 303 {
		t.Fatalf("%d %s %s", a.status, a.location, text(a.body))
	}
}

// The script's answers are parts of the page, made by the same code.
func TestTheSentenceFollowsTheForm(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	a := w.post(policiesAt+"/preview", "who", "all", "target", "apps", "apps", "some", "includeApplications", th.app.ClientID, "grant", "block", "do", "say")
	a.wants(t, 200, "anyone", "Market", "block access")
	if strings.Contains(a.body, "<html") {
		t.Error("a whole page")
	}
	a = w.post(policiesAt+"/preview", "find.include", "ada", "do", "find.include")
	a.wants(t, 200, "ada")
	a.holds(t, `name="includeUsers"`)
	w.postRaw(policiesAt+"/preview", "do", "say").wants(t, 403)
}

// A policy written in the form and read back is the same, whatever it says.
func TestTheFormHoldsEveryPolicy(t *testing.T) {
	for _, tpl := range policy.Templates() {
		x := tpl.Draft("somebody")
		got := inputOf(x).policy(policy.Policy{}, nil).Tidied()
		if want := x.Tidied(); toJSON(got) != toJSON(want) {
			t.Errorf("%s became\n%s, not\n%s", tpl.Name, toJSON(got), toJSON(want))
		}
	}
	full := policy.Policy{Name: "n", State: policy.On, Conditions: policy.Conditions{
		Users:        policy.Users{IncludeUsers: []string{"u", policy.Guests}, IncludeGroups: []string{"g"}, IncludeRoles: []string{"r"}, ExcludeUsers: []string{policy.Guests}, ExcludeGroups: []string{"h"}, ExcludeRoles: []string{"s"}},
		Applications: policy.Applications{IncludeContexts: []string{"c1", "c2"}}, ClientAppTypes: []string{"browser"}, Platforms: &policy.Platforms{Include: []string{"iOS"}, Exclude: []string{"linux"}},
		Locations: &policy.Locations{Include: []string{policy.AllTrusted, "x"}, Exclude: []string{"y"}}, SignInRiskLevels: []string{"none", "high"}, UserRiskLevels: []string{"low"},
		AuthenticationFlows: &policy.TransferMethod{Methods: "deviceCodeFlow,authenticationTransfer"}},
		GrantControls:   &policy.GrantControls{Operator: "OR", BuiltInControls: []string{"mfa"}, TermsOfUse: []string{"t"}, Strength: &policy.StrengthRef{ID: "s"}},
		SessionControls: &policy.SessionControls{SignInFrequency: &policy.SignInFrequency{IsEnabled: true, Type: "days", Value: 3, FrequencyInterval: "timeBased", AuthenticationType: "secondaryAuthentication"}, PersistentBrowser: &policy.PersistentBrowser{IsEnabled: true, Mode: "always"}}}
	if got := inputOf(full).policy(policy.Policy{}, nil); toJSON(got) != toJSON(full) {
		t.Errorf("became\n%s, not\n%s", toJSON(got), toJSON(full))
	}
}

func toJSON(x any) string {
	body, err := json.Marshal(x)
	if err != nil {
		return err.Error()
	}
	return string(body)
}

// Templates begin as report-only; what JSON says wrongly is named by its path.
func TestPoliciesFromTemplatesAndFiles(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	w.get(policiesAt+"/templates").wants(t, 200, "Second factor for everyone", "Create in report-only")
	if a := w.get(policiesAt + "/templates"); strings.Contains(a.body, "administrators") {
		t.Error("customers have no admin roles")
	}
	first := policy.Templates()[0]
	w.post(policiesAt+"/templates", "template", first.ID)
	if x := b.policyNamed(first.Name); x.State != policy.ReportOnly || x.TemplateID != first.ID {
		t.Errorf("%+v", x)
	}
	w.get(policiesAt+"/new?template="+first.ID).wants(t, 200, "Made from the template", first.Name)
	w.get(policiesAt+"/new?apps="+th.app.ClientID+",nonsense").wants(t, 200, "It is aimed at “Market” already", "Market")

	at := policiesAt + "/import"
	for sent, wants := range map[string]string{
		"":                         "Paste a policy",
		"{\n  \"displayName\": }":  "at line 2, character 18",
		`{"displayName":"x"} more`: "at line 1",
		`[1]`:                      "[0] is not a policy",
		`{"displayName":7}`:        "displayName holds another kind of value (number)",
		`{"conditions":{"devices":{"deviceFilter":{"rule":"x"}}}}`:                              "conditions.devices is not known here",
		`{"value":[{"displayName":"a","grantControls":{"customAuthenticationFactors":["x"]}}]}`: "value[0].grantControls.customAuthenticationFactors is not known",
	} {
		a := w.post(at, "json", sent)
		a.wants(t, 422, wants)
	}
	one := `{"@odata.context":"x","displayName":"From Entra","state":"enabled","conditions":{"users":{"includeUsers":["All"]},"applications":{"includeApplications":["All"],"applicationFilter":null},"clientAppTypes":["all"],"devices":null},
		"grantControls":{"operator":"OR","builtInControls":["mfa"],"customAuthenticationFactors":[],"authenticationStrength@odata.context":"x","authenticationStrength":null}}`
	w.post(at, "json", one).wants(t, 200, "Read from JSON; nothing is saved yet", "any app")
	two := `[` + strings.Replace(one, "From Entra", "One", 1) + `,` + strings.Replace(one, "From Entra", "Two", 1) + `]`
	if a := w.post(at, "json", two); a.status != 303 {
		t.Fatalf("%d %s %s", a.status, a.location, text(a.body))
	}
	if b.policyNamed("One").State != policy.ReportOnly || b.policyNamed("Two").State != policy.ReportOnly {
		t.Error("imported policies are on")
	}
	bad := strings.Replace(two, `"displayName":"Two"`, `"displayName":" "`, 1)
	before, _ := b.shop.Policies(t.Context())
	w.post(at, "json", bad).wants(t, 422, "Policy 2 (“ ”) cannot be made", "Give it a name")
	if after, _ := b.shop.Policies(t.Context()); len(after) != len(before) {
		t.Error("half of a list was made")
	}
	var all struct{ Value []policy.Policy }
	if err := json.Unmarshal([]byte(w.get(policiesAt+"/export").body), &all); err != nil || len(all.Value) != 3 {
		t.Errorf("%v %+v", err, all)
	}
}

// Whoever may only read sees everything and changes nothing.
func TestReadersOfPolicies(t *testing.T) {
	b := newBench(t)
	b.things()
	g := b.global()
	g.post(policiesAt+"/templates", "template", policy.Templates()[0].ID)
	x := b.policyNamed(policy.Templates()[0].Name)
	r := b.admin("reader@staff.example", "5d6b6bb7-de71-4623-b4af-96380a352509", b.shop.ID) // Security Reader
	for _, path := range []string{policiesAt, policiesAt + "/" + x.ID, policiesAt + "/templates", policiesAt + "/locations", policiesAt + "/strengths", policiesAt + "/contexts", policiesAt + "/deleted"} {
		a := r.get(path)
		a.wants(t, 200)
		for _, word := range []string{">New policy<", "Edit policy", "Delete policy", "Create in report-only", "Change state"} {
			if strings.Contains(a.body, word) {
				t.Errorf("%s offers %q", path, word)
			}
		}
	}
}

// policyStock is one of each thing of Conditional Access.
type policyStock struct{ policy, place, strength, context string }

// policies furnishes the shop with a policy that names one of everything.
func (b *bench) policies(th things) policyStock {
	b.Helper()
	place, err := b.shop.CreateLocation(b.Context(), modelstest.Actor(), policy.Location{Name: "the offices", Trusted: true, Ranges: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}})
	b.must(err)
	strength, err := b.shop.CreateStrength(b.Context(), modelstest.Actor(), policy.Strength{Name: "Passkey or app", Combinations: []string{"fido2", "password,softwareOath"}})
	b.must(err)
	b.must(b.shop.PutContext(b.Context(), modelstest.Actor(), policy.Context{ID: "c1", Name: "Change the bank account", Available: true}))
	x, err := b.shop.CreatePolicy(b.Context(), modelstest.Actor(), policy.Policy{Name: "Guarded", State: policy.ReportOnly,
		Conditions: policy.Conditions{Users: policy.Users{IncludeUsers: []string{policy.All}, ExcludeUsers: []string{th.user.ID}}, Applications: policy.Applications{IncludeApplications: []string{th.app.ClientID}},
			Locations: &policy.Locations{Include: []string{policy.All}, Exclude: []string{place.ID}}},
		GrantControls: &policy.GrantControls{Operator: "AND", Strength: &policy.StrengthRef{ID: strength.ID}}}, record.Signals{})
	b.must(err)
	return policyStock{x.ID, place.ID, strength.ID, "c1"}
}

// id is what the path of a page is about.
func (s policyStock) id(path string) string {
	switch {
	case strings.Contains(path, "/locations/"):
		return s.place
	case strings.Contains(path, "/strengths/"):
		return s.strength
	case strings.Contains(path, "/contexts/"):
		return s.context
	}
	return s.policy
}

// Named locations, with their files and their limits.
func TestNamedLocationsInThePortal(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	const at = policiesAt + "/locations"
	w.get(at).wants(t, 200, "None yet", "New address ranges", "New countries")
	w.get(at+"/new?kind=ranges").wants(t, 200, "Your address now: ", "Add my address")
	a := w.post(at, "displayName", "the offices", "kind", "ranges", "ipRanges", "203.0.113.0/24 # headquarters\nnonsense\n10.0.0.0/8", "isTrusted", "yes")
	a.wants(t, 422, "Line 2: “nonsense” is no address range", "Line 3: “10.0.0.0/8” is too wide")
	a.holds(t, "# headquarters", `value="the offices"`)
	a = w.post(at, "displayName", "x", "kind", "ranges", "ipRanges", "203.0.113.0/24", "do", "mine")
	a.wants(t, 200)
	a.holds(t, "203.0.113.0/24\n0.0.0.0</textarea>")
	if a := w.post(at, "displayName", "the offices", "kind", "ranges", "ipRanges", "203.0.113.0/24\n2001:db8::/48\n198.51.100.7", "isTrusted", "yes"); a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	list, err := b.shop.Locations(t.Context())
	b.must(err)
	one := at + "/" + list[0].ID
	w.get(one).wants(t, 200, "3 ranges, trusted", "198.51.100.7/32", "Download CSV", "No policy names it", "Take the mark “trusted” away first")
	if a := w.get(one + "/csv"); a.body != "cidrAddress\n203.0.113.0/24\n2001:db8::/48\n198.51.100.7/32\n" {
		t.Errorf("%q", a.body)
	}
	w.upload(one+"/csv", "r.csv", "cidrAddress\n192.0.2.0/24\n300.0.0.0/24\n", handlers.CSRFField, w.token()).wants(t, 422, "Line 3")
	if a := w.upload(one+"/csv", "r.csv", "cidrAddress\n192.0.2.0/24\n", handlers.CSRFField, w.token()); a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	w.get(one).wants(t, 200, "192.0.2.0/24", "has 1 range now")
	w.post(one+"/delete").wants(t, 422, "“the offices” is trusted")
	w.post(one+"/edit", "displayName", "the offices", "kind", "ranges", "ipRanges", "192.0.2.0/24")
	if a := w.post(policiesAt, "displayName", "Outside", "who", "all", "target", "apps", "apps", "some", "includeApplications", th.app.ClientID, "places", "all", "excludeLocations", list[0].ID, "grant", "grant", "mfa", "yes", "state", "disabled"); a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	w.get(one).wants(t, 200, "Outside")
	w.get(policiesAt).wants(t, 200, "the offices")
	w.post(one+"/delete").wants(t, 422, "The policy “Outside” names “the offices”")

	w.get(at+"/new?kind=countries").wants(t, 200, "Germany", "Unknown countries too")
	w.post(at, "displayName", "home", "kind", "countries").wants(t, 422, "Choose at least one country")
	w.post(at, "displayName", "home", "kind", "countries", "countriesAndRegions", "DE", "countriesAndRegions", "AT", "includeUnknownCountriesAndRegions", "yes")
	list, err = b.shop.Locations(t.Context())
	b.must(err)
	slices.SortFunc(list, func(a, b policy.Location) int { return strings.Compare(a.Name, b.Name) })
	home := at + "/" + list[0].ID
	w.get(home).wants(t, 200, "2 countries, and unknown ones", "Austria", "Germany", "Unknown countries")
	w.get(home+"/csv").wants(t, 404)
	w.post(home + "/delete")
	w.get(at+"/deleted").wants(t, 200, "home")
	w.post(at + "/deleted/" + list[0].ID + "/restore")
	w.get(home).wants(t, 200, "restored")
}

func TestStrengthsAndContextsInThePortal(t *testing.T) {
	b := newBench(t)
	b.things()
	w := b.global()
	const at, contexts = policiesAt + "/strengths", policiesAt + "/contexts"
	w.get(at).wants(t, 200, "Multifactor authentication", "Phishing-resistant MFA", "Password and authenticator app", "Built in")
	w.get(at+"/"+policy.StrengthMFA).wants(t, 200, "it cannot be changed")
	w.get(at+"/"+policy.StrengthMFA+"/edit").wants(t, 404)
	w.post(at, "displayName", "Kept").wants(t, 422, "Choose at least one combination")
	w.post(at, "displayName", "Strong", "allowedCombinations", "fido2", "allowedAAGUIDs", "nonsense").wants(t, 422, "is no AAGUID")
	a := w.post(at, "displayName", "Strong", "allowedCombinations", "fido2", "allowedCombinations", "password,softwareOath")
	if a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	w.get(a.location).wants(t, 200, "Strong", "Passkey", "No policy names it")
	w.post(a.location+"/edit", "displayName", "Stronger", "allowedCombinations", "fido2")
	w.get(a.location).wants(t, 200, "Stronger")
	w.post(a.location + "/delete")
	w.get(a.location).wants(t, 404)

	w.get(contexts).wants(t, 200, "None yet")
	w.post(contexts, "id", "c3", "displayName", "").wants(t, 422, "Give the context a name")
	w.post(contexts, "id", "c3", "displayName", "Pay", "isAvailable", "yes")
	w.get(contexts+"/c3").wants(t, 200, "Pay", "essential", "acr_values", "whoever asks for it gets it without more")
	w.post(contexts, "id", "c3", "displayName", "Again").wants(t, 422, "There is a context c3 already")
	w.get(policiesAt+"/new?context=c3").wants(t, 200, "Pay (c3)", "does what an app asks")
	w.post(contexts+"/c3/edit", "displayName", "Pay more")
	w.get(contexts).wants(t, 200, "Pay more", "Not available")
	w.post(contexts + "/c3/delete")
	w.get(contexts+"/c3").wants(t, 404)
}
