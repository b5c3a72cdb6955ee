package e2e

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"
)

// intoPortal makes the first administrator, by the link of the start screen, and signs in.
func (b *tab) intoPortal(email string) {
	b.t.Helper()
	b.goTo(b.s.setupLink())
	b.typeInto("input[name=email]", email)
	b.typeInto("input[name=displayName]", "Ada Admin")
	b.typeInto(newPasswordBox, password)
	b.submit()
	secret := ""
	for range 10 {
		switch at := b.url(); {
		case strings.HasPrefix(at, b.s.base+"/admin") && !strings.Contains(at, "/setup"):
			return
		case b.has(passwordBox):
			if b.has(emailBox) {
				b.typeInto(emailBox, email)
			}
			b.typeInto(passwordBox, password)
			b.submit()
		case b.has(codeBox):
			if secret == "" {
				secret = evaluate[string](b, `(document.querySelector("#totp-secret, [data-secret], code.secret, main code")||{}).textContent||""`)
			}
			code, err := totp.GenerateCode(strings.ReplaceAll(strings.TrimSpace(secret), " ", ""), time.Now())
			if err != nil {
				b.t.Fatalf("secret %q: %v\n%s", secret, err, b.words())
			}
			b.typeInto(codeBox, code)
			b.submit()
		case b.has("button[name=method][value=totp]"):
			b.press("button[name=method][value=totp]")
		default:
			b.submit()
		}
	}
	b.t.Fatalf("never inside: %s\n%s", b.url(), b.words())
}

// set gives a field of the form with this action (its end) a value, as its kind wants it: boxes and radio
// buttons are those with the value ("true" ticks a box whatever its value is), everything else is written.
func (b *tab) set(form, name string, values ...string) {
	b.t.Helper()
	f, _ := json.Marshal(form)
	n, _ := json.Marshal(name)
	v, _ := json.Marshal(values)
	got := evaluate[string](b, `(() => {
		const forms = [...document.forms].filter(f => f.getAttribute("action") === null ? `+string(f)+` === "" : f.getAttribute("action").split("?")[0].endsWith(`+string(f)+`));
		const want = `+string(v)+`, fields = forms.flatMap(f => [...f.elements]).filter(e => e.name === `+string(n)+`);
		if (!fields.length) return "there is no field " + `+string(n)+` + " in " + [...document.forms].map(f => f.getAttribute("action") + ": " + [...f.elements].map(e => e.name).join(" ")).join("\n");
		for (const e of fields) {
			for (let d = e.closest("details"); d; d = d.parentElement.closest("details")) d.open = true;
			if (e.type === "checkbox" || e.type === "radio") { const on = want.includes(e.value) || e.type === "checkbox" && want[0] === "true"; if (e.checked !== on) e.click(); }
			else { e.value = want[0]; e.dispatchEvent(new Event("input", {bubbles: true})); e.dispatchEvent(new Event("change", {bubbles: true})); if (e.tagName === "SELECT" && e.value !== want[0]) return "no option " + want[0] + " among " + [...e.options].map(o => o.value); }
		}
		return "";
	})()`)
	if got != "" {
		b.shot("failed")
		b.t.Fatalf("%s at %s", got, b.url())
	}
}

// send presses the main button of the form with this action and waits for the next page. Complaints on
// it end the test.
func (b *tab) send(form string) {
	b.t.Helper()
	b.press(`form[action$="` + form + `"] button.button--primary:not([tabindex]), form[action$="` + form + `"] button[type=submit]:not([name]):not([tabindex])`)
	if b.has("[aria-invalid=true]") {
		b.shot("failed")
		b.t.Fatalf("%s complains at %s:\n%s", form, b.url(), b.words())
	}
}

// link opens the page that a link with these words leads to.
func (b *tab) link(words string) {
	b.t.Helper()
	w, _ := json.Marshal(words)
	href := evaluate[string](b, `([...document.querySelectorAll("main a")].find(a => a.textContent.trim() === `+string(w)+`) || {}).href || ""`)
	if href == "" {
		b.t.Fatalf("no link %q at %s\n%s", words, b.url(), b.words())
	}
	b.goTo(href)
}

