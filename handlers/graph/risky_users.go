package graph

import (
	"context"
	"net/http"
	"strings"

	"portico/app/access"
	"portico/app/audit"
	"portico/app/export"
	"portico/handlers/graph/odata"
	"portico/models"
)

// riskyUsers is /identityProtection/riskyUsers (graph.md §10.2): people whose risk was ever set, deleted ones among
// them, the history of each, and what an administrator says about them.
type riskyUsers struct{ *collection[models.User] }

func readRisky() []access.Permission {
	return []access.Permission{access.RiskyUserRead, access.RiskyUserWrite}
}

func (a *API) riskyUsers() riskyUsers {
	r := &collection[models.User]{
		path: []string{"identityProtection", "riskyUsers"}, name: "identityProtection/riskyUsers", typ: "riskyUser", read: readRisky(),
		normalPage: 100, largestPage: 500, order: odata.Order{Path: "riskLastUpdatedDateTime", Desc: true},
		id: func(u *models.User) string { return u.ID },
	}
	words := column{kind: odata.String, ops: opEq | opNe | opStarts}
	r.fields = []field[models.User]{
		readOnly("id", func(u *models.User) any { return u.ID }).filterable("users.id", column{kind: odata.String, ops: opEq | opNe, fold: clientID}),
		readOnly("isDeleted", func(u *models.User) any { return !u.DeletedAt.IsZero() }).filterable("(users.deleted_at IS NOT NULL)", column{kind: odata.Bool, ops: opEq | opNe}),
		constant[models.User]("isProcessing", false),
		readOnly("riskDetail", func(u *models.User) any { return export.RiskDetail(u.Risk.Detail, true) }).asked(noneOr("users.risk_detail", riskDetails())),
		readOnly("riskLastUpdatedDateTime", func(u *models.User) any { return stamp(u.Risk.At) }).filterable("users.risk_at", column{kind: odata.Time, ops: opEq | opOrder}).
			sortable(func(u *models.User) any { return u.Risk.At.UTC() }),
		readOnly("riskLevel", func(u *models.User) any { return export.RiskLevel(u.Risk.Level) }).asked(noneOr("users.risk_level", riskLevels())),
		readOnly("riskState", func(u *models.User) any { return export.RiskState(u.Risk.State) }).asked(noneOr("users.risk_state", riskStates())),
		readOnly("userDisplayName", func(u *models.User) any { return text(u.DisplayName) }).filterable("users.display_name", words),
		readOnly("userPrincipalName", func(u *models.User) any { return text(u.Mail) }).filterable("users.mail", words),
		readOnly("portico", func(u *models.User) any { return object{{"simulated", u.Risk.Simulated}} }),
	}
	everAtRisk := models.Condition{SQL: "users.risk_at IS NOT NULL"}
	counted[models.User, models.UserRow](r, everAtRisk)
	r.page = func(ctx context.Context, c *call, l models.Listing) ([]models.User, error) {
		l.Where = append(l.Where, everAtRisk)
		return c.tenant.ListUsers(ctx, l)
	}
	r.find = func(ctx context.Context, c *call, _, key string) (*models.User, error) {
		found, err := c.tenant.ListUsers(ctx, models.Listing{Where: []models.Condition{everAtRisk, {SQL: "users.id = ?", Args: []any{clientID(key)}}}, Limit: 1})
		if err != nil {
			return nil, err
		}
		if len(found) == 0 { // never at risk is no resource here
			return nil, notFound(key)
		}
		return &found[0], nil
	}
	r.actions = []action[models.User]{
		{method: http.MethodGet, path: "history", need: readRisky(), run: func(ctx context.Context, c *call, u *models.User) (*response, error) {
			return a.riskHistory(*u).list(ctx, c)
		}},
		{method: http.MethodGet, path: "history/$count", need: readRisky(), run: func(ctx context.Context, c *call, u *models.User) (*response, error) {
			return a.riskHistory(*u).countOnly(ctx, c)
		}},
		{method: http.MethodGet, path: "history/{item}", need: readRisky(), run: func(ctx context.Context, c *call, u *models.User) (*response, error) {
			return a.riskHistory(*u).onOne(ctx, c, "", c.params["item"])
		}},
	}
	return riskyUsers{r}
}

