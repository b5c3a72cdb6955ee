package e2e

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http"
	netmail "net/mail"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// certificate makes a self-signed certificate for localhost and writes it with its key.
func certificate(t testing.TB, dir string) (certFile, keyFile string, pair tls.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if pair, err = tls.LoadX509KeyPair(certFile, keyFile); err != nil {
		t.Fatal(err)
	}
	return certFile, keyFile, pair
}

// letter is a mail as it came over the wire.
type letter struct {
	from, to  string
	message   *netmail.Message
	body      string // the plain text part
	encrypted bool
	user      string
}

// mailServer is a small SMTP server (RFC 5321) that insists on STARTTLS (RFC 3207) and a password
// (RFC 4954), and can be told to refuse for a while.
type mailServer struct {
	t        testing.TB
	listener net.Listener
	pair     tls.Certificate
	mu       sync.Mutex
	letters  []letter
	busy     int // how many more times to answer "try again later"
	refused  int
}

func newMailServer(t testing.TB, pair tls.Certificate) *mailServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &mailServer{t: t, listener: l, pair: pair}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go m.talk(c)
		}
	}()
	return m
}

func (m *mailServer) talk(c net.Conn) {
	defer func() { _ = c.Close() }()
	r := bufio.NewReader(c)
	say := func(line string) { _, _ = fmt.Fprintf(c, "%s\r\n", line) }
	say("220 mail.test ESMTP")
	var got letter
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch strings.ToUpper(verb) {
		case "EHLO", "HELO":
			if got.encrypted {
				say("250-mail.test\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME")
			} else {
				say("250-mail.test\r\n250 STARTTLS")
			}
		case "STARTTLS":
			say("220 go ahead")
			secure := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{m.pair}})
			if secure.Handshake() != nil {
				return
			}
			c, r, got.encrypted = secure, bufio.NewReader(secure), true
		case "AUTH":
			_, secret, _ := strings.Cut(rest, " ")
			raw, _ := base64.StdEncoding.DecodeString(secret)
			parts := strings.Split(string(raw), "\x00")
			if len(parts) != 3 || parts[2] != "mail password" {
				say("535 no")
				return
			}
			got.user = parts[1]
			say("235 welcome")
		case "MAIL":
			m.mu.Lock()
			busy := m.busy > 0
			if busy {
				m.busy--
				m.refused++
			}
			m.mu.Unlock()
			if busy {
				say("451 try again later")
				continue
			}
			if !got.encrypted || got.user == "" {
				say("530 not so fast")
				continue
			}
			got.from = rest
			say("250 ok")
		case "RCPT":
			got.to = rest
			say("250 ok")
		case "DATA":
			say("354 go on")
			var b strings.Builder
			for {
				line, err := r.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				b.WriteString(strings.TrimPrefix(line, "."))
			}
			m.keep(got, b.String())
			say("250 kept")
		case "RSET", "NOOP":
			say("250 ok")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("502 what")
		}
	}
}

func (m *mailServer) keep(got letter, raw string) {
	message, err := netmail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		m.t.Errorf("unreadable mail: %v\n%s", err, raw)
		return
	}
	got.message, got.body = message, plainText(m.t, message.Header.Get("Content-Type"), message.Header.Get("Content-Transfer-Encoding"), message.Body)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.letters = append(m.letters, got)
}

// plainText finds the text/plain part.
func plainText(t testing.TB, contentType, encoding string, body io.Reader) string {
	kind, args, err := mime.ParseMediaType(contentType)
	if err != nil {
		t.Errorf("content type %q: %v", contentType, err)
		return ""
	}
	if strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(body, args["boundary"])
		for {
			part, err := parts.NextRawPart()
			if err != nil {
				return ""
			}
			if text := plainText(t, part.Header.Get("Content-Type"), part.Header.Get("Content-Transfer-Encoding"), part); text != "" {
				return text
			}
		}
	}
	if kind != "text/plain" {
		return ""
	}
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		t.Errorf("body: %v", err)
	}
	return string(text)
}

