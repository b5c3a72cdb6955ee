package graph

import (
	"context"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/app/access"
	"portico/app/policy"
	"portico/app/record"
	"portico/models"
)

func (w *world) conditional(name string, more ...any) map[string]any {
	body := map[string]any{"displayName": name, "state": "enabled",
		"conditions":    map[string]any{"users": map[string]any{"includeUsers": []any{"All"}}, "applications": map[string]any{"includeApplications": []any{"All"}}, "clientAppTypes": []any{"all"}},
		"grantControls": map[string]any{"operator": "OR", "builtInControls": []any{"mfa"}}}
	for i := 0; i+1 < len(more); i += 2 {
		body[more[i].(string)] = more[i+1]
	}
	return body
}

// Policies as the vendor's scripts write them: made, read with every key, changed in parts, put away and refused.
func TestConditionalAccessPolicies(t *testing.T) {
	each(t, func(w *world) {
		const all = "/identity/conditionalAccess/policies"
		made := w.want(201, w.do("POST", all, w.conditional("Second factor")))
		one := all + "/" + made.body["id"].(string)
		got := w.want(200, w.do("GET", one, nil))
		for _, key := range []string{"clientApplications", "platforms", "locations", "devices", "authenticationFlows", "insiderRiskLevels"} {
			if v, has := got.body["conditions"].(map[string]any)[key]; !has || v != nil {
				w.t.Errorf("conditions/%s is %v (%v)", key, v, has)
			}
		}
		if got.body["modifiedDateTime"] != nil || got.body["sessionControls"] != nil || got.body["templateId"] != nil {
			w.t.Errorf("a new policy: %s", got.raw)
		}
		// A part that is sent is laid onto the rest; a list that is sent is the new list.
		w.want(204, w.do("PATCH", one, `{"state":"disabled","conditions":{"platforms":{"includePlatforms":["all"],"excludePlatforms":["iOS"]}}}`))
		got = w.want(200, w.do("GET", one, nil))
		c := got.body["conditions"].(map[string]any)
		if got.body["state"] != "disabled" || c["platforms"] == nil || len(c["users"].(map[string]any)["includeUsers"].([]any)) != 1 || got.body["modifiedDateTime"] == nil {
			w.t.Errorf("changed: %s", got.raw)
		}
		w.want(204, w.do("PATCH", one, `{"conditions":{"platforms":null},"sessionControls":{"signInFrequency":{"isEnabled":true,"type":"hours","value":4,"frequencyInterval":"timeBased","authenticationType":"primaryAndSecondaryAuthentication"}}}`))
		got = w.want(200, w.do("GET", one, nil))
		if got.body["conditions"].(map[string]any)["platforms"] != nil || got.body["sessionControls"].(map[string]any)["signInFrequency"].(map[string]any)["value"] != 4.0 {
			w.t.Errorf("changed again: %s", got.raw)
		}
		w.want(201, w.do("POST", all, w.conditional("Another", "state", "enabledForReportingButNotEnforced")))
		if n := len(w.want(200, w.do("GET", all+"?$filter="+url.QueryEscape("state eq 'disabled'"), nil)).values()); n != 1 {
			w.t.Errorf("%d policies are off", n)
		}
		if a := w.want(200, w.do("GET", "/policies/conditionalAccessPolicies", nil)); len(a.values()) != 2 {
			w.t.Errorf("the older path: %s", a.raw)
		}
		for what, body := range map[string]any{
			"a control that is not here":   w.conditional("x", "grantControls", map[string]any{"operator": "OR", "builtInControls": []any{"compliantDevice"}}),
			"an unknown property":          w.conditional("x", "conditions", map[string]any{"users": map[string]any{"includeEverybody": true}}),
			"a device filter":              w.conditional("x", "conditions", map[string]any{"users": map[string]any{"includeUsers": []any{"All"}}, "applications": map[string]any{"includeApplications": []any{"All"}}, "devices": map[string]any{"deviceFilter": map[string]any{"mode": "include", "rule": "x"}}}),
			"nobody":                       w.conditional("x", "conditions", map[string]any{"applications": map[string]any{"includeApplications": []any{"All"}}}),
			"nothing asked for":            w.conditional("x", "grantControls", nil),
			"block with more":              w.conditional("x", "grantControls", map[string]any{"operator": "AND", "builtInControls": []any{"block", "mfa"}}),
			"a password change by itself":  w.conditional("x", "grantControls", map[string]any{"operator": "AND", "builtInControls": []any{"passwordChange"}}),
			"an application that is gone":  w.conditional("x", "conditions", map[string]any{"users": map[string]any{"includeUsers": []any{"All"}}, "applications": map[string]any{"includeApplications": []any{"6d5b1d3e-0000-4000-8000-000000000000"}}}),
			"a state of somebody else's":   w.conditional("x", "state", "on"),
			"a template that is not there": map[string]any{"displayName": "x", "templateId": "6d5b1d3e-0000-4000-8000-000000000000"},
		} {
			if a := w.do("POST", all, body); a.status != 400 {
				w.t.Errorf("%s: %d %s", what, a.status, a.raw)
			}
		}
		templates := w.want(200, w.do("GET", "/identity/conditionalAccess/templates", nil)).values()
		if len(templates) < 5 {
			w.t.Errorf("%d templates", len(templates))
		}
		w.want(204, w.do("DELETE", one, nil))
		w.want(404, w.do("GET", one, nil))
		deleted := "/identity/conditionalAccess/deletedItems/policies"
		if a := w.want(200, w.do("GET", deleted, nil)).values(); len(a) != 1 || a[0]["deletedDateTime"] == nil {
			w.t.Errorf("deleted: %v", a)
		}
		w.want(200, w.do("POST", deleted+"/"+made.body["id"].(string)+"/restore", nil))
		w.want(200, w.do("GET", one, nil))
	})
}

