package graph

import (
	"net/url"
	"strings"
	"testing"
)

func flowBody(name string, apps ...string) map[string]any {
	include := []any{}
	for _, a := range apps {
		include = append(include, map[string]any{"appId": a})
	}
	t := "#microsoft.graph."
	return map[string]any{"@odata.type": t + "externalUsersSelfServiceSignUpEventsFlow", "displayName": name, "priority": 500,
		"conditions":                      map[string]any{"applications": map[string]any{"includeApplications": include}},
		"onInteractiveAuthFlowStart":      map[string]any{"@odata.type": t + "onInteractiveAuthFlowStartExternalUsersSelfServiceSignUp", "isSignUpAllowed": true},
		"onAuthenticationMethodLoadStart": map[string]any{"@odata.type": t + "onAuthenticationMethodLoadStartExternalUsersSelfServiceSignUp", "identityProviders": []any{map[string]any{"id": "EmailPassword-OAUTH"}}},
		"onAttributeCollection": map[string]any{"@odata.type": t + "onAttributeCollectionExternalUsersSelfServiceSignUp",
			"attributes": []any{map[string]any{"id": "city", "displayName": "City", "userFlowAttributeType": "builtIn", "dataType": "string"}},
			"attributeCollectionPage": map[string]any{"views": []any{map[string]any{"inputs": []any{
				map[string]any{"attribute": "displayName", "label": "Name", "inputType": "Text", "required": true, "editable": true, "hidden": false, "writeToDirectory": true},
				map[string]any{"attribute": "city", "label": "", "inputType": "radioSingleSelect", "options": []any{map[string]any{"label": "Rome", "value": "rome"}}},
			}}}}},
		"portico": map[string]any{"multifactorAuthentication": map[string]any{"enforcement": "conditional", "methods": []string{"email", "softwareOath"}}, "attributeInputs": []any{map[string]any{"attribute": "city", "hint": "Where you live"}}},
	}
}

