package email

import (
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"portico/app/branding"
)

// Mail programs differ: some drop the style sheet in the head, so what a letter needs to be read stands beside each
// element, in light colours; the sheet adds narrow screens and dark colours, where a program knows them. Programs that
// turn colours round themselves find pairs that keep their contrast. All values are ours or parsed numbers.

// colors are those of one scheme.
type colors struct {
	Page, PageInk         branding.Color // behind the card
	Card, Ink, Soft, Text branding.Color // Text is of links
	Line, Panel           branding.Color
	Fill, On, Edge        branding.Color // of the button
}

// sheet is how one letter is drawn.
type sheet struct {
	light, dark colors
	head, name  branding.Color // the bar above, and the name in it
	bar         bool
	radius      int
	rtl         bool
}

func gray(l float64) branding.Color {
	c, _ := branding.ParseHex(branding.OKLCH(l, .03*(1-l)+.003, 264).Hex())
	return c
}

func sheetOf(m Letter, dir string) sheet {
	white := branding.Color{R: 1, G: 1, B: 1}
	s := sheet{radius: 12, rtl: dir == "rtl",
		light: colors{Page: gray(.97), Card: white, Ink: gray(.25), Soft: gray(.48), Line: gray(.89), Panel: gray(.96), Fill: gray(.3), On: white, Edge: gray(.3), Text: gray(.3)},
		dark:  colors{Page: gray(.17), Card: gray(.215), Ink: gray(.93), Soft: gray(.78), Line: gray(.38), Panel: gray(.27), Fill: gray(.85), On: gray(.2), Edge: gray(.85), Text: gray(.93)}}
	if c, ok := branding.ParseHex(m.Theme.Color); ok {
		l, d := branding.Light(c), branding.Dark(c)
		s.light.Fill, s.light.On, s.light.Edge, s.light.Text = l.Brand, l.On, l.Edge, l.Text
		s.dark.Fill, s.dark.On, s.dark.Edge, s.dark.Text = d.Brand, d.On, d.Edge, d.Text
	}
	if c, ok := branding.ParseHex(m.Theme.Background); ok {
		s.light.Page = c
	}
	s.light.PageInk, s.dark.PageInk = s.light.Soft.Readable(s.light.Page, 4.5), s.dark.Soft
	if c, ok := branding.ParseHex(m.Header); ok {
		s.bar, s.head, s.name = true, c, branding.OnColor(c)
	}
	switch m.Theme.Corners {
	case branding.Soft:
		s.radius = 6
	case branding.Square:
		s.radius = 0
	}
	return s
}

func (s sheet) px(n int) string { return strconv.Itoa(n) + "px" }

// start and end are the sides where a line begins and ends.
func (s sheet) start() string {
	if s.rtl {
		return "right"
	}
	return "left"
}

const font = `font-family:-apple-system,Segoe UI,Roboto,Noto Sans,Helvetica,Arial,sans-serif;`

