package models

import (
	"context"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"portico/app/account"
	"portico/app/audit"
	"portico/app/fault"
)

func (r GroupRow) value() account.Group {
	return account.Group{ID: r.ID, TenantID: r.TenantID, Name: r.Name, Description: r.Description, MailNickname: r.MailNickname,
		Rule: r.Rule, RulePaused: r.RulePaused, Processing: r.Rule != "" && r.RuleDue, Version: r.Version, CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC()}
}

func groupsOf(rows []GroupRow) []account.Group {
	out := make([]account.Group, len(rows))
	for i, r := range rows {
		out[i] = r.value()
	}
	return out
}

func groupEvent(g account.Group, activity, operation string, changes []audit.Change) audit.Event {
	return audit.Event{Activity: activity, Category: "GroupManagement", Operation: operation,
		Target: audit.Target{Kind: "group", ID: g.ID, Name: g.Name}, Changes: changes}
}

// GroupQuery narrows a list of groups. They are sorted by name.
type GroupQuery struct {
	Search string // part of the name, or a whole id
	ByRule *bool  // only those whose members a rule finds, or only the others
	Desc   bool
	After  string
	Limit  int
}

// Groups lists one page of groups.
func (t *Tenant) Groups(ctx context.Context, f GroupQuery) (Page[account.Group], error) {
	q := t.q(ctx)
	switch s := fold(f.Search); {
	case isID(s):
		q = q.Where("id = ?", s)
	case s != "":
		q = q.Where("name_norm LIKE ? ESCAPE '\\'", "%"+likeEscape(s)+"%")
	}
	if f.ByRule != nil {
		if *f.ByRule {
			q = q.Where("rule <> ''")
		} else {
			q = q.Where("rule = ''")
		}
	}
	q, err := keyset(q, "name_norm", f.After, f.Desc, false)
	if err != nil {
		return Page[account.Group]{}, err
	}
	limit := clampLimit(f.Limit)
	var rows []GroupRow
	if err := q.Limit(limit + 1).Find(&rows).Error; err != nil {
		return Page[account.Group]{}, err
	}
	p := page(rows, limit, func(r GroupRow) cursor { return cursor{Text: r.NameNorm, ID: r.ID} })
	return Page[account.Group]{Items: groupsOf(p.Items), Next: p.Next}, nil
}

// ListGroups gives one page of groups by conditions, for the management API.
func (t *Tenant) ListGroups(ctx context.Context, l Listing) ([]account.Group, error) {
	rows, err := ListRows[GroupRow](ctx, t, l)
	return groupsOf(rows), err
}

// Group reads one group.
func (t *Tenant) Group(ctx context.Context, id string) (account.Group, error) {
	var r GroupRow
	if err := t.q(ctx).Where("id = ?", id).Take(&r).Error; err != nil {
		return account.Group{}, found(err)
	}
	return r.value(), nil
}

// lockGroup reads a group inside a transaction and keeps it as it is until the end of it.
func (t *Tenant) lockGroup(ctx context.Context, id string) (account.Group, error) {
	var r GroupRow
	if err := t.lock(ctx).Where("id = ?", id).Take(&r).Error; err != nil {
		return account.Group{}, found(err)
	}
	return r.value(), nil
}

func groupDifferences(a, b account.Group) differences {
	var d differences
	d.note("displayName", "name", a.Name, b.Name, audit.Public)
	d.note("description", "description", a.Description, b.Description, audit.Public)
	d.note("mailNickname", "mail_nickname", a.MailNickname, b.MailNickname, audit.Public)
	d.note("membershipRule", "rule", a.Rule, b.Rule, audit.Public)
	d.note("membershipRulePaused", "rule_paused", a.RulePaused, b.RulePaused, audit.Public)
	return d
}

