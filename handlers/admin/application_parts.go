package admin

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"portico/app/fault"
	"portico/app/openid"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// appSections is the application's page, part by part; what a kind does not need is left out.
func (p *Portal) appSections(v *visit, a models.Application, seen time.Time, assigned map[string]int) []views.Section {
	base := v.appBase(a)
	e := endpoints{base: v.dir.Tenant.Base(p.BaseURL), tenantID: v.dir.Tenant.ID}
	first := plain("Not yet")
	if !seen.IsZero() {
		first = when(seen)
	}
	out := []views.Section{{ID: "overview", Title: "Overview", Summary: []views.Fact{
		{Label: "Name", Value: views.Cell{Kind: views.Name, Text: a.Name}, Change: base + "/edit"},
		fact("Application (client) ID", code(a.ClientID)), fact("Directory (tenant) ID", code(a.TenantID)), fact("Object ID", code(a.ID)),
		fact("Authority", code(e.authority())), fact("State", stateBadge(a.Enabled)), fact("First request", first), fact("Registered", when(a.CreatedAt)),
		{Label: "Notes", Value: orNone(a.Spec.Notes), Change: base + "/edit"}}}}
	if a.Kind != models.DaemonApp {
		out = append(out, redirectSection(a, base), flowSection(v, a), claimSection(v, a, base), signOutSection(a, base), backChannelSection(a, base))
	}
	out = append(out, secretSection(a, base, p.Now()), certificateSection(a, base, p.Now()), encryptionSection(a, base, p.Now()), tokenSection(a, base), scopeSection(a, base), roleSection(v, a, base, assigned), assignmentSection(v, a, base, assigned))
	if a.Kind == models.WebApp || a.Kind == models.DaemonApp {
		out = append(out, permissionSection(a, base))
	}
	toggle := views.Action{Label: "Disable application", Post: base + "/enabled", Fields: map[string]string{"enabled": "no"}, About: a.Name}
	lead := "Disabling stops every token and sign-in at once and keeps the configuration."
	if !a.Enabled {
		toggle = views.Action{Label: "Enable application", Post: base + "/enabled", Fields: map[string]string{"enabled": "yes"}, About: a.Name}
		lead = "The application is disabled: it gets no token, and nobody can sign in to it."
	}
	return append(out, views.Section{ID: "danger", Title: "Disable or delete", Danger: true, Lead: lead,
		Buttons: []views.Action{toggle, {Label: "Delete application", Href: base + "/delete", Danger: true, About: a.Name}}})
}

func orNone(s string) views.Cell {
	if s == "" {
		return views.Cell{Text: "None", Tone: "soft"}
	}
	return views.Cell{Kind: views.Name, Text: s}
}

func redirectSection(a models.Application, base string) views.Section {
	t := &views.Table{Caption: "Redirect URIs", Columns: []views.Column{{Label: "Address"}, {Label: "Platform"}}, Actions: true}
	for _, r := range a.Spec.RedirectURIs {
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{code(r.URI), plain(platformLabel(r.Platform))},
			Actions: []views.Action{{Label: "Remove", About: r.URI, Post: base + "/redirects/remove", Fields: map[string]string{"uri": r.URI}}}})
	}
	f := redirectForm(base, a.Kind, "", "")
	return views.Section{ID: "redirect-uris", Title: "Redirect URIs", Lead: "Where people come back to after signing in. Only exactly these addresses are accepted.",
		Table: t, Empty: "None yet. Without one nobody can sign in to this application.", Form: &f}
}

func platformLabel(p openid.Platform) string {
	switch p {
	case openid.SPA:
		return "Single-page application"
	case openid.Native:
		return "Mobile and desktop"
	}
	return "Web"
}

func flowSection(v *visit, a models.Application) views.Section {
	s := views.Section{ID: "user-flow", Title: "User flow", Lead: "The sign-up and sign-in pages that people of this application see."}
	if f, ok := v.dir.Flow(a.ClientID); ok {
		s.Summary = []views.Fact{fact("User flow", views.Cell{Kind: views.Name, Text: f.Name, Href: v.base() + "/user-flows/" + f.ID})}
		s.Action = &views.Link{Label: "Run this user flow", Href: v.base() + "/user-flows/" + f.ID + "/run?app=" + a.ID}
		return s
	}
	s.Empty = "In no user flow yet, so nobody can sign in. Open a user flow and add this application there."
	s.Table = &views.Table{}
	s.Action = &views.Link{Label: "Choose a user flow", Href: v.base() + "/user-flows"}
	return s
}