// TestAdminDesignsAFlow is the story of issue 3: six custom attributes, a flow with a draft, a preview and
// versions, an app's claims, a customer, what is asked of them later, and their forgotten password.
func TestAdminDesignsAFlow(t *testing.T) {
	t.Parallel()
	s := boot(t)
	ada := openBrowser(t, s, "designer")
	ada.intoPortal("ada@fernhill.example")
	portal := s.base + "/admin/t/fernhill"

	type attribute struct{ kind, name, pattern string }
	attributes := []attribute{{"string", "Membership number", `M-\d{4}`}, {"boolean", "Send me the catalogue", ""}, {"int64", "People at home", ""},
		{"date", "Day of birth", ""}, {"choice", "Favourite season", ""}, {"phone", "Mobile for deliveries", ""}}
	ids := map[string]string{}
	for i, a := range attributes {
		ada.goTo(portal + "/user-attributes/new?dataType=" + a.kind)
		ada.set("/user-attributes", "name", a.name)
		switch a.kind {
		case "string":
			ada.set("/user-attributes", "pattern", a.pattern)
			ada.set("/user-attributes", "message", "Enter M, a dash and four digits")
			ada.set("/user-attributes", "example", "M-12")
			ada.press(`button[name=do][value=try]`)
			ada.sees("does not match")
			ada.accessible("attribute-try")
		case "int64":
			ada.set("/user-attributes", "low", "1")
			ada.set("/user-attributes", "high", "20")
		case "choice":
			for n, o := range []string{"Spring", "Autumn"} {
				ada.set("/user-attributes", optionName(n, "text"), o)
				ada.set("/user-attributes", optionName(n, "value"), strings.ToLower(o))
			}
		}
		if i == 0 {
			ada.accessible("attribute-new")
		}
		ada.send("/user-attributes")
		ids[a.name] = evaluate[string](ada, `(document.body.innerText.match(/extension_[0-9a-f]{32}_\w+/) || [""])[0]`)
		if ids[a.name] == "" {
			t.Fatalf("no API name at %s\n%s", ada.url(), ada.words())
		}
	}
	ada.goTo(portal + "/user-attributes")
	ada.accessible("attributes")

	// The flow, with its six attributes.
	ada.goTo(portal + "/user-flows/new")
	ada.accessible("flow-new")
	ada.set("/user-flows", "name", "Club members")
	ada.set("/user-flows", "signUpMethod", "emailPassword")
	ada.set("/user-flows", "attribute", "givenName", "surname")
	var own []string
	for _, a := range attributes {
		own = append(own, ids[a.name])
	}
	ada.set("/user-flows", "moreAttribute", own...)
	ada.send("/user-flows")
	flow := strings.TrimSuffix(strings.Split(ada.url(), "?")[0], "/attributes")
	ada.accessible("flow-attributes")

	// Its layout: a required number and a help text are a draft, and the preview shows it.
	ada.goTo(flow + "/attributes/edit/" + ids["Membership number"])
	ada.accessible("flow-attribute")
	action := "/attributes/edit/" + ids["Membership number"]
	ada.set(action, "label", "Your [membership number](https://fernhill.example/card)")
	ada.set(action, "hint", "It is on your card")
	ada.set(action, "required", "true")
	ada.send(action)
	ada.goTo(flow + "/attributes")
	ada.sees("Draft")
	eventually(t, 10*time.Second, "the preview shows the draft", func() error {
		if doc := evaluate[string](ada, `[...document.querySelectorAll("iframe")].map(f => f.srcdoc).join("")`); !strings.Contains(doc, "It is on your card") || !strings.Contains(doc, "attributes["+ids["Day of birth"]+"].day") {
			return errText(doc[max(0, len(doc)-1500):])
		}
		return nil
	})
	ada.accessible("flow-draft")
	ada.goTo(flow + "/publish")
	ada.accessible("flow-publish")
	ada.send("/publish")
	ada.goTo(flow + "/versions")
	ada.sees("Version 2")
	ada.accessible("flow-versions")

	// Auto Insurance moves into it, and learns two of the answers.
	app := ada.moveApp(portal, flow, "Fernhill Auto Insurance")
	for name, claim := range map[string]string{"Favourite season": "season", "Day of birth": "birthdate"} {
		ada.goTo(app + "/claims/new")
		ada.set("/claims", "name", claim)
		ada.set("/claims", "id", ids[name])
		ada.send("/claims")
	}
	ada.goTo(app + "/claims")
	ada.accessible("app-claims")

	// The customer.
	const email = "mina@example.com"
	seen := map[string]bool{}
	mina := openBrowser(t, s, "member")
	mina.goTo(s.base + "/demo/auto")
	mina.press("#signup")
	mina.typeInto(emailBox, email)
	mina.submit()
	mina.typeInto(codeBox, mina.code(email, seen))
	mina.submit()
	mina.typeInto(newPasswordBox, password)
	mina.submit()
	mina.accessible("member-attributes")
	field := func(name string) string { return "attributes[" + ids[name] + "]" }
	mina.set("", "givenName", "Mina")
	mina.set("", "surname", "Okafor")
	mina.set("", field("Membership number"), "M-12")
	mina.set("", field("Send me the catalogue"), "true")
	mina.set("", field("People at home"), "3")
	for part, v := range map[string]string{"day": "29", "month": "2", "year": "1992"} {
		mina.set("", field("Day of birth")+"."+part, v)
	}
	mina.set("", field("Favourite season"), "autumn")
	mina.set("", field("Mobile for deliveries"), "+49 30 123456")
	mina.submit()
	mina.sees("Enter M, a dash and four digits") // and nothing typed is lost
	if v := evaluate[string](mina, `document.getElementsByName(`+quoted(field("Day of birth")+".year")+`)[0].value`); v != "1992" {
		t.Errorf("the year became %q", v)
	}
	mina.set("", field("Membership number"), "M-1234")
	mina.submit()
	mina.maybeStay()
	mina.sees("Hello, Mina")
	for claim, want := range map[string]string{"season": "autumn", "birthdate": "1992-02-29"} {
		if got := evaluate[string](mina, `(document.querySelector("#claim-`+claim+`") || {innerText: ""}).innerText`); !strings.Contains(got, want) {
			t.Errorf("claim %s: %q", claim, got)
		}
	}

	// The admin sees the values.
	ada.goTo(portal + "/users?search=mina")
	ada.do("open", chromedp.WaitVisible(chromedp.CSS("main tbody th a")))
	ada.press("main tbody th a")
	for _, want := range []string{"M-1234", "Autumn", "1992"} {
		ada.sees(want)
	}
	ada.accessible("member-detail")

	// What becomes required later is asked once, at the next sign-in.
	ada.goTo(flow + "/attributes")
	ada.set("/attributes/add", "attribute", "city")
	ada.set("/attributes/add", "required", "true")
	ada.send("/attributes/add")
	ada.goTo(flow + "/publish")
	ada.send("/publish")
	signIn := func(secret string) {
		mina.forgetCookies()
		mina.goTo(s.base + "/demo/auto/signin")
		mina.typeInto(emailBox, email)
		if !mina.has(passwordBox) {
			mina.submit()
		}
		mina.typeInto(passwordBox, secret)
		mina.submit()
	}
	signIn(password)
	mina.sees("City")
	if mina.has(`[name=givenName]`) {
		t.Error("what is known is asked again")
	}
	mina.accessible("member-later")
	mina.set("", "city", "Lagos")
	mina.submit()
	mina.maybeStay()
	mina.sees("Hello, Mina")
	signIn(password)
	mina.maybeStay()
	mina.sees("Hello, Mina")

	// A forgotten password, on another device: the first one is signed out.
	phone := openBrowser(t, s, "forgot")
	phone.goTo(s.base + "/demo/auto/signin")
	if !phone.has(passwordBox) {
		phone.typeInto(emailBox, email)
		phone.submit()
	} else {
		phone.typeInto(emailBox, email)
	}
	phone.press("button[value=forgot]")
	phone.accessible("forgot")
	if phone.has(emailBox) && !phone.has(codeBox) {
		phone.submit()
	}
	phone.accessible("forgot-code")
	phone.typeInto(codeBox, phone.code(email, seen))
	phone.submit()
	phone.accessible("forgot-new-password")
	const another = "seven green lanterns in fog"
	phone.typeInto(newPasswordBox, another)
	phone.submit()
	phone.maybeStay()
	phone.sees("Hello, Mina")
	mina.goTo(s.base + "/demo/home") // single sign-on is over
	mina.goTo(s.base + "/demo/auto/signin")
	if !mina.has(emailBox) {
		t.Errorf("the old session goes on: %s\n%s", mina.url(), mina.words())
	}
	signIn(another)
	mina.maybeStay()
	mina.sees("Hello, Mina")

	// Trying the flow.
	ada.goTo(flow + "/run")
	ada.accessible("flow-run")
	ada.goTo(flow + "/bench")
	ada.accessible("flow-bench")
}

