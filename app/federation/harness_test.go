package federation

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"portico/app/outbound"
)

var testNow = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// company is a provider that does what it is told, on a real TLS server.
type company struct {
	*testing.T
	srv      *httptest.Server
	now      time.Time
	keys     []jose.JSONWebKey
	signer   jose.SigningKey
	kid      string
	metadata map[string]any
	token    func(form url.Values, r *http.Request) (int, string) // nil = the proper answer
	claims   func(c map[string]any)                               // changes the id_token's
	raw      func(idToken string) string
	userinfo any
	pages    map[string]http.HandlerFunc
	calls    map[string]int
	form     url.Values // of the last token request
	header   http.Header
	nonce    string
	cache    Cache
}

func newCompany(t *testing.T) *company {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	co := &company{T: t, now: testNow, calls: map[string]int{}, pages: map[string]http.HandlerFunc{}, kid: "k1", signer: jose.SigningKey{Algorithm: jose.ES256, Key: key}}
	co.keys = []jose.JSONWebKey{{Key: key.Public(), KeyID: "k1", Algorithm: "ES256", Use: "sig"}}
	co.srv = httptest.NewTLSServer(http.HandlerFunc(co.serve))
	t.Cleanup(co.srv.Close)
	co.metadata = map[string]any{"issuer": co.srv.URL, "authorization_endpoint": co.srv.URL + "/authorize?brand=x", "token_endpoint": co.srv.URL + "/token", "jwks_uri": co.srv.URL + "/keys"}
	return co
}

func (co *company) serve(w http.ResponseWriter, r *http.Request) {
	co.calls[r.URL.Path]++
	if h := co.pages[r.URL.Path]; h != nil {
		h(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	answer := func(v any) { _ = json.NewEncoder(w).Encode(v) }
	switch r.URL.Path {
	case wellKnown:
		answer(co.metadata)
	case "/keys":
		answer(jose.JSONWebKeySet{Keys: co.keys})
	case "/userinfo":
		answer(co.userinfo)
	case "/token":
		_ = r.ParseForm()
		co.form, co.header = r.PostForm, r.Header
		if co.token != nil {
			status, body := co.token(r.PostForm, r)
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
			return
		}
		answer(map[string]any{"access_token": "at-1", "token_type": "Bearer", "id_token": co.idToken()})
	default:
		http.NotFound(w, r)
	}
}

func (co *company) idToken() string {
	c := map[string]any{"iss": co.srv.URL, "aud": "client-1", "sub": "s-1", "nonce": co.nonce, "iat": co.now.Unix(), "exp": co.now.Add(time.Hour).Unix(),
		"email": "ann@corp.example", "email_verified": true, "name": "Ann Lee", "given_name": "Ann", "family_name": "Lee"}
	if co.claims != nil {
		co.claims(c)
	}
	body, _ := json.Marshal(c)
	out := co.sign(body)
	if co.raw != nil {
		out = co.raw(out)
	}
	return out
}

func (co *company) sign(body []byte) string {
	options := (&jose.SignerOptions{}).WithType("JWT")
	if co.kid != "" {
		options = options.WithHeader("kid", co.kid)
	}
	s, err := jose.NewSigner(co.signer, options)
	if err != nil {
		co.Fatal(err)
	}
	j, err := s.Sign(body)
	if err != nil {
		co.Fatal(err)
	}
	out, err := j.CompactSerialize()
	if err != nil {
		co.Fatal(err)
	}
	return out
}

func (co *company) net() Net {
	allow, err := outbound.ParseAllow("127.0.0.1")
	if err != nil {
		co.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(co.srv.Certificate())
	return Net{Client: &outbound.Client{Allow: allow, TLS: &tls.Config{RootCAs: roots}}, Tenant: "fernhill", Cache: &co.cache, Now: func() time.Time { return co.now }, Random: rand.Reader}
}

func (co *company) provider() Provider {
	return Provider{ID: "p1", Kind: OpenID, Name: "Corp", Enabled: true, ClientID: "client-1", Issuer: co.srv.URL}.Filled()
}

// preset is a well-known kind whose endpoints are this company's.
func (co *company) preset(kind Kind) Provider {
	p := Provider{ID: "p1", Kind: kind, Name: "Corp", ClientID: "client-1", Issuer: co.srv.URL, AuthorizationURL: co.srv.URL + "/authorize", TokenURL: co.srv.URL + "/token", KeysURL: co.srv.URL + "/keys", UserInfoURL: co.srv.URL + "/userinfo"}
	if kind == Apple {
		p.TeamID, p.KeyID, p.UserInfoURL = "TEAM123456", "KEY1234567", ""
	}
	return p
}

type round struct {
	provider Provider
	secrets  Secrets
	ask      Ask
	values   url.Values // besides code and state
	depart   func(*Departure)
}

const redirectURI = "https://id.example/t1/federation/p1/callback"

// go sends somebody there and back.
func (co *company) roundTrip(r round) (Way, Arrival, error) {
	co.Helper()
	c, ok := Connect(r.provider.Kind)
	if !ok {
		co.Fatal("no connector")
	}
	if r.secrets.Client == "" && r.secrets.Key == nil {
		r.secrets.Client = "a secret of more than thirty-two characters"
	}
	r.ask.State, r.ask.RedirectURI = "att.state", redirectURI
	way, d, err := c.Begin(context.Background(), co.net(), r.provider, r.secrets, r.ask)
	if err != nil {
		return way, Arrival{}, err
	}
	co.nonce = d.Nonce
	if r.depart != nil {
		r.depart(&d)
	}
	v := url.Values{"code": {"c-1"}, "state": {"att.state"}}
	for k, x := range r.values {
		v[k] = x
		if len(x) == 1 && x[0] == "" {
			delete(v, k)
		}
	}
	a, err := c.Finish(context.Background(), co.net(), r.provider, r.secrets, Answer{Values: v, RedirectURI: redirectURI, Departure: d})
	return way, a, err
}

func refusalOf(t *testing.T, err error, code Code, reason string) {
	t.Helper()
	advised(t, err)
	t.Helper()
	r, ok := err.(*Refusal)
	if !ok {
		t.Fatalf("got %v, want a refusal about %q", err, reason)
	}
	if r.Code != code || !strings.Contains(r.Reason, reason) {
		t.Errorf("refused as %s: %q; want %s: …%q…", r.Code, r.Reason, code, reason)
	}
	if len(r.Hops) == 0 || r.Hops[len(r.Hops)-1].Verdict != r.Reason {
		t.Errorf("the last hop does not say why: %+v", r.Hops)
	}
}

func rsaKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func p8(t *testing.T, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func edKey(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, k, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func big(n int) []byte { return bytes.Repeat([]byte("x"), n) }
