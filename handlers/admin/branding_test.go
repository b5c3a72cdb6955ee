package admin

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"portico/app/access"
	"portico/app/branding"
	"portico/app/userflow"
	"portico/handlers"
	"portico/models"
	"portico/models/modelstest"
)

const brandingAt = "/admin/t/shop/branding"

// brandingOf reads a look of the bench's shop.
func (b *bench) brandingOf(id string) models.Branding {
	b.Helper()
	x, err := b.shop.Branding(b.Context(), id)
	b.must(err)
	return x
}

func (b *bench) revisionOf(id string) string { return strconv.Itoa(b.brandingOf(id).Revision) }

// branded gives the shop a published look and a draft of the next.
func (b *bench) branded() {
	b.Helper()
	say := func(e branding.Elements) models.Branding {
		x := b.brandingOf(branding.Company)
		x, err := b.shop.SaveBrandingDraft(b.Context(), modelstest.Actor(), x.ID, branding.Document{Languages: map[string]branding.Elements{"": e, "fr-FR": {Title: "Bonjour"}}}, x.Revision)
		b.must(err)
		return x
	}
	x := say(branding.Elements{Color: "#0b6e4f"})
	_, err := b.shop.PublishBranding(b.Context(), modelstest.Actor(), x.ID, x.Revision, "First")
	b.must(err)
	say(branding.Elements{Color: "#ffee00", CSS: ".ext-title { position: fixed }"})
}

// drawn is a picture of one colour.
func drawn(w, h int, c color.Color) string {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		img.Set(i%w, i/w, c)
	}
	var out bytes.Buffer
	_ = png.Encode(&out, img)
	return out.String()
}

// pictures sends a form with files, each in its place among the fields, as browsers do.
func (w *browser) pictures(path string, files map[string]string, pairs ...string) answer {
	w.b.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	w.b.must(m.WriteField(handlers.CSRFField, w.b.portal.CSRF.Token(w.session)))
	for name, data := range files {
		part, err := m.CreateFormFile(name, "picture.png")
		w.b.must(err)
		_, err = part.Write([]byte(data))
		w.b.must(err)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		w.b.must(m.WriteField(pairs[i], pairs[i+1]))
	}
	part, err := m.CreateFormFile("pictures.none", "")
	w.b.must(err)
	_ = part
	w.b.must(m.Close())
	r := httptest.NewRequest(http.MethodPost, path, &body)
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return w.send(r)
}

