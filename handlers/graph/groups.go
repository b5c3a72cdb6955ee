package graph

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"portico/app/access"
	"portico/app/account"
	"portico/handlers/graph/odata"
	"portico/models"
)

// group is a security group as this API shows it, and whom a request wants to put into it.
type group struct {
	account.Group
	dynamic *bool    // the request named groupTypes
	members []string // members@odata.bind
}

const dynamicMembership = "DynamicMembership"

func readGroups() []access.Permission {
	return []access.Permission{access.GroupRead, access.DirectoryRead}
}

func writeGroups() []access.Permission {
	return []access.Permission{access.GroupWrite, access.DirectoryWrite}
}

func readMembers() []access.Permission {
	return append([]access.Permission{"GroupMember.Read.All"}, readGroups()...)
}

func writeMembers() []access.Permission {
	return append([]access.Permission{"GroupMember.ReadWrite.All"}, writeGroups()...)
}

// groups is /groups (graph.md §4.2): security groups, which nest.
func (a *API) groups() *collection[group] {
	fixed := func(name string, is bool) field[group] {
		return field[group]{name: name, get: func(*group) any { return is }, set: func(_ *group, raw json.RawMessage) error {
			said := is
			if err := boolean(name, func(*group) *bool { return &said }).set(nil, raw); err != nil {
				return err
			}
			if said != is {
				return badRequest("Only security groups are supported: mailEnabled is false and securityEnabled is true.", name)
			}
			return nil
		}}.filterable(map[bool]string{true: "(1 = 1)", false: "(1 = 0)"}[is], column{kind: odata.Bool, ops: opsID})
	}
	text128 := column{kind: odata.String, ops: opsText}
	nothing := func(name string) field[group] { return without[group](name, nil) }
	r := &collection[group]{
		path: []string{"groups"}, name: "groups", typ: "group",
		read: readMembers(), write: writeGroups(),
		normalPage: 100, largestPage: 999, order: odata.Order{Path: "displayName"}, counts: true,
		id: func(g *group) string { return g.ID },
	}
	r.fields = []field[group]{
		readOnly("id", func(g *group) any { return g.ID }).filterable("groups.id", column{kind: odata.String, ops: opsID, fold: clientID}),
		constant[group]("deletedDateTime", nil),
		nothing("classification"),
		readOnly("createdDateTime", func(g *group) any { return stamp(g.CreatedAt) }).
			filterable("groups.created_at", column{kind: odata.Time, ops: opsTime}).sortable(func(g *group) any { return g.CreatedAt }),
		str("description", 1024, func(g *group) *string { return &g.Description }).filterable("groups.description", text128),
		str("displayName", 256, func(g *group) *string { return &g.Name }).
			filterable("groups.name_norm", column{kind: odata.String, ops: opsText | opEnds | opContains, fold: folded}).
			sortable(func(g *group) any { return folded(g.Name) }),
		constant[group]("expirationDateTime", nil),
		{name: "groupTypes", get: func(g *group) any { return groupTypes(g) }, set: setGroupTypes,
			column: &column{exists: "groups.rule <> '' AND (%s)", of: map[string]column{"": {sql: "'" + dynamicMembership + "'", kind: odata.String, ops: opsID}}}},
		constant[group]("isAssignableToRole", false),
		constant[group]("mail", nil),
		fixed("mailEnabled", false),
		str("mailNickname", 64, func(g *group) *string { return &g.MailNickname }).filterable("groups.mail_nickname", text128),
		str("membershipRule", 3072, func(g *group) *string { return &g.Rule }).filterable("groups.rule", text128),
		{name: "membershipRuleProcessingState", get: func(g *group) any {
			switch {
			case g.Rule == "":
				return nil
			case g.RulePaused:
				return "Paused"
			}
			return "On"
		}, set: setRuleState},
		constant[group]("onPremisesSyncEnabled", nil),
		nothing("preferredLanguage"),
		constant[group]("proxyAddresses", []string{}),
		readOnly("renewedDateTime", func(g *group) any { return stamp(g.CreatedAt) }),
		fixed("securityEnabled", true),
		constant[group]("securityIdentifier", nil),
		nothing("theme"),
		nothing("uniqueName"),
		{name: "visibility", get: func(*group) any { return nil }, set: func(_ *group, raw json.RawMessage) error {
			var v *string
			if err := strict("visibility", raw, &v); err != nil {
				return err
			}
			if v != nil && *v != "Private" && *v != "Public" { // a security group has none; both words are taken and mean nothing
				return invalidValue("visibility", ": Private or Public is needed")
			}
			return nil
		}},
	}
	r.searches = map[string]column{"": {sql: "groups.name_norm", fold: folded}, "displayname": {sql: "groups.name_norm", fold: folded},
		"description": {sql: "groups.description"}}
	r.fresh = func(*call) group { return group{} }
	r.page = func(ctx context.Context, c *call, l models.Listing) ([]group, error) {
		groups, err := c.tenant.ListGroups(ctx, l)
		return wrapGroups(groups), err
	}
	r.size = func(ctx context.Context, c *call, where []models.Condition) (int64, error) {
		return models.CountRows[models.GroupRow](ctx, c.tenant, where)
	}
	r.find = func(ctx context.Context, c *call, _, key string) (*group, error) {
		g, err := c.tenant.Group(ctx, strings.ToLower(key))
		return &group{Group: g}, err
	}
	r.check = checkGroup
	r.bind = func(g *group, name string, ids []string) error {
		if name != "members" {
			return badRequest("Binding by '"+name+"@odata.bind' is not supported here.", name+"@odata.bind")
		}
		g.members = ids
		return nil
	}
	r.create = func(ctx context.Context, c *call, g *group) error {
		return c.tenant.InTx(ctx, func(t *models.Tenant) error {
			made, err := t.CreateGroup(ctx, c.actor(), g.Group)
			if err != nil {
				return err
			}
			g.Group = made
			return addMembers(ctx, c, t, g)
		})
	}
	r.update = func(ctx context.Context, c *call, _ group, g *group, again func(*group) error) error {
		return c.tenant.InTx(ctx, func(t *models.Tenant) error {
			made, err := t.UpdateGroup(ctx, c.actor(), g.ID, func(now *account.Group) error {
				x := group{Group: *now}
				if err := again(&x); err != nil {
					return err
				}
				*now = x.Group
				return nil
			})
			if err != nil {
				return err
			}
			g.Group = made
			return addMembers(ctx, c, t, g)
		})
	}
	r.delete = func(ctx context.Context, c *call, g *group) error { return c.tenant.DeleteGroup(ctx, c.actor(), g.ID) }
	r.actions = slices.Concat(a.memberActions(), belonging(a, r.id, readMembers(), nil), assigned(a, r.id, readGroups(), nil))
	return r
}

