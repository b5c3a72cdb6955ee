package graph

import (
	"cmp"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"portico/app/access"
)

// operation is one thing that the API can do, with the permissions any one of which opens it, and the
// delegated scopes that reach one's own record.
type operation struct {
	method, path string // GET /users/{id}
	need, narrow []access.Permission
	own          []string
}

// operations lists what a collection does, from the very table that serves requests.
func (r *collection[R]) operations() []operation {
	at := "/" + strings.Join(r.path, "/")
	if r.beta {
		at = "/beta" + at
	}
	one := at + "/{id}"
	reads := append(append([]access.Permission(nil), r.read...), r.basic...)
	out := []operation{{method: http.MethodGet, path: at, need: reads}, {method: http.MethodGet, path: one, need: reads, own: r.ownRead}}
	if r.create != nil {
		out = append(out, operation{method: http.MethodPost, path: at, need: append(append([]access.Permission(nil), r.write...), r.add...)})
	}
	if r.update != nil {
		o := operation{method: http.MethodPatch, path: one, need: r.write, own: r.ownWrite}
		for _, f := range r.fields {
			for _, p := range f.narrow {
				if !slices.Contains(o.narrow, p) && !slices.Contains(o.need, p) {
					o.narrow = append(o.narrow, p)
				}
			}
		}
		out = append(out, o)
	}
	if r.delete != nil {
		need := r.remove
		if need == nil {
			need = r.write
		}
		out = append(out, operation{method: http.MethodDelete, path: one, need: need})
	}
	for _, a := range r.actions {
		out = append(out, operation{method: a.method, path: one + "/" + a.path, need: a.need, own: a.own})
	}
	return out
}

// doors are the resources that lead to others, or to one's own record, and ask for the rights of those.
func doors(r resource) bool {
	switch r.(type) {
	case me, deletedItems, directoryObjects, invitationDoor, porticoMe:
		return true
	}
	return false
}

// TestRights drives each operation of the API, through its router, with a token of each single permission:
// exactly the listed ones open it. testdata/rights.txt tells it to people, with the admin roles whose delegated
// token opens it. A new operation, or a right that changed, fails until the file is written anew on purpose:
//
//	PORTICO_WRITE_RIGHTS=1 go test ./handlers/graph -run TestRights
func TestRights(t *testing.T) {
	w := newWorld(t, openSQLite(t))
	w.newClient("none", w.tenant, access.OwnRead)
	for _, p := range access.Known() {
		w.newClient("only "+string(p), w.tenant, p)
	}
	var all []operation
	for _, r := range w.api.table {
		switch x := r.(type) {
		case interface{ operations() []operation }:
			all = append(all, x.operations()...)
		default:
			if !doors(r) {
				t.Errorf("%T (/%s) says nowhere what it needs", r, strings.Join(r.prefix(), "/"))
			}
		}
	}
	slices.SortStableFunc(all, func(a, b operation) int { return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.method, b.method)) })
	var out strings.Builder
	out.WriteString("# What opens each operation of the management API: any one of the permissions, in a program's own token,\n" +
		"# or one's own record by a delegated scope; then the roles whose holder can by a delegated token. See TestRights.\n")
	for _, o := range all {
		if len(o.need) == 0 && len(o.own) == 0 && len(o.narrow) == 0 {
			t.Errorf("%s %s needs nothing", o.method, o.path)
		}
		path := strings.NewReplacer("{id}", roleID, "{appId}", roleID).Replace(o.path)
		for i := strings.Index(path, "{"); i >= 0; i = strings.Index(path, "{") {
			path = path[:i] + roleID + path[i+strings.Index(path[i:], "}")+1:]
		}
		for _, p := range append(access.Known(), "none") {
			token := "only " + string(p)
			if p == "none" {
				token = "none"
			}
			may := slices.ContainsFunc(o.need, func(n access.Permission) bool { return access.Grants([]access.Permission{p}, n) })
			var body any
			if o.method == http.MethodPost || o.method == http.MethodPatch || o.method == http.MethodPut {
				body = `{}`
			}
			if a := w.do(o.method, path, body, "Authorization", "Bearer "+token); (a.status == 403 && !strings.Contains(a.raw, "Custom roles")) == may || a.status == 405 || a.status >= 500 {
				t.Errorf("%s %s with %s: %d, may=%v %.200s", o.method, path, p, a.status, may, a.raw)
			}
		}
		out.WriteString("\n" + o.method + " " + o.path + "\n    needs " + strings.Join(words(o.need), ", ") + "\n")
		if len(o.narrow) > 0 {
			out.WriteString("    for single properties " + strings.Join(words(o.narrow), ", ") + "\n")
		}
		if len(o.own) > 0 {
			out.WriteString("    one's own " + strings.Join(o.own, ", ") + "\n")
		}
		var roles []string
		for _, r := range access.Roles() {
			if slices.ContainsFunc(append(slices.Clone(o.need), o.narrow...), func(p access.Permission) bool { return access.Grants(r.Permissions, p) }) {
				roles = append(roles, r.Name)
			}
		}
		out.WriteString("    roles " + strings.Join(roles, ", ") + "\n")
	}
	const file = "testdata/rights.txt"
	if os.Getenv("PORTICO_WRITE_RIGHTS") != "" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range strings.Split(out.String(), "\n\n") {
		if !strings.Contains(string(want), block) {
			t.Errorf("not in %s:\n%s", file, block)
		}
	}
	if len(want) != out.Len() {
		t.Errorf("rights have changed; when that is meant, write %s anew (see TestRights)", file)
	}
}

