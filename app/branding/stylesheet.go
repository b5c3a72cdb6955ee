package branding

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/css"
)

// A company's own style sheet (R 3.3) is read token by token, and only what is known to be safe is written
// again, from our own tables: nothing that was typed reaches a page as it was. What a sheet can do is to
// colour, space and shape the parts that have an .ext- class. What it cannot do: load anything, run
// anything, move or cover or hide a part, or touch the focus ring and the look of errors. A theme therefore
// neither imitates the browser nor hides who asks.

// The longest sheet that is read, the longest that a page is given, and the most rules that are kept of one.
const (
	MaxCSS      = 64 << 10
	MaxCleanCSS = 20 << 10
	MaxCSSRules = 500
	maxDropped  = 200
)

// Dropped is a piece of a company's style sheet that is not honoured: the line where it begins, its text
// (shortened), and the catalogue's key for the reason.
type Dropped struct {
	Line int    `json:"line"`
	Text string `json:"text"`
	Why  string `json:"why"`
}

// The reasons, as keys of the catalogue.
const (
	whyLong      = "branding.css.too_long"
	whyLarge     = "branding.css.too_large"
	whyMany      = "branding.css.too_many"
	whyBroken    = "branding.css.broken"
	whySelector  = "branding.css.selector"
	whyClass     = "branding.css.class"
	whyAtRule    = "branding.css.at_rule"
	whyMedia     = "branding.css.media"
	whyNested    = "branding.css.nested"
	whyProperty  = "branding.css.property"
	whyHides     = "branding.css.hides"
	whyFocus     = "branding.css.focus"
	whyCustom    = "branding.css.custom"
	whyValue     = "branding.css.value"
	whyBounds    = "branding.css.bounds"
	whyURL       = "branding.css.url"
	whyScript    = "branding.css.script"
	whyImportant = "branding.css.important"
	whyProtected = "branding.css.protected"
	whyContrast  = "branding.css.contrast"
	whyMotion    = "branding.css.motion"
	whyEdge      = "branding.css.edge"
)

// ExtClasses lists the class names that a company's style sheet can name (R 3.3), without ".ext-".
func ExtClasses() []string {
	return []string{"background-image", "header", "header-logo", "middle", "vertical-split-main-section",
		"vertical-split-background-image-container", "sign-in-box", "title", "subtitle", "error", "boilerplate-text",
		"promoted-fed-cred-box", "footer", "footer-links", "footer-item", "debug-item", "button", "primary", "secondary",
		"input", "text-box", "has-error"}
}

// CleanCSS reads a company's style sheet and gives what of it is honoured, in a layer of its own, and what
// is not. The same source always gives the same answer. "" means that nothing was left.
func CleanCSS(source string) (clean string, dropped []Dropped) {
	c := &cleaner{}
	if len(source) > MaxCSS {
		c.drop(1, "", whyLong)
		return "", c.dropped
	}
	c.read(source)
	c.rules("")
	c.inks()
	c.pin()
	if len(c.out) == 0 {
		return "", c.dropped
	}
	var b strings.Builder
	b.WriteString("@layer company{")
	for i := 0; i < len(c.out); {
		media := c.out[i].media
		if media != "" {
			b.WriteString("@media " + media + "{")
		}
		for ; i < len(c.out) && c.out[i].media == media; i++ {
			b.WriteString(c.out[i].selector + "{")
			for j, d := range c.out[i].body {
				if j > 0 {
					b.WriteByte(';')
				}
				b.WriteString(d.name + ":" + d.value)
			}
			b.WriteByte('}')
		}
		if media != "" {
			b.WriteByte('}')
		}
	}
	b.WriteByte('}')
	if b.Len() > MaxCleanCSS {
		c.drop(1, strconv.FormatFloat(float64(b.Len())/1024, 'f', 1, 64)+" KB", whyLarge)
		return "", c.dropped
	}
	return b.String(), c.dropped
}

// token is a token with its escapes read: text is what it means, raw what was typed.
type token struct {
	kind      css.TokenType
	text, raw string
	line      int
}

type decl struct {
	name, value string
	line        int
}

type ruleSet struct {
	media, selector string
	body            []decl
	of              []selector
}

