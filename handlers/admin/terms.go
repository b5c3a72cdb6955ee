package admin

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/text/language"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/userflow"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// termsBody is the largest form of terms: a text may have 100 000 characters in each language.
const termsBody = 4 << 20

// termsRoutes are the texts that people agree to, version by version.
func (p *Portal) termsRoutes() []handlers.Route {
	const at = "/admin/t/:tenant/terms"
	return []handlers.Route{
		{Method: get, Path: at, Handler: p.termsList, Permission: access.FlowRead, NavGroup: navSignIn, NavLabel: "Terms of use"},
		{Method: get, Path: at + "/new", Handler: p.termsNew, Permission: access.FlowWrite},
		{Method: post, Path: at, Handler: p.termsCreate, Permission: access.FlowWrite, BodyLimit: termsBody},
		{Method: get, Path: at + "/:id", Handler: p.termsDetail, Permission: access.FlowRead},
		{Method: get, Path: at + "/:id/versions/:version", Handler: p.termsVersion, Permission: access.FlowRead},
		{Method: get, Path: at + "/:id/acceptances", Handler: p.acceptanceList, Permission: access.UserRead},
		{Method: get, Path: at + "/:id/publish", Handler: p.termsPublishForm, Permission: access.FlowWrite},
		{Method: post, Path: at + "/:id/publish", Handler: p.termsPublish, Permission: access.FlowWrite, BodyLimit: termsBody},
		{Method: get, Path: at + "/:id/delete", Handler: p.termsDeleteForm, Permission: access.FlowWrite},
		{Method: post, Path: at + "/:id/delete", Handler: p.termsDelete, Permission: access.FlowWrite},
	}
}

func termsHelp() views.Help {
	return views.Help{What: "Texts that people must agree to before they get in: terms of use, a privacy notice. A user flow names the terms that it asks for.",
		Do: "Publish a new version when the text changes. Every version is kept, with who agreed to it, when and in which language. Tick “Ask everybody to agree again” when the change matters; a mended spelling mistake does not."}
}

func (v *visit) termsBase(id string) string { return v.base() + "/terms/" + id }

func (v *visit) termsCrumbs(more ...views.Link) []views.Link {
	return append([]views.Link{{Label: "Terms of use", Href: v.base() + "/terms"}}, more...)
}

func (p *Portal) termsList(c *fiber.Ctx) error {
	v, w := visitOf(c), viewOf(c, "search")
	all, err := v.tenant.AllTerms(c.UserContext())
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(x userflow.Terms) bool {
		return !strings.Contains(strings.ToLower(x.Name), strings.ToLower(w.get("search")))
	})
	flows, err := v.tenant.Flows(c.UserContext())
	if err != nil {
		return err
	}
	if f := c.Query("format"); f == "csv" || f == "json" {
		cols := []column[userflow.Terms]{{"id", func(x userflow.Terms) string { return x.ID }}, {"displayName", func(x userflow.Terms) string { return x.Name }}, {"version", func(x userflow.Terms) string { return strconv.Itoa(x.Version) }},
			{"since", func(x userflow.Terms) string { return strconv.Itoa(x.Since) }}, {"languages", func(x userflow.Terms) string { return strings.Join(termsLanguages(x), " ") }}, {"userFlows", func(x userflow.Terms) string { return strings.Join(demanding(flows, x.ID), "; ") }}}
		return download(c, f, "terms-"+v.dir.Tenant.Slug, cols, func(x userflow.Terms) any { return x }, func(context.Context, string) ([]userflow.Terms, string, error) { return all, "", nil })
	}
	s, err := p.shell(c, "Terms of use", "What people agree to when they sign up.", termsHelp())
	if err != nil {
		return err
	}
	create := &views.Link{Label: "New terms", Href: v.base() + "/terms/new"}
	if v.may(access.FlowWrite) {
		s.Primary = create
	} else {
		create = nil
	}
	t := views.Table{Caption: "Terms of use", Columns: []views.Column{{Label: "Name"}, {Label: "Version", Num: true}, {Label: "Languages"}, {Label: "Asked for in"}}}
	for _, x := range all {
		asked := views.Cell{Text: "No user flow yet", Tone: "soft"}
		if names := demanding(flows, x.ID); len(names) > 0 {
			asked = views.Cell{Kind: views.Lines, List: names}
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: x.Name, Href: v.termsBase(x.ID)}, {Kind: views.Num, Text: strconv.Itoa(x.Version)}, plain(strings.Join(p.languageNames(termsLanguages(x)), ", ")), asked}})
	}
	l := views.List{Filter: w.filter(1, views.Field{Name: "search", Label: "Name", Type: "search"}), Table: t, Shown: shown(len(all), "text", "by name"),
		Empty: emptyOf(w, "No terms yet", "Write the first ones, then ask for them in a user flow.", create)}
	w.finish(&l, "")
	return p.list(c, s, l)
}

