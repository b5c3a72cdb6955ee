package graph

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"portico/app/audit"
	"portico/app/userflow"
	"portico/models"
)

// certificate makes a certificate as an app would register it: DER in base64.
func certificate(t *testing.T, name string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return certificateOf(t, name, key)
}

func rsaKey(t *testing.T) crypto.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func certificateOf(t *testing.T, name string, key crypto.Signer) string {
	t.Helper()
	tpl := x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, &tpl, &tpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

const (
	scopeID = "11111111-2222-4333-8444-555555555555"
	roleID  = "21111111-2222-4333-8444-555555555555"
)

// furnish gives the world's tenant something of everything that configuration holds.
func furnish(w *world) (webID string) {
	w.t.Helper()
	web := w.want(201, w.do("POST", "/applications", map[string]any{"displayName": "Web Shop",
		"web":            map[string]any{"redirectUris": []string{"https://shop.example/cb", "https://shop.example/other"}, "homePageUrl": "https://shop.example"},
		"identifierUris": []string{"api://shop"}, "tags": []string{"b", "a"}, "notes": "x <&> y",
		"api": map[string]any{"oauth2PermissionScopes": []any{map[string]any{"id": scopeID, "value": "Orders.Read", "isEnabled": true, "type": "User",
			"adminConsentDisplayName": "Read orders", "adminConsentDescription": "Reads orders"}}},
		"appRoles":       []any{map[string]any{"id": roleID, "value": "Admin", "displayName": "Admin", "isEnabled": true, "allowedMemberTypes": []string{"User"}}},
		"keyCredentials": []any{map[string]any{"type": "AsymmetricX509Cert", "usage": "Verify", "key": certificate(w.t, "shop"), "displayName": "shop"}},
		"portico":        map[string]any{"accessTokenMinutes": 30, "backChannelLogoutUrl": "https://shop.example/logout"}}))
	w.want(201, w.do("POST", "/applications", map[string]any{"displayName": "Web Shop", "spa": map[string]any{"redirectUris": []string{"http://localhost:3000"}}}))
	appID := web.body["appId"].(string)
	w.want(200, w.do("POST", "/applications/"+web.body["id"].(string)+"/addPassword", "{}"))
	w.want(201, w.do("POST", flowsPath, w.rich("Shop flow", appID)))
	born := w.want(200, w.do("GET", attributesPath+"?$filter=displayName%20eq%20'Birthday'", nil)).values()[0]["id"]
	w.want(204, w.do("PATCH", "/applications/"+web.body["id"].(string), map[string]any{"portico": map[string]any{"claims": []any{map[string]any{"source": "user", "id": born, "name": "born"}}}}))
	w.want(204, w.do("PATCH", "/organization/"+w.tenant.ID, map[string]any{"portico": map[string]any{"settings": map[string]any{"passwordMinLength": 10, "passwordThreeOfFour": true, "bannedWords": []string{"shop"},
		"userNames": map[string]any{"enabled": true, "patterns": []string{"[a-z]{3,20}"}, "message": "Three to twenty small letters"}}}}))
	w.want(201, w.do("POST", "/beta/portico/exports", map[string]any{"displayName": "SIEM", "kind": "webhook", "url": "https://siem.example.com/in", "records": []string{"riskDetection", "signIn"}, "riskLevels": []string{"high"}}))
	return web.body["id"].(string)
}

func readAll(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		out[rel] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestConfigurationRoundTrip(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		id := furnish(w)
		a, b := w.t.TempDir(), w.t.TempDir()
		files, err := w.api.Export(ctx, w.tenant.ID, a)
		if err != nil {
			w.t.Fatal(err)
		}
		if len(files) != 13 {
			w.t.Errorf("files: %v", files)
		}
		text := readAll(w.t, a)
		for name, s := range text {
			for _, secret := range []string{"secretText", "hint", "passwordCredentials", id, w.tenant.ID} {
				if strings.Contains(s, secret) && !(secret == "hint" && strings.HasPrefix(name, "user-flows")) {
					w.t.Errorf("%s holds %q", name, secret)
				}
			}
		}
		plan := func(t *models.Tenant, dir string) []Change {
			w.t.Helper()
			changes, err := w.api.Plan(ctx, t.ID, dir)
			if err != nil {
				w.t.Fatal(err)
			}
			return changes
		}
		if got := plan(w.tenant, a); len(got) != 0 {
			w.t.Errorf("a plan right after an export is not empty:\n%s", Describe(got))
		}
		other := w.newTenant("other")
		first := plan(other, a)
		if len(first) != 12 || len(plan(other, a)) != 12 {
			w.t.Errorf("planning wrote something, or saw not all:\n%s", Describe(first))
		}
		applied, err := w.api.Apply(ctx, other.ID, a, audit.System("test"))
		if err != nil {
			w.t.Fatal(err)
		}
		if Describe(applied) != Describe(first) {
			w.t.Errorf("apply did something else than planned:\n%s\n---\n%s", Describe(applied), Describe(first))
		}
		if got := plan(other, a); len(got) != 0 {
			w.t.Errorf("a second plan is not empty:\n%s", Describe(got))
		}
		if _, err := w.api.Export(ctx, other.ID, b); err != nil {
			w.t.Fatal(err)
		}
		again := readAll(w.t, b)
		for name, s := range text {
			if again[name] != s {
				w.t.Errorf("%s differs after the round trip:\n%s\n---\n%s", name, s, again[name])
			}
		}
		if len(again) != len(text) {
			w.t.Errorf("files %d, want %d", len(again), len(text))
		}
	})
}

