package graph

import (
	"context"
	"net/http"
	"net/netip"
	"strings"

	"portico/app/policy"
	"portico/app/record"
	"portico/handlers/graph/odata"
	"portico/models"
)

// evaluation is POST /identity/conditionalAccess/evaluate (graph.md §7.5): the What-If of the portal, by the same
// function that decides at a sign-in.
type evaluation struct{ a *API }

func (evaluation) prefix() []string { return []string{"identity", "conditionalAccess", "evaluate"} }

type (
	identityBody struct {
		UserID   string `json:"userId"`
		Tenant   string `json:"externalTenantId"`
		Kind     string `json:"externalUserType"`
		Services string `json:"servicePrincipalId"`
	}
	contextBody struct {
		Apps    []string `json:"includeApplications"`
		Action  string   `json:"userAction"`
		Context string   `json:"authenticationContextValue"`
	}
	circumstances struct {
		Flow struct {
			Method string `json:"transferMethod"`
		} `json:"authenticationFlow"`
		Client     string         `json:"clientAppType"`
		Country    string         `json:"country"`
		Device     map[string]any `json:"deviceInfo"`
		Platform   string         `json:"devicePlatform"`
		Insider    string         `json:"insiderRiskLevel"`
		IP         string         `json:"ipAddress"`
		Service    string         `json:"servicePrincipalRiskLevel"`
		SignInRisk string         `json:"signInRiskLevel"`
		UserRisk   string         `json:"userRiskLevel"`
	}
)

func (e evaluation) serve(ctx context.Context, c *call, keys map[string]string, rest []odata.Segment) (*response, error) {
	switch {
	case keys != nil || len(rest) > 0:
		return nil, noSegment("evaluate")
	case c.method != http.MethodPost:
		return nil, wrongMethod(http.MethodPost)
	case !c.caller.may(readConditional()...):
		return nil, denied()
	}
	d, err := c.json()
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"signInIdentity", "signInContext", "signInConditions"} {
		if raw := d.values[name]; len(raw) == 0 || string(raw) == "null" {
			return nil, badRequest("A value is required for property '"+name+"'.", name)
		}
	}
	var who identityBody
	var target contextBody
	var where circumstances
	var appliedOnly bool
	for name, into := range map[string]any{"signInIdentity": &who, "signInContext": &target, "signInConditions": &where, "appliedPoliciesOnly": &appliedOnly} {
		if raw := d.values[name]; len(raw) > 0 {
			if err := strict(name, raw, into); err != nil {
				return nil, err
			}
		}
	}
	if who.UserID == "" {
		return nil, badRequest("signInIdentity needs a userId; policies for service principals are not in this directory.", "signInIdentity")
	}
	q, missing, err := e.question(ctx, c, who, target, where)
	if err != nil {
		return nil, err
	}
	set, err := c.tenant.PolicySet(ctx)
	if err != nil {
		return nil, err
	}
	_, explained := set.WhatIf(q, policy.Shown{}, missing)
	value := []object{}
	policies, rows := e.a.conditionalPolicies(), make([]conditional, len(explained))
	for i, x := range explained {
		rows[i] = x.Policy
	}
	if err := embedStrengths(ctx, c, rows, func(string) bool { return true }); err != nil {
		return nil, err
	}
	for i, x := range explained {
		applies := x.Applies && x.Policy.State != policy.Off
		if appliedOnly && !applies {
			continue
		}
		o := make(object, 0, len(policies.fields)+2)
		for _, f := range policies.fields {
			o.add(f.name, f.get(&rows[i]))
		}
		o.add("policyApplies", applies)
		o.add("analysisReasons", reasons(x, applies))
		value = append(value, o)
	}
	return valueOf(c, "Collection(microsoft.graph.whatIfAnalysisResult)", value), nil
}

// reasons are the vendor's words for why a policy does not apply.
func reasons(x policy.Explained, applies bool) string {
	switch {
	case x.Policy.State == policy.Off:
		return "policyNotEnabled"
	case applies:
		return "notSet"
	}
	var out []string
	for _, cond := range x.Conditions {
		if cond.Answer == record.Miss && cond.Detail != policy.NotGiven {
			out = append(out, cond.Name)
		}
	}
	if len(x.Missing) > 0 {
		out = append(out, "notEnoughInformation")
	}
	return strings.Join(out, ",")
}

