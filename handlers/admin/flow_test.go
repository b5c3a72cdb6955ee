package admin

import (
	"encoding/json"
	"html"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"portico/app/access"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// draft reads the draft of the bench's flow.
func (b *bench) draft(id string) (models.FlowDraft, bool) {
	b.Helper()
	d, has, err := b.shop.Draft(b.Context(), id)
	b.must(err)
	return d, has
}

// draws gives a flow some fields and terms in a draft, and the draft's revision.
func (b *bench) draws(id string, edit func(*userflow.Flow)) string {
	b.Helper()
	revision := 0
	if d, has := b.draft(id); has {
		revision = d.Revision
	}
	d, err := b.shop.SaveDraft(b.Context(), modelstest.Actor(), id, revision, func(f *userflow.Flow) error { edit(f); return nil })
	b.must(err)
	return strconv.Itoa(d.Revision)
}

func ids(f userflow.Flow) string {
	var out []string
	for _, a := range f.Attributes {
		out = append(out, a.ID)
	}
	return strings.Join(out, " ")
}

// TestANewFlowTakesAFewAnswers: version 1, its attributes in the order in which people expect them, its
// applications, and then the designer.
func TestANewFlowTakesAFewAnswers(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	app, _ := modelstest.MustApp(t, b.shop, "Till", "https://till.example/callback")
	w.get("/admin/t/shop/user-flows/new").wants(t, 200, "What is it called?", "Show more attributes", "Card number (custom)", "Which applications use it?", "Till", "Preview")
	a := w.post("/admin/t/shop/user-flows", "name", "Members", "signUpMethod", "emailCode", "attribute", "surname", "attribute", "givenName", "moreAttribute", th.attribute.ID, "application", app.ID)
	if a.status != 303 || !strings.HasSuffix(a.location, "/attributes") {
		t.Fatalf("%d to %q: %s", a.status, a.location, text(a.body))
	}
	w.get(a.location).wants(t, 200, "Members", "Version 1", "Card number")
	flows, err := b.shop.Flows(t.Context())
	b.must(err)
	for _, f := range flows {
		if f.Name != "Members" {
			continue
		}
		if f.Version != 1 || f.SignUpMethod != userflow.EmailCode || !f.SignUpAllowed || f.PasswordReset || ids(f.Flow) != "givenName surname "+th.attribute.ID || len(f.ApplicationIDs) != 1 {
			t.Errorf("%+v", f)
		}
		return
	}
	t.Error("no flow was made")
}

// TestANewFlowOfAdminsKeepsToTheirRules: the few questions do not ask what the directory of admins fixes.
func TestANewFlowOfAdminsKeepsToTheirRules(t *testing.T) {
	b := newBench(t)
	w := b.global()
	if a := w.post("/admin/t/workforce/user-flows", "name", "Contractors", "signUpMethod", "emailPassword"); a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	flows, err := b.workforce.Flows(t.Context())
	b.must(err)
	if len(flows) != 1 || flows[0].SignUpAllowed || flows[0].MFA.Enforcement != userflow.MFAAlways {
		t.Errorf("%+v", flows)
	}
}

// TestEditsMakeADraftThatOnlyAdminsSee walks a draft from its first change to its publishing and back.
func TestEditsMakeADraftThatOnlyAdminsSee(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	flow := "/admin/t/shop/user-flows/" + th.flow.ID
	if a := w.get(flow); strings.Contains(a.body, "Publish…") {
		t.Error("there is a draft before anybody made one")
	}
	for _, step := range [][]string{
		{"/attributes/add", "attribute", "givenName", "required", "yes"}, {"/attributes/add", "attribute", "surname"}, {"/attributes/add", "attribute", "city"},
		{"/attributes/arrange", "item", "city", "to", "top"}, {"/attributes/arrange", "item", "givenName", "to", "down"}, {"/attributes/arrange", "item", "city", "to", "bottom"},
		{"/attributes/arrange", "item", "city", "to", "up"}, {"/attributes/arrange", "item", "surname", "to", "remove"},
		{"/domains", "domains.deny", "@Spam.Example\nspam.example\nbücher.example", "refuseDisposable", "yes"},
	} {
		d, has := b.draft(th.flow.ID)
		revision := "0"
		if has {
			revision = strconv.Itoa(d.Revision)
		}
		if a := w.post(flow+step[0], append(step[1:], "revision", revision)...); a.status != 303 {
			t.Fatalf("%v answered %d: %s", step, a.status, text(a.body))
		}
	}
	d, _ := b.draft(th.flow.ID)
	if ids(d.Flow) != "city givenName" || strings.Join(d.Domains.Deny, " ") != "spam.example xn--bcher-kva.example" || !d.Domains.RefuseDisposable {
		t.Errorf("the draft asks for %q and refuses %q", ids(d.Flow), d.Domains.Deny)
	}
	if now, err := b.shop.Flow(t.Context(), th.flow.ID); err != nil || now.Version != 1 || len(now.Attributes) != 0 {
		t.Errorf("customers have %+v, %v", now, err)
	}
	w.get(flow).wants(t, 200, "Draft by Admin global@staff.example", "begun from version 1", "“City” is added", "“First name” is added")
	w.get(flow+"/publish").wants(t, 200, "“City” is added", "finishes with the version they started with", "Publish version 2")
	revision := strconv.Itoa(d.Revision)
	if a := w.post(flow+"/publish", "revision", revision); a.status != 303 {
		t.Fatalf("publishing answered %d: %s", a.status, text(a.body))
	}
	w.get(flow+"/versions").wants(t, 200, "Version 2", "In use", "“City” is added", "The first version", "Restore as draft")
	w.get(flow+"/versions/1").wants(t, 200, "Changed since then", "“City” is added")
	w.get(flow+"/publish").wants(t, 200, "There is no draft")

	if a := w.post(flow+"/versions/1/restore", "revision", "0"); a.status != 303 {
		t.Fatalf("restoring answered %d: %s", a.status, text(a.body))
	}
	if d, has := b.draft(th.flow.ID); !has || len(d.Attributes) != 0 {
		t.Errorf("the draft is %+v", d)
	}
	w.get(flow+"/discard").wants(t, 200, "version 2 stays in use")
	d, _ = b.draft(th.flow.ID)
	w.post(flow+"/discard", "revision", strconv.Itoa(d.Revision))
	if _, has := b.draft(th.flow.ID); has {
		t.Error("the draft is still there")
	}
	if now, err := b.shop.Flow(t.Context(), th.flow.ID); err != nil || now.Version != 2 || ids(now.Flow) != "city givenName" {
		t.Errorf("customers have %+v, %v", now, err)
	}
}

// TestTwoAdminsDoNotOverwriteEachOther: who comes second reads who was first, keeps what they typed, and may
// send it again.
func TestTwoAdminsDoNotOverwriteEachOther(t *testing.T) {
	b := newBench(t)
	th := b.things()
	one := b.global()
	two := b.admin("two@staff.example", access.GlobalAdministratorID, access.AllTenants)
	flow := "/admin/t/shop/user-flows/" + th.flow.ID
	if a := one.post(flow+"/domains", "domains.deny", "one.example", "revision", "0"); a.status != 303 {
		t.Fatalf("the first: %d", a.status)
	}
	a := two.post(flow+"/properties", "name", "Typed by two", "signUpAllowed", "yes", "mfa", "off", "revision", "0")
	a.wants(t, 422, "Admin global@staff.example saved this draft while you had it open", "What you typed is still here")
	if !strings.Contains(a.body, `value="Typed by two"`) {
		t.Error("what was typed is lost")
	}
	if d, _ := b.draft(th.flow.ID); d.Name != "Sign in" || len(d.Domains.Deny) != 1 {
		t.Errorf("the draft is %+v", d)
	}
	revision := regexp.MustCompile(`name="revision" value="(\d+)"`).FindStringSubmatch(a.body)
	if revision == nil {
		t.Fatal("the form has no revision")
	}
	if a := two.post(flow+"/properties", "name", "Typed by two", "signUpAllowed", "yes", "mfa", "off", "revision", revision[1]); a.status != 303 {
		t.Fatalf("again: %d %s", a.status, text(a.body))
	}
	if d, _ := b.draft(th.flow.ID); d.Name != "Typed by two" || len(d.Domains.Deny) != 1 {
		t.Errorf("the draft is %+v", d)
	}
}

// TestADraftSaysThatItWasOvertaken: somebody published while the draft lay there.
func TestADraftSaysThatItWasOvertaken(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	flow := "/admin/t/shop/user-flows/" + th.flow.ID
	revision := b.draws(th.flow.ID, func(f *userflow.Flow) { f.Domains.Deny = []string{"spam.example"} })
	_, err := b.shop.PublishFlow(t.Context(), modelstest.Actor(), th.flow.ID, func(f *userflow.Flow) error { f.PasswordReset = true; return nil })
	b.must(err)
	w.get(flow).wants(t, 200, "Since then test published version 2", "Self-service password reset is switched off")
	w.post(flow+"/publish", "revision", revision).wants(t, 422, "Self-service password reset is switched off")
	if a := w.post(flow+"/publish", "revision", revision); a.status != 303 {
		t.Errorf("the second time: %d %s", a.status, text(a.body))
	}
}

// TestWhatAFlowCannotBeIsSaidAtItsField: words beside the control, in the summary, and what was typed kept.
func TestWhatAFlowCannotBeIsSaidAtItsField(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	store, err := b.shop.CreateDefinition(t.Context(), modelstest.Actor(), userflow.Definition{Name: "Store", DataType: userflow.Choice, Options: []userflow.Option{{Text: "Harbour", Value: "1"}}})
	b.must(err)
	flow := "/admin/t/shop/user-flows/" + th.flow.ID
	revision := b.draws(th.flow.ID, func(f *userflow.Flow) {
		f.Attributes = []userflow.Attribute{{ID: "givenName"}, {ID: th.attribute.ID}, {ID: store.ID}}
	})
	for _, c := range []struct {
		path  string
		form  []string
		field string // "" = in the summary only
		says  string
		keeps string
	}{
		{"/methods", []string{"signUpMethod", "by pigeon"}, "signUpMethod", "Choose how people sign up", ""},
		{"/methods", []string{"userNames", "yes"}, "signUpMethod", "Choose how people sign up", ""},
		{"/properties", []string{"name", " ", "mfa", "off"}, "name", "Enter a name of at most 120 characters", ""},
		{"/properties", []string{"name", "Kept", "mfa", "alwaysOn"}, "mfa", "Choose at least one second factor", "Kept"},
		{"/domains", []string{"domains.allow", "good.example\nno domain at all"}, "domains.allow", "“no domain at all” is no domain", "no domain at all"},
		{"/domains", []string{"domains.allow", "a.example", "domains.deny", "A.example"}, "domains.deny", "a.example is allowed and refused", "A.example"},
		{"/attributes/add", []string{"attribute", ""}, "attribute", "Choose an attribute", ""},
		{"/attributes/add", []string{"attribute", "extension_forged"}, "", "There is no attribute extension_forged", ""},
		{"/attributes/add", []string{"attribute", "givenName"}, "", "“First name” is there twice", ""},
		{"/attributes/add", []string{"attribute", "userName"}, "", "switch on sign-in by user name (on the page “Sign-in methods”)", ""},
		{"/attributes/consent", []string{"termsUrl", "javascript:alert(1)"}, "termsUrl", "Enter a web address", "javascript:alert(1)"},
		{"/attributes/consent", []string{"termsUrl", "https://a.example", "privacyUrl", "x"}, "privacyUrl", "Enter a web address", "https://a.example"},
		{"/attributes/edit/givenName", []string{"label", "Kept", "required", "yes", "hidden", "yes"}, "required", "is required, but customers cannot answer it", "Kept"},
		{"/attributes/edit/givenName", []string{"label", "Kept", "required", "yes", "readOnly", "yes"}, "required", "Give it a default", "Kept"},
		{"/attributes/edit/givenName", []string{"default", strings.Repeat("x", 50_000)}, "default", "The default of “First name” is not an answer", strings.Repeat("x", 1000)},
		{"/attributes/edit/givenName", []string{"label", strings.Repeat("a", 501)}, "label", "Use at most 500 characters", strings.Repeat("a", 501)},
		{"/attributes/edit/givenName", []string{"label", "Name \u202Eemanresu"}, "label", "Remove the invisible characters", ""},
		{"/attributes/edit/" + th.attribute.ID, []string{"inputType", "radioSingleSelect"}, "options", "Add at least one option", ""},
		{"/attributes/edit/" + th.attribute.ID, []string{"inputType", "dropdown", "options.0.text", "Kept", "options.0.value", ""}, "options", "Enter a value for “Kept”", "Kept"},
		{"/attributes/edit/" + th.attribute.ID, []string{"inputType", "dropdown", "options.0.text", "", "options.0.value", "kept"}, "options", "Enter the text that customers read for the value “kept”", "kept"},
		{"/attributes/edit/" + th.attribute.ID, []string{"inputType", "dropdown", "options.0.text", "A", "options.0.value", "x", "options.1.text", "Kept", "options.1.value", "x"}, "options", "The value “x” is there twice", "Kept"},
		{"/attributes/edit/" + th.attribute.ID, []string{"inputType", "text", "options.0.text", "Kept", "options.0.value", "k"}, "options", "“Card number” is typed, so it has no options", "Kept"},
		{"/attributes/edit/" + th.attribute.ID, []string{"inputType", "number"}, "inputType", "“Card number” cannot be shown with this kind of field", ""},
		{"/attributes/edit/" + th.attribute.ID, []string{"inputType", "dropdown", "options.0.text", "One", "options.0.value", "1", "default", "kept"}, "default", "The default of “Card number” is not an answer", "kept"},
		{"/attributes/edit/" + store.ID, []string{"options.0.text", "Kept", "options.0.value", "forged"}, "options", "“forged” is no value of this attribute", "Kept"},
		{"/terms/add", []string{"terms", ""}, "", "Choose one of the options", ""},
		{"/terms/add", []string{"terms", "no-such-terms"}, "", "There are no such terms of use", ""},
	} {
		a := w.post(flow+c.path, append(c.form, "revision", revision)...)
		if a.status != 422 {
			t.Errorf("%s %v answered %d: %.300s", c.path, c.form, a.status, text(a.body))
			continue
		}
		body := html.UnescapeString(a.body)
		wants := 1
		if c.field != "" {
			wants = 2
			if !strings.Contains(body, `href="#f-`+strings.ReplaceAll(c.field, ".", "-")+`"`) || !strings.Contains(body, `id="f-`+strings.ReplaceAll(c.field, ".", "-")+`-error"`) {
				t.Errorf("%s %v does not lead to %s", c.path, c.form, c.field)
			}
		}
		if strings.Count(text(body), c.says) < wants {
			t.Errorf("%s %v does not say %q: %s", c.path, c.form, c.says, text(a.body))
		}
		if !strings.Contains(body, c.keeps) {
			t.Errorf("%s %v lost %q", c.path, c.form, c.keeps)
		}
		if page := strings.TrimPrefix(c.path, "/"); strings.Contains(body, "(on the page “Attributes and layout”)") && strings.HasPrefix(page, "attributes") {
			t.Errorf("%s %v leads to the page that it is on", c.path, c.form)
		}
		readPage(t, c.path, a.body)
	}
	if d, _ := b.draft(th.flow.ID); strconv.Itoa(d.Revision) != revision {
		t.Error("something was saved")
	}
}

// TestAFieldIsEditedWhole: words, control and options, with more rows on demand and nothing saved by asking
// for them.
func TestAFieldIsEditedWhole(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	page := "/admin/t/shop/user-flows/" + th.flow.ID + "/attributes/edit/" + th.attribute.ID
	revision := b.draws(th.flow.ID, func(f *userflow.Flow) { f.Attributes = []userflow.Attribute{{ID: th.attribute.ID}} })
	form := []string{"label", "Your [card](https://shop.example/card)", "hint", "On its back", "required", "yes", "inputType", "checkboxMultiSelect",
		"options.0.text", "Gold", "options.0.value", "g", "options.1.text", "", "options.1.value", "", "options.2.text", "Silver", "options.2.value", "s", "revision", revision}
	a := w.post(page, append(form, "more", "yes")...)
	a.wants(t, 200, "Text 12")
	if !strings.Contains(a.body, `value="Silver"`) {
		t.Error("more rows lost what was typed")
	}
	if d, _ := b.draft(th.flow.ID); strconv.Itoa(d.Revision) != revision {
		t.Error("asking for rows saved something")
	}
	if a := w.post(page, form...); a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	d, _ := b.draft(th.flow.ID)
	got := d.Attributes[0]
	if got.Label != "Your [card](https://shop.example/card)" || got.Hint != "On its back" || !got.Required || got.InputType != userflow.CheckboxMultiSelect || len(got.Options) != 2 || got.Options[1] != (userflow.Option{Text: "Silver", Value: "s"}) {
		t.Errorf("%+v", got)
	}
}

// TestTheConsentBoxMakesItsAttribute: one click, or nothing at all.
func TestTheConsentBoxMakesItsAttribute(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	flow := "/admin/t/shop/user-flows/" + th.flow.ID
	w.post(flow+"/attributes/consent", "termsUrl", "https://shop.example/terms", "revision", "99").wants(t, 422)
	if list, err := b.shop.Definitions(t.Context()); err != nil || len(list) != 1 {
		t.Errorf("a refused form left an attribute behind: %v, %v", list, err)
	}
	if a := w.post(flow+"/attributes/consent", "termsUrl", "https://shop.example/terms", "privacyUrl", "https://shop.example/privacy", "revision", "0"); a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	d, _ := b.draft(th.flow.ID)
	if len(d.Attributes) != 1 || !d.Attributes[0].Required || d.Attributes[0].Type() != userflow.Boolean ||
		d.Attributes[0].Label != "I agree to the [terms of use](https://shop.example/terms) and have read the [privacy policy](https://shop.example/privacy)" {
		t.Errorf("%+v", d.Attributes)
	}
}

// TestThePreviewIsTheHostedPageAndHarmless: drawn by the page's own components from the draft, in the chosen
// language; nothing in it can run, be sent or reach the portal; and looking writes nothing.
func TestThePreviewIsTheHostedPageAndHarmless(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	flow := "/admin/t/shop/user-flows/" + th.flow.ID
	b.draws(th.flow.ID, func(f *userflow.Flow) {
		f.Attributes = []userflow.Attribute{{ID: "givenName", Label: `<script>alert(1)</script> "Nickname"`}, {ID: "surname", Label: "[Family](https://a.example)"}}
	})
	before := b.everything(th.flow.ID)
	frame := regexp.MustCompile(`(?s)<iframe[^>]* sandbox="" [^>]*srcdoc="([^"]*)"`)
	for language, words := range map[string][]string{"en": {`lang="en"`, `dir="ltr"`, "About you"}, "ar": {`lang="ar"`, `dir="rtl"`}, "nonsense": {`lang="en"`}} {
		a := w.get(flow + "/attributes?language=" + language)
		m := frame.FindStringSubmatch(a.body)
		if m == nil {
			t.Fatalf("there is no frame: %.400s", a.body)
		}
		doc := html.UnescapeString(m[1])
		for _, want := range append(words, `class="hosted" inert`, "&lt;script&gt;alert(1)&lt;/script&gt;", "Nickname", `name="surname"`) {
			if !strings.Contains(doc, want) {
				t.Errorf("%s: the picture lacks %q", language, want)
			}
		}
		for _, never := range []string{"<script", "_csrf", w.session, "onload", "/admin"} {
			if strings.Contains(doc, never) {
				t.Errorf("%s: the picture holds %q", language, never)
			}
		}
		// The frame is held to the page's policy: exactly the tenant's one style is let in, no script besides ours.
		policy := a.header.Get("Content-Security-Policy")
		style := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindStringSubmatch(doc)
		if style == nil || !strings.Contains(policy, b.portal.Brands.Of(b.directory()).StyleHash()) || strings.Contains(policy, "unsafe-inline") || !strings.Contains(policy, "script-src 'self';") {
			t.Errorf("the policy is %q", policy)
		}
		if outside := strings.Replace(a.body, m[1], "", 1); strings.Contains(outside, "<style") {
			t.Error("the tenant's style stands in the portal's own page")
		}
	}

	typing := w.post(flow+"/preview", "label", "Typed just now", "preview.part", "attributes/givenName", "preview.step", "attributes", "preview.language", "de")
	if typing.status != 200 || !strings.HasPrefix(typing.header.Get("Content-Type"), "text/plain") || !strings.Contains(typing.body, "Typed just now") || !strings.Contains(typing.body, `lang="de"`) || !strings.Contains(typing.body, `name="surname"`) {
		t.Errorf("typing answered %d %s: %.300s", typing.status, typing.header.Get("Content-Type"), typing.body)
	}
	alone := w.post(flow+"/preview", "label", "Alone", "preview.part", "attributes/givenName", "preview.step", "field")
	if !strings.Contains(alone.body, "Alone") || strings.Contains(alone.body, `name="surname"`) {
		t.Error("the field is not alone")
	}
	for part, form := range map[string][]string{"properties": {"name", "X", "signUpAllowed", ""}, "methods": {"signUpMethod", "emailCode"}, "domains": nil, "terms": nil, "layout": nil} {
		for _, step := range []string{"signIn", "signUp", "identify", "code", "newPassword", "attributes", "terms", "nonsense"} {
			if a := w.post(flow+"/preview", append(form, "preview.part", part, "preview.step", step)...); a.status != 200 || !strings.Contains(a.body, `class="hosted" inert`) {
				t.Errorf("%s, %s: %d", part, step, a.status)
			}
		}
	}
	if a := w.post("/admin/t/shop/user-flows/preview", "name", "", "signUpMethod", "emailPassword", "attribute", "city", "preview.part", "new"); a.status != 200 || !strings.Contains(a.body, `name="city"`) {
		t.Errorf("a new flow: %d", a.status)
	}
	if a := w.post("/admin/t/shop/user-flows/preview", "name", "", "signUpMethod", "emailPassword", "preview.part", "new"); strings.Contains(a.body, "continue to") {
		t.Error("a flow without an application leads to one")
	}
	if a := w.post(flow+"/preview?version=1", "preview.step", "attributes"); a.status != 200 || strings.Contains(a.body, `name="surname"`) {
		t.Errorf("an old version is not drawn as it was: %d", a.status)
	}
	if a := w.post(flow+"/preview?version=9", "preview.step", "attributes"); a.status != 404 {
		t.Errorf("a version that there never was: %d", a.status)
	}
	if a := w.post(flow+"/preview", "preview.part", "../../secrets"); a.status != 404 {
		t.Errorf("an unknown part: %d", a.status)
	}
	if after := b.everything(th.flow.ID); after != before {
		t.Errorf("looking changed something:\n%s\n%s", before, after)
	}
}

func (b *bench) directory() *models.Directory {
	b.Helper()
	d, err := b.store.Directory(b.Context(), "shop")
	b.must(err)
	return d
}

// everything is what a preview could have changed, as text.
func (b *bench) everything(flow string) string {
	b.Helper()
	d, has := b.draft(flow)
	flows, err := b.shop.Flows(b.Context())
	b.must(err)
	definitions, err := b.shop.Definitions(b.Context())
	b.must(err)
	out, err := json.Marshal([]any{d, has, flows, definitions, b.audits()})
	b.must(err)
	return string(out)
}

// TestReadersLookAndDoNotTouch: who may only read finds the same pages without a form, draft included.
func TestReadersLookAndDoNotTouch(t *testing.T) {
	b := newBench(t)
	th := b.things()
	reader := b.admin("reader@staff.example", b.roleID("Global Reader"), b.shop.ID)
	flow := "/admin/t/shop/user-flows/" + th.flow.ID
	b.draws(th.flow.ID, func(f *userflow.Flow) { f.Attributes = []userflow.Attribute{{ID: "givenName"}} })
	for _, page := range []string{"", "/attributes", "/attributes/edit/givenName", "/apps", "/versions", "/versions/1"} {
		a := reader.get(flow + page)
		a.wants(t, 200, "Draft by test")
		if posts := strings.Count(a.body, `method="post"`); posts != 1 || strings.Contains(a.body, flow+"/publish") { // signing out
			t.Errorf("%s has %d forms", page, posts)
		}
	}
	for _, path := range []string{"/methods", "/terms", "/domains", "/publish", "/discard"} {
		if a := reader.get(flow + path); a.status != 403 {
			t.Errorf("%s answered %d", path, a.status)
		}
	}
	b.draws(th.flow.ID, func(f *userflow.Flow) {
		f.Attributes = []userflow.Attribute{{ID: "givenName", Label: "Nickname", Hint: "As friends call you", InputType: userflow.Dropdown, Options: []userflow.Option{{Text: "Ann", Value: "a"}}, Default: "a"}}
	})
	reader.get(flow+"/attributes/edit/givenName").wants(t, 200, "Nickname", "As friends call you", "List: one choice", "Ann (a)", "Default")
	if a := reader.get(flow + "/attributes"); !strings.Contains(a.body, flow+"/attributes/edit/givenName") {
		t.Error("nothing leads to the field")
	}
	if a := reader.post(flow+"/preview", "preview.step", "attributes"); a.status != 200 || !strings.Contains(a.body, `name="givenName"`) {
		t.Errorf("the preview answered %d", a.status)
	}
	for _, path := range []string{"/properties", "/methods", "/domains", "/attributes/add", "/attributes/edit/givenName", "/attributes/arrange", "/attributes/consent", "/terms/add", "/publish", "/discard", "/versions/1/restore"} {
		if a := reader.post(flow + path); a.status != 403 {
			t.Errorf("%s answered %d", path, a.status)
		}
	}
}

func TestThingsMoveInALine(t *testing.T) {
	for _, c := range []struct {
		at       int
		to, want string
	}{
		{1, "up", "b a c d"}, {1, "down", "a c b d"}, {2, "top", "c a b d"}, {0, "bottom", "b c d a"}, {1, "remove", "a c d"},
		{0, "up", "a b c d"}, {3, "down", "a b c d"}, {2, "sideways", "a b c d"},
	} {
		list := []string{"a", "b", "c", "d"}
		if got := strings.Join(arranged(list, c.at, c.to), " "); got != c.want || strings.Join(list, " ") != "a b c d" {
			t.Errorf("%d %s: %q, want %q", c.at, c.to, got, c.want)
		}
	}
}
