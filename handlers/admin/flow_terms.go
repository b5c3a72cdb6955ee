package admin

import (
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/app/userflow"
	"portico/models"
	views "portico/views/admin"
)

func (p *Portal) flowTerms(c *fiber.Ctx) error {
	d, err := p.designing(c)
	if err != nil {
		return err
	}
	return p.termsPage(c, d, d.termsForm())
}

// termsPage lists the versioned terms that the flow asks for, in their order.
func (p *Portal) termsPage(c *fiber.Ctx, d *design, add views.DesignForm) error {
	order := &views.Order{Label: "Terms in their order", Action: d.base() + "/terms/arrange", Revision: d.revision()}
	for _, id := range d.flow.Terms {
		order.Items = append(order.Items, views.OrderItem{ID: id, Label: termsName(d.v.dir, id), Href: d.v.base() + "/terms/" + id, Text: "Version " + numberText(d.v.dir.Terms[id].Version)})
	}
	parts := []views.DesignPart{{ID: "terms", Title: "Terms that people agree to", Order: order, Action: &views.Link{Label: "Terms of use", Href: d.v.base() + "/terms"}, Empty: "None. People are not asked to agree to anything here.",
		Lead: "Shown as a step of its own at sign-up, and at the next sign-in to whoever has not agreed to the version that counts. Who agreed to what and when is kept."}}
	if options := add.Groups[0].Fields[0].Options; len(options) > 1 {
		parts = append(parts, views.DesignPart{ID: "add", Title: "Ask for further terms", Form: &add})
	} else if len(d.v.dir.Terms) == 0 {
		parts[0].Empty = "There are no terms of use in this tenant yet. Write them first; then choose them here."
	}
	preview, err := p.preview(c, d, "terms")
	if err != nil {
		return err
	}
	return p.designPage(c, d, tabTerms, parts, preview, add.Problems)
}

func termsName(dir *models.Directory, id string) string {
	if t, ok := dir.Terms[id]; ok {
		return t.Name
	}
	return id
}

func (d *design) termsForm() views.DesignForm {
	options := []views.Option{{Label: "Choose terms of use"}}
	for id, t := range d.v.dir.Terms {
		if !slices.Contains(d.flow.Terms, id) {
			options = append(options, views.Option{Value: id, Label: t.Name})
		}
	}
	slices.SortFunc(options[1:], func(a, b views.Option) int { return strings.Compare(a.Label+a.Value, b.Label+b.Value) })
	return views.DesignForm{Action: d.base() + "/terms/add", Revision: d.revision(), Submit: "Add terms", Groups: group(
		views.Field{Kind: views.Select, Name: "terms", Label: "Terms of use", Options: options})}
}

func (p *Portal) flowTermsAdd(c *fiber.Ctx) error {
	return p.changeTerms(c, func(f *userflow.Flow, id string) error {
		if id == "" {
			return fault.BadField("terms", "admin.choose", nil)
		}
		f.Terms = append(f.Terms, id)
		return nil
	}, typedName("terms"))
}

func (p *Portal) flowTermsArrange(c *fiber.Ctx) error {
	return p.changeTerms(c, func(f *userflow.Flow, id string) error {
		at := slices.Index(f.Terms, id)
		if at < 0 {
			return fault.New(fault.NotFound, "error.not_found")
		}
		f.Terms = arranged(f.Terms, at, typed(c, "to"))
		return nil
	}, typedName("item"))
}

func typedName(field string) func(*fiber.Ctx) string {
	return func(c *fiber.Ctx) string { return typed(c, field) }
}

func (p *Portal) changeTerms(c *fiber.Ctx, edit func(*userflow.Flow, string) error, which func(*fiber.Ctx) string) error {
	d, err := p.designing(c)
	if err != nil {
		return err
	}
	changed, err := p.save(c, d, func(f *userflow.Flow) error { return edit(f, which(c)) })
	if err != nil {
		form := d.termsForm()
		keepTypedDesign(c, &form)
		if !complainDesign(c, &form, err, tabTerms, "") {
			return err
		}
		return p.termsPage(c, d, form)
	}
	return p.done(c, d.base()+"/terms", savedWords(d.flow.Name, changed))
}
