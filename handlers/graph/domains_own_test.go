package graph

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portico/app/access"
	"portico/app/audit"
	"portico/models"
)

// TestOwnHosts: a host is claimed, proven by its record, tried, and chosen; each refusal says which property it is about.
func TestOwnHosts(t *testing.T) {
	each(t, func(w *world) {
		w.api.Own = []string{"id.installation.example"}
		for what, id := range map[string]string{"the installation's": "id.installation.example", "an address": "203.0.113.7", "no host": "not a host", "nothing": ""} {
			a := w.do("POST", "/domains", map[string]any{"id": id, "portico": map[string]any{"customUrlDomain": true}})
			if e, _ := a.body["error"].(map[string]any); a.status != 400 || e["target"] != "id" {
				t.Errorf("%s: %d %s", what, a.status, a.raw)
			}
		}
		claim := func(name string) (at string, record map[string]any) {
			t.Helper()
			made := w.want(201, w.do("POST", "/domains", map[string]any{"id": name, "portico": map[string]any{"customUrlDomain": true}})).body
			if made["isVerified"] != false || made["isDefault"] != false || made["authenticationType"] != "Managed" {
				t.Errorf("%v", made)
			}
			at = "/domains/" + made["id"].(string)
			return at, w.want(200, w.do("GET", at+"/verificationDnsRecords", nil)).values()[0]
		}
		one, first := claim("Login.Contoso.com")
		two, second := claim("id.contoso.com")
		if first["label"] != "_portico.login.contoso.com" || first["supportedService"] != "CustomUrlDomain" || first["text"] == second["text"] {
			t.Errorf("%v, %v", first, second)
		}
		records := map[string][]string{}
		w.api.Lookup = func(_ context.Context, name string) ([]string, error) {
			if r := records[name]; r != nil {
				return r, nil
			}
			return nil, &net.DNSError{Err: "no such host", IsNotFound: true}
		}
		tried, wrong := "", "login.contoso.com did not answer in time."
		w.api.Reach = func(_ context.Context, slug, host string) string { tried = slug + " " + host; return wrong }
		portico := func(a answer, property string) any { return a.body["portico"].(map[string]any)[property] }
		refused := func(what string, a answer, target, words string) {
			t.Helper()
			if e, _ := a.body["error"].(map[string]any); a.status != 400 || target != "" && e["target"] != target || !strings.Contains(a.raw, words) {
				t.Errorf("%s: %d %s", what, a.status, a.raw)
			}
		}

		// Without the record nothing is proven, nothing is tried, nothing can be chosen.
		refused("no record", w.do("POST", one+"/verify", nil), "", "TXT")
		records["_portico.login.contoso.com"] = []string{"portico-domain-verification=of-somebody-else"}
		refused("another record", w.do("POST", one+"/verify", nil), "", "TXT")
		if got := w.want(200, w.do("GET", one, nil)); got.body["isVerified"] != false || tried != "" {
			t.Errorf("tried %q, %s", tried, got.raw)
		}
		refused("a host that is not proven", w.do("PATCH", one, map[string]any{"isDefault": true}), "isDefault", "login.contoso.com")

		records["_portico.login.contoso.com"] = []string{first["text"].(string)}
		if got := w.want(200, w.do("POST", one+"/verify", nil)); got.body["isVerified"] != true || tried != w.slug()+" login.contoso.com" || portico(got, "unreachedReason") != wrong || portico(got, "reachedDateTime") != nil {
			t.Errorf("tried %q: %s", tried, got.raw)
		}
		w.want(204, w.do("PATCH", one, map[string]any{"isDefault": true}))
		refused("a host that nobody reached", w.do("PATCH", one, map[string]any{"portico": map[string]any{"answersAtOwnHostsOnly": true}}), "portico/answersAtOwnHostsOnly", "login.contoso.com")
		refused("another host's turn", w.do("PATCH", two, map[string]any{"isDefault": true, "portico": map[string]any{"answersAtOwnHostsOnly": true}}), "isDefault", "id.contoso.com")
		refused("no such property", w.do("PATCH", one, map[string]any{"isVerified": true}), "isVerified", "")
		if got := w.want(200, w.do("GET", one, nil)); got.body["isDefault"] != true || portico(got, "answersAtOwnHostsOnly") != false {
			t.Errorf("%s", got.raw)
		}
		w.want(204, w.do("PATCH", two, map[string]any{"isDefault": false})) // is not, and stays so
		if got := w.want(200, w.do("GET", one, nil)); got.body["isDefault"] != true {
			t.Errorf("%s", got.raw)
		}
		w.want(204, w.do("PATCH", one, map[string]any{"isDefault": false}))
		if got := w.want(200, w.do("GET", one, nil)); got.body["isDefault"] != false {
			t.Errorf("%s", got.raw)
		}
		wrong = ""
		if got := w.want(200, w.do("POST", one+"/verify", nil)); portico(got, "reachedDateTime") == nil || portico(got, "unreachedReason") != "" {
			t.Errorf("%s", got.raw)
		}
		w.want(204, w.do("PATCH", one, map[string]any{"isDefault": true, "portico": map[string]any{"answersAtOwnHostsOnly": true}}))
		refused("links must lead somewhere", w.do("PATCH", one, map[string]any{"isDefault": false}), "isDefault", "")
		if a := w.do("DELETE", one, nil); a.status != 409 && a.status != 400 {
			t.Errorf("the last host went: %d %s", a.status, a.raw)
		}
		w.want(204, w.do("PATCH", one, map[string]any{"isDefault": false, "portico": map[string]any{"answersAtOwnHostsOnly": false}}))
		w.want(204, w.do("DELETE", one, nil))
		w.want(404, w.do("GET", one, nil))
		w.want(405, w.do("PUT", two, map[string]any{}))
		w.want(404, w.do("GET", two+"/other", nil))

		// What the operator waived stays waived without a record, and is proven by one.
		w.api.Elsewhere = true
		three, third := claimWaived(w, "waived.contoso.com")
		if got := w.want(200, w.do("POST", three+"/verify", nil)); got.body["isVerified"] != true || portico(got, "isWaived") != true {
			t.Errorf("%s", got.raw)
		}
		records["_portico.waived.contoso.com"] = []string{third}
		if got := w.want(200, w.do("POST", three+"/verify", nil)); portico(got, "isWaived") != false {
			t.Errorf("%s", got.raw)
		}
	})
}

