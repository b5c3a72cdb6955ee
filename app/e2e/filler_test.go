package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// filler is a program that knows nothing of Portico. It reads pages as HTML, fills the inputs whose
// autocomplete tokens it knows, answers what is required, presses the primary button and follows
// redirects, until the browser would leave for an address that begins with the stop prefix.
type filler struct {
	t       testing.TB
	client  *http.Client
	base    string // whose mailbox to read
	answers map[string]string
	pages   []string // the title of each page it saw
	seen    map[string]bool
	after   time.Time // codes older than this are somebody else's
	last    page
}

type page struct {
	url   *url.URL
	title string
	root  *html.Node
	body  string
}

// newFiller is a new browser with a new person.
func newFiller(t testing.TB, s *server, email, password string) *filler {
	t.Helper()
	return &filler{t: t, client: s.client(t), base: s.base, seen: map[string]bool{}, answers: map[string]string{
		"email": email, "username": email, "current-password": password, "new-password": password,
		"given-name": "Robin", "family-name": "Ferreira", "name": "Robin Ferreira", "country": "PT", "country-name": "Portugal",
		"street-address": "Rua da Saudade 12", "address-line1": "Rua da Saudade 12", "address-level2": "Porto", "address-level1": "Porto",
		"postal-code": "4050-123", "organization-title": "Gardener", "tel": "+351 912 345 678", "bday": "1990-05-17"}}
}

// walk goes from an address to the stop prefix and gives the address it would leave for.
func (f *filler) walk(start, stop string) string {
	f.t.Helper()
	left, err := f.try(start, stop)
	if err != nil {
		f.t.Fatalf("%v\npages: %s\n%s", err, strings.Join(f.pages, " → "), visible(f.last.root))
	}
	return left
}

func (f *filler) try(start, stop string) (string, error) {
	res, left, err := f.follow(f.get(start), stop)
	for range 25 {
		if err != nil || left != "" {
			return left, err
		}
		p, err2 := parse(res)
		if err2 != nil {
			return "", err2
		}
		f.last = p
		f.pages = append(f.pages, p.title)
		if res.StatusCode >= 400 && res.StatusCode != http.StatusUnprocessableEntity {
			return "", fmt.Errorf("%s answers %d", p.url, res.StatusCode)
		}
		form := mainForm(p.root)
		if form == nil {
			return "", fmt.Errorf("no form on %q", p.title)
		}
		if action := attr(form, "action"); strings.HasPrefix(action, stop) { // response_mode=form_post
			return action + "?" + f.fields(form).Encode(), nil
		}
		if problem := errorsOn(p.root); problem != "" {
			return "", fmt.Errorf("%q says: %s", p.title, problem)
		}
		values, err2 := f.fill(form)
		if err2 != nil {
			return "", err2
		}
		res, left, err = f.follow(f.send(p.url, form, values), stop)
	}
	return "", fmt.Errorf("no end after 25 pages")
}

