package handlers

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"portico/app/i18n"
	"portico/views/account"
)

func TestTheGalleryShowsEverything(t *testing.T) {
	bundle, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	app := fiber.New(fiber.Config{Immutable: true})
	app.Use(func(c *fiber.Ctx) error {
		SetInfo(c, &Info{Locale: bundle.Match("en")})
		return c.Next()
	})
	MountGallery(app, bundle, account.Fixtures)
	for path, wants := range map[string][]string{
		"/dev/gallery": {"error summary", "/dev/gallery/pages/sign-in?", `dir="ltr"`},
		"/dev/gallery?scheme=dark&dir=rtl&ui_locales=ar":            {`data-scheme="dark"`, `dir="rtl"`, "اختياري"},
		"/dev/gallery?ui_locales=ar":                                {`dir="rtl"`},
		"/dev/gallery?ui_locales=pseudo":                            {"[(óptíóñál)"},
		"/dev/gallery/pages/sign-in?ui_locales=ar&scheme=dark":      {`<html data-scheme="dark" lang="ar" dir="rtl"`},
		"/dev/gallery/pages/account-methods":                        {`class="hosted own"`},
		"/dev/gallery/pages/sign-in?scheme=%22%3E%3Cscript%3Ealert": {`<html lang="en"`},
	} {
		res, err := app.Test(httptest.NewRequest("GET", path, nil))
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		for _, want := range wants {
			if res.StatusCode != 200 || !strings.Contains(string(body), want) {
				t.Errorf("%s (%d) lacks %s", path, res.StatusCode, want)
			}
		}
	}
	if res, _ := app.Test(httptest.NewRequest("GET", "/dev/gallery/pages/nothing", nil)); res.StatusCode != 404 {
		t.Error("a page that is not there")
	}
}
