package admin

import (
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/openid"
	"portico/app/record"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// appConnect helps a developer: ready text with real values, waiting for the first request, and naming
// the exact mistake when there is one. The part that waits is asked for again by a small script while
// the page is visible; without script there is a link.
func (p *Portal) appConnect(c *fiber.Ctx) error {
	v := visitOf(c)
	a, err := v.app(c)
	if err != nil {
		return err
	}
	mistakes, err := p.openMistakes(c, v, a)
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Connect your app", "Ready text for “"+a.Name+"” with its real values.", views.Help{
		What: "This page watches for requests of this application, and says what is wrong with them in words.",
		Do:   "Choose your library, paste the text, start your app and sign in. Leave this page open beside it."},
		views.Link{Label: "Applications", Href: v.base() + "/applications"}, views.Link{Label: a.Name, Href: v.appBase(a)})
	if err != nil {
		return err
	}
	seen, err := firstSeen(c, v, a)
	if err != nil {
		return err
	}
	e := p.endpointsOf(v, a)
	m := views.Connect{AppName: a.Name, Waiting: seen.IsZero(), SeenAt: seen, Settings: e.settings()}
	m.Tabs, m.Snippet, m.Current = snippets(e, a.Kind, v.appBase(a), c.Query("library"))
	m.Missing = missing(v, a, m.Current)
	for _, row := range mistakes {
		m.Mistakes = append(m.Mistakes, mistakeOf(row, v.appBase(a)))
	}
	if len(mistakes) > 0 && v.may(access.AppWrite) {
		m.Forget = &views.Action{Label: "Clear these and watch again", Post: v.appBase(a) + "/connect/forget"}
	}
	return handlers.Render(c, fiber.StatusOK, views.ConnectPage(s, m))
}

