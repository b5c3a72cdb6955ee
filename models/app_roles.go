package models

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"portico/app/account"
	"portico/app/audit"
	"portico/app/fault"
)

// Who an app role can be given to, in Graph's words (appRole.allowedMemberTypes).
const (
	RoleForUsers = "User" // people and groups
	RoleForApps  = "Application"
)

// AppRoleAssignment says that somebody or something has a role of an application, or may just use it
// (RoleID NoAppRole).
type AppRoleAssignment struct {
	ID              string
	PrincipalID     string // of a person, a group, or an application's service principal
	PrincipalKind   string // account.MemberUser, MemberGroup, MemberApp
	PrincipalName   string
	ApplicationID   string // whose role it is: object id
	ApplicationName string
	RoleID          string
	CreatedAt       time.Time
}

// AssignmentQuery narrows the list of assignments. They are sorted by time, newest first.
type AssignmentQuery struct {
	ID            string
	ApplicationID string
	PrincipalID   string
	RoleID        string
	Search        string // part of the name of who has it
	After         string
	Limit         int
}

type assignmentRow struct {
	AppRoleAssignmentRow `gorm:"embedded"`
	PrincipalName        string
	ApplicationName      string
}

func (r assignmentRow) value() AppRoleAssignment {
	return AppRoleAssignment{ID: r.ID, PrincipalID: r.PrincipalID, PrincipalKind: r.PrincipalKind, PrincipalName: r.PrincipalName,
		ApplicationID: r.ApplicationID, ApplicationName: r.ApplicationName, RoleID: r.RoleID, CreatedAt: r.CreatedAt.UTC()}
}

// assignmentSQL leaves out deleted people and applications: they come back when they are restored.
const assignmentSQL = `SELECT x.*, r.name AS application_name, COALESCE(NULLIF(u.display_name, ''), u.mail, g.name, a.name, '') AS principal_name
	FROM app_role_assignments AS x
	JOIN applications AS r ON r.id = x.application_id AND r.tenant_id = x.tenant_id AND r.deleted_at IS NULL
	LEFT JOIN users AS u ON x.principal_kind = 'user' AND u.id = x.principal_id AND u.tenant_id = x.tenant_id
	LEFT JOIN groups AS g ON x.principal_kind = 'group' AND g.id = x.principal_id AND g.tenant_id = x.tenant_id
	LEFT JOIN applications AS a ON x.principal_kind = 'servicePrincipal' AND a.service_principal_id = x.principal_id AND a.tenant_id = x.tenant_id
	WHERE x.tenant_id = ? AND (u.id IS NOT NULL AND u.deleted_at IS NULL OR g.id IS NOT NULL OR a.id IS NOT NULL AND a.deleted_at IS NULL)`

// AppRoleAssignments lists one page of who has which role.
func (t *Tenant) AppRoleAssignments(ctx context.Context, f AssignmentQuery) (Page[AppRoleAssignment], error) {
	var sql strings.Builder
	sql.WriteString(assignmentSQL)
	args := []any{t.ID}
	for _, c := range [][2]string{{"x.id", f.ID}, {"x.application_id", f.ApplicationID}, {"x.principal_id", f.PrincipalID}, {"x.role_id", f.RoleID}} {
		if c[1] != "" {
			sql.WriteString(" AND " + c[0] + " = ?")
			args = append(args, c[1])
		}
	}
	if s := fold(f.Search); s != "" {
		like := "%" + likeEscape(s) + "%"
		sql.WriteString(` AND (u.search_norm LIKE ? ESCAPE '\' OR g.name_norm LIKE ? ESCAPE '\' OR a.name_norm LIKE ? ESCAPE '\')`)
		args = append(args, like, like, like)
	}
	if f.After != "" {
		c, err := parseCursor(f.After)
		if err != nil {
			return Page[AppRoleAssignment]{}, err
		}
		sql.WriteString(" AND (x.created_at, x.id) < (?, ?)")
		args = append(args, c.Time, c.ID)
	}
	limit := clampLimit(f.Limit)
	sql.WriteString(" ORDER BY x.created_at DESC, x.id DESC LIMIT ?")
	rows, err := rawRows[assignmentRow](t.r(ctx), sql.String(), append(args, limit+1)...)
	if err != nil {
		return Page[AppRoleAssignment]{}, err
	}
	return mapPage(page(rows, limit, func(r assignmentRow) cursor { return cursor{Time: r.CreatedAt, ID: r.ID} }), assignmentRow.value), nil
}

