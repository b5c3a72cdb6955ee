package access

import "strings"

// Permission is a Graph permission name, e.g. "User.ReadWrite.All".
type Permission string

const (
	UserRead          Permission = "User.Read.All"
	UserReadBasic     Permission = "User.ReadBasic.All" // names and addresses only
	UserWrite         Permission = "User.ReadWrite.All"
	IdentityWrite     Permission = "User.ManageIdentities.All"
	MailWrite         Permission = "User-Mail.ReadWrite.All"
	PhoneWrite        Permission = "User-Phone.ReadWrite.All"
	EnableWrite       Permission = "User.EnableDisableAccount.All"
	RevokeWrite       Permission = "User.RevokeSessions.All"
	DeleteRestore     Permission = "User.DeleteRestore.All"
	PasswordWrite     Permission = "User-PasswordProfile.ReadWrite.All"     // give a temporary password
	MethodRead        Permission = "UserAuthenticationMethod.Read.All"      // how people prove who they are
	MethodWrite       Permission = "UserAuthenticationMethod.ReadWrite.All" //
	ExportData        Permission = "User.Export.All"                        // everything held about a person; whole lists
	Invite            Permission = "User.Invite.All"
	GroupRead         Permission = "Group.Read.All"
	GroupWrite        Permission = "Group.ReadWrite.All"
	MemberRead        Permission = "GroupMember.Read.All"
	MemberWrite       Permission = "GroupMember.ReadWrite.All"
	AppRead           Permission = "Application.Read.All"
	AppCreate         Permission = "Application.ReadWrite.OwnedBy" // register a new one
	AppWrite          Permission = "Application.ReadWrite.All"
	AppPolicyWrite    Permission = "Policy.ReadWrite.ApplicationConfiguration"
	AssignmentWrite   Permission = "AppRoleAssignment.ReadWrite.All" // who has which app role
	FlowRead          Permission = "EventListener.Read.All"
	FlowWrite         Permission = "EventListener.ReadWrite.All"
	AttributeRead     Permission = "IdentityUserFlow.Read.All" // custom attributes
	AttributeWrite    Permission = "IdentityUserFlow.ReadWrite.All"
	ProviderRead      Permission = "IdentityProvider.Read.All"
	ProviderWrite     Permission = "IdentityProvider.ReadWrite.All"
	ExtensionRead     Permission = "CustomAuthenticationExtension.Read.All"
	ExtensionWrite    Permission = "CustomAuthenticationExtension.ReadWrite.All"
	ReceivePayload    Permission = "CustomAuthenticationExtension.Receive.Payload" // of a receiving API: it may be called
	BrandingRead      Permission = "OrganizationalBranding.Read.All"
	BrandingWrite     Permission = "OrganizationalBranding.ReadWrite.All"
	PolicyRead        Permission = "Policy.Read.All"
	ConditionalRead   Permission = "Policy.Read.ConditionalAccess"
	ConditionalWrite  Permission = "Policy.ReadWrite.ConditionalAccess"
	MethodPolicyRead  Permission = "Policy.Read.AuthenticationMethod" // which methods there are at all
	MethodPolicyWrite Permission = "Policy.ReadWrite.AuthenticationMethod"
	RiskEventRead     Permission = "IdentityRiskEvent.Read.All"
	RiskEventWrite    Permission = "IdentityRiskEvent.ReadWrite.All"
	RiskyUserRead     Permission = "IdentityRiskyUser.Read.All"
	RiskyUserWrite    Permission = "IdentityRiskyUser.ReadWrite.All"
	AuditRead         Permission = "AuditLog.Read.All"
	ReportsRead       Permission = "Reports.Read.All"
	OrganizationRead  Permission = "Organization.Read.All"
	OrganizationWrite Permission = "Organization.ReadWrite.All"
	RoleRead          Permission = "RoleManagement.Read.Directory"
	RoleWrite         Permission = "RoleManagement.ReadWrite.Directory"
	DirectoryRead     Permission = "Directory.Read.All"
	DirectoryWrite    Permission = "Directory.ReadWrite.All"
	// PasswordExtensionWrite is asked besides ExtensionWrite where an extension is handed passwords: ours, since the vendor
	// has a role for it and no permission.
	PasswordExtensionWrite Permission = "Portico.PasswordExtension.ReadWrite.All"
	HelpDesk               Permission = "Portico.HelpDesk.All"               // ours: masked people, checks of callers
	RiskConfigure          Permission = "Portico.RiskSettings.ReadWrite.All" // ours: how risk is found, and where what was found is sent
	TenantOperate          Permission = "Portico.Tenant.ReadWrite.All"       // ours: of the installation, not of a tenant

	// Delegated: an app has them only together with the person who is signed in to it.
	OwnWrite   Permission = "User.ReadWrite"                     // the person's own record
	OwnMethods Permission = "UserAuthenticationMethod.ReadWrite" // how the person proves who they are
	AsSignedIn Permission = "Directory.AccessAsUser.All"         // all that an administrator's roles allow
	OwnRead    Permission = "User.Read"                          // any app may ask for it; it needs no grant
)

