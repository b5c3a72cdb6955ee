package admin

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/branding"
	"portico/app/fault"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// brandingRoutes are how customers' pages look: the company's own look, themes for some applications, and the studio
// in which each is edited, published and restored.
func (p *Portal) brandingRoutes() []handlers.Route {
	const all, one = "/admin/t/:tenant/branding", "/admin/t/:tenant/branding/:id"
	return []handlers.Route{
		{Method: get, Path: all, Handler: p.brandingList, Permission: access.BrandingRead, NavGroup: navSignIn, NavLabel: "Company branding"},
		{Method: get, Path: all + "/new", Handler: p.themeNew, Permission: access.BrandingWrite},
		{Method: post, Path: all, Handler: p.themeCreate, Permission: access.BrandingWrite},
		{Method: get, Path: all + "/css-template", Handler: p.cssTemplate, Permission: access.BrandingRead},

		{Method: get, Path: one, Handler: p.brandingDetail, Permission: access.BrandingRead},
		{Method: get, Path: one + "/edit", Handler: p.studioPage, Permission: access.BrandingRead},
		{Method: post, Path: one + "/edit", Handler: p.studioSave, Permission: access.BrandingWrite, Streams: true},
		{Method: get, Path: one + "/preview", Handler: p.lookPreview, Permission: access.BrandingRead},
		{Method: post, Path: one + "/preview", Handler: p.lookTyped, Permission: access.BrandingRead},
		{Method: post, Path: one + "/contrast", Handler: p.lookContrast, Permission: access.BrandingRead},
		{Method: post, Path: one + "/letter", Handler: p.lookLetter, Permission: access.BrandingRead},
		{Method: get, Path: one + "/compare", Handler: p.lookCompare, Permission: access.BrandingRead},
		{Method: get, Path: one + "/css", Handler: p.cssDownload, Permission: access.BrandingRead},

		{Method: get, Path: one + "/languages", Handler: p.languageForm, Permission: access.BrandingWrite},
		{Method: post, Path: one + "/languages", Handler: p.languageAdd, Permission: access.BrandingWrite},
		{Method: get, Path: one + "/languages/remove", Handler: p.languageRemoveForm, Permission: access.BrandingWrite},
		{Method: post, Path: one + "/languages/remove", Handler: p.languageRemove, Permission: access.BrandingWrite},
		{Method: post, Path: one + "/apps", Handler: p.themeApp, Permission: access.BrandingWrite},

		{Method: get, Path: one + "/publish", Handler: p.brandingPublishForm, Permission: access.BrandingWrite},
		{Method: post, Path: one + "/publish", Handler: p.brandingPublish, Permission: access.BrandingWrite},
		{Method: get, Path: one + "/discard", Handler: p.brandingDiscardForm, Permission: access.BrandingWrite},
		{Method: post, Path: one + "/discard", Handler: p.brandingDiscard, Permission: access.BrandingWrite},
		{Method: get, Path: one + "/versions", Handler: p.brandingVersions, Permission: access.BrandingRead},
		{Method: get, Path: one + "/versions/:version", Handler: p.brandingVersion, Permission: access.BrandingRead},
		{Method: get, Path: one + "/versions/:version/restore", Handler: p.brandingRestoreForm, Permission: access.BrandingWrite},
		{Method: post, Path: one + "/versions/:version/restore", Handler: p.brandingRestore, Permission: access.BrandingWrite},

		{Method: get, Path: one + "/rename", Handler: p.themeRenameForm, Permission: access.BrandingWrite},
		{Method: post, Path: one + "/rename", Handler: p.themeRename, Permission: access.BrandingWrite},
		{Method: get, Path: one + "/delete", Handler: p.themeDeleteForm, Permission: access.BrandingWrite},
		{Method: post, Path: one + "/delete", Handler: p.themeDelete, Permission: access.BrandingWrite},
	}
}

func brandingHelp() views.Help {
	return views.Help{What: "How the pages look on which your customers sign up, sign in and look after their accounts: colours, pictures, words and links. Whatever is not set falls back, element by element: from a theme in the customer’s language to the theme, to the company branding in that language, to the company branding, and at last to a neutral look.",
		Do: "Change what you like; it goes into a draft that only admins see, beside a preview of every page. Then publish it. Every published version is kept and can be restored. Give applications that should look different a theme."}
}

func (v *visit) brandingBase() string { return v.base() + "/branding" }

// look is what an admin works at: the company's look or a theme.
type look struct {
	v *visit
	models.Branding
}