func TestConfigurationChanges(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		id := furnish(w)
		dir := w.t.TempDir()
		if _, err := w.api.Export(ctx, w.tenant.ID, dir); err != nil {
			w.t.Fatal(err)
		}
		// Somebody changes things by hand.
		w.want(204, w.do("PATCH", "/applications/"+id, map[string]any{"web": map[string]any{"redirectUris": []string{"https://shop.example/cb", "https://evil.example/"}}, "isDisabled": true}))
		extra := w.want(201, w.do("POST", "/applications", map[string]any{"displayName": "Extra"}))
		changes, err := w.api.Plan(ctx, w.tenant.ID, dir)
		if err != nil {
			w.t.Fatal(err)
		}
		said := Describe(changes)
		for _, want := range []string{`- delete application "Extra" (` + extra.body["appId"].(string) + ")", `~ update application "Web Shop"`,
			`web.redirectUris: remove "https://evil.example/"`, `web.redirectUris: add "https://shop.example/other"`, "isDisabled: true becomes false"} {
			if !strings.Contains(said, want) {
				w.t.Errorf("the plan does not say %q:\n%s", want, said)
			}
		}
		if len(changes) != 2 {
			w.t.Errorf("changes:\n%s", said)
		}
		before := w.want(200, w.do("GET", "/auditLogs/directoryAudits", nil)).values()
		if _, err := w.api.Apply(ctx, w.tenant.ID, dir, audit.System("apply")); err != nil {
			w.t.Fatal(err)
		}
		after := w.want(200, w.do("GET", "/auditLogs/directoryAudits?$filter=initiatedBy/app/displayName%20eq%20'apply'%20or%20category%20eq%20'ApplicationManagement'", nil)).values()
		if all := w.want(200, w.do("GET", "/auditLogs/directoryAudits", nil)).values(); len(all) != len(before)+2 || len(after) == 0 {
			w.t.Errorf("audit rows %d, before %d", len(all), len(before))
		}
		if w.want(200, w.do("GET", "/applications/"+id, nil)).body["isDisabled"] != false {
			w.t.Error("the application is still disabled")
		}
		// A deleted application comes back with its id.
		w.want(204, w.do("DELETE", "/applications/"+id, nil))
		changes, err = w.api.Apply(ctx, w.tenant.ID, dir, audit.System("apply"))
		if err != nil || len(changes) == 0 || changes[0].Action != "restore" {
			w.t.Errorf("restore: %v\n%s", err, Describe(changes))
		}
		w.want(200, w.do("GET", "/applications/"+id, nil))
		if c, err := w.api.Plan(ctx, w.tenant.ID, dir); err != nil || len(c) != 0 {
			w.t.Errorf("not settled: %v %s", err, Describe(c))
		}
		// A folder that is absent is left alone.
		if err := os.RemoveAll(filepath.Join(dir, "user-flows")); err != nil {
			w.t.Fatal(err)
		}
		if c, err := w.api.Plan(ctx, w.tenant.ID, dir); err != nil || len(c) != 0 {
			w.t.Errorf("an absent folder means something: %v %s", err, Describe(c))
		}
	})
}

