package admin

import (
	"slices"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/handlers"
)

const (
	get  = fiber.MethodGet
	post = fiber.MethodPost
)

// Navigation groups, in their order.
const (
	navOverview = "Overview"
	navSignIn   = "Sign-in"
	navPeople   = "People"
	navProtect  = "Conditional Access"
	navRisk     = "Identity Protection"
	navLogs     = "Logs"
	navSettings = "Settings"
)

// formBody is the largest form of a signed-in admin unless its row says otherwise: a hundred options whose
// texts and values are as long as they may be, each character of which may take twelve bytes on the way. A
// text that is too long for its field thus still arrives, and is complained about beside the field.
const formBody = 4 << 20

// public marks the rows that need nobody signed in.
const public access.Permission = "public"

func isPublic(r handlers.Route) bool { return r.Permission == public }

// Routes is the one table of the portal: the router, the guard and the menu read the same row. A row
// with the permission "" is for every signed-in admin with a role in the tenant.
func (p *Portal) Routes() []handlers.Route {
	rows := []handlers.Route{
		{Method: get, Path: "/admin/setup", Handler: p.setupForm, Permission: public},
		{Method: post, Path: "/admin/setup", Handler: p.setup, Permission: public},
		{Method: get, Path: "/admin/", Handler: func(c *fiber.Ctx) error { return c.Redirect("/admin", fiber.StatusSeeOther) }, Permission: public},
		{Method: get, Path: "/admin/session", Handler: p.claimSession, Permission: public},
		{Method: get, Path: "/admin/signed-out", Handler: p.signedOut, Permission: public},
		{Method: post, Path: "/admin/sign-out", Handler: p.signOut},
		{Method: get, Path: "/admin", Handler: p.home},

		{Method: get, Path: "/admin/t/:tenant", Handler: p.startPage, NavGroup: navOverview, NavLabel: "Start"},
	}
	rows = append(rows, p.tenantRoutes()...)
	rows = append(rows, p.signInRoutes()...)
	rows = append(rows, p.flowRoutes()...)
	rows = append(rows, p.benchRoutes()...)
	rows = append(rows, p.brandingRoutes()...)
	rows = append(rows, p.providerRoutes()...)
	rows = append(rows, p.extensionRoutes()...)
	rows = append(rows, p.webhookRoutes()...)
	rows = append(rows, p.attributeRoutes()...)
	rows = append(rows, p.termsRoutes()...)
	rows = append(rows, p.importRoutes()...)
	rows = append(rows, p.peopleRoutes()...)
	rows = append(rows, p.groupRoutes()...)
	rows = append(rows, p.invitationRoutes()...)
	rows = append(rows, p.adminRoutes()...)
	rows = append(rows, p.helpDeskRoutes()...)
	rows = append(rows, p.conditionalRoutes()...)
	rows = append(rows, p.authMethodRoutes()...)
	rows = append(rows, p.whatIfRoutes()...)
	rows = append(rows, p.replayRoutes()...)
	rows = append(rows, p.protectRoutes()...)
	rows = append(rows, p.riskRoutes()...)
	rows = append(rows, p.incidentRoutes()...)
	rows = append(rows, p.indicatorRoutes()...)
	rows = append(rows, p.leakedRoutes()...)
	rows = append(rows, p.exportRoutes()...)
	rows = append(rows, p.otherRoutes()...)
	rows = append(rows, p.customDomainRoutes()...)
	rows = append(rows, p.identifierRoutes()...)
	rows = append(rows, p.languageRoutes()...)
	rows = append(rows, p.keyRoutes()...)
	rows = append(rows, p.sampleRoutes()...)
	for i := range rows {
		if r := &rows[i]; r.Method == post && r.BodyLimit == 0 && !isPublic(*r) {
			r.BodyLimit = formBody
		}
	}
	return rows
}

