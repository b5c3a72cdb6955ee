package seed

import (
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"portico/app/policy"
	"portico/app/record"
	"portico/models"
	"portico/models/modelstest"
)

// Everyone, but only the home insurance asks for a second factor; whoever is known to be compromised changes the
// password; and who is in the break-glass group is left alone.
func TestTheCompanysPolicies(t *testing.T) {
	s := modelstest.Open(t)
	c := made(t, s, "http://localhost:3000")
	dir, err := s.Directory(t.Context(), Slug)
	if err != nil {
		t.Fatal(err)
	}
	glass := derivedID(c.TenantID, "group "+breakGlass)
	for _, x := range []struct {
		app, risk    string
		groups       []string
		mfa, change  bool
		signIn, name string
	}{
		{app: "home", mfa: true},
		{app: "market"},
		{app: "auto"},
		{app: "home", groups: []string{glass}},
		{app: "market", signIn: "high"}, // only reported yet
		{app: "auto", risk: "high", mfa: true, change: true},
		{app: "auto", risk: "high", groups: []string{glass}},
		{app: "auto", risk: "medium"},
	} {
		in := record.Inputs{Groups: x.groups, ClientApp: policy.Browser, SignInRisk: "none", UserRisk: "none"}
		if x.risk != "" {
			in.UserRisk = x.risk
		}
		if x.signIn != "" {
			in.SignInRisk = x.signIn
		}
		d := dir.Policies.Evaluate(policy.Request{TenantID: c.TenantID, UserID: "x", ClientID: derivedID(c.TenantID, x.app),
			Signals: record.Signals{IP: netip.MustParseAddr("192.0.2.1")}, Inputs: in})
		mfa, _ := d.Asks(policy.KindMFA)
		change, _ := d.Asks(policy.KindPasswordChange)
		if d.Block || mfa != x.mfa || change != x.change || len(d.Results) != 3 {
			t.Errorf("%+v: %+v", x, d)
		}
	}
	flow, _ := dir.Flow(derivedID(c.TenantID, "home"))
	if err := flow.Validate(); err != nil || flow.SignUpMethod != "emailCode" || len(flow.MFA.Methods) != 4 {
		t.Errorf("%+v: %v", flow, err)
	}
}

// The past carries what a decision turns on and what the company's policies said: they say the same when they are
// asked again, and a draft can be tried on it.
func TestTheHistoryCanBeAskedAgain(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx := t.Context()
		c := made(t, s, "http://localhost:3000")
		if _, err := Fill(ctx, s, c); err != nil {
			t.Fatal(err)
		}
		dir := s.Tenant(c.TenantID)
		rules, err := dir.Rules(ctx)
		if err != nil {
			t.Fatal(err)
		}
		set := rules.Compile()
		said := map[string]map[string]int{}
		grouped, asked := 0, 0
		err = dir.EachSignIn(ctx, models.SignInQuery{}, func(r record.SignIn) error {
			q, ok := policy.RequestOf(r)
			if !ok {
				if r.Outcome.Result == record.Success || len(r.Policies) > 0 {
					t.Errorf("no policy was asked: %+v", r)
				}
				return nil
			}
			asked++
			got := set.Trace(set.Evaluate(q), policy.ShownOf(q.Inputs), r.Outcome.Result == record.Success)
			if !reflect.DeepEqual(byID(got), byID(r.Policies)) {
				t.Fatalf("%s: recorded %+v, asked again %+v", r.ID, r.Policies, got)
			}
			if len(q.Groups) > 0 {
				grouped++
			}
			second := !q.MFATime.IsZero() && len(q.Methods) == 2
			if home := r.Flow.Name == flowHome; home && r.Outcome.Result == record.Success && (!second || r.ACR != record.ACRMulti) || !home && second {
				t.Errorf("second factor: %+v", r)
			}
			for _, p := range r.Policies {
				if said[p.Name] == nil {
					said[p.Name] = map[string]int{}
				}
				said[p.Name][p.Result]++
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		home, tried := said["Second factor for Home Insurance"], said["Risky sign-ins"]
		if grouped < 100 || home[policy.Success] < 400 || home[policy.Interrupted] < 15 || home[policy.NotApplied] < 1000 ||
			tried[policy.ReportOnlyFailure] < 12 || tried[policy.ReportOnlyNotApplied] < 3000 || tried[policy.ReportOnlyFailure]*10 > asked {
			t.Errorf("%d by people in groups, of %d asked; %v", grouped, asked, said)
		}

		// The list of policies has the numbers of its week, and a replay of the one that is tried out has found somebody.
		effects, err := dir.PolicyEffects(ctx, s.Now().AddDate(0, 0, -7))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range rules.Policies {
			e := effects[p.ID]
			if e.All() == 0 || p.Name != "Password change for high user risk" && (e.Of(policy.Success, policy.Failure) == 0) {
				t.Errorf("effect of %s in a week: %v", p.Name, e)
			}
		}
		on := rules.Policies[slices.IndexFunc(rules.Policies, func(p policy.Policy) bool { return p.State == policy.ReportOnly })]
		on.State = policy.On
		r, err := dir.StartReplay(ctx, actor(), models.ReplayDraft{Name: on.Name, PolicyID: on.ID, Days: 30, Present: rules, Draft: models.WithPolicy(rules, on)})
		if err == nil {
			err = dir.StepReplay(ctx, r.ID, 0)
		}
		if err == nil {
			r, err = dir.Replay(ctx, r.ID)
		}
		if err != nil || r.Report.SignIns[policy.Blocked] < 5 || r.Report.SignIns[policy.Same] < 500 {
			t.Errorf("replay: %+v %v", r.Report, err)
		}
	})
}

func byID(list []record.Policy) map[string]record.Policy {
	out := map[string]record.Policy{}
	for _, p := range list {
		out[p.ID] = p
	}
	return out
}
