package graph

import (
	"context"
	"slices"

	"portico/app/policy"
	"portico/app/tenant"
	"portico/handlers/graph/odata"
	"portico/models"
)

// What a policy names by its id is another thing in another tenant, or nothing. In configuration files groups, named
// locations, strengths of one's own and terms of use are said by their names. Applications keep their appId, roles,
// contexts and built-in strengths have ids that are the same everywhere, and a person keeps their id: nobody is the
// same person elsewhere, so a file that names one is refused where there is no such person.

// saidByName are the kinds of things that files name, and the property that a complaint is about.
func saidByName(t policy.Thing) (property string, ok bool) {
	switch t.Kind {
	case policy.ThingGroup:
		return "conditions/users/" + t.Property, true
	case policy.ThingLocation:
		return "conditions/locations/" + t.Property, true
	case policy.ThingTerms:
		return "grantControls/termsOfUse", true
	case policy.ThingStrength:
		return "grantControls/authenticationStrength", true
	}
	return "", false
}

// renamedPolicy is a policy whose things are called as the function says. The policy that came in stays as it is.
func renamedPolicy(p conditional, to func(policy.Thing) (string, error)) (conditional, error) {
	called := map[policy.Thing]string{}
	for _, t := range p.Named() {
		if _, ok := saidByName(t); !ok {
			continue
		}
		name, err := to(t)
		if err != nil {
			return p, err
		}
		called[t] = name
	}
	each := func(kind policy.ThingKind, property string, excluded bool, ids []string) []string {
		out := slices.Clone(ids)
		for i, id := range out {
			if name, ok := called[policy.Thing{Kind: kind, ID: id, Property: property, Excluded: excluded}]; ok {
				out[i] = name
			}
		}
		return out
	}
	u := &p.Conditions.Users
	u.IncludeGroups = each(policy.ThingGroup, "includeGroups", false, u.IncludeGroups)
	u.ExcludeGroups = each(policy.ThingGroup, "excludeGroups", true, u.ExcludeGroups)
	if l := p.Conditions.Locations; l != nil {
		p.Conditions.Locations = &policy.Locations{Include: each(policy.ThingLocation, "includeLocations", false, l.Include),
			Exclude: each(policy.ThingLocation, "excludeLocations", true, l.Exclude)}
	}
	if g := p.GrantControls; g != nil {
		now := *g
		now.TermsOfUse = each(policy.ThingTerms, "termsOfUse", false, g.TermsOfUse)
		if g.Strength != nil {
			now.Strength = &policy.StrengthRef{ID: each(policy.ThingStrength, "authenticationStrength", false, []string{g.Strength.ID})[0]}
		}
		p.GrantControls = &now
	}
	return p, nil
}

