package seed

import (
	"context"
	"slices"

	"portico/app/account"
	"portico/app/fault"
	"portico/models"
)

// Names of the groups that have members.
const (
	holdersGroup = "Policyholders"
	panelGroup   = "Customer panel"
)

// policyholder is the app role of the home insurance.
const policyholder = "policyholder"

// sampleRoles are the roles that a sample application declares.
func sampleRoles(tenantID, slug string) []models.AppRole {
	if slug != "home" {
		return nil
	}
	return []models.AppRole{{ID: derivedID(tenantID, policyholder), Value: "Policy.Holder", Name: "Policyholders", Description: "Sees their policies and reports a loss.",
		MemberTypes: []string{models.RoleForUsers}, Enabled: true}}
}

// members are who is in the groups: policyholders, and those who try new things.
func members(g people) (holders, testers []string) {
	for i := range Customers {
		switch p := g.at(i); {
		case slices.Contains(p.Apps, "home") && len(holders) < 40:
			holders = append(holders, p.ID)
		case slices.Contains(p.Apps, "market") && len(testers) < 12:
			testers = append(testers, p.ID)
		}
	}
	return holders, testers
}

// groupsByPerson are the groups that somebody is in, the outer one counted, as a decision would see them.
func groupsByPerson(tenantID string, g people) map[string][]string {
	holders, testers := members(g)
	inner, outer := derivedID(tenantID, "group "+holdersGroup), derivedID(tenantID, "group "+panelGroup)
	both := []string{inner, outer}
	slices.Sort(both)
	out := map[string][]string{}
	for _, id := range holders {
		out[id] = both
	}
	for _, id := range testers {
		out[id] = []string{outer}
	}
	return out
}

// ensureGroups gives the new company two groups, one inside the other, and the policyholders their role.
func ensureGroups(ctx context.Context, dir *models.Tenant, c Company) error {
	holders, testers := members(newPeople(Number, c.CreatedAt))
	customers, err := ensureGroup(ctx, dir, holdersGroup, "Customers of Fernhill Home Insurance with a running policy.", holders)
	if err != nil {
		return err
	}
	panel, err := ensureGroup(ctx, dir, panelGroup, "People who agreed to try new things first, and all policyholders.", append(testers, customers))
	if err != nil || panel == "" {
		return err
	}
	home, err := dir.ApplicationByClient(ctx, derivedID(dir.ID, "home"))
	if err != nil || customers == "" {
		return ignoreGone(err)
	}
	_, err = dir.AssignAppRole(ctx, actor(), models.AppRoleAssignment{ApplicationID: home.ID, PrincipalID: customers, RoleID: derivedID(dir.ID, policyholder)})
	if fault.Is(err, fault.Invalid) { // somebody removed the role
		return nil
	}
	return ignoreGone(unlessTaken(err))
}

// ensureGroup makes a group with its members and gives its id.
func ensureGroup(ctx context.Context, dir *models.Tenant, name, description string, members []string) (string, error) {
	g, err := dir.CreateGroup(ctx, actor(), account.Group{ID: derivedID(dir.ID, "group "+name), Name: name, Description: description})
	if fault.Is(err, fault.Conflict) { // another instance was faster, or somebody has one of that name
		return derivedID(dir.ID, "group "+name), nil
	}
	if err != nil {
		return "", err
	}
	_, _, _, err = dir.AddMembers(ctx, actor(), g.ID, members)
	return g.ID, err
}