// TestACompanyIsBranded walks a look from nothing to a published version and back.
func TestACompanyIsBranded(t *testing.T) {
	b := newBench(t)
	w := b.global()
	const company = brandingAt + "/company"
	w.get(brandingAt).wants(t, 200, "Company branding", "Nothing set yet", "all applications look alike", "Themes")
	w.get(company+"/edit?tab=basics").wants(t, 200, "Colour of the brand", "Now: a neutral dark blue", "Nothing to measure", "Preview")

	a := w.pictures(company+"/edit?tab=basics", map[string]string{"pictures.favicon": drawn(64, 64, color.RGBA{11, 110, 79, 255})}, "revision", b.revisionOf("company"), "language", "", "color", "0B6E4F", "corners", "square", "background", "")
	if a.status != 303 {
		t.Fatalf("saving answered %d: %s", a.status, text(a.body))
	}
	x := b.brandingOf("company")
	all := x.Draft.Languages[""]
	if all.Color != "#0b6e4f" || all.Corners != branding.Square || all.Pictures[branding.Favicon] == "" || x.Version != 0 || !x.Changed {
		t.Fatalf("%+v", x)
	}
	w.get(company+"/edit?tab=basics").wants(t, 200, "Draft by Admin global@staff.example", "Colour of the brand: #0b6e4f", "Favicon: a new picture", "Use the default again", "Stored as PNG", "Words on buttons")
	if dir, err := b.store.ManagedDirectory(t.Context(), "shop"); err != nil || dir.Branding.Company.Languages[""].Color != "" {
		t.Errorf("customers see the draft: %v", err)
	}

	// A language of its own.
	w.get(company+"/languages").wants(t, 200, "French (France) – Français (France)")
	w.post(company+"/languages", "revision", b.revisionOf("company"), "language", "xx").wants(t, 422, "Choose a language")
	if a := w.post(company+"/languages", "revision", b.revisionOf("company"), "language", "fr-FR"); a.status != 303 || !strings.HasSuffix(a.location, "tab=sign-in-form&language=fr-FR") {
		t.Fatalf("%d %s %s", a.status, a.location, text(a.body))
	}
	if a := w.post(company+"/edit?tab=sign-in-form", "revision", b.revisionOf("company"), "language", "fr-FR", "title", "Bonjour", "signInText", "**Bienvenue** chez nous"); a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	w.get(company).wants(t, 200, "French (France)", "2 elements differ")
	w.get(company+"/edit?tab=basics&language=fr-FR").wants(t, 200, "Now: #0b6e4f, from all languages")
	w.get(company+"/edit?tab=review&language=fr-FR").wants(t, 200, "What publishing would change", "French (France) is added", "French (France): Title: “Bonjour”")

	w.get(company+"/publish").wants(t, 200, "Publish version 1", "Colour of the brand: #0b6e4f", "French (France): Title: “Bonjour”")
	if a := w.post(company+"/publish", "revision", b.revisionOf("company"), "note", "The new house style"); a.status != 303 {
		t.Fatalf("publishing answered %d: %s", a.status, text(a.body))
	}
	dir, err := b.store.ManagedDirectory(t.Context(), "shop")
	b.must(err)
	if look := dir.Branding.For("", "fr"); look.Title != "Bonjour" || look.Color != "#0b6e4f" {
		t.Errorf("customers see %+v", look)
	}
	w.get(company+"/versions").wants(t, 200, "Version 1", "The new house style", "Customers see it")

	// Another version, and back.
	w.post(company+"/edit?tab=basics", "revision", b.revisionOf("company"), "language", "", "color", "#ffee00")
	w.get(company+"/edit?tab=basics").wants(t, 200, "Links in the colour of the brand, on light pages", "#ffee00 on #ffffff does not reach it", "Use #")
	w.post(company+"/publish", "revision", b.revisionOf("company"))
	w.get(company+"/versions/1").wants(t, 200, "Different since then", "Colour of the brand: #ffee00, was #0b6e4f", "Restore as draft")
	w.get(company+"/versions/1/restore").wants(t, 200, "Version 1 becomes the draft", "Colour of the brand: #0b6e4f, was #ffee00")
	if a := w.post(company+"/versions/1/restore", "revision", b.revisionOf("company")); a.status != 303 {
		t.Fatalf("restoring answered %d: %s", a.status, text(a.body))
	}
	if x := b.brandingOf("company"); x.Draft.Languages[""].Color != "#0b6e4f" || x.Published.Languages[""].Color != "#ffee00" || !x.Changed {
		t.Errorf("%+v", x)
	}
	w.get(company+"/discard").wants(t, 200, "Lost: Colour of the brand: #0b6e4f")
	w.post(company+"/discard", "revision", b.revisionOf("company"))
	if b.brandingOf("company").Changed {
		t.Error("the draft is still there")
	}
}

