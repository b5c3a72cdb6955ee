package admin

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"portico/app/branding"
	"portico/app/fault"
	"portico/app/i18n"
	"portico/app/userflow"
	"portico/app/wordbook"
	"portico/handlers"
	views "portico/views/admin"
)

// englishName is what admins call a language.
func englishName(tag language.Tag) string {
	return cmp.Or(display.English.Tags().Name(tag), tag.String())
}

// flowLanguages lists the languages of a flow: those with a catalogue, those that the vendor has, and whatever else has
// texts here.
func (p *Portal) flowLanguages(c *fiber.Ctx) error {
	d, err := p.designing(c)
	if err != nil {
		return err
	}
	if chosen := c.Query("language"); chosen != "" {
		if tag, err := language.Parse(strings.TrimSpace(chosen)); err == nil && tag != language.Und {
			return c.Redirect(d.base()+"/languages/"+tag.String(), fiber.StatusSeeOther)
		}
	}
	offer := handlers.Languages(p.Bundle, d.v.dir, "", &d.flow)
	table := views.Table{Caption: "Languages", Columns: []views.Column{{Label: "Language"}, {Label: "Tag"}, {Label: "Texts of ours"}, {Label: "Own texts here", Num: true}, {Label: "Customers"}}}
	seen := map[string]bool{}
	add := func(tag language.Tag) {
		if seen[tag.String()] {
			return
		}
		seen[tag.String()] = true
		of, has := p.Bundle.Of(tag)
		built, shown := plain("None"), plain("Not offered")
		if has {
			built = views.Cell{Text: "Complete", Sub: choose(of == tag, "", "as "+of.String())}
		}
		switch {
		case slices.Contains(offer.Tags(), tag), has && slices.Contains(offer.Tags(), of):
			shown = badge("ok", "Offered")
		}
		table.Rows = append(table.Rows, views.Row{Cells: []views.Cell{{Text: englishName(tag), Sub: p.Bundle.Name(tag), Href: d.base() + "/languages/" + tag.String()}, code(tag.String()), built,
			{Kind: views.Num, Text: strconv.Itoa(len(d.flow.Texts[tag.String()]))}, shown}})
	}
	for _, lang := range slices.Sorted(maps.Keys(d.flow.Texts)) {
		if tag, err := language.Parse(lang); err == nil {
			add(tag)
		}
	}
	for _, tag := range p.Bundle.Tags() {
		add(tag)
	}
	for _, lang := range i18n.Vendor() {
		tag := language.MustParse(lang)
		if of, ok := p.Bundle.Of(tag); !ok || len(d.flow.Texts[lang]) > 0 || !seen[of.String()] {
			add(tag)
		}
	}
	other := views.Form{Get: true, Quiet: true, Action: d.base() + "/languages", Submit: "Open", Fields: []views.Field{
		{Name: "language", Label: "Another language", Hint: "Its tag, such as “is” or “fr-CA”.", Code: true}}}
	return p.designPage(c, d, tabLanguages, []views.DesignPart{
		{Section: &views.Section{ID: "languages", Title: "Languages", Table: &table,
			Lead: "Whoever signs in reads the language that the application asks for, that they chose here, or that their browser wishes; else the tenant’s own. Each language can say things in your words. A language without texts of ours is offered as soon as you give it some; the rest it says in the tenant’s own."}},
		{Section: &views.Section{ID: "other", Title: "Another language", Form: &other}}}, nil, nil)
}

// texting is a language of a flow.
type texting struct {
	*design
	tag  language.Tag
	list []wordbook.Text
	own  map[string]string
}

func (p *Portal) texting(c *fiber.Ctx) (*texting, error) {
	d, err := p.designing(c)
	if err != nil {
		return nil, err
	}
	tag, err := language.Parse(c.Params("lang"))
	if err != nil || tag == language.Und || tag.String() != c.Params("lang") {
		return nil, fault.New(fault.NotFound, "error.not_found")
	}
	x := &texting{design: d, tag: tag, own: d.flow.Texts[tag.String()]}
	x.list = wordbook.In(p.Bundle, tag, d.v.dir.Tenant.DefaultLocale, wordbook.Custom(d.v.dir.Definitions))
	return x, nil
}

