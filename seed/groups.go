package seed

import (
	"context"
	"slices"

	"portico/app/account"
	"portico/app/fault"
	"portico/models"
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

// ensureGroups gives the new company two groups, one inside the other, and the policyholders their role.
func ensureGroups(ctx context.Context, dir *models.Tenant, c Company) error {
	g := newPeople(Number, c.CreatedAt)
	var holders, testers []string
	for i := range Customers {
		switch p := g.at(i); {
		case slices.Contains(p.Apps, "home") && len(holders) < 40:
			holders = append(holders, p.ID)
		case slices.Contains(p.Apps, "market") && len(testers) < 12:
			testers = append(testers, p.ID)
		}
	}
	customers, err := ensureGroup(ctx, dir, "Policyholders", "Customers of Fernhill Home Insurance with a running policy.", holders)
	if err != nil {
		return err
	}
	panel, err := ensureGroup(ctx, dir, "Customer panel", "People who agreed to try new things first, and all policyholders.", append(testers, customers))
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
