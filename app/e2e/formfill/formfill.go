// Package formfill walks sign-in pages as a program that knows nothing of Portico would. It reads pages
// as HTML, fills the inputs whose autocomplete tokens it knows (DESIGN §7, Hosted forms), answers what is
// required, presses the primary button and follows redirects, until the browser would leave for the
// application. The tests of the whole program and the benchmark use it.
package formfill

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Filler is one browser with one person.
type Filler struct {
	Client  *http.Client      // keeps cookies and does not follow redirects itself
	Answers map[string]string // what to write, by autocomplete token
	// Code gives the newest one-time code that was sent and not used yet.
	Code func() (string, error)
	// Before, when set, may change the values of a form before it is sent.
	Before func(p Page, values url.Values)
	// Titles of the pages that were seen.
	Titles []string
	// Last is the page that was seen last.
	Last Page
}

// Page is a page as it was read.
type Page struct {
	URL    *url.URL
	Status int
	Title  string
	Root   *html.Node
}

// Person gives answers for somebody with this address and password.
func Person(email, password string) map[string]string {
	return map[string]string{
		"email": email, "username": email, "current-password": password, "new-password": password,
		"given-name": "Robin", "family-name": "Ferreira", "name": "Robin Ferreira", "country": "PT", "country-name": "Portugal",
		"street-address": "Rua da Saudade 12", "address-line1": "Rua da Saudade 12", "address-level2": "Porto", "address-level1": "Porto",
		"postal-code": "4050-123", "organization-title": "Gardener", "tel": telephone(email), "bday": "1990-05-17", "bday-day": "17", "bday-month": "5", "bday-year": "1990"}
}

// telephone is a number of one's own: a text goes to one person only.
func telephone(email string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(email))
	return fmt.Sprintf("+35191%07d", h.Sum32()%1e7)
}

// Walk goes from an address to the stop prefix and gives the address it would leave for.
func (f *Filler) Walk(start, stop string) (string, error) {
	r, err := http.NewRequest(http.MethodGet, start, nil)
	if err != nil {
		return "", err
	}
	for range 25 {
		p, left, err := f.Follow(r, stop)
		if err != nil || left != "" {
			return left, err
		}
		if p.Status >= 400 && p.Status != http.StatusUnprocessableEntity {
			return "", fmt.Errorf("%s answers %d: %s", p.URL, p.Status, p.Words())
		}
		form := p.Form()
		if form == nil {
			return "", fmt.Errorf("no form on %q: %s", p.Title, p.Words())
		}
		if action := Attr(form, "action"); strings.HasPrefix(action, stop) { // response_mode=form_post
			return action + "?" + Fields(form).Encode(), nil
		}
		if problem := p.Problem(); problem != "" {
			return "", fmt.Errorf("%q says: %s", p.Title, problem)
		}
		if r, err = f.Submit(p, form); err != nil {
			return "", err
		}
	}
	return "", fmt.Errorf("no end after 25 pages: %s", strings.Join(f.Titles, " → "))
}

// Open follows an address to the page that it leads to.
func (f *Filler) Open(address string) (Page, error) {
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return Page{}, err
	}
	p, _, err := f.Follow(r, "\x00")
	return p, err
}

// Submit fills a form and makes its request.
func (f *Filler) Submit(p Page, form *html.Node) (*http.Request, error) {
	values, err := f.fill(form)
	if err != nil {
		return nil, err
	}
	if f.Before != nil {
		f.Before(p, values)
	}
	return Request(p.URL, form, values)
}

