package admin

import (
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/extension"
	"portico/app/openid"
	"portico/app/tenant"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// extensionRoutes are custom authentication extensions: APIs of the tenant's own that are asked during sign-up and
// sign-in, the listeners that bind them to events, and what they were asked and answered.
func (p *Portal) extensionRoutes() []handlers.Route {
	const at = "/admin/t/:tenant/extensions"
	const listeners = at + "/listeners"
	const calls = at + "/calls"
	const read, write = access.ExtensionRead, access.ExtensionWrite
	return []handlers.Route{
		{Method: get, Path: at, Handler: p.extensionList, Permission: read, NavGroup: navSignIn, NavLabel: "Extensions"},
		{Method: get, Path: at + "/new", Handler: p.extensionNew, Permission: write},
		{Method: post, Path: at, Handler: p.extensionCreate, Permission: write},
		{Method: get, Path: at + "/schema", Handler: p.extensionSchema, Permission: read},
		{Method: get, Path: at + "/payload", Handler: p.extensionPayload, Permission: read},
		{Method: get, Path: listeners + "/new", Handler: p.listenerNew, Permission: write},
		{Method: post, Path: listeners, Handler: p.listenerCreate, Permission: write},
		{Method: get, Path: listeners + "/:id/edit", Handler: p.overListener(p.listenerEdit), Permission: write},
		{Method: post, Path: listeners + "/:id/edit", Handler: p.overListener(p.listenerSave), Permission: write},
		{Method: get, Path: listeners + "/:id/disable", Handler: p.overListener(p.listenerDisableForm), Permission: write},
		{Method: post, Path: listeners + "/:id/enabled", Handler: p.overListener(p.listenerEnabled), Permission: write},
		{Method: get, Path: listeners + "/:id/delete", Handler: p.overListener(p.listenerDeleteForm), Permission: write},
		{Method: post, Path: listeners + "/:id/delete", Handler: p.overListener(p.listenerDelete), Permission: write},
		{Method: get, Path: calls, Handler: p.callList, Permission: read},
		{Method: get, Path: calls + "/:id", Handler: p.callDetail, Permission: read},
		{Method: get, Path: calls + "/:id/replay", Handler: p.overCall(p.callReplayForm), Permission: write},
		{Method: post, Path: calls + "/:id/replay", Handler: p.overCall(p.callReplay), Permission: write},
		{Method: get, Path: at + "/:id", Handler: p.extensionDetail, Permission: read},
		{Method: get, Path: at + "/:id/edit", Handler: p.overExtension(p.extensionEdit), Permission: write},
		{Method: post, Path: at + "/:id/edit", Handler: p.overExtension(p.extensionSave), Permission: write},
		{Method: post, Path: at + "/:id/registration", Handler: p.overExtension(p.extensionRegistration), Permission: write},
		{Method: get, Path: at + "/:id/secret", Handler: p.overExtension(p.extensionSecretForm), Permission: write},
		{Method: post, Path: at + "/:id/secret", Handler: p.overExtension(p.extensionSecret), Permission: write},
		{Method: get, Path: at + "/:id/disable", Handler: p.overExtension(p.extensionDisableForm), Permission: write},
		{Method: post, Path: at + "/:id/enabled", Handler: p.overExtension(p.extensionEnabled), Permission: write},
		{Method: get, Path: at + "/:id/delete", Handler: p.overExtension(p.extensionDeleteForm), Permission: write},
		{Method: post, Path: at + "/:id/delete", Handler: p.overExtension(p.extensionDelete), Permission: write},
		{Method: get, Path: at + "/:id/try", Handler: p.overExtension(p.extensionTryForm), Permission: write},
		{Method: post, Path: at + "/:id/try", Handler: p.overExtension(p.extensionTry), Permission: write},
	}
}

func (v *visit) extensionsBase() string         { return v.base() + "/extensions" }
func (v *visit) extensionBase(id string) string { return v.extensionsBase() + "/" + id }
func (v *visit) listenersBase() string          { return v.extensionsBase() + "/listeners" }
func (v *visit) listenerBase(id string) string  { return v.listenersBase() + "/" + id }
func (v *visit) callsBase() string              { return v.extensionsBase() + "/calls" }
func (v *visit) extensionCrumbs(more ...views.Link) []views.Link {
	return append([]views.Link{{Label: "Extensions", Href: v.extensionsBase()}}, more...)
}

// writesExtensions reports whether the admin may change them. Administrators' own sign-ins ask nobody.
func (v *visit) writesExtensions() bool {
	return v.may(access.ExtensionWrite) && v.dir.Tenant.Kind != tenant.Workforce
}

// writesEvent reports whether the admin may change what is asked at an event: where passwords are handed over, that takes
// a right of its own besides (R 8.8.4).
func (v *visit) writesEvent(e extension.Event) bool { return v.writesExtensions() && v.mayHand(e) }

func (v *visit) mayHand(e extension.Event) bool {
	return e != extension.PasswordSubmit || v.may(access.PasswordExtensionWrite)
}

// over refuses what an admin may not do to what is asked at the event of the address.
func (p *Portal) over(event func(c *fiber.Ctx) (extension.Event, error), next fiber.Handler) fiber.Handler {
	return func(c *fiber.Ctx) error {
		e, err := event(c)
		if err != nil {
			return err
		}
		if !visitOf(c).mayHand(e) {
			return p.refuse(c, access.PasswordExtensionWrite)
		}
		return next(c)
	}
}

func (p *Portal) overExtension(next fiber.Handler) fiber.Handler {
	return p.over(func(c *fiber.Ctx) (extension.Event, error) {
		x, err := visitOf(c).tenant.Extension(c.UserContext(), c.Params("id"))
		return x.Event, err
	}, next)
}

func (p *Portal) overListener(next fiber.Handler) fiber.Handler {
	return p.over(func(c *fiber.Ctx) (extension.Event, error) {
		l, err := visitOf(c).tenant.Listener(c.UserContext(), c.Params("id"))
		return l.Event, err
	}, next)
}

// overCall is for sending a recorded call again: what it says of a person goes along, so it takes the right to read people.
func (p *Portal) overCall(next fiber.Handler) fiber.Handler {
	return func(c *fiber.Ctx) error {
		x, err := visitOf(c).tenant.ExtensionCall(c.UserContext(), c.Params("id"))
		switch {
		case err != nil:
			return err
		case !visitOf(c).mayHand(x.Event):
			return p.refuse(c, access.PasswordExtensionWrite)
		case !visitOf(c).readsCall(x):
			return p.refuse(c, access.UserRead)
		}
		return next(c)
	}
}

func extensionHelp() views.Help {
	return views.Help{What: "An extension is an API of yours that is asked at a fixed moment of sign-up or sign-in. A listener says at which event, for which applications, and what happens when your API gives no answer that counts. Each call is recorded, with passwords, codes and tokens masked.",
		Do: "Add an extension for the event, send a sample to your API until its answer is taken, then add a listener. docs/extensions.md explains every event with its payload, and has an example API in one file."}
}

// extensionState says how an extension is doing: what people want to know first.
func extensionState(x extension.Extension, h extensionHealth) views.Cell {
	switch {
	case !x.Enabled:
		return badge("neutral", "Off")
	case h.circuit == extension.Open:
		return views.Cell{Kind: views.Badge, Tone: "danger", Text: "Not called for now", Sub: "It failed too often; it is tried again by itself"}
	case !h.FailingSince.IsZero():
		return views.Cell{Kind: views.Badge, Tone: "danger", Text: "Failing", Sub: "since " + h.FailingSince.UTC().Format("2 January 15:04") + " UTC"}
	case h.Calls == 0:
		return badge("neutral", "Not called lately")
	}
	return badge("ok", "Healthy")
}

func (p *Portal) extensionList(c *fiber.Ctx) error {
	v := visitOf(c)
	s, err := p.shell(c, "Custom authentication extensions", "Your own APIs that are asked during sign-up and sign-in.", extensionHelp())
	if err != nil {
		return err
	}
	all, err := v.tenant.Extensions(c.UserContext())
	if err != nil {
		return err
	}
	listeners, err := v.tenant.Listeners(c.UserContext())
	if err != nil {
		return err
	}
	health, err := p.healthOf(c.UserContext(), v, all)
	if err != nil {
		return err
	}
	names := map[string]string{}
	t := &views.Table{Caption: "Extensions", Columns: []views.Column{{Label: "Name"}, {Label: "State"}, {Label: "Event"}, {Label: "Your API"}, {Label: "Asked for"}, {Label: "Calls of the last day", Num: true}, {Label: "Failures", Num: true}}}
	for _, x := range all {
		names[x.ID] = x.Name
		h := health[x.ID]
		var asked []string
		for _, l := range listeners {
			if l.Extension == x.ID {
				asked = append(asked, v.appsWords(l.Listener)+choose(l.Enabled, "", " (off)"))
			}
		}
		if len(asked) == 0 {
			asked = []string{"Nobody: no listener"}
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: x.Name, Href: v.extensionBase(x.ID)}, extensionState(x.Extension, h), plain(x.Event.Label()), code(hostOf(x.URL)),
			{Kind: views.Lines, List: asked}, {Kind: views.Num, Text: grouped(h.Calls)}, {Kind: views.Num, Text: grouped(h.Failures)}}})
	}
	list := views.Section{ID: "extensions", Title: numberWords(len(all), "extensions"), Table: t, Empty: "None yet. Choose an event below: it says what your API would be asked, and when.", Action: &views.Link{Label: "All calls", Href: v.callsBase()}}
	if v.dir.Tenant.Kind == tenant.Workforce {
		list.Empty = "Administrators’ sign-ins ask nobody. Choose a customer tenant to set one up."
	}
	sections := []views.Section{list}
	if len(listeners) > 0 {
		sections = append(sections, v.listenerSection(listeners, names))
	}
	sections = append(sections, v.eventSection())
	if v.writesExtensions() {
		s.Primary = &views.Link{Label: "Add an extension", Href: v.extensionsBase() + "/new"}
	}
	return p.detail(c, s, views.Detail{Sections: sections})
}

