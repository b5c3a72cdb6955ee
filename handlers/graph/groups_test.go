package graph

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func (w *world) newGroup(name string, more ...any) string {
	w.t.Helper()
	body := map[string]any{"displayName": name, "mailEnabled": false, "mailNickname": strings.ToLower(strings.ReplaceAll(name, " ", "")), "securityEnabled": true, "groupTypes": []any{}}
	for i := 0; i+1 < len(more); i += 2 {
		body[more[i].(string)] = more[i+1]
	}
	return w.want(201, w.do("POST", "/groups", body)).body["id"].(string)
}

func (w *world) newPerson(name string) string {
	w.t.Helper()
	return w.want(201, w.do("POST", "/users", map[string]any{"displayName": name, "identities": []any{
		map[string]any{"signInType": "emailAddress", "issuer": "x", "issuerAssignedId": strings.ToLower(name) + "@example.com"}}})).body["id"].(string)
}

func (w *world) ref(id string) map[string]any {
	return map[string]any{"@odata.id": w.base + "/v1.0/directoryObjects/" + id}
}

func ids(a answer) []string {
	var out []string
	for _, v := range a.values() {
		out = append(out, v["id"].(string))
	}
	slices.Sort(out)
	return out
}

func same(a, b []string) bool {
	slices.Sort(b)
	return slices.Equal(a, b)
}

