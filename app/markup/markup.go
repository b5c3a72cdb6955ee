// Package markup reads the small part of Markdown that an admin may write in labels, hints, options and
// terms of use: links, emphasis, and for whole texts headings and lists (R 2.5.3). It gives a tree; who
// draws it escapes every text. There is no HTML in it, no image, and no link but to the web and to mail.
package markup

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind says what a node is.
type Kind int

// Text has Text; Link has Href and Children, Heading a Level from 1 to 3; the others have Children only.
const (
	Text Kind = iota
	Strong
	Emphasis
	Underline
	Link
	Break
	Paragraph
	Heading
	Bullets
	Numbers
	Item
)

// Node is a piece of a text.
type Node struct {
	Kind     Kind
	Text     string
	Href     string
	Level    int
	Children []Node
}

// farthest is how far apart, in bytes, the two ends of a link or an emphasis may be. It keeps the time
// that a text takes in proportion to its length.
const farthest = 2000

// Inline reads one line of text: a label, a hint, an option.
func Inline(s string) []Node { return inline(s, nil) }

// Plain is a line of text without its marks: what an error or a select's option can show.
func Plain(s string) string {
	if !strings.ContainsAny(s, `[*_+\`) {
		return s
	}
	var b strings.Builder
	plain(&b, Inline(s))
	return b.String()
}

func plain(b *strings.Builder, nodes []Node) {
	for _, n := range nodes {
		b.WriteString(n.Text)
		plain(b, n.Children)
	}
}

// inline reads s inside the marks of outside, which are not read again.
func inline(s string, outside []Kind) []Node {
	var out []Node
	start := 0 // of the text that is not in a node yet
	text := func(end int) {
		if end > start {
			out = append(out, Node{Kind: Text, Text: unescape(s[start:end])})
		}
	}
	for i := 0; i < len(s); {
		n, size := mark(s, i, outside)
		switch {
		case size > 0:
			text(i)
			out = append(out, n)
			i += size
			start = i
		case s[i] == '\\' && i+1 < len(s):
			i += 2 // the escaped sign begins nothing
		default:
			i++
		}
	}
	text(len(s))
	return out
}

// mark reads the link or emphasis that begins at s[i]; size 0 = none does.
func mark(s string, i int, outside []Kind) (Node, int) {
	switch s[i] {
	case '[':
		return link(s[i:], outside)
	case '+': // ++underlined++, as the vendor writes it (R 3.2.14); C++ is no such thing
		if strings.HasPrefix(s[i:], "++") && (i == 0 || !wordBefore(s, i)) {
			return emphasis(s[i:], "++", Underline, outside)
		}
	case '*', '_':
		if i > 0 && s[i] == '_' && wordBefore(s, i) { // snake_case is no emphasis
			return Node{}, 0
		}
		sign, kind := s[i:i+1], Emphasis
		if strings.HasPrefix(s[i+1:], sign) {
			sign, kind = s[i:i+2], Strong
		}
		return emphasis(s[i:], sign, kind, outside)
	}
	return Node{}, 0
}

func link(s string, outside []Kind) (Node, int) {
	if within(outside, Link) {
		return Node{}, 0
	}
	words, target, size := linkForm(s)
	href, ok := address(target)
	if size == 0 || !ok {
		return Node{}, 0
	}
	return Node{Kind: Link, Href: href, Children: inline(words, append(outside[:len(outside):len(outside)], Link))}, size
}

// linkForm takes [words](target) apart at the start of s, whatever the target is; size 0 = it is no such form.
func linkForm(s string) (words, target string, size int) {
	near := s[:min(len(s), farthest)]
	end := find(near, "](")
	if end < 2 {
		return "", "", 0
	}
	rest := near[end+2:]
	stop := strings.IndexByte(rest, ')')
	if stop < 0 {
		return "", "", 0
	}
	return s[1:end], rest[:stop], end + 2 + stop + 1
}

// Broken finds the first [words](target) whose target is none of the addresses that a link may have: readers
// would see the brackets. found is false when every link works.
func Broken(s string) (target string, found bool) {
	for i := 0; i < len(s); {
		switch s[i] {
		case '\\':
			i += 2
			continue
		case '[':
			if _, target, size := linkForm(s[i:]); size > 0 {
				if _, ok := address(target); !ok {
					return target, true
				}
				i += size
				continue
			}
		}
		i++
	}
	return "", false
}

// address takes links to the web and to mail, and nothing else.
func address(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if strings.ContainsFunc(s, func(c rune) bool {
		return c <= ' ' || c == utf8.RuneError || unicode.IsControl(c) || unicode.IsSpace(c)
	}) {
		return "", false
	}
	u, err := url.Parse(s)
	if err != nil {
		return "", false
	}
	switch u.Scheme {
	case "https", "http":
		return s, u.Host != ""
	case "mailto":
		return s, u.Opaque != ""
	}
	return "", false
}

func emphasis(s, sign string, kind Kind, outside []Kind) (Node, int) {
	if within(outside, kind) || len(s) <= 2*len(sign) || space(s[len(sign)]) {
		return Node{}, 0
	}
	near := s[len(sign):min(len(s), farthest)]
	for from := 0; ; {
		end := find(near[from:], sign)
		if end < 0 {
			return Node{}, 0
		}
		end += from
		after := end + len(sign)
		switch {
		case end == 0 || space(near[end-1]), sign == "_" && wordAt(near, after), kind == Emphasis && after < len(near) && near[after] == sign[0]:
			from = after
			for kind == Emphasis && from < len(near) && near[from] == sign[0] { // the two of a stronger mark belong together
				from++
			}
			continue
		}
		return Node{Kind: kind, Children: inline(near[:end], append(outside[:len(outside):len(outside)], kind))}, len(sign) + after
	}
}

// find is strings.Index that passes over escaped signs.
func find(s, sign string) int {
	for i := 0; i+len(sign) <= len(s); i++ {
		if s[i] == '\\' {
			i++
		} else if s[i:i+len(sign)] == sign {
			return i
		}
	}
	return -1
}

func within(outside []Kind, k Kind) bool {
	for _, o := range outside {
		if o == k {
			return true
		}
	}
	return false
}

func space(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' }

func wordBefore(s string, i int) bool {
	c, _ := utf8.DecodeLastRuneInString(s[:i])
	return unicode.IsLetter(c) || unicode.IsDigit(c)
}

func wordAt(s string, i int) bool {
	c, _ := utf8.DecodeRuneInString(s[i:])
	return unicode.IsLetter(c) || unicode.IsDigit(c)
}

// unescape takes the backslash away before a sign that would mean something.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte("\\[]()*_+#-", s[i+1]) >= 0 {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
