package graph

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"portico/app/audit"
	"portico/app/openid"
	"portico/app/userflow"
)

// claimedApp is an application whose tokens carry a custom attribute, a joined name and a constant.
func claimedApp(w *world) (id, attribute string) {
	w.t.Helper()
	d, err := w.tenant.CreateDefinition(w.t.Context(), audit.System("test"), userflow.Definition{Name: "Home type", DataType: userflow.String})
	if err != nil {
		w.t.Fatal(err)
	}
	app := w.want(201, w.do("POST", "/applications", map[string]any{"displayName": "Home", "api": map[string]any{"acceptMappedClaims": true},
		"portico": map[string]any{"claims": []any{map[string]any{"source": "user", "id": d.ID, "name": "home"},
			map[string]any{"source": "user", "id": "givenName", "secondId": "surname", "separator": " ", "transform": "join", "name": "whole_name"},
			map[string]any{"source": "constant", "name": "plan", "value": "gold"}}}}))
	return app.body["id"].(string), d.ID
}

func TestPorticoClaims(t *testing.T) {
	each(t, func(w *world) {
		id, attribute := claimedApp(w)
		path := "/applications/" + id
		got := w.want(200, w.do("GET", path, nil))
		claims := got.body["portico"].(map[string]any)["claims"].([]any)
		if len(claims) != 3 || claims[0].(map[string]any)["id"] != attribute || claims[2].(map[string]any)["value"] != "gold" {
			w.t.Errorf("claims: %v", claims)
		}
		if got.body["api"].(map[string]any)["acceptMappedClaims"] != true {
			w.t.Error("acceptMappedClaims is forgotten")
		}
		// A PATCH of another property keeps them; the list is replaced as a whole.
		w.want(204, w.do("PATCH", path, `{"portico":{"askConsent":true}}`))
		w.want(204, w.do("PATCH", path, `{"portico":{"claims":[{"source":"user","id":"city","name":"town"}]}}`))
		claims = w.want(200, w.do("GET", path, nil)).body["portico"].(map[string]any)["claims"].([]any)
		if len(claims) != 1 || claims[0].(map[string]any)["name"] != "town" {
			w.t.Errorf("claims: %v", claims)
		}
		for body, want := range map[string]string{
			`{"portico":{"claims":[{"source":"constant","name":"sub","value":"x"}]}}`:                   "is reserved",
			`{"portico":{"claims":[{"source":"user","id":"nobody","name":"x"}]}}`:                       "There is no attribute",
			`{"portico":{"claims":[{"source":"customClaimsProvider","name":"x"}]}}`:                     "Enter the name of the claim in the API’s answer",
			`{"portico":{"claims":[{"source":"user","id":"city","name":"x","colour":"red"}]}}`:          "portico/claims/colour",
			`{"portico":{"claims":[{"source":"user","id":"city","name":"x"},{"source":1,"name":"y"}]}}`: "another type",
		} {
			if got := w.want(400, w.do("PATCH", path, body)); !strings.Contains(got.raw, want) {
				w.t.Errorf("%s: %s", body, got.raw)
			}
		}
	})
}

// Claims go through files and come back as they were; taking one out by hand is one line of the plan.
func TestClaimsInFiles(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		_, _ = claimedApp(w)
		dir := w.t.TempDir()
		files, err := w.api.Export(ctx, w.tenant.ID, dir)
		if err != nil {
			w.t.Fatal(err)
		}
		if changes, err := w.api.Plan(ctx, w.tenant.ID, dir); err != nil || len(changes) != 0 {
			w.t.Errorf("a plan right after an export: %v\n%s", err, Describe(changes))
		}
		for _, f := range files {
			if !strings.Contains(f, "applications") {
				continue
			}
			path := f
			if !filepath.IsAbs(path) {
				path = filepath.Join(dir, f)
			}
			b, err := os.ReadFile(path)
			if err != nil {
				w.t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(strings.Replace(string(b), `"gold"`, `"silver"`, 1)), 0o600); err != nil {
				w.t.Fatal(err)
			}
		}
		changes, err := w.api.Plan(ctx, w.tenant.ID, dir)
		if said := Describe(changes); err != nil || len(changes) != 1 || !strings.Contains(said, "portico.claims") || !strings.Contains(said, "silver") {
			w.t.Fatalf("%v\n%s", err, said)
		}
		if _, err := w.api.Apply(ctx, w.tenant.ID, dir, audit.System("test")); err != nil {
			w.t.Fatal(err)
		}
		if changes, err := w.api.Plan(ctx, w.tenant.ID, dir); err != nil || len(changes) != 0 {
			w.t.Errorf("a plan right after applying: %v\n%s", err, Describe(changes))
		}
	})
}

