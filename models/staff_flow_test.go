package models_test

import (
	"testing"

	"portico/app/fault"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

func TestTheStaffFlowNeitherOpensNorLocksOut(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		staff := modelstest.MustTenant(t, s, tenant.WorkforceSlug)
		shop := modelstest.MustTenant(t, s, "shop")
		actor := modelstest.Actor()
		good := userflow.Flow{ID: userflow.Administrators, Name: "Administrators", SignUpMethod: userflow.EmailPassword,
			MFA: userflow.MFA{Enforcement: userflow.MFAAlways, Methods: []string{"softwareOath", "fido2"}}}
		modelstest.Must(staff.CreateFlow(t.Context(), actor, good))(t)
		for _, c := range []struct {
			name string
			edit func(*userflow.Flow)
			bad  string
		}{
			{"sign-up", func(f *userflow.Flow) { f.SignUpAllowed = true }, "signUpAllowed"},
			{"second factor off", func(f *userflow.Flow) { f.MFA.Enforcement = userflow.MFAOff }, "mfa"},
			{"second factor on demand", func(f *userflow.Flow) { f.MFA.Enforcement = userflow.MFAConditional }, "mfa"},
			{"the mailbox alone", func(f *userflow.Flow) { f.MFA.Methods = []string{"email"} }, "mfa"},
			{"passkeys alone", func(f *userflow.Flow) { f.MFA.Methods = []string{"fido2"} }, ""},
			{"another name", func(f *userflow.Flow) { f.Name = "Staff" }, ""},
		} {
			_, err := staff.PublishFlow(t.Context(), actor, good.ID, func(f *userflow.Flow) error { c.edit(f); return nil })
			if c.bad == "" && err != nil || c.bad != "" && (!fault.Is(err, fault.Invalid) || fault.Of(err).Fields[0].Name != c.bad) {
				t.Errorf("%s: %v", c.name, err)
			}
			f := good
			f.ID = ""
			c.edit(&f)
			f.Name = c.name
			if _, err := staff.CreateFlow(t.Context(), actor, f); (err == nil) != (c.bad == "") {
				t.Errorf("a new flow with %s: %v", c.name, err)
			}
			if _, err := shop.CreateFlow(t.Context(), actor, f); err != nil {
				t.Errorf("a customers' flow with %s: %v", c.name, err)
			}
		}
		if err := staff.DeleteFlow(t.Context(), actor, good.ID); !fault.Is(err, fault.Conflict) {
			t.Errorf("deleting it: %v", err)
		}
		if _, err := staff.Flow(t.Context(), good.ID); err != nil {
			t.Error(err)
		}
	})
}
