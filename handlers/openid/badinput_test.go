package openid_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/app/openid"
	"portico/models"
	"portico/models/modelstest"
)

// Wrong authorization requests: the specified error at the registered redirect URI, or a page of ours
// where that is not proven.
func TestAuthorizeRefuses(t *testing.T) {
	w := newWorld(t)
	disabled := w.register("Off", "web", openid.Web, "https://off.example/cb", nil)
	if _, err := w.tenant.SetApplicationEnabled(t.Context(), modelstest.Actor(), disabled.ID, false); err != nil {
		t.Fatal(err)
	}
	const page = "(page)"
	for _, c := range []struct {
		name  string
		app   registered
		more  []string
		extra string // appended to the query as it is
		want  string
	}{
		{"no client", w.web, []string{"client_id", ""}, "", page},
		{"unknown client", w.web, []string{"client_id", "8b0ba3b5-6a1d-4d4f-8a5c-000000000000"}, "", page},
		{"disabled client", disabled, nil, "", page},
		{"client twice", w.web, nil, "&client_id=" + w.web.ClientID, page},
		{"no redirect URI", w.web, []string{"redirect_uri", ""}, "", page},
		{"redirect URI twice", w.web, nil, "&redirect_uri=https%3A%2F%2Fapp.example%2Fcb", page},
		{"redirect URI of another app", w.web, []string{"redirect_uri", w.second.redirect}, "", page},
		{"redirect URI with a path more", w.web, []string{"redirect_uri", "https://app.example/cb/"}, "", page},
		{"redirect URI with a query more", w.web, []string{"redirect_uri", "https://app.example/cb?y=1"}, "", page},
		{"redirect URI in capitals", w.web, []string{"redirect_uri", "https://APP.example/cb"}, "", page},
		{"redirect URI with a fragment", w.web, []string{"redirect_uri", "https://app.example/cb#x"}, "", page},
		{"redirect URI that is not UTF-8", w.web, []string{"redirect_uri", "https://app.example/cb\xff"}, "", page},
		{"redirect URI with user info", w.native, []string{"redirect_uri", "http://localhost@evil.example"}, "", page},
		{"loopback URI with another path", w.native, []string{"redirect_uri", "http://localhost:1234/other"}, "", page},
		{"loopback address for the name", w.native, []string{"redirect_uri", "http://127.0.0.1:1234"}, "", page},
		{"no response type", w.web, []string{"response_type", ""}, "", "invalid_request"},
		{"implicit", w.web, []string{"response_type", "token"}, "", "unsupported_response_type"},
		{"hybrid", w.web, []string{"response_type", "code id_token"}, "", "unsupported_response_type"},
		{"unknown response type", w.web, []string{"response_type", "banana"}, "", "unsupported_response_type"},
		{"unknown response mode", w.web, []string{"response_mode", "jwt"}, "", "invalid_request"},
		{"state twice", w.web, nil, "&state=again", "invalid_request"},
		{"scope twice", w.web, nil, "&scope=openid", "invalid_request"},
		{"state that is not UTF-8", w.web, []string{"state", "\xc3\x28"}, "", "invalid_request"},
		{"a NUL", w.web, []string{"nonce", "a\x00b"}, "", "invalid_request"},
		{"oversize value", w.web, []string{"nonce", strings.Repeat("n", 17<<10)}, "", "invalid_request"},
		{"no scope", w.web, []string{"scope", ""}, "", "invalid_request"},
		{"unknown scope", w.web, []string{"scope", "openid banana"}, "", "invalid_scope"},
		{"unknown API", w.web, []string{"scope", "openid api://nobody/read"}, "", "invalid_scope"},
		{"unknown prompt", w.web, []string{"prompt", "banana"}, "", "invalid_request"},
		{"none with another prompt", w.web, []string{"prompt", "none login"}, "", "invalid_request"},
		{"max_age of words", w.web, []string{"max_age", "soon"}, "", "invalid_request"},
		{"max_age below zero", w.web, []string{"max_age", "-1"}, "", "invalid_request"},
		{"claims that are no JSON", w.web, []string{"claims", "{"}, "", "invalid_request"},
		{"an ID token hint of nobody", w.web, []string{"id_token_hint", "a.b.c"}, "", "invalid_request"},
		{"request object", w.web, []string{"request", "x"}, "", "request_not_supported"},
		{"request object by reference", w.web, []string{"request_uri", "https://x.example"}, "", "request_uri_not_supported"},
		{"registration", w.web, []string{"registration", "{}"}, "", "registration_not_supported"},
		{"no PKCE", w.web, []string{"code_challenge", "", "code_challenge_method", ""}, "", "invalid_request"},
		{"PKCE plain", w.web, []string{"code_challenge_method", "plain"}, "", "invalid_request"},
		{"PKCE without method", w.web, []string{"code_challenge_method", ""}, "", "invalid_request"},
		{"PKCE too short", w.web, []string{"code_challenge", "abc"}, "", "invalid_request"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := w.browser()
			r := b.get(w.url("/oauth2/v2.0/authorize") + "?" + w.query(c.app, c.more...).Encode() + c.extra)
			if c.want == page {
				if r.status < 400 || r.status > 499 || r.header.Get("Location") != "" || !strings.HasPrefix(r.header.Get("Content-Type"), "text/html") {
					t.Errorf("want a page, got %d %s", r.status, r.header.Get("Location"))
				}
				if !strings.Contains(r.body, r.header.Get("X-Request-Id")) {
					t.Error("no reference on the page")
				}
				return
			}
			if r.status != 303 || !strings.HasPrefix(r.header.Get("Location"), c.app.redirect) {
				t.Fatalf("want a redirect, got %d %s %s", r.status, r.header.Get("Location"), r.body)
			}
			q := r.location().Query()
			if q.Get("error") == "" {
				q = fragment(r)
			}
			if q.Get("error") != c.want || q.Get("iss") != w.issuer || q.Get("error_description") == "" {
				t.Errorf("want %s, got %v", c.want, q)
			}
			if state := q.Get("state"); state != "the state" && !strings.Contains(c.name, "state") {
				t.Errorf("state %q", state)
			}
		})
	}
	rows, err := w.tenant.ClientMistakes(t.Context(), w.web.ClientID, time.Time{})
	if err != nil || len(rows) == 0 {
		t.Fatalf("no mistakes noted: %v", err)
	}
}