func (x *texting) base() string { return x.design.base() + "/languages/" + x.tag.String() }

// looks is what the flow's words stand over: the company's look in this language.
func (x *texting) looks() map[string]string { return x.v.dir.Branding.For("", x.tag.String()).Texts }

func (p *Portal) flowTexts(c *fiber.Ctx) error {
	x, err := p.texting(c)
	if err != nil {
		return err
	}
	return p.textsPage(c, x, nil, nil)
}

// textsShown is how many texts a page has.
const textsShown = 40

// shownTexts are those that the page is narrowed to.
func (x *texting) shownTexts(q, show string) []wordbook.Text {
	q = strings.ToLower(q)
	return slices.DeleteFunc(slices.Clone(x.list), func(t wordbook.Text) bool {
		_, changed := x.own[t.ID]
		switch {
		case t.Unused:
			return true
		case show == "changed" && !changed:
			return true
		case show == "main" && branding.Ours(t.ID) && !changed:
			return true
		}
		return q != "" && !strings.Contains(strings.ToLower(t.ID+"\n"+t.Default+"\n"+x.own[t.ID]), q)
	})
}

func (p *Portal) textsPage(c *fiber.Ctx, x *texting, typedTexts map[string]string, problem []views.Problem) error {
	get := func(name string) string { return cmp.Or(strings.TrimSpace(c.Query(name)), typed(c, "at."+name)) }
	q, show := get("q"), get("show")
	if show == "" {
		show = choose(q == "", "main", "all")
	}
	found := x.shownTexts(q, show)
	page, _ := strconv.Atoi(get("page"))
	page = min(max(page, 0), max(0, (len(found)-1)/textsShown))
	shown := found[min(page*textsShown, len(found)):min((page+1)*textsShown, len(found))]
	name := englishName(x.tag)

	_, has := p.Bundle.Of(x.tag)
	lead := fmt.Sprintf("%s say what you wrote; everything else what is built in.", numberWords(len(x.own), "texts"))
	if !has {
		lead = fmt.Sprintf("There are no texts of ours in this language. %s; everything else is said in %s. Customers can choose the language as soon as a version with a text of it is published.",
			numberWords(len(x.own), "own texts"), englishName(p.Bundle.Match(x.v.dir.Tenant.DefaultLocale).Tag))
	}
	top := views.Section{ID: "files", Title: name, Lead: lead, Buttons: []views.Action{
		{Label: "Download defaults", Href: x.base() + "/defaults.json"}}}
	if len(x.own) > 0 {
		top.Buttons = append(top.Buttons, views.Action{Label: "Download overrides", Href: x.base() + "/overrides.json"})
		if x.speaks() {
			top.Buttons = append(top.Buttons, views.Action{Label: "Remove overrides", Post: x.base() + "/remove", Danger: true, About: "in " + name, Fields: map[string]string{"revision": strconv.Itoa(x.revision())}})
		}
	}
	find := views.Form{Get: true, Quiet: true, Action: x.base(), Submit: "Search", Fields: []views.Field{
		{Name: "q", Label: "Search in ids and texts", Type: "search", Value: q, Optional: true},
		{Kind: views.Select, Name: "show", Label: "Show", Value: show, Options: []views.Option{{Value: "main", Label: "The main texts, and changed ones"}, {Value: "all", Label: "All texts"}, {Value: "changed", Label: "Changed ones only"}}}}}
	parts := []views.DesignPart{{Section: &top}}
	if x.speaks() {
		parts = append(parts, views.DesignPart{Section: &views.Section{ID: "upload", Title: "Upload", Lead: "A file as it is downloaded here: one JSON object of ids and texts. You see what it would change before anything is saved. It takes the place of all own texts of this language.",
			Form: &views.Form{Action: x.base() + "/upload", Upload: true, Quiet: true, Submit: "Upload and check", Fields: []views.Field{
				{Kind: views.Hidden, Name: "revision", Value: strconv.Itoa(x.revision())}, {Name: "file", Label: "File", Type: "file", Hint: "JSON, at most 1 MB."}}}}})
	}
	parts = append(parts, views.DesignPart{Section: &views.Section{ID: "find", Title: "Texts", Form: &find}})
	label := fmt.Sprintf("%d–%d of %d", page*textsShown+1, page*textsShown+len(shown), len(found))
	switch {
	case len(found) == 0:
		parts = append(parts, views.DesignPart{Section: &views.Section{ID: "texts", Title: "No text found", Empty: "Nothing has these words in this language."}})
	case !x.speaks():
		t := views.Table{Caption: "Texts", Columns: []views.Column{{Label: "Id"}, {Label: "Built in"}, {Label: "Own text"}}}
		for _, text := range shown {
			t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{code(text.ID), plain(text.Default), plain(x.own[text.ID])}})
		}
		parts = append(parts, views.DesignPart{Section: &views.Section{ID: "texts", Title: label, Table: &t}})
	default:
		edit := views.Form{Action: x.base(), Submit: "Save draft", Main: true, Note: "An empty box is what is built in. Texts are plain: no HTML.", Fields: []views.Field{
			{Kind: views.Hidden, Name: "revision", Value: strconv.Itoa(x.revision())},
			{Kind: views.Hidden, Name: "at.q", Value: q}, {Kind: views.Hidden, Name: "at.show", Value: show}, {Kind: views.Hidden, Name: "at.page", Value: strconv.Itoa(page)}}}
		looks := x.looks()
		for _, text := range shown {
			edit.Fields = append(edit.Fields, x.textField(text, looks, typedTexts))
		}
		for _, bad := range problem {
			for i := range edit.Fields {
				if bad.Name != "" && edit.Fields[i].Name == bad.Name {
					edit.Fields[i].Error = bad.Text
				}
			}
		}
		s := &views.Section{ID: "texts", Title: label, Form: &edit}
		if (page+1)*textsShown < len(found) {
			s.Action = &views.Link{Label: "Further texts", Href: x.base() + "?" + query("q", q, "show", show, "page", strconv.Itoa(page+1))}
		}
		parts = append(parts, views.DesignPart{Section: s})
	}
	lead = fmt.Sprintf("Version %d, in use since %s.", x.now.Version, x.now.UpdatedAt.UTC().Format("2 January 2006, 15:04 UTC"))
	s, err := p.designShell(c, x.design, x.now.Name+": "+name, lead, views.Link{Label: x.now.Name, Href: x.design.base()}, views.Link{Label: tabLanguages, Href: x.design.base() + "/languages"})
	if err != nil {
		return err
	}
	return p.designView(c, s, x.design, tabLanguages, parts, nil, problem)
}

