package admin

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/openid"
	"portico/app/signin"
	"portico/models"
	views "portico/views/admin"
)

// flowRun lets an admin try a flow: it makes the address that an application would send people to. It is
// a GET form, so the choice is an address too.
func (p *Portal) flowRun(c *fiber.Ctx) error {
	v := visitOf(c)
	f, err := v.tenant.Flow(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Run “"+f.Name+"”", "Try the pages as a customer sees them.", views.Help{
		What: "Opens the real sign-in pages, exactly as the chosen application would. The answer goes to the redirect URI; if your app did not start this sign-in itself it will refuse the answer, which is right.",
		Do:   "Choose application, address and language, then follow the link. Use a private window to be a new visitor."},
		views.Link{Label: "User flows", Href: v.base() + "/user-flows"}, views.Link{Label: f.Name, Href: v.flowBase(f.ID)})
	if err != nil {
		return err
	}
	app, apps, uris := runChoices(v, f, c.Query("app"))
	redirect := c.Query("redirect")
	if len(uris) > 0 && !slices.ContainsFunc(uris, func(o views.Option) bool { return o.Value == redirect }) {
		redirect = uris[0].Value
	}
	form := views.Form{Get: true, Action: v.flowBase(f.ID) + "/run", Submit: "Update address", Cancel: v.flowBase(f.ID), Fields: []views.Field{
		{Kind: views.Select, Name: "app", Label: "Application", Options: apps, Value: objectID(app)},
		{Kind: views.Select, Name: "redirect", Label: "Redirect URI", Options: uris, Value: redirect},
		{Kind: views.Select, Name: "locale", Label: "Language", Value: c.Query("locale"), Options: append([]views.Option{{Label: "As the browser wishes"}}, p.localeOptions()...)},
		{Kind: views.Select, Name: "prompt", Label: "Start with", Value: c.Query("prompt"), Options: []views.Option{{Label: "Sign-in, or single sign-on"}, {Value: "login", Label: "Sign-in, always"}, {Value: "create", Label: "Sign-up"}}}}}
	sections := []views.Section{{Title: "Choose", Form: &form}}
	if app == nil || redirect == "" {
		sections = append(sections, views.Section{Title: "Address", Lead: "Add an application with a redirect URI to this flow first."})
	} else {
		address := p.runAddress(v, app, redirect, c.Query("locale"), c.Query("prompt"))
		sections = append(sections, views.Section{Title: "Address", Code: address, Wrap: true, Buttons: []views.Action{{Label: "Open the sign-in page", Href: address}}})
	}
	return p.detail(c, s, views.Detail{Sections: sections})
}

func objectID(c *openid.Client) string {
	if c == nil {
		return ""
	}
	return c.ObjectID
}

func runChoices(v *visit, f models.UserFlow, chosen string) (app *openid.Client, apps, uris []views.Option) {
	for _, cl := range sortedClients(v.dir) {
		if !slices.Contains(f.ApplicationIDs, cl.ObjectID) {
			continue
		}
		apps = append(apps, views.Option{Value: cl.ObjectID, Label: cl.Name})
		if app == nil || cl.ObjectID == chosen {
			app = cl
		}
	}
	if app != nil {
		for _, r := range app.RedirectURIs {
			uris = append(uris, views.Option{Value: r.URI, Label: r.URI})
		}
	}
	return app, apps, uris
}

// runAddress is the authorization request of a trial. Its PKCE challenge belongs to no verifier: the
// code that it yields cannot be redeemed, which a trial does not need.
func (p *Portal) runAddress(v *visit, app *openid.Client, redirect, locale, prompt string) string {
	q := url.Values{"client_id": {app.ID}, "response_type": {"code"}, "redirect_uri": {redirect}, "scope": {"openid profile email"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"},
		"state": {"portal-trial"}, "nonce": {strconv.FormatInt(p.Now().UnixNano()/int64(time.Millisecond), 36)}}
	q.Set("portico_test", signin.MAC(p.Store.Sealer().MAC).TrialMark(v.dir.Tenant.ID, app.ID, redirect, p.Now()))
	if locale != "" {
		q.Set("ui_locales", locale)
	}
	if prompt != "" {
		q.Set("prompt", prompt)
	}
	return endpoints{base: p.BaseURL, tenantID: v.dir.Tenant.ID}.authorize() + "?" + q.Encode()
}
