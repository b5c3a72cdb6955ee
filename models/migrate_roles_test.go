package models_test

import (
	"fmt"
	"strings"
	"testing"

	"portico/app/access"
	"portico/models/modelstest"
)

// Migration 0003: whoever administered every tenant operates the installation as well, because that was one
// role before; and the id that stood for the attribute administrator by mistake becomes the right one.
func TestRolesOfAnOlderVersionGoOn(t *testing.T) {
	onEmpty(t, func(t *testing.T, s modelstest.Scratch) {
		if err := s.MigrateTo(t.Context(), "0002"); err != nil {
			t.Fatal(err)
		}
		db, at := raw(t, s), s.Clock.Now()
		exec := func(query string, args ...any) {
			t.Helper()
			for i := 1; s.Engine == modelstest.Postgres && strings.Contains(query, "?"); i++ {
				query = strings.Replace(query, "?", fmt.Sprintf("$%d", i), 1)
			}
			if _, err := db.Exec(query, args...); err != nil {
				t.Fatal(err)
			}
		}
		for i, a := range []access.Assignment{{RoleID: access.GlobalAdministratorID, TenantID: access.AllTenants}, {RoleID: access.GlobalAdministratorID, TenantID: "shop"},
			{RoleID: "0526716b-113d-4c15-b2c8-68e3c22b9f80", TenantID: "shop"}, {RoleID: access.GlobalAdministratorID, TenantID: access.AllTenants}} {
			exec("INSERT INTO role_assignments (id, tenant_id, user_id, role_id, target_tenant, created_at) VALUES (?, 'staff', ?, ?, ?, ?)",
				fmt.Sprint("a", i), fmt.Sprint("u", i), a.RoleID, a.TenantID, at)
		}
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		for user, want := range map[string]string{"u0": "Global Administrator@*, Installation Operator@*", "u1": "Global Administrator@shop",
			"u2": "External ID User Flow Attribute Administrator@shop", "u3": "Global Administrator@*, Installation Operator@*"} {
			have, err := s.Tenant("staff").RoleAssignments(t.Context(), user)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, a := range have {
				role, _ := access.RoleOf(a.RoleID)
				names = append(names, role.Name+"@"+a.TenantID)
				if role.Installation && len(a.ID) != 36 {
					t.Errorf("the id %q", a.ID)
				}
			}
			if len(names) == 2 && names[0] > names[1] {
				names[0], names[1] = names[1], names[0]
			}
			if got := strings.Join(names, ", "); got != want {
				t.Errorf("%s is %s, want %s", user, got, want)
			}
		}
	})
}
