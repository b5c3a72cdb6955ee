// Package account is the door of the account pages, where people look after themselves: one file per
// matter, one table of routes. A handler parses, asks the store, and renders or redirects. It acts for
// nobody but the person whose single sign-on session the browser holds.
package account

import (
	"cmp"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"portico/app/audit"
	"portico/app/factor"
	"portico/app/fault"
	"portico/app/i18n"
	"portico/app/session"
	"portico/app/signin"
	"portico/app/tenant"
	"portico/app/ways"
	"portico/handlers"
	"portico/models"
	views "portico/views/account"
	"portico/views/hosted"
	"portico/views/ui"
)

// ClientID and ClientName name the account pages where a sign-in says which app it is for.
const (
	ClientID   = models.AccountClientID
	ClientName = models.AccountClientName
)

// ProofAge is how young a proof must be for a step that could cost somebody their account.
const ProofAge = 5 * time.Minute

// Pages are the account pages with what they need. main fills it once.
type Pages struct {
	Store       *models.Store
	Directories models.Directories
	Starter     handlers.Starter
	Sessions    handlers.Sessions
	Leaver      handlers.Leaver // nil = nobody is signed out elsewhere too
	CSRF        handlers.CSRF
	Bundle      *i18n.Bundle
	Brands      *handlers.Brands
	Limits      *handlers.Limits // nil = no request rate
	BaseURL     string
	Desk        *ways.Desk // takes what people change about their ways in
	Actions     Actions    // policies about what people do here
	Now         func() time.Time
}

// row is one route. Fresh asks for a proof that is younger than ProofAge, second factor included where the
// person has one; Public is for whoever comes.
type row struct {
	Method, Path string
	Handler      fiber.Handler
	Fresh        bool
	Public       bool
}

// visit is what the guard learned about a request.
type visit struct {
	dir     *models.Directory
	t       *models.Tenant
	session session.Session
	person  models.User
	groups  []string   // ids; only where some method is for some groups
	app     views.Link // the way back to the app that the person came from
}

const visitKey = "portico.account.visit"

func visitOf(c *fiber.Ctx) *visit {
	if v, ok := c.Locals(visitKey).(*visit); ok {
		return v
	}
	panic("account: route without guard")
}

// base is the address of the tenant's account pages.
func base(t tenant.Tenant) string { return "/" + t.Slug + "/account" }

func (v *visit) base() string { return base(v.dir.Tenant) }

// actor is who the audit log names: the person about themselves.
func (v *visit) actor(c *fiber.Ctx) audit.Actor {
	info := handlers.InfoOf(c)
	ip := ""
	if info.IP.IsValid() {
		ip = info.IP.String()
	}
	return audit.Actor{Kind: audit.ActorUser, ID: v.person.ID, Name: v.person.DisplayName, IP: ip, CorrelationID: info.RequestID}
}

// Routes is the one table.
func (p *Pages) Routes() []row {
	return append([]row{
		{Method: fiber.MethodGet, Path: "/:tenant/account", Handler: p.overview},
		{Method: fiber.MethodGet, Path: "/:tenant/account/signed-out", Handler: p.signedOut, Public: true},
		{Method: fiber.MethodPost, Path: "/:tenant/account/sign-out", Handler: p.signOut},
		{Method: fiber.MethodGet, Path: "/:tenant/account/profile", Handler: p.profile},
		{Method: fiber.MethodPost, Path: "/:tenant/account/profile", Handler: p.saveProfile},
		{Method: fiber.MethodGet, Path: "/:tenant/account/data", Handler: p.data},
		{Method: fiber.MethodGet, Path: "/:tenant/account/data/download", Handler: p.download, Fresh: true},
		{Method: fiber.MethodPost, Path: "/:tenant/account/data/download", Handler: p.downloadNow, Fresh: true},
		{Method: fiber.MethodGet, Path: "/:tenant/account/data/delete", Handler: p.leave, Fresh: true},
		{Method: fiber.MethodPost, Path: "/:tenant/account/data/delete", Handler: p.leaveNow, Fresh: true},
		{Method: fiber.MethodGet, Path: "/:tenant/account/deleted", Handler: p.left, Public: true},
	}, p.wayRoutes()...)
}

