package graph

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portico/app/access"
	"portico/app/audit"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
	"portico/seed"
)

func TestCustomersConfigurationIsNotForTheStaff(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		if err := seed.Bootstrap(ctx, w.store); err != nil {
			w.t.Fatal(err)
		}
		found, err := w.store.TenantBy(ctx, tenant.WorkforceSlug)
		if err != nil {
			w.t.Fatal(err)
		}
		staff := w.store.Tenant(found.ID)
		furnish(w)
		dir := w.t.TempDir()
		if _, err := w.api.Export(ctx, w.tenant.ID, dir); err != nil {
			w.t.Fatal(err)
		}
		refused := func(file, says string) {
			w.t.Helper()
			for _, run := range []func() error{
				func() error { _, err := w.api.Plan(ctx, staff.ID, dir); return err },
				func() error { _, err := w.api.Apply(ctx, staff.ID, dir, audit.System("test")); return err },
			} {
				err := run()
				var f *FileError
				if !errors.As(err, &f) || f.File != file || !strings.Contains(f.Problem, says) {
					w.t.Errorf("%v", err)
				}
			}
			f, err := staff.Flow(ctx, userflow.Administrators)
			apps, failed := staff.ListApplications(ctx, models.Listing{Limit: 10})
			if err != nil || failed != nil || f.Version != 1 || len(apps) != 0 {
				w.t.Errorf("something was written: %v %v %+v %d", err, failed, f, len(apps))
			}
		}
		refused("user-flows/administrators.json", "Administrators sign in by this user flow")
		mine := w.t.TempDir()
		if _, err := w.api.Export(ctx, staff.ID, mine); err != nil {
			w.t.Fatal(err)
		}
		own, err := os.ReadFile(filepath.Join(mine, "user-flows", "administrators.json"))
		if err != nil {
			w.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "user-flows", "administrators.json"), own, 0o644); err != nil {
			w.t.Fatal(err)
		}
		refused("user-flows/shop-flow.json", "switch sign-up off")
	})
}

func TestStaffFlowByTheAPI(t *testing.T) {
	w := newWorld(t, modelstest.Open(t))
	if err := seed.Bootstrap(t.Context(), w.store); err != nil {
		t.Fatal(err)
	}
	found, err := w.store.TenantBy(t.Context(), tenant.WorkforceSlug)
	if err != nil {
		t.Fatal(err)
	}
	w.newClient("staff", w.store.Tenant(found.ID), access.Known()...)
	const path = "/identity/authenticationEventsFlows/" + userflow.Administrators
	if a := w.do("DELETE", path, nil, "Authorization", "Bearer staff"); a.status != 409 || !strings.Contains(a.raw, codeConflict) || !strings.Contains(a.raw, "cannot be deleted") {
		t.Errorf("%d %s", a.status, a.raw)
	}
	for body, property := range map[string]string{
		`{"onInteractiveAuthFlowStart":{"@odata.type":"#microsoft.graph.onInteractiveAuthFlowStartExternalUsersSelfServiceSignUp","isSignUpAllowed":true}}`: "onInteractiveAuthFlowStart",
		`{"portico":{"multifactorAuthentication":{"enforcement":"off"}}}`:                                                                                   "portico/multifactorAuthentication",
		`{"portico":{"multifactorAuthentication":{"methods":["email"]}}}`:                                                                                   "portico/multifactorAuthentication",
	} {
		if a := w.do("PATCH", path, body, "Authorization", "Bearer staff"); a.status != 400 || !strings.Contains(a.raw, `"target":"`+property+`"`) {
			t.Errorf("%s: %d %s", body, a.status, a.raw)
		}
	}
}
