package graph

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"portico/app/access"
	"portico/app/policy"
	"portico/app/record"
	"portico/handlers/graph/odata"
)

// Conditional Access policies (graph.md §7.1). policy.Policy's JSON is Graph's shape already; what is written out
// here is that answers hold every key, and which of the vendor's conditions and controls there are not.

func readConditional() []access.Permission {
	return []access.Permission{access.ConditionalRead, access.PolicyRead, access.ConditionalWrite}
}

func writeConditional() []access.Permission { return []access.Permission{access.ConditionalWrite} }

type conditional = policy.Policy

func (a *API) conditionalPolicies() *collection[conditional] {
	return a.conditionalPoliciesAt("identity", "conditionalAccess", "policies")
}

// conditionalPoliciesAt is the collection under its path, or under the older one.
func (a *API) conditionalPoliciesAt(path ...string) *collection[conditional] {
	r := &collection[conditional]{
		path: path, name: "identity/conditionalAccess/policies", typ: "conditionalAccessPolicy",
		read: readConditional(), write: writeConditional(), normalPage: 100, largestPage: 999,
		order: odata.Order{Path: "createdDateTime"}, counts: true, id: func(p *conditional) string { return p.ID },
	}
	r.fields = []field[conditional]{
		readOnly("id", func(p *conditional) any { return p.ID }).sortable(func(p *conditional) any { return p.ID }),
		str("templateId", 36, func(p *conditional) *string { return &p.TemplateID }).onCreate().notManaged(),
		str("displayName", 256, func(p *conditional) *string { return &p.Name }).sortable(func(p *conditional) any { return folded(p.Name) }),
		str("description", 1000, func(p *conditional) *string { return &p.Description }),
		readOnly("createdDateTime", func(p *conditional) any { return stamp(p.CreatedAt) }).sortable(func(p *conditional) any { return p.CreatedAt }),
		readOnly("modifiedDateTime", func(p *conditional) any { return stamp(p.ModifiedAt) }).sortable(func(p *conditional) any { return p.ModifiedAt }),
		readOnly("deletedDateTime", func(p *conditional) any { return stamp(p.DeletedAt) }),
		{name: "state", get: func(p *conditional) any { return string(p.State) }, set: setPolicyState, sort: func(p *conditional) any { return string(p.State) }},
		{name: "conditions", get: func(p *conditional) any { return shownPolicyConditions(p.Conditions) }, set: setPolicyConditions, merge: true},
		{name: "grantControls", get: func(p *conditional) any { return shownGrant(p.GrantControls) }, set: setGrant, merge: true},
		{name: "sessionControls", get: func(p *conditional) any { return shownSession(p.SessionControls) }, set: setSession, merge: true},
	}
	r.fresh = func(*call) conditional {
		return conditional{State: policy.Off, Conditions: policy.Conditions{ClientAppTypes: []string{policy.AnyClient}}}
	}
	r.all = func(ctx context.Context, c *call) ([]conditional, error) { return c.tenant.Policies(ctx) }
	r.find = func(ctx context.Context, c *call, _, key string) (*conditional, error) {
		p, err := c.tenant.Policy(ctx, strings.ToLower(key))
		return &p, err
	}
	r.load = embedStrengths
	r.check = func(_ context.Context, _ *call, p *conditional, sent func(string) bool) error {
		if p.CreatedAt.IsZero() && p.TemplateID == "" && !sent("conditions") {
			return badRequest("A value is required for property 'conditions' of resource 'conditionalAccessPolicy'.", "conditions")
		}
		return nil
	}
	r.create = func(ctx context.Context, c *call, p *conditional) error {
		if err := fromTemplate(p); err != nil {
			return err
		}
		if err := policyFromFile(ctx, c, p); err != nil {
			return err
		}
		made, err := c.tenant.CreatePolicy(ctx, c.actor(), *p, record.Signals{})
		if err == nil {
			*p = made
		}
		return err
	}
	r.update = func(ctx context.Context, c *call, _ conditional, p *conditional, again func(*conditional) error) error {
		made, err := c.tenant.UpdatePolicy(ctx, c.actor(), p.ID, record.Signals{}, func(now *conditional) error {
			if err := again(now); err != nil {
				return err
			}
			return policyFromFile(ctx, c, now)
		})
		if err == nil {
			*p = made
		}
		return err
	}
	r.delete = func(ctx context.Context, c *call, p *conditional) error {
		return c.tenant.DeletePolicy(ctx, c.actor(), p.ID)
	}
	if path[0] == "policies" { // the same again: configuration as code knows it once
		return r
	}
	r.plural = "conditional-access-policies"
	r.managing = &managing[conditional]{key: "displayName", keyOf: func(p *conditional) string { return p.Name }, name: func(p *conditional) string { return p.Name },
		named: policiesForFiles}
	return r
}

