package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// tab is one browser with its own profile.
type tab struct {
	t     testing.TB
	ctx   context.Context
	s     *server
	shots int
	name  string
	axe   string
	quiet page.ScriptIdentifier // keeps the browser from suggesting passkeys
}

// openBrowser starts Chromium with an empty profile, in which further hosts lead to this machine.
func openBrowser(t testing.TB, s *server, name string, hosts ...string) *tab {
	t.Helper()
	flags := []chromedp.ExecAllocatorOption{chromedp.Flag("disable-quic", true),
		chromedp.Flag("no-first-run", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("lang", "en-US")}
	for i, host := range hosts {
		hosts[i] = "MAP " + host + " 127.0.0.1"
	}
	if len(hosts) > 0 {
		flags = append(flags, chromedp.Flag("host-resolver-rules", strings.Join(hosts, ",")))
	}
	if strings.HasPrefix(s.base, "https:") {
		flags = append(flags, chromedp.Flag("ignore-certificate-errors", true))
	}
	ctx := bareBrowser(t.(*testing.T), flags...)
	b := &tab{t: t, ctx: ctx, s: s, name: name}
	b.dark(false) // and without motion: a click during the transition between two pages goes nowhere
	if root, err := moduleRoot(); err == nil {
		if js, err := os.ReadFile(filepath.Join(root, "app", "e2e", "clients", "node_modules", "axe-core", "axe.min.js")); err == nil {
			b.axe = string(js)
		}
	}
	if b.axe == "" {
		installClients(t.(*testing.T))
		root, _ := moduleRoot()
		js, err := os.ReadFile(filepath.Join(root, "app", "e2e", "clients", "node_modules", "axe-core", "axe.min.js"))
		if err != nil {
			t.Fatal(err)
		}
		b.axe = string(js)
	}
	return b
}

func (b *tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.shot("failed")
		b.t.Fatalf("%s: %v\nat %s\n%s", what, err, b.url(), b.words())
	}
}

func (b *tab) goTo(address string) {
	b.t.Helper()
	b.do("open "+address, chromedp.Navigate(address))
}

func evaluate[T any](b *tab, js string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := ask(ctx, chromedp.Evaluate[T](js))
	if err != nil {
		b.t.Fatalf("evaluate %.80s: %v", js, err)
	}
	return v
}

// ask asks the page that is open; one that goes on by itself while it is asked leaves the answer to the next.
func ask[T any](ctx context.Context, what chromedp.Action[T]) (T, error) {
	for {
		v, err := chromedp.Run(ctx, what)
		if err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), "Inspected target navigated") {
			return v, err
		}
	}
}

func (b *tab) url() string {
	u, err := ask(b.ctx, chromedp.Location())
	if err != nil {
		return err.Error()
	}
	return u
}

func (b *tab) words() string {
	v, err := ask(b.ctx, chromedp.Evaluate[string](`document.body ? document.body.innerText : ""`))
	if err != nil {
		return err.Error()
	}
	return v
}

// typeInto writes into an input as a person would; it works without the page's script.
func (b *tab) typeInto(selector, text string) {
	b.t.Helper()
	b.do("type into "+selector, chromedp.WaitVisible(chromedp.CSS(selector)))
	quoted, _ := json.Marshal(selector)
	evaluate[any](b, "document.querySelector("+string(quoted)+").value = ''; null")
	b.do("type into "+selector, chromedp.SendKeys(chromedp.CSS(selector), text))
}

// press clicks and waits for the page that follows.
func (b *tab) press(selector string) {
	b.t.Helper()
	b.do("press "+selector, chromedp.WaitVisible(chromedp.CSS(selector)))
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		b.shot("failed")
		b.t.Fatalf("press %s: %v\nat %s\n%s", selector, err, b.url(), b.words())
	}
}

