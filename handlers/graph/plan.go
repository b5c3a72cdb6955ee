package graph

import (
	"context"
	"net/http"
	"strings"

	"portico/app/audit"
	"portico/handlers/graph/odata"
)

// beyondTrial are the paths that a trial has nothing of: Conditional Access, Identity Protection and the
// policies of second factors (DESIGN §5.12).
func beyondTrial() [][]string {
	return [][]string{{"identity", "conditionalAccess"}, {"identityProtection"}, {"policies", "authenticationMethodsPolicy"},
		{"policies", "authenticationStrengthPolicies"}, {"portico", "conditionalAccess"}, {"portico", "riskSimulations"},
		{"portico", "riskTestPersons"}, {"portico", "riskyUsers"}, {"portico", "riskySignIns"},
		{"portico", "riskSettings"}, {"portico", "riskBudget"}, {"portico", "riskDetectionTypes"}, {"portico", "incidents"}, {"portico", "threatIndicators"},
		{"portico", "leakedAddresses"}, {"portico", "exports"}, {"auditLogs", "signIns", "confirmCompromised"}, {"auditLogs", "signIns", "confirmSafe"},
		{"auditLogs", "signIns", "dismiss"}}
}

// plainPath is a path without casts, and with actions by their bare names: what is refused by its path must not be
// reached by another spelling of it.
func plainPath(segs []odata.Segment) []odata.Segment {
	out := make([]odata.Segment, 0, len(segs))
	for i, s := range segs {
		if odata.IsCast(s.Name) {
			if i < len(segs)-1 {
				continue
			}
			s.Name = s.Name[strings.LastIndexByte(s.Name, '.')+1:]
		}
		s.Parens = false
		out = append(out, s)
	}
	return out
}

// harmless are the POSTs of a management API that change nothing.
func harmless(segs []odata.Segment) bool {
	last := segs[len(segs)-1].Name
	for _, name := range []string{"exportPersonalData", "getMemberGroups", "checkMemberGroups", "getMemberObjects", "checkMemberObjects", "getByIds"} {
		if strings.EqualFold(last, name) || strings.EqualFold(last, "microsoft.graph."+name) {
			return true
		}
	}
	return false
}

// allowedByPlan refuses what the caller's tenant has not: what a trial is without, and every change once it
// is over.
func (a *API) allowedByPlan(ctx context.Context, c *call, segs []odata.Segment) error {
	dir, err := a.Store.Directory(ctx, c.caller.TenantID)
	if err != nil {
		return err
	}
	t := dir.Tenant
	if t.Governed() {
		return nil
	}
	plain := plainPath(segs)
	for _, prefix := range beyondTrial() {
		if begins(plain, prefix) {
			return &Error{Status: http.StatusForbidden, Code: codeDenied, Message: a.Words.T("tenant.trial.feature", nil)}
		}
	}
	if c.method != http.MethodGet && c.method != http.MethodHead && t.ReadOnly(a.Store.Now()) && !harmless(segs) {
		return &Error{Status: http.StatusForbidden, Code: codeDenied, Message: a.Words.T("tenant.trial.over", nil)}
	}
	return nil
}

// noteRefusal records what an application or an administrator tried without the right to it, once an hour for
// each collection; customers, who have no rights here at all, cannot fill the log. That it cannot be written
// changes nothing about the refusal.
func (a *API) noteRefusal(ctx context.Context, c *call) {
	if c.caller.UserID != "" && len(c.caller.Permissions) == 0 {
		return
	}
	way := strings.TrimPrefix(c.path, "/")
	if first, rest, nested := strings.Cut(way, "/"); nested { // ids and what follows them are the caller's to choose
		way = first
		if second, _, _ := strings.Cut(rest, "/"); strings.EqualFold(first, "identity") {
			way += "/" + second
		}
	}
	if len(way) > 64 {
		way = way[:64]
	}
	if err := c.tenant.RecordRefusal(ctx, c.actor(), audit.Target{Kind: "route", ID: c.method + " /" + strings.ToValidUTF8(way, ""), Name: "/" + strings.ToValidUTF8(way, "")}); err != nil {
		a.Log.ErrorContext(ctx, "audit log", "request-id", c.id, "error", err)
	}
}
