package openid

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
)

func membershipApp(edit func(*Client)) *Client {
	c := &Client{ID: "app", ObjectID: "obj", Name: "Shop", Enabled: true, AppRoles: []AppRole{{ID: "1", Value: "Read", ForUsers: true},
		{ID: "2", Value: "Write", ForUsers: true, ForApps: true}, {ID: "3", Value: "Job", ForApps: true}}}
	edit(c)
	return c
}

// What tokens say of somebody's roles and groups, by the app's settings.
func TestRolesAndGroupsInTokens(t *testing.T) {
	belongs := Membership{
		Roles: []RoleHeld{{"obj", "2", "", ""}, {"obj", "1", "g1", "Staff"}, {"obj", "1", "g2", "Berlin"}, {"obj", "3", "", ""},
			{"obj", "00000000-0000-0000-0000-000000000000", "g2", "Berlin"}, {"obj", "gone", "", ""}, {"other", "1", "g9", "Elsewhere"}},
		Groups: []GroupHeld{{"g1", "Staff"}, {"g2", "Berlin"}, {"g3", "Everybody"}},
	}
	many := Membership{}
	for i := range MaxGroups + 1 {
		many.Groups = append(many.Groups, GroupHeld{fmt.Sprint("g", i), fmt.Sprint("Group ", i)})
	}
	exactly := Membership{Groups: many.Groups[:MaxGroups]}
	mapping := func(m ...ClaimMapping) func(*Client) { return func(c *Client) { c.Claims = m } }
	for _, c := range []struct {
		says   string
		member Membership
		edit   func(*Client)
		claim  string
		want   string // JSON, "" = not there
	}{
		{"roles for people, each once, sorted", belongs, func(*Client) {}, "roles", `["Read","Write"]`},
		{"nobody's roles", Membership{}, func(*Client) {}, "roles", ""},
		{"a role that is off", belongs, func(c *Client) { c.AppRoles = c.AppRoles[:1] }, "roles", `["Read"]`},
		{"no groups unless asked for", belongs, func(*Client) {}, "groups", ""},
		{"none", belongs, func(c *Client) { c.Groups = NoGroups }, "groups", ""},
		{"every group", belongs, func(c *Client) { c.Groups = SecurityGroups }, "groups", `["g1","g2","g3"]`},
		{"all are every group", belongs, func(c *Client) { c.Groups = AllGroups }, "groups", `["g1","g2","g3"]`},
		{"by name", belongs, func(c *Client) { c.Groups, c.GroupNames = SecurityGroups, true }, "groups", `["Berlin","Everybody","Staff"]`},
		{"those assigned to the app", belongs, func(c *Client) { c.Groups = AppGroups }, "groups", `["g1","g2"]`},
		{"as many as fit", exactly, func(c *Client) { c.Groups = SecurityGroups }, "_claim_names", ""},
		{"too many are not said", many, func(c *Client) { c.Groups = SecurityGroups }, "groups", ""},
		{"too many are asked for", many, func(c *Client) { c.Groups = SecurityGroups }, "_claim_names", `{"groups":"src1"}`},
		{"where they are asked for", many, func(c *Client) { c.Groups = SecurityGroups }, "_claim_sources",
			`{"src1":{"endpoint":"https://login.example.com/v1.0/users/u/getMemberObjects"}}`},
		{"too many twice", many, func(c *Client) {
			c.Groups, c.Claims = SecurityGroups, []ClaimMapping{{Source: FromGroups, Name: "teams"}}
		}, "_claim_names", `{"groups":"src1","teams":"src1"}`},
		{"roles under another name", belongs, mapping(ClaimMapping{Source: FromRoles, Name: "shop_roles"}), "shop_roles", `["Read","Write"]`},
		{"and under their own", belongs, mapping(ClaimMapping{Source: FromRoles, Name: "shop_roles"}), "roles", `["Read","Write"]`},
		{"roles mapped without a name", belongs, mapping(ClaimMapping{Source: FromRoles}), "roles", `["Read","Write"]`},
		{"groups mapped without a name", belongs, mapping(ClaimMapping{Source: FromGroups}), "groups", `["g1","g2","g3"]`},
		{"groups mapped by name", belongs, mapping(ClaimMapping{Source: FromGroups, Name: "teams", ID: GroupNames}), "teams", `["Berlin","Everybody","Staff"]`},
		{"groups mapped, none", Membership{}, mapping(ClaimMapping{Source: FromGroups, Name: "teams"}), "teams", ""},
	} {
		client := membershipApp(c.edit)
		realm := &Realm{Base: testBase, Clients: map[string]*Client{"app": client}}
		f := facts{realm: realm, client: client, grant: &Grant{UserID: "u"}, user: User{ID: "u", Member: c.member}, audience: "app"}
		p, err := f.preview()
		if err != nil {
			t.Fatal(err)
		}
		for where, payload := range map[string]map[string]any{"ID token": p.IDToken, "access token": p.AccessToken, "userinfo": p.UserInfo} {
			got := ""
			if v, ok := payload[c.claim]; ok {
				b, err := json.Marshal(v)
				if err != nil {
					t.Fatal(err)
				}
				got = string(b)
			}
			if got != c.want {
				t.Errorf("%s: %s in the %s is %s, want %s", c.says, c.claim, where, got, c.want)
			}
		}
	}
}