type cleaner struct {
	in      []token
	at      int
	out     []ruleSet
	dropped []Dropped
}

// read takes the source apart. Comments count as the space that they are.
func (c *cleaner) read(source string) {
	source = strings.ReplaceAll(source, onlyLinks, "") // ours, when what was cleaned is cleaned again
	source = strings.ReplaceAll(strings.ToValidUTF8(strings.TrimPrefix(source, "\ufeff"), "\ufffd"), "\x00", "\ufffd")
	lexer, line := css.NewLexer(parse.NewInputString(source)), 1
	for {
		kind, raw := lexer.Next()
		if kind == css.ErrorToken {
			return
		}
		t := token{kind: kind, raw: string(raw), line: line}
		line += strings.Count(t.raw, "\n")
		switch kind {
		case css.CommentToken, css.WhitespaceToken:
			t.kind, t.text = css.WhitespaceToken, " "
		case css.IdentToken, css.FunctionToken, css.AtKeywordToken, css.HashToken, css.DimensionToken, css.CustomPropertyNameToken:
			t.text = strings.ToLower(unescaped(t.raw))
		default:
			t.text = t.raw
		}
		c.in = append(c.in, t)
	}
}

// unescaped reads the escapes of CSS (CSS Syntax 3 §4.3.7), so that \75rl( is judged as the url( that it is.
func unescaped(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			i++
			continue
		}
		n, digits := rune(0), 0
		for i++; i < len(s) && digits < 6; i++ {
			d := strings.IndexByte("0123456789abcdef", s[i]|0x20)
			if d < 0 || s[i] < '0' {
				break
			}
			n, digits = n<<4|rune(d), digits+1
		}
		if digits == 0 {
			r, size := utf8.DecodeRuneInString(s[i:])
			b.WriteRune(r)
			i += size
			continue
		}
		if i < len(s) && strings.IndexByte(" \t\n\f", s[i]) >= 0 {
			i++
		}
		if n == 0 || !utf8.ValidRune(n) {
			n = utf8.RuneError
		}
		b.WriteRune(n)
	}
	return b.String()
}

func (c *cleaner) drop(line int, text, why string) {
	switch n := len(c.dropped); {
	case n < maxDropped-1:
		text = strings.Join(strings.Fields(text), " ")
		if r := []rune(text); len(r) > 120 {
			text = string(r[:119]) + "…"
		}
		c.dropped = append(c.dropped, Dropped{line, text, why})
	case n == maxDropped-1:
		c.dropped = append(c.dropped, Dropped{line, "…", whyMany})
	}
}

// refuse drops the tokens from one to before another.
func (c *cleaner) refuse(tokens []token, why string) {
	if tokens = trimmed(tokens); len(tokens) > 0 {
		c.drop(tokens[0].line, rawOf(tokens), why)
	}
}

func rawOf(tokens []token) string {
	var b strings.Builder
	for _, t := range tokens {
		if b.WriteString(t.raw); b.Len() > 600 {
			break
		}
	}
	return b.String()
}

func trimmed(tokens []token) []token {
	for len(tokens) > 0 && tokens[0].kind == css.WhitespaceToken {
		tokens = tokens[1:]
	}
	for len(tokens) > 0 && tokens[len(tokens)-1].kind == css.WhitespaceToken {
		tokens = tokens[:len(tokens)-1]
	}
	return tokens
}

// until takes the tokens before the first of the kinds outside of any bracket; it leaves that one to come.
func (c *cleaner) until(kinds ...css.TokenType) []token {
	start, depth := c.at, 0
	for ; c.at < len(c.in); c.at++ {
		k := c.in[c.at].kind
		if depth == 0 {
			for _, stop := range kinds {
				if k == stop {
					return c.in[start:c.at]
				}
			}
		}
		switch k {
		case css.LeftBraceToken, css.LeftParenthesisToken, css.LeftBracketToken, css.FunctionToken:
			depth++
		case css.RightBraceToken, css.RightParenthesisToken, css.RightBracketToken:
			depth = max(0, depth-1)
		}
	}
	return c.in[start:c.at]
}