// deletedPolicies and deletedLocations are what can still be brought back.
func (a *API) deletedPolicies() *collection[conditional] {
	r := a.conditionalPoliciesAt("identity", "conditionalAccess", "deletedItems", "policies")
	r.name, r.managing, r.plural = "identity/conditionalAccess/deletedItems/policies", nil, ""
	r.create, r.update, r.delete = nil, nil, nil
	r.all = func(ctx context.Context, c *call) ([]conditional, error) { return c.tenant.DeletedPolicies(ctx) }
	r.find = func(ctx context.Context, c *call, _, key string) (*conditional, error) {
		all, err := c.tenant.DeletedPolicies(ctx)
		for _, p := range all {
			if strings.EqualFold(p.ID, key) {
				return &p, nil
			}
		}
		return nil, missing(err, key)
	}
	r.actions = []action[conditional]{{method: http.MethodPost, path: "restore", need: r.write, run: func(ctx context.Context, c *call, p *conditional) (*response, error) {
		back, err := c.tenant.RestorePolicy(ctx, c.actor(), p.ID)
		if err != nil {
			return nil, err
		}
		return whole(c, "identity/conditionalAccess/policies/$entity", r.fields, &back), nil
	}}}
	return r
}

func (a *API) deletedLocations() *collection[namedLocation] {
	r := a.namedLocations()
	r.path, r.name, r.managing, r.plural = []string{"identity", "conditionalAccess", "deletedItems", "namedLocations"}, "identity/conditionalAccess/deletedItems/namedLocations", nil, ""
	r.create, r.update, r.delete = nil, nil, nil
	r.all = func(ctx context.Context, c *call) ([]namedLocation, error) {
		all, err := c.tenant.DeletedLocations(ctx)
		out := make([]namedLocation, len(all))
		for i, l := range all {
			out[i] = shownLocation(l)
		}
		return out, err
	}
	r.find = func(ctx context.Context, c *call, _, key string) (*namedLocation, error) {
		all, err := c.tenant.DeletedLocations(ctx)
		for _, l := range all {
			if strings.EqualFold(l.ID, key) {
				x := shownLocation(l)
				return &x, nil
			}
		}
		return nil, missing(err, key)
	}
	r.actions = []action[namedLocation]{{method: http.MethodPost, path: "restore", need: r.write, run: func(ctx context.Context, c *call, l *namedLocation) (*response, error) {
		back, err := c.tenant.RestoreLocation(ctx, c.actor(), l.ID)
		if err != nil {
			return nil, err
		}
		x := shownLocation(back)
		return whole(c, "identity/conditionalAccess/namedLocations/$entity", r.fields, &x), nil
	}}}
	return r
}

// whole is one object with every property as an answer.
func whole[R any](c *call, of string, fields []field[R], row *R) *response {
	o := object{}
	for _, f := range fields {
		o.add(f.name, f.get(row))
	}
	return c.entity(of, o)
}

