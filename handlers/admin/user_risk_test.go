package admin

import (
	"strings"
	"testing"

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
	operator.get(operator.post(at+"/confirm").location).wants(t, 200, "“ada” is confirmed compromised.", "High", "Confirmed compromised", "An administrator confirmed", "Dismiss")
	if r := b.person(u.ID).Risk; r.Level != "high" || r.State != models.RiskConfirmed {
		t.Errorf("%+v", r)
	}
	if page := operator.get(at).body; strings.Contains(page, at+"/confirm") {
		t.Error("what is confirmed can be confirmed again")
	}
	operator.get(at+"/dismiss").wants(t, 200, "Dismiss the risk of “ada”?", "This cannot be undone")
	operator.get(operator.post(at+"/dismiss").location).wants(t, 200, "The risk of “ada” is dismissed.", "Dismissed", "An administrator dismissed the risk")
	operator.get(operator.post(at+"/dismiss").location).wants(t, 200, "was at no risk any more")

	helper := b.admin("helper@staff.example", b.roleID("User Administrator"), b.shop.ID)
	if page := helper.get(at); page.status != 200 || strings.Contains(page.body, "/risk/confirm") {
		t.Error("who may not change a risk is offered to")
	}
	if a := helper.post(at + "/confirm"); a.status != 403 {
		t.Errorf("a User Administrator confirmed a risk: %d", a.status)
	}
	b.must(b.shop.DeleteUser(t.Context(), modelstest.Actor(), u.ID))
	if a := operator.post(at + "/confirm"); a.status != 404 {
		t.Errorf("a deleted person's risk was set: %d", a.status)
	}
}