func TestImplicitErrorsComeInTheFragment(t *testing.T) {
	w := newWorld(t)
	r := w.browser().authorize(w.web, "response_type", "id_token")
	if fragment(r).Get("error") != "unsupported_response_type" {
		t.Error(r.header.Get("Location"))
	}
}

func TestResponseModes(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	if r := b.authorize(w.web, "response_mode", "fragment"); fragment(r).Get("code") == "" || r.location().RawQuery != "" {
		t.Error(r.header.Get("Location"))
	}
	r := b.authorize(w.web, "response_mode", "form_post", "client_info", "1")
	if r.status != 200 || !strings.Contains(r.body, `action="https://app.example/cb"`) || !strings.Contains(r.body, `name="code"`) ||
		!strings.Contains(r.body, `name="iss"`) || !strings.Contains(r.body, `name="state"`) || !strings.Contains(r.body, "<button") {
		t.Errorf("%d %s", r.status, r.body)
	}
	csp := r.header.Get("Content-Security-Policy")
	if !strings.Contains(csp, "form-action 'self' https://app.example") || !strings.Contains(csp, "script-src 'self' 'sha256-") || r.header.Get("Cache-Control") != "no-store" {
		t.Errorf("policy %s", csp)
	}
	r = b.authorize(w.web, "redirect_uri", "https://app.example/cb?x=1")
	if q := r.location().Query(); q.Get("x") != "1" || q.Get("code") == "" {
		t.Error(r.header.Get("Location"))
	}
}

// Loopback redirect URIs take any port (RFC 8252 §7.3).
func TestLoopbackRedirect(t *testing.T) {
	w := newWorld(t)
	for _, uri := range []string{"http://localhost", "http://localhost/", "http://localhost:53117", "http://localhost:1/"} {
		out := w.tokens(w.browser(), w.native, "redirect_uri", uri)
		if out["access_token"] == nil {
			t.Error(uri)
		}
	}
}

