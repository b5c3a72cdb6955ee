package models

import (
	"context"
	"slices"

	"portico/app/access"
	"portico/app/policy"
	"portico/app/tenant"
)

// KnownTo gives the names of what policies name and what is still there, for validation, sentences and warnings.
// Deleted people and applications are gone. Only what is named is looked up.
func (t *Tenant) KnownTo(ctx context.Context, policies ...policy.Policy) (policy.Known, error) {
	ids := map[policy.ThingKind][]string{}
	for _, p := range policies {
		for _, x := range p.Named() {
			if !slices.Contains(ids[x.Kind], x.ID) {
				ids[x.Kind] = append(ids[x.Kind], x.ID)
			}
		}
	}
	known := policy.Known{}
	var people []UserRow
	if err := t.someByID(ctx, ids[policy.ThingUser], "id", &people, "deleted_at IS NULL", "id", "display_name", "mail"); err != nil {
		return nil, err
	}
	for _, u := range people {
		name := u.DisplayName
		if name == "" {
			name = u.Mail
		}
		known.Add(policy.ThingUser, u.ID, name)
	}
	var groups []GroupRow
	if err := t.someByID(ctx, ids[policy.ThingGroup], "id", &groups, "", "id", "name"); err != nil {
		return nil, err
	}
	for _, g := range groups {
		known.Add(policy.ThingGroup, g.ID, g.Name)
	}
	var apps []ApplicationRow
	if err := t.someByID(ctx, ids[policy.ThingApp], "client_id", &apps, "deleted_at IS NULL", "client_id", "name"); err != nil {
		return nil, err
	}
	for _, a := range apps {
		known.Add(policy.ThingApp, a.ClientID, a.Name)
	}
	var terms []TermsRow
	if err := t.someByID(ctx, ids[policy.ThingTerms], "id", &terms, "", "id", "name"); err != nil {
		return nil, err
	}
	for _, x := range terms {
		known.Add(policy.ThingTerms, x.ID, x.Name)
	}
	var places []LocationRow
	if err := t.someByID(ctx, ids[policy.ThingLocation], "id", &places, "deleted_at IS NULL", "id", "name"); err != nil {
		return nil, err
	}
	for _, l := range places {
		known.Add(policy.ThingLocation, l.ID, l.Name)
	}
	var contexts []ContextRow
	if err := t.someByID(ctx, ids[policy.ThingContext], "id", &contexts, "", "id", "name"); err != nil {
		return nil, err
	}
	for _, x := range contexts {
		known.Add(policy.ThingContext, x.ID, x.Name)
	}
	for _, id := range ids[policy.ThingStrength] {
		x, err := t.Strength(ctx, id)
		if err := ignoreMissing(err); err != nil {
			return nil, err
		}
		if x.ID != "" {
			known.Add(policy.ThingStrength, id, x.Name)
		}
	}
	return known, t.knownStaff(ctx, known, ids)
}

// knownStaff adds what only the administrators' directory has: roles, and the portal itself as an application.
func (t *Tenant) knownStaff(ctx context.Context, known policy.Known, ids map[policy.ThingKind][]string) error {
	portal := slices.Contains(ids[policy.ThingApp], policy.PortalApp)
	if len(ids[policy.ThingRole]) == 0 && !portal {
		return nil
	}
	self, err := t.Get(ctx)
	if err != nil || self.Kind != tenant.Workforce {
		return err
	}
	for _, id := range ids[policy.ThingRole] {
		if r, ok := access.RoleOf(id); ok {
			known.Add(policy.ThingRole, id, r.Name)
		}
	}
	if portal {
		known.Add(policy.ThingApp, policy.PortalApp, "Admin portal")
	}
	return nil
}

// someByID reads a few columns of the rows that have one of the ids.
func (t *Tenant) someByID(ctx context.Context, ids []string, column string, rows any, where string, columns ...string) error {
	if len(ids) == 0 {
		return nil
	}
	q := t.r(ctx).Select(columns).Where(column+" IN ? AND tenant_id || '' = ?", ids, t.ID) // as byID
	if where != "" {
		q = q.Where(where)
	}
	return q.Find(rows).Error
}
