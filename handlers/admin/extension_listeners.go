package admin

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/extension"
	"portico/app/fault"
	"portico/app/userflow"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// listenerForm is the form of one listener. What a failure does stands in words beside each choice: whoever decides it
// reads what it means for those who are waiting.
func (v *visit) listenerForm(action, cancel string, l extension.Listener, all []models.AuthExtension) views.Form {
	var targets []views.Option
	for _, x := range all {
		if x.Event == l.Event {
			targets = append(targets, views.Option{Value: x.ID, Label: x.Name + choose(x.Enabled, "", " (off)")})
		}
	}
	var apps []views.Option
	for _, cl := range sortedClients(v.dir) {
		apps = append(apps, views.Option{Value: cl.ID, Label: cl.Name})
	}
	var failures []views.Option
	for i, f := range l.Event.Failures() {
		failures = append(failures, views.Option{Value: string(f), Label: failureLabel(f) + choose(i == 0, " (usual)", ""), Hint: l.Event.Consequence(f)})
	}
	f := views.Form{Action: action, Cancel: cancel, Submit: "Save listener", Fields: []views.Field{{Kind: views.Hidden, Name: "event", Value: string(l.Event)},
		{Kind: views.Select, Name: "extension", Label: "Extension", Hint: wordsOfEvent(l.Event).when, Options: targets, Value: l.Extension},
		{Name: "displayName", Label: "Name", Hint: "For your own order, and for configuration files.", Value: l.Name, Optional: true},
		{Kind: views.Radios, Name: "scope", Label: "For which applications?", Options: []views.Option{{Value: "some", Label: "Those chosen below"}, {Value: "all", Label: "All applications", Hint: "Also those that are registered later."}}, Value: choose(l.AllApps, "all", "some")},
		{Kind: views.Checks, Name: "apps", Label: "Applications", Options: apps, Values: l.Apps, Optional: true}}}
	if l.Event == extension.AttributeCollectionStart || l.Event == extension.AttributeCollectionSubmit {
		flows := []views.Option{{Label: "Any user flow"}}
		flows = append(flows, v.sortedFlows()...)
		f.Fields = append(f.Fields, views.Field{Kind: views.Select, Name: "flow", Label: "User flow", Options: flows, Value: l.Flow, Optional: true})
	}
	if l.Event == extension.OtpSend {
		f.Fields = append(f.Fields, views.Field{Kind: views.Check, Name: "texts", Label: "Codes by text message too", Hint: "Otherwise your API brings codes by email alone, and we send text messages ourselves.", Value: tick(l.Texts)})
	}
	if l.Event == extension.PasswordSubmit {
		f.Fields = append(f.Fields, views.Field{Kind: views.Select, Name: "attribute", Label: "Attribute that says who is to be migrated", Hint: "A yes-or-no attribute. Your API is asked about people in whom it is yes, and it turns to no when their password is taken over.", Options: v.yesNoAttributes(), Value: l.Attribute, Optional: true})
	}
	return addFields(f,
		views.Field{Kind: views.Radios, Name: "onFailure", Label: "If the API gives no answer that counts", Options: failures, Value: string(v.declared(l))},
		views.Field{Name: "priority", Label: "Priority", Hint: "Of several listeners that fit, the one with the highest number is asked. 0 to 1000; 500 is usual.", InputMode: "numeric", Value: strconv.Itoa(l.Priority)})
}

// yesNoAttributes are the custom attributes that can say who is to be migrated.
func (v *visit) yesNoAttributes() []views.Option {
	out := []views.Option{{Label: "toBeMigrated, the usual one"}}
	for _, d := range definitionsByName(v) {
		if d.DataType == userflow.Boolean {
			out = append(out, views.Option{Value: d.ID, Label: d.Name})
		}
	}
	return out
}

func addFields(f views.Form, more ...views.Field) views.Form {
	f.Fields = append(f.Fields, more...)
	return f
}

func (v *visit) sortedFlows() []views.Option {
	var out []views.Option
	for id, f := range v.dir.Flows {
		out = append(out, views.Option{Value: id, Label: f.Name})
	}
	slices.SortFunc(out, func(a, b views.Option) int { return strings.Compare(a.Label+a.Value, b.Label+b.Value) })
	return out
}

