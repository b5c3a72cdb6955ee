package branding

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/tdewolff/parse/v2/css"
)

var extClasses = sync.OnceValue(func() map[string]bool {
	set := map[string]bool{}
	for _, c := range ExtClasses() {
		set[c] = true
	}
	return set
})

// property says what a property may hold.
type property struct {
	words     string  // keywords
	color     bool    // colours
	text      bool    // colours of text: not see-through
	image     bool    // gradients
	low, high float64 // lengths in px (16 to a rem or em); both 0 = none
	percent   float64 // the highest percentage; 0 = none
	bare      [2]float64
	numbers   bool // numbers without a unit, within bare
	times     bool // durations up to a second, and timing functions
	blur      bool
	fonts     bool
	fluid     bool   // a width: never wider than what it stands in
	root      bool   // measured at the root, so that parts inside parts do not grow smaller and smaller
	onlyOn    string // the classes it is for
	angle     bool   // angles, inside of a gradient
	radius    bool   // takes our radii
	space     bool   // takes our spaces
	inline    bool   // a space at the sides too: never more than a small screen has
	back      bool   // what text stands on
}

// properties is what a company's style sheet may set.
var properties = sync.OnceValue(func() map[string]property {
	m := map[string]property{
		"color":                      {color: true, text: true},
		"caret-color":                {color: true, text: true},
		"background-color":           {color: true, back: true},
		"background":                 {color: true, image: true, words: "none", back: true},
		"background-image":           {image: true, words: "none", color: true, back: true},
		"background-size":            {words: "auto cover contain", high: 4000, percent: 400},
		"background-position":        {words: "center top bottom left right", low: -2000, high: 4000, percent: 100},
		"background-repeat":          {words: "repeat no-repeat repeat-x repeat-y space round"},
		"box-shadow":                 {color: true, words: "none inset", low: -64, high: 64, numbers: true},
		"text-shadow":                {color: true, words: "none", low: -8, high: 16, numbers: true},
		"font-family":                {fonts: true},
		"font-size":                  {words: "medium small large x-large xx-large", low: 12, high: 64, percent: 400, root: true},
		"font-style":                 {words: "normal italic oblique"},
		"font-weight":                {words: "normal bold bolder lighter", numbers: true, bare: [2]float64{100, 900}},
		"font-variant":               {words: "normal small-caps"},
		"line-height":                {words: "normal", numbers: true, bare: [2]float64{1, 3}, low: 14, high: 96, percent: 300},
		"letter-spacing":             {words: "normal", low: -1, high: 8, numbers: true},
		"text-align":                 {words: "left right center start end justify"},
		"text-transform":             {words: "none uppercase lowercase capitalize"},
		"text-decoration":            {words: "none underline overline solid dotted dashed wavy double", color: true, high: 6},
		"text-decoration-line":       {words: "none underline overline"},
		"text-decoration-color":      {color: true},
		"text-decoration-style":      {words: "solid dotted dashed wavy double"},
		"text-decoration-thickness":  {words: "auto from-font", high: 6},
		"text-underline-offset":      {words: "auto", high: 12},
		"opacity":                    {numbers: true, bare: [2]float64{.6, 1}, onlyOn: "button primary secondary input text-box header-logo background-image"},
		"width":                      {words: "auto", low: 200, high: 1600, percent: 100, fluid: true},
		"max-width":                  {words: "none", low: 200, high: 1600, percent: 100, fluid: true},
		"min-width":                  {words: "auto", high: 1600, percent: 100, fluid: true},
		"min-height":                 {words: "auto", low: 24, high: 1080},
		"color-scheme":               {words: "light dark"},
		"cursor":                     {words: "auto default pointer text"},
		"backdrop-filter":            {words: "none", blur: true, high: 40},
		"transition":                 {words: "none all color background-color border-color box-shadow opacity background ease ease-in ease-out ease-in-out linear", times: true, numbers: true},
		"transition-property":        {words: "none all color background-color border-color box-shadow opacity background"},
		"transition-duration":        {times: true},
		"transition-delay":           {times: true},
		"transition-timing-function": {words: "ease ease-in ease-out ease-in-out linear", times: true, numbers: true},
	}
	line := "none solid dashed dotted double groove ridge inset outset hidden thin medium thick"
	border := property{words: line, color: true, high: 24, numbers: true}
	radius := property{high: 1000, percent: 100, numbers: true, radius: true}
	pad := property{high: 72, percent: 20, numbers: true, space: true, inline: true}
	margin := pad
	margin.words = "auto"
	m["border"], m["border-color"], m["border-style"], m["border-width"] = border, border, border, border
	m["border-radius"], m["padding"], m["margin"] = radius, pad, margin
	for _, side := range strings.Fields("top right bottom left block inline block-start block-end inline-start inline-end") {
		pad, margin := pad, margin
		if strings.HasPrefix(side, "block") || side == "top" || side == "bottom" {
			pad.inline, margin.inline = false, false
		}
		m["padding-"+side], m["margin-"+side] = pad, margin
		for _, part := range []string{"", "-color", "-style", "-width"} {
			m["border-"+side+part] = border
		}
	}
	for _, corner := range strings.Fields("top-left top-right bottom-left bottom-right start-start start-end end-start end-end") {
		m["border-"+corner+"-radius"] = radius
	}
	return m
})

