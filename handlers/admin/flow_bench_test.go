package admin

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"portico/app/access"
	"portico/app/dryrun"
	"portico/app/signin"
	"portico/app/userflow"
	"portico/handlers"
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
	return benchFlowWith(b, method, userflow.MFAConditional, apps...)
}

func benchFlowWith(b *bench, method userflow.Method, mfa userflow.Enforcement, apps ...models.Application) models.UserFlow {
	b.Helper()
	f, err := b.shop.CreateFlow(b.Context(), modelstest.Actor(), userflow.Flow{Name: "Sign in by " + string(method), SignUpMethod: method, SignUpAllowed: true,
		MFA:        userflow.MFA{Enforcement: mfa, Methods: []string{"email", "softwareOath"}, MayPostpone: true},
		Attributes: []userflow.Attribute{{ID: "givenName", Required: true}, {ID: "surname"}, {ID: "country", Required: true}}})
	b.must(err)
	for _, a := range apps {
		b.must(b.shop.AddFlowApp(b.Context(), modelstest.Actor(), f.ID, a.ID))
	}
	return f
}

// benchForm opens a walk's first page and gives its form, without the token.
func (w *browser) benchForm(at, query string) []string {
	w.b.Helper()
	a := w.get(at + "?begin=yes&locale=en&" + query)
	a.wants(w.b.T, 200, "The visitor", "What was decided so far")
	form, _, ok := benchPost(a.body, "")
	if !ok {
		w.b.Fatalf("no form: %s", text(a.body))
	}
	return without(form, handlers.CSRFField)
}

func without(form []string, name string) []string {
	var out []string
	for i := 0; i+1 < len(form); i += 2 {
		if form[i] != name {
			out = append(out, form[i], form[i+1])
		}
	}
	return out
}

// value gives a field of a form, and sets it when there is something to set.
func value(form []string, name string, set ...string) string {
	for i := 0; i+1 < len(form); i += 2 {
		if form[i] == name {
			if len(set) > 0 {
				form[i+1] = set[0]
			}
			return form[i+1]
		}
	}
	return ""
}

// TestAWalkThatIsNotOnesOwn: a sealed walk is one admin's, in one tenant, for an hour, and unchanged.
func TestAWalkThatIsNotOnesOwn(t *testing.T) {
	b := newBench(t)
	app, _ := modelstest.MustApp(b, b.shop, "Market", "https://market.example/callback")
	f, other := benchFlowWith(b, userflow.EmailPassword, userflow.MFAOff, app), benchTestFlow(b, userflow.EmailCode)
	at := "/admin/t/shop/user-flows/" + f.ID + "/bench"
	w := b.global()
	form := w.benchForm(at, "visitor=password")
	w.post(at, form...).wants(t, 200, "Signed in", "The end", "Proven: password")
	stranger := b.admin("stranger@staff.example", access.GlobalAdministratorID, access.AllTenants)
	const kind = "too old or belongs to somebody else"
	stranger.post(at, form...).wants(t, 410, kind, "Begin the walk")
	w.post("/admin/t/shop/user-flows/"+other.ID+"/bench", form...).wants(t, 410, kind)
	sealed := value(form, "walk")
	for _, bad := range []string{"", "nonsense", sealed[:len(sealed)-4], sealed[:len(sealed)/2] + "AAAA" + sealed[len(sealed)/2+4:], strings.Repeat("A", 1000)} {
		value(form, "walk", bad)
		w.post(at, form...).wants(t, 410, kind, "Begin the walk")
	}
	value(form, "walk", sealed)
	for range 5 {
		w.post(at, form...).wants(t, 200, "The end")
		b.clock.Advance(dryrun.Lifetime / 5)
	}
	w.post(at, form...).wants(t, 410, kind)
}

// TestWhatTheBenchIsAskedFor: what no select offers is refused beside its field.
func TestWhatTheBenchIsAskedFor(t *testing.T) {
	b := newBench(t)
	f := benchTestFlow(b, userflow.EmailPassword)
	w, at := b.global(), "/admin/t/shop/user-flows/"+f.ID+"/bench?begin=yes&locale=en&"
	for query, words := range map[string]string{
		"visitor=nobody":                         "Choose who comes",
		"visitor=new&ip=300.1.1.1":               "Enter an IP address",
		"visitor=new&country=Germany":            "Enter a country code of two letters",
		"visitor=new&version=draft":              "has no draft any more",
		"visitor=new&app=no-such-app":            "Choose an application of this user flow",
		"visitor=new&platform=toaster":           "Choose one of the options",
		"visitor=new&prompt=none%20login":        "Choose one of the options",
		"visitor=new&risk=none&country=\xff\xfe": "Choose one of the options",
	} {
		w.get(at+query).wants(t, 422, words)
	}
	w.get(at+"visitor=new&country=de&ip=203.0.113.7&platform=iOS&risk=high").wants(t, 200, "The visitor")
}

