package handlers

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/app/openid"
	"portico/app/tenant"
	"portico/models"
)

// ErrorView is what an error page says.
type ErrorView struct {
	Status    int
	Title     string
	Message   string
	Reference string
	At        time.Time
	// Again, when set, lets the person send the same form once more without typing it again: a POST to
	// Action with these fields. Passwords and codes are never among them.
	Action string
	Again  [][2]string
	Home   string // a link to start again, "" when there is no good place
}

// fail answers an error in the form that its reader understands: Graph's object for the management
// API, OAuth's for the protocol endpoints, JSON for whoever asked for it, else a page in the
// visitor's language. Every form carries the reference number; only the log has the cause.
func (w *Web) fail(c *fiber.Ctx, err error) {
	f, status := classify(err)
	c.Response().ResetBody()
	c.Response().Header.Del(fiber.HeaderContentEncoding)
	c.Set(fiber.HeaderCacheControl, "no-store")
	if f.RetryAfter > 0 {
		c.Set(fiber.HeaderRetryAfter, strconv.Itoa(int(math.Ceil(f.RetryAfter.Seconds()))))
	} else if status == fiber.StatusServiceUnavailable {
		c.Set(fiber.HeaderRetryAfter, "5")
	}
	c.Status(status)
	info := InfoOf(c)
	if dir := w.directoryOfError(c, status); dir != nil {
		w.speakOfError(c, dir)
	}
	now, path, key := w.Now().UTC(), c.Path(), f.Key
	if key == "error.too_large" && forProgram(c) {
		key = "error.too_large.request"
	}
	message := info.Locale.T(key, f.Args)
	switch {
	case graphPath(path):
		_ = c.JSON(fiber.Map{"error": fiber.Map{"code": graphCode(status), "message": message,
			"innerError": fiber.Map{"date": now.Format("2006-01-02T15:04:05"), "request-id": info.RequestID,
				"client-request-id": info.RequestID}}})
	case oauthPath(path):
		if w.Failing != nil {
			w.Failing(c)
		}
		_ = c.JSON(fiber.Map{"error": oauthCode(status), "error_description": message, "error_codes": []int{90000 + status},
			"timestamp": now.Format("2006-01-02 15:04:05Z"), "trace_id": info.RequestID, "correlation_id": info.RequestID})
	case wantsJSON(c):
		_ = c.JSON(fiber.Map{"error": string(f.Code), "message": message, "reference": info.RequestID})
	default:
		w.failPage(c, ErrorView{Status: status, Title: info.Locale.T(titleKey(status)), Message: message,
			Reference: info.RequestID, At: now})
	}
}

// directoryOfError gives the tenant whose page failed, nil when it is nobody's. Where no route of the tenant's was reached
// (an address that nobody knows, a request that was refused before) the first segment of the path may name it, if it
// answers where the request came in. Who is not there, and whoever does not answer, look the same: like nobody's page.
func (w *Web) directoryOfError(c *fiber.Ctx, status int) *models.Directory {
	if dir, ok := c.Locals(directoryKey).(*models.Directory); ok {
		return dir
	}
	if _, known := tenant.Door(c.UserContext()); !known || w.Hosts == nil || status >= 500 || c.Params("tenant") != "" || forProgram(c) {
		return nil // a stranger's host; the database may be away; a route has looked already; no page
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(c.Path(), "/"), "/")
	if first == "" || tenant.Reserved(first) {
		return nil
	}
	dir, err := w.Hosts.Directory(c.UserContext(), first)
	if err != nil {
		return nil
	}
	if dir, err = dir.Seen(c.UserContext()); err != nil {
		return nil
	}
	SetDirectory(c, dir)
	return dir
}

