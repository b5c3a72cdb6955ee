package admin

import (
	"strings"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"portico/app/i18n"
	"portico/handlers"
	views "portico/views/admin"
	"portico/views/ui"
)

// previewFrame draws a hosted page for an inert frame inside a portal page (views.PreviewFrame): with the
// very components of the hosted pages, in the tenant's look and in the language l. The frame is held to
// the policy of the page around it, so the tenant's one inline style is allowed on that page.
func (p *Portal) previewFrame(c *fiber.Ctx, brand *ui.Brand, l *i18n.Localizer, page templ.Component, f views.Frame) (views.Frame, error) {
	var b strings.Builder
	if err := page.Render(i18n.With(c.UserContext(), brand.Speak(l)), &b); err != nil {
		return f, err
	}
	info := handlers.InfoOf(c)
	info.StyleHashes = append(info.StyleHashes, brand.StyleHash())
	f.HTML = b.String()
	return f, nil
}

// brand is the look of the selected tenant's pages.
func (p *Portal) brand(v *visit) *ui.Brand { return p.Brands.Of(v.dir) }
