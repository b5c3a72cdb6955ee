// Package access knows which admin role grants which permission. One pure function, Allow, answers
// for the portal, the management API and the command line alike. Permission names are Graph's.
package access

// Permission is a Graph permission name, e.g. "User.ReadWrite.All".
type Permission string

const (
	UserRead          Permission = "User.Read.All"
	UserWrite         Permission = "User.ReadWrite.All"
	AppRead           Permission = "Application.Read.All"
	AppWrite          Permission = "Application.ReadWrite.All"
	FlowRead          Permission = "EventListener.Read.All"
	FlowWrite         Permission = "EventListener.ReadWrite.All"
	AttributeRead     Permission = "IdentityUserFlow.Read.All" // custom attributes
	AttributeWrite    Permission = "IdentityUserFlow.ReadWrite.All"
	Invite            Permission = "User.Invite.All"
	AuditRead         Permission = "AuditLog.Read.All"
	OrganizationRead  Permission = "Organization.Read.All"
	OrganizationWrite Permission = "Organization.ReadWrite.All"
	RoleRead          Permission = "RoleManagement.Read.Directory"
	RoleWrite         Permission = "RoleManagement.ReadWrite.Directory"
	PolicyRead        Permission = "Policy.Read.All"
	GroupRead         Permission = "Group.Read.All"
	GroupWrite        Permission = "Group.ReadWrite.All"
	AssignmentWrite   Permission = "AppRoleAssignment.ReadWrite.All"        // who has which app role
	MethodRead        Permission = "UserAuthenticationMethod.Read.All"      // how people prove who they are
	MethodWrite       Permission = "UserAuthenticationMethod.ReadWrite.All" //
	PasswordWrite     Permission = "User-PasswordProfile.ReadWrite.All"     // give a temporary password
	EnableWrite       Permission = "User.EnableDisableAccount.All"          //
	RevokeWrite       Permission = "User.RevokeSessions.All"                //
	DeleteRestore     Permission = "User.DeleteRestore.All"                 //
	ExportData        Permission = "User.Export.All"                        // everything held about a person; whole lists
	HelpDesk          Permission = "Portico.HelpDesk.All"                   // ours: masked people, checks of callers
	TenantOperate     Permission = "Portico.Tenant.ReadWrite.All"           // ours: of the installation, not of a tenant
	DirectoryRead     Permission = "Directory.Read.All"
	DirectoryWrite    Permission = "Directory.ReadWrite.All"

	// Delegated: an app has them only together with the person who is signed in to it.
	OwnWrite   Permission = "User.ReadWrite"                     // the person's own record
	AsSignedIn Permission = "Directory.AccessAsUser.All"         // all that an administrator's roles allow
	OwnMethods Permission = "UserAuthenticationMethod.ReadWrite" // how the person proves who they are
	OwnRead    Permission = "User.Read"                          // any app may ask for it; it needs no grant
)

// Role is an admin role with its template id, as the vendor publishes them.
type Role struct {
	ID          string
	Name        string
	Permissions []Permission
}

// AllTenants as an assignment's tenant means every tenant of the installation.
const AllTenants = "*"

// Assignment gives a role in one tenant, or in AllTenants.
type Assignment struct {
	RoleID   string
	TenantID string
}

// GlobalAdministratorID is the vendor's role template id.
const GlobalAdministratorID = "62e90394-69f5-4237-9190-012177145e10"

// All lists every permission; an API client made without naming any has all of its tenant's.
func All() []Permission {
	return []Permission{UserRead, UserWrite, AppRead, AppWrite, FlowRead, FlowWrite, AttributeRead, AttributeWrite, Invite, AuditRead, OrganizationRead,
		OrganizationWrite, RoleRead, RoleWrite, PolicyRead, GroupRead, GroupWrite, AssignmentWrite, MethodRead, MethodWrite, PasswordWrite, EnableWrite,
		RevokeWrite, DeleteRestore, ExportData, HelpDesk}
}

