package models

import (
	"context"
	"errors"

	"gorm.io/gorm"

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

// AssignRole gives an admin a role in a tenant or in access.AllTenants. Giving it twice changes nothing.
// Whether the actor may give it is the caller's to ask (access.MayGrant).
func (t *Tenant) AssignRole(ctx context.Context, actor audit.Actor, userID string, a access.Assignment) (string, error) {
	role, ok := access.RoleOf(a.RoleID)
	if !ok {
		return "", fault.BadField("roleDefinitionId", "role.unknown", nil)
	}
	if role.Installation && a.TenantID != access.AllTenants {
		return "", fault.BadField("roleDefinitionId", "role.installation", map[string]any{"role": role.Name})
	}
	id := NewID()
	err := t.auditedWatch(ctx, actor, func(t *Tenant) (audit.Event, error) {
		u, err := t.userWhere(ctx, t.lock(ctx).Where("id = ?", userID))
		if err != nil {
			return audit.Event{}, err
		}
		if a.TenantID != access.AllTenants {
			if _, err := t.In(a.TenantID).Get(ctx); err != nil {
				return audit.Event{}, err
			}
		}
		have, err := t.RoleAssignments(ctx, userID)
		if err != nil {
			return audit.Event{}, err
		}
		reach := 0
		for _, h := range have {
			if h.Assignment == a {
				id = h.ID
				return audit.Event{}, nil
			}
			if a.TenantID == access.AllTenants || h.Reaches(a.TenantID) {
				reach++
			}
		}
		if reach >= access.MostRoles {
			return audit.Event{}, fault.BadField("roleDefinitionId", "role.many", map[string]any{"max": access.MostRoles})
		}
		return audit.Event{Activity: "Add member to role", Category: "RoleManagement", Operation: "Assign", Target: userTarget(u),
				Changes: []audit.Change{{Property: "role", New: role.Name}, {Property: "tenant", New: a.TenantID}}},
			t.w(ctx).Create(&RoleAssignmentRow{ID: id, TenantID: t.ID, UserID: userID, RoleID: a.RoleID, TargetTenant: a.TenantID, CreatedAt: t.Now()}).Error
	})
	return id, err
}

// RemoveRole takes an assignment back. Whoever is the last to hold a role that must not be orphaned keeps it
// (lastOf).
func (t *Tenant) RemoveRole(ctx context.Context, actor audit.Actor, assignmentID string) error {
	return t.auditedWatch(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var r RoleAssignmentRow
		if err := t.u(ctx).Where("id = ?", assignmentID).Take(&r).Error; err != nil { // lastOf locks, in an order
			return audit.Event{}, found(err)
		}
		a := access.Assignment{RoleID: r.RoleID, TenantID: r.TargetTenant}
		last, err := t.lastOf(ctx, a, r.UserID, actor.ID == r.UserID)
		if err != nil {
			return audit.Event{}, err
		}
		if last {
			return audit.Event{}, lastHolder(a)
		}
		u, err := t.User(ctx, r.UserID)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return audit.Event{}, err
		}
		u.ID = r.UserID
		role, _ := access.RoleOf(r.RoleID)
		return audit.Event{Activity: "Remove member from role", Category: "RoleManagement", Operation: "Unassign", Target: userTarget(u),
				Changes: []audit.Change{{Property: "role", Old: role.Name}, {Property: "tenant", Old: r.TargetTenant}}},
			oneRow(t.u(ctx).Where("id = ?", r.ID).Delete(&RoleAssignmentRow{}))
	})
}

// lastHolder is what the last one is told.
func lastHolder(a access.Assignment) error {
	role, _ := access.RoleOf(a.RoleID)
	return &fault.Error{Code: fault.Conflict, Key: "role.last_admin", Args: map[string]any{"role": role.Name}}
}

// kept reports whether somebody must always hold a role: without a Global Administrator nobody could give
// roles, without an Installation Operator nobody could make tenants.
func kept(a access.Assignment) bool {
	return a.RoleID == access.GlobalAdministratorID || a.RoleID == access.InstallationOperatorID && a.TenantID == access.AllTenants
}

// lastOf reports whether the role would be left without a usable holder if userID did not hold it. On
// Postgres it locks the assignments of the role first, so that two removals cannot each count the other
// (SQLite has one writer).
//
// Emergency accounts count for each other only: while they are the only ones left, nobody administers the
// tenant day by day. A Global Administrator of all tenants stands in for one of a single tenant, unless the
// one of the single tenant removes themselves: nobody leaves a tenant without asking those who stay.
func (t *Tenant) lastOf(ctx context.Context, a access.Assignment, userID string, oneself bool) (bool, error) {
	if !kept(a) {
		return false, nil
	}
	var rows []RoleAssignmentRow
	if err := t.lock(ctx).Where("role_id = ?", a.RoleID).Order("id").Find(&rows).Error; err != nil {
		return false, err
	}
	holds, others := false, []string{}
	for _, r := range rows {
		switch {
		case r.UserID == userID:
			holds = holds || r.TargetTenant == a.TenantID
		case r.TargetTenant == a.TenantID || r.TargetTenant == access.AllTenants && !oneself:
			others = append(others, r.UserID)
		}
	}
	if !holds {
		return false, nil
	}
	self, err := t.User(ctx, userID)
	if err != nil || !self.Usable() {
		return false, ignoreMissing(err) // who cannot sign in is nobody's last hope
	}
	q := t.q(ctx).Model(&UserRow{}).Where("id IN ? AND enabled AND deleted_at IS NULL", others)
	if !self.Emergency {
		q = q.Where("NOT emergency")
	}
	var usable int64
	err = q.Count(&usable).Error
	return usable == 0, err
}

func ignoreMissing(err error) error {
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// guardAdmin refuses to disable or delete the last who holds a role that must not be orphaned, and to make
// an emergency account of them.
func (t *Tenant) guardAdmin(ctx context.Context, actor audit.Actor, before, after User) error {
	if !before.Usable() || after.Usable() && (before.Emergency || !after.Emergency) {
		return nil
	}
	have, err := t.RoleAssignments(ctx, before.ID)
	if err != nil {
		return err
	}
	for _, a := range have {
		last, err := t.lastOf(ctx, a.Assignment, before.ID, actor.ID == before.ID)
		if err != nil {
			return err
		}
		if last {
			return lastHolder(a.Assignment)
		}
	}
	return nil
}

// SetEmergency marks an admin as an emergency account, or unmarks them (R 10.2.4).
func (t *Tenant) SetEmergency(ctx context.Context, actor audit.Actor, userID string, on bool) (User, error) {
	activity := "Mark as emergency account"
	if !on {
		activity = "Unmark as emergency account"
	}
	return t.editUser(ctx, actor, userID, activity, func(u *User) error {
		if !u.DeletedAt.IsZero() {
			return fault.New(fault.NotFound, "error.not_found")
		}
		u.Emergency = on
		return nil
	})
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