func (w *world) slug() string {
	w.t.Helper()
	self, err := w.tenant.Get(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return self.Slug
}

func claimWaived(w *world, name string) (at, text string) {
	w.t.Helper()
	w.want(201, w.do("POST", "/domains", map[string]any{"id": name, "portico": map[string]any{"customUrlDomain": true}}))
	return "/domains/" + name, w.want(200, w.do("GET", "/domains/"+name+"/verificationDnsRecords", nil)).values()[0]["text"].(string)
}

// TestRightsOfDomains: hosts are the organization's, companies' domains those of identity providers; who has one right sees and
// changes that kind alone, and nobody sees another directory's.
func TestRightsOfDomains(t *testing.T) {
	each(t, func(w *world) {
		ctx, by := context.Background(), audit.System("test")
		w.api.Elsewhere = true
		corp := w.want(201, w.do("POST", "/identity/identityProviders", map[string]any{"@odata.type": "#microsoft.graph.oidcIdentityProvider", "displayName": "Corp", "clientId": "c", "issuer": "https://login.corp.example",
			"clientAuthentication": map[string]any{"@odata.type": "#microsoft.graph.oidcClientSecretAuthentication", "clientSecret": "secret-of-corp-0000"}})).body["id"]
		w.want(201, w.do("POST", "/domains", map[string]any{"id": "corp.example", "portico": map[string]any{"identityProviderId": corp}}))
		w.want(201, w.do("POST", "/domains", map[string]any{"id": "login.contoso.com", "portico": map[string]any{"customUrlDomain": true}}))
		if _, err := w.newTenant("other").AddCustomDomain(ctx, by, "login.other.example", true); err != nil {
			t.Fatal(err)
		}
		for name, p := range map[string]access.Permission{"reads hosts": access.OrganizationRead, "writes hosts": access.OrganizationWrite, "reads companies": access.ProviderRead, "writes companies": access.ProviderWrite} {
			w.newClient(name, w.tenant, p)
		}
		own := map[string]any{"id": "new.contoso.com", "portico": map[string]any{"customUrlDomain": true}}
		theirs := map[string]any{"id": "new.example", "portico": map[string]any{"identityProviderId": corp}}
		for _, c := range []struct {
			who, method, path string
			body              any
			want              int
		}{
			{"reads hosts", "GET", "/domains/login.contoso.com", nil, 200},
			{"reads hosts", "GET", "/domains/corp.example", nil, 403},
			{"reads hosts", "GET", "/domains/login.other.example", nil, 404},
			{"reads hosts", "PATCH", "/domains/login.contoso.com", map[string]any{"isDefault": true}, 403},
			{"reads hosts", "POST", "/domains/login.contoso.com/verify", nil, 403},
			{"reads hosts", "POST", "/domains", own, 403},
			{"reads companies", "GET", "/domains/login.contoso.com", nil, 403},
			{"reads companies", "GET", "/domains/login.contoso.com/verificationDnsRecords", nil, 403},
			{"reads companies", "GET", "/domains/corp.example/verificationDnsRecords", nil, 200},
			{"writes companies", "PATCH", "/domains/login.contoso.com", map[string]any{"isDefault": true}, 403},
			{"writes companies", "DELETE", "/domains/login.contoso.com", nil, 403},
			{"writes companies", "POST", "/domains", own, 403},
			{"writes companies", "POST", "/domains", theirs, 201},
			{"writes companies", "PATCH", "/domains/corp.example", map[string]any{"isDefault": true}, 405},
			{"writes hosts", "POST", "/domains", own, 201},
			{"writes hosts", "POST", "/domains", theirs, 403},
			{"writes hosts", "DELETE", "/domains/corp.example", nil, 403},
			{"writes hosts", "DELETE", "/domains/login.other.example", nil, 404},
			{"writes hosts", "PATCH", "/domains/login.contoso.com", map[string]any{"isDefault": true}, 204},
			{"writes hosts", "DELETE", "/domains/new.contoso.com", nil, 204},
		} {
			if a := w.do(c.method, c.path, c.body, "Authorization", "Bearer "+c.who); a.status != c.want {
				t.Errorf("%s: %s %s: %d, want %d: %s", c.who, c.method, c.path, a.status, c.want, a.raw)
			}
		}
		for who, want := range map[string]string{"reads hosts": "login.contoso.com", "reads companies": "corp.example new.example", "all": "corp.example new.example login.contoso.com"} {
			var got []string
			for _, v := range w.want(200, w.do("GET", "/domains", nil, "Authorization", "Bearer "+who)).values() {
				got = append(got, v["id"].(string))
			}
			if strings.Join(got, " ") != want {
				t.Errorf("%s: %q, want %s", who, got, want)
			}
		}
	})
}

// TestHostsInFiles: a file claims a host and says what to do by hand; nothing but the name is in it, and no plan ends a host.
func TestHostsInFiles(t *testing.T) {
	each(t, func(w *world) {
		ctx, by := context.Background(), audit.System("test")
		if _, err := w.tenant.AddCustomDomain(ctx, by, "login.contoso.com", true); err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if _, err := w.api.Export(ctx, w.tenant.ID, dir); err != nil {
			t.Fatal(err)
		}
		at := filepath.Join(dir, hostFolder)
		text := readAll(t, at)
		if len(text) != 1 {
			t.Fatalf("%v", text)
		}
		for _, s := range text {
			if strings.Join(strings.Fields(s), "") != `{"id":"login.contoso.com"}` {
				t.Errorf("the file says %s", s)
			}
		}
		write := func(name, text string) {
			t.Helper()
			if err := os.WriteFile(filepath.Join(at, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		plan := func(t2 *models.Tenant) string {
			t.Helper()
			changes, err := w.api.Plan(ctx, t2.ID, dir)
			if err != nil {
				t.Fatal(err)
			}
			return Describe(changes)
		}
		if got := plan(w.tenant); strings.Contains(got, "contoso") {
			t.Errorf("a plan after an export: %s", got)
		}
		write("id.json", `{"id":"ID.Contoso.com"}`)
		if got := plan(w.tenant); !strings.Contains(got, `"id.contoso.com"`) || !strings.Contains(got, "put the TXT record") {
			t.Errorf("the plan says %s", got)
		}
		if all, err := w.tenant.CustomDomains(ctx); err != nil || len(all) != 1 {
			t.Errorf("planning claimed: %v %v", all, err)
		}
		if _, err := w.api.Apply(ctx, w.tenant.ID, dir, by); err != nil {
			t.Fatal(err)
		}
		all, err := w.tenant.CustomDomains(ctx)
		if err != nil || len(all) != 2 || all[0].Host != "id.contoso.com" || all[0].Proven() || !all[1].Proven() {
			t.Errorf("claimed: %+v %v", all, err)
		}
		for name := range text {
			if err := os.Remove(filepath.Join(at, name)); err != nil {
				t.Fatal(err)
			}
		}
		if got := plan(w.tenant); strings.Contains(got, "login.contoso.com") {
			t.Errorf("what has no file: %s", got)
		}
		w.api.Own = []string{"id.installation.example"}
		for what, c := range map[string]struct{ text, field string }{
			"no name":            {`{}`, "id"},
			"a name of spaces":   {`{"id":"  "}`, "id"},
			"a number":           {`{"id":5}`, "id"},
			"no host":            {`{"id":"not a host"}`, "id"},
			"the installation's": {`{"id":"id.installation.example"}`, "id"},
			"twice":              {`{"id":"id.CONTOSO.com."}`, "id"},
			"a proof":            {`{"id":"x.contoso.com","isVerified":true}`, "isVerified"},
			"a choice":           {`{"id":"x.contoso.com","isDefault":true}`, "isDefault"},
		} {
			write("z.json", c.text)
			for _, run := range []func() error{
				func() error { _, err := w.api.Plan(ctx, w.tenant.ID, dir); return err },
				func() error { _, err := w.api.Apply(ctx, w.tenant.ID, dir, by); return err },
			} {
				err := run()
				var f *FileError
				if !errors.As(err, &f) || f.File != hostFolder+"/z.json" || f.Field != c.field {
					t.Errorf("%s: %v", what, err)
				}
			}
		}
		if all, err := w.tenant.CustomDomains(ctx); err != nil || len(all) != 2 {
			t.Errorf("a refused file claimed: %v %v", all, err)
		}
	})
}
