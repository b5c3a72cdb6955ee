package graph

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// TestContract is the checklist of what the vendor's clients insist on (graph.md §3.3), over a real
// listening server.
func TestContract(t *testing.T) {
	each(t, func(w *world) {
		t := w.t
		body, _ := json.Marshal(annBody())
		id := w.want(201, w.do("POST", "/users", zip(string(body)), "Content-Encoding", "gzip")).body["id"].(string)
		if _, err := uuid.Parse(id); err != nil {
			w.t.Errorf("id %q is no UUID", id)
		}
		app := w.want(201, w.do("POST", "/applications", zip(`{"displayName":"A"}`), "Content-Encoding", "gzip"))
		appID, objectID := app.body["appId"].(string), app.body["id"].(string)

		t.Run("every failure is an error object", func(t *testing.T) {
			for _, c := range []struct {
				name, method, url string
				body              any
				header            []string
				status            int
				code              string
			}{
				{"no token", "GET", "/users", nil, []string{"Authorization", ""}, 401, "InvalidAuthenticationToken"},
				{"basic", "GET", "/users", nil, []string{"Authorization", "Basic YTpi"}, 401, "InvalidAuthenticationToken"},
				{"foreign token", "GET", "/users", nil, []string{"Authorization", "Bearer nobody"}, 401, "InvalidAuthenticationToken"},
				{"expired token", "GET", "/users", nil, []string{"Authorization", "Bearer expired"}, 401, "InvalidAuthenticationToken"},
				{"unknown path", "GET", "/nonsense", nil, nil, 404, "Request_ResourceNotFound"},
				{"root", "GET", "/v1.0", nil, nil, 404, "Request_ResourceNotFound"},
				{"root with slash", "GET", "/beta/", nil, nil, 404, "Request_ResourceNotFound"},
				{"unknown below", "GET", "/users/" + id + "/nonsense", nil, nil, 404, "Request_ResourceNotFound"},
				{"unknown id", "GET", "/users/" + roleID, nil, nil, 404, "Request_ResourceNotFound"},
				{"no id", "GET", "/applications/x", nil, nil, 404, "Request_ResourceNotFound"},
				{"method on a collection", "DELETE", "/users", nil, nil, 405, "Request_BadRequest"},
				{"method on one", "PUT", "/users/" + id, `{}`, nil, 405, "Request_BadRequest"},
				{"method on a log", "POST", "/auditLogs/signIns", `{}`, nil, 405, "Request_BadRequest"},
				{"method on an action", "GET", "/users/" + id + "/revokeSignInSessions", nil, nil, 405, "Request_BadRequest"},
				{"too large", "POST", "/users", zip(`{"displayName":"` + strings.Repeat("x", 3<<20) + `"}`), []string{"Content-Encoding", "gzip"}, 413, "Request_BadRequest"},
				{"other encoding", "POST", "/users", "x", []string{"Content-Encoding", "br"}, 415, "Request_BadRequest"},
				{"broken gzip", "POST", "/users", "x", []string{"Content-Encoding", "gzip"}, 400, "Request_BadRequest"},
				{"form", "POST", "/users", "a=b", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "Request_BadRequest"},
				{"no type", "POST", "/users", "{}", []string{"Content-Type", ""}, 415, "Request_BadRequest"},
				{"not JSON", "POST", "/users", "{", nil, 400, "Request_BadRequest"},
				{"list", "POST", "/users", "[]", nil, 400, "Request_BadRequest"},
				{"two values", "POST", "/users", "{}{}", nil, 400, "Request_BadRequest"},
				{"name twice", "PATCH", "/users/" + id, `{"city":"a","city":"b"}`, nil, 400, "Request_BadRequest"},
				{"unknown property", "PATCH", "/users/" + id, `{"shoeSize":5}`, nil, 400, "Request_BadRequest"},
				{"letter case of a property", "PATCH", "/users/" + id, `{"City":"a"}`, nil, 400, "Request_BadRequest"},
				{"read-only", "PATCH", "/users/" + id, `{"id":"` + id + `"}`, nil, 400, "Request_BadRequest"},
				{"read-only too", "PATCH", "/users/" + id, `{"createdDateTime":"2026-01-01T00:00:00Z"}`, nil, 400, "Request_BadRequest"},
				{"create only", "PATCH", "/users/" + id, `{"userPrincipalName":"x@y.example"}`, nil, 400, "Request_BadRequest"},
				{"wrong type", "PATCH", "/users/" + id, `{"accountEnabled":"yes"}`, nil, 400, "Request_BadRequest"},
				{"null where none may be", "PATCH", "/users/" + id, `{"accountEnabled":null}`, nil, 400, "Request_BadRequest"},
				{"number for text", "PATCH", "/users/" + id, `{"city":5}`, nil, 400, "Request_BadRequest"},
				{"too long", "PATCH", "/users/" + id, `{"givenName":"` + strings.Repeat("x", 65) + `"}`, nil, 400, "Request_BadRequest"},
				{"control character", "PATCH", "/users/" + id, `{"givenName":"a\u0000b"}`, nil, 400, "Request_BadRequest"},
				{"bind", "PATCH", "/users/" + id, `{"manager@odata.bind":"x"}`, nil, 400, "Request_BadRequest"},
				{"other type", "PATCH", "/users/" + id, `{"@odata.type":"#microsoft.graph.group"}`, nil, 400, "Request_BadRequest"},
				{"weak password", "PATCH", "/users/" + id, `{"passwordProfile":{"password":"x"}}`, nil, 400, "Request_BadRequest"},
				{"taken identity", "POST", "/users", annBody(), nil, 400, "Request_BadRequest"},
				{"no identity", "POST", "/users", `{"displayName":"x"}`, nil, 400, "Request_BadRequest"},
				{"user name without password", "POST", "/users", `{"displayName":"x","identities":[{"signInType":"userName","issuer":"x","issuerAssignedId":"x"}]}`, nil, 400, "Request_BadRequest"},
				{"bad address", "POST", "/users", `{"displayName":"x","identities":[{"signInType":"emailAddress","issuer":"x","issuerAssignedId":"x"}]}`, nil, 400, "Request_BadRequest"},
				{"unknown sign-in type", "POST", "/users", `{"displayName":"x","identities":[{"signInType":"carrierPigeon","issuer":"x","issuerAssignedId":"x"}]}`, nil, 400, "Request_BadRequest"},
				{"federated without issuer", "POST", "/users", `{"displayName":"x","identities":[{"signInType":"federated","issuerAssignedId":"x"}]}`, nil, 400, "Request_BadRequest"},
				{"unknown extension", "PATCH", "/users/" + id, `{"extension_00000000000000000000000000000000_x":"y"}`, nil, 400, "Request_BadRequest"},
				{"nested unknown", "PATCH", "/applications/" + objectID, `{"web":{"redirect":["x"]}}`, nil, 400, "Request_BadRequest"},
				{"nested letter case", "PATCH", "/applications/" + objectID, `{"web":{"RedirectUris":["https://a.example/"]}}`, nil, 400, "Request_BadRequest"},
				{"deeply unknown", "PATCH", "/applications/" + objectID, `{"api":{"oauth2PermissionScopes":[{"id":"` + roleID + `","valu":"x"}]}}`, nil, 400, "Request_BadRequest"},
				{"plain http", "PATCH", "/applications/" + objectID, `{"web":{"redirectUris":["http://a.example/"]}}`, nil, 400, "Request_BadRequest"},
				{"implicit", "PATCH", "/applications/" + objectID, `{"web":{"implicitGrantSettings":{"enableIdTokenIssuance":true}}}`, nil, 400, "Request_BadRequest"},
				{"other audience", "PATCH", "/applications/" + objectID, `{"signInAudience":"AzureADMultipleOrgs"}`, nil, 400, "Request_BadRequest"},
				{"secrets by PATCH", "PATCH", "/applications/" + objectID, `{"passwordCredentials":[]}`, nil, 400, "Request_BadRequest"},
				{"what Portico lacks", "PATCH", "/applications/" + objectID, `{"optionalClaims":{"idToken":[{"name":"x"}]}}`, nil, 400, "Request_BadRequest"},
				{"unknown permission", "PATCH", "/applications/" + objectID, `{"portico":{"permissions":["Mail.Read"]}}`, nil, 400, "Request_BadRequest"},
				{"no such key", "POST", "/applications/" + objectID + "/removePassword", `{"keyId":"` + roleID + `"}`, nil, 400, "Request_BadRequest"},
				{"two keys", "GET", "/applications(appId='a',id='b')", nil, nil, 400, "Request_BadRequest"},
				{"unknown key", "GET", "/applications(name='a')", nil, nil, 400, "Request_BadRequest"},
				{"unknown option", "GET", "/users?$fliter=x", nil, nil, 400, "Request_BadRequest"},
				{"option twice", "GET", "/users?$top=1&$top=2", nil, nil, 400, "Request_BadRequest"},
				{"option twice, spelled otherwise", "GET", "/users?$top=1&top=2", nil, nil, 400, "Request_BadRequest"},
				{"bad top", "GET", "/users?$top=0", nil, nil, 400, "Request_BadRequest"},
				{"large top", "GET", "/users?$top=1000", nil, nil, 400, "Request_BadRequest"},
				{"unknown select", "GET", "/users?$select=shoeSize", nil, nil, 400, "Request_BadRequest"},
				{"skip", "GET", "/users?$skip=5", nil, nil, 400, "Request_UnsupportedQuery"},
				{"expand", "GET", "/users?$expand=manager", nil, nil, 400, "Request_UnsupportedQuery"},
				{"unsortable", "GET", "/users?$orderby=city", nil, nil, 400, "Request_UnsupportedQuery"},
				{"unfilterable", "GET", "/users?$filter=" + url.QueryEscape("officeLocation eq 'x'"), nil, nil, 400, "Request_UnsupportedQuery"},
				{"bad filter", "GET", "/users?$filter=" + url.QueryEscape("displayName eq"), nil, nil, 400, "Request_BadRequest"},
				{"incompatible", "GET", "/users?$filter=" + url.QueryEscape("accountEnabled eq 'x'"), nil, nil, 400, "Request_BadRequest"},
				{"unknown search", "GET", "/users?$search=" + url.QueryEscape(`"city:x"`), nil, nil, 400, "Request_UnsupportedQuery"},
				{"me without a person", "GET", "/me", nil, nil, 400, "BadRequest"},
				{"count of a log", "GET", "/auditLogs/signIns/$count", nil, nil, 400, "Request_UnsupportedQuery"},
			} {
				a := w.do(c.method, c.url, c.body, c.header...)
				e, _ := a.body["error"].(map[string]any)
				inner, _ := e["innerError"].(map[string]any)
				if a.status != c.status || a.errorCode() != c.code || a.errorMessage() == "" || inner["request-id"] == "" || inner["date"] == nil {
					t.Errorf("%s: %d %s, want %d %s", c.name, a.status, a.raw, c.status, c.code)
				}
				if (a.status == 401) != (a.header.Get("WWW-Authenticate") != "") {
					t.Errorf("%s: WWW-Authenticate %q", c.name, a.header.Get("WWW-Authenticate"))
				}
				if a.status == 405 && a.header.Get("Allow") == "" {
					t.Errorf("%s: no Allow", c.name)
				}
			}
		})

		t.Run("paths in any letter case, with keys and casts", func(t *testing.T) {
			for path, status := range map[string]int{
				"/USERS/" + id:                                              200,
				"/users/" + strings.ToUpper(id):                             200,
				"/users/" + id + "/":                                        200,
				"/users('" + id + "')":                                      200,
				"/users(id='" + id + "')":                                   200,
				"/applications(appId='" + appID + "')":                      200,
				"/applications(appid=%27" + strings.ToUpper(appID) + "%27)": 200,
				"/servicePrincipals(appId='" + appID + "')":                 200,
				"/users/graph.user/$count":                                  200,
				"/users/microsoft.graph.user":                               200,
				"/identity/AuthenticationEventsFlows":                       200,
				"/directory/deletedItems/graph.user":                        200,
				"/directory/deletedItems/microsoft.graph.application":       200,
				"/organization":                                             200,
				"/auditLogs/signIns":                                        200,
				"/auditlogs/directoryaudits":                                200,
			} {
				for _, version := range []string{"/v1.0", "/beta"} {
					if a := w.do("GET", version+path, nil); a.status != status || a.header.Get("Location") != "" {
						t.Errorf("%s%s: %d %s", version, path, a.status, a.raw)
					}
				}
			}
		})

		t.Run("headers", func(t *testing.T) {
			a := w.do("GET", "/users/"+id, nil, "client-request-id", "abc-1")
			if a.header.Get("client-request-id") != "abc-1" || a.header.Get("request-id") == "" || a.header.Get("OData-Version") != "4.0" ||
				!strings.HasPrefix(a.header.Get("Content-Type"), "application/json; odata.metadata=minimal") {
				t.Errorf("%v", a.header)
			}
			if a.body["@odata.context"] != w.base+"/v1.0/$metadata#users/$entity" {
				t.Errorf("context %v", a.body["@odata.context"])
			}
			n := w.do("GET", "/users/$count", nil, "ConsistencyLevel", "eventual", "Accept", "text/plain;q=0.9")
			if n.raw != "1" || !strings.HasPrefix(n.header.Get("Content-Type"), "text/plain") {
				t.Errorf("$count: %q %v", n.raw, n.header)
			}
			if o := w.do("OPTIONS", "/users", nil, "Authorization", "", "Origin", "https://spa.example"); o.status != 204 || o.header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("preflight: %d %v", o.status, o.header)
			}
		})
	})
}

