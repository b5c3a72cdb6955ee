package admin

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/openid"
	"portico/app/userflow"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

func flowsHelp() views.Help {
	return views.Help{What: "A user flow is the set of pages by which people sign up and sign in: with what they prove themselves, and what they tell about themselves when signing up.",
		Do: "Make one and add applications to it. An application is in one flow at most; a flow serves many applications. Each change is published as a new version; whoever is signing in at that moment finishes with the version they started with."}
}

// sortedFlows are the tenant's flows by name.
func sortedFlows(d *models.Directory) []*userflow.Flow {
	out := make([]*userflow.Flow, 0, len(d.Flows))
	for _, f := range d.Flows {
		out = append(out, f)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// sortedClients are the tenant's applications by name.
func sortedClients(d *models.Directory) []*openid.Client {
	out := make([]*openid.Client, 0, len(d.Clients))
	for _, c := range d.Clients {
		out = append(out, c)
	}
	sort.Slice(out, func(i, j int) bool {
		return out[i].Name < out[j].Name || out[i].Name == out[j].Name && out[i].ID < out[j].ID
	})
	return out
}

func factorLabel(m userflow.Method) string {
	if m == userflow.EmailCode {
		return "Email with a one-time code"
	}
	return "Email with password"
}

func enforcementLabel(e userflow.Enforcement) string {
	switch e {
	case userflow.MFAOff:
		return "Off"
	case userflow.MFAAlways:
		return "Always"
	}
	return "When a policy demands it"
}

func (p *Portal) flowList(c *fiber.Ctx) error {
	v, w := visitOf(c), viewOf(c, "search", "method")
	flows, err := p.flowsFor(c.UserContext(), v, w)
	if err != nil {
		return err
	}
	if f := c.Query("format"); f == "csv" || f == "json" {
		return download(c, f, "user-flows-"+v.dir.Tenant.Slug, flowColumns(), func(f models.UserFlow) any { return f.Flow },
			func(context.Context, string) ([]models.UserFlow, string, error) { return flows, "", nil })
	}
	s, err := p.shell(c, "User flows", "The pages by which people sign up and sign in.", flowsHelp())
	if err != nil {
		return err
	}
	create := &views.Link{Label: "New user flow", Href: v.base() + "/user-flows/new"}
	if v.may(access.FlowWrite) {
		s.Primary = create
	} else {
		create = nil
	}
	t := views.Table{Caption: "User flows", Columns: []views.Column{{Label: "Name"}, {Label: "New people get"}, {Label: "Sign-up"}, {Label: "Second factor"}, {Label: "Applications", Num: true}, {Label: "Version", Num: true}, {Label: "Changed"}}}
	for _, f := range flows {
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: f.Name, Href: v.base() + "/user-flows/" + f.ID}, plain(factorLabel(f.SignUpMethod)),
			badge(choose(f.SignUpAllowed, "ok", "neutral"), choose(f.SignUpAllowed, "Open", "Closed")), plain(enforcementLabel(f.MFA.Enforcement)),
			{Kind: views.Num, Text: strconv.Itoa(len(f.ApplicationIDs))}, {Kind: views.Num, Text: strconv.Itoa(f.Version)}, when(f.UpdatedAt)}})
	}
	l := views.List{Filter: w.filter(3, views.Field{Name: "search", Label: "Name", Type: "search"},
		views.Field{Kind: views.Select, Name: "method", Label: "New people get", Options: []views.Option{{Label: "Any method"}, {Value: "emailPassword", Label: factorLabel(userflow.EmailPassword)}, {Value: "emailCode", Label: factorLabel(userflow.EmailCode)}}}),
		Table: t, Shown: shown(len(flows), "user flow", "by name"),
		Empty: emptyOf(w, "No user flows yet", "Make the first one, so that your applications have sign-up and sign-in pages.", create)}
	w.finish(&l, "")
	return p.list(c, s, l)
}

