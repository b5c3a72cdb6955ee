package models

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"portico/app/audit"
	"portico/app/extension"
	"portico/app/fault"
)

// EventListener is a listener as admins see it.
type EventListener struct {
	extension.Listener
	ModifiedAt time.Time
}

func (r ListenerRow) value() (EventListener, error) {
	l := EventListener{ModifiedAt: r.ModifiedAt.UTC()}
	if err := json.Unmarshal([]byte(r.Document), &l.Listener); err != nil {
		return l, badJSON("event listener", r.ID, err)
	}
	l.ID, l.CreatedAt = r.ID, r.CreatedAt.UTC()
	return l, nil
}

func (r *ListenerRow) write(l extension.Listener) error {
	doc, err := json.Marshal(l)
	r.Document, r.Event, r.ExtensionID = string(doc), string(l.Event), l.Extension
	return err
}

func listenerEvent(l extension.Listener, activity, operation string, changes []audit.Change) audit.Event {
	name := l.Name
	if name == "" {
		name = l.Event.Label()
	}
	return audit.Event{Activity: activity, Category: "Policy", Operation: operation,
		Target: audit.Target{Kind: "authenticationEventListener", ID: l.ID, Name: name}, Changes: changes}
}

// Listeners lists them by age.
func (t *Tenant) Listeners(ctx context.Context) ([]EventListener, error) {
	var rows []ListenerRow
	if err := t.q(ctx).Order("created_at, id").Find(&rows).Error; err != nil {
		return nil, err
	}
	return valuesOf(rows)
}

// Listener reads one.
func (t *Tenant) Listener(ctx context.Context, id string) (EventListener, error) {
	var r ListenerRow
	if err := t.q(ctx).Where("id = ?", strings.ToLower(id)).Take(&r).Error; err != nil {
		return EventListener{}, found(err)
	}
	return r.value()
}

// listenerFits compares with what the tenant has.
func (t *Tenant) listenerFits(ctx context.Context, l *extension.Listener, before []string) error {
	for i, id := range l.Apps {
		l.Apps[i] = strings.ToLower(id)
	}
	slices.Sort(l.Apps)
	l.Apps = slices.Compact(l.Apps)
	var e *extension.Extension
	have, err := t.Extension(ctx, l.Extension)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if err == nil {
		e, l.Extension = &have.Extension, have.ID
	}
	var clients []string
	if len(l.Apps) > 0 {
		if err := t.q(ctx).Model(&ApplicationRow{}).Where("client_id IN ? AND deleted_at IS NULL", l.Apps).Pluck("client_id", &clients).Error; err != nil {
			return err
		}
	}
	var flows []string
	if l.Flow != "" {
		if err := t.q(ctx).Model(&UserFlowRow{}).Where("id = ?", l.Flow).Pluck("id", &flows).Error; err != nil {
			return err
		}
	}
	// An app that is gone meanwhile is no reason against another change.
	return l.Check(e, func(id string) bool { return slices.Contains(clients, id) || slices.Contains(before, id) },
		func(id string) bool { return slices.Contains(flows, id) }).Err()
}

// CreateListener binds an event to an extension.
func (t *Tenant) CreateListener(ctx context.Context, actor audit.Actor, l extension.Listener) (EventListener, error) {
	if l.ID == "" {
		l.ID = NewID()
	}
	l.Apps = slices.Clone(l.Apps)
	var made EventListener
	err := t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var n int64
		if err := t.q(ctx).Model(&ListenerRow{}).Count(&n).Error; err != nil {
			return audit.Event{}, err
		}
		if n >= extension.MaxListeners {
			return audit.Event{}, fault.BadField("event", "listener.many", map[string]any{"max": extension.MaxListeners})
		}
		if err := t.listenerFits(ctx, &l, nil); err != nil {
			return audit.Event{}, err
		}
		now := t.Now()
		l.CreatedAt = now
		row := ListenerRow{ID: l.ID, TenantID: t.ID, CreatedAt: now, ModifiedAt: now}
		if err := row.write(l); err != nil {
			return audit.Event{}, err
		}
		made = EventListener{Listener: l, ModifiedAt: now}
		var d differences
		d.fields("", extension.Listener{CreatedAt: now}, l)
		return listenerEvent(l, "Add authentication event listener", "Add", d.changes), t.w(ctx).Create(&row).Error
	})
	return made, err
}

// UpdateListener changes one; its event stays.
func (t *Tenant) UpdateListener(ctx context.Context, actor audit.Actor, id string, edit func(*extension.Listener) error) (EventListener, error) {
	var after EventListener
	err := t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var row ListenerRow
		if err := t.lock(ctx).Where("id = ?", strings.ToLower(id)).Take(&row).Error; err != nil {
			return audit.Event{}, found(err)
		}
		before, err := row.value()
		if err != nil {
			return audit.Event{}, err
		}
		after = before
		after.Apps = slices.Clone(before.Apps)
		if err := edit(&after.Listener); err != nil {
			return audit.Event{}, err
		}
		after.ID, after.Event, after.CreatedAt = before.ID, before.Event, before.CreatedAt
		if err := t.listenerFits(ctx, &after.Listener, before.Apps); err != nil {
			return audit.Event{}, err
		}
		var d differences
		d.fields("", before.Listener, after.Listener)
		if len(d.changes) == 0 {
			return audit.Event{}, nil
		}
		if err := row.write(after.Listener); err != nil {
			return audit.Event{}, err
		}
		row.ModifiedAt, after.ModifiedAt = t.Now(), t.Now()
		return listenerEvent(after.Listener, "Update authentication event listener", "Update", d.changes),
			t.u(ctx).Model(&ListenerRow{}).Where("id = ?", row.ID).Select("document", "extension_id", "modified_at").Updates(&row).Error
	})
	return after, err
}

// DeleteListener removes one: the event asks nobody, or the next in priority.
func (t *Tenant) DeleteListener(ctx context.Context, actor audit.Actor, id string) error {
	return t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		l, err := t.Listener(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		var d differences
		d.fields("", l.Listener, extension.Listener{CreatedAt: l.CreatedAt})
		return listenerEvent(l.Listener, "Delete authentication event listener", "Delete", d.changes), oneRow(t.u(ctx).Where("id = ?", l.ID).Delete(&ListenerRow{}))
	})
}
