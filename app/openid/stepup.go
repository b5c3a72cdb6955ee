package openid

import (
	"encoding/json"
	"slices"
	"strings"

	"portico/app/policy"
	"portico/app/record"
)

// stepup.go: authentication contexts (c1 … c99). An app asks for one when somebody is about to do something that
// matters, policies say what it takes, and the tokens say in "acrs" which ones were reached (R 5.4.1).

// claimContexts is the vendor's claim.
const claimContexts = "acrs"

// isContext reports whether a word has the form of an authentication context's id.
func isContext(s string) bool {
	if len(s) < 2 || len(s) > 3 || s[0] != 'c' || s[1] == '0' {
		return false
	}
	return strings.Trim(s[1:], "0123456789") == ""
}

// contexts are those that a claims parameter names, and whether one of them must be reached. The vendor's
// libraries write them under access_token or id_token; acr is the standard's own place.
func (c ClaimsRequest) contexts() (list []string, essential bool) {
	for _, w := range []ClaimWish{c.IDToken[claimContexts], c.AccessToken[claimContexts]} {
		list = append(list, capped(w.values())...)
		essential = essential || w.Essential
	}
	return once(slices.DeleteFunc(list, func(s string) bool { return !isContext(s) })), essential
}

func once(list []string) []string {
	var out []string
	for _, s := range list {
		if !has(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// available keeps the contexts that the directory has and offers to apps.
func (r *Realm) available(contexts []string) []string {
	return slices.DeleteFunc(slices.Clone(contexts), func(c string) bool { return !has(r.Contexts, c) })
}

// stepUps reads which contexts an authorization request asks for. One that is essential and that nobody can reach
// here is said at once, before a person has gone to the trouble.
func (r *AuthorizeRequest) stepUps(realm *Realm, c *Client) *Error {
	list, essential := r.Claims.contexts()
	if essential {
		r.Demands.Contexts = list
	}
	for _, w := range append(slices.Clone(r.ACR), capped(r.Claims.IDToken["acr"].values())...) {
		if isContext(w) {
			list = append(list, w)
		}
	}
	r.Contexts = realm.available(once(list))
	if len(r.Demands.Contexts) > 0 && len(realm.available(r.Demands.Contexts)) == 0 {
		return refuse(UnmetRequirements, 50074, "No authentication context of this directory is named "+clip(strings.Join(r.Demands.Contexts, " "))+".").
			mistake(c.ID, "parameter", "claims acrs="+strings.Join(r.Demands.Contexts, " "), strings.Join(realm.Contexts, " "))
	}
	return nil
}

// class is the acr of a sign-in: the first of the app's own words for it that was reached, in the app's order of
// preference (OpenID Connect Core §3.1.2.1).
func (r *AuthorizeRequest) class(s *Signed) string {
	for _, w := range r.ACR {
		switch {
		case isContext(w) && has(s.Contexts, w):
			return w
		case w == s.ACR:
			return s.ACR
		}
	}
	return s.ACR
}

// plainClass is the acr without any context.
func (g *Grant) plainClass() string {
	if g.MFATime.IsZero() {
		return record.ACRSingle
	}
	return record.ACRMulti
}

// reached takes from a grant what its person's proofs no longer reach: a context that a policy has made harder
// since leaves the tokens, and the app asks for it again when it matters.
func (g *Grant) reached(realm *Realm, d policy.Answer) {
	g.Contexts = realm.available(d.Contexts)
	if isContext(g.ACR) && !has(g.Contexts, g.ACR) {
		g.ACR = g.plainClass()
	}
}

// wanted holds a refresh against the contexts that it asks for (MSAL sends claims there too). What the grant does
// not reach, only the person can give.
func (g *Grant) wanted(raw string, d policy.Answer) *Error {
	if raw == "" {
		return nil
	}
	var c ClaimsRequest
	if json.Unmarshal([]byte(raw), &c) != nil {
		return refuse(InvalidRequest, 90023, "The parameter 'claims' is not a JSON object as OpenID Connect describes it.")
	}
	list, essential := c.contexts()
	if !essential || slices.ContainsFunc(list, func(one string) bool { return has(g.Contexts, one) }) {
		return nil
	}
	e := stepUp(50076, "What the app asks for needs another proof.", d)
	e.Claims = claimsFor(claimContexts, list)
	return e
}

// claimsFor is the claims text of a refusal, which the app hands to its next authorization request as it is.
func claimsFor(claim string, values []string) string {
	b, err := json.Marshal(map[string]any{"access_token": map[string]any{claim: map[string]any{"essential": true, "values": values}}})
	if err != nil {
		return ""
	}
	return string(b)
}

// ClientApp is the kind of client app that a platform's redirect URIs belong to (R 5.5.3).
func (p Platform) ClientApp() string {
	if p == Native {
		return policy.NativeClient
	}
	return policy.Browser
}

// ClientApp is the kind of client app that asks.
func (r *AuthorizeRequest) ClientApp() string { return r.Platform.ClientApp() }
