package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"portico/app/access"
	"portico/app/extension"
	"portico/app/fault"
	"portico/handlers/graph/odata"
	"portico/models"
)

// listening is one of /identity/authenticationEventListeners (graph.md §6.4) that calls an extension. Listeners that a
// user flow owns are properties of the flow.
type listening struct {
	models.EventListener
	called string              // the extension's name, for files
	down   extension.OnFailure // what happens when it fails, the extension's own included; "" = not looked up
	said   string              // the event of the type that the request claims; "" = none
	theme  string              // of a binding of a theme (withThemes): its id; wants is the one that a request names
	wants  string
	lent   string // the name by which files know one that has none of its own, or shares it
}

// listenerType is Graph's name of an event's listeners: codes go by mail there, so theirs says so.
func listenerType(e extension.Event) string {
	if e == extension.OtpSend {
		return "onEmailOtpSendListener"
	}
	return string(e) + "Listener"
}

func handlerType(e extension.Event) string {
	if e == extension.PasswordSubmit {
		return "onPasswordMigrationCustomExtensionHandler"
	}
	return string(e) + "CustomExtensionHandler"
}

func listenerTypes() []string {
	var out []string
	for _, e := range extension.Events() {
		out = append(out, listenerType(e))
	}
	return out
}

type (
	handlerBody struct {
		Extension     *extensionRef  `json:"customExtension"`
		Configuration *overwriteBody `json:"configuration"`
		Property      *string        `json:"migrationPropertyId,omitempty"`
	}
	extensionRef struct {
		ID   string  `json:"id"`
		Name *string `json:"displayName,omitempty"`
	}
	overwriteBody struct {
		OnError *behaviorBody `json:"behaviorOnError"`
		Client  *clientBody   `json:"clientConfiguration"`
	}
	listenerExtra struct {
		OnFailure extension.OnFailure `json:"onFailure"`
		Enabled   bool                `json:"isEnabled"`
		Flow      string              `json:"userFlowId"`
		Texts     bool                `json:"includeTextMessages"`
	}
)

