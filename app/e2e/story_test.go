package e2e

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"golang.org/x/net/html"

	"portico/app/e2e/formfill"
)

// TestSamplePagesAreAccessible looks at what exists before anybody signs in.
func TestSamplePagesAreAccessible(t *testing.T) {
	t.Parallel()
	s := boot(t)
	b := openBrowser(t, s, "sample")
	for _, p := range []string{"/demo", "/demo/market", "/demo/auto", "/demo/home", "/dev/mailbox"} {
		b.goTo(s.base + p)
		b.accessible(strings.ReplaceAll(strings.Trim(p, "/"), "/", "-"))
	}
}

const password = "correct horse battery staple"

// submit presses the page's primary button.
func (b *tab) submit() {
	b.t.Helper()
	b.press(primaryButton)
}

// code waits for a code that was sent to an address and not seen before.
func (b *tab) code(to string, seen map[string]bool) string {
	b.t.Helper()
	code, client := "", b.s.client(b.t)
	eventually(b.t, 10*time.Second, "a code arrives for "+to, func() error {
		for _, m := range mails(b.t, client, b.s.base, to) {
			if m.Code != "" && !seen[m.ID] {
				seen[m.ID], code = true, m.Code
				return nil
			}
		}
		return errors.New("none yet")
	})
	return code
}

const (
	primaryButton  = "main form .button--primary"
	emailBox       = "input[autocomplete~=username], input[autocomplete~=email]"
	codeBox        = "input[autocomplete~=one-time-code]"
	newPasswordBox = "input[autocomplete~=new-password]"
	passwordBox    = "input[autocomplete~=current-password]"
	pickText       = "button[name=method][value=sms]"
	telephone      = "+31620123456"
)

// signUp goes from the shop's button to the explained token.
func (b *tab) signUp(app, email string, withPassword bool, seen map[string]bool) {
	b.t.Helper()
	b.goTo(b.s.base + "/demo/" + app)
	b.press("#signup")
	b.accessible("sign-up")
	b.typeInto(emailBox, email)
	b.submit()
	b.accessible("sign-up-code")
	b.typeInto(codeBox, b.code(email, seen))
	b.submit()
	if withPassword {
		b.accessible("sign-up-password")
		b.typeInto(newPasswordBox, password)
		b.submit()
	}
	if b.has(pickText) { // a policy asks for a second factor here
		b.registersTelephone(telephone, seen)
	}
	b.accessible("sign-up-attributes")
	b.typeInto("input[autocomplete~=given-name]", "Noor")
	b.typeInto("input[autocomplete~=family-name]", "van Dijk")
	if b.has("input[autocomplete~=postal-code]") {
		b.typeInto("input[autocomplete~=postal-code]", "9712 JG")
	}
	if b.has("input[type=radio]") {
		b.do("choose", chromedp.Click(chromedp.CSS("input[type=radio]")))
	}
	b.submit()
	b.agrees()
	b.maybeStay()
}

// registersTelephone sets a second factor up: the choice, the number, the code that was sent there.
func (b *tab) registersTelephone(number string, seen map[string]bool) {
	b.t.Helper()
	b.accessible("choose-method")
	b.press(pickText)
	b.accessible("telephone")
	b.typeInto("input[autocomplete~=tel]", number)
	b.submit()
	b.accessible("telephone-code")
	b.typeInto(codeBox, b.code(number, seen))
	b.submit()
}

// agrees ticks the terms where there are any.
func (b *tab) agrees() {
	b.t.Helper()
	if b.has("div.terms") {
		b.accessible("sign-up-terms")
		b.do("agree", chromedp.Click(chromedp.CSS("input[type=checkbox]")))
		b.submit()
	}
}

// maybeStay answers "Stay signed in?" when it is asked.
func (b *tab) maybeStay() {
	b.t.Helper()
	if !strings.Contains(b.url(), "/demo/") {
		b.accessible("stay-signed-in")
		b.submit()
	}
}

