package admin

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/app/signin"
	"portico/app/tenant"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// An admin signs in through the same machine as everybody: the portal starts an attempt in the
// workforce tenant, the machine demands a second factor, and its end runs the issuer below, in the
// transaction that ends the attempt. The issuer cannot set cookies, so it stores a session that waits
// for its browser and sends the browser to /admin/session with a one-time code. The code works only
// together with the cookie that the start set, so a stranger's link signs nobody in.

// parked is what the portal gives to the machine and gets back unread.
type parked struct {
	To      string `json:"to"`      // where the admin wanted to go
	Binding string `json:"binding"` // the start cookie's value
}

const startCookie = "admin-start"

// askToSignIn starts the portal's own sign-in, or says that the session ended when a form was sent.
func (p *Portal) askToSignIn(c *fiber.Ctx) error {
	to := "/admin"
	if c.Method() == fiber.MethodGet {
		to = samePath(c.OriginalURL())
	}
	return p.start(c, to, c.Query("login_hint"))
}

// proofAge is how long after a proof the single sign-on session opens the portal without asking again.
// It is the portal's idle time, so that whoever was away for longer proves themselves anew.
const proofAge = int(models.PortalIdle / time.Second)

// start opens the attempt. hint fills in the address of somebody just set up.
func (p *Portal) start(c *fiber.Ctx, to, hint string) error {
	dir, err := p.Directories.Directory(c.UserContext(), tenant.WorkforceSlug)
	if err != nil {
		return err
	}
	back, err := json.Marshal(parked{To: to, Binding: p.binding(c)})
	if err != nil {
		return err
	}
	age := proofAge
	return p.Starter.Start(c, dir, signin.Request{MaxAge: &age, Protocol: signin.Portal, ClientID: ClientID, ClientName: ClientName,
		LoginHint: hint, CorrelationID: handlers.InfoOf(c).RequestID, Return: back})
}

// binding gives the browser's start cookie, setting one when there is none.
func (p *Portal) binding(c *fiber.Ctx) string {
	name := handlers.CookieName(c, tenant.WorkforceSlug, startCookie)
	if v := c.Cookies(name); len(v) == len(rand.Text()) {
		return v
	}
	v := rand.Text()
	p.setCookie(c, startCookie, v)
	return v
}

func (p *Portal) setCookie(c *fiber.Ctx, name, value string) {
	cookie := &fiber.Cookie{Name: handlers.CookieName(c, tenant.WorkforceSlug, name), Value: value, Path: "/", HTTPOnly: true,
		Secure: handlers.SecureCookies(c), SameSite: fiber.CookieSameSiteLaxMode, SessionOnly: true}
	if value == "" {
		cookie.MaxAge, cookie.SessionOnly = -1, false
	}
	c.Cookie(cookie)
}

// Issuer answers finished portal sign-ins.
func (p *Portal) Issuer() signin.Issuer { return issuer{} }

type issuer struct{}

// beginner is the small store that the issuer needs, inside the attempt's transaction.
type beginner interface {
	BeginPortalSession(ctx context.Context, row models.PortalSessionRow, handoff, binding string) error
}

func (issuer) Issue(ctx context.Context, tx signin.Tx, g signin.Grant) (signin.Outcome, error) {
	store, ok := tx.(beginner)
	if !ok {
		return signin.Outcome{}, fault.New(fault.Internal, "error.internal")
	}
	var back parked
	if err := json.Unmarshal(g.Request.Return, &back); err != nil {
		return signin.Outcome{}, err
	}
	if !slices.Contains(g.AMR, "mfa") { // the machine demands it; the portal does not take its word for it
		return signin.Outcome{}, fault.New(fault.Denied, "admin.session.mfa")
	}
	handoff := rand.Text()
	err := store.BeginPortalSession(ctx, models.PortalSessionRow{UserID: g.UserID, SID: g.SID, AMR: strings.Join(g.AMR, " "),
		AuthTime: g.AuthTime, ReturnTo: samePath(back.To)}, handoff, back.Binding)
	return signin.Outcome{Redirect: "/admin/session?code=" + url.QueryEscape(handoff)}, err
}

func (issuer) Refuse(_ context.Context, r signin.Refusal) (signin.Outcome, error) {
	return signin.Outcome{Redirect: "/admin/signed-out?reason=" + url.QueryEscape(r.Error)}, nil
}

