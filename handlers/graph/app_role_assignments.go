package graph

import (
	"context"
	"net/http"
	"strings"

	"portico/app/access"
	"portico/app/fault"
	"portico/handlers/graph/odata"
	"portico/models"
)

func giveRoles() []access.Permission { return []access.Permission{access.AssignmentWrite} }

func readAssignments() []access.Permission {
	return []access.Permission{access.AppRead, access.DirectoryRead, access.AssignmentWrite}
}

// shownAssignment is Graph's appRoleAssignment (graph.md §5.2). resources are service principals by the
// object id of their application.
func shownAssignment(n models.AppRoleAssignment, resources map[string]string) object {
	kind := map[string]string{"user": "User", "group": "Group", "servicePrincipal": "ServicePrincipal"}[n.PrincipalKind]
	return object{{"id", n.ID}, {"deletedDateTime", nil}, {"appRoleId", n.RoleID}, {"createdDateTime", stamp(n.CreatedAt)}, {"principalDisplayName", text(n.PrincipalName)},
		{"principalId", n.PrincipalID}, {"principalType", kind}, {"resourceDisplayName", text(n.ApplicationName)}, {"resourceId", resources[n.ApplicationID]}}
}

// resourcesOf finds the service principals of the applications whose roles are assigned.
func resourcesOf(ctx context.Context, c *call, list []models.AppRoleAssignment) (map[string]string, error) {
	var ids []string
	for _, n := range list {
		ids = append(ids, n.ApplicationID)
	}
	apps, err := c.tenant.ApplicationsByID(ctx, ids, false)
	out := make(map[string]string, len(apps))
	for _, a := range apps {
		out[a.ID] = a.ServicePrincipalID
	}
	return out, err
}

// assignmentQuery reads what narrows a list of assignments: appRoleId and, from a principal's side, the
// resource; from a resource's side, who has it.
func assignmentQuery(ctx context.Context, c *call, q *models.AssignmentQuery) error {
	if c.opts.search != nil || len(c.opts.order) > 0 {
		return unsupported("$search and $orderby are not supported for appRoleAssignments.")
	}
	var read func(e odata.Expr) error
	read = func(e odata.Expr) error {
		switch e := e.(type) {
		case odata.And:
			if err := read(e.Left); err != nil {
				return err
			}
			return read(e.Right)
		case odata.Match:
			if e.Func == "startswith" && strings.EqualFold(e.Path.String(), "principalDisplayName") {
				q.Search = e.Value
				return nil
			}
		case odata.Compare:
			if e.Op != odata.Eq || e.Value.Kind != odata.String && e.Value.Kind != odata.GUID {
				break
			}
			switch v := strings.ToLower(e.Value.Text); strings.ToLower(e.Path.String()) {
			case "principalid":
				q.PrincipalID = narrowTo(q.PrincipalID, v)
				return nil
			case "approleid":
				q.RoleID = narrowTo(q.RoleID, v)
				return nil
			case "id":
				q.ID = narrowTo(q.ID, v)
				return nil
			case "resourceid":
				app, err := c.tenant.ApplicationByServicePrincipal(ctx, v)
				if err != nil && !fault.Is(err, fault.NotFound) {
					return err
				}
				if err != nil { // of nothing there are none
					app.ID = models.NoAppRole
				}
				q.ApplicationID = narrowTo(q.ApplicationID, app.ID)
				return nil
			}
		}
		return unsupported("appRoleAssignments are filtered by resourceId, principalId and appRoleId with eq, and by startswith(principalDisplayName, …).")
	}
	if c.opts.filter == nil {
		return nil
	}
	return read(c.opts.filter)
}

// narrowTo is what is asked for twice: the same, or nothing that there is.
func narrowTo(have, v string) string {
	if have != "" && have != v {
		return "none"
	}
	return v
}

// listAssignments answers one page of assignments.
func (a *API) listAssignments(ctx context.Context, c *call, q models.AssignmentQuery, of string) (*response, error) {
	err := assignmentQuery(ctx, c, &q)
	if err != nil {
		return nil, err
	}
	if q.Limit, err = c.opts.pageSize(100, 999); err != nil {
		return nil, err
	}
	after, err := c.skipped()
	if err != nil {
		return nil, err
	}
	if after != nil {
		q.After = after.Text
	}
	p, err := c.tenant.AppRoleAssignments(ctx, q)
	if err != nil {
		return nil, err
	}
	resources, err := resourcesOf(ctx, c, p.Items)
	if err != nil {
		return nil, err
	}
	values := make([]object, len(p.Items))
	for i, n := range p.Items {
		values[i] = c.narrowed(shownAssignment(n, resources))
	}
	out := object{{"@odata.context", c.context(of)}}
	if p.Next != "" {
		out.add("@odata.nextLink", c.nextLink(position{Kind: "c", Text: p.Next}))
	}
	return &response{status: http.StatusOK, body: append(out, member{"value", values})}, nil
}

