package graph

import (
	"context"
	"net/http"
	"strings"

	"portico/app/access"
	"portico/app/branding"
	"portico/models"
)

// themes is /branding/themes (graph.md §12, beta): looks of single apps, and the company's own as the default one.
// Apps are bound by a listener (withThemes).
func (r brandedOrganization) themes(ctx context.Context, c *call, org string, path []string) (*response, error) {
	if len(path) > 1 {
		id := strings.ToLower(path[0])
		s := brandingScope{r, id, "branding/themes('" + id + "')", "/organization/" + c.caller.TenantID + "/branding/themes/" + id, r.theme}
		if !strings.EqualFold(path[1], "localizations") {
			return nil, noSegment(path[1])
		}
		return s.serve(ctx, c, org, path[1:])
	}
	if err := mayBrand(c, false); err != nil {
		return nil, err
	}
	if err := here(c, org); err != nil {
		return nil, err
	}
	reads := c.method == http.MethodGet || c.method == http.MethodHead
	if len(path) == 0 {
		switch {
		case reads:
			return r.listThemes(ctx, c)
		case c.method == http.MethodPost:
			name, err := themeName(c)
			if err != nil {
				return nil, err
			}
			made, err := c.tenant.CreateTheme(ctx, c.actor(), name)
			if err != nil {
				return nil, err
			}
			return c.created("branding/themes/$entity", shownTheme(made), "/organization/"+c.caller.TenantID+"/branding/themes/"+made.ID), nil
		}
		return nil, wrongMethod(http.MethodGet, http.MethodPost)
	}
	b, err := c.tenant.Branding(ctx, strings.ToLower(path[0]))
	if err != nil {
		return nil, absent(err, path[0])
	}
	switch {
	case reads:
		return c.entity("branding/themes/$entity", c.narrowed(shownTheme(b))), nil
	case c.method != http.MethodPatch && c.method != http.MethodDelete:
		return nil, wrongMethod(http.MethodGet, http.MethodPatch, http.MethodDelete)
	case b.ID == branding.Company:
		return nil, badRequest("The default theme is the organization's branding: it has no name of its own and cannot be deleted. Change it at /organization/"+c.caller.TenantID+"/branding.", "isDefaultTheme")
	case c.method == http.MethodDelete:
		return emptied(c.tenant.DeleteTheme(ctx, c.actor(), b.ID, c.caller.may(access.AppWrite)))
	}
	name, err := themeName(c)
	if err != nil || name == "" {
		return emptied(err)
	}
	return emptied(c.tenant.RenameTheme(ctx, c.actor(), b.ID, name))
}

func (r brandedOrganization) listThemes(ctx context.Context, c *call) (*response, error) {
	all, err := c.tenant.Brandings(ctx)
	if err != nil {
		return nil, err
	}
	var out []object
	for _, b := range all {
		if b.ID != branding.Company || len(b.Published.Languages) > 0 {
			out = append(out, shownTheme(b))
		}
	}
	return c.small(ctx, "branding/themes", out)
}

const companyTheme = "Default"

func shownTheme(b models.Branding) object {
	name := b.Name
	if b.ID == branding.Company {
		name = companyTheme
	}
	return object{{"id", b.ID}, {"name", name}, {"isDefaultTheme", b.ID == branding.Company}}
}

// themeName reads the body of a theme; "" = none was sent.
func themeName(c *call) (string, error) {
	var name string
	var standard bool
	if err := c.bodyOf(map[string]any{"name": &name, "isDefaultTheme": &standard}); err != nil {
		return "", err
	}
	if standard {
		return "", invalidValue("isDefaultTheme", ": the default theme is the organization's branding")
	}
	if c.method == http.MethodPost && strings.TrimSpace(name) == "" {
		return "", badRequest("A value is required for property 'name'.", "name")
	}
	return name, nil
}
