// Package openid is the door of the OpenID Provider: it reads requests off the wire into the typed
// values of app/openid, keeps browsers' cross-origin rules, and writes answers and errors in the forms
// that clients insist on. What the protocol means is decided in app/openid; who is signed in, by the
// sign-in machine behind handlers.Starter.
package openid

import (
	"context"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"portico/app/openid"
	"portico/app/record"
	"portico/app/session"
	"portico/app/signin"
	"portico/handlers"
	"portico/models"
)

// Sessions is the browser's single sign-on session in a tenant, as the sign-in pages keep it.
type Sessions interface {
	// Current is who is signed in at this browser; false when nobody is.
	Current(c *fiber.Ctx, dir *models.Directory) (session.Session, bool, error)
	// End ends the session for good and forgets the browser's cookie.
	End(c *fiber.Ctx, dir *models.Directory, s session.Session) error
}

// Pages draws what the protocol itself has to show.
type Pages interface {
	// ConfirmSignOut asks "Do you want to sign out?"; its form posts the fields to action.
	ConfirmSignOut(c *fiber.Ctx, dir *models.Directory, action string, fields [][2]string) error
	// SignedOut says that it is done.
	SignedOut(c *fiber.Ctx, dir *models.Directory) error
	// FormPost sends the answer to the app by a form that posts itself.
	FormPost(c *fiber.Ctx, app, action string, fields [][2]string) error
}

// Store is what the door needs of the database besides the protocol's own store.
type Store interface {
	models.Directories
	LatestDirectory(ctx context.Context, segment string) (*models.Directory, error)
	Tenant(id string) *models.Tenant
}

// Handler holds the door's parts. It is filled once by main.
type Handler struct {
	Provider *openid.Provider
	Store    Store
	BaseURL  string // scheme://host[:port] without a slash at the end
	Starter  handlers.Starter
	Sessions Sessions
	Leaver   handlers.Leaver // nil: nobody is signed out elsewhere too
	Pages    Pages
	CSRF     handlers.CSRF
	Limits   *handlers.Limits // nil: no limit on failed client authentication
	MAC      signin.MAC       // tells an admin's trial of a user flow; nil: none is ever one

	realms sync.Map // tenant id and host → *knownRealm
}

type knownRealm struct {
	dir       *models.Directory
	realm     *openid.Realm
	discovery openid.Document
}

// Realm gives the protocol's view of a tenant; it is made once for each snapshot.
func (h *Handler) Realm(dir *models.Directory) (*openid.Realm, error) {
	k, err := h.known(dir)
	if err != nil {
		return nil, err
	}
	return k.realm, nil
}

func (h *Handler) known(dir *models.Directory) (*knownRealm, error) {
	key := dir.Tenant.ID
	if dir.Tenant.Host != "" { // the installation's address costs no new string
		key += "@" + dir.Tenant.Host
	}
	if v, ok := h.realms.Load(key); ok && v.(*knownRealm).dir == dir {
		return v.(*knownRealm), nil
	}
	k := &knownRealm{dir: dir, realm: openid.NewRealm(h.BaseURL, dir.Tenant, dir.Clients)}
	k.realm.Contexts, k.realm.Extensions = dir.Contexts, dir.Extensions
	var err error
	if k.discovery, err = k.realm.Discovery(); err != nil {
		return nil, err
	}
	h.realms.Store(key, k)
	return k, nil
}

// RealmOf finds a realm by its tenant's id or slug, at the host that the context names.
func (h *Handler) RealmOf(ctx context.Context, segment string) (*openid.Realm, error) {
	dir, err := h.Store.Directory(ctx, segment)
	if err != nil {
		return nil, err
	}
	return h.Realm(dir.SeenAnyway(ctx))
}

// Issuing is the realm for tokens that no visitor asked for: calls of a tenant's own APIs.
func (h *Handler) Issuing(ctx context.Context, segment string) (*openid.Realm, error) {
	dir, err := h.Store.Directory(ctx, segment)
	if err != nil {
		return nil, err
	}
	return h.Realm(dir.Issuing())
}

