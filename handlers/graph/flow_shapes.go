package graph

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

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
	var terms []userflow.Terms
	if slices.ContainsFunc(flows, func(f models.UserFlow) bool { return len(f.Terms) > 0 }) {
		var err error
		if terms, err = c.tenant.AllTerms(ctx); err != nil {
			return nil, err
		}
	}
	var upstream []models.IdentityProvider
	if slices.ContainsFunc(flows, func(f models.UserFlow) bool { return len(f.Providers) > 0 }) {
		var err error
		if upstream, err = c.tenant.IdentityProviders(ctx); err != nil {
			return nil, err
		}
	}
	out := make([]flow, len(flows))
	for i, f := range flows {
		out[i] = flow{UserFlow: f, terms: terms, upstream: upstream}
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
	return renamed(err, func(name string) string {
		if at, ok := strings.CutPrefix(name, "attributes["); ok {
			at, part, more := strings.Cut(at, "].")
			at = strings.TrimSuffix(at, "]")
			if part == "default" {
				part = "defaultValue"
			}
			name = collectionProperty + "/attributeCollectionPage/inputs[" + at + "]"
			if more && part != "hint" { // an input has none: it is in portico/attributeInputs
				name += "/" + part
			}
			return name
		}
		if name == "texts" || strings.HasPrefix(name, "texts.") {
			return textsProperty + strings.TrimPrefix(name, "texts")
		}
		switch base, _, _ := strings.Cut(name, "["); base {
		case "name":
			return "displayName"
		case "signUpMethod", "signInMethods":
			return "onAuthenticationMethodLoadStart"
		case "attributes":
			return collectionProperty
		case "signUpAllowed":
			return "onInteractiveAuthFlowStart"
		case "mfa":
			return "portico/multifactorAuthentication"
		case "terms":
			return "portico/termsOfUse"
		case "userNames", "passwordReset", "domains.allow", "domains.deny":
			return "portico/" + strings.ReplaceAll(base, ".", "/")
		case "application":
			return "conditions"
		}
		return name
	})
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
	out := []object{{{"@odata.type", flowType + "builtInIdentityProvider"}, {"id", providerOf(f.SignUpMethod)}, {"displayName", name},
		{"identityProviderType", kind}, {"state", nil}}}
	for _, id := range f.Providers {
		for _, x := range f.upstream {
			if x.ID == id {
				u := upstream{IdentityProvider: x}
				out = append(out, object{{"@odata.type", flowType + u.typ()}, {"id", x.ID}, {"displayName", x.Name}, {"identityProviderType", text(socialTypes()[x.Kind])}})
			}
		}
	}
	return out
}

// providerNamed finds another company by its id or, where a file comes from another tenant, by its name.
func (f *flow) providerNamed(p flowProvider) (string, bool) {
	for _, x := range f.upstream {
		if x.ID == strings.ToLower(p.ID) {
			return x.ID, true
		}
	}
	for _, x := range f.upstream {
		if p.Name != nil && x.Name == *p.Name {
			return x.ID, true
		}
	}
	return "", false
}

// withProvider are the flow's providers and one more; a way to sign up takes the place of the other.
func withProvider(f *flow, id string) []flowProvider {
	builtIn := strings.EqualFold(id, providerPassword) || strings.EqualFold(id, providerCode)
	out := []flowProvider{{ID: providerOf(f.SignUpMethod)}}
	if builtIn {
		out[0].ID = id
	}
	for _, p := range f.Providers {
		out = append(out, flowProvider{ID: p})
	}
	if !builtIn && !slices.Contains(f.Providers, strings.ToLower(id)) {
		out = append(out, flowProvider{ID: id})
	}
	return out
}

func withoutProvider(f *flow, id string) []flowProvider {
	return slices.DeleteFunc(withProvider(f, providerOf(f.SignUpMethod)), func(p flowProvider) bool { return p.ID == id })
}

func setMethods(f *flow, raw json.RawMessage) error {
	var v flowMethods
	if err := strict("onAuthenticationMethodLoadStart", raw, &v); err != nil {
		return err
	}
	const property = "onAuthenticationMethodLoadStart/identityProviders"
	var method userflow.Method
	others := []string{}
	for _, p := range v.Providers {
		m := userflow.EmailPassword
		switch {
		case strings.EqualFold(p.ID, providerPassword):
		case strings.EqualFold(p.ID, providerCode):
			m = userflow.EmailCode
		default:
			if id, ok := f.providerNamed(p); ok {
				others = append(others, id)
				continue
			}
			said := p.ID
			if said == "" && p.Name != nil {
				said = clipped(*p.Name)
			}
			return invalidValue(property, ": there is no identity provider '"+said+"'")
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
	if f.Providers = others; len(others) == 0 {
		f.Providers = nil
	}
	f.SignInMethods = methodsWith(f.SignInMethods, method)
	return nil
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