// hiding are properties that could move, cover or hide what must be seen.
const hiding = " position inset top right bottom left z-index display visibility content pointer-events transform translate scale rotate clip" +
	" clip-path mask mask-image overflow overflow-x overflow-y float order text-indent filter mix-blend-mode content-visibility animation animation-name" +
	" white-space max-height user-select direction unicode-bidi zoom appearance writing-mode grid-area flex-direction font all background-clip background-attachment "

// The tokens of ours that a sheet may read, each only where such a value may stand: a space is no measure of
// text, and the colour of a surface is no ink.
const (
	backTokens  = "--surface --canvas --tint --accent --accent-hover --brand --ink"
	inkTokens   = "--ink --ink-soft --link --brand-text --accent --on-accent --on-brand"
	colorTokens = "--accent --on-accent --accent-hover --link --ink --ink-soft --canvas --surface --tint --line --edge --page --page-ink --brand --on-brand --brand-text"
	radiusToken = "--radius-1 --radius-2 --radius-3"
	spaceTokens = "--space-1 --space-2 --space-3 --space-4 --space-5 --space-6"
	fontTokens  = "--font --mono"
)

// reads tells which of our tokens a property may read.
func (p property) reads(token string) bool {
	switch {
	case p.text:
		return oneOf(inkTokens, token)
	case p.back:
		return oneOf(backTokens, token)
	case p.color:
		return oneOf(colorTokens, token)
	case p.radius:
		return oneOf(radiusToken, token)
	case p.space:
		return oneOf(spaceTokens, token)
	}
	return p.fonts && oneOf(fontTokens, token)
}

func oneOf(list, word string) bool { return strings.Contains(" "+list+" ", " "+word+" ") }

// readDeclaration judges one declaration for the selectors it is to hold for, and whether they are those of dark pages.
func readDeclaration(name string, value []token, of []selector, dark bool) (decl, string) {
	switch name {
	case "height": // a box grows with its text
		name = "min-height"
	case "inline-size":
		name = "width"
	case "max-inline-size":
		name = "max-width"
	case "min-block-size":
		name = "min-height"
	}
	p, known := properties()[name]
	switch {
	case known:
	case strings.HasPrefix(name, "outline"):
		return decl{}, whyFocus
	case name == "behavior" || strings.HasSuffix(name, "-moz-binding"):
		return decl{}, whyScript
	case oneOf(hiding, name) || strings.HasPrefix(name, "inset-"):
		return decl{}, whyHides
	default:
		return decl{}, whyProperty
	}
	for _, s := range of {
		if s.inError && (p.color || name == "opacity" || name == "font-size") { // what went wrong keeps our colours and size
			return decl{}, whyProtected
		}
		if p.onlyOn != "" {
			fits := false
			for _, c := range s.classes {
				fits = fits || oneOf(p.onlyOn, c)
			}
			if !fits {
				return decl{}, whyHides
			}
		}
	}
	if len(value) == 0 {
		return decl{}, whyBroken
	}
	w := &writer{p: p, dark: dark}
	if p.fonts {
		w.families(value)
	} else {
		w.list(value, 0)
	}
	if p.fluid && w.measures > 1 {
		w.refuse(whyValue)
	}
	if w.why != "" {
		return decl{}, w.why
	}
	text := tight(w.b.String())
	if text == "" || len(text) > 1000 {
		return decl{}, whyValue
	}
	if p.fluid && w.measures == 1 && name != "min-width" && strings.HasSuffix(text, "%") && text != "100%" {
		floor := least
		for _, s := range of {
			if holds(s) {
				floor = leastBox
			}
		}
		text = "max(" + text + "," + floor + ")"
	} else if p.fluid && w.measures == 1 && text != "0" && !strings.HasSuffix(text, "%") {
		for _, s := range of {
			if n, unit, ok := measure(value[len(value)-1]); ok && holds(s) && name != "min-width" {
				if px, ok := pixels(n, unit); ok && px < 280 {
					return decl{}, whyBounds
				}
			}
		}
		text = "min(" + text + ",100%)"
	}
	if name == "opacity" {
		for _, s := range of {
			for _, c := range s.classes {
				if n, err := strconv.ParseFloat(text, 64); err == nil && n < .85 && c != "header-logo" && c != "background-image" {
					return decl{}, whyContrast
				}
			}
		}
	}
	if strings.HasSuffix(name, "-shadow") && !lowShadow(text, name == "text-shadow") {
		return decl{}, whyHides
	}
	if p.text {
		for _, s := range shades(text, dark) {
			if s.alpha < .7 {
				return decl{}, whyHides
			}
		}
	}
	return decl{name: name, value: text}, ""
}

