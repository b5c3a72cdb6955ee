package federation

import (
	"net/url"
	"strings"
)

// StoredIssuers are the issuers under which identities of a provider are kept; one may hold {tenantid} where each
// directory is one. Empty when nothing is known before somebody has come back.
func StoredIssuers(p Provider) string {
	k, ok := presetOf(p.Kind)
	if !ok || p.Kind == SAML {
		return p.EntityID
	}
	k = k.settled(p)
	return or(k.stored, or(p.Issuer, k.issuer))
}

// Keeps reports whether identities of a provider are kept under an issuer.
func Keeps(p Provider, issuer string) bool {
	kept := StoredIssuers(p)
	return issuer != "" && (kept == issuer || covers(kept, issuer))
}

// KeeperOf finds the provider whose identities are kept under an issuer, one that is switched on before others; nil when
// none is set up any more.
func KeeperOf(all map[string]*Provider, issuer string) *Provider {
	var found *Provider
	for _, p := range all {
		if Keeps(*p, issuer) && (found == nil || p.Enabled && !found.Enabled || p.Enabled == found.Enabled && p.ID < found.ID) {
			found = p
		}
	}
	return found
}

// Overlap reports whether identities of two providers could be taken for one another: the same issuer and subject from
// both would be one person here. Two set-ups of Google are one company and number people alike; two clients of another
// company's need not.
func Overlap(a, b Provider) bool {
	if a.Kind == b.Kind && (a.Kind == Google || a.Kind == LinkedIn || a.Kind == GitHub) {
		return false
	}
	x, y := StoredIssuers(a), StoredIssuers(b)
	return x != "" && y != "" && (x == y || covers(x, y) || covers(y, x))
}

// Reserved says whose name a provider would keep its identities under though it is of another kind; "" = nobody's. The
// well-known providers' names are theirs in every tenant, set up or not: else an admin's own server could prepare
// identities that open somebody's account on the day the well-known one is set up.
func Reserved(p Provider) string {
	for _, k := range presets() {
		if k.kind != p.Kind && k.kind != OpenID && k.kind != SAML && Overlap(Provider{Kind: k.kind}, p) {
			return k.label
		}
	}
	return ""
}

// OurNames are the issuers that a tenant goes by itself: its domain, under which local identities are kept, and what its
// tokens say. further are the addresses of its own hosts.
func OurNames(baseURL, tenantID, slug string, further ...string) []string {
	base := strings.ToLower(strings.TrimRight(baseURL, "/"))
	out := []string{base + "/" + tenantID, base + "/" + tenantID + "/v2.0", base + "/" + slug, base + "/" + slug + "/v2.0"}
	if u, err := url.Parse(base); err == nil {
		out = append(out, slug+"."+u.Hostname())
	}
	for _, base := range further {
		out = append(out, base+"/"+tenantID, base+"/"+tenantID+"/v2.0", base+"/"+slug, base+"/"+slug+"/v2.0")
	}
	return out
}

// covers reports whether a pattern with {tenantid} may stand for an issuer, or for some of another pattern.
func covers(pattern, issuer string) bool {
	before, after, ok := strings.Cut(pattern, "{tenantid}")
	if !ok || !strings.HasPrefix(issuer, before) || !strings.HasSuffix(issuer, after) || len(issuer) < len(before)+len(after) {
		return false
	}
	middle := issuer[len(before) : len(issuer)-len(after)]
	return middle == "{tenantid}" || directoryID.MatchString(middle)
}
