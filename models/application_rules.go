package models

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"portico/app/fault"
	"portico/app/openid"
)

const (
	maxRedirectURIs = 100
	maxURILength    = 256
	maxAppRoles     = 100
	maxRoleText     = 120
)

// Validate says what an admin must mend before the application can be saved (R 1.2.4).
func (a Application) Validate() error {
	var bad fault.Fields
	if a.Name == "" || len([]rune(a.Name)) > 120 {
		bad.Add("displayName", "application.name.required", nil)
	}
	if !slices.Contains([]string{WebApp, SPAApp, NativeApp, DaemonApp}, a.Kind) {
		bad.Add("kind", "application.kind", nil)
	}
	s := a.Spec
	if len(s.RedirectURIs) > maxRedirectURIs {
		bad.Add("redirectUris", "application.redirect.many", map[string]any{"max": maxRedirectURIs})
	}
	seen := map[string]bool{}
	for i, r := range s.RedirectURIs {
		field := fmt.Sprintf("redirectUris[%d]", i)
		if key := redirectProblem(r); key != "" {
			bad.Add(field, key, map[string]any{"uri": r.URI, "max": maxURILength})
		}
		if seen[r.URI] {
			bad.Add(field, "application.redirect.twice", map[string]any{"uri": r.URI})
		}
		seen[r.URI] = true
	}
	for i, u := range s.PostLogoutRedirectURIs {
		if key := redirectProblem(openid.RedirectURI{URI: u, Platform: openid.Native}); key != "" {
			bad.Add(fmt.Sprintf("postLogoutRedirectUris[%d]", i), key, map[string]any{"uri": u, "max": maxURILength})
		}
	}
	if s.BackChannelLogoutURI != "" {
		if key := redirectProblem(openid.RedirectURI{URI: s.BackChannelLogoutURI, Platform: openid.Web}); key != "" {
			bad.Add("backChannelLogoutUri", key, map[string]any{"uri": s.BackChannelLogoutURI, "max": maxURILength})
		}
	}
	for field, link := range map[string]string{"homepageUrl": s.HomepageURL, "logoUrl": s.LogoURL, "termsOfServiceUrl": s.TermsURL, "privacyStatementUrl": s.PrivacyURL} {
		if link != "" && !webLink(link) {
			bad.Add(field, "field.url.invalid", nil)
		}
	}
	if s.SigningAlg != "" && !slices.Contains([]string{"ES256", "RS256", "EdDSA"}, s.SigningAlg) {
		bad.Add("signingAlg", "application.alg", nil)
	}
	for field, n := range map[string]int{"accessTokenMinutes": s.AccessTokenMinutes, "idTokenMinutes": s.IDTokenMinutes} {
		if n != 0 && (n < 10 || n > 24*60) {
			bad.Add(field, "application.lifetime", nil)
		}
	}
	if n := s.RefreshIdleMinutes; n != 0 && (n < 10 || n > 90*24*60 || a.Kind == SPAApp && n > 24*60) {
		bad.Add("refreshIdleMinutes", "application.refresh_lifetime", nil)
	}
	if s.PKCEOptional && (a.Kind == SPAApp || a.Kind == NativeApp) {
		bad.Add("pkceOptional", "application.pkce_public", nil)
	}
	for i, u := range s.IdentifierURIs {
		if p, err := url.Parse(u); err != nil || p.Scheme == "" || p.Fragment != "" || strings.HasSuffix(u, "/") || len(u) > maxURILength ||
			p.Opaque == "" && p.Host == "" || hasSpace(u) {
			bad.Add(fmt.Sprintf("identifierUris[%d]", i), "application.identifier.invalid", map[string]any{"uri": u})
		}
	}
	values := map[string]bool{}
	for i, sc := range s.Scopes {
		field := fmt.Sprintf("scopes[%d]", i)
		if sc.ID == "" || !scopeToken(sc.Value) || slices.Contains([]string{"openid", "profile", "email", "offline_access", "address", "phone"}, sc.Value) {
			bad.Add(field, "application.scope.invalid", map[string]any{"value": sc.Value})
		}
		if values[sc.Value] {
			bad.Add(field, "application.scope.twice", map[string]any{"value": sc.Value})
		}
		values[sc.Value] = true
	}
	roles, ids := map[string]bool{}, map[string]bool{}
	for i, r := range s.AppRoles {
		field := fmt.Sprintf("appRoles[%d]", i)
		if r.ID == "" || r.ID == NoAppRole || r.Name == "" || len(r.Name) > maxRoleText || !roleValue(r.Value) || !memberTypes(r.MemberTypes) {
			bad.Add(field, "application.role.invalid", map[string]any{"value": r.Value})
		}
		if r.Value != "" && roles[r.Value] {
			bad.Add(field, "application.role.twice", map[string]any{"value": r.Value})
		}
		if ids[r.ID] {
			bad.Add(field, "application.role.twice", map[string]any{"value": r.ID})
		}
		roles[r.Value], ids[r.ID] = true, true
	}
	if len(s.AppRoles) > maxAppRoles {
		bad.Add("appRoles", "application.role.many", map[string]any{"max": maxAppRoles})
	}
	if s.GroupClaims != "" && !slices.Contains(openid.AllGroupClaims(), s.GroupClaims) {
		bad.Add("groupMembershipClaims", "application.group_claims", nil)
	}
	if len(s.Notes) > 1024 {
		bad.Add("notes", "field.too_long", map[string]any{"max": 1024})
	}
	return bad.Err()
}