// TestNothingTypedInTheStudioIsLost: what is wrong is told at its field, a picture that is refused keeps nothing else from being
// saved, and who comes second keeps what they typed.
func TestNothingTypedInTheStudioIsLost(t *testing.T) {
	b := newBench(t)
	w := b.global()
	const company = brandingAt + "/company"
	a := w.post(company+"/edit?tab=basics", "revision", "0", "language", "", "color", "green-ish", "background", "#fafafa")
	a.wants(t, 422)
	if !strings.Contains(a.body, `value="green-ish"`) || !strings.Contains(a.body, `value="#fafafa"`) || !strings.Contains(a.body, `aria-invalid="true"`) || b.brandingOf("company").Changed {
		t.Errorf("what was typed: %s", text(a.body))
	}
	a = w.pictures(company+"/edit?tab=basics", map[string]string{"pictures.favicon": "no picture", "pictures.backgroundImage": drawn(640, 360, color.RGBA{200, 10, 10, 255})}, "revision", b.revisionOf("company"), "language", "", "color", "#123456")
	a.wants(t, 422, "Favicon")
	if all := b.brandingOf("company").Draft.Languages[""]; all.Color != "#123456" || all.Pictures[branding.BackgroundImage] == "" || all.Pictures[branding.Favicon] != "" || !strings.Contains(a.body, `id="f-pictures-favicon-error"`) {
		t.Errorf("%+v: %s", all, text(a.body))
	}

	// A page from before the last sign-in keeps its words, files or not, and knows its tab.
	stale := w.session
	w.session = "another"
	a = w.pictures(company+"/edit?tab=sign-in-form", nil, "revision", b.revisionOf("company"), "language", "", "title", "Kept all the same")
	w.session = stale
	if a.status != 409 || !strings.Contains(a.body, `value="Kept all the same"`) || !strings.Contains(a.body, "/edit?tab=sign-in-form") {
		t.Errorf("%d %s", a.status, text(a.body))
	}

	two := b.admin("two@staff.example", access.GlobalAdministratorID, access.AllTenants)
	old := b.revisionOf("company")
	w.post(company+"/edit?tab=footer", "revision", old, "language", "", "privacy.url", "https://shop.example/privacy")
	a = two.post(company+"/edit?tab=sign-in-form", "revision", old, "language", "", "title", "Typed by two")
	a.wants(t, 422, "Admin global@staff.example", "What you typed is still here")
	now := regexp.MustCompile(`name="revision" value="(\d+)"`).FindStringSubmatch(a.body)
	if !strings.Contains(a.body, `value="Typed by two"`) || now == nil {
		t.Fatalf("lost: %s", text(a.body))
	}
	if a := two.post(company+"/edit?tab=sign-in-form", "revision", now[1], "language", "", "title", "Typed by two"); a.status != 303 {
		t.Fatalf("again: %d %s", a.status, text(a.body))
	}
	all := b.brandingOf("company").Draft.Languages[""]
	if all.Title != "Typed by two" || all.Privacy.URL != "https://shop.example/privacy" || all.Color != "#123456" {
		t.Errorf("%+v", all)
	}
	w.post(company+"/edit?tab=sign-in-form", "revision", b.revisionOf("company"), "language", "", "title", "Typed by two", "reset", "title")
	if all := b.brandingOf("company").Draft.Languages[""]; all.Title != "" {
		t.Errorf("not the default again: %+v", all)
	}
	w.post(company+"/edit?tab=basics", "revision", b.revisionOf("company"), "language", "", "color", "#ffee00", "take", "color=#756b00")
	if all := b.brandingOf("company").Draft.Languages[""]; all.Color != "#756b00" {
		t.Errorf("the offered colour was not taken: %+v", all)
	}
}

