package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"portico/models/modelstest"
)

// company is another company's OpenID Provider, which nobody here wrote, with its own pages, and what Portico knows of it.
type company struct {
	*node
	api      *api
	port     int
	id       string // of the identity provider in Portico
	redirect string
}

const harbourSecret = "a secret of the harbour that is long enough"

// newCompany makes a company known to Portico, puts its button on the pages of the shop. Its doors are
// still closed.
func newCompany(t *testing.T) (*server, *company) {
	t.Helper()
	port := modelstest.FreePort(t)
	s := boot(t, fmt.Sprintf("PORTICO_OUTBOUND_ALLOW=localhost:%d", port))
	c := &company{api: newAPI(t, s), port: port}
	issuer := fmt.Sprintf("http://localhost:%d", port)
	c.id = c.api.provider("Harbour", issuer, "portico", harbourSecret)
	tenant := party{t: t, base: s.base}.tenantID()
	c.redirect = s.base + "/" + tenant + "/federation/" + c.id + "/callback"
	c.node = startNode(t, s, "oidc-provider.mjs")
	return s, c
}

func (c *company) open() {
	c.t.Helper()
	c.step("open", values{"port": c.port, "clientId": "portico", "clientSecret": harbourSecret, "redirects": []string{c.redirect},
		"leave": []string{strings.TrimSuffix(c.redirect, "callback") + "signed-out"}})
}

// knows tells the company of somebody.
func (c *company) knows(id string, claims values) {
	c.t.Helper()
	c.step("person", values{"id": id, "claims": claims})
}

// provider makes a company known and puts its button on the pages of the shop.
func (a *api) provider(name, issuer, clientID, secret string) string {
	a.t.Helper()
	made := a.call(http.MethodPost, "/v1.0/identity/identityProviders", values{"@odata.type": "#microsoft.graph.oidcIdentityProvider", "displayName": name, "clientId": clientID, "issuer": issuer,
		"clientAuthentication": values{"@odata.type": "#microsoft.graph.oidcClientSecretAuthentication", "clientSecret": secret}})
	id := made["id"].(string)
	a.offers(id)
	return id
}

// offers puts a provider's button on the pages of the shop.
func (a *api) offers(id string) {
	a.t.Helper()
	for _, f := range a.call(http.MethodGet, "/v1.0/identity/authenticationEventsFlows", nil)["value"].([]any) {
		if flow := f.(values); flow["displayName"] == "Shop and car" {
			a.call(http.MethodPost, "/v1.0/identity/authenticationEventsFlows/"+flow["id"].(string)+"/onAuthenticationMethodLoadStart/identityProviders/$ref",
				values{"@odata.id": a.s.base + "/v1.0/identity/identityProviders/" + id})
		}
	}
}

// phone is a browser as wide as a small phone.
func (b *tab) phone() *tab {
	b.t.Helper()
	b.do("a phone", chromedp.EmulateViewport(390, 844))
	return b
}

// vouched goes to the provider from the page that is open, and signs in on its page.
func (b *tab) vouched(c *company, login string) {
	b.t.Helper()
	b.press(b.button(c))
	b.at(c)
	b.shot("harbour")
	b.typeInto("input[name=login]", login)
	b.typeInto("input[name=password]", "theirs")
	b.press("button.login-submit")
	if b.isAt(c) { // what it may tell about them: asked once
		b.shot("harbour-consent")
		b.press("button.login-submit")
	}
}

func (b *tab) isAt(c *company) bool {
	u, err := url.Parse(b.url())
	return err == nil && u.Host == fmt.Sprintf("localhost:%d", c.port)
}

func (b *tab) at(c *company) {
	b.t.Helper()
	if !b.isAt(c) {
		b.t.Fatalf("at %s and not at the company:\n%s", b.url(), b.words())
	}
}

func (b *tab) holds(selector, want string) {
	b.t.Helper()
	if got := evaluate[string](b, "document.querySelector("+quoted(selector)+").value"); got != want {
		b.t.Errorf("%s holds %q, want %q", selector, got, want)
	}
}

