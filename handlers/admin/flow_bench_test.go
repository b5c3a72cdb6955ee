package admin

import (
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"portico/app/dryrun"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// benchPost is the form of a page of the test bench, filled in as it came, with one of its buttons pressed:
// the one with these words, or the first.
func benchPost(page, words string) (form []string, pressed string, found bool) {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return nil, "", false
	}
	each(root, func(n *html.Node) bool {
		if n.Data != "form" || !strings.HasSuffix(attr(n, "action"), "/bench") || attr(n, "method") != "post" {
			return n.Data != "iframe"
		}
		each(n, func(x *html.Node) bool {
			switch x.Data {
			case "input":
				if t := attr(x, "type"); (t != "radio" && t != "checkbox") || has(x, "checked") {
					form = append(form, attr(x, "name"), attr(x, "value"))
				}
			case "textarea":
				form = append(form, attr(x, "name"), inner(x))
			case "select":
				each(x, func(o *html.Node) bool {
					if o.Data == "option" && has(o, "selected") {
						form = append(form, attr(x, "name"), attr(o, "value"))
					}
					return true
				})
			case "button":
				if attr(x, "name") == "press" && !found && (words == "" || wording(x) == words) {
					form, pressed, found = append(form, "press", attr(x, "value")), wording(x), true
				}
			}
			return true
		})
		return false
	})
	return form, pressed, found
}

// benchWalk presses the first button of each page until the visitor is back at the app, or a page comes
// that leads nowhere else. It gives every page.
func (w *browser) benchWalk(start string) []answer {
	w.b.Helper()
	at, _, _ := strings.Cut(start, "?")
	list := []answer{w.get(start)}
	for len(list) < 15 {
		last := list[len(list)-1]
		if last.status != 200 || strings.Contains(text(last.body), "The end") || strings.Contains(text(last.body), "Stopped") || strings.Contains(text(last.body), "Not accepted") {
			break
		}
		form, _, ok := benchPost(last.body, "")
		if !ok {
			break
		}
		var clean []string
		for i := 0; i+1 < len(form); i += 2 {
			if form[i] != "_csrf" {
				clean = append(clean, form[i], form[i+1])
			}
		}
		list = append(list, w.post(at, clean...))
	}
	return list
}

// TestTheDryRunWritesNoRow walks every kind of visitor through flows of every kind, and compares every row
// of every table before and after.
func TestTheDryRunWritesNoRow(t *testing.T) {
	for _, engine := range []string{modelstest.SQLite, modelstest.Postgres} {
		t.Run(engine, func(t *testing.T) {
			b := newBenchOn(t, engine)
			app, _ := modelstest.MustApp(b, b.shop, "Market", "https://market.example/callback")
			flows := []models.UserFlow{benchTestFlow(b, userflow.EmailPassword, app), benchTestFlow(b, userflow.EmailCode)}
			w := b.global()
			w.get("/admin/t/shop/user-flows") // the portal's own session has settled
			before, err := b.store.Dump(t.Context())
			b.must(err)
			ends := 0
			apps := []string{app.ClientID, ""} // the first flow's, with tokens to preview
			for i, f := range flows {
				for _, who := range dryrun.Visitors() {
					for _, prompt := range []string{"", "create"} {
						q := url.Values{"begin": {"yes"}, "visitor": {string(who)}, "prompt": {prompt}, "locale": {"en"}, "app": {apps[i]}}
						list := w.benchWalk("/admin/t/shop/user-flows/" + f.ID + "/bench?" + q.Encode())
						last := list[len(list)-1]
						if last.status != 200 {
							t.Errorf("%s %s %s: %d %s", f.SignUpMethod, who, prompt, last.status, text(last.body))
						}
						if strings.Contains(text(last.body), "The end") {
							ends++
						}
					}
				}
			}
			if ends < 20 {
				t.Errorf("only %d walks came to an end", ends)
			}
			after, err := b.store.Dump(t.Context())
			b.must(err)
			if before != after {
				t.Errorf("rows have changed:\n%s", newRows(before, after))
			}
			if strings.Contains(after, "outbox") {
				t.Error("something would be sent")
			}
		})
	}
}

func newRows(before, after string) string {
	had := map[string]bool{}
	for _, l := range strings.Split(before, "\n") {
		had[l] = true
	}
	var out []string
	for _, l := range strings.Split(after, "\n") {
		if !had[l] {
			out = append(out, l)
		}
	}
	return strings.Join(out, "\n")
}

func benchTestFlow(b *bench, method userflow.Method, apps ...models.Application) models.UserFlow {
	b.Helper()
	f, err := b.shop.CreateFlow(b.Context(), modelstest.Actor(), userflow.Flow{Name: "Sign in by " + string(method), SignUpMethod: method, SignUpAllowed: true,
		MFA:        userflow.MFA{Enforcement: userflow.MFAConditional, Methods: []string{"email", "softwareOath"}, MayPostpone: true},
		Attributes: []userflow.Attribute{{ID: "givenName", Required: true}, {ID: "surname"}, {ID: "country", Required: true}}})
	b.must(err)
	for _, a := range apps {
		b.must(b.shop.AddFlowApp(b.Context(), modelstest.Actor(), f.ID, a.ID))
	}
	return f
}
