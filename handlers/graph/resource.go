package graph

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"portico/app/access"
	"portico/handlers/graph/odata"
	"portico/models"
)

// collection is a resource: a table of properties over rows of type R, and the few functions that
// fetch and change rows. Everything that Graph says about queries and bodies follows from the table.
type collection[R any] struct {
	path     []string // below the version
	name     string   // in @odata.context
	typ      string   // without microsoft.graph.
	typed    bool     // emit @odata.type (declared type is abstract or a base)
	plural   string   // folder in a configuration directory; "" = not configuration
	fields   []field[R]
	paths    map[string]column // sub-paths that only filters know, such as status/errorCode
	searches map[string]column // properties that $search knows; "" = text without a property
	keys     []string          // alternate keys
	// hint narrows a search by an index, before searches decide; nil = none.
	hint func(ctx context.Context, c *call, words string) ([]models.Condition, error)
	// dynamic finds properties that no table can list (extension_…); nil = none.
	dynamic func(ctx context.Context, c *call, name string) (field[R], bool, error)

	read, write, remove []access.Permission
	basic               []access.Permission // see basic properties only
	ownRead, ownWrite   []string            // delegated scopes that reach the caller's own record

	normalPage, largestPage int
	order                   odata.Order // when the caller names none
	counts                  bool

	id   func(*R) string
	page func(ctx context.Context, c *call, l models.Listing) ([]R, error)
	size func(ctx context.Context, c *call, where []models.Condition) (int64, error)
	// all, instead of page, is for collections that are small by nature: they are filtered and sorted
	// here, over the very objects that are answered.
	all  func(ctx context.Context, c *call) ([]R, error)
	find func(ctx context.Context, c *call, name, value string) (*R, error)
	// load fetches what some properties need beyond the row; want says which were asked for.
	load   func(ctx context.Context, c *call, rows []R, want func(string) bool) error
	fresh  func(c *call) R
	check  func(ctx context.Context, c *call, row *R, sent func(string) bool) error // before create or update
	create func(ctx context.Context, c *call, row *R) error
	// update stores row. Inside the transaction, again lays the same document onto the row as it is by
	// then, so that two requests that change different properties at once both count.
	update func(ctx context.Context, c *call, before R, row *R, again func(*R) error) error
	delete func(ctx context.Context, c *call, row *R) error

	actions  []action[R]
	managing *managing[R] // nil = not part of configuration as code
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
		if !c.caller.may(r.write...) {
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
			if !f.selectOnly && (full || f.basic) {
				out = append(out, f)
			}
		}
		return out, nil
	}
	for _, name := range c.opts.selected {
		f, err := r.fieldOf(ctx, c, name)
		if err != nil {
			return nil, err
		}
		if !full && !f.basic {
			return nil, denied()
		}
		out = append(out, f)
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
			o.add("@odata.type", "#microsoft.graph."+r.typ)
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

// allowed is the table of $filter: the columns of the fields that the caller may see, and sub-paths.
func (r *collection[R]) allowed(full bool) map[string]column {
	out := make(map[string]column, len(r.fields)+len(r.paths))
	for _, f := range r.fields {
		if f.column != nil && (full || f.basic) {
			out[strings.ToLower(f.name)] = *f.column
		}
	}
	if full {
		for p, col := range r.paths {
			out[strings.ToLower(p)] = col
		}
	}
	return out
}

func (r *collection[R]) conditions(ctx context.Context, c *call, full bool) ([]models.Condition, error) {
	var out []models.Condition
	if c.opts.filter != nil {
		cond, err := where(c.opts.filter, c.caller.TenantID, r.allowed(full))
		if err != nil {
			return nil, err
		}
		out = append(out, cond)
	}
	if c.opts.search != nil {
		cond, err := search(c.opts.search, r.searchable(full))
		if err != nil {
			return nil, err
		}
		out = append(out, cond)
		if r.hint != nil && len(c.opts.search) == 1 {
			words := ""
			for _, clause := range c.opts.search[0] {
				words += " " + clause.Text
			}
			more, err := r.hint(ctx, c, words)
			if err != nil {
				return nil, err
			}
			out = append(out, more...)
		}
	}
	return out, nil
}

// searchable is the table of $search; who sees basic properties only searches those.
func (r *collection[R]) searchable(full bool) map[string]column {
	if full {
		return r.searches
	}
	out := map[string]column{}
	for _, f := range r.fields {
		if col, ok := r.searches[strings.ToLower(f.name)]; ok && f.basic {
			out[strings.ToLower(f.name)] = col
		}
	}
	return out
}

// sorted gives the field that the list is sorted by; one key, the id breaks ties.
func (r *collection[R]) sorted(c *call, full bool) (field[R], bool, error) {
	o := r.order
	if len(c.opts.order) > 1 {
		return field[R]{}, false, unsupported("$orderby supports one property.")
	}
	if len(c.opts.order) == 1 {
		o = c.opts.order[0]
	}
	for _, f := range r.fields {
		if strings.EqualFold(f.name, o.Path) && f.sort != nil && (full || f.basic || len(c.opts.order) == 0) {
			return f, o.Desc, nil
		}
	}
	return field[R]{}, false, unsupported("$orderby does not support the property '" + o.Path + "'.")
}

func (r *collection[R]) list(ctx context.Context, c *call) (*response, error) {
	full := c.caller.may(r.read...)
	shown, err := r.shown(ctx, c, full)
	if err != nil {
		return nil, err
	}
	if err := r.expands(c); err != nil {
		return nil, err
	}
	limit, err := c.opts.pageSize(r.normalPage, r.largestPage)
	if err != nil {
		return nil, err
	}
	by, desc, err := r.sorted(c, full)
	if err != nil {
		return nil, err
	}
	after, err := c.skipped()
	if err != nil {
		return nil, err
	}
	if r.all != nil {
		return r.listSmall(ctx, c, shown, by, desc, after, limit)
	}
	conditions, err := r.conditions(ctx, c, full)
	if err != nil {
		return nil, err
	}
	l := models.Listing{Where: conditions, Column: by.column.sql, Desc: desc, Limit: limit + 1}
	if after != nil {
		p, ok := after.listing()
		if !ok {
			return nil, &Error{Status: http.StatusBadRequest, Code: codeExpiredPage, Message: "The specified page token value has expired or is not valid for this request."}
		}
		l.After = p
	}
	rows, err := r.page(ctx, c, l)
	if err != nil {
		return nil, err
	}
	out := object{{"@odata.context", c.context(r.name)}}
	if c.opts.count && after == nil && r.counts {
		n, err := r.size(ctx, c, conditions)
		if err != nil {
			return nil, err
		}
		out.add("@odata.count", n)
	}
	return r.envelope(ctx, c, out, rows, shown, by, limit)
}

// envelope cuts the one row too many off and links to the next page.
func (r *collection[R]) envelope(ctx context.Context, c *call, out object, rows []R, shown []field[R], by field[R], limit int) (*response, error) {
	if len(rows) > limit {
		rows = rows[:limit]
		last := &rows[limit-1]
		out.add("@odata.nextLink", c.nextLink(positionOf(by.sort(last), r.id(last))))
	}
	values, err := r.renderAll(ctx, c, rows, shown)
	if err != nil {
		return nil, err
	}
	out.add("value", values)
	return &response{status: http.StatusOK, body: out}, nil
}

// listSmall filters, sorts and pages in memory.
func (r *collection[R]) listSmall(ctx context.Context, c *call, shown []field[R], by field[R], desc bool, after *position, limit int) (*response, error) {
	rows, err := r.matching(ctx, c)
	if err != nil {
		return nil, err
	}
	at := func(row *R) position { return positionOf(by.sort(row), r.id(row)) }
	before := func(a, b position) int {
		n := strings.Compare(strings.ToLower(a.Text), strings.ToLower(b.Text))
		if n == 0 {
			n = strings.Compare(a.ID, b.ID)
		}
		if desc {
			n = -n
		}
		return n
	}
	slices.SortFunc(rows, func(a, b R) int { return before(at(&a), at(&b)) })
	total := len(rows)
	if after != nil {
		i := 0
		for i < len(rows) && before(at(&rows[i]), *after) <= 0 {
			i++
		}
		rows = rows[i:]
	}
	out := object{{"@odata.context", c.context(r.name)}}
	if c.opts.count && after == nil && r.counts {
		out.add("@odata.count", total)
	}
	return r.envelope(ctx, c, out, rows, shown, by, limit)
}

// matching are the rows of a small collection that meet the filter, evaluated over what is answered.
func (r *collection[R]) matching(ctx context.Context, c *call) ([]R, error) {
	rows, err := r.all(ctx, c)
	if err != nil || c.opts.filter == nil && c.opts.search == nil {
		return rows, err
	}
	if c.opts.search != nil {
		return nil, unsupported("$search is not supported for " + r.name + ".")
	}
	objects, err := r.renderAll(ctx, c, rows, r.fields)
	if err != nil {
		return nil, err
	}
	var out []R
	for i := range rows {
		v, err := decoded(objects[i])
		if err != nil {
			return nil, err
		}
		if odata.Eval(c.opts.filter, v) {
			out = append(out, rows[i])
		}
	}
	return out, nil
}

// expands refuses $expand except of what is in the object anyway.
func (r *collection[R]) expands(c *call) error {
	for name := range strings.SplitSeq(c.opts.values["expand"], ",") {
		name, _, _ = strings.Cut(strings.TrimSpace(name), "(")
		name, _, _ = strings.Cut(name, "/")
		if name == "" || odata.IsCast(name) {
			continue
		}
		if !slices.ContainsFunc(r.fields, func(f field[R]) bool { return strings.EqualFold(f.name, name) }) {
			return unsupported("$expand does not support the property '" + name + "'.")
		}
	}
	return nil
}

// countOnly is …/$count: digits as plain text.
func (r *collection[R]) countOnly(ctx context.Context, c *call) (*response, error) {
	if c.method != http.MethodGet && c.method != http.MethodHead {
		return nil, wrongMethod(http.MethodGet)
	}
	full := c.caller.may(r.read...)
	if !full && !c.caller.may(r.basic...) {
		return nil, denied()
	}
	if !r.counts {
		return nil, unsupported("$count is not supported for " + r.name + ".")
	}
	var n int64
	if r.all != nil {
		rows, err := r.matching(ctx, c)
		if err != nil {
			return nil, err
		}
		n = int64(len(rows))
	} else {
		conditions, err := r.conditions(ctx, c, full)
		if err != nil {
			return nil, err
		}
		if n, err = r.size(ctx, c, conditions); err != nil {
			return nil, err
		}
	}
	return &response{status: http.StatusOK, raw: []byte(strconv.FormatInt(n, 10)), kind: "text/plain"}, nil
}

// assign lays a document's properties onto a row, in the order of the table, so that the outcome does
// not depend on the order of the sender. It returns the names that were sent.
func (r *collection[R]) assign(ctx context.Context, c *call, d document, row *R, creating bool) ([]string, error) {
	if d.typ != "" && !strings.EqualFold(d.typ, "microsoft.graph."+r.typ) {
		return nil, badRequest("The type '"+d.typ+"' cannot be used here; 'microsoft.graph."+r.typ+"' is expected.", "@odata.type")
	}
	fields := make([]field[R], 0, len(d.names))
	for _, name := range d.names {
		f, err := r.fieldOf(ctx, c, name)
		if err != nil || f.name != name {
			return nil, badRequest("Invalid property '"+name+"'.", name)
		}
		if f.set == nil || f.createOnly && !creating {
			return nil, badRequest("Property '"+name+"' is read-only and cannot be set.", name)
		}
		fields = append(fields, f)
	}
	slices.SortStableFunc(fields, func(a, b field[R]) int { return r.rank(a.name) - r.rank(b.name) })
	names := make([]string, 0, len(fields))
	for _, f := range fields {
		raw := d.values[f.name]
		if f.merge && !creating {
			var err error
			if raw, err = r.patched(row, f, raw); err != nil {
				return nil, err
			}
		}
		if err := f.set(row, raw); err != nil {
			return nil, err
		}
		names = append(names, f.name)
	}
	return names, nil
}

func (r *collection[R]) rank(name string) int {
	for i, f := range r.fields {
		if f.name == name {
			return i
		}
	}
	return len(r.fields)
}

func (r *collection[R]) patched(row *R, f field[R], raw json.RawMessage) (json.RawMessage, error) {
	have, err := decoded(f.get(row))
	if err != nil {
		return nil, err
	}
	patch, err := decoded(raw)
	if err != nil {
		return nil, badRequest("The value of property '"+f.name+"' is not valid.", f.name)
	}
	if _, ok := patch.(map[string]any); !ok {
		return raw, nil
	}
	return encode(merged(stripped(have), patch))
}

func (r *collection[R]) post(ctx context.Context, c *call) (*response, error) {
	d, err := c.json()
	if err != nil {
		return nil, err
	}
	row, names, err := r.make(ctx, c, d)
	if err != nil {
		return nil, err
	}
	// The answer holds the default set and what was sent.
	shown, err := r.shown(ctx, &call{request: c.request, api: c.api, caller: c.caller, tenant: c.tenant}, true)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if !slices.ContainsFunc(shown, func(f field[R]) bool { return f.name == name }) {
			if f, err := r.fieldOf(ctx, c, name); err == nil && f.get != nil {
				shown = append(shown, f)
			}
		}
	}
	o, err := r.render(ctx, c, row, shown)
	if err != nil {
		return nil, err
	}
	res := &response{status: http.StatusCreated, body: append(object{{"@odata.context", c.context(r.name + "/$entity")}}, o...)}
	return res.set("Location", c.url("/"+strings.Join(r.path, "/")+"/"+r.id(row))), nil
}