// fromTemplate fills what a new policy that names a template leaves out.
func fromTemplate(p *conditional) error {
	if p.TemplateID == "" {
		return nil
	}
	for _, t := range policy.Templates() {
		if !strings.EqualFold(t.ID, p.TemplateID) {
			continue
		}
		d := t.Draft("")
		if p.Name == "" {
			p.Name = d.Name
		}
		if len(p.Conditions.Users.IncludeUsers)+len(p.Conditions.Users.IncludeGroups)+len(p.Conditions.Users.IncludeRoles) == 0 {
			d.Conditions.Users.ExcludeUsers = p.Conditions.Users.ExcludeUsers
			p.Conditions = d.Conditions
		}
		if p.GrantControls == nil && p.SessionControls == nil {
			p.GrantControls, p.SessionControls = d.GrantControls, d.SessionControls
		}
		return nil
	}
	return invalidValue("templateId", ": there is no such template")
}

func setPolicyState(p *conditional, raw json.RawMessage) error {
	var s policy.State
	if err := strict("state", raw, &s); err != nil {
		return err
	}
	switch s {
	case policy.On, policy.Off, policy.ReportOnly:
		p.State = s
		return nil
	}
	return invalidValue("state", ": enabled, disabled or enabledForReportingButNotEnforced is expected")
}

// The vendor's objects as requests send them. What there is not here must be empty: a policy that silently meant
// less than its author wrote would be worse than none.
type (
	conditionsBody struct {
		Users       *usersBody             `json:"users"`
		Apps        *appsBody              `json:"applications"`
		ClientTypes []string               `json:"clientAppTypes"`
		Platforms   *policy.Platforms      `json:"platforms"`
		Locations   *policy.Locations      `json:"locations"`
		SignInRisk  []string               `json:"signInRiskLevels"`
		UserRisk    []string               `json:"userRiskLevels"`
		Flows       *policy.TransferMethod `json:"authenticationFlows"`
		Services    map[string]any         `json:"clientApplications"`
		ServiceRisk []any                  `json:"servicePrincipalRiskLevels"`
		Insider     any                    `json:"insiderRiskLevels"`
		Devices     map[string]any         `json:"devices"`
		Times       map[string]any         `json:"times"`
		States      map[string]any         `json:"deviceStates"`
		Clients     map[string]any         `json:"clients"`
		Agents      any                    `json:"agentIdRiskLevels"`
	}
	usersBody struct {
		policy.Users
		Guests    map[string]any `json:"includeGuestsOrExternalUsers"`
		NotGuests map[string]any `json:"excludeGuestsOrExternalUsers"`
	}
	appsBody struct {
		policy.Applications
		Filter map[string]any `json:"applicationFilter"`
	}
	grantBody struct {
		Operator string         `json:"operator"`
		Controls []string       `json:"builtInControls"`
		Custom   []any          `json:"customAuthenticationFactors"`
		Terms    []string       `json:"termsOfUse"`
		Strength map[string]any `json:"authenticationStrength"`
	}
	sessionBody struct {
		Frequency  *frequencyBody            `json:"signInFrequency"`
		Persistent *policy.PersistentBrowser `json:"persistentBrowser"`
		Resilience any                       `json:"disableResilienceDefaults"`
		Enforced   map[string]any            `json:"applicationEnforcedRestrictions"`
		Cloud      map[string]any            `json:"cloudAppSecurity"`
		Secure     map[string]any            `json:"secureSignInSession"`
		Continuous map[string]any            `json:"continuousAccessEvaluation"`
		Filtering  map[string]any            `json:"globalSecureAccessFilteringProfile"`
	}
	frequencyBody struct {
		IsEnabled          bool   `json:"isEnabled"`
		Type               string `json:"type"`
		Value              int    `json:"value"`
		FrequencyInterval  string `json:"frequencyInterval"`
		AuthenticationType string `json:"authenticationType"`
	}
)

