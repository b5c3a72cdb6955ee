package admin

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"portico/app/access"
	"portico/app/message"
	"portico/models"
	"portico/models/modelstest"
)

type sentMail struct {
	sent []message.Letter
	via  string
	err  error
}

func (p *sentMail) Try(_ context.Context, l message.Letter) (string, error) {
	p.sent = append(p.sent, l)
	return p.via, p.err
}

// TestMailSender: an admin sets who mails come from, proves the domain, and gives a password that no other server gets.
func TestMailSender(t *testing.T) {
	b := newBench(t)
	const at = "/admin/t/shop/settings/mail"
	w := b.global()
	sent := &sentMail{via: "smtp.shop.example:587"}
	b.portal.Post, b.portal.MailFrom = sent, "no-reply@id.example.com"
	w.get(at).wants(t, 200, "no-reply@id.example.com", "The installation’s", "Send a test to me")
	form := func(more ...string) []string {
		return append([]string{"mail.name", "Shop", "mail.address", "Hello@Shop.example", "mail.replyTo", "help@shop.example", "mail.server.host", "smtp.shop.example", "mail.server.port", "465", "mail.server.user", "u", "mail.server.strict", "wait"}, more...)
	}
	if a := w.post(at, form("password", "hunter2 of the server")...); a.status != 303 {
		t.Fatal(a.status, a.body)
	}
	page := w.get(at)
	page.wants(t, 200, "Waits for the record", "_portico.shop.example", "portico-domain-verification=", "One is stored", "v=spf1")
	if strings.Contains(page.body, "hunter2") {
		t.Error("the password is shown")
	}
	s, err := b.shop.MailSender(t.Context())
	if err != nil || s.From() != "" || !s.Server.Implicit() || !s.Server.Strict {
		t.Errorf("%+v %v", s, err)
	}
	if got, err := b.store.MailPassword(s); got != "hunter2 of the server" || err != nil {
		t.Errorf("%q %v", got, err)
	}
	// Another user or server does not get it.
	another := form()
	another[11] = "other"
	w.post(at, another...).wants(t, 422, "Enter the password again")
	for name, c := range map[string][]string{"a name with an address": {"mail.name", "ceo@bank.example"}, "a header": {"mail.replyTo", "a@b.example\r\nBcc: x@y.example"}, "an address with a name": {"mail.address", "A <a@b.example>"},
		"an address of a host": {"mail.server.host", "127.0.0.1:25"}, "no port": {"mail.server.port", "x"}, "a text sender": {"mail.texts", "x"}} {
		values := form()
		for i := 0; i < len(values); i += 2 {
			if values[i] == c[0] {
				values[i+1], c = c[1], nil
				break
			}
		}
		values = append(values, c...)
		if a := w.post(at, values...); a.status != 422 {
			t.Errorf("%s: %d", name, a.status)
		}
	}
	found := []string{"something else"}
	lookup := func(context.Context, string) ([]string, error) { return found, nil }
	if _, err := b.shop.ProveMailSender(t.Context(), modelstest.Actor(), lookup); err == nil {
		t.Error("proven without a record")
	}
	found = append(found, s.Value)
	if s, err = b.shop.ProveMailSender(t.Context(), modelstest.Actor(), lookup); err != nil || s.From() != "Hello@Shop.example" {
		t.Errorf("%+v %v", s, err)
	}
	w.get(at).wants(t, 200, "Shop &lt;Hello@Shop.example&gt;", "Proven")
	// Its record goes: the page says until when the address stands, and what to put back; then that it stands no more.
	missing := func(context.Context, string) ([]string, error) { return nil, &net.DNSError{IsNotFound: true} }
	b.clock.Advance(25 * time.Hour)
	if err := b.shop.WatchMailSender(t.Context(), modelstest.Actor(), missing); err != nil {
		t.Fatal(err)
	}
	w = b.admin("later@staff.example", access.GlobalAdministratorID, access.AllTenants) // the other one's visit is over
	w.get(at).wants(t, 200, "Record gone", "unless it comes back", "Put the record back", s.Value, "Shop &lt;Hello@Shop.example&gt;")
	start := w.get("/admin/t/shop")
	start.wants(t, 200, "Hello@Shop.example", "Sender’s domain record _portico.shop.example (TXT)")
	if !strings.Contains(start.body, `href="`+at+`"><bdi>Hello@Shop.example`) {
		t.Errorf("no way to the settings: %s", start.body)
	}
	b.clock.Advance(models.DomainGrace)
	if err := b.shop.WatchMailSender(t.Context(), modelstest.Actor(), missing); err != nil {
		t.Fatal(err)
	}
	w = b.admin("last@staff.example", access.GlobalAdministratorID, access.AllTenants)
	w.get(at).wants(t, 200, "No longer proven", "Prove the domain", s.Value, "no-reply@id.example.com")
	// Another domain is another proof.
	values := form("password", "p")
	values[3] = "hello@other.example"
	w.post(at, values...)
	if s, _ = b.shop.MailSender(t.Context()); s.From() != "" || s.Record != "_portico.other.example" {
		t.Errorf("%+v", s)
	}

	if a := w.post(at + "/test"); a.status != 303 || len(sent.sent) != 1 || sent.sent[0].To == "" || sent.sent[0].TenantID != b.shop.ID || !strings.Contains(sent.sent[0].HTML, "042317") {
		t.Errorf("%d %+v", a.status, sent.sent)
	}
	to := sent.sent[0].To
	w.get(at).wants(t, 200, "Sent to "+to, "smtp.shop.example:587")
	sent.err = errors.New("535 no")
	w.post(at + "/test")
	w.get(at).wants(t, 200, "Not sent through smtp.shop.example:587", "535 no")
	sent.err = nil

	const studio = "/admin/t/shop/branding/company"
	w.get(studio+"/edit?page=mail:new_sign_in&in=de").wants(t, 200, "Send to me", "Show as text")
	if a := w.post(studio+"/letter", "mail", "new_sign_in", "in", "de", "to", "other@example.com"); a.status != 303 || sent.sent[len(sent.sent)-1].To != to || !strings.Contains(sent.sent[len(sent.sent)-1].Subject, "Waren Sie das") {
		t.Errorf("%d %+v", a.status, sent.sent)
	}
	w.post(studio+"/letter", "mail", "code", "in", "en", "do", "text").wants(t, 200, "042317", "is your code")
	before := len(sent.sent)
	for range mostTries + 1 {
		w.post(at + "/test")
	}
	if len(sent.sent) > mostTries || len(sent.sent) == before {
		t.Errorf("%d mails", len(sent.sent))
	}
}
