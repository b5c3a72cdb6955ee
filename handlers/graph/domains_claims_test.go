package graph

import (
	"context"
	"net"
	"testing"
)

// The hosts of a tenant's own: what nobody can claim, whose claim counts when two name one host, and what is another tenant's
// affair.
func TestCustomDomainsOfTwoTenants(t *testing.T) {
	each(t, func(w *world) {
		w.api.Own = []string{"https://id.portico.example", "admin.portico.example"}
		said := map[string][]string{}
		w.api.Lookup = func(_ context.Context, name string) ([]string, error) {
			if len(said[name]) == 0 {
				return nil, &net.DNSError{Err: "no such host", IsNotFound: true}
			}
			return said[name], nil
		}
		own := map[string]any{"customUrlDomain": true}
		for _, name := range []string{"id.portico.example", "ID.portico.example.", "a.id.portico.example", "admin.portico.example", "localhost", "127.0.0.1", "0x7f.1", "[::1]", "*.contoso.com", "contoso.com:443", "https://contoso.com", "a@contoso.com"} {
			a := w.do("POST", "/v1.0/domains", map[string]any{"id": name, "portico": own})
			if e, _ := a.body["error"].(map[string]any); a.status != 400 || e["target"] != "id" {
				t.Errorf("%s: %d %s", name, a.status, a.raw)
			}
		}
		w.newClient("theirs", w.newTenant("other"), "Organization.ReadWrite.All", "IdentityProvider.ReadWrite.All")
		theirs := func(method, path string, body any) answer {
			return w.do(method, path, body, "Authorization", "Bearer theirs")
		}
		const at = "/v1.0/domains/login.contoso.com"
		record := func(do func(string, string, any) answer) string {
			made := w.want(201, do("POST", "/v1.0/domains", map[string]any{"id": "Login.Contoso.com", "portico": own})).body
			if made["id"] != "login.contoso.com" || made["isVerified"] != false {
				t.Errorf("%v", made)
			}
			r := w.want(200, do("GET", at+"/verificationDnsRecords", nil)).values()[0]
			if r["label"] != "_portico.login.contoso.com" {
				t.Errorf("%v", r)
			}
			return r["text"].(string)
		}
		ours := func(method, path string, body any) answer { return w.do(method, path, body) }
		first, second := record(ours), record(theirs)
		if first == second {
			t.Error("both have to say the same")
		}
		said["_portico.login.contoso.com"] = []string{second}
		w.want(400, ours("POST", at+"/verify", nil))
		if got := w.want(200, theirs("POST", at+"/verify", nil)).body; got["isVerified"] != true {
			t.Errorf("%v", got)
		}
		said["_portico.login.contoso.com"] = []string{first, second}
		w.want(400, ours("POST", at+"/verify", nil)) // as long as the other's record stands
		if got := w.want(200, ours("GET", at, nil)).body; got["isVerified"] != false {
			t.Errorf("answered for both: %v", got)
		}
		w.want(400, ours("PATCH", at, map[string]any{"isDefault": true}))
		w.want(204, ours("DELETE", at, nil))
		if got := w.want(200, theirs("GET", at, nil)).body; got["isVerified"] != true {
			t.Errorf("ended by another tenant: %v", got)
		}
		w.want(404, ours("GET", at, nil))
	})
}