func TestNamedLocations(t *testing.T) {
	each(t, func(w *world) {
		const all = "/identity/conditionalAccess/namedLocations"
		made := w.want(201, w.do("POST", all, `{"@odata.type":"#microsoft.graph.ipNamedLocation","displayName":"Offices","isTrusted":true,"ipRanges":[
			{"@odata.type":"#microsoft.graph.iPv4CidrRange","cidrAddress":"203.0.113.0/24"},{"@odata.type":"#microsoft.graph.iPv6CidrRange","cidrAddress":"2001:db8::/32"},
			{"@odata.type":"#microsoft.graph.iPv4Range","lowerAddress":"198.51.100.4","upperAddress":"198.51.100.7"}]}`))
		if made.body["@odata.type"] != "#microsoft.graph.ipNamedLocation" || len(made.body["ipRanges"].([]any)) != 3 || !strings.Contains(made.raw, "198.51.100.4/30") {
			w.t.Errorf("made: %s", made.raw)
		}
		one := all + "/" + made.body["id"].(string)
		w.want(201, w.do("POST", all, `{"@odata.type":"#microsoft.graph.countryNamedLocation","displayName":"Neighbours","countriesAndRegions":["DE","NL"],"includeUnknownCountriesAndRegions":true}`))
		if a := w.want(200, w.do("GET", all+"?$filter="+url.QueryEscape("isof('microsoft.graph.countryNamedLocation')"), nil)).values(); len(a) != 1 || a[0]["displayName"] != "Neighbours" {
			w.t.Errorf("by type: %v", a)
		}
		if a := w.do("DELETE", one, nil); a.status < 400 || a.status >= 500 {
			w.t.Errorf("a trusted location was deleted: %d", a.status)
		}
		w.want(204, w.do("PATCH", one, `{"@odata.type":"#microsoft.graph.ipNamedLocation","isTrusted":false}`))
		w.want(204, w.do("DELETE", one, nil))
		lower := w.want(201, w.do("POST", all, `{"@odata.type":"#microsoft.graph.countryNamedLocation","displayName":"Small letters","countriesAndRegions":["de","nl"]}`))
		if !strings.Contains(lower.raw, `["DE","NL"]`) {
			w.t.Errorf("codes: %s", lower.raw)
		}
		w.want(400, w.do("PATCH", all+"/"+lower.body["id"].(string), `{"@odata.type":"#microsoft.graph.ipNamedLocation","displayName":"Not that"}`))
		w.want(204, w.do("PATCH", all+"/"+lower.body["id"].(string), `{"countriesAndRegions":["fr"]}`))
		if a := w.want(200, w.do("GET", all+"/"+lower.body["id"].(string), nil)); !strings.Contains(a.raw, `["FR"]`) {
			w.t.Errorf("codes of a change: %s", a.raw)
		}
		if a := w.want(201, w.do("POST", all, `{"@odata.type":"#microsoft.graph.ipNamedLocation","displayName":"Mapped","ipRanges":[{"cidrAddress":"::ffff:198.51.100.7/120"}]}`)); !strings.Contains(a.raw, `"198.51.100.0/24"`) {
			w.t.Errorf("mapped: %s", a.raw)
		}
		for what, body := range map[string]string{
			"no type of range":        `{"@odata.type":"#microsoft.graph.ipNamedLocation","displayName":"x","ipRanges":[{"cidrAddress":"203.0.113/24"}]}`,
			"half the internet":       `{"@odata.type":"#microsoft.graph.ipNamedLocation","displayName":"x","ipRanges":[{"cidrAddress":"128.0.0.0/1"}]}`,
			"an upside-down range":    `{"@odata.type":"#microsoft.graph.ipNamedLocation","displayName":"x","ipRanges":[{"lowerAddress":"10.0.0.9","upperAddress":"10.0.0.1"}]}`,
			"no such country":         `{"@odata.type":"#microsoft.graph.countryNamedLocation","displayName":"x","countriesAndRegions":["XX"]}`,
			"addresses by country":    `{"@odata.type":"#microsoft.graph.ipNamedLocation","displayName":"x","countriesAndRegions":["DE"]}`,
			"addresses, unknown ones": `{"@odata.type":"#microsoft.graph.ipNamedLocation","displayName":"x","includeUnknownCountriesAndRegions":true}`,
			"countries by address":    `{"@odata.type":"#microsoft.graph.countryNamedLocation","displayName":"x","ipRanges":[{"cidrAddress":"203.0.113.0/24"}]}`,
			"countries without any":   `{"@odata.type":"#microsoft.graph.countryNamedLocation","displayName":"x","countriesAndRegions":[]}`,
			"by satellite":            `{"@odata.type":"#microsoft.graph.countryNamedLocation","displayName":"x","countriesAndRegions":["DE"],"countryLookupMethod":"authenticatorAppGps"}`,
			"nothing":                 `{"@odata.type":"#microsoft.graph.ipNamedLocation","displayName":"x","ipRanges":[]}`,
		} {
			if a := w.do("POST", all, body); a.status != 400 {
				w.t.Errorf("%s: %d %s", what, a.status, a.raw)
			}
		}
	})
}