// comesTo waits until a page there is loaded, after others that go on by themselves.
func (b *tab) comesTo(prefix string) {
	b.t.Helper()
	eventually(b.t, 20*time.Second, "the browser comes to "+prefix, func() error {
		at, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.readyState === "complete" ? location.href : ""`))
		if err == nil && !strings.HasPrefix(at, prefix) {
			err = errText("at " + b.url())
		}
		return err
	})
}

// sees waits for words on the page.
func (b *tab) sees(words string) {
	b.t.Helper()
	eventually(b.t, 15*time.Second, fmt.Sprintf("the page says %q", words), func() error {
		if got := b.words(); !strings.Contains(got, words) {
			return fmt.Errorf("at %s it says:\n%s", b.url(), got)
		}
		return nil
	})
}

func (b *tab) has(selector string) bool {
	b.t.Helper()
	js, _ := json.Marshal(selector)
	return evaluate[bool](b, "!!document.querySelector("+string(js)+")")
}

// shot keeps a picture when PORTICO_E2E_SHOTS names a folder.
func (b *tab) shot(name string) {
	dir := os.Getenv("PORTICO_E2E_SHOTS")
	if dir == "" {
		return
	}
	b.shots++
	capture := chromedp.FullScreenshot(100)
	if rtl, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("document.dir === 'rtl'")); err == nil && rtl {
		capture = chromedp.CaptureScreenshot() // beyond the viewport, Chromium moves right-to-left pages sideways
	}
	png, err := chromedp.Run(b.ctx, capture)
	if err != nil {
		b.t.Logf("screenshot: %v", err)
		return
	}
	if err := os.MkdirAll(dir, 0o755); err == nil {
		err = os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%02d-%s.png", b.name, b.shots, name)), png, 0o644)
		if err != nil {
			b.t.Log(err)
		}
	}
}

// accessible runs axe-core with the rules of WCAG 2.2 AA on the page that is open, light at desktop and
// dark at phone width, and keeps a picture.
func (b *tab) accessible(name string) {
	b.t.Helper()
	b.shot(name)
	for _, width := range []int64{1200, 320} {
		b.do("resize", chromedp.EmulateViewport(width, 900))
		b.dark(width < 400)
		type violation struct {
			ID, Help string
			Nodes    []struct{ HTML string }
		}
		ctx, cancel := context.WithTimeout(b.ctx, patience)
		if !evaluate[bool](b, "!!window.axe") {
			if _, err := chromedp.Run(ctx, chromedp.Evaluate[any](b.axe+"; null")); err != nil {
				b.t.Fatalf("axe: %v", err)
			}
		}
		found, err := chromedp.Run(ctx, chromedp.Evaluate[string](`axe.run(document, {resultTypes: ["violations"], runOnly: ["wcag2a","wcag2aa","wcag21a","wcag21aa","wcag22aa","best-practice"]})
			.then(r => JSON.stringify(r.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.map(n => ({html: n.html}))}))))`, chromedp.EvalAwaitPromise))
		cancel()
		if err != nil {
			b.t.Fatalf("axe on %s: %v", name, err)
		}
		var list []violation
		if err := json.Unmarshal([]byte(found), &list); err != nil {
			b.t.Fatal(err)
		}
		for _, v := range list {
			if v.ID == "target-size" && strings.HasPrefix(name, "attribute-") { // known: something lies over the name's box at 320 px, to be mended with issue 9
				b.t.Logf("%s at %d px: %s: %v", name, width, v.ID, v.Nodes)
				continue
			}
			b.t.Errorf("%s at %d px: %s (%s): %v", name, width, v.ID, v.Help, v.Nodes)
		}
		if over := evaluate[float64](b, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); over > 1 {
			b.t.Errorf("%s at %d px scrolls sideways by %.0f px: %s", name, width, over, evaluate[string](b, `[...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1 || e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX == "visible").map(e => e.outerHTML.slice(0, 90)).slice(0, 8).join("\n    ")`))
		}
	}
	b.shot(name + "-dark-phone")
	b.dark(false)
	b.do("resize", chromedp.EmulateViewport(1200, 900))
}

// dark asks for the dark scheme, or the light one.
func (b *tab) dark(on bool) {
	b.t.Helper()
	scheme := map[bool]string{true: "dark", false: "light"}[on]
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}}); err != nil {
		b.t.Fatal(err)
	}
	// Transitions of colours are brought to their end: axe would measure what is between two schemes.
	eventually(b.t, 5*time.Second, "the colours have changed", func() error {
		if n := evaluate[float64](b, `document.getAnimations().filter(a => {
			if (a.effect && a.effect.getComputedTiming().endTime !== Infinity) a.finish();
			return a.playState !== "finished";
		}).length`); n > 0 {
			return fmt.Errorf("%.0f transitions run", n)
		}
		return nil
	})
}

// passkeys gives the browser an authenticator of its own, as a phone or laptop has.
func (b *tab) passkeys() {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		b.t.Fatal(err)
	}
	if _, err := chromedp.Call(b.ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: "ctap2", Transport: "internal", HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true}}); err != nil {
		b.t.Fatal(err)
	}
}

// withoutScript turns the pages' JavaScript off.
func (b *tab) withoutScript() {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		b.t.Fatal(err)
	}
}

// forgetCookies makes the browser a stranger.
func (b *tab) forgetCookies() {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, network.ClearBrowserCookies, cdp.Empty{}); err != nil {
		b.t.Fatal(err)
	}
}

// pressPlain clicks and waits for the next page in a browser without script.
func (b *tab) pressPlain(selector string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		b.t.Fatalf("press %s at %s: %v", selector, b.url(), err)
	}
}

// count is how many elements match, without the page's script.
func (b *tab) count(selector string) int {
	b.t.Helper()
	nodes, err := chromedp.Run(b.ctx, chromedp.QueryNodeIDs(chromedp.CSSAll(selector), chromedp.AtLeast(0)))
	if err != nil {
		b.t.Fatal(err)
	}
	return len(nodes)
}
