// Package hosted is how people reach the sign-in machine: one page address per attempt, one show, one
// submit, and a table from step to page. It decides nothing and queries nothing; the machine does the
// one, the store behind it the other.
package hosted

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/factor"
	"portico/app/fault"
	"portico/app/i18n"
	"portico/app/message"
	"portico/app/risk"
	"portico/app/signal"
	"portico/app/signin"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/handlers"
	"portico/models"
)

// Deps is what main wires in.
type Deps struct {
	Store       *models.Store
	Directories models.Directories // nil = Store
	Bundle      *i18n.Bundle
	Hasher      *factor.Hasher
	BaseURL     string
	AdminURL    string // where the portal is served when that is another host; "" = BaseURL
	Now         func() time.Time
	Limits      *handlers.Limits  // nil = no request rate
	Brands      *handlers.Brands  // nil = its own
	Breached    factor.Breached   // nil = no list
	Detectors   []risk.Detector   // nil = all there are
	Texts       bool              // text messages can be sent
	Upstream    signin.Upstream   // nil = no identity providers
	Extensions  signin.Extensions // nil = no API of a tenant's is ever asked
	Development bool
}

// Hosted serves the pages and implements handlers.Starter and handlers.Answer.
type Hosted struct {
	machine     *signin.Machine
	directories models.Directories
	bundle      *i18n.Bundle
	sessions    handlers.Sessions
	limits      *handlers.Limits
	brands      *handlers.Brands
	trials      *trials // nil = flows cannot be tried without an app
	portal      string  // base of the portal, where tests of identity providers end
}

var (
	_ handlers.Starter = (*Hosted)(nil)
	_ handlers.Answer  = (*Hosted)(nil)
)

