package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"portico/app/e2e/formfill"
)

// stand opens a sign-in and goes as far as the page of a step.
func (f *filler) stand(p party, pages int, more ...string) formfill.Page {
	f.t.Helper()
	page, err := f.Open(p.authorize(more...))
	if err != nil {
		f.t.Fatal(err)
	}
	for range pages {
		page = f.post(page)
	}
	return page
}

// post fills and sends the page's form and gives the page that follows.
func (f *filler) post(page formfill.Page) formfill.Page {
	f.t.Helper()
	r, err := f.Submit(page, page.Form())
	if err != nil {
		f.t.Fatal(err)
	}
	next, left, err := f.Follow(r, "http://localhost:1/")
	if err != nil {
		f.t.Fatal(err)
	}
	if left != "" {
		f.t.Fatalf("left for %s", left)
	}
	return next
}

// press sends the form of another button than the main one.
func (f *filler) press(page formfill.Page, action string) formfill.Page {
	f.t.Helper()
	button := formfill.First(page.Root, func(n *html.Node) bool {
		return formfill.Attr(n, "name") == "action" && formfill.Attr(n, "value") == action
	})
	if button == nil {
		f.t.Fatalf("no way to %s on %q", action, page.Title)
	}
	form := button
	for form != nil && form.Data != "form" {
		form = form.Parent
	}
	if form == nil {
		f.t.Fatalf("%s is in no form", action)
	}
	values := formfill.Fields(form)
	values.Set("action", action)
	r, err := formfill.Request(page.URL, form, values)
	if err != nil {
		f.t.Fatal(err)
	}
	next, _, err := f.Follow(r, "http://localhost:1/")
	if err != nil {
		f.t.Fatal(err)
	}
	return next
}

// TestTwoTabsBackAndRefresh does what people do with a browser's buttons.
func TestTwoTabsBackAndRefresh(t *testing.T) {
	s := boot(t)
	p := market(t, s)
	newFiller(t, s, "tab@example.com", password).walk(p.authorize("prompt=create"), p.redirect)

	t.Run("two tabs are two attempts", func(t *testing.T) {
		f := newFiller(t, s, "tab@example.com", password)
		one, two := f.stand(p, 1), f.stand(p, 1)
		if one.URL.String() == two.URL.String() {
			t.Fatal("both tabs have one address")
		}
		for _, page := range []formfill.Page{two, one} {
			if got, err := p.redeem(f.Client, p.code(f.walk(page.URL.String(), p.redirect))); err != nil || got.Status != http.StatusOK {
				t.Errorf("%+v %v", got, err)
			}
		}
	})
	t.Run("back and again", func(t *testing.T) {
		f := newFiller(t, s, "tab@example.com", password)
		first := f.stand(p, 0)
		f.post(first)
		again := f.post(first) // the person went back and pressed the button once more
		if again.Status >= 500 || again.Form() == nil {
			t.Fatalf("%d %s", again.Status, again.Words())
		}
		if left := f.walk(again.URL.String(), p.redirect); !strings.Contains(left, "code=") {
			t.Error(left)
		}
	})
	t.Run("refresh of a finished attempt", func(t *testing.T) {
		f := newFiller(t, s, "tab@example.com", password)
		page := f.stand(p, 1)
		f.walk(page.URL.String(), p.redirect)
		after, left, err := f.Follow(get(t, page.URL.String()), p.redirect)
		if err != nil || left != "" || after.Status >= 500 || strings.Contains(after.Words(), "password") {
			t.Errorf("%d %q %s %v", after.Status, left, after.Words(), err)
		}
	})
	t.Run("an attempt opened elsewhere", func(t *testing.T) {
		f, stranger := newFiller(t, s, "tab@example.com", password), newFiller(t, s, "tab@example.com", password)
		page := f.stand(p, 1)
		r, err := stranger.Submit(page, page.Form())
		if err != nil {
			t.Fatal(err)
		}
		there, left, err := stranger.Follow(r, p.redirect)
		if err != nil || left != "" || strings.Contains(there.Words(), "tab@example.com") {
			t.Errorf("a stranger's browser: %q %v %s", left, err, there.Words())
		}
		if left := f.walk(page.URL.String(), p.redirect); !strings.Contains(left, "code=") {
			t.Errorf("its own browser: %s", left)
		}
	})
	t.Run("a form with another step's proof", func(t *testing.T) {
		f := newFiller(t, s, "tab@example.com", password)
		first := f.stand(p, 0)
		second := f.post(first)
		f.Before = func(_ formfill.Page, v url.Values) { v.Set("proof", formfill.Fields(first.Form()).Get("proof")) }
		forged := f.post(second)
		f.Before = nil
		if forged.Status >= 500 || strings.HasPrefix(forged.URL.String(), p.redirect) {
			t.Errorf("%d at %s", forged.Status, forged.URL)
		}
	})
}

