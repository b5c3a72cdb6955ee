package models

import (
	"context"
	"strings"

	"portico/app/openid"
)

// heldRow is a role that somebody has (ApplicationID is set) or a group that they are in.
type heldRow struct {
	ApplicationID string
	RoleID        string
	GroupID       string
	GroupName     string
}

// OpenIDMembership reads the roles of some applications that somebody has, directly or through groups that
// they are in themselves (R 1.2.13), and every group that they are in, however deep: one statement.
func (t *Tenant) OpenIDMembership(ctx context.Context, q openid.MembershipQuery) (openid.Membership, error) {
	var sql strings.Builder
	var args []any
	if q.Groups {
		sql.WriteString(upSQL + " SELECT '' AS application_id, '' AS role_id, g.id AS group_id, g.name AS group_name FROM groups AS g JOIN up ON up.id = g.id WHERE g.tenant_id = ?")
		args = append(args, t.ID, q.PrincipalID, t.ID, t.ID)
	}
	if len(q.Applications) > 0 {
		if q.Groups {
			sql.WriteString(" UNION ALL ")
		}
		sql.WriteString(`SELECT x.application_id, x.role_id, COALESCE(g.id, '') AS group_id, COALESCE(g.name, '') AS group_name
			FROM app_role_assignments AS x LEFT JOIN groups AS g ON g.id = x.principal_id AND g.tenant_id = x.tenant_id
			WHERE x.tenant_id = ? AND x.application_id IN ? AND (x.principal_id = ?
			OR x.principal_id IN (SELECT m.group_id FROM group_members AS m WHERE m.tenant_id = ? AND m.member_id = ?))`)
		args = append(args, t.ID, q.Applications, q.PrincipalID, t.ID, q.PrincipalID)
	}
	if sql.Len() == 0 {
		return openid.Membership{}, nil
	}
	rows, err := rawRows[heldRow](t.r(ctx), sql.String(), args...)
	var m openid.Membership
	for _, r := range rows {
		if r.ApplicationID == "" {
			m.Groups = append(m.Groups, openid.GroupHeld{ID: r.GroupID, Name: r.GroupName})
			continue
		}
		m.Roles = append(m.Roles, openid.RoleHeld{ApplicationID: r.ApplicationID, RoleID: r.RoleID, GroupID: r.GroupID, GroupName: r.GroupName})
	}
	return m, err
}
