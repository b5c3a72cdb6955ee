package hosted_test

import (
	"net/netip"
	"testing"

	"portico/app/fault"
	"portico/app/policy"
	"portico/app/record"
	"portico/models"
	"portico/models/modelstest"
)

// What is refused at the page is refused at refresh too (DESIGN §9.5).
func TestTheGateAtRefresh(t *testing.T) {
	s := newSite(t)
	u := s.user(anna)
	gate := s.hosted.Gate()
	ask := func() (policy.Answer, error) {
		return gate.Refresh(t.Context(), policy.Request{TenantID: s.tenant.ID, UserID: u.ID, ClientID: s.app.ClientID})
	}
	passes := func(what string, want bool) {
		t.Helper()
		d, err := ask()
		if err != nil || d.Block == want {
			t.Errorf("%s: %+v %v", what, d, err)
		}
	}
	passes("a customer", true)
	modelstest.Must(s.tenant.UpdateUser(t.Context(), modelstest.Actor(), u.ID, func(u *models.User) error { u.MustChangePassword = true; return nil }))(t)
	if d, err := ask(); err != nil || len(d.Unmet) != 1 || d.Unmet[0].AnyOf[0].Kind != policy.KindPasswordChange {
		t.Errorf("a change is demanded: %+v %v", d, err)
	}
	modelstest.Must(s.tenant.SetUserEnabled(t.Context(), modelstest.Actor(), u.ID, false))(t)
	passes("switched off", false)
	modelstest.Must(s.tenant.SetUserEnabled(t.Context(), modelstest.Actor(), u.ID, true))(t)
	passes("switched on again", true)
	if err := s.tenant.RemoveFlowApp(t.Context(), modelstest.Actor(), s.flow.ID, s.app.ID); err != nil {
		t.Fatal(err)
	}
	passes("an app in no user flow", false)
	if err := s.tenant.DeleteUser(t.Context(), modelstest.Actor(), u.ID); err != nil {
		t.Fatal(err)
	}
	passes("deleted", false)
	if d, err := gate.Refresh(t.Context(), policy.Request{TenantID: "none", UserID: u.ID}); !d.Block || !fault.Is(err, fault.NotFound) {
		t.Errorf("no such tenant: %+v %v", d, err)
	}
}

// Tokens that move to another client in another country are renewed no more where a policy blocks risky sign-ins; the
// same client on a journey is. What was found travels with the answer, for the log.
func TestTokensThatMoveAreRiskyAtRefresh(t *testing.T) {
	s := newSite(t)
	u := s.user(anna)
	s.policy("No risk", demands("OR", "block"), riskOf("high"))
	home := record.Signals{IP: netip.MustParseAddr("198.51.100.7"), Country: "NL", ASN: 64500, Browser: "Firefox 145", Platform: "linux"}
	train := home
	train.IP, train.Country, train.ASN = netip.MustParseAddr("203.0.113.5"), "ES", 64501
	thief := train
	thief.Browser, thief.Platform = "curl 8", ""
	for name, c := range map[string]struct {
		before *record.Signals
		now    record.Signals
		block  bool
	}{
		"the first time": {nil, thief, false}, "at home": {&home, home, false}, "on a journey": {&home, train, false}, "another client far away": {&home, thief, true},
	} {
		d, err := s.hosted.Gate().Refresh(t.Context(), policy.Request{TenantID: s.tenant.ID, UserID: u.ID, ClientID: s.app.ClientID, Signals: c.now, Before: c.before})
		if err != nil || d.Block != c.block || (len(d.Risk) > 0) != c.block {
			t.Errorf("%s: blocked %v, found %+v, %v", name, d.Block, d.Risk, err)
		}
	}
}
