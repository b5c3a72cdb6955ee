package graph

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// assign lays a document's properties onto a row, in the order of the table, so that the outcome does
// not depend on the order of the sender. It returns the names that were sent.
func (r *collection[R]) assign(ctx context.Context, c *call, d document, row *R, creating bool) ([]string, error) {
	if d.typ != "" && !r.takes(d.typ) {
		return nil, badRequest("The type '"+d.typ+"' cannot be used here; 'microsoft.graph."+r.typ+"' is expected.", "@odata.type")
	}
	if r.claimed != nil && d.typ != "" {
		r.claimed(row, d.typ[strings.LastIndexByte(d.typ, '.')+1:])
	}
	for name, raw := range d.binds {
		at := name + "@odata.bind"
		if r.bind == nil {
			return nil, badRequest("Binding by '"+at+"' is not supported here.", at)
		}
		ids, err := bound(at, raw)
		if err != nil {
			return nil, err
		}
		if err := r.bind(row, name, ids); err != nil {
			return nil, err
		}
	}
	if r.know != nil {
		if err := r.know(ctx, c, row); err != nil {
			return nil, err
		}
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
	// The answer holds the default set, what was sent, what $select asks for besides, and what is told only now.
	shown, err := r.shown(ctx, &call{request: c.request, api: c.api, caller: c.caller, tenant: c.tenant}, true)
	if err != nil {
		return nil, err
	}
	for _, f := range r.fields {
		if f.once {
			names = append(names, f.name)
		}
	}
	for _, name := range append(names, c.opts.selected...) {
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
	at := c.url("/" + strings.Join(r.path, "/") + "/" + r.id(row))
	if r.beta {
		at = c.base + "/beta/" + strings.Join(r.path, "/") + "/" + r.id(row)
	}
	return res.set("Location", at), nil
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
	if !c.caller.may(r.write...) {
		if err := r.narrowly(ctx, c, d, name, key); err != nil {
			return nil, err
		}
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
	if len(d.names) == 0 && len(d.binds) == 0 && !r.upserts {
		return nil
	}
	if err := r.update(ctx, c, before, &after, again); err != nil {
		return err
	}
	*row = after
	return nil
}

// narrowly lets a PATCH through when narrower permissions cover every property of it: one's own record, or
// permissions made for single properties.
func (r *collection[R]) narrowly(ctx context.Context, c *call, d document, name, key string) error {
	own := name == "" && c.caller.mine(key, r.ownWrite...)
	if len(d.names) == 0 || len(d.binds) > 0 {
		if own && len(d.binds) == 0 {
			return nil
		}
		return denied()
	}
	for _, n := range d.names {
		i := slices.IndexFunc(r.fields, func(f field[R]) bool { return f.name == n })
		if i >= 0 && len(r.fields[i].narrow) > 0 && c.caller.may(r.fields[i].narrow...) {
			continue
		}
		if !own || i >= 0 && !r.fields[i].own || i < 0 && r.ownField == nil {
			return denied()
		}
		if r.ownField == nil {
			continue
		}
		mine, err := r.ownField(ctx, c, n, d.values[n])
		if err != nil {
			return err
		}
		if !mine {
			e := denied().because("People cannot change '" + n + "' themselves here: no user flow of the apps that they use shows it for them to edit.")
			e.Target = n
			return e
		}
	}
	return nil
}