func TestConfigurationRefuses(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		const app = `{"appId":"62e90394-69f5-4237-9190-012177145e10","displayName":"New"`
		for _, c := range []struct{ file, text, wantFile, wantField string }{
			{"applications/a.json", app + `,"displayname":"x"}`, "applications/a.json", "displayname"},
			{"applications/a.json", app + `,"id":"x"}`, "applications/a.json", "id"},
			{"applications/a.json", app + `,"passwordCredentials":[]}`, "applications/a.json", "passwordCredentials"},
			{"applications/a.json", app + `,"web":{"redirectUri":["x"]}}`, "applications/a.json", "web/redirectUri"},
			{"applications/a.json", app + `,"web":{"redirectUris":["http://plain.example/"]}}`, "applications/a.json", "redirectUris[0]"},
			{"applications/a.json", app + `,"web":5}`, "applications/a.json", "web"},
			{"applications/a.json", `{"displayName":"New"}`, "applications/a.json", "appId"},
			{"applications/a.json", `{"appId":"x","displayName":"New"}`, "applications/a.json", "appId"},
			{"applications/a.json", app, "applications/a.json", ""},
			{"applications/a.json", app + `,"notes":"caf` + "\xe9" + `"}`, "applications/a.json", ""},
			{"applications/a.json", `[]`, "applications/a.json", ""},
			{"applications/a.txt", ``, "applications/a.txt", ""},
			{"application/a.json", app + "}", "application", ""},
			{"user-flows/f.json", `{"displayName":"F","onInteractiveAuthFlowStart":{"isSignUpAllowed":true}}`, "user-flows/f.json", "onAuthenticationMethodLoadStart"},
			{"user-flows/f.json", `{"@odata.type":"#microsoft.graph.user","displayName":"F"}`, "user-flows/f.json", "@odata.type"},
			{"user-flows/f.json", `{"displayName":"F","onInteractiveAuthFlowStart":{"isSignUpAllowed":true},"onAuthenticationMethodLoadStart":{"identityProviders":[{"id":"EmailPassword-OAUTH"}]},
				"onAttributeCollection":{"attributeCollectionPage":{"views":[{"inputs":[{"attribute":"extension_x","label":"","inputType":"text"}]}]}}}`, "user-flows/f.json", "onAttributeCollection/attributeCollectionPage/inputs[0]/attribute"},
			{"user-flows/f.json", `{"displayName":"F","onInteractiveAuthFlowStart":{"isSignUpAllowed":true},"onAuthenticationMethodLoadStart":{"identityProviders":[{"id":"EmailPassword-OAUTH"}]},"portico":{"termsOfUse":["None"]}}`, "user-flows/f.json", "portico/termsOfUse"},
			{"user-flow-attributes/a.json", `{"displayName":"A","dataType":"string"}`, "user-flow-attributes/a.json", "id"},
			{"user-flow-attributes/a.json", `{"id":"city","displayName":"A","dataType":"string"}`, "user-flow-attributes/a.json", "id"},
			{"user-flow-attributes/a.json", `{"id":"extension_0123456789abcdef0123456789abcdef_a","displayName":"A","dataType":"string","portico":{"pattern":"("}}`, "user-flow-attributes/a.json", "portico/pattern"},
			{"terms-of-use/t.json", `{"displayName":"T","texts":[]}`, "terms-of-use/t.json", "defaultLanguage"},
			{"organization/o.json", `{"kind":"organization","portico":{"settings":{"userNames":{"enabled":true,"patterns":["("]}}}}`, "organization/o.json", "portico/settings/userNames/patterns[0]"},
			{"organization/o.json", `{"kind":"organization","portico":{"settings":{"nope":1}}}`, "organization/o.json", "portico/settings/nope"},
		} {
			dir := w.t.TempDir()
			path := filepath.Join(dir, c.file)
			good := filepath.Join(dir, "applications", "0.json")
			for p, text := range map[string]string{good: `{"appId":"72e90394-69f5-4237-9190-012177145e10","displayName":"Good"}`, path: c.text} {
				if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
					w.t.Fatal(err)
				}
				if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
					w.t.Fatal(err)
				}
			}
			for _, run := range []func() error{
				func() error { _, err := w.api.Plan(ctx, w.tenant.ID, dir); return err },
				func() error { _, err := w.api.Apply(ctx, w.tenant.ID, dir, audit.System("test")); return err },
			} {
				err := run()
				var f *FileError
				if !errors.As(err, &f) || f.File != c.wantFile || f.Field != c.wantField {
					w.t.Errorf("%s %s: %v", c.file, c.text, err)
				}
			}
			if n := w.want(200, w.do("GET", "/applications?$filter=displayName%20eq%20'Good'", nil)).values(); len(n) != 0 {
				w.t.Errorf("%s %s: something was written before the refusal", c.file, c.text)
			}
		}
	})
}