// Request is what a browser sends for a form.
func Request(from *url.URL, form *html.Node, values url.Values) (*http.Request, error) {
	to, err := from.Parse(Attr(form, "action"))
	if err != nil {
		return nil, err
	}
	if !strings.EqualFold(Attr(form, "method"), "post") {
		to.RawQuery = values.Encode()
		return http.NewRequest(http.MethodGet, to.String(), nil)
	}
	r, err := http.NewRequest(http.MethodPost, to.String(), strings.NewReader(values.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", from.Scheme+"://"+from.Host)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return r, nil
}

// Follow does a request and its redirects and reads the page; left is the address beyond, when one begins
// with stop.
func (f *Filler) Follow(r *http.Request, stop string) (p Page, left string, err error) {
	for range 20 {
		r.Header.Set("Accept", "text/html")
		res, err := f.Client.Do(r)
		if err != nil {
			return p, "", err
		}
		if res.StatusCode < 300 || res.StatusCode > 399 {
			p, err = read(res)
			f.Last, f.Titles = p, append(f.Titles, p.Title)
			return p, "", err
		}
		_ = res.Body.Close()
		to, err := res.Request.URL.Parse(res.Header.Get("Location"))
		if err != nil {
			return p, "", err
		}
		if strings.HasPrefix(to.String(), stop) {
			return p, to.String(), nil
		}
		if r, err = http.NewRequest(http.MethodGet, to.String(), nil); err != nil {
			return p, "", err
		}
	}
	return p, "", fmt.Errorf("redirects without end at %s", r.URL)
}

func read(res *http.Response) (Page, error) {
	defer func() { _ = res.Body.Close() }()
	root, err := html.Parse(res.Body)
	if err != nil {
		return Page{}, err
	}
	p := Page{URL: res.Request.URL, Status: res.StatusCode, Root: root}
	if t := First(root, func(n *html.Node) bool { return n.DataAtom == atom.Title }); t != nil {
		p.Title = strings.TrimSpace(Text(t))
	}
	return p, nil
}

// fill answers one form. It knows inputs by autocomplete tokens; of the rest it answers what is required.
func (f *Filler) fill(form *html.Node) (url.Values, error) {
	values := Fields(form)
	radios := map[string]bool{}
	for n := range form.Descendants() {
		if n.Type != html.ElementNode || Attr(n, "name") == "" {
			continue
		}
		name, required := Attr(n, "name"), has(n, "required") || Attr(n, "aria-required") == "true"
		answer, known, err := f.answer(n)
		if err != nil {
			return nil, err
		}
		switch {
		case n.DataAtom == atom.Input && Attr(n, "type") == "checkbox":
			if required || oneOf(n) && values.Get(name) == "" {
				values.Set(name, value(n, "on"))
			}
		case n.DataAtom == atom.Input && Attr(n, "type") == "radio":
			if !radios[name] && values.Get(name) == "" { // a person answers such a question, even where it is optional
				values.Set(name, value(n, "on"))
			}
			radios[name] = true
		case n.DataAtom == atom.Select:
			if options := optionsOf(n); known && slices.Contains(options, answer) {
				values.Set(name, answer)
			} else if required && values.Get(name) == "" && len(options) > 0 {
				values.Set(name, options[0])
			}
		case n.DataAtom == atom.Input && hiddenOrButton(n) || n.DataAtom == atom.Button:
		case n.DataAtom == atom.Input || n.DataAtom == atom.Textarea:
			if known && name == "userName" { // a new user name looks unlike an address
				answer, _, _ = strings.Cut(answer, "@")
			}
			if known {
				values.Set(name, answer)
			} else if required && values.Get(name) == "" {
				values.Set(name, invent(name))
			}
		}
	}
	if b := primary(form); b != nil && Attr(b, "name") != "" {
		values.Set(Attr(b, "name"), Attr(b, "value"))
	}
	return values, nil
}

// oneOf reports whether a box belongs to a group of which at least one has to be ticked.
func oneOf(n *html.Node) bool {
	for p := n.Parent; p != nil; p = p.Parent {
		if p.DataAtom == atom.Fieldset {
			return has(p, "data-required")
		}
	}
	return false
}

// invent gives a required box without a known token something: a date comes in three boxes.
func invent(name string) string {
	switch {
	case strings.HasSuffix(name, ".day"):
		return "17"
	case strings.HasSuffix(name, ".month"):
		return "5"
	case strings.HasSuffix(name, ".year"):
		return "2020"
	}
	return "42"
}

// answer finds what to write into an input by its autocomplete tokens.
func (f *Filler) answer(n *html.Node) (string, bool, error) {
	for _, token := range strings.Fields(Attr(n, "autocomplete")) {
		if token == "one-time-code" {
			if fixed, ok := f.Answers[token]; ok {
				return fixed, true, nil
			}
			code, err := f.Code()
			return code, true, err
		}
		if a, ok := f.Answers[token]; ok {
			return a, true, nil
		}
	}
	return "", false, nil
}

// Fields are a form's values as they stand.
func Fields(form *html.Node) url.Values {
	values := url.Values{}
	for n := range form.Descendants() {
		name := Attr(n, "name")
		if n.Type != html.ElementNode || name == "" || has(n, "disabled") {
			continue
		}
		switch n.DataAtom {
		case atom.Input:
			switch Attr(n, "type") {
			case "checkbox", "radio":
				if has(n, "checked") {
					values.Add(name, value(n, "on"))
				}
			case "submit", "image", "reset", "button", "file":
			default:
				values.Add(name, Attr(n, "value"))
			}
		case atom.Textarea:
			values.Add(name, Text(n))
		case atom.Select:
			chosen := ""
			for i, o := range optionNodes(n) {
				if i == 0 || has(o, "selected") {
					chosen = value(o, Text(o))
				}
			}
			values.Add(name, chosen)
		}
	}
	return values
}

// Form is the form that the page is about: the one with inputs whose tokens are known, else the first
// POST form inside main.
func (p Page) Form() *html.Node {
	root := p.Root
	if main := First(root, func(n *html.Node) bool { return n.DataAtom == atom.Main }); main != nil {
		root = main
	}
	var forms []*html.Node
	for n := range root.Descendants() {
		if n.DataAtom == atom.Form && strings.EqualFold(Attr(n, "method"), "post") {
			forms = append(forms, n)
		}
	}
	for _, form := range forms {
		if First(form, func(n *html.Node) bool { return Attr(n, "autocomplete") != "" && !hiddenOrButton(n) }) != nil {
			return form
		}
	}
	for _, form := range forms {
		if primary(form) != nil {
			return form
		}
	}
	return nil
}

// primary is the form's first submit button.
func primary(form *html.Node) *html.Node {
	return First(form, func(n *html.Node) bool {
		kind := Attr(n, "type")
		return n.DataAtom == atom.Button && (kind == "" || kind == "submit") || n.DataAtom == atom.Input && kind == "submit"
	})
}

// Problem is what the page complains about, or "".
func (p Page) Problem() string {
	alert := First(p.Root, func(n *html.Node) bool { return Attr(n, "role") == "alert" })
	if alert == nil {
		return ""
	}
	return strings.Join(strings.Fields(Text(alert)), " ")
}

// First is the first element below a node that is wanted.
func First(root *html.Node, want func(*html.Node) bool) *html.Node {
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && want(n) {
			return n
		}
	}
	return nil
}

// Attr is an attribute's value, "" when it is missing.
func Attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func value(n *html.Node, otherwise string) string {
	if has(n, "value") {
		return Attr(n, "value")
	}
	return strings.TrimSpace(otherwise)
}

func hiddenOrButton(n *html.Node) bool {
	switch Attr(n, "type") {
	case "hidden", "submit", "image", "reset", "button":
		return true
	}
	return n.DataAtom == atom.Button
}

func optionNodes(sel *html.Node) []*html.Node {
	var list []*html.Node
	for n := range sel.Descendants() {
		if n.DataAtom == atom.Option {
			list = append(list, n)
		}
	}
	return list
}

func optionsOf(sel *html.Node) []string {
	var list []string
	for _, o := range optionNodes(sel) {
		if v := value(o, Text(o)); v != "" && !has(o, "disabled") {
			list = append(list, v)
		}
	}
	return list
}

// Text is all text below a node.
func Text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// Words is what the page says.
func (p Page) Words() string {
	root := p.Root
	if main := First(root, func(n *html.Node) bool { return n.DataAtom == atom.Main }); main != nil {
		root = main
	}
	return strings.Join(strings.Fields(Text(root)), " ")
}