// textField is the box of one text, with what is built in above it.
func (x *texting) textField(t wordbook.Text, looks, typedTexts map[string]string) views.Field {
	f := views.Field{Name: "text." + t.ID, Label: t.ID, Value: x.own[t.ID], Optional: true}
	if typed, ok := typedTexts[t.ID]; ok {
		f.Value = typed
	}
	hint := "Built in: “" + t.Default + "”"
	switch {
	case t.Custom:
		hint = "Custom attribute “" + t.Default + "”"
	case t.Fell:
		hint = "Built in, in another language: “" + t.Default + "”"
	}
	if look := looks[t.ID]; look != "" {
		hint += ". Company branding says: “" + look + "”"
	}
	if strings.HasPrefix(slices.Min(append(slices.Collect(maps.Keys(t.Values)), "{x")), "{0") {
		for _, mark := range slices.Sorted(maps.Keys(t.Values)) {
			hint += ". " + mark + " is the name of the " + choose(t.Values[mark] == "app", "application", "company")
		}
	}
	f.Hint = hint
	if len(t.Default) > 80 || len(f.Value) > 80 || strings.Contains(f.Value, "\n") {
		f.Kind, f.Rows = views.TextArea, 3
	}
	if x.own[t.ID] != "" {
		f.Buttons = []views.Try{{Label: "Reset", Name: "reset", Value: t.ID}}
	}
	return f
}

func query(pairs ...string) string {
	var out []string
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out = append(out, pairs[i]+"="+strings.ReplaceAll(url.QueryEscape(pairs[i+1]), "+", "%20"))
		}
	}
	return strings.Join(out, "&")
}

