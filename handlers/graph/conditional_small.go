package graph

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"portico/app/access"
	"portico/app/policy"
	"portico/handlers/graph/odata"
)

// Authentication strengths, authentication contexts and the templates of policies (graph.md §7.3, §7.4, §7.6).

func readStrengths() []access.Permission {
	return []access.Permission{access.ConditionalRead, access.PolicyRead, access.MethodPolicyRead, access.ConditionalWrite, access.MethodPolicyWrite}
}

// authenticationStrengths is a collection under either of its two paths.
func (a *API) authenticationStrengths(path ...string) *collection[policy.Strength] {
	type strength = policy.Strength
	r := &collection[strength]{
		path: path, name: strings.Join(path, "/"), typ: "authenticationStrengthPolicy", read: readStrengths(),
		write: []access.Permission{access.ConditionalWrite, access.MethodPolicyWrite}, normalPage: 100, largestPage: 999, order: odata.Order{Path: "id"}, counts: true,
		id: func(s *strength) string { return s.ID },
	}
	r.fields = strengthFields()
	r.fresh = func(*call) strength { return strength{} }
	r.all = func(ctx context.Context, c *call) ([]strength, error) { return c.tenant.Strengths(ctx) }
	r.find = func(ctx context.Context, c *call, _, key string) (*strength, error) {
		s, err := c.tenant.Strength(ctx, strings.ToLower(key))
		return &s, err
	}
	r.create = func(ctx context.Context, c *call, s *strength) error {
		made, err := c.tenant.CreateStrength(ctx, c.actor(), *s)
		if err == nil {
			*s = made
		}
		return err
	}
	r.update = func(ctx context.Context, c *call, _ strength, s *strength, again func(*strength) error) error {
		made, err := c.tenant.UpdateStrength(ctx, c.actor(), s.ID, again)
		if err == nil {
			*s = made
		}
		return err
	}
	r.delete = func(ctx context.Context, c *call, s *strength) error {
		return c.tenant.DeleteStrength(ctx, c.actor(), s.ID)
	}
	r.actions = []action[strength]{
		{method: http.MethodPost, path: "updateAllowedCombinations", need: r.write, run: func(ctx context.Context, c *call, s *strength) (*response, error) {
			d, err := c.json()
			if err != nil {
				return nil, err
			}
			var want []string
			if err := strict("allowedCombinations", d.values["allowedCombinations"], &want); err != nil {
				return nil, err
			}
			before := list(s.Combinations)
			made, err := c.tenant.UpdateStrength(ctx, c.actor(), s.ID, func(x *strength) error { x.Combinations = want; return nil })
			if err != nil {
				return nil, err
			}
			used, err := strengthUsers(ctx, c, s.ID)
			if err != nil {
				return nil, err
			}
			ids := make([]string, len(used))
			for i, p := range used {
				ids[i] = p.ID
			}
			return c.entity("microsoft.graph.updateAllowedCombinationsResult", object{{"additionalInformation", nil}, {"conditionalAccessReferences", ids},
				{"currentCombinations", list(made.Combinations)}, {"previousCombinations", before}}), nil
		}},
		{method: http.MethodGet, path: "usage", need: r.read, run: func(ctx context.Context, c *call, s *strength) (*response, error) {
			used, err := strengthUsers(ctx, c, s.ID)
			if err != nil {
				return nil, err
			}
			shown := []object{}
			for _, p := range used {
				shown = append(shown, object{{"id", p.ID}, {"displayName", p.Name}, {"state", string(p.State)}})
			}
			return c.entity("microsoft.graph.authenticationStrengthUsage", object{{"mfa", shown}, {"none", []object{}}}), nil
		}},
	}
	if path[0] == "policies" {
		r.plural = "authentication-strengths"
		r.managing = &managing[strength]{key: "displayName", keyOf: func(s *strength) string { return s.Name }, name: func(s *strength) string { return s.Name },
			skip: func(s *strength) bool { return s.BuiltIn }, late: true,
			show: map[string]func(*strength) any{"combinationConfigurations": configurationsForFiles}}
	}
	return r
}

