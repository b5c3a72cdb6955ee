package admin

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/extension"
	"portico/app/fault"
	"portico/app/openid"
	"portico/models"
	views "portico/views/admin"
)

// extensionHealth is how an extension did in the last day, and whether it is called at all now.
type extensionHealth struct {
	models.CallHealth
	circuit extension.State
}

// healthOf reads how every extension of the tenant did in the last day.
func (p *Portal) healthOf(ctx context.Context, v *visit, all []models.AuthExtension) (map[string]extensionHealth, error) {
	day, err := v.tenant.CallHealth(ctx, p.Now().Add(-24*time.Hour))
	if err != nil {
		return nil, err
	}
	out := map[string]extensionHealth{}
	for _, x := range all {
		h := extensionHealth{CallHealth: day[x.ID]}
		if p.Extensions != nil {
			h.circuit = p.Extensions.Circuit(v.tenant.ID, x.ID).State(p.Now())
		}
		out[x.ID] = h
	}
	return out, nil
}

// extensionsDown says on the first page which APIs are not called for now though nobody gets on without them.
func (p *Portal) extensionsDown(_ *fiber.Ctx, v *visit) (*views.Section, error) {
	if p.Extensions == nil || v.dir.Extensions == nil || !v.may(access.ExtensionRead) {
		return nil, nil
	}
	t := &views.Table{Caption: "APIs that do not answer", Columns: []views.Column{{Label: "Extension"}, {Label: "What happens"}}}
	for _, l := range v.dir.Extensions.Listeners {
		x := v.dir.Extensions.Extensions[l.Extension]
		if !l.Enabled || x == nil || !x.Enabled || v.declared(l) != extension.Block || p.Extensions.Circuit(v.tenant.ID, x.ID).State(p.Now()) == extension.Closed {
			continue
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: x.Name, Href: v.extensionBase(x.ID)}, plain(l.Event.Consequence(extension.Block))}})
	}
	if len(t.Rows) == 0 {
		return nil, nil
	}
	return &views.Section{ID: "extensions-down", Title: "Customers are held up by an API that does not answer", Danger: true, Table: t,
		Lead: "It failed too often and is not called for now; it is tried again by itself. Have it mended, or choose on its listener that customers go on without it."}, nil
}