func setPolicyConditions(p *conditional, raw json.RawMessage) error {
	var b conditionsBody
	if err := strict("conditions", raw, &b); err != nil {
		return err
	}
	for path, v := range map[string]any{"clientApplications": b.Services, "servicePrincipalRiskLevels": b.ServiceRisk, "insiderRiskLevels": b.Insider,
		"devices": b.Devices, "times": b.Times, "deviceStates": b.States, "clients": b.Clients, "agentIdRiskLevels": b.Agents} {
		if err := notHere("conditions/"+path, v); err != nil {
			return err
		}
	}
	c := policy.Conditions{ClientAppTypes: b.ClientTypes, Platforms: b.Platforms, Locations: b.Locations, SignInRiskLevels: b.SignInRisk,
		UserRiskLevels: b.UserRisk, AuthenticationFlows: b.Flows}
	if len(c.ClientAppTypes) == 0 {
		c.ClientAppTypes = []string{policy.AnyClient}
	}
	if b.Users != nil {
		if err := notHere("conditions/users/includeGuestsOrExternalUsers", b.Users.Guests); err != nil {
			return err
		}
		if err := notHere("conditions/users/excludeGuestsOrExternalUsers", b.Users.NotGuests); err != nil {
			return err
		}
		c.Users = b.Users.Users
	}
	if b.Apps != nil {
		if err := notHere("conditions/applications/applicationFilter", b.Apps.Filter); err != nil {
			return err
		}
		c.Applications = b.Apps.Applications
	}
	p.Conditions = c
	return nil
}

func setGrant(p *conditional, raw json.RawMessage) error {
	var b *grantBody
	if err := strict("grantControls", raw, &b); err != nil || b == nil {
		if err == nil {
			p.GrantControls = nil
		}
		return err
	}
	if err := notHere("grantControls/customAuthenticationFactors", b.Custom); err != nil {
		return err
	}
	g := &policy.GrantControls{Operator: b.Operator, BuiltInControls: b.Controls, TermsOfUse: b.Terms}
	if id, _ := b.Strength["id"].(string); id != "" {
		g.Strength = &policy.StrengthRef{ID: id}
		if odata.IsGUID(id) {
			g.Strength.ID = strings.ToLower(id)
		}
	} else if len(b.Strength) > 0 {
		return invalidValue("grantControls/authenticationStrength", ": its id is expected")
	}
	p.GrantControls = g
	return nil
}

func setSession(p *conditional, raw json.RawMessage) error {
	var b *sessionBody
	if err := strict("sessionControls", raw, &b); err != nil || b == nil {
		if err == nil {
			p.SessionControls = nil
		}
		return err
	}
	for path, v := range map[string]any{"disableResilienceDefaults": b.Resilience, "applicationEnforcedRestrictions": b.Enforced, "cloudAppSecurity": b.Cloud,
		"secureSignInSession": b.Secure, "continuousAccessEvaluation": b.Continuous, "globalSecureAccessFilteringProfile": b.Filtering} {
		if err := notHere("sessionControls/"+path, v); err != nil {
			return err
		}
	}
	s := &policy.SessionControls{PersistentBrowser: b.Persistent}
	if b.Frequency != nil {
		f := policy.SignInFrequency(*b.Frequency)
		s.SignInFrequency = &f
	}
	p.SessionControls = s
	return nil
}

func shownUsers(u policy.Users) object {
	return object{{"includeUsers", list(u.IncludeUsers)}, {"excludeUsers", list(u.ExcludeUsers)}, {"includeGroups", list(u.IncludeGroups)},
		{"excludeGroups", list(u.ExcludeGroups)}, {"includeRoles", list(u.IncludeRoles)}, {"excludeRoles", list(u.ExcludeRoles)},
		{"includeGuestsOrExternalUsers", nil}, {"excludeGuestsOrExternalUsers", nil}}
}