func (a *API) listeners() *collection[listening] {
	r := &collection[listening]{
		path: []string{"identity", "authenticationEventListeners"}, name: "identity/authenticationEventListeners", typ: "authenticationEventListener",
		typed: true, plural: "event-listeners", subtypes: listenerTypes(),
		read: readListeners(), write: writeListeners(), normalPage: 100, largestPage: 999, order: odata.Order{Path: "priority"}, counts: true,
		id: func(l *listening) string { return l.ID }, kindOf: func(l *listening) string { return listenerType(l.Event) },
	}
	r.claimed = func(l *listening, typ string) { l.said = string(eventOfType(typ, listenerType)) }
	r.fields = []field[listening]{
		readOnly("id", func(l *listening) any { return l.ID }).sortable(func(l *listening) any { return l.ID }),
		str("displayName", 256, func(l *listening) *string { return &l.Name }).sortable(func(l *listening) any { return folded(l.Name) }),
		constant[listening]("authenticationEventsFlowId", nil),
		{name: "priority", get: func(l *listening) any { return l.Priority }, sort: func(l *listening) any { return int64(l.Priority) }, set: func(l *listening, raw json.RawMessage) error {
			return strict("priority", raw, &l.Priority)
		}},
		{name: "conditions", get: func(l *listening) any {
			apps := []object{}
			for _, id := range l.Apps {
				apps = append(apps, object{{"appId", id}})
			}
			return object{{"applications", object{{"includeAllApplications", l.AllApps}, {"includeApplications", apps}}}}
		}, set: setListenerConditions},
		{name: "handler", get: shownHandler, set: setHandler},
		complexField("portico", func(l *listening) listenerExtra { return listenerExtra{l.onFailure(), l.Enabled, l.Flow, l.Texts} }, func(l *listening, v listenerExtra) error {
			if v.OnFailure != l.onFailure() { // what the extension says stays its to say
				l.OnFailure, l.down = v.OnFailure, ""
			}
			l.Enabled, l.Flow, l.Texts = v.Enabled, v.Flow, v.Texts
			return nil
		}),
	}
	r.fresh = func(*call) listening {
		return listening{EventListener: models.EventListener{Listener: extension.Listener{Priority: extension.DefaultPriority, Enabled: true}}}
	}
	r.all = func(ctx context.Context, c *call) ([]listening, error) {
		all, err := c.tenant.Listeners(ctx)
		if err != nil {
			return nil, err
		}
		extensions, err := extensionsByID(ctx, c)
		out := make([]listening, len(all))
		for i, l := range all {
			out[i] = listening{EventListener: l, down: l.Of(extensions[l.Extension]).Listener.OnFailure}
		}
		return out, err
	}
	r.find = func(ctx context.Context, c *call, _, key string) (*listening, error) {
		l, err := c.tenant.Listener(ctx, strings.ToLower(key))
		if err != nil {
			return nil, err
		}
		out := &listening{EventListener: l}
		return out, out.settle(ctx, c)
	}
	r.check = func(ctx context.Context, c *call, l *listening, _ func(string) bool) error {
		switch {
		case l.ID == "" && l.said == "":
			return badRequest("Say by '@odata.type' which event the listener is for, such as #microsoft.graph.onTokenIssuanceStartListener.", "@odata.type")
		case l.ID == "":
			l.Event = extension.Event(l.said)
		case l.said != "" && l.said != string(l.Event):
			return badRequest("A listener keeps its type.", "@odata.type")
		}
		if err := c.mayHandPasswords(l.Event); err != nil {
			return err
		}
		return extensionFromFile(ctx, c, l)
	}
	r.create = func(ctx context.Context, c *call, l *listening) error {
		made, err := c.tenant.CreateListener(ctx, c.actor(), l.Listener)
		if err != nil {
			return listenerWords(err)
		}
		l.EventListener = made
		return l.settle(ctx, c)
	}
	r.update = func(ctx context.Context, c *call, _ listening, l *listening, again func(*listening) error) error {
		made, err := c.tenant.UpdateListener(ctx, c.actor(), l.ID, func(have *extension.Listener) error {
			now := listening{EventListener: models.EventListener{Listener: *have}}
			if err := again(&now); err != nil {
				return err
			}
			if l.lent != "" { // what a file knows it by is its name once the file has changed it
				now.Name = l.lent
			}
			*have = now.Listener
			return nil
		})
		if err != nil {
			return listenerWords(err)
		}
		l.EventListener = made
		return l.settle(ctx, c)
	}
	r.delete = func(ctx context.Context, c *call, l *listening) error {
		if err := c.mayHandPasswords(l.Event); err != nil {
			return err
		}
		return c.tenant.DeleteListener(ctx, c.actor(), l.ID)
	}
	r.actions = a.listenerActions(r)
	r.managing = &managing[listening]{key: "displayName", keyOf: func(l *listening) string { return l.Name }, name: func(l *listening) string { return l.Name },
		skip: func(l *listening) bool { return l.theme != "" }, named: extensionsForFiles}
	return r
}

// listenerActions are the relations that Graph lets clients change one by one.
func (a *API) listenerActions(r *collection[listening]) []action[listening] {
	const apps, target = "conditions/applications/includeApplications", "handler/customExtension"
	include := func(ctx context.Context, c *call, l *listening, ids []string) error {
		var v flowConditions
		v.Applications.All = &l.AllApps
		for _, id := range ids {
			v.Applications.Include = append(v.Applications.Include, flowApp{id})
		}
		raw, err := encode(v)
		if err != nil {
			return err
		}
		return r.change(ctx, c, l, document{names: []string{"conditions"}, values: map[string]json.RawMessage{"conditions": raw}})
	}
	return []action[listening]{
		{method: http.MethodGet, path: apps, need: readListeners(), run: func(_ context.Context, c *call, l *listening) (*response, error) {
			out := []object{}
			for _, id := range l.Apps {
				out = append(out, object{{"appId", id}})
			}
			return valueOf(c, apps, out), nil
		}},
		{method: http.MethodPost, path: apps, need: writeListeners(), run: func(ctx context.Context, c *call, l *listening) (*response, error) {
			var in flowApp
			if err := bodyOf(c, &in); err != nil {
				return nil, err
			}
			if err := include(ctx, c, l, append(slices.Clone(l.Apps), in.AppID)); err != nil {
				return nil, err
			}
			return &response{status: http.StatusCreated, body: object{{"@odata.context", c.context(apps + "/$entity")}, {"appId", clientID(in.AppID)}}}, nil
		}},
		{method: http.MethodDelete, path: apps + "/{appId}", need: writeListeners(), run: func(ctx context.Context, c *call, l *listening) (*response, error) {
			left := slices.DeleteFunc(slices.Clone(l.Apps), func(id string) bool { return strings.EqualFold(id, c.params["appId"]) })
			if len(left) == len(l.Apps) {
				return nil, notFound(c.params["appId"])
			}
			return emptied(include(ctx, c, l, left))
		}},
		{method: http.MethodGet, path: target, need: readListeners(), run: func(ctx context.Context, c *call, l *listening) (*response, error) {
			if !c.caller.may(access.ExtensionRead) {
				return nil, denied()
			}
			all := a.extensions()
			x, err := all.one(ctx, c, "", l.Extension)
			if err != nil {
				return nil, err
			}
			o, err := all.render(ctx, c, x, all.fields)
			if err != nil {
				return nil, err
			}
			return c.entity(all.name+"/$entity", o), nil
		}},
		{method: http.MethodPut, path: target + "/$ref", need: writeListeners(), run: func(ctx context.Context, c *call, l *listening) (*response, error) {
			id, err := reference(c)
			if err != nil {
				return nil, err
			}
			raw, err := encode(handlerBody{Extension: &extensionRef{ID: id}})
			if err != nil {
				return nil, err
			}
			return emptied(r.change(ctx, c, l, document{names: []string{"handler"}, values: map[string]json.RawMessage{"handler": raw}}))
		}},
	}
}