func TestBatch(t *testing.T) {
	each(t, func(w *world) {
		part := func(id, method, url string, more ...any) map[string]any {
			p := map[string]any{"id": id, "method": method, "url": url, "body": nil, "dependsOn": []string{}}
			for i := 0; i+1 < len(more); i += 2 {
				p[more[i].(string)] = more[i+1]
			}
			return p
		}
		js := map[string]any{"Content-Type": "application/json"}
		res := w.want(200, w.do("POST", "/$batch", map[string]any{"requests": []any{
			part("1", "POST", "/users", "body", annBody(), "headers", js),
			part("2", "GET", "users?$select=displayName", "dependsOn", []string{"1"}),
			part("3", "GET", "/users/"+roleID),
			part("4", "GET", "/users", "dependsOn", []string{"3"}),
			part("5", "GET", "/users/$count"),
			part("6", "BREW", "/users"),
			part("7", "POST", "/users", "body", annBody()),
			part("8", "GET", "/$batch"),
			part("9", "GET", "https://other.example/users"),
			part("10", "POST", "/users", "body", "bm90IGpzb24=", "headers", js),
		}}))
		got := map[string]map[string]any{}
		for _, r := range res.body["responses"].([]any) {
			m := r.(map[string]any)
			got[m["id"].(string)] = m
		}
		for id, status := range map[string]float64{"1": 201, "2": 200, "3": 404, "4": 424, "5": 200, "6": 400, "7": 400, "8": 400, "9": 400, "10": 400} {
			if got[id]["status"] != status {
				w.t.Errorf("part %s: %v, want %v", id, got[id], status)
			}
		}
		if got["5"]["body"] != "1" {
			w.t.Errorf("count in a batch: %v", got["5"])
		}
		many := []any{}
		for i := range 21 {
			many = append(many, part(fmt.Sprint(i), "GET", "/users"))
		}
		for name, body := range map[string]any{"twenty-one": map[string]any{"requests": many}, "none": map[string]any{"requests": []any{}},
			"same id": map[string]any{"requests": []any{part("a", "GET", "/users"), part("A", "GET", "/users")}}, "not a batch": map[string]any{"x": 1},
			"unknown dependency": map[string]any{"requests": []any{part("a", "GET", "/users", "dependsOn", []string{"b"})}}} {
			if a := w.do("POST", "/$batch", body); a.status != 400 || a.errorCode() == "" {
				w.t.Errorf("%s: %d %s", name, a.status, a.raw)
			}
		}
		// Each part is authorised by itself.
		w.newClient("reader", w.tenant, "User.Read.All")
		a := w.want(200, w.do("POST", "/$batch", map[string]any{"requests": []any{part("1", "GET", "/users"), part("2", "GET", "/applications")}}, "Authorization", "Bearer reader"))
		r := a.body["responses"].([]any)
		if r[0].(map[string]any)["status"] != 200.0 || r[1].(map[string]any)["status"] != 403.0 {
			w.t.Errorf("authorisation in a batch: %s", a.raw)
		}
	})
}

