package email

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"portico/app/branding"
	"portico/app/i18n"
)

// dressed is a letter in the richest look: a bar above, logos for light and dark, a ground of its own, three links.
func dressed(m Letter) Letter {
	m.Theme = branding.Theme{Color: "#0b6e4f", Background: "#f3efe6"}
	m.Logo, m.Night = Picture{"https://login.fernhill.example/f/branding/a.png", 245, 36}, Picture{"https://login.fernhill.example/f/branding/b.png", 245, 36}
	m.Links = []FootLink{{"Privacy & cookies", "https://fernhill.example/p"}, {"Terms", "https://fernhill.example/t"}, {"Help", "https://fernhill.example/h?a=1&b=2"}}
	return m
}

func barred(m Letter) Letter {
	m = dressed(m)
	m.Header = "#14213d"
	return m
}

var (
	pixels = regexp.MustCompile(`(?:^|[;{ ])(?:max-|min-)?width:(\d+)px`)
	hrefs  = regexp.MustCompile(`href="([^"]*)"`)
	// What mail programs drop or break on, in styles beside elements (caniemail.com: Outlook for Windows, Gmail, Yahoo).
	unsafeStyle = regexp.MustCompile(`(?i)flex|grid|float|position|var\(|calc\(|rgba?\(|hsl|oklch|url\(|\d(rem|em|vw|vh|ch)\b|object-fit|inset|clamp|min\(`)
)

// TestLettersHoldUpInMailPrograms: every letter in every language and look stands in tables with its styles beside its elements, is
// narrow enough, fetches nothing that must be seen, says its language and direction where programs keep them, and is small enough.
func TestLettersHoldUpInMailPrograms(t *testing.T) {
	b, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	looks := map[string]func(Letter) Letter{
		"neutral": func(m Letter) Letter {
			m.Theme, m.Logo, m.Night, m.Links = branding.Theme{}, Picture{}, Picture{}, nil
			return m
		},
		"dressed": dressed, "with a bar": barred,
		"tried out": func(m Letter) Letter { m.Simulated = true; return m },
	}
	for _, tag := range b.Tags() {
		l := b.Match(tag.String())
		for _, kind := range Kinds() {
			title := l.T("mail." + string(kind) + ".title")
			for look, wear := range looks {
				for from, m := range map[string]Letter{"full": sample(kind), "as sent": Sample(kind, "Fernhill Group", time.Date(2026, 11, 21, 9, 5, 0, 0, time.UTC))} {
					w, err := Render(l, wear(m))
					if err != nil {
						t.Fatal(err)
					}
					for _, p := range unfit(l, title, w) {
						t.Errorf("%s %s %s %s: %s", tag, kind, look, from, p)
					}
				}
			}
		}
	}
}

// TestUnfitLettersAreSeen: the rules find what they are about.
func TestUnfitLettersAreSeen(t *testing.T) {
	b, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	l := b.Match("ar")
	title := l.T("mail.code.title")
	good, err := Render(l, barred(sample(Code)))
	if err != nil {
		t.Fatal(err)
	}
	if bad := unfit(l, title, good); len(bad) > 0 {
		t.Fatalf("%q", bad)
	}
	for name, change := range map[string][2]string{
		"wide":                    {"max-width:480px", "max-width:680px"},
		"a table of data":         {`<table role="presentation" class="back"`, `<table class="back"`},
		"no ground":               {`bgcolor="`, `data-ground="`},
		"no alternative":          {`alt="Fernhill Group"`, `alt=""`},
		"a picture without size":  {`height="36"`, ""},
		"a relative picture":      {`src="https://login.fernhill.example`, `src="`},
		"a ground that is loaded": {`style="padding:24px 12px"`, `style="padding:24px 12px;background:url(https://x.example/a.png)"`},
		"flex":                    {`style="padding:24px 12px"`, `style="padding:24px 12px;display:flex"`},
		"no direction":            {`dir="rtl" style=`, `style=`},
		"no scheme":               {`name="color-scheme"`, `name="scheme"`},
		"a class alone":           {`<h1 class="ink" style=`, `<h1 class="ink" data-style=`},
		"a link in no colour":     {`class="link" href="https://fernhill.example/p" style="color:`, `class="link" href="https://fernhill.example/p" style="outline-color:`},
		"no first words":          {`class="pre"`, `class="first"`},
		"a script":                {"</body>", "<script></script></body>"},
		"too much":                {"</body>", strings.Repeat("<!-- -->", 12<<10) + "</body>"},
		"a style sheet too long":  {"</style>", strings.Repeat("a{}", 3<<10) + "</style>"},
	} {
		w := good
		w.HTML = strings.Replace(w.HTML, change[0], change[1], 1)
		if w.HTML == good.HTML {
			t.Errorf("%s: there is no %q in %s", name, change[0], good.HTML)
		} else if len(unfit(l, title, w)) == 0 {
			t.Errorf("%s: not seen", name)
		}
	}
	short := good
	short.Text = strings.Replace(short.Text, "https://fernhill.example/t", "", 1)
	if len(unfit(l, title, short)) == 0 {
		t.Error("a text that lacks a link is not seen")
	}
}