// RealmKnowing is RealmOf, past the snapshot when it does not know the app yet.
func (h *Handler) RealmKnowing(ctx context.Context, segment, clientID string) (*openid.Realm, error) {
	dir, err := h.Store.Directory(ctx, segment)
	if err != nil {
		return nil, err
	}
	if _, known := dir.Clients[strings.ToLower(clientID)]; clientID != "" && !known {
		if dir, err = h.Store.LatestDirectory(ctx, segment); err != nil {
			return nil, err
		}
	}
	if dir, err = dir.Seen(ctx); err != nil {
		return nil, err
	}
	return h.Realm(dir)
}

// Routes is the door's table. "/:tenant" is the slug or id in any letter case.
func (h *Handler) Routes() []handlers.Route {
	const metadata = "/.well-known/openid-configuration"
	rows := []handlers.Route{
		{Method: fiber.MethodGet, Path: "/:tenant/v2.0" + metadata, Handler: h.discovery},
		{Method: fiber.MethodGet, Path: "/:tenant" + metadata, Handler: h.discovery},
		{Method: fiber.MethodGet, Path: "/:tenant/discovery/v2.0/keys", Handler: h.keys},
		{Method: fiber.MethodGet, Path: "/:tenant/oauth2/v2.0/authorize", Handler: h.authorize},
		{Method: fiber.MethodPost, Path: "/:tenant/oauth2/v2.0/authorize", Handler: h.parkAuthorize, CrossOrigin: true},
		{Method: fiber.MethodPost, Path: "/:tenant/oauth2/v2.0/token", Handler: h.token},
		{Method: fiber.MethodPost, Path: "/:tenant/oauth2/v2.0/introspect", Handler: h.introspect},
		{Method: fiber.MethodPost, Path: "/:tenant/oauth2/v2.0/revoke", Handler: h.revoke},
		{Method: fiber.MethodGet, Path: "/:tenant/oauth2/v2.0/logout", Handler: h.logout},
		{Method: fiber.MethodPost, Path: "/:tenant/oauth2/v2.0/logout", Handler: h.postLogout, CrossOrigin: true},
		{Method: fiber.MethodGet, Path: "/:tenant/openid/userinfo", Handler: h.userinfo},
		{Method: fiber.MethodPost, Path: "/:tenant/openid/userinfo", Handler: h.userinfo},
	}
	for _, r := range rows[:3] { // the public documents
		r.Method = fiber.MethodHead
		rows = append(rows, r)
	}
	for _, path := range []string{"/:tenant/v2.0" + metadata, "/:tenant" + metadata, "/:tenant/discovery/v2.0/keys",
		"/:tenant/oauth2/v2.0/token", "/:tenant/oauth2/v2.0/introspect", "/:tenant/oauth2/v2.0/revoke", "/:tenant/openid/userinfo"} {
		rows = append(rows, handlers.Route{Method: fiber.MethodOptions, Path: path, Handler: h.preflight})
	}
	return rows
}

// Mount puts the table on a router.
func (h *Handler) Mount(app fiber.Router) {
	dir := handlers.WithDirectory(h.Store)
	for _, r := range h.Routes() {
		chain := []fiber.Handler{dir, h.readThrough}
		if h.Limits != nil && r.Method == fiber.MethodPost && provesClient(r.Path) {
			chain = append(chain, h.Limits.ClientAuth)
		}
		app.Add(r.Method, r.Path, append(chain, r.Handler)...)
	}
	for _, r := range h.Routes() { // what comes this far has another method (RFC 9110 §15.5.6)
		if r.Method == fiber.MethodOptions {
			app.All(r.Path, dir, wrongMethod)
		}
	}
}

func wrongMethod(c *fiber.Ctx) error {
	c.Set(fiber.HeaderAllow, methods(c.Path()))
	return fiber.ErrMethodNotAllowed
}

// methods are those of an endpoint that programs call.
func methods(path string) string {
	switch {
	case public(path):
		return "GET, HEAD, OPTIONS"
	case strings.HasSuffix(path, "/userinfo"):
		return "GET, POST, OPTIONS"
	}
	return "POST, OPTIONS"
}

// public documents are for every origin.
func public(path string) bool {
	return strings.HasSuffix(path, "/openid-configuration") || strings.HasSuffix(path, "/keys")
}

// Failing lets the tenant's single-page apps read the errors that come before a handler, or instead of one:
// a body too large, too many requests, a wrong method. It is handlers.Web's hook for the protocol endpoints.
func (h *Handler) Failing(c *fiber.Ctx) {
	path := c.Path()
	if public(path) {
		open(c)
		return
	}
	segment, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if realm, err := h.RealmOf(c.UserContext(), segment); err == nil {
		h.cors(c, realm)
	}
}

