package main

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"portico/models/modelstest"
)

// cable is a connection to the database that can be pulled.
type cable struct {
	to     string
	ln     net.Listener
	mu     sync.Mutex
	pulled bool
	open   map[net.Conn]bool
}

func newCable(t *testing.T, to string) *cable {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{to: to, ln: ln, open: map[net.Conn]bool{}}
	t.Cleanup(func() { ln.Close(); c.pull() })
	go func() {
		for {
			in, err := ln.Accept()
			if err != nil {
				return
			}
			go c.carry(in)
		}
	}()
	return c
}

func (c *cable) carry(in net.Conn) {
	out, err := net.Dial("tcp", c.to)
	c.mu.Lock()
	if err != nil || c.pulled {
		c.mu.Unlock()
		in.Close()
		if out != nil {
			out.Close()
		}
		return
	}
	c.open[in], c.open[out] = true, true
	c.mu.Unlock()
	go func() { _, _ = io.Copy(out, in); out.Close() }()
	_, _ = io.Copy(in, out)
	in.Close()
}

func (c *cable) pull() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pulled = true
	for conn := range c.open {
		conn.Close()
	}
	c.open = map[net.Conn]bool{}
}

func (c *cable) plug() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pulled = false
}

// The database goes away in the middle of a sign-in and comes back: people see a kind page with a
// reference that the log knows, what they typed is kept, and afterwards they go on where they were.
func TestDatabaseGoneAndBack(t *testing.T) {
	t.Chdir(t.TempDir())
	dsn, err := url.Parse(modelstest.OpenScratch(t, modelstest.Postgres).DSN)
	if err != nil {
		t.Fatal(err)
	}
	line := newCable(t, dsn.Host)
	dsn.Host = line.ln.Addr().String()
	port := freePort(t)
	r := start(t, "PORT="+port, "DATABASE_URL="+dsn.String())
	base := "http://localhost:" + port
	jar, _ := cookiejar.New(nil)
	browser := &http.Client{Jar: jar, Timeout: 2 * time.Minute}

	status, page := get(t, browser, base+"/demo/market/signin")
	if status != 200 {
		t.Fatalf("the sign-in page: %d %s", status, page)
	}
	hidden := func(name string) string {
		m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(page)
		if m == nil {
			t.Fatalf("no %s in %s", name, page)
		}
		return m[1]
	}
	action := base + regexp.MustCompile(`action="([^"]*)"`).FindStringSubmatch(page)[1]
	form := url.Values{"step": {hidden("step")}, "proof": {hidden("proof")}, "email": {"new.customer@example.com"}}
	post := func() (int, string, string) {
		resp, err := browser.PostForm(action, form)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(b), resp.Header.Get("X-Request-Id")
	}

	line.pull()
	status, body, reference := post()
	if status != 503 || !strings.Contains(body, reference) {
		t.Errorf("without the database: %d, the page must show the reference %s: %s", status, reference, body)
	}
	if !strings.Contains(body, "new.customer@example.com") {
		t.Error("what was typed is lost")
	}
	if strings.Contains(body, "connection") || strings.Contains(body, "127.0.0.1") {
		t.Error("the cause is shown to the visitor")
	}
	if !strings.Contains(r.log.String(), "request="+reference) {
		t.Errorf("the log does not know the reference %s", reference)
	}
	if status, _ := get(t, http.DefaultClient, base+"/readyz"); status != 503 {
		t.Errorf("ready without a database: %d", status)
	}
	if status, _ := get(t, http.DefaultClient, base+"/healthz"); status != 200 {
		t.Errorf("alive: %d", status)
	}

	line.plug()
	// The first try may still meet a connection that died with the database and was not noticed yet.
	for range 200 {
		if status, body, _ = post(); status != 503 {
			break
		}
	}
	if status != 200 || strings.Contains(body, "503") {
		t.Errorf("with the database back: %d %s", status, body)
	}
	if !strings.Contains(body, "one-time-code") && !strings.Contains(body, "password") {
		t.Errorf("the sign-in does not go on: %s", body)
	}
	if status, _ := get(t, http.DefaultClient, base+"/readyz"); status != 200 {
		t.Errorf("not ready although the database is back: %d", status)
	}
	r.stop()
}

