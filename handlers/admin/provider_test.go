package admin

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"portico/app/account"
	"portico/app/federation"
	"portico/app/i18n"
	"portico/app/outbound"
	"portico/app/policy"
	"portico/app/record"
	"portico/app/session"
	"portico/app/signin"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// providerNet reaches this machine only; of TXT records it knows one.
func providerNet(t *testing.T, clock func() time.Time) federation.Net {
	t.Helper()
	allow, err := outbound.ParseAllow("127.0.0.0/8")
	if err != nil {
		t.Fatal(err)
	}
	return federation.Net{Client: &outbound.Client{Allow: allow}, Cache: &federation.Cache{}, Now: clock, Random: rand.Reader,
		Lookup: func(context.Context, string) ([]string, error) { return nil, errors.New("no such host") }}
}

// company is an OpenID Connect provider with a domain that is not proven.
func (b *bench) company() models.IdentityProvider {
	b.Helper()
	p, err := b.shop.CreateProvider(b.Context(), modelstest.Actor(), federation.Provider{Kind: federation.OpenID, Name: "Corp", ClientID: "c-1", Issuer: "https://login.corp.example", Enabled: true},
		models.ProviderSecret{Client: "a secret of 1234"}, func(federation.Provider, bool, bool) error { return nil })
	b.must(err)
	_, err = b.shop.AddProviderDomain(b.Context(), modelstest.Actor(), p.ID, "corp.example", false)
	b.must(err)
	return p
}

// idOf reads the id of the provider that the form is for.
func idOf(t *testing.T, a answer) string {
	t.Helper()
	_, rest, ok := strings.Cut(a.body, `name="id" value="`)
	id, _, found := strings.Cut(rest, `"`)
	if !ok || !found {
		t.Fatalf("no id in the form: %s", text(a.body))
	}
	return id
}

