package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"portico/app/branding"
)

func build(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := Build("..")
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestTheCommittedFilesAreUpToDate(t *testing.T) {
	files := build(t)
	entries, err := os.ReadDir("../dist")
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(files) {
		t.Errorf("dist holds %d files, the sources make %d: run go generate ./static", len(entries), len(files))
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("..", "dist", name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is out of date: run go generate ./static", name)
		}
	}
}

// DESIGN §8 and UI.md §2, §7.
func TestBudgets(t *testing.T) {
	files := build(t)
	for name, limit := range map[string]int{"hosted.css": 18 << 10, "admin.css": 32 << 10, "account.css": 14 << 10, "admin.js": 15 << 10, "favicon.svg": 1 << 10} {
		if n := len(files[name]); n == 0 || n > limit {
			t.Errorf("%s: %d bytes, at most %d", name, n, limit)
		}
	}
	if n := len(files["passkey.js"]) + len(files["show-password.js"]) + len(files["password-strength.js"]); n > 10<<10 {
		t.Errorf("scripts of hosted pages: %d bytes, at most 10 KiB", n)
	}
}

var physical = regexp.MustCompile(`(?:^|[^\w-])((?:margin|padding|border|inset|scroll-margin|scroll-padding)-(?:left|right|top|bottom)(?:-[a-z]+)?|left|right|top|bottom|width|height|(?:min|max)-(?:width|height)|border-(?:top|bottom)-(?:left|right)-radius)\s*:|text-align:\s*(?:left|right)|float:\s*(?:left|right)`)

func TestOnlyLogicalProperties(t *testing.T) {
	each(t, func(name, css string) {
		for _, m := range physical.FindAllString(css, -1) {
			t.Errorf("%s: %q is physical", name, strings.TrimSpace(m))
		}
	})
}

func TestTheRulesOfTheStyleSheets(t *testing.T) {
	each(t, func(name, css string) {
		if strings.Contains(css, "!important") && name < "90-" {
			t.Errorf("%s: !important outside overrides", name)
		}
		if id := regexp.MustCompile(`(?m)^\s*#[a-z]`).FindString(css); id != "" {
			t.Errorf("%s: styled by id: %s", name, id)
		}
		if strings.Contains(css, "@import") || regexp.MustCompile(`url\(`).MatchString(css) {
			t.Errorf("%s loads something else", name)
		}
		if strings.Count(css, "{") != strings.Count(css, "}") {
			t.Errorf("%s: braces do not match", name)
		}
		if name != "00-layers.css" && !strings.Contains(css, "@layer ") {
			t.Errorf("%s is in no layer", name)
		}
	})
}

func each(t *testing.T, look func(name, css string)) {
	t.Helper()
	sheets, err := filepath.Glob("../css/*.css")
	if err != nil || len(sheets) < 15 {
		t.Fatalf("%d style sheets, %v", len(sheets), err)
	}
	for _, path := range sheets {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		look(filepath.Base(path), string(b))
	}
}

// tokens reads the roles of 02-tokens.css for one scheme (0 light, 1 dark).
func tokens(t *testing.T, scheme int) map[string]branding.Color {
	t.Helper()
	b, err := os.ReadFile("../css/02-tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	one := `oklch\(([\d.]+)% ([\d.]+) ([\d.]+)\)`
	re := regexp.MustCompile(`--([\w-]+): (?:var\(--[\w-]+, )?light-dark\(` + one + `, ` + one + `\)`)
	colours := map[string]branding.Color{}
	for _, m := range re.FindAllStringSubmatch(string(b), -1) {
		v := m[2+3*scheme:]
		colours[m[1]] = branding.OKLCH(number(t, v[0])/100, number(t, v[1]), number(t, v[2]))
	}
	return colours
}

// UI.md §3: text 4.5:1, borders of controls and focus ring 3:1, in both schemes.
func TestContrastOfTheTokens(t *testing.T) {
	for scheme, name := range []string{"light", "dark"} {
		c := tokens(t, scheme)
		check := func(fore, back string, ratio float64) {
			f, ok1 := c[fore]
			b, ok2 := c[back]
			if !ok1 || !ok2 {
				t.Fatalf("%s: no --%s or --%s", name, fore, back)
			}
			if got := branding.Contrast(f, b); got < ratio {
				t.Errorf("%s: --%s on --%s is %.2f:1, want %.1f:1", name, fore, back, got, ratio)
			}
		}
		for _, back := range []string{"surface", "canvas", "tint"} {
			for _, fore := range []string{"ink", "ink-soft", "link", "danger", "warn", "ok", "info"} {
				check(fore, back, 4.5)
			}
			check("edge", back, 3)
			check("focus", back, 3)
		}
		for _, tone := range []string{"danger", "warn", "ok", "info"} {
			check(tone, tone+"-tint", 4.5)
			check("ink", tone+"-tint", 4.5)
		}
		check("on-accent", "accent", 4.5)
		check("on-accent", "accent-hover", 4.5)
		check("on-danger", "danger-fill", 4.5)
	}
}

// Each text in the colour of danger, and what it stands on. The text beside a field stands in a box that a company may
// paint grey, so it brings its ground with it.
func TestDangerCanBeReadWhereverItStands(t *testing.T) {
	ours := []string{"surface", "canvas", "tint"}
	grounds := map[string][]string{".field__error": {"danger-tint"}, ".summary": {"danger-tint"}, "del": ours, ".link-button--danger": ours}
	rule := regexp.MustCompile(`(?m)^  ([^\s{}][^{}]*) \{([^{}]*(?:&[^{}]*\{[^{}]*\}[^{}]*)*)\}`)
	seen := map[string]bool{}
	each(t, func(name, css string) {
		for _, m := range rule.FindAllStringSubmatch(regexp.MustCompile(`(?s)/\*.*?\*/\s*`).ReplaceAllString(css, ""), -1) {
			if !regexp.MustCompile(`(^|[ ;{])color: var\(--danger\)`).MatchString(m[2]) {
				continue
			}
			on, ok := grounds[m[1]]
			if seen[m[1]] = true; !ok {
				t.Errorf("%s: %s is in the colour of danger, and nothing says what it stands on", name, m[1])
			}
			if len(on) == 1 && !strings.Contains(m[2], "background: var(--"+on[0]+")") {
				t.Errorf("%s: %s does not bring --%s with it", name, m[1], on[0])
			}
		}
	})
	for what, on := range grounds {
		if !seen[what] {
			t.Errorf("%s is no text in the colour of danger", what)
		}
		for scheme, name := range []string{"light", "dark"} {
			c := tokens(t, scheme)
			for _, back := range on {
				if _, ok := c[back]; !ok {
					t.Fatalf("no --%s", back)
				}
				if got := branding.Contrast(c["danger"], c[back]); got < 4.5 {
					t.Errorf("%s: %s on --%s is %.2f:1", name, what, back, got)
				}
			}
		}
	}
}

func TestTheThemeKnowsTheSurfacesOfTheStyleSheet(t *testing.T) {
	for scheme, palette := range []func(branding.Color) branding.Palette{branding.Light, branding.Dark} {
		c := tokens(t, scheme)
		for _, hex := range []string{"#ffffff", "#000000", "#0b6e4f", "#ffd400", "#3b4fc4"} {
			brand, _ := branding.ParseHex(hex)
			p := palette(brand)
			for _, back := range []string{"surface", "canvas"} {
				if got := branding.Contrast(p.Text, c[back]); got < 4.45 {
					t.Errorf("brand %s as text on --%s: %.2f:1", hex, back, got)
				}
			}
		}
	}
}

func TestNeighboursOfALayerAreOneBlock(t *testing.T) {
	var j joined
	for _, css := range []string{"@layer a{.x{y:z}}", "@layer a{@media print{.x{y:z}}}", "@layer b{.x{y:z}}", "@layer b{.x{y:z}}@layer c{.x{y:z}}", "@layer c{.x{y:z}}", "@layer a,b;", "@layer a{}"} {
		j.add(css)
	}
	if want := "@layer a{.x{y:z}@media print{.x{y:z}}}@layer b{.x{y:z}}@layer b{.x{y:z}}@layer c{.x{y:z}}@layer c{.x{y:z}}@layer a,b;@layer a{}"; j.text != want {
		t.Errorf("\n got %s\nwant %s", j.text, want)
	}
}

func TestMinify(t *testing.T) {
	for in, want := range map[string]string{
		"/* a */ .a > .b { color : red; }\n":           ".a > .b{color :red}",
		`.a::before { content: " (" attr(href) ")"; }`: `.a::before{content:" (" attr(href) ")"}`,
		".a { & .b :hover { margin: 0 auto } }":        ".a{& .b :hover{margin:0 auto}}",
		"a { width: calc(1px + 2px) }":                 "a{width:calc(1px + 2px)}",
	} {
		if got := Minify(in); got != want {
			t.Errorf("%s\n got %s\nwant %s", in, got, want)
		}
	}
}

func TestLightFallback(t *testing.T) {
	got := LightFallback(Minify(":root { --a: light-dark(oklch(1% 0 0), oklch(2% 0 0)); --b: var(--x, light-dark(red, blue)); --c: 1px; }"))
	want := "@supports not (color:light-dark(#000,#fff)){@layer tokens{:root{color-scheme:light;--a:oklch(1% 0 0);--b:var(--x,red)}}}"
	if got != want {
		t.Errorf("%s", got)
	}
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	var whole, part, scale float64 = 0, 0, 1
	after := false
	for _, r := range s {
		switch {
		case r == '.':
			after = true
		case after:
			part, scale = part*10+float64(r-'0'), scale*10
		default:
			whole = whole*10 + float64(r-'0')
		}
	}
	return whole + part/scale
}

// A column of a grid is as wide as its longest word unless it may shrink: what people named themselves would
// run out of its box on a phone.
func TestBoxesOfWordsMayShrink(t *testing.T) {
	css := string(build(t)["admin.css"])
	for _, box := range []string{".notice__body", ".bullets"} {
		_, rule, _ := strings.Cut(css, box+"{")
		if rule, _, _ = strings.Cut(rule, "}"); !strings.Contains(rule, "grid-template-columns:minmax(0,1fr)") {
			t.Errorf("%s: %s", box, rule)
		}
	}
}
