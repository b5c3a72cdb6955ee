package openid_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"portico/app/fault"
	"portico/app/openid"
	"portico/app/policy"
	"portico/app/record"
	"portico/models"
	"portico/models/modelstest"
)

// client_info, which every MSAL keys its cache by.
func TestClientInfo(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	r := b.authorize(w.web, "client_info", "1")
	q := r.location().Query()
	out := mustToken(t, w.tokenPost(w.web, redemption(w.web, q.Get("code"))))
	for _, raw := range []string{q.Get("client_info"), text(out["client_info"])} {
		dec, err := base64.RawURLEncoding.DecodeString(raw)
		if err != nil {
			t.Fatal(err)
		}
		var v map[string]string
		if err := json.Unmarshal(dec, &v); err != nil || v["uid"] != w.user.ID || v["utid"] != w.tenant.ID {
			t.Errorf("%s %v", dec, err)
		}
	}
	if out := w.tokens(b, w.web); out["client_info"] != nil {
		t.Error("nobody asked for client_info")
	}
}

// Cross-origin rules for single-page apps.
func TestCORS(t *testing.T) {
	w := newWorld(t)
	local := w.register("Local", "spa", openid.SPA, "http://localhost/redirect", nil)
	do := func(method, path, origin string, form url.Values, headers ...string) response {
		req, _ := http.NewRequest(method, w.url(path), strings.NewReader(form.Encode()))
		if form != nil {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		req.Header.Set("Origin", origin)
		req.Header.Set("Sec-Fetch-Site", "cross-site")
		for i := 0; i+1 < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		return w.do(http.DefaultClient, req)
	}
	const spa = "https://spa.example"
	f := redemption(w.spa, w.browser().code(w.spa))
	f.Set("client_id", w.spa.ClientID)
	r := do(http.MethodPost, "/oauth2/v2.0/token", spa, f)
	if r.status != 200 || r.header.Get("Access-Control-Allow-Origin") != spa || !strings.Contains(r.header.Get("Vary"), "Origin") ||
		r.header.Get("Access-Control-Allow-Credentials") != "" || !strings.Contains(r.header.Get("Access-Control-Expose-Headers"), "x-ms-request-id") {
		t.Errorf("%d %v", r.status, r.header)
	}
	r = do(http.MethodPost, "/oauth2/v2.0/token", spa, f)
	if r.status != 400 || r.header.Get("Access-Control-Allow-Origin") != spa {
		t.Errorf("errors need it too: %d %v", r.status, r.header)
	}
	if r = do(http.MethodPost, "/oauth2/v2.0/token", "https://evil.example", f); r.header.Get("Access-Control-Allow-Origin") != "" || !strings.Contains(r.header.Get("Vary"), "Origin") {
		t.Errorf("a stranger: %v", r.header)
	}
	if r = do(http.MethodPost, "/oauth2/v2.0/token", "https://app.example", f); r.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("a web app's origin: %v", r.header)
	}
	if r = do(http.MethodPost, "/oauth2/v2.0/token", "http://localhost:5173", url.Values{"client_id": {local.ClientID}}); r.header.Get("Access-Control-Allow-Origin") != "http://localhost:5173" {
		t.Errorf("a developer's origin: %v", r.header)
	}
	r = do(http.MethodOptions, "/oauth2/v2.0/token", spa, nil, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "x-client-sku,client-request-id")
	if r.status != 204 || r.header.Get("Access-Control-Allow-Origin") != spa || r.header.Get("Access-Control-Allow-Headers") != "x-client-sku,client-request-id" ||
		!strings.Contains(r.header.Get("Access-Control-Allow-Methods"), "POST") {
		t.Errorf("preflight: %d %v", r.status, r.header)
	}
	for _, path := range []string{"/v2.0/.well-known/openid-configuration", "/discovery/v2.0/keys"} {
		if r = do(http.MethodGet, path, "https://anybody.example", nil); r.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: %v", path, r.header)
		}
	}
}

