package graph

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"portico/handlers/graph/odata"
)

// entity is one object as an answer.
func (c *call) entity(of string, o object) *response {
	return &response{status: http.StatusOK, body: append(object{{"@odata.context", c.context(of)}}, o...)}
}

// created is a new object as an answer; at is its path below the version.
func (c *call) created(of string, o object, at string) *response {
	res := c.entity(of, o)
	res.status = http.StatusCreated
	return res.set("Location", c.url(at))
}

// small answers a collection that is small by nature and already rendered: it is filtered, narrowed and paged
// here by the options of the call, over what is answered. The objects' ids keep the pages apart.
func (c *call) small(_ context.Context, of string, all []object) (*response, error) {
	if c.opts.search != nil {
		return nil, unsupported("$search is not supported for " + of + ".")
	}
	limit, err := c.opts.pageSize(100, 999)
	if err != nil {
		return nil, err
	}
	after, err := c.skipped()
	if err != nil {
		return nil, err
	}
	var kept []object
	for _, o := range all {
		if c.cast != "" && !strings.EqualFold(c.cast, typeName(o)) && c.cast != "directoryobject" {
			continue
		}
		if c.opts.filter != nil {
			v, err := decoded(o)
			if err != nil {
				return nil, err
			}
			if !odata.Eval(c.opts.filter, v) {
				continue
			}
		}
		kept = append(kept, o)
	}
	if len(c.opts.order) > 0 {
		if err := sortObjects(kept, c.opts.order); err != nil {
			return nil, err
		}
	}
	total := len(kept)
	if after != nil {
		i := slices.IndexFunc(kept, func(o object) bool { return o.get("id") == after.ID })
		kept = kept[i+1:]
	}
	out := object{{"@odata.context", c.context(of)}}
	if c.opts.count && after == nil {
		out.add("@odata.count", total)
	}
	if len(kept) > limit {
		kept = kept[:limit]
		id, _ := kept[limit-1].get("id").(string)
		out.add("@odata.nextLink", c.nextLink(position{ID: id}))
	}
	for i, o := range kept {
		kept[i] = c.narrowed(o)
	}
	out.add("value", list(kept))
	return &response{status: http.StatusOK, body: out}, nil
}

// number answers …/$count of a small collection.
func number(n int) *response {
	return &response{status: http.StatusOK, raw: []byte(strconv.Itoa(n)), kind: "text/plain"}
}

func typeName(o object) string {
	t, _ := o.get("@odata.type").(string)
	return strings.TrimPrefix(t, "#microsoft.graph.")
}

// narrowed leaves only what $select names; the type and the id stay, as the vendor has it.
func (c *call) narrowed(o object) object {
	if c.opts.selected == nil || slices.Contains(c.opts.selected, "*") {
		return o
	}
	return slices.DeleteFunc(slices.Clone(o), func(m member) bool {
		return m.name != "@odata.type" && m.name != "id" && !slices.ContainsFunc(c.opts.selected, func(s string) bool { return strings.EqualFold(s, m.name) })
	})
}

func sortObjects(all []object, by []odata.Order) error {
	if len(by) > 1 {
		return unsupported("$orderby supports one property.")
	}
	text := func(o object) string {
		for _, m := range o {
			if strings.EqualFold(m.name, by[0].Path) {
				s, _ := m.value.(string)
				return folded(s)
			}
		}
		return ""
	}
	slices.SortStableFunc(all, func(a, b object) int {
		n := strings.Compare(text(a), text(b))
		if by[0].Desc {
			n = -n
		}
		return n
	})
	return nil
}
