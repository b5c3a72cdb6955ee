package models_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/app/fault"
	"portico/app/openid"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

func TestRedirectURIRules(t *testing.T) {
	for _, c := range []struct {
		uri      string
		platform openid.Platform
		key      string // "" = fine
	}{
		{"https://app.example/cb", openid.Web, ""},
		{"https://app.example:8443/cb?x=1", openid.SPA, ""},
		{"http://localhost/cb", openid.Web, ""},
		{"http://localhost:3000/cb", openid.SPA, ""},
		{"http://127.0.0.1/cb", openid.Native, ""},
		{"http://[::1]:9/cb", openid.Native, ""},
		{"com.example.app://cb", openid.Native, ""},
		{"msal1234://auth", openid.Native, ""},
		{"com.example.app://cb", openid.Web, "application.redirect.https"},
		{"http://app.example/cb", openid.Web, "application.redirect.https"},
		{"http://127.0.0.1.evil.example/cb", openid.Native, "application.redirect.https"},
		{"http://localhost.evil.example/cb", openid.Web, "application.redirect.https"},
		{"https://*.example/cb", openid.Web, "application.redirect.wildcard"},
		{"https://app.example/*", openid.Web, "application.redirect.wildcard"},
		{"https://app.example/cb#here", openid.Web, "application.redirect.fragment"},
		{"https://app.example/cb#", openid.Web, "application.redirect.fragment"},
		{"https://user:pass@app.example/cb", openid.Web, "application.redirect.userinfo"},
		{"https://app.example@evil.example/cb", openid.Web, "application.redirect.userinfo"},
		{"javascript:alert(1)", openid.Native, "application.redirect.scheme"},
		{"data:text/html,x", openid.Native, "application.redirect.scheme"},
		{"https://", openid.Web, "application.redirect.invalid"},
		{"https:///cb", openid.Web, "application.redirect.invalid"},
		{"/cb", openid.Web, "application.redirect.invalid"},
		{"https://app.example/c b", openid.Web, "application.redirect.invalid"},
		{"https://app.example/\tcb", openid.Web, "application.redirect.invalid"},
		{`https://app.example\@evil.example/cb`, openid.Web, "application.redirect.invalid"},
		{"https://app.example/" + strings.Repeat("x", 256), openid.Web, "application.redirect.long"},
		{"https://app.example/cb", "desktop", "application.redirect.platform"},
		{"", openid.Web, "application.redirect.invalid"},
	} {
		a := models.Application{Name: "x", Kind: models.WebApp, Spec: models.ApplicationSpec{RedirectURIs: []openid.RedirectURI{{URI: c.uri, Platform: c.platform}}}}
		err := a.Validate()
		if got := firstKey(err); got != c.key {
			t.Errorf("%s for %s: %q, want %q", c.uri, c.platform, got, c.key)
		}
	}
}

func firstKey(err error) string {
	if err == nil {
		return ""
	}
	return fault.Of(err).Fields[0].Key
}

