package openid_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"portico/models"
	"portico/models/modelstest"
)

// module is one test module of a public OpenID conformance plan, under its own name.
type module struct {
	name string
	run  func(t *testing.T, w *world)
}

// runModules runs each module twice: with a person who is signed in at once, and over the real sign-in
// machine and its pages, whose forms the browser fills by their autocomplete tokens.
func runModules(t *testing.T, modules []module) {
	for _, m := range modules {
		t.Run(m.name, func(t *testing.T) { m.run(t, newWorld(t)) })
	}
	t.Run("real pages", func(t *testing.T) {
		if testing.Short() {
			t.Skip("the real pages are left out by -short")
		}
		for _, m := range modules {
			t.Run(m.name, func(t *testing.T) { m.run(t, newRealWorld(t)) })
		}
	})
}

// verified checks an ID token as a careful client would, with an independent library.
func verified(t *testing.T, w *world, a registered, raw any, nonce string) *oidc.IDToken {
	t.Helper()
	p, err := oidc.NewProvider(t.Context(), w.issuer)
	if err != nil {
		t.Fatal(err)
	}
	id, err := p.Verifier(&oidc.Config{ClientID: a.ClientID, Now: w.clock.Now}).Verify(t.Context(), text(raw))
	if err != nil {
		t.Fatal(err)
	}
	if id.Nonce != nonce {
		t.Errorf("nonce %q, want %q", id.Nonce, nonce)
	}
	return id
}

