package admin

import (
	"fmt"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// flowVersions is the history: when, by whom, and what changed in words.
func (p *Portal) flowVersions(c *fiber.Ctx) error {
	d, err := p.designing(c)
	if err != nil {
		return err
	}
	versions, err := d.v.tenant.FlowVersions(c.UserContext(), d.now.ID)
	if err != nil {
		return err
	}
	t := &views.Table{Caption: "Versions", Columns: []views.Column{{Label: "Version"}, {Label: "Published"}, {Label: "By"}, {Label: "What changed"}}, Actions: d.writes()}
	for i, x := range versions {
		first := views.Cell{Text: fmt.Sprintf("Version %d", x.Version), Href: fmt.Sprintf("%s/versions/%d", d.base(), x.Version)}
		row := views.Row{Cells: []views.Cell{first, when(x.CreatedAt), {Kind: views.Name, Text: x.ActorName}, changesCell(d.v.dir, versions, i)}}
		if i == 0 {
			row.Cells[0].Sub = "In use"
		} else if d.writes() {
			row.Actions = []views.Action{{Label: "Restore as draft", About: first.Text, Post: first.Href + "/restore", Fields: map[string]string{"revision": strconv.Itoa(d.revision())}}}
		}
		t.Rows = append(t.Rows, row)
	}
	list := views.Section{ID: "versions", Title: "Versions", Lead: "Every published version is kept. The sign-in log names the one that each person had.", Table: t}
	return p.designPage(c, d, tabVersions, []views.DesignPart{{Section: &list}}, nil, nil)
}

// changesCell says what a version changed against the one before it.
func changesCell(dir *models.Directory, versions []models.FlowVersion, i int) views.Cell {
	if i+1 == len(versions) {
		return plain("The first version")
	}
	changes := changesOf(dir, versions[i+1].Flow, versions[i].Flow)
	if more := len(changes) - 4; more > 1 {
		changes = append(changes[:4:4], fmt.Sprintf("and %d more", more))
	}
	if len(changes) == 0 {
		return plain("Nothing")
	}
	return views.Cell{Kind: views.Lines, List: changes}
}

// flowVersion is one version of the past as it was.
func (p *Portal) flowVersion(c *fiber.Ctx) error {
	d, n, err := p.version(c)
	if err != nil {
		return err
	}
	f, err := d.v.tenant.FlowVersion(c.UserContext(), d.now.ID, n)
	if err != nil {
		return err
	}
	s, err := p.designShell(c, d, fmt.Sprintf("Version %d of “%s”", n, f.Name), "", views.Link{Label: d.now.Name, Href: d.base()}, views.Link{Label: tabVersions, Href: d.base() + "/versions"})
	if err != nil {
		return err
	}
	s.Primary = nil
	summary := flowSummary(d.v.dir, f)
	summary.Title = "As it was"
	parts := []views.DesignPart{{Section: &summary}}
	if n != d.now.Version {
		since := changesPart("since", "Changed since then", "What version "+strconv.Itoa(d.now.Version)+", in use now, has different.", changesOf(d.v.dir, f, d.now.Flow))
		if d.writes() {
			since.Buttons = []views.Action{{Label: "Restore as draft", Post: fmt.Sprintf("%s/versions/%d/restore", d.base(), n), Fields: map[string]string{"revision": strconv.Itoa(d.revision())}}}
		}
		parts = append(parts, since)
	}
	if n > 1 {
		before, err := d.v.tenant.FlowVersion(c.UserContext(), d.now.ID, n-1)
		if err != nil {
			return err
		}
		parts = append(parts, changesPart("changed", "What it changed", fmt.Sprintf("Against version %d.", n-1), changesOf(d.v.dir, before, f)))
	}
	preview, err := p.previewOf(c, d.v, f, d.base()+"/versions/"+strconv.Itoa(n), "")
	if err != nil {
		return err
	}
	preview.Note = fmt.Sprintf("A picture of version %d. Nothing can be pressed in it.", n)
	preview.Refresh += "?version=" + strconv.Itoa(n)
	return p.designView(c, s, d, tabVersions, parts, preview, nil)
}

// changesPart lists changes in words.
func changesPart(id, title, lead string, changes []string) views.DesignPart {
	x := views.DesignPart{ID: id, Title: title, Lead: lead, Changes: changes}
	if len(changes) == 0 {
		x.Empty = "Nothing."
	}
	return x
}

func (p *Portal) version(c *fiber.Ctx) (*design, int, error) {
	d, err := p.designing(c)
	if err != nil {
		return nil, 0, err
	}
	n, err := strconv.Atoi(c.Params("version"))
	if err != nil || n < 1 {
		return nil, 0, fault.New(fault.NotFound, "error.not_found")
	}
	return d, n, nil
}

// flowRestore puts an earlier version into the draft, where it can be looked at before it is published.
func (p *Portal) flowRestore(c *fiber.Ctx) error {
	d, n, err := p.version(c)
	if err != nil {
		return err
	}
	revision, _ := strconv.Atoi(typed(c, "revision")) // nonsense is a revision that nobody saw
	if _, err := d.v.tenant.RestoreVersion(c.UserContext(), d.v.actor(c), d.now.ID, n, revision); err != nil {
		return p.asked(c, d, d.restoreQuestion(n), err)
	}
	return p.done(c, d.base(), fmt.Sprintf("Version %d of “%s” is the draft now. Customers see it when you publish it.", n, d.now.Name))
}

// question is a page that asks once more before it does something to the draft.
type question struct {
	title, action, submit string
	danger                bool
	what                  []string
	none                  string // why there is nothing to ask
}

func (d *design) restoreQuestion(n int) question {
	return question{title: fmt.Sprintf("Restore version %d of “%s”?", n, d.now.Name), action: fmt.Sprintf("%s/versions/%d/restore", d.base(), n), submit: "Restore as draft",
		what: []string{"What is in the draft now is replaced by that version.", "Customers see nothing of it until it is published."}}
}

func (d *design) publishQuestion() question {
	q := question{title: "Publish “" + d.now.Name + "”?", action: d.base() + "/publish", submit: fmt.Sprintf("Publish version %d", d.now.Version+1)}
	if !d.has {
		q.none = "There is no draft: nothing has been changed since the last version was published."
		return q
	}
	q.what = append([]string{}, changesOf(d.v.dir, d.now.Flow, d.flow)...)
	if d.draft.Base != d.now.Version {
		q.what = append(q.what, fmt.Sprintf("The draft began from version %d; version %d, published since then, is replaced as well.", d.draft.Base, d.now.Version))
	}
	q.what = append(q.what, "Whoever signs in or up from now on gets the new version.", "Whoever is in the middle of it finishes with the version they started with.")
	return q
}

func (d *design) discardQuestion() question {
	q := question{title: "Discard the draft of “" + d.now.Name + "”?", action: d.base() + "/discard", submit: "Discard draft", danger: true}
	if !d.has {
		q.none = "There is no draft to discard."
		return q
	}
	q.what = []string{fmt.Sprintf("These %d changes by %s are lost:", len(changesOf(d.v.dir, d.now.Flow, d.flow)), d.draft.ActorName)}
	q.what = append(append(q.what, changesOf(d.v.dir, d.now.Flow, d.flow)...), fmt.Sprintf("Customers notice nothing: version %d stays in use.", d.now.Version))
	return q
}

// asked shows a question, and why it was refused.
func (p *Portal) asked(c *fiber.Ctx, d *design, q question, problem error) error {
	s, err := p.designShell(c, d, q.title, "", views.Link{Label: d.now.Name, Href: d.base()})
	if err != nil {
		return err
	}
	s.Primary = nil
	if q.none != "" && problem == nil {
		return p.detail(c, s, views.Detail{Sections: []views.Section{{Title: "Draft", Empty: q.none, Buttons: []views.Action{{Label: "Back to the user flow", Href: d.base()}}}}})
	}
	form := views.Form{Action: q.action, Submit: q.submit, Danger: q.danger, Cancel: d.base(), Fields: []views.Field{{Kind: views.Hidden, Name: "revision", Value: strconv.Itoa(d.revision())}}}
	if !complain(handlers.InfoOf(c).Locale, &form, problem) {
		return problem
	}
	return p.confirm(c, s, views.Confirm{Consequences: q.what, Form: form})
}

func (p *Portal) publishForm(c *fiber.Ctx) error {
	d, err := p.designing(c)
	if err != nil {
		return err
	}
	return p.asked(c, d, d.publishQuestion(), nil)
}

func (p *Portal) publish(c *fiber.Ctx) error {
	d, err := p.designing(c)
	if err != nil {
		return err
	}
	revision, _ := strconv.Atoi(typed(c, "revision")) // nonsense is a revision that nobody saw
	f, err := d.v.tenant.PublishDraft(c.UserContext(), d.v.actor(c), d.now.ID, revision)
	if err != nil {
		return p.asked(c, d, d.publishQuestion(), err)
	}
	return p.done(c, d.base()+"/versions", fmt.Sprintf("Version %d of “%s” published.", f.Version, f.Name))
}

func (p *Portal) discardForm(c *fiber.Ctx) error {
	d, err := p.designing(c)
	if err != nil {
		return err
	}
	return p.asked(c, d, d.discardQuestion(), nil)
}

func (p *Portal) discard(c *fiber.Ctx) error {
	d, err := p.designing(c)
	if err != nil {
		return err
	}
	if err := d.v.tenant.DiscardDraft(c.UserContext(), d.v.actor(c), d.now.ID); err != nil {
		return p.asked(c, d, d.discardQuestion(), err)
	}
	return p.done(c, d.base(), "Draft of “"+d.now.Name+"” discarded.")
}