// TestTheBenchTellsWhy: each step in words, one step back, time that passes, and the draft that customers do
// not have yet.
func TestTheBenchTellsWhy(t *testing.T) {
	b := newBench(t)
	app, _ := modelstest.MustApp(b, b.shop, "Market", "https://market.example/callback")
	f := benchFlowWith(b, userflow.EmailPassword, userflow.MFAOff, app)
	at := "/admin/t/shop/user-flows/" + f.ID + "/bench"
	w := b.global()
	form := w.benchForm(at, "visitor=new&prompt=create&app="+app.ClientID)
	next := func(a answer) []string {
		t.Helper()
		form, _, ok := benchPost(a.body, "")
		if !ok {
			t.Fatalf("no form: %d %s", a.status, text(a.body))
		}
		return without(form, handlers.CSRFField)
	}
	a := w.post(at, form...)
	a.wants(t, 200, "A code would be mailed to pat.visitor@example.com", "The visitor gives an address", "A sign-up proves the address first", "they speak once it is proven who is there")
	code := next(a)
	value(code, benchField+"code", "00000000")
	w.post(at, code...).wants(t, 200, "Not accepted", "Nothing became true")
	back := next(a)
	value(back, "press", pressBack)
	w.post(at, back...).wants(t, 200, "A sign-up begins with the address")
	wait := next(a)
	value(wait, "press", pressWait+"1h")
	w.post(at, wait...).wants(t, 200, "Time passes: 1 hour", "begins anew")
	for range 4 {
		a = w.post(at, next(a)...)
	}
	a.wants(t, 200, "The visitor is signed in", "An account for pat.visitor@example.com", "What the ID token would say", `given_name&#34;: &#34;Pat&#34;`, "First name: Pat")
	again := next(a)
	value(again, "press", pressAgain)
	w.post(at, again...).wants(t, 200, "comes from the application once more")

	_, err := b.shop.SaveDraft(t.Context(), modelstest.Actor(), f.ID, 0, func(f *userflow.Flow) error {
		f.Attributes = append(f.Attributes, userflow.Attribute{ID: "jobTitle", Required: true})
		return nil
	})
	b.must(err)
	list := w.benchWalk(at + "?begin=yes&locale=en&version=draft&visitor=lacking")
	list[1].wants(t, 200, "demands answers that this account does not have yet", "Job title")
}

// TestRunningAFlow: the address carries the server's mark for this very trial, at an app or here.
func TestRunningAFlow(t *testing.T) {
	b := newBench(t)
	app, _ := modelstest.MustApp(b, b.shop, "Market", "https://market.example/callback")
	f, alone := benchTestFlow(b, userflow.EmailPassword, app), benchTestFlow(b, userflow.EmailCode)
	w := b.global()
	mac := signin.MAC(b.store.Sealer().MAC)
	address := func(flow models.UserFlow, query string) url.Values {
		t.Helper()
		a := w.get("/admin/t/shop/user-flows/" + flow.ID + "/run?" + query)
		a.wants(t, 200, "Run user flow", "Show me the result here")
		m := regexp.MustCompile(`href="(http://localhost:3000/[^"]*portico_test=[^"]*)"`).FindStringSubmatch(a.body)
		if m == nil {
			t.Fatalf("no address: %s", text(a.body))
		}
		u, err := url.Parse(html.UnescapeString(m[1]))
		b.must(err)
		return u.Query()
	}
	q := address(f, "app="+app.ID+"&redirect="+url.QueryEscape("https://market.example/callback")+"&prompt=create&locale=de")
	if q.Get("client_id") != app.ClientID || q.Get("prompt") != "create" || q.Get("ui_locales") != "de" || !mac.Trial(q.Get("portico_test"), b.shop.ID, app.ClientID, "https://market.example/callback", b.clock.Now()) {
		t.Errorf("at the app: %v", q)
	}
	if q = address(f, ""); q.Get("of") != app.ClientID || !mac.Trial(q.Get("portico_test"), b.shop.ID, app.ClientID, "", b.clock.Now()) {
		t.Errorf("here, as the app: %v", q)
	}
	if q = address(alone, "redirect=https://evil.example"); q.Get("of") != alone.ID || !mac.Trial(q.Get("portico_test"), b.shop.ID, alone.ID, "", b.clock.Now()) {
		t.Errorf("here, without an app: %v", q)
	}
}

// The tokens of a walk are of its own clock: made when the pretend customer had signed in, not before.
func TestThePreviewOfAWalkIsDatedByTheWalk(t *testing.T) {
	b := newBench(t)
	app, _ := modelstest.MustApp(b, b.shop, "Market", "https://market.example/callback")
	f := benchTestFlow(b, userflow.EmailPassword, app)
	q := url.Values{"begin": {"yes"}, "visitor": {string(dryrun.Visitors()[0])}, "prompt": {"create"}, "locale": {"en"}, "app": {app.ClientID}}
	list := b.global().benchWalk("/admin/t/shop/user-flows/" + f.ID + "/bench?" + q.Encode())
	page := html.UnescapeString(list[len(list)-1].body)
	number := func(name string) int64 {
		m := regexp.MustCompile(`"` + name + `": (\d+)`).FindStringSubmatch(page)
		if m == nil {
			t.Fatalf("no %s in %.900s", name, text(page))
		}
		n, err := strconv.ParseInt(m[1], 10, 64)
		b.must(err)
		return n
	}
	if at, in := number("iat"), number("auth_time"); at < in || at > in+60 {
		t.Errorf("made at %d, signed in at %d", at, in)
	}
}