func (m *mailServer) to(address string) (letter, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := len(m.letters) - 1; i >= 0; i-- {
		if strings.Contains(m.letters[i].to, address) {
			return m.letters[i], nil
		}
	}
	return letter{}, fmt.Errorf("%d letters, none to %s", len(m.letters), address)
}

// TestProductionWithARealMailServer moves a developer's database to production: https by certificate
// files, codes by SMTP with STARTTLS and a password, no demo, no mailbox, secure cookies.
func TestProductionWithARealMailServer(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile, pair := certificate(t, dir)
	secret := "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
	dev := bootIn(t, dir, "PORTICO_SECRET="+secret)
	p := sample(t, dev, "home")
	if err := dev.stop(); err != nil {
		t.Fatal(err)
	}
	mailer := newMailServer(t, pair)
	mailer.busy = 1 // the first try is refused, as greylisting does
	port := strings.TrimPrefix(dev.addr, "127.0.0.1:")
	smtp := fmt.Sprintf("smtp://portico:mail%%20password@localhost:%d", mailer.listener.Addr().(*net.TCPAddr).Port)
	settings := []string{"PORTICO_ENV=production", "PORT=" + port, "PORTICO_BASE_URL=https://localhost:" + port, "PORTICO_SECRET=" + secret,
		"PORTICO_TLS_CERT=" + certFile, "PORTICO_TLS_KEY=" + keyFile, "SMTP_URL=" + smtp, "PORTICO_MAIL_FROM=Fernhill <hello@fernhill.example>",
		"SSL_CERT_FILE=" + certFile, "DATABASE_URL=sqlite:" + filepath.Join(dir, "data", "portico.db")}
	s := bootIn(t, dir, settings...)
	for _, path := range []string{"/demo", "/dev/mailbox", "/dev/mailbox.json"} {
		res, err := s.client(t).Get(s.base + path)
		if status, _ := read(t, res, err); status != http.StatusNotFound {
			t.Errorf("production answers %d at %s", status, path)
		}
	}
	p.base = s.base
	const email = "petra@example.com"
	f := &filler{t: t, base: s.base, seen: map[string]bool{}, Filler: newPerson(s.client(t), email)}
	code := regexp.MustCompile(`\b\d{6,8}\b`)
	f.Code = func() (string, error) {
		var got letter
		eventually(t, 30*time.Second, "the code arrives by mail", func() (err error) { got, err = mailer.to(email); return err })
		if !got.encrypted || got.user != "portico" || !strings.Contains(got.from, "hello@fernhill.example") {
			t.Errorf("letter: encrypted %v, user %q, from %s", got.encrypted, got.user, got.from)
		}
		for _, h := range []string{"From", "To", "Subject", "Date", "Message-Id"} {
			if got.message.Header.Get(h) == "" {
				t.Errorf("the letter has no %s", h)
			}
		}
		return code.FindString(got.body), nil
	}
	left := f.walk(p.authorize("prompt=create"), p.redirect)
	if !strings.Contains(left, "code=") {
		t.Fatal(left)
	}
	if mailer.refused == 0 {
		t.Error("the refused try never happened")
	}
	u := s.base + "/" + p.tenant + "/"
	r, err := http.NewRequest(http.MethodGet, u, nil)
	if err != nil {
		t.Fatal(err)
	}
	names := ""
	for _, c := range f.Client.Jar.Cookies(r.URL) {
		names += c.Name + " "
		if !strings.HasPrefix(c.Name, "__Host-") {
			t.Errorf("cookie %s is not bound to the host", c.Name)
		}
	}
	t.Log("cookies:", names)
	res, err := f.Client.Get(p.authorize("prompt=login"))
	if err == nil {
		res, err = f.Client.Get(s.base + res.Header.Get("Location"))
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"Strict-Transport-Security": "max-age=", "Content-Security-Policy": "frame-ancestors 'none'",
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-store"} {
		if !strings.Contains(res.Header.Get(name), want) {
			t.Errorf("%s: %q", name, res.Header.Get(name))
		}
	}
	if strings.Contains(res.Header.Get("Content-Security-Policy"), "unsafe-inline") {
		t.Error("inline code is allowed")
	}
	_ = res.Body.Close()
}
