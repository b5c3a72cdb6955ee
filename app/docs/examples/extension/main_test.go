package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"go/parser"
	"go/token"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"portico/app/extension"
	"portico/app/outbound"
)

// TestTheExample: the program's own caller gets an answer that counts to each event, and whoever is not the tenant's event
// service, or signs with another secret, gets none.
func TestTheExample(t *testing.T) {
	const issuer, audience = "https://login.example/v2.0", "app"
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	sample := extension.Sample(extension.PasswordSubmit).Password
	a := &api{secret: []byte("secret"), key: private, former: map[string]string{sample.UserName: sample.Password}, tokens: oidc.NewVerifier(issuer, &oidc.StaticKeySet{PublicKeys: []crypto.PublicKey{key.Public()}},
		&oidc.Config{ClientID: audience, SupportedSigningAlgs: []string{oidc.ES256}})}
	srv := httptest.NewServer(a)
	defer srv.Close()
	for _, tc := range []struct {
		name, audience, azp, secret string
		counts                      bool
	}{
		{"as it should be", audience, extension.EventService, "secret", true},
		{"a token for another API", "other", extension.EventService, "secret", false},
		{"another app's token", audience, "another app", "secret", false},
		{"another secret", audience, extension.EventService, "guessed", false},
	} {
		allow, err := outbound.ParseAllow("127.0.0.1")
		if err != nil {
			t.Fatal(err)
		}
		caller := extension.NewCaller(extension.Options{Client: &outbound.Client{Allow: allow}, Now: time.Now, NewID: func() string { return "call" },
			Open: func(string, []byte) ([]byte, error) { return []byte(tc.secret), nil },
			Bearer: func(context.Context, string, extension.API) (string, time.Time, error) {
				s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, nil)
				if err != nil {
					return "", time.Time{}, err
				}
				until := time.Now().Add(time.Hour)
				text, err := jwt.Signed(s).Claims(map[string]any{"iss": issuer, "aud": tc.audience, "azp": tc.azp, "exp": until.Unix()}).Serialize()
				return text, until, err
			}})
		conf := &extension.Configuration{APIs: map[string]extension.API{"api://127.0.0.1/app": {ClientID: "app", Enabled: true, Granted: true, Keys: []extension.EncryptionKey{{Public: private.Public()}}}}}
		for _, e := range extension.Events() {
			x := &extension.Extension{ID: string(e), Event: e, URL: srv.URL, Resource: "api://127.0.0.1/app", Enabled: true, Signed: true}
			o := extension.Sample(e)
			o.TenantID = "tenant"
			r := caller.Call(t.Context(), conf, extension.Chosen{Listener: extension.Listener{Event: e}, Extension: x}, &o)
			if r.Answered() != tc.counts || !tc.counts && r.Call.Status != 401 {
				t.Errorf("%s, %s: %d %d %s", tc.name, e, r.Call.Status, r.Call.Code, r.Call.Detail)
			}
			if e == extension.PasswordSubmit && tc.counts && r.Answer.Action != extension.MigratePassword {
				t.Errorf("the right password: %s", r.Answer.Action)
			}
		}
	}
}

// TestWhatACompanyCopies: one file that needs nothing of this program's own.
func TestWhatACompanyCopies(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "main.go", nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range f.Imports {
		if strings.HasPrefix(i.Path.Value, `"portico`) {
			t.Errorf("it imports %s", i.Path.Value)
		}
	}
}

// TestSignatures: as the program signs, and no other way.
func TestSignatures(t *testing.T) {
	body, secret := []byte(`{"a":1}`), []byte("secret")
	for name, c := range map[string]struct {
		header string
		good   bool
	}{
		"as it is made": {outbound.Signature(time.Now(), body, secret), true},
		"an old one":    {outbound.Signature(time.Now().Add(-6*time.Minute), body, secret), false},
		"early":         {outbound.Signature(time.Now().Add(6*time.Minute), body, secret), false},
		"another body":  {outbound.Signature(time.Now(), []byte("{}"), secret), false},
		"none":          {"", false},
		"no sum":        {"t=1", false},
	} {
		if err := checkSignature(secret, c.header, body); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}
