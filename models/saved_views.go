package models

import (
	"context"
	"strings"
	"unicode/utf8"

	"portico/app/audit"
	"portico/app/fault"
)

// mostViews is how many views of a list a tenant keeps.
const mostViews = 200

// SavedView is a filter of a list that an admin kept.
type SavedView = SavedViewRow

// SavedViews lists an admin's views of a list and the shared ones, by name.
func (t *Tenant) SavedViews(ctx context.Context, list, adminID string) ([]SavedView, error) {
	var out []SavedView
	err := t.q(ctx).Where("list = ? AND (shared OR owner_id = ?)", list, adminID).Order("name, id").Limit(mostViews).Find(&out).Error
	return out, err
}

// SaveView keeps a filter under a name. The query holds parameters that the caller knows and nothing else.
func (t *Tenant) SaveView(ctx context.Context, actor audit.Actor, v SavedView) (SavedView, error) {
	v.Name = strings.TrimSpace(v.Name)
	switch {
	case v.Name == "":
		return v, fault.BadField("name", "admin.view.name", nil)
	case utf8.RuneCountInString(v.Name) > 64:
		return v, fault.BadField("name", "field.too_long", map[string]any{"max": 64})
	case !plainText(v.Name) || strings.ContainsAny(v.Name, "\r\n"):
		return v, fault.BadField("name", "field.characters", nil)
	}
	v.ID, v.TenantID, v.OwnerID, v.CreatedAt = NewID(), t.ID, actor.ID, t.Now()
	return v, t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var n int64
		if err := t.q(ctx).Model(&SavedViewRow{}).Where("list = ?", v.List).Count(&n).Error; err != nil {
			return audit.Event{}, err
		}
		if n >= mostViews {
			return audit.Event{}, fault.New(fault.Conflict, "admin.view.many")
		}
		return viewEvent("Save view", "Add", v), t.w(ctx).Create(&v).Error
	})
}

func viewEvent(activity, operation string, v SavedView) audit.Event {
	return audit.Event{Activity: activity, Category: "DirectoryManagement", Operation: operation, Target: audit.Target{Kind: "savedView", ID: v.ID, Name: v.Name},
		Changes: []audit.Change{{Property: "shared", New: v.Shared}, {Property: "filters", New: v.Query, Class: audit.Sensitive}}}
}

// RemoveView forgets a view of the admin's own or, if they may, one that is shared. Another admin's own view is
// not found.
func (t *Tenant) RemoveView(ctx context.Context, actor audit.Actor, id string, shared bool) (SavedView, error) {
	var v SavedView
	err := t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		err := t.lock(ctx).Where("id = ? AND (owner_id = ? OR (shared AND ?))", id, actor.ID, shared).Take(&v).Error
		if err != nil {
			return audit.Event{}, found(err)
		}
		return viewEvent("Delete view", "Delete", v), oneRow(t.u(ctx).Where("id = ?", id).Delete(&SavedViewRow{}))
	})
	return v, err
}
