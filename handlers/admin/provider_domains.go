package admin

import (
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/account"
	"portico/app/fault"
	"portico/app/federation"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// provider_domains.go: all domains of a tenant whose addresses lead to a provider, and where an address would lead.

func (v *visit) domainsBase() string { return v.providersBase() + "/domains" }

func domainHelp() views.Help {
	return views.Help{What: "Whoever types an address of a proven domain is sent to the company’s own sign-in, and the company’s provider speaks for those addresses. The proof is a TXT record in the domain’s DNS that only its owner can put there.",
		Do: "Add the domain, have the company put the record into its DNS, and choose “Check now”. Leave the record there: it is looked for every day. If it is gone for seven days, the domain is no longer routed; those who look after identity providers get a mail at once, and again before that day."}
}

// domainState says in words how things stand with a domain, and what that means.
func domainState(d models.ProviderDomain) views.Cell {
	switch {
	case d.Waived:
		return views.Cell{Kind: views.Badge, Tone: "warn", Text: "Proof waived", Sub: "Routed without a proof"}
	case d.ProvenAt.IsZero() && !d.LostAt.IsZero():
		return views.Cell{Kind: views.Badge, Tone: "danger", Text: "Ended", Sub: "The record was gone for seven days; not routed"}
	case d.ProvenAt.IsZero():
		return views.Cell{Kind: views.Badge, Tone: "neutral", Text: "Waits for the record", Sub: "Not routed yet"}
	case !d.LostAt.IsZero():
		return views.Cell{Kind: views.Badge, Tone: "danger", Text: "Record gone", Sub: "Routed until " + d.LostUntil().Format("2 January 2006") + " unless it comes back"}
	}
	return views.Cell{Kind: views.Badge, Tone: "ok", Text: "Proven", Sub: "Since " + d.ProvenAt.Format("2 January 2006")}
}

func (p *Portal) domainList(c *fiber.Ctx) error { return p.domainPage(c, nil) }

func (p *Portal) domainPage(c *fiber.Ctx, add *views.Form) error {
	v := visitOf(c)
	list, err := v.tenant.ProviderDomains(c.UserContext(), "")
	if err != nil {
		return err
	}
	providers, err := v.tenant.IdentityProviders(c.UserContext())
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Domains", "Which addresses lead to which company’s sign-in.", domainHelp(), v.providerCrumbs()...)
	if err != nil {
		return err
	}
	writes := v.writesProviders()
	names := map[string]string{}
	for _, x := range providers {
		names[x.ID] = x.Name
	}
	t := &views.Table{Caption: "Domains", Columns: []views.Column{{Label: "Domain"}, {Label: "Provider"}, {Label: "State"}, {Label: "Last look"}}, Actions: writes}
	var pending []models.ProviderDomain
	d := views.Detail{}
	for _, x := range list {
		row := views.Row{Cells: []views.Cell{{Kind: views.Code, Text: x.Domain}, {Kind: views.Name, Text: names[x.ProviderID], Href: v.providerBase(x.ProviderID)}, domainState(x), when(x.CheckedAt)}}
		if writes {
			row.Actions = v.domainActions(x, "all")
		}
		t.Rows = append(t.Rows, row)
		if x.ProvenAt.IsZero() || x.Waived || !x.LostAt.IsZero() {
			pending = append(pending, x)
		}
		if end := x.LostUntil(); !end.IsZero() {
			d.Notices = append(d.Notices, views.Notice{Tone: "danger", Title: "The record of " + x.Domain + " is gone", Text: "It was not found since " + x.LostAt.Format("2 January 2006") + ". Have it put back before " + end.Format("2 January 2006") + "; after that day its addresses are no longer sent to “" + names[x.ProviderID] + "”."})
		}
	}
	d.Sections = append(d.Sections, views.Section{ID: "domains", Title: numberWords(len(list), "domains"), Table: t, Empty: "None yet. People choose a provider by its button. With a proven domain, whoever types an address of it is sent to the company’s sign-in."})
	d.Sections = append(d.Sections, v.routePreview(c, list, names))
	if len(pending) > 0 {
		records := views.Section{ID: "records", Title: "Records to put into the DNS", Table: &views.Table{Caption: "TXT records", Columns: []views.Column{{Label: "Domain"}, {Label: "Name"}, {Label: "Value"}}},
			Says: []string{"1. Open the DNS settings of the domain, at the company that it was bought from or that runs its name servers.", "2. Add a record of the type TXT with the name and the value below. Many consoles add the domain to the name by themselves: enter “_portico” alone there.",
				"3. Save, wait a few minutes (at some companies up to a day), and choose “Check now”. Leave the record there afterwards."}}
		for _, x := range pending {
			records.Table.Rows = append(records.Table.Rows, views.Row{Cells: []views.Cell{{Kind: views.Code, Text: x.Domain}, code(x.Record), code(x.Value)}})
		}
		d.Sections = append(d.Sections, records)
	}
	if writes {
		if add == nil {
			f := p.anyDomainForm(v, providers)
			add = &f
		}
		section := views.Section{ID: "domain-add", Title: "Add a domain", Form: add}
		if len(add.Fields[1].Options) < 2 {
			section = views.Section{ID: "domain-add", Title: "Add a domain", Says: []string{"Only a company’s own provider can speak for a domain: OpenID Connect, SAML, or Microsoft with one directory. Set one up first."}}
		}
		d.Sections = append(d.Sections, section)
		if len(add.Problems) > 0 {
			s.Problems = add.Problems
			return handlers.Render(c, fiber.StatusUnprocessableEntity, views.DetailPage(s, d))
		}
	}
	return p.detail(c, s, d)
}

// domainActions are what can be done to a domain; from says which page to come back to.
func (v *visit) domainActions(d models.ProviderDomain, from string) []views.Action {
	at := v.providerBase(d.ProviderID) + "/domains"
	return []views.Action{{Label: "Check now", Post: at + "/prove", Fields: map[string]string{"domain": d.ID, "from": from}, About: d.Domain},
		{Label: "Remove…", Href: at + "/" + d.ID + "/remove", About: d.Domain}}
}

// domainsPage is where a change of a domain came from.
func domainsPage(c *fiber.Ctx, v *visit, providerID string) string {
	if typed(c, "from") == "all" {
		return v.domainsBase()
	}
	return v.providerBase(providerID) + "#domains"
}

func (p *Portal) anyDomainForm(v *visit, providers []models.IdentityProvider) views.Form {
	options := []views.Option{{Label: "Choose a provider"}}
	for _, x := range providers {
		if x.Kind == federation.OpenID || x.Kind == federation.SAML || x.Kind == federation.Microsoft && !x.Many() {
			options = append(options, views.Option{Value: x.ID, Label: x.Name})
		}
	}
	f := p.domainForm(v, "")
	f.Action = v.domainsBase()
	f.Fields = slices.Insert(f.Fields, 1, views.Field{Kind: views.Select, Name: "provider", Label: "Identity provider", Options: options})
	return f
}

func (p *Portal) domainAdd(c *fiber.Ctx) error {
	v := visitOf(c)
	provider := typed(c, "provider")
	d, err := v.tenant.AddProviderDomain(c.UserContext(), v.actor(c), provider, typed(c, "domain"), ticked(c, "waive") && p.mayWaive(v))
	if err == nil {
		return p.done(c, v.domainsBase(), choose(d.Waived, d.Domain+" is routed.", d.Domain+" is added. Put the record below into its DNS, then check it."))
	}
	providers, listed := v.tenant.IdentityProviders(c.UserContext())
	if listed != nil {
		return listed
	}
	f := p.anyDomainForm(v, providers)
	keepTyped(c, &f)
	if !slices.ContainsFunc(providers, func(x models.IdentityProvider) bool { return x.ID == provider }) {
		f.Fields[1].Error = "Choose a provider"
		f.Problems = append(f.Problems, views.Problem{Text: "Choose a provider", Name: "provider"})
		return p.domainPage(c, &f)
	}
	if !complain(handlers.InfoOf(c).Locale, &f, err) {
		return err
	}
	return p.domainPage(c, &f)
}

// domainRemoveForm says what will be different without a domain.
func (p *Portal) domainRemoveForm(c *fiber.Ctx) error {
	v := visitOf(c)
	d, err := v.tenant.ProviderDomain(c.UserContext(), c.Params("domain"))
	if err == nil && d.ProviderID != c.Params("id") {
		err = fault.New(fault.NotFound, "error.not_found")
	}
	if err != nil {
		return err
	}
	consequences := []string{"Addresses of " + d.Domain + " are not sent to “%s” any more. People choose its button, or sign in as the user flow offers otherwise.",
		"The provider no longer speaks for these addresses alone: whoever has an account with one shows once that it is theirs before it is connected.", "Accounts and their identities stay. To route the domain again it is added anew, with a new record."}
	if d.ProvenAt.IsZero() {
		consequences = []string{"It is not routed now, so nothing changes for anybody.", "To route it later it is added anew, with a new record."}
	} else if x := v.dir.Providers[d.ProviderID]; x != nil {
		consequences[0] = strings.ReplaceAll(consequences[0], "%s", x.Name)
	}
	s, err := p.shell(c, "Remove “"+d.Domain+"”?", "", views.Help{}, append(v.providerCrumbs(), views.Link{Label: "Domains", Href: v.domainsBase()})...)
	if err != nil {
		return err
	}
	return p.confirm(c, s, views.Confirm{Consequences: consequences, Form: views.Form{Action: v.providerBase(d.ProviderID) + "/domains/remove", Submit: "Remove domain", Danger: true, Cancel: v.domainsBase(),
		Fields: []views.Field{{Kind: views.Hidden, Name: "domain", Value: d.ID}, {Kind: views.Hidden, Name: "from", Value: "all"}}}})
}

// routePreview says where an address leads, and why.
func (v *visit) routePreview(c *fiber.Ctx, list []models.ProviderDomain, names map[string]string) views.Section {
	typedIn := strings.TrimSpace(strings.ToValidUTF8(c.Query("address"), ""))
	out := views.Section{ID: "route", Title: "Where does an address lead?", Form: &views.Form{Action: v.domainsBase(), Get: true, Quiet: true, Submit: "Look", Fields: []views.Field{{Name: "address", Label: "Email address", Value: typedIn, InputMode: "email", AutoComplete: "off"}}}}
	if typedIn == "" {
		out.Says = []string{"Type an address to see which provider it is sent to, and why."}
		return out
	}
	out.Says = v.routeWords(typedIn, list, names)
	return out
}

func (v *visit) routeWords(address string, list []models.ProviderDomain, names map[string]string) []string {
	canonical, err := account.CanonicalEmail(address)
	if err != nil {
		return []string{"“" + address + "” is not an email address: nobody can sign in with it."}
	}
	_, domain, _ := strings.Cut(canonical, "@")
	if federation.PublicMail(domain) {
		return []string{domain + " gives addresses to everybody, so no company speaks for it. Its people sign in as the user flow offers."}
	}
	i := slices.IndexFunc(list, func(d models.ProviderDomain) bool { return d.Domain == domain })
	if i < 0 {
		return []string{"No provider has the domain " + domain + ". Its people sign in as the user flow offers: by a button, a password or a code. Subdomains are domains of their own."}
	}
	d := list[i]
	name := "“" + names[d.ProviderID] + "”"
	x := v.dir.Providers[d.ProviderID]
	switch {
	case d.ProvenAt.IsZero():
		return []string{domain + " belongs to " + name + " as soon as it is proven. Until then nobody is sent there."}
	case x == nil || !x.Enabled:
		return []string{domain + " belongs to " + name + ", which is turned off. Until it is on, its people sign in as the user flow offers."}
	}
	var shown, not []string
	for _, f := range v.dir.Flows {
		if slices.Contains(f.Providers, d.ProviderID) {
			shown = append(shown, "“"+f.Name+"”")
		} else {
			not = append(not, "“"+f.Name+"”")
		}
	}
	slices.Sort(shown)
	slices.Sort(not)
	why := "its domain " + domain + " is " + choose(d.Waived, "routed without a proof.", "proven by a record in its DNS.")
	if len(shown) == 0 {
		return []string{domain + " belongs to " + name + ", and no user flow shows that provider. Nobody is sent there until one does."}
	}
	says := []string{"In " + strings.Join(shown, ", ") + " this address leads to " + name + ": " + why}
	if len(not) > 0 {
		says = append(says, "In "+strings.Join(not, ", ")+" it does not: they do not show that provider.")
	}
	return says
}
