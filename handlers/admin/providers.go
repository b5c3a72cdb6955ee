package admin

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/federation"
	"portico/app/tenant"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// providerRoutes are the upstream identity providers.
func (p *Portal) providerRoutes() []handlers.Route {
	const at = "/admin/t/:tenant/identity-providers"
	const read, write = access.ProviderRead, access.ProviderWrite
	return []handlers.Route{
		{Method: get, Path: at, Handler: p.providerList, Permission: read, NavGroup: navSignIn, NavLabel: "Identity providers"},
		{Method: get, Path: at + "/new", Handler: p.providerNew, Permission: write},
		{Method: post, Path: at, Handler: p.providerCreate, Permission: write, BodyLimit: formBody, Streams: true},
		{Method: get, Path: at + "/domains", Handler: p.domainList, Permission: read},
		{Method: post, Path: at + "/domains", Handler: p.domainAdd, Permission: write},
		{Method: get, Path: at + "/:id/domains/:domain/remove", Handler: p.domainRemoveForm, Permission: write},
		{Method: get, Path: at + "/:id", Handler: p.providerDetail, Permission: read},
		{Method: get, Path: at + "/:id/edit", Handler: p.providerEdit, Permission: write},
		{Method: post, Path: at + "/:id/edit", Handler: p.providerSave, Permission: write, BodyLimit: formBody, Streams: true},
		{Method: get, Path: at + "/:id/advanced", Handler: p.providerAdvanced, Permission: write},
		{Method: post, Path: at + "/:id/advanced", Handler: p.providerAdvancedSave, Permission: write},
		{Method: get, Path: at + "/:id/disable", Handler: p.providerDisableForm, Permission: write},
		{Method: get, Path: at + "/:id/sessions", Handler: p.providerSessionsForm, Permission: write},
		{Method: post, Path: at + "/:id/sessions", Handler: p.providerSessionsEnd, Permission: write},
		{Method: post, Path: at + "/:id/enabled", Handler: p.providerEnabled, Permission: write},
		{Method: post, Path: at + "/:id/domains", Handler: p.providerDomainAdd, Permission: write},
		{Method: post, Path: at + "/:id/domains/prove", Handler: p.providerDomainProve, Permission: write},
		{Method: post, Path: at + "/:id/domains/remove", Handler: p.providerDomainRemove, Permission: write},
		{Method: post, Path: at + "/:id/test", Handler: p.providerTry, Permission: write},
		{Method: get, Path: at + "/:id/test/:trial", Handler: p.providerTried, Permission: write},
		{Method: post, Path: at + "/:id/check", Handler: p.providerInspect, Permission: write},
		{Method: get, Path: at + "/:id/delete", Handler: p.providerDeleteForm, Permission: write},
		{Method: post, Path: at + "/:id/delete", Handler: p.providerDelete, Permission: write},
	}
}

func (v *visit) providersBase() string         { return v.base() + "/identity-providers" }
func (v *visit) providerBase(id string) string { return v.providersBase() + "/" + id }
func (v *visit) providerCrumbs() []views.Link {
	return []views.Link{{Label: "Identity providers", Href: v.providersBase()}}
}

// writesProviders reports whether the admin may change them. Administrators themselves sign in by none.
func (v *visit) writesProviders() bool {
	return v.may(access.ProviderWrite) && v.dir.Tenant.Kind != tenant.Workforce
}

func providerState(x models.IdentityProvider) views.Cell {
	if !x.Enabled {
		return badge("neutral", "Off")
	}
	return badge("ok", "On")
}

// providerWarnings say what will soon be wrong.
func (p *Portal) providerWarnings(x models.IdentityProvider, flows []string) []string {
	var out []string
	if end := x.SecretExpiresAt; !end.IsZero() {
		switch left := end.Sub(p.Now()); {
		case left <= 0:
			out = append(out, "The client secret ended on "+end.Format("2 January 2006"))
		case left < models.ExpirySoon:
			out = append(out, "The client secret ends on "+end.Format("2 January 2006"))
		}
	}
	out = append(out, p.samlWarnings(x)...)
	if len(flows) == 0 && x.Enabled {
		out = append(out, "No user flow shows it")
	}
	return out
}