// Delegated lists the permissions of an app that count only in a person's token.
func Delegated() []Permission { return []Permission{OwnWrite, OwnMethods, AsSignedIn} }

// Needed is what somebody must hold to give the permission to an app: the permission itself, and for one
// that brings others' rights along, all that it can bring.
func Needed(p Permission) []Permission {
	switch p {
	case OwnWrite:
		return []Permission{UserWrite}
	case OwnMethods:
		return []Permission{MethodWrite}
	case AsSignedIn:
		return All()
	}
	return []Permission{p}
}

// Known lists every permission that an API client can be given: All, and narrower ones for a client that
// needs little.
func Known() []Permission {
	return append(append(All(), Delegated()...), DirectoryRead, DirectoryWrite, "User.ReadBasic.All",
		"User.ManageIdentities.All", "User-Mail.ReadWrite.All", "User-Phone.ReadWrite.All", "Policy.Read.ConditionalAccess",
		"Policy.ReadWrite.ApplicationConfiguration")
}

// Covers reports whether a holder of have may give all of want: nobody can grant a right they do not
// hold (DESIGN §9.8).
func Covers(have, want []Permission) bool {
	for _, w := range want {
		for _, p := range Needed(w) {
			if !Grants(have, p) {
				return false
			}
		}
	}
	return true
}

// Roles is the catalogue (R 10.2.5).
func Roles() []Role {
	return []Role{
		{GlobalAdministratorID, "Global Administrator", All()},
		{"1f865ad0-c375-4800-9313-b066950dd9ad", "Installation Operator", []Permission{TenantOperate, OrganizationRead}},
		{"f2ef992c-3afb-46b9-b7cf-a126ee74c451", "Global Reader", []Permission{UserRead, AppRead, FlowRead, AttributeRead, AuditRead, OrganizationRead, RoleRead, PolicyRead}},
		{"9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", "Application Administrator", []Permission{AppRead, AppWrite, OrganizationRead}},
		{"fe930be7-5e62-47db-91af-98c3a49a38b1", "User Administrator", []Permission{UserRead, UserWrite, Invite, OrganizationRead}},
		{"95e79109-95c0-4d8e-aee3-d01accf2d47b", "Guest Inviter", []Permission{UserRead, Invite, OrganizationRead}},
		{"6e591065-9bad-43ed-90f3-e9424366d2f0", "External ID User Flow Administrator", []Permission{FlowRead, FlowWrite, AttributeRead, AttributeWrite, AppRead, OrganizationRead}},
		{"0526716b-113d-4c15-b2c8-68e3c22b9f80", "External ID User Flow Attribute Administrator", []Permission{AttributeRead, AttributeWrite, OrganizationRead}},
		{"5d6b6bb7-de71-4623-b4af-96380a352509", "Security Reader", []Permission{UserRead, AuditRead, PolicyRead, OrganizationRead}},
		{"4a5d8f65-41da-4de4-8968-e035b65339cf", "Reports Reader", []Permission{AuditRead, OrganizationRead}},
	}
}

// Allow reports whether the assignments grant the permission in the tenant. A write implies its read.
func Allow(have []Assignment, tenantID string, want Permission) bool {
	for _, a := range have {
		if a.TenantID != tenantID && a.TenantID != AllTenants {
			continue
		}
		for _, r := range Roles() {
			if r.ID == a.RoleID && Grants(r.Permissions, want) {
				return true
			}
		}
	}
	return false
}

// Grants reports whether a set of permissions includes one, a ReadWrite including its Read.
func Grants(have []Permission, want Permission) bool {
	for _, p := range have {
		if p == want || readOf(p) == want {
			return true
		}
	}
	return false
}

func readOf(p Permission) Permission {
	const w = ".ReadWrite."
	for i := 0; i+len(w) <= len(p); i++ {
		if p[i:i+len(w)] == w {
			return p[:i] + ".Read." + p[i+len(w):]
		}
	}
	return p
}
