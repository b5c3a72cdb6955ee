package admin

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"portico/app/access"
	"portico/app/federation"
	"portico/models"
	"portico/models/modelstest"
)

// upstream is a provider on this machine that vouches for Mira, once for each code.
type upstream struct {
	b      *bench
	at     string
	key    *ecdsa.PrivateKey
	nonce  string
	tokens int
	fails  func(http.ResponseWriter, *http.Request) bool // true = it has answered
}

func (b *bench) upstream() *upstream {
	b.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	b.must(err)
	u := &upstream{b: b, key: key}
	s := httptest.NewServer(http.HandlerFunc(u.serve))
	b.Cleanup(s.Close)
	u.at = s.URL
	return u
}

func (u *upstream) serve(w http.ResponseWriter, r *http.Request) {
	if u.fails != nil && u.fails(w, r) {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Date", u.b.clock.Now().UTC().Format(http.TimeFormat))
	answer := func(v any) { _ = json.NewEncoder(w).Encode(v) }
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		answer(map[string]any{"issuer": u.at, "authorization_endpoint": u.at + "/authorize", "token_endpoint": u.at + "/token", "jwks_uri": u.at + "/keys"})
	case "/keys":
		answer(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: u.key.Public(), KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
	case "/token":
		_, secret, _ := r.BasicAuth()
		if secret != "a+secret+of+1234" {
			w.WriteHeader(401)
			answer(map[string]any{"error": "invalid_client", "error_description": "wrong secret"})
			return
		}
		if r.FormValue("code") != "good" {
			w.WriteHeader(400)
			answer(map[string]any{"error": "invalid_grant"})
			return
		}
		u.tokens++
		now := u.b.clock.Now()
		body, _ := json.Marshal(map[string]any{"iss": u.at, "aud": "c-1", "sub": "mira-1", "nonce": u.nonce, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "email": "mira@corp.example", "email_verified": true,
			"name": "Mira Lund", "given_name": "Mira", "amr": []string{"pwd", "mfa"}, "shoe_size": 39, "backend_access_token": "very-secret"})
		s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: u.key}, (&jose.SignerOptions{}).WithHeader("kid", "k"))
		u.b.must(err)
		j, err := s.Sign(body)
		u.b.must(err)
		token, err := j.CompactSerialize()
		u.b.must(err)
		answer(map[string]any{"access_token": "at-secret", "token_type": "Bearer", "id_token": token})
	default:
		http.NotFound(w, r)
	}
}

// known makes the provider known to the shop; it is off.
func (u *upstream) known() models.IdentityProvider {
	u.b.Helper()
	x, err := u.b.shop.CreateProvider(u.b.Context(), modelstest.Actor(), federation.Provider{Kind: federation.OpenID, Name: "Corp", ClientID: "c-1", Issuer: u.at},
		models.ProviderSecret{Client: "a secret of 1234"}, func(federation.Provider, bool, bool) error { return nil })
	u.b.must(err)
	return x
}

// left begins a test and gives what the browser takes along.
func (w *browser) left(u *upstream, x models.IdentityProvider) url.Values {
	w.b.Helper()
	a := w.post("/admin/t/shop/identity-providers/" + x.ID + "/test")
	_, to, ok := strings.Cut(a.header.Get("Refresh"), "url=")
	if a.status != 200 || !ok || !strings.HasPrefix(to, u.at+"/authorize?") {
		w.b.Fatalf("%d %q %s", a.status, to, text(a.body))
	}
	there, err := url.Parse(to)
	w.b.must(err)
	u.nonce = there.Query().Get("nonce")
	return there.Query()
}

// back lays the answer down, as the redirect URI does, and gives the address of the page that shows it.
func (b *bench) back(x models.IdentityProvider, trip url.Values, answer url.Values) string {
	b.Helper()
	answer.Set("state", trip.Get("state"))
	id, found, err := b.shop.AnswerTrial(b.Context(), x.ID, trip.Get("state"), answer)
	b.must(err)
	if !found {
		b.Fatal("no test waits for the answer")
	}
	return "/admin/t/shop/identity-providers/" + x.ID + "/test/" + id
}

