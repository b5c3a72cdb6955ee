package graph

import (
	"net/url"
	"strings"
	"testing"
)

const attributesPath = "/identity/userFlowAttributes"

// newAttribute makes a custom attribute and gives its id.
func (w *world) newAttribute(name string, portico map[string]any) string {
	w.t.Helper()
	return w.want(201, w.do("POST", attributesPath, map[string]any{"displayName": name, "portico": portico})).body["id"].(string)
}

func TestUserFlowAttributes(t *testing.T) {
	each(t, func(w *world) {
		list := w.want(200, w.do("GET", attributesPath, nil)).values()
		if len(list) != 10 || list[0]["@odata.type"] != "#microsoft.graph.identityBuiltInUserFlowAttribute" || list[0]["userFlowAttributeType"] != "builtIn" {
			w.t.Fatalf("built in: %v", list)
		}
		if email := w.want(200, w.do("GET", "/beta"+attributesPath+"/email", nil)); email.body["dataType"] != "string" || email.body["displayName"] != "Email address" {
			w.t.Errorf("email: %s", email.raw)
		}
		made := w.want(201, w.do("POST", attributesPath, map[string]any{"@odata.type": "#microsoft.graph.identityUserFlowAttribute", "displayName": "Loyalty number", "description": "Of the card", "dataType": "string"}))
		id := made.body["id"].(string)
		if !attributeID.MatchString(id) || !strings.HasSuffix(id, "_loyaltyNumber") || !strings.HasSuffix(made.header.Get("Location"), attributesPath+"/"+id) ||
			made.body["@odata.type"] != "#microsoft.graph.identityCustomUserFlowAttribute" || made.body["userFlowAttributeType"] != "custom" {
			w.t.Errorf("made: %s %v", made.raw, made.header)
		}
		for name, c := range map[string]struct {
			portico map[string]any
			graph   string
		}{
			"Plan":     {map[string]any{"dataType": "choice", "options": []any{map[string]any{"label": "Basic", "value": "b"}, map[string]any{"label": "Plus", "value": "p"}}}, "string"},
			"Birthday": {map[string]any{"dataType": "date"}, "dateTime"},
			"Mobile":   {map[string]any{"dataType": "phone"}, "string"},
			"Children": {map[string]any{"dataType": "int64", "low": 0, "high": 20}, "int64"},
			"News":     {map[string]any{"dataType": "boolean"}, "boolean"},
			"Code":     {map[string]any{"dataType": "string", "pattern": "[A-Z]{3}", "message": "Three capitals, please", "maxLength": 3}, "string"},
		} {
			got := w.want(200, w.do("GET", attributesPath+"/"+w.newAttribute(name, c.portico), nil))
			if got.body["dataType"] != c.graph || got.body["portico"].(map[string]any)["dataType"] != c.portico["dataType"] {
				w.t.Errorf("%s: %s", name, got.raw)
			}
		}
		for filter, want := range map[string]int{"userFlowAttributeType eq 'custom'": 7, "userFlowAttributeType ne 'custom'": 10, "dataType eq 'dateTime'": 1,
			"id eq '" + id + "'": 1, "displayName eq 'Plan'": 1, "displayName ne 'Plan'": 16} {
			if got := w.want(200, w.do("GET", attributesPath+"?$filter="+url.QueryEscape(filter), nil)).values(); len(got) != want {
				w.t.Errorf("%s: %d, want %d", filter, len(got), want)
			}
		}
		w.want(204, w.do("PATCH", attributesPath+"/"+id, map[string]any{"description": "Of the old card", "portico": map[string]any{"maxLength": 12}}))
		if got := w.want(200, w.do("GET", attributesPath+"/"+id, nil)); got.body["description"] != "Of the old card" || got.body["portico"].(map[string]any)["maxLength"] != 12.0 {
			w.t.Errorf("changed: %s", got.raw)
		}
		choice := w.want(200, w.do("GET", attributesPath+"?$filter="+url.QueryEscape("displayName eq 'Plan'"), nil)).values()[0]["id"].(string)
		for name, a := range map[string]struct {
			answer
			status int
			says   string
		}{
			"another type":            {w.do("PATCH", attributesPath+"/"+id, `{"dataType":"boolean"}`), 400, "cannot be changed"},
			"another type of ours":    {w.do("PATCH", attributesPath+"/"+id, `{"portico":{"dataType":"date"}}`), 400, "cannot be changed"},
			"its id":                  {w.do("PATCH", attributesPath+"/"+id, `{"id":"x"}`), 400, "read-only"},
			"built in, changed":       {w.do("PATCH", attributesPath+"/city", `{"description":"x"}`), 400, "built in"},
			"built in, deleted":       {w.do("DELETE", attributesPath+"/city", nil), 400, "built in"},
			"no name":                 {w.do("POST", attributesPath, `{"dataType":"string"}`), 400, "displayName"},
			"no type":                 {w.do("POST", attributesPath, `{"displayName":"x"}`), 400, "dataType"},
			"a type not creatable":    {w.do("POST", attributesPath, `{"displayName":"x","dataType":"dateTime"}`), 400, "portico.dataType"},
			"an unknown type":         {w.do("POST", attributesPath, `{"displayName":"x","dataType":"float"}`), 400, "dataType"},
			"two types":               {w.do("POST", attributesPath, `{"displayName":"x","dataType":"boolean","portico":{"dataType":"date"}}`), 400, "dateTime"},
			"the same name":           {w.do("POST", attributesPath, `{"displayName":"loyalty Number","dataType":"string"}`), 400, "already"},
			"a choice without any":    {w.do("POST", attributesPath, `{"displayName":"x","portico":{"dataType":"choice"}}`), 400, "portico/options"},
			"an option without value": {w.do("POST", attributesPath, `{"displayName":"x","portico":{"dataType":"choice","options":[{"label":"A","value":""}]}}`), 400, "portico/options"},
			"a pattern that is none":  {w.do("POST", attributesPath, `{"displayName":"x","portico":{"dataType":"string","pattern":"(","message":"m"}}`), 400, "portico/pattern"},
			"one that backtracks":     {w.do("POST", attributesPath, `{"displayName":"x","portico":{"dataType":"string","pattern":"(a)\\1","message":"m"}}`), 400, "portico/pattern"},
			"a name of no letter":     {w.do("POST", attributesPath, `{"displayName":"李雷","dataType":"string"}`), 400, "displayName"},
		} {
			if a.answer.status != a.status || !strings.Contains(a.raw, a.says) {
				w.t.Errorf("%s: %d %s", name, a.answer.status, a.raw)
			}
		}
		// What a flow asks for stays.
		body := flowBody("Shop")
		inputs := body["onAttributeCollection"].(map[string]any)["attributeCollectionPage"].(map[string]any)["views"].([]any)[0].(map[string]any)
		inputs["inputs"] = append(inputs["inputs"].([]any), map[string]any{"attribute": choice, "label": "Your plan", "inputType": "radioSingleSelect"})
		flow := w.want(201, w.do("POST", "/identity/authenticationEventsFlows", body)).body["id"].(string)
		if a := w.do("DELETE", attributesPath+"/"+choice, nil); a.status != 409 || !strings.Contains(a.errorMessage(), "“Shop”") {
			w.t.Errorf("in use: %d %s", a.status, a.raw)
		}
		w.want(204, w.do("DELETE", "/identity/authenticationEventsFlows/"+flow, nil))
		w.want(204, w.do("DELETE", attributesPath+"/"+choice, nil))
		w.want(404, w.do("GET", attributesPath+"/"+choice, nil))
	})
}