// flowTextsFile is a file of the texts: as built in, or what the flow says instead.
func (p *Portal) flowTextsFile(overrides bool) fiber.Handler {
	return func(c *fiber.Ctx) error {
		x, err := p.texting(c)
		if err != nil {
			return err
		}
		name := "defaults"
		body := wordbook.File(x.list, func(t wordbook.Text) (string, bool) { return t.Default, true })
		if overrides {
			name = "overrides"
			body = wordbook.File(x.list, func(t wordbook.Text) (string, bool) { text, ok := x.own[t.ID]; return text, ok })
		}
		c.Set(fiber.HeaderContentType, "application/json; charset=utf-8")
		c.Set(fiber.HeaderContentDisposition, fmt.Sprintf(`attachment; filename="%s-%s.json"`, name, x.tag))
		c.Set(fiber.HeaderCacheControl, "no-store")
		return c.Send(body)
	}
}

// flowTextsSave takes the boxes of a page: an empty one gives the text back to what is built in.
func (p *Portal) flowTextsSave(c *fiber.Ctx) error {
	x, err := p.texting(c)
	if err != nil {
		return err
	}
	typedTexts := map[string]string{}
	reset := typed(c, "reset")
	for _, t := range x.list {
		if name := "text." + t.ID; c.Request().PostArgs().Has(name) {
			if typedTexts[t.ID] = typed(c, name); t.ID == reset {
				typedTexts[t.ID] = ""
			}
		}
	}
	r := wordbook.Check(x.list, typedTexts)
	if len(r.Refused) > 0 {
		var bad []views.Problem
		for _, refused := range r.Refused {
			bad = append(bad, views.Problem{Name: "text." + refused.ID, Text: refused.ID + ": " + refused.Said()})
		}
		return p.textsPage(c, x, typedTexts, bad)
	}
	after := maps.Clone(x.own)
	if after == nil {
		after = map[string]string{}
	}
	for id := range typedTexts {
		delete(after, id)
	}
	maps.Copy(after, r.Taken)
	back := x.base() + "?" + query("q", typed(c, "at.q"), "show", typed(c, "at.show"), "page", typed(c, "at.page"))
	return p.keepTexts(c, x, after, typedTexts, back)
}

// keepTexts puts a language's texts into the draft.
func (p *Portal) keepTexts(c *fiber.Ctx, x *texting, texts, typedTexts map[string]string, back string) error {
	changed, err := p.save(c, x.design, func(f *userflow.Flow) error { f.SetTexts(x.tag.String(), texts); return nil })
	if err != nil {
		l, e := handlers.InfoOf(c).Locale, fault.Of(err)
		if e.Code != fault.Invalid && e.Code != fault.Conflict {
			return err
		}
		bad := []views.Problem{{Text: l.T(e.Key, e.Args)}}
		for i, f := range e.Fields {
			if i == 0 {
				bad = nil
			}
			bad = append(bad, views.Problem{Text: l.T(f.Key, f.Args)})
		}
		return p.textsPage(c, x, typedTexts, bad)
	}
	return p.done(c, back, savedWords(x.flow.Name, changed))
}

