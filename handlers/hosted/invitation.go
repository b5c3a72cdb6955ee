package hosted

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"portico/app/account"
	"portico/app/fault"
	"portico/app/openid"
	"portico/app/signin"
	"portico/app/userflow"
	"portico/handlers"
	"portico/models"
	pages "portico/views/hosted"
)

// The customer's side of an invitation (F081): a page that says what it is about, whose button begins an
// attempt for the invited address. Opening the link changes nothing, so that mail scanners spend none.

// invitation shows it, or what became of it.
func (h *Hosted) invitation(c *fiber.Ctx) error {
	dir := handlers.DirectoryOf(c)
	i, client, err := h.invited(c, dir)
	if err != nil || client == nil {
		return err
	}
	p := h.speaking(c, dir, nil, i.Locale)
	p.App = client.Name
	return handlers.Render(c, fiber.StatusOK, pages.Invitation(p, pages.InvitationView{To: account.MaskEmail(i.Email), Until: handlers.InfoOf(c).Locale.Date(i.ExpiresAt)}))
}

// accept begins the attempt. A code goes to the invited address; only who reads it goes on.
func (h *Hosted) accept(c *fiber.Ctx) error {
	dir := handlers.DirectoryOf(c)
	i, client, err := h.invited(c, dir)
	if err != nil || client == nil {
		return err
	}
	to, err := h.landing(c, dir, i, client)
	if err != nil {
		return err
	}
	back, err := json.Marshal(invite{Landing: to})
	if err != nil {
		return err
	}
	values := i.Values
	if _, given := values["displayName"]; i.Name != "" && !given {
		values = map[string]any{"displayName": i.Name}
		for k, v := range i.Values {
			values[k] = v
		}
	}
	r := signin.Request{Protocol: signin.Invite, ClientID: client.ID, ClientName: client.Name, LoginHint: i.Email, Return: back, RedirectOrigin: originOf(to),
		Invitation: &signin.Invited{ID: i.ID, Email: i.Email, Canonical: i.Canonical, Values: values}}
	if i.Locale != "" {
		r.UILocales = []string{i.Locale}
	}
	return h.Start(c, dir, r)
}

// invited finds what a link stands for. Nothing is given back when the page that says why not was sent.
func (h *Hosted) invited(c *fiber.Ctx, dir *models.Directory) (userflow.Invitation, *openid.Client, error) {
	i, err := h.sessions.Store.Tenant(dir.Tenant.ID).InvitationByToken(c.UserContext(), c.Params("token"))
	if fault.Is(err, fault.NotFound) {
		return i, nil, h.over(c, dir, pages.InvitationUnknown)
	}
	if err != nil {
		return i, nil, err
	}
	flow, known := dir.Flow(i.ClientID)
	switch client := dir.Clients[i.ClientID]; {
	case i.State(h.machine.Now()) != userflow.InvitationPending:
		return i, nil, h.over(c, dir, overPage(string(i.State(h.machine.Now()))))
	case client == nil || !client.Enabled:
		return i, nil, fault.New(fault.Denied, "signin.app_unavailable")
	case !known || flow.ID != i.FlowID: // what it promised, another flow would not ask or allow
		return i, nil, h.over(c, dir, pages.InvitationRevoked)
	default:
		return i, client, nil
	}
}

// over is the kind page about an invitation that is none any more. It says nothing about the person.
func (h *Hosted) over(c *fiber.Ctx, dir *models.Directory, kind pages.DeadEnd) error {
	status := fiber.StatusGone
	switch kind {
	case pages.InvitationUnknown:
		status = fiber.StatusNotFound
	case pages.InvitationDone:
		status = fiber.StatusOK
	}
	return handlers.Render(c, status, pages.End(h.speaking(c, dir, nil), pages.DeadEndView{Kind: kind}))
}

// done is where an invitation ends whose app has no page to send people to.
func (h *Hosted) done(c *fiber.Ctx) error {
	return h.over(c, handlers.DirectoryOf(c), pages.InvitationDone)
}

func overPage(state string) pages.DeadEnd {
	switch userflow.InvitationState(state) {
	case userflow.InvitationAccepted:
		return pages.InvitationAccepted
	case userflow.InvitationExpired:
		return pages.InvitationExpired
	}
	return pages.InvitationRevoked
}

// invitationOver is the same page in the middle of the attempt.
func invitationOver(d *drawing) templ.Component {
	d.ways(pages.Way{Event: pages.Cancel, Text: d.T("end.go_on", "app", d.page.App)})
	return pages.End(d.page, pages.DeadEndView{Kind: overPage(d.res.Step.Reason), Reference: d.info.RequestID})
}

// invite is the protocol of an invitation: who has accepted goes to the app, which signs them in by the
// session that they have now. It is the parked request too.
type invite struct {
	Landing string `json:"landing"`
}

// Issue implements signin.Issuer.
func (invite) Issue(_ context.Context, _ signin.Tx, g signin.Grant) (signin.Outcome, error) {
	return gone(g.Request)
}

// Refuse implements signin.Issuer: whoever cancels goes to the app too; the invitation stays good.
func (invite) Refuse(_ context.Context, r signin.Refusal) (signin.Outcome, error) {
	return gone(r.Request)
}

func gone(r signin.Request) (signin.Outcome, error) {
	var i invite
	err := json.Unmarshal(r.Return, &i)
	return signin.Outcome{Redirect: i.Landing}, err
}

// landing is where the person goes afterwards: what the invitation says, if the app still owns it (an address
// that was given up may be somebody else's by now); else the home page of the app; else the front page of
// where it takes its answers; else a page of our own.
func (h *Hosted) landing(c *fiber.Ctx, dir *models.Directory, i userflow.Invitation, client *openid.Client) (string, error) {
	if i.RedirectURI != "" && slices.ContainsFunc(client.RedirectURIs, func(u openid.RedirectURI) bool { return u.URI == i.RedirectURI }) {
		return i.RedirectURI, nil
	}
	app, err := h.sessions.Store.Tenant(dir.Tenant.ID).ApplicationByClient(c.UserContext(), client.ID)
	if err != nil {
		return "", err
	}
	if app.Spec.HomepageURL != "" {
		return app.Spec.HomepageURL, nil
	}
	for _, u := range client.RedirectURIs {
		if o := originOf(u.URI); o != "" {
			return o + "/", nil
		}
	}
	return "/" + url.PathEscape(dir.Tenant.Slug) + "/invitation/done", nil
}

// originOf is scheme and host of a web address; "" for any other.
func originOf(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
