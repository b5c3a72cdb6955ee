package graph

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"portico/app/export"
	"portico/app/fault"
	"portico/app/i18n"
	"portico/app/outbound"
	"portico/app/record"
	"portico/app/tenant"
	"portico/app/webhook"
	"portico/handlers"
	"portico/handlers/graph/odata"
	"portico/models"
)

// Token is what a verified access token for the management API says.
type Token struct {
	TenantID string
	ClientID string
	UserID   string   // "" for an app's own token
	Roles    []string // application permissions
	Scopes   []string // delegated permissions
	// AuthTime is when the person last proved who they are, AMR how (RFC 8176).
	AuthTime time.Time
	AMR      []string
	SID      string
	// MFATime is when they showed a second factor, not counting a remembered device; zero = not.
	MFATime time.Time
	// Methods are the kinds of factors that were shown, AAGUIDs the passkeys' models, as far as they count without a
	// remembered device; ClientApp is the kind of client app, in policies' words.
	Methods, AAGUIDs []string
	ClientApp        string
}

// Verifier checks an access token completely: signature by the tenant's keys, issuer, lifetime, type
// at+jwt, audience (this API under the base URL), and that the client, and for a delegated token the
// person, may still act. A refusal is fault.Denied or fault.Expired; anything else is a failure.
type Verifier interface {
	VerifyManagement(ctx context.Context, base, token string) (Token, error)
}

// API is the management API. It is filled once and never changed afterwards.
type API struct {
	Store     *models.Store
	Tokens    Verifier
	Passwords Passwords
	Actions   Actions // policies about what people do to their own account
	Texts     bool    // text messages can be sent
	// BaseURL is scheme://host[:port] as configured; links and the token's audience use it.
	BaseURL string
	Bundle  *i18n.Bundle     // all languages: what a user flow may say in them
	Words   *i18n.Localizer  // English: messages are for developers
	Hooks   *webhook.Courier // sends the test event of a webhook
	Courier *export.Courier  // hands over what continuous exports send
	Log     *slog.Logger
	// Outbound says which addresses of identity providers may be called, Lookup reads TXT records, and Elsewhere lets
	// the well-known providers be replaced (development).
	Outbound  *outbound.Client
	Lookup    func(ctx context.Context, name string) ([]string, error)
	Elsewhere bool
	// Own are the addresses of the installation, which no tenant can claim; Reach tries whether a host leads here, and says
	// what is wrong ("" = nothing); nil = it cannot be tried.
	Own   []string
	Reach func(ctx context.Context, slug, host string) string

	table      []resource
	configured []managed // in the order in which they depend on each other
	directory  directory
}

// Passwords checks and hashes the password of a new or changed account.
type Passwords interface {
	// Hash refuses a password that the tenant's rules do not allow (fault.Invalid) and gives its hash.
	Hash(ctx context.Context, tenantID, password string, names ...string) (string, error)
	// Verify compares a password with a stored hash; an empty hash costs as much as any other.
	Verify(ctx context.Context, hash, password string) (ok, stale bool, err error)
}

// New prepares the route table.
func New(a API) *API {
	a.BaseURL = strings.TrimRight(a.BaseURL, "/")
	if a.Log == nil {
		a.Log = slog.Default()
	}
	a.table, a.configured = a.resources()
	return &a
}

// Routes are the rows for the router and for the request stack: bearer tokens only and no cookie, so
// other origins may call.
func (a *API) Routes() []handlers.Route {
	var out []handlers.Route
	for _, v := range []string{"/v1.0", "/beta"} {
		out = append(out, handlers.PictureRoute(handlers.Route{Path: v + "/organization/*", Handler: a.Handle, CrossOrigin: true}))
		for _, p := range []string{v, v + "/*"} {
			out = append(out, handlers.Route{Path: p, Handler: a.Handle, BodyLimit: maxWire, CrossOrigin: true})
		}
	}
	return out
}

