package handlers

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/app/i18n"
	"portico/app/signal"
)

// site is a running application with its log.
type site struct {
	web *Web
	app *fiber.App
	log *bytes.Buffer
	url string
}

func newSite(t *testing.T, change func(*Web), routes func(*fiber.App)) *site {
	t.Helper()
	bundle, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	s := &site{log: &bytes.Buffer{}}
	base, _ := url.Parse("http://localhost:3000")
	s.web = &Web{Development: true, BaseURL: base, Bundle: bundle, Now: time.Now, Log: slog.New(slog.NewTextHandler(s.log, nil)), Places: &signal.Places{}}
	if change != nil {
		change(s.web)
	}
	s.app = s.web.NewApp()
	if routes != nil {
		routes(s.app)
	}
	s.app.Use(func(*fiber.Ctx) error { return fiber.ErrNotFound })
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.url = "http://" + ln.Addr().String()
	s.app.Handler()
	go func() { _ = s.app.Server().Serve(ln) }()
	t.Cleanup(func() { _ = s.app.ShutdownWithTimeout(time.Second) })
	return s
}

// ask sends a request; header is a list of name, value.
func (s *site) ask(t *testing.T, method, path, body string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
			continue
		}
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return resp, string(b)
}

func TestErrorsHaveAFormAndAReference(t *testing.T) {
	s := newSite(t, nil, func(app *fiber.App) {
		fail := func(err error) fiber.Handler { return func(*fiber.Ctx) error { return err } }
		app.Get("/panic", func(*fiber.Ctx) error { panic("the secret word") })
		app.Get("/internal", fail(errors.New("the secret word")))
		app.Get("/denied", fail(fault.New(fault.Denied, "error.denied")))
		app.Post("/gone", fail(errors.New("failed to connect to `host=db`: connection refused")))
		app.Get("/slow", fail(fault.Wrap(fault.Internal, "error.internal", context.DeadlineExceeded)))
		app.Get("/busy", fail(&fault.Error{Code: fault.TooMany, Key: "error.too_many", RetryAfter: 1500 * time.Millisecond}))
		app.Get("/v1.0/users", fail(errors.New("the secret word")))
		app.Post("/fernhill/oauth2/v2.0/token", fail(errors.New("bad connection: the secret word")))
	})
	cases := []struct {
		method, path string
		status       int
		contains     []string
	}{
		{"GET", "/panic", 500, []string{"<h1>Something went wrong</h1>"}},
		{"GET", "/internal", 500, []string{"<h1>Something went wrong</h1>"}},
		{"GET", "/denied", 403, []string{"You are not allowed"}},
		{"GET", "/nowhere", 404, []string{"Page not found"}},
		{"POST", "/gone", 503, []string{"Back in a moment"}},
		{"GET", "/slow", 503, []string{"Back in a moment"}},
		{"GET", "/busy", 429, []string{"A little slower"}},
		{"GET", "/v1.0/users", 500, []string{`"code":"generalException"`, `"request-id":`}},
		{"POST", "/fernhill/oauth2/v2.0/token", 503, []string{`"error":"temporarily_unavailable"`, `"trace_id":`}},
	}
	for _, c := range cases {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			s.log.Reset()
			resp, body := s.ask(t, c.method, c.path, "")
			if resp.StatusCode != c.status {
				t.Errorf("status %d, want %d", resp.StatusCode, c.status)
			}
			reference := resp.Header.Get("X-Request-Id")
			for _, want := range append(c.contains, reference) {
				if !strings.Contains(body, want) {
					t.Errorf("the answer lacks %q: %s", want, body)
				}
			}
			if strings.Contains(body, "secret word") || strings.Contains(body, "host=") {
				t.Error("the cause is shown to the visitor")
			}
			if !strings.Contains(s.log.String(), "request="+reference) {
				t.Errorf("the log does not know the reference %s: %s", reference, s.log)
			}
			if c.status >= 500 && !strings.Contains(s.log.String(), "level=ERROR") {
				t.Error("a defect is not logged as one")
			}
			if (c.status == 503 || c.status == 429) && resp.Header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
		})
	}
}

