package admin

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/userflow"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// The tabs of the designer.
const (
	tabProperties = "Properties"
	tabMethods    = "Sign-in methods"
	tabProviders  = "Identity providers"
	tabAttributes = "Attributes and layout"
	tabTerms      = "Terms"
	tabDomains    = "Who may sign up"
	tabApps       = "Applications"
	tabLanguages  = "Languages"
	tabVersions   = "Versions"
)

// flowRoutes are the user flows: the list, the designer of each, and its draft and versions.
func (p *Portal) flowRoutes() []handlers.Route {
	const flows, one = "/admin/t/:tenant/user-flows", "/admin/t/:tenant/user-flows/:id"
	return []handlers.Route{
		{Method: get, Path: flows, Handler: p.flowList, Permission: access.FlowRead, NavGroup: navSignIn, NavLabel: "User flows"},
		{Method: get, Path: flows + "/new", Handler: p.flowNew, Permission: access.FlowWrite},
		{Method: post, Path: flows, Handler: p.flowCreate, Permission: access.FlowWrite},
		{Method: post, Path: flows + "/preview", Handler: p.flowNewPreview, Permission: access.FlowWrite},

		{Method: get, Path: one, Handler: p.flowProperties, Permission: access.FlowRead},
		{Method: post, Path: one + "/properties", Handler: p.partSave(propertiesPart), Permission: access.FlowWrite},
		{Method: get, Path: one + "/methods", Handler: p.partForm(methodsPart), Permission: access.FlowWrite},
		{Method: post, Path: one + "/methods", Handler: p.partSave(methodsPart), Permission: access.FlowWrite},
		{Method: get, Path: one + "/domains", Handler: p.partForm(domainsPart), Permission: access.FlowWrite},
		{Method: post, Path: one + "/domains", Handler: p.partSave(domainsPart), Permission: access.FlowWrite},
		{Method: get, Path: one + "/attributes", Handler: p.flowAttributes, Permission: access.FlowRead},
		{Method: post, Path: one + "/attributes/add", Handler: p.attributeAdd, Permission: access.FlowWrite},
		{Method: post, Path: one + "/attributes/arrange", Handler: p.attributeArrange, Permission: access.FlowWrite},
		{Method: post, Path: one + "/attributes/consent", Handler: p.consentAdd, Permission: access.FlowWrite},
		{Method: get, Path: one + "/attributes/edit/:attribute", Handler: p.attributeForm, Permission: access.FlowRead},
		{Method: post, Path: one + "/attributes/edit/:attribute", Handler: p.attributeSave, Permission: access.FlowWrite},
		{Method: get, Path: one + "/terms", Handler: p.flowTerms, Permission: access.FlowWrite},
		{Method: post, Path: one + "/terms/add", Handler: p.flowTermsAdd, Permission: access.FlowWrite},
		{Method: post, Path: one + "/terms/arrange", Handler: p.flowTermsArrange, Permission: access.FlowWrite},
		{Method: get, Path: one + "/providers", Handler: p.flowProviders, Permission: access.FlowWrite},
		{Method: post, Path: one + "/providers/add", Handler: p.flowProvidersAdd, Permission: access.FlowWrite},
		{Method: post, Path: one + "/providers/arrange", Handler: p.flowProvidersArrange, Permission: access.FlowWrite},
		{Method: post, Path: one + "/preview", Handler: p.flowPreview, Permission: access.FlowRead},

		{Method: get, Path: one + "/languages", Handler: p.flowLanguages, Permission: access.FlowRead, Or: access.BrandingRead},
		{Method: get, Path: one + "/languages/:lang", Handler: p.flowTexts, Permission: access.FlowRead, Or: access.BrandingRead},
		{Method: get, Path: one + "/languages/:lang/defaults.json", Handler: p.flowTextsFile(false), Permission: access.FlowRead, Or: access.BrandingRead},
		{Method: get, Path: one + "/languages/:lang/overrides.json", Handler: p.flowTextsFile(true), Permission: access.FlowRead, Or: access.BrandingRead},
		{Method: post, Path: one + "/languages/:lang", Handler: p.flowTextsSave, Permission: access.FlowWrite, Or: access.BrandingWrite},
		{Method: post, Path: one + "/languages/:lang/upload", Handler: p.flowTextsUpload, Permission: access.FlowWrite, Or: access.BrandingWrite, BodyLimit: 64 << 10, Streams: true},
		{Method: post, Path: one + "/languages/:lang/apply", Handler: p.flowTextsApply, Permission: access.FlowWrite, Or: access.BrandingWrite},
		{Method: post, Path: one + "/languages/:lang/remove", Handler: p.flowTextsRemove, Permission: access.FlowWrite, Or: access.BrandingWrite},

		{Method: get, Path: one + "/apps", Handler: p.flowApps, Permission: access.FlowRead},
		{Method: post, Path: one + "/apps/add", Handler: p.flowAppAdd, Permission: access.FlowWrite},
		{Method: post, Path: one + "/apps/remove", Handler: p.flowAppRemove, Permission: access.FlowWrite},
		{Method: get, Path: one + "/versions", Handler: p.flowVersions, Permission: access.FlowRead},
		{Method: get, Path: one + "/versions/:version", Handler: p.flowVersion, Permission: access.FlowRead},
		{Method: get, Path: one + "/versions/:version/restore", Handler: p.flowRestoreForm, Permission: access.FlowWrite},
		{Method: post, Path: one + "/versions/:version/restore", Handler: p.flowRestore, Permission: access.FlowWrite},
		{Method: get, Path: one + "/publish", Handler: p.publishForm, Permission: access.FlowWrite, Or: access.BrandingWrite},
		{Method: post, Path: one + "/publish", Handler: p.publish, Permission: access.FlowWrite, Or: access.BrandingWrite},
		{Method: get, Path: one + "/discard", Handler: p.discardForm, Permission: access.FlowWrite, Or: access.BrandingWrite},
		{Method: post, Path: one + "/discard", Handler: p.discard, Permission: access.FlowWrite, Or: access.BrandingWrite},
		{Method: get, Path: one + "/run", Handler: p.flowRun, Permission: access.FlowRead},
		{Method: get, Path: one + "/delete", Handler: p.flowDeleteForm, Permission: access.FlowWrite},
		{Method: post, Path: one + "/delete", Handler: p.flowDelete, Permission: access.FlowWrite},
	}
}