// A wrong secret is noticed before anybody is served with keys that do not open.
func TestRefusesASecretThatOpensNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	port := freePort(t)
	first := start(t, "PORT="+port)
	get(t, http.DefaultClient, "http://localhost:"+port+"/fernhill/discovery/v2.0/keys")
	first.stop()
	if err := os.Remove("data/secret"); err != nil {
		t.Fatal(err)
	}
	log := &screen{}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	code := run(ctx, nil, world{stdout: io.Discard, stderr: log, environ: []string{"PORT=" + port}, now: time.Now,
		ready: func(string) { t.Error("it serves"); cancel() }})
	if code != 1 || !strings.Contains(log.String(), "does not open") || !strings.Contains(log.String(), "data/secret") {
		t.Errorf("code %d: %s", code, log)
	}
}

// A rotation from its first step to its last, as an operator makes it.
func TestRotationOfTheSecret(t *testing.T) {
	t.Chdir(t.TempDir())
	port := freePort(t)
	secret := func(b string) string { return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(b, 32))) }
	under := func(current, previous string) []string {
		environ := []string{"PORT=" + port, "PORTICO_SECRET=" + secret(current)}
		if previous != "" {
			environ = append(environ, "PORTICO_SECRET_PREVIOUS="+secret(previous))
		}
		return environ
	}
	first := start(t, under("a", "")...)
	_, keys := get(t, http.DefaultClient, "http://localhost:"+port+"/fernhill/discovery/v2.0/keys")
	first.stop()
	for _, step := range []struct {
		name    string
		environ []string
		command string
		code    int
		says    string
	}{
		{"before", under("a", ""), "doctor", 0, "were made with PORTICO_SECRET."},
		{"the former secret forgotten", under("b", ""), "doctor", 1, "does not open"},
		{"rotated", under("b", "a"), "doctor", 0, "still need PORTICO_SECRET_PREVIOUS: keep it"},
		{"sealed anew", under("b", "a"), "reseal", 0, "none needs PORTICO_SECRET_PREVIOUS"},
		{"after", under("b", "a"), "doctor", 0, "none needs PORTICO_SECRET_PREVIOUS"},
		{"again, with nothing to do", under("b", "a"), "reseal", 0, "0 values were sealed anew"},
		{"the former secret removed", under("b", ""), "doctor", 0, "were made with PORTICO_SECRET."},
		{"a second rotation", under("c", "b"), "reseal", 0, "none needs PORTICO_SECRET_PREVIOUS"},
	} {
		out := &screen{}
		code := run(t.Context(), []string{step.command}, world{stdin: strings.NewReader(""), stdout: out, stderr: out, environ: step.environ, now: time.Now})
		if code != step.code || !strings.Contains(out.String(), step.says) {
			t.Errorf("%s: code %d, want %d and %q: %s", step.name, code, step.code, step.says, out)
		}
	}
	// A third one, which the background job of a running server ends.
	p, err := open(world{stdout: io.Discard, stderr: io.Discard, environ: under("d", "c"), now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range newServer(p).jobs(nil) {
		if j.Name == "seal anew after a rotation" {
			err = errors.Join(err, j.Run(t.Context(), time.Now()))
		}
	}
	if n, count := p.store.CountSeals(t.Context()); n.Previous != 0 || n.Current == 0 || err != nil || count != nil {
		t.Errorf("after the job: %+v, %v, %v", n, err, count)
	}
	p.close()
	last := start(t, under("d", "")...)
	if _, now := get(t, http.DefaultClient, "http://localhost:"+port+"/fernhill/discovery/v2.0/keys"); now != keys {
		t.Errorf("the keys are others after three rotations:\n%s\n%s", keys, now)
	}
	last.stop()
}
