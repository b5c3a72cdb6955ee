package admin

import (
	"context"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/tenant"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// custom_domains.go: the hosts of its own that a tenant answers at (ADR 0015).

// OwnHosts is what the portal needs to know about the installation's addresses.
type OwnHosts struct {
	Own   []string                                                    // addresses that no tenant can claim
	Reach func(ctx context.Context, slug, host string) (wrong string) // tries whether requests to a host come out here; nil = nobody tries
}

func (p *Portal) customDomainRoutes() []handlers.Route {
	const at = "/admin/t/:tenant/settings/custom-domains"
	return []handlers.Route{
		{Method: get, Path: at, Handler: p.hostList, Permission: access.OrganizationRead, NavGroup: navSettings, NavLabel: "Custom domains"},
		{Method: post, Path: at, Handler: p.hostAdd, Permission: access.OrganizationWrite},
		{Method: post, Path: at + "/check", Handler: p.hostCheck, Permission: access.OrganizationWrite},
		{Method: get, Path: at + "/:id/primary", Handler: p.hostPrimaryForm, Permission: access.OrganizationWrite},
		{Method: get, Path: at + "/:id/remove", Handler: p.hostRemoveForm, Permission: access.OrganizationWrite},
		{Method: post, Path: at + "/:id/remove", Handler: p.hostRemove, Permission: access.OrganizationWrite},
		{Method: get, Path: at + "/choose/:choice", Handler: p.hostChoiceForm, Permission: access.OrganizationWrite},
		{Method: post, Path: at + "/choose", Handler: p.hostChoose, Permission: access.OrganizationWrite},
	}
}

func (v *visit) hostsBase() string { return v.base() + "/settings/custom-domains" }

func (v *visit) hostCrumbs() []views.Link {
	return []views.Link{{Label: "Tenant settings", Href: v.base() + "/settings"}, {Label: "Custom domains", Href: v.hostsBase()}}
}

func hostHelp() views.Help {
	return views.Help{What: "At a host of your own, such as login.contoso.com, your customers never leave your name: pages, links in mail, cookies and passkeys belong to that host, and so does the issuer in tokens. The installation’s own address goes on answering beside it unless you switch that off.",
		Do: "1. Add the host. 2. Put the two records into its DNS. 3. Have the operator’s proxy hold a certificate for it. 4. Choose “Check”. 5. Register the callback addresses at that host with each identity provider, and give your applications the new authority. 6. Make it the primary host."}
}

// hostState says in words how things stand with a host.
func hostState(d models.CustomDomain, now time.Time) views.Cell {
	switch {
	case !d.Proven() && !d.LostAt.IsZero():
		return views.Cell{Kind: views.Badge, Tone: "danger", Text: "Ended", Sub: "The record was gone, or another directory has proven the host; not answered"}
	case !d.Proven() && !d.CheckedAt.IsZero():
		return views.Cell{Kind: views.Badge, Tone: "neutral", Text: "Record not found", Sub: "Not answered yet"}
	case !d.Proven():
		return views.Cell{Kind: views.Badge, Tone: "neutral", Text: "Waits for the record", Sub: "Not answered yet"}
	case !d.LostAt.IsZero():
		return views.Cell{Kind: views.Badge, Tone: "danger", Text: "Record gone", Sub: "Answered until " + d.LostUntil().Format("2 January 2006") + " unless it comes back"}
	case d.Waived:
		return views.Cell{Kind: views.Badge, Tone: "warn", Text: "Proof waived", Sub: "Answered without a proof"}
	}
	return views.Cell{Kind: views.Badge, Tone: "ok", Text: "Verified", Sub: "Since " + d.ProvenAt.Format("2 January 2006")}
}

// reachState says whether requests to a host come out here.
func reachState(d models.CustomDomain) views.Cell {
	switch {
	case !d.Proven():
		return views.Cell{Kind: views.Badge, Tone: "neutral", Text: "Not tried", Sub: "Tried once the host is verified"}
	case d.TriedAt.IsZero():
		return views.Cell{Kind: views.Badge, Tone: "neutral", Text: "Not tried", Sub: "Choose “Check”"}
	case d.Unreached != "":
		return views.Cell{Kind: views.Badge, Tone: "danger", Text: "Not reached", Sub: d.Unreached}
	}
	return views.Cell{Kind: views.Badge, Tone: "ok", Text: "Reached", Sub: d.TriedAt.Format("2 January 2006, 15:04") + " UTC"}
}

func (p *Portal) hostList(c *fiber.Ctx) error { return p.hostPage(c, nil) }

func (p *Portal) hostPage(c *fiber.Ctx, add *views.Form) error {
	v := visitOf(c)
	self, err := v.tenant.Get(c.UserContext())
	if err != nil {
		return err
	}
	list, err := v.tenant.CustomDomains(c.UserContext())
	if err != nil {
		return err
	}
	self.Hosts = nil // as they are at this moment
	for _, x := range list {
		if x.Proven() {
			self.Hosts = append(self.Hosts, x.Host)
		}
	}
	s, err := p.shell(c, "Custom domains", "Hosts of your own that customers sign in at.", hostHelp(), v.hostCrumbs()[0])
	if err != nil {
		return err
	}
	if self.Kind == tenant.Workforce {
		return p.detail(c, s, views.Detail{Sections: []views.Section{{ID: "workforce", Title: "Administrators have no hosts of their own", Says: []string{"Administrators sign in at the installation’s own address, so that no setting here can lock them out. Choose a tenant of customers to give it a host."}}}})
	}
	writes := v.may(access.OrganizationWrite)
	d := views.Detail{}
	t := &views.Table{Caption: "Custom domains", Columns: []views.Column{{Label: "Host"}, {Label: "State"}, {Label: "Reached"}, {Label: "Links in mail"}, {Label: "Last look"}}, Actions: writes}
	for _, x := range list {
		leads := plain("No")
		if x.Primary {
			leads = badge("info", "Primary")
		}
		row := views.Row{Cells: []views.Cell{code(x.Host), hostState(x, p.Now()), reachState(x), leads, when(x.CheckedAt)}}
		if writes {
			row.Actions = append(row.Actions, views.Action{Label: "Check", Post: v.hostsBase() + "/check", Fields: map[string]string{"domain": x.ID}, About: x.Host})
			if x.Proven() && !x.Primary {
				row.Actions = append(row.Actions, views.Action{Label: "Make primary…", Href: v.hostsBase() + "/" + x.ID + "/primary", About: x.Host})
			}
			row.Actions = append(row.Actions, views.Action{Label: "Remove…", Href: v.hostsBase() + "/" + x.ID + "/remove", About: x.Host})
		}
		t.Rows = append(t.Rows, row)
		if end := x.LostUntil(); !end.IsZero() {
			d.Notices = append(d.Notices, views.Notice{Tone: "danger", Title: "The record of " + x.Host + " is gone", Text: "It was not found since " + x.LostAt.Format("2 January 2006") + ". Have it put back before " + end.Format("2 January 2006") + "; after that day nobody is answered at " + x.Host + "."})
		}
	}
	d.Sections = append(d.Sections, views.Section{ID: "hosts", Title: numberWords(len(list), "hosts"), Table: t,
		Empty: "None yet. Customers sign in at the installation’s address, " + strings.TrimSuffix(p.BaseURL, "/") + "/" + self.Slug + "."})
	for _, x := range list {
		d.Sections = append(d.Sections, p.recordSections(x)...)
	}
	if writes {
		if add == nil {
			f := p.hostForm(v)
			add = &f
		}
		d.Sections = append(d.Sections, views.Section{ID: "host-add", Title: "Add a host", Form: add})
	}
	d.Sections = append(d.Sections, p.whereSection(v, self, list, writes))
	if len(self.Hosts) > 0 {
		d.Sections = append(d.Sections, p.tellSections(v, self)...)
	}
	if add != nil && len(add.Problems) > 0 {
		s.Problems = add.Problems
		return handlers.Render(c, fiber.StatusUnprocessableEntity, views.DetailPage(s, d))
	}
	return p.detail(c, s, d)
}

// recordSections are the records that a host needs, while one of them is missing.
func (p *Portal) recordSections(x models.CustomDomain) []views.Section {
	if x.Proven() && !x.Waived && x.LostAt.IsZero() && x.Unreached == "" && !x.ReachedAt.IsZero() {
		return nil
	}
	out := views.Section{ID: "records-" + x.ID, Title: "Records for " + x.Host, Says: []string{"1. Open the DNS settings of the domain, at the company that it was bought from or that runs its name servers.",
		"2. Add the TXT record. It proves that the host is yours; leave it there, it is looked for every day. Many consoles add the domain to the name by themselves: leave its end out there.",
		"3. Add the CNAME record, which leads visitors here. Where a proxy or a content network of your own stands in front, point the host at that instead, and have it pass the header Host on as it came in.",
		"4. The proxy needs a certificate for " + x.Host + ". Ask whoever operates this installation.",
		"5. Wait a few minutes (at some companies up to a day), then choose “Check” above."},
		Summary: facts(views.Fact{Label: "TXT: name", Value: copied(x.Record, "record-"+x.ID)}, views.Fact{Label: "TXT: value", Value: copied(x.Value, "value-"+x.ID)}, views.Fact{Label: "CNAME: name", Value: copied(x.Host, "host-"+x.ID)}, views.Fact{Label: "CNAME: value", Value: p.cnameTarget(x)})}
	return []views.Section{out}
}

// copied is a value that is meant to be pasted elsewhere.
func copied(s, id string) views.Cell {
	return views.Cell{Kind: views.Code, Text: s, Copy: "copy-" + id}
}

// cnameTarget is where a host has to lead.
func (p *Portal) cnameTarget(x models.CustomDomain) views.Cell {
	u, err := url.Parse(p.BaseURL)
	if err != nil {
		return plain("Ask whoever operates this installation")
	}
	host := u.Hostname()
	if _, err := netip.ParseAddr(host); err == nil || !strings.Contains(host, ".") {
		return plain("Ask whoever operates this installation: its own address, " + host + ", is none that a CNAME record can name")
	}
	return copied(host+".", "target-"+x.ID)
}

func (p *Portal) hostForm(v *visit) views.Form {
	f := views.Form{Action: v.hostsBase(), Submit: "Add host", Main: true, Fields: []views.Field{{Name: "host", Label: "Host", Hint: "For example login.contoso.com, without https:// and without a path.", Code: true, AutoComplete: "off"}}}
	if p.mayWaive(v) {
		f.Fields = append(f.Fields, views.Field{Kind: views.Check, Name: "waive", Label: "Do without the proof", Hint: "For operators and development: you know by other means that the host is theirs."})
	}
	return f
}

// whereSection says where customers are answered and where links lead, and leads to the pages that change it.
func (p *Portal) whereSection(v *visit, self tenant.Tenant, list []models.CustomDomain, writes bool) views.Section {
	out := views.Section{ID: "where", Title: "Where customers are answered", Lead: "Links in mail and the addresses in this portal lead to the primary host. Whoever comes to another one stays there."}
	answered := []string{}
	for _, b := range self.Bases(p.BaseURL) {
		answered = append(answered, b+"/")
	}
	home := strings.TrimSuffix(p.BaseURL, "/") + "/" + self.Slug
	only := plain("Answered, too")
	if self.OwnHostsOnly {
		only = views.Cell{Kind: views.Badge, Tone: "info", Text: "Refused", Sub: "Customers are answered at your own hosts only"}
	}
	out.Summary = facts(fact("Own hosts", views.Cell{Kind: views.Lines, List: answered}), fact("The installation’s address", code(home)), fact("At that address", only), fact("Links in mail lead to", code(self.Home().Base(p.BaseURL))), fact("Issuer there", code(endpoints{base: self.Home().Base(p.BaseURL), tenantID: self.ID}.issuer())))
	if !writes {
		return out
	}
	switch {
	case self.OwnHostsOnly:
		out.Buttons = []views.Action{{Label: "Answer at the installation’s address again…", Href: v.hostsBase() + "/choose/everywhere"}}
	case self.PrimaryHost != "":
		out.Buttons = []views.Action{{Label: "Only answer at our own hosts…", Href: v.hostsBase() + "/choose/only"}, {Label: "Let links lead to the installation’s address…", Href: v.hostsBase() + "/choose/home"}}
	case len(self.Hosts) > 0:
		out.Says = []string{"Make one of your hosts the primary one first; then the installation’s address can be refused."}
	}
	return out
}

// tellSections are what others have to know before the first customer comes to a host.
func (p *Portal) tellSections(v *visit, self tenant.Tenant) []views.Section {
	apps := &views.Table{Caption: "Authorities", Columns: []views.Column{{Label: "Host"}, {Label: "Authority"}, {Label: "Issuer"}, {Label: "Discovery document"}}}
	for i, host := range self.Hosts {
		e := endpoints{base: self.Bases(p.BaseURL)[i], tenantID: self.ID}
		apps.Rows = append(apps.Rows, views.Row{Cells: []views.Cell{code(host), copied(e.authority(), "authority-"+strconv.Itoa(i)), code(e.issuer()), code(e.metadata())}})
	}
	out := []views.Section{{ID: "apps", Title: "For your applications", Lead: "Each host is an issuer of its own. An application uses the authority of one host for everything: a code, a token or a sign-out from one host counts at no other. Sign-in names, roles and the value of “sub” are the same at all of them.", Table: apps}}
	if v.may(access.ProviderRead) && len(v.dir.Providers) > 0 {
		t := &views.Table{Caption: "Callback addresses", Columns: []views.Column{{Label: "Identity provider"}, {Label: "Callback addresses at your hosts"}}}
		for _, x := range v.dir.Providers {
			t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: x.Name, Href: v.providerBase(x.ID)}, {Kind: views.Lines, List: p.ownCallbacks(self, x.ID)}}})
		}
		slices.SortFunc(t.Rows, func(a, b views.Row) int {
			return strings.Compare(a.Cells[0].Text+a.Cells[0].Href, b.Cells[0].Text+b.Cells[0].Href)
		})
		out = append(out, views.Section{ID: "callbacks", Title: "For your identity providers", Lead: "Register these addresses at each provider before customers come to the host, beside the one that is registered already. A provider refuses whoever comes back to an address that it does not know.", Table: t})
	}
	return append(out, views.Section{ID: "passkeys", Title: "For people who keep passkeys", Says: []string{passkeyWords,
		"Nothing else is lost: passwords, codes, authenticator apps and connected accounts work at every host. Whoever is signed in at one host signs in once more at the other."}})
}