func TestApplicationRules(t *testing.T) {
	many := make([]openid.RedirectURI, 101)
	for i := range many {
		many[i] = openid.RedirectURI{URI: fmt.Sprintf("https://app.example/%d", i), Platform: openid.Web}
	}
	for field, edit := range map[string]func(*models.Application){
		"":                          func(a *models.Application) { a.Spec.AccessTokenMinutes, a.Spec.IDTokenMinutes = 10, 24*60 },
		"displayName":               func(a *models.Application) { a.Name = "" },
		"kind":                      func(a *models.Application) { a.Kind = "toaster" },
		"redirectUris":              func(a *models.Application) { a.Spec.RedirectURIs = many },
		"redirectUris[1]":           func(a *models.Application) { a.Spec.RedirectURIs = []openid.RedirectURI{many[0], many[0]} },
		"accessTokenMinutes":        func(a *models.Application) { a.Spec.AccessTokenMinutes = 9 },
		"idTokenMinutes":            func(a *models.Application) { a.Spec.IDTokenMinutes = 24*60 + 1 },
		"refreshIdleMinutes":        func(a *models.Application) { a.Kind, a.Spec.RefreshIdleMinutes = models.SPAApp, 24*60+1 },
		"signingAlg":                func(a *models.Application) { a.Spec.SigningAlg = "none" },
		"pkceOptional":              func(a *models.Application) { a.Kind, a.Spec.PKCEOptional = models.NativeApp, true },
		"backChannelLogoutUri":      func(a *models.Application) { a.Spec.BackChannelLogoutURI = "http://app.example/logout" },
		"postLogoutRedirectUris[0]": func(a *models.Application) { a.Spec.PostLogoutRedirectURIs = []string{"http://app.example/"} },
		"identifierUris[0]":         func(a *models.Application) { a.Spec.IdentifierURIs = []string{"no scheme"} },
		"scopes[0]":                 func(a *models.Application) { a.Spec.Scopes = []openid.Scope{{ID: "1", Value: "openid"}} },
		"scopes[1]": func(a *models.Application) {
			a.Spec.Scopes = []openid.Scope{{ID: "1", Value: "read"}, {ID: "2", Value: "read"}}
		},
		"appRoles[0]": func(a *models.Application) {
			a.Spec.AppRoles = []models.AppRole{{ID: "1", Name: "x", Value: "with space", MemberTypes: []string{"User"}}}
		},
		"homepageUrl": func(a *models.Application) { a.Spec.HomepageURL = "javascript:alert(1)" },
	} {
		a := models.Application{Name: "Market", Kind: models.WebApp}
		edit(&a)
		err := a.Validate()
		if field == "" {
			if err != nil {
				t.Errorf("a good application: %v", err)
			}
			continue
		}
		if err == nil || fault.Of(err).Fields[0].Name != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func certificate(t *testing.T, until time.Time) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return certificateOf(t, until, key)
}

func certificateOf(t *testing.T, until time.Time, key crypto.Signer) string {
	t.Helper()
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "daemon"}, NotBefore: until.AddDate(-1, 0, 0), NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// TestWeakCertificatesAreRefused: RSA from 2048 bits (RFC 7518 §3.3), P-256 and Ed25519; no other curve.
func TestWeakCertificatesAreRefused(t *testing.T) {
	s := modelstest.OpenScratch(t, modelstest.SQLite)
	tn := modelstest.MustTenant(t, s.Store, "fernhill")
	a, _ := modelstest.MustApp(t, tn, "Market", "https://a.example/cb")
	made := func(key crypto.Signer, err error) crypto.Signer {
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		key  crypto.Signer
		weak string
	}{
		"RSA 1024": {made(rsa.GenerateKey(rand.Reader, 1024)), "RSA, 1024 bits"},
		"RSA 2040": {made(rsa.GenerateKey(rand.Reader, 2040)), "RSA, 2040 bits"},
		"RSA 2048": {made(rsa.GenerateKey(rand.Reader, 2048)), ""},
		"P-224":    {made(ecdsa.GenerateKey(elliptic.P224(), rand.Reader)), "EC, curve P-224"},
		"P-256":    {made(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), ""},
		"P-384":    {made(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)), "EC, curve P-384"},
		"Ed25519":  {ed, ""},
	} {
		_, err := tn.AddCertificate(t.Context(), modelstest.Actor(), a.ID, name, certificateOf(t, s.Now().AddDate(1, 0, 0), c.key))
		if c.weak == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if e := fault.Of(err); e == nil || e.Code != fault.Invalid || e.Key != "application.certificate.weak" || e.Args["key"] != c.weak {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheLifeOfAnApplication(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn := modelstest.MustTenant(t, s.Store, "fernhill")
		a := modelstest.MustAppOf(t, tn, models.Application{Name: " Market ", Kind: models.WebApp, Enabled: true, Spec: models.ApplicationSpec{
			RedirectURIs: []openid.RedirectURI{{URI: "https://a.example/cb", Platform: openid.Web}}, IdentifierURIs: []string{"api://market"}}})
		if a.Name != "Market" || len(a.ClientID) != 36 || a.ClientID == a.ID {
			t.Errorf("made %+v", a)
		}
		if _, err := tn.CreateApplication(ctx, actor, models.Application{Name: "Other", Kind: models.WebApp, Spec: models.ApplicationSpec{IdentifierURIs: []string{"api://market"}}}); !fault.Is(err, fault.Conflict) {
			t.Errorf("a second API of one name: %v", err)
		}
		// two secrets overlap while one replaces the other
		until := s.Now().Add(time.Hour)
		first, one, err := tn.AddSecret(ctx, actor, a.ID, "old", until)
		if err != nil {
			t.Fatal(err)
		}
		s.Clock.Advance(time.Second) // they are listed by age
		second, two, err := tn.AddSecret(ctx, actor, a.ID, "new", time.Time{})
		if err != nil || first == second || len(first) < 40 || one.Hint != first[:3] || two.ID == one.ID {
			t.Fatalf("secrets %q %q, %v", first, second, err)
		}
		client := func() *openid.Client {
			d, err := s.Directory(ctx, "fernhill")
			if err != nil {
				t.Fatal(err)
			}
			return d.Clients[a.ClientID]
		}
		hash := sha256.Sum256([]byte(second))
		if c := client(); len(c.Secrets) != 2 || c.Secrets[1].Hash != hash || !c.Secrets[0].ExpiresAt.Equal(until) || !c.Secrets[1].ExpiresAt.IsZero() {
			t.Errorf("the client knows %+v", c.Secrets)
		}
		if strings.Contains(state(t, s.Store), second) {
			t.Error("the database holds a secret")
		}
		if err := tn.RemoveApplicationCredential(ctx, actor, a.ID, one.ID); err != nil || len(client().Secrets) != 1 {
			t.Errorf("removing one: %v", err)
		}
		if _, _, err := tn.AddSecret(ctx, actor, a.ID, "late", s.Now()); !fault.Is(err, fault.Invalid) {
			t.Errorf("a secret that is over already: %v", err)
		}
		good := certificate(t, s.Now().AddDate(1, 0, 0))
		cert, err := tn.AddCertificate(ctx, actor, a.ID, "", good)
		if err != nil || cert.Name != "daemon" || len(cert.ThumbprintS256) != 43 || len(cert.ThumbprintS1) != 27 {
			t.Errorf("certificate %+v, %v", cert, err)
		}
		if c := client(); len(c.Certificates) != 1 || c.Certificates[0].ThumbprintS256 != cert.ThumbprintS256 || c.Certificates[0].Key == nil {
			t.Errorf("the client knows %+v", c.Certificates)
		}
		for name, text := range map[string]string{"twice": good, "expired": certificate(t, s.Now().AddDate(0, 0, -1)), "not one": "hello", "empty": "",
			"a private key": "-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----\n"} {
			if _, err := tn.AddCertificate(ctx, actor, a.ID, "", text); err == nil {
				t.Errorf("certificate %s was accepted", name)
			}
		}
		if err := tn.MarkFirstRequest(ctx, a.ClientID); err != nil {
			t.Fatal(err)
		}
		firstAt := s.Now()
		s.Clock.Advance(time.Hour)
		_ = tn.MarkFirstRequest(ctx, a.ClientID)
		if got, _ := tn.Application(ctx, a.ID); !got.FirstRequestAt.Equal(firstAt) {
			t.Errorf("first request at %v", got.FirstRequestAt)
		}
		if _, err := tn.UpdateApplication(ctx, actor, a.ID, func(a *models.Application) error { a.Spec.AccessTokenMinutes = 5; return nil }); !fault.Is(err, fault.Invalid) {
			t.Errorf("a bad change: %v", err)
		}
		if _, err := tn.UpdateApplication(ctx, actor, a.ID, func(a *models.Application) error {
			a.Spec.RedirectURIs[0].URI = "https://b.example/cb"
			a.ClientID = "mine"
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if c := client(); c == nil || c.RedirectURIs[0].URI != "https://b.example/cb" {
			t.Errorf("after the change: %+v", c)
		}
		p, _ := tn.Audits(ctx, models.AuditQuery{Activity: "Update application"})
		if len(p.Items) != 1 || p.Items[0].Changes[0].Property != "redirectUris" || !strings.Contains(fmt.Sprint(p.Items[0].Changes[0].Old), "a.example") || !strings.Contains(fmt.Sprint(p.Items[0].Changes[0].New), "b.example") {
			t.Errorf("the log says %+v", p.Items)
		}
		if err := tn.DeleteApplication(ctx, actor, a.ID); err != nil || client() != nil {
			t.Errorf("deleted: %v", err)
		}
		if _, err := tn.UpdateApplication(ctx, actor, a.ID, func(*models.Application) error { return nil }); !fault.Is(err, fault.NotFound) {
			t.Errorf("changing a deleted one: %v", err)
		}
		if _, err := tn.RestoreApplication(ctx, actor, a.ID); err != nil || client() == nil || len(client().Secrets) != 1 {
			t.Errorf("restored: %v", err)
		}
		if err := tn.DeleteApplication(ctx, actor, a.ID); err != nil {
			t.Fatal(err)
		}
		s.Clock.Advance(31 * 24 * time.Hour)
		if n, err := tn.PurgeDeletedApplications(ctx, actor, 10); n != 1 || err != nil {
			t.Errorf("purged %d, %v", n, err)
		}
	})
}

func TestUserFlows(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn := modelstest.MustTenant(t, s, "fernhill")
		market, _ := modelstest.MustApp(t, tn, "Market", "https://market.example/cb")
		one := modelstest.MustFlow(t, tn, "Customers", userflow.EmailPassword, market)
		two := modelstest.MustFlow(t, tn, "Members", userflow.EmailCode)

		err := tn.AddFlowApp(ctx, actor, two.ID, market.ID)
		if f := fault.Of(err); !fault.Is(err, fault.Conflict) || f.Args["flow"] != "Customers" || f.Args["app"] != "Market" {
			t.Errorf("a second flow for one app: %v", err)
		}
		if err := tn.AddFlowApp(ctx, actor, one.ID, market.ID); err != nil {
			t.Errorf("the same flow again: %v", err)
		}
		if _, err := tn.CreateFlow(ctx, actor, userflow.Flow{Name: " customers", SignUpMethod: userflow.EmailCode, MFA: userflow.MFA{Enforcement: userflow.MFAOff}}); !fault.Is(err, fault.Conflict) {
			t.Errorf("a second flow of one name: %v", err)
		}
		if _, err := tn.CreateFlow(ctx, actor, userflow.Flow{Name: "Bad"}); !fault.Is(err, fault.Invalid) {
			t.Errorf("a flow without a method: %v", err)
		}
		// a changed method is for new people only: the old one stays a way in (F054)
		f, err := tn.PublishFlow(ctx, actor, one.ID, func(f *userflow.Flow) error {
			f.SignUpMethod, f.SignInMethods = userflow.EmailCode, []userflow.Method{userflow.EmailCode}
			return nil
		})
		if err != nil || f.Version != 2 || !f.Accepts(userflow.EmailPassword) || !f.Accepts(userflow.EmailCode) {
			t.Errorf("version 2 is %+v, %v", f, err)
		}
		if f, err := tn.PublishFlow(ctx, actor, one.ID, func(*userflow.Flow) error { return nil }); err != nil || f.Version != 2 {
			t.Errorf("publishing what is there: %+v, %v", f, err)
		}
		if old, err := tn.FlowVersion(ctx, one.ID, 1); err != nil || old.SignUpMethod != userflow.EmailPassword || old.Accepts(userflow.EmailCode) {
			t.Errorf("version 1 changed: %+v, %v", old, err)
		}
		versions, err := tn.FlowVersions(ctx, one.ID)
		if err != nil || len(versions) != 2 || versions[0].Version != 2 || versions[0].ActorName != "test" {
			t.Errorf("versions %+v, %v", versions, err)
		}
		if err := tn.RemoveFlowApp(ctx, actor, one.ID, market.ID); err != nil {
			t.Fatal(err)
		}
		if err := tn.AddFlowApp(ctx, actor, two.ID, market.ID); err != nil {
			t.Errorf("free for another flow: %v", err)
		}
		daemon := modelstest.MustAppOf(t, tn, models.Application{Name: "Nightly", Kind: models.DaemonApp})
		if err := tn.AddFlowApp(ctx, actor, two.ID, daemon.ID); !fault.Is(err, fault.Invalid) {
			t.Errorf("a daemon signs nobody in: %v", err)
		}
		if err := tn.DeleteFlow(ctx, actor, two.ID); err != nil {
			t.Fatal(err)
		}
		d, err := s.Directory(ctx, "fernhill")
		if err != nil || len(d.Flows) != 1 || len(d.FlowOf) != 0 {
			t.Errorf("the snapshot is %+v, %v", d, err)
		}
		flows, err := tn.Flows(ctx)
		if err != nil || len(flows) != 1 || !slices.Equal(flows[0].ApplicationIDs, nil) {
			t.Errorf("flows %+v, %v", flows, err)
		}
	})
}