// assignmentEvent is told of whoever gets or loses the role, as the vendor's log has it.
func assignmentEvent(p principal, a Application, roleID string, given bool) audit.Event {
	to := map[string]string{account.MemberUser: "user", account.MemberGroup: "group", account.MemberApp: "service principal"}[p.Kind]
	e := audit.Event{Activity: "Add app role assignment to " + to, Category: "ApplicationManagement", Operation: "Add", Target: p.target()}
	if !given {
		e.Activity, e.Operation = "Remove app role assignment from "+to, "Delete"
	}
	for _, c := range [][2]string{{"AppRole.Id", roleID}, {"AppRole.Value", a.roleValue(roleID)}, {"Application.ObjectID", a.ID}, {"Application.DisplayName", a.Name}} {
		if c[1] == "" {
			continue
		}
		change := audit.Change{Property: c[0], New: c[1]}
		if !given {
			change = audit.Change{Property: c[0], Old: c[1]}
		}
		e.Changes = append(e.Changes, change)
	}
	return e
}

// Role finds a role that the application declares.
func (a Application) Role(id string) (AppRole, bool) {
	i := slices.IndexFunc(a.Spec.AppRoles, func(r AppRole) bool { return r.ID == id })
	if i < 0 {
		return AppRole{}, false
	}
	return a.Spec.AppRoles[i], true
}

func (a Application) roleValue(id string) string {
	r, _ := a.Role(id)
	return r.Value
}

// AssignAppRole gives a role of an application to a person, a group, or another application; RoleID "" or
// NoAppRole lets them use it without one. PrincipalID and ApplicationID say who and where.
func (t *Tenant) AssignAppRole(ctx context.Context, actor audit.Actor, n AppRoleAssignment) (AppRoleAssignment, error) {
	if n.RoleID == "" {
		n.RoleID = NoAppRole
	}
	err := t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		a, err := t.applicationWhere(ctx, t.lock(ctx).Where("id = ? AND deleted_at IS NULL", n.ApplicationID))
		if err != nil {
			return audit.Event{}, err
		}
		p, err := t.lockPrincipal(ctx, n.PrincipalID)
		if err != nil {
			return audit.Event{}, err
		}
		if err := a.gives(n.RoleID, p); err != nil {
			return audit.Event{}, err
		}
		var there int64
		err = t.u(ctx).Model(&AppRoleAssignmentRow{}).Where("principal_id = ? AND application_id = ? AND role_id = ?", p.ID, a.ID, n.RoleID).Count(&there).Error
		if err != nil {
			return audit.Event{}, err
		}
		if there > 0 {
			return audit.Event{}, assignedAlready(p)
		}
		if n.ID == "" {
			n.ID = uuid.NewString()
		}
		n.PrincipalKind, n.PrincipalName, n.ApplicationName, n.CreatedAt = p.Kind, p.Name, a.Name, t.Now()
		row := AppRoleAssignmentRow{ID: n.ID, TenantID: t.ID, PrincipalID: p.ID, PrincipalKind: p.Kind, ApplicationID: a.ID, RoleID: n.RoleID, CreatedAt: n.CreatedAt}
		if err := t.w(ctx).Create(&row).Error; err != nil {
			return audit.Event{}, taken(err, "principalId", "assignment.there", map[string]any{"name": p.Name})
		}
		return assignmentEvent(p, a, n.RoleID, true), nil
	})
	return n, err
}

func assignedAlready(p principal) error {
	args := map[string]any{"name": p.Name}
	return &fault.Error{Code: fault.Conflict, Key: "assignment.there", Args: args, Fields: []fault.Field{{Name: "principalId", Key: "assignment.there", Args: args}}}
}

