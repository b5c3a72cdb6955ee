package graph

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"portico/app/access"
	"portico/handlers/graph/odata"
	"portico/models"
)

// collection is a resource: a table of properties over rows of type R, and the few functions that
// fetch and change rows. Everything that Graph says about queries and bodies follows from the table.
type collection[R any] struct {
	path  []string // below the version
	name  string   // in @odata.context
	typ   string   // without microsoft.graph.
	typed bool     // emit @odata.type (declared type is abstract or a base)
	beta  bool     // ours alone: not below v1.0
	// kindOf is the type of one row where the declared type is a base of several; nil = typ. subtypes are
	// those that a request may name besides typ.
	kindOf   func(*R) string
	subtypes []string
	// claimed notes which of the subtypes a document says it is; nil = it does not matter.
	claimed  func(row *R, typ string)
	plural   string // folder in a configuration directory; "" = not configuration
	fields   []field[R]
	paths    map[string]column // sub-paths that only filters know, such as status/errorCode
	searches map[string]column // properties that $search knows; "" = text without a property
	keys     []string          // alternate keys
	// hint narrows a search by an index, before searches decide; nil = none.
	hint func(ctx context.Context, c *call, words string) ([]models.Condition, error)
	// dynamic finds properties that no table can list (extension_…); nil = none.
	dynamic func(ctx context.Context, c *call, name string) (field[R], bool, error)
	// ownField reports whether people may change a property of themselves that the table lets them, or a
	// dynamic one; nil = those of the table.
	ownField func(ctx context.Context, c *call, name string, raw json.RawMessage) (bool, error)

	read, write, remove []access.Permission
	add                 []access.Permission // suffice to create one; nil = write
	basic               []access.Permission // see basic properties only
	ownRead, ownWrite   []string            // delegated scopes that reach the caller's own record

	normalPage, largestPage int
	order                   odata.Order // when the caller names none
	counts                  bool
	countsTo                int64 // of a log: what is more is not counted; 0 = no bound
	upserts                 bool  // a PATCH makes what is not there

	id   func(*R) string
	page func(ctx context.Context, c *call, l models.Listing) ([]R, error)
	size func(ctx context.Context, c *call, where []models.Condition) (int64, error)
	// all, instead of page, is for collections that are small by nature: they are filtered and sorted
	// here, over the very objects that are answered.
	all  func(ctx context.Context, c *call) ([]R, error)
	find func(ctx context.Context, c *call, name, value string) (*R, error)
	seen func(ctx context.Context, c *call, row *R) error // notes that somebody read this one; may be nil
	// load fetches what some properties need beyond the row; want says which were asked for.
	load  func(ctx context.Context, c *call, rows []R, want func(string) bool) error
	fresh func(c *call) R
	// know fetches what reading a document needs to know of the tenant; nil = nothing.
	know   func(ctx context.Context, c *call, row *R) error
	check  func(ctx context.Context, c *call, row *R, sent func(string) bool) error // before create or update
	create func(ctx context.Context, c *call, row *R) error
	// update stores row. Inside the transaction, again lays the same document onto the row as it is by
	// then, so that two requests that change different properties at once both count.
	update func(ctx context.Context, c *call, before R, row *R, again func(*R) error) error
	delete func(ctx context.Context, c *call, row *R) error

	bind     func(row *R, name string, ids []string) error // name@odata.bind; nil = none
	actions  []action[R]
	delta    func(ctx context.Context, c *call) (*response, error) // changes since the last time; nil = not offered
	managing *managing[R]                                          // nil = not part of configuration as code
}

// action is something below one object: an operation, a navigation, a relation.
type action[R any] struct {
	method string
	path   string // revokeSignInSessions, conditions/applications/includeApplications/{appId}
	need   []access.Permission
	own    []string // delegated scopes that suffice for one's own record
	run    func(ctx context.Context, c *call, row *R) (*response, error)
}

func (r *collection[R]) prefix() []string { return r.path }

func (r *collection[R]) serve(ctx context.Context, c *call, keys map[string]string, rest []odata.Segment) (*response, error) {
	if r.beta && c.version != "beta" {
		return nil, noSegment(r.path[0])
	}
	if keys == nil && r.delta != nil && len(rest) == 1 && isFunction(rest[0], "delta") {
		return r.delta(ctx, c)
	}
	c.cast = castOf(rest)
	rest = withoutCasts(rest)
	if keys == nil {
		if len(rest) == 0 {
			return r.onCollection(ctx, c)
		}
		if strings.EqualFold(rest[0].Name, "$count") {
			if len(rest) > 1 {
				return nil, noSegment(rest[1].Name)
			}
			return r.countOnly(ctx, c)
		}
		if strings.HasPrefix(rest[0].Name, "$") {
			return nil, noSegment(rest[0].Name)
		}
		keys, rest = map[string]string{"": rest[0].Name}, rest[1:]
	}
	name, key, err := r.key(keys)
	if err != nil {
		return nil, err
	}
	if len(rest) == 0 {
		return r.onOne(ctx, c, name, key)
	}
	return r.below(ctx, c, name, key, rest)
}