// flowsFor reads the flows that fit a view. A tenant has few, so they come at once.
func (p *Portal) flowsFor(ctx context.Context, v *visit, w view) ([]models.UserFlow, error) {
	all, err := v.tenant.Flows(ctx)
	return slices.DeleteFunc(all, func(f models.UserFlow) bool {
		return !strings.Contains(strings.ToLower(f.Name), strings.ToLower(w.get("search"))) || w.has("method") && string(f.SignUpMethod) != w.get("method")
	}), err
}

func flowColumns() []column[models.UserFlow] {
	return []column[models.UserFlow]{
		{"id", func(f models.UserFlow) string { return f.ID }}, {"displayName", func(f models.UserFlow) string { return f.Name }},
		{"version", func(f models.UserFlow) string { return strconv.Itoa(f.Version) }}, {"signUpMethod", func(f models.UserFlow) string { return string(f.SignUpMethod) }},
		{"signUpAllowed", func(f models.UserFlow) string { return fmt.Sprint(f.SignUpAllowed) }}, {"mfa", func(f models.UserFlow) string { return string(f.MFA.Enforcement) }},
		{"applications", func(f models.UserFlow) string { return strings.Join(f.ApplicationIDs, " ") }}, {"modifiedDateTime", func(f models.UserFlow) string { return stamp(f.UpdatedAt) }},
	}
}

func attributeLabel(id string) string {
	if w, ok := map[string]string{"givenName": "First name", "surname": "Last name", "displayName": "Display name", "postalCode": "Postal code", "streetAddress": "Street address",
		"jobTitle": "Job title", "city": "City", "state": "State or province", "country": "Country or region", "email": "Email"}[id]; ok {
		return w
	}
	return id
}

// attributeIDs are the built-in attributes in the order in which people expect them.
func attributeIDs() []string {
	return []string{"displayName", "givenName", "surname", "jobTitle", "streetAddress", "postalCode", "city", "state", "country"}
}

func labelFor(a userflow.Attribute) string {
	if a.Label != "" {
		return a.Label
	}
	return attributeLabel(a.ID)
}

// attributeFields are one choice per attribute: not asked, may be left empty, must be filled in.
func attributeFields(f userflow.Flow) views.Field {
	grid := views.Field{Kind: views.Grid, Name: "attributes", Label: "What should people tell when they sign up?", Hint: "Ask for little: each field loses people."}
	add := func(id, label string) {
		value := ""
		for _, a := range f.Attributes {
			if a.ID == id {
				value = choose(a.Required, "must", "may")
			}
		}
		grid.Fields = append(grid.Fields, views.Field{Kind: views.Select, Name: "ask." + id, Label: label, Value: value,
			Options: []views.Option{{Label: "Not asked"}, {Value: "may", Label: "Optional"}, {Value: "must", Label: "Must be filled in"}}})
	}
	for _, id := range attributeIDs() {
		add(id, attributeLabel(id))
	}
	for _, a := range f.Attributes {
		if !slices.Contains(attributeIDs(), a.ID) {
			add(a.ID, labelFor(a))
		}
	}
	return grid
}