// An access token for another API speaks of that API's roles, and one for us alone of none.
func TestRolesAreThoseOfTheAudience(t *testing.T) {
	client := membershipApp(func(c *Client) { c.Groups = SecurityGroups })
	api := &Client{ID: "api", ObjectID: "api-obj", Enabled: true, AppRoles: []AppRole{{ID: "9", Value: "Order", ForUsers: true}}}
	realm := &Realm{Base: testBase, Clients: map[string]*Client{"app": client, "api": api}}
	u := User{ID: "u", Member: Membership{Roles: []RoleHeld{{"obj", "1", "", ""}, {"api-obj", "9", "", ""}}, Groups: []GroupHeld{{"g", "G"}}}}
	for audience, want := range map[string]string{"app": `["Read"] ["g"]`, "api": `["Order"] null`, testBase: `null null`} {
		f := facts{realm: realm, client: client, grant: &Grant{UserID: "u"}, user: u, audience: audience}
		at, err := f.access()
		if err != nil {
			t.Fatal(err)
		}
		payload, err := plain(at)
		if err != nil {
			t.Fatal(err)
		}
		roles, _ := json.Marshal(payload["roles"])
		groups, _ := json.Marshal(payload["groups"])
		if got := string(roles) + " " + string(groups); got != want {
			t.Errorf("for %s: %s, want %s", audience, got, want)
		}
	}
}

// Membership costs one query, and none when nothing would say it.
func TestMembershipIsReadOnlyWhenSaid(t *testing.T) {
	plainApp := &Client{ID: "plain", ObjectID: "p"}
	for _, c := range []struct {
		says string
		app  *Client
		api  *Client
		want string
	}{
		{"nothing to say", plainApp, nil, ""},
		{"nothing to say of either", plainApp, plainApp, ""},
		{"roles", membershipApp(func(*Client) {}), nil, "[obj] false"},
		{"the API's roles too", membershipApp(func(*Client) {}), &Client{ID: "api", ObjectID: "a", AppRoles: []AppRole{{ID: "1"}}}, "[obj a] false"},
		{"its own API", membershipApp(func(*Client) {}), membershipApp(func(*Client) {}), "[obj] false"},
		{"groups", &Client{Groups: SecurityGroups}, nil, "[] true"},
		{"groups of an assignment", &Client{ObjectID: "o", Groups: AppGroups}, nil, "[o] false"},
		{"mapped groups", &Client{Claims: []ClaimMapping{{Source: FromGroups, Name: "x"}}}, nil, "[] true"},
		{"assignment", &Client{ObjectID: "o", AssignmentRequired: true}, nil, "[o] false"},
	} {
		m := newMemory()
		p := New(Options{Stores: m})
		u := User{ID: "u"}
		if err := p.member(t.Context(), &Realm{}, &u, c.app, c.api); err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, q := range m.asked {
			got += fmt.Sprint(q.Applications, " ", q.Groups)
		}
		if got != c.want {
			t.Errorf("%s: asked %q, want %q", c.says, got, c.want)
		}
	}
}

func TestPreviewTellsWhereMembershipComesFrom(t *testing.T) {
	c := membershipApp(func(c *Client) { c.Groups = SecurityGroups })
	f := facts{realm: &Realm{Base: testBase, Clients: map[string]*Client{"app": c}}, client: c, grant: &Grant{UserID: "u"}, audience: "app",
		user: User{ID: "u", Member: Membership{Roles: []RoleHeld{{"obj", "1", "g1", "Staff"}, {"obj", "1", "", ""}}, Groups: []GroupHeld{{"g1", "Staff"}}}}}
	p, err := f.preview()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{"roles": {"Read: given directly", "Read: through the group Staff"}, "groups": {"Staff"}} {
		i := slices.IndexFunc(p.Claims, func(c PreviewClaim) bool { return c.Name == name })
		if i < 0 || !slices.Equal(p.Claims[i].Via, want) {
			t.Errorf("%s: %+v", name, p.Claims)
		}
	}
	pretend := c.pretendMembership()
	if got := pretend.roles(c, forPeople); !slices.Equal(got, []string{"Read", "Write"}) {
		t.Errorf("a pretend customer has %v", got)
	}
}
