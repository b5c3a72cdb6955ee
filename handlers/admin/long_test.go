package admin

import (
	"strconv"
	"strings"
	"testing"

	"portico/app/userflow"
)

// TestTextsThatAreFarTooLongAreSaidAtTheirFields: a hundred thousand characters arrive, the page says so beside
// the field, and whatever else was typed is still there.
func TestTextsThatAreFarTooLongAreSaidAtTheirFields(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	long := strings.Repeat("م", 100_000) // six bytes each on the way
	revision := b.draws(th.flow.ID, func(f *userflow.Flow) { f.Attributes = []userflow.Attribute{{ID: th.attribute.ID}} })
	const tenant = "/admin/t/shop"
	flow, app := tenant+"/user-flows/"+th.flow.ID, tenant+"/applications/"+th.app.ID
	for _, c := range []struct {
		path, field string
		form        []string
	}{
		{attributesAt, "name", []string{"dataType", "string", "description", "Kept"}},
		{attributesAt, "description", []string{"dataType", "string", "name", "Kept"}},
		{attributesAt, "message", []string{"dataType", "string", "name", "Kept", "pattern", "x"}},
		{attributesAt, "pattern", []string{"dataType", "string", "name", "Kept", "message", "x"}},
		{attributesAt, "options[0].text", []string{"dataType", "choice", "name", "Kept", "options[0].value", "x"}},
		{attributesAt + "/" + th.attribute.ID + "/edit", "name", []string{"description", "Kept"}},
		{attributesAt + "/" + th.attribute.ID + "/edit", "description", []string{"name", "Kept"}},
		{tenant + "/user-flows", "name", []string{"signUpMethod", "emailCode", "attribute", "givenName"}},
		{flow + "/properties", "name", []string{"mfa", "off"}},
		{flow + "/domains", "domains.deny", []string{"domains.allow", "Kept.example"}},
		{flow + "/attributes/consent", "termsUrl", []string{"privacyUrl", "https://Kept.example"}},
		{flow + "/attributes/consent", "privacyUrl", []string{"termsUrl", "https://Kept.example"}},
		{flow + "/attributes/edit/" + th.attribute.ID, "label", []string{"hint", "Kept"}},
		{flow + "/attributes/edit/" + th.attribute.ID, "hint", []string{"label", "Kept"}},
		{flow + "/attributes/edit/" + th.attribute.ID, "default", []string{"label", "Kept"}},
		{app + "/claims", "name", []string{"source", "constant", "value", "Kept"}},
		{app + "/claims", "value", []string{"source", "constant", "name", "Kept"}},
		{settingsAt + "/sign-in-identifiers", "userNames.message", []string{"userNames.patterns[0]", "Kept"}},
		{settingsAt + "/sign-in-identifiers", "userNames.patterns[0]", []string{"userNames.message", "Kept"}},
		{settingsAt + "/passwords", "bannedWords", []string{"passwordMinLength", "12"}},
		{tenant + "/invitations", "message", []string{"application", th.app.ClientID, "addresses", "Kept@example.com", "days", "7", "how", "mail"}},
		{tenant + "/invitations", "addresses", []string{"application", th.app.ClientID, "message", "Kept", "days", "7", "how", "mail"}},
		{tenant + "/users", "displayName", []string{"email", "Kept@example.com", "how", "generate"}},
		{tenant + "/users/" + th.user.ID + "/edit", "displayName", []string{"givenName", "Kept"}},
		{tenant + "/terms", "name", []string{"language", "en"}},
	} {
		value := long
		if strings.HasSuffix(c.field, "Url") {
			value = "https://" + long
		}
		a := w.post(c.path, append(c.form, c.field, value, "revision", revision)...)
		id, _, _ := strings.Cut(c.field, "[0].text") // a complaint about options stands above them
		id = strings.NewReplacer(".", "-", "[", "-", "]", "").Replace(id)
		switch {
		case a.status != 422:
			t.Errorf("%s of %s: %d %.300s", c.field, c.path, a.status, text(a.body))
		case !strings.Contains(a.body, `id="f-`+id+`-error"`):
			t.Errorf("%s of %s: nothing stands beside it: %.1500s", c.field, c.path, strings.ReplaceAll(text(a.body), long, "…"))
		case strings.Contains(strings.Join(c.form, " "), "Kept") && !strings.Contains(a.body, "Kept"):
			t.Errorf("%s of %s: the rest is lost", c.field, c.path)
		}
	}
	// A hundred addresses with all that a form can say besides arrive, too.
	w.post(tenant+"/invitations", "application", th.app.ClientID, "addresses", strings.Repeat("x", 300_000), "days", "7", "how", "mail").wants(t, 422)
	// What is no text of a form's own is said, not lost.
	w.post(flow+"/attributes/add", "attribute", long, "revision", revision).wants(t, 422)
	w.post(flow+"/attributes/edit/"+th.attribute.ID, "label", strings.Repeat("x", formBody+1)).wants(t, 413, "Go back in your browser, shorten it and send it again.")
}

// TestTheLargestListOfOptionsIsTaken: a hundred options as long as they may be, in letters that take six bytes
// each on the way, as an attribute of its own and as the words of one field; the preview draws them.
func TestTheLargestListOfOptionsIsTaken(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	form := []string{"dataType", "choice", "name", "Branch", "label", strings.Repeat("م", 500), "hint", strings.Repeat("م", 500), "inputType", "dropdown"}
	grid := append([]string{}, form...)
	for i := range 100 {
		value := strings.Repeat("ب", 247) + strings.Repeat(string(rune('ا'+i%10)), 2) + string(rune('ا'+i/10))
		row := strings.Repeat("م", 500)
		form = append(form, optionName(i, "text"), row, optionName(i, "value"), value)
		n := "options[" + strconv.Itoa(i) + "]"
		grid = append(grid, n+".text", row, n+".value", value)
	}
	if a := w.post(attributesAt, grid...); a.status != 303 {
		t.Fatalf("the attribute: %d %.500s", a.status, text(a.body))
	}
	if d := b.definition("Branch"); len(d.Options) != 100 {
		t.Errorf("%d options", len(d.Options))
	}
	revision := b.draws(th.flow.ID, func(f *userflow.Flow) { f.Attributes = []userflow.Attribute{{ID: th.attribute.ID}} })
	flow := "/admin/t/shop/user-flows/" + th.flow.ID
	if a := w.post(flow+"/preview", append(form, "preview.part", "attributes/"+th.attribute.ID, "preview.step", "field")...); a.status != 200 || strings.Count(a.body, "<option") < 100 {
		t.Errorf("the preview: %d", a.status)
	}
	if a := w.post(flow+"/attributes/edit/"+th.attribute.ID, append(form, "revision", revision)...); a.status != 303 {
		t.Fatalf("the field: %d %.500s", a.status, text(a.body))
	}
	if d, _ := b.draft(th.flow.ID); len(d.Attributes[0].Options) != 100 {
		t.Errorf("%d options", len(d.Attributes[0].Options))
	}
}
