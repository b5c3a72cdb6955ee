package models

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/userflow"
)

// DefinitionRow is a custom attribute of a tenant. Document is userflow.Definition as JSON.
type DefinitionRow struct {
	TenantID  string `gorm:"primaryKey;size:36;uniqueIndex:user_attributes_name,priority:1"`
	ID        string `gorm:"primaryKey;size:255"` // its API name
	NameNorm  string `gorm:"size:255;uniqueIndex:user_attributes_name,priority:2"`
	Document  string `gorm:"type:text"`
	CreatedAt time.Time
	UpdatedAt time.Time
}

func (DefinitionRow) TableName() string { return "user_attributes" }

func (r DefinitionRow) value() (userflow.Definition, error) {
	var d userflow.Definition
	if err := json.Unmarshal([]byte(r.Document), &d); err != nil {
		return d, badJSON("custom attribute", r.ID, err)
	}
	return d, nil
}

func definitionEvent(d userflow.Definition, activity, operation string, changes []audit.Change) audit.Event {
	return audit.Event{Activity: activity, Category: "UserFlow", Operation: operation,
		Target: audit.Target{Kind: "userFlowAttribute", ID: d.ID, Name: d.Name}, Changes: changes}
}

// Definitions lists the tenant's custom attributes by name. There are a hundred at most.
func (t *Tenant) Definitions(ctx context.Context) ([]userflow.Definition, error) {
	var rows []DefinitionRow
	if err := t.q(ctx).Order("name_norm").Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]userflow.Definition, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = r.value(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (t *Tenant) definitions(ctx context.Context) (map[string]userflow.Definition, error) {
	list, err := t.Definitions(ctx)
	out := make(map[string]userflow.Definition, len(list))
	for _, d := range list {
		out[d.ID] = d
	}
	return out, err
}

// Definition reads one custom attribute by its API name.
func (t *Tenant) Definition(ctx context.Context, id string) (userflow.Definition, error) {
	var r DefinitionRow
	if err := t.q(ctx).Where("id = ?", id).Take(&r).Error; err != nil {
		return userflow.Definition{}, found(err)
	}
	return r.value()
}

// CreateDefinition makes a custom attribute. Without an id it gets the one that its name makes.
func (t *Tenant) CreateDefinition(ctx context.Context, actor audit.Actor, d userflow.Definition) (userflow.Definition, error) {
	d.Name = strings.TrimSpace(d.Name)
	if d.ID == "" {
		d.ID = userflow.DefinitionID(t.ID, d.Name)
	}
	if err := d.Validate(); err != nil {
		return d, err
	}
	err := t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var have []DefinitionRow
		if err := t.q(ctx).Select("id", "name_norm").Find(&have).Error; err != nil {
			return audit.Event{}, err
		}
		stay := 0
		for _, o := range have {
			if !strings.HasPrefix(o.NameNorm, goingName) {
				stay++
			}
			if o.NameNorm == fold(d.Name) || strings.EqualFold(o.ID, d.ID) {
				return audit.Event{}, nameTaken("attribute.name.taken", d.Name)
			}
		}
		if stay >= userflow.MaxDefinitions {
			return audit.Event{}, fault.BadField("name", "attribute.many", map[string]any{"count": userflow.MaxDefinitions})
		}
		doc, err := json.Marshal(d)
		if err != nil {
			return audit.Event{}, err
		}
		row := DefinitionRow{TenantID: t.ID, ID: d.ID, NameNorm: fold(d.Name), Document: string(doc), CreatedAt: t.Now(), UpdatedAt: t.Now()}
		var diff differences
		diff.fields("", userflow.Definition{}, d)
		return definitionEvent(d, "Create custom attribute", "Add", diff.changes), taken(t.w(ctx).Create(&row).Error, "name", "attribute.name.taken", map[string]any{"name": d.Name})
	})
	return d, err
}

func nameTaken(key, name string) error {
	args := map[string]any{"name": name}
	return &fault.Error{Code: fault.Conflict, Key: key, Args: args, Fields: []fault.Field{{Name: "name", Key: key, Args: args}}}
}

