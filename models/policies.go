package models

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/policy"
	"portico/app/record"
)

// maxPolicies is how many Conditional Access policies a tenant may have. Evaluate is measured with 200.
const maxPolicies = 240

// policyRestore is how long deleted policies and named locations can be brought back (R 13.4 has it for people).
const policyRestore = purgeAfter

func (r PolicyRow) value() (policy.Policy, error) {
	var p policy.Policy
	if err := json.Unmarshal([]byte(r.Document), &p); err != nil {
		return p, badJSON("policy", r.ID, err)
	}
	p.ID, p.CreatedAt, p.ModifiedAt, p.DeletedAt = r.ID, r.CreatedAt.UTC(), timeOf(r.ModifiedAt), timeOf(r.DeletedAt)
	return p, nil
}

func policyEvent(p policy.Policy, activity, operation string, changes []audit.Change) audit.Event {
	return audit.Event{Activity: activity, Category: "Policy", Operation: operation,
		Target: audit.Target{Kind: "policy", ID: p.ID, Name: p.Name}, Changes: changes}
}

// policyChanges are the differences of two policies, condition by condition.
func policyChanges(before, after policy.Policy) []audit.Change {
	a, b := before.Conditions, after.Conditions
	for _, p := range []*policy.Policy{&before, &after} {
		p.ID, p.Conditions, p.CreatedAt, p.ModifiedAt = "", policy.Conditions{}, time.Time{}, time.Time{}
	}
	var d differences
	d.fields("", before, after)
	d.fields("conditions.", a, b)
	return d.changes
}

