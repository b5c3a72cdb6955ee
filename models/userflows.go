package models

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/tenant"
	"portico/app/userflow"
)

// UserFlow is a published user flow with the apps that use it.
type UserFlow struct {
	userflow.Flow
	ApplicationIDs []string // object ids, sorted
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// FlowVersion is one published version in a flow's history.
type FlowVersion struct {
	userflow.Flow
	CreatedAt time.Time
	ActorName string
}

func flowOf(document, id, tenantID string) (userflow.Flow, error) {
	var f userflow.Flow
	if err := json.Unmarshal([]byte(document), &f); err != nil {
		return f, badJSON("user flow", id, err)
	}
	f.TenantID = tenantID
	return f, nil
}

// cloneFlow copies a flow for editing, its attributes' definitions with it.
func cloneFlow(f userflow.Flow) (userflow.Flow, error) {
	out, err := cloneJSON(f)
	out.TenantID = f.TenantID
	for i := range out.Attributes {
		out.Attributes[i].Definition = f.Attributes[i].Definition
	}
	return out, err
}

func flowEvent(f userflow.Flow, activity, operation string, changes []audit.Change) audit.Event {
	return audit.Event{Activity: activity, Category: "UserFlow", Operation: operation,
		Target: audit.Target{Kind: "userFlow", ID: f.ID, Name: f.Name}, Changes: changes}
}

// flow compares two versions of a flow. Its texts are told by language and id, and many at once by their number.
func (d *differences) flow(old, new userflow.Flow) {
	was, is := old.Texts, new.Texts
	old.Texts, new.Texts = nil, nil
	d.fields("", old, new)
	for _, lang := range languagesOf(was, is) {
		ids := userflow.TextChanges(was[lang], is[lang])
		if len(ids) > 50 {
			d.note("texts/"+lang, "", len(was[lang]), fmt.Sprintf("%d, of which %d differ", len(is[lang]), len(ids)), audit.Public)
			continue
		}
		for _, id := range ids {
			d.note("texts/"+lang+"/"+id, "", was[lang][id], is[lang][id], audit.Public)
		}
	}
}

func languagesOf(a, b map[string]map[string]string) []string {
	all := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(all)
	return slices.Compact(all)
}

// CreateFlow publishes version 1 of a new user flow.
func (t *Tenant) CreateFlow(ctx context.Context, actor audit.Actor, f userflow.Flow) (UserFlow, error) {
	if f.ID == "" {
		f.ID = uuid.NewString()
	}
	f.TenantID, f.Version, f.Name = t.ID, 1, strings.TrimSpace(f.Name)
	f.SignInMethods = union(f.SignInMethods, f.SignUpMethod)
	made := UserFlow{CreatedAt: t.Now(), UpdatedAt: t.Now()}
	err := t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		if err := t.checkFlow(ctx, &f); err != nil {
			return audit.Event{}, err
		}
		made.Flow = f
		if err := t.flowSuits(ctx, f); err != nil {
			return audit.Event{}, err
		}
		if err := t.planSuits(ctx, userflow.MFA{Enforcement: userflow.MFAOff}, f.MFA); err != nil {
			return audit.Event{}, err
		}
		if err := t.flowNameFree(ctx, f); err != nil {
			return audit.Event{}, err
		}
		err := t.w(ctx).Create(&UserFlowRow{ID: f.ID, TenantID: t.ID, Name: f.Name, Published: 1, CreatedAt: made.CreatedAt, UpdatedAt: made.UpdatedAt}).Error
		if err != nil {
			return audit.Event{}, taken(err, "id", "flow.id.taken", nil)
		}
		var d differences
		d.flow(userflow.Flow{}, f)
		return flowEvent(f, "Create user flow", "Add", d.changes), t.addFlowVersion(ctx, actor, f)
	})
	return made, err
}

func (t *Tenant) addFlowVersion(ctx context.Context, actor audit.Actor, f userflow.Flow) error {
	doc, err := json.Marshal(f)
	if err != nil {
		return err
	}
	return t.w(ctx).Create(&UserFlowVersionRow{FlowID: f.ID, Version: f.Version, TenantID: t.ID, Document: string(doc),
		CreatedAt: t.Now(), ActorName: actor.Name}).Error
}

