package graph

import (
	"context"
	"testing"
)

func TestDomainsOfCompanies(t *testing.T) {
	each(t, func(w *world) {
		corp := w.want(201, w.do("POST", "/v1.0/identity/identityProviders", map[string]any{"@odata.type": "#microsoft.graph.oidcIdentityProvider", "displayName": "Corp", "clientId": "c", "issuer": "https://login.corp.example",
			"clientAuthentication": map[string]any{"@odata.type": "#microsoft.graph.oidcClientSecretAuthentication", "clientSecret": "secret-of-corp-0000"}})).body["id"]
		portico := map[string]any{"identityProviderId": corp}
		for what, c := range map[string]struct {
			body   map[string]any
			target string
		}{
			"no name":          {map[string]any{"portico": portico}, "id"},
			"no provider":      {map[string]any{"id": "corp.example"}, "portico/identityProviderId"},
			"unknown provider": {map[string]any{"id": "corp.example", "portico": map[string]any{"identityProviderId": "11111111-1111-4111-8111-111111111111"}}, "portico/identityProviderId"},
			"everybody's":      {map[string]any{"id": "gmail.com", "portico": portico}, "id"},
			"no domain":        {map[string]any{"id": "not a domain", "portico": portico}, "id"},
			"said by us":       {map[string]any{"id": "corp.example", "isVerified": true, "portico": portico}, "isVerified"},
		} {
			a := w.do("POST", "/v1.0/domains", c.body)
			if e, _ := a.body["error"].(map[string]any); a.status != 400 || e["target"] != c.target {
				t.Errorf("%s: %d %s", what, a.status, a.raw)
			}
		}
		made := w.want(201, w.do("POST", "/v1.0/domains", map[string]any{"id": "Corp.example", "portico": portico})).body
		if made["id"] != "corp.example" || made["isVerified"] != false || made["authenticationType"] != "Federated" {
			t.Errorf("%v", made)
		}
		const one = "/v1.0/domains/corp.example"
		record := w.want(200, w.do("GET", one+"/verificationDnsRecords", nil)).values()[0]
		said := []string{}
		w.api.Lookup = func(_ context.Context, name string) ([]string, error) {
			if name != record["label"] {
				t.Errorf("looked for %s", name)
			}
			return said, nil
		}
		w.want(400, w.do("POST", one+"/verify", nil))
		said = append(said, record["text"].(string))
		if got := w.want(200, w.do("POST", one+"/verify", nil)).body; got["isVerified"] != true {
			t.Errorf("%v", got)
		}
		if got := w.want(200, w.do("GET", "/v1.0/domains?$filter=isVerified%20eq%20true&$select=id&$count=true", nil)); len(got.values()) != 1 || got.values()[0]["id"] != "corp.example" {
			t.Errorf("%s", got.raw)
		}
		w.want(404, w.do("GET", "/v1.0/domains/other.example", nil))
		w.want(204, w.do("DELETE", one, nil))
		w.want(404, w.do("GET", one, nil))
		if got := w.want(200, w.do("POST", "/v1.0/identity/identityProviders/"+corp.(string)+"/portico.endSessions", nil)).body; got["ended"] != float64(0) {
			t.Errorf("%v", got)
		}
	})
}
