package branding

import (
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Text has to be readable whatever a sheet paints. After its rules are read, what each kind of part stands on is worked
// out, over all rules and for each medium, and inks and backgrounds that leave too little contrast are left out. A rule
// that paints gets the scheme that suits what it paints, so that our own inks on it are right.

const leastContrast = 3

// kind is a sort of part of our pages: what names it, what it stands in, and what it stands on when a sheet says nothing.
type kind struct {
	element string
	classes string
	in      int // -1 = nothing
	paper   string
	blank   bool // no text of ours stands on it immediately
}

const (
	onPage, onBox, onFoot = 0, 4, 11
	onPrimary, onHeader   = 8, 1
)

// inherits tells of a kind of part that it has no ink of its own: the scheme of its rule does not change the one it gets.
func inherits(k int) bool { return slices.Contains([]int{5, 7, onFoot + 1, 13, 15, 16}, k) }

func kinds() []kind {
	return []kind{
		{"body", "", -1, "canvas", true},
		{"", "header", onPage, "surface", false},
		{"", "background-image vertical-split-background-image-container", onPage, "", true},
		{"", "middle vertical-split-main-section", onPage, "", true},
		{"", "sign-in-box", 3, "surface", false},
		{"", "title", onBox, "", false},
		{"", "subtitle", onBox, "", false},
		{"", "boilerplate-text", onBox, "", false},
		{"", "button primary", onBox, "accent", false},
		{"", "button secondary", onBox, "surface", false},
		{"", "input text-box", onBox, "surface", false},
		{"", "footer", onPage, "surface", false},
		{"", "footer-links", onFoot, "", false},
		{"a", "footer-item", 12, "", false},
		{"", "input text-box has-error", onBox, "surface", false},
		{"", "promoted-fed-cred-box", onBox, "", false},
		{"", "debug-item", onBox, "", false},
		{"a", "", onBox, "", false},
		{"a", "", 7, "", false},
	}
}

// namedBy tells whether the last part of a selector can mean a kind of part.
func (k kind) namedBy(s selector) bool {
	if s.element != "" && s.element != k.element {
		return false
	}
	if s.element == "a" && len(s.classes) == 0 && s.inFoot() != (k.classes == "footer-item") {
		return false
	}
	for _, c := range s.classes {
		if !oneOf(k.classes, c) {
			return false
		}
	}
	return s.element != "" || len(s.classes) > 0
}

// onlyLinks stands behind every bare a: what looks like a button, and what stands in the foot, has its own colour.
const onlyLinks = ":where(:not(.ext-button,.ext-footer-item))"

func (s selector) inFoot() bool { return strings.Contains(s.text, ".ext-footer") }

// shade is a colour as far as it is known.
type shade struct {
	Color
	alpha float64
	token string // the company's colour, which is not known here
}

// scales are the tokens whose lightness does not hang on the company's colours, in light and in dark.
func scales(token string) (scale [2]float64, ok bool) {
	switch token {
	case "--ink":
		return [2]float64{.24, .95}, true
	case "--ink-soft":
		return [2]float64{.45, .77}, true
	case "--canvas":
		return [2]float64{.974, .17}, true
	case "--surface":
		return [2]float64{1, .215}, true
	case "--tint":
		return [2]float64{.956, .265}, true
	case "--link": // the least that the link is made for
		return [2]float64{.5, .6}, true
	}
	return scale, false
}

// shades gives the colours in a cleaned value.
func shades(v string, dark bool) []shade {
	var list []shade
	for _, layer := range topLevel(v, ',') {
		for _, part := range topLevel(layer, ' ') {
			name, args, call := strings.Cut(strings.TrimSuffix(part, ")"), "(")
			switch {
			case call && strings.HasSuffix(name, "gradient"):
				list = append(list, shades(args, dark)...)
			case call && name == "var":
				if scale, ok := scales(args); ok {
					l := scale[0]
					if dark {
						l = scale[1]
					}
					list = append(list, shade{OKLCH(l, 0, 0), 1, ""})
				} else if oneOf(backTokens+" "+inkTokens, args) {
					list = append(list, shade{alpha: 1, token: args})
				}
			default:
				if c, alpha, ok := colorOf(part); ok {
					list = append(list, shade{c, alpha, ""})
				}
			}
		}
	}
	return list
}

// colorOf reads a cleaned colour that is written out. Of lab and lch only the lightness is told, which is what contrast is
// measured by.
func colorOf(v string) (Color, float64, bool) {
	if c, ok := namedColors()[v]; ok {
		return c, 1, true
	}
	if v == "transparent" {
		return Color{}, 0, true
	}
	if hexColor.MatchString(v) {
		alpha := 1.0
		if a, ok := alphaOf(v); ok && (len(v) == 5 || len(v) == 9) {
			alpha, v = a, v[:len(v)-len(v)/4]
		}
		c, ok := ParseHex(v)
		return c, alpha, ok
	}
	name, inner, ok := strings.Cut(strings.TrimSuffix(v, ")"), "(")
	args := strings.FieldsFunc(inner, func(r rune) bool { return r == ',' || r == ' ' || r == '/' })
	if !ok || len(args) < 3 || len(args) > 4 {
		return Color{}, 0, false
	}
	var n [4]float64
	var percent [4]bool
	n[3] = 1
	for i, a := range args {
		if a == "none" {
			n[i] = 0
			continue
		}
		m := measured.FindStringSubmatch(a)
		if m == nil {
			return Color{}, 0, false
		}
		n[i], _ = strconv.ParseFloat(m[1], 64)
		switch m[2] {
		case "%":
			n[i], percent[i] = n[i]/100, true
		case "turn":
			n[i] *= 360
		case "rad":
			n[i] *= 180 / math.Pi
		case "grad":
			n[i] *= .9
		}
	}
	of := func(i int, whole float64) float64 { // a number of a scale, as a share
		if percent[i] {
			return n[i]
		}
		return n[i] / whole
	}
	alpha := clamp(n[3])
	grey := func(y float64) Color { g := clamp(gamma(clamp(y))); return Color{g, g, g} }
	switch name {
	case "rgb", "rgba":
		return Color{clamp(of(0, 255)), clamp(of(1, 255)), clamp(of(2, 255))}, alpha, true
	case "hsl", "hsla":
		return hsl(n[0], clamp(of(1, 100)), clamp(of(2, 100))), alpha, true
	case "hwb":
		w, b := clamp(of(1, 100)), clamp(of(2, 100))
		if w+b >= 1 {
			return Color{w / (w + b), w / (w + b), w / (w + b)}, alpha, true
		}
		c := hsl(n[0], 1, .5)
		return Color{c.R*(1-w-b) + w, c.G*(1-w-b) + w, c.B*(1-w-b) + w}, alpha, true
	case "oklch":
		return OKLCH(clamp(n[0]), min(.5, max(0, part(n[1], percent[1], .4))), n[2]), alpha, true
	case "oklab":
		a, b := part(n[1], percent[1], .4), part(n[2], percent[2], .4)
		return OKLCH(clamp(n[0]), min(.5, math.Hypot(a, b)), math.Atan2(b, a)*180/math.Pi), alpha, true
	case "lab", "lch":
		l := clamp(of(0, 100)) * 100
		if l <= 8 {
			return grey(l / 903.3), alpha, true
		}
		return grey(math.Pow((l+16)/116, 3)), alpha, true
	}
	return Color{}, 0, false
}

func part(n float64, percent bool, whole float64) float64 {
	if percent {
		return n * whole
	}
	return n
}

func hsl(hue, s, l float64) Color {
	f := func(n float64) float64 {
		k := math.Mod(math.Mod(n+hue/30, 12)+12, 12)
		return l - s*min(l, 1-l)*max(-1, min(k-3, 9-k, 1))
	}
	return Color{f(0), f(8), f(4)}
}

func laidOn(top shade, under shade) shade {
	if top.alpha >= 1 || top.token != "" {
		return top
	}
	mix := func(a, b float64) float64 { return a*top.alpha + b*(1-top.alpha) }
	return shade{Color{mix(top.R, under.R), mix(top.G, under.G), mix(top.B, under.B)}, 1, under.token}
}

// worst is the least contrast between inks and papers; one of the company's own colours is readable only as what it was
// made for.
func worst(inks, papers []shade) float64 {
	least := 21.0
	for _, p := range papers {
		for _, i := range inks {
			switch {
			case i.token != "" || p.token != "":
				if i.token != "--on-accent" || !strings.HasPrefix(p.token, "--accent") {
					return 1
				}
			default:
				least = min(least, Contrast(laidOn(i, p).Color, p.Color))
			}
		}
	}
	return least
}

// scheme is the one whose inks are readable on what is painted, and how well.
func scheme(papers []shade) (string, float64) {
	light, dark := worst(shades("#000", false), papers), worst(shades("#fff", false), papers)
	if dark >= light { // as OnColor has it
		return "dark", dark
	}
	return "light", light
}

// inkPass is one look over all rules.
type inkPass struct {
	kinds  []kind
	rules  []ruleSet
	sized  bool      // some background does not fill its part
	named  [][][]int // per rule and selector: its kinds
	failed map[[2]int]bool
}

// paint is what the declarations of a rule paint.
type paint struct{ color, image string }

func paintOf(r ruleSet) (p paint, paints bool) {
	for _, d := range r.body {
		switch d.name {
		case "background":
			p, paints = paint{"transparent", "none"}, true
			for _, layer := range topLevel(d.value, ',') {
				for _, part := range topLevel(layer, ' ') {
					if strings.Contains(part, "gradient(") {
						p.image = strings.TrimPrefix(p.image+","+part, "none,")
					} else if part != "none" {
						p.color = part
					}
				}
			}
		case "background-color":
			p.color, paints = d.value, true
		case "background-image":
			p.image, paints = d.value, true
		}
	}
	return p, paints
}

func inkOf(r ruleSet) string {
	for _, d := range r.body {
		if d.name == "color" {
			return d.value
		}
	}
	return ""
}

// plain tells whether a selector means its parts always: no state, and nothing around but the page.
func (s selector) plain() bool {
	return !s.state && (s.parts == 1 || s.parts == 2 && strings.HasPrefix(s.text, "body"))
}

func (s selector) weight() int {
	return 100*(strings.Count(s.text, ".")+strings.Count(s.text, ":")) + strings.Count(s.text, "body") + btoi(s.element == "a")
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// medium is a set of circumstances: which rules hold in it.
type medium struct {
	dark  bool
	holds func(media string) bool
}

const darkScheme = "(prefers-color-scheme:dark)"

func (x *inkPass) media() []medium {
	const dark, light = darkScheme, "(prefers-color-scheme:light)"
	list := []medium{
		{false, func(m string) bool { return m == "" || m == light }},
		{false, func(m string) bool { return !strings.Contains(m, dark) }}}
	var seen []string
	for _, r := range x.rules {
		if r.media == "" || r.media == dark || r.media == light || slices.Contains(seen, r.media) || len(seen) > 16 {
			continue
		}
		seen = append(seen, r.media)
		list = append(list, medium{strings.Contains(r.media, dark), func(m string) bool { return m == "" || m == r.media }})
	}
	if x.schemed() {
		list = append(list, medium{true, func(m string) bool { return m == "" || m == dark }}, medium{true, func(m string) bool { return !strings.Contains(m, light) }})
	}
	return list
}

// state is what holds for a kind of part in a medium.
type standing struct {
	ink        string
	inkRule    int
	inkWeight  int
	paint      paint
	colorW     int
	imageW     int
	colorSet   bool
	imageSet   bool
	occasional []paint // what is painted in some states, or inside of some parts
}

// inking is what a rule says about colours, by one of its selectors, for one of the kinds of parts that this means.
type inking struct {
	rule, kind int
	by         selector
	ink        string // "" = none
	paint      paint
	paints     bool
}

// inkings are those of the rules that hold in a medium.
func (x *inkPass) inkings(m medium) iter.Seq[inking] {
	return func(yield func(inking) bool) {
		for i, r := range x.rules {
			if !m.holds(r.media) {
				continue
			}
			ink := inkOf(r)
			p, paints := paintOf(r)
			if ink == "" && !paints {
				continue
			}
			for j, s := range r.of {
				for _, k := range x.named[i][j] {
					if !yield(inking{i, k, s, ink, p, paints}) {
						return
					}
				}
			}
		}
	}
}

func (x *inkPass) stand(m medium) []standing {
	list := make([]standing, len(x.kinds))
	for k := range list {
		list[k].inkRule = -1
	}
	for of := range x.inkings(m) {
		i, k, s, ink, p, paints := of.rule, of.kind, of.by, of.ink, of.paint, of.paints
		st, w := &list[k], s.weight()
		if !s.plain() {
			if paints {
				st.occasional = append(st.occasional, p)
			}
			continue
		}
		if ink != "" && w >= st.inkWeight {
			st.ink, st.inkRule, st.inkWeight = ink, i, w
		}
		if p.color != "" && w >= st.colorW {
			st.paint.color, st.colorW, st.colorSet = p.color, w, true
		}
		if p.image != "" && w >= st.imageW {
			st.paint.image, st.imageW, st.imageSet = p.image, w, true
		}
	}
	return list
}

// papers gives the colours on which a kind of part can stand, with p painted on it; all adds what is painted at times.
func (x *inkPass) papers(list []standing, k int, p paint, all, dark bool) []shade {
	var under []shade
	switch x.kinds[k].paper {
	case "surface", "canvas":
		under = shades("var(--"+x.kinds[k].paper+")", dark)
	case "accent":
		under = []shade{{alpha: 1, token: "--accent"}}
	}
	if x.kinds[k].in >= 0 && (len(under) == 0 || p.color != "" && !opaque(shades(p.color, dark))) {
		in := x.kinds[k].in
		under = x.papers(list, in, list[in].paint, true, dark)
	}
	if p.color != "" {
		under = lay(shades(p.color, dark), under)
	}
	if image := shades(p.image, dark); len(image) > 0 {
		if laid := lay(image, under); opaque(image) && !x.sized {
			under = laid
		} else {
			under = append(under, laid...)
		}
	}
	if all {
		for _, o := range list[k].occasional {
			whole := p
			if o.color != "" {
				whole.color = o.color
			}
			if o.image != "" {
				whole.image = o.image
			}
			if whole != p {
				under = append(under, x.papers(list, k, whole, false, dark)...)
			}
		}
	}
	return distinct(under)
}

func distinct(list []shade) []shade {
	var out []shade
	for _, s := range list {
		if !slices.Contains(out, s) && len(out) < 64 {
			out = append(out, s)
		}
	}
	return out
}

func opaque(list []shade) bool {
	for _, s := range list {
		if s.alpha < 1 {
			return false
		}
	}
	return len(list) > 0
}

func lay(top, under []shade) []shade {
	if len(top) == 0 { // inherit and the like
		return under
	}
	var out []shade
	for _, t := range top {
		for _, u := range under {
			out = append(out, laidOn(t, u))
		}
	}
	return distinct(out)
}

// What of a rule fails.
const (
	failInk = iota
	failPaint
	failScheme
)

// inks leaves out what could not be read, until nothing is left out any more, and gives rules that paint their scheme.
func (c *cleaner) inks() {
	for round := 0; ; round++ {
		x := &inkPass{kinds: kinds(), rules: c.out, failed: map[[2]int]bool{}}
		for _, r := range c.out {
			var of [][]int
			for _, s := range r.of {
				var ks []int
				for k := range x.kinds {
					if x.kinds[k].namedBy(s) {
						ks = append(ks, k)
					}
				}
				of = append(of, ks)
			}
			x.named = append(x.named, of)
			for _, d := range r.body {
				x.sized = x.sized || d.name == "background-size" && !oneOf("cover auto contain 100%", d.value) && d.value != "100% 100%" ||
					d.name == "background-position" && strings.ContainsAny(d.value, "0123456789")
			}
		}
		x.schemes()
		for _, m := range x.media() {
			x.look(m)
		}
		if len(x.failed) == 0 || round > 40 {
			for i := range c.out {
				x.scheme(i)
			}
			c.edges(x)
			return
		}
		c.leaveOut(x.failed)
	}
}

func (c *cleaner) leaveOut(failed map[[2]int]bool) {
	var kept []ruleSet
	for i, r := range c.out {
		var body []decl
		for _, d := range r.body {
			bad := failed[[2]int{i, failInk}] && d.name == "color" || failed[[2]int{i, failScheme}] && d.name == "color-scheme" ||
				failed[[2]int{i, failPaint}] && (d.name == "background" || d.name == "background-color" || d.name == "background-image")
			if bad {
				c.drop(d.line, d.name+": "+d.value, whyContrast)
				continue
			}
			body = append(body, d)
		}
		if r.body = body; len(body) > 0 {
			kept = append(kept, r)
		}
	}
	c.out = kept
}

// schemes finds where a sheet switches the scheme under what is painted.
func (x *inkPass) schemes() {
	painted := map[int]bool{}
	for i, r := range x.rules {
		if _, paints := paintOf(r); paints {
			for _, of := range x.named[i] {
				for _, k := range of {
					painted[k] = true
				}
			}
		}
	}
	for i, r := range x.rules {
		_, paints := paintOf(r)
		if paints || i == 0 && r.selector == pinned && r.media == "" {
			continue // it gets its own
		}
		for _, d := range r.body {
			if d.name != "color-scheme" {
				continue
			}
			for j, s := range r.of {
				for _, k := range x.named[i][j] {
					if painted[k] || !s.plain() || k != onPage && k != onBox {
						x.failed[[2]int{i, failScheme}] = true
					}
				}
			}
		}
	}
}

// look judges each rule in a medium.
func (x *inkPass) look(m medium) {
	list := x.stand(m)
	for of := range x.inkings(m) {
		i, k, s, ink, p, paints := of.rule, of.kind, of.by, of.ink, of.paint, of.paints
		st := list[k]
		mine := merged(st.paint, p)
		if s.plain() {
			if ink != "" && st.inkRule == i && worst(shades(ink, m.dark), x.papers(list, k, st.paint, false, m.dark)) < leastContrast {
				x.failed[[2]int{i, failInk}] = true
			}
		} else if ink != "" {
			if worst(shades(ink, m.dark), x.papers(list, k, mine, !paints, m.dark)) < leastContrast {
				x.failed[[2]int{i, failInk}] = true
			}
		} else if st.ink != "" && worst(shades(st.ink, m.dark), x.papers(list, k, mine, false, m.dark)) < leastContrast {
			x.failed[[2]int{i, failPaint}] = true
		}
		if paints && !x.kinds[k].blank && !x.failed[[2]int{i, failPaint}] {
			papers := x.papers(list, k, mine, false, m.dark)
			accent := false
			for _, s := range papers {
				accent = accent || s.token != ""
			}
			if accent {
				if k != onPrimary && k != onHeader || !oneAccent(papers) {
					x.failed[[2]int{i, failPaint}] = true
				}
			} else if _, best := scheme(papers); best < leastContrast {
				x.failed[[2]int{i, failPaint}] = true
			}
		}
	}
}

func oneAccent(papers []shade) bool {
	for _, p := range papers {
		if !strings.HasPrefix(p.token, "--accent") {
			return false
		}
	}
	return true
}

func merged(base, p paint) paint {
	if p.color != "" {
		base.color = p.color
	}
	if p.image != "" {
		base.image = p.image
	}
	return base
}

// scheme gives a rule that paints the scheme that suits, and a button or a bar an ink when the sheet has none.
func (x *inkPass) scheme(i int) {
	r := &x.rules[i]
	p, paints := paintOf(*r)
	if !paints {
		return
	}
	list := x.stand(medium{false, func(m string) bool { return m == "" || m == r.media }})
	var papers []shade
	own := append(shades(p.color, false), shades(p.image, false)...)
	follows := true // only what changes with the scheme itself
	for _, d := range []string{p.color, p.image} {
		for _, s := range []string{"#", "rgb", "hsl", "hwb", "lab(", "lch("} {
			follows = follows && !strings.Contains(d, s)
		}
		for _, word := range strings.FieldsFunc(d, func(r rune) bool { return strings.ContainsRune(" ,()", r) }) {
			_, name := namedColors()[word]
			follows = follows && !name
		}
	}
	seen := slices.ContainsFunc(own, func(s shade) bool { return s.alpha >= .5 })
	follows = follows || !seen && x.schemed()
	tinted := false // a part of which an ink of the theme is the usual one
	bare := false   // one whose own background is gone
	heir := false   // one that has the ink of what it stands in
	accent := false
	for j := range r.of {
		for _, k := range x.named[i][j] {
			theirs := (k == onPrimary || k == onHeader) && list[k].ink == ""
			if !seen && !list[k].colorSet {
				bare = bare || theirs && p.color != ""
				continue
			}
			papers = append(papers, x.papers(list, k, merged(list[k].paint, p), false, false)...)
			tinted, heir = tinted || theirs, heir || inherits(k) && list[k].ink == ""
		}
	}
	for _, s := range papers {
		accent = accent || s.token != ""
	}
	body := slices.DeleteFunc(slices.Clone(r.body), func(d decl) bool { return d.name == "color-scheme" })
	inkless := inkOf(*r) == ""
	switch {
	case len(papers) > 0 && !accent && !follows:
		name, _ := scheme(papers)
		if inkless && (tinted || heir) {
			body = append(body, decl{"color", map[string]string{"light": "#000", "dark": "#fff"}[name], 0})
		}
		body = append(body, decl{"color-scheme", name, 0})
	case accent && tinted && inkless:
		body = append(body, decl{"color", "var(--on-accent)", 0})
	case (tinted || bare) && inkless: // the ink that turns with what is painted
		body = append(body, decl{"color", "var(--ink)", 0})
	}
	r.body = body
}

// schemed tells whether a sheet has rules for a scheme, so that its pages are dark for who asked for it.
func (x *inkPass) schemed() bool {
	return slices.ContainsFunc(x.rules, func(r ruleSet) bool { return strings.Contains(r.media, "prefers-color-scheme") })
}
