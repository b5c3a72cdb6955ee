package graph

import (
	"context"
	"strings"

	"portico/app/access"
	"portico/app/tenant"
	"portico/handlers/graph/odata"
)

// organization is the tenant itself, in a collection of one.
type organization struct {
	tenant.Tenant
	domain string
}

// porticoOrganization are the tenant's settings, which Graph has no words for.
type porticoOrganization struct {
	Slug     string          `json:"slug"`
	Plan     string          `json:"plan"`
	Settings tenant.Settings `json:"settings"`
}

func (a *API) organization() *collection[organization] {
	r := &collection[organization]{
		path: []string{"organization"}, name: "organization", typ: "organization", plural: "organization",
		read: readOrganization(), write: []access.Permission{access.OrganizationWrite}, ownRead: []string{"User.Read"},
		normalPage: 100, largestPage: 999, order: odata.Order{Path: "displayName"}, counts: true,
		id: func(o *organization) string { return o.ID },
	}
	nothing := func(name string) field[organization] { return without[organization](name, nil) }
	r.fields = []field[organization]{
		readOnly("id", func(o *organization) any { return o.ID }),
		str("displayName", 256, func(o *organization) *string { return &o.Name }).sortable(func(o *organization) any { return o.Name }).notManaged(),
		readOnly("createdDateTime", func(o *organization) any { return stamp(o.CreatedAt) }),
		readOnly("tenantType", func(o *organization) any {
			if o.Kind == tenant.Workforce {
				return "AAD"
			}
			return "CIAM"
		}),
		without[organization]("businessPhones", []string{}),
		nothing("city"), nothing("country"), nothing("countryLetterCode"), nothing("defaultUsageLocation"), nothing("postalCode"),
		str("preferredLanguage", 35, func(o *organization) *string { return &o.DefaultLocale }),
		readOnly("privacyProfile", func(o *organization) any {
			return object{{"contactEmail", nil}, {"statementUrl", text(o.Settings.PrivacyURL)}}
		}),
		nothing("state"), nothing("street"),
		without[organization]("technicalNotificationMails", []string{}),
		readOnly("verifiedDomains", func(o *organization) any {
			return []object{{{"capabilities", ""}, {"isDefault", true}, {"isInitial", true}, {"name", o.domain}, {"type", "Managed"}}}
		}),
		complexField("portico", func(o *organization) porticoOrganization {
			return porticoOrganization{Slug: o.Slug, Plan: string(o.Plan), Settings: o.Settings}
		}, func(o *organization, v porticoOrganization) error {
			if v.Slug != "" && v.Slug != o.Slug || v.Plan != "" && v.Plan != string(o.Plan) {
				return badRequest("portico.slug and portico.plan are read-only; the operator sets them.", "portico")
			}
			o.Settings = v.Settings.Tidied()
			return nil
		}),
	}
	r.all = func(ctx context.Context, c *call) ([]organization, error) {
		t, err := c.tenant.Get(ctx)
		return []organization{{t, a.domain(t)}}, err
	}
	r.find = func(ctx context.Context, c *call, _, key string) (*organization, error) {
		if !strings.EqualFold(key, c.caller.TenantID) {
			return nil, notFound(key)
		}
		t, err := c.tenant.Get(ctx)
		return &organization{t, a.domain(t)}, err
	}
	// Name, slug and plan tell installations apart, so they are no configuration.
	r.managing = &managing[organization]{key: "kind", keyOf: func(*organization) string { return "organization" },
		name: func(*organization) string { return "organization" }, fixed: true, named: methodsForFiles,
		show: map[string]func(*organization) any{"portico": func(o *organization) any { return object{{"settings", wholeValue(o.Settings, "sampleRemoved")}} }}}
	r.update = func(ctx context.Context, c *call, _ organization, o *organization, again func(*organization) error) error {
		made, err := c.tenant.Update(ctx, c.actor(), func(t *tenant.Tenant) error {
			now := organization{*t, o.domain}
			if err := again(&now); err != nil {
				return err
			}
			if err := methodsFromFile(ctx, c, &now.Settings.Methods); err != nil {
				return err
			}
			*t = now.Tenant
			return nil
		})
		o.Tenant = made
		return organizationWords(err)
	}
	return r
}

// organizationWords gives complaints the properties' places.
func organizationWords(err error) error {
	return renamed(err, func(name string) string {
		switch name {
		case "name":
			return "displayName"
		case "defaultLocale":
			return "preferredLanguage"
		case "color", "background", "corners", "logo", "logoDark", "favicon":
			name = "theme." + name
		}
		return "portico/settings/" + strings.ReplaceAll(name, ".", "/")
	})
}