// flowForm is the form of a new and of a changed flow.
func flowForm(f userflow.Flow, action, submit, cancel string, apps []views.Option, chosen []string) views.Form {
	form := views.Form{Action: action, Submit: submit, Cancel: cancel, Fields: []views.Field{
		{Name: "name", Label: "Name", Hint: "For admins, for example “Sign up and sign in”.", Value: f.Name},
		{Kind: views.Radios, Name: "signUpMethod", Label: "How do new people prove who they are?", Hint: "A change is for new people only: whoever has an account keeps the way they have.", Value: string(f.SignUpMethod), Options: []views.Option{
			{Value: "emailPassword", Label: factorLabel(userflow.EmailPassword), Hint: "They prove the address with a code once, then choose a password."},
			{Value: "emailCode", Label: factorLabel(userflow.EmailCode), Hint: "No password at all: each sign-in sends a code."}}},
		{Kind: views.Check, Name: "signUpAllowed", Label: "People may sign up by themselves", Hint: "Otherwise only accounts that an admin or your program made can sign in.", Value: tick(f.SignUpAllowed)},
		attributeFields(f),
		{Kind: views.Radios, Name: "mfa", Label: "Second factor", Value: string(f.MFA.Enforcement), Options: []views.Option{
			{Value: "conditional", Label: "When a policy demands it", Hint: "People set one up at sign-up and are asked only when a Conditional Access policy says so."},
			{Value: "alwaysOn", Label: "Always", Hint: "Asked at each sign-in; whoever has none sets one up."},
			{Value: "off", Label: "Off", Hint: "Never asked, even when a policy demands it; the sign-in log says so."}}},
		{Kind: views.Checks, Name: "mfaMethods", Label: "Second factors on offer", Values: f.MFA.Methods, Optional: true, Options: []views.Option{
			{Value: "email", Label: "Code by email", Hint: "Not for people whose first factor is the code by email."}, {Value: "softwareOath", Label: "Authenticator app"}, {Value: "fido2", Label: "Passkey"}}},
		{Kind: views.Check, Name: "mayPostpone", Label: "People may put off setting one up", Value: tick(f.MFA.MayPostpone)},
	}}
	if apps != nil {
		form.Fields = append(form.Fields, views.Field{Kind: views.Checks, Name: "application", Label: "Applications", Hint: "Those that are in no flow yet.", Values: chosen, Options: apps, Optional: true})
	}
	return form
}

