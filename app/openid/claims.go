package openid

import (
	"strings"
	"time"
)

// claimsOf are the standard claims of each scope (OpenID Connect Core §5.4), with the vendor's
// preferred_username in profile.
func claimsOf(scope string) []string {
	switch scope {
	case ScopeProfile:
		return []string{"name", "given_name", "family_name", "preferred_username", "locale", "updated_at"}
	case ScopeEmail:
		return []string{"email", "email_verified"}
	case ScopePhone:
		return []string{"phone_number", "phone_number_verified"}
	case ScopeAddress:
		return []string{"address"}
	}
	return nil
}

func userScopes() []string { return []string{ScopeProfile, ScopeEmail, ScopePhone, ScopeAddress} }

func claimKnown(name string) bool {
	for _, s := range userScopes() {
		if has(claimsOf(s), name) {
			return true
		}
	}
	return false
}

// claim is one standard claim of a person; ok is false where the person has no value: an absent value
// is left out, never sent empty (OpenID Connect Core §5.3.2).
func (u User) claim(name string) (value any, ok bool) {
	text := func(s string) (any, bool) { return s, s != "" }
	switch name {
	case "name":
		return text(u.Name)
	case "given_name":
		return text(u.GivenName)
	case "family_name":
		return text(u.FamilyName)
	case "preferred_username":
		return text(u.PreferredUsername)
	case "locale":
		return text(u.Locale)
	case "updated_at":
		return u.UpdatedAt.Unix(), !u.UpdatedAt.IsZero()
	case "email":
		return text(u.Email)
	case "email_verified":
		return u.EmailVerified, u.Email != ""
	case "phone_number":
		return text(u.Phone)
	case "phone_number_verified":
		return u.PhoneVerified, u.Phone != ""
	case "address":
		a := map[string]string{}
		for k, v := range map[string]string{"street_address": u.Street, "locality": u.City, "region": u.Region,
			"postal_code": u.PostalCode, "country": u.Country} {
			if v != "" {
				a[k] = v
			}
		}
		if len(a) == 0 {
			return nil, false
		}
		lines := []string{u.Street, strings.TrimSpace(u.PostalCode + " " + u.City), u.Region, u.Country}
		kept := lines[:0]
		for _, l := range lines {
			if l != "" {
				kept = append(kept, l)
			}
		}
		a["formatted"] = strings.Join(kept, "\n")
		return a, true
	}
	return nil, false
}

// fill puts the claims of the scopes, and those wished for, into a token or answer.
func (u User) fill(into map[string]any, scopes []string, wishes map[string]ClaimWish) {
	for _, s := range userScopes() {
		if !has(scopes, s) {
			continue
		}
		for _, name := range claimsOf(s) {
			if v, ok := u.claim(name); ok {
				into[name] = v
			}
		}
	}
	for name := range wishes {
		if v, ok := u.claim(name); ok {
			into[name] = v
		}
	}
}

// accessClaims is the payload of an access token: the RFC 9068 profile with the vendor's v2.0 names.
type accessClaims struct {
	Issuer    string   `json:"iss"`
	Audience  string   `json:"aud"`
	Subject   string   `json:"sub"`
	OID       string   `json:"oid"`
	TenantID  string   `json:"tid"`
	Version   string   `json:"ver"`
	IssuedAt  int64    `json:"iat"`
	NotBefore int64    `json:"nbf"`
	Expiry    int64    `json:"exp"`
	ID        string   `json:"jti"`
	UTI       string   `json:"uti"`
	ClientID  string   `json:"client_id"`
	AZP       string   `json:"azp"`
	AZPACR    string   `json:"azpacr"`          // how the client proved itself: 0 not, 1 secret, 2 key
	IDType    string   `json:"idtyp,omitempty"` // app: no person
	Scope     string   `json:"scp,omitempty"`
	Roles     []string `json:"roles,omitempty"`
	AuthTime  int64    `json:"auth_time,omitempty"`
	AMR       []string `json:"amr,omitempty"`
	ACR       string   `json:"acr,omitempty"`
	ACRS      []string `json:"acrs,omitempty"` // authentication contexts that were reached
	SID       string   `json:"sid,omitempty"`
	GrantID   string   `json:"grant_id,omitempty"` // the family, for introspection and userinfo
	Name      string   `json:"name,omitempty"`
	Username  string   `json:"preferred_username,omitempty"`
}

// AccessToken is a verified access token.
type AccessToken struct {
	Issuer    string
	Audience  string
	TenantID  string
	ClientID  string
	UserID    string // "" for a token of an app
	ObjectID  string // oid: the user's or the app's
	Subject   string
	SID       string
	GrantID   string
	TokenID   string
	Scopes    []string
	Roles     []string
	AMR       []string
	AuthTime  time.Time
	IssuedAt  time.Time
	ExpiresAt time.Time
}
