package e2e

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"testing"
)

const googleSecret = "GOCSPX-the-secret-of-the-shop"

// newGoogle is Google's OpenID Connect as developers.google.com/identity/openid-connect/openid-connect describes it: found
// by its metadata, PKCE and nonce taken and given back, RS256, hd for accounts of an organisation.
func newGoogle(t *testing.T) *standIn {
	x, mux := newStandIn(t, "Google", "4711.apps.googleusercontent.example")
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, http.StatusOK, values{"issuer": "https://accounts.google.com", "authorization_endpoint": x.srv.URL + "/o/oauth2/v2/auth", "token_endpoint": x.srv.URL + "/token",
			"userinfo_endpoint": x.srv.URL + "/v1/userinfo", "jwks_uri": x.srv.URL + "/oauth2/v3/certs", "response_types_supported": []string{"code", "token", "id_token"},
			"id_token_signing_alg_values_supported": []string{"RS256"}, "token_endpoint_auth_methods_supported": []string{"client_secret_post", "client_secret_basic"}, "code_challenge_methods_supported": []string{"plain", "S256"}})
	})
	mux.HandleFunc("/oauth2/v3/certs", x.keys)
	mux.HandleFunc("/o/oauth2/v2/auth", x.googleAsks)
	mux.HandleFunc("POST /token", x.googleTells)
	return x
}

// isGoogle sets it up by the preset, with the metadata's address in place of Google's.
func (x *standIn) isGoogle(a *api) {
	x.joins(a, values{"@odata.type": "#microsoft.graph.socialIdentityProvider", "identityProviderType": "Google", "clientId": x.clientID, "clientSecret": googleSecret,
		"wellKnownEndpoint": x.srv.URL + "/.well-known/openid-configuration"}, values{})
}

func (x *standIn) googleAsks(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if !x.asked(w, r, "openid", "email", "profile") {
		return
	}
	if q.Get("nonce") == "" || q.Get("state") == "" || q.Get("code_challenge") == "" || q.Get("code_challenge_method") != "S256" {
		x.wrong(w, http.StatusBadRequest, "authorization request without state, nonce or PKCE: "+r.URL.RawQuery)
		return
	}
	if prompt := q.Get("prompt"); prompt != "" && prompt != "none" && prompt != "consent" && prompt != "select_account" {
		x.wrong(w, http.StatusBadRequest, "Google knows no prompt="+prompt)
		return
	}
	who, no := x.page(w, r)
	back := url.Values{"state": {q.Get("state")}}
	switch {
	case no:
		back.Set("error", "access_denied")
	case who != "":
		back.Set("code", x.grant(who, q))
		back.Set("scope", "email profile openid")
		back.Set("authuser", "0")
		back.Set("prompt", "consent")
	default:
		return
	}
	http.Redirect(w, r, x.redirect+"?"+back.Encode(), http.StatusFound)
}

func (x *standIn) googleTells(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	if r.PostForm.Get("client_secret") != googleSecret || r.PostForm.Get("grant_type") != "authorization_code" {
		x.wrong(w, http.StatusUnauthorized, "token request with another secret or grant")
		return
	}
	g, person, ok := x.redeem(w, r.PostForm)
	if !ok {
		return
	}
	if !fitsChallenge(r.PostForm.Get("code_verifier"), g.asked) {
		x.wrong(w, http.StatusBadRequest, "the code_verifier is not that of the request")
		return
	}
	access := "ya29." + rand.Text()
	c := values{"iss": "https://accounts.google.com", "azp": x.clientID, "aud": x.clientID, "nonce": g.asked.Get("nonce"), "picture": "https://lh3.googleusercontent.example/a/x=s96-c"}
	for name, v := range person {
		c[name] = v
	}
	answerJSON(w, http.StatusOK, values{"access_token": access, "expires_in": 3599, "scope": "openid https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/userinfo.profile",
		"token_type": "Bearer", "id_token": x.idToken(c, access)})
}

// googler is somebody who has a Google account.
func googler(n int, email, given, family string) values {
	return values{"sub": fmt.Sprintf("1%020d", n), "email": email, "email_verified": true, "name": given + " " + family, "given_name": given, "family_name": family}
}
