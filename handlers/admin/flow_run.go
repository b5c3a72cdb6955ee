package admin

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/openid"
	"portico/app/signin"
	"portico/app/tenant"
	"portico/handlers/hosted"
	"portico/models"
	views "portico/views/admin"
)

// runHere stands for "show me the result here" in place of an app's redirect URI.
const runHere = "here"

// flowRun lets an admin try a flow: it makes the address that an application would send people to, marked
// as a test. It is a GET form, so the choice is an address too.
func (p *Portal) flowRun(c *fiber.Ctx) error {
	v := visitOf(c)
	f, err := v.tenant.Flow(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Run “"+f.Name+"”", "Try the pages as a customer sees them, marked as a test.", views.Help{
		What: "Opens the real sign-in pages, exactly as the chosen application would. Every page says that it is a test, and so does the sign-in log. What you do there is real: an account that you make exists afterwards, and codes are mailed.",
		Do:   "Choose application, address and language, then follow the link, within the hour. Use a private window to be a new visitor. To try without writing anything, use the test bench."},
		views.Link{Label: "User flows", Href: v.base() + "/user-flows"}, views.Link{Label: f.Name, Href: v.flowBase(f.ID)})
	if err != nil {
		return err
	}
	app, apps, uris := runChoices(v, f, c.Query("app"))
	redirect := c.Query("redirect")
	if !slices.ContainsFunc(uris, func(o views.Option) bool { return o.Value == redirect }) {
		redirect = runHere
	}
	form := views.Form{Get: true, Action: v.flowBase(f.ID) + "/run", Submit: "Update address", Cancel: v.flowBase(f.ID), Quiet: true, Fields: []views.Field{
		{Kind: views.Select, Name: "app", Label: "Application", Options: apps, Value: objectID(app)},
		{Kind: views.Select, Name: "redirect", Label: "Where the result goes", Hint: "An application that did not start this sign-in itself refuses the answer, which is right.", Options: uris, Value: redirect},
		{Kind: views.Select, Name: "locale", Label: "Language", Value: c.Query("locale"), Options: append([]views.Option{{Label: "As the browser wishes"}}, p.localeOptions()...)},
		{Kind: views.Select, Name: "prompt", Label: "Start with", Value: c.Query("prompt"), Options: []views.Option{{Label: "Sign-in, or single sign-on"}, {Value: "login", Label: "Sign-in, always"}, {Value: "create", Label: "Sign-up"}}}}}
	bench := views.Section{Title: "Or walk through it without writing anything", Lead: "The test bench shows each page and why it comes, for a pretend visitor of your choice.",
		Buttons: []views.Action{{Label: "Open the test bench", Href: v.flowBase(f.ID) + "/bench"}}}
	sections := []views.Section{{Title: "Choose", Form: &form}}
	switch {
	case v.dir.Tenant.Kind == tenant.Workforce:
		sections = []views.Section{{Title: "Run", Lead: "This is how admins sign in to the portal. Sign out to see it."}}
	default:
		address := p.runAddress(v, f, app, redirect, c.Query("locale"), c.Query("prompt"))
		lead := "Good for an hour."
		if v.dir.Extensions != nil && len(v.dir.Extensions.Listeners) > 0 {
			lead += " Your own APIs are asked as at any sign-in, and their calls stand in the recorder among the others: they get what you type here. To try an API alone, send it a sample from its page."
		}
		sections = append(sections, views.Section{Title: "Address", Lead: lead, Code: address, Wrap: true, Buttons: []views.Action{{Label: "Run user flow", Href: address}}})
	}
	return p.detail(c, s, views.Detail{Sections: append(sections, bench)})
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
	uris = []views.Option{{Value: runHere, Label: "Show me the result here"}}
	if app == nil {
		apps = append(apps, views.Option{Label: "None: this user flow has no application"})
	} else {
		for _, r := range app.RedirectURIs {
			uris = append(uris, views.Option{Value: r.URI, Label: r.URI})
		}
	}
	return app, apps, uris
}

// runAddress is where a trial begins. With an app it is the app's own authorization request: its PKCE
// challenge belongs to no verifier, so the code that it yields cannot be redeemed, which a trial does not
// need. Either carries the server's mark for this very trial.
func (p *Portal) runAddress(v *visit, f models.UserFlow, app *openid.Client, redirect, locale, prompt string) string {
	mac, q := signin.MAC(p.Store.Sealer().MAC), url.Values{}
	if locale != "" {
		q.Set("ui_locales", locale)
	}
	if prompt != "" {
		q.Set("prompt", prompt)
	}
	if redirect == runHere {
		what := f.ID
		if app != nil {
			what = app.ID
		}
		return v.dir.Tenant.Base(p.BaseURL) + hosted.TrialPath(v.dir.Tenant.Slug, what, mac.TrialMark(v.dir.Tenant.ID, what, "", p.Now()), q)
	}
	for name, value := range map[string]string{"client_id": app.ID, "response_type": "code", "redirect_uri": redirect, "scope": "openid profile email",
		"code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256", "state": "portal-trial",
		"nonce":        strconv.FormatInt(p.Now().UnixNano()/int64(time.Millisecond), 36),
		"portico_test": mac.TrialMark(v.dir.Tenant.ID, app.ID, redirect, p.Now())} {
		q.Set(name, value)
	}
	return endpoints{base: v.dir.Tenant.Base(p.BaseURL), tenantID: v.dir.Tenant.ID}.authorize() + "?" + q.Encode()
}
