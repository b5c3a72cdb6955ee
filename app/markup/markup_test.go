package markup

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// draw writes a tree as tests read it.
func draw(nodes []Node) string {
	var b strings.Builder
	for _, n := range nodes {
		inside := draw(n.Children)
		switch n.Kind {
		case Text:
			b.WriteString(n.Text)
		case Strong:
			b.WriteString("<b>" + inside + "</b>")
		case Emphasis:
			b.WriteString("<i>" + inside + "</i>")
		case Link:
			b.WriteString("<a " + n.Href + ">" + inside + "</a>")
		case Break:
			b.WriteString("<br>")
		case Heading:
			fmt.Fprintf(&b, "<h%d>%s</h%d>", n.Level, inside, n.Level)
		default:
			name := map[Kind]string{Paragraph: "p", Bullets: "ul", Numbers: "ol", Item: "li", Underline: "u"}[n.Kind]
			b.WriteString("<" + name + ">" + inside + "</" + name + ">")
		}
	}
	return b.String()
}

func TestInline(t *testing.T) {
	for in, want := range map[string]string{
		"Loyalty number": "Loyalty number",
		"I agree to the [terms of use](https://example.com/terms)":                     "I agree to the <a https://example.com/terms>terms of use</a>",
		"[one](https://a.example), [two](http://b.example) & [us](mailto:a@b.example)": "<a https://a.example>one</a>, <a http://b.example>two</a> & <a mailto:a@b.example>us</a>",
		"**really** *nice* _too_":                       "<b>really</b> <i>nice</i> <i>too</i>",
		"*both **at once** here*":                       "<i>both <b>at once</b> here</i>",
		"[**bold** link](https://a.example)":            "<a https://a.example><b>bold</b> link</a>",
		"**[bold](https://a.example)**":                 "<b><a https://a.example>bold</a></b>",
		"++under++ and C++, D++ and c++x++ and ++ a ++": "<u>under</u> and C++, D++ and c++x++ and ++ a ++",
		"snake_case_name and 2 * 3 * 4":                 "snake_case_name and 2 * 3 * 4",
		"*open, [open, **open":                          "*open, [open, **open",
		`\*no\* \[no\](https://a.example) C:\dir`:       `*no* [no](https://a.example) C:\dir`,
		"[x](javascript:alert(1))":                      "[x](javascript:alert(1))",
		"[x](JaVaScRiPt:alert(1))":                      "[x](JaVaScRiPt:alert(1))",
		"[x](data:text/html,hi)":                        "[x](data:text/html,hi)",
		"[x](//evil.example) [x](/here) [x](https:)":    "[x](//evil.example) [x](/here) [x](https:)",
		"[x](https://a.example onclick)":                "[x](https://a.example onclick)",
		"[](https://a.example)":                         "[](https://a.example)",
		"[a [b](https://b.example)](https://a.example)": "<a https://b.example>a [b</a>](https://a.example)",
		"<b>no</b> &amp;":                               "<b>no</b> &amp;",
		"شروط [الاستخدام](https://a.example)":           "شروط <a https://a.example>الاستخدام</a>",
		"👋 **🌍**":                                       "👋 <b>🌍</b>",
		"****":                                          "****",
		"** no**":                                       "** no**",
	} {
		if got := draw(Inline(in)); got != want {
			t.Errorf("%s\n got %s\nwant %s", in, got, want)
		}
	}
}

func TestBrokenLinks(t *testing.T) {
	for in, want := range map[string]string{
		"[x](javascript:alert(1))": "javascript:alert(1", "see [x](//evil.example) there": "//evil.example", "**[x](/here)**": "/here", "[x](data:text/html,hi)": "data:text/html,hi",
		"[a](https://a.example) [b](ftp://b.example)": "ftp://b.example", "[x](https:)": "https:", "- one\n- [two](evil)": "evil",
		"[a](https://a.example), [us](mailto:a@b.example)": "", `\[x\](javascript:x)`: "", `\[x](javascript:x)`: "", "[x] (maybe)": "", "[ ] (y) [": "", "a](b)": "", "": "",
	} {
		got, found := Broken(in)
		if got != want || found != (want != "") {
			t.Errorf("%s: %q %v", in, got, found)
		}
	}
}

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{"I agree to the [terms](https://a.example) and **more**": "I agree to the terms and more", "2 * 3": "2 * 3", `\[x\]`: "[x]"} {
		if got := Plain(in); got != want {
			t.Errorf("%s reads %s", in, got)
		}
	}
}

func TestBlocks(t *testing.T) {
	in := "# Terms\r\n\r\nWho we are:\nFernhill\n\n- one\n- *two*\n  goes on\n\n- three\n\n1. first\n2) second\n#no heading\n\n#### deep"
	want := "<h1>Terms</h1><p>Who we are:<br>Fernhill</p><ul><li>one</li><li><i>two</i><br>goes on</li><li>three</li></ul><ol><li>first</li><li>second<br>#no heading</li></ol><h3>deep</h3>"
	if got := draw(Blocks(in)); got != want {
		t.Errorf(" got %s\nwant %s", got, want)
	}
}

// What looks for its other end again and again would take minutes here.
func TestLongTextsTakeLittleTime(t *testing.T) {
	for _, s := range []string{"[", "*", "**", "_", "*a", "[a](", "[a](https://", "\\", "[*", "**a*", "a_ "} {
		start := time.Now()
		Blocks(strings.Repeat(s, 100_000/len(s)))
		Broken(strings.Repeat(s, 100_000/len(s)))
		if d := time.Since(start); d > 30*time.Second {
			t.Errorf("%q takes %v", s, d)
		}
	}
}

func FuzzMarkup(f *testing.F) {
	for _, s := range []string{"", "[a](https://b.example)", "**a *b* c**", "# h\n- a\n1. b", "\\[", "[a](mailto:x)", "_a_", "\xff*a*"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var walk func(nodes []Node, depth int) int
		walk = func(nodes []Node, depth int) (size int) {
			if depth > 6 {
				t.Fatal("too deep")
			}
			for _, n := range nodes {
				size += len(n.Text)
				if n.Kind == Link {
					u, err := url.Parse(n.Href)
					if err != nil || u.Scheme != "https" && u.Scheme != "http" && u.Scheme != "mailto" || strings.ContainsAny(n.Href, " \n\t") {
						t.Fatalf("a link to %q", n.Href)
					}
				}
				size += walk(n.Children, depth+1)
			}
			return size
		}
		if n := walk(Blocks(s), 0); n > len(s) {
			t.Fatalf("%d bytes of text out of %d", n, len(s))
		}
		walk(Inline(s), 0)
		if utf8.ValidString(s) && !utf8.ValidString(Plain(s)) {
			t.Fatal("characters are torn apart")
		}
	})
}