// valuesOf reads the documents of rows.
func valuesOf[R interface{ value() (V, error) }, V any](rows []R) ([]V, error) {
	out := make([]V, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = r.value(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Policies lists the Conditional Access policies, oldest first.
func (t *Tenant) Policies(ctx context.Context) ([]policy.Policy, error) {
	var rows []PolicyRow
	if err := t.q(ctx).Where("deleted_at IS NULL").Order("created_at, id").Find(&rows).Error; err != nil {
		return nil, err
	}
	return valuesOf(rows)
}

// DeletedPolicies lists those that can be restored, the latest first.
func (t *Tenant) DeletedPolicies(ctx context.Context) ([]policy.Policy, error) {
	var rows []PolicyRow
	if err := t.q(ctx).Where("deleted_at > ?", t.Now().Add(-policyRestore)).Order("deleted_at DESC, id").Find(&rows).Error; err != nil {
		return nil, err
	}
	return valuesOf(rows)
}

// Policy reads one that is not deleted.
func (t *Tenant) Policy(ctx context.Context, id string) (policy.Policy, error) {
	var r PolicyRow
	if err := t.q(ctx).Where("id = ? AND deleted_at IS NULL", strings.ToLower(id)).Take(&r).Error; err != nil {
		return policy.Policy{}, found(err)
	}
	return r.value()
}

// PolicySet compiles what is stored at this moment. Doors read the directory's snapshot; this is for whoever is
// about to change it.
func (t *Tenant) PolicySet(ctx context.Context) (*policy.Set, error) {
	r, err := t.rules(ctx)
	return r.Compile(), err
}

// rules are the policies with what they name.
func (t *Tenant) rules(ctx context.Context) (policy.Rules, error) {
	var r policy.Rules
	var err error
	if r.Policies, err = t.Policies(ctx); err != nil {
		return r, err
	}
	if r.Locations, err = t.Locations(ctx); err != nil {
		return r, err
	}
	r.Strengths, err = t.Strengths(ctx)
	return r, err
}

// CheckPolicy says what is wrong with a policy that would be saved in place of before (the zero policy for a new
// one). What it named before may be gone meanwhile: that is shown, and does not stand in the way of a change, least
// of all of switching it off. The same goes for a rule that it broke before, because the rule is younger: it may be
// switched off, and mended bit by bit. What it asks for, and the
// places that it is about, must be there when it is switched on: it would hold for everybody.
func (t *Tenant) CheckPolicy(ctx context.Context, before, after policy.Policy) error {
	known, err := t.KnownTo(ctx, after)
	if err != nil {
		return err
	}
	switched := after.State == policy.On && before.State != policy.On
	for _, x := range before.Named() {
		if switched && needed(x) {
			continue
		}
		if _, ok := known.Name(x.Kind, x.ID); !ok {
			known.Add(x.Kind, x.ID, "")
		}
	}
	err = policy.Validate(after, known)
	if switched || before.ID == "" {
		return err
	}
	return newComplaints(err, policy.Validate(before, known))
}

// newComplaints are those about fields that were not there before, word for word.
func newComplaints(err, before error) error {
	if !fault.Is(err, fault.Invalid) || !fault.Is(before, fault.Invalid) {
		return err
	}
	was := fault.Of(before).Fields
	return fault.Fields(slices.DeleteFunc(slices.Clone(fault.Of(err).Fields), func(f fault.Field) bool {
		return slices.ContainsFunc(was, func(w fault.Field) bool {
			return w.Name == f.Name && w.Key == f.Key && reflect.DeepEqual(w.Args, f.Args)
		})
	})).Err()
}

// needed reports whether a policy holds for more people than it says when a thing is gone: nobody can show what it
// asks for, and of a place nobody can tell, which counts as being there. People and groups that are gone are nobody.
func needed(x policy.Thing) bool {
	return x.Kind == policy.ThingTerms || x.Kind == policy.ThingStrength || x.Kind == policy.ThingLocation
}

// CreatePolicy makes a policy. from is where the acting admin is, for the lock-out guard.
func (t *Tenant) CreatePolicy(ctx context.Context, actor audit.Actor, p policy.Policy, from record.Signals) (policy.Policy, error) {
	if p.ID = strings.ToLower(p.ID); p.ID == "" {
		p.ID = uuid.NewString()
	}
	p = p.Tidied()
	p.ModifiedAt, p.DeletedAt = time.Time{}, time.Time{}
	err := t.govern(ctx, actor, &from, func(t *Tenant) (audit.Event, error) {
		if err := t.room(ctx, &PolicyRow{}, maxPolicies, "policy.many"); err != nil {
			return audit.Event{}, err
		}
		if err := t.CheckPolicy(ctx, policy.Policy{}, p); err != nil {
			return audit.Event{}, err
		}
		p.CreatedAt = t.Now()
		doc, err := json.Marshal(p)
		if err != nil {
			return audit.Event{}, err
		}
		err = t.w(ctx).Create(&PolicyRow{ID: p.ID, TenantID: t.ID, Name: p.Name, State: string(p.State), Document: string(doc), CreatedAt: p.CreatedAt}).Error
		return policyEvent(p, "Add conditional access policy", "Add", policyChanges(policy.Policy{}, p)), taken(err, "id", "policy.id.taken", nil)
	})
	return p, err
}

// UpdatePolicy changes what edit changes. from is where the acting admin is, for the lock-out guard.
func (t *Tenant) UpdatePolicy(ctx context.Context, actor audit.Actor, id string, from record.Signals, edit func(*policy.Policy) error) (policy.Policy, error) {
	var after policy.Policy
	err := t.govern(ctx, actor, &from, func(t *Tenant) (audit.Event, error) {
		before, err := t.Policy(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		if after, err = cloneJSON(before); err != nil {
			return audit.Event{}, err
		}
		if err := edit(&after); err != nil {
			return audit.Event{}, err
		}
		after = after.Tidied()
		after.ID, after.TemplateID, after.CreatedAt, after.ModifiedAt, after.DeletedAt = before.ID, before.TemplateID, before.CreatedAt, before.ModifiedAt, time.Time{}
		changes := policyChanges(before, after)
		if len(changes) == 0 {
			return audit.Event{}, nil
		}
		if err := t.CheckPolicy(ctx, before, after); err != nil {
			return audit.Event{}, err
		}
		after.ModifiedAt = t.Now()
		doc, err := json.Marshal(after)
		if err != nil {
			return audit.Event{}, err
		}
		return policyEvent(after, "Update conditional access policy", "Update", changes), oneRow(t.u(ctx).Model(&PolicyRow{}).Where("id = ?", after.ID).
			Updates(map[string]any{"name": after.Name, "state": string(after.State), "document": string(doc), "modified_at": after.ModifiedAt}))
	})
	return after, err
}

// DeletePolicy puts a policy away for 30 days.
func (t *Tenant) DeletePolicy(ctx context.Context, actor audit.Actor, id string) error {
	return t.inOrder(ctx, actor, func(t *Tenant) (audit.Event, error) {
		p, err := t.Policy(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		return policyEvent(p, "Delete conditional access policy", "Delete", policyChanges(p, policy.Policy{})),
			oneRow(t.u(ctx).Model(&PolicyRow{}).Where("id = ? AND deleted_at IS NULL", p.ID).Update("deleted_at", t.Now()))
	})
}

// RestorePolicy brings a deleted policy back. One that was on comes back in report-only: the directory has changed
// without it, so whoever switches it on sees first what it would do. What it names may be gone meanwhile, which its
// page shows.
func (t *Tenant) RestorePolicy(ctx context.Context, actor audit.Actor, id string) (policy.Policy, error) {
	var p policy.Policy
	err := t.govern(ctx, actor, nil, func(t *Tenant) (audit.Event, error) {
		var r PolicyRow
		if err := t.lock(ctx).Where("id = ? AND deleted_at > ?", strings.ToLower(id), t.Now().Add(-policyRestore)).Take(&r).Error; err != nil {
			return audit.Event{}, found(err)
		}
		if err := t.room(ctx, &PolicyRow{}, maxPolicies, "policy.many"); err != nil {
			return audit.Event{}, err
		}
		var err error
		if p, err = r.value(); err != nil {
			return audit.Event{}, err
		}
		changes := []audit.Change{{Property: "deletedDateTime", Old: p.DeletedAt}}
		if p.DeletedAt = (time.Time{}); p.State == policy.On {
			p.State = policy.ReportOnly
			changes = append(changes, audit.Change{Property: "state", Old: policy.On, New: p.State})
		}
		doc, err := json.Marshal(p)
		if err != nil {
			return audit.Event{}, err
		}
		return policyEvent(p, "Restore conditional access policy", "Update", changes),
			oneRow(t.u(ctx).Model(&PolicyRow{}).Where("id = ?", p.ID).Updates(map[string]any{"deleted_at": nil, "state": string(p.State), "document": string(doc)}))
	})
	return p, err
}

// PurgePolicies erases policies and named locations whose 30 days are over, and says how many.
func (t *Tenant) PurgePolicies(ctx context.Context, actor audit.Actor) (int, error) {
	n := 0
	err := t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		for _, row := range []any{&PolicyRow{}, &LocationRow{}} {
			r := t.u(ctx).Where("deleted_at <= ?", t.Now().Add(-policyRestore)).Delete(row)
			if r.Error != nil {
				return audit.Event{}, r.Error
			}
			n += int(r.RowsAffected)
		}
		if n == 0 {
			return audit.Event{}, nil
		}
		return audit.Event{Activity: "Hard delete conditional access policies", Category: "Policy", Operation: "Delete",
			Target: audit.Target{Kind: "tenant", ID: t.ID}, Changes: []audit.Change{{Property: "count", Old: n}}}, nil
	})
	return n, err
}

// room refuses one more than most of something that is not deleted.
func (t *Tenant) room(ctx context.Context, row any, most int, key string) error {
	q := t.q(ctx).Model(row)
	if _, ok := row.(*StrengthRow); !ok {
		q = q.Where("deleted_at IS NULL")
	}
	var n int64
	if err := q.Count(&n).Error; err != nil {
		return err
	}
	if n >= int64(most) {
		return fault.BadField("displayName", key, map[string]any{"max": most})
	}
	return nil
}
