package graph

import (
	"testing"

	"portico/app/access"
	"portico/models"
	"portico/models/modelstest"
)

// TestWhoMayHandPasswordsOver: an extension or listener of PasswordSubmit is made, retargeted and deleted only with the
// right for it besides (R 8.8.4); the other events ask for no more than before.
func TestWhoMayHandPasswordsOver(t *testing.T) {
	each(t, func(w *world) {
		app := modelstest.MustAppOf(t, w.tenant, models.Application{Name: "Hooks", Kind: models.DaemonApp, Enabled: true})
		w.newClient("extensions", w.tenant, access.ExtensionWrite, access.FlowWrite)
		w.newClient("passwords", w.tenant, access.ExtensionWrite, access.PasswordExtensionWrite)
		by := func(token, method, path string, body any) answer {
			return w.do(method, path, body, "Authorization", "Bearer "+token)
		}
		const typ, kind = "#microsoft.graph.onPasswordSubmitCustomExtension", "#microsoft.graph.onPasswordSubmitListener"
		hook := claimsHook("Former system", app.ClientID)
		hook["@odata.type"] = typ
		delete(hook, "claimsForTokenConfiguration")
		w.want(403, by("extensions", "POST", extensionsPath, hook))
		id := w.want(201, by("passwords", "POST", extensionsPath, hook)).body["id"].(string)
		one := extensionsPath + "/" + id
		w.want(204, by("passwords", "PATCH", one, map[string]any{"@odata.type": typ, "portico": map[string]any{"signsRequests": true}}))
		listener := map[string]any{"@odata.type": kind, "conditions": map[string]any{"applications": map[string]any{"includeAllApplications": true}},
			"handler": map[string]any{"@odata.type": "#microsoft.graph.onPasswordMigrationCustomExtensionHandler", "customExtension": map[string]any{"id": id}}}
		w.want(403, by("extensions", "POST", listenersPath, listener))
		at := listenersPath + "/" + w.want(201, by("passwords", "POST", listenersPath, listener)).body["id"].(string)
		reference := map[string]any{"@odata.id": "https://graph.microsoft.com/v1.0/identity/customAuthenticationExtensions/" + id}
		for _, o := range []struct {
			method, path string
			body         any
		}{
			{"PATCH", one, map[string]any{"@odata.type": typ, "endpointConfiguration": map[string]any{"targetUrl": "https://hooks.example/elsewhere"}}},
			{"POST", one + "/portico.renewSigningSecret", nil},
			{"DELETE", one, nil},
			{"PATCH", at, map[string]any{"@odata.type": kind, "priority": 900}},
			{"PUT", at + "/handler/customExtension/$ref", reference},
			{"POST", at + "/conditions/applications/includeApplications", map[string]any{"appId": app.ClientID}},
			{"DELETE", at, nil},
		} {
			if a := by("extensions", o.method, o.path, o.body); a.status != 403 {
				t.Errorf("%s %s without the right: %d %s", o.method, o.path, a.status, a.raw)
			}
		}
		w.want(200, by("extensions", "GET", one, nil))
		w.want(200, by("passwords", "POST", one+"/portico.renewSigningSecret", nil))
		w.want(204, by("passwords", "PUT", at+"/handler/customExtension/$ref", reference))
		w.want(204, by("passwords", "DELETE", at, nil))
		w.want(204, by("passwords", "DELETE", one, nil))
		w.want(201, by("extensions", "POST", extensionsPath, claimsHook("Claims", app.ClientID)))
	})
}
