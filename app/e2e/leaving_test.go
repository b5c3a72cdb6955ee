package e2e

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// connects goes from the account pages to a provider, to make an identity there one's own.
func (b *tab) connects(x *standIn, login string) {
	b.t.Helper()
	b.press("main a[href$='/methods/connect/" + x.id + "']")
	b.shot("ask")
	b.submit()
	b.sees(x.name + " asks who you are")
	b.typeInto("input[name=login]", login)
	b.press("#go")
}

// TestConnectAndDisconnectInTheBrowser: somebody with a password makes their Google account a way in on their own pages,
// comes in by it, and takes it away again; the identity of somebody else stays theirs.
func TestConnectAndDisconnectInTheBrowser(t *testing.T) {
	t.Parallel()
	google := newGoogle(t)
	s, a := bootBeside(t, google)
	google.isGoogle(a)
	const email, other = "noor@example.com", "ben@example.com"
	google.knows("noor", googler(7, "noor.private@gmail.com", "Noor", "van Dijk"))
	for _, who := range []string{email, other} {
		f := newFiller(t, s, who, password)
		shop := market(t, s)
		f.walk(shop.authorize("prompt=create"), shop.redirect)
	}
	b := openBrowser(t, s, "connect").phone()
	b.own("/methods", email)
	b.connects(google, "noor")
	b.sees("Google is connected. You can sign in with it now.")
	b.sees("noor.private@gmail.com")
	b.accessible("connected")
	b.phone()
	a.isLinked(email, "google.com")

	in := openBrowser(t, s, "connect-in").phone()
	in.atShop("#signin").by(google, "noor")
	in.maybeStay()
	in.sees("Hello, ")
	if n, _ := a.linked("noor.private@gmail.com"); n != 0 {
		t.Error("signing in made an account of its own")
	}

	thief := openBrowser(t, s, "connect-thief").phone()
	thief.own("/methods", other)
	thief.connects(google, "noor")
	thief.sees("this Google account is connected with another account here")
	thief.shot("taken")
	a.isLinked(other)
	a.isLinked(email, "google.com")

	b.press("main a[href*='/methods/identities/'][href$='/remove']")
	b.sees("Disconnect Google?")
	b.shot("disconnect")
	b.press("main form .button--danger")
	b.sees("Google is disconnected.")
	a.isLinked(email)
	b.forgetCookies() // and from now on it is a Google account like any other
	b.atShop("#signup").by(google, "noor")
	b.outside("input[autocomplete~=given-name]")
	b.holds("input[autocomplete~=given-name]", "Noor")
}

// TestSigningOutAtTheCompanyToo: whoever came by a company and signs out of the app is led through the company's sign-out
// and back to the app; the next sign-in asks there again. With the switch off they stay signed in there.
func TestSigningOutAtTheCompanyToo(t *testing.T) {
	t.Parallel()
	s, c := newCompany(t)
	c.open()
	c.knows("mira", values{"email": "mira@harbour.example", "email_verified": true, "name": "Mira Okafor", "given_name": "Mira", "family_name": "Okafor"})
	b := openBrowser(t, s, "leaving").phone()
	b.atShop("#signup").vouched(c, "mira")
	b.fillRest()
	b.sees("Hello, Mira")
	b.press("#signout")
	b.sees("You are signed out everywhere")
	b.atShop("#signin").press(b.button(c)) // still signed in there: nobody asks
	b.maybeStay()
	b.sees("Hello, Mira")

	c.api.call(http.MethodPatch, "/v1.0/identity/identityProviders/"+c.id, values{"portico": values{"signOutUpstream": true}})
	b.press("#signout")
	b.arrivesAt(c)
	b.shot("their-sign-out")
	b.press("button[name=logout]")
	b.sees("You are signed out everywhere")
	if !strings.HasPrefix(b.url(), s.base+"/demo/market") { // whose form-action names nobody but the app and us
		t.Errorf("at %s", b.url())
	}
	b.shot("back")
	b.atShop("#signin").press(b.button(c))
	b.at(c)
	if !b.has("input[name=login]") {
		t.Errorf("still signed in at the company:\n%s", b.words())
	}

	// On the account pages too.
	b.atShop("#signin").vouched(c, "mira")
	b.maybeStay()
	b.sees("Hello, Mira")
	b.goTo(s.base + "/fernhill/account")
	b.press("form[action$='/account/sign-out'] button")
	b.at(c)
	b.press("button[name=logout]")
	b.shot("signed-out")
	if !strings.HasPrefix(b.url(), s.base) || b.has("form[action$='/account/sign-out']") {
		t.Errorf("at %s:\n%s", b.url(), b.words())
	}
}

// arrivesAt waits for the company's page, which a page of ours leads to.
func (b *tab) arrivesAt(c *company) {
	b.t.Helper()
	eventually(b.t, 15*time.Second, "the browser is at the company", func() error {
		if !b.isAt(c) {
			return errors.New("at " + b.url())
		}
		return nil
	})
	b.do("its page", chromedp.WaitVisible(chromedp.CSS("button[name=logout]")))
}