// isFunction recognises a function of a collection, bare, with parentheses or with its namespace.
func isFunction(s odata.Segment, name string) bool {
	last := s.Name[strings.LastIndexByte(s.Name, '.')+1:]
	return strings.EqualFold(last, name) && len(s.Keys) == 0
}

// castOf is the type that a path narrows a relation to: group of /memberOf/microsoft.graph.group.
func castOf(segs []odata.Segment) string {
	for i := len(segs) - 1; i >= 0; i-- {
		if odata.IsCast(segs[i].Name) {
			return strings.ToLower(segs[i].Name[strings.LastIndexByte(segs[i].Name, '.')+1:])
		}
	}
	return ""
}

func withoutCasts(segs []odata.Segment) []odata.Segment {
	out := make([]odata.Segment, 0, len(segs))
	for _, s := range segs {
		if !odata.IsCast(s.Name) {
			out = append(out, s)
		}
	}
	return out
}

func (r *collection[R]) key(keys map[string]string) (name, value string, err error) {
	if len(keys) != 1 {
		return "", "", badRequest("One key is needed.", "")
	}
	for n, v := range keys {
		if n == "" || strings.EqualFold(n, "id") {
			return "", v, nil
		}
		for _, known := range r.keys {
			if strings.EqualFold(n, known) {
				return known, v, nil
			}
		}
		return "", "", badRequest("'"+n+"' is not a key of "+r.typ+".", n)
	}
	return "", "", nil
}

// The collection itself: GET lists, POST creates.
func (r *collection[R]) onCollection(ctx context.Context, c *call) (*response, error) {
	switch c.method {
	case http.MethodGet, http.MethodHead:
		if !c.caller.may(r.read...) && !c.caller.may(r.basic...) {
			return nil, denied()
		}
		return r.list(ctx, c)
	case http.MethodPost:
		if r.create == nil {
			return nil, wrongMethod(http.MethodGet)
		}
		if !c.caller.may(r.write...) && !c.caller.may(r.add...) {
			return nil, denied()
		}
		return r.post(ctx, c)
	}
	if r.create == nil {
		return nil, wrongMethod(http.MethodGet)
	}
	return nil, wrongMethod(http.MethodGet, http.MethodPost)
}

func (r *collection[R]) onOne(ctx context.Context, c *call, name, key string) (*response, error) {
	switch c.method {
	case http.MethodGet, http.MethodHead:
		full := c.caller.may(r.read...) || name == "" && c.caller.mine(key, r.ownRead...)
		if !full && !c.caller.may(r.basic...) {
			return nil, denied()
		}
		row, err := r.one(ctx, c, name, key)
		if err != nil {
			return nil, err
		}
		shown, err := r.shown(ctx, c, full)
		if err != nil {
			return nil, err
		}
		o, err := r.render(ctx, c, row, shown)
		if err != nil {
			return nil, err
		}
		return &response{status: http.StatusOK, body: append(object{{"@odata.context", c.context(r.name + "/$entity")}}, o...)}, nil
	case http.MethodPatch:
		if r.update != nil {
			return r.patch(ctx, c, name, key)
		}
	case http.MethodDelete:
		if r.delete != nil {
			need := r.remove
			if need == nil {
				need = r.write
			}
			if !c.caller.may(need...) {
				return nil, denied()
			}
			row, err := r.one(ctx, c, name, key)
			if err != nil {
				return nil, err
			}
			if err := r.delete(ctx, c, row); err != nil {
				return nil, err
			}
			return noContent(), nil
		}
	}
	allow := []string{http.MethodGet}
	if r.update != nil {
		allow = append(allow, http.MethodPatch)
	}
	if r.delete != nil {
		allow = append(allow, http.MethodDelete)
	}
	return nil, wrongMethod(allow...)
}

// one finds a row or says that it does not exist.
func (r *collection[R]) one(ctx context.Context, c *call, name, key string) (*R, error) {
	row, err := r.find(ctx, c, name, key)
	if err != nil {
		return nil, absent(err, key)
	}
	if r.seen != nil && (c.method == http.MethodGet || c.method == http.MethodHead) {
		return row, r.seen(ctx, c, row)
	}
	return row, nil
}

// below serves actions, and plain properties as {value}.
func (r *collection[R]) below(ctx context.Context, c *call, name, key string, rest []odata.Segment) (*response, error) {
	var allow []string
	for i := range r.actions {
		a := &r.actions[i]
		params, ok := matchPath(a.path, rest)
		if !ok {
			continue
		}
		if a.method != c.method && !(a.method == http.MethodGet && c.method == http.MethodHead) {
			allow = append(allow, a.method)
			continue
		}
		if !c.caller.may(a.need...) && !(name == "" && c.caller.mine(key, a.own...)) {
			return nil, denied()
		}
		row, err := r.one(ctx, c, name, key)
		if err != nil {
			return nil, err
		}
		c.params = params
		return a.run(ctx, c, row)
	}
	if allow != nil {
		return nil, wrongMethod(allow...)
	}
	if len(rest) == 1 {
		for _, f := range r.fields {
			if strings.EqualFold(f.name, rest[0].Name) && f.get != nil {
				return r.property(ctx, c, name, key, f)
			}
		}
	}
	return nil, noSegment(rest[0].Name)
}