func (v *visit) flowsShowing(id string) []string {
	var out []string
	for _, f := range v.dir.Flows {
		for _, shown := range f.Providers {
			if shown == id {
				out = append(out, f.Name)
			}
		}
	}
	return out
}

func (p *Portal) providerList(c *fiber.Ctx) error {
	v := visitOf(c)
	s, err := p.shell(c, "Identity providers", "Other companies that say who somebody is.", providerHelp())
	if err != nil {
		return err
	}
	list, err := v.tenant.IdentityProviders(c.UserContext())
	if err != nil {
		return err
	}
	t := &views.Table{Caption: "Identity providers", Columns: []views.Column{{Label: "Name"}, {Label: "State"}, {Label: "Kind"}, {Label: "User flows"}, {Label: "People", Num: true}, {Label: "Last sign-in"}, {Label: "Warnings"}}}
	states, err := v.tenant.ProviderStates(c.UserContext())
	if err != nil {
		return err
	}
	for _, x := range list {
		flows := v.flowsShowing(x.ID)
		people, err := v.tenant.CountProviderPeople(c.UserContext(), x.Provider)
		if err != nil {
			return err
		}
		warnings := append(p.providerWarnings(x, flows), testWarnings(x, states[x.ID])...)
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: x.Name, Href: v.providerBase(x.ID)}, providerState(x), plain(federation.Label(x.Kind)),
			{Kind: views.Lines, List: flows}, {Kind: views.Num, Text: peopleWords(people)}, when(states[x.ID].LastSignInAt), {Kind: views.Lines, List: warnings}}})
	}
	sections := []views.Section{{ID: "providers", Title: numberWords(len(list), "identity providers"), Table: t, Empty: "None yet. People sign in by what their user flow offers: a password or a code by mail."}}
	if v.dir.Tenant.Kind == tenant.Workforce {
		sections[0].Empty = "Administrators do not sign in by other companies. Choose a customer tenant to set one up."
	}
	if v.dir.Tenant.Kind != tenant.Workforce {
		sections[0].Action = &views.Link{Label: "Domains", Href: v.domainsBase()}
	}
	if v.writesProviders() {
		s.Primary = &views.Link{Label: "Add a provider", Href: v.providersBase() + "/new"}
	}
	return p.detail(c, s, views.Detail{Sections: sections})
}

// kindsToAdd are the kinds that can be set up, each with a form of its own.
func (v *visit) kindsToAdd() views.Section {
	add := &views.Table{Caption: "Kinds of identity provider", Columns: []views.Column{{Label: "Kind"}, {Label: "Who can sign in"}}, Actions: true}
	for _, k := range federation.Kinds() {
		add.Rows = append(add.Rows, views.Row{Cells: []views.Cell{plain(federation.Label(k)), plain(kindWords(k))},
			Actions: []views.Action{{Label: "Add", Href: v.providersBase() + "/new?kind=" + string(k), About: federation.Label(k)}}})
	}
	return views.Section{ID: "kinds", Title: "Kinds", Table: add}
}

func (p *Portal) providerDetail(c *fiber.Ctx) error { return p.providerPage(c, nil, nil) }

