package models_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"portico/app/account"
	"portico/app/fault"
	"portico/app/federation"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// asIs checks a provider as an installation does that lets it be anywhere on the internet.
func asIs(p federation.Provider, hasSecret, hasKey bool) error {
	return p.Check(federation.Rules{}, hasSecret, hasKey)
}

func googleProvider(name string) federation.Provider {
	return federation.Provider{Kind: federation.Google, Name: name, ClientID: "123.apps", Enabled: true}
}

func companyProvider(name, issuer string) federation.Provider {
	return federation.Provider{Kind: federation.OpenID, Name: name, ClientID: "c-1", Issuer: issuer, Enabled: true}
}

func TestIdentityProviders(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn, other := modelstest.MustTenant(t, s.Store, ""), modelstest.MustTenant(t, s.Store, "")
		secret := models.ProviderSecret{Client: "a-secret-that-ends-in-1234"}
		made := modelstest.Must(tn.CreateProvider(ctx, actor, googleProvider(" Google "), secret, asIs))(t)
		if made.Name != "Google" || made.SecretHint != "1234" || !made.HasSecret || made.HasKey {
			t.Fatalf("%+v", made)
		}
		if got := modelstest.Must(tn.ProviderSecrets(ctx, made.ID))(t); got.Client != secret.Client || got.Key != nil {
			t.Errorf("%+v", got)
		}
		for what, err := range map[string]error{
			"secrets of another tenant": errorOf(other.ProviderSecrets(ctx, made.ID)), "another tenant's": errorOf(other.IdentityProvider(ctx, made.ID)),
			"deleting another tenant's": other.DeleteProvider(ctx, actor, made.ID, true), "enabling another tenant's": errorOf(other.EnableProvider(ctx, actor, made.ID, false)),
		} {
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: %v", what, err)
			}
		}
		for want, p := range map[string]federation.Provider{
			"displayName provider.name.taken": googleProvider("GOOGLE"), "displayName provider.name.required": googleProvider(""), "kind provider.kind.unknown": {Kind: "fax", Name: "Fax"},
			"issuer provider.issuer.required": companyProvider("Corp", ""), "issuer provider.issuer.bad": companyProvider("Corp", "https://a.example?x=1"),
		} {
			if _, err := tn.CreateProvider(ctx, actor, p, secret, asIs); complaint(err) != want {
				t.Errorf("got %q, want %q", complaint(err), want)
			}
		}
		if _, err := tn.CreateProvider(ctx, actor, googleProvider("G2"), models.ProviderSecret{}, asIs); complaint(err) != "clientSecret provider.secret.required" {
			t.Error(err)
		}

		// The snapshot follows at once, without secrets.
		dir := modelstest.Must(s.Directory(ctx, tn.ID))(t)
		if p := dir.Providers[made.ID]; p == nil || !p.Enabled || p.Name != "Google" {
			t.Fatalf("%+v", dir.Providers)
		}
		modelstest.Must(tn.EnableProvider(ctx, actor, made.ID, false))(t)
		if dir = modelstest.Must(s.Directory(ctx, tn.ID))(t); dir.Providers[made.ID].Enabled {
			t.Error("still on")
		}

		// A secret's end, and another secret.
		end := s.Now().Add(20 * 24 * time.Hour).Truncate(time.Second)
		made = modelstest.Must(tn.UpdateProvider(ctx, actor, made.ID, func(p *federation.Provider, x *models.ProviderSecret) error {
			x.Client, x.Expires, x.ExpiresAt = "another-secret-that-ends-in-5678", true, end
			return nil
		}, asIs))(t)
		if made.SecretHint != "5678" || !made.SecretExpiresAt.Equal(end) {
			t.Errorf("%+v", made)
		}
		var events strings.Builder
		for _, e := range modelstest.Must(models.ListRows[models.AuditRow](ctx, tn, models.Listing{Limit: 50}))(t) {
			events.WriteString(e.Activity + " " + e.Changes + "\n")
		}
		for _, want := range []string{"Create identity provider", "Disable identity provider", "Update identity provider"} {
			if !strings.Contains(events.String(), want) {
				t.Errorf("the log lacks %q", want)
			}
		}
		if strings.Contains(events.String(), "a-secret") || strings.Contains(events.String(), "another-secret") {
			t.Error("the log tells a secret")
		}
	})
}

func errorOf[T any](_ T, err error) error { return err }

