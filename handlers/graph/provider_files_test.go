package graph

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"portico/app/audit"
	"portico/app/federation"
	"portico/models"
)

// upstreams gives the tenant one of each kind, as a client of the API would, and a flow that offers two of them.
func upstreams(w *world) {
	w.t.Helper()
	const path = "/v1.0/identity/identityProviders"
	social := func(kind string, extra map[string]any) map[string]any {
		body := map[string]any{"@odata.type": "#microsoft.graph.socialIdentityProvider", "displayName": kind, "identityProviderType": kind, "clientId": "123.apps", "clientSecret": "a-secret-that-ends-in-1234"}
		maps.Copy(body, extra)
		return body
	}
	company := map[string]any{"@odata.type": "#microsoft.graph.oidcIdentityProvider", "displayName": "Acme", "clientId": "c-1", "issuer": "https://id.acme.example",
		"wellKnownEndpoint": "https://id.acme.example/.well-known/openid-configuration", "scope": "openid profile email", "responseType": "code",
		"clientAuthentication": map[string]any{"@odata.type": "#microsoft.graph.oidcClientSecretAuthentication", "clientSecret": "a-secret-that-ends-in-9876"},
		"portico": map[string]any{"domains": []string{"acme.example", "ACME.test"}, "trustMultifactorAuthentication": true, "multifactorAuthenticationValues": []string{"mfa"},
			"claims": map[string]any{"givenName": "first"}, "attributeRefresh": map[string]any{"givenName": "always"}, "clientSecretEndDateTime": "2036-01-01T00:00:00Z"}}
	apple := map[string]any{"@odata.type": "#microsoft.graph.appleManagedIdentityProvider", "displayName": "Apple", "developerId": "TEAMABCDEF", "serviceId": "com.example.shop", "keyId": "KEYABCDEFG", "certificateData": appleKey(w.t)}
	directory := map[string]any{"@odata.type": "#microsoft.graph.samlOrWsFedExternalDomainFederation", "displayName": "Borealis", "issuerUri": "https://idp.borealis.example",
		"metadataExchangeUri": "https://idp.borealis.example/metadata", "preferredAuthenticationProtocol": "saml", "portico": map[string]any{"domains": []string{"borealis.example"}, "saml": map[string]any{"signRequests": true}}}
	byKey := map[string]any{"@odata.type": "#microsoft.graph.oidcIdentityProvider", "displayName": "Cygnus", "clientId": "c-2", "issuer": "https://id.cygnus.example",
		"wellKnownEndpoint": "https://id.cygnus.example/.well-known/openid-configuration", "scope": "openid", "portico": map[string]any{"clientAuthentication": "private_key_jwt"}}
	for _, body := range []map[string]any{apple, directory, byKey, social("Google", nil), social("Facebook", nil), social("GitHub", nil), social("LinkedIn", nil),
		social("Microsoft", map[string]any{"portico": map[string]any{"directory": "organizations"}}), company} {
		w.want(201, w.do("POST", path, body))
	}
}

