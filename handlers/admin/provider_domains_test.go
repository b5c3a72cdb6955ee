package admin

import (
	"net/url"
	"strings"
	"testing"

	"portico/app/userflow"
	"portico/models/modelstest"
)

// Where an address leads is said in words, with the reason.
func TestWhereAnAddressLeads(t *testing.T) {
	b := newBench(t)
	w := b.global()
	th := b.things()
	x := b.company()
	at := "/admin/t/shop/identity-providers/domains"
	says := func(address, want string) {
		t.Helper()
		w.get(at+"?address="+url.QueryEscape(address)).wants(t, 200, want)
	}
	says("nobody", "is not an email address")
	says("ann@gmail.com", "gives addresses to everybody")
	says("ann@elsewhere.example", "No provider has the domain elsewhere.example")
	says("ann@corp.example", "as soon as it is proven")
	w.get(at).wants(t, 200, "Waits for the record", "_portico.corp.example", "portico-domain-verification=")
	if a := w.post(at, "domain", "sub.corp.example", "provider", "", "waive", "yes"); a.status != 422 || !strings.Contains(a.body, "Choose a provider") || !strings.Contains(a.body, "sub.corp.example") {
		t.Errorf("%d %s", a.status, text(a.body))
	}
	if a := w.post(at, "domain", "sub.corp.example", "provider", x.ID, "waive", "yes"); a.status != 303 || a.location != at {
		t.Errorf("%d %s", a.status, text(a.body))
	}
	says("ann@SUB.corp.example", "no user flow shows that provider")
	_, err := b.shop.PublishFlow(t.Context(), modelstest.Actor(), th.flow.ID, func(f *userflow.Flow) error { f.Providers = []string{x.ID}; return nil })
	b.must(err)
	says("ann@sub.corp.example", "this address leads to “Corp”")
	_, err = b.shop.EnableProvider(t.Context(), modelstest.Actor(), x.ID, false)
	b.must(err)
	says("ann@sub.corp.example", "which is turned off")
	list, err := b.shop.ProviderDomains(t.Context(), x.ID)
	b.must(err)
	for _, d := range list {
		page := "/admin/t/shop/identity-providers/" + x.ID + "/domains/"
		w.get(page+d.ID+"/remove").wants(t, 200, "Remove “"+d.Domain+"”?")
		if a := w.post(page+"remove", "domain", d.ID, "from", "all"); a.status != 303 || a.location != at {
			t.Errorf("%d %s", a.status, a.location)
		}
	}
	w.get(at).wants(t, 200, "None yet")
}
