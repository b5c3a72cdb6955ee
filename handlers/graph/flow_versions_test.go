package graph

import (
	"strings"
	"testing"
)

const flowsPath = "/identity/authenticationEventsFlows"

// rich is a flow that uses what Graph has no word for, with its attributes and terms.
func (w *world) rich(name string, apps ...string) map[string]any {
	w.t.Helper()
	option := func(label, value string) map[string]any { return map[string]any{"label": label, "value": value} }
	born := w.newAttribute("Birthday", map[string]any{"dataType": "date"})
	children := w.newAttribute("Children", map[string]any{"dataType": "int64", "low": 0, "high": 20})
	news := w.newAttribute("News", map[string]any{"dataType": "boolean"})
	plan := w.newAttribute("Plan", map[string]any{"dataType": "choice", "options": []any{option("Basic", "b"), option("Plus", "p")}})
	phone := w.newAttribute("Phone", map[string]any{"dataType": "phone"})
	code := w.newAttribute("Loyalty code", map[string]any{"dataType": "string", "pattern": "[A-Z]{3}", "message": "Three capitals"})
	w.want(201, w.do("POST", "/beta/portico/termsOfUse", map[string]any{"displayName": "Terms", "defaultLanguage": "en",
		"texts": []any{map[string]any{"language": "en", "title": "Our terms", "body": "Be kind. [More](https://shop.example/terms)"}, map[string]any{"language": "de", "title": "AGB", "url": "https://shop.example/agb"}}}))
	in := func(id, label, kind string, more map[string]any) map[string]any {
		out := map[string]any{"attribute": id, "label": label, "inputType": kind}
		for k, v := range more {
			out[k] = v
		}
		return out
	}
	body := flowBody(name, apps...)
	body["onAttributeCollection"].(map[string]any)["attributeCollectionPage"] = map[string]any{"views": []any{
		map[string]any{"title": nil, "description": nil, "inputs": []any{
			in("userName", "", "text", map[string]any{"required": true}),
			in("displayName", "Your name", "text", map[string]any{"required": true}),
			in("country", "", "text", nil),
			in(plan, "Which plan?", "radioSingleSelect", nil),
		}},
		map[string]any{"inputs": []any{
			in("city", "City, [why?](https://shop.example/why)", "radioSingleSelect", map[string]any{"options": []any{option("Rome", "rome"), option("Oslo", "oslo")}, "defaultValue": "rome"}),
			in(born, "", "text", nil), in(children, "", "text", map[string]any{"defaultValue": "0", "hidden": true, "required": true}),
			in(news, "I want news", "boolean", nil), in(phone, "", "text", map[string]any{"editable": true}),
			in(code, "", "text", map[string]any{"validationRegEx": "[A-Z]{3}"}),
		}},
	}}
	body["portico"] = map[string]any{"multifactorAuthentication": map[string]any{"enforcement": "conditional", "methods": []string{"email", "softwareOath"}},
		"userNames": true, "passwordReset": true, "termsOfUse": []string{"Terms"}, "signInMethods": []string{"emailPassword", "emailCode"},
		"domains":         map[string]any{"allow": []string{"example.com"}, "deny": []string{"bad.example.com"}, "refuseDisposable": true},
		"attributeInputs": []any{map[string]any{"attribute": plan, "inputType": "dropdown", "hint": "You can change it later"}, map[string]any{"attribute": "city", "inputType": "dropdown"}, map[string]any{"attribute": "country", "inputType": "text"}},
		"texts": []any{map[string]any{"language": "de", "strings": map[string]any{"SignIn_Title": "Willkommen bei {0}", "Attribute_" + plan: "Tarif", "code.lifetime#other": "Gilt {count} Minuten."}},
			map[string]any{"language": "nl-NL", "strings": map[string]any{"signin.button": "Aanmelden"}}}}
	return body
}