// checkFlow gives the flow's attributes their definitions and says what an admin must mend: what the flow
// alone tells, and what it names that is not there.
func (t *Tenant) checkFlow(ctx context.Context, f *userflow.Flow) error {
	definitions, err := t.definitions(ctx)
	if err != nil {
		return err
	}
	f.Resolve(definitions)
	if err := f.Validate(); err != nil {
		return err
	}
	if err := t.flowLeaves(ctx, *f); err != nil {
		return err
	}
	if err := t.flowProviders(ctx, *f); err != nil {
		return err
	}
	if len(f.Terms) == 0 {
		return nil
	}
	var have []string
	if err := t.q(ctx).Model(&TermsRow{}).Where("id IN ?", f.Terms).Pluck("id", &have).Error; err != nil {
		return err
	}
	for _, id := range f.Terms {
		if !slices.Contains(have, id) {
			return fault.BadField("terms", "flow.terms.unknown", map[string]any{"id": id})
		}
	}
	return nil
}

// planSuits refuses to switch a second factor on in a trial, which has none. What was switched on under
// another plan stays as it is, and rests.
func (t *Tenant) planSuits(ctx context.Context, before, after userflow.MFA) error {
	if after.Enforcement == userflow.MFAOff || after.Enforcement == before.Enforcement {
		return nil
	}
	self, err := t.Get(ctx)
	if err == nil && !self.Governed() {
		err = fault.BadField("mfa", "tenant.trial.feature", nil)
	}
	return err
}

// flowSuits refuses in the staff's directory what would open it or lock administrators out.
func (t *Tenant) flowSuits(ctx context.Context, f userflow.Flow) error {
	self, err := t.Get(ctx)
	if err != nil || self.Kind != tenant.Workforce {
		return err
	}
	return f.ValidateStaff()
}

func (t *Tenant) flowNameFree(ctx context.Context, f userflow.Flow) error {
	var names []string
	if err := t.q(ctx).Model(&UserFlowRow{}).Where("id <> ?", f.ID).Pluck("name", &names).Error; err != nil {
		return err
	}
	for _, n := range names {
		if fold(n) == fold(f.Name) {
			key, args := "flow.name.taken", map[string]any{"name": f.Name}
			return &fault.Error{Code: fault.Conflict, Key: key, Args: args, Fields: []fault.Field{{Name: "name", Key: key, Args: args}}}
		}
	}
	return nil
}

// union adds methods without repeating one, in a stable order.
func union(methods []userflow.Method, more ...userflow.Method) []userflow.Method {
	out := []userflow.Method{}
	for _, m := range append(slices.Clone(methods), more...) {
		if m != "" && !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	slices.Sort(out)
	return out
}

// PublishFlow makes what edit leaves behind the next version. A changed sign-up method is for new people
// only: the methods of every earlier version stay ways to sign in, because there are accounts that were
// made with them (F054). Attempts under way keep the version they started with.
func (t *Tenant) PublishFlow(ctx context.Context, actor audit.Actor, id string, edit func(*userflow.Flow) error) (UserFlow, error) {
	return t.publishFlow(ctx, actor, id, "Update user flow", edit)
}

func (t *Tenant) publishFlow(ctx context.Context, actor audit.Actor, id, activity string, edit func(*userflow.Flow) error) (UserFlow, error) {
	var after UserFlow
	err := t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var row UserFlowRow
		if err := t.lock(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
			return audit.Event{}, found(err)
		}
		before, err := t.Flow(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		after = before
		if after.Flow, err = cloneFlow(before.Flow); err != nil {
			return audit.Event{}, err
		}
		if err := edit(&after.Flow); err != nil {
			return audit.Event{}, err
		}
		f := &after.Flow
		f.ID, f.TenantID, f.Version, f.Name = id, t.ID, before.Version, strings.TrimSpace(f.Name)
		if err := t.keepMethods(ctx, f); err != nil {
			return audit.Event{}, err
		}
		if err := t.checkFlow(ctx, f); err != nil {
			return audit.Event{}, err
		}
		if err := t.flowNameFree(ctx, *f); err != nil {
			return audit.Event{}, err
		}
		var d differences
		d.flow(before.Flow, *f)
		if len(d.changes) == 0 {
			return audit.Event{}, nil
		}
		if err := t.flowSuits(ctx, *f); err != nil {
			return audit.Event{}, err
		}
		if err := t.planSuits(ctx, before.MFA, f.MFA); err != nil {
			return audit.Event{}, err
		}
		f.Version++
		after.UpdatedAt = t.Now()
		if err := t.addFlowVersion(ctx, actor, *f); err != nil {
			return audit.Event{}, err
		}
		d.note("version", "", before.Version, f.Version, audit.Public)
		return flowEvent(*f, activity, "Update", d.changes),
			oneRow(t.u(ctx).Model(&UserFlowRow{}).Where("id = ?", id).Updates(map[string]any{"name": f.Name, "published": f.Version, "updated_at": after.UpdatedAt}))
	})
	return after, err
}

