package models

import (
	"context"
	"strings"
	"time"

	"portico/app/account"
)

// nestSQL is a group with every group inside it, however deep; its arguments are the group and the tenant.
// UNION keeps each group once, so that it ends whatever is stored.
const nestSQL = `WITH RECURSIVE nest (id) AS (SELECT CAST(? AS text) UNION SELECT m.member_id FROM group_members AS m
	JOIN nest ON m.group_id = nest.id WHERE m.tenant_id = ? AND m.kind = 'group')`

// upSQL is every group that somebody or something is in, however far up; its arguments are the tenant, the
// member and the tenant again.
const upSQL = `WITH RECURSIVE up (id) AS (SELECT group_id FROM group_members WHERE tenant_id = ? AND member_id = ?
	UNION SELECT m.group_id FROM group_members AS m JOIN up ON m.member_id = up.id WHERE m.tenant_id = ?)`

type memberRow struct {
	MemberID  string
	Kind      string
	Name      string
	Mail      string
	ByRule    bool
	CreatedAt time.Time
}

const memberColumns = `m.member_id, m.kind, m.by_rule, m.created_at,
	COALESCE(NULLIF(u.display_name, ''), u.mail, g.name, a.name, '') AS name, COALESCE(u.mail, '') AS mail`

const memberFrom = ` FROM group_members AS m
	LEFT JOIN users AS u ON m.kind = 'user' AND u.id = m.member_id AND u.tenant_id = m.tenant_id
	LEFT JOIN groups AS g ON m.kind = 'group' AND g.id = m.member_id AND g.tenant_id = m.tenant_id
	LEFT JOIN applications AS a ON m.kind = 'servicePrincipal' AND a.service_principal_id = m.member_id AND a.tenant_id = m.tenant_id
	`

// memberThere leaves out deleted people and applications: they come back when they are restored.
const memberThere = ` AND (u.id IS NOT NULL AND u.deleted_at IS NULL OR g.id IS NOT NULL OR a.id IS NOT NULL AND a.deleted_at IS NULL)`

func (r memberRow) value() account.Member {
	return account.Member{ID: r.MemberID, Kind: r.Kind, Name: r.Name, Mail: r.Mail, ByRule: r.ByRule, AddedAt: r.CreatedAt.UTC()}
}

// MemberQuery narrows the members of a group.
type MemberQuery struct {
	Search     string // part of the name or of the address
	Kind       string // account.MemberUser and so on; "" = all
	Transitive bool   // with those of the groups inside
	After      string
	Limit      int
}

// GroupMembers lists one page of a group's own members, newest first.
func (t *Tenant) GroupMembers(ctx context.Context, id, after string, limit int) (Page[account.Member], error) {
	return t.FindMembers(ctx, id, MemberQuery{After: after, Limit: limit})
}

// TransitiveMembers lists one page of all that are in a group or in the groups inside it, each once.
func (t *Tenant) TransitiveMembers(ctx context.Context, id, after string, limit int) (Page[account.Member], error) {
	return t.FindMembers(ctx, id, MemberQuery{Transitive: true, After: after, Limit: limit})
}