// make creates a row from a document.
func (r *collection[R]) make(ctx context.Context, c *call, d document) (*R, []string, error) {
	row := r.fresh(c)
	names, err := r.assign(ctx, c, d, &row, true)
	if err != nil {
		return nil, nil, err
	}
	if r.check != nil {
		sent := func(n string) bool { return slices.Contains(names, n) }
		if err := r.check(ctx, c, &row, sent); err != nil {
			return nil, nil, err
		}
	}
	if err := r.create(ctx, c, &row); err != nil {
		return nil, nil, err
	}
	return &row, names, nil
}

func (r *collection[R]) patch(ctx context.Context, c *call, name, key string) (*response, error) {
	d, err := c.json()
	if err != nil {
		return nil, err
	}
	if !c.caller.may(r.write...) && !r.narrowly(c, d, name, key) {
		return nil, denied()
	}
	row, err := r.one(ctx, c, name, key)
	if err != nil {
		return nil, err
	}
	if err := r.change(ctx, c, row, d); err != nil {
		return nil, err
	}
	if !strings.Contains(strings.ToLower(c.header("Prefer")), "return=representation") {
		return noContent(), nil
	}
	if row, err = r.one(ctx, c, "", r.id(row)); err != nil {
		return nil, err
	}
	shown, err := r.shown(ctx, c, c.caller.may(r.read...) || c.caller.mine(r.id(row), r.ownRead...))
	if err != nil {
		return nil, err
	}
	o, err := r.render(ctx, c, row, shown)
	if err != nil {
		return nil, err
	}
	res := &response{status: http.StatusOK, body: append(object{{"@odata.context", c.context(r.name + "/$entity")}}, o...)}
	return res.set("Preference-Applied", "return=representation"), nil
}

