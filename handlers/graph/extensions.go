package graph

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"portico/app/access"
	"portico/app/extension"
	"portico/app/fault"
	"portico/handlers/graph/odata"
	"portico/models"
)

// extended is one of /identity/customAuthenticationExtensions (graph.md §6.5).
type extended struct {
	models.AuthExtension
	said string // the event of the type that the request claims; "" = none
}

// extensionType is Graph's name of an event's extensions.
func extensionType(e extension.Event) string { return string(e) + "CustomExtension" }

func extensionTypes() []string {
	var out []string
	for _, e := range extension.Events() {
		out = append(out, extensionType(e))
	}
	return out
}

// eventOfType finds the event of a type's name; "" when there is none.
func eventOfType(typ string, nameOf func(extension.Event) string) extension.Event {
	for _, e := range extension.Events() {
		if strings.EqualFold(typ, nameOf(e)) {
			return e
		}
	}
	return ""
}

type (
	endpointBody struct {
		URL string `json:"targetUrl"`
	}
	apiTrustBody struct {
		Resource string `json:"resourceId"`
	}
	clientBody struct {
		Timeout *int `json:"timeoutInMilliseconds"`
		Retries *int `json:"maximumRetries"`
	}
	claimBody struct {
		ID string `json:"claimIdInApiResponse"`
	}
	extensionExtra struct {
		Enabled bool `json:"isEnabled"`
		Signed  bool `json:"signsRequests"`
	}
)

// behaviorBody is what happens when the API fails: an object without properties of its own, which says by being there that
// we do it ourselves; null = what the event does by itself.
type behaviorBody struct{}

func (b *behaviorBody) means() extension.OnFailure {
	if b == nil {
		return ""
	}
	return extension.Fallback
}

func shownBehavior(f extension.OnFailure) any {
	if f != extension.Fallback {
		return nil
	}
	return object{{"@odata.type", flowType + "fallbackToMicrosoftProviderOnError"}}
}

// usualTimeout is the vendor's for an extension whose maker names none, in milliseconds (graph.md §6.5).
const usualTimeout = 1000