func postLogoutForm(base, uri string) views.Form {
	return views.Form{Action: base + "/post-logout/add", Submit: "Add address", Fields: []views.Field{
		{Name: "postLogoutRedirectUris", Label: "Add an address after sign-out", Hint: "Sent as post_logout_redirect_uri. The redirect URIs are allowed as well.", Value: uri, Code: true}}}
}

func signOutSection(a models.Application, base string) views.Section {
	t := &views.Table{Caption: "Addresses after sign-out", Columns: []views.Column{{Label: "Address"}}, Actions: true}
	for _, u := range a.Spec.PostLogoutRedirectURIs {
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{code(u)},
			Actions: []views.Action{{Label: "Remove", About: u, Post: base + "/post-logout/remove", Fields: map[string]string{"uri": u}}}})
	}
	f := postLogoutForm(base, "")
	return views.Section{ID: "sign-out", Title: "After sign-out", Lead: "Where people may be sent after they signed out.", Table: t, Empty: "Only the redirect URIs are allowed.", Form: &f}
}

func backChannelForm(base, uri string) views.Form {
	return views.Form{Action: base + "/back-channel", Submit: "Save address", Fields: []views.Field{
		{Name: "backChannelLogoutUri", Label: "Back-channel logout address", Hint: "Portico calls it, without a browser, when somebody's session ends. Leave it empty to get no calls.", Value: uri, Optional: true, Code: true}}}
}

func backChannelSection(a models.Application, base string) views.Section {
	f := backChannelForm(base, a.Spec.BackChannelLogoutURI)
	return views.Section{ID: "back-channel", Title: "Sign-out elsewhere", Lead: "Tells the application when a session ended in another one.", Form: &f}
}

func (p *Portal) appPostLogoutAdd(c *fiber.Ctx) error {
	uri := typed(c, "postLogoutRedirectUris")
	return p.appEditPart(c, "sign-out", "Address “"+uri+"” added to “%s”.", func(a *models.Application) error {
		if uri == "" {
			return fault.BadField("postLogoutRedirectUris", "admin.post_logout.required", nil)
		}
		if !slices.Contains(a.Spec.PostLogoutRedirectURIs, uri) {
			a.Spec.PostLogoutRedirectURIs = append(a.Spec.PostLogoutRedirectURIs, uri)
		}
		return nil
	}, func(_ models.Application, base string) views.Form { return postLogoutForm(base, uri) })
}

func (p *Portal) appPostLogoutRemove(c *fiber.Ctx) error {
	uri := handlers.Form(c, "uri")
	return p.appEditPart(c, "sign-out", "Address “"+uri+"” removed from “%s”.", func(a *models.Application) error {
		a.Spec.PostLogoutRedirectURIs = slices.DeleteFunc(a.Spec.PostLogoutRedirectURIs, func(s string) bool { return s == uri })
		return nil
	}, nil)
}

func (p *Portal) appBackChannel(c *fiber.Ctx) error {
	uri := typed(c, "backChannelLogoutUri")
	return p.appEditPart(c, "back-channel", "Back-channel logout address of “%s” saved.", func(a *models.Application) error {
		a.Spec.BackChannelLogoutURI = uri
		return nil
	}, func(_ models.Application, base string) views.Form { return backChannelForm(base, uri) })
}

func scopeSection(a models.Application, base string) views.Section {
	t := &views.Table{Caption: "Scopes", Columns: []views.Column{{Label: "Scope"}, {Label: "Name"}, {Label: "State"}}, Actions: true}
	prefix := ""
	if len(a.Spec.IdentifierURIs) > 0 {
		prefix = a.Spec.IdentifierURIs[0] + "/"
	}
	for _, sc := range a.Spec.Scopes {
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{code(prefix + sc.Value), {Kind: views.Name, Text: sc.Name, Sub: sc.Description}, stateBadge(sc.Enabled)},
			Actions: []views.Action{{Label: "Remove", About: sc.Value, Post: base + "/scopes/remove", Fields: map[string]string{"id": sc.ID}}}})
	}
	return views.Section{ID: "scopes", Title: "Exposed scopes", Lead: "If this application has an interface of its own, these are the rights that other applications may ask for.",
		Table: t, Empty: "None. Only needed when other applications call this one.", Action: &views.Link{Label: "Expose a scope", Href: base + "/scopes/new"}}
}