func (x look) base() string { return x.v.brandingBase() + "/" + x.ID }
func (x look) theme() bool  { return x.ID != branding.Company }
func (x look) writes() bool { return x.v.may(access.BrandingWrite) }
func (x look) title() string {
	if x.theme() {
		return x.Name
	}
	return "The company’s own look"
}

// quoted is how the look is called within a sentence.
func (x look) quoted() string {
	if x.theme() {
		return "the theme “" + x.Name + "”"
	}
	return "the company branding"
}

func (x look) edit(tab, lang string) string {
	at := x.base() + "/edit?tab=" + tab
	if lang != "" {
		at += "&language=" + lang
	}
	return at
}

func (p *Portal) looking(c *fiber.Ctx) (look, error) {
	x := look{v: visitOf(c)}
	var err error
	x.Branding, err = x.v.tenant.Branding(c.UserContext(), c.Params("id"))
	return x, err
}

// tags are the languages of a document besides "", by name.
func tags(d branding.Document) []string {
	out := slices.DeleteFunc(slices.Collect(maps.Keys(d.Languages)), func(t string) bool { return t == "" })
	slices.SortFunc(out, func(a, b string) int { return cmp.Compare(languageLabel(a), languageLabel(b)) })
	return out
}

func (p *Portal) brandingList(c *fiber.Ctx) error {
	v := visitOf(c)
	all, err := v.tenant.Brandings(c.UserContext())
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Company branding", "How customers’ pages look, in every language and for each application.", brandingHelp())
	if err != nil {
		return err
	}
	flows, err := v.tenant.Flows(c.UserContext())
	if err != nil {
		return err
	}
	company := look{v, all[0]}
	s.Primary = &views.Link{Label: choose(company.writes(), "Edit company branding", "See company branding"), Href: company.edit(tabBasics, "")}
	main := views.Section{ID: "company", Title: "Company branding", Lead: "The look of every application that has no theme.", Summary: company.facts(), Action: &views.Link{Label: "Open", Href: company.base()}}
	sections := []views.Section{main, languagesSection(company)}
	t := &views.Table{Caption: "Themes", Columns: []views.Column{{Label: "Theme"}, {Label: "Applications"}, {Label: "Languages"}, {Label: "State"}, {Label: "Changed"}}}
	for _, b := range all[1:] {
		x := look{v, b}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: b.Name, Href: x.base()}, {Kind: views.Lines, List: x.appNames()}, {Kind: views.Lines, List: languageNames(b.Draft)}, x.state(), when(b.UpdatedAt)}})
	}
	themes := views.Section{ID: "themes", Title: "Themes", Lead: "A theme is for applications that look different. What it does not set comes from the company branding.", Table: t, Empty: "None yet: all applications look alike."}
	if v.may(access.BrandingWrite) {
		themes.Action = &views.Link{Label: "New theme", Href: v.brandingBase() + "/new"}
	}
	return p.detail(c, s, views.Detail{Sections: append(sections, themes, flowTextsSection(v, flows))})
}

// flowTextsSection leads to the texts of user flows, which whoever looks after the branding edits, too (R 2.8.8).
func flowTextsSection(v *visit, flows []models.UserFlow) views.Section {
	t := &views.Table{Caption: "Texts of user flows", Columns: []views.Column{{Label: "User flow"}, {Label: "Languages with own texts"}}}
	for _, f := range flows {
		var names []string
		for _, lang := range slices.Sorted(maps.Keys(f.Texts)) {
			names = append(names, languageLabel(lang))
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: f.Name, Href: v.flowBase(f.ID) + "/languages"}, {Kind: views.Lines, List: names}}})
	}
	return views.Section{ID: "flows", Title: "Texts of user flows", Lead: "What the pages of one user flow say in each language. It stands over the texts of the branding.", Table: t, Empty: "There is no user flow yet."}
}

func languageNames(d branding.Document) []string {
	var out []string
	for _, t := range tags(d) {
		out = append(out, languageLabel(t))
	}
	return out
}

func (x look) appNames() []string {
	var out []string
	for _, id := range x.Apps {
		out = append(out, appName(x.v.dir, id))
	}
	slices.Sort(out)
	return out
}