// providerPage shows one; with a problem, the form for domains as it was typed.
func (p *Portal) providerPage(c *fiber.Ctx, typedDomain *views.Form, problem error) error {
	v := visitOf(c)
	x, err := v.tenant.IdentityProvider(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	at := v.providerBase(x.ID)
	s, err := p.shell(c, x.Name, kindWords(x.Kind)+".", providerHelp(), v.providerCrumbs()...)
	if err != nil {
		return err
	}
	writes := v.writesProviders()
	flows := v.flowsShowing(x.ID)
	d := views.Detail{Badges: []views.Cell{providerState(x)}}
	for _, w := range p.providerWarnings(x, flows) {
		text := "Nobody can sign in by it while that is so."
		if x.SecretExpiresAt.After(p.Now()) && strings.HasPrefix(w, "The client secret") {
			text = "Make a new one there and enter it here before that day."
		} else if strings.HasPrefix(w, "Its last certificate ends") {
			text = "Ask the company for the next one, and add it here before that day; both work meanwhile."
		}
		d.Notices = append(d.Notices, views.Notice{Tone: "warn", Title: w, Text: text})
	}
	states, err := v.tenant.ProviderStates(c.UserContext())
	if err != nil {
		return err
	}
	state := states[x.ID]
	d.Notices = append(d.Notices, testNotices(x, state)...)
	people, err := v.tenant.CountProviderPeople(c.UserContext(), x.Provider)
	if err != nil {
		return err
	}
	id, secret := clientLabels(x.Kind)
	setup := views.Section{ID: "setup", Title: "Set-up", Summary: append(append(p.ourFacts(v.tenant.ID, x.Provider), p.hostFacts(v, x.Provider)...), facts(fact(id, code(x.ClientID)), fact("Issuer of its identities", code(federation.StoredIssuers(x.Provider))),
		fact("Metadata", code(x.Discovery)), fact("Team ID", code(x.TeamID)), fact("Key ID", code(x.KeyID)), fact("Their metadata", code(x.MetadataURL)), fact("Sign-in address", code(x.SignInURL)), fact("Sign-out address", code(x.SignOutURL)))...)}
	if x.HasSecret {
		setup.Summary = append(setup.Summary, fact(secret, plain("Ends in …"+x.SecretHint)), fact("The secret’s last day", when(x.SecretExpiresAt)))
	}
	setup.Summary = append(setup.Summary, fact("Changed", when(x.ModifiedAt)), fact("Last test", testWords(state)), fact("People", plain(peopleWords(people))), fact("Last sign-in", when(state.LastSignInAt)))
	if writes {
		s.Primary = &views.Link{Label: "Edit provider", Href: at + "/edit"}
		setup.Buttons = []views.Action{{Label: "Test connection", Post: v.trialBase(x.ID), About: x.Name}, {Label: "Check settings", Post: at + "/check", About: x.Name}, {Label: "Advanced settings", Href: at + "/advanced", About: x.Name}}
		if x.Enabled {
			setup.Buttons = append(setup.Buttons, views.Action{Label: "Turn off…", Href: at + "/disable", About: x.Name})
		} else {
			setup.Buttons = append(setup.Buttons, views.Action{Label: "Turn on", Post: at + "/enabled", Fields: map[string]string{"enabled": "yes"}, About: x.Name})
		}
	}
	if writes {
		setup.Buttons = append(setup.Buttons, views.Action{Label: "End its sessions…", Href: at + "/sessions", About: x.Name})
	}
	d.Sections = append(d.Sections, setup)
	if x.Kind == federation.SAML {
		d.Sections = append(d.Sections, p.samlSections(c, x)...)
	} else if x.HasKey && x.Kind != federation.Apple {
		secrets, err := v.tenant.ProviderSecrets(c.UserContext(), x.ID)
		if err != nil {
			return err
		}
		public, err := federation.PublicKey(secrets.Key)
		if err != nil {
			return err
		}
		d.Sections = append(d.Sections, views.Section{ID: "key", Title: "Our public key", Lead: "Give it to the provider: it checks with it that we are who we say (private_key_jwt).", Code: public})
	}
	used := views.Section{ID: "flows", Title: "User flows that show it", Empty: "None. Open a user flow, choose the tab “Identity providers”, add it there and publish.", Table: &views.Table{Caption: "User flows", Columns: []views.Column{{Label: "Name"}}}}
	for _, f := range v.dir.Flows {
		for _, shown := range f.Providers {
			if shown == x.ID {
				used.Table.Rows = append(used.Table.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: f.Name, Href: v.flowBase(f.ID)}}})
			}
		}
	}
	d.Sections = append(d.Sections, used)
	if x.Kind == federation.OpenID || x.Kind == federation.SAML || x.Kind == federation.Microsoft && !x.Many() {
		domains, err := p.providerDomains(c, x, writes, typedDomain)
		if err != nil {
			return err
		}
		d.Sections = append(d.Sections, domains...)
	}
	if writes {
		d.Sections = append(d.Sections, views.Section{ID: "danger", Title: "Delete", Danger: true, Lead: "Accounts stay, and what they have at this provider opens nothing any more.", Buttons: []views.Action{{Label: "Delete provider", Href: at + "/delete", Danger: true, About: x.Name}}})
	}
	if problem != nil {
		s.Problems = typedDomain.Problems
		return handlers.Render(c, fiber.StatusUnprocessableEntity, views.DetailPage(s, d))
	}
	return p.detail(c, s, d)
}