func (r *collection[R]) property(ctx context.Context, c *call, name, key string, f field[R]) (*response, error) {
	if c.method != http.MethodGet && c.method != http.MethodHead {
		return nil, wrongMethod(http.MethodGet)
	}
	full := c.caller.may(r.read...) || name == "" && c.caller.mine(key, r.ownRead...)
	if !full && !(f.basic && c.caller.may(r.basic...)) {
		return nil, denied()
	}
	row, err := r.one(ctx, c, name, key)
	if err != nil {
		return nil, err
	}
	o, err := r.render(ctx, c, row, []field[R]{f})
	if err != nil {
		return nil, err
	}
	return &response{status: http.StatusOK, body: object{{"@odata.context", c.context(r.name + "('" + key + "')/" + f.name)}, {"value", o.get(f.name)}}}, nil
}

func matchPath(pattern string, segs []odata.Segment) (map[string]string, bool) {
	parts := strings.Split(pattern, "/")
	if len(parts) != len(segs) {
		return nil, false
	}
	params := map[string]string{}
	for i, p := range parts {
		switch {
		case strings.HasPrefix(p, "{"):
			params[strings.Trim(p, "{}")] = segs[i].Name
		case !strings.EqualFold(p, segs[i].Name) || len(segs[i].Keys) > 0:
			return nil, false
		}
	}
	return params, true
}

// shown are the fields that an answer holds: those of $select, or the default set.
func (r *collection[R]) shown(ctx context.Context, c *call, full bool) ([]field[R], error) {
	var out []field[R]
	if c.opts.selected == nil || slices.Contains(c.opts.selected, "*") {
		for _, f := range r.fields {
			if !f.selectOnly && !f.expand && (full || f.basic) {
				out = append(out, f)
			}
		}
		return r.withExpanded(c, full, out)
	}
	for _, name := range c.opts.selected {
		f, err := r.fieldOf(ctx, c, name)
		if err != nil {
			return nil, err
		}
		if !full && !f.basic {
			return nil, denied()
		}
		if !f.expand {
			out = append(out, f)
		}
	}
	return r.withExpanded(c, full, out)
}

// withExpanded adds the relations that $expand names.
func (r *collection[R]) withExpanded(c *call, full bool, out []field[R]) ([]field[R], error) {
	for name := range strings.SplitSeq(c.opts.values["expand"], ",") {
		name, _, _ = strings.Cut(strings.TrimSpace(name), "(")
		i := slices.IndexFunc(r.fields, func(f field[R]) bool { return f.expand && strings.EqualFold(f.name, name) })
		if i < 0 {
			continue
		}
		if !full {
			return nil, denied()
		}
		out = append(out, r.fields[i])
	}
	return out, nil
}

// fieldOf finds a property by its exact name; a path such as web/redirectUris stands for its first
// element.
func (r *collection[R]) fieldOf(ctx context.Context, c *call, name string) (field[R], error) {
	name, _, _ = strings.Cut(name, "/")
	for _, f := range r.fields {
		if f.name == name {
			return f, nil
		}
	}
	if r.dynamic != nil {
		f, ok, err := r.dynamic(ctx, c, name)
		if err != nil || ok {
			return f, err
		}
	}
	return field[R]{}, badRequest("Could not find a property named '"+name+"' on type 'microsoft.graph."+r.typ+"'.", name)
}

func (r *collection[R]) render(ctx context.Context, c *call, row *R, shown []field[R]) (object, error) {
	rows := []R{*row}
	out, err := r.renderAll(ctx, c, rows, shown)
	if err != nil {
		return nil, err
	}
	*row = rows[0]
	return out[0], nil
}

func (r *collection[R]) renderAll(ctx context.Context, c *call, rows []R, shown []field[R]) ([]object, error) {
	if r.load != nil && len(rows) > 0 {
		want := func(name string) bool {
			return slices.ContainsFunc(shown, func(f field[R]) bool { return f.name == name })
		}
		if err := r.load(ctx, c, rows, want); err != nil {
			return nil, err
		}
	}
	out := make([]object, len(rows))
	for i := range rows {
		o := make(object, 0, len(shown)+1)
		if r.typed {
			o.add("@odata.type", "#microsoft.graph."+r.typeOf(&rows[i]))
		}
		for _, f := range shown {
			var v any
			if f.get != nil {
				v = f.get(&rows[i])
			}
			o.add(f.name, v)
		}
		out[i] = o
	}
	return out, nil
}

func (r *collection[R]) typeOf(row *R) string {
	if r.kindOf != nil {
		return r.kindOf(row)
	}
	return r.typ
}

// takes reports whether a document of a type can be laid onto a row.
func (r *collection[R]) takes(typ string) bool {
	typ, ours := strings.CutPrefix(strings.ToLower(typ), "microsoft.graph.")
	return ours && (strings.EqualFold(typ, r.typ) || slices.ContainsFunc(r.subtypes, func(t string) bool { return strings.EqualFold(t, typ) }))
}
