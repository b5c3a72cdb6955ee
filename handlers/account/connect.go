package account

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/account"
	"portico/app/fault"
	"portico/app/federation"
	"portico/app/signin"
	"portico/handlers"
	"portico/handlers/hosted"
	"portico/models"
	views "portico/views/account"
	"portico/views/ui"
)

// connect.go: identities at providers, which people connect to their account and disconnect from it by themselves. Who
// connects one has just proven who they are here (ProofAge), and proves it there too; the attempt that leads there belongs
// to their session, and whoever is signed in instead when the answer comes gets nothing (signin.Next).

// offered are the providers that the tenant's flows offer, as the sign-in of these pages sees them.
func (v *visit) offered() ([]federation.Provider, error) {
	place, err := hosted.Place(v.dir, signin.Account, ClientID)
	if err != nil {
		return nil, err
	}
	return signin.Offered(place.Flow, place.Providers), nil
}

// linkedLine shows one identity: whose it is, what it is called there, since when and when it was last of use.
func (p *Pages) linkedLine(c *fiber.Ctx, i models.Way) views.Line {
	v, name := visitOf(c), p.providerName(c, i)
	l := views.Line{Icon: "globe", Label: name, Value: i.Called, Note: words(c, "account.connect.since", "date", day(c, i.AddedAt))}
	if l.Value == "" {
		l.Label, l.Value = "", name
	}
	if !i.UsedAt.IsZero() {
		l.Note += " · " + words(c, "account.used", "date", day(c, i.UsedAt))
	}
	if up := federation.KeeperOf(v.dir.Providers, i.Issuer); up == nil || !up.Enabled {
		l.Badges = append(l.Badges, views.Badge{Text: words(c, "account.connect.off"), Tone: ui.Warn})
	}
	if len(v.person.Identities) > 1 {
		l.Change = views.Link{Text: words(c, "account.connect.remove"), Href: v.base() + "/methods/identities/" + i.ID + "/remove", About: name}
	}
	return l
}

// providerName is the name on the button that an identity belongs to, or where it came from when that is gone.
func (p *Pages) providerName(c *fiber.Ctx, i models.Way) string {
	if up := federation.KeeperOf(visitOf(c).dir.Providers, i.Issuer); up != nil {
		return up.Name
	}
	return i.Issuer
}

// connectable are the ways to providers that the person has no identity of.
func (p *Pages) connectable(c *fiber.Ctx, all models.Ways) ([]views.Go, error) {
	v := visitOf(c)
	list, err := v.offered()
	if err != nil {
		return nil, err
	}
	var out []views.Go
	for _, up := range list {
		if slices.ContainsFunc(all.Identities, func(i models.Way) bool {
			return i.Kind == account.SignInFederated && federation.Keeps(up, i.Issuer)
		}) {
			continue
		}
		out = append(out, views.Go{Icon: "plus", Title: words(c, "account.connect.go", "provider", up.Name), Href: v.base() + "/methods/connect/" + url.PathEscape(up.ID)})
	}
	return out, nil
}

// chosen is the provider that the address names, if the tenant offers it.
func (p *Pages) chosen(c *fiber.Ctx) (federation.Provider, error) {
	list, err := visitOf(c).offered()
	if err != nil {
		return federation.Provider{}, err
	}
	for _, up := range list {
		if up.ID == c.Params("provider") {
			return up, nil
		}
	}
	return federation.Provider{}, fault.New(fault.NotFound, "error.not_found")
}

func (p *Pages) connectPage(c *fiber.Ctx) error {
	up, err := p.chosen(c)
	if err != nil {
		return err
	}
	v, info := visitOf(c), handlers.InfoOf(c)
	info.FormActions = append(info.FormActions, hosted.FormActions(up)...)
	return p.render(c, fiber.StatusOK, views.ConfirmPage(p.page(c), views.Confirm{Title: words(c, "account.connect.ask", "provider", up.Name),
		Lead: words(c, "account.connect.lead", "provider", up.Name), Action: v.base() + "/methods/connect/" + url.PathEscape(up.ID),
		Submit: words(c, "account.connect.on", "provider", up.Name), Cancel: v.base() + "/methods"}))
}

// connect leads to the provider by an attempt that stands on the session of this very browser.
func (p *Pages) connect(c *fiber.Ctx) error {
	up, err := p.chosen(c)
	if err != nil {
		return err
	}
	v, info := visitOf(c), handlers.InfoOf(c)
	r := signin.Request{Protocol: signin.Account, ClientID: ClientID, ClientName: info.Locale.T("account.title"), CorrelationID: info.RequestID,
		UILocales: []string{info.Locale.Wish()}, Connect: up.ID, SIDHint: v.session.SID, SubHint: v.person.ID, Action: actionOf("/:tenant/account/methods/connect")}
	if r.Return, err = json.Marshal(parked{To: v.base() + "/methods", SID: v.session.SID}); err != nil {
		return err
	}
	return p.Starter.Start(c, v.dir, r)
}

// withConnect is the page that says why nothing was connected: by which provider, and the reference of the trace.
func withConnect(to string, r signin.Refusal) string {
	return with(with(with(to, "connect", r.Connect), "provider", r.Request.Connect), "reference", r.CorrelationID)
}

// reference is what one of ours looks like: an address that somebody made up says nothing of its own on our pages.
var reference = regexp.MustCompile(`^[0-9A-Za-z-]{8,64}$`)

// connectNotice says how a trip to a provider ended. What it says follows from what is so, not from the address: that an
// identity is connected is said to whoever has it.
func connectNotice(c *fiber.Ctx) *ui.Flash {
	v, ok := c.Locals(visitKey).(*visit)
	if !ok {
		return nil
	}
	up := v.dir.Providers[c.Query("connected", c.Query("provider"))]
	if up == nil {
		return nil
	}
	if c.Query("connected") != "" {
		if !slices.ContainsFunc(v.person.Identities, func(i account.Identity) bool {
			return i.SignInType == account.SignInFederated && federation.Keeps(*up, i.Issuer)
		}) {
			return nil
		}
		return &ui.Flash{Tone: ui.OK, Text: words(c, "account.connect.done", "provider", up.Name)}
	}
	why, ok := strings.CutPrefix(c.Query("connect"), "signin.")
	key := map[string]string{"provider.cancelled": "account.connect.cancelled", "provider.declined": "provider.turned.declined", "provider.invalid": "provider.turned.invalid",
		"provider.setUp": "provider.turned.setUp", "provider.unreachable": "provider.turned.unreachable", "cancelled": "account.connect.cancelled",
		"blocked.connected": "account.connect.taken", "connect.signed_out": "account.connect.again", "connect.off": "account.connect.again"}[why]
	if !ok || key == "" {
		return nil
	}
	text := words(c, key, "provider", up.Name)
	if ref := c.Query("reference"); reference.MatchString(ref) {
		text += " " + words(c, "account.connect.reference", "reference", ref)
	}
	return &ui.Flash{Tone: ui.Warn, Text: text}
}

// disconnectView asks before an identity goes.
func (p *Pages) disconnectView(c *fiber.Ctx, i models.Way) views.Confirm {
	v, name := visitOf(c), p.providerName(c, i)
	return views.Confirm{Title: words(c, "account.connect.remove_title", "provider", name), Lead: words(c, "account.connect.remove_lead", "provider", name),
		Action: v.base() + "/methods/identities/" + i.ID + "/remove", Submit: words(c, "account.connect.remove"), Danger: true, Cancel: v.base() + "/methods"}
}
