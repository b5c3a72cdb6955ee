package openid

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"portico/app/fault"
	"portico/app/userflow"
)

// ClaimSource is where the value of a mapped claim comes from (R 1.4.1).
type ClaimSource string

const (
	FromUser     ClaimSource = "user"     // an attribute of the person, built in or custom
	FromConstant ClaimSource = "constant" // the same text in every token of the app
	FromRoles    ClaimSource = "roles"    // the values of the person's roles of the app
	FromGroups   ClaimSource = "groups"   // every group that the person is in, directly or through others
	// FromProvider is what a custom authentication extension gave just before the token is issued (R 8.4).
	FromProvider ClaimSource = "customClaimsProvider"
)

// GroupNames as the ID of a mapping from groups gives their names; "" gives their ids.
const GroupNames = "displayName"

// ClaimSources are the sources that can be chosen.
func ClaimSources() []ClaimSource {
	return []ClaimSource{FromUser, FromConstant, FromRoles, FromGroups, FromProvider}
}

// ClaimMapping puts one more claim into the tokens of an app: a renamed attribute, a transformed one, or a
// constant (F039). A mapped claim wins over a profile claim of the same name that a scope would bring: the
// claim is what the mapping says, and is left out where the person has no such value.
type ClaimMapping struct {
	Source    ClaimSource `json:"source"`
	ID        string      `json:"id,omitempty"`        // of the attribute: a built-in name or an API name; of FromProvider, the claim's name in its answer
	Name      string      `json:"name"`                // of the claim; roles and groups may leave it out for their own names
	Value     string      `json:"value,omitempty"`     // of a constant
	Transform Transform   `json:"transform,omitempty"` // "" = as it is
	SecondID  string      `json:"secondId,omitempty"`  // what is joined to the first attribute
	Separator string      `json:"separator,omitempty"` // what stands between the two
	AnyType   bool        `json:"anyType,omitempty"`   // of FromProvider: any type of JSON, not only texts and lists of them (R 8.1.4)
}

// ClaimName is the name under which the claim stands.
func (m ClaimMapping) ClaimName() string {
	if m.Name == "" && m.ofMembership() {
		return string(m.Source)
	}
	return m.Name
}

func (m ClaimMapping) ofMembership() bool { return m.Source == FromRoles || m.Source == FromGroups }

// Limits of a claim configuration. Fifty texts of 250 characters are far below what a header can carry as
// long as the token travels in bodies; apps that put tokens into headers choose fewer.
const (
	MaxClaims        = 50
	maxClaimName     = 100
	maxClaimValue    = 1000
	maxClaimJoinSign = 10
)

// reservedClaims are the names with which the provider itself says something, or with which a standard
// gives one meaning that a mapped value could only falsify. Nothing that an admin or an extension
// configures may use them (DESIGN §9.8). They are compared without letter case, because some libraries do.
func reservedClaims() []string {
	return []string{
		"iss", "sub", "aud", "exp", "nbf", "iat", "jti", // RFC 7519 §4.1
		"nonce", "auth_time", "acr", "amr", "azp", "at_hash", "c_hash", "s_hash", "sub_jwk", "_claim_names", "_claim_sources", // OpenID Connect Core
		"sid", "events", "toe", "txn", "sub_id", // logout and security event tokens
		"scope", "client_id", "act", "may_act", "cnf", "authorization_details", "active", "token_type", "username", // RFC 8693, 7800, 9396, 7662
		"roles", "groups", "entitlements", "role", // RFC 9068 §2.2.3.1
		"scp", "tid", "oid", "ver", "azpacr", "idtyp", "uti", "appid", "appidacr", "idp", "wids", "hasgroups", "xms_cc", "acrs", "aio", "rh", "tenant_ctry", "upn", // the vendor's own
		"login_hint", "grant_id", "client_info", // ours
		"email_verified", "phone_number_verified", // what only a proof can say
		"address", // OpenID Connect Core §5.1.1 makes it an object
	}
}

// ReservedClaim reports whether a claim's name is not for mappings and extensions.
func ReservedClaim(name string) bool {
	return slices.ContainsFunc(reservedClaims(), func(r string) bool { return strings.EqualFold(r, name) })
}

// CheckClaims says what an admin must mend in an app's claims before they can be saved. definitions are
// the tenant's custom attributes by API name. Fields are named claims[0].name and so on.
func CheckClaims(list []ClaimMapping, definitions map[string]userflow.Definition) fault.Fields {
	var bad fault.Fields
	if len(list) > MaxClaims {
		bad.Add("claims", "claim.many", map[string]any{"count": MaxClaims})
		return bad
	}
	for i, m := range list {
		add := func(field, key string, args map[string]any) {
			bad.Add(fmt.Sprintf("claims[%d].%s", i, field), key, args)
		}
		m.checkName(add)
		m.checkSource(add, definitions)
		if slices.ContainsFunc(list[:i], func(o ClaimMapping) bool {
			return o.ClaimName() != "" && strings.EqualFold(o.ClaimName(), m.ClaimName())
		}) {
			add("name", "claim.name.twice", map[string]any{"name": m.ClaimName()})
		}
	}
	return bad
}

type complaint func(field, key string, args map[string]any)