// riskHistory is what happened to the risk of one person, newest first (riskyUserHistoryItem).
func (a *API) riskHistory(u models.User) *collection[models.RiskEventRow] {
	r := &collection[models.RiskEventRow]{name: "identityProtection/riskyUsers('" + u.ID + "')/history", typ: "riskyUserHistoryItem", read: readRisky(),
		normalPage: 100, largestPage: 500, order: odata.Order{Path: "riskLastUpdatedDateTime", Desc: true},
		id: func(e *models.RiskEventRow) string { return e.ID }}
	get := func(name string, f func(export.RiskDocument) any) field[models.RiskEventRow] {
		return readOnly(name, func(e *models.RiskEventRow) any { return f(e.Document(u)) })
	}
	r.fields = []field[models.RiskEventRow]{
		get("id", func(d export.RiskDocument) any { return d.ID }),
		get("userId", func(d export.RiskDocument) any { return d.UserID }),
		get("isDeleted", func(d export.RiskDocument) any { return d.IsDeleted }),
		constant[models.RiskEventRow]("isProcessing", false),
		get("riskLastUpdatedDateTime", func(d export.RiskDocument) any { return d.RiskLastUpdatedDateTime }).filterable("risk_events.at", column{kind: odata.Time, ops: opEq | opOrder}).
			sortable(func(e *models.RiskEventRow) any { return e.At.UTC() }),
		get("riskLevel", func(d export.RiskDocument) any { return d.RiskLevel }).filterable("risk_events.level", graphWord(riskLevels()...)),
		get("riskState", func(d export.RiskDocument) any { return d.RiskState }).filterable("risk_events.state", graphWord(riskStates()...)),
		get("riskDetail", func(d export.RiskDocument) any { return d.RiskDetail }).asked(noneOr("risk_events.detail", riskDetails())),
		get("userDisplayName", func(d export.RiskDocument) any { return d.UserDisplayName }),
		get("userPrincipalName", func(d export.RiskDocument) any { return d.UserPrincipalName }),
		get("initiatedBy", func(d export.RiskDocument) any { return d.InitiatedBy }),
		get("activity", func(d export.RiskDocument) any { return d.Activity }),
		get("portico", func(d export.RiskDocument) any { return d.Portico }),
	}
	of := models.Condition{SQL: "risk_events.user_id = ?", Args: []any{u.ID}}
	counted[models.RiskEventRow, models.RiskEventRow](r, of)
	r.page = func(ctx context.Context, c *call, l models.Listing) ([]models.RiskEventRow, error) {
		l.Where = append(l.Where, of)
		return models.ListRows[models.RiskEventRow](ctx, c.tenant, l)
	}
	r.find = func(ctx context.Context, c *call, _, key string) (*models.RiskEventRow, error) {
		rows, err := models.ListRows[models.RiskEventRow](ctx, c.tenant, models.Listing{Where: []models.Condition{of, {SQL: "id = ?", Args: []any{clientID(key)}}}, Limit: 1})
		if err != nil {
			return nil, err
		}
		if len(rows) == 0 {
			return nil, notFound(key)
		}
		return &rows[0], nil
	}
	return r
}

func (r riskyUsers) serve(ctx context.Context, c *call, keys map[string]string, rest []odata.Segment) (*response, error) {
	if plain := withoutCasts(rest); keys == nil && len(plain) == 1 {
		for name, say := range map[string]func(context.Context, audit.Actor, []string) error{
			"confirmCompromised": c.tenant.ConfirmCompromised, "dismiss": c.tenant.DismissRisk, "confirmSafe": c.tenant.ConfirmSafe} {
			if isFunction(plain[0], name) {
				return r.say(ctx, c, say)
			}
		}
	}
	return r.collection.serve(ctx, c, keys, rest)
}

// say takes the word of an administrator about up to 60 people at once: about all of them, or about none.
func (r riskyUsers) say(ctx context.Context, c *call, say func(context.Context, audit.Actor, []string) error) (*response, error) {
	if c.method != http.MethodPost {
		return nil, wrongMethod(http.MethodPost)
	}
	if !c.caller.may(access.RiskyUserWrite) {
		return nil, denied()
	}
	ids, err := c.riskIDs("userIds")
	if err != nil {
		return nil, err
	}
	return emptied(unknownID(say(ctx, c.actor(), ids), ids))
}

// signInLog is /auditLogs/signIns with what an administrator says about risky ones (graph.md §11.1).
type signInLog struct{ *collection[signIn] }

func (r signInLog) serve(ctx context.Context, c *call, keys map[string]string, rest []odata.Segment) (*response, error) {
	if plain := withoutCasts(rest); keys == nil && len(plain) == 1 {
		for name, say := range map[string]func(context.Context, audit.Actor, []string) error{
			"confirmCompromised": c.tenant.ConfirmSignInCompromised, "confirmSafe": c.tenant.ConfirmSignInSafe, "dismiss": c.tenant.DismissSignInRisk} {
			if isFunction(plain[0], name) {
				return r.say(ctx, c, say)
			}
		}
	}
	return r.collection.serve(ctx, c, keys, rest)
}

func (r signInLog) say(ctx context.Context, c *call, say func(context.Context, audit.Actor, []string) error) (*response, error) {
	if c.method != http.MethodPost {
		return nil, wrongMethod(http.MethodPost)
	}
	if !c.caller.may(access.RiskEventWrite, access.RiskyUserWrite) {
		return nil, denied()
	}
	ids, err := c.riskIDs("requestIds")
	if err != nil {
		return nil, err
	}
	return emptied(unknownID(say(ctx, c.actor(), ids), ids))
}

// typesAny is the condition of a list that is kept with commas.
func typesAny(sql string) func(how, v string) models.Condition {
	return func(how, v string) models.Condition {
		v = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(v)
		like := "%," + v + ",%"
		if how == "startswith" {
			like = "%," + v + "%"
		}
		return models.Condition{SQL: "',' || " + sql + ` || ',' LIKE ? ESCAPE '\'`, Args: []any{like}}
	}
}