// gives refuses a role that the application does not have, has switched off, or does not give to such a
// principal.
func (a Application) gives(roleID string, p principal) error {
	if roleID == NoAppRole {
		return nil
	}
	r, ok := a.Role(roleID)
	kind := RoleForUsers
	if p.Kind == account.MemberApp {
		kind = RoleForApps
	}
	switch {
	case !ok:
		return fault.BadField("appRoleId", "assignment.role.unknown", nil)
	case !r.Enabled:
		return fault.BadField("appRoleId", "assignment.role.disabled", map[string]any{"role": r.Name})
	case !slices.Contains(r.MemberTypes, kind) && kind == RoleForApps:
		return fault.BadField("appRoleId", "assignment.role.people_only", map[string]any{"role": r.Name})
	case !slices.Contains(r.MemberTypes, kind):
		return fault.BadField("appRoleId", "assignment.role.apps_only", map[string]any{"role": r.Name})
	}
	return nil
}

// AppRoleAssignment reads one assignment.
func (t *Tenant) AppRoleAssignment(ctx context.Context, id string) (AppRoleAssignment, error) {
	p, err := t.AppRoleAssignments(ctx, AssignmentQuery{ID: id, Limit: 1})
	if err != nil {
		return AppRoleAssignment{}, err
	}
	if id == "" || len(p.Items) == 0 {
		return AppRoleAssignment{}, fault.New(fault.NotFound, "error.not_found")
	}
	return p.Items[0], nil
}

// UnassignAppRole takes a role away. The next token of whoever had it says so.
func (t *Tenant) UnassignAppRole(ctx context.Context, actor audit.Actor, id string) error {
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		n, err := t.AppRoleAssignment(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		a, err := t.Application(ctx, n.ApplicationID)
		if err != nil {
			return audit.Event{}, err
		}
		p := principal{ID: n.PrincipalID, Kind: n.PrincipalKind, Name: n.PrincipalName}
		return assignmentEvent(p, a, n.RoleID, false), oneRow(t.u(ctx).Where("id = ?", id).Delete(&AppRoleAssignmentRow{}))
	})
}

// Assigned reports whether a person may use an application that is only for those assigned to it: directly
// or through a group that they are in themselves; groups inside groups do not count (R 1.2.13).
func (t *Tenant) Assigned(ctx context.Context, userID, applicationID string) (bool, error) {
	var n int64
	err := t.r(ctx).Raw(`SELECT COUNT(*) FROM app_role_assignments AS x WHERE x.tenant_id = ? AND x.application_id = ? AND
		(x.principal_id = ? OR x.principal_id IN (SELECT m.group_id FROM group_members AS m WHERE m.tenant_id = ? AND m.member_id = ?))`,
		t.ID, applicationID, userID, t.ID, userID).Scan(&n).Error
	return n > 0, err
}

// dropRoles looks after the assignments of roles that an application declares no more. A role has to be
// switched off before it goes, as the vendor has it: nobody loses a role by a slip of an editor.
func (t *Tenant) dropRoles(ctx context.Context, before, after Application) error {
	var gone []string
	for _, r := range before.Spec.AppRoles {
		if _, kept := after.Role(r.ID); kept {
			continue
		}
		if r.Enabled {
			return &fault.Error{Code: fault.Conflict, Key: "application.role.enabled", Args: map[string]any{"role": r.Name},
				Fields: []fault.Field{{Name: "appRoles", Key: "application.role.enabled", Args: map[string]any{"role": r.Name}}}}
		}
		gone = append(gone, r.ID)
	}
	if len(gone) == 0 {
		return nil
	}
	return t.u(ctx).Where("application_id = ? AND role_id IN ?", after.ID, gone).Delete(&AppRoleAssignmentRow{}).Error
}

// CountAssignments says how many have something of an application, by role.
func (t *Tenant) CountAssignments(ctx context.Context, applicationID string) (map[string]int, error) {
	type count struct {
		RoleID string
		N      int
	}
	rows, err := rawRows[count](t.r(ctx), `SELECT role_id, COUNT(*) AS n FROM app_role_assignments WHERE tenant_id = ? AND application_id = ? GROUP BY role_id`, t.ID, applicationID)
	out := make(map[string]int, len(rows))
	for _, r := range rows {
		out[r.RoleID] = r.N
	}
	return out, err
}
