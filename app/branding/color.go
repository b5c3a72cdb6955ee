package branding

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Color is an sRGB colour, each channel from 0 to 1.
type Color struct{ R, G, B float64 }

// ParseHex reads "#rrggbb" or "#rgb" and nothing else: what an admin types never reaches a style sheet,
// only the number it stands for does.
func ParseHex(s string) (Color, bool) {
	s = strings.TrimSpace(s)
	if len(s) == 4 && s[0] == '#' {
		s = "#" + string([]byte{s[1], s[1], s[2], s[2], s[3], s[3]})
	}
	if len(s) != 7 || s[0] != '#' {
		return Color{}, false
	}
	n, err := strconv.ParseUint(s[1:], 16, 32)
	if err != nil {
		return Color{}, false
	}
	return Color{float64(n>>16) / 255, float64(n>>8&255) / 255, float64(n&255) / 255}, true
}

// Hex writes the colour as "#rrggbb".
func (c Color) Hex() string {
	q := func(v float64) int { return int(math.Round(255 * math.Min(1, math.Max(0, v)))) }
	return fmt.Sprintf("#%02x%02x%02x", q(c.R), q(c.G), q(c.B))
}

func linear(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

func gamma(v float64) float64 {
	if v <= 0.0031308 {
		return v * 12.92
	}
	return 1.055*math.Pow(v, 1/2.4) - 0.055
}

// Luminance is the relative luminance of WCAG 2.2.
func (c Color) Luminance() float64 {
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

// Contrast is the contrast ratio of WCAG 2.2, from 1 to 21.
func Contrast(a, b Color) float64 {
	x, y := a.Luminance(), b.Luminance()
	if x < y {
		x, y = y, x
	}
	return (x + 0.05) / (y + 0.05)
}

// OKLCH makes a colour of perceived lightness (0–1), chroma and hue (degrees), the way the style sheets
// write them (CSS Color 4 §9). A colour outside sRGB loses chroma until it fits.
func OKLCH(l, chroma, hue float64) Color {
	for c := chroma; ; c -= 0.002 {
		col := oklch(l, math.Max(0, c), hue)
		if c <= 0 || inGamut(col) {
			return Color{clamp(col.R), clamp(col.G), clamp(col.B)}
		}
	}
}

func clamp(v float64) float64 { return math.Min(1, math.Max(0, v)) }

func inGamut(c Color) bool {
	const e = 0.0005
	ok := func(v float64) bool { return v >= -e && v <= 1+e }
	return ok(c.R) && ok(c.G) && ok(c.B)
}

func oklch(L, chroma, hue float64) Color {
	a, b := chroma*math.Cos(hue*math.Pi/180), chroma*math.Sin(hue*math.Pi/180)
	l := math.Pow(L+0.3963377774*a+0.2158037573*b, 3)
	m := math.Pow(L-0.1055613458*a-0.0638541728*b, 3)
	s := math.Pow(L-0.0894841775*a-1.2914855480*b, 3)
	return Color{
		gamma(4.0767416621*l - 3.3077115913*m + 0.2309699292*s),
		gamma(-1.2684380046*l + 2.6097574011*m - 0.3413193965*s),
		gamma(-0.0041960863*l - 0.7034186147*m + 1.7076147010*s),
	}
}

// LCH gives the colour's OKLCH values.
func (c Color) LCH() (l, chroma, hue float64) {
	r, g, b := linear(c.R), linear(c.G), linear(c.B)
	lc := math.Cbrt(0.4122214708*r + 0.5363325363*g + 0.0514459929*b)
	mc := math.Cbrt(0.2119034982*r + 0.6806995451*g + 0.1073969566*b)
	sc := math.Cbrt(0.0883024619*r + 0.2817188376*g + 0.6299787005*b)
	l = 0.2104542553*lc + 0.7936177850*mc - 0.0040720468*sc
	a := 1.9779984951*lc - 2.4285922050*mc + 0.4505937099*sc
	bb := 0.0259040371*lc + 0.7827717662*mc - 0.8086757660*sc
	return l, math.Hypot(a, bb), math.Atan2(bb, a) * 180 / math.Pi
}

// Readable moves the lightness of c away from the background, keeping its hue, until the contrast is at
// least ratio. Black or white always suffice up to 4.58:1, so it always ends.
func (c Color) Readable(on Color, ratio float64) Color {
	if Contrast(c, on) >= ratio {
		return c
	}
	l, chroma, hue := c.LCH()
	step := 0.01
	if on.Luminance() > 0.18 {
		step = -step
	}
	for l += step; l > 0 && l < 1; l += step {
		if x := OKLCH(l, chroma, hue); Contrast(hexed(x), on) >= ratio {
			return hexed(x)
		}
	}
	return OnColor(on)
}

// hexed rounds to what a style sheet can say, so that what is measured is what is shown.
func hexed(c Color) Color { x, _ := ParseHex(c.Hex()); return x }

// OnColor is the better of black and white for text on c: at least 4.58:1 over every sRGB colour.
func OnColor(c Color) Color {
	white, black := Color{1, 1, 1}, Color{}
	if Contrast(white, c) >= Contrast(black, c) {
		return white
	}
	return black
}

// shift moves the lightness by d, the other way when there is no room.
func (c Color) shift(d float64) Color {
	l, chroma, hue := c.LCH()
	if l+d < 0.05 || l+d > 0.97 {
		d = -d
	}
	return hexed(OKLCH(l+d, chroma, hue))
}
