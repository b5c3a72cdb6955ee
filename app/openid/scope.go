package openid

import (
	"slices"
	"strings"

	"portico/app/access"
)

// Scopes of OpenID Connect (Core §5.4, §11).
const (
	ScopeOpenID  = "openid"
	ScopeProfile = "profile"
	ScopeEmail   = "email"
	ScopePhone   = "phone"
	ScopeAddress = "address"
	ScopeOffline = "offline_access"
)

func oidcScope(w string) bool {
	switch w {
	case ScopeOpenID, ScopeProfile, ScopeEmail, ScopePhone, ScopeAddress, ScopeOffline:
		return true
	}
	return false
}

// graphResource and graphAppID are how the vendor's libraries call the management API.
const (
	graphResource = "https://graph.microsoft.com"
	graphAppID    = "00000003-0000-0000-c000-000000000000"
)

// managementScopes are the delegated permissions on the management API that an app may ask for.
func managementScopes() []string {
	out := []string{string(access.OwnRead)}
	for _, p := range access.Delegated() {
		out = append(out, string(p))
	}
	return out
}

// mayManage reports whether the app was given a delegated permission on the management API. To read whom it
// has signed in needs no grant.
func (c *Client) mayManage(permission string) bool {
	return permission == string(access.OwnRead) || has(c.Permissions, permission)
}

// applicationPermissions are those that count without a person.
func (c *Client) applicationPermissions() []string {
	var out []string
	for _, p := range c.Permissions {
		if !slices.Contains(access.Delegated(), access.Permission(p)) {
			out = append(out, p)
		}
	}
	return out
}

// resource is what an access token is for.
type resource struct {
	audience string
	client   *Client // nil: the management API
}

// apiScope is one resolved word.
type apiScope struct {
	word   string // as the app wrote it
	to     resource
	values []string // what goes into scp
}

// resolve turns a scope word into the resource and its permissions. ok is false for a word that means
// nothing here.
func (r *Realm) resolve(word string) (apiScope, bool) {
	for _, s := range managementScopes() {
		if strings.EqualFold(word, s) {
			return apiScope{word: word, to: resource{audience: r.Base}, values: []string{s}}, true
		}
	}
	i := strings.LastIndexByte(word, '/')
	if i <= 0 || i == len(word)-1 {
		return apiScope{}, false
	}
	id, name := strings.TrimRight(word[:i], "/"), word[i+1:]
	if strings.EqualFold(id, r.Base) || strings.EqualFold(id, graphResource) || strings.EqualFold(id, graphAppID) {
		if name == ".default" {
			return apiScope{word: word, to: resource{audience: r.Base}, values: managementScopes()[:1]}, true
		}
		for _, s := range managementScopes() {
			if strings.EqualFold(name, s) {
				return apiScope{word: word, to: resource{audience: r.Base}, values: []string{s}}, true
			}
		}
		return apiScope{}, false
	}
	api, ok := r.resources[strings.ToLower(id)]
	if !ok || !api.Enabled {
		return apiScope{}, false
	}
	// The vendor's v2.0 tokens name the API by its client id.
	out := apiScope{word: word, to: resource{audience: api.ID, client: api}}
	for _, s := range api.Scopes {
		if s.Enabled && (name == ".default" || strings.EqualFold(s.Value, name)) {
			out.values = append(out.values, s.Value)
		}
	}
	if name != ".default" && len(out.values) == 0 {
		return apiScope{}, false
	}
	return out, true
}

// checkScopes refuses words that mean nothing here, permissions on the management API that no admin gave
// the app, and words that only an admin may agree to when the app leaves consent to its users.
func (r *Realm) checkScopes(c *Client, asked []string) *Error {
	for _, w := range asked {
		if oidcScope(w) {
			continue
		}
		s, ok := r.resolve(w)
		if !ok {
			return refuse(InvalidScope, 70011, "The scope '"+w+"' does not exist. Ask for OpenID scopes or for scopes that an API of this directory exposes.").
				mistake(c.ID, "scope", w, "")
		}
		for _, v := range s.values {
			if s.to.client == nil && !c.mayManage(v) {
				return refuse(InvalidScope, 650057, "This app was not given the permission '"+v+"'. An administrator can add it to the app's management API permissions.").
					mistake(c.ID, "scope", w, strings.Join(c.Permissions, " "))
			}
		}
		if c.AskConsent && s.to.client != nil && s.to.client.ID != c.ID && !s.mayConsent() {
			return refuse(InvalidScope, 90094, "The scope '"+w+"' needs the consent of an administrator.").
				mistake(c.ID, "scope", w, "")
		}
	}
	return nil
}

func (s apiScope) mayConsent() bool {
	for _, v := range s.values {
		for _, have := range s.to.client.Scopes {
			if have.Value == v && !have.UserMayConsent {
				return false
			}
		}
	}
	return true
}

// permissions gives the audience of the access token and its scp: the OpenID scopes and those of the
// first resource named, for a token is for one resource only.
func (r *Realm) permissions(asked []string) (audience string, scp []string) {
	audience = r.userinfoURL()
	found := false
	for _, w := range asked {
		if oidcScope(w) {
			if w != ScopeOffline {
				scp = append(scp, w)
			}
			continue
		}
		s, ok := r.resolve(w)
		if !ok || found && s.to.audience != audience {
			continue
		}
		audience, found = s.to.audience, true
		for _, v := range s.values {
			if !has(scp, v) {
				scp = append(scp, v)
			}
		}
	}
	return audience, scp
}

// narrow checks the scopes named at the token endpoint against the granted ones. Libraries name the
// OpenID scopes here for the first time, as MSAL Go does: openid, profile and offline_access are added
// to what was granted, the other OpenID scopes too unless the app asks people for consent. It returns
// the words to answer for, as sent, and the grant's scopes with what was added.
func narrow(c *Client, granted, asked []string) (answer, grant []string, err *Error) {
	if len(asked) == 0 {
		return granted, granted, nil
	}
	grant = granted
	for _, w := range asked {
		if hasFold(granted, w) {
			continue
		}
		if !oidcScope(w) || c.AskConsent && w != ScopeOpenID && w != ScopeProfile && w != ScopeOffline {
			return nil, nil, refuse(InvalidScope, 70011, "The scope '"+w+"' was not granted. Send the person through the authorization endpoint for it.").
				mistake(c.ID, "scope", w, strings.Join(granted, " "))
		}
		grant = append(grant[:len(grant):len(grant)], w)
	}
	return asked, grant, nil
}

// Resource names what the access token of these scopes is for, for the record.
func (r *Realm) Resource(asked []string) (id, name string) {
	for _, w := range asked {
		if oidcScope(w) {
			continue
		}
		if s, ok := r.resolve(w); ok {
			if s.to.client == nil {
				return s.to.audience, managementName
			}
			return s.to.client.ID, s.to.client.Name
		}
	}
	return "", ""
}
