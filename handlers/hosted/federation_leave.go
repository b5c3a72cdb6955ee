package hosted

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/app/federation"
	"portico/app/session"
	"portico/app/tenant"
	"portico/handlers"
	"portico/models"
)

// federation_leave.go: signing out at the identity provider too (OpenID Connect RP-Initiated Logout 1.0 §2, SAML profiles
// §4.4). Our own session has ended before anybody is sent there, so that a provider which is down, or never sends people
// back, keeps nobody signed in here.

// SignedOutPath is where a provider sends people back to after signing out, below the base URL: one fixed address for each
// provider, to be registered there. Where the sign-out was going waits in the browser.
func SignedOutPath(tenantID, providerID string) string {
	return strings.TrimSuffix(federation.CallbackPath(tenantID, providerID), "callback") + "signed-out"
}

// Bounds of a sign-out: how long a provider's metadata may take, and how long the browser may stay there.
const (
	leaveWithin = 3 * time.Second
	leaveLasts  = 10 * time.Minute
)

// leaving is what waits in the browser while it is at the provider.
type leaving struct {
	State string    `json:"state"`
	Next  string    `json:"next,omitempty"`
	Till  time.Time `json:"till"`
}

// upstreamLeaver is an Upstream that can sign people out.
type upstreamLeaver interface {
	Leave(ctx context.Context, tenantID string, p federation.Provider, at session.Upstream, state string) (string, error)
}

// Leave says where the browser goes to sign out of the session that somebody has at a provider; "" = nowhere.
func (u Providers) Leave(ctx context.Context, tenantID string, p federation.Provider, at session.Upstream, state string) (string, error) {
	c, n, s, err := u.open(ctx, tenantID, p)
	if err != nil {
		return "", err
	}
	host, _ := tenant.Door(ctx)
	return c.Leave(ctx, n, u.named(tenantID, p), s, federation.Parting{State: state, RedirectURI: u.here(ctx, tenantID, p.ID), ReturnTo: tenant.BaseAt(u.BaseURL, host) + SignedOutPath(tenantID, p.ID),
		Identity: federation.Identity{ProviderID: p.ID, Issuer: at.Issuer, Subject: at.Subject, SessionIndex: at.SID, IDTokenHint: at.Hint}})
}

var _ handlers.Leaver = (*Hosted)(nil)

// left is the provider that a session's owner is to be signed out at; nil = none.
func (h *Hosted) left(dir *models.Directory, s session.Session) *federation.Provider {
	if p := dir.Providers[s.Upstream.Provider]; p != nil && p.Enabled && p.UpstreamLeave {
		return p
	}
	return nil
}

// LeavesTo implements handlers.Leaver.
func (h *Hosted) LeavesTo(dir *models.Directory, s session.Session) []string {
	p := h.left(dir, s)
	if p == nil {
		return nil
	}
	out := FormActions(*p)
	for _, place := range []string{p.EndSessionURL, p.SignOutURL} {
		if u, err := url.Parse(place); err == nil && u.Host != "" {
			out = append(out, u.Scheme+"://"+u.Host)
		}
	}
	return out
}

// LeaveUpstream implements handlers.Leaver. What goes wrong is the log's: the person is signed out here, and goes on.
func (h *Hosted) LeaveUpstream(c *fiber.Ctx, dir *models.Directory, ended session.Session, next string) string {
	p := h.left(dir, ended)
	up, ok := h.machine.Upstream.(upstreamLeaver)
	if p == nil || !ok {
		return ""
	}
	ctx, cancel := context.WithTimeout(c.UserContext(), leaveWithin)
	defer cancel()
	state, err := h.machine.Handle()
	to := ""
	if err == nil {
		to, err = up.Leave(ctx, dir.Tenant.ID, *p, ended.Upstream, state)
	}
	if err == nil && to != "" {
		err = h.keepLeaving(c, dir, p.ID, leaving{State: state, Next: next, Till: h.machine.Now().Add(leaveLasts)})
	}
	if err != nil {
		slog.WarnContext(c.UserContext(), "signing out at the identity provider", "provider", p.ID, "error", err)
		return ""
	}
	return to
}

func leavingContext(tenantID, providerID string) string {
	return "upstream sign-out:" + tenantID + ":" + providerID
}

func (h *Hosted) keepLeaving(c *fiber.Ctx, dir *models.Directory, providerID string, l leaving) error {
	plain, err := json.Marshal(l)
	if err != nil {
		return err
	}
	sealed, err := h.sessions.Store.Sealer().Seal(plain, leavingContext(dir.Tenant.ID, providerID))
	if err != nil {
		return err
	}
	h.keep(c, dir.Tenant, "leaving", base64.RawURLEncoding.EncodeToString(sealed), leaveLasts)
	return nil
}

// takeLeaving takes back where a sign-out was going: for the very trip, of the very provider, in time.
func (h *Hosted) takeLeaving(c *fiber.Ctx, dir *models.Directory, providerID, state string) (leaving, bool) {
	name := handlers.CookieName(c, dir.Tenant.Slug, "leaving")
	sealed, err := base64.RawURLEncoding.DecodeString(c.Cookies(name))
	if err != nil || len(sealed) == 0 {
		return leaving{}, false
	}
	plain, err := h.sessions.Store.Sealer().Open(sealed, leavingContext(dir.Tenant.ID, providerID))
	var l leaving
	if err != nil || json.Unmarshal(plain, &l) != nil || subtle.ConstantTimeCompare([]byte(l.State), []byte(state)) != 1 {
		return leaving{}, false
	}
	c.Cookie(&fiber.Cookie{Name: name, Path: "/", HTTPOnly: true, Secure: handlers.SecureCookies(c), SameSite: fiber.CookieSameSiteLaxMode, Expires: time.Unix(1, 0), MaxAge: -1})
	return l, h.machine.Now().Before(l.Till)
}

// signedOutThere is where a provider sends people back to: on to where their sign-out was going. Without a trip of ours
// nobody is told that they are signed out who is not.
func (h *Hosted) signedOutThere(c *fiber.Ctx) error {
	dir := handlers.DirectoryOf(c)
	h.speaking(c, dir, nil)
	c.Set(fiber.HeaderCacheControl, "no-store")
	if c.Query("SAMLRequest") != "" {
		return errAsked()
	}
	state := c.Query("state", c.Query("RelayState"))
	l, mine := h.takeLeaving(c, dir, c.Params("provider"), state)
	if mine && l.Next != "" {
		return c.Redirect(l.Next, fiber.StatusSeeOther)
	}
	if !mine {
		if _, live, err := h.sessions.Current(c, dir); err != nil || live {
			if err == nil {
				err = fault.New(fault.NotFound, "error.not_found")
			}
			return h.lost(c, dir, err)
		}
	}
	return h.SignedOut(c, dir)
}
