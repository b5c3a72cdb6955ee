package message

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"portico/app/outbox"
)

// server is a small SMTP server (RFC 5321, STARTTLS by RFC 3207, AUTH PLAIN by RFC 4954).
type server struct {
	tls      *tls.Config
	starttls bool
	user     string // "" = no AUTH offered
	refuse   string // answer to RCPT instead of 250

	mu    sync.Mutex
	mails []received
}

type received struct {
	data   string
	secure bool
	user   string
}

func (s *server) listen(t *testing.T, implicitTLS bool) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if implicitTLS {
		ln = tls.NewListener(ln, s.tls)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go s.talk(c, implicitTLS)
		}
	}()
	return ln.Addr().String()
}

func (s *server) talk(c net.Conn, secure bool) {
	defer c.Close()
	r := bufio.NewReader(c)
	say := func(f string, a ...any) { fmt.Fprintf(c, f+"\r\n", a...) }
	say("220 mail.test ESMTP")
	got := received{secure: secure}
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		verb, rest, _ := strings.Cut(line, " ")
		switch strings.ToUpper(verb) {
		case "EHLO", "HELO":
			say("250-mail.test")
			if s.starttls && !got.secure {
				say("250-STARTTLS")
			}
			if s.user != "" {
				say("250-AUTH PLAIN")
			}
			say("250 8BITMIME")
		case "STARTTLS":
			say("220 go on")
			up := tls.Server(c, s.tls)
			if up.Handshake() != nil {
				return
			}
			c, r, got.secure = up, bufio.NewReader(up), true
		case "AUTH":
			_, token, _ := strings.Cut(rest, " ")
			raw, _ := base64.StdEncoding.DecodeString(token)
			if string(raw) != "\x00"+s.user {
				say("535 5.7.8 wrong")
				continue
			}
			got.user = s.user
			say("235 2.7.0 welcome")
		case "RCPT":
			if s.refuse != "" {
				say("%s", s.refuse)
				continue
			}
			say("250 ok")
		case "DATA":
			say("354 go on")
			var b strings.Builder
			for {
				l, err := r.ReadString('\n')
				if err != nil || l == ".\r\n" {
					break
				}
				b.WriteString(l)
			}
			got.data = b.String()
			s.mu.Lock()
			s.mails = append(s.mails, got)
			s.mu.Unlock()
			say("250 queued")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func certificate(t *testing.T) (*tls.Config, *tls.Config) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, _ := x509.ParseCertificate(der)
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, &tls.Config{RootCAs: pool}
}

func TestSMTP(t *testing.T) {
	serverTLS, roots := certificate(t)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	letter := Letter{ID: "item-1", To: "ann@example.com", SenderName: "Fernhill", Subject: "Your code", Text: "Code 123456\n", HTML: "<p>Code <b>123456</b></p>"}
	cases := []struct {
		name      string
		server    server
		implicit  bool
		url       string // %s is the address
		roots     *tls.Config
		secure    bool
		delivered bool
		permanent bool
	}{
		{"plain, nothing offered", server{}, false, "smtp://%s", roots, false, true, false},
		{"STARTTLS when offered", server{starttls: true}, false, "smtp://%s", roots, true, true, false},
		{"STARTTLS with password", server{starttls: true, user: "me\x00pw"}, false, "smtp://me:pw@%s?tls=required", roots, true, true, false},
		{"wrong password: the operator can mend that", server{starttls: true, user: "me\x00pw"}, false, "smtp://me:no@%s", roots, true, false, false},
		{"TLS demanded, not offered", server{}, false, "smtp://%s?tls=required", roots, false, false, false},
		{"STARTTLS with an unknown certificate", server{starttls: true}, false, "smtp://%s", nil, false, false, false},
		{"TLS from the first byte", server{}, true, "smtps://%s", roots, true, true, false},
		{"TLS from the first byte, unknown certificate", server{}, true, "smtps://%s", nil, true, false, false},
		{"TLS switched off", server{starttls: true}, false, "smtp://%s?tls=off", roots, false, true, false},
		{"no such mailbox", server{refuse: "550 5.1.1 no such user"}, false, "smtp://%s", roots, false, false, true},
		{"try later", server{refuse: "450 4.2.1 busy"}, false, "smtp://%s", roots, false, false, false},
	}
	for i := range cases {
		c := &cases[i]
		t.Run(c.name, func(t *testing.T) {
			c.server.tls = serverTLS
			addr := c.server.listen(t, c.implicit)
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
			c.server.mu.Lock()
			defer c.server.mu.Unlock()
			got := c.server.mails[0]
			if got.secure != c.secure {
				t.Errorf("secure %v, want %v", got.secure, c.secure)
			}
			for _, want := range []string{`From: "Fernhill" <no-reply@login.example.com>`, "To: <ann@example.com>", "Subject: Your code",
				"Message-ID: <item-1@login.example.com>", "Auto-Submitted: auto-generated", "Date: Fri, 02 Jan 2026 03:04:05 +0000",
				"text/plain", "text/html", "Code 123456"} {
				if !strings.Contains(got.data, want) {
					t.Errorf("the mail lacks %q:\n%s", want, got.data)
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

func (o one) ClaimOutbox(context.Context, string, time.Time, time.Duration, int) ([]outbox.Item, error) {
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