// demanding names the flows that ask for terms.
func demanding(flows []models.UserFlow, id string) []string {
	var out []string
	for _, f := range flows {
		if slices.Contains(f.Terms, id) {
			out = append(out, f.Name)
		}
	}
	return out
}

// termsLanguages lists the languages of the terms, the default one first.
func termsLanguages(x userflow.Terms) []string {
	out := make([]string, 0, len(x.Texts))
	for tag := range x.Texts {
		if tag != x.Language {
			out = append(out, tag)
		}
	}
	slices.Sort(out)
	return append([]string{x.Language}, out...)
}

// languageName is a language in its own words, or its tag when nobody knows it.
func (p *Portal) languageName(tag string) string {
	if t, err := language.Parse(tag); err == nil {
		if name := p.Bundle.Name(t); name != "" {
			return name
		}
	}
	return tag
}

func (p *Portal) languageNames(tags []string) []string {
	out := make([]string, len(tags))
	for i, t := range tags {
		out[i] = p.languageName(t)
	}
	return out
}

func (p *Portal) termsDetail(c *fiber.Ctx) error {
	v := visitOf(c)
	versions, err := v.tenant.TermsVersions(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	counts, err := v.tenant.AcceptanceCounts(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	flows, err := v.tenant.Flows(c.UserContext())
	if err != nil {
		return err
	}
	x, base := versions[0].Terms, v.termsBase(c.Params("id"))
	s, err := p.shell(c, x.Name, "", termsHelp(), v.termsCrumbs()...)
	if err != nil {
		return err
	}
	people := v.may(access.UserRead)
	t := &views.Table{Caption: "Versions", Columns: []views.Column{{Label: "Version"}, {Label: "Published"}, {Label: "By"}, {Label: "Agreed", Num: true}, {Label: "Still counts"}}}
	for _, one := range versions {
		agreed := views.Cell{Kind: views.Num, Text: strconv.Itoa(counts[one.Version])}
		if people && counts[one.Version] > 0 {
			agreed.Href = fmt.Sprintf("%s/acceptances?version=%d", base, one.Version)
		}
		counting := badge("neutral", "No, must agree again")
		if one.Version >= x.Since {
			counting = badge("ok", "Yes")
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Text: fmt.Sprintf("Version %d", one.Version), Href: fmt.Sprintf("%s/versions/%d", base, one.Version)}, when(one.CreatedAt), {Kind: views.Name, Text: one.ActorName}, agreed, counting}})
	}
	history := views.Section{ID: "versions", Title: "Versions", Lead: "Every version is kept, so that what somebody agreed to can always be read again.", Table: t}
	if people {
		history.Action = &views.Link{Label: "Who agreed", Href: base + "/acceptances"}
	}
	used := views.Section{ID: "flows", Title: "Asked for in", Empty: "No user flow asks for these terms yet. Tick them on the page of a user flow."}
	for _, f := range flows {
		if slices.Contains(f.Terms, x.ID) {
			used.Summary = append(used.Summary, fact("User flow", views.Cell{Kind: views.Name, Text: f.Name, Href: v.base() + "/user-flows/" + f.ID}))
			used.Empty = ""
		}
	}
	sections := append([]views.Section{{ID: "terms", Title: "Published now", Summary: facts(fact("Version", plain(strconv.Itoa(x.Version))), fact("Default language", plain(p.languageName(x.Language))), fact("Terms ID", code(x.ID)))}, history, used}, p.termsTexts(x)...)
	if v.may(access.FlowWrite) {
		s.Primary = &views.Link{Label: "Publish a new version", Href: base + "/publish"}
		sections = append(sections, views.Section{ID: "danger", Title: "Delete", Danger: true, Lead: "Only terms that no user flow asks for and nobody has agreed to can be deleted.",
			Buttons: []views.Action{{Label: "Delete terms", Href: base + "/delete", Danger: true, About: x.Name}}})
	}
	return p.detail(c, s, views.Detail{Sections: sections})
}

