package models

import (
	"context"
	"errors"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"portico/app/access"
	"portico/app/audit"
	"portico/app/fault"
)

// RoleAssignment is one assignment with the admin it belongs to.
type RoleAssignment struct {
	ID     string
	UserID string
	access.Assignment
}

// Assignments gives what an admin may do. The handle is the workforce tenant's, where admins live.
func (t *Tenant) Assignments(ctx context.Context, userID string) ([]access.Assignment, error) {
	all, err := t.RoleAssignments(ctx, userID)
	out := make([]access.Assignment, len(all))
	for i, a := range all {
		out[i] = a.Assignment
	}
	return out, err
}

// RoleAssignments lists the assignments of one admin, or of all when userID is empty.
func (t *Tenant) RoleAssignments(ctx context.Context, userID string) ([]RoleAssignment, error) {
	q := t.q(ctx)
	if userID != "" {
		q = q.Where("user_id = ?", userID)
	}
	var rows []RoleAssignmentRow
	if err := q.Order("created_at, id").Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]RoleAssignment, len(rows))
	for i, r := range rows {
		out[i] = RoleAssignment{ID: r.ID, UserID: r.UserID, Assignment: access.Assignment{RoleID: r.RoleID, TenantID: r.TargetTenant}}
	}
	return out, nil
}

func roleName(id string) (string, bool) {
	for _, r := range access.Roles() {
		if r.ID == id {
			return r.Name, true
		}
	}
	return "", false
}

// AssignRole gives an admin a role in a tenant or in access.AllTenants. Giving it twice changes nothing.
func (t *Tenant) AssignRole(ctx context.Context, actor audit.Actor, userID string, a access.Assignment) (string, error) {
	name, ok := roleName(a.RoleID)
	if !ok {
		return "", fault.BadField("roleDefinitionId", "role.unknown", nil)
	}
	id := NewID()
	err := t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		u, err := t.userWhere(ctx, t.lock(ctx).Where("id = ?", userID))
		if err != nil {
			return audit.Event{}, err
		}
		if a.TenantID != access.AllTenants {
			if _, err := t.In(a.TenantID).Get(ctx); err != nil {
				return audit.Event{}, err
			}
		}
		r := t.w(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&RoleAssignmentRow{ID: id, TenantID: t.ID, UserID: userID,
			RoleID: a.RoleID, TargetTenant: a.TenantID, CreatedAt: t.Now()})
		if r.Error != nil {
			return audit.Event{}, r.Error
		}
		if r.RowsAffected == 0 {
			return audit.Event{}, t.q(ctx).Model(&RoleAssignmentRow{}).Where("user_id = ? AND role_id = ? AND target_tenant = ?",
				userID, a.RoleID, a.TenantID).Pluck("id", &id).Error
		}
		return audit.Event{Activity: "Add member to role", Category: "RoleManagement", Operation: "Assign", Target: userTarget(u),
			Changes: []audit.Change{{Property: "role", New: name}, {Property: "tenant", New: a.TenantID}}}, nil
	})
	return id, err
}

// RemoveRole takes an assignment back. The last Global Administrator of all tenants stays.
func (t *Tenant) RemoveRole(ctx context.Context, actor audit.Actor, assignmentID string) error {
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var r RoleAssignmentRow
		if err := t.lock(ctx).Where("id = ?", assignmentID).Take(&r).Error; err != nil {
			return audit.Event{}, found(err)
		}
		if r.RoleID == access.GlobalAdministratorID && r.TargetTenant == access.AllTenants {
			last, err := t.lastGlobalAdmin(ctx, r.UserID)
			if err != nil {
				return audit.Event{}, err
			}
			if last {
				return audit.Event{}, fault.New(fault.Conflict, "role.last_admin")
			}
		}
		u, err := t.User(ctx, r.UserID)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return audit.Event{}, err
		}
		u.ID = r.UserID
		name, _ := roleName(r.RoleID)
		return audit.Event{Activity: "Remove member from role", Category: "RoleManagement", Operation: "Unassign", Target: userTarget(u),
				Changes: []audit.Change{{Property: "role", Old: name}, {Property: "tenant", Old: r.TargetTenant}}},
			oneRow(t.u(ctx).Where("id = ?", r.ID).Delete(&RoleAssignmentRow{}))
	})
}

// lastGlobalAdmin reports whether userID is the only usable Global Administrator of all tenants. On
// Postgres it locks the assignments first, so that two removals cannot each count the other.
func (t *Tenant) lastGlobalAdmin(ctx context.Context, userID string) (bool, error) {
	var holders []string
	err := t.lock(ctx).Model(&RoleAssignmentRow{}).Where("role_id = ? AND target_tenant = ?", access.GlobalAdministratorID, access.AllTenants).
		Order("id").Pluck("user_id", &holders).Error
	if err != nil {
		return false, err
	}
	holds, others := false, []string{}
	for _, h := range holders {
		if h == userID {
			holds = true
		} else {
			others = append(others, h)
		}
	}
	if !holds {
		return false, nil
	}
	var usable int64
	err = t.q(ctx).Model(&UserRow{}).Where("id IN ? AND enabled AND deleted_at IS NULL", others).Count(&usable).Error
	return usable == 0, err
}

// HasGlobalAdmin reports whether anybody usable may administer every tenant: once true, no set-up link
// is shown any more.
func (t *Tenant) HasGlobalAdmin(ctx context.Context) (bool, error) {
	var r UserRow
	err := t.q(ctx).Where("enabled AND deleted_at IS NULL AND id IN (?)", t.r(ctx).Model(&RoleAssignmentRow{}).Select("user_id").
		Where("tenant_id = ? AND role_id = ? AND target_tenant = ?", t.ID, access.GlobalAdministratorID, access.AllTenants)).Take(&r).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return false, nil
	}
	return err == nil, err
}