func scopeForm(base string, sc openid.Scope) views.Form {
	return views.Form{Action: base + "/scopes", Submit: "Expose scope", Cancel: base + "#scopes", Fields: []views.Field{
		{Name: "scopes", Label: "Scope", Hint: "A short word that applications ask for, for example orders.read.", Value: sc.Value, Code: true},
		{Name: "name", Label: "Name", Hint: "What people read on the consent page, for example “See your orders”.", Value: sc.Name},
		{Kind: views.TextArea, Name: "description", Label: "Description", Value: sc.Description, Rows: 3, Optional: true},
		{Kind: views.Check, Name: "userMayConsent", Label: "People may agree to it themselves", Value: tick(sc.UserMayConsent)},
	}}
}

func (p *Portal) scopeNew(c *fiber.Ctx) error {
	return p.scopePage(c, openid.Scope{UserMayConsent: true}, nil)
}

func (p *Portal) scopePage(c *fiber.Ctx, sc openid.Scope, problem error) error {
	return p.appFormPage(c, "Expose a scope", problem, func(_ models.Application, base string) views.Form { return scopeForm(base, sc) })
}

// appFormPage is a form of one application on a page of its own.
func (p *Portal) appFormPage(c *fiber.Ctx, title string, problem error, make func(models.Application, string) views.Form) error {
	v := visitOf(c)
	a, err := v.app(c)
	if err != nil {
		return err
	}
	f := make(a, v.appBase(a))
	if !complain(handlers.InfoOf(c).Locale, &f, problem) {
		return problem
	}
	s, err := p.shell(c, title, "", views.Help{}, views.Link{Label: "Applications", Href: v.base() + "/applications"}, views.Link{Label: a.Name, Href: v.appBase(a)})
	if err != nil {
		return err
	}
	return p.form(c, s, f)
}

func (p *Portal) scopeAdd(c *fiber.Ctx) error {
	v := visitOf(c)
	sc := openid.Scope{ID: uuid.NewString(), Value: typed(c, "scopes"), Name: typed(c, "name"), Description: typed(c, "description"), UserMayConsent: ticked(c, "userMayConsent"), Enabled: true}
	a, err := v.tenant.UpdateApplication(c.UserContext(), v.actor(c), c.Params("id"), func(a *models.Application) error {
		if sc.Name == "" {
			return fault.BadField("name", "admin.scope.name", nil)
		}
		if len(a.Spec.IdentifierURIs) == 0 {
			a.Spec.IdentifierURIs = []string{"api://" + a.ClientID}
		}
		a.Spec.Scopes = append(a.Spec.Scopes, sc)
		return nil
	})
	if err != nil {
		return p.scopePage(c, sc, err)
	}
	return p.done(c, v.appBase(a)+"#scopes", "Scope “"+sc.Value+"” exposed by “"+a.Name+"”.")
}

func (p *Portal) scopeRemove(c *fiber.Ctx) error {
	id, value := typed(c, "id"), ""
	return p.appEditPart(c, "scopes", "Scope removed from “%s”.", func(a *models.Application) error {
		a.Spec.Scopes = slices.DeleteFunc(a.Spec.Scopes, func(s openid.Scope) bool {
			if s.ID == id {
				value = s.Value
			}
			return s.ID == id
		})
		if value == "" {
			return fault.New(fault.NotFound, "error.not_found")
		}
		return nil
	}, nil)
}

func tokenSection(a models.Application, base string) views.Section {
	x := a.Spec
	alg := x.SigningAlg
	if alg == "" {
		alg = "ES256 (default)"
	}
	refresh := 90 * 24 * 60
	if a.Kind == models.SPAApp {
		refresh = 24 * 60
	}
	return views.Section{ID: "tokens", Title: "Tokens and consent", Summary: []views.Fact{
		{Label: "Access token lives", Value: plain(lifetime(x.AccessTokenMinutes, 60)), Change: base + "/tokens"},
		{Label: "ID token lives", Value: plain(lifetime(x.IDTokenMinutes, 60)), Change: base + "/tokens"},
		{Label: "Refresh token ends without use after", Value: plain(lifetime(x.RefreshIdleMinutes, refresh)), Change: base + "/tokens"},
		{Label: "Signature", Value: code(alg), Change: base + "/tokens"},
		{Label: "Consent page", Value: plain(choose(x.AskConsent, "Shown once to each person", "Not shown")), Change: base + "/tokens"},
		{Label: "PKCE", Value: plain(choose(x.PKCEOptional, "May be left out", "Demanded")), Change: base + "/tokens"},
	}}
}