// termsTexts show what customers read, language by language.
func (p *Portal) termsTexts(x userflow.Terms) []views.Section {
	var out []views.Section
	for _, tag := range termsLanguages(x) {
		text := x.Texts[tag]
		s := views.Section{ID: "text-" + strings.ToLower(tag), Title: "Text: " + p.languageName(tag), Summary: facts(fact("Title", views.Cell{Kind: views.Name, Text: text.Title}), fact("Page with the text", code(text.URL))), Words: text.Body, Lang: tag}
		out = append(out, s)
	}
	return out
}

// termsVersion shows one version as it was published.
func (p *Portal) termsVersion(c *fiber.Ctx) error {
	v := visitOf(c)
	versions, err := v.tenant.TermsVersions(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	for _, one := range versions {
		if strconv.Itoa(one.Version) != c.Params("version") {
			continue
		}
		s, err := p.shell(c, fmt.Sprintf("Version %d of “%s”", one.Version, one.Name), "", views.Help{}, v.termsCrumbs(views.Link{Label: versions[0].Name, Href: v.termsBase(one.ID)})...)
		if err != nil {
			return err
		}
		again := choose(one.Since == one.Version && one.Version > 1, "Yes", "No")
		return p.detail(c, s, views.Detail{Sections: append([]views.Section{{Title: "Published", Summary: facts(fact("When", when(one.CreatedAt)), fact("By", views.Cell{Kind: views.Name, Text: one.ActorName}),
			fact("Everybody was asked again", plain(again)), fact("Default language", plain(p.languageName(one.Language))))}}, p.termsTexts(one.Terms)...)})
	}
	return fault.New(fault.NotFound, "error.not_found")
}

// acceptanceList is who agreed, when and in which language.
func (p *Portal) acceptanceList(c *fiber.Ctx) error {
	v, w := visitOf(c), viewOf(c, "version")
	versions, err := v.tenant.TermsVersions(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	version, _ := strconv.Atoi(w.get("version"))
	q := models.AcceptanceQuery{Version: version, After: w.get("after")}
	if f := c.Query("format"); f == "csv" || f == "json" {
		if !v.may(access.ExportData) {
			return p.refuse(c, access.ExportData)
		}
		cols := []column[models.TermsAcceptance]{{"userId", func(a models.TermsAcceptance) string { return a.UserID }}, {"userDisplayName", func(a models.TermsAcceptance) string { return a.UserName }}, {"termsId", func(a models.TermsAcceptance) string { return a.TermsID }},
			{"version", func(a models.TermsAcceptance) string { return strconv.Itoa(a.Version) }}, {"acceptedDateTime", func(a models.TermsAcceptance) string { return stamp(a.At) }}, {"language", func(a models.TermsAcceptance) string { return a.Locale }}}
		id := c.Params("id")
		return download(c, f, "acceptances-"+v.dir.Tenant.Slug, cols, nil, func(ctx context.Context, after string) ([]models.TermsAcceptance, string, error) {
			q.After, q.Limit = after, 500
			page, err := v.tenant.AcceptancePage(ctx, id, q)
			return page.Items, page.Next, err
		})
	}
	page, err := v.tenant.AcceptancePage(c.UserContext(), c.Params("id"), q)
	if err != nil {
		return err
	}
	x := versions[0].Terms
	s, err := p.shell(c, "Who agreed to “"+x.Name+"”", "", views.Help{What: "Each person with the version that they agreed to, when, and in which language they read it.", Do: "A person who agreed to several versions stands here several times."},
		v.termsCrumbs(views.Link{Label: x.Name, Href: v.termsBase(x.ID)})...)
	if err != nil {
		return err
	}
	t := views.Table{Caption: "Acceptances", Columns: []views.Column{{Label: "Person"}, {Label: "Version", Num: true}, {Label: "When"}, {Label: "Language"}}}
	for _, a := range page.Items {
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: choose(a.UserName == "", a.UserID, a.UserName), Href: v.base() + "/users/" + a.UserID}, {Kind: views.Num, Text: strconv.Itoa(a.Version)}, when(a.At), plain(p.languageName(a.Locale))}})
	}
	options := []views.Option{{Label: "Any version"}}
	for _, one := range versions {
		options = append(options, views.Option{Value: strconv.Itoa(one.Version), Label: fmt.Sprintf("Version %d", one.Version)})
	}
	l := views.List{Filter: w.filter(1, views.Field{Kind: views.Select, Name: "version", Label: "Version", Options: options}), Table: t, Shown: shown(len(page.Items), "acceptance", "newest first"),
		Empty: emptyOf(w, "Nobody yet", "People appear here when they agree while signing up or in.", nil)}
	w.finish(&l, page.Next)
	v.exportable(&l)
	return p.list(c, s, l)
}