// policiesForFiles says by name what a name tells apart; a name that several have, or that is a word of the
// condition, would be read as something else, so the id stays.
func policiesForFiles(ctx context.Context, c *call, rows []conditional) error {
	known, err := c.tenant.KnownTo(ctx, rows...)
	if err != nil {
		return err
	}
	n := names{tenant: c.tenant}
	for i := range rows {
		rows[i], err = renamedPolicy(rows[i], func(t policy.Thing) (string, error) {
			name, ok := known.Name(t.Kind, t.ID)
			if !ok || t.Kind == policy.ThingStrength && builtInStrength(t.ID) {
				return t.ID, nil
			}
			ids, err := n.ids(ctx, t.Kind, name)
			if err != nil || len(ids) != 1 {
				return t.ID, err
			}
			return name, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func builtInStrength(id string) bool {
	return slices.ContainsFunc(policy.BuiltInStrengths(), func(s policy.Strength) bool { return s.ID == id })
}

// policyFromFile turns the names of a file into this tenant's ids. The API itself takes ids only, as Graph does.
func policyFromFile(ctx context.Context, c *call, p *conditional) error {
	if c.by == nil {
		return nil
	}
	n := names{tenant: c.tenant}
	now, err := renamedPolicy(*p, func(t policy.Thing) (string, error) {
		property, _ := saidByName(t)
		return n.id(ctx, t.Kind, t.ID, property)
	})
	if err == nil {
		*p = now
	}
	return err
}

// methodsForFiles and methodsFromFile are the same for the groups of the authentication methods policy, which is
// among the settings of the organization.
func methodsForFiles(ctx context.Context, c *call, rows []organization) error {
	n := names{tenant: c.tenant}
	for i := range rows {
		err := eachMethodGroup(&rows[i].Settings.Methods, func(id, _ string) (string, error) {
			g, err := c.tenant.Group(ctx, id)
			if err != nil {
				return id, missing(err, id)
			}
			ids, err := n.ids(ctx, policy.ThingGroup, g.Name)
			if err != nil || len(ids) != 1 {
				return id, err
			}
			return g.Name, nil
		})
		if err != nil {
			return err
		}
		rows[i].Settings.Methods = rows[i].Settings.Methods.Tidied() // as a file is read
	}
	return nil
}

func methodsFromFile(ctx context.Context, c *call, p *tenant.MethodsPolicy) error {
	if c.by == nil {
		return nil
	}
	n := names{tenant: c.tenant}
	if err := eachMethodGroup(p, func(said, property string) (string, error) { return n.id(ctx, policy.ThingGroup, said, property) }); err != nil {
		return err
	}
	*p = p.Tidied()
	return nil
}

// eachMethodGroup replaces the groups of every rule, in new lists.
func eachMethodGroup(p *tenant.MethodsPolicy, to func(said, property string) (string, error)) error {
	for _, rule := range []struct {
		name string
		*tenant.MethodRule
	}{{"email", &p.Email}, {"sms", &p.SMS.MethodRule}, {"softwareOath", &p.TOTP}, {"fido2", &p.Passkey.MethodRule}, {"recovery", &p.Recovery}} {
		for _, part := range []struct {
			name string
			list *[]string
		}{{"includeGroups", &rule.Include}, {"excludeGroups", &rule.Exclude}} {
			out := slices.Clone(*part.list)
			for i, said := range out {
				now, err := to(said, "portico/settings/authenticationMethods/"+rule.name+"/"+part.name)
				if err != nil {
					return err
				}
				out[i] = now
			}
			*part.list = out
		}
	}
	return nil
}

// names finds things by what they are called.
type names struct{ tenant *models.Tenant }

// ids are those that have the name: none for what cannot be said by name.
func (n names) ids(ctx context.Context, kind policy.ThingKind, name string) ([]string, error) {
	if odata.IsGUID(name) || sameKey(name, policy.All) || sameKey(name, policy.AllTrusted) {
		return nil, nil
	}
	var out []string
	add := func(id, called string) {
		if sameKey(called, name) {
			out = append(out, id)
		}
	}
	switch kind {
	case policy.ThingGroup:
		q := models.GroupQuery{Search: name, Limit: 200}
		for {
			page, err := n.tenant.Groups(ctx, q)
			if err != nil {
				return nil, err
			}
			for _, g := range page.Items {
				add(g.ID, g.Name)
			}
			if q.After = page.Next; q.After == "" {
				return out, nil
			}
		}
	case policy.ThingLocation:
		all, err := n.tenant.Locations(ctx)
		for _, l := range all {
			add(l.ID, l.Name)
		}
		return out, err
	case policy.ThingStrength:
		all, err := n.tenant.Strengths(ctx)
		for _, s := range all {
			add(s.ID, s.Name)
		}
		return out, err
	case policy.ThingTerms:
		all, err := n.tenant.AllTerms(ctx)
		for _, x := range all {
			add(x.ID, x.Name)
		}
		return out, err
	}
	return nil, nil
}

// id is the one thing that a file means; an id is taken too, and checked when the policy is saved.
func (n names) id(ctx context.Context, kind policy.ThingKind, said, property string) (string, error) {
	if odata.IsGUID(said) {
		return clientID(said), nil
	}
	what := map[policy.ThingKind]string{policy.ThingGroup: "group", policy.ThingLocation: "named location",
		policy.ThingStrength: "authentication strength", policy.ThingTerms: "terms of use"}[kind]
	ids, err := n.ids(ctx, kind, said)
	switch {
	case err != nil:
		return "", err
	case len(ids) == 0:
		return "", invalidValue(property, ": there is no "+what+" named '"+clipped(said)+"' in this tenant; make it first")
	case len(ids) > 1:
		return "", invalidValue(property, ": several are named '"+clipped(said)+"'; say which by its id")
	}
	return ids[0], nil
}
