package demo

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/app/i18n"
	"portico/app/record"
	"portico/handlers"
	"portico/models"
	"portico/models/modelstest"
)

// provider is a small OpenID Provider that signs whatever a test wants.
type issuer struct {
	t   *testing.T
	srv *httptest.Server
	key *ecdsa.PrivateKey
	// next is what the token endpoint answers; asked is what it was asked.
	next  map[string]any
	asked url.Values
	basic string
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{t: t, key: key}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		i.json(w, map[string]any{"issuer": i.srv.URL, "authorization_endpoint": i.srv.URL + "/authorize", "token_endpoint": i.srv.URL + "/token",
			"jwks_uri": i.srv.URL + "/keys", "userinfo_endpoint": i.srv.URL + "/userinfo", "end_session_endpoint": i.srv.URL + "/logout",
			"id_token_signing_alg_values_supported": []string{"ES256"}})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		i.json(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		i.asked, i.basic = r.PostForm, r.Header.Get("Authorization")
		i.json(w, i.next)
	})
	i.srv = httptest.NewServer(mux)
	t.Cleanup(i.srv.Close)
	return i
}

func (i *issuer) json(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (i *issuer) sign(claims map[string]any) string {
	i.t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: i.key, KeyID: "k"}}, nil)
	if err != nil {
		i.t.Fatal(err)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		i.t.Fatal(err)
	}
	jws, err := signer.Sign(body)
	if err != nil {
		i.t.Fatal(err)
	}
	text, err := jws.CompactSerialize()
	if err != nil {
		i.t.Fatal(err)
	}
	return text
}

type world struct {
	*testing.T
	issuer *issuer
	store  *models.Store
	clock  *modelstest.Clock
	app    *fiber.App
	cookie string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	scratch := modelstest.OpenScratch(t, modelstest.SQLite)
	w := &world{T: t, issuer: newIssuer(t), store: scratch.Store, clock: scratch.Clock}
	bundle, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	w.app = fiber.New(fiber.Config{Immutable: true, StrictRouting: true, ErrorHandler: func(c *fiber.Ctx, err error) error {
		return c.Status(handlers.Status(fault.Of(err).Code)).SendString(err.Error())
	}})
	w.app.Use(func(c *fiber.Ctx) error {
		c.SetUserContext(context.Background())
		handlers.SetInfo(c, &handlers.Info{Locale: bundle.Match("en"), IP: netip.IPv6Loopback()})
		return c.Next()
	})
	New(Deps{Development: true, BaseURL: "http://localhost", Sessions: w.store, SignIns: w.store, Mailbox: w.store, HTTP: http.DefaultClient, Now: w.clock.Now,
		Random: func(b []byte) { _, _ = rand.Read(b) },
		Clients: func(context.Context) ([]Client, error) {
			return []Client{{Slug: "market", Issuer: w.issuer.srv.URL, ClientID: "market-id"}, {Slug: "auto", Issuer: w.issuer.srv.URL, ClientID: "auto-id", Secret: "s3cret"}}, nil
		}}).Mount(w.app)
	return w
}

// do makes one request with the browser's cookie and gives status, body and where a redirect leads.
func (w *world) do(method, path string, form url.Values) (int, string, *url.URL) {
	w.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if w.cookie != "" {
		r.Header.Set("Cookie", w.cookie)
	}
	res, err := w.app.Test(r, -1)
	if err != nil {
		w.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		w.Fatal(err)
	}
	for _, c := range res.Cookies() {
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode {
			w.Errorf("cookie %s is for scripts or other sites", c.Name)
		}
		w.cookie = c.Name + "=" + c.Value
	}
	to, err := url.Parse(res.Header.Get("Location"))
	if err != nil {
		w.Fatal(err)
	}
	return res.StatusCode, string(body), to
}

func (w *world) now() int64 { return w.clock.Now().Unix() }

