package demo

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"golang.org/x/oauth2"

	"portico/app/fault"
	"portico/handlers"
	view "portico/views/demo"
)

// passed lists the parameters of the authorization request that a tester may set in the address.
func passed() []string {
	return []string{"prompt", "max_age", "login_hint", "ui_locales", "acr_values", "response_mode"}
}

// signIn sends the browser to the provider (OpenID Connect Core 3.1.2.1, PKCE by RFC 7636).
func (s *Site) signIn(c *fiber.Ctx, a app) error {
	ctx := handlers.Context(c)
	p, err := s.provider(ctx, a)
	if err != nil {
		return s.trouble(c, a, err)
	}
	v, _, err := s.visit(ctx, c, a)
	if err != nil {
		return err
	}
	v.Pending = &pending{State: s.random(18), Nonce: s.random(18), Verifier: s.random(32), Correlation: s.correlation(), At: s.Now().UTC()}
	options := []oauth2.AuthCodeOption{oidc.Nonce(v.Pending.Nonce), oauth2.S256ChallengeOption(v.Pending.Verifier),
		oauth2.SetAuthURLParam("client-request-id", v.Pending.Correlation)}
	for _, name := range passed() {
		if value := c.Query(name); value != "" && !(name == "response_mode" && value != "query") {
			options = append(options, oauth2.SetAuthURLParam(name, value))
		}
	}
	if err := s.save(c, a, v); err != nil {
		return err
	}
	return c.Redirect(p.config.AuthCodeURL(v.Pending.State, options...), fiber.StatusSeeOther)
}

