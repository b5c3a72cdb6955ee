package graph

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"portico/app/access"
	"portico/app/openid"
	"portico/handlers/graph/odata"
	"portico/models"
)

// The vendor's claims mapping policies (graph.md §5.3) are another way to write what an application shows as
// portico.claims: assigning one to a service principal makes its claims the application's.

const policyDefinitionLimit = 64 << 10

func readClaimsPolicies() []access.Permission {
	return []access.Permission{access.PolicyRead, "Policy.ReadWrite.ApplicationConfiguration", access.AppRead}
}

func writeClaimsPolicies() []access.Permission {
	return []access.Permission{"Policy.ReadWrite.ApplicationConfiguration", access.AppWrite}
}

func (a *API) claimsPolicies() *collection[models.ClaimsPolicy] {
	type policy = models.ClaimsPolicy
	r := &collection[policy]{
		path: []string{"policies", "claimsMappingPolicies"}, name: "policies/claimsMappingPolicies", typ: "claimsMappingPolicy",
		read: readClaimsPolicies(), write: writeClaimsPolicies(), normalPage: 100, largestPage: 999, order: odata.Order{Path: "displayName"}, counts: true,
		id: func(p *policy) string { return p.ID },
	}
	r.fields = []field[policy]{
		readOnly("id", func(p *policy) any { return p.ID }).sortable(func(p *policy) any { return p.ID }),
		constant[policy]("deletedDateTime", nil),
		{name: "definition", get: func(p *policy) any { return []string{p.Definition} }, set: setDefinition},
		str("description", 1024, func(p *policy) *string { return &p.Description }),
		str("displayName", 256, func(p *policy) *string { return &p.Name }).sortable(func(p *policy) any { return folded(p.Name) }),
		{name: "isOrganizationDefault", get: func(*policy) any { return false }, set: func(_ *policy, raw json.RawMessage) error {
			var b *bool
			if err := strict("isOrganizationDefault", raw, &b); err != nil {
				return err
			}
			if b != nil && *b {
				return badRequest("A claims mapping policy counts where it is assigned; it cannot be the organisation's default.", "isOrganizationDefault")
			}
			return nil
		}},
	}
	r.fresh = func(*call) policy { return policy{} }
	r.all = func(ctx context.Context, c *call) ([]policy, error) { return c.tenant.ClaimsPolicies(ctx) }
	r.find = func(ctx context.Context, c *call, _, key string) (*policy, error) {
		p, err := c.tenant.ClaimsPolicy(ctx, key)
		return &p, err
	}
	r.check = func(_ context.Context, _ *call, row *policy, _ func(string) bool) error {
		if row.Definition == "" {
			return badRequest("A value is required for property 'definition' of resource 'ClaimsMappingPolicy'.", "definition")
		}
		return nil
	}
	r.create = func(ctx context.Context, c *call, row *policy) error {
		made, err := c.tenant.CreateClaimsPolicy(ctx, c.actor(), *row)
		if err != nil {
			return err
		}
		*row = made
		return nil
	}
	r.update = func(ctx context.Context, c *call, _ policy, row *policy, again func(*policy) error) error {
		made, err := c.tenant.UpdateClaimsPolicy(ctx, c.actor(), row.ID, again)
		if err != nil {
			return err
		}
		*row = made
		return nil
	}
	r.delete = func(ctx context.Context, c *call, row *policy) error {
		return c.tenant.DeleteClaimsPolicy(ctx, c.actor(), row.ID)
	}
	r.actions = []action[policy]{
		{method: http.MethodGet, path: "appliesTo", need: readClaimsPolicies(), run: func(ctx context.Context, c *call, row *policy) (*response, error) {
			apps, err := c.tenant.WithClaimsPolicy(ctx, row.ID)
			if err != nil {
				return nil, err
			}
			list := []object{}
			for _, app := range apps {
				list = append(list, object{{"@odata.type", "#microsoft.graph.servicePrincipal"}, {"id", app.ServicePrincipalID}, {"appId", app.ClientID}, {"displayName", app.Name}})
			}
			return valueOf(c, "directoryObjects", list), nil
		}},
	}
	return r
}

// setDefinition reads the one document of a definition.
func setDefinition(p *models.ClaimsPolicy, raw json.RawMessage) error {
	var list []string
	if err := strict("definition", raw, &list); err != nil {
		return err
	}
	if len(list) != 1 {
		return invalidValue("definition", ": a list with one text is expected")
	}
	if len(list[0]) > policyDefinitionLimit {
		return invalidValue("definition", ": it is too long")
	}
	claims, err := readDefinition(list[0])
	if err != nil {
		return err
	}
	p.Definition, p.Claims = list[0], claims
	return nil
}