// The plan "oidcc-basic-certification-test-plan", in its order.
func TestConformanceBasic(t *testing.T) {
	scope := func(scopes string, want map[string]bool) func(*testing.T, *world) {
		return func(t *testing.T, w *world) {
			w.fillProfile()
			out := w.tokens(w.browser(), w.web, "scope", scopes)
			info := w.userinfo(text(out["access_token"])).json(t)
			for claim, due := range want {
				if _, got := info[claim]; got != due {
					t.Errorf("userinfo has %s: %v, want %v (%v)", claim, got, due, info)
				}
			}
			verified(t, w, w.web, out["id_token"], "the nonce")
		}
	}
	profile := func(due bool, m map[string]bool) map[string]bool {
		for _, c := range []string{"name", "given_name", "family_name", "preferred_username", "locale", "updated_at"} {
			m[c] = due
		}
		return m
	}
	succeeds := func(more ...string) func(*testing.T, *world) {
		return func(t *testing.T, w *world) {
			out := w.tokens(w.browser(), w.web, more...)
			verified(t, w, w.web, out["id_token"], "the nonce")
		}
	}
	runModules(t, []module{
		{"oidcc-server", func(t *testing.T, w *world) {
			b := w.browser()
			r := b.authorize(w.web, "scope", "openid profile")
			q := r.location().Query()
			if q.Get("state") != "the state" || q.Get("iss") != w.issuer || !strings.HasPrefix(r.header.Get("Location"), w.web.redirect+"?code=") {
				t.Fatalf("answer: %s", r.header.Get("Location"))
			}
			tok := w.tokenPost(w.web, redemption(w.web, q.Get("code")))
			if tok.status != 200 || tok.header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(tok.header.Get("Content-Type"), "application/json") {
				t.Fatalf("token: %d %v", tok.status, tok.header)
			}
			out := tok.json(t)
			id := verified(t, w, w.web, out["id_token"], "the nonce")
			if out["token_type"] != "Bearer" || out["expires_in"] != float64(3600) {
				t.Errorf("answer %v", out)
			}
			if err := id.VerifyAccessToken(text(out["access_token"])); err != nil {
				t.Error(err)
			}
			c := claims(t, out["id_token"])
			for _, name := range []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "oid", "tid", "ver", "preferred_username", "sid", "login_hint"} {
				if c[name] == nil {
					t.Errorf("no %s in %v", name, c)
				}
			}
			if c["aud"] != w.web.ClientID || c["ver"] != "2.0" || c["oid"] != w.user.ID || c["tid"] != w.tenant.ID || len(text(c["sub"])) > 255 {
				t.Errorf("claims %v", c)
			}
			if info := w.userinfo(text(out["access_token"])).json(t); info["sub"] != id.Subject {
				t.Errorf("userinfo is of %v, the ID token of %v", info["sub"], id.Subject)
			}
		}},
		{"oidcc-response-type-missing", func(t *testing.T, w *world) {
			q := w.browser().authorize(w.web, "response_type", "").location().Query()
			if q.Get("error") != "invalid_request" || q.Get("state") != "the state" || q.Get("iss") != w.issuer {
				t.Errorf("answer %v", q)
			}
		}},
		{"oidcc-idtoken-signature", func(t *testing.T, w *world) {
			for _, c := range []struct {
				app registered
				alg string
			}{{w.web, "ES256"}, {w.second, "RS256"}} {
				out := w.tokens(w.browser(), c.app)
				if h := header(t, out["id_token"]); h["alg"] != c.alg || h["kid"] == nil {
					t.Errorf("header %v", h)
				}
				verified(t, w, c.app, out["id_token"], "the nonce")
			}
		}},
		{"oidcc-idtoken-unsigned", func(t *testing.T, w *world) {
			doc := w.browser().get(w.issuer + "/.well-known/openid-configuration").json(t)
			if strings.Contains(text(doc["id_token_signing_alg_values_supported"]), "none") {
				t.Error("none is offered")
			}
		}},
		{"oidcc-userinfo-get", func(t *testing.T, w *world) {
			out := w.tokens(w.browser(), w.web)
			r := w.userinfo(text(out["access_token"]))
			if r.status != 200 || !strings.HasPrefix(r.header.Get("Content-Type"), "application/json") || r.json(t)["sub"] != claims(t, out["id_token"])["sub"] {
				t.Errorf("%d %s", r.status, r.body)
			}
		}},
		{"oidcc-userinfo-post-header", func(t *testing.T, w *world) {
			out := w.tokens(w.browser(), w.web)
			req, _ := http.NewRequest(http.MethodPost, w.url("/openid/userinfo"), nil)
			req.Header.Set("Authorization", "Bearer "+text(out["access_token"]))
			if r := w.do(http.DefaultClient, req); r.status != 200 || r.json(t)["sub"] == nil {
				t.Errorf("%d %s", r.status, r.body)
			}
		}},
		{"oidcc-userinfo-post-body", func(t *testing.T, w *world) {
			out := w.tokens(w.browser(), w.web)
			r := w.browser().post(w.url("/openid/userinfo"), url.Values{"access_token": {text(out["access_token"])}})
			if r.status != 200 || r.json(t)["sub"] == nil {
				t.Errorf("%d %s", r.status, r.body)
			}
		}},
		{"oidcc-ensure-request-without-nonce-succeeds-for-code-flow", func(t *testing.T, w *world) {
			out := w.tokens(w.browser(), w.web, "nonce", "")
			verified(t, w, w.web, out["id_token"], "")
			if _, there := claims(t, out["id_token"])["nonce"]; there {
				t.Error("a nonce that nobody sent")
			}
		}},
		{"oidcc-scope-profile", scope("openid profile", profile(true, map[string]bool{"email": false, "address": false, "phone_number": false}))},
		{"oidcc-scope-email", scope("openid email", profile(false, map[string]bool{"email": true, "email_verified": true, "address": false}))},
		{"oidcc-scope-address", scope("openid address", profile(false, map[string]bool{"email": false, "address": true}))},
		{"oidcc-scope-phone", scope("openid phone", profile(false, map[string]bool{"phone_number": true, "phone_number_verified": true}))},
		{"oidcc-scope-all", scope("openid profile email address phone", profile(true, map[string]bool{"email": true, "address": true, "phone_number": true}))},
		{"oidcc-ensure-other-scope-order-succeeds", scope("email openid", map[string]bool{"email": true})},
		{"oidcc-display-page", succeeds("display", "page")},
		{"oidcc-display-popup", succeeds("display", "popup")},
		{"oidcc-prompt-login", func(t *testing.T, w *world) {
			b := w.browser()
			first := claims(t, w.tokens(b, w.web)["id_token"])
			w.clock.Advance(5 * time.Second)
			second := claims(t, w.tokens(b, w.web, "prompt", "login")["id_token"])
			if second["auth_time"].(float64) <= first["auth_time"].(float64) || second["sub"] != first["sub"] {
				t.Errorf("auth_time %v after %v", second["auth_time"], first["auth_time"])
			}
		}},
		{"oidcc-prompt-none-not-logged-in", func(t *testing.T, w *world) {
			q := w.browser().authorize(w.web, "prompt", "none").location().Query()
			if q.Get("error") != "login_required" || q.Get("state") != "the state" || q.Get("iss") != w.issuer {
				t.Errorf("answer %v", q)
			}
		}},
		{"oidcc-prompt-none-logged-in", func(t *testing.T, w *world) {
			b := w.browser()
			first := claims(t, w.tokens(b, w.web)["id_token"])
			w.clock.Advance(5 * time.Second)
			second := claims(t, w.tokens(b, w.web, "prompt", "none")["id_token"])
			if first["auth_time"] != second["auth_time"] || first["sub"] != second["sub"] || first["sid"] != second["sid"] {
				t.Errorf("first %v second %v", first, second)
			}
		}},
		{"oidcc-max-age-1", func(t *testing.T, w *world) {
			b := w.browser()
			first := claims(t, w.tokens(b, w.web)["id_token"])
			w.clock.Advance(2 * time.Second)
			second := claims(t, w.tokens(b, w.web, "max_age", "1")["id_token"])
			if second["auth_time"].(float64) <= first["auth_time"].(float64) {
				t.Error("max_age=1 did not ask again")
			}
		}},
		{"oidcc-max-age-10000", func(t *testing.T, w *world) {
			b := w.browser()
			first := claims(t, w.tokens(b, w.web)["id_token"])
			w.clock.Advance(2 * time.Second)
			if second := claims(t, w.tokens(b, w.web, "max_age", "10000")["id_token"]); second["auth_time"] != first["auth_time"] {
				t.Error("max_age=10000 asked again")
			}
		}},
		{"oidcc-ensure-request-with-unknown-parameter-succeeds", succeeds("extra", "foobar")},
		{"oidcc-id-token-hint", func(t *testing.T, w *world) {
			b := w.browser()
			first := w.tokens(b, w.web)
			second := w.tokens(b, w.web, "prompt", "none", "id_token_hint", text(first["id_token"]))
			if claims(t, first["id_token"])["sub"] != claims(t, second["id_token"])["sub"] || !w.real && w.starter.last.SubHint != w.user.ID {
				t.Error("the hint was not followed")
			}
		}},
		{"oidcc-login-hint", succeeds("login_hint", "buffy@idp.example.com")},
		{"oidcc-ui-locales", succeeds("ui_locales", "se")},
		{"oidcc-claims-locales", succeeds("claims_locales", "se")},
		{"oidcc-ensure-request-with-acr-values-succeeds", succeeds("acr_values", "1 2")},
		{"oidcc-codereuse", func(t *testing.T, w *world) {
			code := w.browser().code(w.web)
			if r := w.tokenPost(w.web, redemption(w.web, code)); r.status != 200 {
				t.Fatal(r.body)
			}
			wantError(t, w.tokenPost(w.web, redemption(w.web, code)), 400, "invalid_grant")
		}},
		{"oidcc-codereuse-30seconds", func(t *testing.T, w *world) {
			code := w.browser().code(w.web)
			out := w.tokenPost(w.web, redemption(w.web, code)).json(t)
			w.clock.Advance(30 * time.Second)
			wantError(t, w.tokenPost(w.web, redemption(w.web, code)), 400, "invalid_grant")
			if r := w.userinfo(text(out["access_token"])); r.status != 401 {
				t.Errorf("the access token of a replayed code still works: %d", r.status)
			}
		}},
		{"oidcc-ensure-registered-redirect-uri", func(t *testing.T, w *world) {
			r := w.browser().authorize(w.web, "redirect_uri", "https://evil.example/cb")
			if r.status != 400 || r.header.Get("Location") != "" || !strings.HasPrefix(r.header.Get("Content-Type"), "text/html") {
				t.Errorf("%d %s %s", r.status, r.header.Get("Location"), r.body)
			}
			if !strings.Contains(r.body, r.header.Get("X-Request-Id")) {
				t.Error("the page shows no reference number")
			}
		}},
		{"oidcc-ensure-post-request-succeeds", func(t *testing.T, w *world) {
			b := w.browser()
			r := b.signIn(b.post(w.url("/oauth2/v2.0/authorize"), w.query(w.web)))
			code := r.location().Query().Get("code")
			if code == "" {
				t.Fatalf("%d %s %s", r.status, r.header.Get("Location"), r.body)
			}
			verified(t, w, w.web, w.tokenPost(w.web, redemption(w.web, code)).json(t)["id_token"], "the nonce")
		}},
		{"oidcc-server-client-secret-post", func(t *testing.T, w *world) {
			f := redemption(w.web, w.browser().code(w.web))
			f.Set("client_id", w.web.ClientID)
			f.Set("client_secret", w.web.secret)
			r := w.tokenPost(w.web, f)
			if r.status != 200 {
				t.Fatal(r.body)
			}
			verified(t, w, w.web, r.json(t)["id_token"], "the nonce")
		}},
		{"oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported", func(t *testing.T, w *world) {
			q := w.browser().authorize(w.web, "request_uri", "https://app.example/request.jwt").location().Query()
			if q.Get("error") != "request_uri_not_supported" || q.Get("state") != "the state" {
				t.Errorf("answer %v", q)
			}
		}},
		{"oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported", func(t *testing.T, w *world) {
			q := w.browser().authorize(w.web, "request", "eyJhbGciOiJub25lIn0.e30.").location().Query()
			if q.Get("error") != "request_not_supported" || q.Get("state") != "the state" {
				t.Errorf("answer %v", q)
			}
		}},
		{"oidcc-claims-essential", func(t *testing.T, w *world) {
			w.fillProfile()
			out := w.tokens(w.browser(), w.web, "claims", `{"userinfo":{"name":{"essential":true}},"id_token":{"family_name":{"essential":true},"unknown":null}}`)
			if info := w.userinfo(text(out["access_token"])).json(t); info["name"] != "Anna Berg" {
				t.Errorf("userinfo %v", info)
			}
			if c := claims(t, out["id_token"]); c["family_name"] != "Berg" {
				t.Errorf("id token %v", c)
			}
		}},
		{"oidcc-ensure-request-object-with-redirect-uri", func(t *testing.T, w *world) {
			r := w.browser().authorize(w.web, "request", "eyJhbGciOiJub25lIn0.e30.", "redirect_uri", "https://app.example/cbinvalid")
			if r.status != 400 || r.header.Get("Location") != "" {
				t.Errorf("%d %s", r.status, r.header.Get("Location"))
			}
		}},
		{"oidcc-refresh-token", func(t *testing.T, w *world) {
			first := w.tokens(w.browser(), w.web, "scope", "openid offline_access", "prompt", "consent")
			w.clock.Advance(time.Minute)
			r := w.refresh(w.web, text(first["refresh_token"]))
			if r.status != 200 {
				t.Fatal(r.body)
			}
			second := r.json(t)
			a, b := claims(t, first["id_token"]), claims(t, second["id_token"])
			for _, same := range []string{"iss", "sub", "aud", "auth_time", "azp"} {
				if a[same] != b[same] {
					t.Errorf("%s: %v then %v", same, a[same], b[same])
				}
			}
			if b["nonce"] != nil || b["iat"].(float64) <= a["iat"].(float64) || second["access_token"] == first["access_token"] {
				t.Errorf("second ID token %v", b)
			}
			if w.userinfo(text(second["access_token"])).status != 200 {
				t.Error("the new access token does not work")
			}
			wantError(t, w.refresh(w.second, text(second["refresh_token"])), 400, "invalid_grant")
			if r := w.refresh(w.web, text(second["refresh_token"])); r.status != 200 {
				t.Errorf("another client's try killed the family: %s", r.body)
			}
		}},
		{"oidcc-ensure-request-with-valid-pkce-succeeds", succeeds()},
	})
}