func TestTwoProvidersAreNeverTakenForOneAnother(t *testing.T) {
	s := modelstest.OpenScratch(t, "sqlite")
	ctx, actor := t.Context(), modelstest.Actor()
	tn := modelstest.MustTenant(t, s.Store, "")
	add := func(p federation.Provider) error {
		_, err := tn.CreateProvider(ctx, actor, p, models.ProviderSecret{Client: "a-secret-that-ends-in-1234"}, asIs)
		return err
	}
	microsoft := func(name, directory string) federation.Provider {
		return federation.Provider{Kind: federation.Microsoft, Name: name, ClientID: "c", Directory: directory}
	}
	const one = "11111111-2222-3333-4444-555555555555"
	for _, c := range []struct {
		p    federation.Provider
		want string
	}{
		{googleProvider("Google"), ""}, {googleProvider("Google for work"), ""},
		{companyProvider("Corp", "https://login.corp.example"), ""}, {companyProvider("Corp again", "https://login.corp.example"), "issuer provider.issuer.taken"},
		{microsoft("Microsoft", "organizations"), ""}, {microsoft("Contoso", one), "directory provider.issuer.taken"},
		{companyProvider("Contoso", "https://login.microsoftonline.com/"+one+"/v2.0"), "issuer provider.issuer.taken"},
		{companyProvider("Apple itself", "https://appleid.apple.com"), ""}, {companyProvider("Code", "https://facebook.com"), ""},
		{companyProvider("Look-alike", "https://login.microsoftonline.com.evil.example/"+one+"/v2.0"), ""},
	} {
		if err := add(c.p); complaint(err) != c.want && (err != nil || c.want != "") {
			t.Errorf("%s: got %v, want %q", c.p.Name, err, c.want)
		}
	}
}

// privateKey makes one, with its text.
func privateKey(t *testing.T) (*ecdsa.PrivateKey, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func TestAppleKeepsAKey(t *testing.T) {
	s := modelstest.OpenScratch(t, "sqlite")
	ctx, actor := t.Context(), modelstest.Actor()
	tn := modelstest.MustTenant(t, s.Store, "")
	key, text := privateKey(t)
	apple := federation.Provider{Kind: federation.Apple, Name: "Apple", ClientID: "com.example.web", TeamID: "TEAM123456", KeyID: "KEY1234567"}
	if _, err := tn.CreateProvider(ctx, actor, apple, models.ProviderSecret{Key: "-----BEGIN PRIVATE KEY-----\nxx\n-----END PRIVATE KEY-----"}, asIs); complaint(err) != "privateKey provider.key.bad" {
		t.Error(err)
	}
	made := modelstest.Must(tn.CreateProvider(ctx, actor, apple, models.ProviderSecret{Key: text}, asIs))(t)
	if got := modelstest.Must(tn.ProviderSecrets(ctx, made.ID))(t); !made.HasKey || !key.Equal(got.Key) {
		t.Errorf("%+v", made)
	}
}

func TestAFlowNamesProvidersThatExist(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn := modelstest.MustTenant(t, s.Store, "")
		x := modelstest.Must(tn.CreateProvider(ctx, actor, googleProvider("Google"), models.ProviderSecret{Client: "a-secret-that-ends-in-1234"}, asIs))(t)
		f := modelstest.MustFlow(t, tn, "F", userflow.EmailCode)
		show := func(ids ...string) error {
			_, err := tn.PublishFlow(ctx, actor, f.ID, func(f *userflow.Flow) error { f.Providers = ids; return nil })
			return err
		}
		if err := show("nobody"); complaint(err) != "providers flow.providers.unknown" {
			t.Error(err)
		}
		if err := show(x.ID, x.ID); complaint(err) != "providers flow.providers.twice" {
			t.Error(err)
		}
		must(t, show(x.ID))
		if err := tn.DeleteProvider(ctx, actor, x.ID, false); !fault.Is(err, fault.Conflict) {
			t.Error(err)
		}
		must(t, tn.DeleteProvider(ctx, actor, x.ID, true))
		if now := modelstest.Must(tn.Flow(ctx, f.ID))(t); len(now.Providers) != 0 || now.Version != 3 {
			t.Errorf("version %d shows %v", now.Version, now.Providers)
		}
	})
}