const passkeyWords = "A passkey works only at the host where it was made. One that was made at the installation’s address does not open anything at a host of your own, and the other way round: people sign in there in another way once, and add a passkey for the new host in their account. Whoever has nothing but a passkey to confirm with is told at which host it works, and adds another way there first, such as an authenticator app: a password alone does not replace a passkey. The list of a person’s second factors says where each passkey works."

// ownCallbacks are a provider's callback addresses at the tenant's own hosts.
func (p *Portal) ownCallbacks(self tenant.Tenant, providerID string) []string {
	home := p.redirectURI(self.ID, providerID)
	var out []string
	for _, base := range self.Bases(p.BaseURL) {
		out = append(out, base+strings.TrimPrefix(home, strings.TrimSuffix(p.BaseURL, "/")))
	}
	return out
}

func (p *Portal) hostAdd(c *fiber.Ctx) error {
	v := visitOf(c)
	d, err := v.tenant.AddCustomDomain(c.UserContext(), v.actor(c), typed(c, "host"), ticked(c, "waive") && p.mayWaive(v), p.Hosts.Own...)
	if err != nil {
		f := p.hostForm(v)
		keepTyped(c, &f)
		if !complain(handlers.InfoOf(c).Locale, &f, err) {
			return err
		}
		return p.hostPage(c, &f)
	}
	return p.done(c, v.hostsBase(), choose(d.Waived, "Customers are answered at "+d.Host+".", d.Host+" is added. Put the records below into its DNS, then check it."))
}