func TestTypedFormsComeBack(t *testing.T) {
	var view ErrorView
	s := newSite(t, func(w *Web) {
		w.ErrorPage = nil
	}, func(app *fiber.App) {
		app.Post("/fernhill/signin/1", func(c *fiber.Ctx) error {
			view.Again = typed(c)
			return errors.New("connection refused")
		})
	})
	resp, _ := s.ask(t, "POST", "/fernhill/signin/1", "username=ann%40example.com&current_password=hunter2&code=123456&step=signin",
		"Content-Type", "application/x-www-form-urlencoded")
	if resp.StatusCode != 503 {
		t.Errorf("status %d", resp.StatusCode)
	}
	if got := fmt.Sprint(view.Again); got != "[[username ann@example.com] [step signin]]" {
		t.Errorf("kept %s", got)
	}
}

func TestBodyLimits(t *testing.T) {
	s := newSite(t, func(w *Web) {
		w.Rows = []Route{{Method: "POST", Path: "/admin/:tenant/logo", BodyLimit: 200 << 10}}
	}, func(app *fiber.App) {
		echo := func(c *fiber.Ctx) error { return c.SendString(fmt.Sprint(len(c.Body()))) }
		app.Post("/form", echo)
		app.Post("/admin/:tenant/logo", echo)
	})
	for _, c := range []struct {
		path   string
		size   int
		status int
	}{
		{"/form", 0, 200}, {"/form", 100, 200}, {"/form", 64 << 10, 200}, {"/form", 64<<10 + 1, 413}, {"/form", 5 << 20, 413},
		{"/admin/fernhill/logo", 200 << 10, 200}, {"/admin/fernhill/logo", 200<<10 + 1, 413}, {"/nowhere", 1 << 20, 413},
	} {
		for _, chunked := range []bool{false, true} {
			var body io.Reader = strings.NewReader(strings.Repeat("x", c.size))
			if chunked {
				body = io.MultiReader(body) // hides the length
			}
			resp, err := http.Post(s.url+c.path, "text/plain", body)
			if err != nil {
				if c.status == 413 { // the server may close while the client still writes
					continue
				}
				t.Fatal(err)
			}
			got, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if resp.StatusCode != c.status || c.status == 200 && string(got) != fmt.Sprint(c.size) {
				t.Errorf("%s with %d bytes (chunked %v): %d %.40q, want %d", c.path, c.size, chunked, resp.StatusCode, got, c.status)
			}
		}
	}
}