// What a width in percent leaves at least: of a part, and of one that holds others.
const (
	least    = "min(12rem,100%)"
	leastBox = "min(20rem,100%)"
)

func holds(s selector) bool {
	for _, c := range s.classes {
		if oneOf("sign-in-box middle vertical-split-main-section", c) {
			return true
		}
	}
	return s.element == "body"
}

// lowShadow takes a cleaned shadow: parts are painted one after the other, so that one that reaches far would lie on what
// stands before it. Near ones may be of any colour; far ones are soft, see-through, and not many.
func lowShadow(text string, ofText bool) bool {
	if oneOf("none "+globals, text) {
		return true
	}
	var dark float64
	layers := topLevel(text, ',')
	for _, layer := range layers {
		var lengths []float64
		inset, alpha := false, 1.0
		for _, part := range topLevel(layer, ' ') {
			m := measured.FindStringSubmatch(part)
			switch {
			case m != nil:
				n, _ := strconv.ParseFloat(m[1], 64)
				n, _ = pixels(n, m[2])
				if m[2] == "em" || m[2] == "ch" || m[2] == "ex" { // a title may be four times as large
					n *= 4
				}
				lengths = append(lengths, n)
			case part == "inset":
				inset = true
			default:
				if a, ok := alphaOf(part); ok {
					alpha = a
				}
			}
		}
		if len(lengths) < 2 || len(lengths) > 4 {
			return false
		}
		lengths = append(lengths, 0, 0)
		reach, blur := max(math.Abs(lengths[0]), math.Abs(lengths[1]))+max(0, lengths[3]), lengths[2]
		switch {
		case ofText:
			if reach > 4 || blur > 16 {
				return false
			}
		case reach <= 8 && blur <= 8:
		case inset || blur < reach || alpha > .5:
			return false
		default:
			dark += alpha
		}
	}
	return len(layers) <= 6 && dark <= .75
}

// topLevel cuts a cleaned value at a sign outside of brackets.
func topLevel(s string, at byte) []string {
	var parts []string
	depth, start := 0, 0
	for i := range len(s) {
		switch {
		case s[i] == '(':
			depth++
		case s[i] == ')':
			depth--
		case s[i] == at && depth == 0:
			parts, start = append(parts, s[start:i]), i+1
		}
	}
	return append(parts, s[start:])
}

func tight(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	for _, sign := range []string{",", "/", "("} {
		s = strings.ReplaceAll(strings.ReplaceAll(s, " "+sign, sign), sign+" ", sign)
	}
	return strings.ReplaceAll(s, " )", ")")
}

// writer writes a value again from what is known of its tokens.
type writer struct {
	p        property
	dark     bool // for dark pages
	b        strings.Builder
	why      string
	measures int
}

// atom writes a word, a number or a function, apart from the one before.
func (w *writer) atom(s string) { apart(&w.b, s) }

func apart(b *strings.Builder, s string) {
	if so := b.String(); so != "" && strings.IndexByte(" ,/", so[len(so)-1]) < 0 {
		b.WriteByte(' ')
	}
	b.WriteString(s)
}

func (w *writer) refuse(why string) {
	if w.why == "" {
		w.why = why
	}
}

const globals = "inherit initial unset"