// hostCheck looks for the record, and once it is there tries whether requests to the host come out here.
func (p *Portal) hostCheck(c *fiber.Ctx) error {
	v := visitOf(c)
	d, err := v.tenant.CustomDomain(c.UserContext(), typed(c, "domain"))
	if err != nil {
		return err
	}
	warn := func(text string) error {
		return p.doneWith(c, v.hostsBase(), models.PortalFlash{Kind: "warn", Text: text})
	}
	missing := ""
	proven, err := v.tenant.ProveCustomDomain(c.UserContext(), v.actor(c), d.ID, p.Net.Lookup)
	switch {
	case fault.Is(err, fault.Conflict) && !d.Waived: // a waived host stays so without a record
		missing = d.Host + ": " + strings.TrimSuffix(handlers.InfoOf(c).Locale.T(fault.Of(err).Key, nil), ".") + "."
		if !d.Proven() {
			return warn(missing)
		}
	case fault.Is(err, fault.Conflict):
	case err != nil:
		return err
	default:
		d = proven
	}
	if p.Hosts.Reach != nil {
		if d, err = v.tenant.NoteReach(c.UserContext(), v.actor(c), d.ID, p.Hosts.Reach(c.UserContext(), v.dir.Tenant.Slug, d.Host)); err != nil {
			return err
		}
	}
	switch {
	case missing != "":
		return warn(missing)
	case d.Unreached != "":
		return warn(choose(d.Waived, d.Host+" is answered", d.Host+" is verified") + ", but requests to it do not come out here yet: " + d.Unreached)
	}
	return p.done(c, v.hostsBase(), d.Host+choose(d.Waived, " leads here.", " is verified and leads here."))
}