// unfit lists what mail programs would stumble over. title is the heading.
func unfit(l *i18n.Localizer, title string, w Words) (bad []string) {
	say := func(parts ...string) { bad = append(bad, strings.Join(parts, " ")) }
	if len(w.HTML) > 100<<10 {
		say(strconv.Itoa(len(w.HTML)), "bytes: Gmail cuts at 102 KB")
	}
	if _, rest, _ := strings.Cut(w.HTML, "<style>"); strings.Index(rest, "</style>") > 8000 {
		say("Gmail drops a style sheet above 8,192 characters")
	}
	for _, want := range []string{`<meta name="color-scheme" content="light dark"`, `<meta name="supported-color-schemes" content="light dark"`, ":root{color-scheme:light dark"} {
		if !strings.Contains(w.HTML, want) {
			say("no", want)
		}
	}
	doc, err := html.Parse(strings.NewReader(w.HTML))
	if err != nil {
		return append(bad, err.Error())
	}
	first, seen := "", []string{} // what stands first in the body; what is read without pictures
	var walk func(n *html.Node, style map[string]bool, hidden bool)
	walk = func(n *html.Node, styled map[string]bool, hidden bool) {
		if n.Type == html.TextNode {
			words := strings.Trim(n.Data, " \n\t\u00a0\u034f\u200c\u200b")
			if words == "" || styled == nil {
				return
			}
			if first == "" {
				first = words
			}
			if hidden {
				return
			}
			seen = append(seen, words)
			for _, need := range []string{"color", "font-family", "font-size"} {
				if !styled[need] {
					say("no", need, "beside", strconv.Quote(words))
				}
			}
			return
		}
		a := map[string]string{}
		for _, x := range n.Attr {
			a[x.Key] = x.Val
		}
		style := a["style"]
		switch n.Data {
		case "body":
			styled = map[string]bool{}
		case "script", "link", "iframe", "object", "embed", "form", "input", "button", "svg", "video", "audio", "base", "picture", "canvas":
			say("<" + n.Data + "> in a mail")
		case "table":
			styled = map[string]bool{} // Outlook hands no font on into a table
			if a["role"] != "presentation" || a["cellpadding"] != "0" || a["cellspacing"] != "0" || a["border"] != "0" {
				say("a table that is not for the layout alone")
			}
			if a["class"] == "back" && (a["lang"] != l.Spoken() || a["dir"] != l.Dir()) {
				say("Gmail drops html and body: the outer table has no language or direction")
			}
		case "td":
			styled = map[string]bool{}
			if strings.Contains(style, "background-color:") && a["bgcolor"] == "" {
				say("a ground that Outlook does not see:", style)
			}
		case "img":
			width, _ := strconv.Atoi(a["width"])
			height, _ := strconv.Atoi(a["height"])
			if !strings.HasPrefix(a["src"], "https://") || strings.TrimSpace(a["alt"]) == "" || width < 1 || width > 600 || height < 1 || !strings.Contains(style, "max-width:100%") || !strings.Contains(style, "color:") {
				say("a picture that is missed where it is not fetched, or does not fit:", a["src"], a["alt"], style)
			}
			seen = append(seen, a["alt"])
		case "a":
			if !strings.HasPrefix(a["href"], "https://") || !slices.Contains(properties(style), "color") {
				say("a link:", a["href"], style)
			}
		}
		if a["class"] != "" && style == "" {
			say("<"+n.Data, "class="+a["class"]+"> has its look from the style sheet alone")
		}
		if a["background"] != "" {
			say("a ground that is fetched")
		}
		if unsafeStyle.MatchString(style) {
			say("not every program knows", unsafeStyle.FindString(style), "in", style)
		}
		for _, size := range append(pixels.FindAllStringSubmatch(style, -1), []string{"", strings.TrimSuffix(a["width"], "%")}) {
			if n, _ := strconv.Atoi(size[1]); n > 600 {
				say("wider than 600:", size[1])
			}
		}
		if styled != nil {
			now := map[string]bool{}
			for k := range styled {
				now[k] = true
			}
			for _, k := range properties(style) {
				now[k] = true
			}
			styled = now
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if n.Data != "style" && n.Data != "title" {
				walk(c, styled, hidden || strings.Contains(style, "display:none"))
			}
		}
	}
	walk(doc, nil, false)
	if !strings.Contains(w.HTML, `<div class="pre"`) || len([]rune(first)) < 12 || first == w.Subject || len(seen) == 0 || first == seen[0] {
		say("no first words of its own for the list of mails")
	}
	text, heading := bare(w.Text), bare(title)
	for _, x := range seen { // where there is only text the subject stands for the heading
		if said := bare(x); said != heading && !strings.Contains(text, said) {
			say("the text lacks", strconv.Quote(x))
		}
	}
	for _, m := range hrefs.FindAllStringSubmatch(w.HTML, -1) {
		if !strings.Contains(w.Text, html.UnescapeString(m[1])) {
			say("the text lacks", m[1])
		}
	}
	return bad
}

// properties are the names of those that a style sets.
func properties(style string) (out []string) {
	for _, d := range strings.Split(style, ";") {
		name, _, _ := strings.Cut(d, ":")
		out = append(out, strings.TrimSpace(name))
	}
	return out
}