// termsForm is the form of terms as typed.
type termsForm struct {
	x      userflow.Terms
	shown  []string // languages with boxes
	again  bool
	more   string // a further language's tag, as typed
	unread bool   // it could not be read as a tag
}

// formLanguages are those of the catalogue and those that the terms have already.
func (p *Portal) formLanguages(x userflow.Terms) []string {
	out := []string{x.Language}
	for _, tag := range p.Bundle.Tags() {
		out = append(out, tag.String())
	}
	return unique(nonEmpty(append(out, termsLanguages(x)...)...))
}

func (p *Portal) readTerms(c *fiber.Ctx) termsForm {
	f := termsForm{x: userflow.Terms{Name: typed(c, "name"), Language: typed(c, "language"), Texts: map[string]userflow.TermsText{}}, again: ticked(c, "again"), more: typed(c, "more")}
	f.shown = p.formLanguages(userflow.Terms{Language: f.x.Language})
	for _, tag := range append(all(c, "shown"), f.more) {
		t, err := language.Parse(tag)
		switch {
		case tag == "":
		case err == nil && len(tag) <= 35:
			f.shown = append(f.shown, t.String())
		case tag == f.more:
			f.unread = true
		}
	}
	f.shown = unique(f.shown)
	if !f.unread && typed(c, "do") == "language" {
		f.more = ""
	}
	for _, tag := range f.shown {
		text := userflow.TermsText{Title: typed(c, termsField(tag, "title")), Body: typed(c, termsField(tag, "body")), URL: typed(c, termsField(tag, "url"))}
		if text != (userflow.TermsText{}) {
			f.x.Texts[tag] = text
		}
	}
	return f
}

func termsField(tag, part string) string { return "texts[" + tag + "]." + part }

func (p *Portal) termsFormOf(f termsForm, action, cancel, submit string, published bool) views.Form {
	var choices []views.Option
	for _, tag := range f.shown {
		choices = append(choices, views.Option{Value: tag, Label: p.languageName(tag)})
	}
	out := views.Form{Action: action, Submit: submit, Cancel: cancel, Fields: []views.Field{
		{Name: "name", Label: "Name", Hint: "For you and other admins. Customers read the title.", Value: f.x.Name},
		{Kind: views.Select, Name: "language", Label: "Default language", Hint: "Shown to people for whose language there is no text.", Value: f.x.Language, Options: choices},
	}}
	for _, tag := range f.shown {
		text, hint := f.x.Texts[tag], ""
		if tag != f.x.Language {
			hint = "Leave all three empty when there is no text in this language."
		}
		out.Fields = append(out.Fields, views.Field{Kind: views.Heading, Label: p.languageName(tag)},
			views.Field{Name: termsField(tag, "title"), Label: "Title", Hint: hint, Value: text.Title, Optional: tag != f.x.Language},
			views.Field{Kind: views.TextArea, Name: termsField(tag, "body"), Label: "Text", Hint: "Markdown: an empty line makes a paragraph, - a list, **bold**, [words](https://…) a link.", Value: text.Body, Rows: 8, Optional: true},
			views.Field{Name: termsField(tag, "url"), Label: "Page with the text", Hint: "Instead of the text, or beside it.", Type: "url", Value: text.URL, Code: true, Optional: true},
			views.Field{Kind: views.Hidden, Name: "shown", Value: tag})
	}
	more := views.Field{Name: "more", Label: "Another language", Hint: "Its tag: fr for French, pt-BR for Brazilian Portuguese.", Value: f.more, Code: true, Optional: true, Buttons: []views.Try{{Label: "Add boxes for it", Name: "do", Value: "language"}}}
	if f.unread {
		more.Verdict = &views.Verdict{Tone: "danger", Text: "“" + f.more + "” is no language tag."}
	}
	out.Fields = append(out.Fields, more)
	if published {
		out.Fields = append(out.Fields, views.Field{Kind: views.Check, Name: "again", Label: "Ask everybody to agree again", Hint: "Those who agreed to an earlier version are asked at their next sign-in, before they get in.", Value: tick(f.again)})
	}
	return out
}

