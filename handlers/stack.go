package handlers

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"portico/app/fault"
	"portico/app/i18n"
	"portico/app/signal"
)

// Web is what every request passes through, whatever it is for: reference number, language, client
// address, limits, cross-origin refusal, deadline, errors, security headers, log line, metrics.
// It is filled once by main and never changed afterwards.
type Web struct {
	Development bool
	BaseURL     *url.URL
	Hosts       Hosts  // hosts of tenants' own; nil = every Host is the installation's
	AdminHost   string // serve /admin on this host only; "" = on the base URL's host
	Bundle      *i18n.Bundle
	Proxies     signal.Proxies
	Places      *signal.Places
	Lists       *signal.Lists
	Log         *slog.Logger
	Now         func() time.Time
	Limits      *Limits
	Observe     func(Observation)
	// ErrorPage draws an error for a person; nil draws a plain one.
	ErrorPage func(c *fiber.Ctx, v ErrorView) templ.Component
	// Failing puts headers on an error of the protocol endpoints, which other origins read; nil puts none.
	Failing func(c *fiber.Ctx)
	// Larger and CrossOrigin are read from the route tables: rows with a body limit of their own, and
	// the few POSTs that other origins may send.
	Rows []Route
	// Timeout bounds the work for one request; 0 = 15 s.
	Timeout time.Duration

	compressor *compressor
}

// Observation is what metrics learn of one request.
type Observation struct {
	Method   string
	Route    string
	Status   int
	Duration time.Duration
}

const (
	defaultBody    = 64 << 10
	defaultTimeout = 15 * time.Second
)

// NewApp makes the Fiber application with the settings that LIBRARIES §6.1 and DESIGN §9.13 ask for.
func (w *Web) NewApp() *fiber.App {
	app := fiber.New(fiber.Config{
		Immutable: true, CaseSensitive: true, StrictRouting: true, DisableStartupMessage: true,
		ReadBufferSize: 32 << 10, WriteBufferSize: 16 << 10,
		BodyLimit: defaultBody, StreamRequestBody: true, DisablePreParseMultipartForm: true,
		ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second, IdleTimeout: 75 * time.Second,
		// Reached only for requests that never got as far as the stack: unreadable or oversize headers.
		ErrorHandler: func(c *fiber.Ctx, err error) error {
			status := fiber.StatusBadRequest
			var fe *fiber.Error
			if errors.As(err, &fe) {
				status = fe.Code
			}
			c.Set(fiber.HeaderContentType, fiber.MIMETextPlainCharsetUTF8)
			return c.Status(status).SendString("This request could not be read.\n")
		},
	})
	w.compressor = newCompressor()
	app.Server().CloseOnShutdown = true // tells keep-alive clients to come back elsewhere
	app.Use(w.Handle)
	return app
}

// Handle is the first middleware: it prepares, runs the rest, turns whatever went wrong into an
// answer, and writes the one log line.
func (w *Web) Handle(c *fiber.Ctx) error {
	start := w.Now()
	info := &Info{RequestID: NewReference(), IP: w.client(c), web: w}
	info.Locale = w.Bundle.Match(c.Get(fiber.HeaderAcceptLanguage))
	timeout := w.Timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	c.SetUserContext(ctx)
	SetInfo(c, info)
	c.Set("X-Request-Id", info.RequestID)

	err := w.serve(c)
	route := c.Route().Path
	if err != nil {
		w.fail(c, err)
	}
	w.secure(c, info)
	w.compressor.page(c)
	took := w.Now().Sub(start)
	status := c.Response().StatusCode()
	if w.Observe != nil {
		w.Observe(Observation{Method: c.Method(), Route: route, Status: status, Duration: took})
	}
	w.logLine(c, info, route, status, took, err)
	return nil
}

// serve runs the checks and the route, and makes a panic an ordinary error.
func (w *Web) serve(c *fiber.Ctx) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fault.Wrap(fault.Internal, "error.internal", fmt.Errorf("panic: %v\n%s", r, debug.Stack()))
		}
	}()
	if err := w.door(c); err != nil {
		return err
	}
	if err := w.hosts(c); err != nil {
		return err
	}
	if err := w.crossOrigin(c); err != nil {
		return err
	}
	if err := w.body(c); err != nil {
		return err
	}
	err = c.Next()
	if InfoOf(c).streams { // whoever is still sending sees the answer only then
		discard(c.Request())
	}
	return err
}

// hosts keeps the developer's tools for the developer (DESIGN §7) and the portal on its own host.
func (w *Web) hosts(c *fiber.Ctx) error {
	p := c.Path()
	host := hostname(string(c.Request().Host()))
	if under(p, "/dev") || under(p, "/demo") {
		peer := peerAddr(c)
		if !w.Development || !peer.IsLoopback() || !loopbackHost(host) {
			return fault.New(fault.NotFound, "error.not_found")
		}
	}
	if w.AdminHost != "" && under(p, "/admin") && !strings.EqualFold(host, hostname(w.AdminHost)) {
		return fault.New(fault.NotFound, "error.not_found")
	}
	return nil
}

func under(path, prefix string) bool {
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}

func hostname(host string) string {
	if h, err := url.Parse("//" + host); err == nil {
		return h.Hostname()
	}
	return host
}

