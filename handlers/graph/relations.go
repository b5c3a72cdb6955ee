package graph

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"portico/app/access"
	"portico/app/account"
	"portico/handlers/graph/odata"
	"portico/models"
)

// pointed names an object of the directory: what it is and which.
type pointed struct{ kind, id string }

// objects renders what references point to, in their order. What the caller may not read is its type and id
// only, as the vendor has it; what is gone is left out.
func (a *API) objects(ctx context.Context, c *call, refs []pointed) ([]object, error) {
	ids := map[string][]string{}
	for _, r := range refs {
		ids[r.kind] = append(ids[r.kind], r.id)
	}
	shown := map[string]object{}
	people, err := c.tenant.UsersByID(ctx, ids[account.MemberUser])
	if err != nil {
		return nil, err
	}
	users, err := a.wrapUsers(ctx, c, people, nil)
	if err != nil {
		return nil, err
	}
	if err := showAll(ctx, c, a.directory.users, users, shown); err != nil {
		return nil, err
	}
	var groups []account.Group
	if some := ids[account.MemberGroup]; len(some) > 0 {
		groups, err = c.tenant.ListGroups(ctx, models.Listing{Where: []models.Condition{{SQL: "groups.id IN ?", Args: []any{some}}}, Limit: len(some)})
		if err != nil {
			return nil, err
		}
	}
	if err := showAll(ctx, c, a.directory.groups, wrapGroups(groups), shown); err != nil {
		return nil, err
	}
	for kind, r := range map[string]*collection[application]{account.MemberApp: a.directory.principals, "application": a.directory.applications} {
		found, err := c.tenant.ApplicationsByID(ctx, ids[kind], kind == account.MemberApp)
		if err != nil {
			return nil, err
		}
		apps, err := a.wrapApplications(ctx, c, found, nil)
		if err != nil {
			return nil, err
		}
		if err := showAll(ctx, c, r, apps, shown); err != nil {
			return nil, err
		}
	}
	out := make([]object, 0, len(refs))
	for _, r := range refs {
		if o, ok := shown[r.id]; ok {
			out = append(out, o)
		}
	}
	return out, nil
}

// showAll renders rows of one resource with their type, as much of each as the caller may read.
func showAll[R any](ctx context.Context, c *call, r *collection[R], rows []R, into map[string]object) error {
	typed := *r
	typed.typed = true
	full := c.caller.may(r.read...)
	var fields []field[R]
	for _, f := range r.fields {
		if f.name == "id" || !f.selectOnly && (full || f.basic && c.caller.may(r.basic...)) ||
			full && slices.Contains(c.opts.selected, f.name) {
			fields = append(fields, f)
		}
	}
	objects, err := typed.renderAll(ctx, c, rows, fields)
	if err != nil {
		return err
	}
	for i := range rows {
		into[r.id(&rows[i])] = c.narrowed(objects[i])
	}
	return nil
}

// members answers /groups/{id}/members and /transitiveMembers, narrowed to one kind by a cast.
func (a *API) members(ctx context.Context, c *call, g *group, transitive, count bool) (*response, error) {
	q := models.MemberQuery{Transitive: transitive}
	switch c.cast {
	case "", "directoryobject":
	case "user":
		q.Kind = account.MemberUser
	case "group":
		q.Kind = account.MemberGroup
	case "serviceprincipal":
		q.Kind = account.MemberApp
	default: // devices, contacts: there are none here
		q.Kind = c.cast
	}
	if c.opts.filter != nil || len(c.opts.order) > 0 {
		return nil, unsupported("$filter and $orderby are not supported for members.")
	}
	if len(c.opts.search) > 1 || len(c.opts.search) == 1 && (len(c.opts.search[0]) != 1 || !slices.Contains([]string{"", "displayname"}, strings.ToLower(c.opts.search[0][0].Property))) {
		return nil, unsupported("$search of members takes one clause, of displayName.")
	}
	if len(c.opts.search) == 1 {
		q.Search = c.opts.search[0][0].Text
	}
	if count {
		n, err := c.tenant.MatchingMembers(ctx, g.ID, q)
		return number(int(n)), err
	}
	limit, err := c.opts.pageSize(100, 999)
	if err != nil {
		return nil, err
	}
	after, err := c.skipped()
	if err != nil {
		return nil, err
	}
	if q.Limit = limit; after != nil {
		q.After = after.Text
	}
	p, err := c.tenant.FindMembers(ctx, g.ID, q)
	if err != nil {
		return nil, err
	}
	refs := make([]pointed, len(p.Items))
	for i, m := range p.Items {
		refs[i] = pointed{m.Kind, m.ID}
	}
	out := object{{"@odata.context", c.context("directoryObjects")}}
	if c.opts.count && after == nil {
		n, err := c.tenant.MatchingMembers(ctx, g.ID, q)
		if err != nil {
			return nil, err
		}
		out.add("@odata.count", n)
	}
	return a.pageOf(ctx, c, out, refs, p.Next)
}

