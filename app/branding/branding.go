// Package branding knows a tenant's theme as values, the arithmetic of contrast behind it, and the CSS
// text that follows from the values. An admin gives a colour; everything else is derived, so no choice
// makes a page unreadable. What was typed is parsed to numbers and never echoed.
package branding

import "strings"

// Corners is how round things are.
type Corners string

const (
	Round  Corners = "round" // the default, also ""
	Soft   Corners = "soft"
	Square Corners = "square"
)

// Theme is what a style sheet is made of. The zero Theme is the neutral default, which carries no mark of ours (F090).
type Theme struct {
	Color      string // "#rrggbb"; buttons, links, the mark
	Background string // "#rrggbb"; the page behind the card, light scheme only
	Corners    Corners
}

// Surfaces of the two schemes, as the style sheet's --surface and --canvas have them; a test compares.
func lightSurface() Color { return Color{1, 1, 1} }
func lightCanvas() Color  { return hexed(OKLCH(.974, .005, 264)) }
func darkSurface() Color  { return hexed(OKLCH(.215, .015, 264)) }
func darkCanvas() Color   { return hexed(OKLCH(.17, .013, 264)) }

// Palette is everything derived from one brand colour for one scheme.
type Palette struct {
	Brand Color // fill of buttons and marks: the admin's colour as it is
	Hover Color
	On    Color // text on the fill
	Edge  Color // border of the fill, 3:1 against the surface even where the fill itself is not
	Text  Color // the colour as text and links, 4.5:1 on surface and canvas, more on dark ones
}

// Light derives the palette for light pages.
func Light(brand Color) Palette {
	return derive(brand, lightSurface(), lightCanvas(), -.06, 4.5)
}

// Dark derives the palette for dark pages.
func Dark(brand Color) Palette {
	return derive(brand, darkSurface(), darkCanvas(), .05, 6.5)
}

func derive(brand, surface, canvas Color, hover, ratio float64) Palette {
	p := Palette{Brand: brand, On: OnColor(brand), Hover: brand.shift(hover)}
	if OnColor(p.Hover) != p.On && Contrast(p.On, p.Hover) < 4.5 {
		p.Hover = brand.shift(-hover)
	}
	if Contrast(p.On, p.Hover) < 4.5 {
		p.Hover = brand
	}
	p.Edge = brand.Readable(surface, 3)
	text := brand
	for _, on := range []Color{surface, canvas, surface} {
		text = text.Readable(on, ratio)
	}
	p.Text = text
	return p
}

// CSS is the theme as the text of one layer, about ten declarations made of validated numbers. A theme
// that does not validate gives what its valid parts say.
func (t Theme) CSS() string {
	var b strings.Builder
	both := func(name string, light, dark Color) {
		b.WriteString("--" + name + ":light-dark(" + light.Hex() + "," + dark.Hex() + ");")
	}
	var plain strings.Builder
	if c, ok := ParseHex(t.Color); ok {
		l, d := Light(c), Dark(c)
		for _, row := range []struct {
			name        string
			light, dark Color
		}{
			{"brand", l.Brand, d.Brand}, {"on-brand", l.On, d.On}, {"brand-hover", l.Hover, d.Hover},
			{"brand-edge", l.Edge, d.Edge}, {"brand-text", l.Text, d.Text},
		} {
			both(row.name, row.light, row.dark)
			plain.WriteString("--" + row.name + ":" + row.light.Hex() + ";")
		}
	}
	if c, ok := ParseHex(t.Background); ok {
		l, chroma, hue := c.LCH()
		dark := hexed(OKLCH(.10+.08*l, min(chroma, .03), hue))
		ink := hexed(OKLCH(.45, .022, 264)).Readable(c, 4.5)
		both("page", c, dark)
		both("page-ink", ink, hexed(OKLCH(.77, .014, 264)).Readable(dark, 4.5))
		plain.WriteString("--page:" + c.Hex() + ";--page-ink:" + ink.Hex() + ";")
	}
	switch t.Corners {
	case Square:
		b.WriteString("--radius-1:0;--radius-2:0;--radius-3:0;")
	case Soft:
		b.WriteString("--radius-1:.125rem;--radius-2:.25rem;--radius-3:.375rem;")
	}
	if b.Len() == 0 {
		return ""
	}
	css := "@layer theme{:root{" + strings.TrimSuffix(b.String(), ";") + "}"
	if plain.Len() > 0 {
		css += "@supports not (color:light-dark(#000,#fff)){:root{" + strings.TrimSuffix(plain.String(), ";") + "}}"
	}
	return css + "}"
}

// Ratio is one derived pair with its contrast, as the admin page shows it.
type Ratio struct {
	Name       string // button, link; in the light or dark scheme
	Fore, Back Color
	Ratio      float64
}

// Ratios lists the pairs that people will read, with their contrast.
func (t Theme) Ratios() []Ratio {
	c, ok := ParseHex(t.Color)
	if !ok {
		return nil
	}
	l, d := Light(c), Dark(c)
	pair := func(name string, f, b Color) Ratio { return Ratio{name, f, b, Contrast(f, b)} }
	return []Ratio{
		pair("light button", l.On, l.Brand), pair("light link", l.Text, lightSurface()),
		pair("dark button", d.On, d.Brand), pair("dark link", d.Text, darkSurface()),
	}
}