// of gives the style of a part of the letter.
func (s sheet) of(part string) templ.SafeCSS {
	c := s.light
	words := func(size, line string, color branding.Color) string {
		return font + "font-size:" + size + ";line-height:" + line + ";color:" + color.Hex() + ";"
	}
	const below = "margin:0 0 16px;"
	css := ""
	switch part {
	case "page":
		css = "margin:0;padding:0;background-color:" + c.Page.Hex() + ";"
	case "back":
		css = "background-color:" + c.Page.Hex() + ";"
	case "pre":
		css = "display:none;font-size:1px;line-height:1px;max-height:0;max-width:0;opacity:0;overflow:hidden;mso-hide:all;"
	case "column":
		css = "max-width:480px;width:100%;"
	case "bar":
		css = "padding:20px 32px;border-radius:" + s.px(s.radius) + " " + s.px(s.radius) + " 0 0;background-color:" + s.head.Hex() + ";text-align:" + s.start() + ";"
	case "card":
		css = "padding:32px;background-color:" + c.Card.Hex() + ";text-align:" + s.start() + ";border-radius:"
		if s.bar {
			css += "0 0 " + s.px(s.radius) + " " + s.px(s.radius) + ";"
		} else {
			css += s.px(s.radius) + ";"
		}
	case "plate": // a picture made for light pages keeps a light ground also where colours are turned round
		css = "display:inline-block;background-color:#ffffff;background-image:linear-gradient(#ffffff,#ffffff);border-radius:4px;"
	case "logo", "logo night", "logo name": // the colours are of the words that stand in for a picture that is not fetched
		ink := map[string]branding.Color{"logo": c.Ink, "logo night": s.dark.Ink, "logo name": s.name}[part]
		css = words("18px", "1.4", ink) + "display:block;border:0;max-width:100%;height:auto;font-weight:bold;"
	case "from":
		css = words("16px", "1.4", c.Text) + "margin:0 0 20px;font-weight:bold;"
	case "name":
		css = words("16px", "1.4", s.name) + "margin:0;font-weight:bold;"
	case "h1":
		css = words("22px", "1.3", c.Ink) + below + "font-weight:bold;"
	case "p":
		css = words("16px", "1.5", c.Ink) + below
	case "soft":
		css = words("14px", "1.5", c.Soft) + "margin:0 0 8px;"
	case "label":
		css = "font-weight:normal;font-size:14px;color:" + c.Soft.Hex() + ";"
	case "code":
		css = below + "padding:16px;border-radius:8px;background-color:" + c.Panel.Hex() + ";color:" + c.Ink.Hex() +
			";font-family:Menlo,Consolas,Courier New,monospace;font-size:32px;line-height:1.2;font-weight:bold;letter-spacing:6px;text-align:center;"
	case "own":
		css = words("16px", "1.5", c.Ink) + below + "padding-" + s.start() + ":16px;border-" + s.start() + ":3px solid " + c.Line.Hex() + ";"
	case "hold": // Outlook takes the measures of the button from its cell
		css = "border-radius:" + s.px(min(s.radius, 8)) + ";background-color:" + c.Fill.Hex() + ";mso-padding-alt:12px 24px;"
	case "button":
		css = words("16px", "1.25", c.On) + "display:inline-block;padding:12px 24px;border:1px solid " + c.Edge.Hex() + ";border-radius:" + s.px(min(s.radius, 8)) + ";font-weight:bold;text-decoration:none;"
	case "foot":
		css = words("13px", "1.5", c.PageInk) + "margin:0;padding:16px 32px 0;text-align:center;"
	case "link":
		css = "color:" + c.PageInk.Hex() + ";text-decoration:underline;"
	}
	return templ.SafeCSS(strings.TrimSuffix(css, ";"))
}

// css is the letter's style sheet.
func (s sheet) css() string {
	d := s.dark
	rules := [][2]string{
		{".page,.back", "background-color:" + d.Page.Hex()}, {".card", "background-color:" + d.Card.Hex()}, {".ink,.own", "color:" + d.Ink.Hex()},
		{".soft", "color:" + d.Soft.Hex()}, {".from", "color:" + d.Text.Hex()}, {".code", "background-color:" + d.Panel.Hex() + "!important;color:" + d.Ink.Hex()},
		{".own", "border-color:" + d.Line.Hex()}, {".hold", "background-color:" + d.Fill.Hex()}, {".button", "border-color:" + d.Edge.Hex() + "!important;color:" + d.On.Hex()},
		{".foot,.link", "color:" + d.PageInk.Hex()}, {".plate", "padding:8px"}, {".day", "display:none"}, {".night", "display:block!important;max-height:none!important;font-size:16px"},
	}
	var dark, outlook strings.Builder
	for _, r := range rules {
		dark.WriteString(r[0] + "{" + r[1] + "!important}")
		if strings.HasPrefix(r[1], "color:") { // Outlook.com turns the grounds round itself
			outlook.WriteString("[data-ogsc] " + strings.ReplaceAll(r[0], ",", ",[data-ogsc] ") + "{" + r[1] + "!important}")
		}
	}
	return ":root{color-scheme:light dark;supported-color-schemes:light dark}" +
		"@media (max-width:420px){.card{padding:24px 20px!important}.bar{padding:16px 20px!important}.code{font-size:26px!important;letter-spacing:4px!important}}" +
		"@media (prefers-color-scheme:dark){" + dark.String() + "}" + outlook.String()
}