// Mount adds the routes.
func (p *Pages) Mount(r fiber.Router) {
	with := handlers.WithDirectory(p.Directories)
	posts := func(c *fiber.Ctx) error { return c.Next() }
	if p.Limits != nil {
		posts = p.Limits.Posts(func(c *fiber.Ctx) int { return handlers.DirectoryOf(c).Tenant.Settings.RequestsPerSecondPerIP })
	}
	for _, x := range p.Routes() {
		chain := []fiber.Handler{with, p.speak}
		if x.Method == fiber.MethodPost {
			chain = append(chain, posts)
		}
		if !x.Public {
			chain = append(chain, p.guard(x))
		}
		r.Add(x.Method, x.Path, append(chain, x.Handler)...)
	}
}

// speak chooses the language: what was chosen on these or the sign-in pages, the browser's, the tenant's.
func (p *Pages) speak(c *fiber.Ctx) error {
	dir := handlers.DirectoryOf(c)
	t, offer := dir.Tenant, handlers.Languages(p.Bundle, dir, "", nil)
	chosen, _, _ := strings.Cut(c.Cookies(handlers.CookieName(c, t.Slug, "language")), ".")
	if q := offer.Choose(c.Query("ui_locales")); q != "" {
		chosen = q
		p.setLanguage(c, chosen)
	}
	handlers.WithLocale(c, offer.Match(chosen, c.Get(fiber.HeaderAcceptLanguage), t.DefaultLocale))
	return c.Next()
}

// guard lets a request through to its row's handler: the browser holds a live session of a usable account,
// a form carries its token, and the proof is young enough for the row. Otherwise the person signs in and
// comes back to where they were.
func (p *Pages) guard(x row) fiber.Handler {
	return func(c *fiber.Ctx) error {
		dir := handlers.DirectoryOf(c)
		v := &visit{dir: dir, t: p.Store.Tenant(dir.Tenant.ID)}
		s, live, err := p.Sessions.Current(c, dir)
		if err != nil {
			return err
		}
		if !live {
			if c.Method() == fiber.MethodPost { // pressed twice: the first press has changed the session's secret
				again, err := v.t.Renewed(c.UserContext(), p.Sessions.Secret(c, dir.Tenant.Slug))
				if err != nil {
					return err
				}
				if again {
					return c.Redirect(v.base()+above(strings.TrimPrefix(c.Path(), v.base())), fiber.StatusSeeOther)
				}
			}
			return p.prove(c, dir, x, nil)
		}
		if v.person, err = v.t.User(c.UserContext(), s.UserID); err != nil {
			return err
		}
		v.session = s
		c.Locals(visitKey, v)
		if c.Method() == fiber.MethodPost && !p.CSRF.Valid(handlers.Form(c, handlers.CSRFField), s.SID) {
			return fault.New(fault.Denied, "error.csrf")
		}
		if len(v.dir.Tenant.Settings.Methods.Groups()) > 0 {
			if v.groups, err = v.t.GroupIDsOf(c.UserContext(), s.UserID); err != nil {
				return err
			}
		}
		if action := actionOf(x.Path); action != "" {
			blocked, due, err := p.permitted(c, v, action)
			switch {
			case err != nil:
				return err
			case blocked:
				return p.blockedPage(c)
			case due:
				return p.prove(c, dir, x, v)
			}
		}
		if x.Fresh {
			switch fresh, place := v.fresh(p.Now(), p.Desk.Texts); {
			case !fresh && place != nil:
				return p.elsewherePage(c, *place)
			case !fresh:
				return p.prove(c, dir, x, v)
			}
		}
		if c.Method() == fiber.MethodGet {
			if back, err := p.takeBack(c); back || err != nil {
				return err
			}
			if err := p.cameFrom(c); err != nil {
				return err
			}
			if v.app, err = p.backToApp(c); err != nil {
				return err
			}
		}
		return c.Next()
	}
}

