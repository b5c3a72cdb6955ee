package admin

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

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
			row.Actions = []views.Action{d.restoreButton(x.Version)}
			row.Actions[0].About = first.Text
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
			since.Buttons = []views.Action{d.restoreButton(n)}
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

// restoreButton restores a version at once where nothing is lost by it; where there is a draft, it leads to the
// page that says what is.
func (d *design) restoreButton(n int) views.Action {
	at := fmt.Sprintf("%s/versions/%d/restore", d.base(), n)
	if d.has {
		return views.Action{Label: "Restore as draft…", Href: at}
	}
	return views.Action{Label: "Restore as draft", Post: at, Fields: map[string]string{"revision": "0"}}
}

func (p *Portal) flowRestoreForm(c *fiber.Ctx) error {
	d, n, err := p.version(c)
	if err != nil {
		return err
	}
	if _, err := d.v.tenant.FlowVersion(c.UserContext(), d.now.ID, n); err != nil {
		return err
	}
	return p.asked(c, d, d.restoreQuestion(n), nil)
}

// flowRestore puts an earlier version into the draft, where it can be looked at before it is published.
func (p *Portal) flowRestore(c *fiber.Ctx) error {
	d, n, err := p.version(c)
	if err != nil {
		return err
	}
	revision, _ := strconv.Atoi(typed(c, "revision")) // nonsense is a revision that nobody saw
	if _, err := d.v.tenant.RestoreVersion(c.UserContext(), d.v.actor(c), d.now.ID, n, revision); err != nil {
		return p.asked(c, d, d.restoreQuestion(n), ofRestore(d.v.dir, n, err))
	}
	return p.done(c, d.base(), fmt.Sprintf("Version %d of “%s” is the draft now. Customers see it when you publish it.", n, d.now.Name))
}

// ofRestore says about a version what is said about a flow, and how to get back an attribute that is gone: its
// API name follows from its name, so that it comes back by being made again.
func ofRestore(dir *models.Directory, n int, err error) error {
	out := *fault.Of(err)
	out.Fields = slices.Clone(out.Fields)
	for i, bad := range out.Fields {
		id, _ := bad.Args["id"].(string)
		if bad.Key == "flow.attribute.unknown" {
			out.Fields[i].Key, out.Fields[i].Args = "flow.restore.attribute", map[string]any{"version": n, "name": id[strings.LastIndexByte(id, '_')+1:]}
		} else {
			out.Fields[i].Args = named(dir, bad.Args)
		}
	}
	return &out
}

// question is a page that asks once more before it does something to the draft.
type question struct {
	title, action, submit string
	danger                bool
	what                  []string
	none                  string // why there is nothing to ask
}

func (d *design) restoreQuestion(n int) question {
	q := question{title: fmt.Sprintf("Restore version %d of “%s”?", n, d.now.Name), action: fmt.Sprintf("%s/versions/%d/restore", d.base(), n), submit: "Restore as draft", danger: d.has}
	if d.has {
		q.what = append([]string{fmt.Sprintf("The draft is replaced by version %d.", n)}, d.lost()...)
	} else {
		q.what = []string{fmt.Sprintf("Version %d becomes the draft.", n)}
	}
	q.what = append(q.what, "Customers see nothing of it until it is published.")
	return q
}

// lost are the changes that go with the draft.
func (d *design) lost() []string {
	changes := changesOf(d.v.dir, d.now.Flow, d.draft.Flow)
	switch len(changes) {
	case 0:
		return []string{"The draft by " + d.draft.ActorName + " is the same as the published version: nothing is lost."}
	case 1:
		return append([]string{"This change by " + d.draft.ActorName + " is lost:"}, changes...)
	}
	return append([]string{fmt.Sprintf("These %d changes by %s are lost:", len(changes), d.draft.ActorName)}, changes...)
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
	q.what = append(d.lost(), fmt.Sprintf("Customers notice nothing: version %d stays in use.", d.now.Version))
	return q
}

// asked shows a question, and why it was refused.
func (p *Portal) asked(c *fiber.Ctx, d *design, q question, problem error) error {
	s, err := p.designShell(c, d, q.title, "", views.Link{Label: d.now.Name, Href: d.base()})
	if err != nil {
		return err
	}
	s.Primary = nil
	if q.none == "" && !d.ends() && problem == nil {
		q.none = "The draft changes more of the user flow than its texts. Whoever may change user flows decides about it."
	}
	form := views.Form{Action: q.action, Submit: q.submit, Danger: q.danger, Cancel: d.home(), Fields: []views.Field{{Kind: views.Hidden, Name: "revision", Value: strconv.Itoa(d.revision())}}}
	if problem != nil && fault.Of(problem).Key == "flow.draft.changed" { // nothing was typed here: what was asked is asked again
		problem = &fault.Error{Code: fault.Conflict, Key: "flow.draft.changed_meanwhile", Args: fault.Of(problem).Args}
	}
	if !complain(handlers.InfoOf(c).Locale, &form, problem) {
		return problem
	}
	if q.none != "" {
		status := fiber.StatusOK
		if s.Problems = form.Problems; len(s.Problems) > 0 {
			status = fiber.StatusUnprocessableEntity
		}
		return handlers.Render(c, status, views.DetailPage(s, views.Detail{Sections: []views.Section{{Title: "Draft", Empty: q.none, Buttons: []views.Action{{Label: "Back to the user flow", Href: d.home()}}}}}))
	}
	return p.confirm(c, s, views.Confirm{Consequences: q.what, Form: form})
}

// endsAt is the revision of the draft that is published or discarded. Whoever may do so with drafts of texts alone gets no
// further than to the one that was looked at here.
func (d *design) endsAt(c *fiber.Ctx) (int, error) {
	revision, _ := strconv.Atoi(typed(c, "revision")) // nonsense is a revision that nobody saw
	if d.has && !d.ends() {
		return 0, fault.New(fault.Denied, "admin.permission.draft")
	}
	if d.has && !d.writes() && revision != d.draft.Revision {
		revision = -1
	}
	return revision, nil
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
	revision, err := d.endsAt(c)
	if err != nil {
		return err
	}
	f, err := d.v.tenant.PublishDraft(c.UserContext(), d.v.actor(c), d.now.ID, revision)
	if err != nil {
		return p.asked(c, d, d.publishQuestion(), err)
	}
	return p.done(c, d.base()+choose(d.reads(), "/versions", "/languages"), fmt.Sprintf("Version %d of “%s” published.", f.Version, f.Name))
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
	revision, err := d.endsAt(c)
	if err != nil {
		return err
	}
	if err := d.v.tenant.DiscardDraft(c.UserContext(), d.v.actor(c), d.now.ID, revision); err != nil {
		return p.asked(c, d, d.discardQuestion(), err)
	}
	return p.done(c, d.home(), "Draft of “"+d.now.Name+"” discarded.")
}
