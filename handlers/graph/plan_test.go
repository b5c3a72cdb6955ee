package graph

import (
	"strings"
	"testing"
	"time"

	"portico/app/audit"
	"portico/app/tenant"
	"portico/models/modelstest"
)

// What a trial is without answers 403 in words; once the trial is over nothing can be changed, and everything
// can be read.
func TestATrialThroughTheAPI(t *testing.T) {
	eachAt(t, func(w *world, s modelstest.Scratch) {
		if _, err := w.tenant.Update(t.Context(), audit.System("test"), func(t *tenant.Tenant) error { t.Plan = tenant.Trial; return nil }); err != nil {
			t.Fatal(err)
		}
		refused := func(method, path string, body any, words string) {
			t.Helper()
			a := w.do(method, path, body)
			if a.status != 403 || a.errorCode() != "Authorization_RequestDenied" || !strings.Contains(string(a.raw), words) {
				t.Errorf("%s %s: %d %s", method, path, a.status, a.raw)
			}
		}
		for _, path := range []string{"/v1.0/identity/conditionalAccess/policies", "/v1.0/identity/conditionalAccess/namedLocations", "/v1.0/identityProtection/riskyUsers",
			"/v1.0/identityProtection/riskDetections", "/v1.0/policies/authenticationMethodsPolicy", "/beta/portico/riskSimulations",
			"/beta/portico/riskSettings", "/beta/portico/riskBudget", "/beta/portico/riskDetectionTypes", "/beta/portico/incidents", "/beta/portico/threatIndicators",
			"/beta/portico/leakedAddresses", "/beta/portico/exports", "/beta/portico/riskTestPersons",
			"/beta/portico/riskyUsers/x/undo", "/beta/portico/riskySignIns/x/undo", "/beta/portico/exports/x/lag", "/v1.0/identityProtection/riskyUsers/x/history", "/v1.0/identityProtection/microsoft.graph.x/riskyUsers"} {
			refused("GET", path, nil, "not part of a trial")
		}
		for _, action := range []string{"confirmCompromised", "confirmSafe", "dismiss"} {
			refused("POST", "/v1.0/auditLogs/signIns/"+action, map[string]any{"requestIds": []any{"x"}}, "not part of a trial")
			refused("POST", "/v1.0/auditLogs/signIns/microsoft.graph.signIn/"+action+"()", map[string]any{"requestIds": []any{"x"}}, "not part of a trial")
			refused("POST", "/v1.0/auditLogs/signIns()/"+action, map[string]any{"requestIds": []any{"x"}}, "not part of a trial")
			refused("POST", "/v1.0/identityProtection/riskyUsers/"+action, map[string]any{"userIds": []any{"x"}}, "not part of a trial")
		}
		for _, path := range []string{"/beta/portico/riskyUsers/x/undo", "/beta/portico/incidents/x/notify", "/beta/portico/exports/x/test", "/beta/portico/riskSimulations", "/beta/portico/exports"} {
			refused("POST", path, map[string]any{}, "not part of a trial")
		}
		flow := flowBody("A flow")
		flow["portico"] = map[string]any{"multifactorAuthentication": map[string]any{"enforcement": "alwaysOn", "methods": []string{"softwareOath"}}}
		if a := w.do("POST", flowsPath, flow); a.status != 400 || !strings.Contains(string(a.raw), "not part of a trial") {
			t.Errorf("a second factor in a trial: %d %s", a.status, a.raw)
		}
		w.want(201, w.do("POST", "/v1.0/applications", map[string]any{"displayName": "Market"}))
		s.Clock.Advance(tenant.TrialDays*24*time.Hour + time.Second)
		for _, c := range []struct{ method, path string }{{"POST", "/v1.0/applications"}, {"POST", "/v1.0/users"}, {"PATCH", "/v1.0/applications/x"}, {"DELETE", "/v1.0/users/x"}} {
			refused(c.method, c.path, map[string]any{}, "The trial is over")
		}
		w.want(200, w.do("GET", "/v1.0/applications", nil))
		w.want(200, w.do("GET", "/v1.0/users", nil))
	})
}