func TestStrengthsAndContexts(t *testing.T) {
	each(t, func(w *world) {
		const all = "/policies/authenticationStrengthPolicies"
		if a := w.want(200, w.do("GET", all+"?$filter="+url.QueryEscape("policyType eq 'builtIn'"), nil)).values(); len(a) != 3 {
			w.t.Errorf("built in: %v", a)
		}
		made := w.want(201, w.do("POST", all, `{"displayName":"Key or app","allowedCombinations":["fido2","password,softwareOath"]}`))
		id := made.body["id"].(string)
		change := w.want(200, w.do("POST", all+"/"+id+"/updateAllowedCombinations", `{"allowedCombinations":["fido2"]}`))
		if len(change.body["previousCombinations"].([]any)) != 2 || len(change.body["currentCombinations"].([]any)) != 1 {
			w.t.Errorf("combinations: %s", change.raw)
		}
		p := w.want(201, w.do("POST", "/identity/conditionalAccess/policies", w.conditional("Strong", "grantControls", map[string]any{"operator": "AND", "authenticationStrength": map[string]any{"id": id}})))
		// Answers hold the strength whole; a change of another part does not lose it.
		one := "/identity/conditionalAccess/policies/" + p.body["id"].(string)
		w.want(204, w.do("PATCH", one, `{"state":"disabled","grantControls":{"operator":"OR"}}`))
		for _, a := range []answer{p, w.want(200, w.do("GET", one, nil))} {
			if s := a.body["grantControls"].(map[string]any)["authenticationStrength"].(map[string]any); s["id"] != id || s["displayName"] != "Key or app" || len(s["allowedCombinations"].([]any)) != 1 || s["policyType"] != "custom" {
				w.t.Errorf("embedded: %s", a.raw)
			}
		}
		const root = "/identity/conditionalAccess/authenticationStrength/"
		if a := w.want(200, w.do("GET", root+"combinations", nil)); !slices.Contains(a.body["value"].([]any), any("password,softwareOath")) {
			w.t.Errorf("combinations: %s", a.raw)
		}
		if a := w.want(200, w.do("GET", root+"authenticationMethodModes", nil)).values(); len(a) != 6 {
			w.t.Errorf("modes: %v", a)
		}
		if a := w.want(200, w.do("GET", root+"authenticationMethodModes/temporaryAccessPassOneTime", nil)); a.body["authenticationMethod"] != "temporaryAccessPass" || a.body["displayName"] != "Recovery code" {
			w.t.Errorf("mode: %s", a.raw)
		}
		w.want(404, w.do("GET", root+"authenticationMethodModes/voice", nil))
		w.want(404, w.do("GET", root+"voices", nil))
		if a := w.want(200, w.do("GET", "/identity/conditionalAccess/authenticationStrength/policies/"+id+"/usage()", nil)); !strings.Contains(a.raw, p.body["id"].(string)) {
			w.t.Errorf("usage: %s", a.raw)
		}
		if a := w.do("DELETE", all+"/"+id, nil); a.status < 400 {
			w.t.Errorf("a strength in use was deleted: %d", a.status)
		}
		if a := w.do("DELETE", all+"/00000000-0000-0000-0000-000000000002", nil); a.status < 400 {
			w.t.Errorf("a built-in strength was deleted: %d", a.status)
		}
		const contexts = "/identity/conditionalAccess/authenticationContextClassReferences"
		w.want(204, w.do("PATCH", contexts+"/c7", `{"displayName":"Change the payout account","isAvailable":true}`))
		if a := w.want(200, w.do("GET", contexts+"/c7", nil)); a.body["displayName"] != "Change the payout account" || a.body["isAvailable"] != true {
			w.t.Errorf("context: %s", a.raw)
		}
		if a := w.do("PATCH", contexts+"/c100", `{}`); a.status != 400 {
			w.t.Errorf("c100: %d %s", a.status, a.raw)
		}
		w.want(204, w.do("DELETE", contexts+"/c7", nil))
		w.want(404, w.do("GET", contexts+"/c7", nil))
	})
}