// CreateGroup makes a group without members. The id is made when it is empty.
func (t *Tenant) CreateGroup(ctx context.Context, actor audit.Actor, g account.Group) (account.Group, error) {
	if err := g.Validate(); err != nil {
		return g, err
	}
	if g.ID == "" {
		g.ID = uuid.NewString() // stands in tokens: no time inside
	}
	err := t.auditedWatch(ctx, actor, func(t *Tenant) (audit.Event, error) {
		if err := t.checkRule(ctx, g); err != nil {
			return audit.Event{}, err
		}
		if err := t.roomFor(ctx, 1); err != nil {
			return audit.Event{}, err
		}
		g.Processing = g.Rule != ""
		g.TenantID, g.Version, g.CreatedAt, g.UpdatedAt = t.ID, 1, t.Now(), t.Now()
		row := GroupRow{ID: g.ID, TenantID: t.ID, Name: g.Name, NameNorm: fold(g.Name), Description: g.Description, MailNickname: g.MailNickname,
			Rule: g.Rule, RulePaused: g.RulePaused, RuleDue: g.Rule != "", Version: 1, CreatedAt: g.CreatedAt, UpdatedAt: g.UpdatedAt}
		if err := t.w(ctx).Create(&row).Error; err != nil {
			return audit.Event{}, groupTaken(err, g.Name)
		}
		d := groupDifferences(account.Group{}, g)
		return groupEvent(g, "Add group", "Add", d.changes), nil
	})
	return g, err
}

func groupTaken(err error, name string) error {
	return taken(err, "displayName", "group.name.taken", map[string]any{"name": name})
}