// Wrong token requests.
func TestTokenRefuses(t *testing.T) {
	w := newWorld(t)
	form := func(pairs ...string) url.Values {
		f := url.Values{}
		for i := 0; i+1 < len(pairs); i += 2 {
			f.Add(pairs[i], pairs[i+1])
		}
		return f
	}
	for _, c := range []struct {
		name   string
		app    registered
		form   url.Values
		status int
		want   string
	}{
		{"no grant type", w.web, form("code", "x"), 400, "invalid_request"},
		{"unknown grant type", w.web, form("grant_type", "banana"), 400, "unsupported_grant_type"},
		{"password", w.web, form("grant_type", "password", "username", "a", "password", "b"), 400, "unsupported_grant_type"},
		{"password, public client", w.spa, form("grant_type", "password", "username", "a", "password", "b"), 400, "unsupported_grant_type"},
		{"password, nobody", registered{}, form("grant_type", "password", "username", "a", "password", "b"), 400, "unsupported_grant_type"},
		{"implicit", w.web, form("grant_type", "implicit"), 400, "unsupported_grant_type"},
		{"no code", w.web, form("grant_type", "authorization_code"), 400, "invalid_request"},
		{"unknown code", w.web, form("grant_type", "authorization_code", "code", "x", "redirect_uri", w.web.redirect, "code_verifier", verifier), 400, "invalid_grant"},
		{"no refresh token", w.web, form("grant_type", "refresh_token"), 400, "invalid_request"},
		{"garbage refresh token", w.web, form("grant_type", "refresh_token", "refresh_token", "1.AAAA"), 400, "invalid_grant"},
		{"wrong secret", w.web, form("grant_type", "client_credentials", "client_id", w.web.ClientID, "client_secret", "wrong"), 401, "invalid_client"},
		{"unknown client", registered{}, form("grant_type", "client_credentials", "client_id", "x", "client_secret", "y"), 401, "invalid_client"},
		{"no client at all", registered{}, form("grant_type", "client_credentials"), 400, "invalid_request"},
		{"confidential without proof", registered{}, form("grant_type", "authorization_code", "client_id", w.web.ClientID, "code", "x"), 401, "invalid_client"},
		{"public with a secret", registered{}, form("grant_type", "authorization_code", "client_id", w.spa.ClientID, "client_secret", "x", "code", "x"), 401, "invalid_client"},
		{"service token for a public client", w.spa, form("grant_type", "client_credentials", "scope", w.base+"/.default"), 401, "invalid_client"},
		{"service token without scope", w.web, form("grant_type", "client_credentials"), 400, "invalid_request"},
		{"service token for a person's scope", w.web, form("grant_type", "client_credentials", "scope", "User.Read"), 400, "invalid_scope"},
		{"service token for an unknown API", w.web, form("grant_type", "client_credentials", "scope", "api://nobody/.default"), 400, "invalid_scope"},
		{"parameter twice", w.web, form("grant_type", "client_credentials", "grant_type", "client_credentials"), 400, "invalid_request"},
		{"not UTF-8", w.web, form("grant_type", "client_credentials", "scope", "\xff"), 400, "invalid_request"},
		{"two ways to prove", w.web, form("grant_type", "client_credentials", "client_assertion", "x", "client_assertion_type", "y", "client_secret", "z"), 400, "invalid_request"},
		{"unknown assertion type", registered{}, form("grant_type", "client_credentials", "client_id", w.web.ClientID, "client_assertion", "x", "client_assertion_type", "y"), 400, "invalid_request"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := w.tokenPost(c.app, c.form)
			wantError(t, r, c.status, c.want)
			m := r.json(t)
			for _, name := range []string{"error_description", "timestamp", "trace_id", "correlation_id"} {
				if m[name] == "" || m[name] == nil {
					t.Errorf("no %s", name)
				}
			}
			codes, _ := m["error_codes"].([]any)
			if len(codes) != 1 {
				t.Errorf("error_codes %v", m["error_codes"])
			} else if _, ok := codes[0].(float64); !ok {
				t.Errorf("error_codes are %T", codes[0])
			}
			if r.header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(r.header.Get("Content-Type"), "application/json") {
				t.Errorf("headers %v", r.header)
			}
		})
	}
	t.Run("JSON body", func(t *testing.T) {
		req, _ := http.NewRequest(http.MethodPost, w.url("/oauth2/v2.0/token"), strings.NewReader(`{"grant_type":"client_credentials"}`))
		req.Header.Set("Content-Type", "application/json")
		wantError(t, w.do(http.DefaultClient, req), 400, "invalid_request")
	})
	t.Run("parameters in the query do not count", func(t *testing.T) {
		req, _ := http.NewRequest(http.MethodPost, w.url("/oauth2/v2.0/token")+"?grant_type=client_credentials&client-request-id=x", strings.NewReader(""))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		wantError(t, w.do(http.DefaultClient, req), 400, "invalid_request")
	})
	t.Run("oversize", func(t *testing.T) {
		r := w.tokenPost(w.web, url.Values{"grant_type": {strings.Repeat("x", 70<<10)}})
		if r.status != 413 && r.status != 400 {
			t.Errorf("%d", r.status)
		}
	})
	t.Run("GET", func(t *testing.T) {
		if r := w.browser().get(w.url("/oauth2/v2.0/token")); r.status != 404 && r.status != 405 {
			t.Errorf("%d", r.status)
		}
	})
	t.Run("unknown tenant", func(t *testing.T) {
		for _, path := range []string{"/v2.0/.well-known/openid-configuration", "/discovery/v2.0/keys", "/oauth2/v2.0/authorize"} {
			if r := w.browser().get(w.base + "/nobody" + path); r.status != 404 {
				t.Errorf("%s: %d", path, r.status)
			}
		}
	})
}

