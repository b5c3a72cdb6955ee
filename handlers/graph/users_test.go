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