func TestPublicDocumentsAreCached(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/v2.0/.well-known/openid-configuration", "/discovery/v2.0/keys"} {
		r := w.browser().get(w.url(path))
		if !strings.Contains(r.header.Get("Cache-Control"), "max-age=") || r.header.Get("ETag") == "" {
			t.Fatalf("%s: %v", path, r.header)
		}
		req, _ := http.NewRequest(http.MethodGet, w.url(path), nil)
		req.Header.Set("If-None-Match", r.header.Get("ETag"))
		if again := w.do(http.DefaultClient, req); again.status != 304 || again.body != "" {
			t.Errorf("%s: %d", path, again.status)
		}
		head, _ := http.NewRequest(http.MethodHead, w.url(path), nil)
		if r := w.do(http.DefaultClient, head); r.status != 200 || r.body != "" || r.header.Get("ETag") == "" {
			t.Errorf("HEAD %s: %d", path, r.status)
		}
	}
}

// Keys: published before they sign, signing before the former retires, retired when its last token is over.
func TestKeyRotation(t *testing.T) {
	w := newWorld(t)
	kids := func() []string {
		var set struct{ Keys []struct{ Kid string } }
		if err := jsonInto(w.browser().get(w.url("/discovery/v2.0/keys")).body, &set); err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, k := range set.Keys {
			out = append(out, k.Kid)
		}
		return out
	}
	signs := func() string { return text(header(t, w.tokens(w.browser(), w.web)["id_token"])["kid"]) }
	first := signs()
	hint := text(w.tokens(w.browser(), w.web)["id_token"])
	if err := w.provider.RotateKeys(t.Context(), modelstest.Actor(), w.tenant.ID, false); err != nil {
		t.Fatal(err)
	}
	if err := w.provider.RotateKeys(t.Context(), modelstest.Actor(), w.tenant.ID, false); err != nil {
		t.Fatal(err) // while one is under way nothing more happens
	}
	w.clock.Advance(2 * time.Second)
	if k := kids(); len(k) != 2 || signs() != first {
		t.Fatalf("published %v, signing %s", k, signs())
	}
	w.clock.Advance(24 * time.Hour)
	second := signs()
	if second == first || len(kids()) != 2 {
		t.Fatalf("published %v, signing %s", kids(), second)
	}
	w.clock.Advance(26 * time.Hour)
	if k := kids(); len(k) != 1 || k[0] != second {
		t.Errorf("published %v", k)
	}
	if r := w.browser().signOut("id_token_hint", hint); r.status != 200 {
		t.Errorf("a hint signed by a retired key: %d %s", r.status, r.body)
	}
	out := w.tokens(w.browser(), w.web, "scope", "openid offline_access User.Read")
	access, young := text(out["access_token"]), text(out["id_token"])
	doors := func(want bool) {
		t.Helper()
		if r := w.userinfo(access); (r.status == 200) != want {
			t.Errorf("userinfo: %d", r.status)
		}
		if r := w.clientPost("/oauth2/v2.0/introspect", w.web, url.Values{"token": {access}}); r.json(t)["active"] != want {
			t.Errorf("introspection: %s", r.body)
		}
		realm, err := w.handler.RealmOf(t.Context(), w.tenant.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, bad := w.provider.Check(t.Context(), realm, access); (bad == nil) != want {
			t.Errorf("management API: %v", bad)
		}
		for name, h := range map[string]string{"retired in its time": hint, "signing last": young} {
			if r := w.browser().signOut("id_token_hint", h); (r.status == 200) != want {
				t.Errorf("sign-out with a hint, key %s: %d", name, r.status)
			}
			if r := w.browser().authorize(w.web, "id_token_hint", h); (r.location().Query().Get("code") != "") != want {
				t.Errorf("authorize with a hint, key %s: %s", name, r.location())
			}
		}
	}
	doors(true)
	if err := w.provider.RotateKeys(t.Context(), modelstest.Actor(), w.tenant.ID, true); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(2 * time.Second)
	doors(false) // others may know the keys
	mustToken(t, w.refresh(w.web, text(out["refresh_token"])))
	if k := kids(); len(k) != 1 || k[0] == second {
		t.Errorf("after an immediate rotation: %v", k)
	}
	w.clock.Advance(60 * 24 * time.Hour)
	if err := w.provider.MaintainKeys(t.Context(), w.tenant.ID, 30*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(2 * time.Second)
	if k := kids(); len(k) != 2 {
		t.Errorf("the job published nothing: %v", k)
	}
}

// What one tenant gave is worth nothing in another, whatever the spelling of its address.
func TestTenantsAreApart(t *testing.T) {
	w := newWorld(t)
	other := modelstest.MustTenant(t, w.store, "")
	out := w.tokens(w.browser(), w.web, "scope", "openid offline_access")
	code := w.browser().code(w.web)
	at := func(path string) string { return w.base + "/" + other.ID + path }
	get := func(path, token string) response {
		req, _ := http.NewRequest(http.MethodGet, at(path), nil)
		req.Header.Set("Authorization", "Bearer "+token)
		return w.do(http.DefaultClient, req)
	}
	if r := get("/openid/userinfo", text(out["access_token"])); r.status != 401 {
		t.Errorf("userinfo: %d %s", r.status, r.body)
	}
	b := w.browser()
	for name, f := range map[string]url.Values{"code": redemption(w.web, code),
		"refresh": {"grant_type": {"refresh_token"}, "refresh_token": {text(out["refresh_token"])}}} {
		f.Set("client_id", w.web.ClientID)
		f.Set("client_secret", w.web.secret)
		if r := b.post(at("/oauth2/v2.0/token"), f); r.status != 401 {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	if r := b.get(at("/oauth2/v2.0/authorize") + "?" + w.query(w.web).Encode()); r.status != 400 || r.header.Get("Location") != "" {
		t.Errorf("authorize: %d", r.status)
	}
	if r := b.get(at("/oauth2/v2.0/logout") + "?id_token_hint=" + text(out["id_token"])); r.status != 400 {
		t.Errorf("logout: %d", r.status)
	}
	mustToken(t, w.tokenPost(w.web, redemption(w.web, code)))
}

// Two instances that start together end with one key, and each verifies what the other signed.
func TestTwoInstancesShareKeys(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn := modelstest.MustTenant(t, s.Store, "")
		var providers []*openid.Provider
		for range 4 {
			store := s.Again(t)
			providers = append(providers, openid.New(openid.Options{Stores: store, MAC: store.Sealer().MAC, Now: s.Clock.Now}))
		}
		together(4, func(i int) {
			if err := providers[i].EnsureKeys(t.Context(), tn.ID); err != nil {
				t.Error(err)
			}
		})
		var docs []string
		for _, p := range providers {
			s.Clock.Advance(2 * time.Second)
			d, err := p.JWKS(t.Context(), tn.ID)
			if err != nil {
				t.Fatal(err)
			}
			docs = append(docs, string(d.Body))
			sub, err := p.Subject(t.Context(), tn.ID, "client", "user")
			if err != nil {
				t.Fatal(err)
			}
			docs[len(docs)-1] += sub
		}
		for _, d := range docs[1:] {
			if d != docs[0] {
				t.Fatalf("different keys:\n%s\n%s", docs[0], d)
			}
		}
	})
}

// Risk and policy speak at refresh: more is demanded, the token is not consumed (DESIGN §4).
func TestGateAtRefresh(t *testing.T) {
	for _, c := range []struct {
		name     string
		decision policy.Answer
		err      error
		status   int
		code     string
		suberror string
	}{
		{"nothing", policy.Answer{}, nil, 200, "", ""},
		{"second factor", policy.Answer{Unmet: unmet(policy.KindMFA), Policies: []record.Policy{{ID: "p1", Result: "success"}}}, nil, 400, "interaction_required", "basic_action"},
		{"block", policy.Answer{Block: true}, nil, 400, "invalid_grant", ""},
		{"password change", policy.Answer{Unmet: unmet(policy.KindPasswordChange)}, nil, 400, "invalid_grant", "user_password_expired"},
		{"frequency", policy.Answer{Stale: true}, nil, 400, "interaction_required", "basic_action"},
		{"the app takes no sign-ins", policy.Answer{}, fault.New(fault.Denied, "x"), 400, "invalid_grant", "bad_token"},
		{"a fault", policy.Answer{}, errors.New("lost"), 500, "server_error", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			first := text(w.tokens(w.browser(), w.web, "scope", "openid offline_access")["refresh_token"])
			w.clock.Advance(time.Hour)
			gated := false
			w.gate = openid.GateFunc(func(_ context.Context, r policy.Request) (policy.Answer, error) {
				gated = true
				if !r.Refresh || r.UserID != w.user.ID || r.ClientID != w.web.ClientID || !r.Signals.IP.IsLoopback() {
					t.Errorf("asked %+v", r)
				}
				return c.decision, c.err
			})
			r := w.refresh(w.web, first)
			if !gated {
				t.Fatal("nobody asked")
			}
			if c.code == "" {
				mustToken(t, r)
				return
			}
			wantError(t, r, c.status, c.code)
			m := r.json(t)
			if got, _ := m["suberror"].(string); got != c.suberror {
				t.Errorf("suberror %q", got)
			}
			if c.code == "interaction_required" {
				if s, ok := m["claims"].(string); !ok || !json.Valid([]byte(s)) {
					t.Errorf("claims %v", m["claims"])
				}
			}
			w.gate = nil
			mustToken(t, w.refresh(w.web, first))
		})
	}
}

// An API of the directory: aud is its client id, scp its scopes, and one token is for one resource.
func TestAPIScopes(t *testing.T) {
	w := newWorld(t)
	api := w.register("Orders", "web", openid.Web, "https://orders.example/cb", func(s *models.ApplicationSpec) {
		s.IdentifierURIs = []string{"api://orders"}
		s.Scopes = []openid.Scope{{ID: "a3a9b1c8-8a1b-4c1e-9d0a-1c2b3d4e5f60", Value: "Orders.Read", Name: "Read", Enabled: true, UserMayConsent: true},
			{ID: "a3a9b1c8-8a1b-4c1e-9d0a-1c2b3d4e5f61", Value: "Orders.Old", Name: "Old", Enabled: false}}
	})
	for _, c := range []struct{ scope, aud, scp string }{
		{"openid api://orders/Orders.Read", api.ClientID, "openid Orders.Read"},
		{"openid api://" + api.ClientID + "/Orders.Read", api.ClientID, "openid Orders.Read"},
		{"openid " + api.ClientID + "/.default", api.ClientID, "openid Orders.Read"},
		{"openid api://orders/Orders.Read User.Read", api.ClientID, "openid Orders.Read"},
		{"openid User.Read api://orders/Orders.Read", w.base, "openid User.Read"},
		{"openid https://graph.microsoft.com/User.Read", w.base, "openid User.Read"},
		{"openid " + w.base + "/User.Read", w.base, "openid User.Read"},
		{"openid", w.url("/openid/userinfo"), "openid"},
	} {
		t.Run(c.scope, func(t *testing.T) {
			out := w.tokens(w.browser(), w.web, "scope", c.scope)
			if at := claims(t, out["access_token"]); at["aud"] != c.aud || at["scp"] != c.scp {
				t.Errorf("aud %v scp %v", at["aud"], at["scp"])
			}
			if out["scope"] != c.scope {
				t.Errorf("scope %v", out["scope"])
			}
			if w.userinfo(text(out["access_token"])).status != 200 {
				t.Error("userinfo refuses it")
			}
		})
	}
	if e := w.browser().authorize(w.web, "scope", "openid api://orders/Orders.Old").location().Query().Get("error"); e != "invalid_scope" {
		t.Error(e)
	}
	service := mustToken(t, w.tokenPost(w.web, url.Values{"grant_type": {"client_credentials"}, "scope": {"api://orders/.default"}}))
	if at := claims(t, service["access_token"]); at["aud"] != api.ClientID || at["idtyp"] != "app" || at["scp"] != nil {
		t.Errorf("%v", at)
	}
	// The API asks about a token that is for it.
	out := w.tokens(w.browser(), w.web, "scope", "openid api://orders/Orders.Read")
	if r := w.clientPost("/oauth2/v2.0/introspect", api, url.Values{"token": {text(out["access_token"])}}).json(t); r["active"] != true || r["scope"] != "openid Orders.Read" {
		t.Errorf("%v", r)
	}
}

// sub is pairwise, stable, and the same at every host; oid is the same for all apps.
func TestPairwiseSubject(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	a1, a2 := claims(t, w.tokens(b, w.web)["id_token"]), claims(t, w.tokens(w.browser(), w.web)["id_token"])
	s := claims(t, w.tokens(b, w.second)["id_token"])
	if a1["sub"] != a2["sub"] || a1["sub"] == s["sub"] || a1["oid"] != s["oid"] || strings.Contains(text(a1["sub"]), w.user.ID) {
		t.Errorf("%v %v %v", a1["sub"], a2["sub"], s["sub"])
	}
	if a1["sid"] != s["sid"] {
		t.Error("one session, two sids")
	}
}

// Our opaque login_hint comes back and means the person; a typed address stays a hint for the page.
func TestOpaqueLoginHint(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	hint := text(claims(t, w.tokens(b, w.web)["id_token"])["login_hint"])
	b.authorize(w.web, "login_hint", hint, "sid", "x", "domain_hint", "y")
	if got := w.starter.last; got.SubHint != w.user.ID || got.LoginHint != "" || got.SIDHint != "x" || got.DomainHint != "y" {
		t.Errorf("%+v", got)
	}
	b.authorize(w.web, "login_hint", "anna@example.com")
	if got := w.starter.last; got.SubHint != "" || got.LoginHint != "anna@example.com" {
		t.Errorf("%+v", got)
	}
	b.authorize(w.web, "login_hint", hint[:len(hint)-2]+"xx")
	if got := w.starter.last; got.SubHint != "" {
		t.Errorf("a forged hint was followed: %+v", got)
	}
}

// What MSAL sends besides must not disturb.
func TestMSALParameters(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	code := b.code(w.spa, "response_mode", "fragment", "client_info", "1", "clidata", "1", "client-request-id", "0b7c6a5e-3f7c-4a9e-8d0a-6f3d0e9f5a11",
		"x-client-SKU", "msal.js.browser", "x-client-VER", "5.29.0", "X-AnchorMailbox", "Oid:x@y", "scope", "openid profile offline_access",
		"claims", `{"id_token":{"login_hint":{"essential":false},"signin_state":null,"tenant_region_sub_scope":{}}}`)
	f := redemption(w.spa, code)
	for k, v := range map[string]string{"client_id": w.spa.ClientID, "client_info": "1", "x-ms-lib-capability": "retry-after, h429", "x-client-current-telemetry": "5|x",
		"scope": "openid profile offline_access", "claims": `{"access_token":{"xms_cc":{"values":["cp1"]}}}`} {
		f.Set(k, v)
	}
	req, _ := http.NewRequest(http.MethodPost, w.base+"/"+w.slug+"/oauth2/v2.0/token?client-request-id=0b7c6a5e-3f7c-4a9e-8d0a-6f3d0e9f5a11", strings.NewReader(f.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded;charset=utf-8")
	req.Header.Set("Origin", "https://spa.example")
	out := mustToken(t, w.do(http.DefaultClient, req))
	for _, name := range []string{"access_token", "id_token", "refresh_token", "client_info", "expires_in", "ext_expires_in", "refresh_token_expires_in", "scope", "token_type"} {
		if out[name] == nil {
			t.Errorf("no %s", name)
		}
	}
	if out["foci"] != nil {
		t.Error("foci")
	}
	req, _ = http.NewRequest(http.MethodPost, w.base+"/"+w.slug+"/oauth2/v2.0/token?client-request-id=0b7c6a5e-3f7c-4a9e-8d0a-6f3d0e9f5a11", strings.NewReader(f.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r := w.do(http.DefaultClient, req)
	if m := r.json(t); m["correlation_id"] != "0b7c6a5e-3f7c-4a9e-8d0a-6f3d0e9f5a11" || r.header.Get("x-ms-request-id") != m["trace_id"] {
		t.Errorf("%v %v", m, r.header)
	}
}

// An attempt that ends without a grant (signin.Refusal) becomes the error answer.
func TestRefusals(t *testing.T) {
	w := newWorld(t)
	for _, code := range []string{"access_denied", "login_required", "interaction_required", "consent_required"} {
		w.starter.refuse = code
		r := w.browser().authorize(w.web, "response_mode", "fragment")
		q := fragment(r)
		if q.Get("error") != code || q.Get("state") != "the state" || q.Get("iss") != w.issuer {
			t.Errorf("%v", q)
		}
		for _, word := range []string{"interaction_required", "consent_required", "login_required", "bad_token", "ui_not_allowed", "interrupted_user"} {
			if word != code && strings.Contains(q.Get("error_description"), word) {
				t.Errorf("%s in %s", word, q.Get("error_description"))
			}
		}
	}
}

// Handles of parked POSTs are used once and only where they belong.
func TestParkedRequestIsUsedOnce(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	plain := &browser{w: w, client: &http.Client{Jar: b.client.Jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	r := plain.post(w.url("/oauth2/v2.0/authorize"), w.query(w.web))
	at := w.base + r.header.Get("Location")
	if r.status != 303 || len(r.header.Values("Set-Cookie")) != 0 || strings.Contains(at, "nonce") {
		t.Fatalf("%d %v", r.status, r.header)
	}
	if first := b.get(at); first.location().Query().Get("code") == "" {
		t.Errorf("%d %s", first.status, first.body)
	}
	if second := b.get(at); second.status != 410 {
		t.Errorf("%d", second.status)
	}
	if bad := b.post(w.url("/oauth2/v2.0/authorize"), w.query(w.web, "redirect_uri", "https://evil.example")); bad.status != 400 {
		t.Errorf("%d", bad.status)
	}
}

// Reading the person who signed in needs no grant; every other permission on the management API does.
func TestManagementScopesNeedAGrant(t *testing.T) {
	w := newWorld(t)
	for _, scope := range []string{"User.ReadWrite", "Directory.AccessAsUser.All", w.base + "/User.ReadWrite", w.base + "/directory.accessasuser.all",
		"https://graph.microsoft.com/User.ReadWrite"} {
		for _, app := range []registered{w.web, w.spa} {
			if q := w.browser().authorize(app, "scope", "openid "+scope).location().Query(); q.Get("error") != "invalid_scope" || q.Get("code") != "" {
				t.Errorf("%s: %s got %v", app.Name, scope, q)
			}
		}
	}
	granted := w.register("Granted", "web", openid.Web, "https://granted.example/cb", func(s *models.ApplicationSpec) {
		s.Permissions = []string{"User.ReadWrite", "User.Read.All"}
	})
	out := w.tokens(w.browser(), granted, "scope", "openid User.Read User.ReadWrite")
	if c := claims(t, out["access_token"]); c["scp"] != "openid User.Read User.ReadWrite" || c["aud"] != w.base {
		t.Errorf("%v", c)
	}
	if q := w.browser().authorize(granted, "scope", "Directory.AccessAsUser.All").location().Query(); q.Get("error") != "invalid_scope" {
		t.Errorf("%v", q)
	}
	// What counts for a person only is no role of the app itself.
	r := mustToken(t, w.tokenPost(granted, url.Values{"grant_type": {"client_credentials"}, "scope": {w.base + "/.default"}}))
	if roles := fmt.Sprint(claims(t, r["access_token"])["roles"]); roles != "[User.Read.All]" {
		t.Errorf("roles %s", roles)
	}
}

func unmet(k policy.Kind) []policy.Clause {
	return []policy.Clause{{AnyOf: []policy.Control{{Kind: k}}}}
}