func designerHelp() views.Help {
	return views.Help{What: "Everything about this user flow, one tab per question. What you save goes into a draft that only admins see.",
		Do: "Change what you like, look at the preview, then publish the draft. Whoever is signing in at that moment finishes with the version they started with; every published version is kept and can be restored."}
}

// design is a flow as an admin works at it.
type design struct {
	v     *visit
	now   models.UserFlow // what customers have
	draft models.FlowDraft
	has   bool          // there is a draft
	flow  userflow.Flow // the draft, or what customers have
}

func (d *design) base() string { return d.v.flowBase(d.now.ID) }
func (d *design) writes() bool { return d.v.may(access.FlowWrite) }
func (d *design) reads() bool  { return d.v.may(access.FlowRead) }

// speaks reports whether this admin may write the flow's texts: with the right over the branding alone, too (R 2.8.8).
func (d *design) speaks() bool { return d.writes() || d.v.may(access.BrandingWrite) }

// ends reports whether this admin may publish or discard the draft: with the right over the branding alone, when nothing
// but texts is different.
func (d *design) ends() bool { return d.writes() || d.speaks() && d.now.OnlyTexts(d.flow) }

// home is the page of the flow that this admin may open.
func (d *design) home() string { return d.base() + choose(d.reads(), "", "/languages") }

// revision is what a form of this page was made from; 0 when there is no draft yet.
func (d *design) revision() int {
	if !d.has {
		return 0
	}
	return d.draft.Revision
}

// at is the place of an attribute on the page, -1 when it is not asked for.
func (d *design) at(id string) int { return place(d.flow, id) }

func place(f userflow.Flow, id string) int {
	return slices.IndexFunc(f.Attributes, func(a userflow.Attribute) bool { return a.ID == id })
}

func (p *Portal) designing(c *fiber.Ctx) (*design, error) {
	d := &design{v: visitOf(c)}
	var err error
	if d.now, err = d.v.tenant.Flow(c.UserContext(), c.Params("id")); err != nil {
		return nil, err
	}
	if d.draft, d.has, err = d.v.tenant.Draft(c.UserContext(), d.now.ID); err != nil {
		return nil, err
	}
	if d.flow = d.now.Flow; d.has {
		d.flow = d.draft.Flow
	}
	return d, nil
}

// tabs are the pages of a flow that this admin may open.
func (d *design) tabs() []views.Link {
	base := d.base()
	if !d.reads() {
		return []views.Link{{Label: tabLanguages, Href: base + "/languages"}}
	}
	if !d.writes() {
		return []views.Link{{Label: tabProperties, Href: base}, {Label: tabAttributes, Href: base + "/attributes"}, {Label: tabLanguages, Href: base + "/languages"}, {Label: tabApps, Href: base + "/apps"}, {Label: tabVersions, Href: base + "/versions"}}
	}
	return []views.Link{{Label: tabProperties, Href: base}, {Label: tabMethods, Href: base + "/methods"}, {Label: tabProviders, Href: base + "/providers"}, {Label: tabAttributes, Href: base + "/attributes"}, {Label: tabTerms, Href: base + "/terms"},
		{Label: tabDomains, Href: base + "/domains"}, {Label: tabLanguages, Href: base + "/languages"}, {Label: tabApps, Href: base + "/apps"}, {Label: tabVersions, Href: base + "/versions"}}
}