func wrapGroups(groups []account.Group) []group {
	out := make([]group, len(groups))
	for i, g := range groups {
		out[i] = group{Group: g}
	}
	return out
}

func groupTypes(g *group) []string {
	if g.Rule != "" {
		return []string{dynamicMembership}
	}
	return []string{}
}

func setGroupTypes(g *group, raw json.RawMessage) error {
	var types []string
	if err := strs("groupTypes", 5, 64, func(*group) *[]string { return &types }).set(g, raw); err != nil {
		return err
	}
	dynamic := false
	for _, t := range types {
		if t != dynamicMembership {
			return invalidValue("groupTypes", ": '"+t+"' is not supported, only security groups are")
		}
		dynamic = true
	}
	g.dynamic = &dynamic
	return nil
}

func setRuleState(g *group, raw json.RawMessage) error {
	var state *string
	if err := strict("membershipRuleProcessingState", raw, &state); err != nil {
		return err
	}
	switch deref(state) {
	case "", "On":
		g.RulePaused = false
	case "Paused":
		g.RulePaused = true
	default:
		return invalidValue("membershipRuleProcessingState", ": On or Paused is needed")
	}
	return nil
}

// checkGroup sees to it that a rule and the type that says there is one come together.
func checkGroup(_ context.Context, _ *call, g *group, sent func(string) bool) error {
	if g.ID == "" && !sent("displayName") {
		return badRequest("A value is required for property 'displayName' of resource 'Group'.", "displayName")
	}
	if g.dynamic == nil {
		if sent("membershipRule") && g.Rule != "" && g.ID == "" {
			return badRequest("A group with a membershipRule has the group type DynamicMembership.", "groupTypes")
		}
		return nil
	}
	switch {
	case *g.dynamic && g.Rule == "":
		return badRequest("A value is required for property 'membershipRule' of a group of type DynamicMembership.", "membershipRule")
	case !*g.dynamic && g.Rule != "" && sent("membershipRule"):
		return badRequest("A group with a membershipRule has the group type DynamicMembership.", "groupTypes")
	case !*g.dynamic:
		g.Rule = ""
	}
	return nil
}

// addMembers puts those of members@odata.bind into the group: all of them or none.
func addMembers(ctx context.Context, c *call, t *models.Tenant, g *group) error {
	for _, id := range g.members {
		if err := t.AddMember(ctx, c.actor(), g.ID, id); err != nil {
			return memberWords(err, id)
		}
	}
	return nil
}

// memberActions are /groups/{id}/members and transitiveMembers.
func (a *API) memberActions() []action[group] {
	list := func(path string, transitive, count bool) action[group] {
		return action[group]{method: http.MethodGet, path: path, need: readMembers(), run: func(ctx context.Context, c *call, g *group) (*response, error) {
			return a.members(ctx, c, g, transitive, count)
		}}
	}
	return []action[group]{
		list("members", false, false), list("members/$count", false, true), list("transitiveMembers", true, false), list("transitiveMembers/$count", true, true),
		{method: http.MethodGet, path: "members/$ref", need: readMembers(), run: a.memberRefs},
		{method: http.MethodPost, path: "members/$ref", need: writeMembers(), run: func(ctx context.Context, c *call, g *group) (*response, error) {
			id, err := c.refBody()
			if err != nil {
				return nil, err
			}
			return emptied(memberWords(c.tenant.AddMember(ctx, c.actor(), g.ID, id), id))
		}},
		{method: http.MethodDelete, path: "members/{member}/$ref", need: writeMembers(), run: func(ctx context.Context, c *call, g *group) (*response, error) {
			id := strings.ToLower(c.params["member"])
			return emptied(absent(c.tenant.RemoveMember(ctx, c.actor(), g.ID, id), id))
		}},
		// Security groups have no owners here: the roles of administrators say who may change them.
		{method: http.MethodGet, path: "owners", need: readMembers(), run: func(ctx context.Context, c *call, _ *group) (*response, error) {
			return c.small(ctx, "directoryObjects", nil)
		}},
	}
}
