package models

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/policy"
)

func (r StrengthRow) value() (policy.Strength, error) {
	var x policy.Strength
	if err := json.Unmarshal([]byte(r.Document), &x); err != nil {
		return x, badJSON("authentication strength", r.ID, err)
	}
	x.ID, x.BuiltIn, x.CreatedAt, x.ModifiedAt = r.ID, false, r.CreatedAt.UTC(), timeOf(r.ModifiedAt)
	return x, nil
}

func strengthEvent(x policy.Strength, activity, operation string, changes []audit.Change) audit.Event {
	return audit.Event{Activity: activity, Category: "Policy", Operation: operation,
		Target: audit.Target{Kind: "authenticationStrength", ID: x.ID, Name: x.Name}, Changes: changes}
}

func strengthChanges(before, after policy.Strength) []audit.Change {
	for _, x := range []*policy.Strength{&before, &after} {
		x.ID, x.CreatedAt, x.ModifiedAt = "", time.Time{}, time.Time{}
	}
	var d differences
	d.fields("", before, after)
	return d.changes
}

// Strengths lists the authentication strengths: the built-in ones, then the tenant's own, oldest first.
func (t *Tenant) Strengths(ctx context.Context) ([]policy.Strength, error) {
	var rows []StrengthRow
	if err := t.q(ctx).Order("created_at, id").Find(&rows).Error; err != nil {
		return nil, err
	}
	own, err := valuesOf(rows)
	return append(policy.BuiltInStrengths(), own...), err
}

// Strength reads one, built in or the tenant's own.
func (t *Tenant) Strength(ctx context.Context, id string) (policy.Strength, error) {
	id = strings.ToLower(id)
	built := policy.BuiltInStrengths()
	if i := slices.IndexFunc(built, func(x policy.Strength) bool { return x.ID == id }); i >= 0 {
		return built[i], nil
	}
	var r StrengthRow
	if err := t.q(ctx).Where("id = ?", id).Take(&r).Error; err != nil {
		return policy.Strength{}, found(err)
	}
	return r.value()
}

// CreateStrength makes a strength of the tenant's own.
func (t *Tenant) CreateStrength(ctx context.Context, actor audit.Actor, x policy.Strength) (policy.Strength, error) {
	if x.ID = strings.ToLower(x.ID); x.ID == "" {
		x.ID = uuid.NewString()
	}
	x.Name, x.Description, x.BuiltIn, x.ModifiedAt = strings.TrimSpace(x.Name), strings.TrimSpace(x.Description), false, time.Time{}
	if err := x.Validate(); err != nil {
		return x, err
	}
	err := t.govern(ctx, actor, nil, func(t *Tenant) (audit.Event, error) {
		if err := t.room(ctx, &StrengthRow{}, policy.MaxStrengths, "policy.strength.many"); err != nil {
			return audit.Event{}, err
		}
		if slices.ContainsFunc(policy.BuiltInStrengths(), func(y policy.Strength) bool { return y.ID == x.ID }) {
			return audit.Event{}, fault.BadField("id", "policy.id.taken", nil)
		}
		if err := t.strengthNameFree(ctx, x); err != nil {
			return audit.Event{}, err
		}
		x.CreatedAt = t.Now()
		doc, err := json.Marshal(x)
		if err != nil {
			return audit.Event{}, err
		}
		err = t.w(ctx).Create(&StrengthRow{ID: x.ID, TenantID: t.ID, Name: x.Name, Document: string(doc), CreatedAt: x.CreatedAt}).Error
		return strengthEvent(x, "Add authentication strength", "Add", strengthChanges(policy.Strength{}, x)), taken(err, "id", "policy.id.taken", nil)
	})
	return x, err
}

// strengthNameFree keeps names of strengths apart: people choose one from a list of names.
func (t *Tenant) strengthNameFree(ctx context.Context, x policy.Strength) error {
	all, err := t.Strengths(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(all, func(y policy.Strength) bool { return y.ID != x.ID && fold(y.Name) == fold(x.Name) }) {
		return nameTaken("policy.strength.name.taken", x.Name)
	}
	return nil
}

// UpdateStrength changes what edit changes, at once for every policy that asks for it. The built-in ones stay.
func (t *Tenant) UpdateStrength(ctx context.Context, actor audit.Actor, id string, edit func(*policy.Strength) error) (policy.Strength, error) {
	var after policy.Strength
	err := t.govern(ctx, actor, nil, func(t *Tenant) (audit.Event, error) {
		before, err := t.ownStrength(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		if after, err = cloneJSON(before); err != nil {
			return audit.Event{}, err
		}
		if err := edit(&after); err != nil {
			return audit.Event{}, err
		}
		after.ID, after.CreatedAt, after.ModifiedAt, after.BuiltIn = before.ID, before.CreatedAt, before.ModifiedAt, false
		after.Name, after.Description = strings.TrimSpace(after.Name), strings.TrimSpace(after.Description)
		if err := after.Validate(); err != nil {
			return audit.Event{}, err
		}
		if err := t.strengthNameFree(ctx, after); err != nil {
			return audit.Event{}, err
		}
		changes := strengthChanges(before, after)
		if len(changes) == 0 {
			return audit.Event{}, nil
		}
		after.ModifiedAt = t.Now()
		doc, err := json.Marshal(after)
		if err != nil {
			return audit.Event{}, err
		}
		return strengthEvent(after, "Update authentication strength", "Update", changes), oneRow(t.u(ctx).Model(&StrengthRow{}).Where("id = ?", after.ID).
			Updates(map[string]any{"name": after.Name, "document": string(doc), "modified_at": after.ModifiedAt}))
	})
	return after, err
}

// DeleteStrength removes a strength that no policy asks for.
func (t *Tenant) DeleteStrength(ctx context.Context, actor audit.Actor, id string) error {
	return t.inOrder(ctx, actor, func(t *Tenant) (audit.Event, error) {
		x, err := t.ownStrength(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		if err := t.unnamed(ctx, policy.ThingStrength, x.ID, "policy.strength.in_use", x.Name); err != nil {
			return audit.Event{}, err
		}
		return strengthEvent(x, "Delete authentication strength", "Delete", strengthChanges(x, policy.Strength{})),
			oneRow(t.u(ctx).Where("id = ?", x.ID).Delete(&StrengthRow{}))
	})
}

func (t *Tenant) ownStrength(ctx context.Context, id string) (policy.Strength, error) {
	x, err := t.Strength(ctx, id)
	if err == nil && x.BuiltIn {
		err = &fault.Error{Code: fault.Conflict, Key: "policy.strength.built_in", Args: map[string]any{"name": x.Name}}
	}
	return x, err
}