// rules reads rules up to the end, or inside a media query up to its brace.
func (c *cleaner) rules(media string) {
	for c.at < len(c.in) {
		switch t := c.in[c.at]; t.kind {
		case css.WhitespaceToken, css.SemicolonToken, css.CDOToken, css.CDCToken:
			c.at++
		case css.RightBraceToken:
			if media != "" {
				return
			}
			c.drop(t.line, t.raw, whyBroken)
			c.at++
		case css.AtKeywordToken:
			c.atRule(media)
		default:
			c.rule(media)
		}
	}
}

func (c *cleaner) atRule(media string) {
	start := c.at
	c.at++
	prelude := c.until(css.LeftBraceToken, css.SemicolonToken, css.RightBraceToken)
	block := c.at < len(c.in) && c.in[c.at].kind == css.LeftBraceToken
	query, ok := "", false
	if c.in[start].text == "@media" && block && media == "" {
		query, ok = mediaQuery(prelude)
	}
	switch {
	case ok:
		c.at++
		c.rules(query)
		c.at++ // its closing brace, if there is one
		return
	case block:
		c.at++
		c.until(css.RightBraceToken)
		c.at++
	case c.at < len(c.in) && c.in[c.at].kind == css.SemicolonToken:
		c.at++
	}
	c.at = min(c.at, len(c.in))
	why := whyAtRule
	if c.in[start].text == "@media" {
		why = whyMedia
	}
	c.refuse(c.in[start:c.at], why)
}

func (c *cleaner) rule(media string) {
	prelude := c.until(css.LeftBraceToken, css.RightBraceToken)
	if c.at == len(c.in) || c.in[c.at].kind != css.LeftBraceToken {
		c.refuse(prelude, whyBroken)
		return
	}
	c.at++
	var good []selector
	for _, part := range split(prelude, css.CommaToken) {
		s, why := readSelector(part)
		if why != "" {
			c.refuse(part, why)
			continue
		}
		good = append(good, s)
	}
	start := c.at
	body := c.body(good, strings.Contains(media, darkScheme))
	if start < c.at && c.at <= len(c.in) && len(good) == 0 {
		return
	}
	if len(body) == 0 {
		return
	}
	if len(c.out) >= MaxCSSRules {
		c.refuse(prelude, whyMany)
		return
	}
	words := make([]string, len(good))
	for i, s := range good {
		words[i] = s.text
		if s.element == "a" && len(s.classes) == 0 && !s.inFoot() {
			words[i] += onlyLinks
		}
	}
	still := media != ""
	for _, q := range strings.Split(media, ",") {
		still = still && strings.Contains(q, "(prefers-reduced-motion:no-preference)")
	}
	var moving, rest []decl
	for _, d := range body {
		if strings.HasPrefix(d.name, "transition") && !still {
			moving = append(moving, d)
		} else {
			rest = append(rest, d)
		}
	}
	if len(rest) > 0 {
		c.out = append(c.out, ruleSet{media, strings.Join(words, ","), rest, good})
	}
	if strings.Contains(media, "(prefers-reduced-motion:reduce)") {
		for _, d := range moving {
			if !strings.HasPrefix(d.value, "none") && d.value != "0s" {
				c.refuse(prelude, whyMotion)
			}
		}
		moving = nil
	}
	if len(moving) > 0 { // nothing moves for who asked for no movement
		calm := "(prefers-reduced-motion:no-preference)"
		if media != "" {
			calm = strings.ReplaceAll(media, ",", " and "+calm+",") + " and " + calm
		}
		c.out = append(c.out, ruleSet{calm, strings.Join(words, ","), moving, good})
	}
}

// body reads the declarations of a rule, up to and with its closing brace; dark tells that it is for dark pages.
func (c *cleaner) body(of []selector, dark bool) []decl {
	var list []decl
	for c.at < len(c.in) {
		start := c.at
		c.until(css.SemicolonToken, css.RightBraceToken, css.LeftBraceToken)
		if c.at < len(c.in) && c.in[c.at].kind == css.LeftBraceToken { // a rule inside a rule
			c.at++
			c.until(css.RightBraceToken)
			c.at = min(c.at+1, len(c.in))
			c.refuse(c.in[start:c.at], whyNested)
			continue
		}
		piece := trimmed(c.in[start:c.at])
		if len(piece) > 0 && len(of) > 0 {
			list = c.declaration(list, piece, of, dark)
		}
		if c.at < len(c.in) {
			c.at++
			if c.in[c.at-1].kind == css.RightBraceToken {
				break
			}
		}
	}
	return list
}