// eventSection says what there is to be asked about, with what a developer needs for it.
func (v *visit) eventSection() views.Section {
	t := &views.Table{Caption: "Events", Columns: []views.Column{{Label: "Event"}, {Label: "What happens"}, {Label: "Used for"}}, Actions: true}
	for _, e := range extension.Events() {
		w, q := wordsOfEvent(e), "?event="+url.QueryEscape(string(e))
		row := views.Row{Cells: []views.Cell{{Text: e.Label(), Sub: string(e)}, plain(w.when), plain(w.use)},
			Actions: []views.Action{{Label: "JSON schema", Href: v.extensionsBase() + "/schema" + q, About: e.Label()}, {Label: "Sample payload", Href: v.extensionsBase() + "/payload" + q, About: e.Label()}}}
		if v.writesEvent(e) {
			row.Actions = append([]views.Action{{Label: "Add", Href: v.extensionsBase() + "/new" + q, About: e.Label()}}, row.Actions...)
		}
		t.Rows = append(t.Rows, row)
	}
	return views.Section{ID: "events", Title: "Events", Table: t, Lead: "When your API can be asked. The schema describes the answers that are taken; the sample payload is what your API is sent."}
}

// appsWords says for whom a listener listens.
func (v *visit) appsWords(l extension.Listener) string {
	if l.AllApps {
		return "All applications"
	}
	var names []string
	for _, id := range l.Apps {
		name := id
		if cl := v.dir.Clients[id]; cl != nil {
			name = cl.Name
		}
		names = append(names, name)
	}
	return choose(len(names) == 0, "No application", strings.Join(names, ", "))
}

