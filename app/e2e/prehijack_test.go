package e2e

import (
	"strings"
	"testing"
)

// TestPreHijacking: somebody was here first with another's address (pre-hijacking). Its owner comes by Google, which alone
// gives addresses of gmail.com out; whatever waited for them opens nothing (DESIGN §5.7).
func TestPreHijacking(t *testing.T) {
	t.Parallel()
	google, facebook := newGoogle(t), newFacebook(t)
	s, a := bootBeside(t, google, facebook.standIn)
	google.isGoogle(a)
	facebook.isFacebook(a)

	// A sign-up that waits for the code: an address without its mailbox is no account.
	const vera = "vera@gmail.com"
	waits := openBrowser(t, s, "hijack-waits").phone()
	waits.atShop("#signup")
	waits.typeInto(emailBox, vera)
	waits.submit()
	if n, _ := a.linked(vera); n != 0 {
		t.Fatal("an account came of an address that nobody has proven")
	}
	comes := func(name, login string, n int, email string) {
		t.Helper()
		google.knows(login, googler(n, email, name, "True"))
		b := openBrowser(t, s, "hijack-"+login).phone()
		b.atShop("#signin").by(google, login)
		if b.has("input[autocomplete~=given-name]") {
			b.fillRest()
		}
		b.maybeStay()
		b.sees("Hello, ")
		a.isLinked(email, "google.com")
	}
	comes("Vera", "vera", 1, vera)
	waits.typeInto(codeBox, "000000")
	waits.submit()
	waits.outside(codeBox)
	waits.refusesPassword(vera)

	// An account whose password the attacker chose, with a session, tokens, and an identity of theirs.
	const viola = "viola@gmail.com"
	a.person(viola, "")
	facebook.knows("mallory", values{"id": "666", "name": "Mallory", "first_name": "Mallory", "email": "mallory@example.com"})
	shop := market(t, s)
	f := newFiller(t, s, viola, password)
	tokens, err := shop.redeem(f.Client, shop.code(f.walk(shop.authorize(), shop.redirect)))
	if err != nil || tokens.RefreshToken == "" {
		t.Fatalf("%v %+v", err, tokens)
	}
	within := openBrowser(t, s, "hijack-within").phone()
	within.own("/methods", viola)
	within.connects(facebook.standIn, "mallory")
	within.sees("Facebook is connected")
	a.isLinked(viola, "facebook.com")
	comes("Viola", "viola", 2, viola)
	within.goTo(s.base + "/fernhill/account/methods")
	within.outside(emailBox)
	within.refusesPassword(viola)
	if got, err := shop.refresh(f.Client, tokens.RefreshToken); err != nil || got.Error != "invalid_grant" {
		t.Errorf("the attacker's refresh token: %v %+v", err, got)
	}
	back := openBrowser(t, s, "hijack-back").phone()
	back.atShop("#signin").by(facebook.standIn, "mallory")
	back.sees("Facebook has not confirmed an address of yours") // somebody new
	a.isLinked(viola, "google.com")

	// A Facebook account that says it has the address, before and after.
	const vito = "vito@gmail.com"
	facebook.knows("liar", values{"id": "667", "name": "Vito", "first_name": "Vito", "email": vito})
	liar := openBrowser(t, s, "hijack-liar").phone()
	claims := func() {
		t.Helper()
		liar.atShop("#signin").by(facebook.standIn, "liar")
		liar.sees("Facebook has not confirmed an address of yours")
		liar.submit()
		liar.outside(codeBox)
		if strings.Contains(liar.words(), "already have an account") {
			t.Error("a stranger learns who has an account")
		}
	}
	claims()
	comes("Vito", "vito", 3, vito)
	claims()
	a.isLinked(vito, "google.com")
}

// outside: the browser is at a page that asks for something, and not in.
func (b *tab) outside(box string) {
	b.t.Helper()
	if !strings.Contains(b.url(), "/signin/") || !b.has(box) {
		b.t.Fatalf("at %s:\n%s", b.url(), b.words())
	}
}

// refusesPassword tries the password that the attacker chose.
func (b *tab) refusesPassword(email string) {
	b.t.Helper()
	b.atShop("#signin")
	if strings.Contains(b.url(), "/demo/") {
		b.t.Fatal("the attacker's session lives")
	}
	b.typeInto(emailBox, email)
	if !b.has(passwordBox) {
		b.submit()
	}
	b.typeInto(passwordBox, password)
	b.submit()
	b.outside(passwordBox)
	b.shot("refused")
}
