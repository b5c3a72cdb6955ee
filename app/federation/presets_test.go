package federation

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

func (co *company) says(more map[string]any) {
	co.claims = func(c map[string]any) {
		for k, v := range more {
			c[k] = v
		}
	}
}

func TestGoogle(t *testing.T) {
	co := newCompany(t)
	for _, c := range []struct {
		claims                  map[string]any
		verified, authoritative bool
	}{
		{map[string]any{"email": "ann@gmail.com"}, true, true},
		{map[string]any{"email": "ann@gmail.com", "email_verified": false}, false, false},
		{map[string]any{"email": "ann@corp.example", "hd": "corp.example"}, true, true},
		{map[string]any{"email": "ann@other.example", "hd": "corp.example"}, true, false},
		{map[string]any{"email": "ann@corp.example"}, true, false},
	} {
		co.says(c.claims)
		_, a, err := co.roundTrip(round{provider: co.preset(Google)})
		if err != nil || a.Identity.Issuer != "google.com" || a.Identity.EmailVerified != c.verified || a.Identity.Authoritative != c.authoritative {
			t.Errorf("%v: %v %+v", c.claims, err, a.Identity)
		}
	}
}

func TestApple(t *testing.T) {
	co := newCompany(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	co.says(map[string]any{"email": "x@privaterelay.appleid.com", "email_verified": "true", "name": nil, "given_name": nil, "family_name": nil})
	way, a, err := co.roundTrip(round{provider: co.preset(Apple), secrets: Secrets{Key: key}, values: url.Values{"user": {`{"name":{"firstName":"Ann","lastName":"Lee"},"email":"victim@icloud.com"}`}}})
	if err != nil {
		t.Fatal(err)
	}
	if id := a.Identity; id.Issuer != "apple.com" || id.Email != "x@privaterelay.appleid.com" || !id.Authoritative || fmt.Sprint(id.Attributes) != "map[displayName:Ann Lee givenName:Ann surname:Lee]" {
		t.Errorf("%+v", id)
	}
	if !strings.Contains(way.Redirect, "response_mode=form_post") {
		t.Error(way.Redirect)
	}
	secret, err := jwt.ParseSigned(co.form.Get("client_secret"), []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	var c jwt.Claims
	if err := secret.Claims(key.Public(), &c); err != nil || c.Issuer != "TEAM123456" || c.Subject != "client-1" || c.Audience[0] != appleIssuer || secret.Headers[0].KeyID != "KEY1234567" {
		t.Errorf("%v %+v", err, c)
	}
}

func TestMicrosoft(t *testing.T) {
	const corp = "11111111-2222-3333-4444-555555555555"
	for name, c := range map[string]struct {
		directory string
		claims    map[string]any
		verified  bool
		reason    string
	}{
		"an address is no proof":            {directory: "organizations", claims: map[string]any{"tid": corp, "email_verified": true}},
		"a domain that the directory owns":  {directory: "organizations", claims: map[string]any{"tid": corp, "xms_edov": "1"}, verified: true},
		"another directory's issuer":        {directory: "organizations", claims: map[string]any{"tid": corp, "iss": "$/99999999-2222-3333-4444-555555555555/v2.0"}, reason: "expected was"},
		"no directory":                      {directory: "organizations", claims: map[string]any{}, reason: "tid"},
		"a directory that is a path":        {directory: "organizations", claims: map[string]any{"tid": "../x"}, reason: "tid"},
		"a personal account at work":        {directory: "organizations", claims: map[string]any{"tid": consumersID}, reason: "personal account"},
		"a personal account, where welcome": {directory: "common", claims: map[string]any{"tid": consumersID}},
	} {
		t.Run(name, func(t *testing.T) {
			co := newCompany(t)
			p := co.preset(Microsoft)
			p.Directory, p.Issuer = c.directory, co.srv.URL+"/{tenantid}/v2.0"
			co.claims = func(m map[string]any) {
				m["iss"] = co.srv.URL + "/" + fmt.Sprint(c.claims["tid"]) + "/v2.0"
				for k, v := range c.claims {
					m[k] = v
				}
				m["iss"] = strings.Replace(m["iss"].(string), "$", co.srv.URL, 1)
			}
			_, a, err := co.roundTrip(round{provider: p})
			if c.reason != "" {
				refusalOf(t, err, Invalid, c.reason)
				return
			}
			if err != nil || a.Identity.EmailVerified != c.verified || a.Identity.Authoritative || !strings.HasPrefix(a.Identity.Issuer, co.srv.URL) {
				t.Errorf("%v %+v", err, a.Identity)
			}
		})
	}
}

func TestGitHubAndFacebook(t *testing.T) {
	co := newCompany(t)
	co.token = func(url.Values, *http.Request) (int, string) { return 200, `{"access_token":"at-1"}` }
	co.userinfo = map[string]any{"id": 42, "name": "Ann Lee", "email": "shown@evil.example", "email_verified": true}
	co.pages["/userinfo/emails"] = func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer at-1" {
			w.WriteHeader(401)
		}
		_, _ = w.Write([]byte(`[{"email":"old@x.example","verified":true},{"email":"ann@x.example","primary":true,"verified":true}]`))
	}
	_, a, err := co.roundTrip(round{provider: co.preset(GitHub)})
	if id := a.Identity; err != nil || id.Issuer != "github.com" || id.Subject != "42" || id.Email != "ann@x.example" || !id.EmailVerified || id.Authoritative {
		t.Errorf("%v %+v", err, id)
	}
	co.pages["/userinfo/emails"] = http.NotFound
	if _, a, err = co.roundTrip(round{provider: co.preset(GitHub)}); err != nil || a.Identity.Email != "" {
		t.Errorf("without its list: %v %+v", err, a.Identity)
	}
	co.userinfo = map[string]any{"id": "7", "name": "Ann Lee", "first_name": "Ann", "email": "ann@x.example"}
	_, a, err = co.roundTrip(round{provider: co.preset(Facebook), secrets: Secrets{Client: "app-secret"}})
	if id := a.Identity; err != nil || id.Issuer != "facebook.com" || id.Subject != "7" || id.Email != "ann@x.example" || id.EmailVerified {
		t.Errorf("%v %+v", err, id)
	}
	co.userinfo = map[string]any{"name": "Nobody"}
	for _, kind := range []Kind{GitHub, Facebook} {
		_, _, err = co.roundTrip(round{provider: co.preset(kind)})
		refusalOf(t, err, Invalid, "who it is about")
	}
}