// readFlow reads the form over a flow; what the form does not know stays.
func readFlow(c *fiber.Ctx, f *userflow.Flow) {
	f.Name, f.SignUpMethod, f.SignUpAllowed = typed(c, "name"), userflow.Method(typed(c, "signUpMethod")), ticked(c, "signUpAllowed")
	var ids []string // the order of the pages stays; what is new comes last
	known := map[string]userflow.Attribute{}
	for _, a := range f.Attributes {
		ids, known[a.ID] = append(ids, a.ID), a
	}
	for _, id := range attributeIDs() {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	f.Attributes = nil
	for _, id := range ids {
		if how := typed(c, "ask."+id); how == "may" || how == "must" {
			a := known[id]
			a.ID, a.Required = id, how == "must"
			f.Attributes = append(f.Attributes, a)
		}
	}
	f.MFA = userflow.MFA{Enforcement: userflow.Enforcement(typed(c, "mfa")), Methods: all(c, "mfaMethods"), MayPostpone: ticked(c, "mayPostpone")}
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

func (p *Portal) flowNew(c *fiber.Ctx) error {
	f := userflow.Flow{SignUpMethod: userflow.EmailPassword, SignUpAllowed: true, MFA: userflow.MFA{Enforcement: userflow.MFAConditional, Methods: []string{"email", "softwareOath", "fido2"}},
		Attributes: []userflow.Attribute{{ID: "givenName"}, {ID: "surname"}}}
	return p.flowNewPage(c, f, nil, nil)
}

func (p *Portal) flowNewPage(c *fiber.Ctx, f userflow.Flow, chosen []string, problem error) error {
	v := visitOf(c)
	form := flowForm(f, v.base()+"/user-flows", "Create user flow", v.base()+"/user-flows", freeApps(v.dir), chosen)
	if !complain(handlers.InfoOf(c).Locale, &form, problem) {
		return problem
	}
	s, err := p.shell(c, "New user flow", "", flowsHelp(), views.Link{Label: "User flows", Href: v.base() + "/user-flows"})
	if err != nil {
		return err
	}
	return p.form(c, s, form)
}

func (p *Portal) flowCreate(c *fiber.Ctx) error {
	v := visitOf(c)
	var f userflow.Flow
	readFlow(c, &f)
	apps := all(c, "application")
	made, err := v.tenant.CreateFlow(c.UserContext(), v.actor(c), f)
	if err != nil {
		return p.flowNewPage(c, f, apps, err)
	}
	text := "User flow “" + made.Name + "” created."
	for _, id := range apps {
		if err := v.tenant.AddFlowApp(c.UserContext(), v.actor(c), made.ID, id); err != nil {
			e := fault.Of(err)
			if e.Code == fault.Internal || e.Code == fault.Unavailable {
				return err
			}
			text += " " + handlers.InfoOf(c).Locale.T(e.Key, e.Args)
		}
	}
	return p.done(c, v.base()+"/user-flows/"+made.ID, text)
}

func (v *visit) flowBase(id string) string { return v.base() + "/user-flows/" + id }

func (p *Portal) flowDetail(c *fiber.Ctx) error { return p.flowPage(c, nil) }

// flowPage is the flow with its applications and versions; problem belongs to the form that adds an
// application.
func (p *Portal) flowPage(c *fiber.Ctx, problem error) error {
	v := visitOf(c)
	f, err := v.tenant.Flow(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	versions, err := v.tenant.FlowVersions(c.UserContext(), f.ID)
	if err != nil {
		return err
	}
	apps := flowAppsSection(v, f)
	status := fiber.StatusOK
	if problem != nil {
		if !complain(handlers.InfoOf(c).Locale, apps.Form, problem) {
			return problem
		}
		status = fiber.StatusUnprocessableEntity
	}
	s, err := p.shell(c, f.Name, fmt.Sprintf("Version %d, in use since %s.", f.Version, f.UpdatedAt.UTC().Format("2 January 2006, 15:04 UTC")), flowsHelp(), views.Link{Label: "User flows", Href: v.base() + "/user-flows"})
	if err != nil {
		return err
	}
	s.Primary = &views.Link{Label: "Run user flow", Href: v.flowBase(f.ID) + "/run"}
	if apps.Form != nil {
		s.Problems = apps.Form.Problems
	}
	d := views.Detail{Sections: []views.Section{flowSummary(f.Flow, v.flowBase(f.ID)+"/edit"), apps, versionsSection(v, versions),
		{ID: "danger", Title: "Delete this user flow", Danger: true, Lead: "Its applications lose their sign-in pages.", Buttons: []views.Action{{Label: "Delete user flow", Href: v.flowBase(f.ID) + "/delete", Danger: true, About: f.Name}}}}}
	if !v.may(access.FlowWrite) {
		for i := range d.Sections {
			readOnly(&d.Sections[i])
		}
		d.Sections = d.Sections[:3]
	}
	return handlers.Render(c, status, views.DetailPage(s, d))
}

func flowSummary(f userflow.Flow, change string) views.Section {
	var methods, attributes []string
	for _, m := range f.SignInMethods {
		methods = append(methods, factorLabel(m))
	}
	for _, a := range f.Attributes {
		attributes = append(attributes, labelFor(a)+choose(a.Required, " (must be filled in)", ""))
	}
	if len(attributes) == 0 {
		attributes = []string{"Nothing"}
	}
	var second []string
	for _, m := range f.MFA.Methods {
		second = append(second, map[string]string{"email": "Code by email", "sms": "Code by text message", "softwareOath": "Authenticator app", "fido2": "Passkey"}[m])
	}
	if len(second) == 0 {
		second = []string{"None"}
	}
	return views.Section{ID: "overview", Title: "Settings", Summary: []views.Fact{
		{Label: "Name", Value: views.Cell{Kind: views.Name, Text: f.Name}, Change: change},
		{Label: "New people get", Value: plain(factorLabel(f.SignUpMethod)), Change: change},
		{Label: "Ways to sign in", Value: views.Cell{Kind: views.Lines, List: methods}},
		{Label: "Sign-up", Value: plain(choose(f.SignUpAllowed, "Open to everybody", "Closed: only existing accounts can sign in")), Change: change},
		{Label: "Asked at sign-up", Value: views.Cell{Kind: views.Lines, List: attributes}, Change: change},
		{Label: "Second factor", Value: plain(enforcementLabel(f.MFA.Enforcement)), Change: change},
		{Label: "Second factors on offer", Value: views.Cell{Kind: views.Lines, List: second}, Change: change},
		fact("User flow ID", code(f.ID))}}
}

func flowAppsSection(v *visit, f models.UserFlow) views.Section {
	s := views.Section{ID: "applications", Title: "Applications", Lead: "People of these applications see this flow's pages. An application is in one flow at most.", Empty: "None yet."}
	t := &views.Table{Caption: "Applications of this flow", Columns: []views.Column{{Label: "Name"}, {Label: "Kind"}, {Label: "Client ID"}}, Actions: true}
	options := []views.Option{{Label: "Choose an application"}}
	for _, cl := range sortedClients(v.dir) {
		if slices.Contains(f.ApplicationIDs, cl.ObjectID) {
			t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: cl.Name, Href: v.base() + "/applications/" + cl.ObjectID}, plain(kindLabel(cl.Kind)), code(cl.ID)},
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

func versionsSection(v *visit, versions []models.FlowVersion) views.Section {
	t := &views.Table{Caption: "Versions", Columns: []views.Column{{Label: "Version"}, {Label: "Published"}, {Label: "By"}}}
	for i, x := range versions {
		cell := views.Cell{Text: fmt.Sprintf("Version %d", x.Version), Href: fmt.Sprintf("%s/versions/%d", v.flowBase(x.ID), x.Version)}
		if i == 0 {
			cell.Sub = "In use"
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{cell, when(x.CreatedAt), {Kind: views.Name, Text: x.ActorName}}})
	}
	return views.Section{ID: "versions", Title: "Versions", Lead: "Every published version is kept. The sign-in log names the one that each person had.", Table: t}
}

func (p *Portal) flowVersion(c *fiber.Ctx) error {
	v := visitOf(c)
	n, err := strconv.Atoi(c.Params("version"))
	if err != nil {
		return fault.New(fault.NotFound, "error.not_found")
	}
	f, err := v.tenant.FlowVersion(c.UserContext(), c.Params("id"), n)
	if err != nil {
		return err
	}
	s, err := p.shell(c, fmt.Sprintf("Version %d of “%s”", n, f.Name), "", views.Help{}, views.Link{Label: "User flows", Href: v.base() + "/user-flows"}, views.Link{Label: f.Name, Href: v.flowBase(f.ID)})
	if err != nil {
		return err
	}
	section := flowSummary(f, "")
	return p.detail(c, s, views.Detail{Sections: []views.Section{section}})
}

func (p *Portal) flowEdit(c *fiber.Ctx) error {
	f, err := visitOf(c).tenant.Flow(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	return p.flowEditPage(c, f.Flow, nil)
}

func (p *Portal) flowEditPage(c *fiber.Ctx, f userflow.Flow, problem error) error {
	v := visitOf(c)
	base := v.flowBase(c.Params("id"))
	form := flowForm(f, base+"/edit", "Publish new version", base, nil, nil)
	if !complain(handlers.InfoOf(c).Locale, &form, problem) {
		return problem
	}
	s, err := p.shell(c, "Change user flow", "", flowsHelp(), views.Link{Label: "User flows", Href: v.base() + "/user-flows"}, views.Link{Label: f.Name, Href: base})
	if err != nil {
		return err
	}
	return p.form(c, s, form)
}

func (p *Portal) flowSave(c *fiber.Ctx) error {
	v := visitOf(c)
	var shown userflow.Flow
	f, err := v.tenant.PublishFlow(c.UserContext(), v.actor(c), c.Params("id"), func(f *userflow.Flow) error {
		readFlow(c, f)
		shown = *f
		return nil
	})
	if err != nil {
		return p.flowEditPage(c, shown, err)
	}
	return p.done(c, v.flowBase(f.ID), fmt.Sprintf("Version %d of “%s” published.", f.Version, f.Name))
}

func (p *Portal) flowAppAdd(c *fiber.Ctx) error {
	v := visitOf(c)
	id := typed(c, "application")
	if id == "" {
		return p.flowPage(c, fault.BadField("application", "admin.flow.choose_app", nil))
	}
	if err := v.tenant.AddFlowApp(c.UserContext(), v.actor(c), c.Params("id"), id); err != nil {
		return p.flowPage(c, err)
	}
	return p.done(c, v.flowBase(c.Params("id"))+"#applications", "Application “"+appName(v.dir, id)+"” added.")
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
	return p.done(c, v.flowBase(c.Params("id"))+"#applications", "Application “"+appName(v.dir, id)+"” removed. Nobody can sign in to it until it is in a flow again.")
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
