package admin

import (
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/app/userflow"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

func (p *Portal) flowApps(c *fiber.Ctx) error { return p.flowAppsPage(c, nil) }

// flowAppsPage lists the applications that use the flow. They are no part of the draft: adding one counts at
// once, because an application without a flow has no sign-in pages.
func (p *Portal) flowAppsPage(c *fiber.Ctx, problem error) error {
	d, err := p.designing(c)
	if err != nil {
		return err
	}
	apps := flowAppsSection(d.v, d.now)
	var problems []views.Problem
	if problem != nil {
		if apps.Form == nil || !complain(handlers.InfoOf(c).Locale, apps.Form, problem) {
			return problem
		}
		problems = apps.Form.Problems
	}
	if !d.writes() {
		readOnly(&apps)
	}
	return p.designPage(c, d, tabApps, []views.DesignPart{{Section: &apps}}, nil, problems)
}

func flowAppsSection(v *visit, f models.UserFlow) views.Section {
	s := views.Section{ID: "applications", Title: "Applications", Lead: "People of these applications see this flow's pages. An application is in one flow at most. A change here counts at once; it is no part of the draft.", Empty: "None yet."}
	t := &views.Table{Caption: "Applications of this flow", Columns: []views.Column{{Label: "Name"}, {Label: "Kind"}, {Label: "Client ID"}}, Actions: true}
	options := []views.Option{{Label: "Choose an application"}}
	for _, cl := range sortedClients(v.dir) {
		if slices.Contains(f.ApplicationIDs, cl.ObjectID) {
			only := ""
			if cl.AssignmentRequired {
				only = "Only for people who are assigned to it" + choose(f.SignUpAllowed, ": nobody can sign up through it", "")
			}
			t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: cl.Name, Sub: only, Href: v.base() + "/applications/" + cl.ObjectID}, plain(kindLabel(cl.Kind)), code(cl.ID)},
				Actions: []views.Action{{Label: "Remove", About: cl.Name, Post: v.flowBase(f.ID) + "/apps/remove", Fields: map[string]string{"application": cl.ObjectID}}}})
			continue
		}
		if cl.Kind == models.DaemonApp {
			continue
		}
		label := cl.Name
		if other, ok := v.dir.Flow(cl.ID); ok {
			label += " (now in “" + other.Name + "”)"
		}
		options = append(options, views.Option{Value: cl.ObjectID, Label: label})
	}
	s.Table = t
	if len(options) > 1 {
		s.Form = &views.Form{Action: v.flowBase(f.ID) + "/apps/add", Submit: "Add application", Fields: []views.Field{{Kind: views.Select, Name: "application", Label: "Add an application", Options: options}}}
	}
	return s
}

// freeApps are the applications that no flow has.
func freeApps(d *models.Directory) []views.Option {
	out := []views.Option{}
	for _, cl := range sortedClients(d) {
		if _, taken := d.FlowOf[cl.ID]; !taken && cl.Kind != models.DaemonApp {
			out = append(out, views.Option{Value: cl.ObjectID, Label: cl.Name})
		}
	}
	return out
}

func (p *Portal) flowAppAdd(c *fiber.Ctx) error {
	v := visitOf(c)
	id := typed(c, "application")
	if id == "" {
		return p.flowAppsPage(c, fault.BadField("application", "admin.flow.choose_app", nil))
	}
	if err := v.tenant.AddFlowApp(c.UserContext(), v.actor(c), c.Params("id"), id); err != nil {
		return p.flowAppsPage(c, err)
	}
	return p.done(c, v.flowBase(c.Params("id"))+"/apps", "Application “"+appName(v.dir, id)+"” added.")
}

func appName(d *models.Directory, objectID string) string {
	for _, cl := range d.Clients {
		if cl.ObjectID == objectID {
			return cl.Name
		}
	}
	return objectID
}

func (p *Portal) flowAppRemove(c *fiber.Ctx) error {
	v := visitOf(c)
	id := typed(c, "application")
	if err := v.tenant.RemoveFlowApp(c.UserContext(), v.actor(c), c.Params("id"), id); err != nil {
		return err
	}
	return p.done(c, v.flowBase(c.Params("id"))+"/apps", "Application “"+appName(v.dir, id)+"” removed. Nobody can sign in to it until it is in a flow again.")
}

func (p *Portal) flowDeleteForm(c *fiber.Ctx) error {
	v := visitOf(c)
	f, err := v.tenant.Flow(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	what := []string{"Its versions are deleted too. This cannot be undone."}
	for _, id := range f.ApplicationIDs {
		what = append([]string{"Nobody can sign in to “" + appName(v.dir, id) + "” until it is in another flow."}, what...)
	}
	return p.flowDeletePage(c, f.Flow, what, nil)
}

// flowDeletePage asks once more, and says why it was refused.
func (p *Portal) flowDeletePage(c *fiber.Ctx, f userflow.Flow, what []string, problem error) error {
	v := visitOf(c)
	form := deleteFlowForm(f, v.flowBase(f.ID))
	if problem != nil {
		keepTyped(c, &form)
	}
	if !complain(handlers.InfoOf(c).Locale, &form, problem) {
		return problem
	}
	s, err := p.shell(c, "Delete “"+f.Name+"”?", "", views.Help{}, views.Link{Label: "User flows", Href: v.base() + "/user-flows"}, views.Link{Label: f.Name, Href: v.flowBase(f.ID)})
	if err != nil {
		return err
	}
	return p.confirm(c, s, views.Confirm{Consequences: what, Form: form})
}

// deleteFlowForm asks for the name, because deleting a flow cannot be undone.
func deleteFlowForm(f userflow.Flow, base string) views.Form {
	return views.Form{Action: base + "/delete", Submit: "Delete user flow", Danger: true, Cancel: base,
		Fields: []views.Field{{Name: "name", Label: "Type the name of the user flow", Hint: f.Name}}}
}

func (p *Portal) flowDelete(c *fiber.Ctx) error {
	v := visitOf(c)
	f, err := v.tenant.Flow(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	if !strings.EqualFold(typed(c, "name"), strings.TrimSpace(f.Name)) {
		return p.flowDeletePage(c, f.Flow, []string{"This cannot be undone."}, fault.BadField("name", "admin.delete.name", nil))
	}
	if err := v.tenant.DeleteFlow(c.UserContext(), v.actor(c), f.ID); err != nil {
		return p.flowDeletePage(c, f.Flow, []string{"This cannot be undone."}, err)
	}
	return p.done(c, v.base()+"/user-flows", "User flow “"+f.Name+"” deleted.")
}
