package openid

import (
	"github.com/gofiber/fiber/v2"

	"portico/app/openid"
	"portico/app/session"
	"portico/handlers"
	"portico/models"
)

const confirmField = "portico_confirm"

// logout answers RP-Initiated Logout 1.0 §2 by GET.
func (h *Handler) logout(c *fiber.Ctx) error {
	in, err := h.params(c, "logout")
	if err != nil {
		return err
	}
	return h.signOut(c, in, false)
}

// postLogout takes the confirmation page's own form, and apps' POSTs from other origins: those bring
// no cookie of ours, so they are parked and come back as a GET.
func (h *Handler) postLogout(c *fiber.Ctx) error {
	in, bad := form(c)
	if bad != nil {
		return h.page(c, bad)
	}
	if !in.Has(confirmField) {
		return h.park(c, "logout")
	}
	return h.signOut(c, in, true)
}

func (h *Handler) signOut(c *fiber.Ctx, in openid.Params, posted bool) error {
	dir := handlers.DirectoryOf(c)
	realm, err := h.Realm(dir)
	if err != nil {
		return err
	}
	s, here, err := h.Sessions.Current(c, dir)
	if err != nil {
		return err
	}
	at := openid.BrowserSession{SID: s.SID, UserID: s.UserID, Here: here}
	r, bad := h.Provider.ParseLogout(c.UserContext(), realm, in, at)
	if client := dir.Clients[r.ClientID]; client != nil { // named by the hint alone, most of the time
		handlers.InfoOf(c).App = client.ObjectID
	}
	if bad != nil {
		return h.page(c, bad)
	}
	confirmed := posted && here && h.CSRF.Valid(in.Get(confirmField), "sign out "+s.SID)
	if r.NeedsQuestion(at) && !confirmed {
		fields := [][2]string{{confirmField, h.CSRF.Token("sign out " + s.SID)}}
		for _, name := range []string{"id_token_hint", "logout_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales"} {
			if v := in.Get(name); v != "" {
				fields = append(fields, [2]string{name, v})
			}
		}
		if r.Return != "" {
			info := handlers.InfoOf(c)
			info.FormActions = append(info.FormActions, origin(r.Return))
		}
		if h.Leaver != nil && here {
			info := handlers.InfoOf(c)
			info.FormActions = append(info.FormActions, h.Leaver.LeavesTo(dir, s)...)
		}
		return h.Pages.ConfirmSignOut(c, dir, c.Path(), fields)
	}
	if here {
		if err := h.end(c, s); err != nil {
			return err
		}
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	if here && h.Leaver != nil { // at the identity provider too, and on from there
		if to := h.Leaver.LeaveUpstream(c, dir, s, r.Answer()); to != "" {
			return h.leaveFor(c, dir, to, posted)
		}
	}
	if to := r.Answer(); to != "" {
		return redirect(c, to)
	}
	return h.Pages.SignedOut(c, dir)
}

// leaveFor sends the browser on to the identity provider. An app's button for signing out is a form most of the time, and
// browsers hold the form-action of the app's page (CSP3 §6.4.2) against every redirect that follows; the app allows us, and
// knows nothing of who is behind. So a page of ours stands between, which says that they are signed out here, and moves on.
// The form of our own page allows the provider and is led there at once.
func (h *Handler) leaveFor(c *fiber.Ctx, dir *models.Directory, to string, ownForm bool) error {
	if ownForm {
		return redirect(c, to)
	}
	c.Set("Refresh", "0;url="+to)
	return h.Pages.SignedOut(c, dir)
}

// end ends the session, what it gave to apps, and tells them (Back-Channel Logout 1.0 §2.5).
func (h *Handler) end(c *fiber.Ctx, s session.Session) error {
	dir := handlers.DirectoryOf(c)
	if err := h.Store.Tenant(dir.Tenant.ID).SignOutApps(c.UserContext(), s.SID, "signed out"); err != nil {
		return err
	}
	return h.Sessions.End(c, dir, s)
}
