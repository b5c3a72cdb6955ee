package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"portico/app/fault"
	"portico/app/userflow"
	"portico/handlers/graph/odata"
	"portico/models"
)

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
		case "signUpAllowed":
			field.Name = "onInteractiveAuthFlowStart"
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
	switch a.Type() {
	case userflow.Boolean, userflow.Int:
		return string(a.Type())
	case userflow.Date:
		return "dateTime"
	}
	return "string"
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
	switch in := at.Input(); in {
	case userflow.RadioSingleSelect, userflow.CheckboxMultiSelect, userflow.CheckboxSingle:
		return string(in)
	case userflow.Dropdown:
		if len(at.Options) > 0 {
			return string(userflow.RadioSingleSelect)
		}
	}
	return "text"
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
		at := userflow.Attribute{ID: in.Attribute, Label: in.Label, Hint: hints[in.Attribute], InputType: userflow.InputType(kind),
			Required: in.Required != nil && *in.Required, Hidden: in.Hidden != nil && *in.Hidden, ReadOnly: in.Editable != nil && !*in.Editable}
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
