package openid

import (
	"context"
	"slices"
	"strings"
)

// GroupClaims says which groups of a person an app's tokens name, in the vendor's words (Graph
// groupMembershipClaims; F018).
type GroupClaims string

const (
	NoGroups       GroupClaims = "None"             // also ""
	SecurityGroups GroupClaims = "SecurityGroup"    // all that the person is in, directly or through other groups
	AppGroups      GroupClaims = "ApplicationGroup" // those that the app is assigned to, if the person is in them directly
	AllGroups      GroupClaims = "All"              // the same as SecurityGroups here
)

// AllGroupClaims lists the choices in the order in which an admin is offered them.
func AllGroupClaims() []GroupClaims {
	return []GroupClaims{NoGroups, SecurityGroups, AppGroups, AllGroups}
}

// MaxGroups is how many groups a token names. With more, the token says where to ask for them, as the
// vendor's does (R 13.20), so that no header grows past what servers take.
const MaxGroups = 200

// AppRole is a role that an app declares, as far as tokens care: it is switched on.
type AppRole struct {
	ID       string
	Value    string
	ForUsers bool
	ForApps  bool
}

// Membership is what somebody belongs to, as far as it was asked for.
type Membership struct {
	Roles  []RoleHeld
	Groups []GroupHeld
}

// RoleHeld is a role of an app that somebody has, directly or through a group that they are in themselves.
type RoleHeld struct {
	ApplicationID string // object id
	RoleID        string // the vendor's empty id = may use the app, without a role
	GroupID       string // "" = given directly
	GroupName     string
}

// GroupHeld is a group that somebody is in.
type GroupHeld struct {
	ID, Name string
}

// MembershipQuery asks for the roles of some apps and, if Groups, for every group.
type MembershipQuery struct {
	PrincipalID  string // of a person, or the service principal of an app
	Applications []string
	Groups       bool
}

// holds reports whether somebody has anything of an app: the right to use it, or a role.
func (m Membership) holds(c *Client) bool {
	return slices.ContainsFunc(m.Roles, func(r RoleHeld) bool { return r.ApplicationID == c.ObjectID })
}

// directly is holds without what comes through groups: apps get nothing through them (R 1.2.10).
func (m Membership) directly(c *Client) bool {
	return slices.ContainsFunc(m.Roles, func(r RoleHeld) bool { return r.ApplicationID == c.ObjectID && r.GroupID == "" })
}

// roles are the values of an app's roles that somebody has, sorted; a role that was switched off meanwhile
// counts no more.
func (m Membership) roles(c *Client, counts func(AppRole) bool) []string {
	var out []string
	for _, held := range m.Roles {
		if held.ApplicationID != c.ObjectID {
			continue
		}
		for _, r := range c.AppRoles {
			if r.ID == held.RoleID && r.Value != "" && counts(r) {
				out = append(out, r.Value)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func forPeople(r AppRole) bool { return r.ForUsers }
func forApps(r AppRole) bool   { return r.ForApps }

// groups are those that an app's own setting lets its tokens name.
func (m Membership) groups(c *Client) []GroupHeld {
	switch c.Groups {
	case SecurityGroups, AllGroups:
		return m.Groups
	case AppGroups:
		var out []GroupHeld
		for _, r := range m.Roles {
			g := GroupHeld{r.GroupID, r.GroupName}
			if r.ApplicationID == c.ObjectID && r.GroupID != "" && !slices.Contains(out, g) {
				out = append(out, g)
			}
		}
		return out
	}
	return nil
}

// groupTexts are groups as a claim: ids, or names for an app that wants them, sorted.
func groupTexts(groups []GroupHeld, names bool) []string {
	out := make([]string, len(groups))
	for i, g := range groups {
		out[i] = g.ID
		if names {
			out[i] = g.Name
		}
	}
	slices.Sort(out)
	return out
}

// sayGroups puts groups into a token under a name; more than it can carry become a place to ask at
// (OpenID Connect Core §5.6.2, the vendor's overage claim).
func sayGroups(into map[string]any, name string, groups []GroupHeld, names bool, base, userID string) {
	switch {
	case len(groups) == 0:
	case len(groups) <= MaxGroups:
		into[name] = groupTexts(groups, names)
	default:
		claims, _ := into["_claim_names"].(map[string]string)
		if claims == nil {
			claims = map[string]string{}
		}
		claims[name] = "src1"
		into["_claim_names"] = claims
		into["_claim_sources"] = map[string]any{"src1": map[string]string{"endpoint": base + "/v1.0/users/" + userID + "/getMemberObjects"}}
	}
}

// wantsGroups reports whether something that the app's tokens say needs all of a person's groups.
func (c *Client) wantsGroups() bool {
	return c.Groups == SecurityGroups || c.Groups == AllGroups || c.maps(FromGroups)
}

// wantsRoles reports whether something needs the roles that a person has of the app.
func (c *Client) wantsRoles() bool {
	return len(c.AppRoles) > 0 || c.AssignmentRequired || c.Groups == AppGroups
}

func (c *Client) maps(s ClaimSource) bool {
	return slices.ContainsFunc(c.Claims, func(m ClaimMapping) bool { return m.Source == s })
}

// member completes a person by what the tokens for an app and for an API say of their membership: one
// query, and none when neither wants to know.
func (p *Provider) member(ctx context.Context, realm *Realm, u *User, c, api *Client) error {
	q := MembershipQuery{PrincipalID: u.ID}
	for _, x := range []*Client{c, api} {
		if x == nil {
			continue
		}
		q.Groups = q.Groups || x.wantsGroups()
		if x.wantsRoles() && !slices.Contains(q.Applications, x.ObjectID) {
			q.Applications = append(q.Applications, x.ObjectID)
		}
	}
	if !q.Groups && len(q.Applications) == 0 {
		return nil
	}
	var err error
	u.Member, err = p.stores.OpenID(realm.Tenant.ID).OpenIDMembership(ctx, q)
	return err
}

// admit is member for tokens about to be made: an app or an API that is only for those assigned to it
// gives nobody else a token (F020), with the vendor's number.
func (p *Provider) admit(ctx context.Context, realm *Realm, u *User, c *Client, asked []string, platform Platform) *Error {
	audience, _ := realm.permissions(asked)
	api := realm.Clients[audience]
	if err := p.member(ctx, realm, u, c, api); err != nil {
		return failure(err)
	}
	for _, x := range []*Client{c, api} {
		if x != nil && x.AssignmentRequired && !u.Member.holds(x) {
			return dead(platform, 50105, "The person is not assigned to the app '"+x.Name+"', which is only for those who are.")
		}
	}
	return nil
}

// reasons says which group or assignment a previewed membership claim comes from.
func (f *facts) reasons(name string) []string {
	var out []string
	add := func(s string) {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	for _, held := range f.user.Member.Roles {
		if held.ApplicationID != f.client.ObjectID || name != "roles" {
			continue
		}
		for _, r := range f.client.AppRoles {
			switch {
			case r.ID != held.RoleID || r.Value == "" || !r.ForUsers:
			case held.GroupID == "":
				add(r.Value + ": given directly")
			default:
				add(r.Value + ": through the group " + held.GroupName)
			}
		}
	}
	if name == "groups" {
		for _, g := range f.user.Member.groups(f.client) {
			add(g.Name)
		}
	}
	slices.SortFunc(out, strings.Compare)
	return out
}
