package graph

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"portico/app/fault"
	"portico/app/userflow"
	"portico/handlers/graph/odata"
	"portico/models"
)

// flow is a user flow as Graph's externalUsersSelfServiceSignUpEventsFlow, with its apps by client id.
type flow struct {
	models.UserFlow
	apps        []string
	terms       []userflow.Terms               // of the tenant; nil = not asked for
	definitions map[string]userflow.Definition // of the tenant; nil = not asked for
	upstream    []models.IdentityProvider      // of the tenant
	home        string                         // the tenant's own language
}

// know fetches what a document may name: custom attributes and terms.
func (f *flow) know(ctx context.Context, c *call) error {
	if f.definitions != nil {
		f.Resolve(f.definitions) // a document that was copied has lost them
		return nil
	}
	definitions, err := c.tenant.Definitions(ctx)
	if err != nil {
		return err
	}
	f.definitions = make(map[string]userflow.Definition, len(definitions))
	for _, d := range definitions {
		f.definitions[d.ID] = d
	}
	f.Resolve(f.definitions)
	if f.upstream, err = c.tenant.IdentityProviders(ctx); err != nil {
		return err
	}
	if f.terms, err = c.tenant.AllTerms(ctx); err != nil {
		return err
	}
	self, err := c.tenant.Get(ctx)
	f.home = self.DefaultLocale
	return err
}

func (a *API) flows() *collection[flow] {
	r := &collection[flow]{
		path: []string{"identity", "authenticationEventsFlows"}, name: "identity/authenticationEventsFlows",
		typ: "externalUsersSelfServiceSignUpEventsFlow", typed: true, plural: "user-flows",
		read: readFlows(), write: writeFlows(), normalPage: 100, largestPage: 999, order: odata.Order{Path: "displayName"}, counts: true,
		id: func(f *flow) string { return f.ID },
	}
	r.fields = []field[flow]{
		readOnly("id", func(f *flow) any { return f.ID }).sortable(func(f *flow) any { return f.ID }),
		str("displayName", 120, func(f *flow) *string { return &f.Name }).sortable(func(f *flow) any { return f.Name }),
		without[flow]("description", nil),
		// One app is in one flow, so their order decides nothing; the vendor's default is what all have.
		{name: "priority", get: func(*flow) any { return 500 }, set: func(_ *flow, raw json.RawMessage) error {
			var n *int
			return strict("priority", raw, &n)
		}, unmanaged: true},
		{name: "conditions", get: shownConditions, set: setConditions},
		{name: "onInteractiveAuthFlowStart", get: func(f *flow) any {
			return object{{"@odata.type", flowType + "onInteractiveAuthFlowStartExternalUsersSelfServiceSignUp"}, {"isSignUpAllowed", f.SignUpAllowed}}
		}, set: setStart},
		{name: "onAuthenticationMethodLoadStart", get: func(f *flow) any {
			return object{{"@odata.type", flowType + "onAuthenticationMethodLoadStartExternalUsersSelfServiceSignUp"}, {"identityProviders", shownProviders(f)}}
		}, set: setMethods},
		{name: "onAttributeCollection", get: a.shownCollection, set: setCollection},
		without[flow]("onAttributeCollectionStart", nil),
		without[flow]("onAttributeCollectionSubmit", nil),
		{name: "onUserCreateStart", get: func(*flow) any {
			return object{{"@odata.type", flowType + "onUserCreateStartExternalUsersSelfServiceSignUp"}, {"userTypeToCreate", "member"}}
		}, set: setCreated, unmanaged: true},
		complexField("portico", shownPorticoFlow, a.setPorticoFlow),
	}
	// As the portal makes one: with methods besides the mailbox, which may be the first factor.
	r.fresh = func(*call) flow {
		return flow{UserFlow: models.UserFlow{Flow: userflow.Flow{MFA: userflow.MFA{Enforcement: userflow.MFAConditional, Methods: []string{"email", "softwareOath", "fido2"}}}}}
	}
	r.know = func(ctx context.Context, c *call, f *flow) error { return f.know(ctx, c) }
	r.all = func(ctx context.Context, c *call) ([]flow, error) {
		flows, err := c.tenant.Flows(ctx)
		if err != nil {
			return nil, err
		}
		return withApps(ctx, c, flows)
	}
	r.find = func(ctx context.Context, c *call, _, key string) (*flow, error) {
		f, err := c.tenant.Flow(ctx, clientID(key))
		if err != nil {
			return nil, err
		}
		out, err := withApps(ctx, c, []models.UserFlow{f})
		if err != nil {
			return nil, err
		}
		return &out[0], nil
	}
	r.check = func(_ context.Context, _ *call, f *flow, sent func(string) bool) error {
		if f.ID != "" {
			return nil
		}
		for _, name := range []string{"displayName", "onInteractiveAuthFlowStart", "onAuthenticationMethodLoadStart"} {
			if !sent(name) {
				return badRequest("A value is required for property '"+name+"' of resource 'externalUsersSelfServiceSignUpEventsFlow'.", name)
			}
		}
		return nil
	}
	r.create = func(ctx context.Context, c *call, f *flow) error {
		return c.tenant.InTx(ctx, func(t *models.Tenant) error {
			made, err := t.CreateFlow(ctx, c.actor(), f.Flow)
			if err != nil {
				return flowWords(err)
			}
			f.UserFlow = made
			return putFlowApps(ctx, c, t, f)
		})
	}
	r.update = func(ctx context.Context, c *call, _ flow, f *flow, again func(*flow) error) error {
		return c.tenant.InTx(ctx, func(t *models.Tenant) error {
			apps := f.apps
			made, err := t.PublishFlow(ctx, c.actor(), f.ID, func(m *userflow.Flow) error {
				now := flow{UserFlow: models.UserFlow{Flow: *m}, apps: f.apps, terms: f.terms, definitions: f.definitions, upstream: f.upstream, home: f.home}
				if err := again(&now); err != nil {
					return err
				}
				*m = now.Flow
				return nil
			})
			if err != nil {
				return flowWords(err)
			}
			f.UserFlow, f.apps = made, apps
			return putFlowApps(ctx, c, t, f)
		})
	}
	r.delete = func(ctx context.Context, c *call, f *flow) error { return c.tenant.DeleteFlow(ctx, c.actor(), f.ID) }
	r.actions = a.flowActions(r)
	// The attributes' own names and types are in files of their own.
	r.managing = &managing[flow]{key: "displayName", keyOf: func(f *flow) string { return f.Name }, name: func(f *flow) string { return f.Name },
		release: releaseApps, show: map[string]func(*flow) any{collectionProperty: pageInFile, "onAuthenticationMethodLoadStart": flowProvidersInFile}}
	return r
}

