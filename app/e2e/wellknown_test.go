package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// atShop opens the shop and goes to its sign-in or sign-up page.
func (b *tab) atShop(button string) *tab {
	b.t.Helper()
	b.goTo(b.s.base + "/demo/market")
	b.press(button)
	return b
}

// linked are the providers that the account with an address has identities of.
func (a *api) linked(email string) (people int, issuers []string) {
	a.t.Helper()
	found := a.call(http.MethodGet, "/v1.0/users?$select=id,identities&$filter="+url.QueryEscape("identities/any(i:i/issuerAssignedId eq '"+email+"' and i/issuer eq 'fernhill')"), nil)["value"].([]any)
	for _, u := range found {
		for _, i := range u.(values)["identities"].([]any) {
			if i := i.(values); i["signInType"] == "federated" {
				issuers = append(issuers, i["issuer"].(string))
			}
		}
	}
	return len(found), issuers
}

// isLinked: one account has the address, and these identities.
func (a *api) isLinked(email string, want ...string) {
	a.t.Helper()
	if n, got := a.linked(email); n != 1 || strings.Join(got, " ") != strings.Join(want, " ") {
		a.t.Errorf("%d accounts have %s, with identities of %v; want one with %v", n, email, got, want)
	}
}

// TestGoogleStandIn: somebody signs up by Google and comes back to the same account; somebody who has an account with a
// password already proves once that it is theirs; somebody who cancels has the other ways.
func TestGoogleStandIn(t *testing.T) {
	t.Parallel()
	google := newGoogle(t)
	s, a := bootBeside(t, google)
	google.isGoogle(a)
	google.knows("mira", googler(1, "mira@gmail.com", "Mira", "Okafor"))
	google.knows("noor", googler(2, "noor@example.com", "Noor", "van Dijk"))

	b := openBrowser(t, s, "google").phone()
	b.atShop("#signup").by(google, "mira")
	b.holds("input[autocomplete~=given-name]", "Mira")
	b.holds("input[autocomplete~=family-name]", "Okafor")
	b.fillRest()
	b.sees("Hello, Mira")
	a.isLinked("mira@gmail.com", "google.com")

	again := openBrowser(t, s, "google-again").phone()
	again.atShop("#signin").by(google, "mira")
	again.maybeStay()
	again.sees("Hello, Mira")
	a.isLinked("mira@gmail.com", "google.com")

	// Whoever has the account proves it: of addresses at example.com Google does not decide.
	f := newFiller(t, s, "noor@example.com", password)
	shop := market(t, s)
	f.walk(shop.authorize("prompt=create"), shop.redirect)
	link := openBrowser(t, s, "google-link").phone()
	link.atShop("#signin")
	link.press("button[name=provider][value='" + google.id + "']")
	link.press("#no")
	link.sees("You did not finish signing in with Google")
	link.by(google, "noor")
	link.sees("You already have an account")
	a.isLinked("noor@example.com")
	link.typeInto(passwordBox, "not the password")
	link.submit()
	a.isLinked("noor@example.com")
	link.typeInto(passwordBox, password)
	link.submit()
	link.maybeStay()
	link.sees("Hello, ")
	a.isLinked("noor@example.com", "google.com")
	linked := openBrowser(t, s, "google-linked").phone()
	linked.atShop("#signin").by(google, "noor")
	linked.maybeStay()
	linked.sees("Hello, ")
}

// TestAppleStandIn: the name comes with the very first answer and is asked for no more; the address of the private relay
// is taken at Apple's word.
func TestAppleStandIn(t *testing.T) {
	t.Parallel()
	apple := newApple(t)
	s, a := bootBeside(t, apple.standIn)
	apple.isApple(a)
	const relay = "x7k2p9@privaterelay.appleid.com"
	apple.knows("tim", values{"sub": "001234.0a1b2c3d4e5f.0042", "email": relay, "first": "Tim", "last": "Baum"})

	b := openBrowser(t, s, "apple").phone()
	b.atShop("#signup")
	b.press("button[name=provider][value='" + apple.id + "']")
	b.press("#no")
	b.sees("You did not finish signing in with Apple")
	b.by(apple.standIn, "tim")
	b.holds("input[autocomplete~=given-name]", "Tim")
	b.holds("input[autocomplete~=family-name]", "Baum")
	b.fillRest()
	b.sees("Hello, Tim")
	a.isLinked(relay, "apple.com")

	again := openBrowser(t, s, "apple-again").phone()
	again.atShop("#signin").by(apple.standIn, "tim")
	again.maybeStay()
	again.sees("Hello, Tim")
	a.isLinked(relay, "apple.com")
	if apple.named != 1 {
		t.Errorf("Apple told the name %d times", apple.named)
	}
}

// TestFacebookStandIn: Facebook does not say whether an address is verified, so a code of ours proves it; an account that
// has the address is not met before.
func TestFacebookStandIn(t *testing.T) {
	t.Parallel()
	facebook := newFacebook(t)
	s, a := bootBeside(t, facebook.standIn)
	facebook.isFacebook(a)
	const email = "ravi@example.com"
	facebook.knows("ravi", values{"id": "10223344556677889", "name": "Ravi Menon", "first_name": "Ravi", "last_name": "Menon", "email": email})

	b := openBrowser(t, s, "facebook").phone()
	b.atShop("#signup")
	b.press("button[name=provider][value='" + facebook.id + "']")
	b.press("#no")
	b.sees("You did not finish signing in with Facebook")
	b.by(facebook.standIn, "ravi")
	b.sees("Facebook has not confirmed an address of yours")
	b.holds(emailBox, email)
	b.submit()
	if n, _ := a.linked(email); n != 0 {
		t.Error("an account came of an address that nobody has proven")
	}
	b.typeInto(codeBox, b.code(email, map[string]bool{}))
	b.submit()
	b.holds("input[autocomplete~=given-name]", "Ravi")
	b.holds("input[autocomplete~=family-name]", "Menon")
	b.fillRest()
	b.sees("Hello, Ravi")
	a.isLinked(email, "facebook.com")

	again := openBrowser(t, s, "facebook-again").phone()
	again.atShop("#signin").by(facebook.standIn, "ravi")
	again.maybeStay()
	again.sees("Hello, Ravi")
	a.isLinked(email, "facebook.com")
}
