package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"portico/app/fault"
	"portico/app/userflow"
	"portico/handlers/graph/odata"
	"portico/models"
)

// flow is a user flow as Graph's externalUsersSelfServiceSignUpEventsFlow, with its apps by client id.
type flow struct {
	models.UserFlow
	apps []string
}

const flowType = "#microsoft.graph."

// The vendor's names of the two local ways to sign up.
const (
	providerPassword = "EmailPassword-OAUTH"
	providerCode     = "EmailOtpSignup-OAUTH"
)

// Handlers of a flow: each is one complex value, whose type Graph wants spelled out.
type (
	flowStart struct {
		SignUpAllowed *bool `json:"isSignUpAllowed"`
	}
	flowMethods struct {
		Providers []flowProvider `json:"identityProviders"`
	}
	flowProvider struct {
		ID    string  `json:"id"`
		Name  *string `json:"displayName,omitempty"`
		Type  *string `json:"identityProviderType,omitempty"`
		State *string `json:"state,omitempty"`
	}
	flowCollection struct {
		Attributes []flowAttribute `json:"attributes"`
		Page       flowPage        `json:"attributeCollectionPage"`
	}
	flowAttribute struct {
		ID          string  `json:"id"`
		Name        *string `json:"displayName,omitempty"`
		Description *string `json:"description,omitempty"`
		Kind        *string `json:"userFlowAttributeType,omitempty"`
		DataType    *string `json:"dataType,omitempty"`
	}
	flowPage struct {
		Strings *string    `json:"customStringsFileId,omitempty"`
		Views   []flowView `json:"views"`
	}
	flowView struct {
		Title       *string     `json:"title"`
		Description *string     `json:"description"`
		Inputs      []flowInput `json:"inputs"`
	}
	flowInput struct {
		Attribute string       `json:"attribute"`
		Default   *string      `json:"defaultValue"`
		Editable  *bool        `json:"editable"`
		Hidden    *bool        `json:"hidden"`
		InputType string       `json:"inputType"`
		Label     string       `json:"label"`
		Options   []flowOption `json:"options"`
		Required  *bool        `json:"required"`
		Pattern   *string      `json:"validationRegEx"`
		Write     *bool        `json:"writeToDirectory"`
	}
	flowOption struct {
		Label string `json:"label"`
		Value string `json:"value"`
	}
	flowCreated struct {
		UserType *string `json:"userTypeToCreate"`
	}
	flowConditions struct {
		Applications flowApplications `json:"applications"`
	}
	flowApplications struct {
		All     *bool     `json:"includeAllApplications"`
		Include []flowApp `json:"includeApplications"`
	}
	flowApp struct {
		AppID string `json:"appId"`
	}
	porticoFlow struct {
		MFA   flowMFA           `json:"multifactorAuthentication"`
		Hints map[string]string `json:"attributeHints"`
	}
	flowMFA struct {
		Enforcement string   `json:"enforcement"`
		Methods     []string `json:"methods"`
		MayPostpone bool     `json:"mayPostpone"`
	}
)

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
		{name: "onAttributeCollection", get: shownCollection, set: setCollection},
		without[flow]("onAttributeCollectionStart", nil),
		without[flow]("onAttributeCollectionSubmit", nil),
		{name: "onUserCreateStart", get: func(*flow) any {
			return object{{"@odata.type", flowType + "onUserCreateStartExternalUsersSelfServiceSignUp"}, {"userTypeToCreate", "member"}}
		}, set: setCreated, unmanaged: true},
		complexField("portico", shownPorticoFlow, setPorticoFlow),
	}
	r.fresh = func(*call) flow {
		return flow{UserFlow: models.UserFlow{Flow: userflow.Flow{MFA: userflow.MFA{Enforcement: userflow.MFAConditional, Methods: []string{"email"}}}}}
	}
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
				now := flow{UserFlow: models.UserFlow{Flow: *m}, apps: f.apps}
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
	r.actions = flowActions(r)
	r.managing = &managing[flow]{key: "displayName", keyOf: func(f *flow) string { return f.Name }, name: func(f *flow) string { return f.Name }}
	return r
}

