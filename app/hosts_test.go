package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"portico/app/audit"
)

// visitor is a browser and an app for whom every host name leads to the program under test.
func (s *sweep) visitor() *http.Client {
	s.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(s, err)
	s.server.app.Handler()
	go func() { _ = s.server.app.Server().Serve(ln) }()
	s.Cleanup(func() { ln.Close() })
	jar, err := cookiejar.New(nil)
	must(s, err)
	transport := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, ln.Addr().String())
	}}
	s.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Jar: jar, Transport: transport, Timeout: 2 * time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// come follows pages and forms until the browser is sent to the app, and gives that address.
func (s *sweep) come(v *http.Client, at string) *url.URL {
	s.Helper()
	ask := func(r *http.Response, err error) (*http.Response, string) {
		s.Helper()
		must(s, err)
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		must(s, err)
		return r, string(b)
	}
	for range 12 {
		r, page := ask(v.Get(at))
		if r.StatusCode == http.StatusOK {
			values := url.Values{"email": {"anna@example.com"}, "password": {password}}
			form, _, _ := strings.Cut(page, "data-passkey=")
			for _, part := range strings.Split(form, "<input")[1:] {
				if name := between(part, `name="`, `"`); name != "" && strings.Contains(part, `type="hidden"`) {
					values.Set(name, between(part, `value="`, `"`))
				}
			}
			q, err := http.NewRequest(http.MethodPost, at, strings.NewReader(values.Encode()))
			must(s, err)
			q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			q.Header.Set("Origin", r.Request.URL.Scheme+"://"+r.Request.URL.Host)
			q.Header.Set("Sec-Fetch-Site", "same-origin")
			r, page = ask(v.Do(q))
		}
		if r.StatusCode != http.StatusSeeOther && r.StatusCode != http.StatusFound {
			s.Fatalf("%s: %d %.600s", at, r.StatusCode, page)
		}
		to, err := r.Request.URL.Parse(r.Header.Get("Location"))
		must(s, err)
		if to.Host == "market.example" {
			return to
		}
		if to.Host != r.Request.URL.Host {
			s.Fatalf("%s leads to another host: %s", at, to)
		}
		at = to.String()
	}
	s.Fatal("it does not end")
	return nil
}