// New puts the machine together. Issuers are added before the first request.
func New(d Deps) (*Hosted, error) {
	passkeys, err := factor.NewPasskeys(d.BaseURL, "Portico")
	if err != nil {
		return nil, err
	}
	if d.Directories == nil {
		d.Directories = d.Store
	}
	if d.Detectors == nil {
		d.Detectors = risk.Detectors()
	}
	if d.Brands == nil {
		d.Brands = &handlers.Brands{}
	}
	h := &Hosted{portal: cmp.Or(d.AdminURL, d.BaseURL), brands: d.Brands, directories: d.Directories, bundle: d.Bundle, sessions: handlers.Sessions{Store: d.Store}, limits: d.Limits}
	h.machine = &signin.Machine{Stores: models.SignInStores{Store: d.Store}, Hasher: d.Hasher, Passkeys: passkeys, Mailer: message.Codes{Now: d.Now, BaseURL: d.BaseURL},
		MAC: d.Store.Sealer().MAC, Now: d.Now, Random: rand.Reader, Issuers: map[signin.Protocol]signin.Issuer{signin.Invite: invite{}},
		Detectors: d.Detectors, Breached: d.Breached, Texts: d.Texts, Upstream: d.Upstream, Extensions: d.Extensions, BaseURL: d.BaseURL, Wait: pause,
		Relaxed: d.Development}
	if d.AdminURL != "" {
		if h.machine.StaffPasskeys, err = factor.NewPasskeys(d.AdminURL, "Portico"); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// Gate is what the token endpoint asks at refresh.
func (h *Hosted) Gate() signin.Gate {
	return signin.Gate{Machine: h.machine, Place: func(ctx context.Context, tenantID, clientID string) (signin.Place, error) {
		dir, err := h.directories.Directory(ctx, tenantID)
		if err != nil {
			return signin.Place{}, err
		}
		return Place(dir, signin.OpenID, clientID)
	}}
}

// Sessions is the browser's side of single sign-on.
func (h *Hosted) Sessions() handlers.Sessions { return h.sessions }

// AddIssuer says who answers for a protocol. Call it while wiring, never while serving.
func (h *Hosted) AddIssuer(p signin.Protocol, i signin.Issuer) { h.machine.Issuers[p] = i }

// Mount adds the routes.
func (h *Hosted) Mount(r fiber.Router) {
	with := handlers.WithDirectory(h.directories)
	posts := func(c *fiber.Ctx) error { return c.Next() }
	if h.limits != nil {
		posts = h.limits.Posts(func(c *fiber.Ctx) int { return handlers.DirectoryOf(c).Tenant.Settings.RequestsPerSecondPerIP })
	}
	r.Get("/:tenant/signin/:attempt", with, h.show)
	if h.trials != nil {
		r.Get("/:tenant/trial", with, h.trial)
		r.Get("/:tenant/trial/result", with, h.trialDone)
	}
	r.Post("/:tenant/signin/:attempt", with, posts, h.submit)
	h.mountFederation(r, with, posts)
	r.Get("/:tenant/invitation/done", with, h.done)
	r.Get("/:tenant/invitation/:token", with, h.invitation)
	r.Post("/:tenant/invitation/:token", with, posts, h.accept)
}

// Routes are the rows that the request stack must know before it reads a body. An answer of 100,000
// characters is refused beside its field, with everything that was typed still there; so it has to be read,
// and a character may be twelve bytes of a form. What is longer still gets the page that is due once more.
func (h *Hosted) Routes() []handlers.Route {
	return []handlers.Route{{Method: fiber.MethodPost, Path: "/:tenant/signin/:attempt", BodyLimit: 4 << 20, SaysTooLarge: true},
		{Method: fiber.MethodPost, Path: "/:tenant/federation/:provider/callback", BodyLimit: longestAnswer, CrossOrigin: true},
		{Method: fiber.MethodPost, Path: "/:tenant/federation/:provider/signed-out", BodyLimit: longestAnswer, CrossOrigin: true}}
}

// Start opens an attempt and answers the browser.
func (h *Hosted) Start(c *fiber.Ctx, dir *models.Directory, r signin.Request) error {
	if err := h.crowded(c, dir.Tenant); err != nil {
		return err
	}
	place, err := h.place(c, dir, r)
	if fault.Is(err, fault.Denied) && r.Asks("none") { // no page, whatever happens
		out, refused := h.machine.Issuers[r.Protocol].Refuse(c.UserContext(), signin.Refusal{Error: "access_denied",
			Description: "Nobody can sign in to this app at the moment.", CorrelationID: r.CorrelationID, Request: r})
		if refused != nil {
			return refused
		}
		return h.Answer(c, out)
	}
	if err != nil {
		return err
	}
	h.speak(c, dir, r, "")
	res, err := h.machine.Start(c.UserContext(), place, h.visit(c, dir.Tenant), r)
	if err != nil {
		return err
	}
	if res.Outcome != nil {
		return h.leave(c, dir, res)
	}
	if res.Way != nil {
		return h.away(c, *res.Way)
	}
	return c.Redirect(address(dir.Tenant, res.Attempt.ID), fiber.StatusSeeOther)
}

// crowded bounds how fast one address can open attempts: each is a row.
func (h *Hosted) crowded(c *fiber.Ctx, t tenant.Tenant) error {
	ip := handlers.InfoOf(c).IP
	if h.limits == nil || h.limits.Exempt != nil && h.limits.Exempt(ip) {
		return nil
	}
	rate := float64(handlers.PerAddress)
	if n := t.Settings.RequestsPerSecondPerIP; n > 0 {
		rate = float64(n)
	}
	wait, ok := h.limits.Take("start "+t.ID+" "+signal.Bucket(ip).String(), handlers.Rate{PerSecond: rate, Burst: 2 * rate})
	if !ok {
		return &fault.Error{Code: fault.TooMany, Key: "error.too_many", RetryAfter: wait}
	}
	return nil
}

// Answer sends an outcome to the browser.
func (h *Hosted) Answer(c *fiber.Ctx, o signin.Outcome) error {
	if o.FormPost != nil {
		return h.FormPost(c, "", o.FormPost.Action, o.FormPost.Fields)
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.Redirect(o.Redirect, fiber.StatusSeeOther)
}

func (h *Hosted) show(c *fiber.Ctx) error {
	dir := handlers.DirectoryOf(c)
	res, err := h.machine.Show(c.UserContext(), dir.Tenant.ID, h.placing(c, dir), c.Params("attempt"))
	if err != nil {
		return h.lost(c, dir, err)
	}
	return h.respond(c, dir, res, nil)
}

func (h *Hosted) submit(c *fiber.Ctx) error {
	dir := handlers.DirectoryOf(c)
	if handlers.TooLarge(c) {
		return h.tooLarge(c, dir)
	}
	args := c.Request().PostArgs()
	form := signin.Form{Step: signin.Name(handlers.Form(c, "step")), Proof: handlers.Form(c, "proof"), Action: handlers.Form(c, "action"),
		Value: func(n string) string { return strings.ToValidUTF8(string(args.Peek(n)), "\uFFFD") },
		Values: func(n string) []string {
			var out []string
			for _, b := range args.PeekMulti(n) {
				out = append(out, string(b))
			}
			return out
		}}
	if handlers.Form(c, "language") != "" {
		return h.translate(c, dir, form)
	}
	res, err := h.machine.Submit(c.UserContext(), dir.Tenant.ID, h.placing(c, dir), c.Params("attempt"), form)
	if err != nil {
		return h.lost(c, dir, err)
	}
	return h.respond(c, dir, res, &form)
}

// tooLarge draws the page that is due, with why nothing came of the form. What was typed was never read.
func (h *Hosted) tooLarge(c *fiber.Ctx, dir *models.Directory) error {
	res, err := h.machine.Show(c.UserContext(), dir.Tenant.ID, h.placing(c, dir), c.Params("attempt"))
	switch {
	case err != nil:
		return h.lost(c, dir, err)
	case res.Outcome != nil:
		return h.leave(c, dir, res)
	}
	res.Problem = fault.New(fault.Invalid, "error.too_large")
	if err := h.draw(c, dir, res, nil); err != nil {
		return err
	}
	c.Status(fiber.StatusRequestEntityTooLarge)
	return nil
}

// translate draws the page that is due in the language that was chosen, with what was typed. The machine
// is told nothing, so no proof is asked for.
func (h *Hosted) translate(c *fiber.Ctx, dir *models.Directory, form signin.Form) error {
	res, err := h.machine.Show(c.UserContext(), dir.Tenant.ID, h.placing(c, dir), c.Params("attempt"))
	switch {
	case err != nil:
		return h.lost(c, dir, err)
	case res.Outcome != nil:
		return h.leave(c, dir, res)
	case form.Step != res.Step.Name:
		return h.draw(c, dir, res, nil)
	}
	return h.draw(c, dir, res, &form)
}

// respond leaves, redirects after a change (so that Refresh repeats nothing), or draws the page.
func (h *Hosted) respond(c *fiber.Ctx, dir *models.Directory, res signin.Result, form *signin.Form) error {
	if res.Outcome != nil {
		return h.leave(c, dir, res)
	}
	if res.Way != nil {
		return h.away(c, *res.Way)
	}
	if res.Changed && form != nil {
		return c.Redirect(address(dir.Tenant, res.Attempt.ID), fiber.StatusSeeOther)
	}
	return h.draw(c, dir, res, form)
}

// leave sets what the browser keeps and sends it back to the app.
func (h *Hosted) leave(c *fiber.Ctx, dir *models.Directory, res signin.Result) error {
	t := dir.Tenant
	if res.Session != nil {
		h.sessions.Set(c, t.Slug, *res.Session)
	}
	h.keepProvider(c, t.Slug, res)
	if res.Known != "" {
		h.keep(c, t, "known", res.Known, 400*24*time.Hour)
	}
	if k := res.Trusted; k != nil {
		h.keep(c, t, "trusted", k.Secret, k.ExpiresAt.Sub(h.machine.Now()))
	}
	if o := res.Attempt.Request.RedirectOrigin; o != "" && res.Outcome.FormPost != nil {
		i := handlers.InfoOf(c)
		i.FormActions = append(i.FormActions, o)
	}
	if res.Outcome.FormPost != nil {
		h.speak(c, dir, res.Attempt.Request, res.Attempt.ID)
	}
	return h.Answer(c, *res.Outcome)
}

// lost turns an attempt that is not there into a kind page; other errors are everybody's.
func (h *Hosted) lost(c *fiber.Ctx, dir *models.Directory, err error) error {
	if fault.Is(err, fault.NotFound) {
		return h.draw(c, dir, signin.Result{Step: signin.Step{Name: signin.Finished}}, nil)
	}
	return err
}

// placing finds the configuration once the machine knows what the attempt is for, and speaks the
// person's language from then on.
func (h *Hosted) placing(c *fiber.Ctx, dir *models.Directory) signin.Placing {
	return func(r signin.Request) (signin.Place, signin.Visit, error) {
		h.speak(c, dir, r, c.Params("attempt"))
		place, err := h.place(c, dir, r)
		return place, h.visit(c, dir.Tenant), err
	}
}

// place is Place, reading past a snapshot that does not know the app or its flow: another instance may
// have made them a moment ago.
func (h *Hosted) place(c *fiber.Ctx, dir *models.Directory, r signin.Request) (signin.Place, error) {
	if app := appOf(dir, r.ClientID); app != "" {
		handlers.InfoOf(c).App = app
	}
	place, err := Place(dir, r.Protocol, r.ClientID)
	if !fault.Is(err, fault.Denied) {
		return place, err
	}
	latest, failed := h.sessions.Store.LatestDirectory(c.UserContext(), dir.Tenant.ID)
	if failed != nil {
		return place, failed
	}
	return Place(latest.SeenAnyway(c.UserContext()), r.Protocol, r.ClientID)
}

// Place gathers a tenant's configuration for one app from its snapshot. An app that is switched off,
// unknown or in no user flow has no sign-in.
func Place(dir *models.Directory, p signin.Protocol, clientID string) (signin.Place, error) {
	flow, ok := dir.Flow(clientID)
	switch alone := dir.Flows[clientID]; {
	case p == signin.Portal:
		flow, ok = dir.Flows[userflow.Administrators]
	case p == signin.Account && dir.Tenant.Kind == tenant.Workforce:
		flow, ok = dir.Flows[userflow.Administrators]
	case p == signin.Account:
		own := userflow.ForSelfService(slices.Collect(maps.Values(dir.Flows)))
		flow, ok = &own, len(dir.Flows) > 0
	case p == signin.Trial && alone != nil: // a flow is tried as such, without an app
		flow, ok = alone, true
	}
	client, known := dir.Clients[clientID]
	if p != signin.Portal && p != signin.Account && !(p == signin.Trial && dir.Flows[clientID] != nil) && (!known || !client.Enabled) {
		return signin.Place{}, fault.New(fault.Denied, "signin.app_unavailable")
	}
	if !ok {
		return signin.Place{}, fault.New(fault.Denied, "signin.app_without_flow")
	}
	place := signin.Place{Tenant: dir.Tenant, Flow: *flow, Policies: dir.Policies, Terms: dir.Terms, Providers: dir.Providers, Domains: dir.Domains}
	if known && client.AssignmentRequired && p != signin.Portal && p != signin.Account {
		place.Assigned = client.ObjectID
	}
	return extended(place, dir, clientID), nil
}

func address(t tenant.Tenant, attempt string) string {
	return "/" + t.Slug + "/signin/" + url.PathEscape(attempt)
}

// visit gathers what the browser brought. A browser without a secret gets one.
func (h *Hosted) visit(c *fiber.Ctx, t tenant.Tenant) signin.Visit {
	if c.Params("tenant") == t.Slug { // the cookie is named by the address: one per tenant is enough
		handlers.EnsureDevice(c)
	}
	secret := strings.Clone(c.Cookies(handlers.CookieName(c, t.Slug, "browser")))
	if raw, err := base64.RawURLEncoding.DecodeString(secret); err != nil || len(raw) != 32 {
		var b [32]byte
		_, _ = rand.Read(b[:]) // never fails (crypto/rand)
		secret = base64.RawURLEncoding.EncodeToString(b[:])
		h.keep(c, t, "browser", secret, 0)
	}
	return signin.Visit{Browser: secret, Session: h.sessions.Secret(c, t.Slug), Trusted: strings.Clone(c.Cookies(handlers.CookieName(c, t.Slug, "trusted"))), Known: strings.Clone(c.Cookies(handlers.CookieName(c, t.Slug, "known"))),
		Signals: handlers.SignalsOf(c), Locale: handlers.InfoOf(c).Locale.Lang(), Wish: handlers.InfoOf(c).Locale.Wish()}
}

// keep sets one of the hosted pages' cookies; no duration means until the browser closes.
func (h *Hosted) keep(c *fiber.Ctx, t tenant.Tenant, name, value string, d time.Duration) {
	c.Cookie(&fiber.Cookie{Name: handlers.CookieName(c, t.Slug, name), Value: value, Path: "/", HTTPOnly: true, Secure: handlers.SecureCookies(c),
		SameSite: fiber.CookieSameSiteLaxMode, MaxAge: int(d.Seconds()), SessionOnly: d == 0})
}

// speak chooses the language: what the person chose on this attempt, the app's ui_locales, what they
// chose before, the browser's, the tenant's.
func (h *Hosted) speak(c *fiber.Ctx, dir *models.Directory, r signin.Request, attempt string) {
	t := dir.Tenant
	flow, _ := dir.Flow(r.ClientID)
	offer := handlers.Languages(h.bundle, dir, appOf(dir, r.ClientID), flow)
	chosen, during, _ := strings.Cut(c.Cookies(handlers.CookieName(c, t.Slug, "language")), ".")
	q := c.Query("ui_locales")
	if c.Method() == fiber.MethodPost {
		q = handlers.Form(c, "language")
	}
	if q = offer.Choose(q); q != "" && attempt != "" {
		chosen, during = q, attempt
		h.keep(c, t, "language", chosen+"."+attempt, 365*24*time.Hour)
	}
	var wishes []string
	if during == attempt && attempt != "" {
		wishes = append(wishes, chosen)
	}
	wishes = append(wishes, r.UILocales...)
	wishes = append(wishes, chosen, c.Get(fiber.HeaderAcceptLanguage), t.DefaultLocale)
	handlers.WithLocale(c, offer.Match(wishes...))
}