// hostOf reads the host of the page.
func (v *visit) hostOf(c *fiber.Ctx) (models.CustomDomain, error) {
	return v.tenant.CustomDomain(c.UserContext(), c.Params("id"))
}

func (p *Portal) hostConfirm(c *fiber.Ctx, title string, consequences []string, f views.Form) error {
	v := visitOf(c)
	s, err := p.shell(c, title, "", views.Help{}, v.hostCrumbs()...)
	if err != nil {
		return err
	}
	f.Cancel = v.hostsBase()
	return p.confirm(c, s, views.Confirm{Consequences: consequences, Form: f})
}

func (p *Portal) hostRemoveForm(c *fiber.Ctx) error {
	v := visitOf(c)
	d, err := v.hostOf(c)
	if err != nil {
		return err
	}
	consequences := []string{"It is not answered at now, so nothing changes for anybody.", "To use it later it is added anew, with a new record."}
	if d.Proven() {
		consequences = []string{"Nobody is answered at " + d.Host + " from that moment on. Links to it in mails that were sent already lead nowhere.",
			"Applications that use it as their authority can sign nobody in until they are given another one: its issuer is gone, and tokens and sign-ins that were given out there count nowhere.",
			"Passkeys that were made at " + d.Host + " open nothing any more, unless the same host is added again.",
			"Callback addresses at " + d.Host + " that are registered with identity providers are of no use; take them out there.",
			"People, their passwords and their other ways to sign in stay.",
			"Take the records out of the DNS afterwards. A name that still leads here and belongs to nobody can be claimed by whoever may set its records."}
		if d.Primary {
			consequences = slices.Insert(consequences, 1, "Links in mail lead to another of your hosts or to the installation’s address from then on.")
		}
	}
	return p.hostConfirm(c, "Remove “"+d.Host+"”?", consequences, views.Form{Action: v.hostsBase() + "/" + d.ID + "/remove", Submit: "Remove host", Danger: true})
}