// bar says what the draft would change, and whether somebody published something else since it began.
func (p *Portal) bar(c *fiber.Ctx, d *design) (*views.DraftBar, error) {
	if !d.has {
		return nil, nil
	}
	bar := &views.DraftBar{By: d.draft.ActorName, At: d.draft.At, Base: d.draft.Base, Changes: changesOf(d.v.dir, d.now.Flow, d.draft.Flow)}
	if d.ends() {
		bar.Publish, bar.Discard = d.base()+"/publish", d.base()+"/discard"
	}
	if d.reads() {
		bar.Try = d.base() + "/bench?version=draft"
	}
	if d.draft.Base != d.now.Version {
		versions, err := d.v.tenant.FlowVersions(c.UserContext(), d.now.ID)
		if err != nil {
			return nil, err
		}
		bar.Stale = fmt.Sprintf("Since then %s published version %d. Publishing this draft puts it in place of that version; read what it would change first.", versions[0].ActorName, d.now.Version)
	}
	return bar, nil
}

// designShell is what surrounds the pages of one flow.
func (p *Portal) designShell(c *fiber.Ctx, d *design, title, lead string, crumbs ...views.Link) (views.Shell, error) {
	up := views.Link{Label: "User flows", Href: d.v.base() + "/user-flows"}
	if !d.reads() { // the way here was by the branding
		up = views.Link{Label: "Company branding", Href: d.v.brandingBase()}
		crumbs = slices.DeleteFunc(crumbs, func(l views.Link) bool { return l.Href == d.base() })
	}
	s, err := p.shell(c, title, lead, designerHelp(), append([]views.Link{up}, crumbs...)...)
	if err == nil && d.reads() {
		s.Primary = &views.Link{Label: "Run user flow", Href: d.base() + "/run"}
	}
	return s, err
}

// designPage is one tab. With problems it is the same page again with what was typed, and 422.
func (p *Portal) designPage(c *fiber.Ctx, d *design, tab string, parts []views.DesignPart, preview *views.Preview, problems []views.Problem) error {
	lead := fmt.Sprintf("Version %d, in use since %s.", d.now.Version, d.now.UpdatedAt.UTC().Format("2 January 2006, 15:04 UTC"))
	s, err := p.designShell(c, d, d.now.Name, lead)
	if err != nil {
		return err
	}
	return p.designView(c, s, d, tab, parts, preview, problems)
}

// designView is designPage with a shell of its own.
func (p *Portal) designView(c *fiber.Ctx, s views.Shell, d *design, tab string, parts []views.DesignPart, preview *views.Preview, problems []views.Problem) error {
	bar, err := p.bar(c, d)
	if err != nil {
		return err
	}
	status := fiber.StatusOK
	if len(problems) > 0 {
		status, s.Problems = fiber.StatusUnprocessableEntity, problems
	}
	page := views.Designer{Tabs: d.tabs(), Current: tab, Draft: bar, Parts: parts, Preview: preview}
	if tab == tabProperties && d.writes() {
		if page.After, err = p.flowPolicies(c, d); err != nil {
			return err
		}
		page.After = append(page.After, d.afterProperties()...)
	}
	return handlers.Render(c, status, views.DesignerPage(s, page))
}

// part is a page of the designer that is one form: how it is shown, and how it is read into a flow.
type part struct {
	name, tab, title, lead string
	link                   *views.Link // below the tenant's pages
	show                   func(p *Portal, d *design) views.DesignForm
	read                   func(c *fiber.Ctx, f *userflow.Flow)
}

func (p *Portal) partForm(which func() part) fiber.Handler {
	return func(c *fiber.Ctx) error {
		d, err := p.designing(c)
		if err != nil {
			return err
		}
		return p.partPage(c, d, which(), nil)
	}
}

// partSave reads a form into the draft. When somebody else saved in between, or something must be mended, the
// form comes back with what was typed; it then fits the newest draft, so that it can be sent again.
func (p *Portal) partSave(which func() part) fiber.Handler {
	return func(c *fiber.Ctx) error {
		x := which()
		d, err := p.designing(c)
		if err != nil {
			return err
		}
		changed, err := p.save(c, d, func(f *userflow.Flow) error { x.read(c, f); return nil })
		if err != nil {
			x.read(c, &d.flow)
			return p.partPage(c, d, x, err)
		}
		back := d.base() + "/" + x.name
		if x.tab == tabProperties {
			back = d.base()
		}
		return p.done(c, back, savedWords(d.flow.Name, changed))
	}
}