func (w *world) makeUsers(n int) {
	w.t.Helper()
	for i := range n {
		w.want(201, w.do("POST", "/users", map[string]any{"displayName": fmt.Sprintf("User %02d", i/2), "identities": []any{
			map[string]any{"signInType": "emailAddress", "issuer": "x", "issuerAssignedId": fmt.Sprintf("u%d@example.com", i)}}}))
	}
}

func TestPaging(t *testing.T) {
	each(t, func(w *world) {
		w.makeUsers(11)
		for _, options := range []string{"", "&$orderby=displayName%20desc", "&$orderby=createdDateTime&$filter=startswith(displayName,%27User%27)", "&$search=%22displayName:User%22", "&$orderby=displayName&$select=id,displayName"} {
			seen := map[string]bool{}
			pages := 0
			next := w.base + "/v1.0/users?$top=3&$count=true" + options
			last := ""
			for next != "" {
				a := w.want(200, w.do("GET", next, nil, "ConsistencyLevel", "eventual"))
				if pages == 1 { // somebody joins and somebody leaves meanwhile: nobody is repeated or lost
					gone := w.want(200, w.do("GET", "/users?$filter=displayName%20eq%20%27Passing%27", nil)).values()
					for _, g := range gone {
						w.want(204, w.do("DELETE", "/users/"+g["id"].(string), nil))
					}
				}
				if (a.body["@odata.count"] != nil) != (pages == 0) {
					w.t.Errorf("%s: count on page %d: %v", options, pages, a.body["@odata.count"])
				}
				if pages == 0 && a.body["@odata.count"] != 11.0 {
					w.t.Errorf("%s: count %v", options, a.body["@odata.count"])
				}
				for _, v := range a.values() {
					id, _ := v["id"].(string)
					if seen[id] {
						w.t.Errorf("%s: %s came twice", options, id)
					}
					seen[id] = true
					if strings.Contains(options, "displayName%20desc") && last != "" && v["displayName"].(string) > last {
						w.t.Errorf("%s: out of order", options)
					}
					last, _ = v["displayName"].(string)
				}
				next, _ = a.body["@odata.nextLink"].(string)
				if next != "" && !strings.HasPrefix(next, w.base+"/v1.0/users?") {
					w.t.Fatalf("nextLink %q is not on the caller's base URL", next)
				}
				pages++
			}
			if len(seen) != 11 || pages != 4 {
				w.t.Errorf("%s: %d users on %d pages", options, len(seen), pages)
			}
		}
	})
}

