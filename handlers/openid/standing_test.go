package openid_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"portico/app/openid"
	"portico/app/session"
	"portico/app/signin"
	"portico/app/tenant"
	"portico/models"
	"portico/models/modelstest"
)

// Every state that ends a grant, at every door (DESIGN §9.5).
func TestNegativeStatesAtAllDoors(t *testing.T) {
	must := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	states := []struct {
		name string
		do   func(t *testing.T, w *world, sid string)
	}{
		{"disabled user", func(t *testing.T, w *world, _ string) {
			_, err := w.tenant.UpdateUser(t.Context(), modelstest.Actor(), w.user.ID, func(u *models.User) error { u.Enabled = false; return nil })
			must(t, err) // not SetUserEnabled, which ends the sessions besides
		}},
		{"deleted user", func(t *testing.T, w *world, _ string) {
			must(t, w.tenant.DeleteUser(t.Context(), modelstest.Actor(), w.user.ID))
		}},
		{"sessions of the user revoked", func(t *testing.T, w *world, _ string) {
			_, err := w.tenant.RevokeSessions(t.Context(), modelstest.Actor(), w.user.ID)
			must(t, err)
		}},
		{"disabled app", func(t *testing.T, w *world, _ string) {
			_, err := w.tenant.SetApplicationEnabled(t.Context(), modelstest.Actor(), w.web.ID, false)
			must(t, err)
		}},
		{"deleted app", func(t *testing.T, w *world, _ string) {
			must(t, w.tenant.DeleteApplication(t.Context(), modelstest.Actor(), w.web.ID))
		}},
		{"disabled tenant", func(t *testing.T, w *world, _ string) {
			_, err := w.tenant.Update(t.Context(), modelstest.Actor(), func(tn *tenant.Tenant) error { tn.Disabled = true; return nil })
			must(t, err)
		}},
		{"ended session", func(t *testing.T, w *world, sid string) {
			must(t, w.tenant.SignOutApps(t.Context(), sid, "test"))
		}},
		{"session revoked, grants left as they were", func(t *testing.T, w *world, sid string) {
			now := w.clock.Now()
			must(t, w.tenant.PutSession(t.Context(), session.Session{SID: sid, UserID: w.user.ID, AuthTime: now, CreatedAt: now, LastSeenAt: now},
				"secret", "", signin.SessionInfo{ExpiresAt: now.Add(time.Hour)}))
			must(t, w.tenant.EndSession(t.Context(), sid, "test", now))
		}},
		{"revoked grant", func(t *testing.T, w *world, sid string) {
			must(t, w.tenant.RevokeOpenIDSession(t.Context(), sid, "test", w.clock.Now()))
		}},
		{"withdrawn consent", func(t *testing.T, w *world, _ string) {
			must(t, w.tenant.WithdrawConsent(t.Context(), w.user.ID, w.web.ClientID))
		}},
	}
	type held struct{ access, refresh, code string }
	doors := []struct {
		name    string
		refused func(w *world, h held) (bool, response)
	}{
		{"code", func(w *world, h held) (bool, response) {
			r := w.tokenPost(w.web, redemption(w.web, h.code))
			return r.status >= 400 && r.status < 500, r
		}},
		{"refresh", func(w *world, h held) (bool, response) {
			r := w.refresh(w.web, h.refresh)
			return r.status >= 400 && r.status < 500, r
		}},
		{"userinfo", func(w *world, h held) (bool, response) {
			r := w.userinfo(h.access)
			return r.status == 401 || r.status == 404, r
		}},
		{"introspection of the access token", func(w *world, h held) (bool, response) {
			r := w.clientPost("/oauth2/v2.0/introspect", w.web, url.Values{"token": {h.access}})
			return r.status >= 400 && r.status < 500 || r.json(w.t)["active"] == false, r
		}},
		{"introspection of the refresh token", func(w *world, h held) (bool, response) {
			r := w.clientPost("/oauth2/v2.0/introspect", w.web, url.Values{"token": {h.refresh}})
			return r.status >= 400 && r.status < 500 || r.json(w.t)["active"] == false, r
		}},
	}
	for _, s := range states {
		for _, d := range doors {
			t.Run(s.name+" × "+d.name, func(t *testing.T) {
				w := newWorld(t)
				b := w.browser()
				out := w.tokens(b, w.web, "scope", "openid offline_access")
				h := held{access: text(out["access_token"]), refresh: text(out["refresh_token"]), code: b.code(w.web, "scope", "openid offline_access")}
				w.clock.Advance(time.Second)
				s.do(t, w, text(claims(t, out["id_token"])["sid"]))
				refused, r := d.refused(w, h)
				if !refused {
					t.Errorf("open: %d %s", r.status, r.body)
				}
				if r.status >= 500 {
					t.Errorf("a fault: %d %s", r.status, r.body)
				}
			})
		}
	}
}

