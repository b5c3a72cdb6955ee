package models

import "context"

// UsersByID reads people by their ids, in no order; deleted ones and those of other tenants are left out.
func (t *Tenant) UsersByID(ctx context.Context, ids []string) ([]User, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []UserRow
	if err := t.byID(ctx, ids).Where("deleted_at IS NULL").Find(&rows).Error; err != nil {
		return nil, err
	}
	return t.usersOf(ctx, rows)
}

// ApplicationsByID reads applications by their ids, or by those of their service principals, in no order;
// deleted ones and those of other tenants are left out.
func (t *Tenant) ApplicationsByID(ctx context.Context, ids []string, byPrincipal bool) ([]Application, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	column := "id"
	if byPrincipal {
		column = "service_principal_id"
	}
	var rows []ApplicationRow
	if err := t.q(ctx).Where(column+" IN ? AND deleted_at IS NULL", ids).Find(&rows).Error; err != nil {
		return nil, err
	}
	return t.applicationsOf(ctx, rows)
}

// MatchingMembers counts the members that a query finds (Graph's $count); After and Limit do not matter.
func (t *Tenant) MatchingMembers(ctx context.Context, id string, f MemberQuery) (int64, error) {
	sql, args := "SELECT COUNT(DISTINCT m.member_id)"+memberFrom+"WHERE m.tenant_id = ? AND m.group_id = ?", []any{t.ID, id}
	if f.Transitive {
		sql = nestSQL + " SELECT COUNT(DISTINCT m.member_id)" + memberFrom + "WHERE m.tenant_id = ? AND m.group_id IN (SELECT id FROM nest)"
		args = []any{id, t.ID, t.ID}
	}
	sql += memberThere
	if f.Kind != "" {
		sql, args = sql+" AND m.kind = ?", append(args, f.Kind)
	}
	if s := fold(f.Search); s != "" {
		like := "%" + likeEscape(s) + "%"
		sql, args = sql+` AND (u.search_norm LIKE ? ESCAPE '\' OR g.name_norm LIKE ? ESCAPE '\' OR a.name_norm LIKE ? ESCAPE '\')`, append(args, like, like, like)
	}
	var n int64
	return n, t.r(ctx).Raw(sql, args...).Scan(&n).Error
}
