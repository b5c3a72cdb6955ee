package hosted

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"golang.org/x/net/html"

	"portico/app/i18n"
	"portico/views/ui"
	"portico/views/ui/check"
)

func bundle(t *testing.T) *i18n.Bundle {
	t.Helper()
	b, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func render(t *testing.T, b *i18n.Bundle, l *i18n.Localizer) map[string]string {
	t.Helper()
	pages := map[string]string{}
	for _, f := range Fixtures(SampleBrand(), Chooser(b, l, nil)) {
		var buf bytes.Buffer
		if err := f.Page.Render(i18n.With(context.Background(), l), &buf); err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		pages[f.Name] = buf.String()
	}
	return pages
}

func TestEveryPageReadsWellInEveryLanguage(t *testing.T) {
	b := bundle(t)
	languages := []*i18n.Localizer{b.Pseudo()}
	for _, tag := range b.Tags() {
		languages = append(languages, b.Match(tag.String()))
	}
	for _, l := range languages {
		for name, page := range render(t, b, l) {
			for _, p := range check.Page(strings.NewReader(page)) {
				t.Errorf("%s (%s): %s", name, l.Lang(), p)
			}
			if !strings.Contains(page, `lang="`+l.Spoken()+`" dir="`+l.Dir()+`"`) {
				t.Errorf("%s (%s): language or direction is not said", name, l.Lang())
			}
			if strings.Contains(strings.ToLower(page), "portico") {
				t.Errorf("%s carries our name on a tenant's page", name)
			}
		}
	}
}

// What every form owes the machine (page.go): POST to the page's address, step and verifier, no way for
// the browser to stop it, and one primary button on the page.
func TestEveryFormIsBoundToItsStep(t *testing.T) {
	b := bundle(t)
	for name, page := range render(t, b, b.Match("en")) {
		doc, err := html.Parse(strings.NewReader(page))
		if err != nil {
			t.Fatal(err)
		}
		primary := strings.Count(page, `class="button button--primary`) + strings.Count(page, `class="button button--wide button--primary`)
		choose := name == "select-account" || name == "enrol-choose" || strings.HasPrefix(name, "mfa-choose")
		end := strings.HasPrefix(name, "blocked") || name == "no-account" || name == "not-found" || name == "invitation-over" || name == "stopped" || strings.HasPrefix(name, "trial")
		if primary != 1 && !choose && !end {
			t.Errorf("%s: %d primary buttons", name, primary)
		}
		for _, form := range all(doc, "form") {
			if get(form, "method") != "post" || get(form, "action") == "" {
				t.Errorf("%s: a form that is no POST with an address", name)
			}
			names := map[string]bool{}
			for _, in := range all(form, "input") {
				names[get(in, "name")] = true
			}
			if name != "form-post" && name != "failure" && name != "invitation" && (!names["step"] || !names["proof"]) {
				t.Errorf("%s: a form without step or proof", name)
			}
			if len(all(form, "button")) == 0 {
				t.Errorf("%s: a form without a button", name)
			}
		}
	}
}

// A program that knows nothing but autocomplete tokens (a password manager, our end-to-end walker) finds
// the right boxes in the page's first form.
func TestTokensLeadThroughSignUpAndSignIn(t *testing.T) {
	b := bundle(t)
	pages := render(t, b, b.Match("en"))
	for _, row := range []struct {
		page string
		want map[string]string // first autocomplete token → name
	}{
		{"identify", map[string]string{"username": "email"}},
		{"identify-sign-up", map[string]string{"username": "email"}},
		{"sign-in", map[string]string{"username": "email", "current-password": "password"}},
		{"password", map[string]string{"current-password": "password", "username": "email"}},
		{"code-sign-up", map[string]string{"one-time-code": "code"}},
		{"new-password", map[string]string{"new-password": "newPassword", "username": "email"}},
		{"attributes", map[string]string{"given-name": "givenName", "family-name": "surname", "name": "displayName", "organization-title": "jobTitle",
			"street-address": "streetAddress", "address-level2": "city", "address-level1": "state", "postal-code": "postalCode", "country": "country",
			"username": "userName", "tel": "attributes[extension_x_phone]", "bday-day": "attributes[extension_x_dateOfBirth].day",
			"bday-month": "attributes[extension_x_dateOfBirth].month", "bday-year": "attributes[extension_x_dateOfBirth].year"}},
		{"enrol-totp", map[string]string{"one-time-code": "code"}},
		{"challenge-totp", map[string]string{"one-time-code": "code"}},
	} {
		doc, _ := html.Parse(strings.NewReader(pages[row.page]))
		got := map[string]string{}
		for _, form := range all(doc, "form") {
			if get(form, "id") != "main" {
				continue
			}
			for _, in := range append(all(form, "input"), all(form, "select")...) {
				if token, _, _ := strings.Cut(get(in, "autocomplete"), " "); token != "" && token != "off" {
					got[token] = get(in, "name")
				}
			}
		}
		for token, name := range row.want {
			if got[token] != name {
				t.Errorf("%s: %s leads to %q, want %q", row.page, token, got[token], name)
			}
		}
		for token := range got {
			if row.want[token] == "" {
				t.Errorf("%s: unexpected %s", row.page, token)
			}
		}
	}
	for _, name := range []string{"attributes[extension_x_loyaltyNumber]", "attributes[extension_x_channel]", "attributes[extension_x_terms]"} {
		if !strings.Contains(pages["attributes"], `name="`+name+`"`) {
			t.Errorf("no input %s", name)
		}
	}
}

func TestWhatWasTypedIsStillThereExceptSecrets(t *testing.T) {
	b := bundle(t)
	pages := render(t, b, b.Match("en"))
	if !strings.Contains(pages["sign-in-error"], `value="mira.okafor@example.com"`) {
		t.Error("the address is lost")
	}
	if !strings.Contains(pages["attributes-error"], `<option value="DE" selected>Germany</option>`) {
		t.Error("the country is lost")
	}
	p := Page{Brand: SampleBrand(), Action: "/x", Values: map[string]string{"password": "hunter2", "code": "123456", "newPassword": "hunter3"}}
	for name, page := range map[string]func(*bytes.Buffer) error{
		"password": func(w *bytes.Buffer) error { return Password(p, PasswordView{}).Render(ctxOf(b), w) },
		"new": func(w *bytes.Buffer) error {
			return NewPassword(p, NewPasswordView{Why: FirstPassword, MinLength: 8}).Render(ctxOf(b), w)
		},
		"code": func(w *bytes.Buffer) error { return Code(p, CodeView{Why: ToSignIn, Minutes: 10}).Render(ctxOf(b), w) },
	} {
		var w bytes.Buffer
		if err := page(&w); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(w.String(), "hunter") || strings.Contains(w.String(), "123456") {
			t.Errorf("%s: a secret came back", name)
		}
	}
}

// DESIGN §8: HTML with its CSS, brotli, at the low level that pages are sent with.
func TestPagesAreSmall(t *testing.T) {
	b := bundle(t)
	for name, page := range render(t, b, b.Match("en")) {
		var buf bytes.Buffer
		w := brotli.NewWriterLevel(&buf, 4)
		_, _ = w.Write([]byte(page))
		_ = w.Close()
		limit := 7 * 1024
		if name == "sign-in" || name == "sign-in-neutral" { // what everybody loads
			limit = 6 * 1024
		}
		if strings.HasPrefix(name, "attributes") || name == "enrol-totp" { // all countries; a picture
			limit = 10 * 1024
		}
		if buf.Len() > limit {
			t.Errorf("%s: %d bytes, at most %d", name, buf.Len(), limit)
		}
		if name == "sign-in" {
			t.Logf("sign-in page: %d bytes raw, %d brotli", len(page), buf.Len())
		}
	}
}

func TestPasskeysNeedScriptAndSaySo(t *testing.T) {
	b := bundle(t)
	page := render(t, b, b.Match("en"))["enrol-passkey"]
	for _, want := range []string{`data-passkey="create"`, `name="credential"`, "data-passkey-button hidden", "data-passkey-off", "passkey-"} {
		if !strings.Contains(page, want) {
			t.Errorf("%s is missing", want)
		}
	}
	if in := render(t, b, b.Match("en"))["identify-passkey"]; !strings.Contains(in, "username webauthn") || !strings.Contains(in, "data-conditional") || !strings.Contains(in, `value="passkey"`) {
		t.Error("no suggestions of passkeys in the address box")
	}
}

func TestTheFormPostScriptIsTheAllowedOne(t *testing.T) {
	b := bundle(t)
	page := render(t, b, b.Match("en"))["form-post"]
	_, rest, _ := strings.Cut(page, "<script>")
	script, _, _ := strings.Cut(rest, "</script>")
	if ui.CSPHash(script) != FormPostScriptHash() {
		t.Errorf("%q is not what the policy allows", script)
	}
}

func TestThePictureOfAKey(t *testing.T) {
	side, d := qrPath("otpauth://totp/x?secret=JBSWY3DPEHPK3PXP")
	if side < 29 || !strings.HasPrefix(d, "M4 4h7v1h-7z") { // the finder pattern stands after the quiet zone
		t.Errorf("side %d, %.40s", side, d)
	}
}

func ctxOf(b *i18n.Bundle) context.Context { return i18n.With(context.Background(), b.Match("en")) }

func all(n *html.Node, name string) []*html.Node {
	var list []*html.Node
	if n.Type == html.ElementNode && n.Data == name {
		list = append(list, n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		list = append(list, all(c, name)...)
	}
	return list
}

func get(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func BenchmarkSignInPage(b *testing.B) {
	bundle, err := i18n.Load()
	if err != nil {
		b.Fatal(err)
	}
	ctx, brand := ctxOf(bundle), SampleBrand()
	var buf bytes.Buffer
	for b.Loop() {
		buf.Reset()
		p := Page{Brand: brand, App: "Fernhill Market", Action: "/x", Step: "signIn", Proof: "p", Ways: []Way{{Event: SignUp}, {Event: Cancel}}}
		if err := SignInPage(p, SignInView{Stay: true}).Render(ctx, &buf); err != nil {
			b.Fatal(err)
		}
	}
}