func (a *API) extensions() *collection[extended] {
	r := &collection[extended]{
		path: []string{"identity", "customAuthenticationExtensions"}, name: "identity/customAuthenticationExtensions", typ: "customAuthenticationExtension",
		typed: true, plural: "authentication-extensions", subtypes: extensionTypes(),
		read: []access.Permission{access.ExtensionRead}, write: []access.Permission{access.ExtensionWrite}, normalPage: 100, largestPage: 999, order: odata.Order{Path: "displayName"}, counts: true,
		id: func(x *extended) string { return x.ID }, kindOf: func(x *extended) string { return extensionType(x.Event) },
	}
	r.claimed = func(x *extended, typ string) { x.said = string(eventOfType(typ, extensionType)) }
	r.fields = []field[extended]{
		readOnly("id", func(x *extended) any { return x.ID }).sortable(func(x *extended) any { return x.ID }),
		str("displayName", 256, func(x *extended) *string { return &x.Name }).sortable(func(x *extended) any { return folded(x.Name) }),
		str("description", 1024, func(x *extended) *string { return &x.Description }),
		{name: "endpointConfiguration", get: func(x *extended) any {
			return object{{"@odata.type", flowType + "httpRequestEndpoint"}, {"targetUrl", x.URL}}
		}, set: func(x *extended, raw json.RawMessage) error {
			v := endpointBody{URL: x.URL}
			err := strict("endpointConfiguration", raw, &v)
			x.URL = v.URL
			return err
		}},
		{name: "authenticationConfiguration", get: func(x *extended) any {
			return object{{"@odata.type", flowType + "azureAdTokenAuthentication"}, {"resourceId", x.Resource}}
		}, set: func(x *extended, raw json.RawMessage) error {
			v := apiTrustBody{Resource: x.Resource}
			err := strict("authenticationConfiguration", raw, &v)
			x.Resource = v.Resource
			return err
		}},
		{name: "clientConfiguration", get: func(x *extended) any {
			return object{{"timeoutInMilliseconds", int(x.Wait().Milliseconds())}, {"maximumRetries", x.Retries}}
		}, set: func(x *extended, raw json.RawMessage) error {
			var v clientBody
			if err := strict("clientConfiguration", raw, &v); err != nil {
				return err
			}
			if v.Timeout != nil {
				x.Timeout = *v.Timeout
			}
			if v.Retries != nil {
				x.Retries = *v.Retries
			}
			return nil
		}},
		{name: "behaviorOnError", get: func(x *extended) any { return shownBehavior(x.OnError) }, set: func(x *extended, raw json.RawMessage) error {
			var v *behaviorBody
			if err := strict("behaviorOnError", raw, &v); err != nil {
				return err
			}
			x.OnError = v.means()
			return nil
		}},
		{name: "claimsForTokenConfiguration", get: func(x *extended) any {
			if x.Event != extension.TokenIssuanceStart {
				return nil
			}
			out := []object{}
			for _, id := range x.Claims {
				out = append(out, object{{"claimIdInApiResponse", id}})
			}
			return out
		}, set: func(x *extended, raw json.RawMessage) error {
			var v []claimBody
			if err := strict("claimsForTokenConfiguration", raw, &v); err != nil {
				return err
			}
			x.Claims = nil
			for _, claim := range v {
				x.Claims = append(x.Claims, claim.ID)
			}
			return nil
		}},
		complexField("portico", func(x *extended) extensionExtra { return extensionExtra{x.Enabled, x.Signed} }, func(x *extended, v extensionExtra) error {
			x.Enabled, x.Signed = v.Enabled, v.Signed
			return nil
		}),
		// A new secret is told in the answer of what made it, and never again.
		{name: "signingSecret", once: true, selectOnly: true, get: func(x *extended) any { return text(x.NewSecret) }},
	}
	r.fresh = func(*call) extended {
		return extended{AuthExtension: models.AuthExtension{Extension: extension.Extension{Enabled: true, Timeout: usualTimeout}}}
	}
	r.all = func(ctx context.Context, c *call) ([]extended, error) {
		all, err := c.tenant.Extensions(ctx)
		out := make([]extended, len(all))
		for i, x := range all {
			out[i] = extended{AuthExtension: x}
		}
		return out, err
	}
	r.find = func(ctx context.Context, c *call, _, key string) (*extended, error) {
		x, err := c.tenant.Extension(ctx, strings.ToLower(key))
		return &extended{AuthExtension: x}, err
	}
	r.check = func(_ context.Context, c *call, x *extended, sent func(string) bool) error {
		switch {
		case x.ID == "" && x.said == "":
			return badRequest("Say by '@odata.type' which event the extension is for, such as #microsoft.graph.onTokenIssuanceStartCustomExtension.", "@odata.type")
		case x.ID == "":
			x.Event = extension.Event(x.said)
		case x.said != "" && x.said != string(x.Event):
			return badRequest("An extension keeps its type.", "@odata.type")
		}
		return c.mayHandPasswords(x.Event)
	}
	r.create = func(ctx context.Context, c *call, x *extended) error {
		check, err := a.extensionRules(ctx, c)
		if err != nil {
			return err
		}
		made, err := c.tenant.CreateExtension(ctx, c.actor(), x.Extension, check)
		x.AuthExtension = made
		return extensionWords(err)
	}
	r.update = func(ctx context.Context, c *call, _ extended, x *extended, again func(*extended) error) error {
		check, err := a.extensionRules(ctx, c)
		if err != nil {
			return err
		}
		made, err := c.tenant.UpdateExtension(ctx, c.actor(), x.ID, false, func(have *extension.Extension) error {
			now := extended{AuthExtension: models.AuthExtension{Extension: *have}}
			if err := again(&now); err != nil {
				return err
			}
			*have = now.Extension
			return nil
		}, check)
		if err == nil {
			x.AuthExtension = made
		}
		return extensionWords(err)
	}
	r.delete = func(ctx context.Context, c *call, x *extended) error {
		if err := c.mayHandPasswords(x.Event); err != nil {
			return err
		}
		return c.tenant.DeleteExtension(ctx, c.actor(), x.ID)
	}
	r.actions = a.extensionActions()
	r.managing = &managing[extended]{key: "displayName", keyOf: func(x *extended) string { return x.Name }, name: func(x *extended) string { return x.Name }, late: true}
	return r
}

// mayHandPasswords refuses to set up where passwords go for whoever lacks the right for that besides (R 8.8.4).
func (c *call) mayHandPasswords(e extension.Event) error {
	if e == extension.PasswordSubmit && !c.caller.may(access.PasswordExtensionWrite) {
		return denied()
	}
	return nil
}

