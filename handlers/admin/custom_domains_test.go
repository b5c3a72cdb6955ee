package admin

import (
	"context"
	"net"
	"strings"
	"testing"

	"portico/models/modelstest"
)

// A host from its claim to its end: the records, what is wrong in words, primary, own hosts only with its guard, and what
// removing it breaks.
func TestCustomDomains(t *testing.T) {
	b := newBench(t)
	w := b.global()
	x := b.company()
	at := "/admin/t/shop/settings/custom-domains"
	wrong, records := "login.contoso.com did not answer in time.", map[string][]string{}
	b.portal.BaseURL, b.portal.Hosts = "https://id.portico.example", OwnHosts{Own: []string{"https://id.portico.example"}, Reach: func(_ context.Context, slug, host string) string {
		if slug != "shop" || host != "login.contoso.com" {
			t.Errorf("tries %s for %s", host, slug)
		}
		return wrong
	}}
	b.portal.Net.Lookup = func(_ context.Context, name string) ([]string, error) {
		if records[name] == nil {
			return nil, &net.DNSError{Err: "no such host", IsNotFound: true}
		}
		return records[name], nil
	}
	w.get(at).wants(t, 200, "None yet", "https://id.portico.example/shop", "Add a host")
	for host, why := range map[string]string{"": "Enter a host name", "https://x.example": "Enter a host name", "a.id.portico.example": "belongs to this installation itself", "127.0.0.1": "Enter a host name"} {
		if a := w.post(at, "host", host); a.status != 422 || !strings.Contains(a.body, why) {
			t.Errorf("%q: %d %s", host, a.status, text(a.body))
		}
	}
	if a := w.post(at, "host", "Login.Contoso.com."); a.status != 303 || a.location != at {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	list, err := b.shop.CustomDomains(t.Context())
	b.must(err)
	d := list[0]
	page := w.get(at)
	page.wants(t, 200, "Waits for the record", d.Record, d.Value, "id.portico.example.", "CNAME")
	page.holds(t, "data-copy=\"copy-value-"+d.ID)
	for _, early := range []string{"For your applications", "Make primary"} {
		if strings.Contains(text(page.body), early) {
			t.Errorf("the page says %q", early)
		}
	}
	check := func(says ...string) {
		t.Helper()
		if a := w.post(at+"/check", "domain", d.ID); a.status != 303 || a.location != at {
			t.Fatalf("%d %s", a.status, text(a.body))
		}
		w.get(at).wants(t, 200, says...)
	}
	check("The TXT record was not found", "Record not found")
	records[d.Record] = []string{"something else", d.Value}
	check("is verified, but requests to it do not come out here yet: login.contoso.com did not answer in time.", "Verified", "Not reached",
		"For your applications", "https://login.contoso.com/"+b.shop.ID+"/v2.0", "For your identity providers", "https://login.contoso.com/"+b.shop.ID+"/federation/"+x.ID+"/callback", "A passkey works only at the host where it was made")
	w.get("/admin/t/shop/identity-providers/"+x.ID).wants(t, 200, "Redirect URIs at your own hosts", "https://login.contoso.com/"+b.shop.ID+"/federation/"+x.ID+"/callback")
	w.get(at+"/"+d.ID+"/primary").wants(t, 200, "Check it first", "A passkey works only at the host where it was made")
	choose := func(says string, fields ...string) {
		t.Helper()
		if a := w.post(at+"/choose", fields...); a.status != 303 {
			t.Fatalf("%d %s", a.status, text(a.body))
		}
		w.get(at).wants(t, 200, says)
	}
	choose("Choose which of your hosts links lead to", "choice", "only")
	choose("Links lead to login.contoso.com from now on", "choice", "primary", "domain", d.ID)
	choose("was not reached just now", "choice", "only")
	wrong = ""
	check("login.contoso.com is verified and leads here")
	if a := w.get(at); strings.Contains(a.body, "Records for login.contoso.com") {
		t.Error("records that are there are asked for")
	}
	w.get(at+"/choose/only").wants(t, 200, "A passkey works only at the host where it was made", "Administrators are not locked out", "sign nobody in")
	choose("Customers are answered at your own hosts only", "choice", "only")
	w.get(at).wants(t, 200, "Refused")
	if a := w.post(at + "/" + d.ID + "/remove"); a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	w.get(at).wants(t, 200, "this is the last one")
	choose("at the installation’s address again", "choice", "everywhere")
	choose("Links lead to the installation’s address from now on", "choice", "home")
	w.get(at+"/"+d.ID+"/remove").wants(t, 200, "its issuer is gone", "Passkeys that were made at login.contoso.com open nothing any more")
	if a := w.post(at + "/" + d.ID + "/remove"); a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	w.get(at).wants(t, 200, "login.contoso.com is removed", "None yet")
	w.get("/admin/t/shop/settings/custom-domains/choose/nothing").wants(t, 404)
	if a := w.post(at+"/choose", "choice", "nothing"); a.status != 404 {
		t.Errorf("%d", a.status)
	}
	theirs, err := modelstest.MustTenant(t, b.store, "other").AddCustomDomain(t.Context(), modelstest.Actor(), "login.other.example", true)
	b.must(err)
	if a := w.post(at+"/check", "domain", theirs.ID); a.status != 404 {
		t.Errorf("another tenant's host: %d", a.status)
	}
}