// What goes wrong at the redemption of a code, and what it leaves behind.
func TestRedemption(t *testing.T) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, w *world, code string)
	}{
		{"another app's code is refused and still good for its owner", func(t *testing.T, w *world, code string) {
			f := redemption(w.second, code)
			wantError(t, w.tokenPost(w.second, f), 400, "invalid_grant")
			mustToken(t, w.tokenPost(w.web, redemption(w.web, code)))
		}},
		{"a refused client does not use it up (M23)", func(t *testing.T, w *world, code string) {
			f := redemption(w.web, code)
			f.Set("client_id", w.web.ClientID)
			f.Set("client_secret", "wrong")
			wantError(t, w.tokenPost(w.web, f), 401, "invalid_client")
			mustToken(t, w.tokenPost(w.web, redemption(w.web, code)))
		}},
		{"wrong verifier", func(t *testing.T, w *world, code string) {
			f := redemption(w.web, code)
			f.Set("code_verifier", strings.Repeat("x", 43))
			wantError(t, w.tokenPost(w.web, f), 400, "invalid_grant")
		}},
		{"no verifier", func(t *testing.T, w *world, code string) {
			f := redemption(w.web, code)
			f.Del("code_verifier")
			wantError(t, w.tokenPost(w.web, f), 400, "invalid_grant")
		}},
		{"another redirect URI", func(t *testing.T, w *world, code string) {
			f := redemption(w.web, code)
			f.Set("redirect_uri", "https://app.example/cb?x=1")
			wantError(t, w.tokenPost(w.web, f), 400, "invalid_grant")
			rows, _ := w.tenant.ClientMistakes(t.Context(), w.web.ClientID, time.Time{})
			rows = slices.DeleteFunc(rows, func(r models.ClientDiagnosticRow) bool { return r.Kind != string(models.MistakeTokenRedirectURI) })
			if len(rows) != 1 || rows[0].Given != "https://app.example/cb?x=1" || rows[0].Expected != w.web.redirect {
				t.Errorf("the portal reads %v", rows)
			}
		}},
		{"after a minute", func(t *testing.T, w *world, code string) {
			w.clock.Advance(61 * time.Second)
			wantError(t, w.tokenPost(w.web, redemption(w.web, code)), 400, "invalid_grant")
		}},
		{"a twin within two seconds leaves the winner alone", func(t *testing.T, w *world, code string) {
			out := mustToken(t, w.tokenPost(w.web, redemption(w.web, code)))
			w.clock.Advance(2 * time.Second)
			wantError(t, w.tokenPost(w.web, redemption(w.web, code)), 400, "invalid_grant")
			if r := w.userinfo(text(out["access_token"])); r.status != 200 {
				t.Errorf("%d %s", r.status, r.body)
			}
		}},
		{"a replay after that kills the family", func(t *testing.T, w *world, code string) {
			out := mustToken(t, w.tokenPost(w.web, redemption(w.web, code)))
			w.clock.Advance(3 * time.Second)
			wantError(t, w.tokenPost(w.web, redemption(w.web, code)), 400, "invalid_grant")
			if r := w.userinfo(text(out["access_token"])); r.status != 401 {
				t.Errorf("userinfo %d", r.status)
			}
			wantError(t, w.refresh(w.web, text(out["refresh_token"])), 400, "invalid_grant")
		}},
		{"a replay by another app kills the family at once", func(t *testing.T, w *world, code string) {
			out := mustToken(t, w.tokenPost(w.web, redemption(w.web, code)))
			wantError(t, w.tokenPost(w.second, redemption(w.second, code)), 400, "invalid_grant")
			wantError(t, w.refresh(w.web, text(out["refresh_token"])), 400, "invalid_grant")
		}},
		{"scopes named first at the token endpoint (M9)", func(t *testing.T, w *world, code string) {
			f := redemption(w.web, w.browser().code(w.web, "scope", "User.Read"))
			f.Set("scope", "User.Read openid profile offline_access")
			out := mustToken(t, w.tokenPost(w.web, f))
			if out["refresh_token"] == nil || out["id_token"] == nil || out["scope"] != "User.Read openid profile offline_access" {
				t.Errorf("answer %v", out)
			}
			if c := claims(t, out["access_token"]); c["aud"] != w.base || !strings.Contains(text(c["scp"]), "User.Read") {
				t.Errorf("access token %v", c)
			}
		}},
		{"a scope that was never granted", func(t *testing.T, w *world, code string) {
			f := redemption(w.web, code)
			f.Set("scope", "openid User.Read")
			wantError(t, w.tokenPost(w.web, f), 400, "invalid_scope")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			c.run(t, w, w.browser().code(w.web, "scope", "openid offline_access"))
		})
	}
}

