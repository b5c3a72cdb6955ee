package hosted_test

import (
	"regexp"
	"runtime"
	"strings"
	"testing"

	"portico/app/branding"
	"portico/app/signin"
	"portico/app/tenant"
	"portico/models"
	"portico/models/modelstest"
)

var proofInput = regexp.MustCompile(`name="proof" value="[^"]*"`)

func TestALanguageIsChosenWithoutLosingWhatWasTyped(t *testing.T) {
	s := newSite(t, asksName)
	b := s.browser().start(request{}).at(signin.SignIn)
	if !strings.Contains(b.page.body, `form="main" name="language" value="ar"`) || strings.Contains(b.page.body, "?ui_locales=") {
		t.Fatal("the chooser of a page with a form sends no form")
	}

	b.fill("email", anna, "password", goodPassword, "stay", "1", "language", "ar").at(signin.SignIn)
	b.says(`lang="ar" dir="rtl"`).says(`value="` + anna + `"`).says(` checked`)
	if b.page.status != 200 || strings.Contains(b.page.body, goodPassword) {
		t.Errorf("%d; or the password came back", b.page.status)
	}
	// It holds for this attempt, and nothing else happened: the page's form still works.
	b.get(b.page.at).says(`dir="rtl"`)
	b.fill("email", anna, "password", "wrong").says(`dir="rtl"`)

	// Nothing changes, so nothing has to be proven.
	b.page.body = proofInput.ReplaceAllString(b.page.body, `name="proof" value="bad"`)
	b.fill("email", "typed@example.com", "language", "de").at(signin.SignIn).says(`lang="de"`).says(`value="typed@example.com"`)
	b.fill("language", "xx").at(signin.SignIn).says(`lang="de"`) // forged: what was chosen goes on
	b.fill("language", "tlh").at(signin.SignIn)                  // no such language: the best there is

	// A later page, with a code that does not come back and names that do.
	c := s.browser().start(request{Prompt: []string{"create"}}).at(signin.SignUp).fill("email", anna).at(signin.Code)
	c.fill("code", "12345678", "language", "de").at(signin.Code)
	if strings.Contains(c.page.body, "12345678") {
		t.Error("the code came back")
	}
	c.fill("code", s.lastCode(anna)).at(signin.ChoosePassword).fill("newPassword", goodPassword).at(signin.AskAttributes)
	c.fill("givenName", "Änna", "language", "ar").at(signin.AskAttributes).says(`value="Änna"`).says(`dir="rtl"`)
	if n := modelstest.Must(s.tenant.CountUsers(t.Context()))(t); n != 0 {
		t.Errorf("%d accounts", n)
	}
	c.fill("givenName", "Änna").at(signin.AskStay)

	// Elsewhere than where the attempt began there is nothing to translate but the kind page.
	s.browser().get(b.page.at).fill("language", "ar").says(`dir="rtl"`).at("elsewhere")
}

