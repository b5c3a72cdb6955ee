package graph

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portico/app/audit"
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
			`{"portico":{"claims":[{"source":"groups","name":"x"}]}}`:                                   "cannot fill claims yet",
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
