package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
)

// TestFirstAdminSetsUpThePortal follows the link of the start screen: password, authenticator app, and
// then the pages of the portal.
func TestFirstAdminSetsUpThePortal(t *testing.T) {
	t.Parallel()
	s := boot(t)
	b := openBrowser(t, s, "admin")
	b.goTo(s.setupLink())
	b.accessible("setup")
	b.typeInto("input[name=email]", "ada@fernhill.example")
	if b.has("input[name=displayName]") {
		b.typeInto("input[name=displayName]", "Ada Admin")
	}
	b.typeInto(newPasswordBox, password)
	b.submit()
	secret := ""
	for range 8 { // sign in, set up the authenticator app, keep the recovery codes
		at := b.url()
		switch {
		case strings.HasPrefix(at, s.base+"/admin") && !strings.Contains(at, "/setup"):
			goto inside
		case b.has(passwordBox):
			b.accessible("admin-sign-in")
			if b.has(emailBox) {
				b.typeInto(emailBox, "ada@fernhill.example")
			}
			b.typeInto(passwordBox, password)
			b.submit()
		case b.has(emailBox):
			b.typeInto(emailBox, "ada@fernhill.example")
			b.submit()
		case b.has(codeBox):
			b.accessible("admin-authenticator")
			if secret == "" {
				secret = evaluate[string](b, `(document.querySelector("#totp-secret, [data-secret], code.secret, main code")||{}).textContent||""`)
			}
			code, err := totp.GenerateCode(strings.ReplaceAll(strings.TrimSpace(secret), " ", ""), time.Now())
			if err != nil {
				t.Fatalf("secret %q: %v\n%s", secret, err, b.words())
			}
			b.typeInto(codeBox, code)
			b.submit()
		case b.has("button[name=method][value=totp]"):
			b.accessible("admin-choose-factor")
			b.press("button[name=method][value=totp]")
		default:
			b.accessible("admin-step")
			b.submit()
		}
	}
	t.Fatalf("never inside: %s\n%s", b.url(), b.words())
inside:
	b.accessible("admin-start")
	pages := evaluate[[]any](b, `[...new Set([...document.querySelectorAll("nav a[href^='/admin'], aside a[href^='/admin']")].map(a => a.getAttribute("href")))]`)
	if len(pages) < 4 {
		t.Errorf("the menu has only %v", pages)
	}
	for _, p := range pages { // behind each list: one of its things, and the page of its main action
		b.goTo(s.base + p.(string))
		pages = append(pages, evaluate[[]any](b, `[document.querySelector("main tbody th a"), document.querySelector(".page-head a.button--primary")].filter(Boolean).map(a => a.getAttribute("href"))`)...)
	}
	for _, p := range pages {
		href := p.(string)
		if strings.Contains(href, "signout") || strings.Contains(href, "sign-out") {
			continue
		}
		b.goTo(s.base + href)
		b.accessible("admin" + strings.NewReplacer("/", "-", "?", "-", "=", "-", "&", "-").Replace(strings.TrimPrefix(href, "/admin")))
		for _, bad := range []string{"Something went wrong", "This page does not exist"} {
			if strings.Contains(b.words(), bad) {
				t.Errorf("%s says %q", href, bad)
			}
		}
	}
	// A link works once.
	client := s.client(t)
	res, err := client.Get(s.setupLink())
	if status, body := read(t, res, err); status < 400 || strings.Contains(body, "new-password") {
		t.Errorf("the used link answers %d", status)
	}

	// One click, and a second look, removes the sample company; it stays away.
	b.goTo(s.base + "/admin/t/fernhill/settings")
	b.press("a[href$='/settings/remove-sample']")
	b.accessible("admin-remove-sample")
	b.press("main form button[type=submit]")
	if at := b.url(); strings.Contains(at, "/remove-sample") {
		t.Fatalf("the sample company is not removed: %s\n%s\n%s", at, b.words(), s.log)
	}
	b.accessible("admin-without-sample")
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	s.start()
	b.goTo(s.base + "/demo/market/signin")
	b.sees("This application is not registered")
	res, err = client.Get(s.base + "/fernhill/v2.0/.well-known/openid-configuration")
	if status, _ := read(t, res, err); status != 404 {
		t.Errorf("the removed tenant answers %d\n%s", status, s.log)
	}
}

// TestAdminWithAPasskey sets the portal up with a passkey as second factor and comes back with it.
func TestAdminWithAPasskey(t *testing.T) {
	t.Parallel()
	s := boot(t)
	b := openBrowser(t, s, "passkey")
	b.passkeys()
	b.suggests(false) // TestPasskeyInTheBrowser takes the suggestion; here the password comes first
	b.goTo(s.setupLink())
	b.typeInto("input[name=email]", "pia@fernhill.example")
	b.typeInto("input[name=displayName]", "Pia")
	b.typeInto(newPasswordBox, password)
	b.submit()
	enter := func() {
		t.Helper()
		for range 10 {
			switch at := b.url(); {
			case strings.HasPrefix(at, s.base+"/admin") && !strings.Contains(at, "/setup"):
				return
			case b.has(passwordBox):
				if b.has(emailBox) {
					b.typeInto(emailBox, "pia@fernhill.example")
				}
				b.typeInto(passwordBox, password)
				b.submit()
			case b.has(emailBox):
				b.typeInto(emailBox, "pia@fernhill.example")
				b.submit()
			case b.has("button[name=method][value=passkey]"):
				b.press("button[name=method][value=passkey]")
			case b.has("[data-passkey-button]"):
				b.accessible("passkey")
				b.press("[data-passkey-button]")
			default:
				b.submit()
			}
		}
		b.shot("failed")
		t.Fatalf("never inside: %s\n%s", b.url(), b.words())
	}
	enter()
	b.forgetCookies()
	b.goTo(s.base + "/admin")
	enter()
	b.sees("Pia")
}