// TestConfigurationOfUserFlows: what was changed by hand is named question by question, and undone.
func TestConfigurationOfUserFlows(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		furnish(w)
		dir := w.t.TempDir()
		if _, err := w.api.Export(ctx, w.tenant.ID, dir); err != nil {
			w.t.Fatal(err)
		}
		flow := flowsPath + "/" + w.want(200, w.do("GET", flowsPath, nil)).values()[0]["id"].(string)
		was := w.want(200, w.do("GET", flow, nil))
		page := w.want(200, w.do("GET", flow, nil)).body["onAttributeCollection"].(map[string]any)
		view := page["attributeCollectionPage"].(map[string]any)["views"].([]any)[0].(map[string]any)
		inputs := view["inputs"].([]any)
		inputs[4].(map[string]any)["label"] = "Town"
		inputs[1], inputs[2] = inputs[2], inputs[1]
		view["inputs"] = append(inputs[:9:9], map[string]any{"attribute": "jobTitle", "label": "Job", "inputType": "text"})
		w.want(204, w.do("PATCH", flow, map[string]any{"onAttributeCollection": page,
			"portico": map[string]any{"userNames": true, "passwordReset": false, "domains": map[string]any{"deny": []string{"worse.example.com"}}, "termsOfUse": []string{},
				"attributeInputs": []any{map[string]any{"attribute": "city", "hint": "New", "inputType": "dropdown"}}}}))
		terms := w.want(200, w.do("GET", "/beta/portico/termsOfUse", nil)).values()[0]["id"].(string)
		w.want(204, w.do("PATCH", "/beta/portico/termsOfUse/"+terms, map[string]any{"texts": []any{map[string]any{"language": "en", "title": "Our terms", "body": "Be evil"}}}))
		plans := w.want(200, w.do("GET", attributesPath+"?$filter=displayName%20eq%20'Plan'", nil)).values()[0]["id"].(string)
		w.want(204, w.do("PATCH", attributesPath+"/"+plans, map[string]any{"portico": map[string]any{"options": []any{map[string]any{"label": "Free", "value": "f"}, map[string]any{"label": "Plus", "value": "p"}}}}))
		codes := w.want(200, w.do("GET", attributesPath+"?$filter=displayName%20eq%20'Loyalty%20code'", nil)).values()[0]["id"].(string)
		w.want(204, w.do("DELETE", attributesPath+"/"+codes, nil)) // not asked for any more
		extra := w.newAttribute("Extra", map[string]any{"dataType": "date"})
		w.want(204, w.do("PATCH", "/organization/"+w.tenant.ID, map[string]any{"portico": map[string]any{"settings": map[string]any{"lockoutThreshold": 5, "userNames": map[string]any{"enabled": true, "patterns": []string{"[a-z]+"}}}}}))

		changes, err := w.api.Plan(ctx, w.tenant.ID, dir)
		if err != nil {
			w.t.Fatal(err)
		}
		said := Describe(changes)
		page1 := "onAttributeCollection.attributeCollectionPage.views.inputs"
		for _, want := range []string{`- delete user-flow-attribute "Extra" (` + extra + ")", `+ create user-flow-attribute "Loyalty code"`, `~ update user-flow "Shop flow"`, `~ update terms-of-use "Terms"`,
			page1 + `[city].label: "Town" becomes "City, [why?](https://shop.example/why)"`, page1 + `[jobTitle]: remove {`, page1 + "[" + codes + "]: add {", page1 + " (order): country, displayName becomes displayName, country\n",
			`portico.passwordReset: false becomes true`, `portico.domains.deny: remove "worse.example.com"`, `portico.domains.deny: add "bad.example.com"`, `portico.termsOfUse: add "Terms"`,
			`portico.attributeInputs[` + plans + `]: add {`, `portico.attributeInputs[city].hint: remove "New"`, `texts[en].body: "Be evil" becomes "Be kind.`, `texts[de]: add {`,
			`portico.options[f]: remove {`, `portico.options[b]: add {`, `portico.settings.lockoutThreshold: 5 becomes 0`, `portico.settings.userNames.patterns: add "[a-z]{3,20}"`} {
			if !strings.Contains(said, want) {
				w.t.Errorf("the plan does not say %q:\n%s", want, said)
			}
		}
		if _, err := w.api.Apply(ctx, w.tenant.ID, dir, audit.System("apply")); err != nil {
			w.t.Fatal(err)
		}
		if c, err := w.api.Plan(ctx, w.tenant.ID, dir); err != nil || len(c) != 0 {
			w.t.Errorf("not settled: %v\n%s", err, Describe(c))
		}
		if now := w.want(200, w.do("GET", flow, nil)); now.raw != was.raw {
			w.t.Errorf("the flow was\n%s\nand is\n%s", was.raw, now.raw)
		}
		// The rules of an attribute are in its file alone.
		file := filepath.Join(dir, "user-flow-attributes", "loyalty-code.json")
		text, err := os.ReadFile(file)
		if err == nil {
			err = os.WriteFile(file, []byte(strings.Replace(string(text), "{3}", "{4}", 1)), 0o644)
		}
		if err != nil {
			w.t.Fatal(err)
		}
		if c, err := w.api.Apply(ctx, w.tenant.ID, dir, audit.System("apply")); err != nil || len(c) != 1 || Describe(c) != "~ update user-flow-attribute \"Loyalty code\" ("+codes+")\n    portico.pattern: \"[A-Z]{3}\" becomes \"[A-Z]{4}\"" {
			w.t.Errorf("a new pattern: %v\n%s", err, Describe(c))
		}
		// A question that goes and its attribute's file may go in one step; without the first it stays.
		file = filepath.Join(dir, "user-flow-attributes", "plan.json")
		keep, err := os.ReadFile(file)
		if err == nil {
			err = os.Remove(file)
		}
		if err != nil {
			w.t.Fatal(err)
		}
		var wrong *FileError
		if _, err := w.api.Plan(ctx, w.tenant.ID, dir); !errors.As(err, &wrong) || wrong.File != "user-flow-attributes/plan.json" || !strings.Contains(wrong.Problem, "“Shop flow”") {
			w.t.Errorf("an attribute in use: %v", err)
		}
		if err := os.WriteFile(filepath.Join(dir, "user-flows", "shop-flow.json"), []byte(`{"displayName":"Shop flow","onAttributeCollection":null,"portico":{"userNames":false,"attributeInputs":[]}}`), 0o644); err != nil {
			w.t.Fatal(err)
		}
		if _, err := w.api.Apply(ctx, w.tenant.ID, dir, audit.System("apply")); err != nil {
			w.t.Errorf("both at once: %v", err)
		}
		w.want(404, w.do("GET", attributesPath+"/"+plans, nil))
		// It comes back under its own id.
		if err := os.WriteFile(file, keep, 0o644); err != nil {
			w.t.Fatal(err)
		}
		if _, err := w.api.Apply(ctx, w.tenant.ID, dir, audit.System("apply")); err != nil {
			w.t.Fatal(err)
		}
		w.want(200, w.do("GET", attributesPath+"/"+plans, nil))
	})
}

