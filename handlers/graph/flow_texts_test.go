package graph

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portico/app/access"
	"portico/app/audit"
)

// texted is a world with a flow that says things in its own words.
func (w *world) texted() (path string) {
	w.t.Helper()
	return "/beta/portico/userFlows/" + w.want(201, w.do("POST", flowsPath, w.rich("Shop"))).body["id"].(string)
}

func TestTextsOfAFlowAreAFileForEachLanguage(t *testing.T) {
	each(t, func(w *world) {
		path := w.texted()
		if all := w.want(200, w.do("GET", path+"/texts", nil)).values(); len(all) != 2 || all[0]["language"] != "de" || all[0]["count"] != 3.0 {
			w.t.Fatalf("languages: %v", all)
		}
		de := w.want(200, w.do("GET", path+"/texts/de", nil))
		if de.body["SignIn_Title"] != "Willkommen bei {0}" || len(de.body) != 3 {
			w.t.Errorf("overrides: %s", de.raw)
		}
		defaults := w.want(200, w.do("GET", path+"/texts/de/defaults", nil))
		if defaults.body["signin.button"] != "Anmelden" {
			w.t.Errorf("defaults: %.300s", defaults.raw)
		}
		// What is built in is not kept, and a language that nobody gave a text for is an empty file.
		if put := w.want(200, w.do("PUT", path+"/texts/fr", `{"signin.button":"Se connecter","SignIn_Title":"Bonjour"}`)); len(put.body) != 1 || put.body["SignIn_Title"] != "Bonjour" {
			w.t.Errorf("put: %s", put.raw)
		}
		if same := w.want(200, w.do("PUT", path+"/texts/de", defaults.raw)); len(same.body) != 0 {
			w.t.Errorf("the defaults are overrides: %s", same.raw)
		}
		w.want(204, w.do("DELETE", path+"/texts/fr", nil))
		if all := w.want(200, w.do("GET", path+"/texts", nil)).values(); len(all) != 1 {
			w.t.Errorf("languages: %v", all)
		}
		w.want(404, w.do("GET", path+"/texts/german", nil))
		w.want(404, w.do("PUT", path+"/texts/DE", `{}`))
	})
}

func TestTextsOfAFlowThatNoPageHasAreReported(t *testing.T) {
	each(t, func(w *world) {
		path := w.texted()
		for _, x := range []struct{ name, body, says string }{
			{"unknown", `{"SignIn_Titel":"Hallo","Nothing_AtAll":"x"}`, "Perhaps you mean SignIn_Title"},
			{"too long", `{"SignIn_Title":"` + strings.Repeat("a", 1025) + `"}`, "1025 characters; at most 1024 fit"},
			{"a value that it has not", `{"signin.button":"{minutes}"}`, "{minutes} stands for nothing"},
			{"turned around", `{"SignIn_Title":"a\u202eb"}`, "control characters"},
			{"no text", `{"SignIn_Title":7}`, "not a text"},
			{"twice", `{"SignIn_Title":"a","SignIn_Title":"b"}`, "stands twice"},
			{"no object", `["a"]`, "flat JSON object"},
		} {
			if a := w.do("PUT", path+"/texts/de", x.body); a.status != 400 || !strings.Contains(a.errorMessage(), x.says) {
				w.t.Errorf("%s: %d %s", x.name, a.status, a.raw)
			}
		}
		// All of it at once, and in the flow's own object too, by place.
		a := w.do("PATCH", strings.Replace(path, "/beta/portico/userFlows", flowsPath, 1), `{"portico":{"texts":[{"language":"en","strings":{"SignIn_Titel":"x","Nope":"y"}}]}}`)
		e, _ := a.body["error"].(map[string]any)
		if details, _ := e["details"].([]any); a.status != 400 || e["target"] != "portico/texts[0]/strings" || len(details) != 2 {
			w.t.Errorf("%d %s", a.status, a.raw)
		}
		big := map[string]any{}
		for _, id := range strings.Fields("AttributeCollection_Title AttributeCollection_Description SignIn_Title SignUp_Title") {
			big[id] = strings.Repeat("\U0001F600", 1000)
		}
		languages := []any{}
		for _, lang := range strings.Fields("ar ca cs da de el en es et eu fi fr gl he hr hu is it ja kk ko lt lv nb nl pl pt ro ru sk sl sr sv th tr uk zh") {
			for _, region := range []string{"", "-001", "-150"} {
				languages = append(languages, map[string]any{"language": lang + region, "strings": big})
			}
		}
		if a := w.do("PATCH", strings.Replace(path, "/beta/portico/userFlows", flowsPath, 1), map[string]any{"portico": map[string]any{"texts": languages}}); a.status != 400 || !strings.Contains(a.errorMessage(), "at most 1024 KB") {
			w.t.Errorf("too much: %d %s", a.status, a.raw)
		}
		if de := w.want(200, w.do("GET", path+"/texts/de", nil)); len(de.body) != 3 {
			w.t.Errorf("something was saved: %s", de.raw)
		}
	})
}

