package graph

import (
	"net/url"
	"strings"
	"testing"

	"portico/app/access"
	"portico/models/modelstest"
)

const (
	userAdministrator = "fe930be7-5e62-47db-91af-98c3a49a38b1"
	reportsReader     = "4a5d8f65-41da-4de4-8968-e035b65339cf"
)

func TestRoles(t *testing.T) {
	each(t, func(w *world) {
		staff := modelstest.MustTenant(w.t, w.store, "workforce")
		anna, bert := modelstest.MustUser(w.t, staff, "anna@corp.example"), modelstest.MustUser(w.t, staff, "bert@corp.example")
		assign := func(user, role, tenant string) string {
			w.t.Helper()
			return modelstest.Must(staff.AssignRole(w.t.Context(), modelstest.Actor(), user, access.Assignment{RoleID: role, TenantID: tenant}))(w.t)
		}
		top := assign(anna.ID, access.GlobalAdministratorID, access.AllTenants)
		other := w.newTenant("other")
		assign(bert.ID, reportsReader, other.ID)

		// The catalogue, as it is.
		const definitions, path = "/roleManagement/directory/roleDefinitions", "/roleManagement/directory/roleAssignments"
		all := w.want(200, w.do("GET", definitions+"?$top=999", nil))
		if len(all.values()) != len(access.Roles())-1 || strings.Contains(all.raw, "Installation Operator") {
			w.t.Errorf("catalogue: %s", all.raw)
		}
		if a := w.want(200, w.do("GET", definitions+"?$filter="+url.QueryEscape("displayName eq 'User Administrator'"), nil)); len(a.values()) != 1 || a.values()[0]["templateId"] != userAdministrator || !strings.Contains(a.raw, "User.ReadWrite.All") {
			w.t.Errorf("by name: %s", a.raw)
		}
		for _, a := range []answer{w.do("POST", definitions, `{"displayName":"Mine","isEnabled":true,"rolePermissions":[]}`), w.do("PATCH", definitions+"/"+userAdministrator, `{"displayName":"Mine"}`), w.do("DELETE", definitions+"/"+userAdministrator, nil)} {
			if a.status != 403 || !strings.Contains(a.errorMessage(), "Custom roles") {
				w.t.Errorf("custom roles: %d %s", a.status, a.raw)
			}
		}

		// A tenant sees the roles that reach it, and gives roles in itself.
		body := func(user, role string) map[string]any {
			return map[string]any{"@odata.type": "#microsoft.graph.unifiedRoleAssignment", "principalId": user, "roleDefinitionId": role, "directoryScopeId": "/"}
		}
		if a := w.want(200, w.do("GET", path, nil)); len(a.values()) != 1 || a.values()[0]["id"] != top || !strings.Contains(a.raw, `"allTenants":true`) {
			w.t.Errorf("at first: %s", a.raw)
		}
		made := w.want(201, w.do("POST", path, body(bert.ID, reportsReader)))
		id := made.body["id"].(string)
		got := w.want(200, w.do("GET", path+"?$expand=principal,roleDefinition&$filter="+url.QueryEscape("principalId eq '"+bert.ID+"'"), nil))
		if len(got.values()) != 1 || got.values()[0]["id"] != id || !strings.Contains(got.raw, `"displayName":"bert"`) || !strings.Contains(got.raw, "Reports Reader") || got.values()[0]["principalOrganizationId"] != staff.ID {
			w.t.Errorf("expanded: %s", got.raw)
		}
		for what, c := range map[string]struct {
			answer
			status int
		}{
			"twice":                   {w.do("POST", path, body(bert.ID, reportsReader)), 400},
			"nobody":                  {w.do("POST", path, body(roleID, reportsReader)), 404},
			"no such role":            {w.do("POST", path, body(bert.ID, roleID)), 404},
			"another scope":           {w.do("POST", path, map[string]any{"principalId": bert.ID, "roleDefinitionId": reportsReader, "directoryScopeId": "/administrativeUnits/x"}), 400},
			"no scope":                {w.do("POST", path, map[string]any{"principalId": bert.ID, "roleDefinitionId": reportsReader}), 400},
			"all tenants from one":    {w.do("POST", path, map[string]any{"principalId": bert.ID, "roleDefinitionId": reportsReader, "directoryScopeId": "/", "portico": map[string]any{"allTenants": true}}), 403},
			"one for all taken away":  {w.do("DELETE", path+"/"+top, nil), 403},
			"a change":                {w.do("PATCH", path+"/"+id, `{"principalId":"x"}`), 405},
			"an operator of a tenant": {w.do("POST", path, body(bert.ID, access.InstallationOperatorID)), 403},
		} {
			if c.answer.status != c.status {
				w.t.Errorf("%s: %d %s", what, c.answer.status, c.raw)
			}
		}
		// Nobody gives what they do not hold, and another tenant neither sees nor takes it.
		w.newClient("roles", w.tenant, access.RoleWrite, access.OrganizationRead)
		w.want(403, w.do("POST", path, body(bert.ID, userAdministrator), "Authorization", "Bearer roles"))
		w.want(403, w.do("POST", path, body(bert.ID, access.GlobalAdministratorID), "Authorization", "Bearer roles"))
		w.want(403, w.do("DELETE", path+"/"+id, nil, "Authorization", "Bearer roles"))
		w.newClient("stranger", other, access.Known()...)
		w.want(404, w.do("GET", path+"/"+id, nil, "Authorization", "Bearer stranger"))
		w.want(404, w.do("DELETE", path+"/"+id, nil, "Authorization", "Bearer stranger"))
		if a := w.want(200, w.do("GET", path, nil, "Authorization", "Bearer stranger")); len(a.values()) != 2 {
			w.t.Errorf("the other tenant's: %s", a.raw)
		}
		// A person gives no more than their roles, in the tenant where they have them.
		w.newClient("console", staff, access.AsSignedIn)
		w.tokens["bert"] = Token{TenantID: staff.ID, ClientID: w.tokens["console"].ClientID, UserID: bert.ID, Scopes: []string{"Directory.AccessAsUser.All"}}
		w.tokens["anna"] = Token{TenantID: staff.ID, ClientID: w.tokens["console"].ClientID, UserID: anna.ID, Scopes: []string{"Directory.AccessAsUser.All"}}
		w.want(403, w.do("POST", path, body(bert.ID, access.GlobalAdministratorID), "Authorization", "Bearer bert"))
		everywhere := body(bert.ID, userAdministrator)
		everywhere["portico"] = map[string]any{"allTenants": true}
		if a := w.want(201, w.do("POST", path, everywhere, "Authorization", "Bearer anna")); !strings.Contains(a.raw, `"allTenants":true`) {
			w.t.Errorf("everywhere: %s", a.raw)
		}
		if a := w.do("DELETE", path+"/"+top, nil, "Authorization", "Bearer anna"); a.status != 409 {
			w.t.Errorf("the last administrator leaves: %d %s", a.status, a.raw)
		}

		// The older shape of the same.
		if a := w.want(200, w.do("GET", "/directoryRoles(roleTemplateId='"+reportsReader+"')/members", nil)); !same(ids(a), []string{bert.ID}) {
			w.t.Errorf("members: %s", a.raw)
		}
		w.want(200, w.do("GET", "/directoryRoleTemplates", nil))
		w.want(201, w.do("POST", "/directoryRoles", map[string]any{"roleTemplateId": reportsReader}))
		w.want(204, w.do("POST", "/directoryRoles/"+userAdministrator+"/members/$ref", w.ref(anna.ID)))
		w.want(204, w.do("DELETE", "/directoryRoles/"+userAdministrator+"/members/"+anna.ID+"/$ref", nil))
		w.want(404, w.do("DELETE", "/directoryRoles/"+userAdministrator+"/members/"+anna.ID+"/$ref", nil))
		w.want(204, w.do("DELETE", path+"/"+id, nil))
		w.want(404, w.do("GET", path+"/"+id, nil))
	})
}