// openMistakes are the mistakes of the last day that were made after the app's last success: what worked
// since is mended.
func (p *Portal) openMistakes(c *fiber.Ctx, v *visit, a models.Application) ([]models.ClientDiagnosticRow, error) {
	since := p.Now().Add(-24 * time.Hour)
	last, err := v.tenant.SignIns(c.UserContext(), models.SignInQuery{ClientID: a.ClientID, Result: string(record.Success), From: since, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(last.Items) > 0 && last.Items[0].EndedAt.After(since) {
		since = last.Items[0].EndedAt
	}
	return v.tenant.ClientMistakes(c.UserContext(), a.ClientID, since)
}

// firstSeen is when the application first asked for something: a sign-in page, or as a daemon, which
// never asks for one, a token.
func firstSeen(c *fiber.Ctx, v *visit, a models.Application) (time.Time, error) {
	if !a.FirstRequestAt.IsZero() || a.Kind != models.DaemonApp {
		return a.FirstRequestAt, nil
	}
	page, err := v.tenant.SignIns(c.UserContext(), models.SignInQuery{ClientID: a.ClientID, Kind: string(record.Service), Result: string(record.Success), OldestFirst: true, Limit: 1})
	if err != nil || len(page.Items) == 0 {
		return time.Time{}, err
	}
	return page.Items[0].StartedAt, nil
}

func (p *Portal) endpointsOf(v *visit, a models.Application) endpoints {
	e := endpoints{base: v.dir.Tenant.Base(p.BaseURL), tenantID: v.dir.Tenant.ID, clientID: a.ClientID, kind: a.Kind, redirect: "http://localhost:8080/callback", scope: "api://" + a.ClientID + "/.default"}
	if len(a.Spec.RedirectURIs) > 0 {
		e.redirect = a.Spec.RedirectURIs[0].URI
	}
	for _, cl := range sortedClients(v.dir) { // a daemon calls another application's interface
		if len(cl.ResourceURIs) > 0 && cl.ID != a.ClientID {
			e.scope = cl.ResourceURIs[0] + "/.default"
			break
		}
	}
	return e
}

// snippets are the tabs of the libraries that fit, and the text of the chosen one.
func snippets(e endpoints, kind, base, chosen string) (tabs []views.Link, shown views.Snippet, current string) {
	fitting := librariesFor(kind)
	for i, l := range fitting {
		tabs = append(tabs, views.Link{Label: l.label, Href: base + "/connect?library=" + l.key})
		if i == 0 || l.key == chosen {
			if shown, current = l.make(e), l.label; !e.secure() && strings.HasPrefix(l.key, "msal") {
				shown.Note = "MSAL refuses addresses without https, on this computer too. Start Portico with PORTICO_TLS=local, or choose another library."
			}
		}
	}
	return tabs, shown, current
}

// missing is what must be configured before any sign-in can work with the chosen library.
func missing(v *visit, a models.Application, library string) []views.Missing {
	var out []views.Missing
	say := func(label, href string) { out = append(out, views.Missing{Link: views.Link{Label: label, Href: href}}) }
	if !a.Enabled {
		say("The application is disabled. Enable it first.", v.appBase(a)+"#danger")
	}
	if a.Kind != models.DaemonApp {
		if a.Kind == models.NativeApp && library == msalNodeLabel && !hearsLoopback(a) {
			say("MSAL Node comes back to "+loopbackURI+" on a free port, which is not registered yet: add it to the redirect URIs.", v.appBase(a)+"#redirect-uris")
			if v.may(access.AppWrite) {
				out[len(out)-1].Fix = &views.Action{Label: "Add " + loopbackURI, Post: v.appBase(a) + "/connect/loopback"}
			}
		} else if len(a.Spec.RedirectURIs) == 0 {
			say("No redirect URI yet: add the address where people come back to.", v.appBase(a)+"#redirect-uris")
		}
		if _, ok := v.dir.Flow(a.ClientID); !ok {
			say("In no user flow yet: add the application to one.", v.base()+"/user-flows")
		}
	}
	if (a.Kind == models.WebApp || a.Kind == models.DaemonApp) && len(a.Secrets)+len(a.Certificates) == 0 {
		say("No client secret or certificate yet: make one, so that your app can prove itself.", v.appBase(a)+"/secrets/new")
	}
	return out
}

// loopbackURI is what a program on this computer registers: its port is free (RFC 8252 §7.3).
const loopbackURI = "http://localhost"

// hearsLoopback reports whether sign-in may come back to any port of this computer.
func hearsLoopback(a models.Application) bool {
	_, ok := (&openid.Client{RedirectURIs: a.Spec.RedirectURIs}).Redirect(loopbackURI + ":49152")
	return ok
}

// appLoopback registers the loopback address, from the page that misses it.
func (p *Portal) appLoopback(c *fiber.Ctx) error {
	v := visitOf(c)
	a, err := v.tenant.UpdateApplication(c.UserContext(), v.actor(c), c.Params("id"), func(a *models.Application) error {
		if !hearsLoopback(*a) { // pressed twice is pressed once
			a.Spec.RedirectURIs = append(a.Spec.RedirectURIs, openid.RedirectURI{URI: loopbackURI, Platform: openid.Native})
		}
		return nil
	})
	if e := fault.Of(err); fault.Is(err, fault.Invalid) && len(e.Fields) > 0 {
		bad := e.Fields[0]
		return p.doneWith(c, v.base()+"/applications/"+c.Params("id")+"/connect", models.PortalFlash{Kind: "warn", Text: "Not added. " + handlers.InfoOf(c).Locale.T(bad.Key, bad.Args)})
	}
	if err != nil {
		return err
	}
	return p.done(c, v.appBase(a)+"/connect?library=msal-node", "Redirect URI “"+loopbackURI+"” added to “"+a.Name+"”.")
}

func (p *Portal) appForgetMistakes(c *fiber.Ctx) error {
	v := visitOf(c)
	a, err := v.app(c)
	if err != nil {
		return err
	}
	if err := v.tenant.ForgetClientMistakes(c.UserContext(), v.actor(c), a.ClientID); err != nil {
		return err
	}
	return p.done(c, v.appBase(a)+"/connect", "Watching “"+a.Name+"” again.")
}
