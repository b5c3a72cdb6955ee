package openid_test

import (
	"context"
	"encoding/base64"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"portico/app/outbox"
)

// signOut asks the logout endpoint.
func (b *browser) signOut(params ...string) response {
	b.w.t.Helper()
	q := url.Values{}
	for i := 0; i+1 < len(params); i += 2 {
		q.Set(params[i], params[i+1])
	}
	return b.get(b.w.url("/oauth2/v2.0/logout") + "?" + q.Encode())
}

// signedIn reports whether prompt=none still gives a code.
func (b *browser) signedIn() bool {
	b.w.t.Helper()
	q := b.authorize(b.w.web, "prompt", "none").location().Query()
	if q.Get("error") == "login_required" {
		return false
	}
	if q.Get("code") == "" {
		b.w.t.Fatalf("prompt=none answered %v", q)
	}
	return true
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)

// submit sends the one form of a page.
func (b *browser) submit(r response) response {
	b.w.t.Helper()
	f := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(r.body, -1) {
		f.Set(m[1], strings.NewReplacer("&amp;", "&", "&#34;", `"`, "&#39;", "'", "&lt;", "<", "&gt;", ">").Replace(m[2]))
	}
	u, _ := url.Parse(r.at)
	u.RawQuery = ""
	return b.post(u.String(), f)
}

// The plan "oidcc-rp-initiated-logout-certification-test-plan".
func TestConformanceRPInitiatedLogout(t *testing.T) {
	const bye = "https://app.example/bye"
	errorPage := func(params func(w *world, hint string) []string) func(*testing.T, *world) {
		return func(t *testing.T, w *world) {
			b := w.browser()
			hint := text(w.tokens(b, w.web)["id_token"])
			r := b.signOut(params(w, hint)...)
			if r.status != 400 || r.header.Get("Location") != "" {
				t.Errorf("%d %s", r.status, r.header.Get("Location"))
			}
			if !b.signedIn() {
				t.Error("a refused request signed the person out")
			}
		}
	}
	signedOutPage := func(params ...string) func(*testing.T, *world) {
		return func(t *testing.T, w *world) {
			b := w.browser()
			hint := text(w.tokens(b, w.web)["id_token"])
			sent := make([]string, len(params)) // the module runs in several worlds, each with its own hint
			for i := range params {
				sent[i] = strings.ReplaceAll(params[i], "{hint}", hint)
			}
			r := b.signOut(sent...)
			if strings.Contains(r.body, "portico_confirm") {
				if !b.signedIn() {
					t.Fatal("signed out before the answer")
				}
				r = b.submit(r)
			}
			if r.status != 200 || r.header.Get("Location") != "" || !strings.Contains(strings.ToLower(r.body), "signed out") {
				t.Errorf("%d %s %s", r.status, r.header.Get("Location"), r.body)
			}
			if b.signedIn() {
				t.Error("still signed in")
			}
		}
	}
	runModules(t, []module{
		{"oidcc-rp-initiated-logout-discovery-endpoint-verification", func(t *testing.T, w *world) {
			if doc := w.browser().get(w.issuer + "/.well-known/openid-configuration").json(t); doc["end_session_endpoint"] != w.url("/oauth2/v2.0/logout") {
				t.Errorf("end_session_endpoint %v", doc["end_session_endpoint"])
			}
		}},
		{"oidcc-rp-initiated-logout", func(t *testing.T, w *world) {
			b := w.browser()
			hint := text(w.tokens(b, w.web)["id_token"])
			w.clock.Advance(3 * time.Hour) // an expired hint is as good
			state := strings.Repeat("long state ", 30)
			r := b.signOut("id_token_hint", hint, "post_logout_redirect_uri", bye, "state", state)
			u := r.location()
			if r.status != 303 || !strings.HasPrefix(u.String(), bye+"?state=") || u.Query().Get("state") != state {
				t.Errorf("%d %s", r.status, u)
			}
			if b.signedIn() {
				t.Error("still signed in")
			}
		}},
		{"oidcc-rp-initiated-logout-bad-post-logout-redirect-uri", errorPage(func(_ *world, hint string) []string {
			return []string{"id_token_hint", hint, "post_logout_redirect_uri", "https://evil.example/bye", "state", "s"}
		})},
		{"oidcc-rp-initiated-logout-modified-id-token-hint", errorPage(func(_ *world, hint string) []string {
			parts := strings.Split(hint, ".")
			none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + parts[1] + "."
			return []string{"id_token_hint", none, "post_logout_redirect_uri", bye, "state", "s"}
		})},
		{"oidcc-rp-initiated-logout-no-id-token-hint", func(t *testing.T, w *world) {
			b := w.browser()
			w.tokens(b, w.web)
			r := b.signOut("post_logout_redirect_uri", bye, "state", "the state")
			if r.status != 200 || r.header.Get("Location") != "" || !strings.Contains(r.body, "portico_confirm") {
				t.Fatalf("%d %s %s", r.status, r.header.Get("Location"), r.body)
			}
			if !b.signedIn() {
				t.Error("signed out without an answer")
			}
			if r = b.submit(r); r.location().String() != bye+"?state=the+state" {
				t.Errorf("after the answer: %d %s %s", r.status, r.header.Get("Location"), r.body)
			}
			if b.signedIn() {
				t.Error("still signed in")
			}
		}},
		{"oidcc-rp-initiated-logout-no-params", signedOutPage()},
		{"oidcc-rp-initiated-logout-no-post-logout-redirect-uri", signedOutPage("id_token_hint", "{hint}", "state", "s")},
		{"oidcc-rp-initiated-logout-no-state", func(t *testing.T, w *world) {
			b := w.browser()
			hint := text(w.tokens(b, w.web)["id_token"])
			if r := b.signOut("id_token_hint", hint, "post_logout_redirect_uri", bye); r.location().String() != bye {
				t.Errorf("%d %s", r.status, r.header.Get("Location"))
			}
			if b.signedIn() {
				t.Error("still signed in")
			}
		}},
		{"oidcc-rp-initiated-logout-only-state", signedOutPage("state", "s")},
		{"oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri", errorPage(func(_ *world, hint string) []string {
			return []string{"id_token_hint", hint, "post_logout_redirect_uri", bye + "?foo=bar", "state", "s"}
		})},
		{"oidcc-rp-initiated-logout-bad-id-token-hint", errorPage(func(w *world, hint string) []string {
			foreign := newWorld(w.t)
			return []string{"id_token_hint", text(foreign.tokens(foreign.browser(), foreign.web)["id_token"]), "post_logout_redirect_uri", bye}
		})},
	})
}

