package openid_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/extension"
	"portico/app/factor"
	"portico/app/i18n"
	"portico/app/openid"
	"portico/app/policy"
	"portico/app/session"
	"portico/app/signal"
	"portico/app/signin"
	"portico/app/userflow"
	"portico/handlers"
	"portico/handlers/hosted"
	door "portico/handlers/openid"
	"portico/models"
	"portico/models/modelstest"
)

// world is a whole provider over a real listening server, with one tenant and a few apps. Its starter
// signs a person in at once, so that the protocol can be tested without the pages.
type world struct {
	t        testing.TB
	store    *models.Store
	clock    *modelstest.Clock
	tenant   *models.Tenant
	slug     string
	base     string
	issuer   string
	handler  *door.Handler
	provider *openid.Provider
	starter  *instantStarter

	web     registered // confidential, everything on
	second  registered // confidential, RS256
	spa     registered
	native  registered
	user    models.User
	logouts *receiver
	real    bool        // the real pages are there
	gate    openid.Gate // nil: nothing is demanded at refresh
}

// Refresh asks the gate of the moment.
func (w *world) Refresh(ctx context.Context, r policy.Request) (policy.Answer, error) {
	if w.gate == nil {
		return policy.Answer{}, nil
	}
	return w.gate.Refresh(ctx, r)
}

type registered struct {
	models.Application
	secret   string
	redirect string
}

// instantStarter is the sign-in machine of these tests: whoever comes is world.user.
type instantStarter struct {
	w        *world
	issuer   door.Issuer
	mu       sync.Mutex
	sessions map[string]session.Session // cookie → session
	refuse   string                     // answer every attempt with this error
	last     signin.Request
	acr      string   // how strongly everybody signs in
	reaches  []string // the authentication contexts that everybody reaches when asked
}

const testCookie = "test-session"

func (s *instantStarter) Current(c *fiber.Ctx, _ *models.Directory) (session.Session, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.sessions[c.Cookies(testCookie)]
	return found, ok, nil
}

func (s *instantStarter) End(c *fiber.Ctx, _ *models.Directory, _ session.Session) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, c.Cookies(testCookie))
	return nil
}

func (s *instantStarter) Start(c *fiber.Ctx, dir *models.Directory, r signin.Request) error {
	s.mu.Lock()
	s.last = r
	refuse := s.refuse
	s.mu.Unlock()
	deny := func(code string) error {
		o, err := s.issuer.Refuse(c.UserContext(), signin.Refusal{Error: code, Request: r})
		if err != nil {
			return err
		}
		return s.w.handler.Answer(c, o)
	}
	if refuse != "" {
		return deny(refuse)
	}
	now := s.w.clock.Now()
	cur, here, _ := s.Current(c, dir)
	fresh := here && !slices.Contains(r.Prompt, "login")
	if fresh && r.MaxAge != nil && now.Sub(cur.AuthTime) > time.Duration(*r.MaxAge)*time.Second {
		fresh = false
	}
	if fresh && r.SubHint != "" && r.SubHint != cur.UserID {
		fresh = false
	}
	if !fresh {
		if slices.Contains(r.Prompt, "none") {
			return deny("login_required")
		}
		if !here {
			cur = session.Session{SID: models.NewID(), TenantID: dir.Tenant.ID, UserID: s.w.user.ID, CreatedAt: now}
		}
		cur.AuthTime = now
		cookie := models.NewID()
		s.mu.Lock()
		s.sessions[cookie] = cur
		s.mu.Unlock()
		c.Cookie(&fiber.Cookie{Name: testCookie, Value: cookie, Path: "/"})
	}
	g := signin.Grant{TenantID: dir.Tenant.ID, AttemptID: models.NewID(), SignInID: models.NewID(), UserID: cur.UserID, SID: cur.SID,
		AuthTime: cur.AuthTime, AMR: []string{"pwd"}, ACR: s.acr, Scopes: r.Scopes, Request: r}
	for _, c := range r.Contexts {
		if slices.Contains(s.reaches, c) {
			g.Contexts = append(g.Contexts, c)
		}
	}
	var o signin.Outcome
	err := s.w.store.Tenant(dir.Tenant.ID).InTx(c.UserContext(), func(tx *models.Tenant) error {
		var err error
		o, err = s.issuer.Issue(c.UserContext(), tx, g)
		return err
	})
	if err != nil {
		return err
	}
	return s.w.handler.Answer(c, o)
}

// newWorld opens everything on SQLite.
func newWorld(t testing.TB) *world {
	return newWorldOn(t, modelstest.OpenScratch(t, modelstest.SQLite))
}

func newWorldOn(t testing.TB, scratch modelstest.Scratch) *world {
	t.Helper()
	return makeWorld(t, scratch, false)
}