// providerDomains are the domains whose addresses belong to the provider.
func (p *Portal) providerDomains(c *fiber.Ctx, x models.IdentityProvider, writes bool, form *views.Form) ([]views.Section, error) {
	v := visitOf(c)
	list, err := v.tenant.ProviderDomains(c.UserContext(), x.ID)
	if err != nil {
		return nil, err
	}
	t := &views.Table{Caption: "Domains", Columns: []views.Column{{Label: "Domain"}, {Label: "State"}, {Label: "TXT record"}, {Label: "Its value"}}, Actions: writes}
	for _, d := range list {
		row := views.Row{Cells: []views.Cell{plain(d.Domain), domainState(d), code(d.Record), code(d.Value)}}
		if writes {
			row.Actions = v.domainActions(d, "")
		}
		t.Rows = append(t.Rows, row)
	}
	out := []views.Section{{ID: "domains", Title: "Domains", Table: t, Empty: "None. With a proven domain, whoever types an address of it is sent to this provider.",
		Lead: "Whoever types an address of a proven domain is sent to this provider, and the provider speaks for those addresses. The company puts the TXT record into its DNS to prove that the domain is theirs.", Action: &views.Link{Label: "All domains", Href: v.domainsBase()}}}
	if writes {
		if form == nil {
			f := p.domainForm(v, x.ID)
			form = &f
		}
		out = append(out, views.Section{ID: "domain-add", Title: "Add a domain", Form: form})
	}
	return out, nil
}

func (p *Portal) domainForm(v *visit, id string) views.Form {
	f := views.Form{Action: v.providerBase(id) + "/domains", Submit: "Add domain", Quiet: true, Fields: []views.Field{{Name: "domain", Label: "Domain", Hint: "For example fernhill.example.", Code: true}}}
	if p.mayWaive(v) {
		f.Fields = append(f.Fields, views.Field{Kind: views.Check, Name: "waive", Label: "Do without the proof", Hint: "For operators and development: you know by other means that the domain is theirs."})
	}
	return f
}

// mayWaive reports whether the admin may do without the proof of a domain: the operator, or anybody in development.
func (p *Portal) mayWaive(v *visit) bool { return p.Development || v.operates() }

func (p *Portal) providerDomainAdd(c *fiber.Ctx) error {
	v := visitOf(c)
	id := c.Params("id")
	d, err := v.tenant.AddProviderDomain(c.UserContext(), v.actor(c), id, typed(c, "domain"), ticked(c, "waive") && p.mayWaive(v))
	if err != nil {
		f := p.domainForm(v, id)
		keepTyped(c, &f)
		if !complain(handlers.InfoOf(c).Locale, &f, err) {
			return err
		}
		return p.providerPage(c, &f, err)
	}
	return p.done(c, v.providerBase(id)+"#domains", choose(d.Waived, d.Domain+" is routed to this provider.", d.Domain+" is added. Put the TXT record into its DNS, then check it."))
}

// ownDomain reads the domain of the form, which must be this provider's.
func (v *visit) ownDomain(c *fiber.Ctx) (models.ProviderDomain, error) {
	d, err := v.tenant.ProviderDomain(c.UserContext(), typed(c, "domain"))
	if err == nil && d.ProviderID != c.Params("id") {
		err = fault.New(fault.NotFound, "error.not_found")
	}
	return d, err
}

func (p *Portal) providerDomainProve(c *fiber.Ctx) error {
	v := visitOf(c)
	d, err := v.ownDomain(c)
	if err == nil {
		d, err = v.tenant.ProveProviderDomain(c.UserContext(), v.actor(c), d.ID, p.Net.Lookup)
	}
	at := domainsPage(c, v, c.Params("id"))
	if fault.Is(err, fault.Conflict) {
		return p.doneWith(c, at, models.PortalFlash{Kind: "warn", Text: d.Domain + ": " + handlers.InfoOf(c).Locale.T(fault.Of(err).Key, nil) + "."})
	}
	if err != nil {
		return err
	}
	return p.done(c, at, d.Domain+" is proven. Its addresses are sent to this provider from now on.")
}

