package openid

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParams(t *testing.T) {
	for _, c := range []struct {
		raw  string
		name string
		want string
		bad  bool
	}{
		{"a=1&b=2", "a", "1", false},
		{"a=1+2%20%2B", "a", "1 2 +", false},
		{"a=&b=2", "a", "", false},
		{"a", "a", "", false},
		{"a=1&a=1", "a", "", true},
		{"a=%zz", "a", "", true},
		{"a=%ff", "a", "", true},
		{"a=%00", "a", "", true},
		{"a=" + strings.Repeat("x", maxValue+1), "a", "", true},
		{"a=" + strings.Repeat("x", MaxRequest), "a", "", true},
		{strings.Repeat("x=1&", 101), "x", "", true},
		{"b=%ff&a=1", "a", "1", false},
		{"&&a=1&", "a", "1", false},
		{"%ff=1&a=1", "a", "1", false},
	} {
		p := ParseParams(c.raw)
		if got := p.Get(c.name); got != c.want {
			t.Errorf("%.40q: %q, want %q", c.raw, got, c.want)
		}
		if (p.Bad(c.name) != nil) != c.bad {
			t.Errorf("%.40q: bad is %v", c.raw, p.Bad(c.name))
		}
	}
	p := ParseParams("secret=hush&code=x")
	if s := p.LogValue().String(); strings.Contains(s, "hush") {
		t.Error("a log would show ", s)
	}
}

// RFC 8252 §7.3: the port of a loopback URI is free; nothing else ever is.
func TestRedirectMatch(t *testing.T) {
	for _, c := range []struct {
		registered string
		platform   Platform
		given      string
		ok         bool
	}{
		{"https://app.example/cb", Web, "https://app.example/cb", true},
		{"https://app.example/cb", Web, "https://app.example/cb/", false},
		{"https://app.example/cb", Web, "https://app.example/cb?a", false},
		{"https://app.example/cb", Web, "https://app.example:443/cb", false},
		{"https://app.example/cb", Web, "https://app.example/CB", false},
		{"https://app.example/cb", Native, "https://app.example:8443/cb", false},
		{"https://localhost/cb", Native, "https://localhost:8443/cb", false},
		{"http://localhost", Native, "http://localhost", true},
		{"http://localhost", Native, "http://localhost/", true},
		{"http://localhost", Native, "http://localhost:3000", true},
		{"http://localhost", Web, "http://localhost:3000", true},
		{"http://localhost:8080", Web, "http://localhost:3000", false},
		{"http://localhost:8080", SPA, "http://localhost:3000", false},
		{"http://localhost:8080/cb", Native, "http://localhost:3000/cb", true},
		{"http://localhost/cb", Native, "http://localhost:3000/cbx", false},
		{"http://localhost/cb", Native, "http://localhost:3000/cb?x=1", false},
		{"http://localhost/cb?x=1", Native, "http://localhost:3000/cb?x=1", true},
		{"http://localhost/cb", Native, "http://localhost:3000/cb#f", false},
		{"http://localhost/cb", Native, "http://localhost:3000/%63b", false},
		{"http://127.0.0.1/cb", Native, "http://127.0.0.1:9/cb", true},
		{"http://127.0.0.1/cb", Native, "http://127.0.0.2:9/cb", false},
		{"http://[::1]/cb", Native, "http://[::1]:9/cb", true},
		{"http://127.0.0.1/cb", Native, "http://localhost:9/cb", false},
		{"http://localhost/cb", Native, "http://localhost.evil.example/cb", false},
		{"http://localhost/cb", Native, "http://localhost:80@evil.example/cb", false},
		{"http://localhost/cb", Native, "http://localhost\\@evil.example/cb", false},
		{"http://localhost/cb", Native, "http://evil.example/cb", false},
		{"com.example.app:/cb", Native, "com.example.app:/cb", true},
		{"com.example.app:/cb", Native, "com.example.app:/cb2", false},
	} {
		client := &Client{RedirectURIs: []RedirectURI{{c.registered, c.platform}}}
		got, ok := client.Redirect(c.given)
		if ok != c.ok {
			t.Errorf("%s (%s) against %s: %v", c.registered, c.platform, c.given, ok)
		}
		if ok && (got.URI != c.given || got.Platform != c.platform) {
			t.Errorf("%s: %+v", c.given, got)
		}
	}
}