// state says whether customers see what admins see.
func (x look) state() views.Cell {
	switch {
	case x.Changed && x.Version == 0:
		return views.Cell{Kind: views.Badge, Tone: "warn", Text: "Draft, never published", Sub: "by " + x.DraftBy}
	case x.Changed:
		return views.Cell{Kind: views.Badge, Tone: "warn", Text: fmt.Sprintf("Version %d, with a draft", x.Version), Sub: "Draft by " + x.DraftBy}
	case x.Version == 0:
		return badge("neutral", "Nothing set yet")
	}
	return badge("ok", fmt.Sprintf("Version %d published", x.Version))
}

func (x look) facts() []views.Fact {
	all := x.Draft.Languages[""]
	out := facts(fact("State", x.state()), fact("Changed", when(x.UpdatedAt)))
	set := []string{}
	for _, el := range elements() {
		if el.get(all) != "" && len(set) < 8 {
			set = append(set, el.label+": "+el.words(el.get(all)))
		}
	}
	if n := differing(all); n > len(set) {
		set = append(set, fmt.Sprintf("and %d more", n-len(set)))
	}
	if len(set) == 0 {
		set = []string{"Nothing: " + choose(x.theme(), "it looks like the company branding", "the neutral look")}
	}
	return append(out, fact("Set for all languages", views.Cell{Kind: views.Lines, List: set}))
}

// languagesSection lists in which languages a look differs.
func languagesSection(x look) views.Section {
	t := &views.Table{Caption: "Languages", Columns: []views.Column{{Label: "Language"}, {Label: "Its own name"}, {Label: "What differs"}}, Actions: x.writes()}
	for _, tag := range tags(x.Draft) {
		n := differing(x.Draft.Languages[tag])
		row := views.Row{Cells: []views.Cell{{Text: languageLabel(tag), Href: x.edit(tabBasics, tag)}, {Kind: views.Name, Text: branding.LanguageOf(tag).Own}, plain(differWords(n))}}
		if x.writes() {
			row.Actions = []views.Action{{Label: "Remove", About: languageLabel(tag), Href: x.base() + "/languages/remove?language=" + tag}}
		}
		t.Rows = append(t.Rows, row)
	}
	s := views.Section{ID: "languages", Title: "Languages", Lead: "Customers whose language is one of these see its own elements; whatever it does not set is that of all languages.", Table: t, Empty: "None: everybody sees the same pictures and words. Portico’s own words are in the customer’s language anyway."}
	if x.writes() {
		s.Action = &views.Link{Label: "Add a language", Href: x.base() + "/languages"}
	}
	return s
}

func differWords(n int) string {
	switch n {
	case 0:
		return "Nothing yet"
	case 1:
		return "1 element differs"
	}
	return strconv.Itoa(n) + " elements differ"
}

func (p *Portal) brandingCrumbs(x look, more ...views.Link) []views.Link {
	return append([]views.Link{{Label: "Company branding", Href: x.v.brandingBase()}}, more...)
}

// brandingDetail is one look: its state, languages, applications, and what ends it.
func (p *Portal) brandingDetail(c *fiber.Ctx) error { return p.brandingDetailWith(c, nil) }

func (p *Portal) brandingDetailWith(c *fiber.Ctx, problem error) error {
	x, err := p.looking(c)
	if err != nil {
		return err
	}
	s, err := p.shell(c, x.title(), choose(x.theme(), "A theme: the look of some applications.", "The look of every application that has no theme."), brandingHelp(), p.brandingCrumbs(x)...)
	if err != nil {
		return err
	}
	s.Primary = &views.Link{Label: choose(x.writes(), "Edit", "See its elements"), Href: x.edit(tabBasics, "")}
	now := views.Section{ID: "state", Title: "Now", Summary: x.facts(), Action: &views.Link{Label: "Versions", Href: x.base() + "/versions"}}
	d := views.Detail{Sections: []views.Section{now, languagesSection(x)}}
	if x.Changed && x.writes() {
		d.Sections[0].Buttons = []views.Action{{Label: "Publish the draft…", Href: x.base() + "/publish"}, {Label: "Discard the draft…", Href: x.base() + "/discard"}}
	}
	if x.theme() {
		apps := themeAppsSection(x)
		if problem != nil && apps.Form != nil && complain(handlers.InfoOf(c).Locale, apps.Form, problem) {
			s.Problems = apps.Form.Problems
		} else if problem != nil {
			return problem
		}
		d.Sections = append(d.Sections, apps)
		if x.writes() {
			d.Sections = append(d.Sections, views.Section{ID: "rename", Title: "Name", Summary: []views.Fact{{Label: "Name", Value: views.Cell{Kind: views.Name, Text: x.Name}, Change: x.base() + "/rename"}}},
				x.deleteSection())
		}
	}
	status := fiber.StatusOK
	if len(s.Problems) > 0 {
		status = fiber.StatusUnprocessableEntity
	}
	return handlers.Render(c, status, views.DetailPage(s, d))
}

