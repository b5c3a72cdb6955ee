package graph

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/tenant"
	"portico/handlers/graph/odata"
	"portico/models"
)

// Administrators live in the workforce directory and have their roles in one tenant, or in all of them
// (DESIGN §5.10). Whatever tenant a token is of, this is how it sees them: the roles that reach its tenant,
// with the scope "/", held by principals of the workforce directory (principalOrganizationId). A role that
// reaches every tenant says so in portico.allTenants, and is given and taken by a token of the workforce
// directory only.

func readRoles() []access.Permission {
	return []access.Permission{access.RoleRead, access.DirectoryRead}
}

func writeRoles() []access.Permission { return []access.Permission{access.RoleWrite} }

// roleDefinition is a role of the catalogue.
type roleDefinition struct{ access.Role }

func (d *roleDefinition) permissions() []object {
	actions := make([]string, len(d.Permissions))
	for i, p := range d.Permissions {
		actions[i] = string(p)
	}
	return []object{{{"allowedResourceActions", actions}, {"condition", nil}, {"excludedResourceActions", []string{}}}}
}

// catalogue are the roles that a tenant sees: those of the installation only where the installation is run.
func (a *API) catalogue(ctx context.Context, c *call) ([]roleDefinition, error) {
	self, err := c.tenant.Get(ctx)
	if err != nil {
		return nil, err
	}
	var out []roleDefinition
	for _, r := range access.Roles() {
		if !r.Installation || self.Kind == tenant.Workforce {
			out = append(out, roleDefinition{r})
		}
	}
	return out, nil
}

func noCustomRoles() error {
	return &Error{Status: http.StatusForbidden, Code: codeDenied, Message: "Custom roles are not supported: the roles of the catalogue cannot be added to, changed or deleted."}
}

// roleDefinitions is /roleManagement/directory/roleDefinitions (graph.md §13).
func (a *API) roleDefinitions() *collection[roleDefinition] {
	r := &collection[roleDefinition]{
		path: []string{"roleManagement", "directory", "roleDefinitions"}, name: "roleManagement/directory/roleDefinitions", typ: "unifiedRoleDefinition",
		read: readRoles(), write: writeRoles(), normalPage: 100, largestPage: 999, order: odata.Order{Path: "displayName"}, counts: true,
		id: func(d *roleDefinition) string { return d.ID },
	}
	r.fields = []field[roleDefinition]{
		readOnly("id", func(d *roleDefinition) any { return d.ID }),
		readOnly("description", func(d *roleDefinition) any { return d.Description }),
		readOnly("displayName", func(d *roleDefinition) any { return d.Name }).sortable(func(d *roleDefinition) any { return d.Name }),
		constant[roleDefinition]("isBuiltIn", true),
		constant[roleDefinition]("isEnabled", true),
		constant[roleDefinition]("resourceScopes", []string{"/"}),
		readOnly("rolePermissions", func(d *roleDefinition) any { return d.permissions() }),
		readOnly("templateId", func(d *roleDefinition) any { return d.ID }),
		constant[roleDefinition]("version", "1"),
	}
	r.all = a.catalogue
	r.find = func(ctx context.Context, c *call, _, key string) (*roleDefinition, error) {
		all, err := a.catalogue(ctx, c)
		if err != nil {
			return nil, err
		}
		for _, d := range all {
			if strings.EqualFold(d.ID, key) {
				return &d, nil
			}
		}
		return nil, notFound(key)
	}
	// What a request says of a role does not matter: there is none to make or change.
	take := func(*roleDefinition, json.RawMessage) error { return noCustomRoles() }
	for i := range r.fields {
		r.fields[i].set = take
	}
	r.fresh = func(*call) roleDefinition { return roleDefinition{} }
	r.create = func(context.Context, *call, *roleDefinition) error { return noCustomRoles() }
	r.update = func(context.Context, *call, roleDefinition, *roleDefinition, func(*roleDefinition) error) error {
		return noCustomRoles()
	}
	r.delete = func(context.Context, *call, *roleDefinition) error { return noCustomRoles() }
	return r
}

// roleAssignment is a role that an administrator has.
type roleAssignment struct {
	models.RoleAssignment
	scope        string // of a request
	organization string
	admin        *models.User
}

type porticoRoleAssignment struct {
	AllTenants bool `json:"allTenants"`
}