func TestSkipTokens(t *testing.T) {
	each(t, func(w *world) {
		w.makeUsers(5)
		other := w.newTenant("other")
		w.newClient("stranger", other, "User.Read.All")
		next := w.want(200, w.do("GET", "/users?$top=2", nil)).body["@odata.nextLink"].(string)
		token := next[strings.Index(next, "$skiptoken=")+len("$skiptoken="):]
		flipped := []byte(token)
		flipped[len(flipped)-3] ^= 1
		w.want(200, w.do("GET", next, nil))
		for name, a := range map[string]answer{
			"garbage":         w.do("GET", "/users?$top=2&$skiptoken=abc", nil),
			"empty":           w.do("GET", "/users?$top=2&$skiptoken=", nil),
			"changed":         w.do("GET", "/users?$top=2&$skiptoken="+string(flipped), nil),
			"another filter":  w.do("GET", "/users?$top=2&$filter=accountEnabled&$skiptoken="+token, nil),
			"another order":   w.do("GET", "/users?$top=2&$orderby=displayName&$skiptoken="+token, nil),
			"another path":    w.do("GET", "/applications?$skiptoken="+token, nil),
			"another tenant":  w.do("GET", next, nil, "Authorization", "Bearer stranger"),
			"small resources": w.do("GET", "/identity/authenticationEventsFlows?$skiptoken="+token, nil),
		} {
			if a.status != http.StatusBadRequest || a.errorCode() != "Directory_ExpiredPageToken" {
				w.t.Errorf("%s: %d %s", name, a.status, a.raw)
			}
		}
	})
}