// deletes reports whether this admin may delete the theme: one that applications have takes the right over those as well.
func (x look) deletes() bool {
	return x.writes() && (len(x.Apps) == 0 || x.v.may(access.AppWrite))
}

func (x look) deleteSection() views.Section {
	s := views.Section{ID: "delete", Title: "Delete theme"}
	if !x.deletes() {
		s.Lead = "Applications have this theme, so that only who may change applications, too, can delete it."
		return s
	}
	s.Danger, s.Lead, s.Buttons = true, "Its applications get the company branding.", []views.Action{{Label: "Delete theme", Href: x.base() + "/delete", Danger: true}}
	return s
}

// themeAppsSection says which applications have a theme. Giving one takes the right over applications as well (R 3.5.2).
func themeAppsSection(x look) views.Section {
	v, both := x.v, x.writes() && x.v.may(access.AppWrite)
	s := views.Section{ID: "applications", Title: "Applications", Lead: "A change here counts at once. An application has one theme at most.", Empty: "None yet: nobody sees this theme."}
	if !both {
		s.Lead = "Which applications have it is decided by who may change both the branding and applications, such as an Application Administrator who is an Organizational Branding Administrator too."
	} else if x.Version == 0 {
		s.Lead += " Nothing of this theme is published yet, so that its applications look like the company."
	}
	t := &views.Table{Caption: "Applications of this theme", Columns: []views.Column{{Label: "Name"}, {Label: "Kind"}}, Actions: both}
	options := []views.Option{{Label: "Choose an application"}}
	for _, cl := range sortedClients(v.dir) {
		if slices.Contains(x.Apps, cl.ObjectID) {
			row := views.Row{Cells: []views.Cell{{Kind: views.Name, Text: cl.Name, Href: v.base() + "/applications/" + cl.ObjectID}, plain(kindLabel(cl.Kind))}}
			if both {
				row.Actions = []views.Action{{Label: "Remove", About: cl.Name, Post: x.base() + "/apps", Fields: map[string]string{"application": cl.ObjectID, "do": "remove"}}}
			}
			t.Rows = append(t.Rows, row)
		} else if cl.Kind != models.DaemonApp {
			label := cl.Name
			if v.dir.Branding.OfApp[cl.ObjectID] != "" {
				label += " (now with another theme)"
			}
			options = append(options, views.Option{Value: cl.ObjectID, Label: label})
		}
	}
	s.Table = t
	if both && len(options) > 1 {
		s.Form = &views.Form{Action: x.base() + "/apps", Submit: "Give it this theme", Fields: []views.Field{{Kind: views.Select, Name: "application", Label: "Add an application", Options: options}}}
	}
	return s
}

func (p *Portal) themeApp(c *fiber.Ctx) error {
	x, err := p.looking(c)
	if err != nil {
		return err
	}
	if !x.v.may(access.AppWrite) {
		return fault.New(fault.Denied, "branding.theme.needs_apps")
	}
	id, remove := typed(c, "application"), typed(c, "do") == "remove"
	if id == "" || !x.theme() {
		return p.brandingDetailWith(c, fault.BadField("application", "admin.flow.choose_app", nil))
	}
	if err := x.v.tenant.SetAppTheme(c.UserContext(), x.v.actor(c), id, choose(remove, "", x.ID)); err != nil {
		return p.brandingDetailWith(c, err)
	}
	return p.done(c, x.base(), choose(remove, "“"+appName(x.v.dir, id)+"” looks like the company again.", "“"+appName(x.v.dir, id)+"” has the theme “"+x.Name+"” now."))
}

func themeForm(action, cancel, submit, name string) views.Form {
	return views.Form{Action: action, Submit: submit, Cancel: cancel, Fields: []views.Field{{Name: "name", Label: "Name of the theme", Hint: "Only admins see it.", Value: name}}}
}

func (p *Portal) themeNew(c *fiber.Ctx) error { return p.themeNewWith(c, nil) }

func (p *Portal) themeNewWith(c *fiber.Ctx, problem error) error {
	x := look{v: visitOf(c)}
	f := themeForm(x.v.brandingBase(), x.v.brandingBase(), "Create theme", "")
	if problem != nil {
		keepTyped(c, &f)
	}
	if !complain(handlers.InfoOf(c).Locale, &f, problem) {
		return problem
	}
	s, err := p.shell(c, "New theme", "For applications that look different from the rest of the company.", brandingHelp(), p.brandingCrumbs(x)...)
	if err != nil {
		return err
	}
	return p.form(c, s, f)
}