func TestGroups(t *testing.T) {
	each(t, func(w *world) {
		ann, bob := w.newPerson("Ann"), w.newPerson("Bob")
		inner := w.newGroup("Inner", "members@odata.bind", []any{w.base + "/v1.0/users/" + ann, "https://graph.microsoft.com/v1.0/directoryObjects('" + bob + "')"})
		outer := w.newGroup("Outer", "description", "Both")
		at := "/groups/" + outer + "/"
		got := w.want(200, w.do("GET", "/groups/"+outer, nil))
		if got.body["description"] != "Both" || got.body["securityEnabled"] != true || got.body["mailEnabled"] != false || got.body["membershipRule"] != nil {
			w.t.Errorf("group: %s", got.raw)
		}
		w.want(204, w.do("POST", at+"members/$ref", w.ref(inner)))
		app := w.want(201, w.do("POST", "/applications", `{"displayName":"App"}`)).body["appId"].(string)
		principal := w.want(200, w.do("GET", "/servicePrincipals(appId='"+app+"')", nil)).body["id"].(string)
		w.want(204, w.do("POST", at+"members/$ref", w.ref(principal)))

		members := w.want(200, w.do("GET", at+"members", nil))
		if !same(ids(members), []string{inner, principal}) || !strings.Contains(members.raw, `"@odata.type":"#microsoft.graph.group"`) || !strings.Contains(members.raw, `"@odata.type":"#microsoft.graph.servicePrincipal"`) {
			w.t.Errorf("members: %s", members.raw)
		}
		for path, want := range map[string][]string{"transitiveMembers": {inner, principal, ann, bob}, "transitiveMembers/microsoft.graph.user": {ann, bob}, "members/graph.user": nil,
			"members/graph.group": {inner}, "transitiveMembers/graph.user?$search=%22displayName:ann%22": {ann}, "members/graph.device": nil} {
			if a := w.want(200, w.do("GET", at+path, nil)); !same(ids(a), want) {
				w.t.Errorf("%s: %s", path, a.raw)
			}
		}
		for path, want := range map[string]string{"members/$count": "2", "transitiveMembers/$count": "4", "transitiveMembers/graph.user/$count": "2"} {
			if a := w.want(200, w.do("GET", at+path, nil, "ConsistencyLevel", "eventual")); a.raw != want {
				w.t.Errorf("%s: %s", path, a.raw)
			}
		}
		paged, link := []string{}, at+"transitiveMembers?$top=1&$count=true&$select=id"
		for link != "" {
			a := w.want(200, w.do("GET", link, nil))
			paged = append(paged, ids(a)...)
			link, _ = a.body["@odata.nextLink"].(string)
		}
		if slices.Sort(paged); !same(paged, []string{inner, principal, ann, bob}) {
			w.t.Errorf("pages: %v", paged)
		}
		for path, want := range map[string][]string{"/users/" + ann + "/memberOf": {inner}, "/users/" + ann + "/transitiveMemberOf": {inner, outer},
			"/users/" + ann + "/transitiveMemberOf/microsoft.graph.group?$filter=startswith(displayName,'Out')": {outer}, "/users/" + ann + "/transitiveMemberOf/graph.directoryRole": nil,
			"/groups/" + inner + "/memberOf": {outer}, "/servicePrincipals/" + principal + "/memberOf": {outer}} {
			if a := w.want(200, w.do("GET", path, nil)); !same(ids(a), want) {
				w.t.Errorf("%s: %s", path, a.raw)
			}
		}
		words := func(a answer) string {
			var out []string
			list, _ := a.body["value"].([]any)
			for _, v := range list {
				out = append(out, v.(string))
			}
			slices.Sort(out)
			return strings.Join(out, ",")
		}
		both := []string{inner, outer}
		slices.Sort(both)
		if a := w.want(200, w.do("POST", "/users/"+ann+"/getMemberGroups", `{"securityEnabledOnly":true}`)); words(a) != strings.Join(both, ",") {
			w.t.Errorf("getMemberGroups: %s", a.raw)
		}
		if a := w.want(200, w.do("POST", "/users/"+ann+"/checkMemberGroups", map[string]any{"groupIds": []string{outer, roleID}})); words(a) != outer {
			w.t.Errorf("checkMemberGroups: %s", a.raw)
		}
		w.want(400, w.do("POST", "/users/"+ann+"/checkMemberGroups", `{}`))

		// Lists, filters, counts.
		for filter, want := range map[string]int{"displayName eq 'outer'": 1, "startsWith(displayName,'In')": 1, "securityEnabled eq true": 2, "mailEnabled eq true": 0, "description eq 'both'": 1,
			"groupTypes/any(c:c eq 'DynamicMembership')": 0, "not groupTypes/any(c:c eq 'DynamicMembership')": 2, "id in ('" + inner + "')": 1, "mailNickname eq 'inner'": 1} {
			if a := w.want(200, w.do("GET", "/groups?$count=true&$filter="+url.QueryEscape(filter), nil, "ConsistencyLevel", "eventual")); len(a.values()) != want || a.body["@odata.count"] != float64(want) {
				w.t.Errorf("%s: %s", filter, a.raw)
			}
		}
		if a := w.want(200, w.do("GET", "/groups?$search=%22displayName:out%22", nil)); !same(ids(a), []string{outer}) {
			w.t.Errorf("search: %s", a.raw)
		}
		w.want(200, w.do("GET", "/groups/$count", nil))
		if a := w.want(200, w.do("GET", "/groups?$orderby=displayName%20desc&$top=1", nil)); a.values()[0]["id"] != outer || a.body["@odata.nextLink"] == nil {
			w.t.Errorf("order: %s", a.raw)
		}

		// What goes wrong is said in the vendor's words, and half a change is none.
		for what, c := range map[string]struct {
			answer
			status int
		}{
			"there already":       {w.do("POST", at+"members/$ref", w.ref(inner)), 400},
			"nobody":              {w.do("POST", at+"members/$ref", w.ref(roleID)), 404},
			"no reference":        {w.do("POST", at+"members/$ref", `{"@odata.id":"https://x.example/nothing"}`), 400},
			"no body":             {w.do("POST", at+"members/$ref", `{}`), 400},
			"a circle":            {w.do("POST", "/groups/"+inner+"/members/$ref", w.ref(outer)), 409},
			"itself":              {w.do("POST", "/groups/"+inner+"/members/$ref", w.ref(inner)), 409},
			"the same name":       {w.do("POST", "/groups", `{"displayName":"outer","mailEnabled":false,"mailNickname":"x","securityEnabled":true}`), 400},
			"a mail group":        {w.do("POST", "/groups", `{"displayName":"X","mailEnabled":true,"mailNickname":"x","securityEnabled":true}`), 400},
			"a unified group":     {w.do("POST", "/groups", `{"displayName":"X","groupTypes":["Unified"]}`), 400},
			"no name":             {w.do("POST", "/groups", `{"mailEnabled":false}`), 400},
			"a rule without type": {w.do("POST", "/groups", `{"displayName":"X","membershipRule":"user.city -eq \"x\""}`), 400},
			"an unknown member":   {w.do("POST", "/groups", map[string]any{"displayName": "Half", "members@odata.bind": []any{w.base + "/v1.0/users/" + ann, w.base + "/v1.0/users/" + roleID}}), 404},
			"owners":              {w.do("POST", "/groups", map[string]any{"displayName": "Half", "owners@odata.bind": []any{w.base + "/v1.0/users/" + ann}}), 400},
			"without $ref":        {w.do("DELETE", at+"members/"+inner, nil), 404},
			"not a member":        {w.do("DELETE", at+"members/"+ann+"/$ref", nil), 404},
		} {
			if c.answer.status != c.status || c.errorMessage() == "" {
				w.t.Errorf("%s: %d %s", what, c.answer.status, c.raw)
			}
		}
		if a := w.want(200, w.do("GET", "/groups?$filter=displayName%20eq%20'Half'", nil)); len(a.values()) != 0 {
			w.t.Errorf("half a group: %s", a.raw)
		}
		many := []any{}
		for range 21 {
			many = append(many, w.base+"/v1.0/users/"+ann)
		}
		w.want(400, w.do("PATCH", "/groups/"+outer, map[string]any{"members@odata.bind": many}))
		w.want(204, w.do("PATCH", "/groups/"+outer, map[string]any{"members@odata.bind": many[:1], "displayName": "Outermost"}))
		if a := w.want(200, w.do("GET", at+"members/graph.user", nil)); !same(ids(a), []string{ann}) {
			w.t.Errorf("bound by PATCH: %s", a.raw)
		}
		w.want(204, w.do("DELETE", at+"members/"+strings.ToUpper(ann)+"/$ref", nil))
		if a := w.want(200, w.do("GET", at+"members/$ref", nil)); len(a.values()) != 2 || !strings.Contains(a.raw, "/directoryObjects/"+inner) {
			w.t.Errorf("refs: %s", a.raw)
		}

		// Any object by its id; who may not read people sees that there is one, and no more.
		if a := w.want(200, w.do("POST", "/directoryObjects/getByIds", map[string]any{"ids": []string{ann, outer, principal, roleID}})); len(a.values()) != 3 {
			w.t.Errorf("getByIds: %s", a.raw)
		}
		if a := w.want(200, w.do("POST", "/directoryObjects/getByIds", map[string]any{"ids": []string{ann, outer}, "types": []string{"group"}})); !same(ids(a), []string{outer}) {
			w.t.Errorf("getByIds of a type: %s", a.raw)
		}
		if a := w.want(200, w.do("GET", "/directoryObjects/"+ann, nil)); a.body["@odata.type"] != "#microsoft.graph.user" || a.body["displayName"] != "Ann" {
			w.t.Errorf("directoryObject: %s", a.raw)
		}
		w.want(404, w.do("GET", "/directoryObjects/"+roleID, nil))
		w.newClient("members", w.tenant, "GroupMember.Read.All")
		if a := w.want(200, w.do("GET", "/groups/"+inner+"/members", nil, "Authorization", "Bearer members")); len(a.values()) != 2 || strings.Contains(a.raw, "Ann") || !strings.Contains(a.raw, "#microsoft.graph.user") {
			w.t.Errorf("without the right to read people: %s", a.raw)
		}
		w.want(204, w.do("DELETE", "/groups/"+inner, nil))
		w.want(404, w.do("GET", "/groups/"+inner, nil))
		if a := w.want(200, w.do("GET", "/directory/deletedItems/microsoft.graph.group", nil)); len(a.values()) != 0 {
			w.t.Errorf("deleted groups: %s", a.raw)
		}
	})
}