func TestFlows(t *testing.T) {
	each(t, func(w *world) {
		newApp := func(name string) string {
			return w.want(201, w.do("POST", "/applications", map[string]any{"displayName": name, "web": map[string]any{"redirectUris": []string{"https://a.example/" + name}}})).body["appId"].(string)
		}
		one, two := newApp("one"), newApp("two")
		made := w.want(201, w.do("POST", "/identity/authenticationEventsFlows", flowBody("Shop", one)))
		id := made.body["id"].(string)
		if made.body["@odata.type"] != "#microsoft.graph.externalUsersSelfServiceSignUpEventsFlow" {
			w.t.Errorf("discriminator: %s", made.raw)
		}
		path := "/identity/authenticationEventsFlows/" + id
		for filter, want := range map[string]int{
			"microsoft.graph.externalUsersSelfServiceSignUpEventsFlow/onAuthenticationMethodLoadStart/microsoft.graph.onAuthenticationMethodLoadStartExternalUsersSelfServiceSignUp/identityProviders/any(idp:idp/id eq 'EmailPassword-OAUTH')": 1,
			"microsoft.graph.externalUsersSelfServiceSignUpEventsFlow/conditions/applications/includeApplications/any(a:a/appId eq '" + one + "')":                                                                                              1,
			"conditions/applications/includeApplications/any(a:a/appId eq '" + two + "')":                                                                                                                                                       0,
			"displayName eq 'shop'":                                          1,
			"startswith(displayName,'x')":                                    0,
			"portico/multifactorAuthentication/enforcement eq 'conditional'": 1,
		} {
			if got := w.want(200, w.do("GET", "/identity/authenticationEventsFlows?$filter="+url.QueryEscape(filter), nil)).values(); len(got) != want {
				w.t.Errorf("%s: %d, want %d", filter, len(got), want)
			}
		}
		// An app is in at most one flow.
		second := w.do("POST", "/beta/identity/authenticationEventsFlows", flowBody("Other", one))
		if second.status != 400 || !strings.Contains(second.raw, "Another object with the same value for property conditions") {
			w.t.Errorf("second flow: %d %s", second.status, second.raw)
		}
		if n := w.want(200, w.do("GET", "/identity/authenticationEventsFlows/$count", nil)); n.raw != "1" || !strings.HasPrefix(n.header.Get("Content-Type"), "text/plain") {
			w.t.Errorf("the refused flow was half made: %s", n.raw)
		}
		// The relations that clients change one by one.
		w.want(201, w.do("POST", path+"/conditions/applications/includeApplications", map[string]any{"@odata.type": "#microsoft.graph.authenticationConditionApplication", "appId": two}))
		w.want(204, w.do("DELETE", path+"/conditions/applications/includeApplications/"+one, nil))
		left := w.want(200, w.do("GET", path+"/conditions/applications/includeApplications", nil)).values()
		if len(left) != 1 || left[0]["appId"] != two {
			w.t.Errorf("apps left: %v", left)
		}
		deep := path + "/microsoft.graph.externalUsersSelfServiceSignUpEventsFlow/onAttributeCollection/microsoft.graph.onAttributeCollectionExternalUsersSelfServiceSignUp/attributes"
		w.want(204, w.do("POST", deep+"/$ref", map[string]any{"@odata.id": w.base + "/v1.0/identity/userFlowAttributes/givenName"}))
		w.want(204, w.do("DELETE", deep+"/city/$ref", nil))
		at := w.want(200, w.do("GET", deep, nil)).values()
		if len(at) != 2 || at[0]["id"] != "displayName" || at[1]["id"] != "givenName" {
			w.t.Errorf("attributes: %v", at)
		}
		providers := path + "/onAuthenticationMethodLoadStart/identityProviders"
		w.want(204, w.do("POST", providers+"/$ref", map[string]any{"@odata.id": w.base + "/v1.0/identity/identityProviders/EmailOtpSignup-OAUTH"}))
		if p := w.want(200, w.do("GET", providers, nil)).values(); len(p) != 1 || p[0]["id"] != "EmailOtpSignup-OAUTH" || p[0]["@odata.type"] != "#microsoft.graph.builtInIdentityProvider" {
			w.t.Errorf("providers: %v", p)
		}
		// A part of portico keeps the rest.
		w.want(204, w.do("PATCH", path, map[string]any{"@odata.type": "#microsoft.graph.externalUsersSelfServiceSignUpEventsFlow", "portico": map[string]any{"multifactorAuthentication": map[string]any{"enforcement": "off"}}}))
		got := w.want(200, w.do("GET", path, nil))
		mfa := got.body["portico"].(map[string]any)["multifactorAuthentication"].(map[string]any)
		if mfa["enforcement"] != "off" || len(mfa["methods"].([]any)) != 2 {
			w.t.Errorf("portico: %v", mfa)
		}
		for name, body := range map[string]any{
			"unknown provider": map[string]any{"onAuthenticationMethodLoadStart": map[string]any{"identityProviders": []any{map[string]any{"id": "Google-OAUTH"}}}},
			"both providers":   map[string]any{"onAuthenticationMethodLoadStart": map[string]any{"identityProviders": []any{map[string]any{"id": "EmailPassword-OAUTH"}, map[string]any{"id": "EmailOtpSignup-OAUTH"}}}},
			"no provider":      map[string]any{"onAuthenticationMethodLoadStart": map[string]any{"identityProviders": []any{}}},
			"other type":       map[string]any{"@odata.type": "#microsoft.graph.user", "displayName": "x"},
			"unknown app":      map[string]any{"conditions": map[string]any{"applications": map[string]any{"includeApplications": []any{map[string]any{"appId": roleID}}}}},
			"unknown input":    map[string]any{"onAttributeCollection": map[string]any{"attributeCollectionPage": map[string]any{"views": []any{map[string]any{"inputs": []any{map[string]any{"attribute": "shoeSize", "label": "x", "inputType": "text"}}}}}}},
			"bad input type":   map[string]any{"onAttributeCollection": map[string]any{"attributeCollectionPage": map[string]any{"views": []any{map[string]any{"inputs": []any{map[string]any{"attribute": "city", "label": "x", "inputType": "slider"}}}}}}},
			"bad enforcement":  map[string]any{"portico": map[string]any{"multifactorAuthentication": map[string]any{"enforcement": "sometimes"}}},
			"extension":        map[string]any{"onAttributeCollectionStart": map[string]any{"customExtension": map[string]any{"id": "x"}}},
		} {
			if a := w.do("PATCH", path, body); a.status != 400 || a.errorCode() == "" {
				w.t.Errorf("%s: %d %s", name, a.status, a.raw)
			}
		}
		w.want(204, w.do("DELETE", path, nil))
		w.want(404, w.do("GET", path, nil))
	})
}
