package branding

import (
	"regexp"
	"strings"
	"testing"
)

// TestInksAreReadAsTheyAreDrawn: what is kept of a sheet is drawn the way a browser does it, with its scheme and our tokens
// resolved, on light and on dark pages; every ink on a part that is painted is read on what is painted.
func TestInksAreReadAsTheyAreDrawn(t *testing.T) {
	box, primary, input, foot := ".ext-sign-in-box", ".ext-button.ext-primary", ".ext-input.ext-text-box", ".ext-footer"
	for _, c := range []struct{ name, part, sheet string }{
		{"a box in two halves", box, `.ext-sign-in-box{background:light-dark(#000,#fff)}`},
		{"a gradient of halves", box, `.ext-sign-in-box{background:linear-gradient(light-dark(#000,#fff),light-dark(#000,#fff))}`},
		{"halves for dark pages", box, `@media (prefers-color-scheme:dark){.ext-sign-in-box{background:light-dark(#000,#fff)}}`},
		{"a box and its ink in halves", box, `.ext-sign-in-box{background:light-dark(#222,#eee);color:light-dark(#eee,#222)}`},
		{"a button in halves", primary, `.ext-button.ext-primary{background:light-dark(#000,#fff)}`},
		{"a box to type in, in halves", input, `.ext-input.ext-text-box{background:light-dark(#000,#fff)}`},
		{"a foot in halves", foot, `.ext-footer{background:light-dark(#000,#fff)}`},
		{"a button like the box", primary, `.ext-button.ext-primary{background:var(--surface)}`},
		{"a button like the page", primary, `.ext-button.ext-primary{background:var(--canvas)}`},
		{"a button like a tint", primary, `.ext-button.ext-primary{background:var(--tint)}`},
		{"a button with the ink of another", primary, `.ext-button.ext-primary{background:var(--surface);color:var(--on-accent)}`},
		{"a button of nothing", primary, `.ext-button.ext-primary{background:none}`},
		{"a button that is seen through", primary, `.ext-button.ext-primary{background:rgba(0,0,0,.05)}@media (prefers-color-scheme:dark){.ext-title{font-weight:700}}`},
		{"a button of its own ink", primary, `.ext-button.ext-primary{background:currentcolor}`},
		{"a button without a background", primary, `.ext-button.ext-primary{background:initial}`},
		{"a title on black", ".ext-title", `.ext-title{background:#000}`},
		{"a title on white in a black box", ".ext-title", `.ext-sign-in-box{background:#000;color:#fff}.ext-title{background:#fff}`},
	} {
		clean, _ := CleanCSS(c.sheet)
		for _, dark := range []bool{false, true} {
			scheme := dark && !OnlyLight(clean)
			paper := drawn(t, "var(--surface)", scheme)
			inks := map[string][]string{box: {"var(--ink)", "var(--ink-soft)", "var(--link)"}, primary: {"var(--on-accent)"}, input: {"var(--ink)"},
				foot: {"var(--ink-soft)"}, ".ext-title": {"var(--ink)"}}[c.part]
			if c.part == primary {
				paper = drawn(t, "var(--accent)", scheme)
			}
			body := bodyOf(clean, c.part, dark)
			if s, ok := body["color-scheme"]; ok {
				scheme = s == "dark"
			}
			if ink, ok := body["color"]; ok && c.part == box {
				inks[0] = ink
			} else if ok {
				inks = []string{ink}
			}
			for _, name := range []string{"background", "background-color"} {
				if v, ok := body[name]; ok {
					paper = drawn(t, v, scheme)
				}
			}
			for _, ink := range inks {
				if got := Contrast(drawn(t, ink, scheme), paper); got < TextRatio {
					t.Errorf("%s, on dark pages %v: %s is drawn with %.2f:1 in %s", c.name, dark, ink, got, clean)
				}
			}
		}
	}
}

// bodyOf is what holds for a part: rules in their order, those of dark pages only there.
func bodyOf(clean, part string, dark bool) map[string]string {
	body := map[string]string{}
	clean = strings.TrimPrefix(clean, "@layer company{")
	inDark := false
	for _, m := range regexp.MustCompile(`(@media[^{]*)\{|([^{}]+)\{([^}]*)\}|\}`).FindAllStringSubmatch(clean, -1) {
		switch {
		case m[1] != "":
			inDark = strings.Contains(m[1], "dark")
		case m[2] == "":
			inDark = false
		case strings.HasSuffix(","+m[2], ","+part) && (dark || !inDark):
			for _, d := range strings.Split(m[3], ";") {
				name, v, _ := strings.Cut(d, ":")
				body[name] = v
			}
		}
	}
	return body
}

