package e2e

import (
	"fmt"
	"testing"
	"time"
)

// TestTheQuestionPagesAreAccessible looks at what a flow asks, in every kind of field, in the gallery: light
// at a desk, dark on a phone, left to right and right to left.
func TestTheQuestionPagesAreAccessible(t *testing.T) {
	t.Parallel()
	s := boot(t)
	b := openBrowser(t, s, "questions")
	for _, page := range []string{"attributes", "attributes-error", "attributes-missing", "terms", "terms-error", "test", "new-password"} {
		for _, lang := range []string{"en", "ar"} {
			b.goTo(s.base + "/dev/gallery/pages/" + page + "?ui_locales=" + lang)
			if b.has("details:not(.foot details)") { // the texts opened, as they are read
				evaluate[any](b, `document.querySelectorAll("main details").forEach(d => d.open = true); null`)
			}
			b.accessible(page + "-" + lang)
		}
	}
}

// The meter only helps: it says which rules are met and about how strong a password is, in words.
func TestTheStrengthMeterSaysItInWords(t *testing.T) {
	t.Parallel()
	s := boot(t)
	b := openBrowser(t, s, "meter")
	b.goTo(s.base + "/dev/gallery/pages/new-password?ui_locales=en")
	for _, row := range []struct{ typed, words, rules string }{
		{"short", "Not enough yet", "0"}, {"aaaaaaaaaaaa", "Easy to guess", "1"}, {"abcdefgh12345678", "Easy to guess", "1"}, {"blue-Lamp71 kettle road", "Strong", "1"},
	} {
		b.typeInto(newPasswordBox, row.typed)
		eventually(t, 5*time.Second, row.typed, func() error {
			if got := evaluate[string](b, `document.querySelector("[data-strength] p").textContent`); got != row.words {
				return fmt.Errorf("%q is called %q, want %q", row.typed, got, row.words)
			}
			if got := evaluate[string](b, `String(document.querySelectorAll("[data-met]").length)`); got != row.rules {
				return fmt.Errorf("%s rules are met, want %s", got, row.rules)
			}
			return nil
		})
	}
	b.shot("strong")
}

// Passwords are typed from left to right on an Arabic page too, so the button that shows one stands on the right
// there as well: at the end of what is typed, not on top of its beginning.
func TestTheShowButtonLeavesThePasswordFree(t *testing.T) {
	t.Parallel()
	s := boot(t)
	b := openBrowser(t, s, "reveal")
	for _, lang := range []string{"en", "ar"} {
		b.goTo(s.base + "/dev/gallery/pages/new-password?ui_locales=" + lang)
		eventually(t, 5*time.Second, "the button", func() error {
			if !b.has(".reveal__button") {
				return fmt.Errorf("no button")
			}
			return nil
		})
		if got := evaluate[string](b, `(() => { const box = document.querySelector(".reveal input").getBoundingClientRect(), button = document.querySelector(".reveal__button").getBoundingClientRect();
			return button.left > box.left + box.width / 2 ? "right" : "left" })()`); got != "right" {
			t.Errorf("%s: the button is on the %s", lang, got)
		}
	}
}
