package admin

import (
	"strings"
	"testing"

	"portico/app/access"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// An admin adds, changes and removes claims without code, and sees in the preview what the app will get.
func TestClaimsPage(t *testing.T) {
	b := newBench(t)
	th, w := b.things(), b.global()
	born, err := b.shop.CreateDefinition(b.Context(), modelstest.Actor(), userflow.Definition{Name: "Date of birth", DataType: userflow.Date})
	b.must(err)
	_, err = b.shop.UpdateUser(b.Context(), modelstest.Actor(), th.user.ID, func(u *models.User) error {
		u.City, u.Attributes = "Köln", map[string]any{born.ID: "1815-12-10"}
		return nil
	})
	b.must(err)
	page := "/admin/t/shop/applications/" + th.app.ID + "/claims"

	w.get(page).wants(t, 200, "None yet: the application learns only the profile", "birthdate from “Date of birth”", "A pretend customer", "Whom the token is for", "The scope email asks for it")
	w.get(page+"/new?name=birthdate&id="+born.ID).wants(t, 200, "Add a claim")

	save := func(pairs ...string) answer { return w.post(page, append([]string{"source", "user"}, pairs...)...) }
	if a := save("name", "birthdate", "id", born.ID); a.status != 303 || a.location != page {
		t.Fatal(a.status, text(a.body))
	}
	w.get(page).wants(t, 200, "Claim “birthdate” of “Market” saved.", "Date of birth", "1990-05-17", `&#34;birthdate&#34;: &#34;1990-05-17&#34;`)
	save("name", "town", "id", "city", "transform", "uppercase")
	w.post(page, "source", "constant", "name", "plan", "value", "gold & more")
	save("name", "nick", "id", "jobTitle")
	save("name", "given_name", "id", "surname", "transform", "join", "secondId", "city", "separator", "“, ”")

	// A real person, found by search or named by the address.
	for _, who := range []string{"?person=ada", "?user=" + th.user.ID} {
		a := w.get(page + who)
		a.wants(t, 200, "ada@example.com", `&#34;birthdate&#34;: &#34;1815-12-10&#34;`, `&#34;town&#34;: &#34;KÖLN&#34;`, "City, in upper case", "The constant “gold &amp; more”", "Left out: no value")
		if strings.Contains(text(a.body), `&#34;nick&#34;`) {
			t.Error("a claim without a value is in a token")
		}
	}
	w.get(page+"?person=nobody-of-this-name").wants(t, 200, "Nobody was found", "A pretend customer")
	w.get("/admin/t/shop/applications/"+th.app.ID).wants(t, 200, "Attributes and claims", "Date of birth")

	// What is wrong stands beside its field, and nothing typed is lost.
	for _, c := range []struct {
		says, want string
		pairs      []string
	}{
		{"a reserved name", "is reserved for what Portico itself says", []string{"name", "sub", "id", "city"}},
		{"a name twice", "has a claim “town” already", []string{"name", "town", "id", "city"}},
		{"no attribute", "Choose an attribute", []string{"name", "x", "id", ""}},
		{"joined to nothing", "Choose the attribute to join", []string{"name", "x", "id", "city", "transform", "join"}},
	} {
		a := save(c.pairs...)
		a.wants(t, 422, c.want)
		if !strings.Contains(a.body, `value="`+c.pairs[1]+`"`) {
			t.Errorf("%s: what was typed is gone", c.says)
		}
	}
	w.post(page, "source", "customClaimsProvider", "name", "x").wants(t, 422, "Enter the name of the claim in the API’s answer")

	w.get(page+"/edit?name=town").wants(t, 200, "Change the claim “town”")
	if a := save("was", "town", "name", "home_town", "id", "city"); a.status != 303 {
		t.Fatal(a.status, text(a.body))
	}
	w.get(page+"?user="+th.user.ID).wants(t, 200, `&#34;home_town&#34;: &#34;Köln&#34;`)
	save("was", "town", "name", "x", "id", "city").wants(t, 404)
	w.post(page+"/remove", "name", "plan")
	app, err := b.shop.Application(b.Context(), th.app.ID)
	b.must(err)
	var names []string
	for _, m := range app.Spec.Claims {
		names = append(names, m.Name)
	}
	if got := strings.Join(names, " "); got != "birthdate home_town nick given_name" || app.Spec.Claims[3].Separator != ", " {
		t.Errorf("%s, %+v", got, app.Spec.Claims)
	}
}

// Whoever may not see people previews the pretend customer only.
func TestClaimsPreviewNeedsTheRightToSeePeople(t *testing.T) {
	b := newBench(t)
	th := b.things()
	for _, r := range access.Roles() {
		if !access.Grants(r.Permissions, access.AppRead) || access.Grants(r.Permissions, access.UserRead) {
			continue
		}
		w := b.admin(strings.ReplaceAll(strings.ToLower(r.Name), " ", "-")+"@staff.example", r.ID, b.shop.ID)
		a := w.get("/admin/t/shop/applications/" + th.app.ID + "/claims?user=" + th.user.ID)
		a.wants(t, 200, "A pretend customer")
		if strings.Contains(a.body, "ada@example.com") {
			t.Errorf("%s sees a person", r.Name)
		}
		return
	}
	t.Fatal("every role that reads applications reads people too: this check needs one that does not")
}
