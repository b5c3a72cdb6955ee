package handlers

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"portico/static"
)

func TestAssetsAreServedCompressedAndForEver(t *testing.T) {
	app := fiber.New(fiber.Config{Immutable: true})
	MountAssets(app)
	for _, row := range []struct {
		path, accept string
		status       int
		encoding     string
	}{
		{static.URL("admin.css"), "gzip, deflate, br", 200, "br"},
		{static.URL("admin.css"), "gzip", 200, "gzip"},
		{static.URL("admin.css"), "br;q=0, gzip;q=0.5", 200, "gzip"},
		{static.URL("admin.css"), "", 200, ""},
		{static.URL("passkey.js"), "br", 200, "br"},
		{"/favicon.ico", "", 200, ""},
		{"/static/admin-000000000000.css", "", 404, ""},
		{"/static/../go.mod", "", 404, ""},
		{static.URL("hosted.css"), "", 404, ""},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.Path, r.RequestURI = row.path, ""
		r.Header.Set("Accept-Encoding", row.accept)
		res, err := app.Test(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		if res.StatusCode != row.status || res.Header.Get("Content-Encoding") != row.encoding {
			t.Errorf("%s (%s): %d %q", row.path, row.accept, res.StatusCode, res.Header.Get("Content-Encoding"))
		}
		if row.status == 200 && (len(body) == 0 || res.Header.Get("Vary") != "Accept-Encoding") {
			t.Errorf("%s: empty, or caches are not told about encodings", row.path)
		}
		if row.status == 200 && strings.HasPrefix(row.path, static.Prefix) && !strings.Contains(res.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s may not be kept", row.path)
		}
	}
}
