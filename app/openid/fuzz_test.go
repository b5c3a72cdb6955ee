package openid

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

// Whatever comes in, nobody is sent to an address that is not registered, and nothing panics.
func FuzzParseAuthorize(f *testing.F) {
	p, realm, client := testProvider(f)
	good := url.Values{"client_id": {testClient}, "redirect_uri": {"https://app.example/cb"}, "response_type": {"code"}, "scope": {"openid profile"},
		"code_challenge": {strings.Repeat("a", 43)}, "code_challenge_method": {"S256"}, "claims": {`{"id_token":{"email":null}}`}, "max_age": {"1"}}
	f.Add(good.Encode())
	f.Add("client_id=" + testClient + "&redirect_uri=http%3A%2F%2Flocalhost%3A1%2F&response_mode=form_post&claims=[1]")
	f.Add("client_id=%ff&redirect_uri=a&redirect_uri=b")
	f.Fuzz(func(t *testing.T, raw string) {
		r, err := p.ParseAuthorize(context.Background(), realm, ParseParams(raw))
		if r == nil {
			if err == nil {
				t.Fatal("neither a request nor an error")
			}
			return
		}
		if _, ok := client.Redirect(r.RedirectURI); !ok {
			t.Fatalf("would redirect to %q", r.RedirectURI)
		}
		if _, jsonErr := json.Marshal(r); jsonErr != nil {
			t.Fatal(jsonErr)
		}
		if err != nil {
			a := r.Deny(err)
			if a.Redirect != "" && !strings.HasPrefix(a.Redirect, r.RedirectURI) || a.Action != "" && a.Action != r.RedirectURI {
				t.Fatalf("the error goes to %+v", a)
			}
		}
	})
}

// Redirect URIs: a match is equal to a registered one, or differs in nothing but the port of a loopback URI.
func FuzzRedirect(f *testing.F) {
	for _, s := range []string{"http://localhost:1/cb", "http://localhost@evil/cb", "http://[::1]:2/cb", "http://localhost:%31/cb", "http://localhost:1\\cb"} {
		f.Add(s)
	}
	c := &Client{RedirectURIs: []RedirectURI{{"http://localhost/cb", Native}, {"https://app.example/cb", Web}}}
	f.Fuzz(func(t *testing.T, given string) {
		r, ok := c.Redirect(given)
		if !ok || given == "https://app.example/cb" {
			return
		}
		u, err := url.Parse(r.URI)
		if err != nil || u.Scheme != "http" || u.Hostname() != "localhost" || u.Path != "/cb" || u.RawQuery != "" || u.User != nil || u.Fragment != "" {
			t.Fatalf("%q matches", given)
		}
	})
}

// Token forms: an answer or an error that may go on the wire, never a panic, never a token without proof.
func FuzzToken(f *testing.F) {
	p, realm, _ := testProvider(f)
	f.Add("grant_type=client_credentials&client_id="+testClient+"&client_secret=wrong&scope=x", "")
	f.Add("grant_type=refresh_token&refresh_token=1.AAAA&client_id="+testClient, "")
	f.Add("grant_type=authorization_code&code=x", "Basic YTpi")
	f.Add("client_assertion=a.b.c&client_assertion_type="+url.QueryEscape(assertionType), "")
	f.Fuzz(func(t *testing.T, body, authorization string) {
		if strings.Contains(body, "secret=secret") {
			return
		}
		out, err := p.Token(context.Background(), realm, TokenRequest{Form: ParseParams(body), Authorization: authorization})
		if out != nil {
			t.Fatalf("a token for %q %q", body, authorization)
		}
		if err == nil && out == nil {
			t.Fatal("neither")
		}
		if err != nil {
			if s := err.Words(); !utf8.ValidString(s) || strings.ContainsAny(s, "\"\\\n\r") {
				t.Fatalf("description %q", s)
			}
			if !json.Valid(err.JSON(p.Now(), "t", "c")) {
				t.Fatal("not JSON")
			}
		}
	})
}

// JWTs of strangers: assertions, hints and access tokens.
func FuzzJWT(f *testing.F) {
	p, realm, client := testProvider(f)
	key, err := p.keys.signer(context.Background(), testTenant, ES256)
	if err != nil {
		f.Fatal(err)
	}
	good, err := key.sign(typAccess, accessClaims{Issuer: realm.Issuer, TenantID: testTenant, Expiry: 1})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, raw string) {
		ctx := context.Background()
		if _, err := p.VerifyAccess(ctx, realm, raw, ""); err == nil {
			t.Fatal("a token that we did not make")
		}
		if _, err := p.readHint(ctx, realm, raw); err == nil {
			t.Fatal("a hint that we did not make")
		}
		if err := p.checkAssertion(ctx, realm, client, raw); err == nil {
			t.Fatal("an assertion without a certificate")
		}
		_ = assertedID(raw)
		_, _ = Unverified(raw)
		if _, ok := p.openLoginHint(ctx, realm, raw); ok {
			t.Fatal("a login hint that we did not make")
		}
	})
}
