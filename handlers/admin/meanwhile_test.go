package admin

import (
	"regexp"
	"strings"
	"testing"

	"portico/app/openid"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

func (a answer) loaded(t *testing.T) string {
	t.Helper()
	m := regexp.MustCompile(`name="loaded" value="([^"]+)"`).FindStringSubmatch(a.body)
	if m == nil {
		t.Fatalf("the form does not say what it was filled from (%d)", a.status)
	}
	return m[1]
}

// Two admins have one form open. What the second sends is refused, kept and explained; sent again, it counts.
func TestTheSecondAdminDoesNotUndoTheFirst(t *testing.T) {
	b := newBench(t)
	b.portal.Judge = judge{}
	th, one, other := b.things(), b.global(), b.admin("other@staff.example", b.roleID("Global Administrator"), b.shop.ID)
	d, err := b.shop.CreateDefinition(t.Context(), modelstest.Actor(), userflow.Definition{Name: "Shoe size", DataType: userflow.Int})
	b.must(err)
	x, err := b.shop.CreateTerms(t.Context(), modelstest.Actor(), userflow.Terms{Name: "Privacy", Language: "en", Texts: map[string]userflow.TermsText{"en": {Title: "Privacy", Body: "We keep little."}}})
	b.must(err)
	_, err = b.shop.UpdateApplication(t.Context(), modelstest.Actor(), th.app.ID, func(a *models.Application) error {
		a.Spec.Claims = []openid.ClaimMapping{{Name: "plan", Source: openid.FromConstant, Value: "gold"}}
		return nil
	})
	b.must(err)
	claims := "/admin/t/shop/applications/" + th.app.ID + "/claims"
	for name, c := range map[string]struct {
		form, to      string
		first, second []string // what each of them sends
		stored        func() string
		want, then    string
	}{
		"a custom attribute": {attributesAt + "/" + d.ID + "/edit", attributesAt + "/" + d.ID + "/edit", []string{"name", "Shoe size", "low", "20"}, []string{"name", "Foot size"},
			func() string {
				d, err := b.shop.Definition(t.Context(), d.ID)
				b.must(err)
				return d.Name + " from " + limitText(d.Low)
			}, "Shoe size from 20", "Foot size from "},
		"terms": {termsAt + "/" + x.ID + "/publish", termsAt + "/" + x.ID + "/publish", []string{"name", "Privacy", "language", "en", "texts[en].title", "Privacy", "texts[en].body", "First."},
			[]string{"name", "Privacy", "language", "en", "texts[en].title", "Privacy", "texts[en].body", "Foot size"},
			func() string { return b.terms("Privacy").Texts["en"].Body }, "First.", "Foot size"},
		"password rules": {settingsAt + "/passwords", settingsAt + "/passwords", []string{"bannedWords", "contoso"}, []string{"bannedWords", "Foot size"},
			func() string { return lines(b.settings().BannedWords) }, "contoso", "Foot size"},
		"user names": {settingsAt + "/sign-in-identifiers", settingsAt + "/sign-in-identifiers", []string{"userNames.enabled", "yes", "userNames.message", "First"}, []string{"userNames.message", "Foot size"},
			func() string { return b.settings().UserNames.Message }, "First", "Foot size"},
		"general settings": {settingsAt + "/edit", settingsAt + "/edit", []string{"name", "First", "defaultLocale", "en"}, []string{"name", "Foot size", "defaultLocale", "en"},
			func() string {
				shop, err := b.shop.Get(t.Context())
				b.must(err)
				return shop.Name
			}, "First", "Foot size"},
		"a claim": {claims + "/edit?name=plan", claims, []string{"was", "plan", "source", "constant", "name", "plan", "value", "silver"}, []string{"was", "plan", "source", "constant", "name", "plan", "value", "Foot size"},
			func() string {
				a, err := b.shop.Application(t.Context(), th.app.ID)
				b.must(err)
				return a.Spec.Claims[0].Value
			}, "silver", "Foot size"},
	} {
		t.Run(name, func(t *testing.T) {
			opened, seen := one.get(c.form).loaded(t), other.get(c.form).loaded(t)
			if a := one.post(c.to, append(c.first, loaded, opened)...); a.status != 303 {
				t.Fatalf("%d %.600s", a.status, text(a.body))
			}
			a := other.post(c.to, append(c.second, loaded, seen)...)
			a.wants(t, 422, "Somebody else changed this while you had it open")
			if !strings.Contains(a.body, "Foot size") {
				t.Error("what was typed is lost")
			}
			if got := c.stored(); got != c.want {
				t.Errorf("stored %q, want %q", got, c.want)
			}
			if a = other.post(c.to, append(c.second, loaded, a.loaded(t))...); a.status != 303 || c.stored() != c.then {
				t.Errorf("sent again: %d, %q", a.status, c.stored())
			}
		})
	}
	// The pages of one tenant's settings do not stand in each other's way.
	opened := one.get(settingsAt + "/edit").loaded(t)
	other.post(settingsAt+"/passwords", "passwordMinLength", "12")
	if a := one.post(settingsAt+"/edit", "name", "Shop", "defaultLocale", "en", loaded, opened); a.status != 303 || b.settings().PasswordMinLength != 12 {
		t.Errorf("%d %.400s", a.status, text(a.body))
	}
	// A form that comes back to be mended or was only tried remembers what it was filled from.
	for _, more := range [][]string{{"passwordMinLength", "x"}, {"do", "try"}} {
		if a := one.post(settingsAt+"/passwords", append(more, loaded, "of old")...); a.loaded(t) != "of old" {
			t.Errorf("%v: %d", more, a.status)
		}
	}
}