// TestTheWholeStory is the first ten minutes of a newcomer.
func TestTheWholeStory(t *testing.T) {
	t.Parallel()
	s := boot(t)
	b := openBrowser(t, s, "story")
	const email = "noor@example.com"
	seen := map[string]bool{}

	b.goTo(s.base + "/demo")
	b.accessible("landing")
	b.signUp("market", email, true, seen)
	b.sees("Hello, Noor")
	b.accessible("claims")
	for _, claim := range []string{"iss", "aud", "sub", "oid", "tid", "sid", "auth_time", "amr", "nonce", "exp", "name", "email", "given_name", "family_name", "preferred_username", "ver"} {
		if !b.has("#claim-" + claim) {
			t.Errorf("the ID token has no %s", claim)
		}
	}
	if b.has("td:empty") {
		t.Error("a claim is not explained")
	}
	tier := evaluate[string](b, `document.querySelector("#claim-loyalty_tier")?.closest("tr")?.innerText ?? ""`)
	if !slices.ContainsFunc([]string{"bronze", "silver", "gold"}, func(s string) bool { return strings.Contains(tier, s) }) {
		t.Errorf("the company's own API gave %q", tier)
	}

	b.press("#userinfo")
	b.sees("What the userinfo endpoint answered")
	b.press("#refresh")
	b.sees("refreshed 1 times")
	b.press("#trace")
	b.sees("Noor van Dijk signed up for Fernhill Market")
	b.accessible("trace")

	// Next door, without typing.
	b.goTo(s.base + "/demo/auto")
	b.press("#signin")
	b.sees("Hello, Noor")
	if !strings.HasSuffix(b.url(), "/demo/auto") {
		t.Errorf("next door is %s", b.url())
	}
	b.accessible("next-door")

	// Everywhere: the market's own session ends too, by the back channel.
	b.press("#signout")
	b.sees("You are signed out everywhere")
	b.accessible("signed-out")
	eventually(t, 15*time.Second, "the back channel reaches the market", func() error {
		b.goTo(s.base + "/demo/market")
		if b.has("#signout") {
			return errors.New("still signed in at the market")
		}
		return nil
	})

	// And in again, with the password.
	b.press("#signin")
	b.accessible("sign-in")
	b.typeInto(emailBox, email)
	if !b.has(passwordBox) {
		b.submit()
	}
	b.accessible("password")
	b.typeInto(passwordBox, "not the password")
	b.submit()
	b.accessible("wrong-password")
	b.typeInto(passwordBox, password)
	b.submit()
	b.maybeStay()
	b.sees("Hello, Noor")

	// This app only: Portico still knows the browser.
	b.press("#signout-local")
	b.sees("You are signed out of this app only")
	b.press("#signin")
	b.sees("Hello, Noor")
	b.goTo(s.base + "/dev/mailbox")
	b.accessible("mailbox")
	b.press(".mail a")
	b.accessible("message")
}

// TestHomeSignsUpByCode is the user flow without passwords, with the policy of the brief: everyone, but only the home
// insurance wants the telephone too. Coming back needs both again; the car insurance next door needs neither.
func TestHomeSignsUpByCode(t *testing.T) {
	t.Parallel()
	s := boot(t)
	b := openBrowser(t, s, "home")
	seen := map[string]bool{}
	b.signUp("home", "noor@example.com", false, seen)
	b.sees("Hello, Noor")
	b.press("#signout")
	b.sees("You are signed out everywhere")
	b.press("#signin")
	b.typeInto(emailBox, "NOOR@example.com ")
	b.submit()
	b.typeInto(codeBox, b.code("noor@example.com", seen))
	b.submit()
	b.accessible("second-factor")
	b.press(pickText)
	b.typeInto(codeBox, b.code(telephone, seen))
	b.submit()
	b.maybeStay()
	b.sees("Hello, Noor")
	b.goTo(b.s.base + "/demo/auto")
	b.press("#signin")
	b.sees("Hello, Noor")

	// Whoever signed in where a password is enough registers a telephone when they come here.
	other := openBrowser(t, s, "home-step-up")
	other.signUp("auto", "mira@example.com", true, seen)
	other.sees("Hello, Noor")
	other.goTo(s.base + "/demo/home")
	other.press("#signin")
	other.typeInto(emailBox, "mira@example.com") // a session alone, which may be stolen, registers nothing
	other.submit()
	other.typeInto(codeBox, other.code("mira@example.com", seen))
	other.submit()
	const another = "+31620123457"
	other.registersTelephone(another, seen)
	other.typeInto("input[autocomplete~=postal-code]", "9712 JG") // what the car insurance never asked
	other.do("choose", chromedp.Click(chromedp.CSS("input[type=radio]")))
	other.submit()
	other.agrees()
	other.maybeStay()
	other.sees("Hello, Noor")
	other.press("#signout")
	other.sees("You are signed out everywhere")
	other.goTo(s.base + "/demo/auto")
	other.press("#signin")
	other.typeInto(emailBox, "mira@example.com")
	if !other.has(passwordBox) {
		other.submit()
	}
	other.typeInto(passwordBox, password)
	other.submit()
	other.maybeStay()
	other.sees("Hello, Noor")
	other.goTo(s.base + "/demo/home")
	other.press("#signin")
	other.press(pickText)
	other.typeInto(codeBox, other.code(another, seen))
	other.submit()
	other.maybeStay()
	other.sees("Hello, Noor")
}

