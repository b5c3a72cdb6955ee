package openid_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"portico/handlers"
	door "portico/handlers/openid"
)

// A single-page app reads every refusal of the protocol endpoints, also those that no handler wrote.
func TestRefusalsCrossOrigins(t *testing.T) {
	w := newWorld(t)
	h := &door.Handler{Provider: w.provider, Store: w.store, BaseURL: w.base, Starter: w.starter, Sessions: w.starter,
		Pages: door.PlainPages{}, CSRF: w.handler.CSRF, Limits: &handlers.Limits{Now: w.clock.Now}}
	app := w.server(h, nil)
	const spa = "https://spa.example"
	send := func(method, path, origin, body string, headers ...string) *http.Response {
		t.Helper()
		req, err := http.NewRequest(method, w.url(path), strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", origin)
		for i := 0; i+1 < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		resp, err := app.Test(req, -1)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp
	}
	const token, userinfo = "/oauth2/v2.0/token", "/openid/userinfo"
	for _, c := range []struct {
		method, path, body string
		status             int
		allow              string
	}{
		{"POST", token, strings.Repeat("x", 65<<10), 413, ""},
		{"POST", userinfo, strings.Repeat("x", 65<<10), 413, ""},
		{"GET", token, "", 405, "POST, OPTIONS"},
		{"PUT", token, "", 405, "POST, OPTIONS"},
		{"DELETE", userinfo, "", 405, "GET, POST, OPTIONS"},
		{"GET", "/oauth2/v2.0/revoke", "", 405, "POST, OPTIONS"},
		{"GET", "/oauth2/v2.0/introspect", "", 405, "POST, OPTIONS"},
		{"GET", "/nowhere" + token, "", 404, ""},
	} {
		r := send(c.method, c.path, spa, c.body)
		if r.StatusCode != c.status || r.Header.Get("Access-Control-Allow-Origin") != spa || !strings.Contains(r.Header.Get("Vary"), "Origin") || r.Header.Get("Allow") != c.allow {
			t.Errorf("%s %s: %d %v", c.method, c.path, r.StatusCode, r.Header)
		}
		if r := send(c.method, c.path, "https://evil.example", c.body); r.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s %s: a stranger may read it", c.method, c.path)
		}
	}
	if r := send("POST", "/discovery/v2.0/keys", "https://anybody.example", ""); r.StatusCode != 405 || r.Header.Get("Access-Control-Allow-Origin") != "*" ||
		r.Header.Get("Allow") != "GET, HEAD, OPTIONS" {
		t.Errorf("keys: %d %v", r.StatusCode, r.Header)
	}

	wrong := url.Values{"grant_type": {"authorization_code"}, "code": {"x"}, "client_id": {w.web.ClientID}, "client_secret": {"wrong"}}.Encode()
	last := 0
	for range 30 {
		r := send("POST", token, spa, wrong)
		if last = r.StatusCode; last == 429 {
			if r.Header.Get("Access-Control-Allow-Origin") != spa || r.Header.Get("Retry-After") == "" || !strings.Contains(r.Header.Get("Access-Control-Expose-Headers"), "Retry-After") {
				t.Errorf("429: %v", r.Header)
			}
			break
		}
	}
	if last != 429 {
		t.Errorf("no limit: %d", last)
	}
}

// The scheme of an Authorization header has no letter case (RFC 9110 §11.1).
func TestBasicInAnyCase(t *testing.T) {
	w := newWorld(t)
	for _, scheme := range []string{"Basic", "basic", "BASIC"} {
		for _, credentials := range []string{"bm9ib2R5Ong=", "garbage"} {
			r := w.clientPost("/oauth2/v2.0/token", registered{}, url.Values{"grant_type": {"client_credentials"}, "client_id": {""}},
				"Authorization", scheme+" "+credentials)
			if r.status != 401 || !strings.HasPrefix(r.header.Get("WWW-Authenticate"), "Basic ") {
				t.Errorf("%s %s: %d %q", scheme, credentials, r.status, r.header.Get("WWW-Authenticate"))
			}
		}
	}
}
