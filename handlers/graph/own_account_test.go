package graph

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"portico/app/access"
	"portico/models"
	"portico/models/modelstest"
)

func TestOwnAccount(t *testing.T) {
	eachAt(t, func(w *world, s modelstest.Scratch) {
		id := w.want(201, w.do("POST", "/users", annBody())).body["id"].(string)
		token := func(name string, age time.Duration) []string {
			w.tokens[name] = Token{TenantID: w.tenant.ID, ClientID: w.client.ClientID, UserID: id, Scopes: []string{"User.ReadWrite"}, AuthTime: s.Clock.Now().Add(-age), AMR: []string{"pwd"}}
			return []string{"Authorization", "Bearer " + name}
		}
		fresh, old := token("fresh", time.Minute), token("old", time.Hour)

		// Of their custom attributes, people change those that a flow asks and shows.
		shown, hidden, unasked := w.newAttribute("Shown", map[string]any{"dataType": "string"}), w.newAttribute("Hidden", map[string]any{"dataType": "string"}), w.newAttribute("Unasked", map[string]any{"dataType": "string"})
		body := flowBody("Shop")
		view := body["onAttributeCollection"].(map[string]any)["attributeCollectionPage"].(map[string]any)["views"].([]any)[0].(map[string]any)
		view["inputs"] = append(view["inputs"].([]any), map[string]any{"attribute": shown, "label": "Shown", "inputType": "text"},
			map[string]any{"attribute": hidden, "label": "Hidden", "inputType": "text", "hidden": true, "defaultValue": "x"})
		flow := w.want(201, w.do("POST", "/identity/authenticationEventsFlows", body)).body["id"].(string)
		app := w.want(201, w.do("POST", "/applications", `{"displayName":"App","web":{"redirectUris":["https://a.example/cb"]}}`)).body["appId"]
		w.want(201, w.do("POST", "/identity/authenticationEventsFlows/"+flow+"/conditions/applications/includeApplications", map[string]any{"appId": app}))
		w.want(204, w.do("PATCH", "/me", map[string]any{shown: "mine", "city": "rome", "displayName": "Ann L", "preferredLanguage": "de"}, fresh...))
		// What the flow does not show for editing decides which groups somebody is in, and is not theirs; nor is a
		// value outside the flow's list.
		for _, other := range []string{hidden, unasked, "jobTitle", "country", "officeLocation"} {
			if a := w.want(403, w.do("PATCH", "/me", map[string]any{other: "CEO", "displayName": "Not saved"}, fresh...)); !strings.Contains(a.errorMessage(), "'"+other+"'") {
				w.t.Errorf("%s: %s", other, a.raw)
			}
		}
		w.want(400, w.do("PATCH", "/me", `{"city":"Atlantis"}`, fresh...))
		if a := w.want(200, w.do("GET", "/me?$select=displayName,jobTitle,city", nil, fresh...)); a.body["displayName"] != "Ann L" || a.body["jobTitle"] == "CEO" || a.body["city"] != "rome" {
			w.t.Errorf("me: %s", a.raw)
		}

		// Everything that is held, for administrators and for the person.
		if a := w.want(200, w.do("POST", "/users/"+id+"/exportPersonalData", `{}`)); a.body["profile"] == nil || !strings.Contains(a.raw, "Ann@Example.com") || strings.Contains(a.raw, "hash:") {
			w.t.Errorf("export: %s", a.raw)
		}
		w.want(400, w.do("POST", "/users/"+id+"/exportPersonalData", `{"storageLocation":"https://blob.example/"}`))
		w.want(200, w.do("POST", "/beta/portico/me/exportPersonalData", nil, fresh...))
		w.want(401, w.do("POST", "/beta/portico/me/exportPersonalData", nil, old...))
		w.want(403, w.do("POST", "/beta/portico/me/exportPersonalData", nil))
		if n := len(w.want(200, w.do("GET", "/auditLogs/directoryAudits?$filter="+url.QueryEscape("activityDisplayName eq 'Export personal data'"), nil)).values()); n != 2 {
			w.t.Errorf("audit rows of exports: %d", n)
		}

		// Deleting oneself: only freshly proven, and the address stays one's own.
		w.want(401, w.do("DELETE", "/me", nil, old...))
		w.want(204, w.do("DELETE", "/me", nil, fresh...))
		w.want(401, w.do("GET", "/me", nil, fresh...))
		if a := w.want(200, w.do("GET", "/directory/deletedItems/"+id+"?$select=portico", nil)); !strings.Contains(a.raw, `"selfDeleted":true`) {
			w.t.Errorf("deleted: %s", a.raw)
		}
		w.want(400, w.do("POST", "/users", annBody()))
		w.want(200, w.do("POST", "/directory/deletedItems/"+id+"/restore", nil))
	})
}

