package openid

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"portico/app/record"
)

// Preview is what an app would learn about a person: the payloads as they would be signed, and why each
// claim is there.
type Preview struct {
	IDToken     map[string]any
	AccessToken map[string]any // for the app's own API
	UserInfo    map[string]any
	Claims      []PreviewClaim
}

// Why a claim is there, as a closed set.
type Why string

const (
	ByProtocol Why = "protocol" // the standards or the vendor's shape want it
	ByScope    Why = "scope"    // the app asked for the scope
	ByMapping  Why = "mapping"  // the app's claim configuration
	ByRole     Why = "role"     // the person has roles of the app
	ByGroup    Why = "group"    // the app's setting about groups
)

// PreviewClaim is one claim with where it is and why.
type PreviewClaim struct {
	Name     string
	Value    any
	Why      Why
	Via      []string      // of ByRole and ByGroup: where it comes from
	Scope    string        // of ByScope
	Mapping  *ClaimMapping // of ByMapping
	ID       bool          // in the ID token
	Access   bool
	UserInfo bool
	Replaces bool // a profile claim of the scope would be there otherwise
	Missing  bool // the person has no value, so nothing is said
}

// hidden stands where a preview cannot know: the hash of a token that was not signed.
const hidden = "…"

// PreviewScopes are what a previewed sign-in asks for: the profile, the address and the app's own API.
func (c *Client) PreviewScopes() []string {
	return []string{ScopeOpenID, ScopeProfile, ScopeEmail, c.ID + "/.default"}
}

// Preview makes the payloads that the person's next sign-in with PreviewScopes would give the app, by the
// functions that issue tokens too, dated now: a dry run has a clock of its own. What a sign-in decides (when, how, in which session) is made up.
func (p *Provider) Preview(ctx context.Context, realm *Realm, c *Client, u User, now time.Time) (Preview, error) {
	secret, err := p.keys.known(ctx, realm.Tenant.ID)
	if err != nil {
		return Preview{}, err
	}
	g := Grant{ID: "00000000-0000-7000-8000-000000000000", TenantID: realm.Tenant.ID, ClientID: c.ID, UserID: u.ID, SID: hidden, Scopes: c.PreviewScopes(),
		AuthTime: now.Add(-time.Minute), AMR: []string{"pwd"}, ACR: record.ACRSingle}
	f := facts{realm: realm, client: c, method: c.previewMethod(), grant: &g, user: u, asked: g.Scopes, now: now, nonce: hidden, tokenID: hidden,
		subject: hidden, hint: hidden}
	if secret != nil { // a preview writes nothing: before the first sign-in nobody has a subject yet
		f.subject, f.hint = subject(secret, c.ID, u.ID), loginHint(secret, u.ID)
	}
	f.audience, f.scp = realm.permissions(g.Scopes)
	if u.Pretend {
		f.user.Member = c.pretendMembership()
	} else if err := p.member(ctx, realm, &f.user, c, nil); err != nil {
		return Preview{}, err
	}
	f.user.Provided = c.unasked()
	return f.preview()
}

// previewMethod is how the app would prove itself.
func (c *Client) previewMethod() Method {
	switch {
	case c.Public():
		return MethodNone
	case len(c.Secrets) == 0 && len(c.Certificates) > 0:
		return MethodKey
	}
	return MethodPost
}

func (f *facts) preview() (Preview, error) {
	var out Preview
	at, err := f.access()
	if err != nil {
		return out, err
	}
	if out.AccessToken, err = plain(at); err != nil {
		return out, err
	}
	id, err := f.identity(hidden)
	if err != nil {
		return out, err
	}
	if out.IDToken, err = plain(id); err != nil {
		return out, err
	}
	info, err := information(f.realm, f.client, AccessToken{Audience: f.client.ID, Subject: f.subject, Scopes: f.scp}, *f.grant, f.user)
	if err != nil {
		return out, err
	}
	if out.UserInfo, err = plain(info); err != nil {
		return out, err
	}
	out.Claims = f.explained(out)
	return out, nil
}

// plain is a payload as its reader decodes it; numbers stay as they are written.
func plain(payload any) (map[string]any, error) {
	b, err := json.Marshal(payload)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.UseNumber()
	var out map[string]any
	return out, d.Decode(&out)
}

