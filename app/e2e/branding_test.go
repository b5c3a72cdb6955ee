package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"
	"time"
)

// attach gives a file to an input, as somebody who chooses it does.
func (b *tab) attach(selector, name string, data []byte) {
	b.t.Helper()
	s, _ := json.Marshal(selector)
	n, _ := json.Marshal(name)
	got := evaluate[int](b, `(() => { const to = document.querySelector(`+string(s)+`), t = new DataTransfer();
		t.items.add(new File([Uint8Array.from(atob("`+base64.StdEncoding.EncodeToString(data)+`"), (c) => c.charCodeAt(0))], `+string(n)+`, {type: "image/png"}));
		to.files = t.files; to.dispatchEvent(new Event("change", {bubbles: true})); return to.files.length; })()`)
	if got != 1 {
		b.t.Fatalf("no file in %s", selector)
	}
}

// TestAnAdminBrandsTheCompany: colour, logo and French words go into a draft that only the preview shows; published,
// the customer's page has them, in French for whoever reads French; and the version before comes back.
func TestAnAdminBrandsTheCompany(t *testing.T) {
	t.Parallel()
	s := boot(t)
	b := openBrowser(t, s, "branding")
	b.intoPortal("ada@fernhill.example")
	at := s.base + "/admin/t/fernhill/branding"
	eventually(t, 30*time.Second, "the sample company is dressed", func() error {
		b.goTo(at + "/company/versions")
		if !strings.Contains(b.words(), "Version 2") {
			return fmt.Errorf("%s", b.words())
		}
		return nil
	})
	b.goTo(at)
	b.accessible("branding-list")

	b.goTo(at + "/company/edit?tab=basics")
	b.accessible("branding-basics")

	logo := image.NewRGBA(image.Rect(0, 0, 490, 72))
	for i := range 490 * 72 {
		logo.Set(i%490, i/490, color.RGBA{155, 17, 30, 255})
	}
	var file bytes.Buffer
	if err := png.Encode(&file, logo); err != nil {
		t.Fatal(err)
	}
	b.goTo(at + "/company/edit?tab=sign-in-form")
	b.attach(`input[name="pictures.bannerLogo"]`, "logo.png", file.Bytes())
	b.send("/edit?tab=sign-in-form")
	b.sees("saved")
	b.goTo(at + "/company/edit?tab=basics")
	b.typeInto("#f-color", "#ffee00")
	eventually(t, 10*time.Second, "the contrast of what is typed", func() error {
		if !strings.Contains(b.words(), "#ffee00 on #ffffff does not reach it") {
			return fmt.Errorf("%s", b.words())
		}
		return nil
	})
	if depth := evaluate[int](b, `history.length`); depth > 30 {
		t.Errorf("the preview fills the browser's history: %d", depth)
	}
	evaluate[any](b, `document.querySelector("[data-take]").click(); null`) // the nearest colour that passes goes into the field
	if v := evaluate[string](b, `document.querySelector("#f-color").value`); v == "#ffee00" || len(v) != 7 {
		t.Errorf("the offered colour was not taken: %q", v)
	}
	b.typeInto("#f-color", "#9b111e")
	b.send("/edit?tab=basics")
	b.sees("Draft by")
	b.goTo(at + "/company/edit?tab=sign-in-form&language=fr-FR")
	b.typeInto("#f-title", "Salut les voisins")
	b.send("/edit?tab=sign-in-form")

	customer := openBrowser(t, s, "branding-customer")
	signIn := s.base + "/demo/market/signin?ui_locales=fr"
	customer.goTo(signIn)
	if strings.Contains(customer.words(), "Salut les voisins") {
		t.Error("a customer sees the draft")
	}
	b.goTo(at + "/company/edit?tab=review&language=fr-FR")
	b.accessible("branding-review")
	b.goTo(at + "/company/publish")
	b.sees("Colour of the brand: #9b111e")
	b.typeInto("#f-note", "Cherry")
	b.send("/company/publish")
	b.sees("Version 3")
	b.accessible("branding-versions")

	french := func(want bool) {
		t.Helper()
		eventually(t, 10*time.Second, "the published look", func() error {
			customer.forgetCookies()
			customer.goTo(s.base + "/fernhill/account?ui_locales=fr")
			words, html := customer.words(), evaluate[string](customer, `document.documentElement.outerHTML`)
			if strings.Contains(words, "Salut les voisins") != want || strings.Contains(html, "#9b111e") != want {
				return fmt.Errorf("%s at %s", words, customer.url())
			}
			return nil
		})
	}
	french(true)
	customer.accessible("branding-customer")
	eventually(t, 10*time.Second, "the logo", func() error {
		if src := evaluate[string](customer, `(() => { const i = document.querySelector(".brand img, header img"); return i && i.complete && i.naturalWidth > 0 ? i.src : ""; })()`); !strings.Contains(src, "/fernhill/branding/") {
			return fmt.Errorf("the logo is %q", src)
		}
		return nil
	})
	b.goTo(at + "/company/versions/2")
	b.accessible("branding-version")
	b.goTo(at + "/company/versions/2/restore")
	b.send("/versions/2/restore")
	b.goTo(at + "/company/publish")
	b.send("/company/publish")
	b.sees("Version 4")
	french(false)
	b.goTo(at + "/company/compare?by=pages")
	b.accessible("branding-compare")
}