func TestRestoreWhenTheAddressWasTaken(t *testing.T) {
	each(t, func(w *world) {
		id := w.want(201, w.do("POST", "/users", annBody())).body["id"].(string)
		w.want(204, w.do("DELETE", "/users/"+id, nil))
		other := w.want(201, w.do("POST", "/users", annBody())).body["id"].(string)
		if a := w.want(200, w.do("GET", "/directory/deletedItems/graph.user/$count", nil, "ConsistencyLevel", "eventual")); a.raw != "1" {
			w.t.Errorf("count: %s", a.raw)
		}
		a := w.do("POST", "/directory/deletedItems/"+id+"/restore", nil)
		if a.status != 400 || !strings.Contains(a.errorMessage(), "Another object with the same value for property identities already exists.") {
			w.t.Errorf("restore: %d %s", a.status, a.raw)
		}
		w.want(204, w.do("DELETE", "/users/"+other, nil))
		w.want(200, w.do("POST", "/directory/deletedItems/"+id+"/restore", nil))
	})
}

// TestIdentities: the whole collection is replaced, each belongs to one person, and nobody is left without a
// way in.
func TestIdentities(t *testing.T) {
	each(t, func(w *world) {
		ann, bob := w.newPerson("Ann"), w.newPerson("Bob")
		at := "/users/" + ann
		one := func(kind, issuer, value string) map[string]any {
			return map[string]any{"signInType": kind, "issuer": issuer, "issuerAssignedId": value}
		}
		put := func(user string, list ...any) answer { return w.do("PATCH", user, map[string]any{"identities": list}) }
		w.want(204, put(at, one("emailAddress", "x", "ann@new.example"), one("userName", "x", "annlee"), one("federated", "google.com", "g-1")))
		got := w.want(200, w.do("GET", at+"?$select=identities", nil)).raw
		for _, v := range []string{"ann@new.example", "annlee", "g-1"} {
			if !strings.Contains(got, v) {
				w.t.Errorf("%s is missing: %s", v, got)
			}
		}
		if strings.Contains(got, "ann@example.com") {
			w.t.Errorf("the old address is still there: %s", got)
		}
		for what, a := range map[string]answer{
			"somebody else's address":          put("/users/"+bob, one("emailAddress", "x", "ANN@new.example")),
			"one that looks alike":             put("/users/"+bob, one("emailAddress", "x", "bob@example.com"), one("userName", "x", "ann1ee")),
			"somebody else's federated one":    put("/users/"+bob, one("emailAddress", "x", "bob@example.com"), one("federated", "google.com", "g-1")),
			"none":                             put("/users/" + bob),
			"a user name without a password":   put("/users/"+bob, one("userName", "x", "bobby")),
			"no address":                       put("/users/"+bob, one("emailAddress", "x", "bob")),
			"an unknown type":                  put("/users/"+bob, one("pigeon", "x", "bob")),
			"a federated one without issuer":   put("/users/"+bob, one("federated", "", "b")),
			"something that is no collection":  w.do("PATCH", "/users/"+bob, `{"identities":"x"}`),
			"an identity with an unknown word": w.do("PATCH", "/users/"+bob, `{"identities":[{"signInType":"emailAddress","issuerAssignedId":"b@example.com","issuer":"x","verified":true}]}`),
		} {
			if a.status != 400 || !strings.Contains(a.raw, "identities") {
				w.t.Errorf("%s: %d %s", what, a.status, a.raw)
			}
		}
		w.want(204, put("/users/"+bob, one("emailAddress", "x", "bob@example.com"), one("federated", "facebook.com", "g-1")))
	})
}

func TestExpandedRelations(t *testing.T) {
	each(t, func(w *world) {
		ann, staff := w.newPerson("Ann"), w.newGroup("Staff")
		w.want(204, w.do("POST", "/groups/"+staff+"/members/$ref", w.ref(ann)))
		if a := w.want(200, w.do("GET", "/users/"+ann+"?$select=id&$expand=memberOf($select=id,displayName)", nil)); !strings.Contains(a.raw, `"memberOf":[{"@odata.type":"#microsoft.graph.group"`) {
			w.t.Errorf("expanded: %s", a.raw)
		}
		if a := w.want(200, w.do("GET", "/users?$expand=memberOf,appRoleAssignments&$top=5", nil)); !strings.Contains(a.raw, staff) || !strings.Contains(a.raw, `"appRoleAssignments":[]`) {
			w.t.Errorf("expanded list: %s", a.raw)
		}
		if a := w.want(200, w.do("GET", "/users/"+ann, nil)); strings.Contains(a.raw, "memberOf") {
			w.t.Errorf("without $expand: %s", a.raw)
		}
		w.want(400, w.do("GET", "/users?$expand=manager", nil))
		w.newClient("basic", w.tenant, "User.ReadBasic.All")
		w.want(403, w.do("GET", "/users?$expand=memberOf", nil, "Authorization", "Bearer basic"))
	})
}