// assignedPolicies are the relation of a service principal to its policy.
func assignedPolicies() []action[application] {
	const path = "claimsMappingPolicies"
	return []action[application]{
		{method: http.MethodGet, path: path, need: readClaimsPolicies(), run: func(ctx context.Context, c *call, row *application) (*response, error) {
			list := []object{}
			if id := row.Spec.ClaimsPolicyID; id != "" {
				p, err := c.tenant.ClaimsPolicy(ctx, id)
				if err != nil {
					return nil, err
				}
				list = append(list, object{{"id", p.ID}, {"deletedDateTime", nil}, {"definition", []string{p.Definition}}, {"description", text(p.Description)}, {"displayName", p.Name}, {"isOrganizationDefault", false}})
			}
			return valueOf(c, "policies/claimsMappingPolicies", list), nil
		}},
		{method: http.MethodPost, path: path + "/$ref", need: writeApps(), run: func(ctx context.Context, c *call, row *application) (*response, error) {
			id, err := reference(c)
			if err != nil {
				return nil, err
			}
			return emptied(c.tenant.AssignClaimsPolicy(ctx, c.actor(), row.ID, strings.ToLower(id)))
		}},
		{method: http.MethodDelete, path: path + "/{id}/$ref", need: writeApps(), run: func(ctx context.Context, c *call, row *application) (*response, error) {
			return emptied(c.tenant.UnassignClaimsPolicy(ctx, c.actor(), row.ID, strings.ToLower(c.params["id"])))
		}},
	}
}

// policyDocument is the vendor's language of claims mapping policies.
type policyDocument struct {
	Policy *policyBody `json:"ClaimsMappingPolicy"`
}

type policyBody struct {
	Version         any               `json:"Version"`
	Basic           any               `json:"IncludeBasicClaimSet"`
	Schema          []policyClaim     `json:"ClaimsSchema"`
	Transformation  []policyTransform `json:"ClaimsTransformation"`
	Transformations []policyTransform `json:"ClaimsTransformations"` // the vendor's own examples spell both
}

type policyClaim struct {
	Source           string `json:"Source"`
	ID               string `json:"ID"`
	ExtensionID      string `json:"ExtensionID"`
	Value            string `json:"Value"`
	JwtClaimType     string `json:"JwtClaimType"`
	SamlClaimType    string `json:"SamlClaimType"`
	SamlNameFormat   string `json:"SamlNameFormat"`
	TransformationID string `json:"TransformationId"`
}

type policyTransform struct {
	ID         string            `json:"ID"`
	Method     string            `json:"TransformationMethod"`
	Inputs     []policyReference `json:"InputClaims"`
	Parameters []policyParameter `json:"InputParameters"`
	Outputs    []policyReference `json:"OutputClaims"`
}

type policyReference struct {
	Claim string `json:"ClaimTypeReferenceId"`
	As    string `json:"TransformationClaimType"`
}

type policyParameter struct {
	ID    string `json:"ID"`
	Value string `json:"Value"`
}

// vendorAttributes are the vendor's ids of a user's attributes and ours.
func vendorAttributes() map[string]string {
	return map[string]string{"surname": "surname", "givenname": "givenName", "displayname": "displayName", "objectid": "id", "mail": "mail",
		"userprincipalname": "userPrincipalName", "telephonenumber": "mobilePhone", "mobilephone": "mobilePhone", "country": "country", "city": "city",
		"streetaddress": "streetAddress", "state": "state", "postalcode": "postalCode", "jobtitle": "jobTitle", "preferredlanguage": "preferredLanguage",
		"preferredlanguge": "preferredLanguage"}
}

func attributeOf(c policyClaim) string {
	id := c.ID
	if c.ExtensionID != "" {
		id = c.ExtensionID
	}
	if ours, ok := vendorAttributes()[strings.ToLower(id)]; ok {
		return ours
	}
	return id
}

func unsaid(what string) error { return invalidValue("definition", ": "+what) }