// What only one object may have can change places within one directory: the names of attributes, the apps of
// flows. A plan says these changes and no others, and what two files really want stays refused.
func TestConfigurationExchanges(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		east := w.want(201, w.do("POST", "/applications", map[string]any{"displayName": "East"})).body["appId"].(string)
		west := w.want(201, w.do("POST", "/applications", map[string]any{"displayName": "West"})).body["appId"].(string)
		w.want(201, w.do("POST", flowsPath, flowBody("Alpha", east)))
		w.want(201, w.do("POST", flowsPath, flowBody("Beta", west)))
		size := w.newAttribute("Size", map[string]any{"dataType": "string"})
		colour := w.newAttribute("Colour", map[string]any{"dataType": "boolean"})
		w.newAttribute("Bystander", map[string]any{"dataType": "date"})
		dir := w.t.TempDir()
		if _, err := w.api.Export(ctx, w.tenant.ID, dir); err != nil {
			w.t.Fatal(err)
		}
		swap := func(a, b, one, other string) {
			w.t.Helper()
			for file, change := range map[string][2]string{a: {one, other}, b: {other, one}} {
				path := filepath.Join(dir, file)
				text, err := os.ReadFile(path)
				if err == nil && !strings.Contains(string(text), change[0]) {
					w.t.Fatalf("%s does not hold %s: %s", file, change[0], text)
				}
				if err == nil {
					err = os.WriteFile(path, []byte(strings.ReplaceAll(string(text), change[0], change[1])), 0o644)
				}
				if err != nil {
					w.t.Fatal(err)
				}
			}
		}
		swap("user-flow-attributes/size.json", "user-flow-attributes/colour.json", `"displayName": "Size"`, `"displayName": "Colour"`)
		swap("user-flows/alpha.json", "user-flows/beta.json", east, west)
		planned, err := w.api.Plan(ctx, w.tenant.ID, dir)
		if err != nil {
			w.t.Fatal(err)
		}
		include := "conditions.applications.includeApplications"
		want := []string{"~ update user-flow-attribute \"Size\" (" + colour + ")\n    displayName: \"Colour\" becomes \"Size\"",
			"~ update user-flow-attribute \"Colour\" (" + size + ")\n    displayName: \"Size\" becomes \"Colour\"",
			"~ update user-flow \"Alpha\"\n    " + include, "~ update user-flow \"Beta\"\n    " + include}
		for _, line := range want {
			if !strings.Contains(Describe(planned), line) {
				w.t.Errorf("the plan does not say %q:\n%s", line, Describe(planned))
			}
		}
		if len(planned) != len(want) {
			w.t.Errorf("the plan says more:\n%s", Describe(planned))
		}
		if again, err := w.api.Plan(ctx, w.tenant.ID, dir); err != nil || Describe(again) != Describe(planned) {
			w.t.Errorf("planning changed something: %v\n%s", err, Describe(again))
		}
		before := len(w.want(200, w.do("GET", "/auditLogs/directoryAudits?$top=500", nil)).values())
		if applied, err := w.api.Apply(ctx, w.tenant.ID, dir, audit.System("apply")); err != nil || Describe(applied) != Describe(planned) {
			w.t.Fatalf("%v\n%s", err, Describe(applied))
		}
		log := w.want(200, w.do("GET", "/auditLogs/directoryAudits?$top=500", nil))
		if len(log.values()) != before+6 || strings.Contains(log.raw, " ~extension") {
			w.t.Errorf("two renamings, two apps out and in: %d records more\n%s", len(log.values())-before, log.raw)
		}
		if left, err := w.api.Plan(ctx, w.tenant.ID, dir); err != nil || len(left) != 0 {
			w.t.Errorf("not settled: %v\n%s", err, Describe(left))
		}
		if name := w.want(200, w.do("GET", attributesPath+"/"+size, nil)).body["displayName"]; name != "Colour" {
			w.t.Errorf("Size is called %v", name)
		}
		// The names belong to somebody again.
		w.want(400, w.do("POST", attributesPath, map[string]any{"displayName": "colour", "dataType": "string"}))
		w.want(400, w.do("PATCH", attributesPath+"/"+size, map[string]any{"displayName": "Bystander"}))

		path := filepath.Join(dir, "user-flow-attributes", "size.json")
		text, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(path, []byte(strings.Replace(string(text), `"Colour"`, `"bystander"`, 1)), 0o644)
		}
		if err != nil {
			w.t.Fatal(err)
		}
		var wrong *FileError
		if _, err := w.api.Plan(ctx, w.tenant.ID, dir); !errors.As(err, &wrong) || wrong.File != "user-flow-attributes/size.json" || wrong.Field != "displayName" || !strings.Contains(wrong.Problem, "already") {
			w.t.Errorf("a name twice: %v", err)
		}
	})
}

