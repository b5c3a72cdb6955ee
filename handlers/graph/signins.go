package graph

import (
	"context"
	"slices"
	"strings"

	"portico/app/access"
	"portico/app/export"
	"portico/app/policy"
	"portico/app/record"
	"portico/handlers/graph/odata"
	"portico/models"
)

// signIn is one entry of the sign-in log. The record is the one stored value that every view of a
// sign-in renders (DESIGN §1.3).
type signIn struct {
	record.SignIn
	row      models.SignInRow
	policies bool          // the caller may see policy details
	later    []record.Call // made for the visit after its entry was written
}

func (a *API) signIns() *collection[signIn] {
	exact := column{kind: odata.String, ops: opEq | opNe, fold: clientID}
	words := column{kind: odata.String, ops: opEq | opNe | opStarts}
	identifier := column{kind: odata.String, ops: opEq | opNe | opStarts, fold: folded, bytes: true}
	r := &collection[signIn]{
		path: []string{"auditLogs", "signIns"}, name: "auditLogs/signIns", typ: "signIn", read: readLogs(),
		normalPage: 1000, largestPage: 1000, order: odata.Order{Path: "createdDateTime", Desc: true},
		id: func(s *signIn) string { return s.row.ID },
	}
	at := func(sql string, c column) *column { c.sql = sql; return &c }
	get := func(name string, f func(*signIn) any) field[signIn] { return readOnly(name, f) }
	r.fields = []field[signIn]{
		get("id", func(s *signIn) any { return s.row.ID }).filterable("sign_ins.id", exact),
		get("createdDateTime", func(s *signIn) any { return stamp(s.row.CreatedAt) }).
			filterable("sign_ins.created_at", column{kind: odata.Time, ops: opEq | opOrder}).sortable(func(s *signIn) any { return s.row.CreatedAt.UTC() }),
		get("userDisplayName", func(s *signIn) any { return text(s.User.Name) }).filterable("sign_ins.user_name", words),
		get("userPrincipalName", func(s *signIn) any { return text(s.principal()) }).filterable("sign_ins.identifier", identifier),
		get("userId", func(s *signIn) any { return s.User.ID }).filterable("sign_ins.user_id", exact),
		get("appId", func(s *signIn) any { return text(s.App.ID) }).filterable("sign_ins.client_id", exact),
		get("appDisplayName", func(s *signIn) any { return text(s.App.Name) }).filterable("sign_ins.client_name", words),
		get("ipAddress", func(s *signIn) any { return text(s.row.IP) }).filterable("sign_ins.ip", column{kind: odata.String, ops: opEq | opNe | opStarts, fold: clientID}),
		get("clientAppUsed", func(s *signIn) any { return "Browser" }),
		get("correlationId", func(s *signIn) any { return text(s.CorrelationID) }).filterable("sign_ins.correlation_id", column{kind: odata.String, ops: opEq, fold: strings.TrimSpace}),
		get("conditionalAccessStatus", func(s *signIn) any { return s.access() }),
		get("isInteractive", func(s *signIn) any { return s.Kind == record.Interactive }),
		get("riskDetail", func(s *signIn) any { return export.RiskDetail(s.row.RiskDetail, true) }).asked(noneOr("sign_ins.risk_detail", riskDetails())),
		get("riskLevelAggregated", func(s *signIn) any { return export.RiskLevel(s.row.RiskAggregate) }).asked(noneOr("sign_ins.risk_aggregate", riskLevels())),
		get("riskLevelDuringSignIn", func(s *signIn) any { return s.risk() }).asked(noneOr("sign_ins.risk_level", riskLevels())),
		get("riskState", func(s *signIn) any { return export.RiskState(s.row.RiskState) }).asked(noneOr("sign_ins.risk_state", riskStates())),
		get("riskEventTypes", func(*signIn) any { return []string{} }), // the closed list that v2 replaces
		get("riskEventTypes_v2", func(s *signIn) any { return export.Types(s.row.RiskTypes) }),
		get("resourceDisplayName", func(s *signIn) any { return text(s.Resource.Name) }),
		get("resourceId", func(s *signIn) any { return text(s.Resource.ID) }),
		get("resourceTenantId", func(s *signIn) any { return text(s.TenantID) }),
		get("homeTenantId", func(s *signIn) any { return text(s.TenantID) }),
		get("servicePrincipalId", func(s *signIn) any { return "" }),
		get("servicePrincipalName", func(s *signIn) any {
			if s.Kind == record.Service {
				return text(s.App.Name)
			}
			return nil
		}),
		get("userAgent", func(s *signIn) any { return text(s.Signals.UserAgent) }),
		get("status", func(s *signIn) any { return s.status(a) }),
		get("deviceDetail", func(s *signIn) any {
			return object{{"deviceId", ""}, {"displayName", ""}, {"operatingSystem", s.Signals.OS}, {"browser", s.Signals.Browser},
				{"isCompliant", false}, {"isManaged", false}, {"trustType", ""}}
		}),
		get("location", func(s *signIn) any {
			return object{{"city", s.Signals.City}, {"state", s.Signals.Region}, {"countryOrRegion", s.Signals.Country},
				{"geoCoordinates", export.Coordinates(s.Signals.Latitude, s.Signals.Longitude)}}
		}),
		get("appliedConditionalAccessPolicies", func(s *signIn) any { return s.applied() }),
		get("authenticationDetails", func(s *signIn) any { return s.details(a) }),
		get("authenticationRequirement", func(s *signIn) any {
			if s.multiFactor() {
				return "multiFactorAuthentication"
			}
			return "singleFactorAuthentication"
		}),
		get("authenticationProtocol", func(s *signIn) any { return s.protocol() }),
		get("autonomousSystemNumber", func(s *signIn) any { return s.Signals.ASN }),
		get("signInEventTypes", func(s *signIn) any { return []string{string(s.Kind)} }),
		get("signInIdentifier", func(s *signIn) any { return text(s.Identifier) }),
		get("sessionId", func(s *signIn) any { return text(s.Session.SID) }),
		get("uniqueTokenIdentifier", func(s *signIn) any { return s.row.ID }),
		get("userType", func(*signIn) any { return "member" }),
		get("portico", func(s *signIn) any { return object{{"trace", s.trace()}} }),
	}
	r.paths = map[string]column{
		"status/errorCode":             *at("sign_ins.code", column{kind: odata.Number, ops: opEq | opNe}),
		"deviceDetail/browser":         *at("sign_ins.browser", words),
		"deviceDetail/operatingSystem": *at("sign_ins.os", words),
		"location/countryOrRegion":     *at("sign_ins.country", column{kind: odata.String, ops: opEq | opNe | opStarts, fold: strings.ToUpper}),
		"riskEventTypes_v2":            {exists: "%s", of: map[string]column{"": {kind: odata.String, ops: opEq | opStarts, words: riskEventTypes(), via: typesAny("sign_ins.risk_types")}}},
		"signInIdentifier":             *at("sign_ins.identifier", identifier),
		"signInEventTypes":             {exists: "%s", of: map[string]column{"": *at("sign_ins.kind", column{kind: odata.String, ops: opEq | opNe, fold: strings.TrimSpace})}},
	}
	r.page = func(ctx context.Context, c *call, l models.Listing) ([]signIn, error) {
		// Beta shows interactive sign-ins unless the filter speaks of the kinds.
		if !strings.Contains(strings.ToLower(c.opts.values["filter"]), "signineventtypes") && !strings.Contains(strings.ToLower(c.opts.values["filter"]), "correlationid") {
			l.Where = append(l.Where, models.Condition{SQL: "sign_ins.kind = ?", Args: []any{string(record.Interactive)}})
		}
		rows, err := models.ListRows[models.SignInRow](ctx, c.tenant, l)
		if err != nil {
			return nil, err
		}
		out := make([]signIn, len(rows))
		for i, row := range rows {
			if out[i], err = signInOf(c, row); err != nil {
				return nil, err
			}
		}
		return out, withLater(ctx, c, out)
	}
	r.find = func(ctx context.Context, c *call, _, key string) (*signIn, error) {
		rows, err := models.ListRows[models.SignInRow](ctx, c.tenant, models.Listing{Where: []models.Condition{{SQL: "id = ?", Args: []any{clientID(key)}}}, Limit: 1})
		if err != nil {
			return nil, err
		}
		if len(rows) == 0 {
			return nil, notFound(key)
		}
		s, err := signInOf(c, rows[0])
		if err != nil {
			return nil, err
		}
		one := []signIn{s}
		err = withLater(ctx, c, one)
		return &one[0], err
	}
	return r
}

