package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/net/html"

	"portico/app/e2e/formfill"
)

// weight is what a browser that was never here loads for a page.
type weight struct {
	page     int // HTML, CSS and scripts, as they come over the wire
	unpacked int // the HTML alone
	requests int // for all of these
	images   int // pictures and the favicon
	shown    int // requests for these
	company  int // a style sheet of the company's own, in a file of its own
}

// pages loads the first page of a sign-in and of a sign-up as a browser does that was never here: of a tenant that is
// neutral (the portal's own sign-in), of one that is branded, and of an app with a theme.
func pages(r *report, prog *program) error {
	market, err := demoApp(prog, "market")
	if err != nil {
		return err
	}
	auto, err := demoApp(prog, "auto")
	if err != nil {
		return err
	}
	start := func(app sample, more url.Values) string {
		return authorize(prog, app.id, app.redirect, challenge(fixedVerifier), more)
	}
	create := url.Values{"prompt": {"create"}}
	for _, p := range []struct{ what, at string }{
		{"sign-in page, neutral", prog.base + "/admin"},
		{"sign-in page, branded", start(market, nil)},
		{"sign-up page, branded", start(market, create)},
		{"sign-in page, app with a theme", start(auto, nil)},
		{"sign-up page, app with a theme", start(auto, create)},
	} {
		w, err := weigh(prog, p.at)
		if err != nil {
			return fmt.Errorf("%s: %w", p.what, err)
		}
		r.add("sqlite", figure{what: p.what + ", first visit, brotli", value: fmt.Sprintf("%.1f KB in %d requests", float64(w.page)/1024, w.requests),
			budget: "≤ 10 KB in ≤ 2", ok: w.page <= 10<<10 && w.requests <= 2,
			note: fmt.Sprintf("%.1f KB unpacked; besides: pictures %.1f KB in %d requests, style sheet of the company's own %.1f KB", float64(w.unpacked)/1024, float64(w.images)/1024, w.shown, float64(w.company)/1024)})
	}
	return nil
}

func onlyPages(ctx context.Context, binary, dir string) error {
	prog, err := newProgram(binary, dir, "")
	if err != nil {
		return err
	}
	defer prog.stop()
	if _, err := prog.start(ctx); err != nil {
		return err
	}
	r := &report{}
	err = pages(r, prog)
	r.print()
	return err
}

// demoApp learns a sample application's registration from the address that it sends browsers to.
func demoApp(prog *program, name string) (sample, error) {
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Get(prog.base + "/demo/" + name + "/signin")
	if err != nil {
		return sample{}, err
	}
	_ = res.Body.Close()
	to, err := url.Parse(res.Header.Get("Location"))
	if err != nil || to.Query().Get("client_id") == "" {
		return sample{}, fmt.Errorf("the sample application %s answers %d", name, res.StatusCode)
	}
	return sample{id: to.Query().Get("client_id"), redirect: to.Query().Get("redirect_uri")}, nil
}

// weigh follows redirects to a page and loads what it asks for.
func weigh(prog *program, at string) (weight, error) {
	jar, err := newJar()
	if err != nil {
		return weight{}, err
	}
	client := &http.Client{Jar: jar, Transport: &http.Transport{DisableCompression: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	var w weight
	var page []byte
	for range 8 {
		body, wire, next, err := fetch(client, at)
		if err != nil {
			return w, err
		}
		if next == "" {
			page, w.page, w.requests, w.unpacked = body, wire, 1, len(body)
			break
		}
		at = next
	}
	if !bytes.Contains(page, []byte("<form")) {
		return w, fmt.Errorf("that is no page with a form: %.200s", page)
	}
	parts, pictures, err := partsOf(page)
	if err != nil {
		return w, err
	}
	for _, src := range parts {
		_, wire, _, err := fetch(client, prog.base+src)
		if err != nil {
			return w, err
		}
		if companySheet(src) {
			w.company = wire
			continue
		}
		w.page, w.requests = w.page+wire, w.requests+1
	}
	for _, src := range pictures {
		_, wire, _, err := fetch(client, prog.base+src)
		if err != nil {
			return w, err
		}
		w.images, w.shown = w.images+wire, w.shown+1
	}
	return w, nil
}

// companySheet tells a company's own style sheet from what is ours: below /{tenant}/branding/.
func companySheet(src string) bool {
	_, rest, _ := strings.Cut(strings.TrimPrefix(src, "/"), "/")
	return strings.HasPrefix(rest, "branding/")
}

var styleURL = regexp.MustCompile(`url\(["']?(/[^"')]+)`)

// partsOf lists what a page loads: style sheets and scripts, and pictures. Of a picture that comes in several sizes,
// and of several icons, a browser loads one: the first that is named counts.
func partsOf(page []byte) (parts, pictures []string, err error) {
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		return nil, nil, err
	}
	seen, icon := map[string]bool{}, false
	add := func(list *[]string, src string) {
		if strings.HasPrefix(src, "/") && !seen[src] {
			seen[src] = true
			*list = append(*list, src)
		}
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "link":
			rel := formfill.Attr(n, "rel")
			if strings.Contains(rel, "stylesheet") {
				add(&parts, formfill.Attr(n, "href"))
			} else if rel == "icon" && !icon {
				icon = true
				add(&pictures, formfill.Attr(n, "href"))
			}
		case "script":
			add(&parts, formfill.Attr(n, "src"))
		case "img":
			add(&pictures, formfill.Attr(n, "src"))
		case "style":
			if n.FirstChild != nil {
				for _, m := range styleURL.FindAllStringSubmatch(n.FirstChild.Data, -1) {
					add(&pictures, m[1])
				}
			}
		}
	}
	return parts, pictures, nil
}
