package graph

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/audit"
	"portico/app/export"
	"portico/app/fault"
	"portico/app/i18n"
	"portico/app/outbound"
	"portico/app/risk"
	"portico/app/signin"
	"portico/app/tenant"
	"portico/app/webhook"
	"portico/handlers"
	"portico/models"
	"portico/models/modelstest"
)

// fakeTokens stands for the OpenID Provider: a token is a key of the map.
type fakeTokens map[string]Token

func (f fakeTokens) VerifyManagement(_ context.Context, _, token string) (Token, error) {
	if token == "expired" {
		return Token{}, fault.New(fault.Expired, "token.expired")
	}
	t, ok := f[token]
	if !ok {
		return Token{}, fault.New(fault.Denied, "token.denied")
	}
	return t, nil
}

type fakePasswords struct{}

func (fakePasswords) Hash(_ context.Context, _, password string, _ ...string) (string, error) {
	if len(password) < 8 {
		return "", fault.BadField("password", "password.short", map[string]any{"min": 8})
	}
	return "hash:" + password, nil
}

func (fakePasswords) Verify(_ context.Context, hash, password string) (bool, bool, error) {
	return hash == "hash:"+password, false, nil
}

// world is a listening API over a scratch database with one tenant and one client that may do everything.
type world struct {
	t      *testing.T
	api    *API
	store  *models.Store
	tenant *models.Tenant
	tokens fakeTokens
	base   string
	client models.Application
}

func newWorld(t *testing.T, s *models.Store) *world {
	t.Helper()
	bundle, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	english := bundle.Match("en")
	w := &world{t: t, store: s, tokens: fakeTokens{}}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.base = "http://" + ln.Addr().String()
	w.api = New(API{Outbound: &outbound.Client{}, Store: s, Tokens: w.tokens, Passwords: fakePasswords{}, BaseURL: w.base, Words: english, Bundle: bundle, Texts: true,
		Actions: signin.Gate{Machine: &signin.Machine{Stores: models.SignInStores{Store: s}, Now: s.Now, Detectors: risk.Detectors()}},
		Hooks:   &webhook.Courier{Store: s, HTTP: toLoopback(t), Now: s.Now, Reach: toLoopback(t).Check},
		Courier: &export.Courier{HTTP: toLoopback(t), Dial: toLoopback(t), Host: "login.example.com", Now: s.Now},
		Log:     slog.New(slog.NewTextHandler(io.Discard, nil))})
	app := fiber.New(fiber.Config{Immutable: true, CaseSensitive: true, StrictRouting: true, DisableStartupMessage: true, StreamRequestBody: true, ReadBufferSize: 32 << 10})
	app.Use(func(c *fiber.Ctx) error {
		handlers.SetInfo(c, &handlers.Info{IP: netip.MustParseAddr("127.0.0.1"), Locale: english})
		return c.Next()
	})
	w.api.Mount(app)
	go func() { _ = app.Listener(ln) }()
	t.Cleanup(func() { _ = app.Shutdown() })
	w.tenant = w.newTenant("shop")
	w.client = w.newClient("all", w.tenant, access.Known()...)
	return w
}

// toLoopback lets exports of tests reach this machine.
func toLoopback(t *testing.T) *outbound.Client {
	t.Helper()
	allow, err := outbound.ParseAllow("127.0.0.0/8")
	if err != nil {
		t.Fatal(err)
	}
	return &outbound.Client{Allow: allow}
}

func (w *world) newTenant(slug string) *models.Tenant {
	w.t.Helper()
	made, err := w.store.CreateTenant(context.Background(), audit.System("test"), tenant.Tenant{Slug: slug, Name: slug})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.store.Tenant(made.ID)
}

// newClient registers an API client; its token is its name.
func (w *world) newClient(name string, t *models.Tenant, p ...access.Permission) models.Application {
	w.t.Helper()
	app, err := t.CreateApplication(context.Background(), audit.System("test"), models.Application{Name: name, Kind: models.DaemonApp, Enabled: true,
		Spec: models.ApplicationSpec{Permissions: words(p)}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.tokens[name] = Token{TenantID: t.ID, ClientID: app.ClientID, Roles: words(p)}
	return app
}

func words(p []access.Permission) []string {
	out := make([]string, len(p))
	for i := range p {
		out[i] = string(p[i])
	}
	return out
}

type answer struct {
	status int
	header http.Header
	raw    string
	body   map[string]any
}

func (a answer) values() []map[string]any {
	list, _ := a.body["value"].([]any)
	out := make([]map[string]any, len(list))
	for i := range list {
		out[i], _ = list[i].(map[string]any)
	}
	return out
}

func (a answer) errorCode() string {
	e, _ := a.body["error"].(map[string]any)
	s, _ := e["code"].(string)
	return s
}

func (a answer) errorMessage() string {
	e, _ := a.body["error"].(map[string]any)
	s, _ := e["message"].(string)
	return s
}

// do sends a request as the client "all" unless a header says otherwise. A body that is not a string is
// sent as JSON.
func (w *world) do(method, url string, body any, header ...string) answer {
	w.t.Helper()
	if strings.HasPrefix(url, "/") {
		if !strings.HasPrefix(url, "/v1.0") && !strings.HasPrefix(url, "/beta") {
			url = "/v1.0" + url
		}
		url = w.base + url
	}
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(b)
	case []byte:
		r = bytes.NewReader(b)
	default:
		j, err := json.Marshal(b)
		if err != nil {
			w.t.Fatal(err)
		}
		r = bytes.NewReader(j)
	}
	req, err := http.NewRequest(method, url, r)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer all")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Del(header[i])
		if header[i+1] != "" {
			req.Header.Set(header[i], header[i+1])
		}
	}
	c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := c.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	a := answer{status: res.StatusCode, header: res.Header, raw: string(raw)}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(raw, &a.body); err != nil {
			w.t.Fatalf("%s %s: not JSON: %s", method, url, raw)
		}
	}
	return a
}

func (w *world) want(status int, a answer) answer {
	w.t.Helper()
	if a.status != status {
		w.t.Fatalf("status %d, want %d: %s", a.status, status, a.raw)
	}
	return a
}

func zip(s string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(s))
	_ = z.Close()
	return b.Bytes()
}

func each(t *testing.T, f func(*world)) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) { f(newWorld(t, s)) })
}

func openSQLite(t *testing.T) *models.Store {
	t.Helper()
	return modelstest.Open(t)
}
