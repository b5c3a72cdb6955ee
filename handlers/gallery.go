package handlers

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/i18n"
	"portico/views/hosted"
	"portico/views/ui"
)

// MountGallery serves every component and every hosted and account page in every state below /dev/gallery, in light
// and dark, both directions, every language and one that is forty per cent longer. It is for
// development; who mounts it sees to that. Own are the account pages, which this package does not know.
func MountGallery(app fiber.Router, bundle *i18n.Bundle, own Fixtures) {
	pages := func(brand *ui.Brand, languages []hosted.Language) []hosted.Fixture {
		return append(hosted.Fixtures(brand, languages), own(brand, languages)...)
	}
	app.Get("/dev/gallery/pictures/:name", galleryPicture)
	app.Get("/dev/gallery", func(c *fiber.Ctx) error {
		look := lookOf(c, bundle)
		WithLocale(c, look.localizer)
		return Render(c, fiber.StatusOK, ui.Gallery(look.view(pages(hosted.SampleBrand(), nil))))
	})
	app.Get("/dev/gallery/pages/:name", func(c *fiber.Ctx) error {
		look := lookOf(c, bundle)
		brand := hosted.SampleLook(c.Query("look"))
		ctx := i18n.With(c.UserContext(), brand.Speak(look.localizer))
		for _, f := range pages(brand, hosted.Chooser(bundle.All(), look.localizer, nil)) {
			if f.Name == c.Params("name") {
				return look.page(ctx, c, brand, f)
			}
		}
		return fiber.ErrNotFound
	})
}

// Fixtures are pages in every state, of a brand and with a chooser of languages.
type Fixtures func(*ui.Brand, []hosted.Language) []hosted.Fixture

// look is how the gallery is looked at.
type look struct {
	scheme, dir, lang string
	localizer         *i18n.Localizer
	bundle            *i18n.Bundle
}

func lookOf(c *fiber.Ctx, b *i18n.Bundle) look {
	l := look{bundle: b, scheme: c.Query("scheme"), dir: c.Query("dir"), lang: c.Query("ui_locales", "en")}
	if l.scheme != "light" && l.scheme != "dark" {
		l.scheme = ""
	}
	if l.lang == "pseudo" {
		l.localizer = b.Pseudo()
	} else {
		l.localizer = b.Match(l.lang)
		l.lang = l.localizer.Lang()
	}
	if l.dir != "ltr" && l.dir != "rtl" {
		l.dir = l.localizer.Dir()
	}
	return l
}

func (l look) with(name, value string) string {
	q := url.Values{"scheme": {l.scheme}, "dir": {l.dir}, "ui_locales": {l.lang}}
	q.Set(name, value)
	if name == "ui_locales" { // which has a direction of its own
		q.Del("dir")
	}
	return "?" + q.Encode()
}

func (l look) view(pages []hosted.Fixture) ui.GalleryView {
	v := ui.GalleryView{Scheme: l.scheme, Dir: l.dir, Fixtures: ui.Fixtures()}
	for _, s := range [][2]string{{"", "As the system"}, {"light", "Light"}, {"dark", "Dark"}} {
		v.Schemes = append(v.Schemes, ui.Link{Text: s[1], Href: l.with("scheme", s[0]), Current: l.scheme == s[0]})
	}
	for _, d := range [][2]string{{"ltr", "Left to right"}, {"rtl", "Right to left"}} {
		v.Dirs = append(v.Dirs, ui.Link{Text: d[1], Href: l.with("dir", d[0]), Current: l.dir == d[0]})
	}
	for _, tag := range l.bundle.Tags() {
		v.Langs = append(v.Langs, ui.Link{Text: l.bundle.Name(tag), Href: l.with("ui_locales", tag.String()), Current: l.lang == tag.String()})
	}
	v.Langs = append(v.Langs, ui.Link{Text: "Longer English", Href: l.with("ui_locales", "pseudo"), Current: l.lang == "pseudo"})
	for _, f := range pages {
		v.Pages = append(v.Pages, ui.Link{Text: f.Name, Href: "/dev/gallery/pages/" + f.Name + l.with("scheme", l.scheme)})
	}
	for _, name := range hosted.Looks() {
		v.Pages = append(v.Pages, ui.Link{Text: "sign-in, " + name, Href: "/dev/gallery/pages/sign-in" + l.with("look", name)})
	}
	return v
}

// galleryPicture draws the pictures of the sample looks: two colours that run into each other, in the size asked for.
func galleryPicture(c *fiber.Ctx) error {
	size, tint := image.Rect(0, 0, 490, 72), color.NRGBA{11, 110, 79, 255}
	switch name := c.Params("name"); {
	case strings.HasPrefix(name, "background"):
		size = image.Rect(0, 0, 1920, 1080)
	case strings.HasPrefix(name, "square"):
		size = image.Rect(0, 0, 240, 240)
	case strings.Contains(name, "dark"), strings.HasPrefix(name, "header"):
		tint = color.NRGBA{226, 240, 232, 255}
	}
	img := image.NewNRGBA(size)
	for y := range size.Dy() {
		for x := range size.Dx() {
			p := tint
			p.R, p.B = p.R+uint8(x*100/size.Dx())%100, p.B+uint8(y*80/size.Dy())
			img.SetNRGBA(x, y, p)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "image/png")
	return c.Send(b.Bytes())
}

// page renders a hosted page; the scheme is forced by the attribute that the style sheet reads.
func (l look) page(ctx context.Context, c *fiber.Ctx, brand *ui.Brand, f hosted.Fixture) error {
	var b bytes.Buffer
	if err := f.Page.Render(ctx, &b); err != nil {
		return err
	}
	html := b.Bytes()
	if l.scheme != "" {
		html = bytes.Replace(html, []byte("<html "), []byte(`<html data-scheme="`+l.scheme+`" `), 1)
	}
	i := InfoOf(c)
	i.StyleHashes = append(i.StyleHashes, brand.StyleHash())
	c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	return c.Send(html)
}