// declaration adds one, in the place of an earlier one of that name.
func (c *cleaner) declaration(list []decl, piece []token, of []selector, dark bool) []decl {
	if piece[0].kind == css.CustomPropertyNameToken {
		c.refuse(piece, whyCustom)
		return list
	}
	colon := 1
	for colon < len(piece) && piece[colon].kind == css.WhitespaceToken {
		colon++
	}
	if piece[0].kind != css.IdentToken || colon == len(piece) || piece[colon].kind != css.ColonToken {
		c.refuse(piece, whyBroken)
		return list
	}
	name, value := piece[0].text, trimmed(piece[colon+1:])
	if rest, yes := important(value); yes {
		c.refuse(piece, whyImportant) // said, and kept without: the company's layer wins as it is
		value = rest
	}
	d, why := readDeclaration(name, value, of, dark)
	if why != "" {
		c.refuse(piece, why)
		return list
	}
	for i := range list {
		if list[i].name == d.name {
			list = append(list[:i], list[i+1:]...)
			break
		}
	}
	d.line = piece[0].line
	return append(list, d)
}

func important(value []token) ([]token, bool) {
	n := len(value)
	if n < 2 || value[n-1].kind != css.IdentToken || value[n-1].text != "important" {
		return value, false
	}
	rest := trimmed(value[:n-1])
	if n = len(rest); n == 0 || rest[n-1].raw != "!" {
		return value, false
	}
	return trimmed(rest[:n-1]), true
}

// pinned is the rule that keeps a sheet that colours things, and says nothing of dark pages, to light ones:
// it was made for those.
const pinned = "body,.ext-sign-in-box"

func (c *cleaner) pin() {
	colours := false
	for _, r := range c.out {
		if strings.Contains(r.media, "prefers-color-scheme") || r.selector == pinned && r.media == "" && r.body[0].name == "color-scheme" {
			return
		}
		for _, d := range r.body {
			colours = colours || strings.HasSuffix(d.name, "color") || d.name == "background"
		}
	}
	if colours {
		c.out = append([]ruleSet{{selector: pinned, body: []decl{{"color-scheme", "light", 1}}}}, c.out...)
	}
}

// OnlyLight reports whether a cleaned style sheet keeps pages to the light scheme, so that pictures for dark
// ones are not wanted.
func OnlyLight(clean string) bool {
	return strings.Contains(clean, pinned+"{color-scheme:light") && !strings.Contains(clean, "prefers-color-scheme")
}

func split(tokens []token, at css.TokenType) [][]token {
	var parts [][]token
	start, depth := 0, 0
	for i, t := range tokens {
		switch t.kind {
		case css.LeftParenthesisToken, css.LeftBracketToken, css.FunctionToken:
			depth++
		case css.RightParenthesisToken, css.RightBracketToken:
			depth--
		case at:
			if depth == 0 {
				parts, start = append(parts, trimmed(tokens[start:i])), i+1
			}
		}
	}
	return append(parts, trimmed(tokens[start:]))
}

// selector is one that may be: its text as it is written again, and what its last part names.
type selector struct {
	text    string
	element string   // body, a, ""
	classes []string // without ".ext-"
	inError bool     // some part of it is .ext-error
	state   bool     // it holds at times only
	parts   int
}

