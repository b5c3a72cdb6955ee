// Package check reads a rendered page the way assistive technology and password managers do and lists
// what they would stumble over (UI.md §10). Tests of every page use it; the program does not.
package check

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"golang.org/x/net/html"
)

// Page lists what is wrong with a whole page.
func Page(r io.Reader) []string { return problems(r, true) }

// Fragment lists what is wrong with a component on its own.
func Fragment(r io.Reader) []string { return problems(r, false) }

type reader struct {
	bad    []string
	ids    map[string]int
	labels map[string]bool // ids that a label names
	refs   [][2]string     // what refers, to which id
	inputs []*html.Node
	count  map[string]int
}

func problems(in io.Reader, whole bool) []string {
	doc, err := html.Parse(in)
	if err != nil {
		return []string{err.Error()}
	}
	r := &reader{ids: map[string]int{}, labels: map[string]bool{}, count: map[string]int{}}
	r.walk(doc)
	for id, n := range r.ids {
		if n > 1 {
			r.complain("id %q stands %d times", id, n)
		}
	}
	for _, ref := range r.refs {
		if r.ids[ref[1]] == 0 {
			r.complain("%s refers to #%s, which is not there", ref[0], ref[1])
		}
	}
	for _, n := range r.inputs {
		r.input(n)
	}
	if whole {
		if r.count["h1"] != 1 {
			r.complain("%d h1 instead of one", r.count["h1"])
		}
		if r.count["main"] != 1 {
			r.complain("%d main instead of one", r.count["main"])
		}
		if r.count["title"] < 1 {
			r.complain("no title")
		}
	}
	return r.bad
}

func (r *reader) complain(format string, args ...any) {
	r.bad = append(r.bad, fmt.Sprintf(format, args...))
}

// key looks like a message key that no catalogue knew.
var key = regexp.MustCompile(`^(signin|signup|attribute|attributes|blocked|challenge|code|consent|end|enrol|error|field|foot|formpost|identify|mail|method|mfa|newpassword|passkey|password|scope|phone|select|signedout|signout|stay|terms|test|ui|way|month|date)\.[a-zA-Z_.]+$`)