// redirectProblem is the message key of what is wrong with a redirect URI, or "". https everywhere;
// http for loopback only; other schemes for native apps only; no fragment, no wildcard, no user and
// password, no spaces or control characters, which browsers drop and comparisons do not.
func redirectProblem(r openid.RedirectURI) string {
	if r.Platform != openid.Web && r.Platform != openid.SPA && r.Platform != openid.Native {
		return "application.redirect.platform"
	}
	if len(r.URI) > maxURILength {
		return "application.redirect.long"
	}
	u, err := url.Parse(r.URI)
	var escape url.EscapeError
	switch {
	case errors.As(err, &escape):
		return "application.redirect.escape"
	case err != nil || u.Scheme == "" || hasSpace(r.URI) || strings.Contains(r.URI, `\`):
		return "application.redirect.invalid"
	case strings.Contains(r.URI, "#"):
		return "application.redirect.fragment"
	case strings.Contains(r.URI, "*"):
		return "application.redirect.wildcard"
	case u.User != nil:
		return "application.redirect.userinfo"
	}
	switch strings.ToLower(u.Scheme) {
	case "https":
		if u.Hostname() == "" {
			return "application.redirect.invalid"
		}
	case "http":
		if !loopbackHost(u.Hostname()) {
			return "application.redirect.https"
		}
	case "javascript", "data", "vbscript", "file", "blob", "about", "ftp", "ws", "wss":
		return "application.redirect.scheme"
	default:
		if r.Platform != openid.Native {
			return "application.redirect.https"
		}
	}
	return ""
}

func loopbackHost(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

func webLink(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http" && loopbackHost(u.Hostname())) && len(s) <= 2048
}

func hasSpace(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
}

// roleValue is the shape of a role's value as the vendor has it (Graph appRole.value): up to 120 letters,
// digits and marks, not beginning with a dot.
func roleValue(s string) bool {
	if s == "" || len(s) > maxRoleText || s[0] == '.' {
		return false
	}
	for _, r := range s {
		if (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune(":!#$%&'()*+,-./;<=>?@[]^_`{|}~", r) {
			return false
		}
	}
	return true
}

func memberTypes(list []string) bool {
	for _, m := range list {
		if m != RoleForUsers && m != RoleForApps {
			return false
		}
	}
	return len(list) > 0
}

// scopeToken is the shape of a scope or role value (RFC 6749 §3.3 without the slash that joins resource and scope).
func scopeToken(s string) bool {
	if s == "" || len(s) > 120 {
		return false
	}
	for _, r := range s {
		if r <= ' ' || r > '~' || r == '"' || r == '\\' || r == '/' {
			return false
		}
	}
	return true
}
