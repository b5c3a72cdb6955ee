package graph

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portico/app/access"
	"portico/app/audit"
	"portico/app/branding"
)

func (brandedOrganization) operations() []operation {
	var out []operation
	read, write := readBranding(), writeBranding()
	table := append([]access.Permission{access.DirectoryRead}, read...)
	add := func(need []access.Permission, path string, methods ...string) {
		for _, m := range methods {
			o := operation{method: m, path: path, need: need}
			if m == http.MethodGet && len(need) == len(table) {
				o.own = []string{"User.Read"}
			}
			out = append(out, o)
		}
	}
	for _, at := range []string{"/organization/{id}/branding", "/organization/{id}/branding/localizations/{locale}"} {
		add(table, at, "GET")
		add(write, at, "PATCH", "DELETE")
		add(read, at+"/bannerLogo", "GET")
		add(write, at+"/bannerLogo", "PUT", "PATCH", "DELETE")
	}
	add(table, "/organization/{id}/branding/localizations", "GET")
	add(write, "/organization/{id}/branding/localizations", "POST")
	const themes = "/beta/organization/{id}/branding/themes"
	add(table, themes, "GET")
	add(write, themes, "POST")
	add(table, themes+"/{id}", "GET")
	add(write, themes+"/{id}", "PATCH", "DELETE")
	add(table, themes+"/{id}/localizations", "GET")
	add(write, themes+"/{id}/localizations", "POST")
	add(table, themes+"/{id}/localizations/{locale}", "GET")
	add(write, themes+"/{id}/localizations/{locale}", "PATCH", "DELETE")
	add(read, themes+"/{id}/localizations/{locale}/customCSS", "GET")
	add(write, themes+"/{id}/localizations/{locale}/customCSS", "PUT", "DELETE")
	return append(out, (&API{}).organization().operations()...)
}