func (r *reader) walk(n *html.Node) {
	if n.Type == html.TextNode && key.MatchString(strings.TrimSpace(n.Data)) {
		r.complain("untranslated: %s", strings.TrimSpace(n.Data))
	}
	if n.Type == html.ElementNode {
		r.element(n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		r.walk(c)
	}
}

func (r *reader) element(n *html.Node) {
	if n.Namespace == "" {
		r.count[n.Data]++
	}
	for _, a := range n.Attr {
		switch {
		case a.Key == "style":
			r.complain("<%s> has a style attribute", n.Data)
		case strings.HasPrefix(a.Key, "on"):
			r.complain("<%s> has an inline handler %s", n.Data, a.Key)
		case a.Key == "id":
			r.ids[a.Val]++
		case a.Key == "aria-describedby", a.Key == "aria-labelledby", a.Key == "aria-controls":
			for _, id := range strings.Fields(a.Val) {
				r.refs = append(r.refs, [2]string{"<" + n.Data + " " + a.Key + ">", id})
			}
		case a.Key == "for", a.Key == "form" && n.Data != "form", a.Key == "list", a.Key == "popovertarget", a.Key == "commandfor", a.Key == "data-copy":
			r.refs = append(r.refs, [2]string{"<" + n.Data + " " + a.Key + ">", a.Val})
			if n.Data == "label" {
				r.labels[a.Val] = true
			}
		case a.Key == "href" && strings.HasPrefix(a.Val, "#") && len(a.Val) > 1 && n.Data == "a" && strings.HasPrefix(a.Val, "#f-"):
			r.refs = append(r.refs, [2]string{"a link", a.Val[1:]})
		case a.Key == "placeholder" && attr(n, "id") == "":
			r.complain("a placeholder stands in for a label")
		}
	}
	switch n.Data {
	case "html":
		if attr(n, "lang") == "" || attr(n, "dir") == "" {
			if n.FirstChild != nil && len(n.Attr) > 0 {
				r.complain("html without lang or dir")
			}
		}
	case "title":
		if strings.TrimSpace(text(n)) == "" {
			r.complain("empty title")
		}
	case "input", "select", "textarea":
		r.inputs = append(r.inputs, n)
	case "img":
		if !has(n, "alt") {
			r.complain("img without alt")
		}
	case "svg":
		if attr(n, "aria-hidden") != "true" && attr(n, "role") != "img" {
			r.complain("a drawing is neither hidden nor named")
		}
	case "button", "a", "summary":
		if strings.TrimSpace(text(n)) == "" && attr(n, "aria-label") == "" {
			r.complain("<%s> without words", n.Data)
		}
		if n.Data == "button" && attr(n, "type") == "" {
			r.complain("a button without a type")
		}
		if n.Data == "a" && !has(n, "href") {
			r.complain("a link that leads nowhere")
		}
	case "th":
		if attr(n, "scope") == "" {
			r.complain("th without scope")
		}
	case "table":
		if find(n, "caption") == nil {
			r.complain("table without caption")
		}
	case "fieldset":
		if find(n, "legend") == nil {
			r.complain("fieldset without legend")
		}
	case "script":
		if src := attr(n, "src"); src != "" && attr(n, "type") != "module" {
			r.complain("script %s is not a module", src)
		}
	}
}

func (r *reader) input(n *html.Node) {
	kind := attr(n, "type")
	switch kind {
	case "hidden":
		return
	case "submit", "button", "reset", "image":
		r.complain("an input as a button")
		return
	}
	name := attr(n, "name")
	if attr(n, "aria-hidden") != "true" && !r.labels[attr(n, "id")] && attr(n, "aria-label") == "" && attr(n, "aria-labelledby") == "" {
		r.complain("input %q has no label", name)
	}
	if name == "" {
		r.complain("an input without a name")
	}
	if unknown := Autocomplete(attr(n, "autocomplete")); unknown != "" {
		r.complain("input %q: autocomplete %q", name, unknown)
	}
	if attr(n, "aria-invalid") == "true" && attr(n, "aria-describedby") == "" && !inGroup(n) {
		r.complain("input %q is wrong and does not say why", name)
	}
	if kind == "number" || kind == "date" || has(n, "required") || has(n, "pattern") {
		r.complain("input %q leaves checking to the browser", name)
	}
}

// Autocomplete gives back the first token that HTML §4.10.18.7 does not know, "(none)" when there is none
// at all, "" when all is well.
func Autocomplete(value string) string {
	tokens := strings.Fields(value)
	if len(tokens) == 0 {
		return "(none)"
	}
	for _, t := range tokens {
		switch t {
		case "on", "off", "name", "honorific-prefix", "given-name", "additional-name", "family-name", "nickname", "username",
			"new-password", "current-password", "one-time-code", "organization-title", "organization", "street-address",
			"address-line1", "address-line2", "address-level1", "address-level2", "country", "country-name", "postal-code",
			"bday", "bday-day", "bday-month", "bday-year", "sex", "url", "photo", "language", "tel", "email", "webauthn":
		default:
			return t
		}
	}
	return ""
}

func inGroup(n *html.Node) bool {
	for p := n.Parent; p != nil; p = p.Parent {
		if p.Data == "fieldset" && attr(p, "aria-describedby") != "" {
			return true
		}
	}
	return false
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

func text(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	if n.Type == html.ElementNode && n.Data == "img" {
		return attr(n, "alt")
	}
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		b.WriteString(text(c))
	}
	return b.String()
}

func find(n *html.Node, name string) *html.Node {
	if n.Type == html.ElementNode && n.Data == name {
		return n
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if f := find(c, name); f != nil {
			return f
		}
	}
	return nil
}