// readDefinition turns a definition into mapped claims. What Portico cannot say is refused, so that nobody
// believes in a claim that no token carries.
func readDefinition(s string) ([]openid.ClaimMapping, error) {
	var d policyDocument
	if err := strict("definition", json.RawMessage(s), &d); err != nil {
		return nil, err
	}
	if d.Policy == nil {
		return nil, unsaid("it needs the object 'ClaimsMappingPolicy'")
	}
	p := d.Policy
	switch v := p.Version.(type) {
	case nil:
	case float64:
		if v != 1 {
			return nil, unsaid("the only Version is 1")
		}
	default:
		return nil, unsaid("Version is the number 1")
	}
	switch v := p.Basic.(type) {
	case nil:
	case bool:
		if !v {
			return nil, unsaid("IncludeBasicClaimSet cannot be false: scopes decide which profile claims an application gets")
		}
	case string:
		if !strings.EqualFold(v, "true") {
			return nil, unsaid("IncludeBasicClaimSet cannot be false: scopes decide which profile claims an application gets")
		}
	default:
		return nil, unsaid("IncludeBasicClaimSet is \"true\"")
	}
	var out []openid.ClaimMapping
	for _, c := range p.Schema {
		if c.JwtClaimType == "" {
			if c.SamlClaimType != "" && c.Source == "" {
				return nil, unsaid("SamlClaimType alone reaches no token; add JwtClaimType")
			}
			continue // an input of a transformation
		}
		m, err := p.read(c)
		if err != nil {
			return nil, err
		}
		m.Name = c.JwtClaimType
		out = append(out, m)
	}
	return out, nil
}

// read is where one claim's value comes from.
func (p *policyBody) read(c policyClaim) (openid.ClaimMapping, error) {
	where := "the claim '" + c.JwtClaimType + "'"
	switch strings.ToLower(c.Source) {
	case "":
		if c.ID != "" || c.ExtensionID != "" || c.TransformationID != "" {
			return openid.ClaimMapping{}, unsaid(where + " needs a Source, or a Value alone")
		}
		return openid.ClaimMapping{Source: openid.FromConstant, Value: c.Value}, nil
	case "user":
		if c.Value != "" || c.TransformationID != "" {
			return openid.ClaimMapping{}, unsaid(where + " comes from the user, so it has neither Value nor TransformationId")
		}
		return openid.ClaimMapping{Source: openid.FromUser, ID: attributeOf(c)}, nil
	case "transformation":
		return p.transformed(c, where)
	case "customclaimsprovider":
		if c.Value != "" || c.TransformationID != "" {
			return openid.ClaimMapping{}, unsaid(where + " comes from a custom claims provider, so it has neither Value nor TransformationId")
		}
		return openid.ClaimMapping{Source: openid.FromProvider, ID: c.ID}, nil
	}
	return openid.ClaimMapping{}, unsaid(where + " has the Source '" + c.Source + "'; user, transformation, CustomClaimsProvider and a constant Value can be used")
}

// transformed reads the transformation that a claim comes from.
func (p *policyBody) transformed(c policyClaim, where string) (openid.ClaimMapping, error) {
	var t *policyTransform
	for _, list := range [][]policyTransform{p.Transformation, p.Transformations} {
		for i := range list {
			if list[i].ID == c.TransformationID {
				t = &list[i]
			}
		}
	}
	if t == nil || c.TransformationID == "" {
		return openid.ClaimMapping{}, unsaid(where + " names a transformation that is not there")
	}
	if len(t.Outputs) != 1 || t.Outputs[0].Claim != c.ID {
		return openid.ClaimMapping{}, unsaid(where + " must be the one OutputClaim of its transformation")
	}
	inputs := make([]string, len(t.Inputs))
	for i, in := range t.Inputs {
		for _, s := range p.Schema {
			if strings.EqualFold(s.Source, "user") && (s.ID == in.Claim && s.ID != "" || s.ExtensionID == in.Claim && s.ExtensionID != "") {
				inputs[i] = attributeOf(s)
			}
		}
		if inputs[i] == "" {
			return openid.ClaimMapping{}, unsaid(where + ": the ClaimsSchema has no user attribute '" + in.Claim + "'")
		}
	}
	m := openid.ClaimMapping{Source: openid.FromUser}
	need := 1
	switch strings.ToLower(strings.TrimSuffix(t.Method, "()")) {
	case "join":
		m.Transform, need = openid.Join, 2
	case "extractmailprefix":
		m.Transform = openid.EmailLocalPart
	case "tolowercase":
		m.Transform = openid.Lowercase
	case "touppercase":
		m.Transform = openid.Uppercase
	default:
		return m, unsaid(where + " uses the transformation '" + t.Method + "'; Join, ExtractMailPrefix, ToLowercase and ToUppercase can be used")
	}
	if len(inputs) != need {
		return m, unsaid(where + ": the transformation has another number of InputClaims")
	}
	m.ID = inputs[0]
	if need == 2 {
		m.SecondID = inputs[1]
		if strings.EqualFold(t.Inputs[0].As, "string2") { // they are told apart by name, not by place
			m.ID, m.SecondID = m.SecondID, m.ID
		}
	}
	for _, x := range t.Parameters {
		if m.Transform != openid.Join || !strings.EqualFold(x.ID, "separator") {
			return m, unsaid(where + ": the parameter '" + x.ID + "' is not known")
		}
		m.Separator = x.Value
	}
	return m, nil
}