// What-If answers as the vendor's does: what a policy asks for and the request does not say is not met.
func TestEvaluate(t *testing.T) {
	each(t, func(w *world) {
		ann := w.newPerson("Ann")
		app := w.want(201, w.do("POST", "/applications", map[string]any{"displayName": "Shop"})).body["appId"].(string)
		conditions := func(more map[string]any) map[string]any {
			c := map[string]any{"users": map[string]any{"includeUsers": []any{"All"}}, "applications": map[string]any{"includeApplications": []any{app}}}
			for k, v := range more {
				c[k] = v
			}
			return c
		}
		w.want(201, w.do("POST", "/identity/conditionalAccess/policies", w.conditional("Always", "conditions", conditions(nil))))
		w.want(201, w.do("POST", "/identity/conditionalAccess/policies", w.conditional("Risky", "conditions", conditions(map[string]any{"signInRiskLevels": []any{"high"}}))))
		w.want(201, w.do("POST", "/identity/conditionalAccess/policies", w.conditional("Resting", "state", "disabled")))
		ask := func(where string, only bool) map[string]string {
			got := w.want(200, w.do("POST", "/identity/conditionalAccess/evaluate", `{"signInIdentity":{"@odata.type":"#microsoft.graph.userSignIn","userId":"`+ann+`"},
				"signInContext":{"@odata.type":"#microsoft.graph.applicationContext","includeApplications":["`+app+`"]},"signInConditions":`+where+`,"appliedPoliciesOnly":`+map[bool]string{true: "true", false: "false"}[only]+`}`))
			out := map[string]string{}
			for _, v := range got.values() {
				out[v["displayName"].(string)] = v["analysisReasons"].(string)
			}
			return out
		}
		if a := ask(`{}`, false); a["Always"] != "notSet" || a["Risky"] != "notEnoughInformation" || a["Resting"] != "policyNotEnabled" {
			w.t.Errorf("nothing said: %v", a)
		}
		if a := ask(`{"signInRiskLevel":"low"}`, false); a["Risky"] != "signInRisk" {
			w.t.Errorf("low risk: %v", a)
		}
		if a := ask(`{"signInRiskLevel":"high","clientAppType":"browser","devicePlatform":"iOS","country":"DE"}`, true); len(a) != 2 || a["Risky"] != "notSet" {
			w.t.Errorf("high risk: %v", a)
		}
		// Somebody whose account is off is asked about like everybody; somebody who is deleted is not there.
		w.want(204, w.do("PATCH", "/users/"+ann, `{"accountEnabled":false}`))
		if a := ask(`{}`, true); len(a) != 1 || a["Always"] != "notSet" {
			w.t.Errorf("an account that is off: %v", a)
		}
		bob := w.newPerson("Bob")
		w.want(204, w.do("DELETE", "/users/"+bob, nil))
		w.want(404, w.do("POST", "/identity/conditionalAccess/evaluate", `{"signInIdentity":{"userId":"`+bob+`"},"signInContext":{"includeApplications":["`+app+`"]},"signInConditions":{}}`))
		for _, body := range []string{`{}`, `{"signInIdentity":{"userId":"` + ann + `"},"signInContext":{},"signInConditions":{}}`,
			`{"signInIdentity":{"userId":"` + ann + `"},"signInContext":{"includeApplications":["` + app + `"]},"signInConditions":{"ipAddress":"here"}}`} {
			if a := w.do("POST", "/identity/conditionalAccess/evaluate", body); a.status != 400 {
				w.t.Errorf("%s: %d", body, a.status)
			}
		}
		// A strength is told whole, as the policy itself tells it.
		strong := w.want(201, w.do("POST", "/identity/conditionalAccess/policies", w.conditional("Strong", "grantControls",
			map[string]any{"operator": "AND", "authenticationStrength": map[string]any{"id": policy.StrengthMFA}}))).body["id"].(string)
		told := w.want(200, w.do("GET", "/identity/conditionalAccess/policies/"+strong, nil)).body["grantControls"].(map[string]any)["authenticationStrength"]
		for _, v := range w.want(200, w.do("POST", "/identity/conditionalAccess/evaluate", `{"signInIdentity":{"userId":"`+ann+`"},"signInContext":{"includeApplications":["`+app+`"]},"signInConditions":{}}`)).values() {
			if v["id"] != strong {
				continue
			}
			if got := v["grantControls"].(map[string]any)["authenticationStrength"]; !reflect.DeepEqual(got, told) || len(told.(map[string]any)) < 3 {
				w.t.Errorf("evaluate tells %v, the policy %v", got, told)
			}
			strong = ""
		}
		if strong != "" {
			w.t.Error("the policy is not among the answers")
		}
	})
}