func TestTheWholePageOfAFlow(t *testing.T) {
	each(t, func(w *world) {
		made := w.want(201, w.do("POST", flowsPath, w.rich("Shop")))
		path := flowsPath + "/" + made.body["id"].(string)
		got := w.want(200, w.do("GET", path, nil))
		page := got.body["onAttributeCollection"].(map[string]any)
		inputs := page["attributeCollectionPage"].(map[string]any)["views"].([]any)[0].(map[string]any)["inputs"].([]any)
		if len(inputs) != 10 || len(page["attributes"].([]any)) != 10 {
			w.t.Fatalf("several views are one page: %s", got.raw)
		}
		for _, one := range inputs {
			kind := one.(map[string]any)["inputType"].(string)
			if !strings.Contains("text radioSingleSelect checkboxMultiSelect boolean", kind) {
				w.t.Errorf("input type %q is not Graph's", kind)
			}
		}
		for _, one := range page["attributes"].([]any) {
			kind := one.(map[string]any)["dataType"].(string)
			if !strings.Contains("string boolean int64 stringCollection dateTime", kind) {
				w.t.Errorf("data type %q is not Graph's", kind)
			}
		}
		if plan := inputs[3].(map[string]any); len(plan["options"].([]any)) != 2 {
			w.t.Errorf("a choice is shown without its options: %v", plan)
		}
		portico := got.body["portico"].(map[string]any)
		if portico["userNames"] != true || portico["passwordReset"] != true || portico["termsOfUse"].([]any)[0] != "Terms" || len(portico["attributeInputs"].([]any)) != 3 || len(portico["signInMethods"].([]any)) != 2 {
			w.t.Errorf("portico: %v", portico)
		}
		// Whoever sends back what they read changes nothing, a client of Graph's words alone included.
		for name, body := range map[string]map[string]any{"all": {"onAttributeCollection": page, "portico": portico, "conditions": got.body["conditions"]}, "Graph's": {"onAttributeCollection": page}} {
			w.want(204, w.do("PATCH", path, body))
			if again := w.want(200, w.do("GET", path, nil)); again.raw != got.raw {
				w.t.Errorf("%s sent back:\n%s\nbecame\n%s", name, got.raw, again.raw)
			}
		}
		if v := w.want(200, w.do("GET", "/beta/portico/userFlows/"+made.body["id"].(string)+"/versions", nil)).values(); len(v) != 1 {
			w.t.Errorf("versions: %v", v)
		}
		input := func(in map[string]any) map[string]any {
			return map[string]any{"onAttributeCollection": map[string]any{"attributeCollectionPage": map[string]any{"views": []any{map[string]any{"inputs": []any{in}}}}}}
		}
		for name, c := range map[string]struct {
			body   map[string]any
			target string
		}{
			"unknown attribute":         {input(map[string]any{"attribute": "extension_x", "label": "", "inputType": "text"}), "onAttributeCollection/attributeCollectionPage/inputs[0]/attribute"},
			"foreign pattern":           {input(map[string]any{"attribute": "city", "label": "", "inputType": "text", "validationRegEx": ".*"}), "onAttributeCollection/attributeCollectionPage/inputs[0]/validationRegEx"},
			"not kept":                  {input(map[string]any{"attribute": "city", "label": "", "inputType": "text", "writeToDirectory": false}), "onAttributeCollection/attributeCollectionPage/inputs[0]/writeToDirectory"},
			"option without value":      {input(map[string]any{"attribute": "city", "label": "", "inputType": "radioSingleSelect", "options": []any{map[string]any{"label": "Rome", "value": ""}}}), "onAttributeCollection/attributeCollectionPage/inputs[0]/options"},
			"hidden without an answer":  {input(map[string]any{"attribute": "city", "label": "", "inputType": "text", "required": true, "hidden": true}), "onAttributeCollection/attributeCollectionPage/inputs[0]"},
			"impossible default":        {input(map[string]any{"attribute": "city", "label": "", "inputType": "radioSingleSelect", "defaultValue": "x", "options": []any{map[string]any{"label": "Rome", "value": "rome"}}}), "onAttributeCollection/attributeCollectionPage/inputs[0]/defaultValue"},
			"a label that turns around": {input(map[string]any{"attribute": "city", "label": "Ci\u202ety", "inputType": "text"}), "onAttributeCollection/attributeCollectionPage/inputs[0]"},
			"a label without end":       {input(map[string]any{"attribute": "city", "label": strings.Repeat("x", 100_000), "inputType": "text"}), "onAttributeCollection/attributeCollectionPage/inputs[0]/label"},
			"a hint without end":        {map[string]any{"portico": map[string]any{"attributeInputs": []any{map[string]any{"attribute": "city", "hint": strings.Repeat("x", 100_000)}}}}, "onAttributeCollection/attributeCollectionPage/inputs[4]"},
			"an attribute twice":        {map[string]any{"onAttributeCollection": map[string]any{"attributeCollectionPage": map[string]any{"views": []any{map[string]any{"inputs": []any{map[string]any{"attribute": "city", "inputType": "text"}, map[string]any{"attribute": "city", "inputType": "text"}}}}}}}, "onAttributeCollection/attributeCollectionPage/inputs[1]"},
			"unknown terms":             {map[string]any{"portico": map[string]any{"termsOfUse": []string{"Others"}}}, "portico/termsOfUse"},
			"no domain":                 {map[string]any{"portico": map[string]any{"domains": map[string]any{"allow": []string{"Example"}}}}, "portico/domains/allow"},
			"hint of nothing":           {map[string]any{"portico": map[string]any{"attributeInputs": []any{map[string]any{"attribute": "surname", "hint": "x"}}}}, "portico/attributeInputs[0]/attribute"},
			"control that does not fit": {map[string]any{"portico": map[string]any{"attributeInputs": []any{map[string]any{"attribute": "city", "inputType": "date"}}}}, "portico/attributeInputs[0]/inputType"},
		} {
			if a := w.do("PATCH", path, c.body); a.status != 400 || a.body["error"].(map[string]any)["target"] != c.target {
				w.t.Errorf("%s: %d %s", name, a.status, a.raw)
			}
		}
		// The smallest body of Graph's documentation: a hidden address that is required.
		w.want(201, w.do("POST", flowsPath, `{"@odata.type":"#microsoft.graph.externalUsersSelfServiceSignUpEventsFlow","displayName":"Least",
 "onInteractiveAuthFlowStart":{"@odata.type":"#microsoft.graph.onInteractiveAuthFlowStartExternalUsersSelfServiceSignUp","isSignUpAllowed":true},
 "onAuthenticationMethodLoadStart":{"@odata.type":"#microsoft.graph.onAuthenticationMethodLoadStartExternalUsersSelfServiceSignUp","identityProviders":[{"id":"EmailPassword-OAUTH"}]},
 "onAttributeCollection":{"@odata.type":"#microsoft.graph.onAttributeCollectionExternalUsersSelfServiceSignUp",
  "attributes":[{"id":"email","displayName":"Email Address","userFlowAttributeType":"builtIn","dataType":"string"}],
  "attributeCollectionPage":{"views":[{"inputs":[{"attribute":"email","label":"Email Address","inputType":"text","hidden":true,"editable":false,"writeToDirectory":true,"required":true}]}]}}}`))
	})
}