func signInOf(c *call, row models.SignInRow) (signIn, error) {
	s := signIn{row: row, policies: c.caller.may(access.PolicyRead, "Policy.Read.ConditionalAccess")}
	var err error
	s.SignIn, err = row.SignIn()
	return s, err
}

// withLater adds to entries what the tenant's own APIs were asked after the visit.
func withLater(ctx context.Context, c *call, list []signIn) error {
	visits := make([]record.SignIn, len(list))
	for i := range list {
		visits[i] = list[i].SignIn
	}
	later, err := c.tenant.LaterCalls(ctx, visits...)
	for i := range list {
		list[i].later = later[list[i].ID]
	}
	return err
}

func (s *signIn) principal() string {
	if s.Identifier != "" {
		return s.Identifier
	}
	return s.User.Name
}

// risk is a level of the closed list.
func (s *signIn) risk() string {
	switch s.RiskLevel {
	case "low", "medium", "high":
		return s.RiskLevel
	}
	return "none"
}

func (s *signIn) access() string {
	out := "notApplied"
	for _, p := range s.Policies {
		switch p.Result {
		case policy.Failure, policy.Interrupted:
			return "failure"
		case policy.Success:
			out = "success"
		}
	}
	return out
}

// noteSuppressed says in a record that the user flow's switch let a policy's demand for a second factor rest.
const noteSuppressed = "mfa_suppressed_by_user_flow"

