package e2e

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// TestAForgottenPassword: somebody signs up in one browser and has forgotten the password in another. A code
// by mail lets them choose a new one; the first browser is signed out, and the mailbox says what happened.
func TestAForgottenPassword(t *testing.T) {
	t.Parallel()
	s := boot(t)
	const email = "nils@example.com"
	seen := map[string]bool{}
	laptop := openBrowser(t, s, "laptop")
	laptop.signUp("market", email, true, seen)
	laptop.sees("Hello, Noor")

	phone := openBrowser(t, s, "phone")
	phone.goTo(s.base + "/demo/market")
	phone.press("#signin")
	phone.typeInto(emailBox, "Nils@Example.com")
	phone.submit()
	phone.press("button[value=forgot]")
	phone.accessible("reset-code")
	phone.typeInto(codeBox, phone.code(email, seen))
	phone.submit()
	phone.accessible("reset-password")
	phone.sees("Sign out everywhere else")
	phone.typeInto(newPasswordBox, "a much better phrase")
	phone.submit()
	phone.maybeStay()
	phone.sees("Hello, Noor")

	laptop.goTo(s.base + "/demo/auto") // no single sign-on any more
	laptop.press("#signin")
	if !laptop.has(emailBox) {
		t.Errorf("the first browser is still signed in: %s", laptop.url())
	}
	client := s.client(t)
	eventually(t, 10*time.Second, "the owner is told", func() error {
		for _, m := range mails(t, client, s.base, email) {
			if strings.Contains(m.Subject, "has changed") {
				return nil
			}
		}
		return errors.New("no mail yet")
	})
}
