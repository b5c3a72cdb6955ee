package admin

import (
	"strings"
	"testing"

	"portico/app/message"
	"portico/models"
	"portico/models/modelstest"
)

// From the moment of a recovery link on nothing else opens the account: whoever knows the old password could
// otherwise set up a second factor of their own. The admin learns of it.
func TestOnlyTheRecoveryLinkOpensTheAccount(t *testing.T) {
	b := newBench(t)
	boss := b.global()
	eve := b.admin("eve@staff.example", b.roleID("Reports Reader"), b.shop.ID)
	_, err := b.workforce.AddCredential(t.Context(), modelstest.Actor(), models.Credential{UserID: eve.userID, Kind: models.KindTOTP, Secret: []byte("s")})
	b.must(err)
	b.notes()
	boss.get("/admin/t/shop/admins/"+eve.userID).wants(t, 200, "only the link opens the account", "told of it by mail")
	a := boss.post("/admin/t/shop/admins/" + eve.userID + "/link")
	boss.get(a.location).wants(t, 200, "Recovery link for", "shown only now")
	u, err := b.workforce.User(t.Context(), eve.userID)
	b.must(err)
	if hash, err := b.workforce.Password(t.Context(), eve.userID); err != nil || hash != "" || u.HasPassword || len(u.Methods) != 0 {
		t.Errorf("left over: a password %v, methods %+v, %v", hash != "", u.Methods, err)
	}
	if a := eve.get("/admin/t/shop/audits"); a.status != 303 {
		t.Errorf("a session goes on: %d", a.status)
	}
	sent := b.notes()[message.AdminRecovery]
	if len(sent) != 1 || sent[0].To != "eve@staff.example" || sent[0].By != "Admin global@staff.example" || sent[0].At.IsZero() || strings.Contains(sent[0].URL+sent[0].Message, "token") {
		t.Errorf("told %+v", sent)
	}
	// Nobody makes one for themselves: a stolen session would become the account.
	if page := boss.get("/admin/t/shop/admins/" + boss.userID); strings.Contains(page.body, "Make a recovery link") || !strings.Contains(page.body, "End all sessions") {
		t.Error("one's own page offers the wrong things")
	}
	boss.post("/admin/t/shop/admins/"+boss.userID+"/link").wants(t, 403, "Nobody makes a recovery link for themselves")
	if hash, err := b.workforce.Password(t.Context(), boss.userID); err != nil || hash == "" {
		t.Errorf("the password is gone: %v", err)
	}
}

// A tenant's name is written as its owner writes it.
func TestRolesNameTheTenantAsItIs(t *testing.T) {
	b := newBench(t)
	boss := b.global()
	b.admin("eve@staff.example", b.roleID("Reports Reader"), b.shop.ID)
	name := b.directory().Tenant.Name
	page := boss.get("/admin/t/shop/admins")
	page.wants(t, 200, "Global Administrator (all tenants)", "Reports Reader ("+name+")")
}