func lifetime(n, standard int) string {
	suffix := ""
	if n == 0 {
		n, suffix = standard, " (default)"
	}
	d := time.Duration(n) * time.Minute
	switch {
	case n%(24*60) == 0:
		return numberWords(n/(24*60), "days") + suffix
	case n%60 == 0:
		return numberWords(n/60, "hours") + suffix
	}
	return numberWords(int(d/time.Minute), "minutes") + suffix
}

func tokensForm(a models.Application, base string) views.Form {
	x := a.Spec
	num := func(name, label, hint string, n int) views.Field {
		return views.Field{Name: name, Label: label, Hint: hint, Value: numberText(n), InputMode: "numeric", Suffix: "minutes", Optional: true}
	}
	refresh := "10 to 129600, default 129600 (90 days)."
	if a.Kind == models.SPAApp {
		refresh = "10 to 1440, default 1440 (24 hours)."
	}
	f := views.Form{Action: base + "/tokens", Submit: "Save", Cancel: base + "#tokens", Fields: []views.Field{
		num("accessTokenMinutes", "Access token lives", "10 to 1440, default 60. Shorter means that a stolen one is worth less.", x.AccessTokenMinutes),
		num("idTokenMinutes", "ID token lives", "10 to 1440, default 60.", x.IDTokenMinutes),
		num("refreshIdleMinutes", "Refresh token ends without use after", refresh, x.RefreshIdleMinutes),
		{Kind: views.Select, Name: "signingAlg", Label: "Signature", Value: x.SigningAlg, Options: []views.Option{{Label: "ES256 (default, small and fast)"}, {Value: "RS256", Label: "RS256 (for older libraries)"}, {Value: "EdDSA", Label: "EdDSA"}}},
		{Kind: views.Check, Name: "askConsent", Label: "Ask each person once for consent", Value: tick(x.AskConsent), Hint: "For applications of others. Your own applications rarely need it."},
	}}
	if a.Kind == models.WebApp {
		f.Fields = append(f.Fields, views.Field{Kind: views.Check, Name: "allowPublic", Label: "Allow public client flows", Value: tick(x.AllowPublic), Hint: "A part of the application that cannot keep a secret may redeem codes without one."})
		f.Fields = append(f.Fields, views.Field{Kind: views.Check, Name: "pkceOptional", Label: "Accept sign-ins without PKCE", Value: tick(x.PKCEOptional), Hint: "Only for an old library that cannot do it."})
	}
	return f
}

func (p *Portal) appTokens(c *fiber.Ctx) error {
	return p.appFormPage(c, "Tokens and consent", nil, tokensForm)
}

func (p *Portal) appTokensSave(c *fiber.Ctx) error {
	v := visitOf(c)
	var bad fault.Fields
	access := number(c, &bad, "accessTokenMinutes")
	id := number(c, &bad, "idTokenMinutes")
	refresh := number(c, &bad, "refreshIdleMinutes")
	err := bad.Err()
	var a models.Application
	if err == nil {
		a, err = v.tenant.UpdateApplication(c.UserContext(), v.actor(c), c.Params("id"), func(a *models.Application) error {
			x := &a.Spec
			x.AccessTokenMinutes, x.IDTokenMinutes, x.RefreshIdleMinutes = access, id, refresh
			x.SigningAlg, x.AskConsent, x.PKCEOptional = typed(c, "signingAlg"), ticked(c, "askConsent"), ticked(c, "pkceOptional")
			x.AllowPublic = ticked(c, "allowPublic")
			return nil
		})
	}
	if err != nil {
		return p.appFormPage(c, "Tokens and consent", err, func(a models.Application, base string) views.Form {
			f := tokensForm(a, base)
			keepTyped(c, &f)
			return f
		})
	}
	return p.done(c, v.appBase(a)+"#tokens", "Tokens and consent of “"+a.Name+"” saved.")
}

func editForm(a models.Application, base string) views.Form {
	return views.Form{Action: base + "/edit", Submit: "Save", Cancel: base, Fields: []views.Field{
		{Name: "displayName", Label: "Name", Hint: "Customers see it when they sign in.", Value: a.Name},
		{Name: "homepageUrl", Label: "Home page", Hint: "Where “back to the app” leads.", Type: "url", Value: a.Spec.HomepageURL, Optional: true, Code: true},
		{Name: "termsOfServiceUrl", Label: "Terms of service", Hint: "Shown on the consent page.", Type: "url", Value: a.Spec.TermsURL, Optional: true, Code: true},
		{Name: "privacyStatementUrl", Label: "Privacy statement", Hint: "Shown on the consent page.", Type: "url", Value: a.Spec.PrivacyURL, Optional: true, Code: true},
		{Kind: views.TextArea, Name: "notes", Label: "Notes", Hint: "For admins only.", Value: a.Spec.Notes, Rows: 4, Optional: true},
	}}
}

