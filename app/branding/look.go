package branding

import (
	"regexp"
	"strings"
)

// Shows reports whether there is a bar with the header logo above the page: when the switch says so, or when
// a logo was given for it and the switch says nothing.
func (l Look) Shows() bool {
	_, logo := l.Stored[HeaderLogo]
	return Is(l.ShowHeader, logo)
}

// HasBackdrop reports whether a picture stands behind the page, or beside it.
func (l Look) HasBackdrop() bool { _, ok := l.Stored[BackgroundImage]; return ok }

// Dressed reports whether the look needs more than the neutral page's style sheet.
func (l Look) Dressed() bool {
	return l.Shows() || l.HasBackdrop() || l.Template == Split || l.Box == BoxEnd || l.SignInText != "" || l.CSS != "" || len(l.Stored) > 0
}

// safeAddress is a path as our own routes make them.
var safeAddress = regexp.MustCompile(`^/[A-Za-z0-9/._~-]+$`)

// Sheet is the look as style sheet text, to stand behind that of the pages: what follows from colours and
// corners, and the background picture in the size that a screen needs. address gives the path of a picture.
func (l Look) Sheet(address func(Picture) string) string {
	var b strings.Builder
	b.WriteString(l.Colors().CSS())
	if c, ok := ParseHex(l.HeaderBackground); ok && l.Shows() {
		b.WriteString("@layer theme{:root{--header:" + c.Hex() + ";--header-ink:" + OnColor(c).Hex() + "}}")
	}
	if p, ok := l.Stored[BackgroundImage]; ok {
		b.WriteString(backdrop(p, address))
	}
	return b.String()
}

// MostInlineCSS is up to what length a company's own style sheet stands in the pages themselves. A longer one is a file,
// which browsers load once.
const MostInlineCSS = 2 << 10

// CompanySheet is a company's own style sheet as pages have it, behind all of ours: cleaned, with what it cannot
// change. "" when nothing of it is left.
func CompanySheet(source string) string {
	clean, _ := CleanCSS(source)
	if clean == "" {
		return ""
	}
	// Whatever colour links have, those to what is wrong keep ours; and no shadow lies on what asks.
	return clean + "@layer overrides{.summary a{color:var(--danger)}.summary,.field__error,.field__label,.who{position:relative;z-index:1}}"
}

// backdrop loads no picture on a phone, a small one on a small screen, the whole on a large one.
func backdrop(p Picture, address func(Picture) string) string {
	small := p
	for _, s := range p.Smaller {
		if s.Width >= 960 && s.Width < small.Width {
			small = s
		}
	}
	rule := func(query string, p Picture) string {
		at := address(p)
		if !safeAddress.MatchString(at) {
			return ""
		}
		return "@media (" + query + "){.backdrop{background-image:url(" + at + ")}}"
	}
	css := rule("width>=30rem", small)
	if small.Hash != p.Hash {
		css += rule("width>=64rem", p)
	}
	return "@layer theme{" + css + "}"
}

// Size gives the largest measures, in CSS pixels, at which a picture of a slot is drawn: those of R 3.2.
func (s Slot) Size() (width, height int) {
	switch s {
	case SquareLogo, SquareLogoDark:
		return 64, 64
	case Favicon:
		return 32, 32
	case BackgroundImage:
		return 1920, 1080
	}
	return 245, 36
}

// Fit gives the measures at which a picture is drawn in a slot.
func (s Slot) Fit(p Picture) (width, height int) {
	w, h := s.Size()
	if p.Width <= 0 || p.Height <= 0 {
		return w, h
	}
	if p.Width <= w && p.Height <= h {
		return p.Width, p.Height
	}
	if p.Width*h > p.Height*w {
		return w, max(1, (p.Height*w+p.Width/2)/p.Width)
	}
	return max(1, (p.Width*h+p.Height/2)/p.Height), h
}

// At picks the smallest stored size that is at least so wide.
func (p Picture) At(width int) Picture {
	best := p
	for _, s := range p.Smaller {
		if s.Width >= width && s.Width < best.Width {
			best = s
		}
	}
	return best
}
