package graph

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"portico/app/policy"
	"portico/handlers/graph/odata"
)

// strengthRoot is /identity/conditionalAccess/authenticationStrength: what strengths can be made of (graph.md §7.3).
// Its policies are a collection of their own.
type strengthRoot struct{}

func (strengthRoot) prefix() []string {
	return []string{"identity", "conditionalAccess", "authenticationStrength"}
}

func (r strengthRoot) serve(ctx context.Context, c *call, keys map[string]string, rest []odata.Segment) (*response, error) {
	name, key := "", ""
	if len(rest) > 0 {
		name, key = strings.ToLower(rest[0].Name), rest[0].Keys[""]
	}
	if len(rest) == 2 && key == "" && name == "authenticationmethodmodes" {
		key, rest = rest[1].Name, rest[:1]
	}
	switch {
	case keys != nil || len(rest) > 1:
		return nil, noSegment(r.prefix()[2])
	case name != "" && name != "combinations" && name != "authenticationmethodmodes" || name == "combinations" && key != "":
		return nil, noSegment(rest[0].Name)
	case c.method != http.MethodGet && c.method != http.MethodHead:
		return nil, wrongMethod(http.MethodGet)
	case !c.caller.may(readStrengths()...):
		return nil, denied()
	case name == "":
		return c.entity("identity/conditionalAccess/authenticationStrength/$entity", object{{"combinations", policy.Combinations()}}), nil
	case name == "combinations":
		return c.entity("Collection(microsoft.graph.authenticationMethodModes)", object{{"value", policy.Combinations()}}), nil
	case key == "":
		return c.small(ctx, "identity/conditionalAccess/authenticationStrength/authenticationMethodModes", methodModes())
	}
	for _, mode := range methodModes() {
		if id, _ := mode.get("id").(string); strings.EqualFold(id, key) {
			return c.entity("identity/conditionalAccess/authenticationStrength/authenticationMethodModes/$entity", mode), nil
		}
	}
	return nil, notFound(key)
}

// methodModes are the words that combinations are made of, each with the method behind it.
func methodModes() []object {
	names := map[string]string{"password": "Password", "email": "Code by email", "sms": "Code by text message", "softwareOath": "Authenticator app",
		"fido2": "Passkey", "temporaryAccessPassOneTime": "Recovery code"}
	var ids []string
	for _, c := range policy.Combinations() {
		ids = append(ids, strings.Split(c, ",")...)
	}
	slices.Sort(ids)
	var out []object
	for _, id := range slices.Compact(ids) {
		out = append(out, object{{"id", id}, {"authenticationMethod", strings.TrimSuffix(id, "OneTime")}, {"displayName", names[id]}})
	}
	return out
}