// drawn is a colour as a browser resolves it in a scheme, on our box; tokens are those of the page's own style sheet.
func drawn(t *testing.T, v string, dark bool) Color {
	t.Helper()
	halved, ok := map[string][2]Color{
		"var(--ink)":       {OKLCH(.24, .022, 264), OKLCH(.95, .006, 264)},
		"var(--ink-soft)":  {OKLCH(.45, .022, 264), OKLCH(.77, .014, 264)},
		"var(--link)":      {OKLCH(.47, .17, 266), OKLCH(.78, .11, 266)},
		"var(--surface)":   {OKLCH(1, 0, 0), OKLCH(.215, .015, 264)},
		"var(--canvas)":    {OKLCH(.974, .005, 264), OKLCH(.17, .013, 264)},
		"var(--tint)":      {OKLCH(.956, .007, 264), OKLCH(.265, .017, 264)},
		"var(--accent)":    {OKLCH(.47, .17, 266), OKLCH(.74, .12, 266)},
		"var(--on-accent)": {OKLCH(1, 0, 0), OKLCH(.18, .03, 266)},
	}[v]
	if ok {
		return halved[btoi(dark)]
	}
	halves := regexp.MustCompile(`light-dark\(([^,]*),([^)]*)\)`)
	v = halves.ReplaceAllString(v, map[bool]string{false: "$1", true: "$2"}[dark])
	if inner, gradient := strings.CutPrefix(v, "linear-gradient("); gradient {
		v, _, _ = strings.Cut(inner, ",")
	}
	if v == "none" {
		v = "transparent"
	}
	c, alpha, ok := colorOf(v)
	if !ok {
		t.Fatalf("%s is no colour", v)
	}
	return laidOn(shade{c, alpha, ""}, shade{Color: drawn(t, "var(--surface)", dark), alpha: 1}).Color
}

// TestEdgesAreSeen: boxes to type in and buttons are seen as what they are.
func TestEdgesAreSeen(t *testing.T) {
	for _, c := range []struct{ name, source, keeps, why string }{
		{"no edge", `.ext-input.ext-text-box{border:0;background:#fff}`, `.ext-input.ext-text-box{background:#fff;color-scheme:light}`, whyEdge},
		{"a button like the box", `.ext-button.ext-primary{background:#fff;border-color:#fff}`, `.ext-button.ext-primary{border:1px solid var(--edge);background:#fff;color:#000;color-scheme:light}`, whyEdge},
		{"a line below", `.ext-text-box{border:0;border-bottom:2px solid #333}`, `.ext-text-box{border:0;border-bottom:2px solid #333}`, ""},
		{"a background that is seen", `.ext-primary{background:#0067b8;border:none}`, `.ext-primary{background:#0067b8;border:none;color:#fff;color-scheme:dark}`, ""},
		{"a pale edge", `.ext-text-box{border:1px solid #ddd}`, "", whyEdge},
		{"an edge that can be seen", `.ext-text-box{border:1px solid #767676}`, `.ext-text-box{border:1px solid #767676}`, ""},
		{"a pale one on a dark box", `.ext-sign-in-box{background:#000}.ext-text-box{border:1px solid #ddd}`, `.ext-sign-in-box{background:#000;color-scheme:dark}.ext-text-box{border:1px solid #ddd}`, ""},
		{"one of the box itself", `.ext-sign-in-box{border:0}`, `.ext-sign-in-box{border:0}`, ""},
		{"a button without one, pointed at", `.ext-secondary{background:#222;border:0}.ext-secondary:hover{background:#fff;color:#000}`,
			`.ext-secondary{background:#222;border:0;color-scheme:dark}.ext-secondary:hover{border:1px solid var(--edge);background:#fff;color:#000;color-scheme:light}`, ""},
		{"a pill", `.ext-primary{border-radius:9999px}`, `.ext-primary{border-radius:1000px}`, ""},
	} {
		clean, dropped := CleanCSS(c.source)
		got := strings.TrimPrefix(strings.TrimSuffix(strings.TrimPrefix(clean, "@layer company{"), "}"), "body,.ext-sign-in-box{color-scheme:light}")
		why := ""
		if len(dropped) > 0 {
			why = dropped[0].Why
		}
		if got != c.keeps || why != c.why {
			t.Errorf("%s: %s, %v", c.name, got, dropped)
		}
		if again, _ := CleanCSS(strings.TrimSuffix(strings.TrimPrefix(clean, "@layer company{"), "}")); again != clean {
			t.Errorf("%s: cleaned again it is %s", c.name, again)
		}
	}
}