// signInRoutes are the applications that people sign in to.
func (p *Portal) signInRoutes() []handlers.Route {
	const apps = "/admin/t/:tenant/applications"
	return []handlers.Route{
		{Method: get, Path: apps, Handler: p.appList, Permission: access.AppRead, NavGroup: navSignIn, NavLabel: "Applications"},
		{Method: get, Path: apps + "/deleted", Handler: p.appDeletedList, Permission: access.AppRead},
		{Method: post, Path: apps + "/deleted/:id/restore", Handler: p.appRestore, Permission: access.AppWrite},
		{Method: get, Path: apps + "/new", Handler: p.appNew, Permission: access.AppCreate},
		{Method: post, Path: apps, Handler: p.appCreate, Permission: access.AppCreate},
		{Method: get, Path: apps + "/:id", Handler: p.appDetail, Permission: access.AppRead},
		{Method: get, Path: apps + "/:id/connect", Handler: p.appConnect, Permission: access.AppRead},
		{Method: post, Path: apps + "/:id/connect/forget", Handler: p.appForgetMistakes, Permission: access.AppWrite},
		{Method: post, Path: apps + "/:id/connect/loopback", Handler: p.appLoopback, Permission: access.AppWrite},
		{Method: get, Path: apps + "/:id/edit", Handler: p.appEdit, Permission: access.AppWrite},
		{Method: post, Path: apps + "/:id/edit", Handler: p.appSave, Permission: access.AppWrite},
		{Method: get, Path: apps + "/:id/tokens", Handler: p.appTokens, Permission: access.AppWrite},
		{Method: post, Path: apps + "/:id/tokens", Handler: p.appTokensSave, Permission: access.AppWrite},
		{Method: post, Path: apps + "/:id/redirects/add", Handler: p.appRedirectAdd, Permission: access.AppWrite},
		{Method: post, Path: apps + "/:id/redirects/remove", Handler: p.appRedirectRemove, Permission: access.AppWrite},
		{Method: post, Path: apps + "/:id/post-logout/add", Handler: p.appPostLogoutAdd, Permission: access.AppWrite},
		{Method: post, Path: apps + "/:id/post-logout/remove", Handler: p.appPostLogoutRemove, Permission: access.AppWrite},
		{Method: post, Path: apps + "/:id/back-channel", Handler: p.appBackChannel, Permission: access.AppWrite},
		{Method: get, Path: apps + "/:id/secrets/new", Handler: p.secretNew, Permission: access.AppWrite},
		{Method: post, Path: apps + "/:id/secrets", Handler: p.secretAdd, Permission: access.AppWrite},
		{Method: get, Path: apps + "/:id/certificates/new", Handler: p.certificateNew, Permission: access.AppWrite},
		{Method: post, Path: apps + "/:id/certificates", Handler: p.certificateAdd, Permission: access.AppWrite},
		{Method: post, Path: apps + "/:id/encryption", Handler: p.encryptionChoose, Permission: access.AppWrite},
		{Method: get, Path: apps + "/:id/credentials/:key/delete", Handler: p.credentialDeleteForm, Permission: access.AppWrite},
		{Method: post, Path: apps + "/:id/credentials/:key/delete", Handler: p.credentialDelete, Permission: access.AppWrite},
		{Method: get, Path: apps + "/:id/scopes/new", Handler: p.scopeNew, Permission: access.AppWrite},
		{Method: post, Path: apps + "/:id/scopes", Handler: p.scopeAdd, Permission: access.AppWrite},
		{Method: post, Path: apps + "/:id/scopes/remove", Handler: p.scopeRemove, Permission: access.AppWrite},
		{Method: get, Path: apps + "/:id/permissions", Handler: p.permissionsForm, Permission: access.AppWrite},
		{Method: post, Path: apps + "/:id/permissions", Handler: p.permissionsSave, Permission: access.AppWrite},
		{Method: get, Path: apps + "/:id/claims", Handler: p.appClaims, Permission: access.AppRead},
		{Method: get, Path: apps + "/:id/claims/new", Handler: p.appClaimNew, Permission: access.AppWrite},
		{Method: get, Path: apps + "/:id/claims/edit", Handler: p.appClaimEdit, Permission: access.AppWrite},
		{Method: post, Path: apps + "/:id/claims", Handler: p.appClaimSave, Permission: access.AppWrite},
		{Method: post, Path: apps + "/:id/claims/remove", Handler: p.appClaimRemove, Permission: access.AppWrite},
		{Method: post, Path: apps + "/:id/enabled", Handler: p.appEnabled, Permission: access.AppWrite},
		{Method: get, Path: apps + "/:id/delete", Handler: p.appDeleteForm, Permission: access.AppWrite},
		{Method: post, Path: apps + "/:id/delete", Handler: p.appDelete, Permission: access.AppWrite},
	}
}