func (p *Portal) extensionDetail(c *fiber.Ctx) error {
	v := visitOf(c)
	x, err := v.tenant.Extension(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	listeners, err := v.tenant.Listeners(c.UserContext())
	if err != nil {
		return err
	}
	listeners = slices.DeleteFunc(listeners, func(l models.EventListener) bool { return l.Extension != x.ID })
	health, err := p.healthOf(c.UserContext(), v, []models.AuthExtension{x})
	if err != nil {
		return err
	}
	h, at, writes := health[x.ID], v.extensionBase(x.ID), v.writesEvent(x.Event)
	s, err := p.shell(c, x.Name, x.Event.Label()+": "+wordsOfEvent(x.Event).when, extensionHelp(), v.extensionCrumbs()...)
	if err != nil {
		return err
	}
	d := views.Detail{Badges: []views.Cell{extensionState(x.Extension, h)}}
	if f := v.dir.Extensions.CheckAPI(&x.Extension); f != nil {
		w := callCodeWords(int(f.Code))
		if cl := v.apiClient(x.Extension); cl != nil && cl.Enabled && len(lackingAt(cl, x.Extension)) > 0 {
			w = callCode{cause: "The application “" + cl.Name + "” is not set up for it yet.",
				do: "It lacks " + strings.Join(lackingAt(cl, x.Extension), " and ") + ". Whoever may change applications sets it up with one button, further down."}
		}
		d.Notices = append(d.Notices, views.Notice{Tone: "warn", Title: "It cannot be called: " + w.cause, Text: w.do + " Until then each call fails at once, and what its listener declares happens."})
	}
	if v.dir.Extensions.CheckAPI(&x.Extension) == nil {
		if f := v.dir.Extensions.CheckKey(&x.Extension, p.Now()); f != nil {
			d.Notices = append(d.Notices, views.Notice{Tone: "warn", Title: "It cannot be asked: passwords cannot be encrypted for it", Text: "The reason: " + f.Detail + ". Add one, or choose another, under “Encryption certificates” of its app registration. Until then the API gets no password, and each password that is still to be taken over counts as wrong."})
		}
	}
	d.Sections = append(d.Sections, v.goingSection(x, h))
	what := views.Section{ID: "setup", Title: "Set-up", Summary: facts(fact("Description", views.Cell{Kind: views.Name, Text: x.Description}), fact("Target URL", code(x.URL)), fact("Timeout", plain(milliseconds(x.Wait()))), fact("Retries", plain(choose(x.Retries == 0, "None", "One"))),
		fact("Claims that it gives", views.Cell{Kind: views.Lines, List: x.Claims}), fact("Made", when(x.CreatedAt)), fact("Changed", when(x.ModifiedAt)))}
	if writes {
		s.Primary = &views.Link{Label: "Send a sample", Href: at + "/try"}
		what.Buttons = []views.Action{{Label: "Edit extension", Href: at + "/edit", About: x.Name}}
		if x.Enabled {
			what.Buttons = append(what.Buttons, views.Action{Label: "Turn off…", Href: at + "/disable", About: x.Name})
		} else {
			what.Buttons = append(what.Buttons, views.Action{Label: "Turn on", Post: at + "/enabled", Fields: map[string]string{"enabled": "yes"}, About: x.Name})
		}
	}
	listening := v.listenerSection(listeners, map[string]string{x.ID: x.Name})
	if writes {
		listening.Buttons = []views.Action{{Label: "Add a listener", Href: v.listenersBase() + "/new?extension=" + x.ID, About: x.Name}}
	}
	d.Sections = append(d.Sections, listening, what, v.trustSection(v.dir.Tenant.Issuing().Base(p.BaseURL), x, writes))
	if x.Signed {
		d.Sections = append(d.Sections, signatureSection(x, at, writes))
	}
	if used := v.claimUsers(x.Extension); used.Table != nil {
		d.Sections = append(d.Sections, used)
	}
	q := eventQuery(x.Event)
	d.Sections = append(d.Sections, views.Section{ID: "contract", Title: "For the developer of your API", Lead: "What your API is sent, and the answers that are taken.",
		Buttons: []views.Action{{Label: "JSON schema", Href: v.extensionsBase() + "/schema" + q, About: x.Event.Label()}, {Label: "Sample payload", Href: v.extensionsBase() + "/payload" + q, About: x.Event.Label()}}})
	if writes {
		d.Sections = append(d.Sections, views.Section{ID: "danger", Title: "Delete", Danger: true, Lead: "Its listeners go first. Recorded calls stay for their time.", Buttons: []views.Action{{Label: "Delete extension", Href: at + "/delete", Danger: true, About: x.Name}}})
	}
	return p.detail(c, s, d)
}

func (v *visit) goingSection(x models.AuthExtension, h extensionHealth) views.Section {
	s := views.Section{ID: "going", Title: "How it goes", Summary: facts(fact("State", extensionState(x.Extension, h)), fact("Calls of the last day", plain(grouped(h.Calls))), fact("Failures among them", plain(grouped(h.Failures))),
		fact("Last call", when(h.Last)), fact("Circuit", plain(circuitWord(h.circuit)))), Action: &views.Link{Label: "Its calls", Href: v.callsBase() + "?extension=" + x.ID}}
	if h.Failures > 0 {
		s.Buttons = []views.Action{{Label: "Failed calls", Href: v.callsBase() + "?outcome=failed&extension=" + x.ID, About: x.Name}}
	}
	return s
}

// trustSection says how the API can tell that we call (R 8.2): the exact values, and where its registration stands.
func (v *visit) trustSection(base string, x models.AuthExtension, writes bool) views.Section {
	host, id := apiOf(x.Resource)
	realm := openid.NewRealm(base, v.dir.Tenant, v.dir.Clients)
	s := views.Section{ID: "trust", Title: "How your API trusts us", Lead: "Each request carries a token: Authorization: Bearer …. Your API checks its signature with the keys below, and these values exactly; docs/extensions.md has an example in one file.",
		Summary: facts(fact("iss", code(realm.Issuer)), fact("aud", code(id)), fact("azp", code(extension.EventService)), fact("Where the keys are", code(realm.Issuer+"/.well-known/openid-configuration")), fact("Identifier of the API", code(x.Resource)))}
	cl := v.apiClient(x.Extension)
	if cl == nil {
		return s
	}
	name := views.Cell{Kind: views.Name, Text: cl.Name}
	if v.may(access.AppRead) {
		name.Href = v.base() + "/applications/" + cl.ObjectID
	}
	lacks := lackingAt(cl, x.Extension)
	s.Summary = append(s.Summary, facts(fact("Application", name), fact("It lacks", views.Cell{Kind: views.Lines, List: lacks}), fact("Host of the identifier", plain(choose(host == hostName(x.URL), "", "Another one than that of the target URL"))))...)
	if len(lacks) > 0 && writes && v.may(access.AppWrite) {
		s.Buttons = []views.Action{{Label: "Set the application up", Post: v.extensionBase(x.ID) + "/registration", About: cl.Name}}
	}
	return s
}

// lackingAt lists what the application that stands for the API does not have yet.
func lackingAt(cl *openid.Client, x extension.Extension) []string {
	var lacks []string
	if !slices.Contains(cl.ResourceURIs, x.Resource) {
		lacks = append(lacks, "the identifier "+x.Resource)
	}
	if !slices.Contains(cl.Permissions, extension.ReceivePermission) {
		lacks = append(lacks, "the permission "+extension.ReceivePermission)
	}
	return lacks
}

func signatureSection(x models.AuthExtension, at string, writes bool) views.Section {
	s := views.Section{ID: "signature", Title: "Signature", Lead: extension.SignatureHeader + ": t=<seconds>,v1=<hex>. v1 is HMAC-SHA256 with the secret over t, a dot and the body as it came. Compare in constant time, and refuse a t that is more than five minutes away."}
	if writes {
		s.Buttons = []views.Action{{Label: "New secret…", Href: at + "/secret", About: x.Name}}
	}
	return s
}

// claimUsers lists the applications whose tokens take claims of the extension.
func (v *visit) claimUsers(x extension.Extension) views.Section {
	s := views.Section{ID: "used", Title: "Applications whose tokens take its claims", Empty: "None yet: open an application, choose its claims, and take one from here."}
	if x.Event != extension.TokenIssuanceStart {
		return s
	}
	s.Table = &views.Table{Caption: "Applications", Columns: []views.Column{{Label: "Application"}, {Label: "Claims"}}}
	for _, cl := range sortedClients(v.dir) {
		var names []string
		for _, m := range cl.Claims {
			if m.Source == openid.FromProvider && slices.Contains(x.Claims, m.ID) {
				names = append(names, m.ID+choose(m.Name == m.ID, "", " as "+m.Name))
			}
		}
		if len(names) > 0 {
			s.Table.Rows = append(s.Table.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: cl.Name, Href: v.base() + "/applications/" + cl.ObjectID + "/claims"}, {Kind: views.Lines, List: names}}})
		}
	}
	return s
}

