package openid

import (
	"encoding/json"
	"strings"
	"time"
)

// facts are all that the tokens of one answer are made from. What issues tokens and what previews them
// make both from the same facts by the same functions, so a preview cannot promise something else.
type facts struct {
	realm    *Realm
	client   *Client
	method   Method
	grant    *Grant
	user     User
	asked    []string // scope words that the answer is for
	now      time.Time
	nonce    string
	tokenID  string
	subject  string
	hint     string // the opaque login_hint
	audience string
	scp      []string
}

// accessPayload is an access token's payload with the claims that its audience's configuration adds.
type accessPayload struct {
	accessClaims
	mapped map[string]any
}

// MarshalJSON appends the added claims to the fixed ones.
func (a accessPayload) MarshalJSON() ([]byte, error) {
	fixed, err := json.Marshal(a.accessClaims)
	if err != nil || len(a.mapped) == 0 {
		return fixed, err
	}
	added, err := json.Marshal(a.mapped)
	if err != nil {
		return nil, err
	}
	return append(append(fixed[:len(fixed)-1], ','), added[1:]...), nil
}

// access is the payload of the access token. An API of this directory gets the claims that its own
// configuration names, whichever app asked for the token, as the vendor has it; the userinfo endpoint and
// the management API get none (R 1.4.1, DESIGN §7). Without such claims it is the plain struct, which is
// what most tokens are.
func (f *facts) access() (any, error) {
	g, tid := f.grant, f.realm.Tenant.ID
	at := accessClaims{Issuer: f.realm.Issuer, Audience: f.audience, Subject: f.subject, OID: g.UserID, TenantID: tid, Version: "2.0",
		IssuedAt: f.now.Unix(), NotBefore: f.now.Unix(), Expiry: f.now.Add(lifetime(f.client.AccessTokenLifetime)).Unix(), ID: f.tokenID, UTI: f.tokenID,
		ClientID: f.client.ID, AZP: f.client.ID, AZPACR: strength(f.method), Scope: strings.Join(f.scp, " "),
		AuthTime: g.AuthTime.Unix(), AMR: g.AMR, ACR: g.ACR, ACRS: g.Contexts, SID: g.SID, GrantID: g.ID}
	if has(f.scp, ScopeProfile) {
		at.Name, at.Username = f.user.Name, f.user.PreferredUsername
	}
	api := f.api()
	mapped, err := api.mapped(f.user, f.realm.Base)
	if err != nil || api == nil {
		return at, err
	}
	at.Roles = f.user.Member.roles(api, forPeople)
	if groups := f.user.Member.groups(api); len(groups) > 0 {
		said := map[string]any{}
		sayGroups(said, "groups", groups, api.GroupNames, f.realm.Base, f.user.ID)
		mapped = under(mapped, said)
	}
	if len(mapped) == 0 {
		return at, nil
	}
	for name, v := range mapped {
		switch name { // the mapping wins
		case "name":
			at.Name = ""
		case "preferred_username":
			at.Username = ""
		case "roles":
			at.Roles = nil
		}
		if v == nil {
			delete(mapped, name)
		}
	}
	return accessPayload{at, mapped}, nil
}

// api is the app whose API the access token is for; nil where it is no app's.
func (f *facts) api() *Client {
	c, ok := f.realm.Clients[f.audience]
	if !ok {
		return nil
	}
	return c
}

// identity is the payload of the ID token (OpenID Connect Core §2); hash binds it to its access token.
func (f *facts) identity(hash string) (map[string]any, error) {
	g, tid := f.grant, f.realm.Tenant.ID
	idc := map[string]any{"iss": f.realm.Issuer, "aud": f.client.ID, "sub": f.subject, "oid": g.UserID, "tid": tid, "ver": "2.0",
		"iat": f.now.Unix(), "nbf": f.now.Unix(), "exp": f.now.Add(lifetime(f.client.IDTokenLifetime)).Unix(),
		"auth_time": g.AuthTime.Unix(), "at_hash": hash, "uti": f.tokenID, "login_hint": f.hint}
	if g.SID != "" {
		idc["sid"] = g.SID
	}
	if len(g.AMR) > 0 {
		idc["amr"] = g.AMR
	}
	if g.ACR != "" {
		idc["acr"] = g.ACR
	}
	if len(g.Contexts) > 0 {
		idc[claimContexts] = g.Contexts
	}
	if f.nonce != "" {
		idc["nonce"] = f.nonce
	}
	f.client.belonging(idc, f.user, f.realm.Base)
	f.user.fill(idc, f.asked, g.Claims.IDToken)
	if f.user.PreferredUsername != "" && !has(f.asked, ScopeProfile) && has(g.Scopes, ScopeProfile) {
		idc["preferred_username"] = f.user.PreferredUsername
	}
	mapped, err := f.client.mapped(f.user, f.realm.Base)
	if err != nil {
		return nil, err
	}
	lay(mapped, idc)
	return idc, nil
}

// belonging puts the person's roles of the app, and the groups that it wants, into a token or answer.
func (c *Client) belonging(into map[string]any, u User, base string) {
	if roles := u.Member.roles(c, forPeople); len(roles) > 0 {
		into["roles"] = roles
	}
	sayGroups(into, "groups", u.Member.groups(c), c.GroupNames, base, u.ID)
}

// givesIdentity reports whether the answer holds an ID token.
func (f *facts) givesIdentity() bool {
	return has(f.asked, ScopeOpenID) || len(f.asked) > 0 && has(f.grant.Scopes, ScopeOpenID)
}

// information is the answer of the userinfo endpoint (OpenID Connect Core §5.3). An API that was handed
// the token learns what the scopes say, not what the app's own claims say.
func information(realm *Realm, c *Client, t AccessToken, g Grant, u User) (map[string]any, error) {
	out := map[string]any{"sub": t.Subject}
	u.fill(out, t.Scopes, g.Claims.UserInfo)
	if c == nil || t.Audience != realm.userinfoURL() && t.Audience != c.ID {
		return out, nil
	}
	c.belonging(out, u, realm.Base)
	mapped, err := c.mapped(u, realm.Base)
	if err != nil {
		return nil, err
	}
	lay(mapped, out)
	return out, nil
}
