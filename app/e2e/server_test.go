package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"portico/models/modelstest"
)

// server is one running instance of the program.
type server struct {
	t    testing.TB
	base string // where customers reach it
	own  string // where this instance itself answers
	addr string // 127.0.0.1:port
	dir  string // its working directory, with data/ below
	env  []string
	cmd  *exec.Cmd
	done chan error
	log  *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// patience is how much longer than on an idle machine things may take: machines that run tests are busy. Only a test that
// fails takes so long.
const patience = 2 * time.Minute

// boot starts the program on a free port in a folder of its own and waits until it is ready. Settings
// are NAME=value pairs; a PORT among them wins.
func boot(t testing.TB, settings ...string) *server {
	t.Helper()
	return bootIn(t, t.TempDir(), settings...)
}

func bootIn(t testing.TB, dir string, settings ...string) *server {
	t.Helper()
	port := modelstest.FreePort(t)
	s := &server{t: t, dir: dir, log: &lockedBuffer{}}
	s.env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, fmt.Sprintf("PORT=%d", port)}, settings...)
	scheme := "http"
	for _, e := range settings {
		name, value, _ := strings.Cut(e, "=")
		switch name {
		case "PORT":
			if _, err := fmt.Sscan(value, &port); err != nil {
				t.Fatal(err)
			}
		case "PORTICO_TLS", "PORTICO_TLS_CERT":
			scheme = "https"
		case "PORTICO_BASE_URL":
			s.base = value
		}
	}
	s.addr = fmt.Sprintf("127.0.0.1:%d", port)
	s.own = fmt.Sprintf("%s://localhost:%d", scheme, port)
	if s.base == "" {
		s.base = s.own
	}
	s.start()
	t.Cleanup(s.kill)
	return s
}

// start runs the program again with the same settings and folder.
func (s *server) start() {
	s.t.Helper()
	s.cmd = exec.Command(binary(), "serve")
	s.cmd.Dir, s.cmd.Env = s.dir, s.env
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.done = make(chan error, 1)
	go func(cmd *exec.Cmd, done chan error) { done <- cmd.Wait() }(s.cmd, s.done)
	s.ready()
}

// ready waits for the readiness probe.
func (s *server) ready() {
	s.t.Helper()
	client := s.client(s.t)
	eventually(s.t, 30*time.Second, "the server is ready", func() error {
		select {
		case err := <-s.done:
			s.done <- err
			s.t.Fatalf("the server ended: %v\n%s", err, s.log)
		default:
		}
		res, err := client.Get(s.own + "/readyz")
		if err != nil {
			return err
		}
		defer func() { _ = res.Body.Close() }()
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("readyz answers %d", res.StatusCode)
		}
		return nil
	})
}

// kill ends the program at once, as a power cut would.
func (s *server) kill() {
	if s.cmd == nil || s.cmd.Process == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	<-s.done
	s.cmd = nil
}

// stop asks the program to end and waits until it did.
func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case err := <-s.done:
		s.cmd = nil
		return err
	case <-time.After(patience):
		return fmt.Errorf("still running after %s\n%s", patience, s.log)
	}
}

// command runs another command of the program with the same settings.
func (s *server) command(args ...string) string {
	s.t.Helper()
	cmd := exec.Command(binary(), args...)
	cmd.Dir, cmd.Env = s.dir, s.env
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("app %s: %v\n%s%s", strings.Join(args, " "), err, out, errs.String())
	}
	return string(out)
}

// client is a fresh browser without script: cookies, no redirects followed, and our own certificate
// authority when there is one.
func (s *server) client(t testing.TB) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	if pem, err := os.ReadFile(s.ca()); err == nil {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(pem)
		transport.TLSClientConfig = &tls.Config{RootCAs: pool}
	} else if strings.HasPrefix(s.base, "https:") {
		transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} // only until the authority is written
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Jar: jar, Transport: transport, Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// insecure asks a server of this test without looking at its certificate.
func insecure() *http.Transport {
	return &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}
}

func (s *server) ca() string { return filepath.Join(s.dir, "data", "ca.pem") }

// setupLink finds the one-time link of the first admin on the start screen.
func (s *server) setupLink() string {
	s.t.Helper()
	link := regexp.MustCompile(`https?://\S+/setup\S*`)
	var found string
	eventually(s.t, 10*time.Second, "the start screen shows the set-up link", func() error {
		if found = link.FindString(s.log.String()); found == "" {
			return fmt.Errorf("not in\n%s", s.log)
		}
		return nil
	})
	return found
}

// eventually asks again until there is no error, or more time is over than an idle machine and our patience need.
func eventually(t testing.TB, limit time.Duration, what string, ask func() error) {
	t.Helper()
	limit += patience
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	var last error
	for {
		if last = ask(); last == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("not within %s: %s: %v", limit, what, last)
		case <-tick.C:
		}
	}
}

// read takes a whole response.
func read(t testing.TB, res *http.Response, err error) (int, string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}