func (f *filler) get(address string) *http.Request {
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

// send makes the request of a form, as a browser would.
func (f *filler) send(from *url.URL, form *html.Node, values url.Values) *http.Request {
	to, err := from.Parse(attr(form, "action"))
	if err != nil {
		f.t.Fatal(err)
	}
	if strings.EqualFold(attr(form, "method"), "post") {
		r, err := http.NewRequest(http.MethodPost, to.String(), strings.NewReader(values.Encode()))
		if err != nil {
			f.t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", from.Scheme+"://"+from.Host)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		return r
	}
	to.RawQuery = values.Encode()
	return f.get(to.String())
}

// follow does a request and its redirects; left is the address beyond, when one begins with stop.
func (f *filler) follow(r *http.Request, stop string) (*http.Response, string, error) {
	for range 20 {
		r.Header.Set("Accept", "text/html")
		res, err := f.client.Do(r)
		if err != nil {
			return nil, "", err
		}
		if res.StatusCode < 300 || res.StatusCode > 399 {
			return res, "", nil
		}
		_ = res.Body.Close()
		to, err := res.Request.URL.Parse(res.Header.Get("Location"))
		if err != nil {
			return nil, "", err
		}
		if strings.HasPrefix(to.String(), stop) {
			return nil, to.String(), nil
		}
		r = f.get(to.String())
	}
	return nil, "", fmt.Errorf("redirects without end at %s", r.URL)
}

func parse(res *http.Response) (page, error) {
	defer func() { _ = res.Body.Close() }()
	root, err := html.Parse(res.Body)
	if err != nil {
		return page{}, err
	}
	p := page{url: res.Request.URL, root: root}
	if t := first(root, func(n *html.Node) bool { return n.DataAtom == atom.Title }); t != nil {
		p.title = strings.TrimSpace(text(t))
	}
	return p, nil
}

// fill answers one form. It knows inputs by autocomplete tokens; of the rest it answers what is required.
func (f *filler) fill(form *html.Node) (url.Values, error) {
	values := f.fields(form)
	radios := map[string]bool{}
	for n := range form.Descendants() {
		if n.Type != html.ElementNode || attr(n, "name") == "" {
			continue
		}
		name, required := attr(n, "name"), has(n, "required")
		answer, known, err := f.answer(n)
		if err != nil {
			return nil, err
		}
		switch {
		case n.DataAtom == atom.Input && attr(n, "type") == "checkbox":
			if required {
				values.Set(name, value(n, "on"))
			}
		case n.DataAtom == atom.Input && attr(n, "type") == "radio":
			if required && !radios[name] && values.Get(name) == "" {
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
			if known {
				values.Set(name, answer)
			} else if required && values.Get(name) == "" {
				values.Set(name, "42")
			}
		}
	}
	if b := primary(form); b != nil && attr(b, "name") != "" {
		values.Set(attr(b, "name"), attr(b, "value"))
	}
	return values, nil
}

// answer finds what to write into an input by its autocomplete tokens.
func (f *filler) answer(n *html.Node) (string, bool, error) {
	for _, token := range strings.Fields(attr(n, "autocomplete")) {
		if token == "one-time-code" {
			code, err := f.code()
			return code, true, err
		}
		if a, ok := f.answers[token]; ok {
			return a, true, nil
		}
	}
	return "", false, nil
}

// code waits for a code in the mailbox that was not used before.
func (f *filler) code() (string, error) {
	if fixed, ok := f.answers["one-time-code"]; ok {
		return fixed, nil
	}
	deadline := time.Now().Add(10 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for time.Now().Before(deadline) {
		for _, m := range mails(f.t, f.client, f.base, f.answers["email"]) {
			if m.Code != "" && !f.seen[m.ID] {
				f.seen[m.ID] = true
				return m.Code, nil
			}
		}
		<-tick.C
	}
	return "", fmt.Errorf("no code arrived for %s", f.answers["email"])
}

type mail struct {
	ID, To, Channel, Subject, Text, HTML, Code string
	CreatedDateTime                            time.Time
}

// mails asks the development mailbox (DESIGN §7).
func mails(t testing.TB, client *http.Client, base, to string) []mail {
	t.Helper()
	res, err := client.Get(base + "/dev/mailbox.json?to=" + url.QueryEscape(to))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var list []mail
	if err := json.NewDecoder(res.Body).Decode(&list); err != nil {
		t.Fatalf("mailbox.json answers %d: %v", res.StatusCode, err)
	}
	return list
}

// fields are a form's values as they stand.
func (f *filler) fields(form *html.Node) url.Values {
	values := url.Values{}
	for n := range form.Descendants() {
		name := attr(n, "name")
		if n.Type != html.ElementNode || name == "" || has(n, "disabled") {
			continue
		}
		switch n.DataAtom {
		case atom.Input:
			switch attr(n, "type") {
			case "checkbox", "radio":
				if has(n, "checked") {
					values.Add(name, value(n, "on"))
				}
			case "submit", "image", "reset", "button", "file":
			default:
				values.Add(name, attr(n, "value"))
			}
		case atom.Textarea:
			values.Add(name, text(n))
		case atom.Select:
			chosen := ""
			for i, o := range optionNodes(n) {
				if i == 0 || has(o, "selected") {
					chosen = value(o, text(o))
				}
			}
			values.Add(name, chosen)
		}
	}
	return values
}

// mainForm is the form that the page is about: the one with inputs whose tokens are known, else the first
// POST form inside main.
func mainForm(root *html.Node) *html.Node {
	if main := first(root, func(n *html.Node) bool { return n.DataAtom == atom.Main }); main != nil {
		root = main
	}
	var forms []*html.Node
	for n := range root.Descendants() {
		if n.DataAtom == atom.Form && strings.EqualFold(attr(n, "method"), "post") {
			forms = append(forms, n)
		}
	}
	for _, form := range forms {
		if first(form, func(n *html.Node) bool { return attr(n, "autocomplete") != "" && !hiddenOrButton(n) }) != nil {
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
	return first(form, func(n *html.Node) bool {
		kind := attr(n, "type")
		return n.DataAtom == atom.Button && (kind == "" || kind == "submit") || n.DataAtom == atom.Input && kind == "submit"
	})
}

// errorsOn is what the page complains about, or "".
func errorsOn(root *html.Node) string {
	alert := first(root, func(n *html.Node) bool { return attr(n, "role") == "alert" })
	if alert == nil {
		return ""
	}
	return strings.Join(strings.Fields(text(alert)), " ")
}

func first(root *html.Node, want func(*html.Node) bool) *html.Node {
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && want(n) {
			return n
		}
	}
	return nil
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
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func value(n *html.Node, otherwise string) string {
	if has(n, "value") {
		return attr(n, "value")
	}
	return strings.TrimSpace(otherwise)
}

func hiddenOrButton(n *html.Node) bool {
	switch attr(n, "type") {
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
		if v := value(o, text(o)); v != "" && !has(o, "disabled") {
			list = append(list, v)
		}
	}
	return list
}

func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// visible is a page's text for a failure message.
func visible(root *html.Node) string {
	if root == nil {
		return ""
	}
	if main := first(root, func(n *html.Node) bool { return n.DataAtom == atom.Main }); main != nil {
		root = main
	}
	return strings.Join(strings.Fields(text(root)), " ")
}
