package hosted

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/account"
	"portico/app/fault"
	"portico/app/federation"
	"portico/app/signin"
	"portico/app/tenant"
	"portico/handlers"
	"portico/models"
	pages "portico/views/hosted"

	"github.com/a-h/templ"
)

// federation.go: the way to an identity provider and back. Each provider has a redirect URI of its own, so that the
// answer of one is never taken for another's (mix-up, RFC 9700 §4.4.2).

// Providers reaches identity providers for the machine.
type Providers struct {
	Net     federation.Net // without a tenant
	BaseURL string
	Secrets func(ctx context.Context, tenantID, providerID string) (federation.Secrets, error)
	Slug    func(ctx context.Context, tenantID string) (string, error) // for the client's exceptions
	Connect func(federation.Kind) (federation.Connector, bool)
}

var _ signin.Upstream = Providers{}

// RedirectURI is what has to be registered at a provider: one for each host that the tenant answers at ("" = the
// installation's address).
func (u Providers) RedirectURI(host, tenantID, providerID string) string {
	return tenant.BaseAt(u.BaseURL, host) + federation.CallbackPath(tenantID, providerID)
}

// here is the redirect URI at the host that a request came to, where its cookies are.
func (u Providers) here(ctx context.Context, tenantID, providerID string) string {
	host, _ := tenant.Door(ctx)
	return u.RedirectURI(host, tenantID, providerID)
}

// named is a provider that speaks SAML with our name there, which does not depend on the host: a company knows us by one.
func (u Providers) named(tenantID string, p federation.Provider) federation.Provider {
	if p.Kind == federation.SAML && p.ClientID == "" {
		p.ClientID = federation.SAMLMetadataURL(u.RedirectURI("", tenantID, p.ID))
	}
	return p
}

func (u Providers) open(ctx context.Context, tenantID string, p federation.Provider) (federation.Connector, federation.Net, federation.Secrets, error) {
	c, ok := u.Connect(p.Kind)
	if !ok {
		return nil, u.Net, federation.Secrets{}, &federation.Refusal{Code: federation.SetUp, Reason: "nothing here speaks to a provider of the kind “" + string(p.Kind) + "”"}
	}
	n := u.Net
	var err error
	if n.Tenant, err = u.Slug(ctx, tenantID); err != nil {
		return nil, n, federation.Secrets{}, err
	}
	s, err := u.Secrets(ctx, tenantID, p.ID)
	return c, n, s, err
}

// Begin sends somebody away.
func (u Providers) Begin(ctx context.Context, tenantID string, p federation.Provider, a federation.Ask) (federation.Way, federation.Departure, error) {
	c, n, s, err := u.open(ctx, tenantID, p)
	if err != nil {
		return federation.Way{}, federation.Departure{}, err
	}
	a.RedirectURI, p = u.here(ctx, tenantID, p.ID), u.named(tenantID, p)
	return c.Begin(ctx, n, p, s, a)
}

// Finish checks what they brought back.
func (u Providers) Finish(ctx context.Context, tenantID string, p federation.Provider, a federation.Answer) (federation.Arrival, error) {
	c, n, s, err := u.open(ctx, tenantID, p)
	if err != nil {
		return federation.Arrival{}, err
	}
	a.RedirectURI, p = u.here(ctx, tenantID, p.ID), u.named(tenantID, p)
	return c.Finish(ctx, n, p, s, a)
}

// mountFederation adds the callback.
func (h *Hosted) mountFederation(r fiber.Router, with, posts fiber.Handler) {
	if h.machine.Upstream == nil {
		return
	}
	anywhere := handlers.WithDirectoryAnywhere(h.directories)
	r.Get("/:tenant/federation/:provider/callback", anywhere, h.arrived)
	r.Post("/:tenant/federation/:provider/callback", anywhere, posts, h.park)
	r.Get("/:tenant/federation/:provider/signed-out", with, h.signedOutThere)
	r.Post("/:tenant/federation/:provider/signed-out", with, posts, h.signedOutByForm)
	r.Get("/:tenant/federation/:provider/metadata", anywhere, h.samlMetadata)
}

// longestAnswer bounds what a provider's form may hold. In base64, and escaped as forms are, the largest SAML answer takes half
// of it. What is larger than an answer may be, and still fits here, is refused where it is read, with a page and a trace.
const longestAnswer = 4 * federation.SAMLLongest