// Flow reads a flow's published version.
func (t *Tenant) Flow(ctx context.Context, id string) (UserFlow, error) {
	all, err := t.flowsWhere(ctx, "f.id = ?", id)
	if err != nil {
		return UserFlow{}, err
	}
	if len(all) == 0 {
		return UserFlow{}, fault.New(fault.NotFound, "error.not_found")
	}
	return all[0], nil
}

// Flows lists every user flow by name. A tenant has few.
func (t *Tenant) Flows(ctx context.Context) ([]UserFlow, error) { return t.flowsWhere(ctx, "1 = 1") }

func (t *Tenant) flowsWhere(ctx context.Context, condition string, args ...any) ([]UserFlow, error) {
	var rows []struct {
		ID        string
		Document  string
		CreatedAt time.Time
		UpdatedAt time.Time
	}
	err := t.r(ctx).Table("user_flows AS f").Select("f.id, v.document, f.created_at, f.updated_at").
		Joins("JOIN user_flow_versions AS v ON v.flow_id = f.id AND v.version = f.published").
		Where("f.tenant_id = ?", t.ID).Where(condition, args...).Order("f.name, f.id").Scan(&rows).Error
	if err != nil {
		return nil, err
	}
	var uses []UserFlowAppRow
	if err := t.q(ctx).Order("application_id").Find(&uses).Error; err != nil {
		return nil, err
	}
	appsOf := map[string][]string{}
	for _, u := range uses {
		appsOf[u.FlowID] = append(appsOf[u.FlowID], u.ApplicationID)
	}
	definitions, err := t.definitions(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]UserFlow, len(rows))
	for i, r := range rows {
		f, err := flowOf(r.Document, r.ID, t.ID)
		if err != nil {
			return nil, err
		}
		f.Resolve(definitions)
		out[i] = UserFlow{Flow: f, ApplicationIDs: appsOf[r.ID], CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC()}
	}
	return out, nil
}

// FlowVersion reads the version that an attempt started with.
func (t *Tenant) FlowVersion(ctx context.Context, id string, version int) (userflow.Flow, error) {
	var r UserFlowVersionRow
	if err := t.q(ctx).Where("flow_id = ? AND version = ?", id, version).Take(&r).Error; err != nil {
		return userflow.Flow{}, found(err)
	}
	f, err := flowOf(r.Document, id, t.ID)
	if err != nil {
		return f, err
	}
	definitions, err := t.definitions(ctx)
	f.Resolve(definitions)
	return f, err
}

// FlowVersions lists a flow's history, newest first.
func (t *Tenant) FlowVersions(ctx context.Context, id string) ([]FlowVersion, error) {
	var rows []UserFlowVersionRow
	if err := t.q(ctx).Where("flow_id = ?", id).Order("version DESC").Find(&rows).Error; err != nil {
		return nil, err
	}
	definitions, err := t.definitions(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]FlowVersion, len(rows))
	for i, r := range rows {
		f, err := flowOf(r.Document, id, t.ID)
		if err != nil {
			return nil, err
		}
		f.Resolve(definitions)
		out[i] = FlowVersion{Flow: f, CreatedAt: r.CreatedAt.UTC(), ActorName: r.ActorName}
	}
	return out, nil
}

