package extension

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// secureBench is an API with TLS behind the name api.example, whose addresses the test gives out. No place inside is
// allowed but this machine.
func secureBench(t testing.TB, cert tls.Certificate, roots *x509.CertPool, lookup func() string, answer http.HandlerFunc) *bench {
	t.Helper()
	srv := httptest.NewUnstartedServer(answer)
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes are what is tested
	srv.StartTLS()
	t.Cleanup(srv.Close)
	_, port, _ := net.SplitHostPort(srv.Listener.Addr().String())
	b := benchAt(t, TokenIssuanceStart, "https://api.example:"+port+"/")
	b.o.Client.TLS = &tls.Config{RootCAs: roots}
	b.o.Client.Lookup = func(context.Context, string) ([]netip.Addr, error) {
		var out []netip.Addr
		for _, a := range strings.Fields(lookup()) {
			out = append(out, netip.MustParseAddr(a))
		}
		return out, nil
	}
	return b
}

// certificate makes one for a name, and the roots that vouch for it.
func certificate(t testing.TB, name string, until time.Time) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	of := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotBefore: until.Add(-48 * time.Hour), NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, of, of, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

// TestDNSRebinding: a name is looked up once for a connection, and the very address that was checked is dialled; one that
// leads inside at the next look-up, or beside a good address, is not dialled at all.
func TestDNSRebinding(t *testing.T) {
	const inside = "10.9.8.7"
	cert, roots := certificate(t, "api.example", time.Now().Add(time.Hour))
	good := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close") // the next call has to look up again
		says(answerOf(TokenIssuanceStart, claimsAction))(w, r)
	}
	var asked, reached atomic.Int32
	b := secureBench(t, cert, roots, func() string {
		if asked.Add(1) == 1 {
			return "127.0.0.1"
		}
		return inside
	}, func(w http.ResponseWriter, r *http.Request) { reached.Add(1); good(w, r) })
	if r := b.ask(t); !r.Answered() || asked.Load() != 1 {
		t.Fatalf("the first call: %d %s, after %d look-ups", r.Call.Code, r.Call.Detail, asked.Load())
	}
	r := b.ask(t)
	if r.Call.Code != ConnectionError || r.Failure != Block || asked.Load() != 2 || reached.Load() != 1 || !strings.Contains(r.Call.Detail, "public internet") {
		t.Errorf("the name leads inside now: %d %s", r.Call.Code, r.Call.Detail)
	}
	if len(r.Call.Attempts) != 1 || r.Call.Attempts[0].Duration > 200*time.Millisecond {
		t.Errorf("it was dialled: %+v", r.Call.Attempts)
	}

	both := secureBench(t, cert, roots, func() string { return "127.0.0.1 " + inside }, good)
	if r := both.ask(t); r.Call.Code != ConnectionError {
		t.Errorf("one of two addresses leads inside: %d %s", r.Call.Code, r.Call.Detail)
	}
}

// TestInvalidTLS: whoever cannot show that it is the API hears no token and no body.
func TestInvalidTLS(t *testing.T) {
	here := func() string { return "127.0.0.1" }
	var reached atomic.Bool
	hears := func(http.ResponseWriter, *http.Request) { reached.Store(true) }
	for _, tc := range []struct {
		name  string
		bench func(t *testing.T) *bench
		want  Code
	}{
		{"the certificate of another name", func(t *testing.T) *bench {
			cert, roots := certificate(t, "other.example", time.Now().Add(time.Hour))
			return secureBench(t, cert, roots, here, hears)
		}, ConnectionError},
		{"one that has expired", func(t *testing.T) *bench {
			cert, roots := certificate(t, "api.example", time.Now().Add(-time.Minute))
			return secureBench(t, cert, roots, here, hears)
		}, ConnectionError},
		{"one that nobody vouches for", func(t *testing.T) *bench {
			cert, _ := certificate(t, "api.example", time.Now().Add(time.Hour))
			_, others := certificate(t, "api.example", time.Now().Add(time.Hour))
			return secureBench(t, cert, others, here, hears)
		}, ConnectionError},
		{"no TLS where there should be", func(t *testing.T) *bench {
			srv := httptest.NewServer(http.HandlerFunc(hears))
			t.Cleanup(srv.Close)
			return benchAt(t, TokenIssuanceStart, strings.Replace(srv.URL, "http:", "https:", 1))
		}, ConnectionError},
		{"a handshake without an end", func(t *testing.T) *bench { return silent(t, "https") }, TimedOut},
		{"a connection that says nothing", func(t *testing.T) *bench { return silent(t, "http") }, TimedOut},
	} {
		t.Run(tc.name, func(t *testing.T) {
			start := time.Now()
			r := tc.bench(t).ask(t)
			if r.Call.Code != tc.want || r.Failure != Block || r.Call.Status != 0 || reached.Load() || time.Since(start) > 15*time.Second {
				t.Errorf("%d %s, reached %v", r.Call.Code, r.Call.Detail, reached.Load())
			}
		})
	}
}

// silent is a server that takes connections and says nothing.
func silent(t *testing.T, scheme string) *bench {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(io.Discard, conn) }()
		}
	}()
	b := benchAt(t, TokenIssuanceStart, scheme+"://"+l.Addr().String()+"/")
	b.chosen.Extension.Timeout = 300
	return b
}

