package openid_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"portico/app/openid"
	"portico/models/modelstest"
)

type keyPair struct {
	private crypto.Signer
	der     []byte
}

func newKeyPair(t *testing.T, private crypto.Signer) keyPair {
	t.Helper()
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "app"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	return keyPair{private, der}
}

func (k keyPair) thumb(s1 bool) string {
	if s1 {
		sum := sha1.Sum(k.der)
		return base64.RawURLEncoding.EncodeToString(sum[:])
	}
	sum := sha256.Sum256(k.der)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (k keyPair) sign(t *testing.T, alg jose.SignatureAlgorithm, header map[jose.HeaderKey]any, claims map[string]any) string {
	t.Helper()
	opts := (&jose.SignerOptions{}).WithType("JWT")
	for name, v := range header {
		opts = opts.WithHeader(name, v)
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: k.private}, opts)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := json.Marshal(claims)
	jws, err := s.Sign(b)
	if err != nil {
		t.Fatal(err)
	}
	out, _ := jws.CompactSerialize()
	return out
}

// private_key_jwt (RFC 7523 §3).
func TestClientAssertion(t *testing.T) {
	w := newWorld(t)
	rsaKey, _ := rsa.GenerateKey(rand.Reader, 2048)
	ecKey, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	_, edKey, _ := ed25519.GenerateKey(rand.Reader)
	strangerKey, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	keys := map[string]keyPair{"rsa": newKeyPair(t, rsaKey), "ec": newKeyPair(t, ecKey), "ed": newKeyPair(t, edKey)}
	stranger := newKeyPair(t, strangerKey)
	app := w.register("Daemon", "daemon", openid.Platform(""), "", nil)
	for _, k := range keys {
		if _, err := w.tenant.AddCertificate(t.Context(), modelstest.Actor(), app.ID, "cert", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.der}))); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	good := func(edit func(map[string]any)) map[string]any {
		n++
		now := w.clock.Now()
		c := map[string]any{"iss": app.ClientID, "sub": app.ClientID, "aud": w.url("/oauth2/v2.0/token"), "jti": time.Now().String() + string(rune(n)),
			"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(10 * time.Minute).Unix()}
		if edit != nil {
			edit(c)
		}
		return c
	}
	post := func(assertion string) response {
		return w.tokenPost(registered{}, url.Values{"grant_type": {"client_credentials"}, "scope": {w.base + "/.default openid profile offline_access"},
			"client_id": {app.ClientID}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {assertion}})
	}
	for _, c := range []struct {
		name   string
		key    keyPair
		alg    jose.SignatureAlgorithm
		header map[jose.HeaderKey]any
		edit   func(map[string]any)
		want   string // "" = accepted
	}{
		{"PS256 with x5t#S256, as MSAL", keys["rsa"], jose.PS256, map[jose.HeaderKey]any{"x5t#S256": keys["rsa"].thumb(false)}, nil, ""},
		{"RS256 with x5t, as older MSAL", keys["rsa"], jose.RS256, map[jose.HeaderKey]any{"x5t": keys["rsa"].thumb(true)}, nil, ""},
		{"ES256 with kid of the thumbprint", keys["ec"], jose.ES256, map[jose.HeaderKey]any{"kid": keys["ec"].thumb(false)}, nil, ""},
		{"EdDSA without kid", keys["ed"], jose.EdDSA, nil, nil, ""},
		{"aud is the issuer", keys["ec"], jose.ES256, nil, func(c map[string]any) { c["aud"] = w.issuer }, ""},
		{"aud spelled with the slug", keys["ec"], jose.ES256, nil, func(c map[string]any) { c["aud"] = w.base + "/" + w.slug + "/oauth2/v2.0/token" }, ""},
		{"aud is a list", keys["ec"], jose.ES256, nil, func(c map[string]any) { c["aud"] = []string{"https://other.example", w.issuer} }, ""},
		{"aud of somebody else", keys["ec"], jose.ES256, nil, func(c map[string]any) { c["aud"] = "https://other.example/token" }, "invalid_client"},
		{"no aud", keys["ec"], jose.ES256, nil, func(c map[string]any) { delete(c, "aud") }, "invalid_client"},
		{"wrong iss", keys["ec"], jose.ES256, nil, func(c map[string]any) { c["iss"] = w.web.ClientID }, "invalid_client"},
		{"wrong sub", keys["ec"], jose.ES256, nil, func(c map[string]any) { c["sub"] = w.web.ClientID }, "invalid_client"},
		{"expired", keys["ec"], jose.ES256, nil, func(c map[string]any) { c["exp"] = w.clock.Now().Add(-time.Second).Unix() }, "invalid_client"},
		{"no exp", keys["ec"], jose.ES256, nil, func(c map[string]any) { delete(c, "exp") }, "invalid_client"},
		{"exp far ahead", keys["ec"], jose.ES256, nil, func(c map[string]any) { c["exp"] = w.clock.Now().AddDate(1, 0, 0).Unix() }, "invalid_client"},
		{"nbf ahead", keys["ec"], jose.ES256, nil, func(c map[string]any) { c["nbf"] = w.clock.Now().Add(time.Hour).Unix() }, "invalid_client"},
		{"no jti", keys["ec"], jose.ES256, nil, func(c map[string]any) { delete(c, "jti") }, "invalid_client"},
		{"a stranger's key", stranger, jose.ES256, nil, nil, "invalid_client"},
		{"a stranger's key under our thumbprint", stranger, jose.ES256, map[jose.HeaderKey]any{"x5t#S256": keys["ec"].thumb(false)}, nil, "invalid_client"},
		{"PS384 is not offered", keys["rsa"], jose.PS384, nil, nil, "invalid_client"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := post(c.key.sign(t, c.alg, c.header, good(c.edit)))
			if c.want != "" {
				wantError(t, r, 401, c.want)
				return
			}
			if claims(t, mustToken(t, r)["access_token"])["azpacr"] != "2" {
				t.Error("azpacr")
			}
		})
	}
	t.Run("each is used once", func(t *testing.T) {
		a := keys["ec"].sign(t, jose.ES256, nil, good(nil))
		mustToken(t, post(a))
		wantError(t, post(a), 401, "invalid_client")
	})
	t.Run("without client_id", func(t *testing.T) {
		r := w.tokenPost(registered{Application: app.Application, secret: "none"}, url.Values{"grant_type": {"client_credentials"}, "scope": {w.base + "/.default"},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {keys["ec"].sign(t, jose.ES256, nil, good(nil))}})
		mustToken(t, r)
	})
	t.Run("alg none", func(t *testing.T) {
		b, _ := json.Marshal(good(nil))
		wantError(t, post(base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))+"."+base64.RawURLEncoding.EncodeToString(b)+"."), 401, "invalid_client")
	})
}
