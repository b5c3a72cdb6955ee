package graph

import (
	"strings"
	"testing"

	"portico/app/access"
	"portico/app/extension"
	"portico/app/record"
	"portico/models"
	"portico/models/modelstest"
)

const extensionsPath, listenersPath = "/v1.0/identity/customAuthenticationExtensions", "/v1.0/identity/authenticationEventListeners"

// claimsHook is the vendor's own example of a body, with our API's host.
func claimsHook(name, appID string) map[string]any {
	return map[string]any{"@odata.type": "#microsoft.graph.onTokenIssuanceStartCustomExtension", "displayName": name, "description": "Fetches claims",
		"endpointConfiguration":       map[string]any{"@odata.type": "#microsoft.graph.httpRequestEndpoint", "targetUrl": "https://hooks.example/claims"},
		"authenticationConfiguration": map[string]any{"@odata.type": "#microsoft.graph.azureAdTokenAuthentication", "resourceId": "api://hooks.example/" + appID},
		"clientConfiguration":         map[string]any{"timeoutInMilliseconds": 1000, "maximumRetries": 1},
		"claimsForTokenConfiguration": []any{map[string]any{"claimIdInApiResponse": "DateOfBirth"}, map[string]any{"claimIdInApiResponse": "CustomRoles"}}}
}

func targetOf(a answer) any {
	e, _ := a.body["error"].(map[string]any)
	return e["target"]
}

