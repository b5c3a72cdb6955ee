package seed

import (
	"net/netip"
	"testing"

	"portico/app/factor"
	"portico/app/policy"
	"portico/app/record"
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

// The past carries what a decision turns on, so that a draft can be tried on it.
func TestTheHistoryCanBeAskedAgain(t *testing.T) {
	s := modelstest.Open(t)
	c := made(t, s, "http://localhost:3000")
	grouped, home := 0, 0
	for _, list := range c.history().days() {
		for _, r := range list {
			q, ok := policy.RequestOf(r)
			if ok != (r.Outcome.Result == record.Success) {
				t.Fatalf("%+v", r)
			}
			if len(q.Groups) > 0 {
				grouped++
			}
			if ok && r.Flow.Name == flowHome && len(q.Kinds) > 0 && q.Kinds[0] == factor.SMSCode {
				home++
			}
		}
	}
	if grouped < 100 || home < 100 {
		t.Errorf("%d by people in groups, %d at home", grouped, home)
	}
}
