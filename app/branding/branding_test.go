package branding

import (
	"strings"
	"testing"
)

func TestContrastIsThatOfWCAG(t *testing.T) {
	for _, row := range []struct {
		a, b string
		want float64
	}{
		{"#000000", "#ffffff", 21}, {"#777777", "#ffffff", 4.48}, {"#767676", "#ffffff", 4.54}, {"#0000ff", "#ffffff", 8.59}, {"#abc", "#abc", 1},
	} {
		a, _ := ParseHex(row.a)
		b, _ := ParseHex(row.b)
		if got := Contrast(a, b); got < row.want-.01 || got > row.want+.01 {
			t.Errorf("contrast of %s on %s is %.3f, want %.2f", row.a, row.b, got, row.want)
		}
	}
}

func TestOKLCHGoesThereAndBack(t *testing.T) {
	for r := 0; r < 256; r += 17 {
		for g := 0; g < 256; g += 17 {
			for b := 0; b < 256; b += 17 {
				c := Color{float64(r) / 255, float64(g) / 255, float64(b) / 255}
				if got := OKLCH(c.LCH()).Hex(); got != c.Hex() {
					t.Fatalf("%s came back as %s", c.Hex(), got)
				}
			}
		}
	}
}

// No brand colour is ever refused: over a sweep of sRGB, every derived pair is readable in both schemes.
func TestEveryBrandColourIsReadable(t *testing.T) {
	for r := 0; r < 256; r += 15 {
		for g := 0; g < 256; g += 15 {
			for b := 0; b < 256; b += 15 {
				c := Color{float64(r) / 255, float64(g) / 255, float64(b) / 255}
				for scheme, p := range map[string]Palette{"light": Light(c), "dark": Dark(c)} {
					surface, canvas := lightSurface(), lightCanvas()
					if scheme == "dark" {
						surface, canvas = darkSurface(), darkCanvas()
					}
					need(t, c, scheme+" button text", p.On, p.Brand, 4.58)
					need(t, c, scheme+" hovered button text", p.On, p.Hover, 4.5)
					need(t, c, scheme+" button edge", p.Edge, surface, 3)
					need(t, c, scheme+" link on surface", p.Text, surface, 4.5)
					need(t, c, scheme+" link on canvas", p.Text, canvas, 4.5)
				}
			}
		}
	}
}

func need(t *testing.T, brand Color, what string, a, b Color, ratio float64) {
	t.Helper()
	if got := Contrast(a, b); got < ratio-.005 {
		t.Fatalf("brand %s: %s is %s on %s, %.2f:1, want %.2f:1", brand.Hex(), what, a.Hex(), b.Hex(), got, ratio)
	}
}

func TestWhatIsTypedNeverReachesTheStyleSheet(t *testing.T) {
	for _, evil := range []string{"red;}body{display:none", "#12345", "#gggggg", "</style><script>", "url(//x)", "#fff;--x:1", "＃ffffff"} {
		theme := Theme{Color: evil, Background: evil, Corners: Corners(evil)}
		if css := theme.CSS(); css != "" {
			t.Errorf("%q gave %q", evil, css)
		}
		if (Elements{Color: evil}).Validate() == nil || (Elements{Background: evil}).Validate() == nil || (Elements{Corners: Corners(evil)}).Validate() == nil {
			t.Errorf("%q was accepted", evil)
		}
	}
	for _, evil := range []string{"javascript:alert(1)", "//elsewhere.example", "/x", "https://u:p@x.example", `https://x.example/"onclick=`, "ftp://x.example", "data:text/html,x"} {
		if (Elements{Privacy: Link{URL: evil}}).Validate() == nil {
			t.Errorf("link %q was accepted", evil)
		}
	}
	for _, evil := range []string{"../x", "x.png", strings.Repeat("g", 64)} {
		if (Elements{Pictures: map[Slot]string{Favicon: evil}}).Validate() == nil {
			t.Errorf("picture %q was accepted", evil)
		}
	}
}

func TestThemeAsText(t *testing.T) {
	if css := (Theme{}).CSS(); css != "" {
		t.Errorf("the neutral theme has text: %q", css)
	}
	theme := Theme{Color: "#0B6E4F", Background: "#f3f7f5", Corners: Soft}
	css := theme.CSS()
	for _, want := range []string{"@layer theme{:root{--brand:light-dark(#0b6e4f,#0b6e4f)", "--on-brand:light-dark(#ffffff,#ffffff)", "--radius-2:.25rem", "--page:light-dark(#f3f7f5"} {
		if !strings.Contains(css, want) {
			t.Errorf("%q is missing in %q", want, css)
		}
	}
	if strings.Count(css, "{") != strings.Count(css, "}") || len(css) > 700 {
		t.Errorf("misshapen or too long (%d): %s", len(css), css)
	}
	if len(theme.Ratios()) != 4 {
		t.Error("four pairs are shown")
	}
}

func FuzzTheme(f *testing.F) {
	f.Add("#0b6e4f", "#fff", "soft", "/brand/logo.png")
	f.Add("red}", "#1234567", "</style>", "//x")
	f.Fuzz(func(t *testing.T, colour, background, corners, logo string) {
		theme := Theme{Color: colour, Background: background, Corners: Corners(corners)}
		css := theme.CSS()
		if strings.ContainsAny(css, "<>\"'\\@") && strings.Count(css, "@") > 2 || strings.Contains(css, "</") || strings.Count(css, "{") != strings.Count(css, "}") {
			t.Errorf("%+v gave %q", theme, css)
		}
		if WebAddress(logo) && strings.ContainsAny(logo, "\"'<>\\") {
			t.Errorf("link %q was accepted", logo)
		}
	})
}