func TestTenantsOfTheOperator(t *testing.T) {
	eachAt(t, func(w *world, s modelstest.Scratch) {
		staff := modelstest.MustTenant(w.t, w.store, "workforce")
		olga, gus := modelstest.MustUser(w.t, staff, "olga@corp.example"), modelstest.MustUser(w.t, staff, "gus@corp.example")
		w.newClient("console", staff, access.AsSignedIn)
		for user, role := range map[string]string{olga.ID: access.InstallationOperatorID, gus.ID: access.GlobalAdministratorID} {
			modelstest.Must(staff.AssignRole(w.t.Context(), modelstest.Actor(), user, access.Assignment{RoleID: role, TenantID: access.AllTenants}))(w.t)
		}
		as := func(name string, u models.User) []string {
			w.tokens[name] = Token{TenantID: staff.ID, ClientID: w.tokens["console"].ClientID, UserID: u.ID, Scopes: []string{"Directory.AccessAsUser.All"}}
			return []string{"Authorization", "Bearer " + name}
		}
		operator, global := as("operator", olga), as("global", gus)
		const path = "/beta/portico/tenants"
		w.want(403, w.do("GET", path, nil))
		w.want(403, w.do("GET", path, nil, global...))
		w.want(404, w.do("GET", "/v1.0/portico/tenants", nil, operator...))
		made := w.want(201, w.do("POST", path, `{"displayName":"Northwind","slug":"northwind","plan":"trial"}`, operator...))
		id := made.body["id"].(string)
		if made.body["plan"] != "trial" || made.body["trialEndsDateTime"] == nil {
			w.t.Errorf("made: %s", made.raw)
		}
		if a := w.do("POST", path, `{"displayName":"Again","slug":"northwind"}`, operator...); a.status != 400 || !strings.Contains(a.raw, "slug") {
			w.t.Errorf("taken: %d %s", a.status, a.raw)
		}
		w.want(400, w.do("POST", path, `{"displayName":"Again","slug":"admin"}`, operator...))
		w.want(204, w.do("PATCH", path+"/"+id, `{"plan":"standard","displayName":"North Wind"}`, operator...))
		w.want(400, w.do("PATCH", path+"/"+id, `{"slug":"other"}`, operator...))
		// It is deleted by its name, and by somebody who has just signed in.
		w.want(401, w.do("DELETE", path+"/"+id+"?confirm=northwind", nil, operator...))
		now := w.tokens["operator"]
		now.AuthTime = s.Clock.Now()
		w.tokens["operator"] = now
		for _, query := range []string{"", "?confirm=", "?confirm=other", "?confirm=" + id} {
			if a := w.want(400, w.do("DELETE", path+"/"+id+query, nil, operator...)); !strings.Contains(a.errorMessage(), "?confirm=northwind") {
				w.t.Errorf("%q: %s", query, a.raw)
			}
		}
		w.want(204, w.do("DELETE", path+"/"+id+"?confirm=northwind", nil, operator...))
		if a := w.want(200, w.do("GET", path+"/"+id, nil, operator...)); a.body["deletedDateTime"] == nil || a.body["displayName"] != "North Wind" {
			w.t.Errorf("deleted: %s", a.raw)
		}
		w.want(404, w.do("PATCH", path+"/"+id, `{"displayName":"x"}`, operator...))
		if a := w.want(200, w.do("POST", path+"/"+id+"/restore", nil, operator...)); a.body["deletedDateTime"] != nil {
			w.t.Errorf("restored: %s", a.raw)
		}
		w.want(409, w.do("DELETE", path+"/"+staff.ID+"?confirm=workforce", nil, operator...))
		// The operator sees nothing of what is in it.
		w.want(403, w.do("GET", "/users", nil, operator...))
	})
}

func TestImportsByTheAPI(t *testing.T) {
	each(t, func(w *world) {
		const path = "/beta/portico/imports"
		made := w.want(201, w.do("POST", path, map[string]any{"fileName": "people.csv", "format": "csv", "mode": "create", "content": "displayName,email\nAnn,ann@example.com\n"}))
		id := made.body["id"].(string)
		if made.body["state"] != "waiting" || made.body["dryRun"] != true || strings.Contains(made.raw, "ann@example.com") {
			w.t.Errorf("made: %s", made.raw)
		}
		if a := w.want(200, w.do("GET", path, nil)); !same(ids(a), []string{id}) {
			w.t.Errorf("list: %s", a.raw)
		}
		w.want(200, w.do("GET", path+"/"+id+"/complaints", nil))
		w.want(409, w.do("POST", path+"/"+id+"/start", nil)) // the dry run is not over
		w.want(204, w.do("POST", path+"/"+id+"/cancel", nil))
		w.want(409, w.do("POST", path+"/"+id+"/cancel", nil))
		w.want(400, w.do("POST", path, `{"fileName":"x"}`))
		w.want(400, w.do("POST", path, `{"content":"x","mode":"overwrite"}`))
		w.want(405, w.do("PATCH", path+"/"+id, `{"mode":"update"}`))
		// Who may not change groups starts no import of somebody who may.
		w.newClient("people", w.tenant, access.UserWrite)
		strong := w.want(201, w.do("POST", path, map[string]any{"format": "csv", "mode": "create", "content": "displayName,email,groups\nEve,eve@example.com,Staff\n"})).body["id"].(string)
		if a := w.want(403, w.do("POST", path+"/"+strong+"/start", nil, "Authorization", "Bearer people")); !strings.Contains(a.errorMessage(), "groups") {
			w.t.Errorf("start: %s", a.raw)
		}
	})
}