func (w *writer) list(tokens []token, depth int) {
	if depth > 4 {
		w.refuse(whyValue)
		return
	}
	for i := 0; i < len(tokens) && w.why == ""; i++ {
		t := tokens[i]
		switch t.kind {
		case css.WhitespaceToken:
			w.b.WriteByte(' ')
		case css.CommaToken:
			w.b.WriteByte(',')
		case css.DelimToken:
			if t.raw != "/" || depth == 0 {
				w.refuse(whyValue)
				return
			}
			w.b.WriteByte('/')
		case css.IdentToken:
			w.word(t.text)
		case css.HashToken:
			if !w.p.color || !hexColor.MatchString(t.text) {
				w.refuse(whyValue)
				return
			}
			w.atom(t.text)
		case css.NumberToken, css.PercentageToken, css.DimensionToken:
			w.measure(t)
		case css.FunctionToken:
			end := closing(tokens, i)
			w.call(strings.TrimSuffix(t.text, "("), tokens[i+1:end], depth)
			i = end
		case css.URLToken, css.BadURLToken:
			w.refuse(whyURL)
		default:
			w.refuse(whyValue)
		}
	}
}

var hexColor = regexp.MustCompile(`^#(?:[0-9a-f]{3}|[0-9a-f]{4}|[0-9a-f]{6}|[0-9a-f]{8})$`)