// TestBatchOfRelations: parts that build on one another, by ids that the caller knows, and what depends on a
// part that failed is not done.
func TestBatchOfRelations(t *testing.T) {
	each(t, func(w *world) {
		ann, staff := w.newPerson("Ann"), w.newGroup("Staff")
		js := map[string]string{"Content-Type": "application/json"}
		a := w.want(200, w.do("POST", "/$batch", map[string]any{"requests": []any{
			map[string]any{"id": "add", "method": "POST", "url": "/groups/" + staff + "/members/$ref", "headers": js, "body": w.ref(ann)},
			map[string]any{"id": "again", "method": "POST", "url": "/groups/" + staff + "/members/$ref", "headers": js, "body": w.ref(ann), "dependsOn": []string{"add"}},
			map[string]any{"id": "gone", "method": "DELETE", "url": "/groups/" + staff, "dependsOn": []string{"again"}},
			map[string]any{"id": "count", "method": "GET", "url": "/groups/" + staff + "/members/$count", "headers": map[string]string{"ConsistencyLevel": "eventual"}, "dependsOn": []string{"add"}},
			map[string]any{"id": "delta", "method": "GET", "url": "/users/delta?$select=id"},
			map[string]any{"id": "export", "method": "POST", "url": "/users/" + ann + "/exportPersonalData"},
			map[string]any{"id": "methods", "method": "GET", "url": "/users/" + ann + "/authentication/methods"},
		}}))
		got := map[string]map[string]any{}
		for _, r := range a.body["responses"].([]any) {
			got[r.(map[string]any)["id"].(string)] = r.(map[string]any)
		}
		for id, status := range map[string]float64{"add": 204, "again": 400, "gone": 424, "count": 200, "delta": 200, "export": 200, "methods": 200} {
			if got[id]["status"] != status {
				w.t.Errorf("%s: %v, want %v", id, got[id], status)
			}
		}
		if got["count"]["body"] != "1" || got["export"]["body"].(map[string]any)["profile"] == nil {
			w.t.Errorf("bodies: %v %v", got["count"], got["export"])
		}
		w.want(200, w.do("GET", "/groups/"+staff, nil))
	})
}