// The same files make another tenant alike, attributes before the claims that are made from them; and an
// attribute goes together with the claim in one step.
func TestClaimsAndAttributesInFiles(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		_, _ = claimedApp(w)
		dir, again := w.t.TempDir(), w.t.TempDir()
		if _, err := w.api.Export(ctx, w.tenant.ID, dir); err != nil {
			w.t.Fatal(err)
		}
		other := w.newTenant("other")
		if _, err := w.api.Apply(ctx, other.ID, dir, audit.System("test")); err != nil {
			w.t.Fatal(err)
		}
		if changes, err := w.api.Plan(ctx, other.ID, dir); err != nil || len(changes) != 0 {
			w.t.Errorf("a plan right after applying: %v\n%s", err, Describe(changes))
		}
		if _, err := w.api.Export(ctx, other.ID, again); err != nil {
			w.t.Fatal(err)
		}
		first, second := readAll(w.t, dir), readAll(w.t, again)
		for name, s := range first {
			if second[name] != s {
				w.t.Errorf("%s differs after the round trip:\n%s\n---\n%s", name, s, second[name])
			}
			switch {
			case strings.HasPrefix(name, "user-flow-attributes"):
				if err := os.Remove(filepath.Join(dir, name)); err != nil {
					w.t.Fatal(err)
				}
			case strings.HasPrefix(name, "applications"):
				text := regexp.MustCompile(`(?s)"claims": \[.*?\]`).ReplaceAllString(s, `"claims": []`)
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					w.t.Fatal(err)
				}
			}
		}
		if _, err := w.api.Apply(ctx, w.tenant.ID, dir, audit.System("test")); err != nil {
			w.t.Fatal(err)
		}
		if left, err := w.tenant.Definitions(ctx); err != nil || len(left) != 0 {
			w.t.Errorf("left: %v, %v", left, err)
		}
	})
}

func policyOf(schema string) map[string]any {
	return map[string]any{"displayName": "Home claims", "definition": []string{`{"ClaimsMappingPolicy":{"Version":1,"IncludeBasicClaimSet":"true",` + schema + `}}`}}
}

