package admin

import (
	"strings"
	"testing"

	"portico/app/openid"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

const attributesAt = "/admin/t/shop/user-attributes"

func (b *bench) definition(name string) userflow.Definition {
	b.Helper()
	all, err := b.shop.Definitions(b.Context())
	b.must(err)
	for _, d := range all {
		if d.Name == name {
			return d
		}
	}
	b.Fatalf("no attribute %q", name)
	return userflow.Definition{}
}

func TestCustomAttributesAreMadeChangedAndDeleted(t *testing.T) {
	b := newBench(t)
	w := b.global()
	w.get(attributesAt).wants(t, 200, "No custom attributes yet", "New attribute")
	w.get(attributesAt+"/new").wants(t, 200, "What does it hold?", "Whole number", "Phone number")
	w.get(attributesAt+"/new?dataType=").wants(t, 422, "Choose what the attribute holds")
	w.get(attributesAt+"/new?dataType=string").wants(t, 200, "Pattern", "Value to try")

	a := w.post(attributesAt, "dataType", "string", "name", "Loyalty number", "description", "From the card", "pattern", `[A-Z]{2}\d{6}`, "message", "Two letters, six digits", "maxLength", "8")
	if a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	d := b.definition("Loyalty number")
	if d.Pattern != `[A-Z]{2}\d{6}` || d.MaxLength != 8 || d.DataType != userflow.String {
		t.Errorf("%+v", d)
	}
	w.get(a.location).wants(t, 200, "Loyalty number", "From the card", d.ID, "Two letters, six digits", "8 characters", "No user flow asks for it yet")
	w.get(attributesAt).wants(t, 200, "Loyalty number", "Text", "No user flow yet")

	if a := w.post(attributesAt, "dataType", "choice", "name", "Visits", "options[0].text", "Daily", "options[0].value", "daily", "options[2].text", "Once a week", "options[2].value", "weekly"); a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	visits := b.definition("Visits")
	if len(visits.Options) != 2 || visits.Options[1] != (userflow.Option{Text: "Once a week", Value: "weekly"}) {
		t.Errorf("%+v", visits.Options)
	}
	if a := w.post(attributesAt, "dataType", "int64", "name", "Employees", "low", "1", "high", "-5"); a.status != 422 || !strings.Contains(text(a.body), "The largest number must not be below the smallest") {
		t.Errorf("%d %s", a.status, text(a.body))
	}

	a = w.post(attributesAt+"/"+visits.ID+"/edit", "name", "How often", "options[0].text", "Every day", "options[0].value", "daily", "dataType", "string")
	if a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	if d := b.definition("How often"); d.DataType != userflow.Choice || d.ID != visits.ID || len(d.Options) != 1 {
		t.Errorf("%+v", d)
	}
	w.get(attributesAt+"/"+visits.ID+"/delete").wants(t, 200, "Nobody has an answer to it yet")
	if a := w.post(attributesAt + "/" + visits.ID + "/delete"); a.status != 303 {
		t.Errorf("%d %s", a.status, text(a.body))
	}
	w.get(attributesAt+"/"+visits.ID).wants(t, 404)
}

func TestAnAttributeInUseStays(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	d, err := b.shop.CreateDefinition(t.Context(), modelstest.Actor(), userflow.Definition{Name: "Shoe size", DataType: userflow.Int})
	b.must(err)
	_, err = b.shop.PublishFlow(t.Context(), modelstest.Actor(), th.flow.ID, func(f *userflow.Flow) error {
		f.Attributes = append(f.Attributes, userflow.Attribute{ID: d.ID, Required: true})
		return nil
	})
	b.must(err)
	w.get(attributesAt).wants(t, 200, "Shoe size", "Sign in")
	w.get(attributesAt+"/"+d.ID).wants(t, 200, "Must be answered")
	_, err = b.shop.UpdateUser(t.Context(), modelstest.Actor(), th.user.ID, func(u *models.User) error { u.Attributes = map[string]any{d.ID: 42}; return nil })
	b.must(err)
	_, err = b.shop.UpdateApplication(t.Context(), modelstest.Actor(), th.app.ID, func(a *models.Application) error {
		a.Spec.Claims = []openid.ClaimMapping{{Name: "size", Source: openid.FromUser, ID: d.ID}}
		return nil
	})
	b.must(err)
	button := `action="` + attributesAt + "/" + d.ID + `/delete"`
	a := w.get(attributesAt + "/" + d.ID + "/delete")
	if a.wants(t, 200, "“Shoe size” cannot be deleted yet", "Sign in", "User flow, as published", th.app.Name, "Claims of the application", "People with an answer 1"); strings.Contains(a.body, button) {
		t.Error("a button that cannot work is offered")
	}
	w.post(attributesAt+"/"+d.ID+"/delete").wants(t, 422, "“Shoe size” is asked for in the user flow “Sign in”", "User flow, as published")
	_, err = b.shop.PublishFlow(t.Context(), modelstest.Actor(), th.flow.ID, func(f *userflow.Flow) error { f.Attributes = nil; return nil })
	b.must(err)
	w.post(attributesAt+"/"+d.ID+"/delete").wants(t, 422, "puts the attribute “Shoe size” into its tokens")
	_, err = b.shop.UpdateApplication(t.Context(), modelstest.Actor(), th.app.ID, func(a *models.Application) error { a.Spec.Claims = nil; return nil })
	b.must(err)
	if a = w.get(attributesAt + "/" + d.ID + "/delete"); !strings.Contains(a.body, button) {
		t.Error("nothing uses it, and there is no button")
	}
	a.wants(t, 200, "1 person has an answer", "stays in their accounts")
	b.definition("Shoe size")
}

// TestBadAttributesAreRefusedBesideTheirField: in words, and with what was typed still there.
func TestBadAttributesAreRefusedBesideTheirField(t *testing.T) {
	b := newBench(t)
	w := b.global()
	for name, c := range map[string]struct {
		form []string
		says string
		kept string
	}{
		"no name":                   {[]string{"dataType", "string", "name", " ", "description", "kept words"}, "Enter a name of at most 64 characters", "kept words"},
		"a name without a letter":   {[]string{"dataType", "string", "name", "№"}, "at least one letter", "№"},
		"a broken pattern":          {[]string{"dataType", "string", "name", "A", "pattern", "[a-", "message", "m"}, "This is not a regular expression", "[a-"},
		"a pattern that backtracks": {[]string{"dataType", "string", "name", "A", "pattern", `(a)\1`, "message", "m"}, "Look-ahead, look-behind and back references cannot be used", `(a)\1`},
		"a pattern without words":   {[]string{"dataType", "string", "name", "A", "pattern", "a+"}, "Write what customers should read", "a+"},
		"a length of letters":       {[]string{"dataType", "string", "name", "A", "maxLength", "ten"}, "Enter a whole number", "ten"},
		"too long":                  {[]string{"dataType", "string", "name", "A", "maxLength", "251"}, "from 1 to 250", "251"},
		"a number with a comma":     {[]string{"dataType", "int64", "name", "A", "low", "1,5"}, "Enter a whole number, or leave it empty", "1,5"},
		"a choice of nothing":       {[]string{"dataType", "choice", "name", "Never chosen"}, "Add at least one option", "Never chosen"},
		"an option without value":   {[]string{"dataType", "choice", "name", "A", "options[0].text", "Every day"}, "Enter a value for “Every day”", "Every day"},
		"a value twice":             {[]string{"dataType", "choice", "name", "A", "options[0].text", "x", "options[0].value", "same", "options[1].text", "y", "options[1].value", "same"}, "is there twice", "same"},
		"an overriding direction":   {[]string{"dataType", "string", "name", "a\u202Eb", "description", "kept words"}, "Remove the invisible characters", "kept words"},
		"thousands of characters":   {[]string{"dataType", "string", "name", "A", "description", strings.Repeat("x", 5_000)}, "500", strings.Repeat("x", 5_000)},
	} {
		a := w.post(attributesAt, c.form...)
		if a.status != 422 || !strings.Contains(text(a.body), c.says) || !strings.Contains(a.body, c.kept) {
			t.Errorf("%s: %d, said=%v kept=%v: %.600s", name, a.status, strings.Contains(text(a.body), c.says), strings.Contains(a.body, c.kept), text(a.body))
		}
	}
	if all, err := b.shop.Definitions(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("%+v %v", all, err)
	}
	if a := w.post(attributesAt, "dataType", "blob", "name", "A"); a.status != 303 || !strings.HasSuffix(a.location, "/new?dataType=") {
		t.Errorf("%d %s", a.status, a.location)
	}
}

func TestAValueIsTriedBeforeSaving(t *testing.T) {
	b := newBench(t)
	w := b.global()
	for _, c := range []struct{ pattern, example, says string }{
		{`\d{4}`, "1234", "“1234” matches."},
		{`\d{4}`, "12345", "“12345” does not match."},
		{`a|b`, "ab", "does not match"},
		{`[`, "x", "This is not a regular expression"},
		{``, "x", "every value is taken"},
		{`\d`, "", "Type a value to try"},
	} {
		a := w.post(attributesAt, "dataType", "string", "name", "Kept", "pattern", c.pattern, "example", c.example, "do", "try")
		a.wants(t, 200, c.says)
		if !strings.Contains(a.body, `value="Kept"`) {
			t.Errorf("%q lost what was typed", c.pattern)
		}
	}
	if a := w.post(attributesAt, "dataType", "choice", "name", "Kept", "options[0].text", "x", "do", "rows"); a.status != 200 || !strings.Contains(a.body, `name="options[11].value"`) || !strings.Contains(a.body, `value="x"`) {
		t.Errorf("%d: no more lines", a.status)
	}
	if all, err := b.shop.Definitions(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("trying saved %+v %v", all, err)
	}
}

func TestAttributesAreReadByWhoReadsFlowsOnly(t *testing.T) {
	b := newBench(t)
	reader := b.admin("reader@staff.example", b.roleID("Global Reader"), b.shop.ID)
	if a := reader.get(attributesAt); a.status != 200 || strings.Contains(a.body, attributesAt+"/new") {
		t.Errorf("%d: a reader is offered to create", a.status)
	}
	if a := b.admin("users@staff.example", b.roleID("User Administrator"), b.shop.ID).get(attributesAt); a.status != 403 {
		t.Errorf("%d", a.status)
	}
}