// The doors are open while nothing is wrong; otherwise the matrix above would prove nothing.
func TestDoorsAreOpenOtherwise(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	out := w.tokens(b, w.web, "scope", "openid offline_access")
	for _, token := range []string{"access_token", "refresh_token"} {
		if r := w.clientPost("/oauth2/v2.0/introspect", w.web, url.Values{"token": {text(out[token])}}).json(t); r["active"] != true || r["client_id"] != w.web.ClientID {
			t.Errorf("%s: %v", token, r)
		}
	}
	if w.userinfo(text(out["access_token"])).status != 200 {
		t.Error("userinfo")
	}
	mustToken(t, w.refresh(w.web, text(out["refresh_token"])))
}

func TestIntrospectionTellsStrangersNothing(t *testing.T) {
	w := newWorld(t)
	out := w.tokens(w.browser(), w.web, "scope", "openid offline_access")
	for _, token := range []string{"access_token", "refresh_token"} {
		if r := w.clientPost("/oauth2/v2.0/introspect", w.second, url.Values{"token": {text(out[token])}}).json(t); len(r) != 1 || r["active"] != false {
			t.Errorf("%s: %v", token, r)
		}
	}
	wantError(t, w.clientPost("/oauth2/v2.0/introspect", w.spa, url.Values{"token": {text(out["access_token"])}}), 401, "invalid_client")
	wantError(t, w.clientPost("/oauth2/v2.0/introspect", w.web, url.Values{}), 400, "invalid_request")
	if r := w.clientPost("/oauth2/v2.0/introspect", w.web, url.Values{"token": {"garbage"}}).json(t); r["active"] != false {
		t.Errorf("%v", r)
	}
	if r := w.clientPost("/oauth2/v2.0/introspect", w.web, url.Values{"token": {text(out["id_token"])}}).json(t); r["active"] != false {
		t.Errorf("an ID token is no access token: %v", r)
	}
}

func TestRevocation(t *testing.T) {
	for _, hint := range []string{"refresh_token", "access_token"} {
		t.Run(hint, func(t *testing.T) {
			w := newWorld(t)
			out := w.tokens(w.browser(), w.web, "scope", "openid offline_access")
			wantError(t, w.clientPost("/oauth2/v2.0/revoke", w.second, url.Values{"token": {text(out[hint])}}), 400, "invalid_grant")
			for range 2 {
				if r := w.clientPost("/oauth2/v2.0/revoke", w.web, url.Values{"token": {text(out[hint])}, "token_type_hint": {hint}}); r.status != 200 {
					t.Errorf("%d %s", r.status, r.body)
				}
			}
			wantError(t, w.refresh(w.web, text(out["refresh_token"])), 400, "invalid_grant")
			if w.userinfo(text(out["access_token"])).status != 401 {
				t.Error("the access token still works")
			}
		})
	}
	w := newWorld(t)
	for _, app := range []registered{w.web, w.spa} {
		if r := w.clientPost("/oauth2/v2.0/revoke", app, url.Values{"token": {"unknown"}}); r.status != 200 {
			t.Errorf("%d %s", r.status, r.body)
		}
	}
	wantError(t, w.clientPost("/oauth2/v2.0/revoke", w.web, url.Values{}), 400, "invalid_request")
}

