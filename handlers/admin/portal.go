// Package admin is the admin portal's door: one file per resource, one route table. A handler parses,
// asks the store or the domain, and renders or redirects; it holds no rule. The management API calls
// the same store methods with the same audit actor, so whatever one refuses the other does too.
package admin

import (
	"context"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/audit"
	"portico/app/dryrun"
	"portico/app/export"
	"portico/app/fault"
	"portico/app/federation"
	"portico/app/i18n"
	"portico/app/message"
	"portico/app/policy"
	"portico/app/tenant"
	"portico/app/webhook"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// ClientID and ClientName name the portal itself where a sign-in says which app it is for.
const (
	ClientID   = policy.PortalApp
	ClientName = "Admin portal"
)

// Portal is the admin portal with what it needs. main fills it once.
type Portal struct {
	Store       *models.Store
	Directories models.Directories
	Starter     handlers.Starter
	Sessions    handlers.Sessions
	CSRF        handlers.CSRF
	Bundle      *i18n.Bundle
	Brands      *handlers.Brands // how the tenants look, for previews of their pages
	Bench       *dryrun.Bench    // walks a user flow as a pretend visitor
	BaseURL     string           // of the whole installation: what apps use
	AdminHost   string           // "" = not apart
	Development bool
	MailReady   bool // customers get real mail, or the development mailbox
	TextsReady  bool // text messages get to customers, or to the development mailbox
	Passwords   Passwords
	Judge       PasswordJudge // nil = passwords cannot be tried out
	Sample      *Sample       // nil = there is none
	Keys        SigningKeys   // nil = they are not to be seen here
	Tokens      TokenPreviews // nil = there is no preview
	Post        Post          // nil = no mail can be tried
	MailFrom    string        // the installation's own address
	Courier     *export.Courier
	Hooks       *webhook.Courier
	Hosts       OwnHosts            // of tenants
	Net         federation.Net      // to identity providers, without a tenant
	Sources     Sources             // of signals: places and lists
	RiskSources func() []RiskSource // what the operator provides for detections; nil = it is not to be seen here
	Extensions  ExtensionCaller     // nil = none can be tried
	Now         func() time.Time

	tries tries
}

// Passwords checks a chosen password by the tenant's rules and makes its slow hash; the management API
// asks the same one.
type Passwords interface {
	Hash(ctx context.Context, tenantID, password string, names ...string) (string, error)
}

// Post sends a letter of a tenant's at once, through the server that is set for it, and says which that was ("" = the
// installation's).
type Post interface {
	Try(ctx context.Context, l message.Letter) (via string, err error)
}

// PasswordJudge says what a tenant's rules say to a password, without keeping it.
type PasswordJudge interface {
	Judge(t tenant.Tenant, password string) (score int, refusal error)
	KnowsBreaches() bool
}

// visit is what the guard learned about a request.
type visit struct {
	upload  *upload // of a route that takes a file
	session models.PortalSessionRow
	admin   person
	have    []access.Assignment
	dir     *models.Directory // of the selected tenant; nil on pages of no tenant
	tenant  *models.Tenant
	route   handlers.Route
}

// person is the signed-in admin.
type person struct {
	ID, Name, Mail string
}

const visitKey = "portico.admin.visit"

func visitOf(c *fiber.Ctx) *visit {
	if v, ok := c.Locals(visitKey).(*visit); ok {
		return v
	}
	panic("admin: route without guard")
}

// Mount adds the routes. The guard of each reads the same row that the menu is made from.
func (p *Portal) Mount(app *fiber.App) {
	for _, r := range p.Routes() {
		switch {
		case isPublic(r):
			app.Add(r.Method, r.Path, r.Handler)
		default:
			app.Add(r.Method, r.Path, p.guard(r), r.Handler)
		}
	}
}

// guard lets a request through to its row's handler: somebody is signed in, the account is still
// usable, the form carries its token, and one of the admin's roles in the selected tenant grants the
// row's permission. Which it is decided here only (access.Allow).
func (p *Portal) guard(r handlers.Route) fiber.Handler {
	return func(c *fiber.Ctx) error {
		v := &visit{route: r}
		if err := p.signedIn(c, v); err != nil {
			if !fault.Is(err, fault.Expired) {
				return err
			}
			if c.Method() == fiber.MethodPost && ownPage(c) {
				if r.Streams && v.openUpload(c) == nil {
					v.asForm(c)
				}
				return p.keepForm(c, "You were signed out", "Nothing is lost. Sign in in another tab, then come back here and send the form again.", "")
			}
			return p.askToSignIn(c)
		}
		sent := ""
		if r.Streams {
			if err := v.openUpload(c); err != nil {
				return err
			}
		}
		if v.upload != nil {
			sent = v.upload.fields[handlers.CSRFField]
		} else if c.Method() != fiber.MethodGet && c.Method() != fiber.MethodHead {
			sent = token(c)
		}
		if c.Method() != fiber.MethodGet && c.Method() != fiber.MethodHead && !p.CSRF.Valid(sent, v.session.ID) {
			if ownPage(c) { // a page from before the last sign-in
				v.asForm(c)
				return p.keepForm(c, "This page was too old", "Nothing was changed and nothing is lost. Look it over and send it again.", p.CSRF.Token(v.session.ID))
			}
			return fault.New(fault.Denied, "error.csrf")
		}
		scope := access.AllTenants
		if segment := c.Params("tenant"); segment != "" {
			dir, err := p.Store.ManagedDirectory(c.UserContext(), segment)
			if err != nil {
				return err
			}
			v.dir, v.tenant, scope = dir, p.Store.Tenant(dir.Tenant.ID), dir.Tenant.ID
		}
		c.Locals(visitKey, v)
		if need, ok := v.lacks(r, scope); !ok {
			if err := p.noteRefusal(c, v, r, need); err != nil {
				return err
			}
			return p.refuse(c, need)
		}
		if err := p.raises(c, v); err != nil {
			return err
		}
		if v.dir != nil && c.Method() == fiber.MethodPost && v.dir.Tenant.ReadOnly(p.Now()) {
			return p.trialOver(c, v)
		}
		return c.Next()
	}
}

// lacks reports whether the admin may use the row in a tenant, and which permission is missing. In the
// directory of admins itself, changing people means changing admins, which takes the right over roles.
func (v *visit) lacks(r handlers.Route, scope string) (need access.Permission, ok bool) {
	if v.dir != nil && !v.sees(scope) {
		return r.Permission, false
	}
	if r.Permission != "" && !access.Allow(v.have, scope, r.Permission) && (r.Or == "" || !access.Allow(v.have, scope, r.Or)) {
		return r.Permission, false
	}
	if v.dir != nil && v.dir.Tenant.Kind == tenant.Workforce && changes(r) && !access.Allow(v.have, access.AllTenants, access.RoleWrite) {
		return access.RoleWrite, false
	}
	return "", true
}

// sees reports whether any role reaches the tenant.
func (v *visit) sees(tenantID string) bool {
	for _, a := range v.have {
		if a.TenantID == tenantID || a.TenantID == access.AllTenants {
			return true
		}
	}
	return false
}

// may reports whether the admin holds a permission in the selected tenant.
func (v *visit) may(want access.Permission) bool {
	scope := access.AllTenants
	if v.dir != nil {
		scope = v.dir.Tenant.ID
	}
	_, ok := v.lacks(handlers.Route{Method: fiber.MethodGet, Permission: want}, scope)
	return ok
}

// actor is who the audit log names.
func (v *visit) actor(c *fiber.Ctx) audit.Actor {
	info := handlers.InfoOf(c)
	ip := ""
	if info.IP.IsValid() {
		ip = info.IP.String()
	}
	return audit.Actor{Kind: audit.ActorUser, ID: v.admin.ID, Name: v.admin.Name, IP: ip, CorrelationID: info.RequestID}
}

// base is the address of the selected tenant's pages.
func (v *visit) base() string { return "/admin/t/" + v.dir.Tenant.Slug }

func token(c *fiber.Ctx) string {
	if t := c.Get(handlers.CSRFHeader); t != "" {
		return t
	}
	return handlers.Form(c, handlers.CSRFField)
}

// done answers a finished change: a notice that names the thing, then the page.
func (p *Portal) done(c *fiber.Ctx, to, text string) error {
	return p.doneWith(c, to, models.PortalFlash{Kind: "ok", Text: text})
}

func (p *Portal) doneWith(c *fiber.Ctx, to string, f models.PortalFlash) error {
	v := visitOf(c)
	f.Path, _, _ = strings.Cut(to, "#")
	f.Path, _, _ = strings.Cut(f.Path, "?")
	if err := p.Store.Tenant(v.session.TenantID).SetFlash(c.UserContext(), v.session.ID, f); err != nil {
		return err
	}
	return c.Redirect(to, fiber.StatusSeeOther)
}

// noteRefusal records in the admins' own log what somebody tried without the right to it: each way once an hour.
func (p *Portal) noteRefusal(c *fiber.Ctx, v *visit, r handlers.Route, need access.Permission) error {
	where := "all tenants"
	if v.dir != nil {
		where = v.dir.Tenant.Slug
	}
	return p.Store.Tenant(v.session.TenantID).RecordRefusal(c.UserContext(), v.actor(c), audit.Target{Kind: "route", ID: r.Method + " " + r.Path, Name: r.Path},
		audit.Change{Property: "permission", New: string(need)}, audit.Change{Property: "tenant", New: where})
}

// refuse is the page of an admin who may not: it names what is missing and who can give it.
func (p *Portal) refuse(c *fiber.Ctx, need access.Permission) error {
	var roles []string
	for _, r := range access.Roles() {
		if need == "" || access.Grants(r.Permissions, need) {
			roles = append(roles, r.Name)
		}
	}
	v := visitOf(c)
	where := "this tenant"
	if v.dir == nil {
		where = "all tenants"
	} else if v.sees(v.dir.Tenant.ID) {
		where = v.dir.Tenant.Name
	}
	return handlers.Render(c, fiber.StatusForbidden, views.PublicPage(views.Public{
		Title: "You may not do this",
		Lead:  "Your roles do not include what this page needs.",
		Paragraphs: []string{
			"Needed for " + where + ": the role " + orList(roles) + ".",
			"Ask a Global Administrator to assign it to you. You are signed in as " + v.admin.Name + ".",
		},
		Links: []views.Link{{Label: "Back to the portal", Href: "/admin"}},
		Form:  signOutForm(), CSRF: p.CSRF.Token(v.session.ID),
	}))
}

// orList joins names: "a, b or c".
func orList(names []string) string {
	switch len(names) {
	case 0:
		return "Global Administrator"
	case 1:
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}