func shownPolicyConditions(c policy.Conditions) object {
	a := c.Applications
	o := object{{"users", shownUsers(c.Users)},
		{"applications", object{{"includeApplications", list(a.IncludeApplications)}, {"excludeApplications", list(a.ExcludeApplications)},
			{"includeUserActions", list(a.IncludeUserActions)}, {"includeAuthenticationContextClassReferences", list(a.IncludeContexts)}, {"applicationFilter", nil}}},
		{"clientApplications", nil}, {"clientAppTypes", list(c.ClientAppTypes)}, {"platforms", nil}, {"locations", nil}, {"devices", nil},
		{"authenticationFlows", nil}, {"signInRiskLevels", list(c.SignInRiskLevels)}, {"userRiskLevels", list(c.UserRiskLevels)},
		{"servicePrincipalRiskLevels", []string{}}, {"insiderRiskLevels", nil}}
	put := func(name string, v any) {
		for i := range o {
			if o[i].name == name {
				o[i].value = v
			}
		}
	}
	if p := c.Platforms; p != nil {
		put("platforms", object{{"includePlatforms", list(p.Include)}, {"excludePlatforms", list(p.Exclude)}})
	}
	if l := c.Locations; l != nil {
		put("locations", object{{"includeLocations", list(l.Include)}, {"excludeLocations", list(l.Exclude)}})
	}
	if f := c.AuthenticationFlows; f != nil {
		put("authenticationFlows", object{{"transferMethods", f.Methods}})
	}
	return o
}

func shownGrant(g *policy.GrantControls) any {
	if g == nil {
		return nil
	}
	o := object{{"operator", g.Operator}, {"builtInControls", list(g.BuiltInControls)}, {"customAuthenticationFactors", []string{}},
		{"termsOfUse", list(g.TermsOfUse)}, {"authenticationStrength", nil}}
	if g.Strength != nil {
		o[4].value = object{{"id", g.Strength.ID}}
		if g.Strength.Whole != nil {
			o[4].value = shownStrength(g.Strength.Whole)
		}
	}
	return o
}

// embedStrengths looks up the strengths that policies ask for: answers hold them whole (graph.md §7.1). Files of
// configuration name them only.
func embedStrengths(ctx context.Context, c *call, rows []conditional, want func(string) bool) error {
	asks := func(p conditional) bool { return p.GrantControls != nil && p.GrantControls.Strength != nil }
	if c.by != nil || !want("grantControls") || !slices.ContainsFunc(rows, asks) {
		return nil
	}
	all, err := c.tenant.Strengths(ctx)
	if err != nil {
		return err
	}
	for i := range rows {
		if !asks(rows[i]) {
			continue
		}
		for _, s := range all {
			if strings.EqualFold(s.ID, rows[i].GrantControls.Strength.ID) {
				g := *rows[i].GrantControls
				g.Strength = &policy.StrengthRef{ID: s.ID, Whole: &s}
				rows[i].GrantControls = &g
			}
		}
	}
	return nil
}

func shownSession(s *policy.SessionControls) any {
	if s == nil {
		return nil
	}
	o := object{{"disableResilienceDefaults", nil}, {"applicationEnforcedRestrictions", nil}, {"cloudAppSecurity", nil},
		{"signInFrequency", nil}, {"persistentBrowser", nil}, {"secureSignInSession", nil}}
	if f := s.SignInFrequency; f != nil {
		shown := object{{"value", nil}, {"type", nil}, {"authenticationType", text(f.AuthenticationType)}, {"frequencyInterval", text(f.FrequencyInterval)}, {"isEnabled", f.IsEnabled}}
		if f.Value > 0 {
			shown[0].value, shown[1].value = f.Value, text(f.Type)
		}
		o[3].value = shown
	}
	if b := s.PersistentBrowser; b != nil {
		o[4].value = object{{"mode", text(b.Mode)}, {"isEnabled", b.IsEnabled}}
	}
	return o
}

// notHere refuses a value of something that Portico has not. Empty and switched-off values say nothing.
func notHere(path string, v any) error {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		if len(v) == 0 {
			return nil
		}
	case map[string]any:
		if on, has := v["isEnabled"].(bool); len(v) == 0 || has && !on {
			return nil
		}
	case bool:
		if !v {
			return nil
		}
	}
	return invalidValue(path, ": it cannot be used in this directory; leave it out")
}