// sentListener reads the form into a listener.
func sentListener(c *fiber.Ctx, l *extension.Listener) error {
	l.Extension, l.Name, l.AllApps, l.Apps = typed(c, "extension"), typed(c, "displayName"), typed(c, "scope") == "all", all(c, "apps")
	if l.AllApps {
		l.Apps = nil
	}
	l.Texts, l.Attribute = ticked(c, "texts"), typed(c, "attribute")
	l.Flow, l.OnFailure = typed(c, "flow"), extension.OnFailure(typed(c, "onFailure"))
	n, err := strconv.Atoi(typed(c, "priority"))
	if err != nil {
		return fault.BadField("priority", "admin.number", nil)
	}
	l.Priority = n
	return nil
}

func (p *Portal) listenerFormPage(c *fiber.Ctx, title string, l extension.Listener, action, cancel string, problem error) error {
	v := visitOf(c)
	all, err := v.tenant.Extensions(c.UserContext())
	if err != nil {
		return err
	}
	f := v.listenerForm(action, cancel, l, all)
	if c.Method() == fiber.MethodPost {
		keepTyped(c, &f)
	}
	if problem != nil && !complain(handlers.InfoOf(c).Locale, &f, inWordsOf(problem, map[string]string{"extensionId": "extension", "includeApplications": "apps", "flowId": "flow", "migrationAttribute": "attribute"})) {
		return problem
	}
	s, err := p.shell(c, title, l.Event.Label()+": "+wordsOfEvent(l.Event).when, extensionHelp(), v.extensionCrumbs()...)
	if err != nil {
		return err
	}
	return p.form(c, s, f)
}

// inWordsOf gives complaints the names of the form's controls.
func inWordsOf(err error, names map[string]string) error {
	e := fault.Of(err)
	if e == nil || len(e.Fields) == 0 {
		return err
	}
	out := *e
	out.Fields = slices.Clone(e.Fields)
	for i := range out.Fields {
		base, rest, found := strings.Cut(out.Fields[i].Name, "[")
		if name, ok := names[base]; ok {
			out.Fields[i].Name = name
			if found {
				out.Fields[i].Name += "[" + rest
			}
		}
	}
	return &out
}

// newListener is what an empty form begins with: for the extension of the address, or the event.
func (p *Portal) newListener(c *fiber.Ctx, event, extensionID string) (extension.Listener, error) {
	l := extension.Listener{Event: extension.Event(event), Extension: extensionID, Priority: extension.DefaultPriority, Enabled: true}
	if extensionID != "" {
		x, err := visitOf(c).tenant.Extension(c.UserContext(), extensionID)
		if err != nil {
			return l, err
		}
		l.Event = x.Event
	}
	if !l.Event.Known() {
		return l, fault.New(fault.NotFound, "error.not_found")
	}
	return l, nil
}

// listenerNew is the form of a new listener; without an extension, the choice of one.
func (p *Portal) listenerNew(c *fiber.Ctx) error {
	v := visitOf(c)
	if c.Query("event") == "" && c.Query("extension") == "" {
		return p.listenerChoice(c)
	}
	l, err := p.newListener(c, c.Query("event"), c.Query("extension"))
	if err != nil {
		return err
	}
	if !v.mayHand(l.Event) {
		return p.refuse(c, access.PasswordExtensionWrite)
	}
	if l.Extension == "" {
		all, err := v.tenant.Extensions(c.UserContext())
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(all, func(x models.AuthExtension) bool { return x.Event == l.Event }) {
			return c.Redirect(v.extensionsBase()+"/new"+eventQuery(l.Event), fiber.StatusSeeOther) // there is nothing to choose
		}
	}
	return p.listenerFormPage(c, "Add a listener", l, v.listenersBase(), v.extensionsBase(), nil)
}

func (p *Portal) listenerChoice(c *fiber.Ctx) error {
	v := visitOf(c)
	all, err := v.tenant.Extensions(c.UserContext())
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Add a listener", "Which of your APIs is to be asked?", extensionHelp(), v.extensionCrumbs()...)
	if err != nil {
		return err
	}
	t := &views.Table{Caption: "Extensions", Columns: []views.Column{{Label: "Extension"}, {Label: "Event"}}}
	for _, x := range all {
		if !v.mayHand(x.Event) {
			continue
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: x.Name, Href: v.listenersBase() + "/new?extension=" + x.ID}, plain(x.Event.Label())}})
	}
	return p.detail(c, s, views.Detail{Sections: []views.Section{{ID: "extensions", Title: "Extensions", Table: t, Empty: "None yet. Add an extension first."}}})
}