// onFailure is what happens when the API fails, as far as it is known.
func (l *listening) onFailure() extension.OnFailure {
	if l.down != "" {
		return l.down
	}
	return l.OnFailure
}

// settle looks up what the extension says where the listener says nothing.
func (l *listening) settle(ctx context.Context, c *call) error {
	x, err := c.tenant.Extension(ctx, l.Extension)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	l.down = l.Of(&x.Extension).Listener.OnFailure
	return nil
}

func extensionsByID(ctx context.Context, c *call) (map[string]*extension.Extension, error) {
	all, err := c.tenant.Extensions(ctx)
	out := map[string]*extension.Extension{}
	for i := range all {
		out[all[i].ID] = &all[i].Extension
	}
	return out, err
}

// extensionsForFiles says extensions and user flows by name, since an id means nothing in another tenant.
func extensionsForFiles(ctx context.Context, c *call, rows []listening) error {
	extensions, flows, err := listenerNames(ctx, c)
	if err != nil {
		return err
	}
	for i := range rows {
		if name, ok := extensions[rows[i].Extension]; ok {
			rows[i].Extension = name
		}
		if name, ok := flows[rows[i].Flow]; ok {
			rows[i].Flow = name
		}
	}
	lendNames(rows)
	return nil
}

// lendNames gives a name to listeners that have none, or that of an older one: a file says by its name which it is about.
func lendNames(rows []listening) {
	taken := map[string]bool{}
	for _, l := range rows {
		if l.Name != "" {
			taken[folded(l.Name)] = true
		}
	}
	own := map[string]bool{}
	for i := range rows {
		l := &rows[i]
		if l.Name != "" && !own[folded(l.Name)] {
			own[folded(l.Name)] = true
			continue
		}
		name := l.Name
		if name == "" {
			name = l.Event.Label() + ": " + l.Extension
		}
		if long := []rune(name); len(long) > 240 { // of 256, with room for a number
			name = string(long[:240])
		}
		l.lent = name
		for n := 2; taken[folded(l.lent)]; n++ {
			l.lent = fmt.Sprintf("%s (%d)", name, n)
		}
		taken[folded(l.lent)], l.Name = true, l.lent
	}
}