// signedIn goes through a whole sign-in and gives what the application asked for.
func (w *world) signedIn(app string, change func(claims map[string]any)) (int, string) {
	w.Helper()
	_, _, to := w.do(http.MethodGet, "/demo/"+app+"/signin", nil)
	q := to.Query()
	claims := map[string]any{"iss": w.issuer.srv.URL, "aud": app + "-id", "sub": "sub-1", "sid": "sid-1", "nonce": q.Get("nonce"), "given_name": "Noor",
		"iat": w.now(), "exp": w.now() + 3600}
	if change != nil {
		change(claims)
	}
	w.issuer.next = map[string]any{"access_token": "opaque", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "r1", "id_token": w.issuer.sign(claims)}
	status, body, to := w.do(http.MethodGet, "/demo/"+app+"/callback?code=c&state="+url.QueryEscape(q.Get("state"))+"&iss="+url.QueryEscape(w.issuer.srv.URL), nil)
	if status == http.StatusSeeOther {
		_, body, _ = w.do(http.MethodGet, to.String(), nil)
	}
	return status, body
}

func TestNobodyMountsTheSampleWorldInProduction(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("New did not panic")
		}
	}()
	New(Deps{Development: false})
}

func TestApplicationsAskAsTheirRegistrationSays(t *testing.T) {
	w := newWorld(t)
	_, _, to := w.do(http.MethodGet, "/demo/market/signin?prompt=create&ui_locales=ar&redirect_uri=https://evil.example", nil)
	q := to.Query()
	for name, want := range map[string]string{"client_id": "market-id", "redirect_uri": "http://localhost/demo/market/callback", "response_type": "code",
		"code_challenge_method": "S256", "prompt": "create", "ui_locales": "ar"} {
		if q.Get(name) != want {
			t.Errorf("%s is %q", name, q.Get(name))
		}
	}
	for _, name := range []string{"state", "nonce", "code_challenge", "client-request-id"} {
		if len(q.Get(name)) < 20 {
			t.Errorf("%s is %q", name, q.Get(name))
		}
	}
	if status, body := w.signedIn("market", nil); status != http.StatusSeeOther || !strings.Contains(body, "Hello, Noor") {
		t.Fatal(status, body)
	}
	if w.issuer.asked.Get("code_verifier") == "" || w.issuer.basic != "" || w.issuer.asked.Get("client_id") != "market-id" {
		t.Errorf("the public application sent %v %q", w.issuer.asked, w.issuer.basic)
	}
	w.cookie = ""
	if status, body := w.signedIn("auto", nil); status != http.StatusSeeOther || !strings.Contains(body, "Hello, Noor") {
		t.Fatal(status, body)
	}
	if !strings.HasPrefix(w.issuer.basic, "Basic ") {
		t.Errorf("the confidential application authenticated with %q", w.issuer.basic)
	}
}

func TestBadAnswersSignNobodyIn(t *testing.T) {
	for name, change := range map[string]func(map[string]any){
		"another nonce":    func(c map[string]any) { c["nonce"] = "other" },
		"another audience": func(c map[string]any) { c["aud"] = "auto-id" },
		"another issuer":   func(c map[string]any) { c["iss"] = "https://evil.example" },
		"too old":          func(c map[string]any) { c["exp"] = c["iat"].(int64) - 1 },
		"a wrong at_hash":  func(c map[string]any) { c["at_hash"] = "AAAA" },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if status, body := w.signedIn("market", change); status == http.StatusSeeOther || strings.Contains(body, "Hello") {
				t.Errorf("%d %s", status, body)
			}
		})
	}
	w := newWorld(t)
	_, _, to := w.do(http.MethodGet, "/demo/market/signin", nil)
	state := url.QueryEscape(to.Query().Get("state"))
	for name, query := range map[string]string{
		"no state":        "?code=c",
		"another state":   "?code=c&state=x",
		"another issuer":  "?code=c&state=" + state + "&iss=https://evil.example",
		"the error words": "?error=access_denied&error_description=No&state=" + state,
	} {
		if status, body, _ := w.do(http.MethodGet, "/demo/market/callback"+query, nil); status != http.StatusBadRequest || strings.Contains(body, "Hello") {
			t.Errorf("%s: %d", name, status)
		}
	}
}

func TestSignInGetsANewCookie(t *testing.T) {
	w := newWorld(t)
	w.do(http.MethodGet, "/demo/market/signin", nil)
	planted := w.cookie
	w.signedIn("market", nil)
	mine := w.cookie
	if planted == mine {
		t.Error("the cookie from before the sign-in is still the session")
	}
	w.cookie = planted
	if _, body, _ := w.do(http.MethodGet, "/demo/market", nil); strings.Contains(body, "Hello") {
		t.Error("the planted cookie is signed in")
	}
}

