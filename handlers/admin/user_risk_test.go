package admin

import (
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"portico/models"
	"portico/models/modelstest"
)

// The Risk tab tells what is known, and whoever looks after risk confirms or dismisses it, each after a page that
// says what it does.
func TestTheRiskOfAPersonInThePortal(t *testing.T) {
	b := newBench(t)
	u := modelstest.MustUser(t, b.shop, "ada@example.com")
	at := shopUsers + "/" + u.ID + "/risk"
	operator := b.admin("operator@staff.example", b.roleID("Security Operator"), b.shop.ID)
	operator.get(at).wants(t, 200, "Nothing says that somebody else has this account", "Nothing known", "Confirm compromised")
	operator.get(at+"/confirm").wants(t, 200, "Is the account of “ada” compromised?", "end all sessions as well")
	operator.get(operator.post(at+"/confirm", operator.get(at+"/confirm").hidden("was")...).location).wants(t, 200, "“ada” is confirmed compromised.", "High", "Confirmed compromised", "An administrator confirmed", "Dismiss")
	if r := b.person(u.ID).Risk; r.Level != "high" || r.State != models.RiskConfirmed {
		t.Errorf("%+v", r)
	}
	if page := operator.get(at).body; strings.Contains(page, at+"/confirm") {
		t.Error("what is confirmed can be confirmed again")
	}
	operator.get(at+"/dismiss").wants(t, 200, "Dismiss the risk of “ada”?", "This cannot be undone")
	form := operator.get(at + "/dismiss").hidden("was")
	operator.get(operator.post(at+"/dismiss", form...).location).wants(t, 200, "The risk of “ada” is dismissed.", "Dismissed", "An administrator dismissed the risk")
	operator.get(operator.post(at+"/dismiss", form...).location).wants(t, 200, "operator", "has changed the risk since you opened this page")

	helper := b.admin("helper@staff.example", b.roleID("User Administrator"), b.shop.ID)
	if page := helper.get(at); page.status != 200 || strings.Contains(page.body, "/risk/confirm") {
		t.Error("who may not change a risk is offered to")
	}
	if a := helper.post(at + "/confirm"); a.status != 403 {
		t.Errorf("a User Administrator confirmed a risk: %d", a.status)
	}
	form = operator.get(at + "/confirm").hidden("was")
	b.must(b.shop.ConfirmCompromised(t.Context(), modelstest.Actor(), []string{u.ID}))
	b.must(b.shop.DeleteUser(t.Context(), modelstest.Actor(), u.ID))
	operator.get(operator.post(at+"/confirm", form...).location).wants(t, 200, "Nothing was changed: “ada” was deleted in the meantime")
	operator.get(operator.post(at+"/dismiss", operator.get(at+"/dismiss").hidden("was")...).location).wants(t, 200, "The risk of “ada” is dismissed. The person is deleted.")
}

// Two admins act at once: a form tells how it was when it was opened, and an undo what it takes back.
func TestAStaleAnswerAboutAPersonIsRefused(t *testing.T) {
	b := newBench(t)
	u := modelstest.MustUser(t, b.shop, "ada@example.com")
	at := shopUsers + "/" + u.ID + "/risk"
	ada, olga := b.global(), b.admin("operator@staff.example", b.roleID("Security Operator"), b.shop.ID)
	b.risky(u, 10, newCountry())
	dismiss, safe := ada.get(at+"/dismiss").hidden("was"), ada.get(at+"/safe").hidden("was")
	b.clock.Advance(time.Minute)
	olga.post(at+"/confirm", olga.get(at+"/confirm").hidden("was")...)
	for path, form := range map[string][]string{"/dismiss": dismiss, "/safe": safe, "/confirm": nil} {
		ada.get(ada.post(at+path, form...).location).wants(t, 200, "operator", "has changed the risk since you opened this page")
	}
	if r := b.person(u.ID).Risk; r.State != models.RiskConfirmed {
		t.Fatalf("%+v", r)
	}
	page := olga.get(at)
	undo := append(page.hidden("said"), page.hidden("at")...)
	b.clock.Advance(time.Minute)
	ada.post(at+"/safe", ada.get(at+"/safe").hidden("was")...)
	olga.get(olga.post(at+"/undo", undo[:2]...).location).wants(t, 200, "Something changed since")
	olga.get(olga.post(at+"/undo", undo...).location).wants(t, 200, "Something changed since")
	if r := b.person(u.ID).Risk; r.State != models.RiskSafe {
		t.Errorf("what ada said is undone: %+v", r)
	}
}

// Who sees people does not see their risk (docs/risk-reports.md).
func TestTheRiskOfAPersonTakesItsRight(t *testing.T) {
	b := newBench(t)
	u := modelstest.MustUser(t, b.shop, "ada@example.com")
	b.must(b.shop.ConfirmCompromised(t.Context(), modelstest.Actor(), []string{u.ID}))
	reader := b.admin("dora@staff.example", b.roleID("Directory Readers"), b.shop.ID)
	for _, at := range []string{shopUsers + "/" + u.ID, shopUsers + "/" + u.ID + "/risk"} {
		page := reader.get(at)
		for _, secret := range []string{"Confirmed compromised", "Risk: high", "confirmed that the account is compromised"} {
			if page.status != 200 || strings.Contains(page.body, secret) {
				t.Errorf("%d: %s tells %q", page.status, at, secret)
			}
		}
	}
}

// hidden are the values of a page's hidden fields of a name, as post takes them.
func (a answer) hidden(name string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`name="`+name+`" value="([^"]*)"`).FindAllStringSubmatch(a.body, -1) {
		out = append(out, name, html.UnescapeString(m[1]))
	}
	return out
}
