package openid_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"portico/app/openid"
	"portico/models"
)

// The independent client: whole flows through go-oidc and x/oauth2 as any app would use them.
func TestGoOIDCSignsInRefreshesAndReadsUserInfo(t *testing.T) {
	w := newWorld(t)
	third := w.register("Third", "web", openid.Web, "https://third.example/cb", func(s *models.ApplicationSpec) { s.SigningAlg = openid.EdDSA })
	ctx := context.Background()
	provider, err := oidc.NewProvider(ctx, w.issuer)
	if err != nil {
		t.Fatal(err)
	}
	for _, style := range []struct {
		name string
		auth oauth2.AuthStyle
	}{{"basic", oauth2.AuthStyleInHeader}, {"post", oauth2.AuthStyleInParams}, {"auto", oauth2.AuthStyleAutoDetect}} {
		for _, app := range []registered{w.web, w.second, third, w.spa, w.native} {
			t.Run(style.name+" "+app.Name, func(t *testing.T) {
				endpoint := provider.Endpoint()
				endpoint.AuthStyle = style.auth
				if app.secret == "" {
					endpoint.AuthStyle = oauth2.AuthStyleInParams
				}
				cfg := oauth2.Config{ClientID: app.ClientID, ClientSecret: app.secret, Endpoint: endpoint, RedirectURL: app.redirect,
					Scopes: []string{"openid", "profile", "email", "offline_access"}}
				r := w.browser().get(cfg.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier), oidc.Nonce("n")))
				q := r.location().Query()
				if q.Get("iss") != w.issuer || q.Get("state") != "s" {
					t.Fatalf("answer: %s", r.header.Get("Location"))
				}
				tok, err := cfg.Exchange(ctx, q.Get("code"), oauth2.VerifierOption(verifier))
				if err != nil {
					t.Fatal(err)
				}
				raw, _ := tok.Extra("id_token").(string)
				id, err := provider.Verifier(&oidc.Config{ClientID: app.ClientID}).Verify(ctx, raw)
				if err != nil {
					t.Fatal(err)
				}
				if id.Nonce != "n" {
					t.Errorf("nonce %q", id.Nonce)
				}
				if err := id.VerifyAccessToken(tok.AccessToken); err != nil {
					t.Error(err)
				}
				info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(tok))
				if err != nil {
					t.Fatal(err)
				}
				if info.Subject != id.Subject || info.Email != "anna@example.com" || !info.EmailVerified {
					t.Errorf("userinfo %+v, id token subject %s", info, id.Subject)
				}
				old := tok.RefreshToken
				tok.AccessToken, tok.Expiry = "", tok.Expiry.Add(-1e13)
				fresh, err := cfg.TokenSource(ctx, tok).Token()
				if err != nil {
					t.Fatal(err)
				}
				if fresh.RefreshToken == old || fresh.RefreshToken == "" {
					t.Error("the refresh token did not rotate")
				}
			})
		}
	}
}

func TestClientCredentialsForTheManagementAPI(t *testing.T) {
	w := newWorld(t)
	cfg := clientcredentials.Config{ClientID: w.web.ClientID, ClientSecret: w.web.secret, TokenURL: w.url("/oauth2/v2.0/token"),
		Scopes: []string{w.base + "/.default"}}
	tok, err := cfg.Token(context.WithValue(context.Background(), oauth2.HTTPClient, http.DefaultClient))
	if err != nil {
		t.Fatal(err)
	}
	c := claims(t, tok.AccessToken)
	if c["aud"] != w.base || c["idtyp"] != "app" || c["oid"] == "" || header(t, tok.AccessToken)["typ"] != "at+jwt" {
		t.Errorf("claims %v", c)
	}
}