// An installation that grew by itself has attributes, terms and flows of the same names. It becomes what the
// directory says: what has another id and no file goes.
func TestConfigurationMeetsTheSameNames(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		furnish(w)
		dir := w.t.TempDir()
		if _, err := w.api.Export(ctx, w.tenant.ID, dir); err != nil {
			w.t.Fatal(err)
		}
		other := w.newTenant("other")
		c := w.api.operator(other, audit.System("test"))
		made := map[string]string{}
		for _, name := range []string{"Birthday", "Plan", "Loyalty code", "Gone"} {
			d, err := other.CreateDefinition(ctx, c.actor(), userflow.Definition{Name: name, DataType: userflow.String})
			if err != nil {
				w.t.Fatal(err)
			}
			made[name] = d.ID
		}
		if _, err := other.CreateTerms(ctx, c.actor(), userflow.Terms{Name: "terms", Language: "en", Texts: map[string]userflow.TermsText{"en": {Title: "T", Body: "B"}}}); err != nil {
			w.t.Fatal(err)
		}
		if _, err := other.CreateFlow(ctx, c.actor(), userflow.Flow{Name: "Shop Flow", SignUpMethod: userflow.EmailPassword, MFA: userflow.MFA{Enforcement: userflow.MFAOff},
			Attributes: []userflow.Attribute{{ID: made["Plan"]}}}); err != nil {
			w.t.Fatal(err)
		}
		planned, err := w.api.Plan(ctx, other.ID, dir)
		if err != nil {
			w.t.Fatal(err)
		}
		for name, id := range made {
			if line := `- delete user-flow-attribute "` + name + `" (` + id + ")"; !strings.Contains(Describe(planned), line) {
				w.t.Errorf("the plan does not say %q:\n%s", line, Describe(planned))
			}
		}
		if applied, err := w.api.Apply(ctx, other.ID, dir, audit.System("apply")); err != nil || Describe(applied) != Describe(planned) {
			w.t.Fatalf("%v\n%s", err, Describe(applied))
		}
		if left, err := w.api.Plan(ctx, other.ID, dir); err != nil || len(left) != 0 {
			w.t.Errorf("not settled: %v\n%s", err, Describe(left))
		}
	})
}