func (p *Portal) providerDomainRemove(c *fiber.Ctx) error {
	v := visitOf(c)
	d, err := v.ownDomain(c)
	if err == nil {
		err = v.tenant.RemoveProviderDomain(c.UserContext(), v.actor(c), d.ID)
	}
	if err != nil {
		return err
	}
	return p.done(c, domainsPage(c, v, d.ProviderID), d.Domain+" is not routed any more.")
}

func (p *Portal) providerDisableForm(c *fiber.Ctx) error {
	return p.providerConfirm(c, "Turn off “%s”?", "enabled", "Turn off", true, nil, "Its buttons disappear at once, and nobody signs in by it. Who is coming back from it at this moment is turned away.", "Accounts stay. It can be turned on again.", "Whoever is signed in by it stays signed in to the end of their session; apps get no new tokens for them. End its sessions too if that is not to be.")
}

func (p *Portal) providerConfirm(c *fiber.Ctx, title, path, submit string, danger bool, fields []views.Field, consequences ...string) error {
	v := visitOf(c)
	x, err := v.tenant.IdentityProvider(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	at := v.providerBase(x.ID)
	s, err := p.shell(c, strings.ReplaceAll(title, "%s", x.Name), "", views.Help{}, append(v.providerCrumbs(), views.Link{Label: x.Name, Href: at})...)
	if err != nil {
		return err
	}
	return p.confirm(c, s, views.Confirm{Consequences: consequences, Form: views.Form{Action: at + "/" + path, Submit: submit, Danger: danger, Cancel: at, Fields: fields}})
}

func (p *Portal) providerEnabled(c *fiber.Ctx) error {
	v := visitOf(c)
	x, err := v.tenant.EnableProvider(c.UserContext(), v.actor(c), c.Params("id"), ticked(c, "enabled"))
	if err != nil {
		return err
	}
	return p.done(c, v.providerBase(x.ID), "“"+x.Name+"” is "+choose(x.Enabled, "on.", "off. Nobody signs in by it any more."))
}

func (p *Portal) providerSessionsForm(c *fiber.Ctx) error {
	return p.providerConfirm(c, "End the sessions of “%s”?", "sessions", "End its sessions", true, nil, "Everybody who signed in by it is signed out, and apps get no new tokens for them.",
		"Accounts stay. While it is on, they can sign in by it again.", "An access token that an app holds already is good until it ends.")
}

func (p *Portal) providerSessionsEnd(c *fiber.Ctx) error {
	v := visitOf(c)
	n, err := v.tenant.EndProviderSessions(c.UserContext(), v.actor(c), c.Params("id"))
	if err != nil {
		return err
	}
	return p.done(c, v.providerBase(c.Params("id")), choose(n == 0, "Nobody was signed in by it. Tokens that had outlived their session are ended.", numberWords(n, "sessions")+" ended."))
}

func (p *Portal) providerDeleteForm(c *fiber.Ctx) error {
	v := visitOf(c)
	consequences := []string{"Its secrets and domains are forgotten, and nobody signs in by it any more.", "Everybody who signed in by it is signed out, and apps get no new tokens for them.", "Accounts stay. While somebody has no other way in, it is not deleted unless you have turned it off before.", "It cannot be brought back."}
	flows, err := v.tenant.FlowsOf(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	for _, f := range flows {
		consequences = append([]string{"It is taken out of the user flow “" + f.Name + "”, which is published without it at once."}, consequences...)
	}
	return p.providerConfirm(c, "Delete “%s”?", "delete", "Delete provider", true, nil, consequences...)
}

func (p *Portal) providerDelete(c *fiber.Ctx) error {
	v := visitOf(c)
	x, err := v.tenant.IdentityProvider(c.UserContext(), c.Params("id"))
	if err == nil {
		err = v.tenant.DeleteProvider(c.UserContext(), v.actor(c), x.ID, true)
	}
	if fault.Is(err, fault.Conflict) { // somebody has no other way in
		return p.doneWith(c, v.providerBase(x.ID), models.PortalFlash{Kind: "warn", Text: handlers.InfoOf(c).Locale.T(fault.Of(err).Key, fault.Of(err).Args) + "."})
	}
	if err != nil {
		return err
	}
	return p.done(c, v.providersBase(), "“"+x.Name+"” deleted.")
}