func (r riskyUsers) operations() []operation {
	out := r.collection.operations()
	for _, name := range []string{"confirmCompromised", "confirmSafe", "dismiss"} {
		out = append(out, operation{method: http.MethodPost, path: "/identityProtection/riskyUsers/" + name, need: []access.Permission{access.RiskyUserWrite}})
	}
	return out
}

func (r signInLog) operations() []operation {
	out := r.collection.operations()
	for _, name := range []string{"confirmCompromised", "confirmSafe", "dismiss"} {
		out = append(out, operation{method: http.MethodPost, path: "/auditLogs/signIns/" + name, need: []access.Permission{access.RiskEventWrite, access.RiskyUserWrite}})
	}
	return out
}

func (riskSettings) operations() []operation {
	const at = "/beta/portico/riskSettings"
	return []operation{{method: http.MethodGet, path: at, need: readRisks()}, {method: http.MethodPatch, path: at, need: []access.Permission{access.RiskConfigure}}}
}

func (riskBudget) operations() []operation {
	const at = "/beta/portico/riskBudget"
	return []operation{{method: http.MethodGet, path: at, need: readRisks()}, {method: http.MethodPatch, path: at, need: []access.Permission{access.RiskConfigure}}}
}

func (providerTypes) operations() []operation {
	return []operation{{method: http.MethodGet, path: "/identity/identityProviders/availableProviderTypes", need: []access.Permission{access.ProviderRead}}}
}

func (configurationCheck) operations() []operation {
	return []operation{{method: http.MethodPost, path: "/identity/customAuthenticationExtensions/validateAuthenticationConfiguration", need: []access.Permission{access.ExtensionRead}}}
}

func (riskDetectionTypes) operations() []operation {
	const at = "/beta/portico/riskDetectionTypes"
	return []operation{{method: http.MethodGet, path: at, need: readRisks()}, {method: http.MethodGet, path: at + "/{id}", need: readRisks()}}
}

func (riskSimulations) operations() []operation {
	const at = "/beta/portico/riskSimulations"
	return []operation{{method: http.MethodGet, path: at, need: readRisks()}, {method: http.MethodPost, path: at, need: []access.Permission{access.RiskEventWrite}},
		{method: http.MethodDelete, path: at + "/{id}", need: []access.Permission{access.RiskEventWrite}}}
}

func (evaluation) operations() []operation {
	return []operation{{method: http.MethodPost, path: "/identity/conditionalAccess/evaluate", need: readConditional()}}
}

func (methodsPolicy) operations() []operation {
	const all = "/policies/authenticationMethodsPolicy"
	write := []access.Permission{access.MethodPolicyWrite}
	return []operation{{method: http.MethodGet, path: all, need: readMethodPolicy()}, {method: http.MethodPatch, path: all, need: write},
		{method: http.MethodGet, path: all + "/authenticationMethodConfigurations", need: readMethodPolicy()},
		{method: http.MethodGet, path: all + "/authenticationMethodConfigurations/Sms", need: readMethodPolicy()},
		{method: http.MethodPatch, path: all + "/authenticationMethodConfigurations/Sms", need: write},
		{method: http.MethodDelete, path: all + "/authenticationMethodConfigurations/Sms", need: write}}
}

func (strengthRoot) operations() []operation {
	const all = "/identity/conditionalAccess/authenticationStrength"
	return []operation{{method: http.MethodGet, path: all, need: readStrengths()}, {method: http.MethodGet, path: all + "/combinations", need: readStrengths()},
		{method: http.MethodGet, path: all + "/authenticationMethodModes", need: readStrengths()},
		{method: http.MethodGet, path: all + "/authenticationMethodModes/{id}", need: readStrengths()}}
}

func (policyReplay) operations() []operation {
	const all = "/beta/portico/conditionalAccess/replay"
	write := []access.Permission{access.ConditionalWrite}
	return []operation{{method: http.MethodGet, path: all, need: readConditional()}, {method: http.MethodGet, path: all + "/{id}", need: readConditional()},
		{method: http.MethodPost, path: all, need: write}, {method: http.MethodDelete, path: all + "/{id}", need: write}}
}

func (r riskUndo) operations() []operation {
	at := "/beta/portico/" + r.of + "/{id}/undo"
	return []operation{{method: http.MethodGet, path: at, need: r.read}, {method: http.MethodPost, path: at, need: r.write}}
}

func (domains) operations() []operation {
	read, write := []access.Permission{access.ProviderRead, access.OrganizationRead}, []access.Permission{access.ProviderWrite, access.OrganizationWrite} // of companies, and the tenant's own hosts
	return []operation{{method: http.MethodGet, path: "/domains", need: read}, {method: http.MethodPost, path: "/domains", need: write}, {method: http.MethodPatch, path: "/domains/{id}", need: write},
		{method: http.MethodGet, path: "/domains/{id}", need: read}, {method: http.MethodDelete, path: "/domains/{id}", need: write},
		{method: http.MethodGet, path: "/domains/{id}/verificationDnsRecords", need: read}, {method: http.MethodPost, path: "/domains/{id}/verify", need: write}}
}

func (userMerge) operations() []operation {
	return []operation{{method: http.MethodPost, path: "/beta/portico/users/{id}/merge", need: []access.Permission{access.UserWrite}}}
}

func (riskTestPersons) operations() []operation {
	const at = "/beta/portico/riskTestPersons"
	write := []access.Permission{access.RiskEventWrite}
	return []operation{{method: http.MethodGet, path: at, need: readRisks()}, {method: http.MethodPost, path: at, need: write}, {method: http.MethodDelete, path: at + "/{id}", need: write}}
}
