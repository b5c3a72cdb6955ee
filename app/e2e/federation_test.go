package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/chromedp/chromedp"
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

// newCompany makes a company known to Portico, puts its button on the pages of the shop and opens its doors.
func newCompany(t *testing.T) (*server, *company) {
	t.Helper()
	port := freePort(t)
	s := boot(t, fmt.Sprintf("PORTICO_OUTBOUND_ALLOW=localhost:%d", port))
	c := &company{api: newAPI(t, s), port: port}
	issuer := fmt.Sprintf("http://localhost:%d", port)
	c.id = c.api.provider("Harbour", issuer, "portico", harbourSecret)
	tenant := party{t: t, base: s.base}.tenantID()
	c.redirect = s.base + "/" + tenant + "/federation/" + c.id + "/callback"
	c.node = startNode(t, s, "oidc-provider.mjs")
	c.open()
	return s, c
}

func (c *company) open() {
	c.t.Helper()
	c.step("open", values{"port": c.port, "clientId": "portico", "clientSecret": harbourSecret, "redirects": []string{c.redirect}})
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
	for _, f := range a.call(http.MethodGet, "/v1.0/identity/authenticationEventsFlows", nil)["value"].([]any) {
		if flow := f.(values); flow["displayName"] == "Shop and car" {
			a.call(http.MethodPost, "/v1.0/identity/authenticationEventsFlows/"+flow["id"].(string)+"/onAuthenticationMethodLoadStart/identityProviders/$ref",
				values{"@odata.id": a.s.base + "/v1.0/identity/identityProviders/" + id})
		}
	}
	return id
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
	b.press("button[name=provider][value='" + c.id + "']")
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