// FindMembers lists one page of members: a group's own newest first, all of them in the order of their ids.
// A group that is not there is fault.NotFound.
func (t *Tenant) FindMembers(ctx context.Context, id string, f MemberQuery) (Page[account.Member], error) {
	none := Page[account.Member]{}
	if _, err := t.Group(ctx, id); err != nil {
		return none, err
	}
	limit := clampLimit(f.Limit)
	var sql strings.Builder
	var args []any
	add := func(text string, more ...any) {
		sql.WriteString(text)
		args = append(args, more...)
	}
	if f.Transitive {
		// Somebody can be in several of the groups: the membership of the first group by id stands for all.
		add(nestSQL, id, t.ID)
		add(" SELECT "+memberColumns+memberFrom+`WHERE m.tenant_id = ? AND m.group_id IN (SELECT id FROM nest)
			AND NOT EXISTS (SELECT 1 FROM group_members AS o WHERE o.tenant_id = m.tenant_id AND o.member_id = m.member_id
			AND o.group_id < m.group_id AND o.group_id IN (SELECT id FROM nest))`, t.ID)
	} else {
		add("SELECT "+memberColumns+memberFrom+"WHERE m.tenant_id = ? AND m.group_id = ?", t.ID, id)
	}
	add(memberThere)
	if f.Kind != "" {
		add(" AND m.kind = ?", f.Kind)
	}
	if s := fold(f.Search); isID(s) {
		add(" AND m.member_id = ?", s)
	} else if s != "" {
		like := "%" + likeEscape(s) + "%"
		add(` AND (u.search_norm LIKE ? ESCAPE '\' OR g.name_norm LIKE ? ESCAPE '\' OR a.name_norm LIKE ? ESCAPE '\')`, like, like, like)
	}
	if f.After != "" {
		c, err := parseCursor(f.After)
		if err != nil {
			return none, err
		}
		if f.Transitive {
			add(" AND m.member_id > ?", c.ID)
		} else {
			add(" AND (m.created_at, m.member_id) < (?, ?)", c.Time, c.ID)
		}
	}
	if f.Transitive {
		add(" ORDER BY m.member_id LIMIT ?", limit+1)
	} else {
		add(" ORDER BY m.created_at DESC, m.member_id DESC LIMIT ?", limit+1)
	}
	rows, err := rawRows[memberRow](t.r(ctx), sql.String(), args...)
	if err != nil {
		return none, err
	}
	return mapPage(page(rows, limit, func(r memberRow) cursor { return cursor{Time: r.CreatedAt, ID: r.MemberID} }), memberRow.value), nil
}

// GroupsOf lists the groups that a person, a group or an application is in, by name; transitive adds the
// groups that those are in.
func (t *Tenant) GroupsOf(ctx context.Context, memberID string, transitive bool) ([]account.Group, error) {
	sql, args := `SELECT g.* FROM groups AS g JOIN group_members AS m ON m.group_id = g.id AND m.tenant_id = g.tenant_id
		WHERE g.tenant_id = ? AND m.member_id = ? ORDER BY g.name_norm, g.id`, []any{t.ID, memberID}
	if transitive {
		sql = upSQL + ` SELECT g.* FROM groups AS g JOIN up ON up.id = g.id WHERE g.tenant_id = ? ORDER BY g.name_norm, g.id`
		args = []any{t.ID, memberID, t.ID, t.ID}
	}
	rows, err := rawRows[GroupRow](t.r(ctx), sql, args...)
	return groupsOf(rows), err
}

// GroupIDsOf lists the ids of all groups that somebody is in, directly or through others, sorted.
func (t *Tenant) GroupIDsOf(ctx context.Context, memberID string) ([]string, error) {
	ids := []string{}
	return ids, t.r(ctx).Raw(upSQL+" SELECT id FROM up ORDER BY id", t.ID, memberID, t.ID).Scan(&ids).Error
}

// memberCountMost is where the counting of members for a list ends: "1000+" says enough.
const memberCountMost = 1000

// CountMembers counts the own members of groups, deleted people included, up to a thousand and one each.
func (t *Tenant) CountMembers(ctx context.Context, groupIDs []string) (map[string]int, error) {
	out := make(map[string]int, len(groupIDs))
	if len(groupIDs) == 0 {
		return out, nil
	}
	type count struct {
		ID string
		N  int
	}
	rows, err := rawRows[count](t.r(ctx), `SELECT g.id, (SELECT COUNT(*) FROM (SELECT 1 FROM group_members AS m WHERE m.tenant_id = g.tenant_id
		AND m.group_id = g.id LIMIT ?) AS counted) AS n FROM groups AS g WHERE g.tenant_id = ? AND g.id IN ?`, memberCountMost+1, t.ID, groupIDs)
	for _, r := range rows {
		out[r.ID] = r.N
	}
	return out, err
}