func TestAProviderIsTried(t *testing.T) {
	b := newBench(t)
	u := b.upstream()
	x := u.known()
	w := b.global()
	trip := w.left(u, x)
	if want := "http://localhost:3000/" + b.shop.ID + "/federation/" + x.ID + "/callback"; trip.Get("redirect_uri") != want {
		t.Errorf("it comes back to %s", trip.Get("redirect_uri"))
	}
	page := b.back(x, trip, url.Values{"code": {"good"}})
	a := w.get(page)
	a.wants(t, 200, "It works", "Mira Lund", "turned off", "mira-1", "mira@corp.example", "the provider says so", "shoe_size", "39", "Token", "(not shown)", "No user flow shows this provider yet")
	for _, secret := range []string{"very-secret", "at-secret", "a secret of 1234", u.nonce, "eyJ"} {
		if strings.Contains(a.body, secret) {
			t.Errorf("the page tells %q", secret)
		}
	}
	w.get(page).wants(t, 200, "It works") // the same report again
	if u.tokens != 1 {
		t.Errorf("the code was presented %d times", u.tokens)
	}
	people, err := models.ListRows[models.UserRow](t.Context(), b.shop, models.Listing{Limit: 5})
	b.must(err)
	if len(people) != 0 {
		t.Error("somebody was signed up")
	}
	states, err := b.shop.ProviderStates(t.Context())
	b.must(err)
	if s := states[x.ID]; s.TestedAt.IsZero() || s.TestCode != "" || s.Stale || !s.LastSignInAt.IsZero() {
		t.Errorf("%+v", s)
	}
	events, err := models.ListRows[models.AuditRow](t.Context(), b.shop, models.Listing{Limit: 50})
	b.must(err)
	log := ""
	for _, e := range events {
		log += e.Activity + " " + e.Changes + "\n"
	}
	if !strings.Contains(log, "Begin test of identity provider") || !strings.Contains(log, `Test identity provider [{"property":"result","new":"worked"}]`) {
		t.Errorf("the log says\n%s", log)
	}
}

// A test belongs to the session that began it, to its provider, to ten minutes, and to one answer.
func TestATrialIsNobodyElses(t *testing.T) {
	b := newBench(t)
	u := b.upstream()
	x := u.known()
	other := modelstest.MustTenant(t, b.store, "other")
	w, stranger := b.global(), b.admin("other@staff.example", access.GlobalAdministratorID, access.AllTenants)
	trip := w.left(u, x)
	state := trip.Get("state")
	none := func(what string, tn *models.Tenant, provider, state string) {
		t.Helper()
		if _, found, err := tn.AnswerTrial(t.Context(), provider, state, url.Values{}); found || err != nil {
			t.Errorf("%s: %v %v", what, found, err)
		}
	}
	none("another tenant", other, x.ID, state)
	none("another provider", b.shop, models.NewID(), state)
	none("another state", b.shop, x.ID, state[:len(state)-1]+"-")
	none("a customer's state", b.shop, x.ID, models.NewID()+"."+state[6:])
	page := b.back(x, trip, url.Values{"code": {"good"}})
	none("a second answer", b.shop, x.ID, state)
	for what, who := range map[string]*browser{"another admin": stranger, "nobody": b.browser()} {
		if a := who.get(page); a.status != 303 || u.tokens != 0 || strings.Contains(a.body, "mira") {
			t.Errorf("%s: %d, %d tokens", what, a.status, u.tokens)
		}
	}
	if a := w.get(strings.Replace(page, "/t/shop/", "/t/other/", 1)); a.status != 404 || u.tokens != 0 {
		t.Errorf("another tenant's page: %d", a.status)
	}
	w.get(page).wants(t, 200, "It works")
	if a := stranger.get(page); a.status != 303 || strings.Contains(a.body, "mira") {
		t.Errorf("the report is shown to another admin: %d", a.status)
	}

	trip = w.left(u, x)
	if a := w.get(page); a.status != 303 {
		t.Errorf("the test before: %d", a.status)
	}
	b.clock.Advance(models.TrialLasts)
	none("too late", b.shop, x.ID, trip.Get("state"))
}

