package graph

import (
	"context"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"portico/app/access"
	"portico/app/record"
)

func TestLogs(t *testing.T) {
	each(t, func(w *world) {
		at := w.store.Now()
		for i, r := range []record.SignIn{
			{Kind: record.Interactive, Protocol: "openid", Identifier: "Ann@Example.com", User: record.Party{ID: roleID, Name: "Ann"}, App: record.Party{ID: scopeID, Name: "Shop"},
				Signals: record.Signals{IP: netip.MustParseAddr("198.51.100.7"), Country: "IT", City: "Genoa", Browser: "Firefox 140", OS: "Linux"}, Demands: []string{"mfa"},
				Proofs: []record.Proof{{Method: "password", OK: true}, {Method: "totp", OK: true}},
				Policies: []record.Policy{{ID: "p1", Name: "MFA", State: "enabled", Result: "success", Controls: []string{"mfa", "signInFrequency"},
					Conditions: []record.Condition{{Name: "users", Answer: record.Hit}, {Name: "clientApps", Answer: record.CouldNotTell}, {Name: "location", Answer: record.Miss}}}, {ID: "p2", Name: "Odd", Result: "somethingNew"}},
				Risk: []record.Finding{{Type: "unfamiliarFeatures", Level: "medium"}}, RiskLevel: "medium", Outcome: record.Outcome{Result: record.Success}},
			{Kind: record.Interactive, Protocol: "openid", Identifier: "bob@example.com", App: record.Party{ID: roleID, Name: "Other"}, CorrelationID: "c-2",
				Outcome: record.Outcome{Result: record.Failure, Code: 50126, Key: "signin.wrong", Step: "prove"}, RiskLevel: "strange"},
			{Kind: record.Service, Protocol: "clientCredentials", App: record.Party{ID: scopeID, Name: "Shop"}, Outcome: record.Outcome{Result: record.Success}},
		} {
			r.StartedAt, r.EndedAt = at.Add(time.Duration(i)*time.Minute), at.Add(time.Duration(i)*time.Minute)
			if r.CorrelationID == "" {
				r.CorrelationID = "c"
			}
			if err := w.tenant.RecordSignIn(context.Background(), r); err != nil {
				w.t.Fatal(err)
			}
		}
		list := w.want(200, w.do("GET", "/auditLogs/signIns", nil)).values()
		if len(list) != 2 || list[0]["signInIdentifier"] != "bob@example.com" {
			w.t.Fatalf("interactive, newest first: %v", list)
		}
		ann, bob := list[1], list[0]
		status := bob["status"].(map[string]any)
		if status["errorCode"] != 50126.0 || !strings.Contains(status["failureReason"].(string), " ") || bob["riskLevelDuringSignIn"] != "none" || bob["riskState"] != "none" {
			w.t.Errorf("failure: %v", bob)
		}
		trace := ann["portico"].(map[string]any)["trace"].(map[string]any)
		applied := ann["appliedConditionalAccessPolicies"].([]any)
		if len(applied) != 2 || applied[1].(map[string]any)["result"] != "unknown" || len(trace["policies"].([]any)) != 2 || trace["identifier"] != "Ann@Example.com" {
			w.t.Errorf("trace: %v %v", applied, trace)
		}
		if ann["conditionalAccessStatus"] != "success" || ann["authenticationRequirement"] != "multiFactorAuthentication" || ann["riskState"] != "atRisk" {
			w.t.Errorf("success: %v", ann)
		}
		if p := applied[0].(map[string]any); p["conditionsSatisfied"] != "users,clientType" || p["conditionsNotSatisfied"] != "location" || p["enforcedGrantControls"].([]any)[0] != "mfa" ||
			len(p["enforcedGrantControls"].([]any)) != 1 || p["enforcedSessionControls"].([]any)[0] != "signInFrequency" || applied[1].(map[string]any)["conditionsSatisfied"] != "none" {
			w.t.Errorf("policies: %v", applied)
		}
		// Policy details need a right of their own.
		w.newClient("auditor", w.tenant, access.AuditRead)
		less := w.want(200, w.do("GET", "/auditLogs/signIns/"+ann["id"].(string), nil, "Authorization", "Bearer auditor"))
		if less.body["appliedConditionalAccessPolicies"] != nil || less.body["portico"].(map[string]any)["trace"].(map[string]any)["policies"] != nil {
			w.t.Errorf("policies without the right: %s", less.raw)
		}
		for filter, want := range map[string]int{
			"appId eq '" + scopeID + "'": 1, "userId eq '" + roleID + "'": 1, "status/errorCode eq 50126": 1, "status/errorCode eq 0": 1, "status/errorCode ne 0": 1,
			"userPrincipalName eq 'ANN@example.com'": 1, "startswith(userPrincipalName,'bob')": 1, "startswith(appDisplayName,'sh')": 1,
			"ipAddress eq '198.51.100.7'": 1, "startswith(ipAddress,'198.51.')": 1, "location/countryOrRegion eq 'it'": 1, "deviceDetail/browser eq 'Firefox 140'": 1,
			"riskLevelDuringSignIn eq 'medium'": 1, "correlationId eq 'c-2'": 1, "createdDateTime ge " + at.Add(time.Second).Format(time.RFC3339): 1,
			"createdDateTime le " + at.Format(time.RFC3339): 1, "signInEventTypes/any(t: t eq 'servicePrincipal')": 1,
			"signInEventTypes/any(t: t eq 'servicePrincipal' or t eq 'interactiveUser')":                            3,
			"createdDateTime ge 2020-01-01T00:00:00Z and (appId eq '" + scopeID + "' or appId eq '" + roleID + "')": 2,
		} {
			if got := w.want(200, w.do("GET", "/beta/auditLogs/signIns?$filter="+url.QueryEscape(filter), nil)).values(); len(got) != want {
				w.t.Errorf("%s: %d, want %d", filter, len(got), want)
			}
		}
		// Pages in the log's own order.
		var seen []string
		for next := w.base + "/v1.0/auditLogs/signIns?$top=1"; next != ""; {
			a := w.want(200, w.do("GET", next, nil))
			for _, v := range a.values() {
				seen = append(seen, v["signInIdentifier"].(string))
			}
			next, _ = a.body["@odata.nextLink"].(string)
		}
		if strings.Join(seen, " ") != "bob@example.com Ann@Example.com" {
			w.t.Errorf("pages: %v", seen)
		}

		// The audit log: who, what, before and after; secrets never.
		app := w.want(201, w.do("POST", "/applications", `{"displayName":"A"}`)).body["id"].(string)
		w.want(204, w.do("PATCH", "/applications/"+app, `{"displayName":"B"}`, "client-request-id", "11112222-3333-4444-8555-666677778888"))
		rows := w.want(200, w.do("GET", "/auditLogs/directoryAudits?$filter="+url.QueryEscape("targetResources/any(t:t/id eq '"+app+"') and initiatedBy/app/appId eq '"+w.client.ClientID+"' and category eq 'ApplicationManagement'"), nil)).values()
		if len(rows) != 2 {
			w.t.Fatalf("audit rows %v", rows)
		}
		target := rows[0]["targetResources"].([]any)[0].(map[string]any)
		change := target["modifiedProperties"].([]any)[0].(map[string]any)
		if rows[0]["operationType"] != "Update" && rows[1]["operationType"] != "Update" || target["type"] != "App" {
			w.t.Errorf("audit: %v", rows)
		}
		if change["displayName"] != "displayName" {
			w.t.Errorf("change: %v", change)
		}
		if n := w.want(200, w.do("GET", "/auditLogs/directoryAudits?$filter=correlationId%20eq%20'11112222-3333-4444-8555-666677778888'", nil)).values(); len(n) != 1 {
			w.t.Errorf("by correlation id: %v", n)
		} else if c := n[0]["targetResources"].([]any)[0].(map[string]any)["modifiedProperties"].([]any)[0].(map[string]any); c["oldValue"] != `"A"` || c["newValue"] != `"B"` {
			w.t.Errorf("before and after: %v", c)
		}
		one := w.want(200, w.do("GET", "/auditLogs/directoryAudits/"+rows[0]["id"].(string), nil))
		if one.body["activityDateTime"] == nil || one.body["result"] != "success" {
			w.t.Errorf("one: %s", one.raw)
		}
	})
}