// arrived takes a provider's answer by redirect, or fetches what its form left here.
func (h *Hosted) arrived(c *fiber.Ctx) error {
	dir := handlers.DirectoryOf(c)
	values, err := url.ParseQuery(string(c.Request().URI().QueryString()))
	if err != nil {
		return h.lost(c, dir, fault.New(fault.NotFound, "error.not_found"))
	}
	if trial, err := h.tried(c, dir, values); trial || err != nil {
		return err
	}
	if err := handlers.AnswersHere(c); err != nil {
		return err
	}
	if handle := values.Get("parked"); handle != "" {
		form, found, err := h.sessions.Store.Tenant(dir.Tenant.ID).TakeParked(c.UserContext(), c.Params("provider"), digest(handle))
		if err != nil {
			return err
		}
		if !found {
			return h.lost(c, dir, fault.New(fault.NotFound, "error.not_found"))
		}
		values = form
	}
	h.speak(c, dir, signin.Request{}, "")
	res, err := h.machine.Arrive(c.UserContext(), dir.Tenant.ID, h.placing(c, dir), signin.Returned{ProviderID: c.Params("provider"), Values: values})
	if err != nil {
		return h.lost(c, dir, err)
	}
	if res.Changed && res.Outcome == nil && res.Way == nil {
		return c.Redirect(address(dir.Tenant, res.Attempt.ID), fiber.StatusSeeOther)
	}
	return h.respond(c, dir, res, nil)
}

