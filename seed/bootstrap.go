package seed

import (
	"context"

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
	dir := store.Tenant(t.ID)
	flows, err := dir.Flows(ctx)
	if err != nil || len(flows) > 0 {
		return err
	}
	_, err = dir.CreateFlow(ctx, actor(), userflow.Flow{Name: "Administrators", SignUpMethod: userflow.EmailPassword,
		SignInMethods: []userflow.Method{userflow.EmailPassword}, SignUpAllowed: false,
		MFA: userflow.MFA{Enforcement: userflow.MFAAlways, Methods: []string{"softwareOath", "fido2"}}})
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