// speakOfError chooses the language of a tenant's error page: what its chooser asks for; and where nobody chose one before
// it failed, what was chosen in this browser, the browser's, the tenant's own.
func (w *Web) speakOfError(c *fiber.Ctx, dir *models.Directory) {
	info, asked, chosen := InfoOf(c), "", ""
	if c.Method() == fiber.MethodGet {
		asked = c.Query("ui_locales")
	}
	if !info.spoken && !forProgram(c) {
		chosen, _, _ = strings.Cut(c.Cookies(CookieName(c, dir.Tenant.Slug, "language")), ".")
	} else if asked == "" {
		return
	}
	WithLocale(c, Languages(w.Bundle, dir, info.App, nil).Match(asked, chosen, c.Get(fiber.HeaderAcceptLanguage), dir.Tenant.DefaultLocale))
}

// forProgram reports whether the answer is read by a program, which has no form and no way back.
func forProgram(c *fiber.Ctx) bool {
	return graphPath(c.Path()) || oauthPath(c.Path()) || wantsJSON(c)
}

func graphPath(path string) bool { return under(path, "/v1.0") || under(path, "/beta") }

func wantsJSON(c *fiber.Ctx) bool {
	return strings.Contains(c.Get(fiber.HeaderAccept), "application/json")
}

func (w *Web) failPage(c *fiber.Ctx, v ErrorView) {
	if v.Status == fiber.StatusServiceUnavailable && c.Method() == fiber.MethodPost {
		v.Action, v.Again = c.Path(), typed(c)
	}
	if w.ErrorPage != nil {
		if Render(c, v.Status, w.ErrorPage(c, v)) == nil {
			return
		}
	}
	_ = Render(c, v.Status, plainPage(c, v))
}

// typed is the posted form without what must not come back in a page.
func typed(c *fiber.Ctx) [][2]string {
	if !strings.HasPrefix(c.Get(fiber.HeaderContentType), fiber.MIMEApplicationForm) {
		return nil
	}
	var out [][2]string
	c.Request().PostArgs().VisitAll(func(k, v []byte) {
		name := string(k)
		if secretField(name) || len(out) >= 64 {
			return
		}
		out = append(out, [2]string{name, string(v)})
	})
	return out
}

// classify makes one application error and one status of whatever came up.
func classify(err error) (*fault.Error, int) {
	if oe := (*openid.Error)(nil); errors.As(err, &oe) && oe.Cause == nil {
		// A protocol request that may not be answered by a redirect: the person sees what to tell the app's makers.
		key := "openid.bad_request"
		switch oe.Number {
		case 50011:
			key = "openid.redirect_uri"
		case 700016:
			key = "openid.unknown_app"
		case 7000112:
			key = "openid.app_disabled"
		}
		return &fault.Error{Code: fault.Invalid, Key: key, Args: map[string]any{"description": oe.Words()}, Cause: err}, max(oe.HTTPStatus(), 400)
	}
	var fe *fiber.Error
	if errors.As(err, &fe) {
		f := &fault.Error{Code: fault.Invalid, Key: "error.bad_request", Cause: err}
		switch fe.Code {
		case fiber.StatusNotFound:
			f.Code, f.Key = fault.NotFound, "error.not_found"
		case fiber.StatusMethodNotAllowed:
			f.Key = "error.method"
		case fiber.StatusRequestEntityTooLarge:
			f.Key = "error.too_large"
		case fiber.StatusForbidden:
			f.Code, f.Key = fault.Denied, "error.denied"
		case fiber.StatusTooManyRequests:
			f.Code, f.Key = fault.TooMany, "error.too_many"
		case fiber.StatusServiceUnavailable:
			f.Code, f.Key = fault.Unavailable, "error.unavailable"
		default:
			if fe.Code >= 500 {
				f.Code, f.Key = fault.Internal, "error.internal"
			}
		}
		return f, fe.Code
	}
	f := fault.Of(err)
	if f.Code == fault.Internal && unreachable(err) {
		f = fault.Wrap(fault.Unavailable, "error.unavailable", err)
	}
	if f.Key == "" || f.Code == fault.Internal {
		f = &fault.Error{Code: f.Code, Key: "error." + string(f.Code), Cause: err, RetryAfter: f.RetryAfter}
		if f.Code == fault.Invalid {
			f.Key = "error.form"
		}
	}
	return f, Status(f.Code)
}