// TestSignUpByAnotherCompany is somebody's first sign-in by their company, and the second: what the company says of them
// is filled in, what it does not say is asked, and of passwords nobody speaks.
func TestSignUpByAnotherCompany(t *testing.T) {
	t.Parallel()
	s, c := newCompany(t)
	c.open()
	c.knows("mira", values{"email": "mira@harbour.example", "email_verified": true, "name": "Mira Okafor", "given_name": "Mira"})
	b := openBrowser(t, s, "company").phone()
	b.goTo(s.base + "/demo/market")
	b.press("#signup")
	b.sees("Continue with Harbour")
	b.shot("sign-up")
	b.vouched(c, "mira")
	b.shot("prefilled")
	b.holds("input[autocomplete~=given-name]", "Mira")
	b.holds("input[autocomplete~=family-name]", "")
	b.typeInto("input[autocomplete~=family-name]", "Okafor")
	b.fillRest()
	b.sees("Hello, Mira")
	b.shot("signed-up")

	again := openBrowser(t, s, "company-again").phone()
	again.goTo(s.base + "/demo/market")
	again.press("#signin")
	again.vouched(c, "mira")
	again.maybeStay()
	again.sees("Hello, Mira")
}

// fillRest answers what the shop asks besides names.
func (b *tab) fillRest() {
	b.t.Helper()
	if b.has("input[autocomplete~=postal-code]") {
		b.typeInto("input[autocomplete~=postal-code]", "9712 JG")
	}
	if b.has("input[type=radio]") {
		b.do("choose", chromedp.Click(chromedp.CSS("input[type=radio]")))
	}
	b.submit()
	if b.has("div.terms") {
		b.do("agree", chromedp.Click(chromedp.CSS("input[type=checkbox]")))
		b.submit()
	}
	b.maybeStay()
}

// TestConnectingAnotherCompany: whoever has an account already proves once that it is theirs, and from then on comes in by
// their company. Saying no there, and a company that is down, lead back to a page with the other ways.
func TestConnectingAnotherCompany(t *testing.T) {
	t.Parallel()
	s, c := newCompany(t)
	const email = "noor@example.com"
	f := newFiller(t, s, email, password)
	shop := market(t, s)
	f.walk(shop.authorize("prompt=create"), shop.redirect)
	c.knows("noor", values{"email": email, "email_verified": true, "name": "Noor at the harbour"})
	c.knows("nemo", values{"name": "Nemo"})
	seen := map[string]bool{}
	b := openBrowser(t, s, "connect").phone()

	// Down.
	b.goTo(s.base + "/demo/market")
	b.press("#signin")
	b.press(b.button(c))
	b.sees("Harbour cannot be reached at the moment")
	b.shot("down")
	c.open()

	// No, thanks. For a few seconds nobody asks again whether it is up.
	eventually(t, 20*time.Second, "the company is up", func() error {
		b.goTo(s.base + "/demo/market")
		b.press("#signin") // an attempt has a limit of trips: each time it is another one
		if b.press(b.button(c)); !b.isAt(c) {
			return errors.New("at " + b.url())
		}
		return nil
	})
	b.press("a[href*='/abort']")
	b.sees("You did not finish signing in with Harbour")
	b.shot("cancelled")

	// By the account that is there.
	b.press(b.button(c))
	b.at(c)
	b.typeInto("input[name=login]", "noor")
	b.typeInto("input[name=password]", "theirs")
	b.press("button.login-submit")
	b.at(c)
	b.press("button.login-submit")
	b.sees("You already have an account")
	b.sees("connect Harbour")
	b.shot("connect")
	if b.has(passwordBox) {
		b.typeInto(passwordBox, password)
	}
	b.submit()
	b.maybeStay()
	b.sees("Hello, ")

	again := openBrowser(t, s, "connected").phone()
	again.goTo(s.base + "/demo/market")
	again.press("#signin")
	again.vouched(c, "noor")
	again.maybeStay()
	again.sees("Hello, ")
	if n := c.people(email); n != 1 {
		t.Errorf("%d accounts have %s", n, email)
	}

	// Somebody of whom the company tells no address is asked for one and proves it here.
	nemo := openBrowser(t, s, "nemo").phone()
	nemo.goTo(s.base + "/demo/market")
	nemo.press("#signup")
	nemo.vouched(c, "nemo")
	nemo.sees("Harbour has not confirmed an address of yours")
	nemo.shot("address")
	nemo.typeInto(emailBox, "nemo@example.com")
	nemo.submit()
	nemo.typeInto(codeBox, nemo.code("nemo@example.com", seen))
	nemo.submit()
	nemo.typeInto("input[autocomplete~=given-name]", "Nemo")
	nemo.typeInto("input[autocomplete~=family-name]", "Nobody")
	nemo.fillRest()
	nemo.sees("Hello, Nemo")
}