// newRealWorld has the real sign-in machine and the real pages; its browsers fill the forms.
func newRealWorld(t testing.TB) *world {
	t.Helper()
	return makeWorld(t, modelstest.OpenScratch(t, modelstest.SQLite), true)
}

func makeWorld(t testing.TB, scratch modelstest.Scratch, pages bool) *world {
	t.Helper()
	w := &world{t: t, store: scratch.Store, clock: scratch.Clock}
	w.clock.Advance(time.Since(w.clock.Now())) // libraries compare with the real clock
	w.tenant = modelstest.MustTenant(t, w.store, "")
	own, err := w.tenant.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.slug = own.Slug
	w.user = modelstest.MustUser(t, w.tenant, "anna@example.com")

	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.base = fmt.Sprintf("http://localhost:%d", ln.Addr().(*net.TCPAddr).Port)
	w.issuer = w.base + "/" + w.tenant.ID + "/v2.0"
	w.logouts = newReceiver(t)

	w.provider = openid.New(openid.Options{Stores: w.store, MAC: w.store.Sealer().MAC, Gate: w, Now: w.clock.Now, Extensions: w.asker(),
		Keep: func(tenantID string, c extension.Call) { w.store.Tenant(tenantID).KeepCall(c) }})
	w.starter = &instantStarter{w: w, issuer: door.Issuer{Provider: w.provider}, sessions: map[string]session.Session{}}
	w.handler = &door.Handler{Provider: w.provider, Store: w.store, BaseURL: w.base, Starter: w.starter, Sessions: w.starter,
		Pages: door.PlainPages{}, CSRF: handlers.CSRF{Key: bytes.Repeat([]byte{3}, 32)}}
	var site *hosted.Hosted
	if pages {
		site = w.realPages()
	}
	app := w.server(w.handler, site)
	go func() { _ = app.Listener(ln) }()
	t.Cleanup(func() { _ = app.ShutdownWithTimeout(time.Second) })

	w.web = w.register("Web", "web", openid.Web, "https://app.example/cb", func(s *models.ApplicationSpec) {
		s.PostLogoutRedirectURIs = []string{"https://app.example/bye"}
		s.BackChannelLogoutURI = w.logouts.url
		s.RedirectURIs = append(s.RedirectURIs, openid.RedirectURI{URI: "https://app.example/cb?x=1", Platform: openid.Web})
	})
	w.second = w.register("Second", "web", openid.Web, "https://second.example/cb", func(s *models.ApplicationSpec) { s.SigningAlg = openid.RS256 })
	w.spa = w.register("Single", "spa", openid.SPA, "https://spa.example/", nil)
	w.native = w.register("Native", "native", openid.Native, "http://localhost", nil)
	if pages {
		modelstest.MustFlow(t, w.tenant, "Flow", userflow.EmailPassword, w.web.Application, w.second.Application, w.spa.Application, w.native.Application)
	}
	return w
}

const password = "a quiet brook in the morning"

// realPages puts the real sign-in machine in the instant starter's place.
func (w *world) realPages() *hosted.Hosted {
	w.t.Helper()
	hasher := factor.NewHasher(factor.Argon{MemoryKiB: 8, Time: 1, Threads: 1}, 0, 0)
	hash, err := hasher.Hash(w.t.Context(), password)
	if err != nil {
		w.t.Fatal(err)
	}
	w.user = modelstest.MustUserWithPassword(w.t, w.tenant, "real@example.com", hash)
	bundle, err := i18n.Load()
	if err != nil {
		w.t.Fatal(err)
	}
	site, err := hosted.New(hosted.Deps{Store: w.store, Bundle: bundle, Hasher: hasher, BaseURL: w.base, Now: w.clock.Now, Development: true})
	if err != nil {
		w.t.Fatal(err)
	}
	site.AddIssuer(signin.OpenID, door.Issuer{Provider: w.provider})
	w.handler.Starter, w.handler.Sessions, w.handler.Pages = site, site.Sessions(), site
	w.real = true
	w.gate = site.Gate()
	return site
}

func (w *world) server(h *door.Handler, site *hosted.Hosted) *fiber.App {
	bundle, err := i18n.Load()
	if err != nil {
		w.t.Fatal(err)
	}
	base, _ := url.Parse(w.base)
	web := &handlers.Web{Development: true, BaseURL: base, Bundle: bundle, Places: signal.OpenPlaces(""), Now: time.Now,
		Log: slog.New(slog.NewTextHandler(testWriter{w.t}, &slog.HandlerOptions{Level: slog.LevelError})), Rows: h.Routes(), Failing: h.Failing}
	if site != nil {
		web.ErrorPage = new(handlers.Brands).ErrorPage
	}
	app := web.NewApp()
	h.Mount(app)
	if site != nil {
		site.Mount(app)
	}
	app.Use(func(*fiber.Ctx) error { return fiber.ErrNotFound })
	return app
}

