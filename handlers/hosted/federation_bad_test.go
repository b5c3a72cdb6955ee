package hosted_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"portico/app/federation"
	"portico/app/outbound"
	"portico/app/record"
	"portico/app/signin"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// harm is a company's OpenID Connect provider on a real TLS server, which misbehaves as it is told. What it does wrong is
// what a browser brings back, or what its endpoints answer.
type harm struct {
	t      *testing.T
	s      *site
	srv    *httptest.Server
	signer jose.Signer
	keys   jose.JSONWebKeySet
	nonce  string
	id     string
	over   chan struct{} // closed when the test ends: who is slow answers by then

	back     func(q url.Values)          // changes what the browser brings back
	claims   func(c map[string]any)      // changes the id_token's claims
	idToken  func() string               // in place of the id_token
	instead  map[string]http.HandlerFunc // in place of an endpoint
	identity map[string]any              // whose
}

func newHarm(t *testing.T) *harm {
	t.Helper()
	key := modelstest.Must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	h := &harm{t: t, instead: map[string]http.HandlerFunc{}, identity: map[string]any{"sub": "s-1", "email": "mira@harbour.example", "email_verified": true, "name": "Mira Okafor"},
		signer: modelstest.Must(jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", "k1")))(t),
		keys:   jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k1", Algorithm: "ES256", Use: "sig"}}}}
	h.srv = httptest.NewTLSServer(h)
	t.Cleanup(h.srv.Close)
	h.over = make(chan struct{})
	t.Cleanup(func() { close(h.over) })
	roots := x509.NewCertPool()
	roots.AddCert(h.srv.Certificate())
	h.s = newSite(t)
	h.s.settings(neverStay)
	h.s.reach = &outbound.Client{Allow: modelstest.Must(outbound.ParseAllow("127.0.0.1"))(t), Timeout: 2 * time.Second, TLS: &tls.Config{RootCAs: roots}}
	h.s.base = h.s.serve(h.s.store)
	p := modelstest.Must(h.s.tenant.CreateProvider(t.Context(), modelstest.Actor(), federation.Provider{Kind: federation.OpenID, Name: "Harbour", Enabled: true, ClientID: "us", Issuer: h.srv.URL},
		models.ProviderSecret{Client: "a secret of more than thirty-two characters"}, func(federation.Provider, bool, bool) error { return nil }))(t)
	h.id = p.ID
	h.s.publish(func(f *userflow.Flow) { f.Providers = []string{p.ID} })
	return h
}

func (h *harm) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f := h.instead[r.URL.Path]; f != nil {
		f(w, r)
		return
	}
	answer := func(v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		answer(map[string]any{"issuer": h.srv.URL, "authorization_endpoint": h.srv.URL + "/authorize", "token_endpoint": h.srv.URL + "/token", "jwks_uri": h.srv.URL + "/keys"})
	case "/authorize":
		q := r.URL.Query()
		h.nonce = q.Get("nonce")
		back := url.Values{"state": {q.Get("state")}, "code": {"c-1"}}
		if h.back != nil {
			h.back(back)
		}
		http.Redirect(w, r, q.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
	case "/keys":
		answer(h.keys)
	case "/token":
		token := h.token
		if h.idToken != nil {
			token = h.idToken
		}
		answer(map[string]any{"access_token": "at", "token_type": "Bearer", "id_token": token()})
	default:
		http.NotFound(w, r)
	}
}

func (h *harm) token() string {
	now := h.s.clock.Now()
	c := map[string]any{"iss": h.srv.URL, "aud": "us", "nonce": h.nonce, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
	for k, v := range h.identity {
		c[k] = v
	}
	if h.claims != nil {
		h.claims(c)
	}
	body, _ := json.Marshal(c)
	return h.sign(body)
}

func (h *harm) sign(body []byte) string {
	return modelstest.Must(modelstest.Must(h.signer.Sign(body))(h.t).CompactSerialize())(h.t)
}

// come sends a new browser there and back, with the client of the test's own roots.
func (h *harm) come() *browser {
	h.t.Helper()
	b := h.s.browser()
	b.client.Transport = h.srv.Client().Transport
	return b.start(request{}).fill("provider", h.id)
}

// Whatever a provider does wrong, the person is back on our page with words for it, a reference, and every other way; the
// cause is the admin's to read, in words; and nobody has come in.
func TestProvidersThatMisbehave(t *testing.T) {
	const cannotCheck, notReached = "We could not check what Harbour answered", "Harbour cannot be reached at the moment"
	page := func(status int, kind, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	slow := func(h *harm) http.HandlerFunc { return func(http.ResponseWriter, *http.Request) { <-h.over } }
	claim := func(name string, v any) func(*harm) {
		return func(h *harm) {
			h.claims = func(c map[string]any) {
				if c[name] = v; v == nil {
					delete(c, name)
				}
			}
		}
	}
	const meta = "/.well-known/openid-configuration"
	for name, c := range map[string]struct {
		do    func(h *harm)
		says  string
		cause string
	}{
		"cancelled there":    {func(h *harm) { h.back = func(q url.Values) { q.Del("code"); q.Set("error", "access_denied") } }, "You did not finish signing in with Harbour", "access_denied"},
		"an error":           {func(h *harm) { h.back = func(q url.Values) { q.Del("code"); q.Set("error", "server_error") } }, "Harbour did not sign you in", "server_error"},
		"no code":            {func(h *harm) { h.back = func(q url.Values) { q.Del("code") } }, cannotCheck, "neither a code"},
		"another's answer":   {func(h *harm) { h.back = func(q url.Values) { q.Set("iss", "https://evil.example") } }, cannotCheck, "evil.example"},
		"down":               {func(h *harm) { h.instead[meta] = page(503, "text/plain", "") }, notReached, "503"},
		"down at the code":   {func(h *harm) { h.instead["/token"] = page(502, "text/plain", "") }, notReached, "502"},
		"slow":               {func(h *harm) { h.instead[meta] = slow(h) }, notReached, ""},
		"slow at the code":   {func(h *harm) { h.instead["/token"] = slow(h) }, notReached, ""},
		"slow with its keys": {func(h *harm) { h.instead["/keys"] = slow(h) }, notReached, ""},
		"HTML for metadata":  {func(h *harm) { h.instead[meta] = page(200, "text/html", "<html>Welcome") }, "", "HTML"},
		"HTML for the code":  {func(h *harm) { h.instead["/token"] = page(200, "text/html", "<html>Welcome") }, "", "HTML"},
		"not JSON":           {func(h *harm) { h.instead["/token"] = page(200, "application/json", "{") }, "", ""},
		"wrong nonce":        {claim("nonce", "another"), cannotCheck, "nonce"},
		"no nonce":           {claim("nonce", nil), cannotCheck, "nonce"},
		"expired":            {claim("exp", 1_000_000_000), cannotCheck, "expired"},
		"wrong audience":     {claim("aud", "somebody-else"), cannotCheck, "somebody-else"},
		"wrong issuer":       {claim("iss", "https://evil.example"), cannotCheck, "evil.example"},
		"no subject":         {claim("sub", nil), cannotCheck, "sub"},
		"an empty subject":   {claim("sub", "  "), cannotCheck, "sub"},
		"a subject, no text": {claim("sub", 7), cannotCheck, "sub"},
		"a long subject":     {claim("sub", strings.Repeat("x", 600)), cannotCheck, "255"},
		"two subjects": {func(h *harm) {
			h.idToken = func() string {
				return h.sign([]byte(strings.Replace(string(h.body()), `"sub":`, `"sub":"other","sub":`, 1)))
			}
		}, cannotCheck, "sub"},
		"1 MB of claims":       {claim("bio", strings.Repeat("x", 1<<20)), "", ""},
		"no token":             {func(h *harm) { h.idToken = func() string { return "" } }, cannotCheck, "no id_token"},
		"unsigned":             {func(h *harm) { h.idToken = func() string { return "eyJhbGciOiJub25lIn0.e30." } }, cannotCheck, ""},
		"signed by a stranger": {func(h *harm) { h.keys = newHarmKeys(t) }, cannotCheck, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarm(t)
			c.do(h)
			b := h.come().at(signin.SignIn).says("Continue with Harbour").says("Reference")
			if c.says != "" {
				b.says(c.says)
			}
			if !strings.Contains(b.page.body, `name="email"`) || b.page.left != nil {
				t.Error("there is no other way")
			}
			all := h.s.records()
			i := slices.IndexFunc(all, func(r record.SignIn) bool { return r.Federation != nil && r.Federation.Reason != "" })
			if i < 0 || all[i].Outcome.Result != record.Failure || !strings.Contains(all[i].Federation.Reason, c.cause) || len(all[i].Federation.Hops) == 0 {
				t.Fatalf("the admin does not learn %q: %+v", c.cause, all)
			}
			if n := modelstest.Must(h.s.tenant.Users(t.Context(), models.UserQuery{Limit: 5}))(t); len(n.Items) > 0 {
				t.Error("somebody has an account")
			}
		})
	}
}

func newHarmKeys(t *testing.T) jose.JSONWebKeySet {
	key := modelstest.Must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k1", Algorithm: "ES256", Use: "sig"}}}
}

// body is the proper id_token's claims.
func (h *harm) body() []byte {
	j, err := jose.ParseSignedCompact(h.token(), []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		h.t.Fatal(err)
	}
	return j.UnsafePayloadWithoutVerification()
}

// An address that is another one the next time changes nothing here: the subject is who they are, and what they sign in
// with and are written to is theirs to change (R 11.4).
func TestAnotherAddressTheNextTime(t *testing.T) {
	h := newHarm(t)
	h.come().signedIn()
	first := h.s.person("mira@harbour.example")
	h.s.user("anna@example.com")
	for _, email := range []string{"mira@elsewhere.example", "anna@example.com", ""} {
		h.identity["email"] = email
		if g := h.come().signedIn(); g.UserID != first.ID {
			t.Errorf("%q: somebody else", email)
		}
	}
	now := h.s.person("mira@harbour.example")
	if now.Mail != first.Mail || !slices.Equal(linkedTo(now), linkedTo(first)) || len(linkedTo(h.s.person("anna@example.com"))) != 1 {
		t.Errorf("%+v", now)
	}
	// The subject of somebody who is here, from another company, is nobody's.
	h.identity["sub"], h.identity["email"] = "S-1", "mira@harbour.example"
	if b := h.come(); b.page.left != nil {
		t.Error("subjects that differ in case are one person")
	}
}