// readThrough takes a newer snapshot when the request names an app that this one does not know: it may
// have been registered elsewhere a moment ago.
func (h *Handler) readThrough(c *fiber.Ctx) error {
	dir, id := handlers.DirectoryOf(c), clientIDOf(c)
	if _, known := dir.Clients[strings.ToLower(id)]; id == "" || known {
		return c.Next()
	}
	latest, err := h.Store.LatestDirectory(c.UserContext(), dir.Tenant.ID)
	if err != nil {
		return err
	}
	handlers.SetDirectory(c, latest)
	return c.Next()
}

// clientIDOf is the client id as the request spells it, wherever it is; it proves nothing.
func clientIDOf(c *fiber.Ctx) string {
	if id := c.Query("client_id"); id != "" {
		return id
	}
	if id := string(c.Request().PostArgs().Peek("client_id")); id != "" {
		return id
	}
	scheme, given, _ := strings.Cut(c.Get(fiber.HeaderAuthorization), " ")
	switch {
	case strings.EqualFold(scheme, "Basic"):
		if pair, err := base64.StdEncoding.DecodeString(given); err == nil {
			id, _, _ := strings.Cut(string(pair), ":")
			return id
		}
	case strings.EqualFold(scheme, "Bearer"):
		_, id := openid.Unverified(given)
		return id
	}
	return ""
}

func provesClient(path string) bool {
	return strings.HasSuffix(path, "/token") || strings.HasSuffix(path, "/introspect") || strings.HasSuffix(path, "/revoke")
}

// form reads a POST body as form parameters; any other content type is refused (RFC 6749 §3.2).
func form(c *fiber.Ctx) (openid.Params, *openid.Error) {
	mime, _, _ := strings.Cut(c.Get(fiber.HeaderContentType), ";")
	if !strings.EqualFold(strings.TrimSpace(mime), fiber.MIMEApplicationForm) {
		return openid.Params{}, &openid.Error{Code: openid.InvalidRequest, Number: 900144,
			Description: "The request body must be form encoded: Content-Type application/x-www-form-urlencoded."}
	}
	return openid.ParseParams(string(c.Body())), nil
}

// request gathers what a token request brought.
func (h *Handler) request(c *fiber.Ctx, in openid.Params, received time.Time) openid.TokenRequest {
	return openid.TokenRequest{Form: in, Authorization: c.Get(fiber.HeaderAuthorization), Received: received,
		Signals: func() record.Signals { return handlers.SignalsOf(c) }, CorrelationID: correlation(c, in), TraceID: handlers.InfoOf(c).RequestID}
}

// correlation is the client's own request id, when it sent one, else a new one; MSAL shows it in its errors, and APIs that
// are asked read it as a GUID.
func correlation(c *fiber.Ctx, in openid.Params) string {
	for _, s := range []string{in.Get("client-request-id"), c.Query("client-request-id"), c.Get("client-request-id")} {
		if id, err := uuid.Parse(s); err == nil {
			return id.String()
		}
	}
	return uuid.Must(uuid.NewV7()).String()
}

// refuse writes an error in the JSON form. A fault of ours goes to the root's renderer, which logs its
// cause and knows an absent database from a defect.
func (h *Handler) refuse(c *fiber.Ctx, e *openid.Error, correlationID string) error {
	if e.Code == openid.ServerError && e.Cause != nil {
		return e.Cause
	}
	h.note(c, e)
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(fiber.HeaderPragma, "no-cache")
	status := e.HTTPStatus()
	if status == fiber.StatusUnauthorized {
		if e.Code == openid.InvalidToken {
			c.Set(fiber.HeaderWWWAuthenticate, bearerChallenge(e, len(c.Get(fiber.HeaderAuthorization)) > 0))
		} else if scheme, _, _ := strings.Cut(c.Get(fiber.HeaderAuthorization), " "); strings.EqualFold(scheme, "Basic") {
			c.Set(fiber.HeaderWWWAuthenticate, `Basic realm="token"`) // RFC 6749 §5.2
		}
	} else if e.Code == openid.InsufficientScope {
		c.Set(fiber.HeaderWWWAuthenticate, bearerChallenge(e, true))
	}
	c.Set("x-ms-request-id", handlers.InfoOf(c).RequestID)
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSONCharsetUTF8)
	return c.Status(status).Send(e.JSON(h.Provider.Now(), handlers.InfoOf(c).RequestID, correlationID))
}

