package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// prove answers whatever the sign-in pages ask of somebody who has a password, until the page is where they
// wanted to go.
func (b *tab) prove(email, to string) {
	b.t.Helper()
	for range 8 {
		switch at := b.url(); {
		case strings.HasPrefix(at, to):
			return
		case b.has("button[name=method][value=passkey]"):
			b.press("button[name=method][value=passkey]")
		case b.has(passwordBox):
			if b.has(emailBox) {
				b.typeInto(emailBox, email)
			}
			b.typeInto(passwordBox, password)
			b.submit()
		case b.has("[data-passkey=get]:not([data-conditional]) [data-passkey-button]"):
			b.press("[data-passkey=get]:not([data-conditional]) [data-passkey-button]")
		case b.has(emailBox):
			b.typeInto(emailBox, email)
			b.submit()
		default:
			b.submit()
		}
	}
	b.t.Fatalf("never at %s but at %s\n%s", to, b.url(), b.words())
}

// TestCustomersLookAfterThemselves is a customer's story on a phone: they find their account pages, create a
// passkey, end the session of a lost laptop, take their data along, delete the account, and think again.
func TestCustomersLookAfterThemselves(t *testing.T) {
	t.Parallel()
	s := boot(t)
	const email = "mila@example.com"
	seen := map[string]bool{}
	laptop := openBrowser(t, s, "lost-laptop")
	laptop.signUp("market", email, true, seen)
	laptop.sees("Hello, Noor")

	phone := openBrowser(t, s, "account")
	phone.do("a phone", chromedp.EmulateViewport(360, 780))
	phone.passkeys()
	phone.suggests(false) // what is typed here is not overtaken
	pages := s.base + "/fernhill/account"
	phone.goTo(pages)
	phone.prove(email, pages)
	phone.accessible("overview")
	phone.goTo(pages + "/profile")
	phone.accessible("profile")
	phone.set("/account/profile", "city", "Utrecht")
	phone.send("/account/profile")
	phone.goTo(pages + "/profile")
	if got := evaluate[string](phone, `(document.querySelector("[name=city]") || {}).value || ""`); got != "Utrecht" {
		t.Errorf("the city is now %q\n%s", got, phone.words())
	}

	phone.goTo(pages + "/methods")
	phone.accessible("methods")
	phone.goTo(pages + "/methods/passkey")
	phone.prove(email, pages+"/methods/passkey")
	phone.accessible("passkey-new")
	if phone.has("input[name=name]") {
		phone.typeInto("input[name=name]", "My phone")
	}
	phone.press("[data-passkey=create] [data-passkey-button]")
	for range 3 { // recovery codes may be offered first
		if strings.HasSuffix(phone.url(), "/methods") {
			break
		}
		phone.accessible("after-passkey")
		phone.submit()
	}
	phone.sees("My phone")
	told(t, s, email, "passkey")

	phone.goTo(pages + "/apps")
	phone.accessible("apps")
	phone.sees("Fernhill Market")
	phone.goTo(pages + "/devices")
	phone.accessible("devices")
	phone.press(`form[action$="/devices/others"] button`)
	phone.sees("everywhere else")
	laptop.goTo(s.base + "/demo/auto")
	laptop.press("#signin")
	if !laptop.has(emailBox) {
		t.Errorf("the laptop is still signed in: %s", laptop.url())
	}

	phone.goTo(pages + "/activity")
	phone.accessible("activity")

	phone.goTo(pages + "/data/download")
	phone.prove(email, pages+"/data/download")
	phone.accessible("download")
	for format, mark := range map[string]string{"json": `"Utrecht"`, "html": "Utrecht"} {
		body := downloaded(phone, format)
		if !strings.Contains(body, mark) || !strings.Contains(body, email) || !strings.Contains(body, "My phone") || strings.Contains(body, "$argon2") {
			t.Errorf("the %s file: %.400s", format, body)
		}
		if format == "json" && !json.Valid([]byte(body)) {
			t.Errorf("not JSON: %.400s", body)
		}
	}

	phone.goTo(pages + "/data/delete")
	phone.prove(email, pages+"/data/delete")
	phone.accessible("delete")
	phone.do("tick", chromedp.Click(chromedp.CSS("main input[type=checkbox]")))
	phone.press(`main form[action$="/data/delete"] button[type=submit]`)
	phone.accessible("deleted")
	told(t, s, email, "deleted")

	phone.goTo(pages)
	if !phone.has(emailBox) {
		t.Fatalf("still inside after the deletion: %s\n%s", phone.url(), phone.words())
	}
	for range 6 { // signing in meets the question
		if phone.has("button[value=accept]") {
			break
		}
		switch {
		case phone.has("button[name=method][value=passkey]"):
			phone.press("button[name=method][value=passkey]")
		case phone.has("[data-passkey=get]:not([data-conditional]) [data-passkey-button]"):
			phone.press("[data-passkey=get]:not([data-conditional]) [data-passkey-button]")
		default:
			if phone.has(emailBox) {
				phone.typeInto(emailBox, email)
			}
			if phone.has(passwordBox) {
				phone.typeInto(passwordBox, password)
			}
			phone.submit()
		}
	}
	phone.accessible("keep-it")
	phone.press("button[value=accept]")
	phone.prove(email, pages)
	phone.goTo(pages + "/methods")
	phone.sees("My phone")
}

// told waits for a mail to the address whose subject or text holds a word.
func told(t *testing.T, s *server, email, word string) {
	t.Helper()
	client := s.client(t)
	eventually(t, 10*time.Second, email+" is told of: "+word, func() error {
		for _, m := range mails(t, client, s.base, email) {
			if m.Code == "" && strings.Contains(strings.ToLower(m.Subject+" "+m.Text), word) {
				return nil
			}
		}
		return errors.New("no mail yet")
	})
}

// downloaded sends the page's form as its button would, and reads the file.
func downloaded(b *tab, format string) string {
	b.t.Helper()
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`(() => {
		const form = document.querySelector('main form[action$="/data/download"]'), data = new URLSearchParams(new FormData(form));
		data.set("format", `+quoted(format)+`);
		return fetch(form.action, {method: "POST", body: data}).then(r => r.status + " " + r.headers.get("content-disposition") + "\n").then(h => h);
	})()`, chromedp.EvalAwaitPromise))
	if err != nil || !strings.HasPrefix(got, fmt.Sprint(http.StatusOK)) || !strings.Contains(got, "attachment") {
		b.t.Fatalf("%s: %q %v", format, got, err)
	}
	body, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`(() => {
		const form = document.querySelector('main form[action$="/data/download"]'), data = new URLSearchParams(new FormData(form));
		data.set("format", `+quoted(format)+`);
		return fetch(form.action, {method: "POST", body: data}).then(r => r.text());
	})()`, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatal(err)
	}
	return body
}