type testWriter struct{ t testing.TB }

func (w testWriter) Write(b []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(b)))
	return len(b), nil
}

func (w *world) register(name, kind string, p openid.Platform, redirect string, more func(*models.ApplicationSpec)) registered {
	w.t.Helper()
	spec := models.ApplicationSpec{}
	if redirect != "" {
		spec.RedirectURIs = []openid.RedirectURI{{URI: redirect, Platform: p}}
	}
	if more != nil {
		more(&spec)
	}
	a := modelstest.MustAppOf(w.t, w.tenant, models.Application{Name: name, Kind: kind, Enabled: true, Spec: spec})
	out := registered{Application: a, redirect: redirect}
	if p == openid.Web {
		secret, _, err := w.tenant.AddSecret(w.t.Context(), modelstest.Actor(), a.ID, "test", time.Now().AddDate(1, 0, 0))
		if err != nil {
			w.t.Fatal(err)
		}
		out.secret = secret
	}
	return out
}

// browser is a user agent: cookies, and no following of redirects to apps.
type browser struct {
	w      *world
	client *http.Client
}

func (w *world) browser() *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{w: w, client: &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), w.base) {
			return nil
		}
		return http.ErrUseLastResponse
	}}}
}

type response struct {
	status int
	header http.Header
	body   string
	at     string // the last URL of ours
}

func (r response) location() *url.URL {
	u, err := url.Parse(r.header.Get("Location"))
	if err != nil {
		return &url.URL{}
	}
	return u
}

func (r response) json(t testing.TB) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(r.body), &m); err != nil {
		t.Fatalf("not JSON: %v: %s", err, r.body)
	}
	return m
}

func (w *world) do(client *http.Client, req *http.Request) response {
	w.t.Helper()
	resp, err := client.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return response{resp.StatusCode, resp.Header, string(b), resp.Request.URL.String()}
}

func (b *browser) get(u string) response {
	b.w.t.Helper()
	req, err := http.NewRequestWithContext(b.w.t.Context(), http.MethodGet, u, nil)
	if err != nil {
		b.w.t.Fatal(err)
	}
	return b.signIn(b.w.do(b.client, req))
}

// signIn fills the real sign-in pages, one after the other, by the autocomplete tokens of their fields,
// until the browser leaves for the app.
func (b *browser) signIn(r response) response {
	for range 6 {
		if !b.w.real || r.status != 200 || !strings.Contains(r.at, "/signin/") || strings.Contains(r.body, `name="code" value=`) {
			return r
		}
		f := url.Values{}
		for _, form := range formTag.FindAllString(r.body, -1) {
			fields := url.Values{}
			typed := 0
			for _, tag := range fieldTag.FindAllString(form, -1) {
				at := map[string]string{}
				for _, m := range attribute.FindAllStringSubmatch(tag, -1) {
					at[m[1]] = html.UnescapeString(m[2])
				}
				switch auto := at["autocomplete"]; {
				case at["name"] == "":
				case at["type"] == "hidden":
					fields.Set(at["name"], at["value"])
				case strings.Contains(auto, "username"), strings.Contains(auto, "email"):
					fields.Set(at["name"], b.w.user.Mail)
					typed++
				case strings.Contains(auto, "current-password"):
					fields.Set(at["name"], password)
					typed++
				case at["type"] == "submit" && fields.Get(at["name"]) == "":
					fields.Set(at["name"], at["value"])
				}
			}
			if strings.Contains(form, `id="main"`) || typed > 0 || len(f) == 0 {
				f = fields
			}
		}
		r = b.post(r.at, f)
	}
	return r
}

var (
	formTag   = regexp.MustCompile(`(?s)<form.*?</form>`)
	fieldTag  = regexp.MustCompile(`<(?:input|button)[^>]*>`)
	attribute = regexp.MustCompile(`([a-z-]+)="([^"]*)"`)
)