func (p *Portal) hostRemove(c *fiber.Ctx) error {
	v := visitOf(c)
	d, err := v.hostOf(c)
	if err != nil {
		return err
	}
	if err := v.tenant.RemoveCustomDomain(c.UserContext(), v.actor(c), d.ID); err != nil {
		return p.saidConflict(c, v.hostsBase(), err)
	}
	return p.done(c, v.hostsBase(), d.Host+" is removed.")
}

func (p *Portal) hostPrimaryForm(c *fiber.Ctx) error {
	v := visitOf(c)
	d, err := v.hostOf(c)
	if err != nil {
		return err
	}
	consequences := []string{"Links in mail and text messages, and the addresses that this portal shows, lead to " + d.Host + " from then on. Mails that were sent already keep theirs.",
		"Applications change nothing by themselves: each goes on with the authority that it is configured with.", passkeyWords}
	if !d.Reached(p.Now()) {
		consequences = append([]string{"Requests to " + d.Host + " were not seen to come out here within the last minutes. Check it first: otherwise links in mail may lead nowhere."}, consequences...)
	}
	return p.hostConfirm(c, "Make “"+d.Host+"” the primary host?", consequences, views.Form{Action: v.hostsBase() + "/choose", Submit: "Make primary",
		Fields: []views.Field{{Kind: views.Hidden, Name: "choice", Value: "primary"}, {Kind: views.Hidden, Name: "domain", Value: d.ID}}})
}