// claimSession makes the waiting session this browser's own, under a new secret, and ends the one
// that the browser had before.
func (p *Portal) claimSession(c *fiber.Ctx) error {
	workforce, err := p.workforce(c)
	if err != nil {
		return err
	}
	secret := rand.Text() + rand.Text()
	binding := c.Cookies(handlers.CookieName(c, tenant.WorkforceSlug, startCookie))
	row, err := workforce.ClaimPortalSession(c.UserContext(), c.Query("code"), binding, secret)
	if fault.Is(err, fault.Expired) {
		return c.Redirect("/admin", fiber.StatusSeeOther)
	}
	if err != nil {
		return err
	}
	if old, err := workforce.PortalSession(c.UserContext(), p.secretOf(c), true); err == nil {
		if err := workforce.EndPortalSession(c.UserContext(), old.ID); err != nil {
			return err
		}
	}
	p.setSecret(c, secret)
	p.setCookie(c, startCookie, "")
	return c.Redirect(samePath(row.ReturnTo), fiber.StatusSeeOther)
}

// signedIn loads the session, the admin and the admin's roles, afresh at each request: a disabled
// account, revoked sessions and a removed role take hold at once.
func (p *Portal) signedIn(c *fiber.Ctx, v *visit) error {
	expired := fault.New(fault.Expired, "admin.session.expired")
	secret := p.secretOf(c)
	if secret == "" {
		return expired
	}
	workforce, err := p.workforce(c)
	if err != nil {
		return err
	}
	if v.session, err = workforce.PortalSession(c.UserContext(), secret, clicked(c)); err != nil {
		return err
	}
	a, err := workforce.User(c.UserContext(), v.session.UserID)
	if fault.Is(err, fault.NotFound) || err == nil && (!a.Usable() || v.session.AuthTime.Before(a.SessionsValidFrom)) {
		return expired
	}
	if err != nil {
		return err
	}
	sso, known, err := workforce.SessionBySID(c.UserContext(), v.session.SID)
	if err != nil {
		return err
	}
	if known && !sso.RevokedAt.IsZero() { // signed out elsewhere
		return expired
	}
	v.admin = person{ID: a.ID, Name: a.DisplayName, Mail: a.Mail}
	if v.admin.Name == "" {
		v.admin.Name = a.Mail
	}
	v.have, err = workforce.Assignments(c.UserContext(), a.ID)
	return err
}

func (p *Portal) workforce(c *fiber.Ctx) (*models.Tenant, error) {
	dir, err := p.Directories.Directory(c.UserContext(), tenant.WorkforceSlug)
	if err != nil {
		return nil, err
	}
	return p.Store.Tenant(dir.Tenant.ID), nil
}

// signOut ends the portal session here, and the single sign-on session with it.
func (p *Portal) signOut(c *fiber.Ctx) error {
	v := visitOf(c)
	if err := p.Store.Tenant(v.session.TenantID).EndPortalSession(c.UserContext(), v.session.ID); err != nil {
		return err
	}
	if err := p.endSSO(c, v); err != nil {
		return err
	}
	p.setSecret(c, "")
	return c.Redirect("/admin/signed-out", fiber.StatusSeeOther)
}

// signOutForm stands on pages without the portal's frame.
func signOutForm() *views.Form {
	return &views.Form{Action: "/admin/sign-out", Submit: "Sign out", Quiet: true}
}

func (p *Portal) signedOut(c *fiber.Ctx) error {
	page := views.Public{Title: "You are signed out", Lead: "Your admin session on this device has ended.",
		Links: []views.Link{{Label: "Sign in again", Href: "/admin"}}}
	if r := c.Query("reason"); r != "" {
		page.Title, page.Lead = "You were not signed in", "The sign-in did not finish."
		if r == "access_denied" {
			page.Lead = "The sign-in was cancelled or refused."
		}
	}
	return handlers.Render(c, fiber.StatusOK, views.PublicPage(page))
}

const sessionCookie = "admin"

// secretOf is the portal session's secret that the browser brings.
func (p *Portal) secretOf(c *fiber.Ctx) string {
	return c.Cookies(handlers.CookieName(c, tenant.WorkforceSlug, sessionCookie))
}

// setSecret gives the browser its secret; "" takes it away.
func (p *Portal) setSecret(c *fiber.Ctx, secret string) { p.setCookie(c, sessionCookie, secret) }

// endSSO ends the single sign-on session that the portal session came from.
func (p *Portal) endSSO(c *fiber.Ctx, v *visit) error {
	p.Sessions.Clear(c, tenant.WorkforceSlug)
	if v.session.SID == "" {
		return nil
	}
	return p.Store.Tenant(v.session.TenantID).EndSession(c.UserContext(), v.session.SID, "signed out", p.Store.Now())
}

// samePath keeps only a path of the portal itself, so that nobody is sent elsewhere.
func samePath(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host != "" || u.Scheme != "" || u.Opaque != "" || strings.ContainsAny(s, "\\\r\n") ||
		u.Path != "/admin" && !strings.HasPrefix(u.Path, "/admin/") || strings.Contains(u.Path, "//") || strings.Contains(u.Path, "/..") {
		return "/admin"
	}
	for _, no := range []string{"/admin/session", "/admin/signed-out", "/admin/sign-out", "/admin/setup"} {
		if u.Path == no {
			return "/admin"
		}
	}
	return u.RequestURI()
}
