package demo

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/handlers"
)

// signOutLocal ends this application's own session and nothing else: the next "Sign in" needs no typing.
func (s *Site) signOutLocal(c *fiber.Ctx, a app) error {
	v, err := s.formVisit(c, a)
	if err != nil {
		return err
	}
	if err := s.Sessions.EndDemoSession(handlers.Context(c), a.slug, visitID(v.secret)); err != nil {
		return err
	}
	return s.saveNotice(c, a, "You are signed out of this app only", "Portico still knows you: sign in again and nothing is asked.")
}

// signOut ends the session here, gives the refresh token back (RFC 7009) and sends the browser to the
// provider's logout (OpenID Connect RP-Initiated Logout 1.0), which tells the other applications.
func (s *Site) signOut(c *fiber.Ctx, a app) error {
	ctx := handlers.Context(c)
	v, err := s.formVisit(c, a)
	if err != nil {
		return err
	}
	p, err := s.provider(ctx, a)
	if err != nil {
		return s.trouble(c, a, err)
	}
	s.giveBack(c, p, v.RefreshToken)
	if err := s.Sessions.EndDemoSession(ctx, a.slug, visitID(v.secret)); err != nil {
		return err
	}
	left := visit{LogoutState: s.random(18)}
	if err := s.save(c, a, left); err != nil {
		return err
	}
	q := url.Values{"id_token_hint": {v.IDToken}, "client_id": {p.client.ClientID}, "state": {left.LogoutState},
		"post_logout_redirect_uri": {s.BaseURL + "/demo/" + a.slug + "/signed-out"}}
	return c.Redirect(p.extra.EndSession+"?"+q.Encode(), fiber.StatusSeeOther)
}

// giveBack revokes a refresh token that nobody needs any more. A failure changes nothing for the person:
// the session's end kills the token too.
func (s *Site) giveBack(c *fiber.Ctx, p *provider, token string) {
	if token == "" || p.extra.Revocation == "" {
		return
	}
	form := url.Values{"token": {token}, "token_type_hint": {"refresh_token"}, "client_id": {p.client.ClientID}}
	req, err := http.NewRequestWithContext(handlers.Context(c), http.MethodPost, p.extra.Revocation, strings.NewReader(form.Encode()))
	if err != nil {
		return
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if p.client.Secret != "" {
		req.SetBasicAuth(url.QueryEscape(p.client.ClientID), url.QueryEscape(p.client.Secret))
	} else {
		req.Header.Set("Origin", s.BaseURL)
	}
	if res, err := s.HTTP.Do(req); err == nil {
		_ = res.Body.Close()
	}
}

// signedOut is where the provider sends the browser back.
func (s *Site) signedOut(c *fiber.Ctx, a app) error {
	ctx := handlers.Context(c)
	v, ok, err := s.visit(ctx, c, a)
	if err != nil {
		return err
	}
	if ok && v.signedIn() { // a stale or foreign link: it must not sign anybody out
		return c.Redirect("/demo/"+a.slug, fiber.StatusSeeOther)
	}
	if !ok || v.LogoutState == "" || v.LogoutState != c.Query("state") {
		return c.Redirect("/demo/"+a.slug, fiber.StatusSeeOther)
	}
	return s.saveNotice(c, a, "You are signed out everywhere", "Portico ended the visit and told every app that took part in it.")
}

func (s *Site) saveNotice(c *fiber.Ctx, a app, title, text string) error {
	if err := s.save(c, a, visit{Notice: title, NoticeDetails: text}); err != nil {
		return err
	}
	return c.Redirect("/demo/"+a.slug, fiber.StatusSeeOther)
}

// logoutEvent is the member of "events" that makes a JWT a logout token.
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// backChannel takes a logout token from the provider and really ends the application's sessions (OpenID
// Connect Back-Channel Logout 1.0, section 2.6: signature, iss, aud, iat, exp; sid or sub; events; no nonce).
func (s *Site) backChannel(c *fiber.Ctx, a app) error {
	ctx := handlers.Context(c)
	c.Set(fiber.HeaderCacheControl, "no-store")
	refuse := func(why string) error {
		return c.Status(fiber.StatusBadRequest).JSON(fiber.Map{"error": "invalid_request", "error_description": why})
	}
	p, err := s.provider(ctx, a)
	if err != nil {
		return fault.Wrap(fault.Unavailable, "error.unavailable", err)
	}
	token, err := p.verifier.Verify(s.httpContext(ctx, p), handlers.Form(c, "logout_token"))
	if err != nil {
		return refuse("the logout token does not verify: " + err.Error())
	}
	var claims struct {
		SID    string                     `json:"sid"`
		Nonce  *string                    `json:"nonce"`
		Events map[string]json.RawMessage `json:"events"`
	}
	if err := token.Claims(&claims); err != nil {
		return refuse("the logout token cannot be read")
	}
	switch _, isLogout := claims.Events[logoutEvent]; {
	case !isLogout:
		return refuse("events does not say that this is a logout")
	case claims.Nonce != nil:
		return refuse("a logout token must not have a nonce")
	case claims.SID == "" && token.Subject == "":
		return refuse("sid and sub are both missing")
	case s.Now().Sub(token.IssuedAt) > 10*time.Minute:
		return refuse("the logout token is too old")
	}
	if _, err := s.Sessions.EndDemoSessions(ctx, a.slug, claims.SID, token.Subject); err != nil {
		return fault.Wrap(fault.Unavailable, "error.unavailable", err)
	}
	return c.SendStatus(fiber.StatusOK)
}
