package hosted

import (
	"bytes"
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"golang.org/x/net/html"

	"portico/app/branding"
	"portico/app/i18n"
	"portico/views/ui"
	"portico/views/ui/check"
)

func drawn(t *testing.T, l *i18n.Localizer, b *ui.Brand) map[string]string {
	t.Helper()
	pages := map[string]string{}
	for _, f := range Fixtures(b, []Language{{Tag: "en", Text: "English", Current: true}, {Tag: "ar", Text: "العربية"}}) {
		var buf bytes.Buffer
		if err := f.Page.Render(i18n.With(context.Background(), b.Speak(l)), &buf); err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		pages[f.Name] = buf.String()
	}
	return pages
}

// TestEveryLookReadsWell: whatever a company makes of its pages, each is well made in both directions.
func TestEveryLookReadsWell(t *testing.T) {
	bundle := bundle(t)
	for _, look := range Looks() {
		for _, lang := range []string{"en", "ar"} {
			for name, page := range drawn(t, bundle.Match(lang), SampleLook(look)) {
				for _, p := range check.Page(strings.NewReader(page)) {
					t.Errorf("%s, %s (%s): %s", look, name, lang, p)
				}
			}
		}
	}
}

// TestThePartsHaveTheirNames: the classes of R 3.3 stand where a company's style sheet expects them.
func TestThePartsHaveTheirNames(t *testing.T) {
	b := bundle(t)
	everywhere := "middle sign-in-box title footer footer-links footer-item"
	for _, c := range []struct{ look, page, classes string }{
		{"full", "sign-in", "background-image header header-logo subtitle boilerplate-text button primary input text-box"},
		{"full", "sign-in-error", "error has-error"},
		{"full", "code-error", "background-image header header-logo error has-error subtitle button primary input text-box"},
		{"full", "attributes-error", "subtitle error has-error button primary input text-box"},
		{"full", "error", "debug-item button primary"},
		{"full", "blocked", "debug-item background-image header"},
		{"full", "signed-out", "background-image header subtitle"},
		{"full", "stay", "button primary secondary"},
		{"full", "providers", "promoted-fed-cred-box"},
		{"split", "sign-in", "vertical-split-main-section vertical-split-background-image-container"},
	} {
		has := map[string]bool{}
		page := drawn(t, b.Match("en"), SampleLook(c.look))[c.page]
		if page == "" {
			t.Errorf("no page %s", c.page)
			continue
		}
		for _, m := range regexp.MustCompile(`class="([^"]*)"`).FindAllStringSubmatch(page, -1) {
			for _, name := range strings.Fields(m[1]) {
				if ext, ok := strings.CutPrefix(name, "ext-"); ok {
					has[ext] = true
					if !slices.Contains(branding.ExtClasses(), ext) {
						t.Errorf("%s: .ext-%s is none that a style sheet can name", c.page, ext)
					}
				}
			}
		}
		for _, want := range strings.Fields(everywhere + " " + c.classes) {
			if !has[want] {
				t.Errorf("%s, %s: no .ext-%s", c.look, c.page, want)
			}
		}
	}
}