func (m ClaimMapping) checkName(add complaint) {
	switch {
	case m.ofMembership() && m.ClaimName() == string(m.Source): // the claim that it is anyway
	case m.Name == "" || len(m.Name) > maxClaimName:
		add("name", "claim.name.required", map[string]any{"count": maxClaimName})
	case !claimName(m.Name):
		add("name", "claim.name.shape", nil)
	case ReservedClaim(m.Name):
		add("name", "claim.name.reserved", map[string]any{"name": m.Name, "suggestion": "app_" + strings.TrimLeft(m.Name, "_")})
	case strings.EqualFold(m.Name, "email") && !m.isMail():
		// Apps take this claim for the person's own address (OpenID Connect Core §5.7 warns of it).
		add("name", "claim.name.email", nil)
	case m.Source != FromUser && namesSomebody(m.Name):
		add("name", "claim.name.account", map[string]any{"name": m.Name})
	}
}

// namesSomebody reports whether apps take a claim for the name of the account: who says it would choose who somebody is.
func namesSomebody(name string) bool {
	return slices.ContainsFunc([]string{"preferred_username", "upn", "unique_name"}, func(n string) bool { return strings.EqualFold(n, name) })
}

// isMail reports whether the mapping gives the address itself.
func (m ClaimMapping) isMail() bool {
	return m.Source == FromUser && (m.ID == "mail" || m.ID == "email") && (m.Transform == "" || m.Transform == Lowercase)
}

// claimName is the shape of a name: also a URI, as claims of other systems are called.
func claimName(s string) bool {
	for i, c := range []byte(s) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || !(c >= '0' && c <= '9') && !strings.ContainsRune("._:/-", rune(c))) {
			return false
		}
	}
	return s != ""
}

func (m ClaimMapping) checkSource(add complaint, definitions map[string]userflow.Definition) {
	switch m.Source {
	case FromConstant:
		if m.ID != "" || m.Transform != "" || m.SecondID != "" || m.Separator != "" {
			add("value", "claim.constant.only", nil)
		}
		switch n := utf8.RuneCountInString(m.Value); {
		case strings.TrimSpace(m.Value) == "":
			add("value", "claim.value.required", nil)
		case n > maxClaimValue:
			add("value", "claim.value.long", map[string]any{"count": maxClaimValue})
		case !legible(m.Value):
			add("value", "flow.text.invisible", nil)
		}
	case FromUser:
		if m.Value != "" {
			add("value", "claim.value.unused", nil)
		}
		m.checkAttributes(add, definitions)
	case FromRoles, FromGroups:
		if m.Value != "" || m.Transform != "" || m.SecondID != "" || m.Separator != "" {
			add("value", "claim.value.unused", nil)
		}
		if m.ID != "" && (m.Source == FromRoles || m.ID != GroupNames && m.ID != "id") {
			add("id", "claim.membership.id", nil)
		}
	case FromProvider:
		if m.Value != "" || m.Transform != "" || m.SecondID != "" || m.Separator != "" {
			add("value", "claim.value.unused", nil)
		}
		if m.ID == "" || len(m.ID) > maxClaimName || !legible(m.ID) {
			add("id", "claim.provider.id", map[string]any{"count": maxClaimName})
		}
	default:
		add("source", "claim.source.unknown", nil)
	}
	if m.AnyType && m.Source != FromProvider {
		add("anyType", "claim.value.unused", nil)
	}
}

// checkAttributes: each attribute exists, and the transformation suits what it holds.
func (m ClaimMapping) checkAttributes(add complaint, definitions map[string]userflow.Definition) {
	kind, ok := attributeType(m.ID, definitions)
	switch {
	case m.ID == "":
		add("id", "claim.attribute.required", nil)
	case !ok:
		add("id", "claim.attribute.unknown", map[string]any{"id": m.ID})
	}
	if m.Transform != Join && (m.SecondID != "" || m.Separator != "") {
		add("transform", "claim.join.only", nil)
	}
	switch m.Transform {
	case "":
	case Lowercase, Uppercase, EmailLocalPart, EmailDomain:
		if ok && (kind == userflow.Boolean || kind == userflow.Int) {
			add("transform", "claim.transform.text", nil)
		}
	case YesNo:
		if ok && kind != userflow.Boolean {
			add("transform", "claim.transform.yes_no", nil)
		}
	case Join:
		if _, known := attributeType(m.SecondID, definitions); m.SecondID == "" {
			add("secondId", "claim.join.second", nil)
		} else if !known {
			add("secondId", "claim.attribute.unknown", map[string]any{"id": m.SecondID})
		}
		if utf8.RuneCountInString(m.Separator) > maxClaimJoinSign || !legible(m.Separator) {
			add("separator", "claim.join.separator", map[string]any{"count": maxClaimJoinSign})
		}
	default:
		add("transform", "claim.transform.unknown", nil)
	}
}

// legible refuses control characters and marks that nobody sees: a constant must read as it looks.
func legible(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsGraphic(c) })
}

// Uses reports whether the mapping reads an attribute.
func (m ClaimMapping) Uses(attributeID string) bool {
	return m.Source == FromUser && attributeID != "" && (m.ID == attributeID || m.SecondID == attributeID)
}