// workforce is the directory of administrators.
func (a *API) workforce(ctx context.Context) (*models.Tenant, error) {
	t, err := a.Store.TenantBy(ctx, tenant.WorkforceSlug)
	if err != nil {
		return nil, err
	}
	return a.Store.Tenant(t.ID), nil
}

// rolesIn are the assignments that reach the caller's tenant.
func (a *API) rolesIn(ctx context.Context, c *call) ([]roleAssignment, error) {
	staff, err := a.workforce(ctx)
	if fault.Is(err, fault.NotFound) { // an installation without administrators has no roles either
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	all, err := staff.RoleAssignments(ctx, "")
	var out []roleAssignment
	for _, x := range all {
		if x.Reaches(c.caller.TenantID) {
			out = append(out, roleAssignment{RoleAssignment: x, organization: staff.ID})
		}
	}
	return out, err
}

// loadAdmins fetches who holds the roles, for what $expand=principal shows.
func (a *API) loadAdmins(ctx context.Context, rows []roleAssignment) error {
	staff, err := a.workforce(ctx)
	if err != nil {
		return err
	}
	var ids []string
	for _, x := range rows {
		ids = append(ids, x.UserID)
	}
	slices.Sort(ids)
	byID := map[string]*models.User{}
	for chunk := range slices.Chunk(slices.Compact(ids), 200) {
		people, err := staff.UsersByID(ctx, chunk)
		if err != nil {
			return err
		}
		for i := range people {
			byID[people[i].ID] = &people[i]
		}
	}
	for i := range rows {
		rows[i].admin = byID[rows[i].UserID]
	}
	return nil
}

// shownAdmin is an administrator as another tenant sees them: a name and an address.
func shownAdmin(u *models.User) any {
	if u == nil {
		return nil
	}
	return object{{"@odata.type", "#microsoft.graph.user"}, {"id", u.ID}, {"displayName", text(u.DisplayName)}, {"mail", text(u.Mail)}, {"userPrincipalName", text(u.Address())}}
}

// roleAssignments is /roleManagement/directory/roleAssignments.
func (a *API) roleAssignments() *collection[roleAssignment] {
	r := &collection[roleAssignment]{
		path: []string{"roleManagement", "directory", "roleAssignments"}, name: "roleManagement/directory/roleAssignments", typ: "unifiedRoleAssignment",
		read: readRoles(), write: writeRoles(), normalPage: 100, largestPage: 999, order: odata.Order{Path: "id"}, counts: true,
		id: func(x *roleAssignment) string { return x.ID },
	}
	ref := func(name string, p func(*roleAssignment) *string) field[roleAssignment] {
		return field[roleAssignment]{name: name, get: func(x *roleAssignment) any { return *p(x) }, set: func(x *roleAssignment, raw json.RawMessage) error {
			var s string
			if err := strict(name, raw, &s); err != nil {
				return err
			}
			if !odata.IsGUID(s) {
				return invalidValue(name, ": a GUID is needed")
			}
			*p(x) = strings.ToLower(s)
			return nil
		}}
	}
	r.fields = []field[roleAssignment]{
		readOnly("id", func(x *roleAssignment) any { return x.ID }).sortable(func(x *roleAssignment) any { return x.ID }),
		ref("principalId", func(x *roleAssignment) *string { return &x.UserID }),
		ref("roleDefinitionId", func(x *roleAssignment) *string { return &x.RoleID }),
		{name: "directoryScopeId", get: func(*roleAssignment) any { return "/" }, set: setString("directoryScopeId", 128, func(x *roleAssignment) *string { return &x.scope })},
		without[roleAssignment]("appScopeId", nil),
		without[roleAssignment]("condition", nil),
		readOnly("principalOrganizationId", func(x *roleAssignment) any { return text(x.organization) }),
		complexField("portico", func(x *roleAssignment) porticoRoleAssignment {
			return porticoRoleAssignment{AllTenants: x.TenantID == access.AllTenants}
		}, func(x *roleAssignment, v porticoRoleAssignment) error {
			if x.TenantID = ""; v.AllTenants {
				x.TenantID = access.AllTenants
			}
			return nil
		}),
		{name: "principal", expand: true, get: func(x *roleAssignment) any { return shownAdmin(x.admin) }},
		{name: "roleDefinition", expand: true, get: func(x *roleAssignment) any {
			role, _ := access.RoleOf(x.RoleID)
			return object{{"id", role.ID}, {"displayName", role.Name}, {"description", role.Description}, {"isBuiltIn", true}, {"isEnabled", true}, {"templateId", role.ID}}
		}},
	}
	r.all = a.rolesIn
	r.find = func(ctx context.Context, c *call, _, key string) (*roleAssignment, error) {
		all, err := a.rolesIn(ctx, c)
		if err != nil {
			return nil, err
		}
		for _, x := range all {
			if strings.EqualFold(x.ID, key) {
				return &x, nil
			}
		}
		return nil, notFound(key)
	}
	r.load = func(ctx context.Context, _ *call, rows []roleAssignment, want func(string) bool) error {
		if !want("principal") {
			return nil
		}
		return a.loadAdmins(ctx, rows)
	}
	r.fresh = func(*call) roleAssignment { return roleAssignment{} }
	r.check = func(_ context.Context, _ *call, x *roleAssignment, sent func(string) bool) error {
		for _, name := range []string{"principalId", "roleDefinitionId", "directoryScopeId"} {
			if !sent(name) {
				return badRequest("A value is required for property '"+name+"' of resource 'UnifiedRoleAssignment'.", name)
			}
		}
		if x.scope != "/" {
			return invalidValue("directoryScopeId", ": only / is supported, the tenant as a whole")
		}
		return nil
	}
	r.create = a.assignRole
	r.delete = a.removeRole
	return r
}

// mayGrant refuses to give or take a role by a caller who does not hold all that it brings, and one that
// reaches every tenant by a caller from another directory than the administrators'.
func mayGrant(c *call, staff *models.Tenant, x access.Assignment) error {
	if x.TenantID == access.AllTenants && c.caller.TenantID != staff.ID || !access.MayGrant(c.caller.holds, x) {
		return &Error{Status: http.StatusForbidden, Code: codeDenied, Message: "Insufficient privileges to complete the operation. A role is given and taken back by who holds all that it brings."}
	}
	return nil
}

func (a *API) assignRole(ctx context.Context, c *call, x *roleAssignment) error {
	staff, err := a.workforce(ctx)
	if err != nil {
		return err
	}
	if _, known := access.RoleOf(x.RoleID); !known {
		return notFound(x.RoleID)
	}
	if x.TenantID == "" {
		x.TenantID = c.caller.TenantID
	}
	if err := mayGrant(c, staff, x.Assignment); err != nil {
		return err
	}
	admin, err := staff.User(ctx, x.UserID)
	if err != nil || !admin.DeletedAt.IsZero() {
		return missing(err, x.UserID)
	}
	have, err := staff.RoleAssignments(ctx, x.UserID)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(have, func(h models.RoleAssignment) bool { return h.Assignment == x.Assignment }) {
		return &Error{Status: http.StatusBadRequest, Code: codeBadRequest, Target: "principalId", Message: "A conflicting object with one or more of the specified property values is present in the directory."}
	}
	if x.ID, err = staff.AssignRole(ctx, c.actor(), x.UserID, x.Assignment); err != nil {
		return err
	}
	x.organization = staff.ID
	return a.rightsChanged(ctx, c, staff, x.UserID)
}

func (a *API) removeRole(ctx context.Context, c *call, x *roleAssignment) error {
	staff, err := a.workforce(ctx)
	if err != nil {
		return err
	}
	if err := mayGrant(c, staff, x.Assignment); err != nil {
		return err
	}
	if err := staff.RemoveRole(ctx, c.actor(), x.ID); err != nil {
		return err
	}
	return a.rightsChanged(ctx, c, staff, x.UserID)
}

// rightsChanged gives the administrator a new portal session at the next click, as the portal itself does:
// their privilege is another one now.
func (a *API) rightsChanged(ctx context.Context, c *call, staff *models.Tenant, userID string) error {
	if userID == c.caller.UserID {
		return nil
	}
	return staff.EndPortalSessionsOf(ctx, userID)
}

// directoryRole is a role that somebody has, in the vendor's older shape.
type directoryRole struct{ access.Role }

// directoryRoles is /directoryRoles; every role of the catalogue counts as activated.
func (a *API) directoryRoles(assignments *collection[roleAssignment], path, typ string) *collection[directoryRole] {
	r := &collection[directoryRole]{
		path: []string{path}, name: path, typ: typ, keys: []string{"roleTemplateId"},
		read: readRoles(), write: writeRoles(), normalPage: 999, largestPage: 999, order: odata.Order{Path: "displayName"}, counts: true,
		id: func(d *directoryRole) string { return d.ID },
	}
	r.fields = []field[directoryRole]{
		readOnly("id", func(d *directoryRole) any { return d.ID }),
		constant[directoryRole]("deletedDateTime", nil),
		readOnly("description", func(d *directoryRole) any { return d.Description }),
		readOnly("displayName", func(d *directoryRole) any { return d.Name }).sortable(func(d *directoryRole) any { return d.Name }),
	}
	if path == "directoryRoles" {
		r.fields = append(r.fields, field[directoryRole]{name: "roleTemplateId", get: func(d *directoryRole) any { return d.ID },
			set: func(d *directoryRole, raw json.RawMessage) error {
				return setString("roleTemplateId", 36, func(d *directoryRole) *string { return &d.ID })(d, raw)
			}})
	}
	r.all = func(ctx context.Context, c *call) ([]directoryRole, error) {
		all, err := a.catalogue(ctx, c)
		out := make([]directoryRole, len(all))
		for i, d := range all {
			out[i] = directoryRole{d.Role}
		}
		return out, err
	}
	r.find = func(ctx context.Context, c *call, _, key string) (*directoryRole, error) {
		all, err := r.all(ctx, c)
		if err != nil {
			return nil, err
		}
		for _, d := range all {
			if strings.EqualFold(d.ID, key) {
				return &d, nil
			}
		}
		return nil, notFound(key)
	}
	if path != "directoryRoles" {
		return r
	}
	r.fresh = func(*call) directoryRole { return directoryRole{} }
	r.create = func(ctx context.Context, c *call, d *directoryRole) error { // to activate one is to meet it
		found, err := r.find(ctx, c, "", d.ID)
		if err != nil {
			return invalidValue("roleTemplateId", ": there is no such role")
		}
		*d = *found
		return nil
	}
	of := func(ctx context.Context, c *call, d *directoryRole) ([]roleAssignment, error) {
		all, err := a.rolesIn(ctx, c)
		return slices.DeleteFunc(all, func(x roleAssignment) bool { return x.RoleID != d.ID }), err
	}
	r.actions = []action[directoryRole]{
		{method: http.MethodGet, path: "members", need: readRoles(), run: func(ctx context.Context, c *call, d *directoryRole) (*response, error) {
			held, err := of(ctx, c, d)
			if err != nil {
				return nil, err
			}
			if len(held) > 0 {
				if err := a.loadAdmins(ctx, held); err != nil {
					return nil, err
				}
			}
			var out []object
			seen := map[string]bool{}
			for _, x := range held {
				if o, ok := shownAdmin(x.admin).(object); ok && !seen[x.UserID] {
					seen[x.UserID] = true
					out = append(out, o)
				}
			}
			return c.small(ctx, "directoryObjects", out)
		}},
		{method: http.MethodPost, path: "members/$ref", need: writeRoles(), run: func(ctx context.Context, c *call, d *directoryRole) (*response, error) {
			id, err := c.refBody()
			if err != nil {
				return nil, err
			}
			x := roleAssignment{RoleAssignment: models.RoleAssignment{UserID: id, Assignment: access.Assignment{RoleID: d.ID}}, scope: "/"}
			return emptied(assignments.create(ctx, c, &x))
		}},
		{method: http.MethodDelete, path: "members/{member}/$ref", need: writeRoles(), run: func(ctx context.Context, c *call, d *directoryRole) (*response, error) {
			held, err := of(ctx, c, d)
			if err != nil {
				return nil, err
			}
			// The one of this tenant alone goes first: what reaches every tenant is another matter.
			slices.SortStableFunc(held, func(x, y roleAssignment) int { return strings.Compare(y.TenantID, x.TenantID) })
			for i := range held {
				if strings.EqualFold(held[i].UserID, c.params["member"]) {
					return emptied(a.removeRole(ctx, c, &held[i]))
				}
			}
			return nil, notFound(c.params["member"])
		}},
	}
	return r
}