// EditDefinition changes what may change of a custom attribute: not its id nor its data type. Values that
// people have already stay as they are. An option that is in use in a flow's own words cannot go.
func (t *Tenant) EditDefinition(ctx context.Context, actor audit.Actor, id string, edit func(*userflow.Definition) error) (userflow.Definition, error) {
	var after userflow.Definition
	err := t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var row DefinitionRow
		if err := t.lock(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
			return audit.Event{}, found(err)
		}
		before, err := row.value()
		if err != nil {
			return audit.Event{}, err
		}
		if after, err = cloneJSON(before); err != nil {
			return audit.Event{}, err
		}
		if err := edit(&after); err != nil {
			return audit.Event{}, err
		}
		after.ID, after.DataType, after.Name = before.ID, before.DataType, strings.TrimSpace(after.Name)
		if err := after.Validate(); err != nil {
			return audit.Event{}, err
		}
		var others int64
		if err := t.q(ctx).Model(&DefinitionRow{}).Where("id <> ? AND name_norm = ?", id, fold(after.Name)).Count(&others).Error; err != nil {
			return audit.Event{}, err
		}
		if others > 0 {
			return audit.Event{}, nameTaken("attribute.name.taken", after.Name)
		}
		var diff differences
		diff.fields("", before, after)
		if len(diff.changes) == 0 {
			return audit.Event{}, nil
		}
		if err := t.flowsStillFit(ctx, before, after, diff.changes[0].Property); err != nil {
			return audit.Event{}, err
		}
		doc, err := json.Marshal(after)
		if err != nil {
			return audit.Event{}, err
		}
		if err := oneRow(t.u(ctx).Model(&DefinitionRow{}).Where("id = ?", id).
			Updates(map[string]any{"name_norm": fold(after.Name), "document": string(doc), "updated_at": t.Now()})); err != nil {
			return audit.Event{}, err
		}
		return definitionEvent(after, "Update custom attribute", "Update", diff.changes), nil
	})
	return after, err
}

// Names that nobody has while a transaction runs in which attributes exchange theirs. No folded name begins
// with a space.
const (
	renamedName = " ~"
	goingName   = " -"
)

// ReleaseDefinitionName lets other attributes have the name of one that gets another (EditDefinition) or is
// deleted (going) later in the same transaction: names may be exchanged, and a new attribute may follow an
// old one of its name. Outside a transaction it is refused, because the name would stay released.
func (t *Tenant) ReleaseDefinitionName(ctx context.Context, id string, going bool) error {
	if t.tx == nil {
		return errors.New("models: a name is released inside a transaction only")
	}
	name := renamedName + id
	if going {
		name = goingName + id
	}
	return oneRow(t.u(ctx).Model(&DefinitionRow{}).Where("id = ?", id).Update("name_norm", name))
}

// flowsStillFit refuses a change of an attribute that a flow, published or draft, could not live with. One
// that was not right before does not stand in the way.
func (t *Tenant) flowsStillFit(ctx context.Context, before, after userflow.Definition, field string) error {
	flows, err := t.flowsAndDrafts(ctx)
	if err != nil {
		return err
	}
	for _, f := range flows {
		if !f.Asks(after.ID) {
			continue
		}
		fits := func(d userflow.Definition) error {
			f.Attributes = slices.Clone(f.Attributes)
			for i := range f.Attributes {
				if f.Attributes[i].ID == d.ID {
					f.Attributes[i].Definition = &d
				}
			}
			return f.Validate()
		}
		if err := fits(after); err != nil && fits(before) == nil {
			return &fault.Error{Code: fault.Conflict, Key: "attribute.breaks_flow", Args: map[string]any{"flow": f.Name}, Cause: err,
				Fields: []fault.Field{{Name: field, Key: "attribute.breaks_flow", Args: map[string]any{"flow": f.Name}}}}
		}
	}
	return nil
}

// DeleteDefinition removes a custom attribute that no flow asks for any more, published or draft. What
// people answered stays in their accounts, unseen.
func (t *Tenant) DeleteDefinition(ctx context.Context, actor audit.Actor, id string) error {
	return t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		d, err := t.Definition(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		flows, err := t.flowsAndDrafts(ctx)
		if err != nil {
			return audit.Event{}, err
		}
		for _, f := range flows {
			if f.Asks(id) {
				return audit.Event{}, &fault.Error{Code: fault.Conflict, Key: "attribute.in_use", Args: map[string]any{"name": d.Name, "flow": f.Name}}
			}
		}
		if err := t.claimsUse(ctx, id, d.Name); err != nil {
			return audit.Event{}, err
		}
		return definitionEvent(d, "Delete custom attribute", "Delete", nil), oneRow(t.u(ctx).Where("id = ?", id).Delete(&DefinitionRow{}))
	})
}
