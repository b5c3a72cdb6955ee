package e2e

import "testing"

// TestMailSettingsInThePortal: the page of senders in each of its states, with names as long as they come, light at a desk and
// dark on a narrow phone; what is refused stands beside its field and keeps what was typed.
func TestMailSettingsInThePortal(t *testing.T) {
	t.Parallel()
	s := boot(t)
	b := openBrowser(t, s, "mail-settings")
	b.intoPortal("mia@fernhill.example")
	at := s.base + "/admin/t/fernhill/settings/mail"
	b.goTo(at)
	b.sees("The installation’s")
	b.accessible("neutral")
	const domain = "customer-notifications.a-rather-long-name-of-a-company.example"
	b.typeInto("input[name='mail.name']", "Fernhill Market & Garden Centres of the Northern Provinces")
	b.typeInto("input[name='mail.address']", "hello@"+domain)
	b.typeInto("input[name='mail.texts']", "x")
	b.press("form:has(input[name='mail.address']) button[type=submit]")
	b.accessible("refused")
	if got := evaluate[string](b, `document.querySelector("input[name='mail.address']").value`); got != "hello@"+domain {
		t.Errorf("what was typed is lost: %q", got)
	}
	b.typeInto("input[name='mail.texts']", "Fernhill")
	b.press("form:has(input[name='mail.address']) button[type=submit]")
	b.sees("Waits for the record")
	b.sees("_portico." + domain)
	b.accessible("waiting")
	b.press("form[action$='/prove'] button")
	b.sees("Waits for the record")
	b.accessible("not-found")
	b.press("form[action$='/test'] button")
	b.accessible("tested")
}
