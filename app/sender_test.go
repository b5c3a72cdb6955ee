package main

import (
	"context"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"portico/app/audit"
	"portico/app/message"
	"portico/app/message/smtptest"
	"portico/app/tenant"
)

// TestMailOfATenant: its own server over TLS with its own password, its own address only once the domain is proven, and
// what happens when that server does not take a mail.
func TestMailOfATenant(t *testing.T) {
	t.Chdir(t.TempDir())
	serverTLS, roots := smtptest.Certificate(t)
	var house smtptest.Server
	now := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	p, err := open(world{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, now: func() time.Time { return now },
		environ: []string{"PORT=3000", "PORTICO_DEV_MAILBOX=false", "PORTICO_MAIL_FROM=Portico <portico@example.com>", "SMTP_URL=smtp://" + house.Listen(t, false)}})
	must(t, err)
	t.Cleanup(p.close)
	must(t, p.store.Migrate(t.Context()))
	p.outbound.TLS = roots
	by := audit.System("test")
	row, err := p.store.CreateTenant(t.Context(), by, tenant.Tenant{Slug: "shop", Name: "Shop"})
	must(t, err)
	shop := p.store.Tenant(row.ID)
	s, err := p.tenantMail()
	must(t, err)
	letter := message.Letter{ID: "item", TenantID: shop.ID, To: "ana@example.net", SenderName: "Shop", Subject: "Your code", Text: "Code 042317\n", HTML: "<p>Code 042317</p>"}
	send := func() error { return s.Send(t.Context(), letter) }
	last := func(x *smtptest.Server, wants ...string) {
		t.Helper()
		got := x.Mails()
		if len(got) == 0 {
			t.Fatal("no mail")
		}
		data := got[len(got)-1].Data
		for _, w := range wants {
			if !strings.Contains(data, w) {
				t.Errorf("no %q in\n%s", w, data)
			}
		}
		for _, never := range []string{"List-Unsubscribe", "Precedence"} {
			if strings.Contains(data, never) {
				t.Errorf("%s in a mail that nobody can unsubscribe from", never)
			}
		}
	}
	save := func(m tenant.Mail, password string) {
		t.Helper()
		must(t, shop.SaveMail(t.Context(), by, m, password, func(tenant.Mail) error { return nil }))
	}
	must(t, send())
	last(&house, `From: "Shop" <portico@example.com>`, "Message-ID: <item@example.com>", "Auto-Submitted: auto-generated", "multipart/alternative")

	// The name at once, the address when it is proven.
	m := tenant.Mail{Name: "Shop & Co", Address: "hello@shop.example"}
	save(m, "")
	must(t, send())
	last(&house, `From: "Shop & Co" <portico@example.com>`, "Reply-To: <hello@shop.example>")
	x, err := shop.MailSender(t.Context())
	must(t, err)
	_, err = shop.ProveMailSender(t.Context(), by, func(_ context.Context, name string) ([]string, error) {
		if name != "_portico.shop.example" {
			t.Error(name)
		}
		return []string{x.Value}, nil
	})
	must(t, err)
	must(t, send())
	last(&house, `From: "Shop & Co" <hello@shop.example>`, "Message-ID: <item@shop.example>")

	own := smtptest.Server{TLS: serverTLS, StartTLS: true, Login: "me\x00pw"}
	host, port, _ := net.SplitHostPort(own.Listen(t, false))
	m.Server = tenant.MailServer{Host: host, User: "me"}
	m.Server.Port, _ = strconv.Atoi(port)
	save(m, "pw")
	before := len(house.Mails())
	must(t, send())
	last(&own, `From: "Shop & Co" <hello@shop.example>`, "Message-ID: <item@shop.example>", "multipart/alternative")
	if got := own.Mails()[0]; !got.Secure || got.Login != "me\x00pw" || len(house.Mails()) != before {
		t.Errorf("%+v", got)
	}

	// A server that refuses, or speaks no TLS: the installation's, from its address, unless the tenant does not want that.
	for name, own := range map[string]*smtptest.Server{"busy": {TLS: serverTLS, StartTLS: true, Login: "me\x00pw", Refuse: "450 4.2.1 busy"}, "no TLS": {Login: "me\x00pw"}} {
		host, port, _ := net.SplitHostPort(own.Listen(t, false))
		m.Server = tenant.MailServer{Host: host, User: "me"}
		m.Server.Port, _ = strconv.Atoi(port)
		save(m, "pw")
		before := len(house.Mails())
		must(t, send())
		if len(house.Mails()) != before+1 {
			t.Errorf("%s: not sent", name)
		}
		last(&house, `From: "Shop & Co" <portico@example.com>`)
		if via, err := s.Try(t.Context(), letter); err == nil || via != host+":"+port {
			t.Errorf("%s: a test that went another way: %s %v", name, via, err)
		}
		m.Server.Strict = true
		save(m, "")
		if err := send(); err == nil || len(house.Mails()) != before+1 || len(own.Mails()) != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}

	// Nothing inside: the server of a tenant is called under the rules of every other call.
	p.outbound.Allow = nil
	m.Server = tenant.MailServer{Host: "127.0.0.1", Port: 2525, Strict: true}
	save(m, "")
	if err := send(); err == nil || !strings.Contains(err.Error(), "not on the public internet") {
		t.Error(err)
	}
}