func TestFileNames(t *testing.T) {
	names := fileNames([]exported{{key: "Shop!", name: "Shop!"}, {key: "Shop?", name: "Shop?"}, {key: "1", name: "Fernhill Market"}, {key: "2", name: "李雷"},
		{key: "3", name: strings.Repeat("Long ", 30)}, {key: "4", name: "../../etc/passwd"}})
	seen := map[string]bool{}
	for _, n := range names {
		if seen[n] || strings.ContainsAny(n, "/\\ ") || strings.HasPrefix(n, ".") || len(n) > 80 {
			t.Errorf("file name %q", n)
		}
		seen[n] = true
	}
	if names[2] != "fernhill-market.json" || names[5] != "etc-passwd.json" {
		t.Errorf("names %v", names)
	}
}

// A new object never renames the file of another.
func TestFileNamesStay(t *testing.T) {
	shop, lone := exported{key: "a", name: "Shop"}, exported{key: "c", name: "李雷"}
	before := fileNames([]exported{lone, shop})
	after := fileNames([]exported{{key: "b", name: "shop"}, shop, {key: "d", name: "اليسا"}, lone})
	if before[0] != after[3] || before[1] != after[1] || after[1] != "shop.json" || !strings.HasPrefix(after[3], "unnamed-") {
		t.Errorf("%v then %v", before, after)
	}
}