// flowActions are the relations that Graph lets clients change one by one. Each becomes the same change
// that a PATCH of the whole would be.
func (a *API) flowActions(r *collection[flow]) []action[flow] {
	const apps, providers, attributes = "conditions/applications/includeApplications", "onAuthenticationMethodLoadStart/identityProviders", "onAttributeCollection/attributes"
	patch := func(ctx context.Context, c *call, f *flow, name string, v any) error {
		raw, err := encode(v)
		if err != nil {
			return err
		}
		return r.change(ctx, c, f, document{names: []string{name}, values: map[string]json.RawMessage{name: raw}})
	}
	include := func(ids []string) flowConditions {
		var v flowConditions
		for _, id := range ids {
			v.Applications.Include = append(v.Applications.Include, flowApp{id})
		}
		return v
	}
	return []action[flow]{
		{method: http.MethodGet, path: apps, need: readFlows(), run: func(_ context.Context, c *call, f *flow) (*response, error) {
			return valueOf(c, apps, shownApps(f)), nil
		}},
		{method: http.MethodPost, path: apps, need: writeFlows(), run: func(ctx context.Context, c *call, f *flow) (*response, error) {
			var in flowApp
			if err := bodyOf(c, &in); err != nil {
				return nil, err
			}
			if err := patch(ctx, c, f, "conditions", include(append(slices.Clone(f.apps), in.AppID))); err != nil {
				return nil, err
			}
			return &response{status: http.StatusCreated, body: object{{"@odata.context", c.context(apps + "/$entity")}, {"appId", clientID(in.AppID)}}}, nil
		}},
		{method: http.MethodDelete, path: apps + "/{appId}", need: writeFlows(), run: func(ctx context.Context, c *call, f *flow) (*response, error) {
			left := slices.DeleteFunc(slices.Clone(f.apps), func(id string) bool { return strings.EqualFold(id, c.params["appId"]) })
			if len(left) == len(f.apps) {
				return nil, notFound(c.params["appId"])
			}
			return emptied(patch(ctx, c, f, "conditions", include(left)))
		}},
		{method: http.MethodGet, path: providers, need: readFlows(), run: func(_ context.Context, c *call, f *flow) (*response, error) {
			return valueOf(c, providers, shownProviders(f)), nil
		}},
		{method: http.MethodPost, path: providers + "/$ref", need: writeFlows(), run: func(ctx context.Context, c *call, f *flow) (*response, error) {
			id, err := reference(c)
			if err != nil {
				return nil, err
			}
			return emptied(patch(ctx, c, f, "onAuthenticationMethodLoadStart", flowMethods{Providers: withProvider(f, id)}))
		}},
		{method: http.MethodDelete, path: providers + "/{id}/$ref", need: writeFlows(), run: func(ctx context.Context, c *call, f *flow) (*response, error) {
			if slices.Contains(f.Providers, strings.ToLower(c.params["id"])) {
				return emptied(patch(ctx, c, f, "onAuthenticationMethodLoadStart", flowMethods{Providers: withoutProvider(f, strings.ToLower(c.params["id"]))}))
			}
			if !strings.EqualFold(c.params["id"], providerOf(f.SignUpMethod)) {
				return nil, notFound(c.params["id"])
			}
			return nil, badRequest("A user flow needs at least one identity provider; add the other one instead.", "identityProviders")
		}},
		{method: http.MethodGet, path: attributes, need: readFlows(), run: func(_ context.Context, c *call, f *flow) (*response, error) {
			return valueOf(c, attributes, a.shownAttributes(f)), nil
		}},
		{method: http.MethodPost, path: attributes + "/$ref", need: writeFlows(), run: func(ctx context.Context, c *call, f *flow) (*response, error) {
			id, err := reference(c)
			if err != nil {
				return nil, err
			}
			inputs := append(shownInputs(f, true), flowInput{Attribute: id, InputType: "text"})
			return emptied(patch(ctx, c, f, "onAttributeCollection", flowCollection{Page: flowPage{Views: []flowView{{Inputs: inputs}}}}))
		}},
		{method: http.MethodDelete, path: attributes + "/{id}/$ref", need: writeFlows(), run: func(ctx context.Context, c *call, f *flow) (*response, error) {
			inputs := slices.DeleteFunc(shownInputs(f, true), func(i flowInput) bool { return i.Attribute == c.params["id"] })
			if len(inputs) == len(f.Attributes) {
				return nil, notFound(c.params["id"])
			}
			return emptied(patch(ctx, c, f, "onAttributeCollection", flowCollection{Page: flowPage{Views: []flowView{{Inputs: inputs}}}}))
		}},
	}
}

