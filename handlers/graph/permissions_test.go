package graph

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"portico/app/access"
	"portico/app/account"
	"portico/app/audit"
	"portico/models"
)

// TestPermissions is the matrix operation × permission: for each operation, exactly the listed
// permissions open it; every other known one is refused.
func TestPermissions(t *testing.T) {
	w := newWorld(t, openSQLite(t))
	user := w.want(201, w.do("POST", "/users", annBody())).body["id"].(string)
	app := w.want(201, w.do("POST", "/applications", map[string]any{"displayName": "App"}))
	appID, spID := app.body["id"].(string), w.want(200, w.do("GET", "/servicePrincipals(appId='"+app.body["appId"].(string)+"')", nil)).body["id"].(string)
	flow := w.want(201, w.do("POST", "/identity/authenticationEventsFlows", flowBody("F"))).body["id"].(string)

	custom := w.newAttribute("Custom", map[string]any{"dataType": "date"})
	terms := w.want(201, w.do("POST", "/beta/portico/termsOfUse", `{"displayName":"T","texts":[{"language":"en","title":"T","body":"b"}]}`)).body["id"].(string)
	hers, drafts := "/beta/portico/termsOfUse/"+terms, "/beta/portico/userFlows/"+flow

	readUsers := []string{"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	writeUsers := []string{"User.ReadWrite.All", "Directory.ReadWrite.All"}
	readApps := []string{"Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	writeApps := []string{"Application.ReadWrite.All", "Directory.ReadWrite.All"}
	readFlows, writeFlows := []string{"EventListener.Read.All", "EventListener.ReadWrite.All"}, []string{"EventListener.ReadWrite.All"}
	readAttributes, writeAttributes := []string{"IdentityUserFlow.Read.All", "IdentityUserFlow.ReadWrite.All"}, []string{"IdentityUserFlow.ReadWrite.All"}
	group := w.newGroup("G")
	readMethods, writeMethods := []string{"UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All"}, []string{"UserAuthenticationMethod.ReadWrite.All"}
	readMembers := []string{"GroupMember.Read.All", "GroupMember.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	writeGroups := []string{"Group.ReadWrite.All", "Directory.ReadWrite.All"}
	readRoles := []string{"RoleManagement.Read.Directory", "RoleManagement.ReadWrite.Directory", "Directory.Read.All", "Directory.ReadWrite.All"}
	for _, c := range []struct {
		method, path, body string
		open               []string
	}{
		{"GET", "/users", "", append(readUsers, "User.ReadBasic.All")},
		{"GET", "/users/$count", "", append(readUsers, "User.ReadBasic.All")},
		{"GET", "/users/" + user, "", append(readUsers, "User.ReadBasic.All")},
		{"GET", "/users?$select=city", "", readUsers},
		{"GET", "/users/" + user + "?$select=identities", "", readUsers},
		{"GET", "/users?$filter=city%20eq%20'x'", "", nil}, // answered below
		{"GET", "/users/" + user + "/city", "", readUsers},
		{"POST", "/users", `{"displayName":"X","identities":[{"signInType":"userName","issuer":"x","issuerAssignedId":"%d"}],"passwordProfile":{"password":"correct horse"}}`, writeUsers},
		{"PATCH", "/users/" + user, `{"city":"x"}`, writeUsers},
		{"PATCH", "/users/" + user, `{"accountEnabled":true}`, append(writeUsers, "User.EnableDisableAccount.All")},
		{"PATCH", "/users/" + user, `{"mail":"x@y.example"}`, append(writeUsers, "User-Mail.ReadWrite.All")},
		{"PATCH", "/users/" + user, `{"mobilePhone":"1"}`, append(writeUsers, "User-Phone.ReadWrite.All")},
		{"PATCH", "/users/" + user, `{"passwordProfile":{"forceChangePasswordNextSignIn":false}}`, append(writeUsers, "User-PasswordProfile.ReadWrite.All")},
		{"PATCH", "/users/" + user, `{"identities":[{"signInType":"emailAddress","issuer":"x","issuerAssignedId":"n@x.example"}]}`, append(writeUsers, "User.ManageIdentities.All")},
		{"PATCH", "/users/" + user, `{"accountEnabled":true,"city":"x"}`, writeUsers},
		{"POST", "/users/" + user + "/revokeSignInSessions", "", append(writeUsers, "User.RevokeSessions.All")},
		{"GET", "/users/delta", "", append(readUsers, "User.ReadBasic.All")},
		{"GET", "/users/" + user + "/authentication/methods", "", readMethods},
		{"GET", "/users/" + user + "/authentication/phoneMethods", "", readMethods},
		{"POST", "/users/" + user + "/authentication/phoneMethods", "{}", writeMethods},
		{"DELETE", "/users/" + user + "/authentication/fido2Methods/" + roleID, "", writeMethods},
		{"POST", "/users/" + user + "/authentication/methods/" + passwordMethodID + "/resetPassword", `{"newPassword":"x"}`, writeMethods},
		{"POST", "/users/" + user + "/changePassword", "{}", nil},
		{"POST", "/users/" + user + "/exportPersonalData", "{}", []string{"User.Export.All"}},
		{"GET", "/users/" + user + "/memberOf", "", append(readMembers, readUsers...)},
		{"POST", "/users/" + user + "/getMemberGroups", "{}", append(readMembers, readUsers...)},
		{"GET", "/users/" + user + "/appRoleAssignments", "", append(readApps, append(readUsers, "AppRoleAssignment.ReadWrite.All")...)},
		{"POST", "/users/" + user + "/appRoleAssignments", "{}", []string{"AppRoleAssignment.ReadWrite.All"}},
		{"DELETE", "/users/" + user + "/appRoleAssignments/" + roleID, "", []string{"AppRoleAssignment.ReadWrite.All"}},
		{"GET", "/servicePrincipals/" + spID + "/appRoleAssignedTo", "", append(readApps, "AppRoleAssignment.ReadWrite.All")},
		{"POST", "/servicePrincipals/" + spID + "/appRoleAssignedTo", "{}", []string{"AppRoleAssignment.ReadWrite.All"}},
		{"DELETE", "/servicePrincipals/" + spID + "/appRoleAssignedTo/" + roleID, "", []string{"AppRoleAssignment.ReadWrite.All"}},
		{"GET", "/groups", "", readMembers},
		{"GET", "/groups/" + group, "", readMembers},
		{"GET", "/groups/" + group + "/members", "", readMembers},
		{"GET", "/groups/" + group + "/transitiveMembers/$count", "", readMembers},
		{"POST", "/groups", "{}", writeGroups},
		{"PATCH", "/groups/" + group, `{"description":"x"}`, writeGroups},
		{"DELETE", "/groups/" + roleID, "", writeGroups},
		{"POST", "/groups/" + group + "/members/$ref", "{}", append(writeGroups, "GroupMember.ReadWrite.All")},
		{"DELETE", "/groups/" + group + "/members/" + roleID + "/$ref", "", append(writeGroups, "GroupMember.ReadWrite.All")},
		{"POST", "/directoryObjects/getByIds", "{}", append(append(append([]string{"Group.Read.All", "Group.ReadWrite.All"}, readUsers...), readApps...), "User.ReadWrite.All")},
		{"GET", "/roleManagement/directory/roleDefinitions", "", readRoles},
		{"GET", "/roleManagement/directory/roleAssignments", "", readRoles},
		{"POST", "/roleManagement/directory/roleAssignments", "{}", []string{"RoleManagement.ReadWrite.Directory"}},
		{"GET", "/directoryRoles", "", readRoles},
		{"GET", "/directoryRoles/" + access.GlobalAdministratorID + "/members", "", readRoles},
		{"POST", "/directoryRoles/" + access.GlobalAdministratorID + "/members/$ref", "{}", []string{"RoleManagement.ReadWrite.Directory"}},
		{"GET", "/beta/portico/savedViews", "", readUsers},
		{"POST", "/beta/portico/savedViews", "{}", writeUsers},
		{"DELETE", "/beta/portico/savedViews/" + roleID, "", writeUsers},
		{"GET", "/beta/portico/imports", "", readUsers},
		{"POST", "/beta/portico/imports", "{}", writeUsers},
		{"GET", "/beta/portico/tenants", "", []string{}},
		{"POST", "/beta/portico/tenants", "{}", []string{}},
		{"DELETE", "/users/" + roleID, "", append(writeUsers, "User.DeleteRestore.All")}, // 404 when allowed
		{"GET", "/applications", "", readApps},
		{"GET", "/applications/" + appID, "", readApps},
		{"POST", "/applications", `{"displayName":"Y"}`, append(writeApps, "Application.ReadWrite.OwnedBy")},
		{"PATCH", "/applications/" + appID, `{"notes":"x"}`, writeApps},
		{"DELETE", "/applications/" + roleID, "", writeApps},
		{"POST", "/applications/" + appID + "/addPassword", "{}", writeApps},
		{"POST", "/applications/" + roleID + "/removePassword", "{}", writeApps},
		{"GET", "/servicePrincipals/" + spID, "", readApps},
		{"PATCH", "/servicePrincipals/" + spID, `{"accountEnabled":true}`, writeApps},
		{"GET", "/identity/authenticationEventsFlows", "", readFlows},
		{"GET", "/identity/authenticationEventsFlows/" + flow, "", readFlows},
		{"PATCH", "/identity/authenticationEventsFlows/" + flow, `{"displayName":"F"}`, writeFlows},
		{"POST", "/identity/authenticationEventsFlows/" + flow + "/conditions/applications/includeApplications", `{"appId":"x"}`, writeFlows},
		{"DELETE", "/identity/authenticationEventsFlows/" + roleID, "", writeFlows},
		{"GET", "/identity/userFlowAttributes", "", readAttributes},
		{"GET", "/identity/userFlowAttributes/" + custom, "", readAttributes},
		{"GET", "/identity/userFlowAttributes/city/displayName", "", readAttributes},
		{"POST", "/identity/userFlowAttributes", `{"displayName":"A %d","dataType":"string"}`, writeAttributes},
		{"PATCH", "/identity/userFlowAttributes/" + custom, `{"description":"%d"}`, writeAttributes},
		{"DELETE", "/identity/userFlowAttributes/nothing", "", writeAttributes},
		{"GET", "/beta/portico/userFlows", "", readFlows},
		{"GET", drafts + "/versions", "", readFlows},
		{"GET", drafts + "/versions/1", "", readFlows},
		{"POST", drafts + "/versions/9/restore", "", writeFlows},
		{"PATCH", drafts + "/draft", `{"displayName":"F %d"}`, writeFlows},
		{"PUT", drafts + "/draft", `{}`, writeFlows},
		{"GET", drafts + "/draft", "", readFlows},
		{"POST", drafts + "/draft/publish", `{"revision":0}`, writeFlows},
		{"DELETE", drafts + "/draft", "", writeFlows},
		{"GET", "/beta/portico/termsOfUse", "", readFlows},
		{"GET", hers, "", readFlows},
		{"POST", "/beta/portico/termsOfUse", `{"displayName":"T %d","texts":[{"language":"en","title":"T","body":"b"}]}`, writeFlows},
		{"PATCH", hers, `{"displayName":"T"}`, writeFlows},
		{"POST", hers + "/publish", `{"askAgain":true}`, writeFlows},
		{"GET", hers + "/versions", "", readFlows},
		{"GET", hers + "/versions/1", "", readFlows},
		{"GET", hers + "/acceptances", "", readUsers},
		{"DELETE", "/beta/portico/termsOfUse/" + roleID, "", writeFlows},
		{"GET", "/users/" + user + "/agreementAcceptances", "", readUsers},
		{"POST", "/invitations", `{}`, []string{"User.Invite.All"}},
		{"GET", "/beta/portico/invitations", "", []string{"User.Invite.All"}},
		{"POST", "/beta/portico/invitations", `{}`, []string{"User.Invite.All"}},
		{"GET", "/beta/portico/invitations/" + roleID, "", []string{"User.Invite.All"}},
		{"POST", "/beta/portico/invitations/" + roleID + "/resend", "", []string{"User.Invite.All"}},
		{"POST", "/beta/portico/invitations/" + roleID + "/revoke", "", []string{"User.Invite.All"}},
		{"GET", "/auditLogs/signIns", "", []string{"AuditLog.Read.All"}},
		{"GET", "/auditLogs/directoryAudits", "", []string{"AuditLog.Read.All"}},
		{"GET", "/organization", "", []string{"Organization.Read.All", "Organization.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}},
		{"PATCH", "/organization/" + w.tenant.ID, `{"preferredLanguage":"en"}`, []string{"Organization.ReadWrite.All"}},
		{"GET", "/directory/deletedItems/graph.user", "", append(slices.Clone(readUsers), "User.DeleteRestore.All")},
		{"GET", "/directory/deletedItems/graph.application", "", readApps},
	} {
		if c.open == nil {
			continue
		}
		for i, p := range append(access.Known(), "Mail.Read") {
			name := "only " + string(p)
			if _, ok := w.tokens[name]; !ok {
				w.newClient(name, w.tenant, p)
			}
			body := any(nil)
			if c.body != "" {
				body = strings.ReplaceAll(c.body, "%d", fmt.Sprint("u", i))
			}
			a := w.do(c.method, c.path, body, "Authorization", "Bearer "+name)
			if allowed := slices.Contains(c.open, string(p)); allowed == (a.status == 403) || a.status == 401 || a.status >= 500 {
				t.Errorf("%s %s %s with %s: %d %s", c.method, c.path, c.body, p, a.status, a.raw)
			}
		}
	}
	// What may not be read may not be asked by a filter or an order either.
	for _, q := range []string{"$filter=city%20eq%20'x'", "$orderby=createdDateTime", "$search=%22ann%22", "$search=%22mobilePhone:1%22"} {
		if a := w.do("GET", "/users?"+q, nil, "Authorization", "Bearer only User.ReadBasic.All"); a.status != 400 && a.status != 403 {
			t.Errorf("%s with basic rights: %d", q, a.status)
		}
	}
	basic := w.want(200, w.do("GET", "/users/"+user, nil, "Authorization", "Bearer only User.ReadBasic.All"))
	if _, ok := basic.body["mobilePhone"]; ok || basic.body["displayName"] == nil {
		t.Errorf("basic: %s", basic.raw)
	}
}

// TestNobodyGrantsMoreThanTheyHold covers DESIGN §9.8: a client that may only write applications cannot
// make itself a stronger one.
func TestNobodyGrantsMoreThanTheyHold(t *testing.T) {
	w := newWorld(t, openSQLite(t))
	w.newClient("apps", w.tenant, access.AppWrite)
	strong := w.client.ID
	secret := w.want(200, w.do("POST", "/applications/"+strong+"/addPassword", nil)).body["keyId"].(string)
	if audits := w.want(200, w.do("GET", "/auditLogs/directoryAudits", nil)).raw; !strings.Contains(audits, secret) || strings.Contains(audits, secret+" ") {
		t.Errorf("a secret without a name is %q and nothing more: %s", secret, audits)
	}
	for name, a := range map[string]answer{
		"a new strong app":  w.do("POST", "/applications", `{"displayName":"x","portico":{"permissions":["User.ReadWrite.All"]}}`, "Authorization", "Bearer apps"),
		"a secret of one":   w.do("POST", "/applications/"+strong+"/addPassword", `{}`, "Authorization", "Bearer apps"),
		"one secret less":   w.do("POST", "/applications/"+strong+"/removePassword", map[string]any{"keyId": secret}, "Authorization", "Bearer apps"),
		"one key less":      w.do("POST", "/applications/"+strong+"/removeKey", map[string]any{"keyId": secret, "proof": ""}, "Authorization", "Bearer apps"),
		"a key of one":      w.do("POST", "/applications/"+strong+"/addKey", map[string]any{"keyCredential": map[string]any{"key": certificate(t, "x"), "type": "AsymmetricX509Cert", "usage": "Verify"}, "proof": "x"}, "Authorization", "Bearer apps"),
		"a key by PATCH":    w.do("PATCH", "/applications/"+strong, map[string]any{"keyCredentials": []any{map[string]any{"key": certificate(t, "x")}}}, "Authorization", "Bearer apps"),
		"more for oneself":  w.do("PATCH", "/applications(appId='"+w.tokens["apps"].ClientID+"')", `{"portico":{"permissions":["Application.ReadWrite.All","AuditLog.Read.All"]}}`, "Authorization", "Bearer apps"),
		"by the other side": w.do("POST", "/servicePrincipals(appId='"+w.client.ClientID+"')/addPassword", `{}`, "Authorization", "Bearer apps"),
	} {
		if a.status != 403 || a.errorCode() != "Authorization_RequestDenied" {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	// Bringing a deleted one back brings its keys back.
	gone := w.newClient("gone", w.tenant, access.UserWrite)
	w.want(204, w.do("DELETE", "/applications/"+gone.ID, nil, "Authorization", "Bearer apps"))
	w.want(403, w.do("POST", "/directory/deletedItems/"+gone.ID+"/restore", nil, "Authorization", "Bearer apps"))
	w.want(200, w.do("POST", "/directory/deletedItems/"+gone.ID+"/restore", nil))
	w.want(201, w.do("POST", "/applications", `{"displayName":"x","portico":{"permissions":["Application.Read.All"]}}`, "Authorization", "Bearer apps"))
	// A permission that was taken away counts no more, whatever the token still says.
	w.want(204, w.do("PATCH", "/applications(appId='"+w.tokens["apps"].ClientID+"')", `{"portico":{"permissions":[]}}`))
	w.want(403, w.do("GET", "/applications", nil, "Authorization", "Bearer apps"))
	// Nor does a client that was disabled or deleted.
	w.newClient("off", w.tenant, access.AppRead)
	w.want(200, w.do("GET", "/applications", nil, "Authorization", "Bearer off"))
	w.want(204, w.do("PATCH", "/applications(appId='"+w.tokens["off"].ClientID+"')", `{"isDisabled":true}`))
	w.want(401, w.do("GET", "/applications", nil, "Authorization", "Bearer off"))
}

// TestTenantsAreApart: a token of one tenant neither sees nor changes anything of another.
func TestTenantsAreApart(t *testing.T) {
	each(t, func(w *world) {
		other := w.newTenant("other")
		w.newClient("stranger", other, access.Known()...)
		user := w.want(201, w.do("POST", "/users", annBody())).body["id"].(string)
		app := w.want(201, w.do("POST", "/applications", `{"displayName":"A"}`)).body
		flow := w.want(201, w.do("POST", "/identity/authenticationEventsFlows", flowBody("F"))).body["id"].(string)
		custom := w.newAttribute("Custom", map[string]any{"dataType": "date"})
		terms := w.want(201, w.do("POST", "/beta/portico/termsOfUse", `{"displayName":"T","texts":[{"language":"en","title":"T","body":"b"}]}`)).body["id"].(string)
		w.want(200, w.do("PATCH", "/beta/portico/userFlows/"+flow+"/draft", `{"displayName":"Draft"}`))
		w.want(204, w.do("PATCH", "/applications/"+app["id"].(string), `{"web":{"redirectUris":["https://a.example/cb"]}}`))
		w.want(201, w.do("POST", "/identity/authenticationEventsFlows/"+flow+"/conditions/applications/includeApplications", map[string]any{"appId": app["appId"]}))
		invited := w.want(201, w.do("POST", "/invitations", `{"invitedUserEmailAddress":"b@example.com","inviteRedirectUrl":"https://a.example/cb"}`)).body["id"].(string)
		audits := w.want(200, w.do("GET", "/auditLogs/directoryAudits", nil)).values()
		group := w.newGroup("Mine")
		w.want(204, w.do("POST", "/groups/"+group+"/members/$ref", w.ref(user)))
		sp := w.want(200, w.do("GET", "/servicePrincipals(appId='"+app["appId"].(string)+"')", nil)).body["id"].(string)
		given := w.want(201, w.do("POST", "/users/"+user+"/appRoleAssignments", map[string]any{"principalId": user, "resourceId": sp, "appRoleId": models.NoAppRole})).body["id"].(string)
		as := []string{"Authorization", "Bearer stranger"}
		for _, path := range []string{"/users/" + user, "/users/ann@example.com", "/applications/" + app["id"].(string), "/applications(appId='" + app["appId"].(string) + "')",
			"/identity/authenticationEventsFlows/" + flow, "/auditLogs/directoryAudits/" + audits[0]["id"].(string), "/organization/" + w.tenant.ID,
			"/identity/userFlowAttributes/" + custom, "/beta/portico/termsOfUse/" + terms, "/groups/" + group, "/servicePrincipals/" + sp} {
			w.want(404, w.do("GET", path, nil, as...))
			if strings.HasPrefix(path, "/auditLogs") {
				continue
			}
			if a := w.do("PATCH", path, `{"displayName":"mine"}`, as...); a.status != 404 {
				w.t.Errorf("PATCH %s: %d", path, a.status)
			}
			if a := w.do("DELETE", path, nil, as...); a.status != 404 && a.status != 405 {
				w.t.Errorf("DELETE %s: %d", path, a.status)
			}
		}
		view := w.want(201, w.do("POST", "/beta/portico/savedViews", `{"displayName":"Mine","query":"enabled=no"}`)).body["id"].(string)
		w.want(404, w.do("GET", "/beta/portico/savedViews/"+view, nil, as...))
		w.want(404, w.do("DELETE", "/beta/portico/savedViews/"+view, nil, as...))
		theirGroup := w.want(201, w.do("POST", "/groups", `{"displayName":"Theirs"}`, as...)).body["id"].(string)
		for _, id := range []string{user, group, sp} {
			w.want(404, w.do("POST", "/groups/"+theirGroup+"/members/$ref", w.ref(id), as...))
			w.want(404, w.do("GET", "/directoryObjects/"+id, nil, as...))
		}
		if a := w.want(200, w.do("POST", "/directoryObjects/getByIds", map[string]any{"ids": []string{user, group, sp}}, as...)); len(a.values()) != 0 {
			w.t.Errorf("getByIds: %s", a.raw)
		}
		if got, _ := w.synced("/users/delta", as...); len(got) != 0 {
			w.t.Errorf("delta: %v", got)
		}
		for _, one := range [][2]string{{"GET", "/groups/" + group + "/members"}, {"GET", "/groups/" + group + "/transitiveMembers"}, {"DELETE", "/groups/" + group + "/members/" + user + "/$ref"},
			{"GET", "/users/" + user + "/memberOf"}, {"POST", "/users/" + user + "/getMemberGroups"}, {"GET", "/users/" + user + "/appRoleAssignments"}, {"DELETE", "/users/" + user + "/appRoleAssignments/" + given},
			{"GET", "/servicePrincipals/" + sp + "/appRoleAssignedTo"}, {"DELETE", "/servicePrincipals/" + sp + "/appRoleAssignedTo/" + given}, {"GET", "/users/" + user + "/authentication/methods"},
			{"POST", "/users/" + user + "/authentication/methods/" + passwordMethodID + "/resetPassword"}, {"POST", "/users/" + user + "/exportPersonalData"}, {"POST", "/users/" + user + "/revokeSignInSessions"},
			{"GET", "/beta/portico/userFlows/" + flow + "/versions"}, {"GET", "/beta/portico/userFlows/" + flow + "/versions/1"}, {"GET", "/beta/portico/userFlows/" + flow + "/draft"},
			{"PATCH", "/beta/portico/userFlows/" + flow + "/draft"}, {"DELETE", "/beta/portico/userFlows/" + flow + "/draft"}, {"POST", "/beta/portico/userFlows/" + flow + "/draft/publish"},
			{"POST", "/beta/portico/userFlows/" + flow + "/versions/1/restore"}, {"GET", "/beta/portico/termsOfUse/" + terms + "/versions"}, {"GET", "/beta/portico/termsOfUse/" + terms + "/acceptances"},
			{"POST", "/beta/portico/termsOfUse/" + terms + "/publish"}, {"GET", "/users/" + user + "/agreementAcceptances"}, {"GET", "/beta/portico/invitations/" + invited},
			{"POST", "/beta/portico/invitations/" + invited + "/resend"}, {"POST", "/beta/portico/invitations/" + invited + "/revoke"}} {
			if a := w.do(one[0], one[1], nil, as...); a.status != 404 {
				w.t.Errorf("%s %s: %d %s", one[0], one[1], a.status, a.raw)
			}
		}
		// An address of another tenant's app, its attributes and its terms are nothing here.
		w.want(400, w.do("POST", "/invitations", `{"invitedUserEmailAddress":"b@example.com","inviteRedirectUrl":"https://a.example/cb"}`, as...))
		theirs := w.want(201, w.do("POST", "/identity/authenticationEventsFlows", flowBody("Theirs"), as...)).body["id"].(string)
		for _, body := range []string{`{"portico":{"termsOfUse":["` + terms + `"]}}`, `{"onAttributeCollection":{"attributeCollectionPage":{"views":[{"inputs":[{"attribute":"` + custom + `","label":"","inputType":"text"}]}]}}}`} {
			w.want(400, w.do("PATCH", "/identity/authenticationEventsFlows/"+theirs, body, as...))
		}
		w.want(204, w.do("DELETE", "/identity/authenticationEventsFlows/"+theirs, nil, as...))
		for _, list := range []string{"/identity/userFlowAttributes?$filter=userFlowAttributeType%20eq%20'custom'", "/beta/portico/termsOfUse", "/beta/portico/invitations", "/beta/portico/userFlows", "/users", "/identity/authenticationEventsFlows", "/auditLogs/signIns", "/users?$filter=displayName%20eq%20'Ann%20Lee'%20or%20accountEnabled",
			"/users?$filter=identities/any(i:i/issuerAssignedId%20eq%20'ann@example.com')", "/users?$search=%22ann%22", "/directory/deletedItems/graph.user", "/groups?$filter=displayName%20eq%20'Mine'", "/groups?$search=%22mine%22", "/beta/portico/imports", "/roleManagement/directory/roleAssignments"} {
			if n := w.want(200, w.do("GET", list, nil, as...)).values(); len(n) != 0 {
				w.t.Errorf("%s shows another tenant's: %v", list, n)
			}
		}
		// An address is unique in a tenant, not in the installation.
		w.want(201, w.do("POST", "/users", annBody(), as...))
	})
}

func TestMe(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		app := w.want(201, w.do("POST", "/applications", `{"displayName":"App","web":{"redirectUris":["https://a.example/cb"]}}`)).body["appId"].(string)
		w.want(201, w.do("POST", "/identity/authenticationEventsFlows", flowBody("Shop", app))) // it asks for a city
		id := w.want(201, w.do("POST", "/users", annBody())).body["id"].(string)
		other := w.want(201, w.do("POST", "/users", `{"displayName":"Bob","identities":[{"signInType":"userName","issuer":"x","issuerAssignedId":"bob"}],"passwordProfile":{"password":"correct horse"}}`)).body["id"].(string)
		token := func(name string, scopes ...string) {
			w.tokens[name] = Token{TenantID: w.tenant.ID, ClientID: w.client.ClientID, UserID: id, Scopes: scopes}
		}
		token("read", "openid", "User.Read")
		token("write", "User.ReadWrite")
		token("nothing", "openid")
		token("greedy", "User.ReadWrite.All", "Directory.AccessAsUser.All", "User.Read")
		as := func(name string) []string { return []string{"Authorization", "Bearer " + name} }

		if a := w.want(200, w.do("GET", "/me?$select=displayName,city", nil, as("read")...)); a.body["displayName"] != "Ann Lee" || a.body["city"] != "Genoa" {
			w.t.Errorf("me: %s", a.raw)
		}
		w.want(200, w.do("GET", "/beta/ME", nil, as("write")...))
		w.want(200, w.do("GET", "/users/"+id, nil, as("read")...))
		w.want(403, w.do("GET", "/me", nil, as("nothing")...))
		w.want(403, w.do("PATCH", "/me", `{"city":"rome"}`, as("read")...))
		w.want(204, w.do("PATCH", "/me", `{"city":"rome","displayName":"Ann"}`, as("write")...))
		// People change their profile, never what decides about their account.
		for _, body := range []string{`{"accountEnabled":true}`, `{"identities":[]}`, `{"mail":"x@y.example"}`, `{"passwordProfile":{"password":"correct horse 2"}}`, `{"city":"rome","accountEnabled":true}`, `{"mobilePhone":"1"}`} {
			w.want(403, w.do("PATCH", "/me", body, as("write")...))
		}
		// Nobody else is in reach, and scopes alone make no administrator.
		for _, name := range []string{"read", "write", "greedy"} {
			w.want(403, w.do("GET", "/users/"+other, nil, as(name)...))
			w.want(403, w.do("GET", "/users", nil, as(name)...))
			w.want(403, w.do("PATCH", "/users/"+other, `{"city":"x"}`, as(name)...))
			if a := w.do("DELETE", "/me", nil, as(name)...); a.status != 403 && a.errorCode() != "interactionRequired" {
				w.t.Errorf("DELETE /me: %d %s", a.status, a.raw)
			}
			w.want(403, w.do("GET", "/applications", nil, as(name)...))
			w.want(403, w.do("POST", "/users/"+other+"/revokeSignInSessions", nil, as(name)...))
		}
		w.want(200, w.do("POST", "/me/revokeSignInSessions", nil, as("write")...))
		rows := w.want(200, w.do("GET", "/auditLogs/directoryAudits?$filter=initiatedBy/user/id%20eq%20'"+id+"'", nil)).values()
		if len(rows) != 2 {
			w.t.Errorf("audit rows of the person: %d", len(rows))
		}
		// The account that is gone or disabled has no door left.
		w.want(204, w.do("PATCH", "/users/"+id, `{"accountEnabled":false}`))
		w.want(401, w.do("GET", "/me", nil, as("read")...))

		// An administrator's delegated token reaches what both the app and the role allow, in their own directory.
		admin, err := w.tenant.CreateUser(ctx, audit.System("test"), models.User{Account: account.Account{DisplayName: "Admin", Enabled: true}}, "")
		if err != nil {
			w.t.Fatal(err)
		}
		if _, err := w.tenant.AssignRole(ctx, audit.System("test"), admin.ID, access.Assignment{RoleID: "fe930be7-5e62-47db-91af-98c3a49a38b1", TenantID: w.tenant.ID}); err != nil {
			w.t.Fatal(err)
		}
		w.tokens["admin"] = Token{TenantID: w.tenant.ID, ClientID: w.client.ClientID, UserID: admin.ID, Scopes: []string{"Directory.AccessAsUser.All"}}
		w.tokens["narrow"] = Token{TenantID: w.tenant.ID, ClientID: w.client.ClientID, UserID: admin.ID, Scopes: []string{"User.Read.All", "AuditLog.Read.All"}}
		w.want(204, w.do("PATCH", "/users/"+other, `{"city":"x"}`, as("admin")...))
		w.want(200, w.do("GET", "/applications", nil, as("admin")...))
		w.want(403, w.do("GET", "/auditLogs/directoryAudits", nil, as("admin")...))
		w.want(200, w.do("GET", "/users", nil, as("narrow")...))
		w.want(403, w.do("PATCH", "/users/"+other, `{"city":"x"}`, as("narrow")...))
		w.want(403, w.do("GET", "/applications", nil, as("narrow")...))              // the role would, the app may not
		w.want(403, w.do("GET", "/auditLogs/directoryAudits", nil, as("narrow")...)) // the app may, the role would not
		// An administrator's look at one person is in their history, once in a while; a program's, and a list, are not.
		looks := func() int {
			list, err := w.tenant.Audits(ctx, models.AuditQuery{TargetID: other, Activity: "View user", Limit: 10})
			if err != nil {
				w.t.Fatal(err)
			}
			return len(list.Items)
		}
		if n := looks(); n != 0 {
			w.t.Errorf("%d looks before anybody looked", n)
		}
		w.want(200, w.do("GET", "/users/"+other, nil))
		w.want(200, w.do("GET", "/users/"+other, nil, as("narrow")...))
		w.want(200, w.do("GET", "/users/"+other+"/displayName", nil, as("admin")...))
		if n := looks(); n != 1 {
			w.t.Errorf("%d looks in the history", n)
		}
		// What the app was not given, or not any more, its tokens do not carry.
		poor := w.newClient("poor", w.tenant, access.OwnWrite)
		w.tokens["poor"] = Token{TenantID: w.tenant.ID, ClientID: poor.ClientID, UserID: admin.ID, Scopes: []string{"User.ReadWrite", "Directory.AccessAsUser.All", "User.ReadWrite.All"}}
		w.want(403, w.do("GET", "/users", nil, as("poor")...))
		w.want(204, w.do("PATCH", "/me", `{"displayName":"Oslo"}`, as("poor")...))
		if _, err := w.tenant.UpdateApplication(ctx, audit.System("test"), poor.ID, func(a *models.Application) error { a.Spec.Permissions = nil; return nil }); err != nil {
			w.t.Fatal(err)
		}
		w.want(403, w.do("PATCH", "/me", `{"city":"Rome"}`, as("poor")...))
		w.want(403, w.do("GET", "/me", nil, as("poor")...))
		// Who holds less than an administrator cannot take the administrator's account over.
		if _, err := w.tenant.AssignRole(ctx, audit.System("test"), admin.ID, access.Assignment{RoleID: access.GlobalAdministratorID, TenantID: access.AllTenants}); err != nil {
			w.t.Fatal(err)
		}
		w.newClient("users", w.tenant, access.UserWrite)
		for _, body := range []string{`{"passwordProfile":{"password":"correct horse 2"}}`, `{"mail":"evil@example.com"}`, `{"accountEnabled":false}`,
			`{"identities":[{"signInType":"emailAddress","issuer":"x","issuerAssignedId":"evil@example.com"}]}`} {
			w.want(403, w.do("PATCH", "/users/"+admin.ID, body, as("users")...))
		}
		w.want(403, w.do("DELETE", "/users/"+admin.ID, nil, as("users")...))
		w.want(403, w.do("PATCH", "/users/"+admin.ID, `{"displayName":"Not the administrator"}`, as("users")...))
	})
}
