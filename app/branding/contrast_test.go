package branding

import (
	"math/rand"
	"testing"
)

// swept are all corners of sRGB and 500 colours by chance (of a fixed seed).
func swept() []Color {
	var out []Color
	for i := range 8 {
		out = append(out, Color{float64(i & 1), float64(i >> 1 & 1), float64(i >> 2 & 1)})
	}
	r := rand.New(rand.NewSource(9))
	for range 500 {
		out = append(out, hexed(Color{r.Float64(), r.Float64(), r.Float64()}))
	}
	return out
}

// TestContrastSweep: whatever colour a company has, its buttons, links and edges can be read in both schemes.
func TestContrastSweep(t *testing.T) {
	for _, c := range swept() {
		for scheme, p := range map[string]Palette{"light": Light(c), "dark": Dark(c)} {
			surface, canvas := lightSurface(), lightCanvas()
			if scheme == "dark" {
				surface, canvas = darkSurface(), darkCanvas()
			}
			need(t, c, scheme+" button text", p.On, p.Brand, TextRatio)
			need(t, c, scheme+" hovered button text", p.On, p.Hover, TextRatio)
			need(t, c, scheme+" link", p.Text, surface, TextRatio)
			need(t, c, scheme+" link on the page", p.Text, canvas, TextRatio)
			need(t, c, scheme+" ring", p.Edge, surface, EdgeRatio)
		}
		for _, pair := range Pairs(c.Hex(), c.Hex(), c.Hex()) {
			need(t, c, pair.ID+" as drawn", pair.Drawn, pair.Back, pair.Need)
			if fixed := pair.Fix; pair.Of == "background" {
				need(t, c, pair.ID+" mended", pair.Fore, fixed, pair.Need)
			} else if pair.Passes() && pair.Fix != c {
				t.Fatalf("%s of %s passes and is changed to %s", pair.ID, c.Hex(), pair.Fix.Hex())
			} else if !pair.Passes() {
				need(t, c, pair.ID+" mended", fixed, pair.Back, pair.Need)
			}
		}
	}
}

// TestNearestIsNear: what passes stays, what fails moves no further than the first shade that passes.
func TestNearestIsNear(t *testing.T) {
	white, black := Color{1, 1, 1}, Color{}
	for _, row := range []struct {
		fore, back Color
		want       string
	}{{black, white, "#000000"}, {hexed(Color{.462, .462, .462}), white, "#767676"}, {white, white, "#767676"}, {Color{1, 1, 0}, white, ""}} {
		got := Nearest(row.fore, row.back, TextRatio)
		if Contrast(got, row.back) < TextRatio || row.want != "" && Contrast(got, row.back) > 4.7 && row.fore != black {
			t.Errorf("nearest to %s on %s is %s, %.2f:1", row.fore.Hex(), row.back.Hex(), got.Hex(), Contrast(got, row.back))
		}
	}
	for _, c := range swept() {
		got := Nearest(c, white, TextRatio)
		if Contrast(c, white) < TextRatio {
			l, _, _ := c.LCH()
			now, _, _ := got.LCH()
			if r := Contrast(got, white); now > l+0.001 || r > 4.75 {
				t.Errorf("%s became %s, %.2f:1", c.Hex(), got.Hex(), r)
			}
		} else if got != c {
			t.Errorf("%s passes and became %s", c.Hex(), got.Hex())
		}
	}
	grey, _ := ParseHex("#8a8a8a") // both ways lead somewhere: lighter is nearer here
	if got := Nearest(grey, hexed(Color{.2, .2, .2}), 4.5); got.Luminance() < grey.Luminance() {
		t.Errorf("went the long way: %s", got.Hex())
	}
}