func (b *browser) post(u string, form url.Values) response {
	b.w.t.Helper()
	req, _ := http.NewRequestWithContext(b.w.t.Context(), http.MethodPost, u, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.w.do(b.client, req)
}

const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

func challenge() string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// query is an ordinary authorization request of an app; more overrides, "" removes.
func (w *world) query(a registered, more ...string) url.Values {
	q := url.Values{"client_id": {a.ClientID}, "redirect_uri": {a.redirect}, "response_type": {"code"}, "scope": {"openid"},
		"state": {"the state"}, "nonce": {"the nonce"}, "code_challenge": {challenge()}, "code_challenge_method": {"S256"}}
	for i := 0; i+1 < len(more); i += 2 {
		if more[i+1] == "" {
			q.Del(more[i])
		} else {
			q.Set(more[i], more[i+1])
		}
	}
	return q
}

func (w *world) url(path string) string { return w.base + "/" + w.tenant.ID + path }

func (b *browser) authorize(a registered, more ...string) response {
	b.w.t.Helper()
	return b.get(b.w.url("/oauth2/v2.0/authorize") + "?" + b.w.query(a, more...).Encode())
}

// code signs in and gives the code.
func (b *browser) code(a registered, more ...string) string {
	b.w.t.Helper()
	r := b.authorize(a, more...)
	code := r.location().Query().Get("code")
	if code == "" {
		code = fragment(r).Get("code")
	}
	if code == "" {
		b.w.t.Fatalf("no code: %d %s %s", r.status, r.header.Get("Location"), r.body)
	}
	return code
}

func fragment(r response) url.Values {
	v, _ := url.ParseQuery(r.location().EscapedFragment())
	return v
}

// tokenPost posts to the token endpoint as the app, with its secret by Basic when it has one.
func (w *world) tokenPost(a registered, form url.Values, headers ...string) response {
	return w.clientPost("/oauth2/v2.0/token", a, form, headers...)
}

func (w *world) clientPost(path string, a registered, form url.Values, headers ...string) response {
	w.t.Helper()
	if a.secret == "" && form.Get("client_id") == "" {
		form.Set("client_id", a.ClientID)
	}
	req, _ := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.url(path), strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if a.secret != "" && !form.Has("client_secret") && !form.Has("client_assertion") {
		req.SetBasicAuth(url.QueryEscape(a.ClientID), url.QueryEscape(a.secret))
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return w.do(http.DefaultClient, req)
}

func redemption(a registered, code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {a.redirect}, "code_verifier": {verifier}}
}

// tokens runs a whole sign-in and gives the token answer.
func (w *world) tokens(b *browser, a registered, more ...string) map[string]any {
	w.t.Helper()
	code := b.code(a, more...)
	form := redemption(a, code)
	for i := 0; i+1 < len(more); i += 2 {
		if more[i] == "redirect_uri" {
			form.Set("redirect_uri", more[i+1])
		}
	}
	r := w.tokenPost(a, form)
	if r.status != 200 {
		w.t.Fatalf("token: %d %s", r.status, r.body)
	}
	return r.json(w.t)
}

func (w *world) refresh(a registered, token string, more ...string) response {
	f := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
	for i := 0; i+1 < len(more); i += 2 {
		f.Set(more[i], more[i+1])
	}
	return w.tokenPost(a, f)
}

func (w *world) userinfo(token string) response {
	w.t.Helper()
	req, _ := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.url("/openid/userinfo"), nil)
	req.Header.Set("Authorization", "Bearer "+token)
	return w.do(http.DefaultClient, req)
}

// claims reads a JWT's payload without checking it.
func claims(t testing.TB, jwt any) map[string]any { t.Helper(); return part(t, jwt, 1) }

// header reads a JWT's header.
func header(t testing.TB, jwt any) map[string]any { t.Helper(); return part(t, jwt, 0) }

func part(t testing.TB, jwt any, i int) map[string]any {
	t.Helper()
	s, _ := jwt.(string)
	parts := strings.Split(s, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %v", jwt)
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[i])
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func text(v any) string { return fmt.Sprint(v) }

func wantError(t testing.TB, r response, status int, code string) {
	t.Helper()
	if r.status != status || r.json(t)["error"] != code {
		t.Fatalf("want %d %s, got %d %s", status, code, r.status, r.body)
	}
}

// receiver is an app's back-channel logout endpoint.
type receiver struct {
	url    string
	mu     sync.Mutex
	tokens []string
	status int
}

func newReceiver(t testing.TB) *receiver {
	t.Helper()
	return &receiver{url: "https://app.example/backchannel", status: 200}
}

// post stands in for the hardened client: it hands the token over.
func (r *receiver) post(_ context.Context, _, to, token string) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if to != r.url {
		return 404, nil
	}
	r.tokens = append(r.tokens, token)
	return r.status, nil
}

func jsonInto(s string, v any) error { return json.Unmarshal([]byte(s), v) }

// secondPerson signs somebody else in at another browser and gives their ID token.
func (w *world) secondPerson() string {
	w.t.Helper()
	first := w.user
	w.user = modelstest.MustUser(w.t, w.tenant, "bo@example.com")
	out := w.tokens(w.browser(), w.web)
	w.user = first
	return text(out["id_token"])
}
