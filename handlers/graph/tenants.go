package graph

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/tenant"
	"portico/handlers/graph/odata"
)

// operated is a tenant as the operator of the installation sees it: what it is called and what it is granted,
// and nothing of what is in it.
type operated struct{ tenant.Tenant }

// tenants is /beta/portico/tenants. It answers the installation's operator only, signed in to the directory
// of administrators; no program can be given that right (access.TenantOperate).
func (a *API) tenants() *collection[operated] {
	operator := []access.Permission{access.TenantOperate}
	r := &collection[operated]{
		path: []string{"portico", "tenants"}, name: "portico/tenants", typ: "portico.tenant", beta: true,
		read: operator, write: operator, normalPage: 100, largestPage: 999, order: odata.Order{Path: "displayName"}, counts: true,
		id: func(t *operated) string { return t.ID },
	}
	r.fields = []field[operated]{
		readOnly("id", func(t *operated) any { return t.ID }),
		str("displayName", 256, func(t *operated) *string { return &t.Name }).sortable(func(t *operated) any { return folded(t.Name) }),
		str("slug", 63, func(t *operated) *string { return &t.Slug }).onCreate(),
		readOnly("kind", func(t *operated) any { return string(t.Kind) }),
		{name: "plan", get: func(t *operated) any { return string(t.Plan) }, set: func(t *operated, raw json.RawMessage) error {
			var plan string
			if err := strict("plan", raw, &plan); err != nil {
				return err
			}
			if plan != string(tenant.Standard) && plan != string(tenant.Trial) {
				return invalidValue("plan", ": standard or trial is needed")
			}
			t.Plan = tenant.Plan(plan)
			return nil
		}},
		boolean("disabled", func(t *operated) *bool { return &t.Disabled }),
		str("preferredLanguage", 35, func(t *operated) *string { return &t.DefaultLocale }),
		readOnly("trialEndsDateTime", func(t *operated) any { return stamp(t.TrialEndsAt) }),
		readOnly("createdDateTime", func(t *operated) any { return stamp(t.CreatedAt) }).sortable(func(t *operated) any { return t.CreatedAt }),
		readOnly("deletedDateTime", func(t *operated) any { return stamp(t.DeletedAt) }),
	}
	r.all = func(ctx context.Context, _ *call) ([]operated, error) {
		living, err := a.Store.Tenants(ctx)
		if err != nil {
			return nil, err
		}
		gone, err := a.Store.DeletedTenants(ctx)
		out := make([]operated, 0, len(living)+len(gone))
		for _, t := range append(living, gone...) {
			out = append(out, operated{t})
		}
		return out, err
	}
	r.find = func(ctx context.Context, c *call, _, key string) (*operated, error) {
		all, err := r.all(ctx, c)
		if err != nil {
			return nil, err
		}
		for _, t := range all {
			if strings.EqualFold(t.ID, key) {
				return &t, nil
			}
		}
		return nil, notFound(key)
	}
	r.fresh = func(*call) operated { return operated{} }
	r.create = func(ctx context.Context, c *call, t *operated) error {
		made, err := a.Store.CreateTenant(ctx, c.actor(), tenant.Tenant{Slug: t.Slug, Name: t.Name, Plan: t.Plan, Disabled: t.Disabled, DefaultLocale: t.DefaultLocale})
		t.Tenant = made
		return tenantWords(err)
	}
	r.update = func(ctx context.Context, c *call, _ operated, t *operated, again func(*operated) error) error {
		if !t.DeletedAt.IsZero() {
			return notFound(t.ID)
		}
		made, err := a.Store.Tenant(t.ID).Update(ctx, c.actor(), func(now *tenant.Tenant) error {
			x := operated{*now}
			if err := again(&x); err != nil {
				return err
			}
			if x.Disabled && now.Kind == tenant.Workforce {
				return fault.New(fault.Conflict, "tenant.workforce.stays")
			}
			*now = x.Tenant
			return nil
		})
		t.Tenant = made
		return tenantWords(err)
	}
	r.delete = func(ctx context.Context, c *call, t *operated) error {
		if err := c.confirmed(ctx, t.Tenant); err != nil {
			return err
		}
		return a.Store.DeleteTenant(ctx, c.actor(), t.ID)
	}
	r.actions = []action[operated]{{method: http.MethodPost, path: "restore", need: operator, run: func(ctx context.Context, c *call, t *operated) (*response, error) {
		if err := a.Store.RestoreTenant(ctx, c.actor(), t.ID); err != nil {
			return nil, err
		}
		now, err := r.find(ctx, c, "", t.ID)
		if err != nil {
			return nil, err
		}
		shown, err := r.render(ctx, c, now, r.fields)
		if err != nil {
			return nil, err
		}
		return c.entity("portico/tenants/$entity", shown), nil
	}}}
	return r
}

// confirmed lets nobody delete a tenant by a slip or with a token that lies around: the request names it, as
// one types its name in the portal, and the operator has just proven who they are.
func (c *call) confirmed(ctx context.Context, t tenant.Tenant) error {
	values, err := url.ParseQuery(c.query)
	if err != nil || values.Get("confirm") != t.Slug {
		return badRequest("Deleting a tenant ends everything in it. Name the tenant to confirm that you mean it: ?confirm="+t.Slug, "confirm")
	}
	u, err := c.api.findUser(ctx, c, "", c.caller.UserID)
	if err != nil {
		return absent(err, c.caller.UserID)
	}
	return c.proven(ctx, u)
}

// tenantWords gives complaints the properties' names.
func tenantWords(err error) error {
	return renamed(err, func(name string) string {
		switch name {
		case "name":
			return "displayName"
		case "defaultLocale":
			return "preferredLanguage"
		}
		return name
	})
}