// bearerChallenge is RFC 6750 §3: a request without any token gets no error code.
func bearerChallenge(e *openid.Error, tried bool) string {
	if !tried {
		return `Bearer realm="userinfo"`
	}
	return `Bearer realm="userinfo", error="` + e.Code + `", error_description="` + e.Words() + `"`
}

// note tells the app's developer, through the portal, what exactly was wrong. It is best effort.
func (h *Handler) note(c *fiber.Ctx, e *openid.Error) {
	if m := e.Mistake; m != nil && m.ClientID != "" {
		_ = h.Store.Tenant(handlers.DirectoryOf(c).Tenant.ID).
			NoteClientMistake(c.UserContext(), m.ClientID, models.ClientMistake(m.Kind), m.Given, m.Expected)
	}
}

// page makes an error that the root's renderer shows to a person, with a reference number.
func (h *Handler) page(c *fiber.Ctx, e *openid.Error) error {
	if e.Code == openid.ServerError && e.Cause != nil {
		return e.Cause
	}
	h.note(c, e)
	return e
}

// sendJSON writes a token-like answer: never stored by anyone (RFC 6749 §5.1).
func sendJSON(c *fiber.Ctx, body []byte) error {
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(fiber.HeaderPragma, "no-cache")
	c.Set("x-ms-request-id", handlers.InfoOf(c).RequestID)
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSONCharsetUTF8)
	return c.Send(body)
}

// cors lets the tenant's single-page apps read the answer, errors included.
func (h *Handler) cors(c *fiber.Ctx, realm *openid.Realm) {
	origin := c.Get(fiber.HeaderOrigin)
	c.Append(fiber.HeaderVary, fiber.HeaderOrigin)
	if origin == "" || !realm.AllowsOrigin(origin) {
		return
	}
	c.Set(fiber.HeaderAccessControlAllowOrigin, origin)
	c.Set(fiber.HeaderAccessControlExposeHeaders, "x-ms-request-id, X-Request-Id, Retry-After, WWW-Authenticate")
}

// open lets everybody read a public document.
func open(c *fiber.Ctx) { c.Set(fiber.HeaderAccessControlAllowOrigin, "*") }

// preflight answers OPTIONS (Fetch standard, CORS-preflight request).
func (h *Handler) preflight(c *fiber.Ctx) error {
	realm, err := h.Realm(handlers.DirectoryOf(c))
	if err != nil {
		return err
	}
	if public(c.Path()) {
		open(c)
	} else {
		h.cors(c, realm)
	}
	allowed := methods(c.Path())
	c.Set(fiber.HeaderAllow, allowed)
	if len(c.Response().Header.Peek(fiber.HeaderAccessControlAllowOrigin)) > 0 {
		c.Set(fiber.HeaderAccessControlAllowMethods, allowed)
		if asked := c.Get(fiber.HeaderAccessControlRequestHeaders); asked != "" && headerNames(asked) {
			c.Set(fiber.HeaderAccessControlAllowHeaders, asked)
			c.Append(fiber.HeaderVary, fiber.HeaderAccessControlRequestHeaders)
		}
		c.Set(fiber.HeaderAccessControlMaxAge, "600")
	}
	return c.SendStatus(fiber.StatusNoContent)
}

func headerNames(s string) bool {
	if len(s) > 1024 {
		return false
	}
	for i := 0; i < len(s); i++ {
		b := s[i]
		if (b < 'a' || b > 'z') && (b < 'A' || b > 'Z') && (b < '0' || b > '9') && b != '-' && b != '_' && b != ',' && b != ' ' {
			return false
		}
	}
	return true
}

// origin is where a validated redirect URI leads, for form-action: an origin, or the scheme of an app.
func origin(redirectURI string) string {
	if o := openid.Origin(redirectURI); o != "" {
		return o
	}
	if u, err := url.Parse(redirectURI); err == nil && u.Scheme != "" {
		return u.Scheme + ":"
	}
	return ""
}

// signals is a helper for what the machine records about the resource asked for.
func resource(realm *openid.Realm, r *openid.AuthorizeRequest) record.Party {
	id, name := realm.Resource(r.Scopes)
	return record.Party{ID: id, Name: name}
}

var errNoStore = errors.New("openid: the transaction cannot store a grant")
