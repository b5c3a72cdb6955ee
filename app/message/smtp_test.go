package message

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/mail"
	"strings"
	"testing"
	"time"

	"portico/app/message/smtptest"
	"portico/app/outbox"
)

func TestSMTP(t *testing.T) {
	serverTLS, roots := smtptest.Certificate(t)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	letter := Letter{ID: "item-1", To: "ann@example.com", SenderName: "Fernhill", Subject: "Your code", Text: "Code 123456\n", HTML: "<p>Code <b>123456</b></p>"}
	cases := []struct {
		name      string
		server    smtptest.Server
		implicit  bool
		url       string // %s is the address
		roots     *tls.Config
		secure    bool
		delivered bool
		permanent bool
	}{
		{"plain, nothing offered", smtptest.Server{}, false, "smtp://%s", roots, false, true, false},
		{"STARTTLS when offered", smtptest.Server{StartTLS: true}, false, "smtp://%s", roots, true, true, false},
		{"STARTTLS with password", smtptest.Server{StartTLS: true, Login: "me\x00pw"}, false, "smtp://me:pw@%s?tls=required", roots, true, true, false},
		{"wrong password: the operator can mend that", smtptest.Server{StartTLS: true, Login: "me\x00pw"}, false, "smtp://me:no@%s", roots, true, false, false},
		{"TLS demanded, not offered", smtptest.Server{}, false, "smtp://%s?tls=required", roots, false, false, false},
		{"STARTTLS with an unknown certificate", smtptest.Server{StartTLS: true}, false, "smtp://%s", nil, false, false, false},
		{"TLS from the first byte", smtptest.Server{}, true, "smtps://%s", roots, true, true, false},
		{"TLS from the first byte, unknown certificate", smtptest.Server{}, true, "smtps://%s", nil, true, false, false},
		{"TLS switched off", smtptest.Server{StartTLS: true}, false, "smtp://%s?tls=off", roots, false, true, false},
		{"no such mailbox", smtptest.Server{Refuse: "550 5.1.1 no such user"}, false, "smtp://%s", roots, false, false, true},
		{"try later", smtptest.Server{Refuse: "450 4.2.1 busy"}, false, "smtp://%s", roots, false, false, false},
	}
	for i := range cases {
		c := &cases[i]
		t.Run(c.name, func(t *testing.T) {
			c.server.TLS = serverTLS
			addr := c.server.Listen(t, c.implicit)
			s, err := NewSMTP(fmt.Sprintf(c.url, addr), "Portico <no-reply@login.example.com>", func() time.Time { return at }, c.roots)
			if err != nil {
				t.Fatal(err)
			}
			err = s.Send(t.Context(), letter)
			if (err == nil) != c.delivered {
				t.Fatalf("delivered %v, want %v: %v", err == nil, c.delivered, err)
			}
			if permanent := err != nil && isPermanent(err); permanent != c.permanent {
				t.Errorf("permanent %v, want %v: %v", permanent, c.permanent, err)
			}
			if !c.delivered {
				return
			}
			got := c.server.Mails()[0]
			if got.Secure != c.secure {
				t.Errorf("secure %v, want %v", got.Secure, c.secure)
			}
			for _, want := range []string{`From: "Fernhill" <no-reply@login.example.com>`, "To: <ann@example.com>", "Subject: Your code",
				"Message-ID: <item-1@login.example.com>", "Auto-Submitted: auto-generated", "Date: Fri, 02 Jan 2026 03:04:05 +0000",
				"text/plain", "text/html", "Code 123456"} {
				if !strings.Contains(got.Data, want) {
					t.Errorf("the mail lacks %q:\n%s", want, got.Data)
				}
			}
		})
	}
}

// isPermanent asks the outbox itself: a permanent failure is buried at once.
func isPermanent(err error) bool {
	buried := false
	w := outbox.Worker{Store: one{&buried}, Now: time.Now, Jitter: func() float64 { return 0 },
		Channels: map[outbox.Kind]outbox.Deliver{outbox.Mail: func(context.Context, outbox.Item) error { return err }}}
	_, _ = w.Once(context.Background())
	return buried
}

type one struct{ buried *bool }

func (o one) ClaimOutbox(context.Context, string, time.Time, time.Duration, int, ...string) ([]outbox.Item, error) {
	return []outbox.Item{{Kind: outbox.Mail}}, nil
}
func (o one) DeliveredOutbox(context.Context, string, string) error { return nil }
func (o one) RetryOutbox(context.Context, string, string, time.Time, string) error {
	return nil
}
func (o one) BuryOutbox(context.Context, string, string, string) error { *o.buried = true; return nil }

func TestNewSMTPRefuses(t *testing.T) {
	for _, u := range []string{"", "mail.example.com:25", "http://mail.example.com", "smtp://", "smtp://mail.example.com?tls=maybe"} {
		if _, err := NewSMTP(u, "a@example.com", time.Now, nil); err == nil {
			t.Errorf("%q was accepted", u)
		}
	}
	if _, err := NewSMTP("smtp://mail.example.com", "nobody", time.Now, nil); err == nil {
		t.Error("a sender that is no address was accepted")
	}
}

// TestOwn is a tenant's own server: TLS always, also from the first byte, through the dialer that it is given.
func TestOwn(t *testing.T) {
	serverTLS, roots := smtptest.Certificate(t)
	for _, implicit := range []bool{false, true} {
		server := smtptest.Server{TLS: serverTLS, StartTLS: !implicit, Login: "me\x00pw"}
		addr := server.Listen(t, implicit)
		dialled := 0
		o := Own{Host: "127.0.0.1", Port: 465, Implicit: implicit, User: "me", Password: "pw", From: mail.Address{Address: "portico@example.com"}, Roots: roots,
			Dial: func(ctx context.Context) (net.Conn, error) {
				dialled++
				return (&net.Dialer{}).DialContext(ctx, "tcp", addr)
			}}
		s, err := NewOwn(o, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Send(t.Context(), Letter{ID: "x", To: "ann@example.com", From: "hello@shop.example", ReplyTo: "help@shop.example", SenderName: "Shop", Subject: "S", Text: "T"}); err != nil {
			t.Errorf("implicit %v: %v", implicit, err)
			continue
		}
		got := server.Mails()[0]
		if got.Login != "me\x00pw" || !got.Secure || dialled != 1 || !strings.Contains(got.Data, `From: "Shop" <hello@shop.example>`) || !strings.Contains(got.Data, "Reply-To: <help@shop.example>") || !strings.Contains(got.Data, "<x@shop.example>") {
			t.Errorf("implicit %v: %+v", implicit, got)
		}
		o.Roots = nil // an unknown certificate
		s, _ = NewOwn(o, time.Now)
		if err := s.Send(t.Context(), Letter{ID: "x", To: "ann@example.com", Text: "T"}); err == nil {
			t.Errorf("implicit %v: an unknown certificate is taken", implicit)
		}
	}
}