// extensionRegistration gives the application that stands for the API what it lacks. It takes the right to change
// applications too, and to give the permission.
func (p *Portal) extensionRegistration(c *fiber.Ctx) error {
	v := visitOf(c)
	x, err := v.tenant.Extension(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	cl := v.apiClient(x.Extension)
	if cl == nil {
		return fault.New(fault.NotFound, "error.not_found")
	}
	if !v.may(access.AppWrite) || !v.mayGive(access.ReceivePayload) {
		return p.refuse(c, access.AppWrite)
	}
	a, err := v.tenant.UpdateApplication(c.UserContext(), v.actor(c), cl.ObjectID, func(a *models.Application) error {
		if !slices.Contains(a.Spec.IdentifierURIs, x.Resource) {
			a.Spec.IdentifierURIs = append(slices.Clone(a.Spec.IdentifierURIs), x.Resource)
		}
		if !slices.Contains(a.Spec.Permissions, extension.ReceivePermission) {
			a.Spec.Permissions = append(slices.Clone(a.Spec.Permissions), extension.ReceivePermission)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return p.done(c, v.extensionBase(x.ID), "“"+a.Name+"” now stands for this API.")
}

func (p *Portal) extensionConfirm(c *fiber.Ctx, title, path, submit string, danger bool, fill func(x models.AuthExtension, m *views.Confirm)) error {
	v := visitOf(c)
	x, err := v.tenant.Extension(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	at := v.extensionBase(x.ID)
	s, err := p.shell(c, title+" “"+x.Name+"”?", "", views.Help{}, v.extensionCrumbs(views.Link{Label: x.Name, Href: at})...)
	if err != nil {
		return err
	}
	listeners, err := v.tenant.Listeners(c.UserContext())
	if err != nil {
		return err
	}
	m := views.Confirm{Form: views.Form{Action: at + "/" + path, Submit: submit, Danger: danger, Cancel: at}}
	fill(x, &m)
	listeners = slices.DeleteFunc(listeners, func(l models.EventListener) bool { return l.Extension != x.ID || !l.Enabled })
	if len(listeners) > 0 {
		asked := v.listenerSection(listeners, map[string]string{x.ID: x.Name})
		asked.Title, asked.Lead, asked.Table.Actions = "Asked for by", "", false
		for i := range asked.Table.Rows {
			asked.Table.Rows[i].Actions = nil
		}
		m.Sections = append(m.Sections, asked)
	}
	return p.confirm(c, s, m)
}

func (p *Portal) extensionDisableForm(c *fiber.Ctx) error {
	return p.extensionConfirm(c, "Turn off", "enabled", "Turn off", true, func(x models.AuthExtension, m *views.Confirm) {
		m.Consequences = []string{"It is no longer asked, as if it had no listener. " + wordsOfEvent(x.Event).off, "What its listeners declare for failures does not apply: turning it off is no failure."}
	})
}

func (p *Portal) extensionEnabled(c *fiber.Ctx) error {
	v, on := visitOf(c), ticked(c, "enabled")
	x, err := v.tenant.UpdateExtension(c.UserContext(), v.actor(c), c.Params("id"), false, func(x *extension.Extension) error {
		x.Enabled = on
		return nil
	}, func(*extension.Extension) fault.Fields { return nil }) // what was saved once can be switched, also where addresses are judged otherwise by now
	if err != nil {
		return err
	}
	return p.done(c, v.extensionBase(x.ID), choose(on, "“"+x.Name+"” is on.", "“"+x.Name+"” is off. "+wordsOfEvent(x.Event).off))
}

func (p *Portal) extensionSecretForm(c *fiber.Ctx) error {
	return p.extensionConfirm(c, "New signing secret for", "secret", "Make a new secret", true, func(x models.AuthExtension, m *views.Confirm) {
		m.Consequences = []string{"The former secret signs nothing any more from that moment on.", "An API that checks signatures refuses us until it has the new one; what its listeners declare happens meanwhile."}
	})
}

func (p *Portal) extensionSecret(c *fiber.Ctx) error {
	v := visitOf(c)
	x, err := v.tenant.UpdateExtension(c.UserContext(), v.actor(c), c.Params("id"), true, func(x *extension.Extension) error { x.Signed = true; return nil }, func(*extension.Extension) fault.Fields { return nil })
	if err != nil {
		return err
	}
	return p.extensionMade(c, x, "“"+x.Name+"” has a new signing secret.")
}

func (p *Portal) extensionDeleteForm(c *fiber.Ctx) error {
	return p.extensionConfirm(c, "Delete", "delete", "Delete extension", true, func(x models.AuthExtension, m *views.Confirm) {
		m.Consequences = []string{"Its set-up is gone, and cannot be brought back.", wordsOfEvent(x.Event).off, "One that a listener names cannot be deleted: delete its listeners first."}
	})
}

func (p *Portal) extensionDelete(c *fiber.Ctx) error {
	v := visitOf(c)
	x, err := v.tenant.Extension(c.UserContext(), c.Params("id"))
	if err == nil {
		err = v.tenant.DeleteExtension(c.UserContext(), v.actor(c), x.ID)
	}
	if fault.Is(err, fault.Conflict) {
		return p.doneWith(c, v.extensionBase(x.ID), models.PortalFlash{Kind: "warn", Text: "“" + x.Name + "” is still asked by a listener. Delete its listeners first."})
	}
	if err != nil {
		return err
	}
	return p.done(c, v.extensionsBase(), "“"+x.Name+"” is deleted.")
}

// claimsKnown are the names of claims that the tenant's extensions say they give, and of those that recorded answers gave.
func (v *visit) claimsKnown(ctx context.Context) ([]string, error) {
	var out []string
	for _, x := range v.dir.Extensions.Extensions {
		if x.Event == extension.TokenIssuanceStart {
			out = append(out, x.Claims...)
		}
	}
	calls, err := v.tenant.Calls(ctx, models.CallQuery{Event: extension.TokenIssuanceStart, Limit: answersLookedAt})
	if err != nil {
		return nil, err
	}
	for _, x := range calls {
		if x.Action == extension.ProvideClaims {
			out = append(out, x.Changed...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// answersLookedAt is in how many of the latest answers claims are looked for that nobody wrote down.
const answersLookedAt = 50

// knownClaims is the choice among claims that are known.
func (v *visit) knownClaims(known []string, chosen string) views.Field {
	f := views.Field{Kind: views.Select, Name: "known", Label: "Claim that the extension gives", Hint: "Those that extensions name, and those that their latest answers held.", Options: []views.Option{{Label: "Another one"}}, Optional: true}
	if len(known) == 0 {
		f.Hint = "None is known yet: an extension’s page can list the claims that it gives, and its answers are remembered. Until then, write the name below."
	}
	for _, name := range known {
		f.Options = append(f.Options, views.Option{Value: name, Label: name})
		if name == chosen {
			f.Value = chosen
		}
	}
	return f
}