// multiFactor: a second factor was demanded, by the user flow or by a policy that applied. A refresh has no demands
// of its own in the record, its policies say it.
func (s *signIn) multiFactor() bool {
	if slices.Contains(s.Demands, "mfa") {
		return true
	}
	return !slices.Contains(s.Notes, noteSuppressed) && slices.ContainsFunc(s.Policies, func(p record.Policy) bool {
		return (p.Result == policy.Success || p.Result == policy.Failure || p.Result == policy.Interrupted) &&
			slices.ContainsFunc(p.Controls, func(control string) bool {
				return control == policy.ControlMFA || strings.HasPrefix(control, string(policy.KindStrength))
			})
	})
}

func (s *signIn) status(a *API) object {
	reason := any(nil)
	if s.Outcome.Code != 0 {
		reason = text(a.say(s.Outcome.Key))
	}
	return object{{"errorCode", s.Outcome.Code}, {"failureReason", reason}, {"additionalDetails", text(s.Outcome.Step)}}
}

// say gives a message key's English words.
func (a *API) say(key string) string {
	if a.Words != nil && a.Words.Has(key) {
		return a.Words.T(key)
	}
	return key
}

// policyResult is one of the results that clients of the vendor know; another must not be sent (graph.md §3.1). A
// sign-in that ended while something was still asked for has not met the policy.
func policyResult(p record.Policy) string {
	switch p.Result {
	case policy.Interrupted:
		return policy.Failure
	case policy.Success, policy.Failure, policy.NotApplied, policy.NotEnabled, "unknown", policy.ReportOnlySuccess, policy.ReportOnlyFailure, policy.ReportOnlyNotApplied, policy.ReportOnlyInterrupted:
		return p.Result
	}
	return "unknown"
}

func (s *signIn) applied() any {
	if !s.policies {
		return nil
	}
	out := []object{}
	for _, p := range s.Policies {
		grant, session := []string{}, []string{}
		for _, control := range p.Controls {
			if control == "signInFrequency" || control == "persistentBrowser" {
				session = append(session, control)
			} else {
				grant = append(grant, control)
			}
		}
		// A condition that could not be told counts as met, as it did when the policy was asked (DESIGN §5.2).
		out = append(out, object{{"id", p.ID}, {"displayName", p.Name}, {"enforcedGrantControls", grant}, {"enforcedSessionControls", session},
			{"result", policyResult(p)}, {"conditionsSatisfied", saidConditions(p, record.Hit, record.CouldNotTell)},
			{"conditionsNotSatisfied", saidConditions(p, record.Miss)}})
	}
	return out
}

// saidConditions are the vendor's conditionalAccessConditions, flags separated by commas: those conditions of a
// policy that gave one of the answers. What is aimed at is one condition there, whichever kind of target it is.
func saidConditions(p record.Policy, answers ...record.Answer) string {
	words := map[string]string{"users": "users", "application": "application", "userActions": "application", "authenticationContext": "application",
		"devicePlatform": "devicePlatform", "location": "location", "clientApps": "clientType", "signInRisk": "signInRisk", "userRisk": "userRisk",
		"authenticationFlow": "authenticationFlows"}
	var out []string
	for _, x := range p.Conditions {
		if word := words[x.Name]; word != "" && slices.Contains(answers, x.Answer) && !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	if len(out) == 0 {
		return "none"
	}
	return strings.Join(out, ",")
}

func (s *signIn) details(a *API) []object {
	out := []object{}
	for i, p := range s.Proofs {
		name := map[string]string{"password": "Password", "emailCode": "Email one-time passcode", "totp": "Software OATH token", "passkey": "Passkey",
			"session": "Previously satisfied", "recovery": "Recovery code", "sms": "SMS"}[p.Method]
		if name == "" {
			name = p.Method
		}
		requirement := "Primary authentication"
		if i > 0 && slices.Contains(s.Demands, "mfa") && p.Method != s.Proofs[0].Method {
			requirement = "Multi-factor authentication"
		}
		out = append(out, object{{"authenticationStepDateTime", stamp(p.At)}, {"authenticationMethod", name}, {"authenticationMethodDetail", nil},
			{"succeeded", p.OK}, {"authenticationStepResultDetail", text(a.say(p.Reason))}, {"authenticationStepRequirement", requirement}})
	}
	return out
}

func (s *signIn) protocol() string {
	switch s.Protocol {
	case "openid":
		return "oAuth2"
	case "refresh":
		return "refreshTokenGrant"
	case "clientCredentials":
		return "clientCredentials"
	}
	return "none"
}

// trace is the stored record itself, as every view of a sign-in renders it, with the calls that were made after it was written.
func (s *signIn) trace() record.SignIn {
	t := s.SignIn
	t.Calls = slices.Concat(t.Calls, s.later)
	if !s.policies {
		t.Policies = nil
	}
	return t
}