// TestHostedPagesWorkWithoutScript is the story again in a browser that runs no JavaScript.
func TestHostedPagesWorkWithoutScript(t *testing.T) {
	t.Parallel()
	s := boot(t)
	f := newFiller(t, s, "plain@example.com", password)
	f.signedUp("market")
	b := openBrowser(t, s, "noscript")
	b.goTo("about:blank")
	b.withoutScript()
	b.do("open", chromedp.Navigate(s.base+"/demo/market/signin"))
	b.do("type", chromedp.SendKeys(chromedp.CSS(emailBox), "plain@example.com"))
	b.shot("email")
	b.pressPlain(primaryButton)
	if b.count(passwordBox) > 0 {
		b.do("type", chromedp.SendKeys(chromedp.CSS(passwordBox), password))
		b.pressPlain(primaryButton)
	}
	b.shot("after")
	if !strings.Contains(b.url(), "/demo/market") {
		b.pressPlain(primaryButton)
	}
	text, err := chromedp.Run(b.ctx, chromedp.TextContent(chromedp.CSS("h1")))
	if err != nil || !strings.Contains(text, "Hello, Robin") {
		t.Errorf("%v %q at %s", err, text, b.url())
	}
}

// TestFormFiller walks sign-up and sign-in by autocomplete tokens alone, in every sample application.
func TestFormFiller(t *testing.T) {
	s := boot(t)
	for _, app := range []string{"market", "auto", "home"} {
		t.Run(app, func(t *testing.T) {
			f := newFiller(t, s, app+"@example.com", password)
			f.signedUp(app)
			again := newFiller(t, s, app+"@example.com", password)
			again.signedIn(app)
		})
	}
}

func (f *filler) signedUp(app string) {
	f.t.Helper()
	f.arrive(app, "?prompt=create")
}

func (f *filler) signedIn(app string) {
	f.t.Helper()
	f.arrive(app, "")
}

// arrive walks to an application and looks that it greets the person.
func (f *filler) arrive(app, query string) {
	f.t.Helper()
	at := f.base + "/demo/" + app
	p, err := f.Open(f.walk(at+"/signin"+query, at+"/callback"))
	if err != nil {
		f.t.Fatal(err)
	}
	if !strings.Contains(p.Words(), "Hello, Robin") {
		f.t.Fatalf("pages %s; %s: %s", strings.Join(f.Titles, " → "), p.Title, p.Words())
	}
}