func TestAnswer(t *testing.T) {
	fields := [][2]string{{"code", "a b"}, {"state", ""}, {"iss", "https://x"}}
	for _, c := range []struct{ mode, uri, want string }{
		{ModeQuery, "https://a/cb", "https://a/cb?code=a+b&iss=https%3A%2F%2Fx"},
		{ModeQuery, "https://a/cb?x=1", "https://a/cb?x=1&code=a+b&iss=https%3A%2F%2Fx"},
		{ModeQuery, "https://a/cb?", "https://a/cb?code=a+b&iss=https%3A%2F%2Fx"},
		{ModeFragment, "https://a/cb?x=1", "https://a/cb?x=1#code=a+b&iss=https%3A%2F%2Fx"},
		{ModeQuery, "app:/cb", "app:/cb?code=a+b&iss=https%3A%2F%2Fx"},
	} {
		if got := answer(c.mode, c.uri, fields).Redirect; got != c.want {
			t.Errorf("%s %s: %s", c.mode, c.uri, got)
		}
	}
}

// The words that MSAL searches for stand in no other error's description.
func TestForbiddenWords(t *testing.T) {
	for _, w := range unsaid() {
		e := refuse(InvalidScope, 1, `The scope "`+w+"\\\x01é\" does not exist.")
		if s := e.Words(); strings.Contains(s, w) || strings.ContainsAny(s, "\"\\\x01é") {
			t.Errorf("%s", s)
		}
		e.Code = w
		if s := e.Words(); !strings.Contains(s, w) {
			t.Errorf("its own error may say it: %s", s)
		}
	}
}

func TestNarrow(t *testing.T) {
	plain, asking := &Client{}, &Client{AskConsent: true}
	for _, c := range []struct {
		name           string
		client         *Client
		granted, asked string
		answer, grant  string
		bad            bool
	}{
		{"nothing asked", plain, "openid a", "", "openid a", "openid a", false},
		{"narrower", plain, "openid email a", "openid", "openid", "openid email a", false},
		{"as sent", plain, "openid api://X/Read", "API://x/READ", "API://x/READ", "openid api://X/Read", false},
		{"OpenID scopes first here", plain, "a", "a openid profile offline_access email", "a openid profile offline_access email", "a openid profile offline_access email", false},
		{"the harmless ones though people are asked", asking, "a", "a openid profile offline_access", "a openid profile offline_access", "a openid profile offline_access", false},
		{"but not their address", asking, "a", "a email", "", "", true},
		{"wider", plain, "openid", "openid b", "", "", true},
	} {
		answer, grant, bad := narrow(c.client, strings.Fields(c.granted), strings.Fields(c.asked))
		if (bad != nil) != c.bad || bad == nil && (strings.Join(answer, " ") != c.answer || strings.Join(grant, " ") != c.grant) {
			t.Errorf("%s: %v %v %v", c.name, answer, grant, bad)
		}
	}
}

func TestRefreshTokenForm(t *testing.T) {
	const grant = "01a1ffe0-dca5-7db8-a7a7-120c8d7d0423"
	a, err := newRefreshToken(testMAC, grant)
	if err != nil {
		t.Fatal(err)
	}
	read, ok := readRefreshToken(testMAC, a.text)
	if !ok || !read.ours || read.grantID != grant || !slices.Equal(read.hash, a.hash) {
		t.Fatalf("%+v", read)
	}
	s1, _ := a.successor(testMAC)
	s2, _ := read.successor(testMAC)
	if s1.text != s2.text || s1.text == a.text {
		t.Error("the successor is not determined by the token")
	}
	other := func(p string, d []byte) []byte { return testMAC("other "+p, d) }
	if r, ok := readRefreshToken(other, a.text); !ok || r.ours || !slices.Equal(r.hash, a.hash) {
		t.Error("after the installation's secret changed, a valid token must still be found by its hash")
	}
	for _, bad := range []string{"", "1.", "2." + a.text[2:], a.text + "A", a.text[:len(a.text)-1], a.text[:20] + "!" + a.text[21:]} {
		if r, ok := readRefreshToken(testMAC, bad); ok && r.ours {
			t.Errorf("%q was taken for ours", bad)
		}
	}
}

func TestVerifier(t *testing.T) {
	const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" // RFC 7636 appendix B
	for _, c := range []struct {
		challenge, verifier string
		want                bool
	}{{challenge, verifier, true}, {challenge, verifier + "x", false}, {challenge, "", false}, {challenge, "short", false},
		{"", "", true}, {"", verifier, false}, {challenge, challenge, false}} {
		if verifierFits(c.challenge, c.verifier) != c.want {
			t.Errorf("%q %q", c.challenge, c.verifier)
		}
	}
}