// TestAGigabyte: a body of 1 GB, and one that unpacks to it, are given up as soon as they are too large, not read.
func TestAGigabyte(t *testing.T) {
	for name, header := range map[string]string{"announced": "Content-Length", "not announced": ""} {
		var sent atomic.Int64
		b := newBench(t, TokenIssuanceStart, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if header != "" {
				w.Header().Set(header, "1073741824")
			}
			chunk := strings.Repeat(" ", 64<<10)
			for range 1 << 14 {
				n, err := io.WriteString(w, chunk)
				sent.Add(int64(n))
				if err != nil {
					return
				}
			}
		})
		r := b.ask(t)
		if r.Call.Code != ResponseTooLarge || len(r.Call.Response) > 2*maxKept || sent.Load() > 64<<20 {
			t.Errorf("%s: %d %s, %d bytes were sent", name, r.Call.Code, r.Call.Detail, sent.Load())
		}
	}
}

// TestDeepAnswers: an answer within the size that goes down thousands of levels costs nothing, and no claim of any type
// takes a token's readers down with it.
func TestDeepAnswers(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	claim := func(v string) string {
		return answerOf(TokenIssuanceStart, `{"@odata.type":"microsoft.graph.tokenIssuanceStart.provideClaimsForToken","claims":{"tree":`+v+`}}`)
	}
	for _, tc := range []struct {
		name, body string
		want       Code
	}{
		{"beside what is read", strings.Replace(answerOf(TokenIssuanceStart, claimsAction), `{"data"`, `{"x":`+deep(9000)+`,"data"`, 1), 0},
		{"deeper than any reader goes", strings.Replace(answerOf(TokenIssuanceStart, claimsAction), `{"data"`, `{"x":`+deep(40_000)+`,"data"`, 1), InvalidBody},
		{"as deep as a claim may be", claim(deep(maxDepth)), 0},
		{"a level more", claim(deep(maxDepth + 1)), InvalidBody},
		{"brackets in a text are no levels", claim(`"` + strings.Repeat("[", 100) + `"`), 0},
	} {
		b := newBench(t, TokenIssuanceStart, says(tc.body))
		o := Sample(TokenIssuanceStart)
		o.TenantID, o.AnyJSON = "tenant", []string{"tree"}
		r := b.Call(t.Context(), b.conf, b.chosen, &o)
		if r.Call.Code != tc.want || r.Call.Duration > time.Second {
			t.Errorf("%s: %d %s after %s", tc.name, r.Call.Code, r.Call.Detail, r.Call.Duration)
		}
	}
}

// TestOddHeads: what an answer says before its body can be hostile too.
func TestOddHeads(t *testing.T) {
	good := answerOf(TokenIssuanceStart, claimsAction)
	for _, tc := range []struct {
		name string
		does http.HandlerFunc
		want Code
	}{
		{"a head without an end", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
			says(good)(w, nil)
		}, ConnectionError},
		{"packed by something that was not asked for", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "br")
			says("\x0b\x02\x80nonsense\x03")(w, r)
		}, InvalidBody},
		{"said to be packed, and is not", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			says(good)(w, r)
		}, ConnectionError},
		{"shorter than it said", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "4096")
			says(good)(w, r)
		}, ConnectionError},
		{"a redirect to itself", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
		}, InvalidStatus},
		{"a redirect to a file", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "file:///etc/passwd")
			w.WriteHeader(301)
		}, InvalidStatus},
		{"no type", func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = nil
			_, _ = io.WriteString(w, good)
		}, InvalidContentType},
		{"problem+json", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json")
			_, _ = io.WriteString(w, good)
		}, InvalidContentType},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var n atomic.Int32
			r := newBench(t, TokenIssuanceStart, func(w http.ResponseWriter, r *http.Request) { n.Add(1); tc.does(w, r) }).ask(t)
			if r.Call.Code != tc.want || r.Failure != Block || n.Load() != 1 {
				t.Errorf("%d %s, asked %d times", r.Call.Code, r.Call.Detail, n.Load())
			}
		})
	}
}

// TestAHangingExtensionHangsAlone: while the calls of one extension hang, so many at once as may, those of another of the
// same tenant, and of another tenant, are all answered, and one more of its own fails at once.
func TestAHangingExtensionHangsAlone(t *testing.T) {
	release := make(chan struct{})
	var under atomic.Int32
	b := newBench(t, TokenIssuanceStart, func(http.ResponseWriter, *http.Request) { under.Add(1); <-release })
	b.chosen.Extension.Timeout = 120_000 // until they are released
	quick := newBench(t, TokenIssuanceStart, says(answerOf(TokenIssuanceStart, claimsAction)))
	u, _ := url.Parse(quick.chosen.Extension.URL)
	other := *b.chosen.Extension
	other.ID, other.URL, other.Timeout = "other", u.String(), 20_000
	healthy := Chosen{b.chosen.Listener, &other}

	var ticks atomic.Int64
	start := time.Now()
	b.o.Now = func() time.Time { return start.Add(time.Duration(ticks.Add(1)) * 50 * time.Millisecond) } // past the rate of fifty a second
	results := make(chan Result, callsAtOnce)
	for range callsAtOnce {
		go func() { results <- b.ask(t) }()
	}
	for under.Load() < callsAtOnce {
		if time.Since(start) > time.Minute {
			t.Fatalf("%d calls hang, not %d", under.Load(), callsAtOnce)
		}
		<-time.After(time.Millisecond)
	}
	for i := range 50 {
		o := Sample(TokenIssuanceStart)
		o.TenantID = []string{"tenant", "another"}[i%2]
		if r := b.Call(t.Context(), b.conf, healthy, &o); !r.Answered() {
			t.Fatalf("call %d beside them: %d %s", i, r.Call.Code, r.Call.Detail)
		}
	}
	if len(results) > 0 {
		t.Fatal("the hanging calls were over before the others: nothing is shown")
	}
	if r := b.ask(t); r.Call.Code != Throttled {
		t.Errorf("one more of its own: %d %s", r.Call.Code, r.Call.Detail)
	}
	close(release)
	for range callsAtOnce {
		if r := <-results; r.Answered() {
			t.Error("an empty answer counts")
		}
	}
}
