package access

// Role is an admin role with its template id, as the vendor publishes them.
type Role struct {
	ID          string
	Name        string
	Description string // one sentence: what its holder may do
	Permissions []Permission
	// Installation marks a role that acts on the installation as a whole: it is given in AllTenants only.
	Installation bool
}

const (
	// GlobalAdministratorID is the vendor's role template id.
	GlobalAdministratorID = "62e90394-69f5-4237-9190-012177145e10"
	// SecurityAdministratorID and SecurityReaderID are the vendor's too: mail about risk goes to them (R 6.10.2).
	SecurityAdministratorID = "194ae4cb-b126-40b2-bd5b-6091b380977d"
	SecurityReaderID        = "5d6b6bb7-de71-4623-b4af-96380a352509"
	// InstallationOperatorID is ours: whose machine it is, not who administers a tenant.
	InstallationOperatorID = "1f865ad0-c375-4800-9313-b066950dd9ad"
)

// RoleOf finds a role of the catalogue.
func RoleOf(id string) (Role, bool) {
	for _, r := range Roles() {
		if r.ID == id {
			return r, true
		}
	}
	return Role{}, false
}

// Roles is the catalogue (R 10.2.5), broadest first.
func Roles() []Role {
	const org, users, apps = OrganizationRead, UserRead, AppRead
	return []Role{
		{ID: GlobalAdministratorID, Name: "Global Administrator", Permissions: All(),
			Description: "May do everything in the tenant, roles included."},
		{ID: InstallationOperatorID, Name: "Installation Operator", Installation: true, Permissions: []Permission{TenantOperate, org},
			Description: "Creates and deletes tenants and changes their plan; sees nothing of what is in them."},
		{ID: "f2ef992c-3afb-46b9-b7cf-a126ee74c451", Name: "Global Reader", Permissions: reads(),
			Description: "Sees everything that a Global Administrator sees and changes nothing."},
		{ID: "e8611ab8-c189-46e8-94e1-60213ab1f814", Name: "Privileged Role Administrator", Permissions: append(reads(), RoleWrite),
			Description: "Gives roles to admins and takes them back, up to the rights that they hold themselves."},
		{ID: "7be44c8a-adaf-4e2a-84d6-ab2649e08a13", Name: "Privileged Authentication Administrator",
			Permissions: []Permission{users, MethodWrite, PasswordWrite, IdentityWrite, MailWrite, PhoneWrite, EnableWrite, RevokeWrite, DeleteRestore, AuditRead, org},
			Description: "Resets passwords and sign-in methods, changes what people sign in with, and deletes people."},
		{ID: "c4e39bd9-1100-46d3-8c65-fb160da0071f", Name: "Authentication Administrator", Permissions: []Permission{users, MethodWrite, PasswordWrite, RevokeWrite, org},
			Description: "Resets passwords and sign-in methods and ends sessions."},
		{ID: "0526716b-113d-4c15-b2c8-68e3c22b9f80", Name: "Authentication Policy Administrator", Permissions: []Permission{MethodPolicyWrite, FlowRead, apps, org},
			Description: "Decides which sign-in methods there are, and their rules."},
		{ID: "fe930be7-5e62-47db-91af-98c3a49a38b1", Name: "User Administrator",
			Permissions: []Permission{users, UserWrite, Invite, GroupWrite, apps, AssignmentWrite, MethodRead, ExportData, org},
			Description: "Creates, changes, disables, deletes, imports and exports people, and manages their groups and app roles."},
		{ID: "729827e3-9c14-49f7-bb1b-9608f156bbb8", Name: "Helpdesk Administrator", Permissions: []Permission{HelpDesk, org},
			Description: "Helps one caller at a time: sees masked data, checks who calls, then hands out a recovery code or a temporary password."},
		{ID: "fdd7a751-b60b-444a-984c-02652fe8fa1c", Name: "Groups Administrator", Permissions: []Permission{users, GroupWrite, org},
			Description: "Creates groups, changes them and decides who is in them."},
		{ID: "95e79109-95c0-4d8e-aee3-d01accf2d47b", Name: "Guest Inviter", Permissions: []Permission{users, Invite, org},
			Description: "Invites people and sees who is there."},
		{ID: "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", Name: "Application Administrator",
			Permissions: []Permission{apps, AppWrite, AppPolicyWrite, AssignmentWrite, ExtensionRead, UserReadBasic, GroupRead, org},
			Description: "Registers applications, changes and deletes them, and decides who may use them."},
		{ID: "158c047a-c907-4556-b7ef-446551a6b5f7", Name: "Cloud Application Administrator",
			Permissions: []Permission{apps, AppWrite, AppPolicyWrite, AssignmentWrite, UserReadBasic, GroupRead, org},
			Description: "Does what an Application Administrator does; the two differ only in products that Portico has not."},
		{ID: "cf1c38e5-3621-4004-a7cb-879624dced7c", Name: "Application Developer", Permissions: []Permission{apps, AppCreate, FlowRead, org},
			Description: "Registers new applications and sees the others."},
		{ID: "6e591065-9bad-43ed-90f3-e9424366d2f0", Name: "External ID User Flow Administrator",
			Permissions: []Permission{FlowRead, FlowWrite, AttributeRead, AttributeWrite, apps, org}, Description: "Designs user flows, attributes and terms of use."},
		{ID: "0f971eea-41eb-4569-a71e-57bb8a3eff1e", Name: "External ID User Flow Attribute Administrator", Permissions: []Permission{AttributeRead, AttributeWrite, org},
			Description: "Defines the attributes that customers can be asked for."},
		{ID: "be2f45a1-457d-42af-a067-6ec1fa63bc45", Name: "External Identity Provider Administrator", Permissions: []Permission{ProviderWrite, FlowRead, org},
			Description: "Connects the identity providers that customers can sign in with."},
		{ID: "25a516ed-2fa0-40ea-a2d0-12923a21473a", Name: "Authentication Extensibility Administrator", Permissions: []Permission{ExtensionWrite, FlowRead, apps, org},
			Description: "Connects your own programs to sign-up, sign-in and tokens, except those that are handed a password."},
		{ID: "0b00bede-4072-4d22-b441-e7df02a1ef63", Name: "Authentication Extensibility Password Administrator", Permissions: []Permission{ExtensionWrite, PasswordExtensionWrite, FlowRead, apps, org},
			Description: "Connects your own programs, also those that are handed a password to check."},
		{ID: "92ed04bf-c94a-4b82-9729-b799a7a4c178", Name: "Organizational Branding Administrator", Permissions: []Permission{BrandingWrite, org},
			Description: "Decides how the pages and mails that customers see look."},
		{ID: "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9", Name: "Conditional Access Administrator", Permissions: []Permission{ConditionalWrite, PolicyRead, users, GroupRead, apps, org},
			Description: "Writes the policies that decide when people must prove more, or are refused."},
		{ID: SecurityAdministratorID, Name: "Security Administrator",
			Permissions: []Permission{users, GroupRead, apps, AuditRead, ReportsRead, PolicyRead, ConditionalWrite, MethodPolicyWrite, RiskEventWrite, RiskyUserWrite, RiskConfigure, RevokeWrite, FlowRead, ProviderRead, org},
			Description: "Writes security policies, decides how risk is found and where it is exported to, handles it, and ends sessions."},
		{ID: "5f2222b1-57c3-48ba-8ad5-d4759f1fde6f", Name: "Security Operator",
			Permissions: []Permission{users, AuditRead, ReportsRead, PolicyRead, RiskEventWrite, RiskyUserWrite, RevokeWrite, org},
			Description: "Looks into risk and sign-ins, confirms or dismisses what was found, and ends sessions."},
		{ID: SecurityReaderID, Name: "Security Reader", Permissions: []Permission{users, AuditRead, ReportsRead, PolicyRead, RiskEventRead, RiskyUserRead, org},
			Description: "Sees sign-ins, audit log, policies and risk."},
		{ID: "4a5d8f65-41da-4de4-8968-e035b65339cf", Name: "Reports Reader", Permissions: []Permission{AuditRead, ReportsRead, org},
			Description: "Sees sign-ins, audit log and reports."},
		{ID: "88d8e3e3-8f55-4a1e-953a-9b9898b8876b", Name: "Directory Readers", Permissions: []Permission{users, GroupRead, apps, org},
			Description: "Sees people, groups and applications."},
	}
}

// reads are the permissions over a tenant that change nothing. What is held about a person as a whole
// (ExportData) leaves the directory, so it is more than reading.
func reads() []Permission {
	var out []Permission
	for _, p := range All() {
		if !p.Writes() && p != ExportData {
			out = append(out, p)
		}
	}
	return out
}