func TestFormsNeedTheirToken(t *testing.T) {
	w := newWorld(t)
	_, body := w.signedIn("market", nil)
	for _, action := range []string{"refresh", "userinfo", "signout", "signout-local"} {
		if status, _, _ := w.do(http.MethodPost, "/demo/market/"+action, url.Values{"csrf": {"wrong"}}); status != http.StatusGone {
			t.Errorf("%s without its token answers %d", action, status)
		}
	}
	_, token, _ := strings.Cut(body, `name="csrf" value="`)
	token, _, _ = strings.Cut(token, `"`)
	if status, _, to := w.do(http.MethodPost, "/demo/market/signout", url.Values{"csrf": {token}}); status != http.StatusSeeOther ||
		to.Path != "/logout" || to.Query().Get("id_token_hint") == "" || to.Query().Get("post_logout_redirect_uri") != "http://localhost/demo/market/signed-out" {
		t.Errorf("sign out: %d %s", status, to)
	}
}

func TestBackChannelEndsOnlyWhatAValidTokenNames(t *testing.T) {
	event := map[string]any{logoutEvent: map[string]any{}}
	type change = func(c map[string]any)
	for _, c := range []struct {
		name   string
		change change
		status int
		ends   bool
	}{
		{"by session", nil, 200, true},
		{"by subject", func(c map[string]any) { delete(c, "sid") }, 200, true},
		{"another session", func(c map[string]any) { c["sid"] = "sid-2"; delete(c, "sub") }, 200, false},
		{"no event", func(c map[string]any) { delete(c, "events") }, 400, false},
		{"another event", func(c map[string]any) { c["events"] = map[string]any{"x": map[string]any{}} }, 400, false},
		{"a nonce", func(c map[string]any) { c["nonce"] = "n" }, 400, false},
		{"neither session nor subject", func(c map[string]any) { delete(c, "sid"); delete(c, "sub") }, 400, false},
		{"another audience", func(c map[string]any) { c["aud"] = "auto-id" }, 400, false},
		{"another issuer", func(c map[string]any) { c["iss"] = "https://evil.example" }, 400, false},
		{"expired", func(c map[string]any) { c["exp"] = c["iat"].(int64) - 1 }, 400, false},
		{"an hour old", func(c map[string]any) { c["iat"] = c["iat"].(int64) - 3600 }, 400, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.signedIn("market", nil)
			claims := map[string]any{"iss": w.issuer.srv.URL, "aud": "market-id", "sub": "sub-1", "sid": "sid-1", "iat": w.now(), "exp": w.now() + 120, "jti": "j", "events": event}
			if c.change != nil {
				c.change(claims)
			}
			mine := w.cookie
			w.cookie = ""
			if status, body, _ := w.do(http.MethodPost, "/demo/market/backchannel", url.Values{"logout_token": {w.issuer.sign(claims)}}); status != c.status {
				t.Errorf("answers %d: %s", status, body)
			}
			w.cookie = mine
			if _, body, _ := w.do(http.MethodGet, "/demo/market", nil); strings.Contains(body, "Hello") == c.ends {
				t.Errorf("session ended: %v, want %v", !c.ends, c.ends)
			}
		})
	}
	w := newWorld(t)
	if status, _, _ := w.do(http.MethodPost, "/demo/market/backchannel", url.Values{"logout_token": {"no.token.here"}}); status != 400 {
		t.Errorf("nonsense answers %d", status)
	}
}

