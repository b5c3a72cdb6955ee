package dryrun

import (
	"slices"
	"testing"

	"portico/app/policy"
	"portico/app/record"
	"portico/app/signin"
	"portico/app/userflow"
)

// The bench shows what Conditional Access would do: the pages that policies ask for, and each policy's result in
// the trace, before the end and at it.
func TestPoliciesSpeakInTheBench(t *testing.T) {
	everybody := policy.Conditions{Users: policy.Users{IncludeUsers: []string{policy.All}}, Applications: policy.Applications{IncludeApplications: []string{policy.All}},
		ClientAppTypes: []string{policy.AnyClient}}
	android := everybody
	android.Platforms = &policy.Platforms{Include: []string{"android"}}
	demand := policy.Policy{ID: "mfa", Name: "Second factor", State: policy.On, Conditions: everybody, GrantControls: &policy.GrantControls{Operator: "OR", BuiltInControls: []string{"mfa"}}}
	watched := policy.Policy{ID: "watch", Name: "No phones", State: policy.ReportOnly, Conditions: android, GrantControls: &policy.GrantControls{Operator: "OR", BuiltInControls: []string{"block"}}}
	on := watched
	on.State = policy.On
	flow := userflow.Flow{MFA: userflow.MFA{Enforcement: userflow.MFAConditional, Methods: []string{"softwareOath"}}}
	for _, r := range []struct {
		rule     string
		policies []policy.Policy
		choice   Choice
		last     signin.Name
		results  []string
	}{
		{"asked for a second factor", []policy.Policy{demand, watched}, Choice{Visitor: WithApp}, signin.Issue, []string{policy.Success, policy.ReportOnlyNotApplied}},
		{"only watched", []policy.Policy{watched}, Choice{Visitor: WithApp, Platform: "android"}, signin.Issue, []string{policy.ReportOnlyFailure}},
		{"blocked", []policy.Policy{demand, on}, Choice{Visitor: WithApp, Platform: "android"}, signin.Blocked, []string{policy.Failure, policy.Failure}},
	} {
		t.Run(r.rule, func(t *testing.T) {
			s := scene(flow)
			s.Place.Policies = policy.Compile(r.policies, nil, nil)
			r.choice.Locale = "en"
			w := Walk{Choice: r.choice, Began: began}
			var tale Tale
			for range 8 {
				var err error
				if tale, err = bench(t).Walk(t.Context(), s, w); err != nil {
					t.Fatal(err)
				}
				if tale.Last().Over() || tale.Last().Result.Step.Name == signin.Blocked {
					break
				}
				if m := tale.Last(); m.Result.Step.Name == signin.Challenge && (len(m.Trace.Policies) == 0 || m.Trace.Policies[0].Result != policy.Interrupted) {
					t.Errorf("at the second factor: %+v", m.Trace.Policies)
				}
				if w, err = w.Then(next(tale)); err != nil {
					t.Fatal(err)
				}
			}
			m := tale.Last()
			if over := m.Grant != nil; over != (r.last == signin.Issue) || !over && m.Result.Step.Name != r.last {
				t.Fatalf("the walk ends at %q", m.Result.Step.Name)
			}
			trace := m.Trace
			if r.last == signin.Blocked { // the log has its entry too
				trace = m.Records[len(m.Records)-1]
			}
			var results []string
			for _, p := range trace.Policies {
				results = append(results, p.Result)
			}
			if !slices.Equal(results, r.results) || trace.Inputs == nil {
				t.Errorf("results %v, want %v; inputs %+v", results, r.results, trace.Inputs)
			}
			if r.last == signin.Issue && trace.Outcome.Result != record.Success {
				t.Errorf("outcome %+v", trace.Outcome)
			}
		})
	}
}
