package graph

import (
	"context"
	"net/url"
	"strings"

	"portico/handlers/graph/odata"
	"portico/models"
)

// savedView is a filter that administrators kept of the portal's list of people.
type savedView struct{ models.SavedView }

// savedViews is /beta/portico/savedViews: those that all administrators of the tenant share, and, for a person's
// token, their own.
func (a *API) savedViews() *collection[savedView] {
	r := &collection[savedView]{
		path: []string{"portico", "savedViews"}, name: "portico/savedViews", typ: "portico.savedView", beta: true,
		read: readUsers(), write: writeUsers(), normalPage: 100, largestPage: 999, order: odata.Order{Path: "displayName"},
		id: func(v *savedView) string { return v.ID },
	}
	r.fields = []field[savedView]{
		readOnly("id", func(v *savedView) any { return v.ID }),
		str("displayName", 64, func(v *savedView) *string { return &v.Name }).sortable(func(v *savedView) any { return folded(v.Name) }).onCreate(),
		constant[savedView]("list", "users"),
		str("query", 2048, func(v *savedView) *string { return &v.Query }).onCreate(),
		boolean("shared", func(v *savedView) *bool { return &v.Shared }).onCreate(),
		readOnly("createdDateTime", func(v *savedView) any { return stamp(v.CreatedAt) }),
	}
	r.all = func(ctx context.Context, c *call) ([]savedView, error) {
		found, err := c.tenant.SavedViews(ctx, "users", c.actor().ID)
		out := make([]savedView, len(found))
		for i, v := range found {
			out[i] = savedView{v}
		}
		return out, err
	}
	r.find = func(ctx context.Context, c *call, _, key string) (*savedView, error) {
		all, err := r.all(ctx, c)
		if err != nil {
			return nil, err
		}
		for _, v := range all {
			if strings.EqualFold(v.ID, key) {
				return &v, nil
			}
		}
		return nil, notFound(key)
	}
	r.fresh = func(*call) savedView { return savedView{models.SavedView{List: "users", Shared: true}} }
	r.create = func(ctx context.Context, c *call, v *savedView) error {
		values, err := url.ParseQuery(v.Query)
		if err != nil || len(values) == 0 {
			return invalidValue("query", ": the filters of the list as in its address are needed, such as enabled=no")
		}
		v.Query = values.Encode()
		made, err := c.tenant.SaveView(ctx, c.actor(), v.SavedView)
		v.SavedView = made
		return renamed(err, func(string) string { return "displayName" })
	}
	r.delete = func(ctx context.Context, c *call, v *savedView) error {
		_, err := c.tenant.RemoveView(ctx, c.actor(), v.ID, true)
		return err
	}
	return r
}
