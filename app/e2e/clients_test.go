package e2e

import (
	"net/http"
	"testing"
)

// TestOpenIDClient drives openid-client over https with the local authority; people are played by the
// form filler.
func TestOpenIDClient(t *testing.T) {
	t.Parallel()
	s := boot(t, "PORTICO_TLS=local")
	manage := newAPI(t, s)
	const redirect = "https://localhost:1/callback"
	web := manage.register("openid-client", redirect, true)
	issuer := s.base + "/" + web.tenantID() + "/v2.0"
	n := startNode(t, s, "openid-client.mjs")
	f := newFiller(t, s, "olive@example.com", password)
	for i, prompt := range []string{"create", "login"} {
		begun := n.step("start", values{"issuer": issuer, "clientId": web.clientID, "clientSecret": web.secret, "redirect": redirect, "prompt": prompt})
		got := n.step("finish", values{"callback": f.walk(begun["url"].(string), redirect)})
		c, info := got["claims"].(values), got["info"].(values)
		if c["email"] != "olive@example.com" || c["iss"] != issuer || c["aud"] != web.clientID || info["sub"] != c["sub"] || info["email"] != "olive@example.com" {
			t.Errorf("round %d: claims %v, userinfo %v", i, c, info)
		}
	}
	if got := n.step("refresh", nil); got["changed"] != true || got["active"] != true {
		t.Errorf("refresh: %v", got)
	}
	if got := n.step("revoke", nil); got["refused"] != "invalid_grant" {
		t.Errorf("a revoked refresh token: %v", got)
	}
	got := n.step("machine", values{"issuer": issuer, "clientId": manage.ID, "clientSecret": manage.Secret, "scope": manage.Scope})
	if got["type"] != "bearer" {
		t.Errorf("client credentials: %v", got)
	}
}

// TestMSALNode drives MSAL Node as a confidential and as a public client, by slug and by id, and as a daemon.
func TestMSALNode(t *testing.T) {
	t.Parallel()
	s := boot(t, "PORTICO_TLS=local")
	manage := newAPI(t, s)
	web := manage.register("MSAL web", "https://localhost:1/redirect", true)
	native := manage.register("MSAL desktop", "http://localhost", false)
	id := web.tenantID()
	for _, c := range []struct {
		name, authority, redirect string
		p                         party
	}{
		{"confidential, authority by id", s.base + "/" + id, web.redirect, web},
		{"confidential, authority by slug", s.base + "/fernhill", web.redirect, web},
		{"confidential, authority with v2.0", s.base + "/" + id + "/v2.0", web.redirect, web},
		{"public, loopback on any port", s.base + "/" + id, "http://localhost:49152", native},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := startNode(t, s, "msal-node.mjs")
			f := newFiller(t, s, "mona@example.com", password)
			prompt := "login"
			if c.name == "confidential, authority by id" {
				prompt = "create"
			}
			begun := n.step("start", values{"authority": c.authority, "clientId": c.p.clientID, "clientSecret": c.p.secret, "redirect": c.redirect, "prompt": prompt})
			got := n.step("finish", values{"callback": f.walk(begun["url"].(string), c.redirect)})
			account := got["account"].(values)
			if account["username"] != "mona@example.com" || account["tenant"] != id {
				t.Errorf("account %v", account)
			}
			silent := n.step("silent", nil)
			if silent["accounts"] != 1.0 || silent["fromCache"] != true || silent["refreshed"] != true || silent["token"] != true {
				t.Errorf("silent %v", silent)
			}
		})
	}
	n := startNode(t, s, "msal-node.mjs")
	if got := n.step("machine", values{"authority": s.base + "/" + id, "clientId": manage.ID, "clientSecret": manage.Secret, "scope": manage.Scope}); got["type"] != "Bearer" {
		t.Errorf("daemon: %v", got)
	}
}

// TestChangesAreSeenAtOnce changes things through the API and the command line while the server runs.
func TestChangesAreSeenAtOnce(t *testing.T) {
	s := boot(t)
	manage := newAPI(t, s) // made by another process: its first token request already knows it
	p := manage.register("short-lived", "http://localhost:1/callback", true)
	f := newFiller(t, s, "ada@example.com", password)
	got, err := p.redeem(f.Client, p.code(f.walk(p.authorize("prompt=create"), p.redirect)))
	if err != nil || got.AccessToken == "" {
		t.Fatalf("%+v %v", got, err)
	}
	apps := manage.call(http.MethodGet, "/v1.0/applications?$filter=appId%20eq%20'"+p.clientID+"'", nil)["value"].([]any)
	object := apps[0].(values)["id"].(string)
	sps := manage.call(http.MethodGet, "/v1.0/servicePrincipals?$filter=appId%20eq%20'"+p.clientID+"'", nil)["value"].([]any)
	sp := sps[0].(values)["id"].(string)

	manage.call(http.MethodPatch, "/v1.0/servicePrincipals/"+sp, values{"accountEnabled": false})
	if again, err := p.refresh(f.Client, got.RefreshToken); err != nil || again.AccessToken != "" {
		t.Errorf("a disabled application refreshed: %+v %v", again, err)
	}
	manage.call(http.MethodPatch, "/v1.0/servicePrincipals/"+sp, values{"accountEnabled": true})
	got, err = p.refresh(f.Client, got.RefreshToken)
	if err != nil || got.AccessToken == "" {
		t.Fatalf("enabled again: %+v %v", got, err)
	}

	oid, _ := claims(t, got.AccessToken)["oid"].(string)
	manage.call(http.MethodPatch, "/v1.0/users/"+oid, values{"accountEnabled": false})
	if again, err := p.refresh(f.Client, got.RefreshToken); err != nil || again.AccessToken != "" {
		t.Errorf("a disabled person refreshed: %+v %v", again, err)
	}
	if status, _ := p.userinfo(f.Client, got.AccessToken); status != http.StatusUnauthorized {
		t.Errorf("userinfo of a disabled person answers %d", status)
	}
	manage.call(http.MethodDelete, "/v1.0/applications/"+object, nil)
	res, err := f.Client.Get(p.authorize())
	if status, _ := read(t, res, err); status < 400 {
		t.Errorf("authorize for a deleted application answers %d", status)
	}
}
