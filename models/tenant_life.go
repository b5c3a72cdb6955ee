package models

import (
	"context"
	"reflect"
	"time"

	"gorm.io/gorm"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/tenant"
)

// trialEnd is when the plan of a tenant that gets it now ends; zero when it does not end.
func trialEnd(t tenant.Tenant, now time.Time) time.Time {
	if t.Plan != tenant.Trial {
		return time.Time{}
	}
	return now.AddDate(0, 0, tenant.TrialDays)
}

// TenantDefaults is what new tenants start with; the workforce tenant keeps it. Before there is one, there
// are none.
func (s *Store) TenantDefaults(ctx context.Context) (tenant.Defaults, error) {
	staff, err := s.TenantBy(ctx, tenant.WorkforceSlug)
	if fault.Is(err, fault.NotFound) || err == nil && staff.Settings.NewTenants == nil {
		return tenant.Defaults{}, nil
	}
	if err != nil {
		return tenant.Defaults{}, err
	}
	return *staff.Settings.NewTenants, nil
}

// DeletedTenants lists the directories that can still be restored, the latest first.
func (s *Store) DeletedTenants(ctx context.Context) ([]tenant.Tenant, error) {
	return tenantsOf(s.read.WithContext(ctx).Where("deleted_at > ?", s.Now().AddDate(0, 0, -tenant.RestoreDays)).Order("deleted_at DESC, id"))
}

// DeleteTenant closes every door of a tenant at once. Nothing of it is lost for 30 days: its short name
// stays reserved and RestoreTenant brings it back as it was. The directory of admins and the last
// customers' directory cannot be deleted. The workforce's log keeps an entry, because the tenant's own goes
// with it in the end.
func (s *Store) DeleteTenant(ctx context.Context, actor audit.Actor, id string) error {
	return s.tenantLife(ctx, actor, id, "Delete tenant", func(t *Tenant, now tenant.Tenant) (map[string]any, []audit.Change, error) {
		switch {
		case now.Kind == tenant.Workforce:
			return nil, nil, fault.New(fault.Conflict, "tenant.workforce.stays")
		case !now.DeletedAt.IsZero():
			return nil, nil, fault.New(fault.NotFound, "error.not_found")
		}
		var others []string // locked, so that two deletions cannot each count on the other's tenant
		err := t.w(ctx).Model(&TenantRow{}).Clauses(forUpdate()).Where("kind = ? AND deleted_at IS NULL AND id <> ?", string(tenant.Customer), id).
			Order("id").Limit(2).Pluck("id", &others).Error
		if err == nil && len(others) == 0 {
			err = fault.New(fault.Conflict, "tenant.last")
		}
		at := t.Now()
		return map[string]any{"deleted_at": at}, []audit.Change{{Property: "deletedAt", New: at}}, err
	})
}

// RestoreTenant opens a deleted tenant's doors again, within its 30 days.
func (s *Store) RestoreTenant(ctx context.Context, actor audit.Actor, id string) error {
	return s.tenantLife(ctx, actor, id, "Restore tenant", func(t *Tenant, now tenant.Tenant) (map[string]any, []audit.Change, error) {
		if now.DeletedAt.IsZero() || !t.Now().Before(now.PurgeFrom()) {
			return nil, nil, fault.New(fault.NotFound, "error.not_found")
		}
		return map[string]any{"deleted_at": nil}, []audit.Change{{Property: "deletedAt", Old: now.DeletedAt}}, nil
	})
}

// tenantLife changes a tenant's row and writes the entry in its own log and in the workforce's.
func (s *Store) tenantLife(ctx context.Context, actor audit.Actor, id, activity string,
	change func(*Tenant, tenant.Tenant) (map[string]any, []audit.Change, error)) error {
	staff, err := s.TenantBy(ctx, tenant.WorkforceSlug)
	if err != nil {
		return err
	}
	return s.Tenant(id).configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var r TenantRow
		if err := t.w(ctx).Clauses(forUpdate()).Where("id = ?", id).Take(&r).Error; err != nil {
			return audit.Event{}, found(err)
		}
		now, err := tenantOf(r)
		if err != nil {
			return audit.Event{}, err
		}
		columns, changes, err := change(t, now)
		if err != nil {
			return audit.Event{}, err
		}
		e := audit.Event{Activity: activity, Category: "DirectoryManagement", Operation: "Update",
			Target: audit.Target{Kind: "tenant", ID: now.ID, Name: now.Name}, Changes: changes}
		if err := t.In(staff.ID).writeAudit(ctx, actor, e); err != nil {
			return audit.Event{}, err
		}
		return e, oneRow(t.w(ctx).Model(&TenantRow{}).Where("id = ?", id).Updates(columns))
	})
}