func TestDraftsAndVersions(t *testing.T) {
	each(t, func(w *world) {
		id := w.want(201, w.do("POST", flowsPath, flowBody("Shop"))).body["id"].(string)
		base := "/beta/portico/userFlows/" + id
		w.want(404, w.do("GET", "/v1.0/portico/userFlows/"+id+"/versions", nil))
		w.want(404, w.do("GET", base+"/draft", nil))
		w.want(409, w.do("POST", base+"/draft/publish", `{"revision":1}`))
		saved := w.want(200, w.do("PATCH", base+"/draft", map[string]any{"displayName": "Shop 2", "portico": map[string]any{"passwordReset": true}}))
		tag := saved.header.Get("ETag")
		if saved.body["displayName"] != "Shop 2" || saved.body["baseVersion"] != 1.0 || tag == "" || saved.body["@odata.etag"] != tag || len(saved.body["changes"].([]any)) != 2 {
			w.t.Errorf("draft: %s", saved.raw)
		}
		if now := w.want(200, w.do("GET", flowsPath+"/"+id, nil)); now.body["displayName"] != "Shop" {
			w.t.Errorf("a draft is seen: %s", now.raw)
		}
		// What was read can be sent back, and somebody's later save is not lost.
		same := w.want(200, w.do("PUT", base+"/draft", saved.body, "If-Match", tag))
		if same.body["revision"] != saved.body["revision"] {
			w.t.Errorf("the same draft again: %s", same.raw)
		}
		second := w.want(200, w.do("PATCH", base+"/draft", `{"displayName":"Shop 3"}`, "If-Match", tag))
		if a := w.want(412, w.do("PATCH", base+"/draft", `{"displayName":"Shop 4"}`, "If-Match", tag)); a.errorCode() != "resourceModified" {
			w.t.Errorf("%s", a.raw)
		}
		w.want(412, w.do("POST", base+"/draft/publish", nil, "If-Match", tag))
		w.want(409, w.do("POST", base+"/draft/publish", map[string]any{"revision": saved.body["revision"]}))
		w.want(400, w.do("POST", base+"/draft/publish", nil))
		for name, body := range map[string]string{"apps": `{"conditions":{"applications":{"includeApplications":[{"appId":"` + w.client.ClientID + `"}]}}}`, "unknown": `{"nope":1}`, "no method": `{"onAuthenticationMethodLoadStart":{"identityProviders":[]}}`} {
			if a := w.do("PATCH", base+"/draft", body); a.status != 400 {
				w.t.Errorf("%s: %d %s", name, a.status, a.raw)
			}
		}
		published := w.want(200, w.do("POST", base+"/draft/publish", map[string]any{"revision": second.body["revision"]}))
		if published.body["displayName"] != "Shop 3" || published.body["version"] != 2.0 {
			w.t.Errorf("published: %s", published.raw)
		}
		w.want(404, w.do("GET", base+"/draft", nil))
		versions := w.want(200, w.do("GET", base+"/versions", nil)).values()
		if len(versions) != 2 || versions[0]["version"] != 2.0 || versions[0]["isPublished"] != true || len(versions[0]["changes"].([]any)) != 2 || len(versions[0]["summary"].([]any)) == 0 {
			w.t.Errorf("versions: %v", versions)
		}
		if first := w.want(200, w.do("GET", base+"/versions/1", nil)); first.body["displayName"] != "Shop" || first.body["portico"] == nil {
			w.t.Errorf("first: %s", first.raw)
		}
		w.want(404, w.do("GET", base+"/versions/9", nil))
		w.want(404, w.do("POST", base+"/versions/9/restore", nil))
		back := w.want(200, w.do("POST", base+"/versions/1/restore", nil))
		if back.body["displayName"] != "Shop" || back.body["baseVersion"] != 2.0 {
			w.t.Errorf("restored: %s", back.raw)
		}
		w.want(400, w.do("DELETE", base+"/draft", nil))
		w.want(412, w.do("DELETE", base+"/draft", nil, "If-Match", tag))
		w.want(204, w.do("DELETE", base+"/draft", nil, "If-Match", w.want(200, w.do("GET", base+"/draft", nil)).body["@odata.etag"].(string)))
		w.want(404, w.do("GET", base+"/draft", nil))
		if now := w.want(200, w.do("GET", base, nil)); now.body["displayName"] != "Shop 3" {
			w.t.Errorf("restoring published something: %s", now.raw)
		}
	})
}