// TestWhatALookSays: texts, links and pictures of a look are on the page, and those it hides are not.
func TestWhatALookSays(t *testing.T) {
	bundle := bundle(t)
	yes, no := true, false
	at := func(p branding.Picture) string { return "/fernhill/branding/" + p.Hash + ".png" }
	look := branding.Look{Elements: branding.Elements{
		Title: "Hello <b>you</b>", Description: "A description", UsernameHint: `"name" please`, SignInText: "See [us](https://example.com/?a=1&b=2) or [not](javascript:alert(1)) <script>",
		Privacy: branding.Link{URL: "https://example.com/p", Text: "Our privacy"}, Terms: branding.Link{URL: "https://example.com/t", Hidden: &yes},
		Reset: branding.Reset{URL: "https://example.com/reset", PasswordText: "Stuck?"},
		Texts: map[string]string{"SignIn_Description": "on the way to {0} <i>", "Attribute_Email": "Your mail", "SisuOtc_Title": "A code"},
	}, Stored: map[branding.Slot]branding.Picture{
		branding.BannerLogo:     {Hash: "b4", Width: 980, Height: 144, Smaller: []branding.Picture{{Hash: "b2", Width: 490, Height: 72}, {Hash: "b1", Width: 245, Height: 36}}},
		branding.SquareLogoDark: {Hash: "sd", Width: 240, Height: 240},
	}}
	page := func(change func(*branding.Look)) map[string]string {
		mine := look
		if change != nil {
			change(&mine)
		}
		return drawn(t, bundle.Match("en"), ui.LookBrand("Fernhill", mine, at, nil))
	}
	pages := page(nil)
	for _, c := range []struct{ page, has, hasNot string }{
		{"sign-in", `<h1 class="ext-title"><bdi>Hello &lt;b&gt;you&lt;/b&gt;</bdi></h1>`, "<b>you"},
		{"sign-in", "A description", "on the way to"},
		{"sign-in", `placeholder="&#34;name&#34; please"`, ""},
		{"sign-in", ">Your mail", "Email address<"},
		{"sign-in", `href="https://example.com/?a=1&amp;b=2" target="_blank" rel="noopener noreferrer"`, `href="javascript`},
		{"sign-in", "&lt;script&gt;", "<script>"},
		{"sign-in", `<a href="https://example.com/reset"><bdi>Stuck?</bdi></a>`, `value="forgot"`},
		{"sign-in", "Our privacy", "https://example.com/t"},
		{"sign-in", `src="/fernhill/branding/b1.png" srcset="/fernhill/branding/b1.png 1x, /fernhill/branding/b2.png 2x" alt="Fernhill" width="245" height="36"`, "sd.png"},
		{"code-sign-in", "A code", "Check your email</h1>"},
		{"code-sign-up", "A code", "A description"},
		{"select-account", "on the way to Fernhill Market &lt;i&gt;", "<i>"},
	} {
		if !strings.Contains(pages[c.page], c.has) {
			t.Errorf("%s lacks %s", c.page, c.has)
		}
		if c.hasNot != "" && strings.Contains(pages[c.page], c.hasNot) {
			t.Errorf("%s has %s", c.page, c.hasNot)
		}
	}
	hidden := page(func(l *branding.Look) {
		l.Title, l.Description, l.ShowFooter, l.Reset = " ", " ", &no, branding.Reset{Hidden: &yes}
	})["sign-in"]
	for _, not := range []string{"Our privacy", `value="forgot"`, "Stuck?", "ext-subtitle", "Hello"} {
		if strings.Contains(hidden, not) {
			t.Errorf("a look without says %s", not)
		}
	}
	if !strings.Contains(hidden, "<h1 class=\"ext-title hidden\">") || !strings.Contains(hidden, "العربية") {
		t.Error("a blank title is gone for everybody, or the languages are")
	}
}

// TestOneHostAndNoScript: a look adds no request but its own pictures, and no script.
func TestOneHostAndNoScript(t *testing.T) {
	b := bundle(t)
	for _, look := range Looks() {
		doc, err := html.Parse(strings.NewReader(drawn(t, b.Match("en"), SampleLook(look))["identify"]))
		if err != nil {
			t.Fatal(err)
		}
		for _, tag := range []string{"img", "source", "link", "script"} {
			for _, n := range all(doc, tag) {
				for _, a := range []string{"src", "srcset", "href"} {
					if v := get(n, a); v != "" && !strings.HasPrefix(v, "/static/") && !strings.HasPrefix(v, "/dev/gallery/pictures/") && v != "data:," {
						t.Errorf("%s loads %s", look, v)
					}
				}
				if tag == "img" && (get(n, "width") == "" || get(n, "height") == "" || get(n, "alt") == "") {
					t.Errorf("%s: a picture without measures or words", look)
				}
			}
		}
	}
}

// TestALookWeighsLittle: besides its pictures and its own style sheet a look costs a kilobyte.
func TestALookWeighsLittle(t *testing.T) {
	b := bundle(t)
	weigh := func(look string) int {
		var buf bytes.Buffer
		w := brotli.NewWriterLevel(&buf, 4)
		_, _ = w.Write([]byte(drawn(t, b.Match("en"), SampleLook(look))["sign-in"]))
		_ = w.Close()
		return buf.Len()
	}
	if plain, full := weigh("plain"), weigh("full"); full > plain+1536 {
		t.Errorf("%d bytes, without it %d", full, plain)
	}
}