// extensionActions: the vendor's check of the registration, and a new signing secret (ours).
func (a *API) extensionActions() []action[extended] {
	return []action[extended]{
		{method: http.MethodPost, path: "validateAuthenticationConfiguration", need: []access.Permission{access.ExtensionRead}, run: func(ctx context.Context, c *call, x *extended) (*response, error) {
			return validated(ctx, c, x.Extension)
		}},
		{method: http.MethodPost, path: "portico.renewSigningSecret", need: []access.Permission{access.ExtensionWrite}, run: func(ctx context.Context, c *call, x *extended) (*response, error) {
			if err := c.mayHandPasswords(x.Event); err != nil {
				return nil, err
			}
			if !x.Signed {
				return nil, badRequest("The extension does not sign its requests; set portico/signsRequests first.", "portico/signsRequests")
			}
			made, err := c.tenant.UpdateExtension(ctx, c.actor(), x.ID, true, func(*extension.Extension) error { return nil }, func(*extension.Extension) fault.Fields { return nil })
			if err != nil {
				return nil, err
			}
			return &response{status: http.StatusOK, body: object{{"@odata.context", c.context("Edm.String")}, {"signingSecret", made.NewSecret}}}, nil
		}},
	}
}

// configurationCheck is POST …/customAuthenticationExtensions/validateAuthenticationConfiguration: the same check of an
// address and an API that are not saved.
type configurationCheck struct{}

func (configurationCheck) prefix() []string {
	return []string{"identity", "customAuthenticationExtensions", "validateAuthenticationConfiguration"}
}

func (configurationCheck) serve(ctx context.Context, c *call, keys map[string]string, rest []odata.Segment) (*response, error) {
	switch {
	case keys != nil || len(rest) > 0:
		return nil, noSegment("validateAuthenticationConfiguration")
	case c.method != http.MethodPost:
		return nil, wrongMethod(http.MethodPost)
	case !c.caller.may(access.ExtensionRead):
		return nil, denied()
	}
	var endpoint endpointBody
	var trust apiTrustBody
	if err := c.bodyOf(map[string]any{"endpointConfiguration": &endpoint, "authenticationConfiguration": &trust}); err != nil {
		return nil, err
	}
	return validated(ctx, c, extension.Extension{URL: endpoint.URL, Resource: trust.Resource})
}

// validated says in the vendor's codes what keeps an API from being called.
func validated(ctx context.Context, c *call, x extension.Extension) (*response, error) {
	dir, err := c.api.Store.Directory(ctx, c.tenant.ID)
	if err != nil {
		return nil, err
	}
	found := []object{}
	if f := dir.Extensions.CheckAPI(&x); f != nil {
		found = append(found, object{{"code", validationCode(f.Code)}, {"message", f.Detail}})
	}
	return &response{status: http.StatusOK, body: object{{"@odata.context", c.context("microsoft.graph.authenticationConfigurationValidation")}, {"errors", found}, {"warnings", []object{}}}}, nil
}

// validationCode is the vendor's code for what keeps an API from being called: that of a call's failure, where the check of
// a registration has none of its own (graph.md §6.5).
func validationCode(c extension.Code) string {
	if c == extension.ResourceNotFound || c == extension.ResourceDisabled {
		return "ServicePrincipalNotFound"
	}
	return strings.TrimPrefix(c.Name(), "CustomExtension")
}

// extensionRules are what this installation lets an extension be.
func (a *API) extensionRules(ctx context.Context, c *call) (models.ExtensionCheck, error) {
	self, err := c.tenant.Get(ctx)
	if err != nil {
		return nil, err
	}
	return func(e *extension.Extension) fault.Fields {
		return e.Check(func(u *url.URL) error { return a.Outbound.Check(self.Slug, u) })
	}, nil
}

// extensionWords gives complaints the properties' names.
func extensionWords(err error) error {
	return renamed(err, func(name string) string {
		switch name {
		case "targetUrl":
			return "endpointConfiguration/targetUrl"
		case "resourceId":
			return "authenticationConfiguration/resourceId"
		case "timeoutInMilliseconds", "maximumRetries":
			return "clientConfiguration/" + name
		case "claims":
			return "claimsForTokenConfiguration"
		case "enabled":
			return "portico/isEnabled"
		case "signed":
			return "portico/signsRequests"
		case "event":
			return "@odata.type"
		}
		return name
	})
}
