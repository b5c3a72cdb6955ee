package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"portico/app/account"
	"portico/app/audit"
	"portico/app/e2e/formfill"
	"portico/app/message/smtptest"
	"portico/app/openid"
	signins "portico/app/record"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/models"
	"portico/seed"
)

// openDatabase opens the SQLite file of a program, running or not.
func openDatabase(t testing.TB, file, secret string) *models.Store {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(secret))
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := models.NewSealer(raw, nil)
	if err != nil {
		t.Fatal(err)
	}
	store, err := models.Open("sqlite:"+file, sealer, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

// TestPowerCut kills the program in the middle of many sign-ups. After the next start whoever was told
// that they are signed up is, and whoever is there is whole: identity, password and record together.
func TestPowerCut(t *testing.T) {
	s := boot(t)
	m := market(t, s)
	const people = 6
	var mu sync.Mutex
	begun, told := map[string]bool{}, map[string]bool{}
	var wait sync.WaitGroup
	stop, failures := make(chan struct{}), make(chan error, people)
	for worker := range people {
		wait.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				email := fmt.Sprintf("cut-%d-%d@example.com", worker, n)
				mu.Lock()
				begun[email] = true
				mu.Unlock()
				if _, err := signUp(t, s, email, m); err != nil {
					select {
					case <-stop: // the power is gone
					default:
						failures <- err
					}
					return
				}
				mu.Lock()
				told[email] = true
				mu.Unlock()
			}
		})
	}
	eventually(t, time.Minute, "some people have signed up", func() error {
		mu.Lock()
		defer mu.Unlock()
		if len(told) < 4 {
			if len(failures) > 0 {
				t.Fatal(<-failures)
			}
			return fmt.Errorf("%d so far", len(told))
		}
		return nil
	})
	close(stop)
	s.kill()
	wait.Wait()
	s.start()

	secret, err := os.ReadFile(filepath.Join(s.dir, "data", "secret"))
	if err != nil {
		t.Fatal(err)
	}
	store := openDatabase(t, filepath.Join(s.dir, "data", "portico.db"), string(secret))
	ctx := context.Background()
	fernhill, err := store.TenantBy(ctx, "fernhill")
	if err != nil {
		t.Fatal(err)
	}
	dir := store.Tenant(fernhill.ID)
	for email := range begun {
		u, err := dir.UserByIdentity(ctx, account.SignInEmail, "", email)
		if err != nil {
			if told[email] {
				t.Errorf("%s was told to be signed up and is not there: %v", email, err)
			}
			continue
		}
		if hash, err := dir.Password(ctx, u.ID); err != nil || hash == "" {
			t.Errorf("%s has no password: %v", email, err)
		}
		list, err := dir.SignIns(ctx, models.SignInQuery{UserID: u.ID, Limit: 10})
		if err != nil || len(list.Items) == 0 || list.Items[0].Outcome.Result != signins.Success || !list.Items[0].SignUp {
			t.Errorf("%s is there without the record of the sign-up: %+v %v", email, list.Items, err)
		}
	}
	t.Logf("%d begun, %d told", len(begun), len(told))
	n := 0
	for email := range told {
		if n++; n > 3 {
			break
		}
		f := newFiller(t, s, email, password)
		f.signedIn("market")
	}
}

// signUp walks a sign-up until the browser would leave for the app. Unlike filler it returns what fails.
func signUp(t testing.TB, s *server, email string, p party) (string, error) {
	f := &formfill.Filler{Client: s.client(t), Answers: formfill.Person(email, password)}
	f.Code = func() (string, error) {
		deadline := time.Now().Add(15 * time.Second)
		for time.Now().Before(deadline) {
			res, err := f.Client.Get(s.base + "/dev/mailbox.json?to=" + url.QueryEscape(email))
			if err != nil {
				return "", err
			}
			var list []mail
			err = json.NewDecoder(res.Body).Decode(&list)
			_ = res.Body.Close()
			if err != nil {
				return "", err
			}
			if len(list) > 0 && list[0].Code != "" {
				return list[0].Code, nil
			}
			time.Sleep(50 * time.Millisecond) // the mailbox can only be asked
		}
		return "", fmt.Errorf("no code for %s", email)
	}
	return f.Walk(p.authorize("prompt=create"), p.redirect)
}