func TestAuthenticationMethodsPolicy(t *testing.T) {
	each(t, func(w *world) {
		const at = "/policies/authenticationMethodsPolicy"
		g := w.newGroup("Pilots")
		got := w.want(200, w.do("GET", at, nil))
		if n := len(got.body["authenticationMethodConfigurations"].([]any)); n != 4 || got.body["id"] != "authenticationMethodsPolicy" {
			w.t.Errorf("policy: %s", got.raw)
		}
		w.want(204, w.do("PATCH", at+"/authenticationMethodConfigurations/Sms", `{"@odata.type":"#microsoft.graph.smsAuthenticationMethodConfiguration","state":"disabled","excludeTargets":[{"id":"`+g+`","targetType":"group"}]}`))
		if a := w.want(200, w.do("GET", at+"/authenticationMethodConfigurations('sms')", nil)); a.body["state"] != "disabled" || !strings.Contains(a.raw, g) {
			w.t.Errorf("sms: %s", a.raw)
		}
		w.want(204, w.do("PATCH", at+"/authenticationMethodConfigurations/Fido2", `{"@odata.type":"#microsoft.graph.fido2AuthenticationMethodConfiguration","isSelfServiceRegistrationAllowed":false,"keyRestrictions":{"isEnforced":true,"enforcementType":"block","aaGuids":["ee882879-721c-4913-9775-3dfcce97072a"]}}`))
		if a := w.want(200, w.do("GET", at+"/authenticationMethodConfigurations/fido2", nil)); a.body["isSelfServiceRegistrationAllowed"] != false || a.body["keyRestrictions"].(map[string]any)["enforcementType"] != "block" {
			w.t.Errorf("fido2: %s", a.raw)
		}
		for _, body := range []string{`{"state":"maybe"}`, `{"includeTargets":[{"id":"` + g + `","targetType":"user"}]}`, `{"includeTargets":[{"id":"6d5b1d3e-0000-4000-8000-000000000000","targetType":"group"}]}`,
			`{"includeTargets":[{"id":"all_users","targetType":"group","isUsableForSignIn":true}]}`} {
			if a := w.do("PATCH", at+"/authenticationMethodConfigurations/Sms", body); a.status != 400 {
				w.t.Errorf("%s: %d %s", body, a.status, a.raw)
			}
		}
		// Complaints name what the caller wrote.
		const nobody, model = "6d5b1d3e-0000-4000-8000-000000000000", "ee882879-721c-4913-9775-3dfcce97072a"
		for _, x := range []struct{ id, body, target string }{
			{"Fido2", `{"keyRestrictions":{"isEnforced":true,"enforcementType":"allow","aaGuids":[]}}`, "keyRestrictions/aaGuids"},
			{"Fido2", `{"keyRestrictions":{"isEnforced":true,"enforcementType":"permit","aaGuids":["` + model + `"]}}`, "keyRestrictions/enforcementType"},
			{"Fido2", `{"keyRestrictions":{"isEnforced":true,"aaGuids":["` + model + `"]}}`, "keyRestrictions/enforcementType"},
			{"Fido2", `{"keyRestrictions":{"isEnforced":true,"enforcementType":"block","aaGuids":["a key"]}}`, "keyRestrictions/aaGuids"},
			{"Sms", `{"portico":{"includeRegions":["0"]}}`, "portico/includeRegions"},
			{"Sms", `{"portico":{"excludeRegions":["0"]}}`, "portico/excludeRegions"},
			{"Sms", `{"portico":{"dailyLimit":-1}}`, "portico/dailyLimit"},
			{"Sms", `{"includeTargets":[{"id":"` + nobody + `","targetType":"group"}]}`, "includeTargets"},
			{"Sms", `{"excludeTargets":[{"id":"` + nobody + `","targetType":"group"}]}`, "excludeTargets"},
			{"Sms", `{"includeTargets":[{"id":"` + g + `","targetType":"group"}],"excludeTargets":[{"id":"` + g + `","targetType":"group"}]}`, "excludeTargets"},
			{"Email", `{"excludeTargets":[{"id":"all_users","targetType":"group"}]}`, "excludeTargets"},
		} {
			if a := w.do("PATCH", at+"/authenticationMethodConfigurations/"+x.id, x.body); a.status != 400 || !strings.Contains(a.raw, `"target":"`+x.target+`"`) {
				w.t.Errorf("%s %s: %d %s", x.id, x.body, a.status, a.raw)
			}
		}
		if a := w.do("PATCH", at, `{"authenticationMethodConfigurations":[{"id":"Sms","portico":{"dailyLimit":-1}}]}`); a.status != 400 || !strings.Contains(a.raw, `"authenticationMethodConfigurations/Sms/portico/dailyLimit"`) {
			w.t.Errorf("in the whole policy: %d %s", a.status, a.raw)
		}
		w.want(204, w.do("PATCH", at+"/authenticationMethodConfigurations/Sms", `{"portico":{"includeRegions":["93"],"excludeRegions":["49"],"dailyLimit":7}}`))
		w.want(204, w.do("DELETE", at+"/authenticationMethodConfigurations/Fido2", nil))
		if a := w.want(200, w.do("GET", at+"/authenticationMethodConfigurations/Fido2", nil)); a.body["isSelfServiceRegistrationAllowed"] != true || a.body["keyRestrictions"].(map[string]any)["isEnforced"] != false {
			w.t.Errorf("passkeys' default: %s", a.raw)
		}
		w.want(200, w.do("PATCH", at, `{"portico":{"rememberDays":30}}`))
		if a := w.want(200, w.do("GET", at, nil)); a.body["portico"].(map[string]any)["rememberDays"] != 30.0 {
			w.t.Errorf("remembered: %s", a.raw)
		}
		w.want(204, w.do("DELETE", at+"/authenticationMethodConfigurations/Sms", nil))
		if a := w.want(200, w.do("GET", at+"/authenticationMethodConfigurations/Sms", nil)); a.body["state"] != "enabled" || !strings.Contains(a.raw, `"includeRegions":[],"excludeRegions":[],"dailyLimit":5000`) {
			w.t.Errorf("its default: %s", a.raw)
		}
	})
}

