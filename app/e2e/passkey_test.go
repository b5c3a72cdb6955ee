package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// suggests says whether the browser suggests passkeys in the address box. Here whoever is at the authenticator takes
// the suggestion at once, before anything else can be pressed.
func (b *tab) suggests(yes bool) {
	b.t.Helper()
	var err error
	if yes {
		_, err = chromedp.Call(b.ctx, page.RemoveScriptToEvaluateOnNewDocument, page.RemoveScriptToEvaluateOnNewDocumentParams{Identifier: b.quiet})
	} else {
		var made page.AddScriptToEvaluateOnNewDocumentResult
		made, err = chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
			Source: "if (window.PublicKeyCredential) PublicKeyCredential.isConditionalMediationAvailable = async () => false"})
		b.quiet = made.Identifier
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// TestPasskeyInTheBrowser registers a passkey as the first admin's second factor and signs in with it again,
// in a real browser under the page's own Content-Security-Policy.
func TestPasskeyInTheBrowser(t *testing.T) {
	t.Parallel()
	s := boot(t)
	b := openBrowser(t, s, "passkey")
	b.passkeys()
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
			case b.has(passwordBox):
				if b.has(emailBox) {
					b.typeInto(emailBox, "pia@fernhill.example")
				}
				b.typeInto(passwordBox, password)
				b.submit()
			case b.has("[data-passkey-button]"):
				b.accessible("passkey")
				b.press("[data-passkey-button]")
			default:
				b.submit()
			}
		}
		t.Fatalf("never inside: %s\n%s", b.url(), b.words())
	}
	enter()
	b.forgetCookies()
	b.suggests(false) // this time the password comes first
	b.goTo(s.base + "/admin")
	b.typeInto(emailBox, "pia@fernhill.example")
	b.typeInto(passwordBox, password)
	b.submit()
	enter()
	b.suggests(true)
	b.forgetCookies()
	b.goTo(s.base + "/admin")
	eventually(t, 15*time.Second, "the passkey alone opens the portal", func() error {
		if at := b.url(); !strings.HasPrefix(at, s.base+"/admin") {
			return errText(at)
		}
		return nil
	})
}

// TestPasskeyInPlaceOfAPassword is a customer who sets up a passkey at sign-up and signs in with nothing else from
// then on: by the browser's suggestion or the button, and as the second factor after the password too.
func TestPasskeyInPlaceOfAPassword(t *testing.T) {
	t.Parallel()
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
	b.sees("Stay signed in?")
	walk(2)
	passkey := func() {
		t.Helper()
		if refs := amr(); len(refs) != 2 || refs[0] != "fido" || refs[1] != "mfa" {
			t.Errorf("amr is %v", refs)
		}
	}
	passkey()

	// Whoever does not take the suggestion has a button, and the password.
	b.forgetCookies()
	b.suggests(false)
	b.goTo(app.authorize())
	b.sees("Use your face, fingerprint, PIN or security key")
	b.accessible("offered")
	b.goTo(app.authorize("ui_locales=ar"))
	b.accessible("offered-arabic")
	b.goTo(app.authorize())
	b.press("[data-passkey-button]")
	b.sees("Stay signed in?")
	walk(2)
	passkey()

	// After the password it is the second factor, where the app asks for one.
	b.forgetCookies()
	b.goTo(app.authorize("acr_values=urn:portico:acr:mfa"))
	b.typeInto(emailBox, email)
	if !b.has(passwordBox) {
		b.submit()
	}
	b.typeInto(passwordBox, password)
	b.submit()
	b.sees("Confirm with your passkey")
	b.press("[data-passkey-button]")
	walk(2)
	if refs := amr(); len(refs) != 3 || refs[2] != "pwd" {
		t.Errorf("amr is %v", refs)
	}

	// On their own pages too, where the passkey is listed.
	b.suggests(true)
	b.forgetCookies()
	b.goTo(s.base + "/fernhill/account/methods")
	b.comesTo(s.base + "/fernhill/account/methods")
	b.sees("Passkey")
	b.accessible("listed")

	// Without script there is no button, and the password goes on.
	b.forgetCookies()
	b.withoutScript()
	b.goTo(app.authorize())
	if n := b.count("[data-passkey-button]:not([hidden])"); n != 0 {
		t.Errorf("%d buttons that nothing would answer", n)
	}
}