// TestRightToLeft is the sign-in in a language that is written from right to left.
func TestRightToLeft(t *testing.T) {
	t.Parallel()
	s := boot(t)
	p := market(t, s)
	b := openBrowser(t, s, "arabic")
	b.goTo(p.authorize("prompt=create", "ui_locales=ar"))
	if got := evaluate[string](b, "document.documentElement.dir + ' ' + document.documentElement.lang"); got != "rtl ar" {
		t.Fatalf("the page is %q", got)
	}
	b.accessible("sign-up")
	b.typeInto(emailBox, "layla@example.com")
	b.submit()
	if got := evaluate[string](b, "document.documentElement.dir"); got != "rtl" {
		t.Errorf("the second page is %q", got)
	}
	b.accessible("code")
	b.typeInto(codeBox, b.code("layla@example.com", map[string]bool{}))
	b.submit()
	b.accessible("password")
	b.typeInto(newPasswordBox, "password")
	b.submit()
	b.accessible("refused-password")
}

// TestPagesThatSayNo looks at the pages nobody wants to see: each says what to do, and leaks nothing.
func TestPagesThatSayNo(t *testing.T) {
	t.Parallel()
	s := boot(t)
	p := market(t, s)
	b := openBrowser(t, s, "no")
	for name, address := range map[string]string{
		"unknown-tenant":   s.base + "/nobody/oauth2/v2.0/authorize",
		"unknown-client":   p.authorize("client_id=11111111-2222-4333-8444-555555555555"),
		"foreign-redirect": p.authorize("redirect_uri=https://evil.example/callback"),
		"unknown-page":     s.base + "/fernhill/nowhere",
		"unknown-attempt":  s.base + "/fernhill/signin/01a1ffe3-2615-7000-8f02-8b16e5501d0f",
		"used-setup-link":  s.base + "/admin/setup?token=used",
		"signed-out":       s.base + "/fernhill/oauth2/v2.0/logout",
		"no-account-app":   s.base + "/demo/market/callback?state=x",
	} {
		b.goTo(address)
		b.accessible(name)
		words := b.words()
		if len(words) < 40 || strings.Contains(words, "panic") || strings.Contains(words, ".go:") || strings.Contains(words, "sql") {
			t.Errorf("%s says %q", name, words)
		}
	}
}

// TestSampleApplicationsOverHTTPS: with the local authority the applications trust the provider from the
// first start on, and the back channel reaches them.
func TestSampleApplicationsOverHTTPS(t *testing.T) {
	s := boot(t, "PORTICO_TLS=local")
	f := newFiller(t, s, "tess@example.com", password)
	f.signedUp("market")
	f.signedIn("auto")
	f.signsOutEverywhere("auto", "market")
}

// TestBeOneOfTheSampleCustomers follows a link of the landing page: the person has no password and signs
// in with a code instead.
func TestBeOneOfTheSampleCustomers(t *testing.T) {
	s := boot(t)
	f := newFiller(t, s, "", password)
	landing, err := f.Open(s.base + "/demo")
	if err != nil {
		t.Fatal(err)
	}
	link := formfill.First(landing.Root, func(n *html.Node) bool { return strings.Contains(formfill.Attr(n, "href"), "login_hint=") })
	if link == nil {
		t.Fatal("nobody to be")
	}
	name := strings.TrimSpace(formfill.Text(link))
	to, err := url.Parse(formfill.Attr(link, "href"))
	if err != nil {
		t.Fatal(err)
	}
	f.Answers = formfill.Person(to.Query().Get("login_hint"), password)
	page, err := f.Open(s.base + to.String())
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		if formfill.First(page.Root, func(n *html.Node) bool { return strings.Contains(formfill.Attr(n, "autocomplete"), "one-time-code") }) != nil {
			break
		}
		if formfill.First(page.Root, func(n *html.Node) bool {
			return formfill.Attr(n, "name") == "action" && formfill.Attr(n, "value") == "code"
		}) != nil {
			page = f.press(page, "code")
		} else {
			page = f.post(page)
		}
	}
	left, err := f.Walk(page.URL.String(), s.base+"/demo/market/callback")
	if err != nil {
		t.Fatalf("%v (%s)", err, strings.Join(f.Titles, " → "))
	}
	home, err := f.Open(left)
	if err != nil || !strings.Contains(home.Words(), "Hello, "+strings.Fields(name)[0]) {
		t.Errorf("%s: %s %v", name, home.Words(), err)
	}
}
