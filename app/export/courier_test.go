package export

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"portico/app/outbound"
)

func loopback(t *testing.T, roots *tls.Config) *outbound.Client {
	t.Helper()
	allow, err := outbound.ParseAllow("127.0.0.0/8")
	if err != nil {
		t.Fatal(err)
	}
	return &outbound.Client{Allow: allow, TLS: roots, Timeout: 20 * time.Second}
}

func TestWebhook(t *testing.T) {
	var mu sync.Mutex
	var body []byte
	var head http.Header
	status, after, answer := 200, "", []byte(nil)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		body, _ = io.ReadAll(r.Body)
		head = r.Header.Clone()
		if after != "" {
			w.Header().Set("Retry-After", after)
		}
		if status == 302 {
			w.Header().Set("Location", "http://127.0.0.1:1/")
		}
		w.WriteHeader(status)
		_, _ = w.Write(answer)
	}))
	defer server.Close()
	c := &Courier{HTTP: loopback(t, nil), Now: now}
	p := Parcel{ExportID: "e1", TenantID: "t1", TenantSlug: "shop", Secret: []byte("s"), Target: Target{Kind: Webhook, Format: NDJSON, URL: server.URL + "/in?token=abc"}, Records: []Record{rec("a"), rec("b")}}
	if err := c.Deliver(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if string(body) != `{"id":"a"}`+"\n"+`{"id":"b"}`+"\n" || head.Get("Content-Type") != "application/x-ndjson" || head.Get(RecordsHeader) != "2" || head.Get(DeliveryHeader) == "" {
		t.Errorf("%q %v", body, head)
	}
	if err := outbound.CheckSignature(p.Secret, head.Get(outbound.SignatureHeader), body, now(), time.Minute); err != nil {
		t.Error(err)
	}
	first := head.Get(DeliveryHeader)
	p.Target.Format = JSONArray
	if err := c.Deliver(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	var list []map[string]any
	if err := json.Unmarshal(body, &list); err != nil || len(list) != 2 || head.Get("Content-Type") != "application/json" || head.Get(DeliveryHeader) != first {
		t.Errorf("%q %v", body, head)
	}
	for _, x := range []struct {
		status int
		after  string
		want   string
		wait   time.Duration
		large  bool // the answer is longer than what is read of one
	}{
		{200, "", "", 0, true},
		{500, "60", "the receiver answered 500 Internal Server Error", time.Minute, true},
		{302, "", "the receiver answered 302: redirects are not followed", 0, true},
		{413, "", "the receiver answered 413: the batch is too large for it", 0, true},
		{204, "", "", 0, false},
		{500, "", "the receiver answered 500 Internal Server Error", 0, false},
		{503, "120", "the receiver answered 503 Service Unavailable", 2 * time.Minute, false},
		{302, "", "the receiver answered 302: redirects are not followed", 0, false},
		{413, "", "the receiver answered 413: the batch is too large for it", 0, false},
	} {
		mu.Lock()
		status, after, answer = x.status, x.after, nil
		if x.large {
			answer = make([]byte, 2<<20)
		}
		mu.Unlock()
		err := c.Deliver(t.Context(), p)
		var refused *Refused
		if x.want == "" && err != nil || x.want != "" && (err == nil || err.Error() != x.want || !errors.As(err, &refused) || refused.After != x.wait) {
			t.Errorf("%d: %v", x.status, err)
		}
	}
}

func TestWebhookThatHangs(t *testing.T) {
	let := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-let }))
	defer server.Close()
	defer close(let)
	c := &Courier{HTTP: loopback(t, nil), Now: now, Limit: 20 * time.Millisecond}
	err := c.Deliver(t.Context(), Parcel{Target: Target{Kind: Webhook, URL: server.URL + "/?token=abc"}, Records: []Record{rec("a")}})
	if err == nil || err.Error() != "the receiver did not answer in time" {
		t.Error(err)
	}
}

// An export reaches no more than any other outgoing call, and no error tells what the URL holds.
func TestWebhookReachesNothingPrivate(t *testing.T) {
	c := &Courier{HTTP: &outbound.Client{}, Dial: &outbound.Client{}, Now: now}
	for _, target := range []Target{{Kind: Webhook, URL: "https://127.0.0.1/?token=abc"}, {Kind: Webhook, URL: "http://example.com/?token=abc"}, {Kind: Webhook, URL: "https://169.254.169.254/latest?token=abc"},
		{Kind: Syslog, Address: "10.0.0.1:6514"}, {Kind: Syslog, Address: "127.0.0.1:514", Plain: true}} {
		err := c.Deliver(t.Context(), Parcel{Target: target, Records: []Record{rec("a")}})
		if err == nil || strings.Contains(err.Error(), "abc") {
			t.Errorf("%+v: %v", target, err)
		}
	}
}

// collector takes syslog over a listener and gives the messages of each connection.
func collector(t *testing.T, ln net.Listener) <-chan []string {
	t.Helper()
	out := make(chan []string, 4)
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			in := bufio.NewReader(conn)
			var got []string
			for {
				n := 0
				for {
					b, err := in.ReadByte()
					if err != nil || b == ' ' {
						break
					}
					n = n*10 + int(b-'0')
				}
				if n == 0 {
					break
				}
				m := make([]byte, n)
				if _, err := io.ReadFull(in, m); err != nil {
					break
				}
				got = append(got, string(m))
			}
			_ = conn.Close()
			out <- got
		}
	}()
	return out
}

func TestSyslogOverTCP(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	got := collector(t, ln)
	c := &Courier{Dial: loopback(t, nil), Host: "login.example.com", Now: now}
	p := Parcel{TenantSlug: "shop", Target: Target{Kind: Syslog, Format: RFC5424, Address: ln.Addr().String(), Plain: true}, Records: []Record{rec("a"), rec("b")}}
	if err := c.Deliver(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	all := <-got
	if len(all) != 2 || all[0] != string(Message(rec("a"), "login.example.com", "shop", RFC5424)) || all[1] != string(Message(rec("b"), "login.example.com", "shop", RFC5424)) {
		t.Errorf("%q", all)
	}
}

func TestSyslogOverTLS(t *testing.T) {
	// The test server's certificate, borrowed for another protocol.
	https := httptest.NewTLSServer(http.NotFoundHandler())
	defer https.Close()
	roots := x509.NewCertPool()
	roots.AddCert(https.Certificate())
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: https.TLS.Certificates, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	got := collector(t, ln)
	target := Target{Kind: Syslog, Format: CEF, Address: ln.Addr().String()}
	trusting := &Courier{Dial: loopback(t, nil), TLS: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, Host: "h", Now: now}
	if err := trusting.Deliver(context.Background(), Parcel{TenantSlug: "shop", Target: target, Records: []Record{rec("a")}}); err != nil {
		t.Fatal(err)
	}
	if all := <-got; len(all) != 1 || !strings.Contains(all[0], "CEF:0|Portico|") {
		t.Errorf("%q", all)
	}
	strict := &Courier{Dial: loopback(t, nil), Host: "h", Now: now}
	if err := strict.Deliver(context.Background(), Parcel{Target: target, Records: []Record{rec("a")}}); err == nil {
		t.Error("a certificate that nobody vouches for was taken")
	}
}