func TestTwoWhoEditTheTextsOfOneLanguage(t *testing.T) {
	each(t, func(w *world) {
		path := w.texted()
		seen := w.want(200, w.do("GET", path+"/texts/de", nil)).header.Get("ETag")
		w.want(200, w.do("PUT", path+"/texts/en", `{"SignIn_Title":"Hello"}`)) // of another language
		first := w.want(200, w.do("PUT", path+"/texts/de", `{"SignIn_Title":"Guten Tag"}`, "If-Match", seen))
		if a := w.do("PUT", path+"/texts/de", `{"SignIn_Title":"Servus"}`, "If-Match", seen); a.status != 412 || a.errorCode() != "resourceModified" {
			w.t.Errorf("%d %s", a.status, a.raw)
		}
		w.want(412, w.do("DELETE", path+"/texts/de", nil, "If-Match", seen))
		if now := w.want(200, w.do("GET", path+"/texts/de", nil)); now.body["SignIn_Title"] != "Guten Tag" || now.header.Get("ETag") != first.header.Get("ETag") {
			w.t.Errorf("the first edit is lost: %s", now.raw)
		}
		w.want(204, w.do("DELETE", path+"/texts/de", nil, "If-Match", first.header.Get("ETag")))
	})
}

func TestWhoLooksAfterTheBrandingWritesTextsOfFlows(t *testing.T) {
	each(t, func(w *world) {
		path := w.texted()
		w.newClient("branding", w.tenant, access.BrandingWrite)
		w.newClient("looks only", w.tenant, access.BrandingRead)
		w.want(200, w.do("PUT", path+"/texts/de", `{"SignIn_Title":"Hallo"}`, "Authorization", "Bearer branding"))
		w.want(200, w.do("GET", path+"/texts/de", nil, "Authorization", "Bearer looks only"))
		w.want(403, w.do("PUT", path+"/texts/de", `{}`, "Authorization", "Bearer looks only"))
		w.want(403, w.do("PATCH", path+"/draft", `{"displayName":"x"}`, "Authorization", "Bearer branding"))
		logs := w.want(200, w.do("GET", "/auditLogs/directoryAudits?$top=3", nil)).raw
		if !strings.Contains(logs, "Update user flow") || !strings.Contains(logs, "texts/de/SignIn_Title") {
			w.t.Errorf("audit: %s", logs)
		}
	})
}

// TestTextsAreConfiguration: a directory is the whole truth about the texts of a flow, and says which it does not know.
func TestTextsAreConfiguration(t *testing.T) {
	each(t, func(w *world) {
		ctx, dir := context.Background(), w.t.TempDir()
		path := w.texted()
		if _, err := w.api.Export(ctx, w.tenant.ID, dir); err != nil {
			w.t.Fatal(err)
		}
		file := filepath.Join(dir, "user-flows", "shop.json")
		was, err := os.ReadFile(file)
		if err != nil {
			w.t.Fatal(err)
		}
		change := func(old, new string) {
			w.t.Helper()
			now := strings.Replace(string(was), old, new, 1)
			if now == string(was) {
				w.t.Fatalf("%q is not in\n%s", old, was)
			}
			if err := os.WriteFile(file, []byte(now), 0o644); err != nil {
				w.t.Fatal(err)
			}
		}
		w.want(200, w.do("PUT", path+"/texts/fr", `{"SignIn_Title":"Bonjour"}`))
		change(`Willkommen bei {0}`, `Servus bei {0}`)
		changes, err := w.api.Plan(ctx, w.tenant.ID, dir)
		if err != nil {
			w.t.Fatal(err)
		}
		said := Describe(changes)
		for _, want := range []string{`portico.texts[de].strings.SignIn_Title: "Willkommen bei {0}" becomes "Servus bei {0}"`, `portico.texts[fr]: remove`} {
			if !strings.Contains(said, want) {
				w.t.Errorf("the plan does not say %q:\n%s", want, said)
			}
		}
		if _, err := w.api.Apply(ctx, w.tenant.ID, dir, audit.System("test")); err != nil {
			w.t.Fatal(err)
		}
		if all := w.want(200, w.do("GET", path+"/texts", nil)).values(); len(all) != 2 {
			w.t.Errorf("%v", all)
		}
		if de := w.want(200, w.do("GET", path+"/texts/de", nil)); de.body["SignIn_Title"] != "Servus bei {0}" {
			w.t.Errorf("%s", de.raw)
		}
		change(`SignIn_Title`, `SignIn_Titel`)
		_, err = w.api.Plan(ctx, w.tenant.ID, dir)
		if err == nil || !strings.Contains(err.Error(), "user-flows/shop.json: portico/texts[0]/strings") || !strings.Contains(err.Error(), "Perhaps you mean SignIn_Title.") {
			w.t.Errorf("an unknown text: %v", err)
		}
	})
}