// besideTheirBoxes names complaints about a language after the box that is wrong and the language by its name,
// in the order of the boxes.
func (p *Portal) besideTheirBoxes(err error, shown []string) error {
	e := fault.Of(err)
	if e.Code != fault.Invalid || len(e.Fields) == 0 {
		return err
	}
	out := slices.Clone(e.Fields)
	for i, f := range out {
		if tag, ok := f.Args["language"].(string); ok {
			out[i].Args = map[string]any{"language": p.languageName(tag)}
		}
		if !strings.HasPrefix(f.Name, "texts[") {
			continue
		}
		switch f.Key {
		case "terms.title.required":
			out[i].Name += ".title"
		case "terms.url":
			out[i].Name += ".url"
		default:
			out[i].Name += ".body"
		}
	}
	place := func(f fault.Field) int {
		return slices.IndexFunc(shown, func(tag string) bool { return strings.HasPrefix(f.Name, "texts["+tag+"]") })
	}
	slices.SortStableFunc(out, func(a, b fault.Field) int { return place(a) - place(b) })
	return fault.Fields(out).Err()
}

func (p *Portal) termsNew(c *fiber.Ctx) error {
	v := visitOf(c)
	x := userflow.Terms{Language: choose(v.dir.Tenant.DefaultLocale == "", "en", v.dir.Tenant.DefaultLocale)}
	return p.termsNewPage(c, termsForm{x: x, shown: p.formLanguages(x)}, nil)
}

func (p *Portal) termsNewPage(c *fiber.Ctx, typed termsForm, problem error) error {
	v := visitOf(c)
	f := p.termsFormOf(typed, v.base()+"/terms", v.base()+"/terms", "Publish version 1", false)
	if problem != nil && !complain(handlers.InfoOf(c).Locale, &f, p.besideTheirBoxes(problem, typed.shown)) {
		return problem
	}
	s, err := p.shell(c, "New terms", "", termsHelp(), v.termsCrumbs()...)
	if err != nil {
		return err
	}
	return p.form(c, s, f)
}

func (p *Portal) termsCreate(c *fiber.Ctx) error {
	v, f := visitOf(c), p.readTerms(c)
	if onlyLooking(c) {
		return p.termsNewPage(c, f, nil)
	}
	made, err := v.tenant.CreateTerms(c.UserContext(), v.actor(c), f.x)
	if err != nil {
		return p.termsNewPage(c, f, err)
	}
	return p.done(c, v.termsBase(made.ID), "“"+made.Name+"” is published. Now ask for it in a user flow.")
}