// assign gives an app role. principal and resource are those of the path, "" where the body decides.
func (a *API) assign(ctx context.Context, c *call, principal, resource, of string) (*response, error) {
	var in struct {
		PrincipalID          string  `json:"principalId"`
		ResourceID           string  `json:"resourceId"`
		AppRoleID            string  `json:"appRoleId"`
		PrincipalType        *string `json:"principalType"`
		PrincipalDisplayName *string `json:"principalDisplayName"`
		ResourceDisplayName  *string `json:"resourceDisplayName"`
	}
	if err := bodyOf(c, &in); err != nil {
		return nil, err
	}
	for name, v := range map[string]string{"principalId": in.PrincipalID, "resourceId": in.ResourceID, "appRoleId": in.AppRoleID} {
		if !odata.IsGUID(v) {
			return nil, badRequest("A GUID is needed for property '"+name+"' of resource 'AppRoleAssignment'.", name)
		}
	}
	if principal != "" && !strings.EqualFold(principal, in.PrincipalID) {
		return nil, invalidValue("principalId", ": it is not the object of the path")
	}
	if resource != "" && !strings.EqualFold(resource, in.ResourceID) {
		return nil, invalidValue("resourceId", ": it is not the service principal of the path")
	}
	app, err := c.tenant.ApplicationByServicePrincipal(ctx, strings.ToLower(in.ResourceID))
	if err != nil || !app.DeletedAt.IsZero() {
		return nil, missing(err, in.ResourceID)
	}
	made, err := c.tenant.AssignAppRole(ctx, c.actor(), models.AppRoleAssignment{PrincipalID: strings.ToLower(in.PrincipalID), ApplicationID: app.ID, RoleID: strings.ToLower(in.AppRoleID)})
	if f := fault.Of(err); err != nil && f.Code == fault.Conflict && f.Key == "assignment.there" {
		return nil, &Error{Status: http.StatusBadRequest, Code: codeBadRequest, Target: "principalId", Cause: err,
			Message: "Permission being assigned already exists on the object."}
	}
	if err != nil {
		return nil, absent(err, in.PrincipalID)
	}
	return c.created(of+"/$entity", shownAssignment(made, map[string]string{app.ID: app.ServicePrincipalID}), "/"+of+"/"+made.ID), nil
}

// assigned are /appRoleAssignments of a person, a group or an application: the roles that it has.
func assigned[R any](a *API, id func(*R) string, read []access.Permission, own []string) []action[R] {
	read = append(readAssignments(), read...)
	of := func(c *call, row *R) string {
		segs, _ := odata.ParsePath(c.path)
		return segs[0].Name + "/" + id(row) + "/appRoleAssignments"
	}
	one := func(ctx context.Context, c *call, row *R) (models.AppRoleAssignment, error) {
		n, err := c.tenant.AppRoleAssignment(ctx, strings.ToLower(c.params["assignment"]))
		if err != nil || n.PrincipalID != id(row) {
			return n, missing(err, c.params["assignment"])
		}
		return n, nil
	}
	return []action[R]{
		{method: http.MethodGet, path: "appRoleAssignments", need: read, own: own, run: func(ctx context.Context, c *call, row *R) (*response, error) {
			return a.listAssignments(ctx, c, models.AssignmentQuery{PrincipalID: id(row)}, of(c, row))
		}},
		{method: http.MethodPost, path: "appRoleAssignments", need: giveRoles(), run: func(ctx context.Context, c *call, row *R) (*response, error) {
			return a.assign(ctx, c, id(row), "", of(c, row))
		}},
		{method: http.MethodGet, path: "appRoleAssignments/{assignment}", need: read, own: own, run: func(ctx context.Context, c *call, row *R) (*response, error) {
			n, err := one(ctx, c, row)
			if err != nil {
				return nil, err
			}
			return a.oneAssignment(ctx, c, n, of(c, row))
		}},
		{method: http.MethodDelete, path: "appRoleAssignments/{assignment}", need: giveRoles(), run: func(ctx context.Context, c *call, row *R) (*response, error) {
			n, err := one(ctx, c, row)
			if err != nil {
				return nil, err
			}
			return emptied(c.tenant.UnassignAppRole(ctx, c.actor(), n.ID))
		}},
	}
}

func (a *API) oneAssignment(ctx context.Context, c *call, n models.AppRoleAssignment, of string) (*response, error) {
	resources, err := resourcesOf(ctx, c, []models.AppRoleAssignment{n})
	if err != nil {
		return nil, err
	}
	return c.entity(of+"/$entity", shownAssignment(n, resources)), nil
}

// assignedTo are /servicePrincipals/{id}/appRoleAssignedTo: who has roles of this application.
func (a *API) assignedTo() []action[application] {
	of := func(row *application) string {
		return "servicePrincipals/" + row.ServicePrincipalID + "/appRoleAssignedTo"
	}
	one := func(ctx context.Context, c *call, row *application) (models.AppRoleAssignment, error) {
		n, err := c.tenant.AppRoleAssignment(ctx, strings.ToLower(c.params["assignment"]))
		if err != nil || n.ApplicationID != row.ID {
			return n, missing(err, c.params["assignment"])
		}
		return n, nil
	}
	return []action[application]{
		{method: http.MethodGet, path: "appRoleAssignedTo", need: readAssignments(), run: func(ctx context.Context, c *call, row *application) (*response, error) {
			return a.listAssignments(ctx, c, models.AssignmentQuery{ApplicationID: row.ID}, of(row))
		}},
		{method: http.MethodPost, path: "appRoleAssignedTo", need: giveRoles(), run: func(ctx context.Context, c *call, row *application) (*response, error) {
			return a.assign(ctx, c, "", row.ServicePrincipalID, of(row))
		}},
		{method: http.MethodGet, path: "appRoleAssignedTo/{assignment}", need: readAssignments(), run: func(ctx context.Context, c *call, row *application) (*response, error) {
			n, err := one(ctx, c, row)
			if err != nil {
				return nil, err
			}
			return a.oneAssignment(ctx, c, n, of(row))
		}},
		{method: http.MethodDelete, path: "appRoleAssignedTo/{assignment}", need: giveRoles(), run: func(ctx context.Context, c *call, row *application) (*response, error) {
			n, err := one(ctx, c, row)
			if err != nil {
				return nil, err
			}
			return emptied(c.tenant.UnassignAppRole(ctx, c.actor(), n.ID))
		}},
	}
}