func (b *tab) button(c *company) string { return "button[name=provider][value='" + c.id + "']" }

// people counts the accounts that have an address.
func (c *company) people(email string) int {
	c.t.Helper()
	found := c.api.call(http.MethodGet, "/v1.0/users?$filter="+url.QueryEscape("identities/any(i:i/issuerAssignedId eq '"+email+"' and i/issuer eq 'fernhill')"), nil)
	return len(found["value"].([]any))
}

// TestAnotherPorticoIsTheProvider: customers of one Portico sign in at another with the account that they have there.
func TestAnotherPorticoIsTheProvider(t *testing.T) {
	t.Parallel()
	port := modelstest.FreePort(t)
	// On one host cookies are shared by all ports, so the other one is reached by its number.
	other := boot(t, fmt.Sprintf("PORT=%d", port), fmt.Sprintf("PORTICO_BASE_URL=http://127.0.0.1:%d", port))
	s := boot(t, fmt.Sprintf("PORTICO_OUTBOUND_ALLOW=127.0.0.1:%d", port))
	there, here := newAPI(t, other), newAPI(t, s)
	issuer := other.base + "/" + party{t: t, base: other.base}.tenantID() + "/v2.0"
	// An id is needed for the redirect URI and a client for the provider: first the one, then the other.
	web := there.register("Fernhill here", "http://localhost:1/callback", true)
	id := here.provider("Northwind", issuer, web.clientID, web.secret)
	there.call(http.MethodPatch, "/v1.0/applications(appId='"+web.clientID+"')",
		values{"web": values{"redirectUris": []string{s.base + "/" + party{t: t, base: s.base}.tenantID() + "/federation/" + id + "/callback"}}})
	const email = "olive@example.com"
	f := newFiller(t, other, email, password)
	f.walk(market(t, other).authorize("prompt=create"), market(t, other).redirect)

	b := openBrowser(t, s, "another-portico").phone()
	b.goTo(s.base + "/demo/market")
	b.press("#signup")
	b.press("button[name=provider][value='" + id + "']")
	if !strings.HasPrefix(b.url(), other.base) {
		t.Fatalf("at %s:\n%s", b.url(), b.words())
	}
	b.typeInto(emailBox, email)
	if !b.has(passwordBox) {
		b.submit()
	}
	b.typeInto(passwordBox, password)
	b.submit()
	if strings.HasPrefix(b.url(), other.base) {
		b.submit() // stay signed in there?
	}
	b.shot("back")
	if b.has(codeBox) {
		b.typeInto(codeBox, b.code(email, map[string]bool{}))
		b.submit()
	}
	if got := evaluate[string](b, `(document.querySelector("input[autocomplete~=given-name]")||{}).value||""`); got == "" {
		t.Errorf("nothing is filled in:\n%s", b.words())
	}
	b.fillRest()
	b.sees("Hello, ")
}

// TestProviderButtonsAreAccessible looks at the pages with the button of every kind.
func TestProviderButtonsAreAccessible(t *testing.T) {
	t.Parallel()
	s := boot(t)
	a := newAPI(t, s)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"Google", "Facebook", "Microsoft", "GitHub", "LinkedIn"} {
		a.offers(a.call(http.MethodPost, "/v1.0/identity/identityProviders", values{"@odata.type": "#microsoft.graph.socialIdentityProvider", "displayName": kind, "identityProviderType": kind,
			"clientId": "portico", "clientSecret": harbourSecret})["id"].(string))
	}
	a.offers(a.call(http.MethodPost, "/v1.0/identity/identityProviders", values{"@odata.type": "#microsoft.graph.appleManagedIdentityProvider", "displayName": "Apple", "developerId": "ABCDE12345",
		"serviceId": "example.portico", "keyId": "KEY1234567", "certificateData": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))})["id"].(string))
	a.provider("Donaudampfschifffahrtsgesellschaft and its subsidiaries", "https://login.donau.example", "portico", harbourSecret)
	b := openBrowser(t, s, "buttons")
	b.goTo(s.base + "/demo/market")
	b.press("#signin")
	b.sees("Continue with Apple")
	b.accessible("sign-in")
	b.goTo(market(t, s).authorize("prompt=create", "ui_locales=ar"))
	b.accessible("sign-up-arabic")
}