func TestSettingUpAProvider(t *testing.T) {
	b := newBench(t)
	w := b.global()
	const at = "/admin/t/shop/identity-providers"
	if a := w.get(at); a.status != 200 || !strings.Contains(a.body, "None yet") {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	form := w.get(at + "/new?kind=google")
	id := idOf(t, form)
	if !strings.Contains(form.body, "/"+b.shop.ID+"/federation/"+id+"/callback") || strings.Contains(form.body, `name="teamId"`) || strings.Contains(form.body, `name="issuer"`) {
		t.Errorf("the form: %s", text(form.body))
	}
	// A mistake stands beside its field, and what was typed is there; a secret is not.
	bad := w.post(at, "kind", "google", "id", id, "displayName", "Google", "clientId", "", "clientSecret", "top-secret-value-9876")
	if bad.status != 422 || !strings.Contains(bad.body, "Enter the client id that the provider shows") || strings.Contains(bad.body, "9876") || idOf(t, bad) != id {
		t.Errorf("%d %s", bad.status, text(bad.body))
	}
	made := w.post(at, "kind", "google", "id", id, "displayName", "Google", "clientId", "123.apps", "clientSecret", "top-secret-value-9876")
	if made.status != 303 || made.location != at+"/"+id {
		t.Fatalf("%d %s %s", made.status, made.location, text(made.body))
	}
	page := w.get(at + "/" + id)
	if page.status != 200 || !strings.Contains(page.body, "Ends in …9876") || strings.Contains(page.body, "top-secret") || !strings.Contains(page.body, "No user flow shows it") {
		t.Errorf("%d %s", page.status, text(page.body))
	}
	secrets, err := b.shop.ProviderSecrets(t.Context(), id)
	b.must(err)
	if secrets.Client != "top-secret-value-9876" {
		t.Error("the secret is not what was sent")
	}
	// Saving without a secret keeps it.
	if a := w.post(at+"/"+id+"/edit", "displayName", "Google account", "clientId", "123.apps"); a.status != 303 {
		t.Errorf("%d %s", a.status, text(a.body))
	}
	if secrets, err = b.shop.ProviderSecrets(t.Context(), id); err != nil || secrets.Client != "top-secret-value-9876" {
		t.Errorf("%v", err)
	}
	if a := w.post(at+"/"+id+"/advanced", "scopes", "email", "claims", "jobTitle = title", "refresh", "givenName = often"); a.status != 422 || !strings.Contains(a.body, "Add openid") || !strings.Contains(a.body, "cannot be kept up to date") {
		t.Errorf("%d %s", a.status, text(a.body))
	}
	if a := w.post(at+"/"+id+"/advanced", "claims", "jobTitle = title", "refresh", "givenName = always", "trustMfa", "yes"); a.status != 303 {
		t.Errorf("%d %s", a.status, text(a.body))
	}
	if a := w.post(at+"/"+id+"/enabled", "enabled", ""); a.status != 303 {
		t.Errorf("%d", a.status)
	}
	x, err := b.shop.IdentityProvider(t.Context(), id)
	b.must(err)
	if x.Enabled || x.Claims["jobTitle"] != "title" || x.Refresh["givenName"] != federation.Always || !x.TrustMFA || x.Name != "Google account" {
		t.Errorf("%+v", x)
	}
	if a := w.post(at + "/" + id + "/delete"); a.status != 303 {
		t.Errorf("%d", a.status)
	}
	if a := w.get(at + "/" + id); a.status != 404 {
		t.Errorf("%d", a.status)
	}
}

// TestASecretStaysWhereItWasMeantFor: whoever may change a provider cannot have its secret sent to themselves.
func TestASecretStaysWhereItWasMeantFor(t *testing.T) {
	b := newBench(t)
	w := b.global()
	x := b.company()
	at := "/admin/t/shop/identity-providers/" + x.ID
	if a := w.post(at+"/edit", "displayName", "Corp", "clientId", "c-1", "discovery", "https://evil.example/.well-known/openid-configuration", "issuer", "https://evil.example"); a.status != 422 || !strings.Contains(a.body, "Enter the client secret again") {
		t.Errorf("%d %s", a.status, text(a.body))
	}
	if a := w.post(at+"/advanced", "tokenUrl", "https://evil.example/token"); a.status != 422 || !strings.Contains(a.body, "Enter the client secret again") {
		t.Errorf("%d %s", a.status, text(a.body))
	}
}

func TestDomainsInThePortal(t *testing.T) {
	b := newBench(t)
	w := b.global()
	x := b.company()
	at := "/admin/t/shop/identity-providers/" + x.ID
	for typed, says := range map[string]string{"nonsense": "Enter a domain such as", "gmail.com": "no company speaks for it", "corp.example": "routed to a provider already"} {
		if a := w.post(at+"/domains", "domain", typed); a.status != 422 || !strings.Contains(a.body, says) {
			t.Errorf("%s: %d %s", typed, a.status, text(a.body))
		}
	}
	list, err := b.shop.ProviderDomains(t.Context(), x.ID)
	b.must(err)
	if a := w.post(at+"/domains/prove", "domain", list[0].ID); a.status != 303 {
		t.Errorf("%d", a.status)
	}
	dir, err := b.store.Directory(t.Context(), b.shop.ID)
	b.must(err)
	if len(dir.Domains) != 0 {
		t.Error("a domain without a record is routed")
	}
	b.portal.Net.Lookup = func(_ context.Context, name string) ([]string, error) {
		if name != "_portico.corp.example" {
			t.Errorf("asked for %s", name)
		}
		return []string{"v=spf1", list[0].Value}, nil
	}
	if a := w.post(at+"/domains/prove", "domain", list[0].ID); a.status != 303 {
		t.Errorf("%d", a.status)
	}
	dir, err = b.store.Directory(t.Context(), b.shop.ID)
	b.must(err)
	if dir.Domains["corp.example"] != x.ID || len(dir.Providers[x.ID].Authoritative) != 1 {
		t.Errorf("%v %+v", dir.Domains, dir.Providers[x.ID])
	}
	if a := w.post(at+"/domains/remove", "domain", list[0].ID); a.status != 303 {
		t.Errorf("%d", a.status)
	}
}

func TestProvidersOfAFlow(t *testing.T) {
	b := newBench(t)
	w := b.global()
	th := b.things()
	x := b.company()
	at := "/admin/t/shop/user-flows/" + th.flow.ID + "/providers"
	if a := w.post(at+"/add", "providers", x.ID, "revision", "0"); a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	if a := w.get(at); a.status != 200 || !strings.Contains(a.body, "Corp") {
		t.Errorf("%d %s", a.status, text(a.body))
	}
	d, _, err := b.shop.Draft(t.Context(), th.flow.ID)
	b.must(err)
	if len(d.Providers) != 1 || d.Providers[0] != x.ID {
		t.Errorf("%v", d.Providers)
	}
	// Deleting the provider takes it out of the draft too.
	if a := w.post("/admin/t/shop/identity-providers/" + x.ID + "/delete"); a.status != 303 {
		t.Errorf("%d %s", a.status, text(a.body))
	}
	if d, _, err = b.shop.Draft(t.Context(), th.flow.ID); err != nil || len(d.Providers) != 0 {
		t.Errorf("%v %v", err, d.Providers)
	}
}

// What came of a round trip is told on the sign-in's page: provider, steps, names of claims, and why it came to nothing.
func TestTheTraceTellsOfTheProvider(t *testing.T) {
	bundle, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	l := bundle.Match("en")
	hop := record.Hop{What: "token", Place: "login.corp.example", Status: 200, Duration: 120 * time.Millisecond, Claims: []string{"sub", "email"}, Verdict: "the signature holds"}
	for name, c := range map[string]struct {
		f    record.Federation
		says []string
	}{
		"who came in":     {record.Federation{Provider: record.Party{ID: "p1", Name: "Corp"}, Kind: "openid", Issuer: "https://login.corp.example", MFA: true, Hops: []record.Hop{hop}}, []string{"Corp", "https://login.corp.example", "Shown there, and trusted", "120 ms", "sub, email", "the signature holds"}},
		"who did not":     {record.Federation{Provider: record.Party{ID: "p1", Name: "Corp"}, Reason: "the nonce is not the one that was sent"}, []string{"the nonce is not the one that was sent"}},
		"words of a note": {record.Federation{}, nil},
	} {
		r := record.SignIn{Federation: &c.f}
		tr := traceOf(l, r, "/admin/t/shop", policy.Known{}, nil)
		var out strings.Builder
		for _, s := range tr.Sections {
			for _, f := range s.Summary {
				out.WriteString(f.Value.Text + "\n")
			}
			if s.Table != nil {
				for _, row := range s.Table.Rows {
					for _, cell := range row.Cells {
						out.WriteString(cell.Text + "\n")
					}
				}
			}
		}
		for _, want := range c.says {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: no %q in %s", name, want, out.String())
			}
		}
	}
	for _, note := range []string{"domain_hint_ignored", "mfa_met_by_provider"} {
		if w := noteWord(note); !strings.Contains(w, "identity provider") {
			t.Errorf("%s: %q", note, w)
		}
	}
}

