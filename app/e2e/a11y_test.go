package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"portico/app/i18n"
	"portico/static"
	"portico/views/account"
	"portico/views/email"
	"portico/views/hosted"
)

// gallery serves, in this process and with their scripts, every hosted and account page in every state at /pages/<name>,
// and every letter at /letters/<kind>; ?look= and ?lang= choose how.
type gallery struct {
	*httptest.Server
	names []string
}

func openGallery(t testing.TB) *gallery {
	t.Helper()
	bundle, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	g := &gallery{}
	for _, f := range fixturesOf(bundle, "plain", "en") {
		g.names = append(g.names, f.Name)
	}
	draw := func(w http.ResponseWriter, ctx context.Context, c templ.Component) {
		var b bytes.Buffer
		if err := c.Render(ctx, &b); err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(bytes.ReplaceAll(b.Bytes(), []byte("<script>"), []byte(`<script type="text/plain">`))) // form-post would send itself on
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /pages/{name}", func(w http.ResponseWriter, r *http.Request) {
		look, lang := r.URL.Query().Get("look"), r.URL.Query().Get("lang")
		for _, f := range fixturesOf(bundle, look, lang) {
			if f.Name == r.PathValue("name") {
				draw(w, i18n.With(r.Context(), hosted.SampleLook(look).Speak(bundle.Match(lang))), f.Page)
				return
			}
		}
		http.NotFound(w, r)
	})
	mux.HandleFunc("GET /letters/{kind}", func(w http.ResponseWriter, r *http.Request) {
		m := email.Sample(email.Kind(r.PathValue("kind")), "Fernhill Group", time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC))
		words, err := email.Render(bundle.Match(r.URL.Query().Get("lang")), m)
		if err != nil {
			t.Errorf("letter %s: %v", r.PathValue("kind"), err)
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(words.HTML))
	})
	assets := static.Assets()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		for name, a := range assets {
			if static.URL(name) == r.URL.Path {
				w.Header().Set("Content-Type", a.ContentType)
				_, _ = w.Write(a.Plain)
				return
			}
		}
		http.NotFound(w, r)
	})
	g.Server = httptest.NewServer(mux)
	t.Cleanup(g.Close)
	return g
}

func fixturesOf(bundle *i18n.Bundle, look, lang string) []hosted.Fixture {
	b := hosted.SampleLook(look)
	languages := hosted.Chooser(bundle, bundle.Match(lang), nil)
	return append(hosted.Fixtures(b, languages), account.Fixtures(b, languages)...)
}

// axe has the checker in every page that ctx opens from now on.
func axe(t *testing.T, ctx context.Context) {
	t.Helper()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	at := filepath.Join(root, "app", "e2e", "clients", "node_modules", "axe-core", "axe.min.js")
	js, err := os.ReadFile(at)
	if err != nil {
		installClients(t)
		if js, err = os.ReadFile(at); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: string(js)}); err != nil {
		t.Fatal(err)
	}
}

// media emulates what a person has set in the system; motion is always reduced, so that nothing is measured half way.
func media(t *testing.T, ctx context.Context, features ...string) {
	t.Helper()
	p := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}}}
	for i := 0; i+1 < len(features); i += 2 {
		if features[i] == "media" {
			p.Media = features[i+1]
			continue
		}
		p.Features = append(p.Features, &emulation.MediaFeature{Name: features[i], Value: features[i+1]})
	}
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, p); err != nil {
		t.Fatal(err)
	}
}