func (p *Portal) themeCreate(c *fiber.Ctx) error {
	v := visitOf(c)
	b, err := v.tenant.CreateTheme(c.UserContext(), v.actor(c), typed(c, "name"))
	if err != nil {
		return p.themeNewWith(c, err)
	}
	return p.done(c, look{v, b}.edit(tabBasics, ""), "Theme “"+b.Name+"” created. It looks like the company until you change something.")
}

func (p *Portal) themeRenameForm(c *fiber.Ctx) error { return p.themeRenameWith(c, nil) }

func (p *Portal) themeRenameWith(c *fiber.Ctx, problem error) error {
	x, err := p.looking(c)
	if err != nil {
		return err
	}
	f := themeForm(x.base()+"/rename", x.base(), "Save", x.Name)
	if problem != nil {
		keepTyped(c, &f)
	}
	if !complain(handlers.InfoOf(c).Locale, &f, problem) {
		return problem
	}
	s, err := p.shell(c, "Rename theme", "", brandingHelp(), p.brandingCrumbs(x, views.Link{Label: x.title(), Href: x.base()})...)
	if err != nil {
		return err
	}
	return p.form(c, s, f)
}

func (p *Portal) themeRename(c *fiber.Ctx) error {
	x, err := p.looking(c)
	if err != nil {
		return err
	}
	if err := x.v.tenant.RenameTheme(c.UserContext(), x.v.actor(c), x.ID, typed(c, "name")); err != nil {
		return p.themeRenameWith(c, err)
	}
	return p.done(c, x.base(), "The theme is called “"+typed(c, "name")+"” now.")
}

func (p *Portal) themeDeleteForm(c *fiber.Ctx) error { return p.themeDeleteWith(c, nil) }

func (p *Portal) themeDeleteWith(c *fiber.Ctx, problem error) error {
	x, err := p.looking(c)
	if err != nil {
		return err
	}
	if !x.deletes() {
		return fault.New(fault.Denied, "branding.theme.needs_apps")
	}
	f := views.Form{Action: x.base() + "/delete", Submit: "Delete theme", Danger: true, Cancel: x.base(), Fields: []views.Field{{Name: "name", Label: "Type the name of the theme", Hint: x.title()}}}
	if problem != nil {
		keepTyped(c, &f)
	}
	if !complain(handlers.InfoOf(c).Locale, &f, problem) {
		return problem
	}
	s, err := p.shell(c, "Delete “"+x.title()+"”?", "", brandingHelp(), p.brandingCrumbs(x, views.Link{Label: x.title(), Href: x.base()})...)
	if err != nil {
		return err
	}
	what := []string{}
	for _, name := range x.appNames() {
		what = append(what, "“"+name+"” looks like the company again, at once.")
	}
	if len(what) == 0 {
		what = append(what, "No application has it, so that customers notice nothing.")
	}
	if x.Changed {
		what = append(what, "The draft by "+x.DraftBy+" is lost.")
	}
	return p.confirm(c, s, views.Confirm{Consequences: append(what, "Its versions are deleted too. This cannot be undone."), Form: f})
}

func (p *Portal) themeDelete(c *fiber.Ctx) error {
	x, err := p.looking(c)
	if err != nil {
		return err
	}
	if !strings.EqualFold(typed(c, "name"), strings.TrimSpace(x.title())) {
		return p.themeDeleteWith(c, fault.BadField("name", "admin.delete.name", nil))
	}
	if err := x.v.tenant.DeleteTheme(c.UserContext(), x.v.actor(c), x.ID, x.v.may(access.AppWrite)); err != nil {
		return p.themeDeleteWith(c, err)
	}
	return p.done(c, x.v.brandingBase(), "Theme “"+x.Name+"” deleted.")
}

func (p *Portal) languageForm(c *fiber.Ctx) error { return p.languageFormWith(c, nil) }

