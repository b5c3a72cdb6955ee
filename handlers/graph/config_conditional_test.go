package graph

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"portico/app/access"
	"portico/app/audit"
)

// groupIn makes a group in another tenant than the world's.
func (w *world) groupIn(token, name string) string {
	w.t.Helper()
	return w.want(201, w.do("POST", "/groups", map[string]any{"displayName": name, "mailEnabled": false, "mailNickname": strings.ToLower(name), "securityEnabled": true}, "Authorization", "Bearer "+token)).body["id"].(string)
}

// Conditional Access in files: what a policy names by the ids of one tenant is said by name, so that a copy means
// the same in another; what has no namesake there is refused in words.
func TestConfigurationOfConditionalAccess(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		const ca = "/identity/conditionalAccess/"
		app := w.want(201, w.do("POST", "/applications", map[string]any{"displayName": "Shop"})).body["appId"].(string)
		pilots, rescue := w.newGroup("Pilots"), w.newGroup("Rescue")
		terms := w.want(201, w.do("POST", "/beta/portico/termsOfUse", map[string]any{"displayName": "House rules", "defaultLanguage": "en", "texts": []any{map[string]any{"language": "en", "title": "Rules", "body": "Be kind"}}})).body["id"].(string)
		office := w.want(201, w.do("POST", ca+"namedLocations", `{"@odata.type":"#microsoft.graph.ipNamedLocation","displayName":"Offices","isTrusted":true,"ipRanges":[{"@odata.type":"#microsoft.graph.iPv4CidrRange","cidrAddress":"203.0.113.0/24"}]}`)).body["id"].(string)
		near := w.want(201, w.do("POST", ca+"namedLocations", `{"@odata.type":"#microsoft.graph.countryNamedLocation","displayName":"Neighbours","countriesAndRegions":["DE","NL"],"includeUnknownCountriesAndRegions":true}`)).body["id"].(string)
		strength := w.want(201, w.do("POST", "/policies/authenticationStrengthPolicies", `{"displayName":"Keys only","allowedCombinations":["fido2"],"combinationConfigurations":[{"@odata.type":"#microsoft.graph.fido2CombinationConfiguration","appliesToCombinations":["fido2"],"allowedAAGUIDs":["ee882879-721c-4913-9775-3dfcce97072a"]}]}`)).body["id"].(string)
		w.want(204, w.do("PATCH", ca+"authenticationContextClassReferences/c7", `{"displayName":"Payout account","isAvailable":true}`))
		who := map[string]any{"includeGroups": []any{pilots}, "excludeGroups": []any{rescue}}
		apps := map[string]any{"includeApplications": []any{app}}
		w.want(201, w.do("POST", ca+"policies", w.conditional("Away from the office", "description", "x <&> y", "conditions", map[string]any{"users": who, "applications": apps,
			"locations": map[string]any{"includeLocations": []any{"All"}, "excludeLocations": []any{office, near}}, "platforms": map[string]any{"includePlatforms": []any{"all"}}, "signInRiskLevels": []any{"high"}},
			"grantControls", map[string]any{"operator": "AND", "authenticationStrength": map[string]any{"id": strength}, "termsOfUse": []any{terms}},
			"sessionControls", map[string]any{"signInFrequency": map[string]any{"isEnabled": true, "type": "hours", "value": 8, "frequencyInterval": "timeBased", "authenticationType": "primaryAndSecondaryAuthentication"}})))
		w.want(201, w.do("POST", ca+"policies", w.conditional("Payouts", "state", "enabledForReportingButNotEnforced",
			"conditions", map[string]any{"users": map[string]any{"includeUsers": []any{"All"}}, "applications": map[string]any{"includeAuthenticationContextClassReferences": []any{"c7"}}},
			"grantControls", map[string]any{"operator": "OR", "authenticationStrength": map[string]any{"id": "00000000-0000-0000-0000-000000000004"}})))
		w.want(204, w.do("PATCH", "/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/Sms", `{"includeTargets":[{"id":"`+pilots+`","targetType":"group"}],"excludeTargets":[{"id":"`+rescue+`","targetType":"group"}]}`))

		a, b := w.t.TempDir(), w.t.TempDir()
		if _, err := w.api.Export(ctx, w.tenant.ID, a); err != nil {
			w.t.Fatal(err)
		}
		text := readAll(w.t, a)
		for name, s := range text {
			for what, id := range map[string]string{"a group": pilots, "another group": rescue, "a location": office, "a country": near, "a strength": strength, "terms": terms} {
				if strings.Contains(s, id) {
					w.t.Errorf("%s holds the id of %s", name, what)
				}
			}
		}
		if s := text["conditional-access-policies/away-from-the-office.json"]; !strings.Contains(s, `"Pilots"`) || !strings.Contains(s, `"Offices"`) || !strings.Contains(s, `"House rules"`) || !strings.Contains(s, `"Keys only"`) {
			w.t.Errorf("by name: %s", s)
		}
		if got, err := w.api.Plan(ctx, w.tenant.ID, a); err != nil || len(got) != 0 {
			w.t.Errorf("a plan right after an export: %v\n%s", err, Describe(got))
		}

		// Elsewhere the groups are missing first, then there under other ids.
		other := w.newTenant("other")
		w.newClient("theirs", other, access.Known()...)
		_, err := w.api.Plan(ctx, other.ID, a)
		var f *FileError
		if !errors.As(err, &f) || !strings.Contains(f.Problem, "named 'Pilots'") {
			w.t.Errorf("without the groups: %v", err)
		}
		theirs := w.groupIn("theirs", "Pilots")
		w.groupIn("theirs", "Rescue")
		first, err := w.api.Plan(ctx, other.ID, a)
		if err != nil {
			w.t.Fatal(err)
		}
		applied, err := w.api.Apply(ctx, other.ID, a, audit.System("test"))
		if err != nil {
			w.t.Fatal(err)
		}
		if Describe(applied) != Describe(first) {
			w.t.Errorf("apply did something else than planned:\n%s\n---\n%s", Describe(applied), Describe(first))
		}
		if got, err := w.api.Plan(ctx, other.ID, a); err != nil || len(got) != 0 {
			w.t.Errorf("a second plan: %v\n%s", err, Describe(got))
		}
		if _, err := w.api.Export(ctx, other.ID, b); err != nil {
			w.t.Fatal(err)
		}
		again := readAll(w.t, b)
		for name, s := range text {
			if again[name] != s {
				w.t.Errorf("%s differs after the round trip:\n%s\n---\n%s", name, s, again[name])
			}
		}
		copies, err := other.Policies(ctx)
		if err != nil || len(copies) != 2 || !slices.ContainsFunc(copies, func(p conditional) bool { return slices.Contains(p.Conditions.Users.IncludeGroups, theirs) }) {
			w.t.Errorf("the copies: %+v %v", copies, err)
		}

		// A change in a file becomes a change by name; the rest stays.
		at := filepath.Join(a, "conditional-access-policies", "away-from-the-office.json")
		if err := os.WriteFile(at, []byte(`{"displayName":"Away from the office","conditions":{"locations":{"includeLocations":["All"],"excludeLocations":["Offices"]}}}`), 0o600); err != nil {
			w.t.Fatal(err)
		}
		got, err := w.api.Apply(ctx, other.ID, a, audit.System("test"))
		if said := Describe(got); err != nil || len(got) != 1 || !strings.Contains(said, `conditions.locations.excludeLocations: remove "Neighbours"`) || len(got[0].Fields) != 1 {
			w.t.Errorf("changed: %v\n%s", err, said)
		}
		for what, x := range map[string][2]string{
			"a location that is not there": {`"locations":{"includeLocations":["Moon"]}`, "conditions/locations/includeLocations"},
			"somebody who is not there":    {`"users":{"includeUsers":["6d5b1d3e-0000-4000-8000-000000000000"]}`, "conditions"},
		} {
			if err := os.WriteFile(at, []byte(`{"displayName":"Away from the office","conditions":{`+x[0]+`}}`), 0o600); err != nil {
				w.t.Fatal(err)
			}
			_, err := w.api.Plan(ctx, other.ID, a)
			if !errors.As(err, &f) || !strings.HasPrefix(f.Field, x[1]) {
				w.t.Errorf("%s: %v", what, err)
			}
		}
		// What has no file goes, and takes nothing along that something else needs.
		if err := os.Remove(at); err != nil {
			w.t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(a, "authentication-strengths", "keys-only.json")); err != nil {
			w.t.Fatal(err)
		}
		if got, err := w.api.Apply(ctx, other.ID, a, audit.System("test")); err != nil || len(got) != 2 || got[0].Action != "delete" || got[1].Action != "delete" {
			w.t.Errorf("pruned: %v\n%s", err, Describe(got))
		}
		// The API itself takes ids, as Graph does.
		if x := w.do("POST", ca+"policies", w.conditional("x", "conditions", map[string]any{"users": map[string]any{"includeGroups": []any{"Pilots"}}, "applications": apps})); x.status != 400 {
			w.t.Errorf("a group by its name: %d", x.status)
		}
	})
}