// readSelector takes body, a, and .ext- classes with their states, one inside the other.
func readSelector(tokens []token) (selector, string) {
	var s selector
	var b strings.Builder
	parts, gap := 0, "" // gap is what stands between two parts
	fresh := true       // a part begins
	begin := func() {
		if fresh {
			if parts > 0 {
				b.WriteString(gap)
			}
			parts, fresh, gap = parts+1, false, ""
			s.element, s.classes = "", nil
		}
	}
	if len(tokens) == 0 {
		return s, whyBroken
	}
	named := false // the part names something, not only a state
	for i := 0; i < len(tokens); i++ {
		switch t := tokens[i]; {
		case t.kind == css.WhitespaceToken:
			if gap == "" {
				gap = " "
			}
			if !named {
				return s, whySelector
			}
			fresh, named = true, false
			if i+1 < len(tokens) && tokens[i+1].raw == ">" {
				continue
			}
		case t.kind == css.DelimToken && t.raw == ">":
			if !named && !(fresh && parts > 0 && gap != ">") {
				return s, whySelector
			}
			fresh, named, gap = true, false, ">"
			for i+1 < len(tokens) && tokens[i+1].kind == css.WhitespaceToken {
				i++
			}
		case t.kind == css.IdentToken && fresh && (t.text == "body" || t.text == "a"):
			begin()
			s.element, named = t.text, true
			b.WriteString(t.text)
		case t.kind == css.DelimToken && t.raw == "." && i+1 < len(tokens) && tokens[i+1].kind == css.IdentToken:
			i++
			name, ext := strings.CutPrefix(tokens[i].text, "ext-")
			if !ext {
				return s, whySelector
			}
			if !extClasses()[name] {
				return s, whyClass
			}
			begin()
			s.classes, named, s.inError = append(s.classes, name), true, s.inError || name == "error"
			b.WriteString(".ext-" + name)
		case t.kind == css.ColonToken && i+1 < len(tokens) && tokens[i+1].kind == css.IdentToken && named:
			i++
			switch state := tokens[i].text; state {
			case "hover", "focus", "active", "link", "visited", "disabled", "focus-visible":
				b.WriteString(":" + state)
				s.state = s.state || state != "link" && state != "visited"
			default:
				return s, whySelector
			}
		default:
			return s, whySelector
		}
		if parts > 4 || len(s.classes) > 4 {
			return s, whySelector
		}
	}
	if !named {
		return s, whySelector
	}
	s.text, s.parts = b.String(), parts
	return s, ""
}

// mediaQuery takes a list of simple queries: a kind of medium and features joined by "and".
func mediaQuery(tokens []token) (string, bool) {
	var list []string
	for _, q := range split(tokens, css.CommaToken) {
		var words []string
		and := false // an "and" must come before the next
		for i := 0; i < len(q); i++ {
			switch t := q[i]; {
			case t.kind == css.WhitespaceToken:
			case t.kind == css.IdentToken && t.text == "only" && len(words) == 0:
			case t.kind == css.IdentToken && len(words) == 0 && (t.text == "screen" || t.text == "print" || t.text == "all"):
				words, and = append(words, t.text), true
			case t.kind == css.IdentToken && t.text == "and" && and:
				and = false
			case t.kind == css.LeftParenthesisToken && !and:
				end := i + 1
				for end < len(q) && q[end].kind != css.RightParenthesisToken {
					end++
				}
				f, ok := mediaFeature(q[i+1 : min(end, len(q))])
				if !ok || end == len(q) {
					return "", false
				}
				words, and, i = append(words, f), true, end
			default:
				return "", false
			}
		}
		if len(words) == 0 || !and {
			return "", false
		}
		list = append(list, strings.Join(words, " and "))
	}
	return strings.Join(list, ","), len(list) <= 8
}

func mediaFeature(tokens []token) (string, bool) {
	var flat []token
	for _, t := range tokens {
		if t.kind != css.WhitespaceToken {
			flat = append(flat, t)
		}
	}
	if len(flat) != 3 || flat[0].kind != css.IdentToken || flat[1].kind != css.ColonToken {
		return "", false
	}
	name, v := flat[0].text, flat[2]
	switch name {
	case "min-width", "max-width", "min-height", "max-height":
		if n, unit, ok := measure(v); ok && (unit == "px" || unit == "em" || unit == "rem") && n >= 0 {
			return "(" + name + ":" + number(n) + unit + ")", true
		}
	default:
		for _, word := range strings.Fields(map[string]string{"prefers-color-scheme": "light dark", "orientation": "portrait landscape",
			"prefers-reduced-motion": "reduce no-preference", "prefers-contrast": "more less no-preference", "forced-colors": "active none"}[name]) {
			if v.kind == css.IdentToken && v.text == word {
				return "(" + name + ":" + word + ")", true
			}
		}
	}
	return "", false
}