func (p *Portal) languageFormWith(c *fiber.Ctx, problem error) error {
	x, err := p.looking(c)
	if err != nil {
		return err
	}
	options := []views.Option{{Label: "Choose a language"}}
	for _, l := range branding.Languages() {
		if _, has := x.Draft.Languages[l.Tag]; !has {
			options = append(options, views.Option{Value: l.Tag, Label: l.English + " – " + l.Own})
		}
	}
	f := views.Form{Action: x.base() + "/languages", Submit: "Add language", Cancel: x.base(), Fields: []views.Field{
		{Kind: views.Hidden, Name: "revision", Value: strconv.Itoa(x.Revision)}, {Kind: views.Select, Name: "language", Label: "Language", Options: options, Value: typed(c, "language"),
			Hint: "A language may differ in any element. Customers get it by what their browser or the application asks for; somebody from Québec gets “French (France)” when that is the nearest."}}}
	if !complain(handlers.InfoOf(c).Locale, &f, problem) {
		return problem
	}
	s, err := p.shell(c, "Add a language", "To "+x.quoted()+".", brandingHelp(), p.brandingCrumbs(x, views.Link{Label: x.title(), Href: x.base()})...)
	if err != nil {
		return err
	}
	return p.form(c, s, f)
}

// revised is the revision of the draft that a form was made from; nonsense is one that nobody saw.
func revised(c *fiber.Ctx) int {
	n, err := strconv.Atoi(typed(c, "revision"))
	if err != nil {
		return -1
	}
	return n
}

func with(d branding.Document, lang string, e branding.Elements) branding.Document {
	out := branding.Document{Languages: maps.Clone(d.Languages)}
	if out.Languages == nil {
		out.Languages = map[string]branding.Elements{}
	}
	out.Languages[lang] = e
	return out
}

func (p *Portal) languageAdd(c *fiber.Ctx) error {
	x, err := p.looking(c)
	if err != nil {
		return err
	}
	tag := typed(c, "language")
	if !slices.ContainsFunc(branding.Languages(), func(l branding.Language) bool { return l.Tag == tag }) {
		return p.languageFormWith(c, fault.BadField("language", "branding.language.choose", nil))
	}
	if _, has := x.Draft.Languages[tag]; !has {
		if _, err := x.v.tenant.SaveBrandingDraft(c.UserContext(), x.v.actor(c), x.ID, with(x.Draft, tag, branding.Elements{}), revised(c)); err != nil {
			return p.languageFormWith(c, err)
		}
	}
	return p.done(c, x.edit(tabForm, tag), languageLabel(tag)+" added. Set what differs; the rest is that of all languages.")
}

func (p *Portal) languageRemoveForm(c *fiber.Ctx) error { return p.languageRemoveWith(c, nil) }

func (p *Portal) languageRemoveWith(c *fiber.Ctx, problem error) error {
	x, err := p.looking(c)
	if err != nil {
		return err
	}
	tag := cmp.Or(typed(c, "language"), c.Query("language"))
	s, err := p.shell(c, "Remove a language?", "", brandingHelp(), p.brandingCrumbs(x, views.Link{Label: x.title(), Href: x.base()})...)
	if err != nil {
		return err
	}
	e, has := x.Draft.Languages[tag]
	if !has || tag == "" {
		return p.detail(c, s, views.Detail{Sections: []views.Section{{Title: "Languages", Empty: "There is no such language in it.", Buttons: []views.Action{{Label: "Back", Href: x.base()}}}}})
	}
	s.Title = "Remove " + languageLabel(tag) + "?"
	what := []string{}
	for _, el := range elements() {
		if v := el.get(e); v != "" {
			what = append(what, el.label+": "+el.words(v)+", is lost")
		}
	}
	f := views.Form{Action: x.base() + "/languages/remove", Submit: "Remove from the draft", Danger: true, Cancel: x.base(), Fields: []views.Field{{Kind: views.Hidden, Name: "language", Value: tag}, {Kind: views.Hidden, Name: "revision", Value: strconv.Itoa(x.Revision)}}}
	if !complain(handlers.InfoOf(c).Locale, &f, problem) {
		return problem
	}
	return p.confirm(c, s, views.Confirm{Consequences: append(what, "Customers of that language see what holds for all languages, once the draft is published."), Form: f})
}

func (p *Portal) languageRemove(c *fiber.Ctx) error {
	x, err := p.looking(c)
	if err != nil {
		return err
	}
	tag := typed(c, "language")
	d := branding.Document{Languages: maps.Clone(x.Draft.Languages)}
	if tag != "" {
		delete(d.Languages, tag)
	}
	if _, err := x.v.tenant.SaveBrandingDraft(c.UserContext(), x.v.actor(c), x.ID, d, revised(c)); err != nil {
		return p.languageRemoveWith(c, err)
	}
	return p.done(c, x.base(), languageLabel(tag)+" removed from the draft.")
}
