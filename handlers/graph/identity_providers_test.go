package graph

import (
	"strings"
	"testing"

	"portico/app/account"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

func TestIdentityProviders(t *testing.T) {
	each(t, func(w *world) {
		const path = "/v1.0/identity/identityProviders"
		list := w.want(200, w.do("GET", path, nil)).body["value"].([]any)
		if len(list) != 2 {
			t.Errorf("%v", list)
		}
		w.want(200, w.do("GET", path+"/availableProviderTypes", nil))
		made := w.want(201, w.do("POST", path, map[string]any{"@odata.type": "microsoft.graph.socialIdentityProvider", "displayName": "Google", "identityProviderType": "Google", "clientId": "123.apps", "clientSecret": "a-secret-that-ends-in-1234"}))
		id := made.body["id"].(string)
		one := path + "/" + id
		if made.body["@odata.type"] != "#microsoft.graph.socialIdentityProvider" || made.body["clientSecret"] != "******" || strings.Contains(string(made.raw), "a-secret") {
			t.Errorf("%s", made.raw)
		}
		secret := func() string {
			t.Helper()
			s, err := w.tenant.ProviderSecrets(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			return s.Client
		}
		// What Graph shows instead of a secret means that it stays.
		w.want(204, w.do("PATCH", one, map[string]any{"@odata.type": "#microsoft.graph.socialIdentityProvider", "displayName": "Google account", "clientSecret": "******"}))
		if secret() != "a-secret-that-ends-in-1234" {
			t.Error("the secret is gone")
		}
		w.want(204, w.do("PATCH", one, map[string]any{"clientSecret": "another-secret-5678", "portico": map[string]any{"trustMultifactorAuthentication": true}}))
		if got := w.want(200, w.do("GET", one, nil)); secret() != "another-secret-5678" || got.body["displayName"] != "Google account" || got.body["portico"].(map[string]any)["trustMultifactorAuthentication"] != true {
			t.Errorf("%s", got.raw)
		}
		for name, c := range map[string]struct {
			body   map[string]any
			target string
		}{
			"no type":          {map[string]any{"displayName": "X", "clientId": "c"}, "@odata.type"},
			"built-in":         {map[string]any{"@odata.type": "#microsoft.graph.builtInIdentityProvider", "displayName": "X"}, "@odata.type"},
			"unknown social":   {map[string]any{"@odata.type": "#microsoft.graph.socialIdentityProvider", "displayName": "X", "identityProviderType": "Fax", "clientId": "c", "clientSecret": "s"}, "identityProviderType"},
			"no secret":        {map[string]any{"@odata.type": "#microsoft.graph.socialIdentityProvider", "displayName": "X", "identityProviderType": "GitHub", "clientId": "c"}, "clientSecret"},
			"a bad refresh":    {map[string]any{"@odata.type": "#microsoft.graph.socialIdentityProvider", "displayName": "X", "identityProviderType": "GitHub", "clientId": "c", "clientSecret": "s", "portico": map[string]any{"attributeRefresh": map[string]any{"givenName": "monthly"}}}, "portico/attributeRefresh"},
			"an unknown proof": {map[string]any{"@odata.type": "#microsoft.graph.socialIdentityProvider", "displayName": "X", "identityProviderType": "GitHub", "clientId": "c", "clientSecret": "s", "portico": map[string]any{"clientAuthentication": "fax"}}, "portico/clientAuthentication"},
			"implicit flow":    {map[string]any{"@odata.type": "#microsoft.graph.oidcIdentityProvider", "displayName": "X", "clientId": "c", "issuer": "https://a.example", "responseType": "id_token"}, "responseType"},
			"a bad address":    {map[string]any{"@odata.type": "#microsoft.graph.oidcIdentityProvider", "displayName": "X", "clientId": "c", "issuer": "https://a.example", "wellKnownEndpoint": "http://a.example/x", "clientAuthentication": map[string]any{"@odata.type": "#microsoft.graph.oidcClientSecretAuthentication", "clientSecret": "s"}}, "wellKnownEndpoint"},
			"Apple, no key":    {map[string]any{"@odata.type": "#microsoft.graph.appleManagedIdentityProvider", "displayName": "Apple", "serviceId": "s", "developerId": "TEAM123456", "keyId": "KEY1234567"}, "certificateData"},
			"the name is used": {map[string]any{"@odata.type": "#microsoft.graph.socialIdentityProvider", "displayName": "google ACCOUNT", "identityProviderType": "GitHub", "clientId": "c", "clientSecret": "s"}, "displayName"},
		} {
			a := w.do("POST", path, c.body)
			if e, _ := a.body["error"].(map[string]any); a.status < 400 || a.status >= 500 || e["target"] != c.target {
				t.Errorf("%s: %d %s", name, a.status, a.raw)
			}
		}
		corp := w.want(201, w.do("POST", path, map[string]any{"@odata.type": "#microsoft.graph.oidcIdentityProvider", "displayName": "Corp", "clientId": "c", "issuer": "https://login.corp.example", "responseType": "code", "scope": "openid email",
			"clientAuthentication": map[string]any{"@odata.type": "#microsoft.graph.oidcClientSecretAuthentication", "clientSecret": "secret-of-corp-0000"}})).body
		if corp["wellKnownEndpoint"] != "https://login.corp.example/.well-known/openid-configuration" || corp["scope"] != "openid email" {
			t.Errorf("%v", corp)
		}
		domains := path + "/" + corp["id"].(string) + "/portico.domains"
		d := w.want(201, w.do("POST", domains, map[string]any{"domain": "Corp.example"})).body
		if d["domain"] != "corp.example" || d["isVerified"] != false {
			t.Errorf("%v", d)
		}
		w.want(404, w.do("DELETE", one+"/portico.domains/"+d["id"].(string), nil))
		w.want(204, w.do("DELETE", domains+"/"+d["id"].(string), nil))
		for _, p := range []string{path + "/EmailPassword-OAUTH"} {
			if a := w.do("DELETE", p, nil); a.status != 400 {
				t.Errorf("%s: %d", p, a.status)
			}
			if a := w.do("PATCH", p, map[string]any{"displayName": "X"}); a.status != 400 {
				t.Errorf("%s: %d", p, a.status)
			}
		}

		// In a user flow.
		flow := w.want(201, w.do("POST", "/v1.0/identity/authenticationEventsFlows", map[string]any{"@odata.type": "#microsoft.graph.externalUsersSelfServiceSignUpEventsFlow", "displayName": "F", "onInteractiveAuthFlowStart": map[string]any{"isSignUpAllowed": true},
			"onAuthenticationMethodLoadStart": map[string]any{"identityProviders": []any{map[string]any{"id": "EmailOtpSignup-OAUTH"}, map[string]any{"id": id}}}})).body["id"].(string)
		refs := "/v1.0/identity/authenticationEventsFlows/" + flow + "/onAuthenticationMethodLoadStart/identityProviders"
		shown := func() string {
			t.Helper()
			var out []string
			for _, p := range w.want(200, w.do("GET", refs, nil)).body["value"].([]any) {
				out = append(out, p.(map[string]any)["displayName"].(string))
			}
			return strings.Join(out, ", ")
		}
		if got := shown(); got != "Email one-time passcode, Google account" {
			t.Error(got)
		}
		w.want(204, w.do("POST", refs+"/$ref", map[string]any{"@odata.id": w.base + path + "/" + corp["id"].(string)}))
		w.want(204, w.do("POST", refs+"/$ref", map[string]any{"@odata.id": w.base + path + "/EmailPassword-OAUTH"}))
		if got := shown(); got != "Email with password, Google account, Corp" {
			t.Error(got)
		}
		w.want(409, w.do("DELETE", one, nil))
		w.want(204, w.do("DELETE", refs+"/"+id+"/$ref", nil))
		if got := shown(); got != "Email with password, Corp" {
			t.Error(got)
		}
		w.want(204, w.do("DELETE", one, nil))
		w.want(404, w.do("GET", one, nil))
	})
}

// Whoever comes by a provider alone keeps its identity, unless the same call gives them another way in.
func TestLastWayInStays(t *testing.T) {
	each(t, func(w *world) {
		made := w.want(201, w.do("POST", "/identity/identityProviders", map[string]any{"@odata.type": "#microsoft.graph.socialIdentityProvider", "displayName": "GitHub", "identityProviderType": "GitHub", "clientId": "c", "clientSecret": "s"}))
		flow, err := w.tenant.CreateFlow(t.Context(), modelstest.Actor(), userflow.Flow{Name: "By provider", SignUpMethod: userflow.EmailPassword, Providers: []string{made.body["id"].(string)}, MFA: userflow.MFA{Enforcement: userflow.MFAOff}})
		if err != nil {
			t.Fatal(err)
		}
		app, _ := modelstest.MustApp(t, w.tenant, "Shop", "https://app.example/callback")
		if err := w.tenant.AddFlowApp(t.Context(), modelstest.Actor(), flow.ID, app.ID); err != nil {
			t.Fatal(err)
		}
		mail := account.Identity{SignInType: account.SignInEmail, Value: "kim@example.com", Canonical: "kim@example.com"}
		linked := account.Identity{SignInType: account.SignInFederated, Issuer: "github.com", Value: "7", Canonical: "7"}
		u, err := w.tenant.CreateUser(t.Context(), modelstest.Actor(), models.User{Account: account.Account{DisplayName: "Kim", Mail: "kim@example.com", Enabled: true, Identities: []account.Identity{mail, linked}}}, "")
		if err != nil {
			t.Fatal(err)
		}
		only := map[string]any{"identities": []any{map[string]any{"signInType": "emailAddress", "issuer": "x.example", "issuerAssignedId": "kim@example.com"}}}
		if got := w.want(400, w.do("PATCH", "/users/"+u.ID, only)); !strings.Contains(string(got.raw), "no way in") {
			t.Errorf("%s", got.raw)
		}
		only["passwordProfile"] = map[string]any{"password": "a long and winding road 7", "forceChangePasswordNextSignIn": false}
		w.want(204, w.do("PATCH", "/users/"+u.ID, only))
	})
}

// TestProofByPrivateKey: the type that GET shows is the type that POST and PATCH take; the key is made here.
func TestProofByPrivateKey(t *testing.T) {
	each(t, func(w *world) {
		const path = "/identity/identityProviders"
		byKey, bySecret := "#microsoft.graph.oidcPrivateJwtKeyClientAuthentication", "#microsoft.graph.oidcClientSecretAuthentication"
		company := func(name string, proof map[string]any, ours string) map[string]any {
			body := map[string]any{"@odata.type": "#microsoft.graph.oidcIdentityProvider", "displayName": name, "clientId": "c", "issuer": "https://id." + name + ".example"}
			if proof != nil {
				body["clientAuthentication"] = proof
			}
			if ours != "" {
				body["portico"] = map[string]any{"clientAuthentication": ours}
			}
			return body
		}
		shows := func(id, typ string, key bool) {
			t.Helper()
			got := w.want(200, w.do("GET", path+"/"+id, nil))
			if got.body["clientAuthentication"].(map[string]any)["@odata.type"] != typ {
				t.Errorf("%s", got.raw)
			}
			if x, err := w.tenant.ProviderSecrets(t.Context(), id); err != nil || (x.Key != nil) != key {
				t.Errorf("key %v, %v", x.Key != nil, err)
			}
		}
		made := func(body map[string]any) string { return w.want(201, w.do("POST", path, body)).body["id"].(string) }
		shows(made(company("a", map[string]any{"@odata.type": byKey}, "")), byKey, true)
		shows(made(company("b", nil, "private_key_jwt")), byKey, true)
		secret := map[string]any{"@odata.type": bySecret, "clientSecret": "secret-of-corp-0000"}
		c, d := made(company("c", secret, "")), made(company("d", secret, ""))
		shows(c, bySecret, false)
		w.want(204, w.do("PATCH", path+"/"+c, map[string]any{"clientAuthentication": map[string]any{"@odata.type": byKey}}))
		shows(c, byKey, true)
		w.want(204, w.do("PATCH", path+"/"+c, map[string]any{"clientAuthentication": map[string]any{"@odata.type": bySecret}})) // the secret stayed
		shows(c, bySecret, true)
		w.want(204, w.do("PATCH", path+"/"+d, map[string]any{"portico": map[string]any{"clientAuthentication": "private_key_jwt"}}))
		shows(d, byKey, true)
		for _, proof := range []map[string]any{{"@odata.type": "#microsoft.graph.oidcFaxAuthentication"}, {"@odata.type": ""}, {"@odata.type": byKey, "clientSecret": "x"}} {
			w.want(400, w.do("PATCH", path+"/"+d, map[string]any{"clientAuthentication": proof}))
			w.want(400, w.do("POST", path, company("e", proof, "")))
		}
	})
}

// TestOurOwnNamesAreOurs: what the tenant's own tokens and identities say is nobody else's.
func TestOurOwnNamesAreOurs(t *testing.T) {
	each(t, func(w *world) {
		for _, issuer := range []string{w.base + "/" + w.tenant.ID + "/v2.0", w.base + "/" + w.tenant.ID + "/v2.0/"} {
			got := w.want(400, w.do("POST", "/identity/identityProviders", map[string]any{"@odata.type": "#microsoft.graph.oidcIdentityProvider", "displayName": "Me", "clientId": "c", "issuer": issuer,
				"clientAuthentication": map[string]any{"clientSecret": "secret-of-corp-0000"}}))
			if !strings.Contains(string(got.raw), "our own name") {
				t.Errorf("%s", got.raw)
			}
		}
	})
}