// pageOf answers a page of references with the link to the next one.
func (a *API) pageOf(ctx context.Context, c *call, out object, refs []pointed, next string) (*response, error) {
	values, err := a.objects(ctx, c, refs)
	if err != nil {
		return nil, err
	}
	if next != "" {
		out.add("@odata.nextLink", c.nextLink(position{Kind: "c", Text: next}))
	}
	out.add("value", values)
	return &response{status: http.StatusOK, body: out}, nil
}

// memberRefs answers /groups/{id}/members/$ref: links only.
func (a *API) memberRefs(ctx context.Context, c *call, g *group) (*response, error) {
	limit, err := c.opts.pageSize(100, 999)
	if err != nil {
		return nil, err
	}
	after, err := c.skipped()
	if err != nil {
		return nil, err
	}
	q := models.MemberQuery{Limit: limit}
	if after != nil {
		q.After = after.Text
	}
	p, err := c.tenant.FindMembers(ctx, g.ID, q)
	if err != nil {
		return nil, err
	}
	links := []object{}
	for _, m := range p.Items {
		links = append(links, object{{"@odata.id", c.url("/directoryObjects/" + m.ID)}})
	}
	out := object{{"@odata.context", c.context("Collection($ref)")}}
	if p.Next != "" {
		out.add("@odata.nextLink", c.nextLink(position{Kind: "c", Text: p.Next}))
	}
	return &response{status: http.StatusOK, body: append(out, member{"value", links})}, nil
}

// belonging are the questions about which groups something is in, for people, groups and applications.
func belonging[R any](a *API, id func(*R) string, need []access.Permission, own []string) []action[R] {
	groupsOf := func(ctx context.Context, c *call, row *R, transitive bool) ([]account.Group, error) {
		return c.tenant.GroupsOf(ctx, id(row), transitive)
	}
	list := func(path string, transitive, count bool) action[R] {
		return action[R]{method: http.MethodGet, path: path, need: need, own: own, run: func(ctx context.Context, c *call, row *R) (*response, error) {
			groups, err := groupsOf(ctx, c, row, transitive)
			if err != nil {
				return nil, err
			}
			shown, err := a.groupObjects(ctx, c, groups)
			if err != nil {
				return nil, err
			}
			if count {
				if c.cast != "" && c.cast != "group" && c.cast != "directoryobject" {
					return number(0), nil
				}
				return number(len(shown)), nil
			}
			return c.small(ctx, "directoryObjects", shown)
		}}
	}
	ask := func(path string, run func(ctx context.Context, c *call, row *R) ([]string, error)) action[R] {
		return action[R]{method: http.MethodPost, path: path, need: need, own: own, run: func(ctx context.Context, c *call, row *R) (*response, error) {
			ids, err := run(ctx, c, row)
			if err != nil {
				return nil, err
			}
			return &response{status: http.StatusOK, body: object{{"@odata.context", c.context("Collection(Edm.String)")}, {"value", slices.Clip(append([]string{}, ids...))}}}, nil
		}}
	}
	all := func(ctx context.Context, c *call, row *R) ([]string, error) {
		var in struct {
			SecurityEnabledOnly bool `json:"securityEnabledOnly"`
		}
		if err := bodyOf(c, &in); err != nil {
			return nil, err
		}
		return c.tenant.GroupIDsOf(ctx, id(row)) // every group here is a security group
	}
	check := func(parameter string) func(ctx context.Context, c *call, row *R) ([]string, error) {
		return func(ctx context.Context, c *call, row *R) ([]string, error) {
			var in struct {
				GroupIDs []string `json:"groupIds"`
				IDs      []string `json:"ids"`
			}
			if err := bodyOf(c, &in); err != nil {
				return nil, err
			}
			wanted := append(in.GroupIDs, in.IDs...)
			if len(wanted) == 0 || len(wanted) > maxBind {
				return nil, badRequest("From 1 to 20 ids are needed in parameter '"+parameter+"'.", parameter)
			}
			have, err := c.tenant.GroupIDsOf(ctx, id(row))
			var out []string
			for _, g := range wanted {
				if g = strings.ToLower(g); slices.Contains(have, g) && !slices.Contains(out, g) {
					out = append(out, g)
				}
			}
			return out, err
		}
	}
	return []action[R]{
		list("memberOf", false, false), list("memberOf/$count", false, true), list("transitiveMemberOf", true, false), list("transitiveMemberOf/$count", true, true),
		ask("getMemberGroups", all), ask("getMemberObjects", all), ask("checkMemberGroups", check("groupIds")), ask("checkMemberObjects", check("ids")),
	}
}

// groupObjects renders groups for whoever may read where somebody belongs.
func (a *API) groupObjects(ctx context.Context, c *call, groups []account.Group) ([]object, error) {
	r := *a.directory.groups
	r.typed = true
	return r.renderAll(ctx, c, wrapGroups(groups), r.fields)
}

