package admin

import (
	"cmp"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/handlers"
)

// forEveryAdmin are the only rows that ask for no permission: any role in the tenant opens them. A new row
// without a permission fails the test until somebody decides, here, that it needs none.
func forEveryAdmin(r handlers.Route) bool {
	switch r.Method + " " + r.Path {
	case "GET /admin", "GET /admin/tenants", "POST /admin/sign-out", "GET /admin/t/:tenant": // only what one has a role in
		return true
	}
	return false
}

// TestRights walks each row of the portal with each role, through the router: who lacks the right gets the
// page that names it, and nothing else; who has it gets anything else. What came of it is in
// testdata/rights.txt, to be read by people. A new row, or a right that changed, fails until the file is
// written anew on purpose:
//
//	PORTICO_WRITE_RIGHTS=1 go test ./handlers/admin -run TestRights
func TestRights(t *testing.T) {
	b := newBench(t)
	b.things()
	type row struct {
		name  string
		needs access.Permission
		roles []string
	}
	var rows []*row
	byName := map[string]*row{}
	for _, r := range b.portal.Routes() {
		if isPublic(r) {
			continue
		}
		if r.Permission == "" && !forEveryAdmin(r) {
			t.Errorf("%s %s asks for no permission", r.Method, r.Path)
		}
		x := &row{name: r.Method + " " + r.Path, needs: r.Permission}
		if r.Or != "" {
			x.needs += " or " + r.Or
		}
		if byName[x.name] != nil {
			t.Errorf("%s stands twice", x.name)
		}
		byName[x.name] = x
		rows = append(rows, x)
	}
	for _, role := range access.Roles() {
		w := b.admin(strings.ReplaceAll(strings.ToLower(role.Name), " ", "-")+"@staff.example", role.ID, b.reach(role))
		have := []access.Assignment{{RoleID: role.ID, TenantID: b.reach(role)}}
		for _, r := range b.portal.Routes() {
			if isPublic(r) || r.Path == "/admin/sign-out" {
				continue
			}
			path := strings.NewReplacer(":tenant", "shop", ":id", "no-such-id", ":key", "k", ":version", "1", ":role", "r", ":attribute", "a").Replace(r.Path)
			var a answer
			if r.Method == get {
				a = w.get(path)
			} else {
				a = w.post(path)
			}
			scope := b.shop.ID
			if !strings.Contains(r.Path, ":tenant") {
				scope = access.AllTenants
			}
			may := r.Permission == "" || access.Allow(have, scope, r.Permission) || r.Or != "" && access.Allow(have, scope, r.Or)
			refused := a.status == fiber.StatusForbidden && strings.Contains(a.body, "You may not do this")
			if refused == may {
				t.Errorf("%s: %s %s answered %d, may=%v: %.200s", role.Name, r.Method, path, a.status, may, text(a.body))
			}
			if !refused {
				x := byName[r.Method+" "+r.Path]
				x.roles = append(x.roles, role.Name)
			}
		}
	}
	slices.SortStableFunc(rows, func(a, b *row) int {
		return cmp.Or(cmp.Compare(strings.SplitN(a.name, " ", 2)[1], strings.SplitN(b.name, " ", 2)[1]), cmp.Compare(a.name, b.name))
	})
	var out strings.Builder
	out.WriteString("# Who opens which row of the portal, by one role in the tenant. Written by TestRights; see there.\n")
	for _, x := range rows {
		needs := string(x.needs)
		if needs == "" {
			needs = "any role"
		}
		out.WriteString("\n" + x.name + "\n    " + needs + ": " + strings.Join(x.roles, ", ") + "\n")
	}
	compareRights(t, "testdata/rights.txt", out.String())
}

// compareRights holds what came out against the file, or writes it when it is asked to.
func compareRights(t *testing.T, file, got string) {
	t.Helper()
	if os.Getenv("PORTICO_WRITE_RIGHTS") != "" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) == got {
		return
	}
	have := map[string]bool{}
	for _, l := range strings.Split(string(want), "\n\n") {
		have[l] = true
	}
	for _, l := range strings.Split(got, "\n\n") {
		if !have[l] {
			t.Errorf("not in %s:\n%s", file, l)
		}
	}
	t.Errorf("rights have changed; when that is meant, write %s anew (see TestRights)", file)
}