// The plan "oidcc-config-certification-test-plan".
func TestConformanceConfig(t *testing.T) {
	runModules(t, []module{{"oidcc-discovery-endpoint-verification", func(t *testing.T, w *world) {
		for _, spelled := range []string{w.tenant.ID, w.slug, strings.ToUpper(w.tenant.ID), strings.ToUpper(w.slug)} {
			for _, path := range []string{"/v2.0/.well-known/openid-configuration", "/.well-known/openid-configuration"} {
				r := w.browser().get(w.base + "/" + spelled + path)
				if r.status != 200 || r.header.Get("Content-Type") != "application/json" || r.header.Get("Access-Control-Allow-Origin") != "*" {
					t.Fatalf("%s%s: %d %v", spelled, path, r.status, r.header)
				}
				doc := r.json(t)
				if doc["issuer"] != w.issuer {
					t.Errorf("issuer %v", doc["issuer"])
				}
				for name, v := range doc {
					if s, ok := v.(string); ok && !strings.HasPrefix(s, w.base+"/"+w.tenant.ID+"/") {
						t.Errorf("%s is %s", name, s)
					}
				}
				for name, want := range map[string]string{"response_types_supported": "[code]", "subject_types_supported": "[pairwise]",
					"code_challenge_methods_supported": "[S256]", "claims_parameter_supported": "true", "request_parameter_supported": "false",
					"request_uri_parameter_supported": "false", "grant_types_supported": "[authorization_code refresh_token client_credentials]",
					"response_modes_supported": "[query fragment form_post]", "authorization_response_iss_parameter_supported": "true"} {
					if text(doc[name]) != want {
						t.Errorf("%s is %v, want %s", name, doc[name], want)
					}
				}
				for name, want := range map[string]string{"id_token_signing_alg_values_supported": "RS256", "scopes_supported": "openid", "claims_supported": "sub"} {
					if !strings.Contains(text(doc[name]), want) {
						t.Errorf("%s lacks %s", name, want)
					}
				}
				var set struct{ Keys []map[string]any }
				if err := json.Unmarshal([]byte(w.browser().get(text(doc["jwks_uri"])).body), &set); err != nil || len(set.Keys) == 0 {
					t.Fatalf("keys: %v %v", set, err)
				}
				for _, k := range set.Keys {
					if k["d"] != nil || k["k"] != nil || k["kid"] == nil || k["alg"] == nil || k["use"] != "sig" {
						t.Errorf("key %v", k)
					}
				}
			}
		}
	}}})
}

// fillProfile gives the person every standard claim.
func (w *world) fillProfile() {
	w.t.Helper()
	_, err := w.tenant.UpdateUser(w.t.Context(), modelstest.Actor(), w.user.ID, func(u *models.User) error {
		u.DisplayName, u.GivenName, u.Surname, u.PreferredLanguage = "Anna Berg", "Anna", "Berg", "sv-SE"
		u.StreetAddress, u.City, u.PostalCode, u.Country, u.MobilePhone = "Storgatan 1", "Lund", "22100", "SE", "+46 70 1234567"
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}