// All lists every permission over a tenant; an API client made without naming any has all of its tenant's.
// What one of these brings along (brings) and what is of the installation is not in it.
func All() []Permission {
	return []Permission{UserRead, UserWrite, AppRead, AppWrite, FlowRead, FlowWrite, AttributeRead, AttributeWrite, Invite, AuditRead, OrganizationRead,
		OrganizationWrite, RoleRead, RoleWrite, PolicyRead, GroupRead, GroupWrite, AssignmentWrite, MethodRead, MethodWrite, PasswordWrite, EnableWrite,
		RevokeWrite, DeleteRestore, ExportData, HelpDesk, AppPolicyWrite, ProviderRead, ProviderWrite, ExtensionRead, ExtensionWrite, PasswordExtensionWrite, BrandingRead,
		BrandingWrite, ConditionalRead, ConditionalWrite, MethodPolicyRead, MethodPolicyWrite, RiskEventRead, RiskEventWrite, RiskyUserRead,
		RiskyUserWrite, RiskConfigure, ReportsRead}
}

// Delegated lists the permissions of an app that count only in a person's token.
func Delegated() []Permission { return []Permission{OwnWrite, OwnMethods, AsSignedIn} }

// Known lists every permission that an API client can be given: All, and narrower ones for a client that
// needs little. TenantOperate is none: a client belongs to one tenant.
func Known() []Permission {
	return append(append(All(), Delegated()...), DirectoryRead, DirectoryWrite, UserReadBasic, IdentityWrite, MailWrite, PhoneWrite, MemberRead,
		MemberWrite, AppCreate, ReceivePayload)
}

// brings is what a broad permission brings along besides its own reading half. One level is enough: the
// table names all that follows.
func brings(p Permission) []Permission {
	switch p {
	case UserRead:
		return []Permission{UserReadBasic}
	case UserWrite:
		return []Permission{UserReadBasic, EnableWrite, RevokeWrite, DeleteRestore, PasswordWrite, "User-PasswordProfile.Read.All", IdentityWrite, MailWrite,
			"User-Mail.Read.All", PhoneWrite, "User-Phone.Read.All"}
	case GroupRead:
		return []Permission{MemberRead}
	case GroupWrite:
		return []Permission{MemberRead, MemberWrite}
	case AppWrite:
		return []Permission{AppCreate, "Application.Read.OwnedBy"}
	case PolicyRead:
		return []Permission{ConditionalRead, MethodPolicyRead, "Policy.Read.ApplicationConfiguration"}
	}
	return nil
}

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
	case ReceivePayload:
		return []Permission{ExtensionWrite}
	case DirectoryRead:
		return []Permission{UserRead, AppRead, GroupRead, OrganizationRead}
	case DirectoryWrite:
		return []Permission{UserWrite, AppWrite, GroupWrite, OrganizationRead}
	}
	return []Permission{p}
}

// readOf is the reading half of a permission that reads and writes, else the permission itself.
func readOf(p Permission) Permission {
	return Permission(strings.Replace(string(p), ".ReadWrite.", ".Read.", 1))
}

// Writes reports whether a permission allows to change something.
func (p Permission) Writes() bool {
	if strings.Contains(string(p), ".ReadWrite") {
		return true
	}
	switch p {
	case IdentityWrite, EnableWrite, RevokeWrite, DeleteRestore, Invite, HelpDesk, AsSignedIn:
		return true
	}
	return false
}
