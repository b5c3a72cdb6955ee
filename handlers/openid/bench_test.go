package openid_test

import (
	"net/url"
	"strings"
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

func BenchmarkClientCredentials(b *testing.B) {
	w := newWorld(b)
	h := w.server(w.handler, nil).Handler()
	body := url.Values{"grant_type": {"client_credentials"}, "client_id": {w.web.ClientID}, "client_secret": {w.web.secret}, "scope": {w.base + "/.default"}}.Encode()
	path := "/" + w.tenant.ID + "/oauth2/v2.0/token"
	b.ReportAllocs()
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
	for b.Loop() {
		serve(b, h, "GET", "/"+w.tenant.ID+"/openid/userinfo", "", token, 200)
	}
}

func BenchmarkRefresh(b *testing.B) {
	w := newWorld(b)
	h := w.server(w.handler, nil).Handler()
	const families = 16
	b.SetParallelism(families)
	start := make(chan string, families*64)
	for range cap(start) {
		start <- text(w.tokens(w.browser(), w.web, "scope", "openid offline_access")["refresh_token"])
		if len(start) >= families*4 {
			break
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
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