func TestAppRoleAssignments(t *testing.T) {
	each(t, func(w *world) {
		const reader, writer = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
		app := w.want(201, w.do("POST", "/applications", map[string]any{"displayName": "Shop", "appRoles": []any{
			map[string]any{"id": reader, "value": "Reader", "displayName": "Reader", "description": "Reads", "isEnabled": true, "allowedMemberTypes": []string{"User"}},
			map[string]any{"id": writer, "value": "Writer", "displayName": "Writer", "description": "Writes", "isEnabled": true, "allowedMemberTypes": []string{"User", "Application"}}}}))
		sp := w.want(200, w.do("GET", "/servicePrincipals(appId='"+app.body["appId"].(string)+"')", nil)).body["id"].(string)
		ann, staff := w.newPerson("Ann"), w.newGroup("Staff")
		give := func(at, principal, role string) answer {
			return w.do("POST", at, map[string]any{"principalId": principal, "resourceId": sp, "appRoleId": role})
		}
		made := w.want(201, give("/servicePrincipals/"+sp+"/appRoleAssignedTo", ann, reader))
		for name, want := range map[string]any{"principalId": ann, "resourceId": sp, "appRoleId": reader, "principalType": "User", "principalDisplayName": "Ann", "resourceDisplayName": "Shop"} {
			if made.body[name] != want {
				w.t.Errorf("%s: %s", name, made.raw)
			}
		}
		byGroup := w.want(201, give("/groups/"+staff+"/appRoleAssignments", staff, writer)).body["id"].(string)
		w.want(201, give("/users/"+ann+"/appRoleAssignments", ann, "00000000-0000-0000-0000-000000000000"))
		for path, want := range map[string]int{"/servicePrincipals/" + sp + "/appRoleAssignedTo": 3, "/users/" + ann + "/appRoleAssignments": 2, "/groups/" + staff + "/appRoleAssignments": 1,
			"/servicePrincipals/" + sp + "/appRoleAssignments":                                                                                         0,
			"/users/" + ann + "/appRoleAssignments?$filter=" + url.QueryEscape("resourceId eq "+sp):                                                    2,
			"/users/" + ann + "/appRoleAssignments?$filter=" + url.QueryEscape("resourceId eq "+roleID):                                                0,
			"/servicePrincipals/" + sp + "/appRoleAssignedTo?$filter=" + url.QueryEscape("principalId eq "+ann+" and appRoleId eq "+reader):            1,
			"/servicePrincipals/" + sp + "/appRoleAssignedTo?$filter=" + url.QueryEscape("startswith(principalDisplayName,'Sta')"):                     1,
			"/servicePrincipals/" + sp + "/appRoleAssignedTo?$select=principalId&$filter=" + url.QueryEscape("principalId eq guid'x' or id eq 'none'"): -1} {
			a := w.do("GET", path, nil)
			if want < 0 && a.status != 400 || want >= 0 && (a.status != 200 || len(a.values()) != want) {
				w.t.Errorf("%s: %d %s", path, a.status, a.raw)
			}
		}
		seen, link := 0, "/servicePrincipals/"+sp+"/appRoleAssignedTo?$top=2"
		for link != "" {
			a := w.want(200, w.do("GET", link, nil))
			seen += len(a.values())
			link, _ = a.body["@odata.nextLink"].(string)
		}
		if seen != 3 {
			w.t.Errorf("pages: %d", seen)
		}
		for what, c := range map[string]struct {
			answer
			status int
		}{
			"twice":               {give("/users/"+ann+"/appRoleAssignments", ann, reader), 400},
			"another's path":      {give("/users/"+ann+"/appRoleAssignments", staff, writer), 400},
			"no such role":        {give("/users/"+ann+"/appRoleAssignments", ann, roleID), 400},
			"a role for people":   {give("/servicePrincipals/"+sp+"/appRoleAssignedTo", sp, reader), 400},
			"nobody":              {give("/servicePrincipals/"+sp+"/appRoleAssignedTo", roleID, reader), 404},
			"no id":               {give("/servicePrincipals/"+sp+"/appRoleAssignedTo", "ann", reader), 400},
			"a role in use":       {w.do("PATCH", "/applications/"+app.body["id"].(string), `{"appRoles":[]}`), 400},
			"two of one value":    {w.do("PATCH", "/applications/"+app.body["id"].(string), fmt.Sprintf(`{"appRoles":[{"id":%q,"value":"A","displayName":"A","description":"A","isEnabled":true,"allowedMemberTypes":["User"]},{"id":%q,"value":"A","displayName":"B","description":"B","isEnabled":true,"allowedMemberTypes":["User"]}]}`, reader, writer)), 400},
			"another's to remove": {w.do("DELETE", "/users/"+ann+"/appRoleAssignments/"+byGroup, nil), 404},
		} {
			if c.answer.status != c.status || c.errorMessage() == "" {
				w.t.Errorf("%s: %d %s", what, c.answer.status, c.raw)
			}
		}
		if a := w.do("PATCH", "/applications/"+app.body["id"].(string), `{"appRoles":[]}`); a.errorCode() != "CannotDeleteOrUpdateEnabledEntitlement" || !strings.Contains(a.errorMessage(), "disabled first") {
			w.t.Errorf("a role in use: %s", a.raw)
		}
		if a := w.want(200, w.do("GET", "/applications/"+app.body["id"].(string)+"/appRoles", nil)); len(a.values()) != 2 {
			w.t.Errorf("appRoles: %s", a.raw)
		}
		w.want(200, w.do("GET", "/groups/"+staff+"/appRoleAssignments/"+byGroup, nil))
		w.want(204, w.do("DELETE", "/groups/"+staff+"/appRoleAssignments/"+byGroup, nil))
		w.want(204, w.do("DELETE", "/servicePrincipals/"+sp+"/appRoleAssignedTo/"+made.body["id"].(string), nil))
		if a := w.want(200, w.do("GET", "/servicePrincipals/"+sp+"/appRoleAssignedTo", nil)); len(a.values()) != 1 {
			w.t.Errorf("after removal: %s", a.raw)
		}
		w.want(204, w.do("PATCH", "/servicePrincipals/"+sp, `{"appRoleAssignmentRequired":true}`))
		if a := w.want(200, w.do("GET", "/servicePrincipals/"+sp, nil)); a.body["appRoleAssignmentRequired"] != true {
			w.t.Errorf("assignment required: %s", a.raw)
		}
	})
}

// FuzzReferred: what comes out of a reference is an id or nothing.
func FuzzReferred(f *testing.F) {
	for _, s := range []string{"https://h/v1.0/directoryObjects/11111111-1111-4111-8111-111111111111", "users('11111111-1111-4111-8111-111111111111')", "%zz", "//", "x/$ref"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, ok := referred(s)
		if ok && (len(id) != 36 || strings.ToLower(id) != id) || !ok && id != "" {
			t.Errorf("%q became %q", s, id)
		}
	})
}
