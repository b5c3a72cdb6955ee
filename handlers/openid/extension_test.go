package openid_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"portico/app/extension"
	"portico/app/fault"
	"portico/app/openid"
	"portico/app/outbound"
	"portico/models"
	"portico/models/modelstest"
)

// asker asks APIs on this machine, with tokens of the provider.
func (w *world) asker() *extension.Caller {
	allow, err := outbound.ParseAllow("127.0.0.1")
	if err != nil {
		w.t.Fatal(err)
	}
	return extension.NewCaller(extension.Options{Client: &outbound.Client{Allow: allow}, Now: time.Now, NewID: models.NewID, Open: w.store.OpenExtensionSecret,
		Bearer: func(ctx context.Context, tenantID string, api extension.API) (string, time.Time, error) {
			realm, err := w.handler.RealmOf(ctx, tenantID)
			if err != nil {
				return "", time.Time{}, err
			}
			return w.provider.EventToken(ctx, realm, api.ClientID)
		}})
}

// claimsAPI is an API of the tenant's own that gives claims.
type claimsAPI struct {
	*httptest.Server
	mu     sync.Mutex
	answer func(w http.ResponseWriter)
	asked  []extension.Payload
	header http.Header
	body   []byte
}

func (a *claimsAPI) says(claims string) {
	a.does(func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"data":{"@odata.type":"microsoft.graph.onTokenIssuanceStartResponseData","actions":[
			{"@odata.type":"microsoft.graph.tokenIssuanceStart.provideClaimsForToken","claims":%s}]}}`, claims)
	})
}

func (a *claimsAPI) does(f func(w http.ResponseWriter)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answer = f
}

func (a *claimsAPI) calls() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.asked)
}

// claimsProvider sets up an extension with its API and a listener for all apps.
func (w *world) claimsProvider(failure extension.OnFailure) (*claimsAPI, models.EventListener, models.AuthExtension) {
	w.t.Helper()
	api := &claimsAPI{}
	api.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var p extension.Payload
		_ = json.Unmarshal(body, &p)
		api.mu.Lock()
		api.asked, api.header, api.body = append(api.asked, p), r.Header, body
		answer := api.answer
		api.mu.Unlock()
		answer(rw)
	}))
	w.t.Cleanup(api.Close)
	app := w.register("Loyalty API", "daemon", openid.Web, "", nil)
	resource := "api://127.0.0.1/" + app.ClientID
	w.edit(app, func(s *models.ApplicationSpec) {
		s.IdentifierURIs, s.Permissions = []string{resource}, []string{extension.ReceivePermission}
	})
	none := func(*extension.Extension) fault.Fields { return nil }
	e, err := w.tenant.CreateExtension(w.t.Context(), modelstest.Actor(), extension.Extension{Name: "Loyalty", Event: extension.TokenIssuanceStart, URL: api.URL + "/claims",
		Resource: resource, Enabled: true, Signed: true, Timeout: 2000}, none)
	if err != nil {
		w.t.Fatal(err)
	}
	l, err := w.tenant.CreateListener(w.t.Context(), modelstest.Actor(), extension.Listener{Event: extension.TokenIssuanceStart, Extension: e.ID, AllApps: true, Enabled: true,
		OnFailure: failure, Priority: extension.DefaultPriority})
	if err != nil {
		w.t.Fatal(err)
	}
	return api, l, e
}

func provided(id, name string, anyType bool) openid.ClaimMapping {
	return openid.ClaimMapping{Source: openid.FromProvider, ID: id, Name: name, AnyType: anyType}
}

// TestClaimsFromAnExtension: what an API gives reaches tokens through the app's claim mapping, and nothing else does.
func TestClaimsFromAnExtension(t *testing.T) {
	w := newWorld(t)
	if _, err := w.tenant.UpdateUser(t.Context(), modelstest.Actor(), w.user.ID, func(u *models.User) error {
		u.Attributes = map[string]any{"companyName": "Anna's Gardens"}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	api, l, e := w.claimsProvider("")
	api.says(`{"tier":"gold","clubs":["chess","golf"],"points":1234567890123456789,"sub":"somebody else","secret":"not mapped"}`)
	if err := w.claimsOf(w.web, provided("tier", "loyalty_tier", false), provided("clubs", "clubs", false), provided("points", "points", true)); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"loyalty_tier": "gold", "clubs": []any{"chess", "golf"}, "points": json.Number("1234567890123456789"), "secret": nil, "tier": nil}
	got := w.tokens(w.browser(), w.web, "scope", "openid offline_access "+w.web.ClientID+"/.default")
	expect(t, "the ID token", exact(t, got["id_token"]), want)
	expect(t, "the access token", exact(t, got["access_token"]), want)
	if sub := claims(t, got["id_token"])["sub"]; sub == "somebody else" {
		t.Error("the extension said who somebody is")
	}

	asked := api.asked[0]
	if asked.Type != "microsoft.graph.authenticationEvent.tokenIssuanceStart" || asked.Data.ODataType != "microsoft.graph.onTokenIssuanceStartCalloutData" ||
		asked.Data.ListenerID != l.ID || asked.Data.ExtensionID != e.ID || asked.Data.TenantID != w.tenant.ID || asked.Data.Context.User.ID != w.user.ID ||
		asked.Data.Context.User.CompanyName != "Anna's Gardens" {
		t.Errorf("asked with %+v", asked)
	}
	if err := outbound.CheckSignature([]byte(e.NewSecret), api.header.Get(outbound.SignatureHeader), api.body, time.Now(), time.Minute); err != nil {
		t.Error(err)
	}
	bearer := claims(t, strings.TrimPrefix(api.header.Get("Authorization"), "Bearer "))
	for name, v := range map[string]any{"iss": w.issuer, "aud": strings.TrimPrefix(e.Resource, "api://127.0.0.1/"), "azp": extension.EventService, "appid": extension.EventService, "tid": w.tenant.ID} {
		if bearer[name] != v {
			t.Errorf("the bearer token says %s = %v, want %v", name, bearer[name], v)
		}
	}
	if r := w.userinfo(strings.TrimPrefix(api.header.Get("Authorization"), "Bearer ")); r.status != 401 {
		t.Errorf("the token of a call opens the userinfo endpoint: %d", r.status)
	}

	if err := w.store.FlushCalls(t.Context()); err != nil {
		t.Fatal(err)
	}
	if kept, err := w.tenant.Calls(t.Context(), models.CallQuery{}); err != nil || len(kept) != 1 || kept[0].SignInID == "" {
		t.Errorf("the call does not say which sign-in it belongs to: %+v %v", kept, err)
	}

	api.says(`{"tier":"platinum"}`)
	next := w.refresh(w.web, text(got["refresh_token"]))
	if next.status != 200 {
		t.Fatal(next.status, next.body)
	}
	expect(t, "after a refresh", exact(t, next.json(t)["id_token"]), map[string]any{"loyalty_tier": "platinum", "clubs": nil})

	before := api.calls()
	other := w.tokens(w.browser(), w.second, "scope", "openid")
	expect(t, "another app's ID token", exact(t, other["id_token"]), map[string]any{"loyalty_tier": nil})
	if r := w.tokenPost(w.web, url.Values{"grant_type": {"client_credentials"}, "scope": {w.base + "/.default"}}); r.status != 200 {
		t.Fatal(r.status, r.body)
	}
	if n := api.calls() - before; n != 1 {
		t.Errorf("asked %d times: once for the other app, never for an app alone", n)
	}
}

// TestClaimsExtensionFails: closed, a code is burnt and a refresh token kept; open, the claims are left out.
func TestClaimsExtensionFails(t *testing.T) {
	for _, tc := range []struct {
		name   string
		answer func(http.ResponseWriter)
		code   float64
	}{
		{"it says 500", func(w http.ResponseWriter) { w.WriteHeader(500) }, 1003002},
		{"it hangs", func(http.ResponseWriter) { <-time.After(3 * time.Second) }, 1003005},
		{"it answers nonsense", func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"data":1}`)
		}, 1003003},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			api, l, _ := w.claimsProvider("")
			api.says(`{"tier":"gold"}`)
			if err := w.claimsOf(w.web, provided("tier", "tier", false)); err != nil {
				t.Fatal(err)
			}
			first := w.tokens(w.browser(), w.web, "scope", "openid offline_access")

			api.does(tc.answer)
			code := w.browser().code(w.web, "scope", "openid offline_access")
			r := w.tokenPost(w.web, redemption(w.web, code))
			said := r.json(t)
			if r.status != 400 || said["error"] != openid.InvalidGrant || !reflect.DeepEqual(said["error_codes"], []any{tc.code}) {
				t.Fatalf("closed: %d %s", r.status, r.body)
			}
			kept := w.refresh(w.web, text(first["refresh_token"]))
			if kept.status != 503 || kept.json(t)["error"] != openid.TemporarilyUnavailable {
				t.Errorf("a refresh: %d %s", kept.status, kept.body)
			}
			api.says(`{"tier":"gold"}`)
			if again := w.tokenPost(w.web, redemption(w.web, code)); again.status != 400 {
				t.Errorf("the code works once more: %d %s", again.status, again.body)
			}
			if again := w.refresh(w.web, text(first["refresh_token"])); again.status != 200 {
				t.Errorf("the refresh token was used up: %d %s", again.status, again.body)
			}

			if err := w.store.FlushCalls(t.Context()); err != nil {
				t.Fatal(err)
			}
			calls, err := w.tenant.Calls(t.Context(), models.CallQuery{Failed: true})
			if err != nil || len(calls) != 2 || float64(calls[0].Code) != tc.code || calls[0].OnFailure != extension.Block {
				t.Errorf("recorded %+v %v", calls, err)
			}
			log, err := w.tenant.SignIns(t.Context(), models.SignInQuery{Limit: 10})
			if err != nil {
				t.Fatal(err)
			}
			found := 0
			for _, entry := range log.Items {
				if float64(entry.Outcome.Code) == tc.code && len(entry.Calls) == 1 && float64(entry.Calls[0].Code) == tc.code {
					found++
				}
			}
			if found != 2 {
				t.Errorf("%d entries of the log tell it, want the code's and the refresh's", found)
			}

			if _, err := w.tenant.UpdateListener(t.Context(), modelstest.Actor(), l.ID, func(l *extension.Listener) error { l.OnFailure = extension.Continue; return nil }); err != nil {
				t.Fatal(err)
			}
			api.does(tc.answer)
			open := w.tokens(w.browser(), w.web, "scope", "openid")
			expect(t, "open", exact(t, open["id_token"]), map[string]any{"tier": nil})
		})
	}
}