// Mount puts the API into the router.
func (a *API) Mount(app fiber.Router) {
	for _, r := range a.Routes() {
		app.All(r.Path, r.Handler)
	}
}

// Handle answers one HTTP request. It never returns an error: every failure is Graph's error object.
func (a *API) Handle(c *fiber.Ctx) error {
	uri := string(c.Request().URI().PathOriginal())
	version, path := cutVersion(uri)
	r := &request{version: version, base: a.linkBase(c.UserContext(), string(c.Request().Host())), method: c.Method(), path: path,
		query: string(c.Request().URI().QueryString()), id: requestID(c),
		header: func(name string) string { return strings.Clone(c.Get(name)) }, ip: clientIP(c),
		place:   func(ip netip.Addr) record.Signals { return handlers.PlaceOf(c, ip) },
		signals: func() record.Signals { return handlers.SignalsOf(c) }}
	r.clientID = clientRequestID(r)
	h := &c.Response().Header
	h.Set("request-id", r.id)
	h.Set("client-request-id", r.clientID)
	h.Set("OData-Version", "4.0")
	h.Set(fiber.HeaderCacheControl, "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	// No cookie is ever read here, so any origin may ask: the token is the authority.
	h.Set(fiber.HeaderAccessControlAllowOrigin, "*")
	h.Set(fiber.HeaderAccessControlExposeHeaders, "request-id, client-request-id, Location, Retry-After, OData-Version, WWW-Authenticate")
	if r.method == http.MethodOptions {
		h.Set(fiber.HeaderAccessControlAllowMethods, "GET, POST, PATCH, PUT, DELETE")
		h.Set(fiber.HeaderAccessControlAllowHeaders, "authorization, content-type, content-encoding, accept-language, client-request-id, consistencylevel, prefer, sdkversion, if-match")
		h.Set(fiber.HeaderAccessControlMaxAge, "7200")
		return c.SendStatus(http.StatusNoContent)
	}
	res := a.answer(c, r)
	for k, v := range res.header {
		h.Set(k, v)
	}
	c.Status(res.status)
	switch {
	case res.raw != nil:
		c.Set(fiber.HeaderContentType, res.kind)
		return c.Send(res.raw)
	case res.body == nil:
		c.Response().ResetBody()
		h.Del(fiber.HeaderContentType)
		h.SetNoDefaultContentType(true)
		return nil
	}
	b, err := encode(res.body)
	if err != nil {
		return fault.Wrap(fault.Internal, "error.internal", err)
	}
	c.Set(fiber.HeaderContentType, "application/json; odata.metadata=minimal; odata.streaming=true; IEEE754Compatible=false; charset=utf-8")
	return c.Send(b)
}

// linkBase is the configured base URL, or that of the tenant's own host that the request came to. On a developer's machine the loopback address has several names,
// and links keep the one that the caller uses; anywhere else a Host header decides nothing (DESIGN §9.6).
func (a *API) linkBase(ctx context.Context, host string) string {
	if own, ok := tenant.Door(ctx); ok && own != "" {
		return tenant.BaseAt(a.BaseURL, own)
	}
	base, err := url.Parse(a.BaseURL)
	if err != nil || base.Host == host {
		return a.BaseURL
	}
	asked, err := url.Parse(base.Scheme + "://" + host)
	if err != nil || asked.Port() != base.Port() || !loopback(asked.Hostname()) || !loopback(base.Hostname()) || asked.Host != host {
		return a.BaseURL
	}
	return base.Scheme + "://" + host
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// answer authenticates, reads the body and runs the request or the batch.
func (a *API) answer(c *fiber.Ctx, r *request) *response {
	ctx := c.UserContext()
	caller, err := a.authenticate(ctx, r)
	if err != nil {
		return a.failed(ctx, r, err)
	}
	limit, pictures := pictureLimit(r.path)
	if pictures && handlers.TooLarge(c) {
		return a.failed(ctx, r, tooLarge())
	}
	body, err := inflate(r.header("Content-Encoding"), c.Request().Body(), limit)
	if err != nil {
		return a.failed(ctx, r, err)
	}
	r.body = append([]byte(nil), body...)
	if strings.EqualFold(strings.Trim(r.path, "/"), "$batch") {
		res, err := a.batch(ctx, caller, r)
		if err != nil {
			return a.failed(ctx, r, err)
		}
		return res
	}
	return a.run(ctx, caller, r)
}

// run answers one request for a known caller. A panic becomes a 500 with Graph's error object.
func (a *API) run(ctx context.Context, caller *Caller, r *request) (res *response) {
	defer func() {
		if p := recover(); p != nil {
			res = a.failed(ctx, r, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	c := &call{request: r, api: a, caller: caller, tenant: a.Store.Tenant(caller.TenantID)}
	res, err := a.dispatch(ctx, c)
	if err != nil {
		if asError(err, a.Words).Status == http.StatusForbidden {
			a.noteRefusal(ctx, c)
		}
		return a.failed(ctx, r, err)
	}
	return res
}

// dispatch finds the resource with the longest matching path.
func (a *API) dispatch(ctx context.Context, c *call) (*response, error) {
	segs, err := odata.ParsePath(c.path)
	if err != nil {
		return nil, badRequest("The path is not valid: "+err.Error()+".", "")
	}
	if len(segs) == 0 {
		return nil, noSegment("")
	}
	if c.opts, err = parseOptions(c.query); err != nil {
		return nil, err
	}
	if err := a.allowedByPlan(ctx, c, segs); err != nil {
		return nil, err
	}
	var best resource
	for _, r := range a.table {
		if p := r.prefix(); begins(segs, p) && (best == nil || len(p) > len(best.prefix())) {
			best = r
		}
	}
	if best == nil {
		return nil, noSegment(segs[0].Name)
	}
	n := len(best.prefix())
	return best.serve(ctx, c, segs[n-1].Keys, segs[n:])
}

func begins(segs []odata.Segment, prefix []string) bool {
	if len(segs) < len(prefix) {
		return false
	}
	for i, p := range prefix {
		if !strings.EqualFold(segs[i].Name, p) || i < len(prefix)-1 && segs[i].Parens {
			return false
		}
	}
	return true
}

func (a *API) failed(ctx context.Context, r *request, err error) *response {
	e := asError(err, a.Words)
	if e.Status >= 500 {
		a.Log.ErrorContext(ctx, "management API", "request-id", r.id, "method", r.method, "path", r.path, "error", e)
	}
	res := &response{status: e.Status, body: e.body(a.now(), r.id, r.clientID)}
	for k, v := range e.Header {
		res.set(k, v)
	}
	return res
}

func (a *API) now() time.Time { return a.Store.Now() }

// absent names the thing that was asked for in a not-found.
func absent(err error, key string) error {
	var e *Error
	if errors.As(err, &e) {
		return err
	}
	if fault.Is(err, fault.NotFound) {
		return notFound(key)
	}
	return err
}

func cutVersion(path string) (version, rest string) {
	for _, v := range []string{"v1.0", "beta"} {
		if p, ok := strings.CutPrefix(path, "/"+v); ok {
			return v, p
		}
	}
	return "v1.0", path
}

func clientRequestID(r *request) string {
	id := r.header("client-request-id")
	if id == "" || len(id) > 128 || strings.ContainsFunc(id, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return r.id
	}
	return id
}

// requestID is a UUID made here; the request stack's own reference is in its own header.
func requestID(*fiber.Ctx) string {
	id, err := uuid.NewRandomFromReader(rand.Reader)
	if err != nil {
		return models.NewID()
	}
	return id.String()
}

func clientIP(c *fiber.Ctx) string {
	if i := handlers.InfoOf(c); i.IP.IsValid() {
		return i.IP.String()
	}
	return ""
}