// listenerNames are what listeners name by id, by those ids.
func listenerNames(ctx context.Context, c *call) (extensions, flows map[string]string, err error) {
	extensions, flows = map[string]string{}, map[string]string{}
	all, err := c.tenant.Extensions(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, x := range all {
		extensions[x.ID] = x.Name
	}
	some, err := c.tenant.Flows(ctx)
	for _, f := range some {
		flows[f.ID] = f.Name
	}
	return extensions, flows, err
}

// extensionFromFile turns the names of a file into this tenant's ids. The API itself takes ids only.
func extensionFromFile(ctx context.Context, c *call, l *listening) error {
	if c.by == nil || odata.IsGUID(l.Extension) && (l.Flow == "" || odata.IsGUID(l.Flow)) {
		return nil
	}
	extensions, flows, err := listenerNames(ctx, c)
	if err != nil {
		return err
	}
	if l.Extension, err = idNamed(extensions, l.Extension, "handler/customExtension", "extension"); err != nil || l.Flow == "" {
		return err
	}
	l.Flow, err = idNamed(flows, l.Flow, "portico/userFlowId", "user flow")
	return err
}

// idNamed finds the one id that a name of a file means; an id means itself.
func idNamed(names map[string]string, said, property, what string) (string, error) {
	if odata.IsGUID(said) {
		return strings.ToLower(said), nil
	}
	found := ""
	for id, name := range names {
		if !sameKey(name, said) {
			continue
		}
		if found != "" {
			return "", invalidValue(property, ": several are named '"+clipped(said)+"'; say which by its id")
		}
		found = id
	}
	if found == "" {
		return "", invalidValue(property, ": there is no "+what+" named '"+clipped(said)+"' in this tenant")
	}
	return found, nil
}

// readListeners and writeListeners: who sets up extensions binds them to events too, as the vendor's Authentication
// Extensibility Administrator does.
func readListeners() []access.Permission {
	return []access.Permission{access.FlowRead, access.ExtensionRead}
}

func writeListeners() []access.Permission {
	return []access.Permission{access.FlowWrite, access.ExtensionWrite}
}

// listenerWords gives complaints the properties' names.
func listenerWords(err error) error {
	return renamed(err, func(name string) string {
		switch name {
		case "extensionId", "extension":
			return "handler/customExtension"
		case "includeApplications", "applications", "apps":
			return "conditions/applications/includeApplications"
		case "timeoutInMilliseconds", "maximumRetries":
			return "handler/configuration/clientConfiguration/" + name
		case "migrationAttribute":
			return "handler/migrationPropertyId"
		case "onFailure", "enabled", "flowId":
			return "portico/" + name
		}
		return name
	})
}

func setListenerConditions(l *listening, raw json.RawMessage) error {
	var v flowConditions
	if err := strict("conditions", raw, &v); err != nil {
		return err
	}
	l.AllApps, l.Apps = v.Applications.All != nil && *v.Applications.All, nil
	for _, app := range v.Applications.Include {
		if !odata.IsGUID(app.AppID) {
			return invalidValue("conditions/applications/includeApplications", ": an appId is needed")
		}
		if id := clientID(app.AppID); !slices.Contains(l.Apps, id) {
			l.Apps = append(l.Apps, id)
		}
	}
	slices.Sort(l.Apps)
	return nil
}

// shownPatience is how long and how often the listener asks, where it is not as the extension says.
func shownPatience(l *listening) any {
	if l.Timeout == 0 && l.Retries == nil {
		return nil
	}
	out := object{{"timeoutInMilliseconds", nil}, {"maximumRetries", nil}}
	if l.Timeout != 0 {
		out[0].value = l.Timeout
	}
	if l.Retries != nil {
		out[1].value = *l.Retries
	}
	return out
}

// shownHandler is the call with what overrides the extension's own settings.
func shownHandler(l *listening) any {
	target := object{{"id", l.Extension}}
	if l.called != "" {
		target.add("displayName", l.called)
	}
	configuration := object{{"behaviorOnError", shownBehavior(l.OnFailure)}, {"clientConfiguration", shownPatience(l)}}
	out := object{{"@odata.type", flowType + handlerType(l.Event)}, {"customExtension", target}, {"configuration", configuration}}
	if l.Event == extension.PasswordSubmit {
		out.add("migrationPropertyId", text(l.Attribute))
	}
	return out
}

func setHandler(l *listening, raw json.RawMessage) error {
	var v handlerBody
	if err := strict("handler", raw, &v); err != nil {
		return err
	}
	if v.Extension == nil || v.Extension.ID == "" {
		return invalidValue("handler/customExtension", ": the id of an extension is needed")
	}
	l.Extension = v.Extension.ID
	if odata.IsGUID(l.Extension) {
		l.Extension = strings.ToLower(l.Extension)
	}
	if v.Property != nil {
		l.Attribute = *v.Property
	}
	if v.Configuration == nil {
		return nil
	}
	l.Timeout, l.Retries = 0, nil
	if c := v.Configuration.Client; c != nil {
		if c.Timeout != nil {
			if l.Timeout = *c.Timeout; l.Timeout == 0 {
				return invalidValue("handler/configuration/clientConfiguration/timeoutInMilliseconds", ": from 200 to 2000, or null for the extension's own")
			}
		}
		l.Retries = c.Retries
	}
	switch {
	case v.Configuration.OnError != nil:
		l.OnFailure = extension.Fallback
	case l.OnFailure == extension.Fallback:
		l.OnFailure = ""
	}
	return nil
}