func strengthUsers(ctx context.Context, c *call, id string) ([]policy.Policy, error) {
	all, err := c.tenant.Policies(ctx)
	var out []policy.Policy
	for _, p := range all {
		if p.Names(policy.ThingStrength, id) {
			out = append(out, p)
		}
	}
	return out, err
}

func strengthFields() []field[policy.Strength] {
	type strength = policy.Strength
	return []field[strength]{
		readOnly("id", func(s *strength) any { return s.ID }).sortable(func(s *strength) any { return s.ID }),
		str("displayName", 30, func(s *strength) *string { return &s.Name }).sortable(func(s *strength) any { return folded(s.Name) }),
		str("description", 100, func(s *strength) *string { return &s.Description }),
		readOnly("createdDateTime", func(s *strength) any { return stamp(s.CreatedAt) }),
		readOnly("modifiedDateTime", func(s *strength) any { return stamp(s.ModifiedAt) }),
		readOnly("policyType", func(s *strength) any {
			if s.BuiltIn {
				return "builtIn"
			}
			return "custom"
		}).sortable(func(s *strength) any { return s.BuiltIn }),
		readOnly("requirementsSatisfied", func(*strength) any { return "mfa" }),
		strs("allowedCombinations", 100, 100, func(s *strength) *[]string { return &s.Combinations }),
		{name: "combinationConfigurations", get: shownConfigurations, set: setConfigurations},
	}
}

// shownStrength is a strength inside of what asks for it.
func shownStrength(s *policy.Strength) object {
	o := object{}
	for _, f := range strengthFields() {
		o.add(f.name, f.get(s))
	}
	return o
}

// fidoConfiguration limits the passkeys of a combination to some models.
type fidoConfiguration struct {
	ID           string   `json:"id"`
	Combinations []string `json:"appliesToCombinations"`
	AAGUIDs      []string `json:"allowedAAGUIDs"`
}

func shownConfigurations(s *policy.Strength) any {
	if len(s.AAGUIDs) == 0 {
		return []object{}
	}
	return []object{{{"@odata.type", "#microsoft.graph.fido2CombinationConfiguration"}, {"id", s.ID}, {"appliesToCombinations", []string{"fido2"}}, {"allowedAAGUIDs", s.AAGUIDs}}}
}

// configurationsForFiles leaves out the id, which is this installation's.
func configurationsForFiles(s *policy.Strength) any {
	if len(s.AAGUIDs) == 0 {
		return []object{}
	}
	return []object{{{"appliesToCombinations", []string{"fido2"}}, {"allowedAAGUIDs", s.AAGUIDs}}}
}

func setConfigurations(s *policy.Strength, raw json.RawMessage) error {
	var l []fidoConfiguration
	if err := strict("combinationConfigurations", raw, &l); err != nil {
		return err
	}
	s.AAGUIDs = nil
	for _, x := range l {
		s.AAGUIDs = append(s.AAGUIDs, x.AAGUIDs...)
	}
	return nil
}

// authenticationContexts is /identity/conditionalAccess/authenticationContextClassReferences. A PATCH makes what
// is not there.
type authenticationContext struct {
	policy.Context
	stored bool
}