// fresh reports whether the person has just proven themselves, with the second factor if they have one. Where they have
// none that works here, but a passkey at another place of the directory's, a password alone opens nothing and no sign-in
// here could show more: place is then where the passkey works ("" = the installation's address).
func (v *visit) fresh(now time.Time, texts bool) (fresh bool, place *string) {
	young := func(at time.Time) bool { return !at.IsZero() && now.Sub(at) < ProofAge }
	first, both := young(v.session.AuthTime), young(v.session.AuthTime) && young(v.session.MFATime)
	asks := func(kind string) bool {
		return signin.ProofAsks(kind, v.dir.Tenant, v.groups, v.dir.FlowsInUse(), texts)
	}
	for _, m := range v.person.At(v.dir.Tenant.Host).Methods {
		if asks(m.Kind) {
			return both, nil
		}
	}
	if there := signin.PasskeysElsewhere(v.person.Account, v.dir.Tenant); len(there) > 0 && asks(factor.Passkey) {
		if first && !both {
			place = &there[0]
		}
		return both, place
	}
	return first, nil
}

// page is what all pages have in common.
func (p *Pages) page(c *fiber.Ctx) views.Page {
	dir := handlers.DirectoryOf(c)
	out := views.Page{Brand: p.Brands.Wear(c, dir, ""), Base: base(dir.Tenant), Path: c.Path(),
		Languages: hosted.Chooser(handlers.Languages(p.Bundle, dir, "", nil), handlers.InfoOf(c).Locale, nil)}
	if v, ok := c.Locals(visitKey).(*visit); ok {
		out.Person, out.CSRF, out.App = v.person.DisplayName, p.CSRF.Token(v.session.SID), v.app
		if out.Person == "" {
			out.Person = v.person.Address()
		}
		if p.Leaver != nil { // each page has the form that signs out
			info := handlers.InfoOf(c)
			info.FormActions = append(info.FormActions, p.Leaver.LeavesTo(dir, v.session)...)
		}
		if c.Method() == fiber.MethodGet {
			out.Notice = p.said(c)
			p.giveBack(c, &out)
		}
	}
	return out
}

func (p *Pages) render(c *fiber.Ctx, status int, page templ.Component) error {
	p.Brands.Wear(c, handlers.DirectoryOf(c), "")
	return handlers.Render(c, status, page)
}

// complain puts an error's fields into the page, in the visitor's words; false when the error is not the form's affair.
func complain(c *fiber.Ctx, to *views.Page, err error) bool {
	e, l := fault.Of(err), handlers.InfoOf(c).Locale
	switch e.Code {
	case fault.Invalid, fault.Conflict, fault.TooMany, fault.Expired:
	default:
		return false
	}
	for _, f := range e.Fields {
		to.Errors = append(to.Errors, ui.FieldError{Name: f.Name, Text: l.T(f.Key, f.Args)})
	}
	if len(e.Fields) == 0 {
		to.Errors = append(to.Errors, ui.FieldError{Text: l.T(e.Key, e.Args)})
	}
	return true
}

// typed reads a posted field: valid UTF-8, trimmed.
func typed(c *fiber.Ctx, name string) string {
	return strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(handlers.Form(c, name), ""), "\x00", ""))
}

func (p *Pages) signOut(c *fiber.Ctx) error {
	v := visitOf(c)
	if err := v.t.SignOutApps(c.UserContext(), v.session.SID, "signed out"); err != nil {
		return err
	}
	if err := p.Sessions.End(c, v.dir, v.session); err != nil {
		return err
	}
	to := v.base() + "/signed-out"
	if p.Leaver != nil {
		to = cmp.Or(p.Leaver.LeaveUpstream(c, v.dir, v.session, to), to)
	}
	return c.Redirect(to, fiber.StatusSeeOther)
}

func (p *Pages) signedOut(c *fiber.Ctx) error {
	return p.render(c, fiber.StatusOK, views.SignedOut(p.page(c)))
}
