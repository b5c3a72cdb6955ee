package graph_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"portico/app/access"
	"portico/app/factor"
	"portico/app/i18n"
	"portico/app/openid"
	"portico/app/signal"
	"portico/handlers"
	"portico/handlers/graph"
	door "portico/handlers/openid"
	"portico/models"
	"portico/models/modelstest"
)

// ruled are passwords under the default rules.
type ruled struct{ *factor.Hasher }

func (r ruled) Hash(ctx context.Context, _, password string, names ...string) (string, error) {
	if err := (factor.Rules{}).Check(password, names...); err != nil {
		return "", err
	}
	return r.Hasher.Hash(ctx, password)
}

// TestWithTheRealProvider fetches a token as a client would and uses it: the request stack, the token
// endpoint and the API together.
func TestWithTheRealProvider(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		bundle, err := i18n.Load()
		if err != nil {
			t.Fatal(err)
		}
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		base := "http://" + ln.Addr().String()
		at, _ := url.Parse(base)
		log := slog.New(slog.NewTextHandler(io.Discard, nil))
		web := &handlers.Web{Development: true, BaseURL: at, Bundle: bundle, Places: signal.OpenPlaces(""), Now: s.Clock.Now, Log: log}
		app := web.NewApp()
		provider := openid.New(openid.Options{Stores: s.Store, MAC: s.Sealer().MAC, Now: s.Clock.Now})
		protocol := &door.Handler{Provider: provider, Store: s.Store, BaseURL: base, Pages: door.PlainPages{}, CSRF: handlers.CSRF{Key: bytes.Repeat([]byte{3}, 32)}}
		api := graph.New(graph.API{Store: s.Store, Tokens: graph.ProviderTokens{Provider: provider, Realm: protocol.RealmKnowing}, BaseURL: base, Words: bundle.Match("en"), Bundle: bundle, Log: log,
			Passwords: ruled{factor.NewHasher(factor.Argon{MemoryKiB: 64, Time: 1, Threads: 1}, 1, 1)}})
		web.Rows = api.Routes()
		api.Mount(app)
		protocol.Mount(app)
		go func() { _ = app.Listener(ln) }()
		t.Cleanup(func() { _ = app.ShutdownWithTimeout(time.Second) })

		tenant, stranger := modelstest.MustTenant(t, s.Store, ""), modelstest.MustTenant(t, s.Store, "")
		client := modelstest.MustAppOf(t, tenant, models.Application{Name: "ci", Kind: models.DaemonApp, Enabled: true,
			Spec: models.ApplicationSpec{Permissions: []string{string(access.UserWrite)}}})
		secret, _, err := tenant.AddSecret(t.Context(), modelstest.Actor(), client.ID, "", time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		token := func(scope string) string {
			t.Helper()
			res, err := http.PostForm(base+"/"+tenant.ID+"/oauth2/v2.0/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {client.ClientID},
				"client_secret": {secret}, "scope": {scope}})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = res.Body.Close() }()
			var out struct {
				AccessToken string `json:"access_token"`
			}
			if err := json.NewDecoder(res.Body).Decode(&out); err != nil || out.AccessToken == "" {
				t.Fatalf("%s: %d %v", scope, res.StatusCode, err)
			}
			return out.AccessToken
		}
		call := func(method, path, bearer, body string) (int, string) {
			t.Helper()
			req, err := http.NewRequest(method, base+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+bearer)
			req.Header.Set("Origin", "https://elsewhere.example")
			if body != "" {
				req.Header.Set("Content-Type", "application/json")
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = res.Body.Close() }()
			b, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			return res.StatusCode, string(b)
		}
		want := func(status int, method, path, bearer, body string) string {
			t.Helper()
			got, text := call(method, path, bearer, body)
			if got != status {
				t.Errorf("%s %s: %d %s, want %d", method, path, got, text, status)
			}
			return text
		}
		good := token(base + "/.default")
		for _, scope := range []string{"https://graph.microsoft.com/.default", "00000003-0000-0000-c000-000000000000/.default"} {
			want(200, "GET", "/v1.0/users", token(scope), "")
		}
		want(200, "GET", "/v1.0/users", good, "")
		want(403, "GET", "/v1.0/applications", good, "")
		made := want(201, "POST", "/beta/users", good, `{"displayName":"Zoe","identities":[{"signInType":"emailAddress","issuer":"x","issuerAssignedId":"zoe@example.com"}],"passwordProfile":{"password":"quite a long phrase"}}`)
		var u struct{ ID string }
		if err := json.Unmarshal([]byte(made), &u); err != nil {
			t.Fatal(err)
		}
		hash, err := tenant.Password(t.Context(), u.ID)
		if err != nil || !strings.HasPrefix(hash, "$argon2id$") {
			t.Errorf("password kept as %q %v", hash, err)
		}
		if text := want(400, "PATCH", "/v1.0/users/"+u.ID, good, `{"passwordProfile":{"password":"short"}}`); !strings.Contains(text, "8") {
			t.Errorf("why the password was refused: %s", text)
		}

		// Everything that is not exactly such a token is refused.
		parts := strings.Split(good, ".")
		payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
		moved := base64.RawURLEncoding.EncodeToString(bytes.ReplaceAll(payload, []byte(tenant.ID), []byte(stranger.ID)))
		none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"at+jwt"}`))
		own := modelstest.MustAppOf(t, tenant, models.Application{Name: "api", Kind: models.WebApp, Enabled: true, Spec: models.ApplicationSpec{IdentifierURIs: []string{"api://own"}}})
		_ = own
		for name, bad := range map[string]string{"nothing": "", "text": "abc", "another tenant": parts[0] + "." + moved + "." + parts[2], "unsigned": none + "." + parts[1] + ".",
			"cut": good[:len(good)-4], "for another resource": token("api://own/.default")} {
			if status, text := call("GET", "/v1.0/users", bad, ""); status != 401 || !strings.Contains(text, "InvalidAuthenticationToken") {
				t.Errorf("%s: %d %s", name, status, text)
			}
		}
		s.Clock.Advance(2 * time.Hour)
		want(401, "GET", "/v1.0/users", good, "")
		fresh := token(base + "/.default")
		want(200, "GET", "/v1.0/users", fresh, "")
		if _, err := tenant.SetApplicationEnabled(t.Context(), modelstest.Actor(), client.ID, false); err != nil {
			t.Fatal(err)
		}
		want(401, "GET", "/v1.0/users", fresh, "")

		// The request stack's own refusals are error objects too.
		big := want(413, "POST", "/v1.0/users", fresh, `{"displayName":"`+strings.Repeat("x", 3<<20)+`"}`)
		if !strings.Contains(big, `"error"`) {
			t.Errorf("too large: %s", big)
		}
	})
}
