// Package smtptest is a mail server for tests: it speaks enough SMTP to receive what Portico sends, over
// plain connections, STARTTLS and TLS, with and without a password, and refuses when it is told to.
package smtptest

import (
	"bufio"
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
)

// Server is a small SMTP server (RFC 5321, STARTTLS by RFC 3207, AUTH PLAIN by RFC 4954).
type Server struct {
	TLS      *tls.Config
	StartTLS bool
	Login    string // user, NUL, password; "" = no AUTH offered
	Refuse   string // answer to RCPT instead of 250

	mu    sync.Mutex
	mails []Received
}

// Received is one mail as it came in.
type Received struct {
	To     string
	Data   string
	Secure bool
	Login  string
}

// Mails gives what came in so far.
func (s *Server) Mails() []Received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Received{}, s.mails...)
}

// Listen starts the server for the rest of the test and gives its address.
func (s *Server) Listen(t testing.TB, implicitTLS bool) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if implicitTLS {
		ln = tls.NewListener(ln, s.TLS)
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

func (s *Server) talk(c net.Conn, secure bool) {
	defer c.Close()
	r := bufio.NewReader(c)
	say := func(f string, a ...any) { fmt.Fprintf(c, f+"\r\n", a...) }
	say("220 mail.test ESMTP")
	got := Received{Secure: secure}
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
			if s.StartTLS && !got.Secure {
				say("250-STARTTLS")
			}
			if s.Login != "" {
				say("250-AUTH PLAIN")
			}
			say("250 8BITMIME")
		case "STARTTLS":
			say("220 go on")
			up := tls.Server(c, s.TLS)
			if up.Handshake() != nil {
				return
			}
			c, r, got.Secure = up, bufio.NewReader(up), true
		case "AUTH":
			_, token, _ := strings.Cut(rest, " ")
			raw, _ := base64.StdEncoding.DecodeString(token)
			if string(raw) != "\x00"+s.Login {
				say("535 5.7.8 wrong")
				continue
			}
			got.Login = s.Login
			say("235 2.7.0 welcome")
		case "RCPT":
			if s.Refuse != "" {
				say("%s", s.Refuse)
				continue
			}
			got.To = strings.Trim(strings.TrimPrefix(rest, "TO:"), "<>")
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
			got.Data = b.String()
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

// Certificate makes a certificate for this machine: what a server shows, and what clients then trust.
func Certificate(t testing.TB) (server, roots *tls.Config) {
	t.Helper()
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