func (a *API) authenticationContexts() *collection[authenticationContext] {
	type row = authenticationContext
	r := &collection[row]{
		path: []string{"identity", "conditionalAccess", "authenticationContextClassReferences"}, name: "identity/conditionalAccess/authenticationContextClassReferences",
		typ: "authenticationContextClassReference", plural: "authentication-contexts", normalPage: 100, largestPage: 999, order: odata.Order{Path: "id"}, counts: true,
		read:  append(readConditional(), "AuthenticationContext.Read.All", "AuthenticationContext.ReadWrite.All"),
		write: []access.Permission{access.ConditionalWrite, "AuthenticationContext.ReadWrite.All"},
		id:    func(x *row) string { return x.ID },
	}
	r.fields = []field[row]{
		{name: "id", get: func(x *row) any { return x.ID }, set: setString("id", 4, func(x *row) *string { return &x.ID }), createOnly: true, sort: func(x *row) any { return x.ID }},
		str("displayName", 100, func(x *row) *string { return &x.Name }).sortable(func(x *row) any { return folded(x.Name) }),
		str("description", 1000, func(x *row) *string { return &x.Description }),
		boolean("isAvailable", func(x *row) *bool { return &x.Available }),
	}
	r.upserts = true
	r.check = func(_ context.Context, _ *call, x *row, _ func(string) bool) error {
		if n, err := strconv.Atoi(strings.TrimPrefix(x.ID, "c")); err != nil || n < 1 || n > 99 || "c"+strconv.Itoa(n) != x.ID {
			return invalidValue("id", ": c1 to c99 is expected")
		}
		return nil
	}
	r.fresh = func(*call) row { return row{} }
	r.all = func(ctx context.Context, c *call) ([]row, error) {
		all, err := c.tenant.Contexts(ctx)
		out := make([]row, len(all))
		for i, x := range all {
			out[i] = row{x, true}
		}
		return out, err
	}
	r.find = func(ctx context.Context, c *call, _, key string) (*row, error) {
		all, err := c.tenant.Contexts(ctx)
		if err != nil {
			return nil, err
		}
		for _, x := range all {
			if strings.EqualFold(x.ID, key) {
				return &row{x, true}, nil
			}
		}
		if c.method == http.MethodPatch { // creates or updates
			return &row{policy.Context{ID: strings.ToLower(key), Name: strings.ToLower(key)}, false}, nil
		}
		return nil, notFound(key)
	}
	r.create = func(ctx context.Context, c *call, x *row) error {
		return c.tenant.PutContext(ctx, c.actor(), x.Context)
	}
	r.update = func(ctx context.Context, c *call, _ row, x *row, again func(*row) error) error {
		return c.tenant.EditContext(ctx, c.actor(), x.ID, func(have *policy.Context) error {
			now := row{*have, have.ID != ""}
			now.ID = x.ID
			if err := again(&now); err != nil {
				return err
			}
			*have = now.Context
			return nil
		})
	}
	r.delete = func(ctx context.Context, c *call, x *row) error { return c.tenant.DeleteContext(ctx, c.actor(), x.ID) }
	r.managing = &managing[row]{key: "id", keyOf: func(x *row) string { return x.ID }, name: func(x *row) string { return x.Name },
		adopt: func(x *row, key string) error { x.ID = key; return nil }, late: true}
	return r
}

// conditionalTemplates is /identity/conditionalAccess/templates.
func (a *API) conditionalTemplates() *collection[policy.Template] {
	type row = policy.Template
	r := &collection[row]{
		path: []string{"identity", "conditionalAccess", "templates"}, name: "identity/conditionalAccess/templates", typ: "conditionalAccessTemplate",
		read: readConditional(), write: nil, normalPage: 100, largestPage: 999, order: odata.Order{Path: "name"}, counts: true, id: func(t *row) string { return t.ID },
	}
	r.fields = []field[row]{
		readOnly("id", func(t *row) any { return t.ID }).sortable(func(t *row) any { return t.ID }),
		readOnly("name", func(t *row) any { return t.Name }).sortable(func(t *row) any { return folded(t.Name) }),
		readOnly("description", func(t *row) any { return t.Description }),
		readOnly("scenarios", func(t *row) any { return t.Scenario }),
		readOnly("details", func(t *row) any {
			p := t.Draft("")
			return object{{"conditions", shownPolicyConditions(p.Conditions)}, {"grantControls", shownGrant(p.GrantControls)}, {"sessionControls", shownSession(p.SessionControls)}}
		}),
	}
	r.all = func(context.Context, *call) ([]row, error) { return policy.Templates(), nil }
	r.find = func(_ context.Context, _ *call, _, key string) (*row, error) {
		for _, t := range policy.Templates() {
			if strings.EqualFold(t.ID, key) {
				return &t, nil
			}
		}
		return nil, notFound(key)
	}
	return r
}