// moveApp takes an app out of whatever flow has it and puts it into this one; it gives the app's page.
func (b *tab) moveApp(portal, flow, name string) string {
	b.t.Helper()
	n, _ := json.Marshal(name)
	for range 2 {
		b.goTo(flow + "/apps")
		id := evaluate[string](b, `([...document.querySelectorAll("select[name=application] option")].find(o => o.textContent.startsWith(`+string(n)+`)) || {value: ""}).value`)
		other := evaluate[string](b, `((([...document.querySelectorAll("select[name=application] option")].find(o => o.textContent.startsWith(`+string(n)+`)) || {textContent: ""}).textContent).match(/now in “(.*)”/) || ["", ""])[1]`)
		if other == "" {
			b.set("/apps/add", "application", id)
			b.send("/apps/add")
			return portal + "/applications/" + id
		}
		b.goTo(portal + "/user-flows")
		b.link(other)
		b.goTo(strings.Split(b.url(), "?")[0] + "/apps")
		b.press(`form[action$="/apps/remove"]:has(input[value="` + id + `"]) button`)
	}
	b.t.Fatalf("%s stays in its flow", name)
	return ""
}

func optionName(n int, part string) string {
	return "options[" + string(rune('0'+n)) + "]." + part
}

func quoted(s string) string { b, _ := json.Marshal(s); return string(b) }

type errText string

func (e errText) Error() string { return string(e) }