// TestThemesAreForApplications: only who may change applications too gives one to an application.
func TestThemesAreForApplications(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	w.post(brandingAt, "name", "").wants(t, 422)
	a := w.post(brandingAt, "name", "Auto")
	if a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	one := strings.TrimSuffix(a.location, "/edit?tab=basics")
	id := one[strings.LastIndex(one, "/")+1:]
	looks := b.admin("looks@staff.example", b.roleID("Organizational Branding Administrator"), b.shop.ID)
	looks.get(one).wants(t, 200, "is decided by who may change both")
	if a := looks.post(one+"/apps", "application", th.app.ID); a.status != 403 {
		t.Errorf("a theme was given without the right over applications: %d", a.status)
	}
	if a := looks.post(one+"/edit?tab=basics", "revision", b.revisionOf(id), "language", "", "color", "#1d4ed8"); a.status != 303 {
		t.Errorf("%d %s", a.status, text(a.body))
	}
	w.get(one).wants(t, 200, "Nothing of this theme is published yet")
	if a := w.post(one+"/apps", "application", th.app.ID); a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	w.post(one+"/publish", "revision", b.revisionOf(id))
	dir, err := b.store.ManagedDirectory(t.Context(), "shop")
	b.must(err)
	if dir.Branding.For(th.app.ID, "en").Color != "#1d4ed8" || dir.Branding.For("", "en").Color != "" {
		t.Error("the theme is not that of its application alone")
	}
	w.get(brandingAt).wants(t, 200, "Auto", "Market", "Version 1 published")
	// What cannot be done is not offered: the theme of an application goes only with the right over applications.
	if a := looks.get(one); a.status != 200 || strings.Contains(a.body, one+"/delete") || !strings.Contains(text(a.body), "who may change applications") {
		t.Errorf("%d %s", a.status, text(a.body))
	}
	for _, a := range []answer{looks.get(one + "/delete"), looks.post(one+"/delete", "name", "Auto")} {
		a.wants(t, 403)
	}
	if a := w.get(one); !strings.Contains(a.body, one+"/delete") {
		t.Errorf("who may delete it is not offered to: %s", text(a.body))
	}
	w.post(one+"/rename", "name", "Cars")
	w.get(one+"/delete").wants(t, 200, "“Market” looks like the company again")
	w.post(one+"/delete", "name", "Auto").wants(t, 422)
	if a := w.post(one+"/delete", "name", "cars"); a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	if a := w.get(one); a.status != 404 {
		t.Errorf("the theme is still there: %d", a.status)
	}
}

// TestTheStudioFallsBackAsPagesDo: what a theme's language falls back to is what customers of that language get, also where
// the company's own is for another region of it.
func TestTheStudioFallsBackAsPagesDo(t *testing.T) {
	b := newBench(t)
	w := b.global()
	save := func(id string, languages map[string]branding.Elements) {
		_, err := b.shop.EditPublishedBranding(b.Context(), modelstest.Actor(), id, "", func(d *branding.Document) error { d.Languages = languages; return nil })
		b.must(err)
	}
	theme, err := b.shop.CreateTheme(b.Context(), modelstest.Actor(), "Auto")
	b.must(err)
	save(branding.Company, map[string]branding.Elements{"": {Title: "Welcome", Color: "#0b6e4f"}, "fr-FR": {Title: "Bonjour", Color: "#ffee00"}})
	save(theme.ID, map[string]branding.Elements{"fr": {Description: "Des voitures"}, "de": {Description: "Autos"}})
	at := brandingAt + "/" + theme.ID + "/edit?tab="
	w.get(at+"sign-in-form&language=fr").wants(t, 200, "Now: “Bonjour”, from the company branding in French (France)")
	w.get(at+"sign-in-form&language=de").wants(t, 200, "Now: “Welcome”, from the company branding")
	for lang, color := range map[string]string{"fr": "#ffee00", "de": "#0b6e4f"} {
		_, contrast, _ := strings.Cut(w.get(at+"basics&language="+lang).body, "Contrast")
		if bad := strings.Contains(contrast, "does not reach it"); bad != (lang == "fr") {
			t.Errorf("%s: the contrast of %s is not what is measured: %s", lang, color, text(contrast))
		}
	}
}

