package models_test

import (
	"slices"
	"testing"
	"time"

	"portico/app/account"
	"portico/app/fault"
	"portico/app/federation"
	sso "portico/app/session"
	"portico/app/signin"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// TestNobodyIsLeftBehindByAnIssuer: identities are kept under an issuer, so another one shuts out whoever has nothing
// else, as surely as if the provider went.
func TestNobodyIsLeftBehindByAnIssuer(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn := modelstest.MustTenant(t, s.Store, "")
		const office = "11111111-2222-3333-4444-555555555555"
		for _, c := range []struct {
			name, issuer string
			p            federation.Provider
			field        string
			away, near   func(*federation.Provider) // a change that loses people, and one that keeps them
		}{
			{"ann", "https://login.corp.example", companyProvider("Corp", "https://login.corp.example"), "issuer",
				func(p *federation.Provider) { p.Issuer = "https://id.corp.example" }, func(p *federation.Provider) { p.Name = "Corp." }},
			{"ben", "https://login.microsoftonline.com/" + office + "/v2.0", federation.Provider{Kind: federation.Microsoft, Name: "Work", ClientID: "c", Directory: "organizations", Enabled: true}, "directory",
				func(p *federation.Provider) { p.Directory = "consumers" }, func(p *federation.Provider) { p.Directory = office }},
			{"cem", "https://idp.borealis.example", federation.Provider{Kind: federation.SAML, Name: "Borealis", EntityID: "https://idp.borealis.example", MetadataURL: "https://idp.borealis.example/metadata", Enabled: true}, "entityId",
				func(p *federation.Provider) { p.EntityID = "https://sso.borealis.example" }, func(p *federation.Provider) { p.NameIDFormat = "" }},
		} {
			x := modelstest.Must(tn.CreateProvider(ctx, actor, c.p, models.ProviderSecret{Client: "a-secret-that-ends-in-1234"}, asIs))(t)
			f := modelstest.MustFlow(t, tn, "F "+c.name, userflow.EmailPassword)
			modelstest.Must(tn.PublishFlow(ctx, actor, f.ID, func(f *userflow.Flow) error { f.Providers = []string{x.ID}; return nil }))(t)
			modelstest.Must(tn.CreateUser(ctx, actor, models.User{Account: account.Account{DisplayName: c.name, Enabled: true, Identities: []account.Identity{
				{SignInType: account.SignInEmail, Value: c.name + "@example.com"}, {SignInType: account.SignInFederated, Issuer: c.issuer, Value: c.name}}}}, ""))(t)
			change := func(edit func(*federation.Provider)) error {
				_, err := tn.UpdateProvider(ctx, actor, x.ID, func(p *federation.Provider, s *models.ProviderSecret) error {
					s.Client = "a-secret-that-ends-in-1234"
					edit(p)
					return nil
				}, asIs)
				return err
			}
			if err := change(c.away); !fault.Is(err, fault.Conflict) || complaint(err) != c.field+" provider.last_way.issuer" {
				t.Errorf("%s moved: %v", c.name, err)
			}
			if now := modelstest.Must(tn.IdentityProvider(ctx, x.ID))(t); federation.StoredIssuers(now.Provider) != federation.StoredIssuers(x.Provider) {
				t.Errorf("%s is elsewhere", c.name)
			}
			if err := change(c.near); err != nil {
				t.Errorf("%s: a change that keeps everybody: %v", c.name, err)
			}
			modelstest.Must(tn.EnableProvider(ctx, actor, x.ID, false))(t)
			if err := change(c.away); err != nil {
				t.Errorf("%s, off: %v", c.name, err)
			}
		}
	})
}

// TestWellKnownNamesAreTaken: nobody keeps identities under the name of a provider of the gallery, which need not be set up.
func TestWellKnownNamesAreTaken(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn := modelstest.MustTenant(t, s.Store, "")
		anything := func(federation.Provider, bool, bool) error { return nil }
		directory := func(entity string) federation.Provider {
			return federation.Provider{Kind: federation.SAML, Name: "Evil", EntityID: entity, Enabled: true}
		}
		const office = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0"
		for _, entity := range []string{"google.com", "facebook.com", "apple.com", "github.com", "linkedin.com", office} {
			for want, p := range map[string]federation.Provider{"entityId provider.issuer.reserved": directory(entity), "issuer provider.issuer.reserved": companyProvider("Evil", entity)} {
				if _, err := tn.CreateProvider(ctx, actor, p, models.ProviderSecret{}, anything); complaint(err) != want {
					t.Errorf("%s as %s: %v", entity, p.Kind, err)
				}
			}
		}
		mild := modelstest.Must(tn.CreateProvider(ctx, actor, directory("https://idp.borealis.example"), models.ProviderSecret{}, anything))(t)
		_, err := tn.UpdateProvider(ctx, actor, mild.ID, func(p *federation.Provider, _ *models.ProviderSecret) error { p.EntityID = "apple.com"; return nil }, anything)
		if complaint(err) != "entityId provider.issuer.reserved" {
			t.Errorf("later: %v", err)
		}
	})
}

// TestADeletedProviderLeavesNoSession: nobody could end what stands on a provider that is not there any more.
func TestADeletedProviderLeavesNoSession(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor, now := t.Context(), modelstest.Actor(), s.Now()
		tn := modelstest.MustTenant(t, s.Store, "")
		u := modelstest.MustUser(t, tn, "kim@example.com")
		gone := modelstest.Must(tn.CreateProvider(ctx, actor, googleProvider("Google"), models.ProviderSecret{Client: "a-secret-that-ends-in-1234"}, asIs))(t)
		stays := modelstest.Must(tn.CreateProvider(ctx, actor, companyProvider("Corp", "https://login.corp.example"), models.ProviderSecret{Client: "a-secret-that-ends-in-1234"}, asIs))(t)
		for sid, provider := range map[string]string{"by google": gone.ID, "by corp": stays.ID, "by password": ""} {
			must(t, tn.PutSession(ctx, sso.Session{SID: sid, TenantID: tn.ID, UserID: u.ID, AuthTime: now, CreatedAt: now, Upstream: sso.Upstream{Provider: provider}}, "cookie "+sid, "", signin.SessionInfo{ExpiresAt: now.Add(time.Hour)}))
		}
		must(t, tn.DeleteProvider(ctx, actor, gone.ID, true))
		var left []string
		for _, x := range modelstest.Must(tn.SessionsOf(ctx, u.ID, now))(t) {
			left = append(left, x.SID)
		}
		slices.Sort(left)
		if !slices.Equal(left, []string{"by corp", "by password"}) {
			t.Errorf("left: %q", left)
		}
	})
}