func TestRiskyUsersAndReplay(t *testing.T) {
	each(t, func(w *world) {
		ann := w.newPerson("Ann")
		const at = "/identityProtection/riskyUsers"
		w.want(404, w.do("GET", at+"/"+ann, nil))
		w.want(204, w.do("POST", at+"/confirmCompromised", map[string]any{"userIds": []any{ann}}))
		if a := w.want(200, w.do("GET", at+"/"+ann, nil)); a.body["riskLevel"] != "high" || a.body["riskState"] != "confirmedCompromised" {
			w.t.Errorf("confirmed: %s", a.raw)
		}
		w.want(204, w.do("POST", at+"/dismiss", map[string]any{"userIds": []any{ann}}))
		if a := w.want(200, w.do("GET", at+"?$filter="+url.QueryEscape("riskState eq 'dismissed'"), nil)).values(); len(a) != 1 {
			w.t.Errorf("dismissed: %v", a)
		}
		for _, body := range []string{`{}`, `{"userIds":[]}`, `{"userIds":"x"}`} {
			if a := w.do("POST", at+"/dismiss", body); a.status != 400 {
				w.t.Errorf("%s: %d", body, a.status)
			}
		}
		w.want(404, w.do("POST", at+"/dismiss", `{"userIds":["6d5b1d3e-0000-4000-8000-000000000000"]}`))

		const replays = "/beta/portico/conditionalAccess/replay"
		a := w.do("POST", replays, map[string]any{"displayName": "Block everybody", "days": 7, "policy": w.conditional("Draft", "grantControls", map[string]any{"operator": "OR", "builtInControls": []any{"block"}})})
		if w.want(202, a); a.header.Get("Location") == "" || a.body["status"] != "waiting" {
			w.t.Errorf("replay: %s", a.raw)
		}
		if got := w.want(200, w.do("GET", replays+"/"+a.body["id"].(string), nil)); got.body["report"] == nil {
			w.t.Errorf("its status: %s", got.raw)
		}
		saved := w.want(201, w.do("POST", "/identity/conditionalAccess/policies", w.conditional("Saved", "state", "disabled"))).body["id"].(string)
		for _, body := range []string{`{"days":0}`, `{"days":91}`, `{"remove":true}`, `{"everything":true}`, `{"policyId@odata.bind":"x"}`,
			`{"policyId":"` + saved + `","remove":true,"policy":{"state":"enabled"}}`} {
			if a := w.do("POST", replays, body); a.status != 400 {
				w.t.Errorf("%s: %d %s", body, a.status, a.raw)
			}
		}
		// A draft that could never be saved is refused as saving it would be, at its fields.
		unknown := map[string]any{"users": map[string]any{"includeUsers": []any{"6d5b1d3e-0000-4000-8000-000000000000"}}, "applications": map[string]any{"includeApplications": []any{"All"}}}
		for target, draft := range map[string]map[string]any{
			"conditions.users.includeUsers":                  w.conditional("x", "conditions", unknown),
			"grantControls.operator":                         w.conditional("x", "grantControls", map[string]any{"operator": "XOR", "builtInControls": []any{"mfa"}}),
			"grantControls.builtInControls":                  w.conditional("x", "grantControls", map[string]any{"operator": "AND", "builtInControls": []any{"block", "mfa"}}),
			"conditions.applications.includeApplications":    w.conditional("x", "conditions", map[string]any{"users": unknown["users"].(map[string]any), "applications": map[string]any{"includeApplications": []any{"gone"}}}),
			"grantControls.authenticationStrength":           w.conditional("x", "grantControls", map[string]any{"operator": "AND", "authenticationStrength": map[string]any{"id": "6d5b1d3e-0000-4000-8000-000000000000"}}),
			"conditions.locations.includeLocations":          w.conditional("x", "conditions", map[string]any{"users": map[string]any{"includeUsers": []any{"All"}}, "applications": map[string]any{"includeApplications": []any{"All"}}, "locations": map[string]any{"includeLocations": []any{"gone"}}}),
			"conditions.authenticationFlows.transferMethods": w.conditional("x", "conditions", map[string]any{"users": map[string]any{"includeUsers": []any{"All"}}, "applications": map[string]any{"includeApplications": []any{"All"}}, "authenticationFlows": map[string]any{"transferMethods": "pigeon"}}),
		} {
			for _, id := range []string{"", saved} {
				body := map[string]any{"policy": draft}
				if id != "" {
					body["policyId"] = id
				}
				if a := w.do("POST", replays, body); a.status != 400 || !strings.Contains(a.raw, `"`+target+`"`) {
					w.t.Errorf("%s: %d %s", target, a.status, a.raw)
				}
			}
		}
		unnamed := w.conditional("")
		delete(unnamed, "displayName")
		w.want(202, w.do("POST", replays, map[string]any{"policy": unnamed}))
		w.want(202, w.do("POST", replays, map[string]any{"policyId": saved, "policy": map[string]any{"state": "enabled"}}))
		w.want(404, w.do("POST", replays, `{"policyId":"6d5b1d3e-0000-4000-8000-000000000000"}`))
	})
}

