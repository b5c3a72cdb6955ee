package graph

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"portico/app/access"
	"portico/app/extension"
	"portico/handlers/graph/odata"
	"portico/models"
)

// listening is one of /identity/authenticationEventListeners (graph.md §6.4) that calls an extension. Listeners that a
// user flow owns are properties of the flow.
type listening struct {
	models.EventListener
	called string // the extension's name, for files
	said   string // the event of the type that the request claims; "" = none
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
		// OnError is an object without properties of its own: that it is there says that we do it ourselves.
		OnError *struct{}   `json:"behaviorOnError"`
		Client  *clientBody `json:"clientConfiguration"`
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
		complexField("portico", func(l *listening) listenerExtra { return listenerExtra{l.OnFailure, l.Enabled, l.Flow, l.Texts} }, func(l *listening, v listenerExtra) error {
			l.OnFailure, l.Enabled, l.Flow, l.Texts = v.OnFailure, v.Enabled, v.Flow, v.Texts
			return nil
		}),
	}
	r.fresh = func(*call) listening {
		return listening{EventListener: models.EventListener{Listener: extension.Listener{Priority: extension.DefaultPriority, Enabled: true}}}
	}
	r.all = func(ctx context.Context, c *call) ([]listening, error) {
		all, err := c.tenant.Listeners(ctx)
		out := make([]listening, len(all))
		for i, l := range all {
			out[i] = listening{EventListener: l}
		}
		return out, err
	}
	r.find = func(ctx context.Context, c *call, _, key string) (*listening, error) {
		l, err := c.tenant.Listener(ctx, strings.ToLower(key))
		return &listening{EventListener: l}, err
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
		return extensionFromFile(ctx, c, l)
	}
	r.create = func(ctx context.Context, c *call, l *listening) error {
		made, err := c.tenant.CreateListener(ctx, c.actor(), l.Listener)
		l.EventListener = made
		return listenerWords(err)
	}
	r.update = func(ctx context.Context, c *call, _ listening, l *listening, again func(*listening) error) error {
		made, err := c.tenant.UpdateListener(ctx, c.actor(), l.ID, func(have *extension.Listener) error {
			now := listening{EventListener: models.EventListener{Listener: *have}}
			if err := again(&now); err != nil {
				return err
			}
			*have = now.Listener
			return nil
		})
		if err == nil {
			l.EventListener = made
		}
		return listenerWords(err)
	}
	r.delete = func(ctx context.Context, c *call, l *listening) error {
		return c.tenant.DeleteListener(ctx, c.actor(), l.ID)
	}
	r.actions = a.listenerActions(r)
	r.managing = &managing[listening]{key: "displayName", keyOf: func(l *listening) string { return l.Name }, name: func(l *listening) string { return l.Name },
		skip: func(l *listening) bool { return l.Name == "" }, named: extensionsForFiles}
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
	return nil
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

// shownHandler is the call with what overrides the extension's own settings: of those, only what happens on failure.
func shownHandler(l *listening) any {
	target := object{{"id", l.Extension}}
	if l.called != "" {
		target.add("displayName", l.called)
	}
	configuration := object{{"behaviorOnError", nil}, {"clientConfiguration", nil}}
	if l.Failure() == extension.Fallback {
		configuration[0].value = object{{"@odata.type", flowType + "fallbackToMicrosoftProviderOnError"}}
	}
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
	if c := v.Configuration.Client; c != nil && (c.Timeout != nil || c.Retries != nil) {
		return invalidValue("handler/configuration/clientConfiguration", ": set the timeout and the retries on the extension")
	}
	switch {
	case v.Configuration.OnError != nil:
		l.OnFailure = extension.Fallback
	case l.OnFailure == extension.Fallback:
		l.OnFailure = ""
	}
	return nil
}