// save changes the draft that this admin saw. It reports whether anything is different now.
func (p *Portal) save(c *fiber.Ctx, d *design, edit func(*userflow.Flow) error) (bool, error) {
	revision, _ := strconv.Atoi(typed(c, "revision")) // nonsense is a revision that nobody saw
	after, err := d.v.tenant.SaveDraft(c.UserContext(), d.v.actor(c), d.now.ID, revision, edit)
	return err == nil && after.Revision != d.draft.Revision, err
}

func savedWords(name string, changed bool) string {
	if !changed {
		return "Nothing in “" + name + "” is different now."
	}
	return "Draft of “" + name + "” saved. Customers see it when you publish it."
}

func (p *Portal) partPage(c *fiber.Ctx, d *design, x part, problem error) error {
	form := x.show(p, d)
	form.Revision = d.revision()
	if problem != nil {
		keepTypedDesign(c, &form)
		if !complainDesign(c, &form, problem, x.tab, "") {
			return problem
		}
	}
	preview, err := p.preview(c, d, x.name)
	if err != nil {
		return err
	}
	if problem != nil {
		preview.Note = typedPicture
	}
	parts := []views.DesignPart{{ID: x.name, Title: x.title, Lead: x.lead, Form: &form}}
	if x.link != nil {
		parts[0].Action = &views.Link{Label: x.link.Label, Href: d.v.base() + x.link.Href}
	}
	return p.designPage(c, d, x.tab, parts, preview, form.Problems)
}

// keepTypedDesign puts what was posted back into the controls.
func keepTypedDesign(c *fiber.Ctx, f *views.DesignForm) {
	for i := range f.Groups {
		group := views.Form{Fields: f.Groups[i].Fields}
		keepTyped(c, &group)
		f.Groups[i].Open = true
	}
}

// complainDesign puts an error beside the controls that it is about. within is the field of the flow that the
// form edits, such as "attributes[2]". What belongs to another tab than the form's own says so; a form without
// a tab is of a flow that has no other pages yet.
func complainDesign(c *fiber.Ctx, f *views.DesignForm, err error, tab, within string) bool {
	l, e := handlers.InfoOf(c).Locale, fault.Of(err)
	switch e.Code {
	case fault.Invalid, fault.Conflict, fault.Denied, fault.Expired:
	default:
		return false
	}
	if len(e.Fields) == 0 {
		f.Problems = append(f.Problems, views.Problem{Text: l.T(e.Key, e.Args)})
		if e.Key == "flow.draft.changed" || e.Key == "flow.draft.gone" {
			f.Note = "What you typed is still here. Sending it again puts it in place of what is in the draft now."
		}
		return true
	}
	for _, bad := range e.Fields {
		text, name := l.T(bad.Key, named(visitOf(c).dir, bad.Args)), fieldWithin(bad, within)
		if f.Complain(name, text) {
			f.Problems = append(f.Problems, views.Problem{Text: text, Name: name})
			continue
		}
		if other := tabOf(bad.Name); other != "" && tab != "" && other != tab {
			text += " (on the page “" + other + "”)"
		}
		f.Problems = append(f.Problems, views.Problem{Text: text})
	}
	return true
}

// named gives an attribute that has no label of its own the name that admins know it by.
func named(dir *models.Directory, args map[string]any) map[string]any {
	id, ok := args["id"].(string)
	if !ok || args["label"] != id {
		return args
	}
	a := userflow.Attribute{ID: id}
	if d, ok := dir.Definitions[id]; ok {
		a.Definition = &d
	}
	args["label"] = attributeName(a)
	return args
}

// fieldWithin is the control that a complaint about a field of the flow belongs to.
func fieldWithin(bad fault.Field, within string) string {
	switch {
	case within == "":
		return bad.Name
	case bad.Name == within && bad.Key == "flow.attribute.unanswerable":
		return "required"
	case bad.Name == within && bad.Key == "flow.user_names.hidden":
		return "hidden"
	case bad.Name == within:
		return "label"
	}
	return strings.TrimPrefix(bad.Name, within+".")
}

func tabOf(field string) string {
	field, _, _ = strings.Cut(field, "[")
	field, _, _ = strings.Cut(field, ".")
	switch field {
	case "name", "signUpAllowed", "passwordReset", "mfa":
		return tabProperties
	case "signUpMethod", "signInMethods", "userNames":
		return tabMethods
	case "attributes":
		return tabAttributes
	case "terms":
		return tabTerms
	case "domains":
		return tabDomains
	case "texts":
		return tabLanguages
	}
	return ""
}