func get(t *testing.T, address string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestLimitsAreTheSameForEverybody types ten wrong passwords and five wrong codes for somebody who
// exists and for somebody who does not: same words, same statuses, in the same order.
func TestLimitsAreTheSameForEverybody(t *testing.T) {
	s := boot(t)
	p := market(t, s)
	newFiller(t, s, "known@example.com", password).walk(p.authorize("prompt=create"), p.redirect)
	said := map[string][]string{}
	for _, email := range []string{"unknown@example.com", "known@example.com"} {
		f := newFiller(t, s, email, "wrong password")
		page := f.stand(p, 1)
		for i := range 13 {
			f.Answers["current-password"] = fmt.Sprintf("wrong password %d", i)
			page = f.post(page)
			said[email] = append(said[email], fmt.Sprint(page.Status, " ", strings.ReplaceAll(page.Words(), email, "ADDRESS")))
		}
	}
	// The right password does not open a locked account; a lock lasts a minute, so this is tried first.
	f := newFiller(t, s, "known@example.com", password)
	if left, err := f.Walk(p.authorize(), p.redirect); err == nil {
		t.Errorf("locked, and yet let in: %s", left)
	}
	for i, known := range said["known@example.com"] {
		if unknown := said["unknown@example.com"][i]; known != unknown {
			t.Errorf("wrong password %d:\nknown   %s\nunknown %s", i+1, known, unknown)
		}
	}
	last := said["known@example.com"][12]
	if last == said["known@example.com"][0] {
		t.Errorf("the thirteenth wrong password is answered like the first: %s", last)
	}

	home := sample(t, s, "home")
	seconds := regexp.MustCompile(`[0-9]+ seconds?`)
	codes, resent := map[string][]string{}, map[string][]string{}
	newFiller(t, s, "coded@example.com", password).walk(home.authorize("prompt=create"), home.redirect)
	for _, email := range []string{"coded@example.com", "uncoded@example.com"} {
		f := newFiller(t, s, email, password)
		f.Answers["one-time-code"] = "00000000"
		page := f.stand(home, 1)
		for range 3 { // too soon, each time
			page = f.press(page, "resend")
			words := seconds.ReplaceAllString(page.Words(), "some seconds") // they count down
			resent[email] = append(resent[email], fmt.Sprint(page.Status, " ", strings.ReplaceAll(words, email, "ADDRESS")))
		}
		for range 7 {
			page = f.post(page)
			codes[email] = append(codes[email], fmt.Sprint(page.Status, " ", strings.ReplaceAll(page.Words(), email, "ADDRESS")))
		}
	}
	for i, known := range resent["coded@example.com"] {
		if unknown := resent["uncoded@example.com"][i]; known != unknown {
			t.Errorf("asked again %d:\nknown   %s\nunknown %s", i+1, known, unknown)
		}
	}
	for i, known := range codes["coded@example.com"] {
		if unknown := codes["uncoded@example.com"][i]; known != unknown {
			t.Errorf("wrong code %d:\nknown   %s\nunknown %s", i+1, known, unknown)
		}
	}
}

// TestProtocolMistakesNeverLeaveForAStranger sends wrong requests to /authorize and /token.
func TestProtocolMistakesNeverLeaveForAStranger(t *testing.T) {
	s := boot(t)
	p := market(t, s)
	client := s.client(t)
	for name, c := range map[string]struct {
		more   []string
		stays  bool   // an error page of ours; otherwise back to the app
		answer string // the error in the redirect
	}{
		"unknown client":         {more: []string{"client_id=nobody"}, stays: true},
		"foreign redirect":       {more: []string{"redirect_uri=https://evil.example/"}, stays: true},
		"redirect with a suffix": {more: []string{"redirect_uri=" + p.redirect + "/x"}, stays: true},
		"no PKCE":                {more: []string{"code_challenge="}, answer: "invalid_request"},
		"plain PKCE":             {more: []string{"code_challenge_method=plain"}, answer: "invalid_request"},
		"implicit":               {more: []string{"response_type=token"}, answer: "unsupported_response_type"},
		"prompt none":            {more: []string{"prompt=none"}, answer: "login_required"},
		"unknown prompt":         {more: []string{"prompt=none login"}, answer: "invalid_request"},
	} {
		res, err := client.Get(p.authorize(c.more...))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		to := res.Header.Get("Location")
		switch {
		case c.stays && (to != "" || res.StatusCode < 400):
			t.Errorf("%s: %d to %q", name, res.StatusCode, to)
		case !c.stays:
			u, err := url.Parse(strings.Replace(to, "#", "?", 1)) // the implicit flow answers in the fragment
			if err != nil || !strings.HasPrefix(to, p.redirect) || u.Query().Get("error") != c.answer || u.Query().Get("state") != "state" || u.Query().Get("iss") == "" {
				t.Errorf("%s: %d to %q", name, res.StatusCode, to)
			}
		}
	}
	for name, c := range map[string]struct {
		form  url.Values
		error string
	}{
		"password grant": {url.Values{"grant_type": {"password"}, "username": {"a"}, "password": {"b"}}, "unsupported_grant_type"},
		"unknown grant":  {url.Values{"grant_type": {"x"}}, "unsupported_grant_type"},
		"no grant":       {url.Values{}, "invalid_request"},
		"nonsense code":  {url.Values{"grant_type": {"authorization_code"}, "code": {"x"}, "redirect_uri": {p.redirect}, "code_verifier": {p.verifier}}, "invalid_grant"},
		"twice the code": {url.Values{"grant_type": {"authorization_code"}, "code": {"x", "y"}, "redirect_uri": {p.redirect}}, "invalid_request"},
	} {
		a, err := p.token(client, c.form)
		if err != nil || a.Error != c.error || a.Status < 400 {
			t.Errorf("%s: %+v %v", name, a, err)
		}
	}
}