func TestOrganization(t *testing.T) {
	each(t, func(w *world) {
		list := w.want(200, w.do("GET", "/organization", nil)).values()
		if len(list) != 1 || list[0]["id"] != w.tenant.ID || list[0]["tenantType"] != "CIAM" {
			w.t.Fatalf("organization: %v", list)
		}
		path := "/organization/" + w.tenant.ID
		w.want(204, w.do("PATCH", path, `{"displayName":"New name","portico":{"settings":{"passwordMinLength":12}}}`))
		w.want(204, w.do("PATCH", path, `{"portico":{"settings":{"lockoutThreshold":5}}}`))
		got := w.want(200, w.do("GET", path, nil))
		settings := got.body["portico"].(map[string]any)["settings"].(map[string]any)
		if got.body["displayName"] != "New name" || settings["passwordMinLength"] != 12.0 || settings["lockoutThreshold"] != 5.0 {
			w.t.Errorf("after PATCH: %s", got.raw)
		}
		for _, body := range []string{`{"displayName":""}`, `{"portico":{"plan":"trial"}}`, `{"portico":{"slug":"x"}}`, `{"portico":{"settings":{"x":1}}}`,
			`{"portico":{"settings":{"passwordMinLength":-1}}}`, `{"city":"x"}`, `{"tenantType":"AAD"}`} {
			if a := w.do("PATCH", path, body); a.status != 400 {
				w.t.Errorf("%s: %d %s", body, a.status, a.raw)
			}
		}
		w.want(405, w.do("DELETE", path, nil))
		w.want(404, w.do("GET", "/organization/"+roleID, nil))
	})
}
