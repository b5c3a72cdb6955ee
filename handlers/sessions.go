package handlers

import (
	"net/http"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gorilla/sessions"

	"portico/app/fault"
	"portico/app/session"
	"portico/app/signin"
	"portico/models"
)

// Sessions is the one small bridge between Fiber and gorilla/sessions: cookies go in as copies, and
// Set-Cookie headers come out (LIBRARIES §4). Nothing of the request outlives the call.
type Sessions struct{ Store *models.Store }

// SSO is the name of a tenant's single sign-on cookie.
func (s Sessions) SSO(c *fiber.Ctx, tenantSlug string) string {
	return CookieName(c, tenantSlug, "session")
}

// Secret is the cookie's value: what the sign-in machine is given.
func (s Sessions) Secret(c *fiber.Ctx, tenantSlug string) string {
	return strings.Clone(c.Cookies(s.SSO(c, tenantSlug)))
}

// Get gives the browser's gorilla session of a tenant under a cookie name; an empty one when there is none.
func (s Sessions) Get(c *fiber.Ctx, tenantID, name string) (*sessions.Session, error) {
	return s.store(c, tenantID).Get(s.request(c), name)
}

// Save writes a gorilla session and its cookie.
func (s Sessions) Save(c *fiber.Ctx, tenantID string, g *sessions.Session) error {
	w := cookies{http.Header{}}
	if err := s.store(c, tenantID).Save(s.request(c), w, g); err != nil {
		return err
	}
	w.copyTo(c)
	return nil
}

// Current gives the person's session at this browser in this tenant, if there is a live one. Whether the
// account may still be used is asked with session.Live, as at every door.
func (s Sessions) Current(c *fiber.Ctx, dir *models.Directory) (session.Session, bool, error) {
	g, err := s.Get(c, dir.Tenant.ID, s.SSO(c, dir.Tenant.Slug))
	if err != nil {
		return session.Session{}, false, err
	}
	sso, ok := g.Values[models.SSO].(session.Session)
	if !ok {
		return session.Session{}, false, nil
	}
	u, err := s.Store.Tenant(dir.Tenant.ID).User(c.UserContext(), sso.UserID)
	if err != nil {
		return session.Session{}, false, ignoreGone(err)
	}
	live := u.Usable() && session.Live(sso, signin.Lifetimes(dir.Tenant), u.SessionsValidFrom, s.Store.Now())
	return sso, live, nil
}

// End ends the session for good and forgets the browser's cookie. Whoever calls it has told the apps
// (models.Tenant.SignOutApps).
func (s Sessions) End(c *fiber.Ctx, dir *models.Directory, ended session.Session) error {
	s.Clear(c, dir.Tenant.Slug)
	return s.Store.Tenant(dir.Tenant.ID).EndSession(c.UserContext(), ended.SID, "signed out", s.Store.Now())
}

// Set gives the browser the new secret of its session.
func (s Sessions) Set(c *fiber.Ctx, tenantSlug string, k signin.SessionCookie) {
	ck := &fiber.Cookie{Name: s.SSO(c, tenantSlug), Value: k.Secret, Path: "/", HTTPOnly: true, Secure: SecureCookies(c), SameSite: fiber.CookieSameSiteLaxMode}
	if k.Persistent {
		ck.MaxAge = int((180 * 24 * time.Hour).Seconds()) // the row decides; the cookie only has to last as long
	} else {
		ck.SessionOnly = true
	}
	c.Cookie(ck)
}

// Clear takes the cookie away.
func (s Sessions) Clear(c *fiber.Ctx, tenantSlug string) {
	c.Cookie(&fiber.Cookie{Name: s.SSO(c, tenantSlug), Path: "/", HTTPOnly: true, Secure: SecureCookies(c),
		SameSite: fiber.CookieSameSiteLaxMode, Expires: time.Unix(1, 0), MaxAge: -1})
}

func (s Sessions) store(c *fiber.Ctx, tenantID string) models.BrowserSessions {
	return models.BrowserSessions{Tenant: s.Store.Tenant(tenantID), Options: sessions.Options{Path: "/", HttpOnly: true,
		Secure: SecureCookies(c), SameSite: http.SameSiteLaxMode}}
}

// request is the little of an http.Request that gorilla reads: a copy of the Cookie header.
func (s Sessions) request(c *fiber.Ctx) *http.Request {
	r := &http.Request{Header: http.Header{"Cookie": {strings.Clone(c.Get(fiber.HeaderCookie))}}}
	return r.WithContext(c.UserContext())
}

// cookies is a ResponseWriter of headers only.
type cookies struct{ h http.Header }

func (w cookies) Header() http.Header         { return w.h }
func (w cookies) Write(b []byte) (int, error) { return len(b), nil }
func (w cookies) WriteHeader(int)             {}

func (w cookies) copyTo(c *fiber.Ctx) {
	for _, v := range w.h.Values("Set-Cookie") {
		c.Response().Header.Add(fiber.HeaderSetCookie, v)
	}
}

func ignoreGone(err error) error {
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}
