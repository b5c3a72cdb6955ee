package demo

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	view "portico/views/demo"
)

// meaning explains one claim: what it says and where it comes from.
type meaning struct{ says, source string }

// claimOrder is the order in which the page explains: who, how, for whom, until when.
func claimOrder() []string {
	return []string{"name", "given_name", "family_name", "preferred_username", "email", "email_verified", "sub", "oid", "tid",
		"sid", "auth_time", "amr", "acr", "nonce", "iss", "aud", "azp", "client_id", "appid", "scp", "scope", "roles", "groups",
		"iat", "nbf", "exp", "jti", "uti", "at_hash", "ver", "login_hint", "idtyp", "azpacr", "grant_id", "locale", "updated_at", "picture"}
}

func meanings() map[string]meaning {
	return map[string]meaning{
		"iss":                {"Who made this token. The app accepts this one issuer and no other.", "The address of Portico and the tenant's id"},
		"aud":                {"Whom it is for. A token made for another app is refused.", "The client id of the registration, or the API that was asked for"},
		"azp":                {"The app that asked for it.", "The client id of the registration"},
		"client_id":          {"The app that asked for it.", "The client id of the registration"},
		"appid":              {"The app that asked for it.", "The client id of the registration"},
		"azpacr":             {"How the app proved itself: 0 not at all, 1 with a secret, 2 with a certificate.", "Client authentication at the token endpoint"},
		"sub":                {"You, as this app knows you. Another app gets another value, so the two cannot compare notes.", "Made from your account and this app (pairwise subject)"},
		"oid":                {"Your account in this tenant, the same for all of its apps.", "The user's id"},
		"tid":                {"The tenant: Fernhill Group.", "The tenant's id"},
		"sid":                {"This visit at Portico. When you sign out, Portico names it to every app.", "The single sign-on session"},
		"auth_time":          {"When you last proved who you are. Going next door without typing does not change it.", "The single sign-on session"},
		"amr":                {"How you proved it: pwd a password, otp a one-time code, mfa two different proofs, and so on (RFC 8176).", "The proofs of this session"},
		"acr":                {"How strong that was, in one word.", "The proofs, measured against what was asked for"},
		"nonce":              {"A random value of this very sign-in. It proves that the token is not an old one.", "The app sent it along and compares"},
		"iat":                {"When the token was made.", "Portico's clock"},
		"nbf":                {"From when it counts.", "Portico's clock"},
		"exp":                {"Until when it counts.", "The token lifetime of the registration"},
		"jti":                {"The token's own number.", "Random"},
		"uti":                {"The token's own number.", "Random"},
		"at_hash":            {"Ties the access token to this ID token.", "A hash of the access token"},
		"ver":                {"The shape of the token: version 2.0.", "Always the same"},
		"name":               {"Your display name.", "Your profile"},
		"given_name":         {"Your given name.", "Your profile; the scope profile asks for it"},
		"family_name":        {"Your family name.", "Your profile; the scope profile asks for it"},
		"preferred_username": {"What you sign in with. Nice to show, not a key: it may change.", "Your identities"},
		"email":              {"Your email address.", "Your profile; the scope email asks for it"},
		"email_verified":     {"Whether you proved that the address is yours.", "A code that you typed once"},
		"roles":              {"Your roles in this app.", "Role assignments"},
		"groups":             {"Groups that you are in.", "Group memberships"},
		"scp":                {"What the app may do for you.", "The scopes that were asked for and granted"},
		"scope":              {"What the app may do for you.", "The scopes that were asked for and granted"},
		"login_hint":         {"An opaque name for your account that the app may send back.", "Portico"},
		"grant_id":           {"The sign-in that this token comes from. Ending it ends every token of it.", "Portico"},
		"idtyp":              {"Whether the token is about a person or about an app itself.", "The kind of grant"},
		"picture":            {"Your picture.", "Your profile"},
		"locale":             {"Your language.", "Your profile"},
		"updated_at":         {"When your profile last changed.", "Your profile"},
	}
}

// explainToken reads a JWT's claims without checking them (the library did). False when it is no JWT.
func explainToken(raw string, mapped map[string]string) ([]view.Claim, bool) {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return nil, false
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, false
	}
	var claims map[string]any
	decoder := json.NewDecoder(strings.NewReader(string(body)))
	decoder.UseNumber()
	if decoder.Decode(&claims) != nil {
		return nil, false
	}
	return explain(claims, mapped), true
}

// explain puts claims into words, the well-known ones first and in a telling order. mapped says where the
// claims of the app's own configuration come from; they win over the profile's.
func explain(claims map[string]any, mapped map[string]string) []view.Claim {
	names := make([]string, 0, len(claims))
	for n := range claims {
		names = append(names, n)
	}
	order := claimOrder()
	rank := func(n string) int {
		if i := slices.Index(order, n); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortFunc(names, func(a, b string) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	words := meanings()
	list := make([]view.Claim, 0, len(names))
	for _, n := range names {
		m, known := words[n]
		if source, ok := mapped[n]; ok {
			m, known = meaning{"What this app asked to know besides your profile, under the name that it chose.", "Attributes and claims of the registration: " + source}, true
		}
		if !known {
			m = meaning{"An additional claim of this app or user flow.", "Neither the standards nor the registration name it"}
		}
		list = append(list, view.Claim{Name: n, Value: show(claims[n]), Meaning: m.says, Source: m.source, Human: human(n, claims[n]), Undocumented: !known})
	}
	return list
}

func show(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		parts := make([]string, len(v))
		for i, x := range v {
			parts[i] = show(x)
		}
		return strings.Join(parts, ", ")
	case float64:
		return fmt.Sprintf("%.0f", v)
	case map[string]any:
		return asJSON(v)
	}
	return fmt.Sprint(v)
}

// human turns the times of a token into something readable.
func human(name string, v any) string {
	switch name {
	case "exp", "iat", "nbf", "auth_time", "updated_at":
		var n int64
		if _, err := fmt.Sscan(show(v), &n); err == nil && n > 0 {
			return time.Unix(n, 0).UTC().Format("2 January 2006, 15:04:05 UTC")
		}
	}
	return ""
}
