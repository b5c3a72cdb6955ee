package openid_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"github.com/valyala/fasthttp"
)

// serve runs one request through the whole stack without a network.
func serve(b *testing.B, h fasthttp.RequestHandler, method, path, body, basic string, want int) string {
	var c fasthttp.RequestCtx
	c.Request.Header.SetMethod(method)
	c.Request.SetRequestURI(path)
	if body != "" {
		c.Request.Header.SetContentType("application/x-www-form-urlencoded")
		c.Request.SetBodyString(body)
	}
	if basic != "" {
		c.Request.Header.Set("Authorization", basic)
	}
	h(&c)
	if c.Response.StatusCode() != want {
		b.Fatalf("%d %s", c.Response.StatusCode(), c.Response.Body())
	}
	return string(c.Response.Body())
}

// cpu reports processor time per operation, which other work on the machine does not blur.
func cpu(b *testing.B) func() {
	var before, after syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	return func() {
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
		spent := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
		b.ReportMetric(float64(spent)/float64(b.N)/1000, "cpu-µs/op")
	}
}

func BenchmarkClientCredentials(b *testing.B) {
	w := newWorld(b)
	h := w.server(w.handler, nil).Handler()
	body := url.Values{"grant_type": {"client_credentials"}, "client_id": {w.web.ClientID}, "client_secret": {w.web.secret}, "scope": {w.base + "/.default"}}.Encode()
	path := "/" + w.tenant.ID + "/oauth2/v2.0/token"
	b.ReportAllocs()
	defer cpu(b)()
	for b.Loop() {
		serve(b, h, "POST", path, body, "", 200)
	}
}

func BenchmarkDiscovery(b *testing.B) {
	w := newWorld(b)
	h := w.server(w.handler, nil).Handler()
	for _, path := range []string{"/v2.0/.well-known/openid-configuration", "/discovery/v2.0/keys"} {
		b.Run(path[1:5], func(b *testing.B) {
			b.ReportAllocs()
			defer cpu(b)()
			for b.Loop() {
				serve(b, h, "GET", "/"+w.tenant.ID+path, "", "", 200)
			}
		})
	}
}

func BenchmarkUserInfo(b *testing.B) {
	w := newWorld(b)
	h := w.server(w.handler, nil).Handler()
	token := "Bearer " + text(w.tokens(w.browser(), w.web)["access_token"])
	b.ReportAllocs()
	defer cpu(b)()
	for b.Loop() {
		serve(b, h, "GET", "/"+w.tenant.ID+"/openid/userinfo", "", token, 200)
	}
}

// BenchmarkRefresh asks the real gate: risk and policy speak at each refresh.
func BenchmarkRefresh(b *testing.B) {
	w := newRealWorld(b)
	h := w.server(w.handler, nil).Handler()
	const families = 64
	start := make(chan string, families)
	for range families {
		start <- text(w.tokens(w.browser(), w.web, "scope", "openid offline_access")["refresh_token"])
	}
	b.SetParallelism(16)
	b.ReportAllocs()
	b.ResetTimer()
	defer cpu(b)()
	b.RunParallel(func(pb *testing.PB) {
		token := <-start
		for pb.Next() {
			body := url.Values{"grant_type": {"refresh_token"}, "client_id": {w.web.ClientID}, "client_secret": {w.web.secret}, "refresh_token": {token}}.Encode()
			out := serve(b, h, "POST", "/"+w.tenant.ID+"/oauth2/v2.0/token", body, "", 200)
			_, rest, _ := strings.Cut(out, `"refresh_token":"`)
			token, _, _ = strings.Cut(rest, `"`)
		}
	})
}

// BenchmarkSignature is the machine's own bound: one ES256 signature, to hold the others against.
func BenchmarkSignature(b *testing.B) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	digest := sha256.Sum256([]byte("payload"))
	defer cpu(b)()
	for b.Loop() {
		if _, err := ecdsa.SignASN1(rand.Reader, key, digest[:]); err != nil {
			b.Fatal(err)
		}
	}
}