func TestCustomAuthenticationExtensions(t *testing.T) {
	each(t, func(w *world) {
		app := modelstest.MustAppOf(t, w.tenant, models.Application{Name: "Hooks", Kind: models.DaemonApp, Enabled: true})
		made := w.want(201, w.do("POST", extensionsPath, claimsHook("Claims", app.ClientID)))
		id := made.body["id"].(string)
		one := extensionsPath + "/" + id
		if made.body["@odata.type"] != "#microsoft.graph.onTokenIssuanceStartCustomExtension" || made.body["endpointConfiguration"].(map[string]any)["targetUrl"] != "https://hooks.example/claims" ||
			made.body["clientConfiguration"].(map[string]any)["timeoutInMilliseconds"] != 1000.0 || len(made.body["claimsForTokenConfiguration"].([]any)) != 2 {
			t.Errorf("%s", made.raw)
		}
		w.want(204, w.do("PATCH", one, map[string]any{"@odata.type": "#microsoft.graph.onTokenIssuanceStartCustomExtension", "displayName": "More claims", "clientConfiguration": map[string]any{"maximumRetries": 0}, "portico": map[string]any{"signsRequests": true}}))
		got := w.want(200, w.do("GET", one, nil))
		client := got.body["clientConfiguration"].(map[string]any)
		if got.body["displayName"] != "More claims" || client["timeoutInMilliseconds"] != 1000.0 || client["maximumRetries"] != 0.0 || got.body["portico"].(map[string]any)["isEnabled"] != true || strings.Contains(string(got.raw), "signingSecret") {
			t.Errorf("%s", got.raw)
		}
		if secret, _ := w.want(200, w.do("POST", one+"/portico.renewSigningSecret", nil)).body["signingSecret"].(string); len(secret) < 40 {
			t.Errorf("%q", secret)
		}
		for name, c := range map[string]struct {
			change map[string]any
			target string
		}{
			"no type":                      {map[string]any{"@odata.type": nil}, "@odata.type"},
			"another type":                 {map[string]any{"@odata.type": "#microsoft.graph.onTeaTimeCustomExtension"}, "@odata.type"},
			"http":                         {map[string]any{"endpointConfiguration": map[string]any{"targetUrl": "http://hooks.example/x"}}, "endpointConfiguration/targetUrl"},
			"a private address":            {map[string]any{"endpointConfiguration": map[string]any{"targetUrl": "https://10.0.0.1/x"}}, "endpointConfiguration/targetUrl"},
			"another host":                 {map[string]any{"authenticationConfiguration": map[string]any{"resourceId": "api://evil.example/" + app.ClientID}}, "authenticationConfiguration/resourceId"},
			"too patient":                  {map[string]any{"clientConfiguration": map[string]any{"timeoutInMilliseconds": 5000}}, "clientConfiguration/timeoutInMilliseconds"},
			"too stubborn":                 {map[string]any{"clientConfiguration": map[string]any{"maximumRetries": 7}}, "clientConfiguration/maximumRetries"},
			"fallback where there is none": {map[string]any{"behaviorOnError": map[string]any{"@odata.type": "#microsoft.graph.fallbackToMicrosoftProviderOnError"}}, "behaviorOnError"},
			"an unknown name":              {map[string]any{"endpointConfiguration": map[string]any{"url": "https://hooks.example"}}, "endpointConfiguration/url"},
		} {
			body := claimsHook("X", app.ClientID)
			for k, v := range c.change {
				if body[k] = v; v == nil {
					delete(body, k)
				}
			}
			if a := w.do("POST", extensionsPath, body); a.status != 400 || targetOf(a) != c.target {
				t.Errorf("%s: %d %s", name, a.status, a.raw)
			}
		}
		if a := w.do("POST", extensionsPath, claimsHook("more CLAIMS ", app.ClientID)); a.status != 409 {
			t.Errorf("a name that another one has: %d %s", a.status, a.raw)
		}
		// The vendor's check of the registration: what is missing, by its codes.
		checked := func(path string, body map[string]any) string {
			t.Helper()
			errs := w.want(200, w.do("POST", path, body)).body["errors"].([]any)
			if len(errs) == 0 {
				return ""
			}
			return errs[0].(map[string]any)["code"].(string)
		}
		if code := checked(one+"/validateAuthenticationConfiguration", nil); code != "ServicePrincipalNotFound" {
			t.Error(code)
		}
		unsaved := map[string]any{"endpointConfiguration": claimsHook("", "")["endpointConfiguration"], "authenticationConfiguration": map[string]any{"@odata.type": "#microsoft.graph.azureAdTokenAuthentication", "resourceId": "api://other.example/x"}}
		if code := checked(extensionsPath+"/validateAuthenticationConfiguration", unsaved); code != "DomainNameDoesNotMatch" {
			t.Error(code)
		}
		_, err := w.tenant.UpdateApplication(t.Context(), modelstest.Actor(), app.ID, func(a *models.Application) error {
			a.Spec.IdentifierURIs, a.Spec.Permissions = []string{"api://hooks.example/" + app.ClientID}, []string{extension.ReceivePermission}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if code := checked(one+"/validateAuthenticationConfiguration", nil); code != "" {
			t.Error(code)
		}

		// Listeners, as the vendor's examples write them.
		listener := map[string]any{"@odata.type": "#microsoft.graph.onTokenIssuanceStartListener", "displayName": "Tiers", "priority": 500,
			"conditions": map[string]any{"applications": map[string]any{"includeAllApplications": false, "includeApplications": []any{map[string]any{"appId": app.ClientID}}}},
			"handler":    map[string]any{"@odata.type": "#microsoft.graph.onTokenIssuanceStartCustomExtensionHandler", "customExtension": map[string]any{"id": id}}}
		l := w.want(201, w.do("POST", listenersPath, listener))
		at := listenersPath + "/" + l.body["id"].(string)
		if l.body["@odata.type"] != "#microsoft.graph.onTokenIssuanceStartListener" || l.body["handler"].(map[string]any)["customExtension"].(map[string]any)["id"] != id || l.body["portico"].(map[string]any)["onFailure"] != "block" {
			t.Errorf("%s", l.raw)
		}
		w.want(204, w.do("PATCH", at, map[string]any{"@odata.type": "#microsoft.graph.onTokenIssuanceStartListener", "priority": 700, "portico": map[string]any{"onFailure": "continue"}}))
		if got := w.want(200, w.do("GET", at, nil)); got.body["priority"] != 700.0 || got.body["portico"].(map[string]any)["onFailure"] != "continue" || got.body["portico"].(map[string]any)["isEnabled"] != true {
			t.Errorf("%s", got.raw)
		}
		if got := w.want(200, w.do("GET", at+"/conditions/applications/includeApplications", nil)); len(got.body["value"].([]any)) != 1 {
			t.Errorf("%s", got.raw)
		}
		if got := w.want(200, w.do("GET", at+"/handler/customExtension", nil)); got.body["id"] != id {
			t.Errorf("%s", got.raw)
		}
		if a := w.do("PATCH", at, map[string]any{"portico": map[string]any{"onFailure": "fallback"}}); a.status != 400 || targetOf(a) != "portico/onFailure" {
			t.Errorf("%d %s", a.status, a.raw)
		}
		if a := w.do("DELETE", one, nil); a.status < 400 || a.status > 499 {
			t.Errorf("one that a listener names: %d", a.status)
		}

		// A mail provider with fallback.
		hook := claimsHook("Codes", app.ClientID)
		hook["@odata.type"] = "#microsoft.graph.onOtpSendCustomExtension"
		delete(hook, "claimsForTokenConfiguration")
		codes := w.want(201, w.do("POST", extensionsPath, hook)).body["id"].(string)
		otp := map[string]any{"@odata.type": "#microsoft.graph.onEmailOtpSendListener", "conditions": map[string]any{"applications": map[string]any{"includeAllApplications": true}},
			"handler": map[string]any{"@odata.type": "#microsoft.graph.onOtpSendCustomExtensionHandler", "customExtension": map[string]any{"id": codes}, "configuration": map[string]any{"behaviorOnError": map[string]any{"@odata.type": "#microsoft.graph.fallbackToMicrosoftProviderOnError"}}}}
		o := w.want(201, w.do("POST", listenersPath, otp))
		if o.body["@odata.type"] != "#microsoft.graph.onEmailOtpSendListener" || o.body["portico"].(map[string]any)["onFailure"] != "fallback" || !strings.Contains(string(o.raw), "fallbackToMicrosoftProviderOnError") {
			t.Errorf("%s", o.raw)
		}
		otp["handler"].(map[string]any)["customExtension"] = map[string]any{"id": id}
		if a := w.do("POST", listenersPath, otp); a.status != 400 || targetOf(a) != "handler/customExtension" {
			t.Errorf("an extension of another event: %d %s", a.status, a.raw)
		}

		// Calls can be read, and nothing of them changed.
		w.tenant.KeepCall(extension.Call{ID: models.NewID(), Event: extension.OtpSend, ExtensionID: codes, Name: "Codes", Code: extension.TimedOut, At: w.store.Now()})
		if err := w.store.FlushCalls(t.Context()); err != nil {
			t.Fatal(err)
		}
		calls := w.want(200, w.do("GET", "/beta/portico/extensionCalls?$filter=errorCode%20eq%201003005", nil)).body["value"].([]any)
		if len(calls) != 1 || calls[0].(map[string]any)["eventType"] != "onOtpSend" {
			t.Errorf("%v", calls)
		}
		if got := w.want(200, w.do("GET", "/beta/portico/extensionCalls?$filter=errorCode%20eq%200", nil)); len(got.body["value"].([]any)) != 0 {
			t.Errorf("%s", got.raw)
		}
		w.want(404, w.do("GET", "/v1.0/portico/extensionCalls", nil))

		// One that brought a visit's code stands in the visit's trace.
		visit := record.SignIn{ID: models.NewID(), Kind: record.Interactive, Protocol: "openid", CorrelationID: "a-visit", App: record.Party{ID: "shop"}, StartedAt: w.store.Now(), EndedAt: w.store.Now(), Count: 1, Outcome: record.Outcome{Result: record.Success}}
		if err := w.tenant.RecordSignIn(t.Context(), visit); err != nil {
			t.Fatal(err)
		}
		w.tenant.KeepCall(extension.Call{ID: models.NewID(), Event: extension.OtpSend, ExtensionID: codes, Name: "Codes", At: w.store.Now(), CorrelationID: "a-visit", AppID: "shop", Status: 200})
		if err := w.store.FlushCalls(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/beta/auditLogs/signIns/" + visit.ID, "/beta/auditLogs/signIns?$filter=correlationId%20eq%20'a-visit'"} {
			if got := w.want(200, w.do("GET", path, nil)); !strings.Contains(string(got.raw), `"calls":[{`) || !strings.Contains(string(got.raw), `"event":"onOtpSend"`) {
				t.Errorf("%s does not tell who sent the code: %s", path, got.raw)
			}
		}
		if got := w.want(200, w.do("GET", "/beta/portico/extensionCalls?$filter=correlationId%20eq%20'a-visit'", nil)); len(got.body["value"].([]any)) != 1 {
			t.Errorf("%s", got.raw)
		}
		w.want(204, w.do("DELETE", at, nil))
		w.want(204, w.do("DELETE", one, nil))
	})
}

// TestWhatAListenerOverrides: the timeout, the retries and what happens on failure are the extension's, until its listener
// says otherwise; null at the listener gives each back (graph.md §6.4, §6.5).
func TestWhatAListenerOverrides(t *testing.T) {
	each(t, func(w *world) {
		app := modelstest.MustAppOf(t, w.tenant, models.Application{Name: "Hooks", Kind: models.DaemonApp, Enabled: true})
		fallback := map[string]any{"@odata.type": "#microsoft.graph.fallbackToMicrosoftProviderOnError"}
		hook := claimsHook("Codes", app.ClientID)
		hook["@odata.type"] = "#microsoft.graph.onOtpSendCustomExtension"
		delete(hook, "claimsForTokenConfiguration")
		delete(hook, "clientConfiguration")
		hook["behaviorOnError"] = fallback
		made := w.want(201, w.do("POST", extensionsPath, hook))
		id := made.body["id"].(string)
		if b, _ := made.body["behaviorOnError"].(map[string]any); b["@odata.type"] != fallback["@odata.type"] || made.body["clientConfiguration"].(map[string]any)["timeoutInMilliseconds"] != 1000.0 {
			t.Errorf("%s", made.raw)
		}
		handler := func(configuration any) map[string]any {
			return map[string]any{"@odata.type": "#microsoft.graph.onOtpSendCustomExtensionHandler", "customExtension": map[string]any{"id": id}, "configuration": configuration}
		}
		l := w.want(201, w.do("POST", listenersPath, map[string]any{"@odata.type": "#microsoft.graph.onEmailOtpSendListener", "conditions": map[string]any{"applications": map[string]any{"includeAllApplications": true}},
			"handler": handler(map[string]any{"behaviorOnError": nil, "clientConfiguration": map[string]any{"timeoutInMilliseconds": 300, "maximumRetries": 1}})}))
		at := listenersPath + "/" + l.body["id"].(string)
		asked := func() extension.Chosen {
			t.Helper()
			dir, err := w.store.Directory(t.Context(), w.tenant.ID)
			if err != nil {
				t.Fatal(err)
			}
			chosen, ok := dir.Extensions.Choose(extension.OtpSend, app.ClientID, "")
			if !ok {
				t.Fatal("nobody is asked")
			}
			return chosen
		}
		holds := func(timeout, retries int, f extension.OnFailure) {
			t.Helper()
			if c := asked(); c.Extension.Timeout != timeout || c.Extension.Retries != retries || c.Listener.Failure() != f {
				t.Errorf("%d ms, %d retries, %s; not %d, %d, %s", c.Extension.Timeout, c.Extension.Retries, c.Listener.Failure(), timeout, retries, f)
			}
		}
		holds(300, 1, extension.Fallback)
		configured := l.body["handler"].(map[string]any)["configuration"].(map[string]any)
		if client, _ := configured["clientConfiguration"].(map[string]any); client["timeoutInMilliseconds"] != 300.0 || client["maximumRetries"] != 1.0 || configured["behaviorOnError"] != nil || l.body["portico"].(map[string]any)["onFailure"] != "fallback" {
			t.Errorf("%s", l.raw)
		}
		patch := func(body map[string]any) answer {
			body["@odata.type"] = "#microsoft.graph.onEmailOtpSendListener"
			return w.do("PATCH", at, body)
		}
		w.want(204, patch(map[string]any{"portico": map[string]any{"onFailure": "block"}}))
		holds(300, 1, extension.Block)
		w.want(204, patch(map[string]any{"handler": handler(map[string]any{"behaviorOnError": fallback, "clientConfiguration": nil})}))
		holds(1000, 0, extension.Fallback)
		w.want(204, patch(map[string]any{"handler": handler(map[string]any{"clientConfiguration": map[string]any{"timeoutInMilliseconds": nil, "maximumRetries": 1}})}))
		holds(1000, 1, extension.Fallback)
		w.want(204, w.do("PATCH", extensionsPath+"/"+id, map[string]any{"@odata.type": "#microsoft.graph.onOtpSendCustomExtension", "behaviorOnError": nil}))
		holds(1000, 1, extension.Block)
		w.want(204, patch(map[string]any{"portico": map[string]any{"isEnabled": true}})) // says nothing of failure
		w.want(204, w.do("PATCH", extensionsPath+"/"+id, map[string]any{"@odata.type": "#microsoft.graph.onOtpSendCustomExtension", "behaviorOnError": fallback}))
		holds(1000, 1, extension.Fallback)
		for _, client := range []map[string]any{{"timeoutInMilliseconds": 100}, {"timeoutInMilliseconds": 0}, {"timeoutInMilliseconds": 2001}} {
			if a := patch(map[string]any{"handler": handler(map[string]any{"clientConfiguration": client})}); a.status != 400 || targetOf(a) != "handler/configuration/clientConfiguration/timeoutInMilliseconds" {
				t.Errorf("%v: %d %s", client, a.status, a.raw)
			}
		}
		if a := patch(map[string]any{"handler": handler(map[string]any{"clientConfiguration": map[string]any{"maximumRetries": 2}})}); a.status != 400 || targetOf(a) != "handler/configuration/clientConfiguration/maximumRetries" {
			t.Errorf("%d %s", a.status, a.raw)
		}
		holds(1000, 1, extension.Fallback)
	})
}

// TestCallsWithoutPeople: what recorded calls say of people is masked for whoever may not read people.
func TestCallsWithoutPeople(t *testing.T) {
	each(t, func(w *world) {
		w.newClient("extensions", w.tenant, access.ExtensionRead)
		w.newClient("both", w.tenant, access.ExtensionRead, access.UserRead)
		id := models.NewID()
		w.tenant.KeepCall(extension.Call{ID: id, Event: extension.TokenIssuanceStart, Name: "Claims", At: w.store.Now(), Request: `{"data":{"tenantId":"t","user":{"mail":"ada@example.com"}}}`, Response: `{"data":{"claims":{"tier":"gold"}}}`})
		if err := w.store.FlushCalls(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/beta/portico/extensionCalls", "/beta/portico/extensionCalls/" + id} {
			if raw := w.want(200, w.do("GET", path, nil, "Authorization", "Bearer extensions")).raw; strings.Contains(raw, "ada@example.com") || strings.Contains(raw, "gold") || !strings.Contains(raw, "tier") {
				t.Errorf("%s: %s", path, raw)
			}
			if raw := w.want(200, w.do("GET", path, nil, "Authorization", "Bearer both")).raw; !strings.Contains(raw, "ada@example.com") || !strings.Contains(raw, "gold") {
				t.Errorf("%s: %s", path, raw)
			}
		}
	})
}
