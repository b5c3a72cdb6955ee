package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/models/modelstest"
)

// screen is an output that two goroutines may use.
type screen struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// running is a program that serves in the test's process, in a folder of its own.
type running struct {
	out, log *screen
	address  string
	stop     func() int // ends it as SIGTERM would and gives the exit code
}

func freePort(t *testing.T) string {
	t.Helper()
	return fmt.Sprint(modelstest.FreePort(t))
}

func start(t *testing.T, environ ...string) running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := running{out: &screen{}, log: &screen{}}
	ready, ended := make(chan string, 1), make(chan int, 1)
	go func() {
		ended <- run(ctx, nil, world{stdin: strings.NewReader(""), stdout: r.out, stderr: r.log, environ: environ, now: time.Now,
			ready: func(a string) { ready <- a }})
	}()
	var once sync.Once
	code := 0
	r.stop = func() int {
		once.Do(func() { cancel(); code = <-ended })
		return code
	}
	t.Cleanup(func() { r.stop() })
	select {
	case r.address = <-ready:
	case code := <-ended:
		ended <- code
		t.Fatalf("it ended with %d: %s %s", code, r.out, r.log)
	case <-time.After(2 * time.Minute):
		t.Fatal("it does not start")
	}
	return r
}

func get(t *testing.T, client *http.Client, url string) (int, string) {
	t.Helper()
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestFirstAndSecondStart(t *testing.T) {
	t.Chdir(t.TempDir())
	port := freePort(t)
	first := start(t, "PORT="+port)
	for _, want := range []string{"http://localhost:" + port + "/demo", "/dev/mailbox", "/admin/setup?token=", "Ctrl-C"} {
		if !strings.Contains(first.out.String(), want) {
			t.Errorf("the start screen lacks %q:\n%s", want, first.out)
		}
	}
	if strings.Contains(first.log.String(), "token=") {
		t.Error("the log has the set-up link")
	}
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/metrics": 200, "/demo": 200, "/": 200, "/robots.txt": 200, "/fernhill/v2.0/.well-known/openid-configuration": 200,
		"/nowhere": 404} {
		if status, body := get(t, http.DefaultClient, "http://localhost:"+port+path); status != want {
			t.Errorf("%s: %d, want %d: %.200s", path, status, want, body)
		}
	}
	_, before := get(t, http.DefaultClient, "http://localhost:"+port+"/fernhill/discovery/v2.0/keys")
	if code := first.stop(); code != 0 {
		t.Errorf("exit code %d: %s", code, first.log)
	}
	info, err := os.Stat("data/secret")
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the development secret: %v %v", info, err)
	}
	second := start(t, "PORT="+port)
	_, after := get(t, http.DefaultClient, "http://localhost:"+port+"/fernhill/discovery/v2.0/keys")
	if before != after || !strings.Contains(after, `"kid"`) {
		t.Errorf("the second start has other keys:\n%s\n%s", before, after)
	}
	second.stop()
}

func TestRefusesToStart(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, environ := range map[string][]string{
		"PORTICO_BASE_URL":        {"PORTICO_ENV=production"},
		"this machine only":       {"PORTICO_BASE_URL=https://login.example.com"},
		"PORTICO_TRUSTED_PROXIES": {"PORTICO_TRUSTED_PROXIES=everyone"},
		"PORTICO_OUTBOUND_ALLOW":  {"PORTICO_OUTBOUND_ALLOW=http://x"},
	} {
		log := &screen{}
		if code := run(t.Context(), nil, world{stdout: io.Discard, stderr: log, environ: environ, now: time.Now}); code != 1 || !strings.Contains(log.String(), name) {
			t.Errorf("%v: code %d, %s", environ, code, log)
		}
	}
	if entries, _ := os.ReadDir("."); len(entries) > 0 {
		t.Errorf("a refused start left %v behind", entries)
	}
}

func TestPortInUse(t *testing.T) {
	t.Chdir(t.TempDir())
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	log := &screen{}
	port := fmt.Sprint(ln.Addr().(*net.TCPAddr).Port)
	if code := run(t.Context(), nil, world{stdout: io.Discard, stderr: log, environ: []string{"PORT=" + port}, now: time.Now}); code != 1 || !strings.Contains(log.String(), "Set PORT to another one") {
		t.Errorf("code %d: %s", code, log)
	}
}