// A policy in the vendor's language becomes the claims of the application that it is assigned to, and
// follows it until somebody takes it away.
func TestClaimsMappingPolicies(t *testing.T) {
	each(t, func(w *world) {
		app := w.want(201, w.do("POST", "/applications", map[string]any{"displayName": "Home"}))
		appPath := "/applications/" + app.body["id"].(string)
		sp := "/servicePrincipals(appId='" + app.body["appId"].(string) + "')"
		claims := func() string {
			w.t.Helper()
			list := w.want(200, w.do("GET", appPath, nil)).body["portico"].(map[string]any)["claims"].([]any)
			var out []string
			for _, c := range list {
				m := c.(map[string]any)
				out = append(out, m["name"].(string)+"="+textOf(m["id"])+textOf(m["value"]))
			}
			return strings.Join(out, " ")
		}
		made := w.want(201, w.do("POST", "/policies/claimsMappingPolicies", policyOf(`"ClaimsSchema":[{"Source":"user","ID":"surname"},{"Source":"user","ID":"givenname","JwtClaimType":"first"},
			{"Value":"gold","JwtClaimType":"plan"},{"Source":"transformation","ID":"joined","TransformationId":"join","JwtClaimType":"whole"}],
			"ClaimsTransformation":[{"ID":"join","TransformationMethod":"Join","InputClaims":[{"ClaimTypeReferenceId":"surname","TransformationClaimType":"string2"},{"ClaimTypeReferenceId":"givenname","TransformationClaimType":"string1"}],
			"InputParameters":[{"ID":"separator","Value":" "}],"OutputClaims":[{"ClaimTypeReferenceId":"joined","TransformationClaimType":"outputClaim"}]}]`)))
		id := made.body["id"].(string)
		path := "/policies/claimsMappingPolicies/" + id
		if got := w.want(200, w.do("GET", path, nil)); got.body["isOrganizationDefault"] != false || len(got.body["definition"].([]any)) != 1 {
			w.t.Errorf("the policy: %s", got.raw)
		}
		ref := map[string]any{"@odata.id": w.base + "/v1.0/policies/claimsMappingPolicies/" + id}
		w.want(204, w.do("POST", sp+"/claimsMappingPolicies/$ref", ref))
		w.want(204, w.do("POST", sp+"/claimsMappingPolicies/$ref", ref)) // again changes nothing
		if got := claims(); got != "first=givenName plan=gold whole=givenName" {
			w.t.Errorf("claims: %s", got)
		}
		if list := w.want(200, w.do("GET", sp+"/claimsMappingPolicies", nil)).values(); len(list) != 1 {
			w.t.Errorf("assigned: %v", list)
		}
		if list := w.want(200, w.do("GET", path+"/appliesTo", nil)).values(); len(list) != 1 {
			w.t.Errorf("applies to: %v", list)
		}
		// The policy's change is the application's.
		w.want(204, w.do("PATCH", path, policyOf(`"ClaimsSchema":[{"Source":"user","ID":"mail","JwtClaimType":"mailbox"}]`)))
		if got := claims(); got != "mailbox=mail" {
			w.t.Errorf("after the policy changed: %s", got)
		}
		// An unrelated PATCH keeps the application in its policy; editing the claims takes it out.
		w.want(204, w.do("PATCH", appPath, `{"portico":{"askConsent":true}}`))
		if list := w.want(200, w.do("GET", sp+"/claimsMappingPolicies", nil)).values(); len(list) != 1 {
			w.t.Errorf("an unrelated change took the policy away: %v", list)
		}
		second := w.want(201, w.do("POST", "/policies/claimsMappingPolicies", policyOf(`"ClaimsSchema":[{"Value":"x","JwtClaimType":"y"}]`))).body["id"].(string)
		other := map[string]any{"@odata.id": w.base + "/v1.0/policies/claimsMappingPolicies/" + second}
		if got := w.want(409, w.do("POST", sp+"/claimsMappingPolicies/$ref", other)); !strings.Contains(got.raw, "can have one") {
			w.t.Errorf("a second policy: %s", got.raw)
		}
		w.want(404, w.do("DELETE", sp+"/claimsMappingPolicies/"+second+"/$ref", nil))
		w.want(204, w.do("PATCH", appPath, `{"portico":{"claims":[{"source":"user","id":"city","name":"town"}]}}`))
		if list := w.want(200, w.do("GET", sp+"/claimsMappingPolicies", nil)).values(); len(list) != 0 {
			w.t.Errorf("still assigned: %v", list)
		}
		if got := w.want(409, w.do("POST", sp+"/claimsMappingPolicies/$ref", ref)); !strings.Contains(got.raw, "of its own") {
			w.t.Errorf("over claims of its own: %s", got.raw)
		}
		// Deleting a policy takes its claims along.
		w.want(204, w.do("PATCH", appPath, `{"portico":{"claims":[]}}`))
		w.want(204, w.do("POST", sp+"/claimsMappingPolicies/$ref", other))
		w.want(204, w.do("DELETE", "/policies/claimsMappingPolicies/"+second, nil))
		if got := claims(); got != "" {
			w.t.Errorf("after the policy was deleted: %s", got)
		}
		w.want(204, w.do("POST", sp+"/claimsMappingPolicies/$ref", ref))
		w.want(204, w.do("DELETE", sp+"/claimsMappingPolicies/"+id+"/$ref", nil))
		if got := claims(); got != "" {
			w.t.Errorf("after it was taken away: %s", got)
		}
		w.want(404, w.do("POST", sp+"/claimsMappingPolicies/$ref", other))
	})
}

func textOf(v any) string {
	s, _ := v.(string)
	return s
}

