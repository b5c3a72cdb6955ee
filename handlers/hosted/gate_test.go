package hosted_test

import (
	"testing"

	"portico/app/fault"
	"portico/app/policy"
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
