// Package handlers is the web plumbing that every door shares: rendering, the per-request values, the
// table error code → status, the route-table type, CSRF, the bridge to gorilla/sessions. It knows no
// resource and makes no query; the packages below it do.
package handlers

import (
	"bytes"
	"context"
	"net/netip"
	"sync"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/i18n"
	"portico/app/record"
)

// Route is one row of a route table. The menu, the guard and the router read the same row.
type Route struct {
	Method     string
	Path       string
	Handler    fiber.Handler
	Permission access.Permission // "" = any signed-in admin, or public where the table says so
	Or         access.Permission // opens the row as well, where two kinds of admins need it
	BodyLimit  int               // bytes; 0 = 64 KiB, 1 MiB for forms of the portal
	// SaysTooLarge marks routes whose handler answers for a body over the limit: it gets none, and TooLarge is true.
	SaysTooLarge bool
	// Streams marks routes that take a file: the body of a multipart form is left unread, for the handler to
	// read as a stream, within bounds of its own.
	Streams  bool
	NavGroup string // "" = not in the menu
	NavLabel string
	// CrossOrigin marks the few POSTs that other origins may send (DESIGN §9.12); they take no cookie.
	CrossOrigin bool
}

// Info is what the first middleware learns about a request; everything downstream reads it here.
type Info struct {
	RequestID string // the reference number that a failure shows
	// Correlation is that of the sign-in record, for the log line: a reference number leads to the record.
	Correlation string
	// App is the object id of the app that somebody is on the way to, once that is known: an error looks like its pages.
	App    string
	IP     netip.Addr
	Locale *i18n.Localizer
	Nonce  string // unused by default: styles are allowed by hash
	// FormActions are further origins that forms on this page may lead to (the redirect URI's).
	FormActions []string
	// StyleHashes are CSP sources ("'sha256-…'") of the style elements that this page carries.
	StyleHashes []string
	// ScriptHashes are CSP sources of the inline scripts of this page; hosted pages have none.
	ScriptHashes []string
	// FrameAncestors overrides 'none' for the few pages that our own pages show in a sandboxed frame.
	FrameAncestors string

	web      *Web
	stranger string // the Host that came, when nobody answers there: for the log alone
	signals  *record.Signals
	tooLarge bool
	streams  bool
	spoken   bool // the language was chosen for the page, and not only by the browser's wish
}

const infoKey = "portico.info"

// InfoOf gives the request's values. The first middleware put them there.
func InfoOf(c *fiber.Ctx) *Info {
	if i, ok := c.Locals(infoKey).(*Info); ok {
		return i
	}
	panic("handlers: request without info middleware")
}

// TooLarge reports that the request's body was over its route's limit and has been thrown away.
func TooLarge(c *fiber.Ctx) bool { return InfoOf(c).tooLarge }

// SetInfo is for the first middleware and for tests.
func SetInfo(c *fiber.Ctx, i *Info) {
	c.Locals(infoKey, i)
	c.SetUserContext(i18n.With(c.UserContext(), i.Locale))
}

// WithLocale changes the language for the rest of the request (ui_locales, tenant default).
func WithLocale(c *fiber.Ctx, l *i18n.Localizer) {
	i := InfoOf(c)
	i.Locale, i.spoken = l, true
	c.SetUserContext(i18n.With(c.UserContext(), l))
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Render renders a page into a buffer and sends it whole, so that a failure half-way shows the error
// page and not half a page. Personal pages are never stored by caches.
func Render(c *fiber.Ctx, status int, page templ.Component) error {
	b := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(b)
	b.Reset()
	if err := page.Render(c.UserContext(), b); err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	if len(c.Response().Header.Peek(fiber.HeaderCacheControl)) == 0 {
		c.Set(fiber.HeaderCacheControl, "no-store")
	}
	c.Status(status)
	c.Response().SetBody(b.Bytes()) // a copy: the buffer is the next request's (Fiber's Send would keep it)
	return nil
}

// Status is the one table from application error to HTTP.
func Status(code fault.Code) int {
	switch code {
	case fault.Invalid:
		return fiber.StatusUnprocessableEntity
	case fault.NotFound:
		return fiber.StatusNotFound
	case fault.Conflict:
		return fiber.StatusConflict
	case fault.Denied:
		return fiber.StatusForbidden
	case fault.Expired:
		return fiber.StatusGone
	case fault.TooMany:
		return fiber.StatusTooManyRequests
	case fault.Unavailable:
		return fiber.StatusServiceUnavailable
	}
	return fiber.StatusInternalServerError
}

// Context is the request's context with its deadline and language.
func Context(c *fiber.Ctx) context.Context { return c.UserContext() }

// Form reads a POSTed field, never the query string (Fiber's FormValue prefers the query).
func Form(c *fiber.Ctx, name string) string { return string(c.Request().PostArgs().Peek(name)) }
