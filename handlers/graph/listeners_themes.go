package graph

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"portico/app/access"
	"portico/app/branding"
	"portico/app/fault"
	"portico/models"
)

// onPageRenderStart is what Graph calls the binding of a theme to apps (§6.4, beta): a listener whose handler overrides
// the branding. Here an app simply has a theme, so there is one such listener for each theme that an app has, with the
// theme's id.
const onPageRenderStart = "onPageRenderStart"

type themeHandler struct {
	Theme *struct {
		ID   string  `json:"id"`
		Name *string `json:"name,omitempty"`
	} `json:"brandingTheme"`
}

// withThemes makes themes' bindings take part in the collection of listeners.
func withThemes(r *collection[listening]) {
	const typ = onPageRenderStart + "Listener"
	of := func(l *listening) bool { return l.said == onPageRenderStart || l.theme != "" }
	r.subtypes = append(r.subtypes, typ)
	kindOf, claimed := r.kindOf, r.claimed
	r.kindOf = func(l *listening) string {
		if of(l) {
			return typ
		}
		return kindOf(l)
	}
	r.claimed = func(l *listening, said string) {
		if claimed(l, said); strings.EqualFold(said, typ) {
			l.said = onPageRenderStart
		}
	}
	for i := range r.fields {
		f := &r.fields[i]
		switch get, set := f.get, f.set; f.name {
		case "handler":
			f.get = func(l *listening) any {
				if of(l) {
					return object{{"@odata.type", flowType + "onPageRenderStartBrandingOverrideHandler"}, {"brandingTheme", object{{"id", l.theme}, {"name", l.called}}}}
				}
				return get(l)
			}
			f.set = func(l *listening, raw json.RawMessage) error {
				if !of(l) {
					return set(l, raw)
				}
				var v themeHandler
				if err := strict("handler", raw, &v); err != nil {
					return err
				}
				if v.Theme == nil || v.Theme.ID == "" {
					return invalidValue("handler/brandingTheme", ": the id of a theme is needed")
				}
				l.wants = strings.ToLower(v.Theme.ID)
				return nil
			}
		case "displayName", "priority", "portico":
			name := f.name
			f.get = func(l *listening) any {
				switch {
				case !of(l):
					return get(l)
				case name == "displayName":
					return text(l.called)
				case name == "priority":
					return l.Priority
				}
				return nil
			}
			f.set = func(l *listening, raw json.RawMessage) error {
				if !of(l) {
					return set(l, raw)
				}
				return nil // a binding has neither a name nor an order of its own
			}
		}
	}
	all, find, check, create, update, remove := r.all, r.find, r.check, r.create, r.update, r.delete
	bindings := func(ctx context.Context, c *call) ([]listening, error) {
		looks, err := c.tenant.Brandings(ctx)
		if err != nil {
			return nil, err
		}
		var out []listening
		for _, b := range looks {
			if b.ID == branding.Company || len(b.Apps) == 0 {
				continue
			}
			apps, err := clientsOf(ctx, c, b.Apps)
			if err != nil {
				return nil, err
			}
			l := listening{theme: b.ID, called: b.Name}
			l.ID, l.Apps, l.Enabled, l.Priority = b.ID, apps, true, 500
			out = append(out, l)
		}
		return out, nil
	}
	r.all = func(ctx context.Context, c *call) ([]listening, error) {
		out, err := all(ctx, c)
		if err != nil || c.version != "beta" {
			return out, err
		}
		more, err := bindings(ctx, c)
		return append(out, more...), err
	}
	r.find = func(ctx context.Context, c *call, name, key string) (*listening, error) {
		l, err := find(ctx, c, name, key)
		if !fault.Is(err, fault.NotFound) || c.version != "beta" {
			return l, err
		}
		more, failed := bindings(ctx, c)
		if failed != nil {
			return nil, failed
		}
		for i := range more {
			if strings.EqualFold(more[i].ID, key) {
				return &more[i], nil
			}
		}
		return nil, err
	}
	r.check = func(ctx context.Context, c *call, l *listening, sent func(string) bool) error {
		switch {
		case !of(l):
			return check(ctx, c, l, sent)
		case c.version != "beta":
			return badRequest("Themes of branding are bound below /beta.", "@odata.type")
		case l.theme != "" && l.said != "" && l.said != onPageRenderStart:
			return badRequest("A listener keeps its type.", "@odata.type")
		case l.AllApps:
			return invalidValue("conditions/applications/includeAllApplications", ": the branding of all applications is the organization's; name those that have the theme")
		case l.theme == "" && l.wants == "":
			return badRequest("A value is required for property 'handler': the theme.", "handler/brandingTheme")
		case l.theme == "" && len(l.Apps) == 0:
			return badRequest("Name the applications that have the theme.", "conditions/applications/includeApplications")
		}
		return mayBindThemes(c)
	}
	settle := func(ctx context.Context, c *call, l *listening) error {
		b, err := c.tenant.Branding(ctx, l.wants)
		if fault.Is(err, fault.NotFound) || err == nil && b.ID == branding.Company {
			return invalidValue("handler/brandingTheme", ": there is no such theme")
		}
		l.ID, l.theme, l.called, l.Enabled = b.ID, b.ID, b.Name, true
		return err
	}
	r.create = func(ctx context.Context, c *call, l *listening) error {
		if !of(l) {
			return create(ctx, c, l)
		}
		if err := settle(ctx, c, l); err != nil {
			return err
		}
		return c.tenant.InTx(ctx, func(t *models.Tenant) error {
			within := *c
			within.tenant = t
			b, err := t.Branding(ctx, l.theme)
			if err != nil {
				return err
			}
			have, err := clientsOf(ctx, &within, b.Apps) // another listener of the same theme is the same one
			if err != nil {
				return err
			}
			for _, id := range have {
				if !slices.Contains(l.Apps, id) {
					l.Apps = append(l.Apps, id)
				}
			}
			slices.Sort(l.Apps)
			return bindTheme(ctx, &within, l.theme, l.Apps, "conditions/applications/includeApplications")
		})
	}
	r.update = func(ctx context.Context, c *call, before listening, l *listening, again func(*listening) error) error {
		if !of(l) {
			return update(ctx, c, before, l, again)
		}
		return c.tenant.InTx(ctx, func(t *models.Tenant) error {
			within := *c
			within.tenant = t
			if l.wants != "" && l.wants != before.theme {
				if err := settle(ctx, &within, l); err != nil {
					return err
				}
				if err := bindTheme(ctx, &within, before.theme, nil, ""); err != nil {
					return err
				}
			}
			return bindTheme(ctx, &within, l.theme, l.Apps, "conditions/applications/includeApplications")
		})
	}
	r.delete = func(ctx context.Context, c *call, l *listening) error {
		if !of(l) {
			return remove(ctx, c, l)
		}
		if err := mayBindThemes(c); err != nil {
			return err
		}
		return c.tenant.InTx(ctx, func(t *models.Tenant) error {
			within := *c
			within.tenant = t
			return bindTheme(ctx, &within, l.theme, nil, "")
		})
	}
	m := r.managing // in files, a theme names its apps itself
	skip := m.skip
	m.skip = func(l *listening) bool { return of(l) || skip(l) }
}

// mayBindThemes: a theme is attached by whoever may change branding and applications (R 3.5.2).
func mayBindThemes(c *call) error {
	if !c.caller.may(writeBranding()...) || !c.caller.may(access.AppWrite) {
		return denied()
	}
	return nil
}
