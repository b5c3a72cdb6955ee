package e2e

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"portico/app/message/smtptest"
)

// TestProductionWithARealMailServer moves a developer's database to production, as an operator would:
// https by certificate files, codes by SMTP with STARTTLS and a password, no demo, no mailbox, cookies
// bound to the host, nothing personal in the log.
func TestProductionWithARealMailServer(t *testing.T) {
	const secret = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
	dir := t.TempDir()
	dev := bootIn(t, dir, "PORTICO_SECRET="+secret)
	p := sample(t, dev, "auto") // the home insurance asks for a second factor, and no texts are sent here
	if err := dev.stop(); err != nil {
		t.Fatal(err)
	}
	certificate, _ := smtptest.Certificate(t)
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	pair := certificate.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: pair.Certificate[0]}, keyFile: {Type: "PRIVATE KEY", Bytes: key}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	post := &smtptest.Server{TLS: certificate, StartTLS: true, Login: "portico\x00pass word"}
	port := strings.TrimPrefix(dev.addr, "127.0.0.1:")
	s := bootIn(t, dir, "PORTICO_ENV=production", "PORT="+port, "PORTICO_BASE_URL=https://localhost:"+port, "PORTICO_SECRET="+secret,
		"PORTICO_TLS_CERT="+certFile, "PORTICO_TLS_KEY="+keyFile, "DATABASE_URL=sqlite:"+filepath.Join(dir, "data", "portico.db"),
		"SMTP_URL=smtp://portico:pass%20word@"+post.Listen(t, false)+"?tls=required", "PORTICO_MAIL_FROM=Fernhill <hello@fernhill.example>",
		"SSL_CERT_FILE="+certFile, "PORTICO_DEV_MAILBOX=true")
	p.base = s.base
	eventually(t, 15*time.Second, "the log says how to make the first administrator", func() error {
		if log := s.log.String(); !strings.Contains(log, "app admin create") {
			return fmt.Errorf("%s", log)
		}
		return nil
	})
	client := s.client(t)
	for _, path := range []string{"/demo", "/demo/market", "/dev/mailbox", "/dev/mailbox.json", "/dev/signins/x"} {
		res, err := client.Get(s.base + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusNotFound || res.Header.Get("Strict-Transport-Security") == "" {
			t.Errorf("%s: %d, HSTS %q", path, res.StatusCode, res.Header.Get("Strict-Transport-Security"))
		}
	}
	if out := s.command("doctor"); !strings.Contains(out, "the server of SMTP_URL accepts us") {
		t.Errorf("doctor: %s", out)
	}

	const email = "petra@example.com"
	f := &filler{t: t, base: s.base, seen: map[string]bool{}, Filler: newPerson(s.client(t), email)}
	subject := regexp.MustCompile(`(?m)^Subject:.*?(\d{6,8})`)
	f.Code = func() (string, error) {
		code := ""
		eventually(t, 15*time.Second, "a mail has come", func() error {
			mails := post.Mails()
			if len(mails) == 0 {
				return fmt.Errorf("none; %s", s.log)
			}
			last := mails[len(mails)-1]
			found := subject.FindStringSubmatch(last.Data)
			if !last.Secure || last.Login == "" || last.To != email || found == nil {
				return fmt.Errorf("got %+v", last)
			}
			for _, header := range []string{"From: ", "To: ", "Date: ", "Message-ID: ", "hello@fernhill.example"} {
				if !strings.Contains(strings.ToLower(last.Data), strings.ToLower(header)) {
					return fmt.Errorf("no %s in %s", header, last.Data)
				}
			}
			code = found[1]
			return nil
		})
		return code, nil
	}
	left := f.walk(p.authorize("prompt=create"), p.redirect)
	at, err := url.Parse(s.base + "/")
	if err != nil {
		t.Fatal(err)
	}
	cookies := f.Client.Jar.Cookies(at)
	if len(cookies) == 0 {
		t.Error("no cookies at all")
	}
	for _, c := range cookies {
		if !strings.HasPrefix(c.Name, "__Host-") {
			t.Errorf("cookie %s is not bound to the host", c.Name)
		}
	}
	if log := s.log.String(); strings.Contains(log, p.code(left)) || strings.Contains(log, "petra") {
		t.Error("the log has a code or an address")
	}
	res, err := f.Client.Get(p.authorize("prompt=login"))
	if err == nil {
		_ = res.Body.Close()
		res, err = f.Client.Get(s.base + res.Header.Get("Location"))
	}
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	for name, want := range map[string]string{"Strict-Transport-Security": "max-age=", "Content-Security-Policy": "frame-ancestors 'none'",
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-store"} {
		if !strings.Contains(res.Header.Get(name), want) {
			t.Errorf("%s: %q", name, res.Header.Get(name))
		}
	}
	if strings.Contains(res.Header.Get("Content-Security-Policy"), "unsafe-inline") {
		t.Error("inline code is allowed")
	}
	if err := s.stop(); err != nil {
		t.Errorf("SIGTERM: %v\n%s", err, s.log)
	}
}