func mustToken(t testing.TB, r response) map[string]any {
	t.Helper()
	if r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	return r.json(t)
}

// The life of a refresh token.
func TestRefresh(t *testing.T) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, w *world)
	}{
		{"the same token again within ten seconds gives the same successor", func(t *testing.T, w *world) {
			first := text(w.tokens(w.browser(), w.web, "scope", "openid offline_access")["refresh_token"])
			a := mustToken(t, w.refresh(w.web, first))
			w.clock.Advance(10 * time.Second)
			b := mustToken(t, w.refresh(w.web, first))
			if a["refresh_token"] != b["refresh_token"] {
				t.Error("two successors")
			}
			mustToken(t, w.refresh(w.web, text(a["refresh_token"])))
		}},
		{"later reuse kills the family", func(t *testing.T, w *world) {
			first := text(w.tokens(w.browser(), w.web, "scope", "openid offline_access")["refresh_token"])
			a := mustToken(t, w.refresh(w.web, first))
			w.clock.Advance(11 * time.Second)
			r := w.refresh(w.web, first)
			wantError(t, r, 400, "invalid_grant")
			if r.json(t)["suberror"] != "bad_token" {
				t.Errorf("%s", r.body)
			}
			wantError(t, w.refresh(w.web, text(a["refresh_token"])), 400, "invalid_grant")
			if w.userinfo(text(a["access_token"])).status != 401 {
				t.Error("the access token of a killed family still works")
			}
		}},
		{"a grandparent kills the family even at once", func(t *testing.T, w *world) {
			first := text(w.tokens(w.browser(), w.web, "scope", "openid offline_access")["refresh_token"])
			a := mustToken(t, w.refresh(w.web, first))
			b := mustToken(t, w.refresh(w.web, text(a["refresh_token"])))
			wantError(t, w.refresh(w.web, first), 400, "invalid_grant")
			wantError(t, w.refresh(w.web, text(b["refresh_token"])), 400, "invalid_grant")
		}},
		{"a guessed token kills nothing", func(t *testing.T, w *world) {
			first := text(w.tokens(w.browser(), w.web, "scope", "openid offline_access")["refresh_token"])
			guess := first[:len(first)-60] + strings.Repeat("A", 60)
			wantError(t, w.refresh(w.web, guess), 400, "invalid_grant")
			mustToken(t, w.refresh(w.web, first))
		}},
		{"narrower scopes keep the grant", func(t *testing.T, w *world) {
			first := text(w.tokens(w.browser(), w.web, "scope", "openid profile email offline_access User.Read")["refresh_token"])
			a := mustToken(t, w.refresh(w.web, first, "scope", "openid email"))
			if a["scope"] != "openid email" || strings.Contains(text(claims(t, a["access_token"])["scp"]), "profile") {
				t.Errorf("answer %v", a["scope"])
			}
			b := mustToken(t, w.refresh(w.web, text(a["refresh_token"])))
			if b["scope"] != "openid profile email offline_access User.Read" {
				t.Errorf("the grant lost scopes: %v", b["scope"])
			}
		}},
		{"wider scopes are refused", func(t *testing.T, w *world) {
			first := text(w.tokens(w.browser(), w.web, "scope", "openid offline_access")["refresh_token"])
			wantError(t, w.refresh(w.web, first, "scope", "openid User.Read"), 400, "invalid_scope")
			mustToken(t, w.refresh(w.web, first))
		}},
		{"words are echoed as sent (M13)", func(t *testing.T, w *world) {
			out := w.tokens(w.browser(), w.web, "scope", "openid USER.READ")
			if out["scope"] != "openid USER.READ" || !strings.Contains(text(claims(t, out["access_token"])["scp"]), "User.Read") {
				t.Errorf("%v %v", out["scope"], claims(t, out["access_token"])["scp"])
			}
		}},
		{"90 days unused", func(t *testing.T, w *world) {
			first := text(w.tokens(w.browser(), w.web, "scope", "openid offline_access")["refresh_token"])
			w.clock.Advance(89 * 24 * time.Hour)
			a := mustToken(t, w.refresh(w.web, first))
			w.clock.Advance(89 * 24 * time.Hour)
			b := mustToken(t, w.refresh(w.web, text(a["refresh_token"])))
			w.clock.Advance(91 * 24 * time.Hour)
			wantError(t, w.refresh(w.web, text(b["refresh_token"])), 400, "invalid_grant")
		}},
		{"a SPA's day is not extended by rotation (S2, S3)", func(t *testing.T, w *world) {
			out := w.tokens(w.browser(), w.spa, "scope", "openid offline_access")
			if out["refresh_token_expires_in"] != float64(24*3600) {
				t.Errorf("%v", out["refresh_token_expires_in"])
			}
			w.clock.Advance(23 * time.Hour)
			a := mustToken(t, w.refresh(w.spa, text(out["refresh_token"])))
			if a["refresh_token_expires_in"] != float64(3600) {
				t.Errorf("%v", a["refresh_token_expires_in"])
			}
			w.clock.Advance(61 * time.Minute)
			r := w.refresh(w.spa, text(a["refresh_token"]))
			wantError(t, r, 400, "invalid_grant")
			if _, there := r.json(t)["suberror"]; there {
				t.Errorf("a suberror keeps MSAL from its hidden frame: %s", r.body)
			}
		}},
		{"another client", func(t *testing.T, w *world) {
			first := text(w.tokens(w.browser(), w.web, "scope", "openid offline_access")["refresh_token"])
			wantError(t, w.refresh(w.second, first), 400, "invalid_grant")
			mustToken(t, w.refresh(w.web, first))
		}},
		{"a confidential client without its secret", func(t *testing.T, w *world) {
			first := text(w.tokens(w.browser(), w.web, "scope", "openid offline_access")["refresh_token"])
			r := w.tokenPost(registered{}, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first}, "client_id": {w.web.ClientID}})
			wantError(t, r, 401, "invalid_client")
			mustToken(t, w.refresh(w.web, first))
		}},
		{"each refresh is in the log", func(t *testing.T, w *world) {
			first := text(w.tokens(w.browser(), w.web, "scope", "openid offline_access")["refresh_token"])
			mustToken(t, w.refresh(w.web, first))
			page, err := w.tenant.SignIns(t.Context(), models.SignInQuery{UserID: w.user.ID})
			if err != nil || len(page.Items) != 1 || page.Items[0].Protocol != "refresh" || page.Items[0].App.ID != w.web.ClientID {
				t.Errorf("%v %v", page, err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, newWorld(t)) })
	}
}