// unreachable recognises a dependency that does not answer: the database above all. The words are the
// drivers'; what is not recognised stays an internal error, which is never wrong.
func unreachable(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, io.ErrUnexpectedEOF) {
		return true
	}
	var net interface{ Timeout() bool }
	if errors.As(err, &net) {
		return true
	}
	s := err.Error()
	for _, sign := range []string{"failed to connect", "connection refused", "connection reset", "broken pipe", "bad connection",
		"conn closed", "unexpected EOF", "SQLSTATE 57P0", "SQLSTATE 08", "SQLSTATE 53", "database is locked",
		"SQLITE_BUSY", "unable to open database", "disk I/O error", "database or disk is full"} {
		if strings.Contains(s, sign) {
			return true
		}
	}
	return false
}

func titleKey(status int) string {
	switch status {
	case fiber.StatusNotFound, fiber.StatusForbidden, fiber.StatusServiceUnavailable, fiber.StatusTooManyRequests, fiber.StatusGone:
		return fmt.Sprintf("error.title.%d", status)
	}
	if status >= 500 {
		return "error.title.500"
	}
	return "error.title.400"
}

func graphCode(status int) string {
	switch status {
	case fiber.StatusBadRequest, fiber.StatusUnprocessableEntity, fiber.StatusRequestEntityTooLarge:
		return "BadRequest"
	case fiber.StatusUnauthorized:
		return "InvalidAuthenticationToken"
	case fiber.StatusForbidden:
		return "Authorization_RequestDenied"
	case fiber.StatusNotFound:
		return "Request_ResourceNotFound"
	case fiber.StatusMethodNotAllowed:
		return "Request_BadRequest"
	case fiber.StatusConflict:
		return "Conflict"
	case fiber.StatusTooManyRequests:
		return "TooManyRequests"
	case fiber.StatusServiceUnavailable:
		return "serviceNotAvailable"
	}
	return "generalException"
}

// oauthPath reports the endpoints that programs call; authorize and logout are pages.
func oauthPath(p string) bool {
	for _, end := range []string{"/oauth2/v2.0/token", "/oauth2/v2.0/introspect", "/oauth2/v2.0/revoke", "/openid/userinfo",
		"/discovery/v2.0/keys", "/.well-known/openid-configuration"} {
		if strings.HasSuffix(p, end) {
			return true
		}
	}
	return false
}

func oauthCode(status int) string {
	switch {
	case status == fiber.StatusServiceUnavailable, status == fiber.StatusTooManyRequests:
		return "temporarily_unavailable"
	case status >= 500:
		return "server_error"
	}
	return "invalid_request"
}

// plainPage is the error page when the drawn one is not there or fails itself.
func plainPage(c *fiber.Ctx, v ErrorView) templ.Component {
	l := InfoOf(c).Locale
	return templ.ComponentFunc(func(_ context.Context, out io.Writer) error {
		_, err := fmt.Fprintf(out, `<!doctype html><html lang="%s" dir="%s"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>%s</title><main><h1>%s</h1><p>%s</p><p>%s <code>%s</code></p></main></html>`,
			l.Spoken(), l.Dir(), html.EscapeString(v.Title), html.EscapeString(v.Title), html.EscapeString(v.Message),
			html.EscapeString(l.T("error.reference")), v.Reference)
		return err
	})
}

// secretField names the inputs that are never shown again: passwords, one-time codes, passkey answers.
// A postal code is none of them.
func secretField(name string) bool {
	low := strings.ToLower(name)
	return strings.Contains(low, "password") || strings.HasSuffix(low, "secret") || low == "code" || low == "credential" || low == "recovery"
}