func TestMailboxJSONIsTheContract(t *testing.T) {
	w := newWorld(t)
	for _, to := range []string{"a@example.com", "B@Example.com", "a@example.com"} {
		if err := w.store.PutMailbox(t.Context(), models.MailboxRow{Channel: "mail", To: to, Subject: "123456 is your code", Text: "text", HTML: "<p>html</p>", Code: "123456"}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
	}
	_, body, _ := w.do(http.MethodGet, "/dev/mailbox.json?to=b@example.com", nil)
	var list []map[string]any
	if err := json.Unmarshal([]byte(body), &list); err != nil || len(list) != 1 {
		t.Fatal(body, err)
	}
	for _, name := range []string{"id", "to", "channel", "subject", "text", "html", "code", "createdDateTime"} {
		if _, ok := list[0][name]; !ok {
			t.Errorf("%s is missing", name)
		}
	}
	_, body, _ = w.do(http.MethodGet, "/dev/mailbox.json", nil)
	var dated []struct{ CreatedDateTime time.Time }
	if err := json.Unmarshal([]byte(body), &dated); err != nil || len(dated) != 3 || !dated[0].CreatedDateTime.After(dated[2].CreatedDateTime) {
		t.Errorf("not newest first: %s", body)
	}
	if _, body, _ = w.do(http.MethodGet, "/dev/mailbox.json?to=nobody@example.com", nil); strings.TrimSpace(body) != "[]" {
		t.Errorf("nobody's mail is %s", body)
	}
	id := list[0]["id"].(string)
	if status, body, _ := w.do(http.MethodGet, "/dev/mailbox/"+id, nil); status != 200 || !strings.Contains(body, "123456") || strings.Contains(body, "<p>html</p>") {
		t.Errorf("the message page: %d", status)
	}
	if status, _, _ := w.do(http.MethodGet, "/dev/mailbox/unknown", nil); status != http.StatusNotFound {
		t.Errorf("an unknown message answers %d", status)
	}
}

func TestEveryClaimIsExplained(t *testing.T) {
	claims := map[string]any{"made_up": "x", "home_type": "flat", "aud": []any{"a", "b"}, "auth_time": float64(1795291865), "email_verified": true}
	for _, n := range claimOrder() {
		if _, ok := claims[n]; !ok {
			claims[n] = "v"
		}
	}
	for _, c := range explain(claims, map[string]string{"home_type": "Home type"}) {
		if c.Meaning == "" || c.Source == "" || c.Value == "" {
			t.Errorf("%+v", c)
		}
		if c.Undocumented != (c.Name == "made_up") {
			t.Errorf("%s: undocumented %v", c.Name, c.Undocumented)
		}
		if c.Name == "home_type" && !strings.HasSuffix(c.Source, "registration: Home type") {
			t.Errorf("home_type comes from %q", c.Source)
		}
		if c.Name == "auth_time" && c.Human != "21 November 2026, 20:11:05 UTC" {
			t.Errorf("auth_time is %q", c.Human)
		}
		if c.Name == "aud" && c.Value != "a, b" {
			t.Errorf("aud is %q", c.Value)
		}
	}
	if _, ok := explainToken("opaque", nil); ok {
		t.Error("an opaque token was read")
	}
}

func TestTheRecordIsToldInWords(t *testing.T) {
	bundle, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	base := record.SignIn{User: record.Party{Name: "Noor"}, App: record.Party{Name: "Shop"}, StartedAt: time.Unix(1795291865, 0)}
	for _, c := range []struct {
		name   string
		change func(*record.SignIn)
		want   string
	}{
		{"success", func(r *record.SignIn) { r.Outcome.Result = record.Success }, "Noor signed in to Shop"},
		{"sign-up", func(r *record.SignIn) { r.Outcome.Result, r.SignUp = record.Success, true }, "Noor signed up for Shop"},
		{"failure", func(r *record.SignIn) { r.Outcome.Result = record.Failure }, "Noor was not let in to Shop"},
		{"abandoned", func(r *record.SignIn) { r.Outcome.Result = record.Abandoned }, "Noor left before the end"},
		{"interrupted", func(r *record.SignIn) { r.Outcome.Result = record.Interrupted }, "Noor has not finished yet"},
		{"unknown", func(r *record.SignIn) {
			r.Outcome.Result, r.User, r.Identifier = record.Failure, record.Party{}, "x@example.com"
		}, "x@example.com was not let in to Shop"},
	} {
		r := base
		c.change(&r)
		if got := tell(r, bundle.Match("en")).Headline; got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestTroubleIsSaidPlainly(t *testing.T) {
	if got := plain(&url.Error{Op: "Get", URL: "http://localhost/secret", Err: errors.New("connection refused")}); got != "connection refused" {
		t.Error(got)
	}
}
