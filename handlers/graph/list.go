package graph

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"portico/handlers/graph/odata"
	"portico/models"
)

// countedRows is how far logs are counted: what a page of a report needs to say how many there are, at the price of as
// many entries of an index.
const countedRows = 100_000

// counted lets a log say how many of its rows meet a filter, as far as countedRows. more are conditions besides.
func counted[R, Row any](r *collection[R], more ...models.Condition) {
	r.counts, r.countsTo = true, countedRows
	r.size = func(ctx context.Context, c *call, where []models.Condition) (int64, error) {
		return models.CountUpTo[Row](ctx, c.tenant, append(slices.Clone(where), more...), countedRows)
	}
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
		var more func(string) (*column, error)
		if r.dynamic != nil && full {
			more = func(name string) (*column, error) {
				f, ok, err := r.dynamic(ctx, c, name)
				if err != nil || !ok {
					return nil, err
				}
				return f.column, nil
			}
		}
		cond, err := where(c.opts.filter, c.caller.TenantID, r.allowed(full), more)
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
		if r.countsTo == 0 || n <= r.countsTo { // a number that is not true is none
			out.add("@odata.count", n)
		}
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
	plain := slices.DeleteFunc(slices.Clone(r.fields), func(f field[R]) bool { return f.expand })
	objects, err := r.renderAll(ctx, c, rows, plain)
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
		if r.countsTo > 0 && n > r.countsTo {
			return nil, unsupported("There are more than " + strconv.FormatInt(r.countsTo, 10) + ", which are not counted. Narrow it with $filter.")
		}
	}
	return &response{status: http.StatusOK, raw: []byte(strconv.FormatInt(n, 10)), kind: "text/plain"}, nil
}