// What Portico cannot say is refused in words when the policy is saved.
func TestDefinitionsThatCannotBeSaid(t *testing.T) {
	each(t, func(w *world) {
		for schema, want := range map[string]string{
			`"ClaimsSchema":[{"Value":"x","JwtClaimType":"sub"}]`:                                             "is reserved",
			`"ClaimsSchema":[{"Source":"user","ID":"employeeid","JwtClaimType":"e"}]`:                         "There is no attribute",
			`"ClaimsSchema":[{"Source":"CustomClaimsProvider","JwtClaimType":"birthdate"}]`:                   "Enter the name of the claim",
			`"ClaimsSchema":[{"Source":"company","ID":"tenantcountry","JwtClaimType":"c"}]`:                   "has the Source 'company'",
			`"ClaimsSchema":[{"SamlClaimType":"urn:x","Value":"y"}]`:                                          "JwtClaimType",
			`"ClaimsSchema":[{"Source":"transformation","ID":"a","TransformationId":"b","JwtClaimType":"c"}]`: "is not there",
			`"Version":2,"ClaimsSchema":[]`:                                                                   "", // a name twice is the last one in JSON
			`"ClaimsSchema":[{"Colour":"x"}]`:                                                                 "Colour",
			`"ClaimsSchema":[{"Value":"","JwtClaimType":"empty"}]`:                                            "Enter the text",
			`"ClaimsSchema":[{"Source":"user","JwtClaimType":"nothing"}]`:                                     "Choose an attribute",
			`"ClaimsSchema":[{"Source":"user","ID":"mail","JwtClaimType":"m"},{"Source":"transformation","ID":"o","TransformationId":"t","JwtClaimType":"c"}],
				"ClaimsTransformation":[{"ID":"t","TransformationMethod":"RegexReplace","InputClaims":[{"ClaimTypeReferenceId":"mail"}],"OutputClaims":[{"ClaimTypeReferenceId":"o"}]}]`: "'RegexReplace'",
		} {
			if got := w.want(400, w.do("POST", "/policies/claimsMappingPolicies", policyOf(schema))); !strings.Contains(got.raw, want) {
				w.t.Errorf("%s: %s", schema, got.raw)
			}
		}
		for body, want := range map[string]string{
			`{"displayName":"x"}`:                             "definition",
			`{"displayName":"x","definition":[]}`:             "one text",
			`{"displayName":"x","definition":["{"]}`:          "not valid",
			`{"displayName":"x","definition":["{}"]}`:         "ClaimsMappingPolicy",
			`{"definition":["{\"ClaimsMappingPolicy\":{}}"]}`: "name for the policy",
			`{"displayName":"x","definition":["{\"ClaimsMappingPolicy\":{}}"],"isOrganizationDefault":true}`:      "default",
			`{"displayName":"x","definition":["{\"ClaimsMappingPolicy\":{\"IncludeBasicClaimSet\":\"false\"}}"]}`: "scopes decide",
		} {
			if got := w.want(400, w.do("POST", "/policies/claimsMappingPolicies", body)); !strings.Contains(got.raw, want) {
				w.t.Errorf("%s: %s", body, got.raw)
			}
		}
	})
}

// Whatever a definition says, it is read as claims with names or refused in words, without a panic.
func FuzzReadDefinition(f *testing.F) {
	f.Add(`{"ClaimsMappingPolicy":{"Version":1,"IncludeBasicClaimSet":"true","ClaimsSchema":[{"Source":"user","ID":"mail","JwtClaimType":"m"},{"Value":"x","JwtClaimType":"y"}]}}`)
	f.Add(`{"ClaimsMappingPolicy":{"ClaimsSchema":[{"Source":"user","ID":"a"},{"Source":"transformation","ID":"o","TransformationId":"t","JwtClaimType":"c"}],"ClaimsTransformation":[{"ID":"t","TransformationMethod":"Join","InputClaims":[{"ClaimTypeReferenceId":"a"},{"ClaimTypeReferenceId":"a"}],"OutputClaims":[{"ClaimTypeReferenceId":"o"}]}]}}`)
	f.Add(`null`)
	f.Fuzz(func(t *testing.T, s string) {
		claims, err := readDefinition(s)
		if err != nil {
			if asError(err, nil).Status != 400 {
				t.Fatal(err)
			}
			return
		}
		for _, m := range claims {
			if m.Name == "" || m.Source != openid.FromUser && m.Source != openid.FromConstant {
				t.Fatalf("%+v", m)
			}
		}
	})
}
