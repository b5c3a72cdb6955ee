package admin

import (
	"strings"
	"testing"

	"portico/app/factor"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/models/modelstest"
)

const settingsAt = "/admin/t/shop/settings"

// judge judges by the real rules, as the program does.
type judge struct{}

func (judge) Judge(t tenant.Tenant, password string) (int, error) {
	rules := factor.Rules{Min: t.Settings.PasswordMinLength, ThreeOfFour: t.Settings.PasswordThreeOfFour, Banned: t.Settings.BannedWords}
	return rules.Score(password), rules.Check(password, t.Name)
}

func (judge) KnowsBreaches() bool { return true }

func (b *bench) settings() tenant.Settings {
	b.Helper()
	t, err := b.shop.Get(b.Context())
	b.must(err)
	return t.Settings
}

func TestUserNamesAreSwitchedOnWithTheirPatterns(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	const at = settingsAt + "/sign-in-identifiers"
	_, err := b.shop.PublishFlow(t.Context(), modelstest.Actor(), th.flow.ID, func(f *userflow.Flow) error { f.UserNames = true; return nil })
	b.must(err)
	w.get(at).wants(t, 200, "a customer, member, insurance or frequent-flyer number", "Sign in", "Newcomers choose one")
	a := w.post(at, "userNames.enabled", "yes", "userNames.patterns[0]", "", "userNames.patterns[1]", `\d{6}`, "userNames.message", "Six digits, as on your card")
	w.get(a.location).wants(t, 200, "The rules for user names are saved.", "Pattern")
	if u := b.settings().UserNames; !u.Enabled || len(u.Patterns) != 1 || u.Patterns[0] != `\d{6}` {
		t.Errorf("%+v", u)
	}
	w.get(settingsAt).wants(t, 200, "Switched on; must match 1 pattern")

	for _, c := range []struct{ first, second, example, says string }{
		{`\d{6}`, "", "123456", "“123456” matches."}, {`\d{6}`, `[A-Z]\d+`, "A1", "“A1” matches."}, {`\d{6}`, `[A-Z]\d+`, "a1", "does not match"}, {`(`, "", "x", "This is not a regular expression"},
	} {
		a := w.post(at, "userNames.enabled", "yes", "userNames.patterns[0]", c.first, "userNames.patterns[1]", c.second, "userNames.message", "Kept words", "example", c.example, "do", "try")
		a.wants(t, 200, c.says)
		if !strings.Contains(a.body, "Kept words") {
			t.Errorf("%s: what was typed is lost", c.first)
		}
	}
	for name, c := range map[string]struct{ pattern, message, says, field string }{
		"broken":           {`[`, "kept", "This is not a regular expression", "userNames-patterns-0"},
		"backtracks":       {`(?=a)b`, "kept", "Look-ahead", "userNames-patterns-0"},
		"takes an address": {`.+`, "kept", "", "userNames-patterns-0"},
		"says nothing":     {`\d{6}`, "", "", "userNames-message"},
	} {
		a := w.post(at, "userNames.enabled", "yes", "userNames.patterns[0]", c.pattern, "userNames.message", c.message)
		if a.status != 422 || !strings.Contains(text(a.body), c.says) || !strings.Contains(a.body, `id="f-`+c.field+`-error"`) || !strings.Contains(a.body, "<title>Error:") {
			t.Errorf("%s: %d %.900s", name, a.status, text(a.body))
		}
	}
	if u := b.settings().UserNames; u.Patterns[0] != `\d{6}` {
		t.Errorf("trying or a refusal saved %+v", u)
	}
}

func TestPasswordRulesAreTriedAndSaved(t *testing.T) {
	b := newBench(t)
	b.portal.Judge = judge{}
	w := b.global()
	const at = settingsAt + "/passwords"
	w.get(at).wants(t, 200, "5 points are enough", "A list is loaded", "Password to try")
	a := w.post(at, "passwordMinLength", "10", "passwordThreeOfFour", "yes", "bannedWords", "contoso\n\n blank \nContoso")
	w.get(a.location).wants(t, 200, "The password rules are saved.")
	if x := b.settings(); x.PasswordMinLength != 10 || !x.PasswordThreeOfFour || strings.Join(x.BannedWords, " ") != "contoso blank" {
		t.Errorf("%+v", x)
	}
	for _, c := range []struct{ password, length, words, says string }{ // the vendor's two examples, R 14.3.3
		{"C0ntos0Blank12", "", "contoso\nblank", "would be refused"},
		{"C0ntos0Blank12", "", "contoso\nblank", "It scores 4 points; 5 are enough."},
		{"ContoS0Bl@nkf9!", "", "contoso\nblank", "would be taken. It scores 5 points"},
		{"ContoS0Bl@nkf9!", "16", "contoso\nblank", "would be refused"},
		{"", "", "", "Type a password to try"},
	} {
		a := w.post(at, "passwordMinLength", c.length, "bannedWords", c.words, "try.password", c.password, "do", "try")
		a.wants(t, 200, c.says)
		if c.password != "" && strings.Contains(a.body, c.password) {
			t.Errorf("%s came back", c.password)
		}
	}
	for name, c := range map[string]struct{ length, words, says, field string }{
		"too short":       {"7", "kept", "", "passwordMinLength"},
		"no number":       {"ten", "kept", "Enter a whole number", "passwordMinLength"},
		"too many words":  {"8", strings.Repeat("kept", 1) + manyAddresses(1001), "at most 1000 banned words", "bannedWords"},
		"too short words": {"8", "kept\nox", "", "bannedWords"},
	} {
		a := w.post(at, "passwordMinLength", c.length, "bannedWords", c.words)
		if a.status != 422 || !strings.Contains(text(a.body), c.says) || !strings.Contains(a.body, `id="f-`+c.field+`-error"`) || !strings.Contains(a.body, "kept") {
			t.Errorf("%s: %d %.900s", name, a.status, text(a.body))
		}
	}
	if x := b.settings(); x.PasswordMinLength != 10 || len(x.BannedWords) != 2 {
		t.Errorf("trying or a refusal saved %+v", x)
	}
	for _, e := range b.audits() {
		for _, ch := range e.Changes {
			if strings.Contains(textOf(ch.New), "ContoS0Bl@nkf9!") {
				t.Errorf("%s recorded a password that was tried", e.Activity)
			}
		}
	}
	w.post(settingsAt+"/edit", "name", "Shop", "defaultLocale", "en")
	if x := b.settings(); x.PasswordMinLength != 10 || len(x.BannedWords) != 2 {
		t.Errorf("the general settings forgot %+v", x)
	}
}

func TestReadersSeeTheRulesWithoutForms(t *testing.T) {
	b := newBench(t)
	b.portal.Judge = judge{}
	w := b.admin("reader@staff.example", b.roleID("Global Reader"), b.shop.ID)
	for _, page := range []string{"/sign-in-identifiers", "/passwords"} {
		a := w.get(settingsAt + page)
		if a.status != 200 || strings.Contains(a.body, `action="`+settingsAt+page) {
			t.Errorf("%s: %d", page, a.status)
		}
		if a := w.post(settingsAt+page, "do", "try"); a.status != 403 {
			t.Errorf("%s: %d", page, a.status)
		}
	}
}