// hostChoiceForm is the page before customers are answered at other places, or links lead to another one.
func (p *Portal) hostChoiceForm(c *fiber.Ctx) error {
	v := visitOf(c)
	self, err := v.tenant.Get(c.UserContext())
	if err != nil {
		return err
	}
	home := strings.TrimSuffix(p.BaseURL, "/") + "/" + self.Slug
	title, submit, danger := "", "", false
	var consequences []string
	switch c.Params("choice") {
	case "only":
		title, submit, danger = "Only answer at our own hosts?", "Only answer at our own hosts", true
		consequences = []string{"Customers who come to " + home + " get a page that says that there is nothing there. Bookmarks and links that lead there stop working.",
			"Applications with an authority at the installation’s address sign nobody in, and tokens that were given out there count nowhere. Give each the authority of one of your hosts first.",
			passkeyWords, "Identity providers have to know the callback addresses at your hosts; those at the installation’s address are of no use any more.",
			"Your own APIs that extensions call get tokens with the issuer of the primary host.",
			"The portal and the management API go on at the installation’s address. Administrators are not locked out, and this can be switched off at any time.",
			"It is refused unless “" + self.PrimaryHost + "” was reached within the last ten minutes: choose “Check” just before."}
	case "everywhere":
		title, submit = "Answer at the installation’s address again?", "Answer there again"
		consequences = []string{"Customers are answered at " + home + " as well as at your own hosts. Links in mail still lead to the primary host.", "Your own APIs that extensions call get tokens with the installation’s issuer again."}
	case "home":
		title, submit = "Let links lead to the installation’s address?", "Let links lead there"
		consequences = []string{"Links in mail lead to " + home + ". Your own hosts go on answering.", passkeyWords}
	default:
		return fault.New(fault.NotFound, "error.not_found")
	}
	return p.hostConfirm(c, title, consequences, views.Form{Action: v.hostsBase() + "/choose", Submit: submit, Danger: danger, Fields: []views.Field{{Kind: views.Hidden, Name: "choice", Value: c.Params("choice")}}})
}

func (p *Portal) hostChoose(c *fiber.Ctx) error {
	v := visitOf(c)
	self, err := v.tenant.Get(c.UserContext())
	if err != nil {
		return err
	}
	primary, only, said := self.PrimaryHost, self.OwnHostsOnly, ""
	switch typed(c, "choice") {
	case "primary":
		d, err := v.tenant.CustomDomain(c.UserContext(), typed(c, "domain"))
		if err != nil {
			return err
		}
		primary, said = d.Host, "Links lead to "+d.Host+" from now on."
	case "only":
		only, said = true, "Customers are answered at your own hosts only."
	case "everywhere":
		only, said = false, "Customers are answered at the installation’s address again."
	case "home":
		primary, said = "", "Links lead to the installation’s address from now on."
	default:
		return fault.New(fault.NotFound, "error.not_found")
	}
	if err := v.tenant.ChooseHosts(c.UserContext(), v.actor(c), primary, only); err != nil {
		return p.saidConflict(c, v.hostsBase(), err)
	}
	return p.done(c, v.hostsBase(), said)
}