// deliver runs the outbox until nothing is due.
func (w *world) deliver() {
	w.t.Helper()
	worker := outbox.Worker{Store: w.store, Owner: "test", Now: w.clock.Now, Jitter: func() float64 { return 0 },
		Channels: map[outbox.Kind]outbox.Deliver{outbox.BackChannelLogout: w.provider.Deliver(w.handler.RealmOf, w.logouts.post)}}
	for {
		n, err := worker.Once(context.Background())
		if err != nil {
			w.t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

// The plan "oidcc-backchannel-rp-initiated-logout-certification-test-plan".
func TestConformanceBackChannelLogout(t *testing.T) {
	runModules(t, []module{
		{"oidcc-backchannel-logout-discovery-endpoint-verification", func(t *testing.T, w *world) {
			doc := w.browser().get(w.issuer + "/.well-known/openid-configuration").json(t)
			if doc["backchannel_logout_supported"] != true || doc["backchannel_logout_session_supported"] != true {
				t.Errorf("%v", doc)
			}
		}},
		{"oidcc-backchannel-rp-initiated-logout", func(t *testing.T, w *world) {
			b := w.browser()
			out := w.tokens(b, w.web)
			w.tokens(b, w.second) // took part too, but wants no notice
			hint := text(out["id_token"])
			r := b.signOut("id_token_hint", hint, "post_logout_redirect_uri", "https://app.example/bye", "state", "s")
			if r.location().String() != "https://app.example/bye?state=s" {
				t.Fatalf("%d %s", r.status, r.header.Get("Location"))
			}
			w.deliver()
			if len(w.logouts.tokens) != 1 {
				t.Fatalf("%d notices", len(w.logouts.tokens))
			}
			token := w.logouts.tokens[0]
			id := claims(t, hint)
			h, c := header(t, token), claims(t, token)
			if h["typ"] != "logout+jwt" || h["kid"] == nil || h["alg"] != "ES256" {
				t.Errorf("header %v", h)
			}
			events, _ := c["events"].(map[string]any)
			if _, ok := events["http://schemas.openid.net/event/backchannel-logout"]; !ok || len(events) != 1 {
				t.Errorf("events %v", c["events"])
			}
			if c["iss"] != id["iss"] || c["aud"] != id["aud"] || c["sub"] != id["sub"] || c["sid"] != id["sid"] || c["jti"] == nil || c["iat"] == nil || c["exp"] == nil {
				t.Errorf("logout token %v, ID token %v", c, id)
			}
			if _, there := c["nonce"]; there {
				t.Error("a logout token must have no nonce")
			}
			var set jose.JSONWebKeySet
			if err := jsonInto(b.get(w.url("/discovery/v2.0/keys")).body, &set); err != nil {
				t.Fatal(err)
			}
			jws, err := jose.ParseSigned(token, []jose.SignatureAlgorithm{jose.ES256})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := jws.Verify(set); err != nil {
				t.Error(err)
			}
			if b.signedIn() {
				t.Error("still signed in")
			}
		}},
	})
}

func TestBackChannelLogoutIsTriedAgain(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	hint := text(w.tokens(b, w.web)["id_token"])
	b.signOut("id_token_hint", hint)
	w.logouts.status = 503
	w.deliver()
	w.logouts.status = 200
	w.clock.Advance(time.Hour)
	w.deliver()
	if len(w.logouts.tokens) != 2 {
		t.Fatalf("%d tries", len(w.logouts.tokens))
	}
	first, second := claims(t, w.logouts.tokens[0]), claims(t, w.logouts.tokens[1])
	if second["exp"].(float64) <= first["exp"].(float64) {
		t.Error("the second try carries the first try's token")
	}
	w.clock.Advance(time.Hour)
	w.deliver()
	if len(w.logouts.tokens) != 2 {
		t.Error("delivered again")
	}
}

// What MSAL Browser sends, and what others may.
func TestSignOut(t *testing.T) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, w *world, b *browser, hint string)
	}{
		{"logout_hint of the ID token needs no question", func(t *testing.T, w *world, b *browser, hint string) {
			r := b.signOut("post_logout_redirect_uri", "https://app.example/bye", "state", "s", "logout_hint", text(claims(t, hint)["login_hint"]), "client-request-id", "x")
			if r.location().String() != "https://app.example/bye?state=s" || b.signedIn() {
				t.Errorf("%d %s %s", r.status, r.header.Get("Location"), r.body)
			}
		}},
		{"somebody's address as logout_hint is no proof", func(t *testing.T, w *world, b *browser, hint string) {
			if r := b.signOut("logout_hint", "anna@example.com"); !strings.Contains(r.body, "portico_confirm") {
				t.Errorf("%d %s", r.status, r.body)
			}
		}},
		{"a URI of an app that did not take part is refused", func(t *testing.T, w *world, b *browser, hint string) {
			if r := b.signOut("post_logout_redirect_uri", w.second.redirect); r.status != 400 || r.header.Get("Location") != "" {
				t.Errorf("%d %s", r.status, r.header.Get("Location"))
			}
		}},
		{"a redirect URI of the app will do", func(t *testing.T, w *world, b *browser, hint string) {
			if r := b.signOut("id_token_hint", hint, "post_logout_redirect_uri", w.web.redirect); r.location().String() != w.web.redirect {
				t.Errorf("%d %s", r.status, r.header.Get("Location"))
			}
		}},
		{"by POST", func(t *testing.T, w *world, b *browser, hint string) {
			r := b.post(w.url("/oauth2/v2.0/logout"), url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {"https://app.example/bye"}, "state": {"s"}})
			if r.location().String() != "https://app.example/bye?state=s" || b.signedIn() {
				t.Errorf("%d %s", r.status, r.header.Get("Location"))
			}
		}},
		{"client_id of another app than the hint", func(t *testing.T, w *world, b *browser, hint string) {
			if r := b.signOut("id_token_hint", hint, "client_id", w.second.ClientID); r.status != 400 {
				t.Errorf("%d", r.status)
			}
		}},
		{"a forged answer to the question", func(t *testing.T, w *world, b *browser, hint string) {
			r := b.post(w.url("/oauth2/v2.0/logout"), url.Values{"portico_confirm": {"forged"}})
			if !strings.Contains(r.body, "portico_confirm") || !b.signedIn() {
				t.Errorf("%d %s", r.status, r.body)
			}
		}},
		{"the hint of somebody else asks first", func(t *testing.T, w *world, b *browser, hint string) {
			other := w.secondPerson()
			r := b.signOut("id_token_hint", other, "post_logout_redirect_uri", "https://app.example/bye")
			if !strings.Contains(r.body, "portico_confirm") || !b.signedIn() {
				t.Errorf("%d %s", r.status, r.body)
			}
		}},
		{"twice", func(t *testing.T, w *world, b *browser, hint string) {
			for range 2 {
				if r := b.signOut("id_token_hint", hint, "post_logout_redirect_uri", "https://app.example/bye"); r.location().String() != "https://app.example/bye" {
					t.Errorf("%d %s", r.status, r.header.Get("Location"))
				}
			}
		}},
		{"ends refresh tokens of the session", func(t *testing.T, w *world, b *browser, hint string) {
			out := w.tokens(b, w.web, "scope", "openid offline_access")
			b.signOut("id_token_hint", hint)
			wantError(t, w.refresh(w.web, text(out["refresh_token"])), 400, "invalid_grant")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			b := w.browser()
			c.run(t, w, b, text(w.tokens(b, w.web)["id_token"]))
		})
	}
}