// TestProduction runs as an operator would: https by certificate files, mail through a server that
// demands STARTTLS and a password, no development doors; a customer signs up with a mailed code.
func TestProduction(t *testing.T) {
	const secret = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
	dir := t.TempDir()
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
	smtp := post.Listen(t, false)

	database := filepath.Join(dir, "production.db")
	app, shop := company(t, openDatabase(t, database, secret))
	port := freePort(t)
	s := bootIn(t, dir, fmt.Sprintf("PORT=%d", port), fmt.Sprintf("PORTICO_BASE_URL=https://localhost:%d", port), "PORTICO_ENV=production",
		"PORTICO_SECRET="+secret, "DATABASE_URL=sqlite:"+database, "PORTICO_TLS_CERT="+certFile, "PORTICO_TLS_KEY="+keyFile,
		"SMTP_URL=smtp://portico:pass%20word@"+smtp+"?tls=required", "PORTICO_MAIL_FROM=Shop <no-reply@shop.example>", "SSL_CERT_FILE="+certFile,
		"PORTICO_DEV_MAILBOX=true")
	if log := s.log.String(); !strings.Contains(log, "it is lost when this machine's disk is") || !strings.Contains(log, "app admin create") {
		t.Errorf("the log lacks the warnings about the file and the missing administrator:\n%s", log)
	}
	client := s.client(t)
	for _, path := range []string{"/dev/mailbox", "/dev/mailbox.json", "/demo", "/demo/market", "/metrics?x"} {
		res, err := client.Get(s.base + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if want := map[bool]int{true: 404, false: 200}[!strings.HasPrefix(path, "/metrics")]; res.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, res.StatusCode, want)
		}
		if res.Header.Get("Strict-Transport-Security") == "" {
			t.Errorf("%s without HSTS", path)
		}
	}
	if out := s.command("doctor"); !strings.Contains(out, "the server of SMTP_URL accepts us") {
		t.Errorf("doctor: %s", out)
	}

	p := party{t: t, base: s.base, tenant: shop, clientID: app, redirect: "https://app.example.com/callback",
		verifier: "a-verifier-that-is-long-enough-for-rfc7636-section-4-1"}
	browser := s.client(t)
	f := &formfill.Filler{Client: browser, Answers: formfill.Person("noor@example.org", password)}
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
			if !last.Secure || last.Login == "" || last.To != "noor@example.org" || found == nil {
				return fmt.Errorf("got %+v", last)
			}
			code = found[1]
			return nil
		})
		return code, nil
	}
	left, err := f.Walk(p.authorize("prompt=create"), p.redirect)
	if err != nil {
		t.Fatalf("%v: %s", err, strings.Join(f.Titles, " → "))
	}
	tokens, err := p.redeem(client, p.code(left))
	if err != nil || tokens.Status != http.StatusOK || claims(t, tokens.IDToken)["email"] != "noor@example.org" {
		t.Errorf("%+v %v", tokens, err)
	}
	at, _ := url.Parse(s.base + "/")
	names := 0
	for _, c := range browser.Jar.Cookies(at) {
		if !strings.HasPrefix(c.Name, "__Host-") {
			t.Errorf("cookie %s is not bound to the host", c.Name)
		}
		names++
	}
	if names == 0 {
		t.Error("no cookies at all")
	}
	if strings.Contains(s.log.String(), p.code(left)) || strings.Contains(s.log.String(), "noor@") {
		t.Error("the log has a code or an address")
	}
	if err := s.stop(); err != nil {
		t.Errorf("SIGTERM: %v\n%s", err, s.log)
	}
}

// company makes a tenant with one application and its user flow, as an operator would in the portal.
func company(t testing.TB, store *models.Store) (clientID, tenantID string) {
	t.Helper()
	ctx, by := context.Background(), audit.System("test")
	if err := store.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	if err := seed.Bootstrap(ctx, store); err != nil {
		t.Fatal(err)
	}
	shop, err := store.CreateTenant(ctx, by, tenant.Tenant{Slug: "shop", Name: "Shop", Kind: tenant.Customer, Plan: tenant.Standard})
	if err != nil {
		t.Fatal(err)
	}
	dir := store.Tenant(shop.ID)
	app, err := dir.CreateApplication(ctx, by, models.Application{Name: "Web shop", Kind: models.SPAApp, Enabled: true,
		Spec: models.ApplicationSpec{RedirectURIs: []openid.RedirectURI{{URI: "https://app.example.com/callback", Platform: openid.Platform(models.SPAApp)}}}})
	if err != nil {
		t.Fatal(err)
	}
	flow, err := dir.CreateFlow(ctx, by, userflow.Flow{Name: "Everybody", SignUpMethod: userflow.EmailPassword,
		SignInMethods: []userflow.Method{userflow.EmailPassword}, SignUpAllowed: true, MFA: userflow.MFA{Enforcement: userflow.MFAOff}})
	if err != nil {
		t.Fatal(err)
	}
	if err := dir.AddFlowApp(ctx, by, flow.ID, app.ID); err != nil {
		t.Fatal(err)
	}
	return app.ClientID, shop.ID
}