// peopleRoutes are customers and admins.
func (p *Portal) peopleRoutes() []handlers.Route {
	const users = "/admin/t/:tenant/users"
	return append(slices.Concat(p.bulkRoutes(), p.identityRoutes(), p.mergeRoutes()), []handlers.Route{
		{Method: get, Path: users, Handler: p.userList, Permission: access.UserRead, NavGroup: navPeople, NavLabel: "Users"},
		{Method: get, Path: users + "/deleted", Handler: p.userDeletedList, Permission: access.UserRead},
		{Method: post, Path: users + "/deleted/:id/restore", Handler: p.userRestore, Permission: access.DeleteRestore},
		{Method: get, Path: users + "/new", Handler: p.userNew, Permission: access.UserWrite},
		{Method: post, Path: users, Handler: p.userCreate, Permission: access.UserWrite},
		{Method: post, Path: users + "/deleted/:id/restore-at", Handler: p.userRestoreAt, Permission: access.UserWrite},
		{Method: get, Path: users + "/deleted/:id/purge", Handler: p.userPurgeForm, Permission: access.DeleteRestore},
		{Method: post, Path: users + "/deleted/:id/purge", Handler: p.userPurge, Permission: access.DeleteRestore},
		{Method: get, Path: users + "/:id", Handler: p.userDetail, Permission: access.UserRead},
		{Method: get, Path: users + "/:id/methods", Handler: p.userMethods, Permission: access.UserRead},
		{Method: post, Path: users + "/:id/methods/add", Handler: p.userMethodAdd, Permission: access.MethodWrite},
		{Method: get, Path: users + "/:id/methods/reset", Handler: p.userResetForm, Permission: access.MethodWrite},
		{Method: post, Path: users + "/:id/methods/reset", Handler: p.userReset, Permission: access.MethodWrite},
		{Method: get, Path: users + "/:id/sessions", Handler: p.userSessions, Permission: access.UserRead},
		{Method: post, Path: users + "/:id/sessions/end", Handler: p.userSessionEnd, Permission: access.RevokeWrite},
		{Method: post, Path: users + "/:id/devices/forget", Handler: p.userDeviceForget, Permission: access.RevokeWrite},
		{Method: get, Path: users + "/:id/groups", Handler: p.userGroups, Permission: access.GroupRead},
		{Method: post, Path: users + "/:id/groups/add", Handler: p.userGroupAdd, Permission: access.GroupWrite},
		{Method: post, Path: users + "/:id/groups/remove", Handler: p.userGroupRemove, Permission: access.GroupWrite},
		{Method: post, Path: users + "/:id/roles/add", Handler: p.userRoleAdd, Permission: access.AssignmentWrite},
		{Method: post, Path: users + "/:id/roles/remove", Handler: p.userRoleRemove, Permission: access.AssignmentWrite},
		{Method: get, Path: users + "/:id/consents", Handler: p.userConsents, Permission: access.UserRead},
		{Method: post, Path: users + "/:id/consents/withdraw", Handler: p.userConsentWithdraw, Permission: access.UserWrite},
		{Method: get, Path: users + "/:id/timeline", Handler: p.userTimeline, Permission: access.AuditRead, Or: access.UserWrite},
		{Method: get, Path: users + "/:id/edit", Handler: p.userEdit, Permission: access.UserWrite},
		{Method: post, Path: users + "/:id/edit", Handler: p.userSave, Permission: access.UserWrite},
		{Method: post, Path: users + "/:id/enabled", Handler: p.userEnabled, Permission: access.EnableWrite},
		{Method: get, Path: users + "/:id/password", Handler: p.userPasswordForm, Permission: access.PasswordWrite},
		{Method: post, Path: users + "/:id/password", Handler: p.userPassword, Permission: access.PasswordWrite},
		{Method: get, Path: users + "/:id/revoke", Handler: p.userRevokeForm, Permission: access.RevokeWrite},
		{Method: post, Path: users + "/:id/revoke", Handler: p.userRevoke, Permission: access.RevokeWrite},
		{Method: post, Path: users + "/:id/methods/remove", Handler: p.userMethodRemove, Permission: access.MethodWrite},
		{Method: get, Path: users + "/:id/delete", Handler: p.userDeleteForm, Permission: access.DeleteRestore},
		{Method: post, Path: users + "/:id/delete", Handler: p.userDelete, Permission: access.DeleteRestore},
	}...)
}

