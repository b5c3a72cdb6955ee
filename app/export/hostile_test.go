package export

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"portico/app/outbound"
)

// A receiver that has said yes has said yes, however long or slow the rest of its answer is; and none keeps a delivery
// longer than its time or fills the memory.
func TestHostileReceivers(t *testing.T) {
	t.Parallel()
	endless := func(w http.ResponseWriter, r *http.Request, piece []byte, pause time.Duration) {
		for r.Context().Err() == nil {
			if _, err := w.Write(piece); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
			case <-time.After(pause):
			}
		}
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		switch r.URL.Path {
		case "/drip":
			endless(w, r, []byte("x"), 20*time.Millisecond)
		case "/drip-500":
			w.WriteHeader(500)
			endless(w, r, []byte("x"), 20*time.Millisecond)
		case "/flood":
			endless(w, r, bytes.Repeat([]byte("x"), 64<<10), 0)
		case "/late":
			<-r.Context().Done()
		case "/headers":
			for i := range 2000 {
				w.Header().Set(fmt.Sprintf("X-%d", i), strings.Repeat("y", 100))
			}
		case "/redirect":
			http.Redirect(w, r, "/", http.StatusTemporaryRedirect)
		}
	}))
	t.Cleanup(srv.Close)
	out := loopback(t, nil)
	out.Timeout = 3 * time.Second
	c := &Courier{HTTP: out, Dial: out, Now: now}
	for path, want := range map[string]string{"/": "", "/drip": "", "/flood": "", "/drip-500": "500", "/late": "did not answer in time", "/headers": "header", "/redirect": "redirects are not followed"} {
		t.Run(strings.Trim(path, "/"), func(t *testing.T) {
			t.Parallel()
			err := c.Deliver(t.Context(), Parcel{Target: Target{Kind: Webhook, Format: NDJSON, URL: srv.URL + path}, Records: many(2)})
			if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %q", err, want)
			}
		})
	}
}

// What an administrator reads of a failure tells nothing about the operator's network.
func TestFailuresNameNoAddresses(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := ln.Addr().String()
	_ = ln.Close()
	rebinds := 0
	out := &outbound.Client{Timeout: 2 * time.Second, Lookup: func(context.Context, string) ([]netip.Addr, error) {
		if rebinds++; rebinds%2 == 1 { // public when it is asked about, private when it is asked again
			return []netip.Addr{netip.MustParseAddr("93.184.216.34"), netip.MustParseAddr("10.20.30.40")}, nil
		}
		return []netip.Addr{netip.MustParseAddr("10.20.30.40")}, nil
	}}
	near := loopback(t, nil)
	for says, d := range map[string]struct {
		c *outbound.Client
		t Target
	}{
		"a webhook by a name that leads inside":  {out, Target{Kind: Webhook, Format: NDJSON, URL: "https://db.internal.example.com/?token=abc"}},
		"a collector by such a name":             {out, Target{Kind: Syslog, Format: CEF, Address: "db.internal.example.com:6514"}},
		"a webhook where nobody listens":         {near, Target{Kind: Webhook, Format: NDJSON, URL: "http://" + closed + "/?token=abc"}},
		"a collector where nobody listens":       {near, Target{Kind: Syslog, Format: CEF, Address: closed, Plain: true}},
		"a collector that speaks something else": {near, Target{Kind: Syslog, Format: CEF, Address: closed}},
	} {
		c := &Courier{HTTP: d.c, Dial: d.c, Now: now}
		err := c.Deliver(t.Context(), Parcel{Target: d.t, Records: many(1)})
		if err == nil {
			t.Errorf("%s: delivered", says)
			continue
		}
		for _, secret := range []string{"10.20.30.40", "127.0.0.1", "token=abc"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: %v", says, err)
			}
		}
	}
}

// A full disk leaves no half lines for whoever follows the file, and what came before it stays.
func TestAFullDisk(t *testing.T) {
	f, dir := openFiles(t, now)
	if err := f.Append("tenant", "export", many(3)); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "tenant", "export", "2026-03-01.ndjson")
	before, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	write := f.write
	f.write = func(file *os.File, data []byte) (int, error) {
		n, err := write(file, data[:len(data)*2/3])
		return n, errors.Join(err, syscall.ENOSPC)
	}
	if err := f.Append("tenant", "export", many(9)); !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(name); err != nil || !bytes.Equal(before, after) {
		t.Errorf("%v: %q became %q", err, before, after)
	}
	f.write = write
	if err := f.Append("tenant", "export", many(9)); err != nil {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(name); err != nil || !bytes.HasPrefix(after, before) || bytes.Count(after, []byte("\n")) != 12 {
		t.Errorf("%v: %d lines", err, bytes.Count(after, []byte("\n")))
	}
}

// Two instances that both believe to hold an export, and the test that an administrator sends meanwhile, write whole
// lines one after the other, and lose none.
func TestTwoWritersOfOneFile(t *testing.T) {
	first, dir := openFiles(t, now)
	second, err := OpenFiles(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = second.Close() })
	const rounds, each = 40, 25
	var all sync.WaitGroup
	for n, f := range []*Files{first, second, first} {
		all.Go(func() {
			for i := range rounds {
				var records []Record
				for k := range each {
					records = append(records, Record{Body: fmt.Appendf(nil, `{"writer":%d,"round":%d,"n":%d,"pad":%q}`, n, i, k, strings.Repeat("x", k*7))})
				}
				if err := f.Append("tenant", "export", records); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	body, err := os.ReadFile(filepath.Join(dir, "tenant", "export", "2026-03-01.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[[3]int]int{}
	for line := range bytes.Lines(body) {
		var r struct{ Writer, Round, N int }
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		seen[[3]int{r.Writer, r.Round, r.N}]++
	}
	if len(seen) != 3*rounds*each {
		t.Errorf("%d of %d records are there", len(seen), 3*rounds*each)
	}
}

// A receiver that takes one record at a time, each nearly as long as a delivery may last, gets on all the same: each
// part counts by itself, although the whole batch outlasts the lease many times.
func TestSlowAndSmallPartsGetOn(t *testing.T) {
	clock := now().Add(time.Hour)
	m := &memory{log: many(30), jobs: oneExport("a")}
	var got []Record
	w := &Worker{Store: m, Owner: "one", Now: func() time.Time { return clock }, Jitter: func() float64 { return 0.5 }, Batch: 1000, Lease: time.Minute,
		Courier: takes(func(p Parcel) error {
			if len(p.Records) > 1 {
				return &Refused{Status: 413}
			}
			clock = clock.Add(9 * time.Second)
			if m.jobs["a"].until.Before(clock) {
				t.Error("the lease is over in the midst of a turn")
			}
			got = append(got, p.Records...)
			return nil
		})}
	for range 30 {
		if _, err := w.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		clock = clock.Add(2 * time.Second)
	}
	if ids(got) != ids(many(30)) {
		t.Errorf("%d records: %s", len(got), ids(got))
	}
}