// The visitor's wish decides about the look, and the page says what it can in the nearest language: its own tag where
// that has words, else what the visitor wants next, else the company's own.
func TestTheLookOfTheVisitorsLanguage(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch)
		modelstest.Must(s.tenant.Update(t.Context(), modelstest.Actor(), func(n *tenant.Tenant) error {
			n.DefaultLocale, n.Settings.Languages = "de", []string{"de", "pt-BR", "ja"}
			return nil
		}))(t)
		modelstest.Must(s.tenant.EditPublishedBranding(t.Context(), modelstest.Actor(), branding.Company, "", func(d *branding.Document) error {
			d.Languages = map[string]branding.Elements{"": {Description: "Everywhere"}, "pt-PT": {Description: "Em Portugal"}, "da-DK": {Description: "I Danmark"},
				"fa-IR": {Description: "ایران"}, "nl-NL": {Description: "In Nederland", Texts: map[string]string{"SignIn_Title": "Welkom", "signin.button": "Aanmelden"}}}
			return nil
		}))(t)
		const portuguese, german, japanese = ">Entrar<", ">Anmelden<", ">ログイン<"
		for _, c := range []struct {
			accept    string
			locales   []string
			look      string
			lang, dir string
			words     string
			mail      string // what the letter goes by
		}{
			{"pt-PT", nil, "Em Portugal", "pt-BR", "ltr", portuguese, "pt-PT,pt-BR"},
			{"", []string{"pt-PT"}, "Em Portugal", "pt-BR", "ltr", portuguese, "pt-PT,pt-BR"},
			{"da-DK,da;q=0.9", nil, "I Danmark", "de", "ltr", german, "da-DK,de"},
			{"da,ja;q=0.5", nil, "I Danmark", "ja", "ltr", japanese, "da-DK,ja"},
			{"ja,da;q=0.5", nil, "Everywhere", "ja", "ltr", japanese, "ja"},
			{"ja", []string{"da"}, "I Danmark", "ja", "ltr", japanese, "da-DK,ja"},
			{"fa", nil, "ایران", "de", "ltr", german, "fa-IR,de"}, // a German page, whatever stands in its look
			{"en", nil, "Everywhere", "de", "ltr", german, "de"},  // English is not offered
			{"nl", nil, "In Nederland", "de", "ltr", "Aanmelden", "nl-NL"},
		} {
			b := s.browser()
			b.accept = c.accept
			b.start(request{UILocales: c.locales}).at(signin.SignIn).says(c.look).says(`lang="` + c.lang + `" dir="` + c.dir + `"`).says(c.words)
			b = s.browser()
			b.accept = c.accept
			to := "x" + strings.ToLower(strings.NewReplacer(",", "", ";", "", "=", "", ".", "").Replace(c.accept+strings.Join(c.locales, ""))) + "@example.com"
			b.start(request{UILocales: c.locales, Prompt: []string{"create"}}).at(signin.SignUp).fill("email", to).at(signin.Code)
			for _, n := range s.notes() {
				if n.To == to && n.Locale != c.mail {
					t.Errorf("%s %s: the letter goes by %q, want %q", c.accept, c.locales, n.Locale, c.mail)
				}
			}
			s.lastCode(to)
		}

		// Whoever chooses a language gets its look.
		b := s.browser()
		b.accept = "da"
		b.start(request{}).at(signin.SignIn).says("I Danmark").fill("email", anna, "language", "ja").at(signin.SignIn).says("Everywhere").says(`lang="ja"`)
	})
}

func TestPagesWithoutAFormKeepLinks(t *testing.T) {
	s := newSite(t)
	b := s.browser().get(s.base + "/" + s.slug + "/signin/0192a0de-0000-7000-8000-000000000000")
	b.says(`href="?ui_locales=ar"`)
	if strings.Contains(b.page.body, `name="language"`) {
		t.Error("a page without a form has language buttons")
	}
}

// wantReference: the page shows the short reference of its request, and by it the log leads to the record.
func wantReference(t *testing.T, s *site, p page, correlation string) {
	t.Helper()
	ref := p.header.Get("X-Request-Id")
	if ref == "" || !strings.Contains(p.body, ">"+ref+"</code>") || strings.Contains(p.body, ">"+correlation+"</code>") {
		t.Errorf("the page does not show its reference %q: %s", ref, p.body)
	}
	for range 100 { // the line is written after the answer
		if l := s.log.with("request=" + ref); len(l) == 1 {
			if !strings.Contains(l[0], "correlation="+correlation) {
				t.Errorf("the log does not lead to the record %s: %s", correlation, l[0])
			}
			return
		}
		runtime.Gosched()
	}
	t.Errorf("the log does not know %s", ref)
}

// The page that says no looks like the app that it says no for.
func TestABlockedPageLooksLikeTheApp(t *testing.T) {
	s := newSite(t)
	s.user(anna)
	modelstest.Must(s.tenant.UpdateApplication(t.Context(), modelstest.Actor(), s.app.ID, func(a *models.Application) error { a.Spec.AppRoleRequired = true; return nil }))(t)
	theme := modelstest.Must(s.tenant.CreateTheme(t.Context(), modelstest.Actor(), "Red"))(t)
	modelstest.Must(s.tenant.EditPublishedBranding(t.Context(), modelstest.Actor(), theme.ID, "", func(d *branding.Document) error {
		d.Languages = map[string]branding.Elements{"": {Color: "#aa1122"}}
		return nil
	}))(t)
	if err := s.tenant.SetAppTheme(t.Context(), modelstest.Actor(), s.app.ID, theme.ID); err != nil {
		t.Fatal(err)
	}
	s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Blocked).says("This app is not open to you").says("#aa1122")
}
