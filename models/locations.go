package models

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/policy"
)

func (r LocationRow) value() (policy.Location, error) {
	var l policy.Location
	if err := json.Unmarshal([]byte(r.Document), &l); err != nil {
		return l, badJSON("named location", r.ID, err)
	}
	l.ID, l.CreatedAt, l.ModifiedAt, l.DeletedAt = r.ID, r.CreatedAt.UTC(), timeOf(r.ModifiedAt), timeOf(r.DeletedAt)
	return l, nil
}

func locationEvent(l policy.Location, activity, operation string, changes []audit.Change) audit.Event {
	return audit.Event{Activity: activity, Category: "Policy", Operation: operation,
		Target: audit.Target{Kind: "namedLocation", ID: l.ID, Name: l.Name}, Changes: changes}
}

func locationChanges(before, after policy.Location) []audit.Change {
	for _, l := range []*policy.Location{&before, &after} {
		l.ID, l.CreatedAt, l.ModifiedAt = "", time.Time{}, time.Time{}
	}
	var d differences
	d.fields("", before, after)
	return d.changes
}

// Locations lists the named locations, oldest first.
func (t *Tenant) Locations(ctx context.Context) ([]policy.Location, error) {
	var rows []LocationRow
	if err := t.q(ctx).Where("deleted_at IS NULL").Order("created_at, id").Find(&rows).Error; err != nil {
		return nil, err
	}
	return valuesOf(rows)
}

// DeletedLocations lists those that can be restored, the latest first.
func (t *Tenant) DeletedLocations(ctx context.Context) ([]policy.Location, error) {
	var rows []LocationRow
	if err := t.q(ctx).Where("deleted_at > ?", t.Now().Add(-policyRestore)).Order("deleted_at DESC, id").Find(&rows).Error; err != nil {
		return nil, err
	}
	return valuesOf(rows)
}

// Location reads one that is not deleted.
func (t *Tenant) Location(ctx context.Context, id string) (policy.Location, error) {
	var r LocationRow
	if err := t.q(ctx).Where("id = ? AND deleted_at IS NULL", strings.ToLower(id)).Take(&r).Error; err != nil {
		return policy.Location{}, found(err)
	}
	return r.value()
}

// CreateLocation makes a named location.
func (t *Tenant) CreateLocation(ctx context.Context, actor audit.Actor, l policy.Location) (policy.Location, error) {
	if l.ID = strings.ToLower(l.ID); l.ID == "" {
		l.ID = uuid.NewString()
	}
	l = l.Normal()
	l.ModifiedAt, l.DeletedAt = time.Time{}, time.Time{}
	if err := l.Validate(); err != nil {
		return l, err
	}
	// A new place changes who comes in already: "all trusted locations" means it too.
	err := t.govern(ctx, actor, nil, func(t *Tenant) (audit.Event, error) {
		if err := t.room(ctx, &LocationRow{}, policy.MaxLocations, "policy.location.many"); err != nil {
			return audit.Event{}, err
		}
		l.CreatedAt = t.Now()
		doc, err := json.Marshal(l)
		if err != nil {
			return audit.Event{}, err
		}
		err = t.w(ctx).Create(&LocationRow{ID: l.ID, TenantID: t.ID, Name: l.Name, Document: string(doc), CreatedAt: l.CreatedAt}).Error
		return locationEvent(l, "Add named location", "Add", locationChanges(policy.Location{}, l)), taken(err, "id", "policy.id.taken", nil)
	})
	return l, err
}

// UpdateLocation changes what edit changes, for every policy that names the place or means it.
func (t *Tenant) UpdateLocation(ctx context.Context, actor audit.Actor, id string, edit func(*policy.Location) error) (policy.Location, error) {
	var after policy.Location
	err := t.govern(ctx, actor, nil, func(t *Tenant) (audit.Event, error) {
		before, err := t.Location(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		if after, err = cloneJSON(before); err != nil {
			return audit.Event{}, err
		}
		if err := edit(&after); err != nil {
			return audit.Event{}, err
		}
		after = after.Normal()
		after.ID, after.CreatedAt, after.ModifiedAt, after.DeletedAt = before.ID, before.CreatedAt, before.ModifiedAt, time.Time{}
		if before.ByCountry() != after.ByCountry() {
			return audit.Event{}, fault.BadField("ipRanges", "policy.location.kind", nil)
		}
		if err := after.Validate(); err != nil {
			return audit.Event{}, err
		}
		changes := locationChanges(before, after)
		if len(changes) == 0 {
			return audit.Event{}, nil
		}
		after.ModifiedAt = t.Now()
		doc, err := json.Marshal(after)
		if err != nil {
			return audit.Event{}, err
		}
		return locationEvent(after, "Update named location", "Update", changes), oneRow(t.u(ctx).Model(&LocationRow{}).Where("id = ?", after.ID).
			Updates(map[string]any{"name": after.Name, "document": string(doc), "modified_at": after.ModifiedAt}))
	})
	return after, err
}

// DeleteLocation puts a place away for 30 days. A trusted one loses its mark first, on purpose (R 5.6.2), and one
// that a policy names stays: without it the policy would be about something else.
func (t *Tenant) DeleteLocation(ctx context.Context, actor audit.Actor, id string) error {
	return t.inOrder(ctx, actor, func(t *Tenant) (audit.Event, error) {
		l, err := t.Location(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		if l.Trusted {
			return audit.Event{}, &fault.Error{Code: fault.Conflict, Key: "policy.location.trusted", Args: map[string]any{"name": l.Name}}
		}
		if err := t.unnamed(ctx, policy.ThingLocation, l.ID, "policy.location.in_use", l.Name); err != nil {
			return audit.Event{}, err
		}
		return locationEvent(l, "Delete named location", "Delete", locationChanges(l, policy.Location{})),
			oneRow(t.u(ctx).Model(&LocationRow{}).Where("id = ? AND deleted_at IS NULL", l.ID).Update("deleted_at", t.Now()))
	})
}

// RestoreLocation brings a deleted place back as it was.
func (t *Tenant) RestoreLocation(ctx context.Context, actor audit.Actor, id string) (policy.Location, error) {
	var l policy.Location
	err := t.govern(ctx, actor, nil, func(t *Tenant) (audit.Event, error) {
		var r LocationRow
		if err := t.lock(ctx).Where("id = ? AND deleted_at > ?", strings.ToLower(id), t.Now().Add(-policyRestore)).Take(&r).Error; err != nil {
			return audit.Event{}, found(err)
		}
		if err := t.room(ctx, &LocationRow{}, policy.MaxLocations, "policy.location.many"); err != nil {
			return audit.Event{}, err
		}
		var err error
		if l, err = r.value(); err != nil {
			return audit.Event{}, err
		}
		changes := []audit.Change{{Property: "deletedDateTime", Old: l.DeletedAt}}
		l.DeletedAt = time.Time{}
		return locationEvent(l, "Restore named location", "Update", changes),
			oneRow(t.u(ctx).Model(&LocationRow{}).Where("id = ?", l.ID).Update("deleted_at", nil))
	})
	return l, err
}

// unnamed refuses to take away what a policy names, and says which one does.
func (t *Tenant) unnamed(ctx context.Context, kind policy.ThingKind, id, key, name string) error {
	list, err := t.Policies(ctx)
	if err != nil {
		return err
	}
	for _, p := range list {
		if p.Names(kind, id) {
			return &fault.Error{Code: fault.Conflict, Key: key, Args: map[string]any{"name": name, "policy": p.Name}}
		}
	}
	return nil
}
