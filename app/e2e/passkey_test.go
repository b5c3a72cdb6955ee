package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// withPasskeys gives the browser an authenticator that verifies its user without asking.
func (b *tab) withPasskeys() {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		b.t.Fatal(err)
	}
	_, err := chromedp.Call(b.ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal, HasResidentKey: true,
		HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true}})
	if err != nil {
		b.t.Fatal(err)
	}
}

// TestPasskeyInTheBrowser registers a passkey as the first admin's second factor and signs in with it again,
// in a real browser under the page's own Content-Security-Policy.
func TestPasskeyInTheBrowser(t *testing.T) {
	s := boot(t)
	b := openBrowser(t, s, "passkey")
	b.withPasskeys()
	b.goTo(s.setupLink())
	b.typeInto("input[name=email]", "pia@fernhill.example")
	if b.has("input[name=displayName]") {
		b.typeInto("input[name=displayName]", "Pia Admin")
	}
	b.typeInto(newPasswordBox, password)
	b.submit()
	enter := func() {
		t.Helper()
		for range 8 {
			at := b.url()
			switch {
			case strings.HasPrefix(at, s.base+"/admin") && !strings.Contains(at, "/setup"):
				return
			case b.has("button[name=method][value=passkey]"):
				b.press("button[name=method][value=passkey]")
			case b.has("[data-passkey-button]"):
				b.accessible("passkey")
				b.press("[data-passkey-button]")
			case b.has(passwordBox):
				if b.has(emailBox) {
					b.typeInto(emailBox, "pia@fernhill.example")
				}
				b.typeInto(passwordBox, password)
				b.submit()
			default:
				b.submit()
			}
		}
		t.Fatalf("never inside: %s\n%s", b.url(), b.words())
	}
	enter()
	b.forgetCookies()
	b.goTo(s.base + "/admin")
	enter()
}

// TestPasskeyInPlaceOfAPassword is a customer who sets up a passkey at sign-up and signs in with nothing else from
// then on: by the browser's suggestion or the button, and as the second factor after the password too.
func TestPasskeyInPlaceOfAPassword(t *testing.T) {
	s := boot(t)
	a := newAPI(t, s)
	for _, f := range a.call(http.MethodGet, "/v1.0/identity/authenticationEventsFlows", nil)["value"].([]any) {
		if flow := f.(values); flow["displayName"] == "Shop and car" {
			a.call(http.MethodPatch, "/v1.0/identity/authenticationEventsFlows/"+flow["id"].(string), values{"@odata.type": flow["@odata.type"],
				"portico": values{"multifactorAuthentication": values{"enforcement": "conditional", "methods": []string{"fido2"}, "mayPostpone": true}}})
		}
	}
	app := a.register("Passkeys", s.base+"/nowhere", true)
	const email = "pau@example.com"
	b := openBrowser(t, s, "passkeys")
	b.passkeys()
	seen := map[string]bool{}
	left := func() bool { return strings.HasPrefix(b.url(), app.redirect) }
	walk := func(limit int) {
		t.Helper()
		for range limit {
			switch {
			case left():
				return
			case b.has("form[data-passkey=create] [data-passkey-button]"):
				b.accessible("create")
				b.press("[data-passkey-button]")
			case b.has(codeBox):
				b.typeInto(codeBox, b.code(email, seen))
				b.submit()
			case b.has(newPasswordBox):
				b.typeInto(newPasswordBox, password)
				b.submit()
			case b.has("input[autocomplete~=given-name]"):
				b.typeInto("input[autocomplete~=given-name]", "Pau")
				b.typeInto("input[autocomplete~=family-name]", "Vidal")
				b.submit()
			case b.has("div.terms"):
				b.do("agree", chromedp.Click(chromedp.CSS("input[type=checkbox]")))
				b.submit()
			default:
				b.submit()
			}
		}
		if !left() {
			t.Fatalf("never at the app: %s\n%s", b.url(), b.words())
		}
	}
	b.goTo(app.authorize("prompt=create"))
	b.typeInto(emailBox, email)
	b.submit()
	walk(12)

	amr := func() []any {
		t.Helper()
		got, err := app.redeem(s.client(t), app.code(b.url()))
		if err != nil || got.IDToken == "" {
			t.Fatal(err, got.Description)
		}
		refs, _ := claims(t, got.IDToken)["amr"].([]any)
		return refs
	}
	amr()

	// A stranger's browser with the passkey: no name, no password.
	b.forgetCookies()
	b.goTo(app.authorize())
	if !left() { // the browser's suggestion has not been taken by itself
		b.accessible("offered")
		b.sees("Use your face, fingerprint, PIN or security key")
		b.do("narrow", chromedp.EmulateViewport(320, 700))
		b.accessible("offered-narrow")
		b.press("[data-passkey-button]")
	}
	walk(2)
	if refs := amr(); len(refs) != 2 || refs[0] != "fido" || refs[1] != "mfa" {
		t.Errorf("amr is %v", refs)
	}

	// On their own pages too: whoever is asked once more shows it in place of the password.
	b.forgetCookies()
	b.goTo(s.base + "/fernhill/account/methods/password")
	b.press("[data-passkey-button]")
	if !strings.Contains(b.url(), "/account/methods/password") {
		t.Errorf("the account page is %s\n%s", b.url(), b.words())
	}

	// Without script there is no button, and the password goes on.
	b.forgetCookies()
	b.withoutScript()
	b.goTo(app.authorize())
	if n := b.count("[data-passkey-button]:not([hidden])"); n != 0 {
		t.Errorf("%d buttons that nothing would answer", n)
	}
}
