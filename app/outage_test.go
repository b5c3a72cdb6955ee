package main

import (
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
	browser := &http.Client{Jar: jar, Timeout: 30 * time.Second}

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
	status, body, _ = post()
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
func TestReadinessTriesTheKeys(t *testing.T) {
	t.Chdir(t.TempDir())
	port := freePort(t)
	first := start(t, "PORT="+port)
	get(t, http.DefaultClient, "http://localhost:"+port+"/fernhill/discovery/v2.0/keys")
	first.stop()
	if err := os.Remove("data/secret"); err != nil {
		t.Fatal(err)
	}
	second := start(t, "PORT="+port)
	if status, _ := get(t, http.DefaultClient, "http://localhost:"+port+"/readyz"); status != 503 {
		t.Errorf("ready with another secret: %d", status)
	}
	second.stop()
}
