package models

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/userflow"
)

// FlowDraft is what an admin is working at, beside the published version.
type FlowDraft struct {
	userflow.Flow
	Base      int // the published version that it began from
	Revision  int // of this save; the next save names it
	ActorName string
	At        time.Time
}

// Draft reads a flow's draft; false when there is none.
func (t *Tenant) Draft(ctx context.Context, id string) (FlowDraft, bool, error) {
	var row UserFlowRow
	if err := t.q(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
		return FlowDraft{}, false, found(err)
	}
	return t.draftOf(ctx, row)
}

func (t *Tenant) draftOf(ctx context.Context, row UserFlowRow) (FlowDraft, bool, error) {
	if row.Draft == "" {
		return FlowDraft{}, false, nil
	}
	d := FlowDraft{Base: row.DraftBase, Revision: row.DraftRevision, ActorName: row.DraftActor, At: timeOf(row.DraftAt)}
	f, err := flowOf(row.Draft, row.ID, t.ID)
	if err != nil {
		return d, false, err
	}
	definitions, err := t.definitions(ctx)
	f.Resolve(definitions)
	d.Flow = f
	return d, true, err
}

// draftMoved says that the draft is not the one that the admin saw.
func draftMoved(d FlowDraft, has bool, revision int) error {
	switch {
	case has && revision != d.Revision:
		return &fault.Error{Code: fault.Conflict, Key: "flow.draft.changed", Args: map[string]any{"name": d.ActorName}}
	case !has && revision != 0:
		return fault.New(fault.Conflict, "flow.draft.gone")
	}
	return nil
}

// SaveDraft changes the draft, beginning one from the published version if there is none. revision is the
// one that the admin saw (0 = none yet): fault.Conflict when somebody saved, published or discarded it in
// between. Customers see nothing of it before PublishDraft.
func (t *Tenant) SaveDraft(ctx context.Context, actor audit.Actor, id string, revision int, edit func(*userflow.Flow) error) (FlowDraft, error) {
	var d FlowDraft
	err := t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var row UserFlowRow
		if err := t.lock(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
			return audit.Event{}, found(err)
		}
		published, err := t.Flow(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		var has bool
		if d, has, err = t.draftOf(ctx, row); err != nil {
			return audit.Event{}, err
		}
		if err := draftMoved(d, has, revision); err != nil {
			return audit.Event{}, err
		}
		if !has {
			d.Flow, d.Base = published.Flow, published.Version
		}
		before := d.Flow
		if d.Flow, err = cloneFlow(before); err != nil {
			return audit.Event{}, err
		}
		f := &d.Flow
		if err := edit(f); err != nil {
			return audit.Event{}, err
		}
		f.ID, f.TenantID, f.Version, f.Name = id, t.ID, published.Version, strings.TrimSpace(f.Name)
		if err := t.keepMethods(ctx, f); err != nil {
			return audit.Event{}, err
		}
		if err := t.checkFlow(ctx, f); err != nil {
			return audit.Event{}, err
		}
		if err := t.flowNameFree(ctx, *f); err != nil {
			return audit.Event{}, err
		}
		if err := t.flowSuits(ctx, *f); err != nil {
			return audit.Event{}, err
		}
		var diff differences
		diff.flow(before, *f)
		if len(diff.changes) == 0 {
			return audit.Event{}, nil
		}
		doc, err := json.Marshal(f)
		if err != nil {
			return audit.Event{}, err
		}
		d.Revision, d.ActorName, d.At = row.DraftRevision+1, actor.Name, t.Now()
		return flowEvent(*f, "Save draft of user flow", "Update", diff.changes),
			oneRow(t.u(ctx).Model(&UserFlowRow{}).Where("id = ?", id).UpdateColumns(map[string]any{"draft": string(doc), "draft_base": d.Base,
				"draft_revision": d.Revision, "draft_actor": d.ActorName, "draft_at": d.At}))
	})
	return d, err
}