func (p *Portal) termsPublishForm(c *fiber.Ctx) error {
	versions, err := visitOf(c).tenant.TermsVersions(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	x := versions[0].Terms
	return p.termsPublishPage(c, termsForm{x: x, shown: p.formLanguages(x)}, nil)
}

func (p *Portal) termsPublishPage(c *fiber.Ctx, typed termsForm, problem error) error {
	v := visitOf(c)
	versions, err := v.tenant.TermsVersions(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	x := versions[0].Terms
	f := p.termsFormOf(typed, v.termsBase(x.ID)+"/publish", v.termsBase(x.ID), fmt.Sprintf("Publish version %d", x.Version+1), true)
	f.Fields = append(f.Fields, loadedFrom(c, x, problem))
	if problem != nil && !complain(handlers.InfoOf(c).Locale, &f, p.besideTheirBoxes(problem, typed.shown)) {
		return problem
	}
	s, err := p.shell(c, "Publish a new version", "", termsHelp(), v.termsCrumbs(views.Link{Label: x.Name, Href: v.termsBase(x.ID)})...)
	if err != nil {
		return err
	}
	return p.form(c, s, f)
}

func (p *Portal) termsPublish(c *fiber.Ctx) error {
	v, f := visitOf(c), p.readTerms(c)
	if onlyLooking(c) {
		return p.termsPublishPage(c, f, nil)
	}
	before := 0
	after, err := v.tenant.PublishTerms(c.UserContext(), v.actor(c), c.Params("id"), f.again, func(x *userflow.Terms) error {
		if err := unchanged(c, *x); err != nil {
			return err
		}
		before = x.Version
		x.Name, x.Language, x.Texts = f.x.Name, f.x.Language, f.x.Texts
		return nil
	})
	if err != nil {
		return p.termsPublishPage(c, f, err)
	}
	if after.Version == before {
		return p.doneWith(c, v.termsBase(after.ID), models.PortalFlash{Kind: "info", Text: "Nothing was changed in “" + after.Name + "”, so there is no new version."})
	}
	return p.done(c, v.termsBase(after.ID), fmt.Sprintf("Version %d of “%s” is published.%s", after.Version, after.Name, choose(f.again, " Everybody is asked to agree again at their next sign-in.", "")))
}

func (p *Portal) termsDeleteForm(c *fiber.Ctx) error { return p.termsDeletePage(c, nil) }

func (p *Portal) termsDeletePage(c *fiber.Ctx, problem error) error {
	v := visitOf(c)
	versions, err := v.tenant.TermsVersions(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	x := versions[0].Terms
	uses, err := v.tenant.TermsUses(c.UserContext(), x.ID)
	if err != nil {
		return err
	}
	crumbs := v.termsCrumbs(views.Link{Label: x.Name, Href: v.termsBase(x.ID)})
	if len(uses.Flows) > 0 || uses.People > 0 {
		return p.termsInUse(c, x, uses, problem, crumbs...)
	}
	m := views.Confirm{Consequences: []string{"All versions of the text are gone for good.", "No user flow asks for them, and nobody has agreed to them."},
		Form: views.Form{Action: v.termsBase(x.ID) + "/delete", Submit: "Delete terms", Danger: true, Cancel: v.termsBase(x.ID)}}
	if !complain(handlers.InfoOf(c).Locale, &m.Form, problem) {
		return problem
	}
	s, err := p.shell(c, "Delete “"+x.Name+"”?", "", views.Help{}, crumbs...)
	if err != nil {
		return err
	}
	return p.confirm(c, s, m)
}

// termsInUse says why terms stay: what people agreed to is kept for good, what a flow asks for until then.
func (p *Portal) termsInUse(c *fiber.Ctx, x userflow.Terms, uses models.Uses, problem error, crumbs ...views.Link) error {
	title, lead := "“"+x.Name+"” cannot be deleted yet", "Take them out of these first, published and draft; then come back."
	agreed := views.Section{ID: "people", Title: "Who agreed", Summary: []views.Fact{fact("People who agreed", plain(countWords(uses.People)))}}
	if uses.People > 0 {
		title, lead = "“"+x.Name+"” is kept", choose(len(uses.Flows) > 0, "So that nobody is asked for them any more, take them out of these.", "")
		agreed.Lead = "What somebody agreed to must be readable later, so these terms cannot be deleted. Terms that no user flow asks for trouble nobody."
		if visitOf(c).may(access.UserRead) {
			agreed.Action = &views.Link{Label: "Who agreed", Href: visitOf(c).termsBase(x.ID) + "/acceptances"}
		}
	}
	return p.inUse(c, title, lead, uses, problem, []views.Section{agreed}, crumbs...)
}

func (p *Portal) termsDelete(c *fiber.Ctx) error {
	v := visitOf(c)
	versions, err := v.tenant.TermsVersions(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	if err := v.tenant.DeleteTerms(c.UserContext(), v.actor(c), c.Params("id")); err != nil {
		return p.termsDeletePage(c, err)
	}
	return p.done(c, v.base()+"/terms", "“"+versions[0].Name+"” is deleted.")
}
