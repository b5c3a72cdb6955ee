package e2e

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// keys presses keys, one after the other.
func (b *tab) keys(text string) {
	b.t.Helper()
	b.do("keys", chromedp.KeyEvent(text))
}

// tabTo presses Tab until the focus is there, and sees it.
func (b *tab) tabTo(selector string) {
	b.t.Helper()
	there, _ := json.Marshal(selector)
	for range 80 {
		if evaluate[bool](b, `!!document.activeElement?.matches(`+string(there)+`)`) {
			if !evaluate[bool](b, `document.activeElement.matches(":focus-visible")`) {
				b.t.Fatalf("nothing shows that the focus is at %s, %s", selector, b.url())
			}
			return
		}
		b.keys(kb.Tab)
	}
	b.t.Fatalf("Tab never comes to %s at %s\n%s", selector, b.url(), b.words())
}

// enter presses Enter and waits for the page that follows.
func (b *tab) enter() {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.KeyEvent(kb.Enter)); err != nil {
		b.t.Fatalf("Enter: %v\nat %s\n%s", err, b.url(), b.words())
	}
}

// fill comes to a box by Tab and types.
func (b *tab) fill(selector, text string) {
	b.t.Helper()
	b.tabTo(selector)
	b.keys(text)
}

// TestAKeyboardIsEnough: somebody without a mouse signs up, changes their profile and signs out, by keys alone.
func TestAKeyboardIsEnough(t *testing.T) {
	t.Parallel()
	s := boot(t)
	b := openBrowser(t, s, "keyboard")
	if _, err := chromedp.Call(b.ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}); err != nil { // as the window in front has it
		t.Fatal(err)
	}
	b.suggests(false) // what is typed is not overtaken
	const email = "kay@example.com"
	b.goTo(s.base + "/demo/market")
	b.tabTo("#signup")
	b.enter()
	b.fill(emailBox, email)
	b.enter()
	b.fill(codeBox, b.code(email, map[string]bool{}))
	b.enter()
	b.fill(newPasswordBox, password)
	b.enter()
	b.fill("input[autocomplete~=given-name]", "Kay")
	b.fill("input[autocomplete~=family-name]", "Meijer")
	if b.has("input[autocomplete~=postal-code]") {
		b.fill("input[autocomplete~=postal-code]", "9712 JG")
	}
	if b.has("input[type=radio]") {
		b.tabTo("input[type=radio]")
		b.keys(" ")
	}
	b.tabTo(primaryButton)
	b.enter()
	for range 2 { // the terms, and whether to stay signed in
		if strings.Contains(b.url(), "/demo/") {
			break
		}
		if b.has("input[type=checkbox][name^=terms]") {
			b.tabTo("input[type=checkbox][name^=terms]")
			b.keys(" ")
		}
		b.tabTo(primaryButton)
		b.enter()
	}
	b.sees("Hello, Kay")

	pages := s.base + "/fernhill/account"
	b.goTo(pages)
	b.tabTo(".skip")
	b.keys(kb.Enter)
	b.keys(kb.Tab)
	if !evaluate[bool](b, `document.querySelector("main").contains(document.activeElement)`) {
		t.Errorf("the link past the menu leads to %s", evaluate[string](b, "document.activeElement.outerHTML.slice(0, 90)"))
	}
	b.tabTo(`main a.go[href$="/profile"]`)
	b.enter()
	b.tabTo("input[name=city]")
	b.keys("Zwolle")
	b.enter()
	b.sees("Your profile is saved")
	b.tabTo(`form[action$="/sign-out"] button`)
	b.enter()
	b.sees("signed out")
	b.goTo(pages)
	if !b.has(emailBox) {
		t.Errorf("still signed in at %s\n%s", b.url(), b.words())
	}
}
