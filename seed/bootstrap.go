package seed

import (
	"context"
	"fmt"
	"strings"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/models"
)

func actor() audit.Actor { return audit.System("seed") }

// Bootstrap makes what every installation needs before its first request: the workforce directory, where
// administrators live, with the flow by which they sign in. What is there stays as it is.
func Bootstrap(ctx context.Context, store *models.Store) error {
	t, err := ensureTenant(ctx, store, tenant.Tenant{Slug: tenant.WorkforceSlug, Name: "Portico", Kind: tenant.Workforce})
	if err != nil {
		return err
	}
	return ensureStaffFlow(ctx, store.Tenant(t.ID))
}

// ensureStaffFlow makes the flow by which administrators sign in, or mends it: other flows of the
// directory do not count.
func ensureStaffFlow(ctx context.Context, dir *models.Tenant) error {
	want := userflow.Flow{ID: userflow.Administrators, Name: "Administrators", SignUpMethod: userflow.EmailPassword,
		SignInMethods: []userflow.Method{userflow.EmailPassword}, SignUpAllowed: false,
		MFA: userflow.MFA{Enforcement: userflow.MFAAlways, Methods: []string{"softwareOath", "fido2"}}}
	flows, err := dir.Flows(ctx)
	if err != nil {
		return err
	}
	names := map[string]bool{}
	for _, f := range flows {
		if f.ID != want.ID {
			names[strings.ToLower(f.Name)] = true
			continue
		}
		if f.ValidateStaff() == nil {
			return nil
		}
		_, err := dir.PublishFlow(ctx, actor(), f.ID, func(f *userflow.Flow) error {
			f.SignUpAllowed, f.MFA = want.SignUpAllowed, want.MFA
			return nil
		})
		return err
	}
	for n := 2; names[strings.ToLower(want.Name)]; n++ {
		want.Name = fmt.Sprintf("Administrators %d", n)
	}
	_, err = dir.CreateFlow(ctx, actor(), want)
	return unlessTaken(err)
}

// ensureTenant finds a tenant by its slug or makes it. Two instances may start together: who comes second
// takes what the first one made.
func ensureTenant(ctx context.Context, store *models.Store, t tenant.Tenant) (tenant.Tenant, error) {
	found, err := store.TenantBy(ctx, t.Slug)
	if !fault.Is(err, fault.NotFound) {
		return found, err
	}
	made, err := store.CreateTenant(ctx, actor(), t)
	if fault.Is(err, fault.Conflict) {
		return store.TenantBy(ctx, t.Slug)
	}
	return made, err
}

// unlessTaken forgives that another instance was first.
func unlessTaken(err error) error {
	if fault.Is(err, fault.Conflict) {
		return nil
	}
	return err
}
