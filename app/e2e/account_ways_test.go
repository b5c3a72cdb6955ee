package e2e

import (
	"encoding/base32"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"portico/app/factor"
)

// own opens one of the account pages; whoever has to prove themselves does so with the password.
func (b *tab) own(path, email string) {
	b.t.Helper()
	b.goTo(b.s.base + "/fernhill/account" + path)
	for range 4 {
		if !strings.Contains(b.url(), "/signin/") {
			return
		}
		if b.has(emailBox) && b.has("input[name=email]:not([readonly])") {
			b.typeInto("input[name=email]", email)
		}
		if !b.has(passwordBox) { // where providers are offered too, the address is asked for alone
			b.submit()
			continue
		}
		b.typeInto(passwordBox, password)
		b.submit()
	}
}

// TestAccountWaysIn is somebody who makes their account safe, on a phone: a passkey, recovery codes, an
// authenticator app, another address and number, a device that is signed out, a sign-in that was not theirs.
func TestAccountWaysIn(t *testing.T) {
	t.Parallel()
	s := boot(t)
	b := openBrowser(t, s, "ways")
	b.passkeys()
	b.suggests(false) // what is typed here is not overtaken
	const email, later = "noor@example.com", "noor.new@example.com"
	seen := map[string]bool{}
	b.goTo(s.base + "/demo/market")
	b.press("#signup")
	b.typeInto(emailBox, email)
	b.submit()
	b.typeInto(codeBox, b.code(email, seen))
	b.submit()
	b.typeInto(newPasswordBox, password)
	b.submit()
	b.typeInto("input[autocomplete~=given-name]", "Noor")
	b.typeInto("input[autocomplete~=family-name]", "van Dijk")
	b.submit()
	if b.has("div.terms") {
		b.do("agree", chromedp.Click(chromedp.CSS("input[type=checkbox]")))
		b.submit()
	}
	if !strings.Contains(b.url(), "/demo/") {
		b.submit()
	}
	b.sees("Hello, Noor")

	b.do("phone", chromedp.EmulateViewport(360, 780))
	b.own("/methods", email)
	b.sees("noor@example.com")
	b.accessible("methods")

	b.own("/methods/passkey", email)
	b.accessible("passkey")
	b.typeInto("input[name=name]", "My laptop")
	b.press("[data-passkey-button]")
	b.sees("Keep your recovery codes")
	b.accessible("recovery")
	b.submit()
	b.sees("My laptop")

	b.own("/methods/totp", email)
	key := evaluate[string](b, "document.querySelector('main code').textContent")
	secret := must(base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(key, " ", "")))(t)
	b.accessible("totp")
	b.typeInto(codeBox, "000000")
	b.submit()
	b.sees("not the right code")
	b.accessible("totp-wrong")
	b.typeInto(codeBox, factor.TOTPCode(secret, time.Now()))
	b.submit()
	b.sees("Authenticator app")
	b.accessible("methods-full")

	b.press("main a[href*='/methods/email?of=']")
	b.typeInto("input[name=email]", later)
	b.accessible("email")
	b.submit()
	b.typeInto(codeBox, b.code(later, seen))
	b.accessible("email-code")
	b.do("keep the others", chromedp.Click(chromedp.CSS("input[name=elsewhere]")))
	b.submit()
	b.sees(later)
	told(t, s, email, "have changed") // at the former address

	b.own("/methods/phone", email)
	b.typeInto("input[name=phone]", "+31 20 123 4567")
	b.accessible("phone")
	b.submit()
	b.typeInto(codeBox, b.code("+31201234567", seen))
	b.submit()
	b.sees("+31201234567")

	// The same person at another machine.
	elsewhere := newFiller(t, s, later, password)
	shop := market(t, s)
	elsewhere.walk(shop.authorize(), shop.redirect)

	b.own("/devices", later)
	b.sees("This device")
	b.accessible("devices")
	b.own("/activity", email)
	b.accessible("activity")
	b.own("/apps", email)
	b.sees("Fernhill Market")
	b.accessible("apps")

	b.own("/devices", email)
	b.press("main form[action$='/devices/others'] button")
	b.sees("signed out everywhere else")
	if left := elsewhere.start(s.base + "/fernhill/account/devices"); !strings.Contains(left, "/signin/") {
		t.Errorf("the other machine is at %s", left)
	}

	b.own("/activity", email)
	b.press("main a[href$='/report']")
	b.accessible("report")
	b.press("main form .button--danger")
	b.sees("Set a new one now")
	b.accessible("password")
	b.typeInto(passwordBox, password)
	b.typeInto(newPasswordBox, password+" too")
	b.submit()
	b.sees("Your password is changed")

	for _, page := range []string{"/methods", "/devices", "/activity", "/apps"} {
		b.goTo(s.base + "/fernhill/account" + page + "?ui_locales=ar")
		b.accessible("arabic" + strings.ReplaceAll(page, "/", "-"))
	}
	b.goTo(s.base + "/fernhill/account/methods?ui_locales=de")
	b.accessible("german-methods")
}

// start opens a page and says where it leads; "" when it stays there.
func (f *filler) start(address string) string {
	f.t.Helper()
	res, err := f.Client.Get(address)
	if err != nil {
		f.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	return res.Header.Get("Location")
}
