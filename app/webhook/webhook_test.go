package webhook

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"portico/app/outbound"
	"portico/app/outbox"
)

const page = "../docs/webhooks.md"

// samples is the part of the page that shows each event; PORTICO_WRITE_DOCS=1 writes it.
func samples(t *testing.T) string {
	var b strings.Builder
	for _, k := range Kinds() {
		data, err := Sample(k).Body(false)
		if err != nil {
			t.Fatal(err)
		}
		var e struct{ Data json.RawMessage }
		if err := json.Unmarshal(data, &e); err != nil {
			t.Fatal(err)
		}
		b.WriteString("### `" + TypePrefix + k.Name + "`\n\n" + k.Says + " To subscribe: `" + string(k.Right) + "`.\n\n```json\n" + string(e.Data) + "\n```\n\n")
	}
	return b.String()
}

func TestEveryEventIsDocumented(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	head, was, found := strings.Cut(string(text), "## Events\n\n")
	if !found {
		t.Fatal("the page has no events")
	}
	want := samples(t)
	if os.Getenv("PORTICO_WRITE_DOCS") != "" {
		if err := os.WriteFile(page, []byte(head+"## Events\n\n"+strings.TrimRight(want, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if strings.TrimSpace(was) != strings.TrimSpace(want) {
		t.Error("the page shows other events: PORTICO_WRITE_DOCS=1 writes them")
	}
}

func TestPersonalDataIsSaidOnlyWhenAskedFor(t *testing.T) {
	for _, k := range Kinds() {
		e := Sample(k)
		for _, profile := range []bool{false, true} {
			body, err := e.Body(profile)
			if err != nil {
				t.Fatal(err)
			}
			said := strings.Contains(string(body), "ana@example.com") || strings.Contains(string(body), "198.51.100.7")
			if may := profile && (e.Data.User != nil || e.Data.SignIn != nil); said != may {
				t.Errorf("%s, personal data %v: %s", k.Name, profile, body)
			}
		}
	}
}

func TestMasked(t *testing.T) {
	for in, want := range map[string]string{
		"ok": "ok", `{"password":"hunter2 x","a":1}`: `{"password":•••,"a":1}`, "api_key=abc&b=1": "api_key=•••&b=1",
		"Authorization: Bearer abcdefgh": "Authorization: ••• •••", "a\x00\x1b[31mb": "a[31mb", "it is s3cr3t-of-ours!": "it is •••!",
		"eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.": "•••", "\xff": "\uFFFD",
	} {
		if got := Masked([]byte(in), []byte("s3cr3t-of-ours")); got != want && !(strings.HasPrefix(in, "Authorization") && !strings.Contains(got, "abcdefgh")) {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := Masked([]byte(strings.Repeat("é ", 5000))); len(got) > Kept+4 || !strings.HasSuffix(got, "…") {
		t.Errorf("%d bytes are kept", len(got))
	}
}

// memory is a store of one delivery.
type memory struct {
	parcel Parcel
	notes  []Answer
}

func (m *memory) WebhookParcel(context.Context, string, string) (Parcel, error) { return m.parcel, nil }

func (m *memory) NoteWebhookAnswer(_ context.Context, _, _ string, a Answer) error {
	m.notes = append(m.notes, a)
	return nil
}

// Receivers that answer badly: what counts is the status, and nothing hangs or leaks.
func TestHostileReceivers(t *testing.T) {
	var elsewhere int
	other := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	defer other.Close()
	cases := []struct {
		name   string
		answer http.HandlerFunc
		taken  bool
		status int
		says   string
	}{
		{"takes it", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, true, 204, ""},
		{"never answers", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, false, 0, "in time"},
		{"drips its answer", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write([]byte("x")); err != nil {
					return
				}
				w.(http.Flusher).Flush()
				select {
				case <-r.Context().Done():
				case <-time.After(20 * time.Millisecond):
				}
			}
		}, true, 200, ""},
		{"answers without end", func(w http.ResponseWriter, r *http.Request) {
			chunk := make([]byte, 64<<10)
			for r.Context().Err() == nil {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		}, true, 200, ""},
		{"sends a bomb", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			defer z.Close()
			chunk := make([]byte, 1<<20)
			for range 64 {
				if _, err := z.Write(chunk); err != nil {
					return
				}
			}
		}, true, 200, ""},
		{"sends elsewhere", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
		}, false, 307, "redirects are not followed"},
		{"is gone", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(410) }, false, 410, "nothing more"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if _, err := io.Copy(io.Discard, r.Body); err == nil { // only then does the server notice that the other side is gone
					c.answer(w, r)
				}
			}))
			defer srv.Close()
			defer srv.CloseClientConnections()
			pool := x509.NewCertPool()
			pool.AddCert(srv.Certificate())
			allow, err := outbound.ParseAllow("127.0.0.0/8")
			if err != nil {
				t.Fatal(err)
			}
			m := &memory{parcel: Parcel{URL: srv.URL + "/?key=private", Kind: UserCreated, Body: []byte("{}"), Secrets: [][]byte{[]byte("s")}}}
			courier := &Courier{Store: m, HTTP: &outbound.Client{Allow: allow, TLS: &tls.Config{RootCAs: pool}, Timeout: 3 * time.Second}, Now: time.Now}
			err = courier.Deliver(t.Context(), outbox.Item{ID: "d"})
			if (err == nil) != c.taken || len(m.notes) != 1 || m.notes[0].Status != c.status || !strings.Contains(m.notes[0].Problem, c.says) {
				t.Fatalf("%v; %+v", err, m.notes)
			}
			if strings.Contains(m.notes[0].Problem, "private") || strings.Contains(m.notes[0].Problem, "127.0.0.1") {
				t.Errorf("it tells too much: %s", m.notes[0].Problem)
			}
		})
	}
	if elsewhere > 0 {
		t.Error("a redirect was followed")
	}
}

func TestAddressesThatAreRefused(t *testing.T) {
	client := &outbound.Client{}
	for url, key := range map[string]string{"": "webhook.url", "https://": "webhook.url", "http://example.com/": "webhook.url.scheme", "https://127.0.0.1/": "webhook.url.private",
		"https://169.254.169.254/latest": "webhook.url.private", "https://[::ffff:10.0.0.1]/": "webhook.url.private", "ftp://example.com/": "webhook.url.scheme", "https://user:pw@example.com/": "webhook.url", "https://example.com/hooks": ""} {
		if got := (Subscription{URL: url}).badURL("shop", client.Check); got != key {
			t.Errorf("%q: %q, want %q", url, got, key)
		}
	}
}
