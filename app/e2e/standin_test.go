package e2e

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// standIn is a well-known provider as its documentation describes it, over TLS on a site of its own. What the program sends
// it and the documentation forbids, fails the test: the real one would only refuse.
type standIn struct {
	t        *testing.T
	srv      *httptest.Server
	name     string
	clientID string
	id       string // of the identity provider in Portico
	redirect string
	key      *rsa.PrivateKey

	mu     sync.Mutex
	people map[string]values // by what is typed on its page
	codes  map[string]granted
	known  map[string]bool // who has been here before
}

// granted is what a code stands for. It works once, with the redirect URI that it was given out for (RFC 6749 §4.1.3).
type granted struct {
	who   string
	asked url.Values
}

func newStandIn(t *testing.T, name, clientID string) (*standIn, *http.ServeMux) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	x := &standIn{t: t, name: name, clientID: clientID, key: key, people: map[string]values{}, codes: map[string]granted{}, known: map[string]bool{}}
	mux := http.NewServeMux()
	x.srv = httptest.NewTLSServer(mux)
	t.Cleanup(x.srv.Close)
	return x, mux
}

// bootBeside starts the program, over TLS as the providers ask for, so that it trusts and may call the stand-ins.
func bootBeside(t *testing.T, all ...*standIn) (*server, *api) {
	t.Helper()
	var trusted []byte
	var hosts []string
	for _, x := range all {
		trusted = append(trusted, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: x.srv.Certificate().Raw})...)
		hosts = append(hosts, x.srv.Listener.Addr().String())
	}
	file := filepath.Join(t.TempDir(), "standins.pem")
	if err := os.WriteFile(file, trusted, 0o600); err != nil {
		t.Fatal(err)
	}
	s := boot(t, "PORTICO_TLS=local", "SSL_CERT_FILE="+file, "PORTICO_OUTBOUND_ALLOW="+strings.Join(hosts, ","))
	return s, newAPI(t, s)
}

// joins makes a stand-in one of the identity providers and puts its button on the pages of the shop.
func (x *standIn) joins(a *api, provider, places values) {
	x.t.Helper()
	provider["displayName"], provider["portico"] = x.name, places
	x.id = a.call(http.MethodPost, "/v1.0/identity/identityProviders", provider)["id"].(string)
	x.redirect = a.s.base + "/" + party{t: x.t, base: a.s.base}.tenantID() + "/federation/" + x.id + "/callback"
	a.offers(x.id)
}

func (x *standIn) knows(login string, person values) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.people[login] = person
}

// wrong answers a request that the documentation forbids.
func (x *standIn) wrong(w http.ResponseWriter, status int, why string) {
	x.t.Errorf("%s: %s", x.name, why)
	http.Error(w, why, status)
}

// page is the provider's sign-in page: whoever is typed there is there. It reports who, and whether they agree; until then
// ("", false) it has answered itself.
func (x *standIn) page(w http.ResponseWriter, r *http.Request) (who string, no bool) {
	if r.Method == http.MethodPost && r.FormValue("login")+r.FormValue("no") != "" {
		return r.FormValue("login"), r.FormValue("no") != ""
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = fmt.Fprintf(w, `<!doctype html><title>%[1]s</title><form method="post"><p>%[1]s asks who you are</p><input name="login"><button id="go">Continue</button></form>
		<form method="post"><button id="no" name="no" value="1">Cancel</button></form>`, html.EscapeString(x.name))
	return "", false
}

// asked checks what every authorization request has to say, and the scopes of this provider.
func (x *standIn) asked(w http.ResponseWriter, r *http.Request, scopes ...string) bool {
	q := r.URL.Query()
	for name, want := range map[string]string{"client_id": x.clientID, "redirect_uri": x.redirect, "response_type": "code"} {
		if q.Get(name) != want {
			x.wrong(w, http.StatusBadRequest, fmt.Sprintf("authorization request: %s is %q, want %q", name, q.Get(name), want))
			return false
		}
	}
	for name, list := range q {
		if len(list) != 1 {
			x.wrong(w, http.StatusBadRequest, "authorization request: several "+name)
			return false
		}
	}
	for _, scope := range scopes {
		if !slices.Contains(strings.Fields(q.Get("scope")), scope) {
			x.wrong(w, http.StatusBadRequest, "authorization request: no scope "+scope)
			return false
		}
	}
	return true
}

// grant gives out a code for somebody.
func (x *standIn) grant(who string, asked url.Values) string {
	x.mu.Lock()
	defer x.mu.Unlock()
	code := rand.Text()
	x.codes[code] = granted{who: who, asked: asked}
	return code
}

// redeem takes a code back and gives who it is about.
func (x *standIn) redeem(w http.ResponseWriter, form url.Values) (granted, values, bool) {
	x.mu.Lock()
	g, ok := x.codes[form.Get("code")]
	delete(x.codes, form.Get("code"))
	person := x.people[g.who]
	x.mu.Unlock()
	switch {
	case !ok:
		x.wrong(w, http.StatusBadRequest, "the code is not one of ours, or was used before")
	case form.Get("redirect_uri") != g.asked.Get("redirect_uri"):
		x.wrong(w, http.StatusBadRequest, "the code is redeemed for another redirect URI")
	case form.Get("client_id") != x.clientID:
		x.wrong(w, http.StatusBadRequest, "the code is redeemed by another client")
	default:
		return g, person, true
	}
	return granted{}, nil, false
}

// fitsChallenge reports whether a verifier is that of the request (RFC 7636 §4.6).
func fitsChallenge(verifier string, asked url.Values) bool {
	sum := sha256.Sum256([]byte(verifier))
	return verifier != "" && base64.RawURLEncoding.EncodeToString(sum[:]) == asked.Get("code_challenge")
}

// idToken signs claims by RS256, as Google and Apple do, with times and at_hash (OpenID Connect Core §3.1.3.6).
func (x *standIn) idToken(c values, accessToken string) string {
	sum := sha256.Sum256([]byte(accessToken))
	now := time.Now()
	c["iat"], c["exp"], c["at_hash"] = now.Unix(), now.Add(time.Hour).Unix(), base64.RawURLEncoding.EncodeToString(sum[:16])
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: x.key}, (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", x.name+"-1"))
	if err != nil {
		x.t.Error(err)
		return ""
	}
	out, err := jwt.Signed(signer).Claims(c).Serialize()
	if err != nil {
		x.t.Error(err)
	}
	return out
}

// keys is the published key set.
func (x *standIn) keys(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: x.key.Public(), KeyID: x.name + "-1", Algorithm: "RS256", Use: "sig"}}})
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// by presses the provider's button and says on its page who is there.
func (b *tab) by(x *standIn, login string) {
	b.t.Helper()
	b.press("button[name=provider][value='" + x.id + "']")
	b.sees(x.name + " asks who you are")
	b.typeInto("input[name=login]", login)
	b.press("#go")
	b.comesTo(b.s.base) // from Apple by a form that sends itself on
}