// flowActions are the relations that Graph lets clients change one by one. Each becomes the same change
// that a PATCH of the whole would be.
func flowActions(r *collection[flow]) []action[flow] {
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
			return emptied(patch(ctx, c, f, "onAuthenticationMethodLoadStart", flowMethods{Providers: []flowProvider{{ID: id}}}))
		}},
		{method: http.MethodDelete, path: providers + "/{id}/$ref", need: writeFlows(), run: func(_ context.Context, c *call, f *flow) (*response, error) {
			if !strings.EqualFold(c.params["id"], providerOf(f.SignUpMethod)) {
				return nil, notFound(c.params["id"])
			}
			return nil, badRequest("A user flow needs at least one identity provider; add the other one instead.", "identityProviders")
		}},
		{method: http.MethodGet, path: attributes, need: readFlows(), run: func(_ context.Context, c *call, f *flow) (*response, error) {
			return valueOf(c, attributes, shownAttributes(f)), nil
		}},
		{method: http.MethodPost, path: attributes + "/$ref", need: writeFlows(), run: func(ctx context.Context, c *call, f *flow) (*response, error) {
			id, err := reference(c)
			if err != nil {
				return nil, err
			}
			inputs := append(shownInputs(f), flowInput{Attribute: id, InputType: "text"})
			return emptied(patch(ctx, c, f, "onAttributeCollection", flowCollection{Page: flowPage{Views: []flowView{{Inputs: inputs}}}}))
		}},
		{method: http.MethodDelete, path: attributes + "/{id}/$ref", need: writeFlows(), run: func(ctx context.Context, c *call, f *flow) (*response, error) {
			inputs := slices.DeleteFunc(shownInputs(f), func(i flowInput) bool { return i.Attribute == c.params["id"] })
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

// withApps finds the client ids of the flows' apps: one query for all.
func withApps(ctx context.Context, c *call, flows []models.UserFlow) ([]flow, error) {
	var ids []string
	for _, f := range flows {
		ids = append(ids, f.ApplicationIDs...)
	}
	clients := map[string]string{}
	if len(ids) > 0 {
		rows, err := models.ListRows[models.ApplicationRow](ctx, c.tenant, models.Listing{
			Where: []models.Condition{{SQL: "id IN ?", Args: []any{ids}}, notDeleted("applications")}, Limit: len(ids)})
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			clients[r.ID] = r.ClientID
		}
	}
	out := make([]flow, len(flows))
	for i, f := range flows {
		out[i] = flow{UserFlow: f}
		for _, id := range f.ApplicationIDs {
			if client, ok := clients[id]; ok {
				out[i].apps = append(out[i].apps, client)
			}
		}
		slices.Sort(out[i].apps)
	}
	return out, nil
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

// flowWords gives complaints Graph's property names.
func flowWords(err error) error {
	f := fault.Of(err)
	if f.Code != fault.Invalid && f.Code != fault.Conflict || len(f.Fields) == 0 {
		return err
	}
	out := &fault.Error{Code: f.Code, Key: f.Key, Args: f.Args, Cause: f.Cause}
	for _, field := range f.Fields {
		switch base, _, _ := strings.Cut(field.Name, "["); base {
		case "name":
			field.Name = "displayName"
		case "signUpMethod", "signInMethods":
			field.Name = "onAuthenticationMethodLoadStart"
		case "attributes":
			field.Name = "onAttributeCollection"
		case "mfa":
			field.Name = "portico"
		case "application":
			field.Name = "conditions"
		}
		out.Fields = append(out.Fields, field)
	}
	return out
}

func shownApps(f *flow) []flowApp {
	out := []flowApp{}
	for _, id := range f.apps {
		out = append(out, flowApp{id})
	}
	return out
}

func shownConditions(f *flow) any {
	return object{{"applications", object{{"includeAllApplications", false}, {"includeApplications", shownApps(f)}}}}
}

func setConditions(f *flow, raw json.RawMessage) error {
	var v flowConditions
	if err := strict("conditions", raw, &v); err != nil {
		return err
	}
	if v.Applications.All != nil && *v.Applications.All {
		return badRequest("A user flow names its applications; includeAllApplications is not supported.", "conditions/applications")
	}
	f.apps = nil
	for _, app := range v.Applications.Include {
		if !odata.IsGUID(app.AppID) {
			return invalidValue("conditions/applications/includeApplications", ": an appId is needed")
		}
		if id := clientID(app.AppID); !slices.Contains(f.apps, id) {
			f.apps = append(f.apps, id)
		}
	}
	slices.Sort(f.apps)
	return nil
}

func setStart(f *flow, raw json.RawMessage) error {
	var v flowStart
	if err := strict("onInteractiveAuthFlowStart", raw, &v); err != nil {
		return err
	}
	if v.SignUpAllowed == nil {
		return invalidValue("onInteractiveAuthFlowStart/isSignUpAllowed", ": true or false is needed")
	}
	f.SignUpAllowed = *v.SignUpAllowed
	return nil
}

func providerOf(m userflow.Method) string {
	if m == userflow.EmailCode {
		return providerCode
	}
	return providerPassword
}

func shownProviders(f *flow) []object {
	name, kind := "Email with password", "EmailPassword"
	if f.SignUpMethod == userflow.EmailCode {
		name, kind = "Email one-time passcode", "EmailOTP"
	}
	return []object{{{"@odata.type", flowType + "builtInIdentityProvider"}, {"id", providerOf(f.SignUpMethod)}, {"displayName", name},
		{"identityProviderType", kind}, {"state", nil}}}
}

func setMethods(f *flow, raw json.RawMessage) error {
	var v flowMethods
	if err := strict("onAuthenticationMethodLoadStart", raw, &v); err != nil {
		return err
	}
	const property = "onAuthenticationMethodLoadStart/identityProviders"
	var method userflow.Method
	for _, p := range v.Providers {
		m := userflow.EmailPassword
		switch {
		case strings.EqualFold(p.ID, providerPassword):
		case strings.EqualFold(p.ID, providerCode):
			m = userflow.EmailCode
		default:
			return invalidValue(property, ": there is no identity provider '"+p.ID+"'")
		}
		if method != "" && method != m {
			return invalidValue(property, ": a flow signs up with a password or with a one-time passcode, not both")
		}
		method = m
	}
	if method == "" {
		return invalidValue(property, ": at least one is needed")
	}
	f.SignUpMethod = method
	return nil
}

func kindOf(a userflow.Attribute) string {
	if _, ok := userflow.Builtin()[a.ID]; ok {
		return "builtIn"
	}
	return "custom"
}

func dataTypeOf(a userflow.Attribute) string {
	if a.DataType == "" {
		return "string"
	}
	return a.DataType
}

func shownAttributes(f *flow) []flowAttribute {
	out := []flowAttribute{}
	for _, at := range f.Attributes {
		kind, data, name := kindOf(at), dataTypeOf(at), at.Label
		if name == "" {
			name = at.ID
		}
		out = append(out, flowAttribute{ID: at.ID, Name: &name, Kind: &kind, DataType: &data})
	}
	return out
}

func shownInputs(f *flow) []flowInput {
	out := []flowInput{}
	for _, at := range f.Attributes {
		editable, write := !at.ReadOnly, true
		in := flowInput{Attribute: at.ID, Editable: &editable, Hidden: &at.Hidden, InputType: inputTypeOf(at), Label: at.Label,
			Options: []flowOption{}, Required: &at.Required, Write: &write}
		for _, o := range at.Options {
			in.Options = append(in.Options, flowOption{o.Text, o.Value})
		}
		out = append(out, in)
	}
	return out
}

func inputTypeOf(at userflow.Attribute) string {
	if at.InputType == "" {
		return "text"
	}
	return at.InputType
}

func shownCollection(f *flow) any {
	if len(f.Attributes) == 0 {
		return nil
	}
	return object{{"@odata.type", flowType + "onAttributeCollectionExternalUsersSelfServiceSignUp"}, {"attributes", shownAttributes(f)},
		{"attributeCollectionPage", flowPage{Views: []flowView{{Inputs: shownInputs(f)}}}}}
}

// setCollection takes the whole sign-up page: the inputs are the new list of attributes in their order;
// an attribute without an input gets a default one when the page is made.
func setCollection(f *flow, raw json.RawMessage) error {
	const property = "onAttributeCollection"
	var v flowCollection
	if err := strict(property, raw, &v); err != nil {
		return err
	}
	if v.Page.Strings != nil && *v.Page.Strings != "" {
		return badRequest("Property 'attributeCollectionPage/customStringsFileId' is not supported by this directory.", property)
	}
	hints := map[string]string{}
	for _, at := range f.Attributes {
		hints[at.ID] = at.Hint
	}
	types := map[string]string{}
	for _, at := range v.Attributes {
		if at.DataType != nil {
			types[at.ID] = dataType(*at.DataType)
		}
	}
	var inputs []flowInput
	for _, view := range v.Page.Views {
		inputs = append(inputs, view.Inputs...)
	}
	if len(inputs) == 0 {
		for _, at := range v.Attributes {
			inputs = append(inputs, flowInput{Attribute: at.ID, InputType: "text"})
		}
	}
	f.Attributes = nil
	for i, in := range inputs {
		where := fmt.Sprintf("%s/attributeCollectionPage/inputs[%d]", property, i)
		kind, ok := inputType(in.InputType)
		if !ok {
			return invalidValue(where+"/inputType", ": text, radioSingleSelect, checkboxMultiSelect or boolean is needed")
		}
		if deref(in.Pattern) != "" || deref(in.Default) != "" {
			return badRequest("validationRegEx and defaultValue are not supported by this directory.", where)
		}
		if err := checkText(where+"/label", in.Label, 256); err != nil {
			return err
		}
		at := userflow.Attribute{ID: in.Attribute, Label: in.Label, Hint: hints[in.Attribute], DataType: types[in.Attribute], InputType: kind,
			Required: in.Required != nil && *in.Required, Hidden: in.Hidden != nil && *in.Hidden, ReadOnly: in.Editable != nil && !*in.Editable}
		if at.DataType == "" && kind == "boolean" {
			at.DataType = "boolean"
		}
		for _, o := range in.Options {
			at.Options = append(at.Options, userflow.Option{Text: o.Label, Value: o.Value})
		}
		f.Attributes = append(f.Attributes, at)
	}
	return nil
}

// inputType reads the closed set in any letter case; text is the default and kept as nothing.
func inputType(s string) (string, bool) {
	switch strings.ToLower(s) {
	case "", "text":
		return "", true
	case "radiosingleselect":
		return "radioSingleSelect", true
	case "checkboxmultiselect":
		return "checkboxMultiSelect", true
	case "boolean":
		return "boolean", true
	}
	return "", false
}

func dataType(s string) string {
	if strings.EqualFold(s, "string") {
		return ""
	}
	return s
}

func setCreated(_ *flow, raw json.RawMessage) error {
	var v flowCreated
	if err := strict("onUserCreateStart", raw, &v); err != nil {
		return err
	}
	if v.UserType != nil && *v.UserType != "member" {
		return invalidValue("onUserCreateStart/userTypeToCreate", ": people who sign up become members")
	}
	return nil
}

func shownPorticoFlow(f *flow) porticoFlow {
	hints := map[string]string{}
	for _, at := range f.Attributes {
		if at.Hint != "" {
			hints[at.ID] = at.Hint
		}
	}
	return porticoFlow{MFA: flowMFA{Enforcement: string(f.MFA.Enforcement), Methods: list(f.MFA.Methods), MayPostpone: f.MFA.MayPostpone}, Hints: hints}
}

func setPorticoFlow(f *flow, v porticoFlow) error {
	for _, m := range v.MFA.Methods {
		if !slices.Contains([]string{"email", "sms", "softwareOath", "fido2"}, m) {
			return invalidValue("portico/multifactorAuthentication/methods", ": email, sms, softwareOath or fido2 is needed")
		}
	}
	if v.MFA.Enforcement != "" {
		f.MFA = userflow.MFA{Enforcement: userflow.Enforcement(v.MFA.Enforcement), Methods: list(v.MFA.Methods), MayPostpone: v.MFA.MayPostpone}
	}
	attributes := slices.Clone(f.Attributes)
	for i := range attributes {
		attributes[i].Hint = v.Hints[attributes[i].ID]
	}
	f.Attributes = attributes
	return nil
}
