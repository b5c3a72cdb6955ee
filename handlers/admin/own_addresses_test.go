package admin

import (
	"strings"
	"testing"

	"portico/models"
	"portico/models/modelstest"
)

// TestAddressesAreOfThePrimaryHost: what is copied into the configuration of an app is of the host that links lead to; and a
// person's page says where each passkey works.
func TestAddressesAreOfThePrimaryHost(t *testing.T) {
	b := newBench(t)
	w, th := b.global(), b.things()
	b.portal.BaseURL = "https://id.portico.example"
	at := "/admin/t/shop"
	pages := []string{at + "/settings", at + "/applications/" + th.app.ID, at + "/applications/" + th.app.ID + "/connect"}
	for _, page := range pages {
		w.get(page).wants(t, 200, "https://id.portico.example/"+b.shop.ID)
	}
	d, err := b.shop.AddCustomDomain(t.Context(), modelstest.Actor(), "login.contoso.com", true)
	b.must(err)
	b.must(b.shop.ChooseHosts(t.Context(), modelstest.Actor(), d.Host, false))
	for _, page := range pages {
		a := w.get(page)
		a.wants(t, 200, "https://login.contoso.com/"+b.shop.ID)
		if strings.Contains(a.body, "https://id.portico.example/"+b.shop.ID) {
			t.Errorf("%s still shows the installation’s address", page)
		}
	}
	for _, host := range []string{"", "login.contoso.com", "old.contoso.com"} {
		_, err := b.shop.AddCredential(t.Context(), modelstest.Actor(), models.Credential{UserID: th.user.ID, Kind: models.KindPasskey, Name: "Laptop", LookupKey: models.NewID(), Data: `{"host":"` + host + `"}`})
		b.must(err)
	}
	w.get(at+"/users/"+th.user.ID+"/methods").wants(t, 200, "Works only at id.portico.example", "Works only at login.contoso.com", "Works nowhere: customers are not answered at old.contoso.com")
}
