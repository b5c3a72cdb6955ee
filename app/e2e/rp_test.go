package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// party is a relying party written out by hand: what a test wants to send, it sends.
type party struct {
	t        testing.TB
	base     string
	tenant   string
	clientID string
	secret   string
	redirect string
	verifier string
}

// market is the public sample application, learnt from where it sends browsers to. The test takes the
// place of its callback.
func market(t testing.TB, s *server) party { return sample(t, s, "market") }

func sample(t testing.TB, s *server, app string) party {
	t.Helper()
	client := s.client(t)
	res, err := client.Get(s.base + "/demo/" + app + "/signin")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	to, err := url.Parse(res.Header.Get("Location"))
	if err != nil || to.Query().Get("client_id") == "" {
		t.Fatalf("%s sends browsers to %q", app, res.Header.Get("Location"))
	}
	return party{t: t, base: s.base, tenant: strings.Split(strings.Trim(to.Path, "/"), "/")[0], clientID: to.Query().Get("client_id"),
		redirect: to.Query().Get("redirect_uri"), verifier: "a-verifier-that-is-long-enough-for-rfc7636-section-4-1"}
}

// authorize is the address of a sign-in; more are further parameters.
func (p party) authorize(more ...string) string {
	sum := sha256.Sum256([]byte(p.verifier))
	q := url.Values{"client_id": {p.clientID}, "redirect_uri": {p.redirect}, "response_type": {"code"}, "scope": {"openid profile email offline_access"},
		"state": {"state"}, "nonce": {"nonce"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}}
	for _, m := range more {
		name, value, _ := strings.Cut(m, "=")
		q.Set(name, value)
	}
	return p.base + "/" + p.tenant + "/oauth2/v2.0/authorize?" + q.Encode()
}

// code reads the authorization code out of the address that a sign-in left for.
func (p party) code(left string) string {
	p.t.Helper()
	u, err := url.Parse(left)
	if err != nil || u.Query().Get("code") == "" || u.Query().Get("state") != "state" {
		p.t.Fatalf("the sign-in ended at %s", left)
	}
	return u.Query().Get("code")
}

// answer is what the token endpoint says.
type answer struct {
	Status       int    `json:"-"`
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	IDToken      string `json:"id_token"`
	Error        string `json:"error"`
	Description  string `json:"error_description"`
}

func (p party) redeem(client *http.Client, code string) (answer, error) {
	return p.token(client, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {p.redirect}, "code_verifier": {p.verifier}})
}

func (p party) refresh(client *http.Client, token string) (answer, error) {
	return p.token(client, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
}

func (p party) token(client *http.Client, form url.Values) (answer, error) {
	form.Set("client_id", p.clientID)
	if p.secret != "" {
		form.Set("client_secret", p.secret)
	}
	r, err := http.NewRequest(http.MethodPost, p.base+"/"+p.tenant+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if p.secret == "" {
		r.Header.Set("Origin", p.base)
	}
	res, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	a := answer{Status: res.StatusCode}
	if err := json.NewDecoder(res.Body).Decode(&a); err != nil {
		return a, fmt.Errorf("the token endpoint answers %d: %w", res.StatusCode, err)
	}
	return a, nil
}

// userinfo asks with an access token and gives the status and the claims.
func (p party) userinfo(client *http.Client, token string) (int, values) {
	p.t.Helper()
	r, err := http.NewRequest(http.MethodGet, p.base+"/"+p.tenant+"/openid/userinfo", nil)
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := client.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var v values
	_ = json.NewDecoder(res.Body).Decode(&v)
	return res.StatusCode, v
}

// claims reads a JWT's claims without checking it.
func claims(t testing.TB, jwt string) values {
	t.Helper()
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		t.Fatalf("no JWT: %.60s", jwt)
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var v values
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// api is a client of the management API, made on the command line.
type api struct {
	t      testing.TB
	s      *server
	client *http.Client
	token  string
	ID     string `json:"client_id"`
	Secret string `json:"client_secret"`
	Token  string `json:"token_endpoint"`
	Scope  string `json:"scope"`
}

func newAPI(t testing.TB, s *server, args ...string) *api {
	t.Helper()
	a := &api{t: t, s: s, client: s.client(t)}
	out := s.command(append([]string{"api-client", "create", "--tenant", "fernhill", "--name", "e2e"}, args...)...)
	if err := json.Unmarshal([]byte(out), a); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	res, err := a.client.PostForm(a.Token, url.Values{"grant_type": {"client_credentials"}, "client_id": {a.ID}, "client_secret": {a.Secret}, "scope": {a.Scope}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var got answer
	if err := json.NewDecoder(res.Body).Decode(&got); err != nil || got.AccessToken == "" {
		t.Fatalf("client credentials: %d %v %s", res.StatusCode, err, got.Description)
	}
	a.token = got.AccessToken
	return a
}

// call does one request and fails the test unless the status is 2xx.
func (a *api) call(method, path string, body any) values {
	a.t.Helper()
	status, v := a.try(method, path, body)
	if status < 200 || status > 299 {
		a.t.Fatalf("%s %s answers %d: %v", method, path, status, v)
	}
	return v
}

func (a *api) try(method, path string, body any) (int, values) {
	a.t.Helper()
	var b bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&b).Encode(body); err != nil {
			a.t.Fatal(err)
		}
	}
	r, err := http.NewRequest(method, a.s.base+path, &b)
	if err != nil {
		a.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+a.token)
	r.Header.Set("Content-Type", "application/json")
	res, err := a.client.Do(r)
	if err != nil {
		a.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var v values
	_ = json.NewDecoder(res.Body).Decode(&v)
	return res.StatusCode, v
}

// register makes an application with a secret and puts it into the user flow of the market.
func (a *api) register(name, redirect string, confidential bool) party {
	a.t.Helper()
	app := values{"displayName": name}
	if confidential {
		app["web"] = values{"redirectUris": []string{redirect}}
	} else {
		app["publicClient"] = values{"redirectUris": []string{redirect}}
	}
	made := a.call(http.MethodPost, "/v1.0/applications", app)
	p := party{t: a.t, base: a.s.base, tenant: "fernhill", clientID: made["appId"].(string), redirect: redirect,
		verifier: "a-verifier-that-is-long-enough-for-rfc7636-section-4-1"}
	if confidential {
		got := a.call(http.MethodPost, "/v1.0/applications/"+made["id"].(string)+"/addPassword", values{"passwordCredential": values{"displayName": "e2e"}})
		p.secret = got["secretText"].(string)
	}
	for _, f := range a.call(http.MethodGet, "/v1.0/identity/authenticationEventsFlows", nil)["value"].([]any) {
		flow := f.(values)
		if flow["displayName"] == "Shop and car" {
			a.call(http.MethodPost, "/v1.0/identity/authenticationEventsFlows/"+flow["id"].(string)+"/conditions/applications/includeApplications", values{"appId": p.clientID})
		}
	}
	return p
}

// tenantID is the id behind the slug, from discovery.
func (p party) tenantID() string {
	p.t.Helper()
	res, err := (&http.Client{Transport: insecure()}).Get(p.base + "/fernhill/v2.0/.well-known/openid-configuration")
	_, body := read(p.t, res, err)
	var doc struct{ Issuer string }
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		p.t.Fatal(err)
	}
	u, err := url.Parse(doc.Issuer)
	if err != nil {
		p.t.Fatal(err)
	}
	return strings.Split(strings.Trim(u.Path, "/"), "/")[0]
}