func (p *Portal) listenerCreate(c *fiber.Ctx) error {
	v := visitOf(c)
	l, err := p.newListener(c, typed(c, "event"), "")
	if err != nil {
		return err
	}
	if !v.mayHand(l.Event) {
		return p.refuse(c, access.PasswordExtensionWrite)
	}
	if err = sentListener(c, &l); err == nil {
		var made models.EventListener
		if made, err = v.tenant.CreateListener(c.UserContext(), v.actor(c), l); err == nil {
			l = made.Listener
		}
	}
	if err != nil {
		return p.listenerFormPage(c, "Add a listener", l, v.listenersBase(), v.extensionsBase(), err)
	}
	return p.done(c, v.extensionBase(l.Extension), "The listener is on. "+l.Event.Consequence(v.declared(l)))
}

func (p *Portal) listenerEdit(c *fiber.Ctx) error {
	v := visitOf(c)
	l, err := v.tenant.Listener(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	return p.listenerFormPage(c, "Edit listener", l.Listener, v.listenerBase(l.ID)+"/edit", v.extensionBase(l.Extension), nil)
}

func (p *Portal) listenerSave(c *fiber.Ctx) error {
	v := visitOf(c)
	was, err := v.tenant.Listener(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	l, err := v.tenant.UpdateListener(c.UserContext(), v.actor(c), was.ID, func(l *extension.Listener) error { return sentListener(c, l) })
	if err != nil {
		return p.listenerFormPage(c, "Edit listener", was.Listener, v.listenerBase(was.ID)+"/edit", v.extensionBase(was.Extension), err)
	}
	return p.done(c, v.extensionBase(l.Extension), "The listener is saved. "+l.Event.Consequence(v.declared(l.Listener)))
}

// listenerConfirm asks before something stops, and says what.
func (p *Portal) listenerConfirm(c *fiber.Ctx, title, path, submit string) error {
	v := visitOf(c)
	l, err := v.tenant.Listener(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	x, err := v.tenant.Extension(c.UserContext(), l.Extension)
	if err != nil {
		return err
	}
	back := v.extensionBase(x.ID)
	s, err := p.shell(c, title, "", views.Help{}, v.extensionCrumbs(views.Link{Label: x.Name, Href: back})...)
	if err != nil {
		return err
	}
	consequences := []string{"“" + x.Name + "” is no longer asked for: " + v.appsWords(l.Listener) + ".", wordsOfEvent(l.Event).off}
	next, err := v.nextListener(c, l.Listener)
	if err != nil {
		return err
	}
	if next {
		consequences = append(consequences, "Where another listener of this event fits, that one is asked instead.")
	}
	return p.confirm(c, s, views.Confirm{Consequences: append(consequences, "It counts for the next sign-in at once."), Form: views.Form{Action: v.listenerBase(l.ID) + "/" + path, Submit: submit, Danger: true, Cancel: back}})
}

// nextListener reports whether another listener of the event takes the place of one that goes, for some application.
func (v *visit) nextListener(c *fiber.Ctx, gone extension.Listener) (bool, error) {
	all, err := v.tenant.Listeners(c.UserContext())
	return slices.ContainsFunc(all, func(l models.EventListener) bool {
		return l.ID != gone.ID && l.Event == gone.Event && l.Enabled && (l.AllApps || gone.AllApps || slices.ContainsFunc(gone.Apps, func(id string) bool { return slices.Contains(l.Apps, id) }))
	}), err
}

func (p *Portal) listenerDisableForm(c *fiber.Ctx) error {
	return p.listenerConfirm(c, "Turn this listener off?", "enabled", "Turn off")
}

func (p *Portal) listenerDeleteForm(c *fiber.Ctx) error {
	return p.listenerConfirm(c, "Delete this listener?", "delete", "Delete listener")
}

func (p *Portal) listenerEnabled(c *fiber.Ctx) error {
	v, on := visitOf(c), ticked(c, "enabled")
	l, err := v.tenant.UpdateListener(c.UserContext(), v.actor(c), c.Params("id"), func(l *extension.Listener) error {
		l.Enabled = on
		return nil
	})
	if err != nil {
		return err
	}
	return p.done(c, v.extensionBase(l.Extension), choose(on, "The listener is on. "+l.Event.Consequence(v.declared(l.Listener)), "The listener is off. "+wordsOfEvent(l.Event).off))
}

func (p *Portal) listenerDelete(c *fiber.Ctx) error {
	v := visitOf(c)
	l, err := v.tenant.Listener(c.UserContext(), c.Params("id"))
	if err == nil {
		err = v.tenant.DeleteListener(c.UserContext(), v.actor(c), l.ID)
	}
	if err != nil {
		return err
	}
	return p.done(c, v.extensionBase(l.Extension), "The listener is deleted. "+wordsOfEvent(l.Event).off)
}

// eventQuery is the part of an address that names an event.
func eventQuery(e extension.Event) string { return "?event=" + url.QueryEscape(string(e)) }