// park keeps what a provider posted from its own site, where our cookies are not sent, and has the browser come for it
// (DESIGN §9.12). Nothing is decided here, and nothing is kept that belongs to no open attempt.
func (h *Hosted) park(c *fiber.Ctx) error {
	if trial, err := h.triedByForm(c); trial || err != nil {
		return err
	}
	if err := handlers.AnswersHere(c); err != nil {
		return err
	}
	dir := handlers.DirectoryOf(c)
	p := dir.Providers[c.Params("provider")]
	body := c.Body()
	if p == nil || !p.Enabled || len(body) > longestAnswer {
		return h.lost(c, dir, fault.New(fault.NotFound, "error.not_found"))
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return h.lost(c, dir, fault.New(fault.NotFound, "error.not_found"))
	}
	values = samlState(p.Kind, values)
	state := values.Get("state")
	open, err := h.machine.Awaits(c.UserContext(), dir.Tenant.ID, p.ID, state)
	if err != nil || !open {
		return h.lost(c, dir, cmp.Or(err, error(fault.New(fault.NotFound, "error.not_found"))))
	}
	handle, err := h.machine.Handle()
	if err != nil {
		return err
	}
	handle = sum(state)[:tripMark] + "." + handle
	if err := h.sessions.Store.Tenant(dir.Tenant.ID).ParkAnswer(c.UserContext(), p.ID, digest(handle), values); err != nil {
		return err
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.Redirect(c.Path()+"?parked="+url.QueryEscape(handle), fiber.StatusSeeOther)
}

// tripMark is how many characters of a departure's digest begin the handles of its answers: they are counted by it.
const tripMark = 20

// digest is what a parked answer is kept under.
func digest(handle string) string {
	trip, _, _ := strings.Cut(handle, ".")
	if len(trip) != tripMark {
		return sum(handle)
	}
	return trip + "." + sum(handle)
}

func sum(text string) string {
	b := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// away sends the browser to the provider: by a redirect, or by a form that posts itself.
func (h *Hosted) away(c *fiber.Ctx, w federation.Way) error {
	c.Set(fiber.HeaderCacheControl, "no-store")
	if w.Action != "" {
		return h.FormPost(c, "", w.Action, w.Fields)
	}
	return c.Redirect(w.Redirect, fiber.StatusSeeOther)
}

// offers puts a button for each provider on a page, the one that this browser used last in front, and lets its forms
// lead there: browsers hold form-action against every redirect that follows a form.
func (d *drawing) offers(last string) {
	list := signin.Offers(d.res.Attempt, d.res.World, d.res.Step.Name)
	if d.res.Step.Name == signin.Waiting {
		if p := signin.Away(d.facts(), d.res.World); p != nil {
			d.allow(*p)
		}
		list = nil // one thing at a time: "another way" leads back to all of them
	}
	slices.SortStableFunc(list, func(a, b federation.Provider) int {
		switch last {
		case a.ID:
			return -1
		case b.ID:
			return 1
		}
		return 0
	})
	for _, p := range list {
		d.allow(p)
		d.page.Providers = append(d.page.Providers, pages.Provider{ID: p.ID, Name: p.Name, Kind: string(p.Kind), Last: p.ID == last && len(list) > 1})
	}
}

// allow lets the page's forms lead to a provider.
func (d *drawing) allow(p federation.Provider) {
	d.info.FormActions = append(d.info.FormActions, FormActions(p)...)
}

// FormActions is the place that a provider's sign-in page is at, as far as it is known before it is asked, for the
// form-action of a page whose forms lead there: browsers hold it against every redirect that follows a form.
func FormActions(p federation.Provider) []string {
	var out []string
	for _, place := range []string{p.AuthorizationURL, p.SignInURL, p.Discovery, p.Issuer, p.MetadataURL} {
		if u, err := url.Parse(place); err == nil && u.Host != "" {
			if out = append(out, u.Scheme+"://"+u.Host); u.Scheme == "http" {
				return out
			}
		}
	}
	return append(out, "https:") // its metadata names the place, which is often another host
}

// turned says kindly that the last round trip came to nothing.
func (d *drawing) turned() {
	list := d.facts().Turned
	if len(list) == 0 || d.facts().Arrived != nil || signin.Away(d.facts(), d.res.World) != nil {
		return
	}
	if t := list[len(list)-1]; t.Code != signin.Left {
		d.page.Refused, d.page.Reference = d.T("provider.turned."+t.Code, "provider", t.Name), d.info.RequestID
	}
}

// provider is the one that the page is about, by the name on its button.
func (d *drawing) provider() string {
	if p := d.res.World.Providers[d.res.Step.Provider]; p != nil {
		return p.Name
	}
	return ""
}

// connects says that a proof is asked for once, to connect the provider to the account that is there.
func (d *drawing) connects() {
	if name := d.provider(); name != "" && d.page.Because == "" {
		d.page.Because = d.T("connect.lead", "provider", name)
	}
}

func waiting(d *drawing) templ.Component {
	d.ways(pages.Way{Event: pages.OtherWay, Text: d.T("provider.other")})
	d.cancel()
	return pages.Waiting(d.page, pages.WaitingView{ID: d.res.Step.Provider, Name: d.provider()})
}

// address asks for the address that the provider has not proven; what it said is filled in.
func addressPage(d *drawing) templ.Component {
	if v := d.facts().Arrived; v != nil && d.page.Values["email"] == "" {
		if _, err := account.CanonicalEmail(v.Identity.Email); err == nil {
			d.page.Values["email"] = strings.TrimSpace(v.Identity.Email)
		}
	}
	d.ways(event(pages.Change))
	d.cancel()
	return pages.AskAddress(d.page, pages.WaitingView{Name: d.provider()})
}

func providerOver(d *drawing) templ.Component { return d.blocked("provider") }

// filled puts what the provider said into the fields of the sign-up page.
func (d *drawing) filled(v pages.AttributesView) {
	for i, a := range d.res.Step.Fields {
		if said := signin.Prefill(d.res.Attempt, d.res.World, a.ID); said != nil && !a.MustTick() {
			v.Attributes[i] = v.Attributes[i].Filled(a.Typed(said))
		}
	}
}

// lastUsed is the cookie of the provider that this browser used last. It says nothing about anybody.
const lastUsed = "provider"

func (h *Hosted) lastProvider(c *fiber.Ctx, dir *models.Directory) string {
	id := strings.Clone(c.Cookies(handlers.CookieName(c, dir.Tenant.Slug, lastUsed)))
	if dir.Providers[id] == nil {
		return ""
	}
	return id
}

func (h *Hosted) keepProvider(c *fiber.Ctx, slug string, res signin.Result) {
	if res.Provider == "" || res.Session == nil {
		return
	}
	c.Cookie(&fiber.Cookie{Name: handlers.CookieName(c, slug, lastUsed), Value: res.Provider, Path: "/", HTTPOnly: true, Secure: handlers.SecureCookies(c),
		SameSite: fiber.CookieSameSiteLaxMode, MaxAge: int((400 * 24 * time.Hour).Seconds())})
}