func TestDomainsAreProven(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn := modelstest.MustTenant(t, s.Store, "")
		secret := models.ProviderSecret{Client: "a-secret-that-ends-in-1234"}
		corp := modelstest.Must(tn.CreateProvider(ctx, actor, companyProvider("Corp", "https://login.corp.example"), secret, asIs))(t)
		social := modelstest.Must(tn.CreateProvider(ctx, actor, googleProvider("Google"), secret, asIs))(t)
		if _, err := tn.AddProviderDomain(ctx, actor, social.ID, "corp.example", false); complaint(err) != "domain provider.domain.kind" {
			t.Error(err)
		}
		d := modelstest.Must(tn.AddProviderDomain(ctx, actor, corp.ID, "@BÜCHER.example", false))(t)
		if d.Domain != "xn--bcher-kva.example" || d.Record != "_portico."+d.Domain || !d.ProvenAt.IsZero() {
			t.Fatalf("%+v", d)
		}
		routed := func() string { return modelstest.Must(s.Directory(ctx, tn.ID))(t).Domains[d.Domain] }
		says := func(records ...string) error {
			return errorOf(tn.ProveProviderDomain(ctx, actor, d.ID, func(context.Context, string) ([]string, error) { return records, nil }))
		}
		if err := says("v=spf1", d.Value+"x"); !fault.Is(err, fault.Conflict) || routed() != "" {
			t.Error(err)
		}
		must(t, says("v=spf1", d.Value))
		if routed() != corp.ID {
			t.Error("not routed")
		}
		// What is proven stays when the record is not found later; removing it is the admin's to do.
		if err := says(); !fault.Is(err, fault.Conflict) || routed() != corp.ID {
			t.Error(err)
		}
		waived := modelstest.Must(tn.AddProviderDomain(ctx, actor, corp.ID, "corp.example", true))(t)
		if !waived.Waived || waived.ProvenAt.IsZero() {
			t.Errorf("%+v", waived)
		}
		must(t, tn.RemoveProviderDomain(ctx, actor, d.ID))
		if routed() != "" {
			t.Error("still routed")
		}
	})
}

// TestNobodyIsLeftWithoutAProvider: one that is on goes only when everybody who comes by it has another way in; one that
// was switched off first goes anyway.
func TestNobodyIsLeftWithoutAProvider(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn := modelstest.MustTenant(t, s.Store, "")
		add := func(p federation.Provider) string {
			p.Enabled = true
			return modelstest.Must(tn.CreateProvider(ctx, actor, p, models.ProviderSecret{Client: "a-secret-that-ends-in-1234"}, asIs))(t).ID
		}
		google, work, corp := add(googleProvider("Google")), add(federation.Provider{Kind: federation.Microsoft, Name: "Work", ClientID: "c", Directory: "organizations"}), add(companyProvider("Corp", "https://login.corp.example"))
		f := modelstest.MustFlow(t, tn, "F", userflow.EmailPassword)
		modelstest.Must(tn.PublishFlow(ctx, actor, f.ID, func(f *userflow.Flow) error { f.Providers = []string{google, work}; return nil }))(t)
		const office = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0"
		linked := func(name string, issuers ...string) models.User {
			u := models.User{Account: account.Account{DisplayName: name, Enabled: true, Identities: []account.Identity{{SignInType: account.SignInEmail, Value: name + "@example.com"}}}}
			for _, i := range issuers {
				u.Identities = append(u.Identities, account.Identity{SignInType: account.SignInFederated, Issuer: i, Value: name})
			}
			return modelstest.Must(tn.CreateUser(ctx, actor, u, ""))(t)
		}
		ann := linked("ann", "google.com")
		linked("ben", "google.com", office)
		linked("cem", "https://login.corp.example")
		kept := func(id string) {
			t.Helper()
			if err := tn.DeleteProvider(ctx, actor, id, true); !fault.Is(err, fault.Conflict) || fault.Of(err).Key != "provider.last_way" {
				t.Errorf("%v", err)
			}
			if now := modelstest.Must(tn.Flow(ctx, f.ID))(t); len(now.Providers) != 2 {
				t.Error("it was taken out of the flow although it stays")
			}
		}
		must(t, tn.DeleteProvider(ctx, actor, corp, true)) // no flow in use offers it
		kept(google)
		modelstest.Must(tn.UpdateUser(ctx, actor, ann.ID, func(u *models.User) error {
			u.Identities = append(u.Identities, account.Identity{SignInType: account.SignInFederated, Issuer: office, Value: "ann"})
			return nil
		}))(t)
		must(t, tn.DeleteProvider(ctx, actor, google, true))
		if err := tn.DeleteProvider(ctx, actor, work, true); !fault.Is(err, fault.Conflict) {
			t.Errorf("the last one: %v", err)
		}
		modelstest.Must(tn.EnableProvider(ctx, actor, work, false))(t)
		must(t, tn.DeleteProvider(ctx, actor, work, true))
	})
}
