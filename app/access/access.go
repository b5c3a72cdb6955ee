// Package access knows which admin role grants which permission. One pure function, Allow, answers
// for the portal, the management API and the command line alike. Permission names are Graph's.
package access

import "slices"

// AllTenants as an assignment's tenant means every tenant of the installation.
const AllTenants = "*"

// MostRoles is how many roles one admin may have that reach one tenant (R 10.2.1).
const MostRoles = 20

// Assignment gives a role in one tenant, or in AllTenants.
type Assignment struct {
	RoleID   string
	TenantID string
}

// FirstAdmin is what the first admin of an installation gets: all rights over every tenant, and the
// installation itself.
func FirstAdmin() []Assignment {
	return []Assignment{{GlobalAdministratorID, AllTenants}, {InstallationOperatorID, AllTenants}}
}

// Reaches reports whether the assignment counts in a tenant.
func (a Assignment) Reaches(tenantID string) bool {
	return a.TenantID == tenantID || a.TenantID == AllTenants
}

// Allow reports whether the assignments grant the permission in the tenant.
func Allow(have []Assignment, tenantID string, want Permission) bool {
	for _, a := range have {
		if a.Reaches(tenantID) {
			if r, ok := RoleOf(a.RoleID); ok && Grants(r.Permissions, want) {
				return true
			}
		}
	}
	return false
}

// Grants reports whether a set of permissions includes one, also by what the others bring along.
func Grants(have []Permission, want Permission) bool {
	for _, p := range have {
		if p == want || readOf(p) == want || slices.Contains(brings(p), want) {
			return true
		}
	}
	return false
}

// Covers reports whether a holder of have may give all of want: nobody can grant a right they do not
// hold (DESIGN §9.8).
func Covers(have, want []Permission) bool {
	return holdsAll(func(p Permission) bool { return Grants(have, p) }, want)
}

// Holds answers whether somebody has a right in a tenant (or in AllTenants): an admin by their roles
// (Rights), a program by its token.
type Holds func(tenantID string, p Permission) bool

// Rights are what assignments come to.
func Rights(have []Assignment) Holds {
	return func(tenantID string, p Permission) bool { return Allow(have, tenantID, p) }
}

// Over reports whether everything that the owner of the assignments may do, anywhere, is also the right of
// whoever asks. Only then may one person change how another gets in (password, sign-in methods, addresses,
// recovery codes, links) or whether they can: each of these is a way to become the other. Two people with
// the same rights are over each other. A role that nobody knows gives nothing, so it protects nothing.
func Over(mine Holds, theirs []Assignment) bool {
	return !slices.ContainsFunc(theirs, func(a Assignment) bool { return !covered(mine, a) })
}

// MayGrant reports whether a role may be given, or taken back, by whoever asks: they may give roles where
// it reaches, and hold all that it brings.
func MayGrant(mine Holds, a Assignment) bool {
	r, ok := RoleOf(a.RoleID)
	return ok && mine(a.TenantID, RoleWrite) && (!r.Installation || a.TenantID == AllTenants) && covered(mine, a)
}

func covered(mine Holds, a Assignment) bool {
	r, _ := RoleOf(a.RoleID)
	return holdsAll(func(p Permission) bool { return mine(a.TenantID, p) }, r.Permissions)
}

func holdsAll(holds func(Permission) bool, want []Permission) bool {
	for _, w := range want {
		for _, p := range Needed(w) {
			if !holds(p) {
				return false
			}
		}
	}
	return true
}