// closing gives the place of the bracket that ends the function at i, or the end.
func closing(tokens []token, i int) int {
	depth := 0
	for ; i < len(tokens); i++ {
		switch tokens[i].kind {
		case css.FunctionToken, css.LeftParenthesisToken:
			depth++
		case css.RightParenthesisToken:
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(tokens)
}

func (w *writer) word(s string) {
	switch {
	case w.p.back && (s == "currentcolor" || oneOf(globals, s)): // what text stands on is measured
		w.refuse(whyValue)
	case oneOf(w.p.words, s) || oneOf(globals, s):
	case w.p.color && (s == "transparent" || s == "currentcolor"):
	case w.p.color:
		if _, ok := namedColors()[s]; !ok {
			w.refuse(whyValue)
		}
	default:
		w.refuse(whyValue)
	}
	w.atom(s)
}

// measure is a number with its unit, held to the bounds of the property.
func (w *writer) measure(t token) {
	n, unit, ok := measure(t)
	if !ok {
		w.refuse(whyValue)
		return
	}
	w.measures++
	if w.p.root {
		switch unit {
		case "em":
			unit = "rem"
		case "%":
			n, unit = n/100, "rem"
		case "vw", "vh", "ch", "ex":
			w.refuse(whyValue)
			return
		}
	}
	within := func(px float64) {
		if px < w.p.low || px > w.p.high && !w.p.radius {
			w.refuse(whyBounds)
		}
	}
	switch unit {
	case "":
		switch {
		case w.p.numbers && w.p.bare != [2]float64{}:
			if n < w.p.bare[0] || n > w.p.bare[1] {
				w.refuse(whyBounds)
			}
		case n == 0 && (w.p.numbers || w.p.high > 0 && w.p.low <= 0):
		default:
			w.refuse(whyValue)
		}
	case "%":
		if w.p.percent == 0 {
			w.refuse(whyValue)
		} else if n < 0 || n > w.p.percent || w.p.numbers && w.p.bare[0] == 1 && n < 100 || w.p.fluid && n < 50 {
			w.refuse(whyBounds)
		}
	case "px":
		w.length(within, n)
	case "pt":
		w.length(within, n*4/3)
	case "rem", "em":
		w.length(within, n*16)
	case "ch", "ex":
		w.length(within, n*8)
	case "vw", "vh":
		if w.length(within, n*16); w.p.fluid && n < 50 {
			w.refuse(whyBounds)
		}
	case "deg", "turn", "rad", "grad":
		if !w.p.angle {
			w.refuse(whyValue)
		} else if math.Abs(n) > 3600 {
			w.refuse(whyBounds)
		}
	case "s", "ms":
		if unit == "ms" {
			n /= 1000
		}
		if !w.p.times {
			w.refuse(whyValue)
		} else if n < 0 || n > 1 {
			w.refuse(whyBounds)
		}
		if unit == "ms" {
			n *= 1000
		}
	default:
		w.refuse(whyValue)
	}
	if px, ok := pixels(n, unit); w.p.radius && ok && px > w.p.high { // the usual way to ask for a pill
		n, unit = w.p.high, "px"
	}
	text := number(n) + unit
	if px, ok := pixels(n, unit); w.p.inline && (!ok || px > 16) && unit != "" {
		text = "min(" + text + "," + sideways + ")"
	}
	w.atom(text)
}

// sideways is the most that a space takes of a small screen at each side: parts stand inside parts.
const sideways = "5vw"

// pixels is a length of text of the ordinary size.
func pixels(n float64, unit string) (float64, bool) {
	switch unit {
	case "", "px":
		return n, true
	case "pt":
		return n * 4 / 3, true
	case "rem", "em":
		return n * 16, true
	case "ch", "ex":
		return n * 8, true
	}
	return n, false
}

func (w *writer) length(within func(float64), px float64) {
	if w.p.high == 0 && w.p.low == 0 {
		w.refuse(whyValue)
		return
	}
	within(px)
}

// call is a function: colours, gradients, timing, blur, one of our own tokens.
func (w *writer) call(name string, args []token, depth int) {
	args = trimmed(args)
	inside := func(p property) {
		sub := &writer{p: p, dark: w.dark}
		sub.list(args, depth+1)
		if sub.why != "" {
			w.refuse(sub.why)
		}
		w.atom(name + "(" + sub.b.String() + ")")
	}
	switch name {
	case "var":
		if len(args) != 1 || args[0].kind != css.CustomPropertyNameToken || !w.p.reads(args[0].text) {
			w.refuse(whyCustom)
			return
		}
		name := args[0].text
		switch { // the company's colour as it is readable; what it is made of may not be set
		case name == "--brand-text", w.p.text && name == "--accent":
			name = "--link"
		case name == "--on-brand":
			name = "--on-accent"
		case name == "--brand":
			name = "--accent"
		}
		if w.p.back && name == "--ink" { // as it is on light pages: it would turn with the scheme that suits it
			w.atom(OKLCH(.24, .022, 264).Hex())
			return
		}
		w.atom("var(" + name + ")")
	case "rgb", "rgba", "hsl", "hsla", "hwb", "lab", "lch", "oklab", "oklch":
		if !w.p.color {
			w.refuse(whyValue)
			return
		}
		w.atom(name + "(" + w.channels(args) + ")")
	case "light-dark":
		if !w.p.color {
			w.refuse(whyValue)
			return
		}
		// One half is written, the one that is measured: a rule that paints pins its scheme, and would draw the other.
		halves := split(args, css.CommaToken)
		if len(halves) != 2 {
			w.refuse(whyValue)
			return
		}
		var written [2]string
		for i, half := range halves {
			sub := &writer{p: property{color: true, text: w.p.text, back: w.p.back}, dark: w.dark}
			sub.list(half, depth+1)
			if written[i] = sub.b.String(); sub.why != "" {
				w.refuse(sub.why)
			} else if strings.TrimSpace(written[i]) == "" {
				w.refuse(whyValue)
			}
		}
		w.atom(written[btoi(w.dark)])
	case "linear-gradient", "radial-gradient", "conic-gradient", "repeating-linear-gradient", "repeating-radial-gradient", "repeating-conic-gradient":
		if !w.p.image {
			w.refuse(whyValue)
			return
		}
		inside(property{color: true, back: true, angle: true, low: -4000, high: 4000, percent: 400, numbers: true,
			words: "to from top bottom left right center at circle ellipse closest-side closest-corner farthest-side farthest-corner in srgb oklab oklch"})
	case "cubic-bezier", "steps":
		if !w.p.times {
			w.refuse(whyValue)
			return
		}
		inside(property{numbers: true, bare: [2]float64{-3, 60}, words: "start end"})
	case "blur":
		if !w.p.blur {
			w.refuse(whyValue)
			return
		}
		inside(property{high: w.p.high})
	case "min", "max": // as we write them; the bound itself is written again behind
		most := "100%"
		if w.p.inline {
			most = sideways
		}
		parts := split(args, css.CommaToken)
		if len(parts) == 2 && name == "min" && rawOf(parts[0]) == most {
			parts[0], parts[1] = parts[1], parts[0]
		}
		if len(parts) != 2 || len(parts[0]) != 1 || !w.p.inline && !w.p.fluid || name == "min" && rawOf(parts[1]) != most ||
			name == "max" && (!w.p.fluid || parts[0][0].kind != css.PercentageToken || rawOf(parts[1]) != least && rawOf(parts[1]) != leastBox) {
			w.refuse(whyBounds)
			return
		}
		w.measure(parts[0][0])
	case "calc", "clamp":
		w.refuse(whyBounds)
	case "url", "src", "image", "image-set", "-webkit-image-set", "cross-fade", "-webkit-cross-fade", "element", "-moz-element", "paint":
		w.refuse(whyURL)
	case "expression":
		w.refuse(whyScript)
	default:
		w.refuse(whyValue)
	}
}

// channels are the numbers of a colour function.
func (w *writer) channels(tokens []token) string {
	var b strings.Builder
	for _, t := range tokens {
		switch {
		case t.kind == css.WhitespaceToken:
			b.WriteByte(' ')
		case t.kind == css.CommaToken, t.kind == css.DelimToken && t.raw == "/", t.kind == css.IdentToken && t.text == "none":
			b.WriteString(t.raw)
		default:
			n, unit, ok := measure(t)
			if !ok || unit != "" && unit != "%" && unit != "deg" && unit != "turn" && unit != "rad" && unit != "grad" {
				w.refuse(whyValue)
				return ""
			}
			apart(&b, number(n)+unit)
		}
	}
	return strings.ToLower(b.String())
}

// families writes a list of font names: those that a device has, or has not; none is ever loaded.
func (w *writer) families(tokens []token) {
	for i, part := range split(tokens, css.CommaToken) {
		if i > 0 {
			w.b.WriteByte(',')
		}
		if len(part) == 3 && part[0].text == "var(" && oneOf(fontTokens, part[1].text) {
			w.b.WriteString("var(" + part[1].text + ")")
			continue
		}
		var words []string
		for _, t := range part {
			switch t.kind {
			case css.WhitespaceToken:
			case css.IdentToken:
				words = append(words, unescaped(t.raw))
			case css.StringToken:
				words = append(words, unescaped(strings.Trim(t.raw, `"'`)))
			case css.FunctionToken, css.URLToken, css.BadURLToken:
				if strings.HasPrefix(t.text, "url") || t.kind != css.FunctionToken {
					w.refuse(whyURL)
				}
				w.refuse(whyValue)
			default:
				w.refuse(whyValue)
				return
			}
		}
		name := strings.Join(words, " ")
		if !fontName.MatchString(name) {
			w.refuse(whyValue)
			return
		}
		if oneOf("serif sans-serif monospace cursive fantasy system-ui ui-serif ui-sans-serif ui-monospace ui-rounded inherit initial unset -apple-system blinkmacsystemfont", strings.ToLower(name)) {
			w.b.WriteString(name)
		} else {
			w.b.WriteString(`"` + name + `"`)
		}
	}
}

var fontName = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N} _.+-]{0,59}$|^-apple-system$`)

var measured = regexp.MustCompile(`^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?)(%|[a-z]*)$`)

// measure reads a number, a percentage or a dimension.
func measure(t token) (n float64, unit string, ok bool) {
	switch t.kind {
	case css.NumberToken, css.PercentageToken, css.DimensionToken:
	default:
		return 0, "", false
	}
	m := measured.FindStringSubmatch(strings.ToLower(t.text))
	if m == nil {
		return 0, "", false
	}
	n, err := strconv.ParseFloat(m[1], 64)
	return n, m[2], err == nil && math.Abs(n) < 1e6
}

func number(n float64) string {
	s := strconv.FormatFloat(n, 'f', 4, 64)
	s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	if s == "-0" || s == "" {
		return "0"
	}
	return s
}

// alphaOf gives how opaque a cleaned colour is, where that can be told.
func alphaOf(v string) (float64, bool) {
	switch {
	case v == "transparent":
		return 0, true
	case hexColor.MatchString(v) && len(v) == 5:
		n, _ := strconv.ParseUint(v[4:], 16, 8)
		return float64(n) / 15, true
	case hexColor.MatchString(v) && len(v) == 9:
		n, _ := strconv.ParseUint(v[7:], 16, 8)
		return float64(n) / 255, true
	}
	open := strings.IndexByte(v, '(')
	if open < 0 {
		return 1, false
	}
	args := strings.FieldsFunc(strings.TrimSuffix(v[open+1:], ")"), func(r rune) bool { return r == ',' || r == ' ' || r == '/' })
	if strings.HasPrefix(v, "var(") || strings.HasPrefix(v, "light-dark(") {
		return 1, false
	}
	if len(args) != 4 {
		return 1, len(args) == 3
	}
	s, percent := strings.CutSuffix(args[3], "%")
	n, err := strconv.ParseFloat(s, 64)
	if percent {
		n /= 100
	}
	return n, err == nil || s == "none"
}