// DeleteFlow removes a flow with its history; its apps are left without one, and invitations into it that
// nobody has accepted are revoked. The flow by which administrators sign in stays.
func (t *Tenant) DeleteFlow(ctx context.Context, actor audit.Actor, id string) error {
	return t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		f, err := t.Flow(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		if f.ID == userflow.Administrators {
			return audit.Event{}, fault.New(fault.Conflict, "flow.staff.stays")
		}
		revoked := t.u(ctx).Model(&InvitationRow{}).Where("flow_id = ? AND accepted_at IS NULL AND revoked_at IS NULL", id).UpdateColumn("revoked_at", t.Now())
		if revoked.Error != nil {
			return audit.Event{}, revoked.Error
		}
		var changes []audit.Change
		if n := revoked.RowsAffected; n > 0 {
			changes = append(changes, audit.Change{Property: "invitationsRevoked", New: n})
		}
		for _, row := range []any{&UserFlowAppRow{}, &UserFlowVersionRow{}} {
			if err := t.u(ctx).Where("flow_id = ?", id).Delete(row).Error; err != nil {
				return audit.Event{}, err
			}
		}
		return flowEvent(f.Flow, "Delete user flow", "Delete", changes), oneRow(t.u(ctx).Where("id = ?", id).Delete(&UserFlowRow{}))
	})
}

// AddFlowApp puts an app into a flow. An app is in at most one (F051): a second flow is refused with a
// conflict that names the first. Adding it to the same flow again changes nothing.
func (t *Tenant) AddFlowApp(ctx context.Context, actor audit.Actor, flowID, applicationID string) error {
	return t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		f, err := t.Flow(ctx, flowID)
		if err != nil {
			return audit.Event{}, err
		}
		a, err := t.applicationWhere(ctx, t.lock(ctx).Where("id = ? AND deleted_at IS NULL", applicationID))
		if err != nil {
			return audit.Event{}, err
		}
		if a.Kind == DaemonApp {
			return audit.Event{}, fault.BadField("application", "flow.app.daemon", map[string]any{"app": a.Name})
		}
		var have []UserFlowAppRow
		if err := t.lock(ctx).Where("application_id = ?", applicationID).Find(&have).Error; err != nil {
			return audit.Event{}, err
		}
		if len(have) > 0 {
			if have[0].FlowID == flowID {
				return audit.Event{}, nil
			}
			other, err := t.Flow(ctx, have[0].FlowID)
			if err != nil {
				return audit.Event{}, err
			}
			key, args := "flow.app.taken", map[string]any{"app": a.Name, "flow": other.Name, "flowId": other.ID}
			return audit.Event{}, &fault.Error{Code: fault.Conflict, Key: key, Args: args,
				Fields: []fault.Field{{Name: "application", Key: key, Args: args}}}
		}
		return flowEvent(f.Flow, "Add application to user flow", "Update", []audit.Change{{Property: "application", New: a.Name}}),
			taken(t.w(ctx).Create(&UserFlowAppRow{ApplicationID: applicationID, TenantID: t.ID, FlowID: flowID}).Error, "application", "error.conflict", nil)
	})
}

// RemoveFlowApp takes an app out of a flow.
func (t *Tenant) RemoveFlowApp(ctx context.Context, actor audit.Actor, flowID, applicationID string) error {
	return t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		f, err := t.Flow(ctx, flowID)
		if err != nil {
			return audit.Event{}, err
		}
		a, err := t.Application(ctx, applicationID)
		if err != nil {
			return audit.Event{}, err
		}
		return flowEvent(f.Flow, "Remove application from user flow", "Update", []audit.Change{{Property: "application", Old: a.Name}}),
			oneRow(t.u(ctx).Where("application_id = ? AND flow_id = ?", applicationID, flowID).Delete(&UserFlowAppRow{}))
	})
}
