package ui

import (
	"context"
	"strconv"
	"strings"
	"unique"

	"portico/app/branding"
	"portico/app/i18n"
	"portico/static"
)

// Brand is how a tenant's pages look in one language: made once per version of the look and shared by all
// pages.
type Brand struct {
	Name       string // the tenant's name, and the words of its logo
	Logo       *Image // nil = a mark made of the name
	LogoDark   *Image // on dark pages
	HeaderLogo *Image
	Icons      []TabIcon // of the browser's tab and of bookmarks; none = an empty one

	Header   bool // a bar above the page
	Split    bool // the background beside the form
	End      bool // the box at the end of the line
	Backdrop bool // a picture or a colour of the company's own stands behind
	NoLinks  bool // a foot without links

	Privacy, Terms, Support branding.Link

	Title, Description string // of the page that asks who somebody is; one blank = none
	Hint               string // in the box that asks for the address
	Text               string // below the form, in the small Markdown
	Reset              branding.Reset

	words map[string]string // by our keys, instead of the catalogue's
	sheet string            // where a long style sheet of the company's own is, "" = it is in the style
	style string
	hash  string
	same  unique.Handle[string] // of style: looks of many languages are one text in memory
}

// Image is a picture of a brand with the measures at which it is drawn, so that nothing moves when it comes.
type Image struct {
	Src           string
	Set           string // for screens with more pixels, "" = none
	Width, Height int
}

// NewBrand is a brand of nothing but a name and colours.
func NewBrand(name string, theme branding.Theme) *Brand {
	return (&Brand{Name: name}).dressed(static.HostedCSS() + theme.CSS())
}

// LookBrand makes a look ready for the pages. address gives the path of a stored picture; file that of a long style sheet
// of the company's own, and "" where it cannot be had: then it goes inline, as a short one does. nil is never.
func LookBrand(name string, look branding.Look, address func(branding.Picture) string, file func(sheet string) string) *Brand {
	b := &Brand{
		Name: name, Header: look.Shows(), Split: look.Template == branding.Split, End: look.Box == branding.BoxEnd && look.Template != branding.Split,
		NoLinks: !branding.Is(look.ShowFooter, true), Privacy: look.Privacy, Terms: look.Terms, Support: look.Support,
		Title: look.Title, Description: look.Description, Hint: branding.Text(look.UsernameHint), Text: branding.Text(look.SignInText), Reset: look.Reset,
		words: branding.Words(look.Texts),
	}
	b.Backdrop = look.HasBackdrop() || look.CSS != ""
	image := func(slots ...branding.Slot) *Image {
		for _, slot := range slots {
			if p, ok := look.Stored[slot]; ok {
				return imageOf(slot, p, address)
			}
		}
		return nil
	}
	b.Logo = image(branding.BannerLogo, branding.SquareLogo)
	b.LogoDark = image(branding.BannerLogoDark)
	if b.LogoDark == nil && look.Stored[branding.BannerLogo].Hash == "" {
		b.LogoDark = image(branding.SquareLogoDark)
	}
	if b.Logo == nil {
		b.Logo = b.LogoDark
	}
	b.HeaderLogo = image(branding.HeaderLogo)
	if p, ok := look.Stored[branding.Favicon]; ok {
		b.Icons = iconsOf(p, address)
	}
	company := branding.CompanySheet(look.CSS)
	if branding.OnlyLight(company) {
		b.LogoDark = nil
	}
	if len(company) > branding.MostInlineCSS && file != nil {
		if b.sheet = file(company); b.sheet != "" {
			company = ""
		}
	}
	css := static.HostedCSS()
	if look.Dressed() {
		css += static.BrandCSS()
	}
	return b.dressed(css + look.Sheet(address) + company)
}

// TabIcon is a link to a small picture that stands for the site.
type TabIcon struct{ Rel, Src, Sizes string }

// iconsOf are the sizes that a picture is kept in: small ones for tabs, the largest for home screens.
func iconsOf(p branding.Picture, address func(branding.Picture) string) []TabIcon {
	var icons []TabIcon
	seen := ""
	for _, width := range []int{32, 48} {
		if one := p.At(width); one.Hash != seen {
			seen = one.Hash
			icons = append(icons, TabIcon{"icon", address(one), sizes(one)})
		}
	}
	if large := p.At(180); large.Width >= 120 {
		icons = append(icons, TabIcon{"apple-touch-icon", address(large), sizes(large)})
	}
	return icons
}

func sizes(p branding.Picture) string {
	if p.Width == 0 || p.Height == 0 {
		return "any"
	}
	return strconv.Itoa(p.Width) + "x" + strconv.Itoa(p.Height)
}

func imageOf(slot branding.Slot, p branding.Picture, address func(branding.Picture) string) *Image {
	i := &Image{}
	i.Width, i.Height = slot.Fit(p)
	one, two := p.At(i.Width), p.At(2*i.Width)
	i.Src = address(one)
	if two.Hash != one.Hash {
		i.Set = address(one) + " 1x, " + address(two) + " 2x"
	}
	return i
}

// dressed puts everything into the one inline style of the pages.
func (b *Brand) dressed(css string) *Brand {
	b.same, b.hash = unique.Make("<style>"+css+"</style>"), CSPHash(css)
	b.style = b.same.Value()
	return b
}

// StyleBytes is how long its style is, which brands of the same StyleHash share.
func (b *Brand) StyleBytes() int { return len(b.style) }

// Speak gives a language with the tenant's own words in it.
func (b *Brand) Speak(l *i18n.Localizer) *i18n.Localizer { return l.Override(b.words) }

// class is the class of the body.
func (b *Brand) class() string {
	c := "hosted"
	if b.Split {
		c += " hosted--split"
	}
	if b.End {
		c += " hosted--end"
	}
	if b.Backdrop && !b.Split {
		c += " hosted--on"
	}
	return c
}

// Links are those of the foot, in the company's words or in ours.
func (b *Brand) Links(ctx context.Context) []Link {
	var list []Link
	if b.NoLinks {
		return nil
	}
	for _, l := range []struct {
		branding.Link
		key string
	}{{b.Privacy, "foot.privacy"}, {b.Terms, "foot.terms"}, {b.Support, "foot.help"}} {
		if l.URL != "" && !branding.Is(l.Hidden, false) {
			text := strings.TrimSpace(l.Text)
			if text == "" {
				text = T(ctx, l.key)
			}
			list = append(list, Link{Text: text, Href: l.URL})
		}
	}
	return list
}

func (i *Image) set() string {
	if i.Set != "" {
		return i.Set
	}
	return i.Src
}

func (i *Image) width() string  { return strconv.Itoa(i.Width) }
func (i *Image) height() string { return strconv.Itoa(i.Height) }