func TestLocalTLS(t *testing.T) {
	t.Chdir(t.TempDir())
	port := freePort(t)
	r := start(t, "PORT="+port, "PORTICO_TLS=local")
	text, err := os.ReadFile("data/ca.pem")
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	status, body := get(t, client, "https://localhost:"+port+"/fernhill/v2.0/.well-known/openid-configuration")
	if status != 200 || !strings.Contains(body, `"issuer":"https://localhost:`+port) {
		t.Errorf("%d %s", status, body)
	}
	if _, err := http.Get("https://localhost:" + port + "/healthz"); err == nil {
		t.Error("a client that does not trust the authority was served")
	}
	for _, key := range []string{"ca.key", "localhost.key"} {
		if info, err := os.Stat(filepath.Join("data", key)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", key, info, err)
		}
	}
	client.CloseIdleConnections()
	r.stop()
	again := start(t, "PORT="+port, "PORTICO_TLS=local")
	if now, _ := os.ReadFile("data/ca.pem"); !bytes.Equal(now, text) {
		t.Error("the second start made another authority")
	}
	again.stop()
}

func TestLocalAuthorityIsForLocalhostOnly(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	if _, err := localCertificate(dir, now); err != nil {
		t.Fatal(err)
	}
	ca, key, err := localAuthority(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(nil, &x509.Certificate{SerialNumber: serial(), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		DNSNames: []string{"bank.example"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, ca, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	forged, _ := x509.ParseCertificate(der)
	pool := x509.NewCertPool()
	pool.AddCert(ca)
	if _, err := forged.Verify(x509.VerifyOptions{Roots: pool, DNSName: "bank.example", CurrentTime: now}); err == nil {
		t.Error("the authority of this machine can speak for others")
	}
}

// A request that is under way when SIGTERM comes is answered; new ones are turned away before.
func TestDrain(t *testing.T) {
	t.Chdir(t.TempDir())
	p, err := open(world{stdout: io.Discard, stderr: io.Discard, environ: []string{"PORT=" + freePort(t)}, now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	if err := p.store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := newServer(p)
	began, finish := make(chan struct{}), make(chan struct{})
	s.app = fiber.New(fiber.Config{DisableStartupMessage: true})
	s.app.Get("/slow", func(c *fiber.Ctx) error {
		close(began)
		<-finish
		return c.SendString("done")
	})
	workerEnded := false
	s.workers = append(s.workers, func(ctx context.Context) { <-ctx.Done(); workerEnded = true })
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base := "http://" + ln.Addr().String()
	ctx, term := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.run(ctx, []net.Listener{ln}, time.Now()) }()
	type answer struct {
		status int
		body   string
		err    error
	}
	got := make(chan answer, 1)
	go func() {
		resp, err := http.Get(base + "/slow")
		if err != nil {
			got <- answer{err: err}
			return
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		got <- answer{resp.StatusCode, string(b), err}
	}()
	<-began
	term()
	for !s.draining.Load() {
		time.Sleep(time.Millisecond) // the only thing that can be waited for is the flag itself
	}
	close(finish)
	if a := <-got; a.status != 200 || a.body != "done" || a.err != nil {
		t.Errorf("the request under way got %+v", a)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if !workerEnded {
		t.Error("a worker still runs")
	}
	if _, err := http.Get(base + "/healthz"); err == nil {
		t.Error("it still serves")
	}
}

func TestReadyFailsFirst(t *testing.T) {
	t.Chdir(t.TempDir())
	port := freePort(t)
	p, err := open(world{stdout: io.Discard, stderr: io.Discard, environ: []string{"PORT=" + port}, now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	if err := p.store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := newServer(p)
	if err := s.wire(t.Context()); err != nil {
		t.Fatal(err)
	}
	ask := func(path string) int {
		r, _ := http.NewRequest("GET", path, nil)
		resp, err := s.app.Test(r)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode
	}
	if got := ask("/readyz"); got != 200 {
		t.Errorf("ready: %d", got)
	}
	s.draining.Store(true)
	if got := ask("/readyz"); got != 503 {
		t.Errorf("draining: %d", got)
	}
	if got := ask("/healthz"); got != 200 {
		t.Errorf("alive while draining: %d", got)
	}
}

func TestCommands(t *testing.T) {
	t.Chdir(t.TempDir())
	port := freePort(t)
	environ := []string{"PORT=" + port}
	server := start(t, environ...)
	if err := os.MkdirAll("other/applications", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("other/applications/new.json", []byte(`{"appId":"62e90394-69f5-4237-9190-012177145e10","displayName":"New"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	command := func(stdin string, args ...string) (int, string, string) {
		out, log := &screen{}, &screen{}
		code := run(t.Context(), args, world{stdin: strings.NewReader(stdin), stdout: out, stderr: log, environ: environ, now: time.Now})
		return code, out.String(), log.String()
	}
	cases := []struct {
		name  string
		stdin string
		args  []string
		code  int
		says  string
	}{
		{"help", "", []string{"help"}, 0, "admin create"},
		{"help of a command", "", []string{"help", "copy"}, 0, "--from"},
		{"an unknown command", "", []string{"fly"}, 2, "unexpected argument fly"},
		{"migrate", "", []string{"migrate"}, 0, "up to date"},
		{"doctor", "", []string{"doctor"}, 0, "All is well"},
		{"an admin by link", "", []string{"admin", "create", "--email", "ann@example.com"}, 0, "/admin/setup?token="},
		{"an admin by password", "correct horse battery\n", []string{"admin", "create", "--email", "bob@example.com", "--password-stdin"}, 0, "Sign in at"},
		{"a short password", "short\n", []string{"admin", "create", "--email", "cy@example.com", "--password-stdin"}, 1, "needs 12"},
		{"not an address", "", []string{"admin", "create", "--email", "nobody"}, 1, "address"},
		{"a reset", "", []string{"admin", "reset", "--email", "BOB@example.com"}, 0, "The old password, the second factors and the sessions of BOB@example.com are gone"},
		{"a reset of nobody", "", []string{"admin", "reset", "--email", "zoe@example.com"}, 1, "no administrator"},
		{"a client of no tenant", "", []string{"api-client", "create", "--tenant", "nowhere", "--name", "x"}, 1, "no tenant"},
		{"a client with an unknown permission", "", []string{"api-client", "create", "--tenant", "fernhill", "--name", "x", "--permission", "All.All"}, 1, "no permission"},
		{"keys of no tenant", "", []string{"keys", "rotate", "--tenant", "nowhere"}, 1, "no tenant"},
		{"the configuration as files", "", []string{"export", "configuration", "--tenant", "fernhill"}, 0, "user-flows/"},
		{"a plan of what is so already", "", []string{"plan", "configuration", "--tenant", "fernhill"}, 0, "Nothing to change"},
		{"customers' configuration for the staff", "", []string{"apply", "configuration", "--tenant", "workforce"}, 1, "user-flows/administrators.json: the file is missing, and what it is about cannot be deleted: Administrators sign in by this user flow"},
		{"a plan of what is so already, for a script", "", []string{"plan", "configuration", "--tenant", "fernhill", "--detailed-exitcode"}, 0, "Nothing to change"},
		{"a plan with changes, for a script", "", []string{"plan", "other", "--tenant", "fernhill", "--detailed-exitcode"}, 2, "+ create application"},
		{"a plan with changes", "", []string{"plan", "other", "--tenant", "fernhill"}, 0, "+ create application"},
		{"applying what is so already", "", []string{"apply", "configuration", "--tenant", "fernhill"}, 0, "Nothing to change"},
		{"a folder without configuration", "", []string{"plan", ".", "--tenant", "fernhill"}, 1, "not known here"},
		{"a plan for no tenant", "", []string{"plan", "configuration", "--tenant", "nowhere"}, 1, "no tenant"},
		{"a backup", "", []string{"backup", "copy.db"}, 0, "Written to"},
		{"a backup over a file", "", []string{"backup", "copy.db"}, 1, "exists"},
		{"a restore under a running server", "", []string{"restore", "copy.db"}, 1, "in use"},
		{"a copy of nothing", "", []string{"copy", "--from", "sqlite:missing.db", "--to", "sqlite:a.db"}, 1, "no database to read at missing.db"},
		{"a copy onto itself", "", []string{"copy", "--from", "sqlite:a.db", "--to", "sqlite:a.db"}, 1, "same database"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			code, out, log := command(c.stdin, c.args...)
			if code != c.code || !strings.Contains(out+log, c.says) {
				t.Errorf("code %d, want %d and %q: %s%s", code, c.code, c.says, out, log)
			}
		})
	}
	for _, file := range []string{"missing.db", "a.db"} {
		if _, err := os.Stat(file); err == nil {
			t.Errorf("the refused copy made %s", file)
		}
	}
	t.Run("a client is known to the running server at once", func(t *testing.T) {
		code, out, log := command("", "api-client", "create", "--tenant", "fernhill", "--name", "CI")
		var made struct {
			ID       string `json:"client_id"`
			Secret   string `json:"client_secret"`
			Endpoint string `json:"token_endpoint"`
			Scope    string `json:"scope"`
		}
		if err := json.Unmarshal([]byte(out), &made); code != 0 || err != nil {
			t.Fatalf("%d %s %s", code, out, log)
		}
		deadline := time.Now().Add(time.Minute)
		for {
			resp, err := http.PostForm(made.Endpoint, map[string][]string{"grant_type": {"client_credentials"}, "client_id": {made.ID},
				"client_secret": {made.Secret}, "scope": {made.Scope}})
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if resp.StatusCode == 200 && strings.Contains(string(body), "access_token") {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d %s", resp.StatusCode, body)
			}
			time.Sleep(50 * time.Millisecond) // the change may take a second by contract
		}
	})
	t.Run("keys that others may know are gone from the running server at once", func(t *testing.T) {
		published := func() string {
			resp, err := http.Get("http://" + server.address + "/fernhill/discovery/v2.0/keys")
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			var set struct{ Keys []struct{ Kid string } }
			if err := json.NewDecoder(resp.Body).Decode(&set); err != nil || len(set.Keys) == 0 {
				t.Fatalf("%v %v", set, err)
			}
			return fmt.Sprint(set.Keys)
		}
		before := published()
		if code, out, log := command("", "keys", "rotate", "--tenant", "fernhill"); code != 0 || !strings.Contains(out, "published, signs from") {
			t.Fatalf("%d %s %s", code, out, log)
		}
		code, out, log := command("", "keys", "rotate", "--tenant", "fernhill", "--now")
		if code != 0 || !strings.Contains(out, "revoked") {
			t.Fatalf("%d %s %s", code, out, log)
		}
		old := strings.Trim(before, "[{}]")
		for deadline := time.Now().Add(time.Minute); strings.Contains(published(), old); time.Sleep(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("still %s", published())
			}
		}
	})
	server.stop()
	code, out, log := command("", "restore", "copy.db")
	if code != 0 || !strings.Contains(out, "kept as") {
		t.Errorf("restore: %d %s%s", code, out, log)
	}
}

func TestMetricsAreForTheOperator(t *testing.T) {
	t.Chdir(t.TempDir())
	cases := []struct {
		name    string
		environ string
		header  [2]string
		status  int
	}{
		{"this machine", "PORTICO_METRICS_TOKEN=", [2]string{}, 200},
		{"forwarded by a proxy on this machine", "PORTICO_METRICS_TOKEN=", [2]string{"X-Forwarded-For", "198.51.100.1"}, 404},
		{"with the token", "PORTICO_METRICS_TOKEN=s3cret", [2]string{"Authorization", "Bearer s3cret"}, 200},
		{"with another token", "PORTICO_METRICS_TOKEN=s3cret", [2]string{"Authorization", "Bearer other"}, 401},
		{"without the token, from this machine", "PORTICO_METRICS_TOKEN=s3cret", [2]string{}, 401},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			port := freePort(t)
			r := start(t, "PORT="+port, c.environ)
			ask, _ := http.NewRequest("GET", "http://localhost:"+port+"/metrics", nil)
			if c.header[0] != "" {
				ask.Header.Set(c.header[0], c.header[1])
			}
			resp, err := http.DefaultClient.Do(ask)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != c.status || c.status == 200 && !strings.Contains(string(body), "portico_outbox_pending 0") {
				t.Errorf("%d, want %d: %.300s", resp.StatusCode, c.status, body)
			}
			r.stop()
		})
	}
}