func (p *Portal) appEdit(c *fiber.Ctx) error {
	return p.appFormPage(c, "Change application", nil, editForm)
}

func (p *Portal) appSave(c *fiber.Ctx) error {
	v := visitOf(c)
	a, err := v.tenant.UpdateApplication(c.UserContext(), v.actor(c), c.Params("id"), func(a *models.Application) error {
		a.Name, a.Spec.HomepageURL, a.Spec.TermsURL, a.Spec.PrivacyURL, a.Spec.Notes = typed(c, "displayName"), typed(c, "homepageUrl"),
			typed(c, "termsOfServiceUrl"), typed(c, "privacyStatementUrl"), typed(c, "notes")
		if len(a.Spec.Notes) > 4000 {
			return fault.BadField("notes", "field.too_long", map[string]any{"max": 4000})
		}
		return nil
	})
	if err != nil {
		return p.appFormPage(c, "Change application", err, func(a models.Application, base string) views.Form {
			f := editForm(a, base)
			keepTyped(c, &f)
			return f
		})
	}
	return p.done(c, v.appBase(a), "Application “"+a.Name+"” saved.")
}

func (p *Portal) appEnabled(c *fiber.Ctx) error {
	v := visitOf(c)
	on := typed(c, "enabled") == "yes"
	a, err := v.tenant.SetApplicationEnabled(c.UserContext(), v.actor(c), c.Params("id"), on)
	if err != nil {
		return err
	}
	return p.done(c, v.appBase(a), "Application “"+a.Name+"” "+choose(on, "enabled.", "disabled."))
}

func (p *Portal) appDeleteForm(c *fiber.Ctx) error {
	v := visitOf(c)
	a, err := v.app(c)
	if err != nil {
		return err
	}
	recent, err := p.peopleOf(c, v, a)
	if err != nil {
		return err
	}
	what := []string{"Nobody can sign in to it any more, from this moment on.", recent, "Its tokens are not renewed; those already given out end within " + strings.TrimSuffix(lifetime(a.Spec.AccessTokenMinutes, 60), " (default)") + "."}
	if f, ok := v.dir.Flow(a.ClientID); ok {
		what = append(what, "The user flow “"+f.Name+"” loses this application.")
	}
	if n := len(a.Spec.Scopes); n > 0 {
		what = append(what, fmt.Sprintf("Applications that ask for one of its %s are refused.", numberWords(n, "scopes")))
	}
	what = append(what, "You can restore it within 30 days under “Deleted applications”.")
	s, err := p.shell(c, "Delete “"+a.Name+"”?", "", views.Help{}, views.Link{Label: "Applications", Href: v.base() + "/applications"}, views.Link{Label: a.Name, Href: v.appBase(a)})
	if err != nil {
		return err
	}
	return p.confirm(c, s, views.Confirm{Consequences: nonEmpty(what...), Form: views.Form{Action: v.appBase(a) + "/delete", Submit: "Delete application", Danger: true, Cancel: v.appBase(a)}})
}

// peopleOf says how many people used an application lately.
func (p *Portal) peopleOf(c *fiber.Ctx, v *visit, a models.Application) (string, error) {
	page, err := v.tenant.SignIns(c.UserContext(), models.SignInQuery{ClientID: a.ClientID, From: p.Now().Add(-30 * 24 * time.Hour), Limit: 500})
	if err != nil {
		return "", err
	}
	people := map[string]bool{}
	for _, r := range page.Items {
		if r.User.ID != "" {
			people[r.User.ID] = true
		}
	}
	if len(people) == 0 {
		return "Nobody signed in to it in the last 30 days.", nil
	}
	n := numberWords(len(people), "people")
	if len(people) == 1 {
		n = "One person"
	}
	if page.Next != "" {
		n = "More than " + n
	}
	return strings.ToUpper(n[:1]) + n[1:] + " signed in to it in the last 30 days.", nil
}

func (p *Portal) appDelete(c *fiber.Ctx) error {
	v := visitOf(c)
	a, err := v.app(c)
	if err != nil {
		return err
	}
	if err := v.tenant.DeleteApplication(c.UserContext(), v.actor(c), a.ID); err != nil {
		return err
	}
	return p.done(c, v.base()+"/applications", "Application “"+a.Name+"” deleted. It can be restored within 30 days.")
}