func drawing(t *testing.T, w, h int) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for x := range w {
		for y := range h {
			img.Set(x, y, color.NRGBA{uint8(x), uint8(y), 90, 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func brandingWorld(t *testing.T) (*world, string) {
	w := newWorld(t, openSQLite(t))
	return w, "/organization/" + w.tenant.ID + "/branding"
}

// TestBrandingAsTheVendorDocumentsIt: the requests and answers of graph.md §12, with the samples of the vendor's pages.
func TestBrandingAsTheVendorDocumentsIt(t *testing.T) {
	w, at := brandingWorld(t)
	w.want(404, w.do("GET", at, nil, "Accept-Language", "0"))
	w.want(404, w.do("GET", at+"/bannerLogo", nil))
	w.want(204, w.do("PATCH", at, `{"signInPageText":"Contoso","usernameHintText":"DefaultHint","backgroundColor":"#FFFF33",
		"customPrivacyAndCookiesUrl":"https://contoso.com/privacy","loginPageLayoutConfiguration":{"layoutTemplateType":"verticalSplit","isHeaderShown":true},
		"loginPageTextVisibilitySettings":{"hideTermsOfUse":true},"contentCustomization":{"attributeCollection":[{"key":"SignIn_Title","value":"Welcome"}]},
		"portico":{"corners":"square","support":{"text":"Help","url":"https://contoso.com/help"}}}`, "Accept-Language", "0"))
	got := w.want(200, w.do("GET", at, nil, "Accept-Language", "default")).body
	for name, want := range map[string]any{"id": "0", "signInPageText": "Contoso", "usernameHintText": "DefaultHint", "backgroundColor": "#FFFF33", "squareLogoRelativeUrl": nil,
		"headerBackgroundColor": nil} {
		if got[name] != want {
			t.Errorf("%s = %v, want %v", name, got[name], want)
		}
	}
	for name := range got {
		if _, stream := streamNamed(name); stream && name != textStream {
			t.Errorf("a stream among the properties: %s", name)
		}
	}
	if l := got["loginPageLayoutConfiguration"].(map[string]any); l["layoutTemplateType"] != "verticalSplit" || l["isHeaderShown"] != true || l["isFooterShown"] != nil {
		t.Errorf("layout: %v", l)
	}
	if a := w.want(200, w.do("GET", "/beta"+at+"?$select=id,usernameHintText", nil)); len(a.body) != 3 {
		t.Errorf("$select: %v", a.body)
	}
	w.want(400, w.do("GET", at+"?$select=nothing", nil))

	// Languages: what is null falls back, one blank is blank.
	a := w.want(201, w.do("POST", at+"/localizations", `{"backgroundColor":"#00000F","id":"fr-FR","signInPageText":" ","usernameHintText":null}`))
	if a.body["id"] != "fr-FR" || a.body["signInPageText"] != " " || a.body["usernameHintText"] != nil {
		t.Errorf("localization: %v", a.body)
	}
	w.want(400, w.do("POST", at+"/localizations", `{"id":"fr-FR"}`))
	for _, id := range []string{"0", "default", "xx-nowhere", ""} {
		w.want(400, w.do("POST", at+"/localizations", map[string]any{"id": id}))
	}
	w.want(204, w.do("PATCH", at+"/localizations/fr-FR", `{"usernameHintText":"Bonjour"}`))
	w.want(204, w.do("PATCH", at, `{"signInPageText":"Salut"}`, "Accept-Language", "fr-FR"))
	if b := w.want(200, w.do("GET", at, nil, "Accept-Language", "fr-FR")).body; b["usernameHintText"] != "Bonjour" || b["signInPageText"] != "Salut" || b["id"] != "fr-FR" {
		t.Errorf("by Accept-Language: %v", b)
	}
	if b := w.want(200, w.do("GET", at, nil, "Accept-Language", "de-DE,de;q=0.9")).body; b["id"] != "0" {
		t.Errorf("a browser's own header: %v", b["id"])
	}
	w.want(400, w.do("GET", at, nil, "Accept-Language", "xx-nowhere"))
	w.want(404, w.do("PATCH", at, `{}`, "Accept-Language", "es-ES"))
	w.want(404, w.do("GET", at+"/localizations/es-ES", nil))
	if l := w.want(200, w.do("GET", at+"/localizations?$select=id", nil)).values(); len(l) != 2 || l[0]["id"] != "0" || l[1]["id"] != "fr-FR" {
		t.Errorf("localizations: %v", l)
	}
	if b := w.want(200, w.do("GET", at+"/localizations/default", nil)).body; b["usernameHintText"] != "DefaultHint" {
		t.Errorf("the default among localizations: %v", b)
	}

	// Streams.
	logo := drawing(t, 245, 36)
	w.want(204, w.do("PUT", at+"/bannerLogo", logo, "Content-Type", "image/png"))
	w.want(204, w.do("PATCH", at+"/localizations/fr-FR/squareLogo", logo, "Content-Type", "application/octet-stream"))
	w.want(204, w.do("PUT", at+"/customCSS", ".ext-title { color: #0b6e4f; behavior: url(x) }", "Content-Type", "text/css"))
	w.want(204, w.do("PUT", at+"/localizations/fr-FR/contentCustomization", `{"SignIn_Title":"Bienvenue"}`, "Content-Type", "application/json"))
	b := w.want(200, w.do("GET", at, nil)).body
	address, _ := b["bannerLogoRelativeUrl"].(string)
	if !strings.HasPrefix(address, "shop/branding/") || !strings.HasSuffix(address, ".png") || b["cdnList"].([]any)[0] != strings.TrimPrefix(w.base, "http://") {
		t.Errorf("the picture's address: %v %v", address, b["cdnList"])
	}
	w.want(204, w.do("PUT", at+"/localizations/fr-FR/customCSS", ".ext-title { color: #9b111e }", "Content-Type", "text/css"))
	french := w.want(200, w.do("GET", at+"/localizations/fr-FR", nil)).body
	for _, of := range []struct {
		at  any
		has string
	}{{b["customCSSRelativeUrl"], "#0b6e4f"}, {french["customCSSRelativeUrl"], "#9b111e"}} {
		file, _ := of.at.(string)
		hash, css := strings.CutSuffix(strings.TrimPrefix(file, "shop/branding/"), ".css")
		if sheet, err := w.store.Tenant(w.tenant.ID).StyleSheet(t.Context(), hash); !css || err != nil || !strings.Contains(sheet, of.has) || strings.Contains(sheet, "behavior") {
			t.Errorf("the style sheet's address %v: %q %v", of.at, sheet, err)
		}
	}
	w.want(204, w.do("DELETE", at+"/localizations/fr-FR/customCSS", nil))
	if l := w.want(200, w.do("GET", at+"/localizations/fr-FR", nil)).body; l["customCSSRelativeUrl"] != nil {
		t.Errorf("a look without a style sheet: %v", l["customCSSRelativeUrl"])
	}
	if dropped := b["portico"].(map[string]any)["customCSSDropped"].([]any); len(dropped) != 1 {
		t.Errorf("what was dropped: %v", dropped)
	}
	if s := w.want(200, w.do("GET", at+"/bannerLogo", nil)); s.header.Get("Content-Type") != "image/png" || len(s.raw) == 0 {
		t.Errorf("the picture: %s, %d bytes", s.header.Get("Content-Type"), len(s.raw))
	}
	if s := w.want(200, w.do("GET", at+"/squareLogo", nil)); s.raw != "" {
		t.Errorf("a stream that is not set: %q", s.raw)
	}
	if s := w.want(200, w.do("GET", at+"/customCSS", nil)); !strings.Contains(s.raw, ".ext-title") {
		t.Errorf("the style sheet: %q", s.raw)
	}
	if s := w.want(200, w.do("GET", at+"/localizations/fr-FR/contentCustomization", nil)); !strings.Contains(s.raw, "Bienvenue") {
		t.Errorf("texts: %q", s.raw)
	}
	w.want(404, w.do("PUT", at+"/localizations/es-ES/bannerLogo", logo, "Content-Type", "image/png"))
	for _, bad := range []struct {
		stream, kind string
		body         any
		status       int
	}{
		{"bannerLogo", "image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg'/>", 415}, {"bannerLogo", "image/png", "<svg xmlns='http://www.w3.org/2000/svg'/>", 415},
		{"bannerLogo", "application/json", "{}", 415}, {"customCSS", "image/png", logo, 415}, {"bannerLogo", "image/png", "", 400}, {"favicon", "image/png", logo[:50], 400},
		{"backgroundImage", "image/jpeg", make([]byte, branding.MaxPictureBytes+1), 413}, {"customCSS", "text/css", strings.Repeat("a", 65<<10), 400},
		{"contentCustomization", "application/json", `{"No_Such":"x"}`, 400},
		{"contentCustomization", "application/json", `{"signin.buton":"x"}`, 400},           // no key of ours
		{"contentCustomization", "application/json", `{"admin.permission.draft":"x"}`, 400}, // of staff alone
		{"contentCustomization", "application/json", `{"attributeCollection":[{"key":"mail.x","value":"x"}]}`, 400},
	} {
		a := w.want(bad.status, w.do("PUT", at+"/"+bad.stream, bad.body, "Content-Type", bad.kind))
		if e := a.body["error"].(map[string]any); e["target"] != bad.stream || e["message"] == "" {
			t.Errorf("%s %s: %v", bad.stream, bad.kind, e)
		}
	}
	for body, target := range map[string]string{`{"backgroundColor":"red"}`: "backgroundColor", `{"bannerLogoRelativeUrl":"x"}`: "bannerLogoRelativeUrl", `{"cdnList":[]}`: "cdnList",
		`{"usernameHintText":"` + strings.Repeat("x", 65) + `"}`: "usernameHintText", `{"customTermsOfUseUrl":"javascript:1"}`: "customTermsOfUseUrl", `{"nothing":1}`: "nothing",
		`{"bannerLogo":"AAAA"}`: "bannerLogo", `{"portico":{"title":"` + strings.Repeat("x", 200) + `"}}`: "portico/title"} {
		if e := w.want(400, w.do("PATCH", at, body)).body["error"].(map[string]any); e["target"] != target {
			t.Errorf("%s: %v", body, e)
		}
	}
	w.want(204, w.do("DELETE", at+"/bannerLogo", nil))
	w.want(405, w.do("POST", at+"/bannerLogo", logo))
	w.want(404, w.do("GET", "/organization/"+roleID+"/branding", nil))
	w.want(404, w.do("GET", at+"/themes", nil)) // beta only

	w.want(400, w.do("DELETE", at, nil)) // localizations go first
	w.want(204, w.do("DELETE", at+"/localizations/fr-FR", nil))
	w.want(204, w.do("DELETE", at, nil))
	w.want(404, w.do("GET", at, nil))
	w.want(404, w.do("DELETE", at, nil))
}

func TestBrandingIsReadByOnesOwnPeople(t *testing.T) {
	w, at := brandingWorld(t)
	w.want(204, w.do("PATCH", at, `{"usernameHintText":"Hi"}`))
	id := w.newPerson("Ann")
	w.tokens["ann"] = Token{TenantID: w.tenant.ID, ClientID: w.client.ClientID, UserID: id, Scopes: []string{"User.Read"}}
	w.want(200, w.do("GET", at, nil, "Authorization", "Bearer ann"))
	w.want(200, w.do("GET", at+"/localizations/0", nil, "Authorization", "Bearer ann"))
	w.want(403, w.do("GET", at+"/customCSS", nil, "Authorization", "Bearer ann"))
	w.want(403, w.do("PATCH", at, `{}`, "Authorization", "Bearer ann"))
}

// TestAScriptLeavesTheDraftAlone: what an admin works at is neither published by a script nor lost.
func TestAScriptLeavesTheDraftAlone(t *testing.T) {
	w, at := brandingWorld(t)
	const own = "/beta/portico/branding/company"
	w.want(204, w.do("PATCH", at, `{"usernameHintText":"A","signInPageText":"S"}`))
	w.want(404, w.do("GET", own+"/draft", nil))
	d := w.want(200, w.do("PATCH", own+"/draft", `{"languages":{"0":{"title":"New","signInText":"Mine"}}}`))
	stale := d.body["revision"]
	w.want(204, w.do("PATCH", at, `{"usernameHintText":"B","signInPageText":"Theirs","backgroundColor":"#112233"}`))
	if b := w.want(200, w.do("GET", at, nil)).body; b["usernameHintText"] != "B" || b["portico"].(map[string]any)["title"] != "" {
		t.Errorf("published: %v", b)
	}
	d = w.want(200, w.do("GET", own+"/draft", nil))
	e := d.body["languages"].(map[string]any)["0"].(map[string]any)
	if e["title"] != "New" || e["signInText"] != "Mine" || e["usernameHint"] != "B" || e["background"] != "#112233" {
		t.Errorf("draft: %v", e)
	}
	w.want(400, w.do("POST", own+"/publish", `{}`))
	w.want(409, w.do("POST", own+"/publish", map[string]any{"revision": stale}))
	w.want(200, w.do("POST", own+"/publish", map[string]any{"revision": d.body["revision"], "note": "n"}))
	if b := w.want(200, w.do("GET", at, nil)).body; b["signInPageText"] != "Mine" || b["backgroundColor"] != "#112233" {
		t.Errorf("published draft: %v", b)
	}
	v := w.want(200, w.do("GET", own+"/versions", nil)).values()
	if len(v) != 3 || v[0]["isPublished"] != true || v[0]["note"] != "n" {
		t.Errorf("versions: %v", v)
	}
	w.want(200, w.do("GET", own+"/versions/1", nil))
	w.want(404, w.do("GET", own+"/versions/9", nil))
	if d = w.want(200, w.do("POST", own+"/restore", `{"version":1}`)); d.body["languages"].(map[string]any)["0"].(map[string]any)["usernameHint"] != "A" {
		t.Errorf("restored: %v", d.body)
	}
	w.want(412, w.do("DELETE", own+"/draft", nil, "If-Match", `W/"1"`))
	w.want(204, w.do("DELETE", own+"/draft", nil))
	if e := w.want(400, w.do("PUT", own+"/draft", `{"languages":{"fr":{"color":"x"}}}`)).body["error"].(map[string]any); e["target"] != "languages/fr/color" {
		t.Errorf("%v", e)
	}
	w.want(400, w.do("PUT", own+"/draft", `{"languages":{"0":{"colour":"x"}}}`))
	w.want(404, w.do("GET", "/portico/branding", nil))
}

func TestThemesAreBoundToApps(t *testing.T) {
	w, at := brandingWorld(t)
	const listeners = "/beta/identity/authenticationEventListeners"
	at = "/beta" + at
	made := w.want(201, w.do("POST", at+"/themes", `{"name":"Cars"}`))
	id := made.body["id"].(string)
	w.want(400, w.do("POST", at+"/themes", `{}`))
	w.want(400, w.do("POST", at+"/themes", `{"name":"cars"}`))
	w.want(204, w.do("PATCH", at+"/themes/"+id, `{"name":"Fast cars"}`))
	if l := w.want(200, w.do("GET", at+"/themes?$filter=name%20eq%20'Fast%20cars'&$select=id,name", nil)).values(); len(l) != 1 || l[0]["id"] != id {
		t.Errorf("themes: %v", l)
	}
	in := at + "/themes/" + id + "/localizations"
	w.want(201, w.do("POST", in, `{"locale":"fr-FR","usernameHintText":"Bonjour","forgotMyPassword":{"customText":"Oublié ?"},"privacyAndCookies":{"customUrl":"https://x.example/p","isHidden":true}}`))
	w.want(204, w.do("PATCH", in+"/0", `{"pageBackgroundColor":"#101010"}`))
	w.want(204, w.do("PUT", in+"/fr-FR/headerLogo", drawing(t, 100, 30), "Content-Type", "image/png"))
	b := w.want(200, w.do("GET", in+"('fr-FR')", nil)).body
	if p := b["privacyAndCookies"].(map[string]any); b["locale"] != "fr-FR" || p["isHidden"] != true || p["customUrl"] != "https://x.example/p" || b["headerLogoRelativeUrl"] == nil {
		t.Errorf("localization of a theme: %v", b)
	}
	w.want(400, w.do("PATCH", in+"/fr-FR", `{"forgotMyPassword":{"customUrl":"https://x.example"}}`))

	app := w.want(201, w.do("POST", "/applications", map[string]any{"displayName": "Car"})).body["appId"].(string)
	body := func(apps ...string) map[string]any {
		list := []any{}
		for _, a := range apps {
			list = append(list, map[string]any{"appId": a})
		}
		return map[string]any{"@odata.type": "#microsoft.graph.onPageRenderStartListener", "conditions": map[string]any{"applications": map[string]any{"includeAllApplications": false, "includeApplications": list}},
			"handler": map[string]any{"@odata.type": "#microsoft.graph.onPageRenderStartBrandingOverrideHandler", "brandingTheme": map[string]any{"id": id}}}
	}
	w.want(400, w.do("POST", listeners, body()))
	w.want(400, w.do("POST", listeners, body(roleID)))
	w.newClient("listeners only", w.tenant, access.FlowWrite, access.BrandingWrite)
	w.want(403, w.do("POST", listeners, body(app), "Authorization", "Bearer listeners only"))
	l := w.want(201, w.do("POST", listeners, body(app)))
	one := listeners + "/" + l.body["id"].(string)
	dir, err := w.store.Directory(context.Background(), w.tenant.ID)
	if err != nil || len(dir.Branding.OfApp) != 1 {
		t.Errorf("the app's theme: %v %v", dir.Branding.OfApp, err)
	}
	if b := w.want(200, w.do("GET", one, nil)).body; b["@odata.type"] != "#microsoft.graph.onPageRenderStartListener" || b["handler"].(map[string]any)["brandingTheme"].(map[string]any)["id"] != id {
		t.Errorf("the listener: %v", b)
	}
	w.want(404, w.do("GET", strings.TrimPrefix(one, "/beta"), nil))
	if got := w.want(200, w.do("GET", listeners, nil)).values(); len(got) != 1 {
		t.Errorf("listeners: %v", got)
	}
	w.want(204, w.do("PATCH", one, body()))
	w.want(404, w.do("GET", one, nil))
	w.want(201, w.do("POST", listeners, body(app)))
	w.want(204, w.do("DELETE", one, nil))
	w.want(201, w.do("POST", listeners, body(app)))
	w.want(400, w.do("DELETE", at+"/themes/company", nil))
	w.want(204, w.do("DELETE", at+"/themes/"+id, nil))
	w.want(404, w.do("GET", in, nil))
	w.want(404, w.do("GET", one, nil))
}

func TestBrandingIsConfiguration(t *testing.T) {
	w, at := brandingWorld(t)
	ctx := context.Background()
	w.want(204, w.do("PATCH", at, `{"usernameHintText":"A","portico":{"color":"#0b6e4f"}}`))
	w.want(204, w.do("PUT", at+"/bannerLogo", drawing(t, 245, 36), "Content-Type", "image/png"))
	w.want(201, w.do("POST", at+"/localizations", `{"id":"de","usernameHintText":"B"}`))
	theme := w.want(201, w.do("POST", "/beta"+at+"/themes", `{"name":"Cars"}`)).body["id"].(string)
	w.want(204, w.do("PATCH", "/beta"+at+"/themes/"+theme+"/localizations/0", `{"pageBackgroundColor":"#101010"}`))
	app := w.want(201, w.do("POST", "/applications", `{"displayName":"Car"}`)).body
	if err := w.tenant.SetAppTheme(ctx, audit.System("test"), app["id"].(string), theme); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files, err := w.api.Export(ctx, w.tenant.ID, dir)
	if err != nil {
		t.Fatal(err)
	}
	if all := strings.Join(files, " "); !strings.Contains(all, "branding/company.json") || !strings.Contains(all, "branding-themes/cars.json") || !strings.Contains(all, "branding-pictures/bannerlogo-") {
		t.Errorf("files: %s", all)
	}
	changes, err := w.api.Plan(ctx, w.tenant.ID, dir)
	if err != nil || len(changes) != 0 {
		t.Errorf("a plan of what is there: %s %v", Describe(changes), err)
	}
	other := w.newTenant("other")
	changes, err = w.api.Plan(ctx, other.ID, dir)
	said := Describe(changes)
	if err != nil || !strings.Contains(said, "+ create branding-picture") || !strings.Contains(said, `languages.de: add {"usernameHint":"B"}`) || !strings.Contains(said, `create branding-theme "Cars"`) || len(said) > 20_000 {
		t.Errorf("%v\n%s", err, said)
	}
	if _, err := w.api.Apply(ctx, other.ID, dir, audit.System("test")); err != nil {
		t.Fatal(err)
	}
	again := t.TempDir()
	if _, err := w.api.Export(ctx, other.ID, again); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasPrefix(f, "branding") {
			continue
		}
		a, _ := os.ReadFile(filepath.Join(dir, f))
		b, _ := os.ReadFile(filepath.Join(again, f))
		if !bytes.Equal(a, b) {
			t.Errorf("%s differs:\n%.400s\n%.400s", f, a, b)
		}
	}
	// A picture that is not among the files and not in the tenant is refused with the file.
	if err := os.RemoveAll(filepath.Join(dir, "branding-pictures")); err != nil {
		t.Fatal(err)
	}
	third := w.newTenant("third")
	if _, err := w.api.Apply(ctx, third.ID, dir, audit.System("test")); err == nil || !strings.Contains(err.Error(), "branding/company.json") {
		t.Errorf("a missing picture: %v", err)
	}
}
