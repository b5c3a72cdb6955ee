package admin

import (
	"fmt"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/branding"
	"portico/app/i18n"
	views "portico/views/admin"
)

// cssStart is what an admin may begin a style sheet with: each selector that is honoured (R 3.3), with what it is for.
const cssStart = `/* What you delete here stays as Portico draws it. Only these selectors are honoured. */

body { }
a, a:link { }
a:hover { }
a:focus { }
a:active { }

.ext-background-image { }
.ext-header { }
.ext-header-logo { }
.ext-middle { }
.ext-vertical-split-main-section { }
.ext-vertical-split-background-image-container { }
.ext-sign-in-box { }
.ext-title { }
.ext-subtitle { }
.ext-error { }
.ext-boilerplate-text { }
.ext-promoted-fed-cred-box { }
.ext-footer { }
.ext-footer-links { }
.ext-footer-item { }
.ext-debug-item { }

.ext-button.ext-primary { border-radius: 4px; }
.ext-button.ext-primary:hover { }
.ext-button.ext-primary:focus { }
.ext-button.ext-primary:active { }
.ext-button.ext-secondary { }
.ext-button.ext-secondary:hover { }
.ext-button.ext-secondary:focus { }
.ext-button.ext-secondary:active { }

.ext-input.ext-text-box { }
.ext-input.ext-text-box.ext-has-error { }
.ext-input.ext-text-box:hover { }
.ext-input.ext-text-box:focus { }
`

// cssParts say what of a style sheet is left out, and where to get one.
func (s studio) cssParts(l *i18n.Localizer, source string) []views.Section {
	var out []views.Section
	if source != "" {
		_, dropped := branding.CleanCSS(source)
		part := views.Section{ID: "dropped", Title: "Left out", Lead: "These pieces are in the style sheet and are not drawn.", Empty: "Nothing: every line is drawn."}
		t := &views.Table{Caption: "Left out", Columns: []views.Column{{Label: "Line", Num: true}, {Label: "What"}, {Label: "Why"}}}
		for i, d := range dropped {
			if i == 200 {
				part.Lead = fmt.Sprintf("These and %d more pieces are in the style sheet and are not drawn.", len(dropped)-i)
				break
			}
			t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Text: fmt.Sprint(d.Line)}, code(shortened(d.Text)), plain(l.T(d.Why))}})
		}
		if part.Table = t; len(dropped) == 0 {
			part.Lead = ""
		}
		out = append(out, part)
	}
	files := views.Section{ID: "files", Title: "Template", Lead: "All selectors that may be styled, empty. Fill in what you want to change."}
	files.Buttons = []views.Action{{Label: "Download the template", Href: s.v.brandingBase() + "/css-template"}}
	if source == "" && s.v.may(access.BrandingWrite) {
		files.Buttons = append([]views.Action{{Label: "Start from the template", Post: s.base() + "/edit?tab=" + tabCSS, Fields: map[string]string{"revision": fmt.Sprint(s.Revision), "language": s.lang, "css": cssStart}}}, files.Buttons...)
	}
	if source != "" {
		files.Buttons = append(files.Buttons, views.Action{Label: "Download this style sheet", Href: s.base() + "/css?language=" + s.lang})
	}
	return append(out, files)
}

func (p *Portal) cssTemplate(c *fiber.Ctx) error { return sendCSS(c, "branding-template", cssStart) }

func (p *Portal) cssDownload(c *fiber.Ctx) error {
	x, err := p.looking(c)
	if err != nil {
		return err
	}
	return sendCSS(c, "branding-"+x.v.dir.Tenant.Slug, x.Draft.Languages[c.Query("language")].CSS)
}

func sendCSS(c *fiber.Ctx, name, css string) error {
	c.Set(fiber.HeaderContentType, "text/css; charset=utf-8")
	c.Set(fiber.HeaderContentDisposition, fmt.Sprintf(`attachment; filename="%s.css"`, name))
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.SendString(css)
}