// Whoever may only read providers tries none.
func TestTryingTakesTheRight(t *testing.T) {
	b := newBench(t)
	x := b.upstream().known()
	reader := b.admin("reader@staff.example", access.SecurityAdministratorID, b.shop.ID)
	at := "/admin/t/shop/identity-providers/" + x.ID
	for _, path := range []string{"/test", "/check"} {
		if a := reader.post(at + path); a.status != 403 {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	if a := reader.get(at); a.status != 200 || strings.Contains(a.body, `action="`+at) {
		t.Errorf("%d %s", a.status, text(a.body))
	}
}

// What goes wrong is told in words, on the page and in the list, and what to do about it.
func TestMistakesOfAProviderAreTold(t *testing.T) {
	html := func(path string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == path {
				w.Header().Set("Content-Type", "text/html")
				_, _ = w.Write([]byte("<html>"))
			}
			return r.URL.Path == path
		}
	}
	for name, c := range map[string]struct {
		answer url.Values
		secret string
		fails  func(http.ResponseWriter, *http.Request) bool
		says   string
		code   federation.Code
	}{
		"cancelled":          {url.Values{"error": {"access_denied"}}, "", nil, "You cancelled at the provider", federation.Cancelled},
		"wrong redirect URI": {url.Values{"error": {"redirect_uri_mismatch"}}, "", nil, "does not know the redirect URI", federation.SetUp},
		"wrong secret":       {url.Values{"code": {"good"}}, "another secret", nil, "The client id or the secret is wrong", federation.SetUp},
		"a spent code":       {url.Values{"code": {"bad"}}, "", nil, "did not take its own code", federation.Declined},
		"HTML":               {url.Values{"code": {"good"}}, "", html("/token"), "A web page answered", federation.Unreachable},
		"nothing":            {url.Values{}, "", nil, "The answer lacks what is needed", federation.Invalid},
	} {
		b := newBench(t)
		u := b.upstream()
		x := u.known()
		if c.secret != "" {
			_, err := b.shop.UpdateProvider(t.Context(), modelstest.Actor(), x.ID, func(_ *federation.Provider, s *models.ProviderSecret) error { s.Client = c.secret; return nil }, func(federation.Provider, bool, bool) error { return nil })
			b.must(err)
		}
		w := b.global()
		trip := w.left(u, x)
		u.fails = c.fails
		if a := w.get(b.back(x, trip, c.answer)); a.status != 200 || !strings.Contains(a.body, c.says) {
			t.Errorf("%s: %d %s", name, a.status, text(a.body))
		}
		states, err := b.shop.ProviderStates(t.Context())
		b.must(err)
		if states[x.ID].TestCode != c.code {
			t.Errorf("%s: kept as %q", name, states[x.ID].TestCode)
		}
	}
}

// What is wrong before anybody leaves is told without leaving, and by looking at the settings alone.
func TestSettingsAreChecked(t *testing.T) {
	b := newBench(t)
	u := b.upstream()
	x := u.known()
	w := b.global()
	at := "/admin/t/shop/identity-providers/" + x.ID
	w.post(at+"/check").wants(t, 200, "The settings look right", "one key for signatures", "took the client id", "Metadata read")
	if u.tokens != 0 {
		t.Error("a code was presented")
	}
	_, err := b.shop.UpdateProvider(t.Context(), modelstest.Actor(), x.ID, func(_ *federation.Provider, s *models.ProviderSecret) error { s.Client = "another secret"; return nil }, func(federation.Provider, bool, bool) error { return nil })
	b.must(err)
	w.post(at+"/check").wants(t, 200, "Nobody can sign in with these settings", "did not take the client id or the secret")
	u.fails = func(w http.ResponseWriter, r *http.Request) bool {
		_ = json.NewEncoder(w).Encode(map[string]any{"issuer": "https://evil.example"})
		return true
	}
	w.post(at+"/check").wants(t, 200, "The metadata are those of another issuer")
	a := w.post(at + "/test")
	if a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	w.get(a.location).wants(t, 200, "The metadata are those of another issuer")
}
