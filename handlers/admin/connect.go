package admin

import (
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
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
	m := views.Connect{AppName: a.Name, Waiting: seen.IsZero(), SeenAt: seen, Settings: e.settings(), Missing: missing(v, a)}
	m.Tabs, m.Snippet, m.Current = snippets(e, a.Kind, v.appBase(a), c.Query("library"))
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
	e := endpoints{base: p.BaseURL, tenantID: v.dir.Tenant.ID, clientID: a.ClientID, kind: a.Kind, redirect: "http://localhost:8080/callback", scope: "api://" + a.ClientID + "/.default"}
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

// missing is what must be configured before any sign-in can work.
func missing(v *visit, a models.Application) []views.Link {
	var out []views.Link
	if !a.Enabled {
		out = append(out, views.Link{Label: "The application is disabled. Enable it first.", Href: v.appBase(a) + "#danger"})
	}
	if a.Kind != models.DaemonApp {
		if len(a.Spec.RedirectURIs) == 0 {
			out = append(out, views.Link{Label: "No redirect URI yet: add the address where people come back to.", Href: v.appBase(a) + "#redirect-uris"})
		}
		if _, ok := v.dir.Flow(a.ClientID); !ok {
			out = append(out, views.Link{Label: "In no user flow yet: add the application to one.", Href: v.base() + "/user-flows"})
		}
	}
	if (a.Kind == models.WebApp || a.Kind == models.DaemonApp) && len(a.Secrets)+len(a.Certificates) == 0 {
		out = append(out, views.Link{Label: "No client secret or certificate yet: make one, so that your app can prove itself.", Href: v.appBase(a) + "/secrets/new"})
	}
	return out
}

func (p *Portal) appForgetMistakes(c *fiber.Ctx) error {
	v := visitOf(c)
	a, err := v.app(c)
	if err != nil {
		return err
	}
	if err := v.tenant.ForgetClientMistakes(c.UserContext(), a.ClientID); err != nil {
		return err
	}
	return p.done(c, v.appBase(a)+"/connect", "Watching “"+a.Name+"” again.")
}
