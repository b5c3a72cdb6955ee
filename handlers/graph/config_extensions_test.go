package graph

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"portico/app/audit"
	"portico/app/extension"
)

// Extensions and listeners in files: a copy means the same in another tenant, and a second plan finds nothing to do.
func TestConfigurationOfExtensions(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		app := w.want(201, w.do("POST", "/applications", map[string]any{"displayName": "Hooks"})).body["appId"].(string)
		id := w.want(201, w.do("POST", extensionsPath, claimsHook("Loyalty", app))).body["id"].(string)
		w.want(201, w.do("POST", listenersPath, map[string]any{"@odata.type": "#microsoft.graph.onTokenIssuanceStartListener", "displayName": "Tiers",
			"conditions": map[string]any{"applications": map[string]any{"includeApplications": []any{map[string]any{"appId": app}}}},
			"handler":    map[string]any{"customExtension": map[string]any{"id": id}}, "portico": map[string]any{"onFailure": "continue", "isEnabled": true}}))
		dir := t.TempDir()
		if _, err := w.api.Export(ctx, w.tenant.ID, dir); err != nil {
			t.Fatal(err)
		}
		for name, s := range readAll(t, dir) {
			if strings.Contains(s, id) {
				t.Errorf("%s holds the id of the extension", name)
			}
		}
		if got, err := w.api.Plan(ctx, w.tenant.ID, dir); err != nil || len(got) != 0 {
			t.Errorf("a plan right after an export: %v\n%s", err, Describe(got))
		}
		other := w.newTenant("other")
		if _, err := w.api.Apply(ctx, other.ID, dir, audit.System("test")); err != nil {
			t.Fatal(err)
		}
		if got, err := w.api.Plan(ctx, other.ID, dir); err != nil || len(got) != 0 {
			t.Errorf("a plan right after applying: %v\n%s", err, Describe(got))
		}
		list, err := w.store.Tenant(other.ID).Listeners(ctx)
		if err != nil || len(list) != 1 || list[0].Extension == id || list[0].OnFailure != "continue" || list[0].Apps[0] != app {
			t.Errorf("%v %+v", err, list)
		}
		// Who reads one tenant's extensions sees nothing of another's.
		w.want(404, w.do("GET", extensionsPath+"/"+list[0].Extension, nil))
	})
}

// A listener without a name, and two of the same name, are in files like any other; what a file changes has its name.
func TestConfigurationOfListenersWithoutAName(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		app := w.want(201, w.do("POST", "/applications", map[string]any{"displayName": "Hooks"})).body["appId"].(string)
		id := w.want(201, w.do("POST", extensionsPath, claimsHook("Loyalty", app))).body["id"].(string)
		for _, name := range []any{nil, "Tiers", "tiers", nil} {
			w.want(201, w.do("POST", listenersPath, map[string]any{"@odata.type": "#microsoft.graph.onTokenIssuanceStartListener", "displayName": name,
				"conditions": map[string]any{"applications": map[string]any{"includeApplications": []any{map[string]any{"appId": app}}}},
				"handler":    map[string]any{"customExtension": map[string]any{"id": id}}, "portico": map[string]any{"onFailure": "continue", "isEnabled": true}}))
		}
		dir := t.TempDir()
		if _, err := w.api.Export(ctx, w.tenant.ID, dir); err != nil {
			t.Fatal(err)
		}
		if got, err := w.api.Plan(ctx, w.tenant.ID, dir); err != nil || len(got) != 0 {
			t.Errorf("a plan right after an export: %v\n%s", err, Describe(got))
		}
		other := w.newTenant("other")
		for _, at := range []string{other.ID, w.tenant.ID} {
			for path, s := range readAll(t, dir) {
				if strings.HasPrefix(path, "event-listeners/") {
					s = strings.Replace(s, `"isEnabled": true`, `"isEnabled": false`, 1)
					if err := os.WriteFile(filepath.Join(dir, path), []byte(s), 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
			if _, err := w.api.Apply(ctx, at, dir, audit.System("test")); err != nil {
				t.Fatal(err)
			}
			if got, err := w.api.Plan(ctx, at, dir); err != nil || len(got) != 0 {
				t.Errorf("a plan right after applying: %v\n%s", err, Describe(got))
			}
			list, err := w.store.Tenant(at).Listeners(ctx)
			names := []string{}
			for _, l := range list {
				names = append(names, l.Name)
				if l.Enabled {
					t.Errorf("%s is on", l.Name)
				}
			}
			slices.Sort(names)
			if usual := extension.TokenIssuanceStart.Label() + ": Loyalty"; err != nil || !slices.Equal(names, []string{"Tiers", usual, usual + " (2)", "tiers (2)"}) {
				t.Errorf("%v %q", err, names)
			}
		}
	})
}
