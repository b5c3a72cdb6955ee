package admin

import (
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/app/federation"
	"portico/app/userflow"
	views "portico/views/admin"
)

func (p *Portal) flowProviders(c *fiber.Ctx) error {
	d, err := p.designing(c)
	if err != nil {
		return err
	}
	return p.flowProvidersPage(c, d, d.providersForm())
}

// flowProvidersPage lists the identity providers that the flow's pages offer, in their order.
func (p *Portal) flowProvidersPage(c *fiber.Ctx, d *design, add views.DesignForm) error {
	order := &views.Order{Label: "Identity providers in their order", Action: d.base() + "/providers/arrange", Revision: d.revision()}
	for _, id := range d.flow.Providers {
		item := views.OrderItem{ID: id, Label: "A provider that is gone"}
		if x := d.v.dir.Providers[id]; x != nil {
			item.Label, item.Href, item.Text = x.Name, d.v.providerBase(id), federation.Label(x.Kind)
			if !x.Enabled {
				item.Marks = append(item.Marks, "Off")
			}
		}
		order.Items = append(order.Items, item)
	}
	parts := []views.DesignPart{{ID: "providers", Title: "Identity providers", Order: order, Action: &views.Link{Label: "All providers", Href: d.v.providersBase()}, Empty: "None. People sign in by what this flow offers otherwise.",
		Lead: "Shown as buttons in this order; whoever used one last sees it first. What is turned off is not shown."}}
	if options := add.Groups[0].Fields[0].Options; len(options) > 1 {
		parts = append(parts, views.DesignPart{ID: "add", Title: "Offer a further one", Form: &add})
	} else if len(d.v.dir.Providers) == 0 {
		parts[0].Empty = "No identity provider is set up in this tenant yet. Set one up first; then choose it here."
	}
	preview, err := p.previewOf(c, d.v, d.flow, d.base()+"/providers", "methods")
	if err != nil {
		return err
	}
	return p.designPage(c, d, tabProviders, parts, preview, add.Problems)
}

func (d *design) providersForm() views.DesignForm {
	options := []views.Option{{Label: "Choose an identity provider"}}
	for id, x := range d.v.dir.Providers {
		if !slices.Contains(d.flow.Providers, id) {
			options = append(options, views.Option{Value: id, Label: x.Name})
		}
	}
	slices.SortFunc(options[1:], func(a, b views.Option) int { return strings.Compare(a.Label+a.Value, b.Label+b.Value) })
	return views.DesignForm{Action: d.base() + "/providers/add", Revision: d.revision(), Submit: "Add provider", Groups: group(
		views.Field{Kind: views.Select, Name: "providers", Label: "Identity provider", Options: options})}
}

func (p *Portal) flowProvidersAdd(c *fiber.Ctx) error {
	return p.changeProviders(c, typed(c, "providers"), func(f *userflow.Flow, id string) error {
		if id == "" {
			return fault.BadField("providers", "admin.choose", nil)
		}
		f.Providers = append(slices.Clone(f.Providers), id)
		return nil
	})
}

func (p *Portal) flowProvidersArrange(c *fiber.Ctx) error {
	return p.changeProviders(c, typed(c, "item"), func(f *userflow.Flow, id string) error {
		at := slices.Index(f.Providers, id)
		if at < 0 {
			return fault.New(fault.NotFound, "error.not_found")
		}
		f.Providers = arranged(f.Providers, at, typed(c, "to"))
		return nil
	})
}

func (p *Portal) changeProviders(c *fiber.Ctx, id string, edit func(*userflow.Flow, string) error) error {
	d, err := p.designing(c)
	if err != nil {
		return err
	}
	changed, err := p.save(c, d, func(f *userflow.Flow) error { return edit(f, id) })
	if err != nil {
		form := d.providersForm()
		keepTypedDesign(c, &form)
		if !complainDesign(c, &form, err, tabProviders, "") {
			return err
		}
		return p.flowProvidersPage(c, d, form)
	}
	return p.done(c, d.base()+"/providers", savedWords(d.flow.Name, changed))
}