// TestTextsOfFlowsAreForTheBranding: who looks after the branding writes the texts of user flows, publishes drafts of
// nothing else, and sees no more of the flow (R 2.8.8).
func TestTextsOfFlowsAreForTheBranding(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	looks := b.admin("looks@staff.example", b.roleID("Organizational Branding Administrator"), b.shop.ID)
	flow := "/admin/t/shop/user-flows/" + th.flow.ID
	revision := func() string {
		d, _, err := b.shop.Draft(b.Context(), th.flow.ID)
		b.must(err)
		return strconv.Itoa(d.Revision)
	}
	if a := looks.get(brandingAt); a.status != 200 || !strings.Contains(a.body, flow+"/languages") {
		t.Errorf("no way to the texts: %s", text(a.body))
	}
	a := looks.get(flow + "/languages/de")
	if a.wants(t, 200, "SignIn_Title", "Save draft"); strings.Contains(a.body, flow+"/run") || strings.Contains(a.body, flow+"/methods") || strings.Contains(a.body, `"`+flow+`"`) {
		t.Errorf("what cannot be opened is offered: %s", a.body)
	}
	if a := looks.post(flow+"/languages/de", "revision", "0", "text.SignIn_Title", "Servus"); a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	looks.get(flow+"/publish").wants(t, 200, "Texts in de")
	if a := looks.post(flow+"/publish", "revision", revision()); a.status != 303 || a.location != flow+"/languages" {
		t.Fatalf("%d %s %s", a.status, a.location, text(a.body))
	}
	now, err := b.shop.Flow(b.Context(), th.flow.ID)
	b.must(err)
	if now.Texts["de"]["SignIn_Title"] != "Servus" {
		t.Errorf("texts: %v", now.Texts)
	}
	// A draft that changes more is not theirs to publish or to throw away, but they may add their texts to it.
	_, err = b.shop.SaveDraft(b.Context(), modelstest.Actor(), th.flow.ID, 0, func(f *userflow.Flow) error { f.SignUpAllowed = !f.SignUpAllowed; return nil })
	b.must(err)
	if a := looks.post(flow+"/languages/de", "revision", revision(), "text.SignIn_Title", "Grüß Gott"); a.status != 303 {
		t.Errorf("%d %s", a.status, text(a.body))
	}
	for _, end := range []string{"/publish", "/discard"} {
		if a := looks.get(flow + "/languages"); strings.Contains(a.body, flow+end) {
			t.Errorf("%s is offered", end)
		}
		looks.get(flow+end).wants(t, 200, "more of the user flow than its texts")
		looks.post(flow+end, "revision", revision()).wants(t, 403)
	}
	if a := w.post(flow+"/publish", "revision", revision()); a.status != 303 {
		t.Errorf("%d %s", a.status, text(a.body))
	}
	readers := b.admin("reads@staff.example", b.roleID("Global Reader"), b.shop.ID)
	readers.post(flow+"/languages/de", "revision", "0", "text.SignIn_Title", "Nein").wants(t, 403)
}

