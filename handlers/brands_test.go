package handlers

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"portico/app/branding"
	"portico/app/fault"
	"portico/app/openid"
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

// Whatever fails, an error page is in a language that the tenant offers, in the look of the visitor's; and in the one that was
// chosen before it failed.
func TestErrorPagesSpeakTheTenantsLanguages(t *testing.T) {
	dir := &models.Directory{Tenant: tenant.Tenant{ID: "1", Slug: "fernhill", Name: "Fernhill", DefaultLocale: "de", Settings: tenant.Settings{Languages: []string{"de", "ja", "pt-BR"}}}}
	dir.Branding.Company.Languages = map[string]branding.Elements{"": {Color: "#0b6e4f"}, "da-DK": {Color: "#aa1122"}, "pt-PT": {Color: "#aa1122"}}
	s := newSite(t, func(w *Web) { w.ErrorPage = new(Brands).ErrorPage }, func(app *fiber.App) {
		app.All("/fernhill/:chosen", func(c *fiber.Ctx) error {
			c.Locals(directoryKey, dir)
			if lang := c.Params("chosen"); lang != "none" {
				WithLocale(c, InfoOf(c).web.Bundle.Match(lang))
			}
			return fiber.ErrNotFound
		})
	})
	for _, row := range []struct {
		path, accept, cookie, lang string
		foreign                    bool // the look of a language without words
	}{
		{"/fernhill/none", "en", "", "de", false},
		{"/fernhill/none", "ja,en;q=0.5", "", "ja", false},
		{"/fernhill/none", "da", "", "de", true},
		{"/fernhill/none", "pt-PT", "", "pt-BR", true},
		{"/fernhill/none", "da", "ja.attempt", "ja", false},
		{"/fernhill/none?ui_locales=ja", "da", "", "ja", false},
		{"/fernhill/ja", "en", "", "ja", false},
	} {
		_, body := s.ask(t, "GET", row.path, "", "Accept-Language", row.accept, "Cookie", "fernhill-language="+row.cookie)
		if !strings.Contains(body, `<html lang="`+row.lang+`"`) || strings.Contains(body, "#aa1122") != row.foreign {
			t.Errorf("%+v: %s", row, body)
		}
	}
}

// An error on the way to an app looks like the app's pages.
func TestErrorPagesLookLikeTheApp(t *testing.T) {
	themed := func(slug string) *models.Directory {
		look := func(title string) branding.Document {
			return branding.Document{Languages: map[string]branding.Elements{"": {Color: title}}}
		}
		return &models.Directory{Tenant: tenant.Tenant{ID: slug, Slug: slug, Name: slug}, Clients: map[string]*openid.Client{"cars": {ObjectID: "app"}},
			Branding: branding.Set{Company: look("#0b6e4f"), Themes: map[string]branding.Document{"red": look("#aa1122")}, OfApp: map[string]string{"app": "red"}}}
	}
	s := newSite(t, func(w *Web) { w.ErrorPage = new(Brands).ErrorPage }, func(app *fiber.App) {
		app.Get("/fernhill/:known", func(c *fiber.Ctx) error {
			if c.Locals(directoryKey, themed("fernhill")); c.Params("known") == "yes" {
				InfoOf(c).App = "app"
			}
			return fiber.ErrNotFound
		})
	})
	for path, red := range map[string]bool{"/fernhill/yes": true, "/fernhill/no": false, "/fernhill/no?client_id=cars": true, "/fernhill/no?client_id=other": false} {
		_, body := s.ask(t, "GET", path, "")
		if strings.Contains(body, "#aa1122") != red || strings.Contains(body, "#0b6e4f") == red {
			t.Errorf("%s: the app's look is %v", path, !red)
		}
	}
}

