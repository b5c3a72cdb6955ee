package e2e

import (
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