// appleKey is a key as Apple gives it out.
func appleKey(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// TestPublicKeyOfAProvider: the public half of the key that was made here, and nothing of other kinds' secrets.
func TestPublicKeyOfAProvider(t *testing.T) {
	each(t, func(w *world) {
		upstreams(w)
		for name, want := range map[string]string{"Cygnus": `"kid"`, "Borealis": "BEGIN CERTIFICATE", "Apple": "", "Google": "", "Acme": ""} {
			id := w.want(200, w.do("GET", "/v1.0/identity/identityProviders?$filter=displayName%20eq%20'"+name+"'", nil)).values()[0]["id"].(string)
			status := 200
			if want == "" {
				status = 404
			}
			a := w.want(status, w.do("GET", "/v1.0/identity/identityProviders/"+id+"/portico.publicKey", nil))
			text, err := json.Marshal(a.body)
			if err != nil || !strings.Contains(string(text), want) || strings.Contains(string(text), "PRIVATE") || strings.Contains(string(text), `"d":`) {
				t.Errorf("%s: %s %v", name, text, err)
			}
		}
	})
}

// TestWhatAProviderHasToBeTold: the addresses of ours that are registered there.
func TestWhatAProviderHasToBeTold(t *testing.T) {
	each(t, func(w *world) {
		upstreams(w)
		for name, want := range map[string][]string{"Google": {"redirectUri", "signedOutUrl"}, "Borealis": {"entityId", "assertionConsumerServiceUrl", "metadataUrl", "signedOutUrl"}} {
			id := w.want(200, w.do("GET", "/v1.0/identity/identityProviders?$filter=displayName%20eq%20'"+name+"'", nil)).values()[0]["id"].(string)
			a := w.want(200, w.do("GET", "/v1.0/identity/identityProviders/"+id+"/portico.registration", nil))
			for _, property := range want {
				if at, _ := a.body[property].(string); !strings.Contains(at, "/federation/"+id) {
					t.Errorf("%s: %s is %q", name, property, at)
				}
			}
		}
	})
}

// TestIdentityProvidersAsConfiguration: what one tenant exports, another one has after applying it, but for secrets,
// which are set by hand, and proofs of domains, which are never taken over.
func TestIdentityProvidersAsConfiguration(t *testing.T) {
	each(t, func(w *world) {
		ctx, actor := context.Background(), audit.System("apply")
		furnish(w)
		upstreams(w)
		google := ""
		for _, v := range w.want(200, w.do("GET", "/v1.0/identity/identityProviders?$filter=displayName%20eq%20'Google'", nil)).values() {
			google = v["id"].(string)
		}
		flow := w.want(200, w.do("GET", flowsPath, nil)).values()[0]["id"].(string)
		w.want(204, w.do("POST", flowsPath+"/"+flow+"/onAuthenticationMethodLoadStart/identityProviders/$ref", map[string]any{"@odata.id": w.base + "/v1.0/identity/identityProviders/" + google}))
		a, b := w.t.TempDir(), w.t.TempDir()
		must := func(changes []Change, err error) []Change {
			w.t.Helper()
			if err != nil {
				w.t.Fatal(err)
			}
			return changes
		}
		export := func(id, dir string) map[string]string {
			w.t.Helper()
			if _, err := w.api.Export(ctx, id, dir); err != nil {
				w.t.Fatal(err)
			}
			return readAll(w.t, dir)
		}
		first := export(w.tenant.ID, a)
		for name, text := range first {
			if strings.Contains(text, "a-secret") || strings.Contains(text, "1234") || strings.Contains(text, google) || strings.Contains(text, "2036-01-01") && strings.HasPrefix(name, "identity-providers") {
				w.t.Errorf("%s holds a secret or an id:\n%s", name, text)
			}
		}
		if got := must(w.api.Plan(ctx, w.tenant.ID, a)); len(got) != 0 {
			w.t.Errorf("a plan right after an export:\n%s", Describe(got))
		}
		other := w.newTenant("other")
		made := Describe(must(w.api.Apply(ctx, other.ID, a, actor)))
		for _, note := range []string{"set its client secret by hand", "set its private key (.p8) by hand", "a key is made for it"} {
			if !strings.Contains(made, note) {
				w.t.Errorf("the plan does not say %q:\n%s", note, made)
			}
		}
		if again := must(w.api.Apply(ctx, other.ID, a, actor)); len(again) != 0 {
			w.t.Errorf("applied twice:\n%s", Describe(again))
		}
		all, err := other.IdentityProviders(ctx)
		if err != nil || len(all) != 9 {
			w.t.Fatal(len(all), err)
		}
		domains, err := other.ProviderDomains(ctx, "")
		if err != nil || len(domains) != 3 || slices.ContainsFunc(domains, func(d models.ProviderDomain) bool { return !d.ProvenAt.IsZero() }) {
			w.t.Errorf("%+v %v", domains, err)
		}
		for _, p := range all {
			if own := p.Name == "Borealis" || p.Name == "Cygnus"; p.Enabled != own || p.HasKey != own || p.HasSecret {
				w.t.Errorf("%s: on %v, key %v, secret %v", p.Name, p.Enabled, p.HasKey, p.HasSecret)
			}
			_, err := other.UpdateProvider(ctx, actor, p.ID, func(_ *federation.Provider, s *models.ProviderSecret) error {
				switch p.Name {
				case "Apple":
					s.Key = appleKey(w.t)
				case "Borealis", "Cygnus":
				default:
					s.Client = "set-by-hand-and-long-5555"
				}
				return nil
			},
				func(federation.Provider, bool, bool) error { return nil })
			if err != nil {
				w.t.Fatal(err)
			}
		}
		must(w.api.Apply(ctx, other.ID, a, actor)) // now they can be on
		second := export(other.ID, b)
		for name := range first {
			if (strings.HasPrefix(name, "identity-providers/") || strings.HasPrefix(name, "user-flows/")) && first[name] != second[name] {
				w.t.Errorf("%s differs:\n%s\n%s", name, first[name], second[name])
			}
		}
		// Elsewhere than it was, the provider does not get the secret that was meant for another place.
		moved := strings.ReplaceAll(second["identity-providers/acme.json"], "id.acme.example", "id.evil.example")
		if err := os.WriteFile(filepath.Join(b, "identity-providers", "acme.json"), []byte(moved), 0o600); err != nil {
			w.t.Fatal(err)
		}
		plan := Describe(must(w.api.Plan(ctx, other.ID, b)))
		if !strings.Contains(plan, "id.evil.example") || !strings.Contains(plan, "its client secret is removed") {
			w.t.Errorf("the plan:\n%s", plan)
		}
		must(w.api.Apply(ctx, other.ID, b, actor))
		all, err = other.IdentityProviders(ctx)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, p := range all {
			if moved, keyed := p.Name == "Acme", p.HasKey; !keyed && p.HasSecret == moved || p.Enabled == moved {
				w.t.Errorf("%s: secret %v, on %v", p.Name, p.HasSecret, p.Enabled)
			}
		}
		if again := must(w.api.Plan(ctx, other.ID, b)); len(again) != 0 {
			w.t.Errorf("afterwards:\n%s", Describe(again))
		}
	})
}