func TestLinkedIn(t *testing.T) {
	co := newCompany(t)
	co.claims = func(c map[string]any) { delete(c, "nonce") }
	way, a, err := co.roundTrip(round{provider: co.preset(LinkedIn)})
	if err != nil || a.Identity.Issuer != "linkedin.com" || strings.Contains(way.Redirect, "code_challenge") || co.form.Has("code_verifier") {
		t.Errorf("%v %+v", err, a.Identity)
	}
	co.says(map[string]any{"nonce": "another"})
	_, _, err = co.roundTrip(round{provider: co.preset(LinkedIn)})
	refusalOf(t, err, Invalid, "nonce")
}

func FuzzAppleName(f *testing.F) {
	f.Add(`{"name":{"firstName":"Ann","lastName":"Lee"}}`)
	f.Fuzz(func(t *testing.T, s string) {
		c := claims{"sub": "s", "email": "a@b.example"}
		appleName(url.Values{"user": {s}}, c)
		if c["sub"] != "s" || c["email"] != "a@b.example" {
			t.Error("what is not signed changed who somebody is")
		}
	})
}

func FuzzIDToken(f *testing.F) {
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, s string) {
		tr := &trip{n: Net{Now: func() time.Time { return testNow }, Cache: &Cache{}}}
		tr.n.Cache.entries = map[string]*published{"keys  ": {value: []jose.JSONWebKey{}, read: testNow, tried: testNow}}
		if _, _, refusal := tr.signed(t.Context(), endpoints{}, s); refusal == nil {
			t.Error("a made-up token holds")
		}
	})
}
