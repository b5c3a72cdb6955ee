package handlers

import (
	"io"
	"log/slog"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"portico/app/i18n"
	"portico/app/signal"
)

// BenchmarkStack is what every request pays before and after its own work.
func BenchmarkStack(b *testing.B) {
	bundle, err := i18n.Load()
	if err != nil {
		b.Fatal(err)
	}
	base, _ := url.Parse("https://login.example.com")
	w := &Web{BaseURL: base, Bundle: bundle, Now: time.Now, Log: slog.New(slog.NewJSONHandler(io.Discard, nil)), Places: &signal.Places{}}
	app := w.NewApp()
	app.Get("/:tenant/discovery/v2.0/keys", func(c *fiber.Ctx) error { return c.SendString("{}") })
	handler := app.Handler()
	var ctx fasthttp.RequestCtx
	ctx.Init(&fasthttp.Request{}, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}, nil)
	b.ReportAllocs()
	for b.Loop() {
		ctx.Request.Reset()
		ctx.Response.Reset()
		ctx.Request.SetRequestURI("/fernhill/discovery/v2.0/keys")
		ctx.Request.Header.Set("Accept-Language", "de-CH,de;q=0.9,en;q=0.8")
		handler(&ctx)
	}
}