// TestPreviewsRunNothing: a preview is a page of no origin, with the company's one style and nothing else, for admins
// with the right only.
func TestPreviewsRunNothing(t *testing.T) {
	b := newBench(t)
	w := b.global()
	const company = brandingAt + "/company"
	w.post(company+"/edit?tab=basics", "revision", "0", "language", "", "color", "#0b6e4f")
	for _, o := range lookPages() {
		for _, lang := range []string{"en", "ar", pseudoLanguage} {
			a := w.get(company + "/preview?scheme=dark&in=" + lang + "&page=" + o.Value)
			csp := a.header.Get("Content-Security-Policy")
			if a.status != 200 || !strings.Contains(a.body, `data-scheme="dark"`) || !strings.Contains(a.body, " inert") {
				t.Errorf("%s in %s: %d %.200s", o.Value, lang, a.status, a.body)
			}
			if !strings.HasPrefix(csp, "sandbox; default-src 'none'; style-src 'self' 'sha256-") || strings.Contains(csp, "script-src") || strings.Contains(csp, "unsafe-inline") || strings.Contains(csp, "unsafe-eval") ||
				strings.Contains(csp, "unsafe") != strings.HasPrefix(o.Value, "mail:") || // a letter's styles stand beside its elements, each allowed by its hash
				a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %s", o.Value, csp)
			}
			if strings.Contains(a.body, "prefers-color-scheme: dark)") {
				t.Errorf("%s asks what the admin's screen is", o.Value)
			}
		}
	}
	if a := w.get(company + "/preview?page=sign-in"); !strings.Contains(a.body, "#0b6e4f") {
		t.Error("the draft is not drawn")
	}
	for _, page := range []string{"not-found", "failure"} {
		if a := w.get(company + "/preview?page=" + page); !strings.Contains(a.body, "#0b6e4f") || strings.Contains(a.body, "Contoso") {
			t.Errorf("%s is not in the look that is edited", page)
		}
	}
	typed := w.post(company+"/preview?tab=basics&page=mail:code&in=ar", "language", "", "color", "#a01010", "background", "half a col")
	typed.wants(t, 200)
	if !strings.Contains(typed.body, "#a01010") || !strings.Contains(typed.body, `dir="rtl"`) || b.brandingOf("company").Draft.Languages[""].Color != "#0b6e4f" {
		t.Errorf("what is typed is not drawn, or was saved: %.300s", typed.body)
	}
	w.post(company+"/contrast", "language", "", "color", "#ffee00").wants(t, 200, "does not reach it", "Use #")
	reader := b.admin("users@staff.example", b.roleID("User Administrator"), b.shop.ID)
	if a := reader.get(company + "/preview"); a.status != 403 {
		t.Errorf("somebody without the right sees a draft: %d", a.status)
	}
	other := modelstest.MustTenant(t, b.store, "other")
	elsewhere := b.admin("else@staff.example", access.GlobalAdministratorID, other.ID)
	if a := elsewhere.get(company + "/preview"); a.status != 403 {
		t.Errorf("an admin of another tenant sees a draft: %d", a.status)
	}
}

// TestAStyleSheetIsLookedOver: what is left out is listed with its line, and the sheet comes back as it was sent.
func TestAStyleSheetIsLookedOver(t *testing.T) {
	b := newBench(t)
	w := b.global()
	const company = brandingAt + "/company"
	sheet := ".ext-title { color: #0b6e4f }\n@import url(https://evil.example/x.css);\n.ext-button { position: fixed }\n"
	a := w.pictures(company+"/edit?tab=css", map[string]string{"cssFile": sheet}, "revision", "0", "language", "", "css", "typed")
	if a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	w.get(company+"/edit?tab=css").wants(t, 200, "Left out", "@import url(https://evil.example/x.css)", "position: fixed", "Download this style sheet")
	if a := w.get(company + "/css"); a.status != 200 || a.body != sheet && a.body != strings.TrimSpace(sheet) || a.header.Get("Content-Disposition") == "" {
		t.Errorf("%d %q", a.status, a.body)
	}
	w.get(brandingAt+"/css-template").wants(t, 200, ".ext-sign-in-box")
}

// TestEveryElementCanBeSetAndGivenUp: the table of elements reaches everything that a look has.
func TestEveryElementCanBeSetAndGivenUp(t *testing.T) {
	for _, x := range elements() {
		var e branding.Elements
		v := "#123456"
		switch x.kind {
		case choiceElement:
			v = x.options[1].Value
		case switchElement:
			v = "no"
		case pictureElement:
			v = strings.Repeat("a", 64)
		case urlElement:
			v = "https://x.example"
		}
		x.set(&e, v)
		if x.get(e) != v || differing(e) != 1 || e.Validate() != nil {
			t.Errorf("%s: %q of %+v, %v", x.id, x.get(e), e, e.Validate())
		}
		if list := lookChanges(branding.Document{}, branding.Document{Languages: map[string]branding.Elements{"": e}}); len(list) != 1 || !strings.HasPrefix(list[0], x.label) {
			t.Errorf("%s: %q", x.id, list)
		}
		x.set(&e, "")
		if x.get(e) != "" || differing(e) != 0 {
			t.Errorf("%s stays: %+v", x.id, e)
		}
	}
}