// directory are the resources whose objects stand in relations to each other.
type directory struct {
	users        *collection[user]
	groups       *collection[group]
	applications *collection[application]
	principals   *collection[application]
}

// directoryObjects is /directoryObjects: any object by its id.
type directoryObjects struct{ a *API }

func (directoryObjects) prefix() []string { return []string{"directoryObjects"} }

func (d directoryObjects) serve(ctx context.Context, c *call, keys map[string]string, rest []odata.Segment) (*response, error) {
	may := c.caller.may(slices.Concat([]access.Permission{access.DirectoryRead}, readUsers(), readGroups(), readApps())...)
	if keys == nil && len(rest) == 1 && isFunction(rest[0], "getByIds") {
		if c.method != http.MethodPost {
			return nil, wrongMethod(http.MethodPost)
		}
		if !may {
			return nil, denied()
		}
		return d.byIDs(ctx, c)
	}
	if keys == nil && len(rest) > 0 {
		keys, rest = map[string]string{"": rest[0].Name}, rest[1:]
	}
	if rest = withoutCasts(rest); len(keys) != 1 || len(rest) > 0 {
		return nil, noSegment("directoryObjects")
	}
	if c.method != http.MethodGet && c.method != http.MethodHead {
		return nil, wrongMethod(http.MethodGet)
	}
	if !may {
		return nil, denied()
	}
	id := ""
	for _, v := range keys {
		id = strings.ToLower(v)
	}
	found, err := d.a.objects(ctx, c, everyKind([]string{id}, nil))
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, notFound(id)
	}
	return c.entity("directoryObjects/$entity", found[0]), nil
}

// everyKind points with each id to each kind of object: an id belongs to one of them.
func everyKind(ids, types []string) []pointed {
	var out []pointed
	for _, id := range ids {
		for _, kind := range []string{account.MemberUser, account.MemberGroup, account.MemberApp, "application"} {
			if len(types) == 0 || slices.ContainsFunc(types, func(t string) bool { return strings.EqualFold(t, kind) || strings.EqualFold(t, "directoryObject") }) {
				out = append(out, pointed{kind, strings.ToLower(id)})
			}
		}
	}
	return out
}

func (d directoryObjects) byIDs(ctx context.Context, c *call) (*response, error) {
	var in struct {
		IDs   []string `json:"ids"`
		Types []string `json:"types"`
	}
	if err := bodyOf(c, &in); err != nil {
		return nil, err
	}
	if len(in.IDs) == 0 || len(in.IDs) > 1000 {
		return nil, badRequest("From 1 to 1000 ids are needed in parameter 'ids'.", "ids")
	}
	slices.Sort(in.IDs)
	in.IDs = slices.Compact(in.IDs)
	var values []object
	for chunk := range slices.Chunk(in.IDs, 200) {
		found, err := d.a.objects(ctx, c, everyKind(chunk, in.Types))
		if err != nil {
			return nil, err
		}
		values = append(values, found...)
	}
	seen := map[any]bool{}
	values = slices.DeleteFunc(values, func(o object) bool { id := o.get("id"); twice := seen[id]; seen[id] = true; return twice })
	return valueOf(c, "directoryObjects", list(values)), nil
}

// loadRelations fetches what $expand names of people. A page of them is bounded, because each costs a question.
func (a *API) loadRelations(ctx context.Context, c *call, rows []user, want func(string) bool) error {
	groups := func(u *user, transitive bool) ([]object, error) {
		found, err := c.tenant.GroupsOf(ctx, u.ID, transitive)
		if err != nil {
			return nil, err
		}
		return a.groupObjects(ctx, c, found)
	}
	relations := map[string]func(*user) error{
		"memberOf":           func(u *user) (err error) { u.memberOf, err = groups(u, false); return err },
		"transitiveMemberOf": func(u *user) (err error) { u.transitively, err = groups(u, true); return err },
		"appRoleAssignments": func(u *user) error {
			p, err := c.tenant.AppRoleAssignments(ctx, models.AssignmentQuery{PrincipalID: u.ID, Limit: 999})
			if err != nil {
				return err
			}
			resources, err := resourcesOf(ctx, c, p.Items)
			for _, n := range p.Items {
				u.roles = append(u.roles, shownAssignment(n, resources))
			}
			return err
		},
	}
	for name, load := range relations {
		if !want(name) || !slices.ContainsFunc(strings.Split(c.opts.values["expand"], ","), func(s string) bool {
			s, _, _ = strings.Cut(strings.TrimSpace(s), "(")
			return strings.EqualFold(s, name)
		}) {
			continue
		}
		if len(rows) > 100 {
			return unsupported("$expand of people takes pages of at most 100: set $top.")
		}
		for i := range rows {
			if err := load(&rows[i]); err != nil {
				return err
			}
		}
	}
	return nil
}