func valueOf(c *call, context string, v any) *response {
	return &response{status: http.StatusOK, body: object{{"@odata.context", c.context(context)}, {"value", v}}}
}

// reference reads {"@odata.id": "…/identity/identityProviders/Google-OAUTH"}: the last path segment
// names the thing.
func reference(c *call) (string, error) {
	var in struct {
		ID string `json:"@odata.id"`
	}
	if !utf8.Valid(c.body) {
		return "", notUTF8()
	}
	if err := json.Unmarshal(c.body, &in); err != nil || in.ID == "" {
		return "", badRequest("A reference needs '@odata.id'.", "@odata.id")
	}
	segs, err := odata.ParsePath(in.ID)
	if err != nil || len(segs) == 0 {
		return "", invalidValue("@odata.id", "")
	}
	last := segs[len(segs)-1]
	for _, v := range last.Keys {
		return v, nil
	}
	return last.Name, nil
}

// releaseApps takes the apps out of a flow that its file does not name any more: another flow may name them,
// and an app is in one flow only.
func releaseApps(ctx context.Context, c *call, f, want *flow) error {
	for _, id := range f.apps {
		if want == nil || slices.Contains(want.apps, id) {
			continue
		}
		app, err := c.tenant.ApplicationByClient(ctx, id)
		if err != nil {
			return err
		}
		if err := c.tenant.RemoveFlowApp(ctx, c.actor(), f.ID, app.ID); err != nil {
			return err
		}
	}
	return nil
}

// putFlowApps makes the flow's apps those that are wanted, inside the running transaction.
func putFlowApps(ctx context.Context, c *call, t *models.Tenant, f *flow) error {
	want := map[string]bool{}
	for _, id := range f.apps {
		app, err := t.ApplicationByClient(ctx, id)
		if err != nil || !app.DeletedAt.IsZero() {
			if err == nil || fault.Is(err, fault.NotFound) {
				return badRequest("There is no application with the appId '"+id+"'.", "conditions")
			}
			return err
		}
		want[app.ID] = true
		if slices.Contains(f.ApplicationIDs, app.ID) {
			continue
		}
		if err := t.AddFlowApp(ctx, c.actor(), f.ID, app.ID); err != nil {
			return flowWords(err)
		}
	}
	for _, id := range f.ApplicationIDs {
		if !want[id] {
			app, err := t.Application(ctx, id)
			if err == nil && !app.DeletedAt.IsZero() {
				continue // it comes back with its place when it is restored
			}
			if err := t.RemoveFlowApp(ctx, c.actor(), f.ID, id); err != nil {
				return err
			}
		}
	}
	made, err := t.Flow(ctx, f.ID)
	f.UserFlow = made
	return err
}
