package models

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"gorm.io/gorm/clause"

	"portico/app/audit"
	"portico/app/policy"
)

func (r ContextRow) value() (policy.Context, error) {
	return policy.Context{ID: r.ID, Name: r.Name, Description: r.Description, Available: r.Available}, nil
}

func contextEvent(x policy.Context, activity, operation string, changes []audit.Change) audit.Event {
	return audit.Event{Activity: activity, Category: "Policy", Operation: operation,
		Target: audit.Target{Kind: "authenticationContext", ID: x.ID, Name: x.Name}, Changes: changes}
}

// Contexts lists the authentication contexts by number.
func (t *Tenant) Contexts(ctx context.Context) ([]policy.Context, error) {
	var rows []ContextRow
	if err := t.q(ctx).Find(&rows).Error; err != nil {
		return nil, err
	}
	number := func(r ContextRow) int {
		n, _ := strconv.Atoi(strings.TrimPrefix(r.ID, "c"))
		return n
	}
	slices.SortFunc(rows, func(a, b ContextRow) int { return cmp.Compare(number(a), number(b)) })
	return valuesOf(rows)
}

// PutContext makes an authentication context or puts another in its place.
func (t *Tenant) PutContext(ctx context.Context, actor audit.Actor, x policy.Context) error {
	return t.EditContext(ctx, actor, x.ID, func(have *policy.Context) error { *have = x; return nil })
}

// EditContext makes an authentication context or changes it, as the vendor's PATCH does: edit is laid onto the row
// as it is inside the transaction, so that two requests about different properties both count.
func (t *Tenant) EditContext(ctx context.Context, actor audit.Actor, id string, edit func(*policy.Context) error) error {
	id = strings.ToLower(strings.TrimSpace(id))
	return t.govern(ctx, actor, nil, func(t *Tenant) (audit.Event, error) {
		var rows []ContextRow
		if err := t.lock(ctx).Where("id = ?", id).Find(&rows).Error; err != nil {
			return audit.Event{}, err
		}
		activity, operation, before, created := "Add authentication context", "Add", policy.Context{}, t.Now()
		if len(rows) > 0 {
			before, _ = rows[0].value()
			activity, operation, created = "Update authentication context", "Update", rows[0].CreatedAt
		}
		x := before
		if err := edit(&x); err != nil {
			return audit.Event{}, err
		}
		x.ID, x.Name, x.Description = id, strings.TrimSpace(x.Name), strings.TrimSpace(x.Description)
		if x.Name == "" {
			x.Name = id
		}
		if err := x.Validate(); err != nil {
			return audit.Event{}, err
		}
		var d differences
		d.fields("", before, x)
		if len(d.changes) == 0 {
			return audit.Event{}, nil
		}
		row := ContextRow{TenantID: t.ID, ID: x.ID, Name: x.Name, Description: x.Description, Available: x.Available, CreatedAt: created}
		err := t.w(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "tenant_id"}, {Name: "id"}},
			DoUpdates: clause.AssignmentColumns([]string{"name", "description", "available"})}).Create(&row).Error
		return contextEvent(x, activity, operation, d.changes), err
	})
}

// DeleteContext removes an authentication context that no policy is about.
func (t *Tenant) DeleteContext(ctx context.Context, actor audit.Actor, id string) error {
	return t.inOrder(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var r ContextRow
		if err := t.lock(ctx).Where("id = ?", strings.ToLower(id)).Take(&r).Error; err != nil {
			return audit.Event{}, found(err)
		}
		x, _ := r.value()
		if err := t.unnamed(ctx, policy.ThingContext, x.ID, "policy.context.in_use", x.Name); err != nil {
			return audit.Event{}, err
		}
		var d differences
		d.fields("", x, policy.Context{})
		return contextEvent(x, "Delete authentication context", "Delete", d.changes), oneRow(t.u(ctx).Where("id = ?", x.ID).Delete(&ContextRow{}))
	})
}
