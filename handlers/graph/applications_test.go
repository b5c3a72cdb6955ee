package graph

import (
	"crypto/sha256"
	"strings"
	"sync"
	"testing"
)

func TestApplications(t *testing.T) {
	each(t, func(w *world) {
		id := furnish(w)
		path := "/applications/" + id
		got := w.want(200, w.do("GET", path, nil))
		for _, name := range []string{"appId", "web", "spa", "publicClient", "api", "appRoles", "identifierUris", "keyCredentials", "passwordCredentials", "portico",
			"isDisabled", "signInAudience", "optionalClaims", "info", "requiredResourceAccess", "tags", "verifiedPublisher"} {
			if _, ok := got.body[name]; !ok {
				w.t.Errorf("the default set lacks %s", name)
			}
		}
		key := got.body["keyCredentials"].([]any)[0].(map[string]any)
		if key["key"] != nil || key["keyId"] == nil || key["customKeyIdentifier"] == nil {
			w.t.Errorf("a certificate without being asked: %v", key)
		}
		whole := w.want(200, w.do("GET", path+"?$select=keyCredentials", nil)).body["keyCredentials"].([]any)[0].(map[string]any)
		if whole["key"] == nil {
			w.t.Error("the certificate is not answered when it is selected")
		}

		// A PATCH of a part keeps the rest; an explicit null clears.
		w.want(204, w.do("PATCH", path, `{"web":{"homePageUrl":null},"notes":null,"portico":{"askConsent":true}}`))
		got = w.want(200, w.do("GET", path, nil))
		web, portico := got.body["web"].(map[string]any), got.body["portico"].(map[string]any)
		if len(web["redirectUris"].([]any)) != 2 || web["homePageUrl"] != nil || got.body["notes"] != nil || portico["askConsent"] != true || portico["accessTokenMinutes"] != 30.0 {
			w.t.Errorf("after PATCH: %s", got.raw)
		}

		// Keys: the list is the whole truth.
		second := certificate(w.t, "second")
		w.want(204, w.do("PATCH", path, map[string]any{"keyCredentials": []any{map[string]any{"keyId": key["keyId"]}, map[string]any{"key": second, "type": "AsymmetricX509Cert", "usage": "Verify"}}}))
		keys := w.want(200, w.do("GET", path+"?$select=keyCredentials", nil)).body["keyCredentials"].([]any)
		if len(keys) != 2 {
			w.t.Errorf("keys: %v", keys)
		}
		w.want(400, w.do("PATCH", path, `{"keyCredentials":[{"keyId":"`+roleID+`"}]}`))
		w.want(400, w.do("PATCH", path, `{"keyCredentials":[{"key":"bm90IGEgY2VydA=="}]}`))
		w.want(204, w.do("POST", path+"/removeKey", map[string]any{"keyId": key["keyId"], "proof": ""}))
		added := w.want(200, w.do("POST", path+"/addKey", map[string]any{"keyCredential": map[string]any{"type": "AsymmetricX509Cert", "usage": "Verify", "key": certificate(w.t, "third")}, "passwordCredential": nil, "proof": "x"}))
		if added.body["keyId"] == "" {
			w.t.Errorf("addKey: %s", added.raw)
		}

		// Keys to encrypt with, as the vendor's tools put them: with an id of their own, and chosen in the same breath. They
		// prove nothing about who calls.
		const chosen = "31111111-2222-4333-8444-555555555555"
		encrypt := map[string]any{"keyId": chosen, "key": certificateOf(w.t, "passwords", rsaKey(w.t)), "type": "AsymmetricX509Cert", "usage": "Encrypt"}
		w.want(204, w.do("PATCH", path, map[string]any{"keyCredentials": []any{map[string]any{"keyId": added.body["keyId"]}, encrypt}, "tokenEncryptionKeyId": chosen}))
		got = w.want(200, w.do("GET", path, nil))
		keys = got.body["keyCredentials"].([]any)
		if len(keys) != 2 || got.body["tokenEncryptionKeyId"] != chosen || keys[1].(map[string]any)["keyId"] != chosen || keys[1].(map[string]any)["usage"] != "Encrypt" {
			w.t.Errorf("a key to encrypt with: %s", got.raw)
		}
		if a, err := w.tenant.Application(w.t.Context(), id); err != nil {
			w.t.Error(err)
		} else if c, err := a.Client(); err != nil || len(c.Certificates) != 1 || c.Certificates[0].ID == chosen {
			w.t.Errorf("the client knows %+v, %v", c, err)
		}
		w.want(400, w.do("PATCH", path, map[string]any{"tokenEncryptionKeyId": added.body["keyId"]}))
		w.want(400, w.do("POST", path+"/addKey", map[string]any{"keyCredential": map[string]any{"usage": "Encrypt", "key": certificate(w.t, "curve")}, "proof": "x"}))
		w.want(204, w.do("POST", path+"/removeKey", map[string]any{"keyId": chosen, "proof": ""}))
		if got = w.want(200, w.do("GET", path, nil)); got.body["tokenEncryptionKeyId"] != nil {
			w.t.Errorf("a key that is gone is still chosen: %s", got.raw)
		}

		// Secrets: shown once, known by their hash only.
		made := w.want(200, w.do("POST", path+"/addPassword", map[string]any{"passwordCredential": map[string]any{"displayName": "ci", "endDateTime": "2027-01-01T00:00:00Z"}}))
		secret, keyID := made.body["secretText"].(string), made.body["keyId"].(string)
		if len(secret) < 16 || len(secret) > 64 || made.body["hint"] != secret[:3] || made.body["displayName"] != "ci" || made.body["endDateTime"] != "2027-01-01T00:00:00Z" {
			w.t.Errorf("addPassword: %s", made.raw)
		}
		app, err := w.tenant.Application(w.t.Context(), id)
		if err != nil {
			w.t.Fatal(err)
		}
		known := false
		for _, s := range app.Secrets {
			sum := sha256.Sum256([]byte(secret))
			known = known || string(s.Hash) == string(sum[:])
		}
		if !known || strings.Contains(w.want(200, w.do("GET", path, nil)).raw, secret) {
			w.t.Error("the secret is not kept as its hash alone")
		}
		if without := w.want(200, w.do("POST", path+"/addPassword", nil)); without.body["endDateTime"] != "2028-01-15T12:00:00Z" {
			w.t.Errorf("the default end: %v", without.body["endDateTime"])
		}
		w.want(400, w.do("POST", path+"/addPassword", `{"passwordCredential":{"endDateTime":"2020-01-01T00:00:00Z"}}`))
		w.want(204, w.do("POST", path+"/removePassword", map[string]any{"keyId": keyID}))

		// The kind follows the platforms unless it was chosen.
		kind := func(a answer) any { return a.body["portico"].(map[string]any)["kind"] }
		for body, want := range map[string]string{`{"displayName":"k"}`: "web", `{"displayName":"k","spa":{"redirectUris":["https://k.example/"]}}`: "spa",
			`{"displayName":"k","publicClient":{"redirectUris":["myapp://cb"]}}`: "native", `{"displayName":"k","portico":{"kind":"daemon"}}`: "daemon"} {
			if a := w.want(201, w.do("POST", "/applications", body)); kind(a) != want {
				w.t.Errorf("%s is a %v", body, kind(a))
			}
		}
		later := w.want(201, w.do("POST", "/applications", `{"displayName":"later"}`)).body["id"].(string)
		w.want(204, w.do("PATCH", "/applications/"+later, `{"spa":{"redirectUris":["https://later.example/"]}}`))
		if a := w.want(200, w.do("GET", "/applications/"+later, nil)); kind(a) != "spa" {
			w.t.Errorf("a later platform: %v", kind(a))
		}

		// The service principal is the same thing from another side.
		sp := w.want(200, w.do("GET", "/servicePrincipals(appId='"+got.body["appId"].(string)+"')", nil))
		if sp.body["appOwnerOrganizationId"] != w.tenant.ID || len(sp.body["replyUrls"].([]any)) != 2 {
			w.t.Errorf("service principal: %s", sp.raw)
		}
		w.want(204, w.do("PATCH", "/servicePrincipals/"+sp.body["id"].(string), `{"accountEnabled":false}`))
		if w.want(200, w.do("GET", path, nil)).body["isDisabled"] != true {
			w.t.Error("disabling the service principal did not disable the application")
		}
		if a := w.do("POST", "/servicePrincipals", map[string]any{"appId": got.body["appId"]}); a.status != 409 {
			w.t.Errorf("a second service principal: %d %s", a.status, a.raw)
		}
		w.want(400, w.do("POST", "/servicePrincipals", map[string]any{"appId": roleID}))

		// Deleted, seen among the deleted, restored, erased.
		w.want(204, w.do("DELETE", path, nil))
		w.want(404, w.do("GET", path, nil))
		if n := w.want(200, w.do("GET", "/directory/deletedItems/microsoft.graph.application", nil)).values(); len(n) != 1 || n[0]["deletedDateTime"] == nil {
			w.t.Errorf("deleted items: %v", n)
		}
		back := w.want(200, w.do("POST", "/directory/deletedItems/"+id+"/restore", nil))
		if back.body["@odata.type"] != "#microsoft.graph.application" {
			w.t.Errorf("restore: %s", back.raw)
		}
		w.want(200, w.do("GET", path, nil))
		w.want(404, w.do("POST", "/directory/deletedItems/"+id+"/restore", nil))
		w.want(204, w.do("DELETE", path, nil))
		w.want(204, w.do("DELETE", "/directory/deletedItems/"+id, nil))
		w.want(404, w.do("GET", "/directory/deletedItems/"+id, nil))
	})
}

