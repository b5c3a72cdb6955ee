package federation

import (
	"crypto/subtle"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"portico/app/userflow"
)

// claims are what a provider says about somebody, as it came.
type claims map[string]any

// at finds a claim by its name or, where no claim is called so, by a path with dots.
func (c claims) at(name string) any {
	if v, ok := c[name]; ok || name == "" {
		return v
	}
	head, rest, ok := strings.Cut(name, ".")
	inner, isObject := c[head].(map[string]any)
	if !ok || !isObject {
		return nil
	}
	return claims(inner).at(rest)
}

func (c claims) text(name string) string {
	s, _ := c.at(name).(string)
	return s
}

// yes reads a boolean that some providers write as text (Apple: "true"; Entra: 1).
func (c claims) yes(name string) bool {
	switch v := c.at(name).(type) {
	case bool:
		return v
	case string:
		return v == "true" || v == "1"
	case float64:
		return v == 1
	}
	return false
}

// texts reads one text or a list of them, a sane number of them.
func (c claims) texts(name string) []string {
	switch v := c.at(name).(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, x := range v[:min(len(v), 20)] {
			if s, ok := x.(string); ok && len(s) <= 200 {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}

// seconds reads a NumericDate (RFC 7519 §2).
func (c claims) seconds(name string) (time.Time, bool) {
	f, ok := c.at(name).(float64)
	if !ok || f <= 0 || f > 1e11 {
		return time.Time{}, false
	}
	return time.Unix(int64(f), 0).UTC(), true
}

func (c claims) names() []string {
	out := slices.Sorted(maps.Keys(c))
	for i := range out {
		out[i] = words(out[i])
	}
	return out[:min(len(out), 100)]
}

// DefaultMFA are the values of amr (RFC 8176), acr and AuthnContextClassRef that mean that a second factor was shown.
func DefaultMFA() []string {
	return []string{"mfa", "https://refeds.org/profile/mfa", "http://schemas.openid.net/pape/policies/2007/06/multi-factor", "http://schemas.microsoft.com/claims/multipleauthn"}
}

// longest bounds what a provider can put into a profile; the attributes' own limits are checked when they are kept.
const longest = 1024

// identify puts claims into our words.
func (k preset) identify(p Provider, issuer string, c claims) Identity {
	id := Identity{ProviderID: p.ID, Issuer: or(k.stored, issuer), Subject: c.text("sub"), AMR: c.texts("amr"), ACR: c.text("acr"), SessionIndex: c.text("sid"), Attributes: map[string]any{}}
	if len(id.ACR) > 200 {
		id.ACR = ""
	}
	if len(id.SessionIndex) > 200 {
		id.SessionIndex = ""
	}
	id.AuthTime, _ = c.seconds("auth_time")
	for attribute := range both(k.claims, p.Claims) {
		if attribute == "email" || attribute == "emailVerified" {
			continue
		}
		if v, ok := value(c.at(k.claim(p, attribute))); ok {
			id.Attributes[attribute] = v
		}
	}
	k.address(&id, p, c)
	mean := p.MFAValues
	if len(mean) == 0 {
		mean = DefaultMFA()
	}
	id.MFA = p.TrustMFA && slices.ContainsFunc(append([]string{id.ACR}, id.AMR...), func(s string) bool { return s != "" && slices.Contains(mean, s) })
	return id
}

// address reads the mail address and what the provider's word about it is worth. email_verified speaks about the claim
// “email” only: an address taken from another claim is not verified by it.
func (k preset) address(id *Identity, p Provider, c claims) {
	email := strings.TrimSpace(c.text(k.claim(p, "email")))
	at := strings.LastIndexByte(email, '@')
	if at < 1 || len(email) > 254 || !utf8.ValidString(email) || strings.ContainsAny(email, " \t\r\n<>,;\"\\") {
		return
	}
	domain, ok := userflow.CanonicalDomain(email[at+1:])
	if !ok {
		return
	}
	id.Email = email
	ownClaim := k.claim(p, "email") == k.claims["email"]
	if ownClaim || p.Claims["emailVerified"] != "" {
		id.EmailVerified = c.yes(k.claim(p, "emailVerified"))
	}
	if k.vouch != nil && ownClaim {
		k.vouch(id, p, c, domain)
	}
	id.EmailVerified = id.EmailVerified || p.TrustEmail
	if slices.Contains(p.Authoritative, domain) {
		id.Authoritative = true
	}
	id.Authoritative = id.Authoritative && id.EmailVerified
}

// value is a claim as an attribute: one text, number or boolean.
func value(v any) (any, bool) {
	switch v := v.(type) {
	case string:
		s := strings.TrimSpace(strings.ToValidUTF8(v, ""))
		if s == "" || utf8.RuneCountInString(s) > longest || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return nil, false
		}
		return s, true
	case bool, float64:
		return v, true
	}
	return nil, false
}

func both(a, b map[string]string) map[string]bool {
	out := map[string]bool{}
	for k := range a {
		out[k] = true
	}
	for k := range b {
		out[k] = true
	}
	return out
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