// declared is what happens when a listener's API fails: what the listener says, or else its extension.
func (v *visit) declared(l extension.Listener) extension.OnFailure {
	chosen := l.Of(v.dir.Extensions.Extensions[l.Extension])
	return chosen.Listener.Failure()
}

// listenerSection lists listeners with what their failure means.
func (v *visit) listenerSection(list []models.EventListener, names map[string]string) views.Section {
	t := &views.Table{Caption: "Listeners", Columns: []views.Column{{Label: "Event"}, {Label: "State"}, {Label: "Extension"}, {Label: "Applications"}, {Label: "Priority", Num: true}, {Label: "If the API is down"}}, Actions: v.writesExtensions()}
	for _, l := range list {
		what := plain(v.appsWords(l.Listener))
		if l.Flow != "" {
			what.Sub = "User flow: " + v.flowName(l.Flow)
		}
		label := views.Cell{Text: l.Event.Label(), Sub: l.Name}
		row := views.Row{Cells: []views.Cell{label, choose2(l.Enabled, badge("ok", "On"), badge("neutral", "Off")), {Kind: views.Name, Text: names[l.Extension], Href: v.extensionBase(l.Extension)}, what,
			{Kind: views.Num, Text: numberText(l.Priority)}, {Text: failureLabel(v.declared(l.Listener)), Sub: l.Event.Consequence(v.declared(l.Listener))}}}
		if v.writesEvent(l.Event) {
			at := v.listenerBase(l.ID)
			row.Actions = []views.Action{{Label: "Edit", Href: at + "/edit", About: l.Event.Label()}}
			if l.Enabled {
				row.Actions = append(row.Actions, views.Action{Label: "Turn off…", Href: at + "/disable", About: l.Event.Label()})
			} else {
				row.Actions = append(row.Actions, views.Action{Label: "Turn on", Post: at + "/enabled", Fields: map[string]string{"enabled": "yes"}, About: l.Event.Label()})
			}
			row.Actions = append(row.Actions, views.Action{Label: "Delete…", Href: at + "/delete", Danger: true, About: l.Event.Label()})
		}
		t.Rows = append(t.Rows, row)
	}
	return views.Section{ID: "listeners", Title: "Listeners", Table: t, Lead: "Of several that fit, the one with the highest priority is asked, and no other.", Empty: "None: nobody asks this API. Add a listener when its answers are right."}
}

func choose2(b bool, yes, no views.Cell) views.Cell {
	if b {
		return yes
	}
	return no
}

// hostOf is the part of an address that tells APIs apart in a list.
func hostOf(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return s
	}
	return u.Host
}

// apiOf is the client id at the end of an API's identifier api://{host}/{client id}; "" when it has another form.
func apiOf(resource string) (host, clientID string) {
	rest, ok := strings.CutPrefix(resource, "api://")
	if !ok {
		return "", ""
	}
	host, clientID, _ = strings.Cut(rest, "/")
	return host, clientID
}

// identifierOf is the identifier that an API must have: whoever has it must have the address (R 8.2.2).
func identifierOf(target, clientID string) string {
	u, err := url.Parse(target)
	if err != nil || u.Hostname() == "" || clientID == "" {
		return ""
	}
	return "api://" + u.Hostname() + "/" + clientID
}

// apiClient finds the application that stands for an extension's API.
func (v *visit) apiClient(x extension.Extension) *openid.Client {
	_, id := apiOf(x.Resource)
	return v.dir.Clients[id]
}