// TestConcurrentChangesBothCount: two requests that change different properties of one object at once.
func TestConcurrentChangesBothCount(t *testing.T) {
	each(t, func(w *world) {
		id := w.want(201, w.do("POST", "/applications", `{"displayName":"A"}`)).body["id"].(string)
		var wait sync.WaitGroup
		bodies := []string{`{"notes":"n"}`, `{"tags":["t"]}`, `{"web":{"homePageUrl":"https://a.example"}}`, `{"web":{"redirectUris":["https://a.example/cb"]}}`,
			`{"identifierUris":["api://a"]}`, `{"portico":{"askConsent":true}}`, `{"portico":{"idTokenMinutes":20}}`, `{"displayName":"B"}`}
		for _, body := range bodies {
			wait.Add(1)
			go func() {
				defer wait.Done()
				if a := w.do("PATCH", "/applications/"+id, body); a.status != 204 {
					w.t.Errorf("%s: %d %s", body, a.status, a.raw)
				}
			}()
		}
		wait.Wait()
		got := w.want(200, w.do("GET", "/applications/"+id, nil))
		web, portico := got.body["web"].(map[string]any), got.body["portico"].(map[string]any)
		if got.body["notes"] != "n" || len(got.body["tags"].([]any)) != 1 || web["homePageUrl"] == nil || len(web["redirectUris"].([]any)) != 1 ||
			len(got.body["identifierUris"].([]any)) != 1 || portico["askConsent"] != true || portico["idTokenMinutes"] != 20.0 || got.body["displayName"] != "B" {
			w.t.Errorf("a change was lost: %s", got.raw)
		}
	})
}