// RestoreVersion makes an earlier version the draft: nobody meets it before it is published again. What the
// version names and is gone since (an attribute, terms) is said as when such a draft is saved.
func (t *Tenant) RestoreVersion(ctx context.Context, actor audit.Actor, id string, version, revision int) (FlowDraft, error) {
	old, err := t.FlowVersion(ctx, id, version)
	if err != nil {
		return FlowDraft{}, err
	}
	return t.SaveDraft(ctx, actor, id, revision, func(f *userflow.Flow) error { *f = old; return nil })
}

// PublishDraft makes the draft the next version for everybody who begins a sign-in from now on. When another
// version was published since the draft began, it refuses once, so that somebody looks at what the draft
// would take back; the second time stands.
func (t *Tenant) PublishDraft(ctx context.Context, actor audit.Actor, id string, revision int) (UserFlow, error) {
	var after UserFlow
	overtaken := false
	err := t.InTx(ctx, func(t *Tenant) error {
		var row UserFlowRow
		if err := t.lock(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
			return found(err)
		}
		d, has, err := t.draftOf(ctx, row)
		switch {
		case err != nil:
			return err
		case !has:
			return fault.New(fault.Conflict, "flow.draft.none")
		}
		if err := draftMoved(d, has, revision); err != nil {
			return err
		}
		if overtaken = d.Base != row.Published; overtaken {
			return t.u(ctx).Model(&UserFlowRow{}).Where("id = ?", id).UpdateColumn("draft_base", row.Published).Error
		}
		if after, err = t.publishFlow(ctx, actor, id, "Publish user flow", func(f *userflow.Flow) error { *f = d.Flow; return nil }); err != nil {
			return err
		}
		return t.dropDraft(ctx, id)
	})
	if err == nil && overtaken {
		return after, fault.New(fault.Conflict, "flow.draft.overtaken")
	}
	return after, err
}

// DiscardDraft throws away the draft that the admin saw: fault.Conflict when it is another one by now. Where
// there was none and is none, nothing happens.
func (t *Tenant) DiscardDraft(ctx context.Context, actor audit.Actor, id string, revision int) error {
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var row UserFlowRow
		if err := t.lock(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
			return audit.Event{}, found(err)
		}
		d, has, err := t.draftOf(ctx, row)
		if err != nil {
			return audit.Event{}, err
		}
		if err := draftMoved(d, has, revision); err != nil || !has {
			return audit.Event{}, err
		}
		return flowEvent(d.Flow, "Discard draft of user flow", "Delete", nil), t.dropDraft(ctx, id)
	})
}

// dropDraft keeps the revision, so that a form of the old draft does not fit the next one.
func (t *Tenant) dropDraft(ctx context.Context, id string) error {
	return oneRow(t.u(ctx).Model(&UserFlowRow{}).Where("id = ?", id).UpdateColumns(map[string]any{"draft": "", "draft_base": 0, "draft_actor": "", "draft_at": nil}))
}

// keepMethods keeps the methods of every earlier version as ways to sign in, because there are accounts
// that were made with them (F054).
func (t *Tenant) keepMethods(ctx context.Context, f *userflow.Flow) error {
	versions, err := t.FlowVersions(ctx, f.ID)
	if err != nil {
		return err
	}
	f.SignInMethods = union(f.SignInMethods, f.SignUpMethod)
	for _, v := range versions {
		f.SignInMethods = union(f.SignInMethods, v.SignUpMethod)
	}
	return nil
}

// flowsAndDrafts are the flows that something must fit into: every published one, and every draft.
func (t *Tenant) flowsAndDrafts(ctx context.Context) ([]userflow.Flow, error) {
	published, err := t.Flows(ctx)
	if err != nil {
		return nil, err
	}
	var rows []UserFlowRow
	if err := t.q(ctx).Where("draft <> ''").Order("id").Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]userflow.Flow, 0, len(published)+len(rows))
	for _, f := range published {
		out = append(out, f.Flow)
	}
	for _, r := range rows {
		d, _, err := t.draftOf(ctx, r)
		if err != nil {
			return nil, err
		}
		out = append(out, d.Flow)
	}
	return out, nil
}
