package graph

import (
	"context"
	"encoding/json"
	"net/http"

	"portico/app/openid"
	"portico/handlers/graph/odata"
)

// servicePrincipals shows the same rows as applications, from the side of the directory where they run:
// here an application always has its service principal, which comes and goes with it.
func (a *API) servicePrincipals() *collection[application] {
	apps := a.applications()
	r := &collection[application]{
		path: []string{"servicePrincipals"}, name: "servicePrincipals", typ: "servicePrincipal",
		keys: []string{"appId"}, read: readApps(), write: writeApps(),
		normalPage: 100, largestPage: 999, order: odata.Order{Path: "displayName"}, counts: true,
		id: func(r *application) string { return r.ServicePrincipalID },
	}
	r.fields = []field[application]{
		readOnly("id", func(r *application) any { return r.ServicePrincipalID }).
			filterable("applications.service_principal_id", column{kind: odata.String, ops: opsID, fold: clientID}),
		readOnly("deletedDateTime", func(r *application) any { return stamp(r.DeletedAt) }),
		boolean("accountEnabled", func(r *application) *bool { return &r.Enabled }).
			filterable("applications.enabled", column{kind: odata.Bool, ops: opsID}),
		constant[application]("alternativeNames", []string{}),
		constant[application]("appDescription", nil),
		readOnly("appDisplayName", func(r *application) any { return r.Name }),
		field[application]{name: "appId", get: func(r *application) any { return r.ClientID }, createOnly: true,
			set: setString("appId", 36, func(r *application) *string { return &r.ClientID })}.
			filterable("applications.client_id", column{kind: odata.String, ops: opsID | opStarts, fold: clientID}),
		readOnly("appOwnerOrganizationId", func(r *application) any { return r.TenantID }),
		{name: "appRoleAssignmentRequired", get: func(r *application) any { return r.Spec.AppRoleRequired }, set: func(r *application, raw json.RawMessage) error {
			return boolean("appRoleAssignmentRequired", func(r *application) *bool { return &r.Spec.AppRoleRequired }).set(r, raw)
		}},
		readOnly("appRoles", func(r *application) any { return shownRoles(r.Application) }),
		constant[application]("applicationTemplateId", nil),
		readOnly("createdDateTime", func(r *application) any { return stamp(r.CreatedAt) }).
			filterable("applications.created_at", column{kind: odata.Time, ops: opsTime}).sortable(func(r *application) any { return r.CreatedAt }),
		constant[application]("description", nil),
		constant[application]("disabledByMicrosoftStatus", nil),
		readOnly("displayName", func(r *application) any { return r.Name }).
			filterable("applications.name_norm", column{kind: odata.String, ops: opsText | opEnds | opContains, fold: folded, bytes: true}).
			sortable(func(r *application) any { return folded(r.Name) }),
		readOnly("homepage", func(r *application) any { return text(r.Spec.HomepageURL) }),
		readOnly("info", func(r *application) any { return shownInfo(r) }),
		readOnly("keyCredentials", func(r *application) any { return shownKeys(r.Application, false) }),
		constant[application]("loginUrl", nil),
		constant[application]("logoutUrl", nil),
		str("notes", 1024, func(r *application) *string { return &r.Spec.Notes }),
		constant[application]("notificationEmailAddresses", []string{}),
		readOnly("oauth2PermissionScopes", func(r *application) any { return shownScopes(r.Application) }),
		readOnly("passwordCredentials", func(r *application) any { return shownSecrets(r.Application) }),
		constant[application]("preferredSingleSignOnMode", "oidc"),
		readOnly("replyUrls", func(r *application) any {
			var out []string
			for _, p := range []openid.Platform{openid.Web, openid.SPA, openid.Native} {
				out = append(out, redirectsOf(r.Application, p)...)
			}
			return list(out)
		}),
		constant[application]("resourceSpecificApplicationPermissions", []string{}),
		constant[application]("samlSingleSignOnSettings", nil),
		readOnly("servicePrincipalNames", func(r *application) any { return append([]string{r.ClientID}, r.Spec.IdentifierURIs...) }),
		constant[application]("servicePrincipalType", "Application").filterable("'Application'", column{kind: odata.String, ops: opsID}),
		constant[application]("signInAudience", "AzureADMyOrg"),
		strs("tags", 50, 256, func(r *application) *[]string { return &r.Spec.Tags }),
		readOnly("tokenEncryptionKeyId", func(r *application) any { return text(r.Spec.TokenEncryptionKeyID) }),
		constant[application]("verifiedPublisher", nil),
	}
	r.searches = apps.searches
	r.page, r.size = apps.page, apps.size
	r.find = func(ctx context.Context, c *call, name, key string) (*application, error) {
		if name == "appId" {
			return apps.find(ctx, c, name, key)
		}
		app, err := c.tenant.ApplicationByServicePrincipal(ctx, clientID(key))
		if err != nil || !app.DeletedAt.IsZero() {
			return nil, missing(err, key)
		}
		return &application{Application: app}, nil
	}
	r.fresh = func(*call) application { return application{} }
	// An application has its service principal from the start, so creating one can only meet it.
	r.create = func(ctx context.Context, c *call, row *application) error {
		if _, err := apps.find(ctx, c, "appId", row.ClientID); err != nil {
			return badRequest("The appId '"+row.ClientID+"' of the service principal does not reference a valid application object.", "appId")
		}
		return &Error{Status: http.StatusConflict, Code: "Request_MultipleObjectsWithSameKeyValue",
			Message: "The service principal cannot be created because the service principal name " + row.ClientID + " is already in use."}
	}
	r.update = a.updateApplication
	r.actions = []action[application]{
		{method: http.MethodPost, path: "addPassword", need: writeApps(), run: a.addPassword},
		{method: http.MethodPost, path: "removePassword", need: writeApps(), run: a.removeKey},
		{method: http.MethodPost, path: "addKey", need: writeApps(), run: a.addKey},
		{method: http.MethodPost, path: "removeKey", need: writeApps(), run: a.removeKey},
	}
	r.actions = append(r.actions, assignedPolicies()...)
	r.actions = append(r.actions, belonging(a, r.id, readApps(), nil)...)
	r.actions = append(r.actions, assigned(a, r.id, nil, nil)...)
	r.actions = append(r.actions, a.assignedTo()...)
	return r
}