func TestDeletedUsers(t *testing.T) {
	each(t, func(w *world) {
		id := w.want(201, w.do("POST", "/users", annBody())).body["id"].(string)
		w.want(204, w.do("DELETE", "/users/"+id, nil))
		if n := w.want(200, w.do("GET", "/users", nil)).values(); len(n) != 0 {
			w.t.Errorf("a deleted user is listed: %v", n)
		}
		n := w.want(200, w.do("GET", "/directory/deletedItems/graph.user?$count=true", nil))
		if len(n.values()) != 1 || n.values()[0]["deletedDateTime"] == nil || n.body["@odata.count"] != 1.0 {
			w.t.Errorf("deleted: %s", n.raw)
		}
		w.want(200, w.do("GET", "/directory/deletedItems/"+id, nil))
		if back := w.want(200, w.do("POST", "/directory/deletedItems/"+id+"/restore", `{}`)); back.body["@odata.type"] != "#microsoft.graph.user" {
			w.t.Errorf("restore: %s", back.raw)
		}
		w.want(200, w.do("GET", "/users/"+id, nil))
		w.want(404, w.do("DELETE", "/directory/deletedItems/"+id, nil))
		// Somebody takes the address while its owner is away.
		w.want(204, w.do("DELETE", "/users/"+id, nil))
		w.want(201, w.do("POST", "/users", annBody()))
		if a := w.do("POST", "/directory/deletedItems/"+id+"/restore", nil); a.status != 400 || !strings.Contains(a.raw, "already exists") {
			w.t.Errorf("restore of a taken address: %d %s", a.status, a.raw)
		}
		w.want(204, w.do("DELETE", "/directory/deletedItems/"+id, nil))
		w.want(404, w.do("GET", "/directory/deletedItems/"+id, nil))
	})
}