// look runs a script that says what is wrong with the page, "" for nothing.
func look(t *testing.T, ctx context.Context, js string) string {
	t.Helper()
	once, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	wrong, err := chromedp.Run(once, chromedp.Evaluate[string](js, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	return wrong
}

func visit(t *testing.T, ctx context.Context, address string, width int64) {
	t.Helper()
	once, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := chromedp.Do(once, chromedp.EmulateViewport(width, 800), chromedp.Navigate(address)); err != nil {
		t.Fatalf("%s: %v", address, err)
	}
}

// everyRule and what depends on colours and width alone: a page that passed all is asked only these in another scheme.
const everyRule = `{type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}`
const letterRules = `{type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}` // a letter stands in the landmarks of a mail program
const colourRules = `{type: "rule", values: ["color-contrast", "link-in-text-block", "target-size", "scrollable-region-focusable"]}`

// violations is the script that asks axe, with every disclosure open.
func violations(rules string) string {
	return `(async () => {
  document.querySelectorAll("details").forEach(d => d.open = true);
  document.getAnimations().forEach(a => { if (a.effect && a.effect.getComputedTiming().endTime !== Infinity) a.finish() });
  const r = await axe.run(document, {resultTypes: ["violations"], runOnly: ` + rules + `});
  const wrong = r.violations.map(v => v.id + ": " + v.nodes.map(n => n.html.slice(0, 160) + " | " + (n.any.concat(n.all, n.none)[0] || {}).message).join("\n    "));
  const w = document.documentElement;
  if (w.scrollWidth > w.clientWidth + 1) wrong.push("scrolls sideways by " + (w.scrollWidth - w.clientWidth) + " px");
  return wrong.join("\n  ");
})()`
}

// TestEveryHostedPageIsAccessible: axe finds nothing against WCAG 2.2 AA nor its good practice on any hosted page in any
// state, in both directions, light and dark, on a desk and on a phone.
func TestEveryHostedPageIsAccessible(t *testing.T) {
	t.Parallel()
	g := openGallery(t)
	ctx := bareBrowser(t)
	axe(t, ctx)
	for _, name := range g.names {
		for i, lang := range []string{"en", "ar"} {
			schemes := [][2]string{{"light", "dark"}, {"dark", "light"}}[i]
			shown(t, ctx, name+", "+lang+", "+schemes[0]+" at 1280 px", schemes[0], g.URL+"/pages/"+name+"?look=plain&lang="+lang, 1280)
			media(t, ctx, "prefers-color-scheme", schemes[1])
			if err := chromedp.Do(ctx, chromedp.EmulateViewport(360, 800)); err != nil {
				t.Fatal(err)
			}
			if wrong := look(t, ctx, violations(colourRules)); wrong != "" {
				t.Errorf("%s, %s, %s at 360 px:\n  %s", name, lang, schemes[1], wrong)
			}
		}
	}
}

// shown opens a page in a scheme and at a width, and says what axe finds by all rules.
func shown(t *testing.T, ctx context.Context, what, scheme, at string, width int64) {
	t.Helper()
	media(t, ctx, "prefers-color-scheme", scheme)
	visit(t, ctx, at, width)
	if wrong := look(t, ctx, violations(everyRule)); wrong != "" {
		t.Errorf("%s:\n  %s", what, wrong)
	}
}

// TestEveryLookIsAccessible: the same for what companies make of the pages, the ugly ones too.
func TestEveryLookIsAccessible(t *testing.T) {
	t.Parallel()
	g := openGallery(t)
	ctx := bareBrowser(t)
	axe(t, ctx)
	for _, name := range []string{"sign-in-error", "attributes-error", "blocked"} {
		for _, style := range hosted.Looks() {
			for i, scheme := range []string{"light", "dark"} {
				shown(t, ctx, name+", "+style+", "+scheme, scheme, fmt.Sprintf("%s/pages/%s?look=%s&lang=%s", g.URL, name, style, []string{"en", "ar"}[i]), []int64{1280, 360}[i])
			}
		}
	}
}

// TestEveryLetterIsAccessible: the same for the HTML of every letter, light and dark.
func TestEveryLetterIsAccessible(t *testing.T) {
	t.Parallel()
	g := openGallery(t)
	ctx := bareBrowser(t)
	axe(t, ctx)
	for _, kind := range email.Kinds() {
		for i, lang := range []string{"en", "ar"} {
			media(t, ctx, "prefers-color-scheme", []string{"light", "dark"}[i])
			visit(t, ctx, fmt.Sprintf("%s/letters/%s?lang=%s", g.URL, kind, lang), []int64{1280, 360}[i])
			if wrong := look(t, ctx, violations(letterRules)); wrong != "" {
				t.Errorf("letter %s, %s:\n  %s", kind, lang, wrong)
			}
			if wrong := look(t, ctx, letterParts); wrong != "" {
				t.Errorf("letter %s, %s: %s", kind, lang, wrong)
			}
		}
	}
}

// letterParts is what readers of letters need that axe does not ask for.
const letterParts = `(() => {
  const wrong = [];
  if (!document.documentElement.lang || !document.documentElement.dir) wrong.push("no language or direction");
  if (!document.title.trim()) wrong.push("no title");
  for (const e of document.querySelectorAll("table")) if (e.getAttribute("role") !== "presentation") wrong.push("a table that is none: " + e.outerHTML.slice(0, 90));
  for (const e of document.querySelectorAll("img")) if (!e.hasAttribute("alt")) wrong.push("a picture without words");
  return wrong.join("; ");
})()`

// keys walks a page with Tab alone, from its beginning, and says what of it a person without a mouse would miss: a stop
// that is not seen or has no ring, is out of the window or below something, comes before one that stands above it, is
// smaller than 24 px, or a thing to press that is never reached.
func keys(t *testing.T, ctx context.Context) []string {
	t.Helper()
	once, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	// The body keeps its tabindex: without it the document would have the focus, and a box that asks for it (autofocus)
	// could still take it before the first Tab.
	look(t, ctx, `(() => { window.scrollTo(0, 0); document.body.tabIndex = -1; document.body.focus(); window.stops = []; return "" })()`)
	var wrong []string
	for range 80 {
		if err := chromedp.Do(once, chromedp.KeyEvent(kb.Tab)); err != nil {
			t.Fatal(err)
		}
		said := look(t, ctx, stop)
		if said == "end" {
			break
		}
		if said != "" {
			wrong = append(wrong, said)
		}
	}
	if said := look(t, ctx, missed); said != "" {
		wrong = append(wrong, said)
	}
	return wrong
}

// stop looks at what has the focus.
const stop = `(() => {
  const e = document.activeElement;
  if (!e || e === document.body || stops.includes(e)) return "end";
  const before = stops.at(-1);
  stops.push(e);
  const called = e.outerHTML.slice(0, 90), r = e.getBoundingClientRect(), s = getComputedStyle(e), wrong = [];
  const label = e.closest("label") || (e.labels && e.labels[0]);
  const seen = r.width >= 8 && r.height >= 8 && s.opacity !== "0";
  if (!seen) wrong.push("is not seen");
  if (r.bottom <= 0 || r.top >= innerHeight || r.right <= 0 || r.left >= innerWidth) wrong.push("is out of the window");
  const ring = s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 || s.boxShadow !== "none";
  if (!ring && !(label && getComputedStyle(label).outlineStyle !== "none")) wrong.push("has no ring");
  const y = Math.max(0, Math.min(innerHeight - 1, r.top + r.height / 2)), x = Math.max(0, Math.min(innerWidth - 1, r.left + Math.min(r.width / 2, 20)));
  const top = document.elementFromPoint(x, y);
  if (seen && top && !(e.contains(top) || top.contains(e) || (label && label.contains(top)))) wrong.push("is covered by " + top.outerHTML.slice(0, 60));
  const inline = s.display === "inline" && e.tagName === "A";
  if (!inline && (r.width < 24 || r.height < 24) && !(label && label.getBoundingClientRect().height >= 24)) wrong.push("is " + Math.round(r.width) + " by " + Math.round(r.height) + " px");
  if (before && before.closest(".side") === e.closest(".side")) { // else they stand in two columns
    const b = before.getBoundingClientRect();
    if (r.bottom <= b.top + 1) wrong.push("comes after what stands below it: " + before.outerHTML.slice(0, 60));
    const same = r.top < b.bottom - 4 && b.top < r.bottom - 4, rtl = document.dir === "rtl";
    if (same && (rtl ? r.left >= b.right : r.right <= b.left)) wrong.push("comes after what stands beyond it: " + before.outerHTML.slice(0, 60));
  }
  return wrong.length ? called + " " + wrong.join(", ") : "";
})()`

// missed is what can be pressed or filled in and was no stop. Of radio buttons one is.
const missed = `(() => [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")].filter(e =>
  !stops.includes(e) && !e.disabled && e.tabIndex >= 0 && e.checkVisibility({visibilityProperty: true, contentVisibilityAuto: true}) && e.type !== "radio").map(e => "never reached: " + e.outerHTML.slice(0, 90)).join("; "))()`

// TestEveryHostedPageWorksByKeyboard walks the pages by Tab, in both directions, at a desk and on a narrow screen.
func TestEveryHostedPageWorksByKeyboard(t *testing.T) {
	t.Parallel()
	g := openGallery(t)
	ctx := bareBrowser(t)
	media(t, ctx)
	for _, name := range g.names {
		for i, lang := range []string{"en", "ar"} {
			visit(t, ctx, fmt.Sprintf("%s/pages/%s?look=plain&lang=%s", g.URL, name, lang), []int64{1280, 360}[i])
			for _, wrong := range keys(t, ctx) {
				t.Errorf("%s, %s: %s", name, lang, wrong)
			}
		}
	}
	for _, style := range []string{"full", "split", "sheet", "ugly"} {
		visit(t, ctx, fmt.Sprintf("%s/pages/sign-in?look=%s&lang=en", g.URL, style), 1280)
		for _, wrong := range keys(t, ctx) {
			t.Errorf("sign-in, %s: %s", style, wrong)
		}
	}
}

// TestWhatTheSystemAsksFor: 320 px with text twice as large; no motion; colours of the system; paper.
func TestWhatTheSystemAsksFor(t *testing.T) {
	t.Parallel()
	g := openGallery(t)
	ctx := bareBrowser(t)
	for _, name := range g.names {
		media(t, ctx, "prefers-contrast", "more")
		visit(t, ctx, g.URL+"/pages/"+name+"?look=plain&lang="+[]string{"en", "ar"}[len(name)%2], 320)
		if wrong := look(t, ctx, narrow); wrong != "" {
			t.Errorf("%s: %s", name, wrong)
		}
		media(t, ctx, "forced-colors", "active")
		keep(t, ctx, name+"-forced")
		if wrong := look(t, ctx, forced); wrong != "" {
			t.Errorf("%s in the system's colours: %s", name, wrong)
		}
		media(t, ctx, "media", "print")
		keep(t, ctx, name+"-print")
		if wrong := look(t, ctx, printed); wrong != "" {
			t.Errorf("%s on paper: %s", name, wrong)
		}
	}
}

// keep keeps a picture of a page when PORTICO_E2E_SHOTS names a folder.
func keep(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	if dir := os.Getenv("PORTICO_E2E_SHOTS"); dir != "" {
		(&tab{t: t, ctx: ctx, name: "gallery"}).shot(name)
	}
}

// narrow is asked at 320 px: nothing is wider, nor with text twice as large; and nothing moves.
const narrow = `(() => {
  const w = document.documentElement, wrong = [];
  const over = () => w.scrollWidth > w.clientWidth + 1 ? [...document.querySelectorAll("body *")].filter(e => { const r = e.getBoundingClientRect(); return r.width > 2 && (r.right > innerWidth + 1 || r.left < -1) && !e.closest(".hidden") }).slice(0, 3).map(e => e.outerHTML.slice(0, 90)).join(" ") || "something" : "";
  if (over()) wrong.push("too wide at 320 px: " + over());
  w.style.fontSize = "200%";
  if (over()) wrong.push("too wide with large text: " + over());
  w.style.fontSize = "";
  for (const e of document.querySelectorAll("body *")) {
    const s = getComputedStyle(e);
    if (s.animationName !== "none" || /transform|all|size|margin|inset|left|top|width|height/.test(s.transitionProperty) && parseFloat(s.transitionDuration) > 0) { wrong.push("moves: " + e.outerHTML.slice(0, 90)); break; }
  }
  return wrong.join("; ");
})()`

// forced: what can be pressed or filled in has an edge when backgrounds and shadows are gone.
const forced = `(() => [...document.querySelectorAll(".button, .pick, input:not([type=hidden], [type=checkbox], [type=radio]), select, textarea")].filter(e =>
  e.checkVisibility() && !(parseFloat(getComputedStyle(e).borderTopWidth) >= 1 && getComputedStyle(e).borderTopStyle !== "none")).map(e => "no edge: " + e.outerHTML.slice(0, 90)).join("; "))()`

// printed: the paper carries what is read, black on white, and nothing to press.
const printed = `(() => {
  const wrong = [];
  const h1 = document.querySelector("h1");
  if (h1 && !h1.checkVisibility()) wrong.push("no heading");
  const light = c => { const n = (c.match(/[\d.]+/g) || []).map(Number); return n.length === 4 && n[3] === 0 || n[0] + n[1] + n[2] > 740 };
  for (const e of [document.body, document.querySelector(".card")]) if (e && !light(getComputedStyle(e).backgroundColor)) wrong.push("a dark " + e.tagName + " " + getComputedStyle(e).backgroundColor);
  for (const e of document.querySelectorAll("button, .foot details")) if (e.checkVisibility()) { wrong.push("to press: " + e.outerHTML.slice(0, 90)); break; }
  return wrong.join("; ");
})()`