// A replay's examples are entries of the sign-in log: only for those who may read that. The numbers are for all.
func TestExamplesOfAReplayAreForReadersOfTheLog(t *testing.T) {
	each(t, func(w *world) {
		ctx, ann := context.Background(), w.newPerson("Ann")
		home := w.store.Tenant(w.tokens["all"].TenantID)
		w.newClient("counts", home, access.ConditionalRead)
		w.newClient("log", home, access.ConditionalRead, access.AuditRead)
		at := w.store.Now().Add(-time.Hour)
		in := record.Inputs{ClientApp: policy.Browser, SignInRisk: "none", UserRisk: "none", Methods: []string{"password"}, AuthTime: at}
		r := record.SignIn{ID: models.NewID(), TenantID: home.ID, Kind: record.Interactive, Protocol: "openid", StartedAt: at, EndedAt: at, User: record.Party{ID: ann},
			App: record.Party{ID: "market"}, Inputs: &in, Outcome: record.Outcome{Result: record.Success}}
		set := policy.Compile(nil, nil, nil)
		q, _ := policy.RequestOf(r)
		r.Policies = set.Trace(set.Evaluate(q), policy.ShownOf(in), true)
		if err := home.RecordSignIn(ctx, r); err != nil {
			w.t.Fatal(err)
		}
		const replays = "/beta/portico/conditionalAccess/replay"
		a := w.want(202, w.do("POST", replays, map[string]any{"days": 7, "policy": w.conditional("Draft", "grantControls", map[string]any{"operator": "OR", "builtInControls": []any{"block"}})}))
		id := a.body["id"].(string)
		if err := home.StepReplay(ctx, id, 0); err != nil {
			w.t.Fatal(err)
		}
		for token, shown := range map[string]bool{"counts": false, "log": true} {
			got := w.want(200, w.do("GET", replays+"/"+id, nil, "Authorization", "Bearer "+token))
			if report := got.body["report"].(map[string]any); report["asked"] != 1.0 || strings.Contains(got.raw, ann) != shown {
				w.t.Errorf("%s: %s", token, got.raw)
			}
		}
	})
}
