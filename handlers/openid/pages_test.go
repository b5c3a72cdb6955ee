package openid_test

import (
	"crypto/sha256"
	"encoding/base64"
	"html"
	"regexp"
	"strings"
	"testing"

	"portico/app/branding"
	"portico/models/modelstest"
)

var inlineScript = regexp.MustCompile(`(?s)<script>(.*?)</script>`)

// The form_post page submits itself by a script that its policy allows by hash, to a target that it
// allows by origin, and works by its button where no script runs; over the real pages and without them.
func TestFormPostPage(t *testing.T) {
	for name, open := range map[string]func(testing.TB) *world{"plain": newWorld, "real pages": newRealWorld} {
		t.Run(name, func(t *testing.T) {
			w := open(t)
			for _, app := range []registered{w.web, w.native} {
				for _, more := range [][]string{{"response_mode", "form_post"}, {"response_mode", "form_post", "scope", "banana"}} {
					r := w.browser().authorize(app, more...)
					csp := r.header.Get("Content-Security-Policy")
					script := inlineScript.FindStringSubmatch(r.body)
					if r.status != 200 || script == nil {
						t.Fatalf("%d %s", r.status, r.body)
					}
					sum := sha256.Sum256([]byte(script[1]))
					if !strings.Contains(csp, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
						t.Errorf("the script is not allowed: %s", csp)
					}
					if _, actions, _ := strings.Cut(csp, "form-action"); !strings.Contains(strings.SplitN(actions, ";", 2)[0], strings.TrimSuffix(app.redirect, "/cb")) {
						t.Errorf("the target is not allowed: %s", csp)
					}
					if !strings.Contains(r.body, `action="`+html.EscapeString(app.redirect)) || !strings.Contains(r.body, `type="submit"`) || !strings.Contains(r.body, `name="iss"`) {
						t.Errorf("%s", r.body)
					}
					if strings.Contains(r.body, `name="code"`) == (len(more) > 2) {
						t.Errorf("%s", r.body)
					}
				}
			}
		})
	}
}

// The pages of signing out offer the languages, and a link repeats the request in another one, also when
// it was a form of the app.
func TestSignOutPagesOfferLanguages(t *testing.T) {
	w := newRealWorld(t)
	b := w.browser()
	w.tokens(b, w.web)
	arabic := regexp.MustCompile(`href="(\?[^"]*ui_locales=ar[^"]*)"`)
	follow := func(r response) response {
		t.Helper()
		link := arabic.FindStringSubmatch(r.body)
		if link == nil || strings.Contains(link[1], "portico_") {
			t.Fatalf("no link to Arabic: %d %s", r.status, r.body)
		}
		r = b.get(w.url("/oauth2/v2.0/logout") + html.UnescapeString(link[1]))
		if !strings.Contains(r.body, `lang="ar" dir="rtl"`) {
			t.Fatalf("%d %s", r.status, r.body)
		}
		return r
	}
	asked := follow(b.signOut("post_logout_redirect_uri", "https://app.example/bye", "state", "s"))
	if !strings.Contains(asked.body, "portico_confirm") || !strings.Contains(asked.body, `value="https://app.example/bye"`) || !b.signedIn() {
		t.Errorf("the question is another one: %s", asked.body)
	}
	done := b.submit(follow(b.signOut()))
	if !strings.Contains(done.body, `dir="rtl"`) || b.signedIn() {
		t.Errorf("not signed out in Arabic: %d %s", done.status, done.body)
	}
	follow(done)

	wrong := b.get(w.url("/oauth2/v2.0/authorize") + "?client_id=nobody&ui_locales=ar")
	if wrong.status != 400 || !strings.Contains(wrong.body, `lang="ar"`) {
		t.Errorf("the error is not in the language that was asked for: %d %s", wrong.status, wrong.body)
	}
}

// What the protocol itself shows looks like the app that it is about, however that is known: by its id, by its ID token
// alone, or because a sign-in of its has just ended. It stays so in another language.
func TestProtocolPagesLookLikeTheApp(t *testing.T) {
	w := newRealWorld(t)
	color := func(id, color string) {
		modelstest.Must(w.tenant.EditPublishedBranding(t.Context(), modelstest.Actor(), id, "", func(d *branding.Document) error {
			d.Languages = map[string]branding.Elements{"": {Color: color}}
			return nil
		}))(t)
	}
	theme := modelstest.Must(w.tenant.CreateTheme(t.Context(), modelstest.Actor(), "Red"))(t)
	color(branding.Company, "#0b6e4f")
	color(theme.ID, "#aa1122")
	if err := w.tenant.SetAppTheme(t.Context(), modelstest.Actor(), w.web.ID, theme.ID); err != nil {
		t.Fatal(err)
	}
	looks := func(what string, r response, red bool) response {
		t.Helper()
		if strings.Contains(r.body, "#aa1122") != red || strings.Contains(r.body, "#0b6e4f") == red {
			t.Errorf("%s: the app's look is %v: %d %s", what, !red, r.status, r.body)
		}
		return r
	}
	german := regexp.MustCompile(`href="(\?[^"]*ui_locales=de[^"]*)"`)
	for _, c := range []struct {
		app registered
		red bool
	}{{w.web, true}, {w.second, false}} {
		b := w.browser()
		looks("form_post", b.authorize(c.app, "response_mode", "form_post"), c.red)
		hint := text(w.tokens(b, c.app)["id_token"])
		looks("refused to return", b.signOut("id_token_hint", hint, "post_logout_redirect_uri", "https://elsewhere.example/"), c.red)
		looks("asked by id", b.signOut("client_id", c.app.ClientID), c.red)
		out := looks("signed out by a hint", b.signOut("id_token_hint", hint), c.red)
		link := german.FindStringSubmatch(out.body)
		if b.signedIn() || link == nil {
			t.Fatalf("%d %s", out.status, out.body)
		}
		again := looks("in German", b.get(w.url("/oauth2/v2.0/logout")+html.UnescapeString(link[1])), c.red)
		if !strings.Contains(again.body, `lang="de"`) {
			t.Errorf("%d %s", again.status, again.body)
		}
	}
	looks("of no app", w.browser().signOut(), false)
}
