package graph

import (
	"strings"
	"testing"
)

func annBody() map[string]any {
	return map[string]any{"displayName": "Ann Lee", "@odata.type": "#microsoft.graph.user",
		"identities":      []any{map[string]any{"signInType": "emailAddress", "issuer": "shop.example", "issuerAssignedId": "Ann@Example.com"}},
		"passwordProfile": map[string]any{"password": "correct horse battery", "forceChangePasswordNextSignIn": false},
		"city":            "Genoa"}
}

func TestUsersLifeCycle(t *testing.T) {
	each(t, func(w *world) {
		made := w.want(201, w.do("POST", "/users", annBody()))
		id, _ := made.body["id"].(string)
		if made.header.Get("Location") != w.base+"/v1.0/users/"+id || id == "" {
			w.t.Errorf("Location %q", made.header.Get("Location"))
		}
		if strings.Contains(made.raw, "correct horse") {
			w.t.Error("the password came back")
		}
		if made.body["city"] != "Genoa" || made.body["displayName"] != "Ann Lee" {
			w.t.Errorf("the answer lacks what was sent: %s", made.raw)
		}
		if p := w.want(204, w.do("PATCH", "/users/"+id, map[string]any{"surname": "Lee", "department": "Sales", "city": nil})); p.raw != "" || p.header.Get("Content-Type") != "" {
			w.t.Errorf("204 with a body or a type: %q", p.raw)
		}
		got := w.want(200, w.do("GET", "/users/"+id+"?$select=surname,city,department,identities,accountEnabled", nil))
		if got.body["surname"] != "Lee" || got.body["city"] != nil || got.body["department"] != "Sales" || got.body["accountEnabled"] != true {
			w.t.Errorf("after PATCH: %s", got.raw)
		}
		upn := w.want(200, w.do("GET", "/users/"+id+"/userPrincipalName", nil)).body["value"].(string)
		if !strings.HasPrefix(upn, id+"@shop.") {
			w.t.Errorf("userPrincipalName %q", upn)
		}
		w.want(200, w.do("GET", "/users/"+strings.ReplaceAll(upn, "@", "%40"), nil))
		w.want(200, w.do("GET", "/Users('ann@example.com')", nil))
		rep := w.want(200, w.do("PATCH", "/users/"+id, map[string]any{"givenName": "Ann"}, "Prefer", "return=representation"))
		if rep.body["givenName"] != "Ann" {
			w.t.Errorf("representation: %s", rep.raw)
		}
		if r := w.want(200, w.do("POST", "/users/"+id+"/revokeSignInSessions", nil)); r.body["value"] != true {
			w.t.Errorf("revoke: %s", r.raw)
		}
		w.want(204, w.do("DELETE", "/users/"+id, nil))
		gone := w.want(404, w.do("GET", "/users/"+id, nil))
		if gone.errorCode() != "Request_ResourceNotFound" || !strings.Contains(gone.errorMessage(), id) {
			w.t.Errorf("gone: %s", gone.raw)
		}
	})
}

// What an attribute's rules refuse is said in the words of its definition; only a value of another JSON type
// is a mistake of type.
func TestUserAttributeRefusals(t *testing.T) {
	each(t, func(w *world) {
		ids := map[string]string{}
		for name, portico := range map[string]map[string]any{
			"Code":     {"dataType": "string", "pattern": "[A-Z]{3}", "message": "Three capitals, please"},
			"Plan":     {"dataType": "choice", "options": []any{map[string]any{"label": "Basic", "value": "b"}, map[string]any{"label": "Plus", "value": "p"}}},
			"Born":     {"dataType": "date"},
			"Mobile":   {"dataType": "phone"},
			"Children": {"dataType": "int64", "low": 0, "high": 20},
			"Short":    {"dataType": "string", "maxLength": 3},
			"News":     {"dataType": "boolean"},
		} {
			ids[name] = w.newAttribute(name, portico)
		}
		user := "/users/" + w.want(201, w.do("POST", "/users", annBody())).body["id"].(string)
		for _, c := range []struct {
			name  string
			value any
			says  string
		}{
			{"Code", "abc", "Three capitals, please"}, {"Code", 5, "a value of type string is needed"}, {"Code", true, "a value of type string is needed"},
			{"Plan", "gold", "Choose one of the options for “Plan” (b, p)"}, {"Born", "2001-02-30", "real date for “Born”"}, {"Mobile", "030 123", "country code for “Mobile”"},
			{"Children", 21, "Enter 20 or less"}, {"Children", 1.5, "whole number for “Children”"}, {"Children", "3", "a value of type int64 is needed"},
			{"Short", "long", "at most 3 characters"}, {"Short", "a\u202eb", "Check what you entered for “Short”"}, {"News", "yes", "a value of type boolean is needed"},
		} {
			a := w.do("PATCH", user, map[string]any{ids[c.name]: c.value})
			e, _ := a.body["error"].(map[string]any)
			if a.status != 400 || e["target"] != ids[c.name] || !strings.Contains(e["message"].(string), c.says) || !strings.Contains(c.says, "of type") && strings.Contains(a.raw, "of type") {
				w.t.Errorf("%s = %v: %d %s", c.name, c.value, a.status, a.raw)
			}
		}
		for name, v := range map[string]any{"Code": "ABC", "Plan": "b", "Born": "2001-02-28", "Mobile": "+49 30 123456", "Children": 3, "News": false} {
			w.want(204, w.do("PATCH", user, map[string]any{ids[name]: v}))
		}
	})
}