func loopbackHost(h string) bool {
	if strings.EqualFold(h, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(h)
	return err == nil && a.IsLoopback()
}

// body refuses a body that is larger than its route allows and reads the rest of an allowed one; the
// server hands bodies over unread, so that this is where memory is given out (LIBRARIES §6.1.6).
func (w *Web) body(c *fiber.Ctx) error {
	req := c.Request()
	length := req.Header.ContentLength()
	if length == 0 || !req.IsBodyStream() && len(req.Body()) == 0 {
		return nil
	}
	limit := defaultBody
	row, ok := w.row(c.Method(), c.Path())
	if ok && row.Streams && req.IsBodyStream() && strings.HasPrefix(string(req.Header.ContentType()), fiber.MIMEMultipartForm) {
		c.Context().SetConnectionClose() // what the handler leaves unread must not be taken for the next request
		InfoOf(c).streams = true
		return nil
	}
	if ok && row.BodyLimit > 0 {
		limit = row.BodyLimit
	}
	refuse := func() error {
		discard(req)
		c.Context().SetConnectionClose()
		if !row.SaysTooLarge {
			return fiber.ErrRequestEntityTooLarge
		}
		req.SetBodyRaw([]byte{})
		InfoOf(c).tooLarge = true
		return nil
	}
	if length > limit || !req.IsBodyStream() && len(req.Body()) > limit {
		return refuse()
	}
	if !req.IsBodyStream() {
		return nil
	}
	var b bytes.Buffer
	if _, err := io.Copy(&b, io.LimitReader(req.BodyStream(), int64(limit)+1)); err != nil {
		c.Context().SetConnectionClose()
		return fiber.ErrBadRequest
	}
	if b.Len() > limit {
		return refuse()
	}
	req.SetBodyRaw(b.Bytes())
	return nil
}

// drained is how much of a refused body is still read, and thrown away: a client that is closed upon in
// the middle of writing sees a broken connection and never the answer.
const drained = 8 << 20

func discard(req *fasthttp.Request) {
	if req.IsBodyStream() {
		_, _ = io.Copy(io.Discard, io.LimitReader(req.BodyStream(), drained))
	}
}

// row finds the special row for a path. Only rows with a body limit or the cross-origin mark are looked
// through.
func (w *Web) row(method, path string) (Route, bool) {
	for _, r := range w.Rows {
		if (r.Method == "" || r.Method == method) && matches(path, r.Path) {
			return r, true
		}
	}
	return Route{}, false
}

// matches compares a path with a route pattern segment by segment; ":x" stands for any one segment
// and a final "*" for the rest.
func matches(path, pattern string) bool {
	if i := strings.IndexAny(pattern, ":*"); i >= 0 && !strings.HasPrefix(path, pattern[:i]) { // most rows end here
		return false
	}
	got, want := strings.Split(path, "/"), strings.Split(pattern, "/")
	for i, w := range want {
		switch {
		case w == "*":
			return true
		case i >= len(got):
			return false
		case strings.HasPrefix(w, ":"):
			if got[i] == "" {
				return false
			}
		case w != got[i]:
			return false
		}
	}
	return len(got) == len(want)
}

// client is the visitor's address behind the trusted proxies.
func (w *Web) client(c *fiber.Ctx) netip.Addr {
	peer := peerAddr(c)
	if !w.Proxies.Configured() {
		return peer
	}
	var values []string
	for _, v := range c.Request().Header.PeekAll(fiber.HeaderXForwardedFor) {
		values = append(values, string(v))
	}
	return w.Proxies.Client(peer, values...)
}

func peerAddr(c *fiber.Ctx) netip.Addr {
	ap, err := netip.ParseAddrPort(c.Context().RemoteAddr().String())
	if err != nil {
		return netip.IPv6Unspecified()
	}
	return ap.Addr().Unmap().WithZone("")
}

// NewReference makes the number that a failure shows and that the log line carries: 60 random bits in
// three groups, easy to read out.
func NewReference() string {
	var b [10]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	s := base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").EncodeToString(b[:])
	return s[0:4] + "-" + s[4:8] + "-" + s[8:12]
}

func (w *Web) logLine(c *fiber.Ctx, info *Info, route string, status int, took time.Duration, err error) {
	level := slog.LevelInfo
	attrs := []slog.Attr{
		slog.String("request", info.RequestID), slog.String("method", c.Method()), slog.String("route", route),
		slog.Int("status", status), slog.Duration("took", took.Round(time.Microsecond)), slog.String("ip", info.IP.String()),
	}
	if t := c.Params("tenant"); t != "" {
		attrs = append(attrs, slog.String("tenant", t))
	}
	if info.Correlation != "" {
		attrs = append(attrs, slog.String("correlation", info.Correlation))
	}
	if info.stranger != "" { // the page says nothing of it to whoever came
		attrs = append(attrs, slog.String("host", short(info.stranger)), slog.String("hint", "nobody answers at this host: have the proxy pass Host on as it came in, or add and verify the host as a custom domain"))
	}
	if err != nil {
		f, _ := classify(err)
		attrs = append(attrs, slog.String("fault", string(f.Code)))
		if status >= 500 {
			level = slog.LevelError
			attrs = append(attrs, slog.String("error", err.Error()))
		} else if f.Key != "" {
			attrs = append(attrs, slog.String("reason", f.Key))
		}
	}
	if level == slog.LevelInfo && quiet(c.Path()) {
		level = slog.LevelDebug
	}
	w.Log.LogAttrs(context.Background(), level, "request", attrs...)
}

// short bounds what a stranger writes into the log.
func short(s string) string {
	if len(s) > 100 {
		s = s[:100] + "…"
	}
	return strings.ToValidUTF8(s, "?")
}

// quiet paths are asked for all the time and say nothing.
func quiet(p string) bool {
	if _, rest, _ := strings.Cut(strings.TrimPrefix(p, "/"), "/"); strings.HasPrefix(rest, "branding/") { // a tenant's pictures
		return true
	}
	return p == "/healthz" || p == "/readyz" || p == "/metrics" || strings.HasPrefix(p, "/static/") || p == "/favicon.ico" ||
		strings.HasSuffix(p, "/discovery/v2.0/keys") || strings.HasSuffix(p, "/.well-known/openid-configuration")
}