// change lays a document onto an existing row and stores it.
func (r *collection[R]) change(ctx context.Context, c *call, row *R, d document) error {
	rows := []R{*row}
	if r.load != nil {
		if err := r.load(ctx, c, rows, func(string) bool { return true }); err != nil {
			return err
		}
	}
	before := rows[0]
	after := before
	again := func(row *R) error {
		names, err := r.assign(ctx, c, d, row, false)
		if err != nil || r.check == nil {
			return err
		}
		return r.check(ctx, c, row, func(n string) bool { return slices.Contains(names, n) })
	}
	if err := again(&after); err != nil {
		return err
	}
	if len(d.names) == 0 {
		return nil
	}
	if err := r.update(ctx, c, before, &after, again); err != nil {
		return err
	}
	*row = after
	return nil
}

// narrowly reports whether narrower permissions cover every property of a PATCH: one's own record, or
// permissions made for single properties.
func (r *collection[R]) narrowly(c *call, d document, name, key string) bool {
	own := name == "" && c.caller.mine(key, r.ownWrite...)
	if len(d.names) == 0 {
		return own
	}
	for _, n := range d.names {
		i := slices.IndexFunc(r.fields, func(f field[R]) bool { return f.name == n })
		if i < 0 {
			return false
		}
		f := r.fields[i]
		if !(own && f.own) && (len(f.narrow) == 0 || !c.caller.may(f.narrow...)) {
			return false
		}
	}
	return true
}
