package openid

import (
	"net/url"
	"slices"
	"strings"

	"portico/app/extension"
	"portico/app/tenant"
)

// Realm is what the protocol knows of one tenant at one host: an immutable value made from the
// tenant's snapshot.
type Realm struct {
	Tenant  tenant.Tenant
	Base    string // scheme://host[:port] that the browser sees
	Issuer  string // {base}/{tenantId}/v2.0
	Clients map[string]*Client
	// Contexts are the authentication contexts that apps may ask for.
	Contexts []string
	// Extensions are the tenant's custom authentication extensions; nil = it has none.
	Extensions *extension.Configuration

	root       string // {base}/{tenantId}
	slugRoot   string
	spaOrigins []string
	resources  map[string]*Client // lower-cased identifier URI or client id → API
}

// NewRealm prepares a tenant for the protocol, at the host that it is seen at; base is the installation's address.
func NewRealm(base string, t tenant.Tenant, clients map[string]*Client) *Realm {
	base = t.Base(base)
	r := &Realm{Tenant: t, Base: base, Clients: clients, root: base + "/" + t.ID, slugRoot: base + "/" + t.Slug,
		resources: map[string]*Client{}}
	r.Issuer = r.root + "/v2.0"
	for _, c := range clients {
		for _, u := range c.RedirectURIs {
			if o := Origin(u.URI); u.Platform == SPA && o != "" && !slices.Contains(r.spaOrigins, o) {
				r.spaOrigins = append(r.spaOrigins, o)
			}
		}
		r.resources[strings.ToLower(c.ID)] = c
		r.resources["api://"+strings.ToLower(c.ID)] = c
	}
	for _, c := range clients {
		for _, u := range c.ResourceURIs {
			r.resources[strings.ToLower(strings.TrimRight(u, "/"))] = c
		}
	}
	return r
}

// Origin is the scheme, host and port of a URL; "" for what has none (custom schemes).
func Origin(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return u.Scheme + "://" + strings.ToLower(u.Host)
}

// Client finds a registered client; ids compare without letter case, as GUIDs do.
func (r *Realm) Client(id string) (*Client, bool) {
	if c, ok := r.Clients[id]; ok {
		return c, true
	}
	c, ok := r.Clients[strings.ToLower(id)]
	return c, ok
}

// AllowsOrigin reports whether a browser app of this tenant is registered at the origin.
func (r *Realm) AllowsOrigin(origin string) bool {
	o := strings.ToLower(origin)
	if slices.Contains(r.spaOrigins, o) {
		return true
	}
	// http://localhost registered without a port stands for every port (RFC 8252 §7.3).
	if u, err := url.Parse(o); err == nil && u.Scheme == "http" && loopback(u.Hostname()) && u.Port() != "" {
		return slices.Contains(r.spaOrigins, "http://"+hostOnly(u))
	}
	return false
}

func hostOnly(u *url.URL) string {
	if strings.Contains(u.Hostname(), ":") {
		return "[" + u.Hostname() + "]"
	}
	return u.Hostname()
}

// Endpoint URLs. The canonical spelling has the tenant's id.
func (r *Realm) authorizeURL() string  { return r.root + "/oauth2/v2.0/authorize" }
func (r *Realm) tokenURL() string      { return r.root + "/oauth2/v2.0/token" }
func (r *Realm) logoutURL() string     { return r.root + "/oauth2/v2.0/logout" }
func (r *Realm) introspectURL() string { return r.root + "/oauth2/v2.0/introspect" }
func (r *Realm) revokeURL() string     { return r.root + "/oauth2/v2.0/revoke" }
func (r *Realm) userinfoURL() string   { return r.root + "/openid/userinfo" }
func (r *Realm) keysURL() string       { return r.root + "/discovery/v2.0/keys" }

// audiences are the values that a client assertion may name as its audience: the token endpoint in
// both spellings, the endpoint it is presented at, and the issuer (RFC 7523 §3).
func (r *Realm) isAudience(aud string) bool {
	if aud == r.Issuer || aud == r.Issuer+"/" {
		return true
	}
	for _, root := range []string{r.root, r.slugRoot} {
		rest, ok := cutPrefixFold(aud, root)
		if !ok {
			continue
		}
		switch rest {
		case "/oauth2/v2.0/token", "/oauth2/v2.0/introspect", "/oauth2/v2.0/revoke", "/v2.0":
			return true
		}
	}
	return false
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}