// otherRoutes are the logs and the tenant's own settings.
func (p *Portal) otherRoutes() []handlers.Route {
	const t = "/admin/t/:tenant"
	return []handlers.Route{
		{Method: get, Path: t + "/sign-ins", Handler: p.signInList, Permission: access.AuditRead, NavGroup: navLogs, NavLabel: "Sign-in logs"},
		{Method: get, Path: t + "/sign-ins/:id", Handler: p.signInDetail, Permission: access.AuditRead},
		{Method: get, Path: t + "/audits", Handler: p.auditList, Permission: access.AuditRead, NavGroup: navLogs, NavLabel: "Audit logs"},
		{Method: get, Path: t + "/audits/:id", Handler: p.auditDetail, Permission: access.AuditRead},
		{Method: get, Path: t + "/settings", Handler: p.settings, Permission: access.OrganizationRead, NavGroup: navSettings, NavLabel: "Tenant settings"},
		{Method: get, Path: t + "/settings/mail", Handler: p.mailSettings, Permission: access.OrganizationRead, NavGroup: navSettings, NavLabel: "Mail"},
		{Method: post, Path: t + "/settings/mail", Handler: p.mailSave, Permission: access.OrganizationWrite},
		{Method: post, Path: t + "/settings/mail/prove", Handler: p.mailProve, Permission: access.OrganizationWrite},
		{Method: post, Path: t + "/settings/mail/test", Handler: p.mailTest, Permission: access.OrganizationRead},
		{Method: get, Path: t + "/settings/edit", Handler: p.settingsEdit, Permission: access.OrganizationWrite},
		{Method: post, Path: t + "/settings/edit", Handler: p.settingsSave, Permission: access.OrganizationWrite},
	}
}

// keyRoutes exist where the keys can be reached.
func (p *Portal) keyRoutes() []handlers.Route {
	if p.Keys == nil {
		return nil
	}
	const at = "/admin/t/:tenant/settings/keys"
	return []handlers.Route{
		{Method: get, Path: at, Handler: p.keyList, Permission: access.OrganizationRead},
		{Method: get, Path: at + "/rotate", Handler: p.keyConfirm(false), Permission: access.OrganizationWrite},
		{Method: post, Path: at + "/rotate", Handler: p.keyRotate(false), Permission: access.OrganizationWrite},
		{Method: get, Path: at + "/replace", Handler: p.keyConfirm(true), Permission: access.OrganizationWrite},
		{Method: post, Path: at + "/replace", Handler: p.keyRotate(true), Permission: access.OrganizationWrite},
	}
}

// sampleRoutes exist where there is a sample company.
func (p *Portal) sampleRoutes() []handlers.Route {
	if p.Sample == nil {
		return nil
	}
	const at = "/admin/t/:tenant/settings/remove-sample"
	return []handlers.Route{
		{Method: get, Path: at, Handler: p.sampleConfirm, Permission: access.OrganizationWrite},
		{Method: post, Path: at, Handler: p.sampleRemove, Permission: access.OrganizationWrite},
	}
}
