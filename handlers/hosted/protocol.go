package hosted

import (
	"cmp"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/signin"
	"portico/handlers"
	"portico/models"
	pages "portico/views/hosted"
)

// The pages that the protocol itself has to show, in the tenant's look and the person's language.

// FormPost sends an answer to the app by a form that posts itself, or by its button where no script runs.
func (h *Hosted) FormPost(c *fiber.Ctx, app, action string, fields [][2]string) error {
	p := h.plain(c, handlers.DirectoryOf(c))
	p.App = app
	info := handlers.InfoOf(c)
	info.ScriptHashes = append(info.ScriptHashes, pages.FormPostScriptHash())
	if u, err := url.Parse(action); err == nil && u.Host != "" {
		info.FormActions = append(info.FormActions, u.Scheme+"://"+u.Host)
	}
	return handlers.Render(c, fiber.StatusOK, pages.FormPost(p, pages.FormPostView{Action: action, Fields: fields}))
}

// ConfirmSignOut asks before signing out; its form posts the fields to action.
func (h *Hosted) ConfirmSignOut(c *fiber.Ctx, dir *models.Directory, action string, fields [][2]string) error {
	query := url.Values{} // the request once more, also after a POST; the confirmation's own token stays in the form
	for _, f := range fields {
		if !strings.HasPrefix(f[0], "portico_") {
			query.Set(f[0], f[1])
		}
	}
	p := h.speaking(c, dir, query)
	p.Action, p.Fields = action, fields
	return handlers.Render(c, fiber.StatusOK, pages.ConfirmSignOut(p, pages.ConfirmSignOutView{}))
}

// SignedOut says that it is done.
func (h *Hosted) SignedOut(c *fiber.Ctx, dir *models.Directory) error {
	query := url.Values{} // in another language it is still about the app
	if id := clientOf(dir, asked(c, dir)); id != "" {
		query.Set("client_id", id)
	}
	return handlers.Render(c, fiber.StatusOK, pages.SignedOut(h.speaking(c, dir, query), pages.SignedOutView{}))
}

// speaking is a page outside of any sign-in: in the language of ui_locales, which its form repeats, else
// in the one that suits the page, else in the one chosen here before.
func (h *Hosted) speaking(c *fiber.Ctx, dir *models.Directory, query url.Values, suits ...string) pages.Page {
	wish := cmp.Or(append([]string{query.Get("ui_locales"), c.Query("ui_locales"), handlers.Form(c, "ui_locales")}, suits...)...)
	h.speak(c, dir, signin.Request{UILocales: strings.Fields(wish), ClientID: clientOf(dir, asked(c, dir))}, "")
	p := h.plain(c, dir)
	p.Languages = pages.Chooser(handlers.Languages(h.bundle, dir, asked(c, dir), nil), handlers.InfoOf(c).Locale, query)
	return p
}

func (h *Hosted) plain(c *fiber.Ctx, dir *models.Directory) pages.Page {
	return pages.Page{Brand: h.brands.Wear(c, dir, asked(c, dir)), Action: c.Path()}
}

// asked is the app that a page outside of any sign-in is about: the one that the request names, else the one that it is
// known to be for, by a hint of the app's or because a sign-in has just ended.
func asked(c *fiber.Ctx, dir *models.Directory) string {
	return cmp.Or(appOf(dir, cmp.Or(c.Query("client_id"), handlers.Form(c, "client_id"))), handlers.InfoOf(c).App)
}

// appOf is the object id of the app with a client id, "" when there is none: the app whose look the page has.
func appOf(dir *models.Directory, clientID string) string {
	if client := dir.Clients[clientID]; client != nil {
		return client.ObjectID
	}
	return ""
}

// clientOf is the client id of the app with an object id, "" when there is none.
func clientOf(dir *models.Directory, app string) string {
	for id, client := range dir.Clients {
		if app != "" && client.ObjectID == app {
			return id
		}
	}
	return ""
}
