package handlers

import (
	"net/url"
	"strings"
	"sync"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"portico/app/branding"
	"portico/models"
	"portico/views/hosted"
	"portico/views/ui"
)

// Brands keeps how each tenant looks, made once per version of its configuration. The zero value works.
type Brands struct {
	mu   sync.Mutex
	made map[string]madeBrand
}

type madeBrand struct {
	version int64
	brand   *ui.Brand
}

// Of gives the look of a tenant's pages.
func (b *Brands) Of(dir *models.Directory) *ui.Brand {
	t := dir.Tenant
	b.mu.Lock()
	defer b.mu.Unlock()
	if m, ok := b.made[t.ID]; ok && m.version == t.Version {
		return m.brand
	}
	brand := ui.NewBrand(t.Name, t.Settings.Theme)
	brand.SupportURL, brand.PrivacyURL, brand.TermsURL = t.Settings.SupportURL, t.Settings.PrivacyURL, t.Settings.TermsURL
	if b.made == nil {
		b.made = map[string]madeBrand{}
	}
	b.made[t.ID] = madeBrand{t.Version, brand}
	return brand
}

// Neutral is the look of pages that belong to no tenant.
func (b *Brands) Neutral() *ui.Brand {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m, ok := b.made[""]; ok {
		return m.brand
	}
	if b.made == nil {
		b.made = map[string]madeBrand{}
	}
	brand := ui.NewBrand("Portico", branding.Theme{})
	b.made[""] = madeBrand{brand: brand}
	return brand
}

// RenderBranded renders a hosted page and allows its one inline style.
func RenderBranded(c *fiber.Ctx, status int, brand *ui.Brand, page templ.Component) error {
	i := InfoOf(c)
	i.StyleHashes = append(i.StyleHashes, brand.StyleHash())
	return Render(c, status, page)
}

// ErrorPage draws an error in the look of the tenant whose page failed, in the portal's own look below
// /admin, and neutrally elsewhere. It is Web.ErrorPage.
func (b *Brands) ErrorPage(c *fiber.Ctx, v ErrorView) templ.Component {
	if under(c.Path(), "/admin") {
		return ui.Failure(v.Title, v.Message, v.Reference)
	}
	i := InfoOf(c)
	page := hosted.Page{Brand: b.Neutral()}
	if dir, ok := c.Locals(directoryKey).(*models.Directory); ok {
		page.Brand = b.Of(dir)
		if query, again := repeatable(c); again && i.web != nil {
			page.Languages = hosted.Chooser(i.web.Bundle, i.Locale, query)
		}
	}
	brand := page.Brand
	i.StyleHashes = append(i.StyleHashes, brand.StyleHash())
	view := hosted.FailureView{Title: v.Title, Text: v.Message, Reference: v.Reference, Again: v.Action, Fields: v.Again, Home: v.Home}
	if !v.At.IsZero() {
		view.When = i.Locale.Time(v.At)
	}
	return hosted.Failure(page, view)
}

// repeatable gives the query of a request that a link can repeat: a GET, without a handle that works once.
func repeatable(c *fiber.Ctx) (url.Values, bool) {
	if c.Method() != fiber.MethodGet {
		return nil, false
	}
	query, err := url.ParseQuery(string(c.Request().URI().QueryString()))
	if err != nil || len(query.Encode()) > 4<<10 {
		return nil, false
	}
	for name := range query {
		if strings.HasPrefix(name, "portico_") {
			return nil, false
		}
	}
	return query, true
}