// A tenant at a host of its own: an issuer of its own there, the sign-in from beginning to end with go-oidc, and nothing of it
// counts anywhere else.
func TestAtAHostOfItsOwn(t *testing.T) {
	s := newSweep(t)
	v := s.visitor()
	ctx := oidc.ClientContext(t.Context(), v)
	const own, installation = "http://login.alpha.test:3000", "http://localhost:3000"
	issuer := own + "/" + s.a.ID + "/v2.0"
	provider, err := oidc.NewProvider(ctx, issuer)
	must(t, err)
	secret, _, err := s.a.AddSecret(ctx, audit.System("test"), s.a.app.ID, "of the test", time.Time{})
	must(t, err)
	app := oauth2.Config{ClientID: s.a.app.ClientID, ClientSecret: secret, Endpoint: provider.Endpoint(), RedirectURL: "https://market.example/cb",
		Scopes: []string{"openid", "email", "offline_access"}}
	if !strings.HasPrefix(app.Endpoint.AuthURL, own+"/") || !strings.HasPrefix(app.Endpoint.TokenURL, own+"/") {
		t.Errorf("endpoints elsewhere: %+v", app.Endpoint)
	}
	verifier := oauth2.GenerateVerifier()
	begin := func(at string) *url.URL {
		return s.come(v, strings.Replace(app.AuthCodeURL("state", oauth2.S256ChallengeOption(verifier)), own+"/"+s.a.ID, at, 1))
	}
	back := begin(own + "/" + s.a.ID)
	if back.Query().Get("iss") != issuer {
		t.Errorf("iss is %q", back.Query().Get("iss"))
	}
	elsewhere := app
	elsewhere.Endpoint.TokenURL = installation + "/" + s.a.ID + "/oauth2/v2.0/token"
	if _, err := elsewhere.Exchange(ctx, back.Query().Get("code"), oauth2.VerifierOption(verifier)); err == nil {
		t.Error("the installation's address takes a code of the other issuer")
	}
	tokens, err := app.Exchange(ctx, back.Query().Get("code"), oauth2.VerifierOption(verifier))
	must(t, err)
	raw, _ := tokens.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: app.ClientID}).Verify(ctx, raw)
	must(t, err)
	if id.Issuer != issuer {
		t.Errorf("the token says %q", id.Issuer)
	}
	if _, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens)); err != nil {
		t.Errorf("userinfo: %v", err)
	}
	home, err := oidc.NewProvider(ctx, installation+"/"+s.a.ID+"/v2.0")
	must(t, err)
	if _, err := home.UserInfo(ctx, oauth2.StaticTokenSource(tokens)); err == nil {
		t.Error("an access token counts at the other issuer")
	}
	if _, err := elsewhere.TokenSource(ctx, &oauth2.Token{RefreshToken: tokens.RefreshToken}).Token(); err == nil {
		t.Error("a refresh token counts at the other issuer")
	}
	if _, err := app.TokenSource(ctx, &oauth2.Token{RefreshToken: tokens.RefreshToken}).Token(); err != nil {
		t.Errorf("refresh: %v", err)
	}
	// The same person has the same sub at both, and signs in at each.
	back = s.come(v, strings.Replace(app.AuthCodeURL("state", oauth2.S256ChallengeOption(verifier)), own, installation, 1))
	there, err := elsewhere.Exchange(ctx, back.Query().Get("code"), oauth2.VerifierOption(verifier))
	must(t, err)
	raw, _ = there.Extra("id_token").(string)
	same, err := home.Verifier(&oidc.Config{ClientID: app.ClientID}).Verify(ctx, raw)
	must(t, err)
	if same.Subject != id.Subject {
		t.Errorf("sub depends on the host: %s, %s", id.Subject, same.Subject)
	}

	for _, c := range []struct {
		target string
		want   int
		says   string
	}{
		{own + "/v2.0/.well-known/openid-configuration", 200, issuer},
		{own + "/.well-known/openid-configuration", 200, issuer},
		{own + "/alpha/v2.0/.well-known/openid-configuration", 200, issuer},
		{own + "/" + strings.ToUpper(s.a.ID) + "/v2.0/.well-known/openid-configuration", 200, issuer},
		{"http://LOGIN.alpha.TEST.:3000/alpha/v2.0/.well-known/openid-configuration", 200, issuer},
		{"http://login.alpha.test:444/alpha/v2.0/.well-known/openid-configuration", 200, issuer},
		{own + "/discovery/v2.0/keys", 200, `"kty"`},
		{own + "/alpha/discovery/v2.0/keys", 200, `"kty"`},
		{own + "/bravo/v2.0/.well-known/openid-configuration", 404, ""},
		{own + "/" + s.b.ID + "/v2.0/.well-known/openid-configuration", 404, ""},
		{own + "/workforce/v2.0/.well-known/openid-configuration", 404, ""},
		{own + "/admin", 404, ""},
		{own + "/admin/sign-in", 404, ""},
		{own + "/demo", 404, ""},
		{own + "/dev/mailbox", 404, ""},
		{own + "/robots.txt", 200, "Disallow"},
		{own + "/healthz", 200, "ok"},
		{"http://login.alpha.test.evil.example/alpha/v2.0/.well-known/openid-configuration", 404, ""},
		{"http://unknown.example/alpha/v2.0/.well-known/openid-configuration", 404, ""},
		{"http://unknown.example/", 404, ""},
		{"http://unknown.example/admin", 404, ""},
		{"http://unknown.example/healthz", 200, "ok"},
		{"http://203.0.113.7/alpha/v2.0/.well-known/openid-configuration", 404, ""},
		{"http://[2001:db8::1]:3000/alpha/v2.0/.well-known/openid-configuration", 404, ""},
		{installation + "/alpha/v2.0/.well-known/openid-configuration", 200, installation + "/" + s.a.ID + "/v2.0"},
	} {
		status, text := get(t, v, c.target)
		if status != c.want || !strings.Contains(text, c.says) || status == 404 && (strings.Contains(text, "login.alpha") || strings.Contains(text, "unknown.example")) {
			t.Errorf("%s: %d %.300s", c.target, status, text)
		}
	}
	for _, c := range []struct{ host, header, value, says string }{ // Host alone decides, whatever a proxy that nobody trusts adds
		{"localhost:3000", "X-Forwarded-Host", "login.alpha.test", `"` + installation + "/"},
		{"localhost:3000", "X-Original-Host", "login.alpha.test", `"` + installation + "/"},
		{"localhost:3000", "Forwarded", "host=login.alpha.test;proto=https", `"` + installation + "/"},
		{"login.alpha.test:3000", "X-Forwarded-Host", "evil.example", `"` + issuer},
		{"login.alpha.test:3000", "X-Forwarded-Host", "login.bravo.test", `"` + issuer},
		{"login.alpha.test:3000", "X-Forwarded-Proto", "https", `"` + issuer},
		{"unknown.example", "X-Forwarded-Host", "login.alpha.test", "HTTP/1.1 404"},
	} {
		conn, err := v.Transport.(*http.Transport).DialContext(t.Context(), "tcp", "")
		must(t, err)
		_, err = io.WriteString(conn, "GET /alpha/v2.0/.well-known/openid-configuration HTTP/1.1\r\nHost: "+c.host+"\r\n"+c.header+": "+c.value+"\r\nConnection: close\r\n\r\n")
		must(t, err)
		answer, _ := io.ReadAll(conn)
		conn.Close()
		if text := string(answer); !strings.Contains(text, c.says) || strings.Contains(text, "evil.example") || strings.Contains(text, "login.bravo.test") {
			t.Errorf("Host %s, %s: %s: %.300s", c.host, c.header, c.value, answer)
		}
	}
	status, _ := get(t, v, own+"/")
	if status != http.StatusOK && status != http.StatusSeeOther {
		t.Errorf("the root: %d", status)
	}
	for _, host := range []string{"login.alpha.test@evil.example", "evil.example/login.alpha.test", "login.alpha.test:80:80", "login.alpha.test:x", "login alpha.test", "..", "login..alpha.test", strings.Repeat("a.", 200) + "test"} {
		c, err := v.Transport.(*http.Transport).DialContext(t.Context(), "tcp", "")
		must(t, err)
		_, err = io.WriteString(c, "GET /alpha/v2.0/.well-known/openid-configuration HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n")
		must(t, err)
		answer, _ := io.ReadAll(c)
		c.Close()
		if !strings.HasPrefix(string(answer), "HTTP/1.1 4") || strings.Contains(string(answer), host) {
			t.Errorf("Host %q: %.200s", host, answer)
		}
	}

	// The host goes, and with it all that was given out there; nothing else does.
	claims, err := s.a.CustomDomains(t.Context())
	must(t, err)
	must(t, s.a.RemoveCustomDomain(t.Context(), audit.System("test"), claims[0].ID))
	for _, path := range []string{"/v2.0/.well-known/openid-configuration", "/alpha/v2.0/.well-known/openid-configuration", "/" + s.a.ID + "/discovery/v2.0/keys", "/"} {
		if status, text := get(t, v, own+path); status != http.StatusNotFound || strings.Contains(text, "login.alpha") {
			t.Errorf("after the end %s: %d %.200s", path, status, text)
		}
	}
	if _, err := home.UserInfo(ctx, oauth2.StaticTokenSource(there)); err != nil {
		t.Errorf("at the installation's address: %v", err)
	}
	if _, err := home.UserInfo(ctx, oauth2.StaticTokenSource(tokens)); err == nil {
		t.Error("a token of the host that is gone counts elsewhere")
	}
}