// UpdateGroup changes what edit changes: the texts and the rule. Who leaves another Version than the stored
// one in the group has seen an older state and is refused.
func (t *Tenant) UpdateGroup(ctx context.Context, actor audit.Actor, id string, edit func(*account.Group) error) (account.Group, error) {
	var after account.Group
	err := t.auditedWatch(ctx, actor, func(t *Tenant) (audit.Event, error) {
		before, err := t.lockGroup(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		after = before
		if err := edit(&after); err != nil {
			return audit.Event{}, err
		}
		if after.Version != before.Version {
			return audit.Event{}, fault.New(fault.Conflict, "group.changed_meanwhile")
		}
		after.ID, after.TenantID, after.CreatedAt, after.UpdatedAt = before.ID, before.TenantID, before.CreatedAt, before.UpdatedAt
		if err := after.Validate(); err != nil {
			return audit.Event{}, err
		}
		d := groupDifferences(before, after)
		if len(d.changes) == 0 {
			return audit.Event{}, nil
		}
		if after.Rule != before.Rule {
			if err := t.checkRule(ctx, after); err != nil {
				return audit.Event{}, err
			}
			if err := t.changeRule(ctx, after); err != nil {
				return audit.Event{}, err
			}
		}
		if after.Rule != before.Rule || before.RulePaused && !after.RulePaused {
			after.Processing = after.Rule != ""
			d.columns["rule_due"], d.columns["rule_cursor"] = after.Processing, ""
		}
		after.Version, after.UpdatedAt = before.Version+1, t.Now()
		d.columns["name_norm"], d.columns["version"], d.columns["updated_at"] = fold(after.Name), after.Version, after.UpdatedAt
		if err := oneRow(t.u(ctx).Model(&GroupRow{}).Where("id = ?", id).Updates(d.columns)); err != nil {
			return audit.Event{}, groupTaken(err, after.Name)
		}
		return groupEvent(after, "Update group", "Update", d.changes), nil
	})
	return after, err
}

// DeleteGroup removes a group for good, its place in other groups and the app roles that it gave.
func (t *Tenant) DeleteGroup(ctx context.Context, actor audit.Actor, id string) error {
	return t.auditedWatch(ctx, actor, func(t *Tenant) (audit.Event, error) {
		if err := t.lockNesting(ctx); err != nil {
			return audit.Event{}, err
		}
		g, err := t.lockGroup(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		if err := t.u(ctx).Where("group_id = ?", id).Delete(&GroupMemberRow{}).Error; err != nil {
			return audit.Event{}, err
		}
		if err := t.forgetPrincipal(ctx, id); err != nil {
			return audit.Event{}, err
		}
		d := groupDifferences(g, account.Group{})
		return groupEvent(g, "Delete group", "Delete", d.changes), oneRow(t.u(ctx).Where("id = ?", id).Delete(&GroupRow{}))
	})
}

// forgetPrincipal removes what is about to be gone from every group, and takes its app roles away.
func (t *Tenant) forgetPrincipal(ctx context.Context, id string) error {
	if err := t.u(ctx).Where("member_id = ?", id).Delete(&GroupMemberRow{}).Error; err != nil {
		return err
	}
	return t.u(ctx).Where("principal_id = ?", id).Delete(&AppRoleAssignmentRow{}).Error
}

// lockNesting lets one change at a time move groups into groups, for two that are harmless alone can close
// a circle together. SQLite has one writer anyway.
func (t *Tenant) lockNesting(ctx context.Context) error {
	if t.dialect == "sqlite" {
		return nil
	}
	return t.w(ctx).Exec("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", "groups/"+t.ID).Error
}

// principal is who can be in a group or be given an app role.
type principal struct {
	ID, Kind, Name, Mail string
}

// lockPrincipal finds out what an id of this tenant is: a person, a group, or an application by its service
// principal. What is deleted, or another tenant's, is not found.
func (t *Tenant) lockPrincipal(ctx context.Context, id string) (principal, error) {
	var u UserRow
	err := t.lock(ctx).Select("id", "display_name", "mail").Where("id = ? AND deleted_at IS NULL", id).Limit(1).Find(&u).Error
	if err != nil {
		return principal{}, err
	}
	if u.ID != "" {
		name := u.DisplayName
		if name == "" {
			name = u.Mail
		}
		return principal{u.ID, account.MemberUser, name, u.Mail}, nil
	}
	var g GroupRow
	if err := t.lock(ctx).Select("id", "name").Where("id = ?", id).Limit(1).Find(&g).Error; err != nil {
		return principal{}, err
	}
	if g.ID != "" {
		return principal{g.ID, account.MemberGroup, g.Name, ""}, nil
	}
	var a ApplicationRow
	if err := t.lock(ctx).Select("id", "name", "service_principal_id").Where("service_principal_id = ? AND deleted_at IS NULL", id).Take(&a).Error; err != nil {
		return principal{}, found(err)
	}
	return principal{a.ServicePrincipalID, account.MemberApp, a.Name, ""}, nil
}

func (p principal) target() audit.Target {
	return audit.Target{Kind: p.Kind, ID: p.ID, Name: p.Name}
}

// AddMember puts a person, a group or an application (by its service principal's id) into a group. There
// already, or a circle of groups: fault.Conflict.
func (t *Tenant) AddMember(ctx context.Context, actor audit.Actor, groupID, memberID string) error {
	return t.auditedWatch(ctx, actor, func(t *Tenant) (audit.Event, error) {
		if _, err := t.Group(ctx, memberID); err == nil { // before any row is locked: everybody locks in one order
			if err := t.lockNesting(ctx); err != nil {
				return audit.Event{}, err
			}
		} else if !fault.Is(err, fault.NotFound) {
			return audit.Event{}, err
		}
		g, err := t.groupByHand(ctx, groupID)
		if err != nil {
			return audit.Event{}, err
		}
		p, err := t.lockPrincipal(ctx, memberID)
		if err != nil {
			return audit.Event{}, err
		}
		if p.Kind == account.MemberGroup {
			if err := t.noCircle(ctx, g, p); err != nil {
				return audit.Event{}, err
			}
		}
		var there int64
		if err := t.u(ctx).Model(&GroupMemberRow{}).Where("group_id = ? AND member_id = ?", groupID, memberID).Count(&there).Error; err != nil {
			return audit.Event{}, err
		}
		if there > 0 {
			return audit.Event{}, &fault.Error{Code: fault.Conflict, Key: "group.member.there", Args: map[string]any{"name": p.Name, "group": g.Name}}
		}
		row := GroupMemberRow{TenantID: t.ID, GroupID: groupID, MemberID: p.ID, Kind: p.Kind, CreatedAt: t.Now()}
		if err := t.w(ctx).Create(&row).Error; err != nil {
			return audit.Event{}, err
		}
		return memberEvent(g, p, "Add member to group", "Add"), t.touchGroup(ctx, groupID)
	})
}

// memberEvent is told of the member, as the vendor's log has it, so that it stands in a person's history.
func memberEvent(g account.Group, p principal, activity, operation string) audit.Event {
	changes := []audit.Change{{Property: "Group.ObjectID", New: g.ID}, {Property: "Group.DisplayName", New: g.Name}}
	if operation != "Add" {
		changes = []audit.Change{{Property: "Group.ObjectID", Old: g.ID}, {Property: "Group.DisplayName", Old: g.Name}}
	}
	return audit.Event{Activity: activity, Category: "GroupManagement", Operation: operation, Target: p.target(), Changes: changes}
}

// touchGroup dates a change of members; it is no edit that another edit would have to know of.
func (t *Tenant) touchGroup(ctx context.Context, id string) error {
	return t.u(ctx).Model(&GroupRow{}).Where("id = ?", id).UpdateColumn("updated_at", t.Now()).Error
}

// groupByHand locks a group whose members are listed; a rule's members are nobody's to add or remove.
func (t *Tenant) groupByHand(ctx context.Context, id string) (account.Group, error) {
	g, err := t.lockGroup(ctx, id)
	if err == nil && g.Rule != "" {
		return g, &fault.Error{Code: fault.Conflict, Key: "group.member.by_rule", Args: map[string]any{"group": g.Name}}
	}
	return g, err
}

// noCircle refuses a group that is, or holds, the group that it shall be put into.
func (t *Tenant) noCircle(ctx context.Context, g account.Group, p principal) error {
	var n int64
	if err := t.w(ctx).Raw(nestSQL+" SELECT COUNT(*) FROM nest WHERE id = ?", p.ID, t.ID, g.ID).Scan(&n).Error; err != nil {
		return err
	}
	if n > 0 {
		return &fault.Error{Code: fault.Conflict, Key: "group.circle", Args: map[string]any{"name": p.Name, "group": g.Name}}
	}
	return nil
}

// RemoveMember takes somebody or something out of a group.
func (t *Tenant) RemoveMember(ctx context.Context, actor audit.Actor, groupID, memberID string) error {
	return t.auditedWatch(ctx, actor, func(t *Tenant) (audit.Event, error) {
		g, err := t.groupByHand(ctx, groupID)
		if err != nil {
			return audit.Event{}, err
		}
		p, err := t.memberNamed(ctx, groupID, memberID)
		if err != nil {
			return audit.Event{}, err
		}
		if err := oneRow(t.u(ctx).Where("group_id = ? AND member_id = ?", groupID, memberID).Delete(&GroupMemberRow{})); err != nil {
			return audit.Event{}, err
		}
		return memberEvent(g, p, "Remove member from group", "Delete"), t.touchGroup(ctx, groupID)
	})
}

// memberNamed is a member with its name for the log, deleted ones included: they can be taken out too.
func (t *Tenant) memberNamed(ctx context.Context, groupID, memberID string) (principal, error) {
	var rows []memberRow
	err := t.w(ctx).Raw("SELECT "+memberColumns+memberFrom+"WHERE m.tenant_id = ? AND m.group_id = ? AND m.member_id = ?", t.ID, groupID, memberID).Scan(&rows).Error
	if err != nil {
		return principal{}, err
	}
	if len(rows) == 0 {
		return principal{}, fault.New(fault.NotFound, "error.not_found")
	}
	return principal{rows[0].MemberID, rows[0].Kind, rows[0].Name, rows[0].Mail}, nil
}

// AddMembers puts many into a group, all or none of those that can be. It gives the ids that were in it
// already, and those that this tenant does not have.
func (t *Tenant) AddMembers(ctx context.Context, actor audit.Actor, groupID string, memberIDs []string) (added int, there, unknown []string, err error) {
	err = t.InTx(ctx, func(t *Tenant) error {
		added, there, unknown = 0, nil, nil
		if err := t.lockNesting(ctx); err != nil { // one of them may be a group
			return err
		}
		if _, err := t.groupByHand(ctx, groupID); err != nil {
			return err
		}
		for _, id := range memberIDs {
			switch err := t.AddMember(ctx, actor, groupID, id); {
			case err == nil:
				added++
			case fault.Is(err, fault.NotFound):
				unknown = append(unknown, id)
			case fault.Of(err).Key == "group.member.there":
				there = append(there, id)
			default:
				return err
			}
		}
		return nil
	})
	return added, there, unknown, err
}

// MatchingGroups counts the groups that a query finds (Graph's $count).
func (t *Tenant) MatchingGroups(ctx context.Context, search string) (n int64, err error) {
	q := t.q(ctx).Model(&GroupRow{})
	if s := fold(search); s != "" {
		q = q.Where("name_norm LIKE ? ESCAPE '\\'", "%"+likeEscape(s)+"%")
	}
	return n, q.Count(&n).Error
}

func rawRows[R any](db *gorm.DB, sql string, args ...any) ([]R, error) {
	var rows []R
	return rows, db.Raw(sql, args...).Scan(&rows).Error
}
