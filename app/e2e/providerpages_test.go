package e2e

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// TestProviderPagesInThreeLanguages looks at every page that somebody meets on the way to a provider and back, on a small
// phone, light and dark, in English, German and Arabic.
func TestProviderPagesInThreeLanguages(t *testing.T) {
	t.Parallel()
	google, apple, facebook := newGoogle(t), newApple(t), newFacebook(t)
	s, a := bootBeside(t, google, apple.standIn, facebook.standIn)
	google.isGoogle(a)
	apple.isApple(a)
	facebook.isFacebook(a)
	a.provider("Donaudampfschifffahrtsgesellschaft and its subsidiaries", "https://login.donau.example", "portico", harbourSecret)
	const email = "noor@example.com"
	f := newFiller(t, s, email, password)
	shop := market(t, s)
	f.walk(shop.authorize("prompt=create"), shop.redirect)
	google.knows("noor", googler(1, email, "Noor", "van Dijk"))
	facebook.knows("ravi", values{"id": "1022", "name": "Ravi Menon", "email": "ravi@example.com"})
	for _, lang := range []string{"en", "de", "ar"} {
		b := openBrowser(t, s, "pages-"+lang)
		look := func(name string) {
			t.Helper()
			// A page about no sign-in of ours knows nothing but the browser's own language.
			if got := evaluate[string](b, "document.documentElement.lang"); got != lang && name != "lost" {
				t.Errorf("%s is in %s, not in %s", name, got, lang)
			}
			b.do("a small phone", chromedp.EmulateViewport(360, 780))
			b.accessible(name)
		}
		b.goTo(shop.authorize("ui_locales=" + lang))
		look("buttons")
		b.press("button[name=provider][value='" + google.id + "']")
		b.press("#no")
		look("cancelled")
		b.by(facebook.standIn, "ravi")
		look("address")
		b.goTo(shop.authorize("ui_locales=" + lang))
		b.by(google, "noor")
		look("link")
		b.goTo(google.redirect + "?state=of.nobody&code=x")
		look("lost")

		b.own("/methods?ui_locales="+lang, email)
		look("methods")
		b.press("main a[href$='/methods/connect/" + apple.id + "']")
		look("connect")
		b.submit()
		b.press("#no")
		look("not-connected")
	}
}
