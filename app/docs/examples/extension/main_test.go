package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net/http/httptest"
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
	a := &api{secret: []byte("secret"), tokens: oidc.NewVerifier(issuer, &oidc.StaticKeySet{PublicKeys: []crypto.PublicKey{key.Public()}},
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
		conf := &extension.Configuration{APIs: map[string]extension.API{"api://127.0.0.1/app": {ClientID: "app", Enabled: true, Granted: true}}}
		for _, e := range []extension.Event{extension.TokenIssuanceStart, extension.AttributeCollectionStart, extension.AttributeCollectionSubmit, extension.OtpSend} {
			x := &extension.Extension{ID: string(e), Event: e, URL: srv.URL, Resource: "api://127.0.0.1/app", Enabled: true, Signed: true}
			o := extension.Sample(e)
			o.TenantID = "tenant"
			r := caller.Call(t.Context(), conf, extension.Chosen{Listener: extension.Listener{Event: e}, Extension: x}, &o)
			if r.Answered() != tc.counts || !tc.counts && r.Call.Status != 401 {
				t.Errorf("%s, %s: %d %d %s", tc.name, e, r.Call.Status, r.Call.Code, r.Call.Detail)
			}
		}
	}
}
