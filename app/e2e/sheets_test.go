package e2e

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// TestContactSheets makes the pictures of the documentation again, when PORTICO_SHEETS names the folder they go to
// (app/docs/img): for each language one sheet with pages and letters, light and dark, on a desk and on a phone.
func TestContactSheets(t *testing.T) {
	dir := os.Getenv("PORTICO_SHEETS")
	if dir == "" {
		t.Skip("PORTICO_SHEETS names no folder")
	}
	g := openGallery(t)
	ctx := bareBrowser(t)
	take := func(quality int64) []byte {
		shot, err := chromedp.Call(ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: "jpeg", Quality: &quality})
		if err != nil {
			t.Fatal(err)
		}
		return shot.Data
	}
	pages := [][2]string{{"sign-in", "pages/sign-in"}, {"code", "pages/code-sign-up"}, {"sign-up", "pages/identify-sign-up"}, {"blocked", "pages/blocked"}, {"error", "pages/error"}, {"code-letter", "letters/code"}, {"sign-in-letter", "letters/new_sign_in"}}
	for _, lang := range []string{"en", "de", "ja", "ar"} {
		shots := map[string][]byte{}
		var body strings.Builder
		for _, way := range []struct {
			scheme        string
			width, height int64
		}{{"light", 1000, 760}, {"dark", 360, 760}} {
			media(t, ctx, "prefers-color-scheme", way.scheme)
			for _, p := range pages {
				name := p[0] + "-" + way.scheme
				visit(t, ctx, fmt.Sprintf("%s/%s?look=plain&lang=%s", g.URL, p[1], lang), way.width)
				shots[name] = take(90)
				fmt.Fprintf(&body, `<figure><img src="/%s" alt="" height=240><figcaption>%s</figcaption></figure>`, name, html.EscapeString(p[0]+", "+way.scheme))
			}
		}
		album := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if shot, ok := shots[strings.TrimPrefix(r.URL.Path, "/")]; ok {
				_, _ = w.Write(shot)
				return
			}
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprintf(w, `<!DOCTYPE html><style>body{margin:12px;display:flex;flex-wrap:wrap;gap:12px;font:13px sans-serif;background:#e8eaee}figure{margin:0}img{display:block;border:1px solid #bbb}</style>%s`, body.String())
		}))
		once, cancel := context.WithTimeout(ctx, patience)
		err := chromedp.Do(once, chromedp.EmulateViewport(1340, 830), chromedp.Navigate(album.URL))
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "pages-"+lang+".jpg"), take(70), 0o644); err != nil {
			t.Fatal(err)
		}
		album.Close()
	}
}