// question turns the request into what a sign-in would ask. What is left out is named, so that a policy about it
// does not apply (R 5.11.3).
func (e evaluation) question(ctx context.Context, c *call, who identityBody, target contextBody, where circumstances) (policy.Request, []string, error) {
	var missing []string
	q := policy.Request{TenantID: c.tenant.ID}
	u, err := c.tenant.User(ctx, strings.ToLower(who.UserID))
	if err != nil {
		return q, nil, err
	}
	if !u.DeletedAt.IsZero() {
		return q, nil, notFound(who.UserID)
	}
	// Somebody whose account is switched off is asked about like everybody: policies do not look at that, and
	// admins try a policy before they switch an account on.
	q.UserID = u.ID
	belongs, err := models.SignInStores{Store: e.a.Store}.SignIns(c.tenant.ID).Membership(ctx, u.ID, policy.Needs{Groups: true, Roles: true, Guest: true})
	if err != nil {
		return q, nil, err
	}
	q.Groups, q.Roles, q.Guest = belongs.Groups, belongs.Roles, belongs.Guest
	switch {
	case len(target.Apps) > 1:
		return q, nil, invalidValue("signInContext/includeApplications", ": one application at a time")
	case len(target.Apps) == 1:
		q.ClientID = strings.ToLower(target.Apps[0])
	case target.Action != "":
		action := map[string]string{"registersecurityinformation": policy.RegisterSecurityInfo}[strings.ToLower(target.Action)]
		if action == "" {
			return q, nil, invalidValue("signInContext/userAction", ": registerSecurityInformation is expected")
		}
		q.Action = action
	case target.Context != "":
		q.Contexts = []string{strings.ToLower(target.Context)}
	default:
		return q, nil, badRequest("signInContext needs an application, a user action or an authentication context.", "signInContext")
	}
	given := func(value, name string, set func()) {
		if value == "" {
			missing = append(missing, name)
			return
		}
		set()
	}
	oneOf := func(name, value string, words ...string) error {
		if value == "" {
			return nil
		}
		for _, w := range words {
			if w == value {
				return nil
			}
		}
		return invalidValue("signInConditions/"+name, ": "+strings.Join(words, ", ")+" is expected")
	}
	for _, err := range []error{
		oneOf("devicePlatform", where.Platform, "android", "iOS", "windows", "macOS", "linux"),
		oneOf("clientAppType", where.Client, policy.AnyClient, policy.Browser, policy.NativeClient, policy.OtherClient, "exchangeActiveSync", "easSupported"),
		oneOf("signInRiskLevel", where.SignInRisk, "none", "low", "medium", "high", "hidden"),
		oneOf("userRiskLevel", where.UserRisk, "none", "low", "medium", "high", "hidden"),
	} {
		if err != nil {
			return q, nil, err
		}
	}
	given(where.Platform, "devicePlatform", func() { q.Signals.Platform = where.Platform })
	if where.Client == policy.AnyClient {
		where.Client = ""
	}
	given(where.Client, "clientApps", func() { q.ClientApp = where.Client })
	given(where.SignInRisk, "signInRisk", func() { q.SignInRisk = where.SignInRisk })
	given(where.UserRisk, "userRisk", func() { q.UserRisk = where.UserRisk })
	given(where.Flow.Method, "authenticationFlow", func() { q.Transfer = where.Flow.Method })
	if where.IP != "" {
		ip, err := netip.ParseAddr(where.IP)
		if err != nil {
			return q, nil, invalidValue("signInConditions/ipAddress", ": an address is expected")
		}
		q.Signals.IP = ip.Unmap()
		if c.place != nil {
			q.Signals = placed(q.Signals, c.place(q.Signals.IP))
		}
	}
	if where.Country != "" { // it is about the address that somebody would have there
		q.Signals.Country, q.Signals.PlaceFailed = strings.ToUpper(where.Country), false
	}
	if where.IP == "" && where.Country == "" {
		missing = append(missing, "location")
	}
	return q, missing, nil
}

// placed takes over where an address is, and keeps the rest of the signals.
func placed(s, at record.Signals) record.Signals {
	s.Country, s.Region, s.City, s.ASN, s.Network, s.PlaceFailed = at.Country, at.Region, at.City, at.ASN, at.Network, at.PlaceFailed
	return s
}