func TestCrossOriginPosts(t *testing.T) {
	s := newSite(t, func(w *Web) {
		w.Rows = []Route{{Method: "POST", Path: "/:tenant/oauth2/v2.0/authorize", CrossOrigin: true}}
	}, func(app *fiber.App) {
		app.All("/*", func(c *fiber.Ctx) error { return c.SendString("ok") })
	})
	host := strings.TrimPrefix(s.url, "http://")
	cases := []struct {
		name, method, path string
		header             []string
		status             int
	}{
		{"same origin", "POST", "/fernhill/signin/1", []string{"Sec-Fetch-Site", "same-origin", "Origin", "http://" + host}, 200},
		{"a program", "POST", "/fernhill/signin/1", nil, 200},
		{"another site", "POST", "/fernhill/signin/1", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, 403},
		{"a sibling domain", "POST", "/admin/apps", []string{"Sec-Fetch-Site", "same-site", "Origin", "https://www.example.com"}, 403},
		{"an old browser, another site", "POST", "/admin/apps", []string{"Origin", "https://evil.example"}, 403},
		{"an old browser, same origin", "POST", "/admin/apps", []string{"Origin", "http://" + host}, 200},
		{"a sandboxed page", "POST", "/admin/apps", []string{"Origin", "null"}, 403},
		{"reading is free", "GET", "/admin/apps", []string{"Sec-Fetch-Site", "cross-site"}, 200},
		{"a row that allows it", "POST", "/fernhill/oauth2/v2.0/authorize", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://app.example"}, 200},
		{"only that row", "POST", "/fernhill/oauth2/v2.0/authorize/x", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://app.example"}, 403},
		{"the token endpoint takes no cookie", "POST", "/fernhill/oauth2/v2.0/token", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://app.example"}, 200},
		{"the management API takes no cookie", "PATCH", "/v1.0/users/1", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://app.example"}, 200},
		{"a request typed by the person", "POST", "/admin/apps", []string{"Sec-Fetch-Site", "none"}, 200},
	}
	for _, c := range cases {
		if resp, _ := s.ask(t, c.method, c.path, "", c.header...); resp.StatusCode != c.status {
			t.Errorf("%s: %d, want %d", c.name, resp.StatusCode, c.status)
		}
	}
}

func TestDevelopmentDoors(t *testing.T) {
	open := func(app *fiber.App) {
		app.Get("/*", func(c *fiber.Ctx) error { return c.SendString("ok") })
	}
	local := newSite(t, nil, open)
	production := newSite(t, func(w *Web) { w.Development = false }, open)
	cases := []struct {
		name   string
		site   *site
		path   string
		host   string
		status int
	}{
		{"localhost", local, "/dev/mailbox", "localhost:3000", 200},
		{"an address of this machine", local, "/demo", "127.0.0.1:3000", 200},
		{"a name that leads here (DNS rebinding)", local, "/dev/mailbox", "evil.example:3000", 404},
		{"other pages do not care", local, "/fernhill/signin/1", "evil.example:3000", 200},
		{"production has no mailbox", production, "/dev/mailbox", "localhost:3000", 404},
		{"production has no demo", production, "/demo/market", "localhost:3000", 404},
		{"a longer name is another page", production, "/developers", "localhost:3000", 200},
	}
	for _, c := range cases {
		if resp, _ := c.site.ask(t, "GET", c.path, "", "Host", c.host); resp.StatusCode != c.status {
			t.Errorf("%s: %d, want %d", c.name, resp.StatusCode, c.status)
		}
	}
}

func TestAdminHost(t *testing.T) {
	s := newSite(t, func(w *Web) { w.AdminHost = "admin.example.com" }, func(app *fiber.App) {
		app.Get("/*", func(c *fiber.Ctx) error { return c.SendString("ok") })
	})
	for host, want := range map[string]int{"admin.example.com": 200, "ADMIN.example.com:443": 200, "login.example.com": 404} {
		if resp, _ := s.ask(t, "GET", "/admin/apps", "", "Host", host); resp.StatusCode != want {
			t.Errorf("%s: %d, want %d", host, resp.StatusCode, want)
		}
	}
}

func TestSecurityHeaders(t *testing.T) {
	https, _ := url.Parse("https://login.example.com")
	s := newSite(t, func(w *Web) { w.Development, w.BaseURL = false, https }, func(app *fiber.App) {
		app.Get("/page", func(c *fiber.Ctx) error {
			i := InfoOf(c)
			i.FormActions = []string{"https://app.example.com", "https://evil.example; script-src *"}
			AllowStyle(c, "body{}")
			c.Set("Content-Type", "text/html; charset=utf-8")
			return c.SendString("<p>hello")
		})
		app.Get("/data", func(c *fiber.Ctx) error { return c.JSON(fiber.Map{}) })
	})
	resp, _ := s.ask(t, "GET", "/page", "")
	csp := resp.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "form-action 'self' https://app.example.com;", StyleHash("body{}"), "frame-ancestors 'none'", "base-uri 'none'"} {
		if !strings.Contains(csp, want) {
			t.Errorf("the policy lacks %q: %s", want, csp)
		}
	}
	if strings.Contains(csp, "evil") || strings.Contains(csp, "unsafe") {
		t.Errorf("policy %s", csp)
	}
	for name, want := range map[string]string{"Strict-Transport-Security": "max-age=63072000; includeSubDomains", "Referrer-Policy": "same-origin",
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Cache-Control": "no-store"} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if resp, _ := s.ask(t, "GET", "/data", ""); !strings.Contains(resp.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Error("data without a policy")
	}
}

func TestRequestLimits(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	l := &Limits{Now: func() time.Time { return now }}
	rate := Rate{PerSecond: 2, Burst: 3}
	take := func(key string, want bool) {
		t.Helper()
		if _, ok := l.Take(key, rate); ok != want {
			t.Fatalf("%s: %v, want %v", key, ok, want)
		}
	}
	for range 3 {
		take("a", true)
	}
	take("a", false)
	take("b", true) // others are not concerned
	now = now.Add(500 * time.Millisecond)
	take("a", true)
	take("a", false)
	if wait, _ := l.Take("a", rate); wait != 500*time.Millisecond {
		t.Errorf("wait %v", wait)
	}
	now = now.Add(time.Hour)
	for range 3 { // never more than the burst
		take("a", true)
	}
	take("a", false)
	for i := range 3 * maxBuckets {
		l.Take(fmt.Sprint(i), rate)
	}
	if n := len(l.new) + len(l.old); n > maxBuckets {
		t.Errorf("%d buckets", n)
	}
}

func TestPostAndClientLimits(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	exempt := false
	l := &Limits{Now: func() time.Time { return now }, Exempt: func(netip.Addr) bool { return exempt }}
	s := newSite(t, func(w *Web) { w.Proxies, _ = signal.ParseProxies("private") }, func(app *fiber.App) {
		app.Use("/:tenant/signin", l.Posts(nil))
		app.Post("/:tenant/signin/:id", func(c *fiber.Ctx) error { return c.SendString("ok") })
		app.Post("/:tenant/oauth2/v2.0/token", l.ClientAuth, func(c *fiber.Ctx) error {
			if c.Get("Authorization") == "" {
				return c.Status(401).SendString("no")
			}
			return c.SendString("ok")
		})
	})
	count := func(path string, n int, header ...string) (refused int) {
		for range n {
			if resp, _ := s.ask(t, "POST", path, "", header...); resp.StatusCode == 429 {
				refused++
			}
		}
		return refused
	}
	if got := count("/fernhill/signin/1", 45, "X-Forwarded-For", "198.51.100.1"); got != 5 {
		t.Errorf("%d of 45 posts refused, want 5", got)
	}
	if got := count("/fernhill/signin/1", 1, "X-Forwarded-For", "198.51.100.2"); got != 0 {
		t.Error("another address is refused too")
	}
	if got := count("/fernhill/signin/1", 41, "X-Forwarded-For", "2001:db8::1") + count("/fernhill/signin/1", 1, "X-Forwarded-For", "2001:db8::2"); got != 2 {
		t.Errorf("one IPv6 network is not one visitor: %d refused", got)
	}
	if got := count("/fernhill/oauth2/v2.0/token", 50, "X-Forwarded-For", "198.51.100.3", "Authorization", "x"); got != 0 {
		t.Errorf("%d good clients refused", got)
	}
	if got := count("/fernhill/oauth2/v2.0/token", 25, "X-Forwarded-For", "198.51.100.3"); got != 5 {
		t.Errorf("%d of 25 bad clients refused, want 5", got)
	}
	exempt = true
	if got := count("/fernhill/signin/1", 60, "X-Forwarded-For", "198.51.100.1"); got != 0 {
		t.Errorf("%d exempt posts refused", got)
	}
}

func TestCSRF(t *testing.T) {
	f := CSRF{Key: []byte("key")}
	token := f.Token("session-1")
	if token == f.Token("session-1") {
		t.Error("two tokens look alike")
	}
	for _, c := range []struct {
		name, token, binding string
		want                 bool
	}{
		{"its own session", token, "session-1", true},
		{"another session", token, "session-2", false},
		{"no session", f.Token(""), "", false},
		{"nothing", "", "session-1", false},
		{"rubbish", "!!", "session-1", false},
		{"another key", CSRF{Key: []byte("other")}.Token("session-1"), "session-1", false},
	} {
		if got := f.Valid(c.token, c.binding); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	s := newSite(t, nil, func(app *fiber.App) {
		app.Use(f.Protect(func(*fiber.Ctx) string { return "session-1" }))
		app.All("/x", func(c *fiber.Ctx) error { return c.SendString("ok") })
	})
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	for _, c := range []struct {
		method, path, body string
		header             []string
		status             int
	}{
		{"GET", "/x", "", nil, 200},
		{"POST", "/x", "", form, 403},
		{"POST", "/x", CSRFField + "=" + token, form, 200},
		{"POST", "/x?" + CSRFField + "=" + token, "", form, 403}, // never from the query
		{"DELETE", "/x", "", []string{CSRFHeader, token}, 200},
	} {
		if resp, _ := s.ask(t, c.method, c.path, c.body, c.header...); resp.StatusCode != c.status {
			t.Errorf("%s %s: %d, want %d", c.method, c.path, resp.StatusCode, c.status)
		}
	}
}

func TestTheLogKeepsQueriesToItself(t *testing.T) {
	s := newSite(t, nil, func(app *fiber.App) {
		app.Get("/admin/setup/:token", func(c *fiber.Ctx) error { return c.SendString("ok") })
	})
	s.ask(t, "GET", "/admin/setup/very-secret?code=also-secret", "")
	if l := s.log.String(); strings.Contains(l, "secret") || !strings.Contains(l, "route=/admin/setup/:token") {
		t.Errorf("log: %s", l)
	}
}

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		path, pattern string
		want          bool
	}{
		{"/a/b", "/a/b", true}, {"/a/b", "/a/:x", true}, {"/a/", "/a/:x", false}, {"/a/b/c", "/a/:x", false}, {"/a", "/a/:x", false},
		{"/a/b/c", "/a/*", true}, {"/b", "/a/*", false}, {"/a/b/", "/a/b", false}, {"/a/b", "/a/b/", false},
	} {
		if got := matches(c.path, c.pattern); got != c.want {
			t.Errorf("%s against %s: %v", c.path, c.pattern, got)
		}
	}
}

func TestReferencesAreReadable(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		r := NewReference()
		if len(r) != 14 || seen[r] || strings.ContainsAny(r, "ilou") {
			t.Fatal(r)
		}
		seen[r] = true
	}
}

func TestJSONForThoseWhoAsk(t *testing.T) {
	s := newSite(t, nil, nil)
	resp, body := s.ask(t, "GET", "/nowhere", "", "Accept", "application/json")
	var answer struct{ Error, Message, Reference string }
	if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.Error != "not_found" || answer.Reference != resp.Header.Get("X-Request-Id") {
		t.Errorf("%s %v", body, err)
	}
}

func TestPagesAreCompressed(t *testing.T) {
	long := strings.Repeat("<p>hello</p>", 500)
	s := newSite(t, nil, func(app *fiber.App) {
		app.Get("/page", func(c *fiber.Ctx) error { c.Set("Content-Type", "text/html; charset=utf-8"); return c.SendString(long) })
		app.Get("/short", func(c *fiber.Ctx) error { c.Set("Content-Type", "text/html"); return c.SendString("<p>") })
		app.Get("/token", func(c *fiber.Ctx) error { return c.JSON(fiber.Map{"token": long}) })
	})
	for _, c := range []struct{ path, accept, want string }{
		{"/page", "gzip, br", "br"}, {"/page", "gzip", "gzip"}, {"/page", "identity", ""}, {"/short", "br", ""}, {"/token", "br", ""},
	} {
		resp, body := s.ask(t, "GET", c.path, "", "Accept-Encoding", c.accept)
		if got := resp.Header.Get("Content-Encoding"); got != c.want {
			t.Errorf("%s for %q: %q, want %q", c.path, c.accept, got, c.want)
			continue
		}
		if c.path != "/page" {
			continue
		}
		plain := []byte(body)
		switch c.want {
		case "br":
			plain, _ = io.ReadAll(brotli.NewReader(strings.NewReader(body)))
		case "gzip":
			r, err := gzip.NewReader(strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			plain, _ = io.ReadAll(r)
		}
		if string(plain) != long {
			t.Errorf("%s for %q came out as %d bytes", c.path, c.accept, len(plain))
		}
		if !strings.Contains(resp.Header.Get("Vary"), "Accept-Encoding") {
			t.Error("caches are not told about encodings")
		}
	}
}
