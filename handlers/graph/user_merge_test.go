package graph

import (
	"fmt"
	"strings"
	"testing"

	"portico/models/modelstest"
)

func TestMergeOfTwoAccounts(t *testing.T) {
	each(t, func(w *world) {
		stay, gone := modelstest.MustUser(t, w.tenant, "ann@example.com"), modelstest.MustUser(t, w.tenant, "anna@work.example")
		at := "/beta/portico/users/" + stay.ID + "/merge"
		plan := w.want(200, w.do("POST", at, map[string]any{"userId": gone.ID, "dryRun": true})).body
		if plan["possible"] != true || !strings.Contains(fmt.Sprint(plan["sentences"]), "vanishes") || plan["mergedUserId"] != gone.ID {
			t.Errorf("%v", plan)
		}
		w.want(200, w.do("GET", "/v1.0/users/"+gone.ID, nil)) // nothing happened
		for what, c := range map[string]struct {
			body   map[string]any
			status int
			target string
		}{
			"nobody":              {map[string]any{}, 400, "userId"},
			"oneself":             {map[string]any{"userId": stay.ID}, 400, "userId"},
			"somebody unknown":    {map[string]any{"userId": "11111111-1111-4111-8111-111111111111"}, 404, ""},
			"an old plan":         {map[string]any{"userId": gone.ID, "revision": "old"}, 409, ""},
			"an unknown property": {map[string]any{"userId": gone.ID, "take": map[string]any{"accountEnabled": true}}, 400, "take"},
		} {
			a := w.do("POST", at, c.body)
			e, _ := a.body["error"].(map[string]any)
			if target, _ := e["target"].(string); a.status != c.status || target != c.target {
				t.Errorf("%s: %d %s", what, a.status, a.raw)
			}
		}
		w.want(404, w.do("POST", strings.Replace(at, "/beta/", "/v1.0/", 1), map[string]any{"userId": gone.ID}))
		for range 2 { // the second time it is done already
			w.want(200, w.do("POST", at, map[string]any{"userId": gone.ID, "revision": plan["revision"], "take": map[string]any{"displayName": true}}))
		}
		w.want(404, w.do("GET", "/v1.0/users/"+gone.ID, nil))
		if got := w.want(200, w.do("GET", "/v1.0/users/"+stay.ID+"?$select=identities,displayName", nil)); len(got.body["identities"].([]any)) != 3 { // with the user principal name
			t.Errorf("%s", got.raw)
		}
	})
}