// A person's custom attributes are read and written in their own types.
func TestTypedExtensionValues(t *testing.T) {
	each(t, func(w *world) {
		user := "/users/" + w.want(201, w.do("POST", "/users", annBody())).body["id"].(string)
		born := w.newAttribute("Birthday", map[string]any{"dataType": "date"})
		children := w.newAttribute("Children", map[string]any{"dataType": "int64", "low": 0, "high": 20})
		news := w.newAttribute("News", map[string]any{"dataType": "boolean"})
		plan := w.newAttribute("Plan", map[string]any{"dataType": "choice", "options": []any{map[string]any{"label": "Basic", "value": "b"}}})
		phone := w.newAttribute("Phone", map[string]any{"dataType": "phone"})
		code := w.newAttribute("Code", map[string]any{"dataType": "string", "pattern": "[A-Z]{3}", "message": "Three capitals"})
		w.want(204, w.do("PATCH", user, map[string]any{born: "1980-02-29", children: 3, news: false, plan: "b", phone: "+49 30 123456", code: "ABC"}))
		got := w.want(200, w.do("GET", user+"?$select="+strings.Join([]string{born, children, news, plan, phone, code}, ","), nil)).body
		for id, want := range map[string]any{born: "1980-02-29", children: 3.0, news: false, plan: "b", phone: "+4930123456", code: "ABC"} {
			if got[id] != want {
				w.t.Errorf("%s is %v, want %v", id, got[id], want)
			}
		}
		for id, values := range map[string][]any{born: {"1981-02-29", 5, true}, children: {21, -1, "3", 1.5}, news: {"true", 1}, plan: {"c", "Basic"},
			phone: {"123", "+49 phone"}, code: {"abc", "ABCD", strings.Repeat("A", 100_000)}} {
			for _, v := range values {
				if a := w.do("PATCH", user, map[string]any{id: v}); a.status != 400 {
					w.t.Errorf("%s took %v: %d", id, v, a.status)
				}
			}
		}
		// $filter asks for them, and for what is kept beside them.
		w.want(204, w.do("PATCH", user, map[string]any{"department": "Sales"}))
		w.want(201, w.do("POST", "/users", `{"displayName":"Bob","identities":[{"signInType":"userName","issuer":"x","issuerAssignedId":"bob"}],"passwordProfile":{"password":"correct horse"}}`))
		for filter, want := range map[string]int{born + " eq '1980-02-29'": 1, born + " ne '1980-02-29'": 1, born + " eq null": 1, born + " ne null": 1, children + " eq 3": 1, children + " in (3, 4)": 1,
			children + " ne 3": 1, news + " eq false": 1, news + " eq true": 0, "not(" + news + " eq true)": 2, plan + " eq 'B'": 1, "startswith(" + phone + ",'+4930')": 1, code + " eq 'x'' or 1=1'": 0,
			"department eq 'sales'": 1, "department eq null": 1, "identities/any(i:i/issuerAssignedId eq 'bob' and i/issuer eq 'x')": 1, "identities/any(i:i/issuerAssignedId eq 'BOB' and i/signInType eq 'userName')": 1} {
			if got := w.want(200, w.do("GET", "/users?$filter="+url.QueryEscape(filter), nil)).values(); len(got) != want {
				w.t.Errorf("%s: %d, want %d", filter, len(got), want)
			}
		}
		for _, filter := range []string{children + " gt 1", children + " eq '3'", "extension_0_nope eq 'x'", news + " eq 'true'"} {
			w.want(400, w.do("GET", "/users?$filter="+url.QueryEscape(filter), nil))
		}
		w.want(204, w.do("PATCH", user, map[string]any{born: nil}))
		if got := w.want(200, w.do("GET", user+"?$select="+born, nil)).body; got[born] != nil {
			w.t.Errorf("cleared: %v", got[born])
		}
	})
}
