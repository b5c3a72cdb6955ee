package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestAPhoneIsTheSecondFactor: the home insurance asks by its policy for a second factor. A newcomer sets up codes by
// text message and confirms with one at the next sign-in; the portal shows what it cost, and the pages of the methods
// policy are fit to be used.
func TestAPhoneIsTheSecondFactor(t *testing.T) {
	t.Parallel()
	s := boot(t)
	const email, phone = "tomas@example.com", "+351912345678"
	seen := map[string]bool{}
	b := openBrowser(t, s, "text")
	b.goTo(s.base + "/demo/home")
	b.press("#signup")
	b.typeInto(emailBox, email)
	b.submit()
	b.typeInto(codeBox, b.code(email, seen))
	b.submit()
	b.accessible("choose")
	if b.has("button[name=method][value=email]") {
		t.Error("the mailbox is offered as both factors")
	}
	b.press("button[name=method][value=sms]")
	b.accessible("number")
	b.typeInto("input[autocomplete=tel]", "+93 70 123 4567")
	b.submit()
	b.sees("We cannot send text messages to this country")
	b.accessible("number-barred")
	b.do("country", chromedp.SetValue(chromedp.CSS("select[name=region]"), "PT"))
	b.typeInto("input[autocomplete=tel]", "912 345 678")
	b.submit()
	b.sees("Check your phone")
	b.accessible("code")
	b.typeInto(codeBox, b.code(phone, seen))
	b.submit()
	b.typeInto("input[autocomplete~=given-name]", "Tomás")
	b.typeInto("input[autocomplete~=family-name]", "Reis")
	b.typeInto("input[autocomplete~=postal-code]", "1100-062")
	b.do("choose", chromedp.Click(chromedp.CSS("input[type=radio]")))
	b.submit()
	b.do("agree", chromedp.Click(chromedp.CSS("input[type=checkbox]")))
	b.submit()
	b.maybeStay()
	b.sees("Hello, Tomás")

	b.forgetCookies()
	b.goTo(s.base + "/demo/home?ui_locales=ar")
	b.press("#signin")
	b.typeInto(emailBox, email)
	b.submit()
	b.typeInto(codeBox, b.code(email, seen))
	b.submit()
	b.sees("+351 ***** 78")
	if strings.Contains(b.words(), "912345678") {
		t.Error("the whole number is shown")
	}
	b.press("button[name=method][value=sms]")
	b.accessible("challenge")
	b.typeInto(codeBox, b.code(phone, seen))
	b.submit()
	b.maybeStay()
	b.sees("Hello, Tomás")

	for _, page := range []string{"enrol-sms", "enrol-sms-error", "enrol-sms-code", "code-confirm-sms"} {
		b.goTo(s.base + "/dev/gallery/pages/" + page + "?ui_locales=ar&dir=rtl")
		b.accessible(page + "-ar")
	}

	ada := openBrowser(t, s, "methods")
	ada.passkeys()
	ada.enterPortal("ada@fernhill.example")
	at := s.base + "/admin/t/fernhill/authentication-methods"
	ada.goTo(at)
	ada.sees(" of 5,000 sent") // today
	ada.sees("2 sent, ")       // in a week: it may just have been midnight
	ada.accessible("methods")
	for _, page := range []string{"/sms", "/fido2", "/softwareOath", "/sms/countries", "/sms/countries?search=portugal"} {
		ada.goTo(at + page)
		ada.accessible(strings.NewReplacer("/", "-", "?", "-", "=", "-").Replace("methods" + page))
	}
	ada.press("main tbody button")
	ada.sees("Portugal (+351): text messages are off.")
}

// enterPortal sets the portal up with a passkey as second factor, and comes in.
func (b *tab) enterPortal(email string) {
	b.t.Helper()
	b.suggests(false) // what is typed here is not overtaken
	b.goTo(b.s.setupLink())
	b.typeInto("input[name=email]", email)
	b.typeInto("input[name=displayName]", "Ada")
	b.typeInto(newPasswordBox, password)
	b.submit()
	for range 10 {
		switch at := b.url(); {
		case strings.HasPrefix(at, b.s.base+"/admin") && !strings.Contains(at, "/setup"):
			return
		case b.has(passwordBox):
			if b.has(emailBox) {
				b.typeInto(emailBox, email)
			}
			b.typeInto(passwordBox, password)
			b.submit()
		case b.has(emailBox):
			b.typeInto(emailBox, email)
			b.submit()
		case b.has("button[name=method][value=passkey]"):
			b.press("button[name=method][value=passkey]")
		case b.has("[data-passkey-button]"):
			b.press("[data-passkey-button]")
		default:
			b.submit()
		}
	}
	b.shot("failed")
	b.t.Fatalf("never inside: %s\n%s", b.url(), b.words())
}
