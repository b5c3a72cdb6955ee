package handlers

import (
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"portico/app/tenant"
	"portico/models"
)

// A tenant's error page offers the languages where a link can repeat the request.
func TestErrorPagesOfferLanguages(t *testing.T) {
	s := newSite(t, func(w *Web) { w.ErrorPage = new(Brands).ErrorPage }, func(app *fiber.App) {
		app.All("/fernhill/broken", func(c *fiber.Ctx) error {
			c.Locals(directoryKey, &models.Directory{Tenant: tenant.Tenant{ID: "1", Slug: "fernhill", Name: "Fernhill"}})
			return fiber.ErrNotFound
		})
	})
	for _, c := range []struct {
		method, path, wants string
		chooser             bool
	}{
		{"GET", "/fernhill/broken?a=1", `href="?a=1&amp;ui_locales=ar"`, true},
		{"GET", "/fernhill/broken?a=1&ui_locales=ar", `lang="ar" dir="rtl"`, true},
		{"GET", "/fernhill/broken?portico_handle=once", `lang="en"`, false},
		{"POST", "/fernhill/broken", `lang="en"`, false},
		{"GET", "/nowhere", `lang="en"`, false}, // nobody's page
	} {
		_, body := s.ask(t, c.method, c.path, "")
		if !strings.Contains(body, c.wants) || strings.Contains(body, "ui_locales=de") != c.chooser {
			t.Errorf("%s %s: %s", c.method, c.path, body)
		}
	}
}