func TestBasic(t *testing.T) {
	for _, c := range []struct {
		encoded, id, secret string
		ok                  bool
	}{
		{"YTpi", "a", "b", true},
		{"YSUyMGI6YyUzQWQ=", "a b", "c:d", true},
		{"YTo=", "a", "", true},
		{"YQ==", "", "", false},
		{"OmI=", "", "b", false},
		{"!", "", "", false},
		{"YTolenp6", "a", "", false},
	} {
		id, secret, ok := basic(c.encoded)
		if ok != c.ok || ok && (id != c.id || secret != c.secret) {
			t.Errorf("%s: %q %q %v", c.encoded, id, secret, ok)
		}
	}
}

// One function answers for every state; the order says what people are told when several apply.
func TestStandingRefusal(t *testing.T) {
	for _, c := range []struct {
		name     string
		s        Standing
		code     string
		suberror string
	}{
		{"all well", Standing{}, "", ""},
		{"tenant", Standing{TenantDisabled: true, UserDisabled: true}, UnauthorizedClient, ""},
		{"app gone", Standing{ClientGone: true}, InvalidClient, ""},
		{"app off", Standing{ClientDisabled: true, GrantRevoked: true}, UnauthorizedClient, ""},
		{"user gone", Standing{UserGone: true}, InvalidGrant, SubBadToken},
		{"user off", Standing{UserDisabled: true}, InvalidGrant, SubBadToken},
		{"consent", Standing{ConsentGone: true, GrantRevoked: true}, InvalidGrant, SubConsentRequired},
		{"grant", Standing{GrantRevoked: true}, InvalidGrant, SubBadToken},
		{"session", Standing{SessionRevoked: true}, InvalidGrant, SubBadToken},
		{"too early", Standing{ProvenTooEarly: true}, InvalidGrant, SubBadToken},
	} {
		e := c.s.Refusal(Web)
		if c.code == "" {
			if e != nil {
				t.Errorf("%s: %v", c.name, e)
			}
			continue
		}
		if e == nil || e.Code != c.code || e.Suberror != c.suberror {
			t.Errorf("%s: %v", c.name, e)
		}
		if spa := c.s.Refusal(SPA); spa.Suberror == SubBadToken {
			t.Errorf("%s: a SPA is told bad_token", c.name)
		}
	}
}

func TestAudience(t *testing.T) {
	_, r, _ := testProvider(t)
	for aud, want := range map[string]bool{
		testBase + "/" + testTenant + "/v2.0":                               true,
		testBase + "/" + testTenant + "/oauth2/v2.0/token":                  true,
		testBase + "/fernhill/oauth2/v2.0/token":                            true,
		testBase + "/" + strings.ToUpper(testTenant) + "/oauth2/v2.0/token": true,
		testBase + "/other/oauth2/v2.0/token":                               false,
		testBase + "/fernhill2/oauth2/v2.0/token":                           false,
		"https://evil.example/fernhill/oauth2/v2.0/token":                   false,
		"": false,
	} {
		if r.isAudience(aud) != want {
			t.Error(aud)
		}
	}
}

func TestPrompts(t *testing.T) {
	p, realm, _ := testProvider(t)
	for prompt, ok := range map[string]bool{"": true, "none": true, "login": true, "login consent": true, "select_account create": true,
		"none login": false, "nonsense": false} {
		q := url.Values{"client_id": {testClient}, "redirect_uri": {"https://app.example/cb"}, "response_type": {"code"}, "scope": {"openid"},
			"code_challenge": {strings.Repeat("a", 43)}, "code_challenge_method": {"S256"}, "prompt": {prompt}}
		_, err := p.ParseAuthorize(t.Context(), realm, ParseParams(q.Encode()))
		if (err == nil) != ok {
			t.Errorf("%q: %v", prompt, err)
		}
	}
}

func TestSPALifetime(t *testing.T) {
	day := 24 * time.Hour
	for _, c := range []struct {
		client   Client
		platform Platform
		want     time.Duration
	}{
		{Client{Kind: "web"}, Web, 90 * day},
		{Client{Kind: "web", RefreshIdle: 30 * day}, Web, 30 * day},
		{Client{Kind: "web", RefreshIdle: 90 * day}, SPA, day},
		{Client{Kind: "spa"}, SPA, day},
		{Client{Kind: "spa", RefreshIdle: 7 * day}, SPA, 7 * day}, // an admin's choice (F023)
		{Client{Kind: "spa", RefreshIdle: time.Hour}, SPA, time.Hour},
	} {
		if got := c.client.refreshLifetime(c.platform); got != c.want {
			t.Errorf("%s %s: %v", c.client.Kind, c.platform, got)
		}
	}
}
