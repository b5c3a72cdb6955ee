package graph

import (
	"testing"

	"portico/app/access"
	"portico/app/tenant"
	"portico/models/modelstest"
	"portico/seed"
)

// TestAProgramIsOverNobodyElsewhere: a program of the directory of admins holds every permission there, and
// still takes over nobody whose rights reach other tenants (DESIGN §9.8).
func TestAProgramIsOverNobodyElsewhere(t *testing.T) {
	w := newWorld(t, modelstest.Open(t))
	if err := seed.Bootstrap(t.Context(), w.store); err != nil {
		t.Fatal(err)
	}
	found, err := w.store.TenantBy(t.Context(), tenant.WorkforceSlug)
	if err != nil {
		t.Fatal(err)
	}
	staff := w.store.Tenant(found.ID)
	w.newClient("program", staff, access.Known()...)
	boss := modelstest.MustUser(t, staff, "boss@staff.example")
	for _, role := range access.FirstAdmin() {
		if _, err := staff.AssignRole(t.Context(), modelstest.Actor(), boss.ID, role); err != nil {
			t.Fatal(err)
		}
	}
	path := "/users/" + boss.ID
	for _, attack := range []struct{ method, path, body string }{
		{"PATCH", path, `{"passwordProfile":{"password":"correct horse battery"}}`},
		{"PATCH", path, `{"mail":"thief@evil.example"}`},
		{"PATCH", path, `{"identities":[{"signInType":"emailAddress","issuer":"x","issuerAssignedId":"thief@evil.example"}]}`},
		{"PATCH", path, `{"accountEnabled":false}`},
		{"PATCH", path, `{"displayName":"Somebody else"}`},
		{"PATCH", path, `{"jobTitle":"Intern"}`},
		{"POST", path + "/revokeSignInSessions", ""},
		{"POST", path + "/invalidateAllRefreshTokens", ""},
		{"POST", path + "/exportPersonalData", ""},
		{"POST", "/beta/portico/imports", `{"format":"csv","mode":"update","content":"email,displayName\nboss@staff.example,Nobody\n"}`},
		{"DELETE", path, ""},
	} {
		var body any
		if attack.body != "" {
			body = attack.body
		}
		if a := w.do(attack.method, attack.path, body, "Authorization", "Bearer program"); a.status != 403 {
			t.Errorf("%s %s: %d %s", attack.method, attack.body, a.status, a.raw)
		}
	}
	if now, err := staff.User(t.Context(), boss.ID); err != nil || !now.Usable() || now.Mail != boss.Mail || now.DisplayName != boss.DisplayName || !now.SessionsValidFrom.Equal(boss.SessionsValidFrom) {
		t.Errorf("something changed: %+v %v", now, err)
	}
	// An application that may do more than the caller keeps where its tokens go.
	strong := w.newClient("strong", w.tenant, access.UserWrite)
	w.newClient("weak", w.tenant, access.AppWrite)
	for body, want := range map[string]int{`{"web":{"redirectUris":["https://evil.example/cb"]}}`: 403, `{"notes":"seen"}`: 204} {
		if a := w.do("PATCH", "/applications/"+strong.ID, body, "Authorization", "Bearer weak"); a.status != want {
			t.Errorf("%s: %d %s", body, a.status, a.raw)
		}
	}
	if now, err := w.tenant.Application(t.Context(), strong.ID); err != nil || len(now.Spec.RedirectURIs) != 0 {
		t.Errorf("tokens go elsewhere: %+v %v", now.Spec, err)
	}
}