// TestBrandsShareStylesAndForget: a style is in memory once, and what is not asked for goes.
func TestBrandsShareStylesAndForget(t *testing.T) {
	var b Brands
	dir := func(n int) *models.Directory {
		css := ".ext-sign-in-box{color:#00" + strconv.Itoa(1000+n) + "}" + strings.Repeat(".ext-button{margin:1px}", 800)
		return &models.Directory{Tenant: tenant.Tenant{ID: strconv.Itoa(n), Slug: "t", Name: "T"},
			Branding: branding.Set{Company: branding.Document{Languages: map[string]branding.Elements{"": {CSS: css}}}}}
	}
	first := b.For(dir(0), "", "en")
	if b.For(dir(0), "", "en") != first {
		t.Error("made twice")
	}
	one := b.bytes
	for _, lang := range []string{"de", "fr", "ar"} {
		b.For(dir(0), "", lang)
	}
	if b.bytes != one+3*brandBytes {
		t.Errorf("languages of one style: %d bytes, then %d", one, b.bytes)
	}
	for n := range 2*brandsKept/one + 2 {
		b.For(dir(n+1), "", "en")
	}
	if b.bytes > brandsKept || len(b.kept) != b.order.Len() || len(b.styles) > len(b.kept) {
		t.Errorf("%d bytes of %d looks", b.bytes, len(b.kept))
	}
	if b.For(dir(0), "", "en") == first {
		t.Error("what nobody asked for is kept")
	}
}

// fernhills is a tenant with a host of its own, and one that does not answer at the installation's address.
type fernhills struct{}

func (fernhills) Directory(_ context.Context, segment string) (*models.Directory, error) {
	for _, t := range []tenant.Tenant{{ID: "1", Slug: "fernhill", Name: "Fernhill", DefaultLocale: "de", Hosts: []string{"login.fern.example"}},
		{ID: "2", Slug: "hidden", Name: "Hidden", Hosts: []string{"login.hidden.example"}, OwnHostsOnly: true}} {
		if t.Match(segment) {
			return &models.Directory{Tenant: t}, nil
		}
	}
	return nil, fault.New(fault.NotFound, "error.not_found")
}

func (fernhills) TenantAt(_ context.Context, host string) (string, error) {
	if id := map[string]string{"login.fern.example": "1", "login.hidden.example": "2"}[host]; id != "" {
		return id, nil
	}
	return "", fault.New(fault.NotFound, "error.not_found")
}

// An address that nobody knows is the tenant's page where the path or the host names one, in a language of the visitor's;
// whoever is not there, or does not answer there, looks like nobody.
func TestUnknownAddressesLookLikeTheTenant(t *testing.T) {
	s := newSite(t, func(w *Web) { w.ErrorPage, w.Hosts = new(Brands).ErrorPage, fernhills{} }, nil)
	for _, row := range []struct{ method, host, path, brand, lang string }{
		{"GET", "", "/fernhill/nope", "Fernhill", "de"},
		{"GET", "", "/Fernhill/nope", "Fernhill", "de"},
		{"GET", "", "/1/nope", "Fernhill", "de"},
		{"GET", "", "/fernhill", "Fernhill", "de"},
		{"GET", "", "/fernhill/account/restore?ui_locales=ar", "Fernhill", "ar"},
		{"DELETE", "", "/fernhill/account", "Fernhill", "de"},
		{"GET", "", "/nobody/nope?ui_locales=ar", "Portico", "en"},
		{"GET", "", "/nope", "Portico", "en"},
		{"GET", "", "/hidden/nope?ui_locales=ar", "Portico", "en"},
		{"GET", "", "/static/nope", "Portico", "en"},
		{"GET", "login.fern.example", "/nope?ui_locales=ja", "Fernhill", "ja"},
		{"GET", "login.fern.example", "/admin", "Fernhill", "de"},
		{"GET", "login.fern.example", "/dev/mailbox", "Fernhill", "de"},
		{"GET", "login.fern.example", "/hidden/account", "Fernhill", "de"},
		{"GET", "login.hidden.example", "/fernhill/nope", "Hidden", "en"},
		{"GET", "unknown.example", "/fernhill/nope", "Portico", "en"},
	} {
		header := []string{"Accept-Language", "xx"}
		if row.host != "" {
			header = append(header, "Host", row.host)
		}
		resp, body := s.ask(t, row.method, row.path, "", header...)
		if resp.StatusCode != 404 || !strings.Contains(body, `<html lang="`+row.lang+`"`) {
			t.Errorf("%+v: %d %.300s", row, resp.StatusCode, body)
		}
		for _, name := range []string{"Portico", "Fernhill", "Hidden"} {
			if strings.Contains(body, name) != (name == row.brand) {
				t.Errorf("%+v: it says %s: %v", row, name, name != row.brand)
			}
		}
	}
	if _, body := s.ask(t, "GET", "/v1.0/nope", ""); !strings.HasPrefix(body, `{"error"`) {
		t.Errorf("the management API answers %.200s", body)
	}
}
