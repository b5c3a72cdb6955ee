package graph

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"portico/app/fault"
	"portico/handlers/graph/odata"
	"portico/models"
)

// deletedItems is /directory/deletedItems: what was deleted in the last 30 days and can come back.
type deletedItems struct {
	a     *API
	users *collection[user]
	apps  *collection[application]
}

func (deletedItems) prefix() []string { return []string{"directory", "deletedItems"} }

func (d deletedItems) serve(ctx context.Context, c *call, keys map[string]string, rest []odata.Segment) (*response, error) {
	if keys == nil && len(rest) == 0 {
		return nil, badRequest("The type of the deleted items is needed, for example /directory/deletedItems/microsoft.graph.user.", "")
	}
	if keys == nil && odata.IsCast(rest[0].Name) {
		return d.list(ctx, c, rest)
	}
	if keys == nil {
		keys, rest = map[string]string{"": rest[0].Name}, rest[1:]
	}
	id := strings.ToLower(keys[""])
	if rest = withoutCasts(rest); len(rest) > 1 || len(rest) == 1 && !strings.EqualFold(rest[0].Name, "restore") {
		return nil, noSegment(rest[len(rest)-1].Name)
	}
	restore := len(rest) == 1
	if restore && c.method != http.MethodPost {
		return nil, wrongMethod(http.MethodPost)
	}
	if !restore && c.method != http.MethodGet && c.method != http.MethodHead && c.method != http.MethodDelete {
		return nil, wrongMethod(http.MethodGet, http.MethodDelete)
	}
	reading := !restore && c.method != http.MethodDelete
	if u, err := c.tenant.User(ctx, id); err == nil && !u.DeletedAt.IsZero() {
		return d.user(ctx, c, u, reading, restore)
	} else if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	app, err := c.tenant.Application(ctx, id)
	if err != nil || app.DeletedAt.IsZero() {
		if !c.caller.may(slices.Concat(readUsers(), readApps(), d.users.remove)...) {
			return nil, denied()
		}
		return nil, missing(err, id)
	}
	return d.application(ctx, c, app, reading, restore)
}

// list answers /directory/deletedItems/graph.user and its siblings with the options of their resource.
func (d deletedItems) list(ctx context.Context, c *call, rest []odata.Segment) (*response, error) {
	count := len(rest) == 2 && strings.EqualFold(rest[1].Name, "$count")
	if len(rest) > 1 && !count {
		return nil, noSegment(rest[1].Name)
	}
	if c.method != http.MethodGet && c.method != http.MethodHead {
		return nil, wrongMethod(http.MethodGet)
	}
	cast := rest[0].Name[strings.LastIndexByte(rest[0].Name, '.')+1:]
	switch strings.ToLower(cast) {
	case "user":
		r := *d.users
		r.name, r.basic, r.read, r.order = "directoryObjects", nil, append(slices.Clone(r.read), r.remove...), odata.Order{Path: "createdDateTime"}
		r.page = func(ctx context.Context, c *call, l models.Listing) ([]user, error) {
			l.Where = append(l.Where, models.Condition{SQL: "users.deleted_at IS NOT NULL"})
			users, err := c.tenant.ListUsers(ctx, l)
			return d.a.wrapUsers(ctx, c, users, err)
		}
		r.size = func(ctx context.Context, c *call, where []models.Condition) (int64, error) {
			return models.CountRows[models.UserRow](ctx, c.tenant, append(where, models.Condition{SQL: "users.deleted_at IS NOT NULL"}))
		}
		r.fields = showDeleted(r.fields)
		return listed(ctx, c, &r, count)
	case "application", "serviceprincipal":
		r := *d.apps
		r.name = "directoryObjects"
		r.page = func(ctx context.Context, c *call, l models.Listing) ([]application, error) {
			l.Where = append(l.Where, models.Condition{SQL: "applications.deleted_at IS NOT NULL"})
			apps, err := c.tenant.ListApplications(ctx, l)
			return d.a.wrapApplications(ctx, c, apps, err)
		}
		r.size = func(ctx context.Context, c *call, where []models.Condition) (int64, error) {
			return models.CountRows[models.ApplicationRow](ctx, c.tenant, append(where, models.Condition{SQL: "applications.deleted_at IS NOT NULL"}))
		}
		return listed(ctx, c, &r, count)
	case "group", "administrativeunit":
		return &response{status: http.StatusOK, body: object{{"@odata.context", c.context("directoryObjects")}, {"value", []object{}}}}, nil
	}
	return nil, noSegment(rest[0].Name)
}

func listed[R any](ctx context.Context, c *call, r *collection[R], count bool) (*response, error) {
	if !c.caller.may(r.read...) {
		return nil, denied()
	}
	if count {
		return r.countOnly(ctx, c)
	}
	return r.list(ctx, c)
}

// showDeleted puts deletedDateTime into the default set.
func showDeleted[R any](fields []field[R]) []field[R] {
	out := slices.Clone(fields)
	for i := range out {
		if out[i].name == "deletedDateTime" {
			out[i].selectOnly = false
		}
	}
	return out
}

func (d deletedItems) user(ctx context.Context, c *call, u models.User, reading, restore bool) (*response, error) {
	if reading && !c.caller.may(slices.Concat(d.users.read, d.users.remove)...) || !reading && !c.caller.may(d.users.remove...) {
		return nil, denied()
	}
	if !reading {
		if err := mayCommand(ctx, c, u.ID); err != nil {
			return nil, err
		}
	}
	if !reading && !restore {
		return emptied(c.tenant.PurgeUser(ctx, c.actor(), u.ID))
	}
	if restore {
		var err error
		if u, err = c.tenant.RestoreUser(ctx, c.actor(), u.ID); err != nil {
			return nil, identityWords(err)
		}
	}
	rows, err := d.a.wrapUsers(ctx, c, []models.User{u}, nil)
	if err != nil {
		return nil, err
	}
	r := *d.users
	r.typed, r.fields = true, showDeleted(r.fields)
	return directoryObject(ctx, c, &r, &rows[0])
}

func (d deletedItems) application(ctx context.Context, c *call, app models.Application, reading, restore bool) (*response, error) {
	if reading && !c.caller.may(d.apps.read...) || !reading && !c.caller.may(d.apps.write...) {
		return nil, denied()
	}
	if !reading && !restore {
		return emptied(c.tenant.PurgeApplication(ctx, c.actor(), app.ID))
	}
	if restore {
		if err := mayGive(c, app.Spec.Permissions); err != nil { // its keys work again
			return nil, err
		}
		var err error
		if app, err = c.tenant.RestoreApplication(ctx, c.actor(), app.ID); err != nil {
			return nil, err
		}
	}
	rows, err := d.a.wrapApplications(ctx, c, []models.Application{app}, nil)
	if err != nil {
		return nil, err
	}
	r := *d.apps
	r.typed = true
	return directoryObject(ctx, c, &r, &rows[0])
}

func emptied(err error) (*response, error) {
	if err != nil {
		return nil, err
	}
	return noContent(), nil
}

func directoryObject[R any](ctx context.Context, c *call, r *collection[R], row *R) (*response, error) {
	shown, err := r.shown(ctx, c, true)
	if err != nil {
		return nil, err
	}
	o, err := r.render(ctx, c, row, shown)
	if err != nil {
		return nil, err
	}
	return &response{status: http.StatusOK, body: append(object{{"@odata.context", c.context("directoryObjects/$entity")}}, o...)}, nil
}
