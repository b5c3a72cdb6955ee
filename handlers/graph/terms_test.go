package graph

import (
	"context"
	"strings"
	"testing"
	"time"

	"portico/app/audit"
	"portico/app/userflow"
)

func TestTermsOfUse(t *testing.T) {
	each(t, func(w *world) {
		const path = "/beta/portico/termsOfUse"
		text := func(language, title, body string) map[string]any {
			return map[string]any{"language": language, "title": title, "body": body}
		}
		made := w.want(201, w.do("POST", path, map[string]any{"displayName": "Terms", "texts": []any{text("en", "Our terms", "Be kind")}}))
		id := made.body["id"].(string)
		one := path + "/" + id
		if made.body["version"] != 1.0 || made.body["defaultLanguage"] != "en" || !strings.HasSuffix(made.header.Get("Location"), one) {
			w.t.Errorf("made: %s %v", made.raw, made.header)
		}
		w.want(404, w.do("GET", "/v1.0/portico/termsOfUse", nil))
		for name, c := range map[string]struct{ body, target string }{
			"no name":       {`{"texts":[{"language":"en","title":"T","body":"b"}]}`, "displayName"},
			"no texts":      {`{"displayName":"X"}`, "texts"},
			"twice":         {`{"displayName":"X","texts":[{"language":"en","title":"T","body":"b"},{"language":"en","title":"T","body":"b"}]}`, "texts"},
			"no default":    {`{"displayName":"X","defaultLanguage":"de","texts":[{"language":"en","title":"T","body":"b"}]}`, "defaultLanguage"},
			"script":        {`{"displayName":"X","texts":[{"language":"en","title":"T","url":"javascript:alert(1)"}]}`, "texts[en]"},
			"unknown":       {`{"displayName":"X","texts":[{"language":"en","title":"T","html":"b"}]}`, "texts/html"},
			"the same name": {`{"displayName":"terms","texts":[{"language":"en","title":"T","body":"b"}]}`, "displayName"},
		} {
			if a := w.do("POST", path, c.body); a.status != 400 || a.body["error"].(map[string]any)["target"] != c.target {
				w.t.Errorf("%s: %d %s", name, a.status, a.raw)
			}
		}
		w.want(204, w.do("PATCH", one, map[string]any{"texts": []any{text("en", "Our terms", "Be very kind")}}))
		again := w.want(200, w.do("POST", one+"/publish", map[string]any{"askAgain": true, "texts": []any{text("en", "Our terms", "Be kindest"), text("de", "AGB", "Nett sein")}}))
		if again.body["version"] != 3.0 || again.body["acceptedSinceVersion"] != 3.0 || len(again.body["texts"].([]any)) != 2 {
			w.t.Errorf("published: %s", again.raw)
		}
		if v := w.want(200, w.do("GET", one+"/versions", nil)).values(); len(v) != 3 || v[2]["texts"].([]any)[0].(map[string]any)["body"] != "Be kind" {
			w.t.Errorf("versions: %v", v)
		}
		w.want(200, w.do("GET", one+"/versions/2", nil))
		w.want(404, w.do("GET", one+"/versions/4", nil))

		// Who agreed, by terms and by person; a list of any length comes in pages.
		ctx := context.Background()
		ann := w.want(201, w.do("POST", "/users", annBody())).body["id"].(string)
		at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		for v := 1; v <= 3; v++ {
			if err := w.tenant.Accept(ctx, audit.System("test"), ann, []userflow.Acceptance{{TermsID: id, Version: v, Locale: "en", At: at}}); err != nil {
				w.t.Fatal(err)
			}
		}
		next, seen := one+"/acceptances?$top=2", []map[string]any{}
		for pages := 0; next != "" && pages < 5; pages++ {
			a := w.want(200, w.do("GET", next, nil))
			seen = append(seen, a.values()...)
			next, _ = a.body["@odata.nextLink"].(string)
		}
		if len(seen) != 3 || seen[0]["userDisplayName"] != "Ann Lee" || seen[0]["agreementId"] != id || seen[0]["state"] != "accepted" || seen[2]["portico"].(map[string]any)["version"] != 1.0 {
			w.t.Errorf("acceptances: %v", seen)
		}
		if mine := w.want(200, w.do("GET", "/users/"+ann+"/agreementAcceptances", nil)).values(); len(mine) != 3 || mine[0]["recordedDateTime"] != "2026-01-02T03:04:05Z" {
			w.t.Errorf("of the person: %v", mine)
		}
		if a := w.do("DELETE", one, nil); a.status != 409 || !strings.Contains(a.errorMessage(), "agreed") {
			w.t.Errorf("accepted terms: %d %s", a.status, a.raw)
		}
		other := w.want(201, w.do("POST", path, `{"displayName":"Others","texts":[{"language":"en","title":"T","body":"b"}]}`)).body["id"].(string)
		flow := flowBody("Shop")
		flow["portico"].(map[string]any)["termsOfUse"] = []string{other}
		w.want(201, w.do("POST", flowsPath, flow))
		if a := w.do("DELETE", path+"/"+other, nil); a.status != 409 || !strings.Contains(a.errorMessage(), "“Shop”") {
			w.t.Errorf("terms in use: %d %s", a.status, a.raw)
		}
	})
}
