package graph

import (
	"context"
	"encoding/json"
	"strings"

	"portico/app/audit"
	"portico/handlers/graph/odata"
	"portico/models"
)

type directoryAudit struct {
	models.AuditRow
	changes []audit.Change
}

func (a *API) directoryAudits() *collection[directoryAudit] {
	exact := column{kind: odata.String, ops: opEq, fold: strings.TrimSpace}
	words := column{kind: odata.String, ops: opEq | opStarts}
	r := &collection[directoryAudit]{
		path: []string{"auditLogs", "directoryAudits"}, name: "auditLogs/directoryAudits", typ: "directoryAudit", read: readLogs(),
		normalPage: 1000, largestPage: 1000, order: odata.Order{Path: "activityDateTime", Desc: true},
		id: func(d *directoryAudit) string { return d.ID },
	}
	r.fields = []field[directoryAudit]{
		readOnly("id", func(d *directoryAudit) any { return d.ID }).filterable("audits.id", column{kind: odata.String, ops: opEq, fold: clientID}),
		readOnly("category", func(d *directoryAudit) any { return d.Category }).filterable("audits.category", words),
		readOnly("correlationId", func(d *directoryAudit) any { return text(d.CorrelationID) }).filterable("audits.correlation_id", exact),
		readOnly("result", func(d *directoryAudit) any { return auditResult(d.Result) }).filterable("audits.result", exact),
		constant[directoryAudit]("resultReason", ""),
		readOnly("activityDisplayName", func(d *directoryAudit) any { return d.Activity }).filterable("audits.activity", words),
		readOnly("activityDateTime", func(d *directoryAudit) any { return stamp(d.CreatedAt) }).
			filterable("audits.created_at", column{kind: odata.Time, ops: opEq | opOrder}).sortable(func(d *directoryAudit) any { return d.CreatedAt.UTC() }),
		constant[directoryAudit]("loggedByService", "Core Directory").filterable("'Core Directory'", column{kind: odata.String, ops: opEq}),
		readOnly("operationType", func(d *directoryAudit) any { return text(d.Operation) }).filterable("audits.operation", words),
		readOnly("initiatedBy", initiatedBy),
		readOnly("targetResources", targetResources),
		constant[directoryAudit]("additionalDetails", []object{}),
		readOnly("userAgent", func(*directoryAudit) any { return nil }),
	}
	actor := func(kind audit.ActorKind, sql string) column {
		return column{kind: odata.String, ops: opEq | opStarts, via: func(how, v string) models.Condition {
			if how == "eq" {
				return models.Condition{SQL: "audits.actor_kind = ? AND LOWER(" + sql + ") = ?", Args: []any{string(kind), strings.ToLower(v)}}
			}
			return models.Condition{SQL: "audits.actor_kind = ? AND LOWER(" + sql + `) LIKE ? ESCAPE '\'`, Args: []any{string(kind), pattern(how, strings.ToLower(v))}}
		}}
	}
	r.paths = map[string]column{
		"initiatedBy/user/id":          actor(audit.ActorUser, "audits.actor_id"),
		"initiatedBy/user/displayName": actor(audit.ActorUser, "audits.actor_name"),
		"initiatedBy/app/appId":        actor(audit.ActorApp, "audits.actor_id"),
		"initiatedBy/app/displayName":  actor(audit.ActorApp, "audits.actor_name"),
		"targetResources": {exists: "%s", of: map[string]column{
			"id":          {sql: "audits.target_id", kind: odata.String, ops: opEq, fold: clientID},
			"displayname": {sql: "audits.target_name", kind: odata.String, ops: opEq | opStarts},
		}},
	}
	wrap := func(rows []models.AuditRow) ([]directoryAudit, error) {
		out := make([]directoryAudit, len(rows))
		for i, row := range rows {
			out[i].AuditRow = row
			if row.Changes == "" {
				continue
			}
			if err := json.Unmarshal([]byte(row.Changes), &out[i].changes); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	r.page = func(ctx context.Context, c *call, l models.Listing) ([]directoryAudit, error) {
		rows, err := models.ListRows[models.AuditRow](ctx, c.tenant, l)
		if err != nil {
			return nil, err
		}
		return wrap(rows)
	}
	r.find = func(ctx context.Context, c *call, _, key string) (*directoryAudit, error) {
		rows, err := models.ListRows[models.AuditRow](ctx, c.tenant, models.Listing{Where: []models.Condition{{SQL: "id = ?", Args: []any{clientID(key)}}}, Limit: 1})
		if err != nil {
			return nil, err
		}
		if len(rows) == 0 {
			return nil, notFound(key)
		}
		out, err := wrap(rows)
		if err != nil {
			return nil, err
		}
		return &out[0], nil
	}
	return r
}

func auditResult(s string) string {
	if s == "success" || s == "failure" || s == "timeout" {
		return s
	}
	return "unknownFutureValue"
}

func initiatedBy(d *directoryAudit) any {
	user, app := any(nil), any(nil)
	if d.ActorKind == string(audit.ActorUser) {
		user = object{{"id", d.ActorID}, {"displayName", text(d.ActorName)}, {"userPrincipalName", nil}, {"ipAddress", text(d.ActorIP)}}
	} else {
		id := any(nil)
		if d.ActorKind == string(audit.ActorApp) {
			id = text(d.ActorID)
		}
		app = object{{"appId", id}, {"displayName", text(d.ActorName)}, {"servicePrincipalId", nil}, {"servicePrincipalName", nil}}
	}
	return object{{"user", user}, {"app", app}}
}

// targetType is Graph's word for what was changed.
func targetType(kind string) string {
	switch kind {
	case "user":
		return "User"
	case "application":
		return "App"
	case "tenant":
		return "Directory"
	case "role":
		return "Role"
	case "group":
		return "Group"
	case "policy", "userFlow":
		return "Policy"
	}
	return "Other"
}

func targetResources(d *directoryAudit) any {
	changes := []object{}
	for _, ch := range d.changes {
		changes = append(changes, object{{"displayName", ch.Property}, {"oldValue", jsonText(ch.Old)}, {"newValue", jsonText(ch.New)}})
	}
	return []object{{{"id", text(d.TargetID)}, {"displayName", text(d.TargetName)}, {"type", targetType(d.TargetKind)},
		{"userPrincipalName", nil}, {"groupType", nil}, {"modifiedProperties", changes}}}
}

// jsonText is a value as a JSON string, which is how Graph carries old and new values.
func jsonText(v any) any {
	if v == nil {
		return nil
	}
	b, err := encode(v)
	if err != nil {
		return nil
	}
	return string(b)
}