// PurgeTenants erases the tenants whose 30 days are over, so many rows in one statement that writers
// never wait long. It says how many tenants it erased.
func (s *Store) PurgeTenants(ctx context.Context, actor audit.Actor, batch int) (int, error) {
	gone, err := tenantsOf(s.read.WithContext(ctx).Where("deleted_at <= ? AND kind <> ?", s.Now().AddDate(0, 0, -tenant.RestoreDays), string(tenant.Workforce)).Order("deleted_at, id"))
	if err != nil {
		return 0, err
	}
	for i, t := range gone {
		for _, table := range tenantTables() {
			for {
				n, err := s.removeSome(ctx, table, t.ID, batch)
				if err != nil {
					return i, err
				}
				if n < int64(batch) {
					break
				}
			}
		}
		if err := s.eraseTenant(ctx, actor, t, "Purge tenant"); err != nil {
			return i, err
		}
	}
	return len(gone), nil
}

// RemoveTenant erases a customer tenant with everything in it at once, without the 30 days: for the sample
// company.
func (s *Store) RemoveTenant(ctx context.Context, actor audit.Actor, id string) error {
	gone, err := s.Tenant(id).Get(ctx)
	if err != nil {
		return err
	}
	if gone.Kind == tenant.Workforce {
		return fault.New(fault.Denied, "error.denied")
	}
	return s.eraseTenant(ctx, actor, gone, "Delete tenant")
}

// tenantTables are the row types that belong to a tenant.
func tenantTables() []any {
	var out []any
	for _, table := range Tables() {
		if _, scoped := reflect.TypeOf(table).Elem().FieldByName("TenantID"); scoped {
			out = append(out, table)
		}
	}
	return out
}

// eraseTenant removes what is left of a tenant and the tenant itself, in one transaction. The audit entry
// stands in the workforce tenant.
func (s *Store) eraseTenant(ctx context.Context, actor audit.Actor, gone tenant.Tenant, activity string) error {
	staff, err := s.TenantBy(ctx, tenant.WorkforceSlug)
	if err != nil {
		return err
	}
	return s.Tenant(staff.ID).audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		for _, table := range tenantTables() {
			if err := t.w(ctx).Where("tenant_id = ?", gone.ID).Delete(table).Error; err != nil {
				return audit.Event{}, err
			}
		}
		if err := t.w(ctx).Where("target_tenant = ?", gone.ID).Delete(&RoleAssignmentRow{}).Error; err != nil {
			return audit.Event{}, err
		}
		t.afterCommit(func() { t.directories.drop(gone.ID, gone.Slug) })
		return audit.Event{Activity: activity, Category: "DirectoryManagement", Operation: "Delete",
				Target:  audit.Target{Kind: "tenant", ID: gone.ID, Name: gone.Name},
				Changes: []audit.Change{{Property: "slug", Old: gone.Slug}, {Property: "name", Old: gone.Name}}},
			oneRow(t.w(ctx).Where("id = ?", gone.ID).Delete(&TenantRow{}))
	})
}

// roomFor refuses n more people, groups or applications in a trial that is full. It counts no further than
// the limit, and only in a trial; there, whoever adds at the same time waits.
func (t *Tenant) roomFor(ctx context.Context, n int) error {
	var plan []string
	if err := t.r(ctx).Model(&TenantRow{}).Where("id = ?", t.ID).Pluck("plan", &plan).Error; err != nil || len(plan) == 0 || tenant.Plan(plan[0]) != tenant.Trial {
		return err
	}
	if err := t.w(ctx).Clauses(forUpdate()).Model(&TenantRow{}).Where("id = ?", t.ID).Pluck("plan", &plan).Error; err != nil {
		return err
	}
	have, err := t.Objects(ctx, tenant.TrialObjects)
	if err == nil && have+n > tenant.TrialObjects {
		err = &fault.Error{Code: fault.Denied, Key: TrialFull, Args: map[string]any{"count": tenant.TrialObjects}}
	}
	return err
}

// TrialFull is the message of a trial that holds as much as it may.
const TrialFull = "tenant.trial.full"

// Objects counts the tenant's people, groups and applications, deleted ones that can be restored included,
// up to a bound.
func (t *Tenant) Objects(ctx context.Context, bound int) (int, error) {
	total := 0
	for _, row := range []any{&UserRow{}, &GroupRow{}, &ApplicationRow{}} {
		var n int64
		some := t.q(ctx).Model(row).Select("id").Limit(max(bound-total, 0))
		if err := t.r(ctx).Table("(?) AS bounded", some).Count(&n).Error; err != nil {
			return 0, err
		}
		total += int(n)
	}
	return total, nil
}

// removeSome deletes at most so many rows of a tenant from one table. The rows are named by where they lie,
// because not every table has a key of one column.
func (s *Store) removeSome(ctx context.Context, table any, tenantID string, most int) (int64, error) {
	place := "rowid"
	if s.dialect != "sqlite" {
		place = "ctid"
	}
	some := s.write.WithContext(ctx).Session(&gorm.Session{NewDB: true}).Model(table).Select(place).Where("tenant_id = ?", tenantID).Limit(most)
	name, err := tableName(s.write, table)
	if err != nil {
		return 0, err
	}
	r := s.write.WithContext(ctx).Exec("DELETE FROM "+name+" WHERE "+place+" IN (?)", some)
	return r.RowsAffected, r.Error
}
