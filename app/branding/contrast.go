package branding

// Least ratios of WCAG 2.2: of text, and of what is no text but must be seen (edges of buttons, focus rings).
const (
	TextRatio = 4.5
	EdgeRatio = 3.0
)

// Nearest is the colour most like fore that stands out from back by at least ratio: the same hue, darker or lighter,
// whichever is the smaller step. Where no shade of the hue does, it is black or white.
func Nearest(fore, back Color, ratio float64) Color {
	fore = hexed(fore)
	if Contrast(fore, back) >= ratio {
		return fore
	}
	l, chroma, hue := fore.LCH()
	for step := 0.0025; step < 1; step += 0.0025 {
		best, ratioOf := Color{}, 0.0
		for _, at := range []float64{l - step, l + step} {
			if at < 0 || at > 1 {
				continue
			}
			x := hexed(OKLCH(at, chroma, hue))
			if r := Contrast(x, back); r >= ratio && r > ratioOf {
				best, ratioOf = x, r
			}
		}
		if ratioOf > 0 {
			return best
		}
	}
	return OnColor(back)
}

// Pair is two colours that meet on a page, as they were chosen, with their contrast.
type Pair struct {
	ID         string // button, link, edge, footer, header: what meets
	Of         string // the element that an admin may change: color, background, headerBackground
	Dark       bool   // on dark pages
	Fore, Back Color
	Ratio      float64
	Need       float64
	Fix        Color // for Of, so that the pair passes; the same as chosen when it does
	Drawn      Color // what pages use in place of Fore, so that it can be read whatever was chosen
}

// Passes reports whether the pair can be read as it was chosen.
func (p Pair) Passes() bool { return p.Ratio >= p.Need }

// Pairs measures a colour, a page background and the background of the header, as they are chosen. Nothing that fails
// makes a page unreadable: a shade that passes is drawn instead. It is told, so that an admin can choose that shade.
func Pairs(color, background, header string) []Pair {
	var out []Pair
	add := func(id, of string, dark bool, fore, back Color, need float64, fix, drawn Color) {
		out = append(out, Pair{ID: id, Of: of, Dark: dark, Fore: fore, Back: back, Ratio: Contrast(fore, back), Need: need, Fix: fix, Drawn: drawn})
	}
	if c, ok := ParseHex(color); ok {
		l, d := Light(c), Dark(c)
		add("button", "color", false, l.On, c, TextRatio, c, l.On)
		add("link", "color", false, c, lightSurface(), TextRatio, Nearest(c, lightSurface(), TextRatio), l.Text)
		add("edge", "color", false, c, lightSurface(), EdgeRatio, Nearest(c, lightSurface(), EdgeRatio), l.Edge)
		add("link", "color", true, c, darkSurface(), TextRatio, Nearest(c, darkSurface(), TextRatio), d.Text)
		add("edge", "color", true, c, darkSurface(), EdgeRatio, Nearest(c, darkSurface(), EdgeRatio), d.Edge)
	}
	if c, ok := ParseHex(background); ok {
		ink := hexed(OKLCH(.45, .022, 264))
		drawn := ink.Readable(c, TextRatio)
		add("footer", "background", false, ink, c, TextRatio, Nearest(c, ink, TextRatio), drawn)
	}
	if c, ok := ParseHex(header); ok {
		add("header", "headerBackground", false, OnColor(c), c, TextRatio, c, OnColor(c))
	}
	return out
}