// correlation names this sign-in, so that its record can be found again.
func (s *Site) correlation() string {
	var b [16]byte
	s.Random(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return uuid.UUID(b).String()
}

// callback takes the answer: state first, then the issuer (RFC 9207), then the code for tokens.
func (s *Site) callback(c *fiber.Ctx, a app) error {
	ctx := handlers.Context(c)
	p, err := s.provider(ctx, a)
	if err != nil {
		return s.trouble(c, a, err)
	}
	v, ok, err := s.visit(ctx, c, a)
	if err != nil {
		return err
	}
	if !ok || v.Pending == nil || c.Query("state") != v.Pending.State {
		return s.refused(c, a, "This answer belongs to no sign-in of this browser",
			"It may be an old tab. Nothing was accepted; start again.", "")
	}
	asked := *v.Pending
	v.Pending = nil
	if iss := c.Query("iss"); iss != "" && iss != p.client.Issuer {
		return s.refused(c, a, "The answer came from another provider", "The app expected "+p.client.Issuer+" and got "+iss+".", "")
	}
	if code := c.Query("error"); code != "" {
		if err := s.save(c, a, v); err != nil {
			return err
		}
		return s.refused(c, a, explainError(code), c.Query("error_description"), asked.Correlation)
	}
	token, err := p.config.Exchange(s.httpContext(ctx, p), c.Query("code"), oauth2.VerifierOption(asked.Verifier))
	if err != nil {
		return s.trouble(c, a, err)
	}
	if err := s.accept(ctx, p, &v, token, asked.Nonce); err != nil {
		return s.trouble(c, a, err)
	}
	v.Correlation, v.Refreshed, v.UserInfo = asked.Correlation, 0, nil
	if err := s.renew(ctx, a, &v); err != nil {
		return err
	}
	if err := s.save(c, a, v); err != nil {
		return err
	}
	return c.Redirect("/demo/"+a.slug, fiber.StatusSeeOther)
}

// accept verifies the ID token and keeps the tokens. Nonce "" is a refresh, where none is expected.
func (s *Site) accept(ctx context.Context, p *provider, v *visit, token *oauth2.Token, nonce string) error {
	raw, _ := token.Extra("id_token").(string)
	if raw == "" && nonce != "" {
		return errors.New("the provider sent no ID token")
	}
	if raw != "" {
		id, err := p.verifier.Verify(s.httpContext(ctx, p), raw)
		if err != nil {
			return err
		}
		if nonce != "" && id.Nonce != nonce {
			return errors.New("the nonce in the ID token is not the one of this sign-in")
		}
		if id.AccessTokenHash != "" {
			if err := id.VerifyAccessToken(token.AccessToken); err != nil {
				return err
			}
		}
		if nonce == "" && id.Subject != v.Subject {
			return errors.New("the refreshed ID token is about somebody else")
		}
		var claims struct {
			SID   string `json:"sid"`
			Name  string `json:"name"`
			Given string `json:"given_name"`
			Email string `json:"email"`
		}
		if err := id.Claims(&claims); err != nil {
			return err
		}
		v.IDToken, v.Subject = raw, id.Subject
		if claims.SID != "" {
			v.SID = claims.SID
		}
		v.Name = firstOf(claims.Given, claims.Name, claims.Email, v.Name)
	}
	v.AccessToken, v.AccessExpiry = token.AccessToken, token.Expiry
	if token.RefreshToken != "" {
		v.RefreshToken = token.RefreshToken
	}
	return nil
}

// refresh exchanges the refresh token (RFC 6749 section 6); the answer carries its successor.
func (s *Site) refresh(c *fiber.Ctx, a app) error {
	ctx := handlers.Context(c)
	v, err := s.formVisit(c, a)
	if err != nil {
		return err
	}
	p, err := s.provider(ctx, a)
	if err != nil {
		return s.trouble(c, a, err)
	}
	token, err := p.config.TokenSource(s.httpContext(ctx, p), &oauth2.Token{RefreshToken: v.RefreshToken}).Token()
	if err != nil {
		var refused *oauth2.RetrieveError
		if errors.As(err, &refused) {
			v.RefreshToken = ""
			v.Notice, v.NoticeDetails = "The provider did not renew the tokens: "+refused.ErrorCode, refused.ErrorDescription
			if err := s.save(c, a, v); err != nil {
				return err
			}
			return c.Redirect("/demo/"+a.slug, fiber.StatusSeeOther)
		}
		return s.trouble(c, a, err)
	}
	if err := s.accept(ctx, p, &v, token, ""); err != nil {
		return s.trouble(c, a, err)
	}
	v.Refreshed++
	if err := s.save(c, a, v); err != nil {
		return err
	}
	return c.Redirect("/demo/"+a.slug+"#accesstoken", fiber.StatusSeeOther)
}

// userinfo asks the userinfo endpoint (OpenID Connect Core 5.3); go-oidc does not compare subjects, so
// the app does (5.3.2).
func (s *Site) userinfo(c *fiber.Ctx, a app) error {
	ctx := handlers.Context(c)
	v, err := s.formVisit(c, a)
	if err != nil {
		return err
	}
	p, err := s.provider(ctx, a)
	if err != nil {
		return s.trouble(c, a, err)
	}
	info, err := p.oidc.UserInfo(s.httpContext(ctx, p), oauth2.StaticTokenSource(&oauth2.Token{AccessToken: v.AccessToken, TokenType: "Bearer"}))
	switch {
	case err != nil:
		v.Notice, v.NoticeDetails, v.UserInfo = "The userinfo endpoint refused the access token", plain(err), nil
	case info.Subject != v.Subject:
		v.Notice, v.NoticeDetails, v.UserInfo = "The userinfo endpoint spoke about somebody else", "The app ignores it.", nil
	default:
		v.UserInfo = map[string]any{}
		if err := info.Claims(&v.UserInfo); err != nil {
			return s.trouble(c, a, err)
		}
	}
	if err := s.save(c, a, v); err != nil {
		return err
	}
	return c.Redirect("/demo/"+a.slug, fiber.StatusSeeOther)
}

// home is the application's page.
func (s *Site) home(c *fiber.Ctx, a app) error {
	ctx := handlers.Context(c)
	v, ok, err := s.visit(ctx, c, a)
	if err != nil {
		return err
	}
	path := "/demo/" + a.slug
	m := view.App{Shell: s.shell(a.name, a.slug, path), Name: a.name, Slogan: a.slogan, Slug: a.slug, Products: a.products,
		SignUp: path + "/signin?prompt=create", SignIn: path + "/signin", Mailbox: "/dev/mailbox", CSRF: v.csrf()}
	for _, t := range [][3]string{
		{"Always ask for a proof", "?prompt=login", "prompt=login"},
		{"Choose an account", "?prompt=select_account", "prompt=select_account"},
		{"Only if no page is needed", "?prompt=none", "prompt=none answers login_required when nobody is signed in"},
		{"A proof from the last minute", "?max_age=60", "max_age=60"},
		{"In Arabic", "?prompt=login&ui_locales=ar", "ui_locales=ar, written from right to left"},
	} {
		m.Tries = append(m.Tries, view.Link{Label: t[0], URL: path + "/signin" + t[1], Note: t[2]})
	}
	if ok && v.Notice != "" {
		m.Notice = view.Notice{Kind: "warn", Title: v.Notice, Text: v.NoticeDetails}
		v.Notice, v.NoticeDetails = "", ""
		if err := s.save(c, a, v); err != nil {
			return err
		}
	}
	if ok && v.signedIn() {
		m.SignedIn, m.Greeting = true, "Hello, "+v.who()
		mapped, err := s.mappedClaims(ctx, a)
		if err != nil {
			return err
		}
		m.IDToken, _ = explainToken(v.IDToken, mapped)
		var readable bool
		m.AccessToken, readable = explainToken(v.AccessToken, mapped)
		m.AccessOpaque = !readable
		if !v.AccessExpiry.IsZero() {
			m.AccessExpires = "It is good until " + v.AccessExpiry.UTC().Format("15:04:05 UTC") + "."
		}
		m.HasRefresh, m.Refreshed = v.RefreshToken != "", v.Refreshed
		m.UserInfo = explain(v.UserInfo, mapped)
		m.Raw = v.IDToken
		if v.Correlation != "" {
			m.Trace = "/dev/signins?correlation=" + escape(v.Correlation)
		}
		m.Others = s.others(ctx, c, a)
	}
	return handlers.Render(c, fiber.StatusOK, view.AppPage(m))
}

// mappedClaims says where the claims of an app's own configuration come from.
func (s *Site) mappedClaims(ctx context.Context, a app) (map[string]string, error) {
	if s.Claims == nil {
		return nil, nil
	}
	return s.Claims(ctx, a.slug)
}

// refused shows what the provider or our own checks said no to.
func (s *Site) refused(c *fiber.Ctx, a app, title, text, correlation string) error {
	if correlation != "" {
		text = strings.TrimSpace(text + " Correlation id: " + correlation)
	}
	return handlers.Render(c, fiber.StatusBadRequest, view.Problem(s.shell("Not signed in: "+a.name, a.slug, ""),
		view.Notice{Kind: "bad", Title: title, Text: text}, "/demo/"+a.slug))
}

// trouble shows a failure between the application and the provider, with the provider's own words.
func (s *Site) trouble(c *fiber.Ctx, a app, err error) error {
	if fault.Is(err, fault.NotFound) {
		return handlers.Render(c, fiber.StatusServiceUnavailable, view.Problem(s.shell("Not ready: "+a.name, a.slug, ""),
			view.Notice{Kind: "warn", Title: "This application is not registered", Text: "The sample company is still being made, or was removed. Reload in a moment."}, "/demo"))
	}
	return handlers.Render(c, fiber.StatusBadGateway, view.Problem(s.shell("Not signed in: "+a.name, a.slug, ""),
		view.Notice{Kind: "bad", Title: "The provider and this app do not agree", Text: plain(err)}, "/demo/"+a.slug))
}

func plain(err error) string {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) && refused.ErrorCode != "" {
		return refused.ErrorCode + ": " + refused.ErrorDescription
	}
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err.Error()
	}
	return err.Error()
}

func explainError(code string) string {
	known := map[string]string{
		"access_denied":              "You were not let in, or you turned back",
		"login_required":             "Nobody is signed in, and the app asked not to show a page",
		"interaction_required":       "A page is needed, and the app asked not to show one",
		"consent_required":           "You have not agreed yet, and the app asked not to show a page",
		"account_selection_required": "Several accounts are signed in, and the app asked not to show a page",
	}
	if words, ok := known[code]; ok {
		return words
	}
	return "The provider answered: " + code
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

func asJSON(v any) string {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return ""
	}
	return string(b)
}
