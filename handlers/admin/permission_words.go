package admin

import "portico/app/access"

// permissionWords says what a permission allows.
func permissionWords(p access.Permission) string {
	switch p {
	case access.UserRead:
		return "Read people"
	case access.UserReadBasic:
		return "Read names and addresses of people"
	case access.UserWrite:
		return "Create, change and delete people"
	case access.IdentityWrite:
		return "Change what people sign in with"
	case access.MailWrite:
		return "Change email addresses of people"
	case access.PhoneWrite:
		return "Change phone numbers of people"
	case access.EnableWrite:
		return "Disable and enable people"
	case access.RevokeWrite:
		return "End the sessions of people"
	case access.DeleteRestore:
		return "Delete and restore people"
	case access.PasswordWrite:
		return "Give people temporary passwords"
	case access.MethodRead:
		return "Read how people prove who they are"
	case access.MethodWrite:
		return "Change and remove how people prove who they are"
	case access.ExportData:
		return "Export everything that is held about people"
	case access.Invite:
		return "Invite people"
	case access.GroupRead:
		return "Read groups"
	case access.GroupWrite:
		return "Create, change and delete groups"
	case access.MemberRead:
		return "Read who is in a group"
	case access.MemberWrite:
		return "Change who is in a group"
	case access.AppRead:
		return "Read applications"
	case access.AppCreate:
		return "Register new applications"
	case access.AppWrite:
		return "Register, change and delete applications"
	case access.AppPolicyWrite:
		return "Change what applications learn about people"
	case access.AssignmentWrite:
		return "Decide who may use applications, and in which role"
	case access.FlowRead:
		return "Read user flows"
	case access.FlowWrite:
		return "Create, change and delete user flows"
	case access.AttributeRead:
		return "Read custom attributes"
	case access.AttributeWrite:
		return "Create, change and delete custom attributes"
	case access.ProviderRead:
		return "Read identity providers"
	case access.ProviderWrite:
		return "Connect, change and remove identity providers"
	case access.ExtensionRead:
		return "Read extensions"
	case access.ExtensionWrite:
		return "Connect, change and remove extensions"
	case access.PasswordExtensionWrite:
		return "Connect, change and remove extensions that are handed passwords"
	case access.ReceivePayload:
		return "Be asked by Portico as the API of an extension"
	case access.BrandingRead:
		return "Read the branding"
	case access.BrandingWrite:
		return "Change the branding"
	case access.PolicyRead:
		return "Read policies"
	case access.ConditionalRead:
		return "Read Conditional Access policies"
	case access.ConditionalWrite:
		return "Write Conditional Access policies"
	case access.MethodPolicyRead:
		return "Read which sign-in methods there are"
	case access.MethodPolicyWrite:
		return "Decide which sign-in methods there are"
	case access.RiskEventRead:
		return "Read what risk detection found"
	case access.RiskEventWrite:
		return "Confirm or dismiss what risk detection found"
	case access.RiskyUserRead:
		return "Read who is at risk"
	case access.RiskyUserWrite:
		return "Confirm or dismiss that people are at risk"
	case access.RiskConfigure:
		return "Decide how risk is found, and where what was found is sent"
	case access.AuditRead:
		return "Read sign-in and audit logs"
	case access.ReportsRead:
		return "Read reports"
	case access.OrganizationRead:
		return "Read the tenant's settings"
	case access.OrganizationWrite:
		return "Change the tenant's settings"
	case access.RoleRead:
		return "Read admin roles"
	case access.RoleWrite:
		return "Assign and remove admin roles"
	case access.DirectoryRead:
		return "Read people, groups and applications"
	case access.DirectoryWrite:
		return "Change people, groups and applications"
	case access.HelpDesk:
		return "Help callers at the help desk"
	case access.TenantOperate:
		return "Create and delete tenants, and change their plan"
	case access.OwnWrite:
		return "Change the record of the person who is signed in"
	case access.OwnMethods:
		return "Change how the person who is signed in proves who they are"
	case access.AsSignedIn:
		return "Do whatever the roles of the administrator who is signed in allow"
	}
	return ""
}