func TestUserInfoRefuses(t *testing.T) {
	w := newWorld(t)
	get := func(header string) response {
		req, _ := http.NewRequest(http.MethodGet, w.url("/openid/userinfo"), nil)
		if header != "" {
			req.Header.Set("Authorization", header)
		}
		return w.do(http.DefaultClient, req)
	}
	if r := get(""); r.status != 401 || r.header.Get("WWW-Authenticate") != `Bearer realm="userinfo"` {
		t.Errorf("%d %s", r.status, r.header.Get("WWW-Authenticate"))
	}
	if r := get("Bearer garbage"); r.status != 401 || r.json(t)["error"] != "invalid_token" {
		t.Errorf("%d %s", r.status, r.body)
	}
	out := w.tokens(w.browser(), w.web, "scope", "openid")
	if r := get("Bearer " + text(out["id_token"])); r.status != 401 {
		t.Errorf("an ID token opened userinfo: %d", r.status)
	}
	if r := w.userinfo(text(w.tokens(w.browser(), w.web, "scope", "User.Read")["access_token"])); r.status != 403 || r.json(t)["error"] != "insufficient_scope" {
		t.Errorf("%d %s", r.status, r.body)
	}
	service := mustToken(t, w.tokenPost(w.web, url.Values{"grant_type": {"client_credentials"}, "scope": {w.base + "/.default"}}))
	if r := w.userinfo(text(service["access_token"])); r.status != 403 {
		t.Errorf("a service token: %d", r.status)
	}
	req, _ := http.NewRequest(http.MethodPost, w.url("/openid/userinfo"), nil)
	req.Header.Set("Authorization", "Bearer "+text(out["access_token"]))
	w.clock.Advance(61 * time.Minute)
	if r := w.do(http.DefaultClient, req); r.status != 401 {
		t.Errorf("an expired token: %d", r.status)
	}
}

// A web app that has no credential, not yet or no longer, is not a public client: nobody who found a code
// or a token can use it by leaving the secret out.
func TestWebAppWithoutCredential(t *testing.T) {
	w := newWorld(t)
	never := w.register("Never", "web", openid.Web, "https://never.example/cb", nil)
	w.dropSecrets(never)
	never.secret = ""
	code := w.browser().code(never)
	r := w.tokenPost(never, redemption(never, code))
	wantError(t, r, 401, "invalid_client")
	if n := r.json(t)["error_codes"]; n == nil || n.([]any)[0] != 7000218.0 {
		t.Errorf("error codes %v", n)
	}

	out := w.tokens(w.browser(), w.web, "scope", "openid offline_access")
	waiting := w.browser().code(w.web)
	w.dropSecrets(w.web)
	bare := w.web
	bare.secret = ""
	wantError(t, w.tokenPost(bare, redemption(bare, waiting)), 401, "invalid_client")
	wantError(t, w.tokenPost(bare, redemption(bare, "unknown")), 401, "invalid_client")
	wantError(t, w.refresh(bare, text(out["refresh_token"])), 401, "invalid_client")
	wantError(t, w.clientPost("/oauth2/v2.0/revoke", bare, url.Values{"token": {text(out["refresh_token"])}}), 401, "invalid_client")
	wantError(t, w.clientPost("/oauth2/v2.0/revoke", bare, url.Values{"token": {"unknown"}}), 401, "invalid_client")
	wantError(t, w.clientPost("/oauth2/v2.0/introspect", bare, url.Values{"token": {text(out["refresh_token"])}}), 401, "invalid_client")

	// What the refused tries named is untouched.
	var err error
	if bare.secret, _, err = w.tenant.AddSecret(t.Context(), modelstest.Actor(), w.web.ID, "new", time.Now().AddDate(1, 0, 0)); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(2 * time.Second)
	mustToken(t, w.tokenPost(bare, redemption(bare, waiting)))
	mustToken(t, w.refresh(bare, text(out["refresh_token"])))
}

// dropSecrets removes an app's secrets, as an admin does.
func (w *world) dropSecrets(a registered) {
	w.t.Helper()
	now, err := w.tenant.ApplicationByClient(w.t.Context(), a.ClientID)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, s := range now.Secrets {
		if err := w.tenant.RemoveApplicationCredential(w.t.Context(), modelstest.Actor(), a.ID, s.ID); err != nil {
			w.t.Fatal(err)
		}
	}
	w.clock.Advance(2 * time.Second)
}
