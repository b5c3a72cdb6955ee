package seed

import (
	"testing"

	"portico/app/tenant"
	"portico/app/userflow"
	"portico/models/modelstest"
)

func TestBootstrapKnowsItsFlowAmongOthers(t *testing.T) {
	s := modelstest.Open(t)
	staff := modelstest.MustTenant(t, s, tenant.WorkforceSlug)
	modelstest.Must(staff.CreateFlow(t.Context(), modelstest.Actor(), userflow.Flow{Name: "administrators", SignUpMethod: userflow.EmailPassword,
		MFA: userflow.MFA{Enforcement: userflow.MFAAlways, Methods: []string{"fido2"}}}))(t)
	for range 2 {
		if err := Bootstrap(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	f, err := staff.Flow(t.Context(), userflow.Administrators)
	if err != nil || f.Version != 1 || f.ValidateStaff() != nil {
		t.Errorf("%v %+v", err, f)
	}
	if all, err := staff.Flows(t.Context()); err != nil || len(all) != 2 {
		t.Errorf("%v %+v", err, all)
	}
}