// The last identity of a provider stays while it is the only way in; the sessions that stand on a provider end on demand.
func TestIdentitiesAndSessionsOfAProvider(t *testing.T) {
	b := newBench(t)
	th := b.things()
	p := b.company()
	ctx, actor := t.Context(), modelstest.Actor()
	_, err := b.shop.PublishFlow(ctx, actor, th.flow.ID, func(f *userflow.Flow) error {
		f.Providers, f.SignInMethods, f.SignUpMethod = []string{p.ID}, []userflow.Method{userflow.EmailPassword}, userflow.EmailPassword
		return nil
	})
	b.must(err)
	at := account.Identity{SignInType: account.SignInFederated, Issuer: "https://login.corp.example", Value: "1", Canonical: "1"}
	u, err := b.shop.CreateUser(ctx, actor, models.User{Account: account.Account{DisplayName: "Cem", Enabled: true, Identities: []account.Identity{{SignInType: account.SignInEmail, Value: "cem@corp.example"}, at}}}, "")
	b.must(err)
	w := b.global()
	page := "/admin/t/shop/users/" + u.ID
	w.get(page+"/methods").wants(t, 200, "Corp", "https://login.corp.example")
	remove := page + "/identities/" + identityKey(at) + "/remove"
	w.post(remove).wants(t, 422, "would have no way in any more")
	provider := "/admin/t/shop/identity-providers/" + p.ID
	w.get(w.post(provider+"/delete").location).wants(t, 200, "Some people sign in by “Corp” alone")
	now := b.shop.Now()
	b.must(b.shop.PutSession(ctx, session.Session{SID: "sid", TenantID: b.shop.ID, UserID: u.ID, AuthTime: now, CreatedAt: now, Upstream: session.Upstream{Provider: p.ID}}, "cookie", "", signin.SessionInfo{ExpiresAt: now.Add(time.Hour)}))
	w.get(provider).wants(t, 200, "End its sessions")
	w.get(provider+"/sessions").wants(t, 200, "Everybody who signed in by it is signed out")
	w.get(w.post(provider+"/sessions").location).wants(t, 200, "1 session ended")
	if _, live, err := b.shop.Session(ctx, "cookie", now); live || err != nil {
		t.Errorf("the session lives, %v", err)
	}
	b.must(b.shop.SetPassword(ctx, actor, u.ID, models.PasswordChange{Hash: "hash:x"}))
	if a := w.post(remove); a.status != 303 {
		t.Errorf("%d %s", a.status, text(a.body))
	}
}