// flowTextsUpload reads a file and says what it would do. Nothing is saved.
func (p *Portal) flowTextsUpload(c *fiber.Ctx) error {
	x, err := p.texting(c)
	if err != nil {
		return err
	}
	refuse := func(words string) error {
		return p.textsPage(c, x, nil, []views.Problem{{Text: words}})
	}
	if x.v.upload == nil || x.v.upload.file == nil {
		return refuse("Choose a file.")
	}
	body, err := x.v.upload.whole(wordbook.Largest)
	if err != nil {
		return err
	}
	texts, twice, odd, err := wordbook.Read(body)
	switch {
	case errors.Is(err, wordbook.ErrLarge):
		return refuse("The file is larger than 1 MB. Nothing of it was read.")
	case err != nil:
		return refuse("The file is not one JSON object of ids and texts in UTF-8. Download the defaults to see how it looks.")
	}
	r := wordbook.Check(x.list, texts)
	var sections []views.Section
	list := func(id, title, lead string, lines []string) {
		if len(lines) > 0 {
			sections = append(sections, views.Section{ID: id, Title: fmt.Sprintf("%s (%d)", title, len(lines)), Lead: lead, Summary: []views.Fact{{Label: "Ids", Value: views.Cell{Kind: views.Lines, List: lines}}}})
		}
	}
	by := map[wordbook.Why][]string{}
	for _, refused := range r.Refused {
		by[refused.Why] = append(by[refused.Why], shortID(refused.ID)+": "+refused.Said())
	}
	diff := views.Section{ID: "changed", Title: "What changes", Empty: "Nothing."}
	table := views.Table{Caption: "What changes", Columns: []views.Column{{Label: "Id"}, {Label: "Now"}, {Label: "Then"}}}
	defaults := map[string]string{}
	for _, t := range x.list {
		defaults[t.ID] = t.Default
	}
	changes := userflow.TextChanges(x.own, r.Taken)
	for _, id := range changes {
		table.Rows = append(table.Rows, views.Row{Cells: []views.Cell{code(id), plain(cmp.Or(x.own[id], defaults[id])), plain(cmp.Or(r.Taken[id], defaults[id]))}})
	}
	diff.Title, diff.Table = fmt.Sprintf("What changes (%d)", len(changes)), &table
	list("unknown", "Unknown", "These are left out.", by[wordbook.Unknown])
	list("long", "Too long", "These are left out.", by[wordbook.TooLong])
	list("other", "Not taken", "", slices.Concat(by[wordbook.Value], by[wordbook.Character], by[wordbook.Form], by[wordbook.Unused]))
	for i := range odd {
		odd[i] = shortID(odd[i])
	}
	list("odd", "No texts", "Their value is not a text.", odd)
	list("twice", "More than once in the file", "The last one counts.", twice)
	list("markup", "With HTML", "It is shown as it is typed, with its angle brackets.", r.Markup)
	sections = append([]views.Section{diff}, sections...)
	s, err := p.designShell(c, x.design, "Check the file", fmt.Sprintf("%s. %d texts are taken, %d are as built in, %d are not taken. Nothing is saved yet.", englishName(x.tag), len(r.Taken), len(r.Same), len(r.Refused)+len(odd)),
		views.Link{Label: x.now.Name, Href: x.design.base()}, views.Link{Label: tabLanguages, Href: x.design.base() + "/languages"}, views.Link{Label: englishName(x.tag), Href: x.base()})
	if err != nil {
		return err
	}
	if len(changes) > 0 {
		kept := wordbook.File(x.list, func(t wordbook.Text) (string, bool) { text, ok := r.Taken[t.ID]; return text, ok })
		sections = append(sections, views.Section{ID: "apply", Title: "Take these texts", Lead: "They go into the draft of the user flow, in place of all own texts of this language; customers see them when you publish it.",
			Form: &views.Form{Action: x.base() + "/apply", Main: true, Submit: "Save draft", Cancel: x.base(), Fields: []views.Field{
				{Kind: views.Hidden, Name: "revision", Value: x.v.field(c, "revision")}, {Kind: views.Hidden, Name: "texts", Value: string(kept)}}}})
	}
	return handlers.Render(c, fiber.StatusOK, views.DetailPage(s, views.Detail{Sections: sections}))
}

func shortID(id string) string {
	if r := []rune(id); len(r) > 100 {
		return string(r[:99]) + "…"
	}
	return id
}

// flowTextsApply saves what an upload was found to hold.
func (p *Portal) flowTextsApply(c *fiber.Ctx) error {
	x, err := p.texting(c)
	if err != nil {
		return err
	}
	texts, _, _, err := wordbook.Read([]byte(typed(c, "texts")))
	if err != nil {
		return fault.New(fault.Invalid, "error.bad_request")
	}
	return p.keepTexts(c, x, wordbook.Check(x.list, texts).Taken, nil, x.base()+"?show=changed")
}

// flowTextsRemove gives all texts of a language back to what is built in.
func (p *Portal) flowTextsRemove(c *fiber.Ctx) error {
	x, err := p.texting(c)
	if err != nil {
		return err
	}
	return p.keepTexts(c, x, nil, nil, x.design.base()+"/languages")
}
