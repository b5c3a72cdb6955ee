package admin

import (
	"fmt"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"portico/app/branding"
	"portico/app/fault"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// ask is a page that asks once more before it does something to a look.
func (p *Portal) askLook(c *fiber.Ctx, x look, title, none string, what []string, f views.Form, problem error) error {
	s, err := p.shell(c, title, "", brandingHelp(), p.brandingCrumbs(x, views.Link{Label: x.title(), Href: x.base()})...)
	if err != nil {
		return err
	}
	f.Cancel = x.edit(tabReview, "")
	f.Fields = append([]views.Field{{Kind: views.Hidden, Name: "revision", Value: strconv.Itoa(x.Revision)}}, f.Fields...)
	if problem != nil {
		keepTyped(c, &f)
	}
	if !complain(handlers.InfoOf(c).Locale, &f, problem) {
		return problem
	}
	if none != "" {
		s.Problems = f.Problems
		return handlers.Render(c, choose3(len(s.Problems) > 0, fiber.StatusUnprocessableEntity, fiber.StatusOK), views.DetailPage(s, views.Detail{Sections: []views.Section{{Title: "Draft", Empty: none, Buttons: []views.Action{{Label: "Back", Href: x.base()}}}}}))
	}
	return p.confirm(c, s, views.Confirm{Consequences: what, Form: f})
}

func choose3(b bool, yes, no int) int {
	if b {
		return yes
	}
	return no
}

func (p *Portal) brandingPublishForm(c *fiber.Ctx) error { return p.publishLookWith(c, nil) }

func (p *Portal) publishLookWith(c *fiber.Ctx, problem error) error {
	x, err := p.looking(c)
	if err != nil {
		return err
	}
	none := ""
	if !x.Changed {
		none = "There is no draft: customers see everything already."
	}
	what := lookChanges(x.Published, x.Draft)
	if x.theme() && len(x.Apps) == 0 {
		what = append(what, "No application has this theme yet, so that nobody sees it before one does.")
	} else {
		what = append(what, "Whoever opens a page from now on sees it.")
	}
	f := views.Form{Action: x.base() + "/publish", Submit: fmt.Sprintf("Publish version %d", x.Version+1), Fields: []views.Field{{Name: "note", Label: "Note", Optional: true, Hint: "For whoever reads the history: why it was changed."}}}
	return p.askLook(c, x, "Publish "+x.quoted()+"?", none, what, f, problem)
}

func (p *Portal) brandingPublish(c *fiber.Ctx) error {
	x, err := p.looking(c)
	if err != nil {
		return err
	}
	b, err := x.v.tenant.PublishBranding(c.UserContext(), x.v.actor(c), x.ID, revised(c), typed(c, "note"))
	if err != nil {
		return p.publishLookWith(c, err)
	}
	return p.done(c, x.base()+"/versions", fmt.Sprintf("Version %d of %s published. Customers see it from now on.", b.Version, x.quoted()))
}

func (p *Portal) brandingDiscardForm(c *fiber.Ctx) error { return p.discardLookWith(c, nil) }

func (p *Portal) discardLookWith(c *fiber.Ctx, problem error) error {
	x, err := p.looking(c)
	if err != nil {
		return err
	}
	none := ""
	if !x.Changed {
		none = "There is no draft to discard."
	}
	what := append(x.lost(), "Customers notice nothing.")
	return p.askLook(c, x, "Discard the draft of "+x.quoted()+"?", none, what, views.Form{Action: x.base() + "/discard", Submit: "Discard draft", Danger: true}, problem)
}

// lost are the changes that go with the draft.
func (x look) lost() []string {
	var out []string
	for _, line := range lookChanges(x.Published, x.Draft) {
		out = append(out, "Lost: "+line)
	}
	if len(out) == 0 {
		out = []string{"The draft by " + x.DraftBy + " is the same as what is published: nothing is lost."}
	}
	return out
}

func (p *Portal) brandingDiscard(c *fiber.Ctx) error {
	x, err := p.looking(c)
	if err != nil {
		return err
	}
	if err := x.v.tenant.DiscardBrandingDraft(c.UserContext(), x.v.actor(c), x.ID, revised(c)); err != nil {
		return p.discardLookWith(c, err)
	}
	return p.done(c, x.base(), "Draft of "+x.quoted()+" discarded.")
}

// brandingVersions is the history: when, by whom, why, and what changed in words.
func (p *Portal) brandingVersions(c *fiber.Ctx) error {
	x, err := p.looking(c)
	if err != nil {
		return err
	}
	versions, err := x.v.tenant.BrandingVersions(c.UserContext(), x.ID)
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Versions", "Everything that was published of "+x.quoted()+", newest first.", brandingHelp(), p.brandingCrumbs(x, views.Link{Label: x.title(), Href: x.base()})...)
	if err != nil {
		return err
	}
	t := &views.Table{Caption: "Versions", Columns: []views.Column{{Label: "Version"}, {Label: "Published"}, {Label: "By"}, {Label: "Note"}, {Label: "What changed"}}, Actions: x.writes()}
	for i, v := range versions {
		name := fmt.Sprintf("Version %d", v.Version)
		row := views.Row{Cells: []views.Cell{{Text: name, Href: fmt.Sprintf("%s/versions/%d", x.base(), v.Version)}, when(v.CreatedAt), {Kind: views.Name, Text: v.ActorName}, {Kind: views.Name, Text: v.Note}, lookChangesCell(versions, i)}}
		if i == 0 {
			row.Cells[0].Sub = "Customers see it"
		} else if x.writes() {
			row.Actions = []views.Action{{Label: "Restore as draft…", About: name, Href: fmt.Sprintf("%s/versions/%d/restore", x.base(), v.Version)}}
		}
		t.Rows = append(t.Rows, row)
	}
	return p.detail(c, s, views.Detail{Sections: []views.Section{{ID: "versions", Title: "Versions", Table: t, Empty: "Nothing was published yet."}}})
}

func lookChangesCell(versions []models.BrandingVersion, i int) views.Cell {
	before := branding.Document{}
	if i+1 < len(versions) {
		before = versions[i+1].Document
	}
	changes := lookChanges(before, versions[i].Document)
	if more := len(changes) - 4; more > 1 {
		changes = append(changes[:4:4], fmt.Sprintf("and %d more", more))
	}
	if len(changes) == 0 {
		return plain("Nothing")
	}
	return views.Cell{Kind: views.Lines, List: changes}
}

// versionOf finds one published version and the one before it.
func (p *Portal) versionOf(c *fiber.Ctx, x look) (is models.BrandingVersion, before branding.Document, err error) {
	n, err := strconv.Atoi(c.Params("version"))
	if err != nil {
		return is, before, fault.New(fault.NotFound, "error.not_found")
	}
	versions, err := x.v.tenant.BrandingVersions(c.UserContext(), x.ID)
	if err != nil {
		return is, before, err
	}
	for i, v := range versions {
		if v.Version == n {
			if i+1 < len(versions) {
				before = versions[i+1].Document
			}
			return v, before, nil
		}
	}
	return is, before, fault.New(fault.NotFound, "error.not_found")
}

// brandingVersion is one version of the past: what it changed, what is different since, and how it looked.
func (p *Portal) brandingVersion(c *fiber.Ctx) error {
	x, err := p.looking(c)
	if err != nil {
		return err
	}
	v, before, err := p.versionOf(c, x)
	if err != nil {
		return err
	}
	s, err := p.shell(c, fmt.Sprintf("Version %d", v.Version), "Of "+x.quoted()+", published by "+v.ActorName+".", brandingHelp(),
		p.brandingCrumbs(x, views.Link{Label: x.title(), Href: x.base()}, views.Link{Label: "Versions", Href: x.base() + "/versions"})...)
	if err != nil {
		return err
	}
	shown := askedPage(c).settled(p, x.v, "")
	src := x.base() + "/preview?version=" + strconv.Itoa(v.Version) + "&"
	d := views.Studio{Preview: &views.StudioPreview{Src: src + shown.query(), All: x.base() + "/compare", Page: shown.page, Pages: lookPages(), Language: shown.lang, Languages: p.lookLanguages(v.Document), Scheme: shown.scheme,
		Note: fmt.Sprintf("Version %d. Nothing can be pressed in it.", v.Version)}}
	d.Parts = append(d.Parts, views.Section{ID: "about", Title: "Published", Summary: facts(fact("When", when(v.CreatedAt)), fact("By", views.Cell{Kind: views.Name, Text: v.ActorName}), fact("Note", views.Cell{Kind: views.Name, Text: v.Note}))},
		saysSection("changed", "What it changed", lookChanges(before, v.Document)))
	if v.Version != x.Version {
		since := saysSection("since", "Different since then", lookChanges(v.Document, x.Published))
		if x.writes() {
			since.Buttons = []views.Action{{Label: "Restore as draft…", Href: fmt.Sprintf("%s/versions/%d/restore", x.base(), v.Version)}}
		}
		d.Parts = append(d.Parts, since)
	}
	return handlers.Render(c, fiber.StatusOK, views.StudioPage(s, d))
}

func saysSection(id, title string, lines []string) views.Section {
	return views.Section{ID: id, Title: title, Says: lines, Empty: choose(len(lines) == 0, "Nothing.", "")}
}

func (p *Portal) brandingRestoreForm(c *fiber.Ctx) error { return p.restoreLookWith(c, nil) }

func (p *Portal) restoreLookWith(c *fiber.Ctx, problem error) error {
	x, err := p.looking(c)
	if err != nil {
		return err
	}
	v, _, err := p.versionOf(c, x)
	if err != nil {
		return err
	}
	what := []string{fmt.Sprintf("Version %d becomes the draft. Customers see nothing of it until it is published.", v.Version)}
	for _, line := range lookChanges(x.Published, v.Document) {
		what = append(what, "Published later, it changes: "+line)
	}
	if x.Changed {
		what = append(what, x.lost()...)
	}
	return p.askLook(c, x, fmt.Sprintf("Restore version %d of %s?", v.Version, x.quoted()), "", what, views.Form{Action: fmt.Sprintf("%s/versions/%d/restore", x.base(), v.Version), Submit: "Restore as draft", Danger: x.Changed}, problem)
}

func (p *Portal) brandingRestore(c *fiber.Ctx) error {
	x, err := p.looking(c)
	if err != nil {
		return err
	}
	v, _, err := p.versionOf(c, x)
	if err != nil {
		return err
	}
	if _, err := x.v.tenant.RestoreBranding(c.UserContext(), x.v.actor(c), x.ID, v.Version, revised(c)); err != nil {
		return p.restoreLookWith(c, err)
	}
	return p.done(c, x.edit(tabReview, ""), fmt.Sprintf("Version %d of %s is the draft now. Customers see it when you publish it.", v.Version, x.quoted()))
}