// explained lists the claims: first those of the app's configuration in its order, then the person's
// profile, then the protocol's.
func (f *facts) explained(p Preview) []PreviewClaim {
	var out []PreviewClaim
	names := map[string]bool{}
	for _, payload := range []map[string]any{p.IDToken, p.AccessToken, p.UserInfo} {
		for name := range payload {
			names[name] = true
		}
	}
	for i := range f.client.Claims {
		m := &f.client.Claims[i]
		names[m.ClaimName()] = true
	}
	for name := range names {
		c := PreviewClaim{Name: name, Why: ByProtocol}
		c.Value, c.ID = p.IDToken[name]
		if v, ok := p.AccessToken[name]; ok {
			c.Access = true
			if !c.ID {
				c.Value = v
			}
		}
		if v, ok := p.UserInfo[name]; ok {
			c.UserInfo = true
			if !c.ID && !c.Access {
				c.Value = v
			}
		}
		c.Missing = !c.ID && !c.Access && !c.UserInfo
		for _, s := range userScopes() {
			if has(claimsOf(s), name) && has(f.asked, s) {
				c.Why, c.Scope = ByScope, s
			}
		}
		switch name {
		case "roles":
			c.Why, c.Via = ByRole, f.reasons(name)
		case "groups", "_claim_names", "_claim_sources":
			c.Why, c.Via = ByGroup, f.reasons(name)
		}
		if i := slices.IndexFunc(f.client.Claims, func(m ClaimMapping) bool { return m.ClaimName() == name }); i >= 0 {
			_, there := f.user.claim(name)
			c.Replaces = c.Why == ByScope && there
			c.Why, c.Mapping = ByMapping, &f.client.Claims[i]
		}
		out = append(out, c)
	}
	rank := func(c PreviewClaim) int {
		switch c.Why {
		case ByMapping:
			return slices.IndexFunc(f.client.Claims, func(m ClaimMapping) bool { return m.ClaimName() == c.Name })
		case ByScope:
			return MaxClaims
		}
		return MaxClaims + 1
	}
	slices.SortFunc(out, func(a, b PreviewClaim) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out
}

// pretendMembership is that of a pretend customer: every role for people, and a group.
func (c *Client) pretendMembership() Membership {
	g := GroupHeld{"00000000-0000-4000-8000-000000000002", "Sample group"}
	m := Membership{Groups: []GroupHeld{g}}
	if c.Groups == AppGroups {
		m.Roles = []RoleHeld{{ApplicationID: c.ObjectID, GroupID: g.ID, GroupName: g.Name}}
	}
	for _, r := range c.AppRoles {
		if r.ForUsers {
			m.Roles = append(m.Roles, RoleHeld{ApplicationID: c.ObjectID, RoleID: r.ID})
		}
	}
	return m
}

// Sample is a pretend customer with a value in every attribute, for previews. custom holds sample values of
// the tenant's own attributes.
func Sample(custom map[string]any, now time.Time) (User, error) {
	attributes, err := json.Marshal(custom)
	if err != nil {
		return User{}, err
	}
	u := User{Enabled: true, Pretend: true, EmailVerified: true, UpdatedAt: now, Attributes: attributes}
	for _, b := range BuiltinAttributes() {
		switch v := b.Example; b.ID {
		case "displayName":
			u.Name = v
		case "givenName":
			u.GivenName = v
		case "surname":
			u.FamilyName = v
		case "mail":
			u.Email = v
		case "userName":
			u.UserName = v
		case "userPrincipalName":
			u.PreferredUsername = v
		case "jobTitle":
			u.JobTitle = v
		case "streetAddress":
			u.Street = v
		case "postalCode":
			u.PostalCode = v
		case "city":
			u.City = v
		case "state":
			u.Region = v
		case "country":
			u.Country = v
		case "mobilePhone":
			u.Phone = v
		case "preferredLanguage":
			u.Locale = v
		case "createdDateTime":
			u.CreatedAt, err = time.Parse(time.RFC3339, v)
		case "id":
			u.ID = v
		}
	}
	return u, err
}
